//! Every character of a decoded scalar maps to the bytes that say it.

use serde_json::Value;

use super::super::{Document, NodeKind, Source, Style, TextMap, inside, load, locate, text_map};
use super::generate::Random;
use super::only;
use placecard_findings::{FieldPath, Segment};

fn scalar(document: &Document, source: &Source) -> (super::super::NodeId, String, TextMap) {
    let found = locate(document, source, &FieldPath::of(&["k"]).0).unwrap();
    let NodeKind::Scalar { text, .. } = &document.tree(source).arena.get(found.node).unwrap().kind
    else {
        panic!("not a scalar");
    };
    (found.node, text.clone(), text_map(document, source, found.node))
}

/// What the source of each piece must be: the text itself, a line break, or an escape that YAML
/// itself decodes to the same character.
#[track_caller]
fn check(source: &Source, text: &str, map: &TextMap) {
    let mut at = 0;
    for piece in &map.pieces {
        assert_eq!(piece.decoded as usize, at, "{:?}", source.text);
        at += piece.len as usize;
        let decoded = &text[piece.decoded as usize..at];
        let written = source.slice(piece.source);
        if piece.verbatim {
            assert_eq!(decoded, written, "{:?}", source.text);
            for (offset, character) in decoded.char_indices() {
                let start = piece.decoded as usize + offset;
                let spans = map.lines(start..start + character.len_utf8());
                assert_eq!(spans.len(), 1);
                assert_eq!(source.slice(spans[0]), character.to_string(), "{:?}", source.text);
            }
        } else if piece.line_break {
            assert!(matches!(decoded, " " | "\n"), "{decoded:?}");
            let at_end = piece.source.end as usize == source.text.len();
            assert!(
                matches!(written, "\n" | "\r\n" | "\r") || (written.is_empty() && at_end),
                "{written:?} in {:?}",
                source.text
            );
        } else if written == "''" {
            assert_eq!(decoded, "'");
        } else {
            let (_, document) = only(&format!("\"{written}\""));
            assert_eq!(document.value, Value::String(decoded.to_owned()), "{:?}", source.text);
        }
    }
    assert_eq!(at, text.len(), "{:?}", source.text);
    // No label holds a line break, and every range has one.
    for start in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
        for end in (start..=text.len().min(start + 12)).filter(|at| text.is_char_boundary(*at)) {
            for span in map.lines(start..end) {
                assert!(!source.slice(span).contains(['\n', '\r']), "{:?}", source.text);
                assert!(source.text.get(span.range()).is_some());
            }
        }
    }
}

#[test]
fn words_in_each_style() {
    // The text, the word, and the source of the word.
    let cases = [
        ("k: on pool/gpu", "pool/gpu", "pool/gpu"),
        ("k: near service/a\n   near service/b\n", "service/b", "service/b"),
        ("k: 'it''s near'\n", "it's", "it''s"),
        ("k: \"a\\tb \\u00e9t\\u00e9\"\n", "été", "\\u00e9t\\u00e9"),
        ("k: |\n  near service/a\n  apart-from self in zone\n", "self in zone", "self in zone"),
        ("k: |2\n    near x\n", "near", "near"),
        ("k: >-\n  near\n  service/a\n\n  on pool/b\n", "service/a", "service/a"),
        ("a: &x |\n  on pool/b\nk: *x\n", "pool/b", "pool/b"),
        ("{\"k\": \"on \\ud83d\\ude00 \\/ pool\"}", "😀 / pool", "\\ud83d\\ude00 \\/ pool"),
        ("k: |\r\n  near a\r\n  on b\r\n", "on b", "on b"),
        ("k: # c | d\n  # |\n  !!str &x |- # | e\n   near a\n", "near a", "near a"),
        ("- - k: |\n      near a\n", "near a", "near a"),
        ("\u{FEFF}k: |\n  ä é on b\n", "on b", "on b"),
    ];
    for (text, word, expected) in cases {
        let source = Source::new("x.yaml", text.as_bytes());
        let documents = load(&source);
        let document = &documents[0];
        let mut path = FieldPath::of(&["k"]);
        if text.starts_with('-') {
            path = FieldPath(vec![Segment::Index(0), Segment::Index(0), Segment::key("k")]);
        }
        let found = locate(document, &source, &path.0).unwrap();
        let value = document.value.pointer(&path.pointer()).unwrap().as_str().unwrap();
        let start = value.find(word).unwrap();
        let span = inside(document, &source, found.node, start..start + word.len());
        assert_eq!(source.slice(span), expected, "{text:?}");
    }
}

