//! Every contradiction of a rule page and of the linter's examples has a certificate that verifies.

use placecard_feasibility::certificate::{Axiom, verify, verify_pod};
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::verdict::{Logic, Proof};
use placecard_findings::{Evidence, Finding, Scope, Severity, Verdict};
use serde_json::{Value, json};

use super::proof::{pod_of, semantics};
use crate::admission::{Door, Ground, Operation, answer};
use crate::bounds::manifest_of;
use crate::certificate::{from_json, to_json};
use crate::object::Object;
use crate::review::{Review, review};
use crate::surroundings::Surroundings;
use crate::{read, rules};

const ZONE: &str = "topology.kubernetes.io/zone";
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

fn deployment(rules: &str, spec: &Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"},
                "annotations": {"placecard.dev/require": rules}}, "spec": spec}}})
}

fn reviewed(value: &Value) -> (Object, Surroundings, Review) {
    let surroundings = Surroundings::default();
    let object = read::object(value, &surroundings.words).unwrap();
    let review = review(&object, &surroundings);
    (object, surroundings, review)
}

fn near(key: &str, selector: &Value) -> Value {
    json!({"topologyKey": key, "labelSelector": selector})
}

fn app(name: &str) -> Value {
    json!({"matchLabels": {"app": name}})
}

fn pods(near: &Value, apart: &Value) -> Value {
    json!({"affinity": {"podAffinity": {REQUIRED: near}, "podAntiAffinity": {REQUIRED: apart}}})
}

