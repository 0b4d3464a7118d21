use placecard_feasibility::judge::Semantics;
use placecard_language::Words;
use serde_json::{Value, json};

use super::*;
use crate::cluster::Counts;
use crate::read;

/// The namespace `shop`: a quota of 3 pods and 10 CPUs, 8 of them used, some of that by the pods
/// of web, of which so many run.
fn cluster(running: u32, more: &[Value]) -> Cluster {
    let pod = |number: u32| {
        json!({"kind": "Pod", "metadata": {"name": format!("web-7d9f-{number}"), "namespace": "shop",
            "labels": {"app": "web", "pod-template-hash": "7d9f"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d9f",
                "uid": "u", "controller": true}]},
            "spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "x",
                "resources": {"requests": {"cpu": "2"}}}]}})
    };
    let quota = json!({"kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "shop"},
        "spec": {"hard": {"pods": "3", "requests.cpu": "10"}},
        "status": {"hard": {"pods": "3", "requests.cpu": "10"},
            "used": {"pods": running.to_string(), "requests.cpu": "8"}}});
    let mut items: Vec<Value> = (0..running).map(pod).collect();
    items.push(quota);
    items.extend_from_slice(more);
    let mut inventory = Inventory::default();
    add(&mut inventory, &json!({"kind": "List", "items": items}).to_string()).unwrap();
    Cluster {
        inventory,
        semantics: Semantics::of_minor(34),
        name: "c".into(),
        closed: false,
        schedulers: None,
        counts: Counts::default(),
    }
}

fn workload(kind: &str, spec: &Value, cpu: &str) -> Value {
    let version = if matches!(kind, "Job" | "CronJob") { "batch/v1" } else { "apps/v1" };
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
        {"name": "main", "image": "x", "resources": {"requests": {"cpu": cpu}}}]}});
    let mut spec = spec.clone();
    if kind == "CronJob" {
        spec["jobTemplate"] = json!({"spec": {"template": template}});
    } else {
        spec["template"] = template;
        spec["selector"] = json!({"matchLabels": {"app": "web"}});
    }
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec})
}

fn judged(cluster: &Cluster, value: &Value) -> Stored {
    let mut object = read::object(value, &Words::default()).unwrap();
    read::keep_written(&mut object, value);
    let template = &object.templates[0];
    next_pod(cluster, &object, template, &template.spec).unwrap()
}

/// What is exceeded, with how many there is room for, and whether that stops an update only.
fn told(stored: &Stored) -> Vec<(&str, u32, bool)> {
    let stuck = !stored.stuck.is_empty();
    stored.exceeded().map(|one| (one.resource.as_str(), one.room_for, stuck)).collect()
}

#[test]
fn pods_that_are_replaced_make_room_unless_an_update_needs_them() {
    let surge = |replicas: u32| {
        json!({"replicas": replicas,
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}})
    };
    let let_go = json!({"replicas": 3, "strategy": {"rollingUpdate": {"maxUnavailable": 1}}});
    let recreate = json!({"replicas": 3, "strategy": {"type": "Recreate"}});
    let three = json!({"replicas": 3});
    let pods = |room, stuck| vec![("pods", room, stuck)];
    for (running, kind, spec, cpu, expected) in [
        // Nothing runs: 2 of the CPUs are left.
        (0, "Deployment", &three, "500m", vec![]),
        (0, "Deployment", &three, "1", vec![("requests.cpu", 2, false)]),
        (0, "Deployment", &json!({"replicas": 4}), "0", pods(3, false)),
        (0, "Deployment", &json!({"replicas": 0}), "9", vec![]),
        // Three of their own run and have 6 CPUs.
        (3, "Deployment", &three, "0", pods(0, true)),
        (3, "Deployment", &surge(3), "0", pods(0, true)),
        (3, "Deployment", &json!({}), "0", pods(0, true)),
        (3, "Deployment", &let_go, "2", vec![]),
        (3, "Deployment", &recreate, "2", vec![]),
        (3, "Deployment", &recreate, "3", vec![("requests.cpu", 2, false)]),
        (3, "StatefulSet", &three, "500m", pods(0, false)),
        // Other numbers than those that are asked for: nobody knows what goes first.
        (3, "Deployment", &surge(2), "0", vec![]),
        (3, "Deployment", &surge(4), "0", pods(3, false)),
        (2, "Deployment", &surge(2), "2", vec![]),
        (2, "Deployment", &surge(2), "3", vec![("requests.cpu", 0, true)]),
        // Whose pods they are is not known: an empty quota is what counts.
        (3, "CronJob", &json!({}), "4", vec![]),
        (3, "CronJob", &json!({}), "11", vec![("requests.cpu", 0, false)]),
    ] {
        let name = format!("{running} {kind} {spec} {cpu}");
        let cluster = cluster(running, &[]);
        assert_eq!(told(&judged(&cluster, &workload(kind, spec, cpu))), expected, "{name}");
    }
}

