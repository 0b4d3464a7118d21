//! Pods of a coordination as the webhook gets them: what it writes, and what it refuses.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod admitted;

use std::sync::Arc;

use placecard_findings::ObjectRef;
use placecard_policies::admission::Door;
use placecard_policies::language::keys;
use placecard_policies::live::{Live, Watched};
use placecard_policies::surroundings::{Answer, Reference, ServerVersion, Surroundings, Workload};
use placecard_policies::{read, review};
use serde_json::{Value, json};

use admitted::{ask, stored};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

fn coordination(strategy: &Value) -> Value {
    let mut strategy = strategy.clone();
    strategy["ratios"] = json!({"prefill": 2, "decode": 1});
    let workload = |kind: &str, name: &str| {
        json!({"name": name,
            "workloadRef": {"apiVersion": "apps/v1", "kind": kind, "name": name}})
    };
    json!({
        "apiVersion": keys::API_VERSION, "kind": keys::COORDINATION_KIND,
        "metadata": {"name": "llm", "namespace": "ml"},
        "spec": {
            "roles": [workload("StatefulSet", "prefill"), workload("Deployment", "decode")],
            "coordination": [{"name": "pd", "type": "AffinityScheduling",
                "roles": ["prefill", "decode"], "strategy": {"affinityScheduling": strategy}}],
        },
    })
}

fn workload(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": kind,
        "metadata": {"name": name, "namespace": "ml"}, "spec": spec})
}

/// What stands around: a coordination, a StatefulSet and a Deployment.
fn around(strategy: &Value, start: u32, replicas: u32) -> Surroundings {
    let mut surroundings = Surroundings::default();
    for object in [
        coordination(strategy),
        workload(
            "StatefulSet",
            "prefill",
            &json!({"replicas": 6, "ordinals": {"start": start},
            "selector": {"matchLabels": {"app": "prefill"}}}),
        ),
        workload(
            "Deployment",
            "decode",
            &json!({"replicas": replicas,
            "selector": {"matchLabels": {"app": "decode"}}}),
        ),
    ] {
        for (reference, answer) in read::answers(&object, "ml") {
            surroundings.objects.insert(reference, answer);
        }
    }
    surroundings
}

fn pod(index: u32, spec: &Value) -> Value {
    let name = format!("prefill-{index}");
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "ml",
        "labels": {"app": "prefill", "apps.kubernetes.io/pod-index": index.to_string()},
        "annotations": {keys::COORDINATE: "llm"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "prefill",
            "uid": "u", "controller": true}]}, "spec": spec})
}

fn decode() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "decode-5d4f-",
        "namespace": "ml", "labels": {"app": "decode", "pod-template-hash": "5d4f"},
        "annotations": {keys::COORDINATE: "llm"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "decode-5d4f",
            "uid": "u", "controller": true}]}, "spec": {}})
}

/// The pod as it is stored; it is not changed a second time, and passes.
#[track_caller]
fn written(value: &Value, surroundings: &Surroundings) -> Value {
    let (stored, _) = stored(value, surroundings);
    assert!(stored["metadata"]["annotations"][keys::APPLIED].is_string());
    stored
}

/// The refusal, and whether it may be tried again.
#[track_caller]
fn refused(value: &Value, surroundings: &Surroundings) -> (String, bool) {
    let denial = ask(Door::Mutate, value, surroundings).denial;
    let denial = denial.expect("a refusal");
    (denial.message, denial.retryable)
}

fn batch(stored: &Value) -> &str {
    stored["metadata"]["labels"][keys::BATCH].as_str().unwrap_or("none")
}

#[test]
fn affinity_writes_one_term_for_the_batch() {
    let surroundings = around(&json!({"batchMode": "Parallel"}), 0, 3);
    for (index, expected) in [(0, "0"), (1, "0"), (2, "1"), (5, "2"), (6, "3")] {
        assert_eq!(batch(&written(&pod(index, &json!({})), &surroundings)), expected, "{index}");
    }
    let stored = written(&pod(3, &json!({})), &surroundings);
    let labels = &stored["metadata"]["labels"];
    let id = labels[keys::COORDINATION].as_str().unwrap();
    assert_eq!(id.len(), 16);
    assert_eq!(labels["coordination.workloads.x-k8s.io/pd"], "member");
    let affinity = &stored["spec"]["affinity"];
    let terms = affinity["podAffinity"][REQUIRED].as_array().unwrap();
    let [term] = terms.as_slice() else { panic!("{terms:?}") };
    assert_eq!(term["topologyKey"], "kubernetes.io/hostname");
    let text = term["labelSelector"].to_string();
    assert!(text.contains(id) && text.contains("\"1\""), "{text}");
    let apart = &affinity["podAntiAffinity"][PREFERRED][0];
    assert_eq!(apart["weight"], 100);
    let text = apart["podAffinityTerm"]["labelSelector"].to_string();
    assert!(text.contains("Exists") && text.contains("NotIn") && text.contains(id), "{text}");
    assert!(affinity["podAntiAffinity"][REQUIRED].is_null());
}

