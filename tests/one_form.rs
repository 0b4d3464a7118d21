//! Where a rule has a typed form, every form of it means the same: the same fields from `expand`,
//! the same findings from `lint`, the same patch and refusal from the webhook, but for the place
//! that is pointed at.

/// Contradictions: one code, one verdict and one text in every pairing of forms.
mod contradictions;

use std::ffi::OsString;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use placecard_language::affinity::{
    Affinity, AffinityStrength, AffinityTarget, ObjectId, PlacementRequest, Strategy, append,
    written,
};
use placecard_tests::doors::{Context, Desk, create, lint};
use serde_json::{Value, json};

const VOCABULARY: &str = "\
apiVersion: placecard.dev/v1alpha1
kind: PlacementVocabulary
metadata: {name: default}
spec:
  levels:
  - {name: zone, key: topology.kubernetes.io/zone}
  - {name: rack, key: example.com/rack, format: \"rack-{n}\"}
  serviceDomain: zone
  trustDomains:
  - name: payments
    nodes: trust=payments
    guard: {key: trust, value: payments, effect: NoSchedule}
  - name: vault
    nodes: trust=vault
    guard: {key: trust, value: vault, effect: NoSchedule}
    allowedNamespaces: {names: [vault]}
  resources:
  - {name: fast-nvme, uid: 00000000-0000-0000-0000-000000000032, nodes: disk=nvme}
  limits:
    requiredApartFrom: {levels: [node, zone], crossNamespace: false}
";

fn uid(number: u128) -> String {
    ObjectId(number).to_string()
}

/// A node, two Services, Leases, the holders of two of them, a volume.
fn objects() -> String {
    let object = |version: &str, kind: &str, metadata: Value, spec: Value| {
        json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}).to_string()
    };
    let own = |name: &str, id: u128| json!({"name": name, "namespace": "search", "uid": uid(id)});
    let labels = json!({"topology.kubernetes.io/zone": "eu-1a", "example.com/rack": "rack-42"});
    let lease = "coordination.k8s.io/v1";
    let terms =
        json!([{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}]);
    [
        json!({"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": "n1", "uid": uid(1), "labels": labels},
            "status": {"allocatable": {"cpu": "8", "memory": "8Gi", "pods": "20"}}})
        .to_string(),
        object("v1", "Service", own("db", 11), json!({"selector": {"app": "db"}})),
        object(
            "v1",
            "Service",
            json!({"name": "cache", "namespace": "other", "uid": uid(12)}),
            json!({"selector": {"app": "cache"}}),
        ),
        object(lease, "Lease", own("shard", 21), json!({"holderIdentity": "db-0_5f0e"})),
        object(lease, "Lease", own("job", 22), json!({"holderIdentity": "worker-x7"})),
        object(lease, "Lease", own("agent", 23), json!({"holderIdentity": "n1_5f0e"})),
        object(lease, "Lease", own("free", 24), json!({})),
        object(lease, "Lease", own("gone", 25), json!({"holderIdentity": "worker-gone_1"})),
        object(
            "v1",
            "Pod",
            json!({"name": "db-0", "namespace": "search",
                   "labels": {"statefulset.kubernetes.io/pod-name": "db-0", "app": "db"}}),
            json!({"nodeName": "n1"}),
        ),
        object(
            "v1",
            "Pod",
            json!({"name": "worker-x7", "namespace": "search"}),
            json!({"nodeName": "n1"}),
        ),
        object(
            "v1",
            "PersistentVolume",
            json!({"name": "pv-7", "uid": uid(31)}),
            json!({"nodeAffinity": {"required": {"nodeSelectorTerms": terms}}}),
        ),
    ]
    .join("\n---\n")
}

/// A pod with annotations, beside a nodeSelector.
fn pod(annotations: &Value, selector: &Value) -> String {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "ranker", "namespace": "search", "labels": {"app": "ranker"},
                     "annotations": annotations},
        "spec": {"nodeSelector": selector, "containers": [{"name": "c", "image": "c:1"}]}})
    .to_string()
}

