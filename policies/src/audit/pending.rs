//! Pending pods that no node takes, by owner.

use std::collections::BTreeMap;

use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::state::{Scratch, State};

use crate::cluster::Cluster;
use crate::placed::next_cycle;
use crate::why::groups::Holder;
use crate::why::outlook::{Outlook, outlook};
use crate::why::{Diagnosis, diagnose};

/// Pods of one owner that no node takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Whose pods they are.
    pub owner: Holder,
    /// Their names, in order; not empty.
    pub pods: Vec<String>,
    /// The first of them.
    pub example: Pod,
    /// Why, of the first pod; `None`: too many owners wait, and `placecard why` has to be asked.
    pub why: Option<Why>,
}

/// Why a pod is pending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// What was found on each node, and what would help.
    pub diagnosis: Diagnosis,
    /// What is to be expected.
    pub outlook: Outlook,
}

/// Owners whose pods are explained: each costs some judgements of all nodes.
const MOST_EXPLAINED: usize = 24;

/// The pods among `waiting` that no node takes. The state is left as it was.
#[must_use]
pub fn pending(cluster: &Cluster, state: &mut State, waiting: &[&Pod]) -> Vec<Pending> {
    let mut scratch = Scratch::default();
    let mut shut: BTreeMap<Holder, Vec<&Pod>> = BTreeMap::new();
    for pod in waiting {
        // A pod for which room is being made must not stand in its own way.
        let nominated = pod.nominated_node.is_some();
        if nominated {
            state.remove_pod(&pod.namespace, &pod.name);
        }
        if let Some(profile) = cluster.profile_of(pod) {
            state.set_profile(profile.into_owned());
        }
        let prepared = state.prepare(pod);
        if state.decide(pod, prepared, &mut scratch).feasible_count == 0 {
            shut.entry(Holder::of(pod)).or_default().push(pod);
        }
        if nominated {
            state.set_pod((*pod).clone());
        }
    }
    let explained = |(at, (owner, pods)): (usize, (Holder, Vec<&Pod>))| {
        let example = (*pods.first()?).clone();
        let why = (at < MOST_EXPLAINED).then(|| explain(cluster, &example));
        let pods = pods.iter().map(|pod| pod.name.clone()).collect();
        Some(Pending { owner, pods, example, why })
    };
    shut.into_iter().enumerate().filter_map(explained).collect()
}

fn explain(cluster: &Cluster, pod: &Pod) -> Why {
    let cycle = next_cycle(cluster, pod, None);
    let diagnosis = diagnose(&cycle);
    let outlook = outlook(&cycle, !diagnosis.feasible.is_empty());
    Why { diagnosis, outlook }
}
