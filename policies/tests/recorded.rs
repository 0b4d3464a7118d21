//! The judge against recorded verdicts of the real scheduler, 1.34.1 and 1.37.1 with their default
//! profiles.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says on demand what it compared"
)]

mod oracle;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use flate2::read::GzDecoder;
use oracle::ask;
use placecard_feasibility::filter::Code;
use placecard_feasibility::judge::{Objection, Semantics, judge};
use placecard_policies::judge_case::{Options, judge_line};
use placecard_policies::snapshot::{Cluster, WrittenPod};
use placecard_policies::surroundings::ServerVersion;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

/// The lines of a packed file of the recorded cases.
fn lines(name: &str) -> impl Iterator<Item = String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/oracle");
    let file = File::open(folder.join(name)).expect("the recorded cases are in the repository");
    BufReader::new(GzDecoder::new(file)).lines().map(|line| line.expect("packed text"))
}

/// What the judge was asked and what differed, by the place in the verdict.
#[derive(Debug, Default)]
struct Tally {
    cases: usize,
    nodes: usize,
    compared: BTreeMap<String, usize>,
    differences: BTreeMap<String, Vec<String>>,
}

impl Tally {
    fn compare(&mut self, place: &str, id: &str, expected: &Value, found: &Value) {
        *self.compared.entry(place.to_owned()).or_default() += 1;
        if expected != found {
            let text = format!("{id}: recorded {expected}, found {found}");
            self.differences.entry(place.to_owned()).or_default().push(text);
        }
    }

    fn merge(&mut self, other: Self) {
        self.cases += other.cases;
        self.nodes += other.nodes;
        for (place, count) in other.compared {
            *self.compared.entry(place).or_default() += count;
        }
        for (place, more) in other.differences {
            self.differences.entry(place).or_default().extend(more);
        }
    }

    /// Fails with the first differences of each place.
    fn assert_equal(&self) {
        for (place, count) in &self.compared {
            println!("{place}: {count} compared");
        }
        let mut text = String::new();
        for (place, all) in &self.differences {
            text += &format!("{place}: {} differ\n", all.len());
            all.iter().take(6).for_each(|one| text += &format!("  {one}\n"));
        }
        assert!(text.is_empty(), "{} cases\n{text}", self.cases);
    }
}

/// Code by node of each plugin alone.
fn by_plugin(answer: &Value) -> BTreeMap<String, BTreeMap<String, Value>> {
    let mut found: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for (node, words) in answer["all"].as_object().expect("asked for") {
        for word in words.as_array().expect("a list") {
            let plugin = word["p"].as_str().expect("a name").to_owned();
            found.entry(plugin).or_default().insert(node.clone(), word["c"].clone());
        }
    }
    found
}

/// Judges a case and compares everything that is recorded.
fn check(line: &str, id: &str, expected: &Value, semantics: Semantics, tally: &mut Tally) {
    let options = Options { semantics, all_reasons: true, scores: true, configuration: None };
    let answer = judge_line(line, &options).expect("a case that can be read");
    let found: Value = serde_json::from_str(&answer).expect("JSON");
    tally.cases += 1;
    tally.compare("id", id, &json!(id), &found["id"]);
    tally.compare("feasible", id, &expected["feasible"], &found["feasible"]);
    tally.compare("prefilter", id, &expected["prefilter"], &found["prefilter"]);
    tally.compare("prefilterNodes", id, &expected["prefilterNodes"], &found["prefilterNodes"]);
    let skipped = expected.get("skipped").cloned().unwrap_or(json!([]));
    tally.compare("skipped", id, &skipped, &found["skipped"]);
    let nodes = expected["nodes"].as_object().expect("nodes");
    let names = |value: &Value| value.as_object().map(|nodes| nodes.keys().cloned().collect());
    let (wanted, there): (Option<BTreeSet<String>>, _) =
        (names(&expected["nodes"]), names(&found["nodes"]));
    assert_eq!(wanted, there, "{id}");
    for (node, word) in nodes {
        tally.nodes += 1;
        let place = format!("first {}", word["p"].as_str().unwrap_or("none"));
        tally.compare(&place, &format!("{id} {node}"), word, &found["nodes"][node]);
    }
    check_scores(id, expected, &found, tally);
    check_alone(id, expected, &found, tally);
}

