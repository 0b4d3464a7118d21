//! Nodes and pods as plain objects, as many as there are in clusters, and what happens to the pods.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::controlplane::{Api, Patch, Target, node};
use serde_json::{Value, json};

use crate::process::Result;

/// Requests under way at once.
const WRITERS: u64 = 12;

/// Pods of one workload.
pub const REPLICAS: u64 = 50;

/// Namespaces of all pods.
pub const NAMESPACES: u64 = 60;

/// Makes namespaces, nodes and so many pods, each of which `pod` says by its number.
///
/// # Errors
/// What the API server refuses.
pub fn fill(api: &Api, nodes: u64, pods: u64, pod: impl Fn(u64) -> Value + Sync) -> Result<()> {
    each(NAMESPACES, |number| {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": namespace(number), "labels": {"team": format!("t{}", number % 7)}}});
        api.create(&namespace).map(drop)
    })?;
    each(nodes, |number| {
        let zone = format!("zone-{}", number % 3);
        let rack = format!("rack-{}", number % 250);
        let labels = [
            ("topology.kubernetes.io/zone", zone.as_str()),
            ("topology.kubernetes.io/region", "region-1"),
            ("node.kubernetes.io/instance-type", "large"),
            ("kubernetes.io/os", "linux"),
            ("kubernetes.io/arch", "amd64"),
            ("example.com/rack", rack.as_str()),
        ];
        let room = [("cpu", "64"), ("memory", "256Gi")];
        api.create(&node(&format!("node-{number}"), &labels, &[], &room)).map(drop)
    })?;
    each(pods, |number| api.create(&pod(number)).map(drop))
}

/// Changes of status, labels that change, pods that go and others that come; how many events. The
/// numbers of the events are not to come again.
///
/// # Errors
/// What the API server refuses.
pub fn churn(api: &Api, nodes: u64, pods: u64, events: Range<u64>) -> Result<u64> {
    let made = AtomicU64::new(0);
    each(events.end.saturating_sub(events.start), |number| {
        let event = events.start + number;
        // Another pod for each, in no order.
        let number = (event * 7_919) % pods;
        let target = Target::new("v1", "Pod", &namespace(number / REPLICAS), &name(number));
        let outcome = match event % 4 {
            0 => {
                let status = json!({"status": {"phase": "Running", "podIP": "10.0.0.1",
                    "conditions": [{"type": "Ready", "status": "True"}]}});
                api.patch_status(&target, &status)
            }
            1 => {
                let labels =
                    json!({"metadata": {"labels": {"changed": format!("round-{}", event % 5)}}});
                api.patch(&target, Patch::Merge, &labels)
            }
            2 => api.delete(&target),
            _ => api.create(&pod(pods + event, nodes)),
        };
        match outcome {
            // Deleted by an event before.
            Err(refusal) if refusal.status == 404 => Ok(()),
            Err(refusal) => Err(refusal),
            Ok(_) => {
                made.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        }
    })?;
    Ok(made.into_inner())
}

/// The namespace of a workload.
#[must_use]
pub fn namespace(number: u64) -> String {
    format!("namespace-{}", number % NAMESPACES)
}

/// The name of a pod.
#[must_use]
pub fn name(number: u64) -> String {
    let workload = number / REPLICAS;
    format!("service-{workload}-7d4b9c6f8-{number:06}")
}

/// A pod as a Deployment makes it, bound already.
#[must_use]
pub fn pod(number: u64, nodes: u64) -> Value {
    let workload = number / REPLICAS;
    let app = format!("service-{workload}");
    let apart = json!({"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{
        "weight": 100, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname",
            "labelSelector": {"matchLabels": {"app": app}}}}]}});
    let spread = json!([{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": {"app": app}}}]);
    let container = |name: &str| {
        json!({"name": name, "image": format!("registry.invalid/{name}:1.2.3"),
            "args": ["--port=8080", "--verbose"],
            "env": (0..8).map(|one| json!({"name": format!("OPTION_{one}"), "value": "x".repeat(40)}))
                .collect::<Vec<_>>(),
            "resources": {"requests": {"cpu": "100m", "memory": "200Mi"}, "limits": {"memory": "400Mi"}},
            "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}},
            "volumeMounts": [{"name": "config", "mountPath": "/etc/config"}]})
    };
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name(number),
            "namespace": namespace(workload),
            "labels": {"app": app, "pod-template-hash": "7d4b9c6f8"},
            "annotations": {"example.com/checksum": "0123456789abcdef0123456789abcdef"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": true,
                "name": format!("{app}-7d4b9c6f8"),
                "uid": format!("00000000-0000-4000-8000-{workload:012}")}],
        },
        "spec": {
            "nodeName": format!("node-{}", (number * 31) % nodes),
            "affinity": if workload.is_multiple_of(3) { apart } else { json!({}) },
            "topologySpreadConstraints": if workload.is_multiple_of(5) { spread } else { json!([]) },
            "terminationGracePeriodSeconds": 0,
            "containers": [container("main"), container("proxy")],
            "volumes": [{"name": "config", "configMap": {"name": app}}],
        },
    })
}

/// Does something for each number, several at once.
fn each<E: std::fmt::Display + Send>(
    count: u64,
    act: impl Fn(u64) -> std::result::Result<(), E> + Sync,
) -> Result<()> {
    let next = AtomicU64::new(0);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(());
            }
            act(number).map_err(|error| error.to_string())?;
        }
    };
    let outcomes: Vec<std::result::Result<(), String>> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(work)).collect();
        let ended = |writer: std::thread::ScopedJoinHandle<'_, _>| {
            writer.join().unwrap_or_else(|_| Err("a writer broke off".to_owned()))
        };
        writers.into_iter().map(ended).collect()
    });
    outcomes.into_iter().collect::<std::result::Result<(), String>>().map_err(Into::into)
}
