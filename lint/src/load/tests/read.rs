//! Documents, objects, spans, and everything that cannot be read.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use placecard_findings::{FieldPath, Segment};
use serde_json::{Value, json};

use super::super::{
    Document, Format, NodeKind, Problem, ProblemKind, Source, Span, Syntax, describe, inside, load,
    locate,
};
use super::generate::Random;
use super::only;

fn read(text: &str) -> (Source, Vec<Document>) {
    let source = Source::new("x.yaml", text.as_bytes());
    let documents = load(&source);
    (source, documents)
}

/// The source text of key and value at a path written `a.b.0`.
fn written<'a>(source: &'a Source, document: &Document, path: &str) -> (&'a str, &'a str) {
    let segment = |word: &str| match word.parse() {
        Ok(index) => Segment::Index(index),
        Err(_) => Segment::key(word),
    };
    let path: Vec<Segment> = path.split('.').map(segment).collect();
    let found = locate(document, source, &path).unwrap();
    (found.key.map_or("", |key| source.slice(key)), source.slice(found.value))
}

#[test]
fn keys_and_values_are_found_where_they_are_written() {
    let text = "\
base: &base
  zone: eu-1a   # here
  labels: &labels {app: 'cart'}
spec:
  <<: *base
  labels: *labels
  list:
  - one
  -   two: \"2\"
      \"three\": |
        first
        second
  empty:
  number: 0777
";
    let (source, document) = only(text);
    let cases = [
        ("base.zone", ("zone", "eu-1a")),
        ("spec.zone", ("zone", "eu-1a")),
        ("spec.labels", ("labels", "{app: 'cart'}")),
        ("spec.labels.app", ("app", "'cart'")),
        ("spec.list.0", ("", "one")),
        ("spec.list.1", ("", "two: \"2\"")),
        ("spec.list.1.two", ("two", "\"2\"")),
        ("spec.list.1.three", ("\"three\"", "first")),
        ("spec.list", ("list", "- one")),
        ("spec.empty", ("empty", "")),
        ("spec.number", ("number", "0777")),
    ];
    for (path, expected) in cases {
        assert_eq!(written(&source, &document, path), expected, "{path}");
    }
    assert_eq!(source.line_column(text.find("eu-1a").unwrap() as u32), (2, 9));
    for missing in ["nope", "spec.list.2", "spec.number.x", "0"] {
        let path: Vec<Segment> = missing
            .split('.')
            .map(|word| word.parse().map_or(Segment::key(word), Segment::Index))
            .collect();
        assert_eq!(locate(&document, &source, &path), None, "{missing}");
    }
}

#[test]
fn a_merged_key_is_found_where_it_wins() {
    let (source, document) = only("x: &x {a: 1}\nz:\n  a: 2\n  <<: *x\n");
    assert_eq!(written(&source, &document, "z.a"), ("a", "1"));
    let (source, document) = only("x: &x {a: 1}\nw: &w {a: 3}\nz:\n  <<: [*w, *x]\n");
    assert_eq!(written(&source, &document, "z.a"), ("a", "3"));
    let (source, document) = only("a: 1\na: 2\n");
    assert_eq!(written(&source, &document, "a"), ("a", "2"));
    assert_eq!(source.line_column(document.problems[0].span.start), (2, 1));
}

/// As generators of manifests write them, and `kubectl` reads them.
#[test]
fn quoted_texts_may_be_indented_less_than_yaml_wants() {
    let text = "list:\n- description: 'one\n  two'\n  b: \"x\n y\"\nc: 1\nd: \"e\nf\"\n";
    let (source, documents) = read(text);
    let [document] = documents.as_slice() else { panic!() };
    assert!(document.readable(), "{:?}", document.problems);
    let expected = json!({"list": [{"description": "one two", "b": "x y"}], "c": 1, "d": "e f"});
    assert_eq!(document.value, expected);
    for (path, value) in [("list.0.description", "'one"), ("c", "1"), ("d", "\"e")] {
        assert_eq!(written(&source, document, path).1, value, "{path}");
    }
}

