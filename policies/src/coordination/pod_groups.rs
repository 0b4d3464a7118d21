//! The scheduler's own groups of pods, one for each batch (`scheduling.k8s.io/v1beta1` PodGroup,
//! k8s.io/api v0.37.1): all pods of a batch at once, in one domain.
//!
//! Pods name their group when they are made, and the scheduler holds them back until it is there.
//! Two groups may share a domain: the API has nothing that keeps them apart, so pods do that by
//! anti-affinity. In sequence a group is made when the batches before it are ready.

use std::collections::{BTreeMap, BTreeSet};

use placecard_language::coordination::{AffinityScheduling, BatchMode, Placement};
use placecard_language::keys;
use serde_json::{Value, json};

use super::gather::Case;
use super::step::BatchState;

/// Group and version of the objects.
pub const API_VERSION: &str = "scheduling.k8s.io/v1beta1";

/// Their name in paths.
pub const PLURAL: &str = "podgroups";

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

/// A PodGroup that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// The coordination whose label it carries.
    pub id: String,
    /// The batch.
    pub batch: u64,
    /// `spec.schedulingPolicy.gang.minCount`.
    pub count: i64,
    /// The key of its topology; empty: none.
    pub topology_key: String,
    /// It is being deleted.
    pub terminating: bool,
}

impl Found {
    /// Reads one; `None`: it is none of ours.
    #[must_use]
    pub fn read(value: &Value) -> Option<Self> {
        let text = |pointer: &str| {
            value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let label = |key: &str| value.pointer("/metadata/labels")?.get(key)?.as_str();
        let (id, batch) = (label(keys::COORDINATION)?.to_owned(), label(keys::BATCH)?);
        let (batch, name) = (batch.parse().ok()?, text("/metadata/name"));
        let count = value.pointer("/spec/schedulingPolicy/gang/minCount").and_then(Value::as_i64);
        (name == self::name(&id, batch)).then(|| Self {
            namespace: text("/metadata/namespace"),
            name,
            uid: text("/metadata/uid"),
            id,
            batch,
            count: count.unwrap_or(0),
            topology_key: text("/spec/schedulingConstraints/topology/0/key"),
            terminating: value.pointer("/metadata/deletionTimestamp").is_some(),
        })
    }
}

/// What is to be done with a PodGroup.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It is made.
    Create(Value),
    /// It is to have another number of pods.
    Resize(Found, i64),
    /// It is deleted.
    Delete(Found),
}

/// A coordination with how its batches stand.
#[derive(Clone, Copy, Debug)]
pub struct Stand<'a> {
    /// Its id.
    pub id: &'a str,
    /// What there is of it.
    pub case: &'a Case,
    /// Its batches.
    pub batches: &'a [BatchState],
}

