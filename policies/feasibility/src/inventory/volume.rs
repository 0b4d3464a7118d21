//! Persistent volumes, their claims and classes.

use crate::inventory::NamespacedName;
use crate::label::Labels;
use crate::node_terms::NodeSet;
use crate::quantity::Quantity;
use crate::requirement::Requirement;
use crate::selector::Selector;

/// A persistent volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.labels`.
    pub labels: Labels,
    /// `metadata.deletionTimestamp` is set.
    pub terminating: bool,
    /// `spec.claimRef`: the claim it is bound to or kept for.
    pub claim: Option<ClaimReference>,
    /// `spec.capacity.storage`.
    pub capacity: Quantity,
    /// Its phase is `Available`.
    pub available: bool,
    /// The storage class; may be empty.
    pub class: String,
    /// `spec.accessModes`.
    pub access_modes: Vec<String>,
    /// `spec.volumeMode`: `Filesystem` or `Block`.
    pub mode: String,
    /// `spec.volumeAttributesClassName`; may be empty.
    pub attributes_class: String,
    /// `spec.nodeAffinity.required`.
    pub node_affinity: NodeSet,
    /// What it is made of, if a filter looks at it.
    pub source: Option<VolumeSource>,
}

/// Which claim a volume belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimReference {
    /// Namespace and name.
    pub claim: NamespacedName,
    /// `uid`; may be empty.
    pub uid: String,
}

/// What a persistent volume is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeSource {
    /// `csi`.
    Csi {
        /// `driver`.
        driver: String,
        /// `volumeHandle`.
        handle: String,
    },
    /// A source of former times, mounted through CSI today.
    InTree(InTree),
}

/// A volume of an in-tree plugin.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InTree {
    /// Which plugin.
    pub plugin: InTreePlugin,
    /// What tells the volume from others of the plugin.
    pub handle: String,
}

/// The in-tree plugins whose volumes are mounted through CSI on every node
/// (`k8s.io/csi-translation-lib/plugins`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InTreePlugin {
    /// `kubernetes.io/aws-ebs`.
    AwsEbs,
    /// `kubernetes.io/gce-pd`.
    GcePd,
    /// `kubernetes.io/cinder`.
    Cinder,
    /// `kubernetes.io/azure-disk`.
    AzureDisk,
}

impl InTreePlugin {
    /// The plugin of this name, as a storage class gives it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "kubernetes.io/aws-ebs" => Some(Self::AwsEbs),
            "kubernetes.io/gce-pd" => Some(Self::GcePd),
            "kubernetes.io/cinder" => Some(Self::Cinder),
            "kubernetes.io/azure-disk" => Some(Self::AzureDisk),
            _ => None,
        }
    }

    /// The CSI driver that took over.
    #[must_use]
    pub fn driver(self) -> &'static str {
        match self {
            Self::AwsEbs => "ebs.csi.aws.com",
            Self::GcePd => "pd.csi.storage.gke.io",
            Self::Cinder => "cinder.csi.openstack.org",
            Self::AzureDisk => "disk.csi.azure.com",
        }
    }
}

/// A persistent volume claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.uid`; may be empty.
    pub uid: String,
    /// `metadata.deletionTimestamp` is set.
    pub terminating: bool,
    /// The UID of the controller that owns it, for claims of ephemeral volumes.
    pub controller: Option<String>,
    /// The storage class; may be empty.
    pub class: String,
    /// `spec.volumeName`; may be empty.
    pub volume: String,
    /// `pv.kubernetes.io/bind-completed` is set.
    pub bound: bool,
    /// `volume.kubernetes.io/selected-node`: a volume is being made for this node.
    pub selected_node: Option<String>,
    /// Its phase is `Lost`: its volume is gone.
    pub lost: bool,
    /// `spec.accessModes`.
    pub access_modes: Vec<String>,
    /// `spec.resources.requests.storage`.
    pub request: Quantity,
    /// `spec.volumeMode`: `Filesystem` or `Block`.
    pub mode: String,
    /// `spec.volumeAttributesClassName`; may be empty.
    pub attributes_class: String,
    /// `spec.selector`.
    pub selector: Option<Selector>,
}

/// A storage class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StorageClass {
    /// `metadata.name`.
    pub name: String,
    /// `provisioner`.
    pub provisioner: String,
    /// `volumeBindingMode: WaitForFirstConsumer`.
    pub waits: bool,
    /// `allowedTopologies`: none is everywhere; otherwise all requirements of one of the terms
    /// must hold, and a term without any is met nowhere.
    pub allowed_topologies: Vec<Vec<Requirement>>,
}
