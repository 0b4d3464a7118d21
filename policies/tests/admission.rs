//! Limit ranges, quotas and quality of service against the functions of the real admission
//! plugins, 1.37.1.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::{Container, Pod};
use placecard_feasibility::inventory::requests::Amounts;
use placecard_feasibility::limit_range::{self, Bound, OutOfRange, Subject};
use placecard_feasibility::quality_of_service::quality_of_service;
use placecard_feasibility::quantity::Quantity;
use placecard_feasibility::quota::{OverQuota, refuse, usage};
use placecard_policies::snapshot::{WrittenPod, add};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Case {
    id: String,
    pod: WrittenPod,
    limitranges: Vec<Value>,
    resourcequotas: Vec<Value>,
}

/// What the plugins make of it.
#[derive(Deserialize)]
struct Answer {
    id: String,
    #[serde(default)]
    error: String,
    stored: WrittenPod,
    refused: Vec<String>,
    qos: String,
    usage: BTreeMap<String, String>,
    #[serde(default)]
    quotas: BTreeMap<String, QuotaAnswer>,
}

#[derive(Deserialize)]
struct QuotaAnswer {
    #[serde(default)]
    unspecified: String,
    exceeded: Vec<String>,
}

/// The plugins' functions in process, built from `tests/oracle`; `None` where they were not.
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

/// In the words of the oracle.
fn told(refused: &OutOfRange) -> String {
    let bound = match refused.bound {
        Bound::RequestBelow(..) | Bound::LimitBelow(..) => "minimum",
        Bound::LimitAbove(..) | Bound::RequestAbove(..) => "maximum",
        Bound::Ratio { .. } => "ratio",
    };
    let subject = match refused.subject {
        Subject::Container { .. } => "Container",
        Subject::Pod => "Pod",
        Subject::PersistentVolumeClaim => "PersistentVolumeClaim",
    };
    format!("{bound} {} {subject}", refused.resource)
}

fn same_amounts(ours: &Amounts, theirs: &Amounts) -> bool {
    ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|((name, amount), (other, theirs))| {
            name == other && amount.compare(*theirs).is_eq()
        })
}

fn same_resources(ours: &Pod, theirs: &Pod) -> bool {
    let containers =
        |pod: &Pod| -> Vec<Container> { [&pod.containers[..], &pod.init_containers].concat() };
    containers(ours).iter().zip(&containers(theirs)).all(|(ours, theirs)| {
        same_amounts(&ours.requests, &theirs.requests) && same_amounts(&ours.limits, &theirs.limits)
    })
}

/// What differs in a case.
fn differences(case: &Case, answer: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    let mut inventory = Inventory::default();
    for (kind, objects) in
        [("LimitRange", &case.limitranges), ("ResourceQuota", &case.resourcequotas)]
    {
        for object in objects {
            let mut object = object.clone();
            object["kind"] = kind.into();
            add(&mut inventory, &object.to_string()).expect("an object that can be read");
        }
    }
    let mut pod = case.pod.read();
    if pod.namespace.is_empty() {
        "default".clone_into(&mut pod.namespace);
    }
    let (stored, refused) = limit_range::admit(&pod, &inventory);
    if !same_resources(&stored, &answer.stored.read()) {
        found.push(format!("stored: {:?}", stored.containers));
    }
    let mut refused: Vec<String> = refused.iter().map(told).collect();
    refused.sort();
    if refused != answer.refused {
        found.push(format!("limit ranges: {:?}, we {refused:?}", answer.refused));
    }
    if quality_of_service(&stored).name() != answer.qos {
        found.push(format!("quality of service: {}", answer.qos));
    }
    let parsed = answer
        .usage
        .iter()
        .map(|(name, text)| (name.clone(), Quantity::parse(text).expect("a quantity")));
    if !same_amounts(&usage(&stored), &parsed.collect()) {
        found.push(format!("usage: {:?}, we {:?}", answer.usage, usage(&stored)));
    }
    let refused = refuse(&stored, 1, &inventory);
    for name in inventory.quotas.keys() {
        let (mut exceeded, mut unspecified) = (BTreeSet::new(), false);
        for refusal in &refused {
            match refusal {
                OverQuota::Exceeded(it) if it.quota == *name => {
                    exceeded.insert(it.resource.clone());
                }
                OverQuota::Unspecified { quota, .. } if quota == name => unspecified = true,
                _ => {}
            }
        }
        let theirs = answer.quotas.get(&name.1);
        let expected: BTreeSet<String> =
            theirs.iter().flat_map(|quota| quota.exceeded.clone()).collect();
        let silent = theirs.is_some_and(|quota| !quota.unspecified.is_empty());
        if (&exceeded, unspecified) != (&expected, silent) {
            found.push(format!(
                "quota {name:?}: {expected:?} {silent}, we {exceeded:?} {unspecified}"
            ));
        }
    }
    found
}

#[test]
fn e2e_new_pods_are_admitted_as_by_the_plugins() {
    let Some(oracle) = oracle() else {
        println!("left out: target/oracle is not built; make oracle");
        return;
    };
    let (seed, count) =
        (number("PLACECARD_ORACLE_SEED", 2026), number("PLACECARD_ORACLE_CASES", 2000));
    let words = ["generate", "--focus", "admission", "--seed", &seed.to_string()];
    let cases = ask(&oracle, &[&words[..], &["--count", &count.to_string()]].concat(), Vec::new());
    let answers = ask(&oracle, &["admit"], cases.clone());
    let (mut compared, mut refused, mut exceeded) = (0, 0, 0);
    let mut differ = Vec::new();
    for (case, answer) in cases.lines().zip(answers.lines()) {
        let case: Case = serde_json::from_str(&case.expect("text")).expect("a case");
        let answer: Answer = serde_json::from_str(&answer.expect("text")).expect("an answer");
        assert_eq!((&case.id, answer.error.as_str()), (&answer.id, ""));
        compared += 1;
        refused += usize::from(!answer.refused.is_empty());
        exceeded += answer.quotas.values().filter(|quota| !quota.exceeded.is_empty()).count();
        let found = differences(&case, &answer);
        if !found.is_empty() {
            differ.push(format!("{}: {found:#?}", case.id));
        }
    }
    println!("{compared} pods, {refused} out of range, {exceeded} quotas exceeded");
    assert!(refused * 20 > count && exceeded * 20 > count);
    let first: Vec<&String> = differ.iter().take(4).collect();
    assert!(differ.is_empty(), "{} differ\n{first:#?}", differ.len());
}
