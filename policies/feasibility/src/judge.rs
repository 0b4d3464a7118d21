//! Which nodes pass every filter for a pod, and which plugins reject each of the others.
//!
//! A plain reading of the scheduler, meant to be obviously right rather than fast. Semantics:
//! `findNodesThatFitPod` of `pkg/scheduler/schedule_one.go`, `RunPreFilterPlugins` and
//! `RunFilterPluginsWithNominatedPods` of `pkg/scheduler/framework/runtime/framework.go`.

pub(crate) mod trial;

use std::collections::{BTreeMap, BTreeSet};

use crate::filter::cycle::{Cycle, Host, cycle, taken};
use crate::filter::reason::Reason;
use crate::filter::{
    Code, Plugin, Rejection, Stage, Verdict, inter_pod_affinity, node_affinity, node_name,
    node_ports, node_resources_fit, node_unschedulable, node_volume_limits, pod_topology_spread,
    taint_toleration, volume_binding, volume_restrictions, volume_zone,
};
use crate::inventory::Inventory;
use crate::inventory::pod::{HostPort, Pod};
use crate::inventory::requests::{Resizing, Resources};
use crate::score::{Score, score};

/// What differs between versions of the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Semantics {
    /// kubernetes#141526: a namespace selector of the pod to be placed that is not empty but is met
    /// by the empty set of labels means every namespace.
    pub negative_namespace_selectors_match_all: bool,
    /// The reason of a taint says which taint it is.
    pub taint_named: bool,
    /// How the requests of pods that are resized in place are put together.
    pub resizing: Resizing,
    /// A node is scored by how its balance changes, not by the balance that results.
    pub balance_by_change: bool,
    /// Volumes that are images count when images are scored.
    pub image_volumes: bool,
    /// `NodeName` runs first, and its pre-filter lets only the named node through.
    pub names_narrow: bool,
    /// The plugin `DynamicResources` is there.
    pub claims_devices: bool,
    /// `DynamicResources` says of a pod without claims that there are none to deallocate.
    pub no_claims_told: bool,
    /// `DynamicResources` scores; pods without claims get no points.
    pub devices_scored: bool,
    /// The plugin `NodeDeclaredFeatures` is there.
    pub declared_features: bool,
    /// `VolumeBinding` scores volumes by how full they get.
    pub volumes_scored: bool,
    /// Of several budgets that cover a pod, all are charged before one is found to be violated.
    pub budgets_all_charged: bool,
    /// A node that does not list an extended resource can have devices of a class that stands for it
    /// (`DRAExtendedResource`, on by default).
    pub claimed_extended_resources: bool,
}

impl Semantics {
    /// The switches of the server's minor version, `34` for 1.34.
    #[must_use]
    pub fn of_minor(minor: u32) -> Self {
        Self {
            negative_namespace_selectors_match_all: minor < 37,
            taint_named: minor < 35,
            resizing: match minor {
                ..36 => Resizing::ByContainer,
                36 => Resizing::WithPodLevel,
                37.. => Resizing::ByPod,
            },
            balance_by_change: minor >= 36,
            image_volumes: minor >= 36,
            names_narrow: minor >= 37,
            claims_devices: minor >= 34,
            no_claims_told: minor < 37,
            devices_scored: minor >= 35,
            declared_features: minor >= 36,
            volumes_scored: minor >= 37,
            budgets_all_charged: minor < 37,
            claimed_extended_resources: minor >= 36,
        }
    }
}

/// What the scheduler would find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement<'a> {
    /// Every node, in the order of their names.
    pub nodes: Vec<NodeJudgement<'a>>,
    /// What rejects all nodes at once, before any is looked at.
    pub pre_filter: Option<Objection>,
    /// The only nodes that are looked at, if the pod names them.
    pub pre_filter_nodes: Option<BTreeSet<String>>,
    /// The plugins that have nothing to say of the pod; not known if a pre-filter rejects.
    pub skipped: Vec<Plugin>,
}

/// What the scheduler would find of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeJudgement<'a> {
    /// Its name.
    pub node: &'a str,
    /// What the scheduler would say; `None`: the node is feasible.
    pub first: Option<Objection>,
    /// Every plugin that rejects the node when it is asked alone. Nominated pods are left out, so
    /// this is empty where nothing but room kept for them is in the way.
    pub all: Vec<(Plugin, Rejection)>,
}

