//! The vocabulary under review: its words, and its mistakes as findings.

pub mod admission;
pub mod change;
pub mod definition;

use placecard_findings::{Code, Verdict};
use placecard_findings::{Edit, FieldPath, Finding, Fix, Help, Label, ObjectRef, Segment, Site};
use placecard_language as language;
use placecard_language::checked::Words;
use placecard_language::keys::{self, Place};
use placecard_language::vocabulary_check::{self, VocabularyDetail, VocabularyProblem};
use serde::Deserialize as _;
use serde_json::Value;

use crate::object::Map;
use crate::read;
use crate::words;
use crate::words::language::Worded;

/// Whether an object is a vocabulary of ours, of whatever version.
#[must_use]
pub fn is_vocabulary(object: &ObjectRef) -> bool {
    object.group() == keys::GROUP && object.kind == keys::VOCABULARY_KIND
}

/// Checks a vocabulary. With any finding the words must not be acted upon.
#[must_use]
pub fn check(value: &Value) -> (Words, Vec<Finding>) {
    let (words, problems) = vocabulary_check::check(value);
    let object = read::reference(value).unwrap_or_default();
    let mut findings = of_metadata(&object, value);
    findings.extend(problems.iter().map(|problem| finding(&object, value, problem)));
    (words, findings)
}

/// Annotations and labels of ours on the vocabulary itself.
fn of_metadata(object: &ObjectRef, value: &Value) -> Vec<Finding> {
    let map = |name: &str| {
        let map = value.pointer(&format!("/metadata/{name}"));
        map.and_then(|map| Map::deserialize(map).ok()).unwrap_or_default()
    };
    let reading = language::read(&map("annotations"), Place::Vocabulary, &Words::default(), None);
    let labels = language::read_labels(&map("labels"), Place::Vocabulary);
    let metadata = FieldPath::of(&["metadata"]);
    let problems = reading.problems.iter().chain(&labels);
    problems.map(|problem| words::annotation::finding(object, &metadata, problem)).collect()
}

fn finding(object: &ObjectRef, value: &Value, problem: &VocabularyProblem) -> Finding {
    let path = path(value, &problem.pointer);
    let place = path.to_string();
    let site = match &problem.span {
        _ if problem.on_key => Site::key(path),
        Some(span) => Site::within(path, span.clone()),
        None => Site::value(path),
    };
    let worded = words::vocabulary::problem(problem);
    let mut finding = told(object, problem.code, site.clone(), &place, &worded);
    finding.suggestion.clone_from(&problem.suggestion);
    if let (Some(old), Some(new)) = (worded.replaces, &problem.suggestion) {
        let edits = vec![Edit::text(site, old, new)];
        finding.fix = Some(Fix { safe: false, edits });
    }
    if let VocabularyDetail::Duplicate { first, .. } = &problem.detail {
        let site = Site::value(self::path(value, first));
        finding.labels.push(Label::new(site, "the first is here"));
    }
    finding
}

/// The finding of something that is wrong in a resource of ours, at `place`.
pub(crate) fn told(
    object: &ObjectRef,
    code: Code,
    site: Site,
    place: &str,
    worded: &Worded,
) -> Finding {
    let label = Label::new(site, worded.label.as_str()).quoting(worded.quote.as_str());
    let message = worded.message.as_str();
    let mut finding = Finding::new(code, Verdict::Language, object.clone(), message, label);
    finding.help = worded.help.iter().map(|text| Help::text(text.as_str())).collect();
    if !place.is_empty() {
        finding.admission = Some(format!("{message} ({place})"));
    }
    finding
}

/// The path of a JSON pointer; whether a number is a key or a position depends on the value.
#[must_use]
pub fn path(value: &Value, pointer: &str) -> FieldPath {
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
                path.0.push(Segment::key(&step));
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_misspelt_field_is_a_finding_at_its_key() {
        let value = json!({"apiVersion": keys::API_VERSION, "kind": keys::VOCABULARY_KIND,
            "metadata": {"name": "default"},
            "spec": {"pools": [{"name": "a", "nodes": "x=y", "toleration": []}]}});
        let (_, findings) = check(&value);
        let [finding] = findings.as_slice() else { panic!("{findings:?}") };
        let site = &finding.primary().unwrap().site;
        assert_eq!(site.path.to_string(), "spec.pools[0].toleration");
        assert_eq!(site.part, placecard_findings::Part::Key);
        assert!(is_vocabulary(&finding.object));
        assert_eq!(finding.line(), "no field is named toleration here; did you mean tolerations?");
    }
}
