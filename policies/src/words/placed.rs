//! A pod that fits no node of a cluster, as a finding.

use placecard_feasibility::certificate::Argument;
use placecard_feasibility::certificate::stock::Exclusion;
use placecard_feasibility::filter::cycle::Cycle;
use placecard_feasibility::inventory::NamespacedName;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::pod_affinity::{AffinityTerm, term_selects};
use placecard_findings::{Code, Evidence, Finding, Help, Holds, Label, Severity, Verdict};

use super::why::{fact, holder, owners_on, profile, reasons, several, way};
use super::{amount, level, list, requirement, selector, shorten};
use crate::closed::Claim;
use crate::placed::Shut;
use crate::rules;
use crate::why::amounts::asked;
use crate::why::cover::{Demand, Member};
use crate::why::facts::{Fact, Lack};
use crate::why::groups::{Group, Holder, Shared};

/// Columns of a message.
const MOST_MESSAGE: usize = 72;
/// Rows below `now:`.
const MOST_ROWS: usize = 6;

/// No node could hold the pod, whatever runs there.
pub(crate) fn no_node_fits(shut: &Shut<'_>) -> Finding {
    let nodes = shut.found.nodes;
    let mut message = format!("none of {} fits", several(nodes, "node"));
    let near: Vec<String> = shut.found.groups.iter().filter_map(|it| lacks(it, shut.pod)).collect();
    for (position, text) in near.iter().take(2).enumerate() {
        let longer = format!("{message}{} {text}", if position == 0 { ";" } else { "," });
        if longer.chars().count() <= MOST_MESSAGE {
            message = longer;
        }
    }
    let mut finding = finding(shut, rules::NO_NODE_FITS, Verdict::NoInventory, message);
    finding.now = rows(&shut.found.groups.iter().collect::<Vec<_>>(), shut.pod);
    let demands: Vec<String> =
        shut.found.core.iter().filter_map(|one| offered(&one.demand, shut.pod)).collect();
    if !demands.is_empty() {
        finding.admission = Some(format!("no node offers {}", list(&demands, "and", 6)));
    }
    finding.holds = Holds::snapshot(in_snapshot(shut));
    finding
}

/// No node will ever hold the pod, because the vocabulary says that no others will come. A refusal
/// says nothing of the nodes of the moment.
pub(crate) fn never(finding: &mut Finding, claim: &Claim) {
    finding.severity = Severity::Error;
    finding.holds.proof = true;
    finding.holds.text.push_str("; the vocabulary declares inventory: closed");
    finding.evidence = Some(Evidence::Certificate(Box::new(claim.certificate.clone())));
    if finding.admission.is_none()
        && let Argument::Stock(cover) = &claim.certificate.argument
    {
        let mut lacking: Vec<String> = cover.excluded.keys().map(lacked).collect();
        lacking.dedup();
        finding.admission = Some(format!("no node offers {}", list(&lacking, "and", 6)));
    }
}

/// What no node offers, as [`offered`] says it.
fn lacked(why: &Exclusion) -> String {
    match why {
        Exclusion::NodeRules => "what the node affinity asks for".to_owned(),
        Exclusion::Taint(_) => "only tolerated taints".to_owned(),
        Exclusion::NoLabel(key) => format!("label {key}"),
        Exclusion::TooSmall { resource, wanted, .. } => amount::of(resource, *wanted),
    }
}

/// The snapshot, and the profile if it is known.
fn in_snapshot(shut: &Shut<'_>) -> String {
    let cluster = shut.asked.cluster;
    format!("in snapshot {}{}", cluster.name, profile(cluster, shut.pod))
}

