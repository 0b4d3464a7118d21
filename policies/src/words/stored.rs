//! What a namespace makes of a new pod, in words.

use placecard_feasibility::inventory::NamespacedName;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::inventory::priority::Prioritised;
use placecard_feasibility::inventory::requests::{CPU, MEMORY};
use placecard_feasibility::limit_range::{Bound, OutOfRange, Subject};
use placecard_feasibility::quality_of_service::{QualityOfService, quality_of_service};
use placecard_feasibility::quantity::Quantity;
use placecard_feasibility::quota::{Exceeded, OverQuota};
use placecard_findings::{Code, FieldPath, Finding, Help, Holds, Label, Severity, Site, Verdict};
use placecard_language::suggest::nearest;

use super::bounds::{ordinal, strategy};
use super::{amount, list, shorten};
use crate::bounds::update;
use crate::placed::Asked;
use crate::rules;
use crate::stored::{Filled, Stored};

/// Columns of a message.
const MOST_MESSAGE: usize = 72;
/// Findings about one template.
const MOST_FINDINGS: usize = 4;
/// Names that are written out.
const MOST_NAMES: usize = 3;
/// One mebibyte.
const STEP: i64 = 1 << 20;

/// The priority and the quality of service of a pod, where they are out of the ordinary; the
/// priority class, where that is why it is refused.
#[must_use]
pub fn class(stored: &Stored) -> Option<String> {
    if let Some(refused) = &stored.priority {
        return Some(priority(refused, &stored.pod));
    }
    let pod = &stored.pod;
    let service = quality_of_service(pod);
    let name = service.name();
    let never = if pod.never_preempts { ", never preempts" } else { "" };
    match (pod.priority_class.as_str(), pod.priority) {
        ("", 0) if service == QualityOfService::BestEffort => {
            Some(format!("QoS {name}: the first to go when its node runs short"))
        }
        ("", 0) => None,
        ("", value) => Some(format!("priority {value}{never}; QoS {name}")),
        (class, _) if !pod.has_priority => {
            Some(format!("{class}, whose priority is not known; QoS {name}"))
        }
        (class, value) => Some(format!("{class}, priority {value}{never}; QoS {name}")),
    }
}

