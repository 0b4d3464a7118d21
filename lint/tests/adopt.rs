//! `placecard adopt`: what is printed, written and told.

use std::fs;

use serde_json::{Value, json};

use crate::ran::ran;

const CART: &str = "\
# The cart.
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  replicas: 3
  selector:
    matchLabels: {app: cart}
  template:
    metadata:
      labels: {app: cart}   # the only one
    spec:
      nodeSelector:
        disktype: ssd
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - topologyKey: kubernetes.io/hostname
            labelSelector: {matchLabels: {app: cart}}
      tolerations:
      - operator: Exists
      containers:
      - name: main   # all of it
        image: \"cart:1\"
";

const ADOPTED: &str = "\
# The cart.
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  replicas: 3
  selector:
    matchLabels: {app: cart}
  template:
    metadata:
      labels: {app: cart}   # the only one
      annotations:
        placecard.dev/require: |
          on nodes(disktype=ssd)
          apart-from self across revisions
    spec:
      tolerations:
      - operator: Exists
      containers:
      - name: main   # all of it
        image: \"cart:1\"
";

const SERVICE: &str = "\
---
apiVersion: v1
kind: Service
metadata: {name:   cart}   # as it is
";

const TOLD: &str = "\
FILE:13:7: spec.template.spec.nodeSelector -> on nodes(disktype=ssd)
FILE:18:13: spec.template.spec.affinity.podAntiAffinity.\
requiredDuringSchedulingIgnoredDuringExecution[0] -> apart-from self across revisions
FILE:21:9: spec.template.spec.tolerations[0] stays: a toleration of every taint has no sentence
placecard: 2 of 3 hand-written fields became sentences, in 1 file
";

#[test]
fn manifests_with_sentences_and_nothing_else_changed() {
    let (code, out, err) = ran(["adopt", "-"], &format!("{CART}{SERVICE}"));
    assert_eq!((code, out), (0, format!("{ADOPTED}{SERVICE}")));
    assert_eq!(err, TOLD.replace("FILE", "<stdin>"));
    // There and back: the native fields are the same again.
    let (code, back, err) = ran(["expand", "-"], ADOPTED);
    assert_eq!((code, err.as_str()), (0, ""));
    for field in ["kubernetes.io/hostname", "disktype", "operator: Exists"] {
        assert!(back.contains(field), "{field} in\n{back}");
    }
    let (code, twice, err) = ran(["adopt", "-"], ADOPTED);
    assert_eq!((code, twice.as_str()), (0, ADOPTED));
    assert!(
        err.ends_with("placecard: 0 of 1 hand-written field became sentences, in 0 files\n"),
        "{err}"
    );
}

#[test]
fn a_difference_and_the_files_themselves() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cart.yaml");
    let crlf = CART.replace('\n', "\r\n");
    fs::write(&file, &crlf).expect("written");
    let name = file.to_string_lossy().into_owned();

    let (code, diff, _) = ran(["adopt", "--diff", &name], "");
    assert_eq!(code, 0);
    let count = |start: &str| diff.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((count("+"), count("-")), (5, 8), "{diff}");
    assert_eq!(fs::read_to_string(&file).expect("read"), crlf);

    let (code, out, err) = ran(["adopt", "--write", &name], "");
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert_eq!(err, TOLD.replace("FILE", &name));
    assert_eq!(fs::read_to_string(&file).expect("read"), ADOPTED.replace('\n', "\r\n"));
}

#[test]
fn for_programs() {
    let (code, out, _) = ran(["adopt", "--format", "json", "-"], CART);
    let found: Value = serde_json::from_str(&out).expect("JSON");
    let template = &found["templates"][0];
    assert_eq!((code, &found["version"]), (0, &json!(1)));
    assert_eq!(
        (&template["file"], &template["object"], &template["template"]),
        (&json!("<stdin>"), &json!("Deployment shop/cart"), &json!("/spec/template"))
    );
    assert_eq!(
        template["adopted"][0],
        json!({"field": "spec.template.spec.nodeSelector", "line": 13, "column": 7, "sentences": [
            {"annotation": "placecard.dev/require", "text": "on nodes(disktype=ssd)"}]})
    );
    assert_eq!(
        template["kept"],
        json!([{"field": "spec.template.spec.tolerations[0]", "line": 21, "column": 9,
            "reason": "every-taint", "message": "a toleration of every taint has no sentence"}])
    );
}

/// Comments of all sorts: above what goes, beside it, in it, and where nothing goes.
const REMARKED: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata:
      labels: {app: cart}   # the only one
    spec:
      # Fast disks, see
      # the runbook.
      nodeSelector:   # all of them
        disktype: ssd   # not hdd
      # Where it runs.
      affinity:
        podAntiAffinity:
          # No two together.
          requiredDuringSchedulingIgnoredDuringExecution:
          # On one node.
          - topologyKey: kubernetes.io/hostname   # the node
            labelSelector: {matchLabels: {app: cart}}
          # Not beside theirs.
          - topologyKey: kubernetes.io/hostname   # named
            namespaces: [theirs]
            labelSelector: {matchLabels: {app: other}}
      # What it stands.
      tolerations:
      # For spot nodes.
      - {key: lifecycle, value: spot, effect: NoSchedule}   # cheap
      # The main one.
      containers:
      - {name: main, image: 'cart:1'}   # same
