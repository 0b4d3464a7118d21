//! Workloads of which each is required near another.

use placecard_findings::{Code, Finding, Help, Label, ObjectRef};

use super::{Family, Sees, risk};
use crate::fields::inputs::TemplateFacts;
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::words;

const CODE: Code = Code::new("affinity-cycle-deadlock");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE, Family::Affinity,
        "workloads that wait for one another by required affinity",
        include_str!("affinity_cycle_deadlock.md"),
        Sees::Inputs,
    ),
    check: Check::Template(check),
};

/// Told of the last one of a cycle; `Inputs::settle` has found it.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let Some((inputs, own)) = case.among_required() else { return };
    let cycle = inputs.index_of(own).and_then(|index| inputs.cycles.get(&index));
    let Some(cycle) = cycle else { return };
    let members: Vec<&TemplateFacts> =
        cycle.iter().filter_map(|index| inputs.templates.get(*index)).collect();
    findings.extend(finding(case, own, &members));
}

fn finding(
    case: &TemplateCase<'_>,
    own: &TemplateFacts,
    members: &[&TemplateFacts],
) -> Option<Finding> {
    let name = |one: &ObjectRef| one.name.clone();
    let next = |one: &TemplateFacts| {
        let at = members.iter().position(|other| other.object == one.object)?;
        members.get((at + 1) % members.len().max(1))
    };
    let label = |one: &TemplateFacts| -> Option<Label> {
        let term = one.near.first()?;
        let text = format!("{} waits for {}", one.object.name, next(one)?.object.name);
        let mut label = Label::new(one.site(term), text).quoting(term.quote());
        if one.object != own.object {
            label.site = label.site.in_object(one.object.clone());
        }
        Some(label)
    };
    let names: Vec<String> = members.iter().map(|one| name(&one.object)).collect();
    let names = words::list(&names, "and", 4);
    let message = format!("{names} wait for each other: none can start first");
    let message = match message.chars().count() {
        ..=72 => message,
        _ => format!("{} workloads wait for each other: none can start first", members.len()),
    };
    let mut finding = case.by_absence(CODE, message, label(own)?);
    let others = members.iter().filter(|one| one.object != own.object);
    finding.labels.extend(others.filter_map(|one| label(one)));
    finding.help = vec![Help::mentioning("prefer one of them, {} say", vec![0])];
    Some(finding)
}
