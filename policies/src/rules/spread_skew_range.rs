//! The skew of spread constraints.

use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("spread-skew-range");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Spread,
        "maxSkew of a spread constraint is not positive",
        include_str!("spread_skew_range.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation: `ValidatePositiveField`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for (index, one) in case.template.spec.spread.iter().enumerate() {
        if one.max_skew > 0 {
            continue;
        }
        let at = case.template.spec_path(&["topologySpreadConstraints"]).index(index);
        let label = Label::new(Site::value(at.key("maxSkew")), "at least 1");
        let message = format!("maxSkew is {}, and has to be at least 1", one.max_skew);
        let mut finding = case.refused(CODE, message, label.quoting(one.max_skew.to_string()));
        finding.help = vec![Help::text("write 1: as even as can be")];
        findings.push(finding);
    }
}
