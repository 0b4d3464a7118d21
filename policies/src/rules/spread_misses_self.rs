//! A spread constraint that does not count the pods it is written on.

use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase, is_placeholder};
use crate::native;
use crate::words;

const CODE: Code = Code::new("spread-misses-self");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(CODE, Family::Spread, "a spread constraint does not count the pods that carry it", include_str!("spread_misses_self.md"), Sees::Placement),
    check: Check::Template(check),
};

/// pkg/scheduler/framework/plugins/podtopologyspread/filtering.go: `selfMatchNum` is 0, so the skew
/// of a domain never grows by the pod that is placed.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for (index, constraint) in case.template.spec.spread.iter().enumerate() {
        let Some(selector) = constraint.label_selector.as_ref().map(native::selector) else {
            continue;
        };
        let mut values = selector.requirements.iter().flat_map(|one| &one.values);
        let is_read = selector.is_satisfiable() && !values.any(|text| is_placeholder(text));
        if !is_read || case.frame.matches(&selector) != Some(false) {
            continue;
        }
        let at = case.template.spec_path(&["topologySpreadConstraints"]).index(index);
        let site = Site::value(at.key("labelSelector"));
        let text = format!("selects {}", words::selector(Some(&selector)));
        let message = "a spread constraint does not select the pods that carry it";
        let mut finding = case.risk(CODE, message, Label::new(site, text));
        finding.why = why(case, &selector);
        finding.help = vec![Help::text("select the pods' own labels, as spec.selector does")];
        findings.push(finding);
    }
}

/// Whom it counts instead, where that is known.
fn why(
    case: &TemplateCase<'_>,
    selector: &placecard_feasibility::selector::Selector,
) -> Option<String> {
    let namespace = case.frame.namespace;
    let others: Vec<String> =
        case.inputs()?.selected(namespace, selector).map(|(one, _)| one.object.to_string()).collect();
    Some(if others.is_empty() {
        "no pod of the input has these labels either: the constraint never blocks".to_owned()
    } else {
        format!("it counts the pods of {}", words::list(&others, "and", 3))
    })
}
