//! The second stage: preferred entries score the candidates, beside kube-scheduler's own scores.

use placecard_feasibility::filter::cycle::{Cycle, Host};
use placecard_feasibility::score::{MOST, Score, ScorePlugin, score};
use placecard_language::affinity::{Affinity, AffinityStrength};
use placecard_language::lower::DEFAULT_WEIGHT;

use super::meaning::Meaning;
use super::resolve::Unresolved;
use super::{Candidate, Scene, filter::meanings};

/// How much each part of a score counts.
///
/// By default `affinity` counts twice, as kube-scheduler counts preferred node and pod affinity,
/// and the other parts once: together they are kube-scheduler's own total, so that a request
/// without preferred entries is ranked as kube-scheduler ranks the pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreWeights {
    /// The preferred entries of the request.
    pub affinity: u32,
    /// How much stays free, and how evenly.
    pub fit: u32,
    /// What is there already: images and volumes.
    pub locality: u32,
    /// Taints that are only to be avoided, those of node conditions among them.
    pub pressure: u32,
    /// What the pod's own native fields and the pods that run there prefer.
    pub topology: u32,
}

impl Default for ScoreWeights {
    fn default() -> Self {
        Self { affinity: 2, fit: 1, locality: 1, pressure: 1, topology: 1 }
    }
}

/// The parts of a candidate's score, before they are weighted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The share of the preferred entries that it meets, by their weights, 0 to 100; 0 for all if
    /// nothing is preferred. An entry without a weight has 50.
    pub affinity: i64,
    /// `NodeResourcesFit`, `NodeResourcesBalancedAllocation` and `DynamicResources`: resources in
    /// use and left. This and the parts below are sums of kube-scheduler's points, each plugin's
    /// times the weight that the profile gives it.
    pub fit: i64,
    /// `ImageLocality` and `VolumeBinding`.
    pub locality: i64,
    /// `TaintToleration`: a node under pressure is tainted. Taints that are not only to be avoided
    /// are no matter of points: such nodes are no candidates.
    pub pressure: i64,
    /// `NodeAffinity`, `InterPodAffinity` and `PodTopologySpread`.
    pub topology: i64,
}

impl Parts {
    /// Adds up the points of kube-scheduler.
    #[must_use]
    pub fn of(score: &Score) -> Self {
        let mut parts = Self::default();
        for (plugin, points) in &score.by_plugin {
            let part = match plugin {
                ScorePlugin::NodeResourcesFit
                | ScorePlugin::NodeResourcesBalancedAllocation
                | ScorePlugin::DynamicResources => &mut parts.fit,
                ScorePlugin::ImageLocality | ScorePlugin::VolumeBinding => &mut parts.locality,
                ScorePlugin::TaintToleration => &mut parts.pressure,
                ScorePlugin::NodeAffinity
                | ScorePlugin::InterPodAffinity
                | ScorePlugin::PodTopologySpread => &mut parts.topology,
            };
            *part = part.saturating_add(*points);
        }
        parts
    }

    /// The parts, each times its weight.
    #[must_use]
    pub fn total(&self, weights: ScoreWeights) -> i64 {
        [
            (self.affinity, weights.affinity),
            (self.fit, weights.fit),
            (self.locality, weights.locality),
            (self.pressure, weights.pressure),
            (self.topology, weights.topology),
        ]
        .into_iter()
        .fold(0, |sum: i64, (part, weight)| {
            sum.saturating_add(part.saturating_mul(i64::from(weight)))
        })
    }
}

/// The preferred entries, resolved.
#[derive(Clone, Debug)]
pub struct AffinityPreferredScorer<'a> {
    preferred: Vec<(usize, i64, Meaning<'a>)>,
    /// The sum of all weights, those of the unresolved among them.
    most: i64,
    /// Preferred entries about something that is not known: no node scores for them.
    pub unresolved: Vec<Unresolved>,
}

impl<'a> AffinityPreferredScorer<'a> {
    /// Resolves the preferred ones among the entries.
    #[must_use]
    pub fn of(entries: &[Affinity], scene: &Scene<'a>) -> Self {
        let weight = |entry: &Affinity| i64::from(entry.weight().unwrap_or(DEFAULT_WEIGHT));
        let preferred = entries.iter().filter(|one| one.strength() == AffinityStrength::Preferred);
        let most = preferred.map(weight).sum();
        let (resolved, unresolved) = meanings(entries, AffinityStrength::Preferred, scene);
        let weighed = |(index, meaning)| {
            let weight = entries.get(index).map(weight).unwrap_or_default();
            (index, weight, meaning)
        };
        Self { preferred: resolved.into_iter().map(weighed).collect(), most, unresolved }
    }

    /// The candidates with their points, in order; `None` if kube-scheduler cannot score the pod,
    /// and so would not place it.
    #[must_use]
    pub fn score<'i>(
        &self,
        candidates: &[&Host<'i>],
        cycle: &Cycle<'i>,
        weights: ScoreWeights,
    ) -> Option<Vec<Candidate>> {
        let scores = score(cycle, candidates);
        let one = |host: &&Host<'i>| {
            let parts = Parts::of(scores.get(host.node.name.as_str())?);
            Some(self.candidate(host, parts, weights))
        };
        candidates.iter().map(one).collect()
    }

    /// As [`Self::score`], by nothing but the entries.
    #[must_use]
    pub fn score_entries(&self, candidates: &[&Host<'_>], weights: ScoreWeights) -> Vec<Candidate> {
        let one = |host: &&Host<'_>| self.candidate(host, Parts::default(), weights);
        candidates.iter().map(one).collect()
    }

    fn candidate(&self, host: &Host<'_>, parts: Parts, weights: ScoreWeights) -> Candidate {
        let met = self.preferred.iter().filter(|(_, _, meaning)| meaning.holds(host, false));
        let sum: i64 = met.clone().map(|(_, weight, _)| weight).sum();
        let affinity = MOST.saturating_mul(sum).checked_div(self.most).unwrap_or(0);
        let parts = Parts { affinity, ..parts };
        let met = met.map(|(index, ..)| *index).collect();
        let (node, total) = (host.node.name.clone(), parts.total(weights));
        Candidate { node, rank: 0, total, parts, met }
    }
}
