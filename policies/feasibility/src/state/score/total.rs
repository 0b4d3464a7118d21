//! The points of all plugins together, for the nodes that pass.

use std::collections::BTreeMap;

use super::super::State;
use super::super::bits::{Tally, has, ones, ones_of};
use super::super::pods::Kind;
use super::super::table::NONE;
use super::wish::{Soft, Wish};
use crate::score::pod_topology_spread::{crowding, weight};
use crate::score::{MOST, ScorePlugin};

/// Memory that is used again.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Sheet {
    /// The points by node; of nodes that do not pass they mean nothing.
    pub(in super::super) totals: Vec<i16>,
    /// What is scaled, by node.
    sums: Vec<i64>,
    crowds: Vec<f64>,
    counted: Vec<u64>,
    by_domain: Vec<i64>,
    /// The nodes of one domain.
    row: Vec<u64>,
    /// The most points in every 64 nodes.
    tops: Vec<i16>,
}

/// The weights of domains, by column.
type Pulls = BTreeMap<u32, Vec<i64>>;

/// With no more domains than this that draw a pod, nodes are looked at by domain.
const FEW_DOMAINS: usize = 16;

/// Points times the weight of the plugin.
fn weighted(plugin: ScorePlugin, points: i64) -> i16 {
    i16::try_from(points * plugin.default_weight()).unwrap_or(0)
}

/// The lowest and the highest value of the nodes in the row.
fn extremes(values: &[i64], row: &[u64]) -> (i64, i64) {
    let mut found = (i64::MAX, i64::MIN);
    for (word, chunk) in row.iter().zip(values.chunks(64)) {
        let mut see = |value: i64| found = (found.0.min(value), found.1.max(value));
        if *word == u64::MAX {
            chunk.iter().for_each(|value| see(*value));
        } else {
            ones_of(*word).filter_map(|bit| chunk.get(bit as usize)).for_each(|value| see(*value));
        }
    }
    found
}

fn add_to<T: Copy>(totals: &mut [i16], values: &[T], mut points: impl FnMut(T) -> i16) {
    for (total, value) in totals.iter_mut().zip(values) {
        *total = total.wrapping_add(points(*value));
    }
}

impl State {
    /// Adds up the points of the nodes that pass (`feasible`). The answer is what every one of them
    /// gets besides; `None` if only the plain scores can tell.
    pub(in super::super) fn total(
        &self,
        kind: Kind,
        wish: &Wish,
        feasible: &[u64],
        sheet: &mut Sheet,
    ) -> Option<i64> {
        let resources = self.scores.loads.points(&wish.request)?;
        if wish.odd {
            return None;
        }
        sheet.totals.clear();
        sheet.totals.extend_from_slice(resources);
        add_to(&mut sheet.totals, &wish.images, |points| points);
        let besides = avoid(wish, feasible, &mut sheet.totals);
        like(wish, feasible, &mut sheet.totals);
        let pulls = self.pulls(kind, wish);
        self.pull(&pulls, feasible, sheet);
        if !wish.soft.is_empty() {
            self.spread_out(wish, feasible, sheet)?;
        }
        Some(besides)
    }

    /// Where preferences of the pod and of the pods that are there draw it.
    fn pulls(&self, kind: Kind, wish: &Wish) -> Pulls {
        let mut pulls = Pulls::new();
        let mut add = |column: u32, domain: u32, weight: i64| {
            let row = pulls.entry(column).or_default();
            if row.len() <= domain as usize {
                row.resize(domain as usize + 1, 0);
            }
            if let Some(sum) = row.get_mut(domain as usize) {
                *sum = sum.saturating_add(weight);
            }
        };
        for (counter, weight) in &wish.drawn {
            let counter = self.topology.counters.at(*counter);
            for domain in counter.pods.some.iter() {
                let count = i64::from(counter.pods.of(domain));
                add(counter.column, domain, weight.saturating_mul(count));
            }
        }
        let pairs = self.pods.labels.key(kind.labels);
        let labels = self.namespaces.get(&kind.namespace);
        for id in self.scores.preferences_by_label.candidates(pairs) {
            let carrier = self.scores.preferences.key(id);
            let sums = &self.scores.preferences.at(id).sums;
            if !sums.is_empty()
                && carrier.part.needs.matches(pairs)
                && carrier.part.scope.means(kind.namespace, labels, false)
            {
                sums.iter().for_each(|(domain, sum)| add(carrier.column, *domain, *sum));
            }
        }
        pulls
    }

