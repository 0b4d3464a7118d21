//! Tolerations of any value that name one.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("toleration-exists-value");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Taints,
        "a toleration says Exists and has a value",
        include_str!("toleration_exists_value.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation: `ValidateTolerations`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let at = || case.template.spec_path(&["tolerations"]);
    for (index, one) in case.template.spec.tolerations.iter().enumerate() {
        let value = one.value.as_deref().unwrap_or_default();
        if one.operator.as_deref() != Some("Exists") || value.is_empty() {
            continue;
        }
        let at = at().index(index).key("value");
        let label = Label::new(Site::value(at.clone()), "Exists is for any value").quoting(value);
        let mut finding = case.refused(CODE, "a toleration with Exists takes no value", label);
        finding.help = vec![Help::text("leave the value out, or say Equal")];
        finding.fix = Some(Fix::safe(vec![Edit::remove(at)]));
        findings.push(finding);
    }
}
