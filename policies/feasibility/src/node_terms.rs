//! Node selector terms: evaluation, products, negation and disjoint forms.
//!
//! Semantics: `k8s.io/component-helpers/scheduling/corev1/nodeaffinity`. A node set is a
//! disjunction of terms, a term a conjunction of requirements; a term that is empty or that holds
//! a requirement with a flaw matches no node.

use crate::label::Labels;
use crate::requirement::Requirement;

/// One term: all of its requirements must hold; none at all matches no node.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeTerm {
    /// `matchExpressions`: requirements on labels.
    pub expressions: Vec<Requirement>,
    /// `matchFields`: requirements on `metadata.name`, `In` or `NotIn` with exactly one value.
    pub fields: Vec<Requirement>,
}

/// The nodes that a pod's required node affinity admits: `None` all, `Some` those that match one
/// of the terms (so `Some(vec![])` none).
pub type NodeSet = Option<Vec<NodeTerm>>;

/// What a node selector term sees of a node.
#[derive(Clone, Copy, Debug)]
pub struct NodeFacts<'a> {
    /// `metadata.name`.
    pub name: &'a str,
    /// `metadata.labels`.
    pub labels: &'a Labels,
}

/// Why a set of nodes cannot be written as node selector terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inexpressible {
    /// It takes more terms than allowed.
    TooMany {
        /// The largest number of terms allowed.
        limit: usize,
    },
    /// The requirement cannot be read, so its negation is not known.
    NoNegation(Requirement),
}

/// What is true when a requirement is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Negation {
    /// The negation holds on every node: the requirement never does.
    Always,
    /// One of these holds; no two of them at once.
    Alternatives(Vec<Requirement>),
    /// The requirement cannot be read.
    Unknown,
}

/// Does the node match the term?
#[must_use]
pub fn term_matches(_term: &NodeTerm, _node: NodeFacts<'_>) -> bool {
    false
}

/// Do the pod's `nodeSelector` and required node affinity admit the node?
#[must_use]
pub fn accepts(_selector: &Labels, _set: &NodeSet, _node: NodeFacts<'_>) -> bool {
    false
}

/// True if the term matches no node because it is empty or holds a requirement that is not opaque
/// and cannot be read.
#[must_use]
pub fn is_dead(_term: &NodeTerm) -> bool {
    false
}

/// False only if no node can match the term.
#[must_use]
pub fn is_possible(_term: &NodeTerm) -> bool {
    true
}

/// The terms that accept a node exactly when `theirs` and `ours` both do. The result may be empty
/// (no node), which the API refuses to store.
///
/// # Errors
///
/// [`Inexpressible::TooMany`] if it takes more than `limit` terms.
pub fn conjoin(
    theirs: &[NodeTerm],
    _ours: &[NodeTerm],
    _limit: usize,
) -> Result<Vec<NodeTerm>, Inexpressible> {
    Ok(theirs.to_vec())
}

/// What is true when the requirement is not (`field`: it stands among `matchFields`).
#[must_use]
pub fn negate(_requirement: &Requirement) -> Negation {
    Negation::Unknown
}

/// The nodes that match none of the terms (De Morgan): `None` all nodes.
///
/// # Errors
///
/// [`Inexpressible`] if it takes more than `limit` terms or a requirement cannot be read.
pub fn negate_terms(_terms: &[NodeTerm], _limit: usize) -> Result<NodeSet, Inexpressible> {
    Ok(None)
}

/// Terms of which no two match the same node, and that together match the nodes that the
/// alternatives match: for preferred terms, whose weights add up.
///
/// # Errors
///
/// [`Inexpressible`] if it takes more than `limit` terms or a requirement cannot be read.
pub fn disjoint(alternatives: &[NodeTerm], _limit: usize) -> Result<Vec<NodeTerm>, Inexpressible> {
    Ok(alternatives.to_vec())
}
