//! The places of a pod spec where labels of nodes and pods are named, each with its path.

use k8s_openapi::api::core::v1::{NodeSelectorTerm, PodAffinityTerm, WeightedPodAffinityTerm};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use placecard_feasibility::requirement::Requirement;
use placecard_findings::FieldPath;

use crate::native;
use crate::object::Template;

/// How a label of a node is demanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// By `nodeSelector`.
    Selector,
    /// By a required term of node affinity.
    Required,
    /// By a preferred one.
    Preferred,
}

/// A demand on the labels of a node.
#[derive(Clone, Debug)]
pub(crate) struct NodeDemand {
    /// By what.
    pub(crate) wish: Wish,
    /// The label and its values.
    pub(crate) requirement: Requirement,
    /// Where the key stands: the entry of `nodeSelector`, or the expression.
    pub(crate) path: FieldPath,
}

impl NodeDemand {
    /// The path of its key; an entry of a mapping has its key as its name.
    pub(crate) fn key_path(&self) -> FieldPath {
        match self.wish {
            Wish::Selector => self.path.clone(),
            Wish::Required | Wish::Preferred => self.path.key("key"),
        }
    }

    /// The path of the value at an index.
    pub(crate) fn value_path(&self, index: usize) -> FieldPath {
        match self.wish {
            Wish::Selector => self.path.clone(),
            Wish::Required | Wish::Preferred => self.path.key("values").index(index),
        }
    }
}

/// All demands on labels of nodes, in the order of the fields.
pub(super) fn node_demands(template: &Template, terms: &[NodeWish<'_>]) -> Vec<NodeDemand> {
    let selector = template.spec_path(&["nodeSelector"]);
    let mut found: Vec<NodeDemand> = template
        .spec
        .node_selector
        .iter()
        .map(|(key, value)| NodeDemand {
            wish: Wish::Selector,
            requirement: Requirement::one_of(key, &[value.as_str()]),
            path: selector.key(key),
        })
        .collect();
    for (wish, path, term) in terms {
        for (index, requirement) in native::node_term(term).expressions.into_iter().enumerate() {
            let path = path.key("matchExpressions").index(index);
            found.push(NodeDemand { wish: *wish, requirement, path });
        }
    }
    found
}

/// A term of node affinity: whether it must hold, where it stands, what it says.
pub(crate) type NodeWish<'a> = (Wish, FieldPath, &'a NodeSelectorTerm);

/// The terms of node affinity, required ones first.
pub(super) fn node_terms(template: &Template) -> Vec<NodeWish<'_>> {
    let affinity = template.spec.affinity.as_ref().and_then(|all| all.node_affinity.as_ref());
    if affinity.is_none() {
        return Vec::new();
    }
    let at = template.spec_path(&["affinity", "nodeAffinity"]);
    let required =
        at.keys(&["requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"]);
    let preferred = at.key("preferredDuringSchedulingIgnoredDuringExecution");
    let terms = native::required_node_terms(&template.spec).unwrap_or_default();
    let mut found: Vec<NodeWish<'_>> = terms
        .iter()
        .enumerate()
        .map(|(index, term)| (Wish::Required, required.index(index), term))
        .collect();
    let wishes = affinity
        .and_then(|nodes| nodes.preferred_during_scheduling_ignored_during_execution.as_ref());
    for (index, wish) in wishes.into_iter().flatten().enumerate() {
        found.push((Wish::Preferred, preferred.index(index).key("preference"), &wish.preference));
    }
    found
}

/// A term about pods.
#[derive(Clone, Debug)]
pub(crate) struct PodDemand<'a> {
    /// Near such pods, or apart from them.
    pub(crate) near: bool,
    /// It must hold; else it is preferred.
    pub(crate) required: bool,
    /// The term.
    pub(crate) term: &'a PodAffinityTerm,
    /// Where the term stands.
    pub(crate) path: FieldPath,
}

/// All terms about pods: near before apart, required before preferred.
pub(super) fn pod_demands<'a>(template: &'a Template) -> Vec<PodDemand<'a>> {
    let Some(affinity) = &template.spec.affinity else { return Vec::new() };
    let at = template.spec_path(&["affinity"]);
    let mut found = Vec::new();
    let mut add = |near: bool, (musts, wishes): Lists<'a>| {
        let at = at.key(if near { "podAffinity" } else { "podAntiAffinity" });
        let must = at.key("requiredDuringSchedulingIgnoredDuringExecution");
        for (index, term) in musts.unwrap_or_default().iter().enumerate() {
            found.push(PodDemand { near, required: true, term, path: must.index(index) });
        }
        let wish = at.key("preferredDuringSchedulingIgnoredDuringExecution");
        for (index, one) in wishes.unwrap_or_default().iter().enumerate() {
            let path = wish.index(index).key("podAffinityTerm");
            found.push(PodDemand { near, required: false, term: &one.pod_affinity_term, path });
        }
    };
    if let Some(near) = &affinity.pod_affinity {
        let musts = near.required_during_scheduling_ignored_during_execution.as_deref();
        let wishes = near.preferred_during_scheduling_ignored_during_execution.as_deref();
        add(true, (musts, wishes));
    }
    if let Some(apart) = &affinity.pod_anti_affinity {
        let musts = apart.required_during_scheduling_ignored_during_execution.as_deref();
        let wishes = apart.preferred_during_scheduling_ignored_during_execution.as_deref();
        add(false, (musts, wishes));
    }
    found
}

