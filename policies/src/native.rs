//! Between the API's types and those of the label algebra.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{
    NodeSelectorRequirement, NodeSelectorTerm, PodAffinityTerm, Toleration,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::pod_affinity::{self, AffinityTerm};
use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::selector::Selector;
use placecard_feasibility::tolerations::{self, TolerationOperator};
use placecard_language::intent;
use placecard_language::vocabulary;

use crate::object::{Map, Template};

fn requirement(native: &NodeSelectorRequirement) -> Requirement {
    Requirement {
        key: native.key.clone(),
        operator: Operator::read(&native.operator),
        values: native.values.clone().unwrap_or_default(),
    }
}

fn native_requirement(requirement: &Requirement) -> NodeSelectorRequirement {
    NodeSelectorRequirement {
        key: requirement.key.clone(),
        operator: requirement.operator.as_str().to_owned(),
        values: (!requirement.values.is_empty()).then(|| requirement.values.clone()),
    }
}

/// A node selector term, for the algebra.
#[must_use]
pub(crate) fn node_term(native: &NodeSelectorTerm) -> NodeTerm {
    NodeTerm {
        expressions: native.match_expressions.iter().flatten().map(requirement).collect(),
        fields: native.match_fields.iter().flatten().map(requirement).collect(),
    }
}

/// A term of the algebra, for a manifest.
#[must_use]
pub(crate) fn native_node_term(term: &NodeTerm) -> NodeSelectorTerm {
    let list = |requirements: &[Requirement]| {
        (!requirements.is_empty()).then(|| requirements.iter().map(native_requirement).collect())
    };
    NodeSelectorTerm {
        match_expressions: list(&term.expressions),
        match_fields: list(&term.fields),
    }
}

/// A label selector, for the algebra: `matchLabels` first.
#[must_use]
pub(crate) fn selector(native: &LabelSelector) -> Selector {
    let labels = native.match_labels.iter().flatten();
    let labels = labels.map(|(key, value)| Requirement::one_of(key, &[value.as_str()]));
    let expressions = native.match_expressions.iter().flatten().map(|expression| Requirement {
        key: expression.key.clone(),
        operator: Operator::read(&expression.operator),
        values: expression.values.clone().unwrap_or_default(),
    });
    Selector { requirements: labels.chain(expressions).collect() }
}

/// A selector of the algebra, for a manifest: equalities as `matchLabels`.
#[must_use]
pub(crate) fn native_selector(selector: &Selector) -> LabelSelector {
    let mut labels = Map::new();
    let mut expressions = Vec::new();
    for requirement in &selector.requirements {
        match (&requirement.operator, requirement.values.as_slice()) {
            (Operator::In, [value]) if !labels.contains_key(&requirement.key) => {
                labels.insert(requirement.key.clone(), value.clone());
            }
            (operator, values) => expressions.push(LabelSelectorRequirement {
                key: requirement.key.clone(),
                operator: operator.as_str().to_owned(),
                values: (!values.is_empty()).then(|| values.to_vec()),
            }),
        }
    }
    LabelSelector {
        match_labels: (!labels.is_empty()).then_some(labels),
        match_expressions: (!expressions.is_empty()).then_some(expressions),
    }
}

/// A selector of a rule, for the algebra.
#[must_use]
pub(crate) fn rule_selector(written: &intent::Selector) -> Selector {
    Selector { requirements: written.requirements.iter().map(rule_requirement).collect() }
}

/// A requirement of a rule, for the algebra.
#[must_use]
pub(crate) fn rule_requirement(written: &intent::Requirement) -> Requirement {
    let operator = match written.operator {
        intent::Operator::In => Operator::In,
        intent::Operator::NotIn => Operator::NotIn,
        intent::Operator::Exists => Operator::Exists,
        intent::Operator::DoesNotExist => Operator::DoesNotExist,
        intent::Operator::Gt => Operator::Gt,
        intent::Operator::Lt => Operator::Lt,
    };
    Requirement { key: written.key.clone(), operator, values: written.values.clone() }
}

/// A requirement with one operator and no values.
#[must_use]
pub(crate) fn bare_requirement(key: &str, operator: Operator) -> Requirement {
    Requirement { key: key.to_owned(), operator, values: Vec::new() }
}

/// A toleration of the vocabulary, for a manifest.
#[must_use]
pub(crate) fn native_toleration(written: &vocabulary::Toleration) -> Toleration {
    let text = |value: &str| (!value.is_empty()).then(|| value.to_owned());
    Toleration {
        key: text(&written.key),
        operator: text(&written.operator),
        value: text(&written.value),
        effect: text(&written.effect),
        toleration_seconds: written.toleration_seconds,
    }
}

