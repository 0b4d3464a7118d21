//! Rollouts that keep pace: real controllers of StatefulSets replace the pods, our controller moves
//! their partitions.

use std::collections::BTreeMap;
use std::ffi::OsString;

use placecard_policies::language::keys;
use placecard_tests::controlplane::{Patch, Target, wait_for};
use serde_json::{Value, json};

use super::stage::{PATIENCE, Stage, with_stage};

const SETS: [(&str, u32); 2] = [("prefill", 6), ("decode", 3)];

fn target(set: &str) -> Target {
    Target::new("apps/v1", "StatefulSet", "ml", set)
}

/// A StatefulSet whose pods name the coordination; the image says which template it is.
fn set(role: &str, replicas: u32, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"namespace": "ml", "name": role},
        "spec": {
            "replicas": replicas,
            "podManagementPolicy": "Parallel",
            "serviceName": role,
            "selector": {"matchLabels": {"app": role}},
            "template": {
                "metadata": {"labels": {"app": role, "group": "llm"},
                    "annotations": {keys::COORDINATE: "llm"}},
                "spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": "main",
                    "image": format!("registry.invalid/{image}"),
                    "resources": {"requests": {"cpu": "1"}}}]},
            },
        },
    })
}

/// Applies both templates, as whoever deploys does who leaves the partition alone.
fn deploy(stage: &Stage, image: &str) {
    for (role, replicas) in SETS {
        let object = set(role, replicas, image);
        stage.api().apply("deploy", &object).unwrap_or_else(|why| panic!("{why}"));
    }
}

/// The coordination: batches of 2 + 1, and rollouts in step.
fn coordinate(stage: &Stage, rolling: &Value) {
    let role = |name: &str| {
        json!({"name": name, "workloadRef":
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name}})
    };
    stage.create(&json!({
        "apiVersion": keys::API_VERSION,
        "kind": keys::COORDINATION_KIND,
        "metadata": {"namespace": "ml", "name": "llm"},
        "spec": {
            "roles": [role("prefill"), role("decode")],
            "coordination": [
                {"name": "pd", "type": "AffinityScheduling", "roles": ["prefill", "decode"],
                 "strategy": {"affinityScheduling": {"ratios": {"prefill": 2, "decode": 1},
                     "placement": "gated", "batchMode": "Parallel"}}},
                {"name": "update", "type": "RollingUpdate", "roles": ["prefill", "decode"],
                 "strategy": {"rollingUpdate": rolling}},
            ],
        },
    }));
}

fn entry(stage: &Stage, name: &str) -> Value {
    let status = stage.status("ml", "llm");
    let entries = status["coordinationStatus"].as_array().cloned().unwrap_or_default();
    entries.into_iter().find(|one| one["name"] == name).unwrap_or_default()
}

fn partition(stage: &Stage, set: &str) -> u64 {
    let found = stage.api().get(&target(set)).unwrap_or_else(|why| panic!("{why}")).object;
    found["spec"]["updateStrategy"]["rollingUpdate"]["partition"].as_u64().unwrap_or(0)
}

/// Lives until both partitions are held and all pods are there.
fn at_rest(stage: &Stage) {
    wait_for(PATIENCE, "everything is at rest", || {
        let pods = stage.live("ml");
        let bound = pods.values().filter(|node| !node.is_empty()).count();
        let held: Vec<u64> = SETS.iter().map(|(set, _)| partition(stage, set)).collect();
        let phase = entry(stage, "update")["phase"].clone();
        let is_held = held.iter().all(|partition| *partition == 2_147_483_647);
        if bound == 9 && is_held && phase == "Completed" {
            Ok(())
        } else {
            Err(format!("{bound} pods, partitions {held:?}, {phase}"))
        }
    });
}

/// Of each role how many pods have this image, and how many are neither old nor ready.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Seen {
    updated: u32,
    down: u32,
}

/// What one list of the pods shows.
fn look(stage: &Stage, image: &str) -> BTreeMap<&'static str, Seen> {
    let pods = stage.pods("ml");
    let of = |(role, replicas): (&'static str, u32)| {
        let own = || pods.iter().filter(|pod| pod["metadata"]["labels"]["app"] == role);
        let wanted = format!("registry.invalid/{image}");
        let is_new = |pod: &&Value| pod["spec"]["containers"][0]["image"] == wanted;
        let conditions = |pod: &&Value| {
            let all = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
            all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
        };
        let count = |found: usize| u32::try_from(found).unwrap_or(u32::MAX);
        let updated = count(own().filter(is_new).count());
        let ready = count(own().filter(conditions).count());
        (role, Seen { updated, down: replicas.saturating_sub(ready) })
    };
    SETS.into_iter().map(of).collect()
}

