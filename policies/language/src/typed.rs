//! Typed entries of annotations, into the same rules as sentences.
//!
//! Each entry becomes the words that say the same (`phrase`), with a note of where each word comes
//! from; from there on it is read as a sentence is, so that it means the same and the same is told of
//! it. [`table`] is the list of what says what.

mod blob;
mod level;
mod lower;
pub mod of_sentence;
mod phrase;
pub mod table;
mod text;

use std::ops::Range;

use crate::affinity::{Affinity, LeaseError, Reason, scan_each, written};
use crate::codes;
use crate::intent::Rule;
use crate::parse::MAX_TARGETS;
use crate::problem::{Detail, TypedFlaw};
use crate::report::{At, Report};
use text::{Lines, Node, Spot};

pub use level::{level_key, level_of};
pub(crate) use lower::{Lowered, Reader};

/// An entry and where it is written.
#[derive(Clone, Debug)]
struct Entry {
    entry: Affinity,
    /// What stands for the entry as a whole.
    whole: Spot,
    /// Its target's value or name.
    target: Option<Spot>,
    /// Its level.
    level: Option<Spot>,
}

/// The entries of `placecard.dev/intents`, as they are read for its rules; `None` if they cannot be.
#[must_use]
pub fn entries_of_text(value: &str) -> Option<Vec<Affinity>> {
    match text::parse(value).ok()? {
        None => Some(Vec::new()),
        Some(tree) => written::read_each(&tree.to_value()).ok(),
    }
}

/// The entries of `placecard.dev/intents-tlv`, likewise.
#[must_use]
pub fn entries_of_blob(value: &str) -> Option<Vec<Affinity>> {
    scan_each(&blob::Blob::decode(value).ok()?.bytes).ok()
}

/// The rules of `placecard.dev/intents`.
pub(crate) fn read_text(value: &str, report: &mut Report<'_>, reader: &Reader<'_>) -> Lowered {
    let lines = Lines::of(value);
    let tree = match text::parse(value) {
        Ok(Some(tree)) => tree,
        Ok(None) => return Lowered::default(),
        Err((flaw, span)) => {
            let at = lines.at(span);
            report.add(codes::INVALID_INTENT, at, Detail::Typed(flaw));
            return Lowered::default();
        }
    };
    let entries = match written::read_each(&tree.to_value()) {
        Ok(entries) => entries,
        Err(problems) => {
            for problem in problems {
                tell(&tree, &lines, problem, report);
            }
            return Lowered::default();
        }
    };
    let list = tree.get("entries").map(Node::items).unwrap_or_default();
    let entries: Vec<Entry> = entries
        .into_iter()
        .zip(list)
        .map(|(entry, node)| {
            let target = node.get("target");
            let named = target.and_then(|target| target.get("value").or(target.get("name")));
            let target_spot = named.map(Node::spot);
            let whole = target.map(Node::spot).filter(|spot| !lines.breaks(&spot.span));
            Entry {
                entry,
                whole: whole.or(target_spot.clone()).unwrap_or_else(|| node.spot()),
                target: target_spot,
                level: node.get("level").map(Node::spot),
            }
        })
        .collect();
    each(&entries, &lines, report, reader)
}

/// The rules of `placecard.dev/intents-tlv`.
pub(crate) fn read_blob(value: &str, report: &mut Report<'_>, reader: &Reader<'_>) -> Lowered {
    let lines = Lines::of(value);
    let blob = match blob::Blob::decode(value) {
        Ok(blob) => blob,
        Err((flaw, span)) => {
            let at = lines.at(span);
            report.add(codes::INVALID_INTENT, at, Detail::Typed(flaw));
            return Lowered::default();
        }
    };
    let found = match crate::affinity::scan_each_with_places(&blob.bytes) {
        Ok(found) => found,
        Err(error) => {
            let (at, reason) = parts(error);
            let span = at.map_or(0..value.len(), |at| blob.letters(at..at + 1));
            let at = at.unwrap_or_default();
            let (from, shown) = around(&blob.bytes, at);
            let flaw = TypedFlaw::Bytes { at, reason: Box::new(reason), shown, from };
            report.add(codes::INVALID_INTENT, lines.at(span), Detail::Typed(flaw));
            return Lowered::default();
        }
    };
    let spot = |bytes: Range<usize>| Spot { span: blob.letters(bytes), verbatim: false };
    let entries: Vec<Entry> = found
        .into_iter()
        .map(|(bytes, entry)| Entry { entry, whole: spot(bytes), target: None, level: None })
        .collect();
    each(&entries, &lines, report, reader)
}

/// The row of 16 bytes that holds a byte, with two rows before it and one behind.
fn around(bytes: &[u8], at: usize) -> (usize, Vec<u8>) {
    const ROW: usize = 16;
    let from = (at / ROW).saturating_sub(2).saturating_mul(ROW);
    let rows = bytes.get(from..).unwrap_or_default();
    (from, rows.iter().take(4 * ROW).copied().collect())
}

fn parts(error: LeaseError) -> (Option<usize>, Reason) {
    match error {
        LeaseError::InvalidIntent { at, reason } => (at, reason),
        // Only writing gives this.
        LeaseError::NotInWireForm { .. } => (None, Reason::WeightOfRequired),
    }
}

/// A problem of a written entry, at its field.
fn tell(tree: &Node, lines: &Lines, problem: written::EntryProblem, report: &mut Report<'_>) {
    let spot = tree.find(&problem.pointer, problem.on_key);
    let span = lines.first(spot.span.clone());
    let verbatim = spot.verbatim && span == spot.span;
    let word = report.text(&span).to_owned();
    let suggestion = problem.suggestion;
    let flaw = TypedFlaw::Entry(Box::new(problem.detail));
    report.word(problem.code, lines.at(span), &word, suggestion, Detail::Typed(flaw));
    report.last_is_verbatim(verbatim);
}

fn each(entries: &[Entry], lines: &Lines, report: &mut Report<'_>, reader: &Reader<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    for (index, entry) in entries.iter().enumerate() {
        if index >= MAX_TARGETS {
            let at = lines.at(lines.first(entry.whole.span.clone()));
            report.add(codes::VALUE_SYNTAX, at, Detail::TooMany { limit: MAX_TARGETS });
            break;
        }
        if report.is_full() {
            break;
        }
        let rule: Option<Rule> = lower::entry(entry, lines, report, reader, &mut lowered.wants);
        lowered.rules.extend(rule);
    }
    lowered
}

impl Lines {
    /// A place in the value.
    fn at(&self, span: Range<usize>) -> At {
        let line = self.line(span.start);
        At::new(span, line)
    }
}
