//! Required pod affinity and anti-affinity, in both directions.
//!
//! Semantics: `pkg/scheduler/framework/plugins/interpodaffinity/filtering.go`.

use std::collections::{BTreeMap, BTreeSet};

use crate::filter::cycle::Cycle;
use crate::filter::reason::Reason;
use crate::filter::{Rejection, Stage, Verdict};
use crate::inventory::Inventory;
use crate::inventory::kind::Kind;
use crate::inventory::node::Node;
use crate::inventory::pod::Pod;
use crate::judge::Semantics;
use crate::label::{Labels, NAMESPACE_NAME};
use crate::pod_affinity::{AffinityTerm, term_selects};
use crate::selector::Selector;

/// A node label and its value, and how many matches of terms were found there.
pub(crate) type Counts<'a> = BTreeMap<(&'a str, &'a str), i64>;

/// A term of the pod to be placed, its namespace selector resolved against the namespaces that
/// exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingTerm<'a> {
    term: &'a AffinityTerm,
    /// `None`: every namespace.
    namespaces: Option<BTreeSet<&'a str>>,
    /// There may be more namespaces: the labels of those are not known.
    open: bool,
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State<'a> {
    affinity: Vec<IncomingTerm<'a>>,
    /// There may be pods that match all affinity terms and that are not known.
    open: bool,
    anti_affinity: Vec<IncomingTerm<'a>>,
    /// Where pods match all affinity terms of the pod.
    companions: Counts<'a>,
    /// Where pods match an anti-affinity term of the pod.
    repelled: Counts<'a>,
    /// Where pods have an anti-affinity term that matches the pod.
    repelling: Counts<'a>,
}

/// Resolves a term of the pod to be placed. Before kubernetes#141526 was fixed, a namespace
/// selector that the empty label set meets matched every namespace.
#[must_use]
pub fn incoming_term<'a>(cycle: &Cycle<'a>, term: &'a AffinityTerm) -> IncomingTerm<'a> {
    let mut named: BTreeSet<&str> = term.namespaces.iter().map(String::as_str).collect();
    let Some(selector) = &term.namespace_selector else {
        if named.is_empty() {
            named.insert(&cycle.pod.namespace);
        }
        return IncomingTerm { term, namespaces: Some(named), open: false };
    };
    if matches_all(cycle.semantics, selector) {
        return IncomingTerm { term, namespaces: None, open: false };
    }
    if reads_unknown_labels(cycle.inventory, selector) {
        return IncomingTerm { term, namespaces: Some(named), open: true };
    }
    let selected = cycle.inventory.namespaces.iter().filter(|(_, labels)| selector.matches(labels));
    named.extend(selected.map(|(name, _)| name.as_str()));
    IncomingTerm { term, namespaces: Some(named), open: false }
}

/// Does the selector read labels of namespaces that are not known? Their names always are.
fn reads_unknown_labels(inventory: &Inventory, selector: &Selector) -> bool {
    let names = || selector.requirements.iter().all(|one| one.key == NAMESPACE_NAME);
    inventory.is_unknown(Kind::Namespace) && !names()
}

/// Might a term of the pod to be placed mean namespaces whose labels are not known?
pub(crate) fn is_open(inventory: &Inventory, semantics: Semantics, term: &AffinityTerm) -> bool {
    term.namespace_selector.as_ref().is_some_and(|selector| {
        !matches_all(semantics, selector) && reads_unknown_labels(inventory, selector)
    })
}

/// Does a namespace selector of the pod to be placed match every namespace?
fn matches_all(semantics: Semantics, selector: &Selector) -> bool {
    let widened = semantics.negative_namespace_selectors_match_all;
    selector.is_everything() || (widened && selector.matches(&Labels::new()))
}

/// Is it known whether a term of another pod speaks of the namespace of the pod to be placed?
fn is_known(cycle: &Cycle<'_>, term: &AffinityTerm) -> bool {
    let namespace = &cycle.pod.namespace;
    let Some(selector) = &term.namespace_selector else {
        return true;
    };
    let listed = || {
        let unknown = cycle.inventory.is_unknown(Kind::Namespace);
        !unknown || cycle.inventory.namespaces.contains_key(namespace)
    };
    let read = || !reads_unknown_labels(cycle.inventory, selector) && listed();
    selector.is_everything() || term.namespaces.contains(namespace) || read()
}

impl<'a> IncomingTerm<'a> {
    /// The term as it is written.
    #[must_use]
    pub fn term(&self) -> &'a AffinityTerm {
        self.term
    }

    /// The namespaces whose pods it may select; `None`: every namespace.
    pub(crate) const fn namespaces(&self) -> Option<&BTreeSet<&'a str>> {
        self.namespaces.as_ref()
    }

    /// Might the term select pods of the namespace?
    pub(crate) fn speaks_of(&self, namespace: &str) -> bool {
        self.namespaces.as_ref().is_none_or(|names| names.contains(namespace))
    }

    /// Does the term certainly select the pod?
    #[must_use]
    pub fn selects(&self, pod: &Pod) -> bool {
        self.speaks_of(&pod.namespace)
            && self.selects_labels(|key| pod.labels.get(key).map(String::as_str))
    }

    /// Does the term select pods of these labels, in the namespaces that it speaks of?
    pub(crate) fn selects_labels<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        self.term.selector.as_ref().is_some_and(|one| one.matches_by(label))
    }
}

