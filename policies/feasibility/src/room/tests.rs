use super::*;
use crate::inventory::pod::{Container, HostPort, PodSpec};
use crate::judge::judge;
use crate::pod_affinity::AffinityTerm;
use crate::quantity::Quantity;
use crate::tolerations::Taint;

const HOST: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// A small generator, so that a case can be named by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn node(name: &str, zone: Option<&str>, tainted: bool) -> Node {
    let mut labels = Labels::from([(HOST.to_owned(), name.to_owned())]);
    labels.extend(zone.map(|zone| (ZONE.to_owned(), zone.to_owned())));
    let taint = Taint { key: "team".into(), effect: "NoSchedule".into(), ..Taint::default() };
    Node {
        name: name.to_owned(),
        labels,
        taints: if tainted { vec![taint] } else { Vec::new() },
        allocatable: [
            ("pods".to_owned(), Quantity::of_units(30)),
            ("cpu".to_owned(), Quantity::of_units(30)),
        ]
        .into(),
        ..Node::default()
    }
}

fn pod(number: u64, spec: &PodSpec) -> Pod {
    Pod {
        name: format!("web-{number}"),
        namespace: "shop".to_owned(),
        labels: [("app".to_owned(), "web".to_owned())].into(),
        spec: spec.clone().into(),
        ..Pod::default()
    }
}

fn own() -> Option<Selector> {
    Some(Selector::from_labels(&[("app".to_owned(), "web".to_owned())].into()))
}

fn even(key: &str) -> TopologySpread {
    TopologySpread {
        max_skew: 1,
        topology_key: key.to_owned(),
        selector: own(),
        min_domains: 1,
        honor_affinity: true,
        ..TopologySpread::default()
    }
}

fn inventory(nodes: impl IntoIterator<Item = Node>) -> Inventory {
    let nodes = nodes.into_iter().map(|node| (node.name.clone(), node)).collect();
    Inventory { nodes, ..Inventory::default() }
}

fn bounds(inventory: &Inventory, spec: &PodSpec) -> Vec<Room> {
    let (first, next) = (pod(0, spec), pod(1, spec));
    let semantics = Semantics::of_minor(34);
    let alike = Alike { pod: &first, next: &next, old: None, asked: 40 };
    rooms(inventory, alike, semantics, &Profile::of(semantics), |_| false)
}

fn asks_for_a_cpu() -> PodSpec {
    let requests = [("cpu".to_owned(), Quantity::of_units(1))].into();
    PodSpec {
        containers: vec![Container { requests, ..Container::default() }],
        ..PodSpec::default()
    }
}

#[test]
fn a_domain_that_is_full_bounds_the_others() {
    let mut cluster =
        inventory(["a", "b", "c"].map(|zone| node(&format!("n{zone}"), Some(zone), false)));
    if let Some(node) = cluster.nodes.get_mut("nc") {
        node.allocatable.insert("cpu".to_owned(), Quantity::of_units(1));
    }
    let spec = PodSpec { spread: vec![even(ZONE)], ..asks_for_a_cpu() };
    let found = bounds(&cluster, &spec);
    let [Room { most: 5, by: By::Full { domain, left: 1, .. }, .. }] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(domain, "c");
    assert_eq!(placed(&cluster, &spec, 9, &mut Dice(1)), 5);
}

/// Places pods one after another where the judge lets them, each on a node by the dice.
fn placed(inventory: &Inventory, spec: &PodSpec, asked: u64, dice: &mut Dice) -> u64 {
    let mut inventory = inventory.clone();
    for number in 0..asked {
        let next = pod(number, spec);
        let judged = judge(&inventory, &next, Semantics::of_minor(34));
        let nodes: Vec<String> = judged.feasible().map(str::to_owned).collect();
        if nodes.is_empty() {
            return number;
        }
        let at = dice.roll(count(nodes.len()));
        let node = nodes.get(usize::try_from(at).unwrap()).unwrap();
        let there = Pod { node: Some(node.as_str().into()), ..next };
        inventory.pods.put(there);
    }
    asked
}

