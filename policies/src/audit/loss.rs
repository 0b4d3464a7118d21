//! What the loss of nodes means: which pods are displaced, which of them have a place elsewhere, and
//! what would have to return for the others.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::empty_inventory::at_rest;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::inventory::{Inventory, NamespacedName};
use placecard_feasibility::profile::ZONE;
use placecard_feasibility::state::{Board, Scratch, Standing, State};
use placecard_findings::Severity;

use super::broken::{self, Group, placed_anew};
use super::{is_static, profiles};
use crate::cluster::{Cluster, Counts};
use crate::placed::next_cycle;
use crate::why::diagnose;
use crate::why::groups::Holder;
use crate::why::names::pattern;
use crate::why::outlook::outlook;

/// Nodes that are taken to be gone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Without {
    /// One node, by name.
    Node(String),
    /// All nodes with this value of a label.
    Label {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
}

impl Without {
    /// Reads `node/NAME`, `zone/VALUE` or `LABEL=VALUE`; `None`: it is none of these.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let label = |key: &str, value: &str| Self::Label { key: key.into(), value: value.into() };
        let found = match (text.split_once('='), text.split_once('/')) {
            (Some((key, value)), _) if !key.is_empty() => label(key, value),
            (None, Some(("node", name))) if !name.is_empty() => Self::Node(name.to_owned()),
            (None, Some(("zone", value))) if !value.is_empty() => label(ZONE, value),
            _ => return None,
        };
        Some(found)
    }

    /// The nodes that are meant, in order.
    #[must_use]
    pub fn nodes(&self, inventory: &Inventory) -> Vec<String> {
        let meant = |node: &&Node| match self {
            Self::Node(name) => node.name == *name,
            Self::Label { key, value } => node.labels.get(key) == Some(value),
        };
        inventory.nodes.values().filter(meant).map(|node| node.name.clone()).collect()
    }
}

/// What the loss of nodes means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// What was asked about.
    pub asked: Vec<Without>,
    /// The nodes that are lost, in order: those that were asked about, and those that failed.
    pub nodes: Vec<String>,
    /// Those that failed: their taints say that they are not ready or can not be reached.
    pub failed: Vec<String>,
    /// Nodes that pods name, and that are not there any longer.
    pub gone: Vec<String>,
    /// How many pods have to go elsewhere.
    pub displaced: usize,
    /// How many of them have a place, if one is placed after the other.
    pub placed: usize,
    /// The others, by owner.
    pub stuck: Vec<Stuck>,
    /// Rules of pods on other nodes that hold now, and would not.
    pub broken: Vec<Group>,
}

impl Loss {
    /// Is any pod the worse for it, beyond being placed again?
    #[must_use]
    pub fn is_felt(&self) -> bool {
        !self.stuck.is_empty() || self.broken.iter().any(|one| one.severity == Severity::Error)
    }
}

/// Pods of one owner that have no place elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Whose pods they are.
    pub owner: Holder,
    /// Their names, in order; not empty.
    pub pods: Vec<String>,
    /// The first of them.
    pub example: Pod,
    /// Why the other nodes do not take it; `None`: too many owners are stuck.
    pub why: Option<super::pending::Why>,
    /// The lost nodes of which any one would take the first pod if it returned, as their names go.
    pub returns: Vec<String>,
    /// What the names of these nodes have in common; empty without any.
    pub pattern: String,
    /// The labels that all of them have and none of the other nodes.
    pub labels: BTreeMap<String, String>,
}

/// Owners whose pods are explained.
const MOST_EXPLAINED: usize = 24;
/// Lost nodes that are tried out; of nodes that are alike one is.
const MOST_TRIED: usize = 64;

/// Taints of nodes that failed (`node.kubernetes.io/…` of the node lifecycle controller).
const FAILED: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

pub(super) fn has_failed(node: &Node) -> bool {
    node.taints
        .iter()
        .any(|taint| FAILED.contains(&taint.key.as_str()) && taint.effect == "NoExecute")
}

