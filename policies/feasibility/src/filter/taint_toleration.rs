//! Taints with the effects `NoSchedule` and `NoExecute`.
//!
//! Semantics: `pkg/scheduler/framework/plugins/tainttoleration`.

use crate::filter::reason::Reason;
use crate::filter::{Rejection, Verdict};
use crate::inventory::node::Node;
use crate::inventory::pod::Pod;
use crate::tolerations::{Taint, tolerates, untolerated};

const NO_EXECUTE: &str = "NoExecute";

/// Judges one node as its kubelet does, which looks at taints with the effect `NoExecute` alone.
///
/// # Errors
///
/// The rejection, with the first taint that is not tolerated.
pub fn filter_running(pod: &Pod, node: &Node) -> Verdict {
    let evicts = |taint: &&Taint| {
        taint.effect == NO_EXECUTE && !pod.tolerations.iter().any(|one| tolerates(one, taint))
    };
    match node.taints.iter().find(evicts) {
        Some(taint) => Err(Rejection::unresolvable(Reason::Taint(taint.clone()))),
        None => Ok(()),
    }
}

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
