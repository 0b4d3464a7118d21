//! The objects of the cluster, and the pods that wait in it.

use serde_json::{Value, json};

const ZONE: &str = "topology.kubernetes.io/zone";
const HOST: &str = "kubernetes.io/hostname";
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// Claims that a controller binds, and their volumes.
pub(crate) const CLAIMS_OF_VOLUMES: &[(&str, &str)] = &[
    ("in-b", "volume-in-b"),
    ("labelled", "volume-labelled"),
    ("journal", "volume-journal"),
    ("first", "volume-first"),
    ("second", "volume-second"),
];

/// A pod of one container, with more in its spec.
pub(crate) fn pod(name: &str, more: Value) -> Value {
    let mut spec = json!({"terminationGracePeriodSeconds": 0,
        "containers": [{"name": "main", "image": "main:1"}]});
    merge(&mut spec, more);
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}}, "spec": spec})
}

/// Objects are joined key by key, lists item by item.
fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(more)) => {
            for (index, value) in more.into_iter().enumerate() {
                match into.get_mut(index) {
                    Some(there) => merge(there, value),
                    None => into.push(value),
                }
            }
        }
        (into, more) => *into = more,
    }
}

fn asks(resources: Value) -> Value {
    json!({"containers": [{"resources": {"requests": resources.clone(), "limits": resources}}]})
}

fn port(number: u16) -> Value {
    json!({"containers": [{"ports": [{"containerPort": number, "hostPort": number}]}]})
}

fn mounts(claim: &str) -> Value {
    json!({"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]})
}

fn on_labels(expressions: Value) -> Value {
    json!({"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [
        {"matchExpressions": expressions}]}}}})
}

fn term(app: &str, key: &str) -> Value {
    json!({"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}})
}

fn near(app: &str, key: &str) -> Value {
    json!({"affinity": {"podAffinity": {REQUIRED: [term(app, key)]}}})
}

fn apart(app: &str, key: &str) -> Value {
    json!({"affinity": {"podAntiAffinity": {REQUIRED: [term(app, key)]}}})
}

fn spread(app: &str, key: &str, more: Value) -> Value {
    let mut constraint = json!({"topologyKey": key, "maxSkew": 1,
        "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": app}}});
    merge(&mut constraint, more);
    json!({"topologySpreadConstraints": [constraint]})
}

fn all(parts: &[Value]) -> Value {
    let mut all = json!({});
    parts.iter().for_each(|part| merge(&mut all, part.clone()));
    all
}

fn volume(name: &str, claim: &str, labels: Value, more: Value) -> Value {
    let mut object = json!({"apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {"name": name, "labels": labels},
        "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
            "storageClassName": "", "claimRef": {"namespace": "shop", "name": claim}}});
    merge(&mut object["spec"], more);
    object
}

fn claim(name: &str, class: &str, mode: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"accessModes": [mode], "storageClassName": class,
            "resources": {"requests": {"storage": "1Gi"}}}})
}

/// Everything but nodes and pods.
pub(crate) fn objects() -> Vec<Value> {
    let only = |key: &str, value: &str| {
        json!({"nodeAffinity": {"required": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]}]}}})
    };
    let path = json!({"hostPath": {"path": "/data"}});
    let disk = |handle: &str| {
        let csi = json!({"csi": {"driver": "disk.example.com", "volumeHandle": handle}});
        all(&[csi, only(HOST, "d1")])
    };
    let single = json!({"accessModes": ["ReadWriteOncePod"],
        "csi": {"driver": "share.example.com", "volumeHandle": "journal"}});
    let class = |name: &str, mode: &str, provisioner: &str| {
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
            "metadata": {"name": name}, "provisioner": provisioner, "volumeBindingMode": mode})
    };
    let priority = |name: &str, value: i32, policy: &str| {
        json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
            "metadata": {"name": name}, "value": value, "preemptionPolicy": policy})
    };
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}),
        priority("urgent", 1000, "PreemptLowerPriority"),
        priority("patient", 1000, "Never"),
        priority("above-0", 1, "PreemptLowerPriority"),
        class("at-once", "Immediate", "kubernetes.io/no-provisioner"),
        class("later", "WaitForFirstConsumer", "kubernetes.io/no-provisioner"),
        volume("volume-in-b", "in-b", json!({}), all(&[path.clone(), only(ZONE, "b")])),
        volume("volume-labelled", "labelled", json!({ZONE: "b"}), path),
        volume("volume-journal", "journal", json!({}), single),
        volume("volume-first", "first", json!({}), disk("1")),
        volume("volume-second", "second", json!({}), disk("2")),
        claim("in-b", "", "ReadWriteOnce"),
        claim("labelled", "", "ReadWriteOnce"),
        claim("journal", "", "ReadWriteOncePod"),
        claim("first", "", "ReadWriteOnce"),
        claim("second", "", "ReadWriteOnce"),
        claim("unbound", "at-once", "ReadWriteOnce"),
        claim("waiting", "later", "ReadWriteOnce"),
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": "d1"},
            "spec": {"drivers": [{"name": "disk.example.com", "nodeID": "d1",
                "allocatable": {"count": 1}}]}}),
    ]
}

