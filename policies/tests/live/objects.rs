//! Objects of a small cluster, in several forms each.

use placecard_feasibility::inventory::pod::Pod;
use placecard_findings::ObjectRef;
use placecard_language::affinity::ObjectId;
use placecard_language::directory::ObjectKind;
use placecard_language::intent::TargetKind;
use placecard_language::keys;
use placecard_policies::coordination::membership::id;
use placecard_policies::live::Watched;
use placecard_policies::snapshot::{WrittenPod, parse};
use placecard_policies::surroundings::Reference;
use serde_json::{Value, json};

const NAMESPACES: [&str; 3] = ["ns-0", "ns-1", "ns-2"];
const ZONES: [&str; 3] = ["a", "b", "c"];

/// The namespace of the object with this number.
pub fn namespace(kind: Watched, at: usize) -> &'static str {
    if kind.row().namespaced { NAMESPACES[at % 3] } else { "" }
}

/// The name of the object with this number.
pub fn name(kind: Watched, at: usize) -> String {
    match kind {
        Watched::Namespace => format!("ns-{at}"),
        Watched::CsiNode => format!("node-{at}"),
        _ => format!("{}-{at}", kind.row().kind.to_lowercase()),
    }
}

fn uid(kind: Watched, at: usize, form: usize) -> String {
    // Sometimes an object comes again under another UID.
    format!("00000000-0000-4000-8000-{:04}{at:04}{:04}", kind as u32, form / 6)
}

/// Items of lists do not say their kind.
pub fn object(kind: Watched, at: usize, form: usize) -> Vec<u8> {
    let mut value = fields(kind, at, form);
    let metadata = &mut value["metadata"];
    metadata["name"] = json!(name(kind, at));
    metadata["uid"] = json!(uid(kind, at, form));
    metadata["resourceVersion"] = json!(format!("{}", 1 + at * 10 + form));
    if kind.row().namespaced {
        metadata["namespace"] = json!(namespace(kind, at));
    }
    value.to_string().into_bytes()
}

/// An object with a field of the wrong type; its name can be read.
pub fn broken(kind: Watched, at: usize) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(&object(kind, at, 0)).expect("JSON");
    match kind {
        // Of these nobody reads the labels.
        Watched::ResourceQuota
        | Watched::LimitRange
        | Watched::PriorityClass
        | Watched::PodDisruptionBudget
        | Watched::HorizontalPodAutoscaler
        | Watched::Service
        | Watched::Deployment
        | Watched::DaemonSet
        | Watched::Job
        | Watched::CronJob
        | Watched::RoleCoordination => value["spec"] = json!("none"),
        _ => value["metadata"]["labels"] = json!(["none"]),
    }
    if kind == Watched::PriorityClass {
        value["value"] = json!("many");
    }
    value.to_string().into_bytes()
}

fn fields(kind: Watched, at: usize, form: usize) -> Value {
    let zone = ZONES[form % 3];
    let selector = json!({"matchLabels": {"app": format!("app-{}", form % 3)}});
    let template = json!({"metadata": {"labels": {"app": "x"}, "annotations": annotations(form)}});
    match kind {
        Watched::Node => json!({
            "metadata": {"labels": {"zone": zone, "kubernetes.io/hostname": name(kind, at)}},
            "spec": {"unschedulable": form == 7, "taints": match form % 4 {
                3 => json!([{"key": "only", "value": "x", "effect": "NoSchedule"}]),
                _ => json!(null),
            }},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "3"},
                "images": [{"names": ["i"], "sizeBytes": 7}],
                "conditions": [{"type": "Ready", "status": if form == 5 { "False" } else { "True" }}]},
        }),
        Watched::Pod => pod(at, form),
        Watched::Namespace => json!({"metadata": {"labels": {"team": zone}}}),
        Watched::Service => json!({"metadata": {}, "spec": {"selector": match form {
            0 => json!(null),
            _ => json!({"app": format!("app-{}", form % 3)}),
        }}}),
        Watched::PersistentVolume => json!({"metadata": {"labels": {"zone": zone}}, "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
            "storageClassName": "storageclass-0",
            "claimRef": {"namespace": NAMESPACES[at % 3], "name": format!("persistentvolumeclaim-{at}")},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions":
                [{"key": "zone", "operator": "In", "values": [zone]}]}]}}},
            "status": {"phase": "Bound"}}),
        Watched::PersistentVolumeClaim => json!({"metadata": {"annotations":
                {"pv.kubernetes.io/bind-completed": "yes"}}, "spec": {
            "accessModes": [if form.is_multiple_of(2) { "ReadWriteOnce" } else { "ReadWriteOncePod" }],
            "storageClassName": "storageclass-0", "resources": {"requests": {"storage": "1Gi"}},
            "volumeName": if form % 4 == 3 { String::new() } else { format!("persistentvolume-{at}") }},
            "status": {"phase": "Bound"}}),
        Watched::StorageClass => json!({"metadata": {}, "provisioner": "disk.example.com",
            "volumeBindingMode": if form.is_multiple_of(2) { "Immediate" } else { "WaitForFirstConsumer" }}),
        Watched::CsiNode => json!({"metadata": {}, "spec": {"drivers":
            [{"name": "disk.example.com", "allocatable": {"count": form}}]}}),
        Watched::ResourceQuota => {
            json!({"metadata": {}, "spec": {"hard": {"pods": form.to_string()}},
            "status": {"hard": {"pods": form.to_string()}, "used": {"pods": "0"}}})
        }
        Watched::LimitRange => json!({"metadata": {}, "spec": {"limits":
            [{"type": "Container", "defaultRequest": {"cpu": format!("{form}")}}]}}),
        Watched::PriorityClass => json!({"metadata": {}, "value": form}),
        Watched::PodDisruptionBudget => json!({"metadata": {},
            "spec": {"minAvailable": form, "selector": selector}}),
        Watched::HorizontalPodAutoscaler => json!({"metadata": {}, "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment",
                "name": format!("deployment-{}", form % 6)},
            "minReplicas": 1 + form % 2, "maxReplicas": 5 + at}}),
        Watched::Lease => json!({"metadata": {}, "spec": {"holderIdentity": match form {
            0 => json!(null),
            _ => json!(format!("pod-{}", form % 6)),
        }}}),
        Watched::ReplicationController => json!({"metadata": {}, "spec": {
            "replicas": 1, "selector": {"app": zone}, "template": template}}),
        Watched::ReplicaSet => json!({"metadata": {"ownerReferences": match form % 2 {
                0 => json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "u",
                    "controller": true}]),
                _ => json!(null),
            }}, "spec": {"replicas": 1, "selector": selector, "template": template}}),
        Watched::RoleCoordination => coordination(at, form),
        Watched::CronJob => json!({"metadata": {"annotations": annotations(form / 2)},
            "spec": {"jobTemplate": {"spec": {"template": template}}}}),
        Watched::StatefulSet | Watched::Deployment | Watched::DaemonSet | Watched::Job => json!({
            "metadata": {"annotations": annotations(form / 2)},
            "spec": {"selector": selector, "template": template, "replicas": form,
                "ordinals": {"start": form % 2}}}),
    }
}

