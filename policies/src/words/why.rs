//! Why a pod fits no node, in words.

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::filter::reason::text;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::tolerations::Taint;

use super::{amount, level, list, requirement, selector};
use crate::cluster::Cluster;
use crate::template_pod::Unjudged;
use crate::why::Diagnosis;
use crate::why::amounts::asked;
use crate::why::changes::{Edit, Way};
use crate::why::cover::Demand;
use crate::why::event::Hidden;
use crate::why::facts::{Fact, Lack};
use crate::why::groups::{Group, Held, Holder, Shared, distance};
use crate::why::outlook::Outlook;

/// Values of a label, or owners, that are written out.
const MOST_NAMES: usize = 3;

/// `1 node`, `4 nodes`.
#[must_use]
pub fn several(number: usize, name: &str) -> String {
    if number == 1 { format!("1 {name}") } else { format!("{number} {name}s") }
}

/// What a snapshot lacks, after its name; empty if nothing.
#[must_use]
pub fn without(missing: &[String]) -> String {
    if missing.is_empty() {
        String::new()
    } else {
        format!(", without {}", list(missing, "and", missing.len()))
    }
}

/// Which profile judged, for the end of a sentence; empty without a configuration.
#[must_use]
pub fn profile(cluster: &Cluster, pod: &Pod) -> String {
    match &cluster.schedulers {
        Some(known) => format!("; profile {} of {}", pod.scheduler_name(), known.name),
        None => String::new(),
    }
}

/// The namespace and name of a controller, or of a pod without one.
#[must_use]
pub fn holder(holder: &Holder) -> String {
    if holder.namespace.is_empty() {
        return holder.name.clone();
    }
    format!("{}/{}", holder.namespace, holder.name)
}

/// A taint as `kubectl taint` takes it.
#[must_use]
pub fn taint(taint: &Taint) -> String {
    let Taint { key, value, effect } = taint;
    if value.is_empty() { format!("{key}:{effect}") } else { format!("{key}={value}:{effect}") }
}

/// Why the nodes of a group fail: all of it. `asked`: what the pod asks for is not to be seen
/// beside it.
#[must_use]
pub fn reasons(group: &Group, pod: &Pod, asked: bool) -> String {
    let facts: Vec<String> = group.facts.iter().map(|shared| fact(shared, pod, asked)).collect();
    facts.join("; ")
}

/// One fact of a group.
#[must_use]
pub fn fact(shared: &Shared, pod: &Pod, asked: bool) -> String {
    let values: Vec<String> = shared.values.iter().cloned().collect();
    let domain = || list(&values, "and", MOST_NAMES);
    match &shared.fact {
        Fact::Cordoned => "cordoned".to_owned(),
        Fact::Taint(one) => format!("taint {} not tolerated", taint(one)),
        Fact::Label { requirement, there } => label(requirement, *there, &values, asked),
        Fact::NodeTerms => "no term of the node affinity holds".to_owned(),
        Fact::Name => "not the node that is asked for by name".to_owned(),
        Fact::Port(port) => format!("host port {port} is taken"),
        Fact::Slots => format!("no pod more: at most {} may run", shared.most),
        Fact::Resource { name, lack } => resource(name, *lack, shared, pod, asked),
        Fact::Disk => "a disk of the pod is in use".to_owned(),
        Fact::ClaimInUse(claim) => format!("claim {claim} is in use, and for one pod only"),
        Fact::VolumeLimit => "no room for one more volume".to_owned(),
        Fact::Volume { claim, volume } => {
            format!("claim {claim} is bound to {volume}, out of reach")
        }
        Fact::NoVolume => "no volume for a claim of the pod".to_owned(),
        Fact::VolumeZone => "a volume of the pod is in another zone".to_owned(),
        Fact::SpreadKey(index) => format!("no label {}, to spread over", spread_key(pod, *index)),
        Fact::Spread(index) => {
            let key = spread_key(pod, *index);
            let emptiest: Vec<String> = shared.emptiest.iter().cloned().collect();
            let against = list(&emptiest, "and", MOST_NAMES);
            format!("one more is skew {} against {} {against}", shared.most, level(key))
        }
        Fact::Affinity => format!("near no {}", near(pod)),
        Fact::AntiAffinity(index) => match pod.anti_affinity.get(*index) {
            Some(term) => {
                format!("apart-from {} in {}", whom(term, pod), level(&term.topology_key))
            }
            None => "anti-affinity".to_owned(),
        },
        Fact::Repelled(key) => format!("kept out of {} {}", level(key), domain()),
        Fact::Reserved => "room is kept for a nominated pod".to_owned(),
        Fact::Other(_, reason) => text(reason, true),
    }
}

