use placecard_language::checked::Words;
use placecard_language::coordination::check::check;
use placecard_language::coordination::sentence;
use placecard_language::keys;
use serde_json::{Value, json};

use super::*;
use crate::read;

fn group(name: &str, roles: &[(&str, Value)]) -> Group {
    let names: Vec<&str> = roles.iter().map(|(name, _)| *name).collect();
    let ratios: Value = names.iter().map(|name| ((*name).to_owned(), json!(2))).collect();
    let roles: Vec<Value> = roles
        .iter()
        .map(|(name, source)| {
            let mut role = source.clone();
            role["name"] = json!(name);
            role
        })
        .collect();
    let (group, problems) = check(&json!({
        "apiVersion": keys::API_VERSION, "kind": keys::COORDINATION_KIND,
        "metadata": {"name": name, "namespace": "ml"},
        "spec": {"roles": roles, "coordination": [{"name": "batches", "type": "AffinityScheduling",
            "roles": names, "strategy": {"affinityScheduling": {"ratios": ratios}}}]},
    }));
    assert_eq!(problems, []);
    group.unwrap()
}

fn workload(api_version: &str, kind: &str, name: &str) -> Value {
    json!({"workloadRef": {"apiVersion": api_version, "kind": kind, "name": name}})
}

fn of_group(api_version: &str, kind: &str, name: &str, role: &str) -> Value {
    let mut source = json!({"groupRef": {"apiVersion": api_version, "kind": kind, "name": name}});
    if !role.is_empty() {
        source["role"] = json!(role);
    }
    source
}

fn pod(labels: &Value, owner: (&str, &str, &str), coordinate: &str) -> Value {
    let (api_version, kind, name) = owner;
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p",
        "namespace": "ml", "labels": labels, "ownerReferences": [{"apiVersion": api_version,
            "kind": kind, "name": name, "uid": "u", "controller": true}]}, "spec": {}});
    if !coordinate.is_empty() {
        pod["metadata"]["annotations"] = json!({keys::COORDINATE: coordinate});
    }
    pod
}

