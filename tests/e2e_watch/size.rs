//! Thousands of nodes and pods as plain objects, and whatever can happen to them and to the watches.

use std::sync::Arc;
use std::time::Duration;

use placecard_policies::live::Watched;
use placecard_policies::surroundings::{Answer, Reference, ServerVersion};
use placecard_tests::controlplane::{Api, ControlPlane, Patch, Target, node, or_skipped, wait_for};
use placecard_tests::passage::Passage;
use placecard_tests::webhook;
use placecard_webhook::watch::Watches;
use placecard_webhook::watch::health::Standing;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::{PATIENCE, agrees, verdicts};

const NODES: usize = 2_000;
const PODS: usize = 5_000;
const ZONES: [&str; 3] = ["a", "b", "c"];

/// Requests under way at once.
const WRITERS: usize = 8;

struct Stage<'p> {
    plane: &'p ControlPlane,
    passage: Passage,
    watches: Arc<Watches>,
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
        Self { plane, passage, watches: Arc::new(watches), _runtime: runtime }
    }

    fn api(&self) -> &Api {
        self.plane.api()
    }

    /// Waits until the index, and its verdicts, are those of a fresh snapshot; which of the probes
    /// fit nowhere.
    fn agrees(&self, after: &str) -> Vec<String> {
        let dump = agrees(self.plane, &self.watches, after);
        verdicts::agree(&dump, &self.watches, self.plane, after)
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

/// Lists and resumed watches of pods so far.
fn requests(stage: &Stage<'_>) -> (u64, u64) {
    let pods = stage.watches.health().of(Watched::Pod).expect("watched");
    (pods.lists.get(), pods.resumes.get())
}

#[test]
fn the_index_is_that_of_a_fresh_snapshot() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let stage = Stage::start(&plane);
    stage.write(nodes(0..NODES));
    stage.write(pods(0..PODS));
    let shut = stage.agrees("everything came as events");
    // Nothing has moved yet, and on node-12 two or three pods take more than is left.
    assert_eq!(shut, ["beside-what-moved", "in-no-zone", "on-node-12", "too-large"]);
    assert_eq!(requests(&stage).0, 1, "one list");

    churn(&stage, 0);
    let shut = stage.agrees("churn");
    assert_eq!(shut, ["in-no-zone", "on-node-12", "on-node-7", "too-large"], "some are cordoned");

    lost_watches(&stage);
    restarts(&stage);
    removals(&stage);

    // A second index, which begins with lists of all this.
    let again = Stage::start(&plane);
    again.agrees("everything came in lists");
    refusals(&stage);
}

fn lost_watches(stage: &Stage<'_>) {
    let before = requests(stage);
    stage.passage.cut();
    churn(stage, 1);
    agrees(stage.plane, &stage.watches, "lost connections");
    stage.passage.close();
    churn(stage, 2);
    stage.passage.open();
    stage.agrees("a server that was away");
    let after = requests(stage);
    assert_eq!(after.0, before.0, "no list was needed");
    assert!(after.1 >= before.1 + 2, "{before:?} {after:?}");
}

fn removals(stage: &Stage<'_>) {
    let api = stage.api();
    let reference = Reference::Node { name: "node-107".to_owned() };
    assert!(matches!(stage.watches.answer(&reference), Some(Answer::Node(_))));
    for name in ["node-107", "node-7"] {
        api.delete(&Target::new("v1", "Node", "", name)).expect("deleted");
    }
    let shut = stage.agrees("nodes were removed");
    assert!(shut.contains(&"on-node-7".to_owned()), "{shut:?}");
    assert_eq!(stage.watches.answer(&reference), None);

    let lost = nodes(0..NODES).into_iter().filter(|node| {
        node["metadata"]["labels"]["topology.kubernetes.io/zone"] == "c"
            && node["metadata"]["name"] != "node-107"
    });
    stage.at_once(lost.collect(), |api, node| api.delete(&Target::of(node)).map(drop));
    let shut = stage.agrees("a zone was removed");
    assert!(shut.contains(&"in-zone-c".to_owned()), "{shut:?}");
}

/// An API server that starts knows nothing of what was before: what is asked for from an older
/// revision is too old (410), and everything is listed anew.
fn restarts(stage: &Stage<'_>) {
    let before = requests(stage);
    stage.passage.close();
    churn(stage, 3);
    stage.plane.order("kill apiserver").expect("killed");
    stage.plane.order("start apiserver").expect("started");
    stage.passage.open();
    stage.agrees("the API server was killed and started again");
    let after = requests(stage);
    assert!(after.0 > before.0, "listed anew");
}

/// What may not be read any longer is unknown, and all else is not touched.
fn refusals(stage: &Stage<'_>) {
    let group = "rbac.authorization.k8s.io/v1";
    let binding = Target::new(group, "ClusterRoleBinding", "", "placecard-webhook");
    stage.api().delete(&binding).expect("deleted");
    stage.passage.cut();
    let health = stage.watches.health();
    wait_for(PATIENCE, "nothing may be watched", || match health.standing(Watched::Pod) {
        Standing::Refused => Ok(()),
        other => Err(format!("{other:?}")),
    });
    assert!(!stage.watches.current().is_complete(Watched::Pod));
}
