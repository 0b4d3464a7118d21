//! Pods of one node.

use placecard_feasibility::any_cluster::kubelet::HOSTNAME;
use placecard_feasibility::requirement::Operator;
use placecard_findings::{Code, Finding, Help, Label, Severity, Site};

use super::{Family, Sees, risk};
use crate::fields::terms::Wish;
use crate::fields::{Check, FieldRule, TemplateCase, is_placeholder};
use crate::native;
use crate::words;

const CODE: Code = Code::new("hostname-pin");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Node,
        "all pods of a workload are pinned to one node",
        include_str!("hostname_pin.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// k8s.io/api/core/v1 LabelHostname. How many fit there is the engine's to prove.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let pinned_by_hand = case.object.is_pod() || case.object.is_daemon_set();
    let required = native::required_node_terms(&case.template.spec).map_or(0, <[_]>::len);
    for demand in case.node_demands() {
        let one = &demand.requirement;
        let must = match demand.wish {
            Wish::Selector => true,
            Wish::Required => required == 1,
            Wish::Preferred => false,
        };
        let [value] = one.values.as_slice() else { continue };
        let pins = one.key == HOSTNAME && one.operator == Operator::In && must;
        if !pins || pinned_by_hand || is_placeholder(value) {
            continue;
        }
        let label = Label::new(Site::value(demand.value_path(0)), "the only node").quoting(value.clone());
        let message = format!("all pods are pinned to the node {}", words::shorten(value, 30));
        let mut finding = case.risk(CODE, message, label);
        finding.severity = Severity::Note;
        finding.why = Some("without that node none of them runs anywhere".to_owned());
        finding.help = vec![Help::text("select nodes by a label that several of them have")];
        findings.push(finding);
    }
}
