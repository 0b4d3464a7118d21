//! Pods by number, their classes, and the events that change them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::State;
use super::ports::Port;
use super::rows::Amount;
use super::spec::Spec;
use super::strings::{Pairs, Strings};
use super::table::{Index, Interner, NONE, Seed, Slab};
use crate::filter::node_ports::host_ports;
use crate::inventory::pod::{Owner, Pod, PodSpec, PodVolume};
use crate::inventory::requests::{Resources, assumed_requests, requests};
use crate::shared::Shared;

/// One pod.
#[derive(Clone, Debug, Default)]
struct Record {
    name: Box<str>,
    class: u32,
    /// The node that it is on, if that is known.
    node: u32,
    /// Where it stands among the pods of its class.
    in_class: u32,
    /// Where it stands among the pods of its node; if the node is not known, the number of its name.
    on_node: u32,
    /// The controller that made it, or [`NONE`].
    owner: u32,
    terminating: bool,
}

/// What pods with the same namespace, labels and spec have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    /// The namespace.
    pub(super) namespace: u32,
    /// The labels.
    pub(super) labels: u32,
    /// The spec.
    pub(super) spec: u32,
}

/// The pods of a [`Kind`], and what counts them.
#[derive(Clone, Debug, Default)]
pub(super) struct Class {
    /// The pods.
    pub(super) pods: Vec<u32>,
    /// The terms that match them.
    pub(super) terms: Vec<u32>,
    /// The counters of their own anti-affinity terms.
    pub(super) carried: Box<[u32]>,
    /// What they prefer, for scores: the number of the term, and its weight.
    pub(super) preferred: Box<[(u32, i64)]>,
}

/// The volumes of a pod, and who it is to claims that were made for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mount {
    /// The volumes.
    pub(super) volumes: Vec<PodVolume>,
    /// The pod's UID.
    pub(super) uid: String,
}

/// Where [`State::set_pod_like`] found the class of a pod. It holds until classes are forgotten.
#[derive(Clone, Copy, Debug, Default)]
pub struct Likeness {
    class: u32,
    /// The seed of the state's pods, and how often classes had been forgotten.
    since: Option<(Seed, u64)>,
}

/// What is said of a pod besides its name and volumes.
struct Seat<'a> {
    class: u32,
    owner: u32,
    terminating: bool,
    node: Option<&'a str>,
    nominated: Option<&'a str>,
}

/// All pods.
#[derive(Clone, Debug, Default)]
pub(super) struct Pods {
    pub(super) seed: Seed,
    /// How often classes have been forgotten.
    pub(super) sweeps: u64,
    records: Slab<Record>,
    by_name: Index,
    /// The controllers that made them.
    pub(super) owners: Interner<Shared<Owner>, ()>,
    /// The sets of labels.
    pub(super) labels: Interner<Pairs, ()>,
    /// The specs.
    pub(super) specs: Slab<Spec>,
    /// The specs by what they are.
    spec_index: Index,
    /// The classes.
    pub(super) classes: Interner<Kind, Class>,
    /// The pods of each node that is not known, by the number of its name.
    pub(super) strays: BTreeMap<u32, BTreeSet<u32>>,
    /// The pods without a node for which room is being made on one.
    pub(super) nominated: BTreeMap<u32, String>,
    /// The volumes of those that have some.
    pub(super) mounts: BTreeMap<u32, Mount>,
    /// How many pods on nodes use a claim.
    pub(super) claims: BTreeMap<(u32, String), u32>,
    /// How much might have fallen out of use.
    pub(super) garbage: usize,
    pairs: Pairs,
}

impl Pods {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    fn hash(&self, namespace: u32, name: &str) -> u64 {
        self.seed.of(&(namespace, name))
    }

    /// The pod of this name.
    pub(super) fn find(&self, strings: &Strings, namespace: &str, name: &str) -> Option<u32> {
        self.find_in(strings.get(namespace)?, name)
    }

    fn find_in(&self, namespace: u32, name: &str) -> Option<u32> {
        self.by_name.find(self.hash(namespace, name), |id| {
            let record = self.records.at(id);
            *record.name == *name && self.classes.key(record.class).namespace == namespace
        })
    }

