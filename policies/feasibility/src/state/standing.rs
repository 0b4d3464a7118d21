//! Which pods may not stay where they are, kept up to date.
//!
//! A running pod stays, whatever becomes of its rules: they are "ignored during execution"
//! (<https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/>). Here each pod is
//! judged as if it were taken off its node and had to be placed there again: what the filters of its
//! profile would say that read node rules, taints, volumes, spread constraints and pod affinity, each
//! asked alone and with all its reasons. That is what [`crate::judge::NodeJudgement::all`] says of the
//! node in the cluster without the pod. What only decides who may come (cordons, ports, free
//! resources, free slots) is not looked at, nor are constraints that a profile adds. Pods that
//! terminate are on their way out, and stand well.
//!
//! [`Standing::refresh`] looks again at the pods that may stand differently since it was asked last:
//! those that changed, those on nodes that changed, and those in domains where the pods that their
//! terms count became few, or the first or last of them went or came. [`Standing::follow`] does the
//! same on a state that is not its own to change: a copy that readers have while the writer goes on.

mod follow;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use super::State;
use super::bits::ones;
use super::table::{NONE, Seed};
use super::touched::Touched;
use crate::filter::Plugin;
use crate::filter::reason::Reason;
use crate::profile::Profile;
pub(super) use crate::state::standing::follow::Handed;
use crate::state::standing::rules::Rules;
use crate::tolerations::Taint;

/// A rule that does not hold where the pod is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// A taint of the node that the pod does not tolerate, `NoSchedule` or `NoExecute`.
    Taint(Taint),
    /// `nodeSelector` or required node affinity.
    NodeAffinity,
    /// The node affinity that the profile adds.
    AddedNodeAffinity,
    /// A volume; why, as the plugin says it.
    Volume(Plugin, Vec<Reason>),
    /// The node lacks the key of the pod's hard spread constraint at this index.
    SpreadKey(usize),
    /// There are more pods here than a hard spread constraint allows.
    Spread {
        /// Its index.
        index: usize,
        /// By how many pods the domain exceeds the emptiest one, with the pod in it.
        skew: i64,
    },
    /// No pod that matches all terms of required pod affinity is near.
    Affinity,
    /// A pod that the anti-affinity term at this index matches is near.
    AntiAffinity(usize),
    /// A pod that is near, by the node label with this key, keeps this one away.
    Repelled(String),
}

impl Breach {
    /// The plugin that would reject the node for it.
    #[must_use]
    pub fn plugin(&self) -> Plugin {
        match self {
            Self::Taint(_) => Plugin::TaintToleration,
            Self::NodeAffinity | Self::AddedNodeAffinity => Plugin::NodeAffinity,
            Self::Volume(plugin, _) => *plugin,
            Self::SpreadKey(_) | Self::Spread { .. } => Plugin::PodTopologySpread,
            Self::Affinity | Self::AntiAffinity(_) | Self::Repelled(_) => Plugin::InterPodAffinity,
        }
    }
}

/// A pod that may not stay where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The node that it runs on.
    pub node: &'a str,
    /// The rules that do not hold, in the order of the plugins; not empty.
    pub breaches: &'a [Breach],
}

/// What [`Standing::refresh`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// How many pods were looked at.
    pub looked_at: usize,
    /// The pods, by namespace and name, that stand worse or otherwise than before; those that stand
    /// well again, or are gone, are not among them.
    pub worse: Vec<(String, String)>,
}

/// What pods of a class count on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Counted {
    Counter(u32),
    Spread(u32),
}

/// Which pods of one [`State`] may not stay where they are.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    profiles: Vec<Profile>,
    /// By class.
    rules: BTreeMap<u32, Rules>,
    /// The classes that count on each counter.
    users: BTreeMap<Counted, BTreeSet<u32>>,
    /// By the number of the pod.
    broken: BTreeMap<u32, Vec<Breach>>,
    /// The seed of the state's pods, and how often classes had been forgotten.
    since: Option<(Seed, u64)>,
    /// What was handed over last, [`State::hand_over`].
    serial: Option<u64>,
    /// Pods of which it was not prepared what they ask for.
    postponed: BTreeSet<u32>,
}

