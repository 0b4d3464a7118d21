//! Changes that would let the pod fit, each tried out: the changed pod is judged like any other.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use placecard_feasibility::filter::Plugin;
use placecard_feasibility::filter::cycle::{Cycle, taken};
use placecard_feasibility::inventory::pod::{Pod, WhenUnsatisfiable};
use placecard_feasibility::inventory::requests::{MEMORY, Resources, requests};
use placecard_feasibility::judge::{Judgement, feasible_nodes, judge_cycle};
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::tolerations::{Taint, Toleration, TolerationOperator};

use super::amounts::{amount_of, lower};
use super::blockers::Amounts;
use super::cover::Demand;
use super::facts::{Fact, Lack};
use super::groups::{Group, Holder, HolderOf, Shared, holder_of, is_closed_for_good};
use super::rest::Rest;

/// A change of the pod, or of what runs already.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    /// Tolerate a taint.
    Tolerate(Taint),
    /// Ask for less of a resource.
    Lower {
        /// Which.
        resource: String,
        /// The amount asked for; thousandths of CPU.
        from: i64,
        /// The amount that fits.
        to: i64,
    },
    /// Allow one more value of a node label.
    Allow {
        /// The requirement that there is.
        requirement: Requirement,
        /// The value.
        value: String,
    },
    /// Honour taints where the spread constraint at this index counts domains.
    HonorTaints(usize),
    /// Do not demand this of the label.
    DropLabel(Requirement),
    /// Prefer the node terms, do not require them.
    PreferNodeTerms,
    /// Prefer what the spread constraint at this index demands.
    PreferSpread(usize),
    /// Prefer the pod affinity.
    PreferAffinity,
    /// Prefer the anti-affinity term at this index.
    PreferAntiAffinity(usize),
    /// Do without a host port.
    DropPort(i32),
    /// Move pods of a controller off a node.
    Move {
        /// The controller.
        holder: Holder,
        /// Its pods, by name.
        pods: BTreeSet<String>,
        /// The node.
        node: String,
    },
    /// Rank above the pods of a controller, so that the scheduler takes them away.
    Outrank {
        /// The controller.
        holder: Holder,
        /// The highest priority of its pods.
        priority: i32,
    },
    /// Have the anti-affinity of a controller's pods match fewer pods.
    Narrow {
        /// The controller.
        holder: Holder,
    },
}

impl Edit {
    /// The demand of the pod that is edited; `None` if something else is.
    #[must_use]
    pub fn demand(&self) -> Option<Demand> {
        Some(match self {
            Self::Tolerate(_) => Demand::Tolerations,
            Self::Lower { resource, .. } => Demand::Resource(resource.clone()),
            Self::Allow { requirement, .. } | Self::DropLabel(requirement) => {
                Demand::Label(requirement.clone())
            }
            Self::PreferNodeTerms => Demand::NodeTerms,
            Self::HonorTaints(index) | Self::PreferSpread(index) => {
                Demand::Of(Fact::Spread(*index))
            }
            Self::PreferAffinity => Demand::Of(Fact::Affinity),
            Self::PreferAntiAffinity(index) => Demand::Of(Fact::AntiAffinity(*index)),
            Self::DropPort(port) => Demand::Of(Fact::Port(*port)),
            Self::Move { .. } | Self::Narrow { .. } | Self::Outrank { .. } => return None,
        })
    }
}

/// A way out: what is to be changed, and which nodes then fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// One change, or several that help only together.
    pub edits: Vec<Edit>,
    /// The nodes that then fit; not empty.
    pub nodes: Vec<String>,
}

/// What changes are tried out on.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) cycle: &'a Cycle<'a>,
    pub(crate) rest: &'a Rest<'a>,
    /// Of that cycle.
    pub(crate) judgement: &'a Judgement<'a>,
}

