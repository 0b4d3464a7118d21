//! What most rules look at: read from a template once, when the first of them asks.

use std::cell::OnceCell;

use k8s_openapi::api::core::v1::NodeSelectorTerm;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use placecard_feasibility::node_terms::NodeTerm;
use placecard_findings::FieldPath;

use super::TemplateCase;
use super::alternatives::alternatives;
use super::amounts::{Container, containers};
use super::terms::{
    Expression, KeyOf, NodeDemand, PodDemand, Wish, expressions, label_selectors, node_demands,
    node_terms, pod_demands, topology_keys,
};

/// What was read from a template so far.
#[derive(Default)]
pub(crate) struct Seen<'a> {
    node_demands: OnceCell<Vec<NodeDemand>>,
    node_terms: OnceCell<Vec<(Wish, FieldPath, &'a NodeSelectorTerm)>>,
    pod_demands: OnceCell<Vec<PodDemand<'a>>>,
    topology_keys: OnceCell<Vec<(KeyOf, &'a str, FieldPath)>>,
    label_selectors: OnceCell<Vec<(FieldPath, &'a LabelSelector)>>,
    expressions: OnceCell<Vec<Expression<'a>>>,
    alternatives: OnceCell<Vec<NodeTerm>>,
    containers: OnceCell<Vec<Container>>,
}

impl<'a> TemplateCase<'a> {
    /// All demands on labels of nodes, in the order of the fields.
    pub(crate) fn node_demands(&self) -> &[NodeDemand] {
        self.seen.node_demands.get_or_init(|| node_demands(self.template))
    }

    /// The terms of node affinity, required ones first.
    pub(crate) fn node_terms(&self) -> &[(Wish, FieldPath, &'a NodeSelectorTerm)] {
        self.seen.node_terms.get_or_init(|| node_terms(self.template))
    }

    /// All terms about pods: near before apart, required before preferred.
    pub(crate) fn pod_demands(&self) -> &[PodDemand<'a>] {
        self.seen.pod_demands.get_or_init(|| pod_demands(self.template))
    }

    /// All topology keys, each with its path.
    pub(crate) fn topology_keys(&self) -> &[(KeyOf, &'a str, FieldPath)] {
        self.seen.topology_keys.get_or_init(|| topology_keys(self.template))
    }

    /// All selectors of pods and namespaces below the pod spec, with their paths.
    pub(crate) fn label_selectors(&self) -> &[(FieldPath, &'a LabelSelector)] {
        self.seen.label_selectors.get_or_init(|| label_selectors(self.template))
    }

    /// All expressions below the pod spec.
    pub(crate) fn expressions(&self) -> &[Expression<'a>] {
        self.seen.expressions.get_or_init(|| expressions(self.template))
    }

    /// What is required of a node, as alternatives.
    pub(crate) fn alternatives(&self) -> &[NodeTerm] {
        self.seen.alternatives.get_or_init(|| alternatives(self.template))
    }

    /// The containers of the template, those that run first included.
    pub(crate) fn containers(&self) -> &[Container] {
        self.seen.containers.get_or_init(|| containers(self))
    }
}
