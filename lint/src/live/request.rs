//! One request, and what the API server says when it does not answer it.

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use http::{Request, header};
use http_body_util::BodyExt;
use kube::client::Body;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

/// Longest wait for the head of an answer, or for its next bytes.
const ANSWER: Duration = Duration::from_secs(60);

/// Of an answer that is an error so many bytes are read.
const ERROR_BODY: usize = 64 << 10;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The revision or the token is too old.
    Expired,
    /// It is not there, or the kind is not served.
    Absent,
    /// This user may not; what the server says.
    Forbidden(String),
    /// Not now; what the server says.
    Refused(String),
    /// Anything else, in one line.
    Failed(String),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    reason: String,
    message: String,
}

/// The body of an answer.
pub(super) struct Answer(Body);

/// Asks for a path.
///
/// # Errors
/// There is no answer, or it is a refusal.
pub(super) async fn get(client: &kube::Client, path: &str) -> Result<Answer, Trouble> {
    let request = Request::get(path)
        .header(header::ACCEPT, "application/json")
        .body(Body::empty())
        .map_err(|error| Trouble::Failed(error.to_string()))?;
    send(client, request).await
}

/// Has something done.
///
/// # Errors
/// As for [`get`].
pub(super) async fn post(client: &kube::Client, path: &str, what: &Value) -> Result<(), Trouble> {
    let request = Request::post(path)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(what.to_string().into_bytes()))
        .map_err(|error| Trouble::Failed(error.to_string()))?;
    send(client, request).await.map(|_| ())
}

async fn send(client: &kube::Client, request: Request<Body>) -> Result<Answer, Trouble> {
    let answer = match timeout(ANSWER, client.send(request)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Err(Trouble::Failed(lost(&error))),
        Err(_) => return Err(Trouble::Failed("the API server does not answer".to_owned())),
    };
    let code = answer.status().as_u16();
    let mut body = Answer(answer.into_body());
    if (200..300).contains(&code) {
        return Ok(body);
    }
    let text = body.all(ERROR_BODY).await.unwrap_or_default();
    Err(refused(code, &text))
}

impl Answer {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// The connection broke, or nothing came for too long.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, Trouble> {
        loop {
            match timeout(ANSWER, self.0.frame()).await {
                Err(_) => {
                    return Err(Trouble::Failed("the API server stopped answering".to_owned()));
                }
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => return Err(Trouble::Failed(lost(&error))),
                Ok(Some(Ok(frame))) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes.to_vec()));
                    }
                }
            }
        }
    }

    /// All of it.
    ///
    /// # Errors
    /// As for [`Self::next`], and if there are more bytes than so many.
    pub(super) async fn all(&mut self, most: usize) -> Result<Vec<u8>, Trouble> {
        let mut text = Vec::new();
        while let Some(bytes) = self.next().await? {
            text.extend_from_slice(&bytes);
            if text.len() > most {
                return Err(Trouble::Failed("the API server's answer is too long".to_owned()));
            }
        }
        Ok(text)
    }
}

fn refused(code: u16, text: &[u8]) -> Trouble {
    let Status { reason, message } = serde_json::from_slice(text).unwrap_or_default();
    let mut told = format!("the API server answers {code}");
    let message: String = message.chars().filter(|one| !one.is_control()).take(300).collect();
    if !message.is_empty() {
        let _ = write!(told, ": {message}");
    }
    match (code, reason.as_str()) {
        (410, _) | (_, "Expired" | "Gone") => Trouble::Expired,
        (404 | 405, _) => Trouble::Absent,
        (409, _) => Trouble::Expired,
        (429, _) => Trouble::Refused(if message.is_empty() { told } else { message }),
        (403, _) => Trouble::Forbidden(if message.is_empty() { told } else { message }),
        _ => Trouble::Failed(told),
    }
}

/// What is behind an error: the outermost says little.
fn lost(error: &(dyn Error + 'static)) -> String {
    let mut told = error.to_string();
    let mut inner = error.source();
    while let Some(error) = inner {
        let more = error.to_string();
        if !told.contains(&more) {
            let _ = write!(told, ": {more}");
        }
        inner = error.source();
    }
    format!("the API server cannot be asked: {told}")
}

/// Adds a parameter to a path.
pub(super) fn add_parameter(path: &mut String, name: &str, value: &str) {
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
    fn what_a_refusal_means() {
        let of = |code, text: &str| refused(code, text.as_bytes());
        assert!(matches!(of(410, "{}"), Trouble::Expired));
        assert!(matches!(of(500, r#"{"reason":"Expired"}"#), Trouble::Expired));
        assert!(matches!(of(404, "not found"), Trouble::Absent));
        assert!(matches!(of(403, r#"{"message":"no"}"#), Trouble::Forbidden(told) if told == "no"));
        let budget = r#"{"message":"a budget"}"#;
        assert!(matches!(of(429, budget), Trouble::Refused(told) if told == "a budget"));
        assert!(matches!(of(409, "x"), Trouble::Expired));
        assert!(matches!(of(401, "x"), Trouble::Failed(told) if told.contains("401")));
        let long = format!(r#"{{"message":"\n{}"}}"#, "x".repeat(1000));
        assert!(matches!(of(500, &long), Trouble::Failed(told) if told.len() < 400));
    }

    #[test]
    fn parameters_are_encoded() {
        let mut path = "/api/v1/pods".to_owned();
        add_parameter(&mut path, "limit", "500");
        add_parameter(&mut path, "labelSelector", "a in (b,ü)");
        assert_eq!(path, "/api/v1/pods?limit=500&labelSelector=a%20in%20%28b%2C%C3%BC%29");
    }
}
