//! What is to be expected of a pod that fits no node now.

use placecard_feasibility::filter::cycle::{Cycle, cycle_of};
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::judge_cycle;

/// The start of taints that come and go with the state of a node.
const TRANSIENT: &str = "node.kubernetes.io/";

/// What is to be expected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outlook {
    /// A node fits now.
    #[default]
    Fits,
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
    let nodes = fitting_when_empty(cycle);
    if nodes.is_empty() { Outlook::NoInventory } else { Outlook::CrowdedOut { nodes } }
}

fn fitting_when_empty(cycle: &Cycle<'_>) -> Vec<String> {
    let known = cycle.inventory;
    let well = |node: &Node| Node {
        unschedulable: false,
        taints: node.taints.iter().filter(|it| !it.key.starts_with(TRANSIENT)).cloned().collect(),
        ..node.clone()
    };
    let empty = Inventory {
        nodes: known.nodes.iter().map(|(name, node)| (name.clone(), well(node))).collect(),
        pods: Default::default(),
        image_sizes: Default::default(),
        namespaces: known.namespaces.clone(),
        volumes: known.volumes.clone(),
        claims: known.claims.clone(),
        classes: known.classes.clone(),
        csi_nodes: known.csi_nodes.clone(),
        unknown: known.unknown.clone(),
        services: known.services.clone(),
        controllers: known.controllers.clone(),
        ..Inventory::default()
    };
    let pod = Pod { affinity: Vec::new(), ..cycle.pod.clone() };
    let cycle = cycle_of(&empty, &pod, cycle.semantics, cycle.profile.clone());
    judge_cycle(&cycle).feasible().map(str::to_owned).collect()
}
