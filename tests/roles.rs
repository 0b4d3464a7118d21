//! A coordination and the workloads that play its roles: every rule of the group, and what two of
//! the objects make together, through both doors and in any order.
//!
//! What the coordination alone does wrong is refused. What several objects make together is an error
//! of the linter, which sees all of them, and a warning at the admission of either, because objects
//! are applied in any order.

use std::collections::BTreeSet;

use placecard_policies::language::keys;
use placecard_tests::doors::{Context, Desk, lint};
use serde_json::{Value, json};

/// Six prefill and three decode, two and one in a batch.
fn group() -> Vec<Value> {
    let role = |name: &str| {
        json!({"name": name,
            "workloadRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name}})
    };
    let coordination = json!({
        "apiVersion": keys::API_VERSION, "kind": keys::COORDINATION_KIND,
        "metadata": {"name": "llm", "namespace": "ml"},
        "spec": {
            "roles": [role("prefill"), role("decode")],
            "coordination": [{"name": "pd", "type": "AffinityScheduling",
                "roles": ["prefill", "decode"],
                "strategy": {"affinityScheduling": {"topologyKey": "kubernetes.io/hostname",
                    "ratios": {"prefill": 2, "decode": 1}, "batchMode": "Sequential"}}}],
        },
    });
    vec![coordination, set("prefill", 6), set("decode", 3)]
}

fn set(name: &str, replicas: u32) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": "ml"},
        "spec": {"replicas": replicas, "serviceName": name, "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}, "annotations": {keys::COORDINATE: "llm"}},
                "spec": {"containers": [{"name": "server", "image": "server:1",
                    "readinessProbe": {"tcpSocket": {"port": 80}}}]}}}})
}

/// What becomes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Told of by both doors, and refused by the webhook.
    Refused,
    /// An error of the linter, a warning of the webhook.
    Error,
    /// A warning of both.
    Warning,
}

use Fate::{Error, Refused, Warning};

/// What it is called, edits of the group (which object, where, what; null takes away), and what is
/// said then.
type Case =
    (&'static str, &'static [(usize, &'static str, &'static str)], &'static [(&'static str, Fate)]);

const STRATEGY: &str = "/spec/coordination/0/strategy/affinityScheduling";

