//! Fields that become sentences mean what they meant, and most of what sentences become can be said
//! again.

use std::sync::atomic::{AtomicUsize, Ordering};

use placecard_feasibility::placement::{Cluster, feasible};
use placecard_policies::adopt::{Adoption, Allow, adopt};
use placecard_policies::findings::{FieldPath, Segment, Severity};
use placecard_policies::object::PodSpec;
use placecard_policies::read;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};

use crate::given::{apply, given, spec_of};
use crate::reading::form;
use crate::say::sentence;
use crate::shop;
use crate::world::{cluster, scheduled, written};

const KINDS: [&str; 4] = ["Deployment", "StatefulSet", "Job", "pod"];

/// What the changes are applied with here is not what they were judged with.
fn with_edits(value: &Value, adoption: &Adoption) -> Value {
    fn at<'a>(value: &'a mut Value, path: &FieldPath) -> &'a mut Value {
        path.0.iter().fold(value, |at, segment| match segment {
            Segment::Key(key) => {
                if at.is_null() {
                    *at = Value::Object(Map::new());
                }
                &mut at[key.as_str()]
            }
            Segment::Index(index) => &mut at[*index],
        })
    }
    let mut value = value.clone();
    for (path, new) in &adoption.edits {
        match (new, path.0.last()) {
            (Some(new), _) => *at(&mut value, path) = new.clone(),
            (None, Some(Segment::Key(key))) => {
                at(&mut value, &path.parent()).as_object_mut().unwrap().remove(key.as_str());
            }
            (None, _) => panic!("{path} is no field"),
        }
    }
    value
}

/// The placement fields of the pods in the end.
fn spec(value: &Value) -> PodSpec {
    let outcome = apply(value);
    match outcome.review.expansions.first() {
        Some(expansion) => expansion.spec.clone(),
        None => outcome.object.templates[0].spec.clone(),
    }
}

fn weights(spec: &PodSpec) -> Vec<i32> {
    let affinity = spec.affinity.clone().unwrap_or_default();
    let nodes = affinity
        .node_affinity
        .and_then(|nodes| nodes.preferred_during_scheduling_ignored_during_execution);
    let mut weights: Vec<i32> = nodes.iter().flatten().map(|term| term.weight).collect();
    let near = affinity
        .pod_affinity
        .and_then(|pods| pods.preferred_during_scheduling_ignored_during_execution);
    let apart = affinity
        .pod_anti_affinity
        .and_then(|pods| pods.preferred_during_scheduling_ignored_during_execution);
    weights.extend(near.iter().flatten().map(|term| term.weight));
    weights.extend(apart.iter().flatten().map(|term| -term.weight));
    weights.sort_unstable();
    weights
}

/// Adopts what can be, and holds the result to what was.
fn held(
    kind: &str,
    value: &Value,
    allow: Allow,
    cluster: &Cluster,
) -> Result<Adoption, TestCaseError> {
    let surroundings = shop::surroundings(34);
    let Some(adoption) = adopt(value, &surroundings, allow).pop() else {
        return Ok(Adoption::default());
    };
    let (_, labels) = form(kind);
    let new = with_edits(value, &adoption);
    let (old, new_spec) = (spec(value), spec(&new));
    prop_assert_eq!(
        feasible(&scheduled(&old, &labels), cluster),
        feasible(&scheduled(&new_spec, &labels), cluster),
        "{:#?}",
        &adoption
    );
    prop_assert_eq!(weights(&old), weights(&new_spec), "{:#?}", &adoption);
    if !allow.default_spread {
        prop_assert_eq!(old.spread.len(), new_spec.spread.len());
    }
    // There is nothing more to be said the second time.
    let again = adopt(&new, &surroundings, allow).pop().unwrap_or_default();
    prop_assert_eq!(again.adopted, Vec::new(), "{:#?}\n{:#}", &adoption, new);
    Ok(adoption)
}

#[test]
fn what_is_adopted_fits_the_same_nodes_as_before() {
    let (adopted, kept) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let given = (select(&KINDS[..]), written(), cluster(), any::<bool>());
    crate::run(800, &given, |(kind, fields, cluster, default_spread)| {
        let (value, _) = shop::object(kind, &serde_json::json!({}), &fields);
        let adoption = held(kind, &value, Allow { default_spread }, &cluster)?;
        adopted.fetch_add(adoption.adopted.len(), Ordering::Relaxed);
        kept.fetch_add(adoption.kept.len(), Ordering::Relaxed);
        Ok(())
    });
    let (adopted, kept) = (adopted.into_inner(), kept.into_inner());
    println!("{adopted} adopted, {kept} kept");
    assert!(adopted > 500 && kept > 100, "{adopted} adopted, {kept} kept");
}

#[test]
fn what_sentences_become_can_be_said_again() {
    let (adopted, kept) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let given = (given(&KINDS, sentence(), true), cluster());
    crate::run(800, &given, |(mut given, cluster)| {
        given.fields = serde_json::json!({});
        let (value, template) = given.object();
        let outcome = apply(&value);
        let clean = outcome.review.findings.iter().all(|one| one.severity != Severity::Error)
            && outcome.review.expansions.iter().all(|one| one.complete);
        if !clean {
            return Ok(());
        }
        // The fields alone, as if somebody had written them.
        let mut native = outcome.value;
        let fields = spec_of(&mut native, template).clone();
        let (bare, _) = shop::object(given.kind, &serde_json::json!({}), &fields);
        let object = read::object(&bare, &shop::surroundings(34).words);
        prop_assert!(object.is_ok());
        let adoption = held(given.kind, &bare, Allow::default(), &cluster)?;
        adopted.fetch_add(adoption.adopted.len(), Ordering::Relaxed);
        kept.fetch_add(adoption.kept.len(), Ordering::Relaxed);
        Ok(())
    });
    let (adopted, kept) = (adopted.into_inner(), kept.into_inner());
    println!("{adopted} adopted, {kept} kept");
    assert!(adopted > 3 * kept && adopted > 300, "{adopted} adopted, {kept} kept");
}
