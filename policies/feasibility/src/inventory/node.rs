//! Nodes.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::requests::Amounts;
use crate::label::Labels;
use crate::tolerations::Taint;

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.labels`.
    pub labels: Labels,
    /// `spec.taints`.
    pub taints: Vec<Taint>,
    /// `spec.unschedulable`: the node is cordoned.
    pub unschedulable: bool,
    /// `status.allocatable`; `status.capacity` where that is absent.
    pub allocatable: Amounts,
    /// The names of the images on it, `status.images`.
    pub images: Vec<String>,
    /// What it may soon be otherwise in. No filter reads it.
    pub doubts: Doubts,
}

/// Signs that a node says less about its kind, or about what else may come, than it seems to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// An autoscaler made it or looks after it, or it stands for another cluster: nodes of other
    /// kinds may come.
    pub managed: bool,
    /// The extended resources of which it offers less than it has, or none though it names them:
    /// their driver is starting, or unwell.
    pub devices: BTreeSet<String>,
}

/// What the CSI drivers report of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CsiNode {
    /// How many volumes of a driver the node can hold; drivers without a limit are left out.
    pub limits: BTreeMap<String, i64>,
}
