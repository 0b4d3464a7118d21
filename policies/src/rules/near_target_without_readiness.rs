//! A pod that is required near one which nobody waits for.

use placecard_findings::{Code, Finding, Help, Holds, Label, Severity};

use super::{Family, Rule, Sees, risk};
use crate::fields::inputs::TemplateFacts;
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("near-target-without-readiness");

pub(super) const RULE: FieldRule = FieldRule {
    rule: Rule {
        severity: Severity::Note,
        ..risk(
            CODE,
            Family::Workloads,
            "required near pods that nothing says are ready",
            include_str!("near_target_without_readiness.md"),
            Sees::Inputs,
        )
    },
    check: Check::Template(check),
};

/// The scheduler waits until the other pod has a node, not until it answers; without a readiness
/// probe a Service sends requests to it as soon as its containers run.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let Some((inputs, own)) = case.among_required() else { return };
    let Some(term) = own.near.first().filter(|_| own.is_whole) else { return };
    if inputs.is_companion(own, own) != Some(false) {
        return;
    }
    let meant = inputs.meant(&own.object.namespace, term);
    let meant = meant.filter(|(other, _)| inputs.is_companion(own, other) == Some(true));
    let targets: Vec<&TemplateFacts> = meant.map(|(other, _)| other).collect();
    let silent = |one: &&TemplateFacts| one.is_whole && !one.tells_ready;
    let lasts = |one: &&TemplateFacts| !matches!(one.object.kind.as_str(), "Job" | "CronJob" | "Pod");
    if targets.is_empty() || !targets.iter().all(|one| silent(one) && lasts(one)) {
        return;
    }
    let name = targets.first().map(|one| one.object.to_string()).unwrap_or_default();
    let label = Label::new(own.site(term), "starts when that pod has a node");
    let message = "these pods may start before the one they are near answers";
    let mut finding = case.note(CODE, message, label.quoting(term.quote()));
    finding.why = Some(format!("{name} has no readiness probe: it counts as ready at once"));
    finding.help = vec![Help::text("a readinessProbe there; here, wait for it before the first use")];
    finding.holds = Holds::objects("for the workloads that were read");
    findings.push(case.as_sure_as_can_be(finding));
}
