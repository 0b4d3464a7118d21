//! Affinity and spread constraints, label keys merged (`pkg/registry/core/pod/strategy.go`).

use k8s_openapi::api::core::v1::{
    Affinity, PodAffinityTerm, TopologySpreadConstraint, WeightedPodAffinityTerm,
};
use placecard_feasibility::inventory::pod::{TopologySpread, Weighted, WhenUnsatisfiable};
use placecard_feasibility::node_terms::{NodeSet, NodeTerm};
use placecard_feasibility::pod_affinity::{AffinityTerm, merge_label_keys};
use placecard_feasibility::selector::Selector;

use crate::native;
use crate::object::Map;

/// All terms of a pod.
pub(super) struct Terms {
    pub(super) nodes: NodeSet,
    pub(super) preferred_nodes: Vec<Weighted<NodeTerm>>,
    pub(super) pods: Vec<AffinityTerm>,
    pub(super) anti: Vec<AffinityTerm>,
    pub(super) preferred_pods: Vec<Weighted<AffinityTerm>>,
    pub(super) preferred_anti: Vec<Weighted<AffinityTerm>>,
}

/// Reads the terms of a pod with these labels.
pub(super) fn read(affinity: &Affinity, labels: &Map) -> Terms {
    let nodes = affinity.node_affinity.as_ref();
    let required =
        nodes.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_ref());
    let preferred =
        nodes.and_then(|it| it.preferred_during_scheduling_ignored_during_execution.as_ref());
    let pods = affinity.pod_affinity.as_ref();
    let anti = affinity.pod_anti_affinity.as_ref();
    let terms = |list: Option<&Vec<PodAffinityTerm>>| {
        list.into_iter().flatten().map(|term| pod_term(term, labels)).collect()
    };
    let weighted = |list: Option<&Vec<WeightedPodAffinityTerm>>| {
        let one = |native: &WeightedPodAffinityTerm| Weighted {
            weight: native.weight,
            term: pod_term(&native.pod_affinity_term, labels),
        };
        list.into_iter().flatten().map(one).collect()
    };
    Terms {
        nodes: required
            .map(|required| required.node_selector_terms.iter().map(native::node_term).collect()),
        preferred_nodes: preferred
            .into_iter()
            .flatten()
            .map(|it| Weighted { weight: it.weight, term: native::node_term(&it.preference) })
            .collect(),
        pods: terms(
            pods.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_ref()),
        ),
        anti: terms(
            anti.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_ref()),
        ),
        preferred_pods: weighted(
            pods.and_then(|it| it.preferred_during_scheduling_ignored_during_execution.as_ref()),
        ),
        preferred_anti: weighted(
            anti.and_then(|it| it.preferred_during_scheduling_ignored_during_execution.as_ref()),
        ),
    }
}

fn pod_term(native: &PodAffinityTerm, labels: &Map) -> AffinityTerm {
    let selector = native.label_selector.as_ref().map(native::selector);
    AffinityTerm {
        selector: merged(
            selector.as_ref(),
            native.match_label_keys.as_ref(),
            native.mismatch_label_keys.as_ref(),
            labels,
        ),
        namespaces: native.namespaces.clone().unwrap_or_default(),
        namespace_selector: native.namespace_selector.as_ref().map(native::selector),
        topology_key: native.topology_key.clone(),
    }
}

fn merged(
    selector: Option<&Selector>,
    same: Option<&Vec<String>>,
    other: Option<&Vec<String>>,
    labels: &Map,
) -> Option<Selector> {
    let keys = |list: Option<&Vec<String>>| list.cloned().unwrap_or_default();
    merge_label_keys(selector, &keys(same), &keys(other), labels)
}

/// The spread constraints of a pod with these labels.
pub(super) fn spread(written: &[TopologySpreadConstraint], labels: &Map) -> Vec<TopologySpread> {
    let honors =
        |policy: &Option<String>, default: &str| policy.as_deref().unwrap_or(default) == "Honor";
    let one = |native: &TopologySpreadConstraint| TopologySpread {
        max_skew: native.max_skew,
        topology_key: native.topology_key.clone(),
        when_unsatisfiable: match native.when_unsatisfiable.as_str() {
            "DoNotSchedule" => WhenUnsatisfiable::DoNotSchedule,
            "ScheduleAnyway" => WhenUnsatisfiable::ScheduleAnyway,
            _ => WhenUnsatisfiable::Other,
        },
        selector: merged(
            native.label_selector.as_ref().map(native::selector).as_ref(),
            native.match_label_keys.as_ref(),
            None,
            labels,
        ),
        min_domains: native.min_domains.unwrap_or(1),
        honor_affinity: honors(&native.node_affinity_policy, "Honor"),
        honor_taints: honors(&native.node_taints_policy, "Ignore"),
    };
    written.iter().map(one).collect()
}
