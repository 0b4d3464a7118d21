//! The group of the document of role coordination, six prefill and three decode in three batches:
//! inside a RoleBasedGroup and as a RoleCoordination, what both doors write into its pods, and what
//! they say of each way to get it wrong.

use std::ffi::OsString;
use std::path::Path;

use placecard_language::keys;
use placecard_tests::doors::{Context, Desk, Linted, lint};
use serde_json::{Value, json};

const VERSIONS: [&str; 2] = ["v1alpha1", "v1alpha2"];

fn strategy(mode: &str) -> Value {
    json!({"topologyKey": "kubernetes.io/hostname", "ratios": {"prefill": 2, "decode": 1},
        "batchMode": mode})
}

fn list(mode: &str) -> Value {
    json!([{"name": "prefill-decode", "type": "AffinityScheduling", "roles": ["prefill", "decode"],
        "strategy": {"affinityScheduling": strategy(mode)}}])
}

/// The group with coordinations inside.
fn group(version: &str, coordination: &Value) -> Value {
    let role = |name: &str, replicas: u32| {
        let container = json!({"name": "server", "image": "server:1",
            "readinessProbe": {"httpGet": {"port": 8080}}});
        let template = json!({"spec": {"containers": [container]}});
        let pattern = match version {
            "v1alpha1" => ("template", template),
            _ => ("standalonePattern", json!({"template": template})),
        };
        let mut role = json!({"name": name, "replicas": replicas});
        role[pattern.0] = pattern.1;
        role
    };
    json!({"apiVersion": format!("workloads.x-k8s.io/{version}"), "kind": "RoleBasedGroup",
        "metadata": {"name": "llm", "namespace": "ml"},
        "spec": {"coordination": coordination, "roles": [role("prefill", 6), role("decode", 3)]}})
}

/// The same coordination in an object of ours.
fn resource(version: &str, mode: &str) -> Value {
    let role = |name: &str| {
        json!({"name": name, "role": name, "groupRef": {"kind": "RoleBasedGroup", "name": "llm",
            "apiVersion": format!("workloads.x-k8s.io/{version}")}})
    };
    json!({"apiVersion": keys::API_VERSION, "kind": keys::COORDINATION_KIND,
        "metadata": {"name": "llm", "namespace": "ml"},
        "spec": {"roles": [role("prefill"), role("decode")], "coordination": list(mode)}})
}

/// A pod as RoleInstances make it.
fn pod(role: &str, index: u32) -> Value {
    let name = format!("llm-{role}-{index}");
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "ml",
            "labels": {"rbg.workloads.x-k8s.io/group-name": "llm",
                "rbg.workloads.x-k8s.io/role-name": role,
                "rbg.workloads.x-k8s.io/role-instance-index": index.to_string(),
                "rbg.workloads.x-k8s.io/role-instance-name": name},
            "ownerReferences": [{"apiVersion": "workloads.x-k8s.io/v1alpha2",
                "kind": "RoleInstance", "name": name, "uid": "u", "controller": true}]},
        "spec": {"containers": [{"name": "server", "image": "server:1"}]}})
}

fn pods() -> Vec<Value> {
    let of = |role: &'static str, count: u32| (0..count).map(move |index| pod(role, index));
    of("prefill", 6).chain(of("decode", 3)).collect()
}

fn of(objects: &[Value]) -> Context {
    let texts: Vec<String> = objects.iter().map(Value::to_string).collect();
    Context { objects: Some(texts.join("\n---\n")), ..Context::default() }
}

fn linted(value: &Value) -> Linted {
    lint(&Context::default(), "group.json", value.to_string().as_bytes())
}

/// `placecard expand` of a pod.
fn expanded(context: &Context, pod: &Value) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| -> OsString {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.into_os_string()
    };
    let mut args: Vec<OsString> = vec!["placecard".into(), "expand".into()];
    if let Some(text) = &context.objects {
        args.extend(["--objects".into(), file("objects.yaml", text)]);
    }
    args.push(file("pod.json", &pod.to_string()));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status =
        placecard_lint::run(args.into_iter(), &mut std::io::empty(), &mut out, &mut err, false);
    assert_eq!(status, 0, "{}", String::from_utf8_lossy(&err));
    serde_saphyr::from_str(&String::from_utf8_lossy(&out)).expect("YAML")
}

/// What was added to a pod.
fn added(pod: &Value) -> Value {
    let labels = pod["metadata"]["labels"].as_object().expect("labels");
    let own = |key: &String| !key.starts_with("rbg.");
    let labels: Value = labels
        .iter()
        .filter(|(key, _)| own(key))
        .map(|(key, to)| (key.clone(), to.clone()))
        .collect();
    json!({"labels": labels, "affinity": pod["spec"]["affinity"]})
}

