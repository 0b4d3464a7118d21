//! Nodes that failed or are gone, and what depends on one of them coming back.
//!
//! A node that is gone has left nothing behind, so what kinds of nodes there were is remembered:
//! nodes that differ in nothing but their names once. A node that was taken away on purpose is
//! remembered too; nothing is said of it unless a pod has no place that it would have.

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::empty_inventory::at_rest;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::profile::Profile;
use placecard_feasibility::state::State;
use placecard_language::keys;

use crate::audit::loss::{Stuck, has_failed, in_common, key, place_again, try_returns};
use crate::cluster::{Cluster, Counts};
use crate::why::groups::Holder;
use crate::why::names::pattern;

/// Nodes that are gone and remembered.
const MOST_GONE: usize = 1000;
/// Pods of lost nodes that are placed again.
const MOST_DISPLACED: usize = 2000;
/// Owners of which it is said what would have to return.
const MOST_STUCK: usize = 64;

/// The nodes that there are, and were.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    /// Nodes without their names, each kind once.
    kinds: Vec<Node>,
    /// The kind of each node.
    there: BTreeMap<String, usize>,
    /// The same of those that are gone.
    gone: BTreeMap<String, usize>,
}

/// What the loss of nodes means at this moment.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// Nodes that failed, and those that are gone and that pods name.
    pub(super) nodes: usize,
    /// Pods of these that no other node takes.
    pub(super) without_place: usize,
    /// Pods without a place, those that are pending among them, that a lost node would take.
    pub(super) stuck: Vec<Stuck>,
}

fn nodes(state: &State) -> impl Iterator<Item = &Node> {
    let numbers = (0..state.node_bound()).filter_map(|number| u32::try_from(number).ok());
    numbers.filter_map(|number| state.node(number))
}

impl Fleet {
    /// Looks which nodes there are now.
    pub(super) fn see(&mut self, state: &State) {
        let mut before = std::mem::take(&mut self.there);
        let mut used = BTreeSet::new();
        for node in nodes(state) {
            before.remove(&node.name);
            self.gone.remove(&node.name);
            let kind = self.kind(node);
            used.insert(kind);
            self.there.insert(node.name.clone(), kind);
        }
        self.gone.append(&mut before);
        while self.gone.len() > MOST_GONE {
            self.gone.pop_first();
        }
        used.extend(self.gone.values());
        if used.len() < self.kinds.len() {
            self.forget(&used);
        }
    }

    fn kind(&mut self, node: &Node) -> usize {
        let mut kind = at_rest(node);
        kind.name = String::new();
        kind.images = Vec::new();
        kind.labels.retain(|_, value| *value != node.name);
        self.kinds.iter().position(|known| *known == kind).unwrap_or_else(|| {
            self.kinds.push(kind);
            self.kinds.len() - 1
        })
    }

    /// Forgets kinds of which there is and was no node.
    fn forget(&mut self, used: &BTreeSet<usize>) {
        let number: BTreeMap<usize, usize> = used.iter().copied().zip(0..).collect();
        let kinds = std::mem::take(&mut self.kinds).into_iter().enumerate();
        self.kinds = kinds.filter(|(at, _)| used.contains(at)).map(|(_, kind)| kind).collect();
        for at in self.there.values_mut().chain(self.gone.values_mut()) {
            *at = number.get(at).copied().unwrap_or_default();
        }
    }

    /// A node that is gone, as it was.
    fn remembered(&self, name: &str) -> Option<Node> {
        let mut node = self.kinds.get(*self.gone.get(name)?)?.clone();
        node.name = name.to_owned();
        node.labels.insert("kubernetes.io/hostname".to_owned(), name.to_owned());
        Some(node)
    }

