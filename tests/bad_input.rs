//! Bad input at both doors: each gets a clear error with its place, or a correct answer; never a
//! panic, never a hang.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use placecard_tests::doors::{Context, Desk, Linted, create, lint, update};
use serde_json::{Value, json};

/// Far more than any of these takes, also without optimisation and on a busy machine.
const LONG: Duration = Duration::from_secs(120);

fn context() -> Context {
    let vocabulary = include_str!("../examples/vocabulary.yaml").to_owned();
    Context { vocabulary: Some(vocabulary), objects: None }
}

fn deployment(annotations: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}, "annotations": annotations},
                "spec": {"containers": [{"name": "main", "image": "x"}]},
            },
        },
    })
}

fn pod(annotations: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"},
            "annotations": annotations},
        "spec": {"containers": [{"name": "main", "image": "x"}]},
    })
}

fn require(rules: &str) -> Value {
    json!({"placecard.dev/require": rules})
}

fn prefer(rules: &str) -> Value {
    json!({"placecard.dev/prefer": rules})
}

fn lint_object(object: &Value) -> Linted {
    lint(&context(), "web.json", object.to_string().as_bytes())
}

/// Annotations, the one code that both doors report, and words of both messages.
fn mistakes() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (
            json!({"placecard.dev/requires": "on zone/a"}),
            "unknown-key",
            "unknown key placecard.dev/requires",
        ),
        (require("aprat-from self"), "unknown-relation", "aprat-from"),
        (require("on pool/h10"), "unknown-pool", "no pool is named h10"),
        (prefer("near self weight 0"), "weight-range", "0 is not a weight from 1 to 100"),
        (prefer("near self weight 101"), "weight-range", "101 is not a weight from 1 to 100"),
        (prefer("near self weight 9 weight 9"), "duplicate-modifier", "weight stands twice"),
        (require("near self in zone in node"), "duplicate-modifier", "in stands twice"),
        (require("n\u{435}ar self"), "unknown-relation", "n\u{435}ar"),
        (require("near\u{200b} self"), "unknown-relation", "nearU+200B"),
        (require("near self\u{200b}"), "unknown-target", "selfU+200B"),
        (require("near\u{a0}self"), "unknown-relation", "nearU+00A0self"),
        (require("\u{feff}near self"), "unknown-relation", "U+FEFFnear"),
        (require("near pods(\u{430}pp=web)"), "selector-syntax", "is not a label key"),
        (require("on service/x"), "unknown-target", "on takes nodes, service/x names pods"),
        (require("near pool/h100"), "unknown-target", "near takes pods, pool/h100 names nodes"),
        (require("near self in zone\r\nonn zone/a\r\n"), "unknown-relation", "onn"),
        (require("near\tself\tin\tzon"), "unknown-level", "zon"),
        (require(&"x".repeat(1 << 20)), "unknown-relation", "unknown relation xxx"),
        (
            require(&format!("# {}\nnear self", "x".repeat(1 << 20))),
            "value-syntax",
            "1048588 bytes, 1048576 are read",
        ),
        (
            json!({"placecard.dev/require": "near self", "placecard.dev/applied": "{\"v\":1}"}),
            "no-effect-here",
            "placecard.dev/applied in a template was copied from a live pod",
        ),
    ]
}

#[test]
fn both_doors_say_what_is_wrong() {
    let desk = Desk::new(&context());
    for (annotations, code, words) in mistakes() {
        let case: String = annotations.to_string().chars().take(100).collect();
        let object = deployment(&annotations);
        let linted = lint_object(&object);
        assert_eq!((linted.status, linted.codes()), (1, vec![code]), "{case}");
        let finding = &linted.findings()[0];
        let message = finding["message"].as_str().expect("a message");
        assert!(message.contains(words) && message.len() < 200, "{case}: {message}");
        assert!(finding["line"] == 1 && finding["column"].as_u64() > Some(100), "{case}");

        let response = desk.admit(&object);
        let status = &response["status"];
        assert_eq!((&response["allowed"], &status["code"]), (&json!(false), &json!(403)), "{case}");
        let causes = status["details"]["causes"].as_array().expect("causes");
        assert_eq!(causes.len(), 1, "{case}: {status}");
        assert_eq!(causes[0]["reason"], code, "{case}");
        let message = status["message"].as_str().expect("a message");
        assert!(message.contains(words) && message.len() < 400, "{case}: {message}");
    }
}

