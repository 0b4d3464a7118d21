//! What a real API server stores of new pods and what it refuses, beside what the engine says of
//! them, and an update that a quota stops.

use std::collections::BTreeSet;
use std::time::Duration;

use placecard_policies::cluster::{Cluster, Counts};
use placecard_policies::feasibility::inventory::Inventory;
use placecard_policies::feasibility::inventory::pod::Pod;
use placecard_policies::feasibility::inventory::priority::Prioritised;
use placecard_policies::feasibility::inventory::requests::Amounts;
use placecard_policies::feasibility::judge::Semantics;
use placecard_policies::feasibility::limit_range::{Bound, OutOfRange, Subject};
use placecard_policies::feasibility::quality_of_service::quality_of_service;
use placecard_policies::feasibility::quantity::Quantity;
use placecard_policies::feasibility::quota::OverQuota;
use placecard_policies::language::Words;
use placecard_policies::read;
use placecard_policies::snapshot::{WrittenPod, add};
use placecard_policies::stored::{Stored, next_pod};
use placecard_tests::controlplane::{Api, ControlPlane, Patch, Target, or_skipped, wait_for};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(90);

/// The kinds that decide.
const DUMPED: &[(&str, &str)] = &[
    ("v1", "Pod"),
    ("v1", "ResourceQuota"),
    ("v1", "LimitRange"),
    ("scheduling.k8s.io/v1", "PriorityClass"),
];

fn create(api: &Api, object: &Value) {
    if let Err(refusal) = api.create(object) {
        panic!("{refusal}\n{object:#}");
    }
}

fn quota(namespace: &str, spec: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": namespace}, "spec": spec})
}

fn limit_range(namespace: &str, limits: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "LimitRange",
        "metadata": {"name": "l", "namespace": namespace}, "spec": {"limits": limits}})
}

/// A pod that no node takes, with containers that have these resources.
fn pod(namespace: &str, containers: &[Value], more: &Value) -> Value {
    let container = |(index, resources): (usize, &Value)| {
        json!({"name": format!("c{index}"), "image": "registry.invalid/none",
            "resources": resources})
    };
    let containers: Vec<Value> = containers.iter().enumerate().map(container).collect();
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "new", "namespace": namespace},
        "spec": {"nodeSelector": {"nowhere": "at-all"}, "containers": containers}});
    for (key, value) in more.as_object().expect("fields") {
        pod["spec"][key] = value.clone();
    }
    pod
}

fn cpu(request: &str) -> Value {
    json!({"requests": {"cpu": request}})
}

/// Namespaces with their rules, and what runs there.
fn set(api: &Api) {
    let names = ["tight", "bounded", "whole", "both", "scoped", "idle", "free", "halted", "moving"];
    for name in names {
        create(api, &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    }
    for (name, value, policy) in
        [("interactive", 1000, "PreemptLowerPriority"), ("patient", 500, "Never")]
    {
        create(
            api,
            &json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
            "metadata": {"name": name}, "value": value, "preemptionPolicy": policy}),
        );
    }
    let class =
        json!([{"scopeName": "PriorityClass", "operator": "In", "values": ["interactive"]}]);
    for (namespace, spec) in [
        ("tight", json!({"hard": {"pods": "3", "requests.cpu": "2"}})),
        ("both", json!({"hard": {"requests.cpu": "1", "limits.memory": "2Gi"}})),
        ("scoped", json!({"hard": {"pods": "0"}, "scopeSelector": {"matchExpressions": class}})),
        ("idle", json!({"hard": {"pods": "0"}, "scopes": ["BestEffort"]})),
        ("halted", json!({"hard": {"pods": "2"}})),
        ("moving", json!({"hard": {"pods": "2"}})),
    ] {
        create(api, &quota(namespace, &spec));
    }
    for (namespace, limits) in [
        (
            "bounded",
            json!([{"type": "Container", "min": {"cpu": "100m"},
            "max": {"cpu": "2", "memory": "1Gi"}, "default": {"cpu": "400m"},
            "defaultRequest": {"cpu": "200m", "memory": "64Mi"},
            "maxLimitRequestRatio": {"cpu": "4"}}]),
        ),
        ("whole", json!([{"type": "Pod", "max": {"memory": "1Gi"}, "min": {"cpu": "200m"}}])),
        (
            "both",
            json!([{"type": "Container", "default": {"memory": "1Gi"},
            "defaultRequest": {"cpu": "750m"}}]),
        ),
    ] {
        create(api, &limit_range(namespace, &limits));
    }
    let mut there = pod("tight", &[cpu("1")], &json!({}));
    there["metadata"]["name"] = "there".into();
    wait_for(PATIENCE, "the quota is counted", || {
        api.create(&there).map(|_| ()).map_err(|refusal| refusal.to_string())
    });
    for (namespace, unavailable) in [("halted", 0), ("moving", 1)] {
        create(api, &deployment(namespace, unavailable));
    }
    for (namespace, used) in
        [("tight", "1"), ("scoped", "0"), ("idle", "0"), ("halted", "2"), ("moving", "2")]
    {
        wait_for(PATIENCE, &format!("{used} pods are counted in {namespace}"), || {
            let target = Target::new("v1", "ResourceQuota", namespace, "q");
            let found = api.get(&target).map_err(|refusal| refusal.to_string())?.object;
            let counted = found["status"]["used"]["pods"] == *used;
            if counted { Ok(()) } else { Err(found["status"].to_string()) }
        });
    }
    wait_for(PATIENCE, "the rules of both are known", || {
        let probe = pod("both", &[json!({})], &json!({}));
        api.dry_run().create(&probe).map(|_| ()).map_err(|refusal| refusal.to_string())
    });
}

