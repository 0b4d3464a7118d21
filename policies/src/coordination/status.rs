//! How far a coordination is, for its status.

use std::collections::BTreeMap;

use placecard_language::coordination::written::{
    Condition, CoordinationStatus, Phase, RoleCoordinationStatus, RoleState, StrategyType,
};

use super::gather::Case;
use super::step::{BatchState, Situation, Step, Wait};
use crate::words;

/// How far it is, as facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The phase.
    pub phase: Phase,
    /// The batch that is being placed, from 1; 0 before the first, the last one in the end.
    pub current: u64,
    /// Whole batches: the smallest quotient of replicas and ratio.
    pub total: u64,
    /// The roles that have more replicas than whole batches take, and how many more.
    pub surplus: BTreeMap<String, u64>,
    /// The first whole batch that is not ready yet and may go on, and what it waits for.
    pub waiting: Option<BatchState>,
}

/// How far the coordination is.
#[must_use]
pub fn progress(situation: &Situation<'_>, step: &Step) -> Progress {
    let ratios = &situation.affinity.ratios;
    let replicas =
        |role: &String| situation.sizes.get(role).map_or(0, |size| u64::from(size.replicas));
    let whole = ratios.iter().map(|(role, ratio)| replicas(role) / u64::from((*ratio).max(1)));
    let total = whole.min().unwrap_or(0);
    let more = |(role, ratio): (&String, &u32)| {
        let surplus = replicas(role).checked_sub(total.checked_mul(u64::from(*ratio))?)?;
        (surplus > 0).then(|| (role.clone(), surplus))
    };
    let begun = |batch: &&BatchState| batch.domain.is_some() || batch.scheduled > 0;
    let last = step.batches.iter().filter(begun).map(|batch| batch.number + 1).max();
    let goes_on = |batch: &&BatchState| {
        let waits = !matches!(batch.wait, None | Some(Wait::Previous(_)));
        waits && batch.number < total.max(1)
    };
    let waiting = step.batches.iter().find(goes_on).cloned();
    let done = waiting.is_none() && last.is_some_and(|last| last >= total);
    let phase = match last {
        _ if step.batches.iter().any(|batch| batch.timed_out) => Phase::Failed,
        None => Phase::Pending,
        Some(_) if done => Phase::Completed,
        Some(_) => Phase::InProgress,
    };
    let current = match (&waiting, last) {
        (_, None) => 0,
        (Some(batch), Some(_)) => batch.number + 1,
        (None, Some(last)) => last.min(total),
    };
    Progress { phase, current, total, surplus: ratios.iter().filter_map(more).collect(), waiting }
}

/// The entry of the status, without the moment of its last change.
#[must_use]
pub fn status(name: &str, situation: &Situation<'_>, step: &Step) -> CoordinationStatus {
    let progress = progress(situation, step);
    let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let state = |role: &String| {
        let ready = |pod: &&super::step::Observed| {
            pod.role == *role && pod.ready.is_some() && !pod.pod.terminating
        };
        let ready = situation.pods.iter().filter(ready).count() as u64;
        // A replica may be several pods.
        let of_role = situation.pods.iter().filter(|pod| pod.role == *role);
        let ready = ready / of_role.map(|pod| pod.replica_pods).max().unwrap_or(1).max(1);
        let target = situation.sizes.get(role).map_or(0, |size| size.replicas);
        RoleState { ready_replicas: count(ready), target_replicas: target, updated_replicas: None }
    };
    let roles = situation.affinity.ratios.keys();
    CoordinationStatus {
        name: name.to_owned(),
        kind: StrategyType::AffinityScheduling,
        phase: progress.phase,
        role_states: roles.map(|role| (role.clone(), state(role))).collect(),
        current_batch: count(progress.current),
        total_batches: count(progress.total),
        last_update_time: None,
        message: words::batches::progress(&progress, &situation.affinity.topology_key),
    }
}

/// The entry of a case, with how many pods of each role are of its newest template.
#[must_use]
pub fn of_case(case: &Case, step: &Step, now: i64) -> CoordinationStatus {
    let mut entry = status(&case.coordination, &case.situation(now), step);
    for (role, state) in &mut entry.role_states {
        state.updated_replicas = case.updated.get(role).copied();
    }
    entry
}

/// Conditions that are kept of those that others wrote.
const MOST_CONDITIONS: usize = 16;

