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
use crate::judge::Semantics;

/// The most points that a plugin gives a node.
pub const MOST: i64 = 100;

/// The points of each feasible node, in the order of the nodes.
pub type Points = Option<Vec<i64>>;

/// The score plugins.
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

    /// Does the plugin of the version score?
    #[must_use]
    pub fn is_there(self, semantics: Semantics) -> bool {
        self != Self::DynamicResources || semantics.devices_scored
    }

    /// How much it counts without a configuration (`default_plugins.go`).
    #[must_use]
    pub fn default_weight(self) -> i64 {
        match self {
            Self::TaintToleration => 3,
            Self::NodeAffinity
            | Self::PodTopologySpread
            | Self::InterPodAffinity
            | Self::DynamicResources => 2,
            Self::NodeResourcesFit
            | Self::NodeResourcesBalancedAllocation
            | Self::ImageLocality
            | Self::VolumeBinding => 1,
        }
    }

    /// Does it look at the pod and the cluster once, before it scores nodes (`PreScore`)?
    #[must_use]
    pub fn prepares(self) -> bool {
        !matches!(self, Self::ImageLocality | Self::DynamicResources)
    }

    /// Does the score fail if that step did not run? The others look up again what it would have
    /// left.
    #[must_use]
    pub fn needs_pre_score(self) -> bool {
        matches!(self, Self::TaintToleration | Self::PodTopologySpread | Self::InterPodAffinity)
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

/// Why there are no scores: the scheduler fails where a plugin does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unscored(pub ScorePlugin);

/// Scores the feasible nodes, by name. Nothing if a plugin fails, because the scheduler does then.
#[must_use]
pub fn score<'a>(cycle: &Cycle<'a>, feasible: &[&Host<'a>]) -> BTreeMap<&'a str, Score> {
    let name = |host: &&Host<'a>| (host.node.name.as_str(), Score::default());
    let mut scores: BTreeMap<&str, Score> = feasible.iter().map(name).collect();
    if pre_score(cycle).is_err() {
        return BTreeMap::new();
    }
    for (plugin, weight) in &cycle.profile.weights {
        let Ok(points) = points(*plugin, cycle, feasible) else {
            return BTreeMap::new();
        };
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

/// Does a plugin fail before any node is scored?
fn pre_score(cycle: &Cycle<'_>) -> Result<(), Unscored> {
    let prepares = |plugin| cycle.profile.pre_score.contains(&plugin);
    if prepares(ScorePlugin::NodeAffinity) && node_affinity::is_unreadable(cycle.pod) {
        return Err(Unscored(ScorePlugin::NodeAffinity));
    }
    if prepares(ScorePlugin::VolumeBinding) {
        volume_binding::is_filtered(cycle)?;
    }
    Ok(())
}

/// The points that a plugin of the profile gives, before they are weighted: 0 to [`MOST`] for each
/// feasible node in order, or nothing if it has nothing to say.
///
/// # Errors
///
/// The plugin fails: it needs a step that the profile does not run, the pod has a preference that
/// cannot be read, or it gives less than 0 or more than [`MOST`], which happens beyond 64 bits.
pub fn points(
    plugin: ScorePlugin,
    cycle: &Cycle<'_>,
    feasible: &[&Host<'_>],
) -> Result<Points, Unscored> {
    let profile = cycle.profile.as_ref();
    let prepared = profile.pre_score.contains(&plugin);
    if !plugin.is_there(cycle.semantics) {
        return Ok(None);
    }
    if !prepared && plugin.needs_pre_score() {
        return Err(Unscored(plugin));
    }
    let points = match plugin {
        ScorePlugin::TaintToleration => Some(taint_toleration::score(cycle.pod, feasible)),
        ScorePlugin::NodeAffinity if !prepared && node_affinity::is_unreadable(cycle.pod) => {
            return Err(Unscored(plugin));
        }
        ScorePlugin::NodeAffinity => {
            node_affinity::score(cycle.pod, &profile.added_preferred_nodes, feasible)
        }
        ScorePlugin::NodeResourcesFit => Some(node_resources::fit(cycle, feasible, &profile.fit)),
        ScorePlugin::NodeResourcesBalancedAllocation => {
            node_resources::balanced(cycle, feasible, &profile.balanced)
        }
        ScorePlugin::PodTopologySpread => pod_topology_spread::score(cycle, feasible),
        ScorePlugin::InterPodAffinity => inter_pod_affinity::score(cycle, feasible),
        ScorePlugin::ImageLocality => Some(image_locality::score(cycle, feasible)),
        ScorePlugin::VolumeBinding => volume_binding::score(cycle, feasible)?,
        ScorePlugin::DynamicResources => Some(vec![0; feasible.len()]),
    };
    if points.iter().flatten().any(|points| !(0..=MOST).contains(points)) {
        return Err(Unscored(plugin));
    }
    // Nobody could say before that it has nothing to say.
    let silent = || if prepared { None } else { Some(vec![0; feasible.len()]) };
    Ok(points.or_else(silent))
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
