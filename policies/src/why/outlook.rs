//! What is to be expected of a pod that fits no node now.

use std::borrow::Cow;

use placecard_feasibility::filter::cycle::{Cycle, cycle_of};
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::inventory::{Inventory, NamespacedName};
use placecard_feasibility::judge::judge_cycle;
use placecard_feasibility::preemption::{Candidate, preempt};
use placecard_feasibility::relax::grow;

use super::{Diagnosis, diagnose};

/// The start of taints that come and go with the state of a node.
const TRANSIENT: &str = "node.kubernetes.io/";

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
    /// These nodes fit as soon as what runs there now is gone, or the node is well again.
    CrowdedOut {
        /// Their names, in order.
        nodes: Vec<String>,
    },
    /// No node fits, whatever runs there.
    NoInventory,
}

/// Looks at the nodes as if nothing ran there, and as if they were well and not cordoned. Pods that
/// the pod is required near are taken to come.
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
    let (inventory, pod) = (emptied(cycle), alone(cycle.pod));
    let judgement = judge_cycle(&on_empty(cycle, &inventory, &pod));
    let nodes: Vec<String> = judgement.feasible().map(str::to_owned).collect();
    if nodes.is_empty() { Outlook::NoInventory } else { Outlook::CrowdedOut { nodes } }
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
    let (inventory, pod) = (emptied(cycle), alone(cycle.pod));
    diagnose(&on_empty(cycle, &inventory, &pod))
}

fn on_empty<'b>(cycle: &Cycle<'_>, inventory: &'b Inventory, pod: &'b Pod) -> Cycle<'b> {
    let profile = Cow::Owned(cycle.profile.clone().into_owned());
    cycle_of(inventory, pod, cycle.semantics, profile)
}

fn alone(pod: &Pod) -> Pod {
    Pod { affinity: Vec::new(), ..pod.clone() }
}

fn emptied(cycle: &Cycle<'_>) -> Inventory {
    let known = cycle.inventory;
    let well = |node: &Node| Node {
        unschedulable: false,
        taints: node.taints.iter().filter(|it| !it.key.starts_with(TRANSIENT)).cloned().collect(),
        ..node.clone()
    };
    Inventory {
        nodes: known.nodes.iter().map(|(name, node)| (name.clone(), well(node))).collect(),
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
