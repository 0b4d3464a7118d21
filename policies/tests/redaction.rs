//! What a dump leaves out of objects changes nothing that is read of them: the inventory, and with it
//! every verdict, is the same.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_policies::snapshot::dump;
use placecard_policies::snapshot::redact::{Include, redact};
use placecard_policies::snapshot::seen::{Intake, Seen};
use placecard_policies::snapshot::stream::Reader;
use serde_json::{Value, json};

const IMAGES: Include =
    Include { environment: false, images: true, annotations: false, commands: false };

fn recorded(name: &str) -> impl Iterator<Item = Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/oracle");
    let file = File::open(folder.join(name)).expect("the recorded cases are in the repository");
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    lines.map(|line| serde_json::from_str(&line.expect("packed text")).expect("JSON"))
}

/// The lists of a dump that holds these objects.
fn lists(cluster: &Value) -> Vec<(Kind, &[Value])> {
    let short = |kind| match kind {
        Kind::PersistentVolume => "pvs",
        Kind::PersistentVolumeClaim => "pvcs",
        Kind::PodDisruptionBudget => "pdbs",
        other => other.resource(),
    };
    let all = dump::kinds().into_iter();
    let items = all.map(|(kind, _)| (kind, cluster[short(kind)].as_array()));
    items.map(|(kind, items)| (kind, items.map(Vec::as_slice).unwrap_or_default())).collect()
}

/// The text of a dump with these objects, each written by `write`.
fn text(cluster: &Value, write: impl Fn(Kind, &Value) -> String) -> String {
    let mut text = dump::begin(Some("v1.34.1"));
    for (kind, items) in lists(cluster) {
        let (_, row) = dump::kinds().into_iter().find(|(one, _)| *one == kind).expect("a row");
        text += &dump::begin_list(&row, false);
        for (number, item) in items.iter().enumerate() {
            text += dump::before_object(number == 0);
            text += &write(kind, item);
        }
        text += &dump::end_list("7", None);
    }
    text + dump::END
}

fn read(text: &str) -> (Inventory, Seen) {
    let mut inventory = Inventory::default();
    let mut intake = Intake::new(&mut inventory);
    let mut reader = Reader::new();
    reader.push(text.as_bytes(), &mut intake);
    reader.finish(&mut intake);
    let (seen, _) = intake.finish();
    (inventory, seen)
}

fn redacted(include: Include) -> impl Fn(Kind, &Value) -> String {
    move |kind, object| {
        let mut kept = Vec::new();
        redact(kind, object.to_string().as_bytes(), include, &mut kept).expect("an object");
        String::from_utf8(kept).expect("UTF-8")
    }
}

/// The same object without images, by another way.
fn without_images(kind: Kind, object: &Value) -> String {
    let mut object = object.clone();
    let remove = |list: Option<&mut Value>, name: &str| {
        for one in list.and_then(Value::as_array_mut).into_iter().flatten() {
            one.as_object_mut().map(|one| one.remove(name));
        }
    };
    match kind {
        Kind::Node => {
            object
                .pointer_mut("/status")
                .and_then(Value::as_object_mut)
                .map(|it| it.remove("images"));
        }
        Kind::Pod => {
            for list in ["/spec/containers", "/spec/initContainers", "/spec/volumes"] {
                remove(object.pointer_mut(list), "image");
            }
        }
        _ => {}
    }
    object.to_string()
}

fn assert_equal(cluster: &Value) -> usize {
    let whole = text(cluster, |_, object| object.to_string());
    let slim = text(cluster, redacted(IMAGES));
    assert_eq!(read(&slim), read(&whole), "{cluster:#}");
    let slimmer = text(cluster, redacted(Include::default()));
    let (inventory, seen) = read(&slimmer);
    assert!(inventory.image_sizes.is_empty(), "{cluster:#}");
    assert_eq!((inventory, seen), read(&text(cluster, without_images)), "{cluster:#}");
    whole.len() - slimmer.len()
}

