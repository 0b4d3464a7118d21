//! What is kept for coordinations: the RoleCoordinations, and what a pod of a batch says of itself
//! beside what is counted.

use std::collections::BTreeMap;

use placecard_feasibility::inventory::NamespacedName;
use placecard_findings::ObjectRef;
use placecard_language::coordination::Group;
use placecard_language::coordination::written::RoleCoordinationStatus;
use placecard_language::keys;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::watched::Watched;
use crate::coordination;
use crate::read::or_default;
use crate::snapshot::governance::seconds;
use crate::snapshot::problem::Problem;
use crate::snapshot::single::typed;
use crate::surroundings::{Answer, Reference};
use crate::words;

/// A RoleCoordination as it was seen last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coordinated {
    /// What it says; `None`: it cannot be used.
    pub group: Option<Group>,
    /// Why it cannot be used: what the linter says first, with the field; empty if it can.
    pub fault: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// `status`, as far as it is ours.
    pub status: RoleCoordinationStatus,
}

/// A pod with the label of a coordination, or the annotation that names one, as far as the counts do not have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiter {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
    /// `spec.schedulingGates`, by name.
    pub gates: Vec<String>,
    /// `metadata.creationTimestamp`, in seconds since 1970.
    pub created: i64,
    /// Since when its condition `Ready` is true.
    pub ready: Option<i64>,
    /// Since when its condition `PodScheduled` says that no node takes it.
    pub unschedulable: Option<i64>,
}

/// A RoleCoordination, as far as it must be readable to be kept.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Outline {
    #[serde(deserialize_with = "or_default")]
    metadata: Named,
    #[serde(deserialize_with = "or_default")]
    spec: BTreeMap<String, IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    #[serde(deserialize_with = "or_default")]
    namespace: String,
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    uid: String,
    #[serde(deserialize_with = "or_default")]
    generation: i64,
}

/// Reads a RoleCoordination, and says what it is called; with the object, without its status.
pub(super) fn read(json: &[u8]) -> Result<(NamespacedName, Coordinated, Value), Problem> {
    let Outline { metadata, spec: _ } = typed(keys::COORDINATION_KIND, json)?;
    let Named { namespace, name, uid, generation } = metadata;
    let name = (namespace, name);
    let mut value: Value = typed(keys::COORDINATION_KIND, json)?;
    let mut status = RoleCoordinationStatus::default();
    if let Some(fields) = value.as_object_mut() {
        // What another release wrote is written anew.
        let written = fields.remove("status");
        status = written
            .and_then(|written| RoleCoordinationStatus::deserialize(written).ok())
            .unwrap_or_default();
        // The items of a list do not say what they are.
        fields.insert("apiVersion".to_owned(), json!(keys::API_VERSION));
        fields.insert("kind".to_owned(), json!(keys::COORDINATION_KIND));
    }
    let (group, findings) = coordination::check(&value);
    let fault = match &group {
        Some(_) => String::new(),
        None => findings.first().map(words::coordination::fault).unwrap_or_default(),
    };
    Ok((name, Coordinated { group, fault, uid, generation, status }, value))
}

impl Coordinated {
    /// What it answers to who names it.
    pub(super) fn answer(&self) -> Answer {
        let usable = self.group.clone().map(|group| Answer::Coordination(Box::new(group)));
        usable.unwrap_or(Answer::Unreachable)
    }
}

/// The name that a reference to a RoleCoordination has.
pub(super) fn named(reference: &Reference) -> Option<NamespacedName> {
    match reference {
        Reference::Coordination { namespace, name } => Some((namespace.clone(), name.clone())),
        _ => None,
    }
}

/// How the API names it.
#[must_use]
pub fn object((namespace, name): &NamespacedName) -> ObjectRef {
    ObjectRef {
        api_version: Watched::RoleCoordination.api_version(),
        kind: keys::COORDINATION_KIND.to_owned(),
        namespace: namespace.clone(),
        name: name.clone(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Written {
    #[serde(deserialize_with = "or_default")]
    metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    spec: Spec,
    #[serde(deserialize_with = "or_default")]
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    #[serde(deserialize_with = "or_default")]
    uid: String,
    #[serde(deserialize_with = "or_default")]
    resource_version: String,
    #[serde(deserialize_with = "or_default")]
    creation_timestamp: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    #[serde(deserialize_with = "or_default")]
    scheduling_gates: Vec<Gate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Gate {
    #[serde(deserialize_with = "or_default")]
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    #[serde(deserialize_with = "or_default")]
    conditions: Vec<Condition>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Condition {
    #[serde(rename = "type", deserialize_with = "or_default")]
    kind: String,
    #[serde(deserialize_with = "or_default")]
    status: String,
    #[serde(deserialize_with = "or_default")]
    reason: String,
    #[serde(deserialize_with = "or_default")]
    last_transition_time: String,
}

/// What a pod says of itself; `None`: it cannot be read.
pub(super) fn waiter(json: &[u8]) -> Option<Waiter> {
    let Written { metadata, spec, status } = typed(Watched::Pod.row().kind, json).ok()?;
    let since = |kind: &str, is: &str, reason: Option<&str>| {
        let found = status.conditions.iter().find(|one| {
            one.kind == kind && one.status == is && reason.is_none_or(|reason| one.reason == reason)
        });
        found.map(|one| seconds(&one.last_transition_time).unwrap_or(0))
    };
    Some(Waiter {
        ready: since("Ready", "True", None),
        unschedulable: since("PodScheduled", "False", Some("Unschedulable")),
        uid: metadata.uid,
        resource_version: metadata.resource_version,
        gates: spec.scheduling_gates.into_iter().map(|gate| gate.name).collect(),
        created: seconds(&metadata.creation_timestamp).unwrap_or(0),
    })
}
