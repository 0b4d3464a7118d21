//! What no longer holds in a cluster, in words.

use placecard_feasibility::filter::reason::text;
use placecard_feasibility::inventory::pod::Pod;
use placecard_findings::{Code, Severity};

use super::why::{holder, label, near, several, spread_key, taint, whom};
use super::{level, list};
use crate::audit::broken::Group;
use crate::audit::evict::{Eviction, Fate};
use crate::audit::intents::How;
use crate::audit::live::Remark;
use crate::audit::loss::{Loss, Stuck, Without};
use crate::audit::pending::{Pending, Why};
use crate::audit::{Audit, LeftOut};
use crate::rules::{CANNOT_BE_PLACED, NO_PLACE_WITHOUT};
use crate::why::facts::Fact;
use crate::why::groups::Holder;

/// Names that are written out.
const MOST_NAMES: usize = 3;

/// Kind, namespace and name of whose pods they are.
#[must_use]
pub fn owner(of: &Holder) -> String {
    format!("{} {}", of.kind, holder(of))
}

/// What is not so any longer.
#[must_use]
pub fn what(group: &Group) -> String {
    let values: Vec<String> = group.values.iter().cloned().collect();
    fact(&group.fact, &group.example, &values, group.skew)
}

/// The same of one fact: `values` of the label, or the domains that the pods are in.
#[must_use]
pub fn fact(fact: &Fact, pod: &Pod, values: &[String], skew: i64) -> String {
    let domain = || list(values, "and", MOST_NAMES);
    match fact {
        Fact::Taint(one) => format!("taint {} is not tolerated", taint(one)),
        Fact::Label { requirement, there } => label(requirement, *there, values, true),
        Fact::NodeTerms => "no term of the node affinity holds".to_owned(),
        Fact::Name => "not on the node that is asked for by name".to_owned(),
        Fact::Volume { claim, volume } => {
            format!("claim {claim} is bound to {volume}, out of reach")
        }
        Fact::VolumeZone => "a volume is in another zone".to_owned(),
        Fact::SpreadKey(index) => format!("no label {}, to spread over", spread_key(pod, *index)),
        Fact::Spread(index) => {
            let key = level(spread_key(pod, *index));
            let most = pod.spread.get(*index).map_or(0, |spread| spread.max_skew);
            format!("skew {skew} over {key}, {most} allowed")
        }
        Fact::Affinity => format!("near no {}", near(pod)),
        Fact::AntiAffinity(index) => match pod.anti_affinity.get(*index) {
            Some(term) => {
                format!("not apart-from {} in {}", whom(term, pod), level(&term.topology_key))
            }
            None => "not apart".to_owned(),
        },
        Fact::Repelled(key) => {
            format!("in {} {}, that others keep them out of", level(key), domain())
        }
        Fact::Other(_, reason) => text(reason, true),
        other => format!("{other:?}"),
    }
}

/// How a rule in words does not hold any longer.
#[must_use]
pub fn lapsed(rule: &str, how: &How) -> String {
    match how {
        How::Unreadable(why) if rule.is_empty() => why.clone(),
        How::Unreadable(why) => format!("{rule}: {why}"),
        How::Nodes => format!("{rule}: it means other nodes now"),
        How::Near => format!("{rule}: it means pods, none of which is near"),
        How::Apart => format!("{rule}: it means a pod that is near"),
        How::Spread => format!("{rule}: it means a spread that they exceed"),
    }
}

/// The reason of an Event, in the form that the API asks for.
#[must_use]
pub fn reason(code: Code) -> &'static str {
    match code {
        CANNOT_BE_PLACED => "CannotBePlaced",
        NO_PLACE_WITHOUT => "NoPlaceWithout",
        _ => "RuleNoLongerHolds",
    }
}

/// The note of an Event.
#[must_use]
pub fn note(remark: &Remark) -> String {
    let pods: Vec<String> = remark
        .pods
        .iter()
        .map(|one| match one.node.is_empty() {
            true => one.pod.clone(),
            false => format!("{} on {}", one.pod, one.node),
        })
        .collect();
    let mut named = list(&pods, "and", MOST_NAMES.min(remark.count));
    if remark.count > remark.pods.len() {
        let more = remark.count - pods.len().min(MOST_NAMES);
        named = format!("{} and {more} more", list_of_first(&pods));
    }
    match named.is_empty() {
        true => format!("{} [{}]", remark.what, remark.code),
        false => format!("{}: {named} [{}]", remark.what, remark.code),
    }
}

fn list_of_first(pods: &[String]) -> String {
    pods.iter().take(MOST_NAMES).cloned().collect::<Vec<String>>().join(", ")
}

