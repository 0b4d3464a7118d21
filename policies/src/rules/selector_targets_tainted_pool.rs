//! Pods that select nodes and do not tolerate them.

use placecard_feasibility::requirement::Operator;
use placecard_feasibility::tolerations::{Taint, untolerated};
use placecard_findings::{Code, Edit, Finding, Fix, Help, Holds, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::terms::Wish;
use crate::fields::{Check, FieldRule, TemplateCase};
use crate::native;

const CODE: Code = Code::new("selector-targets-tainted-pool");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Taints,
        "the pods select nodes that are tainted by default, and do not tolerate that",
        include_str!("selector_targets_tainted_pool.md"),
        Sees::Text,
    ),
    check: Check::Template(check),
};

/// With a cluster its nodes are asked.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    if case.surroundings.cluster.is_some() || case.doubt().is_some() {
        return;
    }
    let tolerations: Vec<_> = case.template.spec.tolerations.iter().map(native::toleration).collect();
    let devices = || case.containers().iter().flat_map(|one| &one.asked).map(|one| one.resource.as_str());
    let required = native::required_node_terms(&case.template.spec).map_or(0, <[_]>::len);
    for demand in case.node_demands() {
        let one = &demand.requirement;
        let must = demand.wish == Wish::Selector || (demand.wish == Wish::Required && required == 1);
        let selects = matches!(one.operator, Operator::In | Operator::Exists) && must;
        let pool = POOLS.iter().find(|pool| {
            let value = pool.label.1.is_empty() || one.values == [pool.label.1];
            selects && pool.label.0 == one.key && value
        });
        let Some(pool) = pool.filter(|pool| !devices().any(|device| device == pool.device)) else { continue };
        let (key, value) = pool.taint;
        let taint = Taint { key: key.to_owned(), value: value.to_owned(), effect: "NoSchedule".to_owned() };
        if untolerated(std::slice::from_ref(&taint), &tolerations).is_none() {
            continue;
        }
        let site = match demand.wish {
            Wish::Selector => Site::key(demand.key_path()),
            _ => Site::value(demand.key_path()),
        };
        let label = Label::new(site, "such nodes are tainted").quoting(one.key.clone());
        let message = "the selected nodes have a taint that the pods do not tolerate";
        let mut finding = case.risk(CODE, message, label);
        finding.holds = Holds::assuming("if the nodes have the taint that is set by default");
        finding.help = vec![Help::text(format!("tolerate {key}"))];
        let list = case.template.spec_path(&["tolerations"]);
        let json = format!(r#"{{"effect":"NoSchedule","key":"{key}","operator":"Exists"}}"#);
        let edit = match tolerations.len() {
            0 => Edit::set(list, format!("[{json}]")),
            length => Edit::set(list.index(length), json),
        };
        finding.fix = Some(Fix::needs_a_look(vec![edit]));
        findings.push(finding);
    }
}

/// A pool that is tainted as it is made.
struct Pool {
    /// The label of its nodes, and the value that is meant if not any.
    label: (&'static str, &'static str),
    /// Its taint, with the effect NoSchedule.
    taint: (&'static str, &'static str),
    /// Pods that ask for this get the toleration by themselves; empty: none do.
    device: &'static str,
}

/// kubeadm, GKE (with ExtendedResourceToleration) and AKS.
const POOLS: &[Pool] = &[
    Pool { label: ("node-role.kubernetes.io/control-plane", ""), taint: ("node-role.kubernetes.io/control-plane", ""), device: "" },
    Pool { label: ("cloud.google.com/gke-accelerator", ""), taint: ("nvidia.com/gpu", "present"), device: "nvidia.com/gpu" },
    Pool { label: ("cloud.google.com/gke-tpu-accelerator", ""), taint: ("google.com/tpu", "present"), device: "google.com/tpu" },
    Pool { label: ("kubernetes.azure.com/scalesetpriority", "spot"), taint: ("kubernetes.azure.com/scalesetpriority", "spot"), device: "" },
];
