//! The RoleCoordinations of one namespace, as the pods of groups need them: nothing on such a pod
//! says which one refers to its group.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use placecard_language::coordination::{Group, Source, check as language};
use serde_json::Value;

use crate::object::Map;
use crate::read;
use crate::surroundings::{Answer, Reference};

use super::is_coordination;
use super::membership::GROUP_LABELS;

/// Kind and name of a group of another controller.
type Named = (String, String);

/// The RoleCoordinations of one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// Those that can be read, by name, each once.
    groups: Vec<Group>,
    /// Of those that cannot be read, the groups that they name all the same.
    broken: BTreeMap<String, BTreeSet<Named>>,
}

impl Roster {
    /// Those that can be read, by name.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.broken.is_empty()
    }

    /// Takes in an object of the API, or replaces the one of its name; anything but a
    /// RoleCoordination is passed over. `namespace` stands for an absent `metadata.namespace`.
    pub fn put(&mut self, value: &Value, namespace: &str) {
        let Some(object) = read::reference(value).filter(is_coordination) else { return };
        self.remove(&object.name);
        match language::check(value).0 {
            Some(mut group) => {
                if group.namespace.is_empty() {
                    namespace.clone_into(&mut group.namespace);
                }
                self.take(group);
            }
            None => {
                self.broken.insert(object.name, named(value));
            }
        }
    }

    /// Takes in one that was checked, or replaces the one of its name.
    pub fn take(&mut self, group: Group) {
        self.remove(&group.name);
        let at = self.groups.partition_point(|one| one.name < group.name);
        self.groups.insert(at, group);
    }

    /// One is gone.
    pub fn remove(&mut self, name: &str) {
        self.groups.retain(|one| one.name != name);
        self.broken.remove(name);
    }

    /// The one of this name; [`Answer::Unreachable`] if it cannot be read.
    #[must_use]
    pub fn named(&self, name: &str) -> Answer {
        let found = self.groups.iter().find(|one| one.name == name);
        match (found, self.broken.contains_key(name)) {
            (Some(group), _) => Answer::Coordination(Box::new(group.clone())),
            (None, true) => Answer::Unreachable,
            (None, false) => Answer::Absent,
        }
    }

    /// Whether any refers to a group of which the pod carries the labels, readable or not. Most pods
    /// of groups end here.
    #[must_use]
    pub fn concerns(&self, labels: &Map) -> bool {
        let refer = |kind: &str, name: &str| {
            let of = |source: &Source| match source {
                Source::Group { kind: of, name: called, .. } => of == kind && called == name,
                Source::Workload { .. } | Source::Annotation => false,
            };
            self.groups.iter().flat_map(|group| &group.roles).any(|role| of(&role.source))
        };
        let named = |(kind, label, _): &(&str, &str, Option<&str>)| {
            labels.get(*label).is_some_and(|name| refer(kind, name))
        };
        GROUP_LABELS.iter().any(named) || self.broken_for(labels).is_some()
    }

    /// The name of one that cannot be read and that names a group of which the pod carries the
    /// label.
    #[must_use]
    pub fn broken_for(&self, labels: &Map) -> Option<&str> {
        let is = |(kind, name): &Named| {
            let row = GROUP_LABELS.iter().find(|(of, ..)| of == kind);
            row.is_some_and(|(_, label, _)| labels.get(*label) == Some(name))
        };
        let mut broken = self.broken.iter();
        broken.find(|(_, names)| names.iter().any(is)).map(|(name, _)| name.as_str())
    }
}

/// The groups that a RoleCoordination names, whatever else is wrong with it.
fn named(value: &Value) -> BTreeSet<Named> {
    let roles = value.pointer("/spec/roles").and_then(Value::as_array).into_iter().flatten();
    let text = |role: &Value, pointer: &str| {
        role.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
    };
    roles
        .filter_map(|role| Some((text(role, "/groupRef/kind")?, text(role, "/groupRef/name")?)))
        .collect()
}

