//! Operators of expressions.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::terms::About;
use crate::fields::{Check, FieldRule, TemplateCase, is_placeholder};
use crate::words;

const CODE: Code = Code::new("expression-operator");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Affinity,
        "an expression has an operator that its list does not know",
        include_str!("expression_operator.md"),
    ),
    check: Check::Template(check),
};

/// k8s.io/api/core/v1 NodeSelectorOperator and meta/v1 LabelSelectorOperator.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for one in case.expressions() {
        let known = if one.about == About::Pods { &OPERATORS[..4] } else { OPERATORS };
        if known.contains(&one.operator) || is_placeholder(one.operator) {
            continue;
        }
        let site = Site::value(one.path.key("operator"));
        let text = match (one.about, OPERATORS.contains(&one.operator)) {
            (About::Pods, true) => "of nodes only",
            _ => "no such operator",
        };
        let label = Label::new(site.clone(), text).quoting(one.operator);
        let shown = if one.operator.is_empty() { "that is empty" } else { one.operator };
        let message = format!("an expression has the operator {}", words::shorten(shown, 30));
        let mut finding = case.refused(CODE, message, label);
        let plain = |word: &str| word.replace(['_', '-', ' '], "").to_ascii_lowercase();
        let meant = known.iter().find(|known| plain(known) == plain(one.operator));
        finding.help = vec![Help::text(format!("the operators are {}", known.join(", ")))];
        finding.suggestion = meant.map(|word| (*word).to_owned());
        finding.fix = meant.map(|word| Fix::safe(vec![Edit::text(site, one.operator, *word)]));
        findings.push(finding);
    }
}

/// Those of labels of pods, and then those of nodes alone.
const OPERATORS: &[&str] = &["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"];
