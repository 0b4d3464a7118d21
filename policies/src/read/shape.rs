//! Pod templates in objects of kinds that nobody told us about, known by their shape.

use placecard_findings::{FieldPath, Segment};
use serde_json::{Map, Value};

use super::{WireTemplate, located, template};
use crate::object::Template;

/// So deep inside an object a template is looked for.
const DEEPEST: usize = 8;
/// So many values of one object are looked at.
const BUDGET: usize = 50_000;
/// So many templates are taken.
const MOST: usize = 100;

/// What plainly is a pod template: `spec.containers` with a name each, and nothing besides `spec` and
/// `metadata`. What has fields of another type than a pod's is none.
pub(super) fn templates(object: &Value) -> Vec<Template> {
    let mut search = Search { budget: BUDGET, path: Vec::new(), found: Vec::new() };
    let Value::Object(fields) = object else { return Vec::new() };
    for (key, field) in fields {
        if !matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status") {
            search.below(Segment::key(key), field);
        }
    }
    let mut found = search.found;
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

struct Search {
    budget: usize,
    path: Vec<Segment>,
    found: Vec<Template>,
}

impl Search {
    fn below(&mut self, step: Segment, value: &Value) {
        if self.path.len() >= DEEPEST || self.budget == 0 || self.found.len() >= MOST {
            return;
        }
        self.budget -= 1;
        self.path.push(step);
        match value {
            // A whole object inside another one is that object's business.
            Value::Object(fields) if is_object(fields) => {}
            Value::Object(fields) if is_template(fields) => self.take(value),
            Value::Object(fields) => {
                for (key, field) in fields {
                    if field.is_object() || field.is_array() {
                        self.below(Segment::key(key), field);
                    }
                }
            }
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    if element.is_object() {
                        self.below(Segment::Index(index), element);
                    }
                }
            }
            _ => {}
        }
        self.path.pop();
    }

    fn take(&mut self, value: &Value) {
        if let Ok(wire) = located::<WireTemplate, _>(value) {
            let path = FieldPath(self.path.clone());
            self.found.push(Template { guessed: true, ..template(path, wire) });
        }
    }
}

fn is_object(fields: &Map<String, Value>) -> bool {
    ["apiVersion", "kind"].iter().all(|key| fields.get(*key).is_some_and(Value::is_string))
}

fn is_template(fields: &Map<String, Value>) -> bool {
    let alone = fields.keys().all(|key| matches!(key.as_str(), "spec" | "metadata"));
    let metadata = fields.get("metadata").is_none_or(|one| one.is_object() || one.is_null());
    let containers = fields.get("spec").and_then(|spec| spec.get("containers")?.as_array());
    alone
        && metadata
        && containers.is_some_and(|list| !list.is_empty() && list.iter().all(is_container))
}

/// Whether it has the name of a container, and not the pattern of one.
fn is_container(value: &Value) -> bool {
    value.get("name").and_then(Value::as_str).is_some_and(|name| {
        let legal = |one: u8| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'-';
        !name.is_empty() && name.bytes().all(legal)
    })
}

#[cfg(test)]
mod tests {
    use placecard_language::checked::Words;
    use serde_json::json;

    use super::*;

    fn paths(spec: Value) -> Vec<String> {
        let value = json!({"apiVersion": "example.com/v1", "kind": "Thing", "spec": spec});
        let object = super::super::object(&value, &Words::default()).unwrap();
        assert!(object.templates.iter().all(|one| one.guessed && one.scattered.is_empty()));
        object.templates.iter().map(|one| one.path.to_string()).collect()
    }

    #[test]
    fn what_plainly_is_a_template_is_read() {
        let pod = json!({"spec": {"containers": [{"name": "app", "image": "i"}]}});
        let with_metadata = json!({"metadata": {"labels": {"a": "b"}}, "spec": pod["spec"]});
        for (spec, expected) in [
            (json!({"template": pod}), vec!["spec.template"]),
            (json!({"b": [with_metadata], "a": {"x": pod}}), vec!["spec.a.x", "spec.b[0]"]),
            (json!({"a": {"b": {"c": {"d": {"e": {"f": pod}}}}}}), vec!["spec.a.b.c.d.e.f"]),
            // Too deep, something else beside it, patterns and patches, and what only resembles it.
            (json!({"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": pod}}}}}}}}), vec![]),
            (json!({"template": {"spec": pod["spec"], "replicas": 1}}), vec![]),
            (json!({"template": {"spec": {"containers": [{"name": "*"}]}}}), vec![]),
            (json!({"template": {"spec": {"containers": [{"image": "i"}]}}}), vec![]),
            (json!({"template": {"spec": {"containers": []}}}), vec![]),
            (json!({"template": {"spec": {"containers": {"app": {"name": "app"}}}}}), vec![]),
            (json!({"template": {"metadata": [], "spec": pod["spec"]}}), vec![]),
            (
                json!({"template": {"spec": {"containers": [{"name": "app"}], "nodeSelector": "x"}}}),
                vec![],
            ),
            // A whole object inside.
            (
                json!({"objects": [{"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": pod}}]}),
                vec![],
            ),
        ] {
            assert_eq!(paths(spec.clone()), expected, "{spec}");
        }
    }

    #[test]
    fn the_search_is_bounded() {
        let pod = json!({"spec": {"containers": [{"name": "app"}]}});
        assert_eq!(paths(json!(vec![pod.clone(); 1000])).len(), MOST);
        let wide = json!({"a": vec![json!({}); 60_000], "b": pod});
        assert_eq!(paths(wide), Vec::<String>::new());
    }

    #[test]
    fn kinds_of_kubernetes_hold_no_other_templates() {
        let value = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "spec": {"template": {"spec": {"containers": [{"name": "app"}]}}}});
        assert!(super::super::object(&value, &Words::default()).unwrap().templates.is_empty());
    }
}
