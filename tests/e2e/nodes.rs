//! `on`, `not-on` and `tolerate`: rules about nodes.

use serde_json::json;

use super::stage::with_stage;
use super::world::{Machine, World, accepted, plain, prefer, refused, require};

const GPU: &str = "nvidia.com/gpu:NoSchedule";

fn gpus() -> Vec<Machine> {
    vec![
        Machine("h1", "a", &[("accelerator", "h100")], &[GPU]),
        Machine("g1", "b", &[("accelerator", "a100")], &[GPU]),
        Machine("p1", "c", &[], &[]),
    ]
}

#[test]
fn on_a_pool_brings_its_tolerations() {
    with_stage(|stage| {
        let world = World::new(stage, &gpus());
        assert_eq!(world.deploy("one", 2, &require("on pool/h100")), ["h1", "h1"]);
        let on = world.deploy("either", 4, &require("on pool/h100 or pool/a100"));
        assert!(on.iter().all(|machine| machine == "h1" || machine == "g1"), "{on:?}");
        let on = world.deploy("none", 2, &require("not-on pool/h100"));
        assert_eq!(on, ["p1", "p1"], "not-on adds no toleration, so g1 is out too");
    });
}

#[test]
fn on_a_node_a_zone_and_labels() {
    with_stage(|stage| {
        let spot: &[(&str, &str)] = &[("lifecycle", "spot"), ("cores", "64")];
        let world = World::new(
            stage,
            &[
                Machine("a1", "a", &[("cores", "8")], &[]),
                Machine("b1", "b", spot, &[]),
                Machine("c1", "c", &[("topology.example.com/rack", "r7")], &[]),
            ],
        );
        let name = format!("on node/{}", world.node("b1"));
        for (app, rules, machine) in [
            ("node", name.as_str(), "b1"),
            ("zone", "on zone/c", "c1"),
            ("key", "on topology.kubernetes.io/zone/a", "a1"),
            ("rack", "on rack/r7", "c1"),
            ("labels", "on nodes(lifecycle=spot)", "b1"),
            ("greater", "on nodes(cores>16)", "b1"),
            ("smaller", "on nodes(cores<16)", "a1"),
            ("not-zone", "not-on zone/a or zone/b", "c1"),
            ("not-labels", "not-on nodes(lifecycle=spot); not-on rack/r7", "a1"),
            ("both", "on zone/a or zone/b; on nodes(cores>16)", "b1"),
        ] {
            assert_eq!(world.deploy(app, 2, &require(rules)), [machine, machine], "{rules}");
        }
        let not_node = format!("not-on node/{}; not-on zone/c", world.node("a1"));
        assert_eq!(world.deploy("not-node", 2, &require(&not_node)), ["b1", "b1"]);
    });
}

#[test]
fn rules_narrow_what_the_user_wrote_by_hand() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1", "b2", "c1"]));
        let mut deployment = world.deployment("web", 3, &require("not-on zone/a"));
        deployment["spec"]["template"]["spec"]["affinity"] = json!({"nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In",
                    "values": [world.node("a1")]}]},
                {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In",
                    "values": [world.node("b2")]}]},
            ]},
        }});
        accepted(world.api.create(&deployment));
        assert_eq!(world.all_on("web", 3), ["b2", "b2", "b2"]);
    });
}

#[test]
fn on_trust_is_for_the_namespaces_that_may() {
    with_stage(|stage| {
        let machines = || {
            [
                Machine(
                    "t1",
                    "a",
                    &[("trust.example.com/domain", "payments")],
                    &["trust.example.com/domain=payments:NoSchedule"],
                ),
                Machine("p1", "b", &[], &[]),
            ]
        };
        let world = World::in_namespace(stage, &machines(), &[("team", "payments")]);
        assert_eq!(world.deploy("ledger", 2, &require("on trust/payments")), ["t1", "t1"]);

        let world = World::new(stage, &machines());
        let deployment = world.deployment("thief", 1, &require("on trust/payments"));
        let refusal = refused(world.api.create(&deployment));
        assert_eq!((refusal.status, refusal.causes.len()), (403, 1), "{refusal}");
        assert_eq!(refusal.causes[0].reason, "trust-domain-not-allowed", "{refusal}");
        let refusal = refused(world.api.create(&world.pod("thief", &require("on trust/payments"))));
        assert_eq!(refusal.causes[0].reason, "trust-domain-not-allowed", "{refusal}");
    });
}

