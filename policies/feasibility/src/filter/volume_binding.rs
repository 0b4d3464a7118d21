//! Claims, the volumes they have or can get, and the nodes that reach those.
//!
//! Semantics: `pkg/scheduler/framework/plugins/volumebinding` and
//! `k8s.io/component-helpers/storage/volume`. Storage capacities are not looked at, and the zones
//! of in-tree volumes are not translated to those of their CSI drivers.

use std::collections::{BTreeMap, BTreeSet};

use crate::filter::cycle::Cycle;
use crate::filter::node_volume_limits::{foreign, is_for};
use crate::filter::reason::Reason;
use crate::filter::{Code, Rejection, Stage, Verdict};
use crate::inventory::kind::Kind;
use crate::inventory::node::Node;
use crate::inventory::pod::PodVolume;
use crate::inventory::volume::{Claim, StorageClass, Volume};
use crate::label::Labels;
use crate::node_terms::{NodeFacts, accepts};
use crate::requirement::matches;

/// The provisioner of classes that make no volumes.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// The claims of the pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State<'a> {
    /// Those that have a volume.
    bound: Vec<&'a Claim>,
    /// Those that get one where the pod goes, with their class.
    waiting: Vec<(&'a Claim, &'a StorageClass)>,
    /// The volumes of these classes.
    candidates: BTreeMap<&'a str, Vec<&'a Volume>>,
}

impl<'a> State<'a> {
    /// The claims that have a volume, if no other has to get one where the pod goes.
    pub(crate) fn only_bound(&self) -> Option<&[&'a Claim]> {
        self.waiting.is_empty().then_some(&self.bound)
    }
}

/// Looks up the claims.
#[must_use]
pub fn pre_filter<'a>(cycle: &Cycle<'a>) -> Stage<State<'a>> {
    let mut claims = Vec::new();
    for volume in &cycle.pod.volumes {
        match usable_claim(cycle, volume) {
            Ok(claim) => claims.extend(claim),
            Err(reason) => return Stage::Rejected(Rejection::unresolvable(reason)),
        }
    }
    if claims.is_empty() {
        return Stage::Skip;
    }
    let mut state = State::default();
    for claim in claims {
        let class = cycle.inventory.classes.get(&claim.class).filter(|_| !claim.class.is_empty());
        match class.filter(|class| class.waits) {
            _ if claim.bound && !claim.volume.is_empty() => state.bound.push(claim),
            None if class_is_unknown(cycle, claim) => {}
            Some(class) if claim.volume.is_empty() => state.waiting.push((claim, class)),
            _ => {
                let reason = Reason::UnboundImmediateClaims;
                return Stage::Rejected(Rejection::unresolvable(reason));
            }
        }
    }
    if state.bound.is_empty() && state.waiting.is_empty() {
        return Stage::Skip;
    }
    // Small claims choose first, so that they leave large volumes to large ones.
    state.waiting.sort_by_key(|(claim, _)| claim.request);
    for (claim, _) in &state.waiting {
        state.candidates.entry(&claim.class).or_insert_with(|| {
            let volumes = cycle.inventory.volumes.values();
            volumes.filter(|volume| volume.class == claim.class).collect()
        });
    }
    Stage::Ready(state)
}

/// Might a class that is not listed give the claim a volume where the pod goes?
fn class_is_unknown(cycle: &Cycle<'_>, claim: &Claim) -> bool {
    cycle.inventory.is_unknown(Kind::StorageClass)
        && claim.volume.is_empty()
        && !claim.class.is_empty()
}

/// The claim of a volume, if it has one and it is known.
fn usable_claim<'a>(cycle: &Cycle<'a>, volume: &PodVolume) -> Result<Option<&'a Claim>, Reason> {
    let (name, ephemeral) = match volume {
        PodVolume::Claim(name) => (name, false),
        PodVolume::Ephemeral(name) => (name, true),
        PodVolume::Disk(_) | PodVolume::Migrated(_) => return Ok(None),
    };
    let Some(claim) = cycle.inventory.claims.get(&(cycle.pod.namespace.clone(), name.clone()))
    else {
        if cycle.inventory.is_unknown(Kind::PersistentVolumeClaim) {
            return Ok(None);
        }
        return Err(match ephemeral {
            true => Reason::EphemeralClaimMissing(name.clone()),
            false => Reason::ClaimNotFound(name.clone()),
        });
    };
    if claim.lost {
        let (claim, volume) = (claim.name.clone(), claim.volume.clone());
        return Err(Reason::ClaimLost { claim, volume });
    }
    if claim.terminating {
        return Err(Reason::ClaimTerminating(claim.name.clone()));
    }
    if ephemeral && !is_for(claim, cycle.pod) {
        return Err(foreign(claim, cycle.pod));
    }
    Ok(Some(claim))
}

