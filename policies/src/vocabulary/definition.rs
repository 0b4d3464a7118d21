//! The CustomResourceDefinition of the vocabulary, generated from its types.
//!
//! The schema is structural (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema`): every field has
//! a type, there are no references, and nothing is closed by `additionalProperties: false`. Unknown
//! fields are kept instead of pruned, because the API server prunes before admission: a misspelt
//! `guard` would be gone before anybody could say so. What a schema can not say, and CEL can at a
//! bounded cost, is in `rules`.

mod rules;

use placecard_language::keys;
use placecard_language::vocabulary_check;
use serde_json::{Map, Value, json};

pub use rules::{Rule, rules};

/// The plural that the API's paths use.
pub const PLURAL: &str = "placementvocabularies";

/// The name of the definition.
#[must_use]
pub fn name() -> String {
    format!("{PLURAL}.{}", keys::GROUP)
}

/// The CustomResourceDefinition (`apiextensions.k8s.io/v1`).
#[must_use]
pub fn definition() -> Value {
    let (_, version) = keys::API_VERSION.split_once('/').unwrap_or_default();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name(), "labels": {"app.kubernetes.io/name": "placecard"}},
        "spec": {
            "group": keys::GROUP,
            "scope": "Cluster",
            "names": {
                "kind": keys::VOCABULARY_KIND,
                "listKind": format!("{}List", keys::VOCABULARY_KIND),
                "plural": PLURAL,
                "singular": keys::VOCABULARY_KIND.to_lowercase(),
                "shortNames": ["vocabulary"],
                "categories": ["placecard"],
            },
            "versions": [{
                "name": version,
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": structural_schema()},
                "additionalPrinterColumns": columns(),
            }],
        },
    })
}

fn columns() -> Value {
    let force = keys::FORCE.replace('.', "\\.");
    json!([
        {"name": "Inventory", "type": "string", "jsonPath": ".spec.inventory",
         "description": "closed: no node type beyond those seen and the node templates"},
        {"name": "Service-Domain", "type": "string", "jsonPath": ".spec.serviceDomain",
         "description": "the level meant by a bare service id"},
        {"name": "Forced", "type": "string", "priority": 1,
         "jsonPath": format!(".metadata.annotations.{force}"),
         "description": "why words that are in use may go"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ])
}

/// The schema of the types as a structural one, with all that is added to it.
fn structural_schema() -> Value {
    let whole = vocabulary_check::schema();
    let definitions = whole.get("$defs").cloned().unwrap_or_default();
    let mut schema = inlined(&whole, &definitions);
    if let Some(root) = schema.as_object_mut() {
        // The API server looks after the other three itself, and wants no word about one of them.
        root.insert("required".to_owned(), json!(["spec"]));
        if let Some(Value::Object(fields)) = root.get_mut("properties") {
            fields.insert("metadata".to_owned(), json!({"type": "object"}));
        }
    }
    for (at, keyword, value) in rules::additions() {
        if let Some(field) = field(&mut schema, at) {
            field.insert(keyword.to_owned(), value);
        }
    }
    for rule in rules() {
        let Some(field) = field(&mut schema, rule.at) else { continue };
        let list = field.entry("x-kubernetes-validations").or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(rule.written());
        }
    }
    schema
}

/// Keywords that say something to readers of a JSON Schema and that a structural schema lacks.
const LEFT_OUT: [&str; 5] = ["$schema", "$defs", "title", "default", "additionalProperties"];

