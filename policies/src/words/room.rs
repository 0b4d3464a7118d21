//! Words for batches that fit no domain of a cluster.

use std::collections::BTreeMap;

use placecard_feasibility::certificate::Misfit;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::requests::{CPU, PODS};
use placecard_findings::{
    Code, Evidence, FieldPath, Finding, Help, Holds, Label, Severity, Site, Verdict,
};

use super::why::several;
use super::{amount, level, list, shorten};
use crate::coordination::rules::room::{Ground, Misfits, asked_by};
use crate::coordination::rules::{Part, Scene};
use crate::rules;

/// The longest name of a role or coordination.
const NAME: usize = 16;

/// `node`, `zone`, `domain`.
fn domain(key: &str) -> &str {
    match level(key) {
        word if word == key => "domain",
        word => word,
    }
}

fn within(key: &str) -> String {
    match domain(key) {
        "node" => "on one node".to_owned(),
        word => format!("in one {word}"),
    }
}

fn start(
    scene: &Scene<'_>,
    ground: &Ground,
    code: Code,
    message: String,
    primary: Label,
) -> Finding {
    let object = scene.reviewed.clone();
    let mut finding = Finding::new(code, Verdict::NoInventory, object, message, primary);
    finding.severity = Severity::Warning;
    finding.holds = Holds::snapshot(format!("in snapshot {}", ground.name));
    finding
}

fn at_key(scene: &Scene<'_>, part: &Part<'_>, text: String) -> Label {
    let key = &part.affinity.topology_key;
    Label::new(scene.strategy(part.index, &["topologyKey"]), text).quoting(key.clone())
}

/// No node has the label whose values are the domains.
pub(crate) fn no_domain(scene: &Scene<'_>, part: &Part<'_>, ground: &Ground) -> Finding {
    let key = &part.affinity.topology_key;
    let message = format!("no node has the label {}", shorten(key, 50));
    let nodes = several(ground.inventory.nodes.len(), "node");
    let primary = at_key(scene, part, format!("on none of {nodes}"));
    let mut finding = start(scene, ground, rules::TOPOLOGY_LABEL_MISSING, message, primary);
    finding.severity = Severity::Error;
    finding.help = vec![Help::text("label the nodes, or name a label that they have")];
    finding.admission = Some(format!("no node has the label {key}: no batch can be placed"));
    finding
}

/// Some nodes lack the label.
pub(crate) fn unlabelled(
    scene: &Scene<'_>,
    part: &Part<'_>,
    ground: &Ground,
    missing: usize,
) -> Finding {
    let key = &part.affinity.topology_key;
    let nodes = ground.inventory.nodes.len();
    let lack = if missing == 1 { "lacks" } else { "lack" };
    let message = format!("{missing} of {nodes} nodes {lack} the label {}", shorten(key, 40));
    let primary = at_key(scene, part, "without it a node is in no domain".to_owned());
    let mut finding = start(scene, ground, rules::TOPOLOGY_LABEL_MISSING, message, primary);
    finding.severity = Severity::Note;
    let without = |node: &&Node| !node.labels.contains_key(key);
    let names: Vec<String> =
        ground.inventory.nodes.values().filter(without).map(|node| node.name.clone()).collect();
    finding.now = vec![format!("without it: {}", list(&names, "and", 4))];
    finding
}

/// A resource of which no domain has as much as a batch asks for.
struct Blocking {
    resource: String,
    wanted: i64,
    most: i64,
    /// The domain that has the most, and how many have as much.
    largest: String,
    such: usize,
}

/// The resource of which the largest domain has the smallest part.
fn blocking(misfits: &Misfits<'_>) -> Option<Blocking> {
    let mut domains: BTreeMap<&String, Vec<&Node>> = BTreeMap::new();
    for node in misfits.ground.inventory.nodes.values() {
        if let Some(value) = node.labels.get(&misfits.cover.key) {
            domains.entry(value).or_default().push(node);
        }
    }
    let mut found: Option<(i128, Blocking)> = None;
    for (resource, wanted) in asked_by(misfits.batch).into_iter().filter(|(_, wanted)| *wanted > 0)
    {
        let sum = |nodes: &Vec<&Node>| {
            nodes.iter().fold(0, |sum: i64, node| sum.saturating_add(has(node, &resource)))
        };
        let sums: Vec<(i64, &String)> =
            domains.iter().map(|(value, nodes)| (sum(nodes), *value)).collect();
        let Some(most) = sums.iter().map(|(sum, _)| *sum).max() else { continue };
        if most >= wanted {
            continue;
        }
        let part = i128::from(most.max(0)) * 1_000_000 / i128::from(wanted);
        if found.as_ref().is_none_or(|(least, _)| part < *least) {
            let mut such = sums.iter().filter(|(sum, _)| *sum == most);
            let largest = such.clone().next().map(|(_, name)| (*name).clone()).unwrap_or_default();
            let such = such.by_ref().count();
            found = Some((part, Blocking { resource, wanted, most, largest, such }));
        }
    }
    found.map(|(_, blocking)| blocking)
}

