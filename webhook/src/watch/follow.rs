//! One kind: list it, watch it, and never lose track.
//!
//! The protocol is that of the
//! [API concepts](https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes):
//! a streaming list where the server has it, pages where not; a watch from the revision of the
//! list; after a broken connection a watch from the last revision that was seen; a new list when
//! the server does not know that revision any longer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use kube::client::Body;
use placecard_policies::live::Watched;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::watch::ask::{Status, Trouble, add_parameter, ask, next};
use crate::watch::backoff::{Backoff, spread};
use crate::watch::head::{Happened, Head, cut_event, event};
use crate::watch::health::{Health, Pulse};
use crate::watch::pieces::{Items, Lines, Piece};
use crate::watch::queue::{Ended, Queue, Seen, Subject};

/// No object is longer: the API server takes 3 MiB in a request, and etcd by default 1.5 MiB.
pub const OBJECT_LIMIT: usize = 3 * 1024 * 1024;

/// Objects of a page, as client-go's pager asks for them.
pub const PAGE: usize = 500;

/// Longest wait for the head of an answer, or for the next bytes of a list.
const ANSWER: Duration = Duration::from_secs(30);

/// A watch that was quiet for so long has lost its connection: a bookmark comes every minute.
const QUIET: Duration = Duration::from_secs(100);

/// The server ends a watch after at most this long, so that watches move to other servers.
const WATCH: Duration = Duration::from_secs(300);

/// What lasted so long did work.
const STEADY: Duration = Duration::from_secs(5);

/// Lists of one kind are at least about so far apart, whatever the server remembers.
const APART: Duration = Duration::from_secs(30);

/// After so many failures in a row a revision is given up: a server that was restored from a
/// backup never reaches it. And so is what was listed of a kind, if they were refusals.
const PATIENCE: u32 = 5;

/// What is followed.
#[derive(Debug, Clone)]
pub struct Followed {
    /// Whose objects.
    pub subject: Subject,
    /// As it is called in the log.
    pub name: String,
    /// The path of all objects, perhaps with a field selector.
    pub path: String,
    /// Its objects are in namespaces.
    pub namespaced: bool,
}

/// Follows one kind.
pub struct Follower {
    client: kube::Client,
    subject: Subject,
    /// As it is called in the log.
    name: String,
    path: String,
    namespaced: bool,
    queue: Queue,
    pulse: Arc<Pulse>,
    /// Lists that may be under way at once.
    lists: Arc<Semaphore>,
    /// Where the next watch goes on; `None`: a list comes first.
    revision: Option<String>,
    /// The next list is a streaming one.
    streams: bool,
    /// Something came of the last request.
    progress: bool,
    /// When a list was complete last; `None`: nothing is known.
    listed: Option<Instant>,
}

enum Stop {
    Ended,
    Trouble(Trouble),
}

