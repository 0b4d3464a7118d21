//! Alternatives that cannot be met.

use placecard_feasibility::node_terms::{is_dead, is_possible};
use placecard_findings::{Code, Finding, Fix, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::terms::Wish;
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::native;

const CODE: Code = Code::new("node-affinity-dead-term");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Node,
        "a term of node affinity can be met by no node, and others can",
        include_str!("node_affinity_dead_term.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// The label algebra says whether a term and nodeSelector leave anything.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let alternatives = case.alternatives();
    // Where there is one, it is possible or that is told as a contradiction.
    if alternatives.len() < 2 || !case.some_is_possible() {
        return;
    }
    let terms = case.node_terms().iter().filter(|(wish, ..)| *wish == Wish::Required);
    for ((_, path, term), alternative) in terms.zip(alternatives) {
        if is_dead(&native::node_term(term)) || is_possible(alternative) {
            continue;
        }
        let message = "no node can meet this term of node affinity";
        let label = Label::new(Site::value(path.clone()), "its conditions exclude one another");
        let mut finding = case.risk(CODE, message, label);
        finding.why = Some("all conditions of a term have to hold, and nodeSelector beside them".to_owned());
        finding.help = vec![Help::text("delete the term, or widen its conditions")];
        finding.fix = Some(Fix::safe(vec![case.removal(path)]));
        findings.push(finding);
    }
}
