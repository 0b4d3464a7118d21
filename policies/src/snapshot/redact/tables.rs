//! What is kept of an object, field by field.

use placecard_feasibility::inventory::kind::Kind;
use placecard_language::keys::has_prefix;

use super::Include;
use crate::live::Watched;
use crate::snapshot::node::is_mark;
use crate::snapshot::volume::{BIND_COMPLETED, OLD_CLASS, SELECTED_NODE};

/// What becomes of the value of a name in a mapping.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// It is left out.
    Drop,
    /// It is kept as it is.
    Keep,
    /// A mapping, of which some is kept.
    In(Table),
    /// A list of such mappings.
    Each(Table),
}

/// What becomes of the values in a mapping, by name.
pub(super) type Table = fn(&[u8], Include) -> Part;

/// Holds the whole object again, with what is left out here.
const LAST_APPLIED: &[u8] = b"kubectl.kubernetes.io/last-applied-configuration";

pub(super) fn of_object(kind: Kind) -> Table {
    match kind {
        Kind::Node => node,
        Kind::Pod => pod,
        Kind::Namespace => namespace,
        Kind::PersistentVolume => volume,
        Kind::PersistentVolumeClaim => claim,
        Kind::StorageClass => class,
        Kind::CsiNode => csi_node,
        Kind::Service => service,
        Kind::ReplicationController => replication_controller,
        Kind::ReplicaSet => controller,
        Kind::StatefulSet => workload,
        Kind::ResourceQuota => quota,
        Kind::LimitRange => limit_range,
        Kind::PriorityClass => priority_class,
        Kind::PodDisruptionBudget => budget,
        Kind::Lease => lease,
    }
}

/// Objects that say how role coordinations stand.
pub(super) fn of_more(kind: Watched) -> Table {
    match kind {
        Watched::RoleCoordination => |name, _| match name {
            b"metadata" => Part::In(metadata),
            b"spec" | b"status" => Part::Keep,
            _ => Part::Drop,
        },
        _ => workload,
    }
}

/// What has replicas, and how far its rollout is.
fn workload(name: &[u8], _: Include) -> Part {
    fn template(name: &[u8], _: Include) -> Part {
        match name {
            b"metadata" => Part::In(|name, _| match name {
                b"annotations" => Part::In(annotations),
                _ => Part::Drop,
            }),
            _ => Part::Drop,
        }
    }
    let spec: Table = |name, _| match name {
        b"template" => Part::In(template),
        _ => keep(
            &[
                b"selector",
                b"replicas",
                b"ordinals",
                b"updateStrategy",
                b"minReadySeconds",
                b"completions",
                b"parallelism",
            ],
            name,
        ),
    };
    let status: Table = |name, _| {
        keep(
            &[
                b"observedGeneration",
                b"replicas",
                b"readyReplicas",
                b"updatedReplicas",
                b"updateRevision",
                b"currentRevision",
            ],
            name,
        )
    };
    parts(name, spec, status)
}

fn keep(names: &[&[u8]], name: &[u8]) -> Part {
    if names.contains(&name) { Part::Keep } else { Part::Drop }
}

/// Of a mapping nothing is read but that it is there.
fn nothing(_: &[u8], _: Include) -> Part {
    Part::Drop
}

fn metadata(name: &[u8], include: Include) -> Part {
    match name {
        b"name" | b"namespace" | b"uid" | b"labels" | b"deletionTimestamp"
        | b"creationTimestamp" | b"resourceVersion" | b"generation" => Part::Keep,
        b"ownerReferences" => Part::Each(owner),
        b"annotations" if include.annotations => Part::In(annotations_of_all),
        b"annotations" => Part::In(annotations),
        _ => Part::Drop,
    }
}

fn annotations(name: &[u8], _: Include) -> Part {
    let name = std::str::from_utf8(name).unwrap_or_default();
    let read = has_prefix(name)
        || is_mark(name)
        || [OLD_CLASS, BIND_COMPLETED, SELECTED_NODE].contains(&name);
    if read { Part::Keep } else { Part::Drop }
}

fn annotations_of_all(name: &[u8], _: Include) -> Part {
    if name == LAST_APPLIED { Part::Drop } else { Part::Keep }
}

