//! Pods of other controllers' groups, on which nothing of ours stands: whose coordination they are
//! in, what is written, and when they are left alone.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod admitted;

use std::sync::Arc;

use placecard_findings::ObjectRef;
use placecard_policies::admission::{Admission, Door};
use placecard_policies::coordination::roster::Roster;
use placecard_policies::language::keys;
use placecard_policies::surroundings::{Answer, Reference, Surroundings, Workload};
use placecard_policies::{read, review};
use serde_json::{Value, json};

use admitted::{ask, stored};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// A coordination of these roles: name of the role, its groupRef, and the role inside.
fn coordination(name: &str, roles: &[(&str, &Value, Option<&str>)]) -> Value {
    let role = |(name, group, inside): &(&str, &Value, Option<&str>)| {
        let mut role = json!({"name": name, "groupRef": group});
        if let Some(inside) = inside {
            role["role"] = json!(inside);
        }
        role
    };
    let names: Vec<&str> = roles.iter().map(|(name, ..)| *name).collect();
    let ratios: Value = names.iter().map(|name| ((*name).to_owned(), json!(2))).collect();
    json!({
        "apiVersion": keys::API_VERSION, "kind": keys::COORDINATION_KIND,
        "metadata": {"name": name, "namespace": "ml"},
        "spec": {
            "roles": roles.iter().map(role).collect::<Vec<_>>(),
            "coordination": [{"name": "pd", "type": "AffinityScheduling", "roles": names,
                "strategy": {"affinityScheduling": {"batchMode": "Parallel", "ratios": ratios}}}],
        },
    })
}

fn group(api_version: &str, kind: &str, name: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "name": name})
}

fn role_based() -> Value {
    group("workloads.x-k8s.io/v1alpha1", "RoleBasedGroup", "llm")
}

fn namespace() -> Reference {
    Reference::Coordinations { namespace: "ml".to_owned() }
}

fn around(coordinations: &[Value]) -> Surroundings {
    let mut roster = Roster::default();
    for one in coordinations {
        roster.put(one, "ml");
    }
    let mut surroundings = Surroundings::default();
    surroundings.objects.insert(namespace(), Answer::Coordinations(Arc::new(roster)));
    surroundings
}

fn pod(name: &str, labels: &Value, owner: (&str, &str)) -> Value {
    let (kind, owner) = owner;
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "ml", "labels": labels,
            "ownerReferences": [{"apiVersion": "x.example.com/v1", "kind": kind, "name": owner,
                "uid": "u", "controller": true}]},
        "spec": {"containers": [{"name": "c", "image": "i"}]}})
}

/// A pod of a stateful role of a RoleBasedGroup.
fn prefill(index: u32) -> Value {
    let name = format!("llm-prefill-{index}");
    let labels = json!({"rbg.workloads.x-k8s.io/group-name": "llm",
        "rbg.workloads.x-k8s.io/role-name": "prefill",
        "rbg.workloads.x-k8s.io/role-instance-index": index.to_string()});
    pod(&name, &labels, ("RoleInstance", &name))
}

/// The pod as it is stored; it is not changed a second time, and passes.
#[track_caller]
fn written(value: &Value, surroundings: &Surroundings) -> Value {
    let (stored, warnings) = stored(value, surroundings);
    assert_eq!(warnings, Vec::<String>::new(), "{stored}");
    stored
}

/// Nothing is written, told or refused, at either door.
#[track_caller]
fn left_alone(value: &Value, surroundings: &Surroundings) {
    for door in [Door::Mutate, Door::Validate] {
        assert_eq!(ask(door, value, surroundings), Admission::default(), "{value}");
    }
}

#[track_caller]
fn refused(value: &Value, surroundings: &Surroundings) -> (String, bool) {
    let denial = ask(Door::Mutate, value, surroundings).denial.expect("a refusal");
    let last = ask(Door::Validate, value, surroundings).denial.expect("a refusal");
    assert_eq!((&last.message, last.retryable), (&denial.message, denial.retryable));
    (denial.message, denial.retryable)
}

fn batch(stored: &Value) -> &str {
    stored["metadata"]["labels"][keys::BATCH].as_str().unwrap_or("none")
}

