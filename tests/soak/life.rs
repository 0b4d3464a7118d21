//! What happens to the pods: each is made, bound, reports that it runs, gets a label and is gone. Of no
//! pod there is anything twice, so that nothing that was kept for one is of use for another.

use placecard_tests::crowd;
use serde_json::{Value, json};

/// Events of a pod.
pub(crate) const STEPS: u64 = 5;

/// Turns between two steps of a pod.
const APART: u64 = 20;

/// Labels by which Services and rules find pods, for ever.
pub(crate) const PART: &str = "example.com/part";

/// One label for each pod.
pub(crate) const BUILD: &str = "example.com/build";

/// What happens to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Made,
    Bound,
    Running,
    Labelled,
    Gone,
}

/// The `number`th event, in a cluster that began with so many pods; `None`: there is no such pod yet.
/// There are as many pods in the end as in the beginning.
pub(crate) fn event(number: u64, pods: u64) -> Option<(Step, u64)> {
    let (turn, step) = (number / STEPS, number % STEPS);
    let so_far = |steps: u64| turn.checked_sub(steps * APART).map(|turn| pods + turn);
    Some(match step {
        0 => (Step::Made, pods + turn),
        1 => (Step::Bound, so_far(1)?),
        2 => (Step::Running, so_far(2)?),
        3 => (Step::Labelled, so_far(3)?),
        _ => (Step::Gone, turn),
    })
}

/// The node that a pod is bound to.
pub(crate) fn node(number: u64, nodes: u64) -> String {
    format!("node-{}", (number * 31) % nodes)
}

/// What a kubelet says of a pod that runs.
pub(crate) fn status() -> Value {
    json!({"phase": "Running", "podIP": "10.0.0.1", "qosClass": "Burstable",
        "startTime": "2026-11-01T08:00:00Z",
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "PodScheduled", "status": "True"}]})
}

/// The labels that a pod gets when it runs.
pub(crate) fn labels(number: u64) -> Value {
    json!({"example.com/round": format!("round-{number}")})
}

/// A pod of its own workload of fifty, with terms that no other workload has.
pub(crate) fn pod(number: u64, nodes: u64) -> Value {
    let workload = number / crowd::REPLICAS;
    let mut pod = crowd::pod(number, nodes);
    let own = json!({
        "labels": {BUILD: format!("build-{number}"), PART: format!("part-{}", number % 10),
            "pod-template-hash": format!("{workload:x}")},
        "annotations": {"example.com/checksum": format!("{number:032x}")},
    });
    json_patch::merge(&mut pod["metadata"], &own);

    if workload.is_multiple_of(7) {
        let selector = json!({"matchLabels": {"app": format!("service-{workload}")}});
        let term = json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": selector});
        let terms = json!({"requiredDuringSchedulingIgnoredDuringExecution": [term]});
        json_patch::merge(&mut pod["spec"], &json!({"affinity": {"podAntiAffinity": terms}}));
    }
    let toleration = json!({"key": "dedicated", "operator": "Equal",
        "value": format!("team-{workload}"), "effect": "NoSchedule"});
    pod["spec"]["tolerations"] = json!([toleration]);
    pod
}

/// The same before a scheduler saw it.
pub(crate) fn unbound(number: u64, nodes: u64) -> Value {
    let mut pod = pod(number, nodes);
    if let Some(spec) = pod["spec"].as_object_mut() {
        spec.remove("nodeName");
    }
    pod
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pod_goes_through_all_steps_in_their_order() {
        let mut seen = std::collections::BTreeMap::<u64, Vec<Step>>::new();
        for (step, pod) in (0..5_000).filter_map(|number| event(number, 300)) {
            seen.entry(pod).or_default().push(step);
        }
        assert_eq!(seen[&0], [Step::Gone]);
        let all = [Step::Made, Step::Bound, Step::Running, Step::Labelled, Step::Gone];
        assert_eq!(seen[&300], all);
        assert_eq!(seen[&999], all);
        assert_eq!(seen[&1_000], all[..4]);
    }
}
