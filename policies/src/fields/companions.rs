//! The pods that a template is required near, and where none of them is.

use placecard_feasibility::pod_affinity::{NamedTerm, OwnPod, TermId, decide};
use placecard_feasibility::requirement::Operator;
use placecard_language::suggest::nearest;

use crate::fields::inputs::{Inputs, TemplateFacts, TermFacts, World};
use crate::fields::{TemplateCase, is_placeholder};

/// Required pod affinity whose pods are nowhere.
pub(crate) struct Missing<'a> {
    /// The term that nothing matches, or the first of several that nothing matches together.
    pub(crate) term: &'a TermFacts,
    /// The template that says it.
    pub(crate) own: &'a TemplateFacts,
    /// Whoever would be meant, but is in another namespace.
    pub(crate) elsewhere: Option<&'a TemplateFacts>,
    /// A value that was perhaps meant, in place of this one.
    pub(crate) instead: Option<(String, String)>,
}

/// Whether the pods that a template requires are nowhere; `None` if some are, if its own are meant,
/// if nobody knows, or if no pod at all could be meant.
pub(crate) fn missing<'a>(case: &'a TemplateCase<'_>) -> Option<Missing<'a>> {
    let (inputs, own) = case.among_required()?;
    let first = own.near.first()?;
    if !own.is_whole || case.frame.more_labels || is_contradictory(own) {
        return None;
    }
    // Its own pods are meant, or may be.
    if inputs.is_companion(own, own) != Some(false) {
        return None;
    }
    let namespace = &own.object.namespace;
    let mut meant = inputs.meant(namespace, first);
    if meant.any(|(other, _)| inputs.is_companion(own, other) != Some(false)) {
        return None;
    }
    let nobody = |term: &&TermFacts| inputs.meant(namespace, term).next().is_none();
    let term = own.near.iter().find(nobody).unwrap_or(first);
    let elsewhere = elsewhere(inputs, own);
    let instead = near_miss(inputs, own, term);
    Some(Missing { term, own, elsewhere, instead })
}

/// No pod could match the terms, whatever there is: other rules say so.
fn is_contradictory(own: &TemplateFacts) -> bool {
    let named = |(index, one): (usize, &TermFacts)| NamedTerm {
        id: TermId(u32::try_from(index).unwrap_or(u32::MAX)),
        term: one.term.clone(),
    };
    let terms: Vec<NamedTerm> = own.near.iter().enumerate().map(named).collect();
    let pod = OwnPod { namespace: own.object.namespace.clone(), labels: own.labels.to_map() };
    !decide(&terms, &[], &pod).is_empty()
}

/// Whoever has the labels, in a namespace that the terms do not speak of.
fn elsewhere<'a>(inputs: &'a Inputs, own: &TemplateFacts) -> Option<&'a TemplateFacts> {
    let [only] = own.near.as_slice() else { return None };
    let says_nothing = only.term.namespaces.is_empty() && only.term.namespace_selector.is_none();
    if !says_nothing || own.object.namespace.is_empty() {
        return None;
    }
    let anywhere = TermFacts {
        term: placecard_feasibility::pod_affinity::AffinityTerm {
            namespace_selector: Some(placecard_feasibility::selector::Selector::everything()),
            ..only.term.clone()
        },
        ..only.clone()
    };
    let own_namespace = &own.object.namespace;
    let named: Vec<usize> = inputs
        .meant(own_namespace, &anywhere)
        .filter(|(other, surely)| {
            let at = &other.object.namespace;
            *surely && !at.is_empty() && at != own_namespace
        })
        .filter_map(|(other, _)| inputs.index_of(other))
        .collect();
    named.first().and_then(|index| inputs.templates.get(*index))
}

/// A value that a template beside this one has where the term asks for one that is spelt much alike.
fn near_miss(inputs: &Inputs, own: &TemplateFacts, term: &TermFacts) -> Option<(String, String)> {
    let selector = term.term.selector.as_ref()?;
    for one in selector.requirements.iter().filter(|one| one.operator == Operator::In) {
        let [asked] = one.values.as_slice() else { continue };
        if is_placeholder(asked) {
            return None;
        }
        let is_beside = |other: &TemplateFacts| {
            other.object != own.object
                && other.object.namespace == own.object.namespace
                && (inputs.world != World::Open || other.is_beside(own.folder))
        };
        let values = inputs.values_of(&one.key).into_iter();
        let values = values.filter_map(|(value, mut at)| at.any(is_beside).then_some(value));
        let values: std::collections::BTreeSet<&str> = values.collect();
        if values.contains(asked.as_str()) {
            continue;
        }
        if let Some(value) = nearest(asked, values) {
            return Some((asked.clone(), value.to_owned()));
        }
    }
    None
}
