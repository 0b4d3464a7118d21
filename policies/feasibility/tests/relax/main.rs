//! The chain of relaxations on random small clusters: each question is weaker than the one before.

mod batch;
mod closed;

use std::cell::Cell;
use std::collections::BTreeMap;

use placecard_feasibility::any_cluster::{AnyCluster, decide, known_volumes};
use placecard_feasibility::empty_inventory::{Origin, rows};
use placecard_feasibility::filter::cycle::cycle;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::disruption::DisruptionBudget;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::{Container, Pod, PodSpec, TopologySpread};
use placecard_feasibility::inventory::requests::Amounts;
use placecard_feasibility::inventory::template::NodeTemplate;
use placecard_feasibility::judge::{Semantics, judge, judge_cycle};
use placecard_feasibility::label::Labels;
use placecard_feasibility::node_template::{may_grow, virtual_nodes};
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::pod_affinity::AffinityTerm;
use placecard_feasibility::preemption::preempt;
use placecard_feasibility::profile::Profile;
use placecard_feasibility::quantity::Quantity;
use placecard_feasibility::relax::{Growth, Reading, Standing, place_in_chain};
use placecard_feasibility::requirement::Requirement;
use placecard_feasibility::selector::Selector;
use placecard_feasibility::tolerations::{Taint, Toleration, TolerationOperator};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// How many cases: more with `PLACECARD_TEST_FACTOR`.
fn config(cases: u32) -> ProptestConfig {
    let factor = std::env::var("PLACECARD_TEST_FACTOR").ok().and_then(|text| text.parse().ok());
    let factor: u32 = factor.unwrap_or(1);
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases * factor) }
}

fn amounts(cpu: i64, pods: Option<i64>) -> Amounts {
    let mut found = Amounts::from([("cpu".to_owned(), Quantity::of_units(cpu))]);
    found.extend(pods.map(|pods| ("pods".to_owned(), Quantity::of_units(pods))));
    found
}

fn labels() -> impl Strategy<Value = Labels> {
    let zone = option::weighted(0.9, select(vec!["a", "b"]));
    let disk = option::of(select(vec!["ssd", "hdd"]));
    (zone, disk).prop_map(|(zone, disk)| {
        let pair = |key: &str, value: Option<&str>| Some((key.to_owned(), value?.to_owned()));
        [pair(ZONE, zone), pair("disk", disk)].into_iter().flatten().collect()
    })
}

fn taints() -> impl Strategy<Value = Vec<Taint>> {
    let key = select(vec!["team", "node.kubernetes.io/not-ready"]);
    let taint = key.prop_map(|key| Taint {
        key: key.to_owned(),
        effect: "NoSchedule".to_owned(),
        ..Taint::default()
    });
    vec(taint, 0..2)
}

fn nodes() -> impl Strategy<Value = BTreeMap<String, Node>> {
    let node = (labels(), taints(), any::<bool>(), 1i64..5, 1i64..4);
    vec(node, 0..4).prop_map(|list| {
        let mut nodes = BTreeMap::new();
        for (index, (mut labels, taints, cordoned, cpu, pods)) in list.into_iter().enumerate() {
            let name = format!("n{index}");
            labels.insert(HOSTNAME.to_owned(), name.clone());
            let unschedulable = cordoned && index % 2 == 0;
            let allocatable = amounts(cpu, Some(pods));
            let node = Node {
                name: name.clone(),
                labels,
                taints,
                unschedulable,
                allocatable,
                ..Node::default()
            };
            nodes.insert(name, node);
        }
        nodes
    })
}

fn templates() -> impl Strategy<Value = BTreeMap<String, NodeTemplate>> {
    let zones = select(vec![vec![], vec!["a".to_owned()], vec!["b".to_owned(), "c".to_owned()]]);
    let template =
        (labels(), taints(), 1i64..6, zones, option::of(0u32..3), any::<bool>(), any::<bool>());
    vec(template, 0..3).prop_map(|list| {
        let mut templates = BTreeMap::new();
        for (index, (labels, taints, cpu, zones, max, partial, bounded)) in
            list.into_iter().enumerate()
        {
            let name = format!("t{index}");
            let allocatable = amounts(cpu, bounded.then_some(10));
            let zone_key = ZONE.to_owned();
            let one = NodeTemplate {
                name: name.clone(),
                labels,
                taints,
                allocatable,
                zone_key,
                zones,
                max,
                partial,
            };
            templates.insert(name, one);
        }
        templates
    })
}

