//! Files that the linter reads.
#![expect(clippy::expect_used, reason = "a target fails by panicking")]

use std::ffi::OsString;
use std::fs;

use placecard_lint::load::{
    Arena, Document, MAX_PROBLEMS, NodeKind, Source, Span, emit_yaml, load, load_by_parser, locate,
};
use serde_json::Value;
use tempfile::TempDir;

/// The value of the only document of a text; `None`: it cannot be read, or there are several.
#[must_use]
pub fn value_of(name: &str, data: &[u8]) -> Option<Value> {
    let mut documents = load(&Source::new(name, data));
    let only = documents.pop().filter(|document| documents.is_empty() && document.readable())?;
    Some(only.value)
}

/// YAML texts.
pub fn yaml(data: &[u8]) {
    let source = Source::new("x.yaml", data);
    let documents = load(&source);
    let slowly = load_by_parser(&source);
    assert_eq!(documents.len(), slowly.len());
    for (document, slow) in documents.iter().zip(&slowly) {
        assert_eq!((&document.value, document.span), (&slow.value, slow.span));
        assert_eq!((&document.problems, &document.objects), (&slow.problems, &slow.objects));
        let (tree, other) = (document.tree(&source), slow.tree(&source));
        assert_eq!(tree.arena.nodes, other.arena.nodes);
        assert_eq!((tree.root, &tree.comments), (other.root, &other.comments));
    }
    for document in &documents {
        places_are_inside(&source, document);
        is_in_proportion(&source, document);
        if document.readable() {
            printed_and_read(&document.value);
        }
    }
}

fn places_are_inside(source: &Source, document: &Document) {
    let inside = |span: Span| source.text.get(span.range()).is_some();
    assert!(inside(document.span));
    assert!(document.problems.len() <= MAX_PROBLEMS);
    for problem in &document.problems {
        assert!(inside(problem.span), "{problem:?}");
        let (line, column) = source.line_column(problem.span.start);
        assert!(line >= 1 && column >= 1);
    }
    let tree = document.tree(source);
    for node in &tree.arena.nodes {
        assert!(inside(node.span) && node.outer_start <= node.span.start, "{node:?}");
    }
    for comment in &tree.comments {
        assert!(source.slice(comment.span).starts_with('#'), "{comment:?}");
    }
    for object in &document.objects {
        assert!(document.object(object).is_some());
        let place = locate(document, source, &object.path.0).expect("an object stands somewhere");
        assert!(inside(place.value), "{object:?}");
    }
}

/// What is kept of a text is a few times as long as the text; aliases may repeat what they name, up
/// to a bound.
fn is_in_proportion(source: &Source, document: &Document) {
    let tree = document.tree(source);
    assert!(tree.arena.nodes.len() <= 2 * source.text.len() + 2, "too many nodes");
    let decoded: usize = scalars(&tree.arena).map(str::len).sum();
    assert!(decoded <= 4 * source.text.len() + 4, "{decoded} bytes of text");
    assert!(tree.comments.len() <= source.text.len());
}

fn scalars(arena: &Arena) -> impl Iterator<Item = &str> {
    arena.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::Scalar { text, .. } => Some(text.as_str()),
        _ => None,
    })
}

fn printed_and_read(value: &Value) {
    let text = emit_yaml(value, 0) + "\n";
    let source = Source::new("x.yaml", text.as_bytes());
    let documents = load(&source);
    match documents.as_slice() {
        [] => assert!(value.is_null(), "{text:?}"),
        [one] => assert_eq!(&one.value, value, "{text:?}"),
        more => assert_eq!(more.len(), 1, "{text:?}"),
    }
}

/// JSON texts.
pub fn json(data: &[u8]) {
    let source = Source::new("x.json", data);
    let documents = load(&source);
    for document in &documents {
        places_are_inside(&source, document);
        is_in_proportion(&source, document);
    }
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    if !(value.is_object() || value.is_array()) {
        return;
    }
    let [document] = documents.as_slice() else {
        assert_eq!(documents.len(), 1, "one value is one document");
        return;
    };
    // A key that stands twice is a mistake to us; numbers beyond 64 bits are rounded as YAML's.
    if document.readable() && document.problems.is_empty() && !has_odd_number(&value) {
        assert_eq!(document.value, value);
    }
}

