//! The exact text of `placecard why` on the example clusters.
//!
//! `PLACECARD_UPDATE_DOCS=1` writes the expected texts anew; read the difference before you commit.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::ran::ran;

/// Runs a command line in the folder of the example clusters; its exit code, output and complaints.
fn placecard(line: &str) -> (u8, String, String) {
    placecard_with(line, "")
}

/// As [`placecard`], with this standard input.
fn placecard_with(line: &str, stdin: &str) -> (u8, String, String) {
    let folder = "../examples/snapshot/";
    let word = |word: &str| match word.ends_with(".yaml") {
        true => OsString::from(format!("{folder}{word}")),
        false => OsString::from(word),
    };
    ran(line.split(' ').map(word), stdin)
}

#[track_caller]
fn expect(name: &str, line: &str, code: u8) {
    let (found, out, err) = placecard(line);
    assert_eq!((found, err.as_str()), (code, ""), "{line}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/why").join(name);
    let text = format!("$ placecard {line}\n{out}");
    if std::env::var_os("PLACECARD_UPDATE_DOCS").is_some() {
        fs::write(&path, &text).expect("written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{name}: PLACECARD_UPDATE_DOCS=1 writes it anew");
}

#[test]
fn a_pending_pod_between_taken_and_tainted_nodes() {
    expect("trainer.txt", "why ml/trainer-6 --cluster prod.yaml", 1);
    expect("trainer.json", "why -n ml pod trainer-6 --cluster prod.yaml --format json", 1);
}

#[test]
fn a_template_that_no_node_could_hold() {
    expect("embedder.txt", "why embedder.yaml --cluster prod.yaml", 1);
}

#[test]
fn a_template_that_other_pods_keep_away() {
    expect("cart.txt", "why cart.yaml --cluster prod.yaml --ascii", 1);
}

#[test]
fn a_template_away_from_its_volume() {
    expect("archive.txt", "why archive.yaml --cluster prod.yaml --all", 1);
}

#[test]
fn a_template_that_its_namespace_completes_and_refuses() {
    expect("indexer.txt", "why indexer.yaml --cluster prod.yaml", 0);
    expect("place-indexer.txt", "place indexer.yaml --cluster prod.yaml", 0);
    expect("lint-indexer.txt", "lint --cluster prod.yaml indexer.yaml", 0);
    expect("reranker.txt", "why reranker.yaml --cluster prod.yaml", 1);
    expect("reranker.json", "why reranker.yaml --cluster prod.yaml --format json", 1);
    expect("place-reranker.txt", "place reranker.yaml --cluster prod.yaml", 1);
    expect("lint-reranker.txt", "lint --cluster prod.yaml reranker.yaml", 0);
}

#[test]
fn what_no_longer_holds() {
    expect("audit.txt", "audit --cluster drifted.yaml", 1);
    expect("audit.json", "audit --cluster drifted.yaml -o json --namespace shop", 1);
    let without = "audit --cluster drifted.yaml --without zone/eu-1a --without node/db-2 --ascii";
    expect("audit-without.txt", without, 1);
    expect("audit-without.json", "audit --cluster drifted.yaml --without node/db-1 -o json", 1);
    expect("audit-evict.txt", "audit --cluster drifted.yaml --evict --dry-run", 1);
    expect("audit-quiet.txt", "audit --cluster prod.yaml --namespace shop", 0);
}

#[test]
fn an_audit_that_cannot_run_says_why() {
    for (line, part) in [
        ("audit", "on which cluster?"),
        ("audit --cluster drifted.yaml --namespace shp", "no pod of namespace shp in drifted.yaml"),
        ("audit --cluster drifted.yaml --without rack", "rack names no nodes: write node/NAME"),
        ("audit --cluster drifted.yaml --without node/web-9", "is named web-9"),
        ("audit --cluster drifted.yaml --without zone/eu-1c", "topology.kubernetes.io/zone=eu-1c"),
        ("audit --cluster drifted.yaml --evict", "only pods of a live cluster can be evicted"),
        ("audit --cluster drifted.yaml --dry-run", "--dry-run is about --evict"),
        ("audit --cluster api.yaml", "no node"),
    ] {
        let (code, out, err) = placecard(line);
        assert_eq!((code, out.as_str()), (2, ""), "{line}");
        assert!(err.contains(part), "{line}: {err}");
    }
}

#[test]
fn a_pod_that_has_room() {
    expect("search.txt", "why search.yaml --cluster prod.yaml", 0);
    expect("notebook.txt", "why ml/notebook-0 --cluster prod.yaml", 0);
}

#[test]
fn templates_are_linted_on_a_cluster() {
    for (name, code) in [("embedder", 0), ("cart", 0), ("archive", 1), ("search", 0)] {
        let line = format!("lint --cluster prod.yaml {name}.yaml");
        expect(&format!("lint-{name}.txt"), &line, code);
    }
    expect("lint-cart.json", "lint --cluster prod.yaml cart.yaml --format json", 0);
}

/// Standard input: a Deployment of the namespace `ml`, with these lines in the template's spec.
fn linted(namespace: &str, spec: &str, flags: &str) -> (u8, String) {
    let manifest = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: x{namespace}}}\nspec:\n  \
         selector: {{matchLabels: {{app: x}}}}\n  template:\n    metadata: {{labels: {{app: x}}}}\n    \
         spec: {{{spec}}}\n"
    );
    let line = format!("placecard lint - --cluster ../examples/snapshot/prod.yaml{flags}");
    let mut out = Vec::new();
    let code = placecard_lint::run(
        line.split(' ').map(OsString::from),
        &mut manifest.as_bytes(),
        &mut out,
        &mut Vec::new(),
        false,
    );
    (code, String::from_utf8(out).expect("UTF-8"))
}

