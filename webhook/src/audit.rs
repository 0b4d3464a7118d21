//! The audit of the cluster: one replica looks again and again at what events touched, and tells
//! what does not hold as metrics and Events.
//!
//! A look reads one copy of the index, on a thread of its own; neither the writer nor reviews do
//! anything for it but note what was touched. Nothing is written into the cluster but Events, and
//! evictions if they were asked for.

pub mod events;
pub mod evict;
mod tokens;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use placecard_policies::audit::live::{Auditor, Look};
use placecard_policies::language::checked::Words;
use placecard_policies::live::{Live, WATCHED, Watched};
use placecard_policies::surroundings::ServerVersion;
use tokio::time::{Instant, sleep};

use crate::audit::events::Events;
use crate::audit::evict::{Evict, Evictor};
use crate::leader::Leader;
use crate::serve::App;
use crate::watch::Watches;

/// The controller that reports, in our group.
const CONTROLLER: &str = "audit";

/// Longest time in which the writer hands over what was touched.
const HAND_OVER: Duration = Duration::from_secs(10);

/// What the audit rests on: without these nothing is told.
const BASIS: [Watched; 3] = [Watched::Node, Watched::Pod, Watched::Namespace];

/// How the cluster is audited.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The least time between two looks.
    pub every: Duration,
    /// The least time between two Events about the same.
    pub repeat: Duration,
    /// Whether pods are evicted.
    pub evict: Evict,
    /// How many pods are evicted in a minute.
    pub per_minute: u32,
}

/// What was looked at last, to see whether anything has changed.
struct Mark {
    events: u64,
    words: Arc<Words>,
}

/// Looks as long as this replica is the leader.
pub async fn run(
    app: Arc<App>,
    client: kube::Client,
    leader: Leader,
    identity: String,
    settings: Settings,
) {
    let mut audit = Audit {
        app,
        leader,
        auditor: None,
        mark: None,
        events: Events::new(client.clone(), CONTROLLER, identity, settings.repeat),
        evictor: Evictor::new(client, settings.evict, settings.per_minute),
    };
    loop {
        sleep(settings.every).await;
        audit.turn().await;
    }
}

struct Audit {
    app: Arc<App>,
    leader: Leader,
    auditor: Option<Auditor>,
    mark: Option<Mark>,
    events: Events,
    evictor: Evictor,
}

impl Audit {
    async fn turn(&mut self) {
        let app = Arc::clone(&self.app);
        let Some(watches) = app.source.watches() else { return };
        let held = self.leader.held();
        app.metrics.audit.leads(held);
        if !held {
            if self.auditor.take().is_some() {
                self.mark = None;
                app.metrics.audit.forget();
                watches.edit(Live::stop_handing_over, Instant::now() + HAND_OVER).await;
            }
            return;
        }
        let words = app.words();
        let Some(words) = words else { return };
        if watches.trusted(&BASIS).is_none() {
            app.metrics.audit.stale();
            return;
        }
        let mark = Mark { events: changes(watches), words: Arc::clone(&words) };
        let same =
            |last: &Mark| last.events == mark.events && Arc::ptr_eq(&last.words, &mark.words);
        if self.mark.as_ref().is_some_and(same) && !self.evictor.is_on() {
            app.metrics.audit.nothing_new((app.clock)());
            return;
        }
        let Some((look, duration)) = self.look(watches, &words).await else { return };
        self.mark = Some(mark);
        app.metrics.audit.looked(&look, duration, (app.clock)());
        if look.looked_at > 0 {
            tracing::debug!(
                looked_at = look.looked_at,
                remarks = look.remarks.len(),
                milliseconds = duration.as_millis(),
                "audited"
            );
        }
        self.events.tell(watches, &look.remarks, &app.metrics.audit, app.clock).await;
        if self.evictor.is_on() {
            let (leader, events) = (&self.leader, &mut self.events);
            self.evictor.turn(&app, watches, &look, leader, events).await;
        }
    }

    /// One look, on a thread of its own.
    async fn look(&mut self, watches: &Watches, words: &Arc<Words>) -> Option<(Look, Duration)> {
        if !watches.edit(Live::hand_over, Instant::now() + HAND_OVER).await {
            return None;
        }
        let auditor = self.auditor.take();
        let (live, words) = (watches.trusted(&BASIS)?, Arc::clone(words));
        let server = server(&self.app);
        let begin = Instant::now();
        let looking = tokio::task::spawn_blocking(move || {
            let mut auditor = auditor.unwrap_or_else(|| Auditor::new(&live));
            let look = auditor.look(&live, &words, server);
            drop(live);
            (auditor, look)
        });
        match looking.await {
            Ok((auditor, look)) => {
                self.auditor = Some(auditor);
                Some((look?, begin.elapsed()))
            }
            Err(error) => {
                tracing::error!(%error, "the audit broke off; the next one looks at everything");
                None
            }
        }
    }
}

fn server(app: &App) -> ServerVersion {
    match app.readiness.server() {
        Some(server) if !app.server_is_given => server,
        _ => app.surroundings.server,
    }
}

/// Counts what the watches saw: events, and lists.
fn changes(watches: &Watches) -> u64 {
    let health = watches.health();
    let each = WATCHED.into_iter().filter(|kind| *kind != Watched::Lease);
    let each = each.filter_map(|kind| health.of(kind));
    let leases = health.of(Watched::Lease).map_or(0, |one| one.lists.get());
    each.map(|one| one.events.get() + one.lists.get() + one.broken.get()).sum::<u64>() + leases
}

/// The time of a look, for metrics.
pub(crate) fn seconds(moment: SystemTime) -> f64 {
    moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
