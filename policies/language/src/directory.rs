//! What a reader may know of objects that annotations name: ids, leases and their holders.
//!
//! Typed entries name objects by UID, and a lease stands for whoever holds it. What these are is
//! asked of a [`Directory`], which answers from what was collected beforehand; every question is
//! noted as a [`Want`], so that a caller can collect what lacked and read again.

mod holder;

use std::collections::BTreeMap;

use crate::affinity::ObjectId;

pub use holder::holder;

/// A kind of object that a typed entry names by its UID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// NodeId.
    Node,
    /// ServiceId.
    Service,
    /// LeaseId.
    Lease,
    /// ResourceId, unless the vocabulary has a resource with this id.
    PersistentVolume,
}

/// Something that a reader has to know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Want {
    /// The name of the object with a UID (`metadata.uid`).
    Object {
        /// Which kind.
        kind: ObjectKind,
        /// Its UID.
        id: ObjectId,
    },
    /// The labels of a node.
    Node {
        /// Its name.
        name: String,
    },
    /// Who holds a Lease.
    Lease {
        /// Its namespace; empty if that is not known.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Where a pod is.
    Pod {
        /// Its namespace; empty if that is not known.
        namespace: String,
        /// Its name.
        name: String,
    },
}

/// Why something is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unknown {
    /// Nobody asked: it is not among what was collected.
    NotAsked,
    /// It does not exist.
    Absent,
    /// It could not be asked for.
    Unreachable,
    /// A Lease that nobody holds.
    NotHeld,
    /// A Lease whose holder is neither a pod nor a node that is there.
    HolderGone,
    /// A pod that is on no node yet.
    NotPlaced,
    /// A node without the label of the level.
    Unlabelled,
}

/// The name of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// Empty for what is in no namespace.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}

impl ObjectName {
    /// Of an object that is in no namespace.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self { namespace: String::new(), name: name.to_owned() }
    }
}

/// What is known of a pod that may hold a Lease.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodFacts {
    /// `spec.nodeName`; empty if it is on no node yet.
    pub node: String,
    /// It carries `statefulset.kubernetes.io/pod-name`, which follows it from node to node.
    pub keeps_its_name: bool,
}

/// Who holds a Lease.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// A pod of a StatefulSet, which keeps its name: it is followed by its label.
    Pod(String),
    /// Anything else on this node: the node is pinned.
    Node(String),
}

/// A Lease and who holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Followed {
    /// The namespace of the Lease, and of the pod that holds it.
    pub namespace: String,
    /// The name of the Lease.
    pub name: String,
    /// Its holder.
    pub holder: Holder,
}

/// Answers about objects.
pub trait Directory {
    /// The name of the object with a UID.
    ///
    /// # Errors
    /// Why it is not known.
    fn object(&self, kind: ObjectKind, id: ObjectId) -> Result<ObjectName, Unknown>;

    /// The labels of a node.
    ///
    /// # Errors
    /// Why they are not known.
    fn node(&self, name: &str) -> Result<&BTreeMap<String, String>, Unknown>;

    /// `spec.holderIdentity` of a Lease; empty if nobody holds it.
    ///
    /// # Errors
    /// Why it is not known.
    fn lease(&self, namespace: &str, name: &str) -> Result<&str, Unknown>;

    /// Where a pod is.
    ///
    /// # Errors
    /// Why it is not known.
    fn pod(&self, namespace: &str, name: &str) -> Result<PodFacts, Unknown>;

    /// Who held a Lease when the object was expanded before: that stays.
    fn recorded(&self, _namespace: &str, _lease: &str) -> Option<Holder> {
        None
    }
}

/// A directory that knows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Directory for Nobody {
    fn object(&self, _: ObjectKind, _: ObjectId) -> Result<ObjectName, Unknown> {
        Err(Unknown::NotAsked)
    }

    fn node(&self, _: &str) -> Result<&BTreeMap<String, String>, Unknown> {
        Err(Unknown::NotAsked)
    }

    fn lease(&self, _: &str, _: &str) -> Result<&str, Unknown> {
        Err(Unknown::NotAsked)
    }

    fn pod(&self, _: &str, _: &str) -> Result<PodFacts, Unknown> {
        Err(Unknown::NotAsked)
    }
}
