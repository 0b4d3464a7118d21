//! What the webhook is compared with: a server of the same stack that decodes an AdmissionReview into
//! the types that clients in Rust use for it, admits, and does nothing else.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Router, extract::DefaultBodyLimit};
use axum_server::Server;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use k8s_openapi::api::authentication::v1::UserInfo;
use kube::core::DynamicObject;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

use super::Result;

/// The argument that makes a process of this program an echo; the next is where its authority goes.
pub(crate) const ARGUMENT: &str = "echo";

/// The same for one that decodes the envelope only.
pub(crate) const SHALLOW: &str = "echo-of-the-envelope";

const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// How much is decoded.
#[derive(Clone, Copy)]
pub(crate) enum Depth {
    /// The objects too.
    Object,
    /// All but the objects.
    Envelope,
}

/// Serves until it is killed.
pub(crate) fn run(depth: Depth) -> Result<()> {
    let ca = std::env::args().nth(2).map(PathBuf::from).ok_or("no file for the authority")?;
    Builder::new_multi_thread().enable_all().build()?.block_on(serve(depth, ca))
}

async fn serve(depth: Depth, ca: PathBuf) -> Result<()> {
    let day = Duration::from_secs(24 * 3600);
    let made = placecard_certs::self_signed(&["localhost"], day, SystemTime::now())?;
    let pair = placecard_certs::load(made.chain_pem.as_bytes(), made.key_pem.as_bytes())?;
    let tls = placecard_certs::server_config(&pair)?;
    fs::write(ca, &made.ca_pem)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on https://{}", listener.local_addr()?);
    let answer = move |body: Bytes| async move {
        match depth {
            Depth::Object => echo::<DynamicObject>(&body),
            Depth::Envelope => echo::<Box<RawValue>>(&body),
        }
    };
    let router = Router::new()
        .route("/mutate", post(answer))
        .route("/validate", post(answer))
        .layer(DefaultBodyLimit::max(BODY_LIMIT));
    let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(Arc::clone(&tls)))
        .acceptor(NoDelayAcceptor::new());
    let server: Server<SocketAddr> = Server::from_listener(listener);
    server.acceptor(acceptor).serve(router.into_make_service()).await?;
    Ok(())
}

/// `k8s.io/api/admission/v1/types.go`, with objects of this type.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "decoding is what is measured")]
struct Review<T> {
    api_version: String,
    kind: String,
    request: Request<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "decoding is what is measured")]
struct Request<T> {
    uid: String,
    kind: GroupVersionKind,
    resource: GroupVersionResource,
    request_kind: Option<GroupVersionKind>,
    request_resource: Option<GroupVersionResource>,
    name: Option<String>,
    namespace: Option<String>,
    operation: String,
    user_info: UserInfo,
    object: Option<T>,
    old_object: Option<T>,
    dry_run: Option<bool>,
    options: Option<T>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is what is measured")]
struct GroupVersionKind {
    group: String,
    version: String,
    kind: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is what is measured")]
struct GroupVersionResource {
    group: String,
    version: String,
    resource: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    api_version: &'a str,
    kind: &'a str,
    response: Verdict<'a>,
}

#[derive(Serialize)]
struct Verdict<'a> {
    uid: &'a str,
    allowed: bool,
}

fn echo<T: DeserializeOwned>(body: &[u8]) -> Response {
    let Ok(review) = serde_json::from_slice::<Review<T>>(body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let response = Verdict { uid: &review.request.uid, allowed: true };
    let answer = Answer { api_version: "admission.k8s.io/v1", kind: "AdmissionReview", response };
    match serde_json::to_vec(&answer) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
