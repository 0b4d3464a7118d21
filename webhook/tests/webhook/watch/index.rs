//! From the watches to answers: the index, readiness and metrics.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::http::StatusCode;
use placecard_policies::language::intent::TargetKind;
use placecard_policies::live::{WATCHED, Watched, basis};
use placecard_policies::surroundings::{Answer, Reference, ServerVersion};
use placecard_webhook::cluster::Cluster;
use placecard_webhook::source::Source;
use placecard_webhook::watch::Watches;
use placecard_webhook::watch::health::Standing;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::server::{Asked, Rest, Server, end_of_list};
use crate::support;

/// A cluster that lists what a test says, refuses what it says, and streams what it says later.
#[derive(Clone, Default)]
struct World {
    objects: BTreeMap<&'static str, Vec<Value>>,
    refused: Vec<&'static str>,
    /// Whose lists never end.
    stuck: Vec<&'static str>,
    /// Single objects that were asked for.
    gets: Arc<Mutex<Vec<String>>>,
    open: Arc<Mutex<BTreeMap<String, Rest>>>,
}

impl World {
    fn with(plural: &'static str, objects: &[Value]) -> Self {
        Self { objects: BTreeMap::from([(plural, objects.to_vec())]), ..Self::default() }
    }

    fn serve(&self) -> kube::Client {
        let (mut server, client) = Server::start();
        let world = self.clone();
        tokio::spawn(async move {
            while let Some(asked) = server.next().await {
                world.answer(asked);
            }
        });
        client
    }

    fn answer(&self, asked: Asked) {
        let plural = asked.path.rsplit('/').next().unwrap_or_default().to_owned();
        if asked.query("watch") != "true" {
            self.gets.lock().unwrap().push(asked.path.clone());
            return asked.status(404, "not found");
        }
        if self.refused.contains(&plural.as_str()) {
            return asked.status(403, "no");
        }
        let rest = asked.stream();
        let objects = self.objects.get(plural.as_str()).into_iter().flatten();
        objects.for_each(|object| rest.event("ADDED", object));
        if !self.stuck.contains(&plural.as_str()) {
            rest.event("BOOKMARK", &end_of_list("10"));
        }
        self.open.lock().unwrap().insert(plural, rest);
    }

    fn event(&self, plural: &str, happened: &str, object: &Value) {
        self.open.lock().unwrap()[plural].event(happened, object);
    }
}

fn service(name: &str, app: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "spec": {"selector": {"app": app}},
        "metadata": {"name": name, "namespace": "shop", "uid": "0a0b0c0d-0000-4000-8000-000000000001",
            "resourceVersion": "3"}})
}

fn reference(name: &str) -> Reference {
    let (kind, namespace) = (TargetKind::Service, "shop".to_owned());
    Reference::Target { kind, namespace, name: name.to_owned() }
}

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

/// Waits until the index knows what a test waits for.
async fn until(watches: &Watches, mut seen: impl FnMut(&Watches) -> bool) {
    let end = deadline();
    while !seen(watches) {
        assert!(Instant::now() < end, "not in time; starting: {:?}", watches.health().starting());
        assert!(watches.edit(|_| {}, end).await);
        tokio::task::yield_now().await;
    }
}

fn start(world: &World, stale_after: Duration) -> (Watches, kube::Client) {
    let client = world.serve();
    let watches = Watches::start(&client, ServerVersion::default(), stale_after).unwrap();
    (watches, client)
}

