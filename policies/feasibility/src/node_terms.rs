//! Node selector terms: evaluation, implication and products. Their negation and disjoint forms
//! are in `negation.rs` and exported from here.
//!
//! Semantics: `k8s.io/component-helpers/scheduling/corev1/nodeaffinity`. A node set is a
//! disjunction of terms, a term a conjunction of requirements; a term that is empty or that holds
//! a requirement with a flaw matches no node.

use std::collections::BTreeMap;

use crate::domain::Domain;
use crate::label::{Labels, is_node_name};
use crate::negation::tidy;
pub use crate::negation::{Negation, disjoint, negate, negate_terms};
use crate::requirement::{Flaw, Operator, Requirement, domain, flaw, is_opaque, matches};

/// The only field that `matchFields` can name.
pub const NAME_FIELD: &str = "metadata.name";

/// One term: all of its requirements must hold; none at all matches no node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

/// What a requirement of a term is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The node's name (`matchFields`).
    Name,
    /// The node label with this key.
    Label(String),
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

/// The most products that are looked at before a conjunction counts as too large, whatever the
/// limit on those that remain.
const MOST_PRODUCTS: usize = 100_000;

/// The most rules with alternatives that are multiplied: each can multiply the result, so more
/// hardly ever stay within a limit.
pub(crate) const MOST_COMPOUND: usize = 256;

impl NodeTerm {
    /// A term of requirements on labels.
    #[must_use]
    pub fn of(expressions: Vec<Requirement>) -> Self {
        Self { expressions, fields: Vec::new() }
    }

    /// The term that the node with this name alone matches.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { expressions: Vec::new(), fields: vec![Requirement::one_of(NAME_FIELD, &[name])] }
    }

    /// True without any requirement; such a term matches no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expressions.is_empty() && self.fields.is_empty()
    }

    /// All requirements; true for those among `matchFields`.
    pub fn requirements(&self) -> impl Iterator<Item = (bool, &Requirement)> {
        let labels = self.expressions.iter().map(|one| (false, one));
        labels.chain(self.fields.iter().map(|one| (true, one)))
    }

    /// Adds a requirement.
    pub(crate) fn push(&mut self, field: bool, requirement: Requirement) {
        if field { self.fields.push(requirement) } else { self.expressions.push(requirement) }
    }

    /// Does one of the requirements compare integers?
    pub(crate) fn has_comparison(&self) -> bool {
        self.expressions.iter().any(|one| one.operator.is_comparison())
    }
}

/// Why the scheduler cannot read a requirement; `field`: it stands among `matchFields`.
#[must_use]
pub fn requirement_flaw(field: bool, requirement: &Requirement) -> Option<Flaw> {
    if !field {
        return flaw(requirement);
    }
    if !matches!(requirement.operator, Operator::In | Operator::NotIn) {
        return Some(Flaw::Operator);
    }
    match requirement.values.as_slice() {
        _ if requirement.key != NAME_FIELD => Some(Flaw::Key),
        [name] if is_node_name(name) => None,
        [name] => Some(Flaw::Value(name.clone())),
        other => Some(Flaw::ValueCount(other.len())),
    }
}

/// What the requirement is about and which values it allows: all of them if it is opaque, none
/// if it has another flaw. A name is never absent.
#[must_use]
pub fn requirement_domain(field: bool, requirement: &Requirement) -> (Subject, Domain) {
    if !field {
        return (Subject::Label(requirement.key.clone()), domain(requirement));
    }
    let allowed = match requirement.operator {
        _ if is_opaque(requirement) => Domain::present(),
        _ if requirement_flaw(true, requirement).is_some() => Domain::nothing(),
        Operator::In => Domain::one_of_names(&requirement.values),
        _ => Domain::one_of_names(&requirement.values).complement().intersect(&Domain::present()),
    };
    (Subject::Name, allowed)
}

