//! `placecard expand`: what changes, and what does not.

use std::fs;

use crate::ran::ran;

fn run(words: &[&str], stdin: &str) -> (u8, String, String) {
    ran(words, stdin)
}

fn expand(stdin: &str) -> String {
    let (code, out, err) = run(&["expand", "-"], stdin);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    out
}

const CONFIG: &str = "\
# A comment of the file.
apiVersion: v1
kind: ConfigMap
metadata:   {name: odd,   namespace: x}   # odd blanks
data: {a: \"b\", n: 'c'}
";

const WORKLOAD: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ranker   # the ranker
  namespace: search
spec:
  selector: {matchLabels: {app: ranker}}
  template:
    metadata:
      labels: {app: ranker}
      annotations:
        placecard.dev/require: |
          apart-from self in zone
          on zone/eu-1a
    spec:
      tolerations:
      # for the night shift
      - {key: night,   operator: Exists}
      containers:
      - name: ranker
        image: ranker:1
";

#[test]
fn what_is_no_workload_stays_byte_for_byte() {
    for text in [
        CONFIG.to_owned(),
        CONFIG.replace('\n', "\r\n"),
        format!("\u{feff}{CONFIG}"),
        format!("---\n\n{CONFIG}...\n---\n# only a comment\n---\n{CONFIG}"),
        format!("{}   ", CONFIG.trim_end()),
        "{\"apiVersion\": \"v1\",\t\"kind\": \"ConfigMap\"}".to_owned(),
        WORKLOAD.replace("placecard.dev/require", "example.com/require"),
    ] {
        assert_eq!(expand(&text), text);
    }
}

#[test]
fn only_the_pod_spec_of_a_workload_changes() {
    let text = format!("{CONFIG}---\n{WORKLOAD}---\n{CONFIG}");
    let expanded = expand(&text);
    assert!(expanded.starts_with(&format!("{CONFIG}---\napiVersion: apps/v1\n")), "{expanded}");
    assert!(expanded.ends_with(&format!("---\n{CONFIG}")), "{expanded}");
    for kept in [
        "  name: ranker   # the ranker\n",
        "      # for the night shift\n      - {key: night,   operator: Exists}\n",
        "          apart-from self in zone\n",
        "        image: ranker:1\n",
    ] {
        assert!(expanded.contains(kept), "{expanded}");
    }
    assert!(expanded.contains("podAntiAffinity:"), "{expanded}");
    assert!(expanded.contains("nodeAffinity:"), "{expanded}");
    assert_eq!(expand(&expanded), expanded, "expanding twice changes nothing");
    let (code, out, err) = run(&["lint", "--format", "short", "-"], &expanded);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""));
}

#[test]
fn a_document_with_an_error_stays_and_is_told() {
    let bad = WORKLOAD.replace("apart-from", "aprat-from").replace("ranker", "other");
    let text = format!("{bad}---\n{WORKLOAD}");
    let (code, out, err) = run(&["expand", "-"], &text);
    assert_eq!(code, 1);
    assert!(out.starts_with(&format!("{bad}---\n")), "{out}");
    assert!(out.contains("podAntiAffinity"), "{out}");
    assert!(err.contains("error[unknown-relation] Deployment search/other"), "{err}");
}

#[test]
fn a_diff_has_the_changes_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ranker.yaml");
    fs::write(&path, format!("{CONFIG}---\n{WORKLOAD}")).expect("written");
    let name = path.to_string_lossy();
    let (code, out, err) = run(&["expand", "--diff", &name], "");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with(&format!("--- {name}\n+++ {name}\n@@ ")), "{out}");
    assert!(out.contains("\n+"), "{out}");
    assert!(!out.lines().skip(2).any(|line| line.starts_with('-')), "{out}");
    let (code, out, _) = run(&["expand", "--diff", "-"], CONFIG);
    assert_eq!((code, out.as_str()), (0, ""));
}

#[test]
fn several_files_become_one_stream() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("written");
        path.to_string_lossy().into_owned()
    };
    let a = path("a.yaml", CONFIG.trim_end());
    let b = path("b.yaml", CONFIG);
    let c = path("c.yaml", &format!("---\n{CONFIG}"));
    let (code, out, _) = run(&["expand", &a, &b, &c], "");
    assert_eq!(code, 0);
    assert_eq!(out, format!("{CONFIG}---\n{CONFIG}---\n{CONFIG}"));
}

#[test]
fn workloads_in_a_list_and_in_json_are_expanded() {
    let indented: String = WORKLOAD.lines().map(|line| format!("  {line}\n")).collect();
    let list = format!("apiVersion: v1\nkind: List\nitems:\n- {}", indented.trim_start());
    let expanded = expand(&list);
    assert!(expanded.contains("podAntiAffinity:"), "{expanded}");
    assert_eq!(expand(&expanded), expanded);
    let json = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"x",
        "labels":{"app":"a"},"annotations":{"placecard.dev/require":"on zone/eu-1a"}},
        "spec":{"containers":[{"name":"a","image":"a:1"}]}}"#;
    let expanded = expand(json);
    let value: serde_json::Value = serde_json::from_str(&expanded).expect("JSON");
    assert!(value["spec"]["affinity"]["nodeAffinity"].is_object(), "{expanded}");
}

#[test]
fn a_template_behind_an_alias_is_written_anew() {
    let text = "\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata:
    name: a
    namespace: x
    labels: {app: a}
    annotations: {placecard.dev/require: on zone/eu-1a}
  spec: &spec {containers: [{name: a, image: 'a:1'}]}
- apiVersion: v1
  kind: Pod
  metadata: {name: b, namespace: x, labels: {app: b}}
  spec: *spec
";
    let expanded = expand(text);
    assert_eq!(expanded.matches("nodeAffinity").count(), 1, "{expanded}");
    assert_eq!(expanded.matches("image").count(), 2, "{expanded}");
    assert_eq!(expand(&expanded), expanded);
}
