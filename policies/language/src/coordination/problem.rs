//! What is wrong with a RoleCoordination, as facts; the facade words them.

use placecard_findings::Code;

use crate::problem::Form;
use crate::vocabulary_problem::VocabularyDetail;

/// One mistake in a RoleCoordination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoordinationProblem {
    /// Which kind.
    pub code: Code,
    /// JSON pointer (RFC 6901) of the field, or of the mapping that lacks one.
    pub pointer: String,
    /// The key at `pointer` is meant and not its value: it is unknown, or its mapping lacks a field.
    pub on_key: bool,
    /// The facts.
    pub detail: CoordinationDetail,
    /// What could stand there instead.
    pub suggestion: Option<String>,
}

/// The facts of a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoordinationDetail {
    /// The shape of the value: its schema refuses it.
    Shape(VocabularyDetail),
    /// A name or key of the wrong form.
    Form {
        /// As written.
        found: String,
        /// What it names: `a role`, `a coordination`, …
        what: &'static str,
        /// The form it lacks.
        form: Form,
    },
    /// A name, or a source of pods, for the second time.
    Duplicate {
        /// What it is: `role`, `coordination`, `workload`.
        what: &'static str,
        /// The name.
        name: String,
        /// JSON pointer of the first one.
        first: String,
    },
    /// Nothing where something has to be.
    Empty {
        /// What lacks.
        what: &'static str,
    },
    /// A role with both a `workloadRef` and a `groupRef`, or with neither.
    OneSource {
        /// The role.
        role: String,
        /// It has both.
        both: bool,
    },
    /// A `role` where there is none, or none where there has to be one.
    RoleOfGroup {
        /// The kind of the group; empty: there is a `workloadRef`.
        kind: String,
        /// There is a `role`.
        present: bool,
    },
    /// A kind that no `groupRef` can name.
    GroupKind {
        /// As written.
        found: String,
        /// Group of the `apiVersion`, as written.
        group: String,
    },
    /// A kind that no `workloadRef` can name.
    WorkloadKind {
        /// As written.
        found: String,
        /// It is a kind of group.
        is_group: bool,
    },
    /// A role that the object does not define.
    UnknownRole {
        /// As written.
        found: String,
        /// Those that it defines, sorted.
        known: Vec<String>,
    },
    /// A coordinated role without a ratio.
    NoRatio {
        /// The role.
        role: String,
        /// The coordination.
        coordination: String,
    },
    /// A ratio of a role that the coordination is not about.
    ForeignRatio {
        /// The role.
        role: String,
        /// The coordination.
        coordination: String,
        /// The roles of the coordination.
        known: Vec<String>,
    },
    /// A ratio outside 1 to [`super::MAX_RATIO`].
    Ratio {
        /// The role.
        role: String,
        /// As written.
        found: i64,
    },
    /// A role in two coordinations that place it.
    PlacedTwice {
        /// The role.
        role: String,
        /// The coordination that comes first.
        first: String,
        /// This one.
        second: String,
    },
    /// A strategy that is not that of the type, or none at all.
    StrategyOfType {
        /// The type.
        kind: &'static str,
        /// The field that has to be there.
        field: &'static str,
        /// The field that is there and must not be.
        other: Option<&'static str>,
    },
    /// Batches one after the other, and nobody who waits.
    SequentialByAffinity,
    /// A field that only gated placement heeds.
    OnlyGated {
        /// The field.
        field: &'static str,
        /// The placement.
        placement: &'static str,
    },
    /// What happens after a timeout that there is not.
    ReleaseWithoutTimeout,
    /// Not a duration of at least a second.
    Duration {
        /// As written.
        found: String,
    },
    /// A role whose rollout nobody can stop in the middle, where the controller is to do so.
    NotPaced {
        /// The role.
        role: String,
        /// The kind of what plays it.
        kind: String,
    },
    /// A role in two coordinations that carry out its rollout.
    PacedTwice {
        /// The role.
        role: String,
        /// The coordination that comes first.
        first: String,
    },
    /// Not a percentage from 0 to 100, or from 1.
    Percentage {
        /// The field.
        field: &'static str,
        /// As written.
        found: String,
        /// The least.
        least: u32,
    },
}