/// A rejection as the scheduler tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The plugin that rejects; all that let other nodes through by name; none if these name
    /// different nodes.
    pub plugins: Vec<Plugin>,
    /// How and why.
    pub rejection: Rejection,
}

impl Objection {
    fn of(plugin: Plugin, rejection: Rejection) -> Self {
        Self { plugins: vec![plugin], rejection }
    }
}

impl Judgement<'_> {
    /// The names of the nodes that pass.
    pub fn feasible(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().filter(|node| node.first.is_none()).map(|node| node.node)
    }
}

/// The points of the nodes that pass, as [`score`] gives them; none unless there is a choice
/// between at least two nodes, because the scheduler does not score otherwise, and none for a
/// kubelet, which chooses no node.
#[must_use]
pub fn score_cycle<'a>(cycle: &Cycle<'a>, judgement: &Judgement<'_>) -> BTreeMap<&'a str, Score> {
    let names: BTreeSet<&str> = judgement.feasible().collect();
    let passes = |host: &&Host<'a>| names.contains(host.node.name.as_str());
    let feasible: Vec<&Host<'a>> = cycle.hosts.iter().filter(passes).collect();
    if feasible.len() < 2 || cycle.profile.kubelet {
        return BTreeMap::new();
    }
    score(cycle, &feasible)
}

/// What the pre-filters leave behind.
#[derive(Clone, Debug)]
pub(crate) struct States<'a> {
    node_affinity: Stage<node_affinity::Names>,
    node_ports: Stage<Vec<&'a HostPort>>,
    request: Resources,
    volume_restrictions: Stage<volume_restrictions::State>,
    node_volume_limits: Stage<()>,
    pub(crate) volume_binding: Stage<volume_binding::State<'a>>,
    pub(crate) volume_zone: Stage<Vec<volume_zone::Place<'a>>>,
    spread: Stage<pod_topology_spread::State<'a>>,
    inter_pod: Stage<inter_pod_affinity::State<'a>>,
}

/// How a plugin left its pre-filter.
enum Outcome<'s> {
    Skip,
    Rejected(&'s Rejection),
    Ready,
}

/// Judges every node for the pod, as a scheduler without a configuration does.
#[must_use]
pub fn judge<'a>(inventory: &'a Inventory, pod: &'a Pod, semantics: Semantics) -> Judgement<'a> {
    judge_cycle(&cycle(inventory, pod, semantics))
}

/// As [`judge`], once the pods are on their nodes and the profile is known.
#[must_use]
pub fn judge_cycle<'a>(cycle: &Cycle<'a>) -> Judgement<'a> {
    judge_states(cycle, &pre_filter(cycle))
}

/// As [`judge_cycle`], once the pre-filters have run.
pub(crate) fn judge_states<'a>(cycle: &Cycle<'a>, states: &States<'a>) -> Judgement<'a> {
    let (rejection, narrowed) = match narrow(cycle, states) {
        Ok(narrowed) => (None, narrowed),
        Err(objection) => (Some(objection), None),
    };
    let mut nodes = Vec::new();
    let order = order(cycle);
    for host in &cycle.hosts {
        let first = match (&rejection, &narrowed) {
            (Some(objection), _) => Some(objection.clone()),
            (None, Some((names, plugins))) if !names.contains(&host.node.name) => {
                let rejection = Rejection::unresolvable(Reason::NotNamed(plugins.clone()));
                Some(Objection { plugins: plugins.clone(), rejection })
            }
            _ => reject_first(cycle, states, host, &order),
        };
        let all = reject_all(cycle, states, host);
        nodes.push(NodeJudgement { node: &host.node.name, first, all });
    }
    let skips = |plugin: &Plugin| matches!(states.outcome(*plugin, cycle.pod), Outcome::Skip);
    let skipped = match rejection {
        Some(_) => Vec::new(),
        None => pre_filters(cycle).filter(skips).collect(),
    };
    let pre_filter_nodes = narrowed.map(|(names, _)| names);
    Judgement { nodes, pre_filter: rejection, pre_filter_nodes, skipped }
}