/// One pod may be ahead, and one pod of each role down, of 6 and 3.
#[track_caller]
fn assert_in_step(seen: &BTreeMap<&'static str, Seen>) {
    let (prefill, decode) = (seen["prefill"], seen["decode"]);
    // Sixths; a pod of decode is two of them. Whoever is ahead is so by one pod of its own at most.
    let (p, d) = (prefill.updated, 2 * decode.updated);
    assert!(p <= d + 1 && d <= p + 2, "out of step: {seen:?}");
    assert!(prefill.down <= 1 && decode.down <= 1, "too many are down: {seen:?}");
}

fn rolling() -> Value {
    json!({"maxUnavailableRatio": "5%", "maxSkew": "1%", "manageRollout": true})
}

fn stage_of(stage: &Stage) {
    for name in ["n1", "n2", "n3", "n4"] {
        stage.node(name, "a", 3);
    }
    stage.namespace("ml");
}

#[test]
fn two_roles_are_rolled_out_in_step() {
    with_stage(|stage| {
        stage_of(stage);
        let one = stage.controller("one");
        coordinate(stage, &rolling());
        deploy(stage, "one");
        at_rest(stage);
        deploy(stage, "two");
        // Half way the webhook is killed, and another one goes on.
        let (mut one, mut two) = (Some(one), None);
        wait_for(PATIENCE, "all pods are of the new template", || {
            let seen = look(stage, "two");
            assert_in_step(&seen);
            if seen["prefill"].updated >= 3 && one.is_some() {
                one = None;
                two = Some(stage.controller("two"));
            }
            stage.live("ml");
            let all = seen["prefill"].updated == 6 && seen["decode"].updated == 3;
            if all && two.is_some() { Ok(()) } else { Err(format!("{seen:?}")) }
        });
        at_rest(stage);
        stage.until("ml", "llm", "the status says how many are updated", |status| {
            let entries = status["coordinationStatus"].as_array();
            let mut entries = entries.into_iter().flatten();
            let whole = json!({
                "decode": {"readyReplicas": 3, "targetReplicas": 3, "updatedReplicas": 3},
                "prefill": {"readyReplicas": 6, "targetReplicas": 6, "updatedReplicas": 6}});
            entries.clone().count() == 2 && entries.all(|one| one["roleStates"] == whole)
        });
        assert_eq!(entry(stage, "update")["message"], "All roles are up to date");
        // Nobody paces them any longer: the partitions are given back.
        let coordination = Target::new(keys::API_VERSION, keys::COORDINATION_KIND, "ml", "llm");
        stage.api().delete(&coordination).unwrap_or_else(|why| panic!("{why}"));
        wait_for(PATIENCE, "the partitions are free", || {
            let found: Vec<u64> = SETS.iter().map(|(set, _)| partition(stage, set)).collect();
            if found == [0, 0] { Ok(()) } else { Err(format!("{found:?}")) }
        });
    });
}

#[test]
fn a_pod_that_is_never_ready_stops_all_roles() {
    with_stage(|stage| {
        stage_of(stage);
        let _controller = stage.controller("one");
        coordinate(stage, &rolling());
        deploy(stage, "one");
        at_rest(stage);
        deploy(stage, "two");
        // Pods of decode do not come up any more.
        let live = || {
            for pod in stage.pods("ml") {
                let is_new = pod["spec"]["containers"][0]["image"] == "registry.invalid/two";
                let is_bound = pod["spec"]["nodeName"].is_string();
                if is_bound && is_new && pod["metadata"]["labels"]["app"] == "prefill" {
                    stage.ready("ml", pod["metadata"]["name"].as_str().unwrap_or_default());
                }
            }
        };
        wait_for(PATIENCE, "it stops and says where", || {
            live();
            let seen = look(stage, "two");
            assert_in_step(&seen);
            let message = entry(stage, "update")["message"].as_str().unwrap_or("").to_owned();
            let expected =
                "Updating: 1 of 6 prefill and 1 of 3 decode are updated; waits for decode-2";
            if message == expected { Ok(()) } else { Err(format!("{message}: {seen:?}")) }
        });
        let partitions = SETS.map(|(set, _)| partition(stage, set));
        assert_eq!(partitions, [5, 2]);
        // It comes up after all, and everything goes on.
        wait_for(PATIENCE, "all pods are of the new template", || {
            let seen = look(stage, "two");
            assert_in_step(&seen);
            stage.live("ml");
            let all = seen["prefill"].updated == 6 && seen["decode"].updated == 3;
            if all { Ok(()) } else { Err(format!("{seen:?}")) }
        });
        at_rest(stage);
    });
}

