//! Replicas that keep their certificate themselves, in front of a real API server whose failure
//! policy is `Fail`: what is lost is counted while certificates and authorities change, replicas
//! roll, the Secret goes away and the API server restarts. Nothing is.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{KubeConfigOptions, Kubeconfig};
use placecard_certs::kept::Lives;
use placecard_policies::language::keys;
use placecard_tests::balancer::Balancer;
use placecard_tests::chart::RELEASE_NAMESPACE;
use placecard_tests::controlplane::{Api, ControlPlane, Patch, Target, or_skipped, wait_for};
use placecard_tests::handshake;
use placecard_tests::replica::{CONFIGURATION, Replica, SECRET};
use placecard_tests::webhook::grant_role;
use placecard_tests::webhook::{configurations, only_in};
use placecard_webhook::leader::{Kept, Leader, Store};
use serde_json::{Value, json};
use tokio::runtime::Builder;

const PATIENCE: Duration = Duration::from_secs(120);

const NAMESPACE: &str = "shop";

const KINDS: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Nothing ends while a test runs.
fn long() -> Lives {
    let settle = Duration::from_secs(4);
    let linger = Duration::from_secs(8);
    Lives { settle, linger, ..Lives::default() }
}

/// Several renewals and a whole change of authorities within a minute.
fn short() -> Lives {
    Lives { authority: Duration::from_secs(48), leaf: Duration::from_secs(20), ..long() }
}

fn configuration(kind: &str) -> Target {
    Target::new("admissionregistration.k8s.io/v1", kind, "", CONFIGURATION)
}

fn secret() -> Target {
    Target::new("v1", "Secret", RELEASE_NAMESPACE, SECRET)
}

/// The bundles of all webhooks of both configurations.
fn bundles(api: &Api) -> Vec<Vec<u8>> {
    let webhooks = KINDS.map(|kind| {
        let found = api.get(&configuration(kind)).unwrap_or_else(|refusal| panic!("{refusal}"));
        found.object["webhooks"].as_array().expect("webhooks").clone()
    });
    let bundle = |webhook: &Value| {
        let text = webhook.pointer("/clientConfig/caBundle").and_then(Value::as_str);
        STANDARD.decode(text.unwrap_or_default()).expect("base64")
    };
    webhooks.iter().flatten().map(bundle).collect()
}

fn pod() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "web-", "namespace": NAMESPACE,
            "annotations": {keys::REQUIRE: "apart-from self in node"},
            "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "registry.invalid/none"}]},
    })
}

/// One admission: `Err` with what was lost, `Ok(false)` if the API server itself was not there.
fn admit(api: &Api) -> Result<bool, String> {
    match api.dry_run().create(&pod()) {
        Ok(answer) if answer.object["metadata"]["annotations"][keys::APPLIED].is_string() => {
            Ok(true)
        }
        Ok(answer) => Err(format!("not expanded: {:?}", answer.warnings)),
        Err(refusal) if refusal.message.contains("webhook") => Err(refusal.to_string()),
        Err(refusal) if matches!(refusal.status, 0 | 401 | 403 | 429 | 500..) => Ok(false),
        Err(refusal) => Err(refusal.to_string()),
    }
}

/// Admissions and handshakes, one after the other, for as long as it is there.
struct Load {
    on: AtomicBool,
    admitted: AtomicU64,
    shaken: AtomicU64,
    lost: Mutex<Vec<String>>,
    servers: Mutex<Vec<SocketAddr>>,
}

