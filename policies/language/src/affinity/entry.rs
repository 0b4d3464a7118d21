//! One entry.

use super::category::AffinityCategory;
use super::error::{LeaseError, Reason};
use super::strength::{AffinityDirection, AffinityStrength};
use super::surface;
use super::target::AffinityTarget;
use crate::problem::Form;

/// One typed entry of a placement request. Every value of this type lies in the v1 surface
/// ([`super::surface`]): there is no way to build another.
///
/// ```
/// use placecard_language::affinity::{Affinity, AffinityStrength, AffinityTarget, LeaseError};
///
/// // Toward …
/// let rack = Affinity::topology(AffinityStrength::Preferred, AffinityTarget::rack(42))?;
/// // … or away, which only Topology can say.
/// let elsewhere = rack.clone().away()?;
/// assert_ne!(rack, elsewhere);
///
/// let error = Affinity::resource(AffinityStrength::Required, AffinityTarget::rack(42));
/// assert!(matches!(error, Err(LeaseError::InvalidIntent { at: None, .. })));
/// let error = Affinity::trust(AffinityStrength::Preferred, AffinityTarget::trust_domain("a"));
/// assert!(error.is_err());
/// # Ok::<(), LeaseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Affinity {
    category: AffinityCategory,
    strength: AffinityStrength,
    direction: AffinityDirection,
    target: AffinityTarget,
    weight: Option<u8>,
    level: Option<String>,
}

impl Affinity {
    /// An entry of any kind, without weight and level.
    ///
    /// # Errors
    /// [`LeaseError::InvalidIntent`] outside the v1 surface, or if the target is a trust domain
    /// without a name or with one that is too long.
    pub fn new(
        category: AffinityCategory,
        strength: AffinityStrength,
        direction: AffinityDirection,
        target: AffinityTarget,
    ) -> Result<Self, LeaseError> {
        surface::check_strength(category, strength, direction)
            .and_then(|()| surface::check_type(category, target.target_type()))
            .and_then(|()| surface::check_target(&target))
            .map_err(LeaseError::built)?;
        Ok(Self { category, strength, direction, target, weight: None, level: None })
    }

    /// Toward compute, memory or a device: a node, or a resource that nodes offer.
    ///
    /// # Errors
    /// As [`Affinity::new`].
    pub fn resource(
        strength: AffinityStrength,
        target: AffinityTarget,
    ) -> Result<Self, LeaseError> {
        Self::new(AffinityCategory::Resource, strength, AffinityDirection::Toward, target)
    }

    /// Toward data that is somewhere already: a lease's, or a node's.
    ///
    /// # Errors
    /// As [`Affinity::new`].
    pub fn state(strength: AffinityStrength, target: AffinityTarget) -> Result<Self, LeaseError> {
        Self::new(AffinityCategory::State, strength, AffinityDirection::Toward, target)
    }

    /// Toward a failure domain: a node, a rack, or where a service runs. [`Affinity::away`] and
    /// [`super::PlacementRequest::anti_affinity`] turn it round.
    ///
    /// # Errors
    /// As [`Affinity::new`].
    pub fn topology(
        strength: AffinityStrength,
        target: AffinityTarget,
    ) -> Result<Self, LeaseError> {
        Self::new(AffinityCategory::Topology, strength, AffinityDirection::Toward, target)
    }

    /// On the attested nodes of a trust domain; required only.
    ///
    /// # Errors
    /// As [`Affinity::new`].
    pub fn trust(strength: AffinityStrength, target: AffinityTarget) -> Result<Self, LeaseError> {
        Self::new(AffinityCategory::Trust, strength, AffinityDirection::Toward, target)
    }

    /// The same entry, away from its target. An entry that says away already stays as it is.
    ///
    /// # Errors
    /// [`LeaseError::InvalidIntent`]: only Topology can say away.
    pub fn away(self) -> Result<Self, LeaseError> {
        surface::check_strength(self.category, self.strength, AffinityDirection::Away)
            .map_err(LeaseError::built)?;
        Ok(Self { direction: AffinityDirection::Away, ..self })
    }

    /// With a weight, 1 to 100; without one a preferred entry counts as any preferred rule does.
    /// Annotations have it, the wire form has not.
    ///
    /// # Errors
    /// [`LeaseError::InvalidIntent`]: outside 1 to 100, or the entry is required.
    pub fn with_weight(self, weight: u32) -> Result<Self, LeaseError> {
        if self.strength == AffinityStrength::Required {
            return Err(LeaseError::built(Reason::WeightOfRequired));
        }
        match u8::try_from(weight) {
            Ok(small @ 1..=100) => Ok(Self { weight: Some(small), ..self }),
            _ => Err(LeaseError::built(Reason::WeightRange { weight })),
        }
    }

    /// In a level: a name of the vocabulary or a label key. Whether the vocabulary has it is not
    /// looked at here. Annotations have it, the wire form has not: there, and without one, a
    /// NodeId means the node, a RackId the rack, a ServiceId the vocabulary's `serviceDomain`.
    ///
    /// # Errors
    /// [`LeaseError::InvalidIntent`]: a ResourceId or a TrustDomain is in no level, or the text
    /// cannot be one.
    pub fn with_level(self, level: impl Into<String>) -> Result<Self, LeaseError> {
        let (level, target) = (level.into(), self.target.target_type());
        if !surface::takes_level(target) {
            return Err(LeaseError::built(Reason::LevelOfTarget { target }));
        }
        if !Form::LabelKey.accepts(&level) {
            let found = level.chars().take(40).collect();
            return Err(LeaseError::built(Reason::LevelForm { found }));
        }
        Ok(Self { level: Some(level), ..self })
    }

