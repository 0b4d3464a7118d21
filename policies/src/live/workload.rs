//! What is kept of services and of what holds pod templates: selectors, UIDs, annotations of ours.

use placecard_feasibility::inventory::NamespacedName;
use placecard_language::affinity::ObjectId;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::rollout::{self, Rollout};
use super::watched::Watched;
use crate::object::Map;
use crate::read::or_default;
use crate::snapshot::OwnerReference;
use crate::snapshot::notes::Notes;
use crate::snapshot::problem::Problem;
use crate::snapshot::single::typed;

/// Annotations of ours: those of the object itself and those of its pod template, which are the
/// same of a pod. Records of expansions are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    /// `metadata.annotations`.
    pub own: Map,
    /// Those of the pod template.
    pub template: Map,
}

/// A service, or what holds a pod template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Workload {
    pub(super) uid: Option<u128>,
    /// `spec.selector` as it is written; empty: there is none.
    selector: Box<str>,
    /// `spec.replicas`, of a Job `spec.completions` or else `spec.parallelism`; 1 if it says nothing.
    replicas: u32,
    /// `spec.ordinals.start`.
    start: u32,
    /// `None`: there are none, or a controller made the object.
    pub(super) annotations: Option<Box<Annotations>>,
    /// Of StatefulSets and Deployments.
    pub(super) rollout: Option<Box<Rollout>>,
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
    name: String,
    #[serde(deserialize_with = "or_default")]
    namespace: String,
    #[serde(deserialize_with = "or_default")]
    uid: String,
    #[serde(deserialize_with = "or_default")]
    annotations: Notes,
    #[serde(deserialize_with = "or_default")]
    owner_references: Vec<OwnerReference>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    selector: Option<Box<RawValue>>,
    replicas: Option<i64>,
    #[serde(deserialize_with = "or_default")]
    ordinals: Ordinals,
    completions: Option<i64>,
    parallelism: Option<i64>,
    #[serde(deserialize_with = "or_default")]
    template: Template,
    #[serde(deserialize_with = "or_default")]
    job_template: JobTemplate,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ordinals {
    #[serde(deserialize_with = "or_default")]
    start: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    #[serde(deserialize_with = "or_default")]
    replicas: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JobTemplate {
    #[serde(deserialize_with = "or_default")]
    spec: JobSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JobSpec {
    #[serde(deserialize_with = "or_default")]
    template: Template,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Template {
    #[serde(deserialize_with = "or_default")]
    metadata: TemplateMetadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TemplateMetadata {
    #[serde(deserialize_with = "or_default")]
    annotations: Notes,
}

/// What was read.
pub(super) struct Found {
    pub(super) name: NamespacedName,
    /// `None`: an old revision of which nothing runs or will run; nothing depends on it.
    pub(super) workload: Option<Workload>,
}

/// Reads a service or what holds a pod template.
pub(super) fn read(kind: Watched, json: &[u8]) -> Result<Found, Problem> {
    let Written { metadata, spec, status } = typed(kind.row().kind, json)?;
    let is_owned = metadata.owner_references.iter().any(|owner| owner.controller);
    let is_idle = spec.replicas == Some(0) && status.replicas == 0;
    let name = (metadata.namespace, metadata.name);
    if kind == Watched::ReplicaSet && is_owned && is_idle {
        return Ok(Found { name, workload: None });
    }
    let template = match kind {
        Watched::CronJob => spec.job_template.spec.template,
        _ => spec.template,
    };
    let annotations =
        Annotations { own: metadata.annotations.0, template: template.metadata.annotations.0 };
    let is_ours = !is_owned && annotations != Annotations::default() && kind != Watched::Service;
    let replicas = match kind {
        Watched::Job => spec.completions.or(spec.parallelism),
        _ => spec.replicas,
    };
    let rollout = match kind {
        Watched::StatefulSet | Watched::Deployment => {
            let written: rollout::Written = typed(kind.row().kind, json)?;
            Some(Box::new(written.read()))
        }
        _ => None,
    };
    let workload = Workload {
        rollout,
        replicas: u32::try_from(replicas.unwrap_or(1).max(0)).unwrap_or(u32::MAX),
        start: spec.ordinals.start,
        uid: metadata.uid.parse().ok().map(|ObjectId(uid)| uid),
        selector: spec.selector.map(|raw| raw.get().into()).unwrap_or_default(),
        annotations: is_ours.then(|| Box::new(annotations)),
    };
    Ok(Found { name, workload: Some(workload) })
}

/// The annotations of a pod that no controller made, and its name; `None`: it has none.
pub(super) fn of_pod(json: &[u8]) -> Option<Annotations> {
    let Written { metadata, .. } = typed(Watched::Pod.row().kind, json).ok()?;
    let ours = metadata.annotations.0;
    (!ours.is_empty()).then(|| Annotations { own: ours.clone(), template: ours })
}

impl Workload {
    /// How many replicas there are to be.
    pub(super) fn replicas(&self) -> u32 {
        self.replicas
    }

    /// Whether a coordination sees a difference.
    pub(super) fn differs(&self, other: &Self) -> bool {
        (self.replicas, self.start, self.uid) != (other.replicas, other.start, other.uid)
            || self.annotations != other.annotations
    }

    /// Whether the controller of coordinations owns its partition.
    pub(super) fn is_held(&self) -> bool {
        self.rollout.as_ref().is_some_and(|rollout| rollout.held)
    }

    /// Whether only who looks at rollouts sees a difference.
    pub(super) fn is_elsewhere(&self, other: &Self) -> bool {
        self.rollout != other.rollout
    }

    /// The object, as far as others ask for it.
    pub(super) fn slim(&self, kind: Watched, (namespace, name): &NamespacedName) -> Value {
        let selector: Value = serde_json::from_str(&self.selector).unwrap_or_default();
        json!({
            "apiVersion": kind.api_version(),
            "kind": kind.row().kind,
            "metadata": {"namespace": namespace, "name": name},
            "spec": {"selector": selector, "replicas": self.replicas,
                "ordinals": {"start": self.start}},
        })
    }
}
