//! What kind of thing an entry is about.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of thing an entry is about: the first byte of an entry on the wire.
///
/// Facility (0x05) is known and reserved, as are 0x06 to 0xfe: no value of this type stands for
/// them, so none can be built.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[schemars(rename = "Category", description = "What kind of thing an entry is about.")]
pub enum AffinityCategory {
    /// Compute, memory or a device: a node, or a resource that nodes offer.
    Resource,
    /// Data that is somewhere already: where a lease is held, or what a node holds.
    State,
    /// A failure domain: a node, a rack, or the domain in which a service runs.
    Topology,
    /// Attested nodes of a trust domain.
    Trust,
}

impl AffinityCategory {
    /// All of them, in the order of their bytes.
    pub const ALL: [Self; 4] = [Self::Resource, Self::State, Self::Topology, Self::Trust];
    /// The byte of the category Facility, which is reserved.
    pub const FACILITY: u8 = 0x05;

    /// On the wire.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Resource => 0x01,
            Self::State => 0x02,
            Self::Topology => 0x03,
            Self::Trust => 0x04,
        }
    }

    /// The category of a byte; `None`: reserved or unknown.
    #[must_use]
    pub fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.byte() == byte)
    }

    /// As annotations and `placecard intent` spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resource => "Resource",
            Self::State => "State",
            Self::Topology => "Topology",
            Self::Trust => "Trust",
        }
    }
}
