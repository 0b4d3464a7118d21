//! The exact text of `placecard status` on clusters that are made here.
//!
//! `PLACECARD_UPDATE_DOCS=1` writes the expected texts anew; read the difference before you commit.

use std::fs;
use std::path::Path;

use placecard_language::keys;
use placecard_policies::coordination::membership::id;
use placecard_policies::live::Watched;
use placecard_policies::snapshot::dump;
use placecard_policies::snapshot::redact::{Include, redact, redact_more};
use serde_json::{Value, json};

use crate::ran::ran;

const NAMESPACE: &str = "inference";
const GPU: &str = "nvidia.com/gpu";

/// A node with so many GPUs; none of them has a name that a label repeats if `bare`.
fn node(name: &str, gpus: u32, bare: bool) -> Value {
    let labels = if bare { json!({}) } else { json!({"kubernetes.io/hostname": name}) };
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels,
            "creationTimestamp": "2026-11-20T09:00:00Z"},
        "status": {"allocatable":
            {"cpu": "64", "memory": "512Gi", "pods": "110", GPU: gpus.to_string()}}})
}

fn set(kind: &str, name: &str, replicas: u32) -> Value {
    json!({"apiVersion": "apps/v1", "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE, "generation": 2,
            "uid": "11111111-1111-1111-1111-111111111111"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "template": {"metadata": {"labels": {"app": name},
                "annotations": {keys::COORDINATE: "pd"}}, "spec": {"containers": []}}}})
}

/// How a pod is.
#[derive(Clone, Copy, PartialEq)]
enum Is<'n> {
    Ready(&'n str),
    Starting(&'n str),
    Gated,
}

/// A pod of a role, with the batch that it is in.
fn pod(role: &str, number: u32, ratio: u32, is: Is<'_>) -> Value {
    let labels = json!({"app": role, keys::BATCH: (number / ratio).to_string(),
        keys::COORDINATION: id(NAMESPACE, "pd", "pd"), "controller-revision-hash": "new"});
    let ready = if matches!(is, Is::Ready(_)) { "True" } else { "False" };
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("{role}-{number}"), "namespace": NAMESPACE, "labels": labels,
            "annotations": {keys::COORDINATE: "pd"}, "uid": format!("{role}{number}"),
            "creationTimestamp": "2026-11-20T08:00:00Z",
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": role,
                "uid": "11111111-1111-1111-1111-111111111111", "controller": true}]},
        "spec": {"containers": [{"name": "server", "image": "registry.example.com/server:1",
            "resources": {"limits": {GPU: "1"}}}]},
        "status": {"phase": "Pending", "conditions": [{"type": "Ready", "status": ready,
            "lastTransitionTime": "2026-11-20T08:10:00Z"}]}});
    match is {
        Is::Ready(node) | Is::Starting(node) => pod["spec"]["nodeName"] = json!(node),
        Is::Gated => pod["spec"]["schedulingGates"] = json!([{"name": keys::BATCH_GATE}]),
    }
    pod
}

/// Two prefill and one decode.
fn batch(number: u32, is: Is<'_>) -> Vec<Value> {
    let prefill = |one| pod("prefill", 2 * number + one, 2, is);
    vec![prefill(0), prefill(1), pod("decode", number, 1, is)]
}

fn coordination(more: Option<Value>) -> Value {
    let role = |name: &str| {
        json!({"name": name, "workloadRef":
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name}})
    };
    let mut all = vec![json!({"name": "pd", "type": "AffinityScheduling",
        "roles": ["prefill", "decode"], "strategy": {"affinityScheduling":
            {"ratios": {"prefill": 2, "decode": 1}, "batchMode": "Sequential"}}})];
    all.extend(more);
    json!({"apiVersion": keys::API_VERSION, "kind": keys::COORDINATION_KIND,
        "metadata": {"name": "pd", "namespace": NAMESPACE, "generation": 1},
        "spec": {"roles": [role("prefill"), role("decode")], "coordination": all}})
}