impl Load {
    fn run<T>(api: &Api, act: impl FnOnce(&Self) -> T) -> T {
        let load = Self {
            on: AtomicBool::new(true),
            admitted: AtomicU64::new(0),
            shaken: AtomicU64::new(0),
            lost: Mutex::default(),
            servers: Mutex::default(),
        };
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| load.repeat(&load.admitted, || admit(api)));
            }
            scope.spawn(|| load.repeat(&load.shaken, || load.shake(api)));
            let off = Off(&load.on);
            let result = act(&load);
            drop(off);
            result
        })
    }

    fn repeat(&self, count: &AtomicU64, once: impl Fn() -> Result<bool, String>) {
        while self.on.load(Ordering::SeqCst) {
            match once() {
                Ok(true) => drop(count.fetch_add(1, Ordering::SeqCst)),
                Ok(false) => std::thread::sleep(Duration::from_millis(50)),
                Err(lost) => self.lost.lock().expect("no panic").push(lost),
            }
        }
    }

    /// A new connection to each replica by each bundle that the API server has: read first, so a
    /// certificate that comes between the two must be trusted by the bundles before it.
    fn shake(&self, api: &Api) -> Result<bool, String> {
        let mut bundles = Vec::new();
        for kind in KINDS {
            let Ok(found) = api.get(&configuration(kind)) else { return Ok(false) };
            let text = found.object.pointer("/webhooks/0/clientConfig/caBundle").cloned();
            let text = text.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
            bundles.push(STANDARD.decode(text).map_err(|error| error.to_string())?);
        }
        for server in self.servers.lock().expect("no panic").iter() {
            for bundle in &bundles {
                let status = handshake::status(*server, bundle, "/readyz");
                let status = status.map_err(|error| format!("handshake: {error}"))?;
                if status != 200 {
                    return Err(format!("handshake: {status}"));
                }
            }
        }
        Ok(true)
    }

    fn serve(&self, balancer: &Balancer, replicas: &[&Replica]) {
        let servers: Vec<SocketAddr> = replicas.iter().map(|one| one.address).collect();
        balancer.serve(&servers);
        *self.servers.lock().expect("no panic") = servers;
    }

    /// Admissions go on, and nothing was lost so far.
    #[track_caller]
    fn assert_whole(&self, after: &str) {
        let (admitted, shaken) = (&self.admitted, &self.shaken);
        let before = (admitted.load(Ordering::SeqCst), shaken.load(Ordering::SeqCst));
        wait_for(PATIENCE, &format!("admissions after {after}"), || {
            let more = (admitted.load(Ordering::SeqCst), shaken.load(Ordering::SeqCst));
            let lost = self.lost.lock().expect("no panic").clone();
            let on = (more.0 > before.0 + 5 && more.1 > before.1 + 1) || !lost.is_empty();
            if on { Ok(()) } else { Err(format!("{more:?}")) }
        });
        let lost = self.lost.lock().expect("no panic").clone();
        assert_eq!(lost, Vec::<String>::new(), "after {after}");
    }
}

/// Ends the load, however what it accompanies ends.
struct Off<'a>(&'a AtomicBool);

impl Drop for Off<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// Installs the chart's configurations without anything to trust, as a release does.
fn install(api: &Api, balancer: &Balancer) {
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    api.create(&namespace).unwrap_or_else(|refusal| panic!("{refusal}"));
    let port = balancer.address.port();
    let fail = |webhook: &mut Value| {
        only_in(webhook, NAMESPACE);
        webhook["failurePolicy"] = json!("Fail");
        if let Some(client) = webhook["clientConfig"].as_object_mut() {
            client.remove("caBundle");
        }
    };
    for configuration in configurations(CONFIGURATION, port, "", fail) {
        api.create(&configuration).unwrap_or_else(|refusal| panic!("{refusal}"));
    }
}

fn ready(replicas: &[&Replica]) {
    for replica in replicas {
        wait_for(PATIENCE, "the replica is ready", || match replica.obstacle() {
            None => Ok(()),
            Some(obstacle) => Err(obstacle.to_owned()),
        });
    }
}

fn led(replicas: &[Replica]) -> &Replica {
    wait_for(PATIENCE, "one of them writes", || {
        replicas.iter().find(|one| one.leads()).ok_or_else(|| "none".to_owned())
    })
}

/// How often something was written, by all of them.
fn wrote(replicas: &[Replica], what: &str) -> f64 {
    let line = format!("placecard_certificate_writes_total{{result=\"{what}\"}}");
    replicas.iter().filter_map(|one| one.metric(&line)).sum()
}

#[track_caller]
fn wait_written(replicas: &[Replica], what: &str, times: f64) {
    wait_for(PATIENCE, &format!("{what} written {times} times"), || {
        let written = wrote(replicas, what);
        if written >= times { Ok(()) } else { Err(written.to_string()) }
    });
}

/// The fields of both configurations without what may be written: bundles and who wrote them.
fn rest(api: &Api) -> Vec<Value> {
    let found = KINDS.map(|kind| {
        let found = api.get(&configuration(kind)).unwrap_or_else(|refusal| panic!("{refusal}"));
        let mut webhooks = found.object["webhooks"].clone();
        for webhook in webhooks.as_array_mut().expect("webhooks") {
            webhook["clientConfig"].as_object_mut().expect("an object").remove("caBundle");
        }
        json!([
            webhooks,
            found.object["metadata"]["labels"],
            found.object["metadata"]["annotations"]
        ])
    });
    found.to_vec()
}

/// Three replicas take the place of two, one after the other: each is told to stop, is not ready,
/// gets no new connections, and ends what it has.
fn roll(plane: &ControlPlane, load: &Load, balancer: &Balancer, old: Vec<Replica>) -> Vec<Replica> {
    let mut new: Vec<Replica> = Vec::new();
    let mut old: Vec<Replica> = old;
    for name in ["c", "d", "e"] {
        let one = Replica::start(plane, name, short());
        ready(&[&one]);
        new.push(one);
        let Some(mut leaving) = old.pop() else {
            load.serve(balancer, &new.iter().collect::<Vec<_>>());
            continue;
        };
        let staying: Vec<&Replica> = old.iter().chain(&new).collect();
        load.serve(balancer, &staying);
        leaving.terminate(Duration::from_secs(1));
        wait_for(PATIENCE, "it is not ready", || leaving.obstacle().ok_or_else(String::new));
        leaving.wait();
        load.assert_whole(name);
    }
    new
}

