//! The pod that a template makes, as the scheduler will see it.

use placecard_feasibility::inventory::pod::{Pod, PodVolume};
use serde_json::{Map, Value, json};

use crate::cluster::Cluster;
use crate::kinds::POD_TEMPLATE_HASH;
use crate::object::{Object, PodSpec, Template};
use crate::snapshot::{WrittenPod, parse};
use crate::why::groups::Holder;

/// A value of a revision label that no pod has yet.
const NEW_REVISION: &str = "new";

/// Why a template, or a pod, is not judged on a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unjudged {
    /// Another scheduler places it.
    Scheduler(String),
    /// Its namespace is not known.
    Namespace,
    /// It is a patch, or a template that something else completes.
    Partial,
    /// Its rules could not be expanded.
    Rules,
    /// It stands on a node of its own by the DaemonSet's controller.
    DaemonSet,
    /// Its controller may add labels that its rules are about.
    Labels,
    /// Gates hold it back.
    Gates(Vec<String>),
    /// It names its node: no scheduler looks at it.
    Bound(String),
    /// A field cannot be read.
    Field(String),
}

/// The next pod of the template, with the placement fields of `spec`: a new revision of a
/// Deployment, the first of a StatefulSet that is not there yet.
///
/// # Errors
///
/// Why it is not to be judged.
pub fn pod_of(
    cluster: &Cluster,
    object: &Object,
    template: &Template,
    spec: &PodSpec,
) -> Result<Pod, Unjudged> {
    if object.is_daemon_set() && template.written.is_some() {
        return Err(Unjudged::DaemonSet);
    }
    made(cluster, object, template, spec)
}

/// A pod of a DaemonSet, before its controller names its node.
///
/// # Errors
///
/// As for [`pod_of`].
pub(crate) fn daemon_pod(
    cluster: &Cluster,
    object: &Object,
    template: &Template,
    spec: &PodSpec,
) -> Result<Pod, Unjudged> {
    made(cluster, object, template, spec)
}

fn made(
    cluster: &Cluster,
    object: &Object,
    template: &Template,
    spec: &PodSpec,
) -> Result<Pod, Unjudged> {
    let Some(written) = &template.written else { return Err(Unjudged::Partial) };
    let incomplete = |one: &Value| one.get("image").and_then(Value::as_str).is_none();
    let containers = written.pointer("/spec/containers").and_then(Value::as_array);
    if containers.is_none_or(|list| list.is_empty() || list.iter().any(incomplete)) {
        return Err(Unjudged::Partial);
    }
    if object.reference.namespace.is_empty() {
        return Err(Unjudged::Namespace);
    }
    let value = placed(object, template, spec, written);
    let read = parse::<WrittenPod>(&value.to_string()).map(|pod| pod.read());
    let mut pod = read.map_err(|problem| Unjudged::Field(problem.path))?;
    cluster.places(&pod)?;
    if let Some(node) = pod.node.as_deref().filter(|_| !object.is_pod()) {
        return Err(Unjudged::Bound(node.to_owned()));
    }
    let inter_pod = !pod.affinity.is_empty() || !pod.anti_affinity.is_empty();
    if object.kind.is_none() && (inter_pod || !pod.spread.is_empty()) {
        return Err(Unjudged::Labels);
    }
    // The claim of an ephemeral volume is made with the pod.
    pod.volumes.retain(|volume| !matches!(volume, PodVolume::Ephemeral(_)));
    Ok(pod)
}

/// The template as a pod, with these placement fields and the labels of its controller.
fn placed(object: &Object, template: &Template, spec: &PodSpec, written: &Value) -> Value {
    let mut value = written.clone();
    if !value.get("metadata").is_some_and(Value::is_object) {
        value["metadata"] = json!({});
    }
    let mut labels: Map<String, Value> =
        template.labels.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    if !object.is_pod() {
        for (key, value) in controller_labels(object) {
            labels.entry(key).or_insert_with(|| json!(value));
        }
    }
    value["metadata"]["name"] = json!(pod_name(object));
    value["metadata"]["namespace"] = json!(object.reference.namespace);
    value["metadata"]["labels"] = Value::Object(labels);
    let wanted = spec.lists();
    for field in ["affinity", "tolerations", "topologySpreadConstraints"] {
        value["spec"][field] = wanted.get(field).cloned().unwrap_or(Value::Null);
    }
    value["spec"]["nodeSelector"] = json!(spec.node_selector);
    value
}

/// The name of the pod that is judged.
pub(crate) fn pod_name(object: &Object) -> String {
    let name = &object.reference.name;
    if object.is_pod() { name.clone() } else { format!("{name}-{}", first(object)) }
}

/// The number of the first pod: `spec.ordinals.start` of a StatefulSet.
fn first(object: &Object) -> u64 {
    object.start.unwrap_or(0)
}

/// The labels that a controller adds to the pods of a new revision.
fn controller_labels(object: &Object) -> Vec<(String, String)> {
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    match object.kind.map(|kind| kind.kind) {
        Some("Deployment") => vec![label(POD_TEMPLATE_HASH, NEW_REVISION)],
        Some("StatefulSet") => vec![
            label("controller-revision-hash", NEW_REVISION),
            label("statefulset.kubernetes.io/pod-name", &pod_name(object)),
            label("apps.kubernetes.io/pod-index", &first(object).to_string()),
        ],
        Some("Job") => {
            vec![label("batch.kubernetes.io/job-name", &object.reference.name)]
        }
        _ => Vec::new(),
    }
}

/// The controller whose pods the template makes: those that run already make room for it.
#[must_use]
pub fn holder(object: &Object) -> Holder {
    let reference = &object.reference;
    Holder {
        namespace: reference.namespace.clone(),
        kind: reference.kind.clone(),
        name: reference.name.clone(),
    }
}
