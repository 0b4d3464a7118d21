//! Reads a cluster, as JSON of the API, into the inventory that the scheduler's filters judge.
//!
//! Objects may be as they were submitted: what the API server would fill in is filled in here
//! (`pkg/apis/core/v1/defaults.go` and the strategies of `pkg/registry/core`). Fields that no
//! filter reads are skipped.

mod amounts;
mod governance;
mod node;
mod pod;
mod services;
mod volume;

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::label::NAMESPACE_NAME;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::object::Map;
use crate::read::or_default;

/// An object that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Where in the object, as a path: `spec.containers[0].name`; `.` is the object itself.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

/// The parts of `metadata` that matter.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    namespace: String,
    #[serde(deserialize_with = "or_default")]
    uid: String,
    #[serde(deserialize_with = "or_default")]
    labels: Map,
    #[serde(deserialize_with = "or_default")]
    annotations: Map,
    deletion_timestamp: Option<String>,
    #[serde(deserialize_with = "or_default")]
    owner_references: Vec<OwnerReference>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OwnerReference {
    #[serde(rename = "apiVersion", deserialize_with = "or_default")]
    api_version: String,
    #[serde(deserialize_with = "or_default")]
    kind: String,
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    uid: String,
    #[serde(deserialize_with = "or_default")]
    controller: bool,
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
struct Kind<'a> {
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
        pod::read(&self.0)
    }
}

impl Cluster {
    /// The inventory. Of objects with the same name the last one counts.
    #[must_use]
    pub fn read(&self) -> Inventory {
        let mut inventory = Inventory::default();
        self.nodes.iter().for_each(|written| add_node(&mut inventory, written));
        self.pods.iter().for_each(|written| add_pod(&mut inventory, written));
        self.namespaces.iter().for_each(|written| add_namespace(&mut inventory, written));
        self.pvs.iter().for_each(|written| add_volume(&mut inventory, written));
        self.pvcs.iter().for_each(|written| add_claim(&mut inventory, written));
        self.storageclasses.iter().for_each(|written| add_class(&mut inventory, written));
        self.csinodes.iter().for_each(|written| add_csi_node(&mut inventory, written));
        self.resourcequotas
            .iter()
            .for_each(|written| governance::add_quota(&mut inventory, written));
        self.limitranges
            .iter()
            .for_each(|written| governance::add_limit_range(&mut inventory, written));
        self.priorityclasses
            .iter()
            .for_each(|written| governance::add_priority_class(&mut inventory, written));
        self.pdbs.iter().for_each(|written| governance::add_budget(&mut inventory, written));
        self.services.iter().for_each(|written| services::add_service(&mut inventory, written));
        let replication_controllers = self.replicationcontrollers.iter();
        replication_controllers
            .for_each(|written| services::add_replication_controller(&mut inventory, written));
        let replica_sets = self.replicasets.iter();
        replica_sets.for_each(|written| services::add_replica_set(&mut inventory, written));
        let stateful_sets = self.statefulsets.iter();
        stateful_sets.for_each(|written| services::add_stateful_set(&mut inventory, written));
        inventory
    }
}

fn add_node(inventory: &mut Inventory, written: &node::Written) {
    let node = node::read(written);
    for (name, size) in node::images(written) {
        inventory.image_sizes.entry(name.clone()).or_insert(size);
    }
    inventory.nodes.insert(node.name.clone(), node);
}

fn add_pod(inventory: &mut Inventory, written: &WrittenPod) {
    let pod = written.read();
    inventory.pods.insert((pod.namespace.clone(), pod.name.clone()), pod);
}

fn add_namespace(inventory: &mut Inventory, written: &WrittenNamespace) {
    let name = &written.metadata.name;
    let mut labels = written.metadata.labels.clone();
    labels.insert(NAMESPACE_NAME.to_owned(), name.clone());
    inventory.namespaces.insert(name.clone(), labels);
}

fn add_volume(inventory: &mut Inventory, written: &volume::WrittenVolume) {
    let volume = volume::read_volume(written);
    inventory.volumes.insert(volume.name.clone(), volume);
}

fn add_claim(inventory: &mut Inventory, written: &volume::WrittenClaim) {
    let claim = volume::read_claim(written);
    inventory.claims.insert((claim.namespace.clone(), claim.name.clone()), claim);
}

fn add_class(inventory: &mut Inventory, written: &volume::WrittenClass) {
    let class = volume::read_class(written);
    inventory.classes.insert(class.name.clone(), class);
}

fn add_csi_node(inventory: &mut Inventory, written: &node::WrittenCsiNode) {
    let (name, csi_node) = node::read_csi_node(written);
    inventory.csi_nodes.insert(name, csi_node);
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

/// Adds an object, or all items of a list, as `kubectl get … -o json` prints them; kinds that no
/// filter reads are passed over.
///
/// # Errors
///
/// The first object that cannot be read; those before it have been added.
pub fn add(inventory: &mut Inventory, json: &str) -> Result<(), Unreadable> {
    let kind: Kind<'_> = parse(json)?;
    if let Some(items) = kind.items {
        for (index, item) in items.into_iter().enumerate() {
            add_item(inventory, item.get()).map_err(|inner| Unreadable {
                path: format!("items[{index}].{}", inner.path),
                message: inner.message,
            })?;
        }
        return Ok(());
    }
    add_kind(inventory, &kind.kind, json)
}

fn add_item(inventory: &mut Inventory, json: &str) -> Result<(), Unreadable> {
    let kind: Kind<'_> = parse(json)?;
    add_kind(inventory, &kind.kind, json)
}

fn add_kind(inventory: &mut Inventory, kind: &str, json: &str) -> Result<(), Unreadable> {
    match kind {
        "Node" => add_node(inventory, &parse(json)?),
        "Pod" => add_pod(inventory, &parse(json)?),
        "Namespace" => add_namespace(inventory, &parse(json)?),
        "PersistentVolume" => add_volume(inventory, &parse(json)?),
        "PersistentVolumeClaim" => add_claim(inventory, &parse(json)?),
        "StorageClass" => add_class(inventory, &parse(json)?),
        "CSINode" => add_csi_node(inventory, &parse(json)?),
        "ResourceQuota" => governance::add_quota(inventory, &parse(json)?),
        "LimitRange" => governance::add_limit_range(inventory, &parse(json)?),
        "PriorityClass" => governance::add_priority_class(inventory, &parse(json)?),
        "PodDisruptionBudget" => governance::add_budget(inventory, &parse(json)?),
        "Service" => services::add_service(inventory, &parse(json)?),
        "ReplicationController" => {
            services::add_replication_controller(inventory, &parse(json)?);
        }
        "ReplicaSet" => services::add_replica_set(inventory, &parse(json)?),
        "StatefulSet" => services::add_stateful_set(inventory, &parse(json)?),
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;
