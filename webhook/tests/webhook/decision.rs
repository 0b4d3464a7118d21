//! Annotated objects through the router: what comes out is the facade's decision, on the wire.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use placecard_webhook::files::Files;
use placecard_webhook::serve::App;
use placecard_webhook::source::Source;
use serde_json::{Value, json};

use crate::support::{self, app, create, shared};

async fn answer(app: &Arc<App>, path: &str, review: &Value) -> Value {
    support::answer(app, path, review).await["response"].take()
}

/// The object with the answer's patch applied.
fn patched(object: &Value, response: &Value) -> Value {
    let mut object = object.clone();
    let text = STANDARD.decode(response["patch"].as_str().unwrap()).unwrap();
    let patch: json_patch::Patch = serde_json::from_slice(&text).unwrap();
    json_patch::patch(&mut object, &patch).unwrap();
    object
}

/// A webhook that knows the Service `db` and the ReplicaSet `web-1`.
fn informed() -> Arc<App> {
    let mut files = Files::default();
    files.add(&json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"namespace": "shop", "name": "db"}, "spec": {"selector": {"app": "db"}}}));
    files.add(&json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"namespace": "shop", "name": "web-1", "uid": "u-1"},
        "spec": {"selector": {"matchLabels": {"app": "web", "pod-template-hash": "1"}}}}));
    let mut app = app();
    app.source = Source::Files(Box::new(files));
    shared(app)
}

fn pod(require: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "web-1-x", "namespace": "shop",
            "labels": {"app": "web", "pod-template-hash": "1"},
            "annotations": {"placecard.dev/require": require},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1",
                "uid": "u-1", "controller": true}]},
        "spec": {"containers": [{"name": "web", "image": "web"}]}})
}

fn deployment(require: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"},
                    "annotations": {"placecard.dev/require": require}},
                "spec": {"containers": [{"name": "web", "image": "web"}]}}}})
}

#[tokio::test]
async fn a_pod_is_expanded_once_and_then_admitted() {
    let app = informed();
    let before = pod("near service/db\napart-from self in zone");
    let review = create(&before);
    let response = answer(&app, "/mutate", &review).await;
    assert_eq!(response["allowed"], true);
    assert_eq!(response["patchType"], "JSONPatch");
    let after = patched(&before, &response);
    let affinity = &after["spec"]["affinity"];
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    assert_eq!(
        affinity["podAffinity"][required][0]["labelSelector"]["matchLabels"],
        json!({"app": "db"}),
        "the Service's selector was looked up"
    );
    assert_eq!(
        affinity["podAntiAffinity"][required][0]["topologyKey"],
        "topology.kubernetes.io/zone"
    );

    let again = answer(&app, "/mutate", &create(&after)).await;
    assert_eq!(again.get("patch"), None, "expanding twice changes nothing");
    assert_eq!(answer(&app, "/validate", &create(&after)).await["allowed"], true);

    let untouched = &answer(&app, "/validate", &review).await;
    assert_eq!(untouched["allowed"], false, "the final pod is judged by its fields");
    assert_eq!(untouched["status"]["code"], 503);
}

#[tokio::test]
async fn what_a_pod_names_and_nobody_knows_may_come() {
    let app = informed();
    let review = create(&pod("near service/gone"));
    let response = answer(&app, "/validate", &review).await;
    assert_eq!(response["allowed"], false);
    assert_eq!(response["status"]["code"], 503);
    assert_eq!(response["status"]["reason"], "ServiceUnavailable");
    let workload = answer(&app, "/validate", &create(&deployment("near service/gone"))).await;
    assert_eq!(workload["allowed"], true, "{workload}");
    assert!(workload["warnings"][0].as_str().unwrap().contains("gone"), "{workload}");
}

