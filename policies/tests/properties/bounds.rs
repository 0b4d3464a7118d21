//! Large inputs cost about as much as they are long. Measured on two busy cores, unoptimised, with
//! 10,000 rules, values or elements: no review takes more than 2 seconds.

use std::time::{Duration, Instant};

use placecard_policies::patch;
use placecard_policies::read;
use placecard_policies::review::review;
use placecard_policies::surroundings::Surroundings;
use serde_json::{Value, json};

use crate::shop::{self, REQUIRED};

const MANY: usize = 1500;
/// What grew with the square of it took minutes.
const LIMIT: Duration = Duration::from_secs(10);

fn rules(line: impl Fn(usize) -> String) -> String {
    (0..MANY).map(|i| line(i) + "\n").collect()
}

fn values() -> String {
    (0..MANY).map(|i| format!("v{i}")).collect::<Vec<_>>().join(",")
}

fn list(element: impl Fn(usize) -> Value) -> Value {
    (0..MANY).map(element).collect()
}

fn or(one: &str) -> String {
    let more: String = (0..MANY).map(|i| format!(" or {one}{i}")).collect();
    format!("{one}x{more}")
}

fn check(require: &str, prefer: &str, tolerate: &str, fields: &Value) {
    let annotations = shop::annotations(require, prefer, tolerate);
    let surroundings = Surroundings::default();
    for kind in ["pod", "expanded Deployment"] {
        let (value, _) = shop::object(kind, &annotations, fields);
        let start = Instant::now();
        let object = read::object(&value, &surroundings.words).unwrap();
        let review = review(&object, &surroundings);
        for expansion in &review.expansions {
            let _ = patch::fields(expansion, &object.templates[0]);
        }
        let took = start.elapsed();
        let head: String = require.chars().chain(prefer.chars()).take(40).collect();
        assert!(took < LIMIT, "{kind} {head:?}: {took:?}");
    }
}

#[test]
fn many_rules() {
    for line in [
        |i: usize| format!("on nodes(k{i}=v)"),
        |i| format!("not-on zone/z{i}"),
        |i| format!("not-on node/n{i}"),
        |i| format!("on zone/z{i} or zone/y{i}"),
        |i| format!("apart-from pods(a=v{i})"),
        |i| format!("near pods(a=b) in x.io/l{i}"),
        |i| format!("near pods(a=b{i})"),
        |i| format!("at-most 1 self in x.io/l{i}"),
        |i| format!("at-most 2 pods(a=b) in x.io/l{i}"),
        |i| format!("spread over x.io/l{i}"),
        |_| "apart-from self in zone".to_owned(),
    ] {
        check(&rules(line), "", "", &json!({}));
    }
}

#[test]
fn many_preferences_and_tolerations() {
    for line in [
        |i: usize| format!("on nodes(k{i}=v)"),
        |i| format!("near pods(k{i}=v)"),
        |i| format!("apart-from pods(k{i}=v)"),
    ] {
        check("", &rules(line), "", &json!({}));
    }
    for line in [
        |i: usize| format!("x{i}=v:NoSchedule"),
        |i| format!("x=v{i}:NoExecute for 9s"),
        |i| format!("x:NoExecute for {i}s"),
    ] {
        check("", "", &rules(line), &json!({}));
    }
}

#[test]
fn long_selectors_and_alternatives() {
    let values = values();
    for rule in [
        format!("on nodes(a in ({values}))"),
        format!("not-on nodes(a in ({values}))"),
        format!("near pods(a in ({values}))\napart-from pods(a notin ({values}))"),
        or("on zone/z").replace("or on ", "or "),
        or("not-on zone/z").replace("or not-on ", "or "),
    ] {
        check(&rule, "", "", &json!({}));
    }
    let selector: Vec<String> = (0..MANY).map(|i| format!("k{i}")).collect();
    check(&format!("near pods({})", selector.join(",")), "", "", &json!({}));
    check("", &or("on zone/z").replace("or on ", "or "), "", &json!({}));
}

#[test]
fn full_pods() {
    let held =
        json!({"tolerations": list(|i| json!({"key": format!("k{i}"), "operator": "Exists"}))});
    check("on zone/a", "", "a=b:NoExecute for 5s", &held);
    check("", "", &rules(|i| format!("x{i}:NoExecute for 5s")), &held);
    let held = json!({"tolerations": list(|i| json!({"key": "x", "value": format!("v{i}")}))});
    check("", "", &rules(|i| format!("x=w{i}:NoExecute")), &held);
    check("", "", &rules(|_| "x:NoSchedule".to_owned()), &held);
    let term = |i: usize| json!({"topologyKey": "a.b/c", "labelSelector": {"matchLabels": {"a": format!("v{i}")}}});
    for kind in ["podAffinity", "podAntiAffinity"] {
        let held = json!({"affinity": {kind: {REQUIRED: list(term)}}});
        check("apart-from pods(a=b)\nnear pods(a=c) in a.b/c", "", "", &held);
        check(&rules(|i| format!("apart-from pods(a=w{i}) in a.b/c")), "", "", &held);
    }
    let term = |i: usize| json!({"matchExpressions": [{"key": "a", "operator": "In", "values": [format!("v{i}")]}]});
    let held = json!({"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(term)}}}});
    check("on zone/a", "", "", &held);
    check("on nodes(a in (v1,v2))", "", "", &held);
}
