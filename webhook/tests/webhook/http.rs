//! The router, asked without a socket.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Method, Request, StatusCode, header};
use hyper::body::Frame;
use placecard_policies::surroundings::ServerVersion;
use placecard_webhook::admission::BODY_LIMIT;
use placecard_webhook::readiness::Readiness;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{DAY, answer, app, ask, create, get, noon, plain_pod, post, shared};

#[tokio::test]
async fn what_carries_no_annotation_of_ours_is_admitted_untouched() {
    let app = shared(app());
    let review = create(&plain_pod());
    let expected = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "response": {"uid": review["request"]["uid"], "allowed": true}});
    for path in ["/mutate", "/validate", "/mutate?timeout=5s"] {
        assert_eq!(answer(&app, path, &review).await, expected, "{path}");
    }
    let mut dry = review.clone();
    dry["request"]["dryRun"] = json!(true);
    assert_eq!(answer(&app, "/mutate", &dry).await, expected);
}

#[tokio::test]
async fn deletions_subresources_and_foreign_objects_pass() {
    let app = shared(app());
    let pod = create(&plain_pod());
    let with = |fields: Value| {
        let mut review = pod.clone();
        for (key, value) in fields.as_object().unwrap() {
            review["request"][key] = value.clone();
        }
        review
    };
    let pod_object = plain_pod();
    for review in [
        with(json!({"operation": "DELETE", "object": null, "oldObject": pod_object})),
        with(json!({"operation": "DELETE", "object": null, "oldObject": null})),
        with(json!({"operation": "UPDATE", "object": null, "oldObject": null})),
        with(json!({"operation": "UPDATE", "oldObject": null})),
        with(json!({"operation": "CONNECT", "object": {"kind": "PodExecOptions"}})),
        with(json!({"subResource": "binding", "object": {"kind": "Binding"}})),
        with(json!({"object": {}})),
        with(json!({"object": {"apiVersion": "v1", "kind": "Secret", "data": {"a": "b"}}})),
        create(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}})),
        create(&json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}})),
    ] {
        for path in ["/mutate", "/validate"] {
            let answer = answer(&app, path, &review).await;
            assert_eq!(answer["response"]["allowed"], true, "{path} {review}");
            assert_eq!(answer["response"].get("patch"), None, "{path} {review}");
        }
    }
}

#[tokio::test]
async fn objects_of_odd_shape_break_nothing() {
    let app = shared(app());
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let whole = create(&plain_pod()).to_string();
    let object = plain_pod().to_string();
    for odd in ["[]", "7", "\"text\"", "{\"kind\": 7}", "{\"metadata\": []}", deep.as_str()] {
        let body = whole.replacen(&object, odd, 1);
        assert_ne!(body, whole);
        for path in ["/mutate", "/validate"] {
            let request = post(path, "application/json", body.clone());
            let (status, body) = ask(&app, request).await;
            assert_eq!(status, StatusCode::OK, "{odd:.20}");
            let answer: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(answer["response"]["allowed"], true, "{odd:.20}");
        }
    }
}

#[tokio::test]
async fn bad_requests_are_told_what_was_expected() {
    let app = shared(app());
    let json = "application/json";
    let whole = create(&plain_pod()).to_string();
    let with = |from: &str, to: &str| {
        let changed = whole.replacen(from, to, 1);
        assert_ne!(changed, whole, "{from}");
        changed.into_bytes()
    };
    let half = whole.as_bytes()[..whole.len() / 2].to_vec();
    let unsupported = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let large = StatusCode::PAYLOAD_TOO_LARGE;
    let bad = StatusCode::BAD_REQUEST;
    let cases: Vec<(&str, Vec<u8>, StatusCode, &str)> = vec![
        ("text/plain", whole.clone().into_bytes(), unsupported, "send application/json"),
        ("", whole.clone().into_bytes(), unsupported, "Content-Type is missing"),
        (json, Vec::new(), bad, "the body is empty"),
        (json, half, bad, "EOF while parsing"),
        (json, b"\xff\xfe".to_vec(), bad, "not an AdmissionReview in JSON"),
        (
            json,
            with("admission.k8s.io/v1", "admission.k8s.io/v1beta1"),
            bad,
            "admissionReviewVersions: [v1]",
        ),
        (json, with("\"AdmissionReview\"", "\"Review\""), bad, "of kind \"Review\""),
        (json, with("\"request\"", "\"response\""), bad, "has no request"),
        (json, with("\"uid\"", "\"id\""), bad, "has no request.uid"),
        (json, with("CREATE", "PATCH"), bad, "CREATE, UPDATE, DELETE or CONNECT"),
        (json, with("\"name\":\"web\"", "\"name\":7"), bad, "at line 1 column"),
        (json, vec![b' '; BODY_LIMIT + 1], large, "larger than 8 MiB"),
    ];
    let count = cases.len();
    for (content_type, body, status, words) in cases {
        let (found, text) = ask(&app, post("/mutate", content_type, body)).await;
        assert_eq!(found, status, "{text}");
        assert!(text.contains(words), "{words}: {text}");
        assert!(text.len() < 600 && text.ends_with('\n'), "{text}");
    }
    let (_, metrics) = get(&app, "/metrics").await;
    let line = format!(
        "placecard_admission_requests_total{{webhook=\"mutate\",kind=\"unknown\",operation=\"unknown\",verdict=\"invalid\"}} {count}"
    );
    assert!(metrics.contains(&line), "{metrics}");
}

