//! minDomains of soft spread constraints.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("spread-min-domains-soft");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Spread,
        "minDomains stands beside ScheduleAnyway",
        include_str!("spread_min_domains_soft.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation: `validateMinDomains`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for (index, one) in case.template.spec.spread.iter().enumerate() {
        if one.min_domains.is_none() || one.when_unsatisfiable != "ScheduleAnyway" {
            continue;
        }
        let at = case.template.spec_path(&["topologySpreadConstraints"]).index(index);
        let label = Label::new(Site::key(at.key("minDomains")), "with DoNotSchedule only");
        let message = "minDomains goes with whenUnsatisfiable: DoNotSchedule only";
        let mut finding = case.refused(CODE, message, label);
        let site = Site::value(at.key("whenUnsatisfiable"));
        finding.labels.push(Label::new(site, "a preference").quoting("ScheduleAnyway"));
        finding.help = vec![Help::text("leave minDomains out, or say DoNotSchedule")];
        finding.fix = Some(Fix::safe(vec![Edit::remove(at.key("minDomains"))]));
        findings.push(finding);
    }
}
