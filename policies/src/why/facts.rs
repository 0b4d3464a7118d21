//! What each demand of a pod finds on each node: all of it, not only what the scheduler meets first.

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::filter::cycle::{Cycle, Host};
use placecard_feasibility::filter::inter_pod_affinity::{existing_selects, incoming_term};
use placecard_feasibility::filter::reason::Reason;
use placecard_feasibility::filter::{
    Plugin, Rejection, Stage, node_ports, pod_topology_spread, volume_binding,
};
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::{Pod, PodVolume, TopologySpread};
use placecard_feasibility::inventory::requests::{Resources, requests};
use placecard_feasibility::inventory::volume::Claim;
use placecard_feasibility::judge::{Judgement, NodeJudgement};
use placecard_feasibility::node_terms::{NodeFacts, NodeTerm, term_matches};
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::requirement::Requirement;
use placecard_feasibility::tolerations::{Taint, untolerated};

use super::amounts::amount_of;

/// How much of a resource a node lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// Enough is there, but other pods have it.
    Taken,
    /// The node is too small, even without any pod.
    Small,
    /// The node has nothing of it.
    None,
}

/// A demand of the pod, or of a pod that is there, that a node does not meet; the same for all
/// nodes that do not meet it in the same way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// The node is cordoned.
    Cordoned,
    /// A taint that the pod does not tolerate.
    Taint(Taint),
    /// An entry of `nodeSelector`, or a requirement of the only term of required node affinity.
    Label {
        /// The requirement.
        requirement: Requirement,
        /// The node has the label, with another value.
        there: bool,
    },
    /// None of several terms of required node affinity.
    NodeTerms,
    /// The pod names another node.
    Name,
    /// A host port that another pod has.
    Port(i32),
    /// The node runs as many pods as it may.
    Slots,
    /// Too little of a resource.
    Resource {
        /// Which.
        name: String,
        /// How much is lacking.
        lack: Lack,
    },
    /// A disk that another pod uses.
    Disk,
    /// A claim that only one pod may use, and one does.
    ClaimInUse(String),
    /// The node holds as many volumes of a driver as it can.
    VolumeLimit,
    /// The node does not reach the volume of a claim.
    Volume {
        /// The claim.
        claim: String,
        /// Its volume.
        volume: String,
    },
    /// No volume for a claim can be found, or made, here.
    NoVolume,
    /// The volume of a claim is in another zone or region.
    VolumeZone,
    /// The node lacks the key of the spread constraint at this index.
    SpreadKey(usize),
    /// One more pod would exceed the spread constraint at this index.
    Spread(usize),
    /// No pod that matches all terms of required pod affinity is near.
    Affinity,
    /// A pod that the anti-affinity term at this index matches is near.
    AntiAffinity(usize),
    /// A pod that is near keeps this one away, by the node label with this key.
    Repelled(String),
    /// Room is being made on the node for pods of at least the same priority.
    Reserved,
    /// Anything else, in the scheduler's words.
    Other(Plugin, Reason),
}

impl Fact {
    /// The plugin that rejects a node for it.
    #[must_use]
    pub fn plugin(&self) -> Plugin {
        match self {
            Self::Cordoned => Plugin::NodeUnschedulable,
            Self::Taint(_) => Plugin::TaintToleration,
            Self::Label { .. } | Self::NodeTerms => Plugin::NodeAffinity,
            Self::Name => Plugin::NodeName,
            Self::Port(_) => Plugin::NodePorts,
            Self::Slots | Self::Resource { .. } | Self::Reserved => Plugin::NodeResourcesFit,
            Self::Disk | Self::ClaimInUse(_) => Plugin::VolumeRestrictions,
            Self::VolumeLimit => Plugin::NodeVolumeLimits,
            Self::Volume { .. } | Self::NoVolume => Plugin::VolumeBinding,
            Self::VolumeZone => Plugin::VolumeZone,
            Self::SpreadKey(_) | Self::Spread(_) => Plugin::PodTopologySpread,
            Self::Affinity | Self::AntiAffinity(_) | Self::Repelled(_) => Plugin::InterPodAffinity,
            Self::Other(plugin, _) => *plugin,
        }
    }
}

