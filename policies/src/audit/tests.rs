use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::state::State;
use serde_json::{Value, json};

use super::broken::Group;
use super::evict::{Eviction, evictions};
use super::loss::Without;
use super::*;
use crate::snapshot;
use crate::why::facts::Fact;

fn cluster(objects: &[Value]) -> Cluster {
    let mut inventory = Inventory::default();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    snapshot::add(&mut inventory, &list.to_string()).unwrap();
    Cluster::of(inventory)
}

fn node(name: &str, zone: &str) -> Value {
    json!({"kind": "Node", "metadata": {"name": name,
        "labels": {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "9"}}})
}

/// A pod of the StatefulSet `app` in the namespace `shop`, with more of a spec.
fn pod(app: &str, name: &str, at: &str, more: Value) -> Value {
    let mut spec = more;
    spec["containers"] = json!([{"name": "c", "image": "i"}]);
    if !at.is_empty() {
        spec["nodeName"] = json!(at);
    }
    json!({"kind": "Pod", "metadata": {"name": name, "namespace": "shop",
        "labels": {"app": app}, "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet",
        "name": app, "uid": app, "controller": true}]}, "spec": spec, "status": {"phase": "Running"}})
}

fn in_zone(zone: &str) -> Value {
    json!({"nodeSelector": {"topology.kubernetes.io/zone": zone}})
}

fn apart(app: &str) -> Value {
    json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": app}}}]}}})
}

fn budget(app: &str, allowed: i32) -> Value {
    json!({"kind": "PodDisruptionBudget", "metadata": {"name": format!("{app}-{allowed}"),
        "namespace": "shop"}, "spec": {"selector": {"matchLabels": {"app": app}}},
        "status": {"disruptionsAllowed": allowed, "observedGeneration": 1}})
}

fn found(cluster: &Cluster) -> Audit {
    audit(cluster, &Ask::default(), &mut |_| {})
}

fn said(groups: &[Group]) -> Vec<String> {
    let one = |group: &Group| {
        let pods: Vec<&str> = group.pods.iter().map(|one| one.pod.as_str()).collect();
        format!("{} {}: {}", group.severity, pods.join(" "), crate::words::audit::what(group))
    };
    groups.iter().map(one).collect()
}

fn plan(cluster: &Cluster, most: usize) -> Vec<(String, String)> {
    let groups = found(cluster).groups;
    let mut state = State::of(&cluster.inventory, cluster.semantics);
    let plan = evictions(&groups, cluster, &mut state, most);
    plan.into_iter().map(|Eviction { pod, witness, .. }| (pod.1, witness)).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
}

#[test]
fn rules_are_told_by_owner_and_the_gravest_first() {
    let tainted = json!({"kind": "Node", "metadata": {"name": "t", "labels": {"zone": "x"}},
        "spec": {"taints": [{"key": "k", "effect": "NoSchedule"}, {"key": "e", "effect": "NoExecute"}]},
        "status": {"allocatable": {"pods": "9"}}});
    let spread = json!({"topologySpreadConstraints": [{"maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule",
        "topologyKey": "topology.kubernetes.io/zone", "labelSelector": {"matchLabels": {"app": "s"}}}]});
    let near = json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "gone"}}}]}}});
    let mut leaving = pod("z", "leaving", "a1", in_zone("b"));
    leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let mut fixed = pod("m", "mirror", "t", json!({}));
    fixed["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "Node", "name": "t", "uid": "t", "controller": true}]);
    let cluster = cluster(&[
        node("a1", "a"),
        node("a2", "a"),
        node("b1", "b"),
        tainted,
        pod("z", "z-0", "a1", in_zone("b")),
        pod("z", "z-1", "b1", in_zone("b")),
        pod("near", "near-0", "a2", near),
        pod("apart", "apart-0", "a1", apart("z")),
        pod("s", "s-0", "a1", spread.clone()),
        pod("s", "s-1", "a2", spread.clone()),
        pod("s", "s-2", "a2", spread),
        pod("plain", "plain-0", "t", json!({})),
        leaving,
        fixed,
    ]);
    let audit = found(&cluster);
    assert_eq!(
        said(&audit.groups),
        [
            "error apart-0: not apart-from pods(app=z) in node",
            "error near-0: near no pods(app=gone) in node",
            "error plain-0: taint e:NoExecute is not tolerated",
            "error z-0: zone is a (b asked)",
            "warning plain-0: taint k:NoSchedule is not tolerated",
            "warning s-0 s-1 s-2: skew 3 over zone, 1 allowed",
            "warning z-0: in node a1, that others keep them out of",
        ]
    );
    assert_eq!((audit.running, audit.left_out.fixed), (8, 1));
    let beside = crate::words::audit::others(&audit.groups[0]).unwrap();
    assert_eq!(beside, "beside shop/z (leaving and z-0)");
    assert_eq!(audit.groups[3].elsewhere, 1);
    assert_eq!(audit.worst(), Some(Severity::Error));
}