#[test]
fn a_range_over_lines_is_cut_at_the_first() {
    let (source, document) = only("k: |\n  one two\n  three\n");
    let (node, text, map) = scalar(&document, &source);
    assert_eq!(text, "one two\nthree\n");
    assert_eq!(source.slice(inside(&document, &source, node, 4..13)), "two");
    let lines: Vec<_> = map.lines(4..13).into_iter().map(|span| source.slice(span)).collect();
    assert_eq!(lines, ["two", "three"]);
    // The line break itself, the end, and beyond.
    assert_eq!(map.first(7..8).start, source.text.find("\n  three").unwrap() as u32);
    assert!(map.first(14..14).is_empty());
    assert_eq!(source.slice(map.first(3..99)), "one two");
}

#[test]
fn plain_scalars_map_exactly() {
    let words =
        ["a", "é", "near x", "b:c", "x#y", " ", "  ", "\n  ", "\n\n   ", "\r\n  ", "\t", "😀"];
    random_scalars(&words, 3_000, Style::Plain, |body| format!("k: {body}\n"));
}

#[test]
fn single_quoted_scalars_map_exactly() {
    let words = ["a", "é", "''", " ", "\n", "\n ", "\n\n  ", "\r\n", "\t", "#", ": ", "\\", "\""];
    random_scalars(&words, 3_000, Style::Single, |body| format!("k:\n  '{body}'\n"));
}

#[test]
fn double_quoted_scalars_map_exactly() {
    let words = [
        "a",
        "é",
        "\\n",
        "\\\"",
        "\\\\",
        " ",
        "\n ",
        "\n\n  ",
        "\\\n ",
        "\\\n\n ",
        "\r\n ",
        "\t",
        "\\t",
        "\\ ",
        "\\x41",
        "\\u00e9",
        "\\U0001F600",
        "\\/",
        "'",
        "# ",
        " \\\n ",
    ];
    random_scalars(&words, 4_000, Style::Double, |body| format!("k: \"{body}\"\n"));
}

#[test]
fn block_scalars_map_exactly() {
    let words = [
        "a", "é b", "# c", " ", "\n  ", "\n", "\n\n  ", "\n   ", "\n    x", "\r\n  ", "\t", "- d:",
    ];
    for (style, sign) in [(Style::Literal, '|'), (Style::Folded, '>')] {
        for header in ["", "-", "+", "2", "2-", "+2", "1", "3+", " # comment"] {
            random_scalars(&words, 600, style, |body| {
                format!("k: {sign}{header}\n  {body}\nz: 1\n")
            });
            random_scalars(&words, 100, style, |body| format!("k: {sign}{header}\n  {body}"));
        }
    }
}

fn random_scalars(words: &[&str], cases: u64, style: Style, wrap: impl Fn(&str) -> String) {
    let mut checked = 0;
    for case in 0..cases {
        let mut random = Random::new(case + 1);
        let body: String = (0..random.below(9)).map(|_| random.pick(words)).collect();
        let source = Source::new("x.yaml", wrap(&body).as_bytes());
        let documents = load(&source);
        let Some(document) = documents.first().filter(|document| document.readable()) else {
            continue;
        };
        let Some(Value::String(value)) = document.value.get("k") else { continue };
        let (node, text, map) = scalar(document, &source);
        let is_style = matches!(&document.tree(&source).arena.get(node).unwrap().kind,
            NodeKind::Scalar { style: found, .. } if *found == style);
        if !is_style {
            continue;
        }
        assert_eq!(text, *value);
        if text.trim().is_empty() && map.pieces.is_empty() {
            // Blank lines only: there is no word in it, the whole value is good enough.
            continue;
        }
        check(&source, &text, &map);
        checked += 1;
    }
    assert!(checked > cases / 10, "only {checked} of {cases} {style:?} scalars were readable");
}
