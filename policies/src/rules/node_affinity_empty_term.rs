//! Alternatives without a condition.

use placecard_findings::{Code, Finding, Fix, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::terms::Wish;
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::native;

const CODE: Code = Code::new("node-affinity-empty-term");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Node,
        "an empty term of node affinity matches no node",
        include_str!("node_affinity_empty_term.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// k8s.io/component-helpers/scheduling/corev1/nodeaffinity: `isEmptyNodeSelectorTerm`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for (wish, path, term) in case.node_terms() {
        if *wish != Wish::Required || !native::node_term(term).is_empty() {
            continue;
        }
        if !case.some_is_possible() {
            return;
        }
        let message = "an empty term of node affinity matches no node";
        let label = Label::new(Site::value(path.clone()), "not any node, but none");
        let mut finding = case.risk(CODE, message, label);
        finding.why = Some("the other terms alone decide".to_owned());
        finding.help = vec![Help::text("delete it; where any node will do, leave out all terms")];
        finding.fix = Some(Fix::safe(vec![case.removal(path)]));
        findings.push(finding);
    }
}
