//! Gated batches of other controllers' groups, on definitions with the paths of theirs and pods with
//! the labels of theirs: sizes from the groups, whole batches, and groups that nobody refers to.

use placecard_policies::language::keys;
use placecard_tests::controlplane::{Patch, Target, bound_node, wait_for};
use serde_json::{Value, json};

use super::stage::{Batch, HOSTNAME, PATIENCE, Stage, assert_whole, with_stage};

const RBG: &str = "workloads.x-k8s.io/v1alpha1";

const LWS: &str = "leaderworkerset.x-k8s.io/v1";

/// A definition of a kind; what stands in its spec is kept, or these fields of it.
fn define(stage: &Stage, api_version: &str, kind: &str, fields: Option<Value>) {
    let (group, version) = api_version.split_once('/').unwrap_or_default();
    let lower = kind.to_lowercase();
    let plural = format!("{lower}s");
    let spec = match fields {
        Some(fields) => json!({"type": "object", "properties": fields}),
        None => any(),
    };
    stage.create(&json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {"group": group, "scope": "Namespaced",
            "names": {"plural": plural, "singular": lower, "kind": kind},
            "versions": [{"name": version, "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec,
                    "status": any()}}}}]},
    }));
    wait_for(PATIENCE, "the kind is served", || {
        let listed = stage.api().list(api_version, kind, "default", "");
        listed.map_err(|refusal| refusal.to_string())
    });
}

fn any() -> Value {
    json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

fn template(app: &str, labels: &Value) -> Value {
    let mut all = json!({"app": app, "group": "g"});
    for (key, value) in labels.as_object().into_iter().flatten() {
        all[key] = value.clone();
    }
    json!({"metadata": {"labels": all}, "spec": {"terminationGracePeriodSeconds": 0,
        "containers": [{"name": "main", "image": "registry.invalid/none",
            "resources": {"requests": {"cpu": "1"}}}]}})
}

/// Of a role of a RoleBasedGroup.
fn of_role(group: &str, role: &str) -> Value {
    json!({"rbg.workloads.x-k8s.io/group-name": group, "rbg.workloads.x-k8s.io/role-name": role})
}

/// A pod of a stateful role, as role instances make it.
fn instance(namespace: &str, group: &str, role: &str, index: u32) -> Value {
    let name = format!("{group}-{role}-{index}");
    let mut labels = of_role(group, role);
    labels["rbg.workloads.x-k8s.io/role-instance-index"] = json!(index.to_string());
    labels["rbg.workloads.x-k8s.io/role-instance-name"] = json!(name);
    let mut pod = template(role, &labels);
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["namespace"] = json!(namespace);
    pod["metadata"]["name"] = json!(name);
    pod
}

/// A StatefulSet as the controllers of groups make it.
fn set(stage: &Stage, name: &str, replicas: u32, start: u32, app: &str, labels: &Value) {
    let mut selector = labels.clone();
    selector["set"] = json!(name);
    let template = template(app, &selector);
    stage.create(&json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"namespace": "ml", "name": name},
        "spec": {"replicas": replicas, "serviceName": name, "podManagementPolicy": "Parallel",
            "ordinals": {"start": start}, "selector": {"matchLabels": selector},
            "template": template}}));
}

fn roles(prefill: u32, decode: u32) -> Value {
    let role = |name: &str, replicas: u32| {
        json!({"name": name, "replicas": replicas,
            "template": {"spec": {"containers": [{"name": "main", "image": "none"}]}}})
    };
    json!([role("prefill", prefill), role("decode", decode)])
}

fn role_based(namespace: &str, name: &str, coordination: &Value) -> Value {
    let mut group = json!({"apiVersion": RBG, "kind": "RoleBasedGroup",
        "metadata": {"namespace": namespace, "name": name}, "spec": {"roles": roles(4, 2)}});
    if !coordination.is_null() {
        group["spec"]["coordination"] = coordination.clone();
    }
    group
}

fn batches(roles: &[&str], ratios: &Value, mode: &str) -> Value {
    json!([{"name": "pd", "type": "AffinityScheduling", "roles": roles, "strategy":
        {"affinityScheduling": {"topologyKey": HOSTNAME, "ratios": ratios, "batchMode": mode}}}])
}

