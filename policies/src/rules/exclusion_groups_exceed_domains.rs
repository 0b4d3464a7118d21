//! Workloads that keep one another apart, and more of them than there are places.

use std::collections::BTreeSet;

use placecard_feasibility::bounds::allowed_values;
use placecard_feasibility::contradiction::Demand;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::requirement::matches;
use placecard_findings::{Code, Finding, Help, Holds, Label, Severity};

use super::{Family, Sees, risk};
use crate::fields::inputs::{Inputs, TemplateFacts, TermFacts, World};
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::words;

const CODE: Code = Code::new("exclusion-groups-exceed-domains");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Workloads,
        "workloads that keep one another apart need more domains than there are",
        include_str!("exclusion_groups_exceed_domains.md"),
        Sees::Inputs,
    ),
    check: Check::Template(check),
};

/// Of a set of pods of which any two exclude each other in a domain, each needs one of its own.
/// Required anti-affinity holds in both directions, whoever says it.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let Some((inputs, own)) = case.among_required() else { return };
    let mut seen = BTreeSet::new();
    for term in own.apart.iter().filter(|term| seen.insert(&term.term.topology_key)) {
        let key = &term.term.topology_key;
        let group = group(inputs, own, key);
        let last = group.iter().map(|one| inputs.index_of(one)).max();
        if group.len() < 2 || last != Some(inputs.index_of(own)) {
            continue;
        }
        let mut need: u64 = 0;
        let mut is_known = true;
        for member in &group {
            match pods(inputs, member, key) {
                Some(pods) => need = need.saturating_add(pods),
                None => is_known = false,
            }
        }
        let Some((domains, on_nodes)) = domains(case, &group, key).filter(|_| is_known) else {
            continue;
        };
        let there = u64::try_from(domains.len()).unwrap_or(u64::MAX);
        if there < need {
            findings.push(finding(case, (own, term), &group, need, (there, on_nodes)));
        }
    }
}

fn finding(
    case: &TemplateCase<'_>,
    (own, term): (&TemplateFacts, &TermFacts),
    group: &[&TemplateFacts],
    need: u64,
    (there, on_nodes): (u64, bool),
) -> Finding {
    let level = words::level(&term.term.topology_key);
    let names: Vec<String> = group.iter().map(|one| one.object.name.clone()).collect();
    let names = words::list(&names, "and", 3);
    let s = if need == 1 { "" } else { "s" };
    let message = format!("{names} need {need} {level}{s} between them, {there} can be used");
    let message = match message.chars().count() {
        ..=72 => message,
        _ => format!("{} workloads need {need} {level}{s} between them, not {there}", group.len()),
    };
    let label = Label::new(own.site(term), format!("one of their pods in a {level}"));
    let mut finding = case.risk(CODE, message, label.quoting(term.quote()));
    let world = case.inputs().map(|inputs| inputs.world).unwrap_or_default();
    if on_nodes {
        let closed = case.surroundings.cluster.as_ref().is_some_and(|cluster| cluster.closed);
        finding.severity = if closed { Severity::Error } else { Severity::Warning };
        finding.holds = Holds::snapshot(case.snapshot());
    } else {
        let open = world == World::Open;
        finding.severity = if open { Severity::Warning } else { Severity::Error };
        finding.holds = Holds::objects("while all of these workloads are there");
    }
    finding.why = Some("required anti-affinity holds in both directions".to_owned());
    finding.help = vec![
        Help::mentioning("select only the own pods, or prefer it, in {}", vec![0]),
        Help::text(format!("{} fewer pods, or as many more {level}s", need.saturating_sub(there))),
    ];
    case.as_sure_as_can_be(finding)
}

/// The template and others of which any two exclude each other in a level.
fn group<'a>(inputs: &'a Inputs, own: &'a TemplateFacts, key: &str) -> Vec<&'a TemplateFacts> {
    let mut found = vec![own];
    let near = inputs.near_conflicts(own);
    for other in near.into_iter().filter_map(|index| inputs.templates.get(index)) {
        let lasts = other.pods().is_some() && other.is_whole && !other.more_labels;
        let beside = lasts && other.is_beside(own.folder) && other.object != own.object;
        if beside && found.iter().all(|one| exclude(inputs, one, other, key)) {
            found.push(other);
        }
    }
    found
}

fn exclude(inputs: &Inputs, one: &TemplateFacts, other: &TemplateFacts, key: &str) -> bool {
    let says = |one: &TemplateFacts, other: &TemplateFacts| {
        let mut terms = one.apart.iter().filter(|term| term.term.topology_key == key);
        terms.any(|term| {
            !term.of_revision && inputs.means(&one.object.namespace, term, other) == Some(true)
        })
    };
    says(one, other) || says(other, one)
}

/// How many pods of a member exclude one another: all, or one that stands for them.
fn pods(inputs: &Inputs, member: &TemplateFacts, key: &str) -> Option<u64> {
    let pods = member.pods()?;
    let mut terms = member.apart.iter().filter(|term| term.term.topology_key == key);
    let apart = terms.any(|term| {
        inputs.means(&member.object.namespace, term, member) == Some(true)
    });
    Some(if apart { pods } else { pods.min(1) })
}

/// The domains that some member may use: those that their node rules leave or, on a cluster, those
/// of the nodes that they admit; and which of the two it is.
fn domains(
    case: &TemplateCase<'_>,
    group: &[&TemplateFacts],
    key: &str,
) -> Option<(BTreeSet<String>, bool)> {
    let lists: Option<Vec<Vec<String>>> =
        group.iter().map(|one| allowed_values(&one.demands, key)).collect();
    if let Some(lists) = lists {
        return Some((lists.into_iter().flatten().collect(), false));
    }
    let inventory = &case.surroundings.cluster.as_ref()?.inventory;
    if inventory.is_unknown(Kind::Node) || !inventory.templates.is_empty() {
        return None;
    }
    let admitted = inventory.nodes.values().filter(|node| {
        group.iter().any(|one| one.demands.iter().all(|demand| admits(demand, node)))
    });
    let values: Option<BTreeSet<String>> =
        admitted.map(|node| node.labels.get(key).cloned()).collect();
    Some((values?, true))
}

fn admits(demand: &Demand, node: &Node) -> bool {
    demand.terms.iter().any(|term| {
        !term.atoms.is_empty()
            && term.atoms.iter().all(|atom| match atom.field {
                true => atom.requirement.values.contains(&node.name),
                false => matches(&atom.requirement, &node.labels),
            })
    })
}
