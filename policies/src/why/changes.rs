//! Changes that would let the pod fit, each tried out: the changed pod is judged like any other.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use placecard_feasibility::filter::cycle::{Cycle, Host};
use placecard_feasibility::inventory::pod::{Pod, WhenUnsatisfiable};
use placecard_feasibility::inventory::requests::{MEMORY, Resources, requests};
use placecard_feasibility::judge::judge_cycle;
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::tolerations::{Taint, Toleration, TolerationOperator};

use super::amounts::{amount_of, lower};
use super::cover::Demand;
use super::facts::{Fact, Lack};
use super::groups::{Group, Holder, Shared, is_closed_for_good};
use super::outlook::make_room;

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

/// Ways out that are shown.
const MOST_WAYS: usize = 4;
/// Changes that are tried out: each costs a judgement of all nodes.
const MOST_TRIALS: usize = 24;
/// Changes that help only together.
const MOST_TOGETHER: usize = 3;
/// One mebibyte.
const STEP: i64 = 1 << 20;
/// Values of a label that are tried.
const MOST_VALUES: usize = 3;

/// The ways out that open at least one node, the smallest change first.
#[must_use]
pub fn ways_out(cycle: &Cycle<'_>, groups: &[Group]) -> Vec<Way> {
    let mut tried: BTreeSet<Vec<Edit>> = BTreeSet::new();
    let mut ways = Vec::new();
    for edits in candidates(cycle, groups) {
        if tried.len() >= MOST_TRIALS || !tried.insert(edits.clone()) {
            continue;
        }
        let nodes = try_out(cycle, &edits);
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
    shown
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
fn candidates(cycle: &Cycle<'_>, groups: &[Group]) -> Vec<Vec<Edit>> {
    let mut found = Vec::new();
    // What takes more changes than people would make together is not looked into.
    for group in groups.iter().filter(|group| group.facts.len() <= MOST_TOGETHER) {
        let answers: Vec<Vec<Edit>> =
            group.facts.iter().map(|shared| edits(cycle, group, shared)).collect();
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
fn edits(cycle: &Cycle<'_>, group: &Group, shared: &Shared) -> Vec<Edit> {
    let pod = cycle.pod;
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
                edits.extend(fewest_to_move(cycle, group, name, from));
                edits.extend(outrank(cycle, shared));
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
fn outrank(cycle: &Cycle<'_>, shared: &Shared) -> Option<Edit> {
    let (holder, _) = shared.holders.first()?;
    let pods = cycle.hosts.iter().flat_map(|host| &host.pods);
    let theirs = pods.filter(|pod| Holder::of(pod) == *holder).map(|pod| pod.priority);
    let priority = theirs.max().filter(|priority| *priority >= cycle.pod.priority)?;
    let may = !cycle.pod.never_preempts;
    may.then(|| Edit::Outrank { holder: holder.clone(), priority })
}

/// An amount that people write: memory in whole mebibytes.
fn rounded_down(resource: &str, amount: i64) -> i64 {
    let step = if resource == MEMORY && amount > STEP { STEP } else { 1 };
    amount / step * step
}

/// The fewest pods of one controller whose leaving frees enough of a resource on a node.
fn fewest_to_move(cycle: &Cycle<'_>, group: &Group, resource: &str, asked: i64) -> Option<Edit> {
    let names: BTreeSet<&str> = group.nodes.iter().map(String::as_str).collect();
    let hosts = cycle.hosts.iter().filter(|host| names.contains(host.node.name.as_str()));
    let mut best: Option<Edit> = None;
    for host in hosts {
        let free = amount_of(&host.allocatable, resource)
            .saturating_sub(amount_of(&host.requested, resource));
        let takes = |pod: &Pod| {
            let taken = requests(pod, Some(cycle.semantics.resizing));
            amount_of(&Resources::of(&taken), resource)
        };
        let mut pods: Vec<(Holder, i64, &Pod)> =
            host.pods.iter().map(|pod| (Holder::of(pod), takes(pod), *pod)).collect();
        pods.sort_by_cached_key(|(holder, amount, pod)| {
            (holder.clone(), Reverse(*amount), pod.name.clone())
        });
        for of_one in pods.chunk_by(|a, b| a.0 == b.0) {
            let mut freed = free;
            let mut moved = BTreeSet::new();
            for (_, amount, pod) in of_one {
                if freed >= asked {
                    break;
                }
                freed = freed.saturating_add(*amount);
                moved.insert(pod.name.clone());
            }
            let fewer = match &best {
                Some(Edit::Move { pods, .. }) => moved.len() < pods.len(),
                _ => true,
            };
            if freed >= asked && !moved.is_empty() && fewer {
                best = of_one.first().map(|(holder, ..)| Edit::Move {
                    holder: holder.clone(),
                    pods: moved,
                    node: host.node.name.clone(),
                });
            }
        }
    }
    best
}

/// The nodes that fit once everything is changed.
fn try_out(cycle: &Cycle<'_>, edits: &[Edit]) -> Vec<String> {
    let mut pod = cycle.pod.clone();
    // From the end, so that indices stay what they are.
    if !edits.iter().rev().all(|edit| change(&mut pod, edit)) {
        return Vec::new();
    }
    let mut changed = cycle.for_pod(&pod);
    if edits.iter().any(|edit| matches!(edit, Edit::Outrank { .. })) {
        return make_room(&changed).into_iter().map(|(node, _)| node).collect();
    }
    if !edits.iter().any(|edit| cost(edit) == 2) {
        return judge_cycle(&changed).feasible().map(str::to_owned).collect();
    }
    let narrowed: Vec<Vec<Option<Pod>>> = cycle
        .hosts
        .iter()
        .map(|host| host.pods.iter().map(|it| narrow(it, edits)).collect())
        .collect();
    for (host, replaced) in changed.hosts.iter_mut().zip(&narrowed) {
        let kept: Vec<(&Pod, &Option<Pod>)> = host
            .pods
            .iter()
            .copied()
            .zip(replaced)
            .filter(|(other, _)| !edits.iter().any(|edit| moves(edit, other, &host.node.name)))
            .collect();
        let mut fresh = Host { pods: Vec::new(), requested: Resources::default(), ..host.clone() };
        for (other, replaced) in kept {
            fresh.add(replaced.as_ref().unwrap_or(other), cycle.semantics);
        }
        *host = fresh;
    }
    judge_cycle(&changed).feasible().map(str::to_owned).collect()
}

/// The pod without its anti-affinity, if that is to be narrower.
fn narrow(pod: &Pod, edits: &[Edit]) -> Option<Pod> {
    let holder = || Holder::of(pod);
    let narrower = |edit: &Edit| matches!(edit, Edit::Narrow { holder: of } if *of == holder());
    (!pod.anti_affinity.is_empty() && edits.iter().any(narrower))
        .then(|| pod.clone().with(|spec| spec.anti_affinity = Vec::new()))
}

fn moves(edit: &Edit, pod: &Pod, at: &str) -> bool {
    match edit {
        Edit::Move { holder, pods, node } => {
            node == at && pods.contains(&pod.name) && *holder == Holder::of(pod)
        }
        _ => false,
    }
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