pub(super) fn label(wanted: &Requirement, there: bool, values: &[String], asked: bool) -> String {
    let key = level(&wanted.key);
    let wants = match (&wanted.operator, wanted.values.as_slice()) {
        (Operator::In, values) => list(values, "or", MOST_NAMES),
        _ => requirement(wanted),
    };
    let wants =
        if asked && !wants.is_empty() { format!(" ({wants} asked)") } else { String::new() };
    match there {
        true => format!("{key} is {}{wants}", list(values, "or", MOST_NAMES)),
        false => format!("no label {key}{wants}"),
    }
}

fn resource(name: &str, lack: Lack, shared: &Shared, pod: &Pod, say_asked: bool) -> String {
    let what = match lack {
        Lack::None if !say_asked => return format!("no {name}"),
        Lack::None | Lack::Small => "allocatable",
        Lack::Taken => "free",
    };
    let wanted = amount::exact(name, asked(pod, name));
    let there = amount::about(name, shared.most.max(0));
    let there = if shared.least == shared.most { there } else { format!("at most {there}") };
    match (say_asked, amount::is_counted(name)) {
        (true, true) if lack == Lack::None => format!("{wanted} {name} asked, none there"),
        (true, true) => format!("{wanted} {name} asked, {there} {what}"),
        (true, false) => format!("{name}: {wanted} asked, {there} {what}"),
        (false, true) => format!("{there} {name} {what}"),
        (false, false) => format!("{name}: {there} {what}"),
    }
}

pub(super) fn spread_key(pod: &Pod, index: usize) -> &str {
    pod.spread.get(index).map_or("", |spread| spread.topology_key.as_str())
}

/// The pods that required affinity asks for.
pub(super) fn near(pod: &Pod) -> String {
    let terms: Vec<String> = pod
        .affinity
        .iter()
        .map(|term| format!("{} in {}", whom(term, pod), level(&term.topology_key)))
        .collect();
    list(&terms, "and", MOST_NAMES)
}

/// The pods that a term selects: `self` if the pod is among them.
pub(super) fn whom(term: &AffinityTerm, pod: &Pod) -> String {
    let own = term.namespaces.is_empty() && term.namespace_selector.is_none()
        || term.namespaces.contains(&pod.namespace);
    match &term.selector {
        Some(one) if own && !one.is_everything() && one.matches(&pod.labels) => "self".to_owned(),
        one => format!("pods({})", selector(one.as_ref())),
    }
}

/// Who is in the way, for the last column: controllers, the pod's own template, or nobody.
#[must_use]
pub fn in_the_way(group: &Group) -> String {
    // Thousands of pods may be in the way, each of them its own holder.
    let mut known = BTreeSet::new();
    let holders = group.facts.iter().flat_map(|shared| &shared.holders);
    let first =
        holders.filter(|(of, _)| known.insert((&of.namespace, &of.name))).map(|(of, _)| holder(of));
    let owners: Vec<String> = first.collect();
    if !owners.is_empty() {
        return list(&owners, "and", 1);
    }
    let by_template = group.facts.iter().all(|shared| distance(&shared.fact) == 1);
    if by_template { "this template".to_owned() } else { "-".to_owned() }
}

/// A way out: what is to be done, and what that yields.
#[must_use]
pub fn way(way: &Way, pod: &Pod) -> (String, String) {
    let edits: Vec<String> = way.edits.iter().map(|one| edit(one, pod)).collect();
    let preempts = way.edits.iter().any(|edit| matches!(edit, Edit::Outrank { .. }));
    let yields = match preempts {
        true => format!("{} by preemption", several(way.nodes.len(), "node")),
        false => fit(way.nodes.len()),
    };
    (list(&edits, "and", edits.len()), yields)
}

