//! What is true of a node when a requirement or a term is not.
//!
//! Node selector requirements have no negation of a comparison: "not greater than 3" is absent, or
//! at most 3, or not an integer, and the last cannot be written. So the negation of `Gt` and `Lt`
//! is `DoesNotExist` or the opposite comparison: a node whose label is not an integer satisfies
//! neither a comparison nor its negation.

use std::collections::{BTreeMap, BTreeSet};

use crate::label::integer;
use crate::node_terms::{
    Inexpressible, MOST_COMPOUND, NodeSet, NodeTerm, consistent_implies, is_consistent, is_dead,
    is_possible, product, requirement_flaw, term_implies,
};
use crate::requirement::{Operator, Requirement, flaw};

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

/// What is true when the requirement on a label is not. No requirement that can be read holds on
/// every node, so there is no "never".
///
/// ```
/// use placecard_feasibility::node_terms::{Negation, negate};
/// use placecard_feasibility::requirement::{Operator, Requirement};
///
/// let more_than_3 = Requirement::new("cores", Operator::Gt, &["3"]);
/// let at_most_3 = Requirement::new("cores", Operator::Lt, &["4"]);
/// let either = vec![Requirement::absent("cores"), at_most_3];
/// assert_eq!(negate(&more_than_3), Negation::Alternatives(either));
/// ```
#[must_use]
pub fn negate(requirement: &Requirement) -> Negation {
    if flaw(requirement).is_some() {
        return Negation::Unknown;
    }
    let key = requirement.key.as_str();
    let operand = requirement.values.first().and_then(|value| integer(value));
    let bound = match requirement.operator {
        Operator::Gt => operand.and_then(|least| least.checked_add(1)).map(|c| (Operator::Lt, c)),
        Operator::Lt => operand.filter(|c| *c > 0).map(|c| (Operator::Gt, c - 1)),
        _ => return Negation::Alternatives(vec![opposite(requirement)]),
    };
    match bound {
        Some((operator, c)) => Negation::Alternatives(vec![
            Requirement::absent(key),
            Requirement::new(key, operator, &[c.to_string().as_str()]),
        ]),
        None => Negation::Always,
    }
}

/// The requirement with the opposite operator; only for those that have one.
fn opposite(requirement: &Requirement) -> Requirement {
    let operator = match &requirement.operator {
        Operator::In => Operator::NotIn,
        Operator::NotIn => Operator::In,
        Operator::Exists => Operator::DoesNotExist,
        Operator::DoesNotExist => Operator::Exists,
        other => other.clone(),
    };
    Requirement { operator, ..requirement.clone() }
}

/// The ways in which a requirement of a readable term can fail, each as a term.
fn failures(field: bool, requirement: &Requirement) -> Result<Vec<NodeTerm>, Inexpressible> {
    let single = |one| {
        let mut term = NodeTerm::default();
        term.push(field, one);
        term
    };
    if field && requirement_flaw(true, requirement).is_none() {
        return Ok(vec![single(opposite(requirement))]);
    }
    match negate(requirement) {
        // The caller asks about requirements that can hold.
        Negation::Always => Ok(Vec::new()),
        Negation::Alternatives(alternatives) => Ok(alternatives.into_iter().map(single).collect()),
        Negation::Unknown => Err(Inexpressible::NoNegation(requirement.clone())),
    }
}

/// The nodes that match none of the terms (De Morgan), up to nodes whose label is not an integer
/// where a term compares it: `None` all nodes. Terms that match nothing do not restrict.
///
/// # Errors
///
/// [`Inexpressible`] if it takes more than `limit` terms or a requirement cannot be read.
pub fn negate_terms(terms: &[NodeTerm], limit: usize) -> Result<NodeSet, Inexpressible> {
    // An empty term means "every node" here, until the end. What fails in one way only must fail
    // in that way, so these requirements are collected first.
    let mut everywhere = NodeTerm::default();
    let mut compound = Vec::new();
    for term in terms.iter().filter(|term| is_possible(term)) {
        let mut ways = Vec::new();
        for (field, requirement) in term.requirements() {
            ways.extend(failures(field, requirement)?);
        }
        match ways.as_mut_slice() {
            [only] => {
                everywhere.expressions.append(&mut only.expressions);
                everywhere.fields.append(&mut only.fields);
            }
            _ => compound.push(ways),
        }
    }
    if compound.len() > MOST_COMPOUND {
        return Err(Inexpressible::TooMany { limit });
    }
    let everywhere = tidy(everywhere);
    let mut result = if is_consistent(&everywhere) { vec![everywhere] } else { Vec::new() };
    for ways in compound {
        result = avoid(&result, &ways, limit)?;
    }
    if result.iter().any(NodeTerm::is_empty) {
        return Ok(None);
    }
    Ok(Some(result.into_iter().map(tidy).collect()))
}

