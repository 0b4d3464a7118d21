//! The anchor workload is made exactly by its rules, and judged as the real scheduler judges it.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(
    unreachable_pub,
    reason = "made to be included elsewhere: benchmarks time the same objects"
)]

mod cluster;
mod dump;
mod fit;
mod greedy;
mod rotation;
mod verdicts;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use cluster::{APPS, Kind, NAMESPACES, SIZES, Size};
use flate2::read::GzDecoder;
use placecard_feasibility::filter::Code;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::{Semantics, judge};
use placecard_policies::snapshot::{self, Cluster, WrittenPod};
use serde_json::Value;
use verdicts::Counts;

const SMALL: Size = Size { nodes: 100, pods: 10 };
const RECORDED: Size = Size { nodes: 1000, pods: 10 };

fn read_pod(pod: &Value) -> Pod {
    serde_json::from_str::<WrittenPod>(&pod.to_string()).expect("a pod").read()
}

fn read_cluster(size: Size) -> Inventory {
    let mut text = Vec::new();
    cluster::write_cluster(&mut text, size).expect("memory takes it");
    serde_json::from_slice::<Cluster>(&text).expect("a cluster").read()
}

/// What the plain judge finds, in the form of the recorded counts.
fn judged(inventory: &Inventory, pod: &Pod) -> Counts {
    let judgement = judge(inventory, pod, Semantics::of_minor(37));
    let mut rejected: BTreeMap<String, usize> = BTreeMap::new();
    for objection in judgement.nodes.iter().filter_map(|node| node.first.as_ref()) {
        let plugins: String = objection.plugins.iter().map(|plugin| plugin.name()).collect();
        let code = match objection.rejection.code {
            Code::Unschedulable => "U",
            Code::UnschedulableAndUnresolvable => "UU",
            Code::Error => "Error",
        };
        *rejected.entry(format!("{plugins}/{code}")).or_default() += 1;
    }
    Counts { feasible: judgement.feasible().count(), rejected: rejected.into_iter().collect() }
}

#[test]
fn the_rules_make_the_recorded_objects() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/oracle");
    let file = File::open(folder.join("workload-1000-10.json.gz")).expect("it is there");
    let recorded: Value = serde_json::from_reader(GzDecoder::new(file)).expect("JSON");
    let lists: [(&str, Vec<Value>); 3] = [
        ("namespaces", cluster::namespaces().collect()),
        ("nodes", (0..RECORDED.nodes).map(cluster::node).collect()),
        ("pods", cluster::pods(RECORDED).collect()),
    ];
    for (name, made) in lists {
        let list = recorded["cluster"][name].as_array().expect("a list");
        assert_eq!(list.len(), made.len(), "{name}");
        for (recorded, made) in list.iter().zip(&made) {
            assert_eq!(recorded, made);
        }
    }
    for kind in Kind::ALL {
        assert_eq!(recorded["incoming"][kind.name()], cluster::incoming(kind));
        let counts = recorded["verdicts"][kind.name()]["counts"].as_object().expect("counts");
        let rejected = counts.iter().filter(|(key, _)| *key != "/S").map(|(key, count)| {
            (key.clone(), usize::try_from(count.as_u64().expect("a number")).expect("small"))
        });
        let feasible = recorded["verdicts"][kind.name()]["feasible"].as_array().expect("names");
        let counts = Counts { feasible: feasible.len(), rejected: rejected.collect() };
        assert_eq!(verdicts::of(RECORDED, kind), Some(counts), "{kind:?}");
    }
    let arrivals = recorded["greedyMixed"].as_array().expect("a list");
    assert_eq!(arrivals.len(), 10_000);
    for (j, recorded) in arrivals.iter().enumerate() {
        assert_eq!(recorded, &greedy::mixed(j));
    }
}

#[test]
fn the_known_verdicts_are_about_all_nodes() {
    for size in SIZES {
        for kind in Kind::ALL {
            let counts = verdicts::of(size, kind).expect("known");
            let rejected: usize = counts.rejected.iter().map(|(_, count)| count).sum();
            assert_eq!(counts.feasible + rejected, size.nodes, "{size:?} {kind:?}");
            assert!(counts.rejected.is_sorted(), "{size:?} {kind:?}");
        }
    }
    assert_eq!(verdicts::of(Size { nodes: 7, pods: 1 }, Kind::Plain), None);
}

