//! Pods that are put by what they have in common are where they would be anyway.

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::state::{Likeness, State};
use proptest::prelude::*;

use crate::agree::apply;
use crate::check;
use crate::world::{Event, event, pod};

#[test]
fn pods_that_are_like_others_are_put_as_others_are() {
    let pods = prop::collection::vec(pod(), 4);
    let events = prop::collection::vec((event(), 0usize..4), 1..120);
    check(60, &(pods, events), |(pods, events)| {
        let mut whole = State::new(Semantics::of_minor(37));
        let mut alike = State::new(Semantics::of_minor(37));
        let (mut inventory, mut other) = (Inventory::default(), Inventory::default());
        let bare =
            |pod: &Pod| Pod { name: String::new(), uid: String::new(), node: None, ..pod.clone() };
        let mut likes: Vec<(Pod, Likeness)> =
            pods.iter().map(|pod| (bare(pod), Likeness::default())).collect();
        for (event, which) in events {
            if let Event::Pod(pod) = event {
                let (like, known) = &mut likes[which];
                let there = alike.pod(&like.namespace, &pod.name).is_some();
                let node = pod.node.as_deref();
                let owner = like.owner.clone();
                let owner = owner.as_ref();
                let replaces = alike.set_pod_like(like, known, &pod.name, &pod.uid, node, owner);
                assert_eq!(replaces, there);
                let pod = Pod { name: pod.name, uid: pod.uid, node: pod.node, ..like.clone() };
                apply(&mut inventory, &mut whole, Event::Pod(Box::new(pod)));
            } else {
                apply(&mut inventory, &mut whole, event.clone());
                apply(&mut other, &mut alike, event);
            }
            assert_eq!(alike.pod_count(), whole.pod_count());
        }
        assert_eq!(alike.census(), whole.census());
        assert_eq!(alike.inventory(), whole.inventory());
        alike.sweep();
        whole.sweep();
        assert_eq!(alike.sizes(), whole.sizes());
    });
}
