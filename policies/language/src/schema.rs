//! JSON Schemas, generated from types, and what they refuse.

use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use schemars::JsonSchema;
use serde_json::{Map, Value};

use crate::codes;
use crate::coordination::written::RoleCoordination;
use crate::report::MAX_PROBLEMS;
use crate::suggest::nearest;
use crate::vocabulary::PlacementVocabulary;
use crate::vocabulary_problem::{VocabularyDetail, VocabularyProblem};

static VOCABULARY: LazyLock<Schema> = LazyLock::new(Schema::of::<PlacementVocabulary>);
static COORDINATION: LazyLock<Schema> = LazyLock::new(Schema::of::<RoleCoordination>);

/// A JSON Schema (2020-12) that is generated from a type, ready to refuse values.
pub(crate) struct Schema {
    pub(crate) value: Value,
    validator: Option<Validator>,
}

/// The JSON Schema (2020-12) of a vocabulary, generated from its types.
#[must_use]
pub fn schema() -> Value {
    VOCABULARY.value.clone()
}

/// The JSON Schema (2020-12) of a RoleCoordination, generated from its types.
#[must_use]
pub fn coordination_schema() -> Value {
    COORDINATION.value.clone()
}

impl Schema {
    pub(crate) fn of<T: JsonSchema>() -> Self {
        let mut value = schemars::schema_for!(T).to_value();
        simplify(&mut value);
        let validator = jsonschema::draft202012::new(&value).ok();
        Self { value, validator }
    }

    /// What the schema refuses, in the order of the document: first the shape, then what depends
    /// on values (fields that another field rules out by an `allOf`, patterns of texts); at most as many of each as are told.
    pub(crate) fn refuse(&self, value: &Value) -> [Vec<VocabularyProblem>; 2] {
        let (mut shape, mut conditional) = (Vec::new(), Vec::new());
        let Some(validator) = self.validator.as_ref() else {
            // The schema comes from our own types; the tests hold that it compiles.
            let detail = VocabularyDetail::Schema { keyword: "$schema".to_owned() };
            return [vec![at("", false, detail)], conditional];
        };
        for error in validator.iter_errors(value) {
            let path = error.schema_path().as_str();
            let of_value = path.contains("/allOf/") || path.ends_with("/pattern");
            let told = if of_value { &mut conditional } else { &mut shape };
            told.extend(problems_of(self, &error));
            told.truncate(MAX_PROBLEMS);
            if shape.len() == MAX_PROBLEMS {
                break;
            }
        }
        // A value of another type is no value of an enumeration either.
        let wrong_type =
            |one: &VocabularyProblem| matches!(one.detail, VocabularyDetail::WrongType { .. });
        shape.dedup_by(|one, before| wrong_type(before) && one.pointer == before.pointer);
        [shape, conditional]
    }
}

/// An optional field is left out, not null; a list of constants is an enumeration. Both make the
/// schema shorter and its refusals plainer.
fn simplify(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(simplify),
        Value::Object(object) => {
            object.values_mut().for_each(simplify);
            object.retain(|_, value| !value.is_null());
            drop_null(object);
            bound(object);
            enumerate(object);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn drop_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    let Some(Value::Array(branches)) = object.get("anyOf") else { return };
    let null = serde_json::json!({"type": "null"});
    let rest: Vec<_> = branches.iter().filter(|branch| **branch != null).collect();
    if let [Value::Object(only)] = rest.as_slice() {
        let only = only.clone();
        object.remove("anyOf");
        for (key, value) in only {
            object.entry(key).or_insert(value);
        }
    }
}

/// A format is a note to readers; the bounds of its type are what is checked.
fn bound(object: &mut Map<String, Value>) {
    let (min, max) = match object.get("format").and_then(Value::as_str) {
        Some("uint32") => (0, i64::from(u32::MAX)),
        Some("int64") => (i64::MIN, i64::MAX),
        _ => return,
    };
    object.entry("minimum").or_insert_with(|| min.into());
    object.entry("maximum").or_insert_with(|| max.into());
}

fn enumerate(object: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = object.get("oneOf") else { return };
    let constants: Option<Vec<Value>> =
        branches.iter().map(|branch| branch.get("const").cloned()).collect();
    if let Some(constants) = constants {
        object.remove("oneOf");
        object.insert("type".to_owned(), "string".into());
        object.insert("enum".to_owned(), constants.into());
    }
}

/// Everything that the schema of a vocabulary refuses, in the order of the document.
pub(crate) fn refusals(value: &Value) -> Vec<VocabularyProblem> {
    refusals_of(&VOCABULARY, value)
}

/// Everything that the schema of a RoleCoordination refuses, in the order of the document.
pub(crate) fn coordination_refusals(value: &Value) -> Vec<VocabularyProblem> {
    refusals_of(&COORDINATION, value)
}

fn refusals_of(schema: &Schema, value: &Value) -> Vec<VocabularyProblem> {
    let [mut problems, conditional] = schema.refuse(value);
    problems.extend(conditional);
    if problems.is_empty()
        && let Some(spec) = value.get("spec")
    {
        // What is not ours to judge may hold any number.
        fractions(spec, &mut "/spec".to_owned(), &mut problems);
    }
    problems
}

/// A schema takes 1.0 for an integer, the types do not.
pub(crate) fn fractions(
    value: &Value,
    pointer: &mut String,
    problems: &mut Vec<VocabularyProblem>,
) {
    let length = pointer.len();
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                fractions(item, pointer, problems);
                pointer.truncate(length);
            }
        }
        Value::Object(object) => {
            for (key, item) in object {
                pointer.push_str(&format!("/{}", step(key)));
                fractions(item, pointer, problems);
                pointer.truncate(length);
            }
        }
        Value::Number(number) if number.is_f64() => {
            let expected = vec!["integer".to_owned()];
            let detail = VocabularyDetail::WrongType { found: "number", expected };
            problems.push(at(pointer, false, detail));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A key as a step of a JSON pointer.
pub(crate) fn step(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn at(pointer: &str, on_key: bool, detail: VocabularyDetail) -> VocabularyProblem {
    VocabularyProblem {
        code: codes::VALUE_SYNTAX,
        pointer: pointer.to_owned(),
        on_key,
        span: None,
        detail,
        suggestion: None,
    }
}

fn problems_of(schema: &Schema, error: &ValidationError<'_>) -> Vec<VocabularyProblem> {
    let pointer = error.instance_path().to_string();
    let pointer = pointer.as_str();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = schema.fields_at(pointer);
            unexpected.iter().map(|found| unknown_field(pointer, found, &known)).collect()
        }
        ValidationErrorKind::Required { property } => {
            let field = property.as_str().unwrap_or_default().to_owned();
            vec![at(pointer, true, VocabularyDetail::MissingField { field })]
        }
        ValidationErrorKind::Type { kind } => {
            let expected = match kind {
                TypeKind::Single(one) => vec![one.to_string()],
                TypeKind::Multiple(several) => several.iter().map(|one| one.to_string()).collect(),
            };
            let found = type_name(error.instance());
            vec![at(pointer, false, VocabularyDetail::WrongType { found, expected })]
        }
        ValidationErrorKind::Enum { options } => {
            let expected: Vec<String> = options
                .as_array()
                .map(|options| {
                    options.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                })
                .unwrap_or_default();
            let suggestion = error.instance().as_str().and_then(|found| {
                nearest(found, expected.iter().map(String::as_str)).map(str::to_owned)
            });
            let found = short(error.instance());
            let detail = VocabularyDetail::WrongValue { found, expected };
            vec![VocabularyProblem { suggestion, ..at(pointer, false, detail) }]
        }
        ValidationErrorKind::Minimum { .. } | ValidationErrorKind::Maximum { .. } => {
            let detail = VocabularyDetail::WrongValue {
                found: short(error.instance()),
                expected: Vec::new(),
            };
            vec![VocabularyProblem { code: codes::NUMBER_RANGE, ..at(pointer, false, detail) }]
        }
        ValidationErrorKind::MaxItems { limit } | ValidationErrorKind::MaxProperties { limit } => {
            let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
            vec![at(pointer, false, VocabularyDetail::TooMany { limit })]
        }
        ValidationErrorKind::MaxLength { limit } => {
            let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
            vec![at(pointer, false, VocabularyDetail::TooLong { limit })]
        }
        other => {
            let keyword = other.keyword().to_owned();
            vec![at(pointer, false, VocabularyDetail::Schema { keyword })]
        }
    }
}