fn check_scores(id: &str, expected: &Value, found: &Value, tally: &mut Tally) {
    for (node, score) in expected["scores"].as_object().into_iter().flatten() {
        let ours = &found["scores"][node];
        let keys = |score: &Value| {
            let keys = score.as_object().into_iter().flatten().map(|(plugin, _)| plugin.clone());
            keys.collect::<BTreeSet<_>>()
        };
        for plugin in keys(score).union(&keys(ours)) {
            let (expected, found) = (&score[plugin], &ours[plugin]);
            tally.compare(&format!("score {plugin}"), &format!("{id} {node}"), expected, found);
        }
    }
    // The counterexamples were recorded without scores.
    if !expected["scores"].is_null() {
        let scored = |value: &Value| value["scores"].as_object().map_or(0, serde_json::Map::len);
        tally.compare("scored nodes", id, &json!(scored(expected)), &json!(scored(found)));
    }
}

fn check_alone(id: &str, expected: &Value, found: &Value, tally: &mut Tally) {
    let alone = by_plugin(found);
    for (plugin, codes) in expected["byPlugin"].as_object().into_iter().flatten() {
        let none = BTreeMap::new();
        let ours = alone.get(plugin).unwrap_or(&none);
        let ours = match codes.get("*") {
            Some(_) => ours.values().map(|code| ("*".to_owned(), code.clone())).collect(),
            None => ours.clone(),
        };
        tally.compare(&format!("alone {plugin}"), id, codes, &json!(ours));
    }
}

/// Runs a check over many cases on all cores.
fn check_all(cases: impl Iterator<Item = String>, check: fn(&str, &mut Tally)) -> Tally {
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let mut total = Tally::default();
    thread::scope(|scope| {
        let mut senders = Vec::new();
        let mut running = Vec::new();
        for _ in 0..workers {
            let (sender, lines) = mpsc::sync_channel::<String>(64);
            senders.push(sender);
            running.push(scope.spawn(move || {
                let mut tally = Tally::default();
                for line in lines {
                    check(&line, &mut tally);
                }
                tally
            }));
        }
        for (line, sender) in cases.zip((0..workers).cycle()) {
            senders[sender].send(line).expect("the worker runs");
        }
        drop(senders);
        for worker in running {
            total.merge(worker.join().expect("no case panics"));
        }
    });
    total
}

/// What is compared of a recorded case.
#[derive(Deserialize)]
struct Recorded {
    id: String,
    verdict: Value,
    /// The verdict of a scheduler that was built with kubernetes#141526 fixed, if it differs.
    #[serde(rename = "verdictFixed141526")]
    fixed: Option<Value>,
}

fn check_recorded(line: &str, tally: &mut Tally) {
    let case: Recorded = serde_json::from_str(line).expect("JSON");
    let recorded = Semantics::of_minor(34);
    check(line, &case.id, &case.verdict, recorded, tally);
    if let Some(verdict) = &case.fixed {
        let fixed = Semantics { negative_namespace_selectors_match_all: false, ..recorded };
        check(line, &case.id, verdict, fixed, tally);
    }
}

#[test]
fn twenty_thousand_clusters_are_judged_as_by_the_scheduler() {
    let tally = check_all(lines("cases.jsonl.gz"), check_recorded);
    assert_eq!(tally.cases, 20_245 + 35);
    tally.assert_equal();
}

#[test]
fn what_refuted_a_shortcut_once_is_judged_as_by_the_scheduler() {
    let tally = check_all(lines("counterexamples.jsonl.gz"), check_recorded);
    assert_eq!(tally.cases, 99 + 2);
    tally.assert_equal();
}

#[test]
fn a_newer_server_judges_as_its_scheduler_does() {
    // Cases of which many are judged differently by 1.34.
    let tally = check_all(lines("cases-1.37.jsonl.gz"), |line, tally| {
        let case: Recorded = serde_json::from_str(line).expect("JSON");
        check(line, &case.id, &case.verdict, Semantics::of_minor(37), tally);
    });
    assert_eq!(tally.cases, 363);
    tally.assert_equal();
}

#[test]
fn configurations_are_judged_as_by_the_scheduler() {
    let tally = check_all(lines("configurations-1.37.jsonl.gz"), |line, tally| {
        let case: Recorded = serde_json::from_str(line).expect("JSON");
        check(line, &case.id, &case.verdict, Semantics::of_minor(37), tally);
    });
    assert_eq!(tally.cases, 240);
    tally.assert_equal();
}

