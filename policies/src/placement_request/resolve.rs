//! Entries that mean nothing on a cluster.

pub use placecard_language::directory::Unknown;

/// An entry that means nothing on the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// The entry, from 0.
    pub entry: usize,
    /// Why.
    pub why: Unresolvable,
}

/// Why an entry means nothing on the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unresolvable {
    /// Its target, or what its target depends on, is not known.
    Unknown(Unknown),
    /// A Service that selects no pods.
    SelectsNothing,
    /// Neither a level of the vocabulary nor a label key.
    UnknownLevel(String),
    /// Not a resource of the vocabulary.
    UnknownResource(String),
    /// Not a trust domain of the vocabulary.
    UnknownTrustDomain(String),
    /// The vocabulary does not let the pod's namespace use the trust domain.
    NotAllowed,
}

impl From<Unknown> for Unresolvable {
    fn from(why: Unknown) -> Self {
        Self::Unknown(why)
    }
}
