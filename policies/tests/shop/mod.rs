//! One small cluster's words and objects, for tests: a shop.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use placecard_feasibility::inventory::volume::Volume;
use placecard_feasibility::node_terms::{NodeSet, NodeTerm};
use placecard_feasibility::requirement::Requirement;
use placecard_findings::ObjectRef;
use placecard_policies::language::checked::Words;
use placecard_policies::language::intent::TargetKind;
use placecard_policies::language::vocabulary_check;
use placecard_policies::read;
use placecard_policies::surroundings::{Answer, Reference, ServerVersion, Surroundings};
use serde_json::{Value, json};

pub(crate) const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
pub(crate) const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// The vocabulary.
pub(crate) fn words() -> Words {
    let gpu = json!({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"});
    let vocabulary = json!({
        "apiVersion": "placecard.dev/v1alpha1", "kind": "PlacementVocabulary",
        "metadata": {"name": "default"},
        "spec": {
            "levels": [
                {"name": "zone", "key": "topology.kubernetes.io/zone"},
                {"name": "rack", "key": "example.com/rack"},
                {"name": "node", "key": "kubernetes.io/hostname"}
            ],
            "pools": [
                {"name": "h100", "nodes": "accelerator=h100", "tolerations": [gpu]},
                {"name": "a100", "nodes": "accelerator=a100,!spot"},
                {"name": "big", "nodes": "cores>31",
                 "guard": {"key": "pool", "value": "big", "effect": "NoExecute"}}
            ],
            "trustDomains": [
                {"name": "payments", "nodes": "trust=payments",
                 "guard": {"key": "trust", "value": "payments", "effect": "NoSchedule"},
                 "allowedNamespaces": {"names": ["shop"]}}
            ],
            "resources": [
                {"name": "nvme", "uid": "3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2b", "nodes": "disk=nvme"}
            ],
            "workloads": [
                {"apiVersion": "ray.io/v1", "kind": "RayCluster",
                 "templates": ["/spec/headGroupSpec/template"]}
            ]
        }
    });
    let (words, problems) = vocabulary_check::check(&vocabulary);
    assert_eq!(problems, []);
    words
}

/// What is known of other objects, on a server of this minor version.
pub(crate) fn surroundings(minor: u32) -> Surroundings {
    let mut surroundings = Surroundings {
        words: words().into(),
        server: ServerVersion(minor),
        ..Surroundings::default()
    };
    let object = |kind: &str, version: &str, namespace: &str, name: &str, selector: Value| {
        json!({"apiVersion": version, "kind": kind,
               "metadata": {"name": name, "namespace": namespace}, "spec": {"selector": selector}})
    };
    for object in [
        object("Service", "v1", "shop", "db", json!({"app": "db"})),
        object("Service", "v1", "shop", "db-primary", json!({"app": "db", "role": "primary"})),
        object("Service", "v1", "shop", "cache", json!({"app": "cache"})),
        object("Service", "v1", "shop", "web", json!({"app": "web"})),
        object("Service", "v1", "bank", "ledger", json!({"app": "ledger"})),
        object("Service", "v1", "shop", "outside", json!({})),
        object("Deployment", "apps/v1", "shop", "api", json!({"matchLabels": {"app": "api"}})),
        object(
            "StatefulSet",
            "apps/v1",
            "shop",
            "queue",
            json!({"matchExpressions": [
            {"key": "app", "operator": "In", "values": ["queue", "queue-old"]}]}),
        ),
        object("DaemonSet", "apps/v1", "shop", "agent", json!({"matchLabels": {"app": "agent"}})),
        object("Job", "batch/v1", "shop", "load", Value::Null),
    ] {
        for (reference, answer) in read::answers(&object, "") {
            surroundings.objects.insert(reference, answer);
        }
    }
    let service = |name: &str| Reference::Target {
        kind: TargetKind::Service,
        namespace: "shop".into(),
        name: name.into(),
    };
    surroundings.objects.insert(service("gone"), Answer::Absent);
    surroundings.objects.insert(service("slow"), Answer::Unreachable);
    let claim = |name: &str| Reference::Claim { namespace: "shop".into(), name: name.into() };
    let in_zone = NodeTerm::of(vec![Requirement::one_of("topology.kubernetes.io/zone", &["a"])]);
    let volume = |node_affinity: NodeSet| {
        Answer::Volume(Box::new(Volume { node_affinity, ..Volume::default() }))
    };
    surroundings.objects.insert(claim("data"), volume(Some(vec![in_zone])));
    surroundings.objects.insert(claim("anywhere"), volume(None));
    surroundings.objects.insert(claim("waiting"), Answer::Unbound);
    for (kind, uid, selector) in [
        ("ReplicaSet", "rs", json!({"matchLabels": {"app": "web", "pod-template-hash": "5d4"}})),
        ("StatefulSet", "sts", json!({"matchLabels": {"app": "web"}})),
        ("ReplicaSet", "other", json!({"matchLabels": {"app": "else"}})),
    ] {
        let selector: LabelSelector = serde_json::from_value(selector).unwrap();
        surroundings.objects.insert(owner(kind, uid), Answer::Selector(Some(selector.into())));
    }
    surroundings.objects.insert(owner("ReplicaSet", "unreachable"), Answer::Unreachable);
    surroundings.objects.insert(owner("ReplicaSet", "absent"), Answer::Absent);
    surroundings
}

fn owner(kind: &str, uid: &str) -> Reference {
    let object = ObjectRef {
        api_version: "apps/v1".into(),
        kind: kind.into(),
        namespace: "shop".into(),
        name: "web".into(),
    };
    Reference::Owner { object: Box::new(object), uid: uid.into() }
}

/// An object that holds, or is, a pod with these placement fields: its labels are `app: web` and
/// `tenant: t1`, and those that its controller adds. Returns the JSON pointer of the template.
pub(crate) fn object(kind: &str, annotations: &Value, spec: &Value) -> (Value, &'static str) {
    let labels = json!({"app": "web", "tenant": "t1"});
    let template =
        json!({"metadata": {"labels": labels, "annotations": annotations}, "spec": spec});
    let selector = json!({"matchLabels": {"app": "web"}});
    let workload = |version: &str, spec: Value| {
        json!({"apiVersion": version, "kind": kind,
               "metadata": {"name": "web", "namespace": "shop"}, "spec": spec})
    };
    match kind {
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => {
            let spec = json!({"replicas": 3, "selector": selector, "template": template});
            (workload("apps/v1", spec), "/spec/template")
        }
        "ReplicationController" => {
            let spec = json!({"selector": {"app": "web"}, "template": template});
            (workload("v1", spec), "/spec/template")
        }
        "Job" => (workload("batch/v1", json!({"template": template})), "/spec/template"),
        "CronJob" => {
            let spec = json!({"jobTemplate": {"spec": {"template": template}}});
            (workload("batch/v1", spec), "/spec/jobTemplate/spec/template")
        }
        "RayCluster" => {
            let spec = json!({"headGroupSpec": {"template": template}});
            (workload("ray.io/v1", spec), "/spec/headGroupSpec/template")
        }
        "expanded Deployment" => {
            let (mut deployment, template) = object("Deployment", annotations, spec);
            deployment["metadata"]["annotations"] = json!({"placecard.dev/expand": "template"});
            (deployment, template)
        }
        pod => (self::pod(pod, annotations, spec), ""),
    }
}

fn pod(kind: &str, annotations: &Value, spec: &Value) -> Value {
    let mut labels = json!({"app": "web", "tenant": "t1"});
    let mut owners = json!([]);
    let mut own = |version: &str, kind: &str, uid: &str| {
        owners = json!([{"apiVersion": version, "kind": kind, "name": "web", "uid": uid,
                         "controller": true}]);
    };
    match kind {
        "pod" => {}
        "pod of a Deployment" => {
            labels["pod-template-hash"] = json!("5d4");
            own("apps/v1", "ReplicaSet", "rs");
        }
        "pod of a Rollout" => {
            labels["rollouts-pod-template-hash"] = json!("9f8");
            own("apps/v1", "ReplicaSet", "absent");
        }
        "pod of an unreachable ReplicaSet" => {
            labels["pod-template-hash"] = json!("5d4");
            own("apps/v1", "ReplicaSet", "unreachable");
        }
        "pod of a forged ReplicaSet" => own("apps/v1", "ReplicaSet", "other"),
        "pod of a StatefulSet" => {
            labels["controller-revision-hash"] = json!("web-1");
            labels["statefulset.kubernetes.io/pod-name"] = json!("web-0");
            own("apps/v1", "StatefulSet", "sts");
        }
        "pod of a Job" => {
            labels["batch.kubernetes.io/controller-uid"] = json!("u1");
            labels["batch.kubernetes.io/job-name"] = json!("web");
            own("batch/v1", "Job", "u1");
        }
        "pod of a RayCluster" => {
            labels["helm.sh/chart"] = json!("ray-1");
            own("ray.io/v1", "RayCluster", "ray");
        }
        "pod of a DaemonSet" => own("apps/v1", "DaemonSet", "ds"),
        "pod without labels" => labels = json!({"version": "3"}),
        other => panic!("no object {other}"),
    }
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web-1", "namespace": "shop", "labels": labels,
                     "annotations": annotations, "ownerReferences": owners},
        "spec": spec})
}

/// Annotations from the values of `require`, `prefer` and `tolerate`; empty ones are left out.
pub(crate) fn annotations(require: &str, prefer: &str, tolerate: &str) -> Value {
    let mut annotations = json!({});
    for (key, value) in [("require", require), ("prefer", prefer), ("tolerate", tolerate)] {
        if !value.is_empty() {
            annotations[format!("placecard.dev/{key}")] = json!(value);
        }
    }
    annotations
}
