//! Whether some kind of node in the inventory could hold a pod, if nothing else ran there.
//!
//! A row is a node of the cluster without its pods, without being cordoned and without the taints
//! that come and go with the state of a node, or a node that a template would bring. Only what lies
//! in the row itself counts: other pods, claims and volumes that are not there yet could be made.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::filter::Plugin;
use crate::filter::cycle::empty_cycle;
use crate::filter::reason::Reason;
use crate::inventory::Inventory;
use crate::inventory::node::Node;
use crate::inventory::pod::Pod;
use crate::inventory::requests::{CPU, EPHEMERAL_STORAGE, MEMORY, PODS, Resources, requests};
use crate::judge::{Semantics, judge_cycle};
use crate::node_template::virtual_nodes;
use crate::profile::Profile;

/// Where a row comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A node of the cluster, by name.
    Node(String),
    /// A node that a template would bring.
    Template {
        /// The template's name.
        name: String,
        /// In which of its zones, if it names any.
        zone: Option<String>,
    },
}

/// What a row lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// A plugin rejects it: a taint, a node rule, a volume that is elsewhere, a missing label.
    Rejected(Plugin, Reason),
    /// The whole node has less of a resource than the pod asks for.
    Resource {
        /// The resource.
        name: String,
        /// What the pod asks for: thousandths of `cpu`, otherwise units.
        wanted: i64,
        /// What the node has.
        allocatable: i64,
    },
}

/// What is said of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The row.
    pub origin: Origin,
    /// What it lacks, sorted; empty: the pod would fit.
    pub lacks: Vec<Lack>,
}

/// Judges every row for the pod: the nodes in the order of their names, then the templates.
#[must_use]
pub fn rows(inventory: &Inventory, pod: &Pod, semantics: Semantics, profile: &Profile) -> Vec<Row> {
    rows_with(inventory.nodes.values(), inventory, pod, semantics, profile)
}

/// The same with these nodes, in this order.
pub fn rows_with<'n>(
    nodes: impl Iterator<Item = &'n Node>,
    inventory: &Inventory,
    pod: &Pod,
    semantics: Semantics,
    profile: &Profile,
) -> Vec<Row> {
    let mut found: Vec<(Origin, Cow<'_, Node>)> = Vec::new();
    for node in nodes {
        found.push((Origin::Node(node.name.clone()), rested(node)));
    }
    for template in inventory.templates.values() {
        for one in virtual_nodes(template, pod, inventory) {
            let origin = Origin::Template { name: one.template, zone: one.zone };
            found.push((origin, Cow::Owned(one.node)));
        }
    }
    judge_rows(inventory, pod, semantics, profile, found)
}

/// The node as it is when nothing is the matter with it.
#[must_use]
pub fn at_rest(node: &Node) -> Node {
    rested(node).into_owned()
}

/// The same, without a copy where nothing is.
#[must_use]
pub fn rested(node: &Node) -> Cow<'_, Node> {
    if !node.unschedulable && !node.taints.iter().any(|taint| is_transient(&taint.key)) {
        return Cow::Borrowed(node);
    }
    let mut node = node.clone();
    node.unschedulable = false;
    node.taints.retain(|taint| !is_transient(&taint.key));
    Cow::Owned(node)
}

/// Taints that say in which state a node is, not what it is for (`well_known_taints.go`).
#[must_use]
pub fn is_transient(key: &str) -> bool {
    key.starts_with("node.kubernetes.io/") || key.starts_with("node.cloudprovider.kubernetes.io/")
}

fn judge_rows(
    inventory: &Inventory,
    pod: &Pod,
    semantics: Semantics,
    profile: &Profile,
    rows: Vec<(Origin, Cow<'_, Node>)>,
) -> Vec<Row> {
    // Companions could be made; that their domain needs a label is seen below.
    let alone = Pod { nominated_node: None, ..pod.clone().with(|spec| spec.affinity = Vec::new()) };
    let nodes = rows.iter().map(|(_, node)| &**node);
    let cycle = empty_cycle(nodes, inventory, &alone, semantics, Cow::Borrowed(profile));
    let judgement = judge_cycle(&cycle);
    let wanted = Resources::of(&requests(pod, None));
    let mut found = Vec::new();
    for ((origin, node), judged) in rows.iter().zip(&judgement.nodes) {
        let mut lacks: Vec<Lack> = Vec::new();
        for (plugin, rejection) in &judged.all {
            for reason in rejection.reasons.iter().filter(|reason| is_of_row(reason)) {
                lacks.push(lack(*plugin, reason, &wanted, node));
            }
        }
        let missing = |key: &String| !node.labels.contains_key(key);
        if pod.affinity.iter().any(|term| missing(&term.topology_key)) {
            lacks.push(Lack::Rejected(Plugin::InterPodAffinity, Reason::PodAffinity));
        }
        lacks.sort();
        lacks.dedup();
        found.push(Row { origin: origin.clone(), lacks });
    }
    found
}

/// Does the reason lie in the row, whatever pods, claims and volumes there will be?
fn is_of_row(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::OtherNode
            | Reason::Taint(_)
            | Reason::NodeAffinity
            | Reason::NameConflict
            | Reason::TooManyPods
            | Reason::Insufficient(_)
            | Reason::TooManyVolumes
            | Reason::VolumeNodeAffinity
            | Reason::VolumeZone
            | Reason::SpreadKey
    )
}

