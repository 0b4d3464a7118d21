//! Linter and webhook meet in one review, so they say the same about the same object: whatever one
//! of them reports, the other reports under the same code, and a refusal names the same paths.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use placecard_lint::index::{Index, Role};
use placecard_lint::load::Input;
use placecard_lint::load_codes::LOAD_CODES;
use placecard_policies::kinds;
use placecard_policies::rules::{self, Rule, Sees};
use placecard_tests::doors::{Context, Desk, lint};
use serde_json::{Value, json};

/// What the linter alone can know: how a text becomes an object, and what else is in the input.
fn is_about_text(code: &str) -> bool {
    let sees_more = |rule: &Rule| rule.sees != Sees::Placement;
    LOAD_CODES.iter().any(|row| row.code.as_str() == code)
        || rules::find(code).is_some_and(sees_more)
}

/// Codes, and codes with paths.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    /// Of errors and warnings.
    codes: BTreeSet<String>,
    /// Of what is refused: code and path of every label.
    refused: BTreeSet<(String, String)>,
    /// Whether it can never be stored like that.
    hopeless: bool,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What the webhook said about an object.
fn webhook(desk: &Desk, object: &Value) -> Said {
    let response = desk.admit(object);
    let mut said = Said::default();
    for cause in response["status"]["details"]["causes"].as_array().into_iter().flatten() {
        said.refused.insert((text(&cause["reason"]), text(&cause["field"])));
    }
    said.codes.extend(said.refused.iter().map(|(code, _)| code.clone()));
    assert_eq!(response["allowed"] == true, said.refused.is_empty(), "{response}");
    said.hopeless = response["status"]["code"] == 403;
    for warning in response["warnings"].as_array().into_iter().flatten() {
        let warning = text(warning);
        let code = warning.rsplit_once('[').and_then(|(_, code)| code.strip_suffix(']'));
        said.codes.insert(code.unwrap_or_else(|| panic!("no code: {warning}")).to_owned());
    }
    // Of an object that cannot be decoded the webhook sees the text as well.
    said.codes.retain(|code| !is_about_text(code));
    said
}

/// What the linter said about an object; of what the webhook refuses, the paths.
fn linter(findings: &[Value], object: &Value, refused: &BTreeSet<(String, String)>) -> Said {
    let about = |finding: &&Value| {
        let of = &finding["object"];
        of["kind"] == object["kind"]
            && of["name"] == object["metadata"]["name"]
            && text(&of["namespace"]) == text(&object["metadata"]["namespace"])
    };
    let mut said = Said::default();
    for finding in findings.iter().filter(about) {
        let code = text(&finding["code"]);
        if is_about_text(&code) || finding["severity"] == "note" {
            continue;
        }
        for label in finding["labels"].as_array().into_iter().flatten() {
            if refused.iter().any(|(of, _)| *of == code) {
                said.refused.insert((code.clone(), text(&label["path"])));
            }
        }
        // What has the wrong type is refused by the API server itself; what only stops updates, or
        // rests on other objects, is admitted with a warning.
        let admitted = matches!(
            text(&finding["verdict"]).as_str(),
            "contradictory-update" | "no-inventory" | "uncoordinated" | "risk"
        ) || (finding["verdict"] == "contradictory-group"
            && finding["holds"]["scope"] != "every-cluster");
        let undecoded = code == "field-type" || code == "selector-value-not-string";
        said.hopeless |= finding["severity"] == "error" && !undecoded && !admitted;
        said.codes.insert(code);
    }
    said
}

/// The objects of a text, as the API server would get them.
fn objects(name: &str, content: &str) -> Vec<Value> {
    let input = Input { name: name.to_owned(), path: None, bytes: content.as_bytes().to_vec() };
    let index = Index::new(vec![(Role::Judged, input)]);
    index.objects().map(|(_, _, object)| Value::clone(&object)).collect()
}

/// Whether the API server asks the webhook about such objects.
fn is_workload(object: &Value) -> bool {
    let api_version = text(&object["apiVersion"]);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    kinds::find(group, &text(&object["kind"])).is_some()
}

/// How many workloads were looked at, about how many of them anything was said, and how many were
/// refused.
#[derive(Clone, Copy, Debug, Default)]
struct Looked {
    at: usize,
    told: usize,
    refused: usize,
}