    /// What the loss of nodes means. `shut`: a pending pod of each owner whose pods no node takes,
    /// and their names.
    pub(super) fn lost(
        &self,
        state: &State,
        profile: &Profile,
        shut: &BTreeMap<Holder, (Pod, Vec<String>)>,
    ) -> Lost {
        let failed: Vec<&Node> = nodes(state).filter(|node| has_failed(node)).collect();
        let strays: Vec<(String, Vec<u32>)> =
            state.lost().map(|(name, pods)| (name.to_owned(), pods)).collect();
        let mut lost = Lost { nodes: failed.len() + strays.len(), ..Lost::default() };
        if lost.nodes == 0 && (self.gone.is_empty() || shut.is_empty()) {
            return lost;
        }
        let on_failed = failed.iter().filter_map(|node| state.node_number(&node.name));
        let numbers = on_failed.flat_map(|node| state.pods_on(node).to_vec());
        let numbers = numbers.chain(strays.iter().flat_map(|(_, pods)| pods.clone()));
        let displaced: Vec<Pod> =
            numbers.take(MOST_DISPLACED).filter_map(|pod| state.pod_at(pod)).collect();

        // Nothing of this is done to the index: it is tried out on a copy, which costs memory for
        // each pod for as long as this takes.
        let mut state = state.clone();
        state.stop_handing_over();
        for pod in &displaced {
            state.remove_pod(&pod.namespace, &pod.name);
        }
        let mut inventory = Inventory::default();
        let absent = self.gone.keys().filter_map(|name| self.remembered(name));
        for node in failed.into_iter().cloned().chain(absent) {
            state.remove_node(&node.name);
            inventory.nodes.insert(node.name.clone(), node);
        }
        let names: BTreeSet<String> = inventory.nodes.keys().cloned().collect();
        let small = Cluster {
            inventory,
            semantics: state.semantics(),
            name: String::new(),
            closed: false,
            schedulers: None,
            counts: Counts::default(),
        };
        let (_, placed, without) = place_again(&small, &mut state, displaced.iter().collect());
        lost.without_place = without.len();
        lost.stuck = stuck(&without, shut);
        debug_assert!(without.iter().all(|pod| !placed.contains_key(&key(pod))));
        state.set_profile(profile.clone());
        try_returns(&small.inventory, &mut state, &names, &mut lost.stuck);
        lost.stuck.retain(|one| !one.returns.is_empty() || !shut.contains_key(&one.owner));
        for one in &mut lost.stuck {
            let names: Vec<&str> = one.returns.iter().map(String::as_str).collect();
            one.pattern = pattern(&names);
            let left = |key: &str, value: &String| {
                nodes(&state).any(|node| node.labels.get(key) == Some(value))
            };
            one.labels = in_common(&small.inventory, &left, &one.returns);
        }
        lost
    }
}

/// Pods without a place, by owner.
fn stuck(without: &[&Pod], shut: &BTreeMap<Holder, (Pod, Vec<String>)>) -> Vec<Stuck> {
    let mut by_owner: BTreeMap<Holder, (Pod, Vec<String>)> = BTreeMap::new();
    let waiting = shut.iter().map(|(owner, (pod, names))| (owner.clone(), pod, names.clone()));
    let displaced = without.iter().map(|pod| (Holder::of(pod), *pod, vec![pod.name.clone()]));
    for (owner, pod, names) in displaced.chain(waiting) {
        let entry = by_owner
            .entry(owner)
            .or_insert_with(|| (crate::audit::broken::placed_anew(pod), Vec::new()));
        entry.1.extend(names);
    }
    let all = by_owner.into_iter().take(MOST_STUCK).map(|(owner, (example, mut pods))| {
        pods.sort();
        Stuck {
            owner,
            pods,
            example,
            why: None,
            returns: Vec::new(),
            pattern: String::new(),
            labels: BTreeMap::new(),
        }
    });
    all.collect()
}

/// The required rules in words of a pod.
pub(super) fn required(pod: &Pod) -> Vec<String> {
    let text = pod.notes.get(keys::REQUIRE).map(String::as_str).unwrap_or_default();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}