#[test]
fn nodes_that_fit_are_ranked() {
    expect("place-search.txt", "place search.yaml --cluster prod.yaml", 0);
    expect("place-api.txt", "place api.yaml --cluster small.yaml", 0);
    expect("place-api.json", "place api.yaml --cluster small.yaml --format json", 0);
    expect("place-trainer.txt", "place ml/trainer-6 --cluster prod.yaml", 1);
}

/// A Deployment of the namespace `shop` with these typed entries.
fn with_entries(entries: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: api, namespace: shop}}\nspec:\n  \
         selector: {{matchLabels: {{app: api}}}}\n  template:\n    metadata:\n      \
         labels: {{app: api}}\n      annotations:\n        placecard.dev/intents: |\n          \
         entries:\n{entries}    spec: {{containers: [{{name: api, image: 'api:1'}}]}}\n"
    )
}

/// What `place` says of a Deployment with these entries on the small cluster.
fn requested(entries: &str) -> (u8, serde_json::Value, String) {
    let manifest = with_entries(entries);
    let line = "place - --cluster small.yaml";
    let (code, text, err) = placecard_with(line, &manifest);
    assert_eq!(err, "");
    let (_, json, _) = placecard_with(&format!("{line} --format json"), &manifest);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    (code, json.pointer("/pods/0/request").expect("a request").clone(), text)
}

#[test]
fn typed_entries_are_placed_by_themselves() {
    let node = |strength: &str, direction: &str, name: &str| {
        format!(
            "          - {{category: Topology, strength: {strength}, direction: {direction}, \
             target: {{type: NodeId, name: {name}}}}}\n"
        )
    };
    let entries = node("Required", "away", "worker-1") + &node("Preferred", "toward", "worker-3");
    let (_, request, text) = requested(&entries);
    let field = |pointer: &str| request.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!(field("/fitting"), 3);
    assert_eq!(field("/rejection"), serde_json::Value::Null);
    assert_eq!(field("/candidates/0/node"), "worker-3");
    assert_eq!(field("/candidates/0/met/0"), 1);
    assert_eq!(field("/candidates/0/parts/affinity"), 100);
    assert_eq!(field("/candidates/1/node"), "worker-2");
    assert_eq!(field("/candidates/1/parts/affinity"), 0);
    assert_eq!(field("/candidates/2"), serde_json::Value::Null);
    for part in [
        "by its 2 typed entries: 2 of 3 nodes that fit meet what is required\n",
        "    1  required Topology away from NodeId worker-1\n",
        "    2  preferred Topology toward NodeId worker-3\n",
        "  rank  node      total  affinity    fit  locality  pressure  topology  meets\n",
    ] {
        assert!(text.contains(part), "{part:?}: {text}");
    }

    let entries = node("Required", "toward", "worker-1") + &node("Required", "toward", "worker-2");
    let (code, request, text) = requested(&entries);
    assert_eq!(code, 1);
    let field = |pointer: &str| request.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!(field("/rejection/reason"), "RequiredAffinityUnsatisfiable");
    assert_eq!(field("/rejection/core"), serde_json::json!([0, 1]));
    assert_eq!(field("/rejection/byEntry/0/removed"), 2);
    for part in ["NodeId worker-2 removes 2 of 3", "together they leave none"] {
        assert!(text.contains(part), "{part:?}: {text}");
    }

    let unknown = "          - {category: Resource, strength: Required, \
                   target: {type: ResourceId, name: tape}}\n";
    let (code, request, text) = requested(unknown);
    assert_eq!((code, request.pointer("/rejection/reason")), (1, Some(&"Unresolved".into())));
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("ResourceId tape: the vocabulary has no resource tape"), "{text}");
}

