//! Gates that somebody has to remove.

use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("not-default-scheduled");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Node,
        "a scheduling gate in a manifest keeps the pods from being scheduled",
        include_str!("not_default_scheduled.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// A gated pod is not scheduled until the last gate is removed
/// (pkg/scheduler/framework/plugins/schedulinggates).
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for (index, gate) in case.template.spec.scheduling_gates.iter().enumerate() {
        let at = case.template.spec_path(&["schedulingGates"]).index(index).key("name");
        let label = Label::new(Site::value(at), "until somebody removes it").quoting(gate.clone());
        let mut finding = case.risk(CODE, "a scheduling gate keeps the pods from running", label);
        finding.help =
            vec![Help::text("drop it, or see to it that the controller it is for is installed")];
        findings.push(finding);
    }
}
