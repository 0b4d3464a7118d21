//! The reader of snapshots on any input: pieces cut anywhere, broken bytes, and what is too large,
//! too deep or too many.

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::{KINDS, Kind};
use placecard_feasibility::inventory::requests::CPU;
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::quantity::Quantity;
use placecard_feasibility::state::State;
use placecard_policies::snapshot::problem::{Problem, ProblemKind};
use placecard_policies::snapshot::seen::{Intake, MOST_PROBLEMS, Seen};
use placecard_policies::snapshot::stream::Reader;
use proptest::prelude::*;
use serde_json::{Value, json};

/// What comes of a text that arrives in these pieces.
fn read_by(reader: Reader, pieces: &[&[u8]]) -> (Inventory, Seen, Vec<Problem>) {
    let mut inventory = Inventory::default();
    let mut intake = Intake::new(&mut inventory);
    let mut reader = reader;
    for piece in pieces {
        reader.push(piece, &mut intake);
    }
    reader.finish(&mut intake);
    let (seen, problems) = intake.finish();
    (inventory, seen, problems)
}

fn read(text: &str) -> (Inventory, Seen, Vec<Problem>) {
    read_by(Reader::new(), &[text.as_bytes()])
}

fn node(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
        "status": {"capacity": {"cpu": 4}, "images": [{"names": ["a", "b"], "sizeBytes": 7}]}})
}

fn pod(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"},
        "spec": spec})
}

fn list(items: &[Value]) -> String {
    format!("{:#}", json!({"apiVersion": "v1", "items": items, "kind": "List"}))
}

/// A text with every form and every oddity in it.
fn odd_text() -> String {
    let claims = r#"{"kind":"PersistentVolumeClaimList","metadata":{"resourceVersion":"9"},
        "items":[{"metadata":{"name":"data","namespace":"shop"}}]}"#;
    let bad = pod("bad", json!({"containers": [{"resources": {"requests": {"cpu": "1 core"}}}]}));
    let good = pod("\u{e4} \"}]", json!({"nodeName": "n1", "priority": -7}));
    let items = [node("n1"), bad, good, json!(7), json!({"kind": "Secret", "data": {"a": "}"}})];
    let case = json!({"id": 1, "cluster": {"pods": [], "nodes": [{"metadata": {"name": "n2"}}]}});
    format!("{}\n{claims} {case}\n[{}]", list(&items), list(&[node("n1"), json!({})]))
}

