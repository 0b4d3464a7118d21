//! Words for what a coordination and those who play its roles make together.

use placecard_feasibility::contradiction::{Core, DemandId};
use placecard_feasibility::inventory::pod::TopologySpread;
use placecard_feasibility::profile::HOSTNAME;
use placecard_findings::{Code, FieldPath, Finding, Help, Holds, Label, Severity, Site, Verdict};

use placecard_language::coordination::Placement;
use placecard_language::keys;

use super::{contradiction, level, shorten};
use crate::contradict::Place;
use crate::coordination::players::Count;
use crate::coordination::rules::apart::Apart;
use crate::coordination::rules::autoscaled::Range;
use crate::coordination::rules::{Part, Scene, order};
use crate::object::HostPort;
use crate::rules;

/// The longest name of a role in a message.
const ROLE: usize = 16;
/// The same in a message that holds two, and more.
const SHORT: usize = 12;

fn role(part: &Part<'_>) -> String {
    shorten(&part.player.role, ROLE)
}

/// `1 batch`, `2 batches`.
fn batches(count: u64) -> String {
    if count == 1 { "1 batch".to_owned() } else { format!("{count} batches") }
}

fn start(scene: &Scene<'_>, code: Code, message: String, labels: Vec<Label>) -> Finding {
    let mut finding = Finding::new(
        code,
        Verdict::Uncoordinated,
        scene.reviewed.clone(),
        message,
        Label::new(Site::default(), ""),
    );
    finding.labels = labels;
    finding.holds = Holds::objects("with these objects");
    finding
}

/// The number of replicas, or who lacks it.
fn counted(part: &Part<'_>, count: &Count, text: &str) -> Label {
    let label = Label::new(part.player.at(count.site.clone()), text);
    match count.is_written {
        true => label.quoting(count.replicas.to_string()),
        false => Label { text: format!("no replicas: 1; {text}"), ..label },
    }
}

/// The ratio, or the words of the long form.
fn ratio(scene: &Scene<'_>, part: &Part<'_>) -> Label {
    let text = format!("{} {} in a batch", part.ratio, role(part));
    let quote = match scene.quote(part) {
        "" => part.ratio.to_string(),
        words => words.to_owned(),
    };
    Label::new(scene.ratio(part), text).quoting(quote)
}

/// Replicas that are no whole batches.
pub(crate) fn indivisible(scene: &Scene<'_>, part: &Part<'_>, count: &Count) -> Finding {
    let (replicas, size) = (count.replicas, u64::from(part.ratio));
    let (whole, over) = (replicas / size, replicas % size);
    let message = format!("{replicas} {} make no whole batches of {size}", role(part));
    let text = match whole {
        0 => format!("less than one batch of {size}"),
        _ => format!("{}, and {over} more", batches(whole)),
    };
    let labels = vec![counted(part, count, &text), ratio(scene, part)];
    let mut finding = start(scene, rules::REPLICAS_NOT_DIVISIBLE, message, labels);
    let counts = [whole, whole + 1].into_iter().filter(|count| *count > 0);
    for count in counts {
        let mut help = Help::text(format!("replicas: {}", count * size));
        help.yields = batches(count);
        finding.help.push(help);
    }
    let divisor = (1..size).rev().find(|one| replicas % one == 0).filter(|_| replicas > 0);
    if let Some(divisor) = divisor {
        let mut help = Help::text(format!("a ratio of {divisor}"));
        help.yields = batches(replicas / divisor);
        finding.help.push(help);
    }
    finding
}

