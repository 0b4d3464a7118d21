//! Entries that no placement can meet together, whatever the cluster.

use std::collections::BTreeMap;

use super::entry::Affinity;
use super::error::{LeaseError, Reason};
use super::strength::{AffinityDirection, AffinityStrength};

/// Whether one target is required both toward and away, in one level. The category does not
/// matter: on a node and on another node than that one exclude each other, whatever is wanted
/// there. Different levels may go together (in the zone of a Service, on none of its nodes); that
/// takes a vocabulary to decide.
///
/// # Errors
/// [`Reason::Contradictory`], of the first entry that contradicts an earlier one.
pub fn check_contradictions<'a>(
    entries: impl IntoIterator<Item = &'a Affinity>,
) -> Result<(), LeaseError> {
    // The first entry toward and the first entry away.
    let mut required: BTreeMap<_, [Option<usize>; 2]> = BTreeMap::new();
    for (index, entry) in entries.into_iter().enumerate() {
        if entry.strength() != AffinityStrength::Required {
            continue;
        }
        let [toward, away] = required.entry((entry.target(), entry.level())).or_default();
        match entry.direction() {
            AffinityDirection::Toward => toward.get_or_insert(index),
            AffinityDirection::Away => away.get_or_insert(index),
        };
        if let (Some(toward), Some(away)) = (*toward, *away) {
            let target = entry.target().clone();
            return Err(LeaseError::built(Reason::Contradictory { toward, away, target }));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affinity::{AffinityCategory, AffinityTarget};

    #[test]
    fn only_required_entries_of_one_target_and_level_contradict() {
        use AffinityCategory::{Resource, State, Topology};
        use AffinityDirection::{Away, Toward};
        use AffinityStrength::{Preferred, Required};
        let entry = |category, strength, direction, target: &AffinityTarget| {
            Affinity::new(category, strength, direction, target.clone()).unwrap()
        };
        let (node, other) = (AffinityTarget::node(1), AffinityTarget::node(2));
        // The same id as another type is another target.
        let service = AffinityTarget::service(1);
        let away = entry(Topology, Required, Away, &node);
        for (first, contradicts) in [
            (entry(Topology, Required, Toward, &node), true),
            (entry(Resource, Required, Toward, &node), true),
            (entry(State, Required, Toward, &node), true),
            (entry(Topology, Preferred, Toward, &node), false),
            (entry(Topology, Required, Toward, &other), false),
            (entry(Topology, Required, Toward, &service), false),
            (entry(Topology, Required, Away, &node), false),
            (entry(Topology, Required, Toward, &node).with_level("zone").unwrap(), false),
        ] {
            let found = check_contradictions([&first, &away]);
            let expected = Reason::Contradictory { toward: 0, away: 1, target: node.clone() };
            let expected = if contradicts { Err(LeaseError::built(expected)) } else { Ok(()) };
            assert_eq!(found, expected, "{first:?}");
            assert_eq!(check_contradictions([&away, &first]).is_err(), contradicts, "{first:?}");
        }
        let level = |entry: Affinity| entry.with_level("zone").unwrap();
        let (near, apart) = (level(entry(Topology, Required, Toward, &node)), level(away.clone()));
        assert!(check_contradictions([&away, &near]).is_ok());
        assert_eq!(
            check_contradictions([&away, &near, &near, &apart]),
            Err(LeaseError::built(Reason::Contradictory { toward: 1, away: 3, target: node }))
        );
    }
}