fn has(node: &Node, resource: &str) -> i64 {
    let has = node.allocatable.get(resource).copied().unwrap_or_default();
    if resource == CPU { has.thousandths() } else { has.units() }
}

/// No domain could hold a batch.
pub(crate) fn misfit(scene: &Scene<'_>, misfits: &Misfits<'_>) -> Finding {
    let key = misfits.cover.key.as_str();
    let blocking = blocking(misfits);
    let roles = roles_without_domain(misfits);
    let ground = misfits.ground;
    let first = misfits.first;
    let mut finding = match (&blocking, roles) {
        (Some(blocking), _) => by_size(scene, misfits, blocking),
        (None, Some(message)) => {
            let primary = at_key(scene, first, "the domain of a batch".to_owned());
            start(scene, ground, rules::ROLES_SHARE_NO_DOMAIN, message, primary)
        }
        (None, None) => {
            let shares: Vec<String> = misfits.parts.iter().map(share).collect();
            let message =
                format!("no {} holds a batch of {}", domain(key), list(&shares, "and", 3));
            let primary = at_key(scene, first, "the domain of a batch".to_owned());
            start(scene, ground, rules::BATCH_FITS_NO_DOMAIN, shorten(&message, 72), primary)
        }
    };
    if blocking.is_none() {
        finding.labels.extend(misfits.parts.iter().map(|part| ratio(scene, part, None)));
        finding.now = reasons(misfits);
    }
    if ground.closed && misfits.certificate.is_some() {
        finding.severity = Severity::Error;
        finding.holds.text.push_str(", which declares inventory: closed");
    }
    finding.evidence = misfits.certificate.clone().map(|one| Evidence::Certificate(Box::new(one)));
    finding.help = help(misfits);
    finding
}

fn share(part: &Part<'_>) -> String {
    format!("{} {}", part.ratio, shorten(&part.player.role, NAME))
}

/// More of a resource than the largest domain has.
fn by_size(scene: &Scene<'_>, misfits: &Misfits<'_>, blocking: &Blocking) -> Finding {
    let Blocking { resource, wanted, most, largest, such } = blocking;
    let key = misfits.cover.key.as_str();
    let word = domain(key);
    let (need, has) = (amount::exact(resource, *wanted), amount::about(resource, *most));
    let what = match resource.as_str() {
        PODS => format!("{need} pods"),
        _ if amount::is_counted(resource) => format!("{need} {resource}"),
        _ => format!("{need} of {resource}"),
    };
    let message = format!("a batch needs {what} {}, the largest {word} has {has}", within(key));
    let mut labels = Vec::new();
    for (part, (pod, count)) in misfits.parts.iter().zip(misfits.batch) {
        let one = asked_by(&[(pod.clone(), 1)]);
        let each = one.get(resource).copied().unwrap_or_default();
        if each == 0 {
            continue;
        }
        let all = each.saturating_mul(i64::try_from(*count).unwrap_or(i64::MAX));
        let text =
            format!("{} each: {}", amount::exact(resource, each), amount::exact(resource, all));
        labels.push(ratio(scene, part, Some(text)));
        labels.extend(request(part, resource).map(|(site, quote)| {
            Label::new(site, format!("{} each", amount::exact(resource, each))).quoting(quote)
        }));
    }
    let mut labels = labels.into_iter();
    let primary = labels.next().unwrap_or_else(|| Label::new(Site::default(), ""));
    let ground = misfits.ground;
    let message = shorten(&message, 72);
    let mut finding = start(scene, ground, rules::BATCH_FITS_NO_DOMAIN, message, primary);
    finding.labels.extend(labels);
    let others = if *such > 1 { format!("; {such} such") } else { String::new() };
    finding.now = vec![format!(
        "{resource} blocks: {need} asked, {has} on {word} {largest} (the largest{others})"
    )];
    let group = shorten(&scene.group.name, NAME);
    finding.admission =
        Some(format!("a batch of {group} needs {what} {}, no {word} has that many", within(key)));
    finding
}

