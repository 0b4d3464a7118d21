//! The live cluster after any sequence of events equals one that was filled with what is left, and
//! says what a snapshot of that says.

#![expect(unreachable_pub, reason = "a program whose modules are read like those of a library")]
#![expect(clippy::expect_used, reason = "a test fails where it stands")]

mod audits;
mod churn;
mod events;
mod objects;
mod placements;

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::{Judgement, Semantics, judge};
use placecard_feasibility::profile::Profile;
use placecard_feasibility::state::Scratch;
use placecard_policies::coordination::gather::gather;
use placecard_policies::language::checked::Words;
use placecard_policies::live::{Live, WATCHED, Watched};
use placecard_policies::snapshot::problem::ProblemKind;
use placecard_policies::snapshot::seen::Intake;
use placecard_policies::snapshot::stream::Reader;
use placecard_policies::surroundings::{Answer, ServerVersion};
use proptest::prelude::*;

use self::events::{Event, Model, event};
use self::objects::{broken, object, pod_to_place, references};

fn server() -> ServerVersion {
    ServerVersion::default()
}

/// A live cluster into which nothing but what is left was put.
fn fresh(model: &Model) -> Live {
    let mut live = Live::new(server());
    for kind in WATCHED {
        let known = model.of(kind);
        if known.synced {
            live.list(kind);
        }
        for (name, form) in &known.objects {
            match form {
                Some(variant) => live.put(kind, &object(kind, *name, *variant)).expect("readable"),
                None => _ = live.put(kind, &broken(kind, *name)).expect_err("broken"),
            }
        }
        if known.nameless {
            live.put(kind, b"{\"metadata\": 3}").expect_err("broken");
        }
        if known.synced {
            live.listed(kind);
        }
    }
    live
}

/// The same as a snapshot. Of a kind that was not listed something is left out.
fn snapshot(model: &Model) -> Inventory {
    let mut inventory = Inventory::default();
    let mut intake = Intake::new(&mut inventory);
    for kind in WATCHED {
        let known = model.of(kind);
        if kind.kind().is_none() || (!known.synced && known.objects.is_empty()) {
            continue;
        }
        let mut items: Vec<String> = Vec::new();
        for (name, form) in &known.objects {
            let bytes = match form {
                Some(variant) => object(kind, *name, *variant),
                None => broken(kind, *name),
            };
            items.push(String::from_utf8(bytes).expect("text"));
        }
        if !known.synced || known.nameless {
            items.push("{\"metadata\": 3}".to_owned());
        }
        let text = format!(
            "{{\"apiVersion\": \"{}\", \"kind\": \"{}List\", \"items\": [{}]}}",
            kind.api_version(),
            kind.row().kind,
            items.join(",")
        );
        let mut reader = Reader::new();
        reader.push(text.as_bytes(), &mut intake);
        reader.finish(&mut intake);
    }
    let _ = intake.finish();
    inventory
}

fn answers(live: &Live) -> Vec<Option<Answer>> {
    references().iter().map(|reference| live.answer(reference)).collect()
}

fn is_same(one: &Live, other: &Live) {
    assert_eq!(one.state().census(), other.state().census());
    assert_eq!(one.state().objects(), other.state().objects());
    let left = (one.state().inventory(), other.state().inventory());
    assert_eq!(left.0, left.1);
    assert_eq!(answers(one), answers(other));
    let annotated = |live: &Live| format!("{:?}", live.annotated().collect::<Vec<_>>());
    assert_eq!(annotated(one), annotated(other));
    let gathered = |live: &Live| gather(live, &Words::default(), &[]);
    assert_eq!(gathered(one), gathered(other));
    for kind in WATCHED {
        let of = |live: &Live| {
            let [synced, complete] = [live.is_synced(kind), live.is_complete(kind)];
            (synced, complete, live.count(kind), live.broken_count(kind))
        };
        assert_eq!(of(one), of(other), "{kind:?}");
    }
}

/// The nodes that fit, and the codes of the others.
fn decided(live: &Live, pod: &Pod) -> BTreeMap<String, String> {
    let mut state = live.state().clone();
    let prepared = state.prepare(pod);
    let mut scratch = Scratch::default();
    let decision = state.decide(pod, prepared, &mut scratch);
    let numbers = (0..state.node_bound()).filter_map(|number| u32::try_from(number).ok());
    let nodes = numbers.filter_map(|number| Some((number, state.node(number)?)));
    let said = nodes.map(|(number, node)| {
        let said = match state.said(decision, number) {
            placecard_feasibility::state::Said::Rejected(plugins, code) => {
                format!("{:?} {code:?}", plugins.iter().collect::<Vec<_>>())
            }
            other => format!("{other:?}"),
        };
        (node.name.clone(), said)
    });
    said.collect()
}

fn judged(inventory: &Inventory, pod: &Pod) -> BTreeMap<String, String> {
    said(&judge(inventory, pod, Semantics::of_minor(server().0)))
}

