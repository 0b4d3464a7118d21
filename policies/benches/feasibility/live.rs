//! The live cluster: memory for one copy and for two, what an event costs, what a review costs.

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use placecard_policies::live::{Live, WATCHED, Watched};
use placecard_policies::placed::Outcome;
use placecard_policies::read;
use placecard_policies::review::review;
use placecard_policies::surroundings::{ServerVersion, Surroundings};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::cluster::{Kind, Size, incoming, namespaces, node};
use crate::machine::{Watch, resident};
use crate::report::{Table, grouped};
use crate::{Failure, dump};

const SIZE: Size = Size { nodes: 5000, pods: 30 };
/// Updates of pods that are timed.
const UPDATES: usize = 20_000;

/// Runs this program again for it, and prints what that one prints.
///
/// # Errors
///
/// If it fails.
pub fn measure() -> Result<(), Failure> {
    println!("\n## live: {} nodes, {} full pods\n", SIZE.nodes, grouped(SIZE.nodes * SIZE.pods));
    let status = Command::new(std::env::current_exe()?).arg("--live-here").status()?;
    if status.success() { Ok(()) } else { Err("the process for it failed".into()) }
}

/// Fills a live cluster with events and measures it, in this process.
///
/// # Errors
///
/// An object that is not read, or a review that is wrong.
pub fn fill_in_this_process() -> Result<(), Failure> {
    let watch = Watch::start();
    let (floor, _) = resident().unwrap_or_default();
    let mut live = Live::new(ServerVersion::default());
    let mut spent = 0.0;
    let mut put = |live: &mut Live, kind, bytes: &[u8]| -> Result<(), Failure> {
        let start = Instant::now();
        live.put(kind, bytes).map_err(|problem| format!("{problem:?}"))?;
        spent += start.elapsed().as_secs_f64();
        Ok(())
    };
    WATCHED.into_iter().for_each(|kind| live.list(kind));
    for object in namespaces() {
        put(&mut live, Watched::Namespace, &serde_json::to_vec(&object)?)?;
    }
    for i in 0..SIZE.nodes {
        put(&mut live, Watched::Node, &serde_json::to_vec(&node(i))?)?;
    }
    let pods = SIZE.nodes * SIZE.pods;
    let mut bytes = 0;
    for g in 0..pods {
        let text = dump::full(g, SIZE)?;
        bytes += text.len();
        put(&mut live, Watched::Pod, &text)?;
    }
    WATCHED.into_iter().for_each(|kind| live.listed(kind));
    let (peak, one) = resident().unwrap_or_default();
    let mut copy = live.clone();
    let (_, two) = resident().unwrap_or_default();
    let mut table = Table::new(["what", "figure"]);
    let mut row = |what: &str, figure: String| table.row([what.to_owned(), figure]);
    row("bytes of a pod", grouped(bytes / pods));
    row("seconds to put all", format!("{spent:.2}"));
    row("MB resident before", format!("{floor:.0}"));
    row("MB resident with one copy (peak)", format!("{one:.0} ({peak:.0})"));
    row("MB resident with two copies", format!("{two:.0}"));

    // Only the state of pods changes.
    let later: Vec<Vec<u8>> = (0..UPDATES).map(|g| later(g, SIZE)).collect::<Result<_, _>>()?;
    let each = |start: Instant| start.elapsed().as_secs_f64() * 1e6 / later.len() as f64;
    let start = Instant::now();
    for text in &later {
        let _: IgnoredAny = serde_json::from_slice(text)?;
    }
    row("µs to scan a pod's text", format!("{:.2}", each(start)));
    for (name, live) in [("one", &mut live), ("the other", &mut copy)] {
        let start = Instant::now();
        for text in &later {
            live.put(Watched::Pod, text).map_err(|problem| format!("{problem:?}"))?;
        }
        row(
            &format!("µs to put a pod of which only the state changed, {name}"),
            format!("{:.2}", each(start)),
        );
    }
    drop(later);
    let live = Arc::new(live);
    let surroundings = Surroundings { live: Some(Arc::clone(&live)), ..Surroundings::default() };
    for kind in Kind::ALL {
        let (first, outcome) = reviewed(&deployment(&incoming(kind), "500m"), &surroundings)?;
        row(
            &format!("ms to review a Deployment, {}: {outcome}", kind.name()),
            format!("{first:.2}"),
        );
    }
    for cpu in ["63", "1000"] {
        let plain = deployment(&incoming(Kind::Plain), cpu);
        let (first, outcome) = reviewed(&plain, &surroundings)?;
        row(
            &format!("ms to review a Deployment that asks for {cpu} CPUs: {outcome}"),
            format!("{first:.2}"),
        );
    }
    let (peak, after) = resident().unwrap_or_default();
    row("MB resident in the end (peak)", format!("{after:.0} ({peak:.0})"));
    table.print();
    println!("one thread; {}", watch.others());
    Ok(())
}

/// The pod a little later.
fn later(g: usize, size: Size) -> Result<Vec<u8>, Failure> {
    let mut pod: Value = serde_json::from_slice(&dump::full(g, size)?)?;
    pod["metadata"]["resourceVersion"] = json!("99000000");
    pod["status"]["conditions"][1]["lastTransitionTime"] = json!("2026-03-03T01:00:00Z");
    pod["status"]["containerStatuses"][0]["restartCount"] = json!(9);
    dump::printed(&pod).map_err(Into::into)
}

/// A Deployment with the pod as its template.
fn deployment(pod: &Value, cpu: &str) -> Value {
    let labels = pod["metadata"]["labels"].clone();
    let mut spec = pod["spec"].clone();
    spec["containers"][0]["resources"]["requests"]["cpu"] = json!(cpu);
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "incoming", "namespace": pod["metadata"]["namespace"]},
        "spec": {"replicas": 3, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec}},
    })
}

/// The milliseconds that a review takes, the least of three, and what it says.
fn reviewed(value: &Value, on: &Surroundings) -> Result<(f64, String), Failure> {
    let mut object = read::object(value, &on.words).map_err(|problem| problem.message)?;
    read::keep_written(&mut object, value);
    let (mut least, mut outcome) = (f64::INFINITY, String::new());
    for _ in 0..3 {
        let start = Instant::now();
        let review = review(&object, on);
        least = least.min(start.elapsed().as_secs_f64() * 1e3);
        outcome = match review.placements.first().map(|placement| &placement.outcome) {
            Some(Outcome::Fits(nodes)) => format!("{nodes} nodes fit"),
            Some(Outcome::Shut) => {
                let code = review.findings.first().map(|finding| finding.code.as_str());
                code.unwrap_or("no finding").to_owned()
            }
            other => return Err(format!("{other:?}").into()),
        };
    }
    Ok((least, outcome))
}