/// Everything of three batches but the pods.
fn stage(nodes: &[(&str, u32)]) -> Vec<Value> {
    let mut objects: Vec<Value> =
        nodes.iter().map(|(name, gpus)| node(name, *gpus, false)).collect();
    objects.push(json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": NAMESPACE}}));
    objects.extend([set("StatefulSet", "prefill", 6), set("StatefulSet", "decode", 3)]);
    objects.push(coordination(None));
    objects
}

/// As `kubectl get … -o json` prints it.
fn printed(objects: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string()
}

/// As `placecard snapshot` writes it.
fn dumped(objects: &[Value]) -> String {
    let mut text = dump::begin(Some("v1.34.1"));
    let of = |kind: &'static str| objects.iter().filter(move |one| one["kind"] == kind);
    for (kind, row) in dump::kinds() {
        text += &dump::begin_list(&row, false);
        for (at, object) in of(row.kind).enumerate() {
            let mut kept = Vec::new();
            let whole = object.to_string();
            assert_eq!(redact(kind, whole.as_bytes(), Include::default(), &mut kept), Ok(()));
            text += dump::before_object(at == 0);
            text += &String::from_utf8(kept).expect("text");
        }
        text += &dump::end_list("", None);
    }
    text += &dump::begin_more(false);
    let mut count = 0;
    for kind in dump::MORE {
        let kind: Watched = kind;
        for object in of(kind.row().kind) {
            let mut kept = Vec::new();
            assert_eq!(redact_more(kind, object.to_string().as_bytes(), &mut kept), Ok(()));
            text += dump::before_object(count == 0);
            text += &String::from_utf8(dump::named(&kind.row(), &kept)).expect("text");
            count += 1;
        }
    }
    text + &dump::end_list("", None) + dump::END
}

#[track_caller]
fn expect(name: &str, line: &str, objects: &[Value], code: u8) {
    for text in [printed(objects), dumped(objects)] {
        let (found, out, err) = ran(line.split(' '), &text);
        assert_eq!((found, err.as_str()), (code, ""), "{line}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/status").join(name);
        let said = format!("$ placecard {line}\n{out}");
        if std::env::var_os("PLACECARD_UPDATE_DOCS").is_some() {
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(&path, &said).expect("written");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(said, expected, "{name}: PLACECARD_UPDATE_DOCS=1 writes it anew");
    }
}

const NODES: [(&str, u32); 3] = [("gpu-1", 3), ("gpu-2", 3), ("gpu-3", 3)];

#[test]
fn batches_on_their_way_are_told_with_what_they_wait_for() {
    let mut objects = stage(&NODES);
    objects.extend(batch(0, Is::Ready("gpu-1")));
    objects.extend(batch(1, Is::Starting("gpu-2")));
    objects.extend(batch(2, Is::Gated));
    objects.push(node("old-1", 8, true));
    expect("on-the-way.txt", "status --cluster -", &objects, 0);
    expect("on-the-way.json", "status inference/pd --cluster - --format json", &objects, 0);
    let mut objects = stage(&NODES);
    for (number, (node, _)) in (0..).zip(NODES) {
        objects.extend(batch(number, Is::Ready(node)));
    }
    expect("complete.txt", "status pd --cluster - -n inference", &objects, 0);
}

#[test]
fn a_batch_without_room_is_an_error() {
    let mut objects = stage(&[("gpu-1", 3), ("gpu-2", 2)]);
    objects.extend(batch(0, Is::Ready("gpu-1")));
    objects.extend(batch(1, Is::Gated));
    objects.extend(batch(2, Is::Gated));
    expect("no-room.txt", "status --cluster -", &objects, 1);
}

#[test]
fn uneven_domains_have_their_causes() {
    let nodes = [("big-1", 8), ("big-2", 8), ("cpu-1", 0), ("gpu-1", 2)];
    let mut objects = stage(&nodes);
    objects.extend(batch(0, Is::Ready("big-1")));
    objects.extend(batch(1, Is::Ready("big-1")));
    objects.extend(batch(2, Is::Starting("gpu-1")));
    expect("uneven.txt", "status --cluster -", &objects, 0);
}

#[test]
fn rollouts_are_told_with_what_hinders_them() {
    let rolling = |managed: bool| {
        json!({"name": "update", "type": "RollingUpdate", "roles": ["prefill", "decode"],
            "strategy": {"rollingUpdate": {"maxSkew": "10%", "manageRollout": managed}}})
    };
    let mut objects = stage(&NODES);
    objects.retain(|one| one["kind"] != keys::COORDINATION_KIND && one["kind"] != "StatefulSet");
    for (name, replicas, partition) in [("prefill", 6, 4), ("decode", 3, 2)] {
        let mut set = set("StatefulSet", name, replicas);
        set["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = json!(partition);
        set["status"] = json!({"observedGeneration": 2, "updateRevision": "new",
            "currentRevision": "old", "updatedReplicas": 1, "readyReplicas": replicas});
        objects.push(set);
    }
    for (number, (node, _)) in (0..).zip(NODES) {
        objects.extend(batch(number, Is::Ready(node)));
    }
    for one in &mut objects {
        let name = one["metadata"]["name"].as_str().unwrap_or_default();
        if one["kind"] == "Pod" && !["prefill-5", "decode-2"].contains(&name) {
            one["metadata"]["labels"]["controller-revision-hash"] = json!("old");
        }
    }
    let mut managed = objects.clone();
    managed.push(coordination(Some(rolling(true))));
    expect("rollout.txt", "status --cluster -", &managed, 0);
    // Of a StatefulSet that replaces nothing by itself nobody moves the partition.
    for one in managed.iter_mut().filter(|one| one["metadata"]["name"] == "decode") {
        one["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
    }
    expect("rollout-blocked.txt", "status --cluster -", &managed, 1);
}

#[test]
fn what_cannot_be_used_and_what_is_left_behind_is_told() {
    let mut objects = stage(&NODES);
    objects.retain(|one| one["kind"] != keys::COORDINATION_KIND);
    let mut broken = coordination(None);
    broken["metadata"]["name"] = json!("broken");
    broken["spec"]["coordination"][0]["roles"] = json!(["nobody"]);
    objects.push(broken);
    objects.extend(batch(0, Is::Gated));
    expect("left-behind.txt", "status --cluster -", &objects, 1);
}

#[test]
fn what_cannot_be_answered_is_said() {
    let text = printed(&stage(&NODES));
    let empty = printed(&[node("gpu-1", 1, false)]);
    for (line, stdin, part) in [
        ("status", "", "on which cluster?"),
        ("status --cluster -", empty.as_str(), "no role coordination in"),
        ("status other --cluster -", text.as_str(), "there are inference/pd"),
        ("status pd --cluster - -n shop", text.as_str(), "no role coordination pd in"),
        ("status --cluster -", "", "there is nothing in it"),
    ] {
        let (code, out, err) = ran(line.split(' '), stdin);
        assert_eq!((code, out.as_str()), (2, ""), "{line}");
        assert!(err.contains(part), "{line}: {err}");
    }
}
