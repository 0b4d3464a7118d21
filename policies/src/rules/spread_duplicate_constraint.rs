//! Spread constraints twice.

use k8s_openapi::api::core::v1::TopologySpreadConstraint;
use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, refusal};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("spread-duplicate-constraint");

pub(super) const RULE: FieldRule = FieldRule {
    rule: refusal(
        CODE,
        Family::Spread,
        "two spread constraints have the same topologyKey and whenUnsatisfiable",
        include_str!("spread_duplicate_constraint.md"),
    ),
    check: Check::Template(check),
};

/// The most of them that one template has told; there is more of the same then.
const MOST_FINDINGS: usize = 8;

/// pkg/apis/core/validation: `ValidateSpreadConstraintNotRepeat`.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let all = &case.template.spec.spread;
    let list = case.template.spec_path(&["topologySpreadConstraints"]);
    let mut told = 0;
    for (index, one) in all.iter().enumerate() {
        if told == MOST_FINDINGS {
            return;
        }
        let same = |other: &&TopologySpreadConstraint| {
            other.topology_key == one.topology_key
                && other.when_unsatisfiable == one.when_unsatisfiable
        };
        let first = all.iter().take(index).position(|other| same(&other));
        let Some((first, earlier)) = first.and_then(|first| Some((first, all.get(first)?))) else {
            continue;
        };
        let site = |index: usize| Site::value(list.index(index).key("topologyKey"));
        let label = Label::new(site(index), "the same again").quoting(one.topology_key.clone());
        let message = "two spread constraints have the same topologyKey and whenUnsatisfiable";
        let mut finding = case.refused(CODE, message, label);
        finding.labels.push(Label::new(site(first), "the first").quoting(one.topology_key.clone()));
        finding.help = vec![Help::text("keep one of them; the smaller maxSkew is the stricter one")];
        finding.fix = (earlier == one).then(|| Fix::safe(vec![Edit::remove(list.index(index))]));
        findings.push(finding);
        told += 1;
    }
}