/// What the nodes of a group lack, if that is one thing: `4 lack 4Gi of memory`.
fn lacks(group: &Group, pod: &Pod) -> Option<String> {
    let [only] = group.facts.as_slice() else { return None };
    let verb = if group.nodes.len() == 1 { "lacks" } else { "lack" };
    let needs = if group.nodes.len() == 1 { "needs" } else { "need" };
    let count = group.nodes.len();
    match &only.fact {
        Fact::Resource { name, lack: Lack::Small | Lack::None } => {
            let short = asked(pod, name).saturating_sub(only.most);
            Some(format!("{count} {verb} {}", amount::of(name, short)))
        }
        Fact::Taint(_) => Some(format!("{count} {needs} a toleration")),
        Fact::Label { requirement: one, .. } => Some(format!("{count} {verb} {}", place(one))),
        _ => None,
    }
}

/// A requirement in few words: `zone eu-1a`, `accelerator=a100`.
fn place(one: &placecard_feasibility::requirement::Requirement) -> String {
    match (level(&one.key), one.values.as_slice()) {
        (short, [value]) if short != one.key => format!("{short} {value}"),
        _ => requirement(one),
    }
}

/// A demand as something that a node offers; `None` if it is none of the node's.
fn offered(demand: &Demand, pod: &Pod) -> Option<String> {
    match demand {
        Demand::Tolerations => Some("only tolerated taints".to_owned()),
        Demand::Label(one) => Some(requirement(one)),
        Demand::NodeTerms => Some("what the node affinity asks for".to_owned()),
        Demand::Resource(name) => Some(amount::of(name, asked(pod, name))),
        Demand::Of(Fact::Volume { volume, .. }) => Some(format!("volume {volume}")),
        Demand::Of(_) => None,
    }
}

/// The pods of others keep this one out of every node that would fit.
pub(crate) fn kept_out(shut: &Shut<'_>, cycle: &Cycle<'_>, key: &str) -> Finding {
    let opens = |group: &&Group| group.nodes.iter().any(|node| shut.when_empty.contains(node));
    let group = shut.found.groups.iter().find(opens);
    let shared = group.and_then(|group| group.facts.first());
    let of = shared.and_then(|shared| shared.holders.first()).map(|(of, _)| of.clone());
    let of = of.unwrap_or_default();
    let values: Vec<String> =
        shared.map(|it| it.values.iter().cloned().collect()).unwrap_or_default();
    let (blocker, term) = repelling(shut.pod, cycle, &of, key).unzip();
    let term_selector = term.and_then(|term| term.selector.as_ref());
    let labels = selector(term_selector);
    let domain = format!("{} {}", level(key), list(&values, "and", 2));
    let message = format!("would wait: {} keeps pods with {labels} out of {domain}", holder(&of));
    let code = rules::FOREIGN_ANTI_AFFINITY_BLOCKS;
    let mut finding = finding(shut, code, Verdict::CrowdedOut, shorten(&message, MOST_MESSAGE));
    let text = format!("matched by the anti-affinity of {}", of.name);
    let mut labels_of = vec![shut.asked.matched_label(term_selector, &text)];
    let others = |member: &&Member| !matches!(member.demand, Demand::Of(Fact::Repelled(_)));
    let members: Vec<&Member> = shut.found.core.iter().filter(others).collect();
    labels_of.extend(core_labels(shut, &members));
    // What the help would edit comes first: the place that the pod asks for, if it asks for one.
    if labels_of.len() > 1 {
        labels_of.swap(0, 1);
    }
    finding.labels = labels_of;
    let fit = shut.when_empty.len();
    let one = if fit == 1 { "1 node fits".to_owned() } else { format!("{fit} nodes fit") };
    if let Some(pod) = blocker {
        let at = pod.node.as_deref().unwrap_or_default();
        finding.now = vec![
            format!("pod {} ({} {}) is on node {at} and", pod.name, of.kind, holder(&of)),
            format!("repels {labels} by {}; but for that, {one}", level(key)),
        ];
    }
    let leaver = blocker.map_or(of.name.as_str(), |pod| pod.name.as_str());
    let ends = format!("ends when {leaver} leaves the {}", level(key));
    finding.holds = Holds::snapshot(format!("{}; {ends}", in_snapshot(shut)));
    let warning = format!("would wait: {} {} keeps {labels} out of {domain}", of.kind, of.name);
    finding.admission = Some(shorten(&warning, 100));
    finding
}

