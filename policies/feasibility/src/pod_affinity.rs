//! Required pod affinity and anti-affinity of one pod: can any other pod be its companion?
//!
//! Semantics: `pkg/scheduler/framework/plugins/interpodaffinity` of Kubernetes 1.34. An existing
//! pod counts as a companion only if it matches *all* required affinity terms.

use std::collections::BTreeSet;

use crate::domain::Domain;
use crate::label::{Labels, NAMESPACE_NAME};
use crate::requirement::{Operator, Requirement, matches};
use crate::selector::{Selector, equivalent, implies, selector_flaw};
use crate::solve::{Clause, Outcome, State, minimal, solve};

/// One term of pod affinity or anti-affinity, `matchLabelKeys` already merged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AffinityTerm {
    /// Which pods: `None` (null) none, empty all.
    pub selector: Option<Selector>,
    /// Namespaces by name. None here and no `namespace_selector`: the pod's own.
    pub namespaces: Vec<String>,
    /// Namespaces by label, besides those by name; empty: all.
    pub namespace_selector: Option<Selector>,
    /// The node label whose equal values make two nodes one domain.
    pub topology_key: String,
}

/// The caller's name of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TermId(pub u32);

/// A term with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedTerm {
    /// The caller's name for it.
    pub id: TermId,
    /// The term.
    pub term: AffinityTerm,
}

/// The pod whose terms are judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnPod {
    /// Its namespace.
    pub namespace: String,
    /// Its labels.
    pub labels: Labels,
}

/// One requirement of a term's selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SelectorAtom {
    /// The term.
    pub term: TermId,
    /// The index into its selector's requirements.
    pub requirement: usize,
}

/// Why no pod can be placed, in every cluster whatever runs there. Each set is minimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodContradiction {
    /// A required affinity term has no selector: it matches no pod.
    NilSelector {
        /// The affinity term.
        affinity: TermId,
    },
    /// No pod can match the selectors of all these required affinity terms.
    NoCommonPod {
        /// The label that would need two values.
        key: String,
        /// The clashing requirements; all of one term if its own selector can match nothing.
        clash: Vec<SelectorAtom>,
    },
    /// No namespace is meant by all these required affinity terms.
    NoCommonNamespace {
        /// The affinity terms.
        affinity: Vec<TermId>,
    },
    /// Each pod that could satisfy `affinity` is repelled by `anti` from the very domain it must
    /// share.
    CompanionRepelled {
        /// The affinity terms that together say which pods count.
        affinity: Vec<TermId>,
        /// The anti-affinity terms that repel them all.
        anti: Vec<TermId>,
        /// The level that both name.
        topology_key: String,
    },
    /// As `CompanionRepelled`, but the pod (or its copy) may match its own affinity: the first
    /// replica can start, a second one never can.
    OneReplica {
        /// The affinity terms that together say which pods count.
        affinity: Vec<TermId>,
        /// The anti-affinity terms that repel them all.
        anti: Vec<TermId>,
        /// The level that both name.
        topology_key: String,
    },
}

/// The selector with `matchLabelKeys` and `mismatchLabelKeys` merged as the API server merges them:
/// for each key that the pod has, `In` or `NotIn` with its value. A null selector stays null;
/// merging twice changes nothing.
#[must_use]
pub fn merge_label_keys(
    selector: Option<&Selector>,
    same: &[String],
    other: &[String],
    labels: &Labels,
) -> Option<Selector> {
    let mut merged = selector?.clone();
    let same = same.iter().map(|key| (Operator::In, key));
    for (operator, key) in same.chain(other.iter().map(|key| (Operator::NotIn, key))) {
        if let Some(value) = labels.get(key) {
            let one = Requirement::new(key, operator, &[value.as_str()]);
            if !merged.requirements.contains(&one) {
                merged.requirements.push(one);
            }
        }
    }
    Some(merged)
}

/// The namespaces that a term of a pod in `own` names one by one: its own if the term says nothing.
#[must_use]
pub fn named_namespaces(term: &AffinityTerm, own: &str) -> Vec<String> {
    if term.namespaces.is_empty() && term.namespace_selector.is_none() {
        vec![own.to_owned()]
    } else {
        term.namespaces.clone()
    }
}

/// Does the term of a pod in the namespace `own` select a pod in the namespace `other`, which has
/// the labels `namespace_labels` (with `kubernetes.io/metadata.name`)?
#[must_use]
pub fn term_selects(
    term: &AffinityTerm,
    own: &str,
    other: &str,
    labels: &Labels,
    namespace_labels: &Labels,
) -> bool {
    let by_label = || term.namespace_selector.as_ref().is_some_and(|s| s.matches(namespace_labels));
    term.selector.as_ref().is_some_and(|selector| selector.matches(labels))
        && (named_namespaces(term, own).iter().any(|name| name == other) || by_label())
}

