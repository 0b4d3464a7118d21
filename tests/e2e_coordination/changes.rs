//! Gated batches while the cluster changes: controllers that are killed, nodes that go, roles that
//! grow and shrink, gates of others, and batches that wait too long.

use std::collections::BTreeSet;

use placecard_policies::language::keys;
use placecard_tests::controlplane::{Patch, Target, bound_node, wait_for};
use placecard_tests::running::Running;
use serde_json::{Value, json};

use super::stage::{Cast, HOSTNAME, PATIENCE, Stage, ZONE, assert_whole, values, with_stage};

const CASTS: [Cast; 2] = [("prefill", 6, 2), ("decode", 3, 1)];

const ROLES: [(&str, u32); 2] = [("decode", 1), ("prefill", 2)];

fn group(stage: &Stage, namespace: &str, more: Value) {
    stage.namespace(namespace);
    stage.coordination(namespace, "llm", &CASTS, more);
    CASTS.into_iter().for_each(|cast| stage.set(namespace, "llm", cast));
}

fn nodes(stage: &Stage, names: &[&str]) {
    names.iter().for_each(|name| stage.node(name, "a", 3));
}

fn is_gated(pod: &Value) -> bool {
    let gates = pod["spec"]["schedulingGates"].as_array();
    gates.into_iter().flatten().any(|gate| gate["name"] == keys::BATCH_GATE)
}

/// Waits until so many pods are there that are not gated any more, or more of them.
fn let_go(stage: &Stage, namespace: &str, count: usize) {
    wait_for(PATIENCE, &format!("{count} pods of {namespace} are let go"), || {
        let free = stage.pods(namespace).iter().filter(|pod| !is_gated(pod)).count();
        if free >= count { Ok(()) } else { Err(free.to_string()) }
    });
}

#[test]
fn another_controller_goes_on_where_one_was_killed() {
    with_stage(|stage| {
        nodes(stage, &["n1", "n2", "n3", "m1", "m2", "m3"]);
        let one = stage.controller("one");
        // In the middle of a batch, or between two: whatever it comes to.
        group(stage, "parallel", json!({"batchMode": "Parallel", "exclusive": "required"}));
        group(stage, "sequential", json!({"batchMode": "Sequential", "exclusive": "required"}));
        for namespace in ["parallel", "sequential"] {
            wait_for(PATIENCE, "all pods are there", || match stage.pods(namespace).len() {
                9 => Ok(()),
                other => Err(other.to_string()),
            });
        }
        let_go(stage, "parallel", 1);
        drop(one);
        let left = stage.pods("sequential").iter().filter(|pod| is_gated(pod)).count();
        assert!(left >= 6, "a batch is not ready, and {left} pods wait");
        let _two = stage.controller("two");
        for namespace in ["parallel", "sequential"] {
            assert_whole(&stage.settled(namespace, 9, HOSTNAME), 3, &ROLES, true);
        }
        assert!(stage.holder().starts_with("two"));
    });
}

/// The API server goes away with a batch half done, and with it every watch.
#[test]
fn an_api_server_that_comes_back_finds_the_controller() {
    with_stage(|stage| {
        nodes(stage, &["n1", "n2", "n3"]);
        let _controller = stage.controller("one");
        group(stage, "ml", json!({"batchMode": "Sequential"}));
        let_go(stage, "ml", 1);
        for order in ["kill apiserver", "start apiserver"] {
            stage.plane.order(order).unwrap_or_else(|why| panic!("{why}"));
        }
        assert_whole(&stage.settled("ml", 9, HOSTNAME), 3, &ROLES, true);
    });
}

/// The node goes, and its pods with it, as the controllers of nodes and pods see to.
fn remove_node(stage: &Stage, name: &str, namespace: &str) {
    let api = stage.api();
    api.delete(&Target::new("v1", "Node", "", name)).unwrap_or_else(|why| panic!("{why}"));
    for pod in stage.pods(namespace) {
        if bound_node(&pod) == Some(name) {
            let pod = pod["metadata"]["name"].as_str().unwrap_or_default();
            // Somebody else may be faster.
            let _ = api.delete(&Target::new("v1", "Pod", namespace, pod));
        }
    }
}

