//! Controllers that would not find their pods.

use placecard_findings::{Code, FieldPath, Finding, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::{Check, FieldRule, TemplateCase, is_placeholder};
use crate::kinds::OwnPods;
use crate::native;
use crate::words;

const CODE: Code = Code::new("selector-misses-template");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Workloads,
        "spec.selector does not match the labels of the template",
        include_str!("selector_misses_template.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/apps/validation: `ValidatePodTemplateSpecForRC` and its like compare them as they are.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let Some(selector) = &case.object.selector else { return };
    let by_hand = !matches!(case.object.kind.map(|kind| kind.own), Some(OwnPods::Selector | OwnPods::LabelMap));
    let selector = native::selector(selector);
    let labels = &case.template.labels;
    let mut values = selector.requirements.iter().flat_map(|one| &one.values).chain(labels.values());
    if by_hand || selector.matches(labels) || values.any(|text| is_placeholder(text)) {
        return;
    }
    let site = Site::value(FieldPath::of(&["spec", "selector"]));
    let text = format!("selects {}", words::selector(Some(&selector)));
    let message = "spec.selector does not select the pods of the template";
    let mut finding = case.refused(CODE, message, Label::new(site, text));
    let site = Site::value(case.template.path.keys(&["metadata", "labels"]));
    finding.labels.push(Label::new(site, "the labels of the pods"));
    finding.why = None;
    finding.help = vec![Help::text("give the template the labels that the selector names")];
    findings.push(finding);
}
