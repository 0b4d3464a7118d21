//! `nodeSelector` and required node affinity.
//!
//! Semantics: `pkg/scheduler/framework/plugins/nodeaffinity`.

use std::collections::BTreeSet;

use crate::filter::reason::Reason;
use crate::filter::{Rejection, Stage, Verdict};
use crate::inventory::node::Node;
use crate::inventory::pod::{Pod, PodSpec};
use crate::node_terms::{NAME_FIELD, NodeFacts, NodeSet, NodeTerm, accepts, term_matches};
use crate::requirement::Operator;

/// The names that the terms allow, if each of them names nodes.
pub type Names = Option<BTreeSet<String>>;

/// Looks for the names of nodes among the terms.
#[must_use]
pub fn pre_filter(pod: &Pod) -> Stage<Names> {
    let Some(terms) = &pod.node_affinity else {
        return if pod.node_selector.is_empty() { Stage::Skip } else { Stage::Ready(None) };
    };
    let mut names: Names = None;
    for term in terms {
        let Some(more) = names_of(term) else {
            return Stage::Ready(None);
        };
        names.get_or_insert_default().extend(more);
    }
    match names {
        Some(names) if names.is_empty() => {
            Stage::Rejected(Rejection::unresolvable(Reason::NameConflict))
        }
        names => Stage::Ready(names),
    }
}

/// The names that all `In` requirements of the term on `metadata.name` share; `None` without any.
fn names_of(term: &NodeTerm) -> Names {
    let mut names: Names = None;
    let on_names = |one: &&crate::requirement::Requirement| {
        one.key == NAME_FIELD && one.operator == Operator::In
    };
    for requirement in term.fields.iter().filter(on_names) {
        let values: BTreeSet<String> = requirement.values.iter().cloned().collect();
        names = Some(match names {
            None => values,
            Some(known) => known.intersection(&values).cloned().collect(),
        });
    }
    names
}

/// Do the node rules of the pod admit the node?
#[must_use]
pub fn admits(pod: &PodSpec, node: &Node) -> bool {
    let facts = NodeFacts { name: &node.name, labels: &node.labels };
    accepts(&pod.node_selector, &pod.node_affinity, facts)
}

/// Judges one node by the affinity that the scheduler adds to every pod (`addedAffinity`).
///
/// # Errors
///
/// The rejection.
pub fn filter_added(added: &NodeSet, node: &Node) -> Verdict {
    let facts = NodeFacts { name: &node.name, labels: &node.labels };
    if added.as_ref().is_none_or(|terms| terms.iter().any(|term| term_matches(term, facts))) {
        return Ok(());
    }
    Err(Rejection::unresolvable(Reason::AddedNodeAffinity))
}

/// Judges one node.
///
/// # Errors
///
/// The rejection.
pub fn filter(pod: &PodSpec, node: &Node) -> Verdict {
    if admits(pod, node) {
        return Ok(());
    }
    Err(Rejection::unresolvable(Reason::NodeAffinity))
}