#[test]
fn the_judge_counts_as_the_scheduler_does() {
    for size in [SMALL, Size { nodes: 100, pods: 30 }] {
        let inventory = read_cluster(size);
        assert_eq!(
            (inventory.nodes.len(), inventory.pods.len()),
            (size.nodes, size.nodes * size.pods)
        );
        for kind in Kind::ALL {
            let pod = read_pod(&cluster::incoming(kind));
            assert_eq!(Some(judged(&inventory, &pod)), verdicts::of(size, kind), "{kind:?}");
        }
    }
}

#[test]
fn no_pod_of_a_rotation_is_like_another_and_all_are_at_home() {
    let apps: BTreeSet<String> = (0..APPS).map(|a| format!("app-{a}")).collect();
    let (mut names, mut labels, mut found) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for round in 0..2 {
        for n in 0..1000 {
            let pod = read_pod(&rotation::warm(Kind::Spread, round, n));
            let app = pod.labels.get("app").expect("a label").clone();
            let a: usize = app.trim_start_matches("app-").parse().expect("a number");
            assert_eq!(pod.namespace, format!("ns-{}", a % NAMESPACES));
            assert!(names.insert(pod.name) && labels.insert(pod.labels));
            found.insert(app);
        }
    }
    assert_eq!(found, apps);
}

#[test]
fn terms_that_nobody_had_match_what_the_plain_ones_match() {
    let inventory = read_cluster(SMALL);
    for kind in Kind::ALL {
        let mut incoming = cluster::incoming(kind);
        let plain = read_pod(&incoming);
        rotation::unseen(&mut incoming, "word");
        let unseen = read_pod(&incoming);
        assert_ne!(plain.tolerations, unseen.tolerations);
        assert_eq!(plain.affinity != unseen.affinity, !plain.affinity.is_empty());
        assert_eq!(plain.anti_affinity != unseen.anti_affinity, !plain.anti_affinity.is_empty());
        assert_eq!(plain.spread != unseen.spread, !plain.spread.is_empty());
        assert_eq!(plain.node_affinity != unseen.node_affinity, !plain.node_selector.is_empty());
        assert_eq!(judged(&inventory, &unseen), judged(&inventory, &plain), "{kind:?}");
        let (warm, cold) = (rotation::warm(kind, 0, 5), rotation::cold(kind, 0, 5));
        assert_eq!(
            judged(&inventory, &read_pod(&warm)),
            judged(&inventory, &read_pod(&cold)),
            "{kind:?}"
        );
    }
}

#[test]
fn a_dump_is_full_and_says_the_same() {
    let size = SMALL;
    let mut text = Vec::new();
    let pod_bytes = dump::write(&mut text, size).expect("memory takes it");
    let each = pod_bytes / (size.nodes * size.pods) as u64;
    assert!((6_400..6_600).contains(&each), "{each} bytes a pod");
    let mut inventory = Inventory::default();
    let text = String::from_utf8(text).expect("text");
    snapshot::add(&mut inventory, &text).expect("a list");
    let plain = read_cluster(size);
    assert_eq!(inventory.nodes, plain.nodes);
    assert!(inventory.pods.keys().eq(plain.pods.keys()));
    for kind in Kind::ALL {
        let pod = read_pod(&cluster::incoming(kind));
        assert_eq!(Some(judged(&inventory, &pod)), verdicts::of(size, kind), "{kind:?}");
    }
}

#[test]
fn a_power_law_is_found_again() {
    let law = |exponent: f64| -> Vec<(f64, f64)> {
        [1.0f64, 10.0, 40.0, 1000.0].iter().map(|x| (*x, 3.0 * x.powf(exponent))).collect()
    };
    for exponent in [0.0, 0.5, 1.0, 2.0] {
        let found = fit::fit(&law(exponent)).expect("four points");
        assert!((found.exponent - exponent).abs() < 1e-9 && (found.factor - 3.0).abs() < 1e-9);
        assert!(found.r_squared > 0.999, "{found:?}");
    }
    let noise = [(1.0, 5.0), (10.0, 5.5), (100.0, 4.6), (1000.0, 5.2)];
    let flat = fit::fit(&noise).expect("four points");
    assert!(flat.exponent.abs() < 0.02 && flat.r_squared < 0.2, "{flat:?}");
    assert_eq!(fit::fit(&[(1.0, 2.0)]), None);
    assert_eq!(fit::fit(&[(2.0, 2.0), (2.0, 3.0)]), None);
    assert_eq!(fit::fit(&[(1.0, 0.0), (2.0, 3.0)]), None);
}
