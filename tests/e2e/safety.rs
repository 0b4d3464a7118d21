//! What is none of our business stays as it is, and nothing can be blocked by us.

use placecard_tests::controlplane::{Patch, Target, unique, wait_for};
use placecard_tests::installation::HOST;
use placecard_tests::webhook::{Webhook, configurations, only_in};
use serde_json::{Value, json};

use super::stage::{Stage, VOCABULARY, with_stage};
use super::world::{PATIENCE, World, accepted, name, plain, prefer, refused, require};

const MODE: &str = "placecard.dev/mode";

/// A world whose namespace is passed by.
fn unguarded(stage: &Stage, machines: &[&'static str]) -> World {
    World::in_namespace(stage, &plain(machines), &[(MODE, "off")])
}

/// From now on the webhooks look at the namespace.
fn guard(world: &World) {
    let target = Target::new("v1", "Namespace", "", &world.namespace.name);
    let labels = json!({"metadata": {"labels": {MODE: null}}});
    accepted(world.api.patch(&target, Patch::Merge, &labels));
    wait_for(PATIENCE, "the namespace's labels are seen", || {
        let probe = world.pod("probe", &require("onn zone/a"));
        match world.api.dry_run().create(&probe) {
            Err(refusal) if refusal.status == 403 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}

fn finalizers(list: &[&str]) -> Value {
    json!({"metadata": {"finalizers": list}})
}

#[test]
fn a_pod_without_a_word_of_ours_is_stored_as_it_was_written() {
    with_stage(|stage| {
        let seen = World::new(stage, &plain(&["a1"]));
        let unseen = unguarded(stage, &["a1"]);
        let spec_in = |world: &World| {
            let mut pod = world.pod("plain", &json!({"example.com/note": "none of ours"}));
            pod["spec"] = json!({
                "schedulerName": "nobody",
                "containers": [{"name": "main", "image": "registry.invalid/none"}],
                "tolerations": [{"key": "a", "operator": "Exists"}],
                "affinity": {"podAntiAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        {"topologyKey": "kubernetes.io/hostname",
                         "labelSelector": {"matchLabels": {"app": "plain"}}}]}},
            });
            let stored = accepted(world.api.create(&pod));
            assert_eq!(stored.warnings, Vec::<String>::new());
            (stored.object["spec"].clone(), stored.object["metadata"]["annotations"].clone())
        };
        assert_eq!(spec_in(&seen), spec_in(&unseen));
    });
}

#[test]
fn objects_without_a_word_of_ours_do_not_call_us() {
    with_stage(|stage| {
        // The shared webhook is asked as well, and each counts its own calls.
        let world = World::new(stage, &plain(&["a1"]));
        let webhook = Webhook::start(stage.plane, VOCABULARY);
        let _configurations =
            webhook.install_for(&world.api, &unique("placecard-own"), &world.namespace.name);
        let calls = |labels: &str| webhook.requests(labels);
        let before = (calls("webhook=\"mutate\""), calls("kind=\"Pod\""));
        assert!(before.0 > 0 && before.1 > 0, "the waiting for it was counted");
        assert_eq!(world.deploy("plain", 3, &json!({})), ["a1", "a1", "a1"]);
        world.run_all("plain");
        assert_eq!(before, (calls("webhook=\"mutate\""), calls("kind=\"Pod\"")));
        assert_eq!(calls("kind=\"ReplicaSet\""), 0);
        assert_eq!(calls("kind=\"Deployment\",operation=\"CREATE\",verdict=\"allowed\""), 1);
        let deployments = calls("kind=\"Deployment\"");
        assert_eq!(deployments, 1, "none of its controller's status updates");

        assert_eq!(world.deploy("ours", 2, &require("on zone/a")), ["a1", "a1"]);
        assert_eq!(calls("webhook=\"mutate\"") - before.0, 2);
        assert_eq!(calls("webhook=\"mutate\",kind=\"ReplicaSet\""), 0);
    });
}

#[test]
fn a_deployment_from_before_makes_no_further_replica_sets() {
    with_stage(|stage| {
        let world = unguarded(stage, &["a1", "b1"]);
        world.deploy("web", 2, &require("on zone/b"));
        guard(&world);
        let sets = || -> Vec<String> {
            let sets = world.api.list("apps/v1", "ReplicaSet", &world.namespace.name, "app=web");
            sets.expect("replica sets").iter().map(name).collect()
        };
        let only = sets();
        assert_eq!(only.len(), 1);
        let target = world.target("Deployment", "web");
        let scale = json!({"spec": {"replicas": 4}});
        accepted(world.api.patch(&target, Patch::Merge, &scale));
        world.all_on("web", 4);
        for pod in world.living("web").expect("pods") {
            accepted(world.api.delete(&world.target("Pod", &name(&pod))));
        }
        assert_eq!(world.all_on("web", 4), ["b1", "b1", "b1", "b1"]);
        wait_for(PATIENCE, "its controller has seen everything", || {
            let deployment = world.get("Deployment", "web");
            let seen = deployment["status"]["observedGeneration"]
                == deployment["metadata"]["generation"]
                && deployment["status"]["replicas"] == 4;
            if seen { Ok(()) } else { Err(deployment["status"].to_string()) }
        });
        assert_eq!(sets(), only);
    });
}

/// A Deployment that no cluster can hold.
fn hopeless(world: &World, name: &str) -> Value {
    let mut deployment = world.deployment(name, 2, &require("on zone/a"));
    deployment["spec"]["template"]["spec"]["nodeSelector"]["topology.kubernetes.io/zone"] =
        json!("b");
    deployment
}

#[test]
fn what_was_bad_before_may_live_on_and_shrink_and_go() {
    with_stage(|stage| {
        let world = unguarded(stage, &["a1"]);
        let mut misspelt = world.deployment("misspelt", 2, &require("onn zone/a"));
        misspelt["metadata"]["finalizers"] = json!(["example.com/hold"]);
        for deployment in [&misspelt, &hopeless(&world, "hopeless")] {
            accepted(world.api.create(deployment));
        }
        guard(&world);
        for app in ["misspelt", "hopeless"] {
            let target = world.target("Deployment", app);
            let patch = |patch: Value| world.api.patch(&target, Patch::Merge, &patch);
            accepted(patch(json!({"metadata": {"labels": {"touched": "yes"}}})));
            accepted(patch(json!({"spec": {"minReadySeconds": 1}})));
            accepted(patch(json!({"spec": {"replicas": 1}})));
            accepted(patch(json!({"spec": {"replicas": 0}})));
            // Bad before, and not worse: a new image goes through.
            let image = json!([{"op": "replace",
                "path": "/spec/template/spec/containers/0/image", "value": "registry.invalid/2"}]);
            accepted(world.api.patch(&target, Patch::Json, &image));
            // Worse: not so.
            let more = json!({"spec": {"template": {"metadata": {"annotations":
                {"placecard.dev/prefer": "near"}}}}});
            let refusal = refused(patch(more));
            assert_eq!(refusal.status, 403, "{refusal}");
            assert_eq!(refusal.causes.len(), 1, "only what is new: {refusal}");
            accepted(world.api.delete(&target));
        }
        let target = world.target("Deployment", "misspelt");
        let going = accepted(world.api.get(&target)).object;
        assert!(going["metadata"]["deletionTimestamp"].is_string());
        accepted(world.api.patch(&target, Patch::Merge, &finalizers(&[])));
        assert_eq!(refused(world.api.get(&target)).status, 404);
    });
}

#[test]
fn the_ratchet_lets_mistakes_be_mended_one_by_one() {
    with_stage(|stage| {
        let world = unguarded(stage, &["a1"]);
        let two = "onn zone/a\nnear servic/db";
        accepted(world.api.create(&world.deployment("web", 1, &require(two))));
        guard(&world);
        let target = world.target("Deployment", "web");
        let set = |rules: &str| {
            let annotations = json!({"placecard.dev/require": rules});
            let patch = json!({"spec": {"template": {"metadata": {"annotations": annotations}}}});
            world.api.patch(&target, Patch::Merge, &patch)
        };
        let answer = accepted(set("# first one mended\non zone/a\nnear servic/db"));
        assert_eq!(answer.warnings.len(), 1, "what is still bad is said: {:?}", answer.warnings);
        let refusal = refused(set("on zon/a\nnear servic/db"));
        assert_eq!(refusal.causes.len(), 1, "{refusal}");
        assert_eq!(accepted(set("on zone/a")).warnings, Vec::<String>::new());
        refused(set("onn zone/a"));
        assert_eq!(world.all_on("web", 1), ["a1"]);
    });
}

#[test]
fn pods_with_bad_words_can_be_changed_and_deleted() {
    with_stage(|stage| {
        let world = unguarded(stage, &["a1"]);
        for app in ["misspelt", "held"] {
            let mut pod = world.pod(app, &require("onn zone/a"));
            pod["metadata"]["finalizers"] = json!(["example.com/hold"]);
            accepted(world.api.create(&pod));
            world.all_on(app, 1);
        }
        guard(&world);
        let misspelt = world.target("Pod", "misspelt");
        world.api.run_pod(&world.namespace.name, "misspelt");
        let label = json!({"metadata": {"labels": {"touched": "yes"}}});
        accepted(world.api.patch(&misspelt, Patch::Merge, &label));
        accepted(world.api.patch(&misspelt, Patch::Merge, &finalizers(&[])));
        accepted(world.api.delete(&misspelt));
        assert_eq!(refused(world.api.get(&misspelt)).status, 404);

        let held = world.target("Pod", "held");
        accepted(world.api.delete(&held));
        assert!(
            world.get("Pod", "held")["metadata"]["deletionTimestamp"].is_string(),
            "its finalizer holds it"
        );
        accepted(world.api.patch(&held, Patch::Merge, &finalizers(&[])));
        assert_eq!(refused(world.api.get(&held)).status, 404);
    });
}

#[test]
fn pods_that_we_placed_come_and_go_with_their_finalizers() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "a2", "a3", "a4", "b1"]));
        let mut pod = world.pod("held", &require("on zone/b"));
        pod["metadata"]["finalizers"] = json!(["example.com/hold"]);
        accepted(world.api.create(&pod));
        assert_eq!(world.all_on("held", 1), ["b1"]);
        let target = world.target("Pod", "held");
        accepted(world.api.delete(&target));
        accepted(world.api.patch(&target, Patch::Merge, &finalizers(&[])));
        assert_eq!(refused(world.api.get(&target)).status, 404);
    });
}

