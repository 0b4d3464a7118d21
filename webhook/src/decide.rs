//! The decision: a pure function of the request and of what was looked up for it.
//!
//! It is made in three steps, so that nothing is looked up while deciding: [`question`] reads the
//! objects, [`references`] names what has to be known besides, and [`answer`] decides.

use placecard_policies::admission::{self, Admission, Door};
use placecard_policies::object::Object;
use placecard_policies::read::{self, ReadProblem};
use placecard_policies::review;
use placecard_policies::surroundings::{Reference, Surroundings};
use serde_json::value::RawValue;

use crate::admission::{AdmissionRequest, Operation};

/// What a request asks.
#[derive(Debug, Clone)]
pub enum Question {
    /// Nothing: a deletion, a subresource, a connection. Admitted as it is.
    Nothing,
    /// Whether this object may be stored.
    Judge {
        /// As it would be stored.
        new: Box<Object>,
        /// As it is stored, on an update.
        old: Option<Box<Object>>,
    },
    /// The object has a field whose type is not the API's. The API server finds that itself.
    Unreadable(ReadProblem),
}

/// Reads the objects of a request.
#[must_use]
pub fn question(request: &AdmissionRequest<'_>, surroundings: &Surroundings) -> Question {
    let asks = matches!(request.operation, Operation::Create | Operation::Update);
    let Some(new) = request.object.filter(|_| asks && request.sub_resource.is_empty()) else {
        return Question::Nothing;
    };
    match object(new, request, surroundings) {
        Ok(new) => {
            let old = request.old_object.filter(|_| request.operation == Operation::Update);
            let old = old.and_then(|old| object(old, request, surroundings).ok());
            Question::Judge { new: Box::new(new), old: old.map(Box::new) }
        }
        Err(problem) => Question::Unreadable(problem),
    }
}

/// An object of a request. On CREATE the API server leaves out what stands in the URL.
fn object(
    raw: &RawValue,
    request: &AdmissionRequest<'_>,
    surroundings: &Surroundings,
) -> Result<Object, ReadProblem> {
    let mut object = read::object_from_json(raw.get(), &surroundings.words)?;
    if object.reference.namespace.is_empty() {
        object.reference.namespace = request.namespace.to_string();
    }
    if object.reference.name.is_empty() {
        object.reference.name = request.name.to_string();
    }
    Ok(object)
}

/// What has to be looked up before the question can be answered.
#[must_use]
pub fn references(question: &Question, surroundings: &Surroundings) -> Vec<Reference> {
    let Question::Judge { new, old } = question else { return Vec::new() };
    let mut references = review::references(new, surroundings);
    if let Some(old) = old {
        references.extend(review::references(old, surroundings));
    }
    references.sort();
    references.dedup();
    references
}

/// Decides. Both objects of an update are reviewed, because what was wrong before and did not get
/// worse is admitted.
#[must_use]
pub fn answer(
    door: Door,
    operation: Operation,
    question: &Question,
    surroundings: &Surroundings,
) -> Admission {
    let (new, old) = match question {
        Question::Nothing => return Admission::default(),
        Question::Unreadable(problem) => return unreadable(problem),
        Question::Judge { new, old } => (new, old),
    };
    let operation = match operation {
        Operation::Create => admission::Operation::Create,
        Operation::Update => admission::Operation::Update,
        Operation::Delete => admission::Operation::Delete,
        Operation::Connect => admission::Operation::Other,
    };
    let review_of = |object: &Object| review::review(object, surroundings);
    let new_review = review_of(new);
    let old = old.as_deref().map(|old| (old, review_of(old)));
    let old = old.as_ref().map(|(old, review)| (*old, review));
    admission::answer(door, operation, (new, &new_review), old)
}

fn unreadable(problem: &ReadProblem) -> Admission {
    let warning =
        format!("placecard did not read this object: {}: {}", problem.path, problem.message);
    Admission { warnings: vec![warning], ..Admission::default() }
}
