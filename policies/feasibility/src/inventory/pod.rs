//! Pods.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::inventory::requests::Amounts;
use crate::inventory::volume::InTree;
use crate::label::Labels;
use crate::node_terms::{NodeSet, NodeTerm};
use crate::pod_affinity::AffinityTerm;
use crate::profile::DEFAULT_SCHEDULER;
use crate::selector::Selector;
use crate::shared::Shared;
use crate::tolerations::Toleration;

/// A pod: what is its own, and what it shares with the pods that are made like it. The fields of
/// [`PodSpec`] are read and written as if they were its own; a new field has to be put on one of
/// the two sides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.uid`; may be empty.
    pub uid: String,
    /// `metadata.labels`.
    pub labels: Shared<Labels>,
    /// The controller that made it.
    pub owner: Option<Shared<Owner>>,
    /// `metadata.deletionTimestamp` is set.
    pub terminating: bool,
    /// Its phase is `Succeeded` or `Failed`.
    pub finished: bool,
    /// It is being deleted because the scheduler preempted it.
    pub preempted: bool,
    /// `spec.nodeName`: the node it is bound to or, of the pod to be placed, the only one it may
    /// go to.
    pub node: Option<Arc<str>>,
    /// `status.nominatedNodeName`: where room is being made for it.
    pub nominated_node: Option<Arc<str>>,
    /// `status.startTime`, in seconds since 1970; `None`: it has not started.
    pub started: Option<i64>,
    /// `spec.schedulingGates`, by name: the scheduler passes the pod over while there are any. No
    /// filter reads them.
    pub gates: Vec<String>,
    /// `spec.volumes`, those that a filter looks at.
    pub volumes: Vec<PodVolume>,
    /// Everything else.
    pub spec: Shared<PodSpec>,
}

/// All that a filter or a score reads of a pod but its namespace, labels, state and volumes: what
/// pods have in common that were made from the same template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodSpec {
    /// `spec.schedulerName`; empty is the default scheduler.
    pub scheduler: String,
    /// `spec.priority`.
    pub priority: i32,
    /// `spec.priority` is written; if not, the class decides when the pod is created.
    pub has_priority: bool,
    /// `spec.priorityClassName`; may be empty.
    pub priority_class: String,
    /// `spec.preemptionPolicy: Never`.
    pub never_preempts: bool,
    /// `spec.activeDeadlineSeconds` is set.
    pub has_deadline: bool,
    /// `spec.nodeSelector`.
    pub node_selector: Labels,
    /// The terms of required node affinity.
    pub node_affinity: NodeSet,
    /// Preferred node affinity.
    pub preferred_nodes: Vec<Weighted<NodeTerm>>,
    /// `spec.tolerations`.
    pub tolerations: Vec<Toleration>,
    /// Required pod affinity.
    pub affinity: Vec<AffinityTerm>,
    /// Required pod anti-affinity.
    pub anti_affinity: Vec<AffinityTerm>,
    /// Preferred pod affinity.
    pub preferred_affinity: Vec<Weighted<AffinityTerm>>,
    /// Preferred pod anti-affinity.
    pub preferred_anti_affinity: Vec<Weighted<AffinityTerm>>,
    /// `spec.topologySpreadConstraints`.
    pub spread: Vec<TopologySpread>,
    /// `spec.containers`.
    pub containers: Vec<Container>,
    /// `spec.initContainers`.
    pub init_containers: Vec<Container>,
    /// `spec.resources.requests`: requests of the pod as a whole.
    pub pod_level: Amounts,
    /// `spec.resources.limits`: limits of the pod as a whole.
    pub pod_level_limits: Amounts,
    /// What the kubelet reports of the pod as a whole.
    pub reported: ReportedResources,
    /// `spec.overhead`.
    pub overhead: Amounts,
    /// A condition says that its pending resize is infeasible.
    pub resize_infeasible: bool,
    /// The images of volumes that are images.
    pub image_volumes: Vec<String>,
    /// `spec.resourceClaims` is not empty; no filter of this crate reads the claims.
    pub claims_devices: bool,
    /// The annotations that say how the pod is to be placed; no filter and no score reads them.
    pub notes: Labels,
}

impl Deref for Pod {
    type Target = PodSpec;

