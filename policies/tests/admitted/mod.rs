//! Pods as the API server asks about them when they are made.

use placecard_policies::admission::{self, Admission, Door, Operation};
use placecard_policies::surroundings::Surroundings;
use placecard_policies::{read, review};
use serde_json::Value;

pub(crate) fn ask(door: Door, value: &Value, surroundings: &Surroundings) -> Admission {
    let object = read::object(value, &surroundings.words).expect("a pod");
    let review = review::review(&object, surroundings);
    admission::answer(door, Operation::Create, (&object, &review), None)
}

/// The pod as it is stored, and the warnings about it; it is not changed a second time, and passes.
#[track_caller]
pub(crate) fn stored(value: &Value, surroundings: &Surroundings) -> (Value, Vec<String>) {
    let admission = ask(Door::Mutate, value, surroundings);
    assert_eq!(admission.denial, None);
    let mut stored = value.clone();
    json_patch::patch(&mut stored, &admission.patch).expect("a patch that applies");
    let again = ask(Door::Mutate, &stored, surroundings);
    assert_eq!((again.denial, again.patch), (None, Vec::new()), "{stored}");
    let last = ask(Door::Validate, &stored, surroundings);
    assert_eq!(last.denial, None, "{stored}");
    (stored, last.warnings)
}