/// The nodes that pass, in their order, without the reasons of the others. Those that are not
/// `wanted`, by their place in the cycle, are left out.
pub fn feasible_nodes<'a>(cycle: &Cycle<'a>, wanted: impl Fn(usize) -> bool) -> Vec<&'a str> {
    let states = pre_filter(cycle);
    let Ok(narrowed) = narrow(cycle, &states) else {
        return Vec::new();
    };
    let order = order(cycle);
    let hosts = cycle.hosts.iter().enumerate().filter(|(at, _)| wanted(*at));
    let named = |host: &Host<'_>| {
        narrowed.as_ref().is_none_or(|(names, _)| names.contains(&host.node.name))
    };
    let passes =
        |host: &&Host<'_>| named(host) && reject_first(cycle, &states, host, &order).is_none();
    hosts.map(|(_, host)| host).filter(passes).map(|host| host.node.name.as_str()).collect()
}

/// Whether any node passes. Of the hosts of the cycle only nodes and pods are read; `complete` gives
/// the one that is looked at with what its pods take.
pub(crate) fn is_feasible<'a>(cycle: &Cycle<'a>, complete: impl Fn(&Host<'a>) -> Host<'a>) -> bool {
    let states = pre_filter(cycle);
    let Ok(narrowed) = narrow(cycle, &states) else {
        return false;
    };
    let order = order(cycle);
    let named = |host: &&Host<'_>| {
        narrowed.as_ref().is_none_or(|(names, _)| names.contains(&host.node.name))
    };
    let mut hosts = cycle.hosts.iter().filter(named);
    hosts.any(|host| reject_first(cycle, &states, &complete(host), &order).is_none())
}

/// The pre-filters of the profile that the version has, in the order of the profile.
fn pre_filters<'c>(cycle: &'c Cycle<'_>) -> impl Iterator<Item = Plugin> + 'c {
    let there = |plugin: &Plugin| plugin.is_there(cycle.semantics);
    cycle.profile.pre_filter.iter().copied().filter(there)
}

/// The filters of the profile that the version has, in the order of the profile.
fn filters<'c>(cycle: &'c Cycle<'_>) -> impl Iterator<Item = Plugin> + 'c {
    let there = |plugin: &Plugin| plugin.is_there(cycle.semantics);
    cycle.profile.filter.iter().copied().filter(there)
}

/// The nodes that pre-filters let through by name, and which plugins those are.
pub(crate) type Narrowed = Option<(BTreeSet<String>, Vec<Plugin>)>;

/// Runs through the pre-filters in order. The first that rejects so that preemption cannot help
/// ends the cycle, and so do two that name different nodes; otherwise the last that rejects does.
pub(crate) fn narrow(cycle: &Cycle<'_>, states: &States<'_>) -> Result<Narrowed, Objection> {
    let mut narrowed: Narrowed = None;
    let mut preemptible = None;
    for plugin in pre_filters(cycle) {
        if let Outcome::Rejected(rejection) = states.outcome(plugin, cycle.pod) {
            let objection = Objection::of(plugin, rejection.clone());
            if rejection.code != Code::Unschedulable {
                return Err(objection);
            }
            preemptible = Some(objection);
            continue;
        }
        let names = match (plugin, &states.node_affinity) {
            (Plugin::NodeName, _) if cycle.semantics.names_narrow => {
                cycle.pod.node.iter().map(|name| name.to_string()).collect()
            }
            (Plugin::NodeAffinity, Stage::Ready(Some(names))) => names.clone(),
            _ => BTreeSet::new(),
        };
        if names.is_empty() {
            continue;
        }
        let (known, mut plugins) = narrowed.unwrap_or_else(|| (names.clone(), Vec::new()));
        plugins.push(plugin);
        plugins.sort_by_key(|plugin| plugin.name());
        let left: BTreeSet<String> = known.intersection(&names).cloned().collect();
        if left.is_empty() {
            let rejection = Rejection::unresolvable(Reason::NamedApart(plugins));
            return Err(Objection { plugins: Vec::new(), rejection });
        }
        narrowed = Some((left, plugins));
    }
    preemptible.map_or(Ok(narrowed), Err)
}