/// Two pods that no node takes.
fn deployment(namespace: &str, unavailable: u32) -> Value {
    let pods = pod(namespace, &[json!({})], &json!({}));
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": unavailable}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": pods["spec"]}}})
}

/// New pods, and of what the refusal is if there is one.
fn cases() -> Vec<(&'static str, Value)> {
    let none = json!({});
    let gib = |limit: &str| json!({"limits": {"memory": limit}});
    let class = |name: &str| json!({"priorityClassName": name});
    vec![
        ("", pod("tight", &[cpu("1")], &none)),
        ("exceeded", pod("tight", &[cpu("1500m")], &none)),
        ("exceeded", pod("tight", &[cpu("600m"), cpu("600m")], &none)),
        ("unspecified", pod("tight", &[cpu("100m"), json!({})], &none)),
        ("exceeded", pod("tight", &[cpu("0")], &json!({"resources": {"requests": {"cpu": "2"}}}))),
        ("", pod("bounded", &[json!({})], &none)),
        ("", pod("bounded", &[gib("512Mi")], &none)),
        ("range", pod("bounded", &[json!({"limits": {"cpu": "3"}})], &none)),
        ("range", pod("bounded", &[cpu("50m")], &none)),
        (
            "range",
            pod("bounded", &[json!({"requests": {"cpu": "100m"}, "limits": {"cpu": "1"}})], &none),
        ),
        ("range", pod("bounded", &[json!({"limits": {"cpu": "3", "memory": "2Gi"}})], &none)),
        (
            "range",
            pod(
                "bounded",
                &[json!({})],
                &json!({"initContainers": [{"name": "i",
            "image": "registry.invalid/none", "resources": gib("2Gi")}]}),
            ),
        ),
        ("range", pod("whole", &[gib("600Mi"), gib("600Mi")], &none)),
        ("", pod("whole", &[json!({"limits": {"cpu": "200m", "memory": "1Gi"}})], &none)),
        ("", pod("both", &[json!({})], &none)),
        ("exceeded", pod("both", &[json!({}), json!({})], &none)),
        ("exceeded", pod("both", &[gib("3Gi")], &none)),
        ("exceeded", pod("scoped", &[json!({})], &class("interactive"))),
        ("", pod("scoped", &[json!({})], &class("patient"))),
        ("exceeded", pod("idle", &[json!({})], &none)),
        ("", pod("idle", &[cpu("1")], &none)),
        ("", pod("free", &[json!({})], &class("interactive"))),
        ("", pod("free", &[json!({})], &class("system-node-critical"))),
        ("class", pod("free", &[json!({})], &class("interactiv"))),
        (
            "class",
            pod("free", &[json!({})], &json!({"priorityClassName": "patient", "priority": 7})),
        ),
        ("class", pod("free", &[json!({})], &json!({"preemptionPolicy": "Never"}))),
    ]
}

