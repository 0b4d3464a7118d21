//! The scheduler's filters, one a file: may this pod go to this node?
//!
//! A filter has two steps, as in the scheduler. Its *pre-filter* looks at the pod and the whole
//! cluster once and may find that the filter has nothing to say ([`Stage::Skip`]) or that no node
//! will do ([`Stage::Rejected`]); otherwise it leaves a state, from which `filter` judges one node.

pub mod cycle;
pub mod default_spread;
pub mod inter_pod_affinity;
pub mod node_affinity;
pub mod node_name;
pub mod node_ports;
pub mod node_resources_fit;
pub mod node_unschedulable;
pub mod node_volume_limits;
pub mod pod_topology_spread;
pub mod reason;
pub mod taint_toleration;
pub mod volume_binding;
pub mod volume_restrictions;
pub mod volume_zone;

use crate::filter::reason::Reason;
use crate::judge::Semantics;

/// The filter plugins of the default profile, in the order in which the scheduler runs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plugin {
    /// Cordoned nodes.
    NodeUnschedulable,
    /// `spec.nodeName`.
    NodeName,
    /// Taints.
    TaintToleration,
    /// `nodeSelector` and required node affinity.
    NodeAffinity,
    /// Host ports.
    NodePorts,
    /// Requests against what is free.
    NodeResourcesFit,
    /// Disks and claims that only one pod may use.
    VolumeRestrictions,
    /// How many volumes a node can hold.
    NodeVolumeLimits,
    /// Claims, their volumes and where those can be.
    VolumeBinding,
    /// Zone labels of volumes.
    VolumeZone,
    /// Hard topology spread constraints.
    PodTopologySpread,
    /// Required pod affinity and anti-affinity.
    InterPodAffinity,
    /// Resource claims of devices; this crate does not judge them.
    DynamicResources,
    /// Features that a node declares and a pod needs; this crate does not judge them.
    NodeDeclaredFeatures,
}

/// All plugins, in the order in which the scheduler runs them. From 1.37 on, the first two change
/// places.
pub const PLUGINS: [Plugin; 14] = [
    Plugin::NodeUnschedulable,
    Plugin::NodeName,
    Plugin::TaintToleration,
    Plugin::NodeAffinity,
    Plugin::NodePorts,
    Plugin::NodeResourcesFit,
    Plugin::VolumeRestrictions,
    Plugin::NodeVolumeLimits,
    Plugin::VolumeBinding,
    Plugin::VolumeZone,
    Plugin::PodTopologySpread,
    Plugin::InterPodAffinity,
    Plugin::DynamicResources,
    Plugin::NodeDeclaredFeatures,
];

impl Plugin {
    /// The scheduler's name of the plugin.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NodeUnschedulable => "NodeUnschedulable",
            Self::NodeName => "NodeName",
            Self::TaintToleration => "TaintToleration",
            Self::NodeAffinity => "NodeAffinity",
            Self::NodePorts => "NodePorts",
            Self::NodeResourcesFit => "NodeResourcesFit",
            Self::VolumeRestrictions => "VolumeRestrictions",
            Self::NodeVolumeLimits => "NodeVolumeLimits",
            Self::VolumeBinding => "VolumeBinding",
            Self::VolumeZone => "VolumeZone",
            Self::PodTopologySpread => "PodTopologySpread",
            Self::InterPodAffinity => "InterPodAffinity",
            Self::DynamicResources => "DynamicResources",
            Self::NodeDeclaredFeatures => "NodeDeclaredFeatures",
        }
    }

    /// Does the scheduler of the version have the plugin, without feature gates of its own?
    #[must_use]
    pub fn is_there(self, semantics: Semantics) -> bool {
        match self {
            Self::DynamicResources => semantics.claims_devices,
            Self::NodeDeclaredFeatures => semantics.declared_features,
            _ => true,
        }
    }

    /// Does the filter fail if its pre-filter did not run? The others need none, or look up again
    /// what it would have left.
    #[must_use]
    pub fn needs_pre_filter(self) -> bool {
        match self {
            Self::NodeUnschedulable
            | Self::NodeName
            | Self::TaintToleration
            | Self::NodeAffinity
            | Self::NodeVolumeLimits
            | Self::VolumeZone => false,
            Self::NodePorts
            | Self::NodeResourcesFit
            | Self::VolumeRestrictions
            | Self::VolumeBinding
            | Self::PodTopologySpread
            | Self::InterPodAffinity
            | Self::DynamicResources
            | Self::NodeDeclaredFeatures => true,
        }
    }
}

/// How a plugin rejects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// Preemption of other pods might help.
    Unschedulable,
    /// Preemption cannot help.
    UnschedulableAndUnresolvable,
    /// The plugin fails, and with it the whole attempt.
    Error,
}

/// Why a plugin rejects a node, or all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// How.
    pub code: Code,
    /// At least one reason.
    pub reasons: Vec<Reason>,
}

impl Rejection {
    /// Rejected, though preemption might help.
    #[must_use]
    pub fn unschedulable(reason: Reason) -> Self {
        Self { code: Code::Unschedulable, reasons: vec![reason] }
    }

    /// Rejected, and preemption cannot help.
    #[must_use]
    pub fn unresolvable(reason: Reason) -> Self {
        Self { code: Code::UnschedulableAndUnresolvable, reasons: vec![reason] }
    }

    /// The plugin fails.
    #[must_use]
    pub fn error(reason: Reason) -> Self {
        Self { code: Code::Error, reasons: vec![reason] }
    }
}

/// What a plugin says of one node.
pub type Verdict = Result<(), Rejection>;

/// What a pre-filter leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage<T> {
    /// The filter has nothing to say of this pod.
    Skip,
    /// No node will do.
    Rejected(Rejection),
    /// What the filter needs to judge a node.
    Ready(T),
}

impl<T> Stage<T> {
    /// What the filter needs, if it is there.
    #[must_use]
    pub fn ready(&self) -> Option<&T> {
        match self {
            Self::Ready(state) => Some(state),
            Self::Skip | Self::Rejected(_) => None,
        }
    }
}