#[test]
fn a_letter_that_looks_like_another_is_named() {
    for (rules, words) in [
        ("n\u{435}ar self", "U+0435, which looks like e"),
        ("near\u{200b} self", "U+200B, which has no width"),
        ("near\u{a0}self", "U+00A0, a blank of another kind"),
    ] {
        let linted = lint_object(&deployment(&require(rules)));
        let help = linted.findings()[0]["help"].to_string();
        assert!(help.contains(words), "{rules}: {help}");
    }
}

#[test]
fn tabs_and_line_ends_of_other_systems_are_blanks() {
    let desk = Desk::new(&context());
    for rules in
        ["near\tself\tin\tzone", "near self in zone\r\nnot-on zone/a\r\n", "\t\r\non zone/a"]
    {
        let object = deployment(&require(rules));
        assert_eq!(lint_object(&object).codes(), Vec::<&str>::new(), "{rules:?}");
        assert_eq!(desk.admit(&object)["allowed"], true, "{rules:?}");
    }
}

/// Levels of aliases, each nine times the one before.
fn many_laughs() -> String {
    let mut text = String::from(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n",
    );
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("  a{level}: &a{level} [{items}]\n"));
    }
    text
}

/// A pod with a mistake in line 8, column 7.
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  annotations:\n    \
                   placecard.dev/require: |\n      on zone/a\n      onn zone/b\nspec: {}\n";

