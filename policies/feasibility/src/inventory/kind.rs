//! The kinds of objects that a cluster consists of, as far as placement depends on them.

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Node.
    Node,
    /// Pod.
    Pod,
    /// Namespace.
    Namespace,
    /// PersistentVolume.
    PersistentVolume,
    /// PersistentVolumeClaim.
    PersistentVolumeClaim,
    /// StorageClass.
    StorageClass,
    /// CSINode.
    CsiNode,
    /// Service.
    Service,
    /// ReplicationController.
    ReplicationController,
    /// ReplicaSet.
    ReplicaSet,
    /// StatefulSet.
    StatefulSet,
    /// ResourceQuota.
    ResourceQuota,
    /// LimitRange.
    LimitRange,
    /// PriorityClass.
    PriorityClass,
    /// PodDisruptionBudget.
    PodDisruptionBudget,
    /// Lease.
    Lease,
}

/// All kinds, in order.
pub const KINDS: [Kind; 16] = [
    Kind::Node,
    Kind::Pod,
    Kind::Namespace,
    Kind::PersistentVolume,
    Kind::PersistentVolumeClaim,
    Kind::StorageClass,
    Kind::CsiNode,
    Kind::Service,
    Kind::ReplicationController,
    Kind::ReplicaSet,
    Kind::StatefulSet,
    Kind::ResourceQuota,
    Kind::LimitRange,
    Kind::PriorityClass,
    Kind::PodDisruptionBudget,
    Kind::Lease,
];

impl Kind {
    /// The API's name of the kind.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Node => "Node",
            Self::Pod => "Pod",
            Self::Namespace => "Namespace",
            Self::PersistentVolume => "PersistentVolume",
            Self::PersistentVolumeClaim => "PersistentVolumeClaim",
            Self::StorageClass => "StorageClass",
            Self::CsiNode => "CSINode",
            Self::Service => "Service",
            Self::ReplicationController => "ReplicationController",
            Self::ReplicaSet => "ReplicaSet",
            Self::StatefulSet => "StatefulSet",
            Self::ResourceQuota => "ResourceQuota",
            Self::LimitRange => "LimitRange",
            Self::PriorityClass => "PriorityClass",
            Self::PodDisruptionBudget => "PodDisruptionBudget",
            Self::Lease => "Lease",
        }
    }

    /// The API's name of the resource, as it stands in paths and after `kubectl get`.
    #[must_use]
    pub fn resource(self) -> &'static str {
        match self {
            Self::Node => "nodes",
            Self::Pod => "pods",
            Self::Namespace => "namespaces",
            Self::PersistentVolume => "persistentvolumes",
            Self::PersistentVolumeClaim => "persistentvolumeclaims",
            Self::StorageClass => "storageclasses",
            Self::CsiNode => "csinodes",
            Self::Service => "services",
            Self::ReplicationController => "replicationcontrollers",
            Self::ReplicaSet => "replicasets",
            Self::StatefulSet => "statefulsets",
            Self::ResourceQuota => "resourcequotas",
            Self::LimitRange => "limitranges",
            Self::PriorityClass => "priorityclasses",
            Self::PodDisruptionBudget => "poddisruptionbudgets",
            Self::Lease => "leases",
        }
    }
}
