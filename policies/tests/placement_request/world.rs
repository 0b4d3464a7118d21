//! Small random clusters of a shop.

use placecard_policies::claims;
use placecard_policies::cluster::Cluster;
use placecard_policies::directory::Known;
use placecard_policies::feasibility::inventory::Inventory;
use placecard_policies::feasibility::inventory::pod::Pod;
use placecard_policies::findings::Severity;
use placecard_policies::language::Words;
use placecard_policies::language::affinity::ObjectId;
use placecard_policies::language::directory::{ObjectKind, ObjectName};
use placecard_policies::language::vocabulary_check;
use placecard_policies::read;
use placecard_policies::review::review;
use placecard_policies::snapshot;
use placecard_policies::surroundings::{Answer, Objects, Reference, Surroundings};
use placecard_policies::template_pod::pod_of;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) const ZONE: &str = "topology.kubernetes.io/zone";
pub(crate) const RACK: &str = "example.com/rack";
pub(crate) const HOST: &str = "kubernetes.io/hostname";
pub(crate) const NVME: &str = "3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2b";

/// Applications; each is a Service, `ledger` one of the namespace `bank`. The pod to be placed is
/// one of `web`.
pub(crate) const APPS: [&str; 4] = ["db", "cache", "web", "ledger"];

#[derive(Clone, Debug)]
pub(crate) struct DrawnNode {
    pub(crate) zone: Option<u8>,
    pub(crate) rack: Option<u8>,
    nvme: bool,
    trusted: bool,
    /// Its hostname label is not missing.
    host: bool,
    tainted: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct DrawnPod {
    node: usize,
    app: usize,
    /// Terminating, finished, or without any of that.
    state: u8,
    /// It keeps its name, as pods of a StatefulSet do.
    stable: bool,
    /// It keeps pods of `web` out of its domain.
    pub(crate) repels: Option<u8>,
}

impl DrawnNode {
    pub(crate) fn is_plain(&self) -> bool {
        self.host && !self.trusted
    }
}

impl DrawnPod {
    /// A pod of an application on a node.
    pub(crate) fn of(node: usize, app: usize) -> Self {
        Self { node, app, state: 7, stable: false, repels: None }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) nodes: Vec<DrawnNode>,
    pub(crate) pods: Vec<DrawnPod>,
}

pub(crate) fn world() -> impl Strategy<Value = World> {
    let often = || prop::bool::weighted(0.9);
    let rarely = || prop::bool::weighted(0.15);
    let node = (
        option::weighted(0.85, 0..3_u8),
        option::weighted(0.7, 1..4_u8),
        any::<bool>(),
        rarely(),
        often(),
        rarely(),
    );
    let node = node.prop_map(|(zone, rack, nvme, trusted, host, tainted)| DrawnNode {
        zone,
        rack,
        nvme,
        trusted,
        host,
        tainted,
    });
    let pod = (0..8_usize, 0..4_usize, 0..8_u8, rarely(), option::weighted(0.1, 0..3_u8));
    let pod = pod.prop_map(|(node, app, state, stable, repels)| DrawnPod {
        node,
        app,
        state,
        stable,
        repels,
    });
    (vec(node, 1..8), vec(pod, 0..7)).prop_map(|(nodes, pods)| World { nodes, pods })
}

/// A world, as it is read.
pub(crate) struct Ground {
    pub(crate) world: World,
    pub(crate) cluster: Cluster,
    pub(crate) words: Words,
    /// What ids and leases are.
    pub(crate) answers: Objects,
    /// A pod that runs keeps others out.
    pub(crate) repels: bool,
    surroundings: Surroundings,
}

pub(crate) fn key(level: u8) -> &'static str {
    [ZONE, RACK, HOST][usize::from(level % 3)]
}

impl World {
    pub(crate) fn node_of(&self, pod: &DrawnPod) -> usize {
        pod.node % self.nodes.len()
    }

