//! Findings about the number of replicas, and what is not one.

use placecard_feasibility::certificate::verify;
use placecard_findings::{Finding, Scope, Severity, Verdict};
use serde_json::{Value, json};

use super::*;
use crate::admission::{Door, Operation, answer};
use crate::certificate::{from_json, to_json};
use crate::review::review;
use crate::{read, rules};

const ZONE: &str = "topology.kubernetes.io/zone";

/// A Deployment of three pods with these placement fields.
fn deployment(spec: &Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web", "version": "7"}}, "spec": spec}}})
}

/// Self anti-affinity over zones, with these changes to the term.
fn apart(changes: &Value) -> Value {
    let mut term = json!({"topologyKey": ZONE, "labelSelector": {"matchLabels": {"app": "web"}}});
    for (key, value) in changes.as_object().unwrap() {
        term[key] = value.clone();
    }
    json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}})
}

/// Required node affinity of these terms, each a list of `(key, operator, values)`.
fn nodes(terms: &[&[(&str, &str, &[&str])]]) -> Value {
    let expression = |(key, operator, values): &(&str, &str, &[&str])| {
        let mut one = json!({"key": key, "operator": operator});
        if !values.is_empty() {
            one["values"] = json!(values);
        }
        one
    };
    let term = |term: &&[(&str, &str, &[&str])]| json!({"matchExpressions": term.iter().map(expression).collect::<Vec<_>>()});
    let terms: Vec<Value> = terms.iter().map(term).collect();
    json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}})
}

