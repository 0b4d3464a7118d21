//! The fuller the volumes that are chosen for the claims get, the fewer points.
//!
//! Semantics: `pkg/scheduler/framework/plugins/volumebinding/scorer.go`.

use std::collections::BTreeMap;

use crate::filter::Plugin;
use crate::filter::Stage;
use crate::filter::cycle::{Cycle, Host};
use crate::filter::volume_binding::{Choice, choose_volumes, pre_filter};
use crate::profile::{ShapePoint, shape_score};
use crate::score::{Points, ScorePlugin, Unscored};

/// The share of a volume that is taken when it is full, in percent.
const FULL: i64 = 100;

/// The score reads what the pre-filter left.
///
/// # Errors
///
/// The profile does not run the pre-filter, though the server scores volumes.
pub fn is_filtered(cycle: &Cycle<'_>) -> Result<(), Unscored> {
    let filtered = cycle.profile.pre_filter.contains(&Plugin::VolumeBinding);
    if filtered || !cycle.semantics.volumes_scored {
        return Ok(());
    }
    Err(Unscored(ScorePlugin::VolumeBinding))
}

/// The points of each node; `None` for servers that do not score volumes. The volumes are those
/// that the filter chose.
///
/// # Errors
///
/// As [`is_filtered`].
pub fn score(cycle: &Cycle<'_>, feasible: &[&Host<'_>]) -> Result<Points, Unscored> {
    is_filtered(cycle)?;
    if !cycle.semantics.volumes_scored {
        return Ok(None);
    }
    let chosen = cycle.profile.filter.contains(&Plugin::VolumeBinding);
    let (Stage::Ready(state), true) = (pre_filter(cycle), chosen) else {
        return Ok(Some(vec![0; feasible.len()]));
    };
    let shape = &cycle.profile.volume_shape;
    let one = |host: &&Host<'_>| {
        // Requested and there, in bytes, by class.
        let mut classes: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for Choice { claim, volume, .. } in choose_volumes(&state, host.node) {
            let Some(volume) = volume else {
                continue;
            };
            let (requested, capacity) = classes.entry(&volume.class).or_default();
            *requested = requested.wrapping_add(claim.request.units());
            *capacity = capacity.wrapping_add(volume.capacity.units());
        }
        mean(&classes.into_values().map(|class| of_class(class, shape)).collect::<Vec<_>>())
    };
    Ok(Some(feasible.iter().map(one).collect()))
}

/// Beyond 64 bits it wraps, as in the scheduler.
fn of_class((requested, capacity): (i64, i64), shape: &[ShapePoint]) -> i64 {
    if requested > capacity {
        return shape_score(shape, FULL);
    }
    let used = requested.wrapping_mul(FULL).checked_div(capacity).unwrap_or(FULL);
    shape_score(shape, used)
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
