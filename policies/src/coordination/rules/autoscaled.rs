//! Autoscalers that set the replicas of roles: to any number, and of each role by itself.

use placecard_findings::{Finding, ObjectRef};

use super::{Part, Scene};
use crate::surroundings::{Answer, Reference};
use crate::words;

/// What an autoscaler may ask for.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    /// The autoscaler.
    pub(crate) object: ObjectRef,
    /// The fewest replicas.
    pub(crate) least: u64,
    /// The most replicas.
    pub(crate) most: u64,
}

/// What is known of the autoscaler of a role.
fn answer<'a>(scene: &Scene<'a>, part: &Part<'_>) -> Option<&'a Answer> {
    let workload = &part.player.object.reference;
    let reference = Reference::Autoscaler {
        kind: workload.kind.as_str().into(),
        namespace: scene.group.namespace.as_str().into(),
        name: workload.name.as_str().into(),
    };
    scene.surroundings.objects.get(&reference)
}

/// Whether an autoscaler sets the replicas, so that those that are written say nothing.
pub(super) fn is_scaled(scene: &Scene<'_>, part: &Part<'_>) -> bool {
    matches!(answer(scene, part), Some(Answer::Autoscaler { .. }))
}

/// The autoscaler of a role, as far as one is known that can do anything.
pub(crate) fn range(scene: &Scene<'_>, part: &Part<'_>) -> Option<Range> {
    match answer(scene, part) {
        Some(Answer::Autoscaler { object, least, most }) if least < most => {
            Some(Range { object: ObjectRef::clone(object), least: *least, most: *most })
        }
        _ => None,
    }
}

/// An autoscaler that may ask for replicas that are no whole batches.
pub(super) fn of_role(scene: &Scene<'_>, part: &Part<'_>) -> Option<Finding> {
    if part.ratio < 2 {
        return None;
    }
    let range = range(scene, part)?;
    Some(words::roles::autoscaled(scene, part, &range))
}

/// An autoscaler of one role, while the others stay as they are, or are scaled by themselves. Told
/// once, of the first; where it already breaks batches of its own role, that is enough.
pub(super) fn of_roles(scene: &Scene<'_>, parts: &[Part<'_>]) -> Option<Finding> {
    let scaled = |part: &&Part<'_>| range(scene, part).is_some();
    if parts.len() < 2 || parts.iter().any(|part| part.ratio > 1 && scaled(&part)) {
        return None;
    }
    let part = parts.iter().find(scaled)?;
    let other = parts.iter().find(|other| other.player.role != part.player.role)?;
    let range = range(scene, part)?;
    Some(words::roles::scaled_alone(scene, part, other, &range))
}