/// The schema with each reference replaced by what it refers to.
fn inlined(schema: &Value, definitions: &Value) -> Value {
    let Some(object) = schema.as_object() else { return schema.clone() };
    let mut out = Map::new();
    if let Some(target) = object.get("$ref").and_then(Value::as_str) {
        let target = target.strip_prefix("#/$defs/").and_then(|name| definitions.get(name));
        if let Some(Value::Object(target)) = target.map(|target| inlined(target, definitions)) {
            out = target;
        }
    }
    for (keyword, value) in object {
        match keyword.as_str() {
            "$ref" => {}
            "additionalProperties" if value.is_object() => {
                out.insert(keyword.clone(), inlined(value, definitions));
            }
            keyword if LEFT_OUT.contains(&keyword) => {}
            // The type has no others.
            "minimum" | "maximum" if object.get("format").is_some_and(|of| of == "int64") => {}
            // Its bounds are written out; the name is not one that the API server knows.
            "format" if value == "uint32" => {}
            "items" => {
                out.insert(keyword.clone(), inlined(value, definitions));
            }
            "properties" => {
                let fields = value.as_object().into_iter().flatten();
                let fields =
                    fields.map(|(name, field)| (name.clone(), inlined(field, definitions)));
                out.insert(keyword.clone(), Value::Object(fields.collect()));
                out.insert("x-kubernetes-preserve-unknown-fields".to_owned(), true.into());
            }
            _ => {
                out.insert(keyword.clone(), value.clone());
            }
        }
    }
    Value::Object(out)
}

/// The schema of a field; `pools[]` is an entry of a list, `labels{}` a value of a map.
fn field<'a>(schema: &'a mut Value, path: &str) -> Option<&'a mut Map<String, Value>> {
    let mut here = schema;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let name = step.trim_end_matches(['[', ']', '{', '}']);
        here = here.get_mut("properties")?.get_mut(name)?;
        if step.ends_with("[]") {
            here = here.get_mut("items")?;
        } else if step.ends_with("{}") {
            here = here.get_mut("additionalProperties")?;
        }
    }
    here.as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Map<String, Value>)) {
        let object = schema.as_object().unwrap_or_else(|| panic!("{path}: no schema"));
        visit(path, object);
        for (name, field) in
            object.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            walk(field, &format!("{path}.{name}"), visit);
        }
        for (keyword, mark) in [("items", "[]"), ("additionalProperties", "{}")] {
            if let Some(inner) = object.get(keyword) {
                walk(inner, &format!("{path}{mark}"), visit);
            }
        }
    }

    #[test]
    fn every_field_has_a_type_and_no_keyword_is_foreign() {
        const KNOWN: &[&str] = &[
            "type",
            "description",
            "properties",
            "items",
            "additionalProperties",
            "required",
            "enum",
            "format",
            "minimum",
            "maximum",
            "maxItems",
            "minItems",
            "maxLength",
            "minLength",
            "maxProperties",
            "pattern",
            "x-kubernetes-preserve-unknown-fields",
            "x-kubernetes-list-type",
            "x-kubernetes-list-map-keys",
            "x-kubernetes-validations",
        ];
        let mut fields = 0;
        walk(&structural_schema(), "", &mut |path, schema| {
            fields += 1;
            assert!(schema.contains_key("type"), "{path} has no type");
            for keyword in schema.keys() {
                assert!(KNOWN.contains(&keyword.as_str()), "{path}: {keyword}");
            }
            let is = |name| schema.get("type").is_some_and(|found| found == name);
            assert_eq!(is("array"), schema.contains_key("items"), "{path}");
            assert_eq!(is("array"), schema.contains_key("maxItems"), "{path} has no bound");
            assert_eq!(is("array"), schema.contains_key("x-kubernetes-list-type"), "{path}");
            let bounded = schema.contains_key("maxLength") || schema.contains_key("enum");
            let own = path.is_empty() || [".apiVersion", ".kind"].contains(&path);
            assert_eq!(is("string") && !own, bounded, "{path} has no bound");
            if schema.contains_key("additionalProperties") {
                assert!(schema.contains_key("maxProperties"), "{path} has no bound");
            }
        });
        assert!(fields > 60, "{fields}");
    }

    #[test]
    fn every_addition_and_rule_finds_its_field() {
        let mut schema = structural_schema();
        let rules = rules();
        assert!(rules.len() > 15);
        let of_rules = rules.iter().map(|rule| rule.at);
        for at in rules::additions().iter().map(|(at, ..)| *at).chain(of_rules) {
            assert!(field(&mut schema, at).is_some(), "{at}");
        }
        for rule in rules {
            assert!(!rule.message.is_empty() && !rule.message.contains('\n'), "{}", rule.rule);
        }
    }
}
