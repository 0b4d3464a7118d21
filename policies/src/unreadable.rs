//! Objects that the API server cannot decode: what of their placement fields is in the way.

use placecard_findings::{
    Edit, FieldPath, Finding, Fix, Help, Label, ObjectRef, Segment, Site, Verdict, api_group,
};
use serde_json::Value;

use crate::fields::misplaced;
use crate::kinds;
use crate::read::ReadProblem;
use crate::rules::SELECTOR_VALUE_NOT_STRING;
use crate::words;

/// The findings of an object that cannot be read: all selectors whose values are no strings, all
/// fields that stand in `nodeSelector`, or else the first field that could not be read.
#[must_use]
pub fn findings(object: &ObjectRef, problem: &ReadProblem, written: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(kind) = kinds::find(api_group(&object.api_version), &object.kind) {
        let template = FieldPath::of(kind.template);
        found.extend(misplaced::in_node_selector(object, &template, written));
        let spec = template.key("spec");
        let mut scalars = Vec::new();
        for part in ["nodeSelector", "affinity", "tolerations", "topologySpreadConstraints"] {
            let path = spec.key(part);
            if let Some(value) = written.pointer(&path.pointer()) {
                walk(value, &path, 0, &mut scalars);
            }
        }
        let selector = FieldPath::of(&["spec", "selector"]);
        if let Some(value) = written.pointer(&selector.pointer()) {
            walk(value, &selector, 0, &mut scalars);
        }
        found.extend(scalars.iter().map(|(path, value)| not_a_string(object, path, value)));
    }
    let is_told =
        |finding: &Finding| finding.primary().is_some_and(|one| one.site.path == problem.path);
    if !found.iter().any(is_told) {
        let mut finding = words::trouble::field_type(object, problem);
        let value = written.pointer(&problem.path.pointer());
        let scalar = value.is_some_and(|value| value.is_boolean() || value.is_number());
        let wants_text = problem.message.contains("expected a string");
        let fix = || Fix::safe(vec![Edit::quote(problem.path.clone())]);
        finding.fix = (scalar && wants_text).then(fix);
        found.push(finding);
    }
    found
}

/// Deeper than any selector.
const MOST_DEPTH: usize = 16;

/// The scalars of a selector that are no strings.
fn walk<'a>(
    value: &'a Value,
    path: &FieldPath,
    depth: usize,
    found: &mut Vec<(FieldPath, &'a Value)>,
) {
    let is_text = |value: &Value| !value.is_boolean() && !value.is_number();
    if depth > MOST_DEPTH {
        return;
    }
    match value {
        Value::Object(fields) => {
            let labels = matches!(path.0.last(), Some(Segment::Key(key)) if key == "nodeSelector" || key == "matchLabels");
            for (key, value) in fields {
                let texts = labels || matches!(key.as_str(), "value" | "key" | "topologyKey");
                if texts && !is_text(value) {
                    found.push((path.key(key), value));
                } else {
                    walk(value, &path.key(key), depth + 1, found);
                }
            }
        }
        Value::Array(items) => {
            let values = matches!(path.0.last(), Some(Segment::Key(key)) if key == "values");
            for (index, item) in items.iter().enumerate() {
                if values && !is_text(item) {
                    found.push((path.index(index), item));
                } else {
                    walk(item, &path.index(index), depth + 1, found);
                }
            }
        }
        _ => {}
    }
}

fn not_a_string(object: &ObjectRef, path: &FieldPath, value: &Value) -> Finding {
    let kind = if value.is_boolean() { "boolean" } else { "number" };
    let label = Label::new(Site::value(path.clone()), format!("read as the {kind} {value}"));
    let message = format!("a selector compares strings, and this is a {kind}");
    let mut finding = Finding::new(
        SELECTOR_VALUE_NOT_STRING,
        Verdict::ApiRejects,
        object.clone(),
        message,
        label,
    );
    finding.help = vec![Help::text("put quotes around the value")];
    finding.fix = Some(Fix::safe(vec![Edit::quote(path.clone())]));
    finding
}
