//! No cluster and no template makes the program panic or keep silent: everything that reads a
//! cluster, on clusters and templates that are changed value by value.

use std::ffi::OsString;
use std::fs;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

const ZONE: &str = "topology.kubernetes.io/zone";

/// A template that uses everything that a filter or a score reads.
fn spec() -> Value {
    let term = json!({
        "labelSelector": {
            "matchLabels": {"tier": "web"},
            "matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b"]}],
        },
        "topologyKey": ZONE, "namespaces": ["shop"],
        "namespaceSelector": {"matchLabels": {"team": "x"}},
        "matchLabelKeys": ["pod-template-hash"], "mismatchLabelKeys": ["version"],
    });
    let nodes = json!({
        "matchExpressions": [
            {"key": "disk", "operator": "In", "values": ["ssd"]},
            {"key": "generation", "operator": "Gt", "values": ["0"]},
        ],
        "matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["n9"]}],
    });
    let (hard, soft) = (
        "requiredDuringSchedulingIgnoredDuringExecution",
        "preferredDuringSchedulingIgnoredDuringExecution",
    );
    json!({
        "containers": [{
            "name": "main", "image": "shop:1",
            "resources": {
                "requests": {"cpu": "500m", "memory": "1Gi", "example.com/gpu": "1"},
                "limits": {"cpu": "1", "example.com/gpu": "1"},
            },
            "ports": [{"containerPort": 80, "hostPort": 8080, "protocol": "TCP"}],
        }],
        "initContainers": [{
            "name": "side", "image": "shop:1", "restartPolicy": "Always",
            "resources": {"requests": {"cpu": "100m"}},
        }],
        "affinity": {
            "nodeAffinity": {
                hard: {"nodeSelectorTerms": [nodes.clone()]},
                soft: [{"weight": 5, "preference": nodes}],
            },
            "podAffinity": {
                hard: [term.clone()], soft: [{"weight": 3, "podAffinityTerm": term.clone()}],
            },
            "podAntiAffinity": {hard: [term]},
        },
        "tolerations": [{"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}],
        "topologySpreadConstraints": [{
            "maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule",
            "minDomains": 2, "labelSelector": {"matchLabels": {"app": "a"}},
            "matchLabelKeys": ["version"], "nodeAffinityPolicy": "Honor",
            "nodeTaintsPolicy": "Ignore",
        }],
        "nodeSelector": {"disk": "ssd"},
        "priority": 10, "priorityClassName": "high", "overhead": {"cpu": "10m"},
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "own", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
            {"name": "disk", "gcePersistentDisk": {"pdName": "disk"}},
        ],
    })
}

fn object(kind: &str, api: &str, name: &str, rest: Value) -> Value {
    let mut object = json!({
        "kind": kind, "apiVersion": api,
        "metadata": {"name": name, "namespace": "shop", "uid": name,
            "labels": {"app": "a", "tier": "web", "version": "1", "team": "x"}},
    });
    if let (Value::Object(object), Value::Object(rest)) = (&mut object, rest) {
        object.extend(rest);
    }
    object
}

fn pod(name: &str, node: Option<&str>, status: Value) -> Value {
    let mut spec = spec();
    spec["nodeName"] = json!(node);
    object("Pod", "v1", name, json!({"spec": spec, "status": status}))
}

fn node(name: &str, zone: &str, spec: Value) -> Value {
    json!({
        "kind": "Node", "apiVersion": "v1",
        "metadata": {"name": name, "labels": {
            "kubernetes.io/hostname": name, ZONE: zone, "disk": "ssd", "generation": "1",
        }},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "9", "example.com/gpu": "2"},
            "conditions": [{"type": "Ready", "status": "True"}],
            "images": [{"names": ["shop:1"], "sizeBytes": 10_000_000}],
        },
    })
}

