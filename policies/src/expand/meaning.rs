//! What the placement fields of a pod mean, in one form: pods with equal forms are placed alike on
//! every cluster.
//!
//! Two forms may differ and yet mean the same; the other way round never.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::PodAffinityTerm;
use placecard_feasibility::domain::Domain;
use placecard_feasibility::node_terms::{NodeTerm, Subject, is_dead, term_domains};
use placecard_feasibility::requirement::{Operator, Requirement, is_opaque};
use placecard_feasibility::tolerations::Toleration;

use super::present::{pod_term, sorted};
use super::spread::{self, Meaning};
use crate::frame::Frame;
use crate::native::{self, PodTerm};
use crate::object::{Map, PodSpec};

/// The label that the API server writes on every namespace, with its name.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// What the placement fields of a pod mean.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Meanings {
    /// `None` all nodes, else those that meet one of these.
    nodes: Option<BTreeSet<Conjunction>>,
    preferred_nodes: Vec<(i32, NodeTerm)>,
    near: BTreeSet<PodTerm>,
    apart: BTreeSet<PodTerm>,
    /// The flag: toward the pods, and not away from them.
    preferred_pods: Vec<(bool, i32, PodTerm)>,
    spread: BTreeSet<Meaning>,
    /// Those that decide how long a pod stays: the first one that fits counts, so they have an order.
    lasting: Vec<Toleration>,
    tolerations: BTreeSet<Toleration>,
}

/// What one term, with the pod's `nodeSelector`, demands of a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Conjunction {
    /// These values of these labels.
    Domains(BTreeMap<Subject, Domain>),
    /// An operator in it is not known.
    Opaque(NodeTerm),
}

impl Conjunction {
    fn is_possible(&self) -> bool {
        match self {
            Self::Domains(domains) => !domains.values().any(Domain::is_empty),
            Self::Opaque(_) => true,
        }
    }
}

impl Meanings {
    /// Of these fields, in the pods of this frame.
    pub(crate) fn of(spec: &PodSpec, frame: &Frame<'_>) -> Self {
        let affinity = spec.affinity.clone().unwrap_or_default();
        let mut preferred_nodes: Vec<_> = affinity
            .node_affinity
            .and_then(|nodes| nodes.preferred_during_scheduling_ignored_during_execution)
            .into_iter()
            .flatten()
            .map(|term| (term.weight, sorted(&term.preference)))
            .collect();
        preferred_nodes.sort();
        let near = affinity
            .pod_affinity
            .and_then(|pods| pods.preferred_during_scheduling_ignored_during_execution);
        let apart = affinity
            .pod_anti_affinity
            .and_then(|pods| pods.preferred_during_scheduling_ignored_during_execution);
        let read = |term: &PodAffinityTerm| without_namespace_name(pod_term(term, frame));
        let mut preferred_pods: Vec<_> = [(true, near), (false, apart)]
            .into_iter()
            .flat_map(|(toward, terms)| terms.into_iter().flatten().map(move |one| (toward, one)))
            .map(|(toward, term)| (toward, term.weight, read(&term.pod_affinity_term)))
            .collect();
        preferred_pods.sort();
        let tolerations: Vec<_> = spec.tolerations.iter().map(native::toleration).collect();
        let (lasting, others) = tolerations
            .into_iter()
            .partition(|one: &Toleration| matches!(one.effect.as_str(), "" | "NoExecute"));
        Self {
            nodes: nodes(spec),
            preferred_nodes,
            near: native::required_affinity(spec).iter().map(read).collect(),
            apart: native::required_anti_affinity(spec).iter().map(read).collect(),
            preferred_pods,
            spread: spec.spread.iter().map(|one| spread::meaning(one, frame.labels)).collect(),
            lasting,
            tolerations: others.into_iter().collect(),
        }
    }

    /// Whether these are `others` and the scheduler's built-in soft spread constraints.
    pub(crate) fn only_adds_default_spread(&self, others: &Self) -> bool {
        let mut with = others.clone();
        with.spread.extend(self.spread.iter().filter(|one| one.is_default()).cloned());
        with == *self
    }
}

/// Every namespace has that label, so to ask for it is to ask for nothing.
fn without_namespace_name(mut read: PodTerm) -> PodTerm {
    if let Some(selector) = &mut read.term.namespace_selector {
        let idle =
            |one: &Requirement| one.key == NAMESPACE_NAME && one.operator == Operator::Exists;
        selector.requirements.retain(|one| !idle(one));
    }
    read
}

fn nodes(spec: &PodSpec) -> Option<BTreeSet<Conjunction>> {
    match native::required_node_terms(spec) {
        None if spec.node_selector.is_empty() => None,
        None => Some(BTreeSet::from([conjunction(&NodeTerm::default(), &spec.node_selector)])),
        Some(terms) => {
            let terms = terms.iter().map(native::node_term).filter(|term| !is_dead(term));
            let terms = terms.map(|term| conjunction(&term, &spec.node_selector));
            Some(terms.filter(Conjunction::is_possible).collect())
        }
    }
}

fn conjunction(term: &NodeTerm, selector: &Map) -> Conjunction {
    let mut term = term.clone();
    let labels = selector.iter().map(|(key, value)| Requirement::one_of(key, &[value.as_str()]));
    term.expressions.extend(labels);
    if term.requirements().any(|(_, one)| is_opaque(one)) {
        term.expressions.sort();
        term.expressions.dedup();
        return Conjunction::Opaque(term);
    }
    Conjunction::Domains(term_domains(&term))
}