/// Does a term of `owner`, a pod that is not to be placed, select the pod?
#[must_use]
pub fn existing_selects(term: &AffinityTerm, owner: &Pod, pod: &Pod, namespace: &Labels) -> bool {
    term_selects(term, &owner.namespace, &pod.namespace, &pod.labels, namespace)
}

/// Counts the matches.
#[must_use]
pub fn pre_filter<'a>(cycle: &Cycle<'a>) -> Stage<State<'a>> {
    let mut state = State::of(cycle);
    for host in &cycle.hosts {
        for other in &host.pods {
            state.add(other, cycle, host.node);
        }
    }
    state.staged()
}

impl<'a> State<'a> {
    /// Nothing is counted yet.
    fn of(cycle: &Cycle<'a>) -> Self {
        let resolve = |terms: &'a [AffinityTerm]| {
            terms.iter().map(|term| incoming_term(cycle, term)).collect::<Vec<_>>()
        };
        let affinity = resolve(&cycle.pod.affinity);
        let unknown = |kind| cycle.inventory.is_unknown(kind);
        let open = unknown(Kind::Pod) || unknown(Kind::Node) || affinity.iter().any(|it| it.open);
        let anti_affinity = resolve(&cycle.pod.anti_affinity);
        Self { affinity, open, anti_affinity, ..Self::default() }
    }

    fn staged(self) -> Stage<Self> {
        if self.repelling.is_empty() && self.affinity.is_empty() && self.anti_affinity.is_empty() {
            return Stage::Skip;
        }
        Stage::Ready(self)
    }

    /// The terms of the cycle with the pods of each domain, already counted.
    pub(crate) fn counted(
        cycle: &Cycle<'a>,
        companions: Counts<'a>,
        repelled: Counts<'a>,
        repelling: Counts<'a>,
    ) -> Stage<Self> {
        Self { companions, repelled, repelling, ..Self::of(cycle) }.staged()
    }

    /// Counts one more pod on the node.
    pub fn add(&mut self, other: &'a Pod, cycle: &Cycle<'a>, node: &'a Node) {
        self.change(other, cycle, node, 1);
    }

    /// Counts one pod of the node less.
    pub fn remove(&mut self, other: &'a Pod, cycle: &Cycle<'a>, node: &'a Node) {
        self.change(other, cycle, node, -1);
    }

    fn change(&mut self, other: &'a Pod, cycle: &Cycle<'a>, node: &'a Node, by: i64) {
        if !self.affinity.is_empty() && self.affinity.iter().all(|term| term.selects(other)) {
            for term in &self.affinity {
                count(&mut self.companions, term.term, node, by);
            }
        }
        for term in self.anti_affinity.iter().filter(|term| term.selects(other)) {
            count(&mut self.repelled, term.term, node, by);
        }
        if other.anti_affinity.is_empty() {
            return;
        }
        let namespace = cycle.namespace_labels(&cycle.pod.namespace);
        for term in other.anti_affinity.iter().filter(|term| is_known(cycle, term)) {
            if existing_selects(term, other, cycle.pod, namespace) {
                count(&mut self.repelling, term, node, by);
            }
        }
    }
}

/// A count that comes down to none is dropped.
fn count<'a>(counts: &mut Counts<'a>, term: &'a AffinityTerm, node: &'a Node, by: i64) {
    if let Some(value) = node.labels.get(&term.topology_key) {
        let place = (term.topology_key.as_str(), value.as_str());
        let known = counts.entry(place).or_default();
        *known += by;
        if *known == 0 {
            counts.remove(&place);
        }
    }
}

/// Judges one node.
///
/// # Errors
///
/// The rejection.
pub fn filter(state: &State<'_>, pod: &Pod, node: &Node) -> Verdict {
    if !affinity_holds(state, pod, node) {
        return Err(Rejection::unresolvable(Reason::PodAffinity));
    }
    let here = |counts: &Counts<'_>, key: &str| {
        let value = node.labels.get(key);
        value.is_some_and(|value| counts.contains_key(&(key, value.as_str())))
    };
    if state.anti_affinity.iter().any(|one| here(&state.repelled, &one.term.topology_key)) {
        return Err(Rejection::unschedulable(Reason::PodAntiAffinity));
    }
    if node.labels.keys().any(|key| here(&state.repelling, key)) {
        return Err(Rejection::unschedulable(Reason::ExistingAntiAffinity));
    }
    Ok(())
}

/// The node has all keys, and a companion in the domain of each. If there is no companion on a
/// node with any of the keys, a pod that selects itself may go first.
/// A companion that is not known may be anywhere.
fn affinity_holds(state: &State<'_>, pod: &Pod, node: &Node) -> bool {
    let mut together = true;
    for IncomingTerm { term, .. } in &state.affinity {
        let Some(value) = node.labels.get(&term.topology_key) else {
            return false;
        };
        together &= state.companions.contains_key(&(term.topology_key.as_str(), value.as_str()));
    }
    let first = || state.companions.is_empty() && state.affinity.iter().all(|one| one.selects(pod));
    together || state.open || first()
}
