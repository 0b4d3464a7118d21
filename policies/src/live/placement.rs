//! The live cluster as templates are judged on it.
//!
//! Whether a pod fits is asked of the counts, with what its own namespace holds beside them. Only
//! for what fits nowhere the cluster is written out, so that the reasons are found and said exactly
//! as for a snapshot.

use std::collections::BTreeSet;
use std::sync::TryLockError;

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::Judgement;
use placecard_feasibility::profile::Profile;
use placecard_feasibility::state::{Scratch, State};
use placecard_language::checked::Words;
use placecard_language::vocabulary::Inventory as Closeness;

use super::Live;
use crate::cluster::{Cluster, Counts};
use crate::node_templates::node_templates;

/// What a report calls it.
const NAME: &str = "live";

impl Live {
    /// The cluster as far as what a namespace lets in depends on it: its pods, quotas and limit
    /// ranges, and the priority classes.
    pub(crate) fn local(&self, namespace: &str, words: &Words) -> Cluster {
        let objects = self.state().objects();
        let pods = self.state().pods_in(namespace).into_iter();
        let quotas = objects.quotas.iter().filter(|((of, _), _)| of == namespace);
        let ranges = objects.limit_ranges.iter().filter(|((of, _), _)| of == namespace);
        let inventory = Inventory {
            pods: pods.collect(),
            quotas: quotas.map(copy).collect(),
            limit_ranges: ranges.map(copy).collect(),
            priority_classes: objects.priority_classes.clone(),
            unknown: objects.unknown.clone(),
            ..Inventory::default()
        };
        self.cluster_of(inventory, words)
    }

    /// Does something with the whole cluster, which takes time and memory for each pod; `None` if
    /// somebody else does so just now.
    pub(crate) fn with_whole<R>(
        &self,
        words: &Words,
        ask: impl FnOnce(&Cluster) -> R,
    ) -> Option<R> {
        let _turn = match self.writing_out.try_lock() {
            Ok(turn) => turn,
            // Whoever failed while holding it has left nothing behind.
            Err(TryLockError::Poisoned(left)) => left.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        let mut inventory = self.state().inventory();
        inventory.templates = node_templates(words);
        Some(ask(&self.cluster_of(inventory, words)))
    }

    fn cluster_of(&self, inventory: Inventory, words: &Words) -> Cluster {
        Cluster {
            inventory,
            semantics: self.state().semantics(),
            name: NAME.to_owned(),
            closed: words.inventory == Closeness::Closed,
            schedulers: None,
            counts: Counts::default(),
        }
    }

    /// How many nodes fit the pod, by a profile, as if these pods were not there.
    pub(crate) fn fitting<'p>(
        &self,
        pod: &Pod,
        profile: &Profile,
        without: impl Iterator<Item = &'p Pod>,
    ) -> usize {
        let state: &State = self.state();
        let number = |pod: &Pod| state.pod_number(&pod.namespace, &pod.name);
        let leave: BTreeSet<u32> = without.filter_map(number).collect();
        let ordinary = *profile == Profile::of(state.semantics());
        if let Some(prepared) = state.prepared(pod).filter(|_| ordinary && leave.is_empty()) {
            return state.decide(pod, prepared, &mut Scratch::default()).feasible_count;
        }
        let count = |judgement: &Judgement<'_>| judgement.feasible().count();
        state.judge_without(pod, profile, &leave, count)
    }
}

fn copy<K: Clone, V: Clone>((key, value): (&K, &V)) -> (K, V) {
    (key.clone(), value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surroundings::ServerVersion;

    #[test]
    fn one_copy_at_a_time_is_written_out() {
        let live = Live::new(ServerVersion::default());
        let (copy, words) = (live.clone(), Words::default());
        let nodes = |cluster: &Cluster| cluster.inventory.nodes.len();
        let inside = live.with_whole(&words, |_| copy.with_whole(&words, nodes));
        assert_eq!(inside, Some(None));
        assert_eq!(copy.with_whole(&words, nodes), Some(0));
    }
}
