//! Pods that may use special nodes and do not ask for them.

use placecard_findings::{Code, Finding, Help, Label, Site};
use placecard_language::keys;

use super::{Family, Sees, risk};
use crate::fields::amounts::{Container, is_extended};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("toleration-without-targeting");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Taints,
        "the pods tolerate the taint of special nodes, and nothing leads them there",
        include_str!("toleration_without_targeting.md"),
        Sees::Text,
    ),
    check: Check::Template(check),
};

/// A taint keeps others away and draws nobody; only labels and resources lead pods to nodes.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    // A pod alone is what programs make, with the device or the node that was asked for.
    if case.object.is_daemon_set() || case.object.is_pod() || case.doubt().is_some() {
        return;
    }
    let special = case.template.spec.tolerations.iter().enumerate().filter_map(|(index, one)| {
        let key = one.key.as_deref().filter(|key| SPECIAL.contains(key))?;
        // The taint keeps new pods away: what is tolerated besides lets nobody in.
        let lets_in = one.effect.as_deref().is_none_or(|effect| ["", "NoSchedule"].contains(&effect));
        lets_in.then_some((index, key))
    });
    let special: Vec<(usize, &str)> = special.collect();
    // Pods that may use special nodes of every kind are meant to be everywhere.
    let Some((index, key)) = special.first().copied() else { return };
    if special.iter().any(|(_, other)| *other != key) || is_led(case) {
        return;
    }
    let site = Site::value(case.template.spec_path(&["tolerations"]).index(index).key("key"));
    let label = Label::new(site, "lets them in, and leads nobody there").quoting(key);
    let message = format!("the pods tolerate {key}, and may run anywhere");
    let mut finding = case.risk(CODE, message, label);
    finding.help = vec![Help::text("select those nodes by a label, or ask for their devices")];
    findings.push(finding);
}

/// Whether anything may lead the pods to some nodes, or may still come to do so.
fn is_led(case: &TemplateCase<'_>) -> bool {
    let spec = &case.template.spec;
    let affinity = spec.affinity.as_ref();
    let by_nodes = affinity.is_some_and(|all| all.node_affinity.is_some() || all.pod_affinity.is_some());
    let asked = |one: &Container| one.asked.iter().any(|one| is_extended(&one.resource));
    let written = |field: &str| case.in_spec(&[field]).is_some();
    let said = [keys::REQUIRE, keys::PREFER, keys::INTENTS, keys::INTENTS_TLV];
    let labels = [&case.object.labels, &case.template.labels];
    !spec.node_selector.is_empty()
        || by_nodes
        || !spec.node_name.is_empty()
        // Whoever opens a gate may write node rules first (KEP-3838).
        || !spec.scheduling_gates.is_empty()
        // A volume may be on some nodes only, and a class may bring a selector.
        || !spec.claims.is_empty()
        || ["resourceClaims", "runtimeClassName"].into_iter().any(written)
        || case.containers().iter().any(asked)
        || said.iter().any(|key| case.template.annotations.contains_key(*key))
        || labels.into_iter().any(|labels| labels.contains_key(QUEUE))
}

/// Kueue selects the nodes of the flavour that it gives to a workload with this label.
const QUEUE: &str = "kueue.x-k8s.io/queue-name";

/// Taints of nodes for few.
const SPECIAL: &[&str] =
    &["dedicated", "nvidia.com/gpu", "amd.com/gpu", "google.com/tpu", "aws.amazon.com/neuron"];
