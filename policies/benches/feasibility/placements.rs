//! Pods that are placed one after another: filters, scores of every node that passes, the best node
//! taken, and the pod counted there. The real scheduler does the same with `SchedulePod` at
//! `percentageOfNodesToScore: 100`, which is how a node is chosen among all.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::{judge_cycle, score_cycle};
use placecard_feasibility::state::{Board, State};
use serde::Deserialize;
use serde_json::Value;

use crate::cluster::{Kind, Size, arrival};
use crate::machine::Watch;
use crate::options::Options;
use crate::report::{Table, grouped};
use crate::{Failure, greedy, reading};

/// Pods that arrive.
const ARRIVALS: usize = 10_000;
/// So many of them are held against the plain scores.
const SAMPLES: usize = 20;
/// Arrivals of the real scheduler, which takes its time.
const REAL: usize = 500;

/// The line of `oracle bench --greedy`.
#[derive(Debug, Deserialize)]
struct Real {
    arrived: usize,
    placed: usize,
    pods_per_second: f64,
}

fn plain(j: usize) -> Value {
    let g = j / 50;
    let app = format!("g-plain-{g}");
    arrival(Kind::Plain, &format!("new-{j:05}"), &app, &format!("ns-{}", g % 20))
}

/// Measures every size with few pods.
///
/// # Errors
///
/// The first node that is not one of the best, or what could not be had.
pub fn measure(options: &Options) -> Result<(), Failure> {
    for size in options.sizes.iter().filter(|size| size.pods == 10) {
        println!("\n## Placements: {} nodes, 10 pods each at first\n", grouped(size.nodes));
        let inventory = reading::cluster(*size)?;
        let watch = Watch::start();
        let mut table = Table::new([
            "mix",
            "placed",
            "pods/s",
            "µs a pod",
            "real placed",
            "real pods/s",
            "ratio",
        ]);
        for (mix, make) in [("plain", plain as fn(usize) -> Value), ("mixed", greedy::mixed)] {
            let pods: Vec<Pod> =
                (0..ARRIVALS).map(|j| reading::pod(&make(j))).collect::<Result<_, _>>()?;
            check(&inventory, &pods)?;
            let (placed, seconds) = fastest(&inventory, &pods);
            #[expect(clippy::cast_precision_loss, reason = "some thousands")]
            let rate = pods.len() as f64 / seconds;
            let real = match &options.oracle {
                Some(path) => Some(real_scheduler(path, *size, mix)?),
                None => None,
            };
            let of_real = |pick: fn(&Real) -> String| real.as_ref().map_or("-".to_owned(), pick);
            table.row([
                mix.to_owned(),
                format!("{} of {}", grouped(placed), grouped(pods.len())),
                format!("{rate:.0}"),
                format!("{:.2}", 1e6 / rate),
                of_real(|real| format!("{} of {}", real.placed, real.arrived)),
                of_real(|real| format!("{:.1}", real.pods_per_second)),
                real.as_ref()
                    .map_or("-".to_owned(), |real| format!("{:.0}", rate / real.pods_per_second)),
            ]);
        }
        table.print();
        println!("best of three runs; {}", watch.others());
    }
    Ok(())
}

/// The best of three runs: pods placed, and seconds.
fn fastest(inventory: &Inventory, pods: &[Pod]) -> (usize, f64) {
    let mut best = (0, f64::INFINITY);
    for _ in 0..3 {
        let mut state = State::of(inventory, reading::semantics());
        let mut board = Board::default();
        let start = Instant::now();
        let placed = pods.iter().filter(|pod| state.place(pod, &mut board).is_some()).count();
        let seconds = start.elapsed().as_secs_f64();
        if seconds < best.1 {
            best = (placed, seconds);
        }
    }
    best
}

/// Holds some placements against the plain judge and the plain scores.
fn check(inventory: &Inventory, pods: &[Pod]) -> Result<(), Failure> {
    let mut state = State::of(inventory, reading::semantics());
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
            let expected = best.and_then(|(name, _)| Some((state.node_number(name)?, most)));
            let found = state.choose(pod, &mut board).map(|placed| (placed.node, placed.points));
            if found != expected {
                return Err(format!("{}: {found:?}; scored: {expected:?}", pod.name).into());
            }
        }
        state.place(pod, &mut board);
    }
    Ok(())
}

fn real_scheduler(oracle: &Path, size: Size, mix: &str) -> Result<Real, Failure> {
    let nodes = size.nodes.to_string();
    let output = Command::new(oracle)
        .args(["bench", "--nodes", &nodes, "--pods", "10", "--mix", mix, "--percent", "100"])
        .args(["--greedy", &REAL.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{}: {}", oracle.display(), output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
