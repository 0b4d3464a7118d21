//! Three replicas of the installed webhook, each a process of its own, behind what a Service is, in
//! front of a real API server whose failure policy is `Fail`. Pods come and go through that API server
//! at a steady rate while the leader is killed, every replica is replaced and the API server restarts;
//! what is lost is counted.
//!
//! What the API server itself refuses because it is away does not count. This fails if a replica closes
//! its listener before the Service leads elsewhere (`--drain-delay=0` in `values`), if it breaks off what
//! is under way, if it is ready before its certificate is trusted, and if it stops admitting because
//! the API server, or the leader, is away.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Parser as _;
use placecard_policies::language::keys;
use placecard_tests::balancer::Balancer;
use placecard_tests::chart::RELEASE_NAMESPACE;
use placecard_tests::controlplane::{Api, ControlPlane, Refusal, Target, or_skipped, wait_for};
use placecard_tests::process::Process;
use placecard_tests::{handshake, installation, webhook};
use placecard_webhook::args::Args;
use placecard_webhook::certificates::keeper::LEASE;
use placecard_webhook::start;
use serde_json::{Value, json};
use tokio::runtime::Builder;

const PATIENCE: Duration = Duration::from_secs(120);

const NAMESPACE: &str = "shop";

/// The flags of the process that [`replica`] is, one a line.
const FLAGS: &str = "PLACECARD_TEST_REPLICA";

/// Pods that are asked for by each worker, one each time.
const EACH: Duration = Duration::from_millis(150);

/// Who asks for pods at the same time.
const WORKERS: u32 = 4;

/// Between two probes of readiness.
const PROBE: Duration = Duration::from_millis(500);

fn values() -> Value {
    json!({"replicas": 3, "failurePolicy": "Fail", "log": {"level": "error"}})
}

/// A replica, in the process that [`Scene::start`] makes of this program.
#[test]
#[ignore = "the other test of this module starts it, as a process of its own"]
fn replica() {
    let Ok(flags) = std::env::var(FLAGS) else { return };
    let words = std::iter::once("placecard-webhook").chain(flags.lines());
    let args = Args::try_parse_from(words).unwrap_or_else(|error| panic!("{error}"));
    placecard_certs::install_provider();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let ended = runtime.expect("threads can be started").block_on(start::run(&args));
    ended.expect("it serves until it is told to stop");
}

/// The installation, and who is behind its Service.
struct Scene {
    plane: ControlPlane,
    balancer: Balancer,
    kubeconfig: PathBuf,
    deployment: Value,
    behind: Mutex<Vec<Arc<Process>>>,
    /// The authority of all, in PEM, once there is one.
    authority: OnceLock<Vec<u8>>,
}

impl Scene {
    fn install(plane: ControlPlane, folder: &Path) -> Self {
        let api = plane.api();
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        api.create(&namespace).unwrap_or_else(|refusal| panic!("{refusal}"));
        installation::apply(api, &values(), &[]);
        let kubeconfig = folder.join("kubeconfig");
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let text = runtime.block_on(webhook::kubeconfig(&plane)).to_string();
        std::fs::write(&kubeconfig, text).expect("written");
        let deployment = installation::deployment(api);
        let (balancer, behind) = (Balancer::start(), Mutex::default());
        let authority = OnceLock::new();
        Self { plane, balancer, kubeconfig, deployment, behind, authority }
    }

    fn api(&self) -> &Api {
        self.plane.api()
    }

    /// Starts one and waits until it is ready, as a kubelet does.
    fn start(&self, name: &str) -> Arc<Process> {
        let mut flags = installation::flags(&self.deployment, "127.0.0.1:0", &self.kubeconfig);
        for flag in &mut flags {
            if flag.starts_with("--identity=") {
                *flag = format!("--identity={name}");
            }
        }
        let mut environment = installation::environment(&self.deployment);
        environment.push((FLAGS.to_owned(), flags.join("\n")));
        let own = std::env::current_exe().expect("this program");
        let this = ["--ignored", "--exact", "e2e_rolling::replica", "--nocapture"];
        let process = Process::start(&own, &this, &environment);
        let process = process.unwrap_or_else(|error| panic!("{name}: {error}"));
        wait_for(PATIENCE, &format!("{name} is ready"), || {
            self.is_ready(&process).map_err(|why| format!("{why}, {:?}", process.ended()))
        });
        Arc::new(process)
    }

