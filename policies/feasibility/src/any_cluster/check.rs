//! Does the proof of a contradiction hold? Without any of the procedures that find one: labels are
//! tried value by value, from a list that has one of every kind that the demands can tell apart.

mod companion;
mod node;
pub(crate) mod values;

use crate::any_cluster::check::values::has_value;
use crate::any_cluster::{Contradiction, KnownVolume, Part, Proof, Reading};
use crate::inventory::pod::Pod;
use crate::judge::Semantics;
use crate::requirement::Requirement;
use crate::selector::selector_flaw;

/// True if the contradiction's proof shows that its parts, which the pod and its known volumes do
/// have, exclude one another: on every server if it says so, otherwise on those that read
/// namespaces like this one. Whether fewer parts would do is not checked.
#[must_use]
pub fn check(
    pod: &Pod,
    volumes: &[KnownVolume],
    contradiction: &Contradiction,
    semantics: Semantics,
) -> bool {
    let reading = match contradiction.every_version {
        true => Reading::EVERY_VERSION,
        false => Reading::of(semantics),
    };
    if contradiction.parts != parts(contradiction) {
        return false;
    }
    match &contradiction.proof {
        Proof::Node(refutation) => node::is_refuted(pod, volumes, &contradiction.parts, refutation),
        Proof::NilSelector { affinity } => {
            pod.affinity.get(*affinity).is_some_and(|term| term.selector.is_none())
        }
        Proof::NoCommonPod { key, affinity } => {
            let terms = affinity.iter().filter_map(|place| pod.affinity.get(*place));
            let requirements = terms.flat_map(|term| &term.selector).flat_map(|s| &s.requirements);
            let known = |one: &&Requirement| one.key == *key && selector_flaw(one).is_none();
            let about = requirements.filter(known).map(|one| (one, true));
            affinity.iter().all(|place| *place < pod.affinity.len())
                && !has_value(key, &[vec![about.collect()]])
        }
        Proof::NoCommonNamespace { affinity } => companion::is_refuted(pod, affinity, &[], reading),
        Proof::NoCompanion { affinity, anti } => {
            !anti.is_empty() && companion::is_refuted(pod, affinity, anti, reading)
        }
    }
}

/// The parts that the proof is about; those of a node are as they are said.
fn parts(contradiction: &Contradiction) -> Vec<Part> {
    let (affinity, anti): (&[usize], &[usize]) = match &contradiction.proof {
        Proof::Node(_) => return contradiction.parts.clone(),
        Proof::NilSelector { affinity } => (std::slice::from_ref(affinity), &[]),
        Proof::NoCommonPod { affinity, .. } | Proof::NoCommonNamespace { affinity } => {
            (affinity, &[])
        }
        Proof::NoCompanion { affinity, anti } => (affinity, anti),
    };
    let affinity = affinity.iter().map(|place| Part::Affinity(*place));
    affinity.chain(anti.iter().map(|place| Part::AntiAffinity(*place))).collect()
}
