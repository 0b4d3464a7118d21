//! Is a refutation of demands on a node complete?

use std::collections::BTreeSet;

use crate::any_cluster::check::values::{Wanted, has_name, has_value};
use crate::any_cluster::kubelet::written;
use crate::any_cluster::{KnownVolume, Part, Reach, Refutation};
use crate::inventory::pod::{Pod, WhenUnsatisfiable};
use crate::inventory::volume::Volume;
use crate::label::is_label_value;
use crate::node_terms::{NodeTerm, Subject, is_dead};
use crate::requirement::{Operator, Requirement};

/// Do the parts of the pod exclude one another on every node, as the refutation says?
pub(super) fn is_refuted(
    pod: &Pod,
    volumes: &[KnownVolume],
    parts: &[Part],
    refutation: &Refutation,
) -> bool {
    let mut demands = Vec::new();
    for part in parts {
        let Some(terms) = terms(part, pod, volumes) else { return false };
        let alive = terms.into_iter().enumerate().filter(|(_, term)| !is_dead(term));
        demands.push(Demand { part: part.clone(), terms: alive.collect(), chosen: None });
    }
    refuted(&mut demands, refutation)
}

/// A demand on the node: the terms that are not dead, by their places, and the one that is chosen.
struct Demand {
    part: Part,
    terms: Vec<(usize, NodeTerm)>,
    chosen: Option<usize>,
}

impl Demand {
    /// What each open term says of the subject.
    fn about<'a>(&'a self, subject: &Subject) -> Vec<Vec<Wanted<'a>>> {
        let open = |(place, _): &&(usize, NodeTerm)| self.chosen.is_none_or(|it| it == *place);
        let about = |(_, term): &'a (usize, NodeTerm)| match subject {
            Subject::Name => term.fields.iter().map(|one| (one, true)).collect(),
            Subject::Label(key) => {
                let named = term.expressions.iter().filter(|one| one.key == *key);
                named.map(|one| (one, true)).collect()
            }
        };
        self.terms.iter().filter(open).map(about).collect()
    }
}

fn refuted(demands: &mut Vec<Demand>, refutation: &Refutation) -> bool {
    match refutation {
        Refutation::NoValue(subject) => {
            let about: Vec<_> = demands.iter().map(|demand| demand.about(subject)).collect();
            match subject {
                Subject::Name => !has_name(&about),
                Subject::Label(key) => !has_value(key, &about),
            }
        }
        Refutation::Cases { part, cases } => {
            let Some(place) = demands.iter().position(|demand| demand.part == *part) else {
                return false;
            };
            let covered: BTreeSet<usize> = cases.iter().map(|(term, _)| *term).collect();
            let Some(demand) = demands.get(place) else { return false };
            let complete = demand.terms.iter().all(|(term, _)| covered.contains(term));
            if !complete || demand.chosen.is_some() || covered.len() != demand.terms.len() {
                return false;
            }
            let holds = cases.iter().all(|(term, why)| {
                demands.get_mut(place).is_some_and(|demand| {
                    demand.chosen = Some(*term);
                    true
                }) && refuted(demands, why)
            });
            if let Some(demand) = demands.get_mut(place) {
                demand.chosen = None;
            }
            holds
        }
    }
}

/// The demand of a part: one of the terms must hold. `None`: the pod has no such part.
fn terms(part: &Part, pod: &Pod, volumes: &[KnownVolume]) -> Option<Vec<NodeTerm>> {
    let exists = |key: &String| vec![NodeTerm::of(vec![Requirement::exists(key)])];
    let bound = |index: &usize| match &volumes.get(*index)?.reach {
        Reach::Bound(volume) => Some(volume),
        Reach::Made(_) => None,
    };
    match part {
        Part::NodeSelector(key) => {
            let value = pod.node_selector.get(key)?.as_str();
            Some(vec![NodeTerm::of(vec![Requirement::one_of(key, &[value])])])
        }
        Part::NodeAffinity => pod.node_affinity.clone(),
        Part::NodeName => pod.node.as_ref().map(|name| vec![NodeTerm::named(name)]),
        Part::AffinityKey(index) => pod.affinity.get(*index).map(|one| exists(&one.topology_key)),
        Part::SpreadKey(index) => {
            let spread = pod.spread.get(*index)?;
            let hard = spread.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule;
            hard.then(|| exists(&spread.topology_key))
        }
        Part::VolumeNodes(index) => without_names(bound(index)?.node_affinity.as_ref()?),
        Part::VolumeZone(index, key) => zone_terms(bound(index)?, key),
        Part::ClassTopologies(index) => match &volumes.get(*index)?.reach {
            Reach::Made(class) if !class.allowed_topologies.is_empty() => {
                Some(class.allowed_topologies.iter().cloned().map(NodeTerm::of).collect())
            }
            _ => None,
        },
        Part::Kubelet(key) => written(key).map(|one| vec![NodeTerm::of(vec![one])]),
        Part::Affinity(_) | Part::AntiAffinity(_) => None,
    }
}

/// A volume sees nodes without their names: `In` holds of none, `NotIn` of all.
fn without_names(terms: &[NodeTerm]) -> Option<Vec<NodeTerm>> {
    let mut left = terms.to_vec();
    for term in left.iter_mut().filter(|term| !is_dead(term)) {
        if term.fields.iter().any(|one| one.operator == Operator::In) {
            *term = NodeTerm::default();
        } else if term.expressions.is_empty() {
            return None;
        }
        term.fields.clear();
    }
    Some(left)
}

/// The node has no label of a zone or region, or one that the volume's label names.
fn zone_terms(volume: &Volume, key: &str) -> Option<Vec<NodeTerm>> {
    const STABLE: [&str; 2] = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];
    const BETA: [&str; 2] =
        ["failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region"];
    let values: Vec<&str> = volume.labels.get(key)?.split("__").map(str::trim).collect();
    let legal: Vec<&str> = values.iter().copied().filter(|one| is_label_value(one)).collect();
    let stand_in = BETA.iter().zip(STABLE).find(|(beta, _)| **beta == key).map(|(_, one)| one);
    if values.contains(&"") || (stand_in.is_none() && !STABLE.contains(&key)) {
        return None;
    }
    let none = STABLE.iter().chain(&BETA).map(|key| Requirement::absent(key)).collect();
    let mut terms = vec![NodeTerm::of(none)];
    terms.push(NodeTerm::of(vec![Requirement::one_of(key, &legal)]));
    terms.extend(stand_in.map(|other| {
        NodeTerm::of(vec![Requirement::absent(key), Requirement::one_of(other, &legal)])
    }));
    Some(terms)
}