#[test]
fn on_a_resource_means_the_nodes_that_have_it() {
    with_stage(|stage| {
        let machines = [Machine("a1", "a", &[], &[]), Machine("b1", "b", &[("disk", "nvme")], &[])];
        let world = World::new(stage, &machines);
        assert_eq!(world.deploy("db", 2, &require("on resource/fast-nvme")), ["b1", "b1"]);
        assert_eq!(world.deploy("web", 2, &require("not-on resource/fast-nvme")), ["a1", "a1"]);
    });
}

#[test]
fn on_a_volume_means_the_nodes_that_reach_it() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1"]));
        let volume = format!("volume-of-{}", world.namespace.name);
        let _volume = world.api.create_owned(&json!({
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": volume},
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "",
                "local": {"path": "/data"},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                    {"key": "kubernetes.io/hostname", "operator": "In",
                     "values": [world.node("b1")]}]}]}},
            },
        }));
        accepted(world.api.create(&json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": world.namespace.name},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "",
                "volumeName": volume,
                "resources": {"requests": {"storage": "1Gi"}},
            },
        })));
        assert_eq!(world.deploy("reader", 2, &require("on volume/data")), ["b1", "b1"]);
    });
}

#[test]
fn tolerate_opens_a_tainted_node() {
    with_stage(|stage| {
        let machines = [Machine("a1", "a", &[], &["maintenance=yes:NoSchedule", "old:NoExecute"])];
        let world = World::new(stage, &machines);
        let both = "maintenance=yes:NoSchedule\nold:NoExecute for 10m";
        let annotations = json!({"placecard.dev/tolerate": both});
        assert_eq!(world.deploy("brave", 2, &annotations), ["a1", "a1"]);
        accepted(world.api.create(&world.deployment("shy", 1, &json!({}))));
        assert!(world.settled("shy", 0, 1).waiting[0].contains("taint"));
        let pod = world.living("brave").expect("pods").remove(0);
        let seconds = pod["spec"]["tolerations"]
            .as_array()
            .and_then(|all| all.iter().find(|toleration| toleration["key"] == "old"))
            .map(|toleration| toleration["tolerationSeconds"].clone());
        assert_eq!(seconds, Some(json!(600)));
    });
}

#[test]
fn a_pod_stays_on_a_lost_node_as_long_as_it_says() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1"]));
        let annotations =
            json!({"placecard.dev/tolerate": "node.kubernetes.io/unreachable:NoExecute for 30s"});
        assert_eq!(world.deploy("quick", 1, &annotations), ["a1"]);
        let pod = world.living("quick").expect("pods").remove(0);
        let tolerations = pod["spec"]["tolerations"].as_array().expect("tolerations");
        let of = |key: &str| -> Vec<i64> {
            let of_key = tolerations.iter().filter(|toleration| toleration["key"] == key);
            of_key.filter_map(|toleration| toleration["tolerationSeconds"].as_i64()).collect()
        };
        assert_eq!(of("node.kubernetes.io/unreachable"), [30], "the defaulted 300 is replaced");
        assert_eq!(of("node.kubernetes.io/not-ready"), [300]);
    });
}

#[test]
fn preferences_about_nodes_are_written_and_followed() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1", "c1"]));
        let rules = prefer("on zone/b weight 100\nnot-on zone/c weight 20");
        assert_eq!(world.deploy("web", 1, &rules), ["b1"]);
        let pod = world.living("web").expect("pods").remove(0);
        let terms = &pod["spec"]["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"];
        let zone = |operator: &str, value: &str| {
            json!({"matchExpressions": [{"key": "topology.kubernetes.io/zone",
                "operator": operator, "values": [value]}]})
        };
        assert_eq!(
            *terms,
            json!([
                {"weight": 100, "preference": zone("In", "b")},
                {"weight": 20, "preference": zone("NotIn", "c")},
            ])
        );
    });
}