/// Judges one node.
///
/// # Errors
///
/// The rejection.
pub fn filter(state: &State<'_>, cycle: &Cycle<'_>, node: &Node) -> Verdict {
    let mut reasons = Vec::new();
    let mut missing = false;
    let unknown = cycle.inventory.is_unknown(Kind::PersistentVolume);
    for claim in &state.bound {
        match cycle.inventory.volumes.get(&claim.volume) {
            None if unknown => {}
            None => {
                missing = true;
                break;
            }
            Some(volume) if !reaches(node, volume) => {
                reasons.push(Reason::VolumeNodeAffinity);
                break;
            }
            Some(_) => {}
        }
    }
    if !can_bind(state, node, unknown) {
        reasons.push(Reason::NoVolumeToBind);
    }
    if missing {
        reasons.push(Reason::BoundVolumeGone);
    }
    if reasons.is_empty() {
        return Ok(());
    }
    Err(Rejection { code: Code::UnschedulableAndUnresolvable, reasons })
}

/// Is there a volume for every claim that waits, or can one be made? If there may be volumes that
/// are not known, one of those will do.
fn can_bind(state: &State<'_>, node: &Node, unknown: bool) -> bool {
    let selected = |claim: &Claim| claim.selected_node.as_ref().is_none_or(|it| *it == node.name);
    if !state.waiting.iter().all(|(claim, _)| selected(claim)) {
        return false;
    }
    if unknown {
        return true;
    }
    let choices = choose_volumes(state, node);
    let mut to_make = choices.iter().filter(|choice| choice.volume.is_none());
    to_make.all(|choice| can_make(choice.class, node))
}

/// A claim that waits, and the volume that was found for it.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// The claim.
    pub claim: &'a Claim,
    /// Its class.
    pub class: &'a StorageClass,
    /// `None`: a new one is needed.
    pub volume: Option<&'a Volume>,
}

/// Finds a volume on the node for each claim that waits. A claim that the pod mounts twice looks
/// for two, as in the scheduler.
#[must_use]
pub fn choose_volumes<'a>(state: &State<'a>, node: &Node) -> Vec<Choice<'a>> {
    let mut chosen = BTreeSet::new();
    let mut choose = |(claim, class): &(&'a Claim, &'a StorageClass)| {
        let candidates = state.candidates.get(claim.class.as_str());
        let candidates = candidates.map(Vec::as_slice).unwrap_or_default();
        let candidates = if claim.selected_node.is_none() { candidates } else { &[] };
        let volume = find_volume(claim, candidates, node, &chosen);
        chosen.extend(volume.map(|volume| volume.name.as_str()));
        Choice { claim, class, volume }
    };
    state.waiting.iter().map(&mut choose).collect()
}

/// The smallest free volume for the claim, or the one that is kept for it.
fn find_volume<'a>(
    claim: &Claim,
    candidates: &[&'a Volume],
    node: &Node,
    chosen: &BTreeSet<&str>,
) -> Option<&'a Volume> {
    let mut smallest: Option<&Volume> = None;
    for volume in candidates {
        let kept = volume.claim.is_some();
        if chosen.contains(volume.name.as_str())
            || (kept && !is_kept_for(volume, claim))
            || volume.capacity < claim.request
            || volume.mode != claim.mode
            || volume.attributes_class != claim.attributes_class
            || volume.terminating
        {
            continue;
        }
        if kept {
            return reaches(node, volume).then_some(*volume);
        }
        if volume.available
            && claim.selector.as_ref().is_none_or(|one| one.matches(&volume.labels))
            && reaches(node, volume)
            && claim.access_modes.iter().all(|mode| volume.access_modes.contains(mode))
            && smallest.is_none_or(|known| known.capacity > volume.capacity)
        {
            smallest = Some(*volume);
        }
    }
    smallest
}

fn is_kept_for(volume: &Volume, claim: &Claim) -> bool {
    volume.claim.as_ref().is_some_and(|reference| {
        let (namespace, name) = &reference.claim;
        *namespace == claim.namespace
            && *name == claim.name
            && (reference.uid.is_empty() || reference.uid == claim.uid)
    })
}

/// Does the node meet the node affinity of the volume? It sees labels only, no names.
#[must_use]
pub fn reaches(node: &Node, volume: &Volume) -> bool {
    let facts = NodeFacts { name: "", labels: &node.labels };
    accepts(&Labels::new(), &volume.node_affinity, facts)
}

/// Can the class make a volume on the node?
fn can_make(class: &StorageClass, node: &Node) -> bool {
    let topologies = &class.allowed_topologies;
    let met = |term: &Vec<_>| !term.is_empty() && term.iter().all(|one| matches(one, &node.labels));
    makes_volumes(class) && (topologies.is_empty() || topologies.iter().any(met))
}

/// Does the class make volumes at all?
pub(crate) fn makes_volumes(class: &StorageClass) -> bool {
    !class.provisioner.is_empty() && class.provisioner != NO_PROVISIONER
}