    fn node(&self, at: usize) -> Value {
        let drawn = &self.nodes[at];
        let mut labels = json!({});
        let mut taints = Vec::new();
        if let Some(zone) = drawn.zone {
            labels[ZONE] = json!(format!("z{zone}"));
        }
        if let Some(rack) = drawn.rack {
            labels[RACK] = json!(format!("rack-{rack}"));
        }
        if drawn.nvme {
            labels["disk"] = json!("nvme");
        }
        if drawn.host {
            labels[HOST] = json!(format!("n{at}"));
        }
        if drawn.trusted {
            labels["trust"] = json!("payments");
            taints.push(json!({"key": "trust", "value": "payments", "effect": "NoSchedule"}));
        }
        if drawn.tainted {
            taints.push(json!({"key": "old", "effect": "PreferNoSchedule"}));
        }
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("n{at}"), "labels": labels},
            "spec": {"taints": taints},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}}})
    }

    fn pod(&self, at: usize) -> Value {
        let drawn = &self.pods[at];
        let (app, name) = (APPS[drawn.app], format!("p-{at}"));
        let namespace = if app == "ledger" { "bank" } else { "shop" };
        let mut metadata = json!({"name": name, "namespace": namespace, "labels": {"app": app}});
        if drawn.stable {
            metadata["labels"]["statefulset.kubernetes.io/pod-name"] = json!(name);
        }
        if drawn.state == 0 {
            metadata["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        let phase = if drawn.state == 1 { "Succeeded" } else { "Running" };
        let requests = json!({"requests": {"cpu": format!("{}00m", 1 + drawn.state)}});
        let containers = json!([{"name": "c", "image": "i", "resources": requests}]);
        let mut spec =
            json!({"nodeName": format!("n{}", self.node_of(drawn)), "containers": containers});
        if let Some(level) = drawn.repels {
            let term = json!({"topologyKey": key(level), "namespaces": ["shop"],
                "labelSelector": {"matchLabels": {"app": "web"}}});
            spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] =
                json!([term]);
        }
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {"phase": phase}})
    }
}

fn words() -> Words {
    let (words, problems) = vocabulary_check::check(&json!({
        "apiVersion": "placecard.dev/v1alpha1", "kind": "PlacementVocabulary",
        "metadata": {"name": "default"},
        "spec": {
            "levels": [
                {"name": "zone", "key": ZONE},
                {"name": "rack", "key": RACK, "format": "rack-{n}"},
                {"name": "node", "key": HOST}
            ],
            "serviceDomain": "zone",
            "trustDomains": [{"name": "payments", "nodes": "trust=payments",
                "guard": {"key": "trust", "value": "payments", "effect": "NoSchedule"}}],
            "resources": [{"name": "nvme", "uid": NVME, "nodes": "disk=nvme"}]
        }
    }));
    assert_eq!(problems, []);
    words
}

