//! The report for people.

use placecard_policies::cluster::Cluster;
use placecard_policies::stored::Stored;
use placecard_policies::why::groups::Group;
use placecard_policies::why::outlook::Outlook;
use placecard_policies::words;
use placecard_policies::words::why::several;

use super::{Found, Report};
use crate::plan::Look;
use crate::render::human::{MARGIN, WIDTH, word, wrap};
use crate::render::style::{Paint, paint, plain};

/// Rows that are shown without `--all`.
const MOST_ROWS: usize = 6;
/// Nodes that are named where a pod has room.
const MOST_NODES: usize = 6;
/// Columns of the count of nodes, with its margin.
const COUNT: usize = 7;
/// Columns between two others.
const GAP: usize = 2;

/// All reports, a blank line between two.
pub(crate) fn render(cluster: &Cluster, reports: &[Report], all: bool, look: Look) -> String {
    let texts: Vec<String> = reports
        .iter()
        .map(|report| match &report.found {
            Ok(found) => of_pod(cluster, &report.subject, found, all, look),
            Err(why) => {
                let subject = plain(&report.subject, look.ascii);
                format!("{subject} is not judged: {}\n", words::why::unjudged(why))
            }
        })
        .collect();
    texts.join("\n")
}

fn of_pod(cluster: &Cluster, subject: &str, found: &Found, all: bool, look: Look) -> String {
    let mut text = String::new();
    let headline = match &found.runs_on {
        Some(node) => format!("{subject} runs on {node}"),
        None => headline(subject, found),
    };
    for line in wrap(&plain(&headline, look.ascii), WIDTH) {
        text.push_str(&format!("{line}\n"));
    }
    text.push_str(&admission(&found.stored, look));
    let diagnosis = &found.diagnosis;
    if !diagnosis.feasible.is_empty() {
        let names =
            words::list(&diagnosis.feasible, "and", if all { usize::MAX } else { MOST_NODES });
        text.push_str(&word("fits:", &names, look));
    }
    if !diagnosis.groups.is_empty() && (diagnosis.feasible.is_empty() || all) {
        text.push('\n');
        text.push_str(&table(found, all, look));
        text.push('\n');
    }
    for (position, way) in diagnosis.ways.iter().enumerate() {
        let name = if position == 0 { "help:" } else { "" };
        let (what, yields) = words::why::way(way, &found.stored.pod);
        let what =
            if diagnosis.ways.len() == 1 { what } else { format!("{}. {what}", position + 1) };
        text.push_str(&word(name, &beside(&what, &yields), look));
    }
    text.push_str(&word("holds:", &holds(cluster, found), look));
    text.push_str(&event(found, look));
    text
}

/// What is said first.
pub(super) fn headline(subject: &str, found: &Found) -> String {
    let diagnosis = &found.diagnosis;
    if found.stored.is_refused() {
        let fits = diagnosis.feasible.len();
        return words::stored::headline(subject, &found.stored, diagnosis.nodes, fits);
    }
    words::why::headline(subject, diagnosis, &found.outlook)
}

/// What the namespace and the classes make of the pod.
pub(crate) fn admission(stored: &Stored, look: Look) -> String {
    let lines = [
        ("class:", words::stored::class(stored)),
        ("range:", words::stored::range(stored)),
        ("quota:", words::stored::quota(stored)),
    ];
    let lines = lines.into_iter().filter_map(|(name, text)| Some(word(name, &text?, look)));
    lines.collect()
}

/// The second text at the right margin, if both fit into a line.
fn beside(left: &str, right: &str) -> String {
    let room = WIDTH - MARGIN;
    let used = left.chars().count() + right.chars().count();
    match room.checked_sub(used) {
        // A blank that does not break.
        Some(gap) if gap >= GAP => format!("{left}{}{right}", "\u{a0}".repeat(gap)),
        _ => format!("{left}: {right}"),
    }
}

fn holds(cluster: &Cluster, found: &Found) -> String {
    let nodes = several(found.diagnosis.nodes, "node");
    let stored = &found.stored;
    let missing = words::why::without(&cluster.missing_for(&stored.pod, stored.new, false));
    let name = &cluster.name;
    let judged_by = match &cluster.schedulers {
        Some(_) => words::why::profile(cluster, &found.stored.pod),
        None => "; scheduler default-scheduler".to_owned(),
    };
    let mut text = format!("in snapshot {name}, {nodes}{missing}{judged_by}");
    if cluster.closed && found.outlook == Outlook::NoInventory {
        text.push_str("; the vocabulary declares inventory: closed");
    }
    if found.left_out > 0 {
        let pods = several(found.left_out, "pod");
        text.push_str(&format!("; {pods} of the same workload left out: they are replaced"));
    }
    text
}

fn event(found: &Found, look: Look) -> String {
    let Some(event) = &found.diagnosis.event else { return String::new() };
    let mut text = String::from("\n  The event of the scheduler, for the same moment:\n");
    for line in wrap(&plain(event, look.ascii), WIDTH - 4) {
        text.push_str(&format!("    {line}\n"));
    }
    if let Some(hidden) = &found.diagnosis.hidden {
        for line in wrap(&plain(&words::why::hidden(hidden), look.ascii), WIDTH - 2) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

fn table(found: &Found, all: bool, look: Look) -> String {
    let groups = &found.diagnosis.groups;
    let most = if all { groups.len() } else { MOST_ROWS };
    let shown = || groups.iter().take(most);
    let width = |text: &dyn Fn(&Group) -> String, title: &str| {
        let widest = shown().map(|group| text(group).chars().count()).max().unwrap_or_default();
        widest.max(title.len())
    };
    let group = width(&|group| group.name.clone(), "group");
    let owner = width(&words::why::in_the_way, "in the way");
    let why = WIDTH.saturating_sub(COUNT + GAP + group + GAP + GAP + owner).max(24);
    let mut text = row("nodes", "group", "why not", "in the way", (group, why));
    for one in shown() {
        let reasons = wrap(&words::why::reasons(one, &found.stored.pod, true), why);
        for (position, line) in reasons.iter().enumerate() {
            let (count, name, owner) = match position {
                0 => (one.nodes.len().to_string(), one.name.clone(), words::why::in_the_way(one)),
                _ => Default::default(),
            };
            text.push_str(&row(&count, &name, line, &owner, (group, why)));
        }
    }
    let rest: usize = groups.iter().skip(most).map(|group| group.nodes.len()).sum();
    let mut text = plain_lines(&text, look);
    if rest > 0 {
        text.push_str(&format!("  and {}: --all\n", several(rest, "more node")));
    }
    let (title, rows) = text.split_once('\n').unwrap_or_default();
    format!("{}\n{rows}", paint(look, Paint::Word, title))
}

fn plain_lines(text: &str, look: Look) -> String {
    text.lines().map(|line| plain(line, look.ascii) + "\n").collect()
}

fn row(count: &str, name: &str, why: &str, owner: &str, (group, width): (usize, usize)) -> String {
    let line = format!("{count:>COUNT$}  {name:group$}  {why:width$}  {owner}");
    format!("{}\n", line.trim_end())
}
