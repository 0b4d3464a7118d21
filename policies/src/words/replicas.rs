//! Words for the number of pods that a cluster can take.

use placecard_feasibility::room::{By, Closed};
use placecard_findings::{
    Code, Edit, FieldPath, Finding, Fix, Help, Holds, Label, Severity, Site, Verdict,
};

use super::bounds::{ordinal, strategy};
use super::{level, list, shorten};
use crate::bounds::update;
use crate::expand::source;
use crate::fields::inputs::BudgetFacts;
use crate::placed::Asked;
use crate::placed::replicas::Crowd;
use crate::rules;
use crate::why::cover::Demand;
use crate::why::facts::Fact;

/// Columns of a message.
const MOST_MESSAGE: usize = 72;
/// Names that are written out.
const MOST_NAMES: usize = 6;

/// The level in which the pods are kept apart.
fn key<'a>(crowd: &'a Crowd<'_>) -> &'a str {
    match &crowd.room.by {
        By::Apart(index) => {
            crowd.pod.anti_affinity.get(*index).map_or("", |term| term.topology_key.as_str())
        }
        By::Spread { constraint, .. } | By::Full { constraint, .. } => {
            crowd.pod.spread.get(*constraint).map_or("", |one| one.topology_key.as_str())
        }
        By::Port(_) => "kubernetes.io/hostname",
    }
}

/// `3 zones`, `1 value of KEY`.
fn domains(key: &str, count: u64) -> String {
    let s = if count == 1 { "" } else { "s" };
    match level(key) {
        word if word == key => format!("{count} value{s} of {key}"),
        word => format!("{count} {word}{s}"),
    }
}

fn is_job(crowd: &Crowd<'_>) -> bool {
    crowd.asked.object.kind.is_some_and(|kind| kind.group == "batch")
}

fn replicas(crowd: &Crowd<'_>, count: u64) -> String {
    match (is_job(crowd), count) {
        (true, 1) => "1 pod".to_owned(),
        (true, _) => format!("{count} pods at once"),
        (false, 1) => "1 replica".to_owned(),
        (false, _) => format!("{count} replicas"),
    }
}

/// More pods than the nodes can take at once.
pub(crate) fn too_many(crowd: &Crowd<'_>) -> Finding {
    let (pods, most) = (crowd.pods, crowd.room.most);
    let many = replicas(crowd, pods);
    let wait = pods.saturating_sub(most);
    let key = key(crowd);
    let (code, message) = match &crowd.room.by {
        By::Apart(_) | By::Port(_) => {
            let need = domains(key, pods);
            let rest = if is_job(crowd) {
                format!("{most} run at a time")
            } else {
                format!("{wait} would wait")
            };
            let code = match &crowd.room.by {
                By::Port(_) => rules::ROLLOUT_HOST_PORT,
                _ if is_job(crowd) => rules::GANG_EXCEEDS_DOMAINS,
                _ => rules::ANTI_AFFINITY_REPLICAS_EXCEED_DOMAINS,
            };
            (code, format!("{many} need {need}, {most} can be used: {rest}"))
        }
        By::Full { domain, left, .. } => {
            let each = crowd.pod.spread.first().map_or(1, |one| one.max_skew);
            let text = match level(key) {
                word if word == key => format!("{domain} has room for {left}"),
                word => format!("{word} {domain} has room for {left}"),
            };
            let text = format!("{most} of {many} can be placed: {text}, and the skew is {each}");
            (rules::SPREAD_CAPACITY_BOUND, text)
        }
        By::Spread { few: true, .. } => (
            rules::SPREAD_MIN_DOMAINS_UNREACHABLE,
            format!("{most} of {many} can be placed: fewer domains than minDomains"),
        ),
        By::Spread { closed, .. } => {
            let by_rules = closed.values().all(|why| *why == Closed::NodeRules);
            let code = match by_rules {
                true => rules::SPREAD_NODE_AFFINITY_POLICY_IGNORE,
                false => rules::SPREAD_COUNTS_UNUSABLE_DOMAIN,
            };
            let closed = match (level(key), closed.len()) {
                (word, _) if word == key => format!("values of {word}"),
                (word, 1) => format!("a {word}"),
                (word, _) => format!("{word}s"),
            };
            let text = format!(
                "{most} of {many} can be placed: the spread counts {closed} closed to them"
            );
            (code, text)
        }
    };
    let mut finding = start(crowd, code, shorten(&message, MOST_MESSAGE), false);
    finding.labels.extend(wanted(crowd));
    finding.help = ways_out(crowd);
    finding.fix = honour(crowd);
    finding
}

