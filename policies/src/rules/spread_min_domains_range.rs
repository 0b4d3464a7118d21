//! minDomains of spread constraints.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("spread-min-domains-range");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Spread,
        "minDomains of a spread constraint is not positive",
        include_str!("spread_min_domains_range.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation: `validateMinDomains`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for (index, one) in case.template.spec.spread.iter().enumerate() {
        let Some(count) = one.min_domains.filter(|count| *count < 1) else { continue };
        let at = case.template.spec_path(&["topologySpreadConstraints"]).index(index);
        let at = at.key("minDomains");
        let label = Label::new(Site::value(at.clone()), "at least 1").quoting(count.to_string());
        let message = format!("minDomains is {count}, and has to be at least 1");
        let mut finding = case.refused(CODE, message, label);
        finding.help = vec![Help::text("leave it out, or write how many domains there have to be")];
        finding.fix = Some(Fix::safe(vec![Edit::remove(at)]));
        findings.push(finding);
    }
}
