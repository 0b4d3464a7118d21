//! Why a rule cannot be expanded, as facts; the sentences are in `words/trouble.rs`.

use placecard_findings::FieldPath;
use placecard_language::directory::Unknown;
use placecard_language::intent::{Origin, Word};

use crate::surroundings::Reference;

/// One obstacle, recorded where it was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// The rule (or the words of it) that cannot be expanded.
    pub(crate) rule: Origin,
    /// Whether the rule is required.
    pub(crate) required: bool,
    /// What stands in its way.
    pub(crate) obstacle: Obstacle,
}

/// Something that a rule clashes with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rival {
    /// Another rule.
    Rule(Origin),
    /// A hand-written element, from the pod template.
    Field(FieldPath),
}

/// What stands in a rule's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The node terms would be more than the limit.
    TooManyNodeTerms {
        /// The largest number of terms.
        limit: usize,
    },
    /// A second required pod affinity term would be needed.
    SecondNear {
        /// The first one.
        rival: Box<Rival>,
        /// What the first one selects, in kubectl's syntax.
        rival_selects: String,
        /// What this one selects.
        selects: String,
        /// If no pod can match both: the label that would need two values.
        clash: Option<String>,
    },
    /// The API allows one hard (or one soft) spread constraint per topology key.
    SecondSpread {
        /// The other one.
        rival: Rival,
        /// Whether they are hard ones.
        hard: bool,
        /// The topology key.
        key: String,
    },
    /// `at-most` of other pods beside a hard constraint on another key counts too few.
    AtMostUndercounts {
        /// The other constraint.
        rival: Rival,
    },
    /// `at-most` and `spread` count in the pod's own namespace only.
    OtherNamespace {
        /// The namespace that is named.
        namespace: String,
    },
    /// Another toleration of the same taint comes first and lasts differently.
    EarlierToleration {
        /// That one.
        rival: Rival,
    },
    /// An object that the rule names is not known.
    Unresolved {
        /// Which.
        reference: Box<Reference>,
        /// Why not.
        missing: Missing,
    },
    /// No label tells the pods of this controller from others.
    SelfHasNoLabels,
    /// The pod lacks the label after `same` or `other`.
    MissingLabel {
        /// The label key, with its place.
        key: Word,
    },
    /// The pod is bound by hand, so the scheduler never reads the rule.
    SchedulerBypassed {
        /// `spec.nodeName`
        node: String,
    },
    /// A DaemonSet's controller picks the nodes: rules about other pods have no effect.
    OnDaemonSet,
    /// The coordination has no role for the workload.
    NoRole {
        /// Its name.
        coordination: String,
    },
    /// The coordination stands in a RoleBasedGroup, where no controller looks after its gates.
    GatedInGroup,
    /// Two RoleCoordinations refer to the pod's group and role.
    TwoCoordinations {
        /// The name of the one.
        first: String,
        /// The name of the other.
        second: String,
    },
    /// Nothing says in which batch the pod is.
    NoOrdinal {
        /// Replicas of the workload, if known.
        replicas: Option<u64>,
        /// Replicas of the role in one batch.
        ratio: u32,
    },
    /// The pod has a required pod affinity term, and its batch would be a second one.
    BesideBatch {
        /// The first one.
        rival: Box<Rival>,
        /// What it selects, in kubectl's syntax.
        selects: String,
    },
    /// No controller is seen that would release what waits behind its gate.
    NoController,
    /// The server serves no PodGroups.
    NoPodGroups,
    /// The server is too old for the field that a template needs.
    NeedsServer {
        /// Minor version.
        minor: u32,
        /// The template must hold it; else it is for `placecard expand` alone, and the pods get it
        /// by value.
        in_place: bool,
    },
}

/// Why an object is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is not among the objects that were read.
    NotAsked,
    /// It does not exist.
    Absent,
    /// It could not be asked for.
    Unreachable,
    /// It exists and selects no pods.
    SelectsNothing,
    /// The claim is not bound to a volume yet.
    Unbound,
    /// Nobody holds the Lease.
    NotHeld,
    /// The holder of the Lease is neither a pod nor a node that is there.
    HolderGone,
    /// The pod is on no node yet.
    NotPlaced,
    /// The node lacks the label of the level.
    Unlabelled,
}

impl From<Unknown> for Missing {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::NotAsked => Self::NotAsked,
            Unknown::Absent => Self::Absent,
            Unknown::Unreachable => Self::Unreachable,
            Unknown::NotHeld => Self::NotHeld,
            Unknown::HolderGone => Self::HolderGone,
            Unknown::NotPlaced => Self::NotPlaced,
            Unknown::Unlabelled => Self::Unlabelled,
        }
    }
}
