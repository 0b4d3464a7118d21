//! The cluster for one pod, unprepared, and as if some pods were not there: only what the pod's
//! verdict and its reasons depend on is written out.
//!
//! The plain judge reads of most pods only what they take and that they are there, and both are
//! counted. It looks at a pod itself if a term of either pod speaks of the other, if a spread
//! constraint counts it, if it has host ports and this one wants some, or volumes, and this one has
//! some. So the work grows with the nodes, the classes and those pods.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::State;
use super::pods::Kind;
use super::strings::value_of;
use super::table::NONE;
use crate::filter::cycle::{Cycle, Host};
use crate::filter::default_spread::constraints;
use crate::filter::inter_pod_affinity::{IncomingTerm, incoming_term};
use crate::filter::node_ports::host_ports;
use crate::inventory::Inventory;
use crate::inventory::node::Node;
use crate::inventory::pod::{HostPort, Pod, TopologySpread, WhenUnsatisfiable};
use crate::inventory::requests::Resources;
use crate::judge::{Judgement, is_feasible, judge_cycle};
use crate::label::Labels;
use crate::pod_affinity::term_selects;
use crate::profile::Profile;
use crate::selector::Selector;

/// Which of the pods that are written out have their own names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Of those that are alike one stands for all: for verdicts.
    Few,
    /// All that the judge looks at: for reasons.
    All,
    /// These, and every pod of a lower priority than this: for preemption.
    AndBelow(i32),
    /// As few, but of all pods of a lower priority one stands for those that are alike too: for
    /// whether preemption would help.
    FewAndBelow(i32),
}

impl Named {
    /// All stand on the nodes that are of a lower priority than this.
    fn below(self) -> Option<i32> {
        match self {
            Self::AndBelow(priority) | Self::FewAndBelow(priority) => Some(priority),
            Self::Few | Self::All => None,
        }
    }

    fn is_few(self) -> bool {
        matches!(self, Self::Few | Self::FewAndBelow(_))
    }
}

/// A cluster without some of its pods, as far as one pod is concerned.
#[derive(Debug)]
pub struct Aside<'s> {
    state: &'s State,
    /// The pods that are not there, by the number of their node.
    left: BTreeMap<u32, Vec<u32>>,
    /// What stands on the nodes, and where, by the number of the node.
    pods: Vec<Pod>,
    seats: Vec<Vec<usize>>,
    nominated: Vec<Pod>,
}

impl State {
    /// The cluster as if the pods with these numbers ([`State::pod_number`]) were not there, for
    /// this pod and for what differs from it in node rules, tolerations and amounts only, or by
    /// rules that were taken away.
    #[must_use]
    pub fn aside(
        &self,
        pod: &Pod,
        profile: &Profile,
        leave: &BTreeSet<u32>,
        named: Named,
    ) -> Aside<'_> {
        let mut left: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for other in leave {
            let (node, _) = self.pods.whereabouts(*other);
            left.entry(node).or_default().push(*other);
        }
        let yields = |other: &Pod| {
            other.priority >= pod.priority && !other.is_same(pod) && profile.serves(other)
        };
        let nominated = self.pods.nominated.keys().filter(|other| !leave.contains(other));
        let mut aside = Aside {
            state: self,
            left,
            pods: Vec::new(),
            seats: Vec::new(),
            nominated: nominated.map(|other| self.pod_of(*other)).filter(yields).collect(),
        };
        aside.seats.resize(self.nodes.bound(), Vec::new());
        aside.fill(pod, profile, leave, named);
        aside
    }

    /// What the plain judge says of a pod, by a profile, as if the pods with these numbers were not
    /// there; nothing has to be prepared.
    pub fn judge_without<R>(
        &self,
        pod: &Pod,
        profile: &Profile,
        leave: &BTreeSet<u32>,
        then: impl FnOnce(&Judgement<'_>) -> R,
    ) -> R {
        let aside = self.aside(pod, profile, leave, Named::Few);
        then(&judge_cycle(&aside.cycle(pod, profile, &self.objects)))
    }

    /// Whether any node fits, as [`Self::judge_without`] says. Most pods have one, and soon: what is
    /// free is looked up only of the nodes that come before it.
    #[must_use]
    pub fn fits_without(&self, pod: &Pod, profile: &Profile, leave: &BTreeSet<u32>) -> bool {
        let aside = self.aside(pod, profile, leave, Named::Few);
        let nodes = self.nodes.iter();
        let bare = nodes.map(|(number, node)| aside.bare_host(number, node)).collect();
        let cycle = aside.cycle_on(pod, profile, &self.objects, bare);
        let wants_ports = host_ports(pod).next().is_some();
        let number = |node: &Node| self.node_number(&node.name).unwrap_or(NONE);
        is_feasible(&cycle, |host| aside.host(number(host.node), host.node, wants_ports))
    }
}

