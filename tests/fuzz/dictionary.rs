//! The words that a fuzzer tries: those of the language, of our schemas and of the examples.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use placecard_lint::load::{Source, load};
use placecard_policies::language::coordination::check;
use placecard_policies::language::{affinity::written, keys, vocabulary_check, words};
use serde_json::Value;

use crate::{TARGETS, seeds};

/// libFuzzer takes no longer ones.
const LONGEST: usize = 64;

/// The dictionary in libFuzzer's form, in the order of the alphabet.
#[must_use]
pub fn dictionary() -> String {
    let mut found = BTreeSet::new();
    for word in words::RESERVED {
        found.extend(word.form.split([' ', '(', ')', '[', ']', '{', '}']).map(str::to_owned));
    }
    for key in keys::KEYS {
        found.insert(key.full.to_owned());
        found.extend(key.example.split_whitespace().map(str::to_owned));
    }
    for schema in [written::schema(), vocabulary_check::schema(), check::schema()] {
        of_schema(&schema, &mut found);
    }
    for target in TARGETS {
        for (path, content) in seeds::of(target) {
            // Seeds are what breaks readers; the names of fields are in the examples.
            if !path.starts_with(seeds::folder(target)) {
                let name = path.to_string_lossy().into_owned();
                let documents = load(&Source::new(name, &content));
                documents.iter().for_each(|document| of_fields(&document.value, &mut found));
            }
        }
    }
    found.retain(|word| (2..=LONGEST).contains(&word.len()) && word.is_ascii());
    let mut text = "# Written from the words of the language, of our schemas and of the examples: \
                    make update\n"
        .to_owned();
    for word in found {
        let escaped = word.replace('\\', "\\\\").replace('"', "\\\"");
        if !escaped.contains(char::is_control) {
            // A String takes everything.
            let _ = writeln!(text, "\"{escaped}\"");
        }
    }
    text
}

/// The names of fields, and the words of enumerations.
fn of_schema(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            let properties = fields.get("properties").and_then(Value::as_object);
            found.extend(properties.into_iter().flat_map(|names| names.keys().cloned()));
            let words = fields.get("enum").and_then(Value::as_array).into_iter().flatten();
            found.extend(words.filter_map(Value::as_str).map(str::to_owned));
            fields.values().for_each(|inner| of_schema(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|item| of_schema(item, found)),
        _ => {}
    }
}

/// The names of fields, and the words that begin with a capital: kinds, operators, effects.
fn of_fields(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                found.insert(name.clone());
                of_fields(inner, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| of_fields(item, found)),
        Value::String(text)
            if text.starts_with(|c: char| c.is_ascii_uppercase())
                && text.bytes().all(|byte| byte.is_ascii_alphabetic()) =>
        {
            found.insert(text.clone());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_file_is_as_written() {
        let path = seeds::root().join("tests/fuzz/dictionary.txt");
        let text = dictionary();
        if std::env::var_os("PLACECARD_UPDATE_DOCS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        for word in ["placecard.dev/require", "topologySpreadConstraints", "max-skew", "RackId"] {
            assert!(text.contains(&format!("\"{word}\"\n")), "{word}");
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(text == written, "tests/fuzz/dictionary.txt is another one: make update");
    }
}
