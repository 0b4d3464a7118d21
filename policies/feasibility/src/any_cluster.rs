//! Is there a conceivable cluster on which this pod can be placed?
//!
//! Everything but the pod is free: nodes with any labels, other pods, namespaces with any labels.
//! Only the volumes of the pod that are already known are as they are. The answer is a cluster on
//! which the pod fits, or the few demands of the pod that exclude one another, with a proof that
//! [`check::check`] verifies without the procedures that found it.
//!
//! Nodes and other pods can be decided one after the other: a companion's node shares one label
//! with the pod's node and has no other, so nothing that the pod asks of its own node is in the
//! companion's way. Taints, room, ports and spreading can always be had: a node without taints
//! that is large enough and empty, and companions that terminate, which spread constraints do not
//! count but affinity does. Semantics: the filters of [`crate::judge`].

pub mod check;
mod companions;
pub mod demands;
pub mod kubelet;
mod refute;
mod witness;

use std::collections::BTreeSet;

use crate::any_cluster::companions::{Answer, Problem};
use crate::any_cluster::demands::{NodeDemands, node_demands};
use crate::contradiction::{self, BUDGET, Core, Demand, NodeVerdict};
use crate::inventory::Inventory;
use crate::inventory::pod::{Pod, PodVolume};
use crate::inventory::volume::{StorageClass, Volume};
use crate::judge::Semantics;
use crate::label::{Labels, is_label_value};
use crate::node_terms::Subject;
use crate::pod_affinity::AffinityTerm;

/// What is known of where a volume of the pod can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownVolume {
    /// The name of its claim in the pod's namespace.
    pub claim: String,
    /// Where it can be reached.
    pub reach: Reach,
}

/// Where a volume can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The claim is bound to this volume.
    Bound(Box<Volume>),
    /// The class makes a volume where the pod goes.
    Made(Box<StorageClass>),
}

/// A demand of the pod, by its place in [`Pod`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The entry of `nodeSelector` with this key.
    NodeSelector(String),
    /// Required node affinity, all of its terms.
    NodeAffinity,
    /// `spec.nodeName`.
    NodeName,
    /// The topology key of the required affinity term: its node must have the label.
    AffinityKey(usize),
    /// The topology key of the spread constraint, which is hard: its node must have the label.
    SpreadKey(usize),
    /// The node affinity of a bound volume, by its place among the [`KnownVolume`]s.
    VolumeNodes(usize),
    /// A zone or region label of a bound volume, by its place and the label's key.
    VolumeZone(usize, String),
    /// `allowedTopologies` of the class that makes a volume, by the volume's place.
    ClassTopologies(usize),
    /// The required affinity term.
    Affinity(usize),
    /// The required anti-affinity term.
    AntiAffinity(usize),
    /// No demand of the pod: what a kubelet writes for the label with this key ([`kubelet`]).
    Kubelet(String),
}

/// What has to be true of the world, besides what API servers enforce, for a contradiction to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assumption {
    /// Claims stay bound to the volumes that were given, and these stay as they are.
    VolumesAsGiven,
    /// Nobody makes a volume by hand for a claim whose class makes volumes.
    VolumesAreMade,
    /// The server reads namespace selectors as was said.
    ServerVersion,
    /// Kubelets label the nodes.
    KubeletLabels,
}

/// The demands of a pod that no cluster can meet together, and the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The demands, sorted. With `minimal`, a pod that lacks any one of them could be placed on
    /// some cluster, as far as these demands go.
    pub parts: Vec<Part>,
    /// False if the budget ran out while the set was made smaller.
    pub minimal: bool,
    /// True if it holds before and after kubernetes#141526; otherwise only for the server's
    /// version that was asked about.
    pub every_version: bool,
    /// Why.
    pub proof: Proof,
    /// Of a [`Proof::Node`]: the requirements that clash.
    pub core: Option<Box<Core>>,
}

/// Why no cluster can meet some demands. Indices of terms are those of the pod's lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// No node can meet them.
    Node(Refutation),
    /// The affinity term has no selector: it matches no pod.
    NilSelector {
        /// The affinity term.
        affinity: usize,
    },
    /// No pod can match the selectors of these affinity terms.
    NoCommonPod {
        /// The label that would need two values.
        key: String,
        /// The affinity terms, sorted.
        affinity: Vec<usize>,
    },
    /// No namespace is meant by all these affinity terms.
    NoCommonNamespace {
        /// The affinity terms, sorted.
        affinity: Vec<usize>,
    },
    /// Whatever the affinity terms select is kept away by an anti-affinity term from a domain that
    /// it would have to share, and the pod is none of them itself. If the anti-affinity terms have
    /// several topology keys, then each alone leaves companions, but in namespaces that would need
    /// different labels at once.
    NoCompanion {
        /// The affinity terms, sorted.
        affinity: Vec<usize>,
        /// The anti-affinity terms, sorted.
        anti: Vec<usize>,
    },
}