/// What the loss of nodes means; `None` if none failed, is gone or was asked about. `state` is that
/// of the cluster.
#[must_use]
pub fn loss(
    cluster: &Cluster,
    mut state: State,
    without: &[Without],
    asked: &dyn Fn(&Pod) -> bool,
) -> Option<Loss> {
    let inventory = &cluster.inventory;
    let failed: Vec<String> = (inventory.nodes.values().filter(|node| has_failed(node)))
        .map(|node| node.name.clone())
        .collect();
    let mut lost: BTreeSet<String> = failed.iter().cloned().collect();
    lost.extend(without.iter().flat_map(|one| one.nodes(inventory)));
    let gone = gone(inventory);
    if lost.is_empty() && gone.is_empty() {
        return None;
    }
    let was_broken = standing_badly(cluster, &mut state);
    let on = |pod: &&Pod| {
        let node = pod.node.as_deref();
        !pod.finished && node.is_some_and(|node| lost.contains(node) || gone.contains(node))
    };
    let displaced: Vec<&Pod> = inventory.pods.values().filter(on).collect();
    for pod in &displaced {
        state.remove_pod(&pod.namespace, &pod.name);
    }
    lost.iter().for_each(|node| state.remove_node(node));
    let (displaced, placed, stuck) = place_again(cluster, &mut state, displaced);
    let report = |pod: &&Pod| asked(pod);
    let mut loss = Loss {
        asked: without.to_vec(),
        failed,
        gone: gone.into_iter().collect(),
        displaced: displaced.iter().copied().filter(report).count(),
        placed: displaced.iter().filter(|pod| asked(pod) && placed.contains_key(&key(pod))).count(),
        ..Loss::default()
    };
    let stays = |pod: &Pod| asked(pod) && !lost_pod(&lost, pod);
    loss.broken = newly_broken(cluster, &mut state, &was_broken, &stays);
    let stuck: Vec<&Pod> = stuck.into_iter().filter(report).collect();
    loss.stuck = explain(cluster, &mut state, &lost, &placed, &stuck);
    loss.nodes = lost.into_iter().collect();
    Some(loss)
}

pub(super) fn key(pod: &Pod) -> NamespacedName {
    (pod.namespace.clone(), pod.name.clone())
}

fn lost_pod(lost: &BTreeSet<String>, pod: &Pod) -> bool {
    pod.node.as_deref().is_some_and(|node| lost.contains(node))
}

/// The nodes that pods name and that are not there.
fn gone(inventory: &Inventory) -> BTreeSet<String> {
    if inventory.is_unknown(Kind::Node) {
        return BTreeSet::new();
    }
    let running = inventory.pods.values().filter(|pod| !pod.finished && !is_static(pod));
    let nodes = running.filter_map(|pod| pod.node.as_deref());
    nodes.filter(|node| !inventory.nodes.contains_key(*node)).map(str::to_owned).collect()
}

/// The pods that stand badly, and which rules do not hold.
type Badly = BTreeMap<NamespacedName, BTreeSet<placecard_feasibility::state::Breach>>;

fn standing_badly(cluster: &Cluster, state: &mut State) -> Badly {
    let mut standing = Standing::new(profiles(cluster));
    standing.refresh(state);
    let broken = standing.broken(state).map(|one| {
        let breaches = one.breaches.iter().cloned().collect();
        ((one.namespace.to_owned(), one.name.to_owned()), breaches)
    });
    broken.collect()
}

/// The rules of pods that stay which hold before and not after.
fn newly_broken(
    cluster: &Cluster,
    state: &mut State,
    before: &Badly,
    stays: &dyn Fn(&Pod) -> bool,
) -> Vec<Group> {
    let after = standing_badly(cluster, state);
    let same = |name: &NamespacedName| {
        let known = before.get(name).map(|all| all.iter().map(kind).collect::<BTreeSet<_>>());
        let now = after.get(name).map(|all| all.iter().map(kind).collect::<BTreeSet<_>>());
        known == now
    };
    let newly = |pod: &Pod| stays(pod) && !same(&key(pod));
    let mut standing = Standing::new(profiles(cluster));
    standing.refresh(state);
    let mut groups = broken::groups(cluster, state, &standing, &newly);
    // Who is near has changed since the snapshot.
    groups.iter_mut().for_each(|group| group.others.clear());
    groups
}

/// A breach without what may well change from one moment to the next.
fn kind(breach: &placecard_feasibility::state::Breach) -> placecard_feasibility::state::Breach {
    use placecard_feasibility::state::Breach;
    match breach {
        Breach::Spread { index, .. } => Breach::Spread { index: *index, skew: 0 },
        other => other.clone(),
    }
}

/// Where pods went, by name.
pub(super) type Placed = BTreeMap<NamespacedName, String>;

/// Places pods again that somebody makes anew, the most important ones first: those, where they went
/// and those that have no place.
pub(super) fn place_again<'a>(
    cluster: &Cluster,
    state: &mut State,
    pods: Vec<&'a Pod>,
) -> (Vec<&'a Pod>, Placed, Vec<&'a Pod>) {
    let comes_again = |pod: &&Pod| {
        let bound = pod.owner.as_ref().is_some_and(|owner| owner.kind == "DaemonSet");
        !bound && !is_static(pod) && !pod.terminating && cluster.profile_of(pod).is_some()
    };
    let mut pods: Vec<&Pod> = pods.into_iter().filter(comes_again).collect();
    pods.sort_by_cached_key(|pod| (Reverse(pod.priority), key(pod)));
    let (mut placed, mut stuck) = (Placed::new(), Vec::new());
    let (mut board, mut judged_by) = (Board::default(), None);
    for pod in &pods {
        if judged_by != Some(pod.scheduler_name())
            && let Some(profile) = cluster.profile_of(pod)
        {
            state.set_profile(profile.into_owned());
            judged_by = Some(pod.scheduler_name());
        }
        let node = state.place(&placed_anew(pod), &mut board);
        match node.and_then(|placed| state.node(placed.node)) {
            Some(node) => _ = placed.insert(key(pod), node.name.clone()),
            None => stuck.push(*pod),
        }
    }
    (pods, placed, stuck)
}

