//! `near lease/…` and typed entries about Leases: whoever holds a Lease is followed, by the label of
//! a StatefulSet's pod or to its node, as the Lease is when the pod is made.

use placecard_tests::controlplane::{Patch, Target, wait_for};
use serde_json::{Value, json};

use super::stage::with_stage;
use super::world::{PATIENCE, World, accepted, name, plain, prefer, refused, require};

const LEASES: &str = "coordination.k8s.io/v1";

/// A Lease of the namespace; `holder` may be empty.
#[track_caller]
fn lease(world: &World, name: &str, holder: &str) {
    let spec = if holder.is_empty() { json!({}) } else { json!({"holderIdentity": holder}) };
    accepted(world.api.create(&json!({
        "apiVersion": LEASES,
        "kind": "Lease",
        "metadata": {"name": name, "namespace": world.namespace.name},
        "spec": spec,
    })));
}

#[track_caller]
fn hand_over(world: &World, name: &str, holder: &str) {
    let target = Target::new(LEASES, "Lease", &world.namespace.name, name);
    let patch = json!({"spec": {"holderIdentity": holder}});
    accepted(world.api.patch(&target, Patch::Merge, &patch));
}

/// The same rule as a typed entry.
fn typed(strength: &str, lease: &str) -> Value {
    let entry = json!({"category": "State", "strength": strength,
                       "target": {"type": "LeaseId", "name": lease}});
    json!({"placecard.dev/intents": json!({"entries": [entry]}).to_string()})
}

/// A StatefulSet of one pod, on a machine of zone c; the pod's name.
#[track_caller]
fn database(world: &World) -> String {
    let mut database = world.workload("StatefulSet", "db", &require("on zone/c"));
    database["spec"]["serviceName"] = json!("db");
    accepted(world.api.create(&database));
    assert_eq!(world.all_on("db", 1), ["c1"]);
    name(&world.living("db").expect("pods")[0])
}

/// What a pod's record says of Leases.
fn recorded(pod: &Value) -> Value {
    let text = pod["metadata"]["annotations"]["placecard.dev/applied"].as_str();
    let record: Value = serde_json::from_str(text.unwrap_or_default()).expect("a record");
    record["leases"].clone()
}

#[test]
fn a_pod_of_a_stateful_set_that_holds_a_lease_is_followed_by_its_label() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1", "c1"]));
        let holder = database(&world);
        lease(&world, "shard", &format!("{holder}_5f0e21"));
        let full = format!("{}/shard", world.namespace.name);
        let sentence = require("near lease/shard");
        let mut specs = Vec::new();
        for (app, rules) in [("spoken", &sentence), ("typed", &typed("Required", "shard"))] {
            assert_eq!(world.deploy(app, 2, rules), ["c1", "c1"]);
            let pod = world.living(app).expect("pods").remove(0);
            assert_eq!(recorded(&pod), json!([{"lease": full, "pod": holder}]));
            specs.push(pod["spec"]["affinity"].clone());
        }
        assert_eq!(specs[0], specs[1]);
        let near = &specs[0]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
        let labels = &near[0]["labelSelector"]["matchLabels"];
        assert_eq!(labels["statefulset.kubernetes.io/pod-name"], json!(holder), "{}", specs[0]);
        assert!(specs[0]["nodeAffinity"].is_null(), "it may move: {}", specs[0]);
    });
}

