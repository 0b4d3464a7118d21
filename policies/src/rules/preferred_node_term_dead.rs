//! Preferences that prefer nothing.

use placecard_feasibility::node_terms::{is_dead, is_possible, term_implies};
use placecard_findings::{Code, Finding, Fix, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::alternatives::{can_be_met, joined};
use crate::fields::terms::{NodeWish, Wish};
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::native;

const CODE: Code = Code::new("preferred-node-term-dead");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Node,
        "a preferred term of node affinity holds on no node that the pods may use, or on all of them",
        include_str!("preferred_node_term_dead.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// A preference adds its weight to the nodes that it matches: to none, or to all alike, changes
/// nothing (pkg/scheduler/framework/plugins/nodeaffinity).
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let is_wish = |one: &&NodeWish<'_>| one.0 == Wish::Preferred;
    for (_, path, term) in case.node_terms().iter().filter(is_wish) {
        if !case.some_is_possible() {
            return;
        }
        let alternatives = case.alternatives();
        let term = native::node_term(term);
        if !term.is_empty() && is_dead(&term) {
            continue;
        }
        let open = alternatives.iter().filter(|one| can_be_met(one));
        let never = term.is_empty()
            || !is_possible(&term)
            || (!alternatives.is_empty() && open.clone().all(|one| !is_possible(&joined(one, &term))));
        let always = !alternatives.is_empty() && open.clone().all(|one| term_implies(one, &term));
        let (message, text) = match (never, always) {
            (true, _) => ("a preference holds on no node that the pods may use", "prefers nothing"),
            (_, true) => ("a preference holds on every node that the pods may use", "is required"),
            _ => continue,
        };
        let mut finding = case.risk(CODE, message, Label::new(Site::value(path.clone()), text));
        finding.help = vec![Help::text("delete it, or require less")];
        finding.fix = Some(Fix::safe(vec![case.removal(&path.parent())]));
        findings.push(finding);
    }
}
