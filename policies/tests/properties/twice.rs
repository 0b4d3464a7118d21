//! Expanding twice changes nothing, whatever others do in between; what the user wrote stays.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::given::{Given, Outcome, apply, elements, given, lists, merge_keys, reverse, spec_of};
use crate::reading::KINDS;
use crate::say::sentence;
use crate::shop::REQUIRED;

/// The object with its rules expanded, if there are any and nothing is wrong with them.
fn expanded(given: &Given) -> Option<(Value, Outcome, &'static str)> {
    let (value, template) = given.object();
    let outcome = apply(&value);
    let clean = outcome.review.has_intents
        && outcome.review.expansions.iter().all(|one| one.complete)
        && !outcome
            .review
            .findings
            .iter()
            .any(|one| one.severity == placecard_policies::findings::Severity::Error);
    clean.then_some((value, outcome, template))
}

#[test]
fn a_second_expansion_has_nothing_to_do_and_nothing_new_to_say() {
    let done = AtomicUsize::new(0);
    crate::run(1500, &given(&KINDS, sentence(), true), |given| {
        let Some((value, first, template)) = expanded(&given) else { return Ok(()) };
        done.fetch_add(1, Ordering::Relaxed);
        let second = apply(&first.value);
        prop_assert_eq!(&second.value, &first.value);
        prop_assert_eq!(second.operations, 0);
        let (before, after): (BTreeSet<_>, BTreeSet<_>) =
            (first.codes().into_iter().collect(), second.codes().into_iter().collect());
        prop_assert!(after.is_subset(&before), "new: {:?}", after.difference(&before));
        // The typed fields are those of the patched object.
        let spec = &first.review.expansions[0].spec;
        prop_assert_eq!(&second.template().spec, spec);
        // Each run gives the same.
        let again = apply(&value);
        prop_assert_eq!(again.value.to_string(), first.value.to_string());
        survive(&given, &value, &first.value, template)
    });
    assert!(done.into_inner() > 500);
}

/// What the user wrote is there, where it was.
fn survive(
    given: &Given,
    before: &Value,
    after: &Value,
    template: &str,
) -> Result<(), TestCaseError> {
    let (mut before, mut after) = (before.clone(), after.clone());
    let (own, all) =
        (spec_of(&mut before, template).clone(), spec_of(&mut after, template).clone());
    for list in lists() {
        let (own, all) = (elements(&own, &list), elements(&all, &list));
        for (index, element) in own.iter().enumerate() {
            let defaulted =
                element["tolerationSeconds"] == 300 && given.tolerate.contains("not-ready");
            prop_assert!(defaulted || all.get(index) == Some(element), "{} of {list}", element);
        }
    }
    let terms = format!("/affinity/nodeAffinity/{REQUIRED}/nodeSelectorTerms");
    for term in elements(&all, &terms) {
        // Each is one of the user's, with more requirements.
        let extends = |own: &Value| {
            ["matchExpressions", "matchFields"].iter().all(|kind| {
                elements(own, &format!("/{kind}"))
                    .iter()
                    .all(|one| elements(&term, &format!("/{kind}")).contains(one))
            })
        };
        let own = elements(&own, &terms);
        prop_assert!(own.is_empty() || own.iter().any(extends), "{term} is nobody's");
    }
    let near = elements(&all, &format!("/affinity/podAffinity/{REQUIRED}"));
    let written = elements(&own, &format!("/affinity/podAffinity/{REQUIRED}")).len();
    if near.len() > written.max(1) {
        let bare = |term: &Value| {
            let mut term = term.clone();
            term.as_object_mut().unwrap().remove("topologyKey");
            term.to_string()
        };
        let levels: BTreeSet<String> =
            near.iter().map(|term| term["topologyKey"].to_string()).collect();
        // In the tests' words equivalent selectors are `app=db` in two ways.
        let kinds: BTreeSet<String> = near.iter().map(bare).collect();
        prop_assert!(kinds.len() == 1, "second term: {:?}", near);
        prop_assert!(levels.len() == near.len() || written > 1, "{:?}", near);
    }
    // Nothing else changed.
    for key in ["affinity", "tolerations", "topologySpreadConstraints"] {
        for value in [&mut before, &mut after] {
            spec_of(value, template).as_object_mut().unwrap().remove(key);
        }
    }
    for value in [&mut before, &mut after] {
        let annotations = value.pointer_mut(&format!("{template}/metadata/annotations")).unwrap();
        annotations.as_object_mut().unwrap().remove("placecard.dev/applied");
    }
    prop_assert_eq!(before, after);
    Ok(())
}

