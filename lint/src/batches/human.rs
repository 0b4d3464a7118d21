//! The forecast for people.

use std::collections::BTreeMap;

use placecard_policies::cluster::Cluster;
use placecard_policies::coordination::forecast::Forecast;
use placecard_policies::coordination::troupe::Troupe;
use placecard_policies::words;

use super::{Obstacle, Player, Report, waits};
use crate::plan::Look;
use crate::render::human::{WIDTH, word, wrap};
use crate::render::style::{Paint, paint, plain};

/// Batches that are shown without `--all`.
const MOST_ROWS: usize = 20;

pub(super) fn render(cluster: &Cluster, reports: &[Report], all: bool, look: Look) -> Vec<String> {
    reports.iter().map(|report| of_one(cluster, report, all, look)).collect()
}

fn of_one(cluster: &Cluster, report: &Report, all: bool, look: Look) -> String {
    let troupe = &report.troupe;
    let name = match troupe.namespace.as_str() {
        "" => troupe.group.clone(),
        namespace => format!("{namespace}/{}", troupe.group),
    };
    let key = &troupe.affinity.topology_key;
    let ratios: Vec<(&String, u32)> =
        troupe.affinity.ratios.iter().map(|(role, ratio)| (role, *ratio)).collect();
    let found = match &report.found {
        Ok(found) => found,
        Err(why) => {
            let text = format!("{name} is not planned: {}", obstacle(troupe, why));
            return lines(&text, look);
        }
    };
    let title = words::batches::headline(&name, &troupe.coordination, &ratios, key, found);
    let mut text = lines(&title, look);
    text.push_str(&format!("\n{}", table(found, key, all, look)));
    text.push_str(&format!("\n{}", word("room:", &words::batches::room(&found.rooms, key), look)));
    for remedy in &found.remedies {
        text.push_str(&word("help:", &words::batches::remedy(remedy), look));
    }
    let nodes = words::why::several(cluster.inventory.nodes.len(), "node");
    let missing = words::why::without(&cluster.missing());
    let holds = format!("in snapshot {}, {nodes}{missing}", cluster.name);
    text + &word("holds:", &holds, look)
}

pub(super) fn lines(text: &str, look: Look) -> String {
    wrap(&plain(text, look.ascii), WIDTH).into_iter().map(|line| format!("{line}\n")).collect()
}

/// Why there is no forecast.
pub(super) fn obstacle(troupe: &Troupe<Player>, obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::TooMany(many) => words::batches::too_many(many.pods),
        Obstacle::Roles => {
            let unjudged = troupe.players.iter().find_map(|(role, player)| {
                let why = player.cast.as_ref().err()?;
                Some((role.as_str(), player.name.as_str(), words::why::unjudged(why)))
            });
            words::batches::roles(&troupe.missing, &troupe.contested, unjudged)
        }
    }
}

/// What is said of a batch: its domain, and its pods or why it waits.
fn rows(found: &Forecast, key: &str) -> BTreeMap<u64, (String, String)> {
    let mut rows: BTreeMap<u64, (String, String)> = BTreeMap::new();
    for (number, domain) in &found.running {
        rows.insert(*number, (domain.clone(), "runs there already".to_owned()));
    }
    for landing in &found.landings {
        let pods = found.pods.get(&landing.number).into_iter().flatten();
        let alone = landing.nodes.iter().all(|node| *node == landing.domain);
        let pod = |((_, name), node): (&(String, String), &String)| match alone {
            true => name.clone(),
            false => format!("{name} ({node})"),
        };
        let pods: Vec<String> = pods.zip(&landing.nodes).map(pod).collect();
        rows.insert(landing.number, (landing.domain.clone(), pods.join(" ")));
    }
    for waiting in &found.waiting {
        let pods = found.pods.get(&waiting.number).map_or(0, Vec::len);
        rows.insert(waiting.number, ("-".to_owned(), waits(waiting, key, pods)));
    }
    rows
}

fn table(found: &Forecast, key: &str, all: bool, look: Look) -> String {
    let rows = rows(found, key);
    let most = if all { rows.len() } else { MOST_ROWS };
    let level = words::level(key);
    let shown = || rows.iter().take(most);
    let width = shown()
        .map(|(_, (domain, _))| domain.chars().count())
        .chain([level.chars().count()])
        .max()
        .unwrap_or_default();
    let title = format!("  batch  {level:width$}  pods");
    let mut text = format!("{}\n", paint(look, Paint::Word, &title));
    for (number, (domain, said)) in shown() {
        let head = format!("  {:>5}  {:width$}  ", number + 1, plain(domain, look.ascii));
        let indent = head.chars().count();
        let room = WIDTH.saturating_sub(indent).max(24);
        for (at, line) in wrap(&plain(said, look.ascii), room).into_iter().enumerate() {
            let start = if at == 0 { head.clone() } else { " ".repeat(indent) };
            text.push_str(&format!("{start}{line}\n"));
        }
    }
    let rest = rows.len().saturating_sub(most);
    if rest > 0 {
        let more = if rest == 1 { "more batch" } else { "more batches" };
        text.push_str(&format!("  and {rest} {more}: --all\n"));
    }
    text
}