impl Standing {
    /// Nothing has been looked at. `profiles`: those of the schedulers of the cluster; pods of other
    /// schedulers are not judged.
    #[must_use]
    pub fn new(profiles: Vec<Profile>) -> Self {
        Self { profiles, ..Self::default() }
    }

    /// Looks at every pod that may stand differently than before; at every pod of a state that was
    /// not looked at before, and after numbers were given out anew ([`State::sweep`]). From now on
    /// the state notes what events touch; only one standing can follow a state.
    pub fn refresh(&mut self, state: &mut State) -> Update {
        let touched = state.topology.touched.take();
        let since = Some((state.pods.seed, state.pods.sweeps));
        let known = self.since == since;
        let touched = touched.filter(|touched| known && !touched.everything);
        // What is prepared below touches nothing that was not looked at.
        state.topology.touched = Some(Box::default());
        let pods = match touched {
            Some(touched) => self.affected(state, *touched),
            None => {
                self.rules.clear();
                self.users.clear();
                state.pods.numbers().chain(self.broken.keys().copied()).collect()
            }
        };
        let update = self.look_at(state, pods);
        let swept = (state.pods.seed, state.pods.sweeps);
        if since == Some(swept) {
            state.topology.touched = Some(Box::default());
        }
        self.since = Some(swept);
        update
    }

    /// The pods that may not stay where they are, in the order of their numbers.
    pub fn broken<'s>(&'s self, state: &'s State) -> impl Iterator<Item = Broken<'s>> {
        self.broken.iter().filter_map(|(pod, breaches)| {
            let (kind, _) = state.pods.kind(*pod);
            let (node, _) = state.pods.whereabouts(*pod);
            Some(Broken {
                namespace: state.strings.text(kind.namespace),
                name: state.pods.name(*pod),
                node: &state.nodes.node(node)?.name,
                breaches,
            })
        })
    }

    /// The rules of a pod that do not hold where it is, in the order of the plugins.
    #[must_use]
    pub fn breaches(&self, state: &State, namespace: &str, name: &str) -> &[Breach] {
        let number = state.pod_number(namespace, name);
        number.and_then(|pod| self.broken.get(&pod)).map(Vec::as_slice).unwrap_or_default()
    }

    /// How many pods may not stay where they are.
    #[must_use]
    pub fn broken_count(&self) -> usize {
        self.broken.len()
    }

    /// The pods that may stand differently.
    fn affected(&self, state: &State, touched: Touched) -> BTreeSet<u32> {
        let Touched { everything: _, volumes, mut pods, nodes, counters, mut spreads, extents } =
            touched;
        for node in nodes {
            pods.extend(&state.nodes.slot(node).pods);
        }
        if volumes {
            pods.extend(state.pods.mounts.keys());
        }
        if !extents.is_empty() {
            let all = state.topology.spreads.iter();
            let moved = all.filter(|(_, spread)| extents.contains(&spread.extent));
            spreads.extend(moved.map(|(id, _)| (id, NONE)));
        }
        for (spread, domain) in &spreads {
            if *domain != NONE && spreads.contains(&(*spread, NONE)) {
                continue;
            }
            let extent = state.topology.spreads.at(*spread).extent;
            let column = state.topology.extents.key(extent).column;
            let users = self.users.get(&Counted::Spread(*spread));
            users_in(state, users, column, *domain, &mut pods);
        }
        for (counter, domain) in &counters {
            let column = state.topology.counters.at(*counter).column;
            let users = self.users.get(&Counted::Counter(*counter));
            users_in(state, users, column, *domain, &mut pods);
        }
        repelled_in(state, &counters, &mut pods);
        pods
    }

