//! Amounts of resources by name, and less of them.

use placecard_feasibility::inventory::pod::{Container, Pod, PodSpec};
use placecard_feasibility::inventory::requests::{
    Amounts, CPU, EPHEMERAL_STORAGE, MEMORY, Resources, requests,
};
use placecard_feasibility::quantity::Quantity;

/// An amount of resources; CPU in thousandths.
#[must_use]
pub fn amount_of(resources: &Resources, name: &str) -> i64 {
    match name {
        CPU => resources.milli_cpu,
        MEMORY => resources.memory,
        EPHEMERAL_STORAGE => resources.ephemeral_storage,
        other => resources.scalar(other),
    }
}

/// What the pod asks for in all. Only this resource is added up, because a pod may ask for
/// thousands.
#[must_use]
pub fn asked(pod: &Pod, name: &str) -> i64 {
    let only = |amounts: &Amounts| {
        amounts.get(name).map(|amount| (name.to_owned(), *amount)).into_iter().collect()
    };
    let one = |container: &Container| Container {
        requests: only(&container.requests),
        restartable: container.restartable,
        ..Container::default()
    };
    let pod = Pod {
        spec: PodSpec {
            containers: pod.containers.iter().map(one).collect(),
            init_containers: pod.init_containers.iter().map(one).collect(),
            pod_level: only(&pod.pod_level),
            overhead: only(&pod.overhead),
            ..PodSpec::default()
        }
        .into(),
        ..Pod::default()
    };
    amount_of(&Resources::of(&requests(&pod, None)), name)
}

/// Lowers what the pod asks for to `to` in all, by taking from what asks for most; false if what
/// is left still asks for more.
#[must_use]
pub fn lower(pod: &mut Pod, name: &str, to: i64) -> bool {
    let mut lowered = pod.pod_level.contains_key(name);
    if lowered {
        let overhead = pod.overhead.get(name).map_or(0, |amount| value(name, *amount));
        pod.pod_level.insert(name.to_owned(), quantity(name, to.saturating_sub(overhead)));
    }
    for _ in 0..pod.containers.len().saturating_add(pod.init_containers.len()) {
        let over = asked(pod, name).saturating_sub(to);
        if over <= 0 {
            break;
        }
        let spec = &mut *pod.spec;
        let largest = spec
            .containers
            .iter_mut()
            .chain(&mut spec.init_containers)
            .filter_map(|container| container.requests.get_mut(name))
            .max_by_key(|amount| value(name, **amount));
        let Some(amount) = largest else { break };
        *amount = quantity(name, value(name, *amount).saturating_sub(over).max(0));
        lowered = true;
    }
    lowered && asked(pod, name) <= to
}

fn value(name: &str, amount: Quantity) -> i64 {
    if name == CPU { amount.thousandths() } else { amount.units() }
}

fn quantity(name: &str, amount: i64) -> Quantity {
    if name == CPU { Quantity::of_thousandths(amount) } else { Quantity::of_units(amount) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(list: &[(&str, &str)]) -> Amounts {
        let one =
            |(name, text): &(&str, &str)| ((*name).to_owned(), Quantity::parse(text).unwrap());
        list.iter().map(one).collect()
    }

    fn container(list: &[(&str, &str)]) -> Container {
        Container { requests: amounts(list), ..Container::default() }
    }

    #[test]
    fn the_largest_request_gives_first() {
        let containers = vec![container(&[("cpu", "3")]), container(&[("cpu", "500m")])];
        let mut pod =
            Pod { spec: PodSpec { containers, ..PodSpec::default() }.into(), ..Pod::default() };
        assert!(lower(&mut pod, "cpu", 2000));
        assert_eq!(asked(&pod, "cpu"), 2000);
        assert_eq!(pod.containers[1].requests, amounts(&[("cpu", "500m")]));
    }

    #[test]
    fn one_resource_adds_up_as_among_all() {
        let sidecar = Container { restartable: true, ..container(&[("cpu", "250m")]) };
        let pod = Pod {
            spec: PodSpec {
                containers: vec![
                    container(&[("cpu", "1"), ("memory", "1Gi"), ("example.com/gpu", "2")]),
                    container(&[("ephemeral-storage", "5G"), ("example.com/gpu", "1")]),
                ],
                init_containers: vec![sidecar, container(&[("cpu", "3"), ("memory", "1Mi")])],
                pod_level: amounts(&[("memory", "4Gi"), ("example.com/gpu", "9")]),
                overhead: amounts(&[("cpu", "10m"), ("memory", "5Mi")]),
                ..PodSpec::default()
            }
            .into(),
            ..Pod::default()
        };
        let all = Resources::of(&requests(&pod, None));
        for name in [CPU, MEMORY, EPHEMERAL_STORAGE, "example.com/gpu", "example.com/none"] {
            assert_eq!(asked(&pod, name), amount_of(&all, name), "{name}");
        }
    }

    #[test]
    fn a_request_of_the_pod_as_a_whole_gives_and_overhead_does_not() {
        let mut pod = Pod {
            spec: PodSpec {
                pod_level: amounts(&[("memory", "4Gi")]),
                overhead: amounts(&[("memory", "1Gi")]),
                ..PodSpec::default()
            }
            .into(),
            ..Pod::default()
        };
        assert!(lower(&mut pod, "memory", 3 << 30));
        assert_eq!(asked(&pod, "memory"), 3 << 30);
        let mut pod = Pod {
            spec: PodSpec { overhead: amounts(&[("memory", "1Gi")]), ..PodSpec::default() }.into(),
            ..Pod::default()
        };
        assert!(!lower(&mut pod, "memory", 1 << 20));
    }
}
