//! Requests that change something: Leases, Events, evictions, pods that wait for their batch,
//! a policy.

use std::time::{Duration, SystemTime};

use axum::http::{Method, Request, header};
use kube::client::Body;
use serde_json::Value;
use tokio::time::timeout;

use crate::watch::ask::next;

/// Of an answer so much is read: a policy may have a megabyte.
const ANSWER: usize = 4 * 1024 * 1024;

/// What the API server said.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The status code.
    pub code: u16,
    /// The object, or the `Status`; null if it is neither.
    pub body: Value,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// `Date`: what its clock said, to the second.
    pub date: Option<SystemTime>,
}

impl Reply {
    /// Whether it was done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Code and message for a log line; never more than a line of it.
    #[must_use]
    pub fn told(&self) -> String {
        let message = self.body.get("message").and_then(Value::as_str).unwrap_or_default();
        let message: String = message.chars().take(200).collect();
        format!("{} {message}", self.code)
    }
}

/// Sends a request with a body. A patch that is a list is a JSON patch, another one a merge patch.
///
/// # Errors
/// There was no answer.
pub async fn write(
    client: &kube::Client,
    method: Method,
    path: &str,
    body: Option<&Value>,
    within: Duration,
) -> Result<Reply, String> {
    let content = match (&method, body) {
        (&Method::PATCH, Some(Value::Array(_))) => "application/json-patch+json",
        (&Method::PATCH, _) => "application/merge-patch+json",
        _ => "application/json",
    };
    send(client, method, content, (path, body), within).await
}

/// Applies an object (server-side apply) and never by force: what others own is a conflict.
///
/// # Errors
/// There was no answer.
pub async fn apply(
    client: &kube::Client,
    path: &str,
    body: &Value,
    within: Duration,
) -> Result<Reply, String> {
    let content = "application/apply-patch+yaml";
    send(client, Method::PATCH, content, (path, Some(body)), within).await
}

async fn send(
    client: &kube::Client,
    method: Method,
    content: &str,
    (path, body): (&str, Option<&Value>),
    within: Duration,
) -> Result<Reply, String> {
    let bytes = body.map(Value::to_string).unwrap_or_default().into_bytes();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, content)
        .body(Body::from(bytes))
        .map_err(|error| error.to_string())?;
    let send = async {
        let answer = client.send(request).await.map_err(|error| error.to_string())?;
        let code = answer.status().as_u16();
        let retry_after = answer.headers().get(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|text| text.to_str().ok()?.parse().ok());
        let date = answer.headers().get(header::DATE);
        let date = date.and_then(|text| httpdate::parse_http_date(text.to_str().ok()?).ok());
        let (mut body, mut text) = (answer.into_body(), Vec::new());
        while let Ok(Some(bytes)) = next(&mut body, within).await {
            text.extend_from_slice(&bytes);
            if text.len() > ANSWER {
                break;
            }
        }
        let body = serde_json::from_slice(&text).unwrap_or_default();
        Ok(Reply { code, body, retry_after, date })
    };
    timeout(within, send).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
}
