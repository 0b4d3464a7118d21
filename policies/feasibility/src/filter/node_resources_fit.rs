//! Requests against what is free on the node.
//!
//! Semantics: `pkg/scheduler/framework/plugins/noderesources/fit.go`.

use crate::filter::cycle::Host;
use crate::filter::reason::Reason;
use crate::filter::{Code, Rejection, Verdict};
use crate::inventory::pod::Pod;
use crate::inventory::requests::{
    CPU, EPHEMERAL_STORAGE, MEMORY, Resources, is_extended, requests,
};
use crate::profile::Fit;

/// What the pod asks for.
#[must_use]
pub fn pre_filter(pod: &Pod) -> Resources {
    Resources::of(&requests(pod, None))
}

/// Drops the extended resources that the filter is told to pass over (`ignoredResources`,
/// `ignoredResourceGroups`).
pub fn ignore(request: &mut Resources, fit: &Fit) {
    let ignored = |name: &str| {
        let group = name.split('/').next().unwrap_or_default();
        fit.ignored_resources.contains(name) || fit.ignored_resource_groups.contains(group)
    };
    request.scalars.retain(|name, _| !(is_extended(name) && ignored(name)));
}

/// Drops the extended resources that the node does not have, as a kubelet does
/// (`removeMissingExtendedResources` of `pkg/kubelet/lifecycle/predicate.go`).
#[must_use]
pub fn without_missing(request: &Resources, host: &Host<'_>) -> Resources {
    let mut request = request.clone();
    let there = &host.allocatable.scalars;
    request.scalars.retain(|name, _| there.contains_key(name) || !is_extended(name));
    request
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
    let running = i64::try_from(host.pods.len().saturating_add(host.others)).unwrap_or(i64::MAX);
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