    /// The points of `InterPodAffinity`.
    fn pull(&self, pulls: &Pulls, feasible: &[u64], sheet: &mut Sheet) {
        if pulls.is_empty() || self.pull_by_domain(pulls, feasible, sheet) {
            return;
        }
        let sums = &mut sheet.sums;
        sums.clear();
        sums.resize(sheet.totals.len(), 0);
        for (column, by_domain) in pulls {
            for (sum, domain) in sums.iter_mut().zip(self.topology.columns.at(*column).domains()) {
                let here = by_domain.get(*domain as usize).copied().unwrap_or(0);
                *sum = sum.saturating_add(here);
            }
        }
        let (least, largest) = extremes(sums, feasible);
        if largest <= least {
            return;
        }
        let points = |sum: i64| share(sum, least, largest);
        // Few sums are common, and divisions take time.
        let mut known = [(0, points(0)); 8];
        add_to(&mut sheet.totals, sums, |sum| {
            let Some(cell) = known.get_mut((sum & 7) as usize) else {
                return points(sum);
            };
            if cell.0 != sum {
                *cell = (sum, points(sum));
            }
            cell.1
        });
    }

    /// The same if few domains of one key draw the pod and each is more than one node: all nodes of
    /// a domain have one sum. False if there is nothing to this.
    fn pull_by_domain(&self, pulls: &Pulls, feasible: &[u64], sheet: &mut Sheet) -> bool {
        let mut columns = pulls.iter();
        let (Some((column, by_domain)), None) = (columns.next(), columns.next()) else {
            return false;
        };
        let column = self.topology.columns.at(*column);
        let drawn = (0u32..).zip(by_domain).filter(|(_, sum)| **sum != 0);
        if !column.is_shared() || drawn.clone().count() > FEW_DOMAINS {
            return false;
        }
        let Sheet { totals, counted: rest, row, .. } = sheet;
        let find_row = |domain: u32, row: &mut Vec<u64>| {
            row.clear();
            row.resize(feasible.len(), 0);
            column.add_domain(domain, row);
        };
        rest.clear();
        rest.extend_from_slice(feasible);
        let (mut least, mut largest) = (i64::MAX, i64::MIN);
        for (domain, sum) in drawn.clone() {
            find_row(domain, row);
            let mut any = 0;
            for ((row, rest), feasible) in row.iter().zip(&mut *rest).zip(feasible) {
                any |= row & feasible;
                *rest &= !row;
            }
            if any != 0 {
                (least, largest) = (least.min(*sum), largest.max(*sum));
            }
        }
        if rest.iter().any(|word| *word != 0) {
            (least, largest) = (least.min(0), largest.max(0));
        }
        if largest <= least {
            return true;
        }
        add_where(totals, rest, share(0, least, largest));
        for (domain, sum) in drawn {
            find_row(domain, row);
            add_where(totals, row, share(*sum, least, largest));
        }
        true
    }

