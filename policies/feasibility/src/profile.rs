//! A scheduler's profile: which plugins run, in which order, with which arguments.
//!
//! Semantics: `pkg/scheduler/apis/config` (`types.go`, `types_pluginargs.go`) with the defaults of
//! `pkg/scheduler/apis/config/v1` (`default_plugins.go`, `defaults.go`). A profile says nothing of
//! what only matters once a node is chosen.

use std::collections::{BTreeMap, BTreeSet};

use crate::filter::{PLUGINS, Plugin};
use crate::inventory::pod::{Pod, TopologySpread, Weighted, WhenUnsatisfiable};
use crate::inventory::requests::{CPU, MEMORY};
use crate::judge::Semantics;
use crate::node_terms::{NodeSet, NodeTerm};
use crate::score::{MOST, SCORE_PLUGINS, ScorePlugin};

/// The scheduler of pods that name none.
pub const DEFAULT_SCHEDULER: &str = "default-scheduler";

/// The node label of the host.
pub const HOSTNAME: &str = "kubernetes.io/hostname";
/// The node label of the zone.
pub const ZONE: &str = "topology.kubernetes.io/zone";

/// How one scheduler judges and scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name by which pods ask for it.
    pub scheduler: String,
    /// The names of all profiles of the same process: nominated pods of other schedulers are not
    /// in its queue, so it keeps no room for them.
    pub served: BTreeSet<String>,
    /// The pre-filters, in the order in which they run. Plugins without one may be among them.
    pub pre_filter: Vec<Plugin>,
    /// The filters, in the order in which they run. Those that the server's version does not have
    /// are passed over.
    pub filter: Vec<Plugin>,
    /// Which plugins prepare their scores.
    pub pre_score: BTreeSet<ScorePlugin>,
    /// How much each score plugin counts, at least 1; the others do not run.
    pub weights: BTreeMap<ScorePlugin, i64>,
    /// `NodeResourcesFit`.
    pub fit: Fit,
    /// `NodeResourcesBalancedAllocation`: the resources that it looks at.
    pub balanced: Vec<String>,
    /// `InterPodAffinity`: what a required affinity term of an existing pod counts for a pod that
    /// it selects, 0 to 100.
    pub hard_pod_affinity_weight: i64,
    /// `InterPodAffinity`: preferences of existing pods do not count for a pod without any.
    pub ignore_preferred_terms_of_existing_pods: bool,
    /// `NodeAffinity`: what every pod asks of its node besides its own terms.
    pub added_nodes: NodeSet,
    /// `NodeAffinity`: what every pod prefers besides its own preferences.
    pub added_preferred_nodes: Vec<Weighted<NodeTerm>>,
    /// `PodTopologySpread`.
    pub default_spread: DefaultSpread,
    /// `VolumeBinding`: the points of a node by how full its volumes get.
    pub volume_shape: Vec<ShapePoint>,
    /// These are the checks of a kubelet: taints count only with the effect `NoExecute`, and
    /// extended resources that the node does not have are passed over.
    pub kubelet: bool,
    /// `percentageOfNodesToScore`: the scheduler stops looking for nodes once so many percent pass;
    /// 0 leaves it to the scheduler. Verdicts are about every node, so nothing here reads it.
    pub percentage_of_nodes_to_score: i32,
}

/// The arguments of `NodeResourcesFit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Extended resources that the filter passes over.
    pub ignored_resources: BTreeSet<String>,
    /// The parts before the `/` of extended resources that the filter passes over.
    pub ignored_resource_groups: BTreeSet<String>,
    /// How it scores.
    pub strategy: Strategy,
    /// The resources that the score looks at, and their weights, 1 to 100.
    pub resources: Vec<(String, i64)>,
}

/// How `NodeResourcesFit` scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// The more stays free, the better.
    LeastAllocated,
    /// The less stays free, the better.
    MostAllocated,
    /// As the shape says, by the share that is taken.
    RequestedToCapacityRatio(Vec<ShapePoint>),
}

/// A point of a function that is linear between its points and flat outside of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapePoint {
    /// The share that is taken, in percent, 0 to 100; ascending over the points.
    pub utilization: i64,
    /// The points there, 0 to [`MOST`].
    pub score: i64,
}

/// The spread constraints of pods that have none and belong to a service or a controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultSpread {
    /// `defaultingType: System`: nodes without the key of a constraint are scored by the others.
    pub system: bool,
    /// The constraints; their selectors are those of the services and the controller.
    pub constraints: Vec<TopologySpread>,
}

impl Default for Profile {
    /// The default profile of the version that placecard takes for granted.
    fn default() -> Self {
        Self::of(Semantics::of_minor(34))
    }
}