/// What depends on where a rule is written, taken out.
fn without_place(text: &str) -> String {
    let mut text = text.to_owned();
    for key in ["intents-tlv", "intents", "require", "prefer"] {
        text = text.replace(&format!("placecard.dev/{key}"), "KEY");
    }
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(", line ") {
        out.push_str(before);
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    // The way out is another word of the form.
    (out + rest).replace("move the rule to KEY", "let the entry be Preferred")
}

/// What all doors say of a pod.
#[derive(Debug, PartialEq)]
struct Told {
    lint: Vec<Value>,
    fields: Value,
    patch: Value,
    refusal: String,
    warnings: String,
}

/// What is said where the objects are those of a cluster.
#[derive(Debug, PartialEq)]
struct ToldOnCluster {
    lint: Vec<Value>,
    fields: Value,
    /// The nodes that fit, with their points, or why nobody asked.
    placed: Value,
    /// What stands in the way of the pod.
    why: Value,
}

/// Runs a verb with files for its flags and a manifest on standard input; its output, which is JSON.
fn placecard(verb: &[&str], files: &[(&str, &str)], manifest: &str) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let mut words = vec![OsString::from("placecard")];
    words.extend(verb.iter().map(OsString::from));
    for (flag, text) in files {
        let path = folder.path().join(format!("{}.yaml", flag.trim_start_matches('-')));
        fs::write(&path, text).expect("a file");
        words.extend([flag.into(), path.into_os_string()]);
    }
    words.push("-".into());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    placecard_lint::run(words.into_iter(), &mut manifest.as_bytes(), &mut out, &mut err, false);
    let text = String::from_utf8(out).expect("UTF-8");
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&err)))
}

fn expand(context: &Context, manifest: &str) -> Value {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (vocabulary, objects) = (text(&context.vocabulary), text(&context.objects));
    let files = [("--vocabulary", vocabulary.as_str()), ("--objects", objects.as_str())];
    placecard(&["expand"], &files, manifest)["spec"].take()
}

/// A finding without its place.
fn finding(finding: &Value) -> Value {
    let texts = finding["labels"].as_array().into_iter().flatten();
    let texts: Vec<&Value> = texts.map(|label| &label["text"]).collect();
    // A fix edits the words where they stand; base64 has none.
    let help = finding["help"].as_array().into_iter().flatten();
    let help: Vec<&Value> = help.filter(|one| one["edits"].is_null()).collect();
    let said = json!([
        finding["code"],
        finding["severity"],
        finding["verdict"],
        finding["message"],
        help,
        finding["holds"],
        texts
    ]);
    let text = without_place(&said.to_string());
    serde_json::from_str(&text).expect("JSON")
}

