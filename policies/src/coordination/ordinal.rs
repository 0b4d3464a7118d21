//! Which replica of its role a pod is, from what its controller wrote on it before admission.
//!
//! The sources are asked from the most specific one to the least: a pod of a LeaderWorkerSet is one
//! of a StatefulSet too, and there the index of that says something else. Nothing is ever read from
//! a `generateName` or from the random part of a name.

use placecard_language::keys;

use crate::kinds;
use crate::object::{Map, Owner};

/// Label of a StatefulSet's pods (apps/v1 `PodIndexLabel`).
pub const POD_INDEX: &str = "apps.kubernetes.io/pod-index";
/// Label and annotation of the pods of an Indexed Job (batch/v1 `JobCompletionIndexAnnotation`).
pub const COMPLETION_INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// Label of the pods of a DisaggregatedSet: which copy of the whole set of roles.
pub const SLICE: &str = "disaggregatedset.x-k8s.io/slice";
/// Label of the pods of a DisaggregatedSet: its name.
const DISAGGREGATED_SET: &str = "disaggregatedset.x-k8s.io/name";
/// Label of the pods of a stateful role of a RoleBasedGroup.
pub const ROLE_INSTANCE_INDEX: &str = "rbg.workloads.x-k8s.io/role-instance-index";
/// Label of the pods of a LeaderWorkerSet: its name.
pub const LEADER_WORKER_SET: &str = "leaderworkerset.sigs.k8s.io/name";
/// Label of the pods of a LeaderWorkerSet: which group. Its own webhook adds it to leaders, maybe
/// after ours.
pub const GROUP_INDEX: &str = "leaderworkerset.sigs.k8s.io/group-index";
/// Label of the pods of a LeaderWorkerSet: which pod of the group, 0 is the leader.
pub const WORKER_INDEX: &str = "leaderworkerset.sigs.k8s.io/worker-index";
/// Label and annotation of the pods of a JobSet: which Job of a replicated Job.
pub const JOB_INDEX: &str = "jobset.sigs.k8s.io/job-index";

/// What a pod carries when it is admitted.
#[derive(Clone, Copy, Debug)]
pub struct Carried<'a> {
    /// `metadata.name`; empty where the API server makes one of a `generateName` later.
    pub name: &'a str,
    /// `metadata.labels`.
    pub labels: &'a Map,
    /// `metadata.annotations`.
    pub annotations: &'a Map,
    /// The owner with `controller: true`.
    pub controller: Option<&'a Owner>,
}

/// Which batch, or which replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordinal {
    /// The label `placecard.dev/batch` says which batch, from 0.
    Batch(u32),
    /// The replica.
    Unit {
        /// Its number, as its controller counts.
        unit: u32,
        /// What said so.
        source: Source,
    },
}

/// What says which replica a pod is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The slice of a DisaggregatedSet.
    Slice,
    /// The instance of a role of a RoleBasedGroup.
    RoleInstance,
    /// The group of a LeaderWorkerSet.
    Group,
    /// The Job of a JobSet.
    Job,
    /// The completion index of an Indexed Job.
    CompletionIndex,
    /// The index of a StatefulSet's pod.
    PodIndex,
    /// The end of the name of a StatefulSet's pod.
    Name,
}

impl Source {
    /// Whether the controller may count from another number than 0 (`spec.ordinals.start` of a
    /// StatefulSet): then that has to be read from the controller.
    #[must_use]
    pub const fn may_start_later(self) -> bool {
        matches!(self, Self::PodIndex | Self::Name)
    }
}

