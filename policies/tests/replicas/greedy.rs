//! Replicas are placed one after another, on any node that takes them, as long as there is one.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use placecard_feasibility::bounds::{Bound, By, bounds};
use placecard_feasibility::certificate::{Manifest, Refusal, verify};
use placecard_policies::bounds::manifest_of;
use placecard_policies::judge_case::{Options, judge_line};
use placecard_policies::read;
use placecard_policies::surroundings::{ServerVersion, Surroundings};
use serde_json::{Value, json};

use crate::instance::{Dice, Instance, instance};

/// One run of an instance.
struct Run {
    seed: u64,
    dice: Dice,
    deployment: Value,
    cluster: Value,
    mixed: bool,
    bounds: Vec<Bound>,
    placed: u64,
    terminating: u64,
    over: bool,
}

/// What the runs came to.
#[derive(Debug, Default)]
struct Tally {
    runs: usize,
    bounds: usize,
    /// Bounds that were reached.
    reached: usize,
    /// By kind: apart, spread, one replica, claim.
    kinds: [usize; 4],
}

impl Run {
    /// The run of an instance that has a bound; `None` if it has none.
    fn of(seed: u64) -> Option<Self> {
        let Instance { deployment, cluster, mixed } = instance(seed);
        let surroundings = {
            let mut surroundings = Surroundings::default();
            for claim in cluster["pvcs"].as_array().into_iter().flatten() {
                for (reference, answer) in read::answers(claim, "") {
                    surroundings.objects.insert(reference, answer);
                }
            }
            surroundings
        };
        let object = read::object(&deployment, &surroundings.words).expect("a Deployment");
        let (manifest, demands) = manifest_of(&object, &surroundings)?;
        let mut found = bounds(&manifest, &demands);
        found.retain(|bound| bound.all_revisions || !mixed);
        for bound in &found {
            let more = Manifest { replicas: bound.most + 1, ..manifest.clone() };
            let certificate = bound.certificate(&more, Vec::new());
            let verified = verify(&certificate, &more);
            // The checker of companions sees through no namespace selector but the empty one.
            let beyond =
                matches!(bound.by, By::OneReplica { .. }) && verified == Err(Refusal::Beyond);
            assert!(verified.is_ok() || beyond, "{seed}: {bound:?}\n{deployment}");
            let enough = Manifest { replicas: bound.most, ..manifest.clone() };
            let certificate = bound.certificate(&enough, Vec::new());
            assert!(verify(&certificate, &enough).is_err(), "{seed}: {bound:?}");
        }
        let dice = Dice::new(!seed);
        let run = Self {
            seed,
            dice,
            deployment,
            cluster,
            mixed,
            bounds: found,
            placed: 0,
            terminating: 0,
            over: false,
        };
        (!run.bounds.is_empty()).then_some(run)
    }

    /// The most replicas that a bound allows, and one for good measure.
    fn limit(&self) -> u64 {
        self.bounds.iter().map(|bound| bound.most).max().unwrap_or_default() + 2
    }

    /// The next replica, as a line of JSON.
    fn next(&mut self) -> String {
        let template = &self.deployment["spec"]["template"];
        let mut pod = json!({"metadata": template["metadata"], "spec": template["spec"]});
        let revision = if self.mixed { self.dice.below(2) } else { 0 };
        pod["metadata"]["name"] = json!(format!("web-{}", self.placed));
        pod["metadata"]["namespace"] = json!("shop");
        pod["metadata"]["labels"]["pod-template-hash"] = json!(format!("r{revision}"));
        json!({"id": self.seed.to_string(), "cluster": self.cluster, "pod": pod}).to_string()
    }

    /// Places the pod of the line on one of the nodes, or ends the run.
    fn place(&mut self, line: &str, feasible: &[Value]) {
        if feasible.is_empty() || self.placed >= self.limit() {
            self.over = true;
            return;
        }
        let node = feasible.get(self.dice.below(feasible.len())).expect("within");
        let case: Value = serde_json::from_str(line).expect("a case");
        let mut pod = case["pod"].clone();
        pod["spec"]["nodeName"] = node.clone();
        if self.dice.below(8) == 0 {
            pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
            pod["metadata"]["deletionGracePeriodSeconds"] = json!(30);
            self.terminating += 1;
        }
        self.cluster["pods"].as_array_mut().expect("a list").push(pod);
        self.placed += 1;
        for bound in &self.bounds {
            let counted = self.counted(bound);
            assert!(counted <= bound.most, "{}: {counted} placed, {bound:?}\n{line}", self.seed);
        }
    }