/// What RoleCoordinations among other objects answer for their namespaces; of a namespace without
/// any, nothing is known. `namespace` stands for an absent one. The first of a name counts.
#[must_use]
pub fn answers(
    values: impl IntoIterator<Item = impl Borrow<Value>>,
    namespace: &str,
) -> Vec<(Reference, Answer)> {
    let mut rosters: BTreeMap<String, Roster> = BTreeMap::new();
    for value in values {
        let value = value.borrow();
        let Some(object) = read::reference(value).filter(is_coordination) else { continue };
        let own = &object.namespace;
        let at = if own.is_empty() { namespace.to_owned() } else { own.clone() };
        let roster = rosters.entry(at).or_default();
        if roster.named(&object.name) == Answer::Absent {
            roster.put(value, namespace);
        }
    }
    let answer = |(namespace, roster)| {
        (Reference::Coordinations { namespace }, Answer::Coordinations(Arc::new(roster)))
    };
    rosters.into_iter().map(answer).collect()
}

#[cfg(test)]
mod tests {
    use placecard_language::keys;
    use serde_json::json;

    use super::*;

    fn coordination(name: &str, group: &str, ratio: i64) -> Value {
        let role = |role: &str| {
            json!({"name": role, "role": role, "groupRef": {
                "apiVersion": "workloads.x-k8s.io/v1alpha1", "kind": "RoleBasedGroup", "name": group}})
        };
        json!({"apiVersion": keys::API_VERSION, "kind": keys::COORDINATION_KIND,
            "metadata": {"name": name}, "spec": {
                "roles": [role("prefill"), role("decode")],
                "coordination": [{"name": "pd", "type": "AffinityScheduling",
                    "roles": ["prefill", "decode"], "strategy": {"affinityScheduling": {
                        "ratios": {"prefill": ratio, "decode": 1}}}}]}})
    }

    fn labels(group: &str) -> Map {
        Map::from([("rbg.workloads.x-k8s.io/group-name".to_owned(), group.to_owned())])
    }

    #[test]
    fn a_roster_follows_its_objects() {
        let mut roster = Roster::default();
        assert!(roster.is_empty() && !roster.concerns(&labels("llm")));
        roster.put(&coordination("b", "llm", 2), "ml");
        roster.put(&coordination("a", "other", 2), "ml");
        let names: Vec<&str> = roster.groups().iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(roster.groups()[0].namespace, "ml");
        assert!(roster.concerns(&labels("llm")) && !roster.concerns(&labels("third")));
        assert!(matches!(roster.named("a"), Answer::Coordination(_)));
        // Changed into one that cannot be read.
        roster.put(&coordination("b", "llm", 0), "ml");
        assert_eq!(roster.named("b"), Answer::Unreachable);
        assert_eq!(roster.broken_for(&labels("llm")), Some("b"));
        assert!(roster.concerns(&labels("llm")) && !roster.concerns(&labels("third")));
        assert_eq!(roster.broken_for(&labels("other")), None);
        roster.remove("b");
        assert_eq!(roster.named("b"), Answer::Absent);
        roster.put(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}), "ml");
        roster.remove("a");
        assert!(roster.is_empty());
    }

    #[test]
    fn namespaces_without_coordinations_are_unknown() {
        let mut first = coordination("a", "llm", 2);
        first["metadata"]["namespace"] = json!("one");
        let values = [first, coordination("a", "llm", 2), coordination("a", "later", 2)];
        let found = answers(&values, "two");
        let [(one, _), (two, Answer::Coordinations(roster))] = found.as_slice() else {
            unreachable!("{found:?}")
        };
        assert_eq!(one, &Reference::Coordinations { namespace: "one".to_owned() });
        assert_eq!(two, &Reference::Coordinations { namespace: "two".to_owned() });
        assert!(roster.concerns(&labels("llm")) && !roster.concerns(&labels("later")));
    }
}
