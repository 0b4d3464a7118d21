//! Which batch goes to which domain.
//!
//! Batches are taken in order, those first of which some pods have their domain already. Each goes
//! to the domain whose best node the scheduler likes best for its largest pod, so preferences and the
//! strategy of the profile count; of equal ones to the first by name. Batches of one coordination
//! are alike, so as long as domains have nothing to do with one another, no other choice would place
//! more of them.

use std::collections::{BTreeMap, BTreeSet};

use super::trial::{Blocked, Outcome, trial};
use super::{Batch, Exclusive, Layout, Member, domains};
use crate::inventory::pod::{Container, Pod};
use crate::inventory::requests::requests;
use crate::state::{Board, Scratch, State};
use crate::tolerations::{Toleration, TolerationOperator};

/// How many domains are tried that are known to be too small, to say what is nearest.
const TRIED: usize = 48;

/// Where a batch goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landing {
    /// The number of the batch.
    pub number: u64,
    /// The value of the label.
    pub domain: String,
    /// The node of each member, by name: a way to place all of them.
    pub nodes: Vec<String>,
}

/// Why a batch goes nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The number of the batch.
    pub number: u64,
    /// The domain in which most of its pods would fit, of those that were tried (some dozens if all
    /// are too small), and what stops the others there; `None`: none could be tried.
    pub nearest: Option<(String, Blocked)>,
    /// How many domains there are.
    pub domains: usize,
    /// How many of them hold a batch of the coordination already and are closed for it therefore.
    pub closed: usize,
    /// In how many of them the bound of work was reached before it was known.
    pub undecided: usize,
}

/// Where all batches go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order in which they were placed.
    pub landings: Vec<Landing>,
    /// In the order of their numbers.
    pub waiting: Vec<Waiting>,
}

/// What is known of the domains while batches are placed.
struct Ground<'l> {
    layout: &'l Layout,
    domains: BTreeMap<String, Vec<u32>>,
    /// Those that hold a batch of the coordination.
    occupied: BTreeSet<String>,
    board: Board,
}

/// Places the batches. `occupied` are the domains that hold batches of the coordination already.
///
/// What was placed stands in the state afterwards.
pub fn plan(
    state: &mut State,
    batches: &[Batch],
    layout: &Layout,
    occupied: &BTreeSet<String>,
) -> Plan {
    let mut ground = Ground {
        layout,
        domains: domains(state, &layout.topology_key),
        occupied: occupied.clone(),
        board: Board::default(),
    };
    let pinned = batches.iter().filter(|batch| batch.domain.is_some());
    ground.occupied.extend(pinned.filter_map(|batch| batch.domain.clone()));
    let mut order: Vec<&Batch> = batches.iter().collect();
    order.sort_by_key(|batch| (batch.domain.is_none(), batch.number));
    let mut plan = Plan::default();
    for batch in order {
        match ground.place(state, batch) {
            Ok(landing) => {
                ground.occupied.insert(landing.domain.clone());
                plan.landings.push(landing);
            }
            Err(waiting) => plan.waiting.push(waiting),
        }
    }
    plan.waiting.sort_by_key(|waiting| waiting.number);
    plan
}

