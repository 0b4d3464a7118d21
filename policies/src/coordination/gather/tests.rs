use placecard_language::coordination::Placement;
use serde_json::{Value, json};

use super::*;
use crate::surroundings::ServerVersion;

fn put(live: &mut Live, kind: Watched, object: &Value) {
    live.put(kind, object.to_string().as_bytes()).unwrap();
}

fn coordination() -> Value {
    let role = |name: &str| {
        json!({"name": name,
        "workloadRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name}})
    };
    json!({"metadata": {"namespace": "ml", "name": "llm", "uid": "u", "generation": 3},
        "spec": {"roles": [role("prefill"), role("decode")],
            "coordination": [{"name": "pd", "type": "AffinityScheduling",
                "roles": ["prefill", "decode"],
                "strategy": {"affinityScheduling": {"ratios": {"prefill": 2, "decode": 1},
                    "batchMode": "Sequential"}}}]}})
}

fn set(name: &str, replicas: i64) -> Value {
    json!({"metadata": {"namespace": "ml", "name": name},
        "spec": {"replicas": replicas, "template": {}}})
}

fn pod(set: &str, ordinal: u64, batch: u64, id: &str) -> Value {
    json!({"metadata": {"namespace": "ml", "name": format!("{set}-{ordinal}"),
            "uid": format!("{set}-{ordinal}-uid"), "resourceVersion": "10",
            "creationTimestamp": "1970-01-01T00:01:40Z",
            "labels": {keys::COORDINATION: id, keys::BATCH: batch.to_string()},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": set,
                "uid": "s", "controller": true}]},
        "spec": {"schedulingGates": [{"name": "other"}, {"name": keys::BATCH_GATE}],
            "containers": [{"name": "c"}]},
        "status": {"conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "SchedulingGated", "lastTransitionTime": "1970-01-01T00:01:40Z"}]}})
}

fn cluster() -> Live {
    let mut live = Live::new(ServerVersion::default());
    put(&mut live, Watched::RoleCoordination, &coordination());
    put(&mut live, Watched::StatefulSet, &set("prefill", 4));
    let id = id("ml", "llm", "pd");
    for ordinal in 0..4 {
        put(&mut live, Watched::Pod, &pod("prefill", ordinal, ordinal / 2, &id));
    }
    put(&mut live, Watched::Pod, &pod("decode", 0, 0, &id));
    live
}

#[test]
fn members_are_found_by_label_and_owner() {
    let mut live = cluster();
    let id = id("ml", "llm", "pd");
    // A label alone makes no member, and a pod of another coordination is an orphan.
    put(&mut live, Watched::Pod, &pod("stranger", 0, 0, &id));
    put(&mut live, Watched::Pod, &pod("prefill", 9, 0, "gone"));
    let found = gather(&live, &Words::default(), &[]);
    let [case] = found.cases.values().collect::<Vec<_>>()[..] else { unreachable!("{found:?}") };
    assert!(case.has_object && case.affinity.placement == Placement::Gated);
    assert_eq!(case.sizes, [("prefill".to_owned(), Size { replicas: 4 })].into());
    let told: Vec<String> = case
        .pods
        .iter()
        .map(|one| format!("{} {} {} {}", one.pod.name, one.role, one.batch, one.pod.gates.len()))
        .collect();
    let expected = [
        "decode-0 decode 0 2",
        "prefill-0 prefill 0 2",
        "prefill-1 prefill 0 2",
        "prefill-2 prefill 1 2",
        "prefill-3 prefill 1 2",
    ];
    assert_eq!(told, expected);
    assert!(case.pods.iter().all(|one| one.created == 100 && one.unschedulable.is_none()));
    let orphans: Vec<&str> = found.orphans.iter().map(|one| one.pod.1.as_str()).collect();
    assert_eq!(orphans, ["prefill-9", "stranger-0"]);
}

#[test]
fn what_was_done_counts_until_it_is_seen() {
    let mut live = cluster();
    let target = Target {
        namespace: "ml".to_owned(),
        name: "prefill-0".to_owned(),
        uid: "prefill-0-uid".to_owned(),
        resource_version: "10".to_owned(),
    };
    let pins = BTreeMap::from([("kubernetes.io/hostname".to_owned(), "n1".to_owned())]);
    let done = [Done { pod: target, revision: Some(12), pins: Some(pins.clone()) }];
    let observed = |live: &Live| {
        let found = gather(live, &Words::default(), &done);
        let case = found.cases.into_values().next().unwrap();
        let pod = case.pods.into_iter().find(|one| one.pod.name == "prefill-0").unwrap();
        (pod.pod.gates, pod.pod.spec.node_selector.clone(), found.ahead)
    };
    assert_eq!(observed(&live), (vec!["other".to_owned()], pins, vec![0]));
    // An older event of the pod changes nothing, its own one, or another pod of the name, all.
    let id = id("ml", "llm", "pd");
    let mut seen = pod("prefill", 0, 0, &id);
    seen["metadata"]["resourceVersion"] = json!("11");
    put(&mut live, Watched::Pod, &seen);
    assert_eq!(observed(&live).2, [0]);
    seen["metadata"]["resourceVersion"] = json!("12");
    put(&mut live, Watched::Pod, &seen);
    assert_eq!(observed(&live).2, [0; 0]);
    seen["metadata"]["uid"] = json!("another");
    seen["metadata"]["resourceVersion"] = json!("9");
    put(&mut live, Watched::Pod, &seen);
    assert_eq!(observed(&live).2, [0; 0]);
}

#[test]
fn the_long_form_needs_no_object() {
    let mut live = Live::new(ServerVersion::default());
    for (name, ratio, replicas) in [("prefill", 2, 4), ("decode", 1, 2)] {
        let mut set = set(name, replicas);
        let text = format!("pd role {name} ratio {ratio}");
        set["spec"]["template"] = json!({"metadata": {"annotations": {keys::COORDINATE: text}}});
        put(&mut live, Watched::StatefulSet, &set);
        let mut pod = pod(name, 0, 0, &id("ml", "pd", "pd"));
        pod["metadata"]["annotations"] = json!({keys::COORDINATE: text});
        put(&mut live, Watched::Pod, &pod);
    }
    let found = gather(&live, &Words::default(), &[]);
    let [case] = found.cases.values().collect::<Vec<_>>()[..] else { unreachable!("{found:?}") };
    assert!(!case.has_object);
    let ratios = [("decode".to_owned(), 1), ("prefill".to_owned(), 2)];
    assert_eq!(case.affinity.ratios, ratios.into());
    assert_eq!((case.sizes.len(), case.pods.len()), (2, 2));
    assert_eq!(found.orphans, []);
}

#[test]
fn changes_of_coordinations_are_counted_and_others_are_not() {
    let mut live = cluster();
    let before = live.coordination_changes();
    put(&mut live, Watched::RoleCoordination, &coordination());
    put(&mut live, Watched::StatefulSet, &set("prefill", 4));
    let other = json!({"metadata": {"namespace": "ml", "name": "other"}, "spec": {}});
    put(&mut live, Watched::Pod, &other);
    assert_eq!(live.coordination_changes(), before);
    put(&mut live, Watched::StatefulSet, &set("prefill", 6));
    live.gone(Watched::Pod, "ml", "decode-0");
    live.gone(Watched::RoleCoordination, "ml", "llm");
    assert_eq!(live.coordination_changes(), before + 3);
    assert_eq!(gather(&live, &Words::default(), &[]).orphans.len(), 4);
}

/// A LeaderWorkerSet whose leaders and workers are a role, and a RoleBasedGroup that coordinates its
/// own.
#[test]
fn groups_of_other_controllers_have_sizes_and_coordinations() {
    let kind = |name: &str| GroupKind::all().find(|one| one.kind == name).unwrap();
    let mut live = Live::new(ServerVersion::default());
    let shard = json!({"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet",
        "name": "shard"});
    let object = json!({"metadata": {"namespace": "ml", "name": "llm", "uid": "u"},
        "spec": {"roles": [{"name": "shard", "groupRef": shard}],
            "coordination": [{"name": "pd", "type": "AffinityScheduling", "roles": ["shard"],
                "strategy": {"affinityScheduling": {"ratios": {"shard": 1}}}}]}});
    put(&mut live, Watched::RoleCoordination, &object);
    let sizes = |live: &Live| {
        let found = gather(live, &Words::default(), &[]);
        found
            .cases
            .into_values()
            .map(|case| (case.inside.is_some(), case.sizes))
            .collect::<Vec<_>>()
    };
    assert_eq!(sizes(&live), [(false, BTreeMap::new())]);
    let set = json!({"metadata": {"namespace": "ml", "name": "shard"}, "spec": {"replicas": 3,
        "leaderWorkerTemplate": {"size": 2, "workerTemplate": {"spec": {"containers": []}}}}});
    let before = live.coordination_changes();
    assert!(live.put_group(kind("LeaderWorkerSet"), set.to_string().as_bytes()));
    assert_ne!(live.coordination_changes(), before, "the controller looks again");
    let expected = BTreeMap::from([("shard".to_owned(), Size { replicas: 3 })]);
    assert_eq!(sizes(&live), [(false, expected)]);

    let mut live = Live::new(ServerVersion::default());
    let role = |name: &str, replicas: u32| json!({"name": name, "replicas": replicas});
    let group = json!({"apiVersion": "workloads.x-k8s.io/v1alpha1", "kind": "RoleBasedGroup",
        "metadata": {"namespace": "ml", "name": "llm", "uid": "u"},
        "spec": {"roles": [role("prefill", 4), role("decode", 2)], "coordination": [
            {"name": "pd", "type": "AffinityScheduling", "roles": ["prefill", "decode"],
             "strategy": {"affinityScheduling": {"ratios": {"prefill": 2, "decode": 1}}}}]}});
    assert!(live.put_group(kind("RoleBasedGroup"), group.to_string().as_bytes()));
    let mut member = pod("x", 0, 0, &id("ml", "llm", "pd"));
    let labels = member["metadata"]["labels"].as_object_mut().unwrap();
    labels.insert("rbg.workloads.x-k8s.io/group-name".to_owned(), json!("llm"));
    labels.insert("rbg.workloads.x-k8s.io/role-name".to_owned(), json!("decode"));
    put(&mut live, Watched::Pod, &member);
    let found = gather(&live, &Words::default(), &[]);
    let [case] = found.cases.values().collect::<Vec<_>>()[..] else { unreachable!("{found:?}") };
    assert!(!case.has_object && case.affinity.placement == Placement::Gated);
    let inside = case.inside.as_ref().map(|one| (one.api_version.as_str(), one.uid.as_str()));
    assert_eq!(inside, Some(("workloads.x-k8s.io/v1alpha1", "u")));
    let replicas: Vec<u32> = case.sizes.values().map(|size| size.replicas).collect();
    assert_eq!(replicas, [2, 4]);
    assert_eq!(case.pods.iter().map(|pod| pod.role.as_str()).collect::<Vec<_>>(), ["decode"]);
}
