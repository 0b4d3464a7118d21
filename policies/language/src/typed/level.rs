//! The domain that an entry means.

use crate::affinity::{Affinity, AffinityTargetType};
use crate::checked::Words;

/// The level of a RackId that names none.
pub(super) const RACK: &str = "rack";

/// The level that an entry means: its own or, if it names none, that of its target's type. `None`:
/// what it names is in no level.
#[must_use]
pub fn level_of<'a>(entry: &'a Affinity, words: &'a Words) -> Option<&'a str> {
    let own = match entry.target().target_type() {
        AffinityTargetType::NodeId | AffinityTargetType::LeaseId => "node",
        AffinityTargetType::ServiceId => words.service_domain.as_deref().unwrap_or("node"),
        AffinityTargetType::RackId => RACK,
        AffinityTargetType::ResourceId | AffinityTargetType::TrustDomain => return None,
    };
    Some(entry.level().unwrap_or(own))
}

/// The node label key of that level; `None` too if it is neither a level of the vocabulary nor a
/// qualified key.
#[must_use]
pub fn level_key<'a>(entry: &'a Affinity, words: &'a Words) -> Option<&'a str> {
    let level = level_of(entry, words)?;
    let known = words.level(level).map(|level| level.key.as_str());
    known.or_else(|| level.contains('/').then_some(level))
}
