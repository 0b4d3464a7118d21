//! Large inputs.
use placecard_policies::read;
use placecard_policies::review::review;
use placecard_policies::surroundings::Surroundings;
use serde_json::{Value, json};
use std::time::Instant;

fn pod(require: &str, prefer: &str, tolerate: &str, spec: Value) -> Value {
    let mut annotations = json!({});
    for (key, value) in [("require", require), ("prefer", prefer), ("tolerate", tolerate)] {
        if !value.is_empty() {
            annotations[format!("placecard.dev/{key}")] = json!(value);
        }
    }
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}, "annotations": annotations},
        "spec": spec})
}
fn many(n: usize, line: impl Fn(usize) -> String) -> String {
    (0..n).map(|i| line(i) + "\n").collect()
}
#[test]
fn measure() {
    let n: usize = std::env::var("N").ok().and_then(|n| n.parse().ok()).unwrap_or(500);
    let none = String::new();
    let cases: Vec<(&str, String, String, String, Value)> = vec![
        ("on", many(n, |i| format!("on nodes(k{i}=v)")), none.clone(), none.clone(), json!({})),
        (
            "not-on values",
            many(n, |i| format!("not-on zone/z{i}")),
            none.clone(),
            none.clone(),
            json!({}),
        ),
        (
            "not-on node",
            many(n, |i| format!("not-on node/n{i}")),
            none.clone(),
            none.clone(),
            json!({}),
        ),
        (
            "on or",
            format!("on zone/z0{}", (0..n).map(|i| format!(" or zone/z{i}")).collect::<String>()),
            none.clone(),
            none.clone(),
            json!({}),
        ),
        (
            "not-on or",
            format!(
                "not-on zone/z0{}",
                (0..n).map(|i| format!(" or zone/z{i}")).collect::<String>()
            ),
            none.clone(),
            none.clone(),
            json!({}),
        ),
        (
            "apart",
            many(n, |i| format!("apart-from pods(a=v{i})")),
            none.clone(),
            none.clone(),
            json!({}),
        ),
        (
            "near levels",
            many(n, |i| format!("near pods(a=b) in x.io/l{i}")),
            none.clone(),
            none.clone(),
            json!({}),
        ),
        (
            "near targets",
            many(n, |i| format!("near pods(a=b{i})")),
            none.clone(),
            none.clone(),
            json!({}),
        ),
        (
            "spread",
            many(n, |i| format!("spread over x.io/l{i}")),
            none.clone(),
            none.clone(),
            json!({}),
        ),
        (
            "at-most",
            many(n, |i| format!("at-most 2 pods(a=b) in x.io/l{i}")),
            none.clone(),
            none.clone(),
            json!({}),
        ),
        (
            "at-most 1 self",
            many(n, |i| format!("at-most 1 self in x.io/l{i}")),
            none.clone(),
            none.clone(),
            json!({}),
        ),
        (
            "prefer on",
            none.clone(),
            many(n, |i| format!("on nodes(k{i}=v)")),
            none.clone(),
            json!({}),
        ),
        (
            "prefer near",
            none.clone(),
            many(n, |i| format!("near pods(k{i}=v)")),
            none.clone(),
            json!({}),
        ),
        (
            "tolerate keys",
            none.clone(),
            none.clone(),
            many(n, |i| format!("x{i}=v:NoSchedule")),
            json!({}),
        ),
        (
            "tolerate values",
            none.clone(),
            none.clone(),
            many(n, |i| format!("x=v{i}:NoExecute for 9s")),
            json!({}),
        ),
        (
            "selector values",
            format!(
                "on nodes(a in ({}))",
                (0..n).map(|i| format!("v{i}")).collect::<Vec<_>>().join(",")
            ),
            none.clone(),
            none.clone(),
            json!({}),
        ),
        (
            "selector values near",
            format!(
                "near pods(a in ({}))",
                (0..n).map(|i| format!("v{i}")).collect::<Vec<_>>().join(",")
            ),
            none.clone(),
            none.clone(),
            json!({}),
        ),
        (
            "held tolerations",
            "on zone/a".into(),
            none.clone(),
            "a=b".into(),
            json!({"tolerations": (0..n).map(|i| json!({"key": format!("k{i}"), "operator": "Exists"})).collect::<Vec<_>>()}),
        ),
        (
            "held and wanted tolerations",
            "on zone/a".into(),
            none.clone(),
            many(n, |i| format!("x{i}=v:NoSchedule")),
            json!({"tolerations": (0..n).map(|i| json!({"key": format!("k{i}"), "operator": "Exists"})).collect::<Vec<_>>()}),
        ),
        (
            "held apart",
            "apart-from pods(a=b)".into(),
            none.clone(),
            none.clone(),
            json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": (0..n).map(|i| json!({"topologyKey": "a.b/c", "labelSelector": {"matchLabels": {"a": format!("v{i}")}}})).collect::<Vec<_>>()}}}),
        ),
        (
            "held terms",
            "on zone/a".into(),
            none.clone(),
            none.clone(),
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": (0..n).map(|i| json!({"matchExpressions": [{"key": "a", "operator": "In", "values": [format!("v{i}")]}]})).collect::<Vec<_>>()}}}}),
        ),
    ];
    let only = std::env::var("ONLY").ok();
    for (name, require, prefer, tolerate, spec) in cases {
        if only.as_deref().is_some_and(|only| !name.contains(only)) {
            continue;
        }
        let value = pod(&require, &prefer, &tolerate, spec);
        let surroundings = Surroundings::default();
        let object = read::object(&value, &surroundings.words).unwrap();
        let start = Instant::now();
        let reading = placecard_policies::language::read::read(
            &object.templates[0].annotations,
            placecard_policies::language::keys::Place::Pod,
            &surroundings.words,
            None,
        );
        let read_time = start.elapsed();
        let start = Instant::now();
        let review = review(&object, &surroundings);
        println!(
            "{name}: read {read_time:?} review {:?}, {} rules, {} findings, {} changes",
            start.elapsed(),
            reading.intents.rules.len(),
            review.findings.len(),
            review.expansions.first().map_or(0, |e| e.changes.len())
        );
    }
}
