//! `make soak`: the webhook as it is shipped and installed, while pods come and go and it is asked at a
//! fixed rate, for SECONDS. No pod, rule or name is like one before, so that what is kept for any of
//! them for ever is seen as memory that grows.
//!
//! The pods are those of a real API server, as many events as it takes (RATE=0), or of a stand-in
//! before it that has RATE of them happen in a second and passes everything else on. NODES and PODS
//! say how large the cluster is, ADMISSIONS how many decisions are asked for in a second, and FIRST how
//! many before the first second, as fast as they are answered: what has a bound is full then. It fails
//! if an admission was lost, if the index is not what it should be in the end, or if memory grew.
#![expect(clippy::print_stdout, reason = "this is for people who read a terminal")]

mod admissions;
mod life;
mod stand_in;
mod trend;
mod writers;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use admissions::Times;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use placecard_tests::asking::{Client, Latencies};
use placecard_tests::controlplane::{ControlPlane, wait_for};
use placecard_tests::process::{Memory, Process, Result, sum};
use placecard_tests::variable::number;
use placecard_tests::{crowd, installation, webhook};
use serde_json::{Value, json};
use stand_in::StandIn;
use tokio::runtime::{Builder, Runtime};
use trend::{Sample, slope};

/// Between two samples.
const SAMPLE: Duration = Duration::from_secs(10);

/// Memory may be so much larger in the end than at half time, by the line through the second half.
const GROWTH: f64 = 0.03;

/// When no event came for so long, in seconds, all have come.
const QUIET: f64 = 3.0;

/// How large the cluster is.
#[derive(Clone, Copy)]
struct Cluster {
    nodes: u64,
    pods: u64,
}

/// What was done.
#[derive(Default)]
struct Counts {
    /// Events of pods that were made.
    events: AtomicU64,
    /// Steps of pods that are not there.
    missed: AtomicU64,
    /// Pods that the API server had the webhook mutate.
    called: AtomicU64,
    /// Decisions that were asked for by this program.
    admissions: AtomicU64,
    /// Admissions without the decision that there should have been.
    lost: AtomicU64,
    /// What went wrong first.
    first: Mutex<Option<String>>,
}

impl Counts {
    fn refused(&self, what: &str) {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| what.to_owned());
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool> {
    let cluster = Cluster { nodes: number("NODES", 500)?, pods: number("PODS", 10_000)? };
    let (rate, asked): (f64, f64) = (number("RATE", 3_000.0)?, number("ADMISSIONS", 50.0)?);
    // The stand-in has threads of its own, so that who asks does not wait for it.
    let (runtime, beside) = (runtime()?, runtime()?);
    let plane = ControlPlane::start()?;
    // Nobody schedules these pods, and nobody looks for their owners.
    plane.order("stop scheduler")?;
    plane.order("stop controller-manager")?;
    let there = if rate > 0.0 { 0 } else { cluster.pods };
    crowd::fill(plane.api(), cluster.nodes, there, |number| life::pod(number, cluster.nodes))?;
    plane.api().create(&service())?;
    installation::apply(plane.api(), &json!({"log": {"level": "error"}}), &[]);
    let stand_in = if rate > 0.0 {
        Some(StandIn::new(beside.block_on(webhook::client(&plane, None)), cluster))
    } else {
        None
    };

    let folder = tempfile::tempdir()?;
    let kubeconfig = folder.path().join("kubeconfig");
    let text = kubeconfig_of(&beside, &plane, stand_in.as_ref())?;
    std::fs::write(&kubeconfig, text.to_string())?;
    let process = start(&plane, &kubeconfig)?;
    let seconds = process.begin.elapsed().as_secs_f64();
    println!("{} nodes, {} pods; ready after {seconds:.1} s", cluster.nodes, cluster.pods);
    let authority =
        wait_for(Duration::from_secs(60), "an authority", || installation::authority(plane.api()));
    let authority = STANDARD.decode(authority)?;
    let client = runtime.block_on(Client::connect(process.address, &authority))?;
    installation::lead_to(plane.api(), process.address);
    webhook::wait_until_called(plane.api(), "default");

    let first = number("FIRST", 20_000)?;
    let begin = Instant::now();
    runtime.block_on(admissions::ask_first(&client, cluster, first))?;
    println!("{first} admissions before all others in {:.1} s", begin.elapsed().as_secs_f64());
    let (counts, times) = (Arc::new(Counts::default()), Arc::new(Times::default()));
    let (stop, seen) = (Arc::new(AtomicBool::new(false)), seen(&process.metrics()?)?);
    let asking = admissions::ask(
        client,
        cluster,
        asked,
        Arc::clone(&counts),
        Arc::clone(&times),
        Arc::clone(&stop),
    );
    runtime.spawn(asking);
    if let Some(stand_in) = stand_in {
        let (counts, stop) = (Arc::clone(&counts), Arc::clone(&stop));
        beside.spawn(async move { stand_in.churn(rate, counts, stop).await });
    }
    let samples = std::thread::scope(|scope| {
        if rate <= 0.0 {
            scope.spawn(|| writers::write(plane.api(), cluster, &counts, &stop));
        }
        let samples = observe(&process, &counts, &times, seen);
        stop.store(true, Ordering::Relaxed);
        samples
    })?;
    verdict(&process, &counts, cluster, &samples)
}

fn runtime() -> Result<Runtime> {
    Ok(Builder::new_multi_thread().worker_threads(1).enable_all().build()?)
}

/// Whom rules name.
fn service() -> Value {
    let selector = json!({life::PART: "part-3"});
    json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": admissions::SERVICE, "namespace": crowd::namespace(0)},
        "spec": {"selector": selector, "ports": [{"port": 80}]}})
}