    /// The class of a pod.
    pub(super) fn kind(&self, pod: u32) -> (Kind, &Class) {
        let class = self.records.at(pod).class;
        (*self.classes.key(class), self.classes.at(class))
    }

    /// The name of a pod.
    pub(super) fn name(&self, pod: u32) -> &str {
        &self.records.at(pod).name
    }

    /// The node that a pod is on, if that is known, and whether the pod terminates.
    pub(super) fn whereabouts(&self, pod: u32) -> (u32, bool) {
        let record = self.records.at(pod);
        (record.node, record.terminating)
    }

    /// The controller that made a pod, or [`NONE`].
    pub(super) fn owner_of(&self, pod: u32) -> u32 {
        self.records.at(pod).owner
    }

    /// Is there a pod with this number?
    pub(super) fn has(&self, pod: u32) -> bool {
        self.records.has(pod)
    }

    /// The class of a pod.
    pub(super) fn class_of(&self, pod: u32) -> u32 {
        self.records.at(pod).class
    }

    /// The numbers of all pods.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.records.iter().map(|(id, _)| id)
    }

    /// The pods, which are on no node, are on one of this name, which is not known.
    pub(super) fn stray(&mut self, pods: impl IntoIterator<Item = u32>, name: u32) {
        let pods: BTreeSet<u32> = pods.into_iter().collect();
        for pod in &pods {
            self.records.at_mut(*pod).on_node = name;
        }
        match self.strays.get_mut(&name) {
            Some(known) => known.extend(pods),
            None if pods.is_empty() => {}
            None => _ = self.strays.insert(name, pods),
        }
    }

    /// The number of the name of the pod's node, if that is not known.
    pub(super) fn stray_name(&self, pod: u32) -> Option<u32> {
        let record = self.records.at(pod);
        (record.node == NONE && record.on_node != NONE).then_some(record.on_node)
    }

    fn forget_stray(&mut self, pod: u32) {
        let Some(name) = self.stray_name(pod) else {
            return;
        };
        self.records.at_mut(pod).on_node = NONE;
        if let Some(pods) = self.strays.get_mut(&name) {
            pods.remove(&pod);
            if pods.is_empty() {
                self.strays.remove(&name);
                self.garbage += 1;
            }
        }
    }

    /// The spec of a pod, if it is known.
    fn find_spec(&self, spec: &Shared<PodSpec>) -> (u64, Option<u32>) {
        let hash = self.seed.of(spec);
        (hash, self.spec_index.find(hash, |id| self.specs.at(id).template == *spec))
    }

    /// Takes out a spec.
    pub(super) fn take_spec(&mut self, id: u32) {
        let (hash, _) = self.find_spec(&self.specs.at(id).template);
        self.spec_index.remove(hash, id);
        self.specs.take(id);
    }

    /// Forgets the controllers that made no pod that is there.
    pub(super) fn sweep_owners(&mut self) {
        let used: BTreeSet<u32> = self.records.iter().map(|(_, record)| record.owner).collect();
        self.owners.keep(|id, ()| used.contains(&id));
    }

    fn enlist(&mut self, pod: u32, class: u32) {
        let pods = &mut self.classes.at_mut(class).pods;
        let at = u32::try_from(pods.len()).unwrap_or(NONE);
        pods.push(pod);
        let record = self.records.at_mut(pod);
        (record.class, record.in_class) = (class, at);
    }

    fn delist(&mut self, pod: u32) {
        let record = self.records.at(pod);
        let (class, at) = (record.class, record.in_class);
        let pods = &mut self.classes.at_mut(class).pods;
        if (at as usize) < pods.len() {
            pods.swap_remove(at as usize);
        }
        let moved = pods.get(at as usize).copied();
        self.garbage += usize::from(pods.is_empty());
        if let Some(moved) = moved {
            self.records.at_mut(moved).in_class = at;
        }
    }
}

