//! How the watches are doing: what readiness, the metrics and the trust in the index rest on.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use placecard_policies::live::{WATCHED, Watched};
use tokio::time::Instant;

/// The watches, each by itself.
#[derive(Debug)]
pub struct Health {
    start: Instant,
    stale_after: Duration,
    kinds: Vec<KindHealth>,
    nodes_changed: Moment,
}

/// The watch of a kind of the table.
#[derive(Debug)]
pub struct KindHealth {
    /// What is watched.
    pub kind: Watched,
    pulse: Arc<Pulse>,
}

impl Deref for KindHealth {
    type Target = Pulse;

    fn deref(&self) -> &Pulse {
        &self.pulse
    }
}

/// One watch.
#[derive(Debug)]
pub struct Pulse {
    start: Instant,
    /// Events that arrived, items of lists not counted.
    pub events: Count,
    /// Lists that were read to the end, the first one too.
    pub lists: Count,
    /// Watches that went on where the one before had ended.
    pub resumes: Count,
    /// Objects and lines that could not be read.
    pub broken: Count,
    /// Its objects are in the index, or it is known that they cannot be.
    settled: AtomicBool,
    /// It is not served, or may not be read.
    refused: AtomicBool,
    /// Moments, see [`Moment`].
    contact: Moment,
    event: Moment,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Milliseconds since the start and one more; 0 is never.
#[derive(Debug, Default)]
struct Moment(AtomicU64);

impl Moment {
    fn set(&self, start: Instant, moment: Instant) {
        let since = moment.saturating_duration_since(start).as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX).saturating_add(1);
        self.0.fetch_max(since, Ordering::Relaxed);
    }

    /// How long ago it was; `None`: never.
    fn age(&self, start: Instant, now: Instant) -> Option<Duration> {
        let set = self.0.load(Ordering::Relaxed).checked_sub(1)?;
        Some(now.saturating_duration_since(start + Duration::from_millis(set)))
    }
}

/// How a watch is doing now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The first list is not complete.
    Starting,
    /// Listed and watched, with the time since it was last known to be up to date.
    Synced(Duration),
    /// Not served or not allowed.
    Refused,
}

impl Pulse {
    /// A watch that is about to start.
    #[must_use]
    pub fn new(start: Instant) -> Self {
        Self {
            start,
            events: Count::default(),
            lists: Count::default(),
            resumes: Count::default(),
            broken: Count::default(),
            settled: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            contact: Moment::default(),
            event: Moment::default(),
        }
    }

    /// The index held the truth of this moment.
    pub fn contact(&self, moment: Instant) {
        self.contact.set(self.start, moment);
    }

    /// An event arrived just now.
    pub fn event(&self) {
        let now = Instant::now();
        self.events.add();
        self.event.set(self.start, now);
        self.contact.set(self.start, now);
    }

    /// Time since the index was last known to hold the truth; `None`: never.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.contact.age(self.start, Instant::now())
    }
}

impl Health {
    /// The watch of a kind, for who makes it.
    #[must_use]
    pub fn pulse(&self, kind: Watched) -> Arc<Pulse> {
        let known = self.of(kind).map(|health| Arc::clone(&health.pulse));
        known.unwrap_or_else(|| Arc::new(Pulse::new(self.start)))
    }

    /// How long an index is trusted that nothing confirms.
    #[must_use]
    pub const fn stale_after(&self) -> Duration {
        self.stale_after
    }

    /// Watches that are about to start. An index that was not confirmed for longer than
    /// `stale_after` is not trusted.
    #[must_use]
    pub fn new(stale_after: Duration) -> Self {
        let start = Instant::now();
        let pulse = || Arc::new(Pulse::new(start));
        let kinds = WATCHED.into_iter().map(|kind| KindHealth { kind, pulse: pulse() });
        Self { start, stale_after, kinds: kinds.collect(), nodes_changed: Moment::default() }
    }

    /// All watches, in the order of the table.
    #[must_use]
    pub fn kinds(&self) -> &[KindHealth] {
        &self.kinds
    }

    /// One watch.
    #[must_use]
    pub fn of(&self, kind: Watched) -> Option<&KindHealth> {
        self.kinds.iter().find(|health| health.kind == kind)
    }

