//! A cluster as the scheduler's filters see it: plain values, with the API's defaults filled in.
//!
//! What is not here is not read by a filter or a score of this crate: resource claims of devices,
//! volume attachments, storage capacities.

pub mod disruption;
pub mod kind;
pub mod limit_range;
pub mod node;
pub mod pod;
pub mod pods;
pub mod priority;
pub mod quota;
pub mod requests;
pub mod template;
pub mod volume;

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::disruption::DisruptionBudget;
use crate::inventory::kind::Kind;
use crate::inventory::limit_range::LimitRange;
use crate::inventory::node::{CsiNode, Node};
use crate::inventory::pods::Pods;
use crate::inventory::priority::PriorityClass;
use crate::inventory::quota::ResourceQuota;
use crate::inventory::template::NodeTemplate;
use crate::inventory::volume::{Claim, StorageClass, Volume};
use crate::label::Labels;
use crate::selector::Selector;

/// The namespace and name of an object.
pub type NamespacedName = (String, String);

/// Everything that a placement depends on, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Nodes.
    pub nodes: BTreeMap<String, Node>,
    /// The size in bytes of each image, as the first node that reported it said.
    pub image_sizes: BTreeMap<String, i64>,
    /// Pods other than the one to be placed. Finished ones, and ones on a node that is not listed,
    /// do not count.
    pub pods: Pods,
    /// The labels of each namespace, `kubernetes.io/metadata.name` among them. A namespace that is
    /// not listed has no labels.
    pub namespaces: BTreeMap<String, Labels>,
    /// Persistent volumes.
    pub volumes: BTreeMap<String, Volume>,
    /// Persistent volume claims.
    pub claims: BTreeMap<NamespacedName, Claim>,
    /// Storage classes.
    pub classes: BTreeMap<String, StorageClass>,
    /// What the CSI drivers report, by node.
    pub csi_nodes: BTreeMap<String, CsiNode>,
    /// The selector of each service that has one.
    pub services: BTreeMap<NamespacedName, Labels>,
    /// The services without a selector. No filter and no score reads these.
    pub selectorless: BTreeSet<NamespacedName>,
    /// The selector of each ReplicationController, ReplicaSet and StatefulSet; `None` selects
    /// nothing.
    pub controllers: BTreeMap<(Kind, NamespacedName), Option<Selector>>,
    /// Resource quotas. The filters read neither these nor limit ranges, classes, budgets and
    /// templates.
    pub quotas: BTreeMap<NamespacedName, ResourceQuota>,
    /// Limit ranges.
    pub limit_ranges: BTreeMap<NamespacedName, LimitRange>,
    /// Priority classes.
    pub priority_classes: BTreeMap<String, PriorityClass>,
    /// Pod disruption budgets.
    pub budgets: BTreeMap<NamespacedName, DisruptionBudget>,
    /// Who holds each Lease (`spec.holderIdentity`); empty: nobody. No filter reads these.
    pub leases: BTreeMap<NamespacedName, String>,
    /// The nodes, services, persistent volumes and Leases by their `metadata.uid`, as a number; what
    /// is in no namespace has an empty one.
    pub uids: BTreeMap<(Kind, u128), NamespacedName>,
    /// Groups of nodes that may grow.
    pub templates: BTreeMap<String, NodeTemplate>,
    /// The kinds of which there may be objects that are not listed; none: the lists are complete.
    /// What could depend on one of those rejects no node. Of a namespace
    /// that is listed no label but `kubernetes.io/metadata.name` is known then.
    pub unknown: BTreeSet<Kind>,
}

impl Inventory {
    /// May there be objects of the kind that are not listed?
    #[must_use]
    pub fn is_unknown(&self, kind: Kind) -> bool {
        self.unknown.contains(&kind)
    }
}
