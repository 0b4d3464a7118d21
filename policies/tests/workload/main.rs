//! The anchor workload is made exactly by its rules, and judged as the real scheduler judges it.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(
    unreachable_pub,
    reason = "made to be included elsewhere: benchmarks time the same objects"
)]

mod cluster;
mod dump;
mod engine;
mod fit;
mod greedy;
#[path = "../oracle/mod.rs"]
mod oracle;
mod placements;
mod reading;
mod rotation;
mod verdicts;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use cluster::{APPS, Kind, NAMESPACES, SIZES, Size};
use engine::Engine;
use flate2::read::GzDecoder;
use greedy::Mix;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_policies::snapshot;
use serde_json::Value;
use verdicts::Counts;

const SMALL: Size = Size { nodes: 100, pods: 10 };
const RECORDED: Size = Size { nodes: 1000, pods: 10 };

fn read_pod(pod: &Value) -> Pod {
    reading::pod(pod).expect("a pod")
}

fn read_cluster(size: Size) -> Inventory {
    reading::cluster(size).expect("a cluster")
}

fn judged(inventory: &Inventory, pod: &Pod) -> Counts {
    reading::counted(&reading::judged(inventory, pod))
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
        assert_eq!(recorded, &Mix::Mixed.arrival(j));
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
fn the_engine_says_what_the_scheduler_found() {
    for size in [SMALL, RECORDED] {
        let inventory = read_cluster(size);
        let mut engine = Engine::of(&inventory);
        for kind in Kind::ALL {
            let words = engine.words(&read_pod(&cluster::incoming(kind)));
            let known = verdicts::of(size, kind);
            assert_eq!(Some(reading::counted(&words)), known, "{size:?} {kind:?}");
            // The plain judge takes its time.
            if size == RECORDED && kind != Kind::Everything {
                continue;
            }
            // Terms that are new, and known terms in a new pod.
            for object in [rotation::cold(kind, 0, 3), rotation::warm(kind, 0, 3)] {
                let pod = read_pod(&object);
                let judged = reading::judged(&inventory, &pod);
                assert_eq!(engine.words(&pod), judged, "{size:?} {kind:?}");
                assert_eq!(engine.decide(&pod), reading::counted(&judged).feasible);
            }
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