impl Aside<'_> {
    fn fill(&mut self, pod: &Pod, profile: &Profile, leave: &BTreeSet<u32>, named: Named) {
        let state = self.state;
        let spread = constraints(&state.objects, pod, profile);
        let concern = Concern::of(state, pod, profile, &spread);
        let mounts = !pod.volumes.is_empty();
        let mut seated: BTreeSet<u32> = BTreeSet::new();
        let mut names = NodeNames(vec![None; state.nodes.bound()]);
        for (number, kind, class) in state.pods.classes.iter() {
            let spec = state.pods.specs.at(kind.spec);
            let below = named.below().is_some_and(|priority| spec.template.priority < priority);
            if class.pods.is_empty() || !(below || concern.is_about(*kind)) {
                continue;
            }
            seated.insert(number);
            let like = state.pod_like(*kind);
            let mut stands: [Option<usize>; 2] = [None, None];
            for other in class.pods.iter().filter(|other| !leave.contains(other)) {
                let (node, terminating) = state.pods.whereabouts(*other);
                if node == NONE {
                    continue;
                }
                let whole = !named.is_few() || (mounts && state.pods.mounts.contains_key(other));
                let known = stands.get_mut(usize::from(terminating)).filter(|_| !whole);
                let at = known.as_ref().and_then(|known| **known).unwrap_or_else(|| {
                    self.pods.push(names.give(state, &like, *other));
                    self.pods.len() - 1
                });
                if let Some(known) = known {
                    *known = Some(at);
                }
                self.sit(node, at);
            }
        }
        for other in state.pods.mounts.keys().filter(|other| mounts && !leave.contains(other)) {
            let (node, _) = state.pods.whereabouts(*other);
            if node != NONE && !seated.contains(&state.pods.class_of(*other)) {
                self.pods.push(state.pod_of(*other));
                self.sit(node, self.pods.len() - 1);
            }
        }
        // As in an inventory; of several with wrong volumes the first is the one that is said.
        let pods = &self.pods;
        let name = |at: &usize| pods.get(*at).map(|pod| (&pod.namespace, &pod.name));
        for seats in &mut self.seats {
            seats.sort_unstable_by(|one, other| name(one).cmp(&name(other)));
        }
    }

    fn sit(&mut self, node: u32, at: usize) {
        if let Some(seats) = self.seats.get_mut(node as usize) {
            seats.push(at);
        }
    }

    /// The cluster while the pod is judged. `objects` stand for the state's own.
    #[must_use]
    pub fn cycle<'a>(
        &'a self,
        pod: &'a Pod,
        profile: &'a Profile,
        objects: &'a Inventory,
    ) -> Cycle<'a> {
        let wants_ports = host_ports(pod).next().is_some();
        let nodes = self.state.nodes.iter();
        let mut hosts: Vec<Host<'a>> =
            nodes.map(|(number, node)| self.host(number, node, wants_ports)).collect();
        hosts.sort_unstable_by(|one, other| one.node.name.cmp(&other.node.name));
        self.cycle_on(pod, profile, objects, hosts)
    }

    /// As [`Self::cycle`], on these hosts.
    fn cycle_on<'a>(
        &'a self,
        pod: &'a Pod,
        profile: &'a Profile,
        objects: &'a Inventory,
        hosts: Vec<Host<'a>>,
    ) -> Cycle<'a> {
        let mut nominated: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
        for other in &self.nominated {
            if let Some(node) = &other.nominated_node {
                nominated.entry(node).or_default().push(other);
            }
        }
        Cycle {
            pod,
            inventory: objects,
            semantics: self.state.semantics,
            profile: Cow::Borrowed(profile),
            spread: constraints(objects, pod, profile),
            hosts,
            nominated,
        }
    }

    /// A node with the pods that are looked at, and nothing of what is taken.
    fn bare_host<'a>(&'a self, number: u32, node: &'a Node) -> Host<'a> {
        let seats = self.seats.get(number as usize).map(Vec::as_slice).unwrap_or_default();
        let pods = seats.iter().filter_map(|at| self.pods.get(*at)).collect();
        let (requested, allocatable) = (Resources::default(), Resources::default());
        Host { node, pods, others: 0, requested, allocatable, ports: BTreeSet::new() }
    }

    fn host<'a>(&'a self, number: u32, node: &'a Node, wants_ports: bool) -> Host<'a> {
        let state = self.state;
        let slot = state.nodes.slot(number);
        let Host { pods, .. } = self.bare_host(number, node);
        let gone = self.left.get(&number).map(Vec::as_slice).unwrap_or_default();
        let mut requested = state.requested(number);
        for other in gone {
            requested.subtract(&state.taken(*other));
        }
        let ports = match wants_ports {
            true => self.ports(number, gone),
            false => BTreeSet::new(),
        };
        let others = slot.pods.len().saturating_sub(gone.len()).saturating_sub(pods.len());
        let allocatable = Resources::of(&node.allocatable);
        Host { node, pods, others, requested, allocatable, ports }
    }

    fn ports(&self, node: u32, gone: &[u32]) -> BTreeSet<&HostPort> {
        let pods = self.state.nodes.slot(node).pods.iter().filter(|pod| !gone.contains(pod));
        let specs = pods.map(|pod| self.state.pods.specs.at(self.state.pods.kind(*pod).0.spec));
        let with_ports = specs.filter(|spec| !spec.ports.is_empty());
        with_ports.flat_map(|spec| host_ports(&spec.template)).collect()
    }
}