#[test]
fn pods_of_every_kind_of_group_find_their_batch() {
    let leader_worker = group("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "llm");
    let job_set = group("jobset.x-k8s.io/v1alpha2", "JobSet", "train");
    let disaggregated = group("disaggregatedset.x-k8s.io/v1", "DisaggregatedSet", "pd");
    let surroundings = around(&[
        coordination("a", &[("prefill", &role_based(), Some("prefill"))]),
        coordination("b", &[("leaders", &leader_worker, None)]),
        coordination("c", &[("workers", &job_set, Some("workers"))]),
        coordination("d", &[("decode", &disaggregated, Some("decode"))]),
    ]);
    let leader = json!({"leaderworkerset.sigs.k8s.io/name": "llm",
        "leaderworkerset.sigs.k8s.io/worker-index": "0", "apps.kubernetes.io/pod-index": "3"});
    let worker = json!({"leaderworkerset.sigs.k8s.io/name": "llm",
        "leaderworkerset.sigs.k8s.io/group-index": "3", "apps.kubernetes.io/pod-index": "1"});
    let job = json!({"jobset.sigs.k8s.io/jobset-name": "train",
        "jobset.sigs.k8s.io/replicatedjob-name": "workers", "jobset.sigs.k8s.io/job-index": "5",
        "batch.kubernetes.io/job-completion-index": "0"});
    let slice = json!({"disaggregatedset.x-k8s.io/name": "pd",
        "disaggregatedset.x-k8s.io/role": "decode", "disaggregatedset.x-k8s.io/slice": "1",
        "leaderworkerset.sigs.k8s.io/name": "pd-1-decode",
        "leaderworkerset.sigs.k8s.io/worker-index": "0", "apps.kubernetes.io/pod-index": "0"});
    for (value, expected) in [
        (prefill(0), "0"),
        (prefill(5), "2"),
        (pod("llm-3", &leader, ("StatefulSet", "llm")), "1"),
        (pod("llm-3-1", &worker, ("StatefulSet", "llm-3")), "1"),
        (pod("train-workers-5-0-x", &job, ("Job", "train-workers-5")), "2"),
        (pod("pd-1-decode-0", &slice, ("StatefulSet", "pd-1-decode")), "0"),
    ] {
        let stored = written(&value, &surroundings);
        assert_eq!(batch(&stored), expected, "{value}");
        let terms = &stored["spec"]["affinity"]["podAffinity"][REQUIRED];
        assert_eq!(terms.as_array().map(Vec::len), Some(1), "{stored}");
        assert!(stored["metadata"]["annotations"][keys::APPLIED].is_string());
    }
    // Both roles of one coordination have one id, other coordinations others.
    let id = |value: &Value| {
        let stored = written(value, &surroundings);
        stored["metadata"]["labels"][keys::COORDINATION].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(id(&prefill(0)), id(&prefill(4)));
    assert_ne!(id(&prefill(0)), id(&pod("llm-3", &leader, ("StatefulSet", "llm"))));
}

/// The pods that real controllers of groups made, as they came to a webhook that
/// was asked before theirs, and to one that was asked after it.
fn recorded() -> Vec<(Value, Value)> {
    let record: Value =
        serde_json::from_str(include_str!("admitted/group-pods.json")).expect("JSON");
    let pods = record["pods"].as_array().expect("pods");
    let pair = |one: &Value| {
        let mut owner = one["owner"].clone();
        owner["controller"] = json!(true);
        owner["uid"] = json!("u");
        let mut metadata = json!({"namespace": "ml", "generateName": one["generateName"],
            "labels": one["labels"], "annotations": one["annotations"],
            "ownerReferences": [owner]});
        if one["name"] != "" {
            metadata["name"] = one["name"].clone();
        }
        let first = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
            "spec": {"containers": [{"name": "c", "image": "i"}]}});
        let mut last = first.clone();
        for field in ["labels", "annotations"] {
            for (key, value) in one["added"][field].as_object().expect("a mapping") {
                last["metadata"][field][key] = value.clone();
            }
        }
        (first, last)
    };
    pods.iter().map(pair).collect()
}

