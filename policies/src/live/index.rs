//! What is kept of the objects: counts, and slim facts to answer questions from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use placecard_feasibility::closed_inventory::is_as_before;
use placecard_feasibility::inventory::NamespacedName;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::label::{Labels, NAMESPACE_NAME};
use placecard_feasibility::state::State;
use placecard_language::coordination::Source;

use super::autoscaler::Autoscalers;
use super::coordinated::{Coordinated, Waiter};
use super::watched::Watched;
use super::workload::{Annotations, Workload};
use crate::coordination::roster::Roster;
use crate::snapshot::alike::{Given, Like};
use crate::snapshot::object::{Object, Sink};

/// Everything that is known of a cluster.
#[derive(Clone, Debug)]
pub(super) struct Index {
    pub(super) state: State,
    /// Who holds each Lease; empty: nobody.
    pub(super) leases: BTreeMap<NamespacedName, Box<str>>,
    /// Nodes, services, persistent volumes and Leases by UID, and back.
    pub(super) by_uid: BTreeMap<(Kind, u128), NamespacedName>,
    uids: BTreeMap<(Kind, NamespacedName), u128>,
    /// Services and workloads.
    pub(super) workloads: BTreeMap<(Watched, NamespacedName), Workload>,
    pub(super) autoscalers: Autoscalers,
    /// The pods without a controller that carry annotations of ours.
    pub(super) bare: BTreeMap<NamespacedName, Annotations>,
    /// The RoleCoordinations.
    pub(super) coordinated: BTreeMap<NamespacedName, Coordinated>,
    /// The same by namespace, for the pods of groups.
    pub(super) rosters: BTreeMap<String, Arc<Roster>>,
    /// What is known beside the counts of the pods that belong to a coordination.
    pub(super) waiters: BTreeMap<NamespacedName, Waiter>,
    /// How often something changed that a coordination is about.
    pub(super) coordination_changes: u64,
    /// The pod that was taken last has a controller.
    pub(super) is_controlled: bool,
    /// How often a node came, went, or became another kind of node.
    pub(super) node_changes: u64,
    /// How many pods are in each namespace.
    pods_in: BTreeMap<Box<str>, usize>,
    /// The namespaces of which nothing is known but that pods are in them, while namespaces are not
    /// known.
    assumed: BTreeSet<Box<str>>,
}

impl Index {
    pub(super) fn new(state: State) -> Self {
        Self {
            state,
            leases: BTreeMap::new(),
            by_uid: BTreeMap::new(),
            uids: BTreeMap::new(),
            workloads: BTreeMap::new(),
            autoscalers: Autoscalers::default(),
            bare: BTreeMap::new(),
            coordinated: BTreeMap::new(),
            rosters: BTreeMap::new(),
            waiters: BTreeMap::new(),
            coordination_changes: 0,
            is_controlled: false,
            node_changes: 0,
            pods_in: BTreeMap::new(),
            assumed: BTreeSet::new(),
        }
    }

    /// The names of the objects of a kind; pods have numbers instead.
    pub(super) fn names(&self, kind: Watched) -> BTreeSet<NamespacedName> {
        let objects = self.state.objects();
        let plain = |name: &String| (String::new(), name.clone());
        match kind {
            Watched::Pod => BTreeSet::new(),
            Watched::Node => {
                let numbers =
                    (0..self.state.node_bound()).filter_map(|one| u32::try_from(one).ok());
                let nodes = numbers.filter_map(|number| self.state.node(number));
                nodes.map(|node| plain(&node.name)).collect()
            }
            Watched::Namespace => {
                let real = |name: &&String| !self.assumed.contains(name.as_str());
                objects.namespaces.keys().filter(real).map(plain).collect()
            }
            Watched::PersistentVolume => objects.volumes.keys().map(plain).collect(),
            Watched::PersistentVolumeClaim => objects.claims.keys().cloned().collect(),
            Watched::StorageClass => objects.classes.keys().map(plain).collect(),
            Watched::CsiNode => objects.csi_nodes.keys().map(plain).collect(),
            Watched::ResourceQuota => objects.quotas.keys().cloned().collect(),
            Watched::LimitRange => objects.limit_ranges.keys().cloned().collect(),
            Watched::PriorityClass => objects.priority_classes.keys().map(plain).collect(),
            Watched::PodDisruptionBudget => objects.budgets.keys().cloned().collect(),
            Watched::HorizontalPodAutoscaler => self.autoscalers.names().cloned().collect(),
            Watched::Lease => self.leases.keys().cloned().collect(),
            Watched::RoleCoordination => self.coordinated.keys().cloned().collect(),
            Watched::Service
            | Watched::ReplicationController
            | Watched::ReplicaSet
            | Watched::StatefulSet
            | Watched::Deployment
            | Watched::DaemonSet
            | Watched::Job
            | Watched::CronJob => {
                let first = (kind, NamespacedName::default());
                let there = self.workloads.range(first..).take_while(|((one, _), _)| *one == kind);
                there.map(|((_, name), _)| name.clone()).collect()
            }
        }
    }