fn place(value: &Value, groups: &[Group]) -> String {
    let words = Words::default();
    let object = read::object(value, &words).unwrap();
    let template = &object.templates[0];
    let coordinate = template.annotations.get(keys::COORDINATE);
    let coordinate = coordinate.and_then(|text| sentence::read(text, &words).0);
    let subject = Subject {
        namespace: "ml",
        labels: &template.labels,
        coordinate: coordinate.as_ref(),
        object: &object,
    };
    match membership(&subject, groups) {
        Membership::Member(one) => {
            assert_eq!(one.id, id("ml", &one.group, &one.coordination));
            format!("{} {} {} {:?}", one.group, one.role, one.ratio, one.by)
        }
        Membership::None => "nothing".to_owned(),
        Membership::Unknown { name } => format!("{name}?"),
        Membership::NoRole { name } => format!("no role in {name}"),
        Membership::Ambiguous { first, second } => format!("{first} or {second}"),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn pods_are_members_by_annotation_owner_or_labels() {
    let groups = [
        group(
            "web",
            &[
                ("front", workload("apps/v1", "Deployment", "front")),
                ("back", workload("apps/v1", "StatefulSet", "back")),
            ],
        ),
        group(
            "llm",
            &[
                ("p", of_group("workloads.x-k8s.io/v1alpha2", "RoleBasedGroup", "g", "prefill")),
                ("l", of_group("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "lws", "")),
                ("j", of_group("jobset.x-k8s.io/v1alpha2", "JobSet", "set", "workers")),
                ("d", of_group("disaggregatedset.x-k8s.io/v1", "DisaggregatedSet", "ds", "decode")),
            ],
        ),
        group(
            "twice",
            &[("l", of_group("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "two", ""))],
        ),
        group(
            "thrice",
            &[("l", of_group("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "two", ""))],
        ),
    ];
    let front = ("apps/v1", "ReplicaSet", "front-5d4f");
    let hash = json!({"pod-template-hash": "5d4f"});
    let back = ("apps/v1", "StatefulSet", "back");
    let none = json!({});
    let rbg = "rbg.workloads.x-k8s.io";
    for (labels, owner, coordinate, expected) in [
        (hash.clone(), front, "web", "web front 2 Annotation"),
        (none.clone(), back, "web", "web back 2 Annotation"),
        (none.clone(), back, "", "web back 2 Owner"),
        (none.clone(), front, "web", "no role in web"),
        (none.clone(), ("apps.kruise.io/v1", "StatefulSet", "back"), "", "nothing"),
        (none.clone(), ("apps/v1", "StatefulSet", "other"), "web", "no role in web"),
        (none.clone(), back, "wep", "wep?"),
        (none.clone(), back, "wep role x ratio 3", "wep x 3 Annotation"),
        (none.clone(), ("apps/v1", "StatefulSet", "other"), "", "nothing"),
        (
            json!({format!("{rbg}/group-name"): "g", format!("{rbg}/role-name"): "prefill"}),
            ("x/v1", "RoleInstance", "i"),
            "",
            "llm p 2 GroupLabels",
        ),
        (
            json!({format!("{rbg}/group-name"): "g", format!("{rbg}/role-name"): "decode"}),
            ("x/v1", "RoleInstance", "i"),
            "",
            "nothing",
        ),
        (
            json!({format!("{rbg}/group-name"): "h", format!("{rbg}/role-name"): "prefill"}),
            ("x/v1", "RoleInstance", "i"),
            "",
            "nothing",
        ),
        (
            json!({LEADER_WORKER_SET: "lws"}),
            ("apps/v1", "StatefulSet", "lws"),
            "",
            "llm l 2 GroupLabels",
        ),
        (
            json!({"jobset.sigs.k8s.io/jobset-name": "set",
            "jobset.sigs.k8s.io/replicatedjob-name": "workers"}),
            ("batch/v1", "Job", "x"),
            "",
            "llm j 2 GroupLabels",
        ),
        (
            json!({"disaggregatedset.x-k8s.io/name": "ds", "disaggregatedset.x-k8s.io/role": "decode",
            LEADER_WORKER_SET: "ds-decode"}),
            ("apps/v1", "StatefulSet", "x"),
            "",
            "llm d 2 GroupLabels",
        ),
        (
            json!({LEADER_WORKER_SET: "two"}),
            ("apps/v1", "StatefulSet", "two"),
            "",
            "twice or thrice",
        ),
        (
            json!({LEADER_WORKER_SET: "two"}),
            ("apps/v1", "StatefulSet", "two"),
            "thrice",
            "thrice l 2 Annotation",
        ),
    ] {
        let pod = pod(&labels, owner, coordinate);
        assert_eq!(place(&pod, &groups), expected, "{pod}");
    }
}

#[test]
fn a_template_is_a_member_by_its_workload() {
    let groups = [group("web", &[("front", workload("apps/v1", "Deployment", "front"))])];
    let mut deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "front", "namespace": "ml"},
        "spec": {"selector": {}, "template": {"metadata": {"annotations": {}}, "spec": {}}}});
    assert_eq!(place(&deployment, &groups), "web front 2 Owner");
    deployment["metadata"]["name"] = json!("back");
    assert_eq!(place(&deployment, &groups), "nothing");
}

#[test]
fn ids_fit_into_a_label_and_differ() {
    let one = id("ml", "llm", "prefill-decode");
    assert_eq!(one.len(), ID);
    assert!(one.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b)), "{one}");
    for other in
        [("ml2", "llm", "prefill-decode"), ("ml", "l", "prefill-decode"), ("ml", "llm", "x")]
    {
        assert_ne!(one, id(other.0, other.1, other.2));
    }
    // RFC 4648, section 10, in lower case and without padding.
    for (bytes, expected) in [("", ""), ("f", "m"), ("fo", "mzx"), ("foobar", "mzxw6ytb")] {
        assert!(base32(bytes.as_bytes()).starts_with(expected), "{bytes}");
    }
}

#[test]
fn only_pods_of_groups_are_worth_a_question() {
    let labels = Map::from([(LEADER_WORKER_SET.to_owned(), "x".to_owned())]);
    assert_eq!(group_of(&labels), Some((LEADER_WORKER_SET, "x")));
    assert_eq!(group_of(&Map::from([("app".to_owned(), "x".to_owned())])), None);
}
