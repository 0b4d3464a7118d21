//! Custom resources: the templates that the vocabulary names, else those of the table of kinds, else
//! what plainly is one.

use std::collections::BTreeMap;

use placecard_findings::{FieldPath, ObjectRef, api_group};
use placecard_language::checked::Words;
use placecard_language::keys;
use serde_json::{Map, Value};

use super::{
    Head, ReadProblem, Whole, WireTemplate, Written as _, below, label_selector, shape, template,
    with_head,
};
use crate::coordination;
use crate::kinds::custom::{CustomKind, Form, Given, find};
use crate::object::{Object, Template};

/// As many templates of one object are looked at.
pub(super) const MOST: usize = 1_000;

/// An object that is of no built-in kind.
pub(super) fn object(head: &Head, value: &Value, words: &Words) -> Result<Object, ReadProblem> {
    let (api_version, kind) = (head.api_version.as_str(), head.kind.as_str());
    let row = find(api_group(api_version), kind);
    let named =
        words.workloads.iter().filter(|one| one.api_version == api_version && one.kind == kind);
    let pointers: Vec<&String> = named.flat_map(|one| &one.templates).collect();
    let known = row.is_some() || !pointers.is_empty() || is_of_kubernetes(api_group(api_version));
    let whole: Whole<serde::de::IgnoredAny> = match value.read() {
        // What tools beside the API server read may be looser than that.
        Err(_) if !known => return Ok(bare(value)),
        whole => whole?,
    };
    let mut object = with_head(None, &whole.api_version, &whole.kind, whole.metadata);
    if coordination::is_written(&object.reference, value) {
        object.coordination = Some(Box::new(value.clone()));
    }
    // By the convention that `kubectl scale` and autoscalers go by, too.
    object.replicas = below(value, &["spec", "replicas"]).and_then(Value::as_i64);
    object.custom = row;
    match row {
        _ if !pointers.is_empty() => {
            for pointer in pointers {
                for (path, found) in places(value, pointer) {
                    object.templates.push(read(path, found)?);
                }
            }
        }
        Some(row) => described(row, value, &mut object)?,
        None if known => {}
        None => object.templates = shape::templates(value),
    }
    if let Some(row) = row {
        with_what_is_known(row, value, &mut object);
    }
    Ok(object)
}

/// Whether a group is one of Kubernetes' own, or ours: none of them holds pods that the tables do not
/// know.
fn is_of_kubernetes(group: &str) -> bool {
    !group.contains('.') || group.ends_with(".k8s.io") || group == keys::GROUP
}

/// An object of which nothing but its name can be read.
fn bare(value: &Value) -> Object {
    let reference: Option<ObjectRef> = super::reference(value);
    Object { reference: reference.unwrap_or_default(), ..Object::default() }
}

fn read(path: FieldPath, found: &Value) -> Result<Template, ReadProblem> {
    let wire: WireTemplate = found.read().map_err(|problem| ReadProblem {
        path: path.join(&problem.path),
        message: problem.message,
    })?;
    Ok(template(path, wire))
}

/// The templates of a kind of the table.
fn described(row: &CustomKind, value: &Value, object: &mut Object) -> Result<(), ReadProblem> {
    for pods in row.pods {
        for (path, found) in places(value, pods.at) {
            if !found.is_object() {
                continue;
            }
            match pods.form {
                Form::Template => object.templates.push(read(path, found)?),
                Form::Fields(list) => {
                    let whole = !row.labels.is_empty();
                    object.templates.extend(gathered(&path, found, list, whole));
                }
            }
        }
    }
    Ok(())
}

/// The labels that the operator gives, and the selector.
fn with_what_is_known(row: &CustomKind, value: &Value, object: &mut Object) {
    let name = object.reference.name.clone();
    for template in &mut object.templates {
        for (key, given) in row.labels {
            let text = match given {
                Given::Name => name.as_str(),
                Given::Value(text) => text,
            };
            if !text.is_empty() {
                template.labels.entry((*key).to_owned()).or_insert_with(|| text.to_owned());
            }
        }
    }
    let selector = below(value, &["spec", "selector"]).filter(|_| row.selector);
    object.selector = selector.and_then(label_selector);
}

