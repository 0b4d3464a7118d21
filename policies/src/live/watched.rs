//! The kinds of objects that are watched, and how they are asked for.

use placecard_feasibility::inventory::kind::Kind;
use placecard_language::keys;

/// A kind of object that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the kinds of the API, by their names")]
pub enum Watched {
    Node,
    Pod,
    Namespace,
    Service,
    PersistentVolume,
    PersistentVolumeClaim,
    StorageClass,
    CsiNode,
    ResourceQuota,
    LimitRange,
    PriorityClass,
    PodDisruptionBudget,
    HorizontalPodAutoscaler,
    Lease,
    ReplicationController,
    ReplicaSet,
    StatefulSet,
    Deployment,
    DaemonSet,
    Job,
    CronJob,
    RoleCoordination,
}

/// All of them. Namespaces come first: what is listed after them need not be counted again.
pub const WATCHED: [Watched; 22] = [
    Watched::Namespace,
    Watched::Node,
    Watched::CsiNode,
    Watched::StorageClass,
    Watched::PersistentVolume,
    Watched::PersistentVolumeClaim,
    Watched::Service,
    Watched::ResourceQuota,
    Watched::LimitRange,
    Watched::PriorityClass,
    Watched::PodDisruptionBudget,
    Watched::HorizontalPodAutoscaler,
    Watched::Lease,
    Watched::ReplicationController,
    Watched::ReplicaSet,
    Watched::StatefulSet,
    Watched::Deployment,
    Watched::DaemonSet,
    Watched::Job,
    Watched::CronJob,
    Watched::RoleCoordination,
    Watched::Pod,
];

/// How a kind is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Group; empty is the core group.
    pub group: &'static str,
    /// Version.
    pub version: &'static str,
    /// The resource, as it stands in paths.
    pub plural: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// Its objects are in namespaces.
    pub namespaced: bool,
    /// The field selector that leaves out what is not needed; empty: none.
    pub fields: &'static str,
}

impl Watched {
    /// Pods, and what has a template of them: annotations of ours may stand there.
    #[must_use]
    pub fn holds_pods(self) -> bool {
        matches!(
            self,
            Self::Pod
                | Self::ReplicationController
                | Self::ReplicaSet
                | Self::StatefulSet
                | Self::Deployment
                | Self::DaemonSet
                | Self::Job
                | Self::CronJob
        )
    }

    /// How it is asked for.
    ///
    /// Finished pods take nothing from a node; a pod that finishes goes as if it were deleted. The
    /// Leases of `kube-node-lease` are the heartbeats of nodes, and nobody asks who holds those.
    #[must_use]
    pub fn row(self) -> Row {
        let row = |group, version, plural, kind, namespaced| Row {
            group,
            version,
            plural,
            kind,
            namespaced,
            fields: "",
        };
        match self {
            Self::Node => row("", "v1", "nodes", "Node", false),
            Self::Pod => Row {
                fields: "status.phase!=Succeeded,status.phase!=Failed",
                ..row("", "v1", "pods", "Pod", true)
            },
            Self::Namespace => row("", "v1", "namespaces", "Namespace", false),
            Self::Service => row("", "v1", "services", "Service", true),
            Self::PersistentVolume => row("", "v1", "persistentvolumes", "PersistentVolume", false),
            Self::PersistentVolumeClaim => {
                row("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true)
            }
            Self::StorageClass => {
                row("storage.k8s.io", "v1", "storageclasses", "StorageClass", false)
            }
            Self::CsiNode => row("storage.k8s.io", "v1", "csinodes", "CSINode", false),
            Self::ResourceQuota => row("", "v1", "resourcequotas", "ResourceQuota", true),
            Self::LimitRange => row("", "v1", "limitranges", "LimitRange", true),
            Self::PriorityClass => {
                row("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", false)
            }
            Self::PodDisruptionBudget => {
                row("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true)
            }
            Self::HorizontalPodAutoscaler => row(
                "autoscaling",
                "v2",
                "horizontalpodautoscalers",
                "HorizontalPodAutoscaler",
                true,
            ),
            Self::Lease => Row {
                fields: "metadata.namespace!=kube-node-lease",
                ..row("coordination.k8s.io", "v1", "leases", "Lease", true)
            },
            Self::ReplicationController => {
                row("", "v1", "replicationcontrollers", "ReplicationController", true)
            }
            Self::ReplicaSet => row("apps", "v1", "replicasets", "ReplicaSet", true),
            Self::StatefulSet => row("apps", "v1", "statefulsets", "StatefulSet", true),
            Self::Deployment => row("apps", "v1", "deployments", "Deployment", true),
            Self::DaemonSet => row("apps", "v1", "daemonsets", "DaemonSet", true),
            Self::Job => row("batch", "v1", "jobs", "Job", true),
            Self::CronJob => row("batch", "v1", "cronjobs", "CronJob", true),
            Self::RoleCoordination => row(
                keys::GROUP,
                keys::VERSION,
                keys::COORDINATION_PLURAL,
                keys::COORDINATION_KIND,
                true,
            ),
        }
    }

    /// The kind, if placement depends on its objects themselves and not only on what is asked of
    /// them.
    #[must_use]
    pub fn kind(self) -> Option<Kind> {
        Some(match self {
            Self::Node => Kind::Node,
            Self::Pod => Kind::Pod,
            Self::Namespace => Kind::Namespace,
            Self::Service => Kind::Service,
            Self::PersistentVolume => Kind::PersistentVolume,
            Self::PersistentVolumeClaim => Kind::PersistentVolumeClaim,
            Self::StorageClass => Kind::StorageClass,
            Self::CsiNode => Kind::CsiNode,
            Self::ResourceQuota => Kind::ResourceQuota,
            Self::LimitRange => Kind::LimitRange,
            Self::PriorityClass => Kind::PriorityClass,
            Self::PodDisruptionBudget => Kind::PodDisruptionBudget,
            Self::Lease => Kind::Lease,
            Self::ReplicationController => Kind::ReplicationController,
            Self::ReplicaSet => Kind::ReplicaSet,
            Self::StatefulSet => Kind::StatefulSet,
            Self::HorizontalPodAutoscaler
            | Self::Deployment
            | Self::DaemonSet
            | Self::Job
            | Self::CronJob
            | Self::RoleCoordination => return None,
        })
    }

    /// The cluster may lack the kind; then there are no objects of it.
    #[must_use]
    pub fn is_optional(self) -> bool {
        self == Self::RoleCoordination
    }

    /// `v1`, `apps/v1`.
    #[must_use]
    pub fn api_version(self) -> String {
        let Row { group, version, .. } = self.row();
        if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
    }

    /// The kind of a group, version and name, as owner references have them.
    #[must_use]
    pub fn find(api_version: &str, kind: &str) -> Option<Self> {
        WATCHED.into_iter().find(|one| one.row().kind == kind && one.api_version() == api_version)
    }
}