#[test]
fn what_the_snapshot_lacks_refuses_nothing() {
    let mut cluster = cluster(3, &[]);
    let web = workload("Deployment", &json!({"replicas": 3}), "2");
    assert_eq!(told(&judged(&cluster, &web)), [("pods", 0, true)]);
    cluster.inventory.unknown.insert(Kind::Pod);
    assert_eq!(told(&judged(&cluster, &web)), []);
    let many = workload("Deployment", &json!({"replicas": 4}), "2");
    assert_eq!(told(&judged(&cluster, &many)), [("pods", 3, false)]);
    // One of them is on its way out: the update may go on.
    let mut leaving = super::tests::cluster(3, &[]);
    leaving.inventory.pods.values_mut().take(1).for_each(|pod| pod.terminating = true);
    assert_eq!(told(&judged(&leaving, &web)), []);
}

#[test]
fn a_pod_is_completed_before_it_is_judged() {
    let range = json!({"kind": "LimitRange", "metadata": {"name": "l", "namespace": "shop"},
        "spec": {"limits": [{"type": "Container", "default": {"cpu": "4"},
            "defaultRequest": {"cpu": "3", "memory": "1Gi"}}]}});
    let class = json!({"kind": "PriorityClass", "metadata": {"name": "usual"}, "value": 10,
        "globalDefault": true});
    let mut cluster = cluster(0, &[range.clone(), class]);
    let mut web = workload("Deployment", &json!({"replicas": 1}), "1");
    web["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({});
    let stored = judged(&cluster, &web);
    let filled: Vec<(&str, &str)> =
        stored.filled.iter().map(|one| (one.resource.as_str(), one.range.1.as_str())).collect();
    assert_eq!(filled, [("cpu", "l"), ("memory", "l")]);
    assert_eq!((stored.pod.priority, stored.pod.priority_class.as_str()), (10, "usual"));
    assert_eq!(told(&stored), [("requests.cpu", 0, false)]);
    assert!(stored.is_refused());
    // A manifest that comes along stands over what is there; what is used stays.
    let quota = json!({"kind": "ResourceQuota", "metadata": {"name": "q"},
        "spec": {"hard": {"requests.cpu": "11"}}});
    add_manifest(&mut cluster.inventory, &quota, Some("shop"));
    assert_eq!(told(&judged(&cluster, &web)), []);
    let mut smaller = range;
    smaller["spec"]["limits"][0]["max"] = json!({"cpu": "2"});
    add_manifest(&mut cluster.inventory, &smaller, None);
    let refused = judged(&cluster, &web);
    assert!(!refused.out_of_range.is_empty() && refused.is_refused());
    web["spec"]["template"]["spec"]["priorityClassName"] = json!("unusual");
    let refused = judged(&cluster, &web);
    assert_eq!(refused.priority, Some(Prioritised::NoSuchClass("unusual".into())));
    cluster.inventory.unknown.extend([Kind::PriorityClass, Kind::LimitRange]);
    assert!(!judged(&cluster, &web).is_refused());
}
