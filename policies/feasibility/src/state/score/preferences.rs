//! What the pods that are there prefer: where a pod with some labels is drawn to, or repelled from.

use std::collections::BTreeMap;

use super::super::State;
use super::super::pods::Kind;
use super::super::table::NONE;
use super::super::topology::Topology;
use super::Scores;
use crate::pod_affinity::AffinityTerm;

/// The weights of one term of all pods that have it.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Preference {
    /// Their sum by domain, where it is not 0.
    pub(in super::super) sums: BTreeMap<u32, i64>,
}

/// What a required affinity term of an existing pod counts without a configuration.
const REQUIRED: i64 = 1;

impl State {
    /// The terms that pods of this kind have, and the weights of those.
    pub(in super::super) fn preferred(&mut self, kind: Kind) -> Box<[(u32, i64)]> {
        let template = &self.pods.specs.at(kind.spec).template;
        let required = template.affinity.iter().map(|term| (term.clone(), REQUIRED));
        let drawn = template.preferred_affinity.iter();
        let drawn = drawn.map(|one| (one.term.clone(), i64::from(one.weight)));
        let repelled = template.preferred_anti_affinity.iter();
        let repelled = repelled.map(|one| (one.term.clone(), -i64::from(one.weight)));
        let terms: Vec<(AffinityTerm, i64)> = required.chain(drawn).chain(repelled).collect();
        let mut found = Vec::new();
        for (term, weight) in terms {
            let Some(carrier) = self.carrier(&term, kind.namespace) else {
                continue;
            };
            let scores = &mut self.scores;
            let id = scores.preferences.find(&carrier).unwrap_or_else(|| {
                let needs = carrier.part.needs.clone();
                let id = scores.preferences.add(carrier, Preference::default());
                scores.preferences_by_label.add(id, &needs);
                id
            });
            found.push((id, weight));
        }
        found.into()
    }
}

impl Scores {
    /// Counts a term of a pod on the node, or no longer.
    pub(in super::super) fn count_preference(
        &mut self,
        topology: &Topology,
        id: u32,
        weight: i64,
        node: u32,
        more: bool,
    ) {
        let domain = topology.columns.at(self.preferences.key(id).column).domain(node);
        if domain == NONE {
            return;
        }
        let sums = &mut self.preferences.at_mut(id).sums;
        let sum = sums.entry(domain).or_default();
        *sum = if more { sum.wrapping_add(weight) } else { sum.wrapping_sub(weight) };
        if *sum == 0 {
            sums.remove(&domain);
        }
    }
}
