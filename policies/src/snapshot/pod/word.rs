//! Words of the API that are compared and never kept.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// One of the words that matter; empty for any other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Word(pub(super) &'static str);

/// Phases, policies, and types, states and reasons of conditions.
const WORDS: [&str; 9] = [
    "True",
    "Succeeded",
    "Failed",
    "Always",
    "Never",
    "PodResizePending",
    "Infeasible",
    "DisruptionTarget",
    "PreemptionByScheduler",
];

struct WordVisitor;

impl Visitor<'_> for WordVisitor {
    type Value = Word;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Word, E> {
        Ok(Word(WORDS.into_iter().find(|word| *word == text).unwrap_or_default()))
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(WordVisitor)
    }
}