";

const CARRIED: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata:
      labels: {app: cart}   # the only one
      annotations:
        # Fast disks, see
        # the runbook.
        # all of them
        # not hdd
        # On one node.
        # the node
        placecard.dev/require: |
          on nodes(disktype=ssd)
          apart-from self across revisions
        # What it stands.
        # For spot nodes.
        # cheap
        placecard.dev/tolerate: lifecycle=spot:NoSchedule
    spec:
      # Where it runs.
      affinity:
        podAntiAffinity:
          # No two together.
          requiredDuringSchedulingIgnoredDuringExecution:
          # Not beside theirs.
          - topologyKey: kubernetes.io/hostname   # named
            namespaces: [theirs]
            labelSelector: {matchLabels: {app: other}}
      # The main one.
      containers:
      - {name: main, image: 'cart:1'}   # same
";

#[test]
fn comments_go_where_the_sentences_are() {
    for (text, expected) in [
        (REMARKED.to_owned(), CARRIED.to_owned()),
        (REMARKED.replace('\n', "\r\n"), CARRIED.replace('\n', "\r\n")),
        (format!("{REMARKED}---\n{CART}"), format!("{CARRIED}---\n{ADOPTED}")),
        // The same words beside what goes and beside what stays.
        (REMARKED.replace("not hdd", "same"), CARRIED.replace("not hdd", "same")),
    ] {
        let (code, out, err) = ran(["adopt", "-"], &text);
        assert_eq!((code, out.as_str()), (0, expected.as_str()), "{err}");
        assert!(!err.contains("left out"), "{err}");
    }
    // Where a document is written anew, its comments are not in it, and that is told.
    let alias =
        REMARKED.replace("disktype: ssd   # not hdd", "<<: &disks {disktype: ssd}").replace(
            "labels: {app: cart}   # the only one",
            "labels: {app: cart}\n      annotations: {<<: *disks}",
        );
    let (_, out, err) = ran(["adopt", "-"], &alias);
    let comments = |text: &str| text.matches('#').count();
    let told = format!("{} comments left out", comments(&alias) - comments(&out));
    assert!(comments(&out) == comments(&alias) || err.contains(&told), "{out}\n{err}");
}

#[test]
fn the_vocabulary_has_words_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let words = folder.path().join("words.yaml");
    fs::write(
        &words,
        "apiVersion: placecard.dev/v1alpha1\nkind: PlacementVocabulary\nmetadata: {name: default}\n\
         spec: {pools: [{name: fast, nodes: disktype=ssd}]}\n",
    )
    .expect("written");
    let words = words.to_string_lossy().into_owned();
    let (code, out, _) = ran(["adopt", "--vocabulary", &words, "-"], CART);
    assert_eq!((code, out.contains("          on pool/fast\n")), (0, true), "{out}");
}

#[test]
fn default_spreading_comes_back_only_if_it_may() {
    let spread = CART.replace(
        "      tolerations:\n      - operator: Exists\n",
        "      topologySpreadConstraints:\n      - topologyKey: topology.kubernetes.io/zone\n        \
         maxSkew: 1\n        whenUnsatisfiable: DoNotSchedule\n        labelSelector: {matchLabels: {app: cart}}\n",
    );
    let (_, out, err) = ran(["adopt", "-"], &spread);
    assert!(
        out.contains("topologySpreadConstraints") && err.contains("--default-spreading"),
        "{err}"
    );
    let (_, out, err) = ran(["adopt", "--default-spreading", "-"], &spread);
    assert!(!out.contains("topologySpreadConstraints"), "{out}");
    assert!(out.contains("spread over zone ignore-taints across revisions"), "{err}");
}

#[test]
fn what_cannot_be_done() {
    let broken = format!("{CART}---\na: [\n");
    let (code, out, err) = ran(["adopt", "-"], &broken);
    assert_eq!((code, out), (1, format!("{ADOPTED}---\na: [\n")));
    assert!(err.contains("error[") && err.contains("2 of 3"), "{err}");
    let cases: [(&[&str], &str, &str); 4] = [
        (&["adopt", "--write", "-"], CART, "standard input cannot be written: leave out --write"),
        (&["adopt", "--write", "--diff", "-"], CART, "exclude one another"),
        (&["adopt", "-"], "", "no Kubernetes object in <stdin>"),
        (&["adopt", "nowhere.yaml"], "", "no such file or folder"),
    ];
    for (words, stdin, why) in cases {
        let (code, out, err) = ran(words, stdin);
        assert_eq!((code, out.as_str()), (2, ""), "{words:?}");
        assert!(err.contains(why), "{words:?}: {err}");
    }
    let (code, out, err) = ran(["adopt", "-"], SERVICE);
    assert_eq!((code, out.as_str()), (0, SERVICE));
    assert_eq!(err, "placecard: no hand-written placement fields\n");
}
