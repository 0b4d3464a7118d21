//! One batch on one domain.
//!
//! Pods are put on the nodes of the domain one after the other, large ones first, and taken away
//! again where that leads nowhere. Where no pod of the batch requires companions and none is spread
//! by a hard constraint, more pods never open a node for another one; then the order of the pods
//! does not matter, and equal pods are interchangeable. Otherwise each order is tried.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Batch, Member};
use crate::filter::reason::Reason;
use crate::filter::{Code, Plugin};
use crate::inventory::pod::{Pod, PodSpec, TopologySpread, WhenUnsatisfiable};
use crate::inventory::requests::{Resources, requests};
use crate::judge::Judgement;
use crate::state::{Rejected, Scratch, State};

/// Why a pod of a batch finds no node of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocked {
    /// How many pods of the batch found a node before it.
    pub placed: usize,
    /// The pod, by its place among the members.
    pub member: usize,
    /// What rejects the nodes of the domain, and how many of them; empty unless it was asked for.
    pub reasons: BTreeMap<(Plugin, Reason), usize>,
}

/// What became of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All pods fit: the node of each member, by number.
    Fits(Vec<u32>),
    /// There is no way to place all pods.
    Stuck(Blocked),
    /// No way was found within the bound of work; so far this was the farthest.
    Unknown(Blocked),
}

/// What is known of a member before it is placed.
struct Candidate {
    /// The pod, narrowed to the domain where that makes a difference.
    pod: Pod,
    /// Members of one kind are interchangeable.
    kind: usize,
    /// How large it is.
    size: (i64, i64, i64),
    /// The pod that the state has by this name.
    before: Option<Pod>,
}

/// One pod that is placed, and what else could be tried at its place.
struct Step {
    member: usize,
    /// What is left to try: members and their nodes, the last first.
    options: Vec<(usize, u32)>,
    node: u32,
}

/// A search for nodes.
struct Search<'s> {
    state: &'s mut State,
    scratch: Scratch,
    candidates: Vec<Candidate>,
    /// All members, the largest first.
    order: Vec<usize>,
    is_placed: Vec<bool>,
    /// The nodes of the domain.
    nodes: &'s [u32],
    /// Pods may open nodes for others.
    ordered: bool,
    /// Room is kept for pods to which only some members yield: in one order each fits beside what
    /// it has to respect, in another one does not.
    kept: bool,
    explain: bool,
    decisions: u64,
    steps: Vec<Step>,
    farthest: Option<Blocked>,
    /// Nothing else needs to be tried.
    over: bool,
}

/// Tries to place all members on these nodes, which are all of the domain `value` of `key`.
/// Afterwards the state is as it was, unless `keep` is set and all pods fit: then they stand.
pub fn trial(
    state: &mut State,
    batch: &Batch,
    domain: (&str, &str, &[u32]),
    decisions: u64,
    explain: bool,
    keep: bool,
) -> Outcome {
    let (key, value, nodes) = domain;
    let priority = |member: &Member| member.pod.priority;
    let kept = state.keeps_room()
        && batch.members.iter().map(priority).min() != batch.members.iter().map(priority).max();
    let ordered = kept || batch.members.iter().any(|member| depends_on_others(&member.pod));
    let candidates = candidates(state, &batch.members, key, value);
    let least = candidates.len() as u64 + 1;
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|at| candidates.get(*at).map(|one| (Reverse(one.size), one.kind)));
    let mut search = Search {
        state,
        scratch: Scratch::default(),
        order,
        is_placed: vec![false; candidates.len()],
        candidates,
        nodes,
        ordered,
        kept,
        explain,
        decisions: decisions.max(least),
        steps: Vec::new(),
        farthest: None,
        over: false,
    };
    let found = search.run();
    let placed = search.placed();
    if found != Some(true) || !keep {
        search.clear();
    }
    let blocked = search.farthest.take().unwrap_or_default();
    match found {
        Some(true) => Outcome::Fits(placed),
        Some(false) => Outcome::Stuck(blocked),
        None => Outcome::Unknown(blocked),
    }
}

