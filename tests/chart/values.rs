use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use clap::ValueEnum as _;
use placecard_tests::chart::{self, RELEASE_NAMESPACE};
use placecard_webhook::audit::evict::Evict;
use placecard_webhook::telemetry::{LogFormat, LogLevel};
use serde_json::{Value, json};

use super::left_out;
use super::objects::sets;

fn read(name: &str) -> String {
    fs::read_to_string(chart::folder().join(name)).expect("a file of the chart")
}

fn schema() -> Value {
    serde_json::from_str(&read("values.schema.json")).expect("JSON")
}

fn defaults() -> Value {
    serde_saphyr::from_str(&read("values.yaml")).expect("YAML")
}

/// A value of the chart: its path, its part of the schema, and its default.
struct Row {
    path: String,
    schema: Value,
    default: Value,
}

/// All of them, in order; the ones that have more below them are not among these.
fn rows(schema: &Value, defaults: &Value, above: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for (key, schema) in schema["properties"].as_object().expect("properties") {
        let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        let default = defaults[key].clone();
        if schema["properties"].is_object() && default.as_object().is_none_or(|one| !one.is_empty())
        {
            rows.extend(self::rows(schema, &default, &path));
        } else if path != "global" {
            rows.push(Row { path, schema: schema.clone(), default });
        }
    }
    rows
}

/// That each key of the defaults is in the schema, and that nothing else is allowed.
fn is_closed(schema: &Value, defaults: &Value, path: &str) {
    assert_eq!(schema["additionalProperties"], false, "{path}");
    for (key, default) in defaults.as_object().expect("a mapping") {
        let below = &schema["properties"][key];
        assert!(below.is_object(), "{path}.{key} is not in the schema");
        if below["properties"].is_object() && default.as_object().is_some_and(|one| !one.is_empty())
        {
            is_closed(below, default, &format!("{path}.{key}"));
        }
    }
}

#[test]
fn every_value_is_described_and_no_other_is_allowed() {
    let (schema, defaults) = (schema(), defaults());
    is_closed(&schema, &defaults, "values");
    for row in rows(&schema, &defaults, "") {
        let told = row.schema["description"].as_str().unwrap_or_default();
        assert!(told.ends_with('.'), "{}: {told:?}", row.path);
        assert!(!row.default.is_null(), "{} is not in values.yaml", row.path);
    }
}

/// What the flags of the webhook take, and no more.
#[test]
fn the_schema_allows_what_the_flags_take() {
    fn names<T: clap::ValueEnum>() -> Value {
        let names = T::value_variants().iter().filter_map(clap::ValueEnum::to_possible_value);
        json!(names.map(|one| one.get_name().to_owned()).collect::<Vec<_>>())
    }
    assert_eq!(LogLevel::value_variants().len(), 5);
    let properties = &schema()["properties"];
    for (path, expected) in [
        ("/log/properties/level", names::<LogLevel>()),
        ("/log/properties/format", names::<LogFormat>()),
        ("/audit/properties/evict", names::<Evict>()),
    ] {
        let of = properties.pointer(path).expect("a value");
        let mut allowed: Vec<&str> =
            of["enum"].as_array().expect("words").iter().filter_map(Value::as_str).collect();
        let mut expected: Vec<&str> =
            expected.as_array().expect("words").iter().filter_map(Value::as_str).collect();
        allowed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(allowed, expected, "{path}");
    }
}

/// The table of docs/install.md; `PLACECARD_UPDATE_DOCS=1` writes it anew.
#[test]
fn the_table_of_values_is_up_to_date() {
    let (begin, end) = ("<!-- values -->\n", "<!-- end of values -->\n");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/install.md");
    let text = fs::read_to_string(&path).expect("a document");
    let (head, rest) = text.split_once(begin).expect("where the table begins");
    let (_, tail) = rest.split_once(end).expect("where the table ends");
    let mut table = String::from("| value | default | meaning |\n|---|---|---|\n");
    for Row { path, schema, default } in rows(&schema(), &defaults(), "") {
        let told = schema["description"].as_str().unwrap_or_default();
        let words = schema["enum"].as_array().map(|words| {
            let words = words.iter().filter_map(Value::as_str).filter(|word| !word.is_empty());
            let words = words.map(|word| format!("`{word}`"));
            format!(" {}.", words.collect::<Vec<_>>().join(", "))
        });
        let _ = writeln!(table, "| `{path}` | `{default}` | {told}{} |", words.unwrap_or_default());
    }
    let new = format!("{head}{begin}{table}{end}{tail}");
    if std::env::var_os("PLACECARD_UPDATE_DOCS").is_some() {
        fs::write(&path, new).expect("a document");
    } else {
        assert!(text == new, "docs/install.md is old: `make update`");
    }
}

