//! What the state scores is what the plain scores say, and pods go where they say.

use std::borrow::Cow;
use std::collections::BTreeMap;

use placecard_feasibility::filter::cycle::cycle_of;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::{
    Container, Owner, Pod, PodSpec, TopologySpread, Weighted, WhenUnsatisfiable,
};
use placecard_feasibility::judge::{Semantics, judge_cycle, score_cycle};
use placecard_feasibility::label::Labels;
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::profile::{HOSTNAME, Profile, Strategy as FitStrategy, ZONE};
use placecard_feasibility::quantity::Quantity;
use placecard_feasibility::state::{Board, State};
use proptest::prelude::*;
use proptest::sample::select;

use crate::agree::apply;
use crate::check;
use crate::world::{Event, event, node, node_rules, pod, term};

const IMAGES: [&str; 3] = ["small:latest", "large:1", "large:2"];
const MIB: i64 = 1 << 20;

/// The labels by which pods are spread without a configuration, and images.
fn equipped(mut node: Node, which: u8, images: &[&str]) -> Node {
    if which > 0 {
        node.labels.insert(HOSTNAME.to_owned(), node.name.clone());
    }
    if which == 9 {
        node.labels.insert(HOSTNAME.to_owned(), "shared".to_owned());
    }
    if let Some(zone) = node.labels.get("zone").cloned() {
        node.labels.insert(ZONE.to_owned(), zone);
    }
    if !which.is_multiple_of(4) {
        let room = |(name, amount): (&str, i64)| (name.to_owned(), Quantity::of_units(amount));
        let cpu = 4 + i64::from(which);
        node.allocatable.extend([("cpu", cpu), ("memory", 1 << 33), ("pods", 40)].map(room));
        node.unschedulable = false;
        node.taints.retain(|taint| taint.effect == "PreferNoSchedule");
    }
    node.images = images.iter().map(|image| (*image).to_owned()).collect();
    node
}

fn any_node() -> impl Strategy<Value = Node> {
    let images = prop::sample::subsequence(IMAGES.to_vec(), 0..=3);
    (node(), 0..11u8, images).prop_map(|(node, which, images)| equipped(node, which, &images))
}

fn weighted() -> impl Strategy<Value = Vec<Weighted<AffinityTerm>>> {
    let one = (1..101i32, term()).prop_map(|(weight, term)| Weighted { weight, term });
    prop::collection::vec(one, 0..3)
}

fn liked() -> impl Strategy<Value = Vec<Weighted<NodeTerm>>> {
    let one = (0..101i32, node_rules()).prop_map(|(weight, (_, terms))| {
        let term = terms.unwrap_or_default().into_iter().next().unwrap_or_default();
        Weighted { weight, term }
    });
    prop::collection::vec(one, 0..3)
}

/// A pod that prefers all kinds of things.
fn any_pod() -> impl Strategy<Value = Pod> {
    let soft = (0..12u8, select(vec![HOSTNAME, HOSTNAME, ZONE, "rack"]));
    let image = select(vec!["small", "large:1", "large:2", "other"]);
    (pod(), (weighted(), weighted(), liked()), soft, image, 0..32u8, any::<bool>()).prop_map(
        |(mut pod, (near, apart, liked), (soft, key), image, keep, owned)| {
            if keep & 24 > 0 {
                pod.node_selector.clear();
                pod.node_affinity = None;
                pod.affinity.retain(|_| keep & 24 == 8);
                for container in &mut pod.containers {
                    container.host_ports.clear();
                    container.requests.retain(|name, _| !name.contains('/'));
                    let memory = container.requests.get_mut("memory");
                    memory.into_iter().for_each(|it| *it = Quantity::of_units(1 << 29));
                }
            }
            if keep & 1 == 1 {
                pod.preferred_affinity = near;
            }
            if keep & 2 == 2 {
                pod.preferred_anti_affinity = apart;
            }
            if keep & 4 == 4 {
                pod.preferred_nodes = liked;
            }
            for container in &mut pod.containers {
                container.image = image.to_owned();
            }
            for spread in &mut pod.spread {
                spread.max_skew = spread.max_skew.max(1);
                if soft > 6 {
                    spread.when_unsatisfiable = WhenUnsatisfiable::ScheduleAnyway;
                }
            }
            if let (8.., Some(first)) = (soft, pod.spread.first_mut()) {
                first.topology_key = key.to_owned();
                let second = TopologySpread { topology_key: ZONE.to_owned(), ..first.clone() };
                pod.spread.push(second);
            }
            pod.owner = owned.then(|| {
                let (api_version, kind) = ("apps/v1".to_owned(), "ReplicaSet".to_owned());
                Owner { api_version, kind, name: "web".to_owned() }.into()
            });
            pod
        },
    )
}

