//! What the quotas of a namespace leave for a pod and its replicas.
//!
//! Semantics: `CheckRequest` of `k8s.io/apiserver/pkg/admission/plugin/resourcequota` with
//! `pkg/quota/v1/evaluator/core/pods.go`.

use std::cmp::Ordering;

use crate::inventory::kind::Kind;
use crate::inventory::pod::Pod;
use crate::inventory::quota::{QuotaScope, ResourceQuota, ScopeName, ScopeOperator};
use crate::inventory::requests::{
    Amounts, CPU, EPHEMERAL_STORAGE, MEMORY, PODS, add, is_extended, limits, requests,
};
use crate::inventory::{Inventory, NamespacedName};
use crate::pod_affinity::AffinityTerm;
use crate::quality_of_service::{QualityOfService, quality_of_service};
use crate::quantity::Quantity;

const HUGE_PAGES: &str = "hugepages-";
const REQUESTS: &str = "requests.";
const COUNT: &str = "count/pods";

/// The resources of which every container has to say how much it takes, if a quota counts them.
const DEMANDED: [&str; 6] =
    [CPU, MEMORY, "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

/// What a quota refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OverQuota {
    /// More would be used than is allowed.
    Exceeded(Exceeded),
    /// Containers do not say how much they take of a resource that the quota counts: no such pod
    /// is created at all.
    Unspecified {
        /// The quota.
        quota: NamespacedName,
        /// The resource, in the quota's words (`limits.cpu`).
        resource: String,
        /// The containers' names.
        containers: Vec<String>,
    },
}

/// A quota that would be exceeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// The quota.
    pub quota: NamespacedName,
    /// The resource, in the quota's words (`requests.cpu`, `pods`).
    pub resource: String,
    /// What is used now.
    pub used: Quantity,
    /// What is allowed.
    pub hard: Quantity,
    /// What one pod would add.
    pub each: Quantity,
    /// How many of the pods there is room for.
    pub room_for: u32,
}

/// What counts as used up when new pods come.
#[derive(Clone, Copy)]
pub enum Beside<'f> {
    /// Everything that runs.
    Everything,
    /// Everything but the pods that this names: they will have gone.
    AllBut(&'f dyn Fn(&Pod) -> bool),
    /// Nothing: who will have gone is not known, and it may be everybody.
    Nothing,
}

/// What the quotas of the namespace refuse of so many new pods like this one, by quota and
/// resource. The pod is as it would be stored: priority and limit ranges have been applied.
#[must_use]
pub fn refuse(pod: &Pod, replicas: u32, inventory: &Inventory) -> Vec<OverQuota> {
    refuse_beside(pod, replicas, inventory, Beside::Everything)
}

/// As [`refuse`], beside a part of what runs now. What the inventory does not know refuses
/// nothing.
#[must_use]
pub fn refuse_beside(
    pod: &Pod,
    replicas: u32,
    inventory: &Inventory,
    beside: Beside<'_>,
) -> Vec<OverQuota> {
    let asked = usage(pod);
    let mut refused = Vec::new();
    let counting = |quota: &ResourceQuota| counts(quota, pod) && is_certain(quota, pod, inventory);
    for (name, quota) in inventory.quotas.iter().filter(|(_, quota)| counting(quota)) {
        // A limit range that is not known may say it for the containers.
        if !inventory.is_unknown(Kind::LimitRange) {
            unspecified(name, quota, pod, &mut refused);
        }
        let used = used(quota, inventory, beside);
        for (resource, each) in &asked {
            let Some(hard) = quota.hard.get(resource) else {
                continue;
            };
            let used = used.get(resource).copied().unwrap_or_default();
            let room_for = room_for(used, *each, *hard, replicas);
            if room_for < replicas {
                refused.push(OverQuota::Exceeded(Exceeded {
                    quota: name.clone(),
                    resource: resource.clone(),
                    used,
                    hard: *hard,
                    each: *each,
                    room_for,
                }));
            }
        }
    }
    refused
}

/// Does the quota count the pod whatever is not known? A limit range may give it requests, a
/// global default a priority class.
fn is_certain(quota: &ResourceQuota, pod: &Pod, inventory: &Inventory) -> bool {
    let doubtful = |scope: &QuotaScope| match scope.name {
        ScopeName::BestEffort => inventory.is_unknown(Kind::LimitRange),
        ScopeName::PriorityClass => {
            pod.priority_class.is_empty() && inventory.is_unknown(Kind::PriorityClass)
        }
        _ => false,
    };
    !quota.scopes.iter().any(doubtful)
}

