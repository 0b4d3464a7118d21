//! A small search: is there a value for every variable that meets all clauses?
//!
//! A clause is a disjunction of cubes, a cube a conjunction of `variable in domain`. Conjunctions
//! are decided by intersecting domains, disjunctions by DPLL: propagate clauses with one cube
//! left, then branch on the clause with the fewest. Work is counted in cubes that are looked at.

use std::collections::BTreeMap;

use crate::domain::Domain;

/// What is known of each variable; those not named are free.
pub(crate) type State<V> = BTreeMap<V, Domain>;

/// One way to meet a clause: each variable in its domain. Without variables it always holds.
pub(crate) type Cube<V> = Vec<(V, Domain)>;

/// A disjunction of cubes; without any it never holds.
pub(crate) type Clause<V> = Vec<Cube<V>>;

/// The answer of a search.
pub(crate) enum Outcome<V> {
    /// Every choice from these non-empty domains meets all clauses.
    Satisfiable(State<V>),
    /// No assignment does.
    Unsatisfiable,
    /// The budget or the depth ran out.
    Undecided,
}

/// Branches inside one another; beyond it the search gives up, so that the stack stays small.
const DEEPEST: u32 = 128;

/// Takes `cost` from the budget; false if it is exhausted.
pub(crate) fn spend(budget: &mut u64, cost: usize) -> bool {
    let cost = u64::try_from(cost).unwrap_or(u64::MAX);
    let affordable = *budget >= cost;
    *budget = budget.saturating_sub(cost);
    affordable
}

/// Searches for an assignment within `start`.
pub(crate) fn solve<V: Ord + Clone>(
    start: State<V>,
    clauses: &[&Clause<V>],
    budget: &mut u64,
) -> Outcome<V> {
    search(start, clauses.to_vec(), budget, 0)
}

fn search<V: Ord + Clone>(
    mut state: State<V>,
    mut open: Vec<&Clause<V>>,
    budget: &mut u64,
    depth: u32,
) -> Outcome<V> {
    loop {
        let mut settled = false;
        // The clause with the fewest cubes left: its place in `rest`, and those cubes.
        let mut narrowest: Option<(usize, Vec<&Cube<V>>)> = None;
        let mut rest = Vec::new();
        for clause in open {
            if !spend(budget, clause.len()) {
                return Outcome::Undecided;
            }
            let alive: Vec<&Cube<V>> =
                clause.iter().filter(|cube| is_consistent(&state, cube)).collect();
            match alive.as_slice() {
                [] => return Outcome::Unsatisfiable,
                [only] => {
                    assign(&mut state, only);
                    settled = true;
                }
                [..] if alive.iter().any(|cube| holds(&state, cube)) => {}
                [..] => {
                    if narrowest.as_ref().is_none_or(|(_, fewest)| alive.len() < fewest.len()) {
                        narrowest = Some((rest.len(), alive));
                    }
                    rest.push(clause);
                }
            }
        }
        open = rest;
        let Some((place, cubes)) = narrowest else {
            return Outcome::Satisfiable(state);
        };
        if !settled {
            open.remove(place);
            return branch(&state, &open, &cubes, budget, depth);
        }
    }
}

fn branch<V: Ord + Clone>(
    state: &State<V>,
    open: &[&Clause<V>],
    cubes: &[&Cube<V>],
    budget: &mut u64,
    depth: u32,
) -> Outcome<V> {
    if depth >= DEEPEST {
        return Outcome::Undecided;
    }
    for cube in cubes {
        let mut chosen = state.clone();
        assign(&mut chosen, cube);
        match search(chosen, open.to_vec(), budget, depth + 1) {
            Outcome::Unsatisfiable => {}
            decided => return decided,
        }
    }
    Outcome::Unsatisfiable
}

fn is_consistent<V: Ord>(state: &State<V>, cube: &Cube<V>) -> bool {
    let possible = |(variable, domain): &(V, Domain)| match state.get(variable) {
        Some(known) => known.overlaps(domain),
        None => !domain.is_empty(),
    };
    cube.iter().all(possible)
}

fn holds<V: Ord>(state: &State<V>, cube: &Cube<V>) -> bool {
    let free = Domain::everything();
    cube.iter().all(|(variable, domain)| state.get(variable).unwrap_or(&free).is_subset(domain))
}

fn assign<V: Ord + Clone>(state: &mut State<V>, cube: &Cube<V>) {
    for (variable, domain) in cube {
        match state.get_mut(variable) {
            Some(known) => known.restrict(domain),
            None => {
                state.insert(variable.clone(), domain.clone());
            }
        }
    }
}

/// A minimal subset of `0..count` for which `clashes` still says true, given that it does for all
/// of them and that more members never make it false (QuickXplain, Junker 2004). Earlier members
/// are kept rather than later ones. The result is sorted.
pub(crate) fn minimal(count: usize, clashes: &mut dyn FnMut(&[usize]) -> bool) -> Vec<usize> {
    let all: Vec<usize> = (0..count).collect();
    if count == 0 || clashes(&[]) {
        return Vec::new();
    }
    let mut core = explain(&[], false, &all, clashes);
    core.sort_unstable();
    core
}

fn explain(
    background: &[usize],
    grown: bool,
    candidates: &[usize],
    clashes: &mut dyn FnMut(&[usize]) -> bool,
) -> Vec<usize> {
    if grown && clashes(background) {
        return Vec::new();
    }
    if candidates.len() <= 1 {
        return candidates.to_vec();
    }
    let (first, second) = candidates.split_at(candidates.len() / 2);
    let mut needed = explain(&[background, first].concat(), true, second, clashes);
    let rest = explain(&[background, &needed].concat(), !needed.is_empty(), first, clashes);
    needed.extend(rest);
    needed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minimal_keeps_what_is_needed_and_nothing_else() {
        // Clashes if it holds 2 and (5 or 7).
        let mut calls = 0;
        let core = minimal(100, &mut |members| {
            calls += 1;
            members.contains(&2) && (members.contains(&5) || members.contains(&7))
        });
        assert_eq!(core, [2, 5]);
        assert!(calls < 40, "{calls} calls");
        assert_eq!(minimal(1, &mut |_| true), [0_usize; 0]);
        assert_eq!(minimal(1, &mut |members| !members.is_empty()), [0]);
    }
}
