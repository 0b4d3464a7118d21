//! Follows the one object `default`: a list, then a watch from its revision, then a list again.
//!
//! A list of one object costs nothing, so there is nothing to resume: whatever ends a watch, a list
//! comes next. The words that are in use stay so while the API server does not answer.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::HttpBody as _;
use axum::http::{Request, header};
use kube::client::Body;
use placecard_policies::language::keys;
use placecard_policies::vocabulary::definition::PLURAL;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::serve::App;
use crate::vocabulary::Taken;

/// The server ends the watch after so many seconds; a list comes next.
const WATCH_SECONDS: u64 = 60;

/// A watch that outlives its end by this much has lost its connection.
const GRACE: Duration = Duration::from_secs(15);

/// Longest wait for the head of an answer.
const ANSWER: Duration = Duration::from_secs(15);

/// No event is longer: the API server takes 3 MiB in a request.
const EVENT_LIMIT: usize = 4 * 1024 * 1024;

/// Pauses after a failure, each twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Between two looks whether the kind is served.
const UNSERVED: Duration = Duration::from_secs(2);

/// Why there is no watch (any more).
enum Stop {
    /// The cluster has no such kind.
    NotServed,
    /// Anything else.
    Failed(String),
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    happened: String,
    object: Value,
}

/// Follows the vocabulary of the cluster, for ever.
pub async fn follow(client: kube::Client, app: Arc<App>) {
    let mut pause = FIRST_PAUSE;
    loop {
        match round(&client, &app).await {
            Ok(()) => pause = FIRST_PAUSE,
            Err(Stop::NotServed) => {
                see(&app, None);
                sleep(UNSERVED).await;
            }
            Err(Stop::Failed(error)) => {
                tracing::warn!(error, "the vocabulary cannot be followed; trying again");
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

fn see(app: &App, object: Option<&Value>) {
    let Some(vocabulary) = &app.vocabulary else { return };
    let Some(taken) = vocabulary.see(object) else { return };
    app.metrics.vocabulary(taken);
    match taken {
        Taken::Adopted => tracing::info!("the words of the vocabulary are in use"),
        Taken::Absent => tracing::info!("there is no vocabulary: the well-known levels are in use"),
        // It was told with its mistakes.
        Taken::Broken => {}
    }
}

fn path() -> String {
    let (version, name) = (keys::API_VERSION, keys::VOCABULARY_NAME);
    format!("/apis/{version}/{PLURAL}?fieldSelector=metadata.name%3D{name}")
}

/// One list, and the watch after it to its end.
async fn round(client: &kube::Client, app: &App) -> Result<(), Stop> {
    let failed = |error: &dyn std::fmt::Display| Stop::Failed(error.to_string());
    let body = ask(client, &path()).await?;
    let bytes = timeout(ANSWER, body.collect_bytes()).await.map_err(|error| failed(&error))?;
    let bytes = bytes.map_err(|error| failed(&error))?;
    let list: Value = serde_json::from_slice(&bytes).map_err(|error| failed(&error))?;
    see(app, list.pointer("/items/0"));
    let revision = list.pointer("/metadata/resourceVersion").and_then(Value::as_str);
    let revision = revision.ok_or_else(|| failed(&"a list without a revision"))?;

    let watch = format!("{}&watch=true&timeoutSeconds={WATCH_SECONDS}", path());
    let body = ask(client, &format!("{watch}&resourceVersion={revision}")).await?;
    let ends = Duration::from_secs(WATCH_SECONDS) + GRACE;
    match timeout(ends, events(body, app)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(failed(&"the watch did not end in time")),
    }
}

async fn events(mut body: Body, app: &App) -> Result<(), Stop> {
    let mut line: Vec<u8> = Vec::new();
    loop {
        let frame = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
        let bytes = match frame {
            None => return Ok(()),
            Some(Err(error)) => return Err(Stop::Failed(error.to_string())),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) => bytes,
                Err(_) => continue,
            },
        };
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(piece);
            if line.len() > EVENT_LIMIT {
                return Err(Stop::Failed("too long an event".to_owned()));
            }
            if piece.ends_with(b"\n") {
                event(&line, app)?;
                line.clear();
            }
        }
    }
}

fn event(line: &[u8], app: &App) -> Result<(), Stop> {
    if line.trim_ascii().is_empty() {
        return Ok(());
    }
    let event: Event =
        serde_json::from_slice(line).map_err(|error| Stop::Failed(error.to_string()))?;
    match event.happened.as_str() {
        "ADDED" | "MODIFIED" => see(app, Some(&event.object)),
        "DELETED" => see(app, None),
        "ERROR" => {
            let reason = event.object.get("reason").and_then(Value::as_str).unwrap_or_default();
            return Err(Stop::Failed(format!("the watch ended: {reason}")));
        }
        _ => {}
    }
    Ok(())
}

async fn ask(client: &kube::Client, path: &str) -> Result<Body, Stop> {
    let failed = |error: &dyn std::fmt::Display| Stop::Failed(error.to_string());
    // Not compressed: a watch is compressed by one member an event, which few decoders expect.
    let request = Request::get(path)
        .header(header::ACCEPT, "application/json")
        .header(header::ACCEPT_ENCODING, "identity")
        .body(Body::empty())
        .map_err(|error| failed(&error))?;
    let answer = timeout(ANSWER, client.send(request)).await.map_err(|error| failed(&error))?;
    let answer = answer.map_err(|error| failed(&error))?;
    match answer.status().as_u16() {
        200 => Ok(answer.into_body()),
        404 => Err(Stop::NotServed),
        code @ (401 | 403) => {
            Err(failed(&format!("the API server answers {code}; check the webhook's role")))
        }
        code => Err(failed(&format!("the API server answers {code}"))),
    }
}