/// What is used up of a quota.
fn used(quota: &ResourceQuota, inventory: &Inventory, beside: Beside<'_>) -> Amounts {
    let everything = || match &quota.used {
        Some(used) => used.clone(),
        None => used_by_pods(quota, inventory, &|_| true),
    };
    match beside {
        Beside::Everything => everything(),
        Beside::Nothing => Amounts::new(),
        Beside::AllBut(leaves) => {
            let mut used = everything();
            for (name, freed) in used_by_pods(quota, inventory, leaves) {
                if let Some(amount) = used.get_mut(&name) {
                    *amount = amount.without(freed);
                }
            }
            used
        }
    }
}

/// How many of so many pods fit: what adds nothing always does, also over a quota that is used up.
fn room_for(used: Quantity, each: Quantity, hard: Quantity, replicas: u32) -> u32 {
    if each.compare(Quantity::ZERO) != Ordering::Greater {
        return replicas;
    }
    let fits = |count: u32| (used + each.times(count)).compare(hard) != Ordering::Greater;
    let (mut fit, mut not) = (0, replicas.saturating_add(1));
    while not - fit > 1 {
        let middle = fit + (not - fit) / 2;
        if fits(middle) { fit = middle } else { not = middle }
    }
    fit
}

/// Does the quota count the pod?
fn counts(quota: &ResourceQuota, pod: &Pod) -> bool {
    quota.namespace == pod.namespace
        && quota.hard.keys().any(|name| is_of_pods(name))
        && quota.scopes.iter().all(|scope| meets(scope, pod))
}

/// Is it a resource that pods use up?
fn is_of_pods(name: &str) -> bool {
    let plain = name.strip_prefix(REQUESTS).or_else(|| name.strip_prefix("limits."));
    let storage = |name: &str| matches!(name, CPU | MEMORY | EPHEMERAL_STORAGE);
    matches!(name, PODS | COUNT)
        || storage(plain.unwrap_or(name))
        || name.strip_prefix(REQUESTS).unwrap_or(name).starts_with(HUGE_PAGES)
        || name.strip_prefix(REQUESTS).is_some_and(is_extended)
}

fn meets(scope: &QuotaScope, pod: &Pod) -> bool {
    let best_effort = || quality_of_service(pod) == QualityOfService::BestEffort;
    let class = &pod.priority_class;
    match &scope.name {
        ScopeName::Terminating => pod.has_deadline,
        ScopeName::NotTerminating => !pod.has_deadline,
        ScopeName::BestEffort => best_effort(),
        ScopeName::NotBestEffort => !best_effort(),
        ScopeName::PriorityClass => match scope.operator {
            ScopeOperator::Exists => !class.is_empty(),
            ScopeOperator::DoesNotExist => class.is_empty(),
            ScopeOperator::In => !class.is_empty() && scope.values.contains(class),
            ScopeOperator::NotIn => class.is_empty() || !scope.values.contains(class),
            ScopeOperator::Other => false,
        },
        ScopeName::CrossNamespacePodAffinity => {
            let weighted = pod.preferred_affinity.iter().chain(&pod.preferred_anti_affinity);
            let terms = pod.affinity.iter().chain(&pod.anti_affinity);
            let crosses = |term: &AffinityTerm| {
                !term.namespaces.is_empty() || term.namespace_selector.is_some()
            };
            terms.chain(weighted.map(|one| &one.term)).any(crosses)
        }
        ScopeName::Other(_) => false,
    }
}

/// What a pod uses up, in the words of quotas.
#[must_use]
pub fn usage(pod: &Pod) -> Amounts {
    let mut found = in_quota_words(&requests(pod, None), &limits(pod));
    found.insert(PODS.to_owned(), Quantity::of_units(1));
    found.insert(COUNT.to_owned(), Quantity::of_units(1));
    found
}

fn in_quota_words(requests: &Amounts, limits: &Amounts) -> Amounts {
    let mut found = Amounts::new();
    for (name, amount) in requests {
        let native = matches!(name.as_str(), CPU | MEMORY | EPHEMERAL_STORAGE);
        if native || name.starts_with(HUGE_PAGES) {
            found.insert(name.clone(), *amount);
        }
        if native || name.starts_with(HUGE_PAGES) || is_extended(name) {
            found.insert(format!("{REQUESTS}{name}"), *amount);
        }
    }
    for name in [CPU, MEMORY, EPHEMERAL_STORAGE] {
        if let Some(amount) = limits.get(name) {
            found.insert(format!("limits.{name}"), *amount);
        }
    }
    found
}

