//! What the limit ranges of a namespace make of a pod, and what they refuse.
//!
//! Semantics: `plugin/pkg/admission/limitranger/admission.go`. The API server takes the limit
//! ranges of a namespace in any order; here they go by name. What a pod asks for as a whole is
//! completed before, as servers up to 1.36 do; from 1.37 on that comes after the defaults of limit
//! ranges, and completes limits too.

use std::cmp::Ordering;

use crate::inventory::limit_range::{LimitKind, LimitRange, LimitRangeItem};
use crate::inventory::pod::{Container, Pod};
use crate::inventory::requests::{Amounts, CPU, MEMORY, container_limits, container_requests};
use crate::inventory::volume::Claim;
use crate::inventory::{Inventory, NamespacedName};
use crate::quantity::Quantity;

/// What a limit range refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfRange {
    /// The limit range.
    pub range: NamespacedName,
    /// Whose requests or limits.
    pub subject: Subject,
    /// Of which resource.
    pub resource: String,
    /// Which bound is not kept.
    pub bound: Bound,
}

/// What a bound is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A container, or an init container, by its place in the pod.
    Container {
        /// It is an init container.
        init: bool,
        /// Its place among its like, from 0.
        index: usize,
        /// Its name.
        name: String,
    },
    /// The pod as a whole.
    Pod,
    /// A claim.
    PersistentVolumeClaim,
}

/// A bound that is not kept, and what was found instead; `None`: nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The request is too small, or absent.
    RequestBelow(Quantity, Option<Quantity>),
    /// The limit is too small.
    LimitBelow(Quantity, Quantity),
    /// The limit is too large, or absent.
    LimitAbove(Quantity, Option<Quantity>),
    /// The request is too large, or absent.
    RequestAbove(Quantity, Option<Quantity>),
    /// The limit is more than so many times the request, or one of them is absent or 0.
    Ratio {
        /// So many times at most.
        most: Quantity,
        /// The request.
        request: Option<Quantity>,
        /// The limit.
        limit: Option<Quantity>,
    },
}

/// The pod as it would be stored, and what the limit ranges of its namespace would refuse.
#[must_use]
pub fn admit(pod: &Pod, inventory: &Inventory) -> (Pod, Vec<OutOfRange>) {
    let mut stored = pod.clone();
    let ranges: Vec<&LimitRange> = of_namespace(inventory, &pod.namespace).collect();
    for range in &ranges {
        let (limits, requests) = defaults(range);
        let spec = &mut *stored.spec;
        for container in spec.containers.iter_mut().chain(&mut spec.init_containers) {
            fill(&mut container.limits, &limits);
            fill(&mut container.requests, &requests);
        }
    }
    let mut refused = Vec::new();
    for range in &ranges {
        for item in &range.items {
            check_pod(range, item, &stored, &mut refused);
        }
    }
    (stored, refused)
}

/// What the limit ranges of its namespace would refuse about a claim.
#[must_use]
pub fn refuse_claim(claim: &Claim, inventory: &Inventory) -> Vec<OutOfRange> {
    let asked = Amounts::from([("storage".to_owned(), claim.request)]);
    let mut refused = Vec::new();
    for range in of_namespace(inventory, &claim.namespace) {
        let items = range.items.iter();
        for item in items.filter(|item| item.kind == LimitKind::PersistentVolumeClaim) {
            let mut tell = teller(range, &Subject::PersistentVolumeClaim, &mut refused);
            for (name, least) in &item.min {
                let found = asked.get(name).copied();
                if found.is_none_or(|found| found.compare(*least) == Ordering::Less) {
                    tell(name, Bound::RequestBelow(*least, found));
                }
            }
            for (name, most) in &item.max {
                let found = asked.get(name).copied();
                if found.is_none_or(|found| found.compare(*most) == Ordering::Greater) {
                    tell(name, Bound::RequestAbove(*most, found));
                }
            }
        }
    }
    refused
}

fn of_namespace<'a>(
    inventory: &'a Inventory,
    namespace: &'a str,
) -> impl Iterator<Item = &'a LimitRange> {
    inventory.limit_ranges.values().filter(move |range| range.namespace == namespace)
}

/// The default limits and requests of containers; of several rules the last one counts.
fn defaults(range: &LimitRange) -> (Amounts, Amounts) {
    let (mut limits, mut requests) = (Amounts::new(), Amounts::new());
    for item in range.items.iter().filter(|item| item.kind == LimitKind::Container) {
        limits.extend(item.default.clone());
        requests.extend(item.default_request.clone());
    }
    (limits, requests)
}

