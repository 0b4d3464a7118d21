//! Required affinity to pods of another namespace.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label};

use super::{Family, Sees, risk};
use crate::fields::companions::missing;
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::words;

const CODE: Code = Code::new("affinity-target-other-namespace");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE, Family::Affinity,
        "required near pods that are in another namespace",
        include_str!("affinity_target_other_namespace.md"),
        Sees::Inputs,
    ),
    check: Check::Template(check),
};

/// A term without namespaces speaks of that of its pod alone.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let Some(found) = missing(case) else { return };
    let Some(other) = found.elsewhere else { return };
    let selects = words::selector(found.term.term.selector.as_ref());
    let own = &case.object.reference.namespace;
    let label = Label::new(found.own.site(found.term), format!("selects {selects} in {own}"));
    let label = label.quoting(found.term.quote());
    let message = "the pods that this affinity requires are in another namespace";
    let mut finding = case.by_absence(CODE, message, label);
    finding.why = Some(format!("{} has these labels", other.object));
    let namespace = &other.object.namespace;
    finding.help = vec![Help::text(format!("namespaces: [{namespace}] in the term"))];
    if found.term.quote().is_empty() {
        let term = found.own.site(found.term).path.parent();
        let named = format!("[\"{namespace}\"]");
        finding.fix = Some(Fix::needs_a_look(vec![Edit::set(term.key("namespaces"), named)]));
    }
    findings.push(finding);
}
