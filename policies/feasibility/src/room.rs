//! How many pods that are alike the nodes of a cluster can take at once, by what keeps such pods
//! apart: one to a domain, one to a node because of a port, or an even spread.
//!
//! These are upper bounds for the nodes that are there, as if nothing else ran on them and as if
//! they were well and not cordoned; only [`By::Full`] is about the pods that run there now. Semantics: the filters `InterPodAffinity`, `NodePorts` and
//! `PodTopologySpread`; a domain of a hard spread constraint that the pods cannot use stays as it
//! is, and no other may exceed it by more than `maxSkew`.

use std::collections::{BTreeMap, BTreeSet};

use crate::empty_inventory::{Origin, at_rest, rows};
use crate::filter::cycle::Host;
use crate::filter::node_affinity::admits;
use crate::filter::node_resources_fit;
use crate::filter::pod_topology_spread::{counts_for, has_all_keys};
use crate::inventory::Inventory;
use crate::inventory::node::Node;
use crate::inventory::pod::{Pod, TopologySpread, WhenUnsatisfiable};
use crate::judge::Semantics;
use crate::label::Labels;
use crate::pod_affinity::term_selects;
use crate::profile::Profile;
use crate::selector::Selector;
use crate::tolerations::untolerated;

/// The pods that are counted.
#[derive(Clone, Copy, Debug)]
pub struct Alike<'a> {
    /// The first of them, to be placed.
    pub pod: &'a Pod,
    /// The next one, with the labels that its controller gives it.
    pub next: &'a Pod,
    /// One of the revision before; `None`: there is none, or it is gone first.
    pub old: Option<&'a Pod>,
    /// How many are asked for: more room than that is not measured.
    pub asked: u64,
}

/// A bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// How many pods fit at once, at most.
    pub most: u64,
    /// Whether pods of the revision before take some of it.
    pub all_revisions: bool,
    /// What bounds them.
    pub by: By,
    /// The domains that the pods can use, in order; of a port, the nodes.
    pub usable: BTreeSet<String>,
}

/// What bounds the number of pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Required anti-affinity, by its index.
    Apart(usize),
    /// A port of the node.
    Port(i32),
    /// A hard spread constraint.
    Spread {
        /// Its index.
        constraint: usize,
        /// The domains that count and that the pods cannot use, in order, and why each is closed.
        closed: BTreeMap<String, Closed>,
        /// Fewer domains count than `minDomains` asks for.
        few: bool,
    },
    /// A hard spread constraint, of which one domain is almost full.
    Full {
        /// Its index.
        constraint: usize,
        /// The domain that can hold the fewest of the pods that the constraint counts.
        domain: String,
        /// How many more of them fit there.
        left: u64,
    },
}

/// Why a domain is closed to the pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The node rules of the pod exclude all of its nodes.
    NodeRules,
    /// The nodes that the rules leave have taints that the pod does not tolerate.
    Taints,
    /// Something else: they are too small, say.
    Otherwise,
}

/// All bounds, in the order of the pod's fields. `gone` are the pods that make room for these. None
/// if a group of nodes that may grow could hold the pod: there may be more room than is known.
pub fn rooms(
    inventory: &Inventory,
    alike: Alike<'_>,
    semantics: Semantics,
    profile: &Profile,
    gone: impl Fn(&Pod) -> bool,
) -> Vec<Room> {
    let mut nodes: Vec<&Node> = Vec::new();
    for row in rows(inventory, alike.pod, semantics, profile) {
        match row.origin {
            _ if !row.lacks.is_empty() => {}
            Origin::Node(name) => nodes.extend(inventory.nodes.get(&name)),
            Origin::Template { .. } => return Vec::new(),
        }
    }
    let mut found: Vec<Room> = Vec::new();
    for term in 0..alike.pod.anti_affinity.len() {
        found.extend(apart(inventory, alike, term, &nodes));
    }
    found.extend(port(alike, &nodes));
    for constraint in 0..alike.pod.spread.len() {
        let even = Even::of(inventory, alike, constraint, &nodes, &gone);
        found.extend(even.as_ref().and_then(Even::with_closed));
        found.extend(even.and_then(|even| even.with_full(semantics, profile)));
    }
    found
}

