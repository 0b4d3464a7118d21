//! The webhook's index is that of a fresh snapshot, whatever happens to the cluster and to the
//! watches: thousands of nodes and pods as plain objects on a real API server, watched in the name
//! of the chart's service account.

use std::sync::Arc;
use std::time::Duration;

use placecard_policies::live::{Live, WATCHED, Watched};
use placecard_policies::surroundings::{Answer, Reference, ServerVersion};
use placecard_tests::controlplane::{Api, ControlPlane, Patch, Target, node, or_skipped, wait_for};
use placecard_tests::passage::Passage;
use placecard_tests::webhook;
use placecard_webhook::watch::Watches;
use placecard_webhook::watch::health::Standing;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

const NODES: usize = 2_000;
const PODS: usize = 4_000;
const ZONES: [&str; 3] = ["a", "b", "c"];

/// Requests under way at once.
const WRITERS: usize = 8;

const PATIENCE: Duration = Duration::from_secs(60);

struct Stage<'p> {
    plane: &'p ControlPlane,
    passage: Passage,
    watches: Arc<Watches>,
    server: ServerVersion,
    _runtime: Runtime,
}

impl<'p> Stage<'p> {
    fn start(plane: &'p ControlPlane) -> Self {
        webhook::grant_role(plane.api());
        let server = plane.server.strip_prefix("https://").expect("an URL");
        let passage = Passage::to(server);
        let url = format!("https://{}", passage.address);
        let runtime =
            Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
        let server = ServerVersion::parse(&plane.version).expect("a version");
        let watches = runtime.block_on(async {
            let client = webhook::client(plane, Some(&url)).await;
            Watches::start(&client, server, Duration::from_secs(300)).expect("a thread")
        });
        Self { plane, passage, watches: Arc::new(watches), server, _runtime: runtime }
    }

    fn api(&self) -> &Api {
        self.plane.api()
    }

    /// An index that is filled with what the API server lists now.
    fn fresh(&self) -> Live {
        let mut live = Live::new(self.server);
        for kind in WATCHED {
            live.list(kind);
            let row = kind.row();
            let listed = self.api().list(&kind.api_version(), row.kind, "", "");
            let listed = listed.unwrap_or_else(|refusal| panic!("{refusal}"));
            for object in listed.iter().filter(|object| is_wanted(object)) {
                let put = live.put(kind, object.to_string().as_bytes());
                put.unwrap_or_else(|problem| panic!("{problem:?}"));
            }
            live.listed(kind);
        }
        live
    }

    /// Waits until the index is that of a fresh snapshot.
    fn agrees(&self, after: &str) {
        wait_for(PATIENCE, &format!("the index agrees after {after}"), || {
            if !self.watches.health().is_trusted() {
                return Err(format!("not listed: {:?}", self.watches.health().starting()));
            }
            let fresh = self.fresh();
            difference(&self.watches.current(), &fresh)
        });
    }

    fn write(&self, objects: Vec<Value>) {
        self.at_once(objects, |api, object| api.create(object).map(drop));
    }

    /// Does something for each object, several at once.
    fn at_once<E: std::fmt::Display>(
        &self,
        objects: Vec<Value>,
        act: impl Fn(&Api, &Value) -> Result<(), E> + Sync,
    ) {
        let share = objects.len().div_ceil(WRITERS).max(1);
        std::thread::scope(|scope| {
            for objects in objects.chunks(share) {
                let act = &act;
                scope.spawn(move || {
                    for object in objects {
                        act(self.api(), object).unwrap_or_else(|error| panic!("{error}"));
                    }
                });
            }
        });
    }
}

/// What the watches leave out is left out of the lists that are compared with them.
fn is_wanted(object: &Value) -> bool {
    let finished = ["Succeeded", "Failed"].map(Value::from);
    object["metadata"]["namespace"] != "kube-node-lease"
        && !(object["spec"].get("containers").is_some()
            && finished.contains(&object["status"]["phase"]))
}

/// The first thing that differs.
fn difference(live: &Live, fresh: &Live) -> Result<(), String> {
    for kind in WATCHED {
        let (found, expected) = (live.count(kind), fresh.count(kind));
        if found != expected {
            return Err(format!("{found} of {expected} {}", kind.row().plural));
        }
        if live.is_complete(kind) != fresh.is_complete(kind) {
            return Err(format!("{} are complete: {}", kind.row().plural, live.is_complete(kind)));
        }
    }
    let (found, expected) = (live.state().census(), fresh.state().census());
    for (key, value) in &expected {
        if found.get(key) != Some(value) {
            return Err(format!("{key}: {:?} instead of {value}", found.get(key)));
        }
    }
    match found.keys().find(|key| !expected.contains_key(*key)) {
        Some(key) => Err(format!("{key} is not there")),
        None => Ok(()),
    }
}

