//! What an entry is relative to.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::{LeaseError, Reason};
use super::id::ObjectId;
use crate::problem::Form;

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
    /// An object by its name, from which its id follows once the cluster is known. Annotations have
    /// it, the wire form has not.
    Named(NamedTarget),
}

/// An object by its name.
///
/// It reads `NAME`; `NAMESPACE/NAME` for a Service or Lease outside the pod's own namespace;
/// `volume/NAME` for a PersistentVolume.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamedTarget {
    /// What it is the name of.
    pub kind: NamedKind,
    /// Of a Service or Lease; `None`: the pod's own.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamedKind {
    /// A node: NodeId.
    Node,
    /// A resource of the vocabulary: ResourceId.
    Resource,
    /// A PersistentVolume: ResourceId.
    Volume,
    /// A Lease: LeaseId.
    Lease,
    /// A Service: ServiceId.
    Service,
}

impl NamedKind {
    /// The type of target that an object of this kind is.
    #[must_use]
    pub const fn target_type(self) -> AffinityTargetType {
        match self {
            Self::Node => AffinityTargetType::NodeId,
            Self::Resource | Self::Volume => AffinityTargetType::ResourceId,
            Self::Lease => AffinityTargetType::LeaseId,
            Self::Service => AffinityTargetType::ServiceId,
        }
    }
}

/// Before the name of a PersistentVolume.
const VOLUME: &str = "volume/";

impl NamedTarget {
    /// Whether a target of this type can be said by name.
    #[must_use]
    pub const fn has_names(target: AffinityTargetType) -> bool {
        !matches!(target, AffinityTargetType::TrustDomain | AffinityTargetType::RackId)
    }

    /// Reads a name, for a type of target.
    ///
    /// # Errors
    /// [`Reason::NotByName`] for a type that has none, [`Reason::NameForm`] if it cannot be one.
    pub fn read(target: AffinityTargetType, written: &str) -> Result<Self, Reason> {
        let (kind, namespace, name) = match target {
            AffinityTargetType::NodeId => (NamedKind::Node, None, written),
            AffinityTargetType::ResourceId => match written.strip_prefix(VOLUME) {
                Some(name) => (NamedKind::Volume, None, name),
                None => (NamedKind::Resource, None, written),
            },
            AffinityTargetType::LeaseId | AffinityTargetType::ServiceId => {
                let kind = match target {
                    AffinityTargetType::LeaseId => NamedKind::Lease,
                    _ => NamedKind::Service,
                };
                match written.split_once('/') {
                    Some((namespace, name)) => (kind, Some(namespace.to_owned()), name),
                    None => (kind, None, written),
                }
            }
            AffinityTargetType::TrustDomain | AffinityTargetType::RackId => {
                return Err(Reason::NotByName { target });
            }
        };
        let named = Self { kind, namespace, name: name.to_owned() };
        named.check().map(|()| named)
    }

    /// Whether an object can have this name.
    pub(super) fn check(&self) -> Result<(), Reason> {
        let form = match self.kind {
            NamedKind::Resource => Form::DnsLabel,
            NamedKind::Node | NamedKind::Volume | NamedKind::Lease | NamedKind::Service => {
                Form::DnsSubdomain
            }
        };
        let in_namespace = matches!(self.kind, NamedKind::Lease | NamedKind::Service);
        let namespace = self.namespace.as_ref();
        if form.accepts(&self.name)
            && namespace.is_none_or(|it| in_namespace && Form::DnsLabel.accepts(it))
        {
            return Ok(());
        }
        let found = self.to_string().chars().take(40).collect();
        Err(Reason::NameForm { target: self.kind.target_type(), found })
    }
}

/// As annotations spell it.
impl fmt::Display for NamedTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        if self.kind == NamedKind::Volume {
            f.write_str(VOLUME)?;
        }
        f.write_str(&self.name)
    }
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

    /// An object by its name, as annotations spell it.
    ///
    /// ```
    /// use placecard_language::affinity::{AffinityTarget, AffinityTargetType};
    ///
    /// let service = AffinityTarget::named(AffinityTargetType::ServiceId, "search/cache")?;
    /// assert_eq!(service.to_string(), "ServiceId search/cache");
    /// assert!(AffinityTarget::named(AffinityTargetType::RackId, "42").is_err());
    /// # Ok::<(), placecard_language::affinity::LeaseError>(())
    /// ```
    ///
    /// # Errors
    /// [`LeaseError::InvalidIntent`]: the type has no names, or the text cannot be one.
    pub fn named(of: AffinityTargetType, written: &str) -> Result<Self, LeaseError> {
        NamedTarget::read(of, written).map(Self::Named).map_err(LeaseError::built)
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
            Self::Named(named) => named.kind.target_type(),
        }
    }
}

/// The type of a target: the third byte of an entry on the wire.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[schemars(rename = "TargetType", description = "The type of a target.")]
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