/// Roles with different numbers of batches.
pub(crate) fn unequal(
    scene: &Scene<'_>,
    (most, more): (&Part<'_>, u64),
    (least, fewer): (&Part<'_>, u64),
) -> Finding {
    let message =
        format!("{} is enough for {}, {} for {fewer}", role(most), batches(more), role(least));
    let mut labels = Vec::new();
    for (part, count) in [(most, more), (least, fewer)] {
        let known = part.player.count.as_ref();
        labels.extend(known.map(|known| counted(part, known, &batches(count))));
    }
    labels.extend([ratio(scene, most), ratio(scene, least)]);
    let mut finding = start(scene, rules::UNEQUAL_BATCHES, message, labels);
    for (part, count) in [(least, more), (most, fewer)] {
        let replicas = count * u64::from(part.ratio);
        let mut help = Help::text(format!("replicas: {replicas} of {}", role(part)));
        help.yields = batches(count);
        finding.help.push(help);
    }
    finding.severity = Severity::Error;
    finding
}

/// `on one node`, `in one zone`.
fn in_domain(key: &str) -> String {
    match level(key) {
        "node" => "on one node".to_owned(),
        word if word == key => "in one domain".to_owned(),
        word => format!("in one {word}"),
    }
}

/// What holds the pods of a batch back until all of them are there.
fn waiting(scene: &Scene<'_>, part: &Part<'_>) -> Label {
    let label = ratio(scene, part);
    Label { text: format!("waits until all {} are there", part.ratio), ..label }
}

/// A StatefulSet makes its pods one after the other.
pub(crate) fn one_by_one(scene: &Scene<'_>, part: &Part<'_>, site: Site) -> Finding {
    let gives_up = order::gives_up(part.affinity);
    let message = match gives_up {
        false => format!("a pod of {} waits for the next one, which waits for it", role(part)),
        true => format!("each pod of {} waits out the timeout before the next one", role(part)),
    };
    let written = part.player.object.management.as_str();
    let text = match written {
        "" => "no podManagementPolicy: OrderedReady",
        _ => "the next pod comes when this one is ready",
    };
    let primary = Label::new(site, text).quoting(written);
    let labels = vec![primary, waiting(scene, part)];
    let mut finding = start(scene, rules::BATCH_NEVER_COMPLETE, message, labels);
    if gives_up {
        finding.severity = Severity::Warning;
    }
    let parallel = "podManagementPolicy: Parallel";
    let mut first = Help::text(format!("{parallel}, in a StatefulSet that is made anew"));
    first.lines = vec![format!("+ {parallel}")];
    finding.help = vec![first, Help::text("a ratio of 1: then no pod waits for a later one")];
    finding
}

/// A LeaderWorkerSet makes the workers after their leader.
pub(crate) fn after_leader(scene: &Scene<'_>, part: &Part<'_>, site: Site, quote: &str) -> Finding {
    let is_ready = quote == "LeaderReady";
    let when = if is_ready { "is ready" } else { "has a node" };
    let message =
        format!("the other pods of a replica of {} come after its first {when}", role(part));
    let primary = Label::new(site, "they wait for the first").quoting(quote);
    let labels = vec![primary, waiting(scene, part)];
    let mut finding = start(scene, rules::BATCH_NEVER_COMPLETE, message, labels);
    // Of a gated batch all pods of each replica have to be there.
    if part.affinity.placement != Placement::Gated || order::gives_up(part.affinity) {
        finding.severity = Severity::Warning;
        finding.holds = Holds::assuming("if the batch waits for workers, too");
    }
    finding.help = vec![Help::text(match is_ready {
        true => "startupPolicy: LeaderCreated",
        false => "leave the annotation out: exclusive: required keeps batches apart",
    })];
    finding
}

/// One role of a group comes after another one.
pub(crate) fn one_after_another(
    scene: &Scene<'_>,
    earlier: &Part<'_>,
    later: &Part<'_>,
    site: Site,
) -> Finding {
    let message = format!("{} comes after {}, which waits for it", role(later), role(earlier));
    let primary = Label::new(site, format!("after {} is ready", role(earlier)));
    let batch = Label { text: "one batch waits for both".to_owned(), ..ratio(scene, later) };
    let mut finding = start(scene, rules::BATCH_NEVER_COMPLETE, message, vec![primary, batch]);
    if order::gives_up(later.affinity) {
        finding.severity = Severity::Warning;
    }
    finding.help = vec![
        Help::text("let both start together: readiness probes wait for what they need"),
        Help::text("batchMode: Parallel with placement: affinity, where no pod waits"),
    ];
    finding
}

/// The pods of one role in a batch are required apart in its domain.
pub(crate) fn apart(scene: &Scene<'_>, part: &Part<'_>, apart: &Apart) -> Finding {
    let domain = &part.affinity.topology_key;
    let message = format!(
        "{} {} go {}, and are required apart there",
        part.ratio,
        role(part),
        in_domain(domain)
    );
    let mut finding = kept_apart(scene, message, part, apart);
    finding.help.push(Help::text("a ratio of 1"));
    finding
}

/// One role is required apart from another one of its batch.
pub(crate) fn roles_apart(
    scene: &Scene<'_>,
    part: &Part<'_>,
    other: &Part<'_>,
    apart: &Apart,
) -> Finding {
    let (one, two) = (shorten(&part.player.role, SHORT), shorten(&other.player.role, SHORT));
    let domain = in_domain(&part.affinity.topology_key);
    let message = format!("{one} is required apart from {two}, both go {domain}");
    let mut finding = kept_apart(scene, message, part, apart);
    finding.labels.push(ratio(scene, other));
    let labels = other.player.object.templates.first().map(|template| {
        let path = template.path.keys(&["metadata", "labels"]);
        Label::new(other.player.at(Site::value(path)), "the labels that it is apart from")
    });
    finding.labels.extend(labels);
    finding
}

fn kept_apart(scene: &Scene<'_>, message: String, part: &Part<'_>, apart: &Apart) -> Finding {
    let text = format!("not {}", in_domain(&apart.key));
    let primary = Label::new(apart.site.clone(), text).quoting(apart.quote.clone());
    let labels = vec![primary, ratio(scene, part)];
    let mut finding = start(scene, rules::BATCH_KEPT_APART, message, labels);
    if !apart.always {
        finding.severity = Severity::Warning;
        finding.holds = Holds::assuming(format!("if the nodes carry the label {}", apart.key));
    }
    finding.help = vec![Help::text("prefer to keep them apart, or drop it")];
    if part.affinity.topology_key == HOSTNAME && apart.always {
        let wider = Help::text("a topologyKey of wider domains, which have several nodes");
        finding.help.push(wider);
    }
    finding
}

/// A node gives a port once.
pub(crate) fn same_port(
    scene: &Scene<'_>,
    (part, port): (&Part<'_>, &HostPort),
    (other, second): (&Part<'_>, &HostPort),
) -> Finding {
    let at = |part: &Part<'_>, port: &HostPort| {
        let path = part.player.object.templates.first().map(|one| one.path.join(&port.path));
        part.player.at(Site::value(path.unwrap_or_default()))
    };
    let label = |part: &Part<'_>, port: &HostPort| {
        let text = format!("{} takes this port of its node", role(part));
        Label::new(at(part, port), text).quoting(port.port.to_string())
    };
    let (number, one) = (port.port, shorten(&part.player.role, SHORT));
    let is_own = part.player.role == other.player.role;
    let (message, mut labels) = if is_own {
        let message =
            format!("{} {one} go on one node, which gives port {number} once", part.ratio);
        (message, vec![label(part, port)])
    } else {
        let two = shorten(&other.player.role, SHORT);
        let message = format!("{one} and {two} go on one node, both take its port {number}");
        (message, vec![label(part, port), label(other, second)])
    };
    labels.push(ratio(scene, part));
    if !is_own {
        labels.push(ratio(scene, other));
    }
    let mut finding = start(scene, rules::BATCH_KEPT_APART, message, labels);
    finding.help = vec![
        Help::text("no port of the node: a Service reaches pods by their own addresses"),
        Help::text("a topologyKey of wider domains, which have several nodes"),
    ];
    finding
}

/// A spread over nodes. `pinned`: pods of a batch count one node; `never`: it stops the batch.
pub(crate) fn spread(
    scene: &Scene<'_>,
    part: &Part<'_>,
    (site, quote): (Site, String),
    spread: &TopologySpread,
    (pinned, never): (bool, bool),
) -> Finding {
    let (skew, least) = (spread.max_skew, spread.min_domains);
    let message = match pinned {
        true => format!("minDomains {least} stops {}: a batch of it has one node", role(part)),
        false => {
            let ratio = part.ratio;
            format!("{ratio} {} go on one node only if all nodes have nearly as many", role(part))
        }
    };
    let text = match pinned {
        true => format!("with fewer nodes at most {skew} on each"),
        false => format!("at most {skew} more than on the emptiest node"),
    };
    let primary = Label::new(site, text).quoting(quote);
    let labels = vec![primary, ratio(scene, part)];
    let mut finding = start(scene, rules::BATCH_KEPT_APART, message, labels);
    if !never {
        finding.severity = Severity::Warning;
    }
    if !pinned {
        finding.holds = Holds::assuming("if there are other nodes that count");
    }
    let mut help = vec![Help::text("whenUnsatisfiable: ScheduleAnyway")];
    help.push(Help::text(format!("maxSkew: {}", part.ratio)));
    finding.help = help;
    finding
}

/// Nothing says when the pods of a sequential batch are ready.
pub(crate) fn without_probe(scene: &Scene<'_>, part: &Part<'_>, site: Site) -> Finding {
    let message =
        format!("batches wait until {} is ready, and nothing says when it is", role(part));
    let mode = scene.strategy(part.index, &["batchMode"]);
    let labels = vec![
        Label::new(site, "no readinessProbe: ready as soon as it runs"),
        Label::new(mode, "the next batch waits for ready pods").quoting(scene.quote(part)),
    ];
    let mut finding = start(scene, rules::READY_WITHOUT_PROBE, message, labels);
    finding.verdict = Verdict::Risk;
    finding.severity = Severity::Warning;
    finding.help = vec![
        Help::text("a readinessProbe that passes once the pod can serve the next batch"),
        Help::text("batchMode: Parallel"),
    ];
    finding
}

/// A template does not say that its pods are in the coordination.
pub(crate) fn not_coordinated(
    scene: &Scene<'_>,
    part: &Part<'_>,
    site: Site,
    written: Option<&str>,
) -> Finding {
    let group = shorten(&scene.group.name, ROLE);
    let message = match written {
        None => format!("the pods of {} do not say that they are in {group}", role(part)),
        Some(_) => format!("the pods of {} say that they are elsewhere", role(part)),
    };
    let text = match written {
        None => format!("no {}", keys::COORDINATE),
        Some(_) => format!("not {group}"),
    };
    let primary = Label::new(site, text).quoting(written.unwrap_or_default());
    let plays = Label::new(scene.role(&part.player.role), "the role that they play");
    let labels = vec![primary, plays.quoting(part.player.role.clone())];
    let mut finding = start(scene, rules::NOT_COORDINATED, message, labels);
    let line = format!("{}: {}", keys::COORDINATE, scene.group.name);
    let help = Help::text("the annotation of the template, so that pods are never without it");
    finding.help = vec![Help { lines: vec![format!("+ {line}")], ..help }];
    finding
}

/// Two roles whose node rules leave no domain in common.
pub(crate) fn disjoint(
    scene: &Scene<'_>,
    (first, second): (&Part<'_>, &Part<'_>),
    (core, places): (&Core, &[(DemandId, &Place)]),
) -> Finding {
    let (one, two) = (shorten(&first.player.role, SHORT), shorten(&second.player.role, SHORT));
    let domain = match level(&first.affinity.topology_key) {
        word if word == first.affinity.topology_key => "domain",
        word => word,
    };
    let message = format!("no {domain} can hold both {one} and {two}");
    let told = contradiction::nodes(scene.reviewed, core, places);
    let mut labels = told.labels;
    labels.extend([ratio(scene, first), ratio(scene, second)]);
    let mut finding = start(scene, rules::ROLES_SHARE_NO_DOMAIN, message, labels);
    finding.help = vec![
        Help::text("node rules of both roles that some node can meet"),
        Help::text("a topologyKey of wider domains, which have nodes for each of them"),
    ];
    if first.affinity.topology_key != HOSTNAME {
        finding.help.truncate(1);
    }
    finding
}

fn scaler(range: &Range) -> Vec<Label> {
    let at = |field: &str, count: u64, text: String| {
        let site = Site::value(FieldPath::of(&["spec", field]));
        Label::new(site.in_object(range.object.clone()), text).quoting(count.to_string())
    };
    vec![at(
        "maxReplicas",
        range.most,
        format!("any number from {} to {}", range.least, range.most),
    )]
}

/// An autoscaler that may ask for replicas that make no whole batches.
pub(crate) fn autoscaled(scene: &Scene<'_>, part: &Part<'_>, range: &Range) -> Finding {
    let size = u64::from(part.ratio);
    let broken: Vec<String> = (range.least..=range.most)
        .filter(|count| count % size != 0)
        .take(3)
        .map(|count| count.to_string())
        .collect();
    let more = (range.least..=range.most).filter(|count| count % size != 0).nth(3).is_some();
    let dots = if more { ", ..." } else { "" };
    let counts = broken.join(", ");
    let message = format!("{} may be scaled to {counts}{dots}: no whole batches", role(part));
    let mut labels = scaler(range);
    labels.push(ratio(scene, part));
    let mut finding = start(scene, rules::AUTOSCALER_BREAKS_BATCHES, message, labels);
    risk(&mut finding);
    finding.help = vec![
        Help::text(format!("a ratio of 1, and {} times as much in one replica", part.ratio)),
        Help::text("scale the whole group, by something that changes all roles together"),
    ];
    finding
}

/// An autoscaler of one role alone.
pub(crate) fn scaled_alone(
    scene: &Scene<'_>,
    part: &Part<'_>,
    other: &Part<'_>,
    range: &Range,
) -> Finding {
    let (one, two) = (shorten(&part.player.role, SHORT), shorten(&other.player.role, SHORT));
    let message = format!("{one} is scaled by itself, and then {two} makes other batches");
    let mut labels = scaler(range);
    labels.extend([ratio(scene, part), ratio(scene, other)]);
    let mut finding = start(scene, rules::AUTOSCALER_BREAKS_BATCHES, message, labels);
    risk(&mut finding);
    finding.help =
        vec![Help::text("scale the whole group, by something that changes all roles together")];
    finding
}

/// Another controller keeps the pods to domains of its own.
pub(crate) fn exclusive(scene: &Scene<'_>, part: &Part<'_>, site: Site, key: &str) -> Finding {
    let message = format!("each replica of {} has a {} to itself already", role(part), short(key));
    let labels = vec![
        Label::new(site, "its own controller sees to it").quoting(key),
        ratio(scene, part),
        Label::new(scene.strategy(part.index, &["topologyKey"]), "the domain of a batch"),
    ];
    let mut finding = start(scene, rules::OTHER_EXCLUSIVE_DOMAIN, message, labels);
    risk(&mut finding);
    finding.help = vec![Help::text("leave one of the two out")];
    finding
}

fn short(key: &str) -> &str {
    match level(key) {
        word if word == key => "domain",
        word => word,
    }
}

fn risk(finding: &mut Finding) {
    finding.verdict = Verdict::Risk;
    finding.severity = Severity::Warning;
}
