//! The weights of the preferred node terms that a node matches.
//!
//! Semantics: `pkg/scheduler/framework/plugins/nodeaffinity`.

use crate::filter::cycle::Host;
use crate::inventory::pod::{Pod, Weighted};
use crate::node_terms::{NodeFacts, NodeTerm, requirement_flaw, term_matches};
use crate::score::{Points, scaled};

/// Can a preference not be read? Then the scheduler scores nothing at all.
#[must_use]
pub fn is_unreadable(pod: &Pod) -> bool {
    let counts = |one: &&Weighted<NodeTerm>| one.weight != 0;
    let mut terms = pod.preferred_nodes.iter().filter(counts).map(|one| &one.term);
    terms.any(|term| term.requirements().any(|(field, one)| requirement_flaw(field, one).is_some()))
}

/// The points of each node; `None` if neither the pod nor the scheduler (`added`) prefers any.
#[must_use]
pub fn score(pod: &Pod, added: &[Weighted<NodeTerm>], feasible: &[&Host<'_>]) -> Points {
    if pod.preferred_nodes.is_empty() && added.is_empty() {
        return None;
    }
    let sum = |host: &&Host<'_>| {
        let facts = NodeFacts { name: &host.node.name, labels: &host.node.labels };
        let preferred = pod.preferred_nodes.iter().chain(added);
        let met = preferred.filter(|one| term_matches(&one.term, facts));
        met.map(|one| i64::from(one.weight)).sum()
    };
    Some(scaled(feasible.iter().map(sum).collect(), false))
}