/// What was found of a [`Fact`] on one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// The amount that is there: free or allocatable, pods allowed, or pods in the domain; of a
    /// spread constraint, what the skew would be.
    pub amount: i64,
    /// How much of a resource is free: what the pod could ask for at most.
    pub free: i64,
    /// The label's value, or the domain.
    pub value: Option<String>,
}

impl Detail {
    fn valued(value: Option<String>) -> Self {
        Self { value, ..Self::default() }
    }

    fn counted(amount: i64, value: Option<String>) -> Self {
        Self { amount, value, ..Self::default() }
    }
}

/// The facts of one node, in their order; none if the node fits.
pub type Facts = BTreeMap<Fact, Detail>;

/// Pods by the label, and by the value that makes up a domain.
type ByDomain<'a> = BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a Pod>>>;

/// What was counted once for all nodes.
pub(crate) struct Scene<'a> {
    pub(crate) cycle: &'a Cycle<'a>,
    request: Resources,
    spread: Stage<pod_topology_spread::State<'a>>,
    /// By the index of the pod's own anti-affinity term: the pods that it matches.
    own: Vec<ByDomain<'a>>,
    /// The pods whose anti-affinity matches the pod.
    repelling: ByDomain<'a>,
    /// The domains where a term of the pod's own matches all of those: by key and value.
    mutual: BTreeSet<(&'a str, &'a str)>,
    /// The pods that use a claim of the pod's which only one pod may use.
    claim_users: BTreeMap<&'a str, Vec<&'a Pod>>,
}

impl<'a> Scene<'a> {
    pub(crate) fn of(cycle: &'a Cycle<'a>) -> Self {
        let terms: Vec<_> =
            cycle.pod.anti_affinity.iter().map(|term| incoming_term(cycle, term)).collect();
        let namespace = cycle.namespace_labels(&cycle.pod.namespace);
        let mut own = vec![ByDomain::new(); terms.len()];
        let mut repelling = ByDomain::new();
        for host in &cycle.hosts {
            for other in &host.pods {
                for (term, found) in terms.iter().zip(&mut own) {
                    if term.selects(other) {
                        note(found, &term.term().topology_key, host.node, other);
                    }
                }
                for term in &other.anti_affinity {
                    if existing_selects(term, other, cycle.pod, namespace) {
                        note(&mut repelling, &term.topology_key, host.node, other);
                    }
                }
            }
        }
        let mutual = mutual(cycle.pod, &own, &repelling);
        Self {
            cycle,
            request: Resources::of(&requests(cycle.pod, None)),
            spread: pod_topology_spread::pre_filter(cycle),
            own,
            repelling,
            mutual,
            claim_users: claim_users(cycle),
        }
    }

    /// The pods that use the claim, of which only one may.
    pub(crate) fn users(&self, claim: &str) -> &[&'a Pod] {
        self.claim_users.get(claim).map(Vec::as_slice).unwrap_or_default()
    }

    /// The pods near the node that the pod's anti-affinity term at `index` matches.
    pub(crate) fn matched(&self, index: usize, node: &Node) -> &[&'a Pod] {
        let term = self.cycle.pod.anti_affinity.get(index);
        let domains = self.own.get(index);
        domains
            .zip(term)
            .map(|(pods, term)| near(pods, &term.topology_key, node))
            .unwrap_or_default()
    }

    /// The pods near the node, by the label `key`, that keep the pod away.
    pub(crate) fn repellers(&self, key: &str, node: &Node) -> &[&'a Pod] {
        near(&self.repelling, key, node)
    }