    /// A probe, over a connection of its own.
    fn is_ready(&self, process: &Process) -> Result<(), String> {
        if self.authority.get().is_none() {
            let authority = installation::authority(self.api())?;
            let _ = self.authority.set(STANDARD.decode(authority).expect("base64"));
        }
        let authority = self.authority.get().ok_or("no authority")?;
        match handshake::status(process.address, authority, "/readyz") {
            Ok(200) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    }

    fn behind(&self) -> Vec<Arc<Process>> {
        self.behind.lock().expect("no panic").clone()
    }

    fn enter(&self, process: &Arc<Process>) {
        self.behind.lock().expect("no panic").push(Arc::clone(process));
        wait_for(PATIENCE, "the Service leads to it", || {
            if self.balancer.serves(process.address) { Ok(()) } else { Err(String::new()) }
        });
    }

    /// The Service leads to those that are ready, a little later.
    fn lead(&self) {
        let ready = self.behind().into_iter().filter(|one| self.is_ready(one).is_ok());
        self.balancer.serve(&ready.map(|one| one.address).collect::<Vec<_>>());
        std::thread::sleep(PROBE);
    }

    /// Another one takes its place; `meanwhile` happens after it was told to stop.
    fn replace(&self, old: &Arc<Process>, name: &str, meanwhile: impl FnOnce()) {
        self.enter(&self.start(name));
        old.terminate().unwrap_or_else(|error| panic!("{error}"));
        meanwhile();
        let status = wait_for(PATIENCE, "it ends", || {
            old.ended().expect("it is known").ok_or_else(|| "it runs".to_owned())
        });
        assert!(status.success(), "{status}");
        self.behind.lock().expect("no panic").retain(|one| one.address != old.address);
    }

    fn order(&self, order: &str) {
        self.plane.order(order).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Waits until one of these has the Lease.
    fn is_led_by(&self, names: &[&str]) {
        let lease = Target::new("coordination.k8s.io/v1", "Lease", RELEASE_NAMESPACE, LEASE);
        wait_for(PATIENCE, &format!("one of {names:?} leads"), || {
            let found = self.api().get(&lease).map_err(|refusal| refusal.to_string())?;
            let holder = found.object["spec"]["holderIdentity"].to_string();
            let is_one = names.iter().any(|name| holder.starts_with(&format!("\"{name}_")));
            if is_one { Ok(()) } else { Err(holder) }
        });
    }
}

fn pod(rule: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "web-", "namespace": NAMESPACE,
            "annotations": {keys::REQUIRE: rule}, "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "registry.invalid/none"}]},
    })
}

/// `Err`: what was lost; `Ok(false)`: the API server itself was away.
type Came = Result<bool, String>;

fn away(refusal: &Refusal) -> Came {
    match refusal.status {
        _ if refusal.message.contains("webhook") => Err(refusal.to_string()),
        0 | 401 | 403 | 429 | 500.. => Ok(false),
        _ => Err(refusal.to_string()),
    }
}

/// A pod gets its rule, is stored, and goes.
fn comes_and_goes(api: &Api) -> Came {
    let made = match api.create(&pod("apart-from self in node")) {
        Ok(made) => made,
        Err(refusal) => return away(&refusal),
    };
    // One that was made while the API server stops stays.
    let _ = api.delete(&Target::of(&made.object));
    match made.object["metadata"]["annotations"][keys::APPLIED].is_string() {
        true => Ok(true),
        false => Err(format!("not expanded: {:?}", made.warnings)),
    }
}

/// A pod whose rule cannot be read is refused.
fn is_refused(api: &Api) -> Came {
    match api.create(&pod("apart-frm self in node")) {
        Ok(made) => Err(format!("admitted: {:?}", made.warnings)),
        Err(refusal) if refusal.message.contains("denied the request") => Ok(true),
        Err(refusal) => away(&refusal),
    }
}

/// What is asked while things happen.
struct Load {
    on: AtomicBool,
    /// Decisions of the webhook that arrived, and connections that were made anew.
    decided: AtomicU64,
    connected: AtomicU64,
    away: AtomicU64,
    lost: Mutex<Vec<String>>,
}

