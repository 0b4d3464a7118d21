//! Roles whose node rules leave no domain in common, on any cluster.

use placecard_feasibility::contradiction::{BUDGET, NodeVerdict, TermDemand, decide};
use placecard_feasibility::profile::HOSTNAME;
use placecard_feasibility::requirement::Requirement;
use placecard_findings::{Evidence, Finding};

use super::{Part, Scene};
use crate::bounds;
use crate::contradict::{Demands, Place, members, proof};
use crate::words;

/// The demands of one role that is in a batch, as far as its domain can meet or miss them.
///
/// Where the domain is a node, those are all of its demands; otherwise what they say of the label
/// alone, for the other labels are those of single nodes. A weaker demand proves less, never more.
fn add_demands(all: &mut Demands, scene: &Scene<'_>, part: &Part<'_>) -> Option<usize> {
    let key = part.affinity.topology_key.as_str();
    bounds::with_subject(&part.player.object, scene.surroundings, |subject| {
        let theirs = subject.demands;
        let mut count = 0;
        for demand in &theirs.demands {
            let Some(whole) = theirs.whole(demand.id) else { continue };
            if theirs.is_of_others(demand.id) {
                continue;
            }
            let here =
                |place: &Place| Place { site: part.player.at(place.site.clone()), ..place.clone() };
            let term = |term: &TermDemand| -> Vec<(bool, Requirement, Place)> {
                let atoms = term
                    .atoms
                    .iter()
                    .filter(|atom| key == HOSTNAME || (!atom.field && atom.requirement.key == key));
                let atom = |atom: &placecard_feasibility::contradiction::Atom| {
                    let place = theirs.atom(atom.id).unwrap_or(whole);
                    (atom.field, atom.requirement.clone(), here(place))
                };
                atoms.map(atom).collect()
            };
            let terms: Vec<Vec<(bool, Requirement, Place)>> =
                demand.terms.iter().map(term).collect();
            // A term that says nothing of the label holds in every domain.
            let is_open = key != HOSTNAME && terms.iter().any(Vec::is_empty);
            if !is_open {
                all.add(here(whole), terms);
                count += 1;
            }
        }
        count
    })
}

/// Two roles of a batch that no domain can hold: what the one asks of it, the other rules out.
pub(super) fn disjoint(scene: &Scene<'_>, parts: &[Part<'_>]) -> Option<Finding> {
    for (index, first) in parts.iter().enumerate() {
        for second in parts.iter().skip(index + 1) {
            let mut demands = Demands::default();
            let Some(of_first) = add_demands(&mut demands, scene, first) else { continue };
            let Some(of_second) = add_demands(&mut demands, scene, second) else { continue };
            if of_first == 0 || of_second == 0 {
                continue;
            }
            let NodeVerdict::Contradiction(core) = decide(&demands.demands, BUDGET) else {
                continue;
            };
            let is_first = |id: &placecard_feasibility::contradiction::DemandId| {
                usize::try_from(id.0).is_ok_and(|id| id < of_first)
            };
            // What one role alone rules out is told where it is reviewed.
            if core.demands.iter().all(is_first) || !core.demands.iter().any(is_first) {
                continue;
            }
            let places = members(&demands, &core);
            let mut finding = words::roles::disjoint(scene, (first, second), (&core, &places));
            let certificate = proof::of_core(&demands, &core, &finding.labels);
            finding.evidence =
                certificate.map(|certificate| Evidence::Certificate(Box::new(certificate)));
            return Some(finding);
        }
    }
    None
}