fn fill(amounts: &mut Amounts, defaults: &Amounts) {
    for (name, amount) in defaults {
        amounts.entry(name.clone()).or_insert(*amount);
    }
}

fn teller<'t>(
    range: &'t LimitRange,
    subject: &'t Subject,
    refused: &'t mut Vec<OutOfRange>,
) -> impl FnMut(&String, Bound) + 't {
    |resource, bound| {
        refused.push(OutOfRange {
            range: (range.namespace.clone(), range.name.clone()),
            subject: subject.clone(),
            resource: resource.clone(),
            bound,
        });
    }
}

fn check_pod(range: &LimitRange, item: &LimitRangeItem, pod: &Pod, refused: &mut Vec<OutOfRange>) {
    let mut check = |subject: &Subject, requests: &Amounts, limits: &Amounts| {
        check_amounts(item, requests, limits, teller(range, subject, refused));
    };
    match item.kind {
        LimitKind::Container => {
            for (list, init) in [(&pod.containers, false), (&pod.init_containers, true)] {
                for (index, container) in list.iter().enumerate() {
                    let Container { name, requests, limits, .. } = container;
                    let subject = Subject::Container { init, index, name: name.clone() };
                    check(&subject, requests, limits);
                }
            }
        }
        LimitKind::Pod => {
            let mut requests = container_requests(pod);
            let mut limits = container_limits(pod);
            for name in [CPU, MEMORY] {
                for (whole, sum) in
                    [(&pod.pod_level, &mut requests), (&pod.pod_level_limits, &mut limits)]
                {
                    if let Some(amount) = whole.get(name) {
                        sum.insert(name.to_owned(), *amount);
                    }
                }
            }
            check(&Subject::Pod, &requests, &limits);
        }
        LimitKind::PersistentVolumeClaim | LimitKind::Other => {}
    }
}

fn check_amounts(
    item: &LimitRangeItem,
    requests: &Amounts,
    limits: &Amounts,
    mut tell: impl FnMut(&String, Bound),
) {
    for (name, least) in &item.min {
        let (request, limit) = (requests.get(name).copied(), limits.get(name).copied());
        let below = |found: Quantity| found.compare(*least) == Ordering::Less;
        if request.is_none_or(below) {
            tell(name, Bound::RequestBelow(*least, request));
        } else if let Some(limit) = limit.filter(|limit| below(*limit)) {
            tell(name, Bound::LimitBelow(*least, limit));
        }
    }
    for (name, most) in &item.max {
        let (request, limit) = (requests.get(name).copied(), limits.get(name).copied());
        let above = |found: Quantity| found.compare(*most) == Ordering::Greater;
        if limit.is_none_or(above) {
            tell(name, Bound::LimitAbove(*most, limit));
        } else if request.is_some_and(above) {
            tell(name, Bound::RequestAbove(*most, request));
        }
    }
    for (name, most) in &item.max_ratio {
        let (request, limit) = (requests.get(name).copied(), limits.get(name).copied());
        let kept = match (request, limit) {
            (Some(request), Some(limit)) => keeps_ratio(request, limit, *most),
            _ => false,
        };
        if !kept {
            tell(name, Bound::Ratio { most: *most, request, limit });
        }
    }
}

