//! The one entry: annotations of one object in, intents and problems out.

use std::collections::BTreeMap;

use crate::checked::{NamespaceFacts, Words};
use crate::intent::Intents;
use crate::keys::Place;
use crate::problem::Problem;

/// What the annotations of one object say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Everything that could be read; with an error among the problems it must not be acted upon.
    pub intents: Intents,
    /// In the order of the keys, and in each value from its start to its end.
    pub problems: Vec<Problem>,
    /// Whether an annotation of intent stands here, readable or not.
    pub has_intents: bool,
}

/// Reads the annotations of one object.
///
/// `namespace` decides who may use which pool and trust domain; what it leaves open becomes a
/// problem of severity warning whose detail says `decided: false`.
#[must_use]
pub fn read(
    annotations: &BTreeMap<String, String>,
    place: Place,
    words: &Words,
    namespace: Option<&NamespaceFacts>,
) -> Reading {
    let _ = (annotations, place, words, namespace);
    Reading::default()
}

/// Reads the labels of one object: only whether ours stand where they may, with a value they take.
#[must_use]
pub fn read_labels(labels: &BTreeMap<String, String>, place: Place) -> Vec<Problem> {
    let _ = (labels, place);
    Vec::new()
}
