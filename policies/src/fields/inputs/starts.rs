//! Who can start at all: pods that are required near others wait for these.
//!
//! A template can start if it requires no pods, if its own pods are what it requires and no others
//! are there (the scheduler's first-pod exception), or if some template that can start is what it
//! requires. What is left by the least fixpoint never starts. Semantics:
//! pkg/scheduler/framework/plugins/interpodaffinity/filtering.go, `satisfyPodAffinity`.

use std::collections::{BTreeMap, BTreeSet};

use super::lists::Lists;
use super::{Inputs, TemplateFacts, World};

impl Inputs {
    /// Once everything is there: puts it in order, and finds the templates that wait for one another.
    pub fn settle(&mut self) {
        self.lists = Lists::of(&self.templates, &self.budgets);
        let near = self.templates.iter().enumerate().filter(|(_, one)| !one.near.is_empty());
        let waits = near.filter_map(|(index, one)| Some((index, self.awaited(index, one)?)));
        let mut waiting: BTreeMap<usize, Vec<usize>> = waits.collect();
        let mut awaited_by: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, awaited) in &waiting {
            for one in awaited {
                awaited_by.entry(*one).or_default().push(*index);
            }
        }
        let can_start = |one: &usize| !waiting.contains_key(one);
        let mut started: Vec<usize> = awaited_by.keys().copied().filter(can_start).collect();
        while let Some(one) = started.pop() {
            for next in awaited_by.get(&one).into_iter().flatten() {
                if waiting.remove(next).is_some() {
                    started.push(*next);
                }
            }
        }
        let last = |cycle: &Vec<usize>| cycle.iter().copied().max().unwrap_or_default();
        self.cycles = cycles(&waiting).into_iter().map(|cycle| (last(&cycle), cycle)).collect();
    }

    /// Whom a template waits for; `None` if it can start by itself, or if nobody knows.
    fn awaited(&self, index: usize, one: &TemplateFacts) -> Option<Vec<usize>> {
        let runs = one.folder.is_none();
        if runs || !one.is_whole || one.more_labels || self.is_companion(one, one) != Some(false) {
            return None;
        }
        let first = one.near.first()?;
        let meant = self.meant(&one.object.namespace, first);
        let all = meant.filter(|(other, _)| self.is_companion(one, other) != Some(false));
        let mut found = Vec::new();
        for (other, _) in all {
            found.extend(self.index_of(other).filter(|other| *other != index));
        }
        // Who is nowhere may be elsewhere; another rule says so.
        (!found.is_empty() || self.world != World::Open).then_some(found)
    }

    /// Whether the pods of `other` are what the pods of `one` are required near: one pod has to
    /// match all terms.
    #[must_use]
    pub fn is_companion(&self, one: &TemplateFacts, other: &TemplateFacts) -> Option<bool> {
        let mut known = Some(true);
        for term in &one.near {
            match self.means(&one.object.namespace, term, other) {
                Some(false) => return Some(false),
                None => known = None,
                Some(true) => {}
            }
        }
        known
    }
}

/// The cycles among those that wait for one another: each by following, from its first member, the
/// first one that is awaited.
fn cycles(waiting: &BTreeMap<usize, Vec<usize>>) -> Vec<Vec<usize>> {
    let next = |index: usize| waiting.get(&index)?.first().copied();
    let mut found: Vec<Vec<usize>> = Vec::new();
    let mut seen = BTreeSet::new();
    for start in waiting.keys() {
        let mut path: Vec<usize> = Vec::new();
        let mut places: BTreeMap<usize, usize> = BTreeMap::new();
        let mut at = Some(*start);
        while let Some(index) = at {
            if let Some(begin) = places.get(&index).copied() {
                let mut cycle: Vec<usize> = path.split_off(begin);
                let least = (0..cycle.len()).min_by_key(|at| cycle.get(*at).copied());
                cycle.rotate_left(least.unwrap_or_default());
                found.push(cycle);
                break;
            }
            if !seen.insert(index) {
                break;
            }
            places.insert(index, path.len());
            path.push(index);
            at = next(index);
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_found_once_and_whoever_waits_for_it_is_not_in_it() {
        let waiting = [(0, vec![2]), (1, vec![0]), (2, vec![0]), (5, vec![7]), (7, vec![5])];
        assert_eq!(cycles(&waiting.into()), [vec![0, 2], vec![5, 7]]);
        assert_eq!(cycles(&[(3, vec![])].into()), Vec::<Vec<usize>>::new());
    }
}
