//! `make measure`: the memory of the webhook's own process beside a real API server that holds as
//! many nodes and pods as PODS and NODES say: after its first lists, after EVENTS events of pods, and
//! after lists that a restart of the API server asks for; and what its audit took, which is on.
//!
//! PROGRAMS names other builds of the webhook, by their paths with spaces between, that run beside it
//! and see the same.
#![expect(clippy::print_stdout, reason = "this is for people who read a terminal")]

mod coordination;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use placecard_tests::controlplane::ControlPlane;
use placecard_tests::crowd;
use placecard_tests::process::{Memory, Process, Result};
use placecard_tests::variable::number;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let (nodes, pods) = (number("NODES", 5_000)?, number("PODS", 150_000)?);
    let events = number("EVENTS", 100_000)?;
    let plane = ControlPlane::start()?;
    // Nobody schedules these pods, and nobody looks for their owners.
    plane.order("stop scheduler")?;
    plane.order("stop controller-manager")?;
    let begin = Instant::now();
    coordination::define(plane.api())?;
    crowd::fill(plane.api(), nodes, pods, |number| crowd::pod(number, nodes))?;
    println!("{nodes} nodes and {pods} pods made in {:.0} s", begin.elapsed().as_secs_f64());

    let mut webhooks = Vec::new();
    for program in programs()? {
        let webhook = Webhook::start(&plane.kubeconfig, &program, webhooks.len())?;
        webhook.0.wait("ready", Process::is_ready)?;
        println!(
            "{} ready after {:.1} s",
            program.display(),
            webhook.0.begin.elapsed().as_secs_f64()
        );
        webhook.says("after the first lists")?;
        webhook.wait("it has audited", |it| Ok(it.looks()? > 0))?;
        webhook.says("after the first look of the audit")?;
        webhooks.push(webhook);
    }
    let all = |counter: &str| {
        webhooks.iter().map(|one| one.metric(counter, "pods")).collect::<Result<Vec<u64>>>()
    };

    let begin = Instant::now();
    let seen = all("placecard_watch_events_total")?;
    let made = crowd::churn(plane.api(), nodes, pods, 0..events)?;
    for (webhook, seen) in webhooks.iter().zip(seen) {
        webhook.wait("the last event is there", |it| {
            let more = it.metric("placecard_watch_events_total", "pods")?.saturating_sub(seen);
            Ok(more >= made)
        })?;
        println!("{made} events of pods in {:.0} s", begin.elapsed().as_secs_f64());
        webhook.says("after the events")?;
    }

    let lists = all("placecard_watch_lists_total")?;
    plane.order("stop apiserver")?;
    plane.order("start apiserver")?;
    let begin = Instant::now();
    for (webhook, lists) in webhooks.iter().zip(lists) {
        webhook.wait("the pods are listed again", |it| {
            Ok(it.metric("placecard_watch_lists_total", "pods")? > lists)
        })?;
        println!(
            "listed anew {:.0} s after the API server was back",
            begin.elapsed().as_secs_f64()
        );
        webhook.says("after new lists")?;
    }
    // The audit looks every 30 seconds, and at everything after new lists.
    let looks = webhooks.iter().map(Webhook::looks).collect::<Result<Vec<u64>>>()?;
    for (webhook, looks) in webhooks.iter().zip(looks) {
        webhook.wait("it has audited again", |it| Ok(it.looks()? > looks))?;
        webhook.says("after the audit of that")?;
        println!("{}", webhook.audit()?);
    }
    coordinate(&plane, (nodes, pods), events..events + events / 10, &webhooks)
}

/// A batch waits for room while pods come and go; each look of the controller is at a copy of all.
fn coordinate(
    plane: &ControlPlane,
    (nodes, pods): (u64, u64),
    events: Range<u64>,
    webhooks: &[Webhook],
) -> Result<()> {
    for webhook in webhooks {
        webhook.0.forget_most()?;
        webhook.says("before there is a coordination, the most since a moment ago")?;
    }
    coordination::fill(plane.api())?;
    for webhook in webhooks {
        webhook.wait("it waits for room", |it| Ok(it.batches()? == Some(3.0)))?;
    }
    let made = crowd::churn(plane.api(), nodes, pods, events)?;
    for webhook in webhooks {
        webhook.says(&format!("a batch waits, after {made} events"))?;
    }
    Ok(())
}

/// The webhook beside this program, and those that PROGRAMS names.
fn programs() -> Result<Vec<PathBuf>> {
    let own = Process::shipped()?;
    let others = std::env::var("PROGRAMS").unwrap_or_default();
    Ok(std::iter::once(own).chain(others.split_whitespace().map(PathBuf::from)).collect())
}

/// The webhook, and what is told of it.
struct Webhook(Process);

impl Webhook {
    /// The `number`th of those that run; each audits for itself.
    fn start(kubeconfig: &Path, program: &Path, number: usize) -> Result<Self> {
        let namespace = crowd::namespace(number as u64);
        let kubeconfig = kubeconfig.to_str().ok_or("a path that is no text")?;
        let quiet = ["--addr", "127.0.0.1:0", "--log-level", "error"];
        let own = ["--kubeconfig", kubeconfig, "--lease-namespace", namespace.as_str()];
        Ok(Self(Process::start(program, &[quiet, own].concat(), &[])?))
    }

    fn wait(&self, what: &str, mut seen: impl FnMut(&Self) -> Result<bool>) -> Result<()> {
        self.0.wait(what, |_| seen(self))
    }

    /// A count of the metrics, by the resource that it is of.
    fn metric(&self, name: &str, resource: &str) -> Result<u64> {
        let count = self.0.metric(name, &format!("resource=\"{resource}\""))?;
        Ok(count.ok_or("no such number")? as u64)
    }

    /// How often the audit has looked.
    fn looks(&self) -> Result<u64> {
        Ok(self.0.metric("placecard_audit_duration_seconds_count", "")?.unwrap_or_default() as u64)
    }

    /// What the audit took: all looks together, and how many of them took at most how long.
    fn audit(&self) -> Result<String> {
        let text = self.0.metrics()?;
        let told = text.lines().filter_map(|line| {
            line.strip_prefix("placecard_audit_duration_seconds_")
                .or_else(|| line.starts_with("placecard_audit_pods_judged_total").then_some(line))
        });
        Ok(told.collect::<Vec<_>>().join("\n"))
    }

    /// How many batches the one coordination has.
    fn batches(&self) -> Result<Option<f64>> {
        self.0.metric("placecard_coordination_batches", "")
    }

    /// What is resident now, and what was at most.
    fn says(&self, when: &str) -> Result<()> {
        let Memory { resident, most, .. } = self.0.memory()?;
        println!("{when}: {} MB resident, {} MB at most", resident / 1024, most / 1024);
        Ok(())
    }
}