impl From<Ended> for Stop {
    fn from(_: Ended) -> Self {
        Self::Ended
    }
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// What a list says of itself, or a bookmark.
#[derive(Deserialize)]
struct Envelope {
    metadata: EnvelopeMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeMetadata {
    #[serde(default)]
    resource_version: String,
    #[serde(default, rename = "continue")]
    token: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// The annotation of the bookmark that ends the list in a watch
/// (`k8s.io/apimachinery/pkg/apis/meta/v1`, `InitialEventsAnnotationKey`).
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

impl Follower {
    /// A follower that begins with a list.
    #[must_use]
    pub fn new(
        client: kube::Client,
        kind: Watched,
        queue: Queue,
        health: &Health,
        lists: Arc<Semaphore>,
    ) -> Self {
        let row = kind.row();
        let mut path = root(row.group, row.version, row.plural);
        if !row.fields.is_empty() {
            add_parameter(&mut path, "fieldSelector", row.fields);
        }
        let (pulse, namespaced) = (health.pulse(kind), row.namespaced);
        let (subject, name) = (Subject::Kind(kind), row.plural.to_owned());
        Self::of(client, Followed { subject, name, path, namespaced }, queue, pulse, lists)
    }

    /// The same of any kind.
    #[must_use]
    pub fn of(
        client: kube::Client,
        followed: Followed,
        queue: Queue,
        pulse: Arc<Pulse>,
        lists: Arc<Semaphore>,
    ) -> Self {
        let Followed { subject, name, path, namespaced } = followed;
        Self {
            client,
            subject,
            name,
            path,
            namespaced,
            queue,
            pulse,
            lists,
            revision: None,
            streams: true,
            progress: false,
            listed: None,
        }
    }

    /// Follows until nobody reads the queue any longer.
    pub async fn run(mut self) {
        let mut backoff = Backoff::default();
        loop {
            let begin = Instant::now();
            self.progress = false;
            let outcome = match (&self.revision, self.streams) {
                (Some(revision), _) => self.watch(Some(revision.clone())).await,
                (None, true) => self.watch(None).await,
                (None, false) => self.list().await,
            };
            if self.progress || (outcome.is_ok() && begin.elapsed() >= STEADY) {
                backoff.reset();
            }
            let pause = match outcome {
                Ok(()) if self.progress => Duration::ZERO,
                Ok(()) => backoff.pause(),
                Err(Stop::Ended) => return,
                Err(Stop::Trouble(trouble)) => match self.after(trouble, &mut backoff).await {
                    Ok(pause) => pause,
                    Err(Ended) => return,
                },
            };
            sleep(pause).await;
        }
    }

    /// How long to wait after this, and what to try then.
    async fn after(&mut self, trouble: Trouble, backoff: &mut Backoff) -> Result<Duration, Ended> {
        let kind = self.name.as_str();
        Ok(match trouble {
            Trouble::Expired => {
                tracing::info!(kind, "the watch lost track; listing anew");
                self.begin_anew();
                let since = self.listed.map(|listed| listed.elapsed());
                let soon = since.is_some_and(|since| since < APART);
                backoff.pause().max(if soon { spread(APART) } else { Duration::ZERO })
            }
            Trouble::Refused(error) => {
                tracing::warn!(kind, error, "not served or not allowed; check the webhook's role");
                let pause = backoff.pause();
                // An API server that was just started refuses everybody until it has read the roles.
                if self.listed.is_none() || backoff.failures >= PATIENCE {
                    self.begin_anew();
                    self.listed = None;
                    self.queue.send(Seen::Unknown(self.subject.clone())).await?;
                    let may_go = match &self.subject {
                        Subject::Custom(_) | Subject::Group(_) => true,
                        Subject::Kind(kind) => kind.is_optional(),
                    };
                    if may_go {
                        // It may be gone: whoever found out how it is asked for does so again.
                        return Err(Ended);
                    }
                }
                pause
            }
            Trouble::Unsupported(error) if self.revision.is_none() && self.streams => {
                tracing::debug!(kind, error, "no streaming lists; listing by pages");
                self.streams = false;
                Duration::ZERO
            }
            Trouble::Unsupported(error) | Trouble::Failed(error) => {
                let pause = backoff.pause();
                tracing::warn!(kind, error, "the watch failed");
                if backoff.failures >= PATIENCE {
                    self.begin_anew();
                    self.streams = backoff.failures.is_multiple_of(2);
                }
                pause
            }
            Trouble::Lost(error) => {
                tracing::info!(kind, error, "the connection of the watch was lost");
                if self.revision.is_none() && backoff.failures > 0 {
                    // Some servers accept a streaming list and never end it.
                    self.streams = !self.streams;
                }
                backoff.pause()
            }
        })
    }

    fn begin_anew(&mut self) {
        self.revision = None;
        self.streams = true;
    }

    /// Watches from this revision on, or from the beginning with a streaming list.
    async fn watch(&mut self, revision: Option<String>) -> Result<(), Stop> {
        let mut path = self.path.clone();
        add_parameter(&mut path, "watch", "true");
        add_parameter(&mut path, "allowWatchBookmarks", "true");
        // A list may take its time.
        let longest = if revision.is_some() { WATCH } else { 2 * WATCH };
        add_parameter(&mut path, "timeoutSeconds", &spread(longest).as_secs().to_string());
        match &revision {
            Some(revision) => {
                add_parameter(&mut path, "resourceVersion", revision);
                let stream = Stream::new(ask(&self.client, &path, ANSWER).await?);
                self.contact(Instant::now());
                self.pulse.resumes.add();
                self.events(stream).await
            }
            None => {
                add_parameter(&mut path, "sendInitialEvents", "true");
                add_parameter(&mut path, "resourceVersionMatch", "NotOlderThan");
                let permit = Arc::clone(&self.lists).acquire_owned().await.map_err(|_| Ended)?;
                let begin = Instant::now();
                let mut stream = Stream::new(ask(&self.client, &path, ANSWER).await?);
                self.queue.send(Seen::List(self.subject.clone())).await?;
                let revision = self.initial_events(&mut stream).await?;
                self.listed(revision, begin).await?;
                drop(permit);
                self.events(stream).await
            }
        }
    }

    /// Reads a streaming list up to the bookmark that ends it, which holds its revision.
    async fn initial_events(&mut self, stream: &mut Stream) -> Result<String, Stop> {
        loop {
            let Some(piece) = stream.next(ANSWER).await? else {
                return Err(lost("the list ended too early").into());
            };
            let (happened, object) = self.happened(&piece)?;
            match happened {
                Happened::Put | Happened::Gone => self.tell(happened, object, &piece).await?,
                Happened::Error => return Err(Status::of(object).trouble().into()),
                Happened::Bookmark => {
                    if let Ok(Envelope { metadata }) = serde_json::from_slice(object)
                        && metadata.annotations.contains_key(INITIAL_EVENTS_END)
                        && !metadata.resource_version.is_empty()
                    {
                        return Ok(metadata.resource_version);
                    }
                }
            }
        }
    }

    /// Reads a watch to its end.
    async fn events(&mut self, mut stream: Stream) -> Result<(), Stop> {
        while let Some(piece) = stream.next(QUIET).await? {
            let (happened, object) = self.happened(&piece)?;
            let head = Head::of(object, self.namespaced);
            match happened {
                Happened::Error => return Err(Status::of(object).trouble().into()),
                Happened::Bookmark => self.contact(Instant::now()),
                Happened::Put | Happened::Gone => {
                    self.tell(happened, object, &piece).await?;
                    self.pulse.event();
                }
            }
            self.progress = true;
            if !head.revision.is_empty() {
                self.revision = Some(head.revision);
            }
        }
        Ok(())
    }

    /// Lists by pages. What was told of a list that broke off is told again by the next one.
    async fn list(&mut self) -> Result<(), Stop> {
        let _permit = Arc::clone(&self.lists).acquire_owned().await.map_err(|_| Ended)?;
        let (mut limit, mut token, mut begin) = (PAGE, String::new(), Instant::now());
        self.queue.send(Seen::List(self.subject.clone())).await?;
        loop {
            match self.page(limit, &token).await {
                Ok(Envelope { metadata }) if metadata.token.is_empty() => {
                    if metadata.resource_version.is_empty() {
                        return Err(Trouble::Failed("a list without a revision".to_owned()).into());
                    }
                    return self.listed(metadata.resource_version, begin).await;
                }
                Ok(Envelope { metadata }) => token = metadata.token,
                // It takes longer than the server remembers. All at once, then.
                Err(Stop::Trouble(Trouble::Expired)) if !token.is_empty() => {
                    (limit, token, begin) = (0, String::new(), Instant::now());
                    self.queue.send(Seen::List(self.subject.clone())).await?;
                }
                Err(stop) => return Err(stop),
            }
        }
    }

    async fn page(&mut self, limit: usize, token: &str) -> Result<Envelope, Stop> {
        let mut path = self.path.clone();
        if limit > 0 {
            add_parameter(&mut path, "limit", &limit.to_string());
        }
        if !token.is_empty() {
            add_parameter(&mut path, "continue", token);
        }
        let mut body = ask(&self.client, &path, ANSWER).await?;
        let mut items = Items::new(OBJECT_LIMIT);
        let mut found = Vec::new();
        while let Some(bytes) = next(&mut body, ANSWER).await? {
            items.push(&bytes, &mut found);
            for piece in found.drain(..) {
                let object = match &piece {
                    Piece::Whole(bytes) | Piece::Cut(bytes) => bytes,
                };
                self.tell(Happened::Put, object, &piece).await?;
            }
        }
        let envelope = items.envelope().and_then(|bytes| serde_json::from_slice(bytes).ok());
        Ok(envelope.ok_or_else(|| lost("a list that was cut off"))?)
    }

    /// A list was told as a whole; it holds what was true at `begin`, and later changes perhaps.
    async fn listed(&mut self, revision: String, begin: Instant) -> Result<(), Stop> {
        self.queue.send(Seen::Listed(self.subject.clone())).await?;
        self.contact(begin);
        self.pulse.lists.add();
        self.revision = Some(revision);
        self.progress = true;
        self.listed = Some(Instant::now());
        Ok(())
    }

    fn contact(&self, moment: Instant) {
        self.pulse.contact(moment);
    }

    /// What a line says. One that says nothing may have been an event, and of what is not known:
    /// the watch goes on from the last revision, where it is sent again.
    fn happened<'p>(&self, piece: &'p Piece) -> Result<(Happened, &'p [u8]), Stop> {
        let event = match piece {
            Piece::Whole(line) => event(line),
            Piece::Cut(line) => cut_event(line)
                .filter(|(_, object)| !Head::of(object, self.namespaced).name.is_empty()),
        };
        event.ok_or_else(|| {
            self.count_broken();
            Trouble::Failed("a line that is no event".to_owned()).into()
        })
    }

    fn count_broken(&self) {
        self.pulse.broken.add();
    }

    /// Passes on what happened to an object; `piece` holds its bytes.
    async fn tell(&self, happened: Happened, object: &[u8], piece: &Piece) -> Result<(), Stop> {
        let kind = self.subject.clone();
        let whole = matches!(piece, Piece::Whole(_));
        let seen = if happened == Happened::Put && whole {
            Seen::Put(kind, bytes_of(object, piece))
        } else {
            let Head { namespace, name, .. } = Head::of(object, self.namespaced);
            if happened == Happened::Gone {
                Seen::Gone(kind, namespace, name)
            } else {
                self.count_broken();
                let kind = self.name.as_str();
                tracing::warn!(kind, namespace, name, limit = OBJECT_LIMIT, "too large an object");
                Seen::Unreadable(self.subject.clone(), namespace, name)
            }
        };
        Ok(self.queue.send(seen).await?)
    }
}

/// The object's bytes, without a copy.
fn bytes_of(object: &[u8], piece: &Piece) -> Bytes {
    match piece {
        Piece::Whole(bytes) | Piece::Cut(bytes) => bytes.slice_ref(object),
    }
}

fn lost(what: &str) -> Trouble {
    Trouble::Lost(what.to_owned())
}

/// The lines of a watch.
struct Stream {
    body: Body,
    lines: Lines,
    found: Vec<Piece>,
    read: std::vec::IntoIter<Piece>,
}

impl Stream {
    fn new(body: Body) -> Self {
        let lines = Lines::new(OBJECT_LIMIT);
        Self { body, lines, found: Vec::new(), read: Vec::new().into_iter() }
    }

    /// The next line; `None` at the end. A line that was cut off by the end is left out.
    async fn next(&mut self, within: Duration) -> Result<Option<Piece>, Trouble> {
        loop {
            if let Some(piece) = self.read.next() {
                return Ok(Some(piece));
            }
            let Some(bytes) = next(&mut self.body, within).await? else { return Ok(None) };
            self.lines.push(&bytes, &mut self.found);
            self.read = std::mem::take(&mut self.found).into_iter();
        }
    }
}

/// The path of all objects of a kind.
#[must_use]
pub fn root(group: &str, version: &str, plural: &str) -> String {
    if group.is_empty() {
        format!("/api/{version}/{plural}")
    } else {
        format!("/apis/{group}/{version}/{plural}")
    }
}