/// A refutation of demands on a node, by cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refutation {
    /// No value of the label (or no name) is allowed by all demands, given the terms chosen so far.
    NoValue(Subject),
    /// One of the terms of a demand would have to hold. Terms without a case match no node by
    /// themselves.
    Cases {
        /// The demand.
        part: Part,
        /// A term of the demand, from 0, and why it does not help.
        cases: Vec<(usize, Refutation)>,
    },
}

/// A cluster on which the pod fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The cluster.
    pub inventory: Inventory,
    /// The node that takes the pod.
    pub node: String,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnyCluster {
    /// There is such a cluster: this one, by the judge of this crate.
    Satisfiable(Box<Witness>),
    /// There is none.
    Contradiction(Box<Contradiction>),
    /// The budget ran out, or the pod has something that cannot be read and may hold.
    Undecided,
}

impl Contradiction {
    /// What the contradiction rests on besides what API servers enforce.
    #[must_use]
    pub fn assumptions(&self) -> BTreeSet<Assumption> {
        let mut found = BTreeSet::new();
        for part in &self.parts {
            match part {
                Part::VolumeNodes(_) | Part::VolumeZone(..) => {
                    found.insert(Assumption::VolumesAsGiven);
                }
                Part::ClassTopologies(_) => {
                    found.insert(Assumption::VolumesAsGiven);
                    found.insert(Assumption::VolumesAreMade);
                }
                Part::Kubelet(_) => {
                    found.insert(Assumption::KubeletLabels);
                }
                _ => {}
            }
        }
        if !self.every_version {
            found.insert(Assumption::ServerVersion);
        }
        found
    }
}

/// How namespace selectors that the empty set of labels meets are read: kubernetes#141526.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// In affinity terms they mean every namespace.
    pub(crate) affinity_widened: bool,
    /// In anti-affinity terms they mean every namespace.
    pub(crate) anti_widened: bool,
}

impl Reading {
    /// As the server reads them.
    pub(crate) fn of(semantics: Semantics) -> Self {
        let widened = semantics.negative_namespace_selectors_match_all;
        Self { affinity_widened: widened, anti_widened: widened }
    }

    /// So that a contradiction holds for every server: what is wanted is as wide, what is refused
    /// as narrow as any server reads it.
    pub(crate) const EVERY_VERSION: Self = Self { affinity_widened: true, anti_widened: false };
}

/// Does the server's version matter for the term?
fn depends_on_version(term: &AffinityTerm) -> bool {
    let selector = term.namespace_selector.as_ref();
    selector.is_some_and(|one| !one.is_everything() && one.matches(&Labels::new()))
}

/// Where the claims of the pod are bound to volumes, or wait for a class to make one, by an
/// inventory. Claims in any other state say nothing about nodes.
#[must_use]
pub fn known_volumes(pod: &Pod, inventory: &Inventory) -> Vec<KnownVolume> {
    let mut known = Vec::new();
    for volume in &pod.volumes {
        let (PodVolume::Claim(name) | PodVolume::Ephemeral(name)) = volume else { continue };
        let Some(claim) = inventory.claims.get(&(pod.namespace.clone(), name.clone())) else {
            continue;
        };
        let class = inventory.classes.get(&claim.class).filter(|class| class.waits);
        let reach = match inventory.volumes.get(&claim.volume) {
            Some(volume) => Reach::Bound(Box::new(volume.clone())),
            None if !claim.volume.is_empty() => continue,
            None => match class {
                Some(class) => Reach::Made(Box::new(class.clone())),
                None => continue,
            },
        };
        let found = KnownVolume { claim: name.clone(), reach };
        if !known.contains(&found) {
            known.push(found);
        }
    }
    known
}

/// Decides whether some cluster can take the pod. `volumes` is what is known of its claims, for
/// example by [`known_volumes`]; a claim that is not among them may have a volume anywhere. A
/// contradiction uses what is known of volumes only if it must, and holds for every version of the
/// server if there is one that does.
#[must_use]
pub fn decide(pod: &Pod, volumes: &[KnownVolume], semantics: Semantics) -> AnyCluster {
    let demands = node_demands(pod, volumes);
    let node = match decide_node(&demands) {
        NodeAnswer::Fits(node) => node,
        NodeAnswer::Contradiction(found) => return AnyCluster::Contradiction(Box::new(found)),
        NodeAnswer::Undecided => return AnyCluster::Undecided,
    };
    let reading = Reading::of(semantics);
    match decide_pods(pod, reading) {
        Pods::Fit(companions) => {
            let found = witness::build(pod, volumes, &node, &companions);
            let accepted = found.filter(|found| witness::is_accepted(found, pod, semantics));
            accepted.map_or(AnyCluster::Undecided, |found| AnyCluster::Satisfiable(Box::new(found)))
        }
        Pods::Contradiction(found) => AnyCluster::Contradiction(Box::new(found)),
        Pods::Undecided => AnyCluster::Undecided,
    }
}

/// The contradiction between what a pod that some cluster can take demands of its node, and what
/// kubelets write on nodes (A1); `None` if there is none, or the budget ran out.
#[must_use]
pub fn decide_on_kubelets(pod: &Pod) -> Option<Contradiction> {
    let demands = node_demands(pod, &[]).with_kubelet();
    let NodeVerdict::Contradiction(core) = contradiction::decide(&demands.demands, BUDGET) else {
        return None;
    };
    match node_contradiction(&demands, core) {
        NodeAnswer::Contradiction(found) => Some(found),
        NodeAnswer::Fits(_) | NodeAnswer::Undecided => None,
    }
}

