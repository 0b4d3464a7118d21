//! The custom resources that the vocabulary names: which watches there are.
//!
//! A kind is looked up in the API's own description before it is followed, and again when it may not
//! be read any longer. What the server does not have has no objects, and is looked for again; so a
//! vocabulary can name a kind that comes later.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use placecard_policies::language::checked::Words;
use placecard_policies::live::custom::Custom;
use serde_json::Value;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use crate::watch::ask::{Trouble, ask, next};
use crate::watch::backoff::{Backoff, spread};
use crate::watch::follow::{Followed, Follower, root};
use crate::watch::health::Pulse;
use crate::watch::queue::{Queue, Seen, Subject};

/// Longest wait for the description of a group.
const ANSWER: Duration = Duration::from_secs(30);

/// No description is longer, in bytes.
const DESCRIPTION: usize = 8 * 1024 * 1024;

/// A kind that is not served, or may not be read, is looked up again after this long.
const AGAIN: Duration = Duration::from_secs(60);

/// The watches of custom resources.
pub struct Customs {
    client: kube::Client,
    queue: Queue,
    lists: Arc<Semaphore>,
    followed: Mutex<BTreeMap<Custom, (AbortHandle, Arc<Pulse>)>>,
}

impl fmt::Debug for Customs {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Customs")
    }
}

impl Customs {
    /// None yet.
    #[must_use]
    pub fn new(client: kube::Client, queue: Queue, lists: Arc<Semaphore>) -> Self {
        Self { client, queue, lists, followed: Mutex::default() }
    }

    /// Follows what the vocabulary names, and nothing else any longer.
    pub async fn follow(&self, words: &Words) {
        let wanted = Custom::all(words);
        let mut followed = self.followed.lock().await;
        let same =
            followed.len() == wanted.len() && wanted.iter().all(|kind| followed.contains_key(kind));
        if same {
            return;
        }
        followed.retain(|kind, (task, _)| {
            let keep = wanted.contains(kind);
            if !keep {
                tracing::info!(%kind, "the vocabulary does not name it any longer");
                task.abort();
            }
            keep
        });
        if self.queue.send(Seen::Declared(wanted.clone())).await.is_err() {
            return;
        }
        for kind in wanted {
            if followed.contains_key(&kind) {
                continue;
            }
            let pulse = Arc::new(Pulse::new(Instant::now()));
            let (queue, lists) = (self.queue.clone(), Arc::clone(&self.lists));
            let task = run(self.client.clone(), kind.clone(), queue, Arc::clone(&pulse), lists);
            let task = tokio::spawn(task).abort_handle();
            followed.insert(kind, (task, pulse));
        }
    }

    /// Whether what is known of all of these is not too old; what is not known does not grow old.
    #[must_use]
    pub fn trusts(&self, kinds: &BTreeSet<Custom>, stale_after: Duration) -> bool {
        let Ok(followed) = self.followed.try_lock() else { return false };
        kinds.iter().all(|kind| {
            let age = followed.get(kind).map(|(_, pulse)| pulse.age());
            age.is_some_and(|age| age.is_none_or(|age| age <= stale_after))
        })
    }
}

/// Follows one kind, and finds out anew how it is asked for whenever that fails.
async fn run(
    client: kube::Client,
    kind: Custom,
    queue: Queue,
    pulse: Arc<Pulse>,
    lists: Arc<Semaphore>,
) {
    let mut backoff = Backoff::default();
    loop {
        let pause = match find(&client, &kind).await {
            Ok(Some(followed)) => {
                tracing::info!(%kind, "the vocabulary names it: it is followed");
                let (client, lists) = (client.clone(), Arc::clone(&lists));
                Follower::of(client, followed, queue.clone(), Arc::clone(&pulse), lists)
                    .run()
                    .await;
                spread(AGAIN)
            }
            Ok(None) => {
                tracing::info!(%kind, "the vocabulary names it; the cluster does not have it");
                if queue.send(Seen::Unserved(kind.clone())).await.is_err() {
                    return;
                }
                pulse.contact(Instant::now());
                spread(AGAIN)
            }
            Err(trouble) => {
                tracing::warn!(%kind, %trouble, "it cannot be found out how it is asked for");
                backoff.pause()
            }
        };
        sleep(pause).await;
    }
}

/// How the kind is asked for; `None`: the server does not have it.
async fn find(client: &kube::Client, kind: &Custom) -> Result<Option<Followed>, Trouble> {
    let (group, version) = kind.api_version().split_once('/').unwrap_or(("", kind.api_version()));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if version.is_empty() || !group.bytes().chain(version.bytes()).all(plain) {
        return Ok(None);
    }
    let path = root(group, version, "");
    let list = match describe(client, path.trim_end_matches('/')).await {
        Err(Trouble::Refused(told)) if told.starts_with("404") => return Ok(None),
        other => other?,
    };
    let entries = list.get("resources").and_then(Value::as_array);
    let found = entries.into_iter().flatten().find_map(|entry| {
        let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
        let plural = text("name");
        let namespaced = entry.get("namespaced").and_then(Value::as_bool).unwrap_or(false);
        (text("kind") == kind.kind() && !plural.is_empty() && !plural.contains('/'))
            .then(|| (plural.to_owned(), namespaced))
    });
    Ok(found.map(|(plural, namespaced)| Followed {
        subject: Subject::Custom(kind.clone()),
        path: root(group, version, &plural),
        name: plural,
        namespaced,
    }))
}

pub(super) async fn describe(client: &kube::Client, path: &str) -> Result<Value, Trouble> {
    let mut body = ask(client, path, ANSWER).await?;
    let mut text = Vec::new();
    while let Some(bytes) = next(&mut body, ANSWER).await? {
        text.extend_from_slice(&bytes);
        if text.len() > DESCRIPTION {
            return Err(Trouble::Failed("a description too long".to_owned()));
        }
    }
    serde_json::from_slice(&text).map_err(|error| Trouble::Failed(error.to_string()))
}
