//! What is refused, in which words, and what a refusal leaves behind: nothing.

use placecard_tests::controlplane::{Patch, Refusal, wait_for};
use serde_json::{Value, json};

use super::stage::with_stage;
use super::world::{PATIENCE, World, accepted, plain, refused, require};

const REQUIRE: &str = "spec.template.metadata.annotations[placecard.dev/require]";

fn fields(refusal: &Refusal) -> Vec<&str> {
    refusal.causes.iter().map(|cause| cause.field.as_str()).collect()
}

fn reasons(refusal: &Refusal) -> Vec<&str> {
    refusal.causes.iter().map(|cause| cause.reason.as_str()).collect()
}

/// On zone b by rule, on zone a by hand.
fn contradictory(world: &World, kind: &str, name: &str) -> Value {
    let mut workload = world.workload(kind, name, &require("on zone/b"));
    workload["spec"]["template"]["spec"]["nodeSelector"]["topology.kubernetes.io/zone"] =
        json!("a");
    workload
}

#[test]
fn a_contradictory_deployment_is_refused_with_both_places() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1"]));
        let refusal = refused(world.api.create(&contradictory(&world, "Deployment", "cart")));
        assert_eq!((refusal.status, refusal.reason.as_str()), (403, "Forbidden"), "{refusal}");
        let message = "admission webhook \"workloads.validate.placecard.dev\" denied the request: ";
        let words = refusal.message.strip_prefix(message).unwrap_or_else(|| panic!("{refusal}"));
        let (first, rest) = words.split_once('\n').unwrap_or_else(|| panic!("{refusal}"));
        assert!(
            first.starts_with(&format!("Deployment {}/cart: ", world.namespace.name))
                && first.ends_with(" [node-selector-contradicts-affinity]"),
            "{refusal}"
        );
        assert!(rest.contains(&format!("{REQUIRE}, line 1: on zone/b")), "{refusal}");
        let selector = "spec.template.spec.nodeSelector[topology.kubernetes.io/zone]";
        let mut found = fields(&refusal);
        found.sort_unstable();
        assert_eq!(found, [REQUIRE, selector], "{refusal}");
        assert_eq!(refusal.causes[0].reason, "node-selector-contradicts-affinity");
        let absent = world.api.get(&world.target("Deployment", "cart"));
        assert_eq!(refused(absent).status, 404);
    });
}

#[test]
fn more_replicas_than_allowed_zones_are_refused_and_a_scale_is_only_told_of() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1", "c1"]));
        let rules = require("apart-from self in zone; on zone/a or zone/b");
        let refusal = refused(world.api.create(&world.deployment("quorum", 3, &rules)));
        assert_eq!(refusal.status, 403, "{refusal}");
        let words = "quorum: 3 replicas need 3 zones, 2 are allowed: 1 replica can never run \
                     [anti-affinity-replicas-exceed-allowed]";
        assert!(refusal.message.contains(words), "{refusal}");
        assert_eq!(fields(&refusal), [REQUIRE, REQUIRE, "spec.replicas"], "{refusal}");

        assert_eq!(world.deploy("quorum", 2, &rules), ["a1", "b1"]);
        let scale = json!({"spec": {"replicas": 4}});
        let target = world.target("Deployment", "quorum");
        let scaled = accepted(world.api.patch(&target, Patch::Merge, &scale));
        let told = |one: &String| one.ends_with("[anti-affinity-replicas-exceed-allowed]");
        assert!(scaled.warnings.iter().any(told), "{:?}", scaled.warnings);
    });
}

#[test]
fn a_bad_annotation_is_refused_with_its_place_and_the_word_that_was_meant() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1"]));
        let rules = "# three mistakes\naprat-from self in zone\non pool/h10\nnear pods(";
        let mut deployment = world.deployment("ranker", 1, &require(rules));
        deployment["spec"]["template"]["metadata"]["annotations"]["placecard.dev/tolerat"] =
            json!("a=b:NoSchedule");
        let refusal = refused(world.api.create(&deployment));
        assert_eq!(refusal.status, 403, "{refusal}");
        assert_eq!(
            reasons(&refusal),
            ["unknown-relation", "unknown-pool", "selector-syntax", "unknown-key"],
            "all at once: {refusal}"
        );
        assert_eq!(
            fields(&refusal),
            [
                REQUIRE,
                REQUIRE,
                REQUIRE,
                "spec.template.metadata.annotations[placecard.dev/tolerat]"
            ]
        );
        for words in [
            "placecard.dev/require, line 2; did you mean apart-from? [unknown-relation]",
            "(placecard.dev/require, line 4) [selector-syntax]",
            "did you mean h100? [unknown-pool]",
            "did you mean placecard.dev/tolerate? [unknown-key]",
        ] {
            assert!(refusal.message.contains(words), "{words}: {refusal}");
        }
    });
}