#[test]
fn pods_as_they_were_recorded_are_in_the_batch_of_their_group_or_job() {
    let set = |name| group("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", name);
    let train = group("jobset.x-k8s.io/v1alpha2", "JobSet", "train");
    let pd = group("disaggregatedset.x-k8s.io/v1", "DisaggregatedSet", "pd");
    let mut all = [
        coordination("c", &[("p", &pd, Some("prefill")), ("d", &pd, Some("decode"))]),
        coordination("a", &[("leaders", &set("llm"), None), ("others", &set("sub"), None)]),
        coordination("b", &[("driver", &train, Some("driver")), ("w", &train, Some("workers"))]),
    ];
    for one in &mut all {
        let affinity = &mut one["spec"]["coordination"][0]["strategy"]["affinityScheduling"];
        for (_, ratio) in affinity["ratios"].as_object_mut().expect("ratios") {
            *ratio = json!(1);
        }
    }
    let surroundings = around(&all);
    let mut seen = Vec::new();
    for (first, last) in recorded() {
        let metadata = &first["metadata"];
        // SET-GROUP, SET-GROUP-WORKER and SET-JOB-INDEX-POD-; without slices all pods are one.
        let disaggregated = metadata["labels"]["disaggregatedset.x-k8s.io/role"].is_string();
        let part = match metadata["name"].as_str() {
            Some(_) if disaggregated => Some("0"),
            Some(name) => name.split('-').nth(1),
            None => metadata["generateName"].as_str().and_then(|name| name.split('-').nth(2)),
        };
        let expected = part.expect("a number").to_owned();
        for pod in [&first, &last] {
            assert_eq!(batch(&written(pod, &surroundings)), expected, "{pod}");
        }
        seen.push(expected);
    }
    assert_eq!((seen.len(), seen.iter().filter(|one| *one == "1").count()), (17, 5));
}

#[test]
fn what_nobody_refers_to_is_left_alone() {
    let other = group("workloads.x-k8s.io/v1alpha1", "RoleBasedGroup", "other");
    let of_other = coordination("a", &[("prefill", &other, Some("prefill"))]);
    left_alone(&prefill(0), &around(std::slice::from_ref(&of_other)));
    left_alone(&prefill(0), &around(&[]));
    let other_role = coordination("a", &[("decode", &role_based(), Some("decode"))]);
    left_alone(&prefill(0), &around(&[other_role]));
    // A coordination of another namespace.
    let mut elsewhere = coordination("a", &[("prefill", &role_based(), Some("prefill"))]);
    elsewhere["metadata"]["namespace"] = json!("other");
    left_alone(&prefill(0), &around(&[elsewhere]));
    // A RoleCoordination that only paces rollouts.
    let mut rolling = coordination("a", &[("prefill", &role_based(), Some("prefill"))]);
    rolling["spec"]["coordination"][0] = json!({"name": "pace", "type": "RollingUpdate",
        "roles": ["prefill"], "strategy": {"rollingUpdate": {"maxSkew": "1%"}}});
    left_alone(&prefill(0), &around(&[rolling]));
    // A server that does not have the resource, and a door that knows of none.
    let mut without = Surroundings::default();
    left_alone(&prefill(0), &without);
    without.objects.insert(namespace(), Answer::Absent);
    left_alone(&prefill(0), &without);
    // Pods of no group are not asked about.
    let mut plain = prefill(0);
    plain["metadata"]["labels"] = json!({"app": "web"});
    let object = read::object(&plain, &without.words).expect("a pod");
    assert!(review::references(&object, &without).iter().all(|one| *one != namespace()));
    let object = read::object(&prefill(0), &without.words).expect("a pod");
    let inside = Reference::InGroup { namespace: "ml".to_owned(), name: "llm".to_owned() };
    assert_eq!(review::references(&object, &without), [namespace(), inside], "and no more");
}

