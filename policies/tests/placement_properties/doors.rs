//! The nodes that a pod could go to, by all that can be asked.

use std::collections::BTreeSet;

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::{Semantics, judge};
use placecard_feasibility::state::{Scratch, State};
use placecard_policies::snapshot::{Cluster, WrittenPod};
use serde_json::Value;

/// A set of nodes, by name.
pub(crate) type Nodes = BTreeSet<String>;

/// The cluster and the pod of a case.
pub(crate) fn read(cluster: &Value, pod: &Value) -> (Inventory, Pod) {
    let cluster: Cluster = serde_json::from_value(cluster.clone()).expect("a cluster");
    let pod: WrittenPod = serde_json::from_value(pod.clone()).expect("a pod");
    (cluster.read(), pod.read())
}

/// The feasible nodes, on which judge and state agree.
pub(crate) fn feasible(inventory: &Inventory, pod: &Pod, semantics: Semantics) -> Nodes {
    let judged: Nodes = judge(inventory, pod, semantics).feasible().map(str::to_owned).collect();
    let mut state = State::of(inventory, semantics);
    let found = feasible_of(&mut state, pod);
    assert_eq!(judged, found, "judge and state differ: {pod:?}");
    judged
}

/// The feasible nodes of a state.
pub(crate) fn feasible_of(state: &mut State, pod: &Pod) -> Nodes {
    let prepared = state.prepare(pod);
    let mut scratch = Scratch::default();
    let decision = state.decide(pod, prepared, &mut scratch);
    let numbers: Vec<u32> = decision.feasible_nodes().collect();
    let node = |number| state.node(number).expect("a node").name.clone();
    numbers.into_iter().map(node).collect()
}