#[test]
fn typed_entries_about_ids_and_leases_are_placed_on_what_the_snapshot_says() {
    expect("place-reader.txt", "place reader.yaml --cluster leases.yaml", 0);
    expect("place-reader.json", "place reader.yaml --cluster leases.yaml --format json", 0);
    expect("lint-reader.txt", "lint reader.yaml --cluster leases.yaml", 0);
}

#[test]
fn entries_that_leave_no_node_are_named() {
    expect("place-torn.txt", "place torn.yaml --cluster leases.yaml", 1);
    expect("place-torn.json", "place torn.yaml --cluster leases.yaml --format json", 1);
}

#[test]
fn what_is_named_is_found_in_the_snapshot() {
    expect("lint-follower.txt", "lint follower.yaml --cluster leases.yaml", 0);
    expect("place-follower.txt", "place follower.yaml --cluster leases.yaml", 0);
}

#[test]
fn more_entries_than_can_be_placed_are_not_looked_at() {
    let many = |count: u32| -> String {
        let entry = |number| {
            format!(
                "          - {{category: Topology, strength: Preferred, direction: away, \
                 target: {{type: RackId, value: {number}}}, level: zone}}\n"
            )
        };
        (0..count).map(entry).collect()
    };
    let (_, request, _) = requested(&many(64));
    assert_eq!(request.pointer("/rejection"), Some(&serde_json::Value::Null));
    let (code, request, text) = requested(&many(65));
    let reason = request.pointer("/rejection/reason");
    assert_eq!((code, reason), (1, Some(&"TooManyEntries".into())));
    assert_eq!(request.pointer("/rejection/limit"), Some(&64.into()));
    assert!(text.contains("by its 65 typed entries: not looked at, 64 are the most\n"), "{text}");
    assert!(!text.contains("RackId"), "{text}");
}

#[test]
fn a_pod_is_judged_by_the_profile_that_it_names() {
    let flags = "--cluster prod.yaml --scheduler-config scheduler.yaml";
    expect("place-labeller.txt", &format!("place labeller.yaml {flags}"), 0);
    expect("labeller.txt", &format!("why labeller.yaml {flags}"), 0);
    expect("lint-labeller.txt", &format!("lint labeller.yaml embedder.yaml {flags}"), 0);
    // Without the file its scheduler is not known.
    let (code, out, _) = placecard("why labeller.yaml --cluster prod.yaml");
    assert_eq!(
        (code, out.as_str()),
        (0, "Deployment ml/labeller is not judged: scheduler packed\n")
    );
}

#[test]
fn what_of_a_configuration_is_not_judged_is_told_once() {
    let configuration = "apiVersion: kubescheduler.config.k8s.io/v1\n\
                         kind: KubeSchedulerConfiguration\nprofiles:\n\
                         - plugins: {filter: {enabled: [{name: OurOwn}]}}\n";
    for verb in
        ["why search.yaml api.yaml", "place search.yaml api.yaml", "lint search.yaml api.yaml"]
    {
        let flags = "--cluster prod.yaml --scheduler-config -";
        let (code, _, err) = placecard_with(&format!("{verb} {flags}"), configuration);
        assert_eq!(code, 0, "{verb}: {err}");
        let lines: Vec<&str> = err.lines().collect();
        assert!(
            matches!(lines.as_slice(), [one] if one.contains("<stdin>:4:") && one.contains("OurOwn")),
            "{verb}: {err}"
        );
    }
    let (code, _, err) =
        placecard_with("why search.yaml --cluster prod.yaml --scheduler-config -", "kind: Pod\n");
    assert_eq!(code, 2);
    assert!(err.contains("<stdin>:1:1"), "{err}");
}

