//! How much stays free, and how evenly.
//!
//! Semantics: `pkg/scheduler/framework/plugins/noderesources`.

use crate::filter::cycle::{Cycle, Host};
use crate::inventory::requests::{
    Amounts, CPU, EPHEMERAL_STORAGE, MEMORY, Resources, assumed_requests,
    incoming_assumed_requests, is_scalar, requests,
};
use crate::profile::{Fit, Strategy, shape_score};
use crate::score::{MOST, Points};

/// By how much of each resource would be taken, as the strategy says. CPU and memory that a
/// container does not ask for are assumed.
#[must_use]
pub fn fit(cycle: &Cycle<'_>, feasible: &[&Host<'_>], arguments: &Fit) -> Vec<i64> {
    let resizing = cycle.semantics.resizing;
    let wanted = incoming_assumed_requests(cycle.pod);
    let one = |host: &&Host<'_>| {
        let mut assumed = Resources::default();
        for pod in &host.pods {
            assumed.add(&Resources::of(&assumed_requests(pod, resizing)));
        }
        let mut shares = Vec::new();
        for (name, weight) in &arguments.resources {
            let taken = if name == CPU || name == MEMORY { &assumed } else { &host.requested };
            if let Some((used, request, capacity)) = share(name, taken, &wanted, host) {
                shares.push((used.wrapping_add(request), capacity, *weight));
            }
        }
        by_strategy(&arguments.strategy, &shares)
    };
    feasible.iter().map(one).collect()
}

/// The points of a node from what would be taken of each resource, what there is, and its weight.
/// Sums beyond 64 bits wrap, as in the scheduler.
pub(crate) fn by_strategy(strategy: &Strategy, shares: &[(i64, i64, i64)]) -> i64 {
    let (mut points, mut weights) = (0i64, 0i64);
    for (taken, capacity, weight) in shares {
        let share = match strategy {
            Strategy::LeastAllocated => free_share(*taken, *capacity),
            Strategy::MostAllocated => taken_share(*taken, *capacity),
            Strategy::RequestedToCapacityRatio(shape) => {
                shape_score(shape, percent_taken(*taken, *capacity))
            }
        };
        if share > 0 || !matches!(strategy, Strategy::RequestedToCapacityRatio(_)) {
            points = points.wrapping_add(share.wrapping_mul(*weight));
            weights = weights.wrapping_add(*weight);
        }
    }
    match strategy {
        Strategy::RequestedToCapacityRatio(_) => rounded(points, weights),
        _ if weights == 0 => 0,
        _ => points.wrapping_div(weights),
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "as the scheduler computes it"
)]
fn rounded(points: i64, weights: i64) -> i64 {
    if weights == 0 { 0 } else { (points as f64 / weights as f64).round() as i64 }
}

/// The more even the shares of the resources that are used, the better; `None` for a pod that asks
/// for none of them.
#[must_use]
pub fn balanced(cycle: &Cycle<'_>, feasible: &[&Host<'_>], resources: &[String]) -> Points {
    let wanted = requests(cycle.pod, Some(cycle.semantics.resizing));
    if resources.iter().all(|name| amount(&wanted, name) == 0) {
        return None;
    }
    let one = |host: &&Host<'_>| {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for name in resources {
            if let Some((used, request, capacity)) = share(name, &host.requested, &wanted, host) {
                before.push(fraction(used, capacity));
                after.push(fraction(used.wrapping_add(request), capacity));
            }
        }
        if cycle.semantics.balance_by_change {
            MOST / 2 + (MOST / 2 + evenness(&after) - evenness(&before)) / 2
        } else {
            evenness(&after)
        }
    };
    Some(feasible.iter().map(one).collect())
}

/// What is used, what the pod wants, and what there is of a resource; `None` if it does not count.
fn share(
    name: &str,
    taken: &Resources,
    wanted: &Amounts,
    host: &Host<'_>,
) -> Option<(i64, i64, i64)> {
    let request = amount(wanted, name);
    let of = |resources: &Resources| match name {
        CPU => resources.milli_cpu,
        MEMORY => resources.memory,
        EPHEMERAL_STORAGE => resources.ephemeral_storage,
        other => resources.scalar(other),
    };
    let capacity = of(&host.allocatable);
    let counts = capacity != 0 && (request != 0 || !is_scalar(name));
    counts.then(|| (of(taken), request, capacity))
}

pub(crate) fn amount(amounts: &Amounts, name: &str) -> i64 {
    let amount = amounts.get(name).copied().unwrap_or_default();
    if name == CPU { amount.thousandths() } else { amount.units() }
}

/// Beyond 64 bits it wraps, as in the scheduler.
fn free_share(used: i64, capacity: i64) -> i64 {
    if used > capacity {
        return 0;
    }
    capacity.wrapping_sub(used).wrapping_mul(MOST).checked_div(capacity).unwrap_or(0)
}

/// Pods that ask for nothing count with what is assumed of them, so more may be taken than there is.
fn taken_share(taken: i64, capacity: i64) -> i64 {
    taken.min(capacity).wrapping_mul(MOST).checked_div(capacity).unwrap_or(0)
}

fn percent_taken(taken: i64, capacity: i64) -> i64 {
    if taken > capacity {
        return MOST;
    }
    taken.wrapping_mul(MOST).checked_div(capacity).unwrap_or(MOST)
}

#[expect(clippy::cast_precision_loss, reason = "as the scheduler computes it")]
pub(crate) fn fraction(used: i64, capacity: i64) -> f64 {
    (used as f64 / capacity as f64).min(1.0)
}

/// 100 times what the standard deviation leaves of 1.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "as the scheduler computes it"
)]
pub(crate) fn evenness(fractions: &[f64]) -> i64 {
    let deviation = match fractions {
        [] | [_] => 0.0,
        [one, other] => ((one - other) / 2.0).abs(),
        many => {
            let count = many.len() as f64;
            let mean = many.iter().sum::<f64>() / count;
            let squares = many.iter().fold(0.0, |sum, one| sum + (one - mean) * (one - mean));
            (squares / count).sqrt()
        }
    };
    ((1.0 - deviation) * MOST as f64) as i64
}
