//! Preemption against the real plugin `DefaultPreemption`, 1.37.1.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use placecard_feasibility::filter::cycle::cycle;
use placecard_feasibility::judge::{Semantics, judge_cycle};
use placecard_feasibility::preemption::{Refusal, preempt};
use placecard_policies::snapshot::{Cluster, WrittenPod};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    id: String,
    cluster: Cluster,
    pod: WrittenPod,
}

#[derive(Deserialize)]
struct Answer {
    id: String,
    verdict: Option<Verdict>,
}

#[derive(Deserialize)]
struct Verdict {
    preemption: Found,
}

/// What the plugin found.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Found {
    refused: String,
    candidates: BTreeMap<String, Candidate>,
    nominated: String,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
struct Candidate {
    victims: Vec<String>,
    violations: usize,
}

/// What was compared.
#[derive(Debug, Default)]
struct Tally {
    cases: usize,
    refused: usize,
    candidates: usize,
    chosen: usize,
    victims: usize,
    violating: usize,
    differences: Vec<String>,
}

/// The real plugin in process, built from `tests/oracle`; `None` where it was not.
fn oracle() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("PLACECARD_ORACLE") {
        return Some(named.into());
    }
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/oracle");
    built.exists().then_some(built)
}

fn ask(oracle: &Path, words: &[&str], input: Vec<u8>) -> Vec<u8> {
    let mut asked = Command::new(oracle)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the oracle starts");
    let mut stdin = asked.stdin.take().expect("a pipe");
    let writer = thread::spawn(move || stdin.write_all(&input));
    let answer = asked.wait_with_output().expect("it ends");
    assert!(answer.status.success(), "oracle {words:?}: {}", answer.status);
    writer.join().expect("no panic").expect("it reads all cases");
    answer.stdout
}

/// A number from the environment, for longer runs and other cases.
fn number(variable: &str, otherwise: usize) -> usize {
    let set = std::env::var(variable).ok();
    set.map_or(otherwise, |text| text.parse().expect("a whole number"))
}

fn compare(line: &str, expected: &Found, tally: &mut Tally) {
    let case: Case = serde_json::from_str(line).expect("a case");
    let (inventory, pod) = (case.cluster.read(), case.pod.read());
    let cycle = cycle(&inventory, &pod, Semantics::of_minor(37));
    let found = preempt(&cycle, &judge_cycle(&cycle));
    let refused = match found.refusal {
        None => "",
        Some(Refusal::Never) => "not eligible due to preemptionPolicy=Never.",
        Some(Refusal::VictimsEnding(_)) => {
            "not eligible due to a terminating pod on the nominated node."
        }
    };
    let named = |candidate: &placecard_feasibility::preemption::Candidate<'_>| {
        let victims = candidate.victims.iter();
        let name = |pod: &placecard_feasibility::inventory::pod::Pod| {
            format!("{}/{}", pod.namespace, pod.name)
        };
        let victims = victims.map(|victim| name(victim.pod)).collect();
        Candidate { victims, violations: candidate.violations() }
    };
    let candidates = found.candidates.iter().map(|one| (one.node.to_owned(), named(one)));
    // Any of those that are alike may be the one.
    let best = found.candidates.iter().take(found.best).map(|one| one.node);
    let chosen = best.clone().find(|node| *node == expected.nominated).or(best.clone().next());
    let found = Found {
        refused: refused.to_owned(),
        candidates: candidates.collect(),
        nominated: chosen.unwrap_or_default().to_owned(),
    };
    tally.cases += 1;
    tally.refused += usize::from(!expected.refused.is_empty());
    tally.candidates += expected.candidates.len();
    tally.chosen += usize::from(expected.candidates.len() > 1);
    for candidate in expected.candidates.values() {
        tally.victims += candidate.victims.len();
        tally.violating += usize::from(candidate.violations > 0);
    }
    if found != *expected {
        tally.differences.push(format!("{}: the plugin {expected:?}\n   we {found:?}", case.id));
    }
}

#[test]
fn e2e_preemption_finds_the_victims_that_the_scheduler_finds() {
    let Some(oracle) = oracle() else {
        println!("left out: target/oracle is not built; make oracle");
        return;
    };
    let (seed, count) =
        (number("PLACECARD_ORACLE_SEED", 2026), number("PLACECARD_ORACLE_CASES", 1000));
    let mut tally = Tally::default();
    for first in (0..count).step_by(1000) {
        let (seed, first, count) =
            (seed.to_string(), first.to_string(), (count - first).min(1000).to_string());
        let words = ["generate", "--focus", "DefaultPreemption", "--seed", &seed];
        let words = [&words[..], &["--first", &first, "--count", &count]].concat();
        let cases = ask(&oracle, &words, Vec::new());
        let answers = ask(&oracle, &["judge", "--preemption"], cases.clone());
        for (case, answer) in cases.lines().zip(answers.lines()) {
            let (case, answer) = (case.expect("text"), answer.expect("text"));
            let answer: Answer = serde_json::from_str(&answer).expect("an answer");
            assert!(case.contains(&answer.id));
            if let Some(verdict) = answer.verdict {
                compare(&case, &verdict.preemption, &mut tally);
            }
        }
    }
    println!(
        "{} cases, {} may not preempt; {} candidates with {} victims, {} violate a budget; {} choices",
        tally.cases, tally.refused, tally.candidates, tally.victims, tally.violating, tally.chosen
    );
    assert!(tally.cases * 100 >= count * 97, "{} of {count} cases have a verdict", tally.cases);
    assert!(tally.candidates * 20 >= count, "only {} candidates", tally.candidates);
    let differ = tally.differences.len();
    let first: Vec<&String> = tally.differences.iter().take(5).collect();
    assert!(tally.differences.is_empty(), "{differ} differ\n{first:#?}");
}
