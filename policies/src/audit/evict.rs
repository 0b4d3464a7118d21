//! Which pods could be evicted so that their controllers make them anew where their rules hold.
//!
//! Nothing is evicted here: this is the plan, for somebody who was asked to carry it out through the
//! Eviction API. A pod is in it only if a required rule of its own is broken, if a controller makes
//! it anew, if there is a node that takes the new one once the old one is gone (the witness), and if
//! its budget allows for it. Each step counts those before it: their pods are taken to be where their
//! witnesses are, and their budgets to be charged.
//!
//! Semantics of budgets: `pkg/registry/core/pod/storage/eviction.go`: a pod that two budgets select
//! can not be evicted.

use std::collections::BTreeMap;

use placecard_feasibility::filter::reason::Reason;
use placecard_feasibility::filter::{Plugin, Rejection};
use placecard_feasibility::inventory::disruption::DisruptionBudget;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::inventory::{Inventory, NamespacedName};
use placecard_feasibility::profile::Profile;
use placecard_feasibility::state::{Board, Standing, State};
use placecard_findings::Severity;
use serde_json::Value;

use super::broken::{Group, facts, names, placed_anew};
use super::live::Look;
use super::profiles;
use crate::cluster::Cluster;
use crate::live::{Live, Watched};
use crate::snapshot::{WrittenPod, parse};
use crate::why::facts::Fact;
use crate::why::groups::Holder;

/// A pod that could be evicted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eviction {
    /// The pod.
    pub pod: NamespacedName,
    /// Who makes it anew.
    pub owner: Holder,
    /// The required rule that does not hold.
    pub fact: Fact,
    /// The node that takes the new pod once the old one is gone.
    pub witness: String,
}

/// What became of an eviction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was only asked what would be done.
    Would,
    /// The pod leaves.
    Done,
    /// The pod is not any more what was judged, and stays.
    Changed,
    /// A budget does not allow for it now; what the API server says.
    Refused(String),
    /// It was not tried, because one before it was refused or failed.
    Left,
    /// It failed; why.
    Failed(String),
}

/// Is this object, as the API server has it now, the pod that was judged: on the same node, with the
/// same rules and labels?
#[must_use]
pub fn is_same(judged: &Pod, found: &Value) -> bool {
    let Ok(read) = parse::<WrittenPod>(&found.to_string()) else { return false };
    let read = read.read();
    read.node == judged.node
        && read.labels == judged.labels
        && read.spec == judged.spec
        && read.owner == judged.owner
        && (judged.uid.is_empty() || read.uid.is_empty() || read.uid == judged.uid)
        && !read.terminating
}

/// The plan: at most `most` pods of each owner. The state is changed: the new pods are where their
/// witnesses are.
#[must_use]
pub fn evictions(
    groups: &[Group],
    cluster: &Cluster,
    state: &mut State,
    most: usize,
) -> Vec<Eviction> {
    let mut plan: Vec<Eviction> = Vec::new();
    let mut allowed: BTreeMap<NamespacedName, i32> = BTreeMap::new();
    let mut board = Board::default();
    // One that leaves may be all that the others needed.
    let mut standing = Standing::new(profiles(cluster));
    for group in groups.iter().filter(|group| is_required(&group.fact, group.severity)) {
        for name in names(group) {
            let of_owner = plan.iter().filter(|one| one.owner == group.owner).count();
            let planned = plan.iter().any(|one| one.pod == name);
            let Some(pod) = cluster.inventory.pods.get(&name) else { continue };
            if of_owner >= most || planned || !comes_again(pod) {
                continue;
            }
            standing.refresh(state);
            let Ok(budget) = budget_of(&cluster.inventory, pod) else { continue };
            if !is_broken(cluster, state, &standing, pod, &group.fact) {
                continue;
            }
            if let Some(budget) = budget {
                let left = allowed.entry((budget.namespace.clone(), budget.name.clone()));
                let pods = || cluster.inventory.pods.values();
                let left = left.or_insert_with(|| budget.disruptions_allowed(pods()));
                if *left <= 0 {
                    continue;
                }
            }
            let Some(witness) = witness(cluster, state, pod, &mut board) else { continue };
            if let Some(budget) = budget
                && let Some(left) =
                    allowed.get_mut(&(budget.namespace.clone(), budget.name.clone()))
            {
                *left -= 1;
            }
            let (owner, fact) = (group.owner.clone(), group.fact.clone());
            plan.push(Eviction { pod: name, owner, fact, witness });
        }
    }
    plan
}