/// What is to be done so that there is a group for each batch that may begin, and for no others.
/// `kept` are namespace and id of coordinations that are not there and that have pods all the same:
/// their groups stay.
#[must_use]
pub fn changes(
    stands: &[Stand<'_>],
    found: &[Found],
    kept: &BTreeSet<(String, String)>,
) -> Vec<Change> {
    let known: BTreeMap<(&str, &str), &Found> =
        found.iter().map(|one| ((one.namespace.as_str(), one.name.as_str()), one)).collect();
    let (mut wanted, mut used) = (BTreeSet::new(), BTreeSet::new());
    let mut changes = Vec::new();
    for stand in stands {
        let case = stand.case;
        used.extend(case.pods.iter().map(|pod| (case.namespace.as_str(), stand.id, pod.batch)));
        if case.affinity.placement != Placement::PodGroup {
            continue;
        }
        let role = |(name, size): (&String, &super::step::Size)| {
            let pods = case.replica_pods.get(name).copied().unwrap_or(1);
            (name.clone(), Role { replicas: size.replicas, pods })
        };
        let roles = case.sizes.iter().map(role).collect();
        for (batch, object) in
            (0..).zip(pod_groups(&case.namespace, stand.id, &case.affinity, &roles))
        {
            wanted.insert((case.namespace.as_str(), stand.id, batch));
            let name = name(stand.id, batch);
            let count = object.pointer("/spec/schedulingPolicy/gang/minCount");
            let count = count.and_then(Value::as_i64).unwrap_or(1);
            match known.get(&(case.namespace.as_str(), name.as_str())) {
                None if may_begin(stand, batch) => {
                    changes.push(Change::Create(owned(object, case)))
                }
                Some(one) if one.terminating => {}
                // Where it is to be can not be changed.
                Some(one) if one.topology_key != case.affinity.topology_key => {
                    changes.push(Change::Delete((*one).clone()));
                }
                Some(one) if one.count != count => {
                    changes.push(Change::Resize((*one).clone(), count));
                }
                _ => {}
            }
        }
    }
    let is_over = |one: &&Found| {
        let at = (one.namespace.as_str(), one.id.as_str(), one.batch);
        let is_kept = kept.contains(&(one.namespace.clone(), one.id.clone()));
        !one.terminating && !wanted.contains(&at) && !used.contains(&at) && !is_kept
    };
    changes.extend(found.iter().filter(is_over).cloned().map(Change::Delete));
    changes
}

/// In sequence a batch begins once those before it are ready.
fn may_begin(stand: &Stand<'_>, batch: u64) -> bool {
    let is_open = |one: &&BatchState| one.number < batch && one.wait.is_some();
    stand.case.affinity.batch_mode == BatchMode::Parallel
        || !stand.batches.iter().any(|one| is_open(&one))
}

/// The group with its owner: when that is deleted, so is the group.
fn owned(mut object: Value, case: &Case) -> Value {
    let owner = match &case.inside {
        Some(one) => json!({"apiVersion": one.api_version, "kind": "RoleBasedGroup",
            "name": case.group, "uid": one.uid}),
        None if case.uid.is_empty() => return object,
        None => json!({"apiVersion": keys::API_VERSION, "kind": keys::COORDINATION_KIND,
            "name": case.group, "uid": case.uid}),
    };
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.insert("ownerReferences".to_owned(), json!([owner]));
    }
    object
}

/// A group of which the API server says what it would store: whether there are such groups, and
/// whether they keep to a topology (gates GenericWorkload and TopologyAwareWorkloadScheduling).
#[must_use]
pub fn probe() -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": "PodGroup",
        "metadata": {"generateName": "placecard-probe-"},
        "spec": {
            "schedulingPolicy": {"gang": {"minCount": 1}},
            "schedulingConstraints": {"topology": [{"key": "kubernetes.io/hostname"}]},
        },
    })
}

