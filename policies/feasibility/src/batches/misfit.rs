//! Why domains cannot hold a batch, even if nothing ran there: sizes and what nodes lack for good.
//!
//! This finds reasons that are necessary conditions, fast and without a trial; where it finds none,
//! the pods of a batch may still be in each other's way.

use std::collections::{BTreeMap, BTreeSet};

use crate::certificate::stock::{Exclusion, may_have_devices};
use crate::certificate::{BatchCover, Misfit};
use crate::closed_inventory::excluded_nodes;
use crate::inventory::Inventory;
use crate::inventory::node::Node;
use crate::inventory::pod::Pod;
use crate::inventory::requests::{CPU, PODS, is_extended, requests};
use crate::judge::Semantics;
use crate::profile::Profile;

/// The domains that cannot hold the batch (of each role one of its pods, and how many there are),
/// and those of which nothing is known.
#[must_use]
pub fn misfits(
    inventory: &Inventory,
    key: &str,
    batch: &[(Pod, u64)],
    semantics: Semantics,
    profile: &Profile,
) -> (BatchCover, BTreeSet<String>) {
    let mut domains: BTreeMap<&String, Vec<&Node>> = BTreeMap::new();
    for node in inventory.nodes.values() {
        if let Some(value) = node.labels.get(key) {
            domains.entry(value).or_default().push(node);
        }
    }
    let asked = asked(batch);
    let excluded: Vec<BTreeMap<String, Exclusion>> =
        batch.iter().map(|(pod, _)| excluded_nodes(inventory, pod, semantics, profile)).collect();
    let mut cover = BatchCover { key: key.to_owned(), domains: BTreeMap::new() };
    let mut left = BTreeSet::new();
    for (value, nodes) in domains {
        let small = || too_small(&asked, &nodes, semantics);
        match no_node(&excluded, &nodes).or_else(small) {
            Some(misfit) => _ = cover.domains.insert(value.clone(), misfit),
            None => _ = left.insert(value.clone()),
        }
    }
    (cover, left)
}

/// What the batch asks for together: thousandths of `cpu`, otherwise units.
#[must_use]
pub fn asked(batch: &[(Pod, u64)]) -> BTreeMap<String, i64> {
    let mut asked: BTreeMap<String, i64> = BTreeMap::new();
    for (pod, count) in batch {
        let count = i64::try_from(*count).unwrap_or(i64::MAX);
        let mut more = |name: &str, each: i64| {
            let sum = asked.entry(name.to_owned()).or_default();
            *sum = sum.saturating_add(each.saturating_mul(count));
        };
        more(PODS, 1);
        for (name, amount) in requests(pod, None).iter().filter(|(name, _)| *name != PODS) {
            more(name, units(name, *amount));
        }
    }
    asked
}

fn units(resource: &str, quantity: crate::quantity::Quantity) -> i64 {
    if resource == CPU { quantity.thousandths() } else { quantity.units() }
}

/// What the whole nodes have together.
fn sum(nodes: &[&Node], resource: &str) -> i64 {
    nodes.iter().fold(0_i64, |sum, node| {
        let has = node.allocatable.get(resource).copied().unwrap_or_default();
        sum.saturating_add(units(resource, has))
    })
}

/// The resource of which the domain has the smallest part of what is asked for.
fn too_small(
    asked: &BTreeMap<String, i64>,
    nodes: &[&Node],
    semantics: Semantics,
) -> Option<Misfit> {
    let mut found: Option<(i128, Misfit)> = None;
    for (resource, wanted) in asked.iter().filter(|(_, wanted)| **wanted > 0) {
        let has = sum(nodes, resource);
        let open = |node: &&Node| {
            let has = node.allocatable.get(resource).copied().unwrap_or_default();
            let claimed = semantics.claimed_extended_resources;
            is_extended(resource)
                && may_have_devices(resource, units(resource, has), Some(node), claimed)
        };
        if *wanted <= has || nodes.iter().any(open) {
            continue;
        }
        let part = i128::from(has.max(0)) * 1_000_000 / i128::from(*wanted);
        if found.as_ref().is_none_or(|(least, _)| part < *least) {
            let (resource, wanted) = (resource.clone(), *wanted);
            found = Some((part, Misfit::TooSmall { resource, wanted, has }));
        }
    }
    found.map(|(_, misfit)| misfit)
}

/// The first role of which no node of the domain takes a pod.
fn no_node(excluded: &[BTreeMap<String, Exclusion>], nodes: &[&Node]) -> Option<Misfit> {
    excluded.iter().enumerate().find_map(|(role, excluded)| {
        let here: Option<BTreeMap<String, Exclusion>> = nodes
            .iter()
            .map(|node| excluded.get(&node.name).map(|why| (node.name.clone(), why.clone())))
            .collect();
        here.map(|excluded| Misfit::NoNode { role, excluded })
    })
}
