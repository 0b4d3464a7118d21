//! A DaemonSet on a cluster: which nodes get a pod.
//!
//! Semantics: `NodeShouldRunDaemonPod` of `pkg/controller/daemon/daemon_controller.go`: the node's
//! name, the node rules and the taints; what a node has room for does not count. The pods tolerate
//! what says in which state a node is (`pkg/controller/daemon/util`).

use placecard_feasibility::empty_inventory::rested;
use placecard_feasibility::filter::{node_affinity, taint_toleration};
use placecard_feasibility::inventory::kind::Kind;
use placecard_findings::Finding;

use super::Asked;
use crate::template_pod::daemon_pod;
use crate::words;

/// No node gets a pod, and nothing in the cluster says so.
pub(super) fn findings(asked: &Asked<'_>) -> Vec<Finding> {
    let inventory = &asked.cluster.inventory;
    let may_grow = !inventory.templates.is_empty() || inventory.is_unknown(Kind::Node);
    if may_grow || inventory.nodes.is_empty() {
        return Vec::new();
    }
    let Ok(pod) = daemon_pod(asked.cluster, asked.object, asked.template, asked.spec) else {
        return Vec::new();
    };
    let mut admitted = 0_usize;
    for node in inventory.nodes.values() {
        let node = rested(node);
        if !node_affinity::admits(&pod, &node) {
            continue;
        }
        admitted += 1;
        if taint_toleration::filter(&pod, &node).is_ok() {
            return Vec::new();
        }
    }
    vec![words::replicas::daemon_nowhere(asked, admitted)]
}
