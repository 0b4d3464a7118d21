//! The recorded cases that refuted a bound as it was first stated, by the names of their groups.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use placecard_feasibility::bounds::{Bound, By, bounds, full};
use placecard_feasibility::certificate::{Axiom, Manifest};
use placecard_policies::bounds::manifest_of;
use placecard_policies::read;
use placecard_policies::review::review;
use placecard_policies::surroundings::Surroundings;
use serde_json::{Value, json};

use crate::instance::ZONE;

/// The cases of a group, by role.
fn group(name: &str) -> BTreeMap<String, Value> {
    let path = "../tests/data/oracle/counterexamples.jsonl.gz";
    let file = File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the cases");
    let lines = BufReader::new(GzDecoder::new(file)).lines().map(|line| line.expect("text"));
    let cases = lines.map(|line| serde_json::from_str::<Value>(&line).expect("JSON"));
    let cases = cases.filter(|case| case["pair"] == name);
    let found: BTreeMap<String, Value> =
        cases.map(|case| (case["role"].as_str().expect("a role").to_owned(), case)).collect();
    assert!(!found.is_empty(), "no group {name}");
    found
}

/// A Deployment whose pods are the incoming pod of the case.
fn deployment(case: &Value, replicas: u64) -> Value {
    let mut template = json!({"metadata": case["pod"]["metadata"], "spec": case["pod"]["spec"]});
    let labels = template["metadata"]["labels"].as_object_mut().expect("labels");
    labels.remove("pod-template-hash");
    let labels = labels.clone();
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "w", "namespace": case["pod"]["metadata"]["namespace"]},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}})
}

fn bounds_of(deployment: &Value) -> (Manifest, Vec<Bound>) {
    let surroundings = Surroundings::default();
    let object = read::object(deployment, &surroundings.words).expect("a Deployment");
    let (manifest, demands) = manifest_of(&object, &surroundings).expect("replicas");
    let found = bounds(&manifest, &demands);
    (manifest, found)
}

fn is_placed(case: &Value) -> bool {
    !case["verdict"]["feasible"].as_array().expect("a list").is_empty()
}

/// The only bound on the pod of a case, with what its certificate takes for granted.
fn only(case: &Value) -> (Bound, Vec<Axiom>) {
    let (manifest, found) = bounds_of(&deployment(case, 2));
    let [bound] = found.as_slice() else { panic!("{found:?}") };
    let certificate = bound.certificate(&manifest, Vec::new());
    (bound.clone(), certificate.assume.into_iter().collect())
}

/// Groups of two cases: a second replica is placed only because a node that runs the first one
/// was given another label or a taint, and the certificate says that it takes this for granted.
#[test]
fn what_breaks_a_bound_is_stated_in_its_certificate() {
    for (name, axiom) in [
        ("S1-relabel", Axiom::NoRelabelling),
        ("S2-relabel", Axiom::NoRelabelling),
        ("S2-taint", Axiom::NoNewTaint),
        ("I4-relabel", Axiom::NoRelabelling),
    ] {
        let group = group(name);
        let (before, after) = (&group["before"], &group["after"]);
        assert!(!is_placed(before) && is_placed(after), "{name}");
        let (bound, assumed) = only(before);
        assert_eq!(bound.most, 1, "{name}");
        assert!(assumed.contains(&axiom), "{name}: {assumed:?}");
    }
}

/// S2-terminating: replicas that are being deleted do not count.
#[test]
fn a_spread_bound_counts_no_replica_that_is_being_deleted() {
    let group = group("S2-terminating");
    assert!(!is_placed(&group["running"]) && is_placed(&group["terminating"]));
    let (bound, _) = only(&group["running"]);
    assert!(matches!(bound.by, By::Spread { .. }) && bound.most == 1);
}

/// S2-empty-selector and S3-no-self-loop: there is no bound at all.
#[test]
fn what_counts_no_replica_bounds_none() {
    for name in ["S2-empty-selector", "S3-no-self-loop"] {
        for (role, case) in group(name) {
            assert!(is_placed(&case), "{name} {role}");
            assert_eq!(bounds_of(&deployment(&case, 9)).1, [], "{name} {role}");
        }
    }
}

/// S6-fix-first-rollout and S6-maxUnavailable, with the three zones of the cases as the only ones.
#[test]
fn an_update_is_stuck_where_the_first_new_pod_finds_no_place() {
    let zones = json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["za", "zb", "zc"]}]}]}});
    let full_of = |case: &Value, strategy: &Value| {
        let mut value = deployment(case, 3);
        value["spec"]["template"]["spec"]["affinity"]["nodeAffinity"] = zones.clone();
        value["spec"]["strategy"] = strategy.clone();
        let (manifest, found) = bounds_of(&value);
        (full(&found, &manifest).is_some(), value)
    };
    let fix = group("S6-fix-first-rollout");
    let without = &fix["surge-without"];
    assert!(!is_placed(without));
    let (stuck, value) = full_of(without, &json!(null));
    assert!(stuck);
    // The update that brings the label key is stuck as well, and the way out says so.
    assert!(!is_placed(&fix["surge-that-adds-the-fix"]) && is_placed(&fix["next-rollout"]));
    assert!(!full_of(&fix["next-rollout"], &json!(null)).0);
    let surroundings = Surroundings::default();
    let object = read::object(&value, &surroundings.words).expect("a Deployment");
    let findings = review(&object, &surroundings).findings;
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding.code.as_str(), "rollout-needs-spare-domain");
    let [first, later] = finding.help.as_slice() else { panic!("{:?}", finding.help) };
    assert!(first.text.contains("maxUnavailable: 1"), "{}", first.text);
    assert!(later.text.contains("after the next"), "{}", later.text);

    let gone = group("S6-maxUnavailable");
    assert!(!is_placed(&gone["old-still-terminating"]) && is_placed(&gone["old-gone"]));
    let one = json!({"rollingUpdate": {"maxUnavailable": 1}});
    assert!(!full_of(&gone["old-gone"], &one).0);
    assert!(full_of(&gone["old-gone"], &json!(null)).0);
}
