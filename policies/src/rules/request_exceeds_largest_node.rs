//! Requests that no machine has.

use placecard_feasibility::quantity::Quantity;
use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::words;

const CODE: Code = Code::new("request-exceeds-largest-node");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Resources,
        "a container requests more than any machine has",
        include_str!("request_exceeds_largest_node.md"),
        Sees::Text,
    ),
    check: Check::Template(check),
};

/// Beyond the largest machines that there are; with a cluster its nodes are asked.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    if case.surroundings.cluster.is_some() {
        return;
    }
    for container in case.containers() {
        for one in &container.asked {
            // A limit alone is the request, too.
            let Some(amount) = one.request.as_ref().or(one.limit.as_ref()) else { continue };
            let most = MOST.iter().find(|(resource, _)| *resource == one.resource);
            let (Some((_, most)), Some(quantity)) = (most, amount.quantity) else { continue };
            if !Quantity::parse(most).is_some_and(|most| quantity.compare(most).is_gt()) {
                continue;
            }
            let label = Label::new(Site::value(amount.path.clone()), "no machine has as much");
            let message = format!("{} requests {} {}", words::shorten(&container.name, 20), amount.text, one.resource);
            let mut finding = case.risk(CODE, words::shorten(&message, 72), label.quoting(amount.text.clone()));
            finding.help = vec![Help::text(match one.resource.as_str() {
                "cpu" => "a thousandth of a CPU is written with m, 2000m",
                _ => "mind the unit: Mi, Gi",
            })];
            findings.push(finding);
        }
    }
}

/// More than the largest machines that clouds offer (1,920 CPUs, 32 TiB of memory).
const MOST: &[(&str, &str)] = &[("cpu", "1999"), ("memory", "64Ti")];