/// The finding with its primary label, the domains, and how far it holds.
fn start(crowd: &Crowd<'_>, code: Code, message: String, update: bool) -> Finding {
    let key = key(crowd);
    let one = domains(key, 1).replacen("1 ", "", 1);
    let within = if one == "node" { "on a node".to_owned() } else { format!("in a {one}") };
    let (fact, text) = match &crowd.room.by {
        By::Apart(index) if update => {
            (Fact::AntiAffinity(*index), format!("1 pod {within}, old or new"))
        }
        By::Apart(index) => (Fact::AntiAffinity(*index), format!("at most 1 pod {within}")),
        By::Port(port) => (Fact::Port(*port), "1 pod of a node has it".to_owned()),
        By::Full { constraint, left, .. } => (
            Fact::Spread(*constraint),
            format!("no {one} may have many more than one that takes {left}"),
        ),
        By::Spread { constraint, closed, .. } => {
            let usable = u64::try_from(crowd.room.usable.len()).unwrap_or(u64::MAX);
            let all = u64::try_from(closed.len()).unwrap_or(u64::MAX).saturating_add(usable);
            (
                Fact::Spread(*constraint),
                format!("counts {}, {usable} of them usable", domains(key, all)),
            )
        }
    };
    let object = crowd.asked.object.reference.clone();
    let label = crowd.asked.label(&Demand::Of(fact), text);
    let mut finding = Finding::new(code, Verdict::NoInventory, object, message, label);
    let cluster = crowd.asked.cluster;
    let full = matches!(crowd.room.by, By::Full { .. });
    if full {
        finding.verdict = Verdict::CrowdedOut;
    }
    let sure = cluster.closed && !full;
    finding.severity = if sure { Severity::Error } else { Severity::Warning };
    finding.now = now(crowd);
    finding.holds = Holds::snapshot(format!("in snapshot {}{}", cluster.name, crowd.note));
    finding
}

/// Which domains there are.
fn now(crowd: &Crowd<'_>) -> Vec<String> {
    let usable: Vec<String> = crowd.room.usable.iter().cloned().collect();
    let mut now = vec![format!("can be used          {}", list(&usable, "and", MOST_NAMES))];
    if let By::Spread { closed, .. } = &crowd.room.by {
        for (why, text) in [
            (Closed::NodeRules, "excluded by its node rules"),
            (Closed::Taints, "tainted"),
            (Closed::Otherwise, "too small, or closed by volumes"),
        ] {
            let names: Vec<String> = closed
                .iter()
                .filter(|(_, known)| **known == why)
                .map(|(name, _)| name.clone())
                .collect();
            if !names.is_empty() {
                now.push(format!(
                    "counted, but closed  {}: {text}",
                    list(&names, "and", MOST_NAMES)
                ));
            }
        }
    }
    now
}

/// Where the number of pods is written.
fn wanted(crowd: &Crowd<'_>) -> Option<Label> {
    let object = crowd.asked.object;
    let path = match is_job(crowd) {
        true => {
            object.parallel.parallelism?;
            crowd.asked.template.path.parent().key("parallelism")
        }
        false => {
            object.replicas?;
            FieldPath::of(&["spec", "replicas"])
        }
    };
    Some(
        Label::new(Site::value(path), format!("{} wanted", crowd.pods))
            .quoting(crowd.pods.to_string()),
    )
}