    /// How many objects of a kind are kept.
    pub(super) fn count(&self, kind: Watched) -> usize {
        match kind {
            Watched::Pod => self.state.pod_count(),
            Watched::Node => self.state.node_count(),
            other => self.names(other).len(),
        }
    }

    /// The object is gone.
    pub(super) fn remove(&mut self, kind: Watched, name: &NamespacedName) {
        let (namespace, short) = (name.0.as_str(), name.1.as_str());
        let state = &mut self.state;
        match kind {
            Watched::Pod => {
                self.bare.remove(name);
                let was_member = self.waiters.remove(name).is_some();
                self.change_coordination(was_member);
                return self.count_pods(namespace, |state| state.remove_pod(namespace, short));
            }
            Watched::Node => {
                let was_there = state.node_number(short).is_some();
                self.node_changes = self.node_changes.wrapping_add(was_there.into());
                state.remove_node(short);
            }
            Watched::Namespace => {
                state.remove_namespace(short);
                self.assume(short);
            }
            Watched::PersistentVolume => state.remove_volume(short),
            Watched::PersistentVolumeClaim => state.remove_claim(namespace, short),
            Watched::StorageClass => state.remove_class(short),
            Watched::CsiNode => state.remove_csi_node(short),
            Watched::ResourceQuota => state.remove_quota(namespace, short),
            Watched::LimitRange => state.remove_limit_range(namespace, short),
            Watched::PriorityClass => state.remove_priority_class(short),
            Watched::PodDisruptionBudget => state.remove_budget(namespace, short),
            Watched::HorizontalPodAutoscaler => self.autoscalers.remove(name),
            Watched::Lease => _ = self.leases.remove(name),
            Watched::RoleCoordination => {
                let was_there = self.coordinated.remove(name).is_some();
                self.change_coordination(was_there);
                if let Some(roster) = self.rosters.get_mut(namespace) {
                    let roster = Arc::make_mut(roster);
                    roster.remove(short);
                    if roster.is_empty() {
                        self.rosters.remove(namespace);
                    }
                }
            }
            Watched::Service => state.remove_service(name),
            Watched::ReplicationController | Watched::ReplicaSet | Watched::StatefulSet => {
                if let Some(kind) = kind.kind() {
                    state.remove_controller(&(kind, name.clone()));
                }
            }
            Watched::Deployment | Watched::DaemonSet | Watched::Job | Watched::CronJob => {}
        }
        let was_there = self.workloads.remove(&(kind, name.clone())).is_some();
        self.change_coordination(was_there);
        if let Some(kind) = kind.kind() {
            self.forget_uid(kind, name);
        }
    }

    /// Something changed that a coordination may be about.
    pub(super) fn change_coordination(&mut self, changed: bool) {
        self.coordination_changes = self.coordination_changes.wrapping_add(changed.into());
    }

    /// Notes or forgets the UID of an object.
    fn forget_uid(&mut self, kind: Kind, name: &NamespacedName) {
        if self.uids.is_empty() {
            return;
        }
        if let Some(uid) = self.uids.remove(&(kind, name.clone())) {
            self.by_uid.remove(&(kind, uid));
        }
    }

    /// Does what may change how many pods are in the namespace.
    fn count_pods<T>(&mut self, namespace: &str, change: impl FnOnce(&mut State) -> T) -> T {
        let before = self.state.pod_count();
        let result = change(&mut self.state);
        let after = self.state.pod_count();
        if after > before {
            match self.pods_in.get_mut(namespace) {
                Some(pods) => *pods += 1,
                None => {
                    self.pods_in.insert(namespace.into(), 1);
                    self.assume(namespace);
                }
            }
        } else if after < before
            && let Some(pods) = self.pods_in.get_mut(namespace)
        {
            *pods -= 1;
            if *pods == 0 {
                self.pods_in.remove(namespace);
                if self.assumed.remove(namespace) {
                    self.state.remove_namespace(namespace);
                }
            }
        }
        result
    }

