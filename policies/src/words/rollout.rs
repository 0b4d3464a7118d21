//! How far coordinated rollouts are, in words.

use placecard_language::coordination::written::Phase;

use super::list;
use crate::coordination::rollout::course::Course;
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
        Hindrance::Written { name } => format!(
            "{role}: the manifest of StatefulSet {name} has a partition of its own, which then belongs \
             to whoever applies it: leave spec.updateStrategy.rollingUpdate.partition out"
        ),
        Hindrance::Refused { name, told } => {
            format!("{role}: the API server refuses the partition of StatefulSet {name}: {told}")
        }
        Hindrance::Forbidden { name } => format!(
            "{role}: the webhook may not patch StatefulSet {name} (coordination.rollouts of the chart)"
        ),
    }
}

/// What a rollout that is planned comes to: `6 prefill and 3 decode are replaced in 6 rounds`.
/// `roles`: each with its replicas.
#[must_use]
pub fn planned(name: &str, coordination: &str, roles: &[(String, u32)], course: &Course) -> String {
    let left = |(role, count): &(String, u32)| {
        let stays = course.stays.get(role).copied().unwrap_or(0);
        format!("{} {role}", count.saturating_sub(stays))
    };
    let left: Vec<String> = roles.iter().map(left).collect();
    let rounds = match course.rounds.len() {
        1 => "1 round".to_owned(),
        many => format!("{many} rounds"),
    };
    let left = list(&left, "and", left.len());
    format!("{}: {left} are replaced in {rounds}", titled(name, coordination))
}

/// A rollout that nobody paces, or that cannot be paced.
#[must_use]
pub fn not_planned(name: &str, coordination: &str, why: &str) -> String {
    format!("{}: not paced: {why}", titled(name, coordination))
}

fn titled(name: &str, coordination: &str) -> String {
    format!("{name}, rollout {coordination}")
}

/// Nobody asks for a pace.
#[must_use]
pub fn unmanaged() -> String {
    "without manageRollout each StatefulSet is rolled out on its own, and the status tells how far \
     apart they are"
        .to_owned()
}

/// Too many pods.
#[must_use]
pub fn too_many_to_follow(most: u32) -> String {
    format!("the roles have more than {most} pods, and no such rollout is followed")
}

/// In which order pods are replaced.
#[must_use]
pub fn order(course: &Course) -> String {
    let last = match course.in_batches {
        true => "the last batch first",
        false => "the last pod of each role first",
    };
    format!("{last}; a round begins when all pods of the one before are available")
}

/// How many are down at once, and how far roles are apart. `None`: nothing is replaced.
#[must_use]
pub fn limits(course: &Course) -> Option<String> {
    let of = |(role, count): (&String, &u32)| format!("{count} {role}");
    let down: Vec<String> = course.down.iter().map(of).collect();
    let down = (!down.is_empty()).then(|| list(&down, "and", down.len()))?;
    Some(format!("at most {down} at once; no role is ahead by more than {}%", course.apart))
}

/// The pods that stay as they are. `None`: all are replaced.
#[must_use]
pub fn staying(course: &Course) -> Option<String> {
    let stays = course.stays.iter().filter(|(_, count)| **count > 0);
    let stays: Vec<String> = stays.map(|(role, count)| format!("{count} {role}")).collect();
    let stays = (!stays.is_empty()).then(|| list(&stays, "and", stays.len()))?;
    Some(format!("{stays}, by partition"))
}

/// What a plan of a rollout takes for granted.
#[must_use]
pub fn granted() -> String {
    "if the templates of all roles change at once, and every new pod comes up".to_owned()
}