/// A pod of the holder that keeps the pod out by the label, and its term.
fn repelling<'a>(
    pod: &Pod,
    cycle: &Cycle<'a>,
    of: &Holder,
    key: &str,
) -> Option<(&'a Pod, &'a AffinityTerm)> {
    let namespace = cycle.namespace_labels(&pod.namespace);
    let pods = cycle.hosts.iter().flat_map(|host| host.pods.iter().copied());
    let mut found = pods.filter(|other| of.holds(other)).flat_map(|other| {
        let terms = other.anti_affinity.iter();
        terms.filter(|term| term.topology_key == key).map(move |term| (other, term))
    });
    found.find(|(other, term)| {
        term_selects(term, &other.namespace, &pod.namespace, &pod.labels, namespace)
    })
}

/// Other things that would go away are in the way on every node that would fit.
pub(crate) fn crowded_out(shut: &Shut<'_>) -> Finding {
    let opens = |group: &&Group| group.nodes.iter().any(|node| shut.when_empty.contains(node));
    let groups: Vec<&Group> = shut.found.groups.iter().filter(opens).collect();
    let owners = owners_on(&shut.found.groups, shut.when_empty);
    let nodes = match shut.when_empty.len() {
        1 => "the node that fits is".to_owned(),
        more => format!("the {more} nodes that fit are"),
    };
    let lonely = |group: &&Group| group.facts.iter().any(|shared| shared.fact == Fact::Affinity);
    let message = match owners.is_empty() {
        _ if groups.iter().all(lonely) => {
            let near = groups
                .first()
                .and_then(|group| group.facts.iter().find(|it| it.fact == Fact::Affinity));
            let near = near.map(|shared| fact(shared, shut.pod, false)).unwrap_or_default();
            format!("would wait: {nodes} {near}")
        }
        true => format!("would wait: {nodes} not open now"),
        false => format!("would wait: {nodes} taken by {}", list(&owners, "and", 2)),
    };
    let message = shorten(&message, MOST_MESSAGE);
    let mut finding = finding(shut, rules::WOULD_WAIT, Verdict::CrowdedOut, message);
    finding.now = rows(&groups, shut.pod);
    let holds = format!("{}; ends when there is room on one of them", in_snapshot(shut));
    finding.holds = Holds::snapshot(holds);
    finding
}

/// The pod has to join pods like itself, which run where it may not go.
pub(crate) fn trapped(shut: &Shut<'_>) -> Finding {
    let message = "would wait: pods with the same labels run where these may not go";
    let code = rules::SELF_AFFINITY_TRAPPED;
    let mut finding = finding(shut, code, Verdict::CrowdedOut, message.to_owned());
    finding.why =
        Some("the first of a group need not wait, but there are pods that match".to_owned());
    finding.help = vec![Help::text("select a label that only these pods have")];
    let ends = "ends when none of those runs, or one where these may go";
    finding.holds = Holds::snapshot(format!("{}; {ends}", in_snapshot(shut)));
    finding
}

/// Only another node of a group would fit, and none can be added now.
pub(crate) fn group_is_full(shut: &Shut<'_>, groups: &[String]) -> Finding {
    let group = list(groups, "or", 2);
    let message = format!("would wait for a node of group {group}: none can be added now");
    let message = shorten(&message, MOST_MESSAGE);
    let mut finding = finding(shut, rules::WOULD_WAIT, Verdict::CrowdedOut, message);
    finding.now = rows(&shut.found.groups.iter().collect::<Vec<_>>(), shut.pod);
    finding.holds = Holds::snapshot(in_snapshot(shut));
    finding
}