#[test]
fn batches_are_as_exclusive_as_asked() {
    let with = |exclusive: &str| {
        let strategy = json!({"batchMode": "Parallel", "exclusive": exclusive,
            "topologyKey": "topology.kubernetes.io/zone"});
        written(&pod(0, &json!({})), &around(&strategy, 0, 3))
    };
    let required = with("required");
    let apart = &required["spec"]["affinity"]["podAntiAffinity"];
    assert_eq!(apart[REQUIRED][0]["topologyKey"], "topology.kubernetes.io/zone");
    assert!(apart[PREFERRED].is_null());
    assert!(with("none")["spec"]["affinity"]["podAntiAffinity"].is_null());
}

#[test]
fn ordinals_count_from_their_start() {
    let surroundings = around(&json!({"batchMode": "Parallel"}), 5, 3);
    assert_eq!(batch(&written(&pod(8, &json!({})), &surroundings)), "1");
    let (message, retryable) = refused(&pod(4, &json!({})), &surroundings);
    assert!(message.contains("no-ordinal") && !retryable, "{message}");
    let mut unknown = around(&json!({"batchMode": "Parallel"}), 5, 3);
    let scale = Reference::Scale {
        kind: "StatefulSet".into(),
        namespace: "ml".into(),
        name: "prefill".into(),
    };
    unknown.objects.insert(scale, Answer::Unreachable);
    let (message, retryable) = refused(&pod(8, &json!({})), &unknown);
    assert!(message.contains("StatefulSet ml/prefill") && retryable, "{message}");
}

#[test]
fn what_is_not_known_yet_may_be_tried_again() {
    let mut surroundings = around(&json!({"batchMode": "Parallel"}), 0, 3);
    let mut other = pod(0, &json!({}));
    other["metadata"]["ownerReferences"][0]["name"] = json!("other");
    let (message, retryable) = refused(&other, &surroundings);
    assert!(message.contains("no role of RoleCoordination llm") && retryable, "{message}");
    let reference = Reference::Coordination { namespace: "ml".into(), name: "llm".into() };
    let object = read::object(&pod(0, &json!({})), &surroundings.words).unwrap();
    assert!(review::references(&object, &surroundings).contains(&reference));
    surroundings.objects.insert(reference, Answer::Absent);
    let (message, retryable) = refused(&pod(0, &json!({})), &surroundings);
    assert!(message.contains("RoleCoordination ml/llm") && retryable, "{message}");
}

#[test]
fn gates_are_written_only_while_somebody_takes_them_away() {
    let mut surroundings = around(&json!({}), 0, 3);
    let (message, retryable) = refused(&pod(0, &json!({})), &surroundings);
    assert!(message.contains("no controller is seen") && retryable, "{message}");
    surroundings.coordinating.controller = true;
    let foreign = json!({"schedulingGates": [{"name": "example.com/quota"}]});
    let stored = written(&pod(2, &foreign), &surroundings);
    let gates = json!([{"name": "example.com/quota"}, {"name": "placecard.dev/batch"}]);
    assert_eq!(stored["spec"]["schedulingGates"], gates);
    assert_eq!(batch(&stored), "1");
    assert!(stored["spec"]["affinity"].is_null());
    let mut ungated = stored;
    ungated["spec"]["schedulingGates"].as_array_mut().unwrap().pop();
    let denial = ask(Door::Validate, &ungated, &surroundings).denial.unwrap();
    assert!(denial.retryable && denial.message.contains("not-applied"), "{}", denial.message);
}

#[test]
fn pod_groups_are_for_servers_that_have_them() {
    let mut surroundings = around(&json!({"placement": "podgroup"}), 0, 3);
    let (message, retryable) = refused(&pod(0, &json!({})), &surroundings);
    assert!(message.contains("serves no PodGroups") && !retryable, "{message}");
    surroundings.coordinating.pod_groups = true;
    let stored = written(&pod(2, &json!({})), &surroundings);
    let id = stored["metadata"]["labels"][keys::COORDINATION].as_str().unwrap();
    assert_eq!(stored["spec"]["schedulingGroup"], json!({"podGroupName": format!("{id}-1")}));
    // The group keeps a batch together, and only pods keep batches apart.
    let affinity = &stored["spec"]["affinity"];
    assert!(affinity["podAffinity"].is_null(), "{affinity}");
    let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    assert_eq!(affinity["podAntiAffinity"][preferred].as_array().map(Vec::len), Some(1));
    for (exclusive, terms) in [("required", Some(1)), ("none", None)] {
        let more = json!({"placement": "podgroup", "exclusive": exclusive});
        let mut surroundings = around(&more, 0, 3);
        surroundings.coordinating.pod_groups = true;
        let stored = written(&pod(2, &json!({})), &surroundings);
        let apart = &stored["spec"]["affinity"]["podAntiAffinity"][REQUIRED];
        assert_eq!(apart.as_array().map(Vec::len), terms, "{exclusive}: {stored}");
    }
}

