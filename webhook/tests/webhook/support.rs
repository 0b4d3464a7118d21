//! What the tests share.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use placecard_webhook::files::Files;
use placecard_webhook::readiness::Readiness;
use placecard_webhook::serve::{App, router};
use placecard_webhook::source::Source;
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// Noon of the tests' only day.
pub(crate) fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + 20_000 * DAY + DAY / 2
}

/// A standalone webhook at noon, with a certificate of that day.
pub(crate) fn app() -> App {
    let nothing = Source::Files(Box::<Files>::default());
    let readiness = Readiness::new(noon() - DAY / 2, noon() + DAY / 2, false);
    App { clock: noon, ..App::new(nothing, readiness) }
}

pub(crate) fn shared(app: App) -> Arc<App> {
    Arc::new(app)
}

/// A whole AdmissionReview for the CREATE of this object.
pub(crate) fn create(object: &Value) -> Value {
    let api_version = object["apiVersion"].as_str().unwrap();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": group, "version": version, "kind": object["kind"]},
            "resource": {"group": group, "version": version, "resource": "any"},
            "name": object["metadata"]["name"],
            "namespace": "shop",
            "operation": "CREATE",
            "userInfo": {"username": "somebody", "groups": ["system:authenticated"]},
            "object": object,
            "oldObject": null,
            "dryRun": false,
            "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
        },
    })
}

/// A pod without annotations.
pub(crate) fn plain_pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": "web"}]}})
}

/// Asks the router without a socket.
pub(crate) async fn ask(app: &Arc<App>, request: Request<Body>) -> (StatusCode, String) {
    let response = router(Arc::clone(app)).oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

pub(crate) async fn get(app: &Arc<App>, path: &str) -> (StatusCode, String) {
    ask(app, Request::get(path).body(Body::empty()).unwrap()).await
}

pub(crate) fn post(path: &str, content_type: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path).header(header::CONTENT_TYPE, content_type);
    request.body(body.into()).unwrap()
}

/// The answer to a review that is one.
pub(crate) async fn answer(app: &Arc<App>, path: &str, review: &Value) -> Value {
    let text = review.to_string();
    let length = text.len();
    let mut request = post(path, "application/json", text);
    // As API servers say it: a body of unknown length takes the room of the largest one.
    request.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    let (status, body) = ask(app, request).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer["response"]["uid"], review["request"]["uid"]);
    answer
}
