//! Preferred pod affinity and anti-affinity, in both directions.
//!
//! Semantics: `pkg/scheduler/framework/plugins/interpodaffinity/scoring.go`.

use std::collections::BTreeMap;

use crate::filter::cycle::{Cycle, Host};
use crate::filter::inter_pod_affinity::{IncomingTerm, existing_selects, incoming_term};
use crate::inventory::node::Node;
use crate::inventory::pod::{Pod, Weighted};
use crate::pod_affinity::AffinityTerm;
use crate::score::{MOST, Points};

/// The weights that were collected, by node label and value.
type Weights<'a> = BTreeMap<(&'a str, &'a str), i64>;

/// The points of each node; `None` if no term selects any pod, or if the profile ignores the
/// preferences of existing pods and the pod has none itself.
#[must_use]
pub fn score<'a>(cycle: &Cycle<'a>, feasible: &[&Host<'_>]) -> Points {
    let hard_weight = cycle.profile.hard_pod_affinity_weight;
    let resolve = |sign: i64, one: &'a Weighted<AffinityTerm>| {
        (sign * i64::from(one.weight), incoming_term(cycle, &one.term))
    };
    let drawn = cycle.pod.preferred_affinity.iter().map(|one| resolve(1, one));
    let repelled = cycle.pod.preferred_anti_affinity.iter().map(|one| resolve(-1, one));
    let ours: Vec<(i64, IncomingTerm<'_>)> = drawn.chain(repelled).collect();
    if ours.is_empty() && cycle.profile.ignore_preferred_terms_of_existing_pods {
        return None;
    }
    let namespace = cycle.namespace_labels(&cycle.pod.namespace);
    let mut weights = Weights::new();
    for host in &cycle.hosts {
        for other in &host.pods {
            for (weight, term) in ours.iter().filter(|(_, term)| term.selects(other)) {
                add(&mut weights, *weight, term.term(), host.node);
            }
            for (weight, term) in terms_of(other, hard_weight) {
                if existing_selects(term, other, cycle.pod, namespace) {
                    add(&mut weights, weight, term, host.node);
                }
            }
        }
    }
    if weights.is_empty() {
        return None;
    }
    let sum = |host: &&Host<'_>| {
        let labels = host.node.labels.iter();
        let found = labels.filter_map(|(key, value)| weights.get(&(key.as_str(), value.as_str())));
        found.fold(0, |sum: i64, weight| sum.saturating_add(*weight))
    };
    Some(normalised(&feasible.iter().map(sum).collect::<Vec<_>>()))
}

/// The terms of an existing pod, and what each counts.
fn terms_of(pod: &Pod, hard_weight: i64) -> impl Iterator<Item = (i64, &AffinityTerm)> {
    let hard = pod.affinity.iter().map(move |term| (hard_weight, term));
    let hard = hard.filter(|(weight, _)| *weight > 0);
    let drawn = pod.preferred_affinity.iter().map(|one| (i64::from(one.weight), &one.term));
    let repelled = pod.preferred_anti_affinity.iter();
    hard.chain(drawn).chain(repelled.map(|one| (-i64::from(one.weight), &one.term)))
}

fn add<'a>(weights: &mut Weights<'a>, weight: i64, term: &'a AffinityTerm, node: &'a Node) {
    if let Some(value) = node.labels.get(&term.topology_key) {
        let sum = weights.entry((&term.topology_key, value)).or_default();
        *sum = sum.saturating_add(weight);
    }
}

/// The node with the largest sum gets the most points, that with the smallest none.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "as the scheduler computes it"
)]
fn normalised(sums: &[i64]) -> Vec<i64> {
    let least = sums.iter().copied().min().unwrap_or(0);
    let range = sums.iter().copied().max().unwrap_or(0).saturating_sub(least);
    let one = |sum: &i64| {
        if range <= 0 {
            return 0;
        }
        (MOST as f64 * (sum.saturating_sub(least) as f64 / range as f64)) as i64
    };
    sums.iter().map(one).collect()
}
