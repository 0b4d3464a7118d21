//! No input makes the program panic, and what it expands it can read.

use std::ffi::OsString;

use proptest::prelude::*;

const MANIFEST: &str = "\
# a comment
apiVersion: apps/v1
kind: Deployment
metadata: {name: ranker, namespace: search}
spec:
  replicas: 3
  selector: {matchLabels: {app: ranker}}
  template:
    metadata:
      labels: &labels {app: ranker, \"tier\": 'web'}
      annotations:
        placecard.dev/require: |
          apart-from self in zone
          on nodes(disk in (nvme, ssd)); near service/cache
        placecard.dev/prefer: >-
          on zone/eu-1a weight 30;
          near pods(app=x) in node
        placecard.dev/tolerate: \"spot=\\u0074rue:NoSchedule\"
    spec:
      nodeSelector:
        disk: hdd
      tolerations:
      - {key: a, operator: Exists}
---
apiVersion: v1
kind: Service
metadata: {name: cache, namespace: search, labels: *labels}
spec: {selector: {app: cache}}
---
{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"apiVersion\": \"v1\", \"kind\": \"Pod\",
  \"metadata\": {\"name\": \"p\", \"annotations\": {\"placecard.dev/require\": \"on zone/a\\non zone/b\"}}}]}
";

const PIECES: &[&str] = &[
    "\n",
    "\r\n",
    "\t",
    "  ",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "|",
    ">-",
    "&a ",
    "*a",
    "<<: ",
    "---\n",
    "...\n",
    "#",
    "\u{feff}",
    "\u{200b}",
    "\u{202e}",
    "大",
    "é",
    "!!int ",
    "{{ .x }}",
    "\u{0}",
    "; ",
    "aprat-from",
    "self",
    "zone",
    "(",
    ")",
    "weight 101",
    "spec:",
    "null",
    "0777",
    "~",
    "\\",
    "\u{85}",
    " # placecard: ignore[unused-ignore, x] y\n",
    "placecard.dev/ignore: 'pv-affinity-conflict: no'\n        ",
];

fn run(words: &[&str], stdin: &[u8]) -> (u8, String) {
    let words = std::iter::once("placecard").chain(words.iter().copied()).map(OsString::from);
    let (mut out, mut err, mut stdin) = (Vec::new(), Vec::new(), stdin);
    let code = placecard_lint::run(words, &mut stdin, &mut out, &mut err, false);
    (code, String::from_utf8_lossy(&out).into_owned())
}

/// Replaces stretches of the manifest by pieces.
fn mutated(edits: &[(prop::sample::Index, usize, usize)]) -> Vec<u8> {
    let mut text = MANIFEST.as_bytes().to_vec();
    for (at, length, piece) in edits {
        let start = at.index(text.len().max(1)).min(text.len());
        let end = (start + length).min(text.len());
        let piece = PIECES.get(*piece).copied().unwrap_or_default();
        text.splice(start..end, piece.bytes());
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_format_can_be_read_and_every_fix_be_shown(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, 0..PIECES.len() + 4), 0..5)
    ) {
        let text = mutated(&edits);
        let (code, json) = run(&["lint", "-o", "json", "-"], &text);
        let others = ["sarif", "gitlab", "github", "junit"];
        let [sarif, gitlab, github, junit] =
            others.map(|format| run(&["lint", "-o", format, "-"], &text));
        for other in [&sarif, &gitlab, &github, &junit] {
            prop_assert_eq!(other.0, code);
        }
        let (diff, shown) = run(&["lint", "--unsafe-fixes", "--diff", "-"], &text);
        if code == 2 {
            return Ok(());
        }
        prop_assert_eq!(diff, u8::from(!shown.is_empty()));
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        let findings = read(&json)["findings"].as_array().map(Vec::len);
        prop_assert_eq!(read(&sarif.1)["runs"][0]["results"].as_array().map(Vec::len), findings);
        prop_assert_eq!(read(&gitlab.1).as_array().map(Vec::len), findings);
        prop_assert_eq!(Some(github.1.lines().count()), findings);
        let mut reader = quick_xml::Reader::from_str(&junit.1);
        while !matches!(reader.read_event().expect("XML"), quick_xml::events::Event::Eof) {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_the_reports_agree(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, 0..PIECES.len() + 4), 0..5)
    ) {
        let text = mutated(&edits);
        let (code, short) = run(&["lint", "--format", "short", "-"], &text);
        let (human_code, human) = run(&["lint", "-"], &text);
        let (json_code, json) = run(&["lint", "--format", "json", "-"], &text);
        prop_assert_eq!((code, code), (human_code, json_code));
        if code == 2 {
            return Ok(());
        }
        let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let findings = report["findings"].as_array().map_or(0, Vec::len);
        prop_assert_eq!(short.lines().count(), findings);
        prop_assert_eq!(human.lines().filter(|line| line.starts_with("  holds: ")).count(), findings);
        let boxes = human.lines().filter(|line| line.trim_start().starts_with("╭─[<stdin>:")).count();
        prop_assert!(boxes >= findings, "{}", human);
    }

    #[test]
    fn what_is_expanded_reads_back_and_is_expanded(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, 0..PIECES.len() + 4), 0..3)
    ) {
        let text = mutated(&edits);
        let (code, once) = run(&["expand", "-"], &text);
        // What is not text is left out.
        if code == 2 || std::str::from_utf8(&text).is_err() {
            return Ok(());
        }
        let (again, twice) = run(&["expand", "-"], once.as_bytes());
        prop_assert_eq!((code, &once), (again, &twice));
        let findings = |text: &[u8]| run(&["lint", "--format", "short", "-"], text).1.lines().count();
        prop_assert!(findings(once.as_bytes()) <= findings(&text), "{}", once);
    }
}