/// Which batch or replica a pod is; `None`: nothing on it says so.
#[must_use]
pub fn ordinal(pod: &Carried<'_>) -> Option<Ordinal> {
    let label = |key: &str| pod.labels.get(key).and_then(|text| number(text));
    // A label that is there and says no number hides nothing less specific: it is a mistake of
    // whoever wrote it, and nobody may guess.
    let is_there = |key: &str| pod.labels.contains_key(key);
    if is_there(keys::BATCH) {
        return label(keys::BATCH).map(Ordinal::Batch);
    }
    let unit = |unit: u32, source| Ordinal::Unit { unit, source };
    let either = |key: &str| {
        let text = pod.labels.get(key).or_else(|| pod.annotations.get(key));
        text.and_then(|text| number(text))
    };
    if is_there(SLICE) {
        return label(SLICE).map(|index| unit(index, Source::Slice));
    }
    // Before v0.10.0 there were no slices; newer controllers take what those made for slice 0.
    if is_there(DISAGGREGATED_SET) {
        return Some(unit(0, Source::Slice));
    }
    if is_there(ROLE_INSTANCE_INDEX) {
        return label(ROLE_INSTANCE_INDEX).map(|index| unit(index, Source::RoleInstance));
    }
    if let Some(set) = pod.labels.get(LEADER_WORKER_SET) {
        return group_index(pod, set).map(|index| unit(index, Source::Group));
    }
    if let Some(index) = either(JOB_INDEX) {
        return Some(unit(index, Source::Job));
    }
    if let Some(index) = either(COMPLETION_INDEX) {
        return Some(unit(index, Source::CompletionIndex));
    }
    let set = pod.controller.filter(|owner| owner.kind == "StatefulSet")?;
    if let Some(index) = label(POD_INDEX) {
        return Some(unit(index, Source::PodIndex));
    }
    suffix(pod.name, &set.name).map(|index| unit(index, Source::Name))
}

/// Which group of a LeaderWorkerSet. The pod index is that of the group for a leader, and that of
/// the worker inside the group for a worker.
fn group_index(pod: &Carried<'_>, set: &str) -> Option<u32> {
    if let Some(text) = pod.labels.get(GROUP_INDEX) {
        return number(text);
    }
    if pod.labels.get(WORKER_INDEX).is_some_and(|index| index == "0") {
        let index = pod.labels.get(POD_INDEX).and_then(|text| number(text));
        return index.or_else(|| suffix(pod.name, set));
    }
    // `SET-GROUP-WORKER`: a worker whose labels another webhook adds later.
    let (group, worker) = pod.name.strip_prefix(set)?.strip_prefix('-')?.split_once('-')?;
    number(worker).and(number(group))
}

/// The number at the end of `PREFIX-NUMBER`.
fn suffix(name: &str, prefix: &str) -> Option<u32> {
    number(name.strip_prefix(prefix)?.strip_prefix('-')?)
}

/// A number as controllers write it: digits without a leading 0, within int32.
fn number(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = plain && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|number| canonical && i32::try_from(*number).is_ok())
}

/// The batch of a replica, from 0: `(unit - start) / ratio`. Replicas beyond those that are asked
/// for have batches of their own, for an update may surge. `None` before the start, and for a ratio
/// of 0.
#[must_use]
pub fn batch(unit: u32, start: u32, ratio: u32) -> Option<u32> {
    unit.checked_sub(start)?.checked_div(ratio)
}

