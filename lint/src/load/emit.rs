//! YAML in block style, as `kubectl get -o yaml` writes it, and JSON.

use serde_json::Value;

use super::scalar::{Resolved, resolve_plain};

/// Spaces per level, and whether the dashes of a list stand under the key of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) step: usize,
    pub(super) compact_lists: bool,
}

/// What Kubernetes' own tools write.
pub(super) const KUBERNETES: Layout = Layout { step: 2, compact_lists: true };

/// `value` as YAML in block style, keys in the order of the map (sorted, as Kubernetes' tools do).
/// Every line but the first is indented by `indent` spaces; the text ends without a line break, and
/// a mapping or list that is not empty starts with its first key or dash. Strings are quoted if
/// [`needs_quotes`] says so; strings of several lines become literal blocks where that is possible.
#[must_use]
pub fn emit_yaml(value: &Value, indent: usize) -> String {
    emit_block(value, indent, KUBERNETES)
}

/// [`emit_yaml`] with a layout.
pub(super) fn emit_block(value: &Value, indent: usize, layout: Layout) -> String {
    let mut out = String::new();
    block(&mut out, value, indent, layout);
    out
}

fn block(out: &mut String, value: &Value, indent: usize, layout: Layout) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 {
                    line(out, indent);
                }
                out.push_str(&key_text(key));
                out.push(':');
                entry(out, value, indent, layout);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    line(out, indent);
                }
                out.push_str("- ");
                match item {
                    Value::String(text) => string(out, text, indent),
                    _ => block(out, item, indent + 2, layout),
                }
            }
        }
        Value::String(text) => string(out, text, indent),
        _ => out.push_str(&value.to_string()),
    }
}

/// What follows the colon of a key that stands at `indent`, the blank or line break included.
pub(super) fn entry(out: &mut String, value: &Value, indent: usize, layout: Layout) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            line(out, indent + layout.step);
            block(out, value, indent + layout.step, layout);
        }
        Value::Array(items) if !items.is_empty() => {
            let indent = if layout.compact_lists { indent } else { indent + layout.step };
            line(out, indent);
            block(out, value, indent, layout);
        }
        Value::String(text) => {
            out.push(' ');
            string(out, text, indent);
        }
        _ => {
            out.push(' ');
            out.push_str(&value.to_string());
        }
    }
}

/// A key; a long or many-lined one is quoted on one line.
pub(super) fn key_text(key: &str) -> String {
    if needs_quotes(key) { quoted(key) } else { key.to_owned() }
}

fn line(out: &mut String, indent: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

/// A string whose parent's key or dash stands at `indent`.
fn string(out: &mut String, text: &str, indent: usize) {
    if !is_literal(text) {
        out.push_str(&if needs_quotes(text) { quoted(text) } else { text.to_owned() });
        return;
    }
    let lines = text.strip_suffix('\n');
    out.push_str(if lines.is_some() { "|" } else { "|-" });
    for content in lines.unwrap_or(text).split('\n') {
        if content.is_empty() {
            out.push('\n');
        } else {
            line(out, indent + 2);
            out.push_str(content);
        }
    }
}

/// Whether a string can be a literal block without an indentation indicator. Line breaks at its end
/// beyond the first would bind it to what follows, so that it is quoted instead.
fn is_literal(text: &str) -> bool {
    let body = text.trim_end_matches('\n');
    body.contains('\n')
        && text.len() - body.len() <= 1
        && !body.starts_with([' ', '\t', '\n'])
        && text.chars().all(|character| character == '\n' || is_printable(character))
        && !body.split('\n').any(|line| line.ends_with([' ', '\t']))
}

/// Characters that may stand in YAML text as they are, one column each, in every reader's view.
const fn is_printable(character: char) -> bool {
    matches!(character,
        ' '..='~' | '\u{A0}'..='\u{2027}' | '\u{202F}'..='\u{D7FF}' | '\u{E000}'..='\u{FEFE}'
        | '\u{FF00}'..='\u{FFFD}' | '\u{10000}'..)
}

/// A string in double quotes, on one line; JSON too.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ if is_printable(character) => out.push(character),
            _ => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
    out
}

/// Whether a string must be quoted in YAML, because Go's resolver would read it as another type or
/// because it is not a plain scalar at all. A text that some other reader could take for a number
/// or a date is quoted as well.
#[must_use]
pub fn needs_quotes(text: &str) -> bool {
    let mut characters = text.chars();
    let Some(first) = characters.next() else { return true };
    let starts_plain =
        first.is_alphanumeric() || matches!(first, '_' | '/' | '(' | '.' | '<' | '^' | '$');
    let number_like = first.is_ascii_digit() || matches!(first, '.');
    let only_number_signs =
        text.bytes().all(|byte| byte.is_ascii_hexdigit() || b"xob_.:+-tzTZ ".contains(&byte));
    !starts_plain
        || (number_like && only_number_signs)
        || !matches!(resolve_plain(text), Resolved::Str)
        || text == "<<"
        || text.ends_with([' ', ':'])
        || text.contains(": ")
        || text.contains(" #")
        || !text.chars().all(is_printable)
}

