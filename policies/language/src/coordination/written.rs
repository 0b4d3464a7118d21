//! The resource as it stands in a file or in the cluster. Field documentation becomes the
//! description in the JSON Schema and in the CustomResourceDefinition.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// As many roles are read.
pub const MAX_ROLES: usize = 64;
/// As many coordinations of one object are read.
pub const MAX_COORDINATIONS: usize = 32;
/// Characters of the name of a role, of a coordination and of a kind.
pub const MAX_NAME: usize = 63;
/// Characters of the name of an object: a DNS-1123 subdomain.
pub const MAX_OBJECT_NAME: usize = 253;
/// Characters of a label key, and of a group and version.
pub const MAX_KEY: usize = 317;
/// Characters of a percentage and of a duration.
pub const MAX_SHORT: usize = 32;
/// Characters of a message of the status (`metav1.Condition`).
pub const MAX_MESSAGE: usize = 32_768;
/// As many conditions are kept.
pub const MAX_CONDITIONS: usize = 16;

/// Roles whose pods are placed in whole batches, each batch on one topology domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleCoordination {
    /// `placecard.dev/v1alpha1`
    pub api_version: String,
    /// `RoleCoordination`
    pub kind: String,
    /// The standard object's metadata.
    #[serde(default)]
    #[schemars(schema_with = "any_object")]
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// The roles and how they go together.
    pub spec: RoleCoordinationSpec,
    /// How far it is; written by the controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RoleCoordinationStatus>,
}

fn any_object(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "object"})
}

/// The roles and how they go together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleCoordinationSpec {
    /// The roles, each with the workload whose pods play it.
    #[schemars(length(max = MAX_ROLES))]
    pub roles: Vec<RoleSpec>,
    /// What holds between them.
    #[schemars(length(max = MAX_COORDINATIONS))]
    pub coordination: Vec<CoordinationSpec>,
}

/// A role, and where its pods come from: `workloadRef` or `groupRef`, not both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleSpec {
    /// A DNS-1123 label.
    #[schemars(length(max = MAX_NAME))]
    pub name: String,
    /// A workload of the same namespace, all of whose pods play the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_ref: Option<ObjectRef>,
    /// A RoleBasedGroup, LeaderWorkerSet, JobSet or DisaggregatedSet of the same namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_ref: Option<ObjectRef>,
    /// The role inside the group; not with a LeaderWorkerSet, whose groups are one role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_NAME))]
    pub role: Option<String>,
}

/// An object of the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectRef {
    /// Group and version.
    #[schemars(length(max = MAX_KEY))]
    pub api_version: String,
    /// Kind.
    #[schemars(length(max = MAX_NAME))]
    pub kind: String,
    /// Name.
    #[schemars(length(max = MAX_OBJECT_NAME))]
    pub name: String,
}

/// One coordination of some of the roles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CoordinationSpec {
    /// At most 63 of `A-Z a-z 0-9 - _ .`: it is part of a label key.
    #[schemars(length(max = MAX_NAME))]
    pub name: String,
    /// Which of the strategies it has.
    #[serde(rename = "type")]
    pub kind: StrategyType,
    /// The roles that it is about.
    #[schemars(length(max = MAX_ROLES), inner(length(max = MAX_NAME)))]
    pub roles: Vec<String>,
    /// The strategy of its type.
    pub strategy: StrategySpec,
}

/// The type of a coordination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StrategyType {
    /// Whole batches on one topology domain.
    #[default]
    AffinityScheduling,
    /// Rollouts that keep pace.
    RollingUpdate,
}

/// The strategy: the field that bears the name of the type, and no other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StrategySpec {
    /// Of the type AffinityScheduling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affinity_scheduling: Option<AffinitySchedulingSpec>,
    /// Of the type RollingUpdate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolling_update: Option<RollingUpdateSpec>,
}

/// Batches of roles, each batch on one topology domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AffinitySchedulingSpec {
    /// The node label whose values are the domains; without it `kubernetes.io/hostname`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_KEY))]
    pub topology_key: Option<String>,
    /// How many replicas of each role one batch holds: 1 to 2147483647.
    #[schemars(extend("maxProperties" = MAX_ROLES))]
    pub ratios: BTreeMap<String, i64>,
    /// `Sequential` (default): a batch starts when the one before it is Ready; `Parallel`: all start
    /// together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_mode: Option<BatchMode>,
    /// Whether two batches may share a domain: `preferred` (default) apart, `required` apart,
    /// `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusive: Option<Exclusive>,
    /// Who sees to it: `affinity`, the scheduler alone; `gated`, the controller of placecard;
    /// `podgroup`, the scheduler's own PodGroups. Default: gated for Sequential, affinity for
    /// Parallel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// How long a gated batch waits for a domain, as in `10m` or `1h30m`; without it for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_SHORT))]
    pub timeout: Option<String>,
    /// What happens after the timeout: `wait` (default) and tell, or `release` the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_timeout: Option<OnTimeout>,
}

