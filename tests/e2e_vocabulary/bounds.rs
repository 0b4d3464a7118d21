//! Each bound of the schema, found in the definition itself: one value at the bound, one beyond.

use placecard_policies::vocabulary::definition;
use placecard_tests::controlplane::Api;
use serde_json::{Map, Value, json};

use super::{refused_twice, vocabulary, whole};

/// A field of the schema, with the pointer of its first instance in `whole()`.
struct Field {
    pointer: String,
    schema: Map<String, Value>,
}

fn fields(schema: &Value, pointer: &str, example: &Value, found: &mut Vec<Field>) {
    let object = schema.as_object().expect("a schema");
    found.push(Field { pointer: pointer.to_owned(), schema: object.clone() });
    for (name, field) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let pointer = format!("{pointer}/{name}");
        // `format` stands in the second level only.
        let at = if pointer == "/levels/0/format" { "/levels/1/format" } else { &pointer };
        assert!(example.pointer(at).is_some(), "{at} is not in the example");
        fields(field, at, example, found);
    }
    if let Some(items) = object.get("items") {
        fields(items, &format!("{pointer}/0"), example, found);
    }
    if let Some(values) = object.get("additionalProperties") {
        let map = example.pointer(pointer).and_then(Value::as_object).expect("a map");
        let first = map.keys().next().expect("an entry");
        fields(values, &format!("{pointer}/{first}"), example, found);
    }
}

/// A text of so many characters that stands for the one at the pointer.
fn text(pointer: &str, length: usize) -> String {
    let start = match pointer.rsplit('/').next().unwrap_or_default() {
        "key" => "a.b/",
        "format" => "{n}",
        "0" if pointer.contains("/templates/") => "/",
        _ => "",
    };
    let filler = if pointer.contains("/allocatable/") { "1" } else { "a" };
    format!("{start}{}", filler.repeat(length - start.len()))
}

/// So many entries in place of the one that is there, each another one.
fn entries(first: &Value, count: usize) -> Vec<Value> {
    let other = |number: usize| match first {
        Value::String(text) if text.starts_with('/') => json!(format!("/t{number}")),
        Value::String(_) => json!(format!("n{number}")),
        one => {
            let mut one = one.clone();
            let name = if one.get("kind").is_some() { "kind" } else { "name" };
            if one.get(name).is_some() {
                one[name] = json!(format!("n{number}"));
            }
            if let Some(one) = one.as_object_mut() {
                one.remove("uid");
            }
            one
        }
    };
    (0..count).map(other).collect()
}

/// With another value at a pointer, and what has to go with it.
fn with(pointer: &str, value: Value) -> Value {
    let mut spec = whole();
    *spec.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value.clone();
    match pointer {
        "/serviceDomain" | "/limits/requiredApartFrom/levels/0" => {
            let known = value == "zone" || value == "node";
            if !known {
                spec["levels"][1]["name"] = value;
            }
        }
        "/limits/requiredApartFrom/levels" => {
            spec["levels"] = Value::Array(entries(&whole()["levels"][0], 64));
            spec["serviceDomain"] = json!("n0");
        }
        "/levels" if value[0]["name"].is_string() => {
            spec["serviceDomain"] = value[0]["name"].clone();
        }
        "/levels/0/name" => spec["serviceDomain"] = value,
        "/nodeTemplates/0/count/min" => spec["nodeTemplates"][0]["count"]["max"] = json!(u32::MAX),
        _ => {}
    }
    spec
}

/// The values at a bound and beyond, with what is said of the latter.
fn cases(field: &Field) -> Vec<(Value, Value, &'static str)> {
    let pointer = field.pointer.as_str();
    let example = whole().pointer(pointer).cloned().unwrap_or_default();
    let bound = |keyword: &str| field.schema.get(keyword).and_then(Value::as_u64);
    let size = |keyword: &str| bound(keyword).map(|bound| usize::try_from(bound).expect("small"));
    let mut cases = Vec::new();
    if let Some(most) = size("maxLength").filter(|_| !field.schema.contains_key("enum")) {
        let is_id = pointer.ends_with("/uid");
        let at = if is_id { example.clone() } else { json!(text(pointer, most)) };
        cases.push((at, json!(text(pointer, most + 1)), "Too long"));
    }
    if size("minLength").is_some() {
        cases.push((json!("a"), json!(""), "should be at least 1 chars long"));
    }
    if let Some(most) = size("maxItems") {
        let first = &example[0];
        let (at, beyond) = (entries(first, most), entries(first, most + 1));
        cases.push((at.into(), beyond.into(), "Too many"));
    }
    if let Some(most) = size("maxProperties") {
        let first = example.as_object().and_then(|map| map.values().next()).expect("an entry");
        let map = |count: usize| -> Map<String, Value> {
            (0..count).map(|number| (format!("k{number}"), first.clone())).collect()
        };
        cases.push((map(most).into(), map(most + 1).into(), "Too many"));
    }
    if let Some(values) = field.schema.get("enum").and_then(Value::as_array) {
        cases.push((example.clone(), json!("Nonsense"), "Unsupported value"));
        assert!(values.contains(&example), "{pointer}");
    }
    if let Some(most) = bound("maximum") {
        cases.push((json!(most), json!(most + 1), "should be less than or equal to"));
        cases.push((json!(0), json!(-1), "should be greater than or equal to"));
    }
    for required in field.schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        let mut lacking = example.clone();
        if let Some(lacking) = lacking.as_object_mut() {
            lacking.remove(required.as_str().expect("a name"));
        }
        cases.push((example.clone(), lacking, "Required value"));
    }
    if matches!(
        field.schema.get("x-kubernetes-list-type").and_then(Value::as_str),
        Some("map" | "set")
    ) {
        let twice = json!([example[0], example[0]]);
        cases.push((example.clone(), twice, "Duplicate value"));
    }
    let other = if example.is_string() { json!(7) } else { json!("x") };
    cases.push((example, other, "must be of type"));
    cases
}

pub(super) fn every_bound(api: &Api) {
    let definition = definition::definition();
    let schema = definition
        .pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec")
        .expect("the schema of the words");
    let mut all = Vec::new();
    fields(schema, "", &whole(), &mut all);
    let (mut count, mut wrong) = (0, Vec::new());
    for field in all.iter().filter(|field| !field.pointer.is_empty()) {
        for (at, beyond, told) in cases(field) {
            let accepted = vocabulary(&with(&field.pointer, at));
            if let Err(refusal) = api.dry_run().create(&accepted) {
                wrong.push(format!("{} at its bound ({told}): {refusal}", field.pointer));
            }
            let beyond = vocabulary(&with(&field.pointer, beyond));
            if let Err(error) = refused_twice(api, &beyond, told) {
                wrong.push(format!("{} beyond its bound: {error}", field.pointer));
            }
            count += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 100, "{count}");
}
