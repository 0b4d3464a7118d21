//! The report for people.

use std::collections::BTreeMap;

use placecard_findings::{Code, Severity};
use placecard_policies::audit::Audit;
use placecard_policies::audit::broken::{Group, Member};
use placecard_policies::audit::intents::Lapsed;
use placecard_policies::audit::loss::{Loss, Stuck};
use placecard_policies::audit::pending::Pending;
use placecard_policies::cluster::Cluster;
use placecard_policies::rules::{CANNOT_BE_PLACED, NO_PLACE_WITHOUT, RULE_NO_LONGER_HOLDS};
use placecard_policies::words;
use placecard_policies::words::why::several;

use super::evict::Evicted;
use crate::plan::Look;
use crate::render::human::{WIDTH, word, wrap};
use crate::render::style::{Paint, paint, plain};

/// Nodes that are named of a group without `--all`.
const MOST_NODES: usize = 6;
/// Pods that are named of a node without `--all`.
const MOST_PODS: usize = 3;

/// The whole report.
pub(super) fn render(
    cluster: &Cluster,
    audit: &Audit,
    evicted: Option<&[Evicted]>,
    all: bool,
    look: Look,
) -> String {
    let mut parts: Vec<String> =
        audit.groups.iter().map(|group| of_group(group, all, look)).collect();
    parts.extend(audit.lapsed.iter().map(|one| of_lapsed(one, all, look)));
    let nodes = cluster.inventory.nodes.len();
    parts.extend(audit.pending.iter().map(|one| of_pending(one, nodes, all, look)));
    if let Some(loss) = &audit.loss {
        parts.extend(of_loss(loss, nodes, all, look));
    }
    parts.extend(evicted.map(|evicted| of_evicted(evicted, look)));
    let missing = words::why::without(&cluster.missing());
    let judged_by = match &cluster.schedulers {
        Some(known) => format!("; profiles of {}", known.name),
        None => "; scheduler default-scheduler".to_owned(),
    };
    let holds =
        format!("in snapshot {}, {}{missing}{judged_by}", cluster.name, several(nodes, "node"));
    let mut text = sentence(&words::audit::summary(audit), look);
    text.push_str(&word("holds:", &holds, look));
    parts.push(text);
    parts.join("\n")
}

fn of_evicted(evicted: &[Evicted], look: Look) -> String {
    let line = |text: &str| word("evict:", text, look);
    if evicted.is_empty() {
        return line(words::audit::no_eviction());
    }
    evicted.iter().map(|(one, fate)| line(&words::audit::eviction(one, fate))).collect()
}

fn sentence(text: &str, look: Look) -> String {
    wrap(&plain(text, look.ascii), WIDTH).iter().map(|line| format!("{line}\n")).collect()
}

fn title(severity: Severity, code: Code, subject: &str, look: Look) -> String {
    let head = paint(look, Paint::Severity(severity), &format!("{severity}[{code}]"));
    format!("{head} {}\n", plain(subject, look.ascii))
}

fn headline(severity: Severity, text: &str, look: Look) -> String {
    let sign = match (severity, look.ascii) {
        (Severity::Error, false) => "×",
        (Severity::Warning | Severity::Note, false) => "⚠",
        (Severity::Error, true) => "x",
        (Severity::Warning | Severity::Note, true) => "!",
    };
    let lines = wrap(&plain(text, look.ascii), WIDTH - 4);
    let lines = lines.iter().enumerate().map(|(at, line)| match at {
        0 => format!("  {sign} {line}\n"),
        _ => format!("    {line}\n"),
    });
    lines.collect()
}

fn of_group(group: &Group, all: bool, look: Look) -> String {
    let mut text =
        title(group.severity, RULE_NO_LONGER_HOLDS, &words::audit::owner(&group.owner), look);
    text.push_str(&headline(group.severity, &words::audit::headline(group), look));
    text.push_str(&nodes(&group.pods, all, look));
    if let Some(others) = words::audit::others(group) {
        text.push_str(&word("", &others, look));
    }
    text.push_str(&word("help:", &words::audit::help(group), look));
    text
}

fn of_lapsed(lapsed: &Lapsed, all: bool, look: Look) -> String {
    let subject = words::audit::owner(&lapsed.owner);
    let mut text = title(Severity::Error, RULE_NO_LONGER_HOLDS, &subject, look);
    let message = words::audit::lapsed(&lapsed.rule, &lapsed.how);
    text.push_str(&headline(Severity::Error, &message, look));
    text.push_str(&nodes(&lapsed.pods, all, look));
    text
}

/// The pods by their nodes.
fn nodes(members: &[Member], all: bool, look: Look) -> String {
    let mut by_node: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Member { pod, node } in members {
        by_node.entry(node).or_default().push(pod.clone());
    }
    let most = if all { usize::MAX } else { MOST_NODES };
    let width = by_node.keys().take(most).map(|node| node.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (at, (node, pods)) in by_node.iter().take(most).enumerate() {
        let pods = words::list(pods, "and", if all { usize::MAX } else { MOST_PODS });
        let line = format!("{node:width$}  {pods}").replace(' ', "\u{a0}");
        text.push_str(&word(if at == 0 { "now:" } else { "" }, &line, look));
    }
    let rest = by_node.len().saturating_sub(most);
    if rest > 0 {
        text.push_str(&word("", &format!("and {}: --all", several(rest, "more node")), look));
    }
    text.replace('\u{a0}', " ")
}

fn names(pods: &[String], all: bool) -> String {
    words::list(pods, "and", if all { usize::MAX } else { MOST_PODS })
}

fn of_pending(pending: &Pending, nodes: usize, all: bool, look: Look) -> String {
    let subject = words::audit::owner(&pending.owner);
    let mut text = title(Severity::Error, CANNOT_BE_PLACED, &subject, look);
    text.push_str(&headline(Severity::Error, &words::audit::pending(pending, nodes), look));
    text.push_str(&word("now:", &names(&pending.pods, all), look));
    let first = pending.pods.first().map_or("", String::as_str);
    let more = format!("placecard why {}/{first} says more", pending.owner.namespace);
    let way = words::audit::way(pending.why.as_ref(), &pending.example);
    text.push_str(&word("help:", &way.unwrap_or(more), look));
    text
}

fn of_loss(loss: &Loss, nodes: usize, all: bool, look: Look) -> Vec<String> {
    let left = nodes.saturating_sub(loss.nodes.len());
    let mut parts = vec![sentence(&words::audit::loss(loss), look)];
    parts.extend(loss.stuck.iter().map(|stuck| of_stuck(stuck, left, all, look)));
    parts.extend(loss.broken.iter().map(|group| of_group(group, all, look)));
    parts
}

fn of_stuck(stuck: &Stuck, left: usize, all: bool, look: Look) -> String {
    let subject = words::audit::owner(&stuck.owner);
    let mut text = title(Severity::Error, NO_PLACE_WITHOUT, &subject, look);
    text.push_str(&headline(Severity::Error, &words::audit::stuck(stuck, left), look));
    text.push_str(&word("now:", &names(&stuck.pods, all), look));
    text.push_str(&word("needs:", &words::audit::returns(stuck), look));
    if let Some(way) = words::audit::way(stuck.why.as_ref(), &stuck.example) {
        text.push_str(&word("help:", &way, look));
    }
    text
}
