//! A cluster on which templates are judged.

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::judge::Semantics;

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
}

impl Cluster {
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
