//! An ordered StatefulSet of which one pod can never run.

use placecard_findings::{Code, FieldPath, Finding, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::bounds::too_many;
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("statefulset-stuck-pending");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE, Family::Rollout,
        "a StatefulSet whose pods wait for one that can never run",
        include_str!("statefulset_stuck_pending.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// Pods are made one after another, and a changed template does not replace one that never became
/// ready (pkg/controller/statefulset; kubernetes#67250). Which number is too great is the engine's
/// to say.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let ordered = matches!(case.object.management.as_str(), "" | "OrderedReady");
    let is_set = case.object.kind.is_some_and(|kind| kind.kind == "StatefulSet");
    let manual = case.object.strategy.kind == "OnDelete";
    if !is_set || !ordered || manual || case.doubt().is_some() {
        return;
    }
    let Some(most) = too_many(case.object, case.surroundings) else { return };
    let first = case.object.start.unwrap_or_default().saturating_add(most);
    let path = FieldPath::of(&["spec", "replicas"]);
    let label = Label::new(Site::value(path), format!("{most} can run"));
    let name = &case.object.reference.name;
    let message = format!("pod {name}-{first} waits for ever, and a repaired template does not help it");
    let message = match message.chars().count() {
        ..=72 => message,
        _ => format!("pod {first} waits for ever, and a repaired template does not help it"),
    };
    let mut finding = case.risk(CODE, message, label);
    finding.why =
        Some("an update does not touch a pod before the one with a greater number is ready".to_owned());
    finding.help = vec![
        Help::text(format!("delete pod {name}-{first} once the template is repaired")),
        Help::text("podManagementPolicy: Parallel, on a StatefulSet that is made anew"),
    ];
    findings.push(finding);
}