#[test]
fn what_is_lost_displaces_pods_and_says_what_would_have_to_return() {
    let with = |name: &str, key: &str| {
        let mut node = node(name, "a");
        node["metadata"]["labels"][key] = json!("yes");
        node
    };
    let asks = |key: &str| json!({"nodeSelector": {key: "yes"}});
    let mut daemon = pod("agent", "agent-0", "g1", json!({}));
    daemon["metadata"]["ownerReferences"][0]["kind"] = json!("DaemonSet");
    let objects = [
        with("g1", "gpu"),
        with("g2", "gpu"),
        node("n1", "b"),
        pod("web", "web-0", "g1", json!({})),
        pod("train", "train-0", "g2", asks("gpu")),
        pod("stray", "stray-0", "removed", json!({})),
        daemon,
    ];
    let cluster = cluster(&objects);
    let only_gone = found(&cluster).loss.unwrap();
    assert_eq!(
        (only_gone.gone, only_gone.displaced, only_gone.placed),
        (vec!["removed".into()], 1, 1)
    );
    let without = vec![Without::read("gpu=yes").unwrap()];
    let audit = audit(&cluster, &Ask { without, ..Ask::default() }, &mut |_| {});
    let loss = audit.loss.as_ref().unwrap();
    assert_eq!(loss.nodes, ["g1", "g2"]);
    // The DaemonSet's pod goes with its node.
    assert_eq!((loss.displaced, loss.placed), (3, 2));
    let [stuck] = loss.stuck.as_slice() else { panic!("{:?}", loss.stuck) };
    assert_eq!(stuck.pods, ["train-0"]);
    assert_eq!(stuck.returns, ["g1", "g2"]);
    let needs = crate::words::audit::returns(stuck);
    assert_eq!(needs, "one of 2 nodes g*, with gpu=yes and topology.kubernetes.io/zone=a");
    assert!(loss.is_felt() && audit.worst() == Some(Severity::Error));
}

#[test]
fn neighbours_that_are_lost_break_the_rules_of_those_who_stay() {
    let near = json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "topology.kubernetes.io/zone", "labelSelector": {"matchLabels": {"app": "db"}}}]}}});
    let mut db = pod("db", "db-0", "a1", json!({"nodeSelector": {"kubernetes.io/hostname": "a1"}}));
    db["spec"]["priority"] = json!(5);
    let cluster = cluster(&[node("a1", "a"), node("a2", "a"), db, pod("api", "api-0", "a2", near)]);
    assert_eq!(found(&cluster).worst(), None);
    let ask = Ask { without: vec![Without::Node("a1".into())], ..Ask::default() };
    let audit = audit(&cluster, &ask, &mut |_| {});
    let loss = audit.loss.unwrap();
    assert_eq!(said(&loss.broken), ["error api-0: near no pods(app=db) in zone"]);
    assert_eq!(audit.groups, []);
}

#[test]
fn a_failed_node_is_lost_without_being_asked_about() {
    let mut failed = node("a1", "a");
    failed["spec"] =
        json!({"taints": [{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}]});
    let patient = json!({"tolerations": [{"operator": "Exists", "tolerationSeconds": 300}]});
    let cluster = cluster(&[failed, node("b1", "b"), pod("web", "web-0", "a1", patient)]);
    let audit = found(&cluster);
    assert_eq!(audit.groups, []);
    let loss = audit.loss.unwrap();
    assert_eq!((loss.failed, loss.displaced, loss.placed), (vec!["a1".into()], 1, 1));
    assert!(loss.stuck.is_empty());
}