#[test]
fn a_batch_whose_node_goes_is_placed_anew_and_whole() {
    with_stage(|stage| {
        nodes(stage, &["n1", "n2", "n3", "n4"]);
        let _controller = stage.controller("one");
        group(stage, "ml", json!({"batchMode": "Sequential", "exclusive": "required"}));
        wait_for(PATIENCE, "the second batch begins", || {
            let batches = stage.batches("ml", HOSTNAME);
            let second = batches.iter().find(|batch| batch.number == 1);
            match second.is_some_and(|batch| !batch.domains.is_empty()) {
                true => Ok(()),
                false => {
                    stage.live("ml");
                    Err(format!("{batches:?}"))
                }
            }
        });
        let first = stage.batches("ml", HOSTNAME).into_iter().find(|batch| batch.number == 0);
        let node = first.and_then(|batch| batch.domains.into_iter().next());
        let node = node.unwrap_or_else(|| panic!("the first batch is nowhere"));
        remove_node(stage, &node, "ml");
        let batches = stage.settled("ml", 9, HOSTNAME);
        assert_whole(&batches, 3, &ROLES, true);
        assert!(!batches.iter().any(|batch| batch.domains.contains(&node)), "{batches:?}");
        // One pod that is made again goes back to its batch, at once.
        let target = Target::new("v1", "Pod", "ml", "prefill-3");
        let before = stage.api().get(&target).unwrap_or_else(|why| panic!("{why}")).object;
        stage.api().delete(&target).unwrap_or_else(|why| panic!("{why}"));
        wait_for(PATIENCE, "it is made again", || {
            let now = stage.api().get(&target).map_err(|why| why.to_string())?.object;
            match now["metadata"]["uid"] != before["metadata"]["uid"] {
                true => Ok(()),
                false => Err("not yet".to_owned()),
            }
        });
        assert_eq!(stage.settled("ml", 9, HOSTNAME), batches);
    });
}

#[test]
fn roles_grow_and_shrink_by_whole_batches() {
    with_stage(|stage| {
        nodes(stage, &["n1", "n2", "n3", "n4", "n5"]);
        let _controller = stage.controller("one");
        group(stage, "ml", json!({"batchMode": "Sequential"}));
        let before = stage.settled("ml", 9, HOSTNAME);
        assert_whole(&before, 3, &ROLES, true);
        stage.scale("ml", "prefill", 10);
        // A batch without its decode does not begin.
        wait_for(PATIENCE, "pods wait for their decode", || {
            let status = stage.status("ml", "llm");
            let message = status["coordinationStatus"][0]["message"].as_str().unwrap_or_default();
            let waits = "4 of prefill belong to no whole batch";
            let told = message.contains(waits) || message.contains("4 pods of prefill");
            stage.live("ml");
            if told { Ok(()) } else { Err(status.to_string()) }
        });
        stage.scale("ml", "decode", 5);
        let batches = stage.settled("ml", 15, HOSTNAME);
        assert_whole(&batches, 5, &ROLES, true);
        assert_eq!(batches.get(..3), Some(before.as_slice()), "nothing moves");
        stage.until("ml", "llm", "five batches are ready", |status| {
            status["phase"] == "Completed" && status["batch"] == "5/5"
        });
        stage.scale("ml", "decode", 2);
        stage.scale("ml", "prefill", 4);
        assert_whole(&stage.settled("ml", 6, HOSTNAME), 2, &ROLES, true);
        stage.until("ml", "llm", "two batches are left", |status| status["batch"] == "2/2");
    });
}

