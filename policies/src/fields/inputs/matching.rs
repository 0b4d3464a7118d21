//! Which templates selectors and terms mean: yes, no, or nobody knows.

use placecard_feasibility::label::NAMESPACE_NAME;
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::selector::{Selector, has_opaque};

use super::lists::Place;
use super::{Inputs, JOB_LABELS, TemplateFacts, TermFacts};
use crate::fields::{is_placeholder, matches};
use crate::object::Map;

impl Inputs {
    /// The templates of a namespace whose pods a selector may match, and whether it surely does.
    pub fn selected<'a>(
        &'a self,
        namespace: &'a str,
        selector: &'a Selector,
    ) -> impl Iterator<Item = (&'a TemplateFacts, bool)> {
        let here = self.candidates(selector).into_iter();
        let here = here.filter(move |one| one.object.namespace == namespace);
        here.filter_map(move |one| match selects(selector, one) {
            Some(false) => None,
            surely => Some((one, surely.is_some())),
        })
    }

    /// The templates whose pods a term of a pod in the namespace `own` may mean, and whether it
    /// surely does.
    pub fn meant<'a>(
        &'a self,
        own: &'a str,
        term: &'a TermFacts,
    ) -> impl Iterator<Item = (&'a TemplateFacts, bool)> {
        let candidates = match &term.term.selector {
            Some(selector) => self.candidates(selector),
            None => Vec::new(),
        };
        candidates.into_iter().filter_map(move |one| match self.means(own, term, one) {
            Some(false) => None,
            surely => Some((one, surely.is_some())),
        })
    }

    /// Whether a term of a pod in the namespace `own` means the pods of a template; `None`: it
    /// depends on what is not known.
    #[must_use]
    pub fn means(&self, own: &str, term: &TermFacts, other: &TemplateFacts) -> Option<bool> {
        let selector = term.term.selector.as_ref();
        let by_labels = selector.map_or(Some(false), |selector| selects(selector, other));
        let by_place = self.reaches(own, &term.term, &other.object.namespace);
        match (by_labels, by_place) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) if !term.compares_more => Some(true),
            _ => None,
        }
    }

    /// Whether a term of a pod in the namespace `own` speaks of another namespace. An absent
    /// namespace is that of the others without one, and may be any other.
    fn reaches(&self, own: &str, term: &AffinityTerm, other: &str) -> Option<bool> {
        let same = |one: &str| match one == other {
            true => Some(true),
            false if one.is_empty() || other.is_empty() => None,
            false => Some(false),
        };
        if term.namespaces.is_empty() && term.namespace_selector.is_none() {
            return same(own);
        }
        let named = term.namespaces.iter().map(|one| match is_placeholder(one) {
            true => None,
            false => same(one),
        });
        let by_label = term.namespace_selector.iter().map(|one| self.selects_namespace(one, other));
        let mut known = Some(false);
        for answer in named.chain(by_label) {
            match answer {
                Some(true) => return Some(true),
                None => known = None,
                Some(false) => {}
            }
        }
        known
    }

    /// Whether a selector means a namespace. Negative requirements are read in two ways by servers
    /// (kubernetes#141526): what they say is not known.
    pub(crate) fn selects_namespace(&self, selector: &Selector, name: &str) -> Option<bool> {
        if selector.is_everything() {
            return Some(true);
        }
        let negative = |one: &Requirement| !matches!(one.operator, Operator::In | Operator::Exists);
        if selector.requirements.iter().any(negative) || name.is_empty() {
            return None;
        }
        if let Some(labels) = self.namespaces.get(name) {
            return Some(selector.matches(labels));
        }
        let named = Map::from([(NAMESPACE_NAME.to_owned(), name.to_owned())]);
        matches(|key| named.get(key).map(String::as_str), |_| true, selector)
    }

    /// The templates that a selector may mean, by the label that leaves the fewest.
    fn candidates(&self, selector: &Selector) -> Vec<&TemplateFacts> {
        let is_plain = |one: &&Requirement| {
            let later =
                crate::kinds::is_volatile(&one.key) || JOB_LABELS.contains(&one.key.as_str());
            one.operator == Operator::In && !later
        };
        let lists = |one: &'_ Requirement| {
            let of = |value| self.lists.has.get(&self.templates, &one.key, value);
            one.values.iter().map(|value| of(value)).collect::<Vec<_>>()
        };
        let count = |one: &Vec<&[Place]>| one.iter().map(|list| list.len()).sum::<usize>();
        let fewest = selector.requirements.iter().filter(is_plain).map(lists).min_by_key(count);
        let mut indices: Vec<usize> = match fewest {
            Some(found) => {
                let found = found.into_iter().flatten().map(|at| at.template());
                found.chain(self.lists.open.iter().copied()).collect()
            }
            None => (0..self.templates.len()).collect(),
        };
        indices.sort_unstable();
        indices.dedup();
        indices.into_iter().filter_map(|index| self.templates.get(index)).collect()
    }
}

/// Whether a selector matches the pods of a template, wherever they are.
pub(crate) fn selects(selector: &Selector, other: &TemplateFacts) -> Option<bool> {
    let mut values = selector.requirements.iter().flat_map(|one| &one.values);
    if has_opaque(selector) || values.any(|text| is_placeholder(text)) {
        return None;
    }
    matches(|key| other.labels.get(key), |key| other.may_carry(key), selector)
}
