//! What kubelets write on nodes against what pods demand of them, by trying all kinds of nodes.

use placecard_feasibility::any_cluster::check::check;
use placecard_feasibility::any_cluster::kubelet::{ARCH, HOSTNAME, OS, written};
use placecard_feasibility::any_cluster::{
    AnyCluster, Assumption, Part, decide, decide_on_kubelets,
};
use placecard_feasibility::certificate::{Axiom, Certificate, Refusal, verify_pod};
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::{Semantics, judge};
use placecard_feasibility::label::Labels;
use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::quantity::Quantity;
use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::verdict::{Kubelet, Logic, Proof};

use super::count;
use super::dice::Dice;

const DISK: &str = "disk";
const KEYS: [&str; 4] = [OS, ARCH, HOSTNAME, DISK];

/// Values that demands name, with some that no kubelet writes.
fn named(key: &str) -> &'static [&'static str] {
    match key {
        OS => &["linux", "windows", "Linux", "darwin"],
        ARCH => &["amd64", "arm64", "x86_64", "aarch64"],
        HOSTNAME => &["n1", "n2"],
        _ => &["ssd", "hdd"],
    }
}

fn requirement(dice: &mut Dice) -> Requirement {
    let key = *dice.pick(&KEYS);
    let operator = dice.pick(&[Operator::In, Operator::NotIn, Operator::In, Operator::NotIn]);
    let (operator, most) = match dice.below(8) {
        0 => (Operator::Exists, 0),
        1 => (Operator::DoesNotExist, 0),
        _ => (operator.clone(), 3),
    };
    let values = dice.several(most.min(1), most, |dice| *dice.pick(named(key)));
    Requirement::new(key, operator, &values)
}

fn pod(dice: &mut Dice) -> Pod {
    let mut pod = Pod { namespace: "shop".into(), name: "p".to_owned(), ..Pod::default() };
    for key in KEYS {
        if dice.chance(25) {
            let value = (*dice.pick(named(key))).to_owned();
            pod.node_selector.insert(key.to_owned(), value);
        }
    }
    if dice.chance(75) {
        let terms = dice.several(1, 3, |dice| NodeTerm::of(dice.several(1, 3, requirement)));
        pod.node_affinity = Some(terms);
    }
    pod
}

/// One node of every kind that the demands can tell apart, all labelled by kubelets.
fn nodes() -> Inventory {
    let mut inventory = Inventory::default();
    for os in ["linux", "windows"] {
        for arch in ["amd64", "arm64", "riscv64"] {
            for host in ["n1", "n2", "n3"] {
                for disk in [None, Some("ssd"), Some("hdd"), Some("tape")] {
                    let mut labels = Labels::new();
                    let mut label =
                        |key: &str, value: &str| labels.insert(key.into(), value.into());
                    label(OS, os);
                    label(ARCH, arch);
                    label(HOSTNAME, host);
                    disk.map(|disk| label(DISK, disk));
                    let name = format!("n{}", inventory.nodes.len());
                    let mut node = Node { name: name.clone(), labels, ..Node::default() };
                    node.allocatable.insert("pods".to_owned(), Quantity::of_units(10));
                    inventory.nodes.insert(name, node);
                }
            }
        }
    }
    inventory
}

#[test]
fn kubelets_leave_no_node_exactly_where_they_are_said_to() {
    let (inventory, semantics) = (nodes(), Semantics::of_minor(34));
    let mut only_by_kubelets = 0;
    for seed in 0..count(3_000) {
        let pod = pod(&mut Dice::new(seed));
        let fits = judge(&inventory, &pod, semantics).feasible().next().is_some();
        let found = decide_on_kubelets(&pod);
        assert_eq!(found.is_none(), fits, "{seed}: {found:?} {pod:?}");
        let Some(found) = found else { continue };
        assert!(check(&pod, &[], &found, semantics), "{seed}: {found:?} {pod:?}");
        let facts = |part: &Part| matches!(part, Part::Kubelet(_));
        let conditional = found.parts.iter().any(facts);
        assert_eq!(found.assumptions().contains(&Assumption::KubeletLabels), conditional);
        let elsewhere = matches!(decide(&pod, &[], semantics), AnyCluster::Satisfiable(_));
        assert!(conditional || !elsewhere, "{seed}: it is proved, and some cluster takes it");
        let certificate = Certificate::of_contradiction(found.clone(), Vec::new());
        assert_eq!(Proof::<Logic>::of(certificate.clone()).is_err(), conditional);
        assert!(Proof::<Kubelet>::of(certificate.clone()).is_ok());
        let mut silent = certificate.clone();
        if conditional && silent.assume.remove(&Axiom::KubeletLabels) {
            let refused = verify_pod(&silent, &pod, &[], semantics);
            assert_eq!(refused, Err(Refusal::Assumptions));
            assert!(Proof::<Logic>::of(silent).is_err());
        }
        only_by_kubelets += usize::from(elsewhere);
        for dropped in 0..found.parts.len() {
            let mut less = found.clone();
            less.parts.remove(dropped);
            assert!(!check(&pod, &[], &less, semantics), "{seed}: {less:?} {pod:?}");
        }
    }
    assert!(only_by_kubelets >= 200, "{only_by_kubelets}");
}

#[test]
fn kubelets_write_nothing_else() {
    for key in [DISK, "", "topology.kubernetes.io/zone", "beta.kubernetes.io/os"] {
        assert_eq!(written(key), None, "{key}");
    }
}
