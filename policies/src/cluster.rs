//! A cluster on which templates are judged.

mod counts;

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::Semantics;

pub use crate::cluster::counts::Counts;
use crate::scheduling::Schedulers;
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

    /// The resources that a filter reads and that the snapshot lacks, as `kubectl get` calls them:
    /// what depends on them rejects no node.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let is_read = |kind: &&Kind| {
            matches!(
                kind,
                Kind::Pod
                    | Kind::Namespace
                    | Kind::PersistentVolume
                    | Kind::PersistentVolumeClaim
                    | Kind::StorageClass
                    | Kind::CsiNode
            )
        };
        let missing = self.inventory.unknown.iter().filter(is_read);
        missing.map(|kind| kind.resource().to_owned()).collect()
    }
}
