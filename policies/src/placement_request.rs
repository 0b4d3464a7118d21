//! Where a placement request goes on a cluster: filter, score, adapt.
//!
//! A [`PlacementRequest`] is brought into one form ([`PlacementRequest::entries`]), and each of its
//! entries is resolved to the nodes that meet it ([`resolve`], `meaning`). A candidate is a node
//! that fits the pod by every filter of kube-scheduler. Then
//!
//! 1. [`filter::AffinityRequiredFilter`] keeps the candidates that meet every required entry, or
//!    says which entries leave none ([`filter::AffinityRejection`]);
//! 2. [`score::AffinityPreferredScorer`] scores them by the preferred entries, beside the scores of
//!    kube-scheduler ([`score::Parts`], [`score::ScoreWeights`]);
//! 3. [`adapt`] has nothing to do yet: the strength Adaptive is reserved.
//!
//! What entries mean:
//!
//! | category | target | a node meets it toward | away |
//! |---|---|---|---|
//! | Resource, State, Topology | NodeId | it is the node; with a level: it has the node's value of that label | it is not |
//! | Resource | ResourceId | the PersistentVolume can be reached from it (`spec.nodeAffinity`), or it offers the vocabulary's resource | - |
//! | State | LeaseId | a StatefulSet's pod that holds the Lease runs on it; another holder's node is that node; with a level: in that domain | - |
//! | Topology | ServiceId | a pod of the Service runs in its domain of the level, by default the vocabulary's `serviceDomain`, else the node | none does, or it lacks the label |
//! | Topology | RackId | its label of the level, by default `rack`, has the number, written in the level's `format` | it has not |
//! | Trust | TrustDomain | the vocabulary counts it among the domain's nodes; the guard of the domain is tolerated | - |
//!
//! What is required and not known rejects the request ([`filter::AffinityRejection::Unresolved`]);
//! what is preferred and not known is reported, and no node scores for it.
//!
//! On pods, entries become native fields, and kube-scheduler decides. There they mean the same, but
//! where the native fields mean more: a pod that a required Service selects may start away from it
//! while none of its pods runs (the first-pod rule), two required Services toward are not
//! expressible, and pods that run already may repel the new one (`tests/placement_request`).
//!
//! ```
//! use placecard_policies::feasibility::inventory::{Inventory, node::Node, pod::Pod, requests::PODS};
//! use placecard_policies::feasibility::quantity::Quantity;
//! use placecard_policies::language::Words;
//! use placecard_policies::language::affinity::{
//!     Affinity, AffinityStrength, AffinityTarget, ObjectId, PlacementRequest,
//! };
//! use placecard_policies::cluster::Cluster;
//! use placecard_policies::directory::Known;
//! use placecard_policies::language::directory::{ObjectKind, ObjectName};
//! use placecard_policies::placement_request::{Context, filter::AffinityRejection, place};
//! use placecard_policies::surroundings::{Answer, Objects, Reference};
//!
//! // Three nodes in two racks.
//! let mut inventory = Inventory::default();
//! for (name, rack) in [("a", "1"), ("b", "1"), ("c", "2")] {
//!     let labels = [("example.com/rack".to_owned(), rack.to_owned())].into();
//!     let allocatable = [(PODS.to_owned(), Quantity::of_units(110))].into();
//!     let node = Node { name: name.to_owned(), labels, allocatable, ..Node::default() };
//!     inventory.nodes.insert(name.to_owned(), node);
//! }
//! let cluster = Cluster::of(inventory);
//! // What ids stand for: a snapshot has them, and answers may say more.
//! let mut objects = Objects::default();
//! let node = Reference::Object { kind: ObjectKind::Node, id: ObjectId(7) };
//! objects.insert(node, Answer::Name(ObjectName::of("b").into()));
//! let known = Known::beside(&objects, &cluster.inventory);
//! let (words, pod) = (Words::default(), Pod::default());
//! let context = Context::new(&cluster, &words, &known, &pod);
//!
//! let rack = |number| {
//!     Affinity::topology(AffinityStrength::Required, AffinityTarget::rack(number))
//!         .and_then(|entry| entry.with_level("example.com/rack"))
//! };
//! // In rack 1, preferably on node 7.
//! let placement = place(&PlacementRequest::new().affinity(rack(1)).affinity_with(7), &context)?;
//! let ranked: Vec<_> =
//!     placement.candidates.iter().map(|one| (one.node.as_str(), one.parts.affinity)).collect();
//! assert_eq!(ranked, [("b", 100), ("a", 0)]);
//!
//! // Nothing is in rack 3: an empty placement, and the reason.
//! let placement = place(&PlacementRequest::new().affinity(rack(3)), &context)?;
//! assert_eq!(placement.candidates, []);
//! let Some(AffinityRejection::RequiredAffinityUnsatisfiable(elimination)) = placement.rejection
//! else { panic!() };
//! assert_eq!((elimination.candidates, elimination.core), (3, vec![0]));
//! # Ok::<(), placecard_policies::language::affinity::LeaseError>(())
//! ```

