//! What the state says is what the judge says.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::filter::Code;
use placecard_feasibility::filter::cycle::cycle_of;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::node::{CsiNode, Node};
use placecard_feasibility::inventory::pod::{Pod, PodVolume};
use placecard_feasibility::inventory::volume::{Claim, Volume, VolumeSource};
use placecard_feasibility::judge::{Semantics, judge_cycle};
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::profile::Profile;
use placecard_feasibility::requirement::Requirement;
use placecard_feasibility::state::{Plugins, Said, Scratch, State};
use proptest::prelude::*;

use crate::check;
use crate::world::{Event, event, pod};

pub(crate) fn apply(inventory: &mut Inventory, state: &mut State, event: Event) {
    match event {
        Event::Node(node) => {
            inventory.nodes.insert(node.name.clone(), node.clone());
            state.set_node(node);
        }
        Event::NodeGone(name) => {
            inventory.nodes.remove(&name);
            state.remove_node(&name);
        }
        Event::Pod(pod) => {
            inventory.pods.put((*pod).clone());
            state.set_pod(*pod);
        }
        Event::PodGone(namespace, name) => {
            state.remove_pod(&namespace, &name);
            inventory.pods.remove(&(namespace, name));
        }
        Event::Namespace(name, labels) => {
            inventory.namespaces.insert(name.clone(), labels.clone());
            state.set_namespace(&name, labels);
        }
        Event::NamespaceGone(name) => {
            inventory.namespaces.remove(&name);
            state.remove_namespace(&name);
        }
        Event::Claim(claim) => {
            let name = (claim.namespace.clone(), claim.name.clone());
            inventory.claims.insert(name, claim.clone());
            state.set_claim(claim);
        }
        Event::ClaimGone(namespace, name) => {
            state.remove_claim(&namespace, &name);
            inventory.claims.remove(&(namespace, name));
        }
        Event::Volume(volume) => {
            inventory.volumes.insert(volume.name.clone(), (*volume).clone());
            state.set_volume(*volume);
        }
        Event::VolumeGone(name) => {
            state.remove_volume(&name);
            inventory.volumes.remove(&name);
        }
        Event::CsiNode(name, csi_node) => {
            inventory.csi_nodes.insert(name.clone(), csi_node.clone());
            state.set_csi_node(&name, csi_node);
        }
        Event::CsiNodeGone(name) => {
            state.remove_csi_node(&name);
            inventory.csi_nodes.remove(&name);
        }
        Event::Sweep => state.sweep(),
        Event::Forget => state.forget(2),
    }
}

fn assert_agrees(
    inventory: &Inventory,
    state: &mut State,
    pod: &Pod,
    profile: &Profile,
    scratch: &mut Scratch,
) {
    let cycle = cycle_of(inventory, pod, state.semantics(), Cow::Borrowed(profile));
    let expected = judge_cycle(&cycle);
    let prepared = state.prepare(pod);
    let decision = state.decide(pod, prepared, scratch);
    let mut words = Vec::new();
    decision.said(&mut words);
    let mut counts: BTreeMap<(Plugins, Code), usize> = BTreeMap::new();
    for node in &expected.nodes {
        let word = node.first.as_ref().map_or(Said::Feasible, |first| {
            let plugins = Plugins::of(&first.plugins);
            *counts.entry((plugins, first.rejection.code)).or_default() += 1;
            Said::Rejected(plugins, first.rejection.code)
        });
        let number = state.node_number(node.node).expect("a node");
        assert_eq!(words[number as usize], word, "{}: {pod:?}", node.node);
    }
    let found: BTreeMap<_, _> =
        decision.rejected.iter().map(|one| ((one.plugins, one.code), one.count)).collect();
    assert_eq!(counts, found);
    assert_eq!(decision.rejected.len(), found.len());
    assert_eq!(decision.feasible_count, expected.feasible().count());
    let there = words.iter().filter(|word| **word != Said::NoNode).count();
    assert_eq!(there, inventory.nodes.len());
    assert_eq!(decision.pre_filter, expected.pre_filter);
    assert_eq!(decision.pre_filter_nodes, expected.pre_filter_nodes);
    state.judgement(pod, prepared, |found| assert_eq!(*found, expected));
    let view = state.view();
    assert_eq!(judge_cycle(&view.cycle(pod)), expected);
}

/// The inventory without what no filter looks at.
fn essential(mut inventory: Inventory) -> Inventory {
    inventory.pods.retain(|pod| !pod.finished);
    for pod in inventory.pods.values_mut() {
        pod.nominated_node = pod.nominated_node.take().filter(|_| pod.node.is_none());
    }
    inventory
}

fn assert_same_as_new(inventory: &Inventory, state: &mut State, pods: &[Pod]) {
    assert_eq!(essential(state.inventory()), essential(inventory.clone()));
    let mut new = State::of(inventory, state.semantics());
    state.forget(0);
    for pod in pods {
        new.prepare(pod);
        state.prepare(pod);
    }
    assert_eq!(state.census(), new.census());
    state.sweep();
    new.sweep();
    assert_eq!(state.sizes(), new.sizes());
}

fn any_semantics() -> impl Strategy<Value = Semantics> {
    (33..38u32).prop_map(Semantics::of_minor)
}

