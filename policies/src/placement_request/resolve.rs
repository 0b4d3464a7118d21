//! What ids stand for.

use std::collections::BTreeMap;

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_language::affinity::ObjectId;
pub use placecard_language::directory::{ObjectKind, ObjectName, Unknown};

/// The kind among those of a snapshot.
const fn listed(kind: ObjectKind) -> Kind {
    match kind {
        ObjectKind::Node => Kind::Node,
        ObjectKind::Service => Kind::Service,
        ObjectKind::Lease => Kind::Lease,
        ObjectKind::PersistentVolume => Kind::PersistentVolume,
    }
}

/// Answers about ids and Leases, collected beforehand.
pub trait Resolve {
    /// The name of the object with a UID.
    ///
    /// # Errors
    /// Why it is not known.
    fn object(&self, kind: ObjectKind, id: ObjectId) -> Result<ObjectName, Unknown>;

    /// `spec.holderIdentity` of a Lease; empty if nobody holds it.
    ///
    /// # Errors
    /// Why it is not known.
    fn lease(&self, namespace: &str, name: &str) -> Result<&str, Unknown>;
}

/// Answers as plain data. What is not listed was never asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Objects by UID.
    pub objects: BTreeMap<(ObjectKind, ObjectId), ObjectName>,
    /// `spec.holderIdentity` by the namespace and name of the Lease.
    pub leases: BTreeMap<(String, String), String>,
}

impl Resolve for Known {
    fn object(&self, kind: ObjectKind, id: ObjectId) -> Result<ObjectName, Unknown> {
        self.objects.get(&(kind, id)).cloned().ok_or(Unknown::NotAsked)
    }

    fn lease(&self, namespace: &str, name: &str) -> Result<&str, Unknown> {
        let key = (namespace.to_owned(), name.to_owned());
        self.leases.get(&key).map(String::as_str).ok_or(Unknown::NotAsked)
    }
}

/// What a snapshot says. An object that is not in it is absent, unless there may be more of its
/// kind.
impl Resolve for Inventory {
    fn object(&self, kind: ObjectKind, id: ObjectId) -> Result<ObjectName, Unknown> {
        let kind = listed(kind);
        let found = self.uids.get(&(kind, id.0));
        let (namespace, name) = found.ok_or_else(|| lacks(self, kind))?.clone();
        Ok(ObjectName { namespace, name })
    }

    fn lease(&self, namespace: &str, name: &str) -> Result<&str, Unknown> {
        let found = self.leases.get(&(namespace.to_owned(), name.to_owned()));
        found.map(String::as_str).ok_or_else(|| lacks(self, Kind::Lease))
    }
}

/// Why something is not in a snapshot.
pub(super) fn lacks(inventory: &Inventory, kind: Kind) -> Unknown {
    if inventory.is_unknown(kind) { Unknown::NotAsked } else { Unknown::Absent }
}

/// An entry that means nothing on the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// The entry, from 0.
    pub entry: usize,
    /// Why.
    pub why: Unresolvable,
}

/// Why an entry means nothing on the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unresolvable {
    /// Its target, or what its target depends on, is not known.
    Unknown(Unknown),
    /// A Service that selects no pods.
    SelectsNothing,
    /// Neither a level of the vocabulary nor a label key.
    UnknownLevel(String),
    /// Not a resource of the vocabulary.
    UnknownResource(String),
    /// Not a trust domain of the vocabulary.
    UnknownTrustDomain(String),
    /// The vocabulary does not let the pod's namespace use the trust domain.
    NotAllowed,
}

impl From<Unknown> for Unresolvable {
    fn from(why: Unknown) -> Self {
        Self::Unknown(why)
    }
}
