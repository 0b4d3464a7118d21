//! CustomResourceDefinitions, generated from types.
//!
//! The schema is structural (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema`): every field has
//! a type, there are no references, and nothing is closed by `additionalProperties: false`. Unknown
//! fields are kept instead of pruned, because the API server prunes before admission: a misspelt
//! field would be gone before anybody could say so. What a schema can not say, and CEL can at a
//! bounded cost, is in the [`Rule`]s of each resource.

use std::borrow::Cow;

use placecard_language::keys;
use serde_json::{Map, Value, json};

use crate::words::definition::Said;

/// A field, a keyword of its schema, and the keyword's value.
pub(crate) type Addition = (&'static str, &'static str, Value);

/// A rule in CEL (`x-kubernetes-validations`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The field that is `self`: names with dots between them, `[]` for an entry of a list.
    pub at: &'static str,
    /// The expression that holds.
    pub rule: Cow<'static, str>,
    /// What is said if it does not.
    pub message: &'static str,
    /// The same with the name in it, as a CEL expression; empty: there is no name to tell.
    pub expression: &'static str,
}

impl Rule {
    /// As the definition has it.
    #[must_use]
    pub fn written(&self) -> Value {
        let mut written = json!({"rule": self.rule, "message": self.message});
        if let Some(object) = written.as_object_mut().filter(|_| !self.expression.is_empty()) {
            object.insert("messageExpression".to_owned(), self.expression.into());
        }
        written
    }
}

pub(crate) fn rule(at: &'static str, rule: impl Into<Cow<'static, str>>, said: Said) -> Rule {
    let (message, expression) = said;
    Rule { at, rule: rule.into(), message, expression }
}

/// A resource of ours.
pub(crate) struct Resource {
    /// Its kind.
    pub(crate) kind: &'static str,
    /// The plural that the API's paths use.
    pub(crate) plural: &'static str,
    /// What kubectl also takes for it.
    pub(crate) short_names: &'static [&'static str],
    /// It lives in a namespace.
    pub(crate) namespaced: bool,
    /// It has a status of its own, which is written apart from the spec.
    pub(crate) has_status: bool,
    /// The JSON Schema that its types have.
    pub(crate) schema: Value,
    /// What the types' schema lacks.
    pub(crate) additions: Vec<Addition>,
    /// What CEL checks.
    pub(crate) rules: Vec<Rule>,
    /// What kubectl prints of it.
    pub(crate) columns: Value,
}

impl Resource {
    /// The name of the definition.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.plural, keys::GROUP)
    }

    /// The CustomResourceDefinition (`apiextensions.k8s.io/v1`).
    pub(crate) fn definition(&self) -> Value {
        let (_, version) = keys::API_VERSION.split_once('/').unwrap_or_default();
        let mut served = json!({
            "name": version,
            "served": true,
            "storage": true,
            "schema": {"openAPIV3Schema": self.structural_schema()},
            "additionalPrinterColumns": self.columns,
        });
        if let Some(served) = served.as_object_mut().filter(|_| self.has_status) {
            served.insert("subresources".to_owned(), json!({"status": {}}));
        }
        json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": self.name(), "labels": {"app.kubernetes.io/name": "placecard"}},
            "spec": {
                "group": keys::GROUP,
                "scope": if self.namespaced { "Namespaced" } else { "Cluster" },
                "names": {
                    "kind": self.kind,
                    "listKind": format!("{}List", self.kind),
                    "plural": self.plural,
                    "singular": self.kind.to_lowercase(),
                    "shortNames": self.short_names,
                    "categories": ["placecard"],
                },
                "versions": [served],
            },
        })
    }

    /// The schema of the types as a structural one, with all that is added to it.
    fn structural_schema(&self) -> Value {
        let definitions = self.schema.get("$defs").cloned().unwrap_or_default();
        let mut schema = inlined(&self.schema, &definitions);
        if let Some(root) = schema.as_object_mut() {
            // The API server looks after the other three itself, and wants no word about one of
            // them.
            root.insert("required".to_owned(), json!(["spec"]));
            if let Some(Value::Object(fields)) = root.get_mut("properties") {
                fields.insert("metadata".to_owned(), json!({"type": "object"}));
            }
        }
        for (at, keyword, value) in &self.additions {
            if let Some(field) = field(&mut schema, at) {
                field.insert((*keyword).to_owned(), value.clone());
            }
        }
        for rule in &self.rules {
            let Some(field) = field(&mut schema, rule.at) else { continue };
            let list = field.entry("x-kubernetes-validations").or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(rule.written());
            }
        }
        schema
    }
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

    fn all() -> [Resource; 2] {
        use crate::{coordination, vocabulary};
        [vocabulary::definition::resource(), coordination::definition::resource()]
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
        let mut look = |path: &str, schema: &Map<String, Value>| {
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
        };
        for resource in all() {
            walk(&resource.structural_schema(), "", &mut look);
        }
        assert!(fields > 120, "{fields}");
    }

    #[test]
    fn every_addition_and_rule_finds_its_field() {
        for resource in all() {
            let mut schema = resource.structural_schema();
            let Resource { additions, rules, .. } = &resource;
            assert!(rules.len() > 8, "{}", resource.kind);
            let of_rules = rules.iter().map(|rule| rule.at);
            for at in additions.iter().map(|(at, ..)| *at).chain(of_rules) {
                assert!(field(&mut schema, at).is_some(), "{at}");
            }
            for rule in rules {
                assert!(!rule.message.is_empty() && !rule.message.contains('\n'), "{}", rule.rule);
            }
        }
    }
}