/// The names of the nodes, each once.
struct NodeNames(Vec<Option<Arc<str>>>);

impl NodeNames {
    /// The pod with this number, which is on a node, given another of its class.
    fn give(&mut self, state: &State, like: &Pod, pod: u32) -> Pod {
        let (node, _) = state.pods.whereabouts(pod);
        let name = || state.nodes.node(node).map(|node| Arc::from(node.name.as_str()));
        let node = match self.0.get_mut(node as usize) {
            Some(known @ None) => {
                known.clone_from(&name());
                known.clone()
            }
            Some(known) => known.clone(),
            None => name(),
        };
        state.pod_with(pod, like.clone(), node)
    }
}

/// A term of the pod, and the namespaces that it speaks of by number: many classes are asked about.
struct Speaking<'a> {
    term: IncomingTerm<'a>,
    /// Sorted; `None`: every namespace.
    namespaces: Option<Box<[u32]>>,
}

impl<'a> Speaking<'a> {
    fn of(state: &State, term: IncomingTerm<'a>) -> Self {
        let namespaces = term.namespaces().map(|names| {
            let mut numbers: Box<[u32]> =
                names.iter().filter_map(|name| state.strings.get(name)).collect();
            numbers.sort_unstable();
            numbers
        });
        Self { term, namespaces }
    }

    fn is_of(&self, namespace: u32) -> bool {
        self.namespaces.as_ref().is_none_or(|all| all.binary_search(&namespace).is_ok())
    }
}

/// Which pods the judge looks at for a pod.
struct Concern<'a> {
    state: &'a State,
    pod: &'a Pod,
    /// The labels of the pod's namespace.
    namespace: &'a Labels,
    terms: Vec<Speaking<'a>>,
    /// The selectors of hard constraints, which count pods of the pod's own namespace.
    spread: Vec<&'a Selector>,
    wants_ports: bool,
}

impl<'a> Concern<'a> {
    fn of(
        state: &'a State,
        pod: &'a Pod,
        profile: &'a Profile,
        spread: &'a [TopologySpread],
    ) -> Self {
        static NONE: Labels = Labels::new();
        let empty = Cycle {
            pod,
            inventory: &state.objects,
            semantics: state.semantics,
            profile: Cow::Borrowed(profile),
            spread: Cow::Borrowed(spread),
            hosts: Vec::new(),
            nominated: BTreeMap::new(),
        };
        let terms = pod.affinity.iter().chain(&pod.anti_affinity);
        let hard =
            |one: &&TopologySpread| one.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule;
        Self {
            state,
            pod,
            namespace: state.objects.namespaces.get(&pod.namespace).unwrap_or(&NONE),
            terms: terms.map(|term| Speaking::of(state, incoming_term(&empty, term))).collect(),
            spread: spread.iter().filter(hard).filter_map(|one| one.selector.as_ref()).collect(),
            wants_ports: host_ports(pod).next().is_some(),
        }
    }

    fn is_about(&self, kind: Kind) -> bool {
        let spec = self.state.pods.specs.at(kind.spec);
        let namespace = self.state.strings.text(kind.namespace);
        let repels = || {
            let (pod, mut terms) = (self.pod, spec.template.anti_affinity.iter());
            terms.any(|term| {
                term_selects(term, namespace, &pod.namespace, &pod.labels, self.namespace)
            })
        };
        if (self.wants_ports && !spec.ports.is_empty()) || repels() {
            return true;
        }
        let strings = &self.state.strings;
        let labels = self.state.pods.labels.key(kind.labels);
        let label = |key: &str| {
            let value = value_of(labels, strings.get(key)?)?;
            Some(strings.text(value))
        };
        let counted = !self.spread.is_empty() && namespace == self.pod.namespace;
        let mut terms = self.terms.iter().filter(|one| one.is_of(kind.namespace));
        terms.any(|one| one.term.selects_labels(label))
            || (counted && self.spread.iter().any(|selector| selector.matches_by(label)))
    }
}
