//! Placement requests beside kube-scheduler: an entry, and the pod that its words expand to, mean
//! the same nodes; and the recorded places where native fields mean more.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod counterexamples;
mod entries;
mod world;

use std::borrow::Cow;
use std::collections::BTreeSet;

use placecard_policies::feasibility::filter::Plugin;
use placecard_policies::feasibility::filter::cycle::cycle_of;
use placecard_policies::feasibility::inventory::pod::Pod;
use placecard_policies::feasibility::judge::judge_cycle;
use placecard_policies::feasibility::profile::Profile;
use placecard_policies::feasibility::rank::rank;
use placecard_policies::language::affinity::text::{self, Encoding};
use placecard_policies::language::affinity::{PlacementRequest, append, written};
use placecard_policies::placed::next_cycle;
use placecard_policies::placement_request::filter::{AffinityRejection, AffinityRequiredFilter};
use placecard_policies::placement_request::{Context, Scene, place, place_entries};
use proptest::collection::vec;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

use entries::{Asked, asked};
use world::{Ground, World, world};

/// Every run looks at the same cases, unless `PLACECARD_TEST_FACTOR` asks for so many times as
/// many random ones.
fn run(cases: u32, property: impl Fn(&Ground, &Asked)) {
    let factor = std::env::var("PLACECARD_TEST_FACTOR").ok().and_then(|text| text.parse().ok());
    let config = Config {
        cases: cases * factor.unwrap_or(1),
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = match factor {
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
        Some(_) => TestRunner::new(config),
    };
    let strategy = (world(), vec(entries::drawn(), 0..4));
    let held = runner.run(&strategy, |(world, drawn): (World, Vec<entries::Drawn>)| {
        let ground = Ground::of(&world);
        property(&ground, &asked(&drawn, &ground));
        Ok(())
    });
    held.unwrap_or_else(|problem| panic!("{problem}"));
}

/// The nodes that the two plugins which entries expand to let through.
fn by_plugins(ground: &Ground, pod: &Pod) -> BTreeSet<String> {
    let plugins = vec![Plugin::NodeAffinity, Plugin::InterPodAffinity];
    let semantics = ground.cluster.semantics;
    let profile =
        Profile { pre_filter: plugins.clone(), filter: plugins, ..Profile::of(semantics) };
    let cycle = cycle_of(&ground.cluster.inventory, pod, semantics, Cow::Owned(profile));
    judge_cycle(&cycle).feasible().map(str::to_owned).collect()
}

/// The nodes that the required entries keep, whatever else the pod asks for.
fn by_filter(ground: &Ground, asked: &Asked) -> BTreeSet<String> {
    let pod = ground.plain();
    let cycle = next_cycle(&ground.cluster, &pod, None);
    let known = ground.known();
    let scene = Scene { cycle: &cycle, words: &ground.words, known: &known };
    let filter = AffinityRequiredFilter::of(&asked.entries, &scene).unwrap();
    let kept = cycle.hosts.iter().filter(|host| filter.keeps(host));
    kept.map(|host| host.node.name.clone()).collect()
}

fn by_request(ground: &Ground, asked: &Asked) -> BTreeSet<String> {
    let (pod, known) = (ground.plain(), ground.known());
    let context = Context::new(&ground.cluster, &ground.words, &known, &pod);
    let placement = place_entries(&asked.entries, &context);
    assert_eq!(placement.candidates.is_empty(), placement.rejection.is_some());
    if let Some(AffinityRejection::RequiredAffinityUnsatisfiable(elimination)) =
        &placement.rejection
    {
        check_core(ground, asked, &elimination.core);
    }
    placement.candidates.into_iter().map(|one| one.node).collect()
}

/// The core leaves no candidate, and no part of it does.
fn check_core(ground: &Ground, asked: &Asked, core: &[usize]) {
    let leaves = |entries: Vec<usize>| {
        let entries = entries.iter().map(|at| asked.entries[*at].clone()).collect();
        let some = Asked { entries, ..asked.clone() };
        let (pod, known) = (ground.plain(), ground.known());
        let context = Context::new(&ground.cluster, &ground.words, &known, &pod);
        !place_entries(&some.entries, &context).candidates.is_empty()
    };
    assert!(!core.is_empty() && !leaves(core.to_vec()), "{core:?}");
    // Without a required trust domain its guard is not tolerated: there are fewer candidates.
    if asked.sentences.iter().any(|sentence| sentence.starts_with("on trust/")) {
        return;
    }
    for left_out in core {
        let rest = core.iter().copied().filter(|at| at != left_out).collect();
        assert!(leaves(rest), "{core:?} without {left_out}");
    }
}

#[test]
fn required_entries_keep_what_the_plugins_let_through() {
    run(400, |ground, asked| {
        if ground.repels {
            return;
        }
        let kept = by_filter(ground, asked);
        match ground.expanded(&asked.sentences) {
            Ok(pod) => assert_eq!(kept, by_plugins(ground, &pod), "{:?}", asked.sentences),
            // Contradictions are found before a cluster is looked at.
            Err(codes) => assert!(kept.is_empty(), "{codes:?} of {:?}", asked.sentences),
        }
    });
}

#[test]
fn candidates_are_the_nodes_that_fit_the_expanded_pod() {
    run(400, |ground, asked| {
        let candidates = by_request(ground, asked);
        let Ok(pod) = ground.expanded(&asked.sentences) else {
            return assert!(candidates.is_empty(), "{:?}", asked.sentences);
        };
        let cycle = next_cycle(&ground.cluster, &pod, None);
        let judgement = judge_cycle(&cycle);
        let fits: BTreeSet<String> = judgement.feasible().map(str::to_owned).collect();
        assert_eq!(candidates, fits, "{:?}", asked.sentences);
    });
}

#[test]
fn a_request_and_its_annotations_keep_the_same_nodes() {
    run(200, |ground, asked| {
        let new = PlacementRequest::new();
        let request = asked.entries.iter().cloned().fold(new, PlacementRequest::affinity);
        let (pod, known) = (ground.plain(), ground.known());
        let context = Context::new(&ground.cluster, &ground.words, &known, &pod);
        // What cannot be built has no candidates; annotations are refused for it.
        let placed = place(&request, &context).map(|placement| placement.candidates);
        let candidates: BTreeSet<String> =
            placed.iter().flatten().map(|candidate| candidate.node.clone()).collect();
        let written = written::write(&asked.entries).to_string();
        let mut blob = Vec::new();
        let bytes = append(&mut blob, &asked.entries);
        let bytes = bytes.map(|()| text::encode(Encoding::Base64, &blob));
        let forms =
            [("placecard.dev/intents", Some(written)), ("placecard.dev/intents-tlv", bytes.ok())];
        for (key, value) in forms {
            let Some(value) = value.filter(|_| !asked.entries.is_empty()) else { continue };
            let fits: BTreeSet<String> = match ground.annotated(json!({key: value})) {
                Err(_) => BTreeSet::new(),
                Ok(pod) => {
                    let cycle = next_cycle(&ground.cluster, &pod, None);
                    judge_cycle(&cycle).feasible().map(str::to_owned).collect()
                }
            };
            assert_eq!(candidates, fits, "{key}: {value}");
        }
    });
}

#[test]
fn a_request_for_nothing_is_ranked_as_kube_scheduler_ranks_the_pod() {
    run(150, |ground, _| {
        let (pod, known) = (ground.plain(), ground.known());
        let context = Context::new(&ground.cluster, &ground.words, &known, &pod);
        let placement = place_entries(&[], &context);
        let cycle = next_cycle(&ground.cluster, &pod, None);
        let ranking = rank(&cycle);
        let ranked = ranking.ranked.iter();
        let expected: Vec<_> =
            ranked.map(|one| (one.node, one.score.as_ref().map(|score| score.total))).collect();
        // It does not score where there is nothing to choose.
        let scored = expected.len() > 1;
        let found = placement.candidates.iter();
        let found: Vec<_> =
            found.map(|one| (one.node.as_str(), scored.then_some(one.total))).collect();
        assert_eq!(found, expected);
    });
}
