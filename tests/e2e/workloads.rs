//! Every kind of workload: whom `self` means there, and that its controller gets on.

use placecard_tests::controlplane::{Patch, wait_for};
use serde_json::{Value, json};

use super::kubectl;
use super::stage::with_stage;
use super::world::{PATIENCE, World, accepted, plain, refused, require};

/// Runs the pods of a Deployment until its rollout is over.
#[track_caller]
fn roll_out(world: &World, name: &str, replicas: u64) {
    wait_for(PATIENCE, &format!("the rollout of {name}"), || {
        world.run_all(name);
        let deployment = world.get("Deployment", name);
        let status = &deployment["status"];
        let done = status["observedGeneration"] == deployment["metadata"]["generation"]
            && ["replicas", "updatedReplicas", "availableReplicas"]
                .iter()
                .all(|count| status[*count] == replicas);
        if done { Ok(()) } else { Err(status.to_string()) }
    });
}

fn replica_sets(world: &World, app: &str) -> usize {
    let selector = format!("app={app}");
    let sets = world.api.list("apps/v1", "ReplicaSet", &world.namespace.name, &selector);
    sets.expect("replica sets").len()
}

fn with_image(world: &World, name: &str, image: &str) -> Value {
    let mut deployment = world.get("Deployment", name);
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
    deployment
}

#[test]
fn a_rollout_does_not_wait_for_its_own_old_pods() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1", "c1"]));
        let rules = require("apart-from self in zone");
        assert_eq!(world.deploy("web", 3, &rules), ["a1", "b1", "c1"]);
        roll_out(&world, "web", 3);
        let old = world.living("web").expect("pods").remove(0);
        let apart = &old["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
        assert_eq!(apart.as_array().map(Vec::len), Some(1), "{}", old["spec"]);

        accepted(world.api.put(&with_image(&world, "web", "registry.invalid/next")));
        roll_out(&world, "web", 3);
        assert_eq!(world.all_on("web", 3), ["a1", "b1", "c1"]);
        let new = world.living("web").expect("pods").remove(0);
        let hash = |pod: &Value| pod["metadata"]["labels"]["pod-template-hash"].clone();
        assert_ne!(hash(&old), hash(&new));
    });
}

#[test]
fn a_rollout_across_revisions_waits_for_room() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1"]));
        let rules = require("apart-from self in zone across revisions");
        assert_eq!(world.deploy("web", 2, &rules), ["a1", "b1"]);
        roll_out(&world, "web", 2);
        accepted(world.api.put(&with_image(&world, "web", "registry.invalid/next")));
        let settled = world.settled("web", 2, 1);
        assert!(settled.waiting[0].contains("anti-affinity"), "{settled:?}");
    });
}

#[test]
fn a_replica_set_means_its_selector_and_a_replication_controller_is_judged() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1"]));
        let mut set = world.workload("ReplicaSet", "set", &require("apart-from self"));
        set["spec"]["replicas"] = json!(3);
        accepted(world.api.create(&set));
        assert_eq!(world.settled("set", 2, 1).on, ["a1", "b1"]);
        let mut old = world.workload("ReplicationController", "old", &require("onn zone/a"));
        old["spec"]["selector"] = json!({"app": "old"});
        let refusal = refused(world.api.create(&old));
        assert_eq!(refusal.causes[0].reason, "unknown-relation", "{refusal}");
    });
}

#[test]
fn a_stateful_set_places_its_pods_one_by_one() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1", "c1"]));
        let mut set = world.workload("StatefulSet", "db", &require("apart-from self in zone"));
        set["spec"]["replicas"] = json!(4);
        set["spec"]["serviceName"] = json!("db");
        accepted(world.api.create(&set));
        wait_for(PATIENCE, "four pods exist", || {
            world.run_all("db");
            let count = world.living("db")?.len();
            if count == 4 { Ok(()) } else { Err(format!("{count} pods")) }
        });
        let settled = world.settled("db", 3, 1);
        assert_eq!(settled.on, ["a1", "b1", "c1"]);
        assert!(settled.waiting[0].contains("anti-affinity"), "{settled:?}");
    });
}

/// A Job whose pods have no label but those that its controller writes.
fn unlabelled_job(world: &World, name: &str, rules: &str, pods: u32) -> Value {
    let mut template = world.template(name, &require(rules));
    template["metadata"].as_object_mut().expect("metadata").remove("labels");
    template["spec"]["restartPolicy"] = json!("Never");
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": world.namespace.name},
        "spec": {"parallelism": pods, "completions": pods, "template": template},
    })
}

#[test]
fn a_job_without_labels_means_its_own_pods() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1"]));
        for name in ["first", "second"] {
            accepted(world.api.create(&unlabelled_job(&world, name, "apart-from self", 3)));
            let selector = format!("batch.kubernetes.io/job-name={name}");
            let settled = world.settled(&selector, 2, 1);
            assert_eq!(settled.on, ["a1", "b1"], "the other Job's pods do not count");
        }
        accepted(world.api.create(&unlabelled_job(&world, "third", "near self", 4)));
        let on = world.all_on("batch.kubernetes.io/job-name=third", 4);
        assert!(on.iter().all(|machine| *machine == on[0]), "{on:?}");
    });
}