fn any_event() -> impl Strategy<Value = Event> {
    (event(), any_node(), any_pod(), 0..4u8).prop_map(|(event, node, pod, plain)| match event {
        Event::Node(_) => Event::Node(node),
        Event::Pod(_) if plain > 0 => Event::Pod(Box::new(pod)),
        event => event,
    })
}

/// Services and a controller, so that default constraints have something to count.
fn grouped(inventory: &mut Inventory, state: &mut State) {
    let labels: Labels = [("app".to_owned(), "x".to_owned())].into();
    let service = ("a".to_owned(), "web".to_owned());
    inventory.services.insert(service.clone(), labels.clone());
    state.set_service(service, labels.clone());
    let selector = placecard_feasibility::selector::Selector::from_labels(&labels);
    let set = (Kind::ReplicaSet, ("b".to_owned(), "web".to_owned()));
    inventory.controllers.insert(set.clone(), Some(selector.clone()));
    state.set_controller(set, Some(selector));
    for (image, size) in IMAGES.into_iter().zip([30 * MIB, 500 * MIB, 2000 * MIB]) {
        inventory.image_sizes.insert(image.to_owned(), size);
        state.set_image_size(image, size);
    }
}

/// The node and its points that the plain scores lead to.
fn expected(inventory: &Inventory, pod: &Pod, state: &State, profile: &Profile) -> Plainly {
    let cycle = cycle_of(inventory, pod, state.semantics(), Cow::Borrowed(profile));
    let judgement = judge_cycle(&cycle);
    let number = |name: &str| state.node_number(name).expect("a node");
    let mut feasible = judgement.feasible();
    let (first, second) = (feasible.next(), feasible.next());
    let scores = score_cycle(&cycle, &judgement);
    let points = scores.iter().map(|(name, score)| (number(name), score.total)).collect();
    let best = match (first, second) {
        (Some(one), None) => Some((one.to_owned(), None)),
        _ => {
            let most = scores.values().map(|score| score.total).max();
            let best = scores.iter().find(|(_, score)| Some(score.total) == most);
            best.map(|(name, _)| ((*name).to_owned(), most))
        }
    };
    Plainly { points, best }
}

struct Plainly {
    points: BTreeMap<u32, i64>,
    best: Option<(String, Option<i64>)>,
}

fn assert_scores_alike(
    inventory: &Inventory,
    state: &mut State,
    pod: &Pod,
    profile: &Profile,
    board: &mut Board,
) -> Option<String> {
    let plainly = expected(inventory, pod, state, profile);
    let points: BTreeMap<u32, i64> = state.points(pod, board).into_iter().collect();
    assert_eq!(points, plainly.points, "{pod:?}");
    let found = state.choose(pod, board);
    let found =
        found.map(|placed| (state.node(placed.node).expect("a node").name.clone(), placed.points));
    assert_eq!(found, plainly.best, "{pod:?}");
    found.map(|(name, _)| name)
}

fn any_semantics() -> impl Strategy<Value = Semantics> {
    (33..38u32).prop_map(Semantics::of_minor)
}

#[test]
fn a_state_scores_as_the_plain_scores_whatever_happens() {
    let events = prop::collection::vec(any_event(), 20..60);
    let pods = prop::collection::vec(any_pod(), 3);
    let input = (events, pods, any_semantics(), 1..8usize, any::<bool>());
    check(100, &input, |(events, pods, semantics, pause, with_services)| {
        let (mut inventory, mut state) = (Inventory::default(), State::new(semantics));
        let (mut board, profile) = (Board::default(), Profile::of(semantics));
        if with_services {
            grouped(&mut inventory, &mut state);
        }
        for (at, event) in events.into_iter().enumerate() {
            apply(&mut inventory, &mut state, event);
            if at % pause == 0 {
                let pod = Pod { node: None, ..pods[at / pause % pods.len()].clone() };
                assert_scores_alike(&inventory, &mut state, &pod, &profile, &mut board);
            }
        }
    });
}

