//! What is to be expected of a pod that fits no node now.

use std::borrow::Cow;

use placecard_feasibility::empty_inventory::{Origin, at_rest, rows};
use placecard_feasibility::filter::cycle::{Cycle, cycle_of};
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::inventory::{Inventory, NamespacedName};
use placecard_feasibility::judge::judge_cycle;
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::preemption::{Candidate, preempt};
use placecard_feasibility::relax::grow;
use placecard_feasibility::requirement::Requirement;

use super::changes::Edit;
use super::{Diagnosis, diagnose};

/// What is to be expected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outlook {
    /// A node fits now.
    #[default]
    Fits,
    /// Preemption, or one more node of a group that may grow, will help.
    Waiting {
        /// The nodes on which pods of lower priority would make room, the best first, and these
        /// pods as namespace and name, most important first.
        preemption: Vec<(String, Vec<NamespacedName>)>,
        /// The groups whose next node would take the pod.
        growth: Vec<String>,
    },
    /// These nodes fit as soon as what runs there now is gone, the node is well again, or a claim
    /// of the pod has its volume.
    CrowdedOut {
        /// Their names, in order.
        nodes: Vec<String>,
        /// The groups whose nodes would fit, though none can be added now.
        groups: Vec<String>,
    },
    /// No node fits, whatever runs there.
    NoInventory,
}

/// Looks at the nodes as if nothing ran there, and as if they were well and not cordoned. Pods that
/// the pod is required near, claims and volumes are taken to come
/// ([`placecard_feasibility::empty_inventory`]).
#[must_use]
pub fn outlook(cycle: &Cycle<'_>, feasible: bool) -> Outlook {
    if feasible {
        return Outlook::Fits;
    }
    let preemption = make_room(cycle);
    let (grown, _, _) = grow(cycle);
    if !preemption.is_empty() || !grown.is_empty() {
        let mut growth: Vec<String> = grown.into_iter().map(|one| one.template).collect();
        growth.dedup();
        return Outlook::Waiting { preemption, growth };
    }
    let (mut nodes, mut groups) = (Vec::new(), Vec::new());
    let rows = rows(cycle.inventory, cycle.pod, cycle.semantics, &cycle.profile);
    for row in rows.into_iter().filter(|row| row.lacks.is_empty()) {
        match row.origin {
            Origin::Node(name) => nodes.push(name),
            Origin::Template { name, .. } => groups.push(name),
        }
    }
    groups.dedup();
    match nodes.is_empty() && groups.is_empty() {
        true => Outlook::NoInventory,
        false => Outlook::CrowdedOut { nodes, groups },
    }
}

/// The nodes on which preemption makes room, the best first, and who would have to go.
#[must_use]
pub fn make_room(cycle: &Cycle<'_>) -> Vec<(String, Vec<NamespacedName>)> {
    let judgement = judge_cycle(cycle);
    let found = preempt(cycle, &judgement);
    let room = |candidate: &Candidate<'_>| {
        let victims = candidate.victims.iter().map(|victim| victim.pod);
        let names = victims.map(|pod| (pod.namespace.clone(), pod.name.clone()));
        (candidate.node.to_owned(), names.collect())
    };
    found.candidates.iter().map(room).collect()
}

/// Why no node could hold the pod even if nothing ran there.
#[must_use]
pub fn diagnose_empty(cycle: &Cycle<'_>) -> Diagnosis {
    let (inventory, pod) = (emptied(cycle.inventory), alone(cycle.pod));
    let profile = Cow::Owned(cycle.profile.clone().into_owned());
    let mut found = diagnose(&cycle_of(&inventory, &pod, cycle.semantics, profile));
    // Nobody wrote these down as requirements, so nobody can do without them.
    let added = topology_keys(cycle.pod);
    let drops = |edit: &Edit| matches!(edit, Edit::DropLabel(one) if added.contains(one));
    found.ways.retain(|way| !way.edits.iter().any(drops));
    found
}

/// The pod without the pods that it is required near, on nodes that have the labels of their
/// domains.
fn alone(pod: &Pod) -> Pod {
    let mut alone =
        Pod { nominated_node: None, ..pod.clone().with(|spec| spec.affinity = Vec::new()) };
    let needed = topology_keys(pod);
    if needed.is_empty() {
        return alone;
    }
    match &mut alone.node_affinity {
        None => alone.node_affinity = Some(vec![NodeTerm::of(needed)]),
        Some(terms) => {
            // A term without requirements matches no node, and is to stay so.
            let says = |term: &&mut NodeTerm| term.requirements().next().is_some();
            for term in terms.iter_mut().filter(says) {
                term.expressions.extend(needed.iter().cloned());
            }
        }
    }
    alone
}

/// That a node has the labels by which the pod is required near others.
fn topology_keys(pod: &Pod) -> Vec<Requirement> {
    let mut keys: Vec<&str> = pod.affinity.iter().map(|term| term.topology_key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().map(Requirement::exists).collect()
}

fn emptied(known: &Inventory) -> Inventory {
    Inventory {
        nodes: known.nodes.iter().map(|(name, node)| (name.clone(), at_rest(node))).collect(),
        namespaces: known.namespaces.clone(),
        volumes: known.volumes.clone(),
        claims: known.claims.clone(),
        classes: known.classes.clone(),
        csi_nodes: known.csi_nodes.clone(),
        services: known.services.clone(),
        controllers: known.controllers.clone(),
        unknown: known.unknown.clone(),
        ..Inventory::default()
    }
}
