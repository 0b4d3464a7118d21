//! The checker of covers: each node is excluded by the plugin that is said to exclude it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Argument, Certificate, Refusal};
use crate::inventory::Inventory;
use crate::inventory::pod::Pod;
use crate::judge::{Semantics, judge};
use crate::state::objects_of;

/// Verifies that the certificate's cover excludes every node of the cluster for the pod, and that
/// no plugin can be left out. If it leaves the pods of the cluster out, so does the check.
///
/// # Errors
///
/// Why the certificate proves nothing.
pub fn verify(
    certificate: &Certificate,
    inventory: &Inventory,
    pod: &Pod,
    semantics: Semantics,
) -> Result<(), Refusal> {
    let Argument::Cover(cover) = &certificate.argument else { return Err(Refusal::Beyond) };
    if !certificate.states_its_needs() {
        return Err(Refusal::Assumptions);
    }
    let emptied;
    let inventory = if cover.empty {
        emptied = Inventory { nodes: inventory.nodes.clone(), ..objects_of(inventory) };
        &emptied
    } else {
        inventory
    };
    let judged = judge(inventory, pod, semantics);
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for node in &judged.nodes {
        let plugins = node.all.iter().map(|(plugin, _)| plugin.name());
        found.insert(node.node, plugins.collect());
    }
    verify_exclusions(&cover.excluded, &found)
}

/// Verifies a cover against what excludes each node: each stated exclusion is one of these, each
/// node is excluded, and each of the plugins is needed.
///
/// # Errors
///
/// Why the cover proves nothing.
pub fn verify_exclusions(
    excluded: &BTreeMap<String, BTreeSet<String>>,
    found: &BTreeMap<&str, BTreeSet<&str>>,
) -> Result<(), Refusal> {
    let mut by_node: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (by, nodes) in excluded {
        for node in nodes {
            if !found.get(node.as_str()).is_some_and(|all| all.contains(by.as_str())) {
                return Err(Refusal::Facts);
            }
            by_node.entry(node).or_default().push(by);
        }
    }
    if found.keys().any(|node| !by_node.contains_key(node)) {
        return Err(Refusal::Argument);
    }
    let needed: BTreeSet<&str> = by_node
        .values()
        .filter_map(|by| match by.as_slice() {
            [only] => Some(*only),
            _ => None,
        })
        .collect();
    let spare = excluded.keys().any(|by| !needed.contains(by.as_str()));
    if spare { Err(Refusal::Argument) } else { Ok(()) }
}