impl Ground<'_> {
    fn place(&mut self, state: &mut State, batch: &Batch) -> Result<Landing, Waiting> {
        let mut waiting = Waiting {
            number: batch.number,
            nearest: None,
            domains: self.domains.len(),
            closed: 0,
            undecided: 0,
        };
        let candidates = self.candidates(state, batch, &mut waiting);
        let roomy = roomy(state, batch);
        let is_small = |value: &&String| match self.domains.get(*value).map(Vec::as_slice) {
            Some([node]) => !roomy.contains(node),
            _ => false,
        };
        let (small, large): (Vec<&String>, Vec<&String>) = candidates.iter().partition(is_small);
        let key = self.layout.topology_key.as_str();
        for value in large.into_iter().chain(small.into_iter().take(TRIED)) {
            let Some(nodes) = self.domains.get(value) else { continue };
            let domain = (key, value.as_str(), nodes.as_slice());
            match trial(state, batch, domain, self.layout.decisions, false, true) {
                Outcome::Fits(nodes) => {
                    let name = |node: &u32| state.node(*node).map(|node| node.name.clone());
                    let nodes = nodes.iter().filter_map(name).collect();
                    return Ok(Landing { number: batch.number, domain: value.clone(), nodes });
                }
                Outcome::Stuck(blocked) => nearer(&mut waiting, value, blocked),
                Outcome::Unknown(blocked) => {
                    waiting.undecided += 1;
                    nearer(&mut waiting, value, blocked);
                }
            }
        }
        self.explain(state, batch, &mut waiting);
        Err(waiting)
    }

    /// The domains that come into question, the best first.
    fn candidates(
        &mut self,
        state: &mut State,
        batch: &Batch,
        waiting: &mut Waiting,
    ) -> Vec<String> {
        if let Some(domain) = &batch.domain {
            return vec![domain.clone()];
        }
        let liked = self.liked(state, batch);
        let mut found: Vec<(bool, i64, &String)> = Vec::new();
        for value in self.domains.keys() {
            let occupied = self.occupied.contains(value);
            if occupied && self.layout.exclusive == Exclusive::Required {
                waiting.closed += 1;
                continue;
            }
            let last = occupied && self.layout.exclusive == Exclusive::Preferred;
            let points = liked.get(value).copied().unwrap_or(-1);
            found.push((last, points.saturating_neg(), value));
        }
        found.sort_unstable();
        found.into_iter().map(|(_, _, value)| value.clone()).collect()
    }

    /// The points of the best node of each domain for the largest pod; domains without a node for it
    /// are left out.
    fn liked(&mut self, state: &mut State, batch: &Batch) -> BTreeMap<String, i64> {
        let largest = batch.members.iter().max_by_key(|member| super::trial::size(&member.pod));
        let Some(largest) = largest else { return BTreeMap::new() };
        let points: BTreeMap<u32, i64> =
            state.points(&largest.pod, &mut self.board).into_iter().collect();
        let best = |nodes: &Vec<u32>| nodes.iter().filter_map(|node| points.get(node)).max();
        let of = |(value, nodes)| Some((String::clone(value), *best(nodes)?));
        self.domains.iter().filter_map(of).collect()
    }

    /// Says what is in the way in the nearest domain.
    fn explain(&self, state: &mut State, batch: &Batch, waiting: &mut Waiting) {
        let Some((value, blocked)) = &mut waiting.nearest else { return };
        let Some(nodes) = self.domains.get(value) else { return };
        let domain = (self.layout.topology_key.as_str(), value.as_str(), nodes.as_slice());
        match trial(state, batch, domain, self.layout.decisions, true, false) {
            Outcome::Stuck(explained) | Outcome::Unknown(explained) => *blocked = explained,
            Outcome::Fits(_) => {}
        }
    }
}

/// The nodes that have room for all pods of the batch together: a domain of one other node needs
/// no trial. Where room is kept for pods to which only some members yield, all nodes count.
fn roomy(state: &mut State, batch: &Batch) -> BTreeSet<u32> {
    let everything = Toleration { operator: TolerationOperator::Exists, ..Toleration::default() };
    let mut whole = Pod::default();
    whole.spec.tolerations = vec![everything];
    if !state.keeps_room() {
        let asked = |member: &Member| Container {
            requests: requests(&member.pod, None),
            ..Container::default()
        };
        whole.spec.containers = batch.members.iter().map(asked).collect();
    }
    let prepared = state.prepare(&whole);
    let mut scratch = Scratch::default();
    state.decide(&whole, prepared, &mut scratch).feasible_nodes().collect()
}

/// Remembers the domain in which most pods fit, the first of equal ones.
fn nearer(waiting: &mut Waiting, value: &str, blocked: Blocked) {
    if waiting.nearest.as_ref().is_none_or(|(_, known)| known.placed < blocked.placed) {
        waiting.nearest = Some((value.to_owned(), blocked));
    }
}
