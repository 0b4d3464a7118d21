//! Required or preferred, toward or away: the second byte of an entry on the wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much an entry counts.
///
/// Adaptive (0x03) is reserved for a stage after scoring: no value of this type stands for it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[schemars(rename = "Strength", description = "Required or preferred.")]
pub enum AffinityStrength {
    /// A candidate that does not meet the entry is out.
    Required,
    /// A candidate that does not meet the entry scores less, and stays.
    Preferred,
}

impl AffinityStrength {
    /// Both, in the order of their bytes.
    pub const ALL: [Self; 2] = [Self::Required, Self::Preferred];
    /// The low seven bits of the strength Adaptive, which is reserved.
    pub const ADAPTIVE: u8 = 0x03;

    /// The low seven bits on the wire.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Required => 0x01,
            Self::Preferred => 0x02,
        }
    }

    /// The strength in a byte whose direction is masked out; `None`: reserved or unknown.
    #[must_use]
    pub fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|strength| strength.byte() == byte)
    }

    /// As annotations and `placecard intent` spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Required => "Required",
            Self::Preferred => "Preferred",
        }
    }
}

/// Toward the target (affinity) or away from it (anti-affinity).
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Direction", description = "Toward the target or away from it.")]
pub enum AffinityDirection {
    /// Affinity.
    #[default]
    Toward,
    /// Anti-affinity; only with Topology.
    Away,
}

impl AffinityDirection {
    /// The bit of the strength byte that says away.
    pub const AWAY_BIT: u8 = 0x80;

    /// As annotations and `placecard intent` spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Toward => "toward",
            Self::Away => "away",
        }
    }
}