#[test]
fn columns_count_code_points_behind_a_byte_order_mark() {
    let source = Source::new("x.yaml", "\u{FEFF}é: ü x\r\nb: 1\rc: 2".as_bytes());
    let documents = load(&source);
    assert_eq!(documents[0].value, json!({"é": "ü x", "b": 1, "c": 2}));
    assert_eq!(source.line_column(source.text.find('x').unwrap() as u32), (1, 6));
    assert_eq!(source.line_column(source.text.find('b').unwrap() as u32), (2, 1));
    assert_eq!(source.line_column(source.text.find('c').unwrap() as u32), (3, 1));
    assert_eq!(source.line_column(9_999), (3, 5));
    assert_eq!(source.line(1), "é: ü x");
    assert_eq!(source.line(3), "c: 2");
    assert_eq!(source.line(4), "");
    assert_eq!(source.with_mark(&source.text), "\u{FEFF}é: ü x\r\nb: 1\rc: 2");
}

#[test]
fn documents_are_told_apart() {
    let text = "\
# a comment first
%YAML 1.1
---
a: 1
---
# nothing
---
~
---   # another
- b
--- {c: 1}
...
d: 4
---
";
    let (source, documents) = read(text);
    let values: Vec<&Value> = documents.iter().map(|document| &document.value).collect();
    assert_eq!(values, [&json!({"a": 1}), &json!(["b"]), &json!({"c": 1}), &json!({"d": 4})]);
    let starts: Vec<u32> =
        documents.iter().map(|document| source.line_column(document.span.start).0).collect();
    assert_eq!(starts, [1, 9, 11, 12]);
    assert_eq!(documents[0].tree(&source).comments.len(), 1);
    assert_eq!(documents[0].tree(&source).comments[0].text, "a comment first");
    assert_eq!(source.slice(documents[1].span), "---   # another\n- b\n");
    assert!(documents[1].objects.is_empty());
    for nothing in ["", "\n\n", "# x\n", "---\n---\n", "~", "\u{FEFF}"] {
        assert!(read(nothing).1.is_empty(), "{nothing:?}");
    }
}

#[test]
fn lists_are_flattened() {
    let text =
        "kind: List\nitems:\n- kind: Pod\n- kind: PodList\n  items: [{kind: Pod}, 3]\n- null\n";
    let (_, document) = only(text);
    let paths: Vec<String> =
        document.objects.iter().map(|object| object.path.to_string()).collect();
    assert_eq!(paths, ["items[0]", "items[1].items[0]"]);
    assert_eq!(document.object(&document.objects[1]), Some(&json!({"kind": "Pod"})));
    let (_, document) = only("kind: AllowList\nitems: 3\n");
    assert_eq!(document.objects[0].path, FieldPath::root());
}

#[test]
fn comments_are_kept_with_their_places() {
    let (source, document) = only("# top\na: 1 # right  \n# placecard: ignore\nb: '#no'\n");
    let comments: Vec<(&str, bool, &str)> = document
        .tree(&source)
        .comments
        .iter()
        .map(|comment| (comment.text.as_str(), comment.trailing, source.slice(comment.span)))
        .collect();
    assert_eq!(
        comments,
        [
            ("top", false, "# top"),
            ("right", true, "# right  "),
            ("placecard: ignore", false, "# placecard: ignore")
        ]
    );
}

#[test]
fn json_is_read_as_json() {
    let (_, documents) = read(" {\"a\": [1, true, null, \"\\u00e9\\n\"]}\n{\"b\": 2} \n\n");
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[0].format, Format::Json);
    assert_eq!(documents[0].value, json!({"a": [1, true, null, "é\n"]}));
    assert_eq!(documents[1].value, json!({"b": 2}));
    // A flow mapping, and JSON between `---`, are YAML.
    for text in ["{a: 1}\n", "{\"a\": 1,}\n", "{\"a\": 1}\n---\n{\"b\": 2}\n"] {
        let (_, documents) = read(text);
        assert!(documents.iter().all(Document::readable), "{text}");
        assert_eq!(documents[0].format, Format::Yaml);
        assert_eq!(documents[0].value, json!({"a": 1}));
    }
}

