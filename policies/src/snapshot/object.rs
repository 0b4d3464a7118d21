//! One object of a cluster, and where objects go.

use std::collections::BTreeSet;

use placecard_feasibility::inventory::disruption::DisruptionBudget;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::limit_range::LimitRange;
use placecard_feasibility::inventory::node::{CsiNode, Node};
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::inventory::priority::PriorityClass;
use placecard_feasibility::inventory::quota::ResourceQuota;
use placecard_feasibility::inventory::volume::{Claim, StorageClass, Volume};
use placecard_feasibility::inventory::{Inventory, NamespacedName};
use placecard_feasibility::label::{Labels, NAMESPACE_NAME};
use placecard_feasibility::selector::Selector;
use placecard_language::affinity::ObjectId;
use serde::de::DeserializeOwned;

use super::alike::{Given, Like};
use super::stamp::{Moment, Revision};
use super::volume::{WrittenClaim, WrittenVolume};
use super::{
    Metadata, WrittenNamespace, WrittenPod, governance, lease, node, pod, services, volume,
};

/// An object, with the API's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// A node, and the name and size in bytes of each image on it.
    Node(Box<Node>, Vec<(String, i64)>),
    /// A pod.
    Pod(Box<Pod>),
    /// A namespace and its labels, its name among them.
    Namespace(String, Labels),
    /// A persistent volume.
    Volume(Box<Volume>),
    /// A claim.
    Claim(Box<Claim>),
    /// A storage class.
    Class(StorageClass),
    /// What the CSI drivers report of the node of this name.
    CsiNode(String, CsiNode),
    /// A service and its selector, if it has one.
    Service(NamespacedName, Option<Labels>),
    /// A ReplicationController, ReplicaSet or StatefulSet and its selector.
    Controller(Kind, NamespacedName, Option<Selector>),
    /// A resource quota.
    Quota(ResourceQuota),
    /// A limit range.
    LimitRange(LimitRange),
    /// A priority class.
    PriorityClass(PriorityClass),
    /// A pod disruption budget.
    Budget(DisruptionBudget),
    /// A Lease and its holder; empty: nobody.
    Lease(NamespacedName, String),
}

impl Object {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Node(..) => Kind::Node,
            Self::Pod(_) => Kind::Pod,
            Self::Namespace(..) => Kind::Namespace,
            Self::Volume(_) => Kind::PersistentVolume,
            Self::Claim(_) => Kind::PersistentVolumeClaim,
            Self::Class(_) => Kind::StorageClass,
            Self::CsiNode(..) => Kind::CsiNode,
            Self::Service(..) => Kind::Service,
            Self::Controller(kind, ..) => *kind,
            Self::Quota(_) => Kind::ResourceQuota,
            Self::LimitRange(_) => Kind::LimitRange,
            Self::PriorityClass(_) => Kind::PriorityClass,
            Self::Budget(_) => Kind::PodDisruptionBudget,
            Self::Lease(..) => Kind::Lease,
        }
    }

    /// Its namespace (empty if it is in none) and its name.
    #[must_use]
    pub fn name(&self) -> (&str, &str) {
        match self {
            Self::Node(node, _) => ("", &node.name),
            Self::Pod(pod) => (&pod.namespace, &pod.name),
            Self::Namespace(name, _) | Self::CsiNode(name, _) => ("", name),
            Self::Volume(volume) => ("", &volume.name),
            Self::Claim(claim) => (&claim.namespace, &claim.name),
            Self::Class(class) => ("", &class.name),
            Self::Service((namespace, name), _)
            | Self::Controller(_, (namespace, name), _)
            | Self::Lease((namespace, name), _) => (namespace, name),
            Self::Quota(quota) => (&quota.namespace, &quota.name),
            Self::LimitRange(range) => (&range.namespace, &range.name),
            Self::PriorityClass(class) => ("", &class.name),
            Self::Budget(budget) => (&budget.namespace, &budget.name),
        }
    }
}

/// What takes the objects of a cluster, one by one.
pub trait Sink {
    /// Takes an object; true if it replaces one of the same kind and name.
    fn put(&mut self, object: Object) -> bool;

    /// Learns the `metadata.uid` of an object that it takes next: a node, a service, a persistent
    /// volume or a Lease.
    fn identify(&mut self, _kind: Kind, _uid: u128, _name: NamespacedName) {}

    /// Takes a pod that is like others; true if it replaces another one of its name. `like` may be
    /// used to note what spares work for the next one.
    fn put_like(&mut self, like: &mut Like, given: Given<'_>) -> bool {
        self.put(Object::Pod(Box::new(like.pod(given))))
    }

