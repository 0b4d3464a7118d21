//! The groups of other controllers that coordinations may refer to: how many replicas each role has,
//! how many pods one replica is, and coordinations that stand in a group itself.
//!
//! A cluster may lack any of the kinds. Of an object a few numbers are kept, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use placecard_feasibility::inventory::NamespacedName;
use placecard_findings::api_group;
use placecard_language::coordination::inline::{self, HOME};
use placecard_language::coordination::{GROUP_KINDS, Group};
use serde_json::{Value, json};

use crate::coordination::crew::{Crew, crews};

/// A kind of group, one of [`GROUP_KINDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupKind {
    /// The group of its API.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
}

impl GroupKind {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        GROUP_KINDS.iter().map(|(group, kind, _)| Self { group, kind })
    }

    /// The kind that a reference means, of whatever version.
    #[must_use]
    pub fn find(api_version: &str, kind: &str) -> Option<Self> {
        Self::all().find(|one| one.group == api_group(api_version) && one.kind == kind)
    }

    /// Coordinations may stand in its objects.
    #[must_use]
    pub fn is_home(self) -> bool {
        (self.group, self.kind) == HOME
    }
}

impl fmt::Display for GroupKind {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} {}", self.group, self.kind)
    }
}

/// How large a role inside a group is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleSize {
    /// What ratios count.
    pub replicas: u32,
    /// The pods of one replica, at least 1.
    pub pods: u64,
}

/// Coordinations inside a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Inside {
    /// What they say.
    pub group: Group,
    /// `apiVersion` of the object.
    pub api_version: String,
    /// Its `metadata.uid`.
    pub uid: String,
}

/// What is known of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Known {
    /// Nothing yet.
    #[default]
    Nothing,
    /// It may not be read.
    Refused,
    /// Its objects.
    Listed,
    /// The server does not have it, so it has no objects.
    Unserved,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Facts {
    /// By the name of the role inside.
    roles: BTreeMap<String, RoleSize>,
    /// `None`: no coordination stands there, or none that can be used.
    inside: Option<Box<Inside>>,
}

#[derive(Clone, Debug, Default)]
struct Objects {
    known: Known,
    facts: BTreeMap<NamespacedName, Facts>,
    /// Those that the list which is under way has not named yet.
    left: BTreeSet<NamespacedName>,
}

/// The groups of all kinds.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups(BTreeMap<GroupKind, Objects>);