    /// There is a namespace of this name, if pods are in it and namespaces are not known.
    fn assume(&mut self, name: &str) {
        let objects = self.state.objects();
        if self.pods_in.contains_key(name)
            && objects.is_unknown(Kind::Namespace)
            && !objects.namespaces.contains_key(name)
        {
            let labels = Labels::from([(NAMESPACE_NAME.to_owned(), name.to_owned())]);
            self.state.set_namespace(name, labels);
            self.assumed.insert(name.into());
        }
    }

    /// The kinds of which there may be objects that are not known.
    pub(super) fn set_unknown(&mut self, kinds: BTreeSet<Kind>) {
        if kinds == self.state.objects().unknown {
            return;
        }
        self.state.set_unknown(kinds);
        if self.state.objects().is_unknown(Kind::Namespace) {
            let names: Vec<Box<str>> = self.pods_in.keys().cloned().collect();
            names.iter().for_each(|name| self.assume(name));
        } else {
            for name in std::mem::take(&mut self.assumed) {
                self.state.remove_namespace(&name);
            }
        }
    }

    /// Whether a coordination of its namespace is about this workload.
    pub(super) fn plays(&self, kind: Watched, (namespace, name): &NamespacedName) -> bool {
        let first = (namespace.clone(), String::new());
        let there = self.coordinated.range(first..).take_while(|((of, _), _)| of == namespace);
        let roles = there.filter_map(|(_, one)| one.group.as_ref()).flat_map(|one| &one.roles);
        roles.into_iter().any(|role| match &role.source {
            Source::Workload { api_version, kind: of, name: called } => {
                called == name && Watched::find(api_version, of) == Some(kind)
            }
            Source::Group { .. } | Source::Annotation => false,
        })
    }

    /// Nothing is known of it but that pods are in it.
    pub(super) fn is_assumed(&self, namespace: &str) -> bool {
        self.assumed.contains(namespace)
    }
}

impl Sink for Index {
    fn put(&mut self, object: Object) -> bool {
        match object {
            // No filter reads which images a node has, and there are many.
            Object::Node(mut node, _) => {
                node.images = Vec::new();
                let number = self.state.node_number(&node.name);
                let before = number.and_then(|number| self.state.node(number));
                let changed = before.is_none_or(|before| !is_as_before(before, &node));
                self.node_changes = self.node_changes.wrapping_add(changed.into());
                self.state.put(Object::Node(node, Vec::new()))
            }
            Object::Pod(pod) => {
                self.is_controlled = pod.owner.is_some();
                let namespace = pod.namespace.clone();
                self.count_pods(&namespace, |state| {
                    state.set_pod(*pod);
                    false
                })
            }
            Object::Namespace(name, labels) => {
                self.assumed.remove(name.as_str());
                self.state.put(Object::Namespace(name, labels))
            }
            Object::Quota(quota) => {
                self.state.set_quota(quota);
                false
            }
            Object::LimitRange(range) => {
                self.state.set_limit_range(range);
                false
            }
            Object::PriorityClass(class) => {
                self.state.set_priority_class(class);
                false
            }
            Object::Budget(budget) => {
                self.state.set_budget(budget);
                false
            }
            Object::Lease(name, holder) => self.leases.insert(name, holder.into()).is_some(),
            other => self.state.put(other),
        }
    }

    fn identify(&mut self, kind: Kind, uid: u128, name: NamespacedName) {
        if self.by_uid.get(&(kind, uid)) == Some(&name) {
            return;
        }
        self.forget_uid(kind, &name);
        self.by_uid.insert((kind, uid), name.clone());
        self.uids.insert((kind, name), uid);
    }

    fn put_like(&mut self, like: &mut Like, given: Given<'_>) -> bool {
        self.is_controlled = given.owner.is_some();
        let namespace = like.pod.namespace.clone();
        self.count_pods(&namespace, |state| state.put_like(like, given))
    }

    fn set_unknown(&mut self, kinds: BTreeSet<Kind>) {
        Self::set_unknown(self, kinds);
    }
}
