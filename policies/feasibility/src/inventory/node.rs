//! Nodes.

use std::collections::BTreeMap;

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
}

/// What the CSI drivers report of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CsiNode {
    /// How many volumes of a driver the node can hold; drivers without a limit are left out.
    pub limits: BTreeMap<String, i64>,
}
