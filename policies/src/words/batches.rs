//! How far batches are, in words.

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::batches::plan::Waiting;
use placecard_feasibility::batches::room::Room;
use placecard_feasibility::batches::trial::Blocked;
use placecard_feasibility::filter::reason::{Reason, text};

use super::why::several;
use super::{level, list};
use crate::coordination::forecast::{Forecast, Remedy};
use crate::coordination::news::Event;
use crate::coordination::outlook::{Cause, Uneven};
use crate::coordination::status::Progress;
use crate::coordination::step::{BatchState, Wait};

/// Reasons that are written out.
const MOST_REASONS: usize = 3;

/// How far a coordination is: `Deploying batch 2 of 3: decode-1 ...`.
#[must_use]
pub fn progress(progress: &Progress, key: &str) -> String {
    let total = progress.total;
    let mut text = match (&progress.waiting, progress.current) {
        _ if total == 0 => "No batch is whole: a role has fewer replicas than its ratio".to_owned(),
        (None, current) if current >= total => match total {
            1 => "The batch is ready".to_owned(),
            _ => format!("All {total} batches are ready"),
        },
        (None, _) => format!("Waiting for the pods of {}", several_batches(total)),
        (Some(batch), 0) => {
            format!("Waiting to deploy batch {} of {total}: {}", batch.number + 1, wait(batch, key))
        }
        (Some(batch), current) => {
            format!("Deploying batch {current} of {total}: {}", wait(batch, key))
        }
    };
    if !progress.surplus.is_empty() && total > 0 {
        let more = |(role, count): (&String, &u64)| format!("{} of {role}", several_pods(*count));
        let more: Vec<String> = progress.surplus.iter().map(more).collect();
        let one = progress.surplus.values().sum::<u64>() == 1;
        let belong = if one { "belongs" } else { "belong" };
        text.push_str(&format!(
            "; {} {belong} to no whole batch",
            list(&more, "and", MOST_REASONS)
        ));
    }
    text
}

/// What a batch waits for.
#[must_use]
pub fn wait(batch: &BatchState, key: &str) -> String {
    let late = if batch.timed_out { ", longer than its timeout" } else { "" };
    let place = || match &batch.domain {
        Some(domain) if level(key) == "node" => domain.clone(),
        Some(domain) => format!("{} {domain}", level(key)),
        None => format!("a {}", level(key)),
    };
    match &batch.wait {
        None => "ready".to_owned(),
        Some(Wait::Pods(missing)) => {
            let of = |(role, count): (&String, &u64)| format!("{} of {role}", several_pods(*count));
            let missing: Vec<String> = missing.iter().map(of).collect();
            format!("waits for {}{late}", list(&missing, "and", MOST_REASONS))
        }
        Some(Wait::Previous(number)) => format!("waits until batch {} is ready", number + 1),
        Some(Wait::Room(waiting)) => format!("{}{late}", no_room(waiting, key, batch.present)),
        Some(Wait::RoomHere(blocked)) => {
            format!("{} has no room for the rest of it: {}", place(), reasons(blocked))
        }
        Some(Wait::Lost) => format!("{} is gone, its pods are made again", place()),
        Some(Wait::Nodes) if batch.domain.is_some() => format!("its pods go to {}", place()),
        // The scheduler places the batch, and has not chosen where.
        Some(Wait::Nodes) => {
            let waiting = batch.present.saturating_sub(batch.scheduled);
            format!("{} of it {} for the scheduler{late}", several_pods(waiting), waits(waiting))
        }
        Some(Wait::Ready) => {
            let unready = batch.present.saturating_sub(batch.ready);
            let are = if unready == 1 { "is" } else { "are" };
            format!("{} on {} {are} not ready yet", several_pods(unready), place())
        }
    }
}