fn snapshot(api: &Api) -> Cluster {
    let mut inventory = Inventory::default();
    for (api_version, kind) in DUMPED {
        let found = api.list(api_version, kind, "", "").unwrap_or_else(|why| panic!("{why}"));
        for mut item in found {
            item["kind"] = (*kind).into();
            add(&mut inventory, &item.to_string()).expect("an object that can be read");
        }
    }
    Cluster {
        inventory,
        semantics: Semantics::of_minor(37),
        name: "dump.json".into(),
        closed: false,
        schedulers: None,
        counts: Counts::default(),
    }
}

fn judged(cluster: &Cluster, value: &Value) -> Stored {
    let mut object = read::object(value, &Words::default()).expect("an object");
    read::keep_written(&mut object, value);
    let template = object.templates.first().expect("a template");
    next_pod(cluster, &object, template, &template.spec)
        .unwrap_or_else(|why| panic!("{why:?}: {value:#}"))
}

/// What is refused, the first plugin first: the words of a refusal, in any order.
fn predicted(stored: &Stored) -> BTreeSet<String> {
    if let Some(refused) = &stored.priority {
        return [match refused {
            Prioritised::NoSuchClass(name) => format!("class {name}"),
            _ => "class".to_owned(),
        }]
        .into();
    }
    if !stored.out_of_range.is_empty() {
        return stored.out_of_range.iter().map(range).collect();
    }
    let unspecified = stored.over_quota.iter().filter_map(|refusal| match refusal {
        OverQuota::Unspecified { quota, resource, .. } => {
            Some(format!("unspecified {} {resource}", quota.1))
        }
        OverQuota::Exceeded(_) => None,
    });
    let unspecified: BTreeSet<String> = unspecified.collect();
    let exceeded =
        stored.exceeded().map(|one| format!("exceeded {} {}", one.quota.1, one.resource));
    if unspecified.is_empty() { exceeded.collect() } else { unspecified }
}

fn range(one: &OutOfRange) -> String {
    let subject = match one.subject {
        Subject::Container { .. } => "Container",
        Subject::Pod => "Pod",
        Subject::PersistentVolumeClaim => "PersistentVolumeClaim",
    };
    let bound = match one.bound {
        Bound::RequestBelow(..) | Bound::LimitBelow(..) => "minimum",
        Bound::LimitAbove(..) | Bound::RequestAbove(..) => "maximum",
        Bound::Ratio { .. } => "ratio",
    };
    format!("range {bound} {} {subject}", one.resource)
}

/// The same of the API server's message.
fn told(message: &str) -> BTreeSet<String> {
    let after = |text: &'static str| message.split_once(text).map(|(_, rest)| rest);
    if let Some(rest) = after("no PriorityClass with name ") {
        return [format!("class {}", rest.split(' ').next().unwrap_or_default())].into();
    }
    if message.contains("priority admission controller computed") {
        return ["class".to_owned()].into();
    }
    if let Some(rest) = after("exceeded quota: ") {
        let (name, rest) = rest.split_once(", requested: ").expect("what is requested");
        let (requested, _) = rest.split_once(", used: ").expect("what is used");
        let resource = |pair: &str| pair.split('=').next().unwrap_or_default().to_owned();
        return requested
            .split(',')
            .map(|it| format!("exceeded {name} {}", resource(it)))
            .collect();
    }
    if let Some(rest) = after("failed quota: ") {
        let (name, rest) = rest.split_once(": must specify ").expect("what is to be specified");
        let resource = |one: &str| one.split(" for: ").next().unwrap_or_default().to_owned();
        return rest.split("; ").map(|it| format!("unspecified {name} {}", resource(it))).collect();
    }
    let (_, list) = message.split_once(" is forbidden: ").expect("a refusal");
    let bound = |text: &str| {
        let words: Vec<&str> = text.trim_matches(['[', ']']).split(' ').collect();
        match words.as_slice() {
            [bound @ ("minimum" | "maximum"), resource, "usage", "per", kind, ..] => {
                Some(format!("range {bound} {resource} {kind}"))
            }
            [resource, "max", "limit", "to", "request", "ratio", "per", kind, ..] => {
                Some(format!("range ratio {resource} {kind}"))
            }
            _ => None,
        }
    };
    list.split(", ").filter_map(bound).collect()
}