/// Of the strategy, for short.
const CASES: &[Case] = &[
    ("the valid group", &[], &[]),
    (
        "a role that does not exist",
        &[(0, "/spec/coordination/0/roles/1", "\"decoder\"")],
        &[("unknown-role", Refused), ("role-ratio", Refused)],
    ),
    ("a role without a ratio", &[(0, "~/ratios", r#"{"prefill": 2}"#)], &[("role-ratio", Refused)]),
    (
        "a ratio of another role",
        &[(0, "~/ratios", r#"{"prefill": 2, "decode": 1, "cache": 1}"#)],
        &[("role-ratio", Refused)],
    ),
    ("a ratio of nothing", &[(0, "~/ratios/decode", "0")], &[("number-range", Refused)]),
    ("a negative ratio", &[(0, "~/ratios/decode", "-1")], &[("number-range", Refused)]),
    ("a ratio beyond int32", &[(0, "~/ratios/decode", "2147483648")], &[("number-range", Refused)]),
    ("a ratio that is no number", &[(0, "~/ratios/decode", "\"1\"")], &[("value-syntax", Refused)]),
    ("no topology key", &[(0, "~/topologyKey", "\"\"")], &[("value-syntax", Refused)]),
    ("no name", &[(0, "/spec/coordination/0/name", "\"\"")], &[("value-syntax", Refused)]),
    (
        "another type",
        &[(0, "/spec/coordination/0/type", "\"Scaling\"")],
        &[("value-syntax", Refused)],
    ),
    ("another mode", &[(0, "~/batchMode", "\"Both\"")], &[("value-syntax", Refused)]),
    (
        "sequential by affinity",
        &[(0, "~/placement", "\"affinity\"")],
        &[("sequential-needs-gate", Refused)],
    ),
    (
        "a role twice",
        &[(0, "/spec/coordination/0/roles", r#"["prefill", "decode", "decode"]"#)],
        &[("value-syntax", Refused)],
    ),
    (
        "replicas that the ratio does not divide",
        &[(1, "/spec/replicas", "5")],
        &[("replicas-not-divisible", Error)],
    ),
    (
        "fewer replicas than one batch",
        &[(1, "/spec/replicas", "null")],
        &[("replicas-not-divisible", Error)],
    ),
    ("unequal batches", &[(2, "/spec/replicas", "2")], &[("unequal-batches", Error)]),
    ("no replicas are one", &[(2, "/spec/replicas", "null")], &[("unequal-batches", Error)]),
    ("one batch", &[(1, "/spec/replicas", "2"), (2, "/spec/replicas", "null")], &[]),
    ("no batch", &[(1, "/spec/replicas", "0"), (2, "/spec/replicas", "0")], &[]),
    (
        "one pod after the other",
        &[(1, "/spec/podManagementPolicy", "null")],
        &[("batch-never-complete", Error)],
    ),
    (
        "one pod after the other, as it is written",
        &[(1, "/spec/podManagementPolicy", "\"OrderedReady\"")],
        &[("batch-never-complete", Error)],
    ),
    ("one pod after the other at a ratio of 1", &[(2, "/spec/podManagementPolicy", "null")], &[]),
    (
        "one pod after the other where none waits",
        &[(1, "/spec/podManagementPolicy", "null"), (0, "~/batchMode", "\"Parallel\"")],
        &[],
    ),
    (
        "one pod after the other until the timeout",
        &[
            (1, "/spec/podManagementPolicy", "null"),
            (0, "~/timeout", "\"1m\""),
            (0, "~/onTimeout", "\"release\""),
        ],
        &[("batch-never-complete", Warning)],
    ),
    (
        "no probe",
        &[(1, "/spec/template/spec/containers/0/readinessProbe", "null")],
        &[("ready-without-probe", Warning)],
    ),
    (
        "no probe that matters",
        &[
            (1, "/spec/template/spec/containers/0/readinessProbe", "null"),
            (0, "~/batchMode", "\"Parallel\""),
        ],
        &[],
    ),
    (
        "a readiness gate",
        &[
            (1, "/spec/template/spec/containers/0/readinessProbe", "null"),
            (1, "/spec/template/spec/readinessGates", r#"[{"conditionType": "example.com/up"}]"#),
        ],
        &[],
    ),
    (
        "no annotation",
        &[(1, "/spec/template/metadata/annotations", "null")],
        &[("not-coordinated", Error)],
    ),
    (
        "a role of nobody's",
        &[(0, "/spec/roles/1/workloadRef/name", "\"decoder\"")],
        &[("plays-no-role", Error)],
    ),
    (
        "a node that holds one of a role",
        &[(
            1,
            "/spec/template/spec/affinity",
            r#"{"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{
            "topologyKey": "kubernetes.io/hostname",
            "labelSelector": {"matchLabels": {"app": "prefill"}}}]}}"#,
        )],
        &[("batch-kept-apart", Error)],
    ),
    (
        "a node that holds one of a role, in words",
        &[(
            1,
            "/spec/template/metadata/annotations",
            r#"{"placecard.dev/coordinate": "llm", "placecard.dev/require": "apart-from self in node"}"#,
        )],
        &[("batch-kept-apart", Error)],
    ),
    (
        "a zone that holds one of a role",
        &[(
            1,
            "/spec/template/metadata/annotations",
            r#"{"placecard.dev/coordinate": "llm", "placecard.dev/require": "apart-from self in zone"}"#,
        )],
        &[("batch-kept-apart", Warning)],
    ),
    (
        "a rack of nodes that hold one of a role",
        &[
            (0, "~/topologyKey", "\"example.com/rack\""),
            (
                1,
                "/spec/template/metadata/annotations",
                r#"{"placecard.dev/coordinate": "llm", "placecard.dev/require": "apart-from self in node"}"#,
            ),
        ],
        &[],
    ),
    (
        "roles apart",
        &[(
            2,
            "/spec/template/metadata/annotations",
            r#"{"placecard.dev/coordinate": "llm", "placecard.dev/require": "apart-from pods(app=prefill) in node"}"#,
        )],
        &[("batch-kept-apart", Error)],
    ),
    (
        "a port of the node",
        &[(
            1,
            "/spec/template/spec/containers/0/ports",
            r#"[{"containerPort": 80, "hostPort": 80}]"#,
        )],
        &[("batch-kept-apart", Error)],
    ),
    (
        "the network of the node",
        &[
            (1, "/spec/template/spec/containers/0/ports", r#"[{"containerPort": 80}]"#),
            (1, "/spec/template/spec/hostNetwork", "true"),
        ],
        &[("batch-kept-apart", Error)],
    ),
    (
        "a port of the node and one of a kind",
        &[(
            2,
            "/spec/template/spec/containers/0/ports",
            r#"[{"containerPort": 80, "hostPort": 80}]"#,
        )],
        &[],
    ),
    (
        "a spread that pods of one node do not see",
        &[(
            1,
            "/spec/template/spec/topologySpreadConstraints",
            r#"[{"topologyKey": "kubernetes.io/hostname", "maxSkew": 1,
                 "whenUnsatisfiable": "DoNotSchedule",
                 "labelSelector": {"matchLabels": {"app": "prefill"}}}]"#,
        )],
        &[],
    ),
    (
        "a spread over two nodes at least",
        &[(
            1,
            "/spec/template/spec/topologySpreadConstraints",
            r#"[{"topologyKey": "kubernetes.io/hostname", "maxSkew": 1, "minDomains": 2,
                 "whenUnsatisfiable": "DoNotSchedule",
                 "labelSelector": {"matchLabels": {"app": "prefill"}}}]"#,
        )],
        &[("batch-kept-apart", Error)],
    ),
    (
        "a spread that counts all nodes",
        &[(
            1,
            "/spec/template/spec/topologySpreadConstraints",
            r#"[{"topologyKey": "kubernetes.io/hostname", "maxSkew": 1,
                 "nodeAffinityPolicy": "Ignore", "whenUnsatisfiable": "DoNotSchedule",
                 "labelSelector": {"matchLabels": {"app": "prefill"}}}]"#,
        )],
        &[("batch-kept-apart", Warning)],
    ),
    (
        "near something else",
        &[
            (0, "~/batchMode", "\"Parallel\""),
            (
                1,
                "/spec/template/metadata/annotations",
                r#"{"placecard.dev/coordinate": "llm", "placecard.dev/require": "near pods(app=cache) in zone"}"#,
            ),
        ],
        &[("second-pod-affinity-term", Refused)],
    ),
    (
        "near something else, behind a gate",
        &[(
            1,
            "/spec/template/metadata/annotations",
            r#"{"placecard.dev/coordinate": "llm", "placecard.dev/require": "near pods(app=cache) in zone"}"#,
        )],
        &[],
    ),
];

