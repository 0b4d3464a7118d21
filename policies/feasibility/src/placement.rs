//! A plain reading of the scheduler's filters, for tests to judge against: clear, not fast.

use std::collections::BTreeMap;

use crate::label::Labels;
use crate::node_terms::NodeSet;
use crate::pod_affinity::AffinityTerm;
use crate::selector::Selector;
use crate::tolerations::{Taint, Toleration};

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.labels`.
    pub labels: Labels,
    /// `spec.taints`.
    pub taints: Vec<Taint>,
}

/// One hard (`DoNotSchedule`) topology spread constraint, `matchLabelKeys` already merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// By how many pods a domain may exceed the emptiest one.
    pub max_skew: u32,
    /// The node label whose values are the domains.
    pub topology_key: String,
    /// Which pods of the pod's namespace count: `None` and empty none.
    pub selector: Option<Selector>,
    /// With fewer domains than this the minimum counts as 0; `None` is 1.
    pub min_domains: Option<u32>,
    /// `nodeAffinityPolicy: Honor` (the API's default): only nodes that the node rules admit count.
    pub honor_affinity: bool,
    /// `nodeTaintsPolicy: Honor` (the default is Ignore): only nodes with tolerated taints count.
    pub honor_taints: bool,
}

/// A pod, running on `node` or about to be scheduled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.labels`.
    pub labels: Labels,
    /// The node it runs on.
    pub node: Option<String>,
    /// It is being deleted.
    pub terminating: bool,
    /// `spec.nodeSelector`.
    pub node_selector: Labels,
    /// The terms of required node affinity.
    pub node_affinity: NodeSet,
    /// `spec.tolerations`.
    pub tolerations: Vec<Toleration>,
    /// Required pod affinity.
    pub affinity: Vec<AffinityTerm>,
    /// Required pod anti-affinity.
    pub anti_affinity: Vec<AffinityTerm>,
    /// Hard spread constraints.
    pub spread: Vec<Spread>,
}

/// Everything a placement depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The pods that run on them; those without a node do not count.
    pub pods: Vec<Pod>,
    /// The labels of each namespace; `kubernetes.io/metadata.name` need not be given.
    pub namespaces: BTreeMap<String, Labels>,
    /// kubernetes#141526, as in 1.34.1: a namespace selector of the incoming pod that is not empty
    /// but matches the empty set of labels means every namespace.
    pub negative_namespace_selectors_match_all: bool,
}

/// Why a node is not possible for a pod. The numbers are indices into the pod's lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// `nodeSelector` or required node affinity.
    NodeAffinity,
    /// A taint that is not tolerated.
    Taint(Taint),
    /// Required pod affinity is not met.
    Affinity,
    /// This anti-affinity term of the pod finds a pod in the domain.
    AntiAffinity(usize),
    /// An anti-affinity term of this pod (namespace, name), running in the domain, matches the
    /// pod.
    ExistingAntiAffinity(String, String),
    /// The node lacks the key of this spread constraint.
    SpreadKey(usize),
    /// This spread constraint would be exceeded.
    SpreadSkew(usize),
}

/// Every reason why the node is not possible for the pod; empty if it is.
#[must_use]
pub fn rejects(_pod: &Pod, _node: &Node, _cluster: &Cluster) -> Vec<Reason> {
    Vec::new()
}