/// `4 nodes then fit`.
#[must_use]
pub fn fit(nodes: usize) -> String {
    if nodes == 1 { "1 node then fits".to_owned() } else { format!("{nodes} nodes then fit") }
}

/// One change.
#[must_use]
pub fn edit(edit: &Edit, pod: &Pod) -> String {
    match edit {
        Edit::Tolerate(one) => format!("tolerate {}", taint(one)),
        Edit::Lower { resource, to, .. } => {
            let one = pod.containers.len() + pod.init_containers.len() == 1;
            let sum = if one { "" } else { " in all" };
            format!("{resource}: {}{sum}", amount::exact(resource, *to))
        }
        Edit::Allow { requirement, value } => match level(&requirement.key) {
            key if key == requirement.key => format!("allow {key}={value}"),
            level => format!("allow {level} {value}"),
        },
        Edit::HonorTaints(index) => {
            format!("nodeTaintsPolicy: Honor, spreading over {}", level(spread_key(pod, *index)))
        }
        Edit::DropLabel(one) => format!("do without {}", requirement(one)),
        Edit::PreferNodeTerms => "prefer the node affinity, do not require it".to_owned(),
        Edit::PreferSpread(index) => {
            format!("prefer to spread over {}, do not require it", level(spread_key(pod, *index)))
        }
        Edit::PreferAffinity => format!("prefer near {}, do not require it", near(pod)),
        Edit::PreferAntiAffinity(index) => match pod.anti_affinity.get(*index) {
            Some(term) => format!("prefer apart-from {}, do not require it", whom(term, pod)),
            None => "prefer the anti-affinity".to_owned(),
        },
        Edit::DropPort(port) => format!("do without host port {port}"),
        Edit::Move { holder: of, pods, node } => {
            format!("move {} of {} off {node}", several(pods.len(), "pod"), holder(of))
        }
        Edit::Outrank { holder: of, priority } => {
            format!("priority above that of {} ({priority})", holder(of))
        }
        Edit::Narrow { holder: of } => format!("narrow the anti-affinity of {}", holder(of)),
    }
}

/// What the scheduler's event leaves out.
#[must_use]
pub fn hidden(hidden: &Hidden) -> String {
    let Hidden { reason, counted, more, also } = hidden;
    format!(
        "It gives each node's first reason: {more} of its \"{counted} {reason}\" would stay shut \
         without that too, for {}.",
        demand(also)
    )
}

/// A demand, as the end of a sentence that says why a node stays shut.
#[must_use]
pub fn demand(demand: &Demand) -> String {
    match demand {
        Demand::Tolerations => "their taints are not tolerated".to_owned(),
        Demand::Label(one) => format!("{} is asked for", requirement(one)),
        Demand::NodeTerms => "the node affinity excludes them".to_owned(),
        Demand::Resource(name) => format!("{name} is short"),
        Demand::Of(fact) => match fact {
            Fact::Cordoned => "they are cordoned".to_owned(),
            Fact::Name => "another node is asked for by name".to_owned(),
            Fact::Port(port) => format!("host port {port} is taken"),
            Fact::Slots => "they run as many pods as they may".to_owned(),
            Fact::Disk => "a disk is in use".to_owned(),
            Fact::ClaimInUse(claim) => format!("claim {claim} is in use"),
            Fact::VolumeLimit => "they hold as many volumes as they can".to_owned(),
            Fact::Volume { volume, .. } => format!("volume {volume} is out of their reach"),
            Fact::NoVolume => "they have no volume for a claim".to_owned(),
            Fact::VolumeZone => "a volume is in another zone".to_owned(),
            Fact::SpreadKey(_) => "they lack the label to spread over".to_owned(),
            Fact::Spread(_) => "a spread constraint is at its limit".to_owned(),
            Fact::Affinity => "no pod that is required near is there".to_owned(),
            Fact::AntiAffinity(_) => "they run pods that this one stays apart from".to_owned(),
            Fact::Repelled(_) => "they run pods that keep this one away".to_owned(),
            Fact::Reserved => "room is kept for nominated pods".to_owned(),
            Fact::Other(_, reason) => text(reason, true),
            _ => "something else is in the way".to_owned(),
        },
    }
}

