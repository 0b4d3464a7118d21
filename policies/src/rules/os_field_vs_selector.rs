//! Two operating systems.

use placecard_feasibility::any_cluster::kubelet::OS;
use placecard_feasibility::node_terms::{NodeTerm, is_possible};
use placecard_feasibility::requirement::Requirement;
use placecard_findings::{Code, Finding, Help, Holds, Label, Site};
use serde_json::Value;

use super::{Family, Sees, risk};
use crate::fields::alternatives::{can_be_met, joined};
use crate::fields::terms::Wish;
use crate::fields::{Check, FieldRule, TemplateCase, is_placeholder};
use crate::words;

const CODE: Code = Code::new("os-field-vs-selector");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Node,
        "spec.os and the required node labels name different operating systems",
        include_str!("os_field_vs_selector.md"),
        Sees::Text,
    ),
    check: Check::Template(check),
};

/// pkg/kubelet/lifecycle/predicate.go: a kubelet refuses pods of another system, and its node has
/// its own as the label.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let Some(name) = case.in_spec(&["os", "name"]).and_then(Value::as_str).filter(|name| !is_placeholder(name)) else {
        return;
    };
    let alternatives = case.alternatives();
    let system = NodeTerm::of(vec![Requirement::one_of(OS, &[name])]);
    let open = || alternatives.iter().filter(|one| can_be_met(one));
    if open().next().is_none() || open().any(|one| is_possible(&joined(one, &system))) {
        return;
    }
    let at = case.template.spec_path(&["os", "name"]);
    let label = Label::new(Site::value(at), "of the pod").quoting(name);
    let message = format!("the pods are for {}, and their nodes are not", words::shorten(name, 20));
    let mut finding = case.risk(CODE, message, label);
    for demand in case.node_demands() {
        if demand.requirement.key == OS && demand.wish != Wish::Preferred {
            finding.labels.push(Label::new(Site::value(demand.value_path(0)), "of the node"));
        }
    }
    finding.why = Some("a kubelet refuses pods of another system than its own".to_owned());
    finding.help = vec![Help::text("name the same system in both")];
    finding.holds = Holds::assuming("if a kubelet labels each node");
    findings.push(finding);
}