/// What another webhook does to a pod.
#[derive(Clone, Debug)]
struct Meddling {
    reverses: bool,
    adds: bool,
    /// Takes away one of ours, if there is one: this one, counted round.
    removes: Option<usize>,
}

fn meddling() -> impl Strategy<Value = Meddling> {
    (any::<bool>(), any::<bool>(), prop::option::of(0_usize..20))
        .prop_map(|(reverses, adds, removes)| Meddling { reverses, adds, removes })
}

fn meddle(spec: &mut Value) {
    let mut push = |list: &str, element: Value| {
        let mut at = &mut *spec;
        for key in list.split('/').skip(1) {
            at = &mut at[key];
        }
        match at {
            Value::Array(elements) => elements.push(element),
            slot => *slot = json!([element]),
        }
    };
    push("/tolerations", json!({"key": "zz", "operator": "Exists"}));
    let term = json!({"labelSelector": {"matchLabels": {"zz": "1"}}, "topologyKey": "zz"});
    push(&format!("/affinity/podAntiAffinity/{REQUIRED}"), term);
    push(
        "/topologySpreadConstraints",
        json!({"maxSkew": 1, "topologyKey": "zz", "whenUnsatisfiable": "ScheduleAnyway",
               "labelSelector": {"matchLabels": {"zz": "1"}}}),
    );
    push(
        "/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution",
        json!({"weight": 1, "preference": {"matchExpressions": [{"key": "zz", "operator": "Exists"}]}}),
    );
}

/// The elements of all lists, whatever their order.
fn bag(spec: &Value) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for list in lists() {
        all.extend(elements(spec, &list).into_iter().map(|mut element| {
            sort(&mut element);
            format!("{list}: {element}")
        }));
    }
    all.sort();
    all
}

fn sort(value: &mut Value) {
    match value {
        Value::Array(elements) => {
            elements.iter_mut().for_each(sort);
            elements.sort_by_key(Value::to_string);
        }
        Value::Object(fields) => fields.values_mut().for_each(sort),
        _ => {}
    }
}

const PODS: [&str; 4] = ["pod of a Deployment", "pod of a StatefulSet", "pod of a Job", "pod"];