/// May more pods open a node for this one?
fn depends_on_others(pod: &Pod) -> bool {
    let hard = |one: &TopologySpread| one.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule;
    !pod.affinity.is_empty() || pod.spread.iter().any(hard)
}

/// Large pods first, equal ones beside each other.
fn candidates(state: &State, members: &[Member], key: &str, value: &str) -> Vec<Candidate> {
    let mut kinds: Vec<Pod> = Vec::new();
    let narrowed = |pod: &Pod| {
        let mut pod = pod.clone();
        // Constraints that honour node rules count the domains that these admit.
        if !pod.spread.is_empty() {
            pod = pod.with(|spec: &mut PodSpec| {
                spec.node_selector.entry(key.to_owned()).or_insert_with(|| value.to_owned());
            });
        }
        pod
    };
    let mut of = |member: &Member| {
        let nameless = Pod { name: String::new(), uid: String::new(), ..member.pod.clone() };
        let known = kinds.iter().position(|kind| *kind == nameless);
        let kind = known.unwrap_or_else(|| {
            kinds.push(nameless);
            kinds.len() - 1
        });
        let before = state.pod(&member.pod.namespace, &member.pod.name);
        Candidate { pod: narrowed(&member.pod), kind, size: size(&member.pod), before }
    };
    members.iter().map(&mut of).collect()
}

/// Is this a rejection that other pods may end? The first pods of a group pass without companions,
/// so one that is missing may come; where a spread is uneven, pods elsewhere make it even.
fn may_open(rejected: &Rejected) -> bool {
    rejected.plugins.iter().any(|plugin| match plugin {
        Plugin::InterPodAffinity => rejected.code == Code::UnschedulableAndUnresolvable,
        Plugin::PodTopologySpread => rejected.code == Code::Unschedulable,
        _ => false,
    })
}

/// How large a pod is, to compare: devices first, then memory and CPU.
pub(super) fn size(pod: &Pod) -> (i64, i64, i64) {
    let wanted = Resources::of(&requests(pod, None));
    let devices = wanted.scalars.values().fold(0_i64, |sum, more| sum.saturating_add(*more));
    (devices, wanted.memory, wanted.milli_cpu)
}

