//! The checker of arguments that count replicas and domains.

use std::collections::BTreeSet;

use super::requirements::{certainly_selects, listed, ways};
use super::{Manifest, Pigeonhole, Reach, Refusal, SharedClaim, SpreadWindow};
use crate::inventory::pod::{Pod, PodVolume, WhenUnsatisfiable};
use crate::label::NAMESPACE_NAME;
use crate::pod_affinity::AffinityTerm;
use crate::requirement::Operator;
use crate::selector::Selector;

/// The access mode of a claim that one pod at a time may use.
const ONE_POD: &str = "ReadWriteOncePod";

/// More domains than any cluster has nodes: with this `minDomains` it does not matter which count.
const NO_CLUSTER_HAS: i32 = i32::MAX;

fn require(holds: bool, refusal: Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(refusal) }
}

/// Checks self anti-affinity over a finite set of domains.
pub(super) fn pigeonhole(
    one: &Pigeonhole,
    manifest: &Manifest,
    need: u64,
    all_revisions: bool,
) -> Result<(), Refusal> {
    let pod = &manifest.pod;
    let term = pod.anti_affinity.get(one.term).ok_or(Refusal::Facts)?;
    let reach = manifest.anti_reach.get(one.term).copied().unwrap_or_default();
    require(one.key == term.topology_key && one.need == need, Refusal::Facts)?;
    require(reaches(reach, all_revisions) && selects_itself(term, pod), Refusal::Argument)?;
    require(one.per_domain == 1, Refusal::Argument)?;
    same_domains(&one.domains, pod, &one.key)?;
    too_many(&one.domains, one.per_domain, need)
}

/// Checks a spread constraint that never finds enough domains.
pub(super) fn spread_window(
    one: &SpreadWindow,
    manifest: &Manifest,
    need: u64,
    all_revisions: bool,
    taints: bool,
) -> Result<(), Refusal> {
    let pod = &manifest.pod;
    let spread = pod.spread.get(one.constraint).ok_or(Refusal::Facts)?;
    let reach = manifest.spread_reach.get(one.constraint).copied().unwrap_or_default();
    let same = |stated: u64, written: i32| u64::try_from(written) == Ok(stated);
    require(
        one.key == spread.topology_key
            && one.need == need
            && same(one.max_skew, spread.max_skew)
            && same(one.min_domains, spread.min_domains),
        Refusal::Facts,
    )?;
    require(taints || !spread.honor_taints, Refusal::Assumptions)?;
    let counts_itself = spread.selector.as_ref().is_some_and(|selector| {
        !selector.requirements.is_empty() && certainly_selects(selector, &pod.labels)
    });
    let hard = spread.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule;
    let never_enough = spread.honor_affinity || spread.min_domains == NO_CLUSTER_HAS;
    require(hard && never_enough && counts_itself, Refusal::Argument)?;
    require(reaches(reach, all_revisions), Refusal::Argument)?;
    same_domains(&one.domains, pod, &one.key)?;
    require(count(&one.domains) < one.min_domains, Refusal::Argument)?;
    too_many(&one.domains, one.max_skew, need)
}

/// Checks a claim that one pod at a time may use.
pub(super) fn shared_claim(
    one: &SharedClaim,
    manifest: &Manifest,
    need: u64,
) -> Result<(), Refusal> {
    let mounts =
        |volume: &PodVolume| matches!(volume, PodVolume::Claim(name) if *name == one.claim);
    let modes = manifest.access_modes.get(&one.claim);
    let one_pod = modes.is_some_and(|modes| modes.iter().any(|mode| mode == ONE_POD));
    require(manifest.pod.volumes.iter().any(mounts) && one.need == need, Refusal::Facts)?;
    require(one_pod && need > 1, Refusal::Argument)
}

fn reaches(reach: Reach, all_revisions: bool) -> bool {
    match reach {
        Reach::AllRevisions => true,
        Reach::OneRevision => !all_revisions,
        Reach::Unknown => false,
    }
}

/// Does the term certainly select a pod like the one that has it, however its namespace is
/// labelled?
fn selects_itself(term: &AffinityTerm, pod: &Pod) -> bool {
    let silent = term.namespaces.is_empty() && term.namespace_selector.is_none();
    let named = term.namespaces.contains(&pod.namespace);
    let labelled = term.namespace_selector.as_ref().is_some_and(|one| always(one, &pod.namespace));
    let selected = term.selector.as_ref().is_some_and(|one| certainly_selects(one, &pod.labels));
    selected && (silent || named || labelled)
}

/// Does the selector match each namespace of this name?
fn always(selector: &Selector, namespace: &str) -> bool {
    selector.requirements.iter().all(|one| {
        let listed = one.values.iter().any(|value| value == namespace);
        one.key == NAMESPACE_NAME
            && !namespace.is_empty()
            && match one.operator {
                Operator::In => listed,
                Operator::NotIn => !listed && !one.values.is_empty(),
                Operator::Exists => one.values.is_empty(),
                _ => false,
            }
    })
}

/// Are these, each once and in order, the values of the label that the pod's node rules allow?
fn same_domains(stated: &[String], pod: &Pod, key: &str) -> Result<(), Refusal> {
    let mut allowed: BTreeSet<&str> = BTreeSet::new();
    for way in ways(&pod.node_selector, &pod.node_affinity) {
        let asked = |key: &str| way.get(key).and_then(|asked| listed(asked));
        if way.keys().any(|key| asked(key).is_some_and(|values| values.is_empty())) {
            continue;
        }
        for value in asked(key).ok_or(Refusal::Argument)? {
            match value {
                Some(value) => allowed.insert(value),
                None if must_carry(pod, key) => continue,
                None => return Err(Refusal::Argument),
            };
        }
    }
    require(stated.iter().map(String::as_str).eq(allowed), Refusal::Facts)
}

/// Must the node carry the label because a required topology key names it?
fn must_carry(pod: &Pod, key: &str) -> bool {
    pod.affinity.iter().any(|term| term.topology_key == key)
        || pod.spread.iter().any(|spread| {
            spread.topology_key == key
                && spread.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule
        })
}

fn count(domains: &[String]) -> u64 {
    u64::try_from(domains.len()).unwrap_or(u64::MAX)
}

fn too_many(domains: &[String], each: u64, need: u64) -> Result<(), Refusal> {
    let room = count(domains).saturating_mul(each);
    require(!domains.is_empty() && need > room, Refusal::Argument)
}
