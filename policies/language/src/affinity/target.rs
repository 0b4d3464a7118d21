//! What an entry is relative to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id::ObjectId;

/// What an entry is relative to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AffinityTarget {
    /// A node, by its UID.
    NodeId(ObjectId),
    /// A resource that nodes offer: a PersistentVolume by its UID, or what the vocabulary names.
    ResourceId(ObjectId),
    /// A Lease, by its UID.
    LeaseId(ObjectId),
    /// A Service, by its UID.
    ServiceId(ObjectId),
    /// A trust domain, by its name: not empty, at most 65,530 bytes
    /// ([`super::surface::MAX_TRUST_DOMAIN`]).
    TrustDomain(String),
    /// A rack, by its number.
    RackId(u32),
}

impl AffinityTarget {
    /// A node.
    #[must_use]
    pub fn node(id: impl Into<ObjectId>) -> Self {
        Self::NodeId(id.into())
    }

    /// A resource that nodes offer.
    #[must_use]
    pub fn resource(id: impl Into<ObjectId>) -> Self {
        Self::ResourceId(id.into())
    }

    /// A Lease.
    #[must_use]
    pub fn lease(id: impl Into<ObjectId>) -> Self {
        Self::LeaseId(id.into())
    }

    /// A Service.
    #[must_use]
    pub fn service(id: impl Into<ObjectId>) -> Self {
        Self::ServiceId(id.into())
    }

    /// A trust domain. Whether its name can stand in an entry is checked there.
    #[must_use]
    pub fn trust_domain(name: impl Into<String>) -> Self {
        Self::TrustDomain(name.into())
    }

    /// A rack.
    #[must_use]
    pub const fn rack(id: u32) -> Self {
        Self::RackId(id)
    }

    /// Of which type it is.
    #[must_use]
    pub const fn target_type(&self) -> AffinityTargetType {
        match self {
            Self::NodeId(_) => AffinityTargetType::NodeId,
            Self::ResourceId(_) => AffinityTargetType::ResourceId,
            Self::LeaseId(_) => AffinityTargetType::LeaseId,
            Self::ServiceId(_) => AffinityTargetType::ServiceId,
            Self::TrustDomain(_) => AffinityTargetType::TrustDomain,
            Self::RackId(_) => AffinityTargetType::RackId,
        }
    }
}

/// The type of a target: the third byte of an entry on the wire.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum AffinityTargetType {
    /// A node.
    NodeId,
    /// A resource that nodes offer.
    ResourceId,
    /// A Lease.
    LeaseId,
    /// A Service.
    ServiceId,
    /// A trust domain.
    TrustDomain,
    /// A rack.
    RackId,
}

impl AffinityTargetType {
    /// All of them, in the order of their bytes.
    pub const ALL: [Self; 6] = [
        Self::NodeId,
        Self::ResourceId,
        Self::LeaseId,
        Self::ServiceId,
        Self::TrustDomain,
        Self::RackId,
    ];

    /// On the wire.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::NodeId => 0x01,
            Self::ResourceId => 0x02,
            Self::LeaseId => 0x03,
            Self::ServiceId => 0x04,
            Self::TrustDomain => 0x05,
            Self::RackId => 0x06,
        }
    }

    /// The type of a byte; `None`: unknown.
    #[must_use]
    pub fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.byte() == byte)
    }

    /// Its bytes on the wire; `None`: any number but 0.
    #[must_use]
    pub const fn length(self) -> Option<u16> {
        match self {
            Self::NodeId | Self::ResourceId | Self::LeaseId | Self::ServiceId => Some(16),
            Self::RackId => Some(4),
            Self::TrustDomain => None,
        }
    }

    /// As annotations and `placecard intent` spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NodeId => "NodeId",
            Self::ResourceId => "ResourceId",
            Self::LeaseId => "LeaseId",
            Self::ServiceId => "ServiceId",
            Self::TrustDomain => "TrustDomain",
            Self::RackId => "RackId",
        }
    }
}
