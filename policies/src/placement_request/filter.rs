//! The first stage: required entries filter the candidates.

use std::collections::BTreeSet;

use placecard_feasibility::filter::cycle::Host;
use placecard_language::affinity::{Affinity, AffinityStrength};

use super::Scene;
use super::meaning::Meaning;
use super::resolve::Unresolved;
use crate::why::cover::smallest_cover;

/// Why a placement is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AffinityRejection {
    /// There are more entries than [`MOST_ENTRIES`](super::MOST_ENTRIES): they were not looked at.
    TooManyEntries,
    /// No node fits the pod, whatever the entries say: there was nothing to filter.
    NoNodeFits,
    /// Required entries about something that is not known.
    Unresolved(Vec<Unresolved>),
    /// There were candidates, and none of them meets every required entry.
    RequiredAffinityUnsatisfiable(Elimination),
}

/// How the required entries leave no candidate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elimination {
    /// How many candidates there were.
    pub candidates: usize,
    /// The required entries, in order, and what each removes.
    pub by_entry: Vec<Eliminated>,
    /// The entries that together leave none, in order: no fewer of these do. It is the smallest
    /// such set if at most 12 entries remove a candidate.
    pub core: Vec<usize>,
}

/// What one required entry removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eliminated {
    /// The entry, from 0.
    pub entry: usize,
    /// How many of all candidates do not meet it.
    pub removed: usize,
}

/// The required entries, resolved.
#[derive(Clone, Debug)]
pub struct AffinityRequiredFilter<'a> {
    required: Vec<(usize, Meaning<'a>)>,
}

impl<'a> AffinityRequiredFilter<'a> {
    /// Resolves the required ones among the entries.
    ///
    /// # Errors
    /// All that cannot be resolved.
    pub fn of(entries: &[Affinity], scene: &Scene<'a>) -> Result<Self, Vec<Unresolved>> {
        let (required, unresolved) = meanings(entries, AffinityStrength::Required, scene);
        if unresolved.is_empty() { Ok(Self { required }) } else { Err(unresolved) }
    }

    /// Whether a node meets every required entry.
    #[must_use]
    pub fn keeps(&self, host: &Host<'_>) -> bool {
        self.required.iter().all(|(_, meaning)| meaning.holds(host, true))
    }

    /// The candidates that meet every required entry.
    ///
    /// # Errors
    /// [`AffinityRejection::RequiredAffinityUnsatisfiable`] if there are candidates and none is
    /// left.
    pub fn filter<'h, 'i>(
        &self,
        candidates: Vec<&'h Host<'i>>,
    ) -> Result<Vec<&'h Host<'i>>, AffinityRejection> {
        let left: Vec<&Host<'_>> =
            candidates.iter().copied().filter(|host| self.keeps(host)).collect();
        if left.is_empty() && !candidates.is_empty() {
            let elimination = self.elimination(&candidates);
            return Err(AffinityRejection::RequiredAffinityUnsatisfiable(elimination));
        }
        Ok(left)
    }

    fn elimination(&self, candidates: &[&Host<'_>]) -> Elimination {
        let by_entry = self.required.iter().map(|(entry, meaning)| {
            let removed = candidates.iter().filter(|host| !meaning.holds(host, true)).count();
            Eliminated { entry: *entry, removed }
        });
        let fails = |host: &&Host<'_>| -> BTreeSet<usize> {
            let failed = self.required.iter().filter(|(_, meaning)| !meaning.holds(host, true));
            failed.map(|(entry, _)| *entry).collect()
        };
        let cover = smallest_cover(candidates.iter().map(fails)).unwrap_or_default();
        let mut core: Vec<usize> = cover.into_iter().map(|(entry, ..)| entry).collect();
        core.sort_unstable();
        Elimination { candidates: candidates.len(), by_entry: by_entry.collect(), core }
    }
}

/// The entries of a strength, resolved, and those that cannot be.
pub(super) fn meanings<'a>(
    entries: &[Affinity],
    strength: AffinityStrength,
    scene: &Scene<'a>,
) -> (Vec<(usize, Meaning<'a>)>, Vec<Unresolved>) {
    let (mut resolved, mut unresolved) = (Vec::new(), Vec::new());
    for (index, entry) in entries.iter().enumerate() {
        if entry.strength() != strength {
            continue;
        }
        match Meaning::of(entry, scene) {
            Ok(meaning) => resolved.push((index, meaning)),
            Err(why) => unresolved.push(Unresolved { entry: index, why }),
        }
    }
    (resolved, unresolved)
}