/// True only if both terms, of a pod in the namespace `own`, speak of the same level and the same
/// namespaces, and every pod that `a` selects is certainly selected by `b`.
#[must_use]
pub fn term_implies(a: &AffinityTerm, b: &AffinityTerm, own: &str) -> bool {
    let names = |term| named_namespaces(term, own).into_iter().collect::<BTreeSet<_>>();
    let same_selected = match (&a.namespace_selector, &b.namespace_selector) {
        (None, None) => true,
        (Some(one), Some(other)) => equivalent(one, other),
        _ => false,
    };
    let narrower = match (&a.selector, &b.selector) {
        (None, None) => true,
        (Some(one), Some(other)) => implies(one, other),
        _ => false,
    };
    a.topology_key == b.topology_key && names(a) == names(b) && same_selected && narrower
}

/// All contradictions among the required terms of one pod; empty if none can be proved.
///
/// A proof holds for every cluster, every labelling of namespaces and both readings of negative
/// namespace selectors (kubernetes#141526): for affinity terms they count as "every namespace",
/// for anti-affinity terms as written. The pod's labels must be known completely, and
/// `OneReplica` speaks of replicas with equal labels and terms (so not of terms with
/// `matchLabelKeys: [apps.kubernetes.io/pod-index]`).
#[must_use]
pub fn decide(affinity: &[NamedTerm], anti: &[NamedTerm], own: &OwnPod) -> Vec<PodContradiction> {
    let mut found = Vec::new();
    let mut companions = Vec::new();
    for named in affinity {
        if named.term.selector.is_none() {
            found.push(PodContradiction::NilSelector { affinity: named.id });
        } else {
            companions.push(Companion::of(named, own));
        }
    }
    let before = found.len();
    found.extend(no_common_pod(&companions));
    found.extend(no_common_namespace(&companions));
    if found.len() > before {
        return found;
    }
    let mut keys: Vec<&str> = Vec::new();
    for one in &companions {
        let key = one.named.term.topology_key.as_str();
        if !keys.contains(&key) {
            keys.push(key);
            found.extend(repelled(&companions, anti, own, key));
        }
    }
    found
}

/// What the search is about: a label of the companion pod or of its namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Variable {
    Pod(String),
    Namespace(String),
}

/// A required affinity term as conditions on the companion.
struct Companion<'a> {
    named: &'a NamedTerm,
    selector: Clause<Variable>,
    scope: Clause<Variable>,
}

impl<'a> Companion<'a> {
    fn of(named: &'a NamedTerm, own: &OwnPod) -> Self {
        let selected = named.term.selector.iter().flat_map(Selector::domains);
        let cube = selected.map(|(key, domain)| (Variable::Pod(key), domain)).collect();
        let mut scope = Vec::new();
        let names = named_namespaces(&named.term, &own.namespace);
        if !names.is_empty() {
            scope.push(vec![(namespace_name(), Domain::one_of(&names))]);
        }
        if let Some(selector) = &named.term.namespace_selector {
            let domains = selector.domains();
            // It matches the empty set of labels: every namespace, in the wider reading.
            let wide = domains.values().all(|domain| domain.absent);
            let narrow = domains.into_iter().filter(|_| !wide);
            let cube = narrow.map(|(key, domain)| (Variable::Namespace(key), domain)).collect();
            scope.push(cube);
        }
        Self { named, selector: vec![cube], scope }
    }
}

fn namespace_name() -> Variable {
    Variable::Namespace(NAMESPACE_NAME.to_owned())
}

/// Every namespace carries its name as a label.
fn any_namespace() -> State<Variable> {
    State::from([(namespace_name(), Domain::present())])
}

/// The work that one question may cost, in cubes looked at.
const BUDGET: u64 = 100_000;

fn is_refuted(start: State<Variable>, clauses: &[&Clause<Variable>], budget: &mut u64) -> bool {
    matches!(solve(start, clauses, budget), Outcome::Unsatisfiable)
}

/// The affinity terms whose own selector matches no pod; if there is none, the fewest terms that
/// match no pod together.
fn no_common_pod(companions: &[Companion<'_>]) -> Vec<PodContradiction> {
    let alone: Vec<PodContradiction> =
        companions.iter().filter_map(|one| selector_clash(&[one])).collect();
    if !alone.is_empty() {
        return alone;
    }
    let chosen = |indices: &[usize]| -> Vec<&Companion<'_>> {
        indices.iter().filter_map(|index| companions.get(*index)).collect()
    };
    let all: Vec<&Companion<'_>> = companions.iter().collect();
    if selector_clash(&all).is_none() {
        return alone;
    }
    let core = minimal(companions.len(), &mut |some| selector_clash(&chosen(some)).is_some());
    selector_clash(&chosen(&core)).into_iter().collect()
}

