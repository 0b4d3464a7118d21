//! Explanations of recorded cases: complete, and proved by checkers of their own.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use placecard_feasibility::certificate::verify_cover;
use placecard_feasibility::filter::cycle::cycle;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::{Semantics, judge};
use placecard_policies::snapshot::{Cluster, WrittenPod};
use placecard_policies::why::facts::Fact;
use placecard_policies::why::outlook::{Outlook, outlook};
use placecard_policies::why::{Diagnosis, diagnose};
use placecard_policies::words;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    id: serde_json::Value,
    cluster: Cluster,
    pod: WrittenPod,
}

/// Every `step`th of the recorded cases.
fn cases(step: usize) -> impl Iterator<Item = (String, Inventory, Pod)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/oracle");
    let file = File::open(folder.join("cases.jsonl.gz")).expect("the recorded cases");
    let lines = BufReader::new(GzDecoder::new(file)).lines().step_by(step);
    lines.map(|line| {
        let case: Case = serde_json::from_str(&line.expect("text")).expect("a case");
        (case.id.to_string(), case.cluster.read(), case.pod.read())
    })
}

/// Everything that can be said of a diagnosis.
fn say(found: &Diagnosis, pod: &Pod, outlook: &Outlook) -> String {
    let mut text = words::why::headline("it", found, outlook);
    for group in &found.groups {
        text += &words::why::reasons(group, pod, false);
        text += &words::why::reasons(group, pod, true);
        text += &words::why::in_the_way(group);
    }
    for way in &found.ways {
        text += &words::why::way(way, pod).0;
    }
    text + &found.hidden.as_ref().map(words::why::hidden).unwrap_or_default()
}

#[test]
fn explanations_of_recorded_cases_are_complete_and_proved() {
    let semantics = Semantics::of_minor(34);
    let (mut shut, mut proved, mut ways) = (0, 0, 0);
    for (id, inventory, pod) in cases(25) {
        let cycle = cycle(&inventory, &pod, semantics);
        let found = diagnose(&cycle);
        let judged = judge(&inventory, &pod, semantics);
        let fits: BTreeSet<&str> = judged.feasible().collect();
        assert_eq!(fits, found.feasible.iter().map(String::as_str).collect(), "{id}");
        let grouped: Vec<&str> =
            found.groups.iter().flat_map(|group| &group.nodes).map(String::as_str).collect();
        let rejected: BTreeSet<&str> =
            judged.nodes.iter().filter(|node| node.first.is_some()).map(|node| node.node).collect();
        assert_eq!(grouped.len(), rejected.len(), "{id}: no node is in two groups");
        assert!(grouped.iter().all(|node| rejected.contains(node)), "{id}");
        for node in &judged.nodes {
            let group = found.groups.iter().find(|one| one.nodes.iter().any(|it| it == node.node));
            let Some(group) = group else { continue };
            let plugins: BTreeSet<_> = group.facts.iter().map(|one| one.fact.plugin()).collect();
            // Several plugins ask for a name, and several look at claims: what all say is told once.
            let shared = |fact: &Fact| matches!(fact, Fact::Name | Fact::Other(..));
            let once = group.facts.iter().any(|one| shared(&one.fact));
            let told = |plugin| plugins.contains(plugin) || once;
            assert!(node.all.iter().all(|(plugin, _)| told(plugin)), "{id}: {}", node.node);
        }
        let outlook = outlook(&cycle, !fits.is_empty());
        assert!(!say(&found, &pod, &outlook).contains("something else"), "{id}");
        if fits.is_empty() && found.nodes > 0 {
            shut += 1;
            ways += found.ways.len();
            assert!(found.event.is_some(), "{id}");
            assert!(found.ways.iter().all(|way| !way.nodes.is_empty()), "{id}");
            if let Some(certificate) = &found.certificate {
                proved += 1;
                assert_eq!(verify_cover(certificate, &inventory, &pod, semantics), Ok(()), "{id}");
            }
        }
    }
    assert!(shut > 100 && proved + 20 > shut && ways > shut / 2, "{shut} {proved} {ways}");
}