#[test]
fn daemon_sets_go_when_their_finalizers_do() {
    with_stage(|stage| {
        let world = unguarded(stage, &["a1"]);
        let mut before = world.workload("DaemonSet", "before", &require("onn zone/a"));
        before["metadata"]["finalizers"] = json!(["example.com/hold"]);
        accepted(world.api.create(&before));
        guard(&world);
        let mut since = world.workload("DaemonSet", "since", &require("on zone/a"));
        since["metadata"]["finalizers"] = json!(["example.com/hold"]);
        accepted(world.api.create(&since));
        for set in ["before", "since"] {
            let target = world.target("DaemonSet", set);
            let label = json!({"metadata": {"labels": {"touched": "yes"}}});
            accepted(world.api.patch(&target, Patch::Merge, &label));
            accepted(world.api.delete(&target));
            accepted(world.api.patch(&target, Patch::Merge, &finalizers(&[])));
            assert_eq!(refused(world.api.get(&target)).status, 404, "{set}");
        }
    });
}

/// The chart's configurations for a namespace, with nobody at the other end.
fn down(world: &World, failure_policy: &str) -> Vec<placecard_tests::controlplane::Owned> {
    let made = placecard_certs::self_signed(
        &[HOST],
        placecard_certs::LIFETIME,
        std::time::SystemTime::now(),
    )
    .expect("a certificate");
    let edit = |webhook: &mut Value| {
        only_in(webhook, &world.namespace.name);
        webhook["failurePolicy"] = json!(failure_policy);
    };
    // Port 9 discards; nobody listens there on loopback.
    configurations(&unique("placecard-down"), 9, &made.ca_pem, edit)
        .iter()
        .map(|configuration| world.api.create_owned(configuration))
        .collect()
}

