//! `near` and `apart-from`: rules about other pods, and where the scheduler then puts these.

use serde_json::json;

use super::stage::with_stage;
use super::world::{Machine, World, accepted, name, plain, prefer, require};

/// The zones of machines, in order.
fn zones(machines: &[String]) -> Vec<&str> {
    let mut zones: Vec<&str> = machines.iter().map(|name| &name[..1]).collect();
    zones.sort_unstable();
    zones
}

#[test]
fn near_a_service_means_its_nodes() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1", "b2"]));
        world.neighbour("db", "b1");
        world.service("vector-db", "db");
        let on = world.deploy("web", 3, &require("near service/vector-db"));
        assert_eq!(on, ["b1", "b1", "b1"]);
    });
}

#[test]
fn near_a_service_in_a_zone_means_all_nodes_of_its_zones() {
    with_stage(|stage| {
        let mut world = World::new(stage, &plain(&["a1", "b1"]));
        // Room for the neighbour and one more, so that some must go to the other node.
        world.add(&Machine("b2", "b", &[], &[]), &[("pods", "2")]);
        world.neighbour("db", "b2");
        world.service("vector-db", "db");
        let on = world.deploy("web", 4, &require("near service/vector-db in zone"));
        assert_eq!(zones(&on), ["b", "b", "b", "b"], "{on:?}");
    });
}

#[test]
fn near_workloads_follows_the_pods_that_they_select() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1", "c1"]));
        let there = require(&format!("on node/{}", world.node("b1")));
        assert_eq!(world.deploy("cache", 1, &there), ["b1"]);
        assert_eq!(world.deploy("web", 2, &require("near deployment/cache")), ["b1", "b1"]);

        let mut database = world.workload("StatefulSet", "db", &require("on zone/c"));
        database["spec"]["serviceName"] = json!("db");
        accepted(world.api.create(&database));
        assert_eq!(world.all_on("db", 1), ["c1"]);
        assert_eq!(world.deploy("sql", 2, &require("near statefulset/db in zone")), ["c1", "c1"]);
    });
}

#[test]
fn near_a_job_follows_its_pods() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1", "c1"]));
        let mut job = world.workload("Job", "load", &require("on zone/c"));
        job["spec"].as_object_mut().expect("a spec").remove("selector");
        job["spec"]["template"]["spec"]["restartPolicy"] = json!("Never");
        accepted(world.api.create(&job));
        assert_eq!(world.all_on("load", 1), ["c1"]);
        assert_eq!(world.deploy("watch", 2, &require("near job/load")), ["c1", "c1"]);
    });
}

#[test]
fn near_pods_by_labels() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1", "c1"]));
        world.neighbour_with(&[("role", "cache"), ("tier", "gold")], "c1");
        world.neighbour_with(&[("role", "cache"), ("tier", "tin")], "a1");
        let on = world.deploy("web", 3, &require("near pods(role=cache,tier in (gold,silver))"));
        assert_eq!(on, ["c1", "c1", "c1"]);
    });
}

#[test]
fn near_self_keeps_replicas_together() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "a2", "b1", "b2"]));
        let on = world.deploy("mesh", 4, &require("near self in zone"));
        let zones = zones(&on);
        assert!(zones.iter().all(|zone| *zone == zones[0]), "{on:?}");
        let on = world.deploy("tight", 3, &require("near self"));
        assert!(on.iter().all(|machine| *machine == on[0]), "{on:?}");
    });
}

#[test]
fn apart_from_self_in_a_zone_leaves_the_fourth_replica_waiting() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "a2", "b1", "b2", "c1", "c2"]));
        let rules = require("apart-from self in zone");
        accepted(world.api.create(&world.deployment("web", 4, &rules)));
        let settled = world.settled("web", 3, 1);
        assert_eq!(zones(&settled.on), ["a", "b", "c"]);
        assert!(settled.waiting[0].contains("anti-affinity"), "{settled:?}");
    });
}

#[test]
fn apart_from_a_service_and_from_pods() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "a2", "b1", "b2"]));
        world.neighbour("noisy", "a1");
        world.neighbour("batch", "b1");
        world.service("noisy", "noisy");
        let on = world.deploy("web", 4, &require("apart-from service/noisy in zone"));
        assert_eq!(zones(&on), ["b", "b", "b", "b"], "{on:?}");
        let both = require("apart-from service/noisy in zone; apart-from pods(app=batch)");
        assert_eq!(world.deploy("api", 3, &both), ["b2", "b2", "b2"]);
    });
}

