//! Where pods would go: the nodes that fit, ranked, with the points of each plugin.

pub(crate) mod request;

use std::collections::BTreeSet;
use std::io::Read;

use placecard_findings::Severity;
use placecard_language::Words;
use placecard_policies::cluster::Cluster;
use placecard_policies::feasibility::rank::{Ranked, rank};
use placecard_policies::feasibility::score::ScorePlugin;
use placecard_policies::placed::next_cycle;
use placecard_policies::placement_request::Placement;
use placecard_policies::stored::Stored;
use placecard_policies::template_pod::Unjudged;
use placecard_policies::words;
use serde_json::{Map, Value, json};

use crate::cluster_of::{self, Taken};
use crate::plan::{Ask, Look};
use crate::render::human::{WIDTH, word, wrap};
use crate::render::style::{Paint, paint, plain};
use crate::run::words_of;
use crate::why::human::admission;
use crate::why::pods::{Subject, subjects};
use crate::{Outcome, complaining};

/// Rows that are shown without `--all`.
const MOST_ROWS: usize = 10;

/// A pod, and the nodes that fit it.
struct Report {
    subject: String,
    found: Result<Found, Unjudged>,
    /// Where its typed entries place it by themselves.
    request: Option<Placement>,
}

/// The nodes that fit, best first.
struct Found {
    stored: Stored,
    nodes: usize,
    ranked: Vec<Row>,
}

/// A node that fits.
struct Row {
    node: String,
    /// From 1; nodes with as many points have the same.
    rank: usize,
    /// `None` if the scheduler does not score.
    total: Option<i64>,
    points: Vec<(ScorePlugin, i64)>,
}

/// Answers `placecard place`.
///
/// # Errors
/// Why it could not run.
pub(crate) fn answer(ask: &Ask, look: Look, stdin: &mut dyn Read) -> Result<Outcome, String> {
    let words = words_of(&ask.inputs, stdin)?;
    let Taken { mut cluster, server, complaints, .. } =
        cluster_of::read(&ask.cluster, &ask.inputs, &words, stdin)?;
    let ask = &ask.read_by(server);
    let reports: Vec<Report> = subjects(ask, &mut cluster, words.clone(), stdin)?
        .into_iter()
        .map(|one| report(&cluster, &words, one))
        .collect();
    let shut = |one: &Report| {
        let waits = |found: &Found| found.ranked.is_empty() || found.stored.is_refused();
        let nowhere = |placement: &Placement| placement.candidates.is_empty();
        let shut = match &one.found {
            Ok(found) => waits(found),
            Err(why) => *why == Unjudged::Rules,
        };
        shut || one.request.as_ref().is_some_and(nowhere)
    };
    let worst = reports.iter().any(shut).then_some(Severity::Error);
    let output = match ask.json {
        true => to_json(&cluster, &reports),
        false => to_text(&cluster, &reports, ask.all, look),
    };
    let complaints = complaining(&complaints);
    let fail_on = Some(Severity::Error);
    Ok(Outcome { worst, fail_on, complaints, ..Outcome::output(output) })
}

fn report(cluster: &Cluster, words: &Words, subject: Subject) -> Report {
    let Subject { name, pod, owner, request, .. } = subject;
    let place = |request| request::placed(cluster, words, &request, owner.as_ref());
    let request = request.map(place);
    let found = pod.map(|stored| {
        let cycle = next_cycle(cluster, &stored.pod, owner.as_ref());
        let ranking = rank(&cycle);
        let nodes = ranking.judgement.nodes.len();
        let ranked = rows(&ranking.ranked);
        Found { nodes, ranked, stored: stored.clone() }
    });
    Report { subject: name, found, request }
}

fn rows(ranked: &[Ranked<'_>]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (position, one) in ranked.iter().enumerate() {
        let total = one.score.as_ref().map(|score| score.total);
        let tied = rows.last().filter(|last| last.total == total).map(|last| last.rank);
        let points = one.score.iter().flat_map(|score| &score.by_plugin);
        rows.push(Row {
            node: one.node.to_owned(),
            rank: tied.unwrap_or(position + 1),
            total,
            points: points.map(|(plugin, points)| (*plugin, *points)).collect(),
        });
    }
    rows
}

/// The nodes of the first rank; none if the scheduler does not score several.
fn best(found: &Found) -> Vec<&str> {
    let scored = |row: &&Row| row.rank == 1 && (row.total.is_some() || found.ranked.len() == 1);
    found.ranked.iter().filter(scored).map(|row| row.node.as_str()).collect()
}

fn to_text(cluster: &Cluster, reports: &[Report], all: bool, look: Look) -> String {
    let texts: Vec<String> = reports.iter().map(|one| of_pod(cluster, one, all, look)).collect();
    texts.join("\n")
}