pub mod filter;
mod meaning;
pub mod resolve;
pub mod score;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use placecard_feasibility::filter::cycle::{Cycle, Host};
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::judge_cycle;
use placecard_language::Words;
use placecard_language::affinity::{
    Affinity, AffinityStrength, AffinityTarget, LeaseError, PlacementRequest, TaskletAffinity,
};

use crate::cluster::Cluster;
use crate::directory::Known;
use crate::native;
use crate::placed::next_cycle;
use crate::why::groups::Holder;
use filter::{AffinityRejection, AffinityRequiredFilter};
use resolve::Unresolved;
use score::{AffinityPreferredScorer, Parts, ScoreWeights};

/// At most so many entries are placed: as many as there may be alternatives in the node affinity of
/// a pod that rules are expanded in.
pub const MOST_ENTRIES: usize = 64;

/// Everything besides the request.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Nodes, and what runs there.
    pub cluster: &'a Cluster,
    /// What levels, racks, resources and trust domains mean.
    pub words: &'a Words,
    /// What ids, Leases, Services and volumes are.
    pub known: &'a Known<'a>,
    /// What is to be placed: its resources, tolerations and whatever else kube-scheduler reads of a
    /// pod. Native fields that say the same as entries count beside them, so leave them out.
    pub pod: &'a Pod,
    /// The workload whose pods it replaces: they are taken away.
    pub owner: Option<&'a Holder>,
    /// How much each part of the score counts.
    pub weights: ScoreWeights,
}

impl<'a> Context<'a> {
    /// The context of a pod that replaces none, with the default weights.
    #[must_use]
    pub fn new(cluster: &'a Cluster, words: &'a Words, known: &'a Known<'a>, pod: &'a Pod) -> Self {
        Self { cluster, words, known, pod, owner: None, weights: ScoreWeights::default() }
    }
}

/// Where a request goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// All that was asked for, in one form; everything else counts its entries from 0.
    pub entries: Vec<Affinity>,
    /// How many nodes there are.
    pub nodes: usize,
    /// How many of them fit the pod, whatever the entries say: the candidates of the filter.
    pub fitting: usize,
    /// The candidates that meet every required entry, the best first; those with as many points are
    /// in the order of their names.
    pub candidates: Vec<Candidate>,
    /// Why there is no candidate.
    pub rejection: Option<AffinityRejection>,
    /// Preferred entries about something that is not known: no node scores for them.
    pub unresolved: Vec<Unresolved>,
    /// kube-scheduler could not score the pod (a preference of it cannot be read, for example), and
    /// would not place it: only the entries are scored.
    pub unscored: bool,
    /// As the request says it; no stage reads it.
    pub tasklet_affinity: TaskletAffinity,
}

/// A node that meets every required entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// Its name.
    pub node: String,
    /// From 1; candidates with as many points have the same.
    pub rank: usize,
    /// The sum of the parts, each times its weight.
    pub total: i64,
    /// The parts of its score.
    pub parts: Parts,
    /// The preferred entries that it meets.
    pub met: Vec<usize>,
}

/// Places a request.
///
/// # Errors
/// What is wrong with the request itself ([`PlacementRequest::entries`]): nothing is placed then. A
/// request that cannot be met, or has more than [`MOST_ENTRIES`], is no error but an empty placement
/// with its reason.
pub fn place(request: &PlacementRequest, context: &Context<'_>) -> Result<Placement, LeaseError> {
    let entries = request.entries()?;
    let tasklet_affinity = request.tasklet_affinity;
    Ok(Placement { tasklet_affinity, ..place_entries(&entries, context) })
}