impl Ground {
    pub(crate) fn of(world: &World) -> Self {
        let mut objects: Vec<Value> = Vec::new();
        objects.extend((0..world.nodes.len()).map(|at| world.node(at)));
        objects.extend((0..world.pods.len()).map(|at| world.pod(at)));
        for namespace in ["shop", "bank"] {
            objects.push(json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": namespace}}));
        }
        for app in APPS {
            let namespace = if app == "ledger" { "bank" } else { "shop" };
            objects.push(json!({"apiVersion": "v1", "kind": "Service",
                "metadata": {"name": app, "namespace": namespace},
                "spec": {"selector": {"app": app}}}));
        }
        let in_zone = json!({"matchExpressions": [
            {"key": ZONE, "operator": "In", "values": ["z0", "z1"]}]});
        objects.push(json!({"apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": "disk"},
            "spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [in_zone]}}}}));
        objects.push(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": "shop"}, "spec": {"volumeName": "disk"}}));
        let mut inventory = Inventory::default();
        for object in &objects {
            snapshot::add(&mut inventory, &object.to_string()).unwrap();
        }
        let words = words();
        let mut surroundings = Surroundings { words: words.clone().into(), ..Default::default() };
        let answers = objects.iter().flat_map(|object| read::answers(object, ""));
        for (reference, answer) in answers.chain(claims::answers(objects.iter(), "")) {
            surroundings.objects.insert(reference, answer);
        }
        add_ids(world, &mut surroundings.objects);
        Self {
            cluster: Cluster::of(inventory),
            answers: ids(world),
            repels: world.pods.iter().any(|pod| pod.repels.is_some()),
            world: world.clone(),
            words,
            surroundings,
        }
    }

    /// The pod to be placed, without rules.
    pub(crate) fn plain(&self) -> Pod {
        self.expanded(&[]).unwrap()
    }

    /// The pod whose annotation has these sentences, expanded; or the codes of its errors.
    pub(crate) fn expanded(&self, sentences: &[String]) -> Result<Pod, Vec<String>> {
        let rules = json!({"placecard.dev/require": sentences.join("\n")});
        self.annotated(if sentences.is_empty() { json!({}) } else { rules })
    }

    /// The pod with these annotations, expanded; or the codes of its errors.
    pub(crate) fn annotated(&self, annotations: Value) -> Result<Pod, Vec<String>> {
        let metadata = json!({"name": "new", "namespace": "shop", "labels": {"app": "web"},
            "annotations": annotations});
        let requests = json!({"requests": {"cpu": "500m", "memory": "1Gi"}});
        let containers = json!([{"name": "c", "image": "i", "resources": requests}]);
        let value = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
            "spec": {"containers": containers}});
        let mut object = read::object(&value, &self.words).unwrap();
        read::keep_written(&mut object, &value);
        let review = review(&object, &self.surroundings);
        let errors = review.findings.iter().filter(|one| one.severity == Severity::Error);
        let codes: Vec<String> = errors.map(|one| one.code.to_string()).collect();
        if !codes.is_empty() {
            return Err(codes);
        }
        // A rule about something that is not known here would be left out.
        assert!(review.expansions.iter().all(|one| one.complete), "{:?}", review.findings);
        let template = object.templates.first().unwrap();
        let spec = review.expansions.first().map_or(&template.spec, |one| &one.spec);
        Ok(pod_of(&self.cluster, &object, template, spec).unwrap())
    }
}

impl Ground {
    /// What is known of ids, leases and the rest.
    pub(crate) fn known(&self) -> Known<'_> {
        Known::beside(&self.answers, &self.cluster.inventory)
    }
}

/// The ids: a node's and a pod's lease are numbered as they are, a Service's as its application.
fn ids(world: &World) -> Objects {
    let mut answers = Objects::default();
    add_ids(world, &mut answers);
    answers
}

fn add_ids(world: &World, answers: &mut Objects) {
    for (at, pod) in world.pods.iter().enumerate() {
        let namespace = if APPS[pod.app] == "ledger" { "bank" } else { "shop" };
        let lease = Reference::Lease { namespace: namespace.into(), name: format!("l-{at}") };
        answers.insert(lease, Answer::Lease(format!("p-{at}_1f")));
    }
    let mut insert = |kind, id: usize, namespace: &str, name: &str| {
        let name = ObjectName { namespace: namespace.into(), name: name.into() };
        let reference = Reference::Object { kind, id: ObjectId(id as u128) };
        answers.insert(reference, Answer::Name(Box::new(name)));
    };
    for at in 0..world.nodes.len() {
        insert(ObjectKind::Node, at, "", &format!("n{at}"));
    }
    for (at, app) in APPS.iter().enumerate() {
        insert(ObjectKind::Service, at, if *app == "ledger" { "bank" } else { "shop" }, app);
    }
    insert(ObjectKind::PersistentVolume, 0, "", "disk");
    for (at, pod) in world.pods.iter().enumerate() {
        let namespace = if APPS[pod.app] == "ledger" { "bank" } else { "shop" };
        insert(ObjectKind::Lease, at, namespace, &format!("l-{at}"));
    }
}

impl World {
    /// Where the holder of a lease is.
    pub(crate) fn holder(&self, at: usize) -> Option<(bool, &'static str, usize)> {
        let pod = self.pods.get(at)?;
        Some((pod.stable, APPS[pod.app], self.node_of(pod)))
    }

    /// Whether a pod of an application counts on a node with the label.
    pub(crate) fn runs(&self, app: usize, level: u8) -> bool {
        self.pods.iter().any(|pod| {
            let node = &self.nodes[self.node_of(pod)];
            let labelled = [node.zone.is_some(), node.rack.is_some(), node.host];
            pod.app == app && pod.state != 1 && labelled[usize::from(level % 3)]
        })
    }
}