/// Requirements of these terms' selectors that exclude one another.
fn selector_clash(companions: &[&Companion<'_>]) -> Option<PodContradiction> {
    let mut joint = Selector::everything();
    let mut atoms = Vec::new();
    for one in companions {
        let requirements = one.named.term.selector.iter().flat_map(|s| &s.requirements);
        for (requirement, written) in requirements.enumerate() {
            joint.requirements.push(written.clone());
            atoms.push(SelectorAtom { term: one.named.id, requirement });
        }
    }
    let core = joint.satisfiable().err()?;
    let key = core.first().and_then(|index| joint.requirements.get(*index))?.key.clone();
    let clash = core.iter().filter_map(|index| atoms.get(*index).copied()).collect();
    Some(PodContradiction::NoCommonPod { key, clash })
}

fn no_common_namespace(companions: &[Companion<'_>]) -> Option<PodContradiction> {
    let mut budget = BUDGET;
    let mut refuted = |chosen: &[usize]| {
        let chosen: Vec<&Clause<Variable>> = chosen
            .iter()
            .filter_map(|index| companions.get(*index))
            .map(|one| &one.scope)
            .collect();
        is_refuted(any_namespace(), &chosen, &mut budget)
    };
    if !refuted(&(0..companions.len()).collect::<Vec<_>>()) {
        return None;
    }
    let core = minimal(companions.len(), &mut refuted);
    let affinity = core.iter().filter_map(|index| companions.get(*index)).map(|one| one.named.id);
    Some(PodContradiction::NoCommonNamespace { affinity: affinity.collect() })
}

/// The pods that the anti-affinity term does not select, as a clause; `None` if the term selects
/// nothing or cannot be read.
fn spared(term: &AffinityTerm, own: &OwnPod) -> Option<Clause<Variable>> {
    let selector = term.selector.as_ref()?;
    let mut requirements = selector
        .requirements
        .iter()
        .chain(term.namespace_selector.iter().flat_map(|s| &s.requirements));
    if requirements.any(|one| selector_flaw(one).is_some()) {
        return None;
    }
    let outside = |(key, domain): (String, Domain)| (Variable::Pod(key), domain.complement());
    let mut clause: Clause<Variable> =
        selector.domains().into_iter().map(|pair| vec![outside(pair)]).collect();
    let names = Domain::one_of(&named_namespaces(term, &own.namespace)).complement();
    match &term.namespace_selector {
        None => clause.push(vec![(namespace_name(), names)]),
        Some(selector) => clause.extend(selector.domains().into_iter().map(|(key, domain)| {
            vec![(namespace_name(), names.clone()), (Variable::Namespace(key), domain.complement())]
        })),
    }
    Some(clause)
}

/// May the pod be selected by all of these affinity terms, for some labels of its namespace?
fn may_match_itself(companions: &[&Companion<'_>], own: &OwnPod, budget: &mut u64) -> bool {
    let selected = |one: &&Companion<'_>| {
        let mut requirements = one.named.term.selector.iter().flat_map(|s| &s.requirements);
        requirements.all(|one| selector_flaw(one).is_some() || matches(one, &own.labels))
    };
    let scopes: Vec<&Clause<Variable>> = companions.iter().map(|one| &one.scope).collect();
    let start = State::from([(namespace_name(), Domain::one_of(&[own.namespace.as_str()]))]);
    companions.iter().all(selected) && !is_refuted(start, &scopes, budget)
}

/// Are all possible companions repelled from the domain of `key`?
fn repelled(
    companions: &[Companion<'_>],
    anti: &[NamedTerm],
    own: &OwnPod,
    key: &str,
) -> Option<PodContradiction> {
    let anti: Vec<(TermId, Clause<Variable>)> = (anti.iter())
        .filter(|named| named.term.topology_key == key)
        .filter_map(|named| Some((named.id, spared(&named.term, own)?)))
        .collect();
    if anti.is_empty() {
        return None;
    }
    let all: Vec<&Companion<'_>> = companions.iter().collect();
    let mut budget = BUDGET;
    let own_kind = may_match_itself(&all, own, &mut budget);
    let split = |chosen: &[usize]| {
        let terms: Vec<&Companion<'_>> =
            chosen.iter().filter_map(|index| companions.get(*index)).collect();
        let away = chosen.iter().filter_map(|index| anti.get(index.checked_sub(companions.len())?));
        (terms, away.collect::<Vec<_>>())
    };
    let mut clashes = |chosen: &[usize]| {
        let (terms, away) = split(chosen);
        let mut clauses: Vec<&Clause<Variable>> = Vec::new();
        clauses.extend(terms.iter().flat_map(|one| [&one.selector, &one.scope]));
        clauses.extend(away.iter().map(|(_, spared)| spared));
        terms.iter().any(|one| one.named.term.topology_key == key)
            && (own_kind || !may_match_itself(&terms, own, &mut budget))
            && is_refuted(any_namespace(), &clauses, &mut budget)
    };
    let count = companions.len() + anti.len();
    if !clashes(&(0..count).collect::<Vec<_>>()) {
        return None;
    }
    let core = minimal(count, &mut clashes);
    let (terms, away) = split(&core);
    let affinity = terms.iter().map(|one| one.named.id).collect();
    let anti = away.iter().map(|(id, _)| *id).collect();
    let topology_key = key.to_owned();
    Some(if own_kind {
        PodContradiction::OneReplica { affinity, anti, topology_key }
    } else {
        PodContradiction::CompanionRepelled { affinity, anti, topology_key }
    })
}
