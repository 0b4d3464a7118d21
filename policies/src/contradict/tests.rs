//! Every contradiction of a rule page and of the linter's examples has a certificate that verifies.

use std::collections::BTreeSet;

use placecard_feasibility::any_cluster::Part;
use placecard_feasibility::certificate::{Argument, Axiom, Certificate, verify, verify_pod};
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::verdict::{Logic, Proof};
use placecard_findings::{Code, Evidence, Finding, ObjectRef, Scope, Severity, Verdict};
use serde_json::{Value, json};

use super::proof::{pod_of, semantics};
use super::{by_kubelets as written_by_kubelets, clash_with, is_free, nodes};
use crate::admission::{Door, Ground, Operation, answer};
use crate::bounds::{manifest_of, with_subject};
use crate::certificate::{from_json, to_json};
use crate::object::Object;
use crate::review::{Review, references, review};
use crate::surroundings::{Answer, Reference, Surroundings};
use crate::{read, rules};

const ZONE: &str = "topology.kubernetes.io/zone";
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

fn deployment(rules: &str, spec: &Value) -> Value {
    let annotations = match rules {
        "" => json!({}),
        _ => json!({"placecard.dev/require": rules}),
    };
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"},
                "annotations": annotations}, "spec": spec}}})
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

/// Too many replicas for the domains that there are.
fn crowded() -> Vec<(&'static str, Value)> {
    vec![
        ("more replicas than zones", {
            deployment("on zone/a or zone/b\napart-from self in zone across revisions", &json!({}))
        }),
        ("more domains asked for than there are", {
            let mut spec = terms(&json!([{"matchExpressions": [zone("In", &["a", "b"])]}]));
            let spread = json!([{"topologyKey": ZONE, "maxSkew": 1, "minDomains": 3,
                "whenUnsatisfiable": "DoNotSchedule", "labelSelector": app("web")}]);
            spec["topologySpreadConstraints"] = spread;
            deployment("", &spec)
        }),
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

fn parts(certificate: &Certificate) -> Vec<Part> {
    match &certificate.argument {
        Argument::AnyCluster(contradiction) => contradiction.parts.clone(),
        _ => Vec::new(),
    }
}

#[test]
fn every_contradiction_has_a_certificate_that_verifies() {
    for (name, value) in contradictory().into_iter().chain(crowded()) {
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
                other.pod.spread.clear();
                assert!(verify(certificate, &other).is_err(), "{name}");
            }
            for spare in parts(certificate) {
                let mut less = certificate.clone();
                if let Argument::AnyCluster(contradiction) = &mut less.argument {
                    contradiction.parts.retain(|part| *part != spare);
                }
                let checked = verify_pod(&less, &pod, &[], semantics());
                assert!(checked.is_err(), "{name}: without {spare:?}");
            }
            let mut less = certificate.clone();
            less.assume.clear();
            assert!(verify_pod(&less, &pod, &[], semantics()).is_err(), "{name}");
        }
    }
}

/// Verdicts about all clusters that rest on other objects: they are told and never deny.
const NEVER_DENY: &[Code] = &[rules::SINGLE_WRITER_VOLUME_SHARED, rules::HPA_MAX_EXCEEDS_DOMAINS];

#[test]
fn every_code_that_can_deny_by_proof_is_in_the_table() {
    let objects: Vec<_> = contradictory().into_iter().chain(crowded()).collect();
    let reviews: Vec<Review> = objects.iter().map(|(_, value)| reviewed(value).2).collect();
    let denying = |one: &&Finding| matches!(Ground::of(one), Some(Ground::Proof(_)));
    let found = reviews.iter().flat_map(contradictions).filter(denying);
    let found: BTreeSet<Code> = found.map(|finding| finding.code).collect();
    let meant = |rule: &&rules::Rule| {
        matches!(rule.verdict, Verdict::Contradictory | Verdict::ContradictoryGroup)
            && !NEVER_DENY.contains(&rule.code)
    };
    let all: BTreeSet<Code> = rules::RULES.iter().filter(meant).map(|rule| rule.code).collect();
    assert_eq!(found, all);
}

/// A node that is named is not looked for, and what another scheduler makes of pods near and apart
/// is not known; but a kubelet holds to node affinity in any case.
#[test]
fn only_kube_scheduler_is_held_to_rules_about_pods() {
    let by_kubelet = [
        "selector and field",
        "two rules and terms",
        "terms alone",
        "empty term",
        "empty term and a rule",
        "name and rule",
        "bound name",
        "two rules",
        "two rules, not on",
        "three rules",
        "rule and terms",
        "selector and rule",
    ];
    for (name, value) in contradictory().into_iter().chain(crowded()) {
        let rules = value.pointer("/spec/template/metadata/annotations/placecard.dev~1require");
        let about_pods = ["near", "apart", "spread"];
        if rules.is_some_and(|rules| about_pods.iter().any(|word| rules.to_string().contains(word)))
        {
            continue; // Such a rule on a pod with a named node is refused for itself.
        }
        for (field, text) in [("nodeName", "n1"), ("schedulerName", "volcano")] {
            let mut value = value.clone();
            let spec = value.pointer_mut("/spec/template/spec").unwrap();
            spec.as_object_mut().unwrap().entry(field).or_insert_with(|| json!(text));
            let (object, _, review) = reviewed(&value);
            let denial = answer(Door::Validate, Operation::Create, (&object, &review), None).denial;
            assert_eq!(denial.is_some(), by_kubelet.contains(&name), "{name}, {field}: {denial:?}");
            assert_eq!(contradictions(&review).is_empty(), denial.is_none(), "{name}, {field}");
        }
    }
}