/// Is the limit at most so many times the request? Never, if one of them is 0.
#[expect(clippy::cast_precision_loss, reason = "as the plugin compares")]
fn keeps_ratio(request: Quantity, limit: Quantity, most: Quantity) -> bool {
    let (request, limit) = (request.thousandths(), limit.thousandths());
    let ratio = limit as f64 / request as f64 * 1000.0;
    request != 0 && limit != 0 && ratio <= most.thousandths() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::pod::PodSpec;

    fn amounts(text: &str) -> Amounts {
        let pair = |pair: &str| {
            let (name, amount) = pair.split_once('=').unwrap();
            (name.to_owned(), Quantity::parse(amount).unwrap())
        };
        text.split_whitespace().map(pair).collect()
    }

    fn item(kind: LimitKind) -> LimitRangeItem {
        LimitRangeItem { kind, ..LimitRangeItem::default() }
    }

    fn with(items: Vec<LimitRangeItem>) -> Inventory {
        let items = items.into_iter().map(LimitRangeItem::with_defaults).collect();
        let range = LimitRange { name: "l".into(), namespace: "shop".into(), items };
        let mut inventory = Inventory::default();
        inventory.limit_ranges.insert(("shop".into(), "l".into()), range);
        inventory
    }

    fn pod(requests: &str, limits: &str) -> Pod {
        let mut filled = amounts(limits);
        filled.extend(amounts(requests));
        let container = Container {
            name: "c".into(),
            requests: filled,
            limits: amounts(limits),
            ..Container::default()
        };
        Pod {
            namespace: "shop".into(),
            spec: PodSpec { containers: vec![container], ..PodSpec::default() }.into(),
            ..Pod::default()
        }
    }

    #[test]
    fn defaults_are_filled_in_and_then_checked() {
        let inventory = with(vec![LimitRangeItem {
            max: amounts("cpu=2 memory=2Gi"),
            default: amounts("cpu=1"),
            default_request: amounts("cpu=250m"),
            ..item(LimitKind::Container)
        }]);
        let (stored, refused) = admit(&pod("", ""), &inventory);
        assert_eq!(stored.containers[0].limits, amounts("cpu=1 memory=2Gi"));
        assert_eq!(stored.containers[0].requests, amounts("cpu=250m memory=2Gi"));
        assert_eq!(refused, []);
        let (stored, refused) = admit(&pod("cpu=3", ""), &inventory);
        assert_eq!(stored.containers[0].requests, amounts("cpu=3 memory=2Gi"));
        let [one] = refused.as_slice() else { panic!("{refused:?}") };
        let three = Some(Quantity::of_units(3));
        assert_eq!(one.bound, Bound::RequestAbove(Quantity::of_units(2), three));
        // Elsewhere nothing happens.
        let elsewhere = Pod { namespace: "other".into(), ..pod("cpu=3", "") };
        assert_eq!(admit(&elsewhere, &inventory), (elsewhere.clone(), vec![]));
    }

    #[test]
    fn bounds_of_containers_and_pods() {
        let units = Quantity::of_units;
        let table = [
            (
                LimitKind::Container,
                "min",
                "cpu=500m",
                "",
                Some(Bound::RequestBelow(units(1), Some(Quantity::of_thousandths(500)))),
            ),
            (LimitKind::Container, "min", "", "cpu=2", None),
            (
                LimitKind::Container,
                "max",
                "",
                "cpu=2",
                Some(Bound::LimitAbove(units(1), Some(units(2)))),
            ),
            (LimitKind::Pod, "min", "", "", Some(Bound::RequestBelow(units(1), None))),
            (LimitKind::Pod, "max", "cpu=1", "", Some(Bound::LimitAbove(units(1), None))),
            (LimitKind::Pod, "max", "cpu=1", "cpu=1", None),
            (LimitKind::Container, "ratio", "cpu=1", "cpu=1", None),
            (
                LimitKind::Container,
                "ratio",
                "cpu=1",
                "cpu=1001m",
                Some(Bound::Ratio {
                    most: units(1),
                    request: Some(units(1)),
                    limit: Some(Quantity::of_thousandths(1001)),
                }),
            ),
            (
                LimitKind::Pod,
                "ratio",
                "cpu=1",
                "",
                Some(Bound::Ratio { most: units(1), request: Some(units(1)), limit: None }),
            ),
        ];
        for (kind, which, requests, limits, expected) in table {
            let mut rule = item(kind);
            match which {
                "min" => rule.min = amounts("cpu=1"),
                "max" => rule.max = amounts("cpu=1"),
                _ => rule.max_ratio = amounts("cpu=1"),
            }
            // Without the defaults that a rule for containers brings along.
            let mut inventory = with(vec![]);
            inventory.limit_ranges.values_mut().for_each(|range| range.items = vec![rule.clone()]);
            let (_, refused) = admit(&pod(requests, limits), &inventory);
            let found = refused.first().map(|one| one.bound.clone());
            assert_eq!(found, expected, "{kind:?} {which} {requests:?} {limits:?}");
        }
    }

    #[test]
    fn claims_are_bounded_too() {
        let inventory = with(vec![LimitRangeItem {
            min: amounts("storage=1Gi"),
            max: amounts("storage=10Gi"),
            ..item(LimitKind::PersistentVolumeClaim)
        }]);
        let claim = |request: &str| Claim {
            namespace: "shop".into(),
            request: Quantity::parse(request).unwrap(),
            ..Claim::default()
        };
        assert_eq!(refuse_claim(&claim("5Gi"), &inventory), []);
        for odd in ["1Mi", "11Gi"] {
            let refused = refuse_claim(&claim(odd), &inventory);
            assert_eq!(refused.len(), 1, "{odd}");
            assert_eq!(refused[0].subject, Subject::PersistentVolumeClaim);
        }
    }
}
