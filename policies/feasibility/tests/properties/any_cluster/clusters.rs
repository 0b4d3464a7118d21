//! Clusters that are made to refute a contradiction: their labels, names and pods come from the
//! pod's own demands.

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::any_cluster::{KnownVolume, Reach};
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::inventory::volume::{Claim, ClaimReference};
use placecard_feasibility::label::{
    Labels, NAMESPACE_NAME, integer, is_label_key, is_label_value, is_node_name,
};
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::quantity::Quantity;
use placecard_feasibility::requirement::Requirement;

use super::dice::Dice;
use super::pods::{BETA_ZONE, ZONE};

type Pool = BTreeMap<String, BTreeSet<String>>;

/// The values that the pod's demands tell apart, and their neighbours.
struct Pools {
    nodes: Pool,
    names: BTreeSet<String>,
    pods: Pool,
    namespaces: Pool,
    namespace_names: BTreeSet<String>,
}

fn add(pool: &mut Pool, requirement: &Requirement) {
    if !is_label_key(&requirement.key) {
        return;
    }
    let values = pool.entry(requirement.key.clone()).or_default();
    values.extend(["other", "3"].map(str::to_owned));
    for value in &requirement.values {
        values.insert(value.clone());
        if let Some(number) = integer(value) {
            let near = [number.checked_sub(1), Some(number), number.checked_add(1)];
            for near in near.into_iter().flatten() {
                values.extend([near.to_string(), format!("0{near}"), format!("00{near}")]);
            }
        }
    }
    values.retain(|value| is_label_value(value));
}

fn pools(pod: &Pod, volumes: &[KnownVolume]) -> Pools {
    let mut pools = Pools {
        nodes: Pool::new(),
        names: BTreeSet::from(["node".to_owned(), "n1".to_owned(), "n2".to_owned()]),
        pods: Pool::new(),
        namespaces: Pool::new(),
        namespace_names: BTreeSet::from([pod.namespace.clone(), "fresh".to_owned()]),
    };
    let mut term = |term: &NodeTerm| {
        term.expressions.iter().for_each(|one| add(&mut pools.nodes, one));
        pools.names.extend(term.fields.iter().flat_map(|one| one.values.clone()));
    };
    pod.node_affinity.iter().flatten().for_each(&mut term);
    for known in volumes {
        match &known.reach {
            Reach::Bound(volume) => volume.node_affinity.iter().flatten().for_each(&mut term),
            Reach::Made(class) => {
                class
                    .allowed_topologies
                    .iter()
                    .cloned()
                    .map(NodeTerm::of)
                    .for_each(|one| term(&one));
            }
        }
    }
    for (key, value) in &pod.node_selector {
        add(&mut pools.nodes, &Requirement::one_of(key, &[value.as_str()]));
    }
    pools.names.extend(pod.node.as_deref().filter(|name| is_node_name(name)).map(str::to_owned));
    for spread in &pod.spread {
        add(&mut pools.nodes, &Requirement::one_of(&spread.topology_key, &["a"]));
        for one in spread.selector.iter().flat_map(|one| &one.requirements) {
            add(&mut pools.pods, one);
        }
    }
    for term in pod.affinity.iter().chain(&pod.anti_affinity) {
        add(&mut pools.nodes, &Requirement::one_of(&term.topology_key, &["a"]));
        term.selector
            .iter()
            .flat_map(|s| &s.requirements)
            .for_each(|one| add(&mut pools.pods, one));
        pools.namespace_names.extend(term.namespaces.iter().cloned());
        for one in term.namespace_selector.iter().flat_map(|one| &one.requirements) {
            if one.key == NAMESPACE_NAME {
                pools.namespace_names.extend(one.values.iter().cloned());
            } else {
                add(&mut pools.namespaces, one);
            }
        }
    }
    if !volumes.is_empty() {
        for key in [ZONE, BETA_ZONE] {
            add(&mut pools.nodes, &Requirement::one_of(key, &["a", "b"]));
        }
    }
    pools
}

fn labels(dice: &mut Dice, pool: &Pool) -> Labels {
    let mut labels = Labels::new();
    for (key, values) in pool {
        if dice.chance(75) {
            let values: Vec<&String> = values.iter().collect();
            labels.insert(key.clone(), (*dice.pick(&values)).clone());
        }
    }
    labels
}

/// Claims and volumes as they are known.
pub(crate) fn known(inventory: &mut Inventory, pod: &Pod, volumes: &[KnownVolume]) {
    for known in volumes {
        let key = (pod.namespace.clone(), known.claim.clone());
        let mut claim = Claim {
            name: known.claim.clone(),
            namespace: pod.namespace.clone(),
            ..Claim::default()
        };
        match &known.reach {
            Reach::Bound(volume) => {
                let reference = ClaimReference { claim: key.clone(), uid: String::new() };
                claim.volume.clone_from(&volume.name);
                claim.bound = true;
                let mut volume = (**volume).clone();
                volume.claim = Some(reference);
                inventory.volumes.insert(volume.name.clone(), volume);
            }
            Reach::Made(class) => {
                claim.class.clone_from(&class.name);
                inventory.classes.insert(class.name.clone(), (**class).clone());
            }
        }
        inventory.claims.insert(key, claim);
    }
}

/// A cluster of 1 to 5 nodes with pods that the demands speak of, and copies of the pod.
pub(crate) fn cluster(dice: &mut Dice, pod: &Pod, volumes: &[KnownVolume]) -> Inventory {
    let pools = pools(pod, volumes);
    let mut inventory = Inventory::default();
    known(&mut inventory, pod, volumes);
    for name in &pools.namespace_names {
        let mut labels = labels(dice, &pools.namespaces);
        labels.insert(NAMESPACE_NAME.to_owned(), name.clone());
        inventory.namespaces.insert(name.clone(), labels);
    }
    let names: Vec<&String> = pools.names.iter().collect();
    for _ in 0..=dice.below(5) {
        let name = (*dice.pick(&names)).clone();
        let allocatable = [("pods", 110), ("cpu", 8), ("memory", 1 << 33)];
        let allocatable = allocatable.map(|(key, n)| (key.to_owned(), Quantity::of_units(n)));
        let labels = labels(dice, &pools.nodes);
        let node =
            Node { name: name.clone(), labels, allocatable: allocatable.into(), ..Node::default() };
        inventory.nodes.insert(name, node);
    }
    let nodes: Vec<String> = inventory.nodes.keys().cloned().collect();
    let namespaces: Vec<&String> = pools.namespace_names.iter().collect();
    for index in 0..dice.below(6) {
        let mut other = if dice.chance(25) {
            let clone = Pod { volumes: Vec::new(), ..pod.clone() };
            if dice.chance(50) { clone.with(|spec| spec.anti_affinity = Vec::new()) } else { clone }
        } else {
            let namespace = (*dice.pick(&namespaces)).clone();
            Pod { namespace, labels: labels(dice, &pools.pods).into(), ..Pod::default() }
        };
        other.name = format!("e{index}");
        other.uid = format!("uid-e{index}");
        other.terminating = dice.chance(50);
        other.node = Some(dice.pick(&nodes).as_str().into());
        inventory.pods.put(other);
    }
    inventory
}