/// The products of the terms with the ways, without those that no node matches or that another
/// one contains.
fn avoid(
    terms: &[NodeTerm],
    ways: &[NodeTerm],
    limit: usize,
) -> Result<Vec<NodeTerm>, Inexpressible> {
    let mut next: Vec<NodeTerm> = Vec::new();
    for known in terms {
        for way in ways {
            let both = product(known, way);
            if !is_consistent(&both) || next.iter().any(|one| consistent_implies(&both, one)) {
                continue;
            }
            next.retain(|one| !consistent_implies(one, &both));
            next.push(both);
            if next.len() > limit {
                return Err(Inexpressible::TooMany { limit });
            }
        }
    }
    Ok(next)
}

/// Terms of which no two match the same node, and that together match the nodes that the
/// alternatives match: for preferred terms, whose weights add up. `a or b` becomes `a`, and `b
/// without a`. Alternatives with a comparison come last, because only what comes before another
/// one is negated; with two of them, nodes whose compared label is not an integer may be matched
/// by no term although one of the later alternatives matches them. Alternatives that match
/// nothing are dropped.
///
/// # Errors
///
/// [`Inexpressible`] if it takes more than `limit` terms or a requirement cannot be read.
pub fn disjoint(alternatives: &[NodeTerm], limit: usize) -> Result<Vec<NodeTerm>, Inexpressible> {
    let alternatives = || alternatives.iter().filter(|term| !is_dead(term) && is_possible(term));
    let exact = alternatives().filter(|term| !term.has_comparison());
    let mut earlier: Vec<&NodeTerm> = Vec::new();
    let mut result: Vec<NodeTerm> = Vec::new();
    for term in exact.chain(alternatives().filter(|term| term.has_comparison())) {
        let mut pieces = vec![term.clone()];
        for other in &earlier {
            let mut rest = Vec::new();
            for piece in pieces {
                cut(piece, other, &mut rest)?;
                if rest.len() > limit {
                    return Err(Inexpressible::TooMany { limit });
                }
            }
            pieces = rest;
        }
        earlier.push(term);
        result.append(&mut pieces);
        if result.len() > limit {
            return Err(Inexpressible::TooMany { limit });
        }
    }
    Ok(result)
}

/// Adds the part of `piece` outside `other` to `rest`, as disjoint terms: with `other` = l1 and l2
/// that is (not l1) or (l1 and not l2). Comparisons are negated last, where least is lost.
fn cut(piece: NodeTerm, other: &NodeTerm, rest: &mut Vec<NodeTerm>) -> Result<(), Inexpressible> {
    if !is_possible(&product(&piece, other)) {
        rest.push(piece);
        return Ok(());
    }
    if term_implies(&piece, other) {
        return Ok(());
    }
    let comparison = |(_, one): &(bool, &Requirement)| one.operator.is_comparison();
    let exact = other.requirements().filter(|one| !comparison(one));
    let mut inside = piece;
    for (field, requirement) in exact.chain(other.requirements().filter(comparison)) {
        for failure in failures(field, requirement)? {
            let outside = product(&inside, &failure);
            if is_possible(&outside) {
                rest.push(tidy(outside));
            }
        }
        let mut holds = NodeTerm::default();
        holds.push(field, requirement.clone());
        inside = product(&inside, &holds);
    }
    Ok(())
}

/// The most requirements on one label that are compared with one another to shorten a term.
const MOST_COMPARED: usize = 32;

/// The same term with fewer words: one `NotIn` per label, each field once, and no requirement on a label that the
/// term's others on this label imply.
pub(crate) fn tidy(term: NodeTerm) -> NodeTerm {
    let mut excluded: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for one in term.expressions.iter().filter(|one| one.operator == Operator::NotIn) {
        excluded.entry(one.key.clone()).or_default().extend(one.values.iter().cloned());
    }
    let mut by_key: BTreeMap<String, Vec<Requirement>> = BTreeMap::new();
    let mut keys: Vec<String> = Vec::new();
    for mut one in term.expressions {
        if one.operator == Operator::NotIn {
            // All of them stand where the first one stood.
            let Some(values) = excluded.remove(&one.key) else { continue };
            one.values = values.into_iter().collect();
        }
        let known = by_key.entry(one.key.clone()).or_default();
        if known.is_empty() {
            keys.push(one.key.clone());
        }
        known.push(one);
    }
    let mut expressions = Vec::new();
    for mut about in keys.iter().filter_map(|key| by_key.remove(key)) {
        let mut position = 0;
        while position < about.len() && (2..=MOST_COMPARED).contains(&about.len()) {
            let one = about.remove(position);
            let rest = NodeTerm::of(about.clone());
            if !consistent_implies(&rest, &NodeTerm::of(vec![one.clone()])) {
                about.insert(position, one);
                position += 1;
            }
        }
        expressions.append(&mut about);
    }
    let mut seen = BTreeSet::new();
    let fields = term.fields.into_iter().filter(|one| seen.insert(one.clone())).collect();
    NodeTerm { expressions, fields }
}