#[test]
fn what_is_not_known_is_tried_again() {
    let mut unread = Surroundings::default();
    unread.objects.insert(namespace(), Answer::Unreachable);
    let (message, retryable) = refused(&prefill(0), &unread);
    assert!(retryable && message.contains("RoleCoordinations of ml"), "{message}");
    let denial = ask(Door::Mutate, &prefill(0), &unread).denial.expect("a refusal");
    let fields: Vec<&str> = denial.causes.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["metadata.labels[rbg.workloads.x-k8s.io/group-name]"]);
    // One that cannot be read, and that names the group all the same.
    let mut broken = coordination("a", &[("prefill", &role_based(), Some("prefill"))]);
    broken["spec"]["coordination"][0]["strategy"]["affinityScheduling"]["ratios"] = json!({});
    let (message, retryable) = refused(&prefill(0), &around(std::slice::from_ref(&broken)));
    assert!(retryable && message.contains("RoleCoordination ml/a"), "{message}");
    let mut other = prefill(0);
    other["metadata"]["labels"]["rbg.workloads.x-k8s.io/group-name"] = json!("other");
    left_alone(&other, &around(&[broken]));
    // In a gated coordination nobody is seen who would open the gate.
    let mut gated = coordination("a", &[("prefill", &role_based(), Some("prefill"))]);
    gated["spec"]["coordination"][0]["strategy"]["affinityScheduling"]["placement"] =
        json!("gated");
    let mut surroundings = around(&[gated]);
    let (message, retryable) = refused(&prefill(0), &surroundings);
    assert!(retryable && message.contains("no controller is seen"), "{message}");
    surroundings.coordinating.controller = true;
    // A batch is whole with all pods of its replicas, and the group alone says how many those are.
    let crew = crew("v1alpha1");
    let object = read::object(&prefill(2), &surroundings.words).expect("a pod");
    assert!(review::references(&object, &surroundings).contains(&crew));
    let (message, retryable) = refused(&prefill(2), &surroundings);
    assert!(retryable && message.contains("RoleBasedGroup ml/llm"), "{message}");
    let of_size = |size: u32| {
        let pattern = json!({"size": size, "template": {"spec": {"containers": []}}});
        let written = json!({"apiVersion": "workloads.x-k8s.io/v1alpha2",
            "kind": "RoleBasedGroup", "metadata": {"name": "llm", "namespace": "ml"},
            "spec": {"roles": [{"name": "prefill", "leaderWorkerPattern": pattern}]}});
        Answer::Workload(Box::new(Workload { written, is_reviewed: false }))
    };
    surroundings.objects.insert(crew.clone(), of_size(3));
    let stored = written(&prefill(2), &surroundings);
    assert_eq!(stored["metadata"]["labels"][keys::REPLICA_PODS], "3");
    surroundings.objects.insert(crew, of_size(1));
    let stored = written(&prefill(2), &surroundings);
    assert!(stored["metadata"]["labels"][keys::REPLICA_PODS].is_null());
    assert_eq!(stored["spec"]["schedulingGates"], json!([{"name": keys::BATCH_GATE}]));
    assert_eq!(batch(&stored), "1");
}

#[test]
fn two_coordinations_and_pods_without_ordinal_are_refused() {
    let roles = [("prefill", &role_based(), Some("prefill"))];
    let twice = around(&[coordination("a", &roles), coordination("b", &roles)]);
    let (message, retryable) = refused(&prefill(0), &twice);
    assert!(!retryable && message.contains("role-placed-twice"), "{message}");
    let once = around(&[coordination("a", &roles)]);
    let mut stateless = prefill(0);
    let labels = stateless["metadata"]["labels"].as_object_mut().expect("labels");
    labels.remove("rbg.workloads.x-k8s.io/role-instance-index");
    let (message, retryable) = refused(&stateless, &once);
    assert!(!retryable && message.contains("no-ordinal"), "{message}");
    stateless["metadata"]["labels"][keys::BATCH] = json!("4");
    assert_eq!(batch(&written(&stateless, &once)), "4");
    // The annotation counts before the labels.
    let mut said = prefill(0);
    said["metadata"]["annotations"] =
        json!({keys::COORDINATE: "own role prefill ratio 1 parallel"});
    let mut stored = written(&said, &once);
    assert_eq!(batch(&stored), "0");
    said["metadata"]["annotations"] = json!({keys::COORDINATE: "own role prefill"});
    stored["metadata"]["annotations"] = json!({});
    let (message, _) = refused(&said, &once);
    assert!(message.contains("placecard.dev/coordinate"), "{message}");
}

#[test]
fn an_admitted_pod_keeps_what_another_webhook_wrote() {
    let surroundings = around(&[coordination("a", &[("prefill", &role_based(), Some("prefill"))])]);
    let mut value = prefill(3);
    let own = json!({"podAntiAffinity": {REQUIRED: [{"topologyKey": "kubernetes.io/hostname",
        "labelSelector": {"matchLabels": {"app": "noisy"}}}]}});
    value["spec"]["affinity"] = own.clone();
    let stored = written(&value, &surroundings);
    let kept = &stored["spec"]["affinity"]["podAntiAffinity"][REQUIRED];
    assert_eq!(*kept, own["podAntiAffinity"][REQUIRED]);
    // What is taken away afterwards is seen.
    let mut stripped = stored;
    stripped["spec"]["affinity"] = own;
    let denial = ask(Door::Validate, &stripped, &surroundings).denial.expect("a refusal");
    assert!(denial.retryable && denial.message.contains("not-applied"), "{}", denial.message);
}

