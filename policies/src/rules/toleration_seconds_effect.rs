//! Tolerations for a while.

use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("toleration-seconds-effect");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Taints,
        "tolerationSeconds stands beside another effect than NoExecute",
        include_str!("toleration_seconds_effect.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation: `ValidateTolerations`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let at = || case.template.spec_path(&["tolerations"]);
    for (index, one) in case.template.spec.tolerations.iter().enumerate() {
        let effect = one.effect.as_deref().unwrap_or_default();
        if one.toleration_seconds.is_none() || effect == "NoExecute" {
            continue;
        }
        let site = Site::value(at().index(index).key("tolerationSeconds"));
        let message = "tolerationSeconds goes with effect: NoExecute only";
        let text = if effect.is_empty() { "no effect is named" } else { effect };
        let mut finding = case.refused(CODE, message, Label::new(site, text));
        finding.help = vec![Help::text("say effect: NoExecute, or leave the seconds out")];
        findings.push(finding);
    }
}