#[test]
fn the_odd_text_is_read() {
    let (inventory, seen, problems) = read(&odd_text());
    assert_eq!((inventory.nodes.len(), inventory.pods.len(), inventory.claims.len()), (2, 1, 1));
    assert_eq!((seen.nameless, seen.duplicates, seen.revision.0), (2, 1, 9));
    let kinds: Vec<bool> = problems.iter().map(|problem| problem.kind.leaves_out()).collect();
    assert_eq!(kinds, [true, true, false, true]);
    // Nobody knows what it is that does not say its kind.
    assert_eq!(inventory.unknown, KINDS.into());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However the bytes arrive, the same comes of them.
    #[test]
    fn pieces_may_be_cut_anywhere(cuts in prop::collection::vec(0.0..1.0f64, 0..40)) {
        let text = odd_text();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in the text")]
        let mut cuts: Vec<usize> =
            cuts.into_iter().map(|cut| (cut * text.len() as f64) as usize).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> =
            cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]).collect();
        prop_assert_eq!(read_by(Reader::new(), &pieces), read(&text));
    }

    /// Broken bytes break nothing else, and every problem has its place.
    #[test]
    fn broken_bytes_are_survived(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = odd_text().into_bytes();
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(end.index(2 * bytes.len()).max(1));
        let halves = bytes.split_at(bytes.len() / 2);
        let found = read_by(Reader::new(), &[halves.0, halves.1]);
        prop_assert!(found.2.len() <= MOST_PROBLEMS);
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        for problem in &found.2 {
            if let Some(place) = problem.place {
                prop_assert!(place.line >= 1 && place.line <= lines && place.column >= 1);
            }
        }
        prop_assert_eq!(&read_by(Reader::new(), &[&bytes]), &found);
    }

    /// Any small JSON in place of any value of an object.
    #[test]
    fn any_value_may_stand_anywhere(index in any::<prop::sample::Index>(), which in 0..12usize) {
        let values = [
            "null", "7", "-7", "1e999", "true", "\"\"", "\"x\"", "[]", "{}", "[[]]", "[{}]",
            "{\"a\":1}",
        ];
        let text = list(&[node("n1"), pod("p", json!({"nodeName": "n1", "nodeSelector": {"a": "b"},
            "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]}))]);
        let starts: Vec<usize> = text.match_indices(": ").map(|(at, _)| at + 2).collect();
        let at = *index.get(&starts);
        let rest = &text[at..];
        let mut values_of = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        values_of.next().expect("a value").expect("JSON");
        let changed = format!("{}{}{}", &text[..at], values[which], &rest[values_of.byte_offset()..]);
        let (inventory, seen, problems) = read(&changed);
        let found = inventory.nodes.len() + inventory.pods.len();
        prop_assert_eq!(found, seen.counts.values().sum::<usize>());
        prop_assert!(inventory.nodes.len() == 1 || inventory.unknown.contains(&Kind::Node));
        prop_assert!(inventory.pods.len() == 1 || inventory.unknown.contains(&Kind::Pod));
        prop_assert!(problems.len() <= 2);
    }
}

#[test]
fn an_object_that_is_too_large_is_left_out_and_the_rest_is_read() {
    let large = pod("large", json!({"nodeName": "x".repeat(5000)}));
    let text = list(&[node("n1"), large, pod("small", json!({}))]);
    for size in [1, 100, text.len()] {
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
        let (inventory, seen, problems) = read_by(Reader::with_largest(3000), &pieces);
        assert_eq!(
            (inventory.nodes.len(), seen.left_out.get(&Kind::Pod)),
            (1, Some(&1).filter(|_| size < 5000)),
            "{size}"
        );
        let limit = ProblemKind::TooLarge { limit: 3000 };
        assert_eq!(problems.iter().any(|problem| problem.kind == limit), size < 5000);
    }
}

#[test]
fn what_is_too_deep_or_nested_without_end_is_bounded() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let unread = list(&[node("n1"), pod("p", json!({"odd": 0}))])
        .replace("\"odd\": 0", &format!("\"odd\": {deep}"));
    assert_eq!(read(&unread).0.pods.len(), 1);
    let typed = list(&[node("n1"), pod("p", json!({"tolerations": 0}))])
        .replace("\"tolerations\": 0", &format!("\"tolerations\": {deep}"));
    assert_eq!(read(&typed).1.left_out[&Kind::Pod], 1);
    let lists = "{\"items\":[".repeat(1000);
    let (_, _, problems) = read(&lists);
    assert!(matches!(problems[0].kind, ProblemKind::TooDeep { .. }), "{problems:?}");
    let (_, _, problems) = read(&"[".repeat(100));
    let kinds: Vec<&ProblemKind> = problems.iter().map(|problem| &problem.kind).collect();
    assert_eq!(kinds, [&ProblemKind::NoKind, &ProblemKind::CutOff]);
}

#[test]
fn many_problems_are_counted_and_a_few_are_told() {
    let items: Vec<Value> = (0..3000).map(|_| json!({"kind": "Pod", "spec": 7})).collect();
    let (_, seen, problems) = read(&list(&items));
    assert_eq!(seen.left_out[&Kind::Pod], 3000);
    assert_eq!((problems.len(), seen.more_problems), (MOST_PROBLEMS, 3000 - MOST_PROBLEMS));
}

#[test]
fn selectors_with_thousands_of_terms_and_quantities_beyond_64_bits_are_read() {
    let terms: Vec<Value> = (0..5000)
        .map(|i| json!({"matchExpressions": [{"key": "k", "operator": "In", "values": [i.to_string()]}]}))
        .collect();
    let spec = json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
        {"nodeSelectorTerms": terms}}},
        "containers": [{"resources": {"requests": {"cpu": "99999999999999999999999999"}}}]});
    let (inventory, _, problems) = read(&list(&[node("n1"), pod("p", spec)]));
    assert_eq!(problems, []);
    let pod = inventory.pods.named("shop", "p").expect("the pod");
    assert_eq!(pod.node_affinity.as_ref().map(Vec::len), Some(5000));
    assert!(pod.containers[0].requests[CPU] > Quantity::of_units(i64::MAX));
}

#[test]
fn letters_that_are_no_utf8_are_read_as_go_reads_them() {
    let text = list(&[node("n1"), pod("p", json!({"nodeSelector": {"a": "?"}}))]);
    let mut bytes = text.into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'?').expect("it is there");
    bytes[at] = 0xFF;
    let (inventory, _, problems) = read_by(Reader::new(), &[&bytes]);
    assert_eq!(problems, []);
    let pod = inventory.pods.named("shop", "p").expect("the pod");
    assert_eq!(pod.node_selector["a"], "\u{FFFD}");
}

#[test]
fn many_pods_go_straight_into_a_state() {
    const PODS: usize = 5000;
    let mut state = State::new(Semantics::of_minor(34));
    let mut intake = Intake::new(&mut state);
    let mut reader = Reader::new();
    reader.push(b"{\"kind\":\"List\",\"items\":[", &mut intake);
    reader.push(format!("{},", node("n1")).as_bytes(), &mut intake);
    for index in 0..PODS {
        let pod = pod(&format!("p{index}"), json!({"nodeName": "n1"}));
        reader.push(format!("{pod},").as_bytes(), &mut intake);
    }
    reader.push(format!("{}]}}", pod("p7", json!({"nodeName": "n1"}))).as_bytes(), &mut intake);
    reader.finish(&mut intake);
    let (seen, problems) = intake.finish();
    assert_eq!((state.pod_count(), state.node_count(), seen.duplicates), (PODS, 1, 1));
    assert_eq!(problems.len(), 1);
    let mut inventory = Inventory::default();
    let mut intake = Intake::new(&mut inventory);
    let mut reader = Reader::new();
    reader.push(odd_text().as_bytes(), &mut intake);
    reader.finish(&mut intake);
    drop(intake);
    let mut state = State::new(Semantics::of_minor(34));
    let mut intake = Intake::new(&mut state);
    let mut reader = Reader::new();
    reader.push(odd_text().as_bytes(), &mut intake);
    reader.finish(&mut intake);
    drop(intake);
    let whole = State::of(&inventory, Semantics::of_minor(34));
    assert_eq!(state.census(), whole.census());
}
