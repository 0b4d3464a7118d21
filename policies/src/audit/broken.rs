//! Rules of running pods that do not hold where they run, by owner and rule.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::filter::Plugin;
use placecard_feasibility::filter::inter_pod_affinity::existing_selects;
use placecard_feasibility::filter::reason::Reason;
use placecard_feasibility::filter::volume_binding::reaches;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::{Pod, PodVolume};
use placecard_feasibility::inventory::{Inventory, NamespacedName};
use placecard_feasibility::label::Labels;
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::state::{Breach, Scratch, Standing, State};
use placecard_findings::Severity;

use super::is_static;
use crate::cluster::Cluster;
use crate::why::facts::{Detail, Fact, Facts, node_affinity};
use crate::why::groups::Holder;

/// The pods of one owner for which one rule does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Whose pods they are.
    pub owner: Holder,
    /// The rule, and how it is not kept.
    pub fact: Fact,
    /// How much that weighs.
    pub severity: Severity,
    /// The pods and the nodes on which they run, by name; not empty.
    pub pods: Vec<Member>,
    /// How many pods of the owner run.
    pub of: usize,
    /// The first of the pods, for words.
    pub example: Pod,
    /// The values of the label, or the domains, that the pods are in.
    pub values: BTreeSet<String>,
    /// Of a spread constraint, by how many pods the fullest domain exceeds the emptiest one.
    pub skew: i64,
    /// Whose pods are in the way, or are looked for and run elsewhere; of some of the pods.
    pub others: Vec<(Holder, BTreeSet<String>)>,
    /// The nodes that would take the first pod if it were placed again.
    pub elsewhere: usize,
}

/// A pod and its node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The pod.
    pub pod: String,
    /// The node.
    pub node: String,
}

/// So many pods of a group are looked around.
const MOST_LOOKED_AROUND: usize = 4;
/// So many neighbours are named of each.
const MOST_NEIGHBOURS: usize = 16;

/// How much it weighs that a rule does not hold. What would evict the pod, or was required and is
/// plainly not so, is an error. What only the scheduler minds, an uneven spread, a taint that came
/// later or a rule of somebody else's, is a warning.
#[must_use]
pub fn severity(fact: &Fact) -> Severity {
    match fact {
        Fact::Taint(taint) if taint.effect != "NoExecute" => Severity::Warning,
        Fact::Spread(_) | Fact::SpreadKey(_) | Fact::Repelled(_) => Severity::Warning,
        Fact::Other(_, Reason::AddedNodeAffinity) => Severity::Warning,
        _ => Severity::Error,
    }
}

/// What breaches mean, with what the node has instead.
#[must_use]
pub fn facts(inventory: &Inventory, pod: &Pod, node: &Node, breaches: &[Breach]) -> Facts {
    let mut facts = Facts::new();
    let domain = |key: &str| node.labels.get(key).cloned();
    for breach in breaches {
        let (fact, detail) = match breach {
            Breach::Taint(taint) => (Fact::Taint(taint.clone()), Detail::default()),
            Breach::NodeAffinity => {
                node_affinity(pod, node, &mut facts);
                let told = facts.keys().any(|fact| fact.plugin() == Plugin::NodeAffinity)
                    || facts.contains_key(&Fact::Name);
                if told {
                    continue;
                }
                (Fact::NodeTerms, Detail::default())
            }
            Breach::AddedNodeAffinity => {
                (Fact::Other(Plugin::NodeAffinity, Reason::AddedNodeAffinity), Detail::default())
            }
            Breach::Volume(plugin, reasons) => {
                volumes(inventory, pod, node, (*plugin, reasons), &mut facts);
                continue;
            }
            Breach::SpreadKey(index) => (Fact::SpreadKey(*index), Detail::default()),
            Breach::Spread { index, skew } => {
                let key = pod.spread.get(*index).map_or("", |spread| spread.topology_key.as_str());
                let detail = Detail { amount: *skew, value: domain(key), ..Detail::default() };
                (Fact::Spread(*index), detail)
            }
            Breach::Affinity => (Fact::Affinity, Detail::default()),
            Breach::AntiAffinity(index) => {
                let term = pod.anti_affinity.get(*index);
                let value = term.and_then(|term| domain(&term.topology_key));
                (Fact::AntiAffinity(*index), Detail { value, ..Detail::default() })
            }
            Breach::Repelled(key) => {
                let detail = Detail { value: domain(key), ..Detail::default() };
                (Fact::Repelled(key.clone()), detail)
            }
        };
        facts.insert(fact, detail);
    }
    // Pods that repel one another are told once.
    let own: BTreeSet<String> = facts
        .keys()
        .filter_map(|fact| match fact {
            Fact::AntiAffinity(index) => pod.anti_affinity.get(*index),
            _ => None,
        })
        .map(|term| term.topology_key.clone())
        .collect();
    facts.retain(|fact, _| !matches!(fact, Fact::Repelled(key) if own.contains(key)));
    facts
}

