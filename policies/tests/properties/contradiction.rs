//! A pod is called contradictory for its node labels exactly if no node could be there for it.

use std::sync::atomic::{AtomicUsize, Ordering};

use placecard_feasibility::label::Labels;
use placecard_feasibility::node_terms::{NodeFacts, accepts};
use placecard_feasibility::placement::{Cluster, Node};
use placecard_policies::findings::{Severity, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::given::apply;
use crate::reading::{form, text};
use crate::say::{RACK, Reader, ZONE, node_sentence};
use crate::shop::{self, REQUIRED};
use crate::world::{scheduled, written_terms};

/// Every node that the tests' words tell from others.
fn universe() -> Vec<Node> {
    let choices: [(&str, &[&str]); 5] = [
        (ZONE.1, &["a", "b", "z", "other"]),
        (RACK.1, &["r", "other"]),
        ("accelerator", &["h100", "a100", "old", "other"]),
        ("cores", &["7", "8", "9", "31", "32", "64", "many"]),
        ("spot", &["yes"]),
    ];
    let mut all = vec![Labels::new()];
    for (key, values) in choices {
        let with = all.iter().flat_map(|labels| {
            values.iter().map(move |value| {
                let mut labels = labels.clone();
                labels.insert(key.to_owned(), (*value).to_owned());
                labels
            })
        });
        let with: Vec<Labels> = with.collect();
        all.extend(with);
    }
    let named = |name: &str, labels: &Labels| Node {
        name: name.to_owned(),
        labels: labels.clone(),
        taints: Vec::new(),
    };
    all.iter().flat_map(|labels| ["n0", "n1", "n2"].map(|name| named(name, labels))).collect()
}

#[test]
fn contradictory_if_and_only_if_no_node_will_do() {
    let universe = universe();
    let (dead, alive) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let says = prop::collection::vec(node_sentence(), 1..5);
    let terms = prop_oneof![1 => Just(Value::Null), 2 => written_terms()];
    crate::run(250, &(says, terms, prop::bool::weighted(0.3)), |(says, terms, selects)| {
        let mut fields = json!({});
        if !terms.is_null() {
            fields["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"] = terms;
        }
        if selects {
            fields["nodeSelector"] = json!({"accelerator": "h100"});
        }
        let (value, _) = shop::object("pod", &shop::annotations(&text(&says), "", ""), &fields);
        let outcome = apply(&value);
        let contradictory =
            outcome.review.findings.iter().any(|one| {
                one.verdict == Verdict::Contradictory && one.severity == Severity::Error
            });
        if outcome.review.findings.iter().any(|one| one.verdict == Verdict::NotExpressible) {
            return Ok(());
        }
        let (own, labels) = form("pod");
        let pod = scheduled(&outcome.template().spec, &labels);
        let expanded = scheduled(&outcome.review.expansions[0].spec, &labels);
        let admits = |node: &Node| {
            let facts = NodeFacts { name: &node.name, labels: &node.labels };
            accepts(&pod.node_selector, &pod.node_affinity, facts)
        };
        let cluster = Cluster::default();
        let reader = Reader {
            cluster: &cluster,
            pod: &pod,
            own,
            says: &says,
            admits: &admits,
            tolerates: &|_| true,
            hard_keys: Vec::new(),
        };
        let witness = universe.iter().find(|node| reader.node_rules(node));
        prop_assert_eq!(contradictory, witness.is_none(), "{:?}", witness);
        if let Some(node) = witness {
            alive.fetch_add(1, Ordering::Relaxed);
            let facts = NodeFacts { name: &node.name, labels: &node.labels };
            prop_assert!(accepts(&expanded.node_selector, &expanded.node_affinity, facts));
        } else {
            dead.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    });
    assert!(dead.into_inner() > 50 && alive.into_inner() > 50);
}