impl State {
    /// A pod, added or replaced.
    pub fn set_pod(&mut self, mut pod: Pod) {
        let name = std::mem::take(&mut pod.name);
        if pod.finished {
            self.remove_pod(&pod.namespace, &name);
            return;
        }
        let (node, nominated) = (pod.node.take(), pod.nominated_node.take());
        let owner = self.owner(pod.owner.take().as_ref());
        let terminating = pod.terminating;
        let volumes = std::mem::take(&mut pod.volumes);
        let mount =
            (!volumes.is_empty()).then(|| Mount { volumes, uid: std::mem::take(&mut pod.uid) });
        let class = self.class(pod);
        let seat = Seat {
            class,
            owner,
            terminating,
            node: node.as_deref(),
            nominated: nominated.as_deref(),
        };
        if self.finds_as_it_is(&name, &seat, mount.as_ref()) {
            return;
        }
        let id = self.enter(class, &name, terminating, mount);
        self.pods.records.at_mut(id).owner = owner;
        self.seat(id, node.as_deref(), nominated.as_deref());
    }

    /// Is the pod there already, and nothing that is kept of it any different? Most updates of pods
    /// are about their state.
    fn finds_as_it_is(&self, name: &str, seat: &Seat<'_>, mount: Option<&Mount>) -> bool {
        let namespace = self.pods.classes.key(seat.class).namespace;
        let Some(id) = self.pods.find_in(namespace, name) else {
            return false;
        };
        let record = self.pods.records.at(id);
        let stray = || Some(self.strings.text(self.pods.stray_name(id)?));
        let on = self.nodes.node(record.node).map(|node| node.name.as_str());
        record.class == seat.class
            && record.owner == seat.owner
            && record.terminating == seat.terminating
            && on.or_else(stray) == seat.node
            && self.pods.mounts.get(&id) == mount
            && self.pods.nominated.get(&id).map(String::as_str)
                == seat.nominated.filter(|_| seat.node.is_none())
    }

    /// As [`Self::set_pod`] of a pod that is as `like` but for its name, UID, node and controller; whether it
    /// replaces another. `known` belongs to `like` and to this state, or is new: it spares the work
    /// of comparing `like` with what is there.
    pub fn set_pod_like(
        &mut self,
        like: &Pod,
        known: &mut Likeness,
        name: &str,
        uid: &str,
        node: Option<&str>,
        owner: Option<&Shared<Owner>>,
    ) -> bool {
        let before = self.pods.len();
        if like.finished {
            self.remove_pod(&like.namespace, name);
            return self.pods.len() < before;
        }
        let since = Some((self.pods.seed, self.pods.sweeps));
        if known.since != since {
            *known = Likeness { class: self.class(like.clone()), since };
        }
        let mount = || Mount { volumes: like.volumes.clone(), uid: uid.to_owned() };
        let mount = (!like.volumes.is_empty()).then(mount);
        let nominated = like.nominated_node.as_deref();
        let (class, terminating) = (known.class, like.terminating);
        let owner = self.owner(owner);
        let seat = Seat { class, owner, terminating, node, nominated };
        if self.finds_as_it_is(name, &seat, mount.as_ref()) {
            return true;
        }
        let id = self.enter(known.class, name, like.terminating, mount);
        self.pods.records.at_mut(id).owner = owner;
        let replaces = self.pods.len() == before;
        self.seat(id, node, like.nominated_node.as_deref());
        replaces
    }

    /// The number of a controller.
    fn owner(&mut self, owner: Option<&Shared<Owner>>) -> u32 {
        let Some(owner) = owner else {
            return NONE;
        };
        let known = self.pods.owners.find(owner);
        known.unwrap_or_else(|| self.pods.owners.add(owner.clone(), ()))
    }

    /// Puts a pod on its node, or notes where it will be.
    fn seat(&mut self, pod: u32, node: Option<&str>, nominated: Option<&str>) {
        match (node, nominated) {
            (Some(node), _) => match self.node_number(node) {
                Some(number) => self.put(pod, number),
                None => {
                    let name = self.strings.add(node);
                    self.pods.stray([pod], name);
                }
            },
            (None, Some(node)) => {
                self.pods.nominated.insert(pod, node.to_owned());
            }
            (None, None) => {}
        }
        self.sweep_if_due();
    }