    /// What the spread constraints count for the node.
    fn counts<'s>(
        &'s self,
        node: &'s Node,
    ) -> impl Iterator<Item = pod_topology_spread::Count<'s>> {
        let state = self.spread.ready().into_iter();
        state.flat_map(|state| state.counts(self.cycle.pod, node))
    }

    /// The domains that have fewest pods of the constraint.
    pub(crate) fn emptiest<'s>(
        &'s self,
        spread: &'s TopologySpread,
    ) -> impl Iterator<Item = &'s str> {
        self.spread.ready().into_iter().flat_map(|state| state.emptiest(spread))
    }

    /// What the pod asks of a resource, thousandths of CPU.
    pub(crate) fn asked(&self, resource: &str) -> i64 {
        amount_of(&self.request, resource)
    }
}

/// The domains in which the pods that keep the pod away are all matched by one of its own terms
/// over the same label.
fn mutual<'a>(
    pod: &'a Pod,
    own: &[ByDomain<'a>],
    repelling: &ByDomain<'a>,
) -> BTreeSet<(&'a str, &'a str)> {
    let mut found = BTreeSet::new();
    let domains = repelling.iter().flat_map(|(key, values)| values.iter().map(move |it| (key, it)));
    for (key, (value, repellers)) in domains {
        let terms = pod.anti_affinity.iter().zip(own);
        let same = terms.filter(|(term, _)| term.topology_key == **key);
        let covers = |(_, matched): (&AffinityTerm, &ByDomain<'a>)| {
            let there = matched.get(key).and_then(|values| values.get(value));
            let there: BTreeSet<*const Pod> =
                there.into_iter().flatten().map(|pod| std::ptr::from_ref(*pod)).collect();
            repellers.iter().all(|pod| there.contains(&std::ptr::from_ref(*pod)))
        };
        if same.into_iter().any(covers) {
            found.insert((*key, *value));
        }
    }
    found
}

/// The claims that the pod names and that are there.
pub(crate) fn claims<'a>(cycle: &'a Cycle<'_>) -> impl Iterator<Item = &'a Claim> {
    cycle.pod.volumes.iter().filter_map(|volume| match volume {
        PodVolume::Claim(name) | PodVolume::Ephemeral(name) => {
            cycle.inventory.claims.get(&(cycle.pod.namespace.clone(), name.clone()))
        }
        PodVolume::Disk(_) | PodVolume::Migrated(_) => None,
    })
}

/// Who uses the claims of the pod that only one pod may use.
fn claim_users<'a>(cycle: &'a Cycle<'a>) -> BTreeMap<&'a str, Vec<&'a Pod>> {
    let mut found = BTreeMap::new();
    for claim in claims(cycle).filter(|claim| is_exclusive(claim)) {
        let uses = |pod: &&&Pod| {
            let mut volumes = pod.volumes.iter();
            pod.namespace == cycle.pod.namespace
                && volumes.any(|one| matches!(one, PodVolume::Claim(name) if *name == claim.name))
        };
        let pods = cycle.hosts.iter().flat_map(|host| &host.pods);
        let users: Vec<&Pod> = pods.filter(uses).copied().collect();
        if !users.is_empty() {
            found.insert(claim.name.as_str(), users);
        }
    }
    found
}

/// The pods in the node's domain.
fn near<'s, 'a>(pods: &'s ByDomain<'a>, key: &str, node: &Node) -> &'s [&'a Pod] {
    let value = node.labels.get(key);
    let found = value.and_then(|value| pods.get(key)?.get(value.as_str()));
    found.map(Vec::as_slice).unwrap_or_default()
}

fn note<'a>(found: &mut ByDomain<'a>, key: &'a str, node: &'a Node, pod: &'a Pod) {
    if let Some(value) = node.labels.get(key) {
        let pods = found.entry(key).or_default().entry(value).or_default();
        if pods.last().is_none_or(|last| !std::ptr::eq(*last, pod)) {
            pods.push(pod);
        }
    }
}

/// The facts of every node, in the order of the judgement.
pub(crate) fn all_facts(scene: &Scene<'_>, judgement: &Judgement<'_>) -> Vec<Facts> {
    let hosts = scene.cycle.hosts.iter().zip(&judgement.nodes);
    hosts.map(|(host, node)| facts(scene, host, node)).collect()
}