/// When batches start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BatchMode {
    /// A batch starts when every pod of the one before it is Ready.
    #[default]
    Sequential,
    /// All batches start together.
    Parallel,
}

/// Whether batches of one coordination keep apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Exclusive {
    /// In different domains where there are enough.
    #[default]
    Preferred,
    /// Never in one domain.
    Required,
    /// Wherever there is room.
    None,
}

/// Who keeps a batch together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Placement {
    /// The scheduler, by a required pod affinity term: nobody looks for room for the whole batch.
    #[default]
    Affinity,
    /// The controller: pods wait behind a scheduling gate until a domain has room for all.
    Gated,
    /// The scheduler, by the PodGroups of `scheduling.k8s.io`.
    PodGroup,
}

/// What happens to a batch that waited too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnTimeout {
    /// It waits on, and the status says so.
    #[default]
    Wait,
    /// Its pods are released, wherever they fit.
    Release,
}

/// Rollouts that keep pace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RollingUpdateSpec {
    /// How much of each role may be unavailable during a rollout, as in `10%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_SHORT))]
    pub max_unavailable_ratio: Option<String>,
    /// How far the roles' progress may differ, as in `1%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_SHORT))]
    pub max_skew: Option<String>,
    /// How much of each role stays at the old revision, as in `20%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_SHORT))]
    pub partition: Option<String>,
    /// The controller moves the partitions of the StatefulSets; without it nothing is written to
    /// them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub manage_rollout: bool,
}

/// How far a coordination is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleCoordinationStatus {
    /// The generation of the spec that the status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The phase that is least far among those of the coordinations; Failed if one of them is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// The batches of the coordinations, as `2/3`; several are joined by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_MESSAGE))]
    pub batch: Option<String>,
    /// One entry for each coordination of the spec.
    #[serde(default)]
    #[schemars(length(max = MAX_COORDINATIONS))]
    pub coordination_status: Vec<CoordinationStatus>,
    /// The standard conditions.
    #[serde(default)]
    #[schemars(length(max = MAX_CONDITIONS))]
    pub conditions: Vec<Condition>,
}

/// How far one coordination is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CoordinationStatus {
    /// The name of the coordination.
    #[schemars(length(max = MAX_NAME))]
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: StrategyType,
    /// How far it is.
    pub phase: Phase,
    /// By role.
    #[serde(default)]
    #[schemars(extend("maxProperties" = MAX_ROLES))]
    pub role_states: BTreeMap<String, RoleState>,
    /// The batch that is being placed, from 1; 0 before the first.
    #[serde(default)]
    pub current_batch: u32,
    /// How many batches there are.
    #[serde(default)]
    pub total_batches: u32,
    /// When this entry last changed (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_NAME), extend("format" = "date-time"))]
    pub last_update_time: Option<String>,
    /// In words, as in `Deploying batch 2 of 3`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = MAX_MESSAGE))]
    pub message: String,
}

/// How far a coordination is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Phase {
    /// No pod of it has a place yet.
    #[default]
    Pending,
    /// Some batches have a place.
    InProgress,
    /// All batches are placed and Ready.
    Completed,
    /// It cannot go on without a change.
    Failed,
}

/// The pods of a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleState {
    /// Replicas that are Ready.
    #[serde(default)]
    pub ready_replicas: u32,
    /// Replicas that there are to be.
    #[serde(default)]
    pub target_replicas: u32,
    /// Replicas of the newest revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_replicas: Option<u32>,
}

/// A condition (`metav1.Condition`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Condition {
    /// What it is about.
    #[serde(rename = "type")]
    #[schemars(length(max = MAX_KEY))]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    #[schemars(length(max = MAX_SHORT))]
    pub status: String,
    /// The generation of the spec that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Since when (RFC 3339).
    #[schemars(length(max = MAX_NAME), extend("format" = "date-time"))]
    pub last_transition_time: String,
    /// One word.
    #[schemars(length(max = 1024))]
    pub reason: String,
    /// In words.
    #[schemars(length(max = MAX_MESSAGE))]
    pub message: String,
}