#[test]
fn a_tainted_node_that_counts_leaves_one_pod_to_each_other_one() {
    let cluster = inventory([
        node("cp", None, true),
        node("w1", None, false),
        node("w2", None, false),
        node("w3", None, false),
    ]);
    let spec = PodSpec { spread: vec![even(HOST)], ..PodSpec::default() };
    let found = bounds(&cluster, &spec);
    let [Room { most: 3, by: By::Spread { closed, few: false, .. }, .. }] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(closed, &BTreeMap::from([("cp".to_owned(), Closed::Taints)]));
    assert_eq!(placed(&cluster, &spec, 7, &mut Dice(1)), 3);
    let mut spec = spec;
    spec.spread[0].honor_taints = true;
    assert!(bounds(&cluster, &spec).iter().all(|room| room.most > 7));
    assert_eq!(placed(&cluster, &spec, 7, &mut Dice(1)), 7);
}

#[test]
fn no_placement_exceeds_a_bound() {
    let (mut bounded, mut reached) = (0, 0);
    for seed in 0..400 {
        let mut dice = Dice(seed);
        let zones = [None, Some("a"), Some("b"), Some("c")];
        let all = 1 + dice.roll(5);
        let from = dice.roll(4).min(1);
        let nodes = (0..all).map(|number| {
            let zone = zones[usize::try_from(from + dice.roll(4 - from)).unwrap()];
            node(&format!("n{number}"), zone, dice.roll(4) == 0)
        });
        let cluster = inventory(nodes.collect::<Vec<_>>());
        let key = [HOST, ZONE][usize::try_from(dice.roll(2)).unwrap()];
        let mut spec = PodSpec::default();
        match dice.roll(3) {
            0 => spec.anti_affinity.push(AffinityTerm {
                selector: own(),
                topology_key: key.to_owned(),
                ..AffinityTerm::default()
            }),
            1 => spec.containers.push(Container {
                host_ports: vec![HostPort { port: 80, ..HostPort::default() }],
                ..Container::default()
            }),
            _ => spec.spread.push(TopologySpread {
                max_skew: i32::try_from(1 + dice.roll(2)).unwrap(),
                min_domains: i32::try_from(1 + dice.roll(3)).unwrap(),
                honor_taints: dice.roll(2) == 0,
                honor_affinity: dice.roll(2) == 0,
                ..even(key)
            }),
        }
        let mut cluster = cluster;
        for (number, node) in cluster.nodes.values_mut().enumerate() {
            let cpus = i64::try_from(1 + dice.roll(5)).unwrap();
            node.allocatable.insert("cpu".to_owned(), Quantity::of_units(cpus));
            if dice.roll(3) == 0 {
                let name = format!("other-{number}");
                let mine = dice.roll(2) == 0;
                let app = if mine { "web" } else { "db" };
                let other = Pod {
                    name,
                    labels: [("app".to_owned(), app.to_owned())].into(),
                    node: Some(node.name.as_str().into()),
                    ..pod(99, &asks_for_a_cpu())
                };
                cluster.pods.put(other);
            }
        }
        if dice.roll(2) == 0 {
            spec.containers.extend(asks_for_a_cpu().containers.clone());
        }
        if dice.roll(3) == 0 {
            spec.node_selector = [(ZONE.to_owned(), "a".to_owned())].into();
        }
        for room in bounds(&cluster, &spec) {
            bounded += 1;
            let most = (0..3).map(|_| placed(&cluster, &spec, room.most + 2, &mut dice)).max();
            let most = most.unwrap();
            assert!(most <= room.most, "seed {seed}: {most} placed, {room:?}");
            reached += u32::from(most == room.most);
        }
    }
    assert!(bounded > 150 && reached * 10 > bounded * 8, "{reached} of {bounded}");
}
