//! `make measure`: the memory of the webhook's own process beside a real API server that holds as
//! many nodes and pods as PODS and NODES say: after its first lists, after EVENTS events of pods, and
//! after lists that a restart of the API server asks for; and what its audit took, which is on.
//!
//! PROGRAMS names other builds of the webhook, by their paths with spaces between, that run beside it
//! and see the same.
#![expect(clippy::print_stdout, reason = "this is for people who read a terminal")]

mod cluster;
mod coordination;

use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use kube::config::{KubeConfigOptions, Kubeconfig};
use placecard_tests::controlplane::ControlPlane;
use placecard_tests::variable::number;
use tokio::runtime::{Builder, Runtime};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

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
    cluster::fill(plane.api(), nodes, pods)?;
    println!("{nodes} nodes and {pods} pods made in {:.0} s", begin.elapsed().as_secs_f64());

    let mut webhooks = Vec::new();
    for program in programs()? {
        let webhook = Webhook::start(&plane.kubeconfig, &program, webhooks.len())?;
        webhook.wait("ready", Webhook::is_ready)?;
        println!(
            "{} ready after {:.1} s",
            program.display(),
            webhook.begin.elapsed().as_secs_f64()
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
    let made = cluster::churn(plane.api(), nodes, pods, 0..events)?;
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
        webhook.forget_most()?;
        webhook.says("before there is a coordination, the most since a moment ago")?;
    }
    coordination::fill(plane.api())?;
    for webhook in webhooks {
        webhook.wait("it waits for room", |it| Ok(it.batches()? == Some(3.0)))?;
    }
    let made = cluster::churn(plane.api(), nodes, pods, events)?;
    for webhook in webhooks {
        webhook.says(&format!("a batch waits, after {made} events"))?;
    }
    Ok(())
}

/// The webhook beside this program, and those that PROGRAMS names.
fn programs() -> Result<Vec<PathBuf>> {
    let own = std::env::current_exe()?.with_file_name("placecard-webhook");
    let others = std::env::var("PROGRAMS").unwrap_or_default();
    Ok(std::iter::once(own).chain(others.split_whitespace().map(PathBuf::from)).collect())
}

/// The webhook as it is shipped, in a process of its own.
struct Webhook {
    child: Child,
    begin: Instant,
    client: kube::Client,
    runtime: Runtime,
}

impl Webhook {
    /// The `number`th of those that run; each audits for itself.
    fn start(kubeconfig: &Path, program: &Path, number: usize) -> Result<Self> {
        let begin = Instant::now();
        let mut child = Command::new(program)
            .args(["--addr", "127.0.0.1:0", "--log-level", "error", "--kubeconfig"])
            .arg(kubeconfig)
            .args(["--lease-namespace", &cluster::namespace(number as u64)])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening on ").ok_or("it does not listen")?;
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let mut file = Kubeconfig::read_from(kubeconfig)?;
        for cluster in file.clusters.iter_mut().filter_map(|cluster| cluster.cluster.as_mut()) {
            cluster.server = Some(url.to_owned());
            cluster.certificate_authority_data = None;
            cluster.insecure_skip_tls_verify = Some(true);
        }
        let client = runtime.block_on(async {
            let options = KubeConfigOptions::default();
            let config = kube::Config::from_custom_kubeconfig(file, &options).await?;
            Ok::<_, Box<dyn Error>>(kube::Client::try_from(config)?)
        })?;
        Ok(Self { child, begin, client, runtime })
    }

    fn get(&self, path: &str) -> Result<String> {
        let request = http::Request::get(path).body(Vec::new())?;
        Ok(self.runtime.block_on(self.client.request_text(request))?)
    }

    fn is_ready(&self) -> Result<bool> {
        Ok(self.get("/readyz").is_ok_and(|text| text == "ok\n"))
    }

    /// A number of the metrics, by the resource that it is of.
    fn metric(&self, name: &str, resource: &str) -> Result<u64> {
        let text = self.get("/metrics")?;
        let start = format!("{name}{{resource=\"{resource}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        Ok(line.ok_or("no such number")?.parse()?)
    }

    /// How often the audit has looked.
    fn looks(&self) -> Result<u64> {
        Ok(self.number("placecard_audit_duration_seconds_count")?.unwrap_or_default() as u64)
    }

    /// What the audit took: all looks together, and how many of them took at most how long.
    fn audit(&self) -> Result<String> {
        let text = self.get("/metrics")?;
        let told = text.lines().filter_map(|line| {
            line.strip_prefix("placecard_audit_duration_seconds_")
                .or_else(|| line.starts_with("placecard_audit_pods_judged_total").then_some(line))
        });
        Ok(told.collect::<Vec<_>>().join("\n"))
    }

    /// How many batches the one coordination has.
    fn batches(&self) -> Result<Option<f64>> {
        let text = self.get("/metrics")?;
        let line = text.lines().find(|line| line.starts_with("placecard_coordination_batches{"));
        Ok(line.and_then(|line| line.rsplit(' ').next()).map(str::parse).transpose()?)
    }

    /// The most that was resident counts from now on (`proc(5)`, `clear_refs`).
    fn forget_most(&self) -> Result<()> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?)
    }

    fn number(&self, name: &str) -> Result<Option<f64>> {
        let text = self.get("/metrics")?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(line.map(str::parse).transpose()?)
    }

    fn wait(&self, what: &str, mut seen: impl FnMut(&Self) -> Result<bool>) -> Result<()> {
        let end = Instant::now() + Duration::from_secs(600);
        while !seen(self)? {
            if Instant::now() > end {
                return Err(format!("not within ten minutes: {what}").into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// What is resident now, and what was at most.
    fn says(&self, when: &str) -> Result<()> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let megabytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kilobytes: u64 =
                line.trim_start_matches(':').trim().strip_suffix(" kB")?.parse().ok()?;
            Some(kilobytes / 1024)
        };
        let resident = megabytes("VmRSS").ok_or("no VmRSS")?;
        let most = megabytes("VmHWM").ok_or("no VmHWM")?;
        println!("{when}: {resident} MB resident, {most} MB at most");
        Ok(())
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