/// A role that a group of another controller plays.
fn role(name: &str, inside: Option<&str>, api_version: &str, kind: &str, group: &str) -> Value {
    let mut role = json!({"name": name,
        "groupRef": {"apiVersion": api_version, "kind": kind, "name": group}});
    if let Some(inside) = inside {
        role["role"] = json!(inside);
    }
    role
}

fn coordination(stage: &Stage, name: &str, roles: &Value, list: &Value) {
    stage.create(&json!({"apiVersion": keys::API_VERSION, "kind": keys::COORDINATION_KIND,
        "metadata": {"namespace": "ml", "name": name},
        "spec": {"roles": roles, "coordination": list}}));
}

/// A RoleBasedGroup of four and two, its coordination an instant before its pods.
fn with_role_based(stage: &Stage) {
    stage.create(&role_based("ml", "llm", &Value::Null));
    let of = |name| role(name, Some(name), RBG, "RoleBasedGroup", "llm");
    let ratios = json!({"prefill": 2, "decode": 1});
    let list = batches(&["prefill", "decode"], &ratios, "Sequential");
    coordination(stage, "llm", &json!([of("prefill"), of("decode")]), &list);
    (0..4).for_each(|index| stage.create(&instance("ml", "llm", "prefill", index)));
    set(stage, "llm-decode", 2, 0, "decode", &of_role("llm", "decode"));
}

/// A LeaderWorkerSet of two leaders with one worker each.
fn with_leaders(stage: &Stage) {
    let worker = template("shard", &json!({}));
    stage.create(&json!({"apiVersion": LWS, "kind": "LeaderWorkerSet",
        "metadata": {"namespace": "ml", "name": "shard"},
        "spec": {"replicas": 2, "leaderWorkerTemplate": {"size": 2, "workerTemplate": worker}}}));
    let roles = json!([role("shard", None, LWS, "LeaderWorkerSet", "shard")]);
    let list = batches(&["shard"], &json!({"shard": 1}), "Sequential");
    coordination(stage, "shard", &roles, &list);
    let name = "leaderworkerset.sigs.k8s.io/name";
    let leaders = json!({name: "shard", "leaderworkerset.sigs.k8s.io/worker-index": "0"});
    set(stage, "shard", 2, 0, "shard", &leaders);
    for index in 0..2 {
        let group = index.to_string();
        let workers = json!({name: "shard", "leaderworkerset.sigs.k8s.io/group-index": group});
        set(stage, &format!("shard-{index}"), 1, 1, "shard", &workers);
    }
}

fn of_role_in(found: &[Batch], role: &str) -> Vec<Batch> {
    found.iter().filter(|batch| batch.roles.contains_key(role)).cloned().collect()
}

fn wait_for_status(stage: &Stage, name: &str, ready: &[(&str, u32)]) {
    stage.until("ml", name, "both batches are ready", |status| {
        let entry = &status["coordinationStatus"][0];
        let is = |(role, replicas): &(&str, u32)| {
            let state = &entry["roleStates"][*role];
            state["readyReplicas"] == *replicas && state["targetReplicas"] == *replicas
        };
        entry["message"] == "All 2 batches are ready" && ready.iter().all(is)
    });
}

/// Pods of a group that nobody refers to are bound, and nothing is written on them.
fn free_pods_go_their_way(stage: &Stage) {
    for index in 0..2 {
        let mut pod = instance("ml", "free", "prefill", index);
        let labels = pod["metadata"]["labels"].as_object_mut();
        labels.and_then(|labels| labels.remove("group"));
        stage.create(&pod);
    }
    wait_for(PATIENCE, "the pods of the other group are bound", || {
        for index in 0..2 {
            let target = Target::new("v1", "Pod", "ml", &format!("free-prefill-{index}"));
            let pod = stage.api().get(&target).unwrap_or_else(|why| panic!("{why}")).object;
            assert!(pod["metadata"]["labels"][keys::BATCH].is_null(), "{pod}");
            assert!(pod["spec"]["affinity"].is_null() && pod["metadata"]["annotations"].is_null());
            bound_node(&pod).ok_or("no node")?;
        }
        Ok::<(), String>(())
    });
}

