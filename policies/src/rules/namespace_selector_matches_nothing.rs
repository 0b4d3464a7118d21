//! A namespace selector that no namespace has the labels for.

use placecard_feasibility::label::NAMESPACE_NAME;
use placecard_findings::{Code, Finding, Help, Holds, Label, Severity, Site};

use super::{Family, Sees, risk};
use crate::fields::inputs::World;
use crate::fields::{Check, FieldRule, TemplateCase, is_placeholder};
use crate::native;
use crate::words;

const CODE: Code = Code::new("namespace-selector-matches-nothing");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE, Family::Affinity,
        "a namespaceSelector matches no namespace",
        include_str!("namespace_selector_matches_nothing.md"),
        Sees::Inputs,
    ),
    check: Check::Template(check),
};

/// pkg/scheduler/framework/plugins/interpodaffinity/plugin.go, `mergeAffinityTermNamespacesIfNotEmpty`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for demand in case.pod_demands() {
        let Some(selector) = demand.term.namespace_selector.as_ref().map(native::selector) else {
            continue;
        };
        let Some(inputs) = case.inputs().filter(|inputs| inputs.all_namespaces) else { return };
        let named = demand.term.namespaces.as_ref().is_some_and(|list| !list.is_empty());
        let mut values = selector.requirements.iter().flat_map(|one| &one.values);
        if named || values.any(|text| is_placeholder(text)) || inputs.namespaces.is_empty() {
            continue;
        }
        let mut names = inputs.namespaces.keys();
        let may_match = |name: &String| inputs.selects_namespace(&selector, name) != Some(false);
        if names.any(may_match) || may_match(&case.frame.namespace.to_owned()) {
            continue;
        }
        let text = format!("wants {}", words::selector(Some(&selector)));
        let label = Label::new(Site::value(demand.path.key("namespaceSelector")), text);
        let message = match (demand.near, demand.required) {
            (true, true) => "no namespace is selected: no pod is what is required near",
            (true, false) => "no namespace is selected: the preference says nothing",
            (false, _) => "no namespace is selected: nothing is kept apart",
        };
        let mut finding = case.risk(CODE, message, label);
        if demand.near && demand.required {
            finding.severity = Severity::Error;
        }
        finding.holds = match inputs.world {
            World::Snapshot => Holds::snapshot(case.snapshot()),
            _ => Holds::objects("for the namespaces that were read: there are no others"),
        };
        finding.help = vec![Help::text(format!("every namespace has its name as {NAMESPACE_NAME}"))];
        findings.push(case.as_sure_as_can_be(finding));
    }
}