/// The whole status of a RoleCoordination; `None`: it says so already. `entries` are those of its
/// coordinations, with what is stalled in each; `now` is the moment as the API writes it.
#[must_use]
pub fn whole(
    before: &RoleCoordinationStatus,
    generation: i64,
    entries: Vec<(CoordinationStatus, Option<Stall>)>,
    now: &str,
) -> Option<RoleCoordinationStatus> {
    let stall = entries.iter().find_map(|(entry, stall)| Some((entry.name.clone(), (*stall)?)));
    let mut entries: Vec<CoordinationStatus> =
        entries.into_iter().map(|(entry, _)| entry).collect();
    for entry in &mut entries {
        let known = before.coordination_status.iter().find(|one| one.name == entry.name);
        let moment = known.and_then(|one| one.last_update_time.clone());
        entry.last_update_time = moment;
        if known != Some(entry) {
            entry.last_update_time = Some(now.to_owned());
        }
    }
    let failed = entries.iter().any(|entry| entry.phase == Phase::Failed);
    let least = entries.iter().map(|entry| entry.phase).min();
    let phase = if failed { Some(Phase::Failed) } else { least };
    let batch = |one: &CoordinationStatus| format!("{}/{}", one.current_batch, one.total_batches);
    let batched = entries
        .iter()
        .filter(|one| one.kind == StrategyType::AffinityScheduling || one.total_batches > 0);
    let batches: Vec<String> = batched.map(batch).collect();
    let told = |entry: &CoordinationStatus| match entries.len() {
        1 => entry.message.clone(),
        _ => format!("{}: {}", entry.name, entry.message),
    };
    let messages: Vec<String> = entries.iter().map(told).collect();
    let message = words::shorten(&messages.join("; "), MESSAGE);
    let is_ready = phase == Some(Phase::Completed);
    let ready = (if is_ready { "AllBatchesReady" } else { "BatchesToCome" }, message.clone());
    let stalled = match &stall {
        Some((name, stall)) => {
            let entry = entries.iter().find(|entry| entry.name == *name);
            let message = entry.map(told).unwrap_or_default();
            (stall.reason(), words::shorten(&message, MESSAGE))
        }
        None => ("Moving", String::new()),
    };
    let mut conditions = before.conditions.clone();
    for (kind, is, (reason, message)) in
        [(READY, is_ready, ready), (STALLED, stall.is_some(), stalled)]
    {
        set(&mut conditions, kind, is, (reason, message), generation, now);
    }
    conditions.truncate(MOST_CONDITIONS);
    let status = RoleCoordinationStatus {
        observed_generation: Some(generation),
        phase,
        batch: (!batches.is_empty()).then(|| words::shorten(&batches.join(", "), MESSAGE)),
        coordination_status: entries,
        conditions,
    };
    (status != *before).then_some(status)
}

/// The whole status of a RoleCoordination that cannot be used, because it was stored before anybody
/// looked at it; `None`: it says so already. `fault` is what is wrong with it. Once it is mended,
/// [`whole`] takes all of this back.
#[must_use]
pub fn invalid(
    before: &RoleCoordinationStatus,
    generation: i64,
    fault: &str,
    now: &str,
) -> Option<RoleCoordinationStatus> {
    let message = words::shorten(fault, MESSAGE);
    let mut conditions = before.conditions.clone();
    for (kind, is) in [(READY, false), (STALLED, true)] {
        set(&mut conditions, kind, is, (INVALID, message.clone()), generation, now);
    }
    conditions.truncate(MOST_CONDITIONS);
    let status = RoleCoordinationStatus {
        observed_generation: Some(generation),
        phase: Some(Phase::Failed),
        batch: None,
        coordination_status: Vec::new(),
        conditions,
    };
    (status != *before).then_some(status)
}

/// The reason of conditions of what cannot be used.
pub const INVALID: &str = "Invalid";

/// The condition that all batches are placed and ready.
pub const READY: &str = "Ready";

/// The condition that nothing goes on without somebody's help.
pub const STALLED: &str = "Stalled";

/// Longest message, in characters.
const MESSAGE: usize = 1024;

/// Why nothing goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stall {
    /// There is no room for a batch.
    NoRoom,
    /// A batch waited as long as it may.
    TimedOut,
    /// A rollout cannot be paced.
    RolloutBlocked,
}

