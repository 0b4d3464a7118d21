//! The controller of role coordinations: one replica lets pods of gated batches go, whole batches at
//! once, each to a domain with room for all of it.
//!
//! It remembers nothing that matters: all state is on pods and coordinations, so after a restart, or
//! in another replica, it goes on where things stand. What it did to pods counts until the watch
//! shows it. A turn reads one copy of the index, on a thread of its own, and only when something has
//! changed.
//!
//! 1. `patch`: what is done to one pod.
//! 2. `status`: the status of RoleCoordinations.
//! 3. `rollout`: the partitions of StatefulSets whose rollouts keep pace.
//! 4. `tell`: Events and metrics.
//! 5. `pod_groups`: the scheduler's own groups, where batches are placed by those.

pub mod patch;
mod pod_groups;
mod rollout;
mod status;
mod tell;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use placecard_policies::coordination::gather::{Case, Done, Gathered, Orphan, gather};
use placecard_policies::coordination::rollouts::{Held, Rolled, gather_rollouts, left_over};
use placecard_policies::coordination::step::{BatchState, Step, reserve, step};
use placecard_policies::language::checked::Words;
use placecard_policies::language::coordination::Source;
use placecard_policies::live::groups::GroupKind;
use placecard_policies::live::{Live, Watched};
use tokio::time::{Instant, sleep};

use crate::audit::events::Events;
use crate::coordinate::patch::{Outcome, act};
pub use crate::coordinate::pod_groups::Served;
use crate::coordinate::pod_groups::{Keeper, Refused};
use crate::coordinate::rollout::Refusals;
use crate::coordinate::status::Statuses;
use crate::leader::Leader;
use crate::serve::App;
use crate::watch::Watches;
use crate::watch::backoff::Backoff;

/// The controller that reports, in our group.
const CONTROLLER: &str = "coordination";

/// What decisions rest on: without these nothing is done.
const BASIS: [Watched; 6] = [
    Watched::Node,
    Watched::Pod,
    Watched::Namespace,
    Watched::StatefulSet,
    Watched::Deployment,
    Watched::RoleCoordination,
];

/// Deciding takes at most about one part in so many of the time, and pauses are no longer than this.
const SHARE: u32 = 8;
const LONGEST_REST: Duration = Duration::from_secs(5);

/// A moment that is further away is looked at again before: it is one of the clock, which may be put
/// right meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What was done to a pod, and is not seen after this long, is looked at anew.
const FORGOTTEN: Duration = Duration::from_secs(20);

/// How coordinations are seen to.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The least time between two looks whether something has changed.
    pub every: Duration,
    /// The least time between two Events about what has not changed.
    pub repeat: Duration,
    /// The least time between two writes of the status of one coordination.
    pub status: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            every: Duration::from_millis(250),
            repeat: Duration::from_secs(900),
            status: Duration::from_secs(3),
        }
    }
}

/// Sees to coordinations as long as this replica is the leader.
pub async fn run(
    app: Arc<App>,
    client: kube::Client,
    leader: Leader,
    identity: String,
    settings: Settings,
) {
    tokio::spawn(pod_groups::look(client.clone(), Arc::clone(&app)));
    let mut coordinator = Coordinator {
        pod_groups: Keeper::new(client.clone()),
        events: Events::new(client.clone(), CONTROLLER, identity, settings.repeat),
        statuses: Statuses::new(client.clone(), settings.status),
        app,
        client,
        leader,
        done: Vec::new(),
        refusals: Refusals::default(),
        before: BTreeMap::new(),
        mark: None,
        again: None,
        rest_until: Instant::now(),
        is_blind: false,
        backoff: Backoff::default(),
    };
    loop {
        sleep(settings.every).await;
        coordinator.turn().await;
    }
}

/// What was looked at last, to see whether anything has changed.
#[derive(PartialEq, Eq)]
struct Mark {
    coordinations: u64,
    nodes: u64,
    /// All changes of the index, while some batch waits for room.
    events: Option<u64>,
}

struct Coordinator {
    app: Arc<App>,
    client: kube::Client,
    leader: Leader,
    /// What was done to pods, and when.
    done: Vec<(Done, Instant)>,
    /// Partitions that could not be set.
    refusals: Refusals,
    /// How the batches of each coordination stood after the last turn.
    before: BTreeMap<(String, String), Vec<BatchState>>,
    mark: Option<Mark>,
    /// The next turn comes then even if nothing changes.
    again: Option<Instant>,
    /// There is no turn before.
    rest_until: Instant,
    /// The index could not be gone by.
    is_blind: bool,
    backoff: Backoff,
    events: Events,
    statuses: Statuses,
    pod_groups: Keeper,
}

