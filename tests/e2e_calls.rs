//! Which objects the API server sends to which webhook: the chart's configurations with their
//! matchConditions, on a control plane of their own, with a webhook that only counts.

use std::time::Duration;

use placecard_policies::coordination::membership::group_labels;
use placecard_tests::chart::{self, RELEASE_NAMESPACE};
use placecard_tests::controlplane::{
    Api, ControlPlane, Patch, Target, or_skipped, unique, wait_until,
};
use placecard_tests::installation;
use serde_json::{Value, json};

use crate::recorder::Recorder;

const BOTH: &[&str] = &["/mutate CREATE", "/validate CREATE"];
const JUDGED: &[&str] = &["/validate CREATE"];
const BOTH_AGAIN: &[&str] = &["/mutate UPDATE", "/validate UPDATE"];
const JUDGED_AGAIN: &[&str] = &["/validate UPDATE"];
const NOBODY: &[&str] = &[];

/// The chart's two configurations, led to a recorder by their Service. `Fail`, so that a
/// condition that cannot be evaluated is a refusal and does not go unseen.
fn install(api: &Api, recorder: &Recorder) {
    installation::lead_home(api);
    for template in ["mutating-webhook.yaml", "validating-webhook.yaml"] {
        let port = recorder.address.port();
        let mut configuration = chart::webhooks(template, "placecard", port, &recorder.ca_pem);
        for webhook in configuration["webhooks"].as_array_mut().expect("webhooks") {
            webhook["failurePolicy"] = "Fail".into();
        }
        api.create(&configuration).unwrap_or_else(|refusal| panic!("{refusal}"));
    }
    // The API server reads its webhook configurations a moment later.
    wait_until(Duration::from_secs(30), "calls of both webhooks", || {
        let probe = pod("default", &unique("probe"), json!({ANNOTATION: "on zone/a"}), json!({}));
        api.dry_run().create(&probe).unwrap_or_else(|refusal| panic!("{refusal}"));
        (recorder.take("Pod", name(&probe)) == BOTH).then_some(())
    });
}

const ANNOTATION: &str = "placecard.dev/require";

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().expect("a name")
}

fn pod(namespace: &str, name: &str, annotations: Value, more: Value) -> Value {
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
        "spec": {"containers": [{"name": "main", "image": "registry.invalid/none"}]},
    });
    merge(&mut pod, &more);
    pod
}

/// A workload without replicas, so that its controller keeps still.
fn workload(api_version: &str, kind: &str, own: Value, template: Value, more: Value) -> Value {
    let labels = json!({"app": "calls"});
    let mut pods = json!({
        "metadata": {"labels": labels, "annotations": template},
        "spec": {
            "restartPolicy": "Always",
            "nodeSelector": {"nowhere": "at-all"},
            "containers": [{"name": "main", "image": "registry.invalid/none"}],
        },
    });
    let spec = match kind {
        "CronJob" | "Job" => {
            pods["spec"]["restartPolicy"] = "Never".into();
            if kind == "Job" {
                json!({"suspend": true, "template": pods})
            } else {
                json!({"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": pods}}})
            }
        }
        "ReplicationController" => json!({"replicas": 0, "selector": labels, "template": pods}),
        "DaemonSet" => json!({"selector": {"matchLabels": labels}, "template": pods}),
        "StatefulSet" => json!({"replicas": 0, "serviceName": "calls",
            "selector": {"matchLabels": labels}, "template": pods}),
        _ => json!({"replicas": 0, "selector": {"matchLabels": labels}, "template": pods}),
    };
    let mut workload = json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": unique("calls"), "namespace": "default", "annotations": own},
        "spec": spec,
    });
    merge(&mut workload, &more);
    workload
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.as_str()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

fn controlled_by(api_version: &str, kind: &str) -> Value {
    json!({"metadata": {"ownerReferences": [{
        "apiVersion": api_version, "kind": kind, "name": "owner", "uid": "0-0-0-0", "controller": true,
    }]}})
}

