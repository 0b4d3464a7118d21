//! How far coordinated rollouts are, in words.

use placecard_language::coordination::written::Phase;

use super::list;
use crate::coordination::rollout::{Role, Standing};
use crate::coordination::rollouts::{Hindrance, Rolled};

/// Names that are written out.
const MOST: usize = 3;

/// How far a rollout is: `Updating: 1 of 3 decode and 2 of 6 prefill are updated; …`.
#[must_use]
pub fn progress(rolled: &Rolled, phase: Phase) -> String {
    let standings = rolled.standings();
    let mut text = match phase {
        Phase::Failed | Phase::Pending if !rolled.hindered.is_empty() => {
            let why: Vec<String> =
                rolled.hindered.iter().map(|(role, why)| hindered(role, why)).collect();
            return list(&why, "and", MOST);
        }
        Phase::Completed if standings.iter().all(|(_, one)| !one.rolling) => {
            return "All roles are up to date".to_owned();
        }
        Phase::Completed => format!("{}, the others stay as they are", updated(&standings)),
        Phase::Pending => format!("Waiting to update: {}", updated(&standings)),
        Phase::InProgress | Phase::Failed => format!("Updating: {}", updated(&standings)),
    };
    let waits: Vec<String> =
        standings.iter().filter_map(|(role, one)| waits(rolled, role, one)).collect();
    if !waits.is_empty() {
        text.push_str(&format!("; waits for {}", list(&waits, "and", MOST)));
    }
    if let (false, Some((ahead, behind, skew))) =
        (rolled.rolling.manage_rollout, too_far(rolled, &standings))
    {
        text.push_str(&format!("; {ahead} is {skew}% ahead of {behind}, more than maxSkew"));
    }
    text
}

fn updated(standings: &[(&Role, Standing)]) -> String {
    let of = |(role, one): &(&Role, Standing)| {
        format!("{} of {} {}", one.updated, role.replicas, role.name)
    };
    let of: Vec<String> = standings.iter().map(of).collect();
    format!("{} are updated", list(&of, "and", of.len()))
}

/// The pod that was let go last and is not up again.
fn waits(rolled: &Rolled, role: &Role, standing: &Standing) -> Option<String> {
    let number = standing.next.filter(|_| standing.rolling)?;
    let pod = role.pods.get(&number);
    let open = number >= role.partition || pod.is_some_and(|pod| pod.updated);
    open.then(|| rolled.pod(&role.name, number))
}

/// The role that is too far ahead, the one that is behind, and by how much, in per cent.
fn too_far<'r>(
    rolled: &Rolled,
    standings: &[(&'r Role, Standing)],
) -> Option<(&'r str, &'r str, u32)> {
    let most = rolled.pace.max_skew?;
    let share = |(role, one): &(&'r Role, Standing)| {
        let percent = u64::from(one.updated) * 100 / u64::from(role.replicas.max(1));
        (u32::try_from(percent).unwrap_or(100), role.name.as_str(), role.replicas)
    };
    let shares = || standings.iter().filter(|(role, _)| role.replicas > 0).map(share);
    let (ahead, first, replicas) = shares().max()?;
    let (behind, last, _) = shares().min()?;
    // One pod is always allowed.
    let most = most.max(100_u32.div_ceil(replicas.max(1)));
    (ahead - behind > most).then_some((first, last, ahead - behind))
}

/// Why the rollout of a role is not paced.
#[must_use]
pub fn hindered(role: &str, why: &Hindrance) -> String {
    match why {
        Hindrance::Absent { kind, name } => format!("{role}: there is no {kind} {name}"),
        Hindrance::Kind { kind } => {
            format!(
                "{role}: a {kind} has no partition, so nobody can stop its rollout in the middle"
            )
        }
        Hindrance::OnDelete { name } => {
            format!(
                "{role}: StatefulSet {name} replaces no pods by itself (updateStrategy OnDelete)"
            )
        }
        Hindrance::Silent { name } => format!(
            "{role}: the pods of StatefulSet {name} do not name the coordination: add the annotation \
             {} to its template",
            placecard_language::keys::COORDINATE
        ),
        Hindrance::Owned { name, manager } => format!(
            "{role}: the partition of StatefulSet {name} belongs to {manager}: apply it with kubectl \
             apply --server-side, without spec.updateStrategy.rollingUpdate.partition"
        ),
        Hindrance::Refused { name, told } => {
            format!("{role}: the API server refuses the partition of StatefulSet {name}: {told}")
        }
        Hindrance::Forbidden { name } => format!(
            "{role}: the webhook may not patch StatefulSet {name} (coordination.rollouts of the chart)"
        ),
    }
}
