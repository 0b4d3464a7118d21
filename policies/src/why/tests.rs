use placecard_feasibility::certificate::verify_cover;
use placecard_feasibility::filter::cycle::cycle;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::judge::{Semantics, judge};
use serde_json::{Value, json};

use super::changes::{Edit, Way};
use super::*;
use crate::snapshot::{WrittenPod, add, parse};
use crate::words;

fn semantics() -> Semantics {
    Semantics::of_minor(34)
}

fn cluster(items: &[Value]) -> Inventory {
    let mut inventory = Inventory::default();
    add(&mut inventory, &json!({"kind": "List", "items": items}).to_string()).unwrap();
    inventory
}

fn node(name: &str, zone: &str) -> Value {
    json!({"kind": "Node", "metadata": {"name": name, "labels": {
        "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}}})
}

fn pod(name: &str, spec: &Value) -> Value {
    json!({"kind": "Pod", "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
        "spec": spec})
}

fn read(pod: &Value) -> Pod {
    parse::<WrittenPod>(&pod.to_string()).unwrap().read()
}

fn asks(cpu: &str) -> Value {
    json!([{"name": "main", "image": "x", "resources": {"requests": {"cpu": cpu}}}])
}

/// The reasons of each group, and the ways out, in words.
fn told(inventory: &Inventory, pod: &Pod) -> (Vec<String>, Vec<String>) {
    let found = diagnose(&cycle(inventory, pod, semantics()));
    let group = |group: &Group| {
        let reasons = words::why::reasons(group, pod, true);
        format!(
            "{} {}: {reasons} [{}]",
            group.nodes.len(),
            group.name,
            words::why::in_the_way(group)
        )
    };
    let way = |way: &Way| {
        let (what, yields) = words::why::way(way, pod);
        format!("{what}: {yields}")
    };
    (found.groups.iter().map(group).collect(), found.ways.iter().map(way).collect())
}

#[test]
fn everything_in_the_way_is_told_with_whose_pods_are_there() {
    let anti = |app: &str, key: &str| {
        json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}]}})
    };
    let mut port = pod(
        "port",
        &json!({"nodeName": "n3", "containers": [
        {"name": "main", "image": "x", "ports": [{"containerPort": 80, "hostPort": 80}]}]}),
    );
    port["metadata"]["ownerReferences"] =
        json!([{"kind": "DaemonSet", "name": "proxy", "uid": "u", "controller": true}]);
    let inventory = cluster(&[
        node("n1", "a"),
        node("n2", "b"),
        node("n3", "c"),
        pod("hog", &json!({"nodeName": "n1", "containers": asks("3")})),
        pod(
            "grudge",
            &json!({"nodeName": "n2", "containers": asks("1"),
            "affinity": anti("new", "topology.kubernetes.io/zone")}),
        ),
        port,
    ]);
    let new = read(&pod(
        "new",
        &json!({"affinity": anti("grudge", "kubernetes.io/hostname"),
        "containers": [{"name": "main", "image": "x", "resources": {"requests": {"cpu": "2"}},
            "ports": [{"containerPort": 80, "hostPort": 80}]}]}),
    ));
    let (groups, ways) = told(&inventory, &new);
    assert_eq!(
        groups,
        [
            "1 n1: cpu: 2 asked, 1 free [shop/hog]",
            "1 n3: host port 80 is taken [shop/proxy]",
            "1 n2: apart-from pods(app=grudge) in node; kept out of zone b [shop/grudge]",
        ]
    );
    assert_eq!(
        ways,
        [
            "cpu: 1: 1 node then fits",
            "do without host port 80: 1 node then fits",
            "move 1 pod of shop/hog off n1: 1 node then fits",
            "priority above that of shop/hog (0): 3 nodes by preemption",
        ]
    );
}

#[test]
fn changes_that_help_only_together_are_named_together() {
    let mut far = node("n1", "a");
    far["spec"] = json!({"taints": [{"key": "team", "value": "ml", "effect": "NoSchedule"}]});
    let inventory = cluster(&[far]);
    let new = read(&pod("new", &json!({"containers": asks("6")})));
    let (_, ways) = told(&inventory, &new);
    assert_eq!(ways, ["tolerate team=ml:NoSchedule and cpu: 4: 1 node then fits"]);
}