#[test]
fn the_vocabulary_says_which_nodes_may_come() {
    let vocabulary = "apiVersion: placecard.dev/v1alpha1\nkind: PlacementVocabulary\n\
                      metadata: {name: default}\nspec:\n  levels:\n  \
                      - {name: node, key: kubernetes.io/hostname}\n";
    let templates = "  nodeTemplates:\n  - {name: a100-large, labels: {accelerator: a100}, \
                     allocatable: {cpu: '32', memory: 120Gi, pods: '110', nvidia.com/gpu: '8'}, \
                     count: {max: 20}}\n";
    let line = "why embedder.yaml --cluster prod.yaml --vocabulary -";
    let (code, out, err) = placecard_with(line, &format!("{vocabulary}{templates}"));
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    assert!(
        out.starts_with("Deployment ml/embedder waits for a new node of a100-large\n"),
        "{out}"
    );
    let (code, out, _) = placecard_with(line, &format!("{vocabulary}  inventory: closed\n"));
    assert_eq!(code, 1, "{out}");
    let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(out.contains("the vocabulary declares inventory: closed"), "{out}");
    let pod = "why ml/trainer-6 --cluster prod.yaml --vocabulary -";
    let (_, out, _) = placecard_with(pod, &format!("{vocabulary}{templates}"));
    assert!(out.starts_with("ml/trainer-6 waits for a new node of a100-large\n"), "{out}");
    let (code, _, err) = placecard_with(pod, &format!("{vocabulary}  inventory: shut\n"));
    assert_eq!(code, 2);
    assert!(err.contains("cannot be used"), "{err}");
}

#[test]
fn what_is_not_judged_is_listed_with_the_reason() {
    let plain = "containers: [{name: a, image: 'a:1'}]";
    for (namespace, spec, flags, expected) in [
        (", namespace: ml", plain.to_owned(), "", "placed    1 template: a node fits"),
        ("", plain.to_owned(), "", "unjudged  1 template: x (no namespace)"),
        ("", plain.to_owned(), " -n ml", "placed    1 template: a node fits"),
        (", namespace: ml", format!("schedulerName: volcano, {plain}"), "", "(scheduler volcano)"),
        (", namespace: ml", "nodeSelector: {a: b}".to_owned(), "", "ml/x (a patch)"),
        (", namespace: ml", format!("nodeName: n1, {plain}"), "", "(bound to node n1)"),
        (
            ", namespace: ml",
            format!("schedulingGates: [{{name: example.com/wait}}], {plain}"),
            "",
            "(held back by example.com/wait)",
        ),
    ] {
        let (code, out) = linted(namespace, &spec, flags);
        assert_eq!(code, 0, "{out}");
        assert!(out.contains(expected), "{spec}: {out}");
    }
}

#[test]
fn a_workload_is_not_in_its_own_way() {
    // The three pods of shop/web that run hold the port that their successors want.
    let port = "containers: [{name: a, image: 'a:1', ports: [{containerPort: 80, hostPort: 80}]}]";
    let apart = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [\
                 {topologyKey: topology.kubernetes.io/zone, labelSelector: {matchLabels: {app: \
                 trainer}}}]}}";
    let (_, out) = linted(", namespace: ml", &format!("{apart}, {port}"), "");
    assert!(out.contains("placed    1 template"), "{out}");
}

#[test]
fn what_cannot_be_answered_is_told() {
    for (line, part) in [
        ("why ml/trainer-9 --cluster prod.yaml", "no pod ml/trainer-9 in prod.yaml"),
        ("why shop/trainer-6 --cluster prod.yaml", "did you mean ml/trainer-6?"),
        ("why trainer-6 --cluster prod.yaml", "no pod default/trainer-6"),
        ("why ml/trainer-6", "on which cluster?"),
        ("why --cluster prod.yaml", "about what?"),
        ("why ml/trainer-6 --cluster cart.yaml", "no node"),
        ("why prod.yaml --cluster missing.yaml", "missing.yaml"),
        ("why - --cluster -", "only once"),
        ("why a --cluster - --scheduler-config -", "only once"),
        ("lint search.yaml --scheduler-config scheduler.yaml", "name one with --cluster"),
    ] {
        let (code, out, err) = placecard(line);
        assert_eq!((code, out.as_str()), (2, ""), "{line}");
        assert!(err.contains(part), "{line}: {err}");
    }
}

#[test]
fn rules_that_cannot_be_read_are_not_passed_over() {
    for (key, value) in [
        ("require", "naer self"),
        ("require", "on pool/none"),
        ("intents", "entries: [{category: State}]"),
        ("intents-tlv", "CRAA"),
    ] {
        let pod = serde_json::json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "p", "namespace": "ml",
                         "annotations": {format!("placecard.dev/{key}"): value}},
            "spec": {"containers": [{"name": "c", "image": "c:1"}]}})
        .to_string();
        for verb in ["why", "place"] {
            let (code, out, _) = placecard_with(&format!("{verb} - --cluster prod.yaml"), &pod);
            let told = "Pod ml/p is not judged: its rules could not be expanded\n";
            assert_eq!((code, out.as_str()), (1, told), "{verb} {key}: {value}");
        }
    }
}