fn pre_filter<'a>(cycle: &Cycle<'a>) -> States<'a> {
    let restrictions = volume_restrictions::pre_filter(cycle);
    let spread = pod_topology_spread::pre_filter(cycle);
    States::with_counts(cycle, restrictions, spread, inter_pod_affinity::pre_filter(cycle))
}

/// The filters in their order, and whether the pre-filter of each has run.
type Order = Vec<(Plugin, bool)>;

fn order(cycle: &Cycle<'_>) -> Order {
    let prepared: BTreeSet<Plugin> = pre_filters(cycle).collect();
    filters(cycle).map(|plugin| (plugin, prepared.contains(&plugin))).collect()
}

/// The first plugin that rejects the node with the nominated pods on it or, if none does, without
/// them.
fn reject_first(
    cycle: &Cycle<'_>,
    states: &States<'_>,
    host: &Host<'_>,
    order: &Order,
) -> Option<Objection> {
    let first = |states: &States<'_>, host: &Host<'_>| {
        order.iter().find_map(|(plugin, prepared)| {
            let verdict = match prepared {
                true => states.filter(*plugin, cycle, host),
                false => states.filter_unprepared(*plugin, cycle, host),
            };
            Some(Objection::of(*plugin, verdict.err()?))
        })
    };
    if let Some((states, host)) = with_nominated(cycle, states, host)
        && let Some(found) = first(&states, &host)
    {
        return Some(found);
    }
    first(states, host)
}

/// Every plugin that rejects the node, each with its pre-filter.
fn reject_all(cycle: &Cycle<'_>, states: &States<'_>, host: &Host<'_>) -> Vec<(Plugin, Rejection)> {
    filters(cycle)
        .filter_map(|plugin| Some((plugin, states.filter(plugin, cycle, host).err()?)))
        .collect()
}

/// The states and the host as if the nominated pods ran there; `None` without any.
fn with_nominated<'a>(
    cycle: &Cycle<'a>,
    states: &States<'a>,
    host: &Host<'a>,
) -> Option<(States<'a>, Host<'a>)> {
    let pods = cycle.nominated.get(host.node.name.as_str())?;
    let (mut states, mut host) = (states.clone(), host.clone());
    for pod in pods {
        states.add(&mut host, pod, &taken(pod, cycle.semantics), cycle);
    }
    Some((states, host))
}

fn outcome<T>(stage: &Stage<T>) -> Outcome<'_> {
    match stage {
        Stage::Skip => Outcome::Skip,
        Stage::Rejected(rejection) => Outcome::Rejected(rejection),
        Stage::Ready(_) => Outcome::Ready,
    }
}

/// Judges with the state that is ready; a skipped plugin passes, a rejected one rejects.
fn staged<T>(stage: &Stage<T>, filter: impl FnOnce(&T) -> Verdict) -> Verdict {
    match stage {
        Stage::Skip => Ok(()),
        Stage::Rejected(rejection) => Err(rejection.clone()),
        Stage::Ready(state) => filter(state),
    }
}

impl<'a> States<'a> {
    /// Counts one more pod on the host.
    fn add(&mut self, host: &mut Host<'a>, pod: &'a Pod, taken: &Resources, cycle: &Cycle<'a>) {
        host.add_taking(pod, taken);
        if let Stage::Ready(state) = &mut self.volume_restrictions {
            state.add(pod);
        }
        if let Stage::Ready(state) = &mut self.spread {
            state.add(pod, cycle.pod, host.node);
        }
        if let Stage::Ready(state) = &mut self.inter_pod {
            state.add(pod, cycle, host.node);
        }
    }

