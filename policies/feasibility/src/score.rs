//! The scheduler's scores, one a file: which of the feasible nodes is best?
//!
//! A score that has nothing to say of the pod is left out ([`None`]). The others give each feasible
//! node 0 to [`MOST`] points, which count as often as their weight says.

pub mod image_locality;
pub mod inter_pod_affinity;
pub mod node_affinity;
pub mod node_resources;
pub mod pod_topology_spread;
pub mod taint_toleration;
pub mod volume_binding;

use std::collections::BTreeMap;

use crate::filter::cycle::{Cycle, Host};
use crate::inventory::requests::{CPU, MEMORY};

/// The most points that a plugin gives a node.
pub const MOST: i64 = 100;

/// The points of each feasible node, in the order of the nodes.
pub type Points = Option<Vec<i64>>;

/// The score plugins of the default profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScorePlugin {
    /// Taints that are only to be avoided.
    TaintToleration,
    /// Preferred node affinity.
    NodeAffinity,
    /// How much stays free.
    NodeResourcesFit,
    /// Soft spread constraints.
    PodTopologySpread,
    /// Preferred pod affinity and anti-affinity.
    InterPodAffinity,
    /// How evenly resources are used.
    NodeResourcesBalancedAllocation,
    /// Images that are already there.
    ImageLocality,
    /// How full volumes get.
    VolumeBinding,
    /// Which devices are taken; this crate does not judge them.
    DynamicResources,
}

/// All plugins.
pub const SCORE_PLUGINS: [ScorePlugin; 9] = [
    ScorePlugin::TaintToleration,
    ScorePlugin::NodeAffinity,
    ScorePlugin::NodeResourcesFit,
    ScorePlugin::PodTopologySpread,
    ScorePlugin::InterPodAffinity,
    ScorePlugin::NodeResourcesBalancedAllocation,
    ScorePlugin::ImageLocality,
    ScorePlugin::VolumeBinding,
    ScorePlugin::DynamicResources,
];

impl ScorePlugin {
    /// The scheduler's name of the plugin.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TaintToleration => "TaintToleration",
            Self::NodeAffinity => "NodeAffinity",
            Self::NodeResourcesFit => "NodeResourcesFit",
            Self::PodTopologySpread => "PodTopologySpread",
            Self::InterPodAffinity => "InterPodAffinity",
            Self::NodeResourcesBalancedAllocation => "NodeResourcesBalancedAllocation",
            Self::ImageLocality => "ImageLocality",
            Self::VolumeBinding => "VolumeBinding",
            Self::DynamicResources => "DynamicResources",
        }
    }
}

/// How a scheduler scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// How much each plugin counts; the others do not run.
    pub weights: BTreeMap<ScorePlugin, i64>,
    /// The resources that `NodeResourcesFit` looks at, and their weights.
    pub fit: Vec<(String, i64)>,
    /// The resources that `NodeResourcesBalancedAllocation` looks at.
    pub balanced: Vec<String>,
    /// What a required affinity term of an existing pod counts for a pod that it selects.
    pub hard_pod_affinity_weight: i64,
}

impl Default for Profile {
    /// `pkg/scheduler/apis/config/v1` (`default_plugins.go`, `defaults.go`).
    fn default() -> Self {
        let weight = |plugin| match plugin {
            ScorePlugin::TaintToleration => 3,
            ScorePlugin::NodeAffinity
            | ScorePlugin::PodTopologySpread
            | ScorePlugin::InterPodAffinity
            | ScorePlugin::DynamicResources => 2,
            ScorePlugin::NodeResourcesFit
            | ScorePlugin::NodeResourcesBalancedAllocation
            | ScorePlugin::ImageLocality
            | ScorePlugin::VolumeBinding => 1,
        };
        let resources = [CPU, MEMORY].map(str::to_owned);
        Self {
            weights: SCORE_PLUGINS.iter().map(|plugin| (*plugin, weight(*plugin))).collect(),
            fit: resources.iter().map(|name| (name.clone(), 1)).collect(),
            balanced: resources.to_vec(),
            hard_pod_affinity_weight: 1,
        }
    }
}

/// The points of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// All of them.
    pub total: i64,
    /// Those of each plugin that has something to say, times its weight.
    pub by_plugin: BTreeMap<ScorePlugin, i64>,
}

/// Scores the feasible nodes, by name. Nothing if a plugin gives less than 0 or more than [`MOST`]
/// points, which happens beyond 64 bits: the scheduler fails then.
#[must_use]
pub fn score<'a>(
    cycle: &Cycle<'a>,
    feasible: &[&Host<'a>],
    profile: &Profile,
) -> BTreeMap<&'a str, Score> {
    let name = |host: &&Host<'a>| (host.node.name.as_str(), Score::default());
    let mut scores: BTreeMap<&str, Score> = feasible.iter().map(name).collect();
    for (plugin, weight) in &profile.weights {
        let points = points(*plugin, cycle, feasible, profile);
        if points.iter().flatten().any(|points| !(0..=MOST).contains(points)) {
            return BTreeMap::new();
        }
        for (host, points) in feasible.iter().zip(points.into_iter().flatten()) {
            if let Some(score) = scores.get_mut(host.node.name.as_str()) {
                let weighted = points.saturating_mul(*weight);
                score.total = score.total.saturating_add(weighted);
                score.by_plugin.insert(*plugin, weighted);
            }
        }
    }
    scores
}

fn points(
    plugin: ScorePlugin,
    cycle: &Cycle<'_>,
    feasible: &[&Host<'_>],
    profile: &Profile,
) -> Points {
    match plugin {
        ScorePlugin::TaintToleration => Some(taint_toleration::score(cycle.pod, feasible)),
        ScorePlugin::NodeAffinity => node_affinity::score(cycle.pod, feasible),
        ScorePlugin::NodeResourcesFit => {
            Some(node_resources::least_allocated(cycle, feasible, &profile.fit))
        }
        ScorePlugin::NodeResourcesBalancedAllocation => {
            node_resources::balanced(cycle, feasible, &profile.balanced)
        }
        ScorePlugin::PodTopologySpread => pod_topology_spread::score(cycle, feasible),
        ScorePlugin::InterPodAffinity => {
            inter_pod_affinity::score(cycle, feasible, profile.hard_pod_affinity_weight)
        }
        ScorePlugin::ImageLocality => Some(image_locality::score(cycle, feasible)),
        ScorePlugin::VolumeBinding => volume_binding::score(cycle, feasible),
        ScorePlugin::DynamicResources => {
            cycle.semantics.devices_scored.then(|| vec![0; feasible.len()])
        }
    }
}

/// Scales to 0 to [`MOST`] by the largest value. `reverse`: the largest value is the worst.
fn scaled(values: Vec<i64>, reverse: bool) -> Vec<i64> {
    let largest = values.iter().copied().max().unwrap_or(0);
    let scale = |value: i64| {
        let share = if largest > 0 { MOST.saturating_mul(value) / largest } else { 0 };
        if reverse { MOST - share } else { share }
    };
    values.into_iter().map(scale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_scaled_by_the_largest() {
        assert_eq!(scaled(vec![0, 1, 3], false), [0, 33, 100]);
        assert_eq!(scaled(vec![0, 1, 3], true), [100, 67, 0]);
        assert_eq!(scaled(vec![0, 0], false), [0, 0]);
        assert_eq!(scaled(vec![0, 0], true), [100, 100]);
        assert_eq!(scaled(Vec::new(), true), [0; 0]);
    }
}