#[test]
fn recorded_clusters_are_read_the_same() {
    let cases = recorded("cases-1.37.jsonl.gz")
        .step_by(3)
        .chain(recorded("configurations-1.37.jsonl.gz").take(20))
        .chain(recorded("counterexamples.jsonl.gz"))
        .chain(recorded("workload-1000-10.json.gz"))
        .chain(recorded("cases.jsonl.gz").take(300));
    let saved: usize = cases.map(|case| assert_equal(&case["cluster"])).sum();
    assert!(saved > 100_000, "{saved}");
}

fn metadata(name: &str) -> Value {
    json!({"name": name, "namespace": "shop", "uid": "0e9b1b2c-5a7e-4a53-9b6d-3c1f2f6d7a10",
            "resourceVersion": "12", "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"app": "web"},
            "annotations": {"placecard.dev/require": "near self", "note": "s3cret",
            "karpenter.sh/do-not-disrupt": "true",
                "kubectl.kubernetes.io/last-applied-configuration": "s3cret",
                "pv.kubernetes.io/bind-completed": "yes", "volume.kubernetes.io/selected-node": "a",
                "volume.beta.kubernetes.io/storage-class": "old"},
            "managedFields": [{"manager": "s3cret"}]})
}

fn container() -> Value {
    json!({"name": "c", "image": "i:1", "restartPolicy": "Always",
        "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}},
        "ports": [{"name": "s3cret", "containerPort": 80, "hostPort": 81, "hostIP": "10.0.0.1", "protocol": "UDP"}],
        "env": [{"name": "PASSWORD", "value": "s3cret"}], "envFrom": [{"secretRef": {"name": "s3cret"}}],
        "command": ["s3cret"], "args": ["s3cret"], "livenessProbe": {"exec": {"command": ["s3cret"]}}})
}

fn affinity() -> Value {
    let term = json!({"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": "zone",
        "namespaceSelector": {}, "matchLabelKeys": ["app"]});
    json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["8"]}]}]},
                    "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 3, "preference": {
                        "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]}}]},
                "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]},
                "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 5, "podAffinityTerm": term}]}})
}

fn volumes() -> Value {
    json!([{"name": "a", "persistentVolumeClaim": {"claimName": "data", "readOnly": true}},
                {"name": "b", "ephemeral": {"volumeClaimTemplate": {"metadata": {"name": "s3cret"}}}},
                {"name": "c", "gcePersistentDisk": {"pdName": "d1", "readOnly": true, "fsType": "s3cret"}},
                {"name": "d", "awsElasticBlockStore": {"volumeID": "v1"}}, {"name": "e", "cinder": {"volumeID": "v2",
                    "secretRef": {"name": "s3cret"}}},
                {"name": "f", "azureDisk": {"diskURI": "u", "diskName": "s3cret"}},
                {"name": "g", "iscsi": {"iqn": "q", "readOnly": true, "secretRef": {"name": "s3cret"}}},
                {"name": "h", "rbd": {"monitors": ["m"], "pool": "p", "image": "block", "readOnly": true,
                    "user": "s3cret", "keyring": "s3cret"}},
                {"name": "i", "image": {"reference": "i:2"}}, {"name": "j", "secret": {"secretName": "s3cret"}},
                {"name": "k", "configMap": {"name": "s3cret"}}, {"name": "l", "csi": {"driver": "s3cret"}}])
}

