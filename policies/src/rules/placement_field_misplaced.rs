//! Placement fields that stand where nobody reads them.

use placecard_findings::{Finding, Holds, Severity};

use super::{Family, Rule, Sees, risk};
use crate::fields::{Check, FieldRule, ObjectCase, misplaced};

pub(super) const RULE: FieldRule = FieldRule {
    rule: Rule {
        severity: Severity::Error,
        ..risk(
            misplaced::CODE,
            Family::Node,
            "a placement field stands where no field of this name is read",
            include_str!("placement_field_misplaced.md"),
            Sees::Text,
        )
    },
    check: Check::Object(check),
};

/// k8s.io/api/core/v1 PodSpec and Affinity; apimachinery drops what it does not know.
fn check(case: &ObjectCase<'_>, findings: &mut Vec<Finding>) {
    let (Some(kind), Some(written)) = (case.object.kind, case.written) else { return };
    // What is no whole object may be a patch of another kind.
    let is_part = kind.group == "apps" && case.object.selector.is_none();
    for template in &case.object.templates {
        for mut finding in misplaced::findings(&case.object.reference, &template.path, written) {
            if is_part {
                finding.severity = Severity::Warning;
                finding.holds = Holds::assuming("if nothing is added to this part of an object");
            }
            findings.push(finding);
        }
    }
}
