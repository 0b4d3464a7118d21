//! The state that is kept up to date against the plain judge and the plain scores, on the clusters
//! of the recorded cases: built at once, and by events in any order with objects that come and go;
//! and against the recorded scores.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "recorded_state/profiles.rs"]
mod profiles;
#[path = "recorded_state/standing.rs"]
mod standing;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::read::GzDecoder;
use placecard_feasibility::filter::Code;
use placecard_feasibility::filter::cycle::cycle_of;
use placecard_feasibility::inventory::kind::Kind;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::inventory::{Inventory, NamespacedName};
use placecard_feasibility::judge::{Semantics, judge, judge_cycle, score_cycle};
use placecard_feasibility::profile::Profile;
use placecard_feasibility::state::{Board, Decision, Plugins, Said, Scratch, State};
use placecard_policies::scheduler_configuration;
use placecard_policies::snapshot::{Cluster, WrittenPod};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Case {
    id: String,
    cluster: Cluster,
    pod: WrittenPod,
    #[serde(default)]
    config: Value,
    #[serde(default)]
    verdict: Value,
}

/// The points of each node in total.
type Points = BTreeMap<String, i64>;

impl Case {
    /// The recorded points of each node by plugin; none if less than two are feasible.
    fn recorded(&self) -> BTreeMap<String, BTreeMap<String, i64>> {
        let scores = &self.verdict["scores"];
        serde_json::from_value(scores.clone()).unwrap_or_else(|_| {
            assert!(scores.is_null(), "{}: {scores}", self.id);
            BTreeMap::new()
        })
    }

    fn recorded_totals(&self) -> Points {
        self.recorded().into_iter().map(|(node, points)| (node, points["total"])).collect()
    }
}

/// The lines of a packed file of the recorded cases.
fn lines(name: &str) -> impl Iterator<Item = String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/oracle");
    let file = File::open(folder.join(name)).expect("the recorded cases are in the repository");
    BufReader::new(GzDecoder::new(file)).lines().map(|line| line.expect("packed text"))
}

/// First plugins and code by node, what rejects all nodes, the only nodes: of state and judge.
fn assert_agrees(
    id: &str,
    state: &mut State,
    inventory: &Inventory,
    pod: &Pod,
    scratch: &mut Scratch,
) {
    let judgement = judge(inventory, pod, state.semantics());
    let prepared = state.prepare(pod);
    assert_eq!(state.prepared(pod), Some(prepared), "{id}");
    let decision = state.decide(pod, prepared, scratch);
    let mut words = Vec::new();
    decision.said(&mut words);
    let mut counts: BTreeMap<(Plugins, Code), usize> = BTreeMap::new();
    for node in &judgement.nodes {
        let expected = match &node.first {
            None => Said::Feasible,
            Some(first) => {
                let plugins = Plugins::of(&first.plugins);
                *counts.entry((plugins, first.rejection.code)).or_default() += 1;
                Said::Rejected(plugins, first.rejection.code)
            }
        };
        let number = state.node_number(node.node).expect("a node");
        assert_eq!(words[number as usize], expected, "{id} {}", node.node);
        assert_eq!(state.said(decision, number), expected, "{id} {}", node.node);
    }
    let there = words.iter().filter(|word| **word != Said::NoNode).count();
    assert_eq!((there, state.node_count()), (judgement.nodes.len(), judgement.nodes.len()), "{id}");
    let rejected = decision.rejected.iter();
    let found = rejected.map(|one| ((one.plugins, one.code), one.count)).collect();
    assert_eq!(counts, found, "{id}");
    assert_eq!(feasible(state, decision), judgement.feasible().collect(), "{id}");
    assert_eq!(decision.feasible_count, judgement.feasible().count(), "{id}");
    assert_eq!(decision.pre_filter, judgement.pre_filter, "{id}");
    assert_eq!(decision.pre_filter_nodes, judgement.pre_filter_nodes, "{id}");
}