    /// How one watch is doing.
    #[must_use]
    pub fn standing(&self, kind: Watched) -> Standing {
        let Some(health) = self.of(kind) else { return Standing::Refused };
        if !health.settled.load(Ordering::Acquire) {
            Standing::Starting
        } else if health.refused.load(Ordering::Acquire) {
            Standing::Refused
        } else {
            let age = health.contact.age(self.start, Instant::now());
            age.map_or(Standing::Starting, Standing::Synced)
        }
    }

    /// The index held the truth of this moment.
    pub fn contact(&self, kind: Watched, moment: Instant) {
        if let Some(health) = self.of(kind) {
            health.pulse.contact(moment);
        }
    }

    /// An event arrived just now.
    pub fn event(&self, kind: Watched) {
        if let Some(health) = self.of(kind) {
            health.pulse.event();
        }
    }

    /// A node came, went, or became another kind of node, just now.
    pub fn nodes_changed(&self) {
        self.nodes_changed.set(self.start, Instant::now());
    }

    /// Time since the last such change; `None`: no node was seen yet.
    #[must_use]
    pub fn nodes_quiet_for(&self) -> Option<Duration> {
        self.nodes_changed.age(self.start, Instant::now())
    }

    /// A list is in the index as a whole.
    pub fn synced(&self, kind: Watched) {
        self.settle(kind, false);
    }

    /// The kind is not served, or may not be read.
    pub fn refused(&self, kind: Watched) {
        self.settle(kind, true);
    }

    fn settle(&self, kind: Watched, refused: bool) {
        if let Some(health) = self.of(kind) {
            health.refused.store(refused, Ordering::Release);
            health.settled.store(true, Ordering::Release);
        }
    }

    /// Time since the last event of a kind; `None`: there was none.
    #[must_use]
    pub fn event_age(&self, kind: Watched) -> Option<Duration> {
        self.of(kind)?.event.age(self.start, Instant::now())
    }

    /// The kinds whose first list is not complete, as `kubectl get` calls them.
    #[must_use]
    pub fn starting(&self) -> Vec<&'static str> {
        let starting = self.kinds.iter().filter(|health| !health.settled.load(Ordering::Acquire));
        starting.map(|health| health.kind.row().plural).collect()
    }

    /// The age of the index: of the watch that was confirmed least lately. `None`: it is not
    /// complete yet.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        let mut oldest = Duration::ZERO;
        for health in &self.kinds {
            match self.standing(health.kind) {
                Standing::Starting => return None,
                Standing::Refused => {}
                Standing::Synced(age) => oldest = oldest.max(age),
            }
        }
        Some(oldest)
    }

    /// Whether the index is complete and not too old.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.age().is_some_and(|age| age <= self.stale_after)
    }

    /// Whether what the index says about this kind is not too old. Of what is not served or not
    /// allowed it says that it does not know, and that does not grow old.
    #[must_use]
    pub fn trusts(&self, kind: Watched) -> bool {
        match self.standing(kind) {
            Standing::Starting => false,
            Standing::Synced(age) => age <= self.stale_after,
            Standing::Refused => true,
        }
    }

    /// The time since one watch was known to be up to date; `None`: it is not listed.
    #[must_use]
    pub fn age_of(&self, kind: Watched) -> Option<Duration> {
        match self.standing(kind) {
            Standing::Synced(age) => Some(age),
            Standing::Starting | Standing::Refused => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_watch_grows_old_by_itself() {
        let health = Health::new(Duration::from_secs(300));
        assert!(!health.trusts(Watched::Node), "nothing is listed");
        for kind in WATCHED {
            health.contact(kind, Instant::now());
            health.synced(kind);
        }
        health.refused(Watched::Lease);
        assert!(health.is_trusted() && WATCHED.into_iter().all(|kind| health.trusts(kind)));
        tokio::time::advance(Duration::from_secs(301)).await;
        health.event(Watched::Node);
        assert!(health.trusts(Watched::Node), "it was confirmed just now");
        assert!(health.trusts(Watched::Lease), "that nothing is known does not grow old");
        assert!(!health.trusts(Watched::Pod) && !health.is_trusted());
        assert_eq!(health.age_of(Watched::Node), Some(Duration::ZERO));
        assert_eq!(health.age_of(Watched::Lease), None);
        assert!(health.age_of(Watched::Pod) > Some(Duration::from_secs(300)));
    }
}
