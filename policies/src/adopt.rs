//! From hand-written placement fields back to sentences.
//!
//! Sentences are guessed and then held to what they expand to: the template without the fields and
//! with the sentences must become what the template was, in the form of `crate::expand::Meanings`.
//! What does not stays as it is written, with the reason.

mod pieces;
mod sentences;

use std::collections::BTreeMap;

use placecard_findings::{Code, FieldPath, Severity};
use placecard_language::keys;
use serde_json::Value;

use crate::expand::Meanings;
use crate::frame::{self, Frame};
use crate::object::{Object, Template};
use crate::read;
use crate::review::{Review, review};
use crate::surroundings::Surroundings;
pub use pieces::Piece;
use sentences::Line;

/// Pieces of a template that are looked at; more is no manifest that people read.
const MOST_PIECES: usize = 128;

/// How often the fields that stay are looked at again.
const ROUNDS: usize = 3;

/// What may differ between the fields and what the sentences become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// The scheduler's built-in soft spread constraints may come back: hand-written constraints
    /// switch them off, sentences keep them. No node is opened or closed by that.
    pub default_spread: bool,
}

/// What becomes of one template.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adoption {
    /// The template's path; empty for a pod.
    pub template: FieldPath,
    /// The fields that sentences take the place of, in the order of the fields.
    pub adopted: Vec<Adopted>,
    /// The fields that stay.
    pub kept: Vec<Kept>,
    /// The values of the object that change; `None` goes.
    pub edits: Vec<(FieldPath, Option<Value>)>,
}

/// A field that sentences take the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// From the root of the object.
    pub field: FieldPath,
    /// Annotation keys and what is said there; empty: another sentence brings the field with it.
    pub lines: Vec<(&'static str, String)>,
}

/// A field that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// From the root of the object.
    pub field: FieldPath,
    /// Why.
    pub reason: Reason,
}

/// Why a field stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A term names namespaces one by one.
    NamesNamespaces,
    /// A term without a selector.
    NoSelector,
    /// A node term with `matchFields` beside other requirements, or with several.
    MatchFields,
    /// A node term without requirements.
    EmptyTerm,
    /// A toleration of every key.
    EveryTaint,
    /// A toleration of a word that is not known.
    UnknownOperator,
    /// A constraint that counts other pods than those of its own workload.
    CountsOthers,
    /// A soft constraint that honours taints.
    SoftHonoursTaints,
    /// A weight, a skew or a time that no sentence may have.
    Number,
    /// The sentence is refused.
    Refused(Code),
    /// The scheduler's built-in soft constraints would come back.
    DefaultSpread,
    /// The sentence needs something that is not known.
    NotKnown,
    /// The sentence becomes something else.
    Differs,
    /// The template has too many fields.
    TooMany,
    /// A controller makes the pod: its template is what could say it.
    OfController,
    /// Only a part of an object: a patch.
    Incomplete,
}

/// Sentences for the hand-written placement fields of each template of an object; nothing for an
/// object without such fields.
///
/// The surroundings are those of a review; inputs and clusters in them are asked too, so leave them
/// out where only the fields matter.
#[must_use]
pub fn adopt(written: &Value, surroundings: &Surroundings, allow: Allow) -> Vec<Adoption> {
    let Ok(object) = read::object(written, &surroundings.words) else { return Vec::new() };
    let before = review(&object, surroundings);
    let adoption = |template: &Template| {
        let pieces = pieces::pieces(&template.spec);
        if pieces.is_empty() {
            return None;
        }
        let attempt = Attempt::new(written, &object, template, &before, surroundings, allow);
        Some(match attempt.unfit(pieces.len()) {
            Some(reason) => attempt.all_kept(&pieces, &reason),
            None => attempt.run(pieces),
        })
    };
    object.templates.iter().filter_map(adoption).collect()
}

/// One template, and what its fields mean as they are.
struct Attempt<'a> {
    written: &'a Value,
    object: &'a Object,
    template: &'a Template,
    frame: Frame<'a>,
    surroundings: &'a Surroundings,
    allow: Allow,
    errors: BTreeMap<Code, usize>,
    meanings: Option<Meanings>,
}

/// Pieces that go, and the lines that take their places.
type Taken = Vec<(Piece, Vec<Line>)>;

impl<'a> Attempt<'a> {
    fn new(
        written: &'a Value,
        object: &'a Object,
        template: &'a Template,
        before: &Review,
        surroundings: &'a Surroundings,
        allow: Allow,
    ) -> Self {
        let frame = frame::frame(object, template, &surroundings.objects);
        let meanings = meanings(before, template, &frame);
        let errors = errors(before);
        Self { written, object, template, frame, surroundings, allow, errors, meanings }
    }

    /// Why nothing of the template is looked at.
    fn unfit(&self, pieces: usize) -> Option<Reason> {
        let object = self.object;
        let selects = !matches!(object.kind.map(|kind| kind.group), Some("apps"));
        if object.controller().is_some() {
            Some(Reason::OfController)
        } else if !selects && object.selector.is_none() {
            Some(Reason::Incomplete)
        } else if self.meanings.is_none() {
            Some(Reason::NotKnown)
        } else {
            (pieces > MOST_PIECES).then_some(Reason::TooMany)
        }
    }

