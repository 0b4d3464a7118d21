//! Nodes by number, and the events that change them.

use std::collections::BTreeSet;

use super::State;
use super::bits::{assign, clear, set};
use super::rows::Amount;
use super::strings::Pairs;
use super::table::{Map, Slab};
use super::topology::Facts;
use crate::inventory::node::Node;
use crate::inventory::requests::Resources;

/// One node.
#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
    /// As it was given.
    node: Option<Box<Node>>,
    /// The number of its name.
    pub(super) name: u32,
    /// Its labels.
    pub(super) labels: Pairs,
    /// The pods on it.
    pub(super) pods: Vec<u32>,
    /// Those that have volumes.
    pub(super) mounted: BTreeSet<u32>,
}

/// All nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    slots: Slab<Slot>,
    by_name: Map<u32, u32>,
    /// The nodes that there are.
    pub(super) there: Vec<u64>,
    /// Those that are cordoned.
    pub(super) cordoned: Vec<u64>,
}

impl Nodes {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// One more than the largest number.
    pub(super) fn bound(&self) -> usize {
        self.slots.bound()
    }

    /// The node with this number.
    pub(super) fn node(&self, number: u32) -> Option<&Node> {
        self.slots.at(number).node.as_deref()
    }

    /// The number of the node whose name has this number.
    pub(super) fn number(&self, name: u32) -> Option<u32> {
        self.by_name.get(&name).copied()
    }

    /// What is kept of a node.
    pub(super) fn slot(&self, number: u32) -> &Slot {
        self.slots.at(number)
    }

    /// The same, to be changed.
    pub(super) fn slot_mut(&mut self, number: u32) -> &mut Slot {
        self.slots.at_mut(number)
    }

    /// What the topology sees of a node.
    pub(super) fn facts(&self, number: u32) -> Facts<'_> {
        facts(number, self.slots.at(number))
    }

    /// The same of all nodes.
    pub(super) fn all_facts(&self) -> impl Iterator<Item = Facts<'_>> {
        self.slots.iter().map(|(number, slot)| facts(number, slot))
    }

    /// All nodes.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Node)> {
        self.slots.iter().filter_map(|(number, slot)| Some((number, slot.node.as_deref()?)))
    }

    /// All that is kept.
    pub(super) fn slots(&self) -> impl Iterator<Item = (u32, &Slot)> {
        self.slots.iter()
    }
}

fn facts(node: u32, slot: &Slot) -> Facts<'_> {
    let taints = slot.node.as_deref().map(|node| node.taints.as_slice()).unwrap_or_default();
    Facts { node, name: slot.name, labels: &slot.labels, taints }
}

impl State {
    /// A node, added or replaced. The pods that name it are on it.
    pub fn set_node(&mut self, node: Node) {
        let name = self.strings.add(&node.name);
        match self.nodes.number(name) {
            None => self.add_node(name, node),
            Some(number) => {
                let known = self.nodes.node(number);
                let moved = known
                    .is_none_or(|known| known.labels != node.labels || known.taints != node.taints);
                if moved { self.relabel(number, node) } else { self.refresh(number, node) }
            }
        }
        self.sweep_if_due();
    }

    fn add_node(&mut self, name: u32, node: Node) {
        let mut labels = Pairs::new();
        self.strings.add_pairs(&node.labels, &mut labels);
        let number = self.nodes.slots.add(Slot { name, labels, ..Slot::default() });
        self.nodes.by_name.insert(name, number);
        let csi_node = self.objects.csi_nodes.get(&node.name);
        self.attachments.limit(number, csi_node.map(|csi_node| &csi_node.limits));
        let strays = self.pods.strays.remove(&name).unwrap_or_default();
        self.hold(number, node);
        self.topology.join(&self.strings, self.nodes.facts(number));
        strays.into_iter().for_each(|pod| self.put(pod, number));
        set(&mut self.nodes.there, number);
        self.rows.refresh(number, &self.nodes.there);
    }

    /// Other labels or taints: the pods leave the counts in which the node has another place, and
    /// come back.
    fn relabel(&mut self, number: u32, node: Node) {
        let mut labels = Pairs::new();
        self.strings.add_pairs(&node.labels, &mut labels);
        let before = self.nodes.facts(number);
        let after = Facts { labels: &labels, taints: &node.taints, ..before };
        let moved = self.topology.shift(&self.strings, before, after);
        self.topology.touch(|touched| touched.nodes.insert(number));
        let pods = std::mem::take(&mut self.nodes.slot_mut(number).pods);
        if !moved.is_empty() {
            pods.iter().for_each(|pod| self.count_terms(*pod, number, Some(&moved), false));
        }
        self.topology.take_out(&moved, self.nodes.facts(number));
        self.pods.garbage += usize::from(self.nodes.slot(number).labels != labels);
        self.nodes.slot_mut(number).labels = labels;
        self.hold(number, node);
        self.topology.put_in(&moved, self.nodes.facts(number));
        if !moved.is_empty() {
            pods.iter().for_each(|pod| self.count_terms(*pod, number, Some(&moved), true));
        }
        self.nodes.slot_mut(number).pods = pods;
        self.rows.refresh(number, &self.nodes.there);
    }

    fn refresh(&mut self, number: u32, node: Node) {
        self.hold(number, node);
        self.rows.refresh(number, &self.nodes.there);
    }

    /// Keeps the node itself, and what it has.
    fn hold(&mut self, number: u32, node: Node) {
        let all = Resources::of(&node.allocatable);
        let strings = &mut self.strings;
        let amount = Amount::of(&all, |name| strings.add(name));
        self.rows.set_node(number, &amount, all.pods);
        assign(&mut self.nodes.cordoned, number, node.unschedulable);
        self.scores.change_node(number, self.nodes.node(number), Some(&node));
        self.nodes.slot_mut(number).node = Some(Box::new(node));
    }

    /// The node is gone. Its pods wait for it to come back.
    pub fn remove_node(&mut self, name: &str) {
        let Some(number) = self.node_number(name) else {
            return;
        };
        clear(&mut self.nodes.there, number);
        let (pods, name) = (self.nodes.slot(number).pods.clone(), self.nodes.slot(number).name);
        pods.iter().for_each(|pod| self.lift(*pod));
        self.pods.stray(pods, name);
        self.topology.leave(self.nodes.facts(number));
        self.rows.set_node(number, &Amount::default(), 0);
        self.rows.refresh(number, &self.nodes.there);
        clear(&mut self.nodes.cordoned, number);
        self.attachments.limit(number, None);
        let slot = self.nodes.slots.take(number);
        self.scores.change_node(number, slot.node.as_deref(), None);
        self.nodes.by_name.remove(&slot.name);
        self.pods.garbage += 1;
        self.sweep_if_due();
    }
}