fn spread(changes: &Value) -> Value {
    let mut one = json!({"topologyKey": ZONE, "maxSkew": 1, "minDomains": 3,
        "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "web"}}});
    for (key, value) in changes.as_object().unwrap() {
        one[key] = value.clone();
    }
    json!([one])
}

fn found(value: &Value, others: &[Value]) -> Vec<Finding> {
    let mut surroundings = Surroundings::default();
    for other in others {
        for (reference, answer) in read::answers(other, "") {
            surroundings.objects.insert(reference, answer);
        }
    }
    let object = read::object(value, &surroundings.words).unwrap();
    review(&object, &surroundings).findings
}

/// Severity, code and message of each finding but of those about risks.
fn said(value: &Value, others: &[Value]) -> Vec<String> {
    let line = |one: &Finding| format!("{}[{}]: {}", one.severity, one.code, one.message);
    let found = found(value, others);
    found.iter().filter(|one| one.verdict != Verdict::Risk).map(line).collect()
}

const TWO: &str = "error[anti-affinity-replicas-exceed-allowed]: \
                   3 replicas need 3 zones, 2 are allowed: 1 replica can never run";
const ONE: &str = "error[anti-affinity-replicas-exceed-allowed]: \
                   3 replicas need 3 zones, 1 is allowed: 2 replicas can never run";

#[test]
fn what_the_node_rules_leave_is_counted() {
    let zones: &[(&str, &str, &[&str])] = &[(ZONE, "In", &["a", "b"])];
    let ssd: &[(&str, &str, &[&str])] = &[(ZONE, "In", &["c"]), ("disk", "In", &["ssd"])];
    let table: [(&str, Value, &[&str]); 12] = [
        ("a list", nodes(&[zones]), &[TWO]),
        ("alternatives", nodes(&[&[(ZONE, "In", &["a"])], &[(ZONE, "In", &["b"])]]), &[TWO]),
        ("an alternative that can not be", nodes(&[zones, ssd]), &[TWO]),
        ("a dead term", nodes(&[zones, &[("cpu", "Gt", &["many"])], &[]]), &[TWO]),
        (
            "a list less some",
            nodes(&[&[(ZONE, "In", &["a", "b", "c"]), (ZONE, "NotIn", &["b", "c"])]]),
            &[ONE],
        ),
        ("numbers", nodes(&[&[(ZONE, "In", &["1", "02", "9"]), (ZONE, "Lt", &["3"])]]), &[TWO]),
        ("three of three", nodes(&[&[(ZONE, "In", &["a", "b", "c"])]]), &[FULL]),
        ("one without a list", nodes(&[zones, &[("disk", "Exists", &[])]]), &[]),
        ("all but some", nodes(&[&[(ZONE, "NotIn", &["a"])]]), &[]),
        ("nodes without the label", nodes(&[&[(ZONE, "DoesNotExist", &[])]]), &[]),
        ("another label", nodes(&[&[("rack", "In", &["a", "b"])]]), &[]),
        ("an operator of a newer server", nodes(&[zones, &[(ZONE, "Like", &["c"])]]), &[]),
    ];
    for (name, node_affinity, expected) in table {
        let mut affinity = apart(&json!({}));
        affinity["nodeAffinity"] = node_affinity;
        let spec = json!({"nodeSelector": {"disk": "hdd"}, "affinity": affinity});
        assert_eq!(said(&deployment(&spec), &[]), expected, "{name}");
    }
}

const FULL: &str = "error[rollout-needs-spare-domain]: \
                    no update can finish by itself: 3 replicas fill 3 zones, it needs a 4th";

#[test]
fn only_replicas_that_repel_one_another_for_certain_are_counted() {
    let table: [(Value, &[&str]); 15] = [
        (json!({}), &[ONE]),
        (json!({"labelSelector": {}}), &[ONE]),
        (
            json!({"labelSelector":
                {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}),
            &[ONE],
        ),
        (
            json!({"labelSelector": {"matchExpressions":
                [{"key": "tier", "operator": "NotIn", "values": ["front"]}]}}),
            &[ONE],
        ),
        (json!({"matchLabelKeys": ["pod-template-hash"]}), &[ONE]),
        (json!({"matchLabelKeys": ["app", "absent"]}), &[ONE]),
        (json!({"namespaceSelector": {}}), &[ONE]),
        (json!({"namespaces": ["shop"]}), &[ONE]),
        // Not, or not for certain, one another.
        (json!({"matchLabelKeys": ["apps.kubernetes.io/pod-index"]}), &[]),
        (json!({"mismatchLabelKeys": ["pod-template-hash"]}), &[]),
        (json!({"namespaces": ["other"]}), &[]),
        (json!({"namespaceSelector": {"matchLabels": {"team": "web"}}}), &[]),
        (json!({"labelSelector": null}), &[]),
        (json!({"labelSelector": {"matchLabels": {"app": "db"}}}), &[]),
        (
            json!({"labelSelector": {"matchExpressions":
                [{"key": "pod-template-hash", "operator": "DoesNotExist"}]}}),
            &[],
        ),
    ];
    for (changes, expected) in table {
        let spec = json!({"nodeSelector": {ZONE: "a"}, "affinity": apart(&changes)});
        assert_eq!(said(&deployment(&spec), &[]), expected, "{changes}");
    }
}

#[test]
fn a_spread_counts_if_it_never_finds_enough_domains() {
    let bound = |each: &str| {
        format!("error[spread-min-domains-unreachable]: 3 replicas need {each} can never run")
    };
    let one = bound("3 zones at 1 each, 1 is allowed: 2");
    let table: [(Value, Option<String>); 10] = [
        (json!({}), Some(one.clone())),
        (json!({"maxSkew": 2}), Some(bound("2 zones at 2 each, 1 is allowed: 1 replica"))),
        (json!({"maxSkew": 4}), None),
        (json!({"minDomains": 1}), None),
        (json!({"nodeAffinityPolicy": "Ignore"}), None),
        (json!({"nodeAffinityPolicy": "Ignore", "minDomains": i32::MAX}), Some(one.clone())),
        (json!({"nodeTaintsPolicy": "Honor"}), Some(one.clone())),
        (json!({"matchLabelKeys": ["pod-template-hash"]}), Some(one)),
        (json!({"labelSelector": {}}), None),
        (json!({"whenUnsatisfiable": "ScheduleAnyway", "minDomains": null}), None),
    ];
    for (changes, expected) in table {
        let constraints = spread(&changes);
        let spec = json!({"nodeSelector": {ZONE: "a"}, "topologySpreadConstraints": constraints});
        let expected: Vec<String> = expected.into_iter().collect();
        assert_eq!(said(&deployment(&spec), &[]), expected, "{changes}");
    }
}

#[test]
fn who_is_counted_and_who_is_not() {
    let spec = json!({"nodeSelector": {ZONE: "a"}, "affinity": apart(&json!({}))});
    let with = |edit: fn(&mut Value)| {
        let mut value = deployment(&spec);
        edit(&mut value);
        said(&value, &[])
    };
    assert_eq!(with(|_| {}), [ONE]);
    assert_eq!(with(|v| v["kind"] = json!("StatefulSet")), [ONE]);
    assert_eq!(with(|v| v["kind"] = json!("ReplicaSet")), [ONE]);
    let one = "error[rollout-needs-spare-domain]: \
               no update can finish by itself: 1 replica fills 1 zone, it needs a 2nd";
    assert_eq!(with(|v| v["spec"]["replicas"] = json!(null)), [one], "1 is the default");
    assert_eq!(with(|v| v["spec"]["replicas"] = json!(0)), [""; 0]);
    assert_eq!(with(|v| v["kind"] = json!("DaemonSet")), [""; 0]);
    assert_eq!(with(|v| v["spec"]["template"]["spec"]["nodeName"] = json!("n")), [""; 0]);
    assert_eq!(
        with(|v| v["spec"]["template"]["spec"]["schedulerName"] = json!("volcano")),
        [""; 0]
    );
    let job = |edit: fn(&mut Value)| {
        let mut value = deployment(&spec);
        value["apiVersion"] = json!("batch/v1");
        value["kind"] = json!("Job");
        edit(&mut value);
        said(&value, &[])
    };
    assert_eq!(job(|_| {}), [""; 0], "one pod at once is the default");
    let turns = "warning[anti-affinity-replicas-exceed-allowed]: \
                 3 pods at once need 3 zones, 1 is allowed: 1 runs at a time";
    assert_eq!(job(|v| v["spec"]["parallelism"] = json!(3)), [turns]);
    assert_eq!(
        job(|v| {
            v["spec"]["parallelism"] = json!(3);
            v["spec"]["completions"] = json!(1);
        }),
        [""; 0]
    );
}

#[test]
fn an_update_is_stuck_only_if_no_pod_may_go_first() {
    let spec = |term: &Value| {
        let mut affinity = apart(term);
        affinity["nodeAffinity"] = nodes(&[&[(ZONE, "In", &["a", "b", "c"])]]);
        json!({"affinity": affinity})
    };
    let stuck = |replicas: u64, strategy: Value, term: Value| {
        let mut value = deployment(&spec(&term));
        value["spec"]["replicas"] = json!(replicas);
        value["spec"]["strategy"] = strategy;
        let said = said(&value, &[]);
        assert!(said.len() < 2 && said.iter().all(|one| one.contains("rollout")), "{said:?}");
        !said.is_empty()
    };
    let rolling = |surge: Value, unavailable: Value| json!({"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}});
    assert!(stuck(3, json!(null), json!({})));
    assert!(stuck(3, json!({"type": "RollingUpdate"}), json!({})));
    assert!(stuck(3, rolling(json!("100%"), json!(0)), json!({})));
    assert!(stuck(3, rolling(json!(1), json!("33%")), json!({})), "rounded down");
    assert!(!stuck(3, rolling(json!(1), json!("34%")), json!({})));
    assert!(!stuck(3, rolling(json!(0), json!(0)), json!({})), "0 and 0 is taken as 1");
    assert!(!stuck(3, rolling(json!(0), json!("1%")), json!({})), "0 and 0 is taken as 1");
    assert!(!stuck(3, rolling(json!("x"), json!(0)), json!({})), "the API server refuses it");
    assert!(!stuck(3, json!("Recreate"), json!({})), "the API server refuses it");
    assert!(!stuck(3, json!({"type": "Recreate"}), json!({})));
    assert!(!stuck(2, json!(null), json!({})));
    // Room for one, though not for the two that it may make: one at a time goes on.
    assert!(!stuck(2, rolling(json!(2), json!(0)), json!({})));
    assert!(!stuck(3, json!(null), json!({"matchLabelKeys": ["pod-template-hash"]})));
    let versioned = json!({"labelSelector": {"matchLabels": {"app": "web", "version": "7"}}});
    assert!(!stuck(3, json!(null), versioned), "the next revision may have another version");
}

#[test]
fn what_other_objects_say_is_an_error_for_the_linter_and_no_refusal() {
    let claim = |mode: &str| {
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": "shop"}, "spec": {"accessModes": [mode]}})
    };
    let spec =
        json!({"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]});
    let value = deployment(&spec);
    let shared = "error[single-writer-volume-shared]: \
                  claim data is for one pod at a time: 2 of 3 can never run";
    assert_eq!(said(&value, &[claim("ReadWriteOncePod")]), [shared]);
    assert_eq!(said(&value, &[claim("ReadWriteOnce")]), [""; 0]);
    assert_eq!(said(&value, &[]), [""; 0]);
    let finding = found(&value, &[claim("ReadWriteOncePod")]).remove(0);
    assert_eq!((finding.holds.scope, finding.holds.proof), (Scope::Objects, false));

    let scaler = |least: u64, most: u64| {
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"},
                "minReplicas": least, "maxReplicas": most}})
    };
    let spec = json!({"affinity": apart(&json!({})), "nodeSelector": {ZONE: "a"}});
    let mut value = deployment(&spec);
    value["spec"]["strategy"] = json!({"type": "Recreate"});
    assert_eq!(said(&value, &[scaler(3, 9)]), [ONE]);
    let most = "warning[hpa-max-exceeds-domains]: \
                up to 9 replicas need 9 zones, 1 is allowed: 8 can never run";
    assert_eq!(said(&value, &[scaler(1, 9)]), [most]);
    assert_eq!(said(&value, &[scaler(1, 1)]), [""; 0], "whatever `replicas` says");
}

/// Whether the validating webhook refuses, and what it warns of.
fn webhook(
    operation: Operation,
    new: &Value,
    old: Option<&Value>,
    others: &[Value],
) -> (bool, usize) {
    let mut surroundings = Surroundings::default();
    for (reference, answer) in others.iter().flat_map(|other| read::answers(other, "")) {
        surroundings.objects.insert(reference, answer);
    }
    let reviewed = |value: &Value| {
        let object = read::object(value, &surroundings.words).unwrap();
        let review = review(&object, &surroundings);
        (object, review)
    };
    let (new, old) = (reviewed(new), old.map(reviewed));
    let old = old.as_ref().map(|(object, review)| (object, review));
    let answer = answer(Door::Validate, operation, (&new.0, &new.1), old);
    (answer.denial.is_some(), answer.warnings.len())
}

#[test]
fn the_webhook_refuses_what_is_proved_and_warns_of_the_rest() {
    let spec = json!({"nodeSelector": {ZONE: "a"}, "affinity": apart(&json!({}))});
    let too_many = deployment(&spec);
    let mut fine = too_many.clone();
    fine["spec"]["replicas"] = json!(1);
    fine["spec"]["strategy"] = json!({"type": "Recreate"});
    let mut scaled = fine.clone();
    scaled["spec"]["replicas"] = json!(3);
    assert_eq!(webhook(Operation::Create, &too_many, None, &[]), (true, 0));
    assert_eq!(webhook(Operation::Update, &too_many, Some(&fine), &[]), (true, 0), "spec change");
    assert_eq!(webhook(Operation::Update, &scaled, Some(&fine), &[]), (false, 1), "only scaled");
    let mut labelled = too_many.clone();
    labelled["spec"]["template"]["metadata"]["labels"]["more"] = json!("x");
    assert!(!webhook(Operation::Update, &labelled, Some(&too_many), &[]).0, "it was so before");
    let mut stuck = fine.clone();
    stuck["spec"]["strategy"] = json!(null);
    assert_eq!(webhook(Operation::Create, &stuck, None, &[]), (false, 1), "it runs");
    assert_eq!(
        webhook(Operation::Update, &stuck, Some(&fine), &[]),
        (false, 1),
        "and now is stuck"
    );
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "shop"},
        "spec": {"accessModes": ["ReadWriteOncePod"]}});
    let spec = json!({"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]});
    let sharing = deployment(&spec);
    assert_eq!(webhook(Operation::Create, &sharing, None, &[claim]), (false, 1));
}

#[test]
fn the_same_is_said_of_a_rule_in_words() {
    let with = |rules: &str| {
        let mut value = deployment(&json!({}));
        value["spec"]["template"]["metadata"]["annotations"] =
            json!({"placecard.dev/require": rules});
        found(&value, &[])
    };
    let texts = |finding: &Finding| -> Vec<String> {
        finding.labels.iter().map(|label| format!("{} | {}", label.quote, label.text)).collect()
    };
    let zones = format!("on nodes({ZONE} in (a, b))");
    let finding = with(&format!("apart-from self in zone\n{zones}")).remove(0);
    assert_eq!(
        texts(&finding),
        [
            "apart-from self in zone | at most 1 replica in a zone",
            "(a, b) | only 2 zones",
            "3 | 3 wanted"
        ]
    );
    let finding = with(&format!("at-most 1 self in zone\n{zones}")).remove(0);
    assert_eq!(
        texts(&finding).first().map(String::as_str),
        Some("at-most 1 self in zone | at most 1 replica in a zone")
    );
    let finding = with("at-most 2 self in zone\non zone/a").remove(0);
    assert_eq!(finding.code, rules::SPREAD_MIN_DOMAINS_UNREACHABLE);
    assert_eq!(
        texts(&finding),
        [
            "at-most 2 self in zone | at most 2 replicas in a zone",
            "on zone/a | only 1 zone",
            "3 | 3 wanted"
        ]
    );
    let finding =
        with("apart-from self in zone across revisions\non zone/a or zone/b or zone/c").remove(0);
    assert_eq!(
        (finding.code, finding.verdict),
        (rules::ROLLOUT_NEEDS_SPARE_DOMAIN, Verdict::ContradictoryUpdate)
    );
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(
        with("near self in zone; apart-from self in zone; on zone/a").len(),
        1,
        "one mistake, one code"
    );
}

/// All that may keep replicas apart or together, in each combination, of few nodes.
#[test]
fn what_is_about_no_other_replicas_has_no_bound() {
    let own = json!({"matchLabels": {"app": "web"}});
    let term = |key: &str, selector: &Value| json!({"topologyKey": key, "labelSelector": selector});
    let required = |term: &Value| json!({"requiredDuringSchedulingIgnoredDuringExecution": [term]});
    let preferred = json!({"preferredDuringSchedulingIgnoredDuringExecution":
        [{"weight": 9, "podAffinityTerm": term(ZONE, &own)}]});
    let other = json!({"matchLabels": {"app": "db"}});
    let near =
        [json!({}), preferred.clone(), required(&term(ZONE, &own)), required(&term(ZONE, &other))];
    let apart = [json!({}), preferred, required(&term(ZONE, &own)), required(&term(ZONE, &other))];
    let spreads = [
        json!([]),
        spread(&json!({"whenUnsatisfiable": "ScheduleAnyway"})),
        spread(&json!({})),
        spread(&json!({"whenUnsatisfiable": "Someday"})),
    ];
    let claims = [
        json!([]),
        json!([{"name": "data",
        "persistentVolumeClaim": {"claimName": "data"}}]),
    ];
    let rules = [
        "",
        "apart-from self in zone across revisions",
        "at-most 1 self in zone",
        "near self in zone",
        "spread over zone min-domains 3",
        "on zone/a",
    ];
    let once = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "shop"},
        "spec": {"accessModes": ["ReadWriteOncePod"]}});
    let mut surroundings = Surroundings::default();
    for (reference, answer) in read::answers(&once, "") {
        surroundings.objects.insert(reference, answer);
    }
    let (mut free, mut bound) = (0, 0);
    let mut look = |spec: &Value, rule: &str| {
        let mut value = deployment(spec);
        value["spec"]["template"]["metadata"]["annotations"] =
            json!({"placecard.dev/require": rule});
        let object = read::object(&value, &surroundings.words).unwrap();
        let (is_free, found) = with_subject(&object, &surroundings, |subject| {
            let (asked, _) = asked(subject).unwrap();
            let manifest = manifest(subject, asked.pods, update(&object, asked.pods));
            (is_free(subject.spec), bounds(&manifest, &subject.demands.demands))
        })
        .unwrap();
        assert!(!is_free || found.is_empty(), "{value}: {found:?}");
        free += usize::from(is_free);
        bound += usize::from(!found.is_empty());
    };
    for (near, apart) in near.iter().flat_map(|near| apart.iter().map(move |apart| (near, apart))) {
        for (spread, claims) in
            spreads.iter().flat_map(|one| claims.iter().map(move |claims| (one, claims)))
        {
            let affinity = json!({"podAffinity": near, "podAntiAffinity": apart});
            let spec = json!({"nodeSelector": {ZONE: "a"}, "affinity": affinity,
                "topologySpreadConstraints": spread, "volumes": claims});
            rules.iter().for_each(|rule| look(&spec, rule));
        }
    }
    assert!(free >= 16 && bound > 100, "{free} {bound}");
}