    /// The replicas that the bound is about: a spread counts none that is being deleted.
    fn counted(&self, bound: &Bound) -> u64 {
        match bound.by {
            By::Spread { .. } => self.placed - self.terminating,
            By::Apart { .. } | By::OneReplica { .. } | By::SharedClaim { .. } => self.placed,
        }
    }
}

impl Tally {
    fn add(&mut self, run: &Run) {
        self.runs += 1;
        for bound in &run.bounds {
            self.bounds += 1;
            self.reached += usize::from(run.counted(bound) == bound.most);
            let kind = match bound.by {
                By::Apart { .. } => 0,
                By::Spread { .. } => 1,
                By::OneReplica { .. } => 2,
                By::SharedClaim { .. } => 3,
            };
            self.kinds[kind] += 1;
        }
    }

    /// Bounds of each kind, and many that are reached.
    fn assert_telling(&self) {
        assert!(self.reached * 4 > self.bounds, "{self:?}");
        assert!(self.kinds.iter().all(|count| count * 100 > self.runs), "{self:?}");
    }
}

/// How many instances are looked at; `PLACECARD_TEST_FACTOR` multiplies them.
fn seeds(count: u64) -> std::ops::Range<u64> {
    let factor = std::env::var("PLACECARD_TEST_FACTOR").ok();
    let factor: u64 = factor.and_then(|text| text.parse().ok()).unwrap_or(1);
    0..count * factor
}

#[test]
fn our_reading_of_the_scheduler_never_exceeds_a_bound() {
    let mut tally = Tally::default();
    for seed in seeds(2000) {
        let Some(mut run) = Run::of(seed) else { continue };
        // Both readings of negative namespace selectors, in turn.
        let minor = if seed % 2 == 0 { 34 } else { 37 };
        let options = Options::of(ServerVersion(minor));
        while !run.over {
            let line = run.next();
            let answer = judge_line(&line, &options).expect("a verdict");
            let answer: Value = serde_json::from_str(&answer).expect("JSON");
            run.place(&line, answer["feasible"].as_array().expect("a list"));
        }
        tally.add(&run);
    }
    println!("{tally:?}");
    tally.assert_telling();
}

/// The real scheduler's plugins in process, built from `tests/oracle`; `None` where they were not.
fn oracle() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("PLACECARD_ORACLE") {
        return Some(named.into());
    }
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/oracle");
    built.exists().then_some(built)
}

/// The oracle's verdicts on these cases, in order.
fn judge(oracle: &Path, lines: &[String]) -> Vec<Value> {
    let mut asked = Command::new(oracle)
        .arg("judge")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the oracle starts");
    let mut stdin = asked.stdin.take().expect("a pipe");
    let input = lines.join("\n") + "\n";
    let writer = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = asked.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", output.status);
    writer.join().expect("no panic").expect("it reads all cases");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("a verdict")).collect()
}

#[test]
fn e2e_the_scheduler_never_exceeds_a_bound() {
    let Some(oracle) = oracle() else {
        println!("left out: target/oracle is not built; make oracle");
        return;
    };
    let mut tally = Tally::default();
    let (mut all, mut refused) = (0, 0);
    // In pieces, each a step of many runs.
    let seeds: Vec<u64> = seeds(600).map(|seed| seed + 1_000_000).collect();
    for seeds in seeds.chunks(1000) {
        let mut runs: Vec<Run> = seeds.iter().filter_map(|seed| Run::of(*seed)).collect();
        loop {
            let mut open: Vec<&mut Run> = runs.iter_mut().filter(|run| !run.over).collect();
            if open.is_empty() {
                break;
            }
            let lines: Vec<String> = open.iter_mut().map(|run| run.next()).collect();
            let verdicts = judge(&oracle, &lines);
            assert_eq!(verdicts.len(), lines.len());
            for ((run, line), verdict) in open.iter_mut().zip(&lines).zip(&verdicts) {
                assert_eq!(verdict["id"], run.seed.to_string());
                all += 1;
                match verdict["verdict"]["feasible"].as_array() {
                    Some(feasible) => run.place(line, feasible),
                    None => {
                        refused += 1;
                        run.over = true;
                    }
                }
            }
        }
        runs.iter().for_each(|run| tally.add(run));
    }
    println!("{all} placements judged, {refused} refused by the API server; {tally:?}");
    assert!(refused * 50 < all, "{refused} of {all} cases are refused");
    tally.assert_telling();
}
