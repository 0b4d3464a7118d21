//! Parts of devices.

use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::amounts::is_extended;
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::words;

const CODE: Code = Code::new("extended-resource-fraction");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Resources,
        "an extended resource is asked for in a fraction",
        include_str!("extended_resource_fraction.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation: `ValidateResourceQuantityValue`: an integer.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for container in case.containers() {
        for one in container.asked.iter().filter(|one| is_extended(&one.resource)) {
            for amount in [&one.request, &one.limit].into_iter().flatten() {
                let Some(quantity) = amount.quantity else { continue };
                if quantity.thousandths() % 1000 == 0 {
                    continue;
                }
                let label = Label::new(Site::value(amount.path.clone()), "a whole number");
                let message = format!("{} cannot be asked for in parts", words::shorten(&one.resource, 35));
                let mut finding = case.refused(CODE, message, label.quoting(amount.text.clone()));
                finding.help = vec![Help::text("ask for whole ones; shares of a device are resources of their own")];
                findings.push(finding);
            }
        }
    }
}
