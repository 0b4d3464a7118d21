//! What refuted the label theory once, by the name of its group; and that no recorded pod that the
//! real scheduler has placed is called contradictory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use placecard_feasibility::any_cluster::check::check;
use placecard_feasibility::any_cluster::{
    AnyCluster, Assumption, KnownVolume, Part, Proof, decide, known_volumes,
};
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::Semantics;
use placecard_policies::snapshot::{Cluster, WrittenPod};
use serde::Deserialize;

#[derive(Deserialize)]
struct Recorded {
    id: String,
    /// The name of the group of a counterexample.
    #[serde(default)]
    pair: String,
    cluster: Cluster,
    pod: WrittenPod,
    verdict: Verdict,
    #[serde(rename = "verdictFixed141526")]
    fixed: Option<Verdict>,
}

#[derive(Deserialize)]
struct Verdict {
    feasible: Vec<String>,
}

/// The recorded cases of a file, each `step`-th.
fn recorded(name: &str, step: usize) -> impl Iterator<Item = Recorded> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/oracle");
    let file = File::open(folder.join(name)).expect("the recorded cases are in the repository");
    let lines = BufReader::new(GzDecoder::new(file)).lines().step_by(step);
    lines.map(|line| serde_json::from_str(&line.expect("packed text")).expect("a case"))
}

/// The pod of a case and what is known of its volumes.
fn asked(case: &Recorded) -> (Pod, Vec<KnownVolume>) {
    let pod = case.pod.read();
    let volumes = known_volumes(&pod, &case.cluster.read());
    (pod, volumes)
}

/// `fits`, or the proof's parts, and whether it holds for every version.
fn answer(pod: &Pod, volumes: &[KnownVolume], semantics: Semantics) -> String {
    match decide(pod, volumes, semantics) {
        AnyCluster::Undecided => "undecided".to_owned(),
        AnyCluster::Satisfiable(_) => "fits".to_owned(),
        AnyCluster::Contradiction(found) => {
            assert!(check(pod, volumes, &found, semantics), "{found:?}");
            let name = match found.proof {
                Proof::Node(_) => "node",
                Proof::NilSelector { .. } => "nil selector",
                Proof::NoCommonPod { .. } => "no common pod",
                Proof::NoCommonNamespace { .. } => "no common namespace",
                Proof::NoCompanion { .. } => "no companion",
            };
            let count =
                |wanted: fn(&Part) -> bool| found.parts.iter().filter(|p| wanted(p)).count();
            let affinity = count(|part| matches!(part, Part::Affinity(_)));
            let anti = count(|part| matches!(part, Part::AntiAffinity(_)));
            let since = if found.every_version { "on every server" } else { "on this server" };
            format!("{name} of {affinity}+{anti} {since}")
        }
    }
}

/// What is expected of every pod of a group, on 1.34 and on 1.37.
const GROUPS: [(&str, [&str; 2]); 9] = [
    // A namespace selector with NotIn alone meant every namespace: C3.
    ("I2-bug141526", ["fits", "no common namespace of 2+0 on this server"]),
    ("L1-SAT-bug141526", ["no companion of 1+1 on this server", "fits"]),
    // The pod's namespace can be labelled so that the pod is its own companion: C4.
    ("I3-namespace-relabel", ["fits", "fits"]),
    // Each companion alone is possible, but their namespace cannot have both labels: C5.
    (
        "L1-joint-namespace-labels",
        ["no companion of 2+2 on every server", "no companion of 2+2 on every server"],
    ),
    // A terminating companion counts for affinity and not for spreading: C10.
    ("L1-minDomains-nonself", ["fits", "fits"]),
    ("sem-spread-empty-selector", ["fits", "fits"]),
    ("sem-first-pod-keyless", ["fits", "fits"]),
    ("sem-zero-request", ["fits", "fits"]),
    ("spread-empty-selector-is-exists", ["fits", "fits"]),
];

#[test]
fn counterexamples_by_group() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for case in recorded("counterexamples.jsonl.gz", 1) {
        let Recorded { id, pair, .. } = &case;
        let Some((_, expected)) = GROUPS.iter().find(|(group, _)| group == pair) else { continue };
        let (pod, volumes) = asked(&case);
        let found = [34, 37].map(|minor| answer(&pod, &volumes, Semantics::of_minor(minor)));
        assert_eq!(&found, expected, "{id}");
        *seen.entry(pair.clone()).or_default() += 1;
    }
    assert_eq!(seen.len(), GROUPS.len(), "{seen:?}");
}

/// Asserts that nothing that was placed is called contradictory; how many pods of each kind.
fn against_recorded(cases: impl Iterator<Item = Recorded>) -> BTreeMap<&'static str, usize> {
    let old = Semantics::of_minor(34);
    let fixed = Semantics { negative_namespace_selectors_match_all: false, ..old };
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases {
        let (pod, volumes) = asked(&case);
        let verdicts = [(old, Some(&case.verdict)), (fixed, case.fixed.as_ref())];
        let id = &case.id;
        for (semantics, verdict) in verdicts {
            let Some(verdict) = verdict else { continue };
            let kind = match decide(&pod, &volumes, semantics) {
                AnyCluster::Satisfiable(_) => "satisfiable",
                AnyCluster::Undecided => "undecided",
                AnyCluster::Contradiction(found) => {
                    assert!(check(&pod, &volumes, &found, semantics), "{id}: {found:?}");
                    // Some of these clusters have volumes that were made by hand.
                    let made = found.assumptions().contains(&Assumption::VolumesAreMade);
                    let placed = &verdict.feasible;
                    assert!(made || placed.is_empty(), "{id}: {found:?}, yet on {placed:?}");
                    "contradictory"
                }
            };
            *seen.entry(kind).or_default() += 1;
        }
    }
    seen
}

#[test]
fn nothing_that_was_ever_placed_is_contradictory() {
    // All of them in the long run.
    let step = if std::env::var_os("PLACECARD_TEST_FACTOR").is_some() { 1 } else { 15 };
    let all = recorded("cases.jsonl.gz", step).chain(recorded("counterexamples.jsonl.gz", 1));
    let seen = against_recorded(all);
    println!("{seen:?}");
    assert!(seen["satisfiable"] > 1000 && seen["contradictory"] > 30, "{seen:?}");
}