/// Who takes how much on the nodes of a group: `ml/notebook has 24 nvidia.com/gpu in 6 pods`.
#[must_use]
pub fn held(of: &Holder, held: &Held, fact: &Fact) -> String {
    let pods = several(held.count, "pod");
    match fact {
        Fact::Resource { name, .. } => {
            format!("{} has {} in {pods}", holder(of), amount::of(name, held.amount))
        }
        _ => format!("{} runs {pods} there", holder(of)),
    }
}

/// What is said first of a pod, or of the pods of a template.
#[must_use]
pub fn headline(subject: &str, found: &Diagnosis, outlook: &Outlook) -> String {
    let Diagnosis { nodes, feasible, groups, .. } = found;
    match outlook {
        Outlook::Fits => {
            let verb = if feasible.len() == 1 { "fits" } else { "fit" };
            format!("{subject} has room: {} of {nodes} nodes {verb}", feasible.len())
        }
        Outlook::Waiting { preemption, growth } => match preemption.first() {
            Some((node, victims)) => {
                let names: Vec<String> =
                    victims.iter().map(|(namespace, name)| format!("{namespace}/{name}")).collect();
                let names = list(&names, "and", 2);
                format!("{subject} is pending until {names} of lower priority make room on {node}")
            }
            None => format!("{subject} waits for a new node of {}", list(growth, "or", 2)),
        },
        Outlook::NoInventory => {
            format!("{subject} is pending: none of {nodes} nodes fits, even empty")
        }
        Outlook::CrowdedOut { nodes, groups } if nodes.is_empty() => {
            let group = list(groups, "or", 2);
            format!("{subject} is pending until a node of {group} can be added: no other fits")
        }
        Outlook::CrowdedOut { nodes, .. } => {
            let owners = owners_on(groups, nodes);
            let its = match nodes.len() {
                1 => "the node that fits it is".to_owned(),
                more => format!("the {more} nodes that fit it are"),
            };
            match owners.is_empty() {
                true => format!("{subject} is pending, crowded out: {its} not open now"),
                false => {
                    let owners = list(&owners, "and", 2);
                    format!("{subject} is pending, crowded out: {its} taken by {owners}")
                }
            }
        }
    }
}

/// Whose pods are in the way on these nodes, who is on most of them first.
#[must_use]
pub fn owners_on(groups: &[Group], nodes: &[String]) -> Vec<String> {
    let nodes: BTreeSet<&str> = nodes.iter().map(String::as_str).collect();
    let mut on: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for group in
        groups.iter().filter(|group| group.nodes.iter().any(|node| nodes.contains(node.as_str())))
    {
        for (of, held) in group.facts.iter().flat_map(|shared| &shared.holders) {
            let here = held.nodes.iter().map(|node| &**node).filter(|node| nodes.contains(node));
            on.entry(holder(of)).or_default().extend(here);
        }
    }
    let mut owners: Vec<(String, usize)> =
        on.into_iter().map(|(owner, nodes)| (owner, nodes.len())).collect();
    owners.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    owners.into_iter().map(|(name, _)| name).collect()
}

/// Why something is not judged.
#[must_use]
pub fn unjudged(why: &Unjudged) -> String {
    match why {
        Unjudged::Scheduler(name) => format!("scheduler {name}"),
        Unjudged::Namespace => "no namespace".to_owned(),
        Unjudged::Partial => "a patch".to_owned(),
        Unjudged::Rules => "its rules could not be expanded".to_owned(),
        Unjudged::DaemonSet => "a DaemonSet".to_owned(),
        Unjudged::Labels => "labels that its controller may add".to_owned(),
        Unjudged::Gates(gates) => format!("held back by {}", list(gates, "and", MOST_NAMES)),
        Unjudged::Bound(node) => format!("bound to node {node}"),
        Unjudged::Field(path) => format!("{path} cannot be read"),
    }
}
