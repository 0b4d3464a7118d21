//! How far a coordination is, for its status.

use std::collections::BTreeMap;

use placecard_language::coordination::Coordination;
use placecard_language::coordination::written::{
    CoordinationStatus, Phase, RoleState, StrategyType,
};

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
pub fn status(
    coordination: &Coordination,
    situation: &Situation<'_>,
    step: &Step,
) -> CoordinationStatus {
    let progress = progress(situation, step);
    let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let state = |role: &String| {
        let ready = |pod: &&super::step::Observed| {
            pod.role == *role && pod.ready.is_some() && !pod.pod.terminating
        };
        let ready = situation.pods.iter().filter(ready).count() as u64;
        let target = situation.sizes.get(role).map_or(0, |size| size.replicas);
        RoleState { ready_replicas: count(ready), target_replicas: target, updated_replicas: None }
    };
    let roles = situation.affinity.ratios.keys();
    CoordinationStatus {
        name: coordination.name.clone(),
        kind: StrategyType::AffinityScheduling,
        phase: progress.phase,
        role_states: roles.map(|role| (role.clone(), state(role))).collect(),
        current_batch: count(progress.current),
        total_batches: count(progress.total),
        last_update_time: None,
        message: words::batches::progress(&progress, &situation.affinity.topology_key),
    }
}