/// What happened to a batch: `batch 2 of pd goes to worker-1`.
#[must_use]
pub fn news(event: Event, coordination: &str, batch: &BatchState, key: &str) -> String {
    let name = format!("batch {} of {coordination}", batch.number + 1);
    let pods = several_pods(batch.present);
    let place = match (&batch.domain, level(key)) {
        (Some(domain), "node") => domain.clone(),
        (Some(domain), level) => format!("{level} {domain}"),
        (None, level) => format!("a {level}"),
    };
    match event {
        Event::Begun => format!("{name} goes to {place}: {pods}"),
        Event::Placed if batch.strays.is_empty() => format!("{name} is placed on {place}: {pods}"),
        Event::Placed => {
            let strays: Vec<String> = batch.strays.iter().cloned().collect();
            format!("{name} is placed on {place}, and on {}", list(&strays, "and", MOST_REASONS))
        }
        Event::Released => {
            format!(
                "{name} waited longer than its timeout: {pods} are let go to any {}",
                level(key)
            )
        }
        Event::Replaced => format!("{name} cannot go to {place}: its pods are made again"),
        Event::TimedOut => format!("{name} waits longer than its timeout: {}", wait(batch, key)),
        Event::NoRoom => format!("{name}: {}", wait(batch, key)),
    }
}

/// The API server does not take the scheduler's group of a batch.
#[must_use]
pub fn pod_group_refused(coordination: &str, batch: u64, told: &str) -> String {
    format!(
        "batch {} of {coordination} has no PodGroup, so its pods wait: the API server says {told}",
        batch + 1
    )
}

fn waits(count: u64) -> &'static str {
    if count == 1 { "waits" } else { "wait" }
}

/// A RoleCoordination that is stored cannot be used: nothing is done for it.
#[must_use]
pub fn unusable(fault: &str) -> String {
    format!("nothing is done for this coordination until it is mended: {fault}")
}

/// A pod waits for a coordination that is not there.
#[must_use]
pub fn orphan() -> String {
    "its coordination is gone, or has no role for it any longer, so nothing will let it go: make \
     the coordination again, or delete the pod"
        .to_owned()
}

/// Why no domain takes the batch.
#[must_use]
pub fn no_room(waiting: &Waiting, key: &str, pods: u64) -> String {
    let level = level(key);
    let domains = several(waiting.domains, level);
    let closed = match waiting.closed {
        0 => String::new(),
        1 => ", 1 of which holds another batch".to_owned(),
        closed => format!(", {closed} of which hold another batch"),
    };
    let Some((domain, blocked)) = &waiting.nearest else {
        return match waiting.domains {
            0 => format!("no node has the label {key}"),
            _ => format!("no {level} is free for it ({domains}{closed})"),
        };
    };
    format!(
        "no {level} has room for all {} ({domains}{closed}); {domain} takes {}, then: {}",
        several_pods(pods),
        blocked.placed,
        reasons(blocked)
    )
}

/// What rejects the nodes, in the scheduler's words.
fn reasons(blocked: &Blocked) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for ((_, reason), nodes) in &blocked.reasons {
        *counts.entry(said(reason)).or_insert(0) += nodes;
    }
    let words: Vec<String> = counts.into_keys().collect();
    match words.as_slice() {
        [] => "the next pod fits no node".to_owned(),
        words => list(words, "and", MOST_REASONS),
    }
}

fn said(reason: &Reason) -> String {
    match reason {
        Reason::Insufficient(resource) => format!("not enough {resource} is free"),
        other => text(other, true),
    }
}

fn several_pods(count: u64) -> String {
    several(usize::try_from(count).unwrap_or(usize::MAX), "pod")
}

fn several_batches(count: u64) -> String {
    if count == 1 { "the batch".to_owned() } else { format!("{count} batches") }
}

/// What a forecast is about: `inference/pd: 3 batches of 1 decode and 2 prefill, each on one node`.
#[must_use]
pub fn headline(
    name: &str,
    coordination: &str,
    ratios: &[(&String, u32)],
    key: &str,
    found: &Forecast,
) -> String {
    let of: Vec<String> = ratios.iter().map(|(role, ratio)| format!("{ratio} {role}")).collect();
    let of = list(&of, "and", of.len());
    let level = level(key);
    let part = match name.rsplit('/').next() {
        Some(last) if last == coordination => String::new(),
        _ => format!(", coordination {coordination}"),
    };
    let total = found.total;
    let batches = if total == 1 { "1 batch".to_owned() } else { format!("{total} batches") };
    let placed = match found.waiting.len() {
        0 => String::new(),
        open => format!("; {open} of them {} nowhere", if open == 1 { "fits" } else { "fit" }),
    };
    let each = if total == 1 { "" } else { "each " };
    format!("{name}{part}: {batches} of {of}, {each}on one {level}{placed}")
}

