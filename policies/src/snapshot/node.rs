//! Nodes and what their CSI drivers report.

use std::fmt;

use placecard_feasibility::inventory::node::{CsiNode, Doubts, Node};
use placecard_feasibility::inventory::requests::is_extended;
use placecard_feasibility::quantity::Quantity;
use placecard_feasibility::tolerations::Taint;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::amounts::{self, WrittenAmounts};
use super::condition::add_taints;
use super::stamp::Moment;
use super::{Metadata, or_default};

/// A node as it stands in JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Written {
    #[serde(deserialize_with = "or_default")]
    pub(super) metadata: Metadata<Marked>,
    #[serde(deserialize_with = "or_default")]
    spec: Spec,
    #[serde(deserialize_with = "or_default")]
    status: Status,
}

/// Prefixes of labels, annotations and taints on nodes that an autoscaler made or looks after, or
/// that stand for another cluster.
const MARKS: [&str; 9] = [
    "cluster-autoscaler.kubernetes.io/",
    "k8s.io/cluster-autoscaler/",
    "karpenter.sh/",
    "karpenter.k8s.aws/",
    "ToBeDeletedByClusterAutoscaler",
    "DeletionCandidateOfClusterAutoscaler",
    "virtual-kubelet.io/",
    "multicluster.admiralty.io/",
    "liqo.io/",
];

/// The label that a virtual kubelet sets, and its value.
const VIRTUAL: (&str, &str) = ("type", "virtual-kubelet");

/// Whether the key of a label, an annotation or a taint is a mark of [`MARKS`].
pub(super) fn is_mark(key: &str) -> bool {
    MARKS.iter().any(|prefix| key.starts_with(prefix))
}

/// Whether one of the annotations is a mark of [`MARKS`].
#[derive(Clone, Debug, Default)]
pub(super) struct Marked(bool);

impl<'de> Deserialize<'de> for Marked {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Marked;
            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a mapping")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Marked, A::Error> {
                let mut marked = Marked(false);
                while let Some(key) = all.next_key::<String>()? {
                    marked.0 |= is_mark(&key);
                    all.next_value::<IgnoredAny>()?;
                }
                Ok(marked)
            }
        }
        from.deserialize_map(Keys)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Spec {
    #[serde(deserialize_with = "or_default")]
    unschedulable: bool,
    #[serde(deserialize_with = "or_default")]
    taints: Vec<WrittenTaint>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WrittenTaint {
    #[serde(deserialize_with = "or_default")]
    key: String,
    #[serde(deserialize_with = "or_default")]
    value: String,
    #[serde(deserialize_with = "or_default")]
    effect: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "or_default")]
    capacity: WrittenAmounts,
    allocatable: Option<WrittenAmounts>,
    #[serde(deserialize_with = "or_default")]
    images: Vec<WrittenImage>,
    #[serde(deserialize_with = "or_default")]
    conditions: Vec<Condition>,
    #[serde(deserialize_with = "or_default")]
    node_info: NodeInfo,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Condition {
    #[serde(rename = "type", deserialize_with = "or_default")]
    kind: String,
    #[serde(deserialize_with = "or_default")]
    status: String,
    last_heartbeat_time: Moment,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeInfo {
    #[serde(deserialize_with = "or_default")]
    kubelet_version: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WrittenImage {
    #[serde(deserialize_with = "or_default")]
    names: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    size_bytes: i64,
}

/// A CSI node as it stands in JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WrittenCsiNode {
    #[serde(deserialize_with = "or_default")]
    pub(super) metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    spec: CsiSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CsiSpec {
    #[serde(deserialize_with = "or_default")]
    drivers: Vec<Driver>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Driver {
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    allocatable: Limit,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Limit {
    count: Option<i64>,
}

/// The node; its capacity is allocatable where nothing else is said.
pub(super) fn read(written: &Written) -> Node {
    let allocatable = written.status.allocatable.as_ref().unwrap_or(&written.status.capacity);
    let taint = |taint: &WrittenTaint| Taint {
        key: taint.key.clone(),
        value: taint.value.clone(),
        effect: taint.effect.clone(),
    };
    Node {
        name: written.metadata.name.clone(),
        labels: written.metadata.labels.clone(),
        taints: written.spec.taints.iter().map(taint).collect(),
        unschedulable: written.spec.unschedulable,
        allocatable: amounts::read(allocatable),
        images: images(written).map(|(name, _)| name.clone()).collect(),
        doubts: doubts(written, allocatable),
    }
}

fn doubts(written: &Written, allocatable: &WrittenAmounts) -> Doubts {
    let (labels, taints) = (&written.metadata.labels, &written.spec.taints);
    let managed = written.metadata.annotations.0
        || labels.keys().any(|key| is_mark(key))
        || taints.iter().any(|taint| is_mark(&taint.key))
        || labels.get(VIRTUAL.0).is_some_and(|value| value == VIRTUAL.1);
    let less = |(name, has): &(&String, &Quantity)| {
        let offered = allocatable.get(*name).copied().unwrap_or_default();
        is_extended(name) && (offered < **has || offered == Quantity::ZERO)
    };
    let named = written.status.capacity.iter().filter(less).map(|(name, _)| name.clone());
    let none = |(name, has): &(&String, &Quantity)| is_extended(name) && **has == Quantity::ZERO;
    let empty = allocatable.iter().filter(none).map(|(name, _)| name.clone());
    Doubts { managed, devices: named.chain(empty).collect() }
}

/// Adds the taints that the node's conditions stand for; the keys of those that it lacked.
pub(super) fn add_condition_taints(node: &mut Node, written: &Written) -> Vec<&'static str> {
    let conditions = written.status.conditions.iter();
    let conditions = conditions.map(|one| (one.kind.as_str(), one.status.as_str()));
    add_taints(node, conditions)
}

/// When the node was heard of last.
pub(super) fn last_heartbeat(written: &Written) -> Moment {
    let conditions = written.status.conditions.iter();
    conditions.map(|one| one.last_heartbeat_time).max().unwrap_or_default()
}

/// The version of its kubelet, `v1.34.1`; empty if it does not say.
pub(super) fn kubelet(written: &Written) -> &str {
    &written.status.node_info.kubelet_version
}

/// Every name of every image on the node, and its size in bytes.
pub(super) fn images(written: &Written) -> impl Iterator<Item = (&String, i64)> {
    let images = written.status.images.iter();
    images.flat_map(|image| image.names.iter().map(|name| (name, image.size_bytes)))
}

/// The name of the node, and the limits of its drivers.
pub(super) fn read_csi_node(written: &WrittenCsiNode) -> (String, CsiNode) {
    let limit = |driver: &Driver| Some((driver.name.clone(), driver.allocatable.count?));
    let limits = written.spec.drivers.iter().filter_map(limit).collect();
    (written.metadata.name.clone(), CsiNode { limits })
}
