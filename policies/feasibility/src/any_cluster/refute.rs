//! From demands that no node can meet to a refutation by cases.

use std::collections::{BTreeMap, BTreeSet};

use crate::any_cluster::Refutation;
use crate::any_cluster::demands::NodeDemands;
use crate::contradiction::{Demand, TermDemand};
use crate::domain::Domain;
use crate::node_terms::{Subject, requirement_domain, requirement_flaw};
use crate::requirement::is_opaque;
use crate::solve::spend;

/// The values that a term allows, of each subject that it names.
type Allowed = BTreeMap<Subject, Domain>;

/// A demand: the terms that are not dead, and which of them was chosen.
struct Choice {
    /// Its place among the demands.
    place: usize,
    terms: Vec<(usize, Allowed)>,
    chosen: Option<usize>,
}

/// A refutation; `None` if the demands can be met, as far as they can be read, or the budget (the
/// number of domains looked at) runs out.
pub(super) fn refute(demands: &NodeDemands, budget: u64) -> Option<Refutation> {
    let mut choices: Vec<Choice> = demands.demands.iter().enumerate().map(choice).collect();
    search(demands, &mut choices, &mut { budget })
}

fn choice((place, demand): (usize, &Demand)) -> Choice {
    let alive = demand.terms.iter().enumerate().filter(|(_, term)| !is_dead(term));
    Choice {
        place,
        terms: alive.map(|(index, term)| (index, allowed(term))).collect(),
        chosen: None,
    }
}

fn is_dead(term: &TermDemand) -> bool {
    let unreadable = |(field, one)| !is_opaque(one) && requirement_flaw(field, one).is_some();
    term.atoms.is_empty()
        || term.atoms.iter().any(|atom| unreadable((atom.field, &atom.requirement)))
}

fn allowed(term: &TermDemand) -> Allowed {
    let mut allowed = Allowed::new();
    for atom in &term.atoms {
        let (subject, domain) = requirement_domain(atom.field, &atom.requirement);
        allowed.entry(subject).or_insert_with(Domain::everything).restrict(&domain);
    }
    allowed
}

impl Choice {
    /// The terms that may still hold.
    fn open(&self) -> impl Iterator<Item = &Allowed> {
        let wanted = |(index, _): &&(usize, Allowed)| self.chosen.is_none_or(|it| it == *index);
        self.terms.iter().filter(wanted).map(|(_, allowed)| allowed)
    }

    /// What it leaves to a subject.
    fn leaves(&self, subject: &Subject) -> Domain {
        let mut refused = Domain::everything();
        for term in self.open() {
            match term.get(subject) {
                Some(domain) => refused.restrict(&domain.complement()),
                None => return Domain::everything(),
            }
        }
        refused.complement()
    }
}

fn search(demands: &NodeDemands, choices: &mut [Choice], budget: &mut u64) -> Option<Refutation> {
    let open: usize = choices.iter().map(|choice| choice.open().count() + 1).sum();
    let subjects: BTreeSet<&Subject> =
        choices.iter().flat_map(|choice| choice.open().flat_map(BTreeMap::keys)).collect();
    for subject in subjects {
        if !spend(budget, open) {
            return None;
        }
        let name = *subject == Subject::Name;
        let mut left = if name { Domain::present() } else { Domain::everything() };
        choices.iter().for_each(|choice| left.restrict(&choice.leaves(subject)));
        if left.is_empty() {
            return Some(Refutation::NoValue(subject.clone()));
        }
    }
    let undecided = choices.iter().enumerate().filter(|(_, choice)| choice.chosen.is_none());
    let (next, _) = undecided.min_by_key(|(_, choice)| choice.terms.len())?;
    let (place, terms) = {
        let choice = choices.get(next)?;
        (choice.place, choice.terms.iter().map(|(index, _)| *index).collect::<Vec<_>>())
    };
    let mut cases = Vec::new();
    for term in terms {
        choices.get_mut(next)?.chosen = Some(term);
        cases.push((term, search(demands, choices, budget)?));
    }
    choices.get_mut(next)?.chosen = None;
    Some(Refutation::Cases { part: demands.parts.get(place)?.clone(), cases })
}
