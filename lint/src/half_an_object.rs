//! What is nearly an object.

use placecard_findings::{FieldPath, Finding, Label, ObjectRef, Severity, Site, Verdict};
use placecard_policies::kinds;
use serde_json::Value;

use crate::load_codes;

/// Something with `kind` and without `apiVersion`, or the other way round. Files of other tools look
/// like that too (values of charts, `kustomization.yaml`): what lacks the metadata of an object is
/// none, and of a kind that we do not know it is no error.
pub(crate) fn half_an_object(value: &Value) -> Option<Finding> {
    let has = |key: &str| value.get(key).is_some_and(|value| !value.is_null());
    let named = || value.pointer("/metadata/name").is_some_and(Value::is_string);
    match (has("kind"), has("apiVersion")) {
        (true, true) => {
            Some(not_an_object("apiVersion and kind are to be strings that are not empty"))
        }
        (true, false) if named() => {
            let mut finding = not_an_object("this object has no apiVersion");
            let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
            if !kinds::KINDS.iter().any(|row| row.kind == kind) {
                finding.severity = Severity::Warning;
            }
            Some(finding)
        }
        (false, true) if has("metadata") || has("spec") => {
            Some(not_an_object("this object has no kind"))
        }
        _ => None,
    }
}

fn not_an_object(message: &str) -> Finding {
    Finding::new(
        load_codes::NOT_AN_OBJECT,
        Verdict::ApiRejects,
        ObjectRef::default(),
        message,
        Label::new(Site::value(FieldPath::root()), ""),
    )
}