/// A toleration, for the algebra.
#[must_use]
pub(crate) fn toleration(native: &Toleration) -> tolerations::Toleration {
    let operator = match native.operator.as_deref() {
        None | Some("" | "Equal") => TolerationOperator::Equal,
        Some("Exists") => TolerationOperator::Exists,
        Some(other) => TolerationOperator::Other(other.to_owned()),
    };
    tolerations::Toleration {
        key: native.key.clone().unwrap_or_default(),
        operator,
        value: native.value.clone().unwrap_or_default(),
        effect: native.effect.clone().unwrap_or_default(),
        seconds: native.toleration_seconds,
    }
}

/// A pod (anti-)affinity term whose label keys are merged as far as the pod's labels are known.
///
/// The API server does the same merge when it stores the pod (KEP-3633); before that, and in
/// templates, a key that the pods will carry but the template lacks stays symbolic.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PodTerm {
    /// The term with the known label keys merged in, selector in canonical form.
    pub(crate) term: AffinityTerm,
    /// `matchLabelKeys` whose values are not known.
    pub(crate) match_keys: BTreeSet<String>,
    /// `mismatchLabelKeys` whose values are not known.
    pub(crate) mismatch_keys: BTreeSet<String>,
}

/// Reads a term as it stands in a pod with `labels`.
#[must_use]
pub(crate) fn pod_term(native: &PodAffinityTerm, labels: &Map) -> PodTerm {
    let unknown = |keys: &Option<Vec<String>>| {
        let keys = keys.iter().flatten().filter(|key| !labels.contains_key(*key));
        keys.cloned().collect::<BTreeSet<_>>()
    };
    let mut namespaces = native.namespaces.clone().unwrap_or_default();
    namespaces.sort();
    namespaces.dedup();
    let selector = merged_selector(native, labels);
    let (match_keys, mismatch_keys) = match selector {
        // Keys are not looked at beside a null selector.
        None => (BTreeSet::new(), BTreeSet::new()),
        Some(_) => (unknown(&native.match_label_keys), unknown(&native.mismatch_label_keys)),
    };
    let term = AffinityTerm {
        selector: selector.map(|selector| selector.canonical()),
        namespaces,
        namespace_selector: native
            .namespace_selector
            .as_ref()
            .map(|native| self::selector(native).canonical()),
        topology_key: native.topology_key.clone(),
    };
    PodTerm { term, match_keys, mismatch_keys }
}

/// A term's selector with the label keys merged that the pod carries.
pub(crate) fn merged_selector(native: &PodAffinityTerm, labels: &Map) -> Option<Selector> {
    let list = |keys: &Option<Vec<String>>| keys.clone().unwrap_or_default();
    let (same, other) = (list(&native.match_label_keys), list(&native.mismatch_label_keys));
    let selector = native.label_selector.as_ref().map(selector);
    pod_affinity::merge_label_keys(selector.as_ref(), &same, &other, labels)
}

/// A node affinity's required terms, if there are any rules.
#[must_use]
pub(crate) fn required_node_terms(spec: &crate::object::PodSpec) -> Option<&[NodeSelectorTerm]> {
    let node = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let required = node.required_during_scheduling_ignored_during_execution.as_ref()?;
    Some(&required.node_selector_terms)
}

/// Required pod affinity terms.
#[must_use]
pub(crate) fn required_affinity(spec: &crate::object::PodSpec) -> &[PodAffinityTerm] {
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.pod_affinity.as_ref());
    affinity
        .and_then(|pods| pods.required_during_scheduling_ignored_during_execution.as_deref())
        .unwrap_or_default()
}

/// Required pod anti-affinity terms.
#[must_use]
pub(crate) fn required_anti_affinity(spec: &crate::object::PodSpec) -> &[PodAffinityTerm] {
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.pod_anti_affinity.as_ref());
    affinity
        .and_then(|pods| pods.required_during_scheduling_ignored_during_execution.as_deref())
        .unwrap_or_default()
}

/// Whether a template requires others near or apart, by its fields or by words that are not read yet.
pub(crate) fn may_require_pods(template: &Template) -> bool {
    template.says_anything()
        || !required_affinity(&template.spec).is_empty()
        || !required_anti_affinity(&template.spec).is_empty()
}