#[test]
fn same_and_other_compare_labels_with_those_of_the_pod() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1", "c1"]));
        world.neighbour_with(&[("role", "cache"), ("tenant", "red")], "a1");
        world.neighbour_with(&[("role", "cache"), ("tenant", "blue")], "b1");
        world.neighbour_with(&[("role", "cache")], "c1");
        let with_tenant = |name: &str, rules: &str| {
            let mut deployment = world.deployment(name, 3, &require(rules));
            deployment["spec"]["template"]["metadata"]["labels"]["tenant"] = json!("blue");
            accepted(world.api.create(&deployment));
            world.all_on(name, 3)
        };
        let on = with_tenant("same", "near pods(role=cache) same tenant");
        assert_eq!(on, ["b1", "b1", "b1"]);
        let on = with_tenant("other", "near pods(role=cache) other tenant");
        assert_eq!(on, ["a1", "a1", "a1"], "a pod without the label has no other value");
        let on = with_tenant("apart", "apart-from pods(role=cache) other tenant; not-on zone/b");
        assert_eq!(on, ["c1", "c1", "c1"]);
    });
}

#[test]
fn other_namespaces_count_only_if_they_are_named() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1"]));
        let team = format!("team-of-{}", world.namespace.name);
        let red = world.api.namespace_with("e2e-red", &[("team", &team)]);
        let green = world.api.namespace("e2e-green");
        world.neighbour_in(&red.name, &[("app", "noisy")], "a1");
        world.neighbour_in(&green.name, &[("app", "noisy")], "b1");
        let rules = format!("apart-from pods(app=noisy) of namespaces(team={team})");
        assert_eq!(world.deploy("far", 2, &require(&rules)), ["b1", "b1"]);
        let rules = format!("near pods(app=noisy) of namespaces(team={team})");
        assert_eq!(world.deploy("close", 2, &require(&rules)), ["a1", "a1"]);
        let waiting = world.deployment("own", 1, &require("near pods(app=noisy)"));
        accepted(world.api.create(&waiting));
        assert!(world.settled("own", 0, 1).waiting[0].contains("affinity"));
    });
}

#[test]
fn a_service_of_another_namespace_is_looked_up_there() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1"]));
        let data = world.api.namespace("e2e-data");
        world.neighbour_in(&data.name, &[("app", "db")], "b1");
        accepted(world.api.create(&json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "db", "namespace": data.name},
            "spec": {"selector": {"app": "db"}, "ports": [{"port": 80}]},
        })));
        let rules = require(&format!("near service/{}/db", data.name));
        assert_eq!(world.deploy("web", 2, &rules), ["b1", "b1"]);
    });
}

#[test]
fn preferences_about_pods_are_written_and_followed() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1", "c1"]));
        world.neighbour("db", "b1");
        world.neighbour("noisy", "a1");
        world.service("db", "db");
        let rules = prefer("near service/db weight 100; apart-from pods(app=noisy) in zone");
        assert_eq!(world.deploy("web", 1, &rules), ["b1"]);
        let pod = world.living("web").expect("pods").remove(0);
        let spec = &pod["spec"]["affinity"];
        let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
        let near = &spec["podAffinity"][preferred][0];
        assert_eq!(near["weight"], 100, "{}: {spec}", name(&pod));
        assert_eq!(near["podAffinityTerm"]["topologyKey"], "kubernetes.io/hostname");
        let apart = &spec["podAntiAffinity"][preferred][0];
        assert_eq!(apart["weight"], 50);
        assert_eq!(apart["podAffinityTerm"]["topologyKey"], "topology.kubernetes.io/zone");
        assert_eq!(
            apart["podAffinityTerm"]["labelSelector"]["matchExpressions"]
                .as_array()
                .or(Some(&Vec::new()))
                .map(Vec::len)
                .zip(apart["podAffinityTerm"]["labelSelector"]["matchLabels"]["app"].as_str()),
            Some((0, "noisy"))
        );
    });
}
