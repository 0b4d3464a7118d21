//! Points for resources: how much stays free, and how evenly.

use std::collections::BTreeMap;

use super::super::rows::{Main, Rows};
use crate::inventory::pod::Pod;
use crate::inventory::requests::{CPU, MEMORY, incoming_assumed_requests, requests};
use crate::judge::Semantics;
use crate::profile::Strategy;
use crate::score::MOST;
use crate::score::node_resources::{amount, by_strategy, evenness, fraction};

/// CPU (thousandths) and memory (bytes).
pub(in super::super) type Pair = [i64; 2];

/// What a pod asks for, as the two scores read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Request {
    /// With what is assumed where nothing is asked for.
    assumed: Pair,
    /// As it is written.
    written: Pair,
}

impl Request {
    /// That of a pod.
    pub(super) fn of(pod: &Pod, semantics: Semantics) -> Self {
        let assumed = incoming_assumed_requests(pod);
        let written = requests(pod, Some(semantics.resizing));
        Self {
            assumed: [CPU, MEMORY].map(|name| amount(&assumed, name)),
            written: [CPU, MEMORY].map(|name| amount(&written, name)),
        }
    }
}

/// The points of every node for one request.
#[derive(Clone, Debug, Default)]
struct Table {
    /// How many changes are in it.
    seen: u64,
    /// The points of both scores, by node.
    points: Vec<i16>,
    /// Nodes with points that no plugin may give; the scheduler fails there.
    odd: usize,
}

/// Points of a node that make the scheduler fail.
const ODD: i16 = i16::MIN;

/// What pods take of each node, and the points for that.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Loads {
    /// What is assumed to be taken, by node.
    assumed: Vec<Pair>,
    /// The nodes that changed, in order, but for the first `dropped` ones.
    changes: Vec<u32>,
    dropped: u64,
    tables: BTreeMap<Request, Table>,
}

/// More numbers than this are not kept.
const MOST_KEPT: usize = 1 << 24;
/// What a request counts for at least, however few nodes there are.
const LEAST_KEPT: usize = 256;

impl Loads {
    /// Something of the node has changed.
    pub(in super::super) fn touch(&mut self, node: u32) {
        if self.changes.len() > 1024 + 4 * self.assumed.len() {
            self.dropped += self.changes.len() as u64;
            self.changes.clear();
        }
        self.changes.push(node);
    }

    /// What is assumed to be taken of a node.
    pub(in super::super) fn taken(&self, node: u32) -> Pair {
        self.assumed.get(node as usize).copied().unwrap_or_default()
    }

    /// How many requests there are points for.
    pub(in super::super) fn len(&self) -> usize {
        self.tables.len()
    }

    /// Forgets all points, which are found again when somebody asks.
    pub(in super::super) fn forget(&mut self) {
        self.tables.clear();
    }

    /// Counts what a pod is assumed to take, or no longer.
    pub(in super::super) fn count(&mut self, node: u32, amount: Pair, more: bool) {
        if self.assumed.len() <= node as usize {
            self.assumed.resize(node as usize + 1, Pair::default());
        }
        if let Some(known) = self.assumed.get_mut(node as usize) {
            for (known, amount) in known.iter_mut().zip(amount) {
                *known = if more { known.wrapping_add(amount) } else { known.wrapping_sub(amount) };
            }
        }
        self.touch(node);
    }

    /// Brings the points for a request up to date, for so many nodes.
    pub(in super::super) fn refresh(
        &mut self,
        request: &Request,
        rows: &Rows,
        bound: usize,
        semantics: Semantics,
    ) {
        let kept = self.tables.len() * bound.max(LEAST_KEPT);
        if !self.tables.contains_key(request) && kept > MOST_KEPT {
            self.tables.clear();
        }
        let (assumed, now) = (&self.assumed, self.dropped + self.changes.len() as u64);
        let table = self.tables.entry(*request).or_default();
        let missed = table.seen.checked_sub(self.dropped).and_then(|at| {
            let missed = self.changes.get(usize::try_from(at).ok()?..)?;
            (missed.len() <= bound).then_some(missed)
        });
        let points = |node: u32| {
            let taken = assumed.get(node as usize).copied().unwrap_or_default();
            points(request, rows.main(node), taken, semantics)
        };
        match missed {
            Some(missed) if table.points.len() == bound => {
                for node in missed {
                    let Some(known) = table.points.get_mut(*node as usize) else {
                        continue;
                    };
                    let new = points(*node);
                    table.odd = table.odd + usize::from(new == ODD) - usize::from(*known == ODD);
                    *known = new;
                }
            }
            _ => {
                let nodes = u32::try_from(bound).unwrap_or(u32::MAX);
                table.points = (0..nodes).map(points).collect();
                table.odd = table.points.iter().filter(|points| **points == ODD).count();
            }
        }
        table.seen = now;
    }

    /// The points for a request that has been refreshed; `None` if some make the scheduler fail.
    pub(super) fn points(&self, request: &Request) -> Option<&[i16]> {
        let table = self.tables.get(request)?;
        (table.odd == 0).then_some(table.points.as_slice())
    }
}

/// The points of one node: what it has, what is free, and what is assumed to be taken.
fn points(request: &Request, (all, free): (Main, Main), taken: Pair, semantics: Semantics) -> i16 {
    let ([cpu, memory, _], [free_cpu, free_memory, _]) = (all, free);
    let mut fit = [(0, 0, 0); 2];
    let (mut before, mut after) = ([0.0; 2], [0.0; 2]);
    let mut count = 0;
    let columns = [cpu, memory].into_iter().zip([free_cpu, free_memory]).zip(taken);
    let asked = request.assumed.into_iter().zip(request.written);
    for (((capacity, free), assumed), (with_assumed, written)) in columns.zip(asked) {
        if capacity == 0 {
            continue;
        }
        let used = capacity.wrapping_sub(free);
        let mut cells = fit.iter_mut().zip(&mut before).zip(&mut after);
        if let Some(((fit, before), after)) = cells.nth(count) {
            *fit = (assumed.wrapping_add(with_assumed), capacity, 1);
            *before = fraction(used, capacity);
            *after = fraction(used.wrapping_add(written), capacity);
        }
        count += 1;
    }
    let fit = by_strategy(&Strategy::LeastAllocated, fit.get(..count).unwrap_or_default());
    let even = |of: &[f64; 2]| evenness(of.get(..count).unwrap_or_default());
    let balanced = if request.written == [0, 0] {
        0
    } else if semantics.balance_by_change {
        // Of what is taken on nodes that do not pass anything may be true.
        MOST / 2 + (MOST / 2 + even(&after)).saturating_sub(even(&before)) / 2
    } else {
        even(&after)
    };
    let fine = (0..=MOST).contains(&fit) && (0..=MOST).contains(&balanced);
    if fine { i16::try_from(fit.saturating_add(balanced)).unwrap_or(ODD) } else { ODD }
}