#[test]
fn what_is_closed_for_good_is_not_to_be_tolerated() {
    let mut broken = node("n1", "a");
    broken["spec"] =
        json!({"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}]});
    let (groups, ways) =
        told(&cluster(&[broken]), &read(&pod("new", &json!({"containers": asks("1")}))));
    assert_eq!(groups, ["1 n1: taint node.kubernetes.io/not-ready:NoExecute not tolerated [-]"]);
    assert!(ways.is_empty(), "{ways:?}");
}

#[test]
fn a_spread_that_counts_a_closed_node_is_to_honour_taints() {
    let mut closed = node("cp", "a");
    closed["spec"] = json!({"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]});
    let spread = json!([{"topologyKey": "kubernetes.io/hostname", "maxSkew": 1,
        "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "api"}}}]);
    let mut first = pod("api", &json!({"nodeName": "n1", "containers": asks("1")}));
    first["metadata"]["name"] = json!("api-0");
    let inventory = cluster(&[closed, node("n1", "a"), first]);
    let spec = json!({"containers": asks("1"), "topologySpreadConstraints": spread});
    let next = read(&pod("api", &spec));
    let (groups, ways) = told(&inventory, &next);
    assert_eq!(groups[0], "1 n1: one more is skew 2 against node cp [-]");
    assert_eq!(ways, ["nodeTaintsPolicy: Honor, spreading over node: 1 node then fits",]);
}

#[test]
fn a_way_out_is_a_pod_that_the_judge_lets_through() {
    let inventory = cluster(&[node("n1", "a"), node("n2", "b")]);
    let new = read(&pod(
        "new",
        &json!({"containers": asks("9"),
        "nodeSelector": {"topology.kubernetes.io/zone": "b"}}),
    ));
    let found = diagnose(&cycle(&inventory, &new, semantics()));
    assert_eq!(found.ways.len(), 1);
    let Way { edits, nodes } = &found.ways[0];
    assert_eq!(edits, &[Edit::Lower { resource: "cpu".into(), from: 9000, to: 4000 }]);
    let mut lowered = new.clone();
    assert!(amounts::lower(&mut lowered, "cpu", 4000));
    let judged = judge(&inventory, &lowered, semantics());
    assert_eq!(judged.feasible().collect::<Vec<_>>(), *nodes);
    let certificate = found.certificate.unwrap();
    assert_eq!(verify_cover(&certificate, &inventory, &new, semantics()), Ok(()));
    assert!(verify_cover(&certificate, &inventory, &lowered, semantics()).is_err());
}

#[test]
fn an_empty_cluster_and_a_pod_that_fits_have_nothing_to_explain() {
    let new = read(&pod("new", &json!({"containers": asks("1")})));
    let nothing = diagnose(&cycle(&Inventory::default(), &new, semantics()));
    assert_eq!((nothing.nodes, nothing.groups.len(), nothing.core.len()), (0, 0, 0));
    let inventory = cluster(&[node("n1", "a")]);
    let fits = diagnose(&cycle(&inventory, &new, semantics()));
    assert_eq!((fits.feasible.as_slice(), fits.event), (&["n1".to_owned()][..], None));
}

/// As servers say it: `tests/e2e_why` sees a real one.
#[test]
fn events_read_as_each_version_writes_them() {
    let inventory = cluster(&[node("n1", "a")]);
    let large = read(&pod("large", &json!({"containers": asks("9")})));
    let claims = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "gone"}}]);
    let lost = read(&pod("lost", &json!({"containers": asks("1"), "volumes": claims})));
    let help = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
    let cpu = "0/1 nodes are available: 1 Insufficient cpu.";
    let gone = "0/1 nodes are available: persistentvolumeclaim \"gone\" not found.";
    for (minor, pod, event) in [
        (33, &large, format!("{cpu} {help}")),
        (36, &large, format!("{cpu} no new claims to deallocate, {help}")),
        (37, &large, format!("{cpu} {help}")),
        (33, &lost, format!("{gone} {help}")),
        (34, &lost, format!("{gone} not found")),
        (37, &lost, format!("{gone} not found")),
    ] {
        let found = diagnose(&cycle(&inventory, pod, Semantics::of_minor(minor)));
        assert_eq!(found.event, Some(event), "1.{minor}");
    }
}

#[test]
fn a_higher_priority_is_a_way_out_and_preemption_is_told() {
    let hog = pod("hog", &json!({"nodeName": "n1", "priority": 5, "containers": asks("3")}));
    let inventory = cluster(&[node("n1", "a"), hog]);
    let new = read(&pod("new", &json!({"containers": asks("2")})));
    let (_, ways) = told(&inventory, &new);
    assert_eq!(
        ways,
        [
            "cpu: 1: 1 node then fits",
            "move 1 pod of shop/hog off n1: 1 node then fits",
            "priority above that of shop/hog (5): 1 node by preemption",
        ]
    );
    let found = diagnose(&cycle(&inventory, &new, semantics()));
    assert_eq!(
        found.event.as_deref(),
        Some(
            "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: \
             0/1 nodes are available: 1 No preemption victims found for incoming pod."
        )
    );
    let important = new.with(|spec| spec.priority = 6);
    let cycle = cycle(&inventory, &important, semantics());
    let room = vec![("n1".to_owned(), vec![("shop".to_owned(), "hog".to_owned())])];
    let waiting = outlook::Outlook::Waiting { preemption: room, growth: Vec::new() };
    assert_eq!(outlook::outlook(&cycle, false), waiting);
    let found = diagnose(&cycle);
    assert_eq!(found.event.as_deref(), Some("0/1 nodes are available: 1 Insufficient cpu."));
    assert_eq!(
        words::why::headline("it", &found, &waiting),
        "it is pending until shop/hog of lower priority make room on n1"
    );
}

#[test]
fn what_could_come_is_no_lack_of_the_nodes() {
    use outlook::{Outlook, diagnose_empty, outlook};
    let mut shut = node("n2", "b");
    shut["spec"]["taints"] = json!([{"key": "node.cloudprovider.kubernetes.io/uninitialized",
        "effect": "NoSchedule"}]);
    let inventory = cluster(&[node("n1", "a"), shut]);
    let claims = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "later"}}]);
    let near = |key: &str| {
        json!({"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": key, "labelSelector": {"matchLabels": {"app": "db"}}}]}})
    };
    let crowded = |nodes: &[&str]| Outlook::CrowdedOut {
        nodes: nodes.iter().map(|name| (*name).to_owned()).collect(),
        groups: Vec::new(),
    };
    let zone = "topology.kubernetes.io/zone";
    for (spec, expected) in [
        (json!({"containers": asks("1"), "volumes": claims}), crowded(&["n1", "n2"])),
        (json!({"containers": asks("1"), "affinity": near(zone)}), crowded(&["n1", "n2"])),
        (json!({"containers": asks("1"), "affinity": near("rack")}), Outlook::NoInventory),
        (
            json!({"containers": asks("1"), "affinity": near("rack"),
                "nodeSelector": {zone: "a"}}),
            Outlook::NoInventory,
        ),
        (json!({"containers": asks("5")}), Outlook::NoInventory),
    ] {
        let new = read(&pod("new", &spec));
        let cycle = cycle(&inventory, &new, semantics());
        assert_eq!(outlook(&cycle, false), expected, "{spec}");
        if expected == Outlook::NoInventory {
            let found = diagnose_empty(&cycle);
            assert!(found.feasible.is_empty() && !found.core.is_empty(), "{spec}: {found:?}");
            let drops = |way: &Way| way.edits.iter().any(|it| matches!(it, Edit::DropLabel(_)));
            assert!(!found.ways.iter().any(drops), "{spec}: {:?}", found.ways);
        }
    }
}