/// How many batches the domains hold: `2 nodes hold 1 batch, 4 nodes hold none`.
#[must_use]
pub fn room(rooms: &[Room], key: &str) -> String {
    let mut counts: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for room in rooms {
        counts.entry(room.batches).or_default().push(&room.domain);
    }
    let level = level(key);
    let say = |(batches, domains): (&usize, &Vec<&str>)| {
        let (who, each) = match domains.as_slice() {
            [one] if level == "node" => (format!("{one} holds"), ""),
            [one] => (format!("{level} {one} holds"), ""),
            many => (format!("{} hold", several(many.len(), level)), " each"),
        };
        match batches {
            0 => format!("{who} none"),
            1 => format!("{who} 1 batch{each}"),
            many => format!("{who} {many} batches{each}"),
        }
    };
    if counts.is_empty() {
        return format!("no node has the label {key}");
    }
    let said: Vec<String> = counts.iter().rev().map(say).collect();
    said.join(", ")
}

/// What would place every batch.
#[must_use]
pub fn remedy(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Nodes { count: 1, like } => format!("one more node like {like} is enough"),
        Remedy::Nodes { count, like } => format!("{count} more nodes like {like} are enough"),
        Remedy::Ratios(ratios) => {
            let ratios: Vec<String> =
                ratios.iter().map(|(role, ratio)| format!("{role} {ratio}")).collect();
            format!("smaller batches fit: ratios {}", list(&ratios, "and", ratios.len()))
        }
        Remedy::Key(key) => {
            format!("with a {} as the domain every batch fits: topologyKey {key}", level(key))
        }
        Remedy::Shared => {
            "if batches may share a domain, every batch fits: exclusive preferred".to_owned()
        }
    }
}

/// A domain that has fewer batches than others: `gpu-2 has none: …`.
#[must_use]
pub fn uneven(one: &Uneven, key: &str) -> String {
    let place = match level(key) {
        "node" => one.domain.clone(),
        level => format!("{level} {}", one.domain),
    };
    let has = match one.batches {
        0 => "no batch".to_owned(),
        1 => "1 batch".to_owned(),
        many => format!("{many} batches"),
    };
    format!("{place} has {has}: {}", cause(&one.cause))
}

/// Why a domain does not have more batches.
#[must_use]
pub fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Full(blocked) if blocked.placed == 0 => reasons(blocked),
        Cause::Full(blocked) => {
            let pods = several(blocked.placed, "pod");
            format!("it would take {pods} of another one, then: {}", reasons(blocked))
        }
        Cause::Later(more) => {
            let batches =
                if *more == 1 { "another one".to_owned() } else { format!("{more} more") };
            format!(
                "it would take {batches} now, but not when the batches were placed, and pods that \
                 run are not moved"
            )
        }
        Cause::Unknown => "no batch runs that could be tried there".to_owned(),
    }
}

/// Domains without any batch.
#[must_use]
pub fn without(domains: usize, level: &str) -> String {
    let has = if domains == 1 { "has" } else { "have" };
    format!("{} {has} none", several(domains, level))
}

/// Nodes on which no batch can be.
#[must_use]
pub fn unlabelled(nodes: usize, key: &str) -> String {
    let lack = if nodes == 1 { "lacks" } else { "lack" };
    format!("{} {lack} the label {key}, so no batch goes there", several(nodes, "node"))
}

/// There are too many pods.
#[must_use]
pub fn too_many(pods: u64) -> String {
    let most = crate::coordination::forecast::MOST_PODS;
    format!("it has {pods} pods, and at most {most} are planned at once")
}

/// Roles without a player, or with too many. `unjudged`: a role, its workload and why its pods are
/// not judged.
#[must_use]
pub fn roles(
    missing: &BTreeSet<String>,
    contested: &BTreeSet<String>,
    unjudged: Option<(&str, &str, String)>,
) -> String {
    let names = |roles: &BTreeSet<String>| {
        let roles: Vec<String> = roles.iter().cloned().collect();
        let word = if roles.len() == 1 { "role" } else { "roles" };
        format!("{word} {}", list(&roles, "and", MOST_REASONS))
    };
    if !missing.is_empty() {
        return format!("no manifest has the pods of the {}", names(missing));
    }
    if !contested.is_empty() {
        return format!("several workloads play the {}", names(contested));
    }
    unjudged.map_or_else(String::new, |(role, workload, why)| {
        format!("the pods of {workload}, role {role}, are not judged: {why}")
    })
}
