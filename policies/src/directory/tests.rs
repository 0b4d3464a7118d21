use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::quantity::Quantity;
use placecard_language::intent::TargetKind;
use serde_json::json;

use super::*;
use crate::claims;
use crate::native;
use crate::snapshot;

fn uid(last: u8) -> String {
    format!("3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a{last:02x}")
}

fn id(last: u8) -> ObjectId {
    uid(last).parse().unwrap()
}

fn object(kind: &str, name: &str, last: u8, spec: Value) -> Value {
    let version = match kind {
        "Lease" => "coordination.k8s.io/v1",
        "StatefulSet" | "ReplicaSet" => "apps/v1",
        _ => "v1",
    };
    json!({"apiVersion": version, "kind": kind, "spec": spec,
        "metadata": {"name": name, "namespace": "shop", "uid": uid(last)}})
}

fn whole(kind: &str, name: &str, last: u8, spec: Value) -> Value {
    let mut object = object(kind, name, last, spec);
    object["metadata"].as_object_mut().unwrap().remove("namespace");
    object
}

/// Nodes n1 and n2, Services db and outside, Leases, pods, volumes and claims of the namespace shop.
fn inventory() -> Inventory {
    let selector = json!({"selector": {"matchLabels": {"app": "db"}}});
    let mut stable = object("Pod", "db-0", 20, json!({"nodeName": "n1"}));
    stable["metadata"]["labels"] = json!({"statefulset.kubernetes.io/pod-name": "db-0"});
    let mut labelled = whole("Node", "n1", 3, json!({}));
    labelled["metadata"]["labels"] = json!({"zone": "a"});
    let mut namespace = whole("Namespace", "shop", 9, json!({}));
    namespace["metadata"]["labels"] = json!({"team": "shop"});
    let objects = [
        labelled,
        whole("Node", "n2", 4, json!({})),
        namespace,
        object("Service", "db", 1, json!({"selector": {"app": "db"}})),
        object("Service", "outside", 2, json!({})),
        object("StatefulSet", "db", 5, selector.clone()),
        object("ReplicaSet", "web-1", 6, selector),
        object("Lease", "shard", 10, json!({"holderIdentity": "db-0_5f0e"})),
        object("Lease", "job", 11, json!({"holderIdentity": "worker-x7"})),
        object("Lease", "by-node", 12, json!({"holderIdentity": "n2_77"})),
        object("Lease", "free", 13, json!({})),
        object("Lease", "gone", 14, json!({"holderIdentity": "worker-gone_1"})),
        object("Lease", "odd", 15, json!({"holderIdentity": "Not a name!"})),
        object("Lease", "waits", 16, json!({"holderIdentity": "worker-new"})),
        stable,
        object("Pod", "worker-x7", 21, json!({"nodeName": "n2"})),
        object("Pod", "worker-new", 22, json!({})),
        whole("PersistentVolume", "disk", 7, json!({"capacity": {"storage": "1Gi"}})),
        object("PersistentVolumeClaim", "data", 30, json!({"volumeName": "disk"})),
        object("PersistentVolumeClaim", "new", 31, json!({"accessModes": ["ReadWriteOnce"]})),
        object("PersistentVolumeClaim", "lost", 32, json!({"volumeName": "elsewhere"})),
    ];
    let mut inventory = Inventory::default();
    for object in objects {
        snapshot::add(&mut inventory, &object.to_string()).unwrap();
    }
    inventory
}

fn in_shop(name: &str) -> ObjectName {
    ObjectName { namespace: "shop".into(), name: name.into() }
}

#[test]
fn a_snapshot_says_what_ids_and_leases_stand_for() {
    let mut inventory = inventory();
    for (kind, last, expected) in [
        (ObjectKind::Service, 1, Ok(in_shop("db"))),
        (ObjectKind::Service, 2, Ok(in_shop("outside"))),
        (ObjectKind::Lease, 10, Ok(in_shop("shard"))),
        (ObjectKind::Node, 3, Ok(ObjectName::of("n1"))),
        (ObjectKind::PersistentVolume, 7, Ok(ObjectName::of("disk"))),
        // The UID of another kind, and of no object.
        (ObjectKind::Node, 1, Err(Unknown::Absent)),
        (ObjectKind::Lease, 3, Err(Unknown::Absent)),
        (ObjectKind::Lease, 99, Err(Unknown::Absent)),
    ] {
        assert_eq!(Snapshot(&inventory).object(kind, id(last)), expected, "{kind:?} {last}");
    }
    assert_eq!(Snapshot(&inventory).lease("shop", "shard"), Ok("db-0_5f0e"));
    assert_eq!(Snapshot(&inventory).lease("shop", "free"), Ok(""));
    assert_eq!(Snapshot(&inventory).lease("shop", "other"), Err(Unknown::Absent));
    // A namespace that is not known may be any.
    assert_eq!(Snapshot(&inventory).lease("", "shard"), Err(Unknown::NotAsked));
    assert_eq!(Snapshot(&inventory).pod("", "db-0"), Err(Unknown::NotAsked));
    inventory.unknown = [Kind::Lease, Kind::Node].into();
    assert_eq!(Snapshot(&inventory).lease("shop", "shard"), Ok("db-0_5f0e"));
    assert_eq!(Snapshot(&inventory).lease("shop", "other"), Err(Unknown::NotAsked));
    assert_eq!(Snapshot(&inventory).object(ObjectKind::Node, id(1)), Err(Unknown::NotAsked));
}

