//! Taints with the effects `NoSchedule` and `NoExecute`.
//!
//! Semantics: `pkg/scheduler/framework/plugins/tainttoleration`.

use crate::filter::reason::Reason;
use crate::filter::{Rejection, Verdict};
use crate::inventory::node::Node;
use crate::inventory::pod::Pod;
use crate::tolerations::untolerated;

/// Judges one node.
///
/// # Errors
///
/// The rejection, with the first taint that is not tolerated.
pub fn filter(pod: &Pod, node: &Node) -> Verdict {
    match untolerated(&node.taints, &pod.tolerations) {
        Some(taint) => Err(Rejection::unresolvable(Reason::Taint(taint.clone()))),
        None => Ok(()),
    }
}