    /// Whether it wants to see objects of this kind as they are written, too, be it one that placement
    /// does not depend on. `api_version` is `None` where they do not say it.
    fn wants(&self, _api_version: Option<&str>, _kind: &str) -> bool {
        false
    }

    /// Sees an object that it wants, as JSON of the API.
    fn see(&mut self, _api_version: Option<&str>, _kind: &str, _object: &[u8]) {}

    /// Learns in the end of which kinds there may be more objects.
    fn set_unknown(&mut self, kinds: BTreeSet<Kind>);
}

impl Sink for Inventory {
    fn put(&mut self, object: Object) -> bool {
        let key = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
        match object {
            Object::Node(node, images) => {
                for (name, size) in images {
                    self.image_sizes.entry(name).or_insert(size);
                }
                self.nodes.insert(node.name.clone(), *node).is_some()
            }
            Object::Pod(pod) => self.pods.put(*pod).is_some(),
            Object::Namespace(name, labels) => self.namespaces.insert(name, labels).is_some(),
            Object::Volume(volume) => self.volumes.insert(volume.name.clone(), *volume).is_some(),
            Object::Claim(claim) => {
                self.claims.insert(key(&claim.namespace, &claim.name), *claim).is_some()
            }
            Object::Class(class) => self.classes.insert(class.name.clone(), class).is_some(),
            Object::CsiNode(name, node) => self.csi_nodes.insert(name, node).is_some(),
            Object::Service(name, Some(selector)) => {
                let other = self.selectorless.remove(&name);
                self.services.insert(name, selector).is_some() || other
            }
            Object::Service(name, None) => {
                let other = self.services.remove(&name).is_some();
                !self.selectorless.insert(name) || other
            }
            Object::Controller(kind, name, selector) => {
                self.controllers.insert((kind, name), selector).is_some()
            }
            Object::Quota(quota) => {
                self.quotas.insert(key(&quota.namespace, &quota.name), quota).is_some()
            }
            Object::LimitRange(range) => {
                self.limit_ranges.insert(key(&range.namespace, &range.name), range).is_some()
            }
            Object::PriorityClass(class) => {
                self.priority_classes.insert(class.name.clone(), class).is_some()
            }
            Object::Budget(budget) => {
                self.budgets.insert(key(&budget.namespace, &budget.name), budget).is_some()
            }
            Object::Lease(name, holder) => self.leases.insert(name, holder).is_some(),
        }
    }

    fn identify(&mut self, kind: Kind, uid: u128, name: NamespacedName) {
        self.uids.insert((kind, uid), name);
    }

    fn set_unknown(&mut self, kinds: BTreeSet<Kind>) {
        self.unknown = kinds;
    }
}

/// An object as it was read, and what it says about the snapshot.
#[derive(Clone, Debug)]
pub(super) struct Read {
    pub(super) object: Object,
    /// `metadata.uid`, of kinds that may be named by it.
    pub(super) uid: Option<u128>,
    /// The newest moment in it.
    pub(super) moment: Moment,
    pub(super) revision: Revision,
    /// The minor version of a node's kubelet.
    pub(super) kubelet: Option<u32>,
    /// The keys of taints that a node's conditions stand for and that it lacked.
    pub(super) taints: Vec<&'static str>,
}

impl Read {
    fn plain<A>(object: Object, metadata: &Metadata<A>) -> Self {
        let named = matches!(
            object.kind(),
            Kind::Node | Kind::Service | Kind::PersistentVolume | Kind::Lease
        );
        let uid = if named { metadata.uid.parse().ok().map(|ObjectId(uid)| uid) } else { None };
        Self {
            object,
            uid,
            moment: metadata.creation_timestamp,
            revision: metadata.resource_version,
            kubelet: None,
            taints: Vec::new(),
        }
    }

    /// Hands the object on; true if it replaces another.
    pub(super) fn put(self, sink: &mut dyn Sink) -> bool {
        if let Some(uid) = self.uid {
            let (namespace, name) = self.object.name();
            sink.identify(self.object.kind(), uid, (namespace.to_owned(), name.to_owned()));
        }
        sink.put(self.object)
    }
}

