//! The report as JSON, version 1. The structs are the format: order and names of their fields are
//! part of the interface.

use placecard_policies::certificate::to_json;
use placecard_policies::cluster::Cluster;
use placecard_policies::feasibility::quality_of_service::quality_of_service;
use placecard_policies::why::cover::{Demand, Member};
use placecard_policies::why::groups::{Group, Held, Holder, Shared};
use placecard_policies::why::outlook::Outlook;
use placecard_policies::words;
use serde::Serialize;
use serde_json::Value;

use super::human::headline;
use super::{Found, Report};

#[derive(Serialize)]
struct Answer<'a> {
    version: u32,
    snapshot: JsonSnapshot<'a>,
    pods: Vec<JsonPod<'a>>,
}

#[derive(Serialize)]
struct JsonSnapshot<'a> {
    name: &'a str,
    nodes: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonPod<'a> {
    subject: &'a str,
    /// As in the verdicts of a review: `ok`, `waiting`, `crowded-out`, `no-inventory`, `unknown`.
    verdict: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    runs_on: Option<&'a str>,
    /// What is in its way before any scheduler sees it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality_of_service: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<i32>,
    /// Pods of the same workload that were left out.
    left_out: usize,
    /// The witness.
    feasible: &'a [String],
    groups: Vec<JsonGroup<'a>>,
    /// The few demands that exclude every node, and which nodes each of them excludes: the
    /// certificate.
    core: Vec<JsonMember<'a>>,
    /// The same for the plugins of the scheduler, in the form that checkers read.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<Value>,
    help: Vec<JsonWay<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonGroup<'a> {
    name: &'a str,
    nodes: &'a [String],
    reasons: Vec<JsonReason<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonReason<'a> {
    plugin: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    in_the_way: Vec<JsonHolder<'a>>,
}

#[derive(Serialize)]
struct JsonHolder<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    pods: Vec<&'a str>,
    nodes: Vec<&'a str>,
}

#[derive(Serialize)]
struct JsonMember<'a> {
    text: String,
    excludes: Vec<&'a str>,
}

#[derive(Serialize)]
struct JsonWay<'a> {
    text: String,
    nodes: &'a [String],
}

/// All reports, with a line break at the end.
pub(crate) fn render(cluster: &Cluster, reports: &[Report]) -> String {
    let answer = Answer {
        version: 1,
        snapshot: JsonSnapshot { name: &cluster.name, nodes: cluster.inventory.nodes.len() },
        pods: reports.iter().map(pod).collect(),
    };
    serde_json::to_string_pretty(&answer).unwrap_or_default() + "\n"
}

fn pod(report: &Report) -> JsonPod<'_> {
    let subject = report.subject.as_str();
    match &report.found {
        Ok(found) => judged(subject, found),
        Err(why) => JsonPod {
            subject,
            verdict: "unknown",
            message: format!("not judged: {}", words::why::unjudged(why)),
            runs_on: None,
            refused: Vec::new(),
            quality_of_service: None,
            priority: None,
            left_out: 0,
            feasible: &[],
            groups: Vec::new(),
            core: Vec::new(),
            certificate: None,
            help: Vec::new(),
            event: None,
        },
    }
}

fn judged<'a>(subject: &'a str, found: &'a Found) -> JsonPod<'a> {
    let diagnosis = &found.diagnosis;
    let stored = &found.stored;
    let verdict = match found.outlook {
        Outlook::Fits | Outlook::Waiting { .. } if stored.is_refused() => "crowded-out",
        Outlook::Fits => "ok",
        Outlook::Waiting { .. } => "waiting",
        Outlook::CrowdedOut { .. } => "crowded-out",
        Outlook::NoInventory => "no-inventory",
    };
    JsonPod {
        subject,
        verdict,
        message: headline(subject, found),
        runs_on: found.runs_on.as_deref(),
        refused: words::stored::refusals(stored),
        quality_of_service: Some(quality_of_service(&stored.pod).name()),
        priority: Some(stored.pod.priority),
        left_out: found.left_out,
        feasible: &diagnosis.feasible,
        groups: diagnosis.groups.iter().map(|one| group(one, found)).collect(),
        core: diagnosis.core.iter().map(|one| member(one, &diagnosis.groups)).collect(),
        certificate: diagnosis.certificate.as_ref().map(|one| to_json(verdict, one)),
        help: diagnosis
            .ways
            .iter()
            .map(|way| JsonWay {
                text: words::why::way(way, &found.stored.pod).0,
                nodes: &way.nodes,
            })
            .collect(),
        event: diagnosis.event.as_deref(),
    }
}

fn group<'a>(group: &'a Group, found: &Found) -> JsonGroup<'a> {
    let reason = |shared: &'a Shared| JsonReason {
        plugin: shared.fact.plugin().name(),
        text: words::why::fact(shared, &found.stored.pod, true),
        in_the_way: shared.holders.iter().map(holder).collect(),
    };
    JsonGroup {
        name: &group.name,
        nodes: &group.nodes,
        reasons: group.facts.iter().map(reason).collect(),
    }
}

fn holder((of, held): &(Holder, Held)) -> JsonHolder<'_> {
    JsonHolder {
        namespace: &of.namespace,
        kind: &of.kind,
        name: &of.name,
        pods: held.pods.iter().map(String::as_str).collect(),
        nodes: held.nodes.iter().map(|node| &**node).collect(),
    }
}

/// A member of the core, with the nodes of the groups in which it is a reason.
fn member<'a>(member: &Member, groups: &'a [Group]) -> JsonMember<'a> {
    let excludes =
        |group: &&Group| group.facts.iter().any(|shared| Demand::of(&shared.fact) == member.demand);
    let nodes = groups.iter().filter(excludes).flat_map(|group| &group.nodes);
    let mut excludes: Vec<&str> = nodes.map(String::as_str).collect();
    excludes.sort_unstable();
    JsonMember { text: words::why::demand(&member.demand), excludes }
}
