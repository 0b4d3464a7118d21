//! Role coordination: roles whose pods are placed in whole batches, each batch on one topology
//! domain (`RoleCoordination`, `placecard.dev/v1alpha1`).
//!
//! [`written`] has the resource as written, [`check::check`] makes a [`Group`] of it, and
//! [`sentence::read`] reads the annotation `coordinate`, whose long form says the same of one role
//! without an object. Everything after that sees a [`Group`] alone.

pub mod check;
mod duration;
pub mod inline;
mod problem;
pub mod sentence;
pub mod written;

use std::collections::BTreeMap;

pub use problem::{CoordinationDetail, CoordinationProblem};
pub use written::{BatchMode, Exclusive, OnTimeout, Placement};

/// The topology key of a coordination that names none.
pub const DEFAULT_TOPOLOGY_KEY: &str = crate::checked::HOSTNAME;

/// The largest ratio (int32, as replicas are).
pub const MAX_RATIO: u32 = 2_147_483_647;

/// The groups and kinds that a `groupRef` may name, with the word for the role inside; `None`: all
/// pods are of one role.
pub static GROUP_KINDS: &[(&str, &str, Option<&str>)] = &[
    ("workloads.x-k8s.io", "RoleBasedGroup", Some("spec.roles[].name")),
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet", None),
    ("jobset.x-k8s.io", "JobSet", Some("spec.replicatedJobs[].name")),
    ("disaggregatedset.x-k8s.io", "DisaggregatedSet", Some("spec.roles[].name")),
];

/// One RoleCoordination, or what the long form of `coordinate` or the inline coordination of a group
/// means, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Its namespace; empty in a manifest that names none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// In the order written.
    pub roles: Vec<Role>,
    /// In the order written.
    pub coordinations: Vec<Coordination>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Where its pods come from.
    pub source: Source,
}

/// Where the pods of a role come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// All pods of a workload of the group's namespace.
    Workload {
        /// Group and version.
        api_version: String,
        /// Kind.
        kind: String,
        /// Name.
        name: String,
    },
    /// The pods of one role of another controller's group, in the same namespace.
    Group {
        /// Group and version.
        api_version: String,
        /// Kind, of [`GROUP_KINDS`].
        kind: String,
        /// Name.
        name: String,
        /// The role inside; empty for a LeaderWorkerSet.
        role: String,
    },
    /// The pods whose template says so itself, in the long form of `coordinate`.
    Annotation,
}

/// One coordination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coordination {
    /// Its name.
    pub name: String,
    /// The roles that it is about, each once, in the order written.
    pub roles: Vec<String>,
    /// What holds between them.
    pub strategy: Strategy,
}

/// What holds between roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Whole batches on one topology domain.
    AffinityScheduling(AffinityScheduling),
    /// Rollouts that keep pace.
    RollingUpdate(RollingUpdate),
}

/// Whole batches on one topology domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AffinityScheduling {
    /// The node label whose values are the domains.
    pub topology_key: String,
    /// Role to replicas in one batch, 1 to [`MAX_RATIO`]; exactly the roles of the coordination.
    pub ratios: BTreeMap<String, u32>,
    /// When batches start.
    pub batch_mode: BatchMode,
    /// Whether batches keep apart.
    pub exclusive: Exclusive,
    /// Who keeps a batch together.
    pub placement: Placement,
    /// How long a gated batch waits for a domain, in seconds; `None`: for ever.
    pub timeout_seconds: Option<u64>,
    /// What happens then.
    pub on_timeout: OnTimeout,
}

/// Rollouts that keep pace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RollingUpdate {
    /// How much of each role may be unavailable, as written: `N%`.
    pub max_unavailable_ratio: Option<String>,
    /// How far the roles' progress may differ, as written: `N%`.
    pub max_skew: Option<String>,
    /// How much of each role stays at the old revision, as written: `N%`.
    pub partition: Option<String>,
    /// The controller moves the partitions of the StatefulSets.
    pub manage_rollout: bool,
}

impl Group {
    /// The role of this name.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }

    /// The coordination that places the role in batches: at most one does.
    #[must_use]
    pub fn placing(&self, role: &str) -> Option<(&Coordination, &AffinityScheduling)> {
        self.coordinations.iter().find_map(|one| match &one.strategy {
            Strategy::AffinityScheduling(affinity) if one.roles.iter().any(|name| name == role) => {
                Some((one, affinity))
            }
            _ => None,
        })
    }
}

/// The number that a percentage has, 0 to 100; `None` for anything but digits and `%`.
#[must_use]
pub fn percent(text: &str) -> Option<u32> {
    let digits = text.strip_suffix('%')?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| plain && *number <= 100)
}

/// The placement of a coordination that names none.
#[must_use]
pub const fn default_placement(mode: BatchMode) -> Placement {
    match mode {
        BatchMode::Sequential => Placement::Gated,
        BatchMode::Parallel => Placement::Affinity,
    }
}
