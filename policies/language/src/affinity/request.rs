//! A placement request, and what its shorthands stand for.

use super::contradiction::check_contradictions;
use super::entry::Affinity;
use super::error::LeaseError;
use super::id::ObjectId;
use super::strength::AffinityStrength;
use super::target::AffinityTarget;

/// What a caller asks of a placement.
///
/// It is built in a chain. A mistake on the way (an entry outside the v1 surface, something else
/// than Topology as anti-affinity) is kept and comes out of [`PlacementRequest::entries`], which
/// everything that places goes through: a request with a mistake is never placed in part.
///
/// ```
/// use placecard_language::affinity::{
///     Affinity, AffinityStrength, AffinityTarget, PlacementRequest, TaskletAffinity,
/// };
///
/// let request = PlacementRequest::new()
///     .affinity(Affinity::state(AffinityStrength::Required, AffinityTarget::lease(7)))
///     .anti_affinity_with(9)
///     .anti_affinity_services([11, 12])
///     .tasklet_affinity(TaskletAffinity::SameRack);
/// assert_eq!(request.entries()?.len(), 4);
///
/// let wrong = PlacementRequest::new()
///     .anti_affinity(Affinity::state(AffinityStrength::Required, AffinityTarget::lease(7)));
/// assert_eq!(
///     wrong.entries().unwrap_err().to_string(),
///     "InvalidIntent: State cannot be away, only Topology can"
/// );
/// # Ok::<(), placecard_language::affinity::LeaseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlacementRequest {
    /// The entries, in the order in which they were attached.
    pub affinities: Vec<Result<Affinity, LeaseError>>,
    /// Shorthand: preferably on this node. The same as [`Strategy::Affinity`].
    pub affinity_with: Option<ObjectId>,
    /// Shorthand: preferably not on this node. The same as [`Strategy::AntiAffinity`].
    pub anti_affinity_with: Option<ObjectId>,
    /// Shorthand: the strategy of the placement.
    pub strategy: Option<Strategy>,
    /// Shorthand, of a service: preferably away from each of these Services.
    pub anti_affinity_services: Vec<ObjectId>,
    /// Where the parts of a composite lease are relative to each other. It is carried along and
    /// never read as placement.
    pub tasklet_affinity: TaskletAffinity,
}

/// A strategy with one node, as older callers say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strategy {
    /// Preferably on this node: one preferred Resource entry toward it.
    Affinity(ObjectId),
    /// Preferably not on this node: one preferred Topology entry away from it.
    AntiAffinity(ObjectId),
}

/// Where the CPU and the memory of a composite lease are relative to each other. That is
/// orthogonal to where the lease is placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskletAffinity {
    /// On one node.
    SameNode,
    /// In one rack.
    SameRack,
    /// Anywhere.
    #[default]
    Any,
}

impl From<Affinity> for Result<Affinity, LeaseError> {
    fn from(entry: Affinity) -> Self {
        Ok(entry)
    }
}

impl PlacementRequest {
    /// A request for nothing in particular.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Attaches an entry as it is: an [`Affinity`], or straight from its builder.
    #[must_use]
    pub fn affinity(mut self, entry: impl Into<Result<Affinity, LeaseError>>) -> Self {
        self.affinities.push(entry.into());
        self
    }

    /// Attaches an entry turned away from its target ([`Affinity::away`]): Topology only.
    #[must_use]
    pub fn anti_affinity(mut self, entry: impl Into<Result<Affinity, LeaseError>>) -> Self {
        self.affinities.push(entry.into().and_then(Affinity::away));
        self
    }

    /// Preferably on this node.
    #[must_use]
    pub fn affinity_with(mut self, node: impl Into<ObjectId>) -> Self {
        self.affinity_with = Some(node.into());
        self
    }

    /// Preferably not on this node.
    #[must_use]
    pub fn anti_affinity_with(mut self, node: impl Into<ObjectId>) -> Self {
        self.anti_affinity_with = Some(node.into());
        self
    }

    /// With a strategy.
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    /// Preferably away from each of these Services.
    #[must_use]
    pub fn anti_affinity_services(
        mut self,
        services: impl IntoIterator<Item = impl Into<ObjectId>>,
    ) -> Self {
        self.anti_affinity_services.extend(services.into_iter().map(Into::into));
        self
    }

    /// With the parts of a composite lease together or not.
    #[must_use]
    pub fn tasklet_affinity(mut self, tasklet_affinity: TaskletAffinity) -> Self {
        self.tasklet_affinity = tasklet_affinity;
        self
    }

    /// Attaches all entries of a parameter blob ([`super::scan`]).
    #[must_use]
    pub fn parameters(mut self, blob: &[u8]) -> Self {
        match super::scan(blob) {
            Ok(entries) => self.affinities.extend(entries.into_iter().map(Ok)),
            Err(error) => self.affinities.push(Err(error)),
        }
        self
    }