#[test]
fn a_bad_annotation_is_refused_wherever_it_stands() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1"]));
        let pod = refused(world.api.create(&world.pod("p", &require("on zone/a weight 3"))));
        assert_eq!(reasons(&pod), ["weight-in-require"], "{pod}");
        assert_eq!(fields(&pod), ["metadata.annotations[placecard.dev/require]"]);
        assert!(pod.message.contains(&format!("Pod {}/p: ", world.namespace.name)), "{pod}");

        let mut own = world.deployment("own", 1, &json!({}));
        own["metadata"]["annotations"] = require("on zone/a");
        let own = refused(world.api.create(&own));
        assert_eq!(reasons(&own), ["no-effect-here"], "{own}");
        assert_eq!(fields(&own), ["metadata.annotations[placecard.dev/require]"]);

        let forged = json!({"placecard.dev/require": "on zone/a", "placecard.dev/applied": "{}"});
        let forged = refused(world.api.create(&world.deployment("forged", 1, &forged)));
        assert_eq!(reasons(&forged), ["no-effect-here"], "{forged}");
        for kind in ["StatefulSet", "DaemonSet", "ReplicaSet"] {
            let workload = world.workload(kind, "w", &require("on zone/a; ons zone/a"));
            let refusal = refused(world.api.create(&workload));
            assert_eq!(fields(&refusal), [REQUIRE], "{kind}: {refusal}");
        }
    });
}

#[test]
fn a_forged_record_on_a_pod_is_no_proof() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1"]));
        let record =
            r#"{"v":1,"digest":"0000000000000000","added":["on zone/b -> node affinity"]}"#;
        let annotations =
            json!({"placecard.dev/require": "on zone/b", "placecard.dev/applied": record});
        let pod = accepted(world.api.create(&world.pod("liar", &annotations))).object;
        assert_eq!(world.all_on("liar", 1), ["b1"]);
        assert_ne!(pod["metadata"]["annotations"]["placecard.dev/applied"], record);
    });
}

#[test]
fn changing_the_rules_of_a_pod_that_exists_has_no_effect() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1"]));
        let mut pod = accepted(world.api.create(&world.pod("p", &require("on zone/a")))).object;
        assert_eq!(world.all_on("p", 1), ["a1"]);
        pod = world.get("Pod", pod["metadata"]["name"].as_str().expect("a name"));
        pod["metadata"]["annotations"]["placecard.dev/require"] = json!("on zone/b");
        let refusal = refused(world.api.put(&pod));
        assert_eq!(reasons(&refusal), ["no-effect-here"], "{refusal}");
    });
}

#[test]
fn a_dry_run_says_the_same_and_leaves_nothing() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1"]));
        let dry = world.api.dry_run();
        let bad = contradictory(&world, "Deployment", "cart");
        let (would, is) = (refused(dry.create(&bad)), refused(world.api.create(&bad)));
        assert_eq!((&would.message, &would.causes), (&is.message, &is.causes));
        assert_eq!(would.status, is.status);

        let pod = world.pod("p", &require("on zone/b; apart-from pods(app=x) in zone"));
        let would = accepted(dry.create(&pod)).object;
        assert_eq!(refused(world.api.get(&world.target("Pod", "p"))).status, 404);
        let is = accepted(world.api.create(&pod)).object;
        assert_eq!(would["spec"], is["spec"]);
        assert_eq!(would["metadata"]["annotations"], is["metadata"]["annotations"]);
        assert!(is["spec"]["affinity"]["podAntiAffinity"].is_object(), "{}", is["spec"]);
        assert_eq!(world.all_on("p", 1), ["b1"]);
    });
}

#[test]
fn a_service_that_does_not_exist_yet_is_waited_for() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1"]));
        world.neighbour("db", "b1");
        let rules = require("near service/late");
        let answer = accepted(world.api.create(&world.deployment("web", 2, &rules)));
        assert_eq!(answer.warnings.len(), 1, "{:?}", answer.warnings);
        let warning = &answer.warnings[0];
        assert!(warning.len() <= 120 && warning.ends_with("[unresolved]"), "{warning}");
        assert!(warning.contains("late does not exist"), "{warning}");

        let refusal = refused(world.api.create(&world.pod("bare", &rules)));
        assert_eq!((refusal.status, refusal.reason.as_str()), (503, "ServiceUnavailable"));
        assert_eq!(reasons(&refusal), ["unresolved"], "{refusal}");

        let said = wait_for(PATIENCE, "the Deployment says why it has no pods", || {
            let deployment = world.get("Deployment", "web");
            let conditions = deployment["status"]["conditions"].as_array().cloned();
            conditions
                .unwrap_or_default()
                .into_iter()
                .find(|condition| condition["type"] == "ReplicaFailure")
                .map(|condition| condition["message"].to_string())
                .ok_or_else(|| deployment["status"].to_string())
        });
        assert!(said.contains("late does not exist"), "{said}");
        // The text is that of the Deployment, so that events of all its pods fold into one.
        assert!(said.contains(&format!("pod of {}/web:", world.namespace.name)), "{said}");

        world.service("late", "db");
        assert_eq!(world.all_on("web", 2), ["b1", "b1"]);
    });
}
