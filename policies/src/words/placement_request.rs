//! Where a placement request goes, in words.

use placecard_language::affinity::{Affinity, AffinityDirection};

use super::list;
use super::why::several;
use crate::placement_request::filter::{AffinityRejection, Elimination};
use crate::placement_request::resolve::{Unknown, Unresolvable, Unresolved};
use crate::placement_request::{MOST_ENTRIES, Placement};

/// Entries that are written out in a column.
const MOST_NUMBERS: usize = 5;

/// An entry: `required Topology away from RackId 42 in zone`.
#[must_use]
pub fn entry(entry: &Affinity) -> String {
    let strength = entry.strength().name().to_lowercase();
    let direction = match entry.direction() {
        AffinityDirection::Toward => "toward",
        AffinityDirection::Away => "away from",
    };
    let (category, target) = (entry.category(), entry.target());
    let level = entry.level().map(|level| format!(" in {level}")).unwrap_or_default();
    let weight = entry.weight().map(|weight| format!(", weight {weight}")).unwrap_or_default();
    format!("{strength} {category} {direction} {target}{level}{weight}")
}

/// What is said first.
#[must_use]
pub fn headline(placement: &Placement) -> String {
    let entries = match placement.entries.len() {
        1 => "typed entry".to_owned(),
        many => format!("{many} typed entries"),
    };
    let fitting = several(placement.fitting, "node");
    let rest = match (&placement.rejection, placement.candidates.len()) {
        (Some(AffinityRejection::Unresolved(_)), _) => {
            "nowhere: what is required is not known".to_owned()
        }
        (Some(AffinityRejection::TooManyEntries), _) => {
            format!("not looked at, {MOST_ENTRIES} are the most")
        }
        (Some(AffinityRejection::NoNodeFits), _) => {
            "nowhere: no node fits, whatever they say".to_owned()
        }
        (_, 0) => format!("nowhere: none of {fitting} that fit meets what is required"),
        (_, left) => format!("{left} of {fitting} that fit meet what is required"),
    };
    format!("by its {entries}: {rest}")
}

/// Why a placement is empty, a line each.
#[must_use]
pub fn rejection(placement: &Placement, rejection: &AffinityRejection) -> Vec<String> {
    match rejection {
        AffinityRejection::NoNodeFits => Vec::new(),
        AffinityRejection::TooManyEntries => vec![format!(
            "more than {MOST_ENTRIES} entries; one with a level, a rack or a Service stands for many nodes"
        )],
        AffinityRejection::Unresolved(entries) => {
            entries.iter().map(|one| unresolved(placement, one)).collect()
        }
        AffinityRejection::RequiredAffinityUnsatisfiable(elimination) => {
            eliminated(placement, elimination)
        }
    }
}

fn eliminated(placement: &Placement, elimination: &Elimination) -> Vec<String> {
    let of = elimination.candidates;
    let one = |at: &usize| {
        let found = elimination.by_entry.iter().find(|one| one.entry == *at)?;
        let text = entry(placement.entries.get(*at)?);
        Some(match found.removed {
            removed if removed == of => format!("{text} leaves none of them"),
            removed => format!("{text} removes {removed} of {of}"),
        })
    };
    let mut lines: Vec<String> = elimination.core.iter().filter_map(one).collect();
    if lines.len() > 1 {
        lines.push("together they leave none".to_owned());
    }
    lines
}

/// An entry that means nothing on the cluster, and why.
#[must_use]
pub fn unresolved(placement: &Placement, unresolved: &Unresolved) -> String {
    let text = placement.entries.get(unresolved.entry).map(entry).unwrap_or_default();
    format!("{text}: {}", why(&unresolved.why))
}

/// Why an entry means nothing on the cluster.
#[must_use]
pub fn why(why: &Unresolvable) -> String {
    match why {
        Unresolvable::Unknown(Unknown::NotAsked) => "it is not in the snapshot".to_owned(),
        Unresolvable::Unknown(Unknown::Absent) => "there is no such object".to_owned(),
        Unresolvable::Unknown(Unknown::Unreachable) => "it could not be asked for".to_owned(),
        Unresolvable::Unknown(Unknown::NotHeld) => "nobody holds the Lease".to_owned(),
        Unresolvable::Unknown(Unknown::HolderGone) => {
            "the holder of the Lease is neither a pod nor a node".to_owned()
        }
        Unresolvable::Unknown(Unknown::NotPlaced) => {
            "the holder of the Lease is on no node yet".to_owned()
        }
        Unresolvable::Unknown(Unknown::Unlabelled) => {
            "the node lacks the label of the level".to_owned()
        }
        Unresolvable::SelectsNothing => "the Service selects no pods".to_owned(),
        Unresolvable::UnknownLevel(name) => format!("the vocabulary has no level {name}"),
        Unresolvable::UnknownResource(name) => format!("the vocabulary has no resource {name}"),
        Unresolvable::UnknownTrustDomain(name) => {
            format!("the vocabulary has no trust domain {name}")
        }
        Unresolvable::NotAllowed => "the pod's namespace may not use the trust domain".to_owned(),
    }
}

/// The preferred entries of a table's column `meets`, by their numbers from 1.
#[must_use]
pub fn met(entries: &[usize]) -> String {
    if entries.is_empty() {
        return "-".to_owned();
    }
    let numbers: Vec<String> = entries.iter().map(|at| (at + 1).to_string()).collect();
    list(&numbers, "and", MOST_NUMBERS)
}
