//! Refusals on a closed inventory, and every guard under which there is none.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use placecard_policies::language::keys;
use placecard_policies::live::Watched;
use placecard_policies::surroundings::ServerVersion;
use placecard_webhook::cluster::Cluster;
use placecard_webhook::serve::App;
use placecard_webhook::source::Source;
use placecard_webhook::vocabulary::Vocabulary;
use placecard_webhook::watch::Watches;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::server::{Asked, Rest, Server, end_of_list};
use crate::support::{self, answer, app, create, shared};

/// What the stand-in has.
#[derive(Clone)]
struct World {
    nodes: Vec<Value>,
    /// What it lists when the nodes are read again.
    again: Again,
    vocabulary: Value,
    namespace: Value,
    mode: &'static str,
    stale_after: Duration,
    settled_after: Duration,
}

/// What happens when the nodes are read again.
#[derive(Clone)]
enum Again {
    Listed(Vec<Value>),
    Status(u16),
    /// No answer at all.
    Silence,
}

fn node(name: &str, disk: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "resourceVersion": "3", "labels": {"disk": disk}},
        "spec": {}, "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}}})
}

fn vocabulary(inventory: &str) -> Value {
    json!({"apiVersion": keys::API_VERSION, "kind": keys::VOCABULARY_KIND,
        "metadata": {"name": "default", "resourceVersion": "7"}, "spec": {"inventory": inventory}})
}

fn deployment(rule: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"},
                    "annotations": {"placecard.dev/require": rule}},
                "spec": {"containers": [{"name": "web", "image": "web"}]}}}})
}

impl Default for World {
    fn default() -> Self {
        let nodes = vec![node("n1", "ssd"), node("n2", "hdd")];
        Self {
            again: Again::Listed(nodes.clone()),
            nodes,
            vocabulary: vocabulary("closed"),
            namespace: json!({"metadata": {"name": "shop"}}),
            mode: "enforce",
            stale_after: Duration::from_secs(300),
            settled_after: Duration::ZERO,
        }
    }
}

type Open = Arc<Mutex<BTreeMap<String, Rest>>>;

impl World {
    /// Answers until nobody can ask any more; the paths of lists and single objects are noted.
    fn serve(&self) -> (kube::Client, Arc<Mutex<Vec<String>>>, Open) {
        let (mut server, client) = Server::start();
        let (asked, open) = (Arc::<Mutex<Vec<String>>>::default(), Open::default());
        let (world, notes, streams) = (self.clone(), Arc::clone(&asked), Arc::clone(&open));
        tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Some(asked) = server.next().await {
                if asked.query("watch") == "true" {
                    world.stream(asked, &streams);
                    continue;
                }
                notes.lock().unwrap().push(asked.path.clone());
                match (asked.path.as_str(), &world.again) {
                    ("/api/v1/nodes", Again::Listed(nodes)) => asked.page(nodes, "20", ""),
                    ("/api/v1/nodes", Again::Status(code)) => asked.status(*code, "no"),
                    ("/api/v1/nodes", Again::Silence) => silent.push(asked),
                    ("/api/v1/namespaces/shop", _) => asked.body(&world.namespace.to_string()),
                    (path, _) if path.ends_with("placementvocabularies") => {
                        asked.page(std::slice::from_ref(&world.vocabulary), "20", "");
                    }
                    _ => asked.status(404, "not found"),
                }
            }
        });
        (client, asked, open)
    }

    fn stream(&self, asked: Asked, open: &Open) {
        let plural = asked.path.rsplit('/').next().unwrap_or_default().to_owned();
        let rest = asked.stream();
        let labels = json!({"placecard.dev/mode": self.mode});
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "shop", "resourceVersion": "3", "labels": labels}});
        match plural.as_str() {
            "nodes" => self.nodes.iter().for_each(|node| rest.event("ADDED", node)),
            "namespaces" => rest.event("ADDED", &namespace),
            _ => {}
        }
        rest.event("BOOKMARK", &end_of_list("10"));
        open.lock().unwrap().insert(plural, rest);
    }

    /// A webhook that has listed everything and uses the vocabulary.
    async fn start(&self) -> Stage {
        let (client, asked, open) = self.serve();
        let server = ServerVersion::default();
        let watches = Watches::start(&client, server, self.stale_after).unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while !watches.health().starting().is_empty() {
            assert!(Instant::now() < end, "{:?}", watches.health().starting());
            assert!(watches.edit(|_| {}, end).await);
            tokio::task::yield_now().await;
        }
        let known = Vocabulary::default();
        known.see(Some(&vocabulary("closed")));
        let source = Source::Live(Cluster::new(client), Arc::new(OnceLock::from(watches)));
        let settled_after = self.settled_after;
        let app = App { source, vocabulary: Some(known), settled_after, ..app() };
        Stage { app: shared(app), asked, open }
    }

    /// Creates the object.
    async fn create(&self, object: &Value) -> Told {
        let stage = self.start().await;
        stage.ask(&create(object)).await
    }
}