/// Sums up those of the pods that the quota counts.
fn used_by_pods(
    quota: &ResourceQuota,
    inventory: &Inventory,
    meant: &dyn Fn(&Pod) -> bool,
) -> Amounts {
    let mut sum = Amounts::new();
    let pods = inventory.pods.of_namespace(&quota.namespace);
    for pod in pods.filter(|pod| meant(pod) && counts(quota, pod)) {
        if pod.finished {
            let one = Quantity::of_units(1);
            add(&mut sum, &Amounts::from([(COUNT.to_owned(), one)]));
        } else {
            add(&mut sum, &usage(pod));
        }
    }
    sum
}

/// Containers that leave out what the quota counts; not asked where the pod says it as a whole.
fn unspecified(
    name: &NamespacedName,
    quota: &ResourceQuota,
    pod: &Pod,
    refused: &mut Vec<OverQuota>,
) {
    if !pod.pod_level.is_empty() || !pod.pod_level_limits.is_empty() {
        return;
    }
    for resource in DEMANDED.iter().filter(|resource| quota.hard.contains_key(**resource)) {
        let silent = pod.containers.iter().chain(&pod.init_containers).filter(|container| {
            !in_quota_words(&container.requests, &container.limits).contains_key(*resource)
        });
        let containers: Vec<String> = silent.map(|container| container.name.clone()).collect();
        if !containers.is_empty() {
            let resource = (*resource).to_owned();
            refused.push(OverQuota::Unspecified { quota: name.clone(), resource, containers });
        }
    }
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

    fn with(hard: &str, used: Option<&str>, scopes: Vec<QuotaScope>) -> Inventory {
        let quota = ResourceQuota {
            name: "q".into(),
            namespace: "shop".into(),
            hard: amounts(hard),
            used: used.map(amounts),
            scopes,
        };
        let mut inventory = Inventory::default();
        inventory.quotas.insert(("shop".into(), "q".into()), quota);
        inventory
    }

    fn pod(requests: &str, limits: &str) -> Pod {
        let container = Container {
            name: "c".into(),
            requests: amounts(requests),
            limits: amounts(limits),
            ..Container::default()
        };
        Pod {
            name: "p".into(),
            namespace: "shop".into(),
            spec: PodSpec { containers: vec![container], ..PodSpec::default() }.into(),
            ..Pod::default()
        }
    }

    /// Resource and how many there is room for.
    fn exceeded(refused: &[OverQuota]) -> Vec<(&str, u32)> {
        let one = |refusal: &'_ OverQuota| match refusal {
            OverQuota::Exceeded(it) => Some((it.resource.clone(), it.room_for)),
            OverQuota::Unspecified { .. } => None,
        };
        let found: Vec<(String, u32)> = refused.iter().filter_map(one).collect();
        found.into_iter().map(|(name, room)| (&*name.leak(), room)).collect()
    }

    #[test]
    fn what_a_quota_leaves_room_for() {
        let pod = pod("cpu=1 memory=1Gi a.example/gpu=2 hugepages-2Mi=2Mi", "cpu=2");
        for (hard, used, replicas, expected) in [
            ("cpu=10", "cpu=7", 3, vec![]),
            ("cpu=10", "cpu=7", 5, vec![("cpu", 3)]),
            ("requests.cpu=10", "requests.cpu=12", 1, vec![("requests.cpu", 0)]),
            ("limits.cpu=3", "", 2, vec![("limits.cpu", 1)]),
            ("pods=4", "pods=4", 1, vec![("pods", 0)]),
            ("count/pods=4", "count/pods=2", 3, vec![("count/pods", 2)]),
            ("requests.a.example/gpu=4", "", 3, vec![("requests.a.example/gpu", 2)]),
            ("a.example/gpu=1", "", 3, vec![]),
            ("hugepages-2Mi=3Mi", "", 3, vec![("hugepages-2Mi", 1)]),
            ("services=0", "", 3, vec![]),
            ("cpu=10", "cpu=7", 0, vec![]),
        ] {
            let refused = refuse(&pod, replicas, &with(hard, Some(used), vec![]));
            assert_eq!(exceeded(&refused), expected, "{hard} {used} {replicas}");
        }
        let elsewhere = Pod { namespace: "other".into(), ..pod };
        assert_eq!(refuse(&elsewhere, 9, &with("pods=0", None, vec![])), []);
    }

    #[test]
    fn without_a_status_the_pods_are_counted() {
        let mut inventory = with("pods=3 cpu=10", None, vec![]);
        for (name, finished) in [("a", false), ("b", false), ("c", true)] {
            let other = Pod { name: name.into(), finished, ..pod("cpu=4", "") };
            inventory.pods.insert(("shop".into(), name.into()), other);
        }
        let refused = refuse(&pod("cpu=1", ""), 3, &inventory);
        assert_eq!(exceeded(&refused), [("cpu", 2), ("pods", 1)]);
    }

    #[test]
    fn pods_that_will_have_gone_use_nothing() {
        for status in [None, Some("pods=3 requests.cpu=9")] {
            let mut inventory = with("pods=3 requests.cpu=10", status, vec![]);
            for (name, cpu) in [("own-1", "cpu=4"), ("own-2", "cpu=3"), ("other", "cpu=2")] {
                let other = Pod { name: name.into(), ..pod(cpu, "") };
                inventory.pods.insert(("shop".into(), name.into()), other);
            }
            let own = |other: &Pod| other.name.starts_with("own");
            for (beside, expected) in [
                (Beside::Everything, [("pods", 0), ("requests.cpu", 0)]),
                (Beside::AllBut(&own), [("pods", 2), ("requests.cpu", 1)]),
                (Beside::Nothing, [("pods", 3), ("requests.cpu", 2)]),
            ] {
                let refused = refuse_beside(&pod("cpu=5", ""), 9, &inventory, beside);
                assert_eq!(exceeded(&refused), expected, "{status:?}");
            }
        }
    }

    #[test]
    fn what_is_not_known_refuses_nothing() {
        let scope = |name, operator| QuotaScope { name, operator, values: vec![] };
        let class = || scope(ScopeName::PriorityClass, ScopeOperator::DoesNotExist);
        let best = || scope(ScopeName::BestEffort, ScopeOperator::Exists);
        let silent = pod("", "");
        for (kind, hard, scopes) in [
            (Kind::PriorityClass, "pods=0", vec![class()]),
            (Kind::LimitRange, "pods=0", vec![best()]),
            (Kind::LimitRange, "limits.cpu=9", vec![]),
        ] {
            let mut inventory = with(hard, Some(""), scopes);
            assert_eq!(refuse(&silent, 1, &inventory).len(), 1, "{hard}");
            inventory.unknown.insert(kind);
            assert_eq!(refuse(&silent, 1, &inventory), [], "{hard} without {kind:?}");
        }
    }

    #[test]
    fn a_scope_has_to_be_met() {
        let scope = |name, operator, values: &[&str]| QuotaScope {
            name,
            operator,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        use ScopeName::{BestEffort, NotBestEffort, NotTerminating, PriorityClass, Terminating};
        use ScopeOperator::{DoesNotExist, Exists, In, NotIn};
        let high = pod("cpu=1", "").with(|spec| spec.priority_class = "high".into());
        let plain = pod("", "");
        for (pod, scope, counted) in [
            (&high, scope(NotBestEffort, Exists, &[]), true),
            (&high, scope(BestEffort, Exists, &[]), false),
            (&plain, scope(BestEffort, Exists, &[]), true),
            (&plain, scope(Terminating, Exists, &[]), false),
            (&plain, scope(NotTerminating, Exists, &[]), true),
            (&high, scope(PriorityClass, In, &["high"]), true),
            (&plain, scope(PriorityClass, In, &["high"]), false),
            (&plain, scope(PriorityClass, NotIn, &["high"]), true),
            (&high, scope(PriorityClass, NotIn, &["high"]), false),
            (&high, scope(PriorityClass, Exists, &[]), true),
            (&plain, scope(PriorityClass, DoesNotExist, &[]), true),
            (&plain, scope(ScopeName::Other("Hm".into()), Exists, &[]), false),
        ] {
            let told = format!("{scope:?}");
            let refused = refuse(pod, 1, &with("pods=0", Some(""), vec![scope]));
            assert_eq!(refused.len(), usize::from(counted), "{told}");
        }
    }

    #[test]
    fn a_container_has_to_say_what_it_takes() {
        let inventory = with("limits.cpu=100 requests.memory=1Ti", Some(""), vec![]);
        let refused = refuse(&pod("memory=1Gi", ""), 1, &inventory);
        let expected = OverQuota::Unspecified {
            quota: ("shop".into(), "q".into()),
            resource: "limits.cpu".into(),
            containers: vec!["c".into()],
        };
        assert_eq!(refused, [expected]);
        let whole = pod("", "").with(|spec| spec.pod_level = amounts("cpu=1"));
        assert_eq!(refuse(&whole, 1, &inventory), []);
    }
}
