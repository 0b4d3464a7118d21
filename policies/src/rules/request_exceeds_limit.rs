//! Requests above limits.

use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::amounts::is_extended;
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::words;

const CODE: Code = Code::new("request-exceeds-limit");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Resources,
        "a container requests more than its own limit",
        include_str!("request_exceeds_limit.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation: `validateContainerResourceRequirements`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for container in case.containers() {
        for one in &container.asked {
            let (Some(request), Some(limit)) = (&one.request, &one.limit) else { continue };
            let (Some(wanted), Some(most)) = (request.quantity, limit.quantity) else { continue };
            let resource = one.resource.as_str();
            // Of others the two have to be equal, which is told.
            if is_extended(resource) || resource.starts_with("hugepages-") || wanted.compare(most).is_le() {
                continue;
            }
            let label = Label::new(Site::value(request.path.clone()), "more than the limit");
            let message = format!("{} requests {} {}, and its limit is {}", words::shorten(&container.name, 20),
                request.text, words::shorten(resource, 20), limit.text);
            let mut finding = case.refused(CODE, words::shorten(&message, 72), label.quoting(request.text.clone()));
            let label = Label::new(Site::value(limit.path.clone()), "the limit");
            finding.labels.push(label.quoting(limit.text.clone()));
            finding.help = vec![Help::text("raise the limit, or lower the request; 64Mi is more than 64M")];
            findings.push(finding);
        }
    }
}
