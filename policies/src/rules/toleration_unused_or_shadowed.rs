//! Tolerations that add nothing.

use k8s_openapi::api::core::v1::Toleration;
use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("toleration-unused-or-shadowed");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Taints,
        "a toleration that another one of the pod already implies",
        include_str!("toleration_unused_or_shadowed.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// k8s.io/api/core/v1 `Toleration.ToleratesTaint`: whatever the one tolerates, the other does too.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let list = &case.template.spec.tolerations;
    let at = case.template.spec_path(&["tolerations"]);
    for (index, one) in list.iter().enumerate() {
        let wider = list.iter().enumerate().position(|(other, wide)| {
            other != index && implies(wide, one) && (other < index || !implies(one, wide))
        });
        let Some(wider) = wider else { continue };
        let label = Label::new(Site::value(at.index(index)), "adds nothing");
        let mut finding = case.risk(CODE, "another toleration of the pods implies this one", label);
        finding.labels.push(Label::new(Site::value(at.index(wider)), "tolerates as much or more"));
        finding.help = vec![Help::mentioning("drop {}", vec![0])];
        finding.fix = Some(Fix::safe(vec![Edit::remove(at.index(index))]));
        findings.push(finding);
    }
}

/// Whether each taint that `narrow` tolerates is tolerated by `wide`, for at least as long.
fn implies(wide: &Toleration, narrow: &Toleration) -> bool {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let exists = |one: &Toleration| one.operator.as_deref() == Some("Exists");
    let known = |one: &Toleration| {
        matches!(one.operator.as_deref(), None | Some("" | "Equal" | "Exists"))
    };
    let key = text(&wide.key).is_empty() || text(&wide.key) == text(&narrow.key);
    let effect = text(&wide.effect).is_empty() || text(&wide.effect) == text(&narrow.effect);
    let value = exists(wide) || (!exists(narrow) && text(&wide.value) == text(&narrow.value));
    // With seconds it tolerates for a while only: the pair says more than either.
    let timed = wide.toleration_seconds.is_some() || narrow.toleration_seconds.is_some();
    known(wide) && known(narrow) && key && effect && value && !timed
}