#[tokio::test]
async fn a_body_at_the_limit_is_read_and_one_announced_beyond_it_is_not() {
    let app = shared(app());
    let mut body = create(&plain_pod()).to_string();
    body.push_str(&" ".repeat(BODY_LIMIT - body.len()));
    let (status, text) = ask(&app, post("/validate", "application/json", body)).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let mut request = post("/validate", "application/json", "{}");
    let length = (BODY_LIMIT + 1).to_string().parse().unwrap();
    request.headers_mut().insert(header::CONTENT_LENGTH, length);
    assert_eq!(ask(&app, request).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

/// A client that stops sending.
struct Stalled;

impl HttpBody for Stalled {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_is_not_waited_for() {
    let app = shared(app());
    let request = post("/mutate", "application/json", Body::new(Stalled));
    let (status, text) = ask(&app, request).await;
    assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(text, "the body did not arrive whole; send it again\n");
}

#[tokio::test(start_paused = true)]
async fn bodies_that_never_come_take_no_more_than_the_room_for_bodies() {
    let app = shared(app());
    let stalled = || {
        let app = Arc::clone(&app);
        async move { ask(&app, post("/mutate", "application/json", Body::new(Stalled))).await.0 }
    };
    // Of unknown length, so each counts as the largest.
    let hogs: Vec<_> = (0..32).map(|_| tokio::spawn(stalled())).collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let start = Instant::now();
    let review = create(&plain_pod());
    assert_eq!(answer(&app, "/mutate", &review).await["response"]["allowed"], true);
    assert_eq!(start.elapsed().as_secs(), 4, "it waited until the stalled bodies were given up");
    for hog in hogs {
        assert_eq!(hog.await.unwrap(), StatusCode::REQUEST_TIMEOUT);
    }
}

#[tokio::test]
async fn wrong_paths_and_methods_name_the_right_ones() {
    let app = shared(app());
    for (method, path, status) in [
        (Method::GET, "/", StatusCode::NOT_FOUND),
        (Method::POST, "/mutating", StatusCode::NOT_FOUND),
        (Method::GET, "/mutate", StatusCode::METHOD_NOT_ALLOWED),
        (Method::DELETE, "/validate", StatusCode::METHOD_NOT_ALLOWED),
        (Method::POST, "/readyz", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let (found, text) = ask(&app, request).await;
        assert_eq!(found, status, "{path}");
        assert!(text.contains("/mutate") && text.contains("/metrics"), "{text}");
    }
}

#[tokio::test]
async fn readiness_has_reasons_and_life_has_none() {
    let mut with_cluster = app();
    with_cluster.readiness = Readiness::new(noon() - DAY, noon() + DAY, true);
    let with_cluster = shared(with_cluster);
    let unready = |text: &str| (StatusCode::SERVICE_UNAVAILABLE, format!("{text}\n"));
    let ok = (StatusCode::OK, "ok\n".to_owned());
    assert_eq!(get(&with_cluster, "/readyz").await, unready("the API server has not answered yet"));
    with_cluster.readiness.contacted(ServerVersion(34));
    assert_eq!(get(&with_cluster, "/readyz").await, ok);
    with_cluster.readiness.drain();
    assert_eq!(get(&with_cluster, "/readyz").await, unready("shutting down"));
    assert_eq!(get(&with_cluster, "/healthz").await, ok);

    let mut late = app();
    late.clock = || noon() + DAY;
    let late = shared(late);
    assert_eq!(get(&late, "/readyz").await, unready("the serving certificate has expired"));
    let (_, metrics) = get(&late, "/metrics").await;
    assert!(metrics.contains("placecard_certificate_expiry_seconds -43200.0\n"), "{metrics}");
}

#[tokio::test]
async fn metrics_count_by_bounded_labels() {
    let app = shared(app());
    answer(&app, "/mutate", &create(&plain_pod())).await;
    for kind in ["Widget", "Gadget"] {
        let object =
            json!({"apiVersion": "example.com/v1", "kind": kind, "metadata": {"name": "x"}});
        answer(&app, "/validate", &create(&object)).await;
    }
    let (status, text) = get(&app, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    for line in [
        r#"placecard_admission_requests_total{webhook="mutate",kind="Pod",operation="CREATE",verdict="allowed"} 1"#,
        r#"placecard_admission_requests_total{webhook="validate",kind="other",operation="CREATE",verdict="allowed"} 2"#,
        r#"placecard_admission_duration_seconds_count{webhook="validate"} 2"#,
        "placecard_certificate_expiry_seconds 43200.0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.contains("Widget") && !text.contains("shop"), "{text}");
}
