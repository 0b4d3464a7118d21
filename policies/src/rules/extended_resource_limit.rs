//! Devices without an equal limit.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::amounts::{Amount, is_extended};
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::words;

const CODE: Code = Code::new("extended-resource-limit");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Resources,
        "an extended resource or huge pages are requested without the same limit",
        include_str!("extended_resource_limit.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation: `validateContainerResourceRequirements`, of what cannot be overcommitted.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for container in case.containers() {
        for one in &container.asked {
            let resource = one.resource.as_str();
            let whole = is_extended(resource) || resource.starts_with("hugepages-");
            let Some(request) = one.request.as_ref().filter(|_| whole) else { continue };
            let limit = one.limit.as_ref();
            let quantity = |amount: &Amount| amount.quantity;
            let Some(wanted) = request.quantity else { continue };
            let equal = limit.and_then(quantity).is_some_and(|limit| wanted.compare(limit).is_eq());
            if equal || limit.is_some_and(|limit| limit.quantity.is_none()) {
                continue;
            }
            let (text, found) = match limit {
                None => ("no limit".to_owned(), "has no limit".to_owned()),
                Some(limit) => ("not its limit".to_owned(), format!("has the limit {}", limit.text)),
            };
            let message = format!("{} is requested, and {found}", words::shorten(resource, 30));
            let label = Label::new(Site::value(request.path.clone()), text);
            let mut finding = case.refused(CODE, words::shorten(&message, 72), label.quoting(request.text.clone()));
            finding.why = finding.why.or(Some("of devices and huge pages request and limit are the same".to_owned()));
            finding.help = vec![Help::text("write the same amount in limits; requests may then be left out")];
            let as_written = case.at(&request.path).map(ToString::to_string);
            let edit = as_written.map(|json| Edit::set(container.path.keys(&["limits", resource]), json));
            finding.fix = edit.filter(|_| limit.is_none()).map(|edit| Fix::safe(vec![edit]));
            findings.push(finding);
        }
    }
}
