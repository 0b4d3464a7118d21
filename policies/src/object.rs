//! An object as a review sees it: the part of it that placement depends on.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Affinity, Toleration, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use placecard_findings::{FieldPath, ObjectRef};
use placecard_language::keys;
use serde_json::{Value, json};

use crate::kinds::WorkloadKind;
use crate::kinds::custom::CustomKind;

/// Labels or annotations.
pub type Map = BTreeMap<String, String>;

/// An object that holds pod templates, or is a pod, or carries annotations of ours.
#[derive(Clone, Debug, Default)]
pub struct Object {
    /// How users name it.
    pub reference: ObjectRef,
    /// `metadata.uid`; empty in a manifest.
    pub uid: String,
    /// `metadata.labels`.
    pub labels: Map,
    /// `metadata.annotations`.
    pub annotations: Map,
    /// `metadata.ownerReferences`.
    pub owners: Vec<Owner>,
    /// `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// The row of the table of kinds; `None` for custom resources of the vocabulary and for objects
    /// without a pod template.
    pub kind: Option<&'static WorkloadKind>,
    /// The row of the table of custom resources.
    pub custom: Option<&'static CustomKind>,
    /// Its pod templates; a pod is its own template.
    pub templates: Vec<Template>,
    /// `spec.selector` of a controller, or of a Service (as a label map).
    pub selector: Option<LabelSelector>,
    /// `spec.replicas`.
    pub replicas: Option<i64>,
    /// `spec.parallelism` and `spec.completions` of a Job, or of the Jobs of a CronJob.
    pub parallel: Parallel,
    /// How the pods are replaced when the template changes.
    pub strategy: Strategy,
    /// `spec.podManagementPolicy` of a StatefulSet; empty if it says nothing.
    pub management: String,
    /// `spec.ordinals.start` of a StatefulSet.
    pub start: Option<u64>,
    /// A RoleCoordination, or a RoleBasedGroup with coordinations inside, as it is written.
    pub coordination: Option<Box<Value>>,
}

/// How many pods of a Job run at once, and whether any do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parallel {
    /// `parallelism`.
    pub parallelism: Option<i64>,
    /// `completions`.
    pub completions: Option<i64>,
    /// `suspend`: something else says when the pods come, and may change the template until then.
    pub suspended: bool,
}

/// `spec.strategy` of a Deployment, `spec.updateStrategy` of a DaemonSet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strategy {
    /// `type`; empty is `RollingUpdate`.
    pub kind: String,
    /// `rollingUpdate.maxSurge`.
    pub max_surge: Option<IntOrString>,
    /// `rollingUpdate.maxUnavailable`.
    pub max_unavailable: Option<IntOrString>,
    /// It is written at all.
    pub written: bool,
    /// Its types are not those of the API: nothing is known of it.
    pub unreadable: bool,
}

impl Object {
    /// Whether it is a pod.
    #[must_use]
    pub fn is_pod(&self) -> bool {
        self.kind.is_some_and(|kind| kind.template.is_empty())
    }

    /// Whether it is a DaemonSet.
    #[must_use]
    pub fn is_daemon_set(&self) -> bool {
        self.kind.is_some_and(|kind| kind.group == "apps" && kind.kind == "DaemonSet")
    }

    /// Whether the template is expanded, and not the pods made from it.
    #[must_use]
    pub fn expands_in_place(&self) -> bool {
        let asks = self.annotations.get(keys::EXPAND);
        self.is_daemon_set()
            || (!self.is_pod() && asks.is_some_and(|value| value.trim() == "template"))
    }

    /// The owner with `controller: true`.
    #[must_use]
    pub fn controller(&self) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.controller)
    }
}

/// An owner reference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// Group and version.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Name, in the namespace of the owned object.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Whether it is the managing controller.
    pub controller: bool,
}

/// A pod template and where it stands.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// From the root of the object; empty for a pod.
    pub path: FieldPath,
    /// `metadata.labels`.
    pub labels: Map,
    /// `metadata.annotations`.
    pub annotations: Map,
    /// The placement fields of `spec`.
    pub spec: PodSpec,
    /// What the containers say that placement in batches depends on.
    pub containers: Containers,
    /// The template as it is written, where it is to be judged on a cluster: a pod takes more from a
    /// node than its placement fields say.
    pub written: Option<Value>,
    /// Nothing but its shape says that it is one.
    pub guessed: bool,
    /// Where it is put together from fields of another schema: what paths below it begin with, and
    /// what the same paths begin with in the object.
    pub scattered: Vec<(FieldPath, FieldPath)>,
}

