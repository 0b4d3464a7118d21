//! Replicas that are required on one node and apart in its zone.
//!
//! Within one level that is a proof, and the engine's. Across two levels it is one only where every
//! node has the label of the wider one: nodes without it are never kept apart.

use k8s_openapi::api::core::v1::PodAffinityTerm;
use placecard_feasibility::any_cluster::kubelet::HOSTNAME;
use placecard_findings::{Finding, Holds, Label, Site};

use super::TemplateCase;
use crate::native;
use crate::rules::SELF_AFFINITY_VS_SELF_ANTI_AFFINITY;
use crate::words;

/// Levels that hold whole nodes.
const WIDER: &[&str] = &["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

/// pkg/scheduler/framework/plugins/interpodaffinity/filtering.go: `satisfyPodAffinity`,
/// `satisfyPodAntiAffinity`.
pub(super) fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let Some(replicas) = case.object.replicas.filter(|count| *count > 1) else { return };
    let own = |term: &PodAffinityTerm| {
        let keyed = |keys: &Option<Vec<String>>| keys.as_ref().is_some_and(|keys| !keys.is_empty());
        let elsewhere = keyed(&term.namespaces) || term.namespace_selector.is_some();
        let plain =
            !elsewhere && !keyed(&term.match_label_keys) && !keyed(&term.mismatch_label_keys);
        let selector = term.label_selector.as_ref().map(native::selector);
        plain && selector.is_some_and(|one| case.frame.matches(&one) == Some(true))
    };
    let demands = case.pod_demands();
    let required = || demands.iter().filter(|one| one.required && own(one.term));
    let near = required().find(|one| one.near && one.term.topology_key == HOSTNAME);
    let apart = required().find(|one| !one.near && WIDER.contains(&one.term.topology_key.as_str()));
    let (Some(near), Some(apart)) = (near, apart) else { return };
    let level = words::level(&apart.term.topology_key);
    let site = |path: &placecard_findings::FieldPath| Site::value(path.key("topologyKey"));
    let label = Label::new(site(&near.path), "on one node with the others");
    let message = format!("1 of {replicas} replicas can run: on one node and apart in its {level}");
    let code = SELF_AFFINITY_VS_SELF_ANTI_AFFINITY;
    let mut finding = case.risk(code, message, label.quoting(HOSTNAME));
    let label = Label::new(site(&apart.path), format!("in no {level} with them"));
    finding.labels.push(label.quoting(apart.term.topology_key.clone()));
    finding.holds =
        Holds::assuming(format!("if every node has the label {}", apart.term.topology_key));
    findings.push(finding);
}
