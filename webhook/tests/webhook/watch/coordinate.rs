//! The controller of batches against an API server that is busy, and whose watch is behind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use placecard_policies::coordination::membership::id;
use placecard_policies::language::keys;
use placecard_policies::surroundings::ServerVersion;
use placecard_webhook::cluster::Cluster;
use placecard_webhook::coordinate::{self, Settings};
use placecard_webhook::leader::{Leader, Store};
use placecard_webhook::serve::App;
use placecard_webhook::source::Source;
use placecard_webhook::watch::Watches;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::server::{Asked, Rest, Server, end_of_list};
use crate::support::app;

/// A Lease that nobody else wants.
struct Mine;

impl Store for Mine {
    async fn get(&self) -> Result<Option<Value>, String> {
        Ok(None)
    }

    async fn put(&self, lease: Value) -> Result<Option<Value>, String> {
        Ok(Some(lease))
    }
}

fn pod(name: &str, set: &str) -> Value {
    json!({"metadata": {"namespace": "ml", "name": name, "uid": name, "resourceVersion": "5",
            "labels": {keys::COORDINATION: id("ml", "llm", "pd"), keys::BATCH: "0"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": set,
                "uid": "s", "controller": true}]},
        "spec": {"schedulingGates": [{"name": keys::BATCH_GATE}], "containers": [{"name": "c"}]}})
}

fn objects(plural: &str) -> Vec<Value> {
    let set = |name: &str, replicas: u32| json!({"metadata": {"namespace": "ml", "name": name}, "spec": {"replicas": replicas}});
    let role = |name: &str| {
        json!({"name": name,
        "workloadRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name}})
    };
    match plural {
        "namespaces" => vec![json!({"metadata": {"name": "ml"}})],
        "nodes" => vec![json!({"metadata": {"name": "n1",
            "labels": {"kubernetes.io/hostname": "n1"}},
            "status": {"allocatable": {"cpu": "8", "memory": "8Gi", "pods": "10"}}})],
        "statefulsets" => vec![set("prefill", 2), set("decode", 1)],
        "pods" => {
            vec![
                pod("prefill-0", "prefill"),
                pod("prefill-1", "prefill"),
                pod("decode-0", "decode"),
            ]
        }
        keys::COORDINATION_PLURAL => vec![json!({
            "metadata": {"namespace": "ml", "name": "llm", "uid": "u", "generation": 1},
            "spec": {"roles": [role("prefill"), role("decode")],
                "coordination": [{"name": "pd", "type": "AffinityScheduling",
                    "roles": ["prefill", "decode"],
                    "strategy": {"affinityScheduling": {"ratios": {"prefill": 2, "decode": 1},
                        "batchMode": "Sequential"}}}]}})],
        _ => Vec::new(),
    }
}

/// What was asked about each pod, and how it was answered.
type Patches = Arc<Mutex<Vec<(String, u16)>>>;

fn answer(asked: Asked, patches: &Patches, open: &mut BTreeMap<String, Rest>) {
    let path = asked.path.clone();
    let last = path.rsplit('/').next().unwrap_or_default().to_owned();
    if asked.query("watch") == "true" {
        let rest = asked.stream();
        objects(&last).iter().for_each(|object| rest.event("ADDED", object));
        rest.event("BOOKMARK", &end_of_list("10"));
        open.insert(last, rest);
    } else if last == keys::VERSION {
        let resource = json!({"name": keys::COORDINATION_PLURAL, "namespaced": true});
        asked.body(&json!({"resources": [resource]}).to_string());
    } else if path.contains("/pods/") {
        let mut patches = patches.lock().unwrap();
        let known = patches.iter().filter(|(name, _)| *name == last).count();
        // Each pod is refused once, by another kind of refusal.
        let code = match (known, last.as_str()) {
            (0, "prefill-0") => 429,
            (0, "prefill-1") => 409,
            _ => 200,
        };
        patches.push((last, code));
        match code {
            200 => asked.body(r#"{"metadata": {"resourceVersion": "20"}}"#),
            code => asked.status(code, "not now"),
        }
    } else {
        asked.body("{}");
    }
}

#[tokio::test]
async fn each_pod_is_let_go_once_whatever_the_api_server_says_before() {
    let (mut server, client) = Server::start();
    let patches = Patches::default();
    let told = Arc::clone(&patches);
    tokio::spawn(async move {
        let mut open = BTreeMap::new();
        while let Some(asked) = server.next().await {
            answer(asked, &told, &mut open);
        }
    });
    let version = ServerVersion::default();
    let watches = Watches::start(&client, version, Duration::from_secs(300)).unwrap();
    let source = Source::Live(Cluster::new(client.clone()), Arc::new(OnceLock::from(watches)));
    let app = Arc::new(App { source, clock: SystemTime::now, ..app() });
    let leader = Leader::run(Mine, "me".to_owned(), Arc::new(SystemTime::now));
    let settings = Settings { every: Duration::from_millis(2), ..Settings::default() };
    tokio::spawn(coordinate::run(Arc::clone(&app), client, leader, "me".to_owned(), settings));

    let end = Instant::now() + Duration::from_secs(20);
    let edit = async || {
        let watches = app.source.watches().unwrap();
        // A change that no coordination is about.
        assert!(watches.edit(|_| {}, end).await);
        tokio::task::yield_now().await;
    };
    let done = || {
        let patches = patches.lock().unwrap();
        patches.iter().filter(|(_, code)| *code == 200).count()
    };
    while done() < 3 {
        assert!(Instant::now() < end, "not in time: {:?}", patches.lock().unwrap());
        edit().await;
    }
    // The watch never shows it: what was done is not done again.
    for _ in 0..200 {
        edit().await;
    }
    let mut found = patches.lock().unwrap().clone();
    found.sort();
    let expected = [
        ("decode-0", 200),
        ("prefill-0", 200),
        ("prefill-0", 429),
        ("prefill-1", 200),
        ("prefill-1", 409),
    ];
    assert_eq!(found, expected.map(|(name, code)| (name.to_owned(), code)));
}
