//! Whether a pod that fits nowhere would fit if pods of lower priority made room, and which.
//!
//! Semantics: `pkg/scheduler/framework/preemption` and `plugins/defaultpreemption`, without groups
//! of pods, without extenders, and without the early end of the search in clusters of more than a
//! hundred nodes: every node is tried. A pod that has not started yet counts as started last, and
//! of pods that are alike in priority and start the one whose name comes first is spared first;
//! there the scheduler takes any order.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::filter::Code;
use crate::filter::cycle::{Cycle, Host};
use crate::inventory::NamespacedName;
use crate::inventory::disruption::DisruptionBudget;
use crate::inventory::pod::Pod;
use crate::judge::trial::Trial;
use crate::judge::{Judgement, Objection};

/// What preemption can do for a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preemption<'a> {
    /// Why the pod may not preempt at all; if it may not, there are no candidates.
    pub refusal: Option<Refusal<'a>>,
    /// The nodes that would do, best first.
    pub candidates: Vec<Candidate<'a>>,
    /// How many of the first candidates the scheduler cannot tell apart: it takes any of them.
    pub best: usize,
    /// The other nodes, in the order of their names.
    pub others: Vec<(&'a str, Hopeless)>,
}

/// Why a pod may not preempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal<'a> {
    /// Its `preemptionPolicy` is `Never`.
    Never,
    /// It has preempted on this node already, and its victims are still ending.
    VictimsEnding(&'a str),
}

/// A node on which the pod would fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// The node.
    pub node: &'a str,
    /// Who would have to go, most important first; at least one.
    pub victims: Vec<Victim<'a>>,
}

/// A pod that would have to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Victim<'a> {
    /// The pod.
    pub pod: &'a Pod,
    /// The disruption budget that this violates.
    pub violates: Option<&'a NamespacedName>,
}

/// Why preemption does not help on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hopeless {
    /// What rejects the node does not depend on its pods, or would not go away with them.
    Unresolvable,
    /// No pod on it has a lower priority.
    NoLowerPriority,
    /// Even with all pods of lower priority gone, this rejects the node.
    StillRejected(Objection),
    /// The pod fits beside all pods that could go: only the count of another pod is in the way.
    NobodyInTheWay,
}

impl Candidate<'_> {
    /// How many victims violate a disruption budget.
    #[must_use]
    pub fn violations(&self) -> usize {
        self.victims.iter().filter(|victim| victim.violates.is_some()).count()
    }
}

/// Tries every node that `judgement` (of the same cycle) rejects, though not for good.
#[must_use]
pub fn preempt<'a>(cycle: &Cycle<'a>, judgement: &Judgement<'_>) -> Preemption<'a> {
    let budgets = cycle.inventory.budgets.iter();
    let pods = || cycle.inventory.pods.values();
    let allowed = budgets.map(|(name, budget)| (name, budget.disruptions_allowed(pods())));
    preempt_within(cycle, judgement, &allowed.collect())
}

/// The same; `allowed`: how many pods each budget lets go.
#[must_use]
pub fn preempt_within<'a>(
    cycle: &Cycle<'a>,
    judgement: &Judgement<'_>,
    allowed: &BTreeMap<&'a NamespacedName, i32>,
) -> Preemption<'a> {
    let refusal = refusal(cycle, judgement);
    let mut found = Preemption { refusal, candidates: Vec::new(), best: 0, others: Vec::new() };
    if found.refusal.is_some() {
        return found;
    }
    let mut trial: Option<Trial<'_, 'a>> = None;
    let mut budgets = Budgets::new();
    for (name, budget) in &cycle.inventory.budgets {
        budgets.entry(&budget.namespace).or_default().push((name, budget));
    }
    let budgets = Charging { budgets, allowed, all: cycle.semantics.budgets_all_charged };
    for (host, node) in cycle.hosts.iter().zip(&judgement.nodes) {
        let code = node.first.as_ref().map(|objection| objection.rejection.code);
        match code {
            None => {}
            Some(Code::Unschedulable) => {
                let trial = trial.get_or_insert_with(|| Trial::new(cycle, host));
                trial.move_to(host);
                match select(cycle, trial, host, &budgets) {
                    Ok(candidate) => found.candidates.push(candidate),
                    Err(hopeless) => found.others.push((&host.node.name, hopeless)),
                }
            }
            Some(_) => found.others.push((&host.node.name, Hopeless::Unresolvable)),
        }
    }
    found.candidates.sort_by_cached_key(|candidate| (rank(candidate), candidate.node));
    let first = found.candidates.first().map(rank);
    let alike = |candidate: &&Candidate<'_>| Some(rank(candidate)) == first;
    found.best = found.candidates.iter().take_while(alike).count();
    found
}

/// The nodes that would be candidates, in the order of their names, without the choice of victims:
/// pods that are alike need no names of their own.
#[must_use]
pub fn preemptible<'a>(cycle: &Cycle<'a>, judgement: &Judgement<'_>) -> Vec<&'a str> {
    let mut found = Vec::new();
    if refusal(cycle, judgement).is_some() {
        return found;
    }
    let mut trial: Option<Trial<'_, 'a>> = None;
    for (host, node) in cycle.hosts.iter().zip(&judgement.nodes) {
        let code = node.first.as_ref().map(|objection| objection.rejection.code);
        let lower = host.pods.iter().copied().filter(|pod| pod.priority < cycle.pod.priority);
        let lower: Vec<&'a Pod> = lower.collect();
        if code != Some(Code::Unschedulable) || lower.is_empty() {
            continue;
        }
        let trial = trial.get_or_insert_with(|| Trial::new(cycle, host));
        trial.move_to(host);
        lower.iter().for_each(|pod| trial.remove(pod));
        let opens = trial.objection().is_none();
        lower.iter().for_each(|pod| trial.add(pod));
        // If they were all put back one by one, the last of them at least would be in the way.
        if opens && trial.objection().is_some() {
            found.push(host.node.name.as_str());
        }
    }
    found
}

