//! A pod that names its node goes nowhere else.
//!
//! Semantics: `pkg/scheduler/framework/plugins/nodename`.

use crate::filter::reason::Reason;
use crate::filter::{Rejection, Verdict};
use crate::inventory::node::Node;
use crate::inventory::pod::Pod;

/// Judges one node.
///
/// # Errors
///
/// The rejection.
pub fn filter(pod: &Pod, node: &Node) -> Verdict {
    if pod.node.as_deref().is_some_and(|name| name != node.name) {
        return Err(Rejection::unresolvable(Reason::OtherNode));
    }
    Ok(())
}