fn cluster() -> Value {
    let tainted = json!({"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]});
    let running = json!({"phase": "Running", "containerStatuses": [
        {"name": "main", "allocatedResources": {"cpu": "600m"}},
    ]});
    let items = vec![
        node("n0", "z0", json!({})),
        node("n1", "z1", tainted),
        object("Namespace", "v1", "shop", json!({})),
        pod("running", Some("n0"), running),
        pod("stray", Some("nowhere"), json!({"phase": "Running"})),
        pod("pending", None, json!({"phase": "Pending", "nominatedNodeName": "n1"})),
        object(
            "PersistentVolumeClaim",
            "v1",
            "data",
            json!({
                "spec": {"volumeName": "pv", "storageClassName": "fast", "accessModes": ["ReadWriteOncePod"]},
                "status": {"phase": "Bound"},
            }),
        ),
        object(
            "PersistentVolume",
            "v1",
            "pv",
            json!({"spec": {
                "claimRef": {"name": "data", "namespace": "shop"},
                "csi": {"driver": "d", "volumeHandle": "h"},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                    {"key": ZONE, "operator": "In", "values": ["z0"]},
                ]}]}},
            }}),
        ),
        object(
            "StorageClass",
            "storage.k8s.io/v1",
            "fast",
            json!({
                "provisioner": "d", "volumeBindingMode": "WaitForFirstConsumer",
            }),
        ),
        object(
            "CSINode",
            "storage.k8s.io/v1",
            "n0",
            json!({"spec": {"drivers": [
                {"name": "d", "nodeID": "n0", "allocatable": {"count": 2}},
            ]}}),
        ),
        object("ResourceQuota", "v1", "quota", json!({"spec": {"hard": {"pods": "9"}}})),
        object(
            "LimitRange",
            "v1",
            "range",
            json!({"spec": {"limits": [
                {"type": "Container", "max": {"cpu": "2"}, "default": {"cpu": "1"}},
            ]}}),
        ),
        object("PriorityClass", "scheduling.k8s.io/v1", "high", json!({"value": 10})),
        object(
            "PodDisruptionBudget",
            "policy/v1",
            "budget",
            json!({
                "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}},
                "status": {"disruptionsAllowed": 1},
            }),
        ),
        object("Service", "v1", "front", json!({"spec": {"selector": {"app": "a"}}})),
    ];
    json!({"kind": "List", "apiVersion": "v1", "items": items})
}

fn manifest() -> Value {
    let labels = json!({"app": "a", "tier": "web", "version": "1"});
    object(
        "Deployment",
        "apps/v1",
        "web",
        json!({"spec": {
            "replicas": 5, "selector": {"matchLabels": {"app": "a"}},
            "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
            "template": {"metadata": {"labels": labels}, "spec": spec()},
        }}),
    )
}

/// What is put in the place of values.
fn odd(which: usize) -> Value {
    let odd = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e308),
        json!(0.5),
        json!(""),
        json!(" "),
        json!("x"),
        json!("-1"),
        json!("9223372036854775808"),
        json!("-99999999999999999999999999"),
        json!("1E999999999"),
        json!("16Ei"),
        json!("0.000000001"),
        json!("a/b/c"),
        json!("\u{0}\u{202e}"),
        json!("x".repeat(300)),
        json!("Exists"),
        json!("Lt"),
        json!("Bogus"),
        json!("NoExecute"),
        json!("kubernetes.io/hostname"),
        json!([]),
        json!({}),
        json!([[]]),
        json!([{}]),
        json!([null]),
        json!({"": ""}),
        json!(["x", "y"]),
    ];
    odd.get(which % odd.len()).cloned().unwrap_or_default()
}

/// The paths of all values in it.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    let escape = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                places(value, &format!("{path}/{}", escape(key)), found);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                places(value, &format!("{path}/{at}"), found);
            }
        }
        _ => {}
    }
    found.push(path.to_owned());
}

/// One change: where, which sort, and two choices.
type Change = (Index, u8, Index, usize);