/// Preemption, or one more node of a group, will help.
pub(crate) fn waits(
    shut: &Shut<'_>,
    preemption: &[(String, Vec<NamespacedName>)],
    growth: &[String],
) -> Finding {
    let message = match (growth, preemption.first()) {
        ([], Some((node, _))) => {
            format!("would wait until pods of lower priority make room on {node}")
        }
        _ => format!("waits for a new node of group {}", list(growth, "or", 2)),
    };
    let message = shorten(&message, MOST_MESSAGE);
    let mut finding = finding(shut, rules::WOULD_WAIT, Verdict::Waiting, message);
    if growth.is_empty() {
        let room = |(node, victims): &(String, Vec<NamespacedName>)| {
            let names = victims.iter().map(|(namespace, name)| format!("{namespace}/{name}"));
            format!("{node}  {} would go", list(&names.collect::<Vec<String>>(), "and", 3))
        };
        finding.now = preemption.iter().take(MOST_ROWS).map(room).collect();
    } else {
        finding.severity = Severity::Note;
    }
    finding.holds = Holds::snapshot(in_snapshot(shut));
    finding
}

/// The volume of a claim lies where the pod's other demands do not lead.
pub(crate) fn volume_elsewhere(shut: &Shut<'_>, claim: &str) -> Finding {
    let volume = shut.found.core.iter().find_map(|member| match &member.demand {
        Demand::Of(Fact::Volume { claim: of, volume }) if of == claim => Some(volume.as_str()),
        _ => None,
    });
    let volume = volume.unwrap_or_default();
    let place_of = |member: &Member| match &member.demand {
        Demand::Label(one) => Some(place(one)),
        _ => None,
    };
    let wanted = shut.found.core.iter().find_map(place_of);
    // A zone beside a zone is enough with its name.
    let short = |reach: String| match (&wanted, reach.split_once(' ')) {
        (Some(wanted), Some((level, value))) if wanted.starts_with(level) => value.to_owned(),
        _ => reach.clone(),
    };
    let reach = reach(shut, volume).map(short);
    let message = match (&wanted, &reach) {
        (Some(wanted), Some(reach)) => {
            format!("the pods must run in {wanted}, their claim {claim} is bound in {reach}")
        }
        (Some(wanted), None) => {
            format!("the pods must run in {wanted}, their claim {claim} is bound elsewhere")
        }
        (None, _) => format!("no node that fits reaches claim {claim}"),
    };
    let message = shorten(&message, MOST_MESSAGE);
    let mut finding = finding(shut, rules::PV_AFFINITY_CONFLICT, Verdict::NoInventory, message);
    finding.severity = Severity::Error;
    for label in &mut finding.labels {
        if label.site == shut.asked.label(&claim_demand(claim, volume), "").site {
            let only = reach.as_ref().map(|reach| format!(", {reach} only")).unwrap_or_default();
            label.text = format!("bound to {volume}{only}");
        }
    }
    let namespace = &shut.pod.namespace;
    let cluster = shut.asked.cluster;
    let judged_by = profile(cluster, shut.pod);
    let held = format!("while claim {namespace}/{claim} is bound to {volume}");
    finding.holds = Holds::snapshot(format!("in snapshot {}, {held}{judged_by}", cluster.name));
    finding
        .help
        .insert(0, Help::text(format!("follow the volume, wherever it is: on volume/{claim}")));
    finding.help.truncate(4);
    finding
}

fn claim_demand(claim: &str, volume: &str) -> Demand {
    Demand::Of(Fact::Volume { claim: claim.to_owned(), volume: volume.to_owned() })
}

/// Where a volume is, if that is one requirement on a label.
fn reach(shut: &Shut<'_>, volume: &str) -> Option<String> {
    let terms = shut.inventory.volumes.get(volume)?.node_affinity.as_ref()?;
    match terms.as_slice() {
        [only] => match only.expressions.as_slice() {
            [one] => Some(place(one)),
            _ => None,
        },
        _ => None,
    }
}

