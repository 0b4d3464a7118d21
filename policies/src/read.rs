//! From JSON to [`Object`] and to answers: the only place that sees the API's optional fields.

use placecard_findings::{FieldPath, ObjectRef};
use placecard_language::vocabulary_check::Words;
use serde_json::Value;

use crate::object::Object;
use crate::surroundings::{Answer, Reference};

/// A field that cannot be read: the API server would refuse the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadProblem {
    /// Where.
    pub path: FieldPath,
    /// What the decoder says, `invalid type: integer 3, expected a string`.
    pub message: String,
}

/// Reads `apiVersion`, `kind`, `metadata.namespace` and `metadata.name`; `None` if the value is not
/// a Kubernetes object.
#[must_use]
pub fn reference(value: &Value) -> Option<ObjectRef> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let reference = ObjectRef {
        api_version: text("/apiVersion"),
        kind: text("/kind"),
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name"),
    };
    (!reference.api_version.is_empty() && !reference.kind.is_empty()).then_some(reference)
}

/// Reads an object.
///
/// # Errors
/// The first field whose type is not the API's.
pub fn object(value: &Value, words: &Words) -> Result<Object, ReadProblem> {
    let _ = (value, words);
    Err(ReadProblem { path: FieldPath::root(), message: String::new() })
}

/// The same from text, without a tree in between; for the webhook.
///
/// # Errors
/// As [`object`]; text that is not JSON is a problem at the root.
pub fn object_from_json(json: &str, words: &Words) -> Result<Object, ReadProblem> {
    let _ = (json, words);
    Err(ReadProblem { path: FieldPath::root(), message: String::new() })
}

/// What an object answers about itself to rules of other objects: a Service or workload its
/// selector, a Namespace its labels. `namespace` stands for an absent `metadata.namespace`.
#[must_use]
pub fn answers(value: &Value, namespace: &str) -> Vec<(Reference, Answer)> {
    let _ = (value, namespace);
    Vec::new()
}