#[test]
fn an_object_of_no_namespace_may_be_applied_where_its_terms_look() {
    let mut data = near(ZONE, &app("db"));
    data["namespaces"] = json!(["data"]);
    let own = near(ZONE, &app("db"));
    for (near, apart, by_namespace) in [
        (json!([own, data]), json!([]), true),
        (json!([data]), json!([data]), true),
        (json!([own]), json!([own]), false),
    ] {
        let mut value = deployment("", &pods(&near, &apart));
        assert!(!contradictions(&reviewed(&value).2).is_empty(), "{near} {apart}");
        value["metadata"].as_object_mut().unwrap().remove("namespace");
        let found = contradictions(&reviewed(&value).2).len();
        assert_eq!(found == 0, by_namespace, "{near} {apart}");
    }
}

#[test]
fn one_replica_is_told_and_does_not_deny_while_an_autoscaler_sets_their_number() {
    let own = near(ZONE, &app("web"));
    let value = deployment("", &pods(&json!([own]), &json!([own])));
    let (object, mut surroundings, _) = reviewed(&value);
    let autoscaler = ObjectRef {
        kind: "HorizontalPodAutoscaler".to_owned(),
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
        ..ObjectRef::default()
    };
    let asked = references(&object, &surroundings);
    let reference = asked.into_iter().find(|one| matches!(one, Reference::Autoscaler { .. }));
    let known = Answer::Autoscaler { object: Box::new(autoscaler), least: 1, most: 3 };
    surroundings.objects.insert(reference.unwrap(), known);
    let review = review(&object, &surroundings);
    let [finding] = contradictions(&review)[..] else { panic!("{:?}", review.findings) };
    assert_eq!(finding.holds.scope, Scope::Objects);
    assert_eq!(finding.holds.text, "while HorizontalPodAutoscaler shop/web scales it");
    let certificate = finding.evidence.as_ref().and_then(Evidence::certificate).unwrap();
    assert!(certificate.assume.contains(&Axiom::OtherObjects));
    assert_eq!(Ground::of(finding), None);
    let admitted = answer(Door::Validate, Operation::Create, (&object, &review), None);
    assert_eq!(admitted.denial, None);
    assert_eq!(admitted.warnings.len(), 1);
}

/// Rules, fields, message and help of what rests on kubelets.
fn by_kubelets() -> Vec<(Value, &'static str, &'static str)> {
    let arch = json!({"nodeSelector": {"kubernetes.io/arch": "x86_64"}});
    let terms = terms(&json!([
        {"matchExpressions": [{"key": "kubernetes.io/os", "operator": "In", "values": ["darwin"]}]},
        {"matchExpressions": [{"key": "kubernetes.io/arch", "operator": "DoesNotExist"}]},
    ]));
    let none = json!({});
    vec![
        (
            deployment("", &arch),
            "no node can have kubernetes.io/arch=x86_64, if a kubelet labels it",
            "write kubernetes.io/arch=amd64",
        ),
        (
            deployment("on nodes(kubernetes.io/os=Linux)", &none),
            "no node can have kubernetes.io/os=Linux, if a kubelet labels it",
            "write kubernetes.io/os=linux",
        ),
        (
            deployment("on nodes(!kubernetes.io/hostname)", &none),
            "no node can lack label kubernetes.io/hostname, if a kubelet labels it",
            "every kubelet writes this label",
        ),
        (
            deployment("on nodes(kubernetes.io/os=plan9)", &none),
            "no node can have kubernetes.io/os=plan9, if a kubelet labels it",
            "a kubelet writes linux or windows",
        ),
        (
            deployment(
                "not-on nodes(kubernetes.io/os=linux)\nnot-on nodes(kubernetes.io/os=windows)",
                &none,
            ),
            "no node can have kubernetes.io/os other than linux and kubernetes.io/os other \
             than windows, if a kubelet labels it",
            "keep one of the two",
        ),
        (
            deployment("", &terms),
            "no node can meet these 2 demands at once, if a kubelet labels it",
            "drop one of the requirements",
        ),
    ]
}

