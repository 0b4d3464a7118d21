//! What there is of each coordination that keeps rollouts in step, from the live cluster, and what
//! its status says.

use std::collections::{BTreeMap, BTreeSet};

use placecard_findings::api_group;
use placecard_language::coordination::written::{
    CoordinationStatus, Phase, RoleState, StrategyType,
};
use placecard_language::coordination::{Coordination, Group, RollingUpdate, Source, Strategy};

use super::rollout::{Pace, Pod, Role, Standing, step, turn};
use super::status::Stall;
use crate::live::rollout::Rollout;
use crate::live::{Live, Watched};
use crate::words;

/// The label that says which revision of its StatefulSet a pod is (`apps/v1`,
/// `ControllerRevisionHashLabelKey`).
const REVISION_LABEL: &str = "controller-revision-hash";

/// Pods of one role that are looked for without being known to belong to a coordination.
const MOST_PODS: u32 = 10_000;

/// A coordination of type `RollingUpdate`, and what there is of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rolled {
    /// The namespace.
    pub namespace: String,
    /// The name of the RoleCoordination.
    pub group: String,
    /// The name of the coordination.
    pub coordination: String,
    /// What it asks for.
    pub rolling: RollingUpdate,
    /// The same in numbers.
    pub pace: Pace,
    /// The roles that can be paced.
    pub roles: Vec<Role>,
    /// The StatefulSets that play them, by role.
    pub sets: BTreeMap<String, Set>,
    /// The others, and why they cannot.
    pub hindered: BTreeMap<String, Hindrance>,
    /// What is known of roles that cannot be paced.
    pub states: BTreeMap<String, RoleState>,
    /// When time alone changes something next, in seconds since 1970.
    pub again: Option<i64>,
}

/// A StatefulSet as it was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Its version; what is decided holds for no other.
    pub resource_version: String,
    /// The number of its first pod.
    pub start: u32,
}

/// Why the rollout of a role cannot be paced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// The workload is not there.
    Absent {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// Workloads of this kind have no partition.
    Kind {
        /// The kind.
        kind: String,
    },
    /// The StatefulSet replaces no pods by itself.
    OnDelete {
        /// Its name.
        name: String,
    },
    /// Its pods do not say that they belong to a coordination.
    Silent {
        /// Its name.
        name: String,
    },
    /// Somebody else says what the partition is.
    Owned {
        /// The name of the StatefulSet.
        name: String,
        /// The field manager.
        manager: String,
    },
    /// The manifest has a partition of its own: whoever applies it owns the field.
    Written {
        /// The name of the StatefulSet.
        name: String,
    },
    /// The API server does not take it.
    Refused {
        /// The name of the StatefulSet.
        name: String,
        /// What it says.
        told: String,
    },
    /// The webhook may not change StatefulSets.
    Forbidden {
        /// The name of the StatefulSet.
        name: String,
    },
}

/// A StatefulSet of which the partition is ours, and that no coordination paces any longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The namespace.
    pub namespace: String,
    /// The StatefulSet.
    pub set: Set,
}

impl Hindrance {
    /// Nothing goes on without somebody's help.
    #[must_use]
    pub const fn lasts(&self) -> bool {
        !matches!(self, Self::Absent { .. })
    }
}

/// All of them, by namespace and name, in the order written. `now` is in seconds since 1970.
#[must_use]
pub fn gather_rollouts(live: &Live, now: i64) -> Vec<Rolled> {
    let mut found = Vec::new();
    for ((namespace, _), one) in live.coordinated() {
        let Some(group) = &one.group else { continue };
        for coordination in &group.coordinations {
            if let Strategy::RollingUpdate(rolling) = &coordination.strategy {
                found.push(rolled(live, namespace, group, (coordination, rolling), now));
            }
        }
    }
    found
}

/// The StatefulSets of which the partition is to be given back: nobody asks for it any longer. Where
/// a RoleCoordination of the namespace cannot be used, it might.
#[must_use]
pub fn left_over(live: &Live, rolled: &[Rolled]) -> Vec<Held> {
    let is_paced = |namespace: &str, name: &str| {
        rolled.iter().any(|one| {
            let is_own = one.rolling.manage_rollout && one.namespace == namespace;
            is_own && one.sets.values().any(|set| set.name == name)
        })
    };
    let is_clear = |namespace: &str| live.coordinated_in(namespace).all(|one| one.group.is_some());
    let held = live
        .held()
        .filter(|((namespace, name), _)| !is_paced(namespace, name) && is_clear(namespace));
    held.map(|((namespace, name), rollout)| Held {
        namespace: namespace.clone(),
        set: set_of(name, rollout),
    })
    .collect()
}