#[test]
fn another_webhook_in_between_costs_nothing_but_what_it_removed() {
    let (kept, restored, spared) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    crate::run(2000, &(given(&PODS, sentence(), true), meddling()), |(given, meddling)| {
        let Some((mut value, first, _)) = expanded(&given) else { return Ok(()) };
        let own = bag(spec_of(&mut value, ""));
        let mut meddled = first.value.clone();
        if meddling.reverses {
            // The order of tolerations means something where they last.
            let tolerations = meddled["spec"]["tolerations"].clone();
            reverse(&mut meddled["spec"]);
            if !tolerations.is_null() {
                meddled["spec"]["tolerations"] = tolerations;
            }
        }
        if meddling.adds {
            meddle(&mut meddled["spec"]);
        }
        let mut removed = None;
        if let Some(place) = meddling.removes {
            let mut ours: Vec<(String, usize)> = Vec::new();
            for list in lists() {
                for (index, element) in elements(&meddled["spec"], &list).into_iter().enumerate() {
                    let mut element = element;
                    sort(&mut element);
                    let text = format!("{list}: {element}");
                    if !own.contains(&text) && !text.contains("zz") {
                        ours.push((list.clone(), index));
                    }
                }
            }
            if let Some((list, index)) = ours.get(place % ours.len().max(1)) {
                let list = meddled["spec"].pointer_mut(list).unwrap().as_array_mut().unwrap();
                removed = Some(list.remove(*index));
            }
        }
        let labels = meddled["metadata"]["labels"].clone();
        merge_keys(&mut meddled["spec"], &labels);
        let again = apply(&meddled);
        let (before, after) = (bag(&meddled["spec"]), bag(&again.value["spec"]));
        let new: Vec<&String> = after.iter().filter(|one| !before.contains(one)).collect();
        match removed {
            None => {
                kept.fetch_add(1, Ordering::Relaxed);
                prop_assert_eq!(again.operations, 0, "{:?}", new);
            }
            Some(mut removed) => {
                sort(&mut removed);
                match new.as_slice() {
                    // What remains says it too.
                    [] => spared.fetch_add(1, Ordering::Relaxed),
                    [one] => {
                        prop_assert!(
                            one.ends_with(&removed.to_string()),
                            "{} for {}",
                            one,
                            removed
                        );
                        restored.fetch_add(1, Ordering::Relaxed)
                    }
                    _ => return Err(TestCaseError::fail(format!("{removed} became {new:#?}"))),
                };
            }
        }
        Ok(())
    });
    let [kept, restored, spared] = [kept, restored, spared].map(AtomicUsize::into_inner);
    println!("{kept} kept, {restored} restored, {spared} of no use");
    assert!(kept > 400 && restored > 300 && spared < restored / 5);
}

#[test]
fn pods_of_an_expanded_template_need_nothing_more() {
    let done = AtomicUsize::new(0);
    let deployments = given(&["expanded Deployment"], sentence(), true);
    crate::run(700, &deployments, |given| {
        let Some((_, first, template)) = expanded(&given) else { return Ok(()) };
        done.fetch_add(1, Ordering::Relaxed);
        let made = first.value.pointer(template).unwrap();
        let (mut pod, _) = crate::shop::object(
            "pod of a Deployment",
            &made["metadata"]["annotations"],
            &made["spec"],
        );
        let fresh = apply(&pod);
        prop_assert_eq!(fresh.operations, 0, "{:?}", crate::notation::lines(&fresh.value["spec"]));
        let labels = pod["metadata"]["labels"].clone();
        merge_keys(&mut pod["spec"], &labels);
        let stored = apply(&pod);
        prop_assert_eq!(
            stored.operations,
            0,
            "{:?}",
            crate::notation::lines(&stored.value["spec"])
        );
        Ok(())
    });
    assert!(done.into_inner() > 200);
}

#[test]
fn a_patch_leaves_fields_alone_that_it_does_not_know() {
    crate::run(200, &given(&KINDS, sentence(), true), |given| {
        let (mut value, template) = given.object();
        let mark = json!({"mark": [1, {"deep": null}]});
        value["unknown"] = mark.clone();
        let spec = spec_of(&mut value, template);
        spec["unknown"] = mark.clone();
        spec["containers"] = json!([{"name": "main", "image": "x"}]);
        if spec.get("affinity").is_some() {
            spec["affinity"]["unknown"] = mark.clone();
        }
        let mut outcome = apply(&value);
        prop_assert_eq!(&outcome.value["unknown"], &mark);
        let had_affinity = spec_of(&mut value, template).get("affinity").is_some();
        let spec = spec_of(&mut outcome.value, template);
        prop_assert_eq!(&spec["unknown"], &mark);
        prop_assert_eq!(&spec["containers"][0]["image"], "x");
        prop_assert!(!had_affinity || spec["affinity"]["unknown"] == mark);
        Ok(())
    });
}
