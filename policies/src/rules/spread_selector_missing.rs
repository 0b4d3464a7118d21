//! A spread constraint without a selector.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("spread-selector-missing");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(CODE, Family::Spread, "a spread constraint without a selector counts no pods", include_str!("spread_selector_missing.md"), Sees::Placement),
    check: Check::Template(check),
};

/// pkg/scheduler/framework/plugins/podtopologyspread/common.go: a nil selector becomes
/// `labels.Nothing()`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for (index, constraint) in case.template.spec.spread.iter().enumerate() {
        // Beside keys the API server refuses it.
        let keyed = constraint.match_label_keys.as_ref().is_some_and(|keys| !keys.is_empty());
        if constraint.label_selector.is_some() || keyed {
            continue;
        }
        let at = case.template.spec_path(&["topologySpreadConstraints"]).index(index);
        let key = &constraint.topology_key;
        let label = Label::new(Site::value(at.key("topologyKey")), "no labelSelector beside it");
        let message = "a spread constraint without labelSelector counts no pods";
        let mut finding = case.risk(CODE, message, label.quoting(key.clone()));
        finding.why = (constraint.when_unsatisfiable == "DoNotSchedule")
            .then(|| format!("all it does is to keep the pods off nodes without the label {key}"));
        finding.help = vec![Help::text("add the labels of the pods that are to be spread")];
        finding.fix = case
            .own_selector()
            .map(|own| Fix::safe(vec![Edit::set(at.key("labelSelector"), own)]));
        findings.push(finding);
    }
}
