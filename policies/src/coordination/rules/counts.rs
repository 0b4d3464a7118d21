//! Replicas that make whole batches, and as many of one role as of the others.

use placecard_findings::Finding;

use super::{Part, Scene, autoscaled};
use crate::coordination::players::Count;
use crate::words;

/// How many replicas there will be, if nothing else sets their number.
fn count<'a>(scene: &Scene<'_>, part: &Part<'a>) -> Option<&'a Count> {
    part.player.count.as_ref().filter(|_| !autoscaled::is_scaled(scene, part))
}

/// Replicas of one role that are no whole batches.
pub(super) fn indivisible(scene: &Scene<'_>, part: &Part<'_>) -> Option<Finding> {
    let count = count(scene, part)?;
    let over = count.replicas % u64::from(part.ratio);
    (over > 0).then(|| words::roles::indivisible(scene, part, count))
}

/// Roles with different numbers of whole batches. Those whose replicas are no whole batches are told
/// of already.
pub(super) fn unequal(scene: &Scene<'_>, parts: &[Part<'_>]) -> Option<Finding> {
    let (most, least) = extremes(scene, parts)?;
    Some(words::roles::unequal(scene, most, least))
}

/// A role with its number of whole batches.
type Counted<'p, 'a> = (&'p Part<'a>, u64);

/// The role with the most whole batches and the one with the fewest; `None`: all have as many.
pub(super) fn extremes<'p, 'a>(
    scene: &Scene<'_>,
    parts: &'p [Part<'a>],
) -> Option<(Counted<'p, 'a>, Counted<'p, 'a>)> {
    let whole = |part: &Part<'_>| {
        let replicas = count(scene, part)?.replicas;
        (replicas % u64::from(part.ratio) == 0).then(|| replicas / u64::from(part.ratio))
    };
    let shares: Vec<(&Part<'_>, u64)> =
        parts.iter().filter_map(|part| Some((part, whole(part)?))).collect();
    let most = shares.iter().max_by_key(|(_, batches)| *batches)?;
    let least = shares.iter().min_by_key(|(_, batches)| *batches)?;
    (most.1 != least.1).then_some((*most, *least))
}