fn change(root: &mut Value, (place, sort, other, which): &Change) {
    let mut paths = Vec::new();
    places(root, "", &mut paths);
    let path: String = place.get(&paths).clone();
    let other: &String = other.get(&paths);
    let copy = root.pointer(other).cloned().unwrap_or_default();
    if sort % 6 == 5 {
        // It is gone.
        let (parent, key) = path.rsplit_once('/').unwrap_or_default();
        match root.pointer_mut(parent) {
            Some(Value::Object(fields)) => _ = fields.remove(&key.replace("~1", "/")),
            Some(Value::Array(items)) => _ = items.pop(),
            _ => {}
        }
        return;
    }
    let Some(value) = root.pointer_mut(&path) else {
        return;
    };
    match (sort % 6, &mut *value) {
        (0, _) => *value = copy,
        (1, Value::Array(items)) => {
            let again = items.first().cloned().unwrap_or_default();
            items.extend(std::iter::repeat_n(again, which % 40));
        }
        (2, Value::String(text)) => *text = text.repeat(which % 4),
        (3, Value::String(_) | Value::Number(_)) => *value = json!([value.clone()]),
        _ => *value = odd(*which),
    }
}

fn changes(most: usize) -> impl Strategy<Value = Vec<Change>> {
    let one = (any::<Index>(), any::<u8>(), any::<Index>(), 0..200_usize);
    prop::collection::vec(one, 0..most)
}

fn run(words: &[&str], stdin: &[u8]) -> (u8, String, String) {
    let words = std::iter::once("placecard").chain(words.iter().copied()).map(OsString::from);
    let (mut out, mut err, mut stdin) = (Vec::new(), Vec::new(), stdin);
    let code = placecard_lint::run(words, &mut stdin, &mut out, &mut err, false);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (code, text(&out), text(&err))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_command_answers_or_says_why_not(
        of_cluster in changes(5),
        of_manifest in changes(4),
        cut in prop::option::weighted(0.1, any::<Index>()),
    ) {
        let (mut cluster, mut manifest) = (cluster(), manifest());
        of_cluster.iter().for_each(|one| change(&mut cluster, one));
        of_manifest.iter().for_each(|one| change(&mut manifest, one));
        let mut text = cluster.to_string().into_bytes();
        if let Some(cut) = cut {
            text.truncate(cut.index(text.len()));
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("web.json");
        fs::write(&path, manifest.to_string()).expect("written");
        let path = path.to_str().expect("a path");
        let commands: [&[&str]; 5] = [
            &["lint", "--cluster", "-", path],
            &["why", path, "--cluster", "-", "--all"],
            &["why", path, "--cluster", "-", "--format", "json"],
            &["why", "shop/pending", "--cluster", "-"],
            &["place", path, "--cluster", "-"],
        ];
        for words in commands {
            let (code, out, err) = run(words, &text);
            prop_assert!(code <= 2, "{words:?}: {code}");
            prop_assert!(code == 0 || !(out.is_empty() && err.is_empty()), "{words:?} says nothing");
            prop_assert!(code != 2 || err.starts_with("placecard: "), "{words:?}: {err}");
            prop_assert!(words[0] != "why" || code == 2 || !out.is_empty(), "{words:?}: {code}");
            if words.contains(&"json") && code != 2 {
                prop_assert!(serde_json::from_str::<Value>(&out).is_ok(), "{out}");
            }
        }
    }

    #[test]
    fn every_case_gets_a_line(lines in prop::collection::vec((changes(4), changes(4)), 1..8)) {
        let mut text = String::new();
        for (n, (of_cluster, of_pod)) in lines.iter().enumerate() {
            let (mut cluster, mut pod) = (cluster(), pod("new", None, json!({})));
            of_cluster.iter().for_each(|one| change(&mut cluster, one));
            of_pod.iter().for_each(|one| change(&mut pod, one));
            let mut lists = json!({"nodes": [], "pods": [], "namespaces": []});
            for item in cluster["items"].as_array().into_iter().flatten() {
                let list = match item["kind"].as_str() {
                    Some("Node") => "nodes",
                    Some("Namespace") => "namespaces",
                    _ => "pods",
                };
                lists[list].as_array_mut().into_iter().for_each(|list| list.push(item.clone()));
            }
            text += &format!("{}\n", json!({"id": n, "cluster": lists, "pod": pod}));
        }
        let words = ["feasible", "--jsonl", "-", "--scores", "--all-reasons"];
        let (code, out, _) = run(&words, text.as_bytes());
        prop_assert!(code <= 1);
        let answers: Vec<Value> =
            out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        prop_assert_eq!(answers.len(), lines.len());
        let errors = answers.iter().filter(|answer| answer.get("error").is_some()).count();
        prop_assert_eq!(code == 1, errors > 0);
        for (n, answer) in answers.iter().enumerate() {
            prop_assert_eq!(&answer["id"], &json!(n));
        }
    }
}

#[test]
fn the_whole_cluster_is_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("web.json");
    fs::write(&path, manifest().to_string()).expect("written");
    let path = path.to_str().expect("a path");
    let (code, out, err) = run(&["why", path, "--cluster", "-"], cluster().to_string().as_bytes());
    assert_eq!(code, 1, "{err}");
    assert!(out.contains("Deployment shop/web is pending"), "{out}");
    let (code, out, err) =
        run(&["why", "shop/pending", "--cluster", "-"], cluster().to_string().as_bytes());
    assert_eq!(code, 1, "{err}");
    assert!(out.contains("shop/pending is pending"), "{out}");
}

