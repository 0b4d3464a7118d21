//! `on` and `not-on`: required node terms by cross product, preferred ones as disjoint terms.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::PreferredSchedulingTerm;
use placecard_feasibility::node_terms::{NodeSet, NodeTerm, conjoin_all, disjoint, negate_terms};
use placecard_feasibility::requirement::Requirement;
use placecard_language::intent::{NodeDemand, NodeTarget, Relation, Rule, Strength};

use super::Expander;
use super::present::sorted;
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
        NodeDemand::Volume { .. } | NodeDemand::PersistentVolume { .. } => {
            let Some(reference) = reference(&target.demand, expander.frame.namespace) else {
                return Ok(None);
            };
            let missing = match expander.surroundings.objects.get(&reference) {
                Some(Answer::Volume(volume)) => return Ok(volume.node_affinity.clone()),
                Some(Answer::Unbound) => Missing::Unbound,
                Some(Answer::Absent) => Missing::Absent,
                Some(Answer::Unreachable) => Missing::Unreachable,
                _ => Missing::NotAsked,
            };
            Err(Obstacle::Unresolved { reference: Box::new(reference), missing })
        }
    }
}

/// What has to be known of another object before a demand is known.
pub(crate) fn reference(demand: &NodeDemand, namespace: &str) -> Option<Reference> {
    match demand {
        NodeDemand::Volume { claim } => {
            Some(Reference::Claim { namespace: namespace.to_owned(), name: claim.clone() })
        }
        NodeDemand::PersistentVolume { volume } => {
            Some(Reference::PersistentVolume { name: volume.clone() })
        }
        NodeDemand::Name(_) | NodeDemand::Labels(_) => None,
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
        Strength::Required => expander.node_rules.push((rule.clone(), alternatives)),
        Strength::Preferred { weight } => prefer(expander, rule, weight, &alternatives),
    }
}

/// The node must carry the label.
pub(crate) fn require_label(expander: &mut Expander<'_>, rule: &Rule, key: &str) {
    let term = NodeTerm::of(vec![Requirement::exists(key)]);
    expander.node_rules.push((rule.clone(), vec![term]));
}

/// The required terms become their product with those of all required rules.
pub(crate) fn restrict(expander: &mut Expander<'_>) {
    let rules = std::mem::take(&mut expander.node_rules);
    let Some((last, _)) = rules.last() else { return };
    for (rule, _) in &rules {
        expander.note(&rule.origin, "node affinity");
    }
    let theirs: NodeSet = native::required_node_terms(&expander.spec)
        .map(|terms| terms.iter().map(native::node_term).collect());
    let ours: Vec<Vec<NodeTerm>> = rules.iter().map(|(_, terms)| each_once(terms)).collect();
    match conjoin_all(&theirs, &ours, MOST_TERMS) {
        Ok(terms) if terms == theirs => {}
        // No node at all: the contradiction is found and worded elsewhere, and nothing is written.
        Ok(Some(terms)) if terms.is_empty() => expander.impossible = true,
        Ok(Some(terms)) => {
            let terms = terms.iter().map(native::native_node_term).collect();
            expander.push(&last.origin, Change::RequiredNodeTerms(terms));
        }
        Ok(None) => {}
        Err(_) => {
            // Alternatives are what multiplies.
            let many = rules.iter().rev().find(|(_, terms)| terms.len() > 1);
            let (rule, _) = many.unwrap_or(&(last.clone(), Vec::new())).clone();
            expander.trouble(&rule, Obstacle::TooManyNodeTerms { limit: MOST_TERMS });
        }
    }
}

fn each_once(terms: &[NodeTerm]) -> Vec<NodeTerm> {
    let mut seen = BTreeSet::new();
    terms.iter().filter(|term| seen.insert(*term)).cloned().collect()
}

fn prefer(expander: &mut Expander<'_>, rule: &Rule, weight: u8, alternatives: &[NodeTerm]) {
    let Ok(terms) = disjoint(alternatives, MOST_TERMS) else {
        return expander.trouble(rule, Obstacle::TooManyNodeTerms { limit: MOST_TERMS });
    };
    expander.note(&rule.origin, "preferred node affinity");
    let weight = i32::from(weight);
    for term in terms {
        let preference = native::native_node_term(&term);
        if expander.present.preferred_nodes.insert((weight, sorted(&preference))) {
            let term = PreferredSchedulingTerm { weight, preference };
            expander.push(&rule.origin, Change::PreferredNodeTerm(term));
        }
    }
}
