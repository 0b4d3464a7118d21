//! Soft spread constraints: the fewer matching pods in the node's domains, the better.
//!
//! Semantics: `pkg/scheduler/framework/plugins/podtopologyspread/scoring.go`.

use std::collections::BTreeMap;

use crate::filter::cycle::{Cycle, Host};
use crate::filter::pod_topology_spread::{counts_for, has_all_keys, matching_pods};
use crate::inventory::pod::{Pod, TopologySpread, WhenUnsatisfiable};
use crate::profile::HOSTNAME;
use crate::score::{MOST, Points};

/// The points of each node; `None` without a soft constraint.
#[must_use]
pub fn score(cycle: &Cycle<'_>, feasible: &[&Host<'_>]) -> Points {
    let soft =
        |spread: &&TopologySpread| spread.when_unsatisfiable == WhenUnsatisfiable::ScheduleAnyway;
    let constraints: Vec<&TopologySpread> = cycle.spread.iter().filter(soft).collect();
    if constraints.is_empty() {
        return None;
    }
    // The constraints of the scheduler itself do not leave out nodes that lack a key.
    let lenient = cycle.pod.spread.is_empty() && cycle.profile.default_spread.system;
    let counted = |host: &Host<'_>| lenient || has_all_keys(host.node, constraints.iter().copied());
    let mut sums: Vec<Option<f64>> =
        feasible.iter().map(|host| counted(host).then_some(0.0)).collect();
    // Once for each node, however many constraints there are.
    let there: Vec<&Host<'_>> = feasible.iter().copied().filter(|host| counted(host)).collect();
    let hosts: Vec<&Host<'_>> = cycle.hosts.iter().filter(|host| counted(host)).collect();
    for spread in &constraints {
        let counts = counts(cycle.pod, &there, &hosts, spread);
        let domains = if spread.topology_key == HOSTNAME {
            sums.iter().flatten().count()
        } else {
            counts.len()
        };
        let weight = weight(domains);
        for (host, sum) in feasible.iter().zip(&mut sums) {
            let Some(sum) = sum else {
                continue;
            };
            let domain = host.node.labels.get(&spread.topology_key).map(String::as_str);
            let count = match domain {
                Some(_) if spread.topology_key == HOSTNAME => {
                    matching_pods(cycle.pod, spread, host)
                }
                Some(domain) => counts.get(domain).copied().unwrap_or(0),
                None => continue,
            };
            *sum += crowding(count, spread.max_skew, weight);
        }
    }
    Some(normalised(&sums))
}

/// The matching pods in each domain that has a feasible node.
fn counts<'a>(
    pod: &Pod,
    feasible: &[&Host<'a>],
    hosts: &[&Host<'a>],
    spread: &TopologySpread,
) -> BTreeMap<&'a str, i64> {
    // Nodes without the key make a domain with those whose label is empty.
    let domain =
        |host: &Host<'a>| host.node.labels.get(&spread.topology_key).map_or("", String::as_str);
    let mut counts: BTreeMap<&str, i64> = feasible.iter().map(|host| (domain(host), 0)).collect();
    for host in hosts {
        if counts_for(spread, pod, host.node)
            && let Some(count) = counts.get_mut(domain(host))
        {
            *count += matching_pods(pod, spread, host);
        }
    }
    counts
}

/// Constraints with many domains count more, so that small counts are not lost.
#[expect(clippy::cast_precision_loss, reason = "as the scheduler computes it")]
pub(crate) fn weight(domains: usize) -> f64 {
    ((domains + 2) as f64).ln()
}

/// A larger skew waters the differences between domains down.
#[expect(clippy::cast_precision_loss, reason = "as the scheduler computes it")]
pub(crate) fn crowding(count: i64, max_skew: i32, weight: f64) -> f64 {
    count as f64 * weight + f64::from(max_skew.saturating_sub(1))
}

/// The emptiest node gets the most points; nodes that lack a key get none.
#[expect(clippy::cast_possible_truncation, reason = "as the scheduler computes it")]
fn normalised(sums: &[Option<f64>]) -> Vec<i64> {
    let rounded: Vec<Option<i64>> =
        sums.iter().map(|sum| sum.map(|sum| sum.round() as i64)).collect();
    let least = rounded.iter().flatten().copied().min().unwrap_or(0);
    let largest = rounded.iter().flatten().copied().max().unwrap_or(0);
    let one = |sum: &Option<i64>| match sum {
        None => 0,
        Some(_) if largest == 0 => MOST,
        Some(sum) => {
            let share = i128::from(largest) + i128::from(least) - i128::from(*sum);
            i64::try_from(i128::from(MOST) * share / i128::from(largest)).unwrap_or(0)
        }
    };
    rounded.iter().map(one).collect()
}