/// Text, line and column, the words marked, headline.
const BROKEN: [(&str, (u32, u32), &str, &str); 39] = [
    ("a: [1, 2\nb: 3\n", (2, 2), ":", "a comma or a closing bracket is missing before this"),
    ("a: [1, 2\n", (1, 4), "[", "this [ is never closed"),
    ("a: {b: 1\n", (1, 4), "{", "this { is never closed"),
    ("a: 1]\nb: ]\n", (2, 4), "]", "this ] closes nothing that is open"),
    ("a: \"x\nb: 1\n", (1, 4), "\"", "this quote is never closed"),
    ("a: 'it''s' # don't\nb: [\"c\", 'x\nd: 1\n", (2, 10), "'", "this quote is never closed"),
    ("a: 'x", (1, 4), "'", "this quote is never closed"),
    ("a:\n\t- b\n", (2, 1), "\t", "a tab in the indentation: YAML indents with spaces"),
    ("\ta: 1\n", (1, 1), "\t", "a tab in the indentation: YAML indents with spaces"),
    ("a:\n  b: 1\n\tc: 2\n", (3, 1), "\t", "a tab in the indentation: YAML indents with spaces"),
    (
        "a:\n    b: 1\n   c: 2\n",
        (3, 4),
        "c",
        "this line is indented like none of the lines it could belong to",
    ),
    (
        "  a: 1\n b: 2\n",
        (2, 2),
        "b",
        "this line is indented like none of the lines it could belong to",
    ),
    ("a: b: c\n", (1, 5), ":", "a second key in one line, or a colon in a value without quotes"),
    ("a: 1\nb\nc: 2\n", (2, 1), "b", "a line without a colon among keys"),
    ("a: - b\n", (1, 4), "-", "a list cannot start in the line of its key"),
    ("a: @x\n", (1, 4), "@", "a value without quotes cannot start with @"),
    ("a: ,x\n", (1, 4), ",", "a value without quotes cannot start with ,"),
    ("a: \u{7}\n", (1, 4), "\u{7}", "the character U+0007 cannot stand in a manifest"),
    ("a: \"x\0\"\n", (1, 6), "\0", "the character U+0000 cannot stand in a manifest"),
    ("a: \"b\\nc\\q\"\n", (1, 9), "\\q", "there is no such escape in a double-quoted string"),
    ("a: \"\\xZZ\"\n", (1, 5), "\\x", "there is no such escape in a double-quoted string"),
    ("a: 'b' c\n", (1, 8), "c", "text after the end of the value"),
    ("a: *x\n", (1, 4), "*x", "no anchor &x stands before this alias"),
    ("x: &a [*a]\n", (1, 8), "*a", "the alias *a stands inside its own anchor"),
    ("x: &a {<<: *a}\n", (1, 12), "*a", "the alias *a stands inside its own anchor"),
    ("a: 1\nb: 2\na: 3\n", (3, 1), "a", "the key a is there twice"),
    ("a: {<<: 1}\n", (1, 9), "1", "<< takes a mapping or a list of mappings"),
    ("a: {<<: [{}, x]}\n", (1, 14), "x", "<< takes a mapping or a list of mappings"),
    ("a: .nan\n", (1, 4), ".nan", "the number .nan does not exist in JSON"),
    ("null: 1\n", (1, 1), "null", "null as a key: Kubernetes takes strings"),
    ("? [a]\n: 1\n", (1, 3), "[a]", "a list as a key: Kubernetes takes strings"),
    ("a: !!int abc\n", (1, 10), "abc", "abc does not fit the tag !!int"),
    ("a: !!binary a\n", (1, 13), "a", "a does not fit the tag !!binary"),
    ("{\"a\": {\"b\": 1", (1, 13), "1", "the JSON ends in the middle of a value"),
    ("{\n  \"a\": [1,\n", (2, 10), ",", "the JSON ends in the middle of a value"),
    ("{\"a\": \"b", (1, 7), "\"", "this quote is never closed"),
    ("{\"a\" 1}", (1, 6), "1", "JSON wants a : after the key here"),
    ("{\"a\": ]}", (1, 7), "]", "JSON wants a value here"),
    ("{\"a\": \"\\q\"}", (1, 8), "\\q", "there is no such escape in a double-quoted string"),
];

