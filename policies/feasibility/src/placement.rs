//! A plain reading of the scheduler's filters, for tests to judge against: clear, not fast.

use std::collections::BTreeMap;

use crate::label::{Labels, NAMESPACE_NAME};
use crate::node_terms::{NodeFacts, NodeSet, accepts};
use crate::pod_affinity::{AffinityTerm, term_selects};
use crate::requirement::Requirement;
use crate::selector::Selector;
use crate::tolerations::{Taint, Toleration, untolerated};

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
    /// The labels of each namespace; `kubernetes.io/metadata.name` need not be given. A namespace
    /// that is not listed has no labels at all, not even its name.
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
pub fn rejects(pod: &Pod, node: &Node, cluster: &Cluster) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if !admitted(pod, node) {
        reasons.push(Reason::NodeAffinity);
    }
    if let Some(taint) = untolerated(&node.taints, &pod.tolerations) {
        reasons.push(Reason::Taint(taint.clone()));
    }
    reasons.extend(spread_reasons(pod, node, cluster));
    if !affinity_holds(pod, node, cluster) {
        reasons.push(Reason::Affinity);
    }
    for (index, term) in pod.anti_affinity.iter().enumerate() {
        let term = as_incoming(term, cluster);
        let mut others = running(cluster);
        if others.any(|(other, home)| {
            same_domain(node, home, &term.topology_key) && selects(&term, pod, other, cluster)
        }) {
            reasons.push(Reason::AntiAffinity(index));
        }
    }
    for (other, home) in running(cluster) {
        if other.anti_affinity.iter().any(|term| {
            same_domain(node, home, &term.topology_key) && selects(term, other, pod, cluster)
        }) {
            let (namespace, name) = (other.namespace.clone(), other.name.clone());
            reasons.push(Reason::ExistingAntiAffinity(namespace, name));
        }
    }
    reasons
}

/// The nodes that are possible for the pod, by name.
#[must_use]
pub fn feasible(pod: &Pod, cluster: &Cluster) -> Vec<String> {
    let possible = cluster.nodes.iter().filter(|node| rejects(pod, node, cluster).is_empty());
    possible.map(|node| node.name.clone()).collect()
}

/// `nodeSelector` and required node affinity.
fn admitted(pod: &Pod, node: &Node) -> bool {
    let facts = NodeFacts { name: &node.name, labels: &node.labels };
    accepts(&pod.node_selector, &pod.node_affinity, facts)
}

/// The pods that run on a node of the cluster, with it.
fn running(cluster: &Cluster) -> impl Iterator<Item = (&Pod, &Node)> {
    cluster.pods.iter().filter_map(|pod| {
        let home = cluster.nodes.iter().find(|node| pod.node.as_ref() == Some(&node.name))?;
        Some((pod, home))
    })
}

/// Do both nodes have the same value of the label?
fn same_domain(a: &Node, b: &Node, key: &str) -> bool {
    a.labels.get(key).is_some_and(|value| b.labels.get(key) == Some(value))
}

/// Does the term of `owner` select `other`?
fn selects(term: &AffinityTerm, owner: &Pod, other: &Pod, cluster: &Cluster) -> bool {
    let mut labels = Labels::new();
    if let Some(given) = cluster.namespaces.get(&other.namespace) {
        labels.clone_from(given);
        labels.insert(NAMESPACE_NAME.to_owned(), other.namespace.clone());
    }
    term_selects(term, &owner.namespace, &other.namespace, &other.labels, &labels)
}

/// The term of the incoming pod as the cluster's scheduler reads it: its namespace selector picks
/// from the namespaces that exist, which are those with a name.
fn as_incoming(term: &AffinityTerm, cluster: &Cluster) -> AffinityTerm {
    let mut term = term.clone();
    if let Some(selector) = term.namespace_selector.as_mut().filter(|one| !one.is_everything()) {
        let widened = cluster.negative_namespace_selectors_match_all;
        if widened && selector.matches(&Labels::new()) {
            *selector = Selector::everything();
        } else {
            selector.requirements.push(Requirement::exists(NAMESPACE_NAME));
        }
    }
    term
}

/// Required pod affinity: a pod counts if it matches all terms; each term may find another one in
/// its domain. If no such pod runs on a node with any of the keys, a pod that matches its own
/// terms may start on any node with all keys.
fn affinity_holds(pod: &Pod, node: &Node, cluster: &Cluster) -> bool {
    let terms: Vec<AffinityTerm> =
        pod.affinity.iter().map(|term| as_incoming(term, cluster)).collect();
    let matches_all = |other: &Pod| terms.iter().all(|term| selects(term, pod, other, cluster));
    let companions: Vec<&Node> =
        running(cluster).filter(|(other, _)| matches_all(other)).map(|(_, home)| home).collect();
    let keys: Vec<&str> = terms.iter().map(|term| term.topology_key.as_str()).collect();
    if !keys.iter().all(|key| node.labels.contains_key(*key)) {
        return false;
    }
    let together = |key: &&str| companions.iter().any(|home| same_domain(node, home, key));
    let counted = |home: &&Node| keys.iter().any(|key| home.labels.contains_key(*key));
    keys.iter().all(together) || (!companions.iter().any(counted) && matches_all(pod))
}

/// Hard spread: after placement the node's domain exceeds the emptiest one by at most the skew.
fn spread_reasons(pod: &Pod, node: &Node, cluster: &Cluster) -> Vec<Reason> {
    let has_all_keys =
        |one: &Node| pod.spread.iter().all(|spread| one.labels.contains_key(&spread.topology_key));
    let mut reasons = Vec::new();
    for (index, spread) in pod.spread.iter().enumerate() {
        let Some(here) = node.labels.get(&spread.topology_key) else {
            reasons.push(Reason::SpreadKey(index));
            continue;
        };
        // The pods that count, by domain, of the nodes that count.
        let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
        for one in cluster.nodes.iter().filter(|one| has_all_keys(one)) {
            let by_affinity = !spread.honor_affinity || admitted(pod, one);
            let by_taints =
                !spread.honor_taints || untolerated(&one.taints, &pod.tolerations).is_none();
            if let Some(domain) = one.labels.get(&spread.topology_key)
                && by_affinity
                && by_taints
            {
                *counts.entry(domain).or_default() += counted_pods(pod, spread, one, cluster);
            }
        }
        let enough = counts.len() >= usize::try_from(spread.min_domains.unwrap_or(1)).unwrap_or(0);
        let least = if enough { counts.values().min().copied().unwrap_or(0) } else { 0 };
        let itself = spread.selector.as_ref().is_some_and(|one| one.matches(&pod.labels));
        let after = counts.get(here).copied().unwrap_or(0) + usize::from(itself);
        if after.saturating_sub(least) > usize::try_from(spread.max_skew).unwrap_or(usize::MAX) {
            reasons.push(Reason::SpreadSkew(index));
        }
    }
    reasons
}

/// The pods on the node that the constraint counts: of the pod's namespace and not terminating. A
/// selector that is empty counts none.
fn counted_pods(pod: &Pod, spread: &Spread, node: &Node, cluster: &Cluster) -> usize {
    let Some(selector) = spread.selector.as_ref().filter(|one| !one.is_everything()) else {
        return 0;
    };
    let counts = |(other, home): &(&Pod, &Node)| {
        home.name == node.name
            && other.namespace == pod.namespace
            && !other.terminating
            && selector.matches(&other.labels)
    };
    running(cluster).filter(counts).count()
}
