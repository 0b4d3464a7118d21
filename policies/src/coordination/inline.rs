//! Coordinations inside a RoleBasedGroup: what the API server keeps of them, and what says the same
//! where it keeps nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use placecard_findings::{Finding, ObjectRef, Site, api_group};
use placecard_language::coordination::check::group_of;
use placecard_language::coordination::inline::{self as language, HOME, LIST};
use serde_json::Value;

use crate::read::below;
use crate::surroundings::{Answer, Reference, Surroundings};
use crate::vocabulary::path;
use crate::words;

/// The resource of RoleBasedGroups, as their CustomResourceDefinition is named.
pub const DEFINITION: &str = "rolebasedgroups.workloads.x-k8s.io";

/// No more pruned fields are told of than this.
const MOST: usize = 8;

/// What has to be known of other objects: the schema that the server keeps the object by.
pub(crate) fn references(written: &Value, found: &mut Vec<Reference>) {
    if language::is_written(written) {
        found.push(schema_of(written));
    }
}

fn schema_of(written: &Value) -> Reference {
    let api_version = written.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let version = api_version.split_once('/').map_or(api_version, |(_, version)| version);
    Reference::GroupSchema { version: version.to_owned() }
}

/// What becomes of the coordinations of a RoleBasedGroup when it is stored.
pub(crate) fn findings(
    object: &ObjectRef,
    written: &Value,
    surroundings: &Surroundings,
) -> Vec<Finding> {
    if !language::is_written(written) {
        return Vec::new();
    }
    let schema = match surroundings.objects.get(&schema_of(written)) {
        Some(Answer::Schema(schema)) => schema,
        // Nothing is known: no release of RoleBasedGroup is known that has the fields.
        None => {
            let site = Site::key(path(written, LIST));
            return vec![words::coordination::not_in_any_release(object, site, &offer(written))];
        }
        Some(_) => return Vec::new(),
    };
    let mut pruned = Vec::new();
    match written.pointer(LIST) {
        Some(list) if !schema.is_null() => drop_unknown(schema, list, LIST, &mut pruned),
        _ => pruned.push(LIST.to_owned()),
    }
    let site = |pointer: &String| Site::key(path(written, pointer));
    let pruned: Vec<Site> = pruned.iter().take(MOST).map(site).collect();
    let finding = words::coordination::pruned(object, &pruned, &offer(written));
    finding.into_iter().collect()
}