    /// With another target, as when a name is resolved to an id.
    ///
    /// # Errors
    /// As [`Affinity::new`] and [`Affinity::with_level`].
    pub fn with_target(self, target: AffinityTarget) -> Result<Self, LeaseError> {
        let entry = Self::new(self.category, self.strength, self.direction, target)?;
        let entry = Self { weight: self.weight, ..entry };
        match self.level {
            Some(level) => entry.with_level(level),
            None => Ok(entry),
        }
    }

    /// What kind of thing it is about.
    #[must_use]
    pub const fn category(&self) -> AffinityCategory {
        self.category
    }

    /// Required or preferred.
    #[must_use]
    pub const fn strength(&self) -> AffinityStrength {
        self.strength
    }

    /// Toward or away.
    #[must_use]
    pub const fn direction(&self) -> AffinityDirection {
        self.direction
    }

    /// What it is relative to.
    #[must_use]
    pub const fn target(&self) -> &AffinityTarget {
        &self.target
    }

    /// Its weight, 1 to 100, if it has one.
    #[must_use]
    pub const fn weight(&self) -> Option<u8> {
        self.weight
    }

    /// Its level, if it has one.
    #[must_use]
    pub fn level(&self) -> Option<&str> {
        self.level.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affinity::{AffinityTargetType, ObjectId};

    fn target(kind: AffinityTargetType) -> AffinityTarget {
        let id = ObjectId(7);
        match kind {
            AffinityTargetType::NodeId => AffinityTarget::NodeId(id),
            AffinityTargetType::ResourceId => AffinityTarget::ResourceId(id),
            AffinityTargetType::LeaseId => AffinityTarget::LeaseId(id),
            AffinityTargetType::ServiceId => AffinityTarget::ServiceId(id),
            AffinityTargetType::TrustDomain => AffinityTarget::trust_domain("a"),
            AffinityTargetType::RackId => AffinityTarget::rack(7),
        }
    }

    /// The table of the model, written out: everything else is refused.
    #[test]
    fn exactly_the_surface_can_be_built() {
        use AffinityDirection::{Away, Toward};
        use AffinityStrength::{Preferred, Required};
        use AffinityTargetType as Type;
        let mut built = 0;
        for category in AffinityCategory::ALL {
            for strength in [Required, Preferred] {
                for direction in [Toward, Away] {
                    for kind in Type::ALL {
                        let expected = match (category.name(), kind) {
                            ("Resource", Type::NodeId | Type::ResourceId)
                            | ("State", Type::NodeId | Type::LeaseId) => direction == Toward,
                            ("Topology", Type::NodeId | Type::ServiceId | Type::RackId) => true,
                            ("Trust", Type::TrustDomain) => {
                                (strength, direction) == (Required, Toward)
                            }
                            _ => false,
                        };
                        let entry = Affinity::new(category, strength, direction, target(kind));
                        assert_eq!(entry.is_ok(), expected, "{entry:?}");
                        built += usize::from(entry.is_ok());
                        let toward = Affinity::new(category, strength, Toward, target(kind));
                        if let (Ok(toward), Away) = (toward, direction) {
                            assert_eq!(toward.away(), entry);
                        }
                    }
                }
            }
        }
        assert_eq!(built, 2 * 2 + 2 * 2 + 3 * 4 + 1);
    }

    #[test]
    fn weights_and_levels_have_their_place() {
        let reason = |result: Result<Affinity, LeaseError>| match result {
            Err(LeaseError::InvalidIntent { at: None, reason }) => Some(reason),
            _ => None,
        };
        let entry = |strength, kind| Affinity::topology(strength, target(kind)).unwrap();
        let preferred = entry(AffinityStrength::Preferred, AffinityTargetType::ServiceId);
        for weight in [1, 50, 100] {
            let entry = preferred.clone().with_weight(weight).unwrap();
            assert_eq!(entry.weight().map(u32::from), Some(weight));
        }
        for weight in [0, 101, 256, 257, u32::MAX] {
            let found = reason(preferred.clone().with_weight(weight));
            assert_eq!(found, Some(Reason::WeightRange { weight }));
        }
        let required = entry(AffinityStrength::Required, AffinityTargetType::ServiceId);
        assert_eq!(reason(required.with_weight(50)), Some(Reason::WeightOfRequired));
        for level in ["zone", "topology.kubernetes.io/zone"] {
            assert_eq!(preferred.clone().with_level(level).unwrap().level(), Some(level));
        }
        for level in ["", "a b", "a/b/c", "zone "] {
            let found = level.to_owned();
            assert_eq!(
                reason(preferred.clone().with_level(level)),
                Some(Reason::LevelForm { found })
            );
        }
        for kind in [AffinityTargetType::ResourceId, AffinityTargetType::TrustDomain] {
            let category = match kind {
                AffinityTargetType::ResourceId => AffinityCategory::Resource,
                _ => AffinityCategory::Trust,
            };
            let direction = AffinityDirection::Toward;
            let entry =
                Affinity::new(category, AffinityStrength::Required, direction, target(kind));
            let found = reason(entry.unwrap().with_level("zone"));
            assert_eq!(found, Some(Reason::LevelOfTarget { target: kind }));
        }
    }

    #[test]
    fn a_trust_domain_has_a_name_that_fits_into_a_tlv() {
        for (bytes, fits) in [(0, false), (1, true), (65_530, true), (65_531, false)] {
            let target = AffinityTarget::trust_domain("x".repeat(bytes));
            let entry = Affinity::trust(AffinityStrength::Required, target);
            assert_eq!(entry.is_ok(), fits, "{bytes}");
        }
    }
}
