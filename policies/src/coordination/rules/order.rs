//! Pods that come one after the other where a batch waits until all of its pods are there.

use placecard_findings::{FieldPath, Finding, Site};
use placecard_language::coordination::{AffinityScheduling, OnTimeout, Placement};
use serde_json::Value;

use super::{Part, Scene, elsewhere};
use crate::coordination::players::named;
use crate::words;

/// Something holds the pods of a batch back until all of them are there.
pub(super) fn waits_for_all(affinity: &AffinityScheduling) -> bool {
    affinity.placement != Placement::Affinity
}

/// What holds them back lets go after some time, so that the next pods can come.
pub(crate) fn gives_up(affinity: &AffinityScheduling) -> bool {
    affinity.placement == Placement::Gated
        && affinity.timeout_seconds.is_some()
        && affinity.on_timeout == OnTimeout::Release
}

/// A StatefulSet that makes the next pod only when the one before it runs and is ready
/// (apps/v1 `podManagementPolicy`, `pkg/controller/statefulset/stateful_set_control.go`): one that
/// waits for the next one never is.
pub(super) fn one_by_one(scene: &Scene<'_>, part: &Part<'_>) -> Option<Finding> {
    let object = &part.player.object;
    let counts = |count: u64| count > 1;
    if object.kind.is_none_or(|row| row.kind != "StatefulSet")
        || object.management == "Parallel"
        || part.ratio < 2
        || !waits_for_all(part.affinity)
        || !part.player.count.as_ref().is_some_and(|count| counts(count.replicas))
    {
        return None;
    }
    let spec = FieldPath::of(&["spec"]);
    let site = match object.management.as_str() {
        "" => Site::key(spec),
        _ => Site::value(spec.key("podManagementPolicy")),
    };
    Some(words::roles::one_by_one(scene, part, part.player.at(site)))
}

/// Replicas of several pods of which the others come once the first one runs, or has a node.
pub(super) fn after_leader(scene: &Scene<'_>, part: &Part<'_>) -> Option<Finding> {
    // A set without templates says how large its groups are all the same.
    let size = part.player.written.pointer("/spec/leaderWorkerTemplate/size");
    let size = size.and_then(Value::as_u64).unwrap_or(1);
    if part.player.pods.max(size) < 2 || !waits_for_all(part.affinity) {
        return None;
    }
    let policy = part.player.written.pointer("/spec/startupPolicy");
    let is_set = part.player.object.reference.kind == "LeaderWorkerSet";
    if is_set && policy.is_some_and(|one| one == "LeaderReady") {
        let path = FieldPath::of(&["spec", "startupPolicy"]);
        let site = part.player.at(Site::value(path));
        return Some(words::roles::after_leader(scene, part, site, "LeaderReady"));
    }
    let (site, quote) = elsewhere::leader_first(part)?;
    Some(words::roles::after_leader(scene, part, site, &quote))
}

/// One role of a group comes after another one of the same batch is ready.
pub(super) fn one_role_after_another(scene: &Scene<'_>, parts: &[Part<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for later in parts.iter().filter(|part| waits_for_all(part.affinity)) {
        let same = |other: &&Part<'_>| {
            let (a, b) = (&other.player.object.reference, &later.player.object.reference);
            a == b && other.player.inside != later.player.inside
        };
        let after = parts.iter().filter(same).find_map(|earlier| {
            comes_after(&later.player.written, &later.player.inside, &earlier.player.inside)
                .map(|site| (earlier, site))
        });
        if let Some((earlier, site)) = after {
            let site = later.player.at(site);
            findings.push(words::roles::one_after_another(scene, earlier, later, site));
        }
    }
    findings
}

/// Where it is written that the pods of `later` come only after those of `earlier` are ready:
/// `dependencies` of the roles of a RoleBasedGroup; `dependsOn` of replicated Jobs, or their order
/// under `startupPolicyOrder: InOrder`.
fn comes_after(written: &Value, later: &str, earlier: &str) -> Option<Site> {
    let in_order = written.pointer("/spec/startupPolicy/startupPolicyOrder");
    if in_order.is_some_and(|order| order == "InOrder") {
        let (first, second) =
            (named(written, "replicatedJobs", earlier)?, named(written, "replicatedJobs", later)?);
        let path = FieldPath::of(&["spec", "startupPolicy", "startupPolicyOrder"]);
        return (first < second).then(|| Site::value(path));
    }
    for (list, field) in [("roles", "dependencies"), ("replicatedJobs", "dependsOn")] {
        let Some(path) = named(written, list, later) else { continue };
        let path = path.key(field);
        for (index, name) in dependencies(written, &path).into_iter().enumerate() {
            if reaches(written, (list, field), &name, earlier) {
                return Some(Site::value(path.index(index)));
            }
        }
    }
    None
}

/// The names in a list of names, or of objects with names.
fn dependencies(written: &Value, path: &FieldPath) -> Vec<String> {
    let list = written.pointer(&path.pointer()).and_then(Value::as_array);
    let name = |one: &Value| one.as_str().or_else(|| one.get("name")?.as_str()).map(str::to_owned);
    list.into_iter().flatten().map(|one| name(one).unwrap_or_default()).collect()
}

/// Whether `from` is `to`, or comes after it in turn.
fn reaches(written: &Value, (list, field): (&str, &str), from: &str, to: &str) -> bool {
    let mut open = vec![from.to_owned()];
    let mut seen: Vec<String> = Vec::new();
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        if seen.contains(&name) {
            continue;
        }
        if let Some(path) = named(written, list, &name) {
            open.extend(dependencies(written, &path.key(field)));
        }
        seen.push(name);
    }
    false
}
