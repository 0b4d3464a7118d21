//! The taints that the conditions of a node stand for.
//!
//! Semantics: `nodeConditionToTaintKeyStatusMap`, `doNoScheduleTaintingPass` and
//! `processTaintBaseEviction` of `pkg/controller/nodelifecycle/node_lifecycle_controller.go`. The
//! controller needs a moment for it, and an edited or a very fresh snapshot may lack them.

use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::tolerations::Taint;

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
const NO_SCHEDULE: &str = "NoSchedule";
const NO_EXECUTE: &str = "NoExecute";

/// Type and status of a condition, and the taint that goes with it.
const TAINTS: [(&str, &str, &str); 6] = [
    ("Ready", "False", NOT_READY),
    ("Ready", "Unknown", UNREACHABLE),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
];

/// Adds the taints that are missing; `conditions` are types and statuses. Gives the keys of those
/// that were added.
pub(super) fn add_taints<'c>(
    node: &mut Node,
    conditions: impl Iterator<Item = (&'c str, &'c str)>,
) -> Vec<&'static str> {
    let mut wanted = Vec::new();
    for (kind, status) in conditions {
        let found = TAINTS.iter().find(|(known, on, _)| *known == kind && *on == status);
        let Some((_, _, key)) = found else {
            continue;
        };
        wanted.push((*key, NO_SCHEDULE));
        if matches!(*key, NOT_READY | UNREACHABLE) {
            wanted.push((*key, NO_EXECUTE));
        }
    }
    if node.unschedulable {
        wanted.push((UNSCHEDULABLE, NO_SCHEDULE));
    }
    let mut added = Vec::new();
    for (key, effect) in wanted {
        if node.taints.iter().any(|taint| taint.key == key && taint.effect == effect) {
            continue;
        }
        let effect = effect.to_owned();
        node.taints.push(Taint { key: key.to_owned(), value: String::new(), effect });
        if !added.contains(&key) {
            added.push(key);
        }
    }
    added
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taints_of_conditions_are_added_once() {
        let taint = |key: &str, effect: &str| Taint {
            key: key.to_owned(),
            value: String::new(),
            effect: effect.to_owned(),
        };
        type Pairs = &'static [(&'static str, &'static str)];
        let table: &[(Pairs, Pairs)] = &[
            (&[("Ready", "True"), ("MemoryPressure", "False"), ("Odd", "True")], &[]),
            (&[("Ready", "False")], &[(NOT_READY, NO_SCHEDULE), (NOT_READY, NO_EXECUTE)]),
            (&[("Ready", "Unknown")], &[(UNREACHABLE, NO_SCHEDULE), (UNREACHABLE, NO_EXECUTE)]),
            (
                &[("DiskPressure", "True"), ("PIDPressure", "True"), ("PIDPressure", "Unknown")],
                &[
                    ("node.kubernetes.io/disk-pressure", NO_SCHEDULE),
                    ("node.kubernetes.io/pid-pressure", NO_SCHEDULE),
                ],
            ),
        ];
        for (conditions, expected) in table {
            let mut node = Node::default();
            add_taints(&mut node, conditions.iter().copied());
            let expected: Vec<Taint> = expected.iter().map(|(key, it)| taint(key, it)).collect();
            assert_eq!(node.taints, expected, "{conditions:?}");
            assert!(add_taints(&mut node, conditions.iter().copied()).is_empty());
        }
        let mut cordoned = Node { unschedulable: true, ..Node::default() };
        assert_eq!(add_taints(&mut cordoned, std::iter::empty()), [UNSCHEDULABLE]);
        let mut half = Node { taints: vec![taint(NOT_READY, NO_EXECUTE)], ..Node::default() };
        assert_eq!(add_taints(&mut half, [("Ready", "False")].into_iter()), [NOT_READY]);
        assert_eq!(half.taints.len(), 2);
    }
}