/// How the webhook reaches the API server.
fn kubeconfig_of(
    runtime: &Runtime,
    plane: &ControlPlane,
    stand_in: Option<&StandIn>,
) -> Result<Value> {
    let mut text = runtime.block_on(webhook::kubeconfig(plane));
    if let Some(stand_in) = stand_in {
        let address = runtime.block_on(stand_in.serve())?;
        text["clusters"][0]["cluster"] = json!({"server": format!("http://{address}")});
    }
    Ok(text)
}

/// The program with the flags and the environment of the Deployment.
fn start(plane: &ControlPlane, kubeconfig: &Path) -> Result<Process> {
    let deployment = installation::deployment(plane.api());
    let flags = installation::flags(&deployment, "127.0.0.1:0", kubeconfig);
    let program = std::env::var_os("WEBHOOK")
        .map_or_else(Process::shipped, |path| Ok(PathBuf::from(path)))?;
    let process = Process::start(&program, &flags, &installation::environment(&deployment))?;
    process.wait("ready", Process::is_ready)?;
    Ok(process)
}

/// Events of pods that the webhook has seen.
fn seen(metrics: &str) -> Result<f64> {
    Ok(sum(metrics, "placecard_watch_events_total", "resource=\"pods\"")?.unwrap_or_default())
}

/// Samples until the time is over, each printed as a line.
fn observe(process: &Process, counts: &Counts, times: &Times, first: f64) -> Result<Vec<Sample>> {
    let length = Duration::from_secs(number("SECONDS", 600)?);
    println!(
        "\n| s | MB of its own | resident (most) | cores | pods | events/s | made, not seen | lists | made | admissions | lost | late, shed, broken | \
         ms of a pod: 50 % | 99 % | 99.9 % | of a Deployment: 50 % | 99 % | audits |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    let (begin, mut samples) = (Instant::now(), Vec::<Sample>::new());
    let mut worked = process.processor_time()?;
    while begin.elapsed() < length {
        std::thread::sleep(SAMPLE.min(length.saturating_sub(begin.elapsed())));
        let made = counts.events.load(Ordering::Relaxed);
        let text = process.metrics()?;
        let of = |name: &str, labels: &str| {
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(
                sum(&text, name, labels)?.unwrap_or_default(),
            )
        };
        let Memory { resident, anonymous, most } = process.memory()?;
        let (seconds, events) = (begin.elapsed().as_secs_f64(), seen(&text)? - first);
        let now = process.processor_time()?;
        let before = samples.last().map_or((0.0, 0.0), |one| (one.seconds, one.events));
        let (pods, workloads): (Latencies, Latencies) = times.take();
        println!(
            "| {seconds:.0} | {:.1} | {:.1} ({:.1}) | {:.2} | {} | {:.0} | {} | {} | {made} | {} | {} | {}, {}, {} | \
             {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {} |",
            anonymous as f64 / 1024.0,
            resident as f64 / 1024.0,
            most as f64 / 1024.0,
            (now - std::mem::replace(&mut worked, now)) / (seconds - before.0),
            of("placecard_watched_objects", "resource=\"pods\"")?,
            (events - before.1) / (seconds - before.0),
            made as f64 - events,
            of("placecard_watch_lists_total", "resource=\"pods\"")?,
            counts.admissions.load(Ordering::Relaxed) + counts.called.load(Ordering::Relaxed),
            counts.lost.load(Ordering::Relaxed),
            of("placecard_deadline_exceeded_total", "")?,
            of("placecard_shed_total", "")?,
            of("placecard_watch_broken_total", "")?,
            pods.median,
            pods.p99,
            pods.p999,
            workloads.median,
            workloads.p99,
            of("placecard_audit_duration_seconds_count", "")?,
        );
        samples.push(Sample { seconds, events, anonymous: anonymous as f64 });
    }
    Ok(samples)
}

/// Whether all is as it should be.
fn verdict(
    process: &Process,
    counts: &Counts,
    cluster: Cluster,
    samples: &[Sample],
) -> Result<bool> {
    // What happened while a watch had lost track came as a list, and never as events.
    process.wait("no event of a pod comes any more", |it| {
        let age = it.metric("placecard_watch_event_age_seconds", "resource=\"pods\"")?;
        Ok(age.is_some_and(|age| age > QUIET))
    })?;
    println!();
    let pods =
        process.metric("placecard_watched_objects", "resource=\"pods\"")?.unwrap_or_default();
    let expected = cluster.pods as f64;
    println!(
        "{pods} pods in the index, of {expected}; {} steps missed their pod",
        counts.missed.load(Ordering::Relaxed)
    );

    let second = samples.get(samples.len() / 2..).unwrap_or_default();
    let (minute, event) = (slope(second, |one| one.seconds), slope(second, |one| one.events));
    println!(
        "memory in the second half: {:.1} kB a minute, {:.3} kB for 1,000 events",
        minute * 60.0,
        event * 1e3
    );
    let span =
        second.last().zip(second.first()).map_or(0.0, |(last, one)| last.seconds - one.seconds);
    let last = second.last().map_or(1.0, |one| one.anonymous);
    let grew = minute * span > GROWTH * last;
    let lost = counts.lost.load(Ordering::Relaxed);
    let first = counts.first.lock().unwrap_or_else(PoisonError::into_inner).take();
    println!(
        "{lost} admissions lost{}",
        first.map_or(String::new(), |one| format!("; the first trouble: {one}"))
    );
    println!("{}", if grew { "it grew" } else { "it did not grow" });
    Ok(!grew && lost == 0 && (pods - expected).abs() <= expected / 100.0)
}