/// The points of all nodes and the node that is chosen: of state, plain scores and, if there are
/// some, recorded ones.
fn assert_scores(
    id: &str,
    state: &mut State,
    inventory: &Inventory,
    pod: &Pod,
    profile: &Profile,
    board: &mut Board,
    recorded: Option<&Points>,
) {
    let cycle = cycle_of(inventory, pod, state.semantics(), Cow::Borrowed(profile));
    let judgement = judge_cycle(&cycle);
    let expected: Points = score_cycle(&cycle, &judgement)
        .into_iter()
        .map(|(node, score)| (node.to_owned(), score.total))
        .collect();
    if let Some(recorded) = recorded {
        assert_eq!(recorded, &expected, "{id}: recorded, and scored plainly");
    }
    let points = state.points(pod, board).into_iter();
    let found: Points = points.map(|(node, points)| (name_of(state, node), points)).collect();
    assert_eq!(found, expected, "{id}");
    let most = expected.values().copied().max();
    let best = expected.iter().find(|(_, points)| Some(**points) == most).map(|(node, _)| node);
    let mut feasible = judgement.feasible().map(str::to_owned);
    let only = feasible.next().filter(|_| feasible.next().is_none());
    let chosen = state.choose(pod, board);
    let chosen = chosen.map(|placed| (name_of(state, placed.node), placed.points));
    assert_eq!(chosen, best.cloned().or(only).map(|node| (node, most)), "{id}");
}

fn name_of(state: &State, node: u32) -> String {
    state.node(node).expect("a node").name.clone()
}

fn feasible<'a>(state: &'a State, decision: &Decision) -> BTreeSet<&'a str> {
    let names = decision.feasible_nodes().map(|number| state.node(number));
    names.map(|node| node.expect("a node").name.as_str()).collect()
}

/// Numbers from a seed, for shuffling.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % sides.max(1)
    }
}