/// `value` for a place inside brackets, on one line: JSON with blanks, which is YAML too.
pub(super) fn emit_flow(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{}: {}", quoted(key), emit_flow(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(emit_flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(text) => quoted(text),
        _ => value.to_string(),
    }
}

/// `value` as JSON over several lines: every line but the first starts with `prefix`, and each level
/// with one more `unit`.
pub(super) fn emit_json(value: &Value, prefix: &str, unit: &str) -> String {
    let inner = format!("{prefix}{unit}");
    let (open, close, parts): (char, char, Vec<String>) = match value {
        Value::Object(map) if !map.is_empty() => {
            let entry = |(key, value): (&String, &Value)| {
                format!("{}: {}", quoted(key), emit_json(value, &inner, unit))
            };
            ('{', '}', map.iter().map(entry).collect())
        }
        Value::Array(items) if !items.is_empty() => {
            ('[', ']', items.iter().map(|item| emit_json(item, &inner, unit)).collect())
        }
        _ => return emit_flow(value),
    };
    let separator = format!(",\n{inner}");
    format!("{open}\n{inner}{}\n{prefix}{close}", parts.join(&separator))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Source, load};
    use super::*;

    #[test]
    fn block_style_is_that_of_kubernetes() {
        let value = json!({
            "spec": {
                "tolerations": [{"key": "gpu", "operator": "Exists"}, "x", [1, [2]], {}, []],
                "replicas": 3, "paused": false, "none": null, "half": 0.5,
            },
            "metadata": {"annotations": {"placecard.dev/require": "near a\non b\n", "v": "1.10"}},
        });
        let expected = "\
metadata:
  annotations:
    placecard.dev/require: |
      near a
      on b
    v: \"1.10\"
spec:
  half: 0.5
  none: null
  paused: false
  replicas: 3
  tolerations:
  - key: gpu
    operator: Exists
  - x
  - - 1
    - - 2
  - {}
  - []";
        assert_eq!(emit_yaml(&value, 0), expected);
        let shifted = expected.replace('\n', "\n    ").replace("    \n", "\n");
        assert_eq!(emit_yaml(&value, 4), shifted);
    }

    #[test]
    fn strings_that_go_reads_as_something_else_are_quoted() {
        for text in [
            "",
            "y",
            "No",
            "on",
            "OFF",
            "true",
            "null",
            "~",
            "0777",
            "1_000",
            "0x1F",
            "1e3",
            ".5",
            ".inf",
            "1.0",
            "2024-01-01",
            "1:30",
            "- a",
            "-",
            "a: b",
            "a #b",
            "#a",
            "*a",
            "&a",
            "!a",
            "@a",
            "`a",
            "%a",
            "{a",
            "[a",
            "'a",
            "\"a",
            "|",
            ">",
            "?",
            ":",
            "a:",
            " a",
            "a ",
            "<<",
            "=",
            "a\tb",
            "---",
            "a\u{7}",
            "\u{FEFF}a",
            "1.10.0",
            "+1",
        ] {
            assert!(needs_quotes(text), "{text:?}");
        }
        for text in [
            "a",
            "eu-1a",
            "v1.2",
            "a:b",
            "apps/v1",
            "near x",
            "kubernetes.io/arch",
            "é",
            "a#b",
            "8 zones",
            "3rd",
        ] {
            assert!(!needs_quotes(text), "{text:?}");
        }
    }

    #[test]
    fn whatever_is_written_reads_back() {
        let words = [
            "a", "y", "1", " ", "\n", "\t", ": ", "#", "- ", "é", "😀", "'", "\"", "\\", "\r", "{",
            "]", ",", "\u{7}", "\u{FEFF}", "\u{2028}", "\u{85}", "|", ">", "---", "...", "0", ".",
            "<<", "%", "&", "*",
        ];
        for case in 0..4_000 {
            let mut random = super::super::tests::generate::Random::new(case);
            let text: String = (0..random.below(6)).map(|_| random.pick(&words)).collect();
            let value = json!({"k": text, text.clone(): [text, {"x": text}], "z": {"z": [[text]]}});
            for written in [
                emit_yaml(&value, 0),
                emit_block(&value, 0, Layout { step: 4, compact_lists: false }),
                emit_flow(&value),
                emit_json(&value, "", "  "),
            ] {
                let documents = load(&Source::new("x", format!("{written}\n").as_bytes()));
                assert_eq!(documents.len(), 1, "{written}");
                assert_eq!(documents[0].value, value, "{written}\n{:?}", documents[0].problems);
            }
            assert_eq!(serde_json::from_str::<Value>(&emit_flow(&value)).unwrap(), value);
        }
    }
}