#[test]
fn a_partition_of_somebody_else_is_left_alone() {
    with_stage(|stage| {
        stage_of(stage);
        // Nobody stands before the API server yet: it stores what the linter refuses.
        store_a_misspelt_one(stage);
        let _controller = stage.controller("one");
        let version = invalid_is_said(stage);
        coordinate(stage, &rolling());
        // Who creates an object owns its defaults.
        SETS.iter().for_each(|(role, replicas)| stage.create(&set(role, *replicas, "one")));
        stage.until("ml", "llm", "the owner is told", |status| {
            let entries = status["coordinationStatus"].as_array();
            let update = entries.into_iter().flatten().find(|one| one["name"] == "update");
            update.is_some_and(|one| {
                let message = one["message"].as_str().unwrap_or_default();
                one["phase"] == "Failed" && message.contains("kubectl apply --server-side")
            })
        });
        assert_eq!(SETS.map(|(set, _)| partition(stage, set)), [0, 0]);
        wait_for(PATIENCE, "an Event tells it, too", || {
            let events = stage.events("ml");
            let told = events.iter().any(|(reason, _)| reason == "RolloutBlocked");
            if told { Ok(()) } else { Err(format!("{events:?}")) }
        });
        assert_eq!(invalid_is_said(stage), version, "it was said once");
        let of_invalid = |stage: &Stage| {
            let events = stage.events("ml");
            events.into_iter().filter(|(reason, _)| reason == "Invalid").collect::<Vec<_>>()
        };
        wait_for(PATIENCE, "an Event tells it, too", || match &of_invalid(stage)[..] {
            [(_, note)] if note.contains("wrokloadRef") => Ok(()),
            other => Err(format!("{other:?}")),
        });
        let (code, said) = looked_at(stage);
        let unusable = &said["unusable"][0];
        assert_eq!((code, &unusable["name"]), (1, &json!("old")), "{said:#}");
        assert!(unusable["message"].to_string().contains("wrokloadRef"), "{said:#}");
        let mend = json!({"spec": {"roles": [role_of("prefill"), role_of("decode")]}});
        let mended = stage.api().patch(&misspelt(), Patch::Merge, &mend);
        mended.unwrap_or_else(|why| panic!("{why}"));
        stage.until("ml", "old", "it is mended", |status| {
            let reasons = status["conditions"].as_array().into_iter().flatten();
            let invalid = reasons.filter(|one| one["reason"] == "Invalid").count();
            invalid == 0 && status["coordinationStatus"][0]["name"] == "update"
        });
        // Who looks at the cluster sees what the controller says of it.
        wait_for(PATIENCE, "placecard status --live says the same", || {
            let (_, said) = looked_at(stage);
            let all = said["coordinations"].as_array().into_iter().flatten();
            let own = all.filter(|one| one["name"] == "old").map(|one| &one["message"]);
            let own: Vec<&Value> = own.collect();
            let status = stage.status("ml", "old");
            let is_clear = said["unusable"] == json!([]);
            match own == [&status["coordinationStatus"][0]["message"]] && is_clear {
                true => Ok(()),
                false => Err(format!("{said:#}\n{status:#}")),
            }
        });
    });
}

/// `placecard status --live`: its exit code and its report.
fn looked_at(stage: &Stage) -> (u8, Value) {
    let kubeconfig = stage.plane.kubeconfig.to_string_lossy().into_owned();
    let words = ["placecard", "status", "--live", "--format", "json", "--kubeconfig"];
    let words = words.into_iter().chain([kubeconfig.as_str()]).map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = placecard_lint::run(words, &mut std::io::empty(), &mut out, &mut err, false);
    let report = serde_json::from_slice(&out);
    (code, report.unwrap_or_else(|why| panic!("{why}: {}", String::from_utf8_lossy(&err))))
}

fn misspelt() -> Target {
    Target::new(keys::API_VERSION, keys::COORDINATION_KIND, "ml", "old")
}

fn role_of(name: &str) -> Value {
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name});
    json!({"name": name, "workloadRef": set})
}

/// A RoleCoordination with a field that nobody knows, which the API server keeps.
fn store_a_misspelt_one(stage: &Stage) {
    let mut odd = role_of("prefill");
    odd["wrokloadRef"] = json!({});
    stage.create(&json!({
        "apiVersion": keys::API_VERSION,
        "kind": keys::COORDINATION_KIND,
        "metadata": {"namespace": "ml", "name": "old"},
        "spec": {"roles": [odd, role_of("decode")], "coordination": [
            {"name": "update", "type": "RollingUpdate", "roles": ["prefill", "decode"],
             "strategy": {"rollingUpdate": {"maxSkew": "1%"}}}]},
    }));
}

/// Waits until its status says why it cannot be used; then says its version.
fn invalid_is_said(stage: &Stage) -> String {
    wait_for(PATIENCE, "the status says why it cannot be used", || {
        let found = stage.api().get(&misspelt()).map_err(|why| why.to_string())?.object;
        let status = &found["status"];
        let said = |kind: &str, is: &str| {
            let mut all = status["conditions"].as_array().into_iter().flatten();
            all.any(|one| {
                let message = one["message"].as_str().unwrap_or_default();
                (&one["type"], &one["status"]) == (&json!(kind), &json!(is))
                    && one["reason"] == "Invalid"
                    && message.contains("spec.roles[0]")
                    && message.contains("wrokloadRef")
            })
        };
        if status["phase"] == "Failed" && said("Ready", "False") && said("Stalled", "True") {
            Ok(found["metadata"]["resourceVersion"].to_string())
        } else {
            Err(status.to_string())
        }
    })
}
