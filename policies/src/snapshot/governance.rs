//! Resource quotas, limit ranges, priority classes and pod disruption budgets.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use k8s_openapi::jiff::Timestamp;
use placecard_feasibility::inventory::disruption::{DisruptionBudget, Share};
use placecard_feasibility::inventory::limit_range::{LimitKind, LimitRange, LimitRangeItem};
use placecard_feasibility::inventory::priority::PriorityClass;
use placecard_feasibility::inventory::quota::{
    QuotaScope, ResourceQuota, ScopeName, ScopeOperator,
};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::amounts::{self, WrittenAmounts};
use super::{Metadata, or_default};
use crate::native;

/// A resource quota as it stands in JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WrittenQuota {
    #[serde(deserialize_with = "or_default")]
    metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    spec: QuotaSpec,
    #[serde(deserialize_with = "or_default")]
    status: QuotaStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct QuotaSpec {
    #[serde(deserialize_with = "or_default")]
    hard: WrittenAmounts,
    #[serde(deserialize_with = "or_default")]
    scopes: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    scope_selector: ScopeSelector,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ScopeSelector {
    #[serde(deserialize_with = "or_default")]
    match_expressions: Vec<WrittenScope>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WrittenScope {
    #[serde(deserialize_with = "or_default")]
    scope_name: String,
    #[serde(deserialize_with = "or_default")]
    operator: String,
    #[serde(deserialize_with = "or_default")]
    values: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct QuotaStatus {
    hard: Option<WrittenAmounts>,
    used: Option<WrittenAmounts>,
}

/// A limit range as it stands in JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WrittenLimitRange {
    #[serde(deserialize_with = "or_default")]
    metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    spec: LimitRangeSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LimitRangeSpec {
    #[serde(deserialize_with = "or_default")]
    limits: Vec<WrittenItem>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WrittenItem {
    #[serde(rename = "type", deserialize_with = "or_default")]
    kind: String,
    #[serde(deserialize_with = "or_default")]
    min: WrittenAmounts,
    #[serde(deserialize_with = "or_default")]
    max: WrittenAmounts,
    #[serde(deserialize_with = "or_default")]
    default: WrittenAmounts,
    #[serde(deserialize_with = "or_default")]
    default_request: WrittenAmounts,
    #[serde(deserialize_with = "or_default")]
    max_limit_request_ratio: WrittenAmounts,
}

/// A priority class as it stands in JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WrittenPriorityClass {
    #[serde(deserialize_with = "or_default")]
    metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    value: i32,
    #[serde(deserialize_with = "or_default")]
    global_default: bool,
    #[serde(deserialize_with = "or_default")]
    preemption_policy: String,
}

/// A pod disruption budget as it stands in JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WrittenBudget {
    #[serde(deserialize_with = "or_default")]
    metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    spec: BudgetSpec,
    #[serde(deserialize_with = "or_default")]
    status: BudgetStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct BudgetSpec {
    selector: Option<LabelSelector>,
    min_available: Option<IntOrString>,
    max_unavailable: Option<IntOrString>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct BudgetStatus {
    disruptions_allowed: Option<i32>,
    #[serde(deserialize_with = "or_default")]
    disrupted_pods: BTreeMap<String, IgnoredAny>,
}

/// The quota. What has been counted stands over what is written.
pub(super) fn read_quota(written: &WrittenQuota) -> ResourceQuota {
    let (metadata, spec) = (&written.metadata, &written.spec);
    let plain = spec.scopes.iter().map(|name| QuotaScope {
        name: scope_name(name),
        operator: ScopeOperator::Exists,
        values: Vec::new(),
    });
    let selected = spec.scope_selector.match_expressions.iter().map(|scope| QuotaScope {
        name: scope_name(&scope.scope_name),
        operator: scope_operator(&scope.operator),
        values: scope.values.clone(),
    });
    ResourceQuota {
        name: metadata.name.clone(),
        namespace: metadata.namespace.clone(),
        hard: amounts::read(written.status.hard.as_ref().unwrap_or(&spec.hard)),
        used: written.status.used.as_ref().map(amounts::read),
        scopes: plain.chain(selected).collect(),
    }
}

fn scope_name(name: &str) -> ScopeName {
    match name {
        "Terminating" => ScopeName::Terminating,
        "NotTerminating" => ScopeName::NotTerminating,
        "BestEffort" => ScopeName::BestEffort,
        "NotBestEffort" => ScopeName::NotBestEffort,
        "PriorityClass" => ScopeName::PriorityClass,
        "CrossNamespacePodAffinity" => ScopeName::CrossNamespacePodAffinity,
        other => ScopeName::Other(other.to_owned()),
    }
}

fn scope_operator(operator: &str) -> ScopeOperator {
    match operator {
        "Exists" => ScopeOperator::Exists,
        "DoesNotExist" => ScopeOperator::DoesNotExist,
        "In" => ScopeOperator::In,
        "NotIn" => ScopeOperator::NotIn,
        _ => ScopeOperator::Other,
    }
}

/// The limit range, with the defaults of the API.
pub(super) fn read_limit_range(written: &WrittenLimitRange) -> LimitRange {
    let item = |item: &WrittenItem| {
        let kind = match item.kind.as_str() {
            "Container" => LimitKind::Container,
            "Pod" => LimitKind::Pod,
            "PersistentVolumeClaim" => LimitKind::PersistentVolumeClaim,
            _ => LimitKind::Other,
        };
        let item = LimitRangeItem {
            kind,
            min: amounts::read(&item.min),
            max: amounts::read(&item.max),
            default: amounts::read(&item.default),
            default_request: amounts::read(&item.default_request),
            max_ratio: amounts::read(&item.max_limit_request_ratio),
        };
        item.with_defaults()
    };
    LimitRange {
        name: written.metadata.name.clone(),
        namespace: written.metadata.namespace.clone(),
        items: written.spec.limits.iter().map(item).collect(),
    }
}

/// The priority class.
pub(super) fn read_priority_class(written: &WrittenPriorityClass) -> PriorityClass {
    PriorityClass {
        name: written.metadata.name.clone(),
        value: written.value,
        global_default: written.global_default,
        never_preempts: written.preemption_policy == "Never",
    }
}

/// The budget.
pub(super) fn read_budget(written: &WrittenBudget) -> DisruptionBudget {
    let (metadata, spec) = (&written.metadata, &written.spec);
    DisruptionBudget {
        name: metadata.name.clone(),
        namespace: metadata.namespace.clone(),
        selector: spec.selector.as_ref().map(native::selector),
        min_available: spec.min_available.as_ref().and_then(share),
        max_unavailable: spec.max_unavailable.as_ref().and_then(share),
        allowed: written.status.disruptions_allowed,
        disrupted: written.status.disrupted_pods.keys().cloned().collect(),
    }
}

fn share(written: &IntOrString) -> Option<Share> {
    match written {
        IntOrString::Int(count) => Some(Share::Count(*count)),
        IntOrString::String(text) => text.strip_suffix('%')?.parse().ok().map(Share::Percent),
    }
}

/// The seconds since 1970 of a time as the API writes it; `None` if it is not one.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    text.parse().ok().map(Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use placecard_feasibility::inventory::Inventory;
    use placecard_feasibility::inventory::requests::Amounts;
    use placecard_feasibility::quantity::Quantity;
    use serde_json::json;

    use super::*;
    use crate::snapshot::add;

    fn read(object: &serde_json::Value) -> Inventory {
        let mut inventory = Inventory::default();
        add(&mut inventory, &object.to_string()).unwrap();
        inventory
    }

    fn amounts(pairs: &[(&str, &str)]) -> Amounts {
        let one = |(name, text): &(&str, &str)| ((*name).into(), Quantity::parse(text).unwrap());
        pairs.iter().map(one).collect()
    }

    #[test]
    fn a_quota_with_scopes_and_what_has_been_counted() {
        let inventory = read(&json!({
            "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "shop"},
            "spec": {"hard": {"pods": "10"}, "scopes": ["NotBestEffort"],
                "scopeSelector": {"matchExpressions": [
                    {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]}},
            "status": {"hard": {"pods": 10}, "used": {"pods": "3"}},
        }));
        let quota = &inventory.quotas[&("shop".to_owned(), "q".to_owned())];
        assert_eq!(quota.hard, amounts(&[("pods", "10")]));
        assert_eq!(quota.used, Some(amounts(&[("pods", "3")])));
        let scopes: Vec<_> = quota.scopes.iter().map(|one| (&one.name, one.operator)).collect();
        assert_eq!(
            scopes,
            [
                (&ScopeName::NotBestEffort, ScopeOperator::Exists),
                (&ScopeName::PriorityClass, ScopeOperator::In)
            ]
        );
    }

    #[test]
    fn a_limit_range_gets_the_defaults_of_the_api() {
        let inventory = read(&json!({
            "kind": "LimitRange", "metadata": {"name": "l", "namespace": "shop"},
            "spec": {"limits": [
                {"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "64Mi"}},
                {"type": "Pod", "max": {"cpu": "4"}}]},
        }));
        let range = &inventory.limit_ranges[&("shop".to_owned(), "l".to_owned())];
        let container = &range.items[0];
        assert_eq!(container.default, amounts(&[("cpu", "2")]));
        assert_eq!(container.default_request, amounts(&[("cpu", "2"), ("memory", "64Mi")]));
        assert_eq!(range.items[1].default, Amounts::new());
    }

    #[test]
    fn a_budget_in_numbers_and_percent() {
        let inventory = read(&json!({"kind": "List", "items": [
            {"kind": "PodDisruptionBudget", "metadata": {"name": "a", "namespace": "shop"},
             "spec": {"selector": {"matchLabels": {"app": "web"}}, "minAvailable": "50%"}},
            {"kind": "PodDisruptionBudget", "metadata": {"name": "b", "namespace": "shop"},
             "spec": {"maxUnavailable": 1},
             "status": {"disruptionsAllowed": 2,
                 "disruptedPods": {"web-1": "2026-01-01T00:00:00Z"}}},
            {"kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000,
             "preemptionPolicy": "Never", "globalDefault": true},
        ]}));
        let budget = |name: &str| &inventory.budgets[&("shop".to_owned(), name.to_owned())];
        assert_eq!(
            (budget("a").min_available, budget("a").allowed),
            (Some(Share::Percent(50)), None)
        );
        assert_eq!(
            (budget("b").max_unavailable, budget("b").allowed),
            (Some(Share::Count(1)), Some(2))
        );
        assert!(budget("b").disrupted.contains("web-1") && budget("b").selector.is_none());
        let class = &inventory.priority_classes["high"];
        assert!(class.never_preempts && class.global_default && class.value == 1000);
    }

    #[test]
    fn a_pod_has_its_class_and_when_it_started() {
        let inventory = read(&json!({"kind": "Pod", "metadata": {"name": "p", "namespace": "shop",
                "deletionTimestamp": "2026-01-01T00:00:09Z"},
            "spec": {"priorityClassName": "high", "preemptionPolicy": "Never",
                "activeDeadlineSeconds": 60, "containers": [{"name": "c", "resources": {
                    "limits": {"cpu": "1"}}}]},
            "status": {"startTime": "1970-01-01T00:01:00Z", "conditions": [
                {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}]}}));
        let pod = inventory.pods.named("shop", "p").expect("the pod");
        assert_eq!((pod.priority_class.as_str(), pod.has_priority), ("high", false));
        assert!(pod.never_preempts && pod.preempted && pod.has_deadline);
        assert_eq!(pod.started, Some(60));
        assert_eq!(pod.containers[0].limits, amounts(&[("cpu", "1")]));
        assert_eq!(seconds("yesterday"), None);
        assert_eq!(seconds("2026-01-01T00:00:00+01:00"), Some(1_767_222_000));
    }
}
