//! The live cluster: lists and watches, and the index that they keep up to date.
//!
//! 1. `ask`, `pieces`, `head`: requests, and objects out of the bytes of their answers.
//! 2. `follow`: one kind, listed and watched, whatever breaks; `backoff` says when it tries again.
//! 3. `queue`: from the watches to the one writer, of a bounded size.
//! 4. `copies` and `index`: the index, twice, so that readers never wait.
//! 5. `customs`: which kinds the vocabulary names, and their watches.
//! 6. `optional`: kinds that the cluster may lack, and `groups`: those of other controllers.
//! 7. `health`: what readiness, metrics and the trust in the index rest on.

pub mod ask;
pub mod backoff;
pub mod copies;
pub mod customs;
pub mod follow;
pub mod groups;
pub mod head;
pub mod health;
pub mod index;
pub mod optional;
pub mod pieces;
pub mod queue;

use std::sync::Arc;
use std::time::Duration;

use placecard_policies::language::checked::Words;
use placecard_policies::live::custom::Custom;
use placecard_policies::live::groups::GroupKind;
use placecard_policies::live::{Live, WATCHED, Watched, basis};
use placecard_policies::surroundings::{Answer, Reference, ServerVersion};
use placecard_policies::vocabulary::change::InUse;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::watch::copies::{Readers, Writer};
use crate::watch::customs::Customs;
use crate::watch::follow::Follower;
use crate::watch::groups::Groups;
use crate::watch::health::Health;
use crate::watch::queue::{Queue, queue};

/// Lists that are under way at once: they cost the API server most.
const LISTS: usize = 4;

/// Decisions on the index that are under way at once: what fits nowhere needs memory for each pod
/// until the reasons are found.
const JUDGING: usize = 1;

/// The index for one decision.
#[derive(Debug)]
pub struct Judging {
    /// As it is now.
    pub live: Arc<Live>,
    _turn: OwnedSemaphorePermit,
}

/// The index of a cluster and the watches behind it, which end with the runtime they are started on.
#[derive(Debug)]
pub struct Watches {
    readers: Readers<Live>,
    queue: Queue,
    health: Arc<Health>,
    judging: Arc<Semaphore>,
    reading_again: Semaphore,
    customs: Customs,
    groups: Groups,
}

impl Watches {
    /// Starts to list and watch. What was not confirmed for longer than `stale_after` is not
    /// trusted.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(
        client: &kube::Client,
        server: ServerVersion,
        stale_after: Duration,
    ) -> Result<Self, std::io::Error> {
        let health = Arc::new(Health::new(stale_after));
        let (queue, receiver) = queue();
        let writer = Writer::new(Live::new(server));
        let readers = writer.readers();
        let told = Arc::clone(&health);
        std::thread::Builder::new()
            .name("index".to_owned())
            .spawn(move || index::fold(writer, receiver, &told))?;
        let lists = Arc::new(Semaphore::new(LISTS));
        for kind in WATCHED {
            let (client, queue, health, lists) =
                (client.clone(), queue.clone(), Arc::clone(&health), Arc::clone(&lists));
            if kind.is_optional() {
                tokio::spawn(optional::run(client, kind, queue, health, lists));
            } else {
                tokio::spawn(Follower::new(client, kind, queue, &health, lists).run());
            }
        }
        let groups = Groups::follow(client, &queue, &lists);
        let judging = Arc::new(Semaphore::new(JUDGING));
        let customs = Customs::new(client.clone(), queue.clone(), lists);
        let reading_again = Semaphore::new(1);
        Ok(Self { readers, queue, health, judging, reading_again, customs, groups })
    }

    /// How the watches are doing.
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// The index as it is now. The writer waits until it is dropped, so it must be held neither
    /// across a wait nor for long.
    #[must_use]
    pub fn current(&self) -> Arc<Live> {
        self.readers.current()
    }

    /// The same, if what it says of these kinds is not too old.
    #[must_use]
    pub fn trusted(&self, kinds: &[Watched]) -> Option<Arc<Live>> {
        kinds.iter().all(|kind| self.health.trusts(*kind)).then(|| self.current())
    }

    /// The index for a decision on these kinds that may take long; `None` if it is not trusted, or if
    /// there is no turn by the deadline.
    pub async fn judging(&self, kinds: &[Watched], deadline: Instant) -> Option<Judging> {
        let turn = timeout_at(deadline, Arc::clone(&self.judging).acquire_owned()).await;
        let turn = turn.ok()?.ok()?;
        Some(Judging { live: self.trusted(kinds)?, _turn: turn })
    }

    /// Whether what is known of the groups of this kind is settled, and not too old.
    #[must_use]
    pub fn trusts_group(&self, live: &Live, kind: GroupKind) -> bool {
        let is_old = || self.groups.age(kind).is_none_or(|age| age > self.health.stale_after());
        live.settled_group(kind) && !(live.knows_group(kind) && is_old())
    }

    /// Whether the coordinations that stand in RoleBasedGroups are followed.
    #[must_use]
    pub fn follows_inside(&self) -> bool {
        let live = self.current();
        self.groups.keeps() && GroupKind::all().any(|one| one.is_home() && live.knows_group(one))
    }

    /// Follows the custom resources that the vocabulary names, and no others any longer.
    pub async fn follow_customs(&self, words: &Words) {
        self.customs.follow(words).await;
    }

    /// The workloads and bare pods that use the words; `None`: they are not known (yet, or any more).
    #[must_use]
    pub fn in_use(&self, words: &Words) -> Option<Vec<InUse>> {
        let customs = Custom::all(words);
        let trusted = self.customs.trusts(&customs, self.health.stale_after());
        let live = self.trusted(&basis::of_users()).filter(|_| trusted)?;
        InUse::of_live(&live, words)
    }

    /// The turn of whoever reads again what a refusal rests on.
    #[must_use]
    pub const fn reading_again(&self) -> &Semaphore {
        &self.reading_again
    }

    /// Has something changed that only the writer can change, such as what is prepared for a
    /// kind of pod. `false` if readers do not see it by the deadline.
    pub async fn edit(
        &self,
        edit: impl Fn(&mut Live) + Send + Sync + 'static,
        deadline: Instant,
    ) -> bool {
        matches!(timeout_at(deadline, self.queue.edit(Box::new(edit))).await, Ok(Ok(())))
    }

    /// What the index says of another object; `None`: the API server has to be asked.
    ///
    /// It never says that something is not there: an object that was made a moment ago may be on
    /// its way, and what is refused for its absence would be refused wrongly.
    #[must_use]
    pub fn answer(&self, reference: &Reference) -> Option<Answer> {
        let live = self.trusted(&basis::of_answer(reference))?;
        live.answer(reference).filter(|answer| *answer != Answer::Absent)
    }
}