fn zone(number: usize) -> &'static str {
    ZONES.get(number % ZONES.len()).copied().unwrap_or_default()
}

fn nodes(range: std::ops::Range<usize>) -> Vec<Value> {
    let one = |number| {
        let labels = [("topology.kubernetes.io/zone", zone(number))];
        node(&format!("node-{number}"), &labels, &[], &[("cpu", "4")])
    };
    range.map(one).collect()
}

/// Pods that are bound already: no scheduler has to look at them, and no kubelet is there.
fn pods(range: std::ops::Range<usize>) -> Vec<Value> {
    let one = |number: usize| {
        let apart = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{
            "topologyKey": "kubernetes.io/hostname",
            "labelSelector": {"matchLabels": {"app": format!("app-{}", number % 50)}}}]}});
        let requests = json!({"cpu": "100m"});
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": format!("pod-{number}"), "namespace": "default",
                "labels": {"app": format!("app-{}", number % 50)}},
            "spec": {
                "nodeName": format!("node-{}", number % NODES),
                "affinity": if number.is_multiple_of(10) { apart } else { json!({}) },
                "terminationGracePeriodSeconds": 0,
                "containers": [{"name": "main", "image": "registry.invalid/none",
                    "resources": {"requests": requests}}],
            },
        })
    };
    range.map(one).collect()
}

fn service(name: &str, app: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"app": app}, "ports": [{"port": 80}]}})
}

/// Pods finish, move away and change; nodes change; services come.
fn churn(stage: &Stage<'_>, round: usize) {
    let pods = pods(round * 200..round * 200 + 200);
    stage.at_once(pods, |api, pod| {
        let target = Target::of(pod);
        let number: usize = target.name.trim_start_matches("pod-").parse().expect("a number");
        match number % 3 {
            0 => api.delete(&target),
            1 => api.patch_status(&target, &json!({"status": {"phase": "Succeeded"}})),
            _ => {
                let labels = json!({"metadata": {"labels": {"app": "moved"}}});
                api.patch(&target, Patch::Merge, &labels)
            }
        }
        .map(drop)
    });
    let changed = nodes(round * 50..round * 50 + 50);
    stage.at_once(changed, |api, node| {
        let patch = json!({"metadata": {"labels": {"changed": format!("{round}")}},
            "spec": {"unschedulable": round.is_multiple_of(2)}});
        api.patch(&Target::of(node), Patch::Merge, &patch).map(drop)
    });
    stage.write(vec![service(&format!("service-{round}"), "app-1")]);
}

#[test]
fn the_index_is_that_of_a_fresh_snapshot() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let stage = Stage::start(&plane);
    stage.write(nodes(0..NODES));
    stage.write(pods(0..PODS));
    stage.agrees("everything came as events");
    let resumes = |stage: &Stage<'_>| {
        let pods = stage.watches.health().of(Watched::Pod).expect("watched");
        (pods.lists.get(), pods.resumes.get())
    };
    assert_eq!(resumes(&stage).0, 1, "one list");

    churn(&stage, 0);
    stage.agrees("churn");

    let before = resumes(&stage);
    stage.passage.cut();
    churn(&stage, 1);
    stage.agrees("lost connections");
    stage.passage.close();
    churn(&stage, 2);
    stage.passage.open();
    stage.agrees("a server that was away");
    let after = resumes(&stage);
    assert_eq!(after.0, before.0, "no list was needed");
    assert!(after.1 >= before.1 + 2, "{before:?} {after:?}");

    let api = stage.api();
    let reference = Reference::Node { name: "node-7".to_owned() };
    assert!(matches!(stage.watches.answer(&reference), Some(Answer::Node(_))));
    api.delete(&Target::new("v1", "Node", "", "node-7")).expect("deleted");
    stage.agrees("a node was removed");
    assert_eq!(stage.watches.answer(&reference), None);

    let lost = nodes(0..NODES).into_iter().filter(|node| {
        node["metadata"]["labels"]["topology.kubernetes.io/zone"] == "c"
            && node["metadata"]["name"] != "node-7"
    });
    stage.at_once(lost.collect(), |api, node| api.delete(&Target::of(node)).map(drop));
    stage.agrees("a zone was removed");

    // A second index, which begins with lists of all this.
    let again = Stage::start(&plane);
    again.agrees("everything came in lists");

    // What may not be read any longer is unknown, and all else is not touched.
    api.delete(&Target::new(
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
        "",
        "placecard-webhook",
    ))
    .expect("deleted");
    stage.passage.cut();
    let health = stage.watches.health();
    wait_for(PATIENCE, "nothing may be watched", || match health.standing(Watched::Pod) {
        Standing::Refused => Ok(()),
        other => Err(format!("{other:?}")),
    });
    assert!(!stage.watches.current().is_complete(Watched::Pod));
}
