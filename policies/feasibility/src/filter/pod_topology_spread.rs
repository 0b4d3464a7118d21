//! Hard topology spread constraints.
//!
//! Semantics: `pkg/scheduler/framework/plugins/podtopologyspread/filtering.go`.

use std::collections::BTreeMap;

use crate::filter::cycle::{Cycle, Host};
use crate::filter::node_affinity::admits;
use crate::filter::reason::Reason;
use crate::filter::{Rejection, Stage, Verdict};
use crate::inventory::kind::Kind;
use crate::inventory::node::Node;
use crate::inventory::pod::{Pod, TopologySpread, WhenUnsatisfiable};
use crate::selector::Selector;
use crate::tolerations::untolerated;

/// The pod's constraints and the pods that count for each, by domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State<'a> {
    constraints: Vec<Counted<'a>>,
    /// There may be nodes or pods that are not known, so that no count is certain.
    open: bool,
}

/// A constraint, and the pods that count for it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Counted<'a> {
    spread: TopologySpread,
    /// By domain.
    pods: BTreeMap<&'a str, i64>,
    /// The least of them.
    fewest: i64,
}

impl<'a> Counted<'a> {
    fn of(spread: TopologySpread, pods: BTreeMap<&'a str, i64>) -> Self {
        let fewest = fewest(&pods);
        Self { spread, pods, fewest }
    }

    fn here(&self, domain: &str) -> i64 {
        self.pods.get(domain).copied().unwrap_or(0)
    }

    /// What other domains are measured by: with fewer of them than are asked for, nothing.
    fn least(&self) -> i64 {
        let domains = i32::try_from(self.pods.len()).unwrap_or(i32::MAX);
        let enough = domains > 0 && domains >= self.spread.min_domains;
        if enough { self.fewest } else { 0 }
    }
}

fn fewest(pods: &BTreeMap<&str, i64>) -> i64 {
    pods.values().min().copied().unwrap_or(0)
}

/// Counts the pods.
#[must_use]
pub fn pre_filter<'a>(cycle: &Cycle<'a>) -> Stage<State<'a>> {
    let hard =
        |spread: &&TopologySpread| spread.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule;
    let constraints: Vec<&TopologySpread> = cycle.spread.iter().filter(hard).collect();
    if constraints.is_empty() {
        return Stage::Skip;
    }
    let unknown = |kind| cycle.inventory.is_unknown(kind);
    let open = unknown(Kind::Pod) || unknown(Kind::Node);
    let mut state = State { open, ..State::default() };
    // Once for each node, however many constraints there are.
    let has_all = |host: &&Host<'_>| has_all_keys(host.node, constraints.iter().copied());
    let hosts: Vec<&Host<'_>> = cycle.hosts.iter().filter(has_all).collect();
    for spread in &constraints {
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        for host in &hosts {
            if let Some(domain) = host.node.labels.get(&spread.topology_key)
                && counts_for(spread, cycle.pod, host.node)
            {
                *counts.entry(domain).or_default() += matching_pods(cycle.pod, spread, host);
            }
        }
        state.constraints.push(Counted::of((*spread).clone(), counts));
    }
    Stage::Ready(state)
}