fn terms(terms: &Value) -> Value {
    json!({"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}}})
}

fn zone(operator: &str, values: &[&str]) -> Value {
    json!({"key": ZONE, "operator": operator, "values": values})
}

/// One object for every way to contradict oneself: those of the pages, and some more.
fn contradictory() -> Vec<(&'static str, Value)> {
    let in_a = json!({"nodeSelector": {ZONE: "a"}});
    let none = json!({});
    let two = json!([{"matchExpressions": [zone("In", &["a"])]},
                     {"matchExpressions": [zone("In", &["b"]), {"key": "gpu", "operator": "Exists"}]}]);
    let gone = json!([{"matchExpressions": [zone("In", &["b"]), zone("NotIn", &["b"])]}]);
    let dead = json!({"matchLabels": {"app": "a"},
        "matchExpressions": [{"key": "app", "operator": "In", "values": ["b"]}]});
    let spread = json!([{"topologyKey": ZONE, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": app("web")}]);
    let host = "kubernetes.io/hostname";
    let mut alone = near(ZONE, &app("db"));
    alone.as_object_mut().unwrap().remove("labelSelector");
    let mut elsewhere = near(ZONE, &app("db"));
    elsewhere["namespaces"] = json!(["data"]);
    let lacks = format!("on nodes(!{ZONE})");
    vec![
        ("selector and rule", deployment("on zone/b", &in_a)),
        ("selector and field", {
            let mut spec = terms(&json!([{"matchExpressions": [zone("In", &["b"])]}]));
            spec["nodeSelector"] = in_a["nodeSelector"].clone();
            deployment("", &spec)
        }),
        ("two rules", deployment("on zone/a\non zone/b", &none)),
        ("two rules, not on", deployment("on zone/a or zone/b\nnot-on zone/a or zone/b", &none)),
        ("three rules", {
            let rules =
                format!("on nodes({ZONE} in (a, b))\non nodes({ZONE} in (b, c))\nnot-on zone/b");
            deployment(&rules, &none)
        }),
        ("rule and terms", deployment("on zone/c", &terms(&two))),
        ("two rules and terms", deployment("on zone/b\non nodes(!gpu)", &terms(&two))),
        ("terms alone", deployment("", &terms(&gone))),
        ("empty term", deployment("", &terms(&json!([{}])))),
        ("empty term and a rule", deployment("on zone/a", &terms(&json!([{}])))),
        ("name and rule", deployment("on node/n1\non node/n2", &none)),
        ("bound name", deployment("on node/n2", &json!({"nodeName": "n1"}))),
        ("topology key", {
            deployment(&lacks, &pods(&json!([near(ZONE, &app("db"))]), &json!([])))
        }),
        ("spread key", deployment(&lacks, &json!({"topologySpreadConstraints": spread}))),
        ("spread rule", deployment(&format!("{lacks}\nspread over zone"), &none)),
        ("no selector", deployment("", &pods(&json!([alone]), &json!([])))),
        ("dead selector", deployment("", &pods(&json!([near(ZONE, &dead)]), &json!([])))),
        ("two targets", {
            let terms =
                json!([near(host, &app("x")), near(host, &app("db")), near(host, &app("x"))]);
            deployment("", &pods(&terms, &json!([])))
        }),
        ("two namespaces", {
            deployment("", &pods(&json!([near(ZONE, &app("db")), elsewhere]), &json!([])))
        }),
        ("companions repelled", {
            let apart = json!([near(host, &app("x")), near(ZONE, &app("db"))]);
            deployment("", &pods(&json!([near(ZONE, &app("db"))]), &apart))
        }),
        ("rules about pods", {
            deployment("near pods(app=db) in zone\napart-from pods(app=db) in zone", &none)
        }),
        ("one replica", {
            let own = near(ZONE, &app("web"));
            deployment("", &pods(&json!([own]), &json!([own])))
        }),
        ("one replica by rules", {
            deployment("near self in zone\napart-from self in zone across revisions", &none)
        }),
        ("rules about two targets", deployment("near pods(app=x)\nnear pods(app=db)", &none)),
    ]
}

/// The findings that have no certificate, and why.
const WITHOUT: &[&str] = &[
    // The terms are never written beside one another.
    "rules about two targets",
];

fn contradictions(review: &Review) -> Vec<&Finding> {
    let meant = |one: &&Finding| {
        matches!(one.verdict, Verdict::Contradictory | Verdict::ContradictoryGroup)
    };
    review.findings.iter().filter(meant).collect()
}

#[test]
fn every_contradiction_has_a_certificate_that_verifies() {
    for (name, value) in contradictory() {
        let (object, surroundings, review) = reviewed(&value);
        let found = contradictions(&review);
        assert!(!found.is_empty(), "{name}: {:?}", review.findings);
        for finding in found {
            let certificate = finding.evidence.as_ref().and_then(Evidence::certificate);
            let Some(certificate) = certificate else {
                assert!(WITHOUT.contains(&name), "{name}: {finding:?}");
                assert!(!finding.holds.proof, "{name}");
                continue;
            };
            assert!(!WITHOUT.contains(&name), "{name}");
            assert!(finding.holds.proof, "{name}");
            assert!(Proof::<Logic>::of(certificate.clone()).is_ok(), "{name}");
            let wire = to_json(finding.verdict.as_str(), certificate);
            let (verdict, read) = from_json(&wire).unwrap();
            assert_eq!(to_json(&verdict, &read), wire, "{name}");
            assert!(!certificate.core.is_empty(), "{name}");
            for pointer in &certificate.core {
                assert!(value.pointer(pointer).is_some(), "{name}: {pointer}");
            }
            let pod = pod_of(&object, &surroundings, false).unwrap();
            let other = Pod { namespace: pod.namespace.clone(), ..Pod::default() };
            if finding.verdict == Verdict::Contradictory {
                assert_eq!(verify_pod(certificate, &pod, &[], semantics()), Ok(()), "{name}");
                assert!(verify_pod(certificate, &other, &[], semantics()).is_err(), "{name}");
            } else {
                let (manifest, _) = manifest_of(&object, &surroundings).unwrap();
                assert_eq!(verify(certificate, &manifest), Ok(()), "{name}");
                let mut other = manifest.clone();
                other.pod.anti_affinity.clear();
                assert!(verify(certificate, &other).is_err(), "{name}");
            }
            let mut less = certificate.clone();
            less.assume.clear();
            assert!(verify_pod(&less, &pod, &[], semantics()).is_err(), "{name}");
        }
    }
}

#[test]
fn a_certificate_or_a_refused_rule_denies_and_nothing_else() {
    for (name, value) in contradictory() {
        let (object, _, review) = reviewed(&value);
        let asked = (&object, &review);
        let denial = answer(Door::Validate, Operation::Create, asked, None).denial;
        let denial = denial.unwrap_or_else(|| panic!("{name}: it is admitted"));
        let proofs = denial.grounds().iter().filter(|one| matches!(one, Ground::Proof(_))).count();
        assert_eq!(proofs > 0, name != "rules about two targets", "{name}");
        let mut bare = review.clone();
        bare.findings.retain(|one| one.evidence.is_some());
        for finding in &mut bare.findings {
            finding.evidence = None;
        }
        let admitted = answer(Door::Validate, Operation::Create, (&object, &bare), None);
        assert_eq!(admitted.denial, None, "{name}");
        assert!(!admitted.warnings.is_empty(), "{name}: it is still told");
    }
}

#[test]
fn a_clash_with_a_volume_that_a_rule_follows_is_told_and_does_not_deny() {
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "shop"}, "spec": {"volumeName": "pv-1"}});
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {"name": "pv-1"},
        "spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [
            {"matchExpressions": [zone("In", &["b"])]}]}}}});
    let value = deployment("on zone/a\non volume/data", &json!({}));
    let mut surroundings = Surroundings::default();
    for (reference, answer) in crate::claims::answers([claim, volume].iter(), "shop") {
        surroundings.objects.insert(reference, answer);
    }
    let object = read::object(&value, &surroundings.words).unwrap();
    let review = review(&object, &surroundings);
    let [finding] = contradictions(&review)[..] else { panic!("{:?}", review.findings) };
    assert_eq!((finding.severity, finding.holds.scope), (Severity::Error, Scope::Objects));
    assert_eq!(finding.code, rules::NODE_AFFINITY_UNSATISFIABLE);
    let certificate = finding.evidence.as_ref().and_then(Evidence::certificate).unwrap();
    assert!(certificate.assume.contains(&Axiom::OtherObjects));
    let pod = pod_of(&object, &surroundings, true).unwrap();
    assert_eq!(verify_pod(certificate, &pod, &[], semantics()), Ok(()));
    let without = pod_of(&object, &surroundings, false).unwrap();
    assert!(verify_pod(certificate, &without, &[], semantics()).is_err());
    let admitted = answer(Door::Validate, Operation::Create, (&object, &review), None);
    assert_eq!(admitted.denial, None);
    assert_eq!(admitted.warnings.len(), 1);
}
