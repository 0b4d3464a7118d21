//! A control plane with a webhook that coordinates, nodes, and StatefulSets whose pods belong to a
//! coordination. There are no kubelets: the stage makes pods ready that are bound.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeBounds;
use std::time::Duration;

use placecard_policies::language::keys;
use placecard_tests::chart::RELEASE_NAMESPACE;
use placecard_tests::controlplane::{
    Api, ControlPlane, Patch, Target, bound_node, node, or_skipped, wait_for,
};
use placecard_tests::installation;
use placecard_tests::running::Running;
use serde_json::{Value, json};

/// How long the control plane may take for anything; ample, for machines that do other things too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) const HOSTNAME: &str = "kubernetes.io/hostname";

pub(crate) const ZONE: &str = "topology.kubernetes.io/zone";

/// Values of the chart: rollouts are carried out, and audits have no part in these tests.
pub(crate) fn values(controller: &str) -> Value {
    let rollouts = if controller == "on" { "on" } else { "off" };
    json!({"log": {"level": "error"}, "audit": {"every": 0},
        "coordination": {"controller": controller, "rollouts": rollouts}})
}

pub(crate) struct Stage {
    pub(crate) plane: ControlPlane,
}

/// An installed webhook that sees to coordinations. It is killed when this is dropped.
pub(crate) struct Controller(Option<Running>);

impl Controller {
    /// The value of a metric, by its line up to the value.
    pub(crate) fn metric(&self, line: &str) -> Option<f64> {
        self.0.as_ref().and_then(|running| running.metric(line))
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        if let Some(running) = self.0.take() {
            running.stop();
        }
    }
}