    fn all_kept(&self, pieces: &[Piece], reason: &Reason) -> Adoption {
        let kept = |piece: &Piece| Kept { field: self.field(piece), reason: reason.clone() };
        Adoption {
            template: self.template.path.clone(),
            kept: pieces.iter().map(kept).collect(),
            ..Adoption::default()
        }
    }

    fn field(&self, piece: &Piece) -> FieldPath {
        self.template.path.key("spec").join(&piece.path())
    }

    /// Takes one piece after the other, as long as the whole stays what it was; what could not go
    /// may go when others are gone.
    fn run(&self, pieces: Vec<Piece>) -> Adoption {
        let mut taken = Taken::new();
        let mut left: Vec<(Piece, Reason)> =
            pieces.into_iter().map(|piece| (piece, Reason::Differs)).collect();
        for _ in 0..ROUNDS {
            let before = taken.len();
            let mut stay = Vec::new();
            for (piece, reason) in left {
                if !matches!(reason, Reason::Differs | Reason::DefaultSpread) {
                    stay.push((piece, reason));
                } else if let Err(reason) = self.take(&piece, &mut taken) {
                    stay.push((piece, reason));
                }
            }
            left = stay;
            if taken.len() == before {
                break;
            }
        }
        let mut adoption = Adoption { template: self.template.path.clone(), ..Adoption::default() };
        if !taken.is_empty() {
            adoption.edits = pieces::edits(self.written, self.template, &taken);
        }
        let lines =
            |lines: Vec<Line>| lines.into_iter().map(|line| (line.key, line.text)).collect();
        let adopted = taken.into_iter();
        adoption.adopted = adopted
            .map(|(piece, words)| Adopted { field: self.field(&piece), lines: lines(words) })
            .collect();
        let kept = left.into_iter();
        adoption.kept =
            kept.map(|(piece, reason)| Kept { field: self.field(&piece), reason }).collect();
        adoption
    }

    fn take(&self, piece: &Piece, taken: &mut Taken) -> Result<(), Reason> {
        let words = &self.surroundings.words;
        let mut candidates = sentences::candidates(piece, &self.template.spec, &self.frame, words)?;
        // A pool may have brought the toleration with it.
        if matches!(piece, Piece::Toleration(_)) && !taken.is_empty() {
            candidates.insert(0, Vec::new());
        }
        let mut reason = Reason::Differs;
        for lines in candidates {
            taken.push((piece.clone(), lines));
            match self.judge(taken) {
                Ok(()) => return Ok(()),
                // What is refused says more.
                Err(other) if reason == Reason::Differs => reason = other,
                Err(_) => {}
            }
            taken.pop();
        }
        Err(reason)
    }

    /// Whether the template with the sentences in place of the fields becomes what it was.
    fn judge(&self, taken: &Taken) -> Result<(), Reason> {
        let mut value = self.written.clone();
        for (path, new) in pieces::edits(self.written, self.template, taken) {
            pieces::set(&mut value, &path, new);
        }
        let words = &self.surroundings.words;
        let Ok(object) = read::object(&value, words) else { return Err(Reason::Differs) };
        let same = |one: &&Template| one.path == self.template.path;
        let Some(template) = object.templates.iter().find(same) else {
            return Err(Reason::Differs);
        };
        let after = review(&object, self.surroundings);
        let more = |code: &Code, count: usize| count > self.errors.get(code).copied().unwrap_or(0);
        if let Some((code, _)) = errors(&after).into_iter().find(|(code, count)| more(code, *count))
        {
            return Err(Reason::Refused(code));
        }
        let frame = frame::frame(&object, template, &self.surroundings.objects);
        let (Some(new), Some(old)) = (meanings(&after, template, &frame), &self.meanings) else {
            return Err(Reason::NotKnown);
        };
        if new == *old {
            Ok(())
        } else if !new.only_adds_default_spread(old) {
            Err(Reason::Differs)
        } else if self.allow.default_spread {
            Ok(())
        } else {
            Err(Reason::DefaultSpread)
        }
    }
}

/// What a template means with its intents; `None`: something that they name is not known.
fn meanings(review: &Review, template: &Template, frame: &Frame<'_>) -> Option<Meanings> {
    match review.expansions.iter().find(|one| one.template == template.path) {
        None if has_intents(template) => None,
        None => Some(Meanings::of(&template.spec, frame)),
        Some(expansion) if !expansion.complete => None,
        Some(expansion) => Some(Meanings::of(&expansion.spec, frame)),
    }
}

fn has_intents(template: &Template) -> bool {
    [keys::REQUIRE, keys::PREFER, keys::TOLERATE, keys::INTENTS, keys::INTENTS_TLV]
        .iter()
        .any(|key| template.annotations.contains_key(*key))
}

fn errors(review: &Review) -> BTreeMap<Code, usize> {
    let mut counts = BTreeMap::new();
    for finding in review.findings.iter().filter(|one| one.severity == Severity::Error) {
        *counts.entry(finding.code).or_default() += 1;
    }
    counts
}