#[test]
fn groups_stand_side_by_side_and_one_has_two_coordinations() {
    with_stage(|stage| {
        nodes(stage, &["n1", "n2", "n3", "n4", "n5", "n6"]);
        let _controller = stage.controller("one");
        // Two groups of the same names, begun at once, and no room to spare.
        for namespace in ["one", "two"] {
            group(stage, namespace, json!({"batchMode": "Parallel", "exclusive": "none"}));
        }
        for namespace in ["one", "two"] {
            assert_whole(&stage.settled(namespace, 9, HOSTNAME), 3, &ROLES, true);
        }
        // Two zones hold a batch of three, on no node two pods of it; two nodes hold a batch of the
        // other coordination, which goes by node.
        for zone in ["x", "y"] {
            (0..3).for_each(|number| stage.node(&format!("{zone}{number}"), zone, 1));
        }
        ["z1", "z2"].into_iter().for_each(|name| stage.node(name, name, 2));
        let (wide, narrow): ([Cast; 2], [Cast; 2]) =
            ([("prefill", 4, 2), ("decode", 2, 1)], [("cache", 2, 1), ("storage", 2, 1)]);
        stage.namespace("both");
        let by_zone = json!({"topologyKey": ZONE, "exclusive": "required"});
        let by_node = json!({"exclusive": "required", "batchMode": "Sequential"});
        stage.coordinations(
            "both",
            "llm",
            &[("wide", &wide, by_zone), ("narrow", &narrow, by_node)],
        );
        wide.into_iter().chain(narrow).for_each(|cast| stage.set("both", "llm", cast));
        stage.settled("both", 10, HOSTNAME);
        let of = |key: &str, role: &str| {
            let mut batches = stage.batches("both", key);
            batches.retain(|batch| batch.roles.contains_key(role));
            batches
        };
        assert_whole(&of(ZONE, "prefill"), 2, &ROLES, true);
        assert_whole(&of(HOSTNAME, "cache"), 2, &[("cache", 1), ("storage", 1)], true);
        stage.until("both", "llm", "both are complete", |status| {
            status["phase"] == "Completed" && status["batch"] == "2/2, 2/2"
        });
    });
}

/// Zones of several nodes each, none of which holds a batch by itself.
#[test]
fn a_batch_fills_the_nodes_of_its_zone() {
    with_stage(|stage| {
        for (name, zone, slots) in
            [("a1", "a", 2), ("a2", "a", 1), ("b1", "b", 1), ("b2", "b", 2), ("c1", "c", 1)]
        {
            stage.node(name, zone, slots);
        }
        let _controller = stage.controller("one");
        group(stage, "ml", json!({"topologyKey": ZONE, "batchMode": "Sequential"}));
        stage.until("ml", "llm", "there is no room for the third", |status| {
            status["conditions"][1]["reason"] == "NoRoom"
        });
        let message = stage.status("ml", "llm")["coordinationStatus"][0]["message"].clone();
        let message = message.as_str().unwrap_or_default();
        assert!(message.starts_with("Deploying batch 3 of 3: no zone has room"), "{message}");
        stage.told("ml", "BatchCannotBePlaced", 1..);
        let gated = stage.pods("ml").iter().filter(|pod| is_gated(pod)).count();
        assert_eq!(gated, 3, "no pod of it takes what the others could need");
        // New nodes come, and it goes on.
        stage.node("c2", "c", 2);
        assert_whole(&stage.settled("ml", 9, ZONE), 3, &ROLES, true);
        stage.until("ml", "llm", "it is complete", |status| {
            status["conditions"][1]["status"] == "False" && status["phase"] == "Completed"
        });
    });
}