type Lists<'a> = (Option<&'a [PodAffinityTerm]>, Option<&'a [WeightedPodAffinityTerm]>);

/// What a topology key is for, which says what happens on nodes without the label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyOf {
    /// Required pod affinity: such nodes fail.
    Near,
    /// Required anti-affinity: such nodes pass.
    Apart,
    /// A hard spread constraint: such nodes fail.
    Spread,
    /// Something preferred: such nodes get no points.
    Preference,
}

/// All topology keys, each with its path.
pub(super) fn topology_keys<'a>(
    template: &'a Template,
    demands: &[PodDemand<'a>],
) -> Vec<(KeyOf, &'a str, FieldPath)> {
    let mut found: Vec<(KeyOf, &str, FieldPath)> = Vec::new();
    for demand in demands {
        let of = match (demand.required, demand.near) {
            (false, _) => KeyOf::Preference,
            (true, true) => KeyOf::Near,
            (true, false) => KeyOf::Apart,
        };
        found.push((of, &demand.term.topology_key, demand.path.key("topologyKey")));
    }
    let spread = template.spec_path(&["topologySpreadConstraints"]);
    for (index, one) in template.spec.spread.iter().enumerate() {
        let hard = one.when_unsatisfiable == "DoNotSchedule";
        let of = if hard { KeyOf::Spread } else { KeyOf::Preference };
        found.push((of, &one.topology_key, spread.index(index).key("topologyKey")));
    }
    found
}

/// What an expression is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// The labels of a node that is required.
    Required,
    /// The labels of a node that is preferred.
    Preferred,
    /// The labels of pods, or of their namespaces.
    Pods,
}

/// One of `matchExpressions`, as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Expression<'a> {
    /// Whose labels.
    pub(crate) about: About,
    /// `key`.
    pub(crate) key: &'a str,
    /// `operator`.
    pub(crate) operator: &'a str,
    /// `values`.
    pub(crate) values: &'a [String],
    /// Where the expression stands.
    pub(crate) path: FieldPath,
}

/// All selectors of pods and namespaces below the pod spec, with their paths.
pub(super) fn label_selectors<'a>(
    template: &'a Template,
    demands: &[PodDemand<'a>],
) -> Vec<(FieldPath, &'a LabelSelector)> {
    let mut found = Vec::new();
    for PodDemand { term, path, .. } in demands {
        found.extend(term.label_selector.as_ref().map(|one| (path.key("labelSelector"), one)));
        let namespaces = term.namespace_selector.as_ref();
        found.extend(namespaces.map(|one| (path.key("namespaceSelector"), one)));
    }
    let spread = template.spec_path(&["topologySpreadConstraints"]);
    for (index, one) in template.spec.spread.iter().enumerate() {
        let path = spread.index(index).key("labelSelector");
        found.extend(one.label_selector.as_ref().map(|selector| (path, selector)));
    }
    found
}

/// All expressions below the pod spec.
pub(super) fn expressions<'a>(
    terms: &[NodeWish<'a>],
    selectors: &[(FieldPath, &'a LabelSelector)],
) -> Vec<Expression<'a>> {
    let mut found = Vec::new();
    for (wish, path, term) in terms {
        let about = if *wish == Wish::Preferred { About::Preferred } else { About::Required };
        let list = term.match_expressions.iter().flatten().enumerate();
        found.extend(list.map(|(index, one)| Expression {
            about,
            key: &one.key,
            operator: &one.operator,
            values: one.values.as_deref().unwrap_or_default(),
            path: path.key("matchExpressions").index(index),
        }));
    }
    for (path, selector) in selectors {
        let list = selector.match_expressions.iter().flatten().enumerate();
        found.extend(list.map(|(index, one)| Expression {
            about: About::Pods,
            key: &one.key,
            operator: &one.operator,
            values: one.values.as_deref().unwrap_or_default(),
            path: path.key("matchExpressions").index(index),
        }));
    }
    found
}
