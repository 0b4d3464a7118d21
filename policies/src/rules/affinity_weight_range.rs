//! Weights of preferences.

use placecard_findings::{Code, Edit, FieldPath, Finding, Fix, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::object::Template;

const CODE: Code = Code::new("affinity-weight-range");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Affinity,
        "the weight of a preference is not between 1 and 100",
        include_str!("affinity_weight_range.md"),
    ),
    check: Check::Template(check),
};

/// pkg/apis/core/validation: `ValidatePreferredSchedulingTerms`, `validateWeightedPodAffinityTerms`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    for (path, weight) in weights(case.template) {
        if (1..=100).contains(&weight) {
            continue;
        }
        let label = Label::new(Site::value(path.clone()), "from 1 to 100").quoting(weight.to_string());
        let message = format!("a preference has the weight {weight}");
        let mut finding = case.refused(CODE, message, label);
        let near = weight.clamp(1, 100);
        finding.help = vec![Help::text("write a weight from 1 to 100")];
        finding.fix = Some(Fix::safe(vec![Edit::set(path, near.to_string())]));
        findings.push(finding);
    }
}

/// All weights, each with its path.
fn weights(template: &Template) -> Vec<(FieldPath, i32)> {
    let Some(affinity) = &template.spec.affinity else { return Vec::new() };
    let at = |kind: &str| {
        let list = "preferredDuringSchedulingIgnoredDuringExecution";
        template.spec_path(&["affinity", kind, list])
    };
    let nodes = affinity.node_affinity.as_ref();
    let nodes = nodes.and_then(|one| one.preferred_during_scheduling_ignored_during_execution.as_ref());
    let near = affinity.pod_affinity.as_ref();
    let near = near.and_then(|one| one.preferred_during_scheduling_ignored_during_execution.as_ref());
    let apart = affinity.pod_anti_affinity.as_ref();
    let apart = apart.and_then(|one| one.preferred_during_scheduling_ignored_during_execution.as_ref());
    let of_nodes = nodes.into_iter().flatten().map(|one| one.weight).enumerate();
    let of_nodes = of_nodes.map(|(index, weight)| (at("nodeAffinity").index(index), weight));
    let of_near = near.into_iter().flatten().map(|one| one.weight).enumerate();
    let of_near = of_near.map(|(index, weight)| (at("podAffinity").index(index), weight));
    let of_apart = apart.into_iter().flatten().map(|one| one.weight).enumerate();
    let of_apart = of_apart.map(|(index, weight)| (at("podAntiAffinity").index(index), weight));
    let all = of_nodes.chain(of_near).chain(of_apart);
    all.map(|(path, weight)| (path.key("weight"), weight)).collect()
}