impl Profile {
    /// The profile of a scheduler without a configuration file.
    #[must_use]
    pub fn of(semantics: Semantics) -> Self {
        let plugins = default_plugins(semantics);
        let weights = SCORE_PLUGINS.iter().filter(|plugin| plugin.is_there(semantics));
        let resources = [CPU, MEMORY].map(str::to_owned);
        Self {
            scheduler: DEFAULT_SCHEDULER.to_owned(),
            served: BTreeSet::from([DEFAULT_SCHEDULER.to_owned()]),
            pre_filter: plugins.clone(),
            filter: plugins,
            pre_score: SCORE_PLUGINS.into_iter().filter(|plugin| plugin.prepares()).collect(),
            weights: weights.map(|plugin| (*plugin, plugin.default_weight())).collect(),
            fit: Fit {
                ignored_resources: BTreeSet::new(),
                ignored_resource_groups: BTreeSet::new(),
                strategy: Strategy::LeastAllocated,
                resources: resources.iter().map(|name| (name.clone(), 1)).collect(),
            },
            balanced: resources.to_vec(),
            hard_pod_affinity_weight: 1,
            ignore_preferred_terms_of_existing_pods: false,
            added_nodes: None,
            added_preferred_nodes: Vec::new(),
            default_spread: DefaultSpread::system(),
            volume_shape: default_volume_shape(),
            kubelet: false,
            percentage_of_nodes_to_score: 0,
        }
    }

    /// Is the pod in the queue of this scheduler while it is pending?
    #[must_use]
    pub fn serves(&self, pod: &Pod) -> bool {
        self.served.contains(pod.scheduler_name())
    }

    /// What a kubelet enforces on its own, whoever chose the node (`generalFilter` of
    /// `pkg/kubelet/lifecycle/predicate.go`, `AdmissionCheck` of `pkg/scheduler/eventhandlers.go`).
    /// It scores nothing.
    #[must_use]
    pub fn of_kubelet(semantics: Semantics) -> Self {
        let plugins = vec![
            Plugin::NodeResourcesFit,
            Plugin::NodeAffinity,
            Plugin::NodeName,
            Plugin::NodePorts,
            Plugin::TaintToleration,
        ];
        Self {
            scheduler: String::new(),
            served: BTreeSet::new(),
            pre_filter: plugins.clone(),
            filter: plugins,
            pre_score: BTreeSet::new(),
            weights: BTreeMap::new(),
            kubelet: true,
            ..Self::of(semantics)
        }
    }
}

impl DefaultSpread {
    /// `defaultingType: System` (`plugins/podtopologyspread/plugin.go`).
    #[must_use]
    pub fn system() -> Self {
        let constraint = |key: &str, max_skew| TopologySpread {
            max_skew,
            topology_key: key.to_owned(),
            when_unsatisfiable: WhenUnsatisfiable::ScheduleAnyway,
            selector: None,
            min_domains: 1,
            honor_affinity: true,
            honor_taints: false,
        };
        Self { system: true, constraints: vec![constraint(HOSTNAME, 3), constraint(ZONE, 5)] }
    }
}

/// The filter plugins of the version, in the order in which they run without a configuration.
#[must_use]
pub fn default_plugins(semantics: Semantics) -> Vec<Plugin> {
    let mut plugins = PLUGINS.to_vec();
    if semantics.names_narrow {
        plugins.swap(0, 1);
    }
    plugins.retain(|plugin| plugin.is_there(semantics));
    plugins
}

/// The emptier the volumes stay, the better (`SetDefaults_VolumeBindingArgs`).
#[must_use]
pub fn default_volume_shape() -> Vec<ShapePoint> {
    vec![ShapePoint { utilization: 0, score: MOST }, ShapePoint { utilization: 100, score: 0 }]
}

/// The value of the function at a share in percent (`BuildBrokenLinearFunction` of
/// `plugins/helper/shape_score.go`); 0 without any point.
#[must_use]
pub fn shape_score(shape: &[ShapePoint], utilization: i64) -> i64 {
    let mut before: Option<ShapePoint> = None;
    for point in shape {
        if utilization <= point.utilization {
            let Some(before) = before else {
                return point.score;
            };
            let rise = point.score.wrapping_sub(before.score);
            let along = utilization.wrapping_sub(before.utilization);
            let width = point.utilization.wrapping_sub(before.utilization);
            let share = rise.wrapping_mul(along).checked_div(width).unwrap_or(0);
            return before.score.wrapping_add(share);
        }
        before = Some(*point);
    }
    before.map_or(0, |last| last.score)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(utilization: i64, score: i64) -> ShapePoint {
        ShapePoint { utilization, score }
    }

    #[test]
    fn a_shape_is_linear_between_its_points() {
        let shape = [point(10, 100), point(20, 0), point(50, 70)];
        let table =
            [(-5, 100), (0, 100), (10, 100), (13, 70), (20, 0), (21, 2), (50, 70), (100, 70)];
        for (utilization, score) in table {
            assert_eq!(shape_score(&shape, utilization), score, "{utilization}");
        }
        assert_eq!(shape_score(&[], 7), 0);
        // Points that no configuration may have do no harm.
        assert_eq!(shape_score(&[point(5, 1), point(5, 2)], 5), 1);
        assert_ne!(shape_score(&[point(i64::MIN, 1), point(i64::MAX, i64::MIN)], 5), 0);
    }

    #[test]
    fn the_default_profile_is_that_of_the_version() {
        let names = |minor| {
            let profile = Profile::of(Semantics::of_minor(minor));
            profile.filter.iter().map(|plugin| plugin.name()).collect::<Vec<_>>()
        };
        assert_eq!(names(33).len(), 12);
        assert_eq!(names(34).last(), Some(&"DynamicResources"));
        assert_eq!(names(36).last(), Some(&"NodeDeclaredFeatures"));
        assert_eq!(names(36).first(), Some(&"NodeUnschedulable"));
        assert_eq!(names(37).first(), Some(&"NodeName"));
    }
}