struct Stage {
    app: Arc<App>,
    asked: Arc<Mutex<Vec<String>>>,
    open: Open,
}

/// What the webhook answered.
#[derive(Debug)]
struct Told {
    allowed: bool,
    message: String,
    warnings: Value,
    /// The one outcome that was counted.
    outcome: String,
    asked: Vec<String>,
}

impl Stage {
    async fn ask(&self, review: &Value) -> Told {
        let answer = answer(&self.app, "/validate?timeout=2s", review).await;
        let response = &answer["response"];
        let (_, metrics) = support::get(&self.app, "/metrics").await;
        let counted = metrics.lines().filter_map(|line| {
            let rest = line.strip_prefix("placecard_closed_inventory_proofs_total{result=\"")?;
            Some(rest.split('"').next()?.to_owned())
        });
        Told {
            allowed: response["allowed"] == true,
            message: response["status"]["message"].as_str().unwrap_or_default().to_owned(),
            warnings: response["warnings"].clone(),
            outcome: counted.collect::<Vec<_>>().join(" "),
            asked: self.asked.lock().unwrap().clone(),
        }
    }
}

const WARNING: &str = "web: no node offers disk=nvme [no-node-fits]";

impl Told {
    /// Admitted, with the warning.
    fn is_admitted(&self, outcome: &str) {
        assert!(self.allowed, "{self:?}");
        assert_eq!(self.warnings, json!([WARNING]), "{self:?}");
        assert_eq!(self.outcome, outcome, "{self:?}");
    }
}

#[tokio::test]
async fn what_no_node_will_ever_hold_is_refused() {
    let told = World::default().create(&deployment("on nodes(disk=nvme)")).await;
    assert!(!told.allowed, "{told:?}");
    let message = "Deployment shop/web: no node offers disk=nvme [no-node-fits]\n  \
        spec.template.metadata.annotations[placecard.dev/require], line 1: disk=nvme";
    assert_eq!(told.message, message);
    assert_eq!((told.warnings, told.outcome.as_str()), (Value::Null, "confirmed"));
    assert!(told.asked.contains(&"/api/v1/nodes".to_owned()), "it was read again");
}

#[tokio::test]
async fn while_anything_is_in_doubt_it_is_admitted_with_the_warning() {
    let listed = |nodes: Vec<Value>| Again::Listed(nodes);
    let (n1, n2) = (node("n1", "ssd"), node("n2", "hdd"));
    let mut given = json!({"metadata": {"name": "shop", "annotations": {}}});
    given["metadata"]["annotations"]["scheduler.alpha.kubernetes.io/defaultTolerations"] =
        json!("[]");
    let mut unreadable = n2.clone();
    unreadable["spec"]["taints"] = json!("none");
    let world = World::default;
    let doubts: Vec<(&str, World, &str)> = vec![
        (
            "a node came between the proof and the second reading",
            World { again: listed(vec![n1.clone(), n2.clone(), node("n3", "hdd")]), ..world() },
            "changed",
        ),
        (
            "a label came between the proof and the second reading",
            World { again: listed(vec![n1.clone(), node("n2", "nvme")]), ..world() },
            "changed",
        ),
        (
            "a node cannot be read",
            World { again: listed(vec![n1, unreadable]), ..world() },
            "unread",
        ),
        ("no nodes are listed", World { again: listed(Vec::new()), ..world() }, "unread"),
        ("nodes may not be listed", World { again: Again::Status(403), ..world() }, "unread"),
        ("the server is broken", World { again: Again::Status(500), ..world() }, "unread"),
        ("the server is silent", World { again: Again::Silence, ..world() }, "unread"),
        (
            "the inventory is open by now",
            World { vocabulary: vocabulary("open"), ..world() },
            "changed",
        ),
        (
            "the vocabulary cannot be used by now",
            World { vocabulary: vocabulary("shut"), ..world() },
            "unread",
        ),
        ("the namespace gives tolerations", World { namespace: given, ..world() }, "changed"),
        (
            "something changed a moment ago",
            World { settled_after: Duration::from_secs(3600), ..world() },
            "unsettled",
        ),
    ];
    for (why, world, outcome) in doubts {
        println!("{why}");
        world.create(&deployment("on nodes(disk=nvme)")).await.is_admitted(outcome);
    }
}

