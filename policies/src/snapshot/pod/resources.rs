//! The defaults of requests (`SetDefaults_Pod`).

use placecard_feasibility::inventory::pod::{Container, PodSpec};
use placecard_feasibility::inventory::requests::{
    self, Amounts, CPU, MEMORY, container_requests as aggregate, is_pod_level,
};

use super::{Resources, Spec};
use crate::snapshot::amounts;

/// The requests of a container: its limit, where it asks for nothing.
/// Takes the requests out of what is written.
pub(super) fn container_requests(written: &mut Resources) -> Amounts {
    let mut requests = amounts::take(&mut written.requests);
    for (name, limit) in written.limits.iter() {
        if !requests.contains_key(name) {
            requests.insert(name.clone(), *limit);
        }
    }
    requests
}

/// The requests of the pod as a whole. Where it sets limits only, CPU and memory default to what
/// its containers ask for together, then everything to the limit.
pub(super) fn pod_level(pod: &PodSpec, spec: &Spec) -> Amounts {
    let limits = pod_level_limits(pod, spec);
    let mut found = amounts::read(&spec.resources.requests);
    if limits.is_empty() {
        return found;
    }
    for (name, amount) in aggregate(pod) {
        if name == CPU || name == MEMORY {
            found.entry(name).or_insert(amount);
        }
    }
    for (name, limit) in limits {
        if is_pod_level(&name) {
            found.entry(name).or_insert(limit);
        }
    }
    found
}

/// The limits of the pod as a whole; if it sets any limit or request, those of huge pages default
/// to what its containers are limited to together.
pub(super) fn pod_level_limits(pod: &PodSpec, spec: &Spec) -> Amounts {
    let mut limits = amounts::read(&spec.resources.limits);
    let requests = &spec.resources.requests;
    if limits.is_empty() && requests.is_empty() {
        return limits;
    }
    for (name, limit) in container_limits(pod) {
        if is_huge_pages(&name) && !requests.contains_key(&name) {
            limits.entry(name).or_insert(limit);
        }
    }
    limits
}

/// Limits are put together as requests are.
fn container_limits(pod: &PodSpec) -> Amounts {
    let limited = |list: &[Container]| {
        let container = |container: &Container| Container {
            requests: container.limits.clone(),
            restartable: container.restartable,
            ..Container::default()
        };
        list.iter().map(container).collect()
    };
    let limits = PodSpec {
        containers: limited(&pod.containers),
        init_containers: limited(&pod.init_containers),
        ..PodSpec::default()
    };
    requests::container_requests(&limits)
}

fn is_huge_pages(name: &str) -> bool {
    is_pod_level(name) && name != CPU && name != MEMORY
}
