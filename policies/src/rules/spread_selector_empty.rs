//! A spread constraint whose selector is `{}`.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::native;

const CODE: Code = Code::new("spread-selector-empty");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Spread,
        "a spread constraint with an empty selector counts no pods",
        include_str!("spread_selector_empty.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// pkg/scheduler/framework/plugins/podtopologyspread/common.go, `countPodsMatchSelector`: an empty
/// selector counts none, where anti-affinity would mean all. Keys of matchLabelKeys fill it.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for (index, constraint) in case.template.spec.spread.iter().enumerate() {
        let Some(selector) = constraint.label_selector.as_ref().map(native::selector) else {
            continue;
        };
        let mut keys = constraint.match_label_keys.iter().flatten();
        let filled = keys.any(|key| case.frame.labels.contains_key(key) || case.frame.may_carry(key));
        if !selector.is_everything() || filled {
            continue;
        }
        let at = case.template.spec_path(&["topologySpreadConstraints"]).index(index);
        let label = Label::new(Site::value(at.key("labelSelector")), "no label is named");
        let message = "a spread constraint with an empty selector counts no pods";
        let mut finding = case.risk(CODE, message, label);
        finding.why = Some("in anti-affinity {} would mean every pod; here it counts none".to_owned());
        finding.help = vec![Help::text("add the labels of the pods that are to be spread")];
        finding.fix = case
            .own_selector()
            .map(|own| Fix::safe(vec![Edit::set(at.key("labelSelector"), own)]));
        findings.push(finding);
    }
}