/// The note of an Event before a pod is evicted; `dry`: it is not, for now.
#[must_use]
pub fn evicting(what: &str, witness: &str, dry: bool) -> String {
    match dry {
        false => format!(
            "evicted, because where it runs this is so: {what}; node {witness} takes a new pod"
        ),
        true => format!("it would be evicted (dry run): {what}; node {witness} takes a new pod"),
    }
}

/// What becomes of a pod that was to be evicted: `shop/web-0: evicted; node n2 takes the new one`.
#[must_use]
pub fn eviction(one: &Eviction, fate: &Fate) -> String {
    let (namespace, name) = &one.pod;
    let takes = format!("node {} takes the new one", one.witness);
    let said = match fate {
        Fate::Would => format!("would be evicted (dry run); {takes}"),
        Fate::Done => format!("evicted; {takes}"),
        Fate::Changed => "stays: it has changed since it was judged".to_owned(),
        Fate::Refused(told) => format!("stays for now: {told}"),
        Fate::Left => "stays: nothing is evicted after a refusal".to_owned(),
        Fate::Failed(told) => format!("not evicted: {told}"),
    };
    format!("{namespace}/{name} of {}: {said}", owner(&one.owner))
}

/// No pod is to be evicted.
#[must_use]
pub fn no_eviction() -> &'static str {
    "no pod: none breaks a required rule of its own, comes again, has a node that takes it and a \
     budget that lets it go"
}

/// What is said of pending pods that no node takes, where no reasons were looked for.
#[must_use]
pub fn shut(pods: usize, nodes: usize) -> String {
    let (pods, nodes) = (several(pods, "pending pod"), several(nodes, "node"));
    format!("{pods}: none of {nodes} fits")
}

/// What is said first of a group.
#[must_use]
pub fn headline(group: &Group) -> String {
    let (pods, of) = (group.pods.len(), group.of);
    match (group.owner.kind.as_str(), of) {
        ("Pod", _) => what(group),
        (_, 1) => format!("the only pod: {}", what(group)),
        _ => format!("{pods} of {of} pods: {}", what(group)),
    }
}

/// Who is in the way, or who is looked for; `None`: that is not what the rule is about.
#[must_use]
pub fn others(group: &Group) -> Option<String> {
    let named: Vec<String> = group
        .others
        .iter()
        .map(|(of, pods)| {
            let pods: Vec<String> = pods.iter().cloned().collect();
            format!("{} ({})", holder(of), list(&pods, "and", MOST_NAMES))
        })
        .collect();
    let named = list(&named, "and", MOST_NAMES);
    match (&group.fact, named.is_empty()) {
        (Fact::Affinity, true) => Some("no such pod runs anywhere".to_owned()),
        (Fact::Affinity, false) => Some(format!("such pods run elsewhere: {named}")),
        (Fact::AntiAffinity(_) | Fact::Repelled(_), false) => Some(format!("beside {named}")),
        _ => None,
    }
}

/// What can be done about pods that run where a rule does not hold.
#[must_use]
pub fn help(group: &Group) -> String {
    let name = group.pods.first().map_or("", |one| one.pod.as_str());
    let namespace = &group.owner.namespace;
    match group.elsewhere {
        0 => format!("no node takes a new pod now: placecard why {namespace}/{name} says why"),
        nodes => format!(
            "{} would take a new pod in place of {namespace}/{name}",
            several(nodes, "node")
        ),
    }
}

/// What is said first of pending pods.
#[must_use]
pub fn pending(pending: &Pending, nodes: usize) -> String {
    let pods = several(pending.pods.len(), "pending pod");
    match &pending.why {
        Some(why) => format!("{pods}: {}", reasons(why, nodes)),
        None => format!("{pods}: none of {} fits", several(nodes, "node")),
    }
}

/// The few demands that exclude every node.
fn reasons(why: &Why, nodes: usize) -> String {
    let core: Vec<String> =
        why.diagnosis.core.iter().map(|member| super::why::demand(&member.demand)).collect();
    match core.is_empty() {
        true => format!("none of {} fits", several(nodes, "node")),
        false => {
            format!("none of {} fits: {}", several(nodes, "node"), list(&core, "and", MOST_NAMES))
        }
    }
}

/// The smallest change that lets the pod fit, if one is known.
#[must_use]
pub fn way(why: Option<&Why>, pod: &Pod) -> Option<String> {
    let way = why?.diagnosis.ways.first()?;
    let (what, yields) = super::why::way(way, pod);
    Some(format!("{what}: {yields}"))
}

