//! The one review behind both doors.

use placecard_findings::{Finding, FieldPath};

use crate::change::Change;
use crate::object::{Object, PodSpec};
use crate::surroundings::{Reference, Surroundings};

/// What a review found.
#[derive(Clone, Debug, Default)]
pub struct Review {
    /// In the order of the object's text: by template, then by annotation and line.
    pub findings: Vec<Finding>,
    /// One entry for every template that carries intents which could be read and expressed.
    pub expansions: Vec<Expansion>,
    /// Whether the object carries intents at all.
    pub has_intents: bool,
}

/// What becomes of one template.
#[derive(Clone, Debug, Default)]
pub struct Expansion {
    /// The template's path; empty for a pod.
    pub template: FieldPath,
    /// In a stable order; empty if everything is there already.
    pub changes: Vec<Change>,
    /// The placement fields with the changes made.
    pub spec: PodSpec,
    /// For each rule in words: what it added (for the `applied` annotation and `expand`).
    pub added: Vec<String>,
}

/// What a review of this object needs to know about other objects.
#[must_use]
pub fn references(object: &Object, surroundings: &Surroundings) -> Vec<Reference> {
    let _ = (object, surroundings);
    Vec::new()
}

/// Reviews one object.
#[must_use]
pub fn review(object: &Object, surroundings: &Surroundings) -> Review {
    let _ = (object, surroundings);
    Review::default()
}
