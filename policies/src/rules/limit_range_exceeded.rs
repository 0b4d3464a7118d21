//! Amounts that a limit range among the manifests refuses.

use std::cmp::Ordering;

use placecard_feasibility::inventory::limit_range::{LimitKind, LimitRange, LimitRangeItem};
use placecard_findings::{Code, Finding, Help, Holds, Label, Severity, Site, Verdict};

use super::{Family, Sees, risk};
use crate::fields::amounts::Amount;
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::words;

const CODE: Code = Code::new("limit-range-exceeded");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Resources,
        "a container asks for more or less than a LimitRange of its namespace allows",
        include_str!("limit_range_exceeded.md"),
        Sees::Inputs,
    ),
    check: Check::Template(check),
};

/// The most that one template has told.
const MOST_FINDINGS: usize = 8;

/// plugin/pkg/admission/limitranger `PodValidateLimitFunc`, for amounts that are written: defaults
/// may come from ranges that nobody showed us, these do not change.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let ranges = case.surroundings.inputs.limit_ranges();
    // On a cluster all that the namespace refuses is told together.
    if case.surroundings.cluster.is_some() || ranges.is_empty() {
        return;
    }
    let Some((_, own)) = case.among() else { return };
    let ranges = ranges.iter().filter(|(folder, range)| {
        range.namespace == own.object.namespace && own.is_beside(Some(*folder))
    });
    let ranges: Vec<&LimitRange> = ranges.map(|(_, range)| range).collect();
    let mut told = 0;
    for container in case.containers() {
        for one in &container.asked {
            for amount in [&one.limit, &one.request].into_iter().flatten() {
                let refused = ranges.iter().find_map(|range| refuses(range, &one.resource, amount));
                let Some(refused) = refused.filter(|_| told < MOST_FINDINGS) else { continue };
                findings.push(finding(case, &one.resource, amount, refused));
                told += 1;
                break;
            }
        }
    }
}

/// The range that refuses an amount, and its bound: `at most 2`.
fn refuses<'a>(range: &'a LimitRange, resource: &str, amount: &Amount) -> Option<(&'a str, String)> {
    let found = amount.quantity?;
    let outside = |item: &LimitRangeItem| {
        let bound = |bounds: &placecard_feasibility::inventory::requests::Amounts, side, word| {
            let bound = *bounds.get(resource)?;
            (found.compare(bound) == side)
                .then(|| format!("{word} {}", words::stored::exact(resource, bound)))
        };
        bound(&item.max, Ordering::Greater, "at most")
            .or_else(|| bound(&item.min, Ordering::Less, "at least"))
    };
    let mut items = range.items.iter().filter(|item| item.kind == LimitKind::Container);
    Some((range.name.as_str(), items.find_map(outside)?))
}

fn finding(
    case: &TemplateCase<'_>,
    resource: &str,
    amount: &Amount,
    (range, bound): (&str, String),
) -> Finding {
    let label = Label::new(Site::value(amount.path.clone()), format!("{bound} is allowed"));
    let label = label.quoting(amount.text.clone());
    let message = format!("the namespace allows {bound} of {resource} for a container");
    let object = case.object.reference.clone();
    let message = words::shorten(&message, 72);
    let mut finding = Finding::new(CODE, Verdict::Risk, object, message, label);
    let is_closed = case.inputs().is_some_and(|inputs| inputs.is_closed());
    finding.severity = if is_closed { Severity::Error } else { Severity::Warning };
    finding.why = Some(format!("LimitRange {range} refuses each pod of this template"));
    finding.help = vec![Help::text("an amount within the range, or a wider range")];
    finding.holds = Holds::objects(format!("while LimitRange {range} is as it was read"));
    finding
}
