//! What pods have in common that were made from the same template.

use std::hash::{Hash, Hasher};

use super::ports::Port;
use super::rows::Amount;
use super::score::loads::Pair;
use crate::inventory::pod::Pod;

/// All that a filter or a score reads of a pod but its namespace, labels, state and volumes.
#[derive(Clone, Debug, Default)]
pub(super) struct Spec {
    /// A pod with all else left out.
    pub(super) template: Box<Pod>,
    /// What such a pod takes from its node.
    pub(super) amount: Amount,
    /// What it counts for scores, which assume CPU and memory that it does not ask for.
    pub(super) assumed: Pair,
    /// The host ports that it takes.
    pub(super) ports: Box<[Port]>,
}

/// Leaves out what is not part of a [`Spec`].
pub(super) fn stripped(pod: Pod) -> Pod {
    Pod {
        name: String::new(),
        namespace: String::new(),
        uid: String::new(),
        labels: crate::label::Labels::new(),
        owner: None,
        terminating: false,
        finished: false,
        node: None,
        nominated_node: None,
        started: None,
        preempted: false,
        gates: Vec::new(),
        volumes: Vec::new(),
        ..pod
    }
}

/// The parts of a pod that are part of a [`Spec`], for hashing and comparison. A new field of
/// [`Pod`] has to be put on one of the two sides.
fn parts(pod: &Pod) -> (impl Hash + Eq + '_, impl Hash + Eq + '_) {
    let Pod {
        name: _,
        namespace: _,
        uid: _,
        labels: _,
        owner: _,
        terminating: _,
        finished: _,
        node: _,
        nominated_node: _,
        started: _,
        preempted: _,
        gates: _,
        volumes: _,
        scheduler,
        priority,
        has_priority,
        priority_class,
        never_preempts,
        has_deadline,
        node_selector,
        node_affinity,
        preferred_nodes,
        tolerations,
        affinity,
        anti_affinity,
        preferred_affinity,
        preferred_anti_affinity,
        spread,
        containers,
        init_containers,
        pod_level,
        pod_level_limits,
        reported,
        overhead,
        resize_infeasible,
        image_volumes,
        claims_devices,
    } = pod;
    (
        (
            (priority, node_selector, node_affinity, preferred_nodes, tolerations),
            (affinity, anti_affinity, preferred_affinity, preferred_anti_affinity, spread),
        ),
        (
            (containers, init_containers, pod_level, reported, overhead),
            (resize_infeasible, image_volumes, claims_devices, pod_level_limits),
            (scheduler, has_priority, priority_class, never_preempts, has_deadline),
        ),
    )
}

/// Hashes what is part of a [`Spec`].
pub(super) fn hash<H: Hasher>(pod: &Pod, hasher: &mut H) {
    parts(pod).hash(hasher);
}

/// Do both have the same [`Spec`]?
pub(super) fn same(one: &Pod, other: &Pod) -> bool {
    parts(one) == parts(other)
}