/// What all of these findings share: labels on the core, and the ways out that were tried.
fn finding(shut: &Shut<'_>, code: Code, verdict: Verdict, message: String) -> Finding {
    let members: Vec<&Member> = shut.found.core.iter().collect();
    let mut labels = core_labels(shut, &members);
    // The primary label is what the first way out would edit.
    let edited = shut.found.ways.first().and_then(|way| way.edits.first());
    let edited = edited.and_then(crate::why::changes::Edit::demand);
    let at = edited.and_then(|demand| members.iter().position(|member| member.demand == demand));
    if let Some(at) = at.filter(|at| *at < labels.len()) {
        let primary = labels.remove(at);
        labels.insert(0, primary);
    }
    let object = shut.asked.object.reference.clone();
    let primary = if labels.is_empty() {
        shut.asked.label(&Demand::Of(Fact::Reserved), "")
    } else {
        labels.remove(0)
    };
    let mut finding = Finding::new(code, verdict, object, message, primary);
    finding.labels.extend(labels);
    finding.severity = Severity::Warning;
    for one in &shut.found.ways {
        let (what, yields) = way(one, shut.pod);
        finding.help.push(Help::text(format!("{what}; {yields}")));
    }
    if shut.found.cut {
        let nodes = several(shut.found.nodes, "node");
        finding.help.push(Help::text(format!("explanation cut: more was not tried on {nodes}")));
    }
    finding
}

/// A label for each member: what it leaves of the nodes, in this order.
fn core_labels(shut: &Shut<'_>, members: &[&Member]) -> Vec<Label> {
    let mut left = shut.found.nodes;
    let mut labels = Vec::new();
    for (position, member) in members.iter().enumerate() {
        let text = match (&member.demand, position) {
            (Demand::Label(_) | Demand::NodeTerms, 0) => {
                format!(
                    "leaves {} of {}",
                    left.saturating_sub(member.excludes),
                    several(left, "node")
                )
            }
            (demand, _) => {
                let count = match (position, member.excludes_more == left) {
                    (0, true) => format!("all {left}"),
                    (0, false) => format!("{} of {left}", member.excludes_more),
                    (_, true) => format!("the other {left}"),
                    (_, false) => format!("{} of the {left}", member.excludes_more),
                };
                format!("{count} {}", of_nodes(demand, shut))
            }
        };
        left = left.saturating_sub(member.excludes_more);
        labels.push(shut.asked.label(&member.demand, text));
    }
    labels
}

/// What is wrong with the nodes that a demand excludes.
fn of_nodes(demand: &Demand, shut: &Shut<'_>) -> String {
    let facts = || shut.found.groups.iter().flat_map(|group| &group.facts);
    let of_demand = |shared: &&Shared| Demand::of(&shared.fact) == *demand;
    match demand {
        Demand::Tolerations => "have another taint".to_owned(),
        Demand::Label(one) => format!("are not in {}", place(one)),
        Demand::NodeTerms => "meet no term".to_owned(),
        Demand::Resource(name) => {
            let most =
                facts().filter(of_demand).map(|shared| shared.most).max().unwrap_or_default();
            let taken = facts()
                .filter(of_demand)
                .any(|it| matches!(it.fact, Fact::Resource { lack: Lack::Taken, .. }));
            let verb = if taken { "have at most" } else { "offer at most" };
            format!("{verb} {}", amount::about(name, most.max(0)))
        }
        Demand::Of(_) => {
            let text = facts().find(of_demand).map(|shared| fact(shared, shut.pod, false));
            format!("fail: {}", text.unwrap_or_default())
        }
    }
}

/// The rows below `now:`, counts and names aligned.
fn rows(groups: &[&Group], pod: &Pod) -> Vec<String> {
    let shown = || groups.iter().take(MOST_ROWS);
    let count = shown().map(|group| group.nodes.len().to_string().len()).max().unwrap_or_default();
    let name = shown().map(|group| group.name.chars().count()).max().unwrap_or_default();
    let mut lines: Vec<String> = shown()
        .enumerate()
        .map(|(position, group)| {
            let text = reasons(group, pod, position == 0);
            format!("{:>count$}  {:name$}  {text}", group.nodes.len(), group.name)
        })
        .collect();
    let rest: usize = groups.iter().skip(MOST_ROWS).map(|group| group.nodes.len()).sum();
    if rest > 0 {
        lines.push(format!("and {}: placecard why --all", several(rest, "more node")));
    }
    lines
}