fn ways_out(crowd: &Crowd<'_>) -> Vec<Help> {
    let most = crowd.room.most;
    let field = if is_job(crowd) { "parallelism" } else { "replicas" };
    let fewer = Help::text(format!("{field}: {most}"));
    let word = level(key(crowd));
    match &crowd.room.by {
        By::Apart(_) => vec![
            fewer,
            Help::text(format!("spread, not apart: a topologySpreadConstraint over {word}")),
            Help::mentioning("prefer it, do not require it, in {}", vec![0]),
        ],
        By::Port(_) => vec![fewer, Help::text("a DaemonSet, if each node is to have one")],
        By::Full { .. } => vec![
            Help::mentioning(
                "whenUnsatisfiable: ScheduleAnyway in {}, or a greater maxSkew",
                vec![0],
            ),
            fewer,
        ],
        By::Spread { few: true, .. } => {
            vec![Help::text(format!("minDomains: {}", crowd.room.usable.len())), fewer]
        }
        By::Spread { closed, .. } => {
            let all = |why: Closed| closed.values().all(|known| *known == why);
            let fix = match (all(Closed::Taints), all(Closed::NodeRules)) {
                (true, _) => "nodeTaintsPolicy: Honor in {}: nodes with taints do not count then",
                (_, true) => "nodeAffinityPolicy: Honor in {}",
                _ => "whenUnsatisfiable: ScheduleAnyway in {}",
            };
            vec![Help::mentioning(fix, vec![0]), fewer]
        }
    }
}

/// Domains that are closed by taints alone need not count; what a rule in words has written is not
/// there to be edited.
fn honour(crowd: &Crowd<'_>) -> Option<Fix> {
    let By::Spread { constraint, closed, few: false } = &crowd.room.by else { return None };
    let by_taints = closed.values().all(|why| *why == Closed::Taints);
    let by_hand = source(&crowd.asked.sources.spread, *constraint).is_none();
    let list = crowd.asked.template.spec_path(&["topologySpreadConstraints"]);
    let policy = Edit::set(list.index(*constraint).key("nodeTaintsPolicy"), "\"Honor\"");
    (by_taints && by_hand).then(|| Fix::safe(vec![policy]))
}

/// The replicas fill all domains, and an update adds a pod first.
pub(crate) fn full(crowd: &Crowd<'_>) -> Finding {
    let pods = crowd.pods;
    let next = ordinal(pods.saturating_add(1));
    let count = u64::try_from(crowd.room.usable.len()).unwrap_or(u64::MAX);
    let fill = if pods == 1 { "fills" } else { "fill" };
    let message = format!(
        "no update can begin: {} {fill} {}, it needs a {next}",
        replicas(crowd, pods),
        domains(key(crowd), count)
    );
    let code = match &crowd.room.by {
        By::Port(_) => rules::ROLLOUT_HOST_PORT,
        _ => rules::ROLLOUT_NEEDS_SPARE_DOMAIN,
    };
    let mut finding = start(crowd, code, shorten(&message, MOST_MESSAGE), true);
    let object = crowd.asked.object;
    finding.labels.extend(update(object, pods).map(|numbers| strategy(object, pods, numbers)));
    finding.help =
        vec![Help::text("let an old pod go first: strategy.rollingUpdate.maxUnavailable: 1")];
    finding
}

/// Old pods stand together where the new ones are to be apart, in every domain.
pub(crate) fn old_pods_share(crowd: &Crowd<'_>, least: u64, unavailable: u64) -> Finding {
    let word = level(key(crowd));
    let message = format!("the update cannot begin: each {word} has {least} old pods or more");
    let code = rules::SOFT_TO_HARD_TRANSITION;
    let mut finding = start(crowd, code, shorten(&message, MOST_MESSAGE), true);
    let object = crowd.asked.object;
    let numbers = update(object, crowd.pods);
    finding.labels.extend(numbers.map(|numbers| strategy(object, crowd.pods, numbers)));
    finding.why = Some(format!(
        "a new pod needs a {word} without old ones, and the update may stop {unavailable} of them before"
    ));
    finding.help = vec![
        Help::text(format!("strategy.rollingUpdate.maxUnavailable: {least}, for this update")),
        Help::text("strategy.type: Recreate, for this update"),
    ];
    finding
}