/// What is to be done for one coordination.
struct Decided {
    key: (String, String),
    case: Case,
    step: Step,
}

impl Coordinator {
    async fn turn(&mut self) {
        let app = Arc::clone(&self.app);
        let Some(watches) = app.source.watches() else { return };
        let held = self.leader.held();
        app.metrics.coordination.leads(held);
        if !held {
            if self.mark.take().is_some() || !self.before.is_empty() {
                self.done.clear();
                self.before.clear();
                self.refusals.clear();
                self.again = None;
                self.pod_groups.forget();
                app.metrics.coordination.forget();
            }
            return;
        }
        if Instant::now() < self.rest_until {
            return;
        }
        let words = app.words();
        let (Some(words), Some(live)) = (words, ready(watches)) else {
            app.metrics.coordination.stale();
            if !std::mem::replace(&mut self.is_blind, true) {
                tracing::warn!("nothing is coordinated: the cluster is not known, or not any more");
            }
            return;
        };
        if std::mem::take(&mut self.is_blind) {
            tracing::info!("the cluster is known: coordinating");
        }
        let waits = self.mark.as_ref().is_some_and(|mark| mark.events.is_some());
        let mark = mark(&live, waits);
        let is_due = self.again.is_some_and(|again| Instant::now() >= again);
        if self.mark.as_ref() == Some(&mark) && !is_due {
            return;
        }
        self.done.retain(|(_, at)| at.elapsed() < FORGOTTEN);
        let done: Vec<Done> = self.done.iter().map(|(done, _)| done.clone()).collect();
        let (now, begin) = (unix(&app), Instant::now());
        let deciding = tokio::task::spawn_blocking(move || decide(live, &words, &done, now));
        let Ok(looked) = deciding.await else {
            tracing::error!("a decision about batches broke off; please report it");
            self.again = Some(Instant::now() + self.backoff.pause());
            return;
        };
        let Look { decided, orphans, missing, ahead, mut rolled, left: left_over } = looked;
        self.rest_until = Instant::now() + (begin.elapsed() * SHARE).min(LONGEST_REST);
        let mut at = 0;
        self.done.retain(|_| {
            at += 1;
            ahead.contains(&(at - 1))
        });
        let waits = decided.iter().any(|one| one.waits());
        self.mark = Some(Mark { events: waits.then(|| mark.events.unwrap_or_default()), ..mark });
        let next = decided.iter().filter_map(|one| one.step.again);
        let next = next.chain(rolled.iter().filter_map(|one| one.again)).min();
        let left = next.map(|next| u64::try_from(next.saturating_sub(now)).unwrap_or(0));
        self.again = left.map(|left| Instant::now() + Duration::from_secs(left).min(LONGEST_WAIT));
        self.carry_out(&decided).await;
        let kept = self.pod_groups.keep(&app, &self.leader, &decided, &missing).await;
        if let Some(pause) = kept.again {
            self.look_again(pause);
        }
        self.roll_out(&mut rolled, &left_over).await;
        self.tell(watches, (&decided, &rolled), &orphans, &kept.refused).await;
        let keys: BTreeSet<&(String, String)> = decided.iter().map(|one| &one.key).collect();
        self.before.retain(|key, _| keys.contains(key));
        for one in decided {
            self.before.insert(one.key, one.step.batches);
        }
    }

    /// Does what was decided, as far as the API server lets it.
    async fn carry_out(&mut self, decided: &[Decided]) {
        let actions = decided.iter().flat_map(|one| {
            one.step.actions.iter().filter_map(move |action| patch::request(&one.case, action))
        });
        let actions: Vec<patch::Request> = actions.collect();
        if actions.is_empty() {
            return;
        }
        let outcomes = act(&self.client, &self.leader, actions).await;
        let mut pause = None;
        for (request, outcome) in outcomes {
            self.app.metrics.coordination.acted(&outcome);
            match outcome {
                Outcome::Done(revision) => self.done.push((request.done(revision), Instant::now())),
                Outcome::Unknown(asked) => {
                    self.done.push((request.done(None), Instant::now()));
                    pause = pause.max(Some(asked));
                }
                Outcome::Busy(asked) => pause = pause.max(Some(asked)),
                // The watch shows what has changed; a refusal that nothing changes is tried again.
                Outcome::Changed | Outcome::Refused => pause = pause.max(Some(Duration::ZERO)),
                Outcome::NotLeader => {}
            }
        }
        match pause {
            None => self.backoff.reset(),
            Some(asked) => {
                let pause = asked.max(self.backoff.pause());
                self.look_again(pause);
            }
        }
    }

