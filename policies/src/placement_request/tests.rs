use std::collections::BTreeSet;

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_language::affinity::{
    AffinityCategory, AffinityDirection, AffinityTargetType, LeaseError, ObjectId, Reason, Strategy,
};
use placecard_language::directory::{ObjectKind, ObjectName};
use placecard_language::vocabulary_check;
use serde_json::{Value, json};

use super::filter::{Eliminated, Elimination};
use super::resolve::{Unknown, Unresolvable};
use super::*;
use crate::snapshot;
use crate::surroundings::{Answer, Objects, Reference};

use AffinityCategory::{Resource, State, Topology, Trust};
use AffinityDirection::{Away, Toward};
use AffinityStrength::{Preferred, Required};

const ZONE: &str = "topology.kubernetes.io/zone";
const NVME: &str = "3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2b";

fn words() -> Words {
    let domain = |name: &str, namespaces: &[&str]| {
        json!({"name": name, "nodes": format!("trust={name}"),
            "guard": {"key": "trust", "value": name, "effect": "NoSchedule"},
            "allowedNamespaces": {"names": namespaces}})
    };
    let (words, problems) = vocabulary_check::check(&json!({
        "apiVersion": "placecard.dev/v1alpha1", "kind": "PlacementVocabulary",
        "metadata": {"name": "default"},
        "spec": {
            "levels": [
                {"name": "zone", "key": ZONE},
                {"name": "rack", "key": "example.com/rack", "format": "rack-{n}"},
                {"name": "node", "key": "kubernetes.io/hostname"}
            ],
            "serviceDomain": "zone",
            "trustDomains": [domain("payments", &["shop"]), domain("vault", &["bank"])],
            "resources": [{"name": "nvme", "uid": NVME, "nodes": "disk=nvme"}]
        }
    }));
    assert_eq!(problems, []);
    words
}

fn node(name: &str, labels: Value) -> Value {
    let mut labels = labels;
    labels["kubernetes.io/hostname"] = json!(name);
    let mut node = json!({"kind": "Node", "metadata": {"name": name, "labels": labels},
        "status": {"allocatable": {"cpu": "8", "memory": "8Gi", "pods": "9"}}});
    if let Some(domain) = labels.get("trust") {
        node["spec"] =
            json!({"taints": [{"key": "trust", "value": domain, "effect": "NoSchedule"}]});
    }
    node
}

fn pod(name: &str, on: &str, labels: Value) -> Value {
    json!({"kind": "Pod", "metadata": {"name": name, "namespace": "shop", "labels": labels},
        "spec": {"nodeName": on, "containers": [{"name": "c"}]}})
}

