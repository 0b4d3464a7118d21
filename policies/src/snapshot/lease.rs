//! Leases (coordination.k8s.io/v1): who holds them.

use serde::Deserialize;

use super::object::Object;
use super::{Metadata, or_default};

/// A Lease as it stands in JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WrittenLease {
    #[serde(deserialize_with = "or_default")]
    pub(super) metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    spec: LeaseSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LeaseSpec {
    #[serde(deserialize_with = "or_default")]
    holder_identity: String,
}

impl WrittenLease {
    /// The Lease and its holder.
    pub(super) fn read(&self) -> Object {
        let name = (self.metadata.namespace.clone(), self.metadata.name.clone());
        Object::Lease(name, self.spec.holder_identity.clone())
    }
}
