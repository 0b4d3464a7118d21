//! Objects that most tests need, and their removal.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Api, Refusal, Target, wait_for};

/// How long controllers and the scheduler may take; ample, for machines that do other things too.
const PATIENCE: Duration = Duration::from_secs(60);

/// `prefix-N`, another one with every call in this process. Tests share one cluster, so names of
/// nodes and webhooks must not meet.
#[must_use]
pub fn unique(prefix: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    format!("{prefix}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A ready node. It has room for 110 pods, 8 CPUs and 32Gi of memory, unless `allocatable` says
/// otherwise, and the label `kubernetes.io/hostname`. Taints are written `key=value:Effect` or
/// `key:Effect`.
///
/// # Panics
/// If a taint is written differently.
#[must_use]
pub fn node(
    name: &str,
    labels: &[(&str, &str)],
    taints: &[&str],
    allocatable: &[(&str, &str)],
) -> Value {
    let mut all_labels = BTreeMap::from([("kubernetes.io/hostname", name)]);
    all_labels.extend(labels.iter().copied());
    let mut room = BTreeMap::from([("cpu", "8"), ("memory", "32Gi"), ("pods", "110")]);
    room.extend(allocatable.iter().copied());
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": all_labels},
        "spec": {"taints": taints.iter().map(|taint| read_taint(taint)).collect::<Vec<_>>()},
        "status": {
            "capacity": room,
            "allocatable": room,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        },
    })
}

fn read_taint(text: &str) -> Value {
    let Some((key, effect)) = text.rsplit_once(':') else {
        panic!("taint {text:?} is not key=value:Effect");
    };
    match key.split_once('=') {
        Some((key, value)) => json!({"key": key, "value": value, "effect": effect}),
        None => json!({"key": key, "effect": effect}),
    }
}

/// The node that a pod is bound to.
#[must_use]
pub fn bound_node(pod: &Value) -> Option<&str> {
    pod.pointer("/spec/nodeName").and_then(Value::as_str).filter(|name| !name.is_empty())
}

/// What the scheduler says about a pod that it cannot place.
#[must_use]
pub fn unschedulable(pod: &Value) -> Option<String> {
    let conditions = pod.pointer("/status/conditions")?.as_array()?;
    let condition = conditions
        .iter()
        .find(|condition| condition["type"] == "PodScheduled" && condition["status"] == "False")?;
    Some(condition["message"].as_str()?.to_owned())
}

/// An object that is deleted when this is dropped.
#[must_use = "it is deleted when this is dropped"]
pub struct Owned {
    /// The object as the server stored it.
    pub object: Value,
    api: Api,
}

impl Drop for Owned {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.api.delete(&Target::of(&self.object));
    }
}

/// A namespace that is deleted with all its content when this is dropped.
#[must_use = "it is deleted when this is dropped"]
pub struct Namespace {
    /// Its name.
    pub name: String,
    api: Api,
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // In this order: in a namespace that is going nobody makes new pods. The pods need help,
        // because no kubelet ends their grace periods.
        let _ = self.api.delete(&Target::new("v1", "Namespace", "", &self.name));
        let _ = self.api.delete_all("v1", "Pod", &self.name);
    }
}

impl Api {
    /// Makes a namespace with a name of its own, beginning with `prefix`.
    ///
    /// # Panics
    /// If the server refuses it.
    pub fn namespace(&self, prefix: &str) -> Namespace {
        self.namespace_with(prefix, &[])
    }