/// A file, the code and the place of its one finding, and words of the message.
struct Unreadable(&'static str, Vec<u8>, &'static str, (u64, u64), &'static str);

fn files() -> Vec<Unreadable> {
    let file = |name, content: &[u8], code, place, words| {
        Unreadable(name, content.to_vec(), code, place, words)
    };
    let crlf = POD.replace('\n', "\r\n");
    let bom = format!("\u{feff}{crlf}");
    let whole = deployment(&require("near self")).to_string();
    let deep = "[".repeat(1 << 20);
    let deep_yaml = format!("a: {deep}");
    let tab = b"kind: Pod\nmetadata:\n\tname: x\n";
    let latin = b"kind: Pod\nmetadata: {name: \xfc}\n";
    vec![
        file("lf.yaml", POD.as_bytes(), "unknown-relation", (8, 7), "onn"),
        file("crlf.yaml", crlf.as_bytes(), "unknown-relation", (8, 7), "onn"),
        file("bom.yaml", bom.as_bytes(), "unknown-relation", (8, 7), "onn"),
        file("tab.yaml", tab, "yaml-syntax", (3, 1), "a tab in the indentation"),
        file("nul.yaml", b"a: \0\n", "yaml-syntax", (1, 4), "U+0000"),
        file("latin.yaml", latin, "not-utf8", (2, 18), "byte 0xFC is not UTF-8"),
        file("utf16.yaml", b"\xff\xfea\0p\0", "not-utf8", (1, 1), "UTF-16"),
        file("cut.json", &whole.as_bytes()[..200], "json-syntax", (1, 191), "never closed"),
        file("laughs.yaml", many_laughs().as_bytes(), "input-limit", (8, 32), "far more than"),
        file("deep.json", deep.as_bytes(), "input-limit", (1, 256), "deep"),
        file("deep.yaml", deep_yaml.as_bytes(), "input-limit", (1, 259), "deep"),
    ]
}

#[test]
fn files_that_cannot_be_read_are_told_with_their_place() {
    for Unreadable(name, content, code, place, words) in files() {
        let start = Instant::now();
        let linted = lint(&context(), name, &content);
        assert!(start.elapsed() < LONG, "{name}: {:?}", start.elapsed());
        assert_eq!((linted.status, linted.codes()), (1, vec![code]), "{name}: {}", linted.errors);
        let finding = &linted.findings()[0];
        let message = finding["message"].as_str().expect("a message");
        assert!(message.contains(words), "{name}: {message}");
        let at = (finding["line"].as_u64(), finding["column"].as_u64());
        assert_eq!(at, (Some(place.0), Some(place.1)), "{name}: {message}");
    }
}

#[test]
fn nothing_to_lint_is_told() {
    for content in ["", "---\n---\n", "# a comment\n", "\u{feff}"] {
        let linted = lint(&context(), "empty.yaml", content.as_bytes());
        assert_eq!(linted.status, 2, "{content:?}");
        assert!(linted.errors.contains("no Kubernetes object in "), "{}", linted.errors);
    }
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(|n| line(n) + "\n").collect()
}

fn values(from: usize) -> String {
    (from..from + 1000).map(|n| format!("v{n}")).collect::<Vec<_>>().join(",")
}

/// Objects of great size, and the codes that both doors report, each once.
fn large() -> Vec<(&'static str, Value, &'static [&'static str])> {
    let many = 10_000;
    let alternatives: Vec<String> = (0..many).map(|n| format!("nodes(a=v{n})")).collect();
    let selectors = format!(
        "on nodes(a in ({0}))\nnot-on nodes(a in ({1}))\nnear pods(a in ({0}))\n\
         apart-from pods(a notin ({1}))",
        values(0),
        values(500)
    );
    vec![
        ("equal rules", require(&lines(many, |_| "near self".into())), &[]),
        ("rules", require(&lines(many, |n| format!("apart-from pods(a=v{n})"))), &[]),
        ("node rules", require(&lines(many, |n| format!("not-on nodes(a=v{n})"))), &[]),
        ("mistakes", require(&lines(many, |n| format!("neer x{n}"))), &["unknown-relation"]),
        (
            "rules that clash",
            require(&lines(many, |n| format!("near pods(a{n}=v)"))),
            &["not-expressible"],
        ),
        ("preferences", prefer(&lines(many, |n| format!("near pods(a{n}=v)"))), &[]),
        ("tolerations", json!({"placecard.dev/tolerate": lines(many, |n| format!("a{n}=v"))}), &[]),
        (
            "reasons",
            json!({"placecard.dev/ignore": lines(many, |n| format!("code{n}: because"))}),
            &["unused-ignore"],
        ),
        (
            "alternatives",
            require(&format!("on {}", alternatives.join(" or "))),
            &["not-expressible"],
        ),
        ("a selector", require(&format!("near pods({}b=c)", "a=b,".repeat(1 << 15))), &[]),
        ("selectors with 1,000 values", require(&selectors), &[]),
    ]
}

#[test]
fn great_sizes_are_answered_in_time() {
    let desk = Desk::new(&context());
    for (what, annotations, codes) in large() {
        let object = deployment(&annotations);
        let start = Instant::now();
        let linted = lint_object(&object);
        assert!(start.elapsed() < LONG, "{what}: linted in {:?}", start.elapsed());
        let mut found = linted.codes();
        found.dedup();
        found.retain(|code| *code != "value-syntax");
        assert_eq!(found, codes, "{what}: {}", linted.errors);

        let start = Instant::now();
        let response = desk.admit(&object);
        assert!(start.elapsed() < LONG, "{what}: admitted in {:?}", start.elapsed());
        let errors = linted.report["summary"]["errors"] != 0;
        assert_eq!(response["allowed"], !errors, "{what}: {response}");
        assert!(response.to_string().len() < 100_000, "{what}: the answer is bounded");
    }
}

#[test]
fn a_pod_with_ten_thousand_tolerations_gets_one_more() {
    let desk = Desk::new(&context());
    let mut pod = pod(&require("on pool/h100"));
    let many: Vec<Value> =
        (0..10_000).map(|n| json!({"key": format!("k{n}"), "operator": "Exists"})).collect();
    pod["spec"]["tolerations"] = json!(many);
    let start = Instant::now();
    let response = desk.answer("/mutate", &create(&pod));
    let patch = STANDARD.decode(response["patch"].as_str().expect("a patch")).expect("base64");
    let patch: Value = serde_json::from_slice(&patch).expect("JSON");
    let added: Vec<&Value> = patch
        .as_array()
        .expect("operations")
        .iter()
        .filter(|operation| operation["path"] == "/spec/tolerations/-")
        .collect();
    assert_eq!(added.len(), 1, "{patch}");
    assert_eq!(added[0]["value"]["key"], "nvidia.com/gpu");
    assert!(patch.to_string().len() < 2_000, "the patch does not repeat them");
    assert_eq!(desk.admit(&pod)["allowed"], true);
    assert_eq!(lint_object(&pod).codes(), Vec::<&str>::new());
    assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
}

#[test]
fn a_forged_record_is_replaced() {
    let desk = Desk::new(&context());
    let forged = json!({"placecard.dev/require": "on zone/a", "placecard.dev/applied": "[1"});
    let response = desk.answer("/mutate", &create(&pod(&forged)));
    let patch = STANDARD.decode(response["patch"].as_str().expect("a patch")).expect("base64");
    let patch = String::from_utf8(patch).expect("UTF-8");
    assert!(patch.contains("/metadata/annotations/placecard.dev~1applied"), "{patch}");
    assert!(patch.contains("nodeAffinity"), "{patch}");
    // Without the mutating webhook the claim alone is worth nothing.
    let response = desk.answer("/validate", &create(&pod(&forged)));
    assert_eq!(response["status"]["details"]["causes"][0]["reason"], "not-applied", "{response}");
}

#[test]
fn objects_without_a_template_are_read_all_the_same() {
    let desk = Desk::new(&context());
    for (spec, own, code) in [
        (json!({}), json!({}), None),
        (json!(null), json!({}), None),
        (json!({"template": null}), json!({}), None),
        (json!({"template": {}}), json!({}), None),
        (json!({"template": {"spec": null, "metadata": null}}), json!({}), None),
        (json!({}), require("on zone/a"), Some("no-effect-here")),
        (json!({"template": []}), json!({}), Some("field-type")),
        (json!([]), json!({}), Some("field-type")),
    ] {
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "annotations": own}, "spec": spec});
        let expected: Vec<&str> = code.into_iter().collect();
        assert_eq!(lint_object(&object).codes(), expected, "{object}");
        let response = desk.admit(&object);
        // What has the wrong type is refused by the API server itself.
        assert_eq!(response["allowed"], code != Some("no-effect-here"), "{object}: {response}");
        if let Some(code) = code {
            assert!(response.to_string().contains(code), "{object}: {response}");
        }
    }
}