/// An object of the inventory.
#[derive(Clone, Copy)]
enum Event<'a> {
    Node(&'a Node),
    Pod(&'a Pod),
    Namespace(&'a str),
    Volume(&'a str),
    Claim(&'a (String, String)),
    Class(&'a str),
    CsiNode(&'a str),
    Service(&'a NamespacedName),
    Controller(&'a (Kind, NamespacedName)),
    Image(&'a str),
}

fn events(inventory: &Inventory) -> Vec<Event<'_>> {
    let mut events = Vec::new();
    events.extend(inventory.nodes.values().map(Event::Node));
    events.extend(inventory.pods.values().map(Event::Pod));
    events.extend(inventory.namespaces.keys().map(|name| Event::Namespace(name)));
    events.extend(inventory.volumes.keys().map(|name| Event::Volume(name)));
    events.extend(inventory.claims.keys().map(Event::Claim));
    events.extend(inventory.classes.keys().map(|name| Event::Class(name)));
    events.extend(inventory.csi_nodes.keys().map(|name| Event::CsiNode(name)));
    events.extend(inventory.services.keys().map(Event::Service));
    events.extend(inventory.controllers.keys().map(Event::Controller));
    events.extend(inventory.image_sizes.keys().map(|name| Event::Image(name)));
    events
}

fn set(state: &mut State, inventory: &Inventory, event: Event<'_>) {
    match event {
        Event::Node(node) => state.set_node(node.clone()),
        Event::Pod(pod) => state.set_pod(pod.clone()),
        Event::Namespace(name) => state.set_namespace(name, inventory.namespaces[name].clone()),
        Event::Volume(name) => state.set_volume(inventory.volumes[name].clone()),
        Event::Claim(name) => state.set_claim(inventory.claims[name].clone()),
        Event::Class(name) => state.set_class(inventory.classes[name].clone()),
        Event::CsiNode(name) => state.set_csi_node(name, inventory.csi_nodes[name].clone()),
        Event::Service(name) => {
            state.set_service(name.clone(), inventory.services[name].clone());
        }
        Event::Controller(name) => {
            state.set_controller(name.clone(), inventory.controllers[name].clone());
        }
        Event::Image(name) => state.set_image_size(name, inventory.image_sizes[name]),
    }
}

fn remove(state: &mut State, event: Event<'_>) {
    match event {
        Event::Node(node) => state.remove_node(&node.name),
        Event::Pod(pod) => state.remove_pod(&pod.namespace, &pod.name),
        Event::Namespace(name) => state.remove_namespace(name),
        Event::Volume(name) => state.remove_volume(name),
        Event::Claim((namespace, name)) => state.remove_claim(namespace, name),
        Event::Class(name) => state.remove_class(name),
        Event::CsiNode(name) => state.remove_csi_node(name),
        Event::Service(name) => state.remove_service(name),
        Event::Controller(name) => state.remove_controller(name),
        // What an image weighs is never forgotten.
        Event::Image(_) => {}
    }
}

/// The same object as it might have been before.
fn before<'a>(event: Event<'a>, dice: &mut Dice, made: &'a mut (Node, Pod)) -> Event<'a> {
    let (node, pod) = made;
    match event {
        Event::Node(known) => {
            *node = known.clone();
            let label = node.labels.keys().nth(dice.roll(node.labels.len())).cloned();
            if let Some(label) = label {
                node.labels.insert(label, format!("v{}", dice.roll(3)));
            }
            node.unschedulable ^= dice.roll(2) == 0;
            node.allocatable.pop_first();
            Event::Node(node)
        }
        Event::Pod(known) => {
            *pod = known.clone();
            pod.terminating ^= dice.roll(2) == 0;
            pod.labels.pop_first();
            pod.node = Some(format!("n{}", dice.roll(4)).into());
            pod.finished = dice.roll(5) == 0;
            Event::Pod(pod)
        }
        other => other,
    }
}

/// Builds the inventory by events in any order, with objects that come, change and go; the pod is
/// asked for now and then.
fn shuffled(inventory: &Inventory, pod: &Pod, semantics: Semantics, dice: &mut Dice) -> State {
    let mut state = State::new(semantics);
    let mut events = events(inventory);
    for at in (1..events.len()).rev() {
        events.swap(at, dice.roll(at + 1));
    }
    let (mut scratch, mut board) = (Scratch::default(), Board::default());
    for (at, event) in events.iter().enumerate() {
        let mut made = (Node::default(), Pod::default());
        match dice.roll(4) {
            0 => set(&mut state, inventory, before(*event, dice, &mut made)),
            1 => {
                set(&mut state, inventory, *event);
                let gone = events[dice.roll(at + 1)];
                remove(&mut state, gone);
                if dice.roll(3) == 0 {
                    let prepared = state.prepare(pod);
                    state.decide(pod, prepared, &mut scratch);
                    state.choose(pod, &mut board);
                }
                if dice.roll(3) == 0 {
                    state.sweep();
                }
                set(&mut state, inventory, gone);
            }
            _ => {}
        }
        set(&mut state, inventory, *event);
    }
    state
}

/// Judges and scores a case by each of these semantics; `scored` are those of the recorded scores.
fn check(case: &Case, semantics: &[Semantics], scored: Option<Semantics>, dice: &mut Dice) {
    let (inventory, pod) = (case.cluster.read(), case.pod.read());
    let (mut scratch, mut board) = (Scratch::default(), Board::default());
    let recorded = case.recorded_totals();
    for semantics in semantics {
        let profile = Profile::of(*semantics);
        let recorded = Some(&recorded).filter(|_| scored == Some(*semantics));
        let mut score = |state: &mut State| {
            assert_scores(&case.id, state, &inventory, &pod, &profile, &mut board, recorded);
        };
        let mut at_once = State::of(&inventory, *semantics);
        assert_agrees(&case.id, &mut at_once, &inventory, &pod, &mut scratch);
        score(&mut at_once);
        let mut by_events = shuffled(&inventory, &pod, *semantics, dice);
        assert_agrees(&case.id, &mut by_events, &inventory, &pod, &mut scratch);
        score(&mut by_events);
        assert_eq!(at_once.census(), by_events.census(), "{}", case.id);
        at_once.sweep();
        by_events.sweep();
        assert_eq!(at_once.sizes(), by_events.sizes(), "{}", case.id);
        assert_agrees(&case.id, &mut by_events, &inventory, &pod, &mut scratch);
        score(&mut by_events);
    }
}

/// Every so many-th case of a file, for debug builds; all of them with
/// `PLACECARD_TEST_FACTOR` large enough.
fn cases(name: &str, every: usize) -> impl Iterator<Item = Case> {
    let factor = std::env::var("PLACECARD_TEST_FACTOR").ok();
    let factor = factor.and_then(|text| text.parse::<usize>().ok()).unwrap_or(1).max(1);
    let lines = lines(name).step_by((every / factor).max(1));
    lines.map(|line| serde_json::from_str(&line).expect("a case"))
}

/// Checks these cases; how many there are.
fn check_file(
    name: &str,
    every: usize,
    semantics: &[Semantics],
    scored: Option<Semantics>,
) -> usize {
    let mut dice = Dice(2026);
    cases(name, every).map(|case| check(&case, semantics, scored, &mut dice)).count()
}

#[test]
fn recorded_clusters_are_judged_as_by_the_plain_judge() {
    let fixed =
        Semantics { negative_namespace_selectors_match_all: false, ..Semantics::of_minor(34) };
    let all = [Semantics::of_minor(34), Semantics::of_minor(37), fixed];
    assert_eq!(check_file("counterexamples.jsonl.gz", 1, &all, None), 99);
    assert_eq!(check_file("cases-1.37.jsonl.gz", 1, &all[1..], Some(all[1])), 363);
    let checked = check_file("cases.jsonl.gz", 24, &all[..1], Some(all[0]));
    assert!((844..=20_245).contains(&checked), "{checked}");
}

#[test]
fn recorded_configurations_are_scored_as_by_the_scheduler() {
    let semantics = Semantics::of_minor(37);
    let mut board = Board::default();
    let mut scored = 0;
    for case in cases("configurations-1.37.jsonl.gz", 1) {
        let (inventory, pod) = (case.cluster.read(), case.pod.read());
        let read = scheduler_configuration::read(&case.config, semantics).expect("a configuration");
        let profile = read.profile_of(&pod).expect("its profile");
        let mut state = State::of(&inventory, semantics);
        state.set_profile(profile.clone());
        let recorded = case.recorded_totals();
        assert_scores(&case.id, &mut state, &inventory, &pod, profile, &mut board, Some(&recorded));
        scored += usize::from(!recorded.is_empty());
    }
    assert!(scored > 50, "{scored} cases have scores");
}

#[test]
fn profiles_of_an_older_server_change_the_recorded_verdicts_as_they_must() {
    let (mut dice, mut tally) = (Dice(34), profiles::Tally::default());
    let mut checked = 0;
    for case in cases("cases.jsonl.gz", 24) {
        let (inventory, pod) = (case.cluster.read(), case.pod.read());
        tally.check(&case, &inventory, &pod, &mut dice);
        checked += 1;
    }
    tally.assert_enough(checked);
}

/// The generator of fresh cases, built from `tests/oracle`; `None` where it was not.
fn oracle() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("PLACECARD_ORACLE") {
        return Some(named.into());
    }
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/oracle");
    built.exists().then_some(built)
}

/// A number from the environment, for longer runs and other cases.
fn number(variable: &str, otherwise: usize) -> usize {
    let set = std::env::var(variable).ok();
    set.map_or(otherwise, |text| text.parse().expect("a whole number"))
}

#[test]
fn e2e_fresh_clusters_are_judged_as_by_the_plain_judge() {
    let Some(oracle) = oracle() else {
        return;
    };
    let (seed, count) = (number("PLACECARD_ORACLE_SEED", 7), number("PLACECARD_ORACLE_CASES", 500));
    let words = ["generate", "--seed", &seed.to_string(), "--count", &count.to_string()];
    let mut asked =
        Command::new(oracle).args(words).stdout(Stdio::piped()).spawn().expect("the oracle starts");
    let made = BufReader::new(asked.stdout.take().expect("a pipe"));
    let mut dice = Dice(seed as u64);
    let mut checked = 0;
    for line in made.lines() {
        let case: Case = serde_json::from_str(&line.expect("text")).expect("a case");
        check(&case, &[34, 37].map(Semantics::of_minor), None, &mut dice);
        checked += 1;
    }
    assert!(asked.wait().expect("it ends").success());
    assert_eq!(checked, count);
}
