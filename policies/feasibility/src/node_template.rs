//! The nodes that a node template would bring.
//!
//! What a template leaves open is chosen to suit the pod, so that a row of a template that rejects
//! the pod would reject it whatever the real nodes look like.

use std::collections::{BTreeMap, BTreeSet};

use crate::any_cluster::demands::node_demands;
use crate::any_cluster::known_volumes;
use crate::contradiction::{
    Atom, AtomId, BUDGET, Demand, DemandId, NodeVerdict, TermDemand, decide,
};
use crate::inventory::Inventory;
use crate::inventory::node::Node;
use crate::inventory::pod::Pod;
use crate::inventory::requests::{CPU, EPHEMERAL_STORAGE, MEMORY, PODS, requests};
use crate::inventory::template::NodeTemplate;
use crate::label::Labels;
use crate::node_terms::NAME_FIELD;
use crate::profile::{HOSTNAME, ZONE};
use crate::quantity::Quantity;
use crate::requirement::Requirement;

/// Labels that every node of a cloud has, though a template may not say which values.
pub(crate) const USUAL: [&str; 8] = [
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "node.kubernetes.io/instance-type",
    ZONE,
    "topology.kubernetes.io/region",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
];

/// A node that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualNode {
    /// The template.
    pub template: String,
    /// In which of its zones, if it names any.
    pub zone: Option<String>,
    /// The node, with a name and a host name of its own.
    pub node: Node,
}

/// The nodes that the template would bring for this pod, one for each of its zones.
#[must_use]
pub fn virtual_nodes(
    template: &NodeTemplate,
    pod: &Pod,
    inventory: &Inventory,
) -> Vec<VirtualNode> {
    let zones: Vec<Option<&String>> = match template.zones.as_slice() {
        [] => vec![None],
        zones => zones.iter().map(Some).collect(),
    };
    let name = fresh_name(template, pod, inventory);
    let one = |zone: Option<&String>| {
        let mut labels = template.labels.clone();
        if let Some(zone) = zone {
            labels.insert(template.zone_key.clone(), zone.clone());
        }
        labels.entry(HOSTNAME.to_owned()).or_insert_with(|| name.clone());
        suit(template, &name, &mut labels, pod, inventory);
        let node = Node {
            name: name.clone(),
            labels,
            taints: template.taints.clone(),
            allocatable: allocatable(template, pod),
            ..Node::default()
        };
        VirtualNode { template: template.name.clone(), zone: zone.cloned(), node }
    };
    zones.into_iter().map(one).collect()
}

/// How many nodes that look like the template there are: with all of its labels, in its zones.
#[must_use]
pub fn present(template: &NodeTemplate, inventory: &Inventory) -> usize {
    let alike = |node: &&Node| {
        let zone = node.labels.get(&template.zone_key);
        let in_zone =
            template.zones.is_empty() || zone.is_some_and(|zone| template.zones.contains(zone));
        in_zone && template.labels.iter().all(|(key, value)| node.labels.get(key) == Some(value))
    };
    inventory.nodes.values().filter(alike).count()
}

/// May the group of nodes grow?
#[must_use]
pub fn may_grow(template: &NodeTemplate, inventory: &Inventory) -> bool {
    template.max.is_none_or(|max| {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        present(template, inventory) < max
    })
}

/// A name that no node has and no rule of the pod speaks of.
fn fresh_name(template: &NodeTemplate, pod: &Pod, inventory: &Inventory) -> String {
    let terms = pod.node_affinity.iter().flatten();
    let values = terms.flat_map(|term| term.requirements()).flat_map(|(_, one)| &one.values);
    let values = values.chain(pod.node_selector.values()).map(String::as_str);
    let named: BTreeSet<&str> = values.chain(pod.node.as_deref()).collect();
    let hosts: BTreeSet<&String> =
        inventory.nodes.values().filter_map(|node| node.labels.get(HOSTNAME)).collect();
    let free = |name: &String| {
        !inventory.nodes.contains_key(name)
            && !named.contains(name.as_str())
            && !hosts.contains(name)
    };
    let mut names = (0u64..).map(|number| format!("{}-new-{number}", template.name));
    names.find(free).unwrap_or_default()
}

/// Gives the labels that the template leaves open the values that the pod needs, if any will do.
fn suit(
    template: &NodeTemplate,
    name: &str,
    labels: &mut Labels,
    pod: &Pod,
    inventory: &Inventory,
) {
    let mut demands = node_demands(pod, &known_volumes(pod, inventory)).demands;
    let atoms = demands.iter().flat_map(|demand| &demand.terms).flat_map(|term| &term.atoms);
    let keys: BTreeSet<String> = atoms
        .filter(|atom| !atom.field)
        .map(|atom| atom.requirement.key.clone())
        .chain([HOSTNAME.to_owned()])
        .collect();
    let is_open = |key: &String| {
        !labels.contains_key(key)
            && (template.partial || USUAL.contains(&key.as_str()) || *key == template.zone_key)
    };
    let open: BTreeSet<&String> = keys.iter().filter(|key| is_open(key)).collect();
    if open.is_empty() {
        return;
    }
    let mut fixed = vec![(true, Requirement::one_of(NAME_FIELD, &[name]))];
    for key in keys.iter().filter(|key| !open.contains(key)) {
        let value = labels.get(key).map(String::as_str);
        let known = value
            .map_or_else(|| Requirement::absent(key), |value| Requirement::one_of(key, &[value]));
        fixed.push((false, known));
    }
    for (field, requirement) in fixed {
        let atoms = vec![Atom { id: AtomId(u32::MAX), field, requirement }];
        demands.push(Demand { id: DemandId(u32::MAX), terms: vec![TermDemand { atoms }] });
    }
    if let NodeVerdict::Satisfiable(witness) = decide(&demands, BUDGET) {
        let chosen: BTreeMap<String, String> =
            witness.labels.into_iter().filter(|(key, _)| open.contains(key)).collect();
        labels.extend(chosen);
    }
}

