//! What is refused on a closed inventory, and what only warns: one table of workloads.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails by panicking"
)]

use std::sync::Arc;

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::verdict::InventoryIsClosed;
use placecard_findings::{Evidence, Severity};
use placecard_language::checked::Words;
use placecard_language::vocabulary_check;
use placecard_policies::admission::{Admission, Door, Ground, Operation, answer};
use placecard_policies::closed::{Again, Attempt};
use placecard_policies::cluster::Cluster;
use placecard_policies::node_templates::node_templates;
use placecard_policies::object::Object;
use placecard_policies::read;
use placecard_policies::review::{Review, review};
use placecard_policies::rules;
use placecard_policies::snapshot::add;
use placecard_policies::surroundings::Surroundings;
use serde_json::{Value, json};

fn words(spec: Value) -> Words {
    let mut spec = spec;
    spec["inventory"] = json!("closed");
    let (words, problems) = vocabulary_check::check(&json!({
        "apiVersion": "placecard.dev/v1alpha1", "kind": "PlacementVocabulary",
        "metadata": {"name": "default"}, "spec": spec}));
    assert_eq!(problems, []);
    words
}

fn node(name: &str, more: Value) -> Value {
    let mut node = json!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name,
            "labels": {"disk": "ssd", "kubernetes.io/hostname": name}},
        "spec": {}, "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}}});
    merge(&mut node, more);
    node
}

fn deployment(pod: Value, more: Value) -> Value {
    let mut object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "web"}]}}}});
    merge(&mut object["spec"]["template"]["spec"], pod);
    merge(&mut object, more);
    object
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, Value::Null) => _ = into,
        (into, from) => *into = from,
    }
}

/// A cluster with these objects, closed but for what the words say.
fn surroundings(objects: &[Value], words: Words, minor: u32) -> Surroundings {
    let mut inventory = Inventory::default();
    for object in objects {
        add(&mut inventory, &object.to_string()).unwrap();
    }
    inventory.templates = node_templates(&words);
    let semantics = Semantics::of_minor(minor);
    let cluster = Cluster { semantics, closed: true, ..Cluster::of(inventory) };
    Surroundings {
        words: Arc::new(words),
        cluster: Some(Arc::new(cluster)),
        ..Surroundings::default()
    }
}

fn reviewed(value: &Value, surroundings: &Surroundings) -> (Object, Review) {
    let mut object = read::object(value, &surroundings.words).unwrap();
    read::keep_written(&mut object, value);
    let found = review(&object, surroundings);
    (object, found)
}

fn refused(object: &Object, review: &Review) -> Admission {
    let confirmed = Review { confirmed: Some(InventoryIsClosed), ..review.clone() };
    answer(Door::Validate, Operation::Create, (object, &confirmed), None)
}

/// `refused`, `warned` or `fits`, and what it says.
fn outcome(value: &Value, surroundings: &Surroundings) -> (&'static str, String) {
    let (object, review) = reviewed(value, surroundings);
    let before = answer(Door::Validate, Operation::Create, (&object, &review), None);
    assert_eq!(before.denial, None, "nothing was read again");
    let finding = review.findings.iter().find(|one| one.code == rules::NO_NODE_FITS);
    let after = refused(&object, &review);
    match (finding, after.denial) {
        (None, None) => ("fits", String::new()),
        (Some(finding), None) => {
            assert_eq!(finding.severity, Severity::Warning, "{finding:?}");
            assert_eq!(after.warnings, before.warnings);
            ("warned", after.warnings.join("\n"))
        }
        (Some(finding), Some(denial)) => {
            assert_eq!(finding.severity, Severity::Error, "the linter says so too");
            assert!(finding.holds.proof && finding.holds.text.contains("inventory: closed"));
            let proof = finding.evidence.as_ref().and_then(Evidence::certificate).unwrap();
            assert!(!proof.core.is_empty());
            assert!(matches!(denial.grounds(), [Ground::Proof(of)] if of.certificate() == proof));
            ("refused", denial.message)
        }
        (None, Some(denial)) => panic!("{denial:?}"),
    }
}

fn asks(requests: Value) -> Value {
    json!({"containers": [{"name": "web", "image": "web", "resources": {"requests": requests}}]})
}

fn needs(key: &str, value: &str) -> Value {
    json!({"nodeSelector": {key: value}})
}

/// What it is about, the objects of the cluster, the workload, the server's minor version, and the
/// outcome with the words of a refusal.
type Row = (&'static str, Vec<Value>, Value, u32, &'static str);

fn check(table: Vec<Row>) {
    for (what, objects, value, minor, expected) in table {
        let (found, said) = outcome(&value, &surroundings(&objects, words(json!({})), minor));
        let (wanted, text) = expected.split_once(' ').unwrap_or((expected, ""));
        assert_eq!(found, wanted, "{what}: {said}");
        assert!(said.contains(text), "{what}: {said}");
        let counts = said.chars().any(|one| one.is_ascii_digit()) && said.contains("nodes");
        assert!(found != "refused" || !counts, "{what} speaks of the nodes of the moment: {said}");
    }
}

fn plain() -> Vec<Value> {
    vec![node("n1", json!({})), node("n2", json!({}))]
}

fn tainted(key: &str) -> Vec<Value> {
    let taint = json!({"spec": {"taints": [{"key": key, "value": "x", "effect": "NoSchedule"}]}});
    vec![node("n1", taint)]
}

fn nvme() -> Value {
    needs("disk", "nvme")
}

fn of(pod: Value) -> Value {
    deployment(pod, json!({}))
}

