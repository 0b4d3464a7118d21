//! The report for people.

use placecard_policies::coordination::outlook::{Batches, Outlook, Outlooks, View};
use placecard_policies::coordination::rollout::HOLD;
use placecard_policies::coordination::rollouts::Rolled;
use placecard_policies::coordination::step::BatchState;
use placecard_policies::words;

use super::source::Taken;
use crate::plan::Look;
use crate::render::human::{WIDTH, word, wrap};
use crate::render::style::{Paint, paint, plain};

/// Rows that are shown without `--all`.
const MOST_ROWS: usize = 20;

pub(super) fn render(taken: &Taken, found: &Outlooks, all: bool, look: Look) -> String {
    let mut text = summary(found, look);
    for one in &found.found {
        text.push_str(&section(one, all, look));
    }
    let most = if all { usize::MAX } else { MOST_ROWS };
    for one in found.orphans.iter().take(most) {
        let (namespace, name) = &one.pod;
        let said = format!("{namespace}/{name}: {}", words::batches::orphan());
        text.push_str(&format!("\n{}", word("note:", &said, look)));
    }
    let nodes = words::why::several(taken.nodes, "node");
    text + "\n" + &word("holds:", &format!("in {}, {nodes}", taken.name), look)
}

fn named(one: &Outlook) -> String {
    let group = format!("{}/{}", one.namespace, one.group);
    match one.group == one.entry.name {
        true => group,
        false => format!("{group} {}", one.entry.name),
    }
}

/// A line for each coordination.
fn summary(found: &Outlooks, look: Look) -> String {
    let mut rows: Vec<[String; 4]> = Vec::new();
    for one in &found.found {
        let entry = &one.entry;
        let batch = match entry.total_batches {
            0 => "-".to_owned(),
            total => format!("{}/{total}", entry.current_batch),
        };
        rows.push([format!("{:?}", entry.phase), named(one), batch, entry.message.clone()]);
    }
    for ((namespace, name), why) in &found.unusable {
        let said = format!("cannot be used: {why}");
        let row = ["Invalid".to_owned(), format!("{namespace}/{name}"), "-".to_owned(), said];
        rows.push(row);
    }
    table(["phase", "coordination", "batch", ""], &rows, look)
}

/// Rows of four columns, the last of which is wrapped.
fn table(head: [&str; 4], rows: &[[String; 4]], look: Look) -> String {
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
        cells.chain(head.get(at).map(|cell| cell.chars().count())).max().unwrap_or(0)
    };
    let (one, two, three) = (width(0), width(1), width(2));
    let line = |a: &str, b: &str, c: &str| format!("  {a:one$}  {b:two$}  {c:three$}  ");
    let [a, b, c, d] = head;
    let title = format!("{}{d}", line(a, b, c));
    let mut text = format!("{}\n", paint(look, Paint::Word, title.trim_end()));
    for [a, b, c, said] in rows {
        let start = line(&plain(a, look.ascii), &plain(b, look.ascii), &plain(c, look.ascii));
        let indent = start.chars().count();
        let room = WIDTH.saturating_sub(indent).max(32);
        for (at, part) in wrap(&plain(said, look.ascii), room).into_iter().enumerate() {
            let start = if at == 0 { start.clone() } else { " ".repeat(indent) };
            text.push_str(&format!("{start}{part}\n"));
        }
        if said.is_empty() {
            text.push_str(&format!("{}\n", start.trim_end()));
        }
    }
    text
}

fn section(one: &Outlook, all: bool, look: Look) -> String {
    match &one.view {
        View::Batches(batches) => of_batches(&named(one), batches, all, look),
        View::Rollout(rolled) => of_rollout(&named(one), rolled, look),
    }
}

fn title(text: &str, look: Look) -> String {
    let lines = wrap(&plain(text, look.ascii), WIDTH);
    format!("\n{}\n", paint(look, Paint::Word, &lines.join("\n")))
}

fn of_batches(name: &str, batches: &Batches, all: bool, look: Look) -> String {
    let key = &batches.topology_key;
    let level = words::level(key);
    let most = if all { usize::MAX } else { MOST_ROWS };
    let mut text = title(name, look);
    let held = || batches.domains.iter().filter(|(_, numbers)| !numbers.is_empty());
    let width = held().take(most).map(|(domain, _)| domain.chars().count());
    let width = width.chain([level.chars().count()]).max().unwrap_or(0);
    if held().next().is_some() {
        let head = format!("  {level:width$}  batches");
        text.push_str(&format!("{}\n", paint(look, Paint::Word, &head)));
    }
    for (domain, numbers) in held().take(most) {
        let numbers: Vec<String> = numbers.iter().map(|number| (number + 1).to_string()).collect();
        let domain = plain(domain, look.ascii);
        text.push_str(&format!("  {domain:width$}  {}\n", numbers.join(" ")));
    }
    text.push_str(&rest(held().count(), most, level));
    let none = batches.domains.len() - held().count();
    if none > 0 {
        text.push_str(&format!("  {}\n", words::batches::without(none, level)));
    }
    let waiting = || batches.step.batches.iter().filter(|one| one.wait.is_some());
    if waiting().next().is_some() {
        let row = |one: &BatchState| {
            let domain = one.domain.clone().unwrap_or_else(|| "-".to_owned());
            let pods = format!("{}/{}", one.ready, one.expected);
            [(one.number + 1).to_string(), domain, pods, said(batches, one)]
        };
        let rows: Vec<[String; 4]> = waiting().take(most).map(row).collect();
        text.push('\n');
        text.push_str(&table(["batch", level, "ready", ""], &rows, look));
        text.push_str(&rest(waiting().count(), most, "batch"));
    }
    if !batches.uneven.is_empty() || batches.unlabelled > 0 {
        text.push('\n');
    }
    for one in batches.uneven.iter().take(most) {
        text.push_str(&word("note:", &words::batches::uneven(one, key), look));
    }
    if batches.unlabelled > 0 {
        let said = words::batches::unlabelled(batches.unlabelled, key);
        text.push_str(&word("note:", &said, look));
    }
    text
}

fn rest(count: usize, most: usize, what: &str) -> String {
    match count.saturating_sub(most) {
        0 => String::new(),
        rest => format!("  and {}: --all\n", words::why::several(rest, &format!("more {what}"))),
    }
}

/// What a batch waits for.
pub(super) fn said(batches: &Batches, one: &BatchState) -> String {
    let key = &batches.topology_key;
    match batches.stuck.get(&one.number) {
        Some(waiting) => {
            words::batches::no_room(waiting, key, one.present.saturating_sub(one.scheduled))
        }
        None => words::batches::wait(one, key),
    }
}

fn of_rollout(name: &str, rolled: &Rolled, look: Look) -> String {
    let row = |(role, standing): &(
        &placecard_policies::coordination::rollout::Role,
        placecard_policies::coordination::rollout::Standing,
    )| {
        let updated = format!("{}/{}", standing.updated, role.replicas);
        let ready = format!("{}/{}", standing.available, role.replicas);
        let partition = match role.partition {
            HOLD => "held".to_owned(),
            partition => format!("partition {partition}"),
        };
        [role.name.clone(), updated, ready, partition]
    };
    let rows: Vec<[String; 4]> = rolled.standings().iter().map(row).collect();
    let mut text = title(name, look);
    if !rows.is_empty() {
        text.push_str(&table(["role", "updated", "ready", ""], &rows, look));
    }
    for (role, why) in &rolled.hindered {
        text.push_str(&word("note:", &words::rollout::hindered(role, why), look));
    }
    text
}
