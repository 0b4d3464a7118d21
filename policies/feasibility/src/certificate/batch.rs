//! The checker of proofs that a batch fits no domain of a cluster, even if nothing ran there.
//!
//! A domain is too small if the batch asks for more of a resource than all of its nodes have
//! together; it is no domain for a role if each of its nodes lacks something that a pod of the role
//! asks for. The sums are made here; what a node lacks is checked as in [`super::stock`].

use std::collections::BTreeMap;

use super::stock::{Exclusion, amount, is_excluded, least_request, may_have_devices};
use super::{Argument, Certificate, Refusal};
use crate::inventory::Inventory;
use crate::inventory::kind::Kind;
use crate::inventory::node::Node;
use crate::inventory::pod::Pod;
use crate::inventory::requests::{PODS, is_extended};
use crate::judge::Semantics;

/// For each domain, why it cannot hold the batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchCover {
    /// The node label whose values are the domains. Nodes without it are in none.
    pub key: String,
    /// All values of the label, and why.
    pub domains: BTreeMap<String, Misfit>,
}

/// Why a domain cannot hold a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// Its nodes have less together than the batch asks for.
    TooSmall {
        /// The resource; `pods` counts them.
        resource: String,
        /// What the batch asks for: thousandths of `cpu`, otherwise units.
        wanted: i64,
        /// What the whole nodes have together.
        has: i64,
    },
    /// None of its nodes takes a pod of this role.
    NoNode {
        /// The role, by its place in the batch.
        role: usize,
        /// What each node lacks.
        excluded: BTreeMap<String, Exclusion>,
    },
}

/// Verifies that no domain of the inventory could hold the batch: of each role one of its pods, and
/// how many of them there are. The pods of the inventory are not looked at.
///
/// # Errors
///
/// Why the certificate proves nothing.
pub fn verify(
    certificate: &Certificate,
    inventory: &Inventory,
    batch: &[(Pod, u64)],
    semantics: Semantics,
) -> Result<(), Refusal> {
    let Argument::Batch(cover) = &certificate.argument else { return Err(Refusal::Beyond) };
    if !certificate.states_its_needs() {
        return Err(Refusal::Assumptions);
    }
    // A template could bring a domain that is not there.
    if inventory.is_unknown(Kind::Node) || !inventory.templates.is_empty() {
        return Err(Refusal::Beyond);
    }
    let mut domains: BTreeMap<&str, Vec<(&String, &Node)>> = BTreeMap::new();
    for (name, node) in &inventory.nodes {
        if let Some(value) = node.labels.get(&cover.key) {
            domains.entry(value).or_default().push((name, node));
        }
    }
    if !domains.keys().all(|value| cover.domains.contains_key(*value)) {
        return Err(Refusal::Argument);
    }
    for (value, misfit) in &cover.domains {
        let nodes = domains.get(value.as_str()).ok_or(Refusal::Facts)?;
        misfits(misfit, nodes, inventory, batch, semantics)?;
    }
    Ok(())
}

fn misfits(
    misfit: &Misfit,
    nodes: &[(&String, &Node)],
    inventory: &Inventory,
    batch: &[(Pod, u64)],
    semantics: Semantics,
) -> Result<(), Refusal> {
    match misfit {
        Misfit::TooSmall { resource, wanted, has } => {
            if asked(batch, resource) != Some(*wanted) || sum(nodes, resource) != Some(*has) {
                return Err(Refusal::Facts);
            }
            let claimed = semantics.claimed_extended_resources;
            let open = |(_, node): &(&String, &Node)| {
                let has = node.allocatable.get(resource).copied().unwrap_or_default();
                is_extended(resource)
                    && may_have_devices(resource, amount(resource, has), Some(node), claimed)
            };
            if wanted <= has || nodes.iter().any(open) {
                return Err(Refusal::Argument);
            }
            Ok(())
        }
        Misfit::NoNode { role, excluded } => {
            let (pod, count) = batch.get(*role).ok_or(Refusal::Facts)?;
            if *count == 0 || !nodes.iter().all(|(name, _)| excluded.contains_key(*name)) {
                return Err(Refusal::Argument);
            }
            let holds = |(name, why): (&String, &Exclusion)| {
                let here = nodes.iter().any(|(node, _)| *node == name);
                here && is_excluded(name, inventory, why, pod, semantics)
            };
            if excluded.iter().all(holds) { Ok(()) } else { Err(Refusal::Facts) }
        }
    }
}

/// No less than this is asked for by all pods together; `None`: too large to be sure of.
fn asked(batch: &[(Pod, u64)], resource: &str) -> Option<i64> {
    batch.iter().try_fold(0_i64, |sum, (pod, count)| {
        let each = if resource == PODS { 1 } else { least_request(pod, resource)? };
        sum.checked_add(each.checked_mul(i64::try_from(*count).ok()?)?)
    })
}

fn sum(nodes: &[(&String, &Node)], resource: &str) -> Option<i64> {
    nodes.iter().try_fold(0_i64, |sum, (_, node)| {
        let has = node.allocatable.get(resource).copied().unwrap_or_default();
        sum.checked_add(amount(resource, has))
    })
}