impl<'a> State<'a> {
    /// The hard constraints of the cycle with the pods of each domain, already counted.
    pub(crate) fn counted(
        cycle: &Cycle<'a>,
        constraints: Vec<(TopologySpread, BTreeMap<&'a str, i64>)>,
    ) -> Stage<Self> {
        let unknown = |kind| cycle.inventory.is_unknown(kind);
        let open = unknown(Kind::Pod) || unknown(Kind::Node);
        if constraints.is_empty() {
            return Stage::Skip;
        }
        let counted = constraints.into_iter().map(|(spread, pods)| Counted::of(spread, pods));
        Stage::Ready(Self { constraints: counted.collect(), open })
    }

    /// Counts one more pod of the node. As in the scheduler, a terminating one counts here, and so
    /// does any if the selector is empty.
    pub fn add(&mut self, pod: &Pod, incoming: &Pod, node: &'a Node) {
        self.change(pod, incoming, node, 1);
    }

    /// Counts one pod of the node less, also one that was not counted because it is terminating.
    pub fn remove(&mut self, pod: &Pod, incoming: &Pod, node: &'a Node) {
        self.change(pod, incoming, node, -1);
    }

    fn change(&mut self, pod: &Pod, incoming: &Pod, node: &'a Node, by: i64) {
        let keys = self.constraints.iter().map(|one| &one.spread);
        if pod.namespace != incoming.namespace || !has_all_keys(node, keys) {
            return;
        }
        for Counted { spread, pods, fewest: least } in &mut self.constraints {
            if let Some(domain) = node.labels.get(&spread.topology_key)
                && selects(spread, pod)
                && counts_for(spread, incoming, node)
            {
                *pods.entry(domain).or_default() += by;
                *least = fewest(pods);
            }
        }
    }
}

/// Judges one node.
///
/// # Errors
///
/// The rejection by the first constraint that is not met.
pub fn filter(state: &State<'_>, pod: &Pod, node: &Node) -> Verdict {
    for counted in &state.constraints {
        let spread = &counted.spread;
        let Some(domain) = node.labels.get(&spread.topology_key) else {
            return Err(Rejection::unresolvable(Reason::SpreadKey));
        };
        let itself = i64::from(selects(spread, pod));
        let skew = counted.here(domain) + itself - counted.least();
        if !state.open && skew > i64::from(spread.max_skew) {
            return Err(Rejection::unschedulable(Reason::SpreadSkew));
        }
    }
    Ok(())
}

/// What a constraint counts, as it bears on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count<'s> {
    /// The constraint.
    pub spread: &'s TopologySpread,
    /// The node's domain; `None`: the node lacks the key.
    pub domain: Option<&'s str>,
    /// By how many pods the domain would exceed the emptiest one with the pod in it; the emptiest
    /// has none with fewer domains than `minDomains`.
    pub skew: i64,
}

impl Count<'_> {
    /// Would the pod exceed the constraint?
    #[must_use]
    pub fn is_exceeded(&self) -> bool {
        self.domain.is_none() || self.skew > i64::from(self.spread.max_skew)
    }
}

impl State<'_> {
    /// What each constraint counts for the node, for reports: [`filter`] says which of them rejects
    /// it first.
    pub fn counts<'s>(&'s self, pod: &'s Pod, node: &'s Node) -> impl Iterator<Item = Count<'s>> {
        self.constraints.iter().map(move |counted| {
            let spread = &counted.spread;
            let domain = node.labels.get(&spread.topology_key).map(String::as_str);
            let here = domain.map_or(0, |domain| counted.here(domain));
            let skew = here + i64::from(selects(spread, pod)) - counted.least();
            Count { spread, domain, skew }
        })
    }

    /// The domains that have fewest pods of the constraint.
    pub fn emptiest<'s>(&'s self, spread: &'s TopologySpread) -> impl Iterator<Item = &'s str> {
        let counted = self.constraints.iter().filter(move |one| one.spread == *spread);
        counted.flat_map(|one| {
            let fewest = one.pods.iter().filter(|(_, count)| **count == one.fewest);
            fewest.map(|(domain, _)| *domain)
        })
    }
}

/// Does the node have the keys of all constraints?
pub(crate) fn has_all_keys<'s>(
    node: &Node,
    mut constraints: impl Iterator<Item = &'s TopologySpread>,
) -> bool {
    constraints.all(|spread| node.labels.contains_key(&spread.topology_key))
}

/// Does the node count for the constraint?
pub(crate) fn counts_for(spread: &TopologySpread, pod: &Pod, node: &Node) -> bool {
    (!spread.honor_affinity || admits(pod, node))
        && (!spread.honor_taints || untolerated(&node.taints, &pod.tolerations).is_none())
}

/// The pods of the host that the constraint counts: of the pod's namespace and not terminating. A
/// selector that is empty counts none.
pub(crate) fn matching_pods(pod: &Pod, spread: &TopologySpread, host: &Host<'_>) -> i64 {
    if spread.selector.as_ref().is_none_or(Selector::is_everything) {
        return 0;
    }
    let counts = |other: &&&Pod| {
        !other.terminating && other.namespace == pod.namespace && selects(spread, other)
    };
    i64::try_from(host.pods.iter().filter(counts).count()).unwrap_or(i64::MAX)
}

fn selects(spread: &TopologySpread, pod: &Pod) -> bool {
    spread.selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels))
}
