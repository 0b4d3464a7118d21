//! The patch of the mutating webhook: expansions as RFC 6902 operations.

use json_patch::jsonptr::{PointerBuf, Token};
use json_patch::{AddOperation, PatchOperation, RemoveOperation, ReplaceOperation};
use placecard_findings::{FieldPath, Segment};
use placecard_language::keys;
use serde_json::{Map, Value, json};

use crate::applied;
use crate::change::{Action, Edit, edit_value};
use crate::object::Template;
use crate::review::Expansion;

/// The operations that make the fields of a template those of its expansion; empty if they are.
#[must_use]
pub fn fields(expansion: &Expansion, template: &Template) -> Vec<PatchOperation> {
    let spec = template.path.key("spec");
    let mut now = template.spec.lists();
    if expansion.base == template.spec {
        let Some((last, before)) = expansion.changes.split_last() else { return Vec::new() };
        let before = before.iter().map(|change| edit_both(&spec, &mut now, change.edit()));
        let mut operations: Vec<PatchOperation> = before.collect();
        operations.push(edit(&spec, &now, last.edit()));
        return operations;
    }
    let wanted = expansion.spec.lists();
    let mut operations = Vec::new();
    for list in applied::LISTS {
        let (is, want) = (applied::at(&now, list), applied::at(&wanted, list));
        if is == want {
            continue;
        }
        if want.is_null() {
            let path = path(&spec, &applied::prune(&mut now, list));
            operations.push(PatchOperation::Remove(RemoveOperation { path }));
        } else {
            let change = Edit { list, action: Action::Set, value: want };
            operations.push(edit_both(&spec, &mut now, change));
        }
    }
    operations
}

/// The operations that give a pod the labels of its expansion; empty if it has them.
#[must_use]
pub fn labels(expansion: &Expansion, template: &Template) -> Vec<PatchOperation> {
    let labels = template.path.keys(&["metadata", "labels"]);
    let lacking = expansion.labels.iter().filter(|(key, value)| {
        template.labels.get(key.as_str()).is_none_or(|present| present != *value)
    });
    let lacking: Vec<(&String, &String)> = lacking.collect();
    if template.labels.is_empty() && !lacking.is_empty() {
        let value = json!(expansion.labels);
        return vec![PatchOperation::Add(AddOperation { path: path(&labels, &[]), value })];
    }
    let add = |(key, value): (&String, &String)| {
        let path = path(&labels, std::slice::from_ref(key));
        PatchOperation::Add(AddOperation { path, value: json!(value) })
    };
    lacking.into_iter().map(add).collect()
}

/// The operations that bring the `applied` annotation up to date.
#[must_use]
pub fn record(expansion: &Expansion, template: &Template) -> Vec<PatchOperation> {
    let present = template.annotations.get(keys::APPLIED);
    let annotations = template.path.keys(&["metadata", "annotations"]);
    let at = path(&annotations, &[keys::APPLIED.to_owned()]);
    match (&expansion.applied, present) {
        (Some(wanted), Some(present)) if wanted == present => Vec::new(),
        (Some(wanted), None) if template.annotations.is_empty() => {
            let value = json!({ keys::APPLIED: wanted });
            vec![PatchOperation::Add(AddOperation { path: path(&annotations, &[]), value })]
        }
        (Some(wanted), _) => {
            vec![PatchOperation::Add(AddOperation { path: at, value: json!(wanted) })]
        }
        (None, Some(_)) => vec![PatchOperation::Remove(RemoveOperation { path: at })],
        (None, None) => Vec::new(),
    }
}

/// One edit as an operation, and made in the fields, because another one follows.
fn edit_both(spec: &FieldPath, now: &mut Value, change: Edit) -> PatchOperation {
    let operation = edit(spec, now, change.clone());
    edit_value(now, change);
    operation
}

/// One edit as an operation; what is missing on the way is created with it.
fn edit(spec: &FieldPath, now: &Value, edit: Edit) -> PatchOperation {
    let Edit { list, action, value } = edit;
    let mut tokens: Vec<String> = Vec::new();
    let mut at = Some(now);
    let mut rest = list.iter();
    for key in rest.by_ref() {
        tokens.push((*key).to_owned());
        at = at.and_then(|value| value.get(*key)).filter(|value| !value.is_null());
        if at.is_none() {
            break;
        }
    }
    match (at.is_some(), action) {
        (true, Action::Append) => {
            tokens.push("-".to_owned());
            PatchOperation::Add(AddOperation { path: path(spec, &tokens), value })
        }
        (_, Action::Replace(index)) => {
            tokens.push(index.to_string());
            PatchOperation::Replace(ReplaceOperation { path: path(spec, &tokens), value })
        }
        (true, Action::Set) => {
            PatchOperation::Replace(ReplaceOperation { path: path(spec, &tokens), value })
        }
        (false, action) => {
            let innermost = match action {
                Action::Append => Value::Array(vec![value]),
                Action::Set | Action::Replace(_) => value,
            };
            let around =
                |value, key: &&str| Value::Object(Map::from_iter([((*key).into(), value)]));
            let value = rest.rev().fold(innermost, around);
            PatchOperation::Add(AddOperation { path: path(spec, &tokens), value })
        }
    }
}

fn path(base: &FieldPath, tokens: &[String]) -> PointerBuf {
    let base = base.0.iter().map(|segment| match segment {
        Segment::Key(key) => Token::new(key.as_str()),
        Segment::Index(index) => Token::new(index.to_string()),
    });
    PointerBuf::from_tokens(base.chain(tokens.iter().map(|token| Token::new(token.clone()))))
}