/// A template put together from fields that stand elsewhere; `None`: none of them is there, or they
/// are not what they were. `whole`: without any there is a template too.
fn gathered(
    path: &FieldPath,
    found: &Value,
    list: &[(&str, &str)],
    whole: bool,
) -> Option<Template> {
    let mut together = Value::Object(Map::new());
    let mut scattered = Vec::new();
    for (virtually, really) in list {
        let steps = |text: &str| -> Vec<String> {
            text.split('/').filter(|step| !step.is_empty()).map(str::to_owned).collect()
        };
        let field = steps(really).iter().try_fold(found, |at, step| at.get(step));
        if let Some(field) = field.filter(|field| !field.is_null()) {
            put(&mut together, &steps(virtually), field.clone());
        }
        let below = |text: &str| steps(text).iter().fold(path.clone(), |path, step| path.key(step));
        scattered.push((below(virtually), below(really)));
    }
    let there = together.as_object().is_some_and(|fields| !fields.is_empty());
    let wire: WireTemplate = together.read().ok().filter(|_| there || whole)?;
    Some(Template { scattered, ..template(path.clone(), wire) })
}

fn put(into: &mut Value, steps: &[String], field: Value) {
    let Value::Object(fields) = into else { return };
    match steps {
        [] => {}
        [last] => _ = fields.insert(last.clone(), field),
        [first, rest @ ..] => {
            let next = fields.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()));
            put(next, rest, field);
        }
    }
}

