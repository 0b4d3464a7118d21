//! Values of expressions.

use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::terms::About;
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("expression-values");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Affinity,
        "an expression has too many or too few values for its operator",
        include_str!("expression_values.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation: `ValidateNodeSelectorRequirement`; meta/v1/validation:
/// `ValidateLabelSelectorRequirement`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for one in case.expressions() {
        let count = one.values.len();
        let wants = match one.operator {
            "In" | "NotIn" if count == 0 => "at least one value",
            "Exists" | "DoesNotExist" if count > 0 => "no values",
            "Gt" | "Lt" if count != 1 && one.about != About::Pods => "one value",
            _ => continue,
        };
        let site = Site::value(one.path.key(if count == 0 { "operator" } else { "values" }));
        let label = Label::new(site, wants).quoting(one.operator);
        let found = if count == 0 { "none".to_owned() } else { count.to_string() };
        let message = format!("{} takes {wants}, and has {found}", one.operator);
        let mut finding = case.refused(CODE, message, label);
        finding.help = vec![Help::text(match one.operator {
            "In" | "NotIn" => "name the values, or say Exists",
            "Exists" | "DoesNotExist" => "say In or NotIn, or leave the values out",
            _ => "write one whole number",
        })];
        findings.push(finding);
    }
}