fn lack(plugin: Plugin, reason: &Reason, wanted: &Resources, node: &Node) -> Lack {
    let has = Resources::of(&node.allocatable);
    let (name, wanted, allocatable) = match reason {
        Reason::TooManyPods => (PODS, 1, has.pods),
        Reason::Insufficient(name) => match name.as_str() {
            CPU => (CPU, wanted.milli_cpu, has.milli_cpu),
            MEMORY => (MEMORY, wanted.memory, has.memory),
            EPHEMERAL_STORAGE => {
                (EPHEMERAL_STORAGE, wanted.ephemeral_storage, has.ephemeral_storage)
            }
            other => (other, wanted.scalar(other), has.scalar(other)),
        },
        other => return Lack::Rejected(plugin, other.clone()),
    };
    Lack::Resource { name: name.to_owned(), wanted, allocatable }
}

/// The rows by what they lack, those that lack least first: that is what a report says.
#[must_use]
pub fn groups(rows: &[Row]) -> Vec<(Vec<Lack>, Vec<&Origin>)> {
    let mut groups: BTreeMap<&[Lack], Vec<&Origin>> = BTreeMap::new();
    for row in rows {
        groups.entry(&row.lacks).or_default().push(&row.origin);
    }
    let mut groups: Vec<(Vec<Lack>, Vec<&Origin>)> =
        groups.into_iter().map(|(lacks, origins)| (lacks.to_vec(), origins)).collect();
    groups.sort_by_key(|(lacks, _)| lacks.len());
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::pod::{Container, PodSpec};
    use crate::inventory::requests::Amounts;
    use crate::inventory::template::NodeTemplate;
    use crate::pod_affinity::AffinityTerm;
    use crate::quantity::Quantity;
    use crate::tolerations::Taint;

    fn amounts(text: &str) -> Amounts {
        let pair = |pair: &str| {
            let (name, amount) = pair.split_once('=').unwrap();
            (name.to_owned(), Quantity::parse(amount).unwrap())
        };
        text.split_whitespace().map(pair).collect()
    }

    fn taint(key: &str) -> Taint {
        Taint { key: key.into(), effect: "NoSchedule".into(), ..Taint::default() }
    }

    fn inventory() -> Inventory {
        let node = |name: &str, allocatable: &str, taints: Vec<Taint>| Node {
            name: name.into(),
            allocatable: amounts(allocatable),
            taints,
            unschedulable: true,
            labels: [("kubernetes.io/hostname".into(), name.into())].into(),
            ..Node::default()
        };
        let nodes = [
            node("big", "cpu=8 memory=8Gi pods=10", vec![taint("node.kubernetes.io/not-ready")]),
            node("kept", "cpu=8 memory=8Gi pods=10", vec![taint("team")]),
            node("small", "cpu=1 memory=8Gi pods=10", vec![]),
        ];
        let template = NodeTemplate {
            name: "t".into(),
            labels: [("disk".into(), "ssd".into())].into(),
            allocatable: amounts("cpu=4"),
            ..NodeTemplate::default()
        };
        Inventory {
            nodes: nodes.into_iter().map(|node| (node.name.clone(), node)).collect(),
            templates: [("t".to_owned(), template)].into(),
            ..Inventory::default()
        }
    }

    fn pod(requests: &str) -> Pod {
        let container = Container { requests: amounts(requests), ..Container::default() };
        Pod {
            name: "p".into(),
            spec: PodSpec { containers: vec![container], ..PodSpec::default() }.into(),
            ..Pod::default()
        }
    }

    fn judged(inventory: &Inventory, pod: &Pod) -> Vec<Row> {
        let semantics = Semantics::of_minor(34);
        rows(inventory, pod, semantics, &Profile::of(semantics))
    }

    #[test]
    fn each_row_says_what_it_lacks() {
        let mut inventory = inventory();
        // A pod that fills the node does not matter.
        let other = Pod { node: Some("big".into()), ..pod("cpu=8") };
        inventory.pods.insert((String::new(), "other".into()), other);
        let found = judged(&inventory, &pod("cpu=2"));
        let lacks: Vec<&[Lack]> = found.iter().map(|row| row.lacks.as_slice()).collect();
        let cpu = Lack::Resource { name: "cpu".into(), wanted: 2000, allocatable: 1000 };
        let tainted = Lack::Rejected(Plugin::TaintToleration, Reason::Taint(taint("team")));
        assert_eq!(lacks, [&[][..], &[tainted], &[cpu], &[]]);
        let last = Origin::Template { name: "t".into(), zone: None };
        assert_eq!(found[3].origin, last);
        let groups = groups(&found);
        assert_eq!(groups.len(), 3);
        assert_eq!(groups[0], (vec![], vec![&Origin::Node("big".into()), &last]));
    }

    #[test]
    fn companions_could_be_made_but_not_the_label_of_their_domain() {
        let term = |key: &str| AffinityTerm {
            selector: Some(crate::selector::Selector::from_labels(
                &[("a".into(), "b".into())].into(),
            )),
            topology_key: key.into(),
            ..AffinityTerm::default()
        };
        let near = |key: &str| pod("").with(|spec| spec.affinity = vec![term(key)]);
        let fits = |key: &str| {
            judged(&inventory(), &near(key)).iter().filter(|row| row.lacks.is_empty()).count()
        };
        assert_eq!((fits("kubernetes.io/hostname"), fits("rack")), (3, 0));
    }
}
