//! What each node has and what is free, with the extremes of every 64 nodes, so that most requests
//! pass or fail for whole blocks at once.

use std::collections::BTreeMap;

use super::bits::{has, ones_of};
use crate::inventory::requests::Resources;

/// CPU (thousandths), memory and local disk (bytes).
pub(super) type Main = [i64; 3];

/// What a pod takes or asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Amount {
    /// The resources that every node has.
    pub(super) main: Main,
    /// Others by the number of their name.
    pub(super) scalars: Vec<(u32, i64)>,
}

impl Amount {
    /// The same amounts; `name` gives numbers to names.
    pub(super) fn of(resources: &Resources, mut name: impl FnMut(&str) -> u32) -> Self {
        Self {
            main: [resources.milli_cpu, resources.memory, resources.ephemeral_storage],
            scalars: resources.scalars.iter().map(|(text, amount)| (name(text), *amount)).collect(),
        }
    }
}

/// One node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Row {
    /// What is allocatable.
    all: Main,
    /// What of that is not taken.
    free: Main,
    /// How many pods it may run.
    most_pods: i64,
    /// How many it runs.
    pods: i64,
}

impl Row {
    /// How many more pods it may run.
    fn left(&self) -> i64 {
        self.most_pods.saturating_sub(self.pods)
    }
}

/// The extremes of 64 nodes.
#[derive(Clone, Copy, Debug)]
struct Block {
    least: Least,
    least_all: Main,
    most_all: Main,
    most_free: Main,
    most_left: i64,
}

/// The least that is free on any of 64 nodes, and of pods that it may still run.
#[derive(Clone, Copy, Debug)]
struct Least {
    free: Main,
    left: i64,
}

impl Default for Least {
    fn default() -> Self {
        Self { free: [i64::MAX; 3], left: i64::MAX }
    }
}

impl Least {
    /// Does a pod that asks for so much fit on all of them?
    fn takes(&self, main: &Main) -> bool {
        self.left > 0
            && main.iter().zip(&self.free).all(|(wanted, free)| *wanted <= 0 || wanted <= free)
    }
}

impl Default for Block {
    fn default() -> Self {
        Self {
            least_all: [i64::MAX; 3],
            most_all: [i64::MIN; 3],
            most_free: [i64::MIN; 3],
            least: Least::default(),
            most_left: i64::MIN,
        }
    }
}

impl Block {
    fn include(&mut self, row: &Row) {
        let lower = |to: &mut Main, from: &Main| {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = (*to).min(*from));
        };
        let raise = |to: &mut Main, from: &Main| {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = (*to).max(*from));
        };
        lower(&mut self.least_all, &row.all);
        raise(&mut self.most_all, &row.all);
        lower(&mut self.least.free, &row.free);
        raise(&mut self.most_free, &row.free);
        self.least.left = self.least.left.min(row.left());
        self.most_left = self.most_left.max(row.left());
    }

    /// Might an extreme have been this row's, which has moved away from it? If it has moved on in
    /// the same direction, as the fullest node does that takes one more pod, including it is enough.
    fn loses(&self, before: &Row, after: &Row) -> bool {
        let gone = |least: i64, most: i64, before: i64, after: i64| {
            (before == least && after > before) || (before == most && after < before)
        };
        let extremes = self.least.free.iter().zip(&self.most_free);
        let mut moves = extremes.zip(before.free.iter().zip(&after.free));
        moves.any(|((least, most), (before, after))| gone(*least, *most, *before, *after))
            || gone(self.least.left, self.most_left, before.left(), after.left())
    }
}

/// One resource that not every node has: allocatable and taken, by node.
type Scalar = BTreeMap<u32, (i64, i64)>;

/// All nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    rows: Vec<Row>,
    blocks: Vec<Block>,
    /// Of each block what is looked at first, close together.
    least: Vec<Least>,
    scalars: BTreeMap<u32, Scalar>,
}

/// Which nodes of a block are short of something, and which never had enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Short {
    /// Too little is free.
    pub(super) now: u64,
    /// The node is too small; these are among the others.
    pub(super) ever: u64,
}

impl Rows {
    /// Sets what a node has. `nodes`: those that exist, for [`Rows::refresh`] afterwards.
    pub(super) fn set_node(&mut self, node: u32, all: &Amount, most_pods: i64) {
        if self.rows.len() <= node as usize {
            self.rows.resize(node as usize + 1, Row::default());
        }
        if let Some(row) = self.rows.get_mut(node as usize) {
            let values = row.all.iter_mut().zip(&mut row.free).zip(all.main);
            for ((known, free), all) in values {
                *free = free.wrapping_add(all.wrapping_sub(*known));
                *known = all;
            }
            row.most_pods = most_pods;
        }
        for scalar in self.scalars.values_mut() {
            if let Some((known, _)) = scalar.get_mut(&node) {
                *known = 0;
            }
        }
        for (name, amount) in &all.scalars {
            self.scalars.entry(*name).or_default().entry(node).or_default().0 = *amount;
        }
        self.tidy(node);
    }

    /// Forgets resources that the node neither has nor counts.
    fn tidy(&mut self, node: u32) {
        self.scalars.retain(|_, scalar| {
            if scalar.get(&node) == Some(&(0, 0)) {
                scalar.remove(&node);
            }
            !scalar.is_empty()
        });
    }