#[test]
fn pods_are_evicted_one_by_one_while_there_is_a_witness_and_a_budget() {
    let nodes = [node("a1", "a"), node("b1", "b"), node("b2", "b")];
    let wrong = |name: &str| pod("z", name, "a1", in_zone("b"));
    let objects = |more: &[Value]| [&nodes[..], &[wrong("z-0"), wrong("z-1")], more].concat();
    let best = pairs(&[("z-0", "b1"), ("z-1", "b2")]);
    assert_eq!(plan(&cluster(&objects(&[])), 9), best);
    assert_eq!(plan(&cluster(&objects(&[])), 1), best[..1]);
    assert_eq!(plan(&cluster(&objects(&[budget("z", 1)])), 9), best[..1]);
    assert_eq!(plan(&cluster(&objects(&[budget("z", 0)])), 9), []);
    // Two budgets select the pod: the API evicts none.
    assert_eq!(plan(&cluster(&objects(&[budget("z", 2), budget("z", 3)])), 9), []);
    assert_eq!(plan(&cluster(&objects(&[budget("other", 0)])), 9), best);
    // No other node takes them.
    let nowhere = [node("a1", "a"), wrong("z-0")];
    assert_eq!(plan(&cluster(&nowhere), 9), []);
}

#[test]
fn of_two_that_are_to_be_apart_one_leaves() {
    let two = |at: &str| {
        cluster(&[
            node("n1", "a"),
            node("n2", "a"),
            pod("q", "q-0", at, apart("q")),
            pod("q", "q-1", "n1", apart("q")),
        ])
    };
    assert_eq!(plan(&two("n1"), 9), pairs(&[("q-0", "n2")]));
    assert_eq!(plan(&two("n2"), 9), []);
}

#[test]
fn what_no_controller_makes_anew_or_was_not_required_is_not_evicted() {
    let kinds = ["DaemonSet", "Job", "Node"];
    for kind in kinds {
        let mut one = pod("z", "z-0", "a1", in_zone("b"));
        one["metadata"]["ownerReferences"][0]["kind"] = json!(kind);
        assert_eq!(plan(&cluster(&[node("a1", "a"), node("b1", "b"), one]), 9), [], "{kind}");
    }
    let mut bare = pod("z", "z-0", "a1", in_zone("b"));
    bare["metadata"]["ownerReferences"] = json!([]);
    assert_eq!(plan(&cluster(&[node("a1", "a"), node("b1", "b"), bare]), 9), []);
    let mut tainted = node("a1", "a");
    tainted["spec"] = json!({"taints": [{"key": "k", "effect": "NoSchedule"}]});
    let cluster = cluster(&[tainted, node("b1", "b"), pod("z", "z-0", "a1", json!({}))]);
    assert!(matches!(found(&cluster).groups[0].fact, Fact::Taint(_)));
    assert_eq!(plan(&cluster, 9), []);
}

#[test]
fn pending_pods_are_told_if_no_node_takes_them() {
    let cluster = cluster(&[
        node("a1", "a"),
        pod("fits", "fits-0", "", json!({})),
        pod("shut", "shut-0", "", in_zone("b")),
        pod("gated", "gated-0", "", json!({"schedulingGates": [{"name": "g"}]})),
        pod("odd", "odd-0", "", json!({"schedulerName": "other"})),
    ]);
    let audit = found(&cluster);
    assert_eq!((audit.waiting, audit.left_out.gated), (2, 1));
    assert_eq!(audit.left_out.schedulers, [("other".to_owned(), 1)].into());
    let [one] = audit.pending.as_slice() else { panic!("{:?}", audit.pending) };
    let text = crate::words::audit::pending(one, 1);
    assert_eq!(
        text,
        "1 pending pod: none of 1 node fits: topology.kubernetes.io/zone=b is asked for"
    );
    let way = crate::words::audit::way(one.why.as_ref(), &one.example).unwrap();
    assert_eq!(way, "allow zone a: 1 node then fits");
}

#[test]
fn what_is_taken_away_is_read() {
    let label = |key: &str, value: &str| Without::Label { key: key.into(), value: value.into() };
    for (text, expected) in [
        ("node/n1", Some(Without::Node("n1".into()))),
        ("zone/eu-1a", Some(label("topology.kubernetes.io/zone", "eu-1a"))),
        ("example.com/rack=r1", Some(label("example.com/rack", "r1"))),
        ("pool=", Some(label("pool", ""))),
        ("=x", None),
        ("node/", None),
        ("rack", None),
        ("pod/x", None),
    ] {
        assert_eq!(Without::read(text), expected, "{text}");
    }
}