/// A number from the environment, for longer runs and other cases.
fn number(variable: &str, otherwise: usize) -> usize {
    let set = std::env::var(variable).ok();
    set.map_or(otherwise, |text| text.parse().expect("a whole number"))
}

/// Judges fresh cases of a seed, all focuses in turn unless one is named. At least `percent` of them
/// must have a verdict.
fn check_fresh(oracle: &Path, count: usize, focus: &[&str], percent: usize) -> Tally {
    let seed = number("PLACECARD_ORACLE_SEED", 2026);
    let version = ask(oracle, &["version"], Vec::new());
    let version = String::from_utf8(version).expect("text");
    let server = ServerVersion::parse(&version).expect("the version of Kubernetes");
    assert_eq!(server, ServerVersion(37), "check_fresh judges as this server does");
    // In pieces, so that a million cases fit into memory.
    let mut total = Tally::default();
    for first in (0..count).step_by(1000) {
        let (seed, first, count) =
            (seed.to_string(), first.to_string(), (count - first).min(1000).to_string());
        let words = ["generate", "--seed", &seed, "--first", &first, "--count", &count];
        let cases = ask(oracle, &[&words, focus].concat(), Vec::new());
        let verdicts = ask(oracle, &["judge", "--scores"], cases.clone());
        let pairs = cases.lines().zip(verdicts.lines()).map(|(case, verdict)| {
            let (case, verdict) = (case.expect("text"), verdict.expect("text"));
            let mut case: Value = serde_json::from_str(&case).expect("a case");
            let mut verdict: Value = serde_json::from_str(&verdict).expect("a verdict");
            assert_eq!(case["id"], verdict["id"]);
            case["verdict"] = verdict["verdict"].take();
            if case["verdict"].is_object() && case["verdict"]["scores"].is_null() {
                // Nothing is scored where there is no choice, or where a plugin fails.
                case["verdict"]["scores"] = json!({});
            }
            case.to_string()
        });
        total.merge(check_all(pairs, |line, tally| {
            let case: Recorded = serde_json::from_str(line).expect("JSON");
            if !case.verdict.is_null() {
                check(line, &case.id, &case.verdict, Semantics::of_minor(37), tally);
            }
        }));
    }
    assert!(
        total.cases * 100 >= count * percent,
        "{} of {count} cases have a verdict",
        total.cases
    );
    total
}

#[test]
fn e2e_fresh_clusters_are_judged_as_by_the_scheduler() {
    let Some(oracle) = oracle::built() else {
        println!("left out: target/oracle is not built; make oracle");
        return;
    };
    // The generator makes no case that the API server or a plugin refuses, but for a few.
    check_fresh(&oracle, number("PLACECARD_ORACLE_CASES", 3000), &[], 98).assert_equal();
}

#[test]
fn e2e_fresh_configurations_are_judged_as_by_the_scheduler() {
    let Some(oracle) = oracle::built() else {
        println!("left out: target/oracle is not built; make oracle");
        return;
    };
    let count = number("PLACECARD_ORACLE_CONFIGURATIONS", 600);
    let focus = ["--focus", "KubeSchedulerConfiguration"];
    // Some profiles run a filter without its pre-filter, and fail for every pod.
    let tally = check_fresh(&oracle, count, &focus, 90);
    tally.assert_equal();
    if count >= 600 {
        let scored = |plugin: &str| tally.compared.get(&format!("score {plugin}")).copied();
        for plugin in ["NodeResourcesFit", "NodeAffinity", "PodTopologySpread", "InterPodAffinity"]
        {
            assert!(scored(plugin) > Some(50), "{plugin}: {:?} scores", scored(plugin));
        }
    }
}

