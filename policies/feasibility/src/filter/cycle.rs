//! What all filters see of the cluster while one pod is judged.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::filter::default_spread::constraints;
use crate::filter::node_ports::{host_ports, is_same_port};
use crate::inventory::Inventory;
use crate::inventory::node::Node;
use crate::inventory::pod::{HostPort, Pod, PodSpec, TopologySpread};
use crate::inventory::requests::{Resources, requests};
use crate::judge::Semantics;
use crate::label::Labels;
use crate::profile::Profile;

/// One pod to be placed, and the cluster.
#[derive(Clone, Debug)]
pub struct Cycle<'a> {
    /// The pod to be placed.
    pub pod: &'a Pod,
    /// Everything else.
    pub inventory: &'a Inventory,
    /// How the server's version reads it.
    pub semantics: Semantics,
    /// Which plugins run, and with which arguments.
    pub profile: Cow<'a, Profile>,
    /// The spread constraints of the pod: its own, or those of the profile.
    pub spread: Cow<'a, [TopologySpread]>,
    /// The nodes with the pods that count on each, in the order of their names.
    pub hosts: Vec<Host<'a>>,
    /// The pods for which room is being made and to which the pod must yield, by node.
    pub nominated: BTreeMap<&'a str, Vec<&'a Pod>>,
}

/// A node and the pods on it.
#[derive(Clone, Debug)]
pub struct Host<'a> {
    /// The node.
    pub node: &'a Node,
    /// The pods on it that are not finished.
    pub pods: Vec<&'a Pod>,
    /// How many more there are that only count: nothing that is asked of the cycle is about them.
    pub others: usize,
    /// What these pods take.
    pub requested: Resources,
    /// What the node has for pods.
    pub allocatable: Resources,
    /// The ports that these pods take.
    pub ports: BTreeSet<&'a HostPort>,
}

impl<'a> Host<'a> {
    /// The node without any pod.
    #[must_use]
    pub fn empty(node: &'a Node) -> Self {
        Self {
            node,
            pods: Vec::new(),
            others: 0,
            requested: Resources::default(),
            allocatable: Resources::of(&node.allocatable),
            ports: BTreeSet::new(),
        }
    }

    /// Counts one more pod.
    pub fn add(&mut self, pod: &'a Pod, semantics: Semantics) {
        self.add_taking(pod, &taken(pod, semantics));
    }

    /// The same of a pod that takes so much.
    pub(crate) fn add_taking(&mut self, pod: &'a Pod, taken: &Resources) {
        self.requested.add(taken);
        self.ports.extend(host_ports(pod));
        self.pods.push(pod);
    }

    /// Takes one of the pods away. As in the scheduler, its ports are free then, even if another
    /// pod has the same ones.
    pub fn remove(&mut self, pod: &Pod, semantics: Semantics) {
        self.remove_taking(pod, &taken(pod, semantics));
    }

    /// The same of a pod that takes so much.
    pub(crate) fn remove_taking(&mut self, pod: &Pod, taken: &Resources) {
        self.requested.subtract(taken);
        for port in host_ports(pod) {
            self.ports.retain(|used| !is_same_port(used, port));
        }
        // One may stand for several that are alike.
        match self.pods.iter().position(|other| std::ptr::eq(*other, pod)) {
            Some(at) => _ = self.pods.remove(at),
            None => self.pods.retain(|other| !other.is_same(pod)),
        }
    }
}

/// What a pod takes from its node.
#[must_use]
pub fn taken(pod: &PodSpec, semantics: Semantics) -> Resources {
    Resources::of(&requests(pod, Some(semantics.resizing)))
}

/// As [`cycle_of`], for a scheduler without a configuration.
#[must_use]
pub fn cycle<'a>(inventory: &'a Inventory, pod: &'a Pod, semantics: Semantics) -> Cycle<'a> {
    cycle_of(inventory, pod, semantics, Cow::Owned(Profile::of(semantics)))
}

/// Puts the pods on their nodes. Pods on nodes that are not listed are left out, and so are
/// finished ones.
#[must_use]
pub fn cycle_of<'a>(
    inventory: &'a Inventory,
    pod: &'a Pod,
    semantics: Semantics,
    profile: Cow<'a, Profile>,
) -> Cycle<'a> {
    let mut hosts: BTreeMap<&str, Host<'a>> = BTreeMap::new();
    for (name, node) in &inventory.nodes {
        hosts.insert(name, Host::empty(node));
    }
    let mut nominated: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
    for other in inventory.pods.values().filter(|other| !other.finished) {
        match (&other.node, &other.nominated_node) {
            (Some(node), _) => {
                if let Some(host) = hosts.get_mut(&**node) {
                    host.add(other, semantics);
                }
            }
            (None, Some(node))
                if other.priority >= pod.priority
                    && !other.is_same(pod)
                    && profile.serves(other) =>
            {
                nominated.entry(node).or_default().push(other);
            }
            (None, _) => {}
        }
    }
    let spread = constraints(inventory, pod, &profile);
    let hosts = hosts.into_values().collect();
    Cycle { pod, inventory, semantics, profile, spread, hosts, nominated }
}

impl<'a> Cycle<'a> {
    /// The same cluster for another pod, of the same priority and name.
    #[must_use]
    pub fn for_pod<'b>(&self, pod: &'b Pod) -> Cycle<'b>
    where
        'a: 'b,
    {
        let spread = constraints(self.inventory, pod, &self.profile);
        let spread = Cow::Owned(spread.into_owned());
        Cycle { pod, spread, ..self.clone() }
    }
}

/// As [`cycle_of`], on these nodes instead, in this order and without any pod.
#[must_use]
pub fn empty_cycle<'a>(
    nodes: impl Iterator<Item = &'a Node>,
    inventory: &'a Inventory,
    pod: &'a Pod,
    semantics: Semantics,
    profile: Cow<'a, Profile>,
) -> Cycle<'a> {
    let spread = constraints(inventory, pod, &profile);
    let hosts = nodes.map(Host::empty).collect();
    Cycle { pod, inventory, semantics, profile, spread, hosts, nominated: BTreeMap::new() }
}

impl Cycle<'_> {
    /// The labels of a namespace; none if it is not listed.
    #[must_use]
    pub fn namespace_labels(&self, namespace: &str) -> &Labels {
        static NONE: Labels = Labels::new();
        self.inventory.namespaces.get(namespace).unwrap_or(&NONE)
    }
}
