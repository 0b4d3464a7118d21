//! What the fields hold already, read once and kept in a form to compare with: a pod may hold
//! thousands of elements, and as many rules may ask for more.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{NodeSelectorTerm, PodAffinityTerm};
use placecard_feasibility::node_terms::NodeTerm;

use super::spread::{self, Meaning};
use super::tolerations::Held;
use crate::frame::Frame;
use crate::native::{self, PodTerm};
use crate::object::PodSpec;

/// The elements of the lists that expansion adds to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Present {
    pub(crate) tolerations: Held,
    /// With their weights.
    pub(crate) preferred_nodes: BTreeSet<(i32, NodeTerm)>,
    /// With their weights; the flag: toward the pods, and not away from them.
    pub(crate) preferred_pods: BTreeSet<(bool, i32, PodTerm)>,
    /// Required anti-affinity.
    pub(crate) apart: Apart,
    /// The first constraint of a topology key and `whenUnsatisfiable`: its index and its meaning.
    pub(crate) spread: BTreeMap<(String, String), (usize, Meaning)>,
    /// The constraints that were there before the expansion.
    pub(crate) written_spread: Vec<Meaning>,
    /// What rules and defaults ask for.
    pub(crate) wanted_spread: BTreeSet<Meaning>,
    /// What was noted already.
    pub(crate) notes: BTreeSet<String>,
}

/// Required anti-affinity terms.
#[derive(Clone, Debug, Default)]
pub(crate) struct Apart {
    equal: BTreeSet<PodTerm>,
    by_level: BTreeMap<String, Vec<PodTerm>>,
    compared: usize,
}

/// Terms that are compared by what they imply in one expansion; after that only equal ones are
/// found, and a term that says nothing new is written.
const MOST_COMPARED: usize = 50_000;

impl Apart {
    pub(crate) fn insert(&mut self, term: PodTerm) {
        self.by_level.entry(term.term.topology_key.clone()).or_default().push(term.clone());
        self.equal.insert(term);
    }

    /// Whether a term is there that repels at least as much.
    pub(crate) fn implied(
        &mut self,
        wanted: &PodTerm,
        implies: fn(&PodTerm, &PodTerm) -> bool,
    ) -> bool {
        if self.equal.contains(wanted) {
            return true;
        }
        let left = MOST_COMPARED.saturating_sub(self.compared);
        let terms = self.by_level.get(&wanted.term.topology_key).map(Vec::as_slice);
        let terms = terms.unwrap_or_default();
        let looked_at = terms.iter().take(left);
        let found = looked_at.clone().position(|term| implies(wanted, term));
        self.compared += found.map_or(looked_at.len(), |index| index + 1);
        found.is_some()
    }
}

impl Present {
    /// Reads the fields of a pod.
    pub(crate) fn of(spec: &PodSpec, frame: &Frame<'_>) -> Self {
        let mut present = Self { tolerations: Held::of(&spec.tolerations), ..Self::default() };
        for term in native::required_anti_affinity(spec) {
            present.apart.insert(pod_term(term, frame));
        }
        for (index, constraint) in spec.spread.iter().enumerate() {
            let meaning = spread::meaning(constraint, frame.labels);
            present.written_spread.push(meaning.clone());
            present.spread.entry(meaning.slot()).or_insert((index, meaning));
        }
        let Some(affinity) = &spec.affinity else { return present };
        let nodes = affinity.node_affinity.as_ref();
        let nodes = nodes
            .and_then(|nodes| nodes.preferred_during_scheduling_ignored_during_execution.as_ref());
        for term in nodes.into_iter().flatten() {
            present.preferred_nodes.insert((term.weight, sorted(&term.preference)));
        }
        let near = affinity.pod_affinity.as_ref();
        let near = near
            .and_then(|pods| pods.preferred_during_scheduling_ignored_during_execution.as_ref());
        let apart = affinity.pod_anti_affinity.as_ref();
        let apart = apart
            .and_then(|pods| pods.preferred_during_scheduling_ignored_during_execution.as_ref());
        for (toward, terms) in [(true, near), (false, apart)] {
            for term in terms.into_iter().flatten() {
                let read = pod_term(&term.pod_affinity_term, frame);
                present.preferred_pods.insert((toward, term.weight, read));
            }
        }
        present
    }
}

/// Requirements and values in one order, to compare what other webhooks reordered.
pub(crate) fn sorted(native: &NodeSelectorTerm) -> NodeTerm {
    let mut term = native::node_term(native);
    for requirement in term.expressions.iter_mut().chain(&mut term.fields) {
        requirement.values.sort();
        requirement.values.dedup();
    }
    for requirements in [&mut term.expressions, &mut term.fields] {
        requirements.sort();
        requirements.dedup();
    }
    term
}

/// A term as it stands in the pod; to name the own namespace alone is to name none.
pub(crate) fn pod_term(native: &PodAffinityTerm, frame: &Frame<'_>) -> PodTerm {
    let mut read = native::pod_term(native, frame.labels);
    let names_own = [frame.namespace.to_owned()] == *read.term.namespaces;
    if names_own && read.term.namespace_selector.is_none() {
        read.term.namespaces.clear();
    }
    read
}