#[test]
fn the_jobs_of_a_cron_job_are_placed_by_its_template() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1", "c1"]));
        let job = unlabelled_job(&world, "nightly", "apart-from self; not-on zone/c", 3);
        let cron_job = |job: &Value| {
            json!({
                "apiVersion": "batch/v1",
                "kind": "CronJob",
                "metadata": {"name": "nightly", "namespace": world.namespace.name},
                "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": job["spec"]}},
            })
        };
        let stored = accepted(world.api.create(&cron_job(&job))).object;
        // What `kubectl create job --from=cronjob/nightly` sends.
        let mut job = stored["spec"]["jobTemplate"].clone();
        job["apiVersion"] = json!("batch/v1");
        job["kind"] = json!("Job");
        job["metadata"] = json!({
            "name": "by-hand",
            "namespace": world.namespace.name,
            "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly",
                "uid": stored["metadata"]["uid"], "controller": true}],
        });
        accepted(world.api.create(&job));
        let settled = world.settled("batch.kubernetes.io/job-name=by-hand", 2, 1);
        assert_eq!(settled.on, ["a1", "b1"]);

        let mut bad = cron_job(&unlabelled_job(&world, "nightly", "apart-form self", 1));
        bad["metadata"]["name"] = json!("bad");
        let refusal = refused(world.api.create(&bad));
        assert_eq!(
            refusal.causes[0].field,
            "spec.jobTemplate.spec.template.metadata.annotations[placecard.dev/require]",
            "{refusal}"
        );
    });
}

#[test]
fn bare_pods_mean_those_with_their_labels() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1"]));
        let twin = |name: &str| {
            let mut pod = world.pod(name, &require("apart-from self"));
            pod["metadata"]["labels"] = json!({"app": "twin", "version": name});
            pod
        };
        for name in ["one", "two", "three"] {
            accepted(world.api.create(&twin(name)));
        }
        let settled = world.settled("twin", 2, 1);
        assert_eq!(settled.on, ["a1", "b1"], "a version is no part of self");

        let mut nobody = twin("four");
        nobody["metadata"]["labels"] = json!({"version": "four"});
        let refusal = refused(world.api.create(&nobody));
        assert_eq!(refusal.status, 403, "{refusal}");
        assert_eq!(refusal.causes[0].reason, "self-has-no-labels", "{refusal}");
    });
}

#[test]
fn a_template_that_asks_for_it_is_expanded_once() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "a2", "b1", "c1"]));
        let mut deployment =
            world.deployment("web", 3, &require("apart-from self in zone; not-on zone/c"));
        deployment["metadata"]["annotations"] = json!({"placecard.dev/expand": "template"});
        kubectl::apply(&world.api, &deployment);
        let settled = world.settled("web", 2, 1);
        assert_ne!(&settled.on[0][..1], &settled.on[1][..1], "{settled:?}");
        let stored = world.get("Deployment", "web");
        let apart = &stored["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
        assert_eq!(apart[0]["matchLabelKeys"], json!(["pod-template-hash"]), "{stored}");
        assert_eq!(apart.as_array().map(Vec::len), Some(1));
        for pod in world.living("web").expect("pods") {
            let apart = &pod["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
            assert_eq!(apart.as_array().map(Vec::len), Some(1), "not once more: {apart}");
        }

        deployment["metadata"]["labels"] = json!({"touched": "yes"});
        kubectl::apply(&world.api, &deployment);
        let again = world.get("Deployment", "web");
        assert_eq!(again["metadata"]["labels"]["touched"], "yes");
        assert_eq!(again["spec"], stored["spec"]);
        assert_eq!(replica_sets(&world, "web"), 1);

        // From now on its pods are expanded instead, and the template is the user's own.
        deployment["metadata"]["annotations"] = json!({"example.com/note": "x"});
        kubectl::apply(&world.api, &deployment);
        let own = world.get("Deployment", "web")["spec"]["template"].take();
        assert_eq!(own["spec"].get("affinity"), None, "{own}");
        assert_eq!(
            own["metadata"]["annotations"],
            require("apart-from self in zone; not-on zone/c")
        );
    });
}

#[test]
fn a_gate_of_somebody_else_stays_until_they_open_it() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1", "b2"]));
        let mut pod = world.pod("gated", &require("on zone/a"));
        pod["spec"]["schedulingGates"] = json!([{"name": "example.com/quota"}]);
        let stored = accepted(world.api.create(&pod)).object;
        assert_eq!(stored["spec"]["schedulingGates"], pod["spec"]["schedulingGates"]);
        let open = json!({"spec": {"schedulingGates": null}});
        accepted(world.api.patch(&world.target("Pod", "gated"), Patch::Merge, &open));
        assert_eq!(world.all_on("gated", 1), ["a1"]);
    });
}

#[test]
fn a_pod_that_is_bound_by_hand_keeps_to_its_node_rules_only() {
    with_stage(|stage| {
        // Others may not name their node: that passes by the taints of guarded pools.
        let machines = plain(&["a1", "b1"]);
        let strangers = World::new(stage, &machines);
        let mut pod = strangers.pod("past", &json!({}));
        pod["spec"]["nodeName"] = json!(strangers.node("a1"));
        let refusal = refused(strangers.api.create(&pod));
        assert!(refusal.message.contains("placecard-guards-inlined"), "{refusal}");

        let world = World::in_namespace(stage, &machines, &[("role", "agents")]);
        let bound = |name: &str, rules: &str| {
            let mut pod = world.pod(name, &require(rules));
            pod["spec"]["nodeName"] = json!(world.node("a1"));
            world.api.create(&pod)
        };
        let here = format!("on node/{}", world.node("a1"));
        accepted(bound("here", &here));
        assert_eq!(world.all_on("here", 1), ["a1"]);
        let elsewhere = refused(bound("there", &format!("on node/{}", world.node("b1"))));
        assert_eq!(elsewhere.status, 403, "{elsewhere}");
        let unread = refused(bound("unread", "near pods(app=x)"));
        assert_eq!(unread.causes[0].reason, "scheduler-bypassed", "{unread}");
    });
}
