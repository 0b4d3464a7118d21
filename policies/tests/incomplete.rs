//! A cluster of which not everything is known: verdicts get weaker, never wrong.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::{Semantics, judge};
use placecard_policies::snapshot::{Cluster, WrittenPod};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    id: String,
    cluster: Cluster,
    pod: WrittenPod,
}

/// Every so many of the recorded cases is taken.
const STRIDE: usize = 40;

fn cases() -> impl Iterator<Item = (String, Inventory, Pod)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/oracle/cases.jsonl.gz");
    let file = File::open(path).expect("the recorded cases are in the repository");
    let lines = BufReader::new(GzDecoder::new(file)).lines().step_by(STRIDE);
    lines.map(|line| {
        let case: Case = serde_json::from_str(&line.expect("packed text")).expect("a case");
        (case.id, case.cluster.read(), case.pod.read())
    })
}

fn feasible(inventory: &Inventory, pod: &Pod, semantics: Semantics) -> BTreeSet<String> {
    judge(inventory, pod, semantics).feasible().map(str::to_owned).collect()
}

/// The cluster without every `nth` object of the kind, which then is not known any more.
fn without(complete: &Inventory, kind: Kind, nth: usize) -> Inventory {
    fn thin<K: Ord, V>(all: &mut std::collections::BTreeMap<K, V>, nth: usize) {
        let mut index = 0;
        all.retain(|_, _| {
            index += 1;
            index % nth != 0
        });
    }
    let mut left = complete.clone();
    match kind {
        Kind::Node => thin(&mut left.nodes, nth),
        Kind::Pod => {
            let mut index = 0;
            left.pods.retain(|_| {
                index += 1;
                index % nth != 0
            });
        }
        Kind::Namespace => {
            // Names are known all the same: they stand in the pods.
            for (name, labels) in &mut left.namespaces {
                labels.retain(|key, value| key == "kubernetes.io/metadata.name" && value == name);
            }
        }
        Kind::PersistentVolume => thin(&mut left.volumes, nth),
        Kind::PersistentVolumeClaim => thin(&mut left.claims, nth),
        Kind::StorageClass => thin(&mut left.classes, nth),
        Kind::CsiNode => thin(&mut left.csi_nodes, nth),
        _ => {}
    }
    left.unknown.insert(kind);
    left
}

#[test]
fn what_is_missing_rejects_no_node() {
    let kinds = [
        Kind::Node,
        Kind::Pod,
        Kind::Namespace,
        Kind::PersistentVolume,
        Kind::PersistentVolumeClaim,
        Kind::StorageClass,
        Kind::CsiNode,
    ];
    let (mut compared, mut wider) = (0, BTreeSet::new());
    for (id, complete, pod) in cases() {
        for semantics in [34, 37].map(Semantics::of_minor) {
            let expected = feasible(&complete, &pod, semantics);
            for (kind, nth) in kinds.iter().flat_map(|kind| [(*kind, 1), (*kind, 2)]) {
                let left = without(&complete, kind, nth);
                let found = feasible(&left, &pod, semantics);
                let known = |name: &&String| left.nodes.contains_key(*name);
                let lost: Vec<&String> = expected.difference(&found).filter(known).collect();
                assert!(lost.is_empty(), "{id} without {kind:?} ({nth}): {lost:?} rejected");
                if found.len() > expected.len() {
                    wider.insert(kind);
                }
                compared += 1;
            }
        }
    }
    assert!(compared > 10_000, "{compared}");
    // Each kind matters in some case.
    for kind in kinds.iter().filter(|kind| **kind != Kind::Node) {
        assert!(wider.contains(kind), "{kind:?}");
    }
}

#[test]
fn a_complete_cluster_is_judged_as_before() {
    for (id, complete, pod) in cases().take(100) {
        let semantics = Semantics::of_minor(34);
        let mut irrelevant = complete.clone();
        irrelevant.unknown.insert(Kind::ResourceQuota);
        assert_eq!(judge(&complete, &pod, semantics), judge(&irrelevant, &pod, semantics), "{id}");
    }
}
