//! Refusals because the vocabulary declares the inventory closed: under which guards they are given.
//!
//! A decision on the index says what it would refuse. Before it does, nothing that the proof rests
//! on may have changed for a while, and all of that is read again from the API server: nodes,
//! vocabulary, and the namespace. Only if the proof holds on what was read, to the very node, the
//! object is refused; in any doubt it is admitted with the warning.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use placecard_policies::admission::Admission;
use placecard_policies::closed::Again;
use placecard_policies::feasibility::inventory::node::Node;
use placecard_policies::language::checked::Words;
use placecard_policies::language::{keys, vocabulary_check};
use placecard_policies::live::{Live, Watched};
use placecard_policies::surroundings::ServerVersion;
use placecard_policies::vocabulary::definition::PLURAL;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::decide::{Decision, Pending};
use crate::serve::App;
use crate::source::Source;
use crate::vocabulary::Vocabulary;
use crate::watch::Watches;
use crate::watch::ask::{Trouble, add_parameter, ask, next};
use crate::watch::follow::{OBJECT_LIMIT, PAGE};
use crate::watch::pieces::{Items, Piece};

/// The annotation by which a namespace gives its pods tolerations
/// (`plugin/pkg/admission/podtolerationrestriction`).
const GIVEN_TOLERATIONS: &str = "scheduler.alpha.kubernetes.io/defaultTolerations";

/// What became of a proof about a closed inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was confirmed: the object is refused, or would be but for the mode of its namespace.
    Confirmed,
    /// Nodes or vocabulary changed a moment ago.
    Unsettled,
    /// What it rests on could not be read again in time.
    Unread,
    /// It does not hold on what was read again.
    Changed,
    /// Its checker refuses it.
    Disputed,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Confirmed, Self::Unsettled, Self::Unread, Self::Changed, Self::Disputed];

    /// The label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Unsettled => "unsettled",
            Self::Unread => "unread",
            Self::Changed => "changed",
            Self::Disputed => "disputed",
        }
    }
}

/// The answer: that which is pending, if the guards let it pass.
pub async fn settle(app: &App, decision: Decision, deadline: Instant) -> Admission {
    let Decision { admission, pending, disputed } = decision;
    for _ in 0..disputed {
        tracing::error!("a proof about the inventory was refused by its checker; please report it");
        app.metrics.closed(Outcome::Disputed);
    }
    let Some(pending) = pending else { return admission };
    // Large, and hardly ever wanted.
    let confirming = Box::pin(confirm(app, &pending, deadline));
    let (outcome, confirmed) = match confirming.await {
        Ok(confirmed) => (Outcome::Confirmed, Some(confirmed)),
        Err(outcome) => (outcome, None),
    };
    tracing::info!(outcome = outcome.as_str(), "it fits no node of the closed inventory");
    app.metrics.closed(outcome);
    confirmed.unwrap_or(admission)
}

async fn confirm(app: &App, pending: &Pending, deadline: Instant) -> Result<Admission, Outcome> {
    let (Source::Live(cluster, _), Some(watches)) = (&app.source, app.source.watches()) else {
        return Err(Outcome::Unread);
    };
    if !is_settled(watches, app.vocabulary.as_ref(), app.settled_after) {
        return Err(Outcome::Unsettled);
    }
    let words = app.vocabulary.is_none().then(|| Arc::clone(&app.surroundings.words));
    let server = app.readiness.server().unwrap_or_default();
    let again = again(cluster.client(), server, words, pending.namespace());
    let turn = watches.reading_again();
    let reading = async {
        // One at a time: it is a list of all nodes.
        let _turn = turn.acquire().await.ok()?;
        Some(again.await)
    };
    let again = match timeout_at(deadline, reading).await {
        Ok(Some(Ok(again))) => again,
        Ok(Some(Err(trouble))) => {
            tracing::warn!(%trouble, "what a refusal rests on cannot be read again");
            return Err(Outcome::Unread);
        }
        Ok(None) | Err(_) => return Err(Outcome::Unread),
    };
    pending.confirm(&again).ok_or(Outcome::Changed)
}

