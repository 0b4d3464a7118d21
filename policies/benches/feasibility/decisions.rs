//! One pod against all nodes, on exactly the clusters of the anchor workload.
//!
//! *Warm*: terms that are known, a pod that is not; a thousand pods in rotation, made anew for each
//! round, so that nothing found for one pod can serve another. *Cold*: terms that nobody had.
//! *Repeat*: the same pod again. The clock starts at the decoded pod. *Codes*: plugin and code
//! written out for every node.

use std::collections::BTreeMap;

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;

use crate::clock::{Times, each};
use crate::cluster::{Kind, Size, incoming};
use crate::engine::Engine;
use crate::machine::Watch;
use crate::options::Options;
use crate::oracle::{self, Timed};
use crate::report::{Table, grouped, us};
use crate::verdicts::{self, Counts};
use crate::{Failure, events, reading, rotation};

/// Pods in a round.
const ROUND: usize = 1000;
/// Pods whose terms are new; fewer, because each leaves terms behind.
const COLD: usize = 200;
/// Pods of each kind whose verdict is also asked of the plain judge, node by node.
const SAMPLE: usize = 3;

/// What was measured of a kind.
#[derive(Default)]
struct Figures {
    warm: Times,
    codes: Times,
    repeat: Times,
    cold: Times,
}

/// Measures every size.
///
/// # Errors
///
/// The first answer that is wrong, or that could not be had. Nothing is timed before its answers
/// have been checked.
pub fn measure(options: &Options) -> Result<(), Failure> {
    for size in &options.sizes {
        measure_size(*size, options)?;
    }
    Ok(())
}

fn measure_size(size: Size, options: &Options) -> Result<(), Failure> {
    let pods = size.nodes * size.pods;
    println!("\n## {} nodes, {} pods\n", grouped(size.nodes), grouped(pods));
    let real = real_scheduler(size, options)?;
    let inventory = reading::cluster(size)?;
    let mut engine = Engine::of(&inventory);
    check(&mut engine, &inventory, size)?;
    let watch = Watch::start();
    let mut figures: BTreeMap<Kind, Figures> = BTreeMap::new();
    for kind in Kind::ALL {
        time_known(&mut engine, kind, options.rounds, figures.entry(kind).or_default())?;
    }
    // What was new once is known afterwards, so this comes last.
    for kind in Kind::ALL {
        let pods = pods_of(|n| rotation::cold(kind, 0, n), COLD)?;
        let times = each(&pods, |pod| engine.decide(pod));
        figures.entry(kind).or_default().cold.add(&times);
    }
    print(size, &figures, &real);
    println!(
        "warm, codes, repeat: {} rounds of {ROUND} pods; cold: {COLD} pods; {}",
        options.rounds,
        watch.others()
    );
    println!("best: the mean over the {ROUND} pods of the lowest time in any round\n");
    events::measure(&mut engine, &inventory, size)?;
    check_recorded(&mut engine, size, "after the events")
}

/// The real scheduler's times, its verdicts checked; empty without the oracle.
fn real_scheduler(size: Size, options: &Options) -> Result<BTreeMap<Kind, Timed>, Failure> {
    let Some(path) = &options.oracle else {
        println!("the real scheduler is left out: there is no oracle; `make oracle` builds it\n");
        return Ok(BTreeMap::new());
    };
    let watch = Watch::start();
    let timed = oracle::time(path, size, options.repetitions)?;
    for (kind, timed) in &timed {
        let found = timed.found();
        if let Some(known) = verdicts::of(size, *kind).filter(|known| *known != found) {
            return Err(format!("the real scheduler on {kind:?}: {found:?}, not {known:?}").into());
        }
    }
    if let Some((_, first)) = timed.first() {
        println!(
            "the real scheduler, {}: {} repetitions of each kind; {}\n",
            first.kubernetes,
            first.repetitions,
            watch.others()
        );
    }
    Ok(timed.into_iter().collect())
}

/// Checks the recorded pod of each kind by its counts, and a sample of pods with known and with new
/// terms node by node against the plain judge.
fn check(engine: &mut Engine, inventory: &Inventory, size: Size) -> Result<(), Failure> {
    check_recorded(engine, size, "at first")?;
    for kind in Kind::ALL {
        for n in 0..SAMPLE {
            for object in [rotation::warm(kind, 1000, n), rotation::cold(kind, 1000, n)] {
                let pod = reading::pod(&object)?;
                let judged = reading::judged(inventory, &pod);
                let found = engine.words(&pod);
                if judged != found {
                    let (judged, found) = (reading::counted(&judged), reading::counted(&found));
                    return Err(format!("{}: {found:?}; judged: {judged:?}", pod.name).into());
                }
            }
        }
    }
    Ok(())
}

fn check_recorded(engine: &mut Engine, size: Size, when: &str) -> Result<(), Failure> {
    for kind in Kind::ALL {
        let known = verdicts::of(size, kind);
        let found: Counts = reading::counted(&engine.words(&reading::pod(&incoming(kind))?));
        if let Some(known) = known.filter(|known| *known != found) {
            return Err(format!("{kind:?} {when}: {found:?}; recorded: {known:?}").into());
        }
    }
    Ok(())
}

fn pods_of(
    make: impl Fn(usize) -> serde_json::Value,
    count: usize,
) -> serde_json::Result<Vec<Pod>> {
    (0..count).map(|n| reading::pod(&make(n))).collect()
}

fn time_known(
    engine: &mut Engine,
    kind: Kind,
    rounds: usize,
    figures: &mut Figures,
) -> Result<(), Failure> {
    // The first round makes the terms known and is not counted.
    for round in 0..=rounds {
        let pods = pods_of(|n| rotation::warm(kind, round, n), ROUND)?;
        let times = each(&pods, |pod| engine.decide(pod));
        let codes = each(&pods, |pod| engine.write_codes(pod));
        let first = pods.first().into_iter().cycle().take(ROUND);
        let repeat = each(first, |pod| engine.decide(pod));
        if round > 0 {
            figures.warm.add(&times);
            figures.codes.add(&codes);
            figures.repeat.add(&repeat);
        }
    }
    Ok(())
}

fn print(size: Size, figures: &BTreeMap<Kind, Figures>, real: &BTreeMap<Kind, Timed>) {
    let mut table = Table::new([
        "kind",
        "feasible",
        "warm µs: median",
        "best",
        "99 %",
        "codes µs",
        "cold µs",
        "99 %",
        "repeat µs",
        "real µs: best",
        "median",
        "CPU",
        "best ÷ warm",
    ]);
    for (kind, figures) in figures {
        let known =
            verdicts::of(size, *kind).map_or(String::new(), |known| grouped(known.feasible));
        let real = real.get(kind);
        let of_real = |pick: fn(&Timed) -> f64| real.map_or("-".to_owned(), |real| us(pick(real)));
        let ratio = real
            .map_or("-".to_owned(), |real| format!("{:.0}", real.best_us / figures.warm.median()));
        table.row([
            kind.name().to_owned(),
            known,
            us(figures.warm.median()),
            us(figures.warm.undisturbed()),
            us(figures.warm.quantile(0.99)),
            us(figures.codes.median()),
            us(figures.cold.median()),
            us(figures.cold.quantile(0.99)),
            us(figures.repeat.median()),
            of_real(|real| real.best_us),
            of_real(|real| real.median_us),
            of_real(|real| real.cpu_us),
            ratio,
        ]);
    }
    table.print();
}
