//! A small cluster of a test's own inside the shared one: a namespace, and nodes that only the
//! pods of this test select.

use std::collections::BTreeMap;
use std::time::Duration;

use placecard_tests::controlplane::{
    Answer, Api, Namespace, Owned, Refusal, Target, bound_node, node, unique, wait_for,
};
use serde_json::{Value, json};

use super::stage::Stage;

/// Every pod of a test selects its nodes by this label.
const WORLD: &str = "e2e.example.com/world";

/// How long controllers and the scheduler may take, on machines that do other things too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// A node: its name in the test, its zone, more labels as `key=value`, and taints.
pub(crate) struct Machine(
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) &'static [(&'static str, &'static str)],
    pub(crate) &'static [&'static str],
);

/// Machines `ZONE N`, without anything special: `["a1", "a2", "b1"]` are two in zone a, one in b.
pub(crate) fn plain(names: &[&'static str]) -> Vec<Machine> {
    names.iter().map(|name| Machine(name, &name[..1], &[], &[])).collect()
}

pub(crate) struct World {
    pub(crate) api: Api,
    pub(crate) namespace: Namespace,
    name: String,
    nodes: Vec<Owned>,
}

/// What became of the pods of a workload.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    /// The machines of the bound pods, in order.
    pub(crate) on: Vec<String>,
    /// What the scheduler says about the others, each once.
    pub(crate) waiting: Vec<String>,
}

impl World {
    pub(crate) fn new(stage: &Stage, machines: &[Machine]) -> Self {
        Self::in_namespace(stage, machines, &[])
    }

    /// With labels on the namespace.
    pub(crate) fn in_namespace(
        stage: &Stage,
        machines: &[Machine],
        labels: &[(&str, &str)],
    ) -> Self {
        let api = stage.api().clone();
        let namespace = api.namespace_with("e2e", labels);
        let mut world = Self { api, name: unique("world"), namespace, nodes: Vec::new() };
        for machine in machines {
            world.add(machine, &[]);
        }
        world
    }

    /// One more node, with room as in `node`.
    pub(crate) fn add(&mut self, machine: &Machine, room: &[(&str, &str)]) {
        let Machine(name, zone, labels, taints) = machine;
        let mut all = vec![(WORLD, self.name.as_str()), ("topology.kubernetes.io/zone", *zone)];
        all.extend(labels.iter().copied());
        self.nodes.push(self.api.create_owned(&node(&self.node(name), &all, taints, room)));
    }

    /// The name of a machine's node in the cluster.
    pub(crate) fn node(&self, machine: &str) -> String {
        format!("{}-{machine}", self.name)
    }

    /// The machine of a node.
    pub(crate) fn machine(&self, node: &str) -> String {
        node.strip_prefix(&format!("{}-", self.name)).unwrap_or(node).to_owned()
    }

    pub(crate) fn target(&self, kind: &str, name: &str) -> Target {
        let api_version = match kind {
            "Job" | "CronJob" => "batch/v1",
            "Pod" | "Service" | "ReplicationController" | "PersistentVolumeClaim" => "v1",
            _ => "apps/v1",
        };
        Target::new(api_version, kind, &self.namespace.name, name)
    }

    pub(crate) fn get(&self, kind: &str, name: &str) -> Value {
        accepted(self.api.get(&self.target(kind, name))).object
    }

    /// A pod template with the label `app`, that selects the nodes of this world.
    pub(crate) fn template(&self, app: &str, annotations: &Value) -> Value {
        json!({
            "metadata": {"labels": {"app": app}, "annotations": annotations},
            "spec": {
                "nodeSelector": {WORLD: self.name},
                "terminationGracePeriodSeconds": 0,
                "containers": [{"name": "main", "image": "registry.invalid/none"}],
            },
        })
    }

    /// A bare pod.
    pub(crate) fn pod(&self, name: &str, annotations: &Value) -> Value {
        let mut pod = self.template(name, annotations);
        pod["apiVersion"] = json!("v1");
        pod["kind"] = json!("Pod");
        pod["metadata"]["name"] = json!(name);
        pod["metadata"]["namespace"] = json!(self.namespace.name);
        pod
    }

    /// A workload of a kind that has a selector and a template.
    pub(crate) fn workload(&self, kind: &str, name: &str, annotations: &Value) -> Value {
        json!({
            "apiVersion": self.target(kind, name).api_version,
            "kind": kind,
            "metadata": {"name": name, "namespace": self.namespace.name},
            "spec": {
                "selector": {"matchLabels": {"app": name}},
                "template": self.template(name, annotations),
            },
        })
    }

    pub(crate) fn deployment(&self, name: &str, replicas: u32, annotations: &Value) -> Value {
        let mut deployment = self.workload("Deployment", name, annotations);
        deployment["spec"]["replicas"] = json!(replicas);
        deployment
    }

    /// Creates a Deployment and waits until all its pods are bound; their machines in order.
    #[track_caller]
    pub(crate) fn deploy(&self, name: &str, replicas: u32, annotations: &Value) -> Vec<String> {
        accepted(self.api.create(&self.deployment(name, replicas, annotations)));
        self.all_on(name, replicas as usize)
    }