/// The pods that run.
pub(crate) fn running() -> Vec<Value> {
    let on = |node: &str| json!({"nodeName": node});
    let mut web = [
        pod("web-0", all(&[on("a1"), asks(json!({"cpu": "3"}))])),
        pod("web-1", all(&[on("a2"), asks(json!({"cpu": "3500m"}))])),
    ];
    web.iter_mut().for_each(|pod| pod["metadata"]["labels"]["app"] = "web".into());
    let others = [
        pod("quiet", all(&[on("d1"), apart("loud", HOST), asks(json!({"example.com/gpu": "1"}))])),
        pod("small", on("c1")),
        pod("writer", all(&[on("a2"), mounts("journal")])),
        pod("first", all(&[on("d1"), mounts("first")])),
        pod("agent-1", all(&[on("a1"), port(9000)])),
        pod("agent-2", all(&[on("a2"), port(9000)])),
        pod("agent-3", all(&[on("d1"), port(9000)])),
    ];
    web.into_iter().chain(others).collect()
}

/// The pods that wait, each for reasons of its own.
pub(crate) fn pending() -> Vec<Value> {
    let ignoring = json!({"nodeAffinityPolicy": "Ignore"});
    let named = json!({"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n0"]}]}]}}}});
    let two_terms = json!({"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["tape"]}]},
        {"matchExpressions": [{"key": "cores", "operator": "Lt", "values": ["4"]}]}]}}}});
    let zone_a = json!({"nodeSelector": {ZONE: "a"}});
    let prioritised = |name: &str| json!({"priorityClassName": name});
    vec![
        pod("cpu", asks(json!({"cpu": "20"}))),
        pod("cpu-and-memory", asks(json!({"cpu": "20", "memory": "64Gi"}))),
        pod("gpu", asks(json!({"example.com/gpu": "2"}))),
        pod("no-such-resource", asks(json!({"example.com/tpu": "1"}))),
        pod("label", json!({"nodeSelector": {"disk": "nvme"}})),
        pod("name", named),
        pod("terms", two_terms),
        pod("cores", on_labels(json!([{"key": "cores", "operator": "Gt", "values": ["100"]}]))),
        pod("zone-b", on_labels(json!([{"key": ZONE, "operator": "In", "values": ["b"]}]))),
        pod("near-nobody", near("nobody", ZONE)),
        pod("near-web", all(&[near("web", ZONE), asks(json!({"cpu": "2"}))])),
        pod("apart", all(&[apart("web", ZONE), zone_a.clone()])),
        pod("loud", json!({"nodeSelector": {HOST: "d1"}})),
        pod("spread", all(&[spread("web", ZONE, ignoring), zone_a.clone()])),
        pod("spread-key", spread("web", "rack", json!({}))),
        pod("port", port(9000)),
        pod("no-claim", mounts("nowhere")),
        pod("unbound-claim", mounts("unbound")),
        pod("waiting-claim", mounts("waiting")),
        pod("volume", mounts("in-b")),
        pod("volume-label", all(&[mounts("labelled"), near("web", ZONE)])),
        pod("one-writer", mounts("journal")),
        pod("volume-count", mounts("second")),
        pod("never", all(&[prioritised("patient"), asks(json!({"cpu": "20"}))])),
        pod("urgent", all(&[prioritised("urgent"), asks(json!({"cpu": "9"}))])),
        pod("urgent-port", all(&[prioritised("urgent"), port(9000), near("web", "rack")])),
        pod("many", {
            let tolerates = json!({"tolerations": [{"key": "dedicated", "operator": "Exists"}]});
            let asked = asks(json!({"cpu": "2", "example.com/gpu": "1"}));
            all(&[tolerates, asked, port(9000), spread("many", ZONE, json!({}))])
        }),
        pod("all-of-it", {
            let asked = asks(json!({"cpu": "2", "memory": "2Gi"}));
            all(&[zone_a, asked, port(9000), mounts("in-b"), apart("web", HOST)])
        }),
    ]
}

/// Pods that find a node, each by one that others lack.
pub(crate) fn placed() -> Vec<Value> {
    let tolerates = json!({"tolerations": [{"key": "dedicated", "value": "ml"}]});
    let later = json!({"maxSkew": 2});
    let same_zone = json!([{"key": ZONE, "operator": "In", "values": ["a", "b"]},
        {"key": "disk", "operator": "NotIn", "values": ["ssd"]}]);
    vec![
        pod("plain", json!({})),
        pod("one-cpu", all(&[asks(json!({"cpu": "1"})), json!({"nodeSelector": {"disk": "ssd"}})])),
        pod("half-a-cpu", all(&[asks(json!({"cpu": "500m"})), on_labels(same_zone)])),
        pod("large", all(&[asks(json!({"cpu": "20"})), tolerates.clone()])),
        pod("in-zone-b", all(&[mounts("in-b"), tolerates])),
        pod("one-gpu", asks(json!({"example.com/gpu": "1"}))),
        pod("beside-web", near("web", ZONE)),
        pod("apart-from-web", apart("web", HOST)),
        pod("no-zone", mounts("labelled")),
        pod("same-volume", mounts("first")),
        pod("other-port", port(9001)),
        pod("some-cores", on_labels(json!([{"key": "cores", "operator": "Gt", "values": ["7"]}]))),
        pod(
            "wide-spread",
            all(&[spread("web", ZONE, later), json!({"nodeSelector": {ZONE: "a"}})]),
        ),
        pod("patient-one", all(&[json!({"priorityClassName": "patient"}), port(9002)])),
    ]
}

/// A Deployment of one such pod.
pub(crate) fn deployment(pod: &Value) -> Value {
    let spec = &pod["spec"];
    let labels = &pod["metadata"]["labels"];
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {
            "name": pod["metadata"]["name"], "namespace": "shop"},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec}}})
}
