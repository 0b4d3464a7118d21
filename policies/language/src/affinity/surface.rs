//! The v1 surface: which combinations of category, strength, direction and target there are.
//!
//! | category | strength | direction | targets |
//! |---|---|---|---|
//! | Resource | Required, Preferred | toward | NodeId, ResourceId |
//! | State | Required, Preferred | toward | NodeId, LeaseId |
//! | Topology | Required, Preferred | toward, away | NodeId, ServiceId, RackId |
//! | Trust | Required | toward | TrustDomain |

use super::category::AffinityCategory;
use super::error::Reason;
use super::strength::{AffinityDirection, AffinityStrength};
use super::target::{AffinityTarget, AffinityTargetType};

/// The longest name of a trust domain, in bytes: that of a TLV less what an entry has before it.
pub const MAX_TRUST_DOMAIN: usize = 65_535 - 5;

/// The types of target that a category takes, in the order of their bytes.
#[must_use]
pub const fn targets_of(category: AffinityCategory) -> &'static [AffinityTargetType] {
    use AffinityTargetType as Is;
    match category {
        AffinityCategory::Resource => &[Is::NodeId, Is::ResourceId],
        AffinityCategory::State => &[Is::NodeId, Is::LeaseId],
        AffinityCategory::Topology => &[Is::NodeId, Is::ServiceId, Is::RackId],
        AffinityCategory::Trust => &[Is::TrustDomain],
    }
}

/// Whether a category takes a strength and a direction.
///
/// # Errors
/// [`Reason::AwayOutsideTopology`], [`Reason::PreferredTrust`].
pub fn check_strength(
    category: AffinityCategory,
    strength: AffinityStrength,
    direction: AffinityDirection,
) -> Result<(), Reason> {
    if direction == AffinityDirection::Away && category != AffinityCategory::Topology {
        return Err(Reason::AwayOutsideTopology { category });
    }
    if strength == AffinityStrength::Preferred && category == AffinityCategory::Trust {
        return Err(Reason::PreferredTrust);
    }
    Ok(())
}

/// Whether a category takes a type of target.
///
/// # Errors
/// [`Reason::TargetOfOtherCategory`].
pub fn check_type(category: AffinityCategory, target: AffinityTargetType) -> Result<(), Reason> {
    if targets_of(category).contains(&target) {
        return Ok(());
    }
    Err(Reason::TargetOfOtherCategory { category, target })
}

/// Whether a target has a value that an entry can carry.
///
/// # Errors
/// [`Reason::EmptyTrustDomain`], [`Reason::TrustDomainTooLong`], [`Reason::NameForm`].
pub fn check_target(target: &AffinityTarget) -> Result<(), Reason> {
    match target {
        AffinityTarget::TrustDomain(name) if name.is_empty() => Err(Reason::EmptyTrustDomain),
        AffinityTarget::TrustDomain(name) if name.len() > MAX_TRUST_DOMAIN => {
            Err(Reason::TrustDomainTooLong { bytes: name.len() })
        }
        AffinityTarget::Named(named) => named.check(),
        _ => Ok(()),
    }
}

/// Whether a target of this type can be meant in another level than its own: a Service, a Lease or
/// a node in a wider domain than its node, a rack among several levels that have numbers.
#[must_use]
pub const fn takes_level(target: AffinityTargetType) -> bool {
    use AffinityTargetType as Is;
    matches!(target, Is::NodeId | Is::LeaseId | Is::ServiceId | Is::RackId)
}