/// Role, replicas, and ratio.
pub(crate) type Cast = (&'static str, u32, u32);

/// Runs a test on a stage of its own; without a control plane says why not, and in CI fails.
pub(crate) fn with_stage(test: impl FnOnce(&Stage)) {
    with_stage_of(&[], test);
}

/// The same on a control plane with more arguments.
pub(crate) fn with_stage_of(arguments: &[&str], test: impl FnOnce(&Stage)) {
    let Some(plane) = or_skipped(ControlPlane::start_with(arguments)) else { return };
    installation::apply(plane.api(), &values("on"), &["Deployment"]);
    super::define(plane.api());
    test(&Stage { plane });
}

impl Stage {
    pub(crate) fn api(&self) -> &Api {
        self.plane.api()
    }

    /// The installed webhook, which coordinates, in place of one before it.
    pub(crate) fn controller(&self, name: &str) -> Controller {
        let controller = Controller(Some(Running::follow(&self.plane, &values("on"), name)));
        // A Lease that another one held lasts for a while.
        wait_for(PATIENCE, "it coordinates", || {
            let lead = controller.metric("placecard_coordination_leader");
            if lead == Some(1.0) { Ok(()) } else { Err(format!("{lead:?}")) }
        });
        controller
    }

    pub(crate) fn create(&self, object: &Value) {
        self.api().create(object).unwrap_or_else(|why| panic!("{why}\n{object:#}"));
    }

    /// A node with room for so many pods of one CPU each.
    pub(crate) fn node(&self, name: &str, zone: &str, slots: u32) {
        let cpu = slots.to_string();
        self.create(&node(name, &[(ZONE, zone)], &[], &[("cpu", &cpu)]));
    }

    /// The same with a label.
    pub(crate) fn labelled_node(&self, name: &str, label: (&str, &str), slots: u32) {
        let cpu = slots.to_string();
        self.create(&node(name, &[label], &[], &[("cpu", &cpu)]));
    }

    pub(crate) fn namespace(&self, name: &str) {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        self.create(&object);
    }

    /// A RoleCoordination of one coordination of these roles, each played by a StatefulSet of the
    /// role's name.
    pub(crate) fn coordination(&self, namespace: &str, name: &str, casts: &[Cast], more: Value) {
        self.coordinations(namespace, name, &[("pd", casts, more)]);
    }

    /// One of several coordinations.
    pub(crate) fn coordinations(
        &self,
        namespace: &str,
        name: &str,
        all: &[(&str, &[Cast], Value)],
    ) {
        let casts = || all.iter().flat_map(|(_, casts, _)| casts.iter());
        let role = |(role, ..): &Cast| {
            let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": role});
            json!({"name": role, "workloadRef": set})
        };
        let one = |(name, casts, more): &(&str, &[Cast], Value)| {
            let ratios: BTreeMap<&str, u32> =
                casts.iter().map(|(role, _, ratio)| (*role, *ratio)).collect();
            let mut affinity = json!({"topologyKey": HOSTNAME, "ratios": ratios,
                "placement": "gated", "batchMode": "Parallel"});
            for (key, value) in more.as_object().into_iter().flatten() {
                affinity[key] = value.clone();
            }
            let roles: Vec<&str> = casts.iter().map(|(role, ..)| *role).collect();
            json!({"name": name, "type": "AffinityScheduling", "roles": roles,
                "strategy": {"affinityScheduling": affinity}})
        };
        self.create(&json!({
            "apiVersion": keys::API_VERSION,
            "kind": keys::COORDINATION_KIND,
            "metadata": {"namespace": namespace, "name": name},
            "spec": {"roles": casts().map(role).collect::<Vec<_>>(),
                "coordination": all.iter().map(one).collect::<Vec<_>>()},
        }));
    }

    /// A StatefulSet that plays a role: pods of one CPU.
    pub(crate) fn set(&self, namespace: &str, group: &str, cast: Cast) {
        self.set_with(namespace, group, cast, |_| {});
    }

    /// The same, its template edited.
    pub(crate) fn set_with(
        &self,
        namespace: &str,
        group: &str,
        (role, replicas, _): Cast,
        edit: impl FnOnce(&mut Value),
    ) {
        let mut template = json!({
            "metadata": {"labels": {"app": role, "group": group},
                "annotations": {keys::COORDINATE: group}},
            "spec": {
                "terminationGracePeriodSeconds": 0,
                "containers": [{"name": "main", "image": "registry.invalid/none",
                    "resources": {"requests": {"cpu": "1"}}}],
            },
        });
        edit(&mut template);
        self.create(&json!({
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"namespace": namespace, "name": role},
            "spec": {
                "replicas": replicas,
                "podManagementPolicy": "Parallel",
                "serviceName": role,
                "selector": {"matchLabels": {"app": role}},
                "template": template,
            },
        }));
    }

    pub(crate) fn scale(&self, namespace: &str, set: &str, replicas: u32) {
        let target = Target::new("apps/v1", "StatefulSet", namespace, set);
        let patch = json!({"spec": {"replicas": replicas}});
        self.api().patch(&target, Patch::Merge, &patch).unwrap_or_else(|why| panic!("{why}"));
    }

    pub(crate) fn pods(&self, namespace: &str) -> Vec<Value> {
        let pods = self.api().list("v1", "Pod", namespace, "group");
        let pods = pods.unwrap_or_else(|why| panic!("{why}"));
        pods.into_iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null()).collect()
    }

    /// Does what kubelets do: pods that are bound are ready, pods that are to end are gone. Of the
    /// pods by name, the node, empty without one.
    pub(crate) fn live(&self, namespace: &str) -> BTreeMap<String, String> {
        let pods = self.api().list("v1", "Pod", namespace, "group");
        let mut found = BTreeMap::new();
        for pod in pods.unwrap_or_else(|why| panic!("{why}")) {
            let name = text(&pod, "/metadata/name");
            if !pod["metadata"]["deletionTimestamp"].is_null() {
                // It may be gone already.
                let _ = self.api().delete(&Target::new("v1", "Pod", namespace, &name));
                continue;
            }
            let node = bound_node(&pod).unwrap_or_default().to_owned();
            if !node.is_empty() && pod["status"]["phase"] != "Running" {
                make_ready(self.api(), namespace, &name);
            }
            found.insert(name, node);
        }
        found
    }

    /// A pod is ready since now.
    pub(crate) fn ready(&self, namespace: &str, pod: &str) {
        make_ready(self.api(), namespace, pod);
    }

    /// Lives until all of so many pods are bound; then says the pods of each batch, as the prefix of
    /// their names and how often, by coordination, batch and domain: the value of this node label.
    pub(crate) fn settled(&self, namespace: &str, count: usize, key: &str) -> Vec<Batch> {
        wait_for(PATIENCE, &format!("{count} pods of {namespace} are bound"), || {
            let found = self.live(namespace);
            let open: Vec<&String> =
                found.iter().filter(|(_, node)| node.is_empty()).map(|(name, _)| name).collect();
            if found.len() == count && open.is_empty() {
                Ok(())
            } else {
                Err(format!("{} pods, without a node: {open:?}", found.len()))
            }
        });
        self.batches(namespace, key)
    }

    /// The batches of the pods that are bound.
    pub(crate) fn batches(&self, namespace: &str, key: &str) -> Vec<Batch> {
        let nodes = self.api().list("v1", "Node", "", "").unwrap_or_else(|why| panic!("{why}"));
        let domain_of = |name: &str| {
            let node = nodes.iter().find(|node| node["metadata"]["name"] == name);
            node.map(|node| node["metadata"]["labels"][key].as_str().unwrap_or("none").to_owned())
        };
        let mut found: BTreeMap<(String, u64), Batch> = BTreeMap::new();
        for pod in self.pods(namespace) {
            let labels = &pod["metadata"]["labels"];
            let id = labels[keys::COORDINATION].as_str().unwrap_or_default().to_owned();
            let number = labels[keys::BATCH].as_str().and_then(|text| text.parse().ok());
            let number: u64 = number.unwrap_or_else(|| panic!("no batch: {labels}"));
            let batch = found.entry((id, number)).or_default();
            batch.number = number;
            let role = labels["app"].as_str().unwrap_or_default().to_owned();
            *batch.roles.entry(role).or_insert(0) += 1;
            batch.domains.extend(bound_node(&pod).and_then(domain_of));
        }
        found.into_values().collect()
    }

    /// The status of a coordination.
    pub(crate) fn status(&self, namespace: &str, name: &str) -> Value {
        let target = Target::new(keys::API_VERSION, keys::COORDINATION_KIND, namespace, name);
        self.api().get(&target).unwrap_or_else(|why| panic!("{why}")).object["status"].clone()
    }

    /// Lives until the status says so.
    pub(crate) fn until(
        &self,
        namespace: &str,
        name: &str,
        what: &str,
        is: impl Fn(&Value) -> bool,
    ) {
        wait_for(PATIENCE, what, || {
            self.live(namespace);
            let status = self.status(namespace, name);
            if is(&status) { Ok(()) } else { Err(status.to_string()) }
        });
    }

    /// Reasons and notes of the Events of the controller.
    pub(crate) fn events(&self, namespace: &str) -> BTreeSet<(String, String)> {
        let events = self.api().list("events.k8s.io/v1", "Event", namespace, "");
        let events = events.unwrap_or_else(|why| panic!("{why}"));
        let ours = |event: &&Value| event["reportingController"] == "placecard.dev/coordination";
        let told = |event: &Value| (text(event, "/reason"), text(event, "/note"));
        events.iter().filter(ours).map(told).collect()
    }

    /// Waits until so many Events of this reason were written: they come after what they tell of.
    pub(crate) fn told(&self, namespace: &str, reason: &str, count: impl RangeBounds<usize>) {
        wait_for(PATIENCE, &format!("the Events {reason}"), || {
            let events = self.events(namespace);
            let told = events.iter().filter(|(of, _)| of == reason).count();
            if count.contains(&told) { Ok(()) } else { Err(format!("{events:#?}")) }
        });
    }

    /// Who holds the Lease of the controllers.
    pub(crate) fn holder(&self) -> String {
        let (kind, name) = ("Lease", placecard_webhook::start::COORDINATION_LEASE);
        let target = Target::new("coordination.k8s.io/v1", kind, RELEASE_NAMESPACE, name);
        let found = self.api().get(&target).unwrap_or_else(|why| panic!("{why}")).object;
        text(&found, "/spec/holderIdentity")
    }
}