/// The allowed values of each subject that the term names. An empty term gives no domains, though
/// it matches no node.
#[must_use]
pub fn term_domains(term: &NodeTerm) -> BTreeMap<Subject, Domain> {
    let mut domains = BTreeMap::new();
    for (field, requirement) in term.requirements() {
        let (subject, allowed) = requirement_domain(field, requirement);
        let known = domains.entry(subject).or_insert_with(Domain::everything);
        known.restrict(&allowed);
    }
    domains
}

/// Does the node match the term?
#[must_use]
pub fn term_matches(term: &NodeTerm, node: NodeFacts<'_>) -> bool {
    let holds = |(field, requirement): (bool, &Requirement)| {
        if !field {
            return matches(requirement, node.labels);
        }
        requirement_flaw(true, requirement).is_none()
            && requirement.values.iter().any(|name| name == node.name)
                == (requirement.operator == Operator::In)
    };
    !term.is_empty() && term.requirements().all(holds)
}

/// Do the pod's `nodeSelector` and required node affinity admit the node?
#[must_use]
pub fn accepts(selector: &Labels, set: &NodeSet, node: NodeFacts<'_>) -> bool {
    selector.iter().all(|(key, value)| node.labels.get(key) == Some(value))
        && set.as_ref().is_none_or(|terms| terms.iter().any(|term| term_matches(term, node)))
}

/// True if the term matches no node because it is empty or holds a requirement that cannot be
/// read. Terms with an operator that is not known are not called dead: nothing is known of them.
#[must_use]
pub fn is_dead(term: &NodeTerm) -> bool {
    let unreadable = |(field, requirement): (bool, &Requirement)| {
        !is_opaque(requirement) && requirement_flaw(field, requirement).is_some()
    };
    term.is_empty() || term.requirements().any(unreadable)
}

/// False only if no node can match the term.
#[must_use]
pub fn is_possible(term: &NodeTerm) -> bool {
    !term.is_empty() && is_consistent(term)
}

/// As [`is_possible`], but an empty term is taken as "every node".
pub(crate) fn is_consistent(term: &NodeTerm) -> bool {
    !term_domains(term).values().any(Domain::is_empty)
}

/// True only if every node that matches `a` certainly matches `b`. An opaque requirement of `b`
/// counts as implied only if `a` has the same one.
#[must_use]
pub fn term_implies(a: &NodeTerm, b: &NodeTerm) -> bool {
    !is_possible(a) || (!is_dead(b) && consistent_implies(a, b))
}

/// As [`term_implies`] for a consistent `a`, but empty terms are taken as "every node".
pub(crate) fn consistent_implies(a: &NodeTerm, b: &NodeTerm) -> bool {
    let known = term_domains(a);
    b.requirements().all(|(field, requirement)| implied(a, &known, field, requirement))
}

/// Does a term with these domains imply the requirement?
fn implied(
    term: &NodeTerm,
    domains: &BTreeMap<Subject, Domain>,
    field: bool,
    requirement: &Requirement,
) -> bool {
    let same = |(known_field, known): (bool, &Requirement)| {
        known_field == field && known.same_as(requirement)
    };
    if is_opaque(requirement) || term.requirements().any(same) {
        return term.requirements().any(same);
    }
    let (subject, allowed) = requirement_domain(field, requirement);
    match domains.get(&subject) {
        Some(known) => known.is_subset(&allowed),
        None if field => Domain::present().is_subset(&allowed),
        None => Domain::everything().is_subset(&allowed),
    }
}

/// The conjunction of two terms, taken as "every node" if empty: the requirements of `a` as they
/// stand, then those of `b` that `a` does not imply.
pub(crate) fn product(a: &NodeTerm, b: &NodeTerm) -> NodeTerm {
    let known = term_domains(a);
    let mut result = a.clone();
    for (field, requirement) in b.requirements() {
        if !implied(a, &known, field, requirement) {
            result.push(field, requirement.clone());
        }
    }
    result
}

