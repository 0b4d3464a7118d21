//! Pods that another controller keeps to domains of its own.

use placecard_findings::{FieldPath, Finding, Site};
use serde_json::Value;

use super::{Part, Scene};
use crate::coordination::players::named;
use crate::words;

/// Annotations whose value is the topology key of a domain that one group or Job has to itself
/// (LeaderWorkerSet, JobSet and RoleBasedGroup).
const EXCLUSIVE: [&str; 6] = [
    "leaderworkerset.sigs.k8s.io/exclusive-topology",
    "leaderworkerset.sigs.k8s.io/subgroup-exclusive-topology",
    "alpha.jobset.sigs.k8s.io/exclusive-topology",
    "rbg.workloads.x-k8s.io/group-exclusive-topology",
    "rolebasedgroup.workloads.x-k8s.io/exclusive-topology",
    "workloads.x-k8s.io/exclusive-topology",
];

/// Annotations under which the other pods of a replica are made once its first one has a node
/// (LeaderWorkerSet `pkg/controllers/pod_controller.go`, JobSet `pkg/webhooks/pod_webhook.go`).
const LEADER_FIRST: [&str; 2] = [
    "leaderworkerset.sigs.k8s.io/exclusive-topology",
    "alpha.jobset.sigs.k8s.io/exclusive-topology",
];

/// An annotation by which the other pods of a replica come after its first one has a node.
pub(super) fn leader_first(part: &Part<'_>) -> Option<(Site, String)> {
    let found = written(part).into_iter().find(|(_, key, _)| LEADER_FIRST.contains(key));
    found.map(|(path, key, value)| (part.player.at(Site::value(path.key(key))), value.to_owned()))
}

/// The annotations of the table that a group carries, for the role: where, which, and the level.
fn written<'p>(part: &Part<'p>) -> Vec<(FieldPath, &'static str, &'p str)> {
    let mut paths = vec![FieldPath::of(&["metadata", "annotations"])];
    let inside = named(&part.player.written, "replicatedJobs", &part.player.inside);
    paths.extend(inside.map(|path| path.keys(&["template", "metadata", "annotations"])));
    let mut found = Vec::new();
    for path in paths {
        let annotations = part.player.written.pointer(&path.pointer());
        for key in EXCLUSIVE {
            let value = annotations.and_then(|all| all.get(key)).and_then(Value::as_str);
            let value = value.filter(|value| !value.is_empty());
            found.extend(value.map(|value| (path.clone(), key, value)));
        }
    }
    found
}

/// A member whose own controller already keeps its pods to a domain, by another label or with
/// several of them in a batch.
pub(super) fn exclusive(scene: &Scene<'_>, part: &Part<'_>) -> Option<Finding> {
    let nests = |value: &str| value == part.affinity.topology_key && part.ratio == 1;
    let (path, key, value) = written(part).into_iter().find(|(.., value)| !nests(value))?;
    let site = part.player.at(Site::value(path.key(key)));
    Some(words::roles::exclusive(scene, part, site, value))
}