#[test]
fn another_holder_pins_its_node_or_the_domain_around_it() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "a2", "b1", "b2"]));
        lease(&world, "agent", &format!("{}_77", world.node("b1")));
        assert_eq!(world.deploy("web", 2, &require("near lease/agent")), ["b1", "b1"]);
        assert_eq!(world.deploy("typed", 1, &typed("Required", "agent")), ["b1"]);
        let pod = world.living("web").expect("pods").remove(0);
        let full = format!("{}/agent", world.namespace.name);
        assert_eq!(recorded(&pod), json!([{"lease": full, "node": world.node("b1")}]));
        assert!(pod["spec"]["affinity"]["podAffinity"].is_null(), "{}", pod["spec"]);

        // A pod that keeps no name stands for its node.
        let mut leader = world.pod("leader", &json!({}));
        leader["spec"]["nodeSelector"]["kubernetes.io/hostname"] = json!(world.node("a2"));
        accepted(world.api.create(&leader));
        assert_eq!(world.api.wait_bound(&world.namespace.name, "leader"), world.node("a2"));
        lease(&world, "leader", "leader");
        assert_eq!(world.deploy("close", 2, &require("near lease/leader")), ["a2", "a2"]);
        let on = world.deploy("away", 2, &require("apart-from lease/leader in zone"));
        assert!(on.iter().all(|machine| machine.starts_with('b')), "{on:?}");
    });
}

#[test]
fn what_follows_a_lease_that_is_not_there_or_not_held_is_told_and_waits() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1"]));
        lease(&world, "free", "");
        lease(&world, "gone", "worker-x7_1");
        let namespace = &world.namespace.name;
        for (of, words) in [
            ("none", format!("Lease {namespace}/none does not exist")),
            ("free", format!("Lease {namespace}/free is held by nobody")),
            ("gone", format!("the holder of Lease {namespace}/gone is neither a pod nor a node")),
        ] {
            for rules in [require(&format!("near lease/{of}")), typed("Required", of)] {
                let deployment = world.api.dry_run().create(&world.deployment("w", 1, &rules));
                let warnings = accepted(deployment).warnings;
                let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
                assert!(warning.ends_with("[unresolved]") && warning.len() <= 120, "{warning}");

                let refusal = refused(world.api.create(&world.pod("bare", &rules)));
                let kind = (refusal.status, refusal.reason.as_str());
                assert_eq!(kind, (503, "ServiceUnavailable"), "{refusal}");
                assert!(refusal.message.contains(&words), "{refusal}");
                let causes: Vec<&str> =
                    refusal.causes.iter().map(|one| one.reason.as_str()).collect();
                assert_eq!(causes, ["unresolved"], "{refusal}");
            }
            // What is preferred is told, and hinders nothing.
            for rules in [prefer(&format!("near lease/{of}")), typed("Preferred", of)] {
                let answer = accepted(world.api.dry_run().create(&world.pod("soft", &rules)));
                assert_eq!(answer.warnings.len(), 1, "{:?}", answer.warnings);
            }
        }

        accepted(world.api.create(&world.deployment("web", 2, &require("near lease/none"))));
        wait_for(PATIENCE, "the Deployment says why it has no pods", || {
            let status = world.get("Deployment", "web")["status"].to_string();
            if status.contains("none does not exist") { Ok(()) } else { Err(status) }
        });
        lease(&world, "none", &world.node("b1"));
        assert_eq!(world.all_on("web", 2), ["b1", "b1"]);
    });
}

#[test]
fn a_later_pod_goes_to_the_later_holder() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1", "c1"]));
        let holder = database(&world);
        lease(&world, "leader", &format!("{}_1", world.node("a1")));
        assert_eq!(world.deploy("web", 1, &require("near lease/leader")), ["a1"]);
        let target = world.target("Deployment", "web");
        let scale = |replicas: u32| {
            let patch = json!({"spec": {"replicas": replicas}});
            accepted(world.api.patch(&target, Patch::Merge, &patch));
        };
        hand_over(&world, "leader", &format!("{}_2", world.node("b1")));
        scale(2);
        assert_eq!(world.all_on("web", 2), ["a1", "b1"]);
        hand_over(&world, "leader", &format!("{holder}_3"));
        scale(3);
        assert_eq!(world.all_on("web", 3), ["a1", "b1", "c1"]);
        // Changing a pod that is there does not move it, nor is it refused.
        let pod = world.living("web").expect("pods").remove(0);
        let labelled = json!({"metadata": {"labels": {"seen": "yes"}}});
        let pod = world.target("Pod", &name(&pod));
        accepted(world.api.patch(&pod, Patch::Merge, &labelled));
    });
}