#[test]
fn every_beginning_of_a_manifest_is_read() {
    let mut codes = [0_usize; 3];
    for end in 0..=MANIFEST.len() {
        let (code, _) = run(&["lint", "-"], &MANIFEST.as_bytes()[..end]);
        codes[usize::from(code)] += 1;
    }
    assert!(codes.iter().all(|count| *count > 0), "{codes:?}");
}

/// A pod with typed entries in both forms.
const TYPED: &str = r#"{"apiVersion": "v1", "kind": "Pod",
  "metadata": {"name": "ranker", "namespace": "search", "annotations": {
    "placecard.dev/intents": "entries:\n- {category: Topology, strength: Required, direction: away, target: {type: NodeId, name: n1}}\n- category: Resource\n  strength: Preferred\n  target: {type: NodeId, name: n2}\n  weight: 9\n",
    "placecard.dev/intents-tlv": "CRAAFQECAQAQAAAAAAAAAAAAAAAAAAAAAQ=="}},
  "spec": {"containers": [{"name": "c", "image": "c:1"}]}}"#;

const NODES: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "9"}}},
  {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n2"}, "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "9"}}}]}"#;

/// The text of an annotation is read the same by all: here base64 without its padding.
#[test]
fn a_request_without_padding_is_placed() {
    let folder = tempfile::tempdir().expect("a folder");
    let nodes = folder.path().join("nodes.json");
    std::fs::write(&nodes, NODES).expect("written");
    let manifest = TYPED.replace("AQ==", "AQ");
    let cluster = nodes.to_string_lossy();
    let words = ["place", "-", "--cluster", &cluster, "--format", "json"];
    let (code, out) = run(&words, manifest.as_bytes());
    let answer: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert!(code < 2 && answer["pods"][0]["request"].is_object(), "{answer:#}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// The request that `place` takes from annotations: placed, or left to `lint`, which says why.
    #[test]
    fn a_mutated_request_is_placed_or_refused(
        form in 0_usize..2,
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, 0..PIECES.len() + 4), 0..4)
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let nodes = folder.path().join("nodes.json");
        std::fs::write(&nodes, NODES).expect("written");
        let mut pod: serde_json::Value = serde_json::from_str(TYPED).expect("JSON");
        let key = ["placecard.dev/intents", "placecard.dev/intents-tlv"][form];
        let value = &mut pod["metadata"]["annotations"][key];
        let mut text: Vec<char> = value.as_str().expect("a text").chars().collect();
        for (at, length, piece) in edits {
            let start = at.index(text.len() + 1);
            let end = (start + length).min(text.len());
            text.splice(start..end, PIECES.get(piece).copied().unwrap_or_default().chars());
        }
        *value = text.iter().collect::<String>().into();
        let manifest = pod.to_string();
        let cluster = nodes.to_string_lossy();
        let words = ["place", "-", "--cluster", &cluster, "--format", "json"];
        let (code, out) = run(&words, manifest.as_bytes());
        prop_assert!(code < 2, "{manifest}");
        let answer: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        let request = &answer["pods"][0]["request"];
        let (_, linted) = run(&["lint", "--format", "json", "-"], manifest.as_bytes());
        let report: serde_json::Value = serde_json::from_str(&linted).expect("JSON");
        let codes = report["findings"].as_array().into_iter().flatten();
        let unreadable = codes.filter(|one| one["verdict"] == "language").count();
        if unreadable == 0 {
            prop_assert!(request.is_object(), "{manifest}: {answer:#}");
            let placed = request["candidates"].as_array().map_or(0, Vec::len);
            prop_assert_eq!(placed == 0, !request["rejection"].is_null(), "{}", answer);
        }
    }
}
