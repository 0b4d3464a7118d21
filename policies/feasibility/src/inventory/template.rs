//! Node templates: groups of nodes that may grow, also from zero.

use crate::inventory::requests::Amounts;
use crate::label::Labels;
use crate::tolerations::Taint;

/// A group of nodes that look alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeTemplate {
    /// Its name.
    pub name: String,
    /// Labels of its nodes.
    pub labels: Labels,
    /// Taints of its nodes.
    pub taints: Vec<Taint>,
    /// What a node has for pods. What every node has, but is not written here (CPU, memory, pods,
    /// local disk), is taken to be enough.
    pub allocatable: Amounts,
    /// The label whose values are the zones.
    pub zone_key: String,
    /// The zones it may appear in; without any, what its labels say.
    pub zones: Vec<String>,
    /// How many nodes it may have; `None`: any number.
    pub max: Option<u32>,
    /// Its nodes have labels and resources that are not written here: whatever a pod asks of these
    /// is taken to be met.
    pub partial: bool,
}