fn set_of(name: &str, rollout: &Rollout) -> Set {
    Set {
        name: name.to_owned(),
        uid: rollout.uid.clone(),
        resource_version: rollout.resource_version.clone(),
        start: rollout.start,
    }
}

fn rolled(
    live: &Live,
    namespace: &str,
    group: &Group,
    (coordination, rolling): (&Coordination, &RollingUpdate),
    now: i64,
) -> Rolled {
    let ratio = |role: &String| {
        let (_, affinity) = group.placing(role)?;
        Some((role.clone(), *affinity.ratios.get(role)?))
    };
    let ratios = coordination.roles.iter().filter_map(ratio).collect();
    let mut found = Rolled {
        namespace: namespace.to_owned(),
        group: group.name.clone(),
        coordination: coordination.name.clone(),
        rolling: rolling.clone(),
        pace: Pace::of(rolling, ratios),
        ..Rolled::default()
    };
    for name in &coordination.roles {
        let Some(role) = group.role(name) else { continue };
        found.add(live, name, &role.source, now);
    }
    found
}

impl Rolled {
    fn add(&mut self, live: &Live, role: &str, source: &Source, now: i64) {
        let hindrance = match source {
            Source::Workload { api_version, kind, name } => {
                let watched = Watched::find(api_version, kind);
                let rollout = watched.and_then(|of| live.rollout(of, &self.namespace, name));
                let is_set = (api_group(api_version), kind.as_str()) == ("apps", "StatefulSet");
                match rollout {
                    Some(rollout) if is_set => {
                        return self.add_set(live, (role, name), rollout, now);
                    }
                    Some(rollout) => {
                        let state = RoleState {
                            ready_replicas: rollout.ready,
                            target_replicas: rollout.replicas,
                            updated_replicas: rollout.observed.then_some(rollout.updated),
                        };
                        self.states.insert(role.to_owned(), state);
                        Hindrance::Kind { kind: kind.clone() }
                    }
                    None if is_set => Hindrance::Absent { kind: kind.clone(), name: name.clone() },
                    None => Hindrance::Kind { kind: kind.clone() },
                }
            }
            Source::Group { kind, .. } => Hindrance::Kind { kind: kind.clone() },
            Source::Annotation => return,
        };
        self.states.entry(role.to_owned()).or_default();
        self.hindered.insert(role.to_owned(), hindrance);
    }

    fn add_set(&mut self, live: &Live, (role, name): (&str, &str), rollout: &Rollout, now: i64) {
        let namespace = self.namespace.clone();
        let mut pods = BTreeMap::new();
        let mut is_silent = false;
        let prefix = format!("{name}-");
        let numbers = live.waiters_of(&namespace, &prefix);
        let numbers = numbers.filter_map(|pod| pod.strip_prefix(&prefix)?.parse::<u32>().ok());
        let unknown =
            (0..rollout.replicas.min(MOST_PODS)).map(|at| at.saturating_add(rollout.start));
        for number in numbers.chain(unknown).collect::<BTreeSet<u32>>() {
            let pod_name = (namespace.clone(), format!("{prefix}{number}"));
            let Some(pod) = live.state().pod(&pod_name.0, &pod_name.1) else { continue };
            let owner = pod.owner.as_ref();
            let is_own = owner.is_some_and(|of| of.kind == "StatefulSet" && of.name == name);
            let Some(number) = number.checked_sub(rollout.start).filter(|_| is_own) else {
                continue;
            };
            if pod.terminating {
                continue;
            }
            let revision = pod.labels.get(REVISION_LABEL);
            let updated = revision.is_some_and(|one| *one == rollout.update_revision);
            let available = match live.waiter(&pod_name) {
                Some(waiter) => {
                    let since = waiter.ready.map(|at| at + i64::from(rollout.min_ready_seconds));
                    let later = since.filter(|since| *since > now);
                    self.again = [self.again, later].into_iter().flatten().min();
                    since.is_some() && later.is_none()
                }
                // Nothing is known of it: it is taken to be needed.
                None => {
                    is_silent |= updated;
                    true
                }
            };
            pods.insert(number, Pod { updated, available });
        }
        let known = Role {
            name: role.to_owned(),
            replicas: rollout.replicas,
            partition: rollout.partition,
            observed: rollout.observed,
            renewed: rollout.update_revision != rollout.current_revision,
            pods,
        };
        let name = name.to_owned();
        let hindrance = match rollout.strategy.as_str() {
            "" | "RollingUpdate" if is_silent => Some(Hindrance::Silent { name: name.clone() }),
            "" | "RollingUpdate" => None,
            _ => Some(Hindrance::OnDelete { name: name.clone() }),
        };
        self.states.insert(role.to_owned(), state_of(&known, &known.standing(&self.pace)));
        self.hindered.extend(hindrance.map(|one| (role.to_owned(), one)));
        self.roles.push(known);
        self.sets.insert(role.to_owned(), set_of(&name, rollout));
    }