    /// The points of `PodTopologySpread`; `None` if they depend on more than is counted.
    fn spread_out(&self, wish: &Wish, feasible: &[u64], sheet: &mut Sheet) -> Option<()> {
        let bound = sheet.totals.len();
        sheet.counted.clear();
        sheet.counted.extend_from_slice(feasible);
        for soft in wish.soft.iter().filter(|_| !wish.lenient) {
            let present = &self.topology.columns.at(soft.column).present;
            let present = present.iter().copied().chain(std::iter::repeat(0));
            sheet.counted.iter_mut().zip(present).for_each(|(row, present)| *row &= present);
        }
        sheet.crowds.clear();
        sheet.crowds.resize(bound, 0.0);
        let column = |soft: &Soft| self.topology.columns.at(soft.column);
        for soft in &wish.soft {
            let nameless =
                || self.strings.get("").is_some_and(|empty| column(soft).has_value(empty));
            // Nodes without the key then share a domain with the nameless: those that do not pass
            // are counted in it too.
            if wish.lenient && nameless() {
                return None;
            }
            self.crowd(soft, sheet)?;
        }
        sheet.sums.clear();
        sheet.sums.resize(bound, 0);
        for node in ones(&sheet.counted) {
            let crowd = sheet.crowds.get(node as usize).copied().unwrap_or(0.0);
            if let Some(sum) = sheet.sums.get_mut(node as usize) {
                *sum = rounded(crowd)?;
            }
        }
        let (least, largest) = extremes(&sheet.sums, &sheet.counted);
        let cells = sheet.totals.iter_mut().zip(&sheet.sums);
        for (node, (total, sum)) in (0u32..).zip(cells) {
            if has(&sheet.counted, node) {
                let share =
                    if largest == 0 { MOST } else { MOST * (largest + least - sum) / largest };
                *total = total.wrapping_add(weighted(ScorePlugin::PodTopologySpread, share));
            }
        }
        Some(())
    }

    /// Adds what one constraint finds crowded.
    fn crowd(&self, soft: &Soft, sheet: &mut Sheet) -> Option<()> {
        let column = self.topology.columns.at(soft.column);
        let shared = column.is_shared();
        let domains = column.domains();
        let domain_of = |node: u32| domains.get(node as usize).copied().unwrap_or(NONE);
        if soft.by_host && shared {
            return None;
        }
        let mut there: Vec<bool> = Vec::new();
        let (mut without, mut number, mut nodes) = (false, 0, 0);
        for node in ones(&sheet.counted) {
            let domain = domain_of(node);
            nodes += 1;
            if domain == NONE {
                without = true;
                continue;
            }
            if there.len() <= domain as usize {
                there.resize(domain as usize + 1, false);
            }
            if let Some(known) = there.get_mut(domain as usize) {
                number += usize::from(!*known);
                *known = true;
            }
        }
        let domains = if soft.by_host { nodes } else { number + usize::from(without) };
        let weight = weight(domains);
        spread_over(&self.topology.spreads.at(soft.spread).pods, &mut sheet.by_domain);
        for node in ones(&sheet.counted) {
            let domain = domain_of(node);
            if domain == NONE {
                continue;
            }
            let count = sheet.by_domain.get(domain as usize).copied().unwrap_or(0);
            if let Some(crowd) = sheet.crowds.get_mut(node as usize) {
                *crowd += crowding(count, soft.max_skew, weight);
            }
        }
        Some(())
    }
}

/// The points of `InterPodAffinity` for a sum, of the least to the largest.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "as the scheduler computes it"
)]
fn share(sum: i64, least: i64, largest: i64) -> i16 {
    let range = largest.saturating_sub(least) as f64;
    let share = MOST as f64 * (sum.saturating_sub(least) as f64 / range);
    weighted(ScorePlugin::InterPodAffinity, share as i64)
}

/// The counts by domain.
fn spread_over(tally: &Tally, row: &mut Vec<i64>) {
    row.clear();
    for domain in tally.some.iter() {
        if row.len() <= domain as usize {
            row.resize(domain as usize + 1, 0);
        }
        if let Some(cell) = row.get_mut(domain as usize) {
            *cell = i64::from(tally.of(domain));
        }
    }
}

