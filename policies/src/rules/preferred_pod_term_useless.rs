//! Preferences about pods that change nothing.

use placecard_findings::{Code, Finding, Fix, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::terms::PodDemand;
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::native;

const CODE: Code = Code::new("preferred-pod-term-useless");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Affinity,
        "a preferred term about pods selects none, or repeats a required one",
        include_str!("preferred_pod_term_useless.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// pkg/scheduler/framework/plugins/interpodaffinity/scoring.go. A preference to be near says more
/// than the requirement: where there are more such pods.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let demands = case.pod_demands();
    for demand in demands.iter().filter(|one| !one.required) {
        let selector = native::merged_selector(demand.term, case.frame.labels);
        let term = |one: &PodDemand<'_>| native::pod_term(one.term, case.frame.labels);
        let repeats = |other: &&PodDemand<'_>| {
            other.required && !other.near && !demand.near && term(other) == term(demand)
        };
        let repeated = demands.iter().find(repeats);
        let (message, text) = match (&selector, repeated) {
            (None, _) => ("a preference about pods has no labelSelector", "selects no pods"),
            (Some(selector), _) if !selector.is_satisfiable() => {
                ("a preference about pods selects none", "its parts exclude one another")
            }
            (_, Some(_)) => ("a preference repeats what is required", "adds nothing"),
            _ => continue,
        };
        let label = Label::new(Site::value(demand.path.clone()), text);
        let mut finding = case.risk(CODE, message, label);
        if let Some(other) = repeated {
            finding.labels.push(Label::new(Site::value(other.path.clone()), "the same, required"));
        }
        finding.help = vec![Help::text("delete it")];
        finding.fix = Some(Fix::safe(vec![case.removal(&demand.path.parent())]));
        findings.push(finding);
    }
}