fn told_on_cluster(cluster: &str, manifest: &str) -> ToldOnCluster {
    let files = [("--vocabulary", VOCABULARY), ("--cluster", cluster)];
    let linted = placecard(&["lint", "--format", "json"], &files, manifest);
    let findings = linted["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut placed = placecard(&["place", "--format", "json"], &files, manifest)["pods"][0].take();
    // Only typed entries are placed by themselves.
    placed.as_object_mut().expect("a pod").remove("request");
    ToldOnCluster {
        lint: findings.iter().map(finding).collect(),
        fields: placecard(&["expand"], &files, manifest)["spec"].take(),
        placed,
        why: placecard(&["why", "--format", "json"], &files, manifest)["pods"].take(),
    }
}

fn told(context: &Context, desk: &Desk, manifest: &str) -> Told {
    let linted = lint(context, "pod.json", manifest.as_bytes());

    let object: Value = serde_json::from_str(manifest).expect("JSON");
    let mutated = desk.answer("/mutate", &create(&object));
    let patch = mutated["patch"].as_str().map_or(Value::Null, |patch| {
        let patch = STANDARD.decode(patch).expect("base64");
        serde_json::from_slice(&patch).expect("JSON")
    });
    let response = desk.admit(&object);
    let text = |value: &Value| without_place(value.as_str().unwrap_or_default());
    Told {
        lint: linted.findings().iter().map(finding).collect(),
        fields: expand(context, manifest),
        patch,
        refusal: text(&response["status"]["message"]),
        warnings: without_place(&response["warnings"].to_string()),
    }
}

/// One meaning: the sentence, and the entries that say it.
struct Meaning {
    sentence: &'static str,
    preferred: bool,
    /// It is read off a node as it is now, so that nothing is proved by it.
    observed: bool,
    entries: Vec<Value>,
    /// What callers of the library write for it.
    builder: Option<PlacementRequest>,
}

fn meaning(sentence: &'static str, entries: Vec<Value>) -> Meaning {
    Meaning { sentence, preferred: false, observed: false, entries, builder: None }
}

fn entry(category: &str, direction: &str, target: Value) -> Value {
    json!({"category": category, "direction": direction, "target": target})
}

fn id(of: &str, number: u128) -> Value {
    json!({"type": of, "value": uid(number)})
}

fn name(of: &str, name: &str) -> Value {
    json!({"type": of, "name": name})
}

fn with(mut entry: Value, field: &str, value: Value) -> Value {
    entry[field] = value;
    entry
}

fn node(category: &str, direction: &str) -> Vec<Value> {
    vec![
        entry(category, direction, id("NodeId", 1)),
        entry(category, direction, name("NodeId", "n1")),
    ]
}

fn service(direction: &str) -> Vec<Value> {
    vec![
        entry("Topology", direction, id("ServiceId", 11)),
        entry("Topology", direction, name("ServiceId", "db")),
    ]
}

fn rack(direction: &str) -> Vec<Value> {
    vec![entry("Topology", direction, json!({"type": "RackId", "value": 42}))]
}

fn lease(named: &str, number: u128) -> Vec<Value> {
    vec![
        entry("State", "toward", id("LeaseId", number)),
        entry("State", "toward", name("LeaseId", named)),
    ]
}

fn trust(domain: &str) -> Vec<Value> {
    vec![entry("Trust", "toward", json!({"type": "TrustDomain", "value": domain}))]
}

fn level(entries: Vec<Value>, level: &str) -> Vec<Value> {
    entries.into_iter().map(|entry| with(entry, "level", json!(level))).collect()
}

fn meanings() -> Vec<Meaning> {
    [required(), preferred(), mistaken()].into_iter().flatten().collect()
}

fn required() -> Vec<Meaning> {
    vec![
        meaning(
            "on node/n1",
            [node("Resource", "toward"), node("State", "toward"), node("Topology", "toward")]
                .concat(),
        ),
        meaning("not-on node/n1", node("Topology", "away")),
        Meaning {
            observed: true,
            ..meaning("on zone/eu-1a", level(node("State", "toward"), "zone"))
        },
        meaning(
            "not-on rack/rack-42",
            [rack("away"), level(node("Topology", "away"), "rack")].concat(),
        ),
        meaning("on rack/rack-42", rack("toward")),
        meaning("near service/db in zone", service("toward")),
        meaning("near service/db", level(service("toward"), "node")),
        meaning("apart-from service/db in zone", service("away")),
        meaning(
            "near service/other/cache in zone",
            vec![
                entry("Topology", "toward", id("ServiceId", 12)),
                entry("Topology", "toward", name("ServiceId", "other/cache")),
            ],
        ),
        meaning("on trust/payments", trust("payments")),
        meaning(
            "on resource/fast-nvme",
            vec![
                entry("Resource", "toward", id("ResourceId", 50)),
                entry("Resource", "toward", name("ResourceId", "fast-nvme")),
            ],
        ),
        meaning("near lease/shard", lease("shard", 21)),
        meaning("near lease/job in zone", level(lease("job", 22), "zone")),
        meaning("near lease/agent", lease("agent", 23)),
    ]
}

fn preferred() -> Vec<Meaning> {
    let prefer = |sentence, entries, builder| Meaning {
        preferred: true,
        builder,
        ..meaning(sentence, entries)
    };
    let new = PlacementRequest::new;
    let node_target = AffinityTarget::node(1);
    let resource = Affinity::resource(AffinityStrength::Preferred, node_target.clone());
    let topology = Affinity::topology(AffinityStrength::Preferred, node_target);
    let heavy = node("Resource", "toward").into_iter();
    vec![
        prefer("on node/n1", node("Resource", "toward"), Some(new().affinity_with(1))),
        prefer("on node/n1", vec![], Some(new().strategy(Strategy::Affinity(ObjectId(1))))),
        prefer("on node/n1", vec![], Some(new().affinity(resource))),
        prefer("not-on node/n1", node("Topology", "away"), Some(new().anti_affinity_with(1))),
        prefer("not-on node/n1", vec![], Some(new().strategy(Strategy::AntiAffinity(ObjectId(1))))),
        prefer("not-on node/n1", vec![], Some(new().anti_affinity(topology))),
        prefer(
            "apart-from service/db in zone",
            service("away"),
            Some(new().anti_affinity_services([11])),
        ),
        prefer("near lease/shard in zone", level(lease("shard", 21), "zone"), None),
        prefer("near lease/free", lease("free", 24), None),
        prefer("near lease/gone", lease("gone", 25), None),
        prefer("on rack/rack-42", rack("toward"), None),
        prefer(
            "on node/n1 weight 80",
            heavy.map(|entry| with(entry, "weight", json!(80))).collect(),
            None,
        ),
    ]
}

/// What is wrong with it is said in the same words.
fn mistaken() -> Vec<Meaning> {
    vec![
        meaning("on trust/paymets", trust("paymets")),
        meaning("on trust/vault", trust("vault")),
        meaning("on resource/slow", vec![entry("Resource", "toward", name("ResourceId", "slow"))]),
        meaning(
            "near service/nowhere in zone",
            vec![entry("Topology", "toward", name("ServiceId", "nowhere"))],
        ),
        meaning("near lease/none", vec![entry("State", "toward", name("LeaseId", "none"))]),
        meaning("near lease/free", lease("free", 24)),
        meaning("near lease/gone", lease("gone", 25)),
        meaning(
            "apart-from service/db in rack",
            level(vec![entry("Topology", "away", name("ServiceId", "db"))], "rack"),
        ),
        meaning(
            "apart-from service/other/cache in zone",
            vec![entry("Topology", "away", id("ServiceId", 12))],
        ),
        meaning(
            "near service/db in zoen",
            level(vec![entry("Topology", "toward", name("ServiceId", "db"))], "zoen"),
        ),
    ]
}

/// The forms of a meaning besides the sentence: an annotation and its value.
fn forms(meaning: &Meaning) -> Vec<(&'static str, String)> {
    let mut forms = Vec::new();
    let blob = |entries: &[Affinity]| {
        let mut blob = Vec::new();
        append(&mut blob, entries).ok().map(|()| STANDARD.encode(blob))
    };
    for entry in &meaning.entries {
        let strength = if meaning.preferred { "Preferred" } else { "Required" };
        let entry = with(entry.clone(), "strength", json!(strength));
        let json = json!({"entries": [entry]});
        let fields = entry.as_object().expect("fields");
        let lines = fields.iter().map(|(key, value)| format!("{key}: {value}"));
        let yaml = format!("entries:\n- {}\n", lines.collect::<Vec<_>>().join("\n  "));
        let typed = written::read(&json).expect("entries");
        forms.push(("placecard.dev/intents", json.to_string()));
        forms.push(("placecard.dev/intents", yaml));
        forms.extend(blob(&typed).map(|text| ("placecard.dev/intents-tlv", text)));
    }
    if let Some(builder) = &meaning.builder {
        let entries = builder.entries().expect("entries");
        let text = blob(&entries).expect("in wire form");
        forms.push(("placecard.dev/intents-tlv", text));
        forms.push(("placecard.dev/intents", written::write_text(&entries)));
    }
    forms
}

#[test]
fn every_form_says_the_same_at_every_door() {
    let context = Context { vocabulary: Some(VOCABULARY.to_owned()), objects: Some(objects()) };
    let desk = Desk::new(&context);
    let (mut compared, mut refused) = (0, 0);
    for meaning in meanings() {
        let key = if meaning.preferred { "placecard.dev/prefer" } else { "placecard.dev/require" };
        // Alone, and beside a nodeSelector that may contradict it.
        for selector in [json!({}), json!({"topology.kubernetes.io/zone": "eu-1b"})] {
            if meaning.observed && selector != json!({}) {
                continue;
            }
            let manifest = pod(&json!({key: meaning.sentence}), &selector);
            let expected = told(&context, &desk, &manifest);
            refused += usize::from(!expected.refusal.is_empty());
            for (key, value) in forms(&meaning) {
                let manifest = pod(&json!({key: value}), &selector);
                let found = told(&context, &desk, &manifest);
                assert_eq!(found, expected, "{}: {key}: {value}", meaning.sentence);
                compared += 1;
            }
        }
    }
    assert!(compared > 150 && refused > 10, "{compared} compared, {refused} refused");
}

/// The same objects as they stand in a snapshot.
fn snapshot() -> String {
    objects().replace("\n---\n", "\n")
}

#[test]
fn every_form_says_the_same_on_a_cluster() {
    let context = Context { vocabulary: Some(VOCABULARY.to_owned()), objects: Some(objects()) };
    let cluster = snapshot();
    let (mut compared, mut placed) = (0, 0);
    for meaning in meanings() {
        let key = if meaning.preferred { "placecard.dev/prefer" } else { "placecard.dev/require" };
        let manifest = pod(&json!({key: meaning.sentence}), &json!({}));
        let expected = told_on_cluster(&cluster, &manifest);
        // What the snapshot knows of others is what manifests say of them.
        assert_eq!(expected.fields, expand(&context, &manifest), "{}", meaning.sentence);
        placed += usize::from(!expected.placed["ranked"].is_null());
        for (key, value) in forms(&meaning) {
            let manifest = pod(&json!({key: value}), &json!({}));
            let found = told_on_cluster(&cluster, &manifest);
            assert_eq!(found, expected, "{}: {key}: {value}", meaning.sentence);
            compared += 1;
        }
    }
    assert!(compared > 100 && placed > 20, "{compared} compared, {placed} placed");
}

/// The messages of `lint --cluster`, with the code of each, of a pod with this typed entry.
fn unresolved(cluster: &str, strength: &str, target: &Value) -> Vec<(String, String)> {
    let category = match target["type"].as_str() {
        Some("LeaseId") => "State",
        Some("ServiceId") => "Topology",
        _ => "Resource",
    };
    let entry = with(entry(category, "toward", target.clone()), "strength", json!(strength));
    let annotations = json!({"placecard.dev/intents": json!({"entries": [with(entry, "level", json!("zone"))]}).to_string()});
    let files = [("--vocabulary", VOCABULARY), ("--cluster", cluster)];
    let manifest = pod(&annotations, &json!({}));
    let linted = placecard(&["lint", "--format", "json"], &files, &manifest);
    let findings = linted["findings"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings.iter().map(|one| (text(&one["code"]), text(&one["message"]))).collect()
}

#[test]
fn what_a_snapshot_lacks_is_absent_only_if_it_lists_the_kind() {
    let without = |kind: &str| -> String {
        let objects = objects();
        let kept =
            objects.split("\n---\n").filter(|one| !one.contains(&format!("\"kind\":\"{kind}\"")));
        kept.collect::<Vec<_>>().join("\n")
    };
    let lease = |number| id("LeaseId", number);
    for (cluster, target, message) in [
        (snapshot(), lease(99), "the Lease 00000000-0000-0000-0000-000000000063 does not exist"),
        // The UID of a Service, and of a node.
        (snapshot(), lease(11), "the Lease 00000000-0000-0000-0000-00000000000b does not exist"),
        (
            snapshot(),
            id("ServiceId", 1),
            "the Service 00000000-0000-0000-0000-000000000001 does not exist",
        ),
        (snapshot(), lease(24), "Lease search/free is held by nobody"),
        (snapshot(), lease(25), "the holder of Lease search/gone is neither a pod nor a node"),
        (snapshot(), name("LeaseId", "none"), "Lease search/none does not exist"),
        (
            without("Lease"),
            lease(99),
            "the Lease 00000000-0000-0000-0000-000000000063 is not among the objects read",
        ),
        (
            without("Lease"),
            name("LeaseId", "shard"),
            "Lease search/shard is not among the objects read",
        ),
        (
            without("Service"),
            name("ServiceId", "db"),
            "Service search/db is not among the objects read",
        ),
        (
            without("Pod"),
            name("LeaseId", "gone"),
            "Pod search/worker-gone is not among the objects read",
        ),
    ] {
        for strength in ["Required", "Preferred"] {
            let told = unresolved(&cluster, strength, &target);
            let told: Vec<(&str, &str)> =
                told.iter().map(|(code, text)| (code.as_str(), text.as_str())).collect();
            assert_eq!(told, [("unresolved", message)], "{strength} {target}");
        }
    }
    for target in [lease(21), lease(22), lease(23), id("ServiceId", 11), id("NodeId", 1)] {
        assert_eq!(unresolved(&snapshot(), "Required", &target), [], "{target}");
    }
}

#[test]
fn manifests_count_before_the_snapshot() {
    // In the snapshot n1 is in eu-1a, and worker-x7 holds the Lease job.
    let cluster = snapshot();
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1",
        "labels": {"topology.kubernetes.io/zone": "eu-1c"}}});
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "job", "namespace": "search"}, "spec": {}});
    let expanded = |context: &[&Value]| {
        let manifest = pod(&json!({"placecard.dev/require": "near lease/job in zone"}), &json!({}));
        let context: Vec<String> = context.iter().map(ToString::to_string).collect();
        let context = context.join("\n---\n") + "\n";
        let files = [
            ("--vocabulary", VOCABULARY),
            ("--cluster", cluster.as_str()),
            ("--objects", context.as_str()),
        ];
        let spec = placecard(&["expand"], &files, &manifest)["spec"].take();
        let terms = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
            ["nodeSelectorTerms"];
        terms[0]["matchExpressions"][0]["values"][0].clone()
    };
    let empty = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "search"}});
    assert_eq!(expanded(&[&empty]), "eu-1a");
    assert_eq!(expanded(&[&node]), "eu-1c");
    // A manifest of a Lease does not say who holds it.
    assert_eq!(expanded(&[&lease, &node]), "eu-1c");
}