/// What is not written but every node has, is enough; so is everything if the template is partial.
fn allocatable(template: &NodeTemplate, pod: &Pod) -> BTreeMap<String, Quantity> {
    let mut found = template.allocatable.clone();
    let plenty = |name: &str| match name {
        CPU => Quantity::of_thousandths(i64::MAX),
        _ => Quantity::of_units(i64::MAX),
    };
    let asked = requests(pod, None);
    let open = asked.keys().filter(|_| template.partial).map(String::as_str);
    for name in open.chain([CPU, MEMORY, EPHEMERAL_STORAGE, PODS]) {
        found.entry(name.to_owned()).or_insert_with(|| plenty(name));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::pod::{PodSpec, TopologySpread, WhenUnsatisfiable};
    use crate::node_terms::NodeTerm;

    fn template() -> NodeTemplate {
        NodeTemplate {
            name: "h100".into(),
            labels: [("accelerator".into(), "h100".into())].into(),
            allocatable: [("cpu".into(), Quantity::of_units(96))].into(),
            zone_key: ZONE.into(),
            zones: vec!["a".into(), "b".into()],
            max: Some(2),
            ..NodeTemplate::default()
        }
    }

    fn pod(requirements: Vec<Requirement>) -> Pod {
        Pod {
            spec: PodSpec {
                node_affinity: Some(vec![NodeTerm::of(requirements)]),
                ..PodSpec::default()
            }
            .into(),
            ..Pod::default()
        }
    }

    #[test]
    fn a_template_brings_a_node_of_its_own_in_each_zone() {
        let mut inventory = Inventory::default();
        inventory.nodes.insert("h100-new-0".into(), Node::default());
        let found = virtual_nodes(&template(), &Pod::default(), &inventory);
        let zones: Vec<_> = found.iter().map(|one| one.node.labels[ZONE].as_str()).collect();
        assert_eq!(zones, ["a", "b"]);
        let node = &found[0].node;
        assert_eq!((node.name.as_str(), &node.labels[HOSTNAME]), ("h100-new-1", &node.name));
        assert_eq!(node.allocatable["cpu"], Quantity::of_units(96));
        assert!(node.allocatable.contains_key("pods") && node.allocatable.contains_key("memory"));
    }

    #[test]
    fn what_is_left_open_suits_the_pod() {
        let named = |partial| NodeTemplate { partial, zones: vec![], ..template() };
        let wanted = pod(vec![
            Requirement::one_of("kubernetes.io/arch", &["arm64"]),
            Requirement::one_of("disk", &["ssd"]),
        ]);
        let labels = |partial| {
            let inventory = Inventory::default();
            virtual_nodes(&named(partial), &wanted, &inventory).remove(0).node.labels
        };
        // A template that is whole has no such disk, and then nothing else helps either.
        assert!(!labels(false).contains_key("disk"));
        let found = labels(true);
        assert_eq!((&*found["disk"], &*found["kubernetes.io/arch"]), ("ssd", "arm64"));
        // What is written stands.
        let other = pod(vec![Requirement::one_of("accelerator", &["a100"])]);
        let found = virtual_nodes(&named(true), &other, &Inventory::default());
        assert_eq!(found[0].node.labels["accelerator"], "h100");
    }

    #[test]
    fn an_open_topology_gets_some_domain() {
        let spread = TopologySpread {
            topology_key: "rack".into(),
            when_unsatisfiable: WhenUnsatisfiable::DoNotSchedule,
            ..TopologySpread::default()
        };
        let pod = Pod {
            spec: PodSpec { spread: vec![spread], ..PodSpec::default() }.into(),
            ..Pod::default()
        };
        let partial = NodeTemplate { partial: true, ..template() };
        let found = virtual_nodes(&partial, &pod, &Inventory::default());
        assert!(found.iter().all(|one| one.node.labels.contains_key("rack")));
    }

    #[test]
    fn a_group_grows_up_to_its_maximum() {
        let mut inventory = Inventory::default();
        for (name, zone, grows) in [("x", "a", true), ("y", "c", true), ("z", "b", false)] {
            let mut labels = template().labels;
            labels.insert(ZONE.into(), zone.into());
            let node = Node { name: name.into(), labels, ..Node::default() };
            inventory.nodes.insert(name.into(), node);
            assert_eq!(may_grow(&template(), &inventory), grows, "{name}");
        }
        let endless = NodeTemplate { max: None, ..template() };
        assert!(may_grow(&endless, &inventory));
    }
}
