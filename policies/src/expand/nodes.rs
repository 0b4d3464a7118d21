//! `on` and `not-on`: required node terms by cross product, preferred ones as disjoint terms.

use k8s_openapi::api::core::v1::{NodeSelectorTerm, PreferredSchedulingTerm};
use placecard_feasibility::node_terms::{NodeSet, NodeTerm, conjoin, disjoint, negate_terms};
use placecard_feasibility::requirement::Requirement;
use placecard_language::intent::{NodeDemand, NodeTarget, Origin, Relation, Rule, Strength};

use super::Expander;
use crate::change::Change;
use crate::native;
use crate::surroundings::{Answer, Reference};
use crate::trouble::{Missing, Obstacle};

/// The most terms of required node affinity that are written.
pub(crate) const MOST_TERMS: usize = 64;

/// The nodes that a rule admits: `None` all of them.
pub(crate) fn admitted(
    expander: &Expander<'_>,
    targets: &[NodeTarget],
    negated: bool,
) -> Result<NodeSet, Obstacle> {
    let mut alternatives = Vec::new();
    let mut everything = false;
    for target in targets {
        match demanded(expander, target)? {
            None => everything = true,
            Some(terms) => alternatives.extend(terms),
        }
    }
    let too_many = |_| Obstacle::TooManyNodeTerms { limit: MOST_TERMS };
    match (negated, everything) {
        (false, true) => Ok(None),
        (false, false) => Ok(Some(alternatives)),
        (true, true) => Ok(Some(Vec::new())),
        (true, false) => negate_terms(&alternatives, MOST_TERMS).map_err(too_many),
    }
}

/// What one alternative demands; `None` nothing.
fn demanded(expander: &Expander<'_>, target: &NodeTarget) -> Result<NodeSet, Obstacle> {
    match &target.demand {
        NodeDemand::Name(name) => Ok(Some(vec![NodeTerm::named(name)])),
        NodeDemand::Labels(selector) if selector.requirements.is_empty() => Ok(None),
        NodeDemand::Labels(selector) => {
            Ok(Some(vec![NodeTerm::of(native::rule_selector(selector).requirements)]))
        }
        NodeDemand::Volume { claim } => {
            let reference = Reference::Claim {
                namespace: expander.frame.namespace.to_owned(),
                name: claim.clone(),
            };
            let missing = match expander.surroundings.objects.get(&reference) {
                Some(Answer::Volume(None)) => return Ok(None),
                Some(Answer::Volume(Some(terms))) => {
                    return Ok(Some(terms.iter().map(native::node_term).collect()));
                }
                Some(Answer::Unbound) => Missing::Unbound,
                Some(Answer::Absent) => Missing::Absent,
                Some(Answer::Unreachable) => Missing::Unreachable,
                _ => Missing::NotAsked,
            };
            Err(Obstacle::Unresolved { reference: Box::new(reference), missing })
        }
    }
}

/// Expands one node rule.
pub(crate) fn expand(expander: &mut Expander<'_>, rule: &Rule) {
    let (targets, negated) = match &rule.relation {
        Relation::On(targets) => (targets, false),
        Relation::NotOn(targets) => (targets, true),
        _ => return,
    };
    let set = match admitted(expander, targets, negated) {
        Ok(set) => set,
        Err(obstacle) => return expander.trouble(rule, obstacle),
    };
    if !negated {
        for toleration in targets.iter().flat_map(|target| &target.tolerations) {
            super::tolerations::add(
                expander,
                &native::native_toleration(toleration),
                &rule.origin,
                rule.strength == Strength::Required,
            );
        }
    }
    let Some(alternatives) = set else { return };
    match rule.strength {
        Strength::Required => restrict(expander, rule, &rule.origin, &alternatives),
        Strength::Preferred { weight } => prefer(expander, rule, weight, &alternatives),
    }
}

/// The required terms become their product with `ours`.
pub(crate) fn restrict(
    expander: &mut Expander<'_>,
    rule: &Rule,
    origin: &Origin,
    ours: &[NodeTerm],
) {
    let theirs: NodeSet = native::required_node_terms(&expander.spec)
        .map(|terms| terms.iter().map(native::node_term).collect());
    let product = match &theirs {
        None => Ok(ours.to_vec()),
        Some(theirs) => conjoin(theirs, ours, MOST_TERMS),
    };
    expander.note(origin, "node affinity");
    match product {
        Ok(terms) if Some(&terms) == theirs.as_ref() => {}
        Ok(terms) if terms.len() > MOST_TERMS => {
            expander.trouble(rule, Obstacle::TooManyNodeTerms { limit: MOST_TERMS });
        }
        // No node at all: the contradiction is found and worded elsewhere, and nothing is written.
        Ok(terms) if terms.is_empty() => expander.impossible = true,
        Ok(terms) => {
            let terms = terms.iter().map(native::native_node_term).collect();
            expander.push(origin, Change::RequiredNodeTerms(terms));
        }
        Err(_) => expander.trouble(rule, Obstacle::TooManyNodeTerms { limit: MOST_TERMS }),
    }
}

/// The node must carry the label.
pub(crate) fn require_label(expander: &mut Expander<'_>, rule: &Rule, key: &str) {
    restrict(expander, rule, &rule.origin, &[NodeTerm::of(vec![Requirement::exists(key)])]);
}

fn prefer(expander: &mut Expander<'_>, rule: &Rule, weight: u8, alternatives: &[NodeTerm]) {
    let Ok(terms) = disjoint(alternatives, MOST_TERMS) else {
        return expander.trouble(rule, Obstacle::TooManyNodeTerms { limit: MOST_TERMS });
    };
    expander.note(&rule.origin, "preferred node affinity");
    for term in terms {
        let preference = native::native_node_term(&term);
        if !has_preference(expander, weight, &preference) {
            let term = PreferredSchedulingTerm { weight: i32::from(weight), preference };
            expander.push(&rule.origin, Change::PreferredNodeTerm(term));
        }
    }
}

fn has_preference(expander: &Expander<'_>, weight: u8, preference: &NodeSelectorTerm) -> bool {
    let ours = sorted(native::node_term(preference));
    let node = expander.spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    node.and_then(|node| node.preferred_during_scheduling_ignored_during_execution.as_ref())
        .into_iter()
        .flatten()
        .any(|term| {
            term.weight == i32::from(weight) && sorted(native::node_term(&term.preference)) == ours
        })
}

/// Requirements and values in one order, to compare what other webhooks reordered.
fn sorted(mut term: NodeTerm) -> NodeTerm {
    for requirement in term.expressions.iter_mut().chain(&mut term.fields) {
        requirement.values.sort();
    }
    term.expressions.sort();
    term.fields.sort();
    term
}
