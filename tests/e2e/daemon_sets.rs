//! DaemonSets: their templates are expanded, whoever writes them and however, and never more often
//! than they change.

use placecard_tests::controlplane::wait_for;
use serde_json::{Value, json};

use super::kubectl;
use super::stage::with_stage;
use super::world::{Machine, PATIENCE, World, accepted, plain, refused, require};

const GPU: &str = "nvidia.com/gpu:NoSchedule";
const APPLIED: &str = "placecard.dev/applied";

fn machines() -> Vec<Machine> {
    vec![
        Machine("h1", "a", &[("accelerator", "h100"), ("disk", "nvme")], &[GPU]),
        Machine(
            "h2",
            "b",
            &[("accelerator", "h100"), ("disk", "nvme")],
            &[GPU, "old=1:NoSchedule"],
        ),
        Machine("p1", "c", &[("disk", "nvme")], &[]),
    ]
}

/// A DaemonSet for the nodes of a pool, with node affinity and a toleration of the user's own.
fn manifest(world: &World, name: &str) -> Value {
    let mut set = world.workload("DaemonSet", name, &require("on pool/h100"));
    let spec = &mut set["spec"]["template"]["spec"];
    spec["tolerations"] = json!([{"key": "old", "operator": "Exists", "effect": "NoSchedule"}]);
    spec["affinity"] = json!({"nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["nvme"]}]}]}}});
    set
}

fn without_rules(mut set: Value) -> Value {
    let metadata = set["spec"]["template"]["metadata"].as_object_mut().expect("metadata");
    metadata.remove("annotations");
    set
}

/// Waits until the controller is content, and returns the machines of its pods.
#[track_caller]
fn served(world: &World, name: &str, count: usize) -> Vec<String> {
    wait_for(PATIENCE, &format!("the controller of {name} has seen to it"), || {
        let set = world.get("DaemonSet", name);
        let status = &set["status"];
        let seen = status["observedGeneration"] == set["metadata"]["generation"]
            && status["desiredNumberScheduled"] == count
            && status["currentNumberScheduled"] == count
            && status["numberMisscheduled"] == 0;
        if seen { Ok(()) } else { Err(status.to_string()) }
    });
    world.all_on(name, count)
}

/// What must not change without need: generation, template, and the number of its revisions.
fn version(world: &World, name: &str) -> (Value, Value, usize) {
    let set = world.get("DaemonSet", name);
    let revisions = world
        .api
        .list("apps/v1", "ControllerRevision", &world.namespace.name, &format!("app={name}"))
        .expect("revisions");
    (set["metadata"]["generation"].clone(), set["spec"]["template"].clone(), revisions.len())
}

/// Writes the manifest in one way.
type Write = fn(&World, &Value);

fn by_kubectl(world: &World, manifest: &Value) {
    kubectl::apply(&world.api, manifest);
}

fn by_server(world: &World, manifest: &Value) {
    accepted(world.api.apply("deployer", manifest));
}

fn by_put(world: &World, manifest: &Value) {
    let name = manifest["metadata"]["name"].as_str().expect("a name");
    if world.api.get(&world.target("DaemonSet", name)).is_ok() {
        accepted(world.api.put(manifest));
    } else {
        accepted(world.api.create(manifest));
    }
}

/// Reads the object, makes the manifest's labels and annotations its own, and writes it back.
fn by_editor(world: &World, manifest: &Value) {
    let name = manifest["metadata"]["name"].as_str().expect("a name");
    if world.api.get(&world.target("DaemonSet", name)).is_err() {
        accepted(world.api.create(manifest));
        return;
    }
    wait_for(PATIENCE, "no conflict with the status", || {
        let mut set = world.get("DaemonSet", name);
        set["metadata"]["labels"] = manifest["metadata"]["labels"].clone();
        let wanted =
            &manifest["spec"]["template"]["metadata"]["annotations"]["placecard.dev/require"];
        let annotations = set["spec"]["template"]["metadata"]["annotations"].as_object_mut();
        match annotations {
            Some(annotations) if wanted.is_null() => {
                annotations.remove("placecard.dev/require");
            }
            _ => {}
        }
        world.api.put(&set).map_err(|refusal| refusal.to_string())
    });
}

const WAYS: [(&str, Write); 4] =
    [("kubectl", by_kubectl), ("server", by_server), ("put", by_put), ("editor", by_editor)];

#[test]
fn it_runs_on_every_node_of_its_pool_and_on_no_other() {
    with_stage(|stage| {
        for (way, write) in WAYS {
            let world = World::new(stage, &machines());
            write(&world, &manifest(&world, way));
            assert_eq!(served(&world, way, 2), ["h1", "h2"], "{way}");
        }
    });
}

#[test]
fn writing_it_again_rolls_nothing_out() {
    with_stage(|stage| {
        for (way, write) in WAYS {
            let world = World::new(stage, &machines());
            let mut set = manifest(&world, way);
            write(&world, &set);
            served(&world, way, 2);
            let first = version(&world, way);
            assert_eq!((&first.0, first.2), (&json!(1), 1), "{way}");
            write(&world, &set);
            set["metadata"]["labels"] = json!({"touched": "yes"});
            write(&world, &set);
            let stored = world.get("DaemonSet", way);
            assert_eq!(stored["metadata"]["labels"]["touched"], "yes", "{way}");
            served(&world, way, 2);
            assert_eq!(version(&world, way), first, "{way}");
        }
    });
}

#[test]
fn whoever_takes_the_rules_away_has_the_own_fields_back() {
    with_stage(|stage| {
        for (way, write) in WAYS {
            let world = World::new(stage, &machines());
            let set = manifest(&world, way);
            let plain = without_rules(set.clone());
            let mut reference = plain.clone();
            reference["metadata"]["name"] = json!("reference");
            let mut untouched =
                accepted(world.api.dry_run().create(&reference)).object["spec"]["template"].take();
            write(&world, &set);
            served(&world, way, 2);
            write(&world, &plain);
            let on = served(&world, way, 1);
            assert_eq!(on, ["p1"], "{way}: nothing tolerates the taint of the pool any more");
            let (generation, mut template, revisions) = version(&world, way);
            assert_eq!((generation, revisions), (json!(2), 2), "{way}");
            // An editor may leave an empty mapping.
            for template in [&mut template, &mut untouched] {
                let metadata = template["metadata"].as_object_mut().expect("metadata");
                metadata.retain(|key, value| key != "annotations" || *value != json!({}));
            }
            assert_eq!(template, untouched, "{way}");
        }
    });
}

#[test]
fn own_fields_can_change_beside_the_rules() {
    with_stage(|stage| {
        for (way, write) in [WAYS[0], WAYS[1], WAYS[2]] {
            let world = World::new(stage, &machines());
            let mut set = manifest(&world, way);
            write(&world, &set);
            assert_eq!(served(&world, way, 2), ["h1", "h2"], "{way}");
            // No toleration of the user's own any more: what is left is that of the pool.
            let spec = set["spec"]["template"]["spec"].as_object_mut().expect("a spec");
            spec.remove("tolerations");
            write(&world, &set);
            assert_eq!(served(&world, way, 1), ["h1"], "{way}");
            let template = version(&world, way).1;
            assert_eq!(
                template["spec"]["tolerations"],
                json!([{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]),
                "{way}"
            );
            // Other rules: what the old ones became is gone.
            set["spec"]["template"]["metadata"]["annotations"] = require("not-on zone/a");
            write(&world, &set);
            assert_eq!(served(&world, way, 1), ["p1"], "{way}");
            let template = version(&world, way).1;
            assert_eq!(template["spec"].get("tolerations"), None, "{way}");
        }
    });
}

#[test]
fn its_pods_are_left_to_its_controller() {
    with_stage(|stage| {
        let world = World::new(stage, &machines());
        accepted(world.api.create(&manifest(&world, "agent")));
        served(&world, "agent", 2);
        for pod in world.living("agent").expect("pods") {
            let node = &pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
                ["nodeSelectorTerms"];
            assert_eq!(node.as_array().map(Vec::len), Some(1), "{node}");
            assert!(node[0].get("matchExpressions").is_none(), "the controller's own: {node}");
        }
    });
}

#[test]
fn rules_about_other_pods_are_refused() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1"]));
        for rules in ["apart-from self", "near pods(app=x)", "spread over zone", "at-most 1 self"] {
            let set = world.workload("DaemonSet", "agent", &require(rules));
            let refusal = refused(world.api.create(&set));
            assert_eq!(refusal.status, 403, "{refusal}");
            assert_eq!(refusal.causes[0].reason, "no-effect-here", "{refusal}");
            assert_eq!(
                refusal.causes[0].field,
                "spec.template.metadata.annotations[placecard.dev/require]"
            );
        }
    });
}

#[test]
fn a_record_that_is_forged_changes_nothing() {
    with_stage(|stage| {
        let world = World::new(stage, &machines());
        let mut set = manifest(&world, "agent");
        set["spec"]["template"]["metadata"]["annotations"][APPLIED] =
            json!(r#"{"v":1,"digest":"0000000000000000","added":["on pool/h100 -> done"]}"#);
        accepted(world.api.create(&set));
        assert_eq!(served(&world, "agent", 2), ["h1", "h2"]);
    });
}