#[test]
fn what_lies_in_labels_taints_and_sizes_is_refused() {
    let spread = json!({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "rack",
        "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "web"}}}]});
    check(vec![
        ("a label", plain(), of(nvme()), 37, "refused no node offers disk=nvme"),
        ("size", plain(), of(asks(json!({"memory": "9Gi"}))), 37, "refused no node offers 9Gi"),
        ("it fits", plain(), of(asks(json!({"memory": "8Gi"}))), 37, "fits"),
        ("a taint", tainted("team"), of(json!({})), 37, "refused no node offers only tolerated"),
        (
            "a taint that passes",
            tainted("node.cilium.io/agent-not-ready"),
            of(json!({})),
            37,
            "warned",
        ),
        ("the label of a domain", plain(), of(spread), 37, "refused no node offers label rack"),
        ("a name", plain(), of(needs("kubernetes.io/hostname", "n9")), 37, "warned"),
    ]);
}

#[test]
fn devices_are_lacking_only_where_none_can_come() {
    let gpus = |capacity: &str, offered: Option<&str>| {
        let status = json!({"capacity": {"x.dev/gpu": capacity},
            "allocatable": offered.map_or(json!({}), |offered| json!({"x.dev/gpu": offered}))});
        vec![node("n1", json!({"status": status}))]
    };
    let gpu = || asks(json!({"x.dev/gpu": "2"}));
    check(vec![
        ("no such device", plain(), of(gpu()), 35, "refused no node offers 2 x.dev/gpu"),
        ("one that can be claimed", plain(), of(gpu()), 36, "warned"),
        ("too few devices", gpus("1", Some("1")), of(gpu()), 37, "refused no node offers 2 x.dev"),
        ("devices that are unwell", gpus("4", Some("1")), of(gpu()), 35, "warned"),
        ("devices that are gone", gpus("0", Some("0")), of(gpu()), 35, "warned"),
        (
            "a toleration that the server may add",
            tainted("x.dev/gpu"),
            of(asks(json!({"x.dev/gpu": "0"}))),
            35,
            "warned",
        ),
    ]);
}

#[test]
fn whatever_may_change_warns() {
    let limit = json!({"apiVersion": "v1", "kind": "LimitRange",
        "metadata": {"name": "l", "namespace": "shop"},
        "spec": {"limits": [{"type": "Container", "defaultRequest": {"memory": "16Gi"}}]}});
    check(vec![
        (
            "nodes that an autoscaler made",
            vec![node("n1", json!({"metadata": {"labels": {"karpenter.sh/nodepool": "x"}}}))],
            of(nvme()),
            37,
            "warned",
        ),
        (
            "a node whose labels are to come",
            tainted("node.cloudprovider.kubernetes.io/uninitialized"),
            of(nvme()),
            37,
            "warned",
        ),
        ("what the namespace adds", [plain(), vec![limit]].concat(), of(json!({})), 37, "warned"),
        (
            "a runtime class may add tolerations",
            tainted("team"),
            of(json!({"runtimeClassName": "kata"})),
            37,
            "warned",
        ),
        ("no pod", plain(), deployment(nvme(), json!({"spec": {"replicas": 0}})), 37, "warned"),
        (
            "a queue",
            plain(),
            deployment(nvme(), json!({"metadata": {"labels": {"kueue.x-k8s.io/queue-name": "q"}}})),
            37,
            "warned",
        ),
    ]);
    let mut job = deployment(nvme(), json!({"spec": {"suspend": true}}));
    job["apiVersion"] = json!("batch/v1");
    job["kind"] = json!("Job");
    let closed = surroundings(&plain(), words(json!({})), 37);
    assert_eq!(outcome(&job, &closed).0, "warned", "something else lets it start");
    job["spec"]["suspend"] = json!(false);
    assert_eq!(outcome(&job, &closed).0, "refused");
}

#[test]
fn node_templates_are_nodes_that_may_come() {
    let template = |labels: Value, partial: bool| {
        words(json!({"nodeTemplates": [{"name": "t", "labels": labels, "partial": partial,
            "allocatable": {"cpu": "4", "memory": "8Gi"}}]}))
    };
    let nodes = [node("n1", json!({}))];
    let value = deployment(needs("disk", "nvme"), json!({}));
    for (words, expected) in [
        (template(json!({"disk": "nvme"}), false), "fits"),
        (template(json!({"disk": "hdd"}), false), "refused"),
        (template(json!({}), true), "fits"),
    ] {
        assert_eq!(outcome(&value, &surroundings(&nodes, words, 37)).0, expected);
    }
}

#[test]
fn a_claim_is_confirmed_by_the_same_nodes_and_words_alone() {
    let objects = [node("n1", json!({})), node("n2", json!({}))];
    let closed = surroundings(&objects, words(json!({})), 37);
    let value = deployment(needs("disk", "nvme"), json!({}));
    let (_, review) = reviewed(&value, &closed);
    let Some(Attempt::Proved(claim)) = &review.placements[0].closed else { panic!("{review:?}") };
    let nodes = closed.cluster.as_ref().unwrap().inventory.nodes.clone();
    let words = &closed.words;
    let again = |nodes| Again::of(nodes, Arc::clone(words), false);
    assert!(again(nodes.clone()).confirms(claim, words));
    assert!(!Again::of(nodes.clone(), Arc::clone(words), true).confirms(claim, words));
    let mut fewer = nodes.clone();
    fewer.remove("n2");
    assert!(!again(fewer).confirms(claim, words), "something changed");
    let mut more = nodes.clone();
    let mut late = more["n1"].clone();
    late.name = "n3".to_owned();
    more.insert("n3".to_owned(), late);
    assert!(!again(more).confirms(claim, words));
    let other = self::words(json!({"pools": [{"name": "p", "nodes": "a=b"}]}));
    assert!(!Again::of(nodes, Arc::new(other), false).confirms(claim, words), "other words");
}