impl Groups {
    /// An object, added or replaced; whether anything changed that a coordination may be about.
    /// `None`: it is no JSON object, and what was known stays.
    pub(super) fn put(&mut self, kind: GroupKind, json: &[u8]) -> Option<bool> {
        let mut value: Value = serde_json::from_slice(json).ok()?;
        let fields = value.as_object_mut()?;
        // The items of a list need not say what they are.
        fields.entry("apiVersion").or_insert_with(|| json!(format!("{}/", kind.group)));
        fields.entry("kind").or_insert_with(|| json!(kind.kind));
        let text = |pointer: &str| {
            value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let name = (text("/metadata/namespace"), text("/metadata/name"));
        let size = |crew: Crew| {
            let pods = crew.pods().max(1);
            (crew.inside, RoleSize { replicas: crew.replicas, pods })
        };
        let group = kind.is_home().then(|| inline::check(&value).0).flatten();
        let inside = group.filter(|group| !group.coordinations.is_empty()).map(|mut group| {
            group.namespace.clone_from(&name.0);
            let (api_version, uid) = (text("/apiVersion"), text("/metadata/uid"));
            Box::new(Inside { group, api_version, uid })
        });
        let facts = Facts { roles: crews(&value).into_iter().map(size).collect(), inside };
        let objects = self.0.entry(kind).or_default();
        objects.left.remove(&name);
        Some(objects.facts.insert(name, facts.clone()) != Some(facts))
    }

    /// An object is gone, or is there and cannot be read; whether it was known.
    pub(super) fn gone(&mut self, kind: GroupKind, name: &NamespacedName) -> bool {
        let objects = self.0.entry(kind).or_default();
        objects.left.remove(name);
        objects.facts.remove(name).is_some()
    }

    pub(super) fn list(&mut self, kind: GroupKind) {
        let objects = self.0.entry(kind).or_default();
        objects.left = objects.facts.keys().cloned().collect();
    }

    pub(super) fn listed(&mut self, kind: GroupKind) {
        let objects = self.0.entry(kind).or_default();
        for name in std::mem::take(&mut objects.left) {
            objects.facts.remove(&name);
        }
        objects.known = Known::Listed;
    }

    /// Nothing is known of the kind (any longer); `served`: there may be objects all the same.
    pub(super) fn unknown(&mut self, kind: GroupKind, served: bool) {
        let known = if served { Known::Refused } else { Known::Unserved };
        self.0.insert(kind, Objects { known, ..Objects::default() });
    }

    pub(super) fn is_settled(&self, kind: GroupKind) -> bool {
        self.0.get(&kind).is_some_and(|objects| objects.known != Known::Nothing)
    }

    pub(super) fn is_listed(&self, kind: GroupKind) -> bool {
        self.0.get(&kind).is_some_and(|objects| objects.known == Known::Listed)
    }

    pub(super) fn role(
        &self,
        kind: GroupKind,
        name: &NamespacedName,
        role: &str,
    ) -> Option<RoleSize> {
        self.0.get(&kind)?.facts.get(name)?.roles.get(role).copied()
    }

    pub(super) fn inside(&self) -> impl Iterator<Item = (&NamespacedName, &Inside)> {
        let facts = self.0.values().flat_map(|objects| &objects.facts);
        facts.filter_map(|(name, facts)| Some((name, facts.inside.as_deref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str) -> GroupKind {
        GroupKind::all().find(|one| one.kind == name).unwrap()
    }

    fn set(name: &str, replicas: i64, size: i64) -> Vec<u8> {
        let worker = json!({"spec": {"containers": [{"name": "c"}]}});
        json!({"metadata": {"namespace": "ml", "name": name}, "spec": {"replicas": replicas,
            "leaderWorkerTemplate": {"size": size, "workerTemplate": worker}}})
        .to_string()
        .into_bytes()
    }

    #[test]
    fn the_sizes_of_groups_follow_their_objects() {
        let lws = kind("LeaderWorkerSet");
        let mut groups = Groups::default();
        let of = |groups: &Groups, name: &str| {
            groups
                .role(lws, &("ml".to_owned(), name.to_owned()), "")
                .map(|of| (of.replicas, of.pods))
        };
        assert!(!groups.is_settled(lws));
        groups.list(lws);
        assert_eq!(groups.put(lws, &set("a", 3, 4)), Some(true));
        assert_eq!(groups.put(lws, &set("b", 1, 1)), Some(true));
        groups.listed(lws);
        assert!(groups.is_listed(lws));
        assert_eq!((of(&groups, "a"), of(&groups, "b")), (Some((3, 4)), Some((1, 1))));
        // The same again, another size, and another list without one of them.
        assert_eq!(groups.put(lws, &set("a", 3, 4)), Some(false));
        assert_eq!(groups.put(lws, &set("a", 5, 4)), Some(true));
        groups.list(lws);
        assert_eq!(groups.put(lws, &set("a", 5, 4)), Some(false));
        groups.listed(lws);
        assert_eq!((of(&groups, "a"), of(&groups, "b")), (Some((5, 4)), None));
        assert_eq!(groups.put(lws, b"["), None);
        assert!(groups.gone(lws, &("ml".to_owned(), "a".to_owned())));
        assert_eq!(of(&groups, "a"), None);
        groups.unknown(lws, false);
        assert!(groups.is_settled(lws) && !groups.is_listed(lws));
        assert_eq!(GroupKind::find("jobset.x-k8s.io/v1alpha2", "JobSet"), Some(kind("JobSet")));
        assert_eq!(GroupKind::find("batch/v1", "JobSet"), None);
    }

    #[test]
    fn coordinations_inside_a_group_are_kept() {
        let rbg = kind("RoleBasedGroup");
        let role = |name: &str, replicas: u32| {
            json!({"name": name, "replicas": replicas,
                "template": {"spec": {"containers": [{"name": "c"}]}}})
        };
        let object = |ratio: i64| {
            json!({"apiVersion": "workloads.x-k8s.io/v1alpha1", "kind": "RoleBasedGroup",
                "metadata": {"namespace": "ml", "name": "llm", "uid": "u"},
                "spec": {"roles": [role("prefill", 6), role("decode", 3)], "coordination": [
                    {"name": "pd", "type": "AffinityScheduling", "roles": ["prefill", "decode"],
                     "strategy": {"affinityScheduling": {"topologyKey": "kubernetes.io/hostname",
                        "ratios": {"prefill": ratio, "decode": 1}}}}]}})
            .to_string()
            .into_bytes()
        };
        let mut groups = Groups::default();
        assert_eq!(groups.put(rbg, &object(2)), Some(true));
        let found: Vec<&Inside> = groups.inside().map(|(_, inside)| inside).collect();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].group.namespace.as_str(), found[0].uid.as_str()), ("ml", "u"));
        // One that is wrong is none.
        assert_eq!(groups.put(rbg, &object(0)), Some(true));
        assert_eq!(groups.inside().count(), 0);
        let name = ("ml".to_owned(), "llm".to_owned());
        assert_eq!(groups.role(rbg, &name, "prefill").map(|of| of.replicas), Some(6));
    }
}