impl std::ops::AddAssign for Looked {
    fn add_assign(&mut self, more: Self) {
        self.at += more.at;
        self.told += more.told;
        self.refused += more.refused;
    }
}

/// Both doors on every workload of a text.
#[track_caller]
fn agree(context: &Context, name: &str, content: &str) -> Looked {
    let linted = lint(context, name, content.as_bytes());
    assert!(linted.status < 2, "{name}: {}", linted.errors);
    // The linter knows the objects of the text itself, too.
    let objects = objects(name, content);
    let own = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let more = context.objects.as_deref().unwrap_or_default();
    let context = Context { objects: Some(format!("{own}\n---\n{more}")), ..context.clone() };
    let desk = Desk::new(&context);
    let mut looked = Looked::default();
    for object in objects.iter().filter(|object| is_workload(object)) {
        let webhook = webhook(&desk, object);
        let linter = linter(linted.findings(), object, &webhook.refused);
        assert_eq!(linter, webhook, "{name}: linter and webhook, about {object:#}");
        looked += Looked {
            at: 1,
            told: usize::from(!webhook.codes.is_empty()),
            refused: usize::from(!webhook.refused.is_empty()),
        };
    }
    looked
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = fs::read_dir(root().join(folder))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|other| other == extension))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a text"))
        })
        .collect();
    found.sort();
    assert!(!found.is_empty(), "{folder}");
    found
}

fn examples_vocabulary() -> Option<String> {
    Some(fs::read_to_string(root().join("examples/vocabulary.yaml")).expect("a vocabulary"))
}

#[test]
fn about_the_examples() {
    let context = Context { vocabulary: examples_vocabulary(), objects: None };
    for folder in ["examples/clean", "examples/refused"] {
        let mut looked = Looked::default();
        for (name, content) in files(folder, "yaml") {
            looked += agree(&context, &name, &content);
        }
        let refused = if folder == "examples/refused" { looked.at } else { 0 };
        assert!(looked.at >= 5 && looked.refused == refused, "{folder}: {looked:?}");
    }
}

/// The yaml blocks of a page: what follows the word `yaml` in the fence, and the text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    page.split("```yaml")
        .skip(1)
        .map(|rest| {
            let (info, rest) = rest.split_once('\n').expect("a line");
            (info.trim(), rest.split_once("```").expect("a closed block").0)
        })
        .collect()
}

#[test]
fn about_the_pages_of_the_rules() {
    let mut looked = Looked::default();
    for (name, page) in files("policies/src/rules", "md") {
        let blocks = blocks(&page);
        let joined = |info: &str| {
            let texts = blocks.iter().filter(|(of, _)| *of == info).map(|(_, text)| *text);
            let texts: Vec<&str> = texts.collect();
            (!texts.is_empty()).then(|| texts.join("---\n"))
        };
        let context = Context { vocabulary: joined("vocabulary"), objects: joined("objects") };
        for (_, block) in blocks.iter().filter(|(info, _)| info.is_empty()) {
            looked += agree(&context, &name.replace(".md", ".yaml"), block);
        }
    }
    assert!(looked.at > 60 && looked.refused > 30, "{looked:?}");
}

/// Rules under `require`, all of them wrong in some way or other.
const BAD_RULES: &[&str] = &[
    "",
    "# nothing",
    "aprat-from self",
    "apart-from",
    "near self in",
    "near self in roomm",
    "near services/x",
    "near service/",
    "near service/nowhere",
    "near deployment/nowhere; near job/nowhere in zone",
    "near self self",
    "near self in node in zone",
    "near self weight 3",
    "on pool/h10",
    "on pool/reserved",
    "on trust/payments",
    "on trust/pay",
    "on resource/fast-nvm",
    "on rack/1 or",
    "on zone/a; on zone/b",
    "on zone/a\nnot-on zone/a",
    "on nodes(a in ())",
    "on nodes(a>b)",
    "not-on nodes(*)",
    "on nodes(disk=ssd); on nodes(disk!=ssd)",
    "near pods(a=1)\nnear pods(b=2)",
    "near pods(a=1,a=2)",
    "apart-from pods(a=1,!a)",
    "near self same tenant",
    "near pods(a=1) of namespaces(",
    "near service/x of namespaces(a=b)",
    "spread over",
    "spread over zone max-skew 0",
    "spread over zone max-skew 1 max-skew 2",
    "spread over zone; at-most 2 self in zone",
    "at-most self",
    "at-most 0 self",
    "at-most 1 service/other/db",
    "at-most 2 pods(a=b) in node; spread over zone",
    "tolerate a",
    "near lease/shard-7",
    "near\u{200b} self",
    "n\u{435}ar self",
    "near self\r\nonn zone/a\r\n",
    "near self\tin\tzone; on\tzon/a",
];

