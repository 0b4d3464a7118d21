//! The fuller the volumes that are chosen for the claims get, the fewer points.
//!
//! Semantics: `pkg/scheduler/framework/plugins/volumebinding/scorer.go` with the default shape.

use std::collections::BTreeMap;

use crate::filter::Stage;
use crate::filter::cycle::{Cycle, Host};
use crate::filter::volume_binding::{Choice, choose_volumes, pre_filter};
use crate::score::{MOST, Points};

/// The points of each node; `None` for servers that do not score volumes.
#[must_use]
pub fn score(cycle: &Cycle<'_>, feasible: &[&Host<'_>]) -> Points {
    if !cycle.semantics.volumes_scored {
        return None;
    }
    let Stage::Ready(state) = pre_filter(cycle) else {
        return Some(vec![0; feasible.len()]);
    };
    let one = |host: &&Host<'_>| {
        // Requested and there, in bytes, by class.
        let mut classes: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for Choice { claim, volume, .. } in choose_volumes(&state, host.node) {
            let Some(volume) = volume else {
                continue;
            };
            let (requested, capacity) = classes.entry(&volume.class).or_default();
            *requested = requested.saturating_add(claim.request.units());
            *capacity = capacity.saturating_add(volume.capacity.units());
        }
        mean(&classes.into_values().map(emptiness).collect::<Vec<_>>())
    };
    Some(feasible.iter().map(one).collect())
}

fn emptiness((requested, capacity): (i64, i64)) -> i64 {
    if capacity <= 0 || requested > capacity {
        return 0;
    }
    let used = i128::from(requested) * i128::from(MOST) / i128::from(capacity);
    MOST - i64::try_from(used).unwrap_or(MOST)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "as the scheduler computes it"
)]
fn mean(points: &[i64]) -> i64 {
    if points.is_empty() {
        return 0;
    }
    (points.iter().sum::<i64>() as f64 / points.len() as f64).round() as i64
}
