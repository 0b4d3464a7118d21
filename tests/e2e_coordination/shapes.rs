//! What the real controllers write on their pods, recorded, and the batches that are made of it: a
//! StatefulSet that counts from another number, an Indexed Job, and pods without a number.

use std::path::Path;

use placecard_policies::language::keys;
use placecard_tests::controlplane::wait_for;
use serde_json::{Map, Value, json};

use super::stage::{PATIENCE, Stage, with_stage};

/// A template whose pods say themselves to which coordination they belong, and pass no webhook.
fn template(extra: &Value) -> Value {
    let mut template = json!({"metadata": {"labels": {"group": "g"}},
        "spec": {"containers": [{"name": "main", "image": "registry.invalid/none"}]}});
    for (field, value) in extra.as_object().into_iter().flatten() {
        template["spec"][field] = value.clone();
    }
    template
}

fn workloads(template: impl Fn(&Value) -> Value) -> [Value; 3] {
    let never = json!({"restartPolicy": "Never"});
    let selector = json!({"matchLabels": {"group": "g"}});
    [
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "late"},
            "spec": {"replicas": 3, "podManagementPolicy": "Parallel", "serviceName": "late",
                "ordinals": {"start": 3}, "selector": selector, "template": template(&json!({}))}}),
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "indexed"},
            "spec": {"completions": 3, "parallelism": 3, "completionMode": "Indexed",
                "template": template(&never)}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "plain"},
            "spec": {"replicas": 1, "selector": selector, "template": template(&json!({}))}}),
    ]
}

fn pods(stage: &Stage, namespace: &str, count: usize) -> Vec<Value> {
    wait_for(PATIENCE, &format!("{count} pods in {namespace}"), || {
        let pods = stage.pods(namespace);
        if pods.len() == count { Ok(pods) } else { Err(pods.len().to_string()) }
    })
}

/// What is the same in every run: names end in what is random where they were generated.
fn shape(pod: &Value) -> Value {
    let metadata = &pod["metadata"];
    let kept = |field: &str| -> Map<String, Value> {
        let all = metadata[field].as_object().into_iter().flatten();
        let stable = |key: &str| !key.contains("uid") && !key.contains("hash");
        let all = all.map(|(key, value)| match stable(key) {
            true => (key.clone(), value.clone()),
            false => (key.clone(), json!("...")),
        });
        all.collect()
    };
    let owner = &metadata["ownerReferences"][0];
    let generated = metadata["generateName"].as_str();
    let owner_name = match owner["kind"].as_str() {
        Some("ReplicaSet") => json!("..."),
        _ => owner["name"].clone(),
    };
    let is_random = generated.is_some() && owner["kind"] != "StatefulSet";
    let generated = match owner["kind"].as_str() {
        Some("ReplicaSet") => json!("..."),
        _ => metadata["generateName"].clone(),
    };
    json!({
        "name": if is_random { json!("...") } else { metadata["name"].clone() },
        "generateName": generated,
        "labels": kept("labels"),
        "annotations": kept("annotations"),
        "owner": {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner_name},
    })
}

#[test]
fn controllers_number_their_pods_as_is_recorded() {
    with_stage(|stage| {
        // Nobody stands before the API server yet.
        stage.namespace("recorded");
        for mut workload in workloads(template) {
            workload["metadata"]["namespace"] = json!("recorded");
            stage.create(&workload);
        }
        let mut shapes: Vec<Value> = pods(stage, "recorded", 7).iter().map(shape).collect();
        shapes.sort_by_key(Value::to_string);
        let text = serde_json::to_string_pretty(&shapes).expect("JSON") + "\n";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/pod-shapes.json");
        if std::env::var_os("PLACECARD_UPDATE_DOCS").is_some() {
            std::fs::write(&path, &text).expect("a file");
        }
        let expected = std::fs::read_to_string(&path).expect("the record");
        assert!(text == expected, "PLACECARD_UPDATE_DOCS=1 writes it anew:\n{text}");

        // The same with a coordination, through the webhook.
        let _controller = stage.controller("one");
        stage.namespace("ml");
        let of = |extra: &Value| {
            let mut template = template(extra);
            let words = "own role all ratio 2 in zone parallel";
            template["metadata"]["annotations"] = json!({keys::COORDINATE: words});
            template
        };
        for mut workload in workloads(of) {
            workload["metadata"]["namespace"] = json!("ml");
            stage.create(&workload);
        }
        let found = pods(stage, "ml", 7);
        let batches = |kind: &str| -> Vec<String> {
            let of_kind =
                found.iter().filter(|pod| pod["metadata"]["ownerReferences"][0]["kind"] == kind);
            let batch =
                |pod: &Value| pod["metadata"]["labels"][keys::BATCH].as_str().map(str::to_owned);
            let mut batches: Vec<String> =
                of_kind.map(|pod| batch(pod).unwrap_or_default()).collect();
            batches.sort();
            batches
        };
        // 3, 4 and 5 from 3 on; 0, 1 and 2; and all of them, where they make no more than one batch.
        assert_eq!(batches("StatefulSet"), ["0", "0", "1"]);
        assert_eq!(batches("Job"), ["0", "0", "1"]);
        assert_eq!(batches("ReplicaSet"), ["0"]);
    });
}
