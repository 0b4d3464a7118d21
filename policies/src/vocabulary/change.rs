//! What a change of the vocabulary does to the workloads that use it.
//!
//! Nothing is concluded from names: the annotations of each workload are read with the old words and
//! with the new ones, as a review reads them.

use std::collections::BTreeMap;

use placecard_findings::{FieldPath, Finding, ObjectRef, Severity};
use placecard_language::checked::{Group, NamespaceFacts, Words};
use placecard_language::keys::{self, Place};
use placecard_language::read::read;

use crate::live::{Live, WATCHED};
use crate::object::{Map, Object};
use crate::surroundings::{Answer, Reference};
use crate::words;

/// A workload, or a pod without a controller, with annotations of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InUse {
    /// Which.
    pub object: ObjectRef,
    /// Where the annotations stand.
    pub place: Place,
    /// The annotations of its pod template, or of the pod.
    pub annotations: Map,
    /// The labels of its namespace; `None`: not known.
    pub namespace: Option<Map>,
}

impl InUse {
    /// From its own annotations and those of its pod template; `None` if it has no intents.
    #[must_use]
    pub fn of(
        object: ObjectRef,
        own: &Map,
        template: &Map,
        namespace: Option<&Map>,
    ) -> Option<Self> {
        let intent = |key: &String| keys::find(key).is_some_and(|key| key.intent);
        if !template.keys().any(intent) {
            return None;
        }
        let in_place = own.get(keys::EXPAND).is_some_and(|value| value.trim() == "template");
        let place = match object.kind.as_str() {
            "Pod" => Place::Pod,
            "DaemonSet" => Place::ExpandedTemplate,
            _ if in_place => Place::ExpandedTemplate,
            _ => Place::Template,
        };
        let mut annotations = template.clone();
        // A record of what was, and no word of the user's.
        annotations.remove(keys::APPLIED);
        Some(Self { object, place, annotations, namespace: namespace.cloned() })
    }

    /// The templates of an object that no controller made; an object without a namespace is in
    /// `namespace`.
    #[must_use]
    pub fn of_object(object: &Object, namespace: &str) -> Vec<Self> {
        if object.controller().is_some() {
            return Vec::new();
        }
        let mut name = object.reference.clone();
        if name.namespace.is_empty() {
            namespace.clone_into(&mut name.namespace);
        }
        let of = |template: &crate::object::Template| {
            Self::of(name.clone(), &object.annotations, &template.annotations, None)
        };
        object.templates.iter().filter_map(of).collect()
    }

    /// The workloads and bare pods of a live cluster; `None` as long as one of their kinds was not
    /// listed, or one that the vocabulary names.
    #[must_use]
    pub fn of_live(live: &Live, words: &Words) -> Option<Vec<Self>> {
        let mut kinds = WATCHED.into_iter().filter(|kind| kind.holds_pods());
        if !kinds.all(|kind| live.is_synced(kind)) || !live.knows_customs(words) {
            return None;
        }
        let labels = |name: &str| match live.answer(&Reference::Namespace { name: name.to_owned() })
        {
            Some(Answer::Namespace(labels)) => Some(labels),
            _ => None,
        };
        let users = live.annotated().filter_map(|one| {
            let namespace = labels(&one.object.namespace);
            let (own, template) = (&one.annotations.own, &one.annotations.template);
            Self::of(one.object.clone(), own, template, namespace.as_ref())
        });
        Some(users.collect())
    }

    /// Why the words cannot be read by the new vocabulary, if they can be by the old one.
    #[must_use]
    pub fn lost(&self, old: &Words, new: &Words) -> Option<Finding> {
        let namespace =
            NamespaceFacts { name: self.object.namespace.clone(), labels: self.namespace.clone() };
        let reading = |words: &Words| read(&self.annotations, self.place, words, Some(&namespace));
        let (before, after) = (reading(old), reading(new));
        if before.has_error() {
            return None;
        }
        let error = after.problems.iter().find(|problem| problem.severity == Severity::Error);
        let metadata = FieldPath::of(&["metadata"]);
        match error {
            Some(problem) => Some(words::annotation::finding(&self.object, &metadata, problem)),
            // An id that was a word of the vocabulary, and now may be anything or nothing.
            None => after
                .wants
                .iter()
                .any(|want| !before.wants.contains(want))
                .then(|| words::vocabulary_in_use::lost_id(&self.object)),
        }
    }
}

/// The workloads whose words cannot be read any more, in the order given.
#[must_use]
pub fn lost<'a>(
    old: &Words,
    new: &Words,
    workloads: impl IntoIterator<Item = &'a InUse>,
) -> Vec<Finding> {
    if only_adds(old, new) {
        return Vec::new();
    }
    workloads.into_iter().filter_map(|one| one.lost(old, new)).collect()
}

/// Whether the new vocabulary certainly reads whatever the old one reads: nothing went, and nothing
/// is for fewer namespaces. Where it says no, nothing is certain.
#[must_use]
pub fn only_adds(old: &Words, new: &Words) -> bool {
    let limits = |words: &Words| words.limits.required_apart_from.clone();
    old.levels.iter().all(|level| new.level(&level.name).is_some())
        && groups_stay(&old.pools, &new.pools)
        && groups_stay(&old.trust_domains, &new.trust_domains)
        && groups_stay(&old.resources, &new.resources)
        && old.resource_ids.iter().all(|(id, name)| new.resource_ids.get(id) == Some(name))
        && (limits(new).is_none() || limits(new) == limits(old))
        // A limit may not hold the level that a bare service id means now.
        && (limits(new).is_none() || old.service_domain == new.service_domain)
}

fn groups_stay(old: &BTreeMap<String, Group>, new: &BTreeMap<String, Group>) -> bool {
    old.iter().all(|(name, before)| {
        new.get(name).is_some_and(|after| {
            match (&before.allowed_namespaces, &after.allowed_namespaces) {
                (_, None) => true,
                (None, Some(_)) => false,
                (Some(before), Some(after)) => {
                    before.names.iter().all(|name| after.names.contains(name))
                    // Fewer labels are asked for; none at all means nobody by label.
                    && (before.match_labels.is_empty()
                        || (!after.match_labels.is_empty()
                            && after.match_labels.iter().all(|(key, value)| {
                                before.match_labels.get(key) == Some(value)
                            })))
                }
            }
        })
    })
}

#[cfg(test)]
mod tests;