/// Other annotations on the template.
const BAD_ANNOTATIONS: &[(&str, &str)] = &[
    ("placecard.dev/requires", "on zone/a"),
    ("placecard.dev/prefer", "on zone/a weight 101"),
    ("placecard.dev/prefer", "at-most 2 self"),
    ("placecard.dev/prefer", "near service/nowhere weight 0; near service/nowhere"),
    ("placecard.dev/tolerate", "*"),
    ("placecard.dev/tolerate", "a=b:NoSchedul"),
    ("placecard.dev/tolerate", "a for 3d"),
    ("placecard.dev/ignore", "not-a-code: because"),
    ("placecard.dev/ignore", "node-affinity-unsatisfiable"),
    ("placecard.dev/ignore", "unused-ignore: because"),
    ("placecard.dev/applied", "{}"),
    ("placecard.dev/expand", "template"),
    ("placecard.dev/coordinate", "x"),
    ("placecard.dev/", "x"),
    ("placecard.dev/force", "why"),
    ("Placecard.dev/require", "on zone/a"),
    ("placecard.dev/mode", "off"),
];

/// A manifest of a kind with annotations on its template; JSON is YAML.
fn manifest(kind: &str, annotations: &Value) -> String {
    let template = json!({
        "metadata": {"labels": {"app": "web"}, "annotations": annotations},
        "spec": {
            "nodeSelector": {"topology.kubernetes.io/zone": "a"},
            "containers": [{"name": "main", "image": "x"}],
        },
    });
    let selector = json!({"matchLabels": {"app": "web"}});
    let (api_version, spec) = match kind {
        "Pod" => {
            let mut pod = template;
            pod["apiVersion"] = json!("v1");
            pod["kind"] = json!("Pod");
            pod["metadata"]["name"] = json!("web");
            pod["metadata"]["namespace"] = json!("shop");
            return pod.to_string();
        }
        "Job" => ("batch/v1", json!({"template": template})),
        "CronJob" => ("batch/v1", json!({"jobTemplate": {"spec": {"template": template}}})),
        _ => ("apps/v1", json!({"replicas": 3, "selector": selector, "template": template})),
    };
    json!({"apiVersion": api_version, "kind": kind,
        "metadata": {"name": "web", "namespace": "shop"}, "spec": spec})
    .to_string()
}

#[test]
fn about_bad_annotations_of_every_kind() {
    let context = Context { vocabulary: examples_vocabulary(), objects: None };
    let rules = BAD_RULES.iter().map(|rules| ("placecard.dev/require", *rules));
    for kind in ["Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"] {
        for (key, value) in rules.clone().chain(BAD_ANNOTATIONS.iter().copied()) {
            if matches!(kind, "Pod" | "DaemonSet") && key == "placecard.dev/applied" {
                // It may stand there; what it claims is no proof.
                continue;
            }
            let looked = agree(&context, "web.json", &manifest(kind, &json!({key: value})));
            assert_eq!((looked.at, looked.told), (1, 1), "{kind} with {key}: {value:?}");
        }
    }
}

#[test]
fn about_several_mistakes_at_once() {
    let context = Context { vocabulary: examples_vocabulary(), objects: None };
    let annotations = json!({
        "placecard.dev/require": BAD_RULES[2..8].join("\n"),
        "placecard.dev/prefer": "near\nnear self weight 0",
        "placecard.dev/tolerat": "x",
    });
    for kind in ["Pod", "Deployment", "DaemonSet", "CronJob"] {
        assert_eq!(agree(&context, "web.json", &manifest(kind, &annotations)).refused, 1);
    }
}