#[test]
fn what_is_broken_is_named_at_its_place() {
    for (text, place, word, headline) in BROKEN {
        let name = if text.starts_with('{') { "x.json" } else { "x.yaml" };
        let source = Source::new(name, text.as_bytes());
        let documents = load(&source);
        let problem = documents.iter().flat_map(|document| &document.problems).next();
        let Some(problem) = problem else { panic!("{text:?} has no problem: {documents:?}") };
        let (line, _) = describe(problem);
        assert_eq!(line, headline, "{text:?} {problem:?}");
        assert_eq!(source.line_column(problem.span.start), place, "{text:?} {problem:?}");
        assert_eq!(source.slice(problem.span), word, "{text:?}");
        let duplicate = matches!(problem.kind, ProblemKind::DuplicateKey { .. });
        assert_eq!(documents[0].readable(), duplicate, "{text:?}");
        assert_eq!(documents[0].value.is_null(), !duplicate, "{text:?}");
    }
}

#[test]
fn messages_keep_the_rules() {
    let mut problems: Vec<Problem> = Vec::new();
    for (text, ..) in BROKEN {
        problems.extend(read(text).1.into_iter().flat_map(|document| document.problems));
    }
    let long = "x".repeat(200);
    for kind in [
        ProblemKind::NotUtf8 { byte: 0xE9 },
        ProblemKind::Utf16,
        ProblemKind::TooLarge { limit: 64 << 20 },
        ProblemKind::Template,
        ProblemKind::AliasBudget,
        ProblemKind::TooDeep { limit: 255 },
        ProblemKind::UnknownAnchor { name: long.clone() },
        ProblemKind::AliasCycle { name: long.clone() },
        ProblemKind::DuplicateKey { key: long.clone() },
        ProblemKind::NotJsonNumber { text: long.clone() },
        ProblemKind::TagMismatch { tag: long.clone(), text: long.clone() },
        ProblemKind::KeyNotString { what: "a number beyond 63 bits" },
        ProblemKind::Syntax(Syntax::Other { message: long }),
    ] {
        problems.push(Problem::new(kind, Span::default()));
    }
    for problem in problems {
        let (line, help) = describe(&problem);
        assert!(!line.is_empty() && line.chars().count() <= 72, "{line:?}");
        let all = format!("{line} {}", help.unwrap_or_default());
        for word in ["invalid", "failed", "error", "please", "should", " you ", "!"] {
            let tagged = word == "!" && all.contains("!!");
            assert!(tagged || !all.contains(word), "{all:?} says {word}");
        }
    }
}

#[test]
fn a_broken_document_does_not_hide_the_others() {
    let text = "a: 1\n---\nb: [\n---\nc: \"x\n--- \nd: 2\n---\ne: *no\n---\nf: 3\n";
    let (source, documents) = read(text);
    let readable: Vec<bool> = documents.iter().map(Document::readable).collect();
    assert_eq!(readable, [true, false, false, true, false, true]);
    assert_eq!(documents[5].value, json!({"f": 3}));
    assert_eq!(documents[5].index, 5);
    let lines: Vec<u32> = documents
        .iter()
        .flat_map(|document| &document.problems)
        .map(|problem| source.line_column(problem.span.start).0)
        .collect();
    assert_eq!(lines, [3, 5, 9]);
}

#[test]
fn the_bracket_that_is_open_is_named_too() {
    let (source, document) = only("a: [1, 2\nb: 3\n");
    assert_eq!(
        document.problems[0].related.map(|span| source.line_column(span.start)),
        Some((1, 4))
    );
    let (source, document) = only("{\n  \"a\": [1,\n");
    assert_eq!(document.problems[0].related, None);
    assert_eq!(source.line_column(document.problems[0].span.start), (2, 10));
    let (source, document) = only("a: 1\na: 2\n");
    assert_eq!(document.problems[0].related.map(|span| source.slice(span)), Some("a"));
}

