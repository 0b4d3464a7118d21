//! How far the rollout of a workload is, as it says itself.

use serde::Deserialize;

use crate::read::or_default;

/// The field manager of the controller of coordinations for partitions.
pub const MANAGER: &str = "placecard-rollout";

/// What a StatefulSet or a Deployment says of its rollout (`apps/v1`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollout {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
    /// `spec.updateStrategy.type`, of a StatefulSet; empty is `RollingUpdate`.
    pub strategy: String,
    /// `spec.updateStrategy.rollingUpdate.partition`, 0 if it says nothing: pods below stay as they
    /// are, counted from the first.
    pub partition: u32,
    /// `spec.minReadySeconds`.
    pub min_ready_seconds: u32,
    /// `spec.ordinals.start`.
    pub start: u32,
    /// `spec.replicas`.
    pub replicas: u32,
    /// Its controller has seen this very spec: `status.observedGeneration` is
    /// `metadata.generation`.
    pub observed: bool,
    /// `status.updateRevision`: what the template is now.
    pub update_revision: String,
    /// `status.currentRevision`: what pods below the partition are made of.
    pub current_revision: String,
    /// `status.updatedReplicas`.
    pub updated: u32,
    /// `status.readyReplicas`.
    pub ready: u32,
    /// [`MANAGER`] owns some of it.
    pub held: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Written {
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
    generation: i64,
    #[serde(deserialize_with = "or_default")]
    managed_fields: Vec<Fields>,
}

/// An entry of `metadata.managedFields`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    #[serde(deserialize_with = "or_default")]
    manager: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    replicas: Option<i64>,
    #[serde(deserialize_with = "or_default")]
    min_ready_seconds: i64,
    #[serde(deserialize_with = "or_default")]
    ordinals: Ordinals,
    #[serde(deserialize_with = "or_default")]
    update_strategy: Strategy,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ordinals {
    #[serde(deserialize_with = "or_default")]
    start: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Strategy {
    #[serde(rename = "type", deserialize_with = "or_default")]
    kind: String,
    #[serde(deserialize_with = "or_default")]
    rolling_update: Rolling,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Rolling {
    #[serde(deserialize_with = "or_default")]
    partition: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "or_default")]
    observed_generation: i64,
    #[serde(deserialize_with = "or_default")]
    update_revision: String,
    #[serde(deserialize_with = "or_default")]
    current_revision: String,
    #[serde(deserialize_with = "or_default")]
    updated_replicas: i64,
    #[serde(deserialize_with = "or_default")]
    ready_replicas: i64,
}

impl Written {
    /// With the API's defaults.
    pub(super) fn read(self) -> Rollout {
        let Self { metadata, spec, status } = self;
        let count = |number: i64| u32::try_from(number.max(0)).unwrap_or(u32::MAX);
        let held = metadata.managed_fields.iter().any(|one| one.manager == MANAGER);
        Rollout {
            held,
            uid: metadata.uid,
            resource_version: metadata.resource_version,
            strategy: spec.update_strategy.kind,
            partition: count(spec.update_strategy.rolling_update.partition),
            min_ready_seconds: count(spec.min_ready_seconds),
            start: count(spec.ordinals.start),
            replicas: count(spec.replicas.unwrap_or(1)),
            observed: metadata.generation > 0 && status.observed_generation >= metadata.generation,
            update_revision: status.update_revision,
            current_revision: status.current_revision,
            updated: count(status.updated_replicas),
            ready: count(status.ready_replicas),
        }
    }
}
