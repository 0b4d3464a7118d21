//! Comments that silence findings.

use crate::ran::ran;

/// Two demands on the zone clash at line 11; an `ignore` in line 10 is about clusters, and there is none.
const CART: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata:
      labels: {app: cart}
      annotations:
        placecard.dev/ignore: 'would-wait: the pool grows'
        placecard.dev/require: on zone/eu-1b
    spec:
      nodeSelector: {topology.kubernetes.io/zone: eu-1a}
      containers: [{name: cart, image: 'cart:1'}]
";

fn lint(text: &str) -> Vec<String> {
    let (code, out, err) = ran(["lint", "-o", "short", "-"], text);
    assert!(code < 2, "{err}");
    out.lines().map(|line| line.strip_prefix("<stdin>:").expect("a place").to_owned()).collect()
}

/// The manifest with a line before line 11, and something at the end of that line.
fn with(before: &str, after: &str) -> String {
    let line = "        placecard.dev/require: on zone/eu-1b";
    let before = if before.is_empty() { String::new() } else { format!("        {before}\n") };
    CART.replace(line, &format!("{before}{line}{after}"))
}

const CLASH: &str =
    "error[node-selector-contradicts-affinity]: no node can be in zone eu-1b and in zone eu-1a";
const CODE: &str = "node-selector-contradicts-affinity";

#[test]
fn a_comment_silences_its_line_or_the_next() {
    assert_eq!(lint(CART), [format!("11:32: {CLASH}")]);
    let ignore = format!("# placecard: ignore[{CODE}] the zones are one");
    let silent: Vec<String> = Vec::new();
    for text in [
        with("", &format!(" {ignore}")),
        with(&ignore, ""),
        with(&format!("{ignore}\n        # and another comment"), ""),
        format!("{ignore}\n{CART}"),
        format!("---\n\n{ignore}\n\n{CART}"),
        with(&ignore, "").replace("require: on", "require: |\n          on"),
        with(&ignore, "").replace('\n', "\r\n"),
    ] {
        assert_eq!(lint(&text), silent, "{text}");
    }
    let two = format!("{ignore}\n{CART}---\n{CART}");
    assert_eq!(lint(&two), [format!("27:32: {CLASH}")], "the other document is not meant");
}

#[test]
fn what_silences_nothing_is_told() {
    let elsewhere = CART
        .replace("spec:\n  selector", &format!("spec: # placecard: ignore[{CODE}] no\n  selector"));
    let unused = "warning[unused-ignore]: nothing to ignore: no finding here has";
    assert_eq!(
        lint(&elsewhere),
        [format!("4:7: {unused} the code {CODE}"), format!("11:32: {CLASH}")]
    );
    let text = with(
        &format!(
            "# placecard: ignore[label-selector-unsatisfiable, {CODE}, would-wait, unused-ignore] reason"
        ),
        "",
    );
    assert_eq!(
        lint(&text),
        [
            format!("11:29: {unused} the code label-selector-unsatisfiable"),
            format!("11:107: {unused} the code unused-ignore")
        ]
    );
}

#[test]
fn what_cannot_be_meant_is_told_and_silences_nothing() {
    for (comment, expected) in [
        (
            format!("ignore[{CODE}]"),
            "11:22: warning[invalid-ignore]: a comment ignores findings without a reason",
        ),
        (
            "ignore".to_owned(),
            "11:22: warning[invalid-ignore]: a comment ignores nothing without a code",
        ),
        (
            "ignore[node-selector-contradicts-afinity] x".to_owned(),
            "11:29: warning[invalid-ignore]: no code is named node-selector-contradicts-afinit...; \
             did you mean node-selector-contradicts-affinity?",
        ),
        (
            "ignore[unknown-relation] x".to_owned(),
            "11:29: warning[invalid-ignore]: unknown-relation cannot be ignored",
        ),
        (
            format!("ignroe[{CODE}] x"),
            "11:22: warning[invalid-ignore]: unknown word ignroe in a comment; did you mean ignore?",
        ),
    ] {
        let text = with(&format!("# placecard: {comment}"), "");
        assert_eq!(lint(&text), [expected.to_owned(), format!("12:32: {CLASH}")], "{comment}");
    }
}

#[test]
fn words_and_what_is_refused_are_never_silent() {
    let text = with("# placecard: ignore[unknown-relation] x", "").replace("on zone", "onn zone");
    let told = lint(&text);
    assert!(told.iter().any(|line| line.contains("error[unknown-relation]")), "{told:?}");
}