/// Volumes that are out of reach or gone. What else a plugin says of claims (they wait, they are
/// being deleted) is not about the place.
fn volumes(
    inventory: &Inventory,
    pod: &Pod,
    node: &Node,
    (plugin, reasons): (Plugin, &[Reason]),
    facts: &mut Facts,
) {
    for reason in reasons {
        match reason {
            Reason::VolumeNodeAffinity => {
                let claims = pod.volumes.iter().filter_map(|volume| match volume {
                    PodVolume::Claim(name) | PodVolume::Ephemeral(name) => {
                        inventory.claims.get(&(pod.namespace.clone(), name.clone()))
                    }
                    PodVolume::Disk(_) | PodVolume::Migrated(_) => None,
                });
                for claim in claims {
                    let volume = inventory.volumes.get(&claim.volume);
                    if volume.is_some_and(|volume| !reaches(node, volume)) {
                        let (claim, volume) = (claim.name.clone(), claim.volume.clone());
                        facts.insert(Fact::Volume { claim, volume }, Detail::default());
                    }
                }
            }
            Reason::VolumeZone => {
                facts.insert(Fact::VolumeZone, Detail::default());
            }
            Reason::ClaimLost { .. } | Reason::VolumeNotFound(_) | Reason::BoundVolumeGone => {
                facts.insert(Fact::Other(plugin, reason.clone()), Detail::default());
            }
            _ => {}
        }
    }
}

/// What is found of a group while pods are gone through.
#[derive(Default)]
struct Found<'a> {
    pods: Vec<(&'a Pod, Member)>,
    values: BTreeSet<String>,
    skew: i64,
}

/// The rules that do not hold, the gravest first, then by owner. The state is left as it was.
#[must_use]
pub fn groups(
    cluster: &Cluster,
    state: &mut State,
    standing: &Standing,
    asked: &dyn Fn(&Pod) -> bool,
) -> Vec<Group> {
    let inventory = &cluster.inventory;
    let mut found: BTreeMap<(Holder, Fact), Found<'_>> = BTreeMap::new();
    for broken in standing.broken(state) {
        let name = (broken.namespace.to_owned(), broken.name.to_owned());
        let Some(pod) = inventory.pods.get(&name).filter(|pod| asked(pod) && !is_static(pod))
        else {
            continue;
        };
        let Some(node) = inventory.nodes.get(broken.node) else { continue };
        for (fact, detail) in facts(inventory, pod, node, broken.breaches) {
            let entry = found.entry((Holder::of(pod), fact)).or_default();
            entry.pods.push((pod, Member { pod: name.1.clone(), node: node.name.clone() }));
            entry.values.extend(detail.value);
            entry.skew = entry.skew.max(detail.amount);
        }
    }
    let owners: BTreeSet<Holder> = found.keys().map(|(owner, _)| owner.clone()).collect();
    let mut running: BTreeMap<Holder, usize> = BTreeMap::new();
    if !owners.is_empty() {
        for pod in inventory.pods.values().filter(|pod| !pod.finished && pod.node.is_some()) {
            let owner = Holder::of(pod);
            if owners.contains(&owner) {
                *running.entry(owner).or_default() += 1;
            }
        }
    }
    let around = Around::of(inventory);
    let mut scratch = Scratch::default();
    let mut groups: Vec<Group> = found
        .into_iter()
        .filter_map(|((owner, fact), mut found)| {
            found.pods.sort_by(|one, other| one.1.cmp(&other.1));
            let example = found.pods.first()?.0;
            let others = around.others(&fact, &found.pods);
            Some(Group {
                severity: severity(&fact),
                of: running.get(&owner).copied().unwrap_or_default(),
                elsewhere: elsewhere(state, example, &mut scratch),
                example: example.clone(),
                pods: found.pods.into_iter().map(|(_, member)| member).collect(),
                values: found.values,
                skew: found.skew,
                others,
                owner,
                fact,
            })
        })
        .collect();
    groups.sort_by_cached_key(|group| {
        (Reverse(group.severity), group.owner.clone(), group.fact.clone())
    });
    groups
}

