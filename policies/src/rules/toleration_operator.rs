//! Operators of tolerations.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::{Check, FieldRule, TemplateCase, is_placeholder};
use crate::words;

const CODE: Code = Code::new("toleration-operator");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Taints,
        "a toleration has an operator that does not go with its key",
        include_str!("toleration_operator.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation: `ValidateTolerations`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let at = || case.template.spec_path(&["tolerations"]);
    for (index, one) in case.template.spec.tolerations.iter().enumerate() {
        let operator = one.operator.as_deref().unwrap_or_default();
        let no_key = one.key.as_deref().unwrap_or_default().is_empty();
        let known = ["", "Equal", "Exists"];
        // Comparisons came with 1.35, behind a gate (KEP-5471).
        let compares = ["Gt", "Lt"].contains(&operator);
        let takes = known.contains(&operator) || (compares && case.surroundings.server.0 >= 35);
        let (message, text) = match () {
            () if is_placeholder(operator) => continue,
            () if !takes => (format!("a toleration has the operator {}", words::shorten(operator, 30)), "Equal or Exists"),
            () if no_key && operator != "Exists" => {
                ("a toleration without a key has to say Exists".to_owned(), "no key")
            }
            () => continue,
        };
        let site = Site::value(at().index(index).key("operator"));
        let label = Label::new(site.clone(), text).quoting(operator);
        let mut finding = case.refused(CODE, message, label);
        finding.help = vec![Help::text(match no_key {
            true => "name the key of the taint",
            false => "write Equal with a value, or Exists without one",
        })];
        let meant = known.iter().find(|known| known.eq_ignore_ascii_case(operator) && !takes);
        finding.fix = meant.map(|meant| Fix::safe(vec![Edit::text(site, operator, *meant)]));
        findings.push(finding);
    }
}
