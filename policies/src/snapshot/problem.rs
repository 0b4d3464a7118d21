//! What is odd about a snapshot, as facts; the sentences are in `words/snapshot.rs`.

use placecard_feasibility::inventory::kind::Kind;

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, from 1.
    pub line: u64,
    /// The column, from 1, in bytes.
    pub column: u64,
}

impl Place {
    /// Where a text begins.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// How users name an object, as far as it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty if it is in none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Something odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where; `None` if it is about a text as a whole.
    pub place: Option<Place>,
    /// In which object.
    pub object: Option<ObjectName>,
    /// What it is.
    pub kind: ProblemKind,
}

impl Problem {
    /// A problem of a text as a whole.
    #[must_use]
    pub fn whole(kind: ProblemKind) -> Self {
        Self { place: None, object: None, kind }
    }
}

/// What can be odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// There is nothing in the text but blanks.
    Empty,
    /// There is no object of a kind that placement depends on.
    NothingKnown {
        /// The kinds that are there, at most a few of them, with how many there are.
        kinds: Vec<(String, usize)>,
    },
    /// The text ends in the middle of an object or a list.
    CutOff,
    /// The text is not JSON here, between objects.
    NotJson {
        /// The byte that stands there.
        found: u8,
    },
    /// The text is UTF-16.
    Utf16,
    /// It is no text.
    NoText(Bytes),
    /// The `items` of a list are none.
    NoList,
    /// Lists stand in lists too deep.
    TooDeep {
        /// Levels.
        limit: usize,
    },
    /// A field of the object, or its syntax, cannot be read. The object is left out.
    Unreadable {
        /// The field: `spec.containers[0].name`; empty for the object itself.
        path: String,
        /// What is wrong there, in the parser's words.
        message: String,
    },
    /// The object is longer than any that a cluster can hold. It is left out.
    TooLarge {
        /// In bytes.
        limit: usize,
    },
    /// Something that is no object, or does not say its kind. It is left out.
    NoKind,
    /// The object has no name. It is left out.
    NoName,
    /// An object of this kind and name was there before; this one counts.
    Duplicate,
    /// Pods are bound to a node that is not there; they are not counted anywhere.
    UnknownNode {
        /// The node's name.
        node: String,
        /// How many.
        pods: usize,
    },
}

/// What a file is that is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bytes {
    /// It is packed by gzip.
    Gzip,
    /// It is packed by zstd.
    Zstd,
    /// Something else.
    Other,
}

impl Bytes {
    /// So many bytes decide, or all that there are.
    pub const ENOUGH: usize = 512;

    /// What begins like this; `None`: it may be text.
    #[must_use]
    pub fn of(begin: &[u8]) -> Option<Self> {
        match begin {
            [0x1F, 0x8B, ..] => Some(Self::Gzip),
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Self::Zstd),
            // Also those of UTF-16, which begins with its mark.
            [0xFE | 0xFF, ..] => None,
            _ => begin.iter().take(Self::ENOUGH).any(|byte| *byte == 0).then_some(Self::Other),
        }
    }
}

impl ProblemKind {
    /// Whether the rest of the text cannot be trusted or used: a verdict on the part before it
    /// would mislead.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Empty
            | Self::NothingKnown { .. }
            | Self::CutOff
            | Self::NotJson { .. }
            | Self::Utf16
            | Self::NoText(_)
            | Self::NoList
            | Self::TooDeep { .. } => true,
            Self::Unreadable { .. }
            | Self::TooLarge { .. }
            | Self::NoKind
            | Self::NoName
            | Self::Duplicate
            | Self::UnknownNode { .. } => false,
        }
    }

    /// Whether an object was left out for it.
    #[must_use]
    pub fn leaves_out(&self) -> bool {
        use ProblemKind::{NoKind, NoName, TooLarge, Unreadable};
        matches!(self, Unreadable { .. } | TooLarge { .. } | NoKind | NoName)
    }
}

/// The kind of the API's name, with its group; `None` for kinds that placement does not depend on.
/// An object that does not say its version is taken by its kind.
#[must_use]
pub fn kind_of(api_version: Option<&str>, name: &str) -> Option<Kind> {
    use placecard_feasibility::inventory::kind::KINDS;
    let kind = KINDS.into_iter().find(|kind| kind.name() == name)?;
    let group = match kind {
        Kind::StorageClass | Kind::CsiNode => "storage.k8s.io",
        Kind::ReplicaSet | Kind::StatefulSet => "apps",
        Kind::PriorityClass => "scheduling.k8s.io",
        Kind::PodDisruptionBudget => "policy",
        Kind::Lease => "coordination.k8s.io",
        _ => "",
    };
    let found = api_version.map(|version| version.rsplit_once('/').map_or("", |(group, _)| group));
    found.is_none_or(|found| found == group).then_some(kind)
}

/// The kind of a resource, by its name in the API or in a recorded case.
pub(super) fn kind_of_resource(name: &str) -> Option<Kind> {
    match name {
        "pvs" => Some(Kind::PersistentVolume),
        "pvcs" => Some(Kind::PersistentVolumeClaim),
        "pdbs" => Some(Kind::PodDisruptionBudget),
        _ => placecard_feasibility::inventory::kind::KINDS
            .into_iter()
            .find(|kind| kind.resource() == name),
    }
}
