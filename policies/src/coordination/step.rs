//! One step of the controller that places gated batches: from what is there to what is to be done.
//!
//! Nothing is remembered from one step to the next, so a controller that starts anew, or another
//! one that takes over in the middle, goes on where things stand:
//!
//! - A batch has *begun* once one of its pods has lost our gate. Its domain is where its pods run or,
//!   while none does, where they are told to go.
//! - Pods of a batch that has begun are let go at once, to its domain: those that a crash left
//!   behind, and those that were made again later.
//! - Another batch begins when all of its pods are there, when it is its turn, and when some domain
//!   has room for all of them together. Room that was promised to pods which have no node yet is
//!   taken first.
//! - Where the domain of a batch is gone, or has no room any more while none of its pods runs, the
//!   pods that wait for it are replaced: where a pod may go can only be narrowed, never changed.

mod ground;

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::batches::plan::Waiting;
use placecard_feasibility::batches::trial::Blocked;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::state::State;
use placecard_language::coordination::{AffinityScheduling, BatchMode, OnTimeout, Placement};
use placecard_language::keys;

/// How long a pod may find no node in the domain of its batch before another one is looked for, in
/// seconds. Preemption and new nodes take their time.
pub const PATIENCE: i64 = 60;

/// How large a role is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// `spec.replicas`, or what stands for it.
    pub replicas: u32,
}

/// A pod of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Its role.
    pub role: String,
    /// Its batch, counted from 0.
    pub batch: u64,
    /// How many pods one replica of its role is; 0 is 1.
    pub replica_pods: u64,
    /// The pod, with its gates.
    pub pod: Pod,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
    /// `metadata.creationTimestamp`, in seconds since 1970.
    pub created: i64,
    /// Since when its condition `Ready` is true.
    pub ready: Option<i64>,
    /// Since when its condition `PodScheduled` says that no node takes it.
    pub unschedulable: Option<i64>,
}

/// What there is of a coordination.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The coordination.
    pub affinity: &'a AffinityScheduling,
    /// How large each role is. Of a role that is not known each batch should have a whole share.
    pub sizes: &'a BTreeMap<String, Size>,
    /// Its pods, in any order.
    pub pods: &'a [Observed],
    /// The moment, in seconds since 1970.
    pub now: i64,
}

/// Something to be done with a pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Our gate is taken away and the node selector is added, in one patch.
    Release {
        /// Which pod.
        pod: Target,
        /// What is added to its node selector: the domain and, where only some ways to fill the
        /// nodes of the domain are good, the node.
        pins: BTreeMap<String, String>,
    },
    /// The pod, which has no node, is deleted so that its controller makes it again.
    Replace {
        /// Which pod.
        pod: Target,
    },
}

/// A pod as it was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Its version; an action on another one is void.
    pub resource_version: String,
}

/// What a batch waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Pods that are not there yet, by role.
    Pods(BTreeMap<String, u64>),
    /// This batch, all of whose pods have to be ready first.
    Previous(u64),
    /// A domain with room for all of its pods.
    Room(Box<Waiting>),
    /// Room in the domain in which others of its pods run.
    RoomHere(Box<Blocked>),
    /// The domain that its pods were sent to is gone.
    Lost,
    /// Nodes, for pods that were let go.
    Nodes,
    /// Pods that run and are not ready.
    Ready,
}

/// How far a batch is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchState {
    /// Its number.
    pub number: u64,
    /// The domain in which it is, or to which it was sent.
    pub domain: Option<String>,
    /// Other domains in which some of its pods run.
    pub strays: BTreeSet<String>,
    /// How many pods it should have.
    pub expected: u64,
    /// How many it has that are not being deleted.
    pub present: u64,
    /// How many of those run on a node.
    pub scheduled: u64,
    /// How many of those are ready.
    pub ready: u64,
    /// It waited as long as it may.
    pub timed_out: bool,
    /// What it waits for; `None`: all of its pods are ready.
    pub wait: Option<Wait>,
}

/// What is to be done, and how things stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// In a stable order.
    pub actions: Vec<Action>,
    /// In the order of their numbers.
    pub batches: Vec<BatchState>,
    /// When time alone changes something next, in seconds since 1970.
    pub again: Option<i64>,
}

/// The pods of a batch.
struct Group<'a> {
    number: u64,
    expected: BTreeMap<&'a str, u64>,
    /// Those that are not being deleted.
    pods: Vec<&'a Observed>,
}

/// Decides what to do. The state is that of the cluster, and what is decided stands in it
/// afterwards.
///
/// Batches that are not gated are looked at and left alone.
pub fn step(situation: &Situation<'_>, state: &mut State) -> Step {
    let groups = groups(situation, state);
    let mut step = ground::decide(situation, &groups, state);
    step.actions.sort();
    step.again = again(situation, &groups, &step);
    step
}

/// Takes the room that this coordination has promised to pods which have no node yet: of all
/// coordinations, before any of them decides. What was promised stands in the state afterwards.
pub fn reserve(situation: &Situation<'_>, state: &mut State) {
    if is_ours(situation) {
        let groups = groups(situation, state);
        ground::reserve(situation, &groups, state);
    }
}

/// Is our gate on the pod?
pub(super) fn is_gated(observed: &Observed) -> bool {
    observed.pod.node.is_none() && observed.pod.gates.iter().any(|gate| gate == keys::BATCH_GATE)
}