#[test]
fn pods_are_placed_one_after_the_other_where_the_plain_scores_lead() {
    let nodes = prop::collection::vec(any_node(), 3..8);
    let pods = prop::collection::vec(any_pod(), 4);
    let input = (nodes, pods, any_semantics(), prop::collection::vec(0..4usize, 20));
    check(60, &input, |(nodes, pods, semantics, order)| {
        let (mut inventory, mut state) = (Inventory::default(), State::new(semantics));
        let (mut board, profile) = (Board::default(), Profile::of(semantics));
        grouped(&mut inventory, &mut state);
        for (at, mut node) in nodes.into_iter().enumerate() {
            node.name = format!("m{}", 9 - at);
            apply(&mut inventory, &mut state, Event::Node(node));
        }
        for (at, which) in order.into_iter().enumerate() {
            let name = format!("new-{at}");
            let template = pods[which].clone();
            let pod = Pod { name, node: None, nominated_node: None, finished: false, ..template };
            let expected = assert_scores_alike(&inventory, &mut state, &pod, &profile, &mut board);
            let placed = state.place(&pod, &mut board);
            let node = placed.map(|placed| state.node(placed.node).expect("a node").name.clone());
            assert_eq!(node, expected);
            if node.is_some() {
                let known = state.pod(&pod.namespace, &pod.name).expect("the pod");
                assert_eq!(known.node.as_deref(), node.as_deref());
                let key = (pod.namespace.clone(), pod.name.clone());
                inventory.pods.insert(key, Pod { node: node.map(Into::into), ..pod });
            }
        }
        let new = State::of(&inventory, semantics);
        assert_eq!(new.pod_count(), state.pod_count());
        let rows = |state: &State| {
            let census = state.census().into_iter();
            census.filter(|(key, _)| key.starts_with("node ")).collect::<Vec<_>>()
        };
        assert_eq!(rows(&new), rows(&state));
    });
}

#[test]
fn other_profiles_score_as_they_say() {
    let events = prop::collection::vec(any_event(), 20..40);
    check(30, &(events, any_pod(), any_semantics()), |(events, pod, semantics)| {
        let (mut inventory, mut state) = (Inventory::default(), State::new(semantics));
        let mut board = Board::default();
        events.into_iter().for_each(|event| apply(&mut inventory, &mut state, event));
        let pod = Pod { node: None, ..pod };
        let ordinary = Profile::of(semantics);
        assert_scores_alike(&inventory, &mut state, &pod, &ordinary, &mut board);
        let mut profile = ordinary.clone();
        profile.fit.strategy = FitStrategy::MostAllocated;
        profile.hard_pod_affinity_weight = 40;
        state.set_profile(profile.clone());
        assert_scores_alike(&inventory, &mut state, &pod, &profile, &mut board);
        state.set_profile(ordinary.clone());
        assert_scores_alike(&inventory, &mut state, &pod, &ordinary, &mut board);
    });
}

/// Nodes without a zone and nodes whose zone is empty are one domain to the scheduler's own
/// constraints, and pods on those that do not pass count there too.
#[test]
fn pods_on_full_nodes_without_a_zone_crowd_the_nameless_zone() {
    let semantics = Semantics::of_minor(37);
    let (mut inventory, mut state) = (Inventory::default(), State::new(semantics));
    let (mut board, profile) = (Board::default(), Profile::of(semantics));
    grouped(&mut inventory, &mut state);
    let node = |name: &str, zone: Option<&str>, cpu| {
        let labels = zone.map(|zone| (ZONE.to_owned(), zone.to_owned())).into_iter();
        let room = [("cpu", cpu), ("memory", 1 << 33), ("pods", 40)];
        let room = room.map(|(name, amount)| (name.to_owned(), Quantity::of_units(amount)));
        let labels = labels.chain([(HOSTNAME.to_owned(), name.to_owned())]).collect();
        let (name, allocatable) = (name.to_owned(), room.into_iter().collect());
        Event::Node(Node { name, labels, allocatable, ..Node::default() })
    };
    for (name, zone, cpu) in [("a", Some(""), 8), ("b", None, 2), ("c", Some("x"), 8)] {
        apply(&mut inventory, &mut state, node(name, zone, cpu));
    }
    let pod = |name: &str, node: Option<&str>| Pod {
        name: name.to_owned(),
        namespace: "a".into(),
        labels: [("app".to_owned(), "x".to_owned())].into(),
        node: node.map(Into::into),
        spec: PodSpec {
            containers: vec![Container {
                requests: [("cpu".to_owned(), Quantity::of_units(2))].into(),
                ..Container::default()
            }],
            ..PodSpec::default()
        }
        .into(),
        ..Pod::default()
    };
    apply(&mut inventory, &mut state, Event::Pod(Box::new(pod("full", Some("b")))));
    let best = assert_scores_alike(&inventory, &mut state, &pod("new", None), &profile, &mut board);
    assert_eq!(best.as_deref(), Some("c"));
}