fn unknown_field(parent: &str, found: &str, known: &[String]) -> VocabularyProblem {
    let step = step(found);
    let meant = nearest(found, known.iter().map(String::as_str)).map(str::to_owned);
    let detail = VocabularyDetail::UnknownField { found: found.to_owned(), known: known.to_vec() };
    VocabularyProblem {
        code: codes::UNKNOWN_KEY,
        suggestion: meant,
        ..at(&format!("{parent}/{step}"), true, detail)
    }
}

impl Schema {
    /// The fields that the schema has for the object at a pointer, sorted.
    fn fields_at(&self, pointer: &str) -> Vec<String> {
        let mut schema = self.resolve(&self.value);
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            let next = schema
                .get("items")
                .or_else(|| schema.get("properties").and_then(|fields| fields.get(&step)))
                .or_else(|| schema.get("additionalProperties"));
            let Some(next) = next else { return Vec::new() };
            schema = self.resolve(next);
        }
        let fields = schema.get("properties").and_then(Value::as_object);
        let mut names: Vec<_> = fields.map(|f| f.keys().cloned().collect()).unwrap_or_default();
        names.sort();
        names
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
        target.and_then(|pointer| self.value.pointer(pointer)).unwrap_or(schema)
    }
}

/// The name of a value's JSON type.
pub(crate) const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value as JSON, cut where it stops to help.
fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_compiles_and_knows_no_null() {
        for schema in [&VOCABULARY, &COORDINATION] {
            assert!(schema.validator.is_some());
            let text = schema.value.to_string();
            assert!(!text.contains("null"), "{text}");
            assert!(!text.contains("anyOf") && !text.contains("oneOf"), "{text}");
            assert_eq!(
                schema.value.get("$schema").and_then(Value::as_str),
                Some("https://json-schema.org/draft/2020-12/schema")
            );
        }
    }

    #[test]
    fn every_object_of_the_schema_is_closed() {
        fn open(value: &Value, found: &mut Vec<String>) {
            if let Some(object) = value.as_object() {
                if object.contains_key("properties")
                    && object.get("additionalProperties") != Some(&Value::Bool(false))
                {
                    found.push(value.to_string());
                }
                object.values().for_each(|value| open(value, found));
            }
        }
        let mut found = Vec::new();
        open(&schema(), &mut found);
        open(&coordination_schema(), &mut found);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn fields_are_found_through_lists_and_references() {
        let fields_at = |pointer| VOCABULARY.fields_at(pointer);
        assert_eq!(fields_at(""), ["apiVersion", "kind", "metadata", "spec"]);
        assert_eq!(fields_at("/spec/levels/3"), ["deprecated", "format", "key", "name"]);
        assert_eq!(fields_at("/spec/pools/0/guard"), ["effect", "key", "value"]);
        assert_eq!(fields_at("/spec/pools/0/allowedNamespaces/matchLabels"), Vec::<String>::new());
    }
}