/// The pods of a batch by role, and the domains that they are in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) number: u64,
    pub(crate) roles: BTreeMap<String, u32>,
    pub(crate) domains: BTreeSet<String>,
}

/// Whether each batch has these pods and is in one domain, which it has to itself if `apart`.
#[track_caller]
pub(crate) fn assert_whole(batches: &[Batch], count: usize, roles: &[(&str, u32)], apart: bool) {
    let roles: BTreeMap<String, u32> =
        roles.iter().map(|(role, pods)| ((*role).to_owned(), *pods)).collect();
    assert_eq!(batches.len(), count, "{batches:#?}");
    for batch in batches {
        assert_eq!(batch.roles, roles, "{batches:#?}");
        assert_eq!(batch.domains.len(), 1, "{batches:#?}");
    }
    let domains: BTreeSet<&String> = batches.iter().flat_map(|batch| &batch.domains).collect();
    assert!(!apart || domains.len() == count, "{batches:#?}");
}

/// A pod that is bound runs, and is ready since now.
fn make_ready(api: &Api, namespace: &str, name: &str) {
    let condition = |kind: &str| {
        json!({"type": kind, "status": "True",
        "lastTransitionTime": "2026-01-01T00:00:00Z"})
    };
    let conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition);
    let status = json!({"status": {"phase": "Running", "conditions": conditions}});
    // It may be gone.
    let _ = api.patch_status(&Target::new("v1", "Pod", namespace, name), &status);
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
