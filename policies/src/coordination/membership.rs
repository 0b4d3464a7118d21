//! Which coordination and role a pod or template belongs to, by what it says itself, by its owner,
//! or by the labels of a group that a coordination refers to.

use placecard_findings::api_group;
use placecard_language::coordination::sentence::Coordinate;
use placecard_language::coordination::{AffinityScheduling, Group, Source};
use sha2::{Digest, Sha256};

use crate::coordination::ordinal::{LEADER_WORKER_SET, counted_by};
use crate::object::{Map, Object};

/// Characters of a coordination's id.
const ID: usize = 16;

/// Label of the pods of a RoleBasedGroup: its name (api/workloads/constants).
pub const ROLE_BASED_GROUP: &str = "rbg.workloads.x-k8s.io/group-name";

/// The kinds of groups with the labels that name the group and the role inside, most specific first:
/// a DisaggregatedSet is made of LeaderWorkerSets.
pub(super) static GROUP_LABELS: &[(&str, &str, Option<&str>)] = &[
    ("DisaggregatedSet", "disaggregatedset.x-k8s.io/name", Some("disaggregatedset.x-k8s.io/role")),
    ("RoleBasedGroup", ROLE_BASED_GROUP, Some("rbg.workloads.x-k8s.io/role-name")),
    ("LeaderWorkerSet", LEADER_WORKER_SET, None),
    ("JobSet", "jobset.sigs.k8s.io/jobset-name", Some("jobset.sigs.k8s.io/replicatedjob-name")),
];

/// Whose pods are in question.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Namespace of the pods; empty if unknown.
    pub namespace: &'a str,
    /// Labels of the pod or template.
    pub labels: &'a Map,
    /// The annotation `coordinate`.
    pub coordinate: Option<&'a Coordinate>,
    /// A pod, with its owners, or the workload that holds the template.
    pub object: &'a Object,
}

/// What a pod has to do with coordinations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Membership {
    /// Nothing: no coordination places it.
    None,
    /// It is in a batch of this coordination.
    Member(Box<Member>),
    /// It names a coordination that is not known (yet): the pod may be tried again.
    Unknown {
        /// The name.
        name: String,
    },
    /// It names a coordination that has no role for its workload (yet).
    NoRole {
        /// The name of the coordination.
        name: String,
    },
    /// Two RoleCoordinations place it.
    Ambiguous {
        /// The name of the one.
        first: String,
        /// The name of the other.
        second: String,
    },
}

/// How a pod is known to be a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// It names the coordination.
    Annotation,
    /// Its owner is the workload of a role; its template lacks the annotation.
    Owner,
    /// Its labels are those of a group that a role refers to.
    GroupLabels,
}

/// A place in a coordination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// How it is known.
    pub by: By,
    /// The name of the RoleCoordination, or what the long form calls it.
    pub group: String,
    /// The coordination in it.
    pub coordination: String,
    /// The role.
    pub role: String,
    /// Where its pods come from.
    pub source: Source,
    /// Replicas of the role in one batch.
    pub ratio: u32,
    /// How batches are placed.
    pub placing: AffinityScheduling,
    /// What the label `placecard.dev/coordination` of all members says.
    pub id: String,
}

/// The id of a coordination: the same for all of its pods, another one for any other coordination.
/// Names would not fit into a label's value.
#[must_use]
pub fn id(namespace: &str, group: &str, coordination: &str) -> String {
    // None of the three can hold a slash.
    let digest = Sha256::digest(format!("{namespace}/{group}/{coordination}").as_bytes());
    base32(&digest).chars().take(ID).collect()
}

/// Base 32 (RFC 4648) in lower case, without padding.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let (mut text, mut bits, mut held) = (String::new(), 0_u32, 0_u32);
    for byte in bytes {
        bits = (bits << 8) | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            let index = usize::try_from((bits >> held) & 31).unwrap_or_default();
            text.extend(ALPHABET.get(index).map(|letter| char::from(*letter)));
        }
        bits &= (1 << held) - 1;
    }
    text
}

