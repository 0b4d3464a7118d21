//! Anti-affinity against no one.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("anti-affinity-selector-null");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Affinity,
        "required anti-affinity without a selector keeps nothing apart",
        include_str!("anti_affinity_selector_null.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// k8s.io/api/core/v1 PodAffinityTerm: a null selector matches no pods. Required pod affinity is
/// judged with the contradictions.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for demand in case.pod_demands() {
        if demand.near || !demand.required || demand.term.label_selector.is_some() {
            continue;
        }
        let key = demand.term.topology_key.clone();
        let site = Site::value(demand.path.key("topologyKey"));
        let label = Label::new(site, "no labelSelector beside it").quoting(key);
        let message = "required anti-affinity without a labelSelector keeps nothing apart";
        let mut finding = case.risk(CODE, message, label);
        finding.why = Some("no selector selects no pods; {} would select all of them".to_owned());
        finding.help = vec![Help::text("add the labels of the pods that are to be kept apart")];
        let own = case.own_selector();
        let edit = own.map(|own| Edit::set(demand.path.key("labelSelector"), own));
        finding.fix = edit.map(|edit| Fix::needs_a_look(vec![edit]));
        findings.push(finding);
    }
}