    /// Sets the partitions that are to be changed, as far as the API server lets it.
    async fn roll_out(&mut self, rolled: &mut [Rolled], left: &[Held]) {
        self.refusals.add_to(rolled);
        let carried = self.refusals.carry_out(&self.client, &self.leader, rolled, left).await;
        if carried.changed || carried.busy.is_some() {
            let pause = carried.busy.unwrap_or_default().max(self.backoff.pause());
            self.look_again(pause);
        }
        if let Some(next) = self.refusals.next() {
            self.look_again(next);
        }
    }

    /// There is a turn after this time at the latest.
    fn look_again(&mut self, after: Duration) {
        let then = Instant::now() + after;
        self.again = Some(self.again.map_or(then, |again| again.min(then)));
    }

    async fn tell(
        &mut self,
        watches: &Watches,
        (decided, rolled): (&[Decided], &[Rolled]),
        orphans: &[Orphan],
        refused: &[Refused],
    ) {
        let app = Arc::clone(&self.app);
        tell::measure(&app.metrics.coordination, decided, rolled);
        let objects = tell::objects(&watches.current(), decided, rolled);
        let before = &self.before;
        tell::news(&app, &mut self.events, &objects, before, decided).await;
        tell::orphans(&app, &mut self.events, orphans).await;
        tell::refused(&app, &mut self.events, &objects, decided, refused).await;
        tell::blocked(&app, &mut self.events, &objects, rolled).await;
        tell::unusable(&app, &mut self.events, &objects).await;
        if self.statuses.write(&app, &self.leader, &objects, (decided, rolled)).await {
            self.look_again(self.statuses.every());
        }
    }
}

impl Decided {
    /// Does some batch wait for what other pods do?
    fn waits(&self) -> bool {
        use placecard_policies::coordination::step::Wait;
        let waits = |batch: &BatchState| {
            matches!(batch.wait, Some(Wait::Room(_) | Wait::RoomHere(_) | Wait::Lost | Wait::Nodes))
        };
        self.step.batches.iter().any(waits)
    }
}

/// The index, if it can be gone by.
fn ready(watches: &Watches) -> Option<Arc<Live>> {
    let live = watches.trusted(&BASIS)?;
    let known = [Watched::Node, Watched::Pod, Watched::RoleCoordination];
    let is_known = known.into_iter().all(|kind| live.is_synced(kind))
        && groups_of(&live).into_iter().all(|kind| watches.trusts_group(&live, kind));
    is_known.then_some(live)
}

/// The kinds of groups that coordinations refer to, or stand in.
fn groups_of(live: &Live) -> BTreeSet<GroupKind> {
    let groups = live.coordinated().filter_map(|(_, one)| one.group.as_ref());
    let groups = groups.chain(live.inside_groups().map(|(_, inside)| &inside.group));
    let sources = groups.flat_map(|group| &group.roles).map(|role| &role.source);
    let kinds = sources.filter_map(|source| match source {
        Source::Group { api_version, kind, .. } => GroupKind::find(api_version, kind),
        Source::Workload { .. } | Source::Annotation => None,
    });
    kinds.collect()
}

fn mark(live: &Live, waits: bool) -> Mark {
    Mark {
        coordinations: live.coordination_changes(),
        nodes: live.node_changes(),
        events: waits.then(|| live.changes()),
    }
}

/// Seconds since 1970.
fn unix(app: &App) -> i64 {
    let since = (app.clock)().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// What a look at everything comes to.
struct Look {
    decided: Vec<Decided>,
    orphans: Vec<Orphan>,
    /// Coordinations that pods are in and that are not there, by namespace and id.
    missing: BTreeSet<(String, String)>,
    /// What was done and is not seen yet, by the place in the list.
    ahead: BTreeSet<usize>,
    rolled: Vec<Rolled>,
    /// StatefulSets whose partition is given back.
    left: Vec<Held>,
}

/// Decides for all coordinations on one state, on which what was promised before stands first; the
/// index is let go as soon as it was read.
fn decide(live: Arc<Live>, words: &Words, done: &[Done], now: i64) -> Look {
    let Gathered { cases, orphans, missing, ahead } = gather(&live, words, done);
    let ahead = ahead.into_iter().collect();
    let rolled = gather_rollouts(&live, now);
    let left = left_over(&live, &rolled);
    let looked = Look { decided: Vec::new(), orphans, missing, ahead, rolled, left };
    if cases.is_empty() {
        return looked;
    }
    let mut state = live.state().clone();
    drop(live);
    for case in cases.values() {
        reserve(&case.situation(now), &mut state);
    }
    let decided = cases.into_iter().map(|(key, case)| {
        let step = step(&case.situation(now), &mut state);
        Decided { key, case, step }
    });
    Look { decided: decided.collect(), ..looked }
}
