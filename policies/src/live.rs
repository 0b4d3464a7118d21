//! The live cluster: what the webhook knows of it, kept up to date object by object.
//!
//! A [`Live`] is a plain value. Whoever watches the API server hands it the bytes of each object
//! ([`Live::put`]) and says what is gone; it keeps no object, but counts of what placement depends
//! on ([`State`]) and slim facts to answer [`Reference`](crate::surroundings::Reference)s from.
//! After whatever events it is equal to one that was filled with the objects that are left.
//!
//! What is not known makes verdicts weaker and never wrong: before a kind is listed, when it may not
//! be listed, or while an object of it cannot be read, there may be objects that are not counted,
//! and nothing is concluded from their absence.
//!
//! It is meant to be kept twice: readers have one copy and never wait, the writer brings the other
//! one up to date and then they change places. That the same events make equal copies is part of
//! what is tested.
#![expect(clippy::result_large_err, reason = "a problem is rare, and says what users need")]

mod answer;
mod autoscaler;
pub mod basis;
pub mod coordinated;
pub mod custom;
pub mod groups;
mod index;
mod marks;
pub(crate) mod placement;
pub mod rollout;
mod watched;
mod workload;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use placecard_feasibility::inventory::NamespacedName;
use placecard_feasibility::inventory::kind::{KINDS, Kind};
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::state::State;
use placecard_findings::ObjectRef;
use placecard_language::affinity::ObjectId;
use placecard_language::checked::Words;
use placecard_language::keys;

use self::coordinated::{Coordinated, Waiter};
use self::custom::{Custom, Customs};
use self::groups::{GroupKind, Groups, Inside, RoleSize};
use self::index::Index;
use self::marks::Marks;
use self::rollout::Rollout;
pub use self::watched::{Row, WATCHED, Watched};
pub use self::workload::Annotations;
use crate::snapshot::problem::{ObjectName, Problem, ProblemKind};
use crate::snapshot::single::Single;
use crate::surroundings::ServerVersion;

/// A cluster that is kept up to date.
#[derive(Clone, Debug)]
pub struct Live {
    index: Index,
    customs: Customs,
    groups: Groups,
    single: Single,
    marks: BTreeMap<Watched, Marks>,
    changes: u64,
}

/// An object that carries annotations of ours and that no controller made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotated<'a> {
    /// The object.
    pub object: ObjectRef,
    /// Its annotations.
    pub annotations: &'a Annotations,
}

impl Live {
    /// A cluster of which nothing is known.
    #[must_use]
    pub fn new(server: ServerVersion) -> Self {
        let mut index = Index::new(State::new(Semantics::of_minor(server.0)));
        index.set_unknown(KINDS.into());
        Self {
            index,
            customs: Customs::default(),
            groups: Groups::default(),
            single: Single::default(),
            marks: BTreeMap::new(),
            changes: 0,
        }
    }

    /// One object as the API server's JSON, added or replaced.
    ///
    /// # Errors
    ///
    /// Which field cannot be read. The object is not kept in its old form either; until it can be
    /// read, is gone, or a list lacks it, its kind is not known completely.
    pub fn put(&mut self, kind: Watched, object: &[u8]) -> Result<(), Problem> {
        self.changes = self.changes.wrapping_add(1);
        match self.take_in(kind, object) {
            Ok(name) => {
                let pod = self.pod_number(kind, &name);
                self.marks_of(kind).see(&name, pod, false);
                self.settle(kind);
                Ok(())
            }
            Err(problem) => {
                self.set_aside(kind, problem.object.as_ref());
                Err(problem)
            }
        }
    }

    /// An object is there and cannot be read, for instance because it is too long; `name` if that is
    /// known. As when [`Self::put`] fails.
    pub fn broken(&mut self, kind: Watched, name: Option<(&str, &str)>) {
        let name = name.map(|(namespace, name)| ObjectName {
            kind: kind.row().kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        });
        self.set_aside(kind, name.as_ref());
    }

