//! What is remembered of pods changes nothing but the time that it takes to read them.

use std::collections::BTreeSet;

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::state::State;
use proptest::prelude::*;

use super::{Alike, Given, Like, Limits, PATIENCE};
use crate::snapshot::object::{Object, Sink};
use crate::snapshot::seen::Intake;
use crate::snapshot::stream::Reader;

/// What may stand in a place of a pod: the usual first. `@` is a number of the pod's own.
type Place = &'static [&'static str];

const METADATA: &[Place] = &[
    &[
        r#""name":"p@""#,
        r#""name":"p1""#,
        r#""n\u0061me":"p@""#,
        r#""name":"\u0070@""#,
        r#""name":"pä@""#,
        r#""name":"""#,
        r#""name":null"#,
        r#""name":7"#,
        "",
        r#""name":"p@","name":"q@""#,
    ],
    &[r#""namespace":"shop""#, r#""namespace":"bank""#, "", r#""namespace":null"#],
    &[r#""uid":"u-@""#, r#""uid":"é""#, r#""uid":null"#, "", r#""uid":[]"#],
    &[
        r#""labels":{"app":"web","pod-template-hash":"1"}"#,
        r#""labels":{"app":"web","pod-template-hash":"2"}"#,
        r#""labels":{"app":"web","app":"api"}"#,
        r#""labels":null"#,
        r#""labels":{"app":1}"#,
        "",
    ],
    &[
        r#""annotations":{"a":"@"}"#,
        r#""annotations":{"placecard.dev/require":"on zone/@","a":"@"}"#,
        r#""annotations":{"placecard.dev/require":"on zone/a","placecard.dev/applied":"@"}"#,
        r#""annotations":{"placecard.dev/require":7}"#,
        r#""annotations":null"#,
        r#""annotations":{"a":01}"#,
        r#""annotations":7,"annotations":7"#,
        "\"annotations\":\"a\tb\"",
    ],
    &[r#""generateName":"web-","generation":@"#, r#""generation":-"#, ""],
    &[r#""creationTimestamp":"2026-01-01T00:00:0@Z""#, r#""creationTimestamp":7"#, ""],
    &[r#""resourceVersion":"70@""#, r#""resourceVersion":"x""#, r#""resourceVersion":null"#],
    &[
        r#""ownerReferences":[{"apiVersion":"apps/v1","controller":true,"kind":"ReplicaSet","name":"web-@","uid":"@"}]"#,
        r#""ownerReferences":[{"kind":"A","name":"a"},{"kind":"B","name":"b","controller":true}]"#,
        r#""ownerReferences":[{"name":7}]"#,
        r#""ownerReferences":null"#,
        "",
    ],
    &["", r#""deletionTimestamp":"2026-01-01T00:00:00Z""#, r#""deletionTimestamp":null"#],
    &["", r#""managedFields":[{"f:a":{}}]"#, r#""managedFields":[{]"#],
];

const CONTAINER: &[Place] = &[
    &[r#""name":"c""#, r#""name":"d""#],
    &[
        r#""resources":{"requests":{"cpu":"100m"}}"#,
        r#""resources":{"requests":{"cpu":"200m"}}"#,
        r#""resources":{"requests":{"cpu":"much"}}"#,
    ],
    &[r#""env":[{"name":"A","value":"@"}]"#, r#""env":[1,]"#, r#""env":{}"#],
    &[r#""volumeMounts":[{"name":"v-@"}],"command":["@"]"#, r#""args":["b"]"#, ""],
    &["", r#""ports":[{"containerPort":80,"hostPort":80}]"#],
];

const SPEC: &[Place] = &[
    &[
        r#""nodeName":"n@""#,
        r#""nodeName":"n1""#,
        r#""nodeName":"""#,
        r#""nodeName":null"#,
        r#""nodeName":"\n""#,
        r#""nodeName":{}"#,
        "",
    ],
    &[
        r#""volumes":[{"name":"v-@","projected":{}}]"#,
        r#""volumes":[{"name":"v","ephemeral":{}}]"#,
        r#""volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c"}}]"#,
        r#""volumes":[{"name":7}]"#,
        r#""volumes":[{"name":"v","name":"w"}]"#,
        r#""volumes":[["v"],null]"#,
        "",
    ],
    &[
        "",
        r#""topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app":"web"}},"matchLabelKeys":["pod-template-hash"]}]"#,
        r#""affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"zone","labelSelector":{},"mismatchLabelKeys":["app"]}]}}"#,
    ],
    &[r#""priority":0"#, r#""priority":5"#, r#""hostNetwork":true"#],
];

const STATUS: &[Place] = &[
    &[
        r#""phase":"Running""#,
        r#""phase":"Succeeded""#,
        r#""phase":"Pending","nominatedNodeName":"n1""#,
    ],
    &[r#""startTime":"2026-01-01T00:00:0@Z""#, r#""startTime":"soon""#, r#""startTime":7"#, ""],
    &[r#""podIP":"10.0.0.@""#, r#""podIP":null,"hostIPs":[{"ip":"@"}]"#, r#""podIP":nul"#],
    &[
        r#""conditions":[{"type":"Ready","status":"True","lastTransitionTime":"@"}]"#,
        r#""conditions":[{"type":"PodResizePending","reason":"Infeasible","status":"True","message":"@"}]"#,
        "",
    ],
    &[
        r#""containerStatuses":[{"name":"c","containerID":"@","restartCount":@,"state":{"running":{}}}]"#,
        r#""containerStatuses":[{"name":"c","allocatedResources":{"cpu":"2"},"resources":{"requests":{"cpu":"3"}}}]"#,
        r#""containerStatuses":[{"name":"c","restartCount":1.}]"#,
        r#""containerStatuses":[{"name":"d"}],"initContainerStatuses":[{"name":"c","ready":true}]"#,
    ],
    &["", "  \n\t", r#""a":1"#],
];

const PLACES: usize = METADATA.len() + CONTAINER.len() + SPEC.len() + STATUS.len();

/// A pod's text: the usual but for these places.
fn pod(number: usize, odd: &[(usize, usize)]) -> String {
    let mut first = 0;
    let mut members = |places: &[Place]| {
        let written = places.iter().enumerate().map(|(index, place)| {
            let odd = odd.iter().find(|(at, _)| *at == first + index);
            place[odd.map_or(0, |(_, which)| which % place.len())]
        });
        let members: Vec<&str> = written.filter(|member| !member.is_empty()).collect();
        first += places.len();
        members.join(",")
    };
    let (metadata, container) = (members(METADATA), members(CONTAINER));
    let (spec, status) = (members(SPEC), members(STATUS));
    let text = format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{{metadata}}},"spec":{{"containers":[{{{container}}}],{spec}}},"status":{{{status}}}}}"#
    );
    text.replace('@', &number.to_string())
}

fn dump(pods: &[String]) -> String {
    let node = r#"{"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"}}"#;
    format!(r#"{{"apiVersion":"v1","items":[{node},{}],"kind":"List"}}"#, pods.join(",\n"))
}

fn take(bytes: &[u8], mut intake: Intake<'_>) -> String {
    let mut reader = Reader::new();
    for piece in bytes.chunks(1000) {
        reader.push(piece, &mut intake);
    }
    reader.finish(&mut intake);
    let (seen, problems) = intake.finish();
    format!("{seen:?} {problems:?}")
}

fn assert_same(bytes: &[u8]) {
    let (mut alike, mut plain) = (Inventory::default(), Inventory::default());
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(
        take(bytes, Intake::new(&mut alike)),
        take(bytes, Intake::forgetful(&mut plain)),
        "{text}"
    );
    assert_eq!(alike, plain, "{text}");
    let semantics = Semantics::of_minor(37);
    let (mut alike, mut plain) = (State::new(semantics), State::new(semantics));
    assert_eq!(
        take(bytes, Intake::new(&mut alike)),
        take(bytes, Intake::forgetful(&mut plain)),
        "{text}"
    );
    assert_eq!((alike.census(), alike.inventory()), (plain.census(), plain.inventory()), "{text}");
}

/// Counts the pods that were known.
#[derive(Default)]
struct Counting {
    inventory: Inventory,
    known: usize,
}

impl Sink for Counting {
    fn put(&mut self, object: Object) -> bool {
        self.inventory.put(object)
    }

    fn put_like(&mut self, like: &mut Like, given: Given<'_>) -> bool {
        self.known += 1;
        self.inventory.put_like(like, given)
    }

    fn set_unknown(&mut self, kinds: BTreeSet<Kind>) {
        self.inventory.set_unknown(kinds);
    }
}

fn known(pods: &[String]) -> usize {
    let (mut sink, mut plain) = (Counting::default(), Inventory::default());
    let bytes = dump(pods).into_bytes();
    let found = take(&bytes, Intake::new(&mut sink));
    assert_eq!(found, take(&bytes, Intake::forgetful(&mut plain)));
    assert_eq!(sink.inventory, plain);
    sink.known
}

#[test]
fn pods_that_differ_in_what_is_their_own_are_known() {
    let copies: Vec<String> = (0..10).map(|number| pod(number, &[])).collect();
    assert_eq!(known(&copies), 9);
    // What a selector takes from the labels, what is reported, what is called after the pod.
    let place = |list: usize, index: usize| {
        index + [0, METADATA.len(), METADATA.len() + CONTAINER.len()][list]
    };
    let spread = (place(2, 2), 1);
    let pods = [pod(1, &[spread]), pod(2, &[spread]), pod(3, &[spread, (place(0, 3), 1)])];
    assert_eq!(known(&pods), 1);
    let ephemeral = (place(2, 1), 1);
    assert_eq!(known(&[pod(1, &[ephemeral]), pod(2, &[ephemeral])]), 0);
}

#[test]
fn every_pair_of_pods_is_read_as_if_nothing_were_remembered() {
    let usual = [pod(1, &[]), pod(2, &[])];
    for place in 0..PLACES {
        for which in 0..10 {
            let odd = [(place, which)];
            assert_same(
                dump(&[usual[0].clone(), pod(3, &odd), pod(4, &odd), usual[1].clone()]).as_bytes(),
            );
        }
    }
}

#[test]
fn brackets_that_close_nothing_come_to_an_end() {
    for (from, to) in [
        ("\"containers\":[", "\"containers\":[}"),
        ("\"containers\":[", "\"containers\":[}]"),
        ("\"volumes\":[", "\"volumes\":[1}"),
        ("\"conditions\":[", "\"conditions\":[,}"),
        ("\"spec\":{", "\"spec\":}"),
        ("\"spec\":{", "\"spec\":]"),
        ("\"phase\":", "\"phase\":}"),
        ("\"phase\":", "\"phase\"::"),
        ("\"nodeName\":", "\"nodeName\",:"),
    ] {
        let odd = pod(2, &[]).replacen(from, to, 1);
        assert_ne!(odd, pod(2, &[]), "{from}");
        assert_same(dump(&[pod(1, &[]), odd, pod(3, &[])]).as_bytes());
    }
}

/// A pod like no other.
fn unlike(number: usize) -> String {
    pod(number, &[]).replace("\"priority\":0", &format!("\"priority\":{}", number + 1))
}

#[test]
fn of_many_kinds_of_pods_few_are_remembered() {
    for mut alike in [Alike::default(), Alike::lasting()] {
        let Limits { pods, bytes } = alike.limits;
        for number in 0..pods * 2 {
            alike.patience = PATIENCE;
            assert!(alike.find(unlike(number).as_bytes()).is_none());
            alike.remember(&Pod::default());
            assert!(alike.find(unlike(number).as_bytes()).is_some());
            assert!(alike.entries.len() <= pods && alike.bytes <= bytes);
        }
        let kept: usize = alike.entries.values().map(|entry| entry.key.len()).sum();
        assert_eq!(kept, alike.bytes);
        let long = unlike(pods * 3).replace("Running", &"x".repeat(bytes));
        assert!(alike.find(long.as_bytes()).is_none());
        alike.remember(&Pod::default());
        assert!(alike.find(long.as_bytes()).is_none());
    }
}

#[test]
fn where_pods_are_all_unlike_it_is_seldom_asked() {
    let mut alike = Alike::default();
    let mut asked = 0;
    for number in 0..10_000 {
        assert!(alike.find(unlike(number).as_bytes()).is_none());
        asked += usize::from(alike.hash.is_some());
        alike.remember(&Pod::default());
    }
    assert!(asked < 1400, "{asked} were asked for");
    let like = (0..3000).map(|_| unlike(7)).filter(|text| {
        let known = alike.find(text.as_bytes()).is_some();
        alike.remember(&Pod::default());
        known
    });
    assert!(like.count() > 800);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn near_equal_pods_are_read_as_if_nothing_were_remembered(
        common in prop::collection::vec((0..PLACES, 0..10usize), 0..3),
        own in prop::collection::vec(prop::option::weighted(0.4, (0..PLACES, 0..10usize)), 2..10),
    ) {
        let odd = |one: &Option<(usize, usize)>| one.iter().chain(&common).copied().collect::<Vec<_>>();
        let pods: Vec<String> =
            own.iter().enumerate().map(|(number, one)| pod(number % 7, &odd(one))).collect();
        assert_same(dump(&pods).as_bytes());
    }

    #[test]
    fn broken_copies_are_not_taken_for_whole_ones(
        at in any::<prop::sample::Index>(),
        byte in prop::sample::select(b"\"\\{}[],:0 nt-.u\0\xC3\n".to_vec()),
        insert in any::<bool>(),
    ) {
        let pods: Vec<String> = (0..5).map(|number| pod(number, &[])).collect();
        let mut bytes = dump(&pods).into_bytes();
        let at = at.index(bytes.len());
        if insert { bytes.insert(at, byte) } else { bytes[at] = byte }
        assert_same(&bytes);
    }
}
