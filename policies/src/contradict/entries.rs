//! Typed entries that are required toward and away from one target: they exclude each other whatever
//! the target turns out to be, so they are refused where nothing is known of it, too.
//!
//! What is known is left to the label algebra, which says the same of entries and of sentences.

use placecard_findings::Finding;
use placecard_language::Words;
use placecard_language::affinity::{
    Affinity, AffinityTarget, AffinityTargetType, LeaseError, Reason, check_contradictions,
};
use placecard_language::checked::HOSTNAME;
use placecard_language::intent::{Intents, Rule, Strength};
use placecard_language::typed::level_key;

use super::{Place, rule_place};
use crate::bounds::Subject;
use crate::words::contradiction::{self, Opposed};

/// Adds the contradiction of two entries; it takes the place of one that rests on other objects.
pub(crate) fn add(subject: &Subject<'_>, intents: &Intents, found: &mut Vec<Finding>) {
    let Some(opposed) = opposed(subject, intents) else { return };
    found.retain(|one| one.code != opposed.code);
    found.push(opposed);
}

fn opposed(subject: &Subject<'_>, intents: &Intents) -> Option<Finding> {
    let words = &subject.surroundings.words;
    let required = intents.rules.iter().filter(|rule| rule.strength == Strength::Required);
    let entry = |rule| -> Option<(&Rule, Affinity)> {
        let rule: &Rule = rule;
        Some((rule, by_key(rule.entry.as_deref()?, words)))
    };
    let (rules, entries): (Vec<&Rule>, Vec<Affinity>) = required.filter_map(entry).unzip();
    let Err(LeaseError::InvalidIntent { reason, .. }) = check_contradictions(&entries) else {
        return None;
    };
    let Reason::Contradictory { toward, away, target } = reason else { return None };
    let level = entries.get(toward).and_then(Affinity::level).unwrap_or(HOSTNAME);
    let place = |index: usize| -> Option<Place> {
        let origin = &rules.get(index)?.origin;
        Some(rule_place(subject.template, origin, origin.span.clone()))
    };
    let (toward, away) = (place(toward)?, place(away)?);
    let of_pods = target.target_type() == AffinityTargetType::ServiceId;
    let target = name(&target);
    let opposed = Opposed { of_pods, target: &target, level, toward: &toward, away: &away };
    Some(contradiction::entries(&subject.object.reference, &opposed))
}

/// The entry with its level as a label key, whatever it is called.
fn by_key(entry: &Affinity, words: &Words) -> Affinity {
    let key = level_key(entry, words).map(|key| entry.clone().with_level(key));
    key.and_then(Result::ok).unwrap_or_else(|| entry.clone())
}

/// `NodeId 3f2b8c1e-…`; a name as it is.
fn name(target: &AffinityTarget) -> String {
    match target {
        AffinityTarget::Named(named) => named.name.clone(),
        other => other.to_string(),
    }
}