/// Reads one object of a known kind with `parse`, whatever that reads from. `live`: add the taints
/// that the conditions of nodes stand for.
pub(super) fn read<P: Parse>(kind: Kind, live: bool, parse: P) -> Result<Read, P::Error> {
    Ok(match kind {
        Kind::Node => read_node(&parse.parse()?, live),
        Kind::Pod => {
            let mut written: WrittenPod = parse.parse()?;
            let object = Object::Pod(Box::new(pod::read(&mut written.0)));
            Read::plain(object, &written.0.metadata)
        }
        Kind::Namespace => {
            let written: WrittenNamespace = parse.parse()?;
            Read::plain(namespace(&written), &written.metadata)
        }
        Kind::PersistentVolume => {
            let written: WrittenVolume = parse.parse()?;
            Read::plain(volume(&written), &written.metadata)
        }
        Kind::PersistentVolumeClaim => {
            let written: WrittenClaim = parse.parse()?;
            Read::plain(claim(&written), &written.metadata)
        }
        Kind::Service => {
            let written: services::WrittenService = parse.parse()?;
            Read::plain(services::read_service(&written), written.metadata())
        }
        Kind::Lease => {
            let written: lease::WrittenLease = parse.parse()?;
            Read::plain(written.read(), &written.metadata)
        }
        other => Read::plain(read_more(other, parse)?, &<Metadata>::default()),
    })
}

/// The kinds of which clusters have few objects.
fn read_more<P: Parse>(kind: Kind, parse: P) -> Result<Object, P::Error> {
    Ok(match kind {
        Kind::CsiNode => csi_node(&parse.parse()?),
        Kind::ReplicationController => services::read_replication_controller(&parse.parse()?),
        Kind::ReplicaSet | Kind::StatefulSet => services::read_controller(kind, &parse.parse()?),
        Kind::ResourceQuota => quota(&parse.parse()?),
        Kind::LimitRange => limit_range(&parse.parse()?),
        Kind::PriorityClass => priority_class(&parse.parse()?),
        Kind::PodDisruptionBudget => budget(&parse.parse()?),
        _ => class(&parse.parse()?),
    })
}

/// A parser that does not know yet what it is to read.
pub(super) trait Parse {
    /// What can go wrong.
    type Error;

    /// Reads a value.
    fn parse<T: DeserializeOwned>(self) -> Result<T, Self::Error>;
}

pub(super) fn node(written: &node::Written) -> Object {
    let images = node::images(written).map(|(name, size)| (name.clone(), size)).collect();
    Object::Node(Box::new(node::read(written)), images)
}

fn read_node(written: &node::Written, live: bool) -> Read {
    let mut object = node(written);
    let mut taints = Vec::new();
    if let (Object::Node(node, _), true) = (&mut object, live) {
        taints = node::add_condition_taints(node, written);
    }
    let metadata = &written.metadata;
    Read {
        moment: metadata.creation_timestamp.max(node::last_heartbeat(written)),
        kubelet: minor(node::kubelet(written)),
        taints,
        ..Read::plain(object, metadata)
    }
}

pub(super) fn pod(written: &WrittenPod) -> Object {
    Object::Pod(Box::new(written.read()))
}

pub(super) fn namespace(written: &WrittenNamespace) -> Object {
    labelled_namespace(&written.metadata.name, written.metadata.labels.clone())
}

/// A namespace; its name is among its labels.
pub(super) fn labelled_namespace(name: &str, mut labels: Labels) -> Object {
    labels.insert(NAMESPACE_NAME.to_owned(), name.to_owned());
    Object::Namespace(name.to_owned(), labels)
}

pub(super) fn volume(written: &WrittenVolume) -> Object {
    Object::Volume(Box::new(volume::read_volume(written)))
}

pub(super) fn claim(written: &WrittenClaim) -> Object {
    Object::Claim(Box::new(volume::read_claim(written)))
}

pub(super) fn class(written: &volume::WrittenClass) -> Object {
    Object::Class(volume::read_class(written))
}

pub(super) fn csi_node(written: &node::WrittenCsiNode) -> Object {
    let (name, csi_node) = node::read_csi_node(written);
    Object::CsiNode(name, csi_node)
}

pub(super) fn quota(written: &governance::WrittenQuota) -> Object {
    Object::Quota(governance::read_quota(written))
}

pub(super) fn limit_range(written: &governance::WrittenLimitRange) -> Object {
    Object::LimitRange(governance::read_limit_range(written))
}

pub(super) fn priority_class(written: &governance::WrittenPriorityClass) -> Object {
    Object::PriorityClass(governance::read_priority_class(written))
}

pub(super) fn budget(written: &governance::WrittenBudget) -> Object {
    Object::Budget(governance::read_budget(written))
}

/// The minor version of `v1.34.1`.
pub(super) fn minor(version: &str) -> Option<u32> {
    let rest = version.strip_prefix('v').unwrap_or(version).strip_prefix("1.")?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}
