//! The words of errors and targets, for those who use this crate as a library and for `placecard
//! intent`. Findings in annotations are worded by the facade, from the same facts.

use std::fmt;

use super::error::{LeaseError, Reason};
use super::strength::AffinityDirection;
use super::target::{AffinityTarget, AffinityTargetType};
use super::{AffinityCategory, AffinityStrength};

impl std::error::Error for LeaseError {}

impl std::error::Error for Reason {}

/// `InvalidIntent at byte 18 (0x12): 0x84 is not a strength`; without the place if there is none.
impl fmt::Display for LeaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidIntent { at: Some(at), reason } => {
                write!(f, "InvalidIntent at byte {at} ({at:#04x}): {reason}")
            }
            Self::InvalidIntent { at: None, reason } => write!(f, "InvalidIntent: {reason}"),
            Self::NotInWireForm { entry, has } => {
                write!(f, "entry {}: the wire form has no {}", entry + 1, has.name())
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FacilityReserved => {
                write!(f, "0x05 is the category Facility, which is reserved")
            }
            Self::ReservedCategory { byte } => write!(f, "{byte:#04x} is a reserved category"),
            Self::UnknownCategory { byte } => write!(f, "{byte:#04x} is not a category"),
            Self::AdaptiveReserved { byte } => {
                write!(f, "{byte:#04x} is the strength Adaptive, which is reserved")
            }
            Self::UnknownStrength { byte } => write!(f, "{byte:#04x} is not a strength"),
            Self::AwayOutsideTopology { category } => {
                write!(f, "{category} cannot be away, only Topology can")
            }
            Self::PreferredTrust => write!(f, "Trust cannot be Preferred, only Required"),
            Self::UnknownTargetType { byte } => write!(f, "{byte:#04x} is not a target type"),
            Self::TargetOfOtherCategory { category, target } => {
                write!(f, "{target} is not a target of {category}")
            }
            Self::TargetLength { target, found, expected } => {
                write!(f, "{target} has {expected} bytes, not {found}")
            }
            Self::TargetOverrun { claimed, left } => {
                write!(f, "the target is truncated: {left} of {claimed} bytes")
            }
            Self::SurplusBytes { count } => {
                let bytes = if *count == 1 { "byte" } else { "bytes" };
                write!(f, "{count} surplus {bytes} after the target")
            }
            Self::EntryTooShort { length } => {
                write!(f, "an entry has at least 6 bytes, this TLV has {length}")
            }
            Self::TruncatedHeader { left } => {
                write!(f, "a TLV header is truncated: {left} of 4 bytes")
            }
            Self::TlvOverrun { tag, claimed, left } => {
                write!(f, "TLV {tag:#06x} is truncated: {left} of {claimed} bytes")
            }
            other => other.of_values(f),
        }
    }
}

impl Reason {
    /// The reasons that are about a value and not about its bytes.
    fn of_values(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyTrustDomain => write!(f, "the trust domain is empty"),
            Self::TrustDomainTooLong { bytes } => write!(
                f,
                "a trust domain has at most {} bytes, not {bytes}",
                super::surface::MAX_TRUST_DOMAIN
            ),
            Self::TrustDomainNotUtf8 { byte } => {
                write!(f, "the trust domain is not UTF-8: {byte:#04x}")
            }
            Self::Contradictory { .. } => write!(f, "contradictory"),
            Self::NotAnId { found } => write!(f, "{found:?} is not a UUID"),
            Self::NotByName { target } => write!(f, "{target} has no names"),
            Self::NameForm { target, found } => {
                write!(f, "{found:?} is not a name of a {target}")
            }
            Self::ValueAndName { target } => {
                write!(f, "a {target} has a value or a name, not both")
            }
            Self::NoTarget { target } => match super::NamedTarget::has_names(*target) {
                true => write!(f, "{target} without value and name"),
                false => write!(f, "{target} without value"),
            },
            Self::NotARack { found } => {
                write!(f, "a RackId is a number from 0 to {}, not {found}", u32::MAX)
            }
            Self::NotATrustDomain { found } => write!(f, "{found} is not a text"),
            Self::WeightRange { weight } => write!(f, "a weight is 1 to 100, not {weight}"),
            Self::WeightOfRequired => write!(f, "a required entry has no weight"),
            Self::LevelOfTarget { target } => write!(f, "{target} is in no level"),
            Self::LevelForm { found } => write!(f, "{found:?} is not a level"),
            _ => write!(f, "it cannot be read"),
        }
    }
}

impl fmt::Display for AffinityCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for AffinityStrength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for AffinityDirection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for AffinityTargetType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The type and the value: `RackId 42`, `TrustDomain "payments"`.
impl fmt::Display for AffinityTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = self.target_type();
        match self {
            Self::NodeId(id) | Self::ResourceId(id) | Self::LeaseId(id) | Self::ServiceId(id) => {
                write!(f, "{of} {id}")
            }
            Self::TrustDomain(name) => write!(f, "{of} {name:?}"),
            Self::RackId(id) => write!(f, "{of} {id}"),
            Self::Named(named) => write!(f, "{of} {named}"),
        }
    }
}