/// Creates an object without keeping it, and sees who was asked.
#[track_caller]
fn created(api: &Api, recorder: &Recorder, object: &Value, asked: &[&str]) {
    api.dry_run().create(object).unwrap_or_else(|refusal| panic!("{refusal}"));
    let kind = object["kind"].as_str().expect("a kind");
    assert_eq!(recorder.take(kind, name(object)), asked, "{object:#}");
}

/// Patches an object, and sees who was asked.
#[track_caller]
fn patched(api: &Api, recorder: &Recorder, target: &Target, patch: Value, asked: &[&str]) {
    api.patch(target, Patch::Merge, &patch).unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(recorder.take(&target.kind, &target.name), asked, "{patch:#}");
}

fn pods(api: &Api, recorder: &Recorder) {
    let ours = || json!({ANNOTATION: "on zone/a"});
    let owned = || controlled_by("apps/v1", "ReplicaSet");
    let make = |annotations, more| pod("default", &unique("calls"), annotations, more);
    created(api, recorder, &make(json!({}), json!({})), JUDGED);
    created(api, recorder, &make(json!({}), owned()), NOBODY);
    created(api, recorder, &make(ours(), owned()), BOTH);
    // The API server takes any case in the prefix of an annotation.
    created(api, recorder, &make(json!({"Placecard.dev/require": ""}), owned()), BOTH);
    let mut labelled = make(json!({}), owned());
    labelled["metadata"]["labels"] = json!({"placecard.dev/batch": "1"});
    created(api, recorder, &labelled, JUDGED);
    // A RoleCoordination may refer to the group of a pod that says nothing itself.
    for label in group_labels() {
        let mut of_group = make(json!({}), owned());
        of_group["metadata"]["labels"] = json!({label: "llm"});
        created(api, recorder, &of_group, BOTH);
    }
    let mirror = json!({"kubernetes.io/config.mirror": "x", ANNOTATION: "on zone/a"});
    created(api, recorder, &make(mirror, json!({"spec": {"nodeName": "n"}})), NOBODY);

    let living = make(ours(), json!({}));
    api.create(&living).unwrap_or_else(|refusal| panic!("{refusal}"));
    recorder.take("Pod", name(&living));
    let target = Target::of(&living);
    let annotate = |key: &str, value: Value| json!({"metadata": {"annotations": {key: value}}});
    patched(api, recorder, &target, annotate("example.com/x", "y".into()), NOBODY);
    patched(api, recorder, &target, annotate(ANNOTATION, "on zone/b".into()), JUDGED_AGAIN);
    patched(api, recorder, &target, annotate("placecard.dev/prefer", "".into()), JUDGED_AGAIN);
    patched(api, recorder, &target, annotate(ANNOTATION, Value::Null), JUDGED_AGAIN);
    let finalizers = |list: Value| json!({"metadata": {"finalizers": list}});
    patched(api, recorder, &target, finalizers(json!(["example.com/x"])), NOBODY);
    api.delete(&target).unwrap_or_else(|refusal| panic!("{refusal}"));
    patched(api, recorder, &target, finalizers(Value::Null), NOBODY);
    assert_eq!(recorder.take("Pod", name(&living)), NOBODY, "the deletion");
}