fn pod() -> Value {
    let report = json!({"name": "c", "image": "s3cret", "allocatedResources": {"cpu": "3"},
        "resources": {"requests": {"cpu": "4"}, "limits": {"cpu": "5"}}, "state": {"waiting": {"message": "s3cret"}}});
    let spec = json!({"nodeName": "a", "priority": 7, "schedulerName": "s",
            "schedulingGates": [{"name": "g"}], "priorityClassName": "high", "preemptionPolicy": "Never",
            "activeDeadlineSeconds": 60, "hostNetwork": true, "nodeSelector": {"disk": "ssd"},
            "serviceAccountName": "s3cret", "imagePullSecrets": [{"name": "s3cret"}], "hostname": "s3cret",
            "affinity": affinity(),
            "tolerations": [{"key": "k", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}],
            "topologySpreadConstraints": [{"maxSkew": 2, "topologyKey": "zone", "minDomains": 3,
                "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "web"}},
                "nodeTaintsPolicy": "Honor", "nodeAffinityPolicy": "Ignore", "matchLabelKeys": ["x"]}],
            "containers": [container()], "initContainers": [container()], "ephemeralContainers": [container()],
            "resources": {"requests": {"cpu": "9"}, "limits": {"cpu": "10"}}, "overhead": {"memory": "1Mi"},
            "resourceClaims": [{"name": "r", "resourceClaimName": "s3cret"}],
            "volumes": volumes()});
    let status = json!({"phase": "Running", "nominatedNodeName": "b", "startTime": "2026-01-01T00:00:00Z",
                "podIP": "s3cret", "message": "s3cret", "containerStatuses": [report], "initContainerStatuses": [report],
                "allocatedResources": {"cpu": "3"}, "resources": {"requests": {"cpu": "4"}, "limits": {"cpu": "5"}},
                "conditions": [{"type": "PodResizePending", "status": "True", "reason": "Infeasible", "message": "s3cret"},
                    {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}]});
    let mut metadata = metadata("pod");
    metadata["deletionTimestamp"] = json!("2026-01-01T00:00:09Z");
    metadata["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "name": "web", "uid": "u", "controller": true}]);
    json!({"metadata": metadata, "spec": spec, "status": status})
}

fn nodes() -> Value {
    let amounts = json!({"cpu": "2", "memory": "1Gi", "example.com/gpu": "1"});
    json!([{"metadata": metadata("a"), "spec": {"unschedulable": true, "providerID": "s3cret",
            "taints": [{"key": "k", "value": "v", "effect": "NoExecute", "timeAdded": "s3cret"}]},
            "status": {"capacity": amounts, "allocatable": amounts, "addresses": [{"address": "s3cret"}],
                "images": [{"names": ["i:1"], "sizeBytes": 7}],
                "conditions": [{"type": "Ready", "status": "Unknown", "message": "s3cret",
                    "lastHeartbeatTime": "2026-02-01T00:00:00Z"}],
                "nodeInfo": {"kubeletVersion": "v1.33.2", "machineID": "s3cret"}}}])
}

/// Objects with every field that is read, and many others that are secret here.
fn full() -> Value {
    let mut cluster = json!({"nodes": nodes(), "pods": [pod()]});
    let rest = [storage(), workloads(), governance()];
    for (resource, objects) in rest.iter().flat_map(|it| it.as_object().into_iter().flatten()) {
        cluster[resource] = objects.clone();
    }
    cluster
}

fn storage() -> Value {
    json!({
        "namespaces": [{"metadata": metadata("shop"), "spec": {"finalizers": ["s3cret"]}, "status": {"phase": "s3cret"}}],
        "pvs": [{"metadata": metadata("pv"), "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOncePod"],
            "claimRef": {"namespace": "shop", "name": "data", "uid": "u", "kind": "s3cret"}, "storageClassName": "fast",
            "volumeMode": "Block", "volumeAttributesClassName": "gold", "mountOptions": ["s3cret"],
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "zone", "operator": "In", "values": ["a"]}]}]}},
            "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "h", "volumeAttributes": {"password": "s3cret"},
                "nodePublishSecretRef": {"name": "s3cret"}}}, "status": {"phase": "Bound", "message": "s3cret"}},
            {"metadata": metadata("old"), "spec": {"awsElasticBlockStore": {"volumeID": "v"}}},
            {"metadata": metadata("older"), "spec": {"gcePersistentDisk": {"pdName": "d"}}},
            {"metadata": metadata("oldest"), "spec": {"azureDisk": {"diskURI": "u"}, "cinder": {"volumeID": "w"}}}],
        "pvcs": [{"metadata": metadata("data"), "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast",
            "resources": {"requests": {"storage": "1Gi"}, "limits": {"storage": "2Gi"}}, "volumeName": "pv",
            "volumeMode": "Block", "volumeAttributesClassName": "gold", "selector": {"matchLabels": {"a": "b"}},
            "dataSource": {"name": "s3cret"}}, "status": {"phase": "Bound", "capacity": {"storage": "s3cret"}}}],
        "storageclasses": [{"metadata": metadata("fast"), "provisioner": "ebs.csi.aws.com",
            "volumeBindingMode": "WaitForFirstConsumer", "parameters": {"secret": "s3cret"}, "mountOptions": ["s3cret"],
            "allowedTopologies": [{"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]}]}],
        "csinodes": [{"metadata": metadata("a"), "spec": {"drivers": [{"name": "ebs.csi.aws.com",
            "nodeID": "s3cret", "allocatable": {"count": 3}}]}}],
    })
}

fn workloads() -> Value {
    let container = container();
    json!({
        "services": [{"metadata": metadata("web"), "spec": {"selector": {"app": "web"}, "clusterIP": "s3cret"},
            "status": {"loadBalancer": {"ingress": [{"ip": "s3cret"}]}}}],
        "replicationcontrollers": [{"metadata": metadata("web"), "spec": {"selector": {"app": "web"}}},
            {"metadata": metadata("old"), "spec": {"template": {"metadata": {"labels": {"app": "old"}},
                "spec": {"containers": [container]}}}}],
        "replicasets": [{"metadata": metadata("web"), "spec": {"selector": {"matchLabels": {"app": "web"}},
            "template": {"spec": {"containers": [container]}}}}],
        "statefulsets": [{"metadata": metadata("db"), "spec": {"selector": {"matchLabels": {"app": "db"}},
            "serviceName": "s3cret"}}],
    })
}

fn governance() -> Value {
    json!({
        "resourcequotas": [{"metadata": metadata("q"), "spec": {"hard": {"pods": "5"}, "scopes": ["NotBestEffort"],
            "scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]}},
            "status": {"hard": {"pods": "6"}, "used": {"pods": "2"}}}],
        "limitranges": [{"metadata": metadata("l"), "spec": {"limits": [{"type": "Container", "max": {"cpu": "4"},
            "min": {"cpu": "1"}, "default": {"cpu": "2"}, "defaultRequest": {"cpu": "1"},
            "maxLimitRequestRatio": {"cpu": "2"}}]}}],
        "priorityclasses": [{"metadata": metadata("high"), "value": 1000, "globalDefault": true,
            "preemptionPolicy": "Never", "description": "s3cret"}],
        "pdbs": [{"metadata": metadata("web"), "spec": {"selector": {"matchLabels": {"app": "web"}},
            "minAvailable": "50%", "maxUnavailable": 1, "unhealthyPodEvictionPolicy": "s3cret"},
            "status": {"disruptionsAllowed": 1, "disruptedPods": {"web-1": "2026-01-01T00:00:00Z"},
                "conditions": [{"message": "s3cret"}]}}],
        "leases": [{"metadata": metadata("lease"), "spec": {"holderIdentity": "pod", "leaseTransitions": 3}}],
    })
}

#[test]
fn objects_with_every_field_are_read_the_same_and_keep_no_secret() {
    let cluster = full();
    assert_equal(&cluster);
    for (kind, items) in lists(&cluster) {
        assert!(!items.is_empty(), "{kind:?}");
    }
    let kept = text(&cluster, redacted(IMAGES));
    assert!(!kept.contains("s3cret"), "{kept}");
    assert!(kept.contains(r#""placecard.dev/require":"near self""#));
    let (inventory, seen) = read(&kept);
    assert_eq!(seen.kubelet, Some(33));
    assert_eq!(inventory.pods.len(), 1);
    assert_eq!(inventory.image_sizes.len(), 1);
    assert_eq!(inventory.leases.len(), 1);
    assert!(seen.left_out.is_empty(), "{:?}", seen.left_out);
}
