//! A cluster on which templates are judged.

use placecard_feasibility::inventory::Inventory;
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
