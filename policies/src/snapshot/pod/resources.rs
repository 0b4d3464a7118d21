//! The defaults of requests (`SetDefaults_Pod`).

use placecard_feasibility::inventory::pod::{Container, Pod};
use placecard_feasibility::inventory::requests::{
    self, Amounts, CPU, MEMORY, container_requests as aggregate, is_pod_level,
};

use super::{Resources, Spec, WrittenContainer};
use crate::snapshot::amounts;

/// The requests of a container: its limit, where it asks for nothing.
pub(super) fn container_requests(written: &Resources) -> Amounts {
    let mut amounts = amounts::read(&written.limits);
    amounts.extend(amounts::read(&written.requests));
    amounts
}

/// The requests of the pod as a whole. Where it sets limits only, CPU and memory default to what
/// its containers ask for together, then everything to the limit.
pub(super) fn pod_level(pod: &Pod, spec: &Spec) -> Amounts {
    let limits = pod_level_limits(spec);
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
pub(super) fn pod_level_limits(spec: &Spec) -> Amounts {
    let mut limits = amounts::read(&spec.resources.limits);
    let requests = &spec.resources.requests;
    if limits.is_empty() && requests.is_empty() {
        return limits;
    }
    for (name, limit) in container_limits(spec) {
        if is_huge_pages(&name) && !requests.contains_key(&name) {
            limits.entry(name).or_insert(limit);
        }
    }
    limits
}

/// Limits are put together as requests are.
fn container_limits(spec: &Spec) -> Amounts {
    let limited = |list: &[WrittenContainer]| {
        let container = |written: &WrittenContainer| Container {
            requests: amounts::read(&written.resources.limits),
            restartable: written.restart_policy.0 == "Always",
            ..Container::default()
        };
        list.iter().map(container).collect()
    };
    let limits = Pod {
        containers: limited(&spec.containers),
        init_containers: limited(&spec.init_containers),
        ..Pod::default()
    };
    requests::container_requests(&limits)
}

fn is_huge_pages(name: &str) -> bool {
    is_pod_level(name) && name != CPU && name != MEMORY
}