#[test]
fn templates_are_named_and_not_mistakes() {
    let templates = [
        ("{{- if .Values.on }}\na: 1\n{{- end }}\n", "{{- if .Values.on }}"),
        ("a: {{ .Values.x }}\n", "{{ .Values.x }}"),
        ("a: {{ .x }}-y\n", "{{ .x }}"),
        ("a:\n{{ toYaml .x | indent 2 }}\n", "{{ toYaml .x | indent 2 }}"),
        ("kind: Pod\nmetadata:\n  name: web-{{ .Release.Name }}\n", "web-{{ .Release.Name }}"),
        ("kind: Pod\nmetadata:\n  name: \"{{ .Release.Name }}\"\n", "\"{{ .Release.Name }}\""),
        ("a: 1\n{% if x %}\nb: 1\n{% endif %}\n", "{% if x %}"),
    ];
    for (text, words) in templates {
        let (source, document) = only(text);
        assert_eq!(document.problems.len(), 1, "{text}");
        assert!(document.problems[0].is_template(), "{text} {:?}", document.problems);
        assert_eq!(source.slice(document.problems[0].span), words, "{text}");
        assert!(!document.readable() && document.objects.is_empty());
    }
    // Rendered text may hold braces in strings and comments.
    for text in [
        "args: ['{{inputs.parameters.x}}']\n",
        "kind: Pod\nmetadata:\n  annotations:\n    x: |\n      {{ .x }}\n",
        "a: 1 # {{ .x }}\n",
        "a: b{{x}}\n",
    ] {
        let (_, document) = only(text);
        assert_eq!(document.problems, [], "{text}");
    }
    let (_, document) = only("a: [1 # {{ x }}\nb: \"{{\"\n");
    assert!(!document.problems[0].is_template());
}

#[test]
fn bytes_that_are_no_text_are_named() {
    let source = Source::new("x.yaml", b"a: 1\nb: x\xE9\nc: 2\n");
    let documents = load(&source);
    assert_eq!(documents.len(), 1);
    let problem = &documents[0].problems[0];
    assert_eq!(problem.kind, ProblemKind::NotUtf8 { byte: 0xE9 });
    assert_eq!(source.line_column(problem.span.start), (2, 5));
    assert_eq!(source.slice(problem.span), "\u{FFFD}");
    for bytes in [&b"\xFF\xFEa\0:\0"[..], &b"\xFE\xFF\0a\0:"[..]] {
        let source = Source::new("x.yaml", bytes);
        let documents = load(&source);
        assert_eq!(documents[0].problems[0].kind, ProblemKind::Utf16);
        assert_eq!(source.line_column(0), (1, 1));
        assert!(!documents[0].readable());
    }
    let truncated = Source::new("x.yaml", b"a: \xC3");
    assert_eq!(load(&truncated)[0].problems[0].span, Span::new(3, 6));
    assert_eq!(truncated.slice(Span::new(3, 6)), "\u{FFFD}");
}

/// Aliases of aliases: nine levels of ten make 10^9 strings.
fn laughs(levels: usize) -> String {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..levels {
        let alias = format!("*a{}", level - 1);
        let items = vec![alias; 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{items}]").unwrap();
    }
    text
}

#[test]
fn alias_bombs_end_at_the_budget() {
    let (source, document) = only(&laughs(9));
    assert_eq!(document.problems.len(), 1);
    assert_eq!(document.problems[0].kind, ProblemKind::AliasBudget);
    assert!(source.slice(document.problems[0].span).starts_with("*a"));
    // As go-yaml allows them.
    assert!(only(&laughs(3)).1.readable());
    // Few nodes, much text; and through merge keys.
    let long = "x".repeat(1 << 20);
    let text = format!("a: &a {long}\nb: [{}]\n", vec!["*a"; 200].join(", "));
    assert_eq!(only(&text).1.problems[0].kind, ProblemKind::AliasBudget);
    let mut text = "m0: &m0 {a: 1}\n".to_owned();
    for level in 1..40 {
        let before = level - 1;
        writeln!(text, "m{level}: &m{level} {{<<: [*m{before}, *m{before}]}}").unwrap();
    }
    assert_eq!(only(&text).1.problems[0].kind, ProblemKind::AliasBudget);
}

#[test]
fn deep_nesting_is_refused_without_a_stack_overflow() {
    for text in [
        "[".repeat(100_000),
        format!("{}1{}", "[".repeat(300), "]".repeat(300)),
        format!("{}1{}", "{\"a\":".repeat(300), "}".repeat(300)),
        (0..400).map(|level| format!("{}a:\n", " ".repeat(level))).collect(),
        "- ".repeat(400),
    ] {
        let (_, document) = only(&text);
        assert_eq!(document.problems[0].kind, ProblemKind::TooDeep { limit: 255 });
    }
    // Aliases do not make it deeper than text could be.
    let mut text = "a0: &a0 {x: 1}\n".to_owned();
    for level in 1..300 {
        writeln!(text, "a{level}: &a{level} {{x: *a{}}}", level - 1).unwrap();
    }
    let kinds: Vec<ProblemKind> =
        only(&text).1.problems.into_iter().map(|problem| problem.kind).collect();
    assert_eq!(kinds, [ProblemKind::TooDeep { limit: 255 }]);
    let fine = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    assert!(only(&fine).1.readable());
}