/// Zone a: n1 and n2 in rack 1, n3 in rack 2; zone b: n4 in rack 2, n5 in no rack, n6 trusted.
fn inventory() -> Inventory {
    let service = |name: &str, selector: Value| {
        json!({"kind": "Service", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"selector": selector}})
    };
    let in_zone_b = json!({"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["b"]}]});
    let objects = [
        node("n1", json!({ZONE: "a", "example.com/rack": "rack-1", "disk": "nvme"})),
        node("n2", json!({ZONE: "a", "example.com/rack": "rack-1"})),
        node("n3", json!({ZONE: "a", "example.com/rack": "rack-2", "disk": "nvme"})),
        node("n4", json!({ZONE: "b", "example.com/rack": "rack-2"})),
        node("n5", json!({ZONE: "b"})),
        node("n6", json!({ZONE: "b", "trust": "payments"})),
        service("db", json!({"app": "db"})),
        service("idle", json!({"app": "idle"})),
        service("outside", Value::Null),
        pod("db-0", "n2", json!({"app": "db", "statefulset.kubernetes.io/pod-name": "db-0"})),
        pod("leader-x", "n4", json!({"app": "leader"})),
        pod("pending", "", json!({"app": "pending"})),
        json!({"kind": "PersistentVolume", "metadata": {"name": "disk"},
            "spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [in_zone_b]}}}}),
        json!({"kind": "PersistentVolume", "metadata": {"name": "net"}, "spec": {}}),
    ];
    let mut inventory = Inventory::default();
    for object in objects {
        snapshot::add(&mut inventory, &object.to_string()).unwrap();
    }
    inventory
}

fn answers() -> Objects {
    let mut answers = Objects::default();
    for (kind, id, namespace, name) in [
        (ObjectKind::Node, 1, "", "n1"),
        (ObjectKind::Node, 5, "", "n5"),
        (ObjectKind::Node, 9, "", "gone"),
        (ObjectKind::Service, 1, "shop", "db"),
        (ObjectKind::Service, 2, "shop", "idle"),
        (ObjectKind::Service, 3, "shop", "outside"),
        (ObjectKind::Lease, 1, "shop", "shard"),
        (ObjectKind::Lease, 2, "shop", "leader"),
        (ObjectKind::Lease, 3, "shop", "by-node"),
        (ObjectKind::Lease, 4, "shop", "free"),
        (ObjectKind::Lease, 5, "shop", "waiting"),
        (ObjectKind::Lease, 6, "shop", "lost"),
        (ObjectKind::PersistentVolume, 1, "", "disk"),
        (ObjectKind::PersistentVolume, 2, "", "net"),
    ] {
        let name = ObjectName { namespace: namespace.into(), name: name.into() };
        answers.insert(Reference::Object { kind, id: ObjectId(id) }, Answer::Name(Box::new(name)));
    }
    for (lease, holder) in [
        ("shard", "db-0_5ae0"),
        ("leader", "leader-x"),
        ("by-node", "n3_77"),
        ("free", ""),
        ("waiting", "pending"),
        ("lost", "nobody_1"),
    ] {
        let lease = Reference::Lease { namespace: "shop".into(), name: lease.into() };
        answers.insert(lease, Answer::Lease(holder.into()));
    }
    answers
}

fn entry(
    category: AffinityCategory,
    strength: AffinityStrength,
    direction: AffinityDirection,
    target: AffinityTarget,
) -> Affinity {
    Affinity::new(category, strength, direction, target).unwrap()
}

/// A pod of the namespace `shop` that asks for nothing.
fn asking() -> Pod {
    Pod { name: "new".into(), namespace: "shop".into(), ..Pod::default() }
}

fn placed(entries: &[Affinity]) -> Placement {
    let (cluster, words, answers, pod) = (Cluster::of(inventory()), words(), answers(), asking());
    let known = Known::beside(&answers, &cluster.inventory);
    place_entries(entries, &Context::new(&cluster, &words, &known, &pod))
}

fn names(placement: &Placement) -> Vec<&str> {
    let names: BTreeSet<&str> = placement.candidates.iter().map(|one| one.node.as_str()).collect();
    names.into_iter().collect()
}

fn named(of: AffinityTargetType, name: &str) -> AffinityTarget {
    AffinityTarget::named(of, name).unwrap()
}

/// Every kind of target, by id and by name: the nodes that a required entry keeps, and, as a
/// preferred one, the nodes that score for it.
#[test]
fn every_target_means_its_nodes() {
    use AffinityTargetType as Type;
    let nvme = NVME.parse::<ObjectId>().unwrap();
    let all = "n1 n2 n3 n4 n5";
    for (category, direction, target, level, nodes) in [
        (Resource, Toward, AffinityTarget::node(1), "", "n1"),
        (State, Toward, AffinityTarget::node(1), "", "n1"),
        (Topology, Toward, AffinityTarget::node(1), "", "n1"),
        (Topology, Away, AffinityTarget::node(1), "", "n2 n3 n4 n5"),
        (Topology, Away, named(Type::NodeId, "n1"), "", "n2 n3 n4 n5"),
        (Topology, Toward, AffinityTarget::node(1), "node", "n1"),
        (Topology, Toward, AffinityTarget::node(1), "zone", "n1 n2 n3"),
        (Topology, Away, AffinityTarget::node(1), "rack", "n3 n4 n5"),
        (State, Toward, AffinityTarget::node(5), ZONE, "n4 n5"),
        (Topology, Away, AffinityTarget::node(9), "", all),
        (Resource, Toward, AffinityTarget::resource(nvme), "", "n1 n3"),
        (Resource, Toward, named(Type::ResourceId, "nvme"), "", "n1 n3"),
        (Resource, Toward, AffinityTarget::resource(1), "", "n4 n5"),
        (Resource, Toward, named(Type::ResourceId, "volume/disk"), "", "n4 n5"),
        (Resource, Toward, AffinityTarget::resource(2), "", all),
        (Topology, Toward, AffinityTarget::rack(1), "", "n1 n2"),
        (Topology, Away, AffinityTarget::rack(2), "", "n1 n2 n5"),
        (Topology, Away, AffinityTarget::rack(7), "", all),
        (Topology, Toward, AffinityTarget::service(1), "", "n1 n2 n3"),
        (Topology, Away, AffinityTarget::service(1), "", "n4 n5"),
        (Topology, Toward, AffinityTarget::service(1), "rack", "n1 n2"),
        (Topology, Away, AffinityTarget::service(1), "rack", "n3 n4 n5"),
        (Topology, Toward, named(Type::ServiceId, "shop/db"), "node", "n2"),
        (Topology, Away, named(Type::ServiceId, "db"), "node", "n1 n3 n4 n5"),
        (Topology, Away, AffinityTarget::service(2), "", all),
        (State, Toward, AffinityTarget::lease(1), "", "n2"),
        (State, Toward, AffinityTarget::lease(1), "rack", "n1 n2"),
        (State, Toward, named(Type::LeaseId, "shard"), "", "n2"),
        (State, Toward, AffinityTarget::lease(2), "", "n4"),
        (State, Toward, AffinityTarget::lease(2), "zone", "n4 n5"),
        (State, Toward, AffinityTarget::lease(3), "", "n3"),
        (Trust, Toward, AffinityTarget::trust_domain("payments"), "", "n6"),
    ] {
        let with = |strength| {
            let entry = entry(category, strength, direction, target.clone());
            if level.is_empty() { entry } else { entry.with_level(level).unwrap() }
        };
        let placement = placed(&[with(Required)]);
        assert_eq!(names(&placement).join(" "), nodes, "{target} {direction} {level}");
        assert_eq!(placement.rejection, None);
        if category != Trust {
            let placement = placed(&[with(Preferred)]);
            assert_eq!(names(&placement).join(" "), all, "{target}: nobody is rejected");
            let met = placement.candidates.iter().filter(|one| one.met == [0]);
            assert!(placement.candidates.iter().all(|one| one.parts.affinity % 100 == 0));
            let met: BTreeSet<&str> = met.map(|one| one.node.as_str()).collect();
            assert_eq!(met.into_iter().collect::<Vec<_>>().join(" "), nodes, "{target}");
        }
    }
}

#[test]
fn what_is_not_known_rejects_if_it_is_required() {
    use AffinityTargetType as Type;
    use Unresolvable as Why;
    let unknown = |why| Why::Unknown(why);
    for (category, target, level, why) in [
        (Resource, AffinityTarget::node(77), "", unknown(Unknown::Absent)),
        (State, AffinityTarget::node(9), "zone", unknown(Unknown::Absent)),
        (State, AffinityTarget::node(5), "rack", unknown(Unknown::Unlabelled)),
        (State, AffinityTarget::node(1), "row", Why::UnknownLevel("row".into())),
        (Resource, named(Type::ResourceId, "tape"), "", Why::UnknownResource("tape".into())),
        (Resource, named(Type::ResourceId, "volume/x"), "", unknown(Unknown::Absent)),
        (Topology, AffinityTarget::service(3), "", Why::SelectsNothing),
        (Topology, AffinityTarget::service(8), "", unknown(Unknown::Absent)),
        (Topology, AffinityTarget::rack(1), "row", Why::UnknownLevel("row".into())),
        (State, AffinityTarget::lease(4), "", unknown(Unknown::NotHeld)),
        (State, AffinityTarget::lease(5), "", unknown(Unknown::NotPlaced)),
        (State, AffinityTarget::lease(6), "", unknown(Unknown::HolderGone)),
        (Trust, AffinityTarget::trust_domain("x"), "", Why::UnknownTrustDomain("x".into())),
        (Trust, AffinityTarget::trust_domain("vault"), "", Why::NotAllowed),
    ] {
        let with = |strength| {
            let entry = entry(category, strength, Toward, target.clone());
            if level.is_empty() { entry } else { entry.with_level(level).unwrap() }
        };
        let met = entry(Topology, Required, Toward, AffinityTarget::rack(1));
        let unresolved = vec![Unresolved { entry: 1, why: why.clone() }];
        let placement = placed(&[met.clone(), with(Required)]);
        assert_eq!(placement.candidates, [], "{target}");
        assert_eq!(placement.rejection, Some(AffinityRejection::Unresolved(unresolved.clone())));
        if category != Trust {
            let placement = placed(&[met, with(Preferred)]);
            assert_eq!(names(&placement), ["n1", "n2"], "{target}");
            assert_eq!(placement.unresolved, unresolved);
            assert!(placement.candidates.iter().all(|one| one.parts.affinity == 0));
        }
    }
}

#[test]
fn an_empty_placement_says_which_entries_leave_none() {
    let required = |direction, target| entry(Topology, Required, direction, target);
    let eliminated = |entry, removed| Eliminated { entry, removed };
    // Each of the first three leaves something; the second and the third nothing together.
    let entries = [
        required(Away, AffinityTarget::rack(7)),
        required(Toward, AffinityTarget::rack(1)),
        required(Away, AffinityTarget::service(1)),
        required(Away, AffinityTarget::node(5)),
    ];
    let by_entry = vec![eliminated(0, 0), eliminated(1, 3), eliminated(2, 3), eliminated(3, 1)];
    let elimination = Elimination { candidates: 5, by_entry, core: vec![1, 2] };
    let expected = AffinityRejection::RequiredAffinityUnsatisfiable(elimination);
    let placement = placed(&entries);
    assert_eq!((placement.nodes, placement.fitting), (6, 5));
    assert_eq!(placement.candidates, []);
    assert_eq!(placement.rejection, Some(expected));
    // A Service none of whose pods runs is nowhere.
    let placement = placed(&[required(Toward, AffinityTarget::service(2))]);
    let by_entry = vec![eliminated(0, 5)];
    let elimination = Elimination { candidates: 5, by_entry, core: vec![0] };
    let expected = AffinityRejection::RequiredAffinityUnsatisfiable(elimination);
    assert_eq!(placement.rejection, Some(expected));
}

#[test]
fn pods_that_are_not_listed_may_be_anywhere() {
    let (words, answers, pod) = (words(), answers(), asking());
    let mut inventory = inventory();
    inventory.unknown = [Kind::Pod].into();
    let cluster = Cluster::of(inventory);
    let known = Known::beside(&answers, &cluster.inventory);
    let context = Context::new(&cluster, &words, &known, &pod);
    let idle =
        |strength, direction| [entry(Topology, strength, direction, AffinityTarget::service(2))];
    assert_eq!(place_entries(&idle(Required, Toward), &context).candidates.len(), 5);
    assert_eq!(place_entries(&idle(Required, Away), &context).candidates.len(), 5);
    let placement = place_entries(&idle(Preferred, Toward), &context);
    assert!(placement.candidates.iter().all(|one| one.met.is_empty()), "but nobody scores for it");
}

#[test]
fn nodes_that_the_pod_does_not_fit_are_no_candidates() {
    let (words, answers) = (words(), answers());
    let mut pod = asking();
    pod.node_selector = [("no".to_owned(), "such".to_owned())].into();
    let cluster = Cluster::of(inventory());
    let known = Known::beside(&answers, &cluster.inventory);
    let rack = entry(Topology, Required, Toward, AffinityTarget::rack(1));
    let placement = place_entries(&[rack], &Context::new(&cluster, &words, &known, &pod));
    assert_eq!((placement.nodes, placement.fitting), (6, 0));
    assert_eq!(placement.rejection, Some(AffinityRejection::NoNodeFits));
}

#[test]
fn preferred_entries_add_up_and_ties_are_in_order_of_names() {
    let rack = entry(Topology, Preferred, Toward, AffinityTarget::rack(2));
    let away = entry(Topology, Preferred, Away, AffinityTarget::service(1));
    let rack = rack.with_weight(25).unwrap();
    let placement = placed(&[rack.clone(), away.clone()]);
    let ranked: Vec<(&str, usize, i64)> = placement
        .candidates
        .iter()
        .map(|one| (one.node.as_str(), one.rank, one.parts.affinity))
        .collect();
    let expected = [("n4", 1, 100), ("n5", 2, 66), ("n3", 3, 33), ("n1", 4, 0), ("n2", 5, 0)];
    // n2 and n4 run a pod, so they have fewer points for what stays free; the rest of the parts
    // is equal everywhere.
    assert_eq!(ranked, expected);
    let four = &placement.candidates[0];
    assert_eq!(four.total, four.parts.total(ScoreWeights::default()));
    assert_eq!(four.met, [0, 1]);
    // Only the affinity.
    let (cluster, words, answers, pod) = (Cluster::of(inventory()), words(), answers(), asking());
    let known = Known::beside(&answers, &cluster.inventory);
    let weights = ScoreWeights { affinity: 1, fit: 0, locality: 0, pressure: 0, topology: 0 };
    let context = Context { weights, ..Context::new(&cluster, &words, &known, &pod) };
    let placement = place_entries(&[away], &context);
    let ranked = placement.candidates.iter().map(|one| (one.node.as_str(), one.rank, one.total));
    let ranked: Vec<_> = ranked.collect();
    assert_eq!(ranked, [("n4", 1, 100), ("n5", 1, 100), ("n1", 3, 0), ("n2", 3, 0), ("n3", 3, 0)]);
}

#[test]
fn shorthands_are_placed_and_mistakes_are_not() {
    let (cluster, words, answers, pod) = (Cluster::of(inventory()), words(), answers(), asking());
    let known = Known::beside(&answers, &cluster.inventory);
    let context = Context::new(&cluster, &words, &known, &pod);
    let request = PlacementRequest::new()
        .strategy(Strategy::AntiAffinity(ObjectId(1)))
        .anti_affinity_services([1])
        .tasklet_affinity(TaskletAffinity::SameRack);
    let placement = place(&request, &context).unwrap();
    assert_eq!(placement.tasklet_affinity, TaskletAffinity::SameRack);
    let met = |name: &str| {
        placement.candidates.iter().find(|one| one.node == name).map(|one| one.met.clone())
    };
    assert_eq!(met("n1"), Some(vec![]));
    assert_eq!(met("n3"), Some(vec![0]));
    assert_eq!(met("n5"), Some(vec![0, 1]));
    let rack = || Affinity::topology(Required, AffinityTarget::rack(1));
    let contradictory = PlacementRequest::new().affinity(rack()).anti_affinity(rack());
    let error = place(&contradictory, &context).unwrap_err();
    assert!(matches!(
        error,
        LeaseError::InvalidIntent { at: None, reason: Reason::Contradictory { .. } }
    ));
}

#[test]
fn a_pod_that_kube_scheduler_cannot_score_is_scored_by_its_entries() {
    use placecard_feasibility::inventory::pod::Weighted;
    use placecard_feasibility::node_terms::NodeTerm;
    use placecard_feasibility::requirement::Requirement;
    let (cluster, words, answers, mut pod) =
        (Cluster::of(inventory()), words(), answers(), asking());
    let known = Known::beside(&answers, &cluster.inventory);
    let term = NodeTerm::of(vec![Requirement::one_of("not a key!", &["x"])]);
    pod.preferred_nodes.push(Weighted { weight: 1, term });
    let context = Context::new(&cluster, &words, &known, &pod);
    let placement = place(&PlacementRequest::new().affinity_with(5), &context).unwrap();
    assert!(placement.unscored);
    let first = placement.candidates.first().unwrap();
    assert_eq!((first.node.as_str(), first.total), ("n5", 200));
}

#[test]
fn more_entries_than_can_be_expanded_are_not_looked_at() {
    let racks = |count: u32| -> Vec<Affinity> {
        let rack = |number| entry(Topology, Required, Away, AffinityTarget::rack(number + 10));
        (0..count).map(rack).collect()
    };
    let most = u32::try_from(MOST_ENTRIES).unwrap();
    assert_eq!(names(&placed(&racks(most))).len(), 5);
    for count in [most + 1, 10_000] {
        let placement = placed(&racks(count));
        assert_eq!(placement.rejection, Some(AffinityRejection::TooManyEntries));
        assert_eq!((placement.candidates.len(), placement.nodes), (0, 6));
        assert_eq!(placement.entries.len(), count as usize);
    }
    let (cluster, words, answers, pod) = (Cluster::of(inventory()), words(), answers(), asking());
    let known = Known::beside(&answers, &cluster.inventory);
    let context = Context::new(&cluster, &words, &known, &pod);
    let request =
        racks(10_000).into_iter().fold(PlacementRequest::new(), PlacementRequest::affinity);
    let placement = place(&request, &context).unwrap();
    assert_eq!(placement.rejection, Some(AffinityRejection::TooManyEntries));
}
