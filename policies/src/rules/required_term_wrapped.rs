//! Required terms in the form of preferred ones.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};
use serde_json::{Map, Value};

use super::{Family, refusal};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("required-term-wrapped");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Affinity,
        "a required term of pod affinity is written as a preferred one",
        include_str!("required_term_wrapped.md"),
    ),
    check: Check::Template(check),
};

/// A required term is a PodAffinityTerm, a preferred one a WeightedPodAffinityTerm around it
/// (k8s.io/api/core/v1); what is inside is an unknown field of the former, and dropped.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for kind in ["podAffinity", "podAntiAffinity"] {
        let list = "requiredDuringSchedulingIgnoredDuringExecution";
        let terms = case.in_spec(&["affinity", kind, list]).and_then(Value::as_array);
        for (index, term) in terms.into_iter().flatten().enumerate() {
            let Some(inner) = term.get("podAffinityTerm") else { continue };
            let at = case.template.spec_path(&["affinity", kind, list]).index(index);
            let site = Site::key(at.key("podAffinityTerm"));
            let message = "a required term has no weight and no podAffinityTerm";
            let mut finding = case.refused(CODE, message, Label::new(site, "of preferred terms"));
            finding.help = vec![Help::text("write what is inside in its place, or make it preferred")];
            let known = term.as_object().into_iter().flat_map(Map::keys);
            let plain = known.into_iter().all(|key| key == "weight" || key == "podAffinityTerm");
            finding.fix = plain.then(|| Fix::safe(vec![Edit::set(at, inner.to_string())]));
            findings.push(finding);
        }
    }
}
