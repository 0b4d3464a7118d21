//! Requests of a watch, and what the API server says when it does not answer them.

use std::fmt::{self, Write as _};
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Bytes, HttpBody as _};
use axum::http::{Request, header};
use kube::client::Body;
use serde::Deserialize;
use tokio::time::timeout;

/// Why a list or a watch ended before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The revision or the token is too old: begin anew with a list.
    Expired,
    /// The kind is not served, or may not be read.
    Refused(String),
    /// The server does not know this form of the request.
    Unsupported(String),
    /// The server answered, but not with what was asked for.
    Failed(String),
    /// The connection: there was none, it broke, or it went quiet.
    Lost(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => to.write_str("the revision is too old"),
            Self::Refused(told)
            | Self::Unsupported(told)
            | Self::Failed(told)
            | Self::Lost(told) => to.write_str(told),
        }
    }
}

/// Of an answer that is an error so much is read.
const ERROR_BODY: usize = 64 * 1024;

/// A `Status`, as answers and events hold it.
#[derive(Debug, Default, Deserialize)]
pub struct Status {
    #[serde(default)]
    code: u16,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
}

impl Status {
    /// Reads one; what is none says nothing.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    /// What it means for a watch.
    #[must_use]
    pub fn trouble(&self) -> Trouble {
        let mut told = format!("{} {}", self.code, self.reason);
        // Never more of it: it may quote what was asked for.
        let message: String = self.message.chars().take(200).collect();
        if !message.is_empty() {
            let _ = write!(told, ": {message}");
        }
        match (self.code, self.reason.as_str()) {
            (410, _) | (_, "Expired" | "Gone") => Trouble::Expired,
            (403..=405, _) => Trouble::Refused(told),
            (400 | 406 | 415 | 422, _) => Trouble::Unsupported(told),
            _ => Trouble::Failed(told),
        }
    }
}

/// Asks, and returns the code and the body of the answer. Nothing is compressed: a watch is
/// compressed by one member an event, which few decoders expect.
///
/// # Errors
/// There was no answer.
pub async fn send(
    client: &kube::Client,
    path: &str,
    within: Duration,
) -> Result<(u16, Body), Trouble> {
    let request = Request::get(path)
        .header(header::ACCEPT, "application/json")
        .header(header::ACCEPT_ENCODING, "identity")
        .body(Body::empty())
        .map_err(|error| Trouble::Failed(error.to_string()))?;
    match timeout(within, client.send(request)).await {
        Ok(Ok(answer)) => Ok((answer.status().as_u16(), answer.into_body())),
        Ok(Err(error)) => Err(Trouble::Lost(error.to_string())),
        Err(_) => Err(Trouble::Lost("no answer in time".to_owned())),
    }
}

/// Asks, and returns the answer's body.
///
/// # Errors
/// What became of it instead.
pub async fn ask(client: &kube::Client, path: &str, within: Duration) -> Result<Body, Trouble> {
    let (code, mut body) = send(client, path, within).await?;
    if code == 200 {
        return Ok(body);
    }
    let mut text = Vec::new();
    while let Ok(Some(bytes)) = next(&mut body, within).await {
        text.extend_from_slice(&bytes);
        if text.len() > ERROR_BODY {
            break;
        }
    }
    let told = Status::of(&text);
    Err(Status { code, ..told }.trouble())
}

/// The next bytes of a body; `None` at its end.
///
/// # Errors
/// The connection broke, or nothing came for so long.
pub async fn next(body: &mut Body, within: Duration) -> Result<Option<Bytes>, Trouble> {
    loop {
        let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
        match timeout(within, frame).await {
            Err(_) => return Err(Trouble::Lost("nothing came for too long".to_owned())),
            Ok(None) => return Ok(None),
            Ok(Some(Err(error))) => return Err(Trouble::Lost(error.to_string())),
            Ok(Some(Ok(frame))) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
        }
    }
}

/// Adds a parameter to a path.
pub fn add_parameter(path: &mut String, name: &str, value: &str) {
    path.push(if path.contains('?') { '&' } else { '?' });
    path.push_str(name);
    path.push('=');
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_status_means() {
        let trouble = |text: &str| Status::of(text.as_bytes()).trouble();
        assert_eq!(trouble(r#"{"code":410,"reason":"Expired"}"#), Trouble::Expired);
        assert_eq!(trouble(r#"{"code":410,"reason":"Gone"}"#), Trouble::Expired);
        assert!(matches!(trouble(r#"{"code":403,"message":"no"}"#), Trouble::Refused(_)));
        assert!(matches!(trouble(r#"{"code":404}"#), Trouble::Refused(_)));
        assert!(matches!(trouble(r#"{"code":422}"#), Trouble::Unsupported(_)));
        assert!(matches!(trouble(r#"{"code":401}"#), Trouble::Failed(_)));
        assert!(matches!(trouble(r#"{"code":504}"#), Trouble::Failed(_)));
        assert!(matches!(trouble("nothing"), Trouble::Failed(_)));
        let long = format!(r#"{{"code":500,"message":"{}"}}"#, "x".repeat(100_000));
        assert!(matches!(trouble(&long), Trouble::Failed(told) if told.len() < 300));
    }

    #[test]
    fn parameters_are_encoded() {
        let mut path = "/api/v1/pods".to_owned();
        add_parameter(&mut path, "watch", "true");
        add_parameter(&mut path, "fieldSelector", "a!=b,c=ü");
        assert_eq!(path, "/api/v1/pods?watch=true&fieldSelector=a%21%3Db%2Cc%3D%C3%BC");
    }
}