/// Has nothing that a proof rests on changed for so long?
fn is_settled(watches: &Watches, vocabulary: Option<&Vocabulary>, after: Duration) -> bool {
    let quiet = |age: Option<Duration>| age.is_some_and(|age| age >= after);
    watches.health().age_of(Watched::Node).is_some()
        && watches.health().trusts(Watched::Node)
        && quiet(watches.health().nodes_quiet_for())
        && vocabulary.is_none_or(|vocabulary| quiet(vocabulary.quiet_for()))
}

/// Reads all of it again; `words`: those of a file, which stay as they are.
async fn again(
    client: &kube::Client,
    server: ServerVersion,
    words: Option<Arc<Words>>,
    namespace: &str,
) -> Result<Again, Trouble> {
    let words = match words {
        Some(words) => words,
        None => Arc::new(vocabulary(client).await?),
    };
    let gives_tolerations = gives_tolerations(client, namespace).await?;
    // Last, because it takes longest.
    let nodes = nodes(client, server).await?;
    Ok(Again::of(nodes, words, gives_tolerations))
}

/// Longest wait for the head of an answer, or for its next bytes; the deadline comes before.
const ANSWER: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Envelope {
    metadata: EnvelopeMetadata,
}

#[derive(Deserialize)]
struct EnvelopeMetadata {
    #[serde(default, rename = "continue")]
    token: String,
}

fn failed(what: &str) -> Trouble {
    Trouble::Failed(what.to_owned())
}

/// All nodes as they are now: without a revision in the request, the API server answers with what
/// is stored.
async fn nodes(
    client: &kube::Client,
    server: ServerVersion,
) -> Result<BTreeMap<String, Node>, Trouble> {
    let mut live = Live::new(server);
    live.list(Watched::Node);
    let mut token = String::new();
    loop {
        let mut path = "/api/v1/nodes".to_owned();
        add_parameter(&mut path, "limit", &PAGE.to_string());
        if !token.is_empty() {
            add_parameter(&mut path, "continue", &token);
        }
        let mut body = ask(client, &path, ANSWER).await?;
        let mut items = Items::new(OBJECT_LIMIT);
        let mut found = Vec::new();
        while let Some(bytes) = next(&mut body, ANSWER).await? {
            items.push(&bytes, &mut found);
            for piece in found.drain(..) {
                let Piece::Whole(object) = piece else { return Err(failed("a node too long")) };
                let put = live.put(Watched::Node, &object);
                put.map_err(|_| failed("a node that cannot be read"))?;
            }
        }
        let envelope = items.envelope().and_then(|bytes| serde_json::from_slice(bytes).ok());
        let Envelope { metadata } = envelope.ok_or_else(|| failed("a list that was cut off"))?;
        if metadata.token.is_empty() {
            break;
        }
        token = metadata.token;
    }
    live.listed(Watched::Node);
    if !live.knows_nodes() {
        return Err(failed("no nodes"));
    }
    Ok(live.state().inventory().nodes)
}

async fn get(client: &kube::Client, path: &str) -> Result<Value, Trouble> {
    let mut body = ask(client, path, ANSWER).await?;
    let mut text = Vec::new();
    while let Some(bytes) = next(&mut body, ANSWER).await? {
        text.extend_from_slice(&bytes);
        if text.len() > OBJECT_LIMIT {
            return Err(failed("an object too long"));
        }
    }
    serde_json::from_slice(&text).map_err(|error| failed(&error.to_string()))
}

async fn vocabulary(client: &kube::Client) -> Result<Words, Trouble> {
    let (version, name) = (keys::API_VERSION, keys::VOCABULARY_NAME);
    let path = format!("/apis/{version}/{PLURAL}?fieldSelector=metadata.name%3D{name}");
    let list = get(client, &path).await?;
    let object = list.pointer("/items/0").ok_or_else(|| failed("no vocabulary"))?;
    let (words, problems) = vocabulary_check::check(object);
    if problems.is_empty() { Ok(words) } else { Err(failed("a vocabulary that cannot be used")) }
}

async fn gives_tolerations(client: &kube::Client, namespace: &str) -> Result<bool, Trouble> {
    let name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if namespace.is_empty() || !namespace.bytes().all(name) {
        return Err(failed("no namespace"));
    }
    let object = get(client, &format!("/api/v1/namespaces/{namespace}")).await?;
    let annotations = object.pointer("/metadata/annotations");
    Ok(annotations.is_some_and(|all| all.get(GIVEN_TOLERATIONS).is_some()))
}