/// Of a ReplicaSet; some that cannot be used.
fn coordination(at: usize, form: usize) -> Value {
    let workload = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "replicaset-0"});
    let ratio = if form == 5 { 0 } else { 1 + form };
    json!({"metadata": {"generation": form}, "spec": {
            "roles": [{"name": "web", "workloadRef": workload}],
            "coordination": [{"name": format!("c-{}", at / 3), "type": "AffinityScheduling",
                "roles": ["web"], "strategy": {"affinityScheduling": {"ratios": {"web": ratio},
                    "batchMode": "Parallel", "placement": "gated"}}}]},
        "status": {"phase": "Pending"}})
}

fn annotations(form: usize) -> Value {
    match form % 3 {
        0 => json!({"other.example.com/a": "b"}),
        1 => json!({"placecard.dev/require": "on zone/a", "placecard.dev/applied": "{}"}),
        _ => json!(null),
    }
}

fn pod(at: usize, form: usize) -> Value {
    let app = format!("app-{}", at % 3);
    let anti = json!([{"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": app}},
        "namespaceSelector": {"matchLabels": {"team": "a"}}}]);
    let owned = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "replicaset-0",
        "uid": "u", "controller": true}]);
    let mut metadata = json!({"labels": {"app": app}, "annotations": annotations(form)});
    if form.is_multiple_of(2) {
        metadata["ownerReferences"] = owned;
    }
    if form == 1 || form == 6 {
        let namespace = namespace(Watched::Pod, at);
        let name = name(Watched::RoleCoordination, at % 3);
        metadata["labels"][keys::COORDINATION] = json!(id(namespace, &name, "c-0"));
        metadata["labels"][keys::BATCH] = json!("1");
    }
    if form == 4 {
        metadata["deletionTimestamp"] = json!("2026-11-20T09:00:00Z");
        metadata["labels"]["statefulset.kubernetes.io/pod-name"] = json!(name(Watched::Pod, at));
    }
    let claim = json!([{"name": "data", "persistentVolumeClaim":
        {"claimName": format!("persistentvolumeclaim-{at}")}}]);
    let node = if form == 6 { json!(null) } else { json!(format!("node-{}", form % 4)) };
    json!({"metadata": metadata,
        "spec": {"nodeName": node, "containers": [{"name": "c", "image": "i",
                "resources": {"requests": {"cpu": "1", "memory": "1Gi"}},
                "ports": [{"hostPort": if form == 2 { 80 } else { 0 }, "containerPort": 80}]}],
            "volumes": if form == 3 { claim } else { json!(null) },
            "schedulingGates": if form == 6 { json!([{"name": keys::BATCH_GATE}]) } else { json!(null) },
            "priority": form,
            "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
                if form == 5 { anti } else { json!(null) }}}},
        "status": {"phase": "Running",
            "nominatedNodeName": if form == 6 { json!("node-1") } else { json!(null) }}})
}

