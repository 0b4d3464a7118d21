//! `make bench-webhook`: what a request costs the webhook, beside an echo server of the same stack
//! that decodes the same AdmissionReview and admits it.
//!
//! Each server is a process of its own, asked over TLS and HTTP/2 as an API server asks, by the same
//! client in the same run, in turns. What counts is the processor time that the server's process
//! took, because it does not depend on what the client takes beside it. WEBHOOK is the program,
//! REQUESTS how many requests a round has, ROUNDS how many rounds; of these the one with the least
//! processor time counts. With SERVER_CORES the servers run on these processors: latencies say
//! something about a server only where the client has others for itself.
#![expect(clippy::print_stdout, reason = "this is for people who read a terminal")]

mod bodies;
mod echo;
mod server;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use placecard_tests::asking::{Client, Latencies};
use placecard_tests::process::Result;
use placecard_tests::variable::number;
use serde_json::Value;
use server::Server;
use tokio::runtime::{Builder, Runtime};

/// Requests that are under way at once where the most is asked.
const AT_ONCE: usize = 16;

/// The share of the webhook's own highest rate at which latencies are taken.
const HALF: f64 = 0.5;

/// Turns of each server while latencies are taken.
const TURNS: u32 = 11;

fn main() -> ExitCode {
    let ended = match env::args().nth(1).as_deref() {
        Some(echo::ARGUMENT) => echo::run(echo::Depth::Object),
        Some(echo::SHALLOW) => echo::run(echo::Depth::Envelope),
        Some(other) => Err(format!("{other}: no such argument").into()),
        None => measure(),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What is asked.
struct Case {
    name: &'static str,
    path: &'static str,
    bodies: Arc<Vec<Bytes>>,
    /// The webhook mutated the objects before, as it has by the time that the API server validates.
    mutated_before: bool,
    /// The least that the ratio is to be.
    goal: f64,
}

fn cases() -> Result<Vec<Case>> {
    let case = |name, path, annotated, goal| -> Result<Case> {
        let bodies = Arc::new(bodies::reviews(annotated)?);
        Ok(Case { name, path, bodies, mutated_before: path == "/validate", goal })
    };
    Ok(vec![
        case("plain pod, validated", "/validate", bodies::Annotated::None, 0.85)?,
        case("plain pod, mutated", "/mutate", bodies::Annotated::None, 0.85)?,
        case("annotated pod, mutated", "/mutate", bodies::Annotated::All, 0.65)?,
        case("annotated pod, validated", "/validate", bodies::Annotated::All, 0.65)?,
        case("90 plain, 10 annotated, mutated", "/mutate", bodies::Annotated::Tenth, 0.8)?,
    ])
}

/// What a round of requests cost a server.
#[derive(Clone, Copy)]
struct Cost {
    /// Microseconds of processor time a request.
    cpu: f64,
    /// Requests a second.
    rate: f64,
}

fn measure() -> Result<()> {
    let (requests, rounds) = (number("REQUESTS", 20_000)?, number("ROUNDS", 5)?);
    let webhook = env::var_os("WEBHOOK").map(PathBuf::from).ok_or("WEBHOOK names no program")?;
    let folder = tempfile::tempdir()?;
    let servers = [
        Server::webhook(&webhook, folder.path())?,
        Server::echo(echo::ARGUMENT, folder.path())?,
        Server::echo(echo::SHALLOW, folder.path())?,
    ];
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let clients = servers
        .iter()
        .map(|server| runtime.block_on(Client::connect(server.address, &fs::read(&server.ca)?)))
        .collect::<Result<Vec<_>>>()?;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{requests} requests a round, the best of {rounds}; {cores} cores\n");
    println!(
        "| request | bytes | webhook: µs of CPU | of the echo | of an echo of the envelope | \
         echo ÷ webhook | goal | a second: webhook | echo |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let mut rates = Vec::new();
    for mut case in cases()? {
        if let (true, [webhook, ..]) = (case.mutated_before, &clients[..]) {
            case.bodies = Arc::new(runtime.block_on(mutated(webhook, &case.bodies))?);
        }
        check(&runtime, &clients, &case)?;
        let mut best: Vec<Option<Cost>> = vec![None; servers.len()];
        for _ in 0..rounds.max(1) {
            for ((server, client), best) in servers.iter().zip(&clients).zip(&mut best) {
                let cost = round(&runtime, server, client, &case, requests)?;
                *best = Some(best.filter(|before| before.cpu <= cost.cpu).unwrap_or(cost));
            }
        }
        let best: Vec<Cost> = best.into_iter().flatten().collect();
        let [ours, echo, envelope] = best[..] else { return Err("a server is missing".into()) };
        println!(
            "| {} | {} | {:.1} | {:.1} | {:.1} | {:.2} | {:.2} | {:.0} | {:.0} |",
            case.name,
            case.bodies.first().map_or(0, Bytes::len),
            ours.cpu,
            echo.cpu,
            envelope.cpu,
            echo.cpu / ours.cpu,
            case.goal,
            ours.rate,
            echo.rate
        );
        rates.push((case, ours.rate));
    }
    tails(&runtime, &servers, &clients, &rates)
}

/// How late answers are at half of the rate that the webhook can take, at which all are asked: in
/// turns, for `SECONDS` each in all. What disturbs the machine for a moment is in one turn of one of
/// them, so that what is told of each figure is that of the turn in the middle.
fn tails(
    runtime: &Runtime,
    servers: &[Server],
    clients: &[Client],
    rates: &[(Case, f64)],
) -> Result<()> {
    let turn = Duration::from_secs_f64(number("SECONDS", 22.0)? / f64::from(TURNS));
    println!("\n| request | a second | of | median ms | 99 % | 99.9 % | worst of all |");
    println!("|---|---|---|---|---|---|---|");
    for (case, most) in rates {
        let rate = most * HALF;
        let mut turns: Vec<Vec<Latencies>> = servers.iter().map(|_| Vec::new()).collect();
        for _ in 0..TURNS {
            for (client, turns) in clients.iter().zip(&mut turns) {
                let asked = client.at_rate(case.path, Arc::clone(&case.bodies), rate, turn);
                turns.push(runtime.block_on(asked)?);
            }
        }
        for (server, turns) in servers.iter().zip(&turns) {
            let worst = turns.iter().map(|one| one.worst).fold(0.0, f64::max);
            println!(
                "| {} | {rate:.0} | {} | {:.2} | {:.2} | {:.2} | {worst:.2} |",
                case.name,
                server.name,
                middle(turns, |one| one.median),
                middle(turns, |one| one.p99),
                middle(turns, |one| one.p999)
            );
        }
    }
    Ok(())
}

/// The figure of the turn in the middle.
fn middle(turns: &[Latencies], figure: impl Fn(&Latencies) -> f64) -> f64 {
    let mut all: Vec<f64> = turns.iter().map(figure).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// Nothing is timed before the answers are what they should be.
fn check(runtime: &Runtime, clients: &[Client], case: &Case) -> Result<()> {
    for (at, client) in clients.iter().enumerate() {
        for body in case.bodies.iter() {
            let answer = runtime.block_on(client.ask(case.path, body.clone()))?;
            let patched = answer["response"]["patch"].is_string();
            let should = at == 0 && case.path == "/mutate" && bodies::is_annotated(body);
            if answer["response"]["allowed"] != true || patched != should {
                return Err(format!("{}: an answer that should not be: {answer}", case.name).into());
            }
        }
    }
    Ok(())
}

/// The same requests after the webhook's own patches.
async fn mutated(webhook: &Client, bodies: &[Bytes]) -> Result<Vec<Bytes>> {
    let mut all = Vec::with_capacity(bodies.len());
    for body in bodies {
        let answer = webhook.ask("/mutate", body.clone()).await?;
        let mut review: Value = serde_json::from_slice(body)?;
        if let Some(patch) = answer["response"]["patch"].as_str() {
            let patch: json_patch::Patch = serde_json::from_slice(&STANDARD.decode(patch)?)?;
            json_patch::patch(&mut review["request"]["object"], &patch)?;
        }
        all.push(Bytes::from(serde_json::to_vec(&review)?));
    }
    Ok(all)
}

fn round(
    runtime: &Runtime,
    server: &Server,
    client: &Client,
    case: &Case,
    requests: usize,
) -> Result<Cost> {
    let before = server.processor_time()?;
    let asked = client.as_fast_as_it_goes(case.path, Arc::clone(&case.bodies), requests, AT_ONCE);
    let took = runtime.block_on(asked)?;
    let cpu = server.processor_time()? - before;
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    let count = requests as f64;
    Ok(Cost { cpu: cpu * 1e6 / count, rate: count / took.as_secs_f64() })
}