fn said(judgement: &Judgement<'_>) -> BTreeMap<String, String> {
    let said = judgement.nodes.iter().map(|node| {
        let said = match &node.first {
            None => "Feasible".to_owned(),
            Some(first) => {
                let mut plugins = first.plugins.clone();
                plugins.sort();
                format!("{plugins:?} {:?}", first.rejection.code)
            }
        };
        (node.node.to_owned(), said)
    });
    said.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn events_leave_what_the_objects_that_are_left_make(
        events in prop::collection::vec(event(), 1..60),
        pods in prop::collection::vec(any::<u32>(), 4),
    ) {
        let (mut live, mut model) = (Live::new(server()), Model::default());
        for event in &events {
            event.tell(&mut live);
            model.apply(event);
        }
        is_same(&live, &fresh(&model));
        let inventory = snapshot(&model);
        for seed in pods {
            let pod = pod_to_place(seed);
            prop_assert_eq!(decided(&live, &pod), judged(&inventory, &pod), "{:?}", pod);
            // As if some of the pods were not there, and unprepared.
            let (mut less, mut leave) = (inventory.clone(), BTreeSet::new());
            less.pods.retain(|pod| {
                let Pod { namespace, name, .. } = pod;
                let stays = seed >> name.len() & 1 == 1 || name.ends_with('1') || namespace == "ns-2";
                if !stays {
                    leave.extend(live.state().pod_number(namespace, name));
                }
                stays
            });
            let profile = Profile::of(Semantics::of_minor(server().0));
            let aside = live.state().judge_without(&pod, &profile, &leave, said);
            let expected = judged(&less, &pod);
            let fits = expected.values().any(|said| said == "Feasible");
            prop_assert_eq!(aside, expected, "{:?} without {:?}", pod, leave);
            let any = live.state().fits_without(&pod, &profile, &leave);
            prop_assert_eq!(any, fits, "{:?} without {:?}", pod, leave);
        }
    }

    #[test]
    fn a_copy_that_hears_the_same_is_the_same(
        before in prop::collection::vec(event(), 0..30),
        after in prop::collection::vec(event(), 0..30),
    ) {
        let mut live = Live::new(server());
        before.iter().for_each(|event| event.tell(&mut live));
        let mut copy = live.clone();
        after.iter().for_each(|event| event.tell(&mut live));
        after.iter().for_each(|event| event.tell(&mut copy));
        is_same(&live, &copy);
    }
}

#[test]
fn events_of_every_kind_matter() {
    for kind in WATCHED {
        let mut live = Live::new(server());
        assert!(!live.is_complete(kind) && live.count(kind) == 0);
        for event in [Event::Relist(kind, vec![(0, 0), (1, 1)]), Event::Put(kind, 2, 2)] {
            event.tell(&mut live);
        }
        assert_eq!((live.count(kind), live.is_complete(kind)), (3, true), "{kind:?}");
        live.gone(kind, objects::namespace(kind, 1), &objects::name(kind, 1));
        assert_eq!(live.count(kind), 2, "{kind:?}");
        Event::Relist(kind, vec![(2, 0)]).tell(&mut live);
        assert_eq!(live.count(kind), 1, "{kind:?}");
        live.unknown(kind);
        assert_eq!((live.count(kind), live.is_complete(kind)), (0, false), "{kind:?}");
    }
}

#[test]
fn a_broken_object_is_named_and_makes_its_kind_incomplete_until_it_is_whole_or_gone() {
    let mut live = Live::new(server());
    Event::Relist(Watched::Node, vec![(0, 0), (1, 0)]).tell(&mut live);
    let problem = live.put(Watched::Node, &broken(Watched::Node, 0)).expect_err("broken");
    let ProblemKind::Unreadable { path, .. } = &problem.kind else { panic!("{problem:?}") };
    assert_eq!(path, "metadata.labels");
    assert_eq!(problem.object.as_ref().map(|object| object.name.as_str()), Some("node-0"));
    assert_eq!((live.count(Watched::Node), live.is_complete(Watched::Node)), (1, false));
    live.gone(Watched::Node, "", "node-0");
    assert!(live.is_complete(Watched::Node));
    for bytes in [&b""[..], b"\xff", b"{", b"{} {}", b"[]", b"{}", b"{\"metadata\":{}}"] {
        for kind in WATCHED {
            live.list(kind);
            live.put(kind, bytes).expect_err("broken");
            live.listed(kind);
            assert!(!live.is_complete(kind), "{kind:?} {bytes:?}");
            live.list(kind);
            live.listed(kind);
            assert!(live.is_complete(kind), "{kind:?} {bytes:?}");
        }
    }
    live.broken(Watched::Pod, Some(("shop", "big")));
    assert!(!live.is_complete(Watched::Pod));
    live.gone(Watched::Pod, "shop", "big");
    assert!(live.is_complete(Watched::Pod));
}

#[test]
fn it_may_be_shared() {
    fn shared<T: Clone + Send + Sync>() {}
    shared::<Live>();
}
