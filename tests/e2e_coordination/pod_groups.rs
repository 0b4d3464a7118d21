//! Batches by the scheduler's own PodGroups, on a control plane that has them, and on one that does
//! not keep them to a topology.

use std::collections::BTreeSet;

use placecard_policies::coordination::pod_groups::API_VERSION;
use placecard_policies::language::keys;
use placecard_tests::controlplane::{Target, wait_for};
use serde_json::{Value, json};

use super::stage::{Cast, HOSTNAME, PATIENCE, Stage, assert_whole, with_stage_of};

/// What switches them on.
const GATES: &str = "GenericWorkload=true,TopologyAwareWorkloadScheduling=true";

fn arguments(gates: &str) -> [&str; 4] {
    ["--feature-gates", gates, "--runtime-config", "scheduling.k8s.io/v1beta1=true"]
}

const CASTS: [Cast; 2] = [("prefill", 6, 2), ("decode", 3, 1)];

const ROLES: [(&str, u32); 2] = [("decode", 1), ("prefill", 2)];

fn group(stage: &Stage, namespace: &str, mode: &str, exclusive: &str) {
    stage.namespace(namespace);
    let more = json!({"placement": "podgroup", "batchMode": mode, "exclusive": exclusive});
    stage.coordination(namespace, "llm", &CASTS, more);
    CASTS.into_iter().for_each(|cast| stage.set(namespace, "llm", cast));
}

/// The batches that have a group, and its number of pods.
fn groups(stage: &Stage, namespace: &str) -> BTreeSet<(String, i64)> {
    let found = stage.api().list(API_VERSION, "PodGroup", namespace, keys::COORDINATION);
    let found = found.unwrap_or_else(|why| panic!("{why}"));
    let of = |group: &Value| {
        let batch = group["metadata"]["labels"][keys::BATCH].as_str().unwrap_or("none").to_owned();
        (batch, group["spec"]["schedulingPolicy"]["gang"]["minCount"].as_i64().unwrap_or(0))
    };
    found.iter().map(of).collect()
}

fn wait_for_groups(stage: &Stage, namespace: &str, expected: &[(&str, i64)]) {
    let expected: BTreeSet<(String, i64)> =
        expected.iter().map(|(batch, count)| ((*batch).to_owned(), *count)).collect();
    wait_for(PATIENCE, &format!("the PodGroups {expected:?} of {namespace}"), || {
        stage.live(namespace);
        let found = groups(stage, namespace);
        if found == expected { Ok(()) } else { Err(format!("{found:?}")) }
    });
}

fn clear(stage: &Stage, namespace: &str) {
    let target = Target::new(keys::API_VERSION, keys::COORDINATION_KIND, namespace, "llm");
    stage.api().delete(&target).unwrap_or_else(|why| panic!("{why}"));
    CASTS.into_iter().for_each(|(set, ..)| stage.scale(namespace, set, 0));
    // Their owner is gone, and so are they once nothing is in them.
    wait_for_groups(stage, namespace, &[]);
}

#[test]
fn the_scheduler_places_each_batch_as_a_pod_group() {
    with_stage_of(&arguments(GATES), |stage| {
        for name in ["n1", "n2", "n3"] {
            stage.node(name, "a", 3);
        }
        let _controller = stage.controller("one");
        // Exactly one batch has room on each node.
        group(stage, "tight", "Parallel", "none");
        assert_whole(&stage.settled("tight", 9, HOSTNAME), 3, &ROLES, true);
        assert_eq!(
            groups(stage, "tight"),
            [("0", 3), ("1", 3), ("2", 3)].map(|(a, b)| (a.to_owned(), b)).into()
        );
        stage.until("tight", "llm", "the status says so", |status| status["phase"] == "Completed");
        // One more batch, and one less.
        stage.node("n4", "a", 3);
        stage.scale("tight", "prefill", 8);
        stage.scale("tight", "decode", 4);
        assert_whole(&stage.settled("tight", 12, HOSTNAME), 4, &ROLES, true);
        stage.scale("tight", "prefill", 6);
        stage.scale("tight", "decode", 3);
        wait_for_groups(stage, "tight", &[("0", 3), ("1", 3), ("2", 3)]);
        clear(stage, "tight");
        // Room for two batches on a node, of which one is to be alone there.
        for name in ["m1", "m2", "m3"] {
            stage.node(name, "a", 6);
        }
        group(stage, "alone", "Parallel", "required");
        assert_whole(&stage.settled("alone", 9, HOSTNAME), 3, &ROLES, true);
        clear(stage, "alone");
    });
}

#[test]
fn in_sequence_a_pod_group_is_made_when_the_one_before_is_ready() {
    with_stage_of(&arguments(GATES), |stage| {
        for name in ["n1", "n2", "n3"] {
            stage.node(name, "a", 3);
        }
        let _controller = stage.controller("one");
        group(stage, "ml", "Sequential", "none");
        for number in 1..=3_usize {
            // Nobody makes pods ready meanwhile.
            wait_for(PATIENCE, "the pods of one more batch are bound", || {
                let found = groups(stage, "ml");
                assert!(found.len() <= number, "{found:?}");
                let pods = stage.pods("ml");
                let bound = pods.iter().filter(|pod| pod["spec"]["nodeName"].is_string()).count();
                if bound == 3 * number { Ok(()) } else { Err(format!("{bound} with {found:?}")) }
            });
            stage.live("ml");
        }
        assert_whole(&stage.settled("ml", 9, HOSTNAME), 3, &ROLES, true);
    });
}

#[test]
fn groups_that_keep_to_no_topology_are_refused_in_words() {
    with_stage_of(&arguments("GenericWorkload=true"), |stage| {
        let _controller = stage.controller("one");
        stage.namespace("ml");
        let pod = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "ml", "name": "prefill-0", "labels": {keys::BATCH: "0"},
                "annotations": {keys::COORDINATE: "own role prefill ratio 2 parallel by podgroup"}},
            "spec": {"containers": [{"name": "c", "image": "registry.invalid/none"}]}});
        wait_for(PATIENCE, "the pod is refused", || match stage.api().dry_run().create(&pod) {
            Err(refusal) if refusal.to_string().contains("serves no PodGroups") => Ok(()),
            other => Err(format!("{other:?}")),
        });
    });
}
