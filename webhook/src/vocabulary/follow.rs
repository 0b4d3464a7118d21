//! Follows the one object `default`: a list, then a watch from its revision, then a list again.
//!
//! A list of one object costs nothing, so there is nothing to resume: whatever ends a watch, a list
//! comes next. The words that are in use stay so while the API server does not answer.

use std::sync::Arc;
use std::time::Duration;

use kube::client::Body;
use placecard_policies::language::keys;
use placecard_policies::vocabulary::definition::PLURAL;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::serve::App;
use crate::vocabulary::Taken;
use crate::watch::ask::{self, Trouble};
use crate::watch::backoff::Backoff;
use crate::watch::pieces::{Lines, Piece};

/// The server ends the watch after so many seconds; a list comes next.
const WATCH_SECONDS: u64 = 60;

/// A watch that outlives its end by a quarter has lost its connection.
const ENDS: Duration = Duration::from_secs(WATCH_SECONDS + 15);

/// Longest wait for the head of an answer.
const ANSWER: Duration = Duration::from_secs(15);

/// No event is longer: the API server takes 3 MiB in a request.
const EVENT_LIMIT: usize = 4 * 1024 * 1024;

/// Why there is no watch (any more).
enum Stop {
    /// The cluster has no such kind.
    NotServed,
    /// Anything else.
    Failed(String),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Failed(trouble.to_string())
    }
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    happened: String,
    object: Value,
}

/// Follows the vocabulary of the cluster, for ever, if it is the one that counts.
///
/// A cluster without the kind may be one for ever: it is asked less and less often. A review of a
/// vocabulary tells that there is the kind now.
pub async fn follow(client: kube::Client, app: Arc<App>) {
    let Some(vocabulary) = &app.vocabulary else { return };
    let mut backoff = Backoff::default();
    loop {
        match round(&client, &app).await {
            Ok(()) => backoff.reset(),
            Err(Stop::NotServed) => {
                see(&app, None).await;
                vocabulary.served(false);
                if timeout(backoff.pause(), vocabulary.reviewed()).await.is_ok() {
                    backoff.reset();
                }
            }
            Err(Stop::Failed(error)) => {
                tracing::warn!(error, "the vocabulary cannot be followed; trying again");
                sleep(backoff.pause()).await;
            }
        }
    }
}

async fn see(app: &App, object: Option<&Value>) {
    let Some(vocabulary) = &app.vocabulary else { return };
    let Some(taken) = vocabulary.see(object) else { return };
    app.metrics.vocabulary(taken);
    if let (Some(watches), Some(words)) = (app.source.watches(), vocabulary.words()) {
        watches.follow_customs(&words).await;
    }
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
    see(app, list.pointer("/items/0")).await;
    if let Some(vocabulary) = &app.vocabulary {
        vocabulary.served(true);
    }
    let revision = list.pointer("/metadata/resourceVersion").and_then(Value::as_str);
    let revision = revision.ok_or_else(|| failed(&"a list without a revision"))?;

    let watch = format!("{}&watch=true&timeoutSeconds={WATCH_SECONDS}", path());
    let body = ask(client, &format!("{watch}&resourceVersion={revision}")).await?;
    match timeout(ENDS, events(body, app)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(failed(&"the watch did not end in time")),
    }
}

async fn events(mut body: Body, app: &App) -> Result<(), Stop> {
    let mut lines = Lines::new(EVENT_LIMIT);
    let mut found = Vec::new();
    // Whoever waits for the end of the watch waits no longer than this either.
    while let Some(bytes) = ask::next(&mut body, ENDS).await? {
        lines.push(&bytes, &mut found);
        for piece in found.drain(..) {
            match piece {
                Piece::Whole(line) => event(&line, app).await?,
                Piece::Cut(_) => return Err(Stop::Failed("too long an event".to_owned())),
            }
        }
    }
    Ok(())
}

async fn event(line: &[u8], app: &App) -> Result<(), Stop> {
    if line.trim_ascii().is_empty() {
        return Ok(());
    }
    let event: Event =
        serde_json::from_slice(line).map_err(|error| Stop::Failed(error.to_string()))?;
    match event.happened.as_str() {
        "ADDED" | "MODIFIED" => see(app, Some(&event.object)).await,
        "DELETED" => see(app, None).await,
        "ERROR" => {
            let reason = event.object.get("reason").and_then(Value::as_str).unwrap_or_default();
            return Err(Stop::Failed(format!("the watch ended: {reason}")));
        }
        _ => {}
    }
    Ok(())
}

async fn ask(client: &kube::Client, path: &str) -> Result<Body, Stop> {
    let (code, body) = ask::send(client, path, ANSWER).await?;
    match code {
        200 => Ok(body),
        404 => Err(Stop::NotServed),
        401 | 403 => {
            Err(Stop::Failed(format!("the API server answers {code}; check the webhook's role")))
        }
        code => Err(Stop::Failed(format!("the API server answers {code}"))),
    }
}
