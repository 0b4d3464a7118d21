//! How many replicas find a place, one after another.

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::{Semantics, judge};
use serde_json::{Value, json};

use crate::doors::{feasible, read};
use crate::scaled;
use crate::world::{Dice, ZONE};

/// The pod on a node.
pub(crate) fn put(inventory: &mut Inventory, pod: &Pod, node: &str) {
    let name = format!("placed-{}", inventory.pods.len());
    let placed = Pod { name: name.clone(), node: Some(node.into()), ..pod.clone() };
    inventory.pods.put(placed);
}

/// How many of the pod find a place, for every choice among the feasible nodes.
pub(crate) fn counts(inventory: &Inventory, pod: &Pod, semantics: Semantics) -> BTreeSet<usize> {
    // Identical pods: what matters is how many are where.
    let mut known: BTreeSet<BTreeMap<String, usize>> = BTreeSet::new();
    let mut left = vec![(inventory.clone(), BTreeMap::new())];
    let mut found = BTreeSet::new();
    while let Some((inventory, placed)) = left.pop() {
        let nodes = feasible(&inventory, pod, semantics);
        if nodes.is_empty() {
            found.insert(placed.values().sum());
        }
        for node in nodes {
            let mut placed = placed.clone();
            *placed.entry(node.clone()).or_default() += 1;
            if known.insert(placed.clone()) {
                let mut inventory = inventory.clone();
                put(&mut inventory, pod, &node);
                left.push((inventory, placed));
            }
        }
    }
    found
}

/// How many of at most `most` pods find a place, ties broken by the dice.
fn place(inventory: &Inventory, pod: &Pod, most: usize, mut dice: Dice) -> usize {
    let mut inventory = inventory.clone();
    for placed in 0..most {
        let judgement = judge(&inventory, pod, Semantics::of_minor(37));
        let nodes: Vec<String> = judgement.feasible().map(str::to_owned).collect();
        if nodes.is_empty() {
            return placed;
        }
        put(&mut inventory, pod, &dice.pick(&nodes));
    }
    most
}

/// Nodes of some zones with room for some pods each; the room by zone.
fn empty(dice: &mut Dice) -> (Value, BTreeMap<String, usize>) {
    let mut rooms: BTreeMap<String, usize> = BTreeMap::new();
    let node = |index: usize| {
        let (zone, room) = (dice.pick(&["za", "zb", "zc"]), dice.below(4));
        *rooms.entry(zone.to_owned()).or_default() += room;
        json!({"metadata": {"name": format!("n{index}"), "labels": {ZONE: zone}},
            "status": {"allocatable": {"cpu": room.to_string(), "pods": "110"}}})
    };
    let nodes: Vec<Value> = (0..5).map(node).collect();
    (json!({"nodes": nodes, "namespaces": [{"metadata": {"name": "d"}}]}), rooms)
}

fn pod(spread: &Value) -> Value {
    json!({"metadata": {"name": "p", "namespace": "d", "labels": {"app": "x"}},
        "spec": {"topologySpreadConstraints": spread, "containers": [
            {"name": "c", "image": "i", "resources": {"requests": {"cpu": "1"}}}]}})
}

/// Property 7: more replicas never mean fewer placed; where only room counts, all room is used; and
/// where one spread constraint is all there is, as many are placed as the closed form says.
#[test]
fn as_many_identical_pods_are_placed_as_the_closed_form_says() {
    for seed in 0..scaled(30) as u64 {
        let dice = &mut Dice::new(seed);
        let (cluster, rooms) = empty(dice);
        let (inventory, plain) = read(&cluster, &pod(&json!([])));
        let room: usize = rooms.values().sum();
        let ties = [Dice::new(seed), Dice::new(!seed)];
        for ties in ties.clone() {
            assert_eq!(place(&inventory, &plain, 99, ties), room, "{seed}");
        }
        let (skew, min_domains) = (1 + dice.below(2), 1 + dice.below(3));
        let spread = json!([{"topologyKey": ZONE, "maxSkew": skew, "minDomains": min_domains,
            "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "x"}}}]);
        let (inventory, spread) = read(&cluster, &pod(&spread));
        let least = rooms.values().copied().min().unwrap_or_default();
        let least = if rooms.len() < min_domains { 0 } else { least };
        let most = rooms.values().map(|room| (*room).min(least + skew)).sum();
        let mut before = 0;
        for replicas in 0..=most + 1 {
            for (which, ties) in ties.clone().into_iter().enumerate() {
                let placed = place(&inventory, &spread, replicas, ties);
                assert_eq!(placed, replicas.min(most), "{seed}: {cluster} {skew} {min_domains}");
                assert!(which > 0 || placed >= before, "{seed}");
                before = before.max(placed);
            }
        }
    }
}
