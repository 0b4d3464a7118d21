//! AdmissionReviews of pods as the API server sends them for a Deployment: with its defaults, with
//! what the ServiceAccount controller adds, and with managed fields.

use axum::body::Bytes;
use placecard_policies::language::keys;
use serde_json::{Map, Value, json};

use super::Result;

/// Different pods of a case; each comes again after so many requests.
const PODS: usize = 500;

/// What the annotations name, for a webhook without a cluster.
pub(crate) const OBJECTS: &str = "\
apiVersion: v1
kind: Service
metadata: {name: vector-db, namespace: search}
spec: {selector: {app: vector-db}, ports: [{port: 6334}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: ranker-6f7d9c5b8, namespace: search, uid: 5b8e2a40-3a51-4c4e-9a53-7f6d0a4f7c11}
spec:
  replicas: 3
  selector: {matchLabels: {app: ranker, pod-template-hash: 6f7d9c5b8}}
  template:
    metadata: {labels: {app: ranker, pod-template-hash: 6f7d9c5b8}}
    spec: {containers: [{name: ranker, image: \"registry.example.com/search/ranker:2.4.0\"}]}
";

/// Which pods carry annotations of ours.
#[derive(Clone, Copy)]
pub(crate) enum Annotated {
    None,
    All,
    /// One in ten.
    Tenth,
}

/// The bodies of a case.
pub(crate) fn reviews(annotated: Annotated) -> Result<Vec<Bytes>> {
    let of = |number: usize| {
        let annotated = match annotated {
            Annotated::None => false,
            Annotated::All => true,
            Annotated::Tenth => number.is_multiple_of(10),
        };
        Ok(Bytes::from(serde_json::to_vec(&review(number, annotated))?))
    };
    (0..PODS).map(of).collect()
}

/// Does the pod of this body carry one?
pub(crate) fn is_annotated(body: &[u8]) -> bool {
    let key = keys::REQUIRE.as_bytes();
    body.windows(key.len()).any(|part| part == key)
}

fn review(number: usize, annotated: bool) -> Value {
    let kind = json!({"group": "", "version": "v1", "kind": "Pod"});
    let resource = json!({"group": "", "version": "v1", "resource": "pods"});
    json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": format!("0b6f6c3e-0001-4d4e-8a0e-{number:012x}"),
            "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource,
            "name": format!("ranker-6f7d9c5b8-{number:05x}"),
            "namespace": "search",
            "operation": "CREATE",
            "userInfo": {
                "username": "system:serviceaccount:kube-system:replicaset-controller",
                "uid": "7f2a9a44-1c0e-4d57-9d1b-2f8f3d1c7b60",
                "groups": ["system:serviceaccounts", "system:serviceaccounts:kube-system",
                    "system:authenticated"],
                "extra": {"authentication.kubernetes.io/credential-id":
                    ["JTI=3f0e9a52-5a6f-4a38-a1cb-6a1c9d5a0b7e"]}},
            "object": pod(number, annotated),
            "oldObject": null,
            "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    })
}

fn pod(number: usize, annotated: bool) -> Value {
    let mut annotations = json!({"prometheus.io/scrape": "true", "prometheus.io/port": "9090",
        "checksum/config": format!("0123456789abcdef0123456789abcdef{number:08x}")});
    if let (Some(map), true) = (annotations.as_object_mut(), annotated) {
        let rules = "near service/vector-db\napart-from self in zone\n";
        map.insert(keys::REQUIRE.to_owned(), rules.into());
    }
    json!({
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": format!("ranker-6f7d9c5b8-{number:05x}"),
            "generateName": "ranker-6f7d9c5b8-",
            "namespace": "search",
            "uid": format!("5d9f1c0a-71cf-4a6b-8a67-{number:012x}"),
            "creationTimestamp": "2026-11-01T08:00:00Z",
            "labels": {"app": "ranker", "app.kubernetes.io/part-of": "search",
                "pod-template-hash": "6f7d9c5b8", "version": "2.4.0"},
            "annotations": annotations,
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet",
                "name": "ranker-6f7d9c5b8", "uid": "5b8e2a40-3a51-4c4e-9a53-7f6d0a4f7c11",
                "controller": true, "blockOwnerDeletion": true}],
            "managedFields": managed_fields(),
        },
        "spec": {
            "volumes": volumes(),
            "containers": [container("ranker"), container("proxy")],
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "serviceAccountName": "ranker",
            "serviceAccount": "ranker",
            "securityContext": {"runAsNonRoot": true, "fsGroup": 2000},
            "schedulerName": "default-scheduler",
            "tolerations": [
                {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute",
                    "tolerationSeconds": 300},
                {"key": "node.kubernetes.io/unreachable", "operator": "Exists",
                    "effect": "NoExecute", "tolerationSeconds": 300}],
            "priority": 0,
            "enableServiceLinks": true,
            "preemptionPolicy": "PreemptLowerPriority",
        },
        "status": {"phase": "Pending", "qosClass": "Burstable"},
    })
}

fn container(name: &str) -> Value {
    let variable = |number: usize| json!({"name": format!("OPTION_{number}"), "value": format!("value-of-option-{number}")});
    let probe = json!({"httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"},
        "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3});
    json!({
        "name": name,
        "image": format!("registry.example.com/search/{name}:2.4.0"),
        "args": ["--port=8080", "--log-format=json", "--config=/etc/ranker/config.yaml"],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": (0..8).map(variable).collect::<Vec<_>>(),
        "resources": {"limits": {"memory": "512Mi"}, "requests": {"cpu": "250m", "memory": "256Mi"}},
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/ranker"},
            {"name": "kube-api-access-7xk2p", "readOnly": true,
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}],
        "livenessProbe": probe,
        "readinessProbe": probe,
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true},
    })
}

