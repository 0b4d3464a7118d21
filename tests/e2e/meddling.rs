//! Beside another mutating webhook, as clusters have them.

use std::time::Duration;

use placecard_tests::controlplane::{Api, Owned, unique, wait_for};
use placecard_tests::meddler::{Meddler, Meddling};
use serde_json::{Value, json};

use super::stage::with_stage;
use super::world::{Machine, World, accepted, refused, require};

const GPU: &str = "nvidia.com/gpu";
const MARK: &str = "meddler.example.com/was-here";

fn machines() -> [Machine; 3] {
    [
        Machine("h1", "a", &[("accelerator", "h100")], &["nvidia.com/gpu:NoSchedule"]),
        Machine("h2", "b", &[("accelerator", "h100")], &["nvidia.com/gpu:NoSchedule"]),
        Machine("p1", "c", &[], &[]),
    ]
}

/// The tolerations of a pod but for one key.
fn without(pod: &Value, key: &str) -> Vec<Value> {
    let all = pod["spec"]["tolerations"].as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|toleration| toleration["key"] != key).collect()
}

fn has(pod: &Value, key: &str) -> bool {
    let all = pod["spec"]["tolerations"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().any(|toleration| toleration["key"] == key)
}

fn toleration(key: &str) -> Value {
    json!({"key": key, "operator": "Exists", "effect": "NoSchedule"})
}

/// Everything in a list the other way round, and so on in what is in it.
fn reversed(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.reverse();
            items.iter_mut().for_each(reversed);
        }
        Value::Object(fields) => fields.values_mut().for_each(reversed),
        _ => {}
    }
}

/// Turns all lists round, adds a toleration of its own and takes one of ours away; once.
fn once(pod: &Value) -> Vec<Value> {
    if has(pod, MARK) {
        return Vec::new();
    }
    let mut tolerations = without(pod, GPU);
    tolerations.reverse();
    tolerations.insert(0, toleration(MARK));
    let mut patch = vec![json!({"op": "add", "path": "/spec/tolerations", "value": tolerations})];
    if let Some(affinity) = pod["spec"].get("affinity") {
        let mut affinity = affinity.clone();
        reversed(&mut affinity);
        patch.push(json!({"op": "replace", "path": "/spec/affinity", "value": affinity}));
    }
    patch
}

/// Takes our toleration away whenever it sees it.
fn always(pod: &Value) -> Vec<Value> {
    let mut tolerations = without(pod, GPU);
    if !has(pod, MARK) {
        tolerations.push(toleration(MARK));
    } else if !has(pod, GPU) {
        return Vec::new();
    }
    vec![json!({"op": "add", "path": "/spec/tolerations", "value": tolerations})]
}

/// Narrows every pod to zones a and c, before we see it.
fn zones(pod: &Value) -> Vec<Value> {
    if pod["spec"].get("affinity").is_some() {
        return Vec::new();
    }
    let affinity = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
        {"nodeSelectorTerms": [{"matchExpressions": [{"key": "topology.kubernetes.io/zone",
            "operator": "In", "values": ["a", "c"]}]}]}}});
    vec![json!({"op": "add", "path": "/spec/affinity", "value": affinity})]
}

/// Installs a meddler for a namespace and waits until it is called. The prefix of its name says
/// when: `a` before ours, `z` after.
fn installed(world: &World, meddling: Meddling, prefix: &str) -> (Meddler, Owned) {
    let meddler = Meddler::start(meddling);
    let configuration = meddler.configuration(&unique(prefix), &world.namespace.name);
    let owned = world.api.create_owned(&configuration);
    wait_until_called(&world.api, &meddler, &world.pod("probe", &json!({})));
    (meddler, owned)
}

fn wait_until_called(api: &Api, meddler: &Meddler, probe: &Value) {
    wait_for(Duration::from_secs(30), "the other webhook is called", || {
        accepted(api.dry_run().create(probe));
        if meddler.calls() > 0 { Ok(()) } else { Err("not called") }.map_err(str::to_owned)
    });
}

#[test]
fn what_another_webhook_took_away_is_put_back() {
    with_stage(|stage| {
        let world = World::new(stage, &machines());
        let (meddler, _configuration) = installed(&world, once, "z-meddler");
        let rules = "on pool/h100\nnot-on nodes(old)\napart-from pods(app=x)\napart-from pods(app=y) in zone";
        let before = meddler.calls();
        let pod = accepted(world.api.create(&world.pod("gpu", &require(rules)))).object;
        assert_eq!(meddler.calls() - before, 2, "it is called again after us");
        assert!(has(&pod, GPU) && has(&pod, MARK), "{}", pod["spec"]["tolerations"]);
        let terms = &pod["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
        assert_eq!(terms.as_array().map(Vec::len), Some(2), "nothing is there twice: {terms}");
        assert_eq!(terms[0]["topologyKey"], "topology.kubernetes.io/zone", "and still reversed");
        let nodes = &pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
            ["nodeSelectorTerms"];
        assert_eq!(nodes.as_array().map(Vec::len), Some(1), "{nodes}");
        assert_eq!(nodes[0]["matchExpressions"].as_array().map(Vec::len), Some(2), "{nodes}");
        let on = world.all_on("gpu", 1);
        assert!(on == ["h1"] || on == ["h2"], "{on:?}");

        let on = world.deploy("web", 3, &require("on pool/h100; apart-from pods(app=x) in zone"));
        assert!(on.iter().all(|machine| machine.starts_with('h')), "{on:?}");
    });
}

#[test]
fn who_takes_ours_away_every_time_is_told_by_a_refusal() {
    with_stage(|stage| {
        let world = World::new(stage, &machines());
        let (_meddler, _configuration) = installed(&world, always, "z-meddler");
        let refusal = refused(world.api.create(&world.pod("gpu", &require("on pool/h100"))));
        assert_eq!((refusal.status, refusal.causes.len()), (503, 1), "{refusal}");
        assert_eq!(refusal.causes[0].reason, "not-applied", "{refusal}");
        assert_eq!(refusal.causes[0].field, "spec", "{refusal}");
        assert!(refusal.message.contains("pods.validate.placecard.dev"), "{refusal}");
        // What it does not take away is none of its business.
        accepted(world.api.create(&world.pod("plain", &require("not-on pool/h100"))));
        assert_eq!(world.all_on("plain", 1), ["p1"]);
    });
}

#[test]
fn what_another_webhook_wrote_before_us_is_narrowed_and_not_widened() {
    with_stage(|stage| {
        let world = World::new(stage, &machines());
        let (_meddler, _configuration) = installed(&world, zones, "a-meddler");
        assert_eq!(world.deploy("gpu", 2, &require("on pool/h100")), ["h1", "h1"]);
        assert_eq!(world.deploy("rest", 2, &require("not-on zone/a")), ["p1", "p1"]);
        let none = refused(world.api.create(&world.pod("none", &require("on zone/b"))));
        assert_eq!(none.status, 403, "the fields leave no node: {none}");
    });
}
