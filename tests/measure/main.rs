//! `make measure`: the memory of the webhook's own process beside a real API server that holds as
//! many nodes and pods as PODS and NODES say: after its first lists, after EVENTS events of pods, and
//! after lists that a restart of the API server asks for.
#![expect(clippy::print_stdout, reason = "this is for people who read a terminal")]

mod cluster;

use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use kube::config::{KubeConfigOptions, Kubeconfig};
use placecard_tests::controlplane::ControlPlane;
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
    cluster::fill(plane.api(), nodes, pods)?;
    println!("{nodes} nodes and {pods} pods made in {:.0} s", begin.elapsed().as_secs_f64());

    let webhook = Webhook::start(&plane.kubeconfig)?;
    webhook.wait("ready", Webhook::is_ready)?;
    println!("ready after {:.1} s", webhook.begin.elapsed().as_secs_f64());
    webhook.says("after the first lists")?;

    let begin = Instant::now();
    let seen = webhook.metric("placecard_watch_events_total", "pods")?;
    let made = cluster::churn(plane.api(), nodes, pods, events)?;
    webhook.wait("the last event is there", |it| {
        let more = it.metric("placecard_watch_events_total", "pods")?.saturating_sub(seen);
        Ok(more >= made)
    })?;
    println!("{made} events of pods in {:.0} s", begin.elapsed().as_secs_f64());
    webhook.says("after the events")?;

    let lists = webhook.metric("placecard_watch_lists_total", "pods")?;
    plane.order("stop apiserver")?;
    plane.order("start apiserver")?;
    let begin = Instant::now();
    webhook.wait("the pods are listed again", |it| {
        Ok(it.metric("placecard_watch_lists_total", "pods")? > lists)
    })?;
    println!("listed anew {:.0} s after the API server was back", begin.elapsed().as_secs_f64());
    webhook.says("after new lists")
}

fn number(name: &str, usual: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.parse().map_err(|_| format!("{name} is no number: {text}").into()),
        Err(_) => Ok(usual),
    }
}

/// The webhook as it is shipped, in a process of its own.
struct Webhook {
    child: Child,
    begin: Instant,
    client: kube::Client,
    runtime: Runtime,
}

impl Webhook {
    fn start(kubeconfig: &Path) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("placecard-webhook");
        let begin = Instant::now();
        let mut child = Command::new(&program)
            .args(["--addr", "127.0.0.1:0", "--log-level", "error", "--kubeconfig"])
            .arg(kubeconfig)
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