fn term() -> impl Strategy<Value = AffinityTerm> {
    let key = select(vec![ZONE, HOSTNAME, "rack"]);
    (select(vec!["web", "db"]), key).prop_map(|(app, key)| AffinityTerm {
        selector: Some(Selector::from_labels(&[("app".to_owned(), app.to_owned())].into())),
        topology_key: key.to_owned(),
        ..AffinityTerm::default()
    })
}

fn node_rules() -> impl Strategy<Value = Option<Vec<NodeTerm>>> {
    let requirement = prop_oneof![
        Just(Requirement::one_of("disk", &["ssd"])),
        Just(Requirement::none_of("disk", &["ssd"])),
        Just(Requirement::one_of(ZONE, &["a"])),
        Just(Requirement::absent(ZONE)),
        Just(Requirement::exists("rack")),
        Just(Requirement::one_of("kubernetes.io/arch", &["arm64"])),
        Just(Requirement::one_of(HOSTNAME, &["n0"])),
    ];
    option::weighted(0.4, vec(vec(requirement, 0..3).prop_map(NodeTerm::of), 1..3))
}

fn pod() -> impl Strategy<Value = Pod> {
    let spread = (1i32..3, select(vec![ZONE, HOSTNAME, "rack"])).prop_map(|(skew, key)| {
        let app = Selector::from_labels(&[("app".to_owned(), "web".to_owned())].into());
        let selector = Some(app);
        let topology_key = key.to_owned();
        TopologySpread {
            max_skew: skew,
            topology_key,
            selector,
            min_domains: 1,
            ..TopologySpread::default()
        }
    });
    let rules = (node_rules(), vec(term(), 0..2), vec(term(), 0..2), vec(spread, 0..2));
    let plain = (select(vec!["web", "db"]), 0i64..6, -1i32..4, any::<bool>(), any::<bool>());
    (plain, rules).prop_map(
        |((app, cpu, priority, tolerant, few), (rules, near, apart, spread))| {
            let container = Container { requests: amounts(cpu, None), ..Container::default() };
            let toleration =
                Toleration { operator: TolerationOperator::Exists, ..Toleration::default() };
            Pod {
                name: "incoming".to_owned(),
                namespace: "shop".into(),
                labels: [("app".to_owned(), app.to_owned())].into(),
                spec: PodSpec {
                    priority,
                    node_affinity: rules,
                    affinity: if few { Vec::new() } else { near },
                    anti_affinity: apart,
                    spread: if few { Vec::new() } else { spread },
                    containers: vec![container],
                    tolerations: if tolerant { vec![toleration] } else { Vec::new() },
                    ..PodSpec::default()
                }
                .into(),
                ..Pod::default()
            }
        },
    )
}

fn inventory() -> impl Strategy<Value = Inventory> {
    let running = vec((pod(), 0usize..4), 0..6);
    (nodes(), templates(), running, any::<bool>()).prop_map(
        |(nodes, templates, running, budget)| {
            let mut inventory = Inventory { nodes, templates, ..Inventory::default() };
            for (index, (pod, node)) in running.into_iter().enumerate() {
                let name = format!("p{index}");
                let node = Some(format!("n{node}").into());
                let pod = Pod { name: name.clone(), node, ..pod };
                inventory.pods.insert(("shop".to_owned(), name), pod);
            }
            if budget {
                let app = Selector::from_labels(&[("app".to_owned(), "web".to_owned())].into());
                let budget = DisruptionBudget {
                    namespace: "shop".to_owned(),
                    selector: Some(app),
                    allowed: Some(0),
                    ..DisruptionBudget::default()
                };
                inventory.budgets.insert(("shop".to_owned(), "b".to_owned()), budget);
            }
            inventory
        },
    )
}

const SEMANTICS: u32 = 37;

fn semantics() -> Semantics {
    Semantics::of_minor(SEMANTICS)
}

