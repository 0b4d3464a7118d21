//! Node labels that were replaced.

use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::terms::Wish;
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("deprecated-node-label");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Node,
        "a node label that kubelets and clouds no longer set",
        include_str!("deprecated_node_label.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// The old name of a label, and the one that took its place
/// (k8s.io/api/core/v1/well_known_labels.go).
const REPLACED: &[(&str, &str)] = &[
    ("beta.kubernetes.io/arch", "kubernetes.io/arch"),
    ("beta.kubernetes.io/os", "kubernetes.io/os"),
    ("beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"),
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
    ("failure-domain.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("failure-domain.kubernetes.io/region", "topology.kubernetes.io/region"),
];

fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let demands = case.node_demands();
    // Where both are named, one of them has to go, and somebody has to say which.
    let is_named = |key: &str| demands.iter().any(|one| one.requirement.key == key);
    let mut told = |key: &str, site: &dyn Fn() -> Site| {
        let Some((old, new)) = REPLACED.iter().find(|(old, _)| *old == key) else { return };
        let site = site();
        let label = Label::new(site.clone(), "nodes may lack it").quoting(*old);
        let mut finding = case.risk(CODE, format!("the node label {old} was replaced"), label);
        finding.help = vec![Help::text(format!("say {new}"))];
        let renamed = !is_named(new);
        finding.fix = renamed.then(|| Fix::safe(vec![Edit::text(site, *old, *new)]));
        findings.push(finding);
    };
    for demand in demands {
        let site = || match demand.wish {
            Wish::Selector => Site::key(demand.key_path()),
            Wish::Required | Wish::Preferred => Site::value(demand.key_path()),
        };
        told(&demand.requirement.key, &site);
    }
    for (_, key, path) in case.topology_keys() {
        told(key, &|| Site::value(path.clone()));
    }
}
