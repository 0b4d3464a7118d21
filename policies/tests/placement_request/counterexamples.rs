//! Where native fields mean more than the entries, each by name.

use placecard_policies::language::affinity::{Affinity, AffinityStrength, AffinityTarget};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::entries::Asked;
use crate::world::{DrawnPod, Ground, World, world};
use crate::{by_filter, by_plugins, by_request};

/// Three nodes with zones and hostnames and without guards, and nothing that runs.
fn empty() -> World {
    let mut runner = TestRunner::deterministic();
    let labelled = |world: &World| {
        world.nodes.len() == 3
            && world.nodes.iter().all(|node| node.zone.is_some() && node.is_plain())
    };
    let drawn = world().prop_filter("labelled nodes", move |world| labelled(world));
    let mut world = drawn.new_tree(&mut runner).unwrap().current();
    world.pods.clear();
    world
}

fn near(services: &[usize], names: &[&str]) -> Asked {
    let entry = |at: &usize| {
        Affinity::topology(AffinityStrength::Required, AffinityTarget::service(*at as u128))
            .unwrap()
    };
    let sentence = |name: &&str| format!("near service/{name} in zone");
    Asked {
        entries: services.iter().map(entry).collect(),
        sentences: names.iter().map(sentence).collect(),
    }
}

/// Of a Service that selects the pod itself and none of whose pods runs, the pod may be the first
/// one, anywhere in a zone (`satisfyPodAffinity` of `interpodaffinity/filtering.go`). The request
/// asks for a pod that is there.
#[test]
fn the_first_pod_of_a_service_starts_anywhere() {
    let ground = Ground::of(&empty());
    let asked = near(&[2], &["web"]);
    let pod = ground.expanded(&asked.sentences).unwrap();
    assert_eq!(by_plugins(&ground, &pod).len(), 3);
    assert_eq!(by_filter(&ground, &asked).len(), 0);
    assert_eq!(by_request(&ground, &asked).len(), 0);
}

/// Two Services at once: kube-scheduler counts only pods that match all required affinity terms
/// together, so the sentences are refused. The request needs no native fields to be placed.
#[test]
fn two_services_are_refused_as_sentences_and_placed_as_entries() {
    let mut world = empty();
    let asked = near(&[0, 1], &["db", "cache"]);
    assert_eq!(by_request(&Ground::of(&world), &asked).len(), 0);
    world.pods = vec![DrawnPod::of(0, 0), DrawnPod::of(0, 1)];
    let ground = Ground::of(&world);
    let refused = ground.expanded(&asked.sentences);
    assert_eq!(refused, Err(vec!["pod-affinity-terms-no-common-pod".to_owned()]));
    let zone = world.nodes[0].zone;
    let there = world.nodes.iter().filter(|node| node.zone == zone).count();
    assert_eq!(by_request(&ground, &asked).len(), there);
}

/// A pod that runs keeps others out by its own anti-affinity, which no entry of the new pod says:
/// such nodes fit the pod no more, and are no candidates.
#[test]
fn pods_that_run_keep_others_out() {
    let mut world = empty();
    let mut repelling = DrawnPod::of(0, 0);
    repelling.repels = Some(2);
    world.pods = vec![repelling];
    let ground = Ground::of(&world);
    let asked = near(&[0], &["db"]);
    let pod = ground.expanded(&asked.sentences).unwrap();
    let kept = by_filter(&ground, &asked);
    assert!(kept.contains("n0"));
    assert!(!by_plugins(&ground, &pod).contains("n0"));
    assert!(!by_request(&ground, &asked).contains("n0"));
}
