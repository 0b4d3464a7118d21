//! Huge pages and nothing else.

use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("hugepages-alone");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Resources,
        "a container asks for huge pages and for neither CPU nor memory",
        include_str!("hugepages_alone.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation: `validateContainerResourceRequirements`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    // Amounts of the whole pod may stand beside it.
    if case.in_spec(&["resources"]).is_some() {
        return;
    }
    for container in case.containers() {
        let has = |name: &str| container.asked.iter().any(|one| one.resource == name);
        let pages = container.asked.iter().find(|one| one.resource.starts_with("hugepages-"));
        let Some(one) = pages.filter(|_| !has("cpu") && !has("memory")) else { continue };
        let Some(amount) = one.limit.as_ref().or(one.request.as_ref()) else { continue };
        let label = Label::new(Site::value(amount.path.clone()), "neither cpu nor memory beside it");
        let message = "huge pages need cpu or memory beside them";
        let mut finding = case.refused(CODE, message, label.quoting(amount.text.clone()));
        finding.help = vec![Help::text("add the cpu or memory that the container needs")];
        findings.push(finding);
    }
}