#[tokio::test]
async fn an_autoscaler_may_bring_other_nodes() {
    let marked = |pointer: &str, key: &str, value: Value| {
        let mut marked = node("n2", "hdd");
        marked[pointer.split('/').next().unwrap()][pointer.split('/').nth(1).unwrap()] =
            match pointer {
                "spec/taints" => json!([{"key": key, "value": "", "effect": "NoSchedule"}]),
                _ => json!({key: value}),
            };
        marked
    };
    for marked in [
        marked(
            "metadata/annotations",
            "cluster-autoscaler.kubernetes.io/scale-down-disabled",
            json!("true"),
        ),
        marked("metadata/labels", "karpenter.sh/nodepool", json!("general")),
        marked("spec/taints", "ToBeDeletedByClusterAutoscaler", Value::Null),
        marked("metadata/labels", "type", json!("virtual-kubelet")),
    ] {
        let nodes = vec![node("n1", "ssd"), marked];
        let world = World { again: Again::Listed(nodes.clone()), nodes, ..World::default() };
        let told = world.create(&deployment("on nodes(disk=nvme)")).await;
        told.is_admitted("");
        assert!(!told.asked.contains(&"/api/v1/nodes".to_owned()), "there is nothing to confirm");
    }
}

#[tokio::test]
async fn an_index_that_is_too_old_proves_nothing() {
    let world = World { stale_after: Duration::ZERO, ..World::default() };
    let told = world.create(&deployment("on nodes(disk=nvme)")).await;
    assert!(told.allowed, "{told:?}");
    assert_eq!((told.warnings, told.outcome.as_str()), (Value::Null, ""));
}

#[tokio::test]
async fn what_did_not_get_worse_and_what_the_mode_lets_pass_is_admitted() {
    let stage = World::default().start().await;
    let (bad, good) = (deployment("on nodes(disk=nvme)"), deployment("on nodes(disk=ssd)"));
    let update = |old: &Value, new: &Value| {
        let mut review = create(new);
        review["request"]["operation"] = json!("UPDATE");
        review["request"]["oldObject"] = old.clone();
        review
    };
    let mut larger = bad.clone();
    larger["spec"]["replicas"] = json!(9);
    let mut other = bad.clone();
    other["spec"]["template"]["metadata"]["labels"]["more"] = json!("x");
    for admitted in [update(&bad, &larger), update(&bad, &other), update(&bad, &bad)] {
        let told = stage.ask(&admitted).await;
        assert!(told.allowed, "{told:?}");
        assert!(!told.asked.contains(&"/api/v1/nodes".to_owned()), "{told:?}");
    }
    assert!(!stage.ask(&update(&good, &bad)).await.allowed, "it got worse");
    let mut idle = bad.clone();
    idle["spec"]["replicas"] = json!(0);
    assert!(stage.ask(&create(&idle)).await.allowed, "it asks for no pod");

    let owner = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "u",
        "controller": true}]);
    let pod = |owners: Value| {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "namespace": "shop", "ownerReferences": owners},
            "spec": {"nodeSelector": {"disk": "nvme"},
                "containers": [{"name": "web", "image": "web"}]}})
    };
    assert!(stage.ask(&create(&pod(owner))).await.allowed, "its workload was judged");
    assert!(!stage.ask(&create(&pod(json!([])))).await.allowed, "nobody judged it before");

    let lenient = World { mode: "warn", ..World::default() };
    lenient.create(&bad).await.is_admitted("confirmed");
    let off = World { mode: "off", ..World::default() };
    let told = off.create(&bad).await;
    assert_eq!((told.allowed, told.warnings), (true, Value::Null));
}

#[tokio::test]
async fn heartbeats_are_no_changes_and_labels_are() {
    let stage = World::default().start().await;
    let watches = stage.app.source.watches().unwrap();
    let event = async |object: &Value| {
        let events = || watches.health().of(Watched::Node).unwrap().events.get();
        let before = events();
        stage.open.lock().unwrap()["nodes"].event("MODIFIED", object);
        let end = Instant::now() + Duration::from_secs(20);
        while events() == before {
            assert!(Instant::now() < end, "not in time");
            tokio::task::yield_now().await;
        }
        assert!(watches.edit(|_| {}, end).await);
        watches.current().node_changes()
    };
    let mut beat = node("n2", "hdd");
    beat["metadata"]["resourceVersion"] = json!("11");
    beat["status"]["conditions"] = json!([{"type": "Ready", "status": "Unknown"}]);
    beat["spec"]["unschedulable"] = json!(true);
    let first = watches.current().node_changes();
    assert_eq!(event(&beat).await, first, "its state comes and goes");
    let mut labelled = node("n2", "nvme");
    labelled["metadata"]["resourceVersion"] = json!("12");
    assert_eq!(event(&labelled).await, first + 1);
}
