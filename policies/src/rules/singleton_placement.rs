//! Rules about replicas where there is one.

use placecard_feasibility::certificate::Update;
use placecard_findings::{Code, Finding, Help, Label, Site};

use super::{Family, Rule, Sees, risk};
use crate::bounds::{autoscaler_of, update};
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::native;
use crate::surroundings::Answer;

const CODE: Code = Code::new("singleton-placement");

pub(super) const RULE: FieldRule = FieldRule {
    rule: Rule {
        severity: placecard_findings::Severity::Note,
        ..risk(
            CODE, Family::Rollout,
            "one replica is kept apart from itself",
            include_str!("singleton_placement.md"),
            Sees::Inputs,
        )
    },
    check: Check::Template(check),
};

/// Between updates the term says nothing; in an update it keeps the new pod off the node of the old
/// one, which waits for it.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let Some((inputs, own)) = case.among_required() else { return };
    let scaled = case.surroundings.objects.get(&autoscaler_of(case.object));
    let one = case.object.replicas == Some(1) && !matches!(scaled, Some(Answer::Autoscaler { .. }));
    let waits = matches!(update(case.object, 1), Some(Update { surge: 1.., unavailable: 0 }));
    if !one || !waits || case.doubt().is_some() {
        return;
    }
    for (index, native) in native::required_anti_affinity(&case.template.spec).iter().enumerate() {
        let Some(term) = own.apart.get(index).filter(|one| !one.of_revision) else { continue };
        let namespace = &own.object.namespace;
        let is_self = inputs.means(namespace, term, own) == Some(true);
        let others = inputs.meant(namespace, term).any(|(other, _)| other.object != own.object);
        if !is_self || others || native.topology_key != "kubernetes.io/hostname" {
            continue;
        }
        let label = Label::new(own.site(term), "its only pods are the old one and the new one");
        let message = "an update of the one replica needs a second node";
        let mut finding = case.note(CODE, message, label);
        let at = placecard_findings::FieldPath::of(&["spec", "replicas"]);
        finding.labels.push(Label::new(Site::value(at), "one").quoting("1"));
        finding.why = Some("the term keeps nothing else apart".to_owned());
        finding.help = vec![Help::text("delete the term, or prefer it")];
        findings.push(finding);
    }
}