fn ratio(scene: &Scene<'_>, part: &Part<'_>, more: Option<String>) -> Label {
    let more = more.map(|more| format!(", {more}")).unwrap_or_default();
    let text = format!("{} in a batch{more}", share(part));
    Label::new(scene.ratio(part), text).quoting(part.ratio.to_string())
}

/// Where a container asks for the resource.
fn request(part: &Part<'_>, resource: &str) -> Option<(Site, String)> {
    let template = part.player.object.templates.first()?;
    let written = template.written.as_ref()?;
    let containers = written.pointer("/spec/containers")?.as_array()?;
    for (index, container) in containers.iter().enumerate() {
        for list in ["requests", "limits"] {
            let resources = container.get("resources").and_then(|all| all.get(list));
            let Some(value) = resources.and_then(|all| all.get(resource)) else { continue };
            let path = FieldPath::of(&["spec", "containers"]).index(index);
            let path = template.path.join(&path.keys(&["resources", list, resource]));
            let quote = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            return Some((part.player.at(Site::value(path)), quote));
        }
    }
    None
}

/// Each domain lacks nodes for a role, and not always for the same.
fn roles_without_domain(misfits: &Misfits<'_>) -> Option<String> {
    let mut roles: Vec<usize> = Vec::new();
    for misfit in misfits.cover.domains.values() {
        match misfit {
            Misfit::NoNode { role, .. } => roles.push(*role),
            Misfit::TooSmall { .. } => return None,
        }
    }
    if misfits.cover.domains.len() < misfits.domains {
        return None;
    }
    roles.sort_unstable();
    roles.dedup();
    let name = |role: &usize| misfits.parts.get(*role).map(|part| shorten(&part.player.role, 12));
    let names: Vec<String> = roles.iter().filter_map(name).collect();
    let word = domain(&misfits.cover.key);
    match names.as_slice() {
        [] => None,
        [one] => Some(format!("no {word} has a node that takes {one}")),
        names => Some(format!("no {word} has nodes for {}", list(names, "and", 3))),
    }
}

/// What the domains lack, the most common first.
fn reasons(misfits: &Misfits<'_>) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for misfit in misfits.cover.domains.values() {
        let why = match misfit {
            Misfit::TooSmall { resource, .. } => format!("have too little {resource}"),
            Misfit::NoNode { role, .. } => {
                let role = misfits.parts.get(*role).map_or("", |part| &part.player.role);
                format!("have no node for {}", shorten(role, NAME))
            }
        };
        *counts.entry(why).or_default() += 1;
    }
    let word = domain(&misfits.cover.key);
    let left = misfits.domains - misfits.cover.domains.len();
    let mut lines: Vec<String> = counts
        .into_iter()
        .map(|(why, count)| format!("{} of {}: {why}", count, several(misfits.domains, word)))
        .collect();
    if left > 0 {
        lines.push(format!(
            "{left} of {}: the pods do not go together",
            several(misfits.domains, word)
        ));
    }
    lines
}

fn help(misfits: &Misfits<'_>) -> Vec<Help> {
    let mut help = Vec::new();
    if let Some(smaller) = &misfits.smaller {
        let ratios: Vec<String> = misfits
            .parts
            .iter()
            .zip(smaller)
            .map(|(part, ratio)| format!("{}: {ratio}", part.player.role))
            .collect();
        let mut one = Help::text(format!("ratios {{{}}}", ratios.join(", ")));
        one.yields = "a batch then fits".to_owned();
        help.push(one);
    }
    if let Some(key) = &misfits.wider {
        let mut one = Help::text(format!("topologyKey: {key}"));
        one.yields = format!("a {} holds a batch", domain(key));
        help.push(one);
    }
    if help.is_empty() {
        let word = domain(&misfits.cover.key);
        help.push(Help::text(format!("smaller pods, or a larger {word}")));
    }
    help
}