/// The terms that accept a node exactly when `theirs` and `ours` both do.
///
/// Terms of `theirs` that are dead stay as they are, where they stand: they match nothing, and a
/// requirement added to an empty one would make it match something. Products that no node can
/// match are dropped, repeated ones stand once. A term of `theirs` that implies one of `ours`
/// stays as it is, so conjoining twice changes nothing. The result may be empty (no node), which
/// the API refuses to store.
///
/// # Errors
///
/// [`Inexpressible::TooMany`] if it takes more than `limit` terms (or more than 100,000 products
/// would have to be looked at).
pub fn conjoin(
    theirs: &[NodeTerm],
    ours: &[NodeTerm],
    limit: usize,
) -> Result<Vec<NodeTerm>, Inexpressible> {
    if theirs.len().saturating_mul(ours.len()) > MOST_PRODUCTS {
        return Err(Inexpressible::TooMany { limit });
    }
    let mut result: Vec<NodeTerm> = Vec::new();
    let mut meanings = Vec::new();
    for their in theirs {
        let products: Vec<NodeTerm> = if is_dead(their) {
            result.push(their.clone());
            Vec::new()
        } else if ours.iter().any(|our| term_implies(their, our)) {
            vec![their.clone()]
        } else {
            ours.iter().filter(|our| !is_dead(our)).map(|our| product(their, our)).collect()
        };
        for term in products.into_iter().filter(is_possible) {
            let meaning = meaning(&term);
            if !meanings.contains(&meaning) {
                meanings.push(meaning);
                result.push(term);
            }
        }
        if result.len() > limit {
            return Err(Inexpressible::TooMany { limit });
        }
    }
    Ok(result)
}

/// The node set that accepts a node exactly when `theirs` and every rule do; `None` only without
/// any of them. Rules of one term come first, as one term with one `NotIn` per label, so that many
/// of them cost little; otherwise as [`conjoin`].
///
/// # Errors
///
/// [`Inexpressible::TooMany`] if it takes more than `limit` terms (or more than 256 rules have
/// alternatives).
pub fn conjoin_all(
    theirs: &NodeSet,
    rules: &[Vec<NodeTerm>],
    limit: usize,
) -> Result<NodeSet, Inexpressible> {
    let mut single = NodeTerm::default();
    let mut compound = Vec::new();
    for rule in rules {
        match rule.as_slice() {
            [only] if !is_dead(only) => {
                single.expressions.extend(only.expressions.iter().cloned());
                single.fields.extend(only.fields.iter().cloned());
            }
            alternatives => compound.push(alternatives),
        }
    }
    if compound.len() > MOST_COMPOUND {
        return Err(Inexpressible::TooMany { limit });
    }
    let mut ours: NodeSet = None;
    if !single.is_empty() {
        ours = Some(Some(tidy(single)).filter(is_possible).into_iter().collect());
    }
    for alternatives in compound {
        // Alone, a rule is only relieved of what repeats or matches nothing.
        let known = ours.unwrap_or_else(|| {
            alternatives.iter().filter(|term| is_possible(term)).cloned().collect()
        });
        ours = Some(conjoin(&known, alternatives, limit)?);
    }
    match (theirs, ours) {
        (None, Some(ours)) if ours.len() > limit => Err(Inexpressible::TooMany { limit }),
        (None, ours) => Ok(ours),
        (Some(_), None) => Ok(theirs.clone()),
        (Some(theirs), Some(ours)) => conjoin(theirs, &ours, limit).map(Some),
    }
}

/// Terms of equal meaning match the same nodes.
fn meaning(term: &NodeTerm) -> (BTreeMap<Subject, Domain>, Vec<(bool, Requirement)>) {
    let opaque = term.requirements().filter(|(_, one)| is_opaque(one));
    let mut opaque: Vec<_> = opaque.map(|(field, one)| (field, one.clone())).collect();
    opaque.sort();
    opaque.dedup();
    (term_domains(term), opaque)
}
