//! Terms without a topology key.

use placecard_findings::{Code, FieldPath, Finding, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("topology-key-empty");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Affinity,
        "a term names no topologyKey",
        include_str!("topology_key_empty.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation: `validatePodAffinityTerm`, `validateTopologySpreadConstraints`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for (_, key, path) in case.topology_keys() {
        // A term that is wrapped up has one inside, and that is told.
        if !key.is_empty() || is_wrapped(case, path) {
            continue;
        }
        let label = Label::new(Site::value(path.clone()), "no topologyKey");
        let mut finding = case.refused(CODE, "topologyKey must not be empty", label);
        finding.help = vec![Help::text("name the node label whose values are the domains")];
        findings.push(finding);
    }
}

fn is_wrapped(case: &TemplateCase<'_>, path: &FieldPath) -> bool {
    let wrapped = case.at(&path.parent().key("podAffinityTerm"));
    wrapped.is_some()
}