    fn deref(&self) -> &PodSpec {
        &self.spec
    }
}

impl DerefMut for Pod {
    fn deref_mut(&mut self) -> &mut PodSpec {
        &mut self.spec
    }
}

impl PodSpec {
    /// The name of the scheduler that is to place the pod.
    #[must_use]
    pub fn scheduler_name(&self) -> &str {
        if self.scheduler.is_empty() { DEFAULT_SCHEDULER } else { &self.scheduler }
    }
}

impl Pod {
    /// The pod with another spec.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut PodSpec)) -> Self {
        change(&mut self.spec);
        self
    }

    /// True if both have the same namespace and name.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.namespace == other.namespace
    }
}

/// The controller of a pod, in the pod's namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// Group and version, `apps/v1`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// A preference and its weight, 1 to 100.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Weighted<T> {
    /// How much it counts.
    pub weight: i32,
    /// What is preferred.
    pub term: T,
}

/// A topology spread constraint, `matchLabelKeys` merged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TopologySpread {
    /// By how many pods a domain may exceed the emptiest one.
    pub max_skew: i32,
    /// The node label whose values are the domains.
    pub topology_key: String,
    /// What happens if no node can meet it.
    pub when_unsatisfiable: WhenUnsatisfiable,
    /// Which pods of the pod's namespace count: `None` and empty none.
    pub selector: Option<Selector>,
    /// With fewer domains than this the minimum counts as 0.
    pub min_domains: i32,
    /// `nodeAffinityPolicy: Honor` (the default): only nodes that the node rules admit count.
    pub honor_affinity: bool,
    /// `nodeTaintsPolicy: Honor` (the default is Ignore): only nodes with tolerated taints count.
    pub honor_taints: bool,
}

/// What a spread constraint does to a node that exceeds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WhenUnsatisfiable {
    /// The node is rejected.
    #[default]
    DoNotSchedule,
    /// The node scores less.
    ScheduleAnyway,
    /// A word that is not known; nothing today.
    Other,
}

/// A container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Container {
    /// `name`.
    pub name: String,
    /// `image`.
    pub image: String,
    /// `resources.requests`, limits filled in where a request is absent.
    pub requests: Amounts,
    /// `resources.limits`.
    pub limits: Amounts,
    /// `ports` with a host port.
    pub host_ports: Vec<HostPort>,
    /// `restartPolicy: Always`: an init container that keeps running.
    pub restartable: bool,
    /// What the kubelet reports of it.
    pub reported: Option<ReportedResources>,
}

/// The resources that the kubelet reports of a container, or of a pod as a whole; they differ from
/// the spec while the pod is resized in place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReportedResources {
    /// `allocatedResources`.
    pub allocated: Option<Amounts>,
    /// `resources` is there at all.
    pub has_resources: bool,
    /// `resources.requests`: what the runtime has been told.
    pub actuated: Option<Amounts>,
}

/// A port of the node that a container takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPort {
    /// `hostIP`; empty is 0.0.0.0, every address.
    pub ip: String,
    /// `protocol`.
    pub protocol: String,
    /// `hostPort`, above 0.
    pub port: i32,
}

/// A volume of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PodVolume {
    /// `persistentVolumeClaim`.
    Claim(String),
    /// `ephemeral`: the name of the claim that a controller makes for it.
    Ephemeral(String),
    /// A disk written into the pod spec.
    Disk(Disk),
    /// An in-tree volume that is mounted through CSI, and that no other filter looks at.
    Migrated(InTree),
}

/// A disk that pods may not share freely.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Disk {
    /// `gcePersistentDisk`.
    Gce {
        /// `pdName`.
        name: String,
        /// `readOnly`.
        read_only: bool,
    },
    /// `awsElasticBlockStore`.
    Aws {
        /// `volumeID`.
        volume: String,
    },
    /// `iscsi`.
    Iscsi {
        /// `iqn`.
        name: String,
        /// `readOnly`.
        read_only: bool,
    },
    /// `rbd`.
    Rbd {
        /// `monitors`.
        monitors: Vec<String>,
        /// `pool`.
        pool: String,
        /// `image`.
        image: String,
        /// `readOnly`.
        read_only: bool,
    },
}