/// Work that grows with the square of any of these would take minutes here.
#[test]
fn thousands_of_values_spreads_and_resources_are_judged() {
    let words = |count: usize| (0..count).map(|n| format!("v{n}")).collect::<Vec<String>>();
    let listed =
        |operator: &str| json!({"key": "disk", "operator": operator, "values": words(20_000)});
    let spread = |when: &str, n: usize| {
        let labels = json!({"matchLabels": {"app": format!("a{n}")}});
        json!({"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": when, "labelSelector": labels})
    };
    let spreads = |when: &str| (0..5_000).map(|n| spread(when, n)).collect::<Vec<Value>>();
    let container = |n: usize| {
        let name = format!("example.com/r{n}");
        json!({"name": format!("c{n}"), "image": "shop:1", "resources": {"requests": {name: "1"}}})
    };
    let terms = json!([{"matchExpressions": [listed("In"), listed("NotIn")]}]);
    let required =
        json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}});
    let table = [
        (
            "contradiction",
            json!({"affinity": {"nodeAffinity": required}}),
            "error[node-affinity-unsatisfiable]",
            1,
        ),
        // The API server refuses constraints twice, and devices without a limit.
        ("spread", json!({"topologySpreadConstraints": spreads("DoNotSchedule")}), "", 1),
        ("soft spread", json!({"topologySpreadConstraints": spreads("ScheduleAnyway")}), "", 1),
        (
            "resources",
            json!({"containers": (0..400).map(container).collect::<Vec<Value>>()}),
            "r399",
            1,
        ),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("web.json");
    for (what, more, said, worst) in table {
        let mut template = json!({"containers": [{"name": "main", "image": "shop:1"}]});
        if let (Value::Object(template), Value::Object(more)) = (&mut template, more) {
            template.extend(more);
        }
        let mut manifest = manifest();
        manifest["spec"]["template"]["spec"] = template;
        fs::write(&path, manifest.to_string()).expect("written");
        let path = path.to_str().expect("a path");
        let cluster = cluster().to_string();
        let (code, out, err) = run(&["lint", "--cluster", "-", path], cluster.as_bytes());
        assert_eq!(code, worst, "{what}: {err}");
        let (why, reasons, err) =
            run(&["why", path, "--cluster", "-", "--all"], cluster.as_bytes());
        assert!(why <= 1, "{what}: {err}");
        let (place, _, err) = run(&["place", path, "--cluster", "-"], cluster.as_bytes());
        assert_eq!(place, why, "{what}: {err}");
        let found = out.contains(said) || reasons.contains(said);
        assert!(found, "{what}: {out}");
    }
}
