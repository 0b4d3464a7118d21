//! Reads a cluster, as JSON of the API, into the inventory that the scheduler's filters judge.
//!
//! Objects may be as they were submitted: what the API server would fill in is filled in here
//! (`pkg/apis/core/v1/defaults.go` and the strategies of `pkg/registry/core`). Fields that no
//! filter reads are skipped.

pub mod alike;
mod amounts;
mod condition;
mod counted;
pub mod dump;
pub(crate) mod governance;
mod lease;
mod node;
pub(crate) mod notes;
pub mod object;
pub mod page;
mod pod;
pub mod problem;
pub mod redact;
mod scan;
pub mod seen;
mod services;
pub mod single;
pub mod stamp;
pub mod stream;
mod value;
mod volume;

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::inventory::volume::Volume;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::object::Map;
use crate::read::or_default;
use crate::snapshot::object::{Parse, Sink};
use crate::snapshot::stamp::{Moment, Revision};

/// An object that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Where in the object, as a path: `spec.containers[0].name`; `.` is the object itself.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

/// The parts of `metadata` that matter; `A`: annotations, for kinds of which they matter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "A: Default + Deserialize<'de>"))]
struct Metadata<A = IgnoredAny> {
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    namespace: String,
    #[serde(deserialize_with = "or_default")]
    uid: String,
    #[serde(deserialize_with = "or_default")]
    labels: Map,
    #[serde(deserialize_with = "or_default")]
    annotations: A,
    deletion_timestamp: Option<String>,
    creation_timestamp: Moment,
    resource_version: Revision,
    #[serde(deserialize_with = "or_default")]
    owner_references: Vec<OwnerReference>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OwnerReference {
    #[serde(rename = "apiVersion", deserialize_with = "or_default")]
    api_version: String,
    #[serde(deserialize_with = "or_default")]
    kind: String,
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    uid: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) controller: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WrittenNamespace {
    #[serde(deserialize_with = "or_default")]
    metadata: Metadata,
}

/// The kind of an object, and its items if it is a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Head<'a> {
    #[serde(deserialize_with = "or_default")]
    kind: String,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

/// The cluster of a recorded case: lists of objects by resource.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Cluster {
    #[serde(deserialize_with = "or_default")]
    nodes: Vec<node::Written>,
    #[serde(deserialize_with = "or_default")]
    pods: Vec<WrittenPod>,
    #[serde(deserialize_with = "or_default")]
    namespaces: Vec<WrittenNamespace>,
    #[serde(deserialize_with = "or_default")]
    pvs: Vec<volume::WrittenVolume>,
    #[serde(deserialize_with = "or_default")]
    pvcs: Vec<volume::WrittenClaim>,
    #[serde(deserialize_with = "or_default")]
    storageclasses: Vec<volume::WrittenClass>,
    #[serde(deserialize_with = "or_default")]
    csinodes: Vec<node::WrittenCsiNode>,
    #[serde(deserialize_with = "or_default")]
    resourcequotas: Vec<governance::WrittenQuota>,
    #[serde(deserialize_with = "or_default")]
    limitranges: Vec<governance::WrittenLimitRange>,
    #[serde(deserialize_with = "or_default")]
    priorityclasses: Vec<governance::WrittenPriorityClass>,
    #[serde(deserialize_with = "or_default")]
    pdbs: Vec<governance::WrittenBudget>,
    #[serde(deserialize_with = "or_default")]
    services: Vec<services::WrittenService>,
    #[serde(deserialize_with = "or_default")]
    replicationcontrollers: Vec<services::WrittenReplicationController>,
    #[serde(deserialize_with = "or_default")]
    replicasets: Vec<services::WrittenController>,
    #[serde(deserialize_with = "or_default")]
    statefulsets: Vec<services::WrittenController>,
}

/// A pod as it stands in JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct WrittenPod(pod::Written);

