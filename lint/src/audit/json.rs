//! The report as JSON, version 1. The structs are the format: order and names of their fields are
//! part of the interface.

use std::collections::BTreeMap;

use placecard_findings::Severity;
use placecard_policies::audit::broken::Group;
use placecard_policies::audit::evict::Fate;
use placecard_policies::audit::intents::Lapsed;
use placecard_policies::audit::loss::{Loss, Stuck, Without};
use placecard_policies::audit::pending::Pending;
use placecard_policies::audit::{Audit, LeftOut};
use placecard_policies::cluster::Cluster;
use placecard_policies::rules::{CANNOT_BE_PLACED, NO_PLACE_WITHOUT, RULE_NO_LONGER_HOLDS};
use placecard_policies::why::groups::Holder;
use placecard_policies::words;
use serde::Serialize;

use super::evict::Evicted;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    version: u32,
    snapshot: JsonSnapshot<'a>,
    running: usize,
    broken: Vec<JsonGroup<'a>>,
    lapsed: Vec<JsonLapsed<'a>>,
    waiting: usize,
    pending: Vec<JsonPending<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loss: Option<JsonLoss<'a>>,
    left_out: JsonLeftOut<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evictions: Option<Vec<JsonEviction<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonEviction<'a> {
    pod: String,
    owner: JsonOwner<'a>,
    /// The node that takes the new pod.
    witness: &'a str,
    done: bool,
    message: String,
}

#[derive(Serialize)]
struct JsonSnapshot<'a> {
    name: &'a str,
    nodes: usize,
    /// Kinds of which there may be objects that are not listed.
    missing: Vec<String>,
}

#[derive(Serialize)]
struct JsonOwner<'a> {
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct JsonLapsed<'a> {
    code: &'static str,
    severity: &'static str,
    owner: JsonOwner<'a>,
    /// The rule as it is written.
    rule: &'a str,
    message: String,
    pods: Vec<JsonMember<'a>>,
}

#[derive(Serialize)]
struct JsonGroup<'a> {
    code: &'static str,
    severity: &'static str,
    owner: JsonOwner<'a>,
    /// The plugin that would reject the node.
    rule: &'static str,
    message: String,
    pods: Vec<JsonMember<'a>>,
    /// How many pods of the owner run.
    of: usize,
    others: Vec<JsonOther<'a>>,
    /// Nodes that would take the first pod if it were made anew.
    elsewhere: usize,
}

#[derive(Serialize)]
struct JsonMember<'a> {
    pod: &'a str,
    node: &'a str,
}

#[derive(Serialize)]
struct JsonOther<'a> {
    owner: JsonOwner<'a>,
    pods: Vec<&'a str>,
}

#[derive(Serialize)]
struct JsonPending<'a> {
    code: &'static str,
    owner: JsonOwner<'a>,
    pods: &'a [String],
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

#[derive(Serialize)]
struct JsonLoss<'a> {
    asked: Vec<String>,
    nodes: &'a [String],
    failed: &'a [String],
    gone: &'a [String],
    displaced: usize,
    placed: usize,
    stuck: Vec<JsonStuck<'a>>,
    broken: Vec<JsonGroup<'a>>,
}

#[derive(Serialize)]
struct JsonStuck<'a> {
    code: &'static str,
    owner: JsonOwner<'a>,
    pods: &'a [String],
    message: String,
    /// What would have to return, in words.
    needs: String,
    /// The lost nodes of which any one would be enough for the first pod.
    returns: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

#[derive(Serialize)]
struct JsonLeftOut<'a> {
    #[serde(rename = "static")]
    fixed: usize,
    gated: usize,
    worded: usize,
    schedulers: &'a BTreeMap<String, usize>,
}

