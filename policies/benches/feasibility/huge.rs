//! A hundred thousand nodes and two million pods, put into the engine one by one.

use std::process::Command;
use std::time::Instant;

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::state::State;
use placecard_policies::snapshot;

use crate::clock::{Times, each};
use crate::cluster::{Kind, Size, namespaces, node, pods};
use crate::engine::Engine;
use crate::machine::{Watch, resident};
use crate::reading::semantics;
use crate::report::{Table, grouped, us};
use crate::{Failure, reading, rotation};

const SIZE: Size = Size { nodes: 100_000, pods: 20 };

/// Runs this program again for it, and prints what that one prints.
///
/// # Errors
///
/// If it fails.
pub fn measure() -> Result<(), Failure> {
    println!("\n## {} nodes, {} pods\n", grouped(SIZE.nodes), grouped(SIZE.nodes * SIZE.pods));
    let (nodes, pods) = (SIZE.nodes.to_string(), SIZE.pods.to_string());
    let status =
        Command::new(std::env::current_exe()?).args(["--generate-here", &nodes, &pods]).status()?;
    if status.success() { Ok(()) } else { Err("the process for it failed".into()) }
}

/// Makes the cluster and measures it, in this process.
///
/// # Errors
///
/// None, unless the rules and the reader have come apart.
pub fn generate_in_this_process(size: Size) -> Result<(), Failure> {
    let watch = Watch::start();
    let mut engine = Engine::new(State::new(semantics()));
    // One object at a time: what an inventory takes does not count.
    for object in namespaces() {
        let read = read(&object)?;
        for (name, labels) in read.namespaces {
            engine.state.set_namespace(&name, labels);
        }
    }
    for i in 0..size.nodes {
        let read = read(&node(i))?;
        read.nodes.into_values().for_each(|node| engine.state.set_node(node));
    }
    let mut applied = 0.0;
    for object in pods(size) {
        let pod = reading::pod(&object)?;
        let start = Instant::now();
        engine.state.set_pod(pod);
        applied += start.elapsed().as_secs_f64();
    }
    let (peak, after) = resident().unwrap_or((f64::NAN, f64::NAN));
    let mut table = Table::new(["kind", "warm µs: median", "best", "99 %", "cold µs", "codes µs"]);
    for kind in Kind::ALL {
        let pods = |round| -> Result<Vec<Pod>, Failure> {
            (0..1000).map(|n| Ok(reading::pod(&rotation::warm(kind, round, n))?)).collect()
        };
        // Makes the terms known.
        pods(0)?.iter().for_each(|pod| {
            engine.decide(pod);
        });
        let (mut warm, mut codes, mut cold) =
            (Times::default(), Times::default(), Times::default());
        for round in 1..4 {
            let pods = pods(round)?;
            warm.add(&each(&pods, |pod| engine.decide(pod)));
            codes.add(&each(&pods, |pod| engine.write_codes(pod)));
        }
        let unseen: Vec<Pod> =
            (0..20).map(|n| reading::pod(&rotation::cold(kind, 0, n))).collect::<Result<_, _>>()?;
        cold.add(&each(&unseen, |pod| engine.decide(pod)));
        table.row([
            kind.name().to_owned(),
            us(warm.median()),
            us(warm.undisturbed()),
            us(warm.quantile(0.99)),
            us(cold.median()),
            us(codes.median()),
        ]);
    }
    table.print();
    println!(
        "{applied:.1} s to apply the pods; peak {peak:.0} MB resident, {after:.0} MB afterwards"
    );
    println!("{}", watch.others());
    Ok(())
}

fn read(object: &serde_json::Value) -> Result<Inventory, Failure> {
    let mut inventory = Inventory::default();
    snapshot::add(&mut inventory, &object.to_string()).map_err(|error| format!("{error:?}"))?;
    Ok(inventory)
}
