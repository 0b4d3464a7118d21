//! Manifests with native fields: every document with changes is edited in place, everything else
//! is printed byte for byte.

use std::ops::Range;

use placecard_findings::FieldPath;
use placecard_policies::change::edit_value;
use serde_json::{Map, Value};
use similar::TextDiff;

use crate::index::{File, Index, ObjectId, Role};
use crate::load::{Document, Format, Set, applied, emit_yaml, splice};
use crate::run::{Judged, Planned};

/// The judged files with native fields, or what changes in them as a unified diff. Documents with
/// problems or unfit objects stay as they are.
#[must_use]
pub fn expand(judged: &Judged, diff: bool) -> String {
    printed(&judged.index, diff, |number, file| Some(expand_file(judged, number, file)))
}

/// The judged files with new texts, where there are any, or what changes in them as a unified diff.
pub(crate) fn printed(
    index: &Index,
    diff: bool,
    new: impl Fn(usize, &File) -> Option<String>,
) -> String {
    let mut out = String::new();
    for (number, file) in index.files.iter().enumerate() {
        // What is not text cannot be printed as it is; its finding says so.
        if file.role != Role::Judged || file.source.problem.is_some() {
            continue;
        }
        let text = new(number, file);
        let text = text.as_ref().unwrap_or(&file.source.text);
        if diff {
            out.push_str(&unified(&file.source.name, &file.source.text, text));
        } else {
            join(&mut out, &file.source.with_mark(text));
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

pub(crate) fn unified(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    TextDiff::from_lines(old, new).unified_diff().context_radius(3).header(name, name).to_string()
}

fn expand_file(judged: &Judged, number: usize, file: &File) -> String {
    rewritten(file, |position, document| {
        let id = |object| ObjectId { file: number, document: position, object };
        let objects = 0..document.objects.len();
        if !document.problems.is_empty()
            || objects.into_iter().any(|o| judged.unfit.contains(&id(o)))
        {
            return Vec::new();
        }
        let planned = document
            .objects
            .iter()
            .enumerate()
            .filter_map(|(object, at)| Some((at, judged.expansions.get(&id(object))?)))
            .flat_map(|(at, planned)| planned.iter().map(|one| (&at.path, one)))
            .filter(|(_, one)| !one.expansion.changes.is_empty() || !one.from_written);
        planned.flat_map(|(object, planned)| sets(document, object, planned)).collect()
    })
}

/// A file's text with new values; documents without any stay byte for byte.
pub(crate) fn rewritten(file: &File, sets: impl Fn(usize, &Document) -> Vec<Set>) -> String {
    rewritten_as(file, sets, |_, _, text| text)
}

/// As [`rewritten`]; `last` has the last word on the text of a document that changes.
pub(crate) fn rewritten_as(
    file: &File,
    sets: impl Fn(usize, &Document) -> Vec<Set>,
    mut last: impl FnMut(usize, &Document, String) -> String,
) -> String {
    let text = &file.source.text;
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (position, document) in file.documents().iter().enumerate() {
        let Range { start, end } = document.span.range();
        let sets = sets(position, document);
        if sets.is_empty() {
            continue;
        }
        out.push_str(text.get(copied..start).unwrap_or_default());
        out.push_str(&last(position, document, with_values(file, document, &sets)));
        copied = end;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}

/// The document's text with the values; written anew where it cannot be edited in place.
fn with_values(file: &File, document: &Document, sets: &[Set]) -> String {
    match splice(&file.source, document, sets) {
        Ok(text) => text,
        Err(_) => match applied(&document.value, sets) {
            Ok(value) => anew(file, document, &value),
            Err(_) => file.source.slice(document.span).to_owned(),
        },
    }
}

/// What an expansion changes in the document.
fn sets(document: &Document, object: &FieldPath, planned: &Planned) -> Vec<Set> {
    let path = object.join(&planned.expansion.template).key("spec");
    let old = document.value.pointer(&path.pointer()).cloned().unwrap_or_default();
    let mut sets = vec![Set { path, value: Some(expanded(old, planned)) }];
    sets.extend(labelled(document, object, planned));
    sets
}

/// The pod's labels with those that its new terms select.
fn labelled(document: &Document, object: &FieldPath, planned: &Planned) -> Option<Set> {
    let expansion = &planned.expansion;
    if expansion.labels.is_empty() {
        return None;
    }
    let path = object.join(&expansion.template).keys(&["metadata", "labels"]);
    let old = document.value.pointer(&path.pointer()).cloned();
    let mut labels = old.unwrap_or_else(|| Value::Object(Map::new()));
    let fields = labels.as_object_mut()?;
    fields.extend(expansion.labels.iter().map(|(key, value)| (key.clone(), value.as_str().into())));
    Some(Set { path, value: Some(labels) })
}

/// The pod spec with the changes.
fn expanded(mut spec: Value, planned: &Planned) -> Value {
    let Planned { expansion, from_written } = planned;
    if *from_written {
        for change in &expansion.changes {
            edit_value(&mut spec, change.edit());
        }
        return spec;
    }
    let wanted = expansion.spec.lists();
    if let Value::Object(spec) = &mut spec {
        for name in ["affinity", "tolerations", "topologySpreadConstraints"] {
            match wanted.get(name) {
                Some(value) => spec.insert(name.to_owned(), value.clone()),
                None => spec.remove(name),
            };
        }
    }
    spec
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