/// The pointers of the fields that a structural schema does not have: the API server drops them
/// (apiextensions-apiserver, pkg/apiserver/schema/pruning).
fn drop_unknown(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let keeps = schema.get("x-kubernetes-preserve-unknown-fields");
            let keeps = keeps.and_then(Value::as_bool).unwrap_or(false);
            for (field, value) in fields {
                let at = format!("{at}/{}", field.replace('~', "~0").replace('/', "~1"));
                let known = schema.get("properties").and_then(|known| known.get(field));
                match (known, schema.get("additionalProperties")) {
                    (Some(schema), _) | (None, Some(schema @ Value::Object(_))) => {
                        drop_unknown(schema, value, &at, found);
                    }
                    (None, Some(Value::Bool(true))) => {}
                    _ if keeps => {}
                    _ => found.push(at),
                }
            }
        }
        Value::Array(items) => {
            let Some(schema) = schema.get("items") else { return };
            for (index, item) in items.iter().enumerate() {
                drop_unknown(schema, item, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// What a CustomResourceDefinition says of the list in which coordinations stand, by version: null
/// where it does not have the list.
#[must_use]
pub fn schemas(value: &Value) -> Vec<(Reference, Answer)> {
    let text = |keys: &[&str]| below(value, keys).and_then(Value::as_str).unwrap_or_default();
    let group = api_group(text(&["apiVersion"])) == "apiextensions.k8s.io";
    if !group
        || text(&["kind"]) != "CustomResourceDefinition"
        || text(&["metadata", "name"]) != DEFINITION
    {
        return Vec::new();
    }
    let versions = value.pointer("/spec/versions").and_then(Value::as_array);
    let of_version = |one: &Value| {
        let version = one.get("name")?.as_str()?.to_owned();
        let schema = one.pointer("/schema/openAPIV3Schema").map(of_object);
        Some((Reference::GroupSchema { version }, Answer::Schema(Arc::new(schema?))))
    };
    versions.into_iter().flatten().filter_map(of_version).collect()
}

/// What the schema of a whole object says of the list: null if it does not have it.
#[must_use]
pub fn of_object(schema: &Value) -> Value {
    let keeps = |schema: &Value| {
        let keeps = schema.get("x-kubernetes-preserve-unknown-fields");
        keeps.and_then(Value::as_bool).unwrap_or(false)
    };
    let all = || serde_json::json!({"x-kubernetes-preserve-unknown-fields": true});
    let mut here = schema;
    for step in LIST.split('/').skip(1) {
        match here.get("properties").and_then(|known| known.get(step)) {
            Some(next) => here = next,
            None if keeps(here) => return all(),
            None => return Value::Null,
        }
    }
    here.clone()
}

/// Whether a schema of the list keeps batches of roles.
#[must_use]
pub fn keeps_batches(list: &Value) -> bool {
    let mut found = Vec::new();
    let ours = serde_json::json!([{"name": "", "type": "", "roles": [""], "strategy": {
        "affinityScheduling": {"ratios": {"role": 1}}}}]);
    drop_unknown(list, &ours, "", &mut found);
    !list.is_null() && found.is_empty()
}

/// What a RoleBasedGroup answers to its pods, if coordinations of ours stand in it: nothing can be
/// made of what is wrong. `namespace` stands for an absent `metadata.namespace`.
pub(crate) fn answer(
    value: &Value,
    object: &ObjectRef,
    namespace: &str,
) -> Option<(Reference, Answer)> {
    if (group_of(&object.api_version), object.kind.as_str()) != HOME {
        return None;
    }
    let own = &object.namespace;
    let namespace = if own.is_empty() { namespace.to_owned() } else { own.clone() };
    let answer = match language::check(value).0 {
        _ if !language::is_written(value) => Answer::Absent,
        Some(mut group) => {
            group.namespace.clone_from(&namespace);
            Answer::Coordination(Box::new(group))
        }
        None => Answer::Unreachable,
    };
    Some((Reference::InGroup { namespace, name: object.name.clone() }, answer))
}

/// The RoleCoordination that says the same, as lines of YAML.
fn offer(written: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    print(&language::replacement(written), 0, &mut lines);
    lines
}

/// Fields in the order of their kinds of objects, the rest by name.
const ORDER: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "name",
    "namespace",
    "type",
    "groupRef",
    "role",
    "roles",
    "coordination",
    "strategy",
    "topologyKey",
    "ratios",
];

fn ordered(fields: &serde_json::Map<String, Value>) -> Vec<(&String, &Value)> {
    let rank = |key: &str| ORDER.iter().position(|one| *one == key).unwrap_or(ORDER.len());
    let sorted: BTreeMap<(usize, &String), &Value> =
        fields.iter().map(|(key, value)| ((rank(key), key), value)).collect();
    sorted.into_iter().map(|((_, key), value)| (key, value)).collect()
}

/// Block style, with mappings and lists of scalars on one line.
fn print(value: &Value, indent: usize, lines: &mut Vec<String>) {
    let margin = " ".repeat(indent);
    let Value::Object(fields) = value else { return };
    for (key, value) in ordered(fields) {
        let key = scalar(&Value::String(key.clone()));
        match value {
            Value::Object(inner) if inner.values().any(|one| !is_scalar(one)) => {
                lines.push(format!("{margin}{key}:"));
                print(value, indent + 2, lines);
            }
            Value::Array(items) if items.iter().any(|one| !is_scalar(one)) => {
                lines.push(format!("{margin}{key}:"));
                for item in items {
                    let from = lines.len();
                    print(item, indent + 2, lines);
                    if let Some(first) = lines.get_mut(from) {
                        *first = format!("{margin}- {}", first.trim_start());
                    }
                }
            }
            Value::Object(inner) if key == "groupRef" || inner.is_empty() => {
                lines.push(format!("{margin}{key}:"));
                for (key, value) in ordered(inner) {
                    lines.push(format!("{margin}  {key}: {}", flow(value)));
                }
            }
            value => lines.push(format!("{margin}{key}: {}", flow(value))),
        }
    }
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Object(_) | Value::Array(_))
}

fn flow(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let pair = |(key, value): (&String, &Value)| {
                format!("{}: {}", scalar(&Value::String(key.clone())), flow(value))
            };
            format!("{{{}}}", ordered(fields).into_iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        value => scalar(value),
    }
}

/// A scalar of YAML: plain where no reader takes it for anything but this text.
fn scalar(value: &Value) -> String {
    const WORDS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let Value::String(text) = value else { return value.to_string() };
    let starts = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'/');
    let is_word = WORDS.contains(&text.to_ascii_lowercase().as_str());
    let is_plain = starts && text.bytes().all(plain) && !is_word;
    if is_plain { text.clone() } else { value.to_string() }
}
