//! Pods that are placed one after another: filters, scores of every node that passes, the best node
//! taken, and the pod counted there. The real scheduler does the same with `SchedulePod` at
//! `percentageOfNodesToScore: 100`, which is how a node is chosen among all. Both place the same
//! pods on the same cluster.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::{judge_cycle, score_cycle};
use placecard_feasibility::state::{Board, State};
use serde::Deserialize;

use crate::cluster::{Kind, Size};
use crate::greedy::Mix;
use crate::machine::{Watch, thread_seconds};
use crate::options::Options;
use crate::report::{Table, grouped, us};
use crate::{Failure, reading};

/// Pods that arrive in the long run.
const ARRIVALS: usize = 10_000;
/// So many of them are held against the plain scores.
const SAMPLES: usize = 20;
/// Times that these are placed.
const ROUNDS: usize = 5;
/// Runs of the real scheduler, which takes its time.
const REAL_ROUNDS: usize = 2;

/// The line of `oracle bench --greedy`.
#[derive(Debug, Deserialize)]
struct Real {
    placed: usize,
    pods_per_second: f64,
    cpu_us: f64,
}

impl Real {
    /// Microseconds for each pod.
    fn each(&self) -> f64 {
        1e6 / self.pods_per_second
    }

    /// The same, had nobody else wanted the processors and no thread ever waited for another.
    fn undisturbed(&self) -> f64 {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        #[expect(clippy::cast_precision_loss, reason = "some processors")]
        let shared = self.cpu_us / cores as f64;
        self.each().min(shared)
    }
}

/// How many of the arrivals the real scheduler places: all ten Deployments of the mix once, or four
/// of one kind.
fn first_arrivals(mix: Mix) -> usize {
    if mix == Mix::Mixed { 500 } else { 200 }
}

/// Measures every size with few pods.
///
/// # Errors
///
/// The first node that is not one of the best, a number of placed pods that is not the real one, or
/// what could not be had.
pub fn measure(options: &Options) -> Result<(), Failure> {
    for size in options.sizes.iter().filter(|size| size.pods == 10) {
        println!("\n## Placements: {} nodes, 10 pods each at first\n", grouped(size.nodes));
        let state = State::of(&reading::cluster(*size)?, reading::semantics());
        let watch = Watch::start();
        let mut table = Table::new([
            "mix",
            "of 10,000 placed",
            "µs a pod: median",
            "CPU",
            "of the first",
            "placed",
            "real placed",
            "real µs a pod: best",
            "CPU",
            "ratio",
        ]);
        let alone = Kind::ALL.map(Mix::Only);
        for mix in alone.into_iter().chain([Mix::Mixed]) {
            table.row(row(options, *size, &state, mix)?);
        }
        table.print();
        println!("{}", watch.others());
    }
    Ok(())
}

fn row(options: &Options, size: Size, state: &State, mix: Mix) -> Result<[String; 10], Failure> {
    let pods = (0..ARRIVALS).map(|j| reading::pod(&mix.arrival(j)));
    let pods: Vec<Pod> = pods.collect::<Result<_, _>>()?;
    check(state.clone(), &pods)?;
    let rounds: Vec<Round> = (0..ROUNDS).map(|_| timed(state, &pods)).collect();
    let wall = median(rounds.iter().map(|round| round.wall));
    let cpu = median(rounds.iter().map(|round| round.cpu.unwrap_or(round.wall)));
    let all = rounds[0].placed;
    let first = &pods[..first_arrivals(mix)];
    let placed = timed(state, first).placed;
    let real = match &options.oracle {
        Some(path) => Some(real_scheduler(path, size, mix, first.len())?),
        None => None,
    };
    if let Some(real) = real.as_ref().filter(|real| real.placed != placed) {
        return Err(format!("{}: {placed} placed; really: {}", mix.name(), real.placed).into());
    }
    let of_real = |text: &dyn Fn(&Real) -> String| real.as_ref().map_or("-".to_owned(), text);
    Ok([
        mix.name().to_owned(),
        grouped(all),
        us(wall),
        us(cpu),
        first.len().to_string(),
        placed.to_string(),
        of_real(&|real| real.placed.to_string()),
        of_real(&|real| us(real.each())),
        of_real(&|real| us(real.cpu_us)),
        of_real(&|real| format!("{:.0}", real.undisturbed() / wall.min(cpu))),
    ])
}

/// Pods that were placed, and microseconds for each that arrived.
struct Round {
    placed: usize,
    wall: f64,
    /// Of the processor.
    cpu: Option<f64>,
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn timed(state: &State, pods: &[Pod]) -> Round {
    let (mut state, mut board) = (state.clone(), Board::default());
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let each = |seconds: f64| seconds * 1e6 / pods.len() as f64;
    let (before, start) = (thread_seconds(), Instant::now());
    let placed = pods.iter().filter(|pod| state.place(pod, &mut board).is_some()).count();
    let (after, wall) = (thread_seconds(), start.elapsed().as_secs_f64());
    let cpu = before.zip(after).map(|(before, after)| each(after - before));
    Round { placed, wall: each(wall), cpu }
}

/// Holds some placements against the plain judge and the plain scores.
fn check(mut state: State, pods: &[Pod]) -> Result<(), Failure> {
    let mut board = Board::default();
    let step = (pods.len() / SAMPLES).max(1);
    for (j, pod) in pods.iter().enumerate() {
        if j % step == step / 2 {
            let view = state.view();
            let cycle = view.cycle(pod);
            let judgement = judge_cycle(&cycle);
            let scores = score_cycle(&cycle, &judgement);
            let most = scores.values().map(|score| score.total).max();
            let best = scores.iter().find(|(_, score)| Some(score.total) == most);
            // The only node that passes is not scored.
            let best = best.map(|(name, _)| *name).or_else(|| judgement.feasible().next());
            let expected = best.and_then(|name| Some((state.node_number(name)?, most)));
            let found = state.choose(pod, &mut board).map(|placed| (placed.node, placed.points));
            if found != expected {
                return Err(format!("{}: {found:?}; scored: {expected:?}", pod.name).into());
            }
        }
        state.place(pod, &mut board);
    }
    Ok(())
}

/// The fastest of some runs.
fn real_scheduler(oracle: &Path, size: Size, mix: Mix, count: usize) -> Result<Real, Failure> {
    let (nodes, count) = (size.nodes.to_string(), count.to_string());
    let mut best: Option<Real> = None;
    for _ in 0..REAL_ROUNDS {
        let output = Command::new(oracle)
            .args(["bench", "--nodes", &nodes, "--pods", "10", "--percent", "100"])
            .args(["--mix", mix.name(), "--greedy", &count])
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(format!("{}: {}", oracle.display(), output.status).into());
        }
        let run: Real = serde_json::from_slice(&output.stdout)?;
        if best.as_ref().is_none_or(|best| run.pods_per_second > best.pods_per_second) {
            best = Some(run);
        }
    }
    best.ok_or_else(|| "no run".into())
}