#[test]
fn batches_of_groups_of_other_controllers_are_whole() {
    with_stage(|stage| {
        for name in ["n1", "n2", "n3", "n4", "n5", "n6"] {
            stage.node(name, "a", 3);
        }
        let list = json!({"type": "array", "items": any()});
        define(stage, RBG, "RoleBasedGroup", Some(json!({"roles": list})));
        define(stage, LWS, "LeaderWorkerSet", None);
        let _controller = stage.controller("one");
        stage.namespace("ml");
        stage.create(&role_based("ml", "free", &Value::Null));
        with_role_based(stage);
        with_leaders(stage);
        let found = stage.settled("ml", 10, HOSTNAME);
        let roles = [("decode", 1), ("prefill", 2)];
        assert_whole(&of_role_in(&found, "decode"), 2, &roles, true);
        assert_whole(&of_role_in(&found, "shard"), 2, &[("shard", 2)], true);
        wait_for_status(stage, "llm", &[("prefill", 4), ("decode", 2)]);
        wait_for_status(stage, "shard", &[("shard", 2)]);
        free_pods_go_their_way(stage);
        // The group grows: the number of batches is what it says.
        stage.node("n7", "a", 3);
        let target = Target::new(RBG, "RoleBasedGroup", "ml", "llm");
        let patch = json!({"spec": {"roles": self::roles(6, 3)}});
        stage.api().patch(&target, Patch::Merge, &patch).unwrap_or_else(|why| panic!("{why}"));
        stage.until("ml", "llm", "a third batch is to come", |status| {
            status["coordinationStatus"][0]["totalBatches"] == 3
        });
        (4..6).for_each(|index| stage.create(&instance("ml", "llm", "prefill", index)));
        stage.scale("ml", "llm-decode", 3);
        let found = stage.settled("ml", 13, HOSTNAME);
        assert_whole(&of_role_in(&found, "decode"), 3, &roles, true);
    });
}

#[test]
fn coordinations_inside_a_role_based_group_are_seen_to() {
    with_stage(|stage| {
        for name in ["n1", "n2"] {
            stage.node(name, "a", 3);
        }
        let list = json!({"type": "array", "items": any()});
        define(stage, RBG, "RoleBasedGroup", Some(json!({"roles": list, "coordination": list})));
        let _controller = stage.controller("one");
        stage.namespace("ml");
        let ratios = json!({"prefill": 2, "decode": 1});
        let list = batches(&["prefill", "decode"], &ratios, "Sequential");
        stage.create(&role_based("ml", "llm", &list));
        let all =
            (0..4).map(|index| ("prefill", index)).chain((0..2).map(|index| ("decode", index)));
        for (role, index) in all {
            // Until the definition is described and followed, pods are refused.
            wait_for(PATIENCE, "the pod is taken", || {
                let created = stage.api().create(&instance("ml", "llm", role, index));
                created.map(drop).map_err(|refusal| refusal.to_string())
            });
        }
        wait_for(PATIENCE, "the first batch is bound", || {
            let pods = stage.pods("ml");
            let bound = pods.iter().filter(|pod| bound_node(pod).is_some());
            let bound: Vec<&Value> =
                bound.map(|pod| &pod["metadata"]["labels"][keys::BATCH]).collect();
            assert!(bound.iter().all(|batch| **batch == "0"), "{bound:?}");
            if bound.len() == 3 { Ok(()) } else { Err(format!("{bound:?}")) }
        });
        let found = stage.settled("ml", 6, HOSTNAME);
        assert_whole(&found, 2, &[("decode", 1), ("prefill", 2)], true);
        // Its status is its own controller's, and Events are on it.
        wait_for(PATIENCE, "Events say that both batches are placed", || {
            let events = stage.events("ml");
            let placed = events.iter().filter(|(reason, _)| reason == "BatchPlaced").count();
            if placed == 2 { Ok(()) } else { Err(format!("{events:?}")) }
        });
        let target = Target::new(RBG, "RoleBasedGroup", "ml", "llm");
        let group = stage.api().get(&target).unwrap_or_else(|why| panic!("{why}")).object;
        assert!(group["status"].is_null(), "{group}");
    });
}