/// What the containers of a pod say besides its placement fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Containers {
    /// Ports of the node, where they are written.
    pub host_ports: Vec<HostPort>,
    /// Something says when the pod is ready: a readiness probe or a readiness gate.
    pub tells_ready: bool,
}

/// A port of the node that a container takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostPort {
    /// `0.0.0.0` if it says nothing: all of them.
    pub ip: String,
    /// `TCP` if it says nothing.
    pub protocol: String,
    /// The port, at least 1.
    pub port: u32,
    /// Where the number is written, from the pod template.
    pub path: FieldPath,
}

impl HostPort {
    /// Whether one node cannot give both (`pkg/scheduler/framework/types.go`, `CheckConflict`).
    #[must_use]
    pub fn conflicts_with(&self, other: &Self) -> bool {
        let every = |ip: &str| ip == "0.0.0.0";
        self.port == other.port
            && self.protocol == other.protocol
            && (self.ip == other.ip || every(&self.ip) || every(&other.ip))
    }
}

impl Template {
    /// The path in the object of what a path below the template says.
    #[must_use]
    pub fn really(&self, path: &FieldPath) -> FieldPath {
        let moved = self.scattered.iter().filter_map(|(virtually, really)| {
            let rest = path.0.strip_prefix(virtually.0.as_slice())?;
            Some((virtually.0.len(), really.join(&FieldPath(rest.to_vec()))))
        });
        if let Some((_, moved)) = moved.max_by_key(|(length, _)| *length) {
            return moved;
        }
        let inside =
            ["spec", "metadata"].iter().any(|key| path.0.starts_with(&self.path.key(key).0));
        if inside && !self.scattered.is_empty() { self.path.clone() } else { path.clone() }
    }

    /// Whether an annotation or a label of it is one of ours.
    #[must_use]
    pub fn says_anything(&self) -> bool {
        self.annotations.keys().chain(self.labels.keys()).any(|key| keys::has_prefix(key))
    }

    /// The path of an annotation's value.
    #[must_use]
    pub fn annotation(&self, key: &str) -> FieldPath {
        self.path.keys(&["metadata", "annotations", key])
    }

    /// The path of what a rule was read from: an annotation of ours, or a label that a group's
    /// controller wrote.
    #[must_use]
    pub fn said_at(&self, key: &str) -> FieldPath {
        if keys::has_prefix(key) {
            return self.annotation(key);
        }
        self.path.keys(&["metadata", "labels", key])
    }

    /// A path below the pod spec.
    #[must_use]
    pub fn spec_path(&self, keys: &[&str]) -> FieldPath {
        self.path.below("spec", keys)
    }
}

/// The placement fields of a pod spec, with the types of the API (core/v1 PodSpec).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodSpec {
    /// `nodeName`; empty if not bound.
    pub node_name: String,
    /// `schedulerName`; empty is the default scheduler.
    pub scheduler_name: String,
    /// `nodeSelector`.
    pub node_selector: Map,
    /// `affinity`.
    pub affinity: Option<Affinity>,
    /// `tolerations`.
    pub tolerations: Vec<Toleration>,
    /// `topologySpreadConstraints`.
    pub spread: Vec<TopologySpreadConstraint>,
    /// `schedulingGates[].name`.
    pub scheduling_gates: Vec<String>,
    /// `schedulingGroup.podGroupName`; empty without one.
    pub scheduling_group: String,
    /// `volumes[].persistentVolumeClaim`.
    pub claims: Vec<ClaimVolume>,
}

/// A volume that is a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimVolume {
    /// Its place in `volumes`.
    pub index: usize,
    /// `claimName`.
    pub name: String,
}

impl PodSpec {
    /// The fields that an expansion may change, as the API writes them; absent where they are empty.
    #[must_use]
    pub fn lists(&self) -> Value {
        let mut value = json!({});
        let mut set = |key: &str, field: Option<Value>| {
            if let (Value::Object(fields), Some(field)) = (&mut value, field) {
                fields.insert(key.to_owned(), field);
            }
        };
        set("affinity", self.affinity.as_ref().and_then(|field| serde_json::to_value(field).ok()));
        let list = |list: Value| Some(list).filter(|list| *list != json!([]));
        set("tolerations", list(json!(self.tolerations)));
        set("topologySpreadConstraints", list(json!(self.spread)));
        let gates: Vec<Value> =
            self.scheduling_gates.iter().map(|name| json!({"name": name})).collect();
        set("schedulingGates", list(json!(gates)));
        let group = Some(&self.scheduling_group).filter(|group| !group.is_empty());
        set("schedulingGroup", group.map(|group| json!({"podGroupName": group})));
        value
    }
}