impl Stall {
    /// Why this step does not go on.
    #[must_use]
    pub fn of(step: &Step) -> Option<Self> {
        if step.batches.iter().any(|batch| batch.timed_out) {
            return Some(Self::TimedOut);
        }
        let no_room =
            |batch: &BatchState| matches!(batch.wait, Some(Wait::Room(_) | Wait::RoomHere(_)));
        step.batches.iter().any(no_room).then_some(Self::NoRoom)
    }

    /// In one word.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NoRoom => "NoRoom",
            Self::TimedOut => "TimedOut",
            Self::RolloutBlocked => "RolloutBlocked",
        }
    }
}

/// Sets a condition; its moment changes with its status alone.
fn set(
    conditions: &mut Vec<Condition>,
    kind: &str,
    is: bool,
    (reason, message): (&str, String),
    generation: i64,
    now: &str,
) {
    let status = if is { "True" } else { "False" };
    let at = conditions.iter().position(|one| one.kind == kind);
    let known = at.and_then(|at| conditions.get(at)).filter(|known| known.status == status);
    let since = known.map_or_else(|| now.to_owned(), |known| known.last_transition_time.clone());
    let condition = Condition {
        kind: kind.to_owned(),
        status: status.to_owned(),
        observed_generation: Some(generation),
        last_transition_time: since,
        reason: reason.to_owned(),
        message,
    };
    match at.and_then(|at| conditions.get_mut(at)) {
        Some(known) => *known = condition,
        None => conditions.push(condition),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, phase: Phase, message: &str) -> CoordinationStatus {
        CoordinationStatus {
            name: name.to_owned(),
            phase,
            current_batch: 1,
            total_batches: 2,
            message: message.to_owned(),
            ..CoordinationStatus::default()
        }
    }

    fn conditions(status: &RoleCoordinationStatus) -> Vec<String> {
        let told = |one: &Condition| {
            format!("{}={} {} {}", one.kind, one.status, one.reason, one.last_transition_time)
        };
        status.conditions.iter().map(told).collect()
    }

    #[test]
    fn what_has_not_changed_is_not_written_again() {
        let two = || {
            vec![
                (entry("a", Phase::Completed, "ready"), None),
                (entry("b", Phase::InProgress, "no room"), Some(Stall::NoRoom)),
            ]
        };
        let first = whole(&RoleCoordinationStatus::default(), 3, two(), "t1").unwrap();
        assert_eq!(first.phase, Some(Phase::InProgress));
        assert_eq!(first.batch.as_deref(), Some("1/2, 1/2"));
        assert_eq!(conditions(&first), ["Ready=False BatchesToCome t1", "Stalled=True NoRoom t1"]);
        assert_eq!(whole(&first, 3, two(), "t2"), None);
        // One of them goes on: the moment of the other one stays.
        let mut after = two();
        after[1] = (entry("b", Phase::Completed, "ready"), None);
        let second = whole(&first, 3, after, "t3").unwrap();
        let times: Vec<_> =
            second.coordination_status.iter().map(|one| one.last_update_time.as_deref()).collect();
        assert_eq!(times, [Some("t1"), Some("t3")]);
        assert_eq!(
            conditions(&second),
            ["Ready=True AllBatchesReady t3", "Stalled=False Moving t3"]
        );
        // It is changed into one that cannot be used, and is mended.
        let broken = invalid(&second, 4, "decode has no ratio", "t4").unwrap();
        assert_eq!((broken.phase, broken.batch.as_deref()), (Some(Phase::Failed), None));
        assert_eq!(conditions(&broken), ["Ready=False Invalid t4", "Stalled=True Invalid t4"]);
        assert!(broken.conditions.iter().all(|one| one.message == "decode has no ratio"));
        assert_eq!(invalid(&broken, 4, "decode has no ratio", "t5"), None);
        let mended = whole(&broken, 5, two(), "t5").unwrap();
        assert_eq!(conditions(&mended), ["Ready=False BatchesToCome t4", "Stalled=True NoRoom t4"]);
        let failed = vec![(entry("a", Phase::Failed, "late"), Some(Stall::TimedOut))];
        let third = whole(&second, 4, failed, "t4").unwrap();
        assert_eq!((third.phase, third.observed_generation), (Some(Phase::Failed), Some(4)));
        assert_eq!(
            conditions(&third),
            ["Ready=False BatchesToCome t4", "Stalled=True TimedOut t4"]
        );
    }
}