/// How many nodes would take the pod if it were placed again; the state is left as it was.
fn elsewhere(state: &mut State, pod: &Pod, scratch: &mut Scratch) -> usize {
    state.remove_pod(&pod.namespace, &pod.name);
    let next = placed_anew(pod);
    let prepared = state.prepare(&next);
    let nodes = state.decide(&next, prepared, scratch).feasible_count;
    state.set_pod(pod.clone());
    nodes
}

/// The pod as it would be created again.
#[must_use]
pub fn placed_anew(pod: &Pod) -> Pod {
    let mut next = pod.clone();
    next.node = None;
    next.nominated_node = None;
    next
}

/// Who runs where, to name those who are in the way.
struct Around<'a> {
    inventory: &'a Inventory,
    on: BTreeMap<&'a str, Vec<&'a Pod>>,
}

impl<'a> Around<'a> {
    fn of(inventory: &'a Inventory) -> Self {
        let mut on: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
        for pod in inventory.pods.values().filter(|pod| !pod.finished) {
            if let Some(node) = &pod.node {
                on.entry(node).or_default().push(pod);
            }
        }
        Self { inventory, on }
    }

    fn selects(&self, term: &AffinityTerm, owner: &Pod, pod: &Pod) -> bool {
        static NONE: Labels = Labels::new();
        let labels = self.inventory.namespaces.get(&pod.namespace).unwrap_or(&NONE);
        existing_selects(term, owner, pod, labels)
    }

    /// The pods in the domain of a node.
    fn near(&self, key: &str, node: &str) -> impl Iterator<Item = &'a Pod> {
        let value = self.inventory.nodes.get(node).and_then(|node| node.labels.get(key));
        let nodes = self.inventory.nodes.values();
        let here = nodes.filter(move |node| value.is_some() && node.labels.get(key) == value);
        here.filter_map(|node| self.on.get(node.name.as_str())).flatten().copied()
    }

    /// Whose pods are in the way or, of pod affinity, whose pods are looked for.
    fn others(&self, fact: &Fact, pods: &[(&Pod, Member)]) -> Vec<(Holder, BTreeSet<String>)> {
        let mut found: BTreeMap<Holder, BTreeSet<String>> = BTreeMap::new();
        let mut note = |other: &Pod| {
            found.entry(Holder::of(other)).or_default().insert(other.name.clone());
        };
        for (pod, member) in pods.iter().take(MOST_LOOKED_AROUND) {
            let other = |other: &&Pod| !other.is_same(pod);
            match fact {
                Fact::AntiAffinity(index) => {
                    let Some(term) = pod.anti_affinity.get(*index) else { continue };
                    let near = self.near(&term.topology_key, &member.node).filter(other);
                    let near = near.filter(|other| self.selects(term, pod, other));
                    near.take(MOST_NEIGHBOURS).for_each(&mut note);
                }
                Fact::Repelled(key) => {
                    let near = self.near(key, &member.node).filter(other);
                    let repels = |other: &&Pod| {
                        let mut terms = other.anti_affinity.iter();
                        terms
                            .any(|term| term.topology_key == *key && self.selects(term, other, pod))
                    };
                    near.filter(repels).take(MOST_NEIGHBOURS).for_each(&mut note);
                }
                Fact::Affinity => {
                    let all = self.on.values().flatten().copied().filter(other);
                    let companion = |other: &&Pod| {
                        pod.affinity.iter().all(|term| self.selects(term, pod, other))
                    };
                    all.filter(companion).take(MOST_NEIGHBOURS).for_each(&mut note);
                    // It is the same for all of them.
                    break;
                }
                _ => return Vec::new(),
            }
        }
        found.into_iter().collect()
    }
}

/// The names of the pods of a group.
#[must_use]
pub fn names(group: &Group) -> Vec<NamespacedName> {
    let namespace = &group.owner.namespace;
    group.pods.iter().map(|one| (namespace.clone(), one.pod.clone())).collect()
}
