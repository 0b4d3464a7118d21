//! Zone and region labels of the volumes of claims.
//!
//! Semantics: `pkg/scheduler/framework/plugins/volumezone`.

use std::collections::BTreeSet;

use crate::filter::cycle::Cycle;
use crate::filter::reason::Reason;
use crate::filter::{Rejection, Stage, Verdict};
use crate::inventory::kind::Kind;
use crate::inventory::node::Node;
use crate::inventory::pod::PodVolume;
use crate::inventory::volume::Volume;

const BETA_ZONE: &str = "failure-domain.beta.kubernetes.io/zone";
const BETA_REGION: &str = "failure-domain.beta.kubernetes.io/region";
const ZONE: &str = "topology.kubernetes.io/zone";
const REGION: &str = "topology.kubernetes.io/region";

/// The labels that are compared, and the one of a node that stands in for each.
const KEYS: [(&str, &str); 4] =
    [(BETA_ZONE, ZONE), (BETA_REGION, REGION), (ZONE, ZONE), (REGION, REGION)];

/// Between the zones of a volume that is in several.
const DELIMITER: &str = "__";

/// A label of a volume: its key, the key that stands in for it, the values it allows.
pub type Place<'a> = (&'static str, &'static str, BTreeSet<&'a str>);

/// Looks up the volumes.
#[must_use]
pub fn pre_filter<'a>(cycle: &Cycle<'a>) -> Stage<Vec<Place<'a>>> {
    let mut places = Vec::new();
    for volume in &cycle.pod.volumes {
        let PodVolume::Claim(name) = volume else {
            continue;
        };
        match volume_of(cycle, name) {
            Ok(volume) => places.extend(volume.into_iter().flat_map(places_of)),
            Err(reason) => return Stage::Rejected(Rejection::unresolvable(reason)),
        }
    }
    if places.is_empty() { Stage::Skip } else { Stage::Ready(places) }
}

/// The volume of a claim; none if it will be made where the pod goes, or if it is not known.
fn volume_of<'a>(cycle: &Cycle<'a>, name: &str) -> Result<Option<&'a Volume>, Reason> {
    if name.is_empty() {
        return Err(Reason::UnnamedClaim);
    }
    let key = (cycle.pod.namespace.clone(), name.to_owned());
    let claim = cycle.inventory.claims.get(&key);
    let unknown = |kind| cycle.inventory.is_unknown(kind);
    let Some(claim) = claim else {
        let missing = Reason::ClaimNotFound(name.to_owned());
        return if unknown(Kind::PersistentVolumeClaim) { Ok(None) } else { Err(missing) };
    };
    if !claim.volume.is_empty() {
        let volume = cycle.inventory.volumes.get(&claim.volume);
        if volume.is_none() && !unknown(Kind::PersistentVolume) {
            return Err(Reason::VolumeNotFound(claim.volume.clone()));
        }
        return Ok(volume);
    }
    if claim.class.is_empty() {
        return Err(Reason::ClaimWithoutClass);
    }
    let class = cycle.inventory.classes.get(&claim.class);
    match class {
        Some(class) if class.waits => Ok(None),
        Some(_) => Err(Reason::ClaimWithoutVolume),
        None if unknown(Kind::StorageClass) => Ok(None),
        None => Err(Reason::ClassNotFound(claim.class.clone())),
    }
}

/// The labels of nodes that are looked at: a node without any of them passes.
pub(crate) fn keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|(key, _)| *key)
}

/// The labels of a volume that can be read.
pub(crate) fn places_of(volume: &Volume) -> impl Iterator<Item = Place<'_>> {
    KEYS.iter().filter_map(|(key, stand_in)| {
        let values: BTreeSet<&str> =
            volume.labels.get(*key)?.split(DELIMITER).map(str::trim).collect();
        (!values.contains("")).then_some((*key, *stand_in, values))
    })
}

/// Judges one node. A node without any zone or region label passes.
///
/// # Errors
///
/// The rejection.
pub fn filter(places: &[Place<'_>], node: &Node) -> Verdict {
    if !KEYS.iter().any(|(key, _)| node.labels.contains_key(*key)) {
        return Ok(());
    }
    let reachable = |(key, stand_in, values): &Place<'_>| {
        let label = node.labels.get(*key).or_else(|| node.labels.get(*stand_in));
        label.is_some_and(|value| values.contains(value.as_str()))
    };
    if places.iter().all(reachable) {
        return Ok(());
    }
    Err(Rejection::unresolvable(Reason::VolumeZone))
}