/// What differs between a pod as it was stored and as the engine says.
fn differences(ours: &Pod, stored: &Value) -> Vec<String> {
    let read: WrittenPod = serde_json::from_value(stored.clone()).expect("a pod");
    let theirs = read.read();
    let mut found = Vec::new();
    let same = |ours: &Amounts, theirs: &Amounts| {
        let equal = |(one, other): ((&String, &Quantity), (&String, &Quantity))| {
            one.0 == other.0 && one.1.compare(*other.1).is_eq()
        };
        ours.len() == theirs.len() && ours.iter().zip(theirs).all(equal)
    };
    let all = |pod: &Pod| [&pod.init_containers[..], &pod.containers[..]].concat();
    for (ours, theirs) in all(ours).iter().zip(&all(&theirs)) {
        if !same(&ours.requests, &theirs.requests) || !same(&ours.limits, &theirs.limits) {
            found.push(format!("{}: {:?} {:?}", ours.name, ours.requests, ours.limits));
        }
    }
    if (ours.priority, &ours.priority_class, ours.never_preempts)
        != (theirs.priority, &theirs.priority_class, theirs.never_preempts)
    {
        found.push(format!("priority {} {}", ours.priority, ours.priority_class));
    }
    if stored["status"]["qosClass"] != *quality_of_service(ours).name() {
        found.push(format!("QoS {}", quality_of_service(ours).name()));
    }
    found
}

fn new_pods(api: &Api) {
    let cluster = snapshot(api);
    let (mut admitted, mut wrong) = (0, Vec::new());
    for (kind, pod) in cases() {
        let ours = judged(&cluster, &pod);
        let refusals = predicted(&ours);
        assert_eq!(ours.is_refused(), !refusals.is_empty(), "{pod:#}");
        let as_meant = match refusals.first() {
            Some(first) => first.split(' ').next() == Some(kind),
            None => kind.is_empty(),
        };
        match api.dry_run().create(&pod) {
            Ok(answer) => {
                admitted += 1;
                let differs = differences(&ours.pod, &answer.object);
                if !as_meant || !refusals.is_empty() || !differs.is_empty() {
                    wrong.push(format!("admitted, we: {refusals:?} {differs:?}\n{pod}"));
                }
            }
            Err(refusal) => {
                let theirs = told(&refusal.message);
                if !as_meant || theirs.is_empty() || refusals != theirs {
                    wrong.push(format!(
                        "{}\n  we: {refusals:?}, {theirs:?}\n{pod}",
                        refusal.message
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert_eq!((admitted, cases().len()), (9, 26));
}

/// An update that may miss no pod cannot begin under a full quota; one that may, does.
fn updates(api: &Api) {
    let cluster = snapshot(api);
    for (namespace, unavailable, stops) in [("halted", 0, true), ("moving", 1, false)] {
        let mut next = deployment(namespace, unavailable);
        next["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.invalid/next".into();
        let ours = judged(&cluster, &next);
        assert_eq!((ours.stuck.len(), ours.is_refused()), (usize::from(stops), stops), "{ours:?}");
        let target = Target::of(&next);
        let patched = api.patch(&target, Patch::Merge, &json!({"spec": next["spec"]}));
        patched.unwrap_or_else(|why| panic!("{why}"));
        let of_image = |image: &str| -> usize {
            let pods = api.list("v1", "Pod", namespace, "").unwrap_or_else(|why| panic!("{why}"));
            pods.iter().filter(|pod| pod["spec"]["containers"][0]["image"] == *image).count()
        };
        wait_for(PATIENCE, &format!("the update in {namespace} begins or fails"), || {
            let found = api.get(&target).map_err(|why| why.to_string())?.object;
            let conditions = found["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let failure = conditions.iter().find(|one| one["type"] == "ReplicaFailure");
            let message = failure.map(|one| one["message"].to_string()).unwrap_or_default();
            let seen = match stops {
                true => message.contains("exceeded quota: q"),
                false => of_image("registry.invalid/next") > 0,
            };
            if seen { Ok(()) } else { Err(found["status"].to_string()) }
        });
        if stops {
            let found = (of_image("registry.invalid/none"), of_image("registry.invalid/next"));
            assert_eq!(found, (2, 0));
        }
    }
}

#[test]
fn new_pods_are_stored_and_refused_as_foreseen() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    set(plane.api());
    new_pods(plane.api());
    updates(plane.api());
}