/// A RoleBasedGroup with coordinations inside.
fn with_inside(coordination: &Value) -> Value {
    json!({"apiVersion": "workloads.x-k8s.io/v1alpha1", "kind": "RoleBasedGroup",
        "metadata": {"name": "llm", "namespace": "ml"},
        "spec": {"coordination": [coordination], "roles": [
            {"name": "prefill", "replicas": 6}, {"name": "decode", "replicas": 3}]}})
}

fn batches(mode: &str) -> Value {
    json!({"name": "pd", "type": "AffinityScheduling", "roles": ["prefill", "decode"],
        "strategy": {"affinityScheduling": {"ratios": {"prefill": 2, "decode": 1},
            "batchMode": mode}}})
}

/// The group, in a version of its API.
fn crew(version: &str) -> Reference {
    let object = ObjectRef {
        api_version: format!("workloads.x-k8s.io/{version}"),
        kind: "RoleBasedGroup".to_owned(),
        namespace: "ml".to_owned(),
        name: "llm".to_owned(),
    };
    Reference::Workload { object: Box::new(object) }
}

/// What the group says of its replicas, in whichever version it is asked for.
fn crew_answers() -> Vec<(Reference, Answer)> {
    let group = with_inside(&batches("Sequential"));
    let of = |version: &str| {
        let workload = Workload { written: group.clone(), is_reviewed: false };
        (crew(version), Answer::Workload(Box::new(workload)))
    };
    ["v1alpha1", "v1alpha2"].map(of).into()
}

#[test]
fn coordinations_inside_a_group_count_for_its_pods() {
    let inside = Reference::InGroup { namespace: "ml".to_owned(), name: "llm".to_owned() };
    let with = |mut surroundings: Surroundings, group: &Value| {
        for (reference, answer) in read::answers(group, "ml") {
            surroundings.objects.insert(reference, answer);
        }
        surroundings
    };
    let parallel = with(around(&[]), &with_inside(&batches("Parallel")));
    let object = read::object(&prefill(0), &parallel.words).expect("a pod");
    assert!(review::references(&object, &parallel).contains(&inside));
    for (index, expected) in [(0, "0"), (3, "1"), (5, "2")] {
        assert_eq!(batch(&written(&prefill(index), &parallel)), expected);
    }
    let gated = with(around(&[]), &with_inside(&batches("Sequential")));
    let (message, retryable) = refused(&prefill(0), &gated);
    assert!(!retryable && message.contains("inside a RoleBasedGroup"), "{message}");
    // A controller that follows such groups opens their gates.
    let mut seen = gated;
    seen.coordinating.controller = true;
    seen.coordinating.inside = true;
    for (reference, answer) in crew_answers() {
        seen.objects.insert(reference, answer);
    }
    let stored = written(&prefill(3), &seen);
    assert_eq!(stored["spec"]["schedulingGates"], json!([{"name": keys::BATCH_GATE}]));
    assert_eq!(batch(&stored), "1");
    let twice = with(
        around(&[coordination("other", &[("prefill", &role_based(), Some("prefill"))])]),
        &with_inside(&batches("Parallel")),
    );
    assert!(refused(&prefill(0), &twice).0.contains("role-placed-twice"));
    // The name of the coordination makes the id: two of one name would be one.
    let other = group("workloads.x-k8s.io/v1alpha1", "RoleBasedGroup", "third");
    let same = with(
        around(&[coordination("llm", &[("prefill", &other, Some("prefill"))])]),
        &with_inside(&batches("Parallel")),
    );
    assert!(refused(&prefill(0), &same).0.contains("role-placed-twice"));
    // The group's own form, and one that cannot be read.
    let own = json!({"name": "pace", "roles": ["prefill"], "strategy": {"scaling": {}}});
    left_alone(&prefill(0), &with(around(&[]), &with_inside(&own)));
    let mut broken = batches("Parallel");
    broken["roles"] = json!(["prefill"]);
    let (message, retryable) = refused(&prefill(0), &with(around(&[]), &with_inside(&broken)));
    assert!(retryable && message.contains("RoleBasedGroup ml/llm"), "{message}");
}