#[test]
fn a_volume_has_no_sentence_and_is_found_by_id_and_by_name() {
    let context = Context { vocabulary: Some(VOCABULARY.to_owned()), objects: Some(objects()) };
    let desk = Desk::new(&context);
    let manifest = |target: Value| {
        let entry = with(entry("Resource", "toward", target), "strength", json!("Required"));
        let entries = json!({"entries": [entry]}).to_string();
        pod(&json!({"placecard.dev/intents": entries}), &json!({}))
    };
    let by_id = told(&context, &desk, &manifest(id("ResourceId", 31)));
    assert_eq!(by_id, told(&context, &desk, &manifest(name("ResourceId", "volume/pv-7"))));
    let terms = &by_id.fields["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        ["nodeSelectorTerms"];
    assert_eq!(terms[0]["matchExpressions"][0]["values"], json!(["ssd"]));
    assert_eq!(by_id.lint, Vec::<Value>::new());
}

#[test]
fn a_pod_keeps_the_holder_that_it_was_placed_by() {
    let context = Context { vocabulary: Some(VOCABULARY.to_owned()), objects: Some(objects()) };
    let manifest = pod(&json!({"placecard.dev/require": "near lease/job in zone"}), &json!({}));
    let mut object: Value = serde_json::from_str(&manifest).expect("JSON");
    let mutate = |desk: &Desk, object: &mut Value| {
        let response = desk.answer("/mutate", &create(object));
        assert_eq!(response["allowed"], true, "{response:#}");
        if let Some(patch) = response["patch"].as_str() {
            let patch = STANDARD.decode(patch).expect("base64");
            let patch: json_patch::Patch = serde_json::from_slice(&patch).expect("a patch");
            json_patch::patch(object, &patch).expect("a patch that fits");
        }
    };
    mutate(&Desk::new(&context), &mut object);
    let applied = object["metadata"]["annotations"]["placecard.dev/applied"].as_str();
    let applied: Value = serde_json::from_str(applied.expect("a record")).expect("JSON");
    assert_eq!(applied["leases"], json!([{"lease": "search/job", "node": "n1"}]));
    // Somebody else holds it when the webhook is called again.
    let moved = objects()
        .replace("worker-x7\"},\"", "gone\"},\"")
        .replace("{\"holderIdentity\":\"worker-x7\"}", "{\"holderIdentity\":\"db-0_5f0e\"}");
    let desk = Desk::new(&Context { objects: Some(moved), ..context });
    let before = object.clone();
    mutate(&desk, &mut object);
    assert_eq!(object, before, "the same again");
    let response = desk.answer("/validate", &create(&object));
    assert_eq!(response["allowed"], true, "{response:#}");
}