    /// The number of the pod of this class and name, which is on no node now.
    pub(super) fn enter(
        &mut self,
        class: u32,
        name: &str,
        terminating: bool,
        mount: Option<Mount>,
    ) -> u32 {
        let namespace = self.pods.classes.key(class).namespace;
        let id = match self.pods.find_in(namespace, name) {
            Some(id) => {
                self.unplace(id);
                self.pods.delist(id);
                id
            }
            None => {
                let hash = self.pods.hash(namespace, name);
                let record = Record {
                    name: name.into(),
                    node: NONE,
                    on_node: NONE,
                    owner: NONE,
                    ..Record::default()
                };
                let id = self.pods.records.add(record);
                self.pods.by_name.insert(hash, id);
                id
            }
        };
        self.pods.enlist(id, class);
        self.topology.touch(|touched| touched.pod(id));
        self.pods.records.at_mut(id).terminating = terminating;
        if let Some(mount) = mount {
            self.pods.mounts.insert(id, mount);
        }
        id
    }

    /// The class of a pod, if there is one.
    pub(super) fn find_class(&mut self, pod: &Pod) -> Option<u32> {
        let namespace = self.strings.get(&pod.namespace)?;
        let mut pairs = std::mem::take(&mut self.pods.pairs);
        self.strings.known_pairs(&pod.labels, &mut pairs);
        let all_known = pairs.len() == pod.labels.len();
        let labels = self.pods.labels.find(pairs.as_slice()).filter(|_| all_known);
        self.pods.pairs = pairs;
        let (_, spec) = self.pods.find_spec(&pod.spec);
        self.pods.classes.find(&Kind { namespace, labels: labels?, spec: spec? })
    }

    /// The number of a pod that is not finished; numbers of pods that are gone are used again.
    #[must_use]
    pub fn pod_number(&self, namespace: &str, name: &str) -> Option<u32> {
        self.pods.find(&self.strings, namespace, name)
    }

    /// The namespace and name of each pod that is not finished, by its number.
    pub fn pod_names(&self) -> impl Iterator<Item = (u32, &str, &str)> {
        self.pods.records.iter().map(|(id, record)| {
            let namespace = self.pods.classes.key(record.class).namespace;
            (id, self.strings.text(namespace), &*record.name)
        })
    }

    /// The pod is gone.
    pub fn remove_pod(&mut self, namespace: &str, name: &str) {
        let Some(id) = self.pods.find(&self.strings, namespace, name) else {
            return;
        };
        self.unplace(id);
        let namespace = self.pods.kind(id).0.namespace;
        let hash = self.pods.hash(namespace, name);
        self.pods.by_name.remove(hash, id);
        self.pods.delist(id);
        self.pods.records.take(id);
        self.topology.touch(|touched| touched.pod(id));
        self.sweep_if_due();
    }

    /// Takes a pod away from wherever it is.
    fn unplace(&mut self, pod: u32) {
        self.lift(pod);
        self.pods.forget_stray(pod);
        self.pods.nominated.remove(&pod);
        self.pods.mounts.remove(&pod);
    }

    /// Puts a pod on a node.
    pub(super) fn put(&mut self, pod: u32, node: u32) {
        let slot = self.nodes.slot_mut(node);
        let at = u32::try_from(slot.pods.len()).unwrap_or(NONE);
        slot.pods.push(pod);
        let record = self.pods.records.at_mut(pod);
        (record.node, record.on_node) = (node, at);
        self.topology.touch(|touched| touched.pod(pod));
        self.count_resources(pod, node, true);
        self.count_terms(pod, node, None, true);
    }

