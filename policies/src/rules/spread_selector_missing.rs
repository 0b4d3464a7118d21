//! A spread constraint without a selector.

use placecard_findings::{Code, Finding, Help, Label, Severity, Site, Verdict};

use super::{Rule, Sees};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("spread-selector-missing");

pub(super) const RULE: FieldRule = FieldRule {
    rule: Rule {
        code: CODE,
        severity: Severity::Warning,
        verdict: Verdict::Risk,
        summary: "a spread constraint without a selector counts no pods",
        page: include_str!("spread_selector_missing.md"),
        sees: Sees::Placement,
    },
    check: Check::Template(check),
};

/// pkg/scheduler/framework/plugins/podtopologyspread/common.go: a nil selector becomes
/// `labels.Nothing()`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for (index, constraint) in case.template.spec.spread.iter().enumerate() {
        if constraint.label_selector.is_some() {
            continue;
        }
        let at = case.template.spec_path(&["topologySpreadConstraints"]).index(index);
        let key = &constraint.topology_key;
        let label = Label::new(Site::value(at.key("topologyKey")), "no labelSelector beside it");
        let mut finding = Finding::new(
            CODE,
            Verdict::Risk,
            case.object.reference.clone(),
            "a spread constraint without labelSelector counts no pods",
            label.quoting(key.clone()),
        );
        finding.severity = Severity::Warning;
        finding.why = (constraint.when_unsatisfiable == "DoNotSchedule")
            .then(|| format!("all it does is to keep the pods off nodes without the label {key}"));
        finding.help = vec![Help::text("add the labels of the pods that are to be spread")];
        findings.push(case.as_sure_as_can_be(finding));
    }
}