fn of_pod(cluster: &Cluster, report: &Report, all: bool, look: Look) -> String {
    let subject = &report.subject;
    let found = match &report.found {
        Ok(found) => found,
        Err(why) => {
            let subject = plain(subject, look.ascii);
            let why = words::why::unjudged(why);
            return format!("{subject} is not judged: {why}\n{}", of_request(report, all, look));
        }
    };
    let (fits, stored) = (found.ranked.len(), &found.stored);
    let headline = match stored.is_refused() {
        true => words::stored::headline(subject, stored, found.nodes, fits),
        false => words::place::headline(subject, found.nodes, fits, &best(found)),
    };
    let mut text = String::new();
    for line in wrap(&plain(&headline, look.ascii), WIDTH) {
        text.push_str(&format!("{line}\n"));
    }
    text.push_str(&admission(stored, look));
    if found.ranked.is_empty() {
        text.push_str(&word("help:", "placecard why says what is in the way", look));
    } else {
        text.push_str(&format!("\n{}\n", table(found, all, look)));
    }
    let nodes = words::why::several(found.nodes, "node");
    let missing = words::why::without(&cluster.missing_for(&stored.pod, stored.new, true));
    let judged_by = match &cluster.schedulers {
        Some(_) => words::why::profile(cluster, &stored.pod),
        None => "; default profile of kube-scheduler".to_owned(),
    };
    let holds = format!("in snapshot {}, {nodes}{missing}{judged_by}", cluster.name);
    text + &of_request(report, all, look) + &word("holds:", &holds, look)
}

/// What its typed entries ask for; empty without any.
fn of_request(report: &Report, all: bool, look: Look) -> String {
    let text = report.request.as_ref().map(|placement| request::to_text(placement, all, look));
    text.map(|text| text + "\n").unwrap_or_default()
}

fn table(found: &Found, all: bool, look: Look) -> String {
    let most = if all { found.ranked.len() } else { MOST_ROWS };
    let shown = || found.ranked.iter().take(most);
    let plugins: BTreeSet<ScorePlugin> =
        shown().flat_map(|row| &row.points).map(|(plugin, _)| *plugin).collect();
    let width = shown().map(|row| row.node.chars().count()).max().unwrap_or_default().max(4);
    let mut title = format!("  rank  {:width$}  total", "node");
    for plugin in &plugins {
        title.push_str(&format!("  {:>5}", words::place::column(*plugin)));
    }
    let mut text = format!("{}\n", paint(look, Paint::Word, &title));
    for row in shown() {
        let total = row.total.map_or("-".to_owned(), |total| total.to_string());
        let node = plain(&row.node, look.ascii);
        let mut line = format!("  {:>4}  {node:width$}  {total:>5}", row.rank);
        for plugin in &plugins {
            let points = row.points.iter().find(|(one, _)| one == plugin);
            let points = points.map_or("-".to_owned(), |(_, points)| points.to_string());
            let width = words::place::column(*plugin).len().max(5);
            line.push_str(&format!("  {points:>width$}"));
        }
        text.push_str(&format!("{line}\n"));
    }
    let rest = found.ranked.len().saturating_sub(most);
    if rest > 0 {
        text.push_str(&format!("  and {}: --all\n", words::why::several(rest, "more node")));
    }
    text
}

fn to_json(cluster: &Cluster, reports: &[Report]) -> String {
    let row = |row: &Row| {
        let points: Map<String, Value> =
            row.points.iter().map(|(one, points)| (one.name().to_owned(), json!(points))).collect();
        json!({"rank": row.rank, "node": row.node, "total": row.total, "points": points})
    };
    let judged = |report: &Report| match &report.found {
        Ok(found) => {
            let ranked: Vec<Value> = found.ranked.iter().map(row).collect();
            let refused = words::stored::refusals(&found.stored);
            let mut pod =
                json!({"subject": report.subject, "nodes": found.nodes, "ranked": ranked});
            if !refused.is_empty() {
                pod["refused"] = json!(refused);
            }
            pod
        }
        Err(why) => json!({"subject": report.subject, "unjudged": words::why::unjudged(why)}),
    };
    let pod = |report: &Report| {
        let mut pod = judged(report);
        if let Some(placement) = &report.request {
            pod["request"] = request::to_json(placement);
        }
        pod
    };
    let pods: Vec<Value> = reports.iter().map(pod).collect();
    let snapshot = json!({"name": cluster.name, "nodes": cluster.inventory.nodes.len()});
    let answer = json!({"version": 1, "snapshot": snapshot, "pods": pods});
    serde_json::to_string_pretty(&answer).unwrap_or_default() + "\n"
}