fn facts(scene: &Scene<'_>, host: &Host<'_>, judged: &NodeJudgement<'_>) -> Facts {
    let mut facts = Facts::new();
    for (plugin, rejection) in &judged.all {
        let before = facts.len();
        of_plugin(scene, host, *plugin, rejection, &mut facts);
        if facts.len() == before {
            for reason in &rejection.reasons {
                facts.insert(Fact::Other(*plugin, reason.clone()), Detail::default());
            }
        }
    }
    let Some(first) = judged.first.as_ref().filter(|_| facts.is_empty()) else { return facts };
    let by_name = |reason: &Reason| matches!(reason, Reason::NotNamed(_) | Reason::NamedApart(_));
    let fact =
        if first.rejection.reasons.iter().any(by_name) { Fact::Name } else { Fact::Reserved };
    facts.insert(fact, Detail::default());
    facts
}

fn of_plugin(
    scene: &Scene<'_>,
    host: &Host<'_>,
    plugin: Plugin,
    rejection: &Rejection,
    facts: &mut Facts,
) {
    let mut plain = |fact| facts.insert(fact, Detail::default());
    match plugin {
        Plugin::NodeUnschedulable => {
            plain(Fact::Cordoned);
        }
        Plugin::NodeName => {
            plain(Fact::Name);
        }
        Plugin::TaintToleration => taints(scene.cycle.pod, host.node, facts),
        Plugin::NodeAffinity => node_affinity(scene.cycle.pod, host.node, facts),
        Plugin::NodePorts => {
            for (port, _) in node_ports::takers(scene.cycle.pod, host) {
                plain(Fact::Port(port.port));
            }
        }
        Plugin::NodeResourcesFit => resources(scene, host, rejection, facts),
        Plugin::PodTopologySpread => spread(scene, host, facts),
        Plugin::InterPodAffinity => inter_pod(scene, host, rejection, facts),
        Plugin::VolumeRestrictions
        | Plugin::NodeVolumeLimits
        | Plugin::VolumeBinding
        | Plugin::VolumeZone => volumes(scene, host, rejection, facts),
        Plugin::DynamicResources | Plugin::NodeDeclaredFeatures => {}
    }
}

fn taints(pod: &Pod, node: &Node, facts: &mut Facts) {
    for taint in &node.taints {
        if untolerated(std::slice::from_ref(taint), &pod.tolerations).is_some() {
            facts.insert(Fact::Taint(taint.clone()), Detail::default());
        }
    }
}

pub(crate) fn node_affinity(pod: &Pod, node: &Node, facts: &mut Facts) {
    let at = NodeFacts { name: &node.name, labels: &node.labels };
    let mut label = |requirement: Requirement| {
        let value = node.labels.get(&requirement.key).cloned();
        let fact = Fact::Label { requirement, there: value.is_some() };
        facts.insert(fact, Detail::valued(value));
    };
    for (key, value) in &pod.node_selector {
        if node.labels.get(key) != Some(value) {
            label(Requirement::one_of(key, &[value.as_str()]));
        }
    }
    let terms = pod.node_affinity.as_deref();
    if let Some([only]) = terms {
        for (field, requirement) in only.requirements() {
            if field {
                let term = NodeTerm { fields: vec![requirement.clone()], ..NodeTerm::default() };
                if !term_matches(&term, at) {
                    facts.insert(Fact::Name, Detail::default());
                }
            } else if !term_matches(&NodeTerm::of(vec![requirement.clone()]), at) {
                let value = node.labels.get(&requirement.key).cloned();
                let (requirement, there) = (requirement.clone(), value.is_some());
                facts.insert(Fact::Label { requirement, there }, Detail::valued(value));
            }
        }
    } else if let Some(terms) = terms
        && !terms.iter().any(|term| term_matches(term, at))
    {
        facts.insert(Fact::NodeTerms, Detail::default());
    }
}