fn without(one: &Without) -> String {
    match one {
        Without::Node(name) => format!("node {name}"),
        Without::Label { key, value } => match level(key) {
            level if level != key => format!("{level} {value}"),
            _ => format!("{key}={value}"),
        },
    }
}

/// What is lost: `zone eu-1a (3 nodes)`.
#[must_use]
pub fn lost(loss: &Loss) -> String {
    let mut parts: Vec<String> = loss.asked.iter().map(without).collect();
    if !loss.failed.is_empty() {
        parts.push(format!("failed {}", list(&loss.failed, "and", MOST_NAMES)));
    }
    if !loss.gone.is_empty() {
        parts.push(format!("{}, not there any longer", list(&loss.gone, "and", MOST_NAMES)));
    }
    format!("{} ({})", list(&parts, "and", MOST_NAMES), several(loss.nodes.len(), "node"))
}

/// What is said first of a loss.
#[must_use]
pub fn loss(loss: &Loss) -> String {
    let pods = several(loss.displaced, "pod");
    let placed = match loss.displaced.saturating_sub(loss.placed) {
        _ if loss.displaced == 0 => "no pod is displaced".to_owned(),
        0 => format!("{pods} displaced, each has a place elsewhere"),
        none => format!("{pods} displaced, {none} of them without a place elsewhere"),
    };
    format!("without {}: {placed}", lost(loss))
}

/// What is said first of pods without a place.
#[must_use]
pub fn stuck(stuck: &Stuck, nodes: usize) -> String {
    let pods = several(stuck.pods.len(), "pod");
    match &stuck.why {
        Some(why) => format!("{pods} without a place: {}", reasons(why, nodes)),
        None => format!("{pods} without a place on {}", several(nodes, "node")),
    }
}

/// Pods without a place, with the required rules in words that depend on it, and what would have to
/// return.
#[must_use]
pub fn stuck_without(stuck: &Stuck, required: &[String]) -> String {
    let pods = several(stuck.pods.len(), "pod");
    let rules = match required.is_empty() {
        true => String::new(),
        false => format!(" for {}", list(required, "and", 2)),
    };
    let returns = match stuck.returns.is_empty() {
        true => returns(stuck),
        false => format!("{} would have to return", returns(stuck)),
    };
    format!("{pods} without a place{rules}: {returns}")
}

/// What would have to return.
#[must_use]
pub fn returns(stuck: &Stuck) -> String {
    if stuck.returns.is_empty() {
        return "no single node that is lost would be enough".to_owned();
    }
    let labels: Vec<String> =
        stuck.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let with = match labels.is_empty() {
        true => String::new(),
        false => format!(", with {}", list(&labels, "and", MOST_NAMES)),
    };
    match stuck.returns.len() {
        1 => format!("node {}{with}", stuck.pattern),
        more => format!("one of {more} nodes {}{with}", stuck.pattern),
    }
}

/// The last line: what was looked at, and how much was found.
#[must_use]
pub fn summary(audit: &Audit) -> String {
    let of = |severity| audit.groups.iter().filter(|group| group.severity == severity).count();
    let errors = of(Severity::Error) + audit.lapsed.len();
    let warnings = of(Severity::Warning);
    let broken = match (errors, warnings) {
        (0, 0) => "every rule holds".to_owned(),
        (errors, 0) => several(errors, "broken rule"),
        (0, warnings) => several(warnings, "warning"),
        (errors, warnings) => {
            format!("{} and {}", several(errors, "broken rule"), several(warnings, "warning"))
        }
    };
    let shut: usize = audit.pending.iter().map(|one| one.pods.len()).sum();
    let pending = match (audit.waiting, shut) {
        (0, _) => "no pod is pending".to_owned(),
        (waiting, 0) => format!("{} pending, each has room", several(waiting, "pod")),
        (waiting, shut) => format!("{shut} of {} without a node", several(waiting, "pending pod")),
    };
    let running = several(audit.running, "running pod");
    format!("{running}: {broken}; {pending}{}", left_out(&audit.left_out))
}

fn left_out(left_out: &LeftOut) -> String {
    let LeftOut { fixed, gated, worded, schedulers } = left_out;
    let mut parts = Vec::new();
    if *fixed > 0 {
        parts.push(format!("{fixed} static"));
    }
    if *gated > 0 {
        parts.push(format!("{gated} gated"));
    }
    if *worded > 0 {
        parts.push(format!("the words of {} (no vocabulary)", several(*worded, "pod")));
    }
    parts.extend(schedulers.iter().map(|(name, pods)| format!("{pods} of scheduler {name}")));
    match parts.is_empty() {
        true => String::new(),
        false => format!("; left out: {}", list(&parts, "and", MOST_NAMES)),
    }
}