    /// What the pre-filters find, given what those found that count pods.
    pub(crate) fn with_counts(
        cycle: &Cycle<'a>,
        volume_restrictions: Stage<volume_restrictions::State>,
        spread: Stage<pod_topology_spread::State<'a>>,
        inter_pod: Stage<inter_pod_affinity::State<'a>>,
    ) -> Self {
        let added = cycle.profile.added_nodes.is_some();
        let mut request = node_resources_fit::pre_filter(cycle.pod);
        node_resources_fit::ignore(&mut request, &cycle.profile.fit);
        Self {
            node_affinity: match node_affinity::pre_filter(cycle.pod) {
                Stage::Skip if added => Stage::Ready(None),
                stage => stage,
            },
            node_ports: node_ports::pre_filter(cycle.pod),
            request,
            volume_restrictions,
            node_volume_limits: node_volume_limits::pre_filter(cycle.pod),
            volume_binding: volume_binding::pre_filter(cycle),
            volume_zone: volume_zone::pre_filter(cycle),
            spread,
            inter_pod,
        }
    }

    /// What the pre-filters find that look at names and volumes; the others have nothing to say.
    /// `in_use`: does a pod on a node use the claim of this name in the pod's namespace?
    pub(crate) fn of_volumes(
        cycle: &Cycle<'a>,
        node_affinity: Stage<node_affinity::Names>,
        in_use: &dyn Fn(&str) -> bool,
    ) -> Self {
        Self {
            node_affinity,
            node_ports: Stage::Skip,
            request: Resources::default(),
            volume_restrictions: volume_restrictions::pre_filter_with(cycle, in_use),
            node_volume_limits: node_volume_limits::pre_filter(cycle.pod),
            volume_binding: volume_binding::pre_filter(cycle),
            volume_zone: volume_zone::pre_filter(cycle),
            spread: Stage::Skip,
            inter_pod: Stage::Skip,
        }
    }