#[test]
fn helm_finds_nothing_wrong() {
    if left_out() {
        return;
    }
    let folder = chart::folder();
    let folder = folder.to_str().expect("UTF-8");
    for values in sets() {
        let arguments = ["lint", "--strict", "--kube-version", "1.37", "-f", "-", folder];
        let output = chart::ask_helm(&arguments, &values);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && !said.contains("[WARNING]"), "{values}: {said}");
    }
}

/// What is refused whatever the other values are.
#[test]
fn a_value_that_is_misspelt_or_out_of_range_is_refused() {
    if left_out() {
        return;
    }
    for (values, word) in [
        (json!({"replica": 3}), "'replica' not allowed"),
        (json!({"audit": {"evicts": "on"}}), "'evicts' not allowed"),
        (json!({"failurePolicy": "fail"}), "/failurePolicy"),
        (json!({"timeoutSeconds": 20}), "/timeoutSeconds"),
        (json!({"replicas": 0}), "/replicas"),
        (json!({"audit": {"evict": true}}), "/audit/evict"),
        (json!({"image": {"digest": "latest"}}), "/image/digest"),
        (json!({"workloads": [{"group": "*", "version": "v1", "resource": "jobs"}]}), "/workloads"),
        (json!({"workloads": [{"group": "ray.io", "version": "v1"}]}), "/workloads/0"),
        (json!({"exemptNamespaces": ["*"]}), "/exemptNamespaces/0"),
        (json!({"extraArgs": ["stale-after=5"]}), "/extraArgs/0"),
    ] {
        let error = chart::rendered(&values).expect_err("refused");
        assert!(error.contains(word), "{values}: {error}");
    }
}

/// What is dangerous only together, with what is said of it.
#[test]
fn dangerous_combinations_are_refused() {
    if left_out() {
        return;
    }
    let fails = |mut values: Value| {
        values["failurePolicy"] = json!("Fail");
        values
    };
    for (values, words) in [
        (
            fails(json!({"replicas": 1})),
            "failurePolicy Fail with replicas 1 refuses pods while that one replica is replaced",
        ),
        (
            fails(json!({"defaultMode": "warn"})),
            "failurePolicy Fail refuses what defaultMode warn promises to admit",
        ),
        (
            fails(json!({"podDisruptionBudget": {"enabled": false}})),
            "failurePolicy Fail without a podDisruptionBudget refuses pods",
        ),
        (
            json!({"podDisruptionBudget": {"maxUnavailable": 2}}),
            "podDisruptionBudget.maxUnavailable 2 lets a drain take all 2 replicas at once",
        ),
        (
            json!({"defaultMode": "warn", "admissionPolicy": {"unplaced": "deny"}}),
            "admissionPolicy.unplaced deny refuses pods while no replica answers",
        ),
        (
            json!({"audit": {"evict": "on", "every": 0}}),
            "audit.evict on evicts nothing with audit.every 0",
        ),
        (
            json!({"coordination": {"controller": "off", "rollouts": "on"}}),
            "nobody does with coordination.controller off",
        ),
        (
            json!({"serviceAccount": {"create": false}}),
            "serviceAccount.create false without serviceAccount.name",
        ),
        (
            json!({"serviceAccount": {"name": "default"}}),
            "would give the permissions of the webhook to every pod",
        ),
        (
            json!({"certificates": {"mode": "secret"}}),
            "certificates.mode secret without certificates.caBundle",
        ),
        (
            json!({"certificates": {"mode": "secret", "caBundle": "bm90aGluZw=="}}),
            "certificates.caBundle is not the base64 of a PEM certificate",
        ),
        (
            json!({"certificates": {"mode": "cert-manager", "caBundle": "bm90aGluZw=="}}),
            "certificates.caBundle is for certificates.mode secret",
        ),
    ] {
        let error = chart::rendered(&values).expect_err("refused");
        assert!(error.contains(words), "{values}: {error}");
        // What to do stands at the end.
        let (_, way_out) = error.split_once(words).expect("seen");
        assert!(way_out.contains(": ") || way_out.contains("; "), "{error}");
    }
}

#[test]
fn the_namespace_default_is_refused() {
    if left_out() {
        return;
    }
    let folder = chart::folder();
    let folder = folder.to_str().expect("UTF-8");
    for (namespace, is_refused) in [("default", true), (RELEASE_NAMESPACE, false)] {
        let arguments = ["template", "one", folder, "--namespace", namespace];
        let more = ["--kube-version", "1.37", "-f", "-"];
        let output = chart::ask_helm(&[&arguments[..], &more[..]].concat(), &json!({}));
        assert_eq!(output.status.success(), !is_refused, "{namespace}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.contains("the namespace default would be passed by"), is_refused);
    }
}