#[test]
fn gates_of_others_stay_and_long_waits_end_as_told() {
    with_stage(|stage| {
        nodes(stage, &["n1", "n2"]);
        let _controller = stage.controller("one");
        stage.namespace("ml");
        let casts: [Cast; 2] = [("prefill", 2, 2), ("decode", 1, 1)];
        stage.coordination("ml", "llm", &casts, json!({}));
        let [prefill, decode] = casts;
        stage.set_with("ml", "llm", prefill, |template| {
            template["spec"]["schedulingGates"] = json!([{"name": "example.com/later"}]);
        });
        stage.set("ml", "llm", decode);
        let_go(stage, "ml", 3);
        for pod in stage.pods("ml") {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            let gates = &pod["spec"]["schedulingGates"];
            if name.starts_with("prefill") {
                assert_eq!(*gates, json!([{"name": "example.com/later"}]), "{name}");
                let target = Target::new("v1", "Pod", "ml", name);
                let patch = json!({"spec": {"schedulingGates": null}});
                let patched = stage.api().patch(&target, Patch::Merge, &patch);
                patched.unwrap_or_else(|why| panic!("{why}"));
            }
        }
        let roles = [("decode", 1), ("prefill", 2)];
        assert_whole(&stage.settled("ml", 3, HOSTNAME), 1, &roles, true);

        // Two pods fit on a node, and a batch has four.
        let casts: [Cast; 2] = [("front", 2, 2), ("back", 2, 2)];
        for (namespace, on_timeout) in [("waits", "wait"), ("goes", "release")] {
            stage.namespace(namespace);
            let more = json!({"timeout": "2s", "onTimeout": on_timeout});
            stage.coordination(namespace, "web", &casts, more);
            casts.into_iter().for_each(|cast| stage.set(namespace, "web", cast));
        }
        stage.told("waits", "BatchTimedOut", 1..);
        stage.told("goes", "BatchReleased", 1..);
        stage.until("waits", "web", "it failed", |status| {
            status["phase"] == "Failed" && status["conditions"][1]["reason"] == "TimedOut"
        });
        assert!(stage.pods("waits").iter().all(is_gated));
        let_go(stage, "goes", 4);
        let pinned = |pod: &Value| !pod["spec"]["nodeSelector"].is_null();
        assert!(!stage.pods("goes").iter().any(pinned));
        // What docs/coordination.md says for those who take placecard away.
        for pod in stage.pods("waits") {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            let gates = json!([{"$patch": "delete", "name": keys::BATCH_GATE}]);
            let patch = json!({"spec": {"schedulingGates": gates}});
            let target = Target::new("v1", "Pod", "waits", name);
            let patched = stage.api().patch(&target, Patch::Strategic, &patch);
            patched.unwrap_or_else(|why| panic!("{why}"));
        }
        assert!(!stage.pods("waits").iter().any(is_gated));
    });
}

/// Without a live controller no pod is gated, and none goes uncoordinated.
#[test]
fn without_a_controller_pods_are_refused_for_now() {
    with_stage(|stage| {
        nodes(stage, &["n1"]);
        let deaf = Running::follow(&stage.plane, &values("off"), "deaf");
        stage.namespace("ml");
        let casts: [Cast; 1] = [("prefill", 2, 2)];
        stage.coordination("ml", "llm", &casts, json!({}));
        stage.set("ml", "llm", ("prefill", 0, 2));
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "ml",
                "name": "prefill-0", "annotations": {keys::COORDINATE: "llm"},
                "labels": {"app": "prefill", "apps.kubernetes.io/pod-index": "0"},
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet",
                    "name": "prefill", "uid": "0", "controller": true}]},
            "spec": {"containers": [{"name": "main", "image": "registry.invalid/none"}]}});
        let refusal = stage.api().dry_run().create(&pod).err();
        let refusal = refusal.unwrap_or_else(|| panic!("it was admitted"));
        assert!(refusal.to_string().contains("controller"), "{refusal}");
        // The long form goes without a RoleCoordination, once there is one that sees to it.
        deaf.stop();
        let _controller = stage.controller("one");
        stage.namespace("long");
        for (role, replicas, ratio) in [("prefill", 2, 2), ("decode", 1, 1)] {
            stage.set_with("long", "llm", (role, replicas, ratio), |template| {
                let text = format!("pd role {role} ratio {ratio}");
                template["metadata"]["annotations"] = json!({keys::COORDINATE: text});
            });
        }
        let batches = stage.settled("long", 3, HOSTNAME);
        assert_whole(&batches, 1, &[("decode", 1), ("prefill", 2)], true);
        let domains: BTreeSet<String> = batches.into_iter().flat_map(|one| one.domains).collect();
        assert_eq!(domains, ["n1".to_owned()].into());
    });
}
