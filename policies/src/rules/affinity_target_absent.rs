//! Required affinity to pods that nobody makes.

use placecard_findings::{Code, Finding, Help, Label};

use super::{Family, Sees, risk};
use crate::fields::companions::missing;
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::words;

const CODE: Code = Code::new("affinity-target-absent");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE, Family::Affinity,
        "required near pods that no workload makes",
        include_str!("affinity_target_absent.md"),
        Sees::Inputs,
    ),
    check: Check::Template(check),
};

/// Nothing matches, so no node passes (interpodaffinity/filtering.go, `satisfyPodAffinity`). Where
/// nobody knows what else there is, only a label that is spelt much like one that is there counts.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let Some(found) = missing(case) else { return };
    let is_closed = case.inputs().is_some_and(|inputs| inputs.is_closed());
    if found.elsewhere.is_some() || (found.instead.is_none() && !is_closed) {
        return;
    }
    let selects = words::selector(found.term.term.selector.as_ref());
    let label = Label::new(found.own.site(found.term), format!("selects {selects}"));
    let label = label.quoting(found.term.quote());
    let message = "no pod is what these pods are required near";
    let mut finding = case.by_absence(CODE, message, label);
    finding.why = Some("a pod starts only where a pod with all these labels runs".to_owned());
    finding.help = match &found.instead {
        Some((asked, value)) => vec![Help::text(format!("{value} is there; {asked} is not"))],
        None => vec![Help::text("select labels of the pods that are meant, or prefer it")],
    };
    findings.push(finding);
}