fn has_odd_number(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_odd_number),
        Value::Object(map) => map.values().any(has_odd_number),
        _ => false,
    }
}

/// Runs `placecard` with these words; exit code, output and complaints.
pub(crate) fn placecard(words: &[&str], mut stdin: &[u8]) -> (u8, String, String) {
    let words = std::iter::once("placecard").chain(words.iter().copied()).map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = placecard_lint::run(words, &mut stdin, &mut out, &mut err, false);
    assert!(code <= 2, "{code}");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8 is printed");
    (code, text(out), text(err))
}

/// `placecard lint` on a manifest, with comments that silence and rules that do not hold.
pub fn lint(data: &[u8]) {
    let (code, report, errors) = placecard(&["lint", "--isolated", "-o", "json", "-"], data);
    let (short_code, short, _) = placecard(&["lint", "--isolated", "-o", "short", "-"], data);
    let (human_code, human, _) = placecard(&["lint", "--isolated", "-"], data);
    assert_eq!((code, code), (short_code, human_code));
    if code == 2 {
        assert!(!errors.is_empty(), "it says why");
        return;
    }
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    assert_eq!(short.lines().count(), findings.len());
    let ends = human.lines().filter(|line| line.starts_with("  holds: ")).count();
    assert_eq!(ends, findings.len(), "{human}");
    // A finding is a page at most, however long what it is about.
    let most = 64 * 1024 * (1 + findings.len());
    assert!(human.len() + short.len() < most, "{} bytes", human.len());
    let (diff, shown, _) =
        placecard(&["lint", "--isolated", "--unsafe-fixes", "--diff", "-"], data);
    assert_eq!(diff, u8::from(!shown.is_empty()), "{shown}");
}

/// `placecard expand` on a manifest.
pub fn expand(data: &[u8]) {
    let words = ["expand", "--isolated", "-"];
    let (code, once, _) = placecard(&words, data);
    if code == 2 || std::str::from_utf8(data).is_err() {
        return;
    }
    let (again, twice, _) = placecard(&words, once.as_bytes());
    assert_eq!((code, &once), (again, &twice));
    let findings = |text: &[u8]| {
        placecard(&["lint", "--isolated", "-o", "short", "-"], text).1.lines().count()
    };
    assert!(findings(once.as_bytes()) <= findings(data), "{once}");
    // A rule is a few fields.
    assert!(once.len() <= 4096 + 512 * data.len(), "{} bytes", once.len());
}

/// Something with a finding.
const REFUSED: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: a
  namespace: shop
  annotations:
    placecard.dev/require: onn zone/a
spec:
  containers: [{name: main, image: x}]
";

/// A folder with one file in it, and its path.
fn file(name: &str, data: &[u8]) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, data).expect("a file");
    let path = path.to_str().expect("UTF-8").to_owned();
    (folder, path)
}

/// What a file does to a run that finds one mistake: the mistake is told or not, or the file is what
/// is wrong, and is named.
fn beside(flag: &str, name: &str, data: &[u8]) {
    let (_folder, path) = file(name, data);
    let words = ["lint", "-o", "json", flag, &path, "-"];
    let (code, report, errors) = placecard(&words, REFUSED.as_bytes());
    let again = placecard(&words, REFUSED.as_bytes());
    assert_eq!((code, &report, &errors), (again.0, &again.1, &again.2), "the same each time");
    if code == 2 && report.is_empty() {
        assert!(errors.contains(name), "{errors}");
        assert!(errors.len() < 4096 + 64 * data.len(), "{} bytes", errors.len());
        return;
    }
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert!(report["findings"].as_array().is_some_and(|findings| findings.len() <= 1), "{report}");
}

/// The configuration of a folder.
pub fn configuration(data: &[u8]) {
    // Other files that it names are none of this target.
    if !data.windows(2).any(|two| two == b"..") && !data.contains(&b'/') {
        beside("--config", ".placecard.yaml", data);
    }
}

/// The findings that are known.
pub fn baseline(data: &[u8]) {
    beside("--baseline", "baseline.json", data);
}