/// A large cluster, kinds of pods, and what the scheduler found for each.
#[derive(Deserialize)]
struct Workload {
    cluster: Cluster,
    incoming: BTreeMap<String, WrittenPod>,
    verdicts: BTreeMap<String, WorkloadVerdict>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct WorkloadVerdict {
    feasible: Vec<String>,
    /// How many nodes each `plugin/code` rejects first.
    counts: BTreeMap<String, usize>,
}

#[test]
fn a_thousand_nodes_with_ten_thousand_pods_are_judged_as_by_the_scheduler() {
    let text: String = lines("workload-1000-10.json.gz").collect();
    let workload: Workload = serde_json::from_str(&text).expect("JSON");
    let inventory = workload.cluster.read();
    assert_eq!((inventory.nodes.len(), inventory.pods.len()), (1000, 10_000));
    for (kind, written) in &workload.incoming {
        let pod = written.read();
        let judgement = judge(&inventory, &pod, Semantics::of_minor(34));
        let mut counts = BTreeMap::new();
        for node in &judgement.nodes {
            let key = match &node.first {
                None => "/S".to_owned(),
                Some(Objection { plugins, rejection }) => {
                    let preemptible = rejection.code == Code::Unschedulable;
                    let code = if preemptible { "U" } else { "UU" };
                    plugins.iter().map(|plugin| format!("{}/{code}", plugin.name())).collect()
                }
            };
            *counts.entry(key).or_default() += 1;
        }
        let feasible = judgement.feasible().map(str::to_owned).collect();
        let found = WorkloadVerdict { feasible, counts };
        assert_eq!(Some(&found), workload.verdicts.get(kind), "{kind}");
    }
    assert_eq!(workload.incoming.len(), workload.verdicts.len());
}

/// What stands in for a part of a case: wrong types, extremes, what does not exist.
fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!([null])),
        Just(json!("")),
        Just(json!("n0")),
        Just(json!("9".repeat(300))),
        Just(json!("-9223372036854775809")),
        Just(json!("1e999999999")),
        Just(json!(true)),
        Just(json!(1e300)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<i32>().prop_map(|number| json!(number)),
        any::<String>().prop_map(|text| json!(text)),
    ]
}

/// Goes down to the part that the picks lead to.
fn part<'a>(value: &'a mut Value, picks: &[u8]) -> &'a mut Value {
    let Some((pick, rest)) = picks.split_first() else {
        return value;
    };
    let at = |length: usize| usize::from(*pick) % length.max(1);
    let length = value.as_array().map_or(0, Vec::len) + value.as_object().map_or(0, |o| o.len());
    if length == 0 {
        return value;
    }
    let inner = match value {
        Value::Array(list) => list.get_mut(at(length)),
        Value::Object(map) => map.values_mut().nth(at(length)),
        _ => None,
    };
    part(inner.expect("there are that many"), rest)
}

fn some_cases() -> Vec<String> {
    let strip = |line: String| {
        let mut case: Value = serde_json::from_str(&line).expect("JSON");
        case.as_object_mut().expect("an object").retain(|key, _| key != "verdict");
        case.to_string()
    };
    let every = lines("cases.jsonl.gz").take(2000).step_by(40);
    let configured = lines("configurations-1.37.jsonl.gz").take(60);
    every.chain(lines("counterexamples.jsonl.gz")).chain(configured).map(strip).collect()
}

#[test]
fn whatever_a_case_holds_gets_an_answer() {
    let cases = some_cases();
    let edits =
        prop::collection::vec((prop::collection::vec(any::<u8>(), 1..9), odd_value()), 1..4);
    let cut = prop::option::weighted(0.1, any::<prop::sample::Index>());
    let input = (any::<prop::sample::Index>(), edits, cut, 30u32..40);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4000) };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let judged = std::cell::Cell::new(0);
    let result = runner.run(&input, |(case, edits, cut, minor)| {
        let mut case: Value = serde_json::from_str(case.get::<String>(&cases)).expect("JSON");
        for (picks, value) in edits {
            *part(&mut case, &picks) = value;
        }
        let mut line = case.to_string();
        if let Some(cut) = cut {
            line = line.chars().take(cut.index(line.len())).collect();
        }
        let semantics = Semantics::of_minor(minor);
        let options = Options { semantics, all_reasons: true, scores: true, configuration: None };
        let answer = judge_line(&line, &options);
        judged.set(judged.get() + usize::from(answer.is_ok()));
        let part = if answer.is_ok() { "feasible" } else { "error" };
        let answer: Value =
            serde_json::from_str(&answer.unwrap_or_else(|line| line)).expect("JSON");
        prop_assert!(answer.get("id").is_some() && answer.get(part).is_some(), "{}", answer);
        Ok(())
    });
    let answered = judged.get();
    result.expect("every case gets an answer");
    assert!(answered > 1000, "only {answered} of the edited cases could still be judged");
}
