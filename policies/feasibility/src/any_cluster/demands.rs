//! What a pod and its known volumes demand of a node, as disjunctions of terms.

use std::collections::BTreeSet;

use crate::any_cluster::{KnownVolume, Part, Reach, kubelet};
use crate::contradiction::{Atom, AtomId, Demand, DemandId, TermDemand};
use crate::filter::volume_binding::makes_volumes;
use crate::filter::volume_zone;
use crate::inventory::pod::{Pod, WhenUnsatisfiable};
use crate::inventory::volume::{Volume, VolumeSource};
use crate::label::is_label_value;
use crate::node_terms::{NodeTerm, requirement_flaw};
use crate::requirement::{Operator, Requirement};

/// The demands of a pod on its node, and the part of the pod that makes each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeDemands {
    /// The demands.
    pub demands: Vec<Demand>,
    /// What makes each of them, in the same order.
    pub parts: Vec<Part>,
    /// Parts that are volumes of in-tree plugins.
    translated: Vec<Part>,
}

/// One way to meet a demand: requirements, true for those on the name.
type Way = Vec<(bool, Requirement)>;

impl NodeDemands {
    fn add(&mut self, part: Part, ways: Vec<Way>) {
        let mut next = self.demands.iter().flat_map(|demand| &demand.terms);
        let first = next.next_back().and_then(|term| term.atoms.last()).map_or(0, |a| a.id.0 + 1);
        let mut ids = first..;
        let mut terms = Vec::new();
        for way in ways {
            let atom = |(field, requirement)| {
                let id = AtomId(ids.next().unwrap_or(u32::MAX));
                Atom { id, field, requirement }
            };
            terms.push(TermDemand { atoms: way.into_iter().map(atom).collect() });
        }
        let id = DemandId(u32::try_from(self.parts.len()).unwrap_or(u32::MAX));
        self.demands.push(Demand { id, terms });
        self.parts.push(part);
    }

    fn filtered(&self, keep: impl Fn(&Demand, &Part) -> bool) -> Self {
        let kept = self.demands.iter().zip(&self.parts).filter(|(demand, part)| keep(demand, part));
        let (demands, parts) = kept.map(|(demand, part)| (demand.clone(), part.clone())).unzip();
        Self { demands, parts, translated: self.translated.clone() }
    }

    /// The demands with these names.
    #[must_use]
    pub fn only(&self, names: &[DemandId]) -> Self {
        self.filtered(|demand, _| names.contains(&demand.id))
    }

    /// At level 0 without any volume, at level 1 with those that are bound, at level 2 all.
    #[must_use]
    pub fn up_to(&self, level: u32) -> Self {
        self.filtered(|_, part| match part {
            Part::VolumeNodes(_) | Part::VolumeZone(..) => level >= 1,
            Part::ClassTopologies(_) => level >= 2,
            _ => true,
        })
    }

    /// Besides, what kubelets write for the labels that these demands name.
    #[must_use]
    pub fn with_kubelet(&self) -> Self {
        let mut more = self.clone();
        let terms = self.demands.iter().flat_map(|demand| &demand.terms);
        let labels = terms.flat_map(|term| &term.atoms).filter(|atom| !atom.field);
        let keys: BTreeSet<&String> = labels.map(|atom| &atom.requirement.key).collect();
        for key in keys {
            if let Some(written) = kubelet::written(key) {
                more.add(Part::Kubelet(key.clone()), vec![vec![(false, written)]]);
            }
        }
        more
    }

    /// Is it a volume of an in-tree plugin, which the scheduler reads as one of a CSI driver?
    #[must_use]
    pub fn is_translated(&self, part: &Part) -> bool {
        self.translated.contains(part)
    }
}

/// Collects what the pod and its known volumes demand of a node.
#[must_use]
pub fn node_demands(pod: &Pod, volumes: &[KnownVolume]) -> NodeDemands {
    let mut demands = NodeDemands::default();
    let mut one = |part, requirement| demands.add(part, vec![vec![(false, requirement)]]);
    for (key, value) in &pod.node_selector {
        one(Part::NodeSelector(key.clone()), Requirement::one_of(key, &[value.as_str()]));
    }
    for (index, term) in pod.affinity.iter().enumerate() {
        one(Part::AffinityKey(index), Requirement::exists(&term.topology_key));
    }
    for (index, spread) in pod.spread.iter().enumerate() {
        if spread.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule {
            one(Part::SpreadKey(index), Requirement::exists(&spread.topology_key));
        }
    }
    if let Some(name) = &pod.node {
        demands.add(Part::NodeName, vec![way(&NodeTerm::named(name))]);
    }
    if let Some(terms) = &pod.node_affinity {
        demands.add(Part::NodeAffinity, terms.iter().map(way).collect());
    }
    for (index, known) in volumes.iter().enumerate() {
        match &known.reach {
            Reach::Bound(volume) => bound(&mut demands, index, volume),
            Reach::Made(class) => {
                if makes_volumes(class) && !class.allowed_topologies.is_empty() {
                    let terms = class.allowed_topologies.iter();
                    let way = |term: &Vec<Requirement>| {
                        term.iter().map(|one| (false, one.clone())).collect()
                    };
                    demands.add(Part::ClassTopologies(index), terms.map(way).collect());
                }
            }
        }
    }
    demands
}

fn way(term: &NodeTerm) -> Way {
    term.requirements().map(|(field, requirement)| (field, requirement.clone())).collect()
}

fn bound(demands: &mut NodeDemands, index: usize, volume: &Volume) {
    if let Some(ways) = volume.node_affinity.as_ref().and_then(|terms| nameless(terms)) {
        let part = Part::VolumeNodes(index);
        if matches!(volume.source, Some(VolumeSource::InTree(_))) {
            demands.translated.push(part.clone());
        }
        demands.add(part, ways);
    }
    for (key, stand_in, values) in volume_zone::places_of(volume) {
        let values: Vec<&str> = values.into_iter().filter(|value| is_label_value(value)).collect();
        let mut ways: Vec<Way> =
            vec![volume_zone::keys().map(|key| (false, Requirement::absent(key))).collect()];
        if !values.is_empty() {
            ways.push(vec![(false, Requirement::one_of(key, &values))]);
            if key != stand_in {
                ways.push(vec![
                    (false, Requirement::absent(key)),
                    (false, Requirement::one_of(stand_in, &values)),
                ]);
            }
        }
        demands.add(Part::VolumeZone(index, key.to_owned()), ways);
    }
}

/// Terms as they are read of a volume: they see labels and an empty name, so that `NotIn` holds of
/// every name and `In` of none. `None`: one of the terms holds on every node.
fn nameless(terms: &[NodeTerm]) -> Option<Vec<Way>> {
    let mut ways = Vec::new();
    for term in terms {
        let holds = |one: &Requirement| {
            one.operator == Operator::NotIn && requirement_flaw(true, one).is_none()
        };
        let on_names: Vec<&Requirement> = term.fields.iter().filter(|one| !holds(one)).collect();
        if on_names.iter().any(|one| one.operator == Operator::In) {
            // Dead, but the other terms keep their places.
            ways.push(Way::new());
            continue;
        }
        let labels = term.expressions.iter().map(|one| (false, one.clone()));
        let way: Way = labels.chain(on_names.into_iter().map(|one| (true, one.clone()))).collect();
        if way.is_empty() && !term.fields.is_empty() {
            return None;
        }
        ways.push(way);
    }
    Some(ways)
}
