//! The quality of service class of a pod.
//!
//! Semantics: `ComputePodQOS` of `pkg/apis/core/v1/helper/qos/qos.go`.

use crate::inventory::pod::Pod;
use crate::inventory::requests::{Amounts, CPU, MEMORY, is_pod_level};
use crate::quantity::Quantity;

/// Which pods the kubelet evicts first when a node runs short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QualityOfService {
    /// Nothing is requested and nothing limited: the first to go.
    BestEffort,
    /// In between.
    Burstable,
    /// All CPU and memory is limited, and requests are the limits: the last to go.
    Guaranteed,
}

impl QualityOfService {
    /// The API's name of the class.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BestEffort => "BestEffort",
            Self::Burstable => "Burstable",
            Self::Guaranteed => "Guaranteed",
        }
    }
}

/// The class of the pod: by what it asks for as a whole, if it does, otherwise by its containers,
/// init containers too.
#[must_use]
pub fn quality_of_service(pod: &Pod) -> QualityOfService {
    let as_a_whole = [&pod.pod_level, &pod.pod_level_limits];
    if as_a_whole.iter().any(|amounts| amounts.keys().any(|name| is_pod_level(name))) {
        return of_resources(&pod.pod_level, &pod.pod_level_limits);
    }
    let containers = pod.init_containers.iter().chain(&pod.containers);
    together(containers.map(|container| of_resources(&container.requests, &container.limits)))
}

fn of_resources(requests: &Amounts, limits: &Amounts) -> QualityOfService {
    let amount = |amounts: &Amounts, name| amounts.get(name).copied().unwrap_or(Quantity::ZERO);
    together([CPU, MEMORY].into_iter().map(|name| {
        let (request, limit) = (amount(requests, name), amount(limits, name));
        if request.compare(limit).is_ne() {
            QualityOfService::Burstable
        } else if request.compare(Quantity::ZERO).is_eq() {
            QualityOfService::BestEffort
        } else {
            QualityOfService::Guaranteed
        }
    }))
}

/// The class that all share, otherwise in between; nothing at all is best effort.
fn together(classes: impl Iterator<Item = QualityOfService>) -> QualityOfService {
    let both = |one, other| if one == other { one } else { QualityOfService::Burstable };
    classes.reduce(both).unwrap_or(QualityOfService::BestEffort)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::pod::{Container, PodSpec};

    fn amounts(text: &str) -> Amounts {
        let pair = |pair: &str| {
            let (name, amount) = pair.split_once('=').unwrap();
            (name.to_owned(), Quantity::parse(amount).unwrap())
        };
        text.split_whitespace().map(pair).collect()
    }

    /// As it is read: a limit is the request where there is none.
    fn container(requests: &str, limits: &str) -> Container {
        let mut filled = amounts(limits);
        filled.extend(amounts(requests));
        Container { requests: filled, limits: amounts(limits), ..Container::default() }
    }

    #[test]
    fn classes_of_containers() {
        use QualityOfService::{BestEffort, Burstable, Guaranteed};
        let table = [
            (vec![], BestEffort),
            (vec![("", "")], BestEffort),
            (vec![("cpu=0", "")], BestEffort),
            (vec![("nvidia.com/gpu=1", "nvidia.com/gpu=1")], BestEffort),
            (vec![("cpu=1", "")], Burstable),
            (vec![("", "cpu=1")], Burstable),
            (vec![("", "cpu=1 memory=1Gi")], Guaranteed),
            (vec![("cpu=1000m memory=1024Mi", "cpu=1 memory=1Gi")], Guaranteed),
            (vec![("cpu=500m", "cpu=1 memory=1Gi")], Burstable),
            (vec![("memory=1.5Gi", "cpu=1 memory=1610612736")], Guaranteed),
            (vec![("", "cpu=1 memory=1Gi"), ("", "")], Burstable),
            (vec![("", "cpu=1 memory=1Gi"), ("", "cpu=2 memory=1Gi")], Guaranteed),
            (vec![("", ""), ("", "")], BestEffort),
        ];
        for (written, expected) in table {
            let containers: Vec<Container> =
                written.iter().map(|(requests, limits)| container(requests, limits)).collect();
            let plain = Pod {
                spec: PodSpec { containers: containers.clone(), ..PodSpec::default() }.into(),
                ..Pod::default()
            };
            assert_eq!(quality_of_service(&plain), expected, "{written:?}");
            // Where a container stands does not matter.
            let init = Pod {
                spec: PodSpec { init_containers: containers, ..PodSpec::default() }.into(),
                ..Pod::default()
            };
            assert_eq!(quality_of_service(&init), expected, "{written:?}");
        }
    }

    #[test]
    fn what_the_pod_asks_for_as_a_whole_decides() {
        let pod = Pod {
            spec: PodSpec {
                containers: vec![container("", "cpu=1 memory=1Gi")],
                pod_level: amounts("cpu=1"),
                ..PodSpec::default()
            }
            .into(),
            ..Pod::default()
        };
        assert_eq!(quality_of_service(&pod), QualityOfService::Burstable);
        let pod = pod.with(|spec| {
            spec.pod_level = amounts("cpu=1 memory=1Gi");
            spec.pod_level_limits = amounts("cpu=1 memory=1Gi");
        });
        assert_eq!(quality_of_service(&pod), QualityOfService::Guaranteed);
        // A device is nothing that a pod can ask for as a whole.
        let pod = pod.with(|spec| {
            spec.pod_level = amounts("a.example/b=1");
            spec.pod_level_limits = amounts("");
        });
        assert_eq!(quality_of_service(&pod), QualityOfService::Guaranteed);
    }
}
