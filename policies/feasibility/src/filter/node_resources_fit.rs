//! Requests against what is free on the node.
//!
//! Semantics: `pkg/scheduler/framework/plugins/noderesources/fit.go`.

use crate::filter::cycle::Host;
use crate::filter::reason::Reason;
use crate::filter::{Code, Rejection, Verdict};
use crate::inventory::pod::Pod;
use crate::inventory::requests::{CPU, EPHEMERAL_STORAGE, MEMORY, Resources, requests};

/// What the pod asks for.
#[must_use]
pub fn pre_filter(pod: &Pod) -> Resources {
    Resources::of(&requests(pod, None))
}

/// Judges one node. A request of 0 is not compared, so it fits on a node that is overcommitted.
///
/// # Errors
///
/// The rejection, with every resource that is short; no preemption helps where the request is
/// larger than the node.
pub fn filter(request: &Resources, host: &Host<'_>) -> Verdict {
    let (free, used) = (&host.allocatable, &host.requested);
    let mut reasons = Vec::new();
    let running = i64::try_from(host.pods.len()).unwrap_or(i64::MAX);
    if running >= free.pods {
        reasons.push(Reason::TooManyPods);
    }
    let mut never = false;
    let mut compare = |name: &str, wanted: i64, allocatable: i64, requested: i64| {
        if wanted > 0 && wanted > allocatable.wrapping_sub(requested) {
            reasons.push(Reason::Insufficient(name.to_owned()));
            never |= wanted > allocatable;
        }
    };
    compare(CPU, request.milli_cpu, free.milli_cpu, used.milli_cpu);
    compare(MEMORY, request.memory, free.memory, used.memory);
    compare(
        EPHEMERAL_STORAGE,
        request.ephemeral_storage,
        free.ephemeral_storage,
        used.ephemeral_storage,
    );
    for (name, wanted) in &request.scalars {
        compare(name, *wanted, free.scalar(name), used.scalar(name));
    }
    if reasons.is_empty() {
        return Ok(());
    }
    let code = if never { Code::UnschedulableAndUnresolvable } else { Code::Unschedulable };
    Err(Rejection { code, reasons })
}
