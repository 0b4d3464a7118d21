//! The anchor cluster as `kubectl get namespaces,nodes,pods -A -o json` prints a live one: indented,
//! keys in order, each pod with everything that controllers, admission and a kubelet write into it.
//! The noise changes no verdict, so a loaded dump can be asked what the plain cluster is asked.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::cluster::{Size, existing, namespaces, node};

const STARTED: &str = "2026-03-02T08:15:30Z";

/// Writes the dump; returns how many bytes its pods take.
///
/// # Errors
///
/// Those of the writer.
pub fn write(out: &mut impl Write, size: Size) -> io::Result<u64> {
    out.write_all(b"{\n    \"apiVersion\": \"v1\",\n    \"items\": [")?;
    let mut pod_bytes = 0;
    let others =
        namespaces().chain((0..size.nodes).map(node)).map(|object| (false, printed(&object)));
    let pods = (0..size.nodes * size.pods).map(|g| (true, full(g, size)));
    for (index, (is_pod, object)) in others.chain(pods).enumerate() {
        let before: &[u8] = if index == 0 { b"\n        " } else { b",\n        " };
        out.write_all(before)?;
        let object = object?;
        out.write_all(&object)?;
        pod_bytes += if is_pod { (before.len() + object.len()) as u64 } else { 0 };
    }
    out.write_all(b"\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n")?;
    out.write_all(b"        \"resourceVersion\": \"\"\n    }\n}\n")?;
    Ok(pod_bytes)
}

/// The pod with this number by itself, as an API server writes it but for the blanks.
///
/// # Errors
///
/// None that is known.
pub fn full(g: usize, size: Size) -> io::Result<Vec<u8>> {
    printed(&lived(existing(g / size.pods, g), g))
}

/// An object with the blanks that kubectl prints.
///
/// # Errors
///
/// None that is known.
pub fn printed(object: &Value) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(8 * 1024);
    print(object, &mut out)?;
    Ok(out)
}

/// Prints an element of the list, two levels in.
fn print(object: &Value, out: &mut Vec<u8>) -> io::Result<()> {
    let mut indented = Vec::with_capacity(8 * 1024);
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut indented, formatter);
    serde::Serialize::serialize(object, &mut serializer)?;
    for (index, line) in indented.split(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\n        ");
        }
        out.extend_from_slice(line);
    }
    Ok(())
}

/// A pod that a ReplicaSet made, admission defaulted and a kubelet runs.
fn lived(mut pod: Value, g: usize) -> Value {
    let hash = format!("{:010x}", g.wrapping_mul(2_654_435_761) & 0xff_ffff_ffff);
    let app = pod["metadata"]["labels"]["app"].as_str().unwrap_or_default().to_owned();
    // Pods of one application are of one ReplicaSet.
    let revision = app
        .bytes()
        .fold(7, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    let owner = format!("{app}-{:08x}", revision & 0xffff_ffff);
    let metadata = &mut pod["metadata"];
    metadata["uid"] = json!(uid(g, 1));
    metadata["generateName"] = json!(format!("{owner}-"));
    metadata["resourceVersion"] = json!((70_000_000 + g * 13).to_string());
    metadata["creationTimestamp"] = json!(STARTED);
    metadata["annotations"] = json!({ "checksum/config": format!("{hash}{hash}{hash}") });
    metadata["ownerReferences"] = json!([{
        "apiVersion": "apps/v1", "blockOwnerDeletion": true, "controller": true,
        "kind": "ReplicaSet", "name": owner, "uid": uid(g / 30, 2),
    }]);
    complete_container(&mut pod["spec"]["containers"][0]);
    complete_spec(&mut pod["spec"], &app);
    pod["status"] = status(g);
    pod
}

fn complete_container(container: &mut Value) {
    container["env"] = json!([{ "name": "LOG_LEVEL", "value": "info" }]);
    container["imagePullPolicy"] = json!("IfNotPresent");
    if container["ports"].is_null() {
        container["ports"] = json!([{
            "containerPort": 8080, "name": "http", "protocol": "TCP",
        }]);
    } else {
        container["ports"][0]["protocol"] = json!("TCP");
    }
    container["terminationMessagePath"] = json!("/dev/termination-log");
    container["terminationMessagePolicy"] = json!("File");
    container["volumeMounts"] = json!([{
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        "name": "kube-api-access-x7k2p", "readOnly": true,
    }]);
}

fn complete_spec(spec: &mut Value, app: &str) {
    let noise = json!({
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": true,
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "serviceAccount": app,
        "serviceAccountName": app,
        "terminationGracePeriodSeconds": 30,
        "tolerations": [
            {
                "effect": "NoExecute", "key": "node.kubernetes.io/not-ready",
                "operator": "Exists", "tolerationSeconds": 300,
            },
            {
                "effect": "NoExecute", "key": "node.kubernetes.io/unreachable",
                "operator": "Exists", "tolerationSeconds": 300,
            },
        ],
        "volumes": [
            { "name": "kube-api-access-x7k2p", "projected": { "defaultMode": 420, "sources": [
                { "serviceAccountToken": { "expirationSeconds": 3607, "path": "token" } },
            ]}},
        ],
    });
    if let (Value::Object(known), Value::Object(noise)) = (spec, noise) {
        known.extend(noise);
    }
}

fn status(g: usize) -> Value {
    let condition = |word: &str| {
        json!({
            "lastTransitionTime": STARTED, "status": "True", "type": word,
        })
    };
    let host = format!("192.168.{}.{}", (g / 250) % 250, g % 250);
    json!({
        "conditions": [
            condition("Initialized"), condition("Ready"), condition("ContainersReady"),
            condition("PodScheduled"),
        ],
        "containerStatuses": [{
            "containerID": format!("containerd://{}", container_id(g)),
            "image": "registry.example.com/img:1",
            "imageID": format!("registry.example.com/img@sha256:{}", container_id(1)),
            "lastState": {},
            "name": "c",
            "ready": true,
            "restartCount": g % 4,
            "started": true,
            "state": { "running": { "startedAt": STARTED } },
        }],
        "hostIP": host,
        "phase": "Running",
        "podIP": ip(g),
        "qosClass": "Burstable",
        "startTime": STARTED,
    })
}

fn ip(g: usize) -> String {
    format!("10.{}.{}.{}", (g / 62_500) % 250, (g / 250) % 250, g % 250)
}

fn uid(g: usize, space: usize) -> String {
    format!(
        "{:08x}-{space:04x}-4{:03x}-8{:03x}-{g:012x}",
        g.wrapping_mul(40_503),
        g % 4096,
        g % 997
    )
}

fn container_id(g: usize) -> String {
    let part = |salt: usize| g.wrapping_add(salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:016x}{:016x}{:016x}{:016x}", part(1), part(2), part(3), part(4))
}
