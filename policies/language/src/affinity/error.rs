//! What is wrong with a typed entry, as facts.

use super::category::AffinityCategory;
use super::target::{AffinityTarget, AffinityTargetType};

/// Why entries cannot be built, read or written.
///
/// Its `Display` is the text that `placecard intent` prints; `at` and the [`Reason`] are for
/// those who word it themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseError {
    /// An entry outside the v1 surface, or bytes that are no entries. All entries are refused
    /// together.
    InvalidIntent {
        /// The offset of the offending byte, from the first byte of the blob; `None`: the entry
        /// never was in a blob, or each of its bytes is right and the entries together are not.
        at: Option<usize>,
        /// What is wrong.
        reason: Reason,
    },
    /// An entry with something that only annotations have.
    NotInWireForm {
        /// The entry, from 0.
        entry: usize,
        /// What the wire form lacks.
        has: Annotated,
    },
}

impl LeaseError {
    /// An entry that never was in a blob.
    pub(crate) const fn built(reason: Reason) -> Self {
        Self::InvalidIntent { at: None, reason }
    }

    /// An entry in a blob.
    pub(crate) const fn at(at: usize, reason: Reason) -> Self {
        Self::InvalidIntent { at: Some(at), reason }
    }
}

/// What an entry of an annotation may have and the wire form lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Annotated {
    /// A weight.
    Weight,
    /// A level.
    Level,
    /// A name in place of an id.
    Name,
}

impl Annotated {
    /// The name of its field.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::Level => "level",
            Self::Name => "name",
        }
    }
}

/// What is wrong with an entry, or with the bytes around it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Facility (0x05): known, and not in v1.
    FacilityReserved,
    /// A category from 0x06 to 0xfe.
    ReservedCategory {
        /// The byte.
        byte: u8,
    },
    /// 0x00 or 0xff as a category.
    UnknownCategory {
        /// The byte.
        byte: u8,
    },
    /// Adaptive (0x03, or 0x83 with the bit that says away): known, and not in v1.
    AdaptiveReserved {
        /// The byte, with its direction.
        byte: u8,
    },
    /// Any other strength.
    UnknownStrength {
        /// The byte, with its direction.
        byte: u8,
    },
    /// Away with another category than Topology.
    AwayOutsideTopology {
        /// The category.
        category: AffinityCategory,
    },
    /// Trust is required or left out.
    PreferredTrust,
    /// A type of target that does not exist.
    UnknownTargetType {
        /// The byte.
        byte: u8,
    },
    /// A type of target that exists for other categories.
    TargetOfOtherCategory {
        /// The category.
        category: AffinityCategory,
        /// The type.
        target: AffinityTargetType,
    },
    /// A target whose length is not that of its type.
    TargetLength {
        /// The type.
        target: AffinityTargetType,
        /// The length that stands there.
        found: u16,
        /// The length of the type.
        expected: u16,
    },
    /// A trust domain without a name.
    EmptyTrustDomain,
    /// A trust domain that fits into no TLV.
    TrustDomainTooLong {
        /// Its bytes.
        bytes: usize,
    },
    /// A byte of a trust domain that is not UTF-8.
    TrustDomainNotUtf8 {
        /// The first one that is not.
        byte: u8,
    },
    /// The target reaches beyond its TLV.
    TargetOverrun {
        /// The length that the target claims.
        claimed: u16,
        /// What is left in the TLV.
        left: usize,
    },
    /// Bytes after the target, inside its TLV.
    SurplusBytes {
        /// How many.
        count: usize,
    },
    /// A TLV of our tag that is shorter than the fixed part of an entry.
    EntryTooShort {
        /// The length of the TLV.
        length: u16,
    },
    /// The blob ends inside the header of a TLV.
    TruncatedHeader {
        /// The bytes that are there, 1 to 3.
        left: usize,
    },
    /// The blob ends inside the value of a TLV, ours or another's.
    TlvOverrun {
        /// The tag.
        tag: u16,
        /// The length that it claims.
        claimed: u16,
        /// What is left in the blob.
        left: usize,
    },
    /// Toward and away from one target, both required.
    Contradictory {
        /// The entry that says toward, from 0.
        toward: usize,
        /// The entry that says away, from 0.
        away: usize,
        /// The target of both.
        target: AffinityTarget,
    },
    /// An id that is no UUID.
    NotAnId {
        /// Its first 40 characters.
        found: String,
    },
    /// A name where only ids, numbers or domains are.
    NotByName {
        /// The type of the target.
        target: AffinityTargetType,
    },
    /// A name that no object can have.
    NameForm {
        /// The type of the target.
        target: AffinityTargetType,
        /// Its first 40 characters.
        found: String,
    },
    /// Both a value and a name.
    ValueAndName {
        /// The type of the target.
        target: AffinityTargetType,
    },
    /// A target without what says which one.
    NoTarget {
        /// The type of the target.
        target: AffinityTargetType,
    },
    /// A number that is no rack.
    NotARack {
        /// As JSON, its first 40 characters.
        found: String,
    },
    /// A value that is no name of a trust domain.
    NotATrustDomain {
        /// As JSON, its first 40 characters.
        found: String,
    },
    /// A weight outside 1 to 100.
    WeightRange {
        /// The weight.
        weight: u32,
    },
    /// A weight of a required entry.
    WeightOfRequired,
    /// A level beside a target that is in no level.
    LevelOfTarget {
        /// The type of the target.
        target: AffinityTargetType,
    },
    /// A level that is no name of a level and no label key.
    LevelForm {
        /// Its first 40 characters.
        found: String,
    },
}

impl Reason {
    /// A name for machines; it does not change.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::FacilityReserved => "facility-reserved",
            Self::ReservedCategory { .. } => "reserved-category",
            Self::UnknownCategory { .. } => "unknown-category",
            Self::AdaptiveReserved { .. } => "adaptive-reserved",
            Self::UnknownStrength { .. } => "unknown-strength",
            Self::AwayOutsideTopology { .. } => "away-outside-topology",
            Self::PreferredTrust => "preferred-trust",
            Self::UnknownTargetType { .. } => "unknown-target-type",
            Self::TargetOfOtherCategory { .. } => "target-of-other-category",
            Self::TargetLength { .. } => "target-length",
            Self::EmptyTrustDomain => "empty-trust-domain",
            Self::TrustDomainTooLong { .. } => "trust-domain-too-long",
            Self::TrustDomainNotUtf8 { .. } => "trust-domain-not-utf8",
            Self::TargetOverrun { .. } => "target-overrun",
            Self::SurplusBytes { .. } => "surplus-bytes",
            Self::EntryTooShort { .. } => "entry-too-short",
            Self::TruncatedHeader { .. } => "truncated-header",
            Self::TlvOverrun { .. } => "tlv-overrun",
            Self::Contradictory { .. } => "contradictory",
            Self::NotAnId { .. } => "not-an-id",
            Self::NotByName { .. } => "not-by-name",
            Self::NameForm { .. } => "name-form",
            Self::ValueAndName { .. } => "value-and-name",
            Self::NoTarget { .. } => "no-target",
            Self::NotARack { .. } => "not-a-rack",
            Self::NotATrustDomain { .. } => "not-a-trust-domain",
            Self::WeightRange { .. } => "weight-range",
            Self::WeightOfRequired => "weight-of-required",
            Self::LevelOfTarget { .. } => "level-of-target",
            Self::LevelForm { .. } => "level-form",
        }
    }
}