    /// Makes a namespace with labels and a name of its own, beginning with `prefix`.
    ///
    /// # Panics
    /// If the server refuses it.
    pub fn namespace_with(&self, prefix: &str, labels: &[(&str, &str)]) -> Namespace {
        let name = unique(prefix);
        let labels: Map<String, Value> =
            labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
        let object = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": labels},
        });
        if let Err(refusal) = self.create(&object) {
            panic!("{refusal}");
        }
        Namespace { name, api: self.clone() }
    }

    /// Creates an object that is deleted when the return value is dropped: for nodes, webhook
    /// configurations and whatever else lives in no namespace.
    ///
    /// # Panics
    /// If the server refuses it.
    pub fn create_owned(&self, object: &Value) -> Owned {
        match self.create(object) {
            Ok(answer) => Owned { object: answer.object, api: self.clone() },
            Err(refusal) => panic!("{refusal}"),
        }
    }

    /// Waits until a pod is bound and returns the node's name.
    ///
    /// # Panics
    /// When it is not bound in time, with what the scheduler last said about it.
    #[must_use]
    #[track_caller]
    pub fn wait_bound(&self, namespace: &str, pod: &str) -> String {
        let selected =
            || self.get(&Target::new("v1", "Pod", namespace, pod)).map(|a| vec![a.object]);
        self.wait_bindings(&format!("pod {pod} is bound"), 1, selected)
            .into_values()
            .next()
            .unwrap_or_default()
    }

    /// Waits until a selector meets exactly `count` pods, none of them terminating, all bound.
    /// Returns node names by pod name.
    ///
    /// # Panics
    /// When it is not so in time, with what was seen last.
    #[track_caller]
    pub fn wait_all_bound(
        &self,
        namespace: &str,
        selector: &str,
        count: usize,
    ) -> BTreeMap<String, String> {
        let what = format!("{count} pods of {selector:?} are bound");
        self.wait_bindings(&what, count, || self.list("v1", "Pod", namespace, selector))
    }

    #[track_caller]
    fn wait_bindings(
        &self,
        what: &str,
        count: usize,
        look: impl Fn() -> Result<Vec<Value>, Box<Refusal>>,
    ) -> BTreeMap<String, String> {
        wait_for(PATIENCE, what, || match look() {
            Ok(pods) => bindings(&pods, count),
            Err(refusal) => Err(refusal.to_string()),
        })
    }

    /// Waits until the scheduler says that it cannot place a pod, and returns what it says.
    ///
    /// # Panics
    /// When it says nothing in time, or binds the pod.
    #[must_use]
    #[track_caller]
    pub fn wait_unschedulable(&self, namespace: &str, pod: &str) -> String {
        let target = Target::new("v1", "Pod", namespace, pod);
        wait_for(PATIENCE, &format!("pod {pod} is unschedulable"), || {
            let pod = self.get(&target).map_err(|refusal| refusal.to_string())?.object;
            if let Some(node) = bound_node(&pod) {
                panic!("{target} is bound to {node}");
            }
            unschedulable(&pod).ok_or_else(|| "nothing said".into())
        })
    }

    /// Does a kubelet's work: a bound pod is Running and Ready.
    ///
    /// # Panics
    /// If the server refuses it.
    #[track_caller]
    pub fn run_pod(&self, namespace: &str, pod: &str) {
        self.set_pod_status(namespace, pod, "Running", "True");
    }

    /// Does a kubelet's work: a pod ended; `phase` is `Succeeded` or `Failed`.
    ///
    /// # Panics
    /// If the server refuses it.
    #[track_caller]
    pub fn end_pod(&self, namespace: &str, pod: &str, phase: &str) {
        self.set_pod_status(namespace, pod, phase, "False");
    }

    #[track_caller]
    fn set_pod_status(&self, namespace: &str, pod: &str, phase: &str, ready: &str) {
        let conditions: Vec<Value> = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
            .iter()
            .map(|kind| {
                let status = if kind.ends_with("Ready") { ready } else { "True" };
                json!({"type": kind, "status": status})
            })
            .collect();
        let status = json!({"status": {"phase": phase, "conditions": conditions}});
        if let Err(refusal) = self.patch_status(&Target::new("v1", "Pod", namespace, pod), &status)
        {
            panic!("{refusal}");
        }
    }
}

/// Node names by pod name if there are exactly `count` pods and all are bound; else what there is.
/// Terminating pods are ignored: without kubelets they stay.
fn bindings(pods: &[Value], count: usize) -> Result<BTreeMap<String, String>, String> {
    let mut bound = BTreeMap::new();
    let mut seen = Vec::new();
    for pod in pods.iter().filter(|pod| pod.pointer("/metadata/deletionTimestamp").is_none()) {
        let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        if let Some(node) = bound_node(pod) {
            seen.push(format!("{name} on {node}"));
            bound.insert(name.to_owned(), node.to_owned());
        } else {
            let why = unschedulable(pod).unwrap_or_else(|| "nothing said".into());
            seen.push(format!("{name} pending ({why})"));
        }
    }
    if bound.len() == count && seen.len() == count {
        Ok(bound)
    } else {
        Err(format!("{} pods: {}", seen.len(), seen.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_its_labels_taints_and_room() {
        let node = node(
            "n",
            &[("zone", "a")],
            &["gpu=yes:NoSchedule", "gone:NoExecute"],
            &[("cpu", "2"), ("example.com/gpu", "1")],
        );
        assert_eq!(node["metadata"]["labels"], json!({"kubernetes.io/hostname": "n", "zone": "a"}));
        assert_eq!(
            node["spec"]["taints"],
            json!([
                {"key": "gpu", "value": "yes", "effect": "NoSchedule"},
                {"key": "gone", "effect": "NoExecute"},
            ])
        );
        assert_eq!(
            node["status"]["allocatable"],
            json!({"cpu": "2", "memory": "32Gi", "pods": "110", "example.com/gpu": "1"})
        );
    }

    #[test]
    #[should_panic(expected = "is not key=value:Effect")]
    fn a_taint_without_an_effect_is_refused() {
        let _ = read_taint("gpu=yes");
    }

    #[test]
    fn names_are_unique() {
        assert_ne!(unique("a"), unique("a"));
    }

    fn pod(name: &str, node: &str) -> Value {
        json!({"metadata": {"name": name}, "spec": {"nodeName": node}})
    }

    #[test]
    fn bindings_count_living_pods_only() {
        let going = json!({"metadata": {"name": "old", "deletionTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"nodeName": "n1"}});
        let bound = BTreeMap::from([("a".to_owned(), "n1".to_owned())]);
        assert_eq!(bindings(&[pod("a", "n1"), going], 1), Ok(bound));
    }

    #[test]
    fn bindings_say_what_is_missing() {
        let waiting = json!({"metadata": {"name": "b"}, "spec": {}, "status": {"conditions": [
            {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}]}});
        let cases = [
            (vec![], 1, "0 pods: "),
            (vec![pod("a", "n1"), pod("b", "n2")], 1, "2 pods: a on n1, b on n2"),
            (vec![pod("a", "")], 1, "1 pods: a pending (nothing said)"),
            (
                vec![pod("a", "n1"), waiting],
                2,
                "2 pods: a on n1, b pending (0/1 nodes are available)",
            ),
        ];
        for (pods, count, seen) in cases {
            assert_eq!(bindings(&pods, count), Err(seen.into()));
        }
    }
}