impl WrittenPod {
    /// The pod with the API's defaults.
    #[must_use]
    pub fn read(&self) -> Pod {
        pod::read(&mut self.0.clone())
    }
}

impl Cluster {
    /// The inventory. Of objects with the same name the last one counts.
    #[must_use]
    pub fn read(&self) -> Inventory {
        let mut inventory = Inventory::default();
        let mut put = |object| {
            inventory.put(object);
        };
        self.nodes.iter().map(object::node).for_each(&mut put);
        self.pods.iter().map(object::pod).for_each(&mut put);
        self.namespaces.iter().map(object::namespace).for_each(&mut put);
        self.pvs.iter().map(object::volume).for_each(&mut put);
        self.pvcs.iter().map(object::claim).for_each(&mut put);
        self.storageclasses.iter().map(object::class).for_each(&mut put);
        self.csinodes.iter().map(object::csi_node).for_each(&mut put);
        self.resourcequotas.iter().map(object::quota).for_each(&mut put);
        self.limitranges.iter().map(object::limit_range).for_each(&mut put);
        self.priorityclasses.iter().map(object::priority_class).for_each(&mut put);
        self.pdbs.iter().map(object::budget).for_each(&mut put);
        self.services.iter().map(services::read_service).for_each(&mut put);
        let controllers = self.replicationcontrollers.iter();
        controllers.map(services::read_replication_controller).for_each(&mut put);
        let sets = |kind| move |written| services::read_controller(kind, written);
        self.replicasets.iter().map(sets(Kind::ReplicaSet)).for_each(&mut put);
        self.statefulsets.iter().map(sets(Kind::StatefulSet)).for_each(&mut put);
        inventory
    }
}

/// Reads a PersistentVolume; `None` if one of its fields has the wrong type.
pub(crate) fn volume_of(object: &Value) -> Option<Volume> {
    let written = volume::WrittenVolume::deserialize(object).ok()?;
    Some(volume::read_volume(&written))
}

/// Parses one object of the API, and says which field is wrong.
///
/// # Errors
///
/// The first field that has the wrong type, or where the JSON ends.
pub fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Unreadable> {
    let mut from = serde_json::Deserializer::from_str(json);
    let parsed = serde_path_to_error::deserialize(&mut from).map_err(|error| Unreadable {
        path: error.path().to_string(),
        message: error.inner().to_string(),
    })?;
    from.end().map_err(|error| Unreadable { path: ".".to_owned(), message: error.to_string() })?;
    Ok(parsed)
}

/// Adds an object, or all items of a list, as `kubectl get … -o json` prints them; kinds that
/// placement does not depend on are passed over. Large texts are for [`stream`].
///
/// # Errors
///
/// The first object that cannot be read; those before it have been added.
pub fn add(inventory: &mut Inventory, json: &str) -> Result<(), Unreadable> {
    let Head { kind, items } = parse(json)?;
    let Some(items) = items else {
        return add_object(inventory, &kind, json);
    };
    for (index, item) in items.into_iter().enumerate() {
        let added = parse::<Head<'_>>(item.get())
            .and_then(|head| add_object(inventory, &head.kind, item.get()));
        added.map_err(|inner| Unreadable {
            path: format!("items[{index}].{}", inner.path),
            message: inner.message,
        })?;
    }
    Ok(())
}

fn add_object(inventory: &mut Inventory, kind: &str, json: &str) -> Result<(), Unreadable> {
    if let Some(kind) = problem::kind_of(None, kind) {
        object::read(kind, false, Text(json))?.put(inventory);
    }
    Ok(())
}

/// A text that is parsed as the kind that it turns out to be.
struct Text<'t>(&'t str);

impl Parse for Text<'_> {
    type Error = Unreadable;

    fn parse<T: DeserializeOwned>(self) -> Result<T, Unreadable> {
        parse(self.0)
    }
}

#[cfg(test)]
mod tests;