/// What scales a role.
fn scaler(name: &str, least: u32, most: u32) -> Value {
    json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": "ml"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name},
            "minReplicas": least, "maxReplicas": most}})
}

/// A group of another controller.
fn job_set(startup: &Value) -> Value {
    let job = |name: &str, replicas: u32| {
        json!({"name": name, "replicas": replicas,
            "template": {"spec": {"template": {"spec": {"containers": [
                {"name": "main", "readinessProbe": {"tcpSocket": {"port": 80}}}]}}}}})
    };
    json!({"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet",
        "metadata": {"name": "train", "namespace": "ml"},
        "spec": {"startupPolicy": startup, "replicatedJobs": [job("driver", 2), job("worker", 4)]}})
}

fn of_job_set() -> Value {
    let group =
        json!({"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "name": "train"});
    let role = |name: &str| json!({"name": name, "groupRef": group, "role": name});
    let mut coordination = group_alone();
    coordination["spec"]["roles"] = json!([role("driver"), role("worker")]);
    let one = &mut coordination["spec"]["coordination"][0];
    one["roles"] = json!(["driver", "worker"]);
    one["strategy"]["affinityScheduling"]["ratios"] = json!({"driver": 1, "worker": 2});
    coordination
}

fn group_alone() -> Value {
    group().swap_remove(0)
}

/// A name, all objects, and what is said of them.
type Whole = (&'static str, Vec<Value>, &'static [(&'static str, Fate)]);

/// Groups with more objects than those of the table.
#[test]
fn autoscalers_and_groups_of_others() {
    let with = |more: Value| [group(), vec![more]].concat();
    let set = json!({"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet",
        "metadata": {"name": "train", "namespace": "ml"},
        "spec": {"replicas": 2, "startupPolicy": "LeaderReady",
            "leaderWorkerTemplate": {"size": 4}}});
    let mut coordination = of_job_set();
    coordination["spec"]["roles"] = json!([{"name": "driver",
        "groupRef": {"apiVersion": set["apiVersion"], "kind": set["kind"], "name": "train"}}]);
    let one = &mut coordination["spec"]["coordination"][0];
    one["roles"] = json!(["driver"]);
    one["strategy"]["affinityScheduling"]["ratios"] = json!({"driver": 1});
    let behind_leader = vec![coordination, set];
    let mut odd = with(scaler("prefill", 2, 8));
    odd[1]["spec"]["replicas"] = json!(5);
    let in_order = json!({"startupPolicyOrder": "InOrder"});
    let mut unequal = vec![of_job_set(), job_set(&Value::Null)];
    unequal[1]["spec"]["replicatedJobs"][0]["replicas"] = json!(3);
    let mut behind = vec![of_job_set(), job_set(&Value::Null)];
    behind[1]["spec"]["replicatedJobs"][1]["dependsOn"] =
        json!([{"name": "driver", "status": "Ready"}]);
    let mut unready = vec![of_job_set(), job_set(&Value::Null)];
    let spec = "/template/spec/template/spec";
    let of = |job: usize, field: &str| format!("/spec/replicatedJobs/{job}{spec}/{field}");
    *unready[1].pointer_mut(&of(0, "containers/0/readinessProbe")).expect("a probe") = Value::Null;
    let mut apart = vec![of_job_set(), job_set(&Value::Null)];
    for (job, pool) in ["a", "b"].into_iter().enumerate() {
        let at = of(job, "containers").replace("/containers", "");
        apart[1].pointer_mut(&at).expect("a spec")["nodeSelector"] = json!({"pool": pool});
    }
    let mut exclusive = vec![of_job_set(), job_set(&Value::Null)];
    exclusive[1]["metadata"]["annotations"] =
        json!({"alpha.jobset.sigs.k8s.io/exclusive-topology": "example.com/rack"});
    // Followers are made once their leader has a node; a domain of its own for each Job is none for two.
    let mut led = vec![of_job_set(), job_set(&Value::Null)];
    led[1]["metadata"]["annotations"] =
        json!({"alpha.jobset.sigs.k8s.io/exclusive-topology": "kubernetes.io/hostname"});
    led[1]["spec"]["replicatedJobs"][0]["template"]["spec"]["parallelism"] = json!(2);
    let cases: Vec<Whole> = vec![
        (
            "jobs whose followers wait for a leader",
            led,
            &[("batch-never-complete", Error), ("other-exclusive-domain", Warning)],
        ),
        (
            "scaled to any number",
            with(scaler("prefill", 2, 8)),
            &[("autoscaler-breaks-batches", Warning)],
        ),
        ("scaled alone", with(scaler("decode", 1, 8)), &[("autoscaler-breaks-batches", Warning)]),
        ("workers after their leader", behind_leader, &[("batch-never-complete", Error)]),
        ("scaled, whatever is written", odd, &[("autoscaler-breaks-batches", Warning)]),
        ("scaled to one number", with(scaler("prefill", 6, 6)), &[]),
        ("a set of jobs", vec![of_job_set(), job_set(&Value::Null)], &[]),
        (
            "jobs in order",
            vec![of_job_set(), job_set(&in_order)],
            &[("batch-never-complete", Error)],
        ),
        ("a job behind another", behind, &[("batch-never-complete", Error)]),
        ("jobs that make other batches", unequal, &[("unequal-batches", Error)]),
        ("jobs that are ready at once", unready, &[("ready-without-probe", Warning)]),
        ("jobs that no node holds together", apart, &[("roles-share-no-domain", Error)]),
        ("jobs with domains of their own", exclusive, &[("other-exclusive-domain", Warning)]),
    ];
    for (name, objects, expected) in cases {
        check(name, &objects, expected);
    }
}

/// The objects of a case.
fn objects(edits: &[(usize, &str, &str)]) -> Vec<Value> {
    let mut objects = group();
    for (index, at, value) in edits {
        let pointer = at.replace('~', STRATEGY);
        let value: Value = serde_json::from_str(value).expect("JSON");
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        let parent = objects[*index].pointer_mut(parent).expect("a parent");
        match (parent, value) {
            (Value::Object(fields), Value::Null) => _ = fields.remove(key),
            (Value::Object(fields), value) => _ = fields.insert(key.to_owned(), value),
            (Value::Array(list), value) => list[key.parse::<usize>().expect("an index")] = value,
            _ => panic!("{pointer} is in neither mapping nor list"),
        }
    }
    objects
}

fn list(objects: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What the linter says: codes, and whether they are errors.
fn linted(name: &str, objects: &[Value]) -> BTreeSet<(String, bool)> {
    let linted = lint(&Context::default(), "group.json", list(objects).as_bytes());
    assert!(linted.status < 2, "{name}: {}", linted.errors);
    for finding in linted.findings() {
        let labels = finding["labels"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert!(labels.iter().all(|label| label["start"]["line"] != 0), "{name}: {finding:#}");
        let message = text(&finding["message"]);
        assert!(message.chars().count() <= 72, "{name}: {message}");
    }
    let findings = linted.findings().iter();
    findings.map(|one| (text(&one["code"]), one["severity"] == "error")).collect()
}

/// What the webhook says of all objects while it knows them all: codes, and whether they refuse.
fn admitted(objects: &[Value]) -> BTreeSet<(String, bool)> {
    let context = Context { objects: Some(list(objects)), ..Context::default() };
    let desk = Desk::new(&context);
    let mut said = BTreeSet::new();
    for object in objects {
        let response = desk.admit(object);
        for cause in response["status"]["details"]["causes"].as_array().into_iter().flatten() {
            said.insert((text(&cause["reason"]), true));
        }
        for warning in response["warnings"].as_array().into_iter().flatten() {
            let warning = text(warning);
            let code = warning.rsplit_once('[').and_then(|(_, code)| code.strip_suffix(']'));
            said.insert((code.unwrap_or_else(|| panic!("no code: {warning}")).to_owned(), false));
        }
    }
    said
}

#[test]
fn both_doors_say_the_same_of_a_group() {
    for (name, edits, expected) in CASES {
        check(name, &objects(edits), expected);
    }
}

/// Both doors on one group.
#[track_caller]
fn check(name: &str, objects: &[Value], expected: &[(&str, Fate)]) {
    let errors: BTreeSet<(String, bool)> =
        expected.iter().map(|(code, fate)| ((*code).to_owned(), *fate != Warning)).collect();
    let mut found = linted(name, objects);
    // A coordination that cannot be read is not there for those who name it.
    found.remove(&("unresolved".to_owned(), false));
    assert_eq!(found, errors, "{name}: the linter");
    let refusals: BTreeSet<(String, bool)> =
        expected.iter().map(|(code, fate)| ((*code).to_owned(), *fate == Refused)).collect();
    let mut found = admitted(objects);
    found.remove(&("unresolved".to_owned(), false));
    assert_eq!(found, refusals, "{name}: the webhook");
}

#[test]
fn the_order_of_the_objects_does_not_matter() {
    for (name, edits, _) in CASES {
        let mut objects = objects(edits);
        let before = linted(name, &objects);
        objects.reverse();
        assert_eq!(linted(name, &objects), before, "{name}");
    }
}

#[test]
fn what_is_not_there_is_not_wrong() {
    let is_pair = |(_, _, expected): &&Case| expected.iter().all(|(_, fate)| *fate == Error);
    for (name, edits, _) in CASES.iter().filter(is_pair) {
        let objects = objects(edits);
        let alone = linted(name, &objects[..1]);
        assert_eq!(alone, BTreeSet::new(), "{name}: the coordination alone");
        for workload in &objects[1..] {
            let mut found = linted(name, std::slice::from_ref(workload));
            found.remove(&("unresolved".to_owned(), false));
            assert_eq!(found, BTreeSet::new(), "{name}: a workload alone");
        }
    }
}

/// Each example of a coordination has no error, alone and on its cluster.
#[test]
fn the_examples_of_coordinations_have_no_error() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/coordination");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the examples") {
        let path = entry.expect("an entry").path();
        let content = std::fs::read(&path).expect("a file");
        let linted = lint(&Context::default(), "example.yaml", &content);
        assert_eq!(linted.status, 0, "{}: {:?}", path.display(), linted.codes());
        count += 1;
    }
    assert!(count >= 5, "{count}");
}