    /// Looks at these pods, class by class.
    fn look_at(&mut self, state: &mut State, pods: BTreeSet<u32>) -> Update {
        let mut update = Update::default();
        for (class, pods) in self.by_class(state, pods) {
            let rules = self.rules_of(state, class);
            self.judge(state, class, &rules, pods, &mut update);
        }
        update
    }

    /// The pods that are there; the others do not stand badly any longer.
    fn by_class(&mut self, state: &State, pods: BTreeSet<u32>) -> BTreeMap<u32, Vec<u32>> {
        let mut by_class: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for pod in pods {
            if state.pods.has(pod) {
                by_class.entry(state.pods.class_of(pod)).or_default().push(pod);
            } else {
                self.broken.remove(&pod);
            }
        }
        by_class
    }

    /// Judges pods of a class.
    fn judge(
        &mut self,
        state: &State,
        class: u32,
        rules: &Rules,
        pods: Vec<u32>,
        update: &mut Update,
    ) {
        let repelling = state.repelling_class(class);
        update.looked_at += pods.len();
        for pod in pods {
            let breaches = match self.profiles.get(rules.profile) {
                Some(profile) => state.breaches(pod, rules, profile, &repelling),
                None => Vec::new(),
            };
            if breaches.is_empty() {
                self.broken.remove(&pod);
                continue;
            }
            if self.broken.get(&pod) != Some(&breaches) {
                let (kind, _) = state.pods.kind(pod);
                let namespace = state.strings.text(kind.namespace).to_owned();
                update.worse.push((namespace, state.pods.name(pod).to_owned()));
            }
            self.broken.insert(pod, breaches);
        }
    }

    /// The rules of a class, and who counts on what.
    fn rules_of(&mut self, state: &mut State, class: u32) -> Rules {
        if let Some(known) = self.rules.get(&class).filter(|known| known.is_prepared(state)) {
            return known.clone();
        }
        let rules = state.rules_of_class(class, &self.profiles);
        self.learn(state, class, &rules);
        rules
    }

    fn learn(&mut self, state: &State, class: u32, rules: &Rules) {
        for counted in state.counted(rules) {
            self.users.entry(counted).or_default().insert(class);
        }
        self.rules.insert(class, rules.clone());
    }
}

/// Adds the pods of the classes that are in a domain; [`NONE`]: anywhere.
fn users_in(
    state: &State,
    users: Option<&BTreeSet<u32>>,
    column: u32,
    domain: u32,
    pods: &mut BTreeSet<u32>,
) {
    let column = state.topology.columns.at(column);
    for class in users.into_iter().flatten() {
        for pod in &state.pods.classes.at(*class).pods {
            let (node, _) = state.pods.whereabouts(*pod);
            if node != NONE && (domain == NONE || column.domain(node) == domain) {
                pods.insert(*pod);
            }
        }
    }
}

/// Adds the pods in the domains of counters of anti-affinity that pods carry, as far as that is about
/// them.
fn repelled_in(state: &State, counters: &BTreeSet<(u32, u32)>, pods: &mut BTreeSet<u32>) {
    if counters.is_empty() {
        return;
    }
    for (_, carrier, counter) in state.carriers.iter() {
        let domains = counters.range((*counter, 0)..(*counter, NONE)).map(|(_, domain)| *domain);
        let mut matching: BTreeMap<u32, bool> = BTreeMap::new();
        for domain in domains {
            let column = state.topology.columns.at(carrier.column);
            let mut row = vec![0; state.nodes.bound().div_ceil(64)];
            column.add_domain(domain, &mut row);
            for pod in ones(&row).flat_map(|node| &state.nodes.slot(node).pods) {
                let class = state.pods.class_of(*pod);
                let matches = matching.entry(class).or_insert_with(|| {
                    let kind = state.pods.classes.key(class);
                    carrier.part.needs.matches(state.pods.labels.key(kind.labels))
                });
                if *matches {
                    pods.insert(*pod);
                }
            }
        }
    }
}
