//! `spread over` and `at-most`: rules about numbers.

use serde_json::json;

use super::stage::with_stage;
use super::world::{Machine, World, accepted, plain, prefer, require};

fn count(machines: &[String], zone: &str) -> usize {
    machines.iter().filter(|name| name.starts_with(zone)).count()
}

#[test]
fn spread_over_zones_waits_rather_than_lean() {
    with_stage(|stage| {
        let mut world = World::new(stage, &plain(&["a1", "a2", "b1", "b2"]));
        // One pod and no more: when it is full, each other zone may hold two.
        world.add(&Machine("c1", "c", &[], &[]), &[("pods", "1")]);
        let rules = require("spread over zone");
        accepted(world.api.create(&world.deployment("web", 6, &rules)));
        let settled = world.settled("web", 5, 1);
        let counts = ["a", "b", "c"].map(|zone| count(&settled.on, zone));
        assert_eq!(counts, [2, 2, 1], "{settled:?}");
        assert!(settled.waiting[0].contains("topology spread"), "{settled:?}");

        let pod = world.living("web").expect("pods").remove(0);
        let constraints = pod["spec"]["topologySpreadConstraints"].as_array().expect("a list");
        let hard: Vec<_> =
            constraints.iter().filter(|c| c["whenUnsatisfiable"] == "DoNotSchedule").collect();
        assert_eq!(hard.len(), 1);
        assert_eq!(hard[0]["nodeTaintsPolicy"], "Honor");
        assert_eq!(constraints.len(), 3, "the scheduler's own soft ones are kept: {constraints:?}");
    });
}

#[test]
fn a_zone_that_the_pods_do_not_tolerate_is_no_domain() {
    with_stage(|stage| {
        let machines = [
            Machine("a1", "a", &[], &[]),
            Machine("b1", "b", &[], &[]),
            Machine("c1", "c", &[], &["closed:NoSchedule"]),
        ];
        let world = World::new(stage, &machines);
        let on = world.deploy("open", 4, &require("spread over zone max-skew 1"));
        assert_eq!([count(&on, "a"), count(&on, "b")], [2, 2], "{on:?}");
        let rules = require("spread over zone max-skew 1 ignore-taints");
        accepted(world.api.create(&world.deployment("strict", 3, &rules)));
        let settled = world.settled("strict", 2, 1);
        assert_eq!([count(&settled.on, "a"), count(&settled.on, "b")], [1, 1], "{settled:?}");
    });
}

#[test]
fn fewer_zones_than_min_domains_hold_max_skew_each() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1"]));
        let rules = require("spread over zone min-domains 3");
        accepted(world.api.create(&world.deployment("web", 3, &rules)));
        let settled = world.settled("web", 2, 1);
        assert_eq!([count(&settled.on, "a"), count(&settled.on, "b")], [1, 1], "{settled:?}");
    });
}

#[test]
fn at_most_one_of_itself() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "a2", "b1", "b2"]));
        let rules = require("at-most 1 self in zone");
        accepted(world.api.create(&world.deployment("web", 3, &rules)));
        let settled = world.settled("web", 2, 1);
        assert_eq!([count(&settled.on, "a"), count(&settled.on, "b")], [1, 1], "{settled:?}");
    });
}

#[test]
fn at_most_one_of_itself_shuns_nodes_without_the_label() {
    with_stage(|stage| {
        let machines = [
            Machine("a1", "a", &[("topology.example.com/rack", "r1")], &[]),
            Machine("b1", "b", &[], &[]),
        ];
        let world = World::new(stage, &machines);
        accepted(world.api.create(&world.deployment("web", 2, &require("at-most 1 self in rack"))));
        assert_eq!(world.settled("web", 1, 1).on, ["a1"]);
    });
}

#[test]
fn at_most_two_of_itself() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "a2", "b1", "b2"]));
        let rules = require("at-most 2 self in zone");
        accepted(world.api.create(&world.deployment("web", 5, &rules)));
        let settled = world.settled("web", 4, 1);
        assert_eq!([count(&settled.on, "a"), count(&settled.on, "b")], [2, 2], "{settled:?}");
        // The scheduler's soft defaults are not what held them back.
        assert!(settled.waiting[0].contains("topology spread"), "{settled:?}");
    });
}

#[test]
fn at_most_of_other_pods_counts_those() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1", "c1"]));
        for machine in ["a1", "a1", "b1"] {
            world.neighbour("batch", machine);
        }
        let on = world.deploy("web", 4, &require("at-most 1 pods(app=batch)"));
        assert!(on.iter().all(|machine| machine != "a1"), "{on:?}");
        let on = world.deploy("api", 4, &require("at-most 1 pods(app=batch); not-on zone/c"));
        assert_eq!(on, ["b1", "b1", "b1", "b1"]);
        let narrow = require("at-most 1 pods(app=batch); on zone/a");
        accepted(world.api.create(&world.deployment("none", 1, &narrow)));
        assert_eq!(world.settled("none", 0, 1).on, Vec::<String>::new());
    });
}

#[test]
fn a_preferred_spread_never_keeps_a_pod_waiting() {
    with_stage(|stage| {
        let mut world = World::new(stage, &plain(&["a1"]));
        world.add(&Machine("b1", "b", &[], &[]), &[("pods", "0")]);
        let on = world.deploy("web", 3, &prefer("spread over zone max-skew 1"));
        assert_eq!(on, ["a1", "a1", "a1"]);
        accepted(world.api.create(&world.deployment("hard", 3, &require("spread over zone"))));
        assert_eq!(world.settled("hard", 1, 2).on, ["a1"]);
    });
}

#[test]
fn a_preferred_spread_is_soft() {
    with_stage(|stage| {
        let world = World::new(stage, &plain(&["a1", "b1"]));
        let on = world.deploy("web", 3, &prefer("spread over zone"));
        assert_eq!(on.len(), 3);
        let pod = world.living("web").expect("pods").remove(0);
        let soft = pod["spec"]["topologySpreadConstraints"].as_array().expect("a list").clone();
        assert!(soft.iter().all(|c| c["whenUnsatisfiable"] == "ScheduleAnyway"), "{soft:?}");
        assert!(
            soft.iter()
                .any(|c| c["topologyKey"] == "topology.kubernetes.io/zone"
                    && c["maxSkew"] == json!(1)),
            "{soft:?}"
        );
    });
}
