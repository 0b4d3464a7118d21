//! AdmissionReviews for human eyes.

use std::fmt::Write as _;

use serde_json::Value;

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Who is to be admitted, and what its annotations say.
pub(crate) fn request(request: &Value) {
    let object = &request["object"];
    let metadata = &object["metadata"];
    let name = metadata["name"].as_str().or(metadata["generateName"].as_str()).unwrap_or_default();
    println!(
        "{} {} {}/{name}",
        text(&request["operation"]),
        text(&object["kind"]),
        text(&request["namespace"])
    );
    let template =
        if object["kind"] == "Pod" { metadata } else { &object["spec"]["template"]["metadata"] };
    for (key, value) in template["annotations"].as_object().into_iter().flatten() {
        println!("  {key}");
        for line in text(value).lines() {
            println!("    {line}");
        }
    }
}

/// A JSON patch, one operation after the other.
pub(crate) fn patch(patch: &Value) {
    for operation in patch.as_array().into_iter().flatten() {
        println!("  {} {}", text(&operation["op"]), text(&operation["path"]));
        if let Some(value) = operation.get("value") {
            let mut lines = String::new();
            yaml(value, 0, &mut lines);
            for line in lines.lines() {
                println!("  + {line}");
            }
        }
    }
}

/// Admitted or refused, and why.
pub(crate) fn verdict(response: &Value) {
    if response["allowed"] == true {
        println!("  ADMITTED");
    } else {
        println!("  REFUSED with {}", response["status"]["code"]);
        for line in text(&response["status"]["message"]).lines() {
            println!("    {line}");
        }
        for cause in response["status"]["details"]["causes"].as_array().into_iter().flatten() {
            println!("    field {}: {}", text(&cause["field"]), text(&cause["message"]));
        }
    }
    for warning in response["warnings"].as_array().into_iter().flatten() {
        println!("    Warning: {}", text(warning));
    }
}

/// Block YAML; scalars as JSON writes them, which YAML reads as well.
fn yaml(value: &Value, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    let mut entry = |head: &str, value: &Value, deeper: usize| match value {
        Value::Object(map) if map.is_empty() => {
            let _ = writeln!(out, "{pad}{head} {{}}");
        }
        Value::Array(list) if list.is_empty() => {
            let _ = writeln!(out, "{pad}{head} []");
        }
        Value::Object(_) if head == "-" => {
            let mut inner = String::new();
            yaml(value, indent + 2, &mut inner);
            let _ = writeln!(out, "{pad}- {}", inner.trim());
        }
        Value::Object(_) | Value::Array(_) => {
            let _ = writeln!(out, "{pad}{head}");
            yaml(value, indent + deeper, out);
        }
        scalar => {
            let _ = writeln!(out, "{pad}{head} {}", plain(scalar));
        }
    };
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| entry(&format!("{key}:"), value, 2))
        }
        Value::Array(list) => list.iter().for_each(|value| entry("-", value, 2)),
        scalar => {
            let _ = writeln!(out, "{pad}{}", plain(scalar));
        }
    }
}

/// A scalar: plain where that is safe beyond doubt, else as JSON writes it, and a string that is
/// JSON itself in single quotes.
fn plain(scalar: &Value) -> String {
    let Value::String(text) = scalar else { return scalar.to_string() };
    let letters = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.len() > 3;
    let words = ["true", "false", "null"];
    if text.contains('"') {
        format!("'{}'", text.replace('\'', "''"))
    } else if letters
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-./_".contains(c))
        && !words.contains(&text.to_ascii_lowercase().as_str())
    {
        text.clone()
    } else {
        scalar.to_string()
    }
}
