//! What most rules look at: read from a template once, when the first of them asks.

use std::cell::OnceCell;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use placecard_feasibility::node_terms::NodeTerm;
use placecard_findings::FieldPath;

use super::TemplateCase;
use super::alternatives::{alternatives, some_is_possible};
use super::amounts::{Container, containers};
use super::inputs::{Inputs, TemplateFacts};
use super::terms::{
    Expression, KeyOf, NodeDemand, NodeWish, PodDemand, expressions, label_selectors, node_demands,
    node_terms, pod_demands, topology_keys,
};
use crate::native;

/// What was read from a template so far.
#[derive(Default)]
pub(crate) struct Seen<'a> {
    node_demands: OnceCell<Vec<NodeDemand>>,
    node_terms: OnceCell<Vec<NodeWish<'a>>>,
    pod_demands: OnceCell<Vec<PodDemand<'a>>>,
    topology_keys: OnceCell<Vec<(KeyOf, &'a str, FieldPath)>>,
    label_selectors: OnceCell<Vec<(FieldPath, &'a LabelSelector)>>,
    expressions: OnceCell<Vec<Expression<'a>>>,
    alternatives: OnceCell<Vec<NodeTerm>>,
    some_is_possible: OnceCell<bool>,
    containers: OnceCell<Vec<Container>>,
    facts: OnceCell<Option<&'a TemplateFacts>>,
}

impl<'a> TemplateCase<'a> {
    /// Everything that was read, and what it says of the template under review.
    pub(crate) fn among(&self) -> Option<(&'a Inputs, &'a TemplateFacts)> {
        let inputs = self.surroundings.inputs.all()?;
        let of = || inputs.of(&self.object.reference, &self.template.path);
        Some((inputs, (*self.seen.facts.get_or_init(of))?))
    }

    /// As [`TemplateCase::among`], for rules about the pods that these are required near or apart from:
    /// who requires none need not be told of others.
    pub(crate) fn among_required(&self) -> Option<(&'a Inputs, &'a TemplateFacts)> {
        if native::may_require_pods(self.template) { self.among() } else { None }
    }

    /// All demands on labels of nodes, in the order of the fields.
    pub(crate) fn node_demands(&self) -> &[NodeDemand] {
        self.seen.node_demands.get_or_init(|| node_demands(self.template, self.node_terms()))
    }

    /// The terms of node affinity, required ones first.
    pub(crate) fn node_terms(&self) -> &[NodeWish<'a>] {
        self.seen.node_terms.get_or_init(|| node_terms(self.template))
    }

    /// All terms about pods: near before apart, required before preferred.
    pub(crate) fn pod_demands(&self) -> &[PodDemand<'a>] {
        self.seen.pod_demands.get_or_init(|| pod_demands(self.template))
    }

    /// All topology keys, each with its path.
    pub(crate) fn topology_keys(&self) -> &[(KeyOf, &'a str, FieldPath)] {
        self.seen.topology_keys.get_or_init(|| topology_keys(self.template, self.pod_demands()))
    }

    /// All selectors of pods and namespaces below the pod spec, with their paths.
    pub(crate) fn label_selectors(&self) -> &[(FieldPath, &'a LabelSelector)] {
        self.seen.label_selectors.get_or_init(|| label_selectors(self.template, self.pod_demands()))
    }

    /// All expressions below the pod spec.
    pub(crate) fn expressions(&self) -> &[Expression<'a>] {
        self.seen.expressions.get_or_init(|| expressions(self.node_terms(), self.label_selectors()))
    }

    /// What is required of a node, as alternatives.
    pub(crate) fn alternatives(&self) -> &[NodeTerm] {
        self.seen.alternatives.get_or_init(|| alternatives(self.template))
    }

    /// Whether some node could meet one of these. Where none could, that is told as a contradiction,
    /// and single alternatives are not.
    pub(crate) fn some_is_possible(&self) -> bool {
        let some = || some_is_possible(self.alternatives());
        *self.seen.some_is_possible.get_or_init(some)
    }

    /// The containers of the template, those that run first included.
    pub(crate) fn containers(&self) -> &[Container] {
        self.seen.containers.get_or_init(|| containers(self))
    }
}