fn app_of(answer: Option<Answer>) -> Option<String> {
    match answer? {
        Answer::Selector(selector) => selector?.native().match_labels?.get("app").cloned(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_known_is_not_asked_for() {
    let world = World::with("services", &[service("db", "one")]);
    let (watches, client) = start(&world, Duration::from_secs(300));
    assert_eq!(watches.answer(&reference("db")), None, "nothing is listed yet");
    until(&watches, |watches| watches.health().is_trusted()).await;
    assert_eq!(app_of(watches.answer(&reference("db"))).as_deref(), Some("one"));
    world.event("services", "MODIFIED", &service("db", "two"));
    until(&watches, |it| app_of(it.answer(&reference("db"))).as_deref() == Some("two")).await;

    let source = OnceLock::new();
    source.set(watches).unwrap();
    let source = Source::Live(Cluster::new(client), Arc::new(source));
    let asked = vec![reference("db"), reference("new")];
    let answers = source.objects(asked, deadline()).await;
    assert!(matches!(answers.get(&reference("db")), Some(Answer::Selector(Some(_)))));
    assert_eq!(answers.get(&reference("new")), Some(&Answer::Absent));
    // What the index does not have is asked for: it may have been made a moment ago.
    let mut gets = world.gets.lock().unwrap().clone();
    // Whether the cluster has a kind that it may lack.
    gets.retain(|path| path.contains("/namespaces/"));
    assert_eq!(gets, ["/api/v1/namespaces/shop/services/new"]);

    let watches = source.watches().unwrap();
    world.event("services", "DELETED", &service("db", "two"));
    until(watches, |watches| watches.answer(&reference("db")).is_none()).await;
    // An object that cannot be read is not known in its old form.
    world.event("services", "ADDED", &service("db", "three"));
    until(watches, |watches| watches.answer(&reference("db")).is_some()).await;
    let mut odd = service("db", "four");
    odd["spec"] = json!(7);
    world.event("services", "MODIFIED", &odd);
    until(watches, |watches| watches.answer(&reference("db")).is_none()).await;
    assert_eq!(watches.health().of(Watched::Service).unwrap().broken.get(), 1);
    assert_eq!(watches.current().broken_count(Watched::Service), 1);
    world.event("services", "MODIFIED", &service("db", "five"));
    until(watches, |it| app_of(it.answer(&reference("db"))).as_deref() == Some("five")).await;
    assert_eq!(watches.current().broken_count(Watched::Service), 0);
}

#[tokio::test]
async fn an_index_that_is_too_old_is_not_believed() {
    let world = World::with("services", &[service("db", "one")]);
    let (watches, _) = start(&world, Duration::ZERO);
    until(&watches, |watches| watches.health().age().is_some_and(|age| !age.is_zero())).await;
    assert!(!watches.health().is_trusted());
    assert_eq!(watches.answer(&reference("db")), None);
}

#[tokio::test]
async fn ready_after_the_first_list_of_what_is_served_and_allowed() {
    let mut world = World::with("services", &[service("db", "one"), service("web", "two")]);
    world.refused = vec!["leases", "cronjobs"];
    let (watches, client) = start(&world, Duration::from_secs(300));
    assert_eq!(watches.health().starting().len(), WATCHED.len());
    until(&watches, |watches| watches.health().starting().is_empty()).await;
    assert_eq!(watches.health().standing(Watched::Lease), Standing::Refused);
    assert!(!watches.current().is_complete(Watched::Lease));

    // The same, as who looks from outside sees it.
    let source = Arc::new(OnceLock::new());
    let mut app = support::app();
    app.source = Source::Live(Cluster::new(client.clone()), Arc::clone(&source));
    let app = support::shared(app);
    source
        .set(Watches::start(&client, ServerVersion::default(), Duration::from_secs(300)).unwrap())
        .unwrap();
    let (status, text) = support::get(&app, "/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(text.starts_with("not listed yet: ") && text.contains("pods"), "{text}");
    until(source.get().unwrap(), |watches| watches.health().starting().is_empty()).await;
    assert_eq!(support::get(&app, "/readyz").await.0, StatusCode::OK);
    let (_, text) = support::get(&app, "/metrics").await;
    for line in [
        r#"placecard_watched_objects{resource="services"} 2"#,
        r#"placecard_watch_synced{resource="services"} 1"#,
        r#"placecard_watch_synced{resource="leases"} 0"#,
        r#"placecard_watch_lists_total{resource="services"} 1"#,
        r#"placecard_watch_broken_total{resource="services"} 0"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(
        text.lines().any(|line| line.starts_with("placecard_snapshot_age_seconds{}")),
        "{text}"
    );
}

#[tokio::test]
async fn a_stuck_watch_silences_what_rests_on_it_and_nothing_else() {
    let mut world = World::with("services", &[service("db", "one")]);
    world.stuck = vec!["horizontalpodautoscalers"];
    let (watches, _) = start(&world, Duration::from_secs(300));
    until(&watches, |it| it.health().starting() == ["horizontalpodautoscalers"]).await;
    assert!(!watches.health().is_trusted(), "as a whole");
    assert_eq!(app_of(watches.answer(&reference("db"))).as_deref(), Some("one"));
    assert!(watches.trusted(&basis::of_users()).is_some());
    assert!(watches.judging(&[Watched::Node, Watched::Pod], deadline()).await.is_some());
    let kinds = [Watched::Node, Watched::HorizontalPodAutoscaler];
    assert!(watches.trusted(&kinds).is_none());
    assert!(watches.judging(&kinds, deadline()).await.is_none());

    world.stuck = vec!["nodes"];
    let (watches, _) = start(&world, Duration::from_secs(300));
    until(&watches, |it| it.health().starting() == ["nodes"]).await;
    assert_eq!(app_of(watches.answer(&reference("db"))).as_deref(), Some("one"));
    assert!(watches.trusted(&basis::of_users()).is_some());
    assert!(watches.judging(&[Watched::Node, Watched::Pod], deadline()).await.is_none());
}

#[tokio::test]
async fn what_fits_nowhere_is_warned_of_and_admitted() {
    let mut world = World::with(
        "nodes",
        &[json!({"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": "n", "resourceVersion": "2", "labels": {"disk": "ssd"}},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}}})],
    );
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "shop", "resourceVersion": "1"}});
    world.objects.insert("namespaces", vec![namespace]);
    // No verdict on a pod is read from these.
    world.stuck = vec!["horizontalpodautoscalers", "persistentvolumes"];
    let client = world.serve();
    let source = Arc::new(OnceLock::new());
    let mut app = support::app();
    app.source = Source::Live(Cluster::new(client.clone()), Arc::clone(&source));
    let app = support::shared(app);
    let asks = |cpu: &str| {
        let mut pod = support::plain_pod();
        pod["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": cpu}});
        support::create(&pod)
    };
    let before = support::answer(&app, "/validate", &asks("5")).await;
    assert_eq!(before["response"]["warnings"], Value::Null, "nothing is known yet");
    let watches = Watches::start(&client, ServerVersion::default(), Duration::from_secs(300));
    source.set(watches.unwrap()).unwrap();
    until(source.get().unwrap(), |it| it.health().starting().len() == 2).await;

    let fits = support::answer(&app, "/validate", &asks("3")).await;
    assert_eq!(fits["response"]["warnings"], Value::Null, "{fits}");
    let shut = support::answer(&app, "/validate", &asks("5")).await;
    assert_eq!(shut["response"]["allowed"], true, "{shut}");
    let warnings = shut["response"]["warnings"].as_array().unwrap();
    assert!(warnings.iter().any(|it| it.as_str().unwrap().contains("node")), "{shut}");

    // Its controller would not read that.
    let mut owned = asks("5");
    owned["request"]["object"]["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1",
        "kind": "ReplicaSet", "name": "web", "uid": "u", "controller": true}]);
    let owned = support::answer(&app, "/validate", &owned).await;
    assert_eq!(
        (&owned["response"]["allowed"], &owned["response"]["warnings"]),
        (&json!(true), &Value::Null)
    );
}