impl Load {
    fn run<T>(scene: &Scene, act: impl FnOnce(&Self) -> T) -> (Self, T) {
        let load = Self {
            on: AtomicBool::new(true),
            decided: AtomicU64::new(0),
            connected: AtomicU64::new(0),
            away: AtomicU64::new(0),
            lost: Mutex::default(),
        };
        let authority = scene.authority.get().expect("an authority");
        let came = std::thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(|| {
                    load.repeat(&load.decided, |turn| match turn % 4 {
                        3 => is_refused(scene.api()),
                        _ => comes_and_goes(scene.api()),
                    });
                });
            }
            // An API server keeps its connections; another one begins anew.
            scope.spawn(|| {
                load.repeat(&load.connected, |_| {
                    match handshake::status(scene.balancer.address, authority, "/healthz") {
                        Ok(200) => Ok(true),
                        other => Err(format!("a new connection: {other:?}")),
                    }
                });
            });
            let off = Off(&load.on);
            let came = act(&load);
            drop(off);
            came
        });
        (load, came)
    }

    /// Once each time that it is due; what takes longer is made up for.
    fn repeat(&self, count: &AtomicU64, once: impl Fn(u32) -> Came) {
        let begin = Instant::now();
        for turn in 0.. {
            std::thread::sleep((begin + EACH * turn).saturating_duration_since(Instant::now()));
            if !self.on.load(Ordering::SeqCst) {
                return;
            }
            match once(turn) {
                Ok(true) => drop(count.fetch_add(1, Ordering::SeqCst)),
                Ok(false) => drop(self.away.fetch_add(1, Ordering::SeqCst)),
                Err(lost) => self.lost.lock().expect("no panic").push(lost),
            }
        }
    }

    /// Waits until there were more of both.
    #[track_caller]
    fn goes_on(&self, after: &str) {
        let counts = [&self.decided, &self.connected];
        let before = counts.map(|count| count.load(Ordering::SeqCst));
        wait_for(PATIENCE, &format!("decisions after {after}"), || {
            let now = counts.map(|count| count.load(Ordering::SeqCst));
            let more = now.iter().zip(before).all(|(now, before)| *now > before + 20);
            if more { Ok(()) } else { Err(format!("{now:?}, {:?}", self.lost)) }
        });
    }

    #[track_caller]
    fn is_whole(&self, after: &str) {
        self.goes_on(after);
        assert_eq!(self.take_lost(), Vec::<String>::new(), "after {after}");
    }

    fn take_lost(&self) -> Vec<String> {
        std::mem::take(&mut *self.lost.lock().expect("no panic"))
    }
}

/// Ends the load, however what it accompanies ends.
struct Off<'a>(&'a AtomicBool);

impl Drop for Off<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// What happens to the replicas; how much was lost with the one that is killed while it is called.
fn events(scene: &Scene, load: &Load, leader: &Process) -> usize {
    load.is_whole("the start");
    // Nobody calls it: what is under way in a process that is killed is lost with every server.
    leader.kill().unwrap_or_else(|error| panic!("{error}"));
    scene.is_led_by(&["a", "b", "c"]);
    load.is_whole("the end of the leader");

    let [a, b, c] = scene.behind().try_into().unwrap_or_else(|_| panic!("three"));
    scene.replace(&a, "d", || {});
    load.is_whole("the first replacement");
    scene.replace(&b, "e", || {
        scene.order("stop apiserver");
        scene.order("start apiserver");
    });
    load.is_whole("a restart of the API server within a replacement");
    scene.replace(&c, "f", || {});
    load.is_whole("the last replacement");
    scene.is_led_by(&["d", "e", "f"]);

    // One that is called, without a word: as much as was under way, until the Service knows it.
    let called = scene.behind().remove(0);
    called.kill().unwrap_or_else(|error| panic!("{error}"));
    wait_for(PATIENCE, "the Service leads elsewhere", || {
        if scene.balancer.serves(called.address) { Err(String::new()) } else { Ok(()) }
    });
    load.goes_on("the end of one that is called");
    let lost = load.take_lost();
    for one in &lost {
        let told = one.contains("failed calling webhook") || one.contains("a new connection");
        assert!(told, "{one}");
    }
    load.is_whole("the Service knows it");
    lost.len()
}

#[test]
fn nothing_is_lost_while_replicas_are_replaced_and_the_leader_and_the_api_server_end() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let scene = Scene::install(plane, folder.path());
    assert!(comes_and_goes(scene.api()).is_err(), "nobody is there, and the policy is Fail");

    let on = AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while on.load(Ordering::SeqCst) {
                scene.lead();
            }
        });
        let off = Off(&on);
        let leader = scene.start("first");
        scene.is_led_by(&["first"]);
        ["a", "b", "c"].into_iter().for_each(|name| scene.enter(&scene.start(name)));
        installation::lead_to(scene.api(), scene.balancer.address);
        wait_for(PATIENCE, "the first pod", || comes_and_goes(scene.api()));
        let (load, lost) = Load::run(&scene, |load| events(&scene, load, &leader));
        let [decided, connected, away] =
            [load.decided, load.connected, load.away].map(AtomicU64::into_inner);
        println!(
            "{decided} decisions and {connected} new connections, {away} while the API server was away; \
             {lost} lost with a replica that was killed"
        );
        drop(off);
    });
}
