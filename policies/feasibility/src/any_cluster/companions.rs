//! Which other pods must run for the pod's required affinity, and can they, beside its required
//! anti-affinity?
//!
//! For each topology key of an affinity term there must be a companion: a pod that *all* affinity
//! terms select and that no anti-affinity term with the same key does. One companion a key is
//! enough, on a node that shares this label alone with the pod's node. Companions are free but for
//! one thing: two in one namespace see the same labels of it. A namespace that no term names is
//! as good as any other such, so few names have to be tried.

use std::collections::BTreeSet;

use crate::any_cluster::Reading;
use crate::domain::Domain;
use crate::inventory::pod::Pod;
use crate::label::{Labels, NAMESPACE_NAME, is_node_name};
use crate::pod_affinity::{AffinityTerm, named_namespaces};
use crate::selector::{Selector, selector_flaw};
use crate::solve::{Clause, Cube, Outcome, State, minimal, solve, spend};

/// Another pod that has to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Companion {
    /// The topology key for which it is needed.
    pub(super) key: String,
    /// Its namespace.
    pub(super) namespace: String,
    /// Its labels.
    pub(super) labels: Labels,
}

/// What has to run beside the pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Companions {
    /// The pods.
    pub(super) pods: Vec<Companion>,
    /// Labels of namespaces, their names aside.
    pub(super) namespaces: Vec<(String, Labels)>,
}

/// The answer of the search.
pub(super) enum Answer {
    /// These will do.
    Found(Companions),
    /// There are none.
    None,
    /// The budget ran out.
    Undecided,
}

/// What the search is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Variable {
    /// The namespace of a companion.
    Name(usize),
    /// A label of a companion.
    Pod(usize, String),
    /// A label of a namespace.
    Namespace(String, String),
}

/// The namespaces that a term means.
enum Scope {
    All,
    Some { names: BTreeSet<String>, selector: Option<Selector> },
}

/// A pod's required affinity and anti-affinity.
pub(super) struct Problem<'a> {
    pod: &'a Pod,
    reading: Reading,
    /// Legal names of namespaces that some term names, and the pod's own.
    names: BTreeSet<String>,
}

/// The work that one question may cost, in cubes made and looked at.
const BUDGET: u64 = 200_000;

/// Some terms of the pod, by their places.
#[derive(Clone, Debug, Default)]
struct Chosen {
    affinity: Vec<usize>,
    anti: Vec<usize>,
}

impl<'a> Problem<'a> {
    /// The terms of the pod, as they are read.
    pub(super) fn of(pod: &'a Pod, reading: Reading) -> Self {
        let mut names = BTreeSet::from([pod.namespace.clone()]);
        for term in pod.affinity.iter().chain(&pod.anti_affinity) {
            let selected = term.namespace_selector.iter().flat_map(|one| &one.requirements);
            let by_label = selected.filter(|one| one.key == NAMESPACE_NAME);
            let mentioned = term.namespaces.iter().chain(by_label.flat_map(|one| &one.values));
            names.extend(mentioned.filter(|name| is_namespace_name(name)).cloned());
        }
        Self { pod, reading, names }
    }

    /// Looks for companions. A pod without required affinity, or that may be selected by all of its
    /// own terms, needs none: it may be the first of its kind.
    pub(super) fn solve(&self) -> Answer {
        let all = Chosen {
            affinity: (0..self.pod.affinity.len()).collect(),
            anti: (0..self.pod.anti_affinity.len()).collect(),
        };
        self.solve_some(&all, &mut BUDGET.clone())
    }

    /// A minimal set of affinity and anti-affinity terms that have no companions, if all of them
    /// have none; false if the budget ran out.
    pub(super) fn core(&self) -> (Vec<usize>, Vec<usize>, bool) {
        let count = self.pod.affinity.len();
        let mut budget = BUDGET.saturating_mul(4);
        let mut exhausted = false;
        let mut refuted =
            |members: &[usize]| match self.solve_some(&split(members, count), &mut budget) {
                Answer::None => true,
                Answer::Found(_) => false,
                Answer::Undecided => {
                    exhausted = true;
                    false
                }
            };
        let core = minimal(count + self.pod.anti_affinity.len(), &mut refuted);
        let Chosen { affinity, anti } = split(&core, count);
        (affinity, anti, !exhausted)
    }

    /// A label for which the selectors of these affinity terms leave no value.
    pub(super) fn label_without_value(&self, affinity: &[usize]) -> Option<String> {
        let mut joint = Selector::everything();
        for term in affinity.iter().filter_map(|index| self.pod.affinity.get(*index)) {
            joint.requirements.extend(term.selector.iter().flat_map(|s| s.requirements.clone()));
        }
        joint.domains().into_iter().find(|(_, domain)| domain.is_empty()).map(|(key, _)| key)
    }