/// The controller that a pod's replicas are counted by: the ReplicaSet's Deployment, as far as names
/// say. A ReplicaSet of a Deployment is called after it and after the revision, which is also a label
/// of its pods.
#[must_use]
pub fn counted_by(labels: &Map, controller: &Owner) -> Vec<(String, String, String)> {
    let group = placecard_findings::api_group(&controller.api_version).to_owned();
    let itself = (group.clone(), controller.kind.clone(), controller.name.clone());
    let mut found = vec![itself];
    if (group.as_str(), controller.kind.as_str()) != ("apps", "ReplicaSet") {
        return found;
    }
    for (label, of, kind) in [
        (kinds::POD_TEMPLATE_HASH, "apps", "Deployment"),
        (kinds::ROLLOUTS_POD_TEMPLATE_HASH, "argoproj.io", "Rollout"),
    ] {
        let hash = labels.get(label).filter(|hash| !hash.is_empty());
        let name = hash.and_then(|hash| controller.name.strip_suffix(hash.as_str()));
        if let Some(name) = name.and_then(|name| name.strip_suffix('-')) {
            found.push((of.to_owned(), kind.to_owned(), name.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a controller writes: labels and annotations, name, and kind and name of the owner.
    type Shape = (
        &'static str,
        &'static [(&'static str, &'static str)],
        &'static str,
        (&'static str, &'static str),
        Option<(u32, Source)>,
    );

    const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
    const INSTANCE: &str = "rbg.workloads.x-k8s.io/role-instance-name";

    /// What each controller writes on its pods.
    const SHAPES: &[Shape] = &[
        (
            "a StatefulSet",
            &[(POD_INDEX, "3"), (POD_NAME, "web-3")],
            "web-3",
            ("StatefulSet", "web"),
            Some((3, Source::PodIndex)),
        ),
        (
            "a StatefulSet of a server before 1.28",
            &[(POD_NAME, "web-10")],
            "web-10",
            ("StatefulSet", "web"),
            Some((10, Source::Name)),
        ),
        (
            "an Indexed Job: no name, the annotation alone before 1.28",
            &[("annotation", "7")],
            "",
            ("Job", "train"),
            Some((7, Source::CompletionIndex)),
        ),
        (
            "an Indexed Job",
            &[(COMPLETION_INDEX, "0")],
            "",
            ("Job", "train"),
            Some((0, Source::CompletionIndex)),
        ),
        (
            "a JobSet: the Job counts, not the pod in it",
            &[(JOB_INDEX, "2"), (COMPLETION_INDEX, "5")],
            "",
            ("Job", "set-workers-2"),
            Some((2, Source::Job)),
        ),
        (
            "the leader of a LeaderWorkerSet before its webhook: the pod index is the group's",
            &[
                (LEADER_WORKER_SET, "llm"),
                (WORKER_INDEX, "0"),
                (POD_INDEX, "4"),
                (POD_NAME, "llm-4"),
            ],
            "llm-4",
            ("StatefulSet", "llm"),
            Some((4, Source::Group)),
        ),
        (
            "the leader of a LeaderWorkerSet without a pod index",
            &[(LEADER_WORKER_SET, "llm"), (WORKER_INDEX, "0")],
            "llm-4",
            ("StatefulSet", "llm"),
            Some((4, Source::Group)),
        ),
        (
            "a worker of a LeaderWorkerSet: the pod index is its own in the group",
            &[
                (LEADER_WORKER_SET, "llm"),
                (GROUP_INDEX, "4"),
                (POD_INDEX, "2"),
                (POD_NAME, "llm-4-2"),
            ],
            "llm-4-2",
            ("StatefulSet", "llm-4"),
            Some((4, Source::Group)),
        ),
        (
            "a worker of a LeaderWorkerSet by its name",
            &[(LEADER_WORKER_SET, "llm"), (POD_INDEX, "2")],
            "llm-4-2",
            ("StatefulSet", "llm-4"),
            Some((4, Source::Group)),
        ),
        (
            "neither leader nor worker",
            &[(LEADER_WORKER_SET, "llm"), (POD_INDEX, "2")],
            "other-2",
            ("StatefulSet", "other"),
            None,
        ),
        (
            "a stateful role of a RoleBasedGroup: the label of StatefulSets names the instance",
            &[(ROLE_INSTANCE_INDEX, "1"), (INSTANCE, "g-prefill-1"), (POD_NAME, "g-prefill-1")],
            "g-prefill-1-3",
            ("RoleInstance", "g-prefill-1"),
            Some((1, Source::RoleInstance)),
        ),
        (
            "a stateless role of a RoleBasedGroup: its name ends in letters by chance",
            &[(INSTANCE, "g-decode-12345"), (POD_NAME, "g-decode-12345")],
            "g-decode-12345",
            ("RoleInstance", "g-decode"),
            None,
        ),
        (
            "a DisaggregatedSet: the slice, not the group inside",
            &[(SLICE, "1"), (LEADER_WORKER_SET, "d"), (GROUP_INDEX, "9"), (WORKER_INDEX, "0")],
            "d-9",
            ("StatefulSet", "d"),
            Some((1, Source::Slice)),
        ),
        ("a Deployment", &[("pod-template-hash", "5d4f")], "", ("ReplicaSet", "web-5d4f"), None),
        (
            "a ReplicaSet whose random name is a number",
            &[],
            "web-12345",
            ("ReplicaSet", "web"),
            None,
        ),
        ("a copied label", &[(POD_INDEX, "3")], "", ("ReplicaSet", "web-5d4f"), None),
        ("a bare pod", &[], "web-3", ("", ""), None),
        ("a Job without indices", &[], "", ("Job", "train"), None),
        ("no number", &[(POD_INDEX, "x")], "web-03", ("StatefulSet", "web"), None),
        ("beyond int32", &[(SLICE, "2147483648")], "", ("StatefulSet", "web"), None),
    ];

    #[test]
    fn the_most_specific_source_counts() {
        for (what, pairs, name, (kind, of), expected) in SHAPES {
            let (mut labels, mut annotations) = (Map::new(), Map::new());
            for (key, value) in *pairs {
                match *key {
                    "annotation" => annotations.insert(COMPLETION_INDEX.into(), (*value).into()),
                    key => labels.insert(key.into(), (*value).into()),
                };
            }
            let owner = Owner {
                kind: (*kind).to_owned(),
                name: (*of).to_owned(),
                controller: true,
                ..Owner::default()
            };
            let controller = (!kind.is_empty()).then_some(&owner);
            let carried = Carried { name, labels: &labels, annotations: &annotations, controller };
            let expected = expected.map(|(unit, source)| Ordinal::Unit { unit, source });
            assert_eq!(ordinal(&carried), expected, "{what}");
            labels.insert(keys::BATCH.to_owned(), "6".to_owned());
            let carried = Carried { name, labels: &labels, annotations: &annotations, controller };
            assert_eq!(ordinal(&carried), Some(Ordinal::Batch(6)), "{what}, said by hand");
        }
    }

    #[test]
    fn batches_are_counted_from_the_start() {
        for (unit, start, ratio, expected) in [
            (0, 0, 2, Some(0)),
            (1, 0, 2, Some(0)),
            (5, 0, 2, Some(2)),
            (6, 0, 2, Some(3)),
            (5, 5, 2, Some(0)),
            (8, 5, 2, Some(1)),
            (4, 5, 2, None),
            (4, 0, 0, None),
            (u32::MAX, 0, 1, Some(u32::MAX)),
        ] {
            assert_eq!(batch(unit, start, ratio), expected, "({unit} - {start}) / {ratio}");
        }
    }

    #[test]
    fn a_replica_set_counts_for_its_deployment() {
        let owner = |kind: &str, name: &str| Owner {
            api_version: "apps/v1".into(),
            kind: kind.into(),
            name: name.into(),
            ..Owner::default()
        };
        let labels = Map::from([("pod-template-hash".to_owned(), "5d4f".to_owned())]);
        let kinds = |labels: &Map, owner: &Owner| -> Vec<String> {
            let found = counted_by(labels, owner).into_iter();
            found.map(|(group, kind, name)| format!("{group} {kind} {name}")).collect()
        };
        assert_eq!(
            kinds(&labels, &owner("ReplicaSet", "web-5d4f")),
            ["apps ReplicaSet web-5d4f", "apps Deployment web"]
        );
        assert_eq!(kinds(&labels, &owner("ReplicaSet", "web5d4f")), ["apps ReplicaSet web5d4f"]);
        assert_eq!(kinds(&Map::new(), &owner("ReplicaSet", "web")), ["apps ReplicaSet web"]);
        assert_eq!(
            kinds(&labels, &owner("StatefulSet", "web-5d4f")),
            ["apps StatefulSet web-5d4f"]
        );
    }
}