/// The report, with a line break at the end.
pub(super) fn render(cluster: &Cluster, audit: &Audit, evicted: Option<&[Evicted]>) -> String {
    let nodes = cluster.inventory.nodes.len();
    let LeftOut { fixed, gated, worded, schedulers } = &audit.left_out;
    let answer = Answer {
        version: 1,
        snapshot: JsonSnapshot { name: &cluster.name, nodes, missing: cluster.missing() },
        running: audit.running,
        broken: audit.groups.iter().map(group).collect(),
        lapsed: audit.lapsed.iter().map(lapsed).collect(),
        waiting: audit.waiting,
        pending: audit.pending.iter().map(|one| pending(one, nodes)).collect(),
        loss: audit.loss.as_ref().map(|one| loss(one, nodes)),
        left_out: JsonLeftOut { fixed: *fixed, gated: *gated, worded: *worded, schedulers },
        evictions: evicted.map(|evicted| evicted.iter().map(eviction).collect()),
    };
    serde_json::to_string_pretty(&answer).unwrap_or_default() + "\n"
}

fn owner(holder: &Holder) -> JsonOwner<'_> {
    JsonOwner { kind: &holder.kind, namespace: &holder.namespace, name: &holder.name }
}

fn eviction((one, fate): &Evicted) -> JsonEviction<'_> {
    let (namespace, name) = &one.pod;
    JsonEviction {
        pod: format!("{namespace}/{name}"),
        owner: owner(&one.owner),
        witness: &one.witness,
        done: *fate == Fate::Done,
        message: words::audit::eviction(one, fate),
    }
}

fn group(group: &Group) -> JsonGroup<'_> {
    let pods = group.pods.iter().map(|one| JsonMember { pod: &one.pod, node: &one.node });
    let others = group.others.iter().map(|(of, pods)| JsonOther {
        owner: owner(of),
        pods: pods.iter().map(String::as_str).collect(),
    });
    JsonGroup {
        code: RULE_NO_LONGER_HOLDS.as_str(),
        severity: group.severity.as_str(),
        owner: owner(&group.owner),
        rule: group.fact.plugin().name(),
        message: words::audit::headline(group),
        pods: pods.collect(),
        of: group.of,
        others: others.collect(),
        elsewhere: group.elsewhere,
    }
}

fn lapsed(lapsed: &Lapsed) -> JsonLapsed<'_> {
    let pods = lapsed.pods.iter().map(|one| JsonMember { pod: &one.pod, node: &one.node });
    JsonLapsed {
        code: RULE_NO_LONGER_HOLDS.as_str(),
        severity: Severity::Error.as_str(),
        owner: owner(&lapsed.owner),
        rule: &lapsed.rule,
        message: words::audit::lapsed(&lapsed.rule, &lapsed.how),
        pods: pods.collect(),
    }
}

fn pending(pending: &Pending, nodes: usize) -> JsonPending<'_> {
    JsonPending {
        code: CANNOT_BE_PLACED.as_str(),
        owner: owner(&pending.owner),
        pods: &pending.pods,
        message: words::audit::pending(pending, nodes),
        help: words::audit::way(pending.why.as_ref(), &pending.example),
    }
}

fn loss(loss: &Loss, nodes: usize) -> JsonLoss<'_> {
    let left = nodes.saturating_sub(loss.nodes.len());
    let asked = loss.asked.iter().map(|one| match one {
        Without::Node(name) => format!("node/{name}"),
        Without::Label { key, value } => format!("{key}={value}"),
    });
    JsonLoss {
        asked: asked.collect(),
        nodes: &loss.nodes,
        failed: &loss.failed,
        gone: &loss.gone,
        displaced: loss.displaced,
        placed: loss.placed,
        stuck: loss.stuck.iter().map(|one| stuck(one, left)).collect(),
        broken: loss.broken.iter().map(group).collect(),
    }
}

fn stuck(stuck: &Stuck, left: usize) -> JsonStuck<'_> {
    JsonStuck {
        code: NO_PLACE_WITHOUT.as_str(),
        owner: owner(&stuck.owner),
        pods: &stuck.pods,
        message: words::audit::stuck(stuck, left),
        needs: words::audit::returns(stuck),
        returns: &stuck.returns,
        help: words::audit::way(stuck.why.as_ref(), &stuck.example),
    }
}
