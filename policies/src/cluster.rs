//! A cluster on which templates are judged.

mod counts;

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::Semantics;

pub use crate::cluster::counts::Counts;
use crate::scheduling::Schedulers;
use crate::surroundings::ServerVersion;
use crate::why::groups::Holder;

/// A cluster as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Its nodes, pods and the rest.
    pub inventory: Inventory,
    /// How its scheduler reads them.
    pub semantics: Semantics,
    /// What a report calls it: the name of the file.
    pub name: String,
    /// The vocabulary says that no other kinds of nodes will come.
    pub closed: bool,
    /// The profiles of its schedulers; `None`: the default profile of kube-scheduler is all there is.
    pub schedulers: Option<Schedulers>,
    /// The same nodes and pods, counted; [`Counts::default`] at first.
    pub counts: Counts,
}

impl Cluster {
    /// A cluster without a name, as the default scheduler of the newest release that this code was
    /// checked against reads it; more kinds of nodes may come.
    #[must_use]
    pub fn of(inventory: Inventory) -> Self {
        Self {
            inventory,
            semantics: Semantics::of_minor(ServerVersion::default().0),
            name: String::new(),
            closed: false,
            schedulers: None,
            counts: Counts::default(),
        }
    }

    /// The names of the nodes that fit the next pod, in order: as the cycle of
    /// [`crate::placed::next_cycle`] judges it, but without reasons and without work for each pod
    /// of the cluster. The first question counts the cluster, and takes longer.
    ///
    /// `None` if there is no answer this way, and the plain judge has to be asked.
    #[must_use]
    pub fn fitting(&self, pod: &Pod, owner: Option<&Holder>) -> Option<Vec<String>> {
        // No field is left out with `..`: whatever a judge reads of a cluster has to be used here.
        let Self { inventory, semantics, name: _, closed: _, schedulers: _, counts } = self;
        let profile = self.profile_of(pod)?.into_owned();
        counts.fitting(inventory, *semantics, profile, pod, owner)
    }

    /// What the snapshot lacks of what the verdicts on new pods depend on, as `kubectl get` calls
    /// it. What depends on it rejects no node and refuses no pod.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        self.lacking(|kind| is_filtered_by(kind) || is_admitted_by(kind))
    }

    /// As [`Self::missing`], as far as the answer about this pod depends on it: `new`: it is still
    /// to be created; `scored`: its nodes are ranked.
    #[must_use]
    pub fn missing_for(&self, pod: &Pod, new: bool, scored: bool) -> Vec<String> {
        let default_spread = || {
            let profile = self.profile_of(pod);
            pod.spread.is_empty()
                && profile.is_none_or(|profile| !profile.default_spread.constraints.is_empty())
        };
        let spread = scored && default_spread();
        self.lacking(|kind| match kind {
            Kind::PersistentVolume
            | Kind::PersistentVolumeClaim
            | Kind::StorageClass
            | Kind::CsiNode => !pod.volumes.is_empty(),
            Kind::Service => spread,
            Kind::ReplicationController | Kind::ReplicaSet | Kind::StatefulSet => {
                let owner = pod.owner.as_ref();
                spread && owner.is_some_and(|owner| owner.kind == kind.name())
            }
            kind => is_filtered_by(kind) || (new && is_admitted_by(kind)),
        })
    }

    fn lacking(&self, needs: impl Fn(Kind) -> bool) -> Vec<String> {
        let missing = self.inventory.unknown.iter().filter(|kind| needs(**kind));
        missing.map(|kind| kind.resource().to_owned()).collect()
    }
}

/// Does the verdict on a new pod depend on objects of the kind? `volumes`: on its volumes too.
pub(crate) fn is_read_for(kind: Kind, volumes: bool) -> bool {
    match kind {
        Kind::Node => true,
        Kind::PersistentVolume
        | Kind::PersistentVolumeClaim
        | Kind::StorageClass
        | Kind::CsiNode => volumes,
        kind => is_filtered_by(kind) || is_admitted_by(kind),
    }
}

/// Does a filter read objects of the kind?
fn is_filtered_by(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Pod
            | Kind::Namespace
            | Kind::PersistentVolume
            | Kind::PersistentVolumeClaim
            | Kind::StorageClass
            | Kind::CsiNode
    )
}

/// Do objects of the kind decide what new pods are like, and which of them are let in?
fn is_admitted_by(kind: Kind) -> bool {
    matches!(kind, Kind::ResourceQuota | Kind::LimitRange | Kind::PriorityClass)
}