fn apart(inventory: &Inventory, alike: Alike<'_>, index: usize, nodes: &[&Node]) -> Option<Room> {
    let term = alike.pod.anti_affinity.get(index)?;
    let none = Labels::new();
    let namespace = inventory.namespaces.get(&alike.pod.namespace).unwrap_or(&none);
    let selects = |other: &Pod| {
        term_selects(term, &alike.pod.namespace, &other.namespace, &other.labels, namespace)
    };
    if !selects(alike.next) {
        return None;
    }
    // A node without the label is in no domain, and takes any number.
    let domain = |node: &&Node| node.labels.get(&term.topology_key).cloned();
    let usable: BTreeSet<String> = nodes.iter().map(domain).collect::<Option<_>>()?;
    let all_revisions = alike.old.is_some_and(selects);
    Some(Room { most: count(usable.len()), all_revisions, by: By::Apart(index), usable })
}

fn port(alike: Alike<'_>, nodes: &[&Node]) -> Option<Room> {
    let mut ports = alike.pod.containers.iter().flat_map(|one| &one.host_ports);
    let port = ports.find(|port| port.port > 0)?.port;
    let usable: BTreeSet<String> = nodes.iter().map(|node| node.name.clone()).collect();
    let all_revisions = alike.old.is_some();
    Some(Room { most: count(usable.len()), all_revisions, by: By::Port(port), usable })
}

/// A hard spread constraint that counts the pods themselves.
struct Even<'a, 'g> {
    inventory: &'a Inventory,
    alike: Alike<'a>,
    index: usize,
    one: &'a TopologySpread,
    /// The nodes that count, by domain.
    domains: BTreeMap<&'a str, Vec<&'a Node>>,
    /// The nodes that could hold a pod.
    nodes: Vec<&'a Node>,
    usable: BTreeSet<String>,
    gone: &'g dyn Fn(&Pod) -> bool,
}