    /// All that is asked for, in one form: the entries as attached, then those that the shorthands
    /// stand for (`affinity_with`, `anti_affinity_with`, the strategy, the Services). An entry that
    /// is there already is not added again, so it counts once.
    ///
    /// # Errors
    /// The first mistake made while building, or [`super::Reason::Contradictory`].
    pub fn entries(&self) -> Result<Vec<Affinity>, LeaseError> {
        let mut entries = self.affinities.iter().cloned().collect::<Result<Vec<_>, _>>()?;
        let toward = |node| Affinity::resource(AffinityStrength::Preferred, node);
        let away = |target| {
            Affinity::topology(AffinityStrength::Preferred, target).and_then(Affinity::away)
        };
        let shorthands = [
            self.affinity_with.map(|node| toward(AffinityTarget::NodeId(node))),
            self.anti_affinity_with.map(|node| away(AffinityTarget::NodeId(node))),
            self.strategy.map(|strategy| match strategy {
                Strategy::Affinity(node) => toward(AffinityTarget::NodeId(node)),
                Strategy::AntiAffinity(node) => away(AffinityTarget::NodeId(node)),
            }),
        ];
        let services =
            self.anti_affinity_services.iter().map(|id| away(AffinityTarget::ServiceId(*id)));
        let mut known: std::collections::BTreeSet<Affinity> = entries.iter().cloned().collect();
        for entry in shorthands.into_iter().flatten().chain(services) {
            let entry = entry?;
            if known.insert(entry.clone()) {
                entries.push(entry);
            }
        }
        check_contradictions(&entries)?;
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affinity::{AffinityDirection, Reason};

    const PREFERRED: AffinityStrength = AffinityStrength::Preferred;

    #[test]
    fn shorthands_are_preferred_entries() {
        let toward = Affinity::resource(PREFERRED, AffinityTarget::node(1)).unwrap();
        let away = |target| Affinity::topology(PREFERRED, target).unwrap().away().unwrap();
        let away_node = away(AffinityTarget::node(1));
        let new = PlacementRequest::new;
        for (request, expected) in [
            (new(), vec![]),
            (new().affinity_with(1), vec![toward.clone()]),
            (new().strategy(Strategy::Affinity(ObjectId(1))), vec![toward.clone()]),
            (new().affinity(toward.clone()), vec![toward.clone()]),
            (new().anti_affinity_with(1), vec![away_node.clone()]),
            (new().strategy(Strategy::AntiAffinity(ObjectId(1))), vec![away_node.clone()]),
            (
                new().anti_affinity(Affinity::topology(PREFERRED, AffinityTarget::node(1))),
                vec![away_node.clone()],
            ),
            (
                new().anti_affinity_services([3, 2, 3]),
                vec![away(AffinityTarget::service(3)), away(AffinityTarget::service(2))],
            ),
            // Said three times, meant once.
            (
                new()
                    .affinity_with(1)
                    .strategy(Strategy::Affinity(ObjectId(1)))
                    .affinity(toward.clone()),
                vec![toward.clone()],
            ),
            (new().tasklet_affinity(TaskletAffinity::SameNode), vec![]),
        ] {
            assert_eq!(request.entries(), Ok(expected));
        }
    }

    #[test]
    fn mistakes_come_out_and_nothing_is_placed_in_part() {
        let rack = || Affinity::topology(AffinityStrength::Required, AffinityTarget::rack(42));
        let wrong = Affinity::resource(PREFERRED, AffinityTarget::rack(42));
        let request = PlacementRequest::new().affinity(rack()).affinity(wrong.clone());
        assert_eq!(request.entries(), Err(wrong.unwrap_err()));
        let request = PlacementRequest::new().affinity(rack()).anti_affinity(rack());
        let target = AffinityTarget::rack(42);
        let reason = Reason::Contradictory { toward: 0, away: 1, target };
        assert_eq!(request.entries(), Err(LeaseError::InvalidIntent { at: None, reason }));
        // An entry that says away stays away, however it is attached.
        let away = rack().unwrap().away().unwrap();
        for request in [
            PlacementRequest::new().affinity(away.clone()),
            PlacementRequest::new().anti_affinity(away),
        ] {
            assert_eq!(request.entries().unwrap()[0].direction(), AffinityDirection::Away);
        }
    }

    #[test]
    fn a_blob_is_attached_whole_or_not_at_all() {
        let good = [0x09, 0x10, 0, 9, 3, 1, 6, 0, 4, 0, 0, 0, 42];
        let request = PlacementRequest::new().parameters(&good);
        assert_eq!(request.entries().map(|entries| entries.len()), Ok(1));
        let mut bad = good.to_vec();
        bad.extend([0x09, 0x10, 0]);
        let request = PlacementRequest::new().parameters(&bad);
        let reason = Reason::TruncatedHeader { left: 3 };
        assert_eq!(request.entries(), Err(LeaseError::InvalidIntent { at: Some(13), reason }));
    }
}