/// Both doors write the same into each pod, whether the coordination stands inside the group or in
/// an object of its own, and it is what is recorded.
#[test]
fn each_pod_gets_what_is_recorded() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/role-groups.json");
    let mut found = serde_json::Map::new();
    for version in VERSIONS {
        for objects in [[group(version, &list("Parallel"))], [resource(version, "Parallel")]] {
            let context = of(&objects);
            let desk = Desk::new(&context);
            for pod in pods() {
                let (answer, stored) = desk.admitted(&pod);
                assert_eq!(answer["allowed"], true, "{answer}");
                assert!(stored["metadata"]["annotations"][keys::APPLIED].is_string());
                let added = self::added(&stored);
                assert_eq!(self::added(&expanded(&context, &pod)), added, "{pod}");
                let name = pod["metadata"]["name"].as_str().expect("a name");
                let first = found.entry(name).or_insert_with(|| added.clone());
                assert_eq!(*first, added, "{name} in {version}");
            }
        }
    }
    let text = serde_json::to_string_pretty(&found).expect("JSON") + "\n";
    if std::env::var_os("PLACECARD_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).expect("a file");
    }
    let expected = std::fs::read_to_string(&path).expect("the record");
    assert!(text == expected, "PLACECARD_UPDATE_DOCS=1 writes it anew");
}

#[test]
fn the_group_of_the_document_has_no_error() {
    for version in VERSIONS {
        for mode in ["Sequential", "Parallel"] {
            let value = group(version, &list(mode));
            let linted = linted(&value);
            assert_eq!((linted.status, linted.codes()), (0, vec!["coordination-pruned"]));
            assert_eq!(linted.findings()[0]["severity"], "note");
            // What is printed is valid, and means the same.
            let ways = linted.findings()[0]["help"].as_array().expect("ways out");
            let lines =
                ways.iter().find_map(|way| way["lines"].as_array().filter(|l| !l.is_empty()));
            let lines: Vec<&str> = lines.into_iter().flatten().filter_map(Value::as_str).collect();
            let printed: Value = serde_saphyr::from_str(&lines.join("\n")).expect("YAML");
            assert_eq!(printed, resource(version, mode));
            let all = format!("{printed}\n---\n{}", group(version, &json!([])));
            let linted = lint(&Context::default(), "both.yaml", all.as_bytes());
            assert_eq!(linted.codes(), Vec::<&str>::new());
            let answer = Desk::new(&Context::default()).admit(&value);
            assert_eq!(answer["allowed"], true, "{answer}");
        }
    }
}

/// A mistake, as a pointer into the RoleBasedGroup and the value there, the code, and whether the
/// webhook refuses it, too: how many replicas there are may change with another object.
type Mistake = (&'static str, &'static str, &'static str, bool);

const MISTAKES: &[Mistake] = &[
    ("/spec/coordination/0/roles", r#"["prefill", "decoder"]"#, "unknown-role", true),
    ("/spec/coordination/0/roles", r#"["prefill", "prefill", "decode"]"#, "value-syntax", true),
    ("/spec/coordination/0/roles", "[]", "value-syntax", true),
    (RATIOS, r#"{"prefill": 2}"#, "role-ratio", true),
    (RATIOS, r#"{"prefill": 2, "decode": 1, "cache": 1}"#, "role-ratio", true),
    (RATIOS, r#"{"prefill": 0, "decode": 1}"#, "number-range", true),
    (RATIOS, r#"{"prefill": -2, "decode": 1}"#, "number-range", true),
    (RATIOS, r#"{"prefill": 2147483648, "decode": 1}"#, "number-range", true),
    (RATIOS, r#"{"prefill": "2", "decode": 1}"#, "value-syntax", true),
    (
        "/spec/coordination/0/strategy/affinityScheduling/topologyKey",
        r#""a b""#,
        "value-syntax",
        true,
    ),
    (
        "/spec/coordination/0/strategy/affinityScheduling/batchMode",
        r#""Random""#,
        "value-syntax",
        true,
    ),
    ("/spec/coordination/0/strategy", "{}", "value-syntax", true),
    ("/spec/coordination/0/type", r#""Gang""#, "value-syntax", true),
    ("/spec/coordination/0/name", r#""a b""#, "value-syntax", true),
    (RATIOS, r#"{"prefill": 4, "decode": 1}"#, "replicas-not-divisible", false),
    ("/spec/roles/0/replicas", "5", "replicas-not-divisible", false),
    ("/spec/roles/1/replicas", "2", "unequal-batches", false),
];
const RATIOS: &str = "/spec/coordination/0/strategy/affinityScheduling/ratios";

#[test]
fn each_mistake_is_said_at_both_doors() {
    let desk = Desk::new(&Context::default());
    for version in VERSIONS {
        for (pointer, value, code, is_refused) in MISTAKES {
            let mut group = group(version, &list("Sequential"));
            *group.pointer_mut(pointer).expect("a field") =
                serde_json::from_str(value).expect("JSON");
            let linted = linted(&group);
            assert!(linted.codes().contains(code), "{pointer} {value}: {:?}", linted.codes());
            assert_eq!(linted.status, 1, "{pointer} {value}");
            let answer = desk.admit(&group);
            assert_eq!(answer["allowed"], !is_refused, "{pointer} {value}: {answer}");
            let said = match is_refused {
                true => answer["status"]["message"].to_string(),
                false => answer["warnings"].to_string(),
            };
            assert!(said.contains(code), "{pointer} {value}: {said}");
        }
    }
}
