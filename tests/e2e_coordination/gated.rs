//! Gated batches: real controllers make the pods, our webhook gates them, our controller lets whole
//! batches go, and a real scheduler binds them.

use placecard_policies::language::keys;
use placecard_tests::controlplane::{Target, wait_for};
use serde_json::{Value, json};

use super::stage::{Cast, HOSTNAME, PATIENCE, Stage, assert_whole, with_stage};

const CASTS: [Cast; 2] = [("prefill", 6, 2), ("decode", 3, 1)];

const ROLES: [(&str, u32); 2] = [("decode", 1), ("prefill", 2)];

/// A coordination and its StatefulSets in a namespace of their own.
fn group(stage: &Stage, namespace: &str, more: Value) {
    stage.namespace(namespace);
    stage.coordination(namespace, "llm", &CASTS, more);
    CASTS.into_iter().for_each(|cast| stage.set(namespace, "llm", cast));
}

/// All of it is gone, and its room is free.
fn clear(stage: &Stage, namespace: &str) {
    for (set, ..) in CASTS {
        let target = Target::new("apps/v1", "StatefulSet", namespace, set);
        stage.api().delete(&target).unwrap_or_else(|why| panic!("{why}"));
    }
    wait_for(PATIENCE, "the pods are gone", || {
        let pods = stage.live(namespace);
        let _ = stage.api().delete_all("v1", "Pod", namespace);
        if pods.is_empty() { Ok(()) } else { Err(format!("{pods:?}")) }
    });
}

/// The first acceptance: 6 + 3 on three nodes that hold one batch each.
#[test]
fn each_of_three_nodes_gets_two_and_one() {
    with_stage(|stage| {
        for name in ["n1", "n2", "n3"] {
            stage.node(name, "a", 3);
        }
        let controller = stage.controller("one");
        for mode in ["Sequential", "Parallel"] {
            for exclusive in ["none", "preferred", "required"] {
                let namespace = format!("{mode}-{exclusive}").to_lowercase();
                group(stage, &namespace, json!({"batchMode": mode, "exclusive": exclusive}));
                let batches = stage.settled(&namespace, 9, HOSTNAME);
                assert_whole(&batches, 3, &ROLES, true);
                stage.until(&namespace, "llm", "the status is complete", |status| {
                    // What StatefulSets say of their pods comes later.
                    let roles = json!({
                        "decode": {"readyReplicas": 3, "targetReplicas": 3, "updatedReplicas": 3},
                        "prefill": {"readyReplicas": 6, "targetReplicas": 6, "updatedReplicas": 6}});
                    let entry = &status["coordinationStatus"][0];
                    status["phase"] == "Completed" && entry["roleStates"] == roles
                });
                let status = stage.status(&namespace, "llm");
                let entry = &status["coordinationStatus"][0];
                assert_eq!(
                    (&entry["name"], &entry["type"]),
                    (&json!("pd"), &json!("AffinityScheduling"))
                );
                assert_eq!(
                    (&entry["currentBatch"], &entry["totalBatches"]),
                    (&json!(3), &json!(3))
                );
                assert_eq!(entry["message"], "All 3 batches are ready");
                assert_eq!(status["conditions"][0]["type"], "Ready");
                assert_eq!(status["conditions"][0]["status"], "True");
                let labels = format!(r#"{{namespace="{namespace}",name="llm",coordination="pd"}}"#);
                for name in ["placecard_coordination_batch", "placecard_coordination_batches"] {
                    let line = format!("{name}{labels}");
                    wait_for(PATIENCE, &line, || match controller.metric(&line) {
                        Some(3.0) => Ok(()),
                        other => Err(format!("{other:?}")),
                    });
                }
                clear(stage, &namespace);
            }
        }
        assert!(stage.holder().starts_with("one"));
    });
}

/// In sequence no pod of a batch is let go before the batch before it is ready.
#[test]
fn in_sequence_each_batch_waits_for_the_one_before() {
    with_stage(|stage| {
        for name in ["n1", "n2", "n3"] {
            stage.node(name, "a", 3);
        }
        let _controller = stage.controller("one");
        group(stage, "ml", json!({"batchMode": "Sequential"}));
        for number in 0..3_u64 {
            // Nobody makes pods ready meanwhile.
            wait_for(PATIENCE, "the pods of one more batch are bound", || {
                let pods = stage.pods("ml");
                let of = |pod: &Value| pod["metadata"]["labels"][keys::BATCH].clone();
                let bound = |pod: &&Value| pod["spec"]["nodeName"].is_string();
                let found: Vec<Value> = pods.iter().filter(bound).map(of).collect();
                let late = |batch: &Value| {
                    batch.as_str().unwrap_or_default() > number.to_string().as_str()
                };
                assert!(!found.iter().any(late), "{found:?}");
                let due = 3 * (number as usize + 1);
                if found.len() == due { Ok(()) } else { Err(format!("{found:?}")) }
            });
            let begun = format!("Deploying batch {} of 3", number + 1);
            wait_for(PATIENCE, &begun, || {
                let status = stage.status("ml", "llm");
                let message = status["coordinationStatus"][0]["message"].as_str().unwrap_or("");
                if message.starts_with(&begun) { Ok(()) } else { Err(status.to_string()) }
            });
            stage.live("ml");
        }
        assert_whole(&stage.settled("ml", 9, HOSTNAME), 3, &ROLES, true);
        stage.told("ml", "BatchBegun", 3..=3);
        stage.told("ml", "BatchPlaced", 3..=3);
    });
}