fn owner(name: &[u8], _: Include) -> Part {
    keep(&[b"apiVersion", b"kind", b"name", b"uid", b"controller"], name)
}

/// `metadata`, and the tables of `spec` and `status`.
fn parts(name: &[u8], spec: Table, status: Table) -> Part {
    match name {
        b"metadata" => Part::In(metadata),
        b"spec" => Part::In(spec),
        b"status" => Part::In(status),
        _ => Part::Drop,
    }
}

fn namespace(name: &[u8], _: Include) -> Part {
    if name == b"metadata" { Part::In(metadata) } else { Part::Drop }
}

fn node(name: &[u8], _: Include) -> Part {
    parts(
        name,
        |name, _| match name {
            b"unschedulable" => Part::Keep,
            b"taints" => Part::Each(|name, _| keep(&[b"key", b"value", b"effect"], name)),
            _ => Part::Drop,
        },
        |name, include| match name {
            b"capacity" | b"allocatable" => Part::Keep,
            b"images" if include.images => {
                Part::Each(|name, _| keep(&[b"names", b"sizeBytes"], name))
            }
            b"conditions" => {
                Part::Each(|name, _| keep(&[b"type", b"status", b"lastHeartbeatTime"], name))
            }
            b"nodeInfo" => Part::In(|name, _| keep(&[b"kubeletVersion"], name)),
            _ => Part::Drop,
        },
    )
}

fn pod(name: &[u8], _: Include) -> Part {
    parts(name, pod_spec, pod_status)
}

fn pod_spec(name: &[u8], _: Include) -> Part {
    match name {
        b"nodeName"
        | b"priority"
        | b"schedulerName"
        | b"priorityClassName"
        | b"preemptionPolicy"
        | b"activeDeadlineSeconds"
        | b"hostNetwork"
        | b"nodeSelector"
        | b"affinity"
        | b"tolerations"
        | b"topologySpreadConstraints"
        | b"overhead" => Part::Keep,
        b"schedulingGates" | b"resourceClaims" => Part::Each(|name, _| keep(&[b"name"], name)),
        b"containers" | b"initContainers" => Part::Each(container),
        b"resources" => Part::In(resources),
        b"volumes" => Part::Each(pod_volume),
        _ => Part::Drop,
    }
}

fn container(name: &[u8], include: Include) -> Part {
    match name {
        b"name" | b"restartPolicy" => Part::Keep,
        b"resources" => Part::In(resources),
        b"ports" => Part::Each(|name, _| {
            keep(&[b"containerPort", b"hostPort", b"hostIP", b"protocol"], name)
        }),
        b"image" if include.images => Part::Keep,
        b"env" | b"envFrom" if include.environment => Part::Keep,
        b"command" | b"args" if include.commands => Part::Keep,
        _ => Part::Drop,
    }
}

fn resources(name: &[u8], _: Include) -> Part {
    keep(&[b"limits", b"requests"], name)
}

fn pod_volume(name: &[u8], include: Include) -> Part {
    match name {
        b"name" => Part::Keep,
        b"persistentVolumeClaim" => Part::In(|name, _| keep(&[b"claimName"], name)),
        b"ephemeral" => Part::In(nothing),
        b"iscsi" => Part::In(|name, _| keep(&[b"iqn", b"readOnly"], name)),
        // The image of a block device.
        b"rbd" => Part::In(|name, _| keep(&[b"monitors", b"pool", b"image", b"readOnly"], name)),
        b"image" if include.images => Part::In(|name, _| keep(&[b"reference"], name)),
        _ => disk(name),
    }
}

/// The disks of clouds, of pods and of persistent volumes.
fn disk(name: &[u8]) -> Part {
    match name {
        b"gcePersistentDisk" => Part::In(|name, _| keep(&[b"pdName", b"readOnly"], name)),
        b"awsElasticBlockStore" | b"cinder" => Part::In(|name, _| keep(&[b"volumeID"], name)),
        b"azureDisk" => Part::In(|name, _| keep(&[b"diskURI"], name)),
        _ => Part::Drop,
    }
}

