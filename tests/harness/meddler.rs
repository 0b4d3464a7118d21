//! Another mutating webhook, as clusters have them: it changes what ours wrote.
#![expect(clippy::expect_used, reason = "a harness fails the test that uses it by panicking")]

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use axum_server::tls_rustls::RustlsConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

/// From a pod to the JSON patch that it gets.
pub type Meddling = fn(&Value) -> Vec<Value>;

/// A running server. It ends when this is dropped.
pub struct Meddler {
    /// `https://127.0.0.1:PORT`.
    pub url: String,
    /// The authority of its certificate.
    pub ca_pem: String,
    state: Arc<Meddles>,
    _runtime: Runtime,
}

struct Meddles {
    meddling: Meddling,
    calls: AtomicU64,
}

impl Meddler {
    /// Starts a webhook that does this to every pod.
    ///
    /// # Panics
    /// If it cannot listen.
    #[must_use]
    pub fn start(meddling: Meddling) -> Self {
        let made = placecard_certs::self_signed(
            &["127.0.0.1"],
            placecard_certs::LIFETIME,
            SystemTime::now(),
        )
        .expect("a certificate");
        let pair = placecard_certs::load(made.chain_pem.as_bytes(), made.key_pem.as_bytes())
            .expect("its own certificate");
        let tls = placecard_certs::server_config(&pair).expect("its own certificate");
        let state = Arc::new(Meddles { meddling, calls: AtomicU64::new(0) });
        let router = Router::new().route("/mutate", post(mutate)).with_state(Arc::clone(&state));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        listener.set_nonblocking(true).expect("a socket of this process");
        let address = listener.local_addr().expect("an address");
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("threads can be started");
        runtime.spawn(async move {
            axum_server::from_tcp_rustls(listener, RustlsConfig::from_config(tls))
                .expect("a socket of this process")
                .serve(router.into_make_service())
                .await
        });
        Self { url: format!("https://{address}"), ca_pem: made.ca_pem, state, _runtime: runtime }
    }

    /// How often it was called.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.state.calls.load(Ordering::SeqCst)
    }

    /// Its configuration, for the pods of one namespace. The API server calls configurations in the
    /// order of their names.
    #[must_use]
    pub fn configuration(&self, name: &str, namespace: &str) -> Value {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": name},
            "webhooks": [{
                "name": "pods.meddler.example.com",
                "admissionReviewVersions": ["v1"],
                "clientConfig": {
                    "url": format!("{}/mutate", self.url),
                    "caBundle": STANDARD.encode(&self.ca_pem),
                },
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "reinvocationPolicy": "IfNeeded",
                "namespaceSelector":
                    {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"],
                    "operations": ["CREATE"], "scope": "Namespaced"}],
            }],
        })
    }
}

async fn mutate(State(state): State<Arc<Meddles>>, Json(review): Json<Value>) -> Json<Value> {
    state.calls.fetch_add(1, Ordering::SeqCst);
    let patch = Value::Array((state.meddling)(&review["request"]["object"]));
    Json(json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {
            "uid": review["request"]["uid"],
            "allowed": true,
            "patchType": "JSONPatch",
            "patch": STANDARD.encode(patch.to_string()),
        },
    }))
}