    fn outcome(&self, plugin: Plugin, pod: &Pod) -> Outcome<'_> {
        match plugin {
            Plugin::NodeUnschedulable
            | Plugin::NodeName
            | Plugin::TaintToleration
            | Plugin::NodeResourcesFit => Outcome::Ready,
            Plugin::NodeAffinity => outcome(&self.node_affinity),
            Plugin::NodePorts => outcome(&self.node_ports),
            Plugin::VolumeRestrictions => outcome(&self.volume_restrictions),
            Plugin::NodeVolumeLimits => outcome(&self.node_volume_limits),
            Plugin::VolumeBinding => outcome(&self.volume_binding),
            Plugin::VolumeZone => outcome(&self.volume_zone),
            Plugin::PodTopologySpread => outcome(&self.spread),
            Plugin::InterPodAffinity => outcome(&self.inter_pod),
            Plugin::DynamicResources if pod.claims_devices => Outcome::Ready,
            Plugin::DynamicResources | Plugin::NodeDeclaredFeatures => Outcome::Skip,
        }
    }

    /// Judges with a filter whose pre-filter the profile does not run.
    fn filter_unprepared(&self, plugin: Plugin, cycle: &Cycle<'_>, host: &Host<'_>) -> Verdict {
        match plugin {
            plugin if plugin.needs_pre_filter() => {
                Err(Rejection::error(Reason::NotPrepared(plugin)))
            }
            Plugin::NodeAffinity => {
                node_affinity::filter_added(&cycle.profile.added_nodes, host.node)
                    .and_then(|()| node_affinity::filter(cycle.pod, host.node))
            }
            plugin => self.filter(plugin, cycle, host),
        }
    }

    pub(crate) fn filter(&self, plugin: Plugin, cycle: &Cycle<'_>, host: &Host<'_>) -> Verdict {
        let (pod, node) = (cycle.pod, host.node);
        let profile = cycle.profile.as_ref();
        match plugin {
            Plugin::NodeUnschedulable => node_unschedulable::filter(pod, node),
            Plugin::NodeName => node_name::filter(pod, node),
            Plugin::TaintToleration if profile.kubelet => {
                taint_toleration::filter_running(pod, node)
            }
            Plugin::TaintToleration => taint_toleration::filter(pod, node),
            Plugin::NodeAffinity => staged(&self.node_affinity, |_| {
                node_affinity::filter_added(&profile.added_nodes, node)?;
                node_affinity::filter(pod, node)
            }),
            Plugin::NodePorts => staged(&self.node_ports, |ports| node_ports::filter(ports, host)),
            Plugin::NodeResourcesFit if profile.kubelet => {
                let request = node_resources_fit::without_missing(&self.request, host);
                node_resources_fit::filter(&request, host)
            }
            Plugin::NodeResourcesFit => node_resources_fit::filter(&self.request, host),
            Plugin::VolumeRestrictions => staged(&self.volume_restrictions, |state| {
                volume_restrictions::filter(state, pod, host)
            }),
            Plugin::NodeVolumeLimits => {
                staged(&self.node_volume_limits, |()| node_volume_limits::filter(cycle, host))
            }
            Plugin::VolumeBinding => {
                staged(&self.volume_binding, |state| volume_binding::filter(state, cycle, node))
            }
            Plugin::VolumeZone => {
                staged(&self.volume_zone, |places| volume_zone::filter(places, node))
            }
            Plugin::PodTopologySpread => {
                staged(&self.spread, |state| pod_topology_spread::filter(state, pod, node))
            }
            Plugin::InterPodAffinity => {
                staged(&self.inter_pod, |state| inter_pod_affinity::filter(state, pod, node))
            }
            Plugin::DynamicResources | Plugin::NodeDeclaredFeatures => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::filter::cycle::cycle_of;
    use crate::inventory::node::Node;
    use crate::inventory::pod::{Container, PodSpec};
    use crate::inventory::requests::{Amounts, PODS};
    use crate::profile::Profile;
    use crate::quantity::Quantity;
    use crate::tolerations::Taint;

    fn amounts(pairs: &[(&str, i64)]) -> Amounts {
        pairs.iter().map(|(name, one)| ((*name).to_owned(), Quantity::of_units(*one))).collect()
    }

    fn rejected(profile: Profile) -> Vec<(String, Plugin)> {
        let mut inventory = Inventory::default();
        for (name, effect, devices) in [
            ("cordoned", "NoSchedule", 0),
            ("evicting", "NoExecute", 0),
            ("full", "", 0),
            ("plain", "", 2),
        ] {
            let taint =
                Taint { key: "k".to_owned(), value: String::new(), effect: effect.to_owned() };
            let mut allocatable = amounts(&[(PODS, 9)]);
            if name == "full" || devices > 0 {
                allocatable.extend(amounts(&[("example.com/device", devices)]));
            }
            let taints = vec![taint];
            let node = Node { name: name.to_owned(), taints, allocatable, ..Node::default() };
            inventory.nodes.insert(name.to_owned(), node);
        }
        let requests = amounts(&[("example.com/device", 1)]);
        let containers = vec![Container { requests, ..Container::default() }];
        let pod =
            Pod { spec: PodSpec { containers, ..PodSpec::default() }.into(), ..Pod::default() };
        let cycle = cycle_of(&inventory, &pod, Semantics::of_minor(34), Cow::Owned(profile));
        let judgement = judge_cycle(&cycle);
        assert!(score_cycle(&cycle, &judgement).is_empty());
        let nodes = judgement.nodes.iter();
        let objections = nodes.filter_map(|node| Some((node.node, node.first.as_ref()?)));
        objections
            .flat_map(|(node, first)| first.plugins.iter().map(|one| (node.to_owned(), *one)))
            .collect()
    }

    #[test]
    fn a_kubelet_asks_for_less_than_a_scheduler() {
        let semantics = Semantics::of_minor(34);
        let own = |list: &[(&str, Plugin)]| -> Vec<(String, Plugin)> {
            list.iter().map(|(node, plugin)| ((*node).to_owned(), *plugin)).collect()
        };
        let scheduler = own(&[
            ("cordoned", Plugin::TaintToleration),
            ("evicting", Plugin::TaintToleration),
            ("full", Plugin::NodeResourcesFit),
        ]);
        assert_eq!(rejected(Profile::of(semantics)), scheduler);
        let kubelet =
            own(&[("evicting", Plugin::TaintToleration), ("full", Plugin::NodeResourcesFit)]);
        assert_eq!(rejected(Profile::of_kubelet(semantics)), kubelet);
    }

    #[test]
    fn a_filter_fails_without_the_step_that_it_needs() {
        let semantics = Semantics::of_minor(34);
        let profile = Profile { pre_filter: Vec::new(), ..Profile::of(semantics) };
        let found = rejected(profile);
        assert!(found.contains(&("plain".to_owned(), Plugin::NodePorts)), "{found:?}");
    }
}