fn resources(scene: &Scene<'_>, host: &Host<'_>, rejection: &Rejection, facts: &mut Facts) {
    for reason in &rejection.reasons {
        let (fact, amount, free) = match reason {
            Reason::TooManyPods => (Fact::Slots, host.allocatable.pods, 0),
            Reason::Insufficient(name) => {
                let there = amount_of(&host.allocatable, name);
                let free = there.wrapping_sub(amount_of(&host.requested, name));
                let lack = match scene.asked(name) > there {
                    true if there == 0 => Lack::None,
                    true => Lack::Small,
                    false => Lack::Taken,
                };
                let amount = if lack == Lack::Taken { free } else { there };
                (Fact::Resource { name: name.clone(), lack }, amount, free)
            }
            _ => continue,
        };
        facts.insert(fact, Detail { amount, free, value: None });
    }
}

fn spread(scene: &Scene<'_>, host: &Host<'_>, facts: &mut Facts) {
    let pod = scene.cycle.pod;
    for count in scene.counts(host.node).filter(pod_topology_spread::Count::is_exceeded) {
        // A constraint that the profile adds is none of the pod's.
        let at = pod.spread.iter().position(|spread| spread == count.spread);
        let Some(index) = at else { continue };
        let fact = match count.domain {
            None => Fact::SpreadKey(index),
            Some(_) => Fact::Spread(index),
        };
        facts.insert(fact, Detail::counted(count.skew, count.domain.map(str::to_owned)));
    }
}

fn inter_pod(scene: &Scene<'_>, host: &Host<'_>, rejection: &Rejection, facts: &mut Facts) {
    let domain = |key: &str| host.node.labels.get(key).cloned();
    // The filter says this before it looks at the others, so it is there if it holds at all.
    if rejection.reasons.contains(&Reason::PodAffinity) {
        let key = scene.cycle.pod.affinity.first().map(|term| term.topology_key.as_str());
        facts.insert(Fact::Affinity, Detail::valued(key.and_then(domain)));
    }
    for (index, term) in scene.cycle.pod.anti_affinity.iter().enumerate() {
        let pods = scene.matched(index, host.node);
        if !pods.is_empty() {
            let detail = Detail::counted(count(pods), domain(&term.topology_key));
            facts.insert(Fact::AntiAffinity(index), detail);
        }
    }
    for (key, value) in &host.node.labels {
        let pods = scene.repellers(key, host.node);
        // Replicas that repel one another are told once.
        let known = || scene.mutual.contains(&(key.as_str(), value.as_str()));
        if !pods.is_empty() && !known() {
            let detail = Detail::counted(count(pods), domain(key));
            facts.insert(Fact::Repelled(key.clone()), detail);
        }
    }
}

fn count(pods: &[&Pod]) -> i64 {
    i64::try_from(pods.len()).unwrap_or(i64::MAX)
}

fn volumes(scene: &Scene<'_>, host: &Host<'_>, rejection: &Rejection, facts: &mut Facts) {
    let inventory = scene.cycle.inventory;
    for reason in &rejection.reasons {
        let mut plain = |fact| facts.insert(fact, Detail::default());
        match reason {
            Reason::DiskConflict => {
                plain(Fact::Disk);
            }
            Reason::ClaimInUse => {
                for claim in scene.claim_users.keys() {
                    plain(Fact::ClaimInUse((*claim).to_owned()));
                }
            }
            Reason::TooManyVolumes => {
                plain(Fact::VolumeLimit);
            }
            Reason::NoVolumeToBind => {
                plain(Fact::NoVolume);
            }
            Reason::VolumeZone => {
                plain(Fact::VolumeZone);
            }
            Reason::VolumeNodeAffinity => {
                for claim in claims(scene.cycle) {
                    let volume = inventory.volumes.get(&claim.volume);
                    if volume.is_some_and(|volume| !volume_binding::reaches(host.node, volume)) {
                        let (claim, volume) = (claim.name.clone(), claim.volume.clone());
                        plain(Fact::Volume { claim, volume });
                    }
                }
            }
            other => {
                plain(Fact::Other(Plugin::VolumeBinding, other.clone()));
            }
        }
    }
}

/// Only one pod may use the claim.
pub(crate) fn is_exclusive(claim: &Claim) -> bool {
    claim.access_modes.iter().any(|mode| mode == "ReadWriteOncePod")
}
