//! Whether any cluster can take a pod: recorded counterexamples by name, and the plugins of the real
//! scheduler as the referee.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../feasibility/tests/properties/any_cluster/clusters.rs"]
mod clusters;
#[path = "any_cluster/counterexamples.rs"]
mod counterexamples;
#[path = "../feasibility/tests/properties/any_cluster/dice.rs"]
mod dice;
mod oracle;
#[path = "../feasibility/tests/properties/any_cluster/pods.rs"]
mod pods;
#[path = "any_cluster/print.rs"]
mod print;

use std::collections::BTreeMap;
use std::io::BufRead;

use dice::Dice;
use placecard_feasibility::any_cluster::check::check;
use placecard_feasibility::any_cluster::{AnyCluster, Contradiction, Proof, decide};
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::Semantics;
use placecard_policies::snapshot::{Cluster, WrittenPod};
use placecard_policies::surroundings::ServerVersion;
use pods::Kind;
use serde::Deserialize;
use serde_json::Value;

const KINDS: [Kind; 4] = [
    Kind { by_label: 0, volumes: 0, apart: false },
    Kind { by_label: 45, volumes: 0, apart: false },
    Kind { by_label: 15, volumes: 80, apart: false },
    Kind { by_label: 45, volumes: 0, apart: true },
];

/// Clusters that are tried to refute one contradiction.
const CLUSTERS: u64 = 8;

#[derive(Deserialize)]
struct Written {
    cluster: Cluster,
    pod: WrittenPod,
}

fn number(variable: &str, otherwise: u64) -> u64 {
    let set = std::env::var(variable).ok();
    set.map_or(otherwise, |text| text.parse().expect("a whole number"))
}

/// What is printed reads as it was: the oracle sees what was decided of.
fn assert_same(case: &Value, inventory: &Inventory, pod: &Pod) {
    let written: Written = serde_json::from_value(case.clone()).expect("a case");
    let (read, read_pod) = (written.cluster.read(), written.pod.read());
    let plain = |pod: &Pod| {
        let mut pod = pod.clone();
        (pod.uid, pod.containers) = (String::new(), Vec::new());
        pod
    };
    assert_eq!(plain(&read_pod), plain(pod));
    assert_eq!(read.nodes, inventory.nodes);
    assert_eq!(read.namespaces, inventory.namespaces);
    let pods = |inventory: &Inventory| inventory.pods.values().map(plain).collect::<Vec<_>>();
    assert_eq!(pods(&read), pods(inventory));
    assert_eq!(read.claims.len(), inventory.claims.len());
    for (name, volume) in &inventory.volumes {
        let found = &read.volumes[name];
        assert_eq!((&found.labels, &found.node_affinity), (&volume.labels, &volume.node_affinity));
    }
}

/// A case, and the node that takes the pod (none must otherwise).
type Asked = (Value, Option<String>);

fn kind_of(found: &Contradiction) -> &'static str {
    match &found.proof {
        Proof::Node(_) if found.assumptions().is_empty() => "node",
        Proof::Node(_) => "volume",
        Proof::NilSelector { .. } => "nil selector",
        Proof::NoCommonPod { .. } => "no common pod",
        Proof::NoCommonNamespace { .. } => "no common namespace",
        Proof::NoCompanion { .. } => "no companion",
    }
}

/// The witness of the pod with this number, or clusters against its contradiction.
fn questions(seed: u64, semantics: Semantics, tally: &mut BTreeMap<&str, u64>) -> Vec<Asked> {
    let mut dice = Dice::new(seed);
    let kind = *dice.pick(&KINDS);
    let (pod, volumes) = pods::pod(&mut dice, kind);
    match decide(&pod, &volumes, semantics) {
        AnyCluster::Undecided => panic!("{seed}: {pod:?} {volumes:?}"),
        AnyCluster::Satisfiable(witness) => {
            *tally.entry("satisfiable").or_default() += 1;
            let case = print::case(&seed.to_string(), &witness.inventory, &pod);
            assert_same(&case, &witness.inventory, &pod);
            vec![(case, Some(witness.node))]
        }
        AnyCluster::Contradiction(found) => {
            *tally.entry(kind_of(&found)).or_default() += 1;
            assert!(check(&pod, &volumes, &found, semantics), "{seed}");
            let mut against = |number: u64| {
                let inventory = clusters::cluster(&mut dice, &pod, &volumes);
                let case = print::case(&format!("{seed}/{number}"), &inventory, &pod);
                assert_same(&case, &inventory, &pod);
                (case, None)
            };
            (0..CLUSTERS).map(&mut against).collect()
        }
    }
}

#[test]
fn e2e_the_scheduler_places_every_witness_and_nothing_contradictory() {
    let Some(oracle) = oracle::built() else {
        println!("left out: target/oracle is not built; make oracle");
        return;
    };
    let version = oracle::ask(&oracle, &["version"], Vec::new());
    let version = String::from_utf8(version).expect("text");
    let ServerVersion(minor) = ServerVersion::parse(&version).expect("the version of Kubernetes");
    let semantics = Semantics::of_minor(minor);
    let (first, count) =
        (number("PLACECARD_ORACLE_SEED", 2026), number("PLACECARD_ORACLE_CASES", 300));
    let mut tally: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut judged, mut refused) = (0_u64, Vec::new());
    // In pieces, so that many cases fit into memory.
    for piece in (first..first + count).step_by(500) {
        let seeds = piece..(piece + 500).min(first + count);
        let asked: Vec<Asked> =
            seeds.flat_map(|seed| questions(seed, semantics, &mut tally)).collect();
        let lines: String = asked.iter().map(|(case, _)| format!("{case}\n")).collect();
        let answers = oracle::ask(&oracle, &["judge"], lines.into_bytes());
        let answers: Vec<String> = answers.lines().map(|line| line.expect("text")).collect();
        assert_eq!(answers.len(), asked.len());
        for ((case, node), answer) in asked.iter().zip(answers) {
            let answer: Value = serde_json::from_str(&answer).expect("JSON");
            assert_eq!(answer["id"], case["id"]);
            let Some(feasible) = answer["verdict"]["feasible"].as_array() else {
                assert!(answer["error"].is_string(), "{answer}");
                refused.push((case["id"].to_string(), answer["error"].to_string()));
                continue;
            };
            judged += 1;
            match node {
                Some(node) => {
                    assert!(feasible.contains(&Value::from(node.as_str())), "{case}\n{answer}");
                }
                None => assert!(feasible.is_empty(), "{case}\n{answer}"),
            }
        }
    }
    println!(
        "{count} pods, 1.{minor}: {tally:?}; {judged} clusters judged, {} refused",
        refused.len()
    );
    assert!(refused.len() * 100 <= usize::try_from(judged).unwrap_or(usize::MAX), "{refused:?}");
}