/// Ways out that are shown.
const MOST_WAYS: usize = 4;
/// Changes that are tried out: each costs a judgement of all nodes.
const MOST_TRIALS: usize = 24;
/// As many are tried on however many nodes.
const LEAST_TRIALS: usize = 3;
/// Nodes that are judged for all changes together; all of [`MOST_TRIALS`] on 10,000.
const MOST_JUDGED: usize = 240_000;
/// Changes that help only together.
const MOST_TOGETHER: usize = 3;
/// One mebibyte.
const STEP: i64 = 1 << 20;
/// Values of a label that are tried.
const MOST_VALUES: usize = 3;

/// The ways out that open at least one node, the smallest change first; and whether there are so
/// many nodes that changes were left out which would be tried on fewer.
#[must_use]
pub(crate) fn ways_out(view: &View<'_>, groups: &[Group]) -> (Vec<Way>, bool) {
    let mut tried: BTreeSet<Vec<Edit>> = BTreeSet::new();
    let mut ways = Vec::new();
    let most = most_trials(view.cycle.hosts.len());
    let mut cut = false;
    for edits in candidates(view, groups) {
        if tried.len() >= most || !tried.insert(edits.clone()) {
            cut |= tried.len() < MOST_TRIALS && !tried.contains(&edits);
            continue;
        }
        let nodes = try_out(view, &edits);
        if !nodes.is_empty() {
            ways.push(Way { edits, nodes });
        }
    }
    ways.sort_by_cached_key(|way| {
        let costs = way.edits.iter().map(cost);
        let together = way.edits.len().saturating_sub(1);
        (costs.max().unwrap_or_default(), together, Reverse(way.nodes.len()), way.edits.clone())
    });
    let single = ways.iter().any(|way| way.edits.len() == 1);
    let mut shown: Vec<Way> = Vec::new();
    for way in ways {
        // Several changes where one would do, or a rule dropped where a value would do, help nobody.
        let costs = |way: &Way| way.edits.iter().map(cost).max();
        let same = |known: &Way| {
            known.nodes == way.nodes && costs(known) == Some(0) && costs(&way) == Some(1)
        };
        let too_much = single && way.edits.len() > 1;
        if !too_much && !shown.iter().any(same) {
            shown.push(way);
        }
    }
    shown.truncate(MOST_WAYS);
    (shown, cut)
}

/// How many changes are tried out on so many nodes.
fn most_trials(nodes: usize) -> usize {
    (MOST_JUDGED / nodes.max(1)).clamp(LEAST_TRIALS, MOST_TRIALS)
}

/// How much a change asks of people: a value, a rule, other people's pods.
fn cost(edit: &Edit) -> u32 {
    match edit {
        Edit::Tolerate(_) | Edit::Lower { .. } | Edit::Allow { .. } | Edit::HonorTaints(_) => 0,
        Edit::DropLabel(_)
        | Edit::PreferNodeTerms
        | Edit::PreferSpread(_)
        | Edit::PreferAffinity
        | Edit::PreferAntiAffinity(_)
        | Edit::DropPort(_) => 1,
        Edit::Move { .. } | Edit::Narrow { .. } => 2,
        Edit::Outrank { .. } => 3,
    }
}

/// For each group, nearest first: what answers its only fact, or all of its facts together.
fn candidates(view: &View<'_>, groups: &[Group]) -> Vec<Vec<Edit>> {
    let mut found = Vec::new();
    // What takes more changes than people would make together is not looked into.
    for group in groups.iter().filter(|group| group.facts.len() <= MOST_TOGETHER) {
        let answers: Vec<Vec<Edit>> =
            group.facts.iter().map(|shared| edits(view, group, shared)).collect();
        if let [only] = answers.as_slice() {
            found.extend(only.iter().map(|edit| vec![edit.clone()]));
            continue;
        }
        let together: Option<Vec<Edit>> =
            answers.iter().map(|edits| edits.first().cloned()).collect();
        found.extend(together.map(|mut edits| {
            edits.sort();
            edits
        }));
    }
    found
}