#[test]
fn what_rests_on_kubelets_is_a_warning_that_says_so() {
    for (value, message, help) in by_kubelets() {
        let (object, surroundings, review) = reviewed(&value);
        let [finding] = contradictions(&review)[..] else { panic!("{:?}", review.findings) };
        let said = (finding.message.as_str(), finding.help[0].text.as_str());
        assert_eq!(said, (message, help));
        let holds = (finding.holds.scope, finding.holds.proof, finding.holds.text.as_str());
        assert_eq!(holds, (Scope::Assumption, false, "if a kubelet labels each node"));
        assert_eq!(finding.severity, Severity::Warning, "{message}");
        let certificate = finding.evidence.as_ref().and_then(Evidence::certificate).unwrap();
        let assumed: Vec<Axiom> = certificate.assume.iter().copied().collect();
        assert_eq!(assumed, [Axiom::LabelSyntax, Axiom::KubeletLabels], "{message}");
        let pod = pod_of(&object, &surroundings, false).unwrap();
        assert_eq!(verify_pod(certificate, &pod, &[], semantics()), Ok(()), "{message}");
        let wire = to_json(finding.verdict.as_str(), certificate);
        let (_, read) = from_json(&wire).unwrap();
        assert_eq!(verify_pod(&read, &pod, &[], semantics()), Ok(()), "{message}");
        for pointer in &certificate.core {
            assert!(value.pointer(pointer).is_some(), "{message}: {pointer}");
        }
        // It could not deny if it were an error either.
        let mut error = finding.clone();
        error.severity = Severity::Error;
        assert_eq!(Ground::of(&error), None);
        let admitted = answer(Door::Validate, Operation::Create, (&object, &review), None);
        assert_eq!((admitted.denial, admitted.warnings.len()), (None, 1), "{message}");
    }
}

#[test]
fn what_rests_on_kubelets_hides_no_proof() {
    let on = "on nodes(kubernetes.io/os=Linux)";
    let clash = deployment(&format!("{on}\non zone/a\non zone/b"), &json!({}));
    let crowd = format!("{on}\non zone/a\napart-from self in zone across revisions");
    for value in [clash, deployment(&crowd, &json!({}))] {
        let (object, _, review) = reviewed(&value);
        let [finding] = contradictions(&review)[..] else { panic!("{:?}", review.findings) };
        assert!(finding.holds.proof);
        let asked = (&object, &review);
        assert!(answer(Door::Validate, Operation::Create, asked, None).denial.is_some());
    }
}

/// Each two of these, of one term and of two, beside selectors.
#[test]
fn what_is_in_nobodys_way_clashes_with_nothing() {
    let (os, arch, host) = ("kubernetes.io/os", "kubernetes.io/arch", "kubernetes.io/hostname");
    let requirements: [(&str, &str, &[&str]); 16] = [
        (os, "In", &["linux"]),
        (os, "In", &["linux", "windows", "darwin"]),
        (os, "In", &["Linux"]),
        (os, "In", &[]),
        (os, "NotIn", &["linux"]),
        (os, "NotIn", &["linux", "windows"]),
        (os, "Exists", &[]),
        (os, "DoesNotExist", &[]),
        (arch, "In", &["amd64", "x86_64"]),
        (arch, "In", &["x86_64"]),
        (arch, "Gt", &["385"]),
        (arch, "Gt", &["386"]),
        (host, "In", &["n1"]),
        (host, "NotIn", &["n1"]),
        (host, "DoesNotExist", &[]),
        ("disk", "NotIn", &["linux"]),
    ];
    let requirements = requirements.map(|(key, operator, values)| match values {
        [] => json!({"key": key, "operator": operator}),
        values => json!({"key": key, "operator": operator, "values": values}),
    });
    let surroundings = Surroundings::default();
    let (mut free, mut clashes) = (0, 0);
    let mut look = |both: &Value, selected: Option<&str>| {
        let mut spec = terms(both);
        if let Some(selected) = selected {
            spec["nodeSelector"] = json!({os: selected});
        }
        let object = read::object(&deployment("", &spec), &surroundings.words).unwrap();
        let found = with_subject(&object, &surroundings, |subject| {
            let written = written_by_kubelets(subject.demands);
            let is_free = written.iter().all(|(_, one)| is_free(subject.demands, one));
            // What no node can meet is told without kubelets.
            nodes(subject).is_none().then(|| (is_free, clash_with(subject, written).is_some()))
        });
        if let Some(Some((is_free, clash))) = found {
            assert!(!(is_free && clash), "{spec}");
            free += usize::from(is_free);
            clashes += usize::from(clash);
        }
    };
    for one in &requirements {
        for other in &requirements {
            for selected in [None, Some("linux"), Some("darwin")] {
                look(&json!([{"matchExpressions": [one, other]}]), selected);
                let either = json!([{"matchExpressions": [one]}, {"matchExpressions": [other]}]);
                look(&either, selected);
            }
        }
    }
    assert!(free > 100 && clashes > 100, "{free} {clashes}");
}

#[test]
fn a_certificate_or_a_refused_rule_denies_and_nothing_else() {
    for (name, value) in contradictory().into_iter().chain(crowded()) {
        let (object, _, review) = reviewed(&value);
        let asked = (&object, &review);
        let denial = answer(Door::Validate, Operation::Create, asked, None).denial;
        let denial = denial.unwrap_or_else(|| panic!("{name}: it is admitted"));
        let grounds = denial.grounds();
        let proved = grounds.iter().all(|one| matches!(one, Ground::Proof(_)));
        assert_eq!(proved, name != "rules about two targets", "{name}: {grounds:?}");
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
