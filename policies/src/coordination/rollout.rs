//! One step of a coordinated rollout: from how the StatefulSets of the roles stand to the partitions
//! that they are to have.
//!
//! A StatefulSet replaces its pods from the last one down to its partition
//! (`pkg/controller/statefulset/stateful_set_control.go`), so a lower partition lets pods go.
//! Nothing is remembered from one step to the next:
//!
//! - While nothing is rolled out, the partition is [`HOLD`]: a new template changes no pod by itself.
//! - Pods are let go from the last one down, as long as no more than `maxUnavailableRatio` of the
//!   role are down, or soon will be. A pod that is down anyway costs nothing.
//! - A role is never ahead of the one that is furthest behind by more than `maxSkew`, with whole pods
//!   counted: of the others only those count that are updated and available.
//! - Where the roles are placed in batches, the next batch begins once the one before is updated and
//!   available.
//! - More pods were let go than that, when somebody else had the partition, or when the template
//!   changed again: then the partition rises, and the others wait.
//!
//! Percentages become whole pods so that there is always a way on: `maxUnavailableRatio` and
//! `maxSkew` are rounded down, but to no less than one pod; of `partition` the pods that stay are
//! rounded down, to whole batches if there are batches.

pub mod course;

use std::collections::BTreeMap;

use placecard_language::coordination::{RollingUpdate, percent};

/// The partition while nothing is rolled out: above any number of replicas (int32).
pub const HOLD: u32 = 2_147_483_647;

/// So many pods of one role are let go in one step at most; there will be another one.
const AT_ONCE: u32 = 10_000;

/// How roles keep pace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// How much of a role may be unavailable, in per cent; `None`: one pod.
    pub max_unavailable: Option<u32>,
    /// How far a role may be ahead of another one, in per cent; `None`: they do not wait for each
    /// other.
    pub max_skew: Option<u32>,
    /// How much of each role stays as it is, in per cent.
    pub partition: u32,
    /// How many replicas of each role one batch holds; of roles that are not in batches nothing.
    pub ratios: BTreeMap<String, u32>,
}

/// A role that a StatefulSet plays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// `spec.replicas`.
    pub replicas: u32,
    /// The partition.
    pub partition: u32,
    /// The controller of StatefulSets has seen this very spec.
    pub observed: bool,
    /// The template is another one than that of `status.currentRevision`.
    pub renewed: bool,
    /// Its pods by number, from 0; those that are being deleted are not there.
    pub pods: BTreeMap<u32, Pod>,
}

/// A pod of a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// It is made of the newest template.
    pub updated: bool,
    /// It is ready, and has been for long enough.
    pub available: bool,
}

/// How a role stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Pods of the newest template.
    pub updated: u32,
    /// Those of them that are available.
    pub settled: u32,
    /// Pods that are available.
    pub available: u32,
    /// Pods that stay as they are.
    pub stays: u32,
    /// There are pods that are not of the newest template, or there will be.
    pub rolling: bool,
    /// Everything that is to be updated is updated and available.
    pub done: bool,
    /// The last pod that is to be updated and is not updated and available yet.
    pub next: Option<u32>,
}

impl Pace {
    /// What a coordination asks for; `ratios` of the coordination that places the roles in batches.
    #[must_use]
    pub fn of(rolling: &RollingUpdate, ratios: BTreeMap<String, u32>) -> Self {
        let number = |text: &Option<String>| text.as_deref().and_then(percent);
        Self {
            max_unavailable: number(&rolling.max_unavailable_ratio),
            max_skew: number(&rolling.max_skew),
            partition: number(&rolling.partition).unwrap_or(0),
            ratios,
        }
    }

    /// The same without batches where these roles, with as many replicas as they have now, do not
    /// come to as many batches each.
    #[must_use]
    pub fn fitting(&self, roles: &[Role]) -> Self {
        let batched = roles.iter().filter_map(|role| {
            let ratio = u64::from((*self.ratios.get(&role.name)?).max(1));
            Some((u64::from(role.replicas), ratio))
        });
        let mut batched = batched.peekable();
        let first = batched.peek().copied();
        let fits = batched.all(|(replicas, ratio)| {
            first.is_some_and(|(first, of)| first * ratio == replicas * of)
        });
        let ratios = if fits { self.ratios.clone() } else { BTreeMap::new() };
        Self { ratios, ..self.clone() }
    }

    /// How many pods of so many may be down at once.
    #[must_use]
    pub fn budget(&self, replicas: u32) -> u32 {
        self.max_unavailable.map_or(1, |percent| share(replicas, percent).max(1))
    }

    /// How many pods of the role stay as they are.
    #[must_use]
    pub fn stays(&self, role: &str, replicas: u32) -> u32 {
        match self.ratios.get(role) {
            Some(ratio) => {
                let ratio = (*ratio).max(1);
                let batches = replicas.div_ceil(ratio);
                share(batches, self.partition).saturating_mul(ratio).min(replicas)
            }
            None => share(replicas, self.partition),
        }
    }