fn pod_status(name: &[u8], _: Include) -> Part {
    match name {
        b"phase" | b"nominatedNodeName" | b"startTime" | b"allocatedResources" => Part::Keep,
        b"resources" => Part::In(actuated),
        b"conditions" => Part::Each(|name, _| {
            keep(&[b"type", b"status", b"reason", b"lastTransitionTime"], name)
        }),
        b"containerStatuses" | b"initContainerStatuses" => Part::Each(|name, _| match name {
            b"name" | b"allocatedResources" => Part::Keep,
            b"resources" => Part::In(actuated),
            _ => Part::Drop,
        }),
        _ => Part::Drop,
    }
}

fn actuated(name: &[u8], _: Include) -> Part {
    keep(&[b"requests"], name)
}

fn phase(name: &[u8], _: Include) -> Part {
    keep(&[b"phase"], name)
}

fn volume(name: &[u8], _: Include) -> Part {
    parts(
        name,
        |name, _| match name {
            b"capacity"
            | b"accessModes"
            | b"storageClassName"
            | b"volumeMode"
            | b"volumeAttributesClassName"
            | b"nodeAffinity" => Part::Keep,
            b"claimRef" => Part::In(|name, _| keep(&[b"namespace", b"name", b"uid"], name)),
            b"csi" => Part::In(|name, _| keep(&[b"driver", b"volumeHandle"], name)),
            _ => disk(name),
        },
        phase,
    )
}

fn claim(name: &[u8], _: Include) -> Part {
    parts(
        name,
        |name, _| match name {
            b"resources" => Part::In(actuated),
            _ => keep(
                &[
                    b"accessModes",
                    b"storageClassName",
                    b"volumeName",
                    b"volumeMode",
                    b"volumeAttributesClassName",
                    b"selector",
                ],
                name,
            ),
        },
        phase,
    )
}

fn class(name: &[u8], _: Include) -> Part {
    match name {
        b"provisioner" | b"volumeBindingMode" | b"allowedTopologies" => Part::Keep,
        _ => parts(name, nothing, nothing),
    }
}

fn csi_node(name: &[u8], _: Include) -> Part {
    fn driver(name: &[u8], _: Include) -> Part {
        match name {
            b"name" => Part::Keep,
            b"allocatable" => Part::In(|name, _| keep(&[b"count"], name)),
            _ => Part::Drop,
        }
    }
    let spec: Table = |name, _| match name {
        b"drivers" => Part::Each(driver),
        _ => Part::Drop,
    };
    parts(name, spec, nothing)
}

fn selector(name: &[u8], _: Include) -> Part {
    keep(&[b"selector"], name)
}

fn service(name: &[u8], _: Include) -> Part {
    parts(name, selector, nothing)
}

fn controller(name: &[u8], _: Include) -> Part {
    parts(name, selector, nothing)
}

fn replication_controller(name: &[u8], _: Include) -> Part {
    fn template(name: &[u8], _: Include) -> Part {
        match name {
            b"metadata" => Part::In(|name, _| keep(&[b"labels"], name)),
            _ => Part::Drop,
        }
    }
    let spec: Table = |name, _| match name {
        b"selector" => Part::Keep,
        b"template" => Part::In(template),
        _ => Part::Drop,
    };
    parts(name, spec, nothing)
}

fn quota(name: &[u8], _: Include) -> Part {
    parts(
        name,
        |name, _| keep(&[b"hard", b"scopes", b"scopeSelector"], name),
        |name, _| keep(&[b"hard", b"used"], name),
    )
}

fn limit_range(name: &[u8], _: Include) -> Part {
    parts(name, |name, _| keep(&[b"limits"], name), nothing)
}

fn priority_class(name: &[u8], _: Include) -> Part {
    match name {
        b"value" | b"globalDefault" | b"preemptionPolicy" => Part::Keep,
        _ => parts(name, nothing, nothing),
    }
}

fn budget(name: &[u8], _: Include) -> Part {
    parts(
        name,
        |name, _| keep(&[b"selector", b"minAvailable", b"maxUnavailable"], name),
        |name, _| keep(&[b"disruptionsAllowed", b"disruptedPods"], name),
    )
}

fn lease(name: &[u8], _: Include) -> Part {
    parts(name, |name, _| keep(&[b"holderIdentity"], name), nothing)
}