#[test]
fn the_certificate_of_a_finding_survives_its_wire_form_and_is_verified() {
    let spec = json!({"nodeSelector": {ZONE: "a"}, "affinity": apart(&json!({}))});
    let mut stuck = deployment(&spec);
    stuck["spec"]["replicas"] = json!(1);
    let constraints = spread(&json!({"nodeTaintsPolicy": "Honor"}));
    let spreading = json!({"nodeSelector": {ZONE: "a"}, "topologySpreadConstraints": constraints});
    for value in [deployment(&spec), stuck, deployment(&spreading)] {
        let finding = found(&value, &[]).remove(0);
        let evidence = finding.evidence.unwrap();
        let wire = to_json(finding.verdict.as_str(), evidence.certificate().unwrap());
        let (verdict, certificate) = from_json(&wire).unwrap();
        assert_eq!(Some(&certificate), evidence.certificate());
        assert_eq!(to_json(&verdict, &certificate), wire);
        let surroundings = Surroundings::default();
        let object = read::object(&value, &surroundings.words).unwrap();
        let (manifest, _) = manifest_of(&object, &surroundings).unwrap();
        assert_eq!(verify(&certificate, &manifest), Ok(()), "{wire}");
        for pointer in &certificate.core {
            assert!(value.pointer(pointer).is_some(), "{pointer}");
        }
        for (field, wrong) in [
            ("v", json!(2)),
            ("assume", json!(["A7"])),
            ("proof", json!({"kind": "guess"})),
            ("core", json!([1])),
            ("more", json!(1)),
        ] {
            let mut wire = wire.clone();
            wire[field] = wrong;
            assert_eq!(from_json(&wire), None, "{field}");
        }
    }
}