    /// Takes a pod from its node, if that is known.
    pub(super) fn lift(&mut self, pod: u32) {
        let record = self.pods.records.at_mut(pod);
        let (node, at) = (record.node, record.on_node);
        if node == NONE {
            return;
        }
        (record.node, record.on_node) = (NONE, NONE);
        self.topology.touch(|touched| touched.pod(pod));
        let slot = self.nodes.slot_mut(node);
        if (at as usize) < slot.pods.len() {
            slot.pods.swap_remove(at as usize);
        }
        if let Some(moved) = slot.pods.get(at as usize).copied() {
            self.pods.records.at_mut(moved).on_node = at;
        }
        self.count_resources(pod, node, false);
        self.count_terms(pod, node, None, false);
    }

    /// The class of a pod, made if there is none.
    pub(super) fn class(&mut self, pod: Pod) -> u32 {
        let namespace = self.strings.add(&pod.namespace);
        let mut pairs = std::mem::take(&mut self.pods.pairs);
        self.strings.add_pairs(&pod.labels, &mut pairs);
        let labels = self.pods.labels.find(pairs.as_slice());
        let labels = labels.unwrap_or_else(|| self.pods.labels.add(pairs.clone(), ()));
        let (hash, spec) = self.pods.find_spec(&pod.spec);
        let spec = spec.unwrap_or_else(|| self.add_spec(hash, pod.spec));
        let kind = Kind { namespace, labels, spec };
        let class = self.pods.classes.find(&kind);
        let class = class.unwrap_or_else(|| self.add_class(kind, &pairs));
        self.pods.pairs = pairs;
        class
    }

    fn add_spec(&mut self, hash: u64, template: Shared<PodSpec>) -> u32 {
        let taken = Resources::of(&requests(&template, Some(self.semantics.resizing)));
        let assumed = Resources::of(&assumed_requests(&template, self.semantics.resizing));
        let assumed = [assumed.milli_cpu, assumed.memory];
        let strings = &mut self.strings;
        let amount = Amount::of(&taken, |name| strings.add(name));
        let ports = host_ports(&template).map(|port| Port::of(strings, port)).collect();
        let id = self.pods.specs.add(Spec { template, amount, assumed, ports });
        self.pods.spec_index.insert(hash, id);
        id
    }

    fn add_class(&mut self, kind: Kind, pairs: &Pairs) -> u32 {
        let candidates = self.terms_by_label.candidates(pairs);
        let matching = candidates.filter(|term| self.matches(*term, kind.namespace, pairs));
        let terms = matching.collect();
        let carried = self.carried(kind);
        let preferred = self.preferred(kind);
        let class = Class { pods: Vec::new(), terms, carried, preferred };
        self.pods.classes.add(kind, class)
    }

    /// The pod again, as far as a filter or a score reads it.
    pub(super) fn pod_of(&self, id: u32) -> Pod {
        let record = self.pods.records.at(id);
        let kind = self.pods.classes.key(record.class);
        let on = self.nodes.node(record.node).map(|node| node.name.as_str());
        let stray = || Some(self.strings.text(self.pods.stray_name(id)?));
        self.pod_with(id, self.pod_like(*kind), on.or_else(stray).map(Arc::from))
    }

    /// The same, given its node and a pod of its kind without a name.
    pub(super) fn pod_with(&self, id: u32, like: Pod, node: Option<Arc<str>>) -> Pod {
        let record = self.pods.records.at(id);
        let mount = self.pods.mounts.get(&id).cloned().unwrap_or_default();
        Pod {
            name: record.name.to_string(),
            node,
            nominated_node: self.pods.nominated.get(&id).map(|node| node.as_str().into()),
            owner: (record.owner != NONE).then(|| self.pods.owners.key(record.owner).clone()),
            terminating: record.terminating,
            volumes: mount.volumes,
            uid: mount.uid,
            ..like
        }
    }

    /// A pod of this kind, without a name.
    pub(super) fn pod_like(&self, kind: Kind) -> Pod {
        let text = |id: u32| self.strings.text(id).to_owned();
        let labels = self.pods.labels.key(kind.labels).iter();
        Pod {
            namespace: text(kind.namespace),
            labels: labels.map(|(key, value)| (text(*key), text(*value))).collect(),
            spec: self.pods.specs.at(kind.spec).template.clone(),
            ..Pod::default()
        }
    }
}