    fn solve_some(&self, chosen: &Chosen, budget: &mut u64) -> Answer {
        let affinity: Vec<&AffinityTerm> =
            chosen.affinity.iter().filter_map(|index| self.pod.affinity.get(*index)).collect();
        let anti: Vec<&AffinityTerm> =
            chosen.anti.iter().filter_map(|index| self.pod.anti_affinity.get(*index)).collect();
        if affinity.is_empty() {
            return Answer::Found(Companions::default());
        }
        match self.selected_by_itself(&affinity, budget) {
            Outcome::Satisfiable(state) => {
                return Answer::Found(Companions {
                    pods: Vec::new(),
                    namespaces: namespaces(&state),
                });
            }
            Outcome::Undecided => return Answer::Undecided,
            Outcome::Unsatisfiable => {}
        }
        let mut keys: Vec<&str> = Vec::new();
        for term in &affinity {
            if !keys.contains(&term.topology_key.as_str()) {
                keys.push(&term.topology_key);
            }
        }
        let mut start = State::new();
        let mut clauses: Vec<Clause<Variable>> = Vec::new();
        for (companion, key) in keys.iter().enumerate() {
            let names = self.candidates(companion);
            if !spend(budget, self.size(&names, affinity.len() + anti.len())) {
                return Answer::Undecided;
            }
            start.insert(Variable::Name(companion), one_of(&names));
            for term in &affinity {
                clauses.push(selected(companion, term));
                clauses.extend(self.in_scope(companion, &names, term));
            }
            for term in anti.iter().filter(|term| term.topology_key == *key) {
                clauses.extend(self.spared(companion, &names, term));
            }
        }
        match solve(start, &clauses.iter().collect::<Vec<_>>(), budget) {
            Outcome::Satisfiable(state) => Answer::Found(found(&keys, &state)),
            Outcome::Unsatisfiable => Answer::None,
            Outcome::Undecided => Answer::Undecided,
        }
    }

    /// Can the pod be selected by all of these terms, for some labels of its namespace?
    fn selected_by_itself(
        &self,
        affinity: &[&AffinityTerm],
        budget: &mut u64,
    ) -> Outcome<Variable> {
        let selects = |term: &&AffinityTerm| {
            // What cannot be read may hold, so that it proves nothing.
            let mut requirements = term.selector.iter().flat_map(|one| &one.requirements);
            requirements.all(|one| {
                selector_flaw(one).is_some() || crate::requirement::matches(one, &self.pod.labels)
            })
        };
        if !affinity.iter().all(selects) {
            return Outcome::Unsatisfiable;
        }
        let own = BTreeSet::from([self.pod.namespace.clone()]);
        let start = State::from([(Variable::Name(0), one_of(&own))]);
        let scopes: Vec<Clause<Variable>> =
            affinity.iter().filter_map(|term| self.in_scope(0, &own, term)).collect();
        solve(start, &scopes.iter().collect::<Vec<_>>(), budget)
    }

    /// The namespaces that are tried for a companion: all that are named, and one that is not.
    fn candidates(&self, companion: usize) -> BTreeSet<String> {
        let mut fresh = format!("other-{companion}");
        while self.names.contains(&fresh) {
            fresh.push('x');
            if !is_namespace_name(&fresh) {
                break;
            }
        }
        self.names.iter().cloned().chain([fresh]).collect()
    }

    /// About how many cubes the clauses of a companion have.
    fn size(&self, names: &BTreeSet<String>, terms: usize) -> usize {
        let selectors = self.pod.affinity.iter().chain(&self.pod.anti_affinity);
        let longest = selectors.filter_map(|term| term.namespace_selector.as_ref());
        let longest = longest.map(|one| one.requirements.len()).max().unwrap_or(0);
        names.len().saturating_mul(terms).saturating_mul(longest)
    }

    fn scope(&self, term: &AffinityTerm, widened: bool) -> Scope {
        let by_label = term.namespace_selector.as_ref();
        let all = |one: &Selector| one.is_everything() || (widened && one.matches(&Labels::new()));
        if by_label.is_some_and(all) {
            return Scope::All;
        }
        let names = named_namespaces(term, &self.pod.namespace).into_iter().collect();
        Scope::Some { names, selector: by_label.cloned() }
    }