/// What a JSON pointer leads to, in which `*` stands for every element of a list and every value of
/// a mapping.
fn places<'a>(value: &'a Value, pointer: &str) -> Vec<(FieldPath, &'a Value)> {
    let mut found = vec![(FieldPath::root(), value)];
    for step in pointer.split('/').skip(1) {
        let key = step.replace("~1", "/").replace("~0", "~");
        let mut next = Vec::new();
        for (path, at) in found {
            match at {
                Value::Array(elements) if step == "*" => {
                    next.extend(elements.iter().enumerate().map(|(i, one)| (path.index(i), one)));
                }
                Value::Object(fields) => match fields.get(&key) {
                    Some(field) => next.push((path.key(&key), field)),
                    None if step == "*" => {
                        let sorted: BTreeMap<_, _> = fields.iter().collect();
                        next.extend(sorted.into_iter().map(|(key, one)| (path.key(key), one)));
                    }
                    None => {}
                },
                _ => {}
            }
        }
        next.truncate(MOST);
        found = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::object;
    use super::*;

    fn of(value: &Value) -> Object {
        object(value, &Words::default()).unwrap()
    }

    #[test]
    fn every_row_gives_what_it_describes() {
        for row in crate::kinds::custom::CUSTOM_KINDS {
            for pods in row.pods {
                let mut object = json!({"apiVersion": format!("{}/v1", row.group), "kind": row.kind,
                    "metadata": {"name": "x"}});
                if row.group.is_empty() {
                    object["apiVersion"] = json!("v1");
                }
                let toleration = json!([{"key": "a", "operator": "Exists"}]);
                let at = match pods.form {
                    Form::Template => "spec/tolerations",
                    Form::Fields(list) => list
                        .iter()
                        .find_map(|(to, from)| match *to {
                            "spec" => Some("tolerations"),
                            "spec/tolerations" => Some(*from),
                            _ => None,
                        })
                        .unwrap(),
                };
                let mut field = toleration;
                let whole = format!("{}/{at}", pods.at);
                for (number, step) in
                    whole.split('/').skip(1).collect::<Vec<_>>().iter().rev().enumerate()
                {
                    field = match *step {
                        "*" if number % 2 == 0 => json!([field]),
                        "*" => json!({"some": field}),
                        key => json!({ key: field }),
                    };
                }
                let Value::Object(fields) = field else { panic!() };
                object.as_object_mut().unwrap().extend(fields);
                let read = of(&object);
                let with: Vec<&Template> =
                    read.templates.iter().filter(|one| one.spec.tolerations.len() == 1).collect();
                let [template] = with.as_slice() else { panic!("{} {}", row.kind, pods.at) };
                let virtually = template.spec_path(&["tolerations"]).index(0).key("key");
                let really = template.really(&virtually);
                let key = object.pointer(&really.pointer());
                assert_eq!(key, Some(&json!("a")), "{} {really}", row.kind);
                for (key, given) in row.labels {
                    let value = if *given == Given::Name { "x" } else { &template.labels[*key] };
                    assert_eq!(template.labels[*key], value, "{}", row.kind);
                }
            }
        }
    }

    #[test]
    fn a_kind_of_another_group_is_not_read() {
        for (api_version, templates) in [("kafka.strimzi.io/v1", 1), ("kafka.example.com/v1", 0)] {
            let kafka = json!({"apiVersion": api_version, "kind": "Kafka", "metadata": {"name": "k"},
                "spec": {"kafka": {"template": {"pod": {"tolerations": [{"operator": "Exists"}]}}}}});
            assert_eq!(of(&kafka).templates.len(), templates, "{api_version}");
        }
        // The vocabulary stands over the table.
        let mut words = Words::default();
        words.workloads.push(placecard_language::vocabulary::WorkloadSpec {
            api_version: "ray.io/v1".to_owned(),
            kind: "RayCluster".to_owned(),
            templates: vec!["/spec/mine".to_owned()],
        });
        let cluster = json!({"apiVersion": "ray.io/v1", "kind": "RayCluster",
            "spec": {"mine": {}, "headGroupSpec": {"template": {}}}});
        assert_eq!(
            object(&cluster, &words).unwrap().templates[0].path,
            FieldPath::of(&["spec", "mine"])
        );
        assert_eq!(of(&cluster).templates[0].path.to_string(), "spec.headGroupSpec.template");
    }

    #[test]
    fn a_schema_of_its_own_is_not_taken_for_a_native_one() {
        // `affinity` of CloudNativePG and of Percona, and fields whose types are others.
        for (api_version, kind, spec) in [
            (
                "postgresql.cnpg.io/v1",
                "Cluster",
                json!({"affinity": {"topologyKey": "zone",
                "enablePodAntiAffinity": true, "podAntiAffinityType": "required"}}),
            ),
            (
                "pxc.percona.com/v1",
                "PerconaXtraDBCluster",
                json!({"pxc": {"affinity": {"antiAffinityTopologyKey": "zone"}}}),
            ),
            (
                "operator.openshift.io/v1",
                "IngressController",
                json!({"nodePlacement": {"nodeSelector": {"matchLabels": {"a": "b"}}}}),
            ),
            ("argoproj.io/v1alpha1", "WorkflowTemplate", json!({"nodeSelector": "all"})),
        ] {
            let read = of(&json!({"apiVersion": api_version, "kind": kind, "spec": spec}));
            let nothing = |one: &Template| one.spec == crate::object::PodSpec::default();
            assert!(read.templates.iter().all(nothing), "{kind}: {:?}", read.templates);
        }
    }

    #[test]
    fn what_other_tools_read_may_have_other_types() {
        let labels = |api_version: &str, kind: &str| json!({"apiVersion": api_version, "kind": kind, "metadata": {"labels": {"a": true}}});
        assert_eq!(of(&labels("projectcalico.org/v3", "Node")).reference.kind, "Node");
        for (api_version, kind) in
            [("v1", "Node"), ("ray.io/v1", "RayJob"), ("node.k8s.io/v1", "RuntimeClass")]
        {
            let value = labels(api_version, kind);
            assert!(object(&value, &Words::default()).is_err(), "{kind}");
        }
    }
}