/// What limit ranges refuse, and what they ask for in the pod's stead.
#[must_use]
pub fn range(stored: &Stored) -> Option<String> {
    let mut parts: Vec<String> = stored.out_of_range.iter().map(out_of_range).collect();
    let place = |one: &Filled| (one.range.clone(), one.container.clone());
    for alike in stored.filled.chunk_by(|a, b| place(a) == place(b)) {
        let Some(Filled { range, container, .. }) = alike.first() else { continue };
        let amounts: Vec<String> = alike
            .iter()
            .map(|one| format!("{}: {}", one.resource, exact(&one.resource, one.amount)))
            .collect();
        let amounts = list(&amounts, "and", MOST_NAMES);
        parts.push(format!("{} asks for {amounts} for {container}", named(range)));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// What quotas refuse.
#[must_use]
pub fn quota(stored: &Stored) -> Option<String> {
    let parts = quotas(stored);
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// All refusals: of the priority class, of limit ranges, of quotas.
#[must_use]
pub fn refusals(stored: &Stored) -> Vec<String> {
    let class = stored.priority.iter().map(|refused| priority(refused, &stored.pod));
    let ranges = stored.out_of_range.iter().map(out_of_range);
    class.chain(ranges).chain(quotas(stored)).collect()
}

fn out_of_range(one: &OutOfRange) -> String {
    format!("{} refuses it: {}", named(&one.range), out_of(one))
}

fn quotas(stored: &Stored) -> Vec<String> {
    let refusal = |refusal: &OverQuota| match refusal {
        OverQuota::Exceeded(one) => {
            let room = match (stored.asked, one.room_for) {
                (1, _) => "no room for the pod".to_owned(),
                (asked, 0) => format!("room for none of {asked} pods"),
                (asked, more) => format!("room for {more} of {asked} pods"),
            };
            format!("{} leaves {}: {room}", named(&one.quota), left(one))
        }
        OverQuota::Unspecified { quota, resource, containers } => {
            let who = list(containers, "and", MOST_NAMES);
            format!("{} refuses it: no {resource} of {who}", named(quota))
        }
    };
    let stuck = |one: &Exceeded| {
        let (quota, left) = (named(&one.quota), left(one));
        format!("{quota} leaves {left}, and an update adds a pod before it takes one away")
    };
    stored.over_quota.iter().map(refusal).chain(stored.stuck.iter().map(stuck)).collect()
}

/// What is said first of a pod that would be refused.
#[must_use]
pub fn headline(subject: &str, stored: &Stored, nodes: usize, fits: usize) -> String {
    let what =
        if stored.stuck.is_empty() { "would not be created" } else { "could not be updated" };
    match fits {
        0 => format!("{subject} {what}, and none of {} fits", super::why::several(nodes, "node")),
        1 => format!("{subject} {what}, though 1 of {nodes} nodes fits"),
        more => format!("{subject} {what}, though {more} of {nodes} nodes fit"),
    }
}

fn named((namespace, name): &NamespacedName) -> String {
    format!("{namespace}/{name}")
}

/// The resource that a quota means with its word: `cpu` of `limits.cpu`.
fn plain(resource: &str) -> &str {
    let name = resource.strip_prefix("requests.").or_else(|| resource.strip_prefix("limits."));
    name.unwrap_or(resource)
}

/// Whether a quota counts the pods themselves.
fn counts_pods(resource: &str) -> bool {
    matches!(resource, "pods" | "count/pods")
}

pub(crate) fn exact(resource: &str, quantity: Quantity) -> String {
    amount::exact(plain(resource), native(resource, quantity))
}

/// Thousandths of CPU, otherwise units.
fn native(resource: &str, quantity: Quantity) -> i64 {
    if plain(resource) == CPU { quantity.thousandths() } else { quantity.units() }
}

/// What a quota leaves: `500m of requests.cpu`, `2 pods`.
fn left(one: &Exceeded) -> String {
    let left = exact(&one.resource, one.hard.without(one.used));
    let resource = &one.resource;
    match counts_pods(resource) {
        true if left == "1" => "1 pod".to_owned(),
        true => format!("{left} pods"),
        false => format!("{left} of {resource}"),
    }
}

fn priority(refused: &Prioritised, pod: &Pod) -> String {
    match refused {
        Prioritised::NoSuchClass(name) => format!("no priority class is named {name}"),
        Prioritised::Contradicts { class, value } => {
            let says = match class {
                Some(class) => format!("class {class} says"),
                None => "no class says".to_owned(),
            };
            match pod.has_priority && pod.priority != *value {
                true => format!("priority {} is written, {says} {value}", pod.priority),
                false => format!("preemptionPolicy Never is written, {says} otherwise"),
            }
        }
        Prioritised::Resolved { .. } => String::new(),
    }
}

/// A bound that is not kept: `limits.memory of main is 8Gi, at most 4Gi`.
fn out_of(one: &OutOfRange) -> String {
    let OutOfRange { subject, resource, bound, .. } = one;
    let whose = match subject {
        Subject::Container { name, .. } => format!("of {name}"),
        Subject::Pod => "of the pod".to_owned(),
        Subject::PersistentVolumeClaim => "of the claim".to_owned(),
    };
    let amount = |quantity: &Quantity| exact(resource, *quantity);
    let is = |part: &str, found: Option<&Quantity>, keeps: &str, bound: &Quantity| match found {
        Some(found) => {
            format!("{part}.{resource} {whose} is {}, {keeps} {}", amount(found), amount(bound))
        }
        None => format!("no {part}.{resource} {whose}, {keeps} {}", amount(bound)),
    };
    match bound {
        Bound::RequestBelow(least, found) => is("requests", found.as_ref(), "at least", least),
        Bound::LimitBelow(least, found) => is("limits", Some(found), "at least", least),
        Bound::LimitAbove(most, found) => is("limits", found.as_ref(), "at most", most),
        Bound::RequestAbove(most, found) => is("requests", found.as_ref(), "at most", most),
        Bound::Ratio { most, request, limit } => {
            let or_none =
                |found: &Option<Quantity>| found.as_ref().map_or_else(|| "none".to_owned(), amount);
            let (request, limit) = (or_none(request), or_none(limit));
            let most = amount::exact(CPU, most.thousandths());
            format!("{resource} {whose}: request {request}, limit {limit}, at most {most} times")
        }
    }
}

/// What is in the way of the template's pods before any scheduler sees them.
pub(crate) fn findings(asked: &Asked<'_>, stored: &Stored) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(stored.priority.as_ref().map(|refused| class_refused(asked, stored, refused)));
    let ranges = stored.out_of_range.iter().take(MOST_FINDINGS);
    found.extend(ranges.map(|one| range_refuses(asked, one)));
    for refusal in stored.over_quota.iter().take(MOST_FINDINGS) {
        if let OverQuota::Unspecified { quota, resource, containers } = refusal {
            found.push(unspecified(asked, quota, resource, containers));
        }
    }
    let tightest =
        |all: &mut dyn Iterator<Item = &Exceeded>| all.min_by_key(|one| one.room_for).cloned();
    let mut of_all = stored.over_quota.iter().filter_map(|refusal| match refusal {
        OverQuota::Exceeded(one) => Some(one),
        OverQuota::Unspecified { .. } => None,
    });
    if let Some(one) = tightest(&mut of_all) {
        found.push(no_room(asked, stored, &one));
    } else if let Some(one) = tightest(&mut stored.stuck.iter()) {
        found.push(stuck(asked, stored, &one));
    }
    found
}

fn finding(asked: &Asked<'_>, code: Code, message: &str, primary: Label) -> Finding {
    let object = asked.object.reference.clone();
    let message = shorten(message, MOST_MESSAGE);
    let mut finding = Finding::new(code, Verdict::CrowdedOut, object, message, primary);
    finding.severity = Severity::Warning;
    finding.holds = Holds::snapshot(format!("in snapshot {}", asked.cluster.name));
    finding
}

fn class_refused(asked: &Asked<'_>, stored: &Stored, refused: &Prioritised) -> Finding {
    let message = priority(refused, &stored.pod);
    let field = match refused {
        Prioritised::NoSuchClass(_) => "priorityClassName",
        _ if stored.pod.has_priority => "priority",
        _ => "preemptionPolicy",
    };
    let classes = &asked.cluster.inventory.priority_classes;
    let primary = Label::new(Site::value(asked.template.spec_path(&[field])), "");
    let mut finding = finding(asked, rules::PRIORITY_CLASS_REFUSED, &message, primary);
    if let Prioritised::NoSuchClass(name) = refused {
        let near = nearest(name, classes.keys().map(String::as_str));
        finding.suggestion = near.map(str::to_owned);
        let names: Vec<String> = classes.keys().cloned().collect();
        if !names.is_empty() {
            let verb = if names.len() == 1 { "class is" } else { "classes are" };
            finding.help = vec![Help::text(format!("the {verb} {}", list(&names, "and", 6)))];
        }
    } else {
        finding.help = vec![Help::text(format!("leave {field} out: the class says it"))];
    }
    finding
}

fn range_refuses(asked: &Asked<'_>, one: &OutOfRange) -> Finding {
    let resource = one.resource.as_str();
    let (part, wanted) = match &one.bound {
        Bound::RequestBelow(least, _) => ("requests", Some((">=", least))),
        Bound::LimitBelow(least, _) => ("limits", Some((">=", least))),
        Bound::LimitAbove(most, _) => ("limits", Some(("<=", most))),
        Bound::RequestAbove(most, _) => ("requests", Some(("<=", most))),
        Bound::Ratio { .. } => ("limits", None),
    };
    let site = match &one.subject {
        Subject::Container { init, index, .. } => {
            let list = if *init { "initContainers" } else { "containers" };
            let container = asked.template.spec_path(&[list]).index(*index);
            Site::value(container.keys(&["resources", part, resource]))
        }
        Subject::Pod | Subject::PersistentVolumeClaim => asked.resource(&[part], resource),
    };
    let message = format!("limit range {}: {}", one.range.1, out_of(one));
    let label = match (&one.subject, wanted) {
        (Subject::Pod, Some((">=", least))) => {
            format!("the pod needs at least {}", exact(resource, *least))
        }
        (Subject::Pod, Some((_, most))) => {
            format!("the pod may have at most {}", exact(resource, *most))
        }
        (_, Some((">=", least))) => format!("at least {}", exact(resource, *least)),
        (_, Some((_, most))) => format!("at most {}", exact(resource, *most)),
        (_, None) => "too far above the request".to_owned(),
    };
    let primary = Label::new(site, label);
    let mut finding = finding(asked, rules::NAMESPACE_REFUSES_POD, &message, primary);
    if let Some((_, bound)) = wanted {
        let whole = if one.subject == Subject::Pod { " in all" } else { "" };
        let bound = exact(resource, *bound);
        finding.help = vec![Help::text(format!("{part}.{resource}: {bound}{whole}"))];
    }
    finding
}

fn unspecified(
    asked: &Asked<'_>,
    quota: &NamespacedName,
    resource: &str,
    containers: &[String],
) -> Finding {
    let who = list(containers, "and", MOST_NAMES);
    let message = format!("quota {} wants {resource} to be written, {who} has none", quota.1);
    let first = asked.container(containers.first().map_or("", String::as_str));
    let primary = Label::new(Site::key(first), format!("no {resource}"));
    let mut finding = finding(asked, rules::NAMESPACE_REFUSES_POD, &message, primary);
    let part = if resource.starts_with("limits.") { "limits" } else { "requests" };
    let plain = plain(resource);
    finding.help = vec![
        Help::text(format!("write resources.{part}.{plain} for {who}")),
        Help::text(format!("a limit range with a default of {plain} in {}", quota.0)),
    ];
    finding
}

/// The amounts of a quota, for `now:`.
fn row(one: &Exceeded, others: &str) -> String {
    let resource = &one.resource;
    let (used, hard) = (exact(resource, one.used), exact(resource, one.hard));
    let each = exact(resource, one.each);
    format!("{resource}  {each} more for each pod, {used} of {hard} used{others}")
}

/// Where the number of pods is written.
fn wanted(asked: &Asked<'_>, count: u32) -> Label {
    let path = match (asked.object.replicas, asked.object.parallel.parallelism) {
        (None, Some(_)) => asked.template.path.parent().key("parallelism"),
        _ => FieldPath::of(&["spec", "replicas"]),
    };
    Label::new(Site::value(path), format!("{count} wanted"))
}

/// Where it is written how much of the quota's resource a pod takes.
fn amount_of(asked: &Asked<'_>, one: &Exceeded, text: String) -> Label {
    let parts: &[&str] =
        if one.resource.starts_with("limits.") { &["limits"] } else { &["requests", "limits"] };
    Label::new(asked.resource(parts, plain(&one.resource)), text)
}

fn no_room(asked: &Asked<'_>, stored: &Stored, one: &Exceeded) -> Finding {
    let (count, room) = (stored.asked, one.room_for);
    let quota = &one.quota.1;
    let leaves = format!("quota {quota} leaves {}", left(one));
    let noun = if asked.object.replicas.is_some() { "replicas" } else { "pods" };
    let message = match (count, room) {
        (1, _) => format!("the pod can not be created: {leaves}"),
        (_, 0) => format!("none of {count} {noun} can be created: {leaves}"),
        _ => format!("{room} of {count} {noun} can be created: {leaves}"),
    };
    let many = count > 1 || counts_pods(&one.resource);
    let mut labels = Vec::new();
    if !counts_pods(&one.resource) {
        let needs = exact(&one.resource, one.each.times(count));
        let text =
            if count == 1 { format!("needs {needs}") } else { format!("{count} need {needs}") };
        labels.push(amount_of(asked, one, text));
    }
    if many {
        labels.push(wanted(asked, count));
    }
    let mut labels = labels.into_iter();
    let primary = labels.next().unwrap_or_else(|| wanted(asked, count));
    let mut finding = finding(asked, rules::QUOTA_BLOCKS_ROLLOUT, &message, primary);
    finding.labels.extend(labels);
    let others = if asked.object.is_pod() { "" } else { " by others" };
    finding.now = vec![row(one, others)];
    if room > 0 && count > 1 {
        let field =
            if asked.object.parallel.parallelism.is_some() { "parallelism" } else { "replicas" };
        finding.help.push(Help::text(format!("{field}: {room}")));
    }
    finding.help.extend(share(one, count).map(Help::text));
    let all = exact(&one.resource, one.used + one.each.times(count));
    finding.help.push(Help::text(format!("raise {} of quota {quota} to {all}", one.resource)));
    finding
}

/// With how much each pod all would have room.
fn share(one: &Exceeded, count: u32) -> Option<String> {
    let resource = plain(&one.resource);
    if counts_pods(&one.resource) {
        return None;
    }
    let left = native(&one.resource, one.hard.without(one.used));
    let each = left / i64::from(count.max(1));
    let step = if resource == MEMORY && each > STEP { STEP } else { 1 };
    let each = each / step * step;
    let part = if one.resource.starts_with("limits.") { "limits" } else { "requests" };
    (each > 0).then(|| format!("{part}.{resource}: {}", amount::exact(resource, each)))
}

fn stuck(asked: &Asked<'_>, stored: &Stored, one: &Exceeded) -> Finding {
    let count = u64::from(stored.asked);
    let quota = &one.quota.1;
    let next = ordinal(count.saturating_add(1));
    let message = format!("no update can begin: quota {quota} has no room for a {next} pod");
    let update = update(asked.object, count).unwrap_or_default();
    let primary = strategy(asked.object, count, update);
    let mut finding = finding(asked, rules::QUOTA_BLOCKS_ROLLOUT, &message, primary);
    if !counts_pods(&one.resource) {
        let each = exact(&one.resource, one.each);
        finding.labels.push(amount_of(
            asked,
            one,
            format!("{each} more, {} left", left_plain(one)),
        ));
    }
    finding.now = vec![row(one, "")];
    let all = exact(&one.resource, one.used + one.each);
    finding.help = vec![
        Help::text("let an old pod go first: strategy.rollingUpdate.maxUnavailable: 1"),
        Help::text("strategy.type: Recreate"),
        Help::text(format!("raise {} of quota {quota} to {all}", one.resource)),
    ];
    finding
}

fn left_plain(one: &Exceeded) -> String {
    exact(&one.resource, one.hard.without(one.used))
}