/// A pod that is to be placed.
pub fn pod_to_place(seed: u32) -> Pod {
    let pick = |bits: u32, most: u32| (seed >> bits) % most;
    let app = format!("app-{}", pick(0, 3));
    let term = |key: &str, namespaces: Value| {
        json!([{"topologyKey": key, "labelSelector": {"matchLabels":
            {"app": format!("app-{}", pick(2, 3))}}, "namespaceSelector": namespaces}])
    };
    let namespaces = match pick(4, 4) {
        0 => json!(null),
        1 => json!({}),
        2 => json!({"matchLabels": {"team": "a"}}),
        _ => json!({"matchLabels": {"kubernetes.io/metadata.name": "ns-1"}}),
    };
    let mut spec = json!({"priority": pick(6, 8),
        "containers": [{"name": "c", "image": "i",
            "resources": {"requests": {"cpu": pick(9, 4).to_string()}},
            "ports": [{"hostPort": if pick(11, 4) == 0 { 80 } else { 0 }, "containerPort": 80}]}]});
    if pick(13, 4) == 0 {
        spec["nodeSelector"] = json!({"zone": "a"});
    }
    if pick(15, 2) == 0 {
        spec["tolerations"] = json!([{"key": "only", "operator": "Exists"}]);
    }
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    match pick(16, 5) {
        0 => spec["affinity"]["podAffinity"][required] = term("zone", namespaces),
        1 => spec["affinity"]["podAntiAffinity"][required] = term("zone", namespaces),
        2 => {
            spec["topologySpreadConstraints"] = json!([{"maxSkew": 1, "topologyKey": "zone",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app": app}}}]);
        }
        _ => {}
    }
    if pick(19, 3) == 0 {
        let claim = format!("persistentvolumeclaim-{}", pick(21, 6));
        spec["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]);
    }
    let value = json!({"metadata": {"name": format!("new-{}", pick(24, 2)),
        "namespace": NAMESPACES[pick(25, 3) as usize], "labels": {"app": app}}, "spec": spec});
    parse::<WrittenPod>(&value.to_string()).expect("a pod").read()
}

/// Every question that the objects may answer.
pub fn references() -> Vec<Reference> {
    let mut found = Vec::new();
    let targets = [
        (TargetKind::Service, Watched::Service),
        (TargetKind::Deployment, Watched::Deployment),
        (TargetKind::StatefulSet, Watched::StatefulSet),
        (TargetKind::DaemonSet, Watched::DaemonSet),
        (TargetKind::Job, Watched::Job),
    ];
    let named = [
        (ObjectKind::Node, Watched::Node),
        (ObjectKind::Service, Watched::Service),
        (ObjectKind::Lease, Watched::Lease),
        (ObjectKind::PersistentVolume, Watched::PersistentVolume),
    ];
    for at in 0..6 {
        let of = |kind: Watched| (namespace(kind, at).to_owned(), name(kind, at));
        for (kind, watched) in targets {
            let (namespace, name) = of(watched);
            found.push(Reference::Target { kind, namespace, name });
        }
        for form in [0, 6] {
            for (kind, watched) in named {
                let id: ObjectId = uid(watched, at, form).parse().expect("a UID");
                found.push(Reference::Object { kind, id });
            }
            for kind in [Watched::ReplicaSet, Watched::Job, Watched::ReplicationController] {
                let (namespace, name) = of(kind);
                let (api_version, uid) = (kind.api_version(), uid(kind, at, form));
                let kind = kind.row().kind.to_owned();
                let object = Box::new(ObjectRef { api_version, kind, namespace, name });
                found.push(Reference::Owner { object, uid });
            }
        }
        let (namespace, name) = of(Watched::PersistentVolumeClaim);
        found.push(Reference::Claim { namespace: namespace.clone(), name: name.clone() });
        found.push(Reference::AccessModes { namespace, name });
        let (namespace, name) = of(Watched::Lease);
        found.push(Reference::Lease { namespace, name });
        let (namespace, name) = of(Watched::Pod);
        found.push(Reference::Pod { namespace, name });
        let (namespace, name) = of(Watched::Deployment);
        found.push(Reference::Coordinations { namespace: namespace.clone() });
        for kind in [Watched::StatefulSet, Watched::Deployment, Watched::ReplicaSet] {
            let kind = kind.row().kind.into();
            let (namespace, name) = (namespace.as_str().into(), name.as_str().into());
            found.push(Reference::Scale { kind, namespace, name });
        }
        let (namespace, name) = (namespace.into(), name.into());
        found.push(Reference::Autoscaler { kind: "Deployment".into(), namespace, name });
        let (namespace, name) = of(Watched::RoleCoordination);
        found.push(Reference::Coordination { namespace, name });
        found.push(Reference::Namespace { name: of(Watched::Namespace).1 });
        found.push(Reference::Node { name: of(Watched::Node).1 });
        found.push(Reference::PersistentVolume { name: of(Watched::PersistentVolume).1 });
    }
    found
}