#[tokio::test]
async fn a_refusal_names_code_and_field_at_the_workload() {
    let app = informed();
    let mut contradictory = deployment("on zone/eu-1b");
    contradictory["spec"]["template"]["spec"]["nodeSelector"] =
        json!({"topology.kubernetes.io/zone": "eu-1a"});
    let response = answer(&app, "/validate", &create(&contradictory)).await;
    let status = &response["status"];
    assert_eq!((&status["code"], &status["reason"]), (&json!(403), &json!("Forbidden")));
    assert!(status["message"].as_str().unwrap().starts_with("Deployment shop/web: "), "{status}");
    let fields: Vec<&str> = status["details"]["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cause| cause["field"].as_str().unwrap())
        .collect();
    assert_eq!(
        fields,
        [
            "spec.template.metadata.annotations[placecard.dev/require]",
            "spec.template.spec.nodeSelector[topology.kubernetes.io/zone]",
        ]
    );

    let misspelt = create(&deployment("aprat-from self"));
    let response = answer(&app, "/validate", &misspelt).await;
    let message = response["status"]["message"].as_str().unwrap();
    assert!(message.contains("apart-from") && message.contains("[unknown-relation]"), "{message}");

    let (_, metrics) = support::get(&app, "/metrics").await;
    for line in [
        r#"placecard_findings_total{code="unknown-relation",severity="error"} 1"#,
        r#"placecard_admission_requests_total{webhook="validate",kind="Deployment",operation="CREATE",verdict="denied"} 2"#,
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
}

#[tokio::test]
async fn what_was_bad_before_may_change_elsewhere_and_go() {
    let app = informed();
    let bad = deployment("aprat-from self");
    let with = |operation: &str, object: &Value, old: &Value| {
        let mut review = create(&bad);
        review["request"]["operation"] = json!(operation);
        review["request"]["object"] = object.clone();
        review["request"]["oldObject"] = old.clone();
        review
    };
    let mut scaled = bad.clone();
    scaled["spec"]["replicas"] = json!(0);
    let mut finalised = bad.clone();
    finalised["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let mut worse = bad.clone();
    worse["spec"]["template"]["metadata"]["annotations"]["placecard.dev/require"] =
        json!("nearr self");
    for (review, allowed) in [
        (with("UPDATE", &scaled, &bad), true),
        (with("UPDATE", &finalised, &bad), true),
        (with("DELETE", &Value::Null, &bad), true),
        (with("UPDATE", &worse, &bad), false),
        (with("UPDATE", &bad, &Value::Null), false),
        (with("CREATE", &bad, &Value::Null), false),
    ] {
        let response = answer(&app, "/validate", &review).await;
        assert_eq!(response["allowed"], allowed, "{review}");
    }
}

#[tokio::test]
async fn objects_beyond_all_measure_are_answered() {
    let app = informed();
    let long = "near service/db ".repeat(70_000);
    let many: String = (0..10_000).map(|n| format!("near service/s{n}\n")).collect();
    let values: Vec<String> = (0..1_000).map(|n| format!("v{n}")).collect();
    let selector = format!("on nodes(disk in ({}))", values.join(","));
    let products = "on nodes(a in (1,2)) or nodes(b in (1,2))\n".repeat(40);
    let mut tolerant = pod("apart-from self");
    let tolerations = (0..10_000).map(|n| json!({"key": format!("k{n}"), "operator": "Exists"}));
    tolerant["spec"]["tolerations"] = tolerations.collect();
    let mut forged = pod("apart-from self");
    forged["metadata"]["annotations"]["placecard.dev/applied"] =
        json!("{\"v\":1,\"digest\":\"0\"}");
    let mut labelled = pod("apart-from self");
    labelled["metadata"]["labels"] = (0..10_000).map(|n| (format!("k{n}"), json!("v"))).collect();
    let mut objects = vec![tolerant, forged, labelled];
    for require in
        [long.as_str(), &many, &selector, &products, "\u{200b}near self", "\tnear self\r\n"]
    {
        objects.push(pod(require));
        objects.push(deployment(require));
    }
    for object in objects {
        for path in ["/mutate", "/validate"] {
            let start = Instant::now();
            let response = answer(&app, path, &create(&object)).await;
            assert!(response["allowed"].is_boolean());
            assert!(response.to_string().len() < 2_000_000, "the answer is bounded");
            let took = start.elapsed();
            let shown: String = object.to_string().chars().take(300).collect();
            assert!(took < Duration::from_secs(120), "{took:?}: {shown}");
        }
    }
}
