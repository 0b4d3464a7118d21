//! Which replica acts where only one may.
//!
//! A Lease says who, by the rules of client-go (`tools/leaderelection/leaderelection.go`): whoever
//! holds it renews it, and another one takes it once it has seen no renewal for as long as the Lease
//! lasts, by its own clock. Times that others wrote are compared with nothing but what was seen
//! before, so clocks may differ.
//!
//! The holder stops before others may begin: [`Leader::held`] is false [`DEADLINE`] after the last
//! renewal was sent, and others wait for [`DURATION`] after they saw it. A process that was stopped
//! for a while may find its monotonic clock stopped too; so the wall clock has to agree.
//!
//! What is done by the time of day (certificates that are made, batches that time out) is done by the
//! holder alone. So a replica whose clock is far from the API server's holds nothing, and one whose
//! clock jumps holds nothing before it has asked the API server again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::moment;
use crate::watch::backoff::spread;
use crate::write::{Reply, write};

/// So long a Lease lasts for others after they saw it renewed.
pub const DURATION: Duration = Duration::from_secs(15);

/// So long after a renewal was sent its holder acts on it.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Between two attempts to take or renew it.
const RETRY: Duration = Duration::from_secs(2);

/// Longest time that one request may take.
const ANSWER: Duration = Duration::from_secs(5);

/// A replica leads if its clock and the API server's are not further apart: as much earlier than they
/// are made certificates begin.
pub const APART: Duration = Duration::from_secs(300);

/// The wall clock.
pub type Wall = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Where the Lease is kept.
pub trait Store: Send + Sync + 'static {
    /// The Lease as it is now; `None`: there is none.
    fn get(&self) -> impl Future<Output = Result<Option<Value>, String>> + Send;

    /// Creates it, or replaces the version that it names; `None`: somebody else was faster.
    fn put(&self, lease: Value) -> impl Future<Output = Result<Option<Value>, String>> + Send;

    /// What the clock of whoever keeps it said with the last answer; `None`: it does not say.
    fn date(&self) -> Option<SystemTime> {
        None
    }
}

/// A Lease of the API server.
pub struct Kept {
    client: kube::Client,
    namespace: String,
    name: String,
    date: Mutex<Option<SystemTime>>,
}

impl Kept {
    /// The Lease of this name.
    #[must_use]
    pub fn new(client: kube::Client, namespace: &str, name: &str) -> Self {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        Self { client, namespace, name, date: Mutex::new(None) }
    }

    fn all(&self) -> String {
        format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases", self.namespace)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, String> {
        let reply = write(&self.client, method, path, body, ANSWER).await?;
        *self.date.lock().unwrap_or_else(PoisonError::into_inner) = reply.date;
        Ok(reply)
    }
}

impl Store for Kept {
    async fn get(&self) -> Result<Option<Value>, String> {
        let path = format!("{}/{}", self.all(), self.name);
        match self.send(Method::GET, &path, None).await? {
            reply if reply.is_done() => Ok(Some(reply.body)),
            reply if reply.code == 404 => Ok(None),
            reply => Err(reply.told()),
        }
    }

    async fn put(&self, mut lease: Value) -> Result<Option<Value>, String> {
        lease["apiVersion"] = json!("coordination.k8s.io/v1");
        lease["kind"] = json!("Lease");
        lease["metadata"]["name"] = json!(self.name);
        lease["metadata"]["namespace"] = json!(self.namespace);
        let reply = if lease.pointer("/metadata/resourceVersion").is_some() {
            let path = format!("{}/{}", self.all(), self.name);
            self.send(Method::PUT, &path, Some(&lease)).await?
        } else {
            self.send(Method::POST, &self.all(), Some(&lease)).await?
        };
        match reply {
            reply if reply.is_done() => Ok(Some(reply.body)),
            reply if reply.code == 409 => Ok(None),
            reply => Err(reply.told()),
        }
    }

    fn date(&self) -> Option<SystemTime> {
        *self.date.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether this replica is the one that acts.
#[derive(Clone)]
pub struct Leader {
    shared: Arc<Shared>,
    watch: watch::Receiver<bool>,
}

struct Shared {
    /// When a renewal by whomever was seen last, and how long it counts.
    heard: Mutex<Option<(Instant, Duration)>>,
    /// When the last renewal that was kept was sent, by both clocks.
    renewed: Mutex<Option<(Instant, SystemTime)>>,
    wall: Wall,
}

impl Shared {
    fn set(&self, renewed: Option<(Instant, SystemTime)>) {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = renewed;
    }

    fn hear(&self, lasts: Duration) {
        let now = Some((Instant::now(), lasts));
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    fn is_alive(&self) -> bool {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.is_some_and(|(at, lasts)| at.elapsed() < lasts)
    }

    fn held(&self) -> bool {
        let renewed = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        renewed.is_some_and(|(at, wall)| {
            // A clock that jumped, either way, says nothing about how much time went by.
            at.elapsed() < DEADLINE && apart((self.wall)(), wall) < DEADLINE
        })
    }
}

fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other).unwrap_or_else(|before| before.duration())
}

impl Leader {
    /// Tries to be the one from now on, as `identity`, which no other process may have; it ends with
    /// the runtime that it is started on.
    #[must_use]
    pub fn run(store: impl Store, identity: String, wall: Wall) -> Self {
        let shared = Arc::new(Shared { heard: Mutex::new(None), renewed: Mutex::new(None), wall });
        let (sender, watch) = watch::channel(false);
        let (seen, is_astray) = (None, false);
        let candidate =
            Candidate { store, identity, seen, is_astray, shared: Arc::clone(&shared), sender };
        tokio::spawn(candidate.run());
        Self { shared, watch }
    }

