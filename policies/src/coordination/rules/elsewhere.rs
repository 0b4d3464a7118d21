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

/// A member whose own controller already keeps its pods to a domain, by another label or with
/// several of them in a batch.
pub(super) fn exclusive(scene: &Scene<'_>, part: &Part<'_>) -> Option<Finding> {
    let mut paths = vec![FieldPath::of(&["metadata", "annotations"])];
    let inside = named(&part.player.written, "replicatedJobs", &part.player.inside);
    paths.extend(inside.map(|path| path.keys(&["template", "metadata", "annotations"])));
    for path in paths {
        let annotations = part.player.written.pointer(&path.pointer());
        for key in EXCLUSIVE {
            let value = annotations.and_then(|all| all.get(key)).and_then(Value::as_str);
            let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
            if value == part.affinity.topology_key && part.ratio == 1 {
                continue;
            }
            let site = part.player.at(Site::value(path.key(key)));
            return Some(words::roles::exclusive(scene, part, site, value));
        }
    }
    None
}
