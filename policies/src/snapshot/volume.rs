//! Persistent volumes, claims and storage classes.

use k8s_openapi::api::core::v1::NodeSelectorTerm;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use placecard_feasibility::inventory::volume::{
    Claim, ClaimReference, InTree, InTreePlugin, StorageClass, Volume, VolumeSource,
};
use placecard_feasibility::quantity::Quantity;
use placecard_feasibility::requirement::{Operator, Requirement};
use serde::Deserialize;

use super::amounts::WrittenAmounts;
use super::{Metadata, or_default};
use crate::native;
use crate::object::Map;

pub(super) const OLD_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
pub(super) const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
pub(super) const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const STORAGE: &str = "storage";
const FILESYSTEM: &str = "Filesystem";

/// A persistent volume as it stands in JSON.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WrittenVolume {
    #[serde(deserialize_with = "or_default")]
    pub(super) metadata: Metadata<Map>,
    #[serde(deserialize_with = "or_default")]
    spec: VolumeSpec,
    #[serde(deserialize_with = "or_default")]
    status: Status,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    #[serde(deserialize_with = "or_default")]
    phase: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct VolumeSpec {
    #[serde(deserialize_with = "or_default")]
    capacity: WrittenAmounts,
    #[serde(deserialize_with = "or_default")]
    access_modes: Vec<String>,
    claim_ref: Option<WrittenReference>,
    #[serde(deserialize_with = "or_default")]
    storage_class_name: String,
    volume_mode: Option<String>,
    #[serde(deserialize_with = "or_default")]
    volume_attributes_class_name: String,
    #[serde(deserialize_with = "or_default")]
    node_affinity: NodeAffinity,
    csi: Option<Csi>,
    aws_elastic_block_store: Option<ById>,
    cinder: Option<ById>,
    gce_persistent_disk: Option<GceDisk>,
    azure_disk: Option<AzureDisk>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct NodeAffinity {
    required: Option<Required>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Required {
    #[serde(deserialize_with = "or_default")]
    node_selector_terms: Vec<NodeSelectorTerm>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct WrittenReference {
    #[serde(deserialize_with = "or_default")]
    namespace: String,
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    uid: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Csi {
    #[serde(deserialize_with = "or_default")]
    driver: String,
    #[serde(deserialize_with = "or_default")]
    volume_handle: String,
}

/// A volume of a cloud that has an identifier.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ById {
    /// `volumeID`.
    #[serde(rename = "volumeID", deserialize_with = "or_default")]
    pub(super) volume_id: String,
}

/// A disk of Google's cloud.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GceDisk {
    /// `pdName`.
    #[serde(deserialize_with = "or_default")]
    pub(super) pd_name: String,
    /// `readOnly`.
    #[serde(deserialize_with = "or_default")]
    pub(super) read_only: bool,
}

/// A disk of Microsoft's cloud.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AzureDisk {
    /// `diskURI`.
    #[serde(rename = "diskURI", deserialize_with = "or_default")]
    pub(super) disk_uri: String,
}

/// A claim as it stands in JSON.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WrittenClaim {
    #[serde(deserialize_with = "or_default")]
    pub(super) metadata: Metadata<Map>,
    #[serde(deserialize_with = "or_default")]
    spec: ClaimSpec,
    #[serde(deserialize_with = "or_default")]
    status: Status,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClaimSpec {
    #[serde(deserialize_with = "or_default")]
    access_modes: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    resources: Resources,
    #[serde(deserialize_with = "or_default")]
    storage_class_name: String,
    #[serde(deserialize_with = "or_default")]
    volume_name: String,
    volume_mode: Option<String>,
    #[serde(deserialize_with = "or_default")]
    volume_attributes_class_name: String,
    selector: Option<LabelSelector>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Resources {
    #[serde(deserialize_with = "or_default")]
    requests: WrittenAmounts,
}

/// A storage class as it stands in JSON.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WrittenClass {
    #[serde(deserialize_with = "or_default")]
    pub(super) metadata: Metadata<Map>,
    #[serde(deserialize_with = "or_default")]
    provisioner: String,
    #[serde(deserialize_with = "or_default")]
    volume_binding_mode: String,
    #[serde(deserialize_with = "or_default")]
    allowed_topologies: Vec<TopologyTerm>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TopologyTerm {
    #[serde(deserialize_with = "or_default")]
    match_label_expressions: Vec<TopologyRequirement>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct TopologyRequirement {
    #[serde(deserialize_with = "or_default")]
    key: String,
    #[serde(deserialize_with = "or_default")]
    values: Vec<String>,
}

fn class(metadata: &Metadata<Map>, written: &str) -> String {
    metadata.annotations.get(OLD_CLASS).map_or(written, String::as_str).to_owned()
}

fn mode(written: Option<&String>) -> String {
    written.map_or(FILESYSTEM, String::as_str).to_owned()
}

fn storage(amounts: &WrittenAmounts) -> Quantity {
    amounts.get(STORAGE).copied().unwrap_or_default()
}

/// The volume.
pub(super) fn read_volume(written: &WrittenVolume) -> Volume {
    let (metadata, spec) = (&written.metadata, &written.spec);
    let required = spec.node_affinity.required.as_ref();
    Volume {
        name: metadata.name.clone(),
        labels: metadata.labels.clone(),
        terminating: metadata.deletion_timestamp.is_some(),
        claim: spec.claim_ref.as_ref().map(|reference| ClaimReference {
            claim: (reference.namespace.clone(), reference.name.clone()),
            uid: reference.uid.clone(),
        }),
        capacity: storage(&spec.capacity),
        available: written.status.phase == "Available",
        class: class(metadata, &spec.storage_class_name),
        access_modes: spec.access_modes.clone(),
        mode: mode(spec.volume_mode.as_ref()),
        attributes_class: spec.volume_attributes_class_name.clone(),
        node_affinity: required
            .map(|required| required.node_selector_terms.iter().map(native::node_term).collect()),
        source: source(spec),
    }
}

fn source(spec: &VolumeSpec) -> Option<VolumeSource> {
    if let Some(csi) = &spec.csi {
        let (driver, handle) = (csi.driver.clone(), csi.volume_handle.clone());
        return Some(VolumeSource::Csi { driver, handle });
    }
    let by_id = |disk: &ById| disk.volume_id.clone();
    let aws = spec.aws_elastic_block_store.as_ref().map(by_id);
    let cinder = spec.cinder.as_ref().map(by_id);
    let gce = spec.gce_persistent_disk.as_ref().map(|disk| disk.pd_name.clone());
    let azure = spec.azure_disk.as_ref().map(|disk| disk.disk_uri.clone());
    let (plugin, handle) = None
        .or_else(|| aws.map(|handle| (InTreePlugin::AwsEbs, handle)))
        .or_else(|| cinder.map(|handle| (InTreePlugin::Cinder, handle)))
        .or_else(|| gce.map(|handle| (InTreePlugin::GcePd, handle)))
        .or_else(|| azure.map(|handle| (InTreePlugin::AzureDisk, handle)))?;
    Some(VolumeSource::InTree(InTree { plugin, handle }))
}

/// The claim.
pub(super) fn read_claim(written: &WrittenClaim) -> Claim {
    let (metadata, spec) = (&written.metadata, &written.spec);
    let controller = metadata.owner_references.iter().find(|owner| owner.controller);
    Claim {
        name: metadata.name.clone(),
        namespace: metadata.namespace.clone(),
        uid: metadata.uid.clone(),
        terminating: metadata.deletion_timestamp.is_some(),
        controller: controller.map(|owner| owner.uid.clone()),
        class: class(metadata, &spec.storage_class_name),
        volume: spec.volume_name.clone(),
        bound: metadata.annotations.contains_key(BIND_COMPLETED),
        selected_node: metadata.annotations.get(SELECTED_NODE).cloned(),
        lost: written.status.phase == "Lost",
        access_modes: spec.access_modes.clone(),
        request: storage(&spec.resources.requests),
        mode: mode(spec.volume_mode.as_ref()),
        attributes_class: spec.volume_attributes_class_name.clone(),
        selector: spec.selector.as_ref().map(native::selector),
    }
}

/// The storage class.
pub(super) fn read_class(written: &WrittenClass) -> StorageClass {
    let requirement = |written: &TopologyRequirement| Requirement {
        key: written.key.clone(),
        operator: Operator::In,
        values: written.values.clone(),
    };
    let term = |term: &TopologyTerm| term.match_label_expressions.iter().map(requirement).collect();
    StorageClass {
        name: written.metadata.name.clone(),
        provisioner: written.provisioner.clone(),
        waits: written.volume_binding_mode == "WaitForFirstConsumer",
        allowed_topologies: written.allowed_topologies.iter().map(term).collect(),
    }
}
