//! Amounts of resources by name, and less of them.

use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::inventory::requests::{
    CPU, EPHEMERAL_STORAGE, MEMORY, Resources, requests,
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

/// What the pod asks for in all.
#[must_use]
pub fn asked(pod: &Pod, name: &str) -> i64 {
    amount_of(&Resources::of(&requests(pod, None)), name)
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
        let largest = pod
            .containers
            .iter_mut()
            .chain(&mut pod.init_containers)
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
    use placecard_feasibility::inventory::pod::Container;
    use placecard_feasibility::inventory::requests::Amounts;

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
        let mut pod = Pod { containers, ..Pod::default() };
        assert!(lower(&mut pod, "cpu", 2000));
        assert_eq!(asked(&pod, "cpu"), 2000);
        assert_eq!(pod.containers[1].requests, amounts(&[("cpu", "500m")]));
    }

    #[test]
    fn a_request_of_the_pod_as_a_whole_gives_and_overhead_does_not() {
        let mut pod = Pod {
            pod_level: amounts(&[("memory", "4Gi")]),
            overhead: amounts(&[("memory", "1Gi")]),
            ..Pod::default()
        };
        assert!(lower(&mut pod, "memory", 3 << 30));
        assert_eq!(asked(&pod, "memory"), 3 << 30);
        let mut pod = Pod { overhead: amounts(&[("memory", "1Gi")]), ..Pod::default() };
        assert!(!lower(&mut pod, "memory", 1 << 20));
    }
}