#[test]
fn a_snapshot_says_who_holds_leases() {
    let mut inventory = inventory();
    let held = |inventory: &Inventory, name: &str| {
        let holder = placecard_language::directory::holder(
            &Snapshot(inventory),
            "shop",
            name,
            &mut Vec::new(),
        );
        holder.map_err(|(_, why)| why)
    };
    let node = |name: &str| Ok(Holder::Node(name.into()));
    for (lease, expected) in [
        ("shard", Ok(Holder::Pod("db-0".into()))),
        ("job", node("n2")),
        ("by-node", node("n2")),
        ("free", Err(Unknown::NotHeld)),
        ("gone", Err(Unknown::HolderGone)),
        ("odd", Err(Unknown::HolderGone)),
        ("waits", Err(Unknown::NotPlaced)),
        ("none", Err(Unknown::Absent)),
    ] {
        assert_eq!(held(&inventory, lease), expected, "{lease}");
    }
    // Of a holder that may be a pod that is not listed nothing is known.
    inventory.unknown = [Kind::Pod].into();
    assert_eq!(held(&inventory, "gone"), Err(Unknown::NotAsked));
    assert_eq!(held(&inventory, "shard"), Ok(Holder::Pod("db-0".into())));
}

fn target(kind: TargetKind, name: &str) -> Reference {
    Reference::Target { kind, namespace: "shop".into(), name: name.into() }
}

fn owner(api_version: &str, kind: &str, name: &str) -> Reference {
    let (api_version, kind, name) = (api_version.into(), kind.into(), name.into());
    let object = ObjectRef { api_version, kind, namespace: "shop".into(), name };
    Reference::Owner { object: Box::new(object), uid: "any".into() }
}

fn claim(name: &str) -> Reference {
    Reference::Claim { namespace: "shop".into(), name: name.into() }
}

/// What an answer is, in a word or two.
fn told(answer: Option<Answer>) -> String {
    match answer {
        None => "not known".into(),
        Some(Answer::Selector(None)) => "selects none".into(),
        Some(Answer::Selector(Some(selector))) => {
            let of = native::selector(&selector.native()).requirements;
            of.iter().map(|one| format!("{}={}", one.key, one.values.join(","))).collect()
        }
        Some(Answer::Volume(volume)) => format!("volume {}", volume.name),
        Some(Answer::Namespace(labels)) => format!("{} labels", labels.len()),
        Some(Answer::AccessModes(modes)) => modes.join(","),
        Some(Answer::BoundTo(name)) => format!("bound to {name}"),
        Some(Answer::Unbound) => "unbound".into(),
        Some(Answer::Absent) => "absent".into(),
        Some(other) => format!("{other:?}"),
    }
}

#[test]
fn a_snapshot_answers_what_rules_name_and_is_silent_of_what_it_lacks() {
    let mut inventory = inventory();
    let namespace = |name: &str| Reference::Namespace { name: name.into() };
    let modes = |name: &str| Reference::AccessModes { namespace: "shop".into(), name: name.into() };
    let (service, stateful) = (TargetKind::Service, TargetKind::StatefulSet);
    for (reference, whole, partial) in [
        (target(service, "db"), "app=db", "app=db"),
        (target(service, "outside"), "selects none", "selects none"),
        (target(service, "none"), "absent", "not known"),
        (target(stateful, "db"), "app=db", "app=db"),
        (target(stateful, "none"), "absent", "not known"),
        (target(TargetKind::Deployment, "db"), "not known", "not known"),
        (target(TargetKind::Job, "db"), "not known", "not known"),
        (owner("apps/v1", "ReplicaSet", "web-1"), "app=db", "app=db"),
        (owner("apps/v1", "ReplicaSet", "none"), "not known", "not known"),
        (owner("example.com/v1", "ReplicaSet", "web-1"), "not known", "not known"),
        (namespace("shop"), "2 labels", "not known"),
        (namespace("other"), "not known", "not known"),
        (claim("data"), "volume disk", "volume disk"),
        (claim("new"), "unbound", "unbound"),
        (claim("lost"), "bound to elsewhere", "bound to elsewhere"),
        (claim("none"), "absent", "not known"),
        (modes("new"), "ReadWriteOnce", "ReadWriteOnce"),
        (modes("none"), "absent", "not known"),
        (Reference::PersistentVolume { name: "disk".into() }, "volume disk", "volume disk"),
        (Reference::PersistentVolume { name: "none".into() }, "absent", "not known"),
    ] {
        inventory.unknown.clear();
        assert_eq!(told(Snapshot(&inventory).answer(&reference)), whole, "{reference:?}");
        inventory.unknown = placecard_feasibility::inventory::kind::KINDS.into();
        assert_eq!(told(Snapshot(&inventory).answer(&reference)), partial, "{reference:?}");
    }
}