/// As [`place`], of entries that are in one form already.
///
/// More than [`MOST_ENTRIES`] are not looked at: the placement is empty
/// ([`AffinityRejection::TooManyEntries`]).
#[must_use]
pub fn place_entries(entries: &[Affinity], context: &Context<'_>) -> Placement {
    if entries.len() > MOST_ENTRIES {
        return Placement {
            entries: entries.to_vec(),
            nodes: context.cluster.inventory.nodes.len(),
            rejection: Some(AffinityRejection::TooManyEntries),
            ..Placement::default()
        };
    }
    let pod = tolerating(context.pod, entries, context.words);
    let cycle = next_cycle(context.cluster, &pod, context.owner);
    let scene = Scene { cycle: &cycle, words: context.words, known: context.known };
    let fitting = fitting(&cycle);
    let placement =
        Placement { nodes: cycle.hosts.len(), fitting: fitting.len(), ..Placement::default() };
    let placement = Placement { entries: entries.to_vec(), ..placement };
    let left = match AffinityRequiredFilter::of(entries, &scene) {
        Ok(_) if fitting.is_empty() => Err(AffinityRejection::NoNodeFits),
        Ok(filter) => filter.filter(fitting),
        Err(unresolved) => Err(AffinityRejection::Unresolved(unresolved)),
    };
    let scorer = AffinityPreferredScorer::of(entries, &scene);
    let placement = Placement { unresolved: scorer.unresolved.clone(), ..placement };
    match left {
        Err(rejection) => Placement { rejection: Some(rejection), ..placement },
        Ok(left) => {
            let scored = scorer.score(&left, &cycle, context.weights);
            let unscored = scored.is_none();
            let scored = scored.unwrap_or_else(|| scorer.score_entries(&left, context.weights));
            Placement { candidates: adapt(ranked(scored)), unscored, ..placement }
        }
    }
}

/// What entries are judged against.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The pod and the cluster.
    pub cycle: &'a Cycle<'a>,
    /// What levels, racks, resources and trust domains mean.
    pub words: &'a Words,
    /// What ids, Leases, Services and volumes are.
    pub known: &'a Known<'a>,
}

/// The pod, let into the trust domains that are required: their guards are tolerated.
fn tolerating(pod: &Pod, entries: &[Affinity], words: &Words) -> Pod {
    let mut pod = pod.clone();
    for entry in entries.iter().filter(|one| one.strength() == AffinityStrength::Required) {
        let AffinityTarget::TrustDomain(name) = entry.target() else { continue };
        let groups = words.trust_domains.get(name);
        for toleration in groups.iter().flat_map(|group| &group.tolerations) {
            let toleration = native::toleration(&native::native_toleration(toleration));
            if !pod.tolerations.contains(&toleration) {
                pod.tolerations.push(toleration);
            }
        }
    }
    pod
}

/// The nodes that every filter of kube-scheduler lets through.
fn fitting<'c, 'a>(cycle: &'c Cycle<'a>) -> Vec<&'c Host<'a>> {
    let judgement = judge_cycle(cycle);
    let names: BTreeSet<&str> = judgement.feasible().collect();
    cycle.hosts.iter().filter(|host| names.contains(host.node.name.as_str())).collect()
}

/// The best first, and ties by name.
fn ranked(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by(|a, b| (Reverse(a.total), &a.node).cmp(&(Reverse(b.total), &b.node)));
    let mut last: Option<(i64, usize)> = None;
    for (position, candidate) in candidates.iter_mut().enumerate() {
        let tied = last.filter(|(total, _)| *total == candidate.total).map(|(_, rank)| rank);
        candidate.rank = tied.unwrap_or(position + 1);
        last = Some((candidate.total, candidate.rank));
    }
    candidates
}

/// Adapts the ranked candidates to what is known beyond the cluster of the moment. Entries of the
/// strength Adaptive will count here; that strength is reserved, no entry can have it, so it gives
/// back what it gets.
#[must_use]
pub fn adapt(candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates
}