/// No node gets a pod of a DaemonSet; its node rules admit `admitted` of them.
pub(crate) fn daemon_nowhere(asked: &Asked<'_>, admitted: usize) -> Finding {
    let nodes = asked.cluster.inventory.nodes.len();
    let message = match admitted {
        0 => format!("this DaemonSet gets no pods: its node rules admit none of {nodes} nodes"),
        1 => "this DaemonSet gets no pods: the node that it admits is tainted".to_owned(),
        _ => format!("this DaemonSet gets no pods: all {admitted} nodes it admits are tainted"),
    };
    let spec = asked.template.path.key("spec");
    let rules = match (admitted, asked.spec.node_selector.is_empty()) {
        (0, false) => Site::key(spec.key("nodeSelector")),
        (0, true) if asked.spec.affinity.is_some() => Site::key(spec.key("affinity")),
        _ if !asked.spec.tolerations.is_empty() => Site::key(spec.key("tolerations")),
        _ => Site::key(spec),
    };
    let label = Label::new(rules, format!("leaves none of {nodes} nodes"));
    let object = asked.object.reference.clone();
    let message = shorten(&message, MOST_MESSAGE);
    let code = rules::DAEMONSET_SELECTS_NO_NODE;
    let mut finding = Finding::new(code, Verdict::NoInventory, object, message, label);
    let closed = asked.cluster.closed;
    finding.severity = if closed { Severity::Error } else { Severity::Warning };
    finding.why = Some("its controller makes no pod for such a node, and tells nobody".to_owned());
    finding.help = vec![match admitted {
        0 => Help::text("labels that nodes have, in nodeSelector or node affinity"),
        _ => Help::text("a toleration of the taints of these nodes"),
    }];
    finding.holds = Holds::snapshot(format!("in snapshot {}", asked.cluster.name));
    finding
}

/// Nodes that are neither used nor counted, because they lack the label of one constraint.
pub(crate) fn keys_apart(
    asked: &Asked<'_>,
    index: usize,
    key: &str,
    nodes: Vec<String>,
) -> Finding {
    let count = nodes.len();
    let (s, lack) = if count == 1 { ("", "lacks") } else { ("s", "lack") };
    let message = format!("{count} node{s} that would fit {lack} {key}");
    let label = asked.label(&Demand::Of(Fact::SpreadKey(index)), "wants this label on the node");
    let object = asked.object.reference.clone();
    let message = shorten(&message, MOST_MESSAGE);
    let code = rules::SPREAD_KEYS_NOT_ON_SAME_NODES;
    let mut finding = Finding::new(code, Verdict::NoInventory, object, message, label);
    finding.severity = Severity::Warning;
    finding.now = vec![format!("without it  {}", list(&nodes, "and", MOST_NAMES))];
    finding.why = Some("with several hard constraints a node needs the labels of all".to_owned());
    finding.help = vec![
        Help::text("label these nodes"),
        Help::mentioning("whenUnsatisfiable: ScheduleAnyway in {}", vec![0]),
    ];
    finding.holds = Holds::snapshot(format!("in snapshot {}", asked.cluster.name));
    finding
}

/// Replicas that fill their domains, and a budget that lets one go: it has no place meanwhile.
pub(crate) fn no_spare(crowd: &Crowd<'_>, budget: &BudgetFacts) -> Finding {
    let key = key(crowd);
    let domain = domains(key, 1).replacen("1 ", "", 1);
    let message = format!(
        "while a {domain} is drained, its pod has no other: {} fill {}",
        replicas(crowd, crowd.pods),
        domains(key, crowd.room.most)
    );
    let code = rules::PDB_DRAIN_NO_SPARE_DOMAIN;
    let mut finding = start(crowd, code, shorten(&message, MOST_MESSAGE), false);
    finding.severity = Severity::Note;
    if budget.folder.is_some() {
        let site = Site::value(FieldPath::of(&["spec", "selector"]));
        let label =
            Label::new(site.in_object(budget.object.clone()), "this budget lets none go then");
        finding.labels.push(label);
    }
    finding.why =
        Some(format!("budget {} holds up every other drain until it is back", budget.object.name));
    finding.help = vec![
        Help::text(format!("drain one {domain} at a time, or have one more than pods")),
        Help::mentioning("prefer it, do not require it, in {}", vec![0]),
    ];
    finding
}