#[test]
fn a_manifest_counts_before_the_snapshot_but_for_what_it_leaves_open() {
    let inventory = inventory();
    let manifests = [
        object("Service", "db", 1, json!({"selector": {"app": "new"}})),
        object("Lease", "shard", 10, json!({})),
        object("Lease", "job", 11, json!({"holderIdentity": "n1"})),
        object("Pod", "worker-x7", 21, json!({})),
        object("Pod", "worker-new", 22, json!({"nodeName": "n1"})),
        whole("PersistentVolume", "disk", 7, json!({"capacity": {"storage": "2Gi"}})),
        object("PersistentVolumeClaim", "data", 30, json!({})),
        object("PersistentVolumeClaim", "new", 31, json!({"volumeName": "disk"})),
        object("PersistentVolumeClaim", "more", 33, json!({"volumeName": "elsewhere"})),
        object("PersistentVolumeClaim", "fresh", 34, json!({})),
    ];
    let mut objects = Objects::default();
    for manifest in &manifests {
        for (reference, answer) in read::answers(manifest, "") {
            objects.insert(reference, answer);
        }
    }
    for (reference, answer) in claims::answers(manifests.iter(), "") {
        objects.insert(reference, answer);
    }
    let known = Known::beside(&objects, &inventory);
    for (reference, expected) in [
        (target(TargetKind::Service, "db"), "app=new"),
        (target(TargetKind::Service, "outside"), "selects none"),
        (claim("data"), "volume disk"),
        (claim("new"), "volume disk"),
        (claim("more"), "bound to elsewhere"),
        (claim("fresh"), "unbound"),
    ] {
        assert_eq!(told(known.find(&reference)), expected, "{reference:?}");
    }
    let Some(Answer::Volume(volume)) = known.find(&claim("data")) else { panic!() };
    assert_eq!(volume.capacity, Quantity::of_units(2 << 30), "the volume of the manifest");
    assert_eq!(known.lease("shop", "shard"), Ok("db-0_5f0e"));
    assert_eq!(known.lease("shop", "job"), Ok("n1"));
    assert_eq!(known.lease("shop", "by-node"), Ok("n2_77"));
    assert_eq!(known.pod("shop", "worker-x7").unwrap().node, "n2");
    assert_eq!(known.pod("shop", "worker-new").unwrap().node, "n1");
    assert_eq!(known.node("n1").unwrap().get("zone").map(String::as_str), Some("a"));
    assert_eq!(known.object(ObjectKind::Node, id(4)), Ok(ObjectName::of("n2")));
    // Where nobody but a snapshot can find an object by its UID.
    objects.insert(Reference::Object { kind: ObjectKind::Node, id: id(4) }, Answer::Unreachable);
    objects.insert(Reference::Object { kind: ObjectKind::Node, id: id(99) }, Answer::Unreachable);
    objects.insert(Reference::Node { name: "n1".into() }, Answer::Unreachable);
    let known = Known::beside(&objects, &inventory);
    assert_eq!(known.object(ObjectKind::Node, id(4)), Ok(ObjectName::of("n2")));
    assert_eq!(known.object(ObjectKind::Node, id(99)), Err(Unknown::Unreachable));
    assert_eq!(known.node("n1"), Err(Unknown::Unreachable));
}

#[test]
fn what_depends_on_an_answer_is_asked_for_too() {
    let inventory = inventory();
    let manifest = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "x", "namespace": "shop", "labels": {"app": "x"},
                     "annotations": {"placecard.dev/intents": json!({"entries": [{"category": "State",
                        "strength": "Required", "level": "zone",
                        "target": {"type": "LeaseId", "value": uid(11)}}]}).to_string()}},
        "spec": {}});
    let mut surroundings = Surroundings::default();
    let object = read::object(&manifest, &surroundings.words).unwrap();
    answer_from(&object, &mut surroundings, &inventory);
    for reference in [
        Reference::Object { kind: ObjectKind::Lease, id: id(11) },
        Reference::Lease { namespace: "shop".into(), name: "job".into() },
        Reference::Pod { namespace: "shop".into(), name: "worker-x7".into() },
        Reference::Node { name: "n2".into() },
    ] {
        assert!(surroundings.objects.get(&reference).is_some(), "{reference:?}");
    }
    // n2 has no zone: that is the reason, and not that something was not asked for.
    let review = review::review(&object, &surroundings);
    let messages: Vec<&str> = review.findings.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(messages, ["node n2 lacks the label of the level"]);
}