/// Whether the answer to [`probe`] has the topology: a server that does not know the field drops it.
#[must_use]
pub fn keeps_topology(stored: &Value) -> bool {
    let key = stored.pointer("/spec/schedulingConstraints/topology/0/key");
    key.and_then(Value::as_str).is_some_and(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use placecard_language::coordination::{Exclusive, OnTimeout};

    use super::*;
    use crate::coordination::step::{Observed, Size, Wait};

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

    fn case(mode: BatchMode, placement: Placement) -> Case {
        let affinity = AffinityScheduling {
            topology_key: "rack".to_owned(),
            ratios: [("prefill", 2), ("decode", 1)].map(|(role, of)| (role.to_owned(), of)).into(),
            batch_mode: mode,
            exclusive: Exclusive::None,
            placement,
            timeout_seconds: None,
            on_timeout: OnTimeout::Wait,
        };
        let sizes = [("prefill", 4), ("decode", 2)];
        Case {
            namespace: "ml".to_owned(),
            group: "llm".to_owned(),
            uid: "u".to_owned(),
            has_object: true,
            inside: None,
            coordination: "pd".to_owned(),
            affinity,
            sizes: sizes.map(|(role, replicas)| (role.to_owned(), Size { replicas })).into(),
            replica_pods: BTreeMap::new(),
            updated: BTreeMap::new(),
            pods: Vec::new(),
        }
    }

    fn stored(changes: &[Change]) -> Vec<Found> {
        let of = |change: &Change| match change {
            Change::Create(object) => Found::read(object),
            _ => None,
        };
        changes.iter().filter_map(of).collect()
    }

    fn told(changes: &[Change]) -> Vec<String> {
        let of = |change: &Change| match change {
            Change::Create(object) => format!("create {}", object["metadata"]["name"]),
            Change::Resize(one, count) => format!("resize {} {count}", one.name),
            Change::Delete(one) => format!("delete {}", one.name),
        };
        changes.iter().map(|one| of(one).replace('"', "")).collect()
    }

    #[test]
    fn groups_follow_their_coordination() {
        let none = BTreeSet::new();
        let mut case = case(BatchMode::Parallel, Placement::PodGroup);
        let of = |case: &Case, found: &[Found], kept: &BTreeSet<(String, String)>| {
            changes(&[Stand { id: "x", case, batches: &[] }], found, kept)
        };
        let first = of(&case, &[], &none);
        assert_eq!(told(&first), ["create x-0", "create x-1"]);
        let Change::Create(object) = &first[0] else { unreachable!() };
        let owner = &object["metadata"]["ownerReferences"][0];
        assert_eq!(
            (owner["kind"].as_str(), owner["uid"].as_str()),
            (Some("RoleCoordination"), Some("u"))
        );
        let mut found = stored(&first);
        assert_eq!(found.len(), 2);
        assert_eq!(of(&case, &found, &none), []);
        // A role grows, shrinks, has more pods to a replica; a batch with pods keeps its group.
        case.sizes.insert("decode".to_owned(), Size { replicas: 3 });
        assert_eq!(told(&of(&case, &found, &none)), ["create x-2"]);
        case.sizes.insert("prefill".to_owned(), Size { replicas: 2 });
        case.sizes.insert("decode".to_owned(), Size { replicas: 1 });
        assert_eq!(told(&of(&case, &found, &none)), ["delete x-1"]);
        case.pods = vec![Observed { batch: 1, ..Observed::default() }];
        assert_eq!(of(&case, &found, &none), []);
        case.replica_pods.insert("decode".to_owned(), 4);
        assert_eq!(told(&of(&case, &found, &none)), ["resize x-0 6"]);
        // Another topology, and one that goes already.
        found[0].topology_key = "zone".to_owned();
        assert_eq!(told(&of(&case, &found, &none)), ["delete x-0"]);
        found[0].terminating = true;
        assert_eq!(of(&case, &found, &none), []);
        // Without the coordination they go, unless there are pods.
        assert_eq!(told(&changes(&[], &found, &none)), ["delete x-1"]);
        let kept = BTreeSet::from([("ml".to_owned(), "x".to_owned())]);
        assert_eq!(changes(&[], &found, &kept), []);
        case.affinity.placement = Placement::Gated;
        case.pods.clear();
        assert_eq!(told(&of(&case, &found, &none)), ["delete x-1"]);
    }

    #[test]
    fn in_sequence_a_group_comes_when_those_before_it_are_ready() {
        let case = case(BatchMode::Sequential, Placement::PodGroup);
        let batch =
            |number: u64, wait: Option<Wait>| BatchState { number, wait, ..BatchState::default() };
        let of = |batches: &[BatchState]| {
            told(&changes(&[Stand { id: "x", case: &case, batches }], &[], &BTreeSet::new()))
        };
        assert_eq!(of(&[batch(0, Some(Wait::Nodes)), batch(1, Some(Wait::Nodes))]), ["create x-0"]);
        let ready = of(&[batch(0, None), batch(1, Some(Wait::Nodes))]);
        assert_eq!(ready, ["create x-0", "create x-1"]);
    }

    #[test]
    fn a_server_that_drops_the_topology_has_no_groups_for_us() {
        assert!(keeps_topology(&probe()));
        let mut dropped = probe();
        dropped["spec"]["schedulingConstraints"] = Value::Null;
        assert!(!keeps_topology(&dropped) && !keeps_topology(&Value::Null));
    }
}