impl<'a, 'g> Even<'a, 'g> {
    fn of(
        inventory: &'a Inventory,
        alike: Alike<'a>,
        index: usize,
        nodes: &[&'a Node],
        gone: &'g dyn Fn(&Pod) -> bool,
    ) -> Option<Self> {
        let pod = alike.pod;
        let one = pod.spread.get(index).filter(|one| is_hard(one))?;
        // A pod that does not count itself never fills a domain.
        if !counts(one, pod, pod) || !counts(one, pod, alike.next) {
            return None;
        }
        let hard = || pod.spread.iter().filter(|one| is_hard(one));
        let counted = inventory
            .nodes
            .values()
            .filter(|node| has_all_keys(node, hard()) && counts_for(one, pod, node));
        let mut domains: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
        for node in counted {
            domains.entry(node.labels.get(&one.topology_key)?).or_default().push(node);
        }
        let domain = |node: &&Node| node.labels.get(&one.topology_key).cloned();
        let usable = nodes.iter().filter_map(domain).collect();
        let nodes = nodes.to_vec();
        Some(Self { inventory, alike, index, one, domains, nodes, usable, gone })
    }

    /// How many pods of a domain count that will still be there.
    fn there(&self, members: &[&Node]) -> u64 {
        let names: BTreeSet<&str> = members.iter().map(|node| node.name.as_str()).collect();
        let there = self.inventory.pods.of_namespace(&self.alike.pod.namespace).filter(|other| {
            let on = other.node.as_deref().is_some_and(|node| names.contains(node));
            let stays = !other.finished && !other.terminating && !(self.gone)(other);
            on && stays && counts(self.one, self.alike.pod, other)
        });
        count(there.count())
    }

    fn has_few(&self) -> bool {
        count(self.domains.len()) < u64::try_from(self.one.min_domains).unwrap_or_default()
    }

    fn max_skew(&self) -> Option<u64> {
        u64::try_from(self.one.max_skew).ok()
    }

    /// Domains that the pods cannot use stay as they are.
    fn with_closed(&self) -> Option<Room> {
        let mut fewest = None;
        let mut closed = BTreeMap::new();
        for (value, members) in self.domains.iter().filter(|(one, _)| !self.usable.contains(**one))
        {
            closed.insert((*value).to_owned(), why_closed(self.alike.pod, members));
            let there = self.there(members);
            fewest = Some(fewest.map_or(there, |known: u64| known.min(there)));
        }
        let few = self.has_few();
        let least = if few { 0 } else { fewest? };
        let each = self.max_skew()?.saturating_add(least);
        Some(Room {
            most: count(self.usable.len()).saturating_mul(each),
            all_revisions: self.alike.old.is_some_and(|old| counts(self.one, self.alike.pod, old)),
            by: By::Spread { constraint: self.index, closed, few },
            usable: self.usable.clone(),
        })
    }

    /// A domain that can hold few more bounds the others.
    fn with_full(&self, semantics: Semantics, profile: &Profile) -> Option<Room> {
        if self.has_few() || self.domains.keys().any(|one| !self.usable.contains(*one)) {
            return None;
        }
        let mut request = node_resources_fit::pre_filter(self.alike.pod);
        node_resources_fit::ignore(&mut request, &profile.fit);
        let mut on_nodes: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
        for pod in self.inventory.pods.values().filter(|pod| !pod.finished && !(self.gone)(pod)) {
            if let Some(node) = pod.node.as_deref() {
                on_nodes.entry(node).or_default().push(pod);
            }
        }
        let asked = self.alike.asked.min(MOST_MEASURED);
        let mut found: Vec<(&str, u64, u64)> = Vec::new();
        for (value, members) in &self.domains {
            let mut left: u64 = 0;
            for node in self.nodes.iter().filter(|node| {
                node.labels.get(&self.one.topology_key).is_some_and(|one| one == value)
            }) {
                let mut host = Host::empty(node);
                for pod in on_nodes.get(node.name.as_str()).into_iter().flatten() {
                    host.add(pod, semantics);
                }
                while left < asked && node_resources_fit::filter(&request, &host).is_ok() {
                    host.add(self.alike.pod, semantics);
                    left = left.saturating_add(1);
                }
            }
            found.push((*value, self.there(members), left));
        }
        let (domain, there, left) =
            found.iter().min_by_key(|(_, there, left)| there.saturating_add(*left)).copied()?;
        let most_each = there.saturating_add(left).saturating_add(self.max_skew()?);
        let room = found.iter().map(|(_, there, left)| most_each.saturating_sub(*there).min(*left));
        let most = room.fold(0, u64::saturating_add);
        (most < asked).then(|| Room {
            most,
            all_revisions: false,
            by: By::Full { constraint: self.index, domain: domain.to_owned(), left },
            usable: self.usable.clone(),
        })
    }
}

/// The most pods for which room is measured.
const MOST_MEASURED: u64 = 500;

/// Does the constraint of `pod` count another pod, wherever it is?
fn counts(one: &TopologySpread, pod: &Pod, other: &Pod) -> bool {
    let selects =
        |selector: &Selector| !selector.is_everything() && selector.matches(&other.labels);
    other.namespace == pod.namespace && one.selector.as_ref().is_some_and(selects)
}

fn is_hard(one: &TopologySpread) -> bool {
    one.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule
}

fn why_closed(pod: &Pod, nodes: &[&Node]) -> Closed {
    let mut admitted = nodes.iter().filter(|node| admits(pod, node)).peekable();
    if admitted.peek().is_none() {
        return Closed::NodeRules;
    }
    let tainted = |node: &&Node| untolerated(&at_rest(node).taints, &pod.tolerations).is_some();
    if admitted.all(tainted) { Closed::Taints } else { Closed::Otherwise }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
