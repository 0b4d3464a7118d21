//! What a template requires of its node, as alternatives: each required term with `nodeSelector`.

use placecard_feasibility::node_terms::{NodeTerm, is_dead, is_possible};
use placecard_feasibility::requirement::Requirement;

use crate::native;
use crate::object::Template;

/// One alternative for each required term, or one for `nodeSelector` alone; empty where nothing is
/// required.
pub(crate) fn alternatives(template: &Template) -> Vec<NodeTerm> {
    let selector = template.spec.node_selector.iter();
    let selector: Vec<Requirement> =
        selector.map(|(key, value)| Requirement::one_of(key, &[value.as_str()])).collect();
    let selector = NodeTerm::of(selector);
    match native::required_node_terms(&template.spec) {
        None if selector.is_empty() => Vec::new(),
        None => vec![selector],
        Some(terms) => terms
            .iter()
            .map(native::node_term)
            // A dead term stays dead, whatever stands beside it.
            .map(|term| if is_dead(&term) { term } else { joined(&term, &selector) })
            .collect(),
    }
}

/// Both at once.
pub(crate) fn joined(one: &NodeTerm, other: &NodeTerm) -> NodeTerm {
    let mut both = one.clone();
    both.expressions.extend(other.expressions.iter().cloned());
    both.fields.extend(other.fields.iter().cloned());
    both
}

/// Whether some node could meet one of the alternatives.
pub(super) fn some_is_possible(alternatives: &[NodeTerm]) -> bool {
    alternatives.is_empty() || alternatives.iter().any(can_be_met)
}

/// Whether some node could meet an alternative.
pub(crate) fn can_be_met(alternative: &NodeTerm) -> bool {
    !is_dead(alternative) && is_possible(alternative)
}
