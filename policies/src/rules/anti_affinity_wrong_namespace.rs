//! Anti-affinity among replicas that looks for them elsewhere.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase, is_placeholder};
use crate::native;
use crate::words;

const CODE: Code = Code::new("anti-affinity-wrong-namespace");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE, Family::Affinity,
        "anti-affinity looks for its own pods in another namespace",
        include_str!("anti_affinity_wrong_namespace.md"),
        Sees::Inputs,
    ),
    check: Check::Template(check),
};

/// Named namespaces stand in place of the pod's own (core/v1 `PodAffinityTerm`). A term that matches
/// others there is meant for those.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let own = case.frame.namespace;
    for demand in case.pod_demands().iter().filter(|one| !one.near) {
        let named = demand.term.namespaces.as_deref().unwrap_or_default();
        let by_label = demand.term.namespace_selector.is_some();
        let odd = named.iter().any(|name| name == own || is_placeholder(name));
        if own.is_empty() || is_placeholder(own) || named.is_empty() || by_label || odd {
            continue;
        }
        let Some(selector) = native::merged_selector(demand.term, case.frame.labels) else { continue };
        let is_own = case.frame.matches(&selector) == Some(true) && !selector.is_everything();
        if !is_own {
            continue;
        }
        let Some(inputs) = case.inputs() else { return };
        if named.iter().any(|name| inputs.selected(name, &selector).next().is_some()) {
            continue;
        }
        let text = format!("these pods are in {own}");
        let label = Label::new(Site::value(demand.path.key("namespaces")), text);
        let message = "the anti-affinity looks for its own pods in another namespace";
        let mut finding = case.risk(CODE, message, label);
        let places = words::list(named, "and", 3);
        finding.why = Some(format!("only pods of {places} count, so it keeps no replicas apart"));
        finding.help = vec![Help::mentioning("delete {}: the own namespace is meant then", vec![0])];
        finding.fix = Some(Fix::safe(vec![Edit::remove(demand.path.key("namespaces"))]));
        findings.push(finding);
    }
}