    /// Whether this replica may act, at this moment.
    #[must_use]
    pub fn held(&self) -> bool {
        self.shared.held()
    }

    /// Whether some replica acts: the Lease was renewed while this one looked, so lately that it
    /// still lasts. A Lease that was left behind says nothing.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.shared.is_alive()
    }

    /// Tells when that changes, at most some seconds late; whoever acts asks [`Self::held`] before
    /// each act.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.watch.clone()
    }
}

/// What was seen of the Lease last, and when.
struct Seen {
    holder: String,
    renewed: String,
    at: Instant,
}

struct Candidate<S> {
    store: S,
    identity: String,
    seen: Option<Seen>,
    /// Its clock and that of the API server are apart.
    is_astray: bool,
    shared: Arc<Shared>,
    sender: watch::Sender<bool>,
}

impl<S: Store> Candidate<S> {
    async fn run(mut self) {
        loop {
            let begin = (Instant::now(), (self.shared.wall)());
            match self.attempt().await {
                Ok(true) => self.shared.set(Some(begin)),
                Ok(false) => self.shared.set(None),
                // Until the deadline nobody else can have it.
                Err(error) => tracing::warn!(error, "the lease of the leader was not renewed"),
            }
            let held = self.shared.held();
            let changed =
                self.sender.send_if_modified(|known| std::mem::replace(known, held) != held);
            if changed {
                tracing::info!(identity = self.identity, leader = held, "leadership changed");
            }
            if self.sender.is_closed() {
                return;
            }
            sleep(spread(RETRY)).await;
        }
    }

    /// Takes or renews the Lease; `false`: somebody else has it.
    async fn attempt(&mut self) -> Result<bool, String> {
        let found = self.store.get().await?;
        let text = |pointer: &str| {
            let text = found.as_ref().and_then(|lease| lease.pointer(pointer)?.as_str());
            text.unwrap_or_default().to_owned()
        };
        let (holder, renewed) = (text("/spec/holderIdentity"), text("/spec/renewTime"));
        let lasts = found
            .as_ref()
            .and_then(|lease| lease.pointer("/spec/leaseDurationSeconds").and_then(Value::as_u64));
        let lasts = lasts.map_or(DURATION, Duration::from_secs);
        let mine = holder == self.identity;
        let known = self.seen.as_ref();
        if known.is_none_or(|seen| seen.holder != holder || seen.renewed != renewed) {
            if known.is_some() && !holder.is_empty() {
                self.shared.hear(lasts);
            }
            let (holder, renewed) = (holder.clone(), renewed.clone());
            self.seen = Some(Seen { holder, renewed, at: Instant::now() });
        }
        let fresh = self.seen.as_ref().is_some_and(|seen| seen.at.elapsed() < lasts);
        if !mine && !holder.is_empty() && fresh {
            return Ok(false);
        }
        let wall = (self.shared.wall)();
        if self.goes_astray(wall) {
            return Ok(false);
        }
        let mut now = moment::micros(wall);
        if now == renewed {
            // Others see by the time that it was renewed, also where the clock stands still.
            now = moment::micros(wall.max(UNIX_EPOCH) + Duration::from_micros(1));
        }
        let mut lease = found.unwrap_or_else(|| json!({"metadata": {}, "spec": {}}));
        let spec = &mut lease["spec"];
        let transitions = spec["leaseTransitions"].as_u64().unwrap_or_default();
        if !mine {
            spec["acquireTime"] = json!(now);
            spec["leaseTransitions"] = json!(transitions + u64::from(!holder.is_empty()));
        }
        spec["holderIdentity"] = json!(self.identity);
        spec["leaseDurationSeconds"] = json!(DURATION.as_secs());
        spec["renewTime"] = json!(now);
        let kept = self.store.put(lease).await?;
        if kept.is_some() {
            self.shared.hear(DURATION);
            self.seen =
                Some(Seen { holder: self.identity.clone(), renewed: now, at: Instant::now() });
        }
        Ok(kept.is_some())
    }

    /// Whether the clocks are too far apart to lead by this one.
    fn goes_astray(&mut self, wall: SystemTime) -> bool {
        let apart = self.store.date().map(|date| apart(wall, date)).unwrap_or_default();
        let is_astray = apart > APART;
        if is_astray && !self.is_astray {
            tracing::error!(
                seconds = apart.as_secs(),
                "the clocks of this replica and of the API server are apart; it leads nothing until they agree"
            );
        }
        self.is_astray = is_astray;
        is_astray
    }
}

#[cfg(test)]
mod tests;