/// The next whole number, if it is one with which shares can be computed without loss.
#[expect(clippy::cast_possible_truncation, reason = "as the scheduler computes it")]
fn rounded(crowd: f64) -> Option<i64> {
    let whole = crowd.round() as i64;
    (0..1 << 50).contains(&whole).then_some(whole)
}

/// The points of `TaintToleration`; the answer is what every node gets besides.
fn avoid(wish: &Wish, feasible: &[u64], totals: &mut [i16]) -> i64 {
    let (_, largest) = extremes(&wish.avoided, feasible);
    if largest <= 0 {
        return MOST * ScorePlugin::TaintToleration.default_weight();
    }
    add_to(totals, &wish.avoided, |count| {
        weighted(ScorePlugin::TaintToleration, MOST - MOST.saturating_mul(count) / largest)
    });
    0
}

/// The points of `NodeAffinity`.
fn like(wish: &Wish, feasible: &[u64], totals: &mut [i16]) {
    let (_, largest) = extremes(&wish.liked, feasible);
    if largest > 0 {
        add_to(totals, &wish.liked, |sum| {
            weighted(ScorePlugin::NodeAffinity, MOST.saturating_mul(sum) / largest)
        });
    }
}

/// Which of eight numbers a byte has.
const LANES: [[i16; 8]; 256] = lanes();

const fn lanes() -> [[i16; 8]; 256] {
    let mut lanes = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            lanes[byte][bit] = if byte >> bit & 1 == 1 { -1 } else { 0 };
            bit += 1;
        }
        byte += 1;
    }
    lanes
}

/// Adds points to the nodes of the row.
fn add_where(totals: &mut [i16], row: &[u64], points: i16) {
    if points == 0 {
        return;
    }
    for (chunk, word) in totals.chunks_mut(64).zip(row) {
        for (eight, byte) in chunk.chunks_mut(8).zip(word.to_le_bytes()) {
            let Some(lanes) = LANES.get(usize::from(byte)) else {
                continue;
            };
            for (total, lane) in eight.iter_mut().zip(lanes) {
                *total = total.wrapping_add(points & lane);
            }
        }
    }
}

/// The most points among the marked ones of 64 nodes; points are never below 0.
fn top(chunk: &[i16; 64], word: u64) -> i16 {
    let mut most = [0i16; 8];
    for (eight, byte) in chunk.as_chunks::<8>().0.iter().zip(word.to_le_bytes()) {
        let Some(lanes) = LANES.get(usize::from(byte)) else {
            continue;
        };
        for ((most, points), lane) in most.iter_mut().zip(eight).zip(lanes) {
            *most = (*most).max(points & lane);
        }
    }
    most.into_iter().fold(0, i16::max)
}

impl Sheet {
    /// The nodes of the row with the most points; of these, the first in the order; and the points.
    pub(in super::super) fn best(&mut self, row: &[u64], order: &[u32]) -> Option<(u32, i16)> {
        let (chunks, rest) = self.totals.as_chunks::<64>();
        self.tops.clear();
        self.tops.extend(chunks.iter().zip(row).map(|(chunk, word)| top(chunk, *word)));
        if let Some(word) = row.get(chunks.len()) {
            let points = ones_of(*word).filter_map(|bit| rest.get(bit as usize));
            self.tops.push(points.copied().fold(0, i16::max));
        }
        let most = self.tops.iter().copied().max()?;
        let mut found: Option<(u32, u32)> = None;
        for (block, (word, top)) in (0u32..).zip(row.iter().zip(&self.tops)) {
            if *top < most {
                continue;
            }
            for node in ones_of(*word).map(|bit| block * 64 + bit) {
                if self.totals.get(node as usize) == Some(&most) {
                    let place = order.get(node as usize).copied().unwrap_or(NONE);
                    if found.is_none_or(|(known, _)| place < known) {
                        found = Some((place, node));
                    }
                }
            }
        }
        found.map(|(_, node)| (node, most))
    }
}