    /// The companion's namespace is one of those that the affinity term means; `None`: any is.
    fn in_scope(
        &self,
        companion: usize,
        candidates: &BTreeSet<String>,
        term: &AffinityTerm,
    ) -> Option<Clause<Variable>> {
        let Scope::Some { names, selector } = self.scope(term, self.reading.affinity_widened)
        else {
            return None;
        };
        let mut free: BTreeSet<String> = candidates.intersection(&names).cloned().collect();
        let mut clause = Clause::new();
        if let Some(selector) = selector {
            let mut labels = selector.domains();
            let by_name = labels.remove(NAMESPACE_NAME).unwrap_or_else(Domain::everything);
            let others = candidates.difference(&names);
            for name in others.filter(|name| by_name.contains(Some(name))) {
                if labels.is_empty() {
                    free.insert(name.clone());
                    continue;
                }
                let mut cube = named(companion, name);
                cube.extend(labels.iter().map(|(key, domain)| (label(name, key), domain.clone())));
                clause.push(cube);
            }
        }
        if !free.is_empty() {
            clause.insert(0, vec![(Variable::Name(companion), one_of(&free))]);
        }
        Some(clause)
    }

    /// The anti-affinity term does not select the companion; `None`: it never selects any pod, or
    /// cannot be read.
    fn spared(
        &self,
        companion: usize,
        candidates: &BTreeSet<String>,
        term: &AffinityTerm,
    ) -> Option<Clause<Variable>> {
        let selector = term.selector.as_ref()?;
        let by_label = term.namespace_selector.iter().flat_map(|one| &one.requirements);
        if selector.requirements.iter().chain(by_label).any(|one| selector_flaw(one).is_some()) {
            return None;
        }
        let outside = |(key, domain): (String, Domain)| {
            vec![(Variable::Pod(companion, key), domain.complement())]
        };
        let mut clause: Clause<Variable> = selector.domains().into_iter().map(outside).collect();
        let Scope::Some { names, selector } = self.scope(term, self.reading.anti_widened) else {
            return Some(clause);
        };
        let mut free = BTreeSet::new();
        let mut labels = selector.as_ref().map(Selector::domains).unwrap_or_default();
        let by_name = labels.remove(NAMESPACE_NAME).unwrap_or_else(Domain::everything);
        for name in candidates.difference(&names) {
            if selector.is_none() || !by_name.contains(Some(name)) {
                free.insert(name.clone());
                continue;
            }
            clause.extend(labels.iter().map(|(key, domain)| {
                let mut cube = named(companion, name);
                cube.push((label(name, key), domain.complement()));
                cube
            }));
        }
        if !free.is_empty() {
            clause.push(vec![(Variable::Name(companion), one_of(&free))]);
        }
        Some(clause)
    }
}

/// The affinity terms come first, then the anti-affinity terms.
fn split(members: &[usize], count: usize) -> Chosen {
    let (affinity, anti): (Vec<usize>, Vec<usize>) =
        members.iter().copied().partition(|member| *member < count);
    let anti = anti.iter().filter_map(|member| member.checked_sub(count)).collect();
    Chosen { affinity, anti }
}

fn selected(companion: usize, term: &AffinityTerm) -> Clause<Variable> {
    let domains = term.selector.iter().flat_map(Selector::domains);
    vec![domains.map(|(key, domain)| (Variable::Pod(companion, key), domain)).collect()]
}

fn named(companion: usize, name: &str) -> Cube<Variable> {
    vec![(Variable::Name(companion), Domain::one_of(&[name]))]
}

fn label(namespace: &str, key: &str) -> Variable {
    Variable::Namespace(namespace.to_owned(), key.to_owned())
}

fn one_of(names: &BTreeSet<String>) -> Domain {
    Domain::one_of(&names.iter().collect::<Vec<_>>())
}

/// Namespaces have the names of DNS labels.
pub(super) fn is_namespace_name(name: &str) -> bool {
    name.len() <= 63 && !name.contains('.') && is_node_name(name)
}

fn found(keys: &[&str], state: &State<Variable>) -> Companions {
    let mut pods = Vec::new();
    for (companion, key) in keys.iter().enumerate() {
        let name = state.get(&Variable::Name(companion)).and_then(Domain::pick_value);
        let mut labels = Labels::new();
        for (variable, domain) in state {
            if let Variable::Pod(owner, key) = variable
                && *owner == companion
                && let Some(Some(value)) = domain.pick()
            {
                labels.insert(key.clone(), value);
            }
        }
        let namespace = name.unwrap_or_default();
        pods.push(Companion { key: (*key).to_owned(), namespace, labels });
    }
    Companions { pods, namespaces: namespaces(state) }
}

/// The labels that namespaces must have.
fn namespaces(state: &State<Variable>) -> Vec<(String, Labels)> {
    let mut found: Vec<(String, Labels)> = Vec::new();
    for (variable, domain) in state {
        if let Variable::Namespace(name, key) = variable
            && let Some(Some(value)) = domain.pick()
        {
            let known = found.iter().position(|(known, _)| known == name);
            let place = known.unwrap_or(found.len());
            if known.is_none() {
                found.push((name.clone(), Labels::new()));
            }
            if let Some((_, labels)) = found.get_mut(place) {
                labels.insert(key.clone(), value);
            }
        }
    }
    found
}
