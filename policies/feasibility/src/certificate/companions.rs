//! The checker of the argument that replicas must be near and apart: it tries all companions.

use std::collections::{BTreeMap, BTreeSet};

use super::requirements::certainly_selects;
use super::{Manifest, OneReplica, Reach, Refusal};
use crate::inventory::pod::Pod;
use crate::label::Labels;
use crate::pod_affinity::AffinityTerm;
use crate::requirement::Operator;
use crate::selector::Selector;

/// The most companions that are tried.
const MOST: usize = 100_000;

/// Checks that every pod which meets the affinity terms is repelled over the key.
///
/// Whether a selector matches depends on the values of the labels that it names, and only on
/// whether each is one of those that some selector lists. So one pod for each choice of a listed
/// value, another value, or none stands for all.
pub(super) fn one_replica(one: &OneReplica, manifest: &Manifest, need: u64) -> Result<(), Refusal> {
    let pod = &manifest.pod;
    let affinity = chosen(&pod.affinity, &one.affinity).ok_or(Refusal::Facts)?;
    let anti = chosen(&pod.anti_affinity, &one.anti).ok_or(Refusal::Facts)?;
    let known = |index: &usize| manifest.anti_reach.get(*index) == Some(&Reach::AllRevisions);
    if one.need != need || anti.is_empty() || anti.iter().any(|term| term.topology_key != one.key) {
        return Err(Refusal::Facts);
    }
    let over_key = affinity.iter().any(|term| term.topology_key == one.key);
    // All affinity terms must mean the pod itself: then a replica is a companion of the next.
    let alike = (0..pod.affinity.len())
        .all(|index| manifest.affinity_reach.get(index) == Some(&Reach::AllRevisions));
    let own_kind = pod.affinity.iter().all(|term| selects(term, pod, &pod.namespace, &pod.labels));
    if !over_key || !alike || !own_kind || need < 2 || !one.anti.iter().all(known) {
        return Err(Refusal::Argument);
    }
    let terms: Vec<&AffinityTerm> = affinity.iter().chain(&anti).copied().collect();
    if terms.iter().any(|term| !is_plain(term)) {
        return Err(Refusal::Beyond);
    }
    for namespace in namespaces(&terms, pod) {
        for labels in companions(&terms).ok_or(Refusal::Beyond)? {
            let near = affinity.iter().all(|term| selects(term, pod, &namespace, &labels));
            let repelled = anti.iter().any(|term| selects(term, pod, &namespace, &labels));
            if near && !repelled {
                return Err(Refusal::Argument);
            }
        }
    }
    Ok(())
}

fn chosen<'a>(terms: &'a [AffinityTerm], indices: &[usize]) -> Option<Vec<&'a AffinityTerm>> {
    let once = indices.iter().collect::<BTreeSet<_>>().len() == indices.len();
    let found = indices.iter().map(|index| terms.get(*index)).collect::<Option<Vec<_>>>();
    found.filter(|_| once)
}

/// Namespaces by name or all of them, and operators that are known.
fn is_plain(term: &AffinityTerm) -> bool {
    let requirements = || term.selector.iter().flat_map(|one| &one.requirements);
    term.namespace_selector.as_ref().is_none_or(Selector::is_everything)
        && term.selector.is_some()
        && requirements().all(|one| {
            let lists = matches!(one.operator, Operator::In | Operator::NotIn);
            let exists = matches!(one.operator, Operator::Exists | Operator::DoesNotExist);
            (lists && !one.values.is_empty()) || (exists && one.values.is_empty())
        })
}

fn selects(term: &AffinityTerm, own: &Pod, namespace: &str, labels: &Labels) -> bool {
    let silent = term.namespaces.is_empty() && term.namespace_selector.is_none();
    let meant = if silent {
        own.namespace == namespace
    } else {
        // A selector is plain, so that it means every namespace.
        term.namespace_selector.is_some() || term.namespaces.iter().any(|name| name == namespace)
    };
    meant && term.selector.as_ref().is_some_and(|one| certainly_selects(one, labels))
}

/// The namespaces that the terms name, that of the pod, and one that stands for all others: no
/// namespace has a name so long.
fn namespaces(terms: &[&AffinityTerm], own: &Pod) -> BTreeSet<String> {
    let named = terms.iter().flat_map(|term| term.namespaces.iter().cloned());
    named.chain([own.namespace.clone(), "x".repeat(64)]).collect()
}

/// The labels of one pod for each kind that the selectors tell apart; `None` if there are too many.
fn companions(terms: &[&AffinityTerm]) -> Option<Vec<Labels>> {
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in terms.iter().flat_map(|term| &term.selector).flat_map(|one| &one.requirements) {
        values.entry(&one.key).or_default().extend(one.values.iter().map(String::as_str));
    }
    let mut kinds = vec![Labels::new()];
    for (key, listed) in values {
        let other =
            (0..).map(|n| format!("other{n}")).find(|one| !listed.contains(one.as_str()))?;
        if kinds.len().saturating_mul(listed.len() + 2) > MOST {
            return None;
        }
        let mut more = kinds.clone();
        for value in listed.iter().copied().chain([other.as_str()]) {
            for kind in &kinds {
                let mut labels = kind.clone();
                labels.insert(key.to_owned(), value.to_owned());
                more.push(labels);
            }
        }
        kinds = more;
    }
    Some(kinds)
}