/// Which coordination and role a subject belongs to. `groups` are the RoleCoordinations of its
/// namespace; others are passed over.
#[must_use]
pub fn membership(subject: &Subject<'_>, groups: &[Group]) -> Membership {
    let here = |group: &&Group| group.namespace.is_empty() || group.namespace == subject.namespace;
    if let Some(coordinate) = subject.coordinate {
        if let Some(own) = coordinate.group(subject.namespace) {
            let role = own.roles.first().map(|role| role.name.clone()).unwrap_or_default();
            return member(subject, &own, &role, By::Annotation);
        }
        let Some(group) = groups.iter().filter(here).find(|one| one.name == coordinate.name) else {
            return Membership::Unknown { name: coordinate.name.clone() };
        };
        let role = by_owner(subject, group).or_else(|| by_labels(subject, group));
        return match role {
            Some(role) => member(subject, group, role, By::Annotation),
            None => Membership::NoRole { name: group.name.clone() },
        };
    }
    let mut found = Membership::None;
    for group in groups.iter().filter(here) {
        let by_owner = by_owner(subject, group).map(|role| (role, By::Owner));
        let role =
            by_owner.or_else(|| by_labels(subject, group).map(|role| (role, By::GroupLabels)));
        let Some((role, by)) = role else { continue };
        let place = member(subject, group, role, by);
        match (&found, place) {
            (Membership::Member(first), Membership::Member(second)) => {
                let (first, second) = (first.group.clone(), second.group);
                return Membership::Ambiguous { first, second };
            }
            (Membership::None, place) => found = place,
            _ => {}
        }
    }
    found
}

/// The labels whose presence says that a pod is of a group that a coordination could refer to: only
/// such pods are worth asking for the coordinations of their namespace when they carry no annotation.
pub fn group_labels() -> impl Iterator<Item = &'static str> {
    GROUP_LABELS.iter().map(|(_, label, _)| *label)
}

/// The label that names the pod's group, and the name: of several the most specific.
#[must_use]
pub fn group_of(labels: &Map) -> Option<(&'static str, &str)> {
    group_labels().find_map(|label| Some((label, labels.get(label)?.as_str())))
}

fn member(subject: &Subject<'_>, group: &Group, role: &str, by: By) -> Membership {
    let Some((coordination, placing)) = group.placing(role) else { return Membership::None };
    let Some(ratio) = placing.ratios.get(role).copied() else { return Membership::None };
    let source = group.role(role).map_or(Source::Annotation, |role| role.source.clone());
    Membership::Member(Box::new(Member {
        by,
        group: group.name.clone(),
        coordination: coordination.name.clone(),
        role: role.to_owned(),
        source,
        ratio,
        placing: placing.clone(),
        id: id(subject.namespace, &group.name, &coordination.name),
    }))
}

/// The role whose workload owns the pod, or is the object itself.
fn by_owner<'g>(subject: &Subject<'_>, group: &'g Group) -> Option<&'g str> {
    let object = subject.object;
    let owners = match object.controller() {
        Some(owner) if object.is_pod() => counted_by(subject.labels, owner),
        None if object.is_pod() => Vec::new(),
        _ => {
            let own = &object.reference;
            vec![(own.group().to_owned(), own.kind.clone(), own.name.clone())]
        }
    };
    let role = group.roles.iter().find(|role| match &role.source {
        Source::Workload { api_version, kind, name } => owners
            .iter()
            .any(|(of, is, called)| api_group(api_version) == of && kind == is && name == called),
        Source::Group { .. } | Source::Annotation => false,
    });
    role.map(|role| role.name.as_str())
}

/// The role of a group whose labels the pod carries.
fn by_labels<'g>(subject: &Subject<'_>, group: &'g Group) -> Option<&'g str> {
    let role = group.roles.iter().find(|one| {
        let Source::Group { kind, name, role, .. } = &one.source else { return false };
        let Some((_, named, inside)) = GROUP_LABELS.iter().find(|(of, ..)| of == kind) else {
            return false;
        };
        let is = |label: &str, value: &str| subject.labels.get(label).is_some_and(|is| is == value);
        is(named, name) && inside.is_none_or(|inside| is(inside, role))
    });
    role.map(|role| role.name.as_str())
}

#[cfg(test)]
mod tests;