#[test]
fn an_update_without_the_old_object_is_judged_as_if_it_were_new() {
    let desk = Desk::new(&context());
    let bad = deployment(&require("onn zone/a"));
    let response = desk.answer("/validate", &update(&bad, &Value::Null));
    assert_eq!(response["status"]["code"], 403, "{response}");
    assert_eq!(desk.answer("/validate", &update(&bad, &bad))["allowed"], true);
    let pod = pod(&require("on zone/a"));
    assert_eq!(desk.answer("/validate", &update(&pod, &Value::Null))["allowed"], true);
}

#[test]
fn requests_that_are_none_are_told_so() {
    let desk = Desk::new(&context());
    let whole = create(&deployment(&require("near self"))).to_string();
    let beta = whole.replace("admission.k8s.io/v1", "admission.k8s.io/v1beta1");
    let json = "application/json";
    for (content_type, body, status, words) in [
        ("text/plain", whole.clone().into_bytes(), 415, "send application/json"),
        ("application/yaml", whole.clone().into_bytes(), 415, "send application/json"),
        (json, beta.into_bytes(), 400, "admission.k8s.io/v1beta1"),
        (json, Vec::new(), 400, "empty"),
        (json, whole[..whole.len() / 2].into(), 400, "line 1"),
        (json, whole.replace("web", "w\u{0}b").into_bytes(), 400, "line 1"),
        (json, [&b"\xef\xbb\xbf"[..], whole.as_bytes()].concat(), 400, "begin with {"),
        (json, whole.replace("near self", "\u{e9}").into_bytes(), 200, "unknown-relation"),
        (json, latin(&whole), 400, "line 1"),
        (json, b"{\"kind\":\"Pod\"}".to_vec(), 400, "Pod"),
        (json, vec![b' '; 9 << 20], 413, "8"),
    ] {
        for path in ["/mutate", "/validate"] {
            let (answered, text) = desk.post(path, content_type, body.clone());
            assert_eq!(answered, status, "{words}: {text}");
            if answered != 200 || path == "/validate" {
                assert!(text.contains(words), "{words}: {text}");
            }
            assert!(text.len() < 2_000, "{text}");
        }
    }
    for end in (0..whole.len()).step_by(7) {
        assert_eq!(desk.post("/validate", json, whole[..end].into()).0, 400, "cut at {end}");
    }
}

/// With a byte that no UTF-8 holds.
fn latin(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let at = text.find("near self").expect("the rule");
    bytes[at] = 0xfc;
    bytes
}