#[test]
fn a_second_required_term_is_refused() {
    let surroundings = around(&json!({"batchMode": "Parallel"}), 0, 3);
    let near = json!({"affinity": {"podAffinity": {REQUIRED: [{
        "topologyKey": "kubernetes.io/hostname",
        "labelSelector": {"matchLabels": {"app": "cache"}}}]}}});
    let (message, retryable) = refused(&pod(0, &near), &surroundings);
    assert!(message.contains("second-pod-affinity-term") && !retryable, "{message}");
    let bound = json!({"nodeName": "n1"});
    let (message, _) = refused(&pod(0, &bound), &surroundings);
    assert!(message.contains("scheduler-bypassed"), "{message}");
}

#[test]
fn pods_without_ordinals_make_one_batch_or_none() {
    let several = around(&json!({"batchMode": "Parallel"}), 0, 3);
    let (message, retryable) = refused(&decode(), &several);
    assert!(message.contains("no-ordinal") && !retryable, "{message}");
    let one = around(&json!({"batchMode": "Parallel"}), 0, 1);
    assert_eq!(batch(&written(&decode(), &one)), "0");
    let mut said = decode();
    said["metadata"]["labels"][keys::BATCH] = json!("2");
    assert_eq!(batch(&written(&said, &several)), "2");
}

#[test]
fn the_long_form_needs_no_object() {
    let surroundings = around(&json!({}), 0, 3);
    let mut one = pod(3, &json!({}));
    one["metadata"]["annotations"][keys::COORDINATE] =
        json!("other role prefill ratio 3 in zone parallel exclusive none");
    let stored = written(&one, &surroundings);
    assert_eq!(batch(&stored), "1");
    let term = &stored["spec"]["affinity"]["podAffinity"][REQUIRED][0];
    assert_eq!(term["topologyKey"], "topology.kubernetes.io/zone");
}

#[test]
fn workloads_are_told_what_will_be_in_the_way() {
    let surroundings = around(&json!({"batchMode": "Parallel"}), 0, 3);
    let told = |kind: &str, name: &str, replicas: u32| -> Vec<String> {
        let spec = json!({"replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name},
                "annotations": {keys::COORDINATE: "llm"}}, "spec": {}}});
        let object = read::object(&workload(kind, name, &spec), &surroundings.words).unwrap();
        let review = review::review(&object, &surroundings);
        assert!(review.expansions.iter().all(|one| one.changes.is_empty()));
        review.findings.iter().map(|one| format!("{} {}", one.severity, one.code)).collect()
    };
    assert_eq!(told("StatefulSet", "prefill", 6), Vec::<String>::new());
    assert_eq!(told("Deployment", "decode", 1), Vec::<String>::new());
    assert_eq!(told("Deployment", "decode", 3), ["error no-ordinal"]);
    assert_eq!(told("StatefulSet", "other", 3), ["error plays-no-role"]);
    assert_eq!(told("DaemonSet", "other", 3), ["error no-effect-here"]);
}

/// A node of the live cluster with this much CPU.
fn node(name: &str, cpu: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "status": {"allocatable": {"cpu": cpu, "memory": "64Gi", "pods": "110"}}})
}

#[test]
fn a_batch_that_no_node_of_the_index_holds_is_a_warning() {
    let group = coordination(&json!({"batchMode": "Parallel"}));
    let with = |nodes: &[Value]| -> Vec<String> {
        let mut live = Live::new(ServerVersion::default());
        for node in nodes {
            live.put(Watched::Node, node.to_string().as_bytes()).expect("a node");
        }
        live.listed(Watched::Node);
        let mut surroundings = around(&json!({"batchMode": "Parallel"}), 0, 1);
        surroundings.live = Some(Arc::new(live));
        for (kind, name, cpu) in [("StatefulSet", "prefill", "3"), ("Deployment", "decode", "2")] {
            let template = json!({"metadata": {"labels": {"app": name},
                "annotations": {keys::COORDINATE: "llm"}},
                "spec": {"containers": [{"name": "c", "image": "c",
                    "resources": {"requests": {"cpu": cpu}}}]}});
            let replicas = if name == "prefill" { 2 } else { 1 };
            let written =
                workload(kind, name, &json!({"replicas": replicas, "template": template}));
            let object = ObjectRef {
                api_version: "apps/v1".to_owned(),
                kind: kind.to_owned(),
                namespace: "ml".to_owned(),
                name: name.to_owned(),
            };
            let reference = Reference::Workload { object: Box::new(object) };
            let workload = Workload { written, is_reviewed: false };
            surroundings.objects.insert(reference, Answer::Workload(Box::new(workload)));
        }
        let admission = ask(Door::Validate, &group, &surroundings);
        assert_eq!(admission.denial, None);
        admission.warnings
    };
    let told = with(&[node("n1", "7"), node("n2", "4")]);
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert!(told.contains("needs 8 of cpu on one node"), "{told}");
    assert!(told.ends_with("[batch-fits-no-domain]"), "{told}");
    assert_eq!(with(&[node("n1", "8"), node("n2", "4")]), Vec::<String>::new());
    assert_eq!(with(&[]), Vec::<String>::new(), "nothing is known of an empty cluster");
}
