//! The role `master`.

use k8s_openapi::api::core::v1::Toleration;
use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::terms::Wish;
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("removed-master-role");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Node,
        "a label or taint of control planes that kubeadm removed",
        include_str!("removed_master_role.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

const MASTER: &str = "node-role.kubernetes.io/master";
const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

/// kubeadm removed the label in 1.24 and the taint in 1.25 (KEP-2067).
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let demands = case.node_demands();
    // Either role will do: somebody has thought of both.
    let knows_both = demands.iter().any(|one| one.requirement.key == CONTROL_PLANE);
    for demand in demands.iter().filter(|one| one.requirement.key == MASTER && !knows_both) {
        let site = match demand.wish {
            Wish::Selector => Site::key(demand.key_path()),
            Wish::Required | Wish::Preferred => Site::value(demand.key_path()),
        };
        let label = Label::new(site, "no node has it since 1.24").quoting(MASTER);
        let mut finding = case.risk(CODE, "the node label of the role master is gone", label);
        finding.help = vec![Help::text(format!("say {CONTROL_PLANE}"))];
        findings.push(finding);
    }
    let tolerations = &case.template.spec.tolerations;
    let tolerates = |key: &str| tolerations.iter().any(|one| one.key.as_deref() == Some(key));
    let everything = tolerations.iter().any(|one| one.key.as_deref().unwrap_or_default().is_empty());
    if everything || !tolerates(MASTER) || tolerates(CONTROL_PLANE) {
        return;
    }
    let Some(index) = tolerations.iter().position(|one| one.key.as_deref() == Some(MASTER)) else {
        return;
    };
    let list = case.template.spec_path(&["tolerations"]);
    let at = list.index(index).key("key");
    let label = Label::new(Site::value(at), "no node has this taint since 1.25").quoting(MASTER);
    let mut finding = case.risk(CODE, "the taint of the role master is gone", label);
    finding.help = vec![Help::text(format!("tolerate {CONTROL_PLANE} as well"))];
    let same = tolerations.get(index).map(|one| Toleration { key: Some(CONTROL_PLANE.to_owned()), ..one.clone() });
    let same = same.and_then(|one| serde_json::to_string(&one).ok());
    finding.fix = same.map(|one| Fix::safe(vec![Edit::set(list.index(tolerations.len()), one)]));
    findings.push(finding);
}
