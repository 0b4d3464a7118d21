//! Disks that pods of a node may not share, and claims that only one pod may use.
//!
//! Semantics: `pkg/scheduler/framework/plugins/volumerestrictions`.

use std::collections::BTreeSet;

use crate::filter::cycle::{Cycle, Host};
use crate::filter::reason::Reason;
use crate::filter::{Rejection, Stage, Verdict};
use crate::inventory::kind::Kind;
use crate::inventory::pod::{Disk, Pod, PodVolume};

/// What is known of the pod's claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Its claims that only one pod may use.
    exclusive: BTreeSet<String>,
    /// How many uses of them were found; less than none after pods were taken away that share one.
    conflicts: i64,
}

/// Looks up the claims.
#[must_use]
pub fn pre_filter(cycle: &Cycle<'_>) -> Stage<State> {
    let namespace = &cycle.pod.namespace;
    pre_filter_with(cycle, &|name| {
        let mut pods = cycle.hosts.iter().flat_map(|host| &host.pods);
        pods.any(|pod| pod.namespace == *namespace && claims(pod).any(|used| used == name))
    })
}

/// The same; `in_use` says whether a pod on a node uses the claim of this name in the pod's
/// namespace.
pub(crate) fn pre_filter_with(cycle: &Cycle<'_>, in_use: &dyn Fn(&str) -> bool) -> Stage<State> {
    let namespace = &cycle.pod.namespace;
    let mut exclusive = BTreeSet::new();
    for name in claims(cycle.pod) {
        let Some(claim) = cycle.inventory.claims.get(&(namespace.clone(), name.clone())) else {
            if cycle.inventory.is_unknown(Kind::PersistentVolumeClaim) {
                continue;
            }
            return Stage::Rejected(Rejection::unresolvable(Reason::ClaimNotFound(name.clone())));
        };
        if claim.access_modes.iter().any(|mode| mode == "ReadWriteOncePod") {
            exclusive.insert(name.clone());
        }
    }
    let conflicts = exclusive.iter().filter(|name| in_use(name)).count();
    let conflicts = i64::try_from(conflicts).unwrap_or(i64::MAX);
    if conflicts == 0 && disks(cycle.pod).next().is_none() {
        return Stage::Skip;
    }
    Stage::Ready(State { exclusive, conflicts })
}

impl State {
    /// Counts one more pod, wherever it is. As in the scheduler, a claim of the same name in
    /// another namespace counts.
    pub fn add(&mut self, pod: &Pod) {
        self.conflicts += self.uses(pod);
    }

    /// Counts one pod less.
    pub fn remove(&mut self, pod: &Pod) {
        self.conflicts -= self.uses(pod);
    }

    fn uses(&self, pod: &Pod) -> i64 {
        let uses = claims(pod).filter(|name| self.exclusive.contains(*name)).count();
        i64::try_from(uses).unwrap_or(i64::MAX)
    }
}

/// Judges one node.
///
/// # Errors
///
/// The rejection.
pub fn filter(state: &State, pod: &Pod, host: &Host<'_>) -> Verdict {
    let taken =
        |disk: &Disk| host.pods.iter().any(|other| disks(other).any(|used| conflict(disk, used)));
    if disks(pod).any(taken) {
        return Err(Rejection::unschedulable(Reason::DiskConflict));
    }
    if state.conflicts > 0 {
        return Err(Rejection::unschedulable(Reason::ClaimInUse));
    }
    Ok(())
}

/// The pods of the host that use a disk which the pod cannot share with them.
pub fn disk_takers<'h>(pod: &'h Pod, host: &'h Host<'_>) -> impl Iterator<Item = &'h Pod> {
    let takes =
        |other: &&&Pod| disks(pod).any(|disk| disks(other).any(|used| conflict(disk, used)));
    host.pods.iter().filter(takes).copied()
}

/// The names of the claims in the pod's spec.
fn claims(pod: &Pod) -> impl Iterator<Item = &String> {
    pod.volumes.iter().filter_map(|volume| match volume {
        PodVolume::Claim(name) => Some(name),
        _ => None,
    })
}

fn disks(pod: &Pod) -> impl Iterator<Item = &Disk> {
    pod.volumes.iter().filter_map(|volume| match volume {
        PodVolume::Disk(disk) => Some(disk),
        _ => None,
    })
}

fn conflict(one: &Disk, other: &Disk) -> bool {
    match (one, other) {
        (Disk::Gce { name: a, read_only: x }, Disk::Gce { name: b, read_only: y })
        | (Disk::Iscsi { name: a, read_only: x }, Disk::Iscsi { name: b, read_only: y }) => {
            a == b && !(*x && *y)
        }
        (Disk::Aws { volume: a }, Disk::Aws { volume: b }) => a == b,
        (
            Disk::Rbd { monitors, pool: a, image: i, read_only: x },
            Disk::Rbd { monitors: others, pool: b, image: j, read_only: y },
        ) => monitors.iter().any(|one| others.contains(one)) && a == b && i == j && !(*x && *y),
        _ => false,
    }
}