/// The pods by batch; batches of which there is no pod yet are there as well. Pods that are being
/// deleted do not count, and neither do those on nodes that are gone: soon they will be deleted.
fn groups<'a>(situation: &Situation<'a>, state: &State) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<u64, Group<'a>> = BTreeMap::new();
    let group = |number| Group { number, expected: BTreeMap::new(), pods: Vec::new() };
    let pods_of = |role: &str| {
        let of_role = situation.pods.iter().filter(|pod| pod.role == role);
        of_role.map(|pod| pod.replica_pods).max().unwrap_or(1).max(1)
    };
    for (role, ratio) in &situation.affinity.ratios {
        let ratio = u64::from((*ratio).max(1));
        let Some(size) = situation.sizes.get(role) else { continue };
        let replicas = u64::from(size.replicas);
        for number in 0..replicas.div_ceil(ratio) {
            let count = ratio.min(replicas - number * ratio);
            let known = groups.entry(number).or_insert_with(|| group(number));
            known.expected.insert(role, count.saturating_mul(pods_of(role)));
        }
    }
    for pod in situation.pods {
        let known = groups.entry(pod.batch).or_insert_with(|| group(pod.batch));
        let node = pod.pod.node.as_deref();
        if !pod.pod.terminating && node.is_none_or(|name| state.node_number(name).is_some()) {
            known.pods.push(pod);
        }
    }
    for (role, ratio) in &situation.affinity.ratios {
        if !situation.sizes.contains_key(role) {
            let whole = u64::from(*ratio).saturating_mul(pods_of(role));
            groups.values_mut().for_each(|group| _ = group.expected.insert(role, whole));
        }
    }
    let mut groups: Vec<Group<'a>> = groups.into_values().collect();
    for group in &mut groups {
        group.pods.sort_by_key(|one| (&one.role, &one.pod.namespace, &one.pod.name));
    }
    groups
}

impl Group<'_> {
    /// Has one of its pods been let go?
    fn has_begun(&self) -> bool {
        self.pods.iter().any(|pod| !is_gated(pod))
    }

    /// The pods that should be there and are not, by role.
    fn missing(&self) -> BTreeMap<String, u64> {
        let mut missing = BTreeMap::new();
        for (role, expected) in &self.expected {
            let present = self.pods.iter().filter(|pod| pod.role == *role).count() as u64;
            if present < *expected {
                missing.insert((*role).to_owned(), expected - present);
            }
        }
        missing
    }

    /// Are all pods there and ready?
    fn is_ready(&self) -> bool {
        self.missing().is_empty() && self.pods.iter().all(|pod| pod.ready.is_some())
    }

    /// How it stands, but for its domain and what it waits for.
    fn state(&self) -> BatchState {
        let count = |is: &dyn Fn(&&&Observed) -> bool| self.pods.iter().filter(is).count() as u64;
        BatchState {
            number: self.number,
            expected: self.expected.values().sum(),
            present: self.pods.len() as u64,
            scheduled: count(&|pod| pod.pod.node.is_some()),
            ready: count(&|pod| pod.ready.is_some()),
            ..BatchState::default()
        }
    }
}

/// Is the batch at its turn? In sequence every earlier one has to be ready, unless this one, or a
/// later one, has begun before.
fn turn(situation: &Situation<'_>, groups: &[Group<'_>], number: u64) -> Result<(), u64> {
    let begun = |group: &Group<'_>| group.number >= number && group.has_begun();
    if situation.affinity.batch_mode == BatchMode::Parallel || groups.iter().any(begun) {
        return Ok(());
    }
    let unready = |group: &&Group<'_>| group.number < number && !group.is_ready();
    groups.iter().find(unready).map_or(Ok(()), |group| Err(group.number))
}

/// When the batch has waited as long as it may: counted from the moment when its youngest pod was
/// made and, in sequence, the batches before it were ready.
fn deadline(situation: &Situation<'_>, groups: &[Group<'_>], group: &Group<'_>) -> Option<i64> {
    let timeout = i64::try_from(situation.affinity.timeout_seconds?).unwrap_or(i64::MAX);
    let mut since = group.pods.iter().map(|pod| pod.created).max()?;
    if situation.affinity.batch_mode == BatchMode::Sequential {
        let earlier = groups.iter().filter(|other| other.number < group.number);
        let ready = earlier.flat_map(|other| &other.pods).filter_map(|pod| pod.ready).max();
        since = since.max(ready.unwrap_or(since));
    }
    Some(since.saturating_add(timeout))
}

/// Is the batch let go without a domain?
fn gives_up(situation: &Situation<'_>, timed_out: bool) -> bool {
    timed_out && situation.affinity.on_timeout == OnTimeout::Release
}

/// Does the controller place these batches?
fn is_ours(situation: &Situation<'_>) -> bool {
    situation.affinity.placement == Placement::Gated
}

/// When time alone changes something: a deadline passes, or patience ends.
fn again(situation: &Situation<'_>, groups: &[Group<'_>], step: &Step) -> Option<i64> {
    if !is_ours(situation) {
        return None;
    }
    let mut moments: BTreeSet<i64> = BTreeSet::new();
    for (group, state) in groups.iter().zip(&step.batches) {
        let waits = !group.has_begun() && turn(situation, groups, group.number).is_ok();
        if waits && state.wait.is_some() {
            moments.extend(deadline(situation, groups, group));
        }
        let stuck = group.pods.iter().filter_map(|pod| pod.unschedulable);
        moments.extend(stuck.map(|since| since.saturating_add(PATIENCE)));
    }
    moments.into_iter().find(|moment| *moment > situation.now)
}

/// The pod as an action names it.
fn target(observed: &Observed) -> Target {
    Target {
        namespace: observed.pod.namespace.clone(),
        name: observed.pod.name.clone(),
        uid: observed.pod.uid.clone(),
        resource_version: observed.resource_version.clone(),
    }
}
