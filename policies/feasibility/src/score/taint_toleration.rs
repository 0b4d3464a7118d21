//! The fewer taints with the effect `PreferNoSchedule` the pod does not tolerate, the better.
//!
//! Semantics: `pkg/scheduler/framework/plugins/tainttoleration`.

use crate::filter::cycle::Host;
use crate::inventory::node::Node;
use crate::inventory::pod::Pod;
use crate::score::scaled;
use crate::tolerations::{Taint, tolerates};

const PREFER_NOT: &str = "PreferNoSchedule";

/// The points of each node.
#[must_use]
pub fn score(pod: &Pod, feasible: &[&Host<'_>]) -> Vec<i64> {
    scaled(feasible.iter().map(|host| avoided(pod, host.node)).collect(), true)
}

/// How many taints of the node are to be avoided and are not tolerated.
pub(crate) fn avoided(pod: &Pod, node: &Node) -> i64 {
    let avoided = |taint: &&Taint| {
        taint.effect == PREFER_NOT && !pod.tolerations.iter().any(|one| tolerates(one, taint))
    };
    i64::try_from(node.taints.iter().filter(avoided).count()).unwrap_or(i64::MAX)
}