#[test]
fn nothing_waits_for_a_webhook_that_is_down() {
    with_stage(|stage| {
        let world = unguarded(stage, &["a1", "b1"]);
        let _configurations = down(&world, "Ignore");
        assert_eq!(world.deploy("plain", 2, &json!({})).len(), 2);
        accepted(world.api.create(&world.pod("bare", &json!({}))));
        assert_eq!(world.all_on("bare", 1).len(), 1);
        accepted(world.api.create(&world.deployment("ours", 1, &require("on zone/b"))));
        assert_eq!(world.all_on("ours", 1).len(), 1, "unplaced, but not lost");
    });
}

#[test]
fn with_fail_only_what_concerns_us_waits() {
    with_stage(|stage| {
        let world = unguarded(stage, &["a1"]);
        accepted(world.api.create(&world.deployment("plain", 1, &json!({}))));
        let ours = world.deployment("ours", 1, &prefer("on zone/a"));
        accepted(world.api.create(&ours));
        world.all_on("ours", 1);
        let _configurations = down(&world, "Fail");
        wait_for(PATIENCE, "the configuration is seen", || {
            match world.api.dry_run().create(&world.pod("probe", &require("on zone/a"))) {
                Err(refusal) if refusal.status == 500 => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
        // Pods of controllers without a word of ours are made anew.
        for pod in world.living("plain").expect("pods") {
            accepted(world.api.delete(&world.target("Pod", &name(&pod))));
        }
        assert_eq!(world.all_on("plain", 1), ["a1"]);
        // What is there can be changed, finished and deleted.
        let target = world.target("Deployment", "ours");
        let label = json!({"metadata": {"labels": {"touched": "yes"}}});
        accepted(world.api.patch(&target, Patch::Merge, &label));
        let pod = world.living("ours").expect("pods").remove(0);
        world.api.run_pod(&world.namespace.name, &name(&pod));
        accepted(world.api.delete(&target));
        accepted(world.api.delete(&world.target("Pod", &name(&pod))));
    });
}