/// The next pod of a live cluster to be evicted, with the pod as it is in the index; nothing is taken
/// from an earlier look but who may be concerned. `leave`: these are left alone.
///
/// Whether the rule holds where the pod is, and whether there is a node that takes the new one, is
/// judged anew, on the nodes and pods of this moment; without all of them nothing is.
#[must_use]
pub fn next_on_live(
    live: &Live,
    look: &Look,
    leave: &dyn Fn(&Holder, &NamespacedName) -> bool,
) -> Option<(Eviction, Pod)> {
    let known = [Watched::Node, Watched::Pod, Watched::Namespace, Watched::PodDisruptionBudget];
    if !known.into_iter().all(|kind| live.is_complete(kind)) {
        return None;
    }
    let state = live.state();
    let profile = Profile::of(state.semantics());
    for remark in &look.remarks {
        let Some(fact) = remark.fact.as_ref() else { continue };
        if !is_required(fact, remark.severity) {
            continue;
        }
        for member in &remark.pods {
            let name = (remark.owner.namespace.clone(), member.pod.clone());
            if leave(&remark.owner, &name) {
                continue;
            }
            let Some(pod) = state.pod(&name.0, &name.1) else { continue };
            let Some(number) = state.pod_number(&name.0, &name.1) else { continue };
            let Some(here) = pod.node.clone().filter(|_| comes_again(&pod)) else { continue };
            if !profile.serves(&pod) || !has_budget(state, &pod) {
                continue;
            }
            let anew = placed_anew(&pod);
            let witness = state.judge_without(&anew, &profile, &[number].into(), |found| {
                let here = found.nodes.iter().find(|one| one.node == &*here)?;
                let own = here.all.iter().any(|(plugin, why)| is_own(*plugin, why));
                found.feasible().next().filter(|_| own).map(str::to_owned)
            });
            if let Some(witness) = witness {
                let (owner, fact) = (remark.owner.clone(), fact.clone());
                return Some((Eviction { pod: name, owner, fact, witness }, pod));
            }
        }
    }
    None
}

/// Is the rejection by a required rule of the pod itself?
fn is_own(plugin: Plugin, rejection: &Rejection) -> bool {
    let own =
        [Reason::NodeAffinity, Reason::NameConflict, Reason::PodAffinity, Reason::PodAntiAffinity];
    matches!(plugin, Plugin::NodeAffinity | Plugin::InterPodAffinity)
        && rejection.reasons.iter().any(|reason| own.contains(reason))
}

fn has_budget(state: &State, pod: &Pod) -> bool {
    match budget_of(state.objects(), pod) {
        Err(()) => false,
        Ok(None) => true,
        Ok(Some(budget)) => state.allowed_by(budget) > 0,
    }
}

/// Does the rule not hold where the pod is now?
fn is_broken(
    cluster: &Cluster,
    state: &State,
    standing: &Standing,
    pod: &Pod,
    fact: &Fact,
) -> bool {
    let node = pod.node.as_deref().and_then(|node| cluster.inventory.nodes.get(node));
    let breaches = standing.breaches(state, &pod.namespace, &pod.name);
    node.is_some_and(|node| facts(&cluster.inventory, pod, node, breaches).contains_key(fact))
}

/// A rule of the pod itself that was required. What evicts pods by itself needs no help, and a volume
/// that is gone is in no other place.
fn is_required(fact: &Fact, severity: Severity) -> bool {
    let own = matches!(
        fact,
        Fact::Label { .. } | Fact::NodeTerms | Fact::Name | Fact::Affinity | Fact::AntiAffinity(_)
    );
    own && severity == Severity::Error
}

/// Does a controller make the pod anew, wherever there is room? A DaemonSet's pods belong to their
/// nodes, and a Job may count an eviction as a failure.
fn comes_again(pod: &Pod) -> bool {
    let kinds = ["ReplicaSet", "StatefulSet", "ReplicationController"];
    let owner = pod.owner.as_ref().is_some_and(|owner| kinds.contains(&owner.kind.as_str()));
    owner && !pod.terminating && !pod.finished
}

/// The budget that covers the pod, if any.
///
/// # Errors
///
/// Several do: the API evicts no such pod.
fn budget_of<'c>(inventory: &'c Inventory, pod: &Pod) -> Result<Option<&'c DisruptionBudget>, ()> {
    let selects = |budget: &&DisruptionBudget| {
        let selector = budget.selector.as_ref();
        budget.namespace == pod.namespace
            && selector.is_some_and(|selector| selector.matches(&pod.labels))
    };
    let mut budgets = inventory.budgets.values().filter(selects);
    match (budgets.next(), budgets.next()) {
        (_, Some(_)) => Err(()),
        (one, None) => Ok(one),
    }
}

/// The node to which the new pod would go; the pod is there from then on. Without one the old pod
/// stays.
fn witness(cluster: &Cluster, state: &mut State, pod: &Pod, board: &mut Board) -> Option<String> {
    let profile = cluster.profile_of(pod)?;
    state.set_profile(profile.into_owned());
    state.remove_pod(&pod.namespace, &pod.name);
    let placed = state.place(&placed_anew(pod), board);
    let node = placed.and_then(|placed| state.node(placed.node)).map(|node| node.name.clone());
    if node.is_none() {
        state.set_pod(pod.clone());
    }
    node
}