/// Whether a node that a template may bring takes the pod, by really adding it to the cluster.
fn growth(inventory: &Inventory, pod: &Pod) -> Vec<Growth> {
    let mut found = Vec::new();
    let templates = inventory.templates.values().filter(|one| may_grow(one, inventory));
    for one in templates.flat_map(|template| virtual_nodes(template, pod, inventory)) {
        let mut larger = inventory.clone();
        larger.nodes.insert(one.node.name.clone(), one.node.clone());
        let judgement = judge(&larger, pod, semantics());
        if judgement.feasible().any(|name| name == one.node.name) {
            found.push(Growth { template: one.template, zone: one.zone });
        }
    }
    found
}

#[test]
fn each_question_is_weaker_than_the_one_before() {
    let mut runner = TestRunner::new(config(1500));
    let seen: [Cell<usize>; 5] = Default::default();
    let result = runner.run(&(inventory(), pod()), |(inventory, pod)| {
        let profile = Profile::of(semantics());
        let cycle = cycle(&inventory, &pod, semantics());
        let judgement = judge_cycle(&cycle);
        let now = judgement.feasible().next().is_some();
        let candidates = preempt(&cycle, &judgement).candidates;
        let growth = growth(&inventory, &pod);
        let fix = now || !candidates.is_empty() || !growth.is_empty();
        let rows = rows(&inventory, &pod, semantics(), &profile);
        let some_row = rows.iter().any(|row| row.lacks.is_empty());
        let decided = decide(&pod, &known_volumes(&pod, &inventory), semantics());
        let never = matches!(decided, AnyCluster::Contradiction(_));
        prop_assert!(!fix || some_row, "it fits, but on no row: {rows:?}");
        prop_assert!(!fix || !never, "it fits, though no cluster could take it");
        // A node that takes it now, or with room made, does so empty.
        for row in &rows {
            if let Origin::Node(name) = &row.origin {
                let helps = judgement.feasible().any(|node| node == name)
                    || candidates.iter().any(|candidate| candidate.node == name);
                prop_assert!(!helps || row.lacks.is_empty(), "{row:?}");
            }
        }
        let reading = Reading { semantics: semantics(), profile: &profile };
        let standing = place_in_chain(&inventory, &pod, None, reading);
        let expected = match (never, some_row, fix, now) {
            (true, ..) => 0,
            (_, false, ..) => 1,
            (_, _, false, _) => 2,
            (.., false) => 3,
            _ => 4,
        };
        prop_assert_eq!(standing.rank(), Some(expected));
        if let Standing::Waiting { growth: found, .. } = &standing {
            prop_assert_eq!(found, &growth);
        }
        let seen = seen.get(usize::from(expected)).unwrap();
        seen.set(seen.get() + 1);
        Ok(())
    });
    result.unwrap();
    let seen = seen.map(|count| count.get());
    assert!(seen.iter().all(|&count| count >= 10), "{seen:?}");
}

#[test]
fn a_virtual_row_is_a_real_empty_node() {
    let mut runner = TestRunner::new(config(800));
    let result = runner.run(&(inventory(), pod()), |(inventory, pod)| {
        let profile = Profile::of(semantics());
        let found = rows(&inventory, &pod, semantics(), &profile);
        let virtual_rows = found.iter().filter(|row| matches!(row.origin, Origin::Template { .. }));
        let templates = inventory.templates.values();
        let virtual_nodes = templates.flat_map(|one| virtual_nodes(one, &pod, &inventory));
        for (row, virtual_node) in virtual_rows.zip(virtual_nodes) {
            let mut real = inventory.clone();
            let name = virtual_node.node.name.clone();
            // What the taints of a real node say of its state is not read.
            if virtual_node.node.taints.iter().any(|taint| taint.key.contains('/')) {
                continue;
            }
            real.nodes.insert(name.clone(), virtual_node.node);
            let rows = rows(&real, &pod, semantics(), &profile);
            let same = rows.iter().find(|row| row.origin == Origin::Node(name.clone()));
            prop_assert_eq!(&same.unwrap().lacks, &row.lacks);
        }
        Ok(())
    });
    result.unwrap();
}
