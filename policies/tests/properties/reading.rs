//! The expanded pod may run exactly where a plain reading of the sentences and the hand-written
//! fields say so.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use placecard_feasibility::label::Labels;
use placecard_feasibility::node_terms::{NodeFacts, accepts};
use placecard_feasibility::placement::{Cluster, Pod, Reason, feasible, rejects};
use placecard_feasibility::tolerations::{Taint, tolerates};
use placecard_policies::findings::{Severity, Verdict};
use placecard_policies::object::PodSpec;
use placecard_policies::read;
use placecard_policies::review::review;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::say::{Own, Reader, Say, counting_sentence, near_sentence, node_sentence, sentence};
use crate::shop;
use crate::world::{cluster, complete, scheduled, written, written_near};

/// The kinds of objects: whom `self` means, and the labels that the pod carries in the end.
pub(crate) fn form(kind: &str) -> (Own, Labels) {
    const JOB: &str = "batch.kubernetes.io/controller-uid";
    let (own, more): (Own, &[(&str, &str)]) = match kind {
        "Deployment" | "pod of a Deployment" => (
            |labels| labels.get("app").is_some_and(|app| app == "web"),
            &[("pod-template-hash", "5d4")],
        ),
        "StatefulSet" | "pod of a StatefulSet" => {
            (|labels| labels.get("app").is_some_and(|app| app == "web"), &[])
        }
        "Job" | "pod of a Job" => (
            |labels| labels.get(JOB).is_some_and(|job| job == "u1"),
            &[(JOB, "u1"), ("batch.kubernetes.io/job-name", "web")],
        ),
        _ => (
            |labels| {
                labels.get("app").is_some_and(|app| app == "web")
                    && labels.get("tenant").is_some_and(|tenant| tenant == "t1")
            },
            &[],
        ),
    };
    let labels = [("app", "web"), ("tenant", "t1")].iter().chain(more);
    (own, labels.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}

pub(crate) const KINDS: [&str; 7] = [
    "Deployment",
    "pod of a Deployment",
    "StatefulSet",
    "pod of a StatefulSet",
    "Job",
    "pod of a Job",
    "pod",
];

pub(crate) fn text(says: &[Say]) -> String {
    says.iter().map(|say| say.text() + "\n").collect()
}

/// The nodes that sentences and hand-written fields allow, read plainly.
fn plain(
    says: &[Say],
    own: Own,
    written: &PodSpec,
    labels: &Labels,
    cluster: &Cluster,
) -> Vec<String> {
    let by_hand = scheduled(written, labels);
    let pods_only = Pod {
        spread: Vec::new(),
        tolerations: Vec::new(),
        node_affinity: None,
        node_selector: Labels::new(),
        ..by_hand.clone()
    };
    let admits = |node: &placecard_feasibility::placement::Node| {
        let facts = NodeFacts { name: &node.name, labels: &node.labels };
        accepts(&by_hand.node_selector, &by_hand.node_affinity, facts)
    };
    let taken = |taint: &Taint| {
        taint.effect == "PreferNoSchedule"
            || by_hand.tolerations.iter().any(|one| tolerates(one, taint))
    };
    let hard_keys = by_hand.spread.iter().map(|one| one.topology_key.clone()).collect();
    let reader =
        Reader { cluster, pod: &by_hand, own, says, admits: &admits, tolerates: &taken, hard_keys };
    let by_rules = cluster.nodes.iter().filter(|node| {
        let pods = rejects(&pods_only, node, cluster);
        let others = pods.iter().all(|reason| matches!(reason, Reason::Taint(_)));
        others && reader.allows(node)
    });
    by_rules.map(|node| node.name.clone()).collect()
}

static JUDGED: AtomicUsize = AtomicUsize::new(0);
static FEASIBLE: AtomicUsize = AtomicUsize::new(0);
static CONTRADICTORY: AtomicUsize = AtomicUsize::new(0);

fn levels_of_near(says: &[Say], written: &Value) -> usize {
    let said = says.iter().filter_map(|say| match say {
        Say::Near(rule) => Some(rule.level.1.to_owned()),
        _ => None,
    });
    let list = &written["affinity"]["podAffinity"][shop::REQUIRED];
    let by_hand = list.as_array().into_iter().flatten();
    let by_hand = by_hand.map(|term| term["topologyKey"].as_str().unwrap().to_owned());
    said.chain(by_hand).collect::<BTreeSet<_>>().len()
}

fn judge(kind: &str, says: &[Say], fields: &Value, cluster: &Cluster) -> Result<(), TestCaseError> {
    let (own, labels) = form(kind);
    let mut cluster = cluster.clone();
    if levels_of_near(says, fields) > 1 {
        // On nodes without one of the labels two levels do not start independently of one another.
        complete(&mut cluster);
    }
    let annotations = shop::annotations(&text(says), "", "");
    let (value, _) = shop::object(kind, &annotations, fields);
    let surroundings = shop::surroundings(34);
    let object = read::object(&value, &surroundings.words).unwrap();
    let review = review(&object, &surroundings);
    let expected = plain(says, own, &object.templates[0].spec, &labels, &cluster);
    let errors: Vec<_> =
        review.findings.iter().filter(|one| one.severity == Severity::Error).collect();
    // Two targets that exclude one another: plainly possible, but no field says it.
    let inexpressible = |code: &str| code == "pod-affinity-terms-no-common-pod";
    let impossible = errors
        .iter()
        .any(|one| one.verdict == Verdict::Contradictory && !inexpressible(one.code.as_str()));
    if impossible {
        CONTRADICTORY.fetch_add(1, Ordering::Relaxed);
        prop_assert!(expected.is_empty(), "contradictory, and yet {:?}\n{:?}", expected, errors);
    }
    if !errors.is_empty() {
        return Ok(());
    }
    let expansion = &review.expansions[0];
    let pod = scheduled(&expansion.spec, &labels);
    let found = feasible(&pod, &cluster);
    JUDGED.fetch_add(1, Ordering::Relaxed);
    FEASIBLE.fetch_add(usize::from(!found.is_empty()), Ordering::Relaxed);
    if found != expected {
        // Hand-written hard constraints are judged by the scheduler's model alone.
        let why: Vec<_> = cluster
            .nodes
            .iter()
            .map(|node| (node.name.clone(), rejects(&pod, node, &cluster)))
            .collect();
        let by_written_spread = |name: &String| {
            let index = |reason: &Reason| match reason {
                Reason::SpreadKey(index) | Reason::SpreadSkew(index) => Some(*index),
                _ => None,
            };
            let written = scheduled(&object.templates[0].spec, &labels).spread.len();
            let reasons = why.iter().find(|(one, _)| one == name).map(|(_, reasons)| reasons);
            reasons.is_some_and(|reasons| {
                reasons.iter().all(|reason| index(reason).is_some_and(|index| index < written))
            })
        };
        let unexplained = expected.iter().filter(|name| !found.contains(name));
        let wrong: Vec<_> = unexplained.filter(|name| !by_written_spread(name)).collect();
        let more: Vec<_> = found.iter().filter(|name| !expected.contains(name)).collect();
        prop_assert!(
            wrong.is_empty() && more.is_empty(),
            "refused in spite of the rules: {:?}\nadmitted in spite of them: {:?}\n{:#?}\n{:#?}",
            wrong,
            more,
            why,
            crate::notation::lines(&serde_json::json!({
                "affinity": expansion.spec.affinity, "tolerations": expansion.spec.tolerations,
                "topologySpreadConstraints": expansion.spec.spread})),
        );
    }
    Ok(())
}

#[test]
fn the_expanded_pod_runs_where_the_sentences_say() {
    let says = prop::collection::vec(sentence(), 1..4);
    let given = (select(&KINDS[..]), says, written(), cluster());
    crate::run(2500, &given, |(kind, says, fields, cluster)| judge(kind, &says, &fields, &cluster));
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    println!(
        "{} judged, {} of them feasible somewhere, {} contradictory",
        count(&JUDGED),
        count(&FEASIBLE),
        count(&CONTRADICTORY)
    );
    // Else the generators have gone astray.
    assert!(count(&JUDGED) > 1000 && count(&FEASIBLE) > 300 && count(&CONTRADICTORY) > 100);
}

#[test]
fn merged_near_rules_hold_one_by_one() {
    let says = prop::collection::vec(near_sentence(), 1..4);
    let fields = prop_oneof![2 => Just(serde_json::json!({})), 1 => written_near()];
    let given = (select(&KINDS[..]), says, fields, cluster());
    crate::run(2500, &given, |(kind, says, fields, cluster)| judge(kind, &says, &fields, &cluster));
}

#[test]
fn pods_are_counted_as_the_sentences_say() {
    let says = prop::collection::vec(counting_sentence(), 1..3);
    let given = (select(&KINDS[..]), says, cluster());
    crate::run(1500, &given, |(kind, says, cluster)| {
        judge(kind, &says, &serde_json::json!({}), &cluster)
    });
}

#[test]
fn merged_node_affinity_admits_what_both_admit() {
    let says = prop::collection::vec(node_sentence(), 1..5);
    let terms = prop_oneof![1 => Just(Value::Null), 5 => crate::world::written_terms()];
    crate::run(1000, &(says, terms, cluster()), |(says, terms, cluster)| {
        let mut fields = serde_json::json!({});
        if !terms.is_null() {
            fields["affinity"]["nodeAffinity"][shop::REQUIRED]["nodeSelectorTerms"] = terms;
        }
        judge("pod", &says, &fields, &cluster)
    });
}
