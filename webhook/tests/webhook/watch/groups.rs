//! Pods of other controllers' groups while the watch of RoleCoordinations is behind: what was made a
//! moment ago counts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use placecard_policies::language::keys;
use placecard_policies::surroundings::ServerVersion;
use placecard_webhook::cluster::Cluster;
use placecard_webhook::serve::App;
use placecard_webhook::source::Source;
use placecard_webhook::watch::Watches;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::server::{Asked, Rest, Server, end_of_list};
use crate::support::{answer, app, create, shared};

/// A coordination that its watch does not show.
fn unseen() -> Value {
    let role = json!({"name": "workers", "role": "workers", "groupRef": {"name": "train",
        "apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet"}});
    json!({"metadata": {"namespace": "shop", "name": "train", "uid": "u"},
        "spec": {"roles": [role], "coordination": [{"name": "pd", "type": "AffinityScheduling",
            "roles": ["workers"], "strategy": {"affinityScheduling": {"ratios": {"workers": 2},
                "batchMode": "Parallel"}}}]}})
}

fn pod(set: &str, job: u32) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "shop", "name": format!("{set}-workers-{job}"), "labels": {
            "jobset.sigs.k8s.io/jobset-name": set,
            "jobset.sigs.k8s.io/replicatedjob-name": "workers",
            "jobset.sigs.k8s.io/job-index": job.to_string()}},
        "spec": {"containers": [{"name": "c", "image": "i"}]}})
}

/// How a list of the RoleCoordinations of the namespace is answered, and how often one was asked for.
struct World {
    code: u16,
    lists: AtomicUsize,
    open: Mutex<Vec<Rest>>,
}

impl World {
    fn answer(&self, asked: Asked) {
        let path = asked.path.clone();
        if asked.query("watch") == "true" {
            let rest = asked.stream();
            rest.event("BOOKMARK", &end_of_list("10"));
            self.open.lock().unwrap().push(rest);
        } else if path.ends_with(keys::VERSION) {
            let resource = json!({"name": keys::COORDINATION_PLURAL, "namespaced": true});
            asked.body(&json!({"resources": [resource]}).to_string());
        } else if path.contains("/namespaces/shop/") && path.ends_with(keys::COORDINATION_PLURAL) {
            self.lists.fetch_add(1, Ordering::SeqCst);
            match self.code {
                200 => asked.page(&[unseen()], "20", ""),
                code => asked.status(code, "not now"),
            }
        } else {
            asked.status(404, "not found");
        }
    }
}

async fn webhook(code: u16) -> (Arc<App>, Arc<World>) {
    let (mut server, client) = Server::start();
    let world = Arc::new(World { code, lists: AtomicUsize::new(0), open: Mutex::default() });
    let behind = Arc::clone(&world);
    tokio::spawn(async move {
        while let Some(asked) = server.next().await {
            behind.answer(asked);
        }
    });
    let version = ServerVersion::default();
    let watches = Watches::start(&client, version, Duration::from_secs(300)).unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while !watches.health().starting().is_empty() {
        assert!(Instant::now() < end, "{:?}", watches.health().starting());
        assert!(watches.edit(|_| {}, end).await);
        tokio::task::yield_now().await;
    }
    let source = Source::Live(Cluster::new(client), Arc::new(OnceLock::from(watches)));
    (shared(App { source, ..app() }), world)
}

#[tokio::test]
async fn a_coordination_that_the_watch_has_not_shown_yet_counts() {
    let (app, world) = webhook(200).await;
    for door in ["/mutate", "/validate"] {
        let found = answer(&app, door, &create(&pod("train", 3))).await;
        let is_patched = found["response"]["patch"].is_string();
        // What is not expanded is refused at the second door.
        assert_eq!(found["response"]["allowed"], is_patched, "{found}");
        assert_eq!(is_patched, door == "/mutate", "{found}");
    }
    assert_eq!(world.lists.load(Ordering::SeqCst), 2);
    // A group that nobody refers to there either goes its way.
    let found = answer(&app, "/mutate", &create(&pod("other", 3))).await;
    assert_eq!(found["response"]["allowed"], true, "{found}");
    assert!(found["response"]["patch"].is_null(), "{found}");
}

#[tokio::test]
async fn pods_are_tried_again_where_that_cannot_be_read() {
    let (app, _) = webhook(503).await;
    let found = answer(&app, "/mutate", &create(&pod("train", 3))).await;
    assert_eq!(found["response"]["allowed"], false, "{found}");
    assert_eq!(found["response"]["status"]["code"], 503, "{found}");
    // Who may not list them, or has none, is to see none.
    for code in [403, 404] {
        let (app, _) = webhook(code).await;
        let found = answer(&app, "/mutate", &create(&pod("train", 3))).await;
        assert_eq!(found["response"]["allowed"], true, "{code}: {found}");
    }
}

#[tokio::test]
async fn many_pods_at_once_share_what_is_read() {
    let (app, world) = webhook(200).await;
    let mut tasks = JoinSet::new();
    for job in 0..200 {
        let app = Arc::clone(&app);
        tasks.spawn(async move { answer(&app, "/mutate", &create(&pod("train", job))).await });
    }
    while let Some(found) = tasks.join_next().await {
        assert!(found.unwrap()["response"]["patch"].is_string());
    }
    let lists = world.lists.load(Ordering::SeqCst);
    assert!((1..=20).contains(&lists), "{lists} lists for 200 pods");
}