impl Search<'_> {
    /// Whether all fit; `None`: not known.
    fn run(&mut self) -> Option<bool> {
        loop {
            if self.steps.len() == self.candidates.len() {
                return Some(true);
            }
            let options = self.options()?;
            if self.advance(options) {
                continue;
            }
            loop {
                let step = if self.over { None } else { self.steps.pop() };
                let Some(step) = step else { return Some(false) };
                self.lift(step.member);
                if self.advance(step.options) {
                    break;
                }
            }
        }
    }

    /// Takes the next of the options, if there is one.
    fn advance(&mut self, mut options: Vec<(usize, u32)>) -> bool {
        let Some((member, node)) = options.pop() else { return false };
        self.put(member, node);
        self.steps.push(Step { member, options, node });
        true
    }

    /// What can be placed next and where, the best last; nothing if some pod has no place left and
    /// none can be made for it. `None`: the bound of work is reached.
    fn options(&mut self) -> Option<Vec<(usize, u32)>> {
        let mut options = Vec::new();
        let mut kinds: BTreeSet<usize> = BTreeSet::new();
        for member in self.order.clone() {
            let Some(kind) = self.candidates.get(member).map(|one| one.kind) else { continue };
            if self.is_placed.get(member) != Some(&false) || !kinds.insert(kind) {
                continue;
            }
            self.decisions = self.decisions.checked_sub(1)?;
            let (nodes, hopeless) = self.nodes_for(member);
            if nodes.is_empty() {
                self.note(member);
                if hopeless {
                    // All pods go to this node, so in another order the same would be in the way.
                    self.over = self.nodes.len() == 1;
                    return Some(Vec::new());
                }
            }
            if self.ordered || options.is_empty() {
                options.extend(nodes.into_iter().map(|node| (member, node)));
            }
        }
        options.reverse();
        Some(options)
    }

    /// The nodes of the domain that pass for the member, and whether there will be none. Where the
    /// order does not matter, nodes before that of the last one of its kind were tried for that one.
    fn nodes_for(&mut self, member: usize) -> (Vec<u32>, bool) {
        let Some(candidate) = self.candidates.get(member) else { return (Vec::new(), true) };
        let prepared = self.state.prepare(&candidate.pod);
        let decision = self.state.decide(&candidate.pod, prepared, &mut self.scratch);
        let has = |row: &[u64], node: &u32| {
            row.get(*node as usize / 64).is_some_and(|word| word >> (*node % 64) & 1 == 1)
        };
        let of_kind = |step: &&Step| {
            self.candidates.get(step.member).is_some_and(|other| other.kind == candidate.kind)
        };
        let last = self.steps.iter().rev().find(of_kind).filter(|_| !self.ordered);
        let from = last.and_then(|step| self.nodes.iter().position(|node| *node == step.node));
        let nodes: Vec<u32> = self
            .nodes
            .iter()
            .skip(from.unwrap_or(0))
            .filter(|node| has(&decision.feasible, node))
            .copied()
            .collect();
        let opens = decision.rejected.iter().any(|rejected| {
            may_open(rejected) && self.nodes.iter().any(|node| has(&rejected.nodes, node))
        });
        (nodes, !opens && !self.kept)
    }

    /// The member has no place; remembered if nothing went farther.
    fn note(&mut self, member: usize) {
        let placed = self.steps.len();
        if self.farthest.as_ref().is_some_and(|known| known.placed >= placed) {
            return;
        }
        let reasons = if self.explain { self.reasons(member) } else { BTreeMap::new() };
        self.farthest = Some(Blocked { placed, member, reasons });
    }

    fn reasons(&mut self, member: usize) -> BTreeMap<(Plugin, Reason), usize> {
        let mut reasons = BTreeMap::new();
        let Some(candidate) = self.candidates.get(member) else { return reasons };
        let prepared = self.state.prepare(&candidate.pod);
        let names: Vec<&str> = self
            .nodes
            .iter()
            .filter_map(|node| self.state.node(*node).map(|node| node.name.as_str()))
            .collect();
        self.state.judgement(&candidate.pod, prepared, |judgement: &Judgement<'_>| {
            for one in judgement.nodes.iter().filter(|one| names.contains(&one.node)) {
                for (plugin, rejection) in &one.all {
                    for reason in &rejection.reasons {
                        *reasons.entry((*plugin, reason.clone())).or_insert(0) += 1;
                    }
                }
            }
        });
        reasons
    }

    fn put(&mut self, member: usize, node: u32) {
        self.mark(member, true);
        let Some(candidate) = self.candidates.get(member) else { return };
        let Some(name) = self.state.node(node).map(|node| Arc::<str>::from(node.name.as_str()))
        else {
            return;
        };
        let pod = Pod { node: Some(name), nominated_node: None, ..candidate.pod.clone() };
        self.state.set_pod(pod);
    }

    fn mark(&mut self, member: usize, placed: bool) {
        if let Some(known) = self.is_placed.get_mut(member) {
            *known = placed;
        }
    }

    fn lift(&mut self, member: usize) {
        self.mark(member, false);
        let Some(candidate) = self.candidates.get(member) else { return };
        match &candidate.before {
            Some(before) => self.state.set_pod(before.clone()),
            None => self.state.remove_pod(&candidate.pod.namespace, &candidate.pod.name),
        }
    }

    /// The node of each member; those without one are left out.
    fn placed(&self) -> Vec<u32> {
        let mut placed: Vec<(usize, u32)> =
            self.steps.iter().map(|step| (step.member, step.node)).collect();
        placed.sort_unstable();
        placed.into_iter().map(|(_, node)| node).collect()
    }

    fn clear(&mut self) {
        while let Some(step) = self.steps.pop() {
            self.lift(step.member);
        }
    }
}