/// What would answer a fact, the smallest change first.
fn edits(view: &View<'_>, group: &Group, shared: &Shared) -> Vec<Edit> {
    let pod = view.cycle.pod;
    match &shared.fact {
        Fact::Taint(taint) if is_closed_for_good(taint) => Vec::new(),
        Fact::Taint(taint) => vec![Edit::Tolerate(taint.clone())],
        Fact::Label { requirement, there } => {
            let values = shared.values.iter().take(MOST_VALUES).filter(|_| *there);
            let allow = |value: &String| Edit::Allow {
                requirement: requirement.clone(),
                value: value.clone(),
            };
            let positive = requirement.operator == Operator::In;
            let allowed = values.filter(|_| positive).map(allow);
            allowed.chain([Edit::DropLabel(requirement.clone())]).collect()
        }
        Fact::NodeTerms => vec![Edit::PreferNodeTerms],
        Fact::Resource { name, lack } => {
            let from = amount_of(&Resources::of(&requests(pod, None)), name);
            let mut edits = Vec::new();
            if shared.free > 0 && *lack != Lack::None {
                let to = rounded_down(name, shared.free);
                edits.push(Edit::Lower { resource: name.clone(), from, to });
            }
            if *lack == Lack::Taken {
                edits.extend(fewest_to_move(view, group, name, from));
                edits.extend(outrank(view, shared));
            }
            edits
        }
        Fact::Spread(index) => {
            let honors = pod.spread.get(*index).is_none_or(|spread| spread.honor_taints);
            let honor = (!honors).then_some(Edit::HonorTaints(*index));
            honor.into_iter().chain([Edit::PreferSpread(*index)]).collect()
        }
        Fact::SpreadKey(index) => vec![Edit::PreferSpread(*index)],
        Fact::Affinity => vec![Edit::PreferAffinity],
        Fact::AntiAffinity(index) => vec![Edit::PreferAntiAffinity(*index)],
        Fact::Port(port) => vec![Edit::DropPort(*port)],
        Fact::Repelled(_) => {
            let first = shared.holders.first().map(|(holder, _)| holder.clone());
            first.map(|holder| Edit::Narrow { holder }).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// A higher priority than that of the pods that have most of a resource.
fn outrank(view: &View<'_>, shared: &Shared) -> Option<Edit> {
    let (holder, _) = shared.holders.first()?;
    let View { cycle, rest, .. } = view;
    if cycle.pod.never_preempts {
        return None;
    }
    let theirs = rest.held_by(cycle, holder.borrowed()).map(|tenant| tenant.spec.priority);
    let priority = theirs.max().filter(|priority| *priority >= cycle.pod.priority)?;
    Some(Edit::Outrank { holder: holder.clone(), priority })
}

/// An amount that people write: memory in whole mebibytes.
fn rounded_down(resource: &str, amount: i64) -> i64 {
    let step = if resource == MEMORY && amount > STEP { STEP } else { 1 };
    amount / step * step
}

/// The fewest pods of one controller whose leaving frees enough of a resource on a node.
fn fewest_to_move(view: &View<'_>, group: &Group, resource: &str, asked: i64) -> Option<Edit> {
    let names: BTreeSet<&str> = group.nodes.iter().map(String::as_str).collect();
    let hosts = view.cycle.hosts.iter().filter(|host| names.contains(host.node.name.as_str()));
    let mut amounts = Amounts::new(resource, view.cycle.semantics);
    let mut best: Option<Edit> = None;
    for host in hosts {
        let free = amount_of(&host.allocatable, resource)
            .saturating_sub(amount_of(&host.requested, resource));
        let tenants = view.rest.tenants(host);
        let mut pods: Vec<(HolderOf<'_>, Reverse<i64>, &str)> = tenants
            .iter()
            .map(|one| (holder_of(one), Reverse(amounts.of(one.spec)), one.name))
            .collect();
        pods.sort_unstable();
        for of_one in pods.chunk_by(|a, b| a.0 == b.0) {
            let mut freed = free;
            let mut moved = BTreeSet::new();
            for (_, Reverse(amount), name) in of_one {
                if freed >= asked {
                    break;
                }
                freed = freed.saturating_add(*amount);
                moved.insert(*name);
            }
            let fewer = match &best {
                Some(Edit::Move { pods, .. }) => moved.len() < pods.len(),
                _ => true,
            };
            if freed >= asked && !moved.is_empty() && fewer {
                best = of_one.first().map(|(holder, ..)| Edit::Move {
                    holder: Holder::from(holder),
                    pods: moved.into_iter().map(str::to_owned).collect(),
                    node: host.node.name.clone(),
                });
            }
        }
        if matches!(&best, Some(Edit::Move { pods, .. }) if pods.len() == 1) {
            break;
        }
    }
    best
}

/// The nodes that fit once everything is changed.
fn try_out(view: &View<'_>, edits: &[Edit]) -> Vec<String> {
    let cycle = view.cycle;
    let mut pod = cycle.pod.clone();
    // From the end, so that indices stay what they are.
    if !edits.iter().rev().all(|edit| change(&mut pod, edit)) {
        return Vec::new();
    }
    let mut changed = cycle.for_pod(&pod);
    if edits.iter().any(|edit| matches!(edit, Edit::Outrank { .. })) {
        // No filter reads the pod's own priority.
        return match edits {
            [_] => view.rest.nodes_with_room(&changed, view.judgement),
            _ => view.rest.nodes_with_room(&changed, &judge_cycle(&changed)),
        };
    }
    let narrowed: Vec<Vec<Option<Pod>>> = match edits.iter().any(|edit| cost(edit) == 2) {
        true => rearrange(view, &mut changed, edits),
        false => Vec::new(),
    };
    for (host, replaced) in changed.hosts.iter_mut().zip(&narrowed) {
        for (other, replaced) in host.pods.iter_mut().zip(replaced) {
            *other = replaced.as_ref().unwrap_or(*other);
        }
    }
    let stays_shut = |at: usize| {
        let node = view.judgement.nodes.get(at);
        node.is_some_and(|node| node.all.iter().any(|(plugin, _)| !concerns(edits, *plugin)))
    };
    let nodes = feasible_nodes(&changed, |at| !stays_shut(at));
    nodes.into_iter().map(str::to_owned).collect()
}

/// Might the plugin say something else of a node once these edits are made?
fn concerns(edits: &[Edit], plugin: Plugin) -> bool {
    // Node rules and tolerations also say which nodes a spread constraint counts.
    edits.iter().any(|edit| match edit {
        Edit::Tolerate(_) => matches!(
            plugin,
            Plugin::TaintToleration | Plugin::NodeUnschedulable | Plugin::PodTopologySpread
        ),
        Edit::Lower { .. } => plugin == Plugin::NodeResourcesFit,
        Edit::Allow { .. } | Edit::DropLabel(_) | Edit::PreferNodeTerms => {
            matches!(plugin, Plugin::NodeAffinity | Plugin::NodeName | Plugin::PodTopologySpread)
        }
        Edit::HonorTaints(_) | Edit::PreferSpread(_) => plugin == Plugin::PodTopologySpread,
        Edit::PreferAffinity | Edit::PreferAntiAffinity(_) | Edit::Narrow { .. } => {
            plugin == Plugin::InterPodAffinity
        }
        Edit::DropPort(_) => plugin == Plugin::NodePorts,
        Edit::Move { .. } | Edit::Outrank { .. } => true,
    })
}

/// Takes away the pods that are moved, and says which of the others are to be replaced, by host.
fn rearrange<'a>(
    view: &View<'a>,
    changed: &mut Cycle<'a>,
    edits: &[Edit],
) -> Vec<Vec<Option<Pod>>> {
    for edit in edits {
        let Edit::Move { holder, pods, node } = edit else { continue };
        let host = changed.hosts.iter_mut().find(|host| host.node.name == *node);
        let Some(host) = host else { continue };
        let tenants = view.rest.tenants(host);
        let moved: Vec<(String, Resources)> = tenants
            .iter()
            .filter(|one| pods.contains(one.name) && holder_of(one) == holder.borrowed())
            .map(|one| (one.name.to_owned(), taken(one.spec, view.cycle.semantics)))
            .collect();
        drop(tenants);
        for (name, taken) in moved {
            host.requested.subtract(&taken);
            let is_it = |other: &&Pod| other.name == name && holder.holds(other);
            match host.pods.iter().position(is_it) {
                Some(at) => _ = host.pods.remove(at),
                None => host.others = host.others.saturating_sub(1),
            }
        }
    }
    let hosts = changed.hosts.iter();
    hosts.map(|host| host.pods.iter().map(|it| narrow(it, edits)).collect()).collect()
}

/// The pod without its anti-affinity, if that is to be narrower.
fn narrow(pod: &Pod, edits: &[Edit]) -> Option<Pod> {
    let narrower = |edit: &Edit| matches!(edit, Edit::Narrow { holder } if holder.holds(pod));
    (!pod.anti_affinity.is_empty() && edits.iter().any(narrower))
        .then(|| pod.clone().with(|spec| spec.anti_affinity = Vec::new()))
}

/// Changes the pod; false if that is not possible.
fn change(pod: &mut Pod, edit: &Edit) -> bool {
    match edit {
        Edit::Tolerate(taint) => {
            let operator = match taint.value.is_empty() {
                true => TolerationOperator::Exists,
                false => TolerationOperator::Equal,
            };
            let Taint { key, value, effect } = taint.clone();
            pod.tolerations.push(Toleration { key, operator, value, effect, seconds: None });
        }
        Edit::Lower { resource, to, .. } => return lower(pod, resource, *to),
        Edit::Allow { requirement, value } => {
            let mut wider = requirement.clone();
            wider.values.push(value.clone());
            replace(pod, requirement, Some(&wider));
        }
        Edit::DropLabel(requirement) => replace(pod, requirement, None),
        Edit::HonorTaints(index) => match pod.spread.get_mut(*index) {
            Some(spread) => spread.honor_taints = true,
            None => return false,
        },
        Edit::PreferSpread(index) => match pod.spread.get_mut(*index) {
            Some(spread) => spread.when_unsatisfiable = WhenUnsatisfiable::ScheduleAnyway,
            None => return false,
        },
        Edit::PreferNodeTerms => pod.node_affinity = None,
        Edit::PreferAffinity => pod.affinity.clear(),
        Edit::PreferAntiAffinity(index) if *index < pod.anti_affinity.len() => {
            pod.anti_affinity.remove(*index);
        }
        Edit::PreferAntiAffinity(_) => return false,
        Edit::DropPort(port) => {
            let spec = &mut *pod.spec;
            for container in spec.containers.iter_mut().chain(&mut spec.init_containers) {
                container.host_ports.retain(|it| it.port != *port);
            }
        }
        Edit::Outrank { priority, .. } => pod.priority = priority.saturating_add(1),
        Edit::Move { .. } | Edit::Narrow { .. } => {}
    }
    true
}

/// Replaces a requirement on a label, wherever it stands, or drops it.
fn replace(pod: &mut Pod, old: &Requirement, new: Option<&Requirement>) {
    let selected = |value: &String| *old == Requirement::one_of(&old.key, &[value.as_str()]);
    let from_selector = pod.node_selector.get(&old.key).is_some_and(selected);
    if from_selector {
        pod.node_selector.remove(&old.key);
    }
    let had_terms = pod.node_affinity.is_some();
    let mut terms = pod.node_affinity.take().unwrap_or_default();
    for term in &mut terms {
        term.expressions.retain(|one| one != old);
        term.expressions.extend(new.cloned());
    }
    if !had_terms {
        terms.extend(new.map(|new| NodeTerm::of(vec![new.clone()])));
    }
    // An empty term would match nothing: what is left of a dropped one allows everything.
    let nothing_left = terms.iter().any(NodeTerm::is_empty) || terms.is_empty();
    pod.node_affinity = (!nothing_left).then_some(terms);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_more_nodes_fewer_changes_are_tried() {
        let trials = [0, 1, 5_000, 10_000, 20_000, 100_000, usize::MAX].map(most_trials);
        assert_eq!(trials, [24, 24, 24, 24, 12, 3, 3]);
    }
}