enum NodeAnswer {
    Fits(contradiction::Witness),
    Contradiction(Contradiction),
    Undecided,
}

/// Asks without volumes first, then with those that are bound, then with all.
fn decide_node(all: &NodeDemands) -> NodeAnswer {
    let mut fits = None;
    let mut asked = None;
    for level in 0..=2 {
        let demands = all.up_to(level);
        if asked == Some(demands.demands.len()) {
            continue;
        }
        asked = Some(demands.demands.len());
        match contradiction::decide(&demands.demands, BUDGET) {
            NodeVerdict::Satisfiable(node) => fits = Some(node),
            NodeVerdict::Undecided => return NodeAnswer::Undecided,
            NodeVerdict::Contradiction(core) => return node_contradiction(&demands, core),
        }
    }
    fits.map_or(NodeAnswer::Undecided, NodeAnswer::Fits)
}

fn node_contradiction(demands: &NodeDemands, core: Core) -> NodeAnswer {
    let (chosen, core) = without_spare_demands(demands.only(&core.demands), core);
    // The provisioner's plugin may speak of another label on nodes than the volume does.
    if chosen.parts.iter().any(|part| demands.is_translated(part)) {
        return NodeAnswer::Undecided;
    }
    let Some(refutation) = refute::refute(&chosen, BUDGET) else { return NodeAnswer::Undecided };
    let mut parts = chosen.parts;
    parts.sort();
    NodeAnswer::Contradiction(Contradiction {
        parts,
        minimal: core.minimal,
        every_version: true,
        proof: Proof::Node(refutation),
        core: Some(Box::new(core)),
    })
}

/// The most demands of a core that are left out one by one.
const MOST_TRIED: usize = 100;

/// A core about one label may have a demand that by itself can be met nowhere, for reasons of other
/// labels: then this demand alone is the smaller core.
fn without_spare_demands(mut chosen: NodeDemands, mut core: Core) -> (NodeDemands, Core) {
    let compound = |demand: &Demand| demand.terms.iter().any(|term| term.atoms.len() > 1);
    if !chosen.demands.iter().any(compound) {
        return (chosen, core);
    }
    if core.demands.len() > MOST_TRIED {
        core.minimal = false;
        return (chosen, core);
    }
    let mut position = 0;
    while core.demands.len() > 1 {
        let Some(spare) = core.demands.get(position) else { break };
        let rest: Vec<_> = core.demands.iter().copied().filter(|one| one != spare).collect();
        let less = chosen.only(&rest);
        match contradiction::decide(&less.demands, BUDGET) {
            NodeVerdict::Contradiction(smaller) => {
                chosen = less.only(&smaller.demands);
                core = smaller;
                position = 0;
            }
            NodeVerdict::Satisfiable(_) => position += 1,
            NodeVerdict::Undecided => {
                core.minimal = false;
                position += 1;
            }
        }
    }
    (chosen, core)
}

enum Pods {
    Fit(companions::Companions),
    Contradiction(Contradiction),
    Undecided,
}

fn decide_pods(pod: &Pod, reading: Reading) -> Pods {
    if let Some(affinity) = pod.affinity.iter().position(|term| term.selector.is_none()) {
        return Pods::Contradiction(Contradiction {
            parts: vec![Part::Affinity(affinity)],
            minimal: true,
            every_version: true,
            proof: Proof::NilSelector { affinity },
            core: None,
        });
    }
    // There is no such namespace, so nothing can be said of the labels that it would have.
    if !pod.affinity.is_empty() && !is_label_value(&pod.namespace) {
        return Pods::Undecided;
    }
    let problem = Problem::of(pod, reading);
    match problem.solve() {
        Answer::Found(companions) => return Pods::Fit(companions),
        Answer::Undecided => return Pods::Undecided,
        Answer::None => {}
    }
    let terms = pod.affinity.iter().chain(&pod.anti_affinity);
    if !terms.clone().any(depends_on_version) {
        return Pods::Contradiction(pod_contradiction(&problem, true));
    }
    let careful = Problem::of(pod, Reading::EVERY_VERSION);
    let holds = matches!(careful.solve(), Answer::None);
    Pods::Contradiction(pod_contradiction(if holds { &careful } else { &problem }, holds))
}

fn pod_contradiction(problem: &Problem<'_>, every_version: bool) -> Contradiction {
    let (affinity, anti, minimal) = problem.core();
    let mut parts: Vec<Part> = affinity.iter().map(|index| Part::Affinity(*index)).collect();
    parts.extend(anti.iter().map(|index| Part::AntiAffinity(*index)));
    let proof = match problem.label_without_value(&affinity) {
        _ if !anti.is_empty() => Proof::NoCompanion { affinity, anti },
        Some(key) => Proof::NoCommonPod { key, affinity },
        None => Proof::NoCommonNamespace { affinity },
    };
    Contradiction { parts, minimal, every_version, proof, core: None }
}