    /// Counts a pod on a node, or no longer. The extremes stay right if the node is among `nodes`.
    pub(super) fn count(&mut self, node: u32, amount: &Amount, more: bool, nodes: &[u64]) {
        let Some(row) = self.rows.get_mut(node as usize) else {
            return;
        };
        let before = *row;
        for (free, amount) in row.free.iter_mut().zip(amount.main) {
            *free = if more { free.wrapping_sub(amount) } else { free.wrapping_add(amount) };
        }
        row.pods = if more { row.pods.saturating_add(1) } else { row.pods.saturating_sub(1) };
        let after = *row;
        for (name, amount) in &amount.scalars {
            let scalar = self.scalars.entry(*name).or_default();
            let (_, taken) = scalar.entry(node).or_default();
            *taken = if more { taken.wrapping_add(*amount) } else { taken.wrapping_sub(*amount) };
        }
        if !amount.scalars.is_empty() {
            self.tidy(node);
        }
        if has(nodes, node) {
            match self.blocks.get_mut(node as usize / 64) {
                Some(block) if !block.loses(&before, &after) => {
                    block.include(&after);
                    let least = block.least;
                    self.keep_least(node as usize / 64, least);
                }
                _ => self.refresh(node, nodes),
            }
        }
    }

    /// Finds the extremes of the node's block again.
    pub(super) fn refresh(&mut self, node: u32, nodes: &[u64]) {
        let index = node as usize / 64;
        let mut block = Block::default();
        for bit in ones_of(nodes.get(index).copied().unwrap_or(0)) {
            if let Some(row) = self.rows.get(index * 64 + bit as usize) {
                block.include(row);
            }
        }
        if self.blocks.len() <= index {
            self.blocks.resize(index + 1, Block::default());
        }
        if let Some(known) = self.blocks.get_mut(index) {
            *known = block;
        }
        self.keep_least(index, block.least);
    }

    fn keep_least(&mut self, index: usize, least: Least) {
        if self.least.len() <= index {
            self.least.resize(index + 1, Least::default());
        }
        if let Some(known) = self.least.get_mut(index) {
            *known = least;
        }
    }

    /// Does a pod that asks for so much fit on every node?
    pub(super) fn fits_everywhere(&self, main: &Main) -> bool {
        self.least.iter().all(|least| least.takes(main))
    }

    /// Does it fit on every node of the block?
    pub(super) fn fits_block(&self, block: usize, main: &Main) -> bool {
        self.least.get(block).is_none_or(|least| least.takes(main))
    }

    /// The nodes among the `left` ones of a block that are too full for a pod that asks for `main`.
    pub(super) fn short(&self, block: usize, left: u64, main: &Main) -> Short {
        let Some(extremes) = self.blocks.get(block) else {
            return Short::default();
        };
        let all_below = |limits: &Main| main.iter().zip(limits).all(|(w, l)| *w <= 0 || w <= l);
        if extremes.least.takes(main) {
            return Short::default();
        }
        let wanted = || main.iter().copied().zip(0usize..).filter(|(wanted, _)| *wanted > 0);
        let limit = |limits: &Main, index: usize| limits.get(index).copied().unwrap_or(0);
        let hopeless = wanted()
            .any(|(w, i)| w > limit(&extremes.most_free, i) && w > limit(&extremes.most_all, i));
        if hopeless {
            return Short { now: left, ever: left };
        }
        let full =
            extremes.most_left <= 0 || wanted().any(|(w, i)| w > limit(&extremes.most_free, i));
        if full && all_below(&extremes.least_all) {
            return Short { now: left, ever: 0 };
        }
        let mut short = Short::default();
        for bit in ones_of(left) {
            let Some(row) = self.rows.get(block * 64 + bit as usize) else {
                continue;
            };
            let mut now = row.left() <= 0;
            let mut ever = false;
            for ((wanted, free), all) in main.iter().zip(row.free).zip(row.all) {
                let lacking = *wanted > 0 && *wanted > free;
                now |= lacking;
                ever |= lacking && *wanted > all;
            }
            short.now |= u64::from(now) << bit;
            short.ever |= u64::from(ever) << bit;
        }
        short
    }

    /// The nodes that have the resource: node, allocatable, taken.
    pub(super) fn scalar(&self, name: u32) -> impl Iterator<Item = (u32, i64, i64)> {
        let nodes = self.scalars.get(&name).into_iter().flatten();
        nodes.map(|(node, (all, taken))| (*node, *all, *taken))
    }

    /// What a node has, and what of that is free.
    pub(super) fn main(&self, node: u32) -> (Main, Main) {
        self.rows.get(node as usize).map_or(([0; 3], [0; 3]), |row| (row.all, row.free))
    }

    /// The names of the resources that not every node has.
    pub(super) fn scalar_names(&self) -> impl Iterator<Item = u32> {
        self.scalars.keys().copied()
    }

    /// What a node has, what is free, how many pods it may run and does: for reports and comparison.
    pub(super) fn row(&self, node: u32) -> ([i64; 8], Vec<(u32, i64, i64)>) {
        let row = self.rows.get(node as usize).copied().unwrap_or_default();
        let ([a, b, c], [d, e, f]) = (row.all, row.free);
        let scalars = self.scalars.iter().filter_map(|(name, scalar)| {
            scalar.get(&node).map(|(all, taken)| (*name, *all, *taken))
        });
        ([a, b, c, d, e, f, row.most_pods, row.pods], scalars.collect())
    }
}
