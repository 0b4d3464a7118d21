//! Words for typed entries, as `placecard intent` reads and writes them.

use placecard_language::affinity::text::{Encoding, TextFlaw};
use placecard_language::affinity::written::{EntryDetail, EntryProblem};
use placecard_language::affinity::{LeaseError, Reason};

use crate::words::{shorten, vocabulary};

/// The longest message.
const LONGEST: usize = 72;

/// What is wrong with written entries, in a line, and ways out.
#[must_use]
pub fn entry(problem: &EntryProblem) -> (String, Vec<String>) {
    match &problem.detail {
        EntryDetail::Shape(detail) => {
            let (message, mut help) = vocabulary::shape(detail);
            if let Some(word) = &problem.suggestion {
                help.insert(0, format!("did you mean {}?", shorten(word, 32)));
            }
            (message, help)
        }
        EntryDetail::Invalid(reason) => (shorten(&invalid(reason), LONGEST), Vec::new()),
    }
}

fn invalid(reason: &Reason) -> String {
    format!("InvalidIntent: {reason}")
}

/// What entries are refused with, and in a second line which ones contradict each other.
#[must_use]
pub fn refusal(error: &LeaseError) -> String {
    match error {
        LeaseError::InvalidIntent { reason, .. } => match contradiction(reason) {
            Some(entries) => format!("{error}\n  {entries}"),
            None => error.to_string(),
        },
        other => other.to_string(),
    }
}

/// Which entries contradict each other, counted from 1.
#[must_use]
pub fn contradiction(reason: &Reason) -> Option<String> {
    let Reason::Contradictory { toward, away, target } = reason else { return None };
    let target = shorten(&target.to_string(), 80);
    let (toward, away) = (toward + 1, away + 1);
    Some(format!("{target}: entry {toward} is required toward it, entry {away} away from it"))
}

/// A number that is not what it looks like.
#[must_use]
pub fn odd_number(written: &str, read: &str) -> String {
    format!("YAML reads {} as {read} (write {read} if that is meant)", shorten(written, 32))
}

/// What is wrong with a text that stands for bytes; `at` as the reader of the text counts.
#[must_use]
pub fn text(encoding: Encoding, flaw: &TextFlaw, at: &str) -> String {
    match flaw {
        TextFlaw::Character { found, .. } => {
            let found = visible(*found);
            match encoding {
                Encoding::Hex => format!("{found} at {at} is no hexadecimal digit"),
                Encoding::Base64 => format!("{found} at {at} is no letter of base64"),
            }
        }
        TextFlaw::HalfAByte { digits, .. } => {
            format!("{digits} hexadecimal digits make no whole number of bytes")
        }
        TextFlaw::UrlAlphabet { found, .. } => {
            let meant = if *found == '-' { '+' } else { '/' };
            format!("{found} at {at} is of base64url; base64 has {meant} for it")
        }
        TextFlaw::Incomplete { letters, .. } => {
            format!("the base64 ends with {letters} of 4 letters, from {at}; is something cut off?")
        }
        TextFlaw::Padding { .. } => format!("= at {at} does not end the base64"),
        TextFlaw::LooseBits { found, .. } => {
            format!("{found} at {at} has bits of no byte; is something cut off?")
        }
    }
}

fn visible(character: char) -> String {
    if character.is_control() || character.is_whitespace() {
        format!("U+{:04X}", u32::from(character))
    } else {
        character.to_string()
    }
}
