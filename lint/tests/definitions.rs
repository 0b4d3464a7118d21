//! Definitions of custom resources: from manifests, and from the snapshot of a cluster.

use std::fs;

use serde_json::{Value, json};

use crate::ran::ran;

/// A RoleBasedGroup with coordinations inside.
fn group() -> Value {
    let role = |name: &str| {
        json!({"name": name, "replicas": 2,
            "template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}})
    };
    json!({"apiVersion": "workloads.x-k8s.io/v1alpha1", "kind": "RoleBasedGroup",
        "metadata": {"name": "llm", "namespace": "ml"},
        "spec": {"roles": [role("prefill"), role("decode")], "coordination": [
            {"name": "pd", "type": "AffinityScheduling", "roles": ["prefill", "decode"],
             "strategy": {"affinityScheduling": {"topologyKey": "kubernetes.io/hostname",
                 "ratios": {"prefill": 1, "decode": 1}, "batchMode": "Parallel"}}}]}})
}

fn definition(strategy: &Value) -> Value {
    let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let item = json!({"type": "object", "properties": {"name": {"type": "string"},
        "type": {"type": "string"}, "roles": {"type": "array", "items": {"type": "string"}},
        "strategy": strategy}});
    let spec = json!({"type": "object", "properties": {"roles": {"type": "array", "items": open},
        "coordination": {"type": "array", "items": item}}});
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "rolebasedgroups.workloads.x-k8s.io"},
        "spec": {"group": "workloads.x-k8s.io", "versions": [{"name": "v1alpha1", "schema":
            {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}}]}})
}

/// The severities of the findings about what is dropped.
fn dropped(arguments: &[&str]) -> Vec<String> {
    let line = ["lint", "--format", "json"].iter().chain(arguments);
    let (_, out, err) = ran(line.copied(), "");
    let report: Value = serde_json::from_str(&out).expect(&err);
    let findings = report["findings"].as_array().expect("findings");
    let of_code = findings.iter().filter(|one| one["code"] == "coordination-pruned");
    of_code.map(|one| one["severity"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn what_is_dropped_is_decided_by_the_definition_wherever_it_was_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, value: &Value| -> String {
        let path = folder.path().join(name);
        fs::write(&path, value.to_string()).expect("a file");
        path.to_string_lossy().into_owned()
    };
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n",
        "labels": {"kubernetes.io/hostname": "n"}}, "status": {"allocatable": {"pods": "9"}}});
    let keeps = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let drops = json!({"type": "object", "properties": {"rollingUpdate": keeps}});
    let manifest = write("group.json", &group());
    let bare = write("bare.json", &json!({"apiVersion": "v1", "kind": "List", "items": [node]}));
    let none: &[&str] = &[];
    for (strategy, expected) in [(&keeps, none), (&drops, &["error"])] {
        let definition = definition(strategy);
        let objects = write("definition.json", &definition);
        assert_eq!(dropped(&[&manifest, "--objects", &objects]), expected);
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [node, definition]});
        let cluster = write("cluster.json", &list);
        assert_eq!(dropped(&[&manifest, "--cluster", &cluster]), expected);
    }
    // Without one nobody can be sure, and what is written counts before what runs.
    assert_eq!(dropped(&[&manifest, "--cluster", &bare]), ["note"]);
    let cluster = write(
        "old.json",
        &json!({"apiVersion": "v1", "kind": "List",
        "items": [node, definition(&drops)]}),
    );
    let objects = write("definition.json", &definition(&keeps));
    assert_eq!(dropped(&[&manifest, "--objects", &objects, "--cluster", &cluster]), none);
}