    /// Waits until exactly so many pods of an app exist and are bound; their machines in order.
    #[track_caller]
    pub(crate) fn all_on(&self, app: &str, count: usize) -> Vec<String> {
        self.settled(app, count, 0).on
    }

    /// Waits until so many pods of an app are bound, and the scheduler has given up on so many.
    #[track_caller]
    pub(crate) fn settled(&self, app: &str, bound: usize, waiting: usize) -> Settled {
        let what = format!("{bound} pods of {app} are bound and {waiting} do not fit");
        wait_for(PATIENCE, &what, || {
            let pods = self.living(app)?;
            let mut on = Vec::new();
            let mut reasons = Vec::new();
            for pod in &pods {
                match (bound_node(pod), refused_by_scheduler(pod)) {
                    (Some(node), _) => on.push(self.machine(node)),
                    (None, Some(reason)) => reasons.push(reason),
                    (None, None) => return Err(format!("{} is undecided", name(pod))),
                }
            }
            on.sort();
            if (on.len(), reasons.len()) != (bound, waiting) {
                return Err(format!("bound to {on:?}; waiting: {reasons:?}"));
            }
            reasons.sort();
            reasons.dedup();
            Ok(Settled { on, waiting: reasons })
        })
    }

    /// The pods of an app, or of a label selector, that are not going.
    pub(crate) fn living(&self, app: &str) -> Result<Vec<Value>, String> {
        let selector = if app.contains('=') { app.to_owned() } else { format!("app={app}") };
        let pods = self.api.list("v1", "Pod", &self.namespace.name, &selector);
        let mut pods = pods.map_err(|refusal| refusal.to_string())?;
        pods.retain(|pod| pod.pointer("/metadata/deletionTimestamp").is_none());
        Ok(pods)
    }

    /// Somebody who is there already: a running pod with the label `app`, on a machine.
    #[track_caller]
    pub(crate) fn neighbour(&self, app: &str, machine: &str) {
        self.neighbour_with(&[("app", app)], machine);
    }

    /// With other labels.
    #[track_caller]
    pub(crate) fn neighbour_with(&self, labels: &[(&str, &str)], machine: &str) {
        self.neighbour_in(&self.namespace.name, labels, machine);
    }

    /// In another namespace.
    #[track_caller]
    pub(crate) fn neighbour_in(&self, namespace: &str, labels: &[(&str, &str)], machine: &str) {
        let mut pod = self.pod(&unique("neighbour"), &json!({}));
        pod["metadata"]["namespace"] = json!(namespace);
        pod["metadata"]["labels"] = json!(labels.iter().copied().collect::<BTreeMap<_, _>>());
        pod["spec"]["nodeSelector"]["kubernetes.io/hostname"] = json!(self.node(machine));
        let stored = accepted(self.api.create(&pod)).object;
        assert_eq!(self.api.wait_bound(namespace, &name(&stored)), self.node(machine));
        self.api.run_pod(namespace, &name(&stored));
    }

    /// A Service that selects an app.
    #[track_caller]
    pub(crate) fn service(&self, name: &str, app: &str) {
        accepted(self.api.create(&json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": self.namespace.name},
            "spec": {"selector": {"app": app}, "ports": [{"port": 80}]},
        })));
    }

    /// Does the kubelets' work: all bound pods of an app run.
    pub(crate) fn run_all(&self, app: &str) {
        for pod in self.living(app).expect("pods") {
            let running = pod.pointer("/status/phase").is_some_and(|phase| phase == "Running");
            if bound_node(&pod).is_some() && !running {
                self.api.run_pod(&self.namespace.name, &name(&pod));
            }
        }
    }
}

/// The answer of a request that must be accepted.
#[track_caller]
pub(crate) fn accepted(outcome: Result<Answer, Box<Refusal>>) -> Answer {
    match outcome {
        Ok(answer) => answer,
        Err(refusal) => panic!("{refusal}"),
    }
}

/// The refusal of a request that must be refused.
#[track_caller]
pub(crate) fn refused(outcome: Result<Answer, Box<Refusal>>) -> Refusal {
    match outcome {
        Ok(answer) => panic!("accepted: {}", answer.object),
        Err(refusal) => *refusal,
    }
}

pub(crate) fn name(object: &Value) -> String {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The scheduler's reason, if it found no node.
fn refused_by_scheduler(pod: &Value) -> Option<String> {
    let conditions = pod.pointer("/status/conditions")?.as_array()?;
    let condition = conditions.iter().find(|condition| condition["type"] == "PodScheduled")?;
    (condition["reason"] == "Unschedulable").then(|| condition["message"].to_string())
}

/// Annotations with one `require`.
pub(crate) fn require(rules: &str) -> Value {
    json!({"placecard.dev/require": rules})
}

/// Annotations with one `prefer`.
pub(crate) fn prefer(rules: &str) -> Value {
    json!({"placecard.dev/prefer": rules})
}