fn workloads(api: &Api, recorder: &Recorder) {
    let ours = || json!({ANNOTATION: "on zone/a"});
    let expand = || json!({"placecard.dev/expand": "template"});
    for (api_version, kind) in [
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "ReplicaSet"),
        ("batch/v1", "Job"),
        ("batch/v1", "CronJob"),
    ] {
        let make = |own, template, more| workload(api_version, kind, own, template, more);
        created(api, recorder, &make(json!({}), json!({}), json!({})), JUDGED);
        created(api, recorder, &make(json!({}), ours(), json!({})), JUDGED);
        created(api, recorder, &make(expand(), ours(), json!({})), BOTH);
        created(api, recorder, &make(expand(), json!({}), json!({})), JUDGED);
        // Judged where it is written; what no built-in kind made is judged here.
        let made = controlled_by("apps/v1", "Deployment");
        created(api, recorder, &make(expand(), ours(), made), NOBODY);
        let made = controlled_by("argoproj.io/v1alpha1", "Rollout");
        created(api, recorder, &make(expand(), ours(), made), JUDGED);
    }
    let controller = workload("v1", "ReplicationController", json!({}), ours(), json!({}));
    created(api, recorder, &controller, JUDGED);

    let deployment = workload("apps/v1", "Deployment", json!({}), ours(), json!({}));
    api.create(&deployment).unwrap_or_else(|refusal| panic!("{refusal}"));
    recorder.take("Deployment", name(&deployment));
    let target = Target::of(&deployment);
    for (patch, asked) in [
        (json!({"metadata": {"labels": {"x": "y"}}}), NOBODY),
        (json!({"metadata": {"annotations": {"example.com/x": "y"}}}), NOBODY),
        (json!({"spec": {"minReadySeconds": 1}}), NOBODY),
        (json!({"spec": {"replicas": 1}}), JUDGED_AGAIN),
        (json!({"spec": {"template": {"metadata": {"labels": {"x": "y"}}}}}), JUDGED_AGAIN),
        (json!({"metadata": {"annotations": {ANNOTATION: "on zone/a"}}}), JUDGED_AGAIN),
        (json!({"metadata": {"annotations": {ANNOTATION: null}}}), JUDGED_AGAIN),
        (json!({"metadata": {"annotations": expand()}}), BOTH_AGAIN),
        (json!({"metadata": {"annotations": {"placecard.dev/expand": null}}}), BOTH_AGAIN),
    ] {
        patched(api, recorder, &target, patch, asked);
    }
    api.delete(&target).unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(recorder.take("Deployment", name(&deployment)), NOBODY, "the deletion");
}

fn daemon_sets(api: &Api, recorder: &Recorder) {
    let ours = || json!({ANNOTATION: "on zone/a"});
    let make = |template, more| workload("apps/v1", "DaemonSet", json!({}), template, more);
    created(api, recorder, &make(json!({}), json!({})), JUDGED);
    let daemon_set = make(ours(), json!({}));
    created(api, recorder, &daemon_set, BOTH);
    api.create(&daemon_set).unwrap_or_else(|refusal| panic!("{refusal}"));
    recorder.take("DaemonSet", name(&daemon_set));
    let target = Target::of(&daemon_set);
    for (patch, asked) in [
        (json!({"metadata": {"labels": {"x": "y"}}}), NOBODY),
        (json!({"metadata": {"finalizers": ["example.com/x"]}}), NOBODY),
        (json!({"metadata": {"finalizers": null}}), NOBODY),
        (json!({"spec": {"template": {"metadata": {"labels": {"x": "y"}}}}}), BOTH_AGAIN),
        // What came with the annotation has to go with it.
        (json!({"spec": {"template": {"metadata": {"annotations": null}}}}), BOTH_AGAIN),
        (json!({"spec": {"template": {"metadata": {"labels": {"x": "z"}}}}}), JUDGED_AGAIN),
    ] {
        patched(api, recorder, &target, patch, asked);
    }
}

fn exempt_namespaces(api: &Api, recorder: &Recorder) {
    for (namespace, labels) in
        [(RELEASE_NAMESPACE, json!({})), ("off", json!({"placecard.dev/mode": "off"}))]
    {
        let metadata = json!({"name": namespace, "labels": labels});
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        api.apply("calls", &object).unwrap_or_else(|refusal| panic!("{refusal}"));
    }
    for namespace in [RELEASE_NAMESPACE, "off", "kube-system"] {
        let annotations = json!({ANNOTATION: "on zone/a"});
        created(api, recorder, &pod(namespace, &unique("calls"), annotations, json!({})), NOBODY);
    }
}

#[test]
fn only_what_can_concern_us_calls_a_webhook() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let recorder = Recorder::start();
    let api = plane.api();
    install(api, &recorder);
    pods(api, &recorder);
    workloads(api, &recorder);
    daemon_sets(api, &recorder);
    exempt_namespaces(api, &recorder);
}
