//! What each kind of entry says, in the words of a sentence: the one table of it, for the reference
//! and for the tests.

use crate::affinity::{
    AffinityCategory, AffinityDirection, AffinityStrength, AffinityTargetType, surface,
};

/// One kind of entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Category of the entry.
    pub category: AffinityCategory,
    /// Type of its target.
    pub target: AffinityTargetType,
    /// Toward or away.
    pub direction: AffinityDirection,
    /// The strengths that it may have.
    pub strengths: &'static [AffinityStrength],
    /// The sentence that says the same; preferred ones stand under `prefer`.
    pub says: &'static str,
    /// The same with a level; `None`: it takes none.
    pub with_level: Option<&'static str>,
}

const BOTH: &[AffinityStrength] = &AffinityStrength::ALL;

const fn row(
    category: AffinityCategory,
    target: AffinityTargetType,
    direction: AffinityDirection,
    says: &'static str,
    with_level: Option<&'static str>,
) -> Row {
    Row { category, target, direction, strengths: BOTH, says, with_level }
}

use AffinityCategory::{Resource, State, Topology, Trust};
use AffinityDirection::{Away, Toward};
use AffinityTargetType::{LeaseId, NodeId, RackId, ResourceId, ServiceId, TrustDomain};

/// All kinds, in the order of their bytes; a combination that is not here cannot be built.
pub static ROWS: &[Row] = &[
    row(Resource, NodeId, Toward, "on node/NAME", Some("on LEVEL/VALUE, the node's")),
    row(Resource, ResourceId, Toward, "on resource/NAME", None),
    row(State, NodeId, Toward, "on node/NAME", Some("on LEVEL/VALUE, the node's")),
    row(State, LeaseId, Toward, "near lease/NAME", Some("near lease/NAME in LEVEL")),
    row(Topology, NodeId, Toward, "on node/NAME", Some("on LEVEL/VALUE, the node's")),
    row(Topology, NodeId, Away, "not-on node/NAME", Some("not-on LEVEL/VALUE, the node's")),
    row(
        Topology,
        ServiceId,
        Toward,
        "near service/NAME in SERVICE-DOMAIN",
        Some("near service/NAME in LEVEL"),
    ),
    row(
        Topology,
        ServiceId,
        Away,
        "apart-from service/NAME in SERVICE-DOMAIN",
        Some("apart-from service/NAME in LEVEL"),
    ),
    row(Topology, RackId, Toward, "on rack/VALUE", Some("on LEVEL/VALUE")),
    row(Topology, RackId, Away, "not-on rack/VALUE", Some("not-on LEVEL/VALUE")),
    Row {
        strengths: &[AffinityStrength::Required],
        ..row(Trust, TrustDomain, Toward, "on trust/DOMAIN", None)
    },
];

/// The row of an entry's kind.
#[must_use]
pub fn find(
    category: AffinityCategory,
    target: AffinityTargetType,
    direction: AffinityDirection,
) -> Option<&'static Row> {
    ROWS.iter()
        .find(|row| (row.category, row.target, row.direction) == (category, target, direction))
}

/// Whether an entry of this kind may have a level of its own.
#[must_use]
pub const fn takes_level(row: &Row) -> bool {
    surface::takes_level(row.target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affinity::{Affinity, AffinityTarget, ObjectId};

    #[test]
    fn the_table_is_the_surface() {
        let target = |kind| match kind {
            NodeId => AffinityTarget::NodeId(ObjectId(1)),
            ResourceId => AffinityTarget::ResourceId(ObjectId(1)),
            LeaseId => AffinityTarget::LeaseId(ObjectId(1)),
            ServiceId => AffinityTarget::ServiceId(ObjectId(1)),
            TrustDomain => AffinityTarget::trust_domain("a"),
            RackId => AffinityTarget::rack(1),
        };
        let mut built = 0;
        for category in AffinityCategory::ALL {
            for kind in AffinityTargetType::ALL {
                for direction in [Toward, Away] {
                    let row = find(category, kind, direction);
                    for strength in AffinityStrength::ALL {
                        let entry = Affinity::new(category, strength, direction, target(kind));
                        let listed = row.is_some_and(|row| row.strengths.contains(&strength));
                        assert_eq!(entry.is_ok(), listed, "{category} {kind} {direction}");
                        if let (Ok(entry), Some(row)) = (entry, row) {
                            let levelled = entry.with_level("zone").is_ok();
                            assert_eq!(levelled, row.with_level.is_some(), "{}", row.says);
                            assert_eq!(levelled, takes_level(row), "{}", row.says);
                        }
                    }
                    built += usize::from(row.is_some());
                }
            }
        }
        assert_eq!(built, ROWS.len());
    }
}