#[test]
fn nothing_is_lost_while_certificates_change_replicas_roll_and_the_api_server_restarts() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let api = plane.api();
    let balancer = Balancer::start();
    grant_role(api);
    install(api, &balancer);
    let before = rest(api);
    assert!(admit(api).is_err(), "nobody is there, and the policy is Fail");

    let old = vec![Replica::start(&plane, "a", long()), Replica::start(&plane, "b", long())];
    ready(&[&old[0], &old[1]]);
    assert_eq!(old[0].not_after(), old[1].not_after(), "they share it");
    balancer.serve(&[old[0].address, old[1].address]);
    wait_for(PATIENCE, "the first admission", || admit(api));
    assert!(bundles(api).windows(2).all(|two| two[0] == two[1]), "all have the same");
    assert_eq!(rest(api), before);

    let (admitted, shaken) = Load::run(api, |load| {
        load.serve(&balancer, &[&old[0], &old[1]]);
        load.assert_whole("the first start");
        plane.order("stop apiserver").unwrap_or_else(|error| panic!("{error}"));
        plane.order("start apiserver").unwrap_or_else(|error| panic!("{error}"));
        load.assert_whole("a restart of the API server");
        let replicas = roll(&plane, load, &balancer, old);
        let ends = replicas[0].not_after();
        led(&replicas);

        // A key that does not belong to the certificate.
        let stranger = api.get(&secret()).unwrap_or_else(|refusal| panic!("{refusal}"));
        let worse = json!({"data": {"tls.key": stranger.object["data"]["ca.key"]}});
        api.patch(&secret(), Patch::Merge, &worse).unwrap_or_else(|refusal| panic!("{refusal}"));
        wait_written(&replicas, "certificate", 1.0);
        load.assert_whole("a broken Secret");
        // Without it everything begins anew, and what is served meanwhile stays trusted.
        api.delete(&secret()).unwrap_or_else(|refusal| panic!("{refusal}"));
        wait_written(&replicas, "authority", 1.0);
        wait_written(&replicas, "certificate", 2.0);
        load.assert_whole("the removal of the Secret");
        // The next authority comes, the certificate is renewed under both, and the old one goes.
        wait_written(&replicas, "authority", 2.0);
        wait_written(&replicas, "forgotten", 1.0);
        wait_written(&replicas, "certificate", 5.0);
        load.assert_whole("the change of the authority");
        for replica in &replicas {
            assert!(replica.not_after() < ends, "the lives are short now");
            assert_eq!(replica.obstacle(), None);
        }
        assert_eq!(rest(api), before);
        (load.admitted.load(Ordering::SeqCst), load.shaken.load(Ordering::SeqCst))
    });
    println!("{admitted} admissions and {shaken} rounds of handshakes, none lost");
}

/// A Lease of the API server, and how often it was looked at.
struct Looked {
    at: Kept,
    times: Arc<AtomicU64>,
}

impl Store for Looked {
    async fn get(&self) -> Result<Option<Value>, String> {
        let found = self.at.get().await;
        self.times.fetch_add(1, Ordering::SeqCst);
        found
    }

    async fn put(&self, lease: Value) -> Result<Option<Value>, String> {
        self.at.put(lease).await
    }

    fn date(&self) -> Option<SystemTime> {
        self.at.date()
    }
}

#[test]
fn who_does_not_have_the_time_of_the_api_server_leads_nothing() {
    const NAME: &str = "clocks";
    let Some(plane) = or_skipped(ControlPlane::shared()) else { return };
    let api = plane.api();
    grant_role(api);
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("threads can be started");
    let (times, ahead) = (Arc::<AtomicU64>::default(), Arc::new(AtomicU64::new(3600)));
    let leader = runtime.block_on(async {
        // As the administrator: the Lease is none of the chart's.
        let file = Kubeconfig::read_from(&plane.kubeconfig).expect("a kubeconfig");
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(file, &options).await;
        let client = kube::Client::try_from(config.expect("a configuration"));
        let at = Kept::new(client.expect("a client"), RELEASE_NAMESPACE, NAME);
        let (store, by) = (Looked { at, times: Arc::clone(&times) }, Arc::clone(&ahead));
        let wall = move || SystemTime::now() + Duration::from_secs(by.load(Ordering::SeqCst));
        Leader::run(store, "astray".to_owned(), Arc::new(wall))
    });
    wait_for(PATIENCE, "it looked three times", || match times.load(Ordering::SeqCst) {
        times @ 0..3 => Err(times.to_string()),
        _ => Ok(()),
    });
    let lease = Target::new("coordination.k8s.io/v1", "Lease", RELEASE_NAMESPACE, NAME);
    assert_eq!(api.get(&lease).expect_err("not taken").status, 404);
    assert!(!leader.held());
    ahead.store(0, Ordering::SeqCst);
    wait_for(PATIENCE, "it leads", || if leader.held() { Ok(()) } else { Err(String::new()) });
}
