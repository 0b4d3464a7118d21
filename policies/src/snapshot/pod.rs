//! Pods.

mod resources;
mod terms;
mod word;

use std::mem::take;

use k8s_openapi::api::core::v1::{Affinity, Toleration, TopologySpreadConstraint};
use placecard_feasibility::inventory::pod::{
    Container, Disk, HostPort, Owner, Pod, PodSpec, PodVolume, ReportedResources,
};
use placecard_feasibility::inventory::requests::Amounts;
use placecard_feasibility::inventory::volume::{InTree, InTreePlugin};
use serde::Deserialize;
use serde::de::IgnoredAny;

use self::word::Word;
use super::amounts::{self, WrittenAmounts};
use super::notes::Notes;
use super::volume::{AzureDisk, ById, GceDisk};
use super::{Metadata, OwnerReference, governance, or_default};
use crate::native;
use crate::object::Map;

/// A pod as it stands in JSON. What is read here must not be passed over in
/// [`super::alike`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Written {
    #[serde(deserialize_with = "or_default")]
    pub(super) metadata: Metadata<Notes>,
    #[serde(deserialize_with = "or_default")]
    spec: Spec,
    #[serde(deserialize_with = "or_default")]
    status: Status,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    #[serde(deserialize_with = "or_default")]
    node_name: String,
    priority: Option<i32>,
    #[serde(deserialize_with = "or_default")]
    scheduler_name: String,
    #[serde(deserialize_with = "or_default")]
    scheduling_gates: Vec<Gate>,
    #[serde(deserialize_with = "or_default")]
    priority_class_name: String,
    #[serde(deserialize_with = "or_default")]
    preemption_policy: Word,
    active_deadline_seconds: Option<i64>,
    #[serde(deserialize_with = "or_default")]
    host_network: bool,
    #[serde(deserialize_with = "or_default")]
    node_selector: Map,
    #[serde(deserialize_with = "or_default")]
    affinity: Affinity,
    #[serde(deserialize_with = "or_default")]
    tolerations: Vec<Toleration>,
    #[serde(deserialize_with = "or_default")]
    topology_spread_constraints: Vec<TopologySpreadConstraint>,
    #[serde(deserialize_with = "or_default")]
    containers: Vec<WrittenContainer>,
    #[serde(deserialize_with = "or_default")]
    init_containers: Vec<WrittenContainer>,
    #[serde(deserialize_with = "or_default")]
    resources: Resources,
    #[serde(deserialize_with = "or_default")]
    overhead: WrittenAmounts,
    #[serde(deserialize_with = "or_default")]
    volumes: Vec<WrittenVolume>,
    #[serde(deserialize_with = "or_default")]
    resource_claims: Vec<IgnoredAny>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Gate {
    #[serde(deserialize_with = "or_default")]
    name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WrittenContainer {
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    image: String,
    #[serde(deserialize_with = "or_default")]
    resources: Resources,
    #[serde(deserialize_with = "or_default")]
    ports: Vec<Port>,
    #[serde(deserialize_with = "or_default")]
    restart_policy: Word,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Resources {
    #[serde(deserialize_with = "or_default")]
    limits: WrittenAmounts,
    #[serde(deserialize_with = "or_default")]
    requests: WrittenAmounts,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Port {
    #[serde(deserialize_with = "or_default")]
    container_port: i32,
    #[serde(deserialize_with = "or_default")]
    host_port: i32,
    #[serde(rename = "hostIP", deserialize_with = "or_default")]
    host_ip: String,
    #[serde(deserialize_with = "or_default")]
    protocol: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WrittenVolume {
    #[serde(deserialize_with = "or_default")]
    name: String,
    persistent_volume_claim: Option<ClaimSource>,
    ephemeral: Option<IgnoredAny>,
    gce_persistent_disk: Option<GceDisk>,
    aws_elastic_block_store: Option<ById>,
    iscsi: Option<Iscsi>,
    rbd: Option<Rbd>,
    cinder: Option<ById>,
    azure_disk: Option<AzureDisk>,
    image: Option<ImageSource>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ImageSource {
    #[serde(deserialize_with = "or_default")]
    reference: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClaimSource {
    #[serde(deserialize_with = "or_default")]
    claim_name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Iscsi {
    #[serde(deserialize_with = "or_default")]
    iqn: String,
    #[serde(deserialize_with = "or_default")]
    read_only: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Rbd {
    #[serde(deserialize_with = "or_default")]
    monitors: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pool: String,
    #[serde(deserialize_with = "or_default")]
    image: String,
    #[serde(deserialize_with = "or_default")]
    read_only: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "or_default")]
    phase: Word,
    #[serde(deserialize_with = "or_default")]
    nominated_node_name: String,
    #[serde(deserialize_with = "or_default")]
    start_time: String,
    #[serde(deserialize_with = "or_default")]
    conditions: Vec<Condition>,
    #[serde(deserialize_with = "or_default")]
    container_statuses: Vec<WrittenReport>,
    #[serde(deserialize_with = "or_default")]
    init_container_statuses: Vec<WrittenReport>,
    allocated_resources: Option<WrittenAmounts>,
    resources: Option<Actuated>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type", deserialize_with = "or_default")]
    kind: Word,
    #[serde(deserialize_with = "or_default")]
    status: Word,
    #[serde(deserialize_with = "or_default")]
    reason: Word,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WrittenReport {
    #[serde(deserialize_with = "or_default")]
    name: String,
    allocated_resources: Option<WrittenAmounts>,
    resources: Option<Actuated>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Actuated {
    requests: Option<WrittenAmounts>,
}

/// The pool of a Ceph volume that names none (`SetDefaults_RBDVolumeSource`).
const RBD_POOL: &str = "rbd";

/// The pod with the API's defaults. Takes texts and labels out of what is written.
pub(super) fn read(written: &mut Written) -> Pod {
    let Written { metadata, spec, status } = written;
    let some = |text: &str| (!text.is_empty()).then(|| text.into());
    let host_network = spec.host_network;
    let containers = |list: &mut Vec<WrittenContainer>| -> Vec<Container> {
        list.iter_mut().map(|one| container(one, host_network, status)).collect()
    };
    let (containers, init_containers) =
        (containers(&mut spec.containers), containers(&mut spec.init_containers));
    let resize = status.conditions.iter().find(|one| one.kind.0 == "PodResizePending");
    let affinity = terms::read(&spec.affinity, &metadata.labels);
    let mut read = PodSpec {
        spread: terms::spread(&spec.topology_spread_constraints, &metadata.labels),
        scheduler: take(&mut spec.scheduler_name),
        priority: spec.priority.unwrap_or(0),
        has_priority: spec.priority.is_some(),
        priority_class: take(&mut spec.priority_class_name),
        never_preempts: spec.preemption_policy.0 == "Never",
        has_deadline: spec.active_deadline_seconds.is_some_and(|seconds| seconds >= 0),
        node_selector: take(&mut spec.node_selector),
        node_affinity: affinity.nodes,
        preferred_nodes: affinity.preferred_nodes,
        tolerations: spec.tolerations.iter().map(native::toleration).collect(),
        affinity: affinity.pods,
        anti_affinity: affinity.anti,
        preferred_affinity: affinity.preferred_pods,
        preferred_anti_affinity: affinity.preferred_anti,
        containers,
        init_containers,
        pod_level: amounts::read(&spec.resources.requests),
        pod_level_limits: Amounts::new(),
        reported: report(&status.allocated_resources, &status.resources),
        overhead: amounts::read(&spec.overhead),
        resize_infeasible: resize.is_some_and(|one| one.reason.0 == "Infeasible"),
        image_volumes: spec
            .volumes
            .iter()
            .filter_map(|volume| Some(volume.image.as_ref()?.reference.clone()))
            .collect(),
        claims_devices: !spec.resource_claims.is_empty(),
        notes: take(&mut metadata.annotations.0),
    };
    read.pod_level = resources::pod_level(&read, spec);
    read.pod_level_limits = resources::pod_level_limits(&read, spec);
    Pod {
        volumes: spec.volumes.iter().filter_map(|one| volume(one, &metadata.name)).collect(),
        name: take(&mut metadata.name),
        namespace: take(&mut metadata.namespace),
        uid: take(&mut metadata.uid),
        labels: take(&mut metadata.labels).into(),
        owner: owner(&metadata.owner_references).map(Into::into),
        terminating: metadata.deletion_timestamp.is_some(),
        finished: matches!(status.phase.0, "Succeeded" | "Failed"),
        node: some(&spec.node_name),
        nominated_node: some(&status.nominated_node_name),
        gates: spec.scheduling_gates.iter().map(|gate| gate.name.clone()).collect(),
        started: governance::seconds(&status.start_time),
        preempted: metadata.deletion_timestamp.is_some() && is_preempted(status),
        spec: read.into(),
    }
}

/// The owner with `controller: true`.
pub(super) fn owner(references: &[OwnerReference]) -> Option<Owner> {
    let owner = references.iter().find(|owner| owner.controller)?;
    Some(Owner {
        api_version: owner.api_version.clone(),
        kind: owner.kind.clone(),
        name: owner.name.clone(),
    })
}

/// The first condition of the type decides (`PodTerminatingByPreemption` of
/// `pkg/scheduler/framework/preemption/util.go`).
fn is_preempted(status: &Status) -> bool {
    let target = status.conditions.iter().find(|one| one.kind.0 == "DisruptionTarget");
    target.is_some_and(|one| one.status.0 == "True" && one.reason.0 == "PreemptionByScheduler")
}

/// Takes its texts and amounts out of what is written.
fn container(written: &mut WrittenContainer, host_network: bool, status: &Status) -> Container {
    let mut statuses = status.container_statuses.iter().chain(&status.init_container_statuses);
    let reported = statuses.find(|one| one.name == written.name);
    let reported = reported.map(|one| report(&one.allocated_resources, &one.resources));
    let port = |port: &Port| {
        let on_host =
            if port.host_port == 0 && host_network { port.container_port } else { port.host_port };
        (on_host > 0).then(|| HostPort {
            ip: port.host_ip.clone(),
            protocol: port.protocol.clone(),
            port: on_host,
        })
    };
    Container {
        name: take(&mut written.name),
        image: take(&mut written.image),
        requests: resources::container_requests(&mut written.resources),
        limits: amounts::take(&mut written.resources.limits),
        host_ports: written.ports.iter().filter_map(port).collect(),
        restartable: written.restart_policy.0 == "Always",
        reported,
    }
}

fn report(allocated: &Option<WrittenAmounts>, resources: &Option<Actuated>) -> ReportedResources {
    let actuated = resources.as_ref().and_then(|resources| resources.requests.as_ref());
    ReportedResources {
        allocated: allocated.as_ref().map(amounts::read),
        has_resources: resources.is_some(),
        actuated: actuated.map(amounts::read),
    }
}

fn volume(written: &WrittenVolume, pod: &str) -> Option<PodVolume> {
    let in_tree = |plugin, handle: &str| {
        Some(PodVolume::Migrated(InTree { plugin, handle: handle.to_owned() }))
    };
    match written {
        WrittenVolume { persistent_volume_claim: Some(claim), .. } => {
            Some(PodVolume::Claim(claim.claim_name.clone()))
        }
        WrittenVolume { ephemeral: Some(_), name, .. } => {
            Some(PodVolume::Ephemeral(format!("{pod}-{name}")))
        }
        WrittenVolume { cinder: Some(disk), .. } => in_tree(InTreePlugin::Cinder, &disk.volume_id),
        WrittenVolume { azure_disk: Some(disk), .. } => {
            in_tree(InTreePlugin::AzureDisk, &disk.disk_uri)
        }
        other => disk(other).map(PodVolume::Disk),
    }
}

fn disk(written: &WrittenVolume) -> Option<Disk> {
    if let Some(disk) = &written.gce_persistent_disk {
        return Some(Disk::Gce { name: disk.pd_name.clone(), read_only: disk.read_only });
    }
    if let Some(disk) = &written.aws_elastic_block_store {
        return Some(Disk::Aws { volume: disk.volume_id.clone() });
    }
    if let Some(disk) = &written.iscsi {
        return Some(Disk::Iscsi { name: disk.iqn.clone(), read_only: disk.read_only });
    }
    let disk = written.rbd.as_ref()?;
    let pool = if disk.pool.is_empty() { RBD_POOL } else { &disk.pool };
    Some(Disk::Rbd {
        monitors: disk.monitors.clone(),
        pool: pool.to_owned(),
        image: disk.image.clone(),
        read_only: disk.read_only,
    })
}
