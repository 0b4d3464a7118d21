//! What nobody uses any more is forgotten.

use std::collections::BTreeMap;

use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::{
    Pod, PodSpec, TopologySpread, Weighted, WhenUnsatisfiable,
};
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::quantity::Quantity;
use placecard_feasibility::requirement::Requirement;
use placecard_feasibility::selector::Selector;
use placecard_feasibility::state::{Board, State};
use placecard_feasibility::tolerations::Toleration;

fn pod(number: usize) -> Pod {
    let app = format!("app-{number}");
    let selector = Selector { requirements: vec![Requirement::one_of("app", &[app.as_str()])] };
    let term = AffinityTerm {
        selector: Some(selector),
        topology_key: "host".to_owned(),
        ..AffinityTerm::default()
    };
    Pod {
        name: format!("pod-{number}"),
        namespace: format!("ns-{number}"),
        labels: [("app".to_owned(), app)].into(),
        node: Some(format!("node-{}", number % 7).into()),
        spec: PodSpec {
            anti_affinity: vec![term.clone()],
            preferred_affinity: vec![Weighted { weight: 1, term }],
            ..PodSpec::default()
        }
        .into(),
        ..Pod::default()
    }
}

#[test]
fn pods_that_come_and_go_leave_nothing_behind() {
    let mut state = State::new(Semantics::of_minor(37));
    for number in 0..5 {
        let name = format!("node-{number}");
        let labels = BTreeMap::from([("host".to_owned(), name.clone())]);
        state.set_node(Node { name, labels, ..Node::default() });
    }
    let empty = (state.sizes(), state.census());
    let mut largest = 0;
    for number in 0..20_000 {
        state.set_pod(pod(number));
        state.prepare(&Pod { node: None, name: "new".to_owned(), ..pod(number % 50) });
        if number >= 10 {
            state.remove_pod(&format!("ns-{}", number - 10), &format!("pod-{}", number - 10));
        }
        largest = largest.max(state.sizes().iter().sum());
    }
    assert_eq!(state.pod_count(), 10);
    assert!(largest < 20_000, "{largest} things were kept at once");
    for number in 19_990..20_000 {
        state.remove_pod(&format!("ns-{number}"), &format!("pod-{number}"));
    }
    state.forget(0);
    state.sweep();
    assert_eq!((state.sizes(), state.census()), empty);
}

/// A pod that prefers this and that, and of which there are several in each namespace.
fn choosy(number: usize) -> Pod {
    let near =
        AffinityTerm { topology_key: "zone".to_owned(), ..pod(number).anti_affinity.remove(0) };
    let weighted = |weight: i32, number: usize| {
        let apart = pod(number).anti_affinity.remove(0);
        vec![Weighted { weight, term: apart }]
    };
    let spread = TopologySpread {
        max_skew: 1,
        topology_key: "zone".to_owned(),
        when_unsatisfiable: WhenUnsatisfiable::ScheduleAnyway,
        selector: near.selector.clone(),
        ..TopologySpread::default()
    };
    let taint = Toleration { key: format!("t-{}", number % 5), ..Toleration::default() };
    Pod {
        name: format!("choosy-{number}"),
        node: None,
        ..pod(number).with(|spec| {
            spec.anti_affinity = Vec::new();
            spec.affinity = vec![near];
            spec.preferred_affinity = weighted(7, number / 2);
            spec.preferred_anti_affinity = weighted(9, number + 1);
            spec.preferred_nodes = vec![Weighted { weight: 1, term: NodeTerm::default() }];
            spec.node_selector = BTreeMap::from([("zone".to_owned(), format!("z-{}", number % 2))]);
            spec.tolerations = vec![taint];
            spec.spread = vec![spread];
        })
    }
}

#[test]
fn a_state_that_is_emptied_is_as_empty_as_a_new_one() {
    let new = State::new(Semantics::of_minor(37));
    let mut state = new.clone();
    let mut board = Board::default();
    let mut placed = 0;
    for round in 0..3 {
        state.set_service(("ns-1".to_owned(), "web".to_owned()), (*pod(1).labels).clone());
        state.set_namespace("ns-1", (*pod(1).labels).clone());
        state.set_image_size("web:1", 1 << 30);
        for number in 0..6 {
            let name = format!("node-{number}");
            let labels = [("host", name.clone()), ("zone", format!("z-{}", number % 3))];
            let labels = labels.map(|(key, value)| (key.to_owned(), value)).into();
            let images = ["web:1".to_owned(), format!("image-{round}")].into();
            let allocatable = [("pods".to_owned(), Quantity::of_units(1000))].into();
            state.set_node(Node { name, labels, images, allocatable, ..Node::default() });
        }
        for number in 0..150 {
            let choosy = choosy(number);
            placed += usize::from(state.place(&choosy, &mut board).is_some());
            state.points(&Pod { name: "new".to_owned(), ..choosy }, &mut board);
        }
        assert!(state.census().keys().any(|key| key.starts_with("preferred ")));
        for number in 0..150 {
            state.remove_pod(&format!("ns-{number}"), &format!("choosy-{number}"));
        }
        (0..6).for_each(|number| state.remove_node(&format!("node-{number}")));
        state.remove_namespace("ns-1");
        state.remove_service(&("ns-1".to_owned(), "web".to_owned()));
        state.forget(0);
        state.sweep();
        assert_eq!((state.pod_count(), state.node_count()), (0, 0));
        assert_eq!(state.sizes(), new.sizes(), "round {round}");
        assert_eq!(state.census(), new.census(), "round {round}");
    }
    assert!(placed > 300, "{placed} pods found a place");
}

#[test]
fn shapes_that_nobody_asks_for_again_are_forgotten() {
    let mut state = State::new(Semantics::of_minor(37));
    for number in 0..40_000 {
        state.prepare(&Pod { node: None, ..pod(number) }.with(|spec| spec.anti_affinity.clear()));
        state.prepare(&Pod { node: None, ..pod(1) });
    }
    let [strings, .., shapes] = state.sizes();
    assert!(shapes < 17_000 && strings < 60_000, "{shapes} shapes, {strings} strings");
    assert!(state.prepared(&Pod { node: None, ..pod(1) }).is_some());
}