/// Explains the pods that have no place, by owner.
fn explain(
    cluster: &Cluster,
    state: &mut State,
    lost: &BTreeSet<String>,
    placed: &Placed,
    stuck: &[&Pod],
) -> Vec<Stuck> {
    if stuck.is_empty() {
        return Vec::new();
    }
    let mut by_owner: BTreeMap<Holder, Vec<&Pod>> = BTreeMap::new();
    for pod in stuck {
        by_owner.entry(Holder::of(pod)).or_default().push(pod);
    }
    let after = after(cluster, lost, placed);
    let mut found: Vec<Stuck> = Vec::new();
    for (at, (owner, mut pods)) in by_owner.into_iter().enumerate() {
        pods.sort_by(|one, other| one.name.cmp(&other.name));
        let Some(first) = pods.first() else { continue };
        let example = placed_anew(first);
        let why = (at < MOST_EXPLAINED).then(|| {
            let cycle = next_cycle(&after, &example, None);
            let diagnosis = diagnose(&cycle);
            let outlook = outlook(&cycle, !diagnosis.feasible.is_empty());
            super::pending::Why { diagnosis, outlook }
        });
        let pods = pods.iter().map(|pod| pod.name.clone()).collect();
        let (returns, labels) = (Vec::new(), BTreeMap::new());
        found.push(Stuck { owner, pods, example, why, returns, pattern: String::new(), labels });
    }
    try_returns(&cluster.inventory, state, lost, &mut found);
    for one in &mut found {
        let names: Vec<&str> = one.returns.iter().map(String::as_str).collect();
        one.pattern = pattern(&names);
        let left = |key: &str, value: &String| {
            let mut left = after.inventory.nodes.values();
            left.any(|node| node.labels.get(key) == Some(value))
        };
        one.labels = in_common(&cluster.inventory, &left, &one.returns);
    }
    found
}

/// The cluster without the nodes, with the pods where they went.
fn after(cluster: &Cluster, lost: &BTreeSet<String>, placed: &Placed) -> Cluster {
    let mut after = Cluster { counts: Counts::default(), ..cluster.clone() };
    after.inventory.nodes.retain(|name, _| !lost.contains(name));
    for pod in after.inventory.pods.values_mut() {
        match placed.get(&(pod.namespace.clone(), pod.name.clone())) {
            Some(node) => pod.node = Some(node.as_str().into()),
            None if lost_pod(lost, pod) => pod.node = None,
            None => {}
        }
    }
    after
}

/// Brings back the lost nodes one by one, and notes those that take a pod.
pub(super) fn try_returns(
    inventory: &Inventory,
    state: &mut State,
    lost: &BTreeSet<String>,
    stuck: &mut [Stuck],
) {
    let mut scratch = Scratch::default();
    // Nodes that differ in nothing but their names are alike.
    let mut kinds: Vec<(Node, Vec<&str>)> = Vec::new();
    for node in lost.iter().filter_map(|name| inventory.nodes.get(name)) {
        let mut kind = at_rest(node);
        kind.name = String::new();
        kind.images = Vec::new();
        kind.labels.retain(|_, value| *value != node.name);
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, names)) => names.push(&node.name),
            None => kinds.push((kind, vec![&node.name])),
        }
    }
    kinds.truncate(MOST_TRIED);
    for (_, names) in &kinds {
        let Some(node) = names.first().and_then(|name| inventory.nodes.get(*name)) else {
            continue;
        };
        state.set_node(at_rest(node));
        let number = state.node_number(&node.name);
        for one in stuck.iter_mut().take(MOST_EXPLAINED) {
            let prepared = state.prepare(&one.example);
            let decision = state.decide(&one.example, prepared, &mut scratch);
            if decision.feasible_nodes().any(|feasible| Some(feasible) == number) {
                one.returns.extend(names.iter().map(|name| (*name).to_owned()));
            }
        }
        state.remove_node(&node.name);
    }
    stuck.iter_mut().for_each(|one| one.returns.sort());
}

/// The labels that all these nodes have, and none of those that are left.
pub(super) fn in_common(
    inventory: &Inventory,
    left: &dyn Fn(&str, &String) -> bool,
    nodes: &[String],
) -> BTreeMap<String, String> {
    let mut nodes = nodes.iter().filter_map(|name| inventory.nodes.get(name));
    let Some(first) = nodes.next() else { return BTreeMap::new() };
    let mut labels = first.labels.clone();
    for node in nodes {
        labels.retain(|key, value| node.labels.get(key) == Some(value));
    }
    labels.retain(|key, value| *value != first.name && !left(key, value));
    labels
}