#[test]
fn a_state_judges_as_the_plain_judge_whatever_happens() {
    let events = prop::collection::vec(event(), 20..60);
    let input = (events, prop::collection::vec(pod(), 3), any_semantics(), 1..12usize);
    check(150, &input, |(events, pods, semantics, pause)| {
        let (mut inventory, mut state) = (Inventory::default(), State::new(semantics));
        let (mut scratch, profile) = (Scratch::default(), Profile::of(semantics));
        for (at, event) in events.into_iter().enumerate() {
            apply(&mut inventory, &mut state, event);
            if at % pause == 0 {
                let pod = &pods[at / pause % pods.len()];
                let pod = Pod { node: pod.node.clone().filter(|_| at % 5 == 0), ..pod.clone() };
                assert_agrees(&inventory, &mut state, &pod, &profile, &mut scratch);
            }
        }
        for pod in &pods {
            let pod = Pod { node: None, ..pod.clone() };
            assert_agrees(&inventory, &mut state, &pod, &profile, &mut scratch);
        }
        assert_same_as_new(&inventory, &mut state, &pods);
    });
}

/// Profiles that are not the ordinary one.
fn profile(semantics: Semantics, which: u8) -> Profile {
    let mut profile = Profile::of(semantics);
    match which {
        0 => {
            let term = NodeTerm::of(vec![Requirement::exists("zone")]);
            profile.added_nodes = Some(vec![term]);
        }
        1 => profile.filter.reverse(),
        2 => {
            profile.fit.ignored_resource_groups.insert("example.com".to_owned());
        }
        3 => {
            profile.pre_filter.retain(|plugin| plugin.name() != "InterPodAffinity");
        }
        _ => profile = Profile::of_kubelet(semantics),
    }
    profile
}

#[test]
fn other_profiles_and_clusters_that_are_not_known_in_full_are_judged_alike() {
    let kinds = [Kind::Node, Kind::Pod, Kind::Namespace, Kind::PersistentVolumeClaim];
    let kinds = [&kinds[..], &[Kind::PersistentVolume]].concat();
    let unknown = prop::sample::subsequence(kinds, 0..3);
    let events = prop::collection::vec(event(), 20..40);
    let input = (events, pod(), any_semantics(), 0..8u8, unknown);
    check(60, &input, |(events, pod, semantics, which, unknown)| {
        let (mut inventory, mut state) = (Inventory::default(), State::new(semantics));
        let profile = if which < 5 { profile(semantics, which) } else { Profile::of(semantics) };
        let pod = Pod { node: None, ..pod };
        let mut scratch = Scratch::default();
        for event in events {
            apply(&mut inventory, &mut state, event);
        }
        state.prepare(&pod);
        state.set_profile(profile.clone());
        inventory.unknown = unknown.into_iter().collect::<BTreeSet<_>>();
        state.set_unknown(inventory.unknown.clone());
        assert_agrees(&inventory, &mut state, &pod, &profile, &mut scratch);
    });
}

#[test]
fn what_was_prepared_and_forgotten_is_judged_alike() {
    let events = prop::collection::vec(event(), 30);
    check(30, &(events, pod(), pod()), |(events, pod, other)| {
        let semantics = Semantics::of_minor(37);
        let (mut inventory, mut state) = (Inventory::default(), State::new(semantics));
        events.into_iter().for_each(|event| apply(&mut inventory, &mut state, event));
        let old = state.prepare(&pod);
        state.forget(0);
        assert_eq!(state.prepared(&pod), None);
        state.prepare(&other);
        let (mut one, mut again) = (Scratch::default(), Scratch::default());
        let before = state.decide(&pod, old, &mut one).clone();
        let new = state.prepare(&pod);
        let after = state.decide(&pod, new, &mut again);
        assert_eq!(before.feasible, after.feasible);
        assert_eq!(before.feasible_count, after.feasible_count);
    });
}

/// Reasons name pods that are there: of several whose claims were made for others, the first.
#[test]
fn the_pod_with_a_foreign_claim_is_named() {
    let semantics = Semantics::of_minor(37);
    let (mut inventory, mut state) = (Inventory::default(), State::new(semantics));
    let limits = [("driver".to_owned(), 1)].into();
    apply(&mut inventory, &mut state, Event::CsiNode("n".into(), CsiNode { limits }));
    apply(&mut inventory, &mut state, Event::Node(Node { name: "n".into(), ..Node::default() }));
    let source = VolumeSource::Csi { driver: "driver".into(), handle: "handle".into() };
    let volume = Volume { name: "volume".into(), source: Some(source), ..Volume::default() };
    apply(&mut inventory, &mut state, Event::Volume(Box::new(volume)));
    for name in ["claim-1", "claim-2", "own"] {
        let claim = Claim { name: name.into(), namespace: "a".into(), ..Claim::default() };
        let claim = Claim { volume: "volume".into(), bound: true, ..claim };
        apply(&mut inventory, &mut state, Event::Claim(claim));
    }
    let pod = |name: &str, claim: &str| Pod {
        name: name.to_owned(),
        namespace: "a".into(),
        volumes: vec![PodVolume::Ephemeral(claim.to_owned())],
        ..Pod::default()
    };
    for (name, claim) in [("later", "claim-1"), ("early", "claim-2")] {
        let pod = Pod { node: Some("n".into()), uid: name.to_owned(), ..pod(name, claim) };
        apply(&mut inventory, &mut state, Event::Pod(Box::new(pod)));
    }
    let incoming = Pod { volumes: vec![PodVolume::Claim("own".into())], ..pod("new", "") };
    let profile = Profile::of(semantics);
    assert_agrees(&inventory, &mut state, &incoming, &profile, &mut Scratch::default());
    let prepared = state.prepare(&incoming);
    let named = state.judgement(&incoming, prepared, |found| format!("{found:?}"));
    assert!(named.contains(r#"pod: "early""#), "{named}");
}