    /// The object is gone.
    pub fn gone(&mut self, kind: Watched, namespace: &str, name: &str) {
        self.changes = self.changes.wrapping_add(1);
        let name = (namespace.to_owned(), name.to_owned());
        let pod = self.pod_number(kind, &name);
        self.index.remove(kind, &name);
        self.marks_of(kind).see(&name, pod, false);
        self.settle(kind);
    }

    /// A list of the kind begins: what is not put again before [`Self::listed`] is gone then.
    /// Readers see the old objects meanwhile.
    pub fn list(&mut self, kind: Watched) {
        let names = self.index.names(kind);
        let mut pods = Vec::new();
        if kind == Watched::Pod {
            for (number, _, _) in self.index.state.pod_names() {
                let word = number as usize / 64;
                if pods.len() <= word {
                    pods.resize(word + 1, 0u64);
                }
                if let Some(word) = pods.get_mut(word) {
                    *word |= 1 << (number % 64);
                }
            }
        }
        self.marks_of(kind).begin(names, pods);
    }

    /// The list is complete.
    pub fn listed(&mut self, kind: Watched) {
        self.changes = self.changes.wrapping_add(1);
        let left = self.marks_of(kind).end();
        for name in &left.names {
            self.index.remove(kind, name);
        }
        let is_left = |number: u32| {
            let word = left.pods.get(number as usize / 64);
            word.is_some_and(|word| word >> (number % 64) & 1 == 1)
        };
        let pods = self.index.state.pod_names().filter(|(number, _, _)| is_left(*number));
        let pods = pods.map(|(_, namespace, name)| (namespace.to_owned(), name.to_owned()));
        for name in pods.collect::<Vec<NamespacedName>>() {
            self.index.remove(Watched::Pod, &name);
        }
        self.settle(kind);
    }

    /// Nothing is known of the kind (any longer): it was never listed, may not be, or the server
    /// does not have it. What was known of it is forgotten.
    pub fn unknown(&mut self, kind: Watched) {
        self.list(kind);
        self.listed(kind);
        self.marks_of(kind).forget();
        self.settle(kind);
    }

    /// Whether all objects of the kind are known: they were listed, and all could be read.
    #[must_use]
    pub fn is_complete(&self, kind: Watched) -> bool {
        self.marks.get(&kind).is_some_and(Marks::is_complete)
    }

    /// Whether the kind was listed.
    #[must_use]
    pub fn is_synced(&self, kind: Watched) -> bool {
        self.marks.get(&kind).is_some_and(|marks| marks.synced)
    }

    /// Whether it can be said that a pod fits no node: there are nodes, and none that is not known.
    #[must_use]
    pub fn knows_nodes(&self) -> bool {
        self.is_complete(Watched::Node) && self.count(Watched::Node) > 0
    }

    /// How often a node came, went or became another kind of node. As long as it is the same, all
    /// that a proof about the nodes rests on is the same.
    #[must_use]
    pub fn node_changes(&self) -> u64 {
        self.index.node_changes
    }

    /// How many objects of the kind are kept.
    #[must_use]
    pub fn count(&self, kind: Watched) -> usize {
        self.index.count(kind)
    }

    /// How many objects of the kind are there and cannot be read, at least.
    #[must_use]
    pub fn broken_count(&self, kind: Watched) -> usize {
        self.marks.get(&kind).map_or(0, Marks::broken)
    }

