//! Anti-affinity that keeps nothing apart.

use placecard_findings::{Code, Finding, Help, Holds, Label, Site};
use placecard_feasibility::selector::Selector;

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase, is_placeholder};
use crate::native;
use crate::words;

const CODE: Code = Code::new("anti-affinity-misses-self");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Affinity,
        "anti-affinity that matches neither its own pods nor others",
        include_str!("anti_affinity_misses_self.md"),
        Sees::Inputs,
    ),
    check: Check::Template(check),
};

/// With everything that was read: nobody matches the term, so it does nothing. Terms that match
/// other pods are meant for those.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for demand in case.pod_demands().iter().filter(|demand| !demand.near) {
        let Some(selector) = native::merged_selector(demand.term, case.frame.labels) else { continue };
        let mut values = selector.requirements.iter().flat_map(|one| &one.values);
        let filled_in = values.any(|text| is_placeholder(text));
        let elsewhere = demand.term.namespaces.as_ref().is_some_and(|list| !list.is_empty())
            || demand.term.namespace_selector.is_some();
        let dead = || !selector.is_satisfiable();
        if filled_in || elsewhere || dead() || !is_near_miss(case, &selector) {
            continue;
        }
        if case.frame.matches(&selector) != Some(false) {
            continue;
        }
        // What stands on the owner was meant for its pods: those of an operator, whose labels are not
        // known, excuse no such selector.
        let meant = names_the_owner(case, &selector);
        let Some(inputs) = case.inputs() else { return };
        let mut others = inputs.selected(case.frame.namespace, &selector);
        if others.any(|(_, surely)| surely || !meant) {
            continue;
        }
        let site = Site::value(demand.path.key("labelSelector"));
        let label = Label::new(site, format!("selects {}", words::selector(Some(&selector))));
        let message = "the anti-affinity does not match the pods that carry it";
        let mut finding = case.risk(CODE, message, label);
        finding.why = Some("no pod of the input has these labels, so it keeps nothing apart".to_owned());
        finding.help = vec![Help::text("select the pods' own labels, as spec.selector does")];
        finding.holds = Holds::objects("for the objects that were read");
        findings.push(finding);
    }
}

/// Whether the selector speaks of a label that the pods have, with another value, or of one that
/// their owner alone has: somebody meant these pods.
fn is_near_miss(case: &TemplateCase<'_>, selector: &Selector) -> bool {
    let other_value = selector.requirements.iter().any(|one| {
        let own = case.frame.labels.get(&one.key);
        own.is_some_and(|value| !one.values.contains(value) && !one.values.is_empty())
    });
    other_value || names_the_owner(case, selector)
}

/// Whether the selector has a label of the owner, with its value.
fn names_the_owner(case: &TemplateCase<'_>, selector: &Selector) -> bool {
    let on_owner = |key: &str, value: &String| case.object.labels.get(key) == Some(value);
    let mut requirements = selector.requirements.iter();
    requirements.any(|one| one.values.iter().any(|value| on_owner(&one.key, value)))
}