    /// The partitions that are to be changed, by role: none unless the controller is asked for it, and
    /// all roles can be paced.
    #[must_use]
    pub fn step(&self) -> BTreeMap<String, u32> {
        if !self.rolling.manage_rollout || !self.hindered.is_empty() {
            return BTreeMap::new();
        }
        step(&self.pace, &self.roles)
    }

    /// The name of a pod of a role.
    #[must_use]
    pub fn pod(&self, role: &str, number: u32) -> String {
        let set = self.sets.get(role);
        let (name, start) = set.map_or((role, 0), |set| (set.name.as_str(), set.start));
        format!("{name}-{}", number.saturating_add(start))
    }

    /// How the roles stand, in the order written.
    #[must_use]
    pub fn standings(&self) -> Vec<(&Role, Standing)> {
        let pace = self.pace.fitting(&self.roles);
        self.roles.iter().map(|role| (role, role.standing(&pace))).collect()
    }

    /// How far it is: the batch that is in turn counted from 1, and how many there are that do not
    /// stay as they are; nothing where there are no batches.
    #[must_use]
    pub fn batches(&self) -> (u32, u32) {
        let pace = self.pace.fitting(&self.roles);
        let of = self.roles.iter().find_map(|role| {
            let ratio = (*pace.ratios.get(&role.name)?).max(1);
            let stays = pace.stays(&role.name, role.replicas);
            Some((role.replicas.div_ceil(ratio), stays / ratio))
        });
        let Some((all, stay)) = of else { return (0, 0) };
        let total = all.saturating_sub(stay);
        match turn(&pace, &self.roles) {
            Some(number) => (all.saturating_sub(number), total),
            None => (total, total),
        }
    }

    fn phase(&self, standings: &[(&Role, Standing)]) -> Phase {
        let open = || standings.iter().filter(|(_, one)| one.rolling && !one.done);
        if self.rolling.manage_rollout && self.hindered.values().any(Hindrance::lasts) {
            return Phase::Failed;
        }
        if self.hindered.values().any(|one| !one.lasts()) {
            return Phase::Pending;
        }
        if open().next().is_none() {
            return Phase::Completed;
        }
        let begun = |(role, one): &(&Role, Standing)| {
            !one.rolling || one.updated > 0 || role.partition < role.replicas
        };
        if standings.iter().any(begun) { Phase::InProgress } else { Phase::Pending }
    }

    /// The entry of the status, without the moment of its last change, and what is stalled.
    #[must_use]
    pub fn status(&self) -> (CoordinationStatus, Option<Stall>) {
        let standings = self.standings();
        let (current, total) = self.batches();
        let phase = self.phase(&standings);
        let begun = phase != Phase::Pending;
        let entry = CoordinationStatus {
            name: self.coordination.clone(),
            kind: StrategyType::RollingUpdate,
            phase,
            role_states: self.states.clone(),
            current_batch: if begun { current } else { 0 },
            total_batches: total,
            last_update_time: None,
            message: words::rollout::progress(self, phase),
        };
        (entry, (phase == Phase::Failed).then_some(Stall::RolloutBlocked))
    }
}

fn state_of(role: &Role, standing: &Standing) -> RoleState {
    RoleState {
        ready_replicas: standing.available,
        target_replicas: role.replicas,
        updated_replicas: role.observed.then_some(standing.updated),
    }
}