    /// The counts.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.index.state
    }

    /// The workloads, and the pods without a controller, that carry annotations of ours, each
    /// template of a custom resource by itself; what a controller made is left out.
    pub fn annotated(&self) -> impl Iterator<Item = Annotated<'_>> {
        let workloads = self.index.workloads.iter().filter_map(|((kind, name), workload)| {
            Some((*kind, name, workload.annotations.as_deref()?))
        });
        let pods = self.index.bare.iter().map(|(name, ours)| (Watched::Pod, name, ours));
        let known = workloads.chain(pods).map(|(kind, (namespace, name), annotations)| Annotated {
            object: ObjectRef {
                api_version: kind.api_version(),
                kind: kind.row().kind.to_owned(),
                namespace: namespace.clone(),
                name: name.clone(),
            },
            annotations,
        });
        let customs = self.customs.annotated();
        known.chain(customs.map(|(object, annotations)| Annotated { object, annotations }))
    }

    /// These are the kinds of custom resources that hold pod templates. Of those that are new
    /// nothing is known; others are forgotten.
    pub fn declare(&mut self, kinds: &BTreeSet<Custom>) {
        self.customs.declare(kinds);
    }

    /// A custom resource, added or replaced. `false`: it cannot be read, and is not kept in its old
    /// form either. What is not declared is passed over.
    pub fn put_custom(&mut self, kind: &Custom, object: &[u8]) -> bool {
        self.customs.put(kind, object)
    }

    /// A custom resource is gone, or is there and cannot be read.
    pub fn gone_custom(&mut self, kind: &Custom, namespace: &str, name: &str) {
        self.customs.gone(kind, &(namespace.to_owned(), name.to_owned()));
    }

    /// A list of the kind begins; as [`Self::list`].
    pub fn list_custom(&mut self, kind: &Custom) {
        self.customs.list(kind);
    }

    /// The list is complete.
    pub fn listed_custom(&mut self, kind: &Custom) {
        self.customs.listed(kind);
    }

    /// Nothing is known of the kind (any longer). `served`: there may be objects all the same; if
    /// not, there are none.
    pub fn unknown_custom(&mut self, kind: &Custom, served: bool) {
        self.customs.unknown(kind, served);
    }

    /// Whether all custom resources that the vocabulary names are known.
    #[must_use]
    pub fn knows_customs(&self, words: &Words) -> bool {
        words.workloads.is_empty() || self.customs.know(&Custom::all(words))
    }

    /// A group of another controller, added or replaced. `false`: it is no JSON object, and what was
    /// known stays.
    pub fn put_group(&mut self, kind: GroupKind, object: &[u8]) -> bool {
        let changed = self.groups.put(kind, object);
        self.index.change_coordination(changed == Some(true));
        changed.is_some()
    }

    /// A group is gone, or is there and cannot be read.
    pub fn gone_group(&mut self, kind: GroupKind, namespace: &str, name: &str) {
        let was_known = self.groups.gone(kind, &(namespace.to_owned(), name.to_owned()));
        self.index.change_coordination(was_known);
    }

    /// A list of groups begins; as [`Self::list`].
    pub fn list_group(&mut self, kind: GroupKind) {
        self.groups.list(kind);
    }

    /// The list is complete.
    pub fn listed_group(&mut self, kind: GroupKind) {
        self.groups.listed(kind);
        self.index.change_coordination(true);
    }

    /// Nothing is known of the groups of a kind (any longer). `served`: there may be some all the
    /// same; if not, there are none.
    pub fn unknown_group(&mut self, kind: GroupKind, served: bool) {
        self.groups.unknown(kind, served);
        self.index.change_coordination(true);
    }

    /// Whether it is settled what is known of a kind of groups: its objects, or that there are none,
    /// or that they may not be read.
    #[must_use]
    pub fn settled_group(&self, kind: GroupKind) -> bool {
        self.groups.is_settled(kind)
    }

    /// Whether the groups of a kind are known.
    #[must_use]
    pub fn knows_group(&self, kind: GroupKind) -> bool {
        self.groups.is_listed(kind)
    }

    /// How large a role inside a group is; `None`: it is not known, or there is no such role.
    pub(crate) fn group_role(
        &self,
        kind: GroupKind,
        namespace: &str,
        name: &str,
        role: &str,
    ) -> Option<RoleSize> {
        self.groups.role(kind, &(namespace.to_owned(), name.to_owned()), role)
    }

    /// The coordinations that stand in groups.
    pub fn inside_groups(&self) -> impl Iterator<Item = (&NamespacedName, &Inside)> {
        self.groups.inside()
    }

    pub(crate) fn state_mut(&mut self) -> &mut State {
        &mut self.index.state
    }

    /// How often anything changed.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// How often something changed that a coordination may be about: pods of batches,
    /// RoleCoordinations, and workloads.
    #[must_use]
    pub fn coordination_changes(&self) -> u64 {
        self.index.coordination_changes
    }

    /// The RoleCoordinations.
    pub fn coordinated(&self) -> impl Iterator<Item = (&NamespacedName, &Coordinated)> {
        self.index.coordinated.iter()
    }

    /// The RoleCoordinations of a namespace.
    pub fn coordinated_in<'l>(
        &'l self,
        namespace: &'l str,
    ) -> impl Iterator<Item = &'l Coordinated> {
        let first = (namespace.to_owned(), String::new());
        let there = self.index.coordinated.range(first..);
        there.take_while(move |((of, _), _)| of == namespace).map(|(_, one)| one)
    }

    /// The pods that carry the label of a coordination, or name one.
    pub(crate) fn waiters(&self) -> impl Iterator<Item = (&NamespacedName, &Waiter)> {
        self.index.waiters.iter()
    }

    /// How many replicas a workload is to have; `None`: it is not known, or does not say it.
    pub(crate) fn replicas(&self, kind: Watched, namespace: &str, name: &str) -> Option<u32> {
        let name = (namespace.to_owned(), name.to_owned());
        Some(self.index.workloads.get(&(kind, name))?.replicas())
    }

    /// How far the rollout of a StatefulSet or a Deployment is; `None`: it is not known.
    #[must_use]
    pub fn rollout(&self, kind: Watched, namespace: &str, name: &str) -> Option<&Rollout> {
        let name = (namespace.to_owned(), name.to_owned());
        self.index.workloads.get(&(kind, name))?.rollout.as_deref()
    }

    /// The StatefulSets whose partition the controller of coordinations owns.
    pub(crate) fn held(&self) -> impl Iterator<Item = (&NamespacedName, &Rollout)> {
        let first = (Watched::StatefulSet, NamespacedName::default());
        let sets = self.index.workloads.range(first..);
        let sets = sets.take_while(|((kind, _), _)| *kind == Watched::StatefulSet);
        let held = sets.filter_map(|((_, name), one)| Some((name, one.rollout.as_deref()?)));
        held.filter(|(_, rollout)| rollout.held)
    }

    /// What is kept of a pod that belongs to a coordination.
    pub(crate) fn waiter(&self, name: &NamespacedName) -> Option<&Waiter> {
        self.index.waiters.get(name)
    }

    /// The names of the pods of a namespace that belong to a coordination and begin like this.
    pub(crate) fn waiters_of<'l>(
        &'l self,
        namespace: &'l str,
        prefix: &'l str,
    ) -> impl Iterator<Item = &'l str> {
        let first = (namespace.to_owned(), prefix.to_owned());
        let there = self.index.waiters.range(first..).map(|(name, _)| name);
        let there = there.take_while(move |(of, name)| of == namespace && name.starts_with(prefix));
        there.map(|(_, name)| name.as_str())
    }

    /// The UID of what holds a pod template, if it is known.
    pub(crate) fn uid(&self, kind: Watched, namespace: &str, name: &str) -> Option<String> {
        let name = (namespace.to_owned(), name.to_owned());
        let uid = self.index.workloads.get(&(kind, name))?.uid?;
        Some(ObjectId(uid).to_string())
    }

    fn marks_of(&mut self, kind: Watched) -> &mut Marks {
        self.marks.entry(kind).or_default()
    }

    fn pod_number(&self, kind: Watched, (namespace, name): &NamespacedName) -> Option<u32> {
        if kind == Watched::Pod { self.index.state.pod_number(namespace, name) } else { None }
    }

    /// Reads an object into the index.
    fn take_in(&mut self, kind: Watched, json: &[u8]) -> Result<NamespacedName, Problem> {
        let mut name = NamespacedName::default();
        if let Some(known) = kind.kind() {
            let found = self.single.read(known, json, &mut self.index)?;
            name = (found.namespace, found.name);
        }
        match kind {
            Watched::Pod => {
                self.note_bare(&name, json);
                self.note_waiter(&name, json);
            }
            Watched::RoleCoordination => {
                let (named, coordinated, value) = coordinated::read(json)?;
                name = named;
                let before = self.index.coordinated.get(&name);
                let changed = before.is_none_or(|before| *before != coordinated);
                self.index.change_coordination(changed);
                if !name.1.is_empty() {
                    let roster = self.index.rosters.entry(name.0.clone()).or_default();
                    Arc::make_mut(roster).put(&value, &name.0);
                    self.index.coordinated.insert(name.clone(), coordinated);
                }
            }
            Watched::HorizontalPodAutoscaler => {
                name = self.index.autoscalers.read(json)?;
            }
            Watched::Service
            | Watched::ReplicationController
            | Watched::ReplicaSet
            | Watched::StatefulSet
            | Watched::Deployment
            | Watched::DaemonSet
            | Watched::Job
            | Watched::CronJob => {
                let found = workload::read(kind, json)?;
                name = found.name;
                match found.workload {
                    None => self.index.remove(kind, &name),
                    Some(workload) => {
                        let before = self.index.workloads.get(&(kind, name.clone()));
                        let changed = before.is_none_or(|before| {
                            let moved = || self.index.plays(kind, &name);
                            before.differs(&workload)
                                || (before.is_elsewhere(&workload) && moved())
                                || workload.is_held()
                        });
                        self.index.change_coordination(changed);
                        self.index.workloads.insert((kind, name.clone()), workload);
                    }
                }
            }
            _ => {}
        }
        if name.1.is_empty() {
            let object = ObjectName { kind: kind.row().kind.to_owned(), ..ObjectName::default() };
            let kind = ProblemKind::NoName;
            return Err(Problem { place: None, object: Some(object), kind });
        }
        Ok(name)
    }

    /// Keeps the annotations of a pod that no controller made.
    fn note_bare(&mut self, name: &NamespacedName, json: &[u8]) {
        let state = &self.index.state;
        let may_have = !self.index.is_controlled && state.pod_number(&name.0, &name.1).is_some();
        match may_have.then(|| workload::of_pod(json)).flatten() {
            Some(ours) => _ = self.index.bare.insert(name.clone(), ours),
            None => _ = self.index.bare.remove(name),
        }
    }

    /// Keeps what a pod of a coordination says of itself.
    fn note_waiter(&mut self, name: &NamespacedName, json: &[u8]) {
        let state = &self.index.state;
        let number = state.pod_number(&name.0, &name.1);
        let is_member = number.is_some_and(|number| {
            state.label_of(number, keys::COORDINATION).is_some()
                || state.note_of(number, keys::COORDINATE).is_some()
        });
        let waiter = if is_member { coordinated::waiter(json) } else { None };
        let before = self.index.waiters.get(name);
        let is_member = before.is_some() || waiter.is_some();
        self.index.change_coordination(is_member);
        match waiter {
            Some(waiter) => _ = self.index.waiters.insert(name.clone(), waiter),
            None => _ = self.index.waiters.remove(name),
        }
    }

    /// An object that cannot be read is not kept in an old form.
    fn set_aside(&mut self, kind: Watched, object: Option<&ObjectName>) {
        match object.filter(|object| !object.name.is_empty()) {
            Some(object) => {
                let name = (object.namespace.clone(), object.name.clone());
                let pod = self.pod_number(kind, &name);
                self.index.remove(kind, &name);
                self.marks_of(kind).see(&name, pod, true);
            }
            None => self.marks_of(kind).see_nameless(),
        }
        self.settle(kind);
    }

    /// Tells the judge what is known completely.
    fn settle(&mut self, kind: Watched) {
        let Some(known) = kind.kind() else {
            return;
        };
        let unknown = &self.index.state.objects().unknown;
        if unknown.contains(&known) != self.is_complete(kind) {
            return;
        }
        let mut unknown: BTreeSet<Kind> = unknown.clone();
        if self.is_complete(kind) {
            unknown.remove(&known);
        } else {
            unknown.insert(known);
        }
        self.index.set_unknown(unknown);
    }
}
