//! Manifests with native fields: every document with changes is edited in place, everything else
//! is printed byte for byte.

use std::collections::BTreeSet;
use std::ops::Range;

use placecard_findings::{FieldPath, Segment, Severity};
use placecard_policies::change::Change;
use placecard_policies::review::Expansion;
use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

use crate::index::{File, ObjectId, Role};
use crate::load::{Document, Format, Set, emit_yaml, splice};
use crate::run::Judged;

/// The judged files with native fields, or what changes in them as a unified diff. Documents with a
/// finding of severity error stay as they are.
#[must_use]
pub fn expand(judged: &Judged, diff: bool) -> String {
    let broken: BTreeSet<(usize, u32)> = judged
        .findings
        .iter()
        .filter(|placed| placed.finding.severity == Severity::Error)
        .map(|placed| (placed.primary().file, placed.primary().span.start))
        .collect();
    let mut out = String::new();
    for (number, file) in judged.index.files.iter().enumerate() {
        if file.role != Role::Judged {
            continue;
        }
        let text = expand_file(judged, number, file, &broken);
        if diff {
            out.push_str(&unified(&file.source.name, &file.source.text, &text));
        } else {
            join(&mut out, &file.source.with_mark(&text));
        }
    }
    out
}

/// Files become one stream of documents; a single file stays what it is.
fn join(out: &mut String, text: &str) {
    if out.is_empty() {
        out.push_str(text);
        return;
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    let text = text.trim_start_matches('\u{feff}');
    if !text.starts_with("---") {
        out.push_str("---\n");
    }
    out.push_str(text);
}

fn unified(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    TextDiff::from_lines(old, new).unified_diff().context_radius(3).header(name, name).to_string()
}

fn expand_file(
    judged: &Judged,
    number: usize,
    file: &File,
    broken: &BTreeSet<(usize, u32)>,
) -> String {
    let text = &file.source.text;
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (position, document) in file.documents.iter().enumerate() {
        let Range { start, end } = document.span.range();
        let spoilt = broken
            .range((number, document.span.start)..(number, document.span.end))
            .next()
            .is_some();
        if spoilt || !document.readable() {
            continue;
        }
        let id = |object| ObjectId { file: number, document: position, object };
        let expansions: Vec<(&FieldPath, &Expansion)> = document
            .objects
            .iter()
            .enumerate()
            .filter_map(|(object, at)| Some((at, judged.expansions.get(&id(object))?)))
            .flat_map(|(at, expansions)| expansions.iter().map(|one| (&at.path, one)))
            .filter(|(_, expansion)| !expansion.changes.is_empty())
            .collect();
        if expansions.is_empty() {
            continue;
        }
        out.push_str(text.get(copied..start).unwrap_or_default());
        out.push_str(&expand_document(file, document, &expansions));
        copied = end;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}

/// The document's text with the changes; written anew where it cannot be edited in place.
fn expand_document(
    file: &File,
    document: &Document,
    expansions: &[(&FieldPath, &Expansion)],
) -> String {
    let mut value = document.value.clone();
    let mut sets: Vec<Set> = Vec::new();
    for (object, expansion) in expansions {
        let spec = object.join(&expansion.template).key("spec");
        for change in &expansion.changes {
            let path = apply(&mut value, &spec, change);
            let new = value.pointer(&path.pointer()).cloned();
            match sets.iter_mut().find(|set| set.path == path) {
                Some(set) => set.value = new,
                None => sets.push(Set { path, value: new }),
            }
        }
    }
    match splice(&file.source, document, &sets) {
        Ok(text) => text,
        Err(_) => anew(file, document, &value),
    }
}

fn anew(file: &File, document: &Document, value: &Value) -> String {
    let old = file.source.slice(document.span);
    let text = match document.format {
        Format::Json => serde_json::to_string_pretty(value).unwrap_or_default(),
        Format::Yaml => emit_yaml(value, 0),
    };
    let start = if old.starts_with("---") { "---\n" } else { "" };
    format!("{start}{text}\n")
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Makes a change in the document's value; the path of the list that changed.
fn apply(document: &mut Value, spec: &FieldPath, change: &Change) -> FieldPath {
    let affinity = |kind: &str, list: &str| spec.keys(&["affinity", kind, list]);
    let (path, edit) = match change {
        Change::RequiredNodeTerms(terms) => {
            (affinity("nodeAffinity", REQUIRED).key("nodeSelectorTerms"), Edit::Whole(json(terms)))
        }
        Change::PreferredNodeTerm(term) => {
            (affinity("nodeAffinity", PREFERRED), Edit::Append(json(term)))
        }
        Change::PodAffinity(term) => (affinity("podAffinity", REQUIRED), Edit::Append(json(term))),
        Change::PreferredPodAffinity(term) => {
            (affinity("podAffinity", PREFERRED), Edit::Append(json(term)))
        }
        Change::PodAntiAffinity(term) => {
            (affinity("podAntiAffinity", REQUIRED), Edit::Append(json(term)))
        }
        Change::PreferredPodAntiAffinity(term) => {
            (affinity("podAntiAffinity", PREFERRED), Edit::Append(json(term)))
        }
        Change::Spread(spread) => {
            (spec.key("topologySpreadConstraints"), Edit::Append(json(spread)))
        }
        Change::Toleration(toleration) => (spec.key("tolerations"), Edit::Append(json(toleration))),
        Change::ReplaceToleration(index, toleration) => {
            (spec.key("tolerations"), Edit::Replace(*index, json(toleration)))
        }
    };
    let Some(place) = entry(document, &path) else { return path };
    match edit {
        Edit::Whole(value) => *place = value,
        Edit::Append(value) => match place {
            Value::Array(items) => items.push(value),
            _ => *place = Value::Array(vec![value]),
        },
        Edit::Replace(index, value) => {
            if let Some(old) = place.get_mut(index) {
                *old = value;
            }
        }
    }
    path
}

/// What happens to a list.
enum Edit {
    Whole(Value),
    Append(Value),
    Replace(usize, Value),
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// The value at a path; missing parents, and null ones, become mappings. `None` past the end of a
/// list.
fn entry<'a>(value: &'a mut Value, path: &FieldPath) -> Option<&'a mut Value> {
    let mut here = value;
    for segment in &path.0 {
        here = match segment {
            Segment::Key(key) => {
                if !here.is_object() {
                    *here = Value::Object(serde_json::Map::new());
                }
                here.as_object_mut()?.entry(key.as_str()).or_insert(Value::Null)
            }
            Segment::Index(index) => here.get_mut(*index)?,
        };
    }
    Some(here)
}
