//! The two doors to the same review, without processes and sockets: the linter's command line and
//! the webhook's router.
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a harness fails the test that uses it by panicking"
)]

use std::ffi::OsString;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, header};
use http_body_util::BodyExt as _;
use placecard_policies::language::vocabulary_check;
use placecard_policies::surroundings::Surroundings;
use placecard_webhook::files::Files;
use placecard_webhook::readiness::Readiness;
use placecard_webhook::serve::{App, router};
use placecard_webhook::source::Source;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

/// What both doors know besides the object.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// A PlacementVocabulary in YAML.
    pub vocabulary: Option<String>,
    /// Manifests in YAML.
    pub objects: Option<String>,
}

/// What `placecard lint --format json` said.
#[derive(Debug)]
pub struct Linted {
    /// The exit code.
    pub status: u8,
    /// The JSON report; null if there is none.
    pub report: Value,
    /// The standard error.
    pub errors: String,
}

impl Linted {
    /// The findings of the report.
    #[must_use]
    pub fn findings(&self) -> &[Value] {
        self.report["findings"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// Their codes, in order.
    #[must_use]
    pub fn codes(&self) -> Vec<&str> {
        self.findings().iter().filter_map(|finding| finding["code"].as_str()).collect()
    }
}

/// Lints one file of this name and content.
///
/// # Panics
/// If no file can be written, or a report is no JSON.
#[must_use]
pub fn lint(context: &Context, name: &str, content: &[u8]) -> Linted {
    let folder = tempfile::tempdir().expect("a folder");
    let mut args: Vec<OsString> =
        ["placecard", "lint", "--format", "json"].map(OsString::from).to_vec();
    for (flag, text) in [("vocabulary", &context.vocabulary), ("objects", &context.objects)] {
        if let Some(text) = text {
            args.push(format!("--{flag}").into());
            args.push(write(&folder, &format!("{flag}.yaml"), text.as_bytes()));
        }
    }
    args.push(write(&folder, name, content));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status =
        placecard_lint::run(args.into_iter(), &mut std::io::empty(), &mut out, &mut err, false);
    let report =
        if out.is_empty() { Value::Null } else { serde_json::from_slice(&out).expect("JSON") };
    Linted { status, report, errors: String::from_utf8_lossy(&err).into_owned() }
}

fn write(folder: &TempDir, name: &str, content: &[u8]) -> OsString {
    let path = folder.path().join(name);
    std::fs::write(&path, content).expect("a file");
    path.into_os_string()
}

/// A standalone webhook.
pub struct Desk {
    app: Arc<App>,
    runtime: Runtime,
}

impl Desk {
    /// With the vocabulary and the objects of a context.
    ///
    /// # Panics
    /// If these cannot be read.
    #[must_use]
    pub fn new(context: &Context) -> Self {
        let mut surroundings = Surroundings::default();
        if let Some(text) = &context.vocabulary {
            let vocabulary: Value = serde_saphyr::from_str(text).expect("YAML");
            let (words, problems) = vocabulary_check::check(&vocabulary);
            assert!(problems.is_empty(), "{problems:?}");
            surroundings.words = words.into();
        }
        let files = match &context.objects {
            None => Files::default(),
            Some(text) => {
                let folder = tempfile::tempdir().expect("a folder");
                let path = write(&folder, "objects.yaml", text.as_bytes());
                Files::read(&[path.into()]).unwrap_or_else(|error| panic!("{error}"))
            }
        };
        let now = SystemTime::now();
        let hour = Duration::from_secs(3600);
        let readiness = Readiness::new(now - hour, now + hour, false);
        let app = App { surroundings, ..App::new(Source::Files(Box::new(files)), readiness) };
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { app: Arc::new(app), runtime }
    }

    /// Posts a body; the status and the answer.
    ///
    /// # Panics
    /// If the router breaks off.
    #[must_use]
    pub fn post(&self, path: &str, content_type: &str, body: Vec<u8>) -> (u16, String) {
        let request = Request::post(path).header(header::CONTENT_TYPE, content_type);
        let request = request.body(Body::from(body)).expect("a request");
        self.runtime.block_on(async {
            let response = router(Arc::clone(&self.app)).oneshot(request).await.expect("an answer");
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.expect("a whole answer").to_bytes();
            (status, String::from_utf8(body.to_vec()).expect("UTF-8"))
        })
    }

    /// The `response` to a review.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn answer(&self, path: &str, review: &Value) -> Value {
        let (status, body) = self.post(path, "application/json", review.to_string().into_bytes());
        assert_eq!(status, 200, "{body}");
        let mut answer: Value = serde_json::from_str(&body).expect("JSON");
        answer["response"].take()
    }

    /// What an API server does with a new object: the mutating webhook, its patch, and the
    /// validating webhook. The `response` of the last that was asked.
    ///
    /// # Panics
    /// If an answer is none, or a patch does not fit.
    #[must_use]
    pub fn admit(&self, object: &Value) -> Value {
        self.admitted(object).0
    }

    /// The same, with the object as the mutating webhook left it.
    ///
    /// # Panics
    /// If an answer is none, or a patch does not fit.
    #[must_use]
    pub fn admitted(&self, object: &Value) -> (Value, Value) {
        let mut object = object.clone();
        let mutated = self.answer("/mutate", &create(&object));
        if mutated["allowed"] != true {
            return (mutated, object);
        }
        if let Some(patch) = mutated["patch"].as_str() {
            let patch = STANDARD.decode(patch).expect("base64");
            let patch: json_patch::Patch = serde_json::from_slice(&patch).expect("a JSON patch");
            json_patch::patch(&mut object, &patch).expect("a patch that fits");
        }
        (self.answer("/validate", &create(&object)), object)
    }
}

/// The AdmissionReview for the creation of an object, in its own namespace or `default`.
#[must_use]
pub fn create(object: &Value) -> Value {
    review("CREATE", object, &Value::Null)
}

/// The AdmissionReview for the update of an object.
#[must_use]
pub fn update(object: &Value, old: &Value) -> Value {
    review("UPDATE", object, old)
}

fn review(operation: &str, object: &Value, old: &Value) -> Value {
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": group, "version": version, "kind": object["kind"]},
            "name": object["metadata"]["name"],
            "namespace": namespace,
            "operation": operation,
            "object": object,
            "oldObject": old,
            "dryRun": false,
        },
    })
}
