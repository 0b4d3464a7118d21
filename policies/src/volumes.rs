//! Claims whose volumes no node reaches that the pod may use.
//!
//! A volume that is bound decides where its pods can run: the scheduler lets them only on nodes that
//! meet the volume's node affinity and its zone labels (`plugins/volumebinding`,
//! `plugins/volumezone`). What is said here holds as long as the claims stay bound as they are.

use placecard_feasibility::any_cluster::demands::node_demands;
use placecard_feasibility::any_cluster::{KnownVolume, Part, Reach};
use placecard_feasibility::contradiction::{BUDGET, DemandId, NodeVerdict, decide};
use placecard_feasibility::inventory::pod::{Pod, PodVolume};
use placecard_findings::{Finding, Site};

use crate::contradict::{By, Demands, Place, members};
use crate::expand::Expander;
use crate::native;
use crate::object::{ClaimVolume, Object, Template};
use crate::surroundings::{Answer, Reference};
use crate::words;

/// A claim of the pod, and the volume that it is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BoundClaim {
    /// Where the pod mounts it.
    pub(crate) mounted: ClaimVolume,
    /// The name of its volume.
    pub(crate) volume: String,
}

/// What has to be known about the claims of a template: nothing if nothing could be in their way. A
/// pod of a controller was judged at its workload.
pub(crate) fn references(
    object: &Object,
    template: &Template,
    has_intents: bool,
) -> Vec<Reference> {
    let spec = &template.spec;
    let own_demands = !spec.node_selector.is_empty()
        || !spec.node_name.is_empty()
        || native::required_node_terms(spec).is_some();
    let judged_before = object.is_pod() && object.controller().is_some();
    if judged_before || !(has_intents || own_demands || spec.claims.len() > 1) {
        return Vec::new();
    }
    let namespace = object.reference.namespace.clone();
    let of = |mounted: &ClaimVolume| Reference::Claim {
        namespace: namespace.clone(),
        name: mounted.name.clone(),
    };
    spec.claims.iter().filter(|mounted| !mounted.name.is_empty()).map(of).collect()
}

/// The finding if the pod's demands on its node, which some node can meet, leave none that reaches
/// its volumes too.
pub(crate) fn conflict(
    object: &Object,
    template: &Template,
    expander: &Expander<'_>,
    demands: &Demands,
) -> Option<Finding> {
    if object.is_pod() && object.controller().is_some() {
        return None;
    }
    let (bound, known) = bound_claims(template, expander);
    let mounts = known.iter().map(|one| PodVolume::Claim(one.claim.clone())).collect();
    let of_volumes = node_demands(&Pod { volumes: mounts, ..Pod::default() }, &known);
    let mut demands = demands.clone();
    let mut by_volume: Vec<(DemandId, usize)> = Vec::new();
    for (demand, part) in of_volumes.demands.iter().zip(&of_volumes.parts) {
        let (Part::VolumeNodes(index) | Part::VolumeZone(index, _)) = part else { continue };
        // What the scheduler reads as another volume's labels proves nothing.
        let Some(claim) = bound.get(*index).filter(|_| !of_volumes.is_translated(part)) else {
            continue;
        };
        let place = place(template, &claim.mounted);
        let terms = demand.terms.iter().map(|term| {
            let atoms = term.atoms.iter();
            atoms.map(|atom| (atom.field, atom.requirement.clone(), place.clone())).collect()
        });
        let terms = terms.collect();
        by_volume.push((demands.add(place, terms), *index));
    }
    if by_volume.is_empty() {
        return None;
    }
    let NodeVerdict::Contradiction(core) = decide(&demands.demands, BUDGET) else { return None };
    let claim_of = |demand: DemandId| {
        let index = by_volume.iter().find(|(id, _)| *id == demand).map(|(_, index)| *index)?;
        bound.get(index)
    };
    let namespace = expander.frame.namespace;
    let members = members(&demands, &core);
    Some(words::volumes::conflict(&object.reference, namespace, &core, &members, &claim_of))
}

fn place(template: &Template, claim: &ClaimVolume) -> Place {
    let volume = template.spec_path(&["volumes"]).index(claim.index);
    let site = Site::value(volume.key("persistentVolumeClaim").key("claimName"));
    Place { site, quote: claim.name.clone(), by: By::Volume }
}

/// The claims of the template whose volumes are known, each once.
fn bound_claims(
    template: &Template,
    expander: &Expander<'_>,
) -> (Vec<BoundClaim>, Vec<KnownVolume>) {
    let mut bound: Vec<BoundClaim> = Vec::new();
    let mut known = Vec::new();
    for mounted in &template.spec.claims {
        let reference = Reference::Claim {
            namespace: expander.frame.namespace.to_owned(),
            name: mounted.name.clone(),
        };
        let Some(Answer::Volume(volume)) = expander.surroundings.objects.get(&reference) else {
            continue;
        };
        if bound.iter().any(|other| other.mounted.name == mounted.name) {
            continue;
        }
        bound.push(BoundClaim { mounted: mounted.clone(), volume: volume.name.clone() });
        let claim = mounted.name.clone();
        known.push(KnownVolume { claim, reach: Reach::Bound(volume.clone()) });
    }
    (bound, known)
}
