//! Alternatives that look like conditions.

use placecard_findings::{Code, FieldPath, Finding, Help, Label, Site};
use placecard_feasibility::requirement::Operator;

use super::{Family, Sees, risk};
use crate::fields::terms::Wish;
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::native;

const CODE: Code = Code::new("node-affinity-or-instead-of-and");

/// What every node has a value of. An alternative to one of these is rarely meant; alternatives
/// among other labels are: two names of one role, several signs of one device.
const EVERYWHERE: &[&str] = &[
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "kubernetes.io/hostname",
    "kubernetes.io/arch",
    "kubernetes.io/os",
    "node.kubernetes.io/instance-type",
];

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Node,
        "node terms of one condition each: one is enough",
        include_str!("node_affinity_or_instead_of_and.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// Terms are alternatives, the expressions of one term are conditions
/// (k8s.io/component-helpers/scheduling/corev1/nodeaffinity).
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let terms: Vec<_> =
        case.node_terms().iter().filter(|(wish, ..)| *wish == Wish::Required).collect();
    let mut keys: Vec<String> = Vec::new();
    for (_, _, term) in &terms {
        let node = native::node_term(term);
        let ([one], []) = (node.expressions.as_slice(), node.fields.as_slice()) else { return };
        let positive = matches!(one.operator, Operator::In | Operator::Exists);
        if !positive || keys.contains(&one.key) {
            return;
        }
        keys.push(one.key.clone());
    }
    if !keys.iter().any(|key| EVERYWHERE.contains(&key.as_str())) {
        return;
    }
    let [(_, first, _), (_, second, _), ..] = terms.as_slice() else { return };
    let site = |path: &FieldPath| Site::value(path.keys(&["matchExpressions"]).index(0).key("key"));
    let quote = |index: usize| keys.get(index).cloned().unwrap_or_default();
    let label = Label::new(site(second), "or this one").quoting(quote(1));
    let message = "a node needs to meet one of these terms only";
    let mut finding = case.risk(CODE, message, label);
    finding.labels.push(Label::new(site(first), "this one is enough").quoting(quote(0)));
    finding.why = Some("terms are alternatives; the expressions of one term must all hold".to_owned());
    finding.help = vec![Help::text("put the expressions into one term, if all of them are meant")];
    findings.push(finding);
}
