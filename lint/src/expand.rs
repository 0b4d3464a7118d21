//! Manifests with native fields: every document with changes is edited in place, everything else
//! is printed byte for byte.

use std::ops::Range;

use placecard_findings::FieldPath;
use placecard_policies::change::edit_value;
use serde_json::{Map, Value};
use similar::TextDiff;

use crate::index::{File, ObjectId, Role};
use crate::load::{Document, Format, Set, applied, emit_yaml, splice};
use crate::run::{Judged, Planned};

/// The judged files with native fields, or what changes in them as a unified diff. Documents with
/// problems or unfit objects stay as they are.
#[must_use]
pub fn expand(judged: &Judged, diff: bool) -> String {
    let mut out = String::new();
    for (number, file) in judged.index.files.iter().enumerate() {
        // What is not text cannot be printed as it is; its finding says so.
        if file.role != Role::Judged || file.source.problem.is_some() {
            continue;
        }
        let text = expand_file(judged, number, file);
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

pub(crate) fn unified(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    TextDiff::from_lines(old, new).unified_diff().context_radius(3).header(name, name).to_string()
}

fn expand_file(judged: &Judged, number: usize, file: &File) -> String {
    let text = &file.source.text;
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (position, document) in file.documents.iter().enumerate() {
        let Range { start, end } = document.span.range();
        let id = |object| ObjectId { file: number, document: position, object };
        let objects = 0..document.objects.len();
        if !document.problems.is_empty()
            || objects.into_iter().any(|o| judged.unfit.contains(&id(o)))
        {
            continue;
        }
        let planned: Vec<(&FieldPath, &Planned)> = document
            .objects
            .iter()
            .enumerate()
            .filter_map(|(object, at)| Some((at, judged.expansions.get(&id(object))?)))
            .flat_map(|(at, planned)| planned.iter().map(|one| (&at.path, one)))
            .filter(|(_, one)| !one.expansion.changes.is_empty() || !one.from_written)
            .collect();
        if planned.is_empty() {
            continue;
        }
        out.push_str(text.get(copied..start).unwrap_or_default());
        out.push_str(&expand_document(file, document, &planned));
        copied = end;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}

/// The document's text with the changes; written anew where it cannot be edited in place.
fn expand_document(file: &File, document: &Document, planned: &[(&FieldPath, &Planned)]) -> String {
    let mut sets = Vec::new();
    for (object, planned) in planned {
        let path = object.join(&planned.expansion.template).key("spec");
        let old = document.value.pointer(&path.pointer()).cloned().unwrap_or_default();
        let new = expanded(old, planned);
        sets.push(Set { path, value: Some(new) });
        sets.extend(labelled(document, object, planned));
    }
    match splice(&file.source, document, &sets) {
        Ok(text) => text,
        Err(_) => match applied(&document.value, &sets) {
            Ok(value) => anew(file, document, &value),
            Err(_) => file.source.slice(document.span).to_owned(),
        },
    }
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
            edit_value(&mut spec, &change.edit());
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
