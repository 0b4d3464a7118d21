//! A vocabulary's mistakes as findings.

use placecard_findings::{FieldPath, Finding, Help, Label, ObjectRef, Segment, Site, Verdict};
use placecard_language::vocabulary_check::{self, VocabularyDetail, VocabularyProblem};
use placecard_policies::words;
use serde_json::Value;

/// Whether an object is a vocabulary of ours, of whatever version.
#[must_use]
pub fn is_vocabulary(value: &Value) -> bool {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let group = text("apiVersion").split('/').next().unwrap_or_default();
    group == "placecard.dev" && text("kind") == "PlacementVocabulary"
}

/// The JSON Schema, with a line break at its end.
#[must_use]
pub fn schema() -> String {
    serde_json::to_string_pretty(&vocabulary_check::schema()).unwrap_or_default() + "\n"
}

/// A mistake as a finding about `object`, whose value is `value`.
#[must_use]
pub fn finding(object: &ObjectRef, value: &Value, problem: &VocabularyProblem) -> Finding {
    let path = path(value, &problem.pointer);
    let site = match &problem.span {
        _ if problem.on_key => Site::key(path),
        Some(span) => Site::within(path, span.clone()),
        None => Site::value(path),
    };
    let worded = words::vocabulary::problem(problem);
    let label = Label::new(site, worded.label);
    let mut finding =
        Finding::new(problem.code, Verdict::Language, object.clone(), worded.message, label);
    finding.suggestion.clone_from(&problem.suggestion);
    finding.help = worded.help.into_iter().map(Help::text).collect();
    if let VocabularyDetail::Duplicate { first, .. } = &problem.detail {
        let site = Site::value(self::path(value, first));
        finding.labels.push(Label::new(site, "the first is here"));
    }
    finding
}

/// The path of a JSON pointer; whether a number is a key or a position depends on the value.
fn path(value: &Value, pointer: &str) -> FieldPath {
    let mut path = FieldPath::root();
    let mut here = Some(value);
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        match (here, step.parse::<usize>()) {
            (Some(Value::Array(items)), Ok(index)) => {
                here = items.get(index);
                path.0.push(Segment::Index(index));
            }
            _ => {
                here = here.and_then(|value| value.get(&step));
                path.0.push(Segment::Key(step));
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pointer_is_a_path_of_the_value() {
        let value = json!({"spec": {"pools": [{"7": {"a/b~c": 1}}]}});
        for (pointer, expected) in [
            ("", ""),
            ("/spec/pools/0", "spec.pools[0]"),
            ("/spec/pools/0/7/a~1b~0c", "spec.pools[0].7[a/b~c]"),
            ("/spec/nothing/0", "spec.nothing.0"),
        ] {
            let path = path(&value, pointer);
            assert_eq!((path.to_string().as_str(), path.pointer().as_str()), (expected, pointer));
        }
    }

    #[test]
    fn vocabularies_are_known_by_group_and_kind() {
        for (api_version, kind, is) in [
            ("placecard.dev/v1alpha1", "PlacementVocabulary", true),
            ("placecard.dev/v9", "PlacementVocabulary", true),
            ("example.com/v1", "PlacementVocabulary", false),
            ("placecard.dev/v1alpha1", "Other", false),
        ] {
            let value = json!({"apiVersion": api_version, "kind": kind});
            assert_eq!(is_vocabulary(&value), is, "{api_version} {kind}");
        }
    }
}