    /// How many of so many pods may be updated while the role furthest behind has this share.
    fn reach(&self, replicas: u32, (settled, of): (u32, u32)) -> u32 {
        let Some(skew) = self.max_skew else { return replicas };
        let (replicas, of) = (u128::from(replicas), u128::from(of.max(1)));
        let behind = replicas * u128::from(settled) / of;
        let ahead = replicas * (100 * u128::from(settled) + u128::from(skew) * of) / (100 * of);
        u32::try_from(ahead.max(behind + 1)).unwrap_or(u32::MAX)
    }
}

/// So many per cent, rounded down.
fn share(of: u32, percent: u32) -> u32 {
    u32::try_from(u64::from(of) * u64::from(percent) / 100).unwrap_or(u32::MAX)
}

impl Role {
    /// The pods that there are to be.
    fn own(&self) -> impl DoubleEndedIterator<Item = (u32, Pod)> {
        self.pods.range(..self.replicas).map(|(number, pod)| (*number, *pod))
    }

    fn count(&self, is: impl Fn(u32, Pod) -> bool) -> u32 {
        u32::try_from(self.own().filter(|(number, pod)| is(*number, *pod)).count())
            .unwrap_or(u32::MAX)
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self, pace: &Pace) -> Standing {
        let stays = pace.stays(&self.name, self.replicas);
        let updated = self.count(|_, pod| pod.updated);
        let rolling = self.renewed || self.own().any(|(_, pod)| !pod.updated);
        let next = self.open(stays);
        Standing {
            updated,
            settled: self.count(|_, pod| pod.updated && pod.available),
            available: self.count(|_, pod| pod.available),
            stays,
            rolling,
            done: next.is_none(),
            next,
        }
    }

    /// The last pod from this number on that is not updated and available.
    fn open(&self, from: u32) -> Option<u32> {
        let mut last = self.replicas;
        for (number, pod) in self.own().rev() {
            if number + 1 < last || !(pod.updated && pod.available) {
                break;
            }
            last = number;
        }
        last.checked_sub(1).filter(|number| *number >= from)
    }

    /// The batch of a pod.
    fn batch(&self, pace: &Pace, number: u32) -> Option<u32> {
        pace.ratios.get(&self.name).map(|ratio| number / (*ratio).max(1))
    }
}

/// The batch that is in turn, the last one that is not updated and available; `None`: there are no
/// batches, or all are. The pace fits the roles.
#[must_use]
pub fn turn(pace: &Pace, roles: &[Role]) -> Option<u32> {
    let open = roles.iter().filter_map(|role| {
        let standing = role.standing(pace);
        role.batch(pace, standing.next.filter(|_| standing.rolling)?)
    });
    open.max()
}

/// The partitions that are to be changed, by role. Nothing is changed before the controller of each
/// StatefulSet has seen its spec: until then its status is about another one.
#[must_use]
pub fn step(pace: &Pace, roles: &[Role]) -> BTreeMap<String, u32> {
    let mut wanted = BTreeMap::new();
    if roles.iter().any(|role| !role.observed) {
        return wanted;
    }
    let pace = &pace.fitting(roles);
    let turn = turn(pace, roles);
    let open = roles.iter().map(|role| (role, role.standing(pace)));
    let open =
        open.filter(|(role, standing)| standing.rolling && !standing.done && role.replicas > 0);
    let shares = open.map(|(role, standing)| (standing.settled, role.replicas));
    let least = shares.min_by(|(a, of), (b, other)| {
        (u64::from(*a) * u64::from(*other)).cmp(&(u64::from(*b) * u64::from(*of)))
    });
    for role in roles {
        let partition = match role.standing(pace).rolling {
            false => HOLD,
            true => of_role(pace, role, turn, least.unwrap_or((1, 1))),
        };
        if partition != role.partition {
            wanted.insert(role.name.clone(), partition);
        }
    }
    wanted
}

/// The partition of a role that is being rolled out.
fn of_role(pace: &Pace, role: &Role, turn: Option<u32>, least: (u32, u32)) -> u32 {
    let stays = pace.stays(&role.name, role.replicas);
    let budget = pace.budget(role.replicas);
    let begin = role.partition.max(stays);
    // Of the pods that were let go these are still to be replaced.
    let mut waiting =
        role.own().rev().filter(|(number, pod)| *number >= begin && pod.available && !pod.updated);
    if let Some((number, _)) = waiting.nth(usize::try_from(budget).unwrap_or(usize::MAX)) {
        return number + 1;
    }
    let mut partition = begin.min(role.replicas);
    let up = role.count(|number, pod| pod.available && (pod.updated || number < partition));
    let mut down = role.replicas - up;
    let updated = role.count(|number, pod| pod.updated && number < partition);
    let mut gone = updated + (role.replicas - partition);
    let reach = pace.reach(role.replicas, least);
    for _ in 0..AT_ONCE {
        let Some(number) = partition.checked_sub(1).filter(|number| *number >= stays) else {
            break;
        };
        let pod = role.pods.get(&number).copied().unwrap_or_default();
        if !pod.updated {
            let batch = role.batch(pace, number);
            let in_turn = batch.zip(turn).is_none_or(|(batch, turn)| batch >= turn);
            let is_covered = !pod.available || down < budget;
            if !in_turn || !is_covered || gone >= reach {
                break;
            }
            gone += 1;
            down += u32::from(pod.available);
        }
        partition = number;
    }
    // Above the replicas it means the same.
    if partition == role.replicas { begin } else { partition }
}

#[cfg(test)]
mod tests;
