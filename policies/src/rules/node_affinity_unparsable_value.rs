//! Comparisons with what is no number.

use placecard_feasibility::label::is_label_value;
use placecard_feasibility::node_terms::requirement_flaw;
use placecard_feasibility::requirement::Flaw;
use placecard_findings::{Code, Finding, Help, Holds, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::terms::Wish;
use crate::fields::{Check, FieldRule, TemplateCase, is_placeholder};
use crate::native;
use crate::words;

const CODE: Code = Code::new("node-affinity-unparsable-value");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Node,
        "node affinity compares a label with what is no whole number, or prefers a value that no label has",
        include_str!("node_affinity_unparsable_value.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// k8s.io/component-helpers/scheduling/corev1/nodeaffinity: a required term that cannot be read
/// matches nothing; a preferred one makes scoring fail, which begins where two nodes fit.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for (wish, path, term) in case.node_terms() {
        for (index, one) in native::node_term(term).expressions.iter().enumerate() {
            let Some(Flaw::NotInteger(value) | Flaw::Value(value)) = requirement_flaw(false, one) else {
                continue;
            };
            let required = *wish == Wish::Required;
            // What the API server refuses of a required term is told elsewhere.
            let refused = required && !is_label_value(&value);
            if (required && !case.some_is_possible()) || refused || is_placeholder(&value) {
                continue;
            }
            let at = path.key("matchExpressions").index(index).key("values").index(0);
            let what = if one.operator.is_comparison() { "whole number" } else { "value of a label" };
            let label = Label::new(Site::value(at), format!("no {what}")).quoting(value.clone());
            let shown = words::shorten(&value, 20);
            let message = match required {
                true => format!("{shown} is no {what}: this term matches no node"),
                false => format!("{shown} is no {what}: this preference stops the pods"),
            };
            let mut finding = case.risk(CODE, message, label);
            if !required {
                finding.why = Some("it cannot be scored, and with two nodes that fit the pods stay Pending".to_owned());
                finding.holds = Holds::assuming("where two nodes or more fit");
            }
            finding.help = vec![Help::text(format!("write a {what}"))];
            findings.push(finding);
        }
    }
}