fn volumes() -> Value {
    let token = json!({"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}});
    let authority = json!({"configMap": {"name": "kube-root-ca.crt",
        "items": [{"key": "ca.crt", "path": "ca.crt"}]}});
    let namespace = json!({"downwardAPI": {"items": [{"path": "namespace",
        "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}});
    json!([
        {"name": "config", "configMap": {"name": "ranker", "defaultMode": 420}},
        {"name": "kube-api-access-7xk2p", "projected": {
            "sources": [token, authority, namespace], "defaultMode": 420}},
    ])
}

/// As the API server tracks what a controller set: an empty object for each field.
fn managed_fields() -> Value {
    let env = |number: usize| {
        let key = format!("k:{{\"name\":\"OPTION_{number}\"}}");
        (key, json!({".": {}, "f:name": {}, "f:value": {}}))
    };
    let env: Map<String, Value> = (0..8).map(env).collect();
    let container = |name: &str| {
        let fields = json!({".": {}, "f:args": {}, "f:env": env,
            "f:image": {}, "f:imagePullPolicy": {}, "f:livenessProbe": {".": {},
                "f:failureThreshold": {}, "f:httpGet": {".": {}, "f:path": {}, "f:port": {}}},
            "f:name": {}, "f:ports": {".": {}, "k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":
                {".": {}, "f:containerPort": {}, "f:name": {}, "f:protocol": {}}},
            "f:resources": {".": {}, "f:limits": {".": {}, "f:memory": {}},
                "f:requests": {".": {}, "f:cpu": {}, "f:memory": {}}},
            "f:terminationMessagePath": {}, "f:terminationMessagePolicy": {}});
        (format!("k:{{\"name\":\"{name}\"}}"), fields)
    };
    let containers: Map<String, Value> = ["ranker", "proxy"].map(container).into_iter().collect();
    json!([{
        "manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1",
        "time": "2026-11-01T08:00:00Z", "fieldsType": "FieldsV1",
        "fieldsV1": {
            "f:metadata": {"f:annotations": {".": {}, "f:checksum/config": {},
                "f:prometheus.io/port": {}, "f:prometheus.io/scrape": {}}, "f:generateName": {},
                "f:labels": {".": {}, "f:app": {}, "f:pod-template-hash": {}, "f:version": {}},
                "f:ownerReferences": {".": {},
                    "k:{\"uid\":\"5b8e2a40-3a51-4c4e-9a53-7f6d0a4f7c11\"}": {}}},
            "f:spec": {"f:containers": containers,
                "f:dnsPolicy": {}, "f:enableServiceLinks": {}, "f:restartPolicy": {},
                "f:schedulerName": {}, "f:securityContext": {".": {}, "f:fsGroup": {},
                    "f:runAsNonRoot": {}}, "f:serviceAccount": {}, "f:serviceAccountName": {},
                "f:terminationGracePeriodSeconds": {}, "f:volumes": {".": {},
                    "k:{\"name\":\"config\"}": {".": {}, "f:configMap": {".": {},
                        "f:defaultMode": {}, "f:name": {}}, "f:name": {}}}}},
    }])
}