#[test]
fn large_inputs_are_read() {
    let comments = "# nothing\n".repeat(10_000);
    let (source, document) = only(&format!("a:\n{comments}  b: 1\n{comments}\n"));
    assert_eq!(document.value, json!({"a": {"b": 1}}));
    assert_eq!(document.tree(&source).comments.len(), 20_000);

    let lines = "    apart-from self in zone\n".repeat(40_000);
    let (source, document) = only(&format!("annotations:\n  require: |\n{lines}  z: 1\n"));
    let path = FieldPath::of(&["annotations", "require"]);
    let found = locate(&document, &source, &path.0).unwrap();
    let at = 24 * 39_999 + 11;
    let span = inside(&document, &source, found.node, at..at + 4);
    assert_eq!(source.slice(span), "self");
    assert_eq!(source.line_column(span.start), (40_002, 16));

    let many = "a: 1\n---\n".repeat(20_000);
    assert_eq!(read(&many).1.len(), 20_000);
    let duplicates = "a: 1\n".repeat(20_000);
    assert_eq!(only(&duplicates).1.problems.len(), 100);
}

#[test]
fn mutated_inputs_neither_panic_nor_hang() {
    let seeds = [
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, labels: &l {app: 'x'}}\nspec:\n  # c\n  template:\n    metadata:\n      annotations:\n        placecard.dev/require: |\n          near a\n          on b\n    spec:\n      <<: *l\n      tolerations:\n      - key: \"é\\n\"\n        operator: Exists\n---\nkind: List\nitems:\n- a: >-\n    x\n    y\n",
        "{\"kind\": \"Pod\", \"spec\": {\"a\": [1, 2.5, \"\\u00e9\", null, true]}}\n",
        "a: &a [1, *b]\nb: {{ .x }}\r\nc: \"x\\\n  y\"\n...\nd: 'it''s'\n",
    ];
    let pieces = [
        "[", "]", "{", "}", ":", "- ", "\n", "\r\n", "\t", "'", "\"", "\\", "|", ">", "#", "&a ",
        "*a", "<<: *a", "!!int ", "---\n", "...\n", "%", "{{", "?", ",", "é", "\u{FEFF}", "\0",
        "  ", "0x",
    ];
    let began = Instant::now();
    for case in 0..3_000 {
        let mut random = Random::new(case + 1);
        let mut text = seeds[random.below(seeds.len())].to_owned();
        for _ in 0..=random.below(6) {
            let mut at = random.below(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            match random.below(3) {
                0 => text.insert_str(at, random.pick(&pieces)),
                1 => text.truncate(at.max(1)),
                _ => {
                    let end =
                        text[at..].char_indices().nth(random.below(5)).map_or(at, |c| at + c.0);
                    text.replace_range(at..end, "");
                }
            }
        }
        let (source, documents) = read(&text);
        let fits = |span: Span| {
            assert!(source.text.get(span.range()).is_some(), "{span:?} in {text:?}");
        };
        for document in &documents {
            fits(document.span);
            for problem in &document.problems {
                fits(problem.span);
                assert!(!source.slice(problem.span).contains('\n'), "{problem:?} in {text:?}");
                problem.related.into_iter().for_each(fits);
                assert!(!describe(problem).0.is_empty());
            }
            for comment in &document.tree(&source).comments {
                assert!(source.slice(comment.span).starts_with('#'), "{text:?}");
            }
            for (index, node) in document.tree(&source).arena.nodes.iter().enumerate() {
                fits(node.span);
                fits(Span::new(node.outer_start, node.span.end));
                assert!(node.outer_start <= node.span.start, "{text:?}");
                if let NodeKind::Scalar { text: decoded, .. } = &node.kind {
                    let id = super::super::NodeId(u32::try_from(index).unwrap());
                    fits(inside(document, &source, id, 0..decoded.len()));
                }
            }
            for object in &document.objects {
                assert!(document.object(object).is_some());
                assert!(locate(document, &source, &object.path.0).is_some(), "{text:?}");
            }
        }
    }
    assert!(began.elapsed() < Duration::from_secs(60));
}
