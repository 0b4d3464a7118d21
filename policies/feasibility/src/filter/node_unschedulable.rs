//! Cordoned nodes take only pods that tolerate the taint of the same meaning.
//!
//! Semantics: `pkg/scheduler/framework/plugins/nodeunschedulable`.

use crate::filter::reason::Reason;
use crate::filter::{Rejection, Verdict};
use crate::inventory::node::Node;
use crate::inventory::pod::Pod;
use crate::tolerations::{Taint, Toleration, tolerates};

/// The taint that stands for a cordon.
const KEY: &str = "node.kubernetes.io/unschedulable";

/// Do the tolerations open nodes that are cordoned?
pub(crate) fn tolerated(tolerations: &[Toleration]) -> bool {
    let taint =
        Taint { key: KEY.to_owned(), value: String::new(), effect: "NoSchedule".to_owned() };
    tolerations.iter().any(|toleration| tolerates(toleration, &taint))
}

/// Judges one node.
///
/// # Errors
///
/// The rejection.
pub fn filter(pod: &Pod, node: &Node) -> Verdict {
    if node.unschedulable && !tolerated(&pod.tolerations) {
        return Err(Rejection::unresolvable(Reason::Cordoned));
    }
    Ok(())
}
