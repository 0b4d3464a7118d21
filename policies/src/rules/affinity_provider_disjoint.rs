//! Required affinity to pods that can not be where these may go.

use std::collections::BTreeSet;

use placecard_feasibility::bounds::allowed_values;
use placecard_feasibility::contradiction::{BUDGET, Demand, DemandId, NodeVerdict, decide};
use placecard_findings::{Code, Finding, Help, Label};

use super::{Family, Sees, risk};
use crate::fields::inputs::TemplateFacts;
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::words;

const CODE: Code = Code::new("affinity-provider-disjoint");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Affinity,
        "required near pods that can never be where this pod may go",
        include_str!("affinity_provider_disjoint.md"),
        Sees::Inputs,
    ),
    check: Check::Template(check),
};

/// Both have to be in one domain of each term, and their node rules leave none.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let Some((inputs, own)) = case.among_required() else { return };
    let Some(first) = own.near.first().filter(|_| own.is_whole && !own.demands.is_empty()) else {
        return;
    };
    if inputs.is_companion(own, own) != Some(false) {
        return;
    }
    let meant = inputs.meant(&own.object.namespace, first);
    let meant = meant.filter(|(other, _)| inputs.is_companion(own, other) != Some(false));
    let companions: Vec<&TemplateFacts> = meant.map(|(other, _)| other).collect();
    let Some(other) = companions.first() else { return };
    // One that may be anywhere is enough.
    let Some(term) = own.near.iter().find(|term| {
        let key = &term.term.topology_key;
        companions.iter().all(|other| is_apart(own, other, key))
    }) else {
        return;
    };
    let level = words::level(&term.term.topology_key);
    let name = &other.object.name;
    let label = Label::new(own.site(term), format!("wants to share a {level} with {name}"));
    let label = label.quoting(term.quote());
    let message = format!("no {level} can hold these pods and those of {name}");
    let message = words::shorten(&message, 72);
    let mut finding = case.by_absence(CODE, message, label);
    finding.why = Some("their node rules leave no place to both".to_owned());
    finding.help = vec![
        Help::text(format!("let the node rules of both allow one {level}")),
        Help::text("prefer to be near, do not require it"),
    ];
    findings.push(finding);
}

/// Whether the node rules of two templates leave no domain of a level to both. A node has one host
/// name, so of nodes all labels count; of larger domains, the values of the level alone.
fn is_apart(one: &TemplateFacts, other: &TemplateFacts, key: &str) -> bool {
    if key == "kubernetes.io/hostname" {
        let both = one.demands.iter().chain(&other.demands).enumerate();
        let renumbered = both.map(|(index, demand)| Demand {
            id: DemandId(u32::try_from(index).unwrap_or(u32::MAX)),
            terms: demand.terms.clone(),
        });
        let all: Vec<Demand> = renumbered.collect();
        let clash = |demands: &[Demand]| matches!(decide(demands, BUDGET), NodeVerdict::Contradiction(_));
        return clash(&all) && !clash(&one.demands) && !clash(&other.demands);
    }
    let values = |facts: &TemplateFacts| allowed_values(&facts.demands, key);
    let (Some(own), Some(others)) = (values(one), values(other)) else { return false };
    let own: BTreeSet<String> = own.into_iter().collect();
    others.iter().all(|value| !own.contains(value))
}