/// The pod's own policy, and whether it is waiting for victims already.
fn refusal<'a>(cycle: &Cycle<'a>, judgement: &Judgement<'_>) -> Option<Refusal<'a>> {
    if cycle.pod.never_preempts {
        return Some(Refusal::Never);
    }
    let nominated = cycle.pod.nominated_node.as_deref()?;
    let (host, node) =
        cycle.hosts.iter().zip(&judgement.nodes).find(|(host, _)| host.node.name == nominated)?;
    let unresolvable =
        |objection: &Objection| objection.rejection.code == Code::UnschedulableAndUnresolvable;
    if node.first.as_ref().is_some_and(unresolvable) {
        return None;
    }
    let ending = |pod: &&Pod| pod.preempted && pod.priority < cycle.pod.priority;
    let waits = host.pods.iter().copied().any(|pod| ending(&pod));
    waits.then_some(Refusal::VictimsEnding(&host.node.name))
}

/// Takes all pods of lower priority away; if the pod fits then, puts back as many as possible,
/// those first whose loss would violate a budget, and the most important first. In the end all are
/// back where they were.
fn select<'a>(
    cycle: &Cycle<'a>,
    trial: &mut Trial<'_, 'a>,
    host: &Host<'a>,
    budgets: &Charging<'a, '_>,
) -> Result<Candidate<'a>, Hopeless> {
    let lower = host.pods.iter().copied().filter(|pod| pod.priority < cycle.pod.priority);
    let mut lower: Vec<&'a Pod> = lower.collect();
    if lower.is_empty() {
        return Err(Hopeless::NoLowerPriority);
    }
    for pod in &lower {
        trial.remove(pod);
    }
    if let Some(objection) = trial.objection() {
        lower.iter().for_each(|pod| trial.add(pod));
        return Err(Hopeless::StillRejected(objection));
    }
    lower.sort_by_key(|pod| importance(pod));
    let (violating, others): (Vec<_>, Vec<_>) =
        charged(&lower, budgets).into_iter().partition(|victim| victim.violates.is_some());
    let mut victims = Vec::new();
    for victim in violating.into_iter().chain(others) {
        trial.add(victim.pod);
        if trial.objection().is_some() {
            trial.remove(victim.pod);
            victims.push(victim);
        }
    }
    victims.iter().for_each(|victim: &Victim<'a>| trial.add(victim.pod));
    if victims.is_empty() {
        return Err(Hopeless::NobodyInTheWay);
    }
    victims.sort_by_key(|victim| importance(victim.pod));
    Ok(Candidate { node: &host.node.name, victims })
}

/// The order of importance, most important first.
fn importance(pod: &Pod) -> (Reverse<i32>, i64, &str, &str) {
    (Reverse(pod.priority), start(pod), &pod.namespace, &pod.name)
}

fn start(pod: &Pod) -> i64 {
    pod.started.unwrap_or(i64::MAX)
}

/// Budgets by namespace.
type Budgets<'a> = BTreeMap<&'a str, Vec<(&'a NamespacedName, &'a DisruptionBudget)>>;

/// What pods are charged to.
struct Charging<'a, 'b> {
    budgets: Budgets<'a>,
    /// How many pods each budget lets go.
    allowed: &'b BTreeMap<&'a NamespacedName, i32>,
    /// All budgets are charged that cover a pod, also when one of them is used up.
    all: bool,
}

/// Charges each pod to the budgets that cover it, in this order, and says which budget is used up
/// by then.
fn charged<'a>(pods: &[&'a Pod], charging: &Charging<'a, '_>) -> Vec<Victim<'a>> {
    let mut charges: BTreeMap<&'a NamespacedName, i32> = BTreeMap::new();
    let mut victims = Vec::new();
    for pod in pods.iter().copied() {
        let mut violates = None;
        let there = charging.budgets.get(pod.namespace.as_str()).into_iter().flatten();
        for (name, _) in there.filter(|(_, budget)| budget.covers(pod)) {
            let allowed = charging.allowed.get(name).copied().unwrap_or_default();
            let left = charges.entry(name).or_insert(allowed);
            *left = left.saturating_sub(1);
            if *left < 0 {
                violates = violates.or(Some(*name));
                if !charging.all {
                    break;
                }
            }
        }
        victims.push(Victim { pod, violates });
    }
    victims
}

/// What the scheduler compares between nodes, smallest first: violated budgets, the highest
/// priority among the victims, the sum of their priorities, how many they are, and, latest first,
/// when the first of those with the highest priority started
/// (`pickOneNodeForPreemption`).
fn rank(candidate: &Candidate<'_>) -> (usize, i32, i64, usize, Reverse<i64>) {
    let priorities = || candidate.victims.iter().map(|victim| victim.pod.priority);
    let highest = priorities().max().unwrap_or(i32::MIN);
    // Shifted, so that no priority is negative and more victims are never better.
    let shifted = |priority: i32| i64::from(priority) + i64::from(i32::MAX) + 1;
    let sum = priorities().map(shifted).fold(0i64, i64::saturating_add);
    let of_the_highest = candidate.victims.iter().filter(|one| one.pod.priority == highest);
    let earliest = of_the_highest.map(|victim| start(victim.pod)).min().unwrap_or(i64::MAX);
    (candidate.violations(), highest, sum, candidate.victims.len(), Reverse(earliest))
}
