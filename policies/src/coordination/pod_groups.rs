//! The scheduler's own groups of pods, one for each batch (`scheduling.k8s.io/v1beta1` PodGroup,
//! k8s.io/api v0.37.1): all pods of a batch at once, in one domain.
//!
//! Pods name their group when they are made, and the scheduler holds them back until it is there.
//! Two groups may share a domain: the API has nothing that keeps them apart.

use std::collections::BTreeMap;

use placecard_language::coordination::AffinityScheduling;
use placecard_language::keys;
use serde_json::{Value, json};

/// Group and version of the objects.
pub const API_VERSION: &str = "scheduling.k8s.io/v1beta1";

/// More batches than this get no groups.
const MOST: u64 = 20_000;

/// How large a role is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its replicas.
    pub replicas: u32,
    /// The pods of one replica, at least 1.
    pub pods: u64,
}

/// The name of the group of a batch, counted from 0; `id` is that of the coordination.
#[must_use]
pub fn name(id: &str, batch: u64) -> String {
    format!("{id}-{batch}")
}

/// The groups of a coordination, in the order of the batches; of a role that is not known each batch
/// has a whole share. `namespace` and `id` are those of the coordination.
#[must_use]
pub fn pod_groups(
    namespace: &str,
    id: &str,
    affinity: &AffinityScheduling,
    roles: &BTreeMap<String, Role>,
) -> Vec<Value> {
    let ratio = |role: &str| u64::from(affinity.ratios.get(role).copied().unwrap_or(1).max(1));
    let batches = |(role, size): (&String, &Role)| u64::from(size.replicas).div_ceil(ratio(role));
    let batches = roles.iter().map(batches).max().unwrap_or(0).min(MOST);
    let members = |batch: u64| -> u64 {
        let of = |role: &String| match roles.get(role) {
            None => ratio(role),
            Some(size) => {
                let before = batch.saturating_mul(ratio(role));
                let left = u64::from(size.replicas).saturating_sub(before);
                left.min(ratio(role)).saturating_mul(size.pods.max(1))
            }
        };
        affinity.ratios.keys().map(of).fold(0, u64::saturating_add)
    };
    let group = |batch: u64| {
        // The field is an int32.
        let count = i32::try_from(members(batch)).unwrap_or(i32::MAX);
        json!({
            "apiVersion": API_VERSION,
            "kind": "PodGroup",
            "metadata": {
                "name": name(id, batch),
                "namespace": namespace,
                "labels": {keys::COORDINATION: id, keys::BATCH: batch.to_string()},
            },
            "spec": {
                "schedulingPolicy": {"gang": {"minCount": count}},
                "schedulingConstraints": {"topology": [{"key": affinity.topology_key}]},
            },
        })
    };
    (0..batches).map(group).collect()
}

#[cfg(test)]
mod tests {
    use placecard_language::coordination::{BatchMode, Exclusive, OnTimeout, Placement};

    use super::*;

    fn counts(roles: &[(&str, u32, u64)]) -> Vec<i64> {
        let affinity = AffinityScheduling {
            topology_key: "topology.kubernetes.io/zone".to_owned(),
            ratios: [("prefill", 2), ("decode", 1)].map(|(role, of)| (role.to_owned(), of)).into(),
            batch_mode: BatchMode::Parallel,
            exclusive: Exclusive::None,
            placement: Placement::PodGroup,
            timeout_seconds: None,
            on_timeout: OnTimeout::Wait,
        };
        let of = |(role, replicas, pods): &(&str, u32, u64)| {
            ((*role).to_owned(), Role { replicas: *replicas, pods: *pods })
        };
        let groups = pod_groups("ml", "abc", &affinity, &roles.iter().map(of).collect());
        for (batch, group) in groups.iter().enumerate() {
            assert_eq!(group["metadata"]["name"], format!("abc-{batch}"));
            let topology = &group["spec"]["schedulingConstraints"]["topology"];
            assert_eq!(*topology, json!([{"key": "topology.kubernetes.io/zone"}]));
        }
        let count = |group: &Value| group["spec"]["schedulingPolicy"]["gang"]["minCount"].as_i64();
        groups.iter().filter_map(count).collect()
    }

    #[test]
    fn each_batch_is_one_group_of_all_of_its_pods() {
        assert_eq!(counts(&[("prefill", 6, 1), ("decode", 3, 1)]), [3, 3, 3]);
        assert_eq!(counts(&[("prefill", 4, 1), ("decode", 2, 4)]), [6, 6]);
        assert_eq!(counts(&[("prefill", 5, 1), ("decode", 2, 1)]), [3, 3, 1]);
        assert_eq!(counts(&[("prefill", 4, 1)]), [3, 3]);
        assert_eq!(counts(&[]), Vec::<i64>::new());
        assert_eq!(counts(&[("prefill", u32::MAX, u64::MAX)])[0], i64::from(i32::MAX));
    }
}
