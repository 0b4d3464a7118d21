//! What nobody uses any more is forgotten.

use std::collections::BTreeMap;

use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::requirement::Requirement;
use placecard_feasibility::selector::Selector;
use placecard_feasibility::state::State;

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
        labels: BTreeMap::from([("app".to_owned(), app)]),
        node: Some(format!("node-{}", number % 7)),
        anti_affinity: vec![term],
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

#[test]
fn shapes_that_nobody_asks_for_again_are_forgotten() {
    let mut state = State::new(Semantics::of_minor(37));
    for number in 0..40_000 {
        state.prepare(&Pod { node: None, anti_affinity: Vec::new(), ..pod(number) });
        state.prepare(&Pod { node: None, ..pod(1) });
    }
    let [strings, .., shapes] = state.sizes();
    assert!(shapes < 17_000 && strings < 60_000, "{shapes} shapes, {strings} strings");
    assert!(state.prepared(&Pod { node: None, ..pod(1) }).is_some());
}
