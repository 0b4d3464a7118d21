//! No input makes a review panic, and what it says of itself is never believed.

use placecard_policies::admission::{Door, Operation, answer};
use placecard_policies::read;
use placecard_policies::review::{references, review};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::given::{apply, given};
use crate::reading::KINDS;
use crate::say::sentence;
use crate::shop;

/// One thing that goes wrong in a document.
#[derive(Clone, Debug)]
struct Damage {
    place: Index,
    becomes: Option<Value>,
}

fn damage() -> impl Strategy<Value = Damage> {
    let values = vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("x"),
        json!("near self"),
        json!("In"),
        json!("NotIn"),
        json!("Gt"),
        json!("kubernetes.io/hostname"),
        json!([]),
        json!([null]),
        json!(["x", "x"]),
        json!({}),
        json!({"matchLabels": null}),
        json!({"matchExpressions": [{"key": "", "operator": "In"}]}),
        json!("\u{0}\u{feff}\u{10ffff}"),
    ];
    (any::<Index>(), prop::option::weighted(0.8, select(values)))
        .prop_map(|(place, becomes)| Damage { place, becomes })
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(elements) => elements.iter().map(count).sum::<usize>(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// Replaces or removes the value at a place, counted in document order.
fn strike(value: &mut Value, place: &mut usize, becomes: Option<&Value>) {
    let mut remove = None;
    let below: Vec<(String, &mut Value)> = match value {
        Value::Array(elements) => {
            elements.iter_mut().enumerate().map(|(index, one)| (index.to_string(), one)).collect()
        }
        Value::Object(fields) => fields.iter_mut().map(|(key, one)| (key.clone(), one)).collect(),
        _ => Vec::new(),
    };
    for (key, below) in below {
        if *place == 0 {
            break;
        }
        *place -= 1;
        match (*place, becomes) {
            (0, Some(new)) => *below = new.clone(),
            (0, None) => remove = Some(key),
            _ => strike(below, place, becomes),
        }
    }
    match (remove, value) {
        (Some(key), Value::Object(fields)) => drop(fields.remove(&key)),
        (Some(key), Value::Array(elements)) => drop(elements.remove(key.parse().unwrap())),
        _ => {}
    }
}

fn survive(value: &Value) {
    let surroundings = shop::surroundings(34);
    let Ok(object) = read::object(value, &surroundings.words) else { return };
    let _ = references(&object, &surroundings);
    let reviewed = review(&object, &surroundings);
    for door in [Door::Mutate, Door::Validate] {
        for operation in [Operation::Create, Operation::Update, Operation::Delete] {
            let old = (operation == Operation::Update).then_some((&object, &reviewed));
            let admission = answer(door, operation, (&object, &reviewed), old);
            let mut patched = value.clone();
            // A document this broken may have no place for the patch; that is an error and no more.
            let _ = json_patch::patch(&mut patched, &admission.patch);
        }
    }
}

const ALL: [&str; 14] = [
    "Deployment",
    "expanded Deployment",
    "StatefulSet",
    "ReplicaSet",
    "ReplicationController",
    "DaemonSet",
    "Job",
    "CronJob",
    "RayCluster",
    "pod",
    "pod of a Deployment",
    "pod of a Rollout",
    "pod of a Job",
    "pod of a DaemonSet",
];

#[test]
fn broken_documents_are_survived() {
    let damages = prop::collection::vec(damage(), 1..5);
    crate::run(1200, &(given(&ALL, sentence(), true), damages), |(given, damages)| {
        let (mut value, _) = given.object();
        for damage in damages {
            let mut place = damage.place.index(count(&value));
            strike(&mut value, &mut place, damage.becomes.as_ref());
        }
        survive(&value);
        Ok(())
    });
}

#[test]
fn arbitrary_values_are_survived() {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "(near|on|spread|not-on)? ?(self|zone/a|pods\\(a=b)?[ -~]{0,12}".prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(4, 40, 6, |inner| {
        let keys = select(vec![
            "metadata",
            "spec",
            "template",
            "annotations",
            "placecard.dev/require",
            "placecard.dev/applied",
            "affinity",
            "tolerations",
            "labels",
            "selector",
            "matchLabels",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys, inner), 0..6).prop_map(|fields| {
                fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            }),
        ]
    });
    let heads = select(vec![
        ("v1", "Pod"),
        ("apps/v1", "DaemonSet"),
        ("batch/v1", "CronJob"),
        ("ray.io/v1", "RayCluster"),
    ]);
    crate::run(1200, &(heads, value), |((version, kind), mut value)| {
        if let Value::Object(fields) = &mut value {
            fields.insert("apiVersion".into(), json!(version));
            fields.insert("kind".into(), json!(kind));
        }
        survive(&value);
        Ok(())
    });
}

/// A record that somebody else wrote: at most it gives back lists that the writer could have
/// written into the fields as well; on a pod it changes nothing.
#[test]
fn a_forged_record_proves_nothing() {
    let list = |name: &str, digest: &str, own: Value| {
        json!({"v": 1, "digest": "0", "added": [], "lists": [{"list": name, "digest": digest, "own": own}]})
            .to_string()
    };
    let forged = select(vec![
        String::new(),
        "null".to_owned(),
        "{".to_owned(),
        "[]".repeat(1000),
        "[".repeat(100_000),
        json!({"v": 1, "digest": "x", "added": ["on zone/a -> node affinity"]}).to_string(),
        list("tolerations", "0", json!([])),
        list("tolerations", "0", json!("x")),
        list("spec", "0", json!({})),
        list("affinity/nodeAffinity", "0", json!(null)),
        "\u{0}".repeat(5000),
    ]);
    crate::run(300, &(given(&KINDS, sentence(), true), forged), |(given, forged)| {
        let (value, template) = given.object();
        let honest = apply(&value);
        let mut lie = value.clone();
        let annotations = lie.pointer_mut(&format!("{template}/metadata/annotations")).unwrap();
        annotations["placecard.dev/applied"] = json!(forged);
        let deceived = apply(&lie);
        if template.is_empty() && honest.review.has_intents {
            prop_assert_eq!(&deceived.value, &honest.value);
        }
        // What undoes it may come before.
        let last = |outcome: &crate::given::Outcome| {
            outcome.review.expansions.last().map(|one| one.spec.clone())
        };
        let refused = deceived.codes().contains(&"no-effect-here");
        if honest.review.has_intents && !refused {
            prop_assert_eq!(last(&honest), last(&deceived));
        }
        Ok(())
    });
}
