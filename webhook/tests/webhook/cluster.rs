//! Look-ups against a stand-in for the API server.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{Request, Response, StatusCode};
use kube::client::Body;
use placecard_findings::ObjectRef;
use placecard_policies::language::intent::TargetKind;
use placecard_policies::surroundings::{Answer, Reference, ServerVersion};
use placecard_webhook::cluster::Cluster;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::service_fn;

/// What the stand-in knows, and what it was asked.
struct Server {
    objects: BTreeMap<&'static str, (u16, Value)>,
    asked: Mutex<Vec<String>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Server {
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn server(objects: &[(&'static str, u16, Value)]) -> (Cluster, Arc<Server>) {
    let objects = objects.iter().map(|(path, code, value)| (*path, (*code, value.clone())));
    let server = Arc::new(Server {
        objects: objects.collect(),
        asked: Mutex::default(),
        at_once: AtomicUsize::new(0),
        most_at_once: AtomicUsize::new(0),
    });
    let behind = Arc::clone(&server);
    let service = service_fn(move |request: Request<Body>| {
        let server = Arc::clone(&behind);
        async move {
            let path = request.uri().path().to_owned();
            server.asked.lock().unwrap().push(path.clone());
            let now = server.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            server.most_at_once.fetch_max(now, Ordering::SeqCst);
            if path.ends_with("/slow") {
                tokio::time::sleep(Duration::from_secs(3600)).await;
            }
            tokio::task::yield_now().await;
            server.at_once.fetch_sub(1, Ordering::SeqCst);
            let absent = (404, json!({"kind": "Status", "code": 404, "reason": "NotFound"}));
            let (code, value) = server.objects.get(path.as_str()).cloned().unwrap_or(absent);
            let body = Body::from(value.to_string().into_bytes());
            let response = Response::builder().status(StatusCode::from_u16(code).unwrap());
            Ok::<_, std::io::Error>(response.body(body).unwrap())
        }
    });
    (Cluster::new(kube::Client::new(service, "default")), server)
}

async fn answers(cluster: &Cluster, references: &[Reference]) -> Vec<Answer> {
    let deadline = Instant::now() + Duration::from_secs(5);
    let found = cluster.answers(references.to_vec(), deadline).await;
    assert_eq!(found.len(), references.len());
    let found: BTreeMap<_, _> = found.into_iter().collect();
    references.iter().map(|reference| found[reference].clone()).collect()
}

async fn answer(cluster: &Cluster, reference: &Reference) -> Answer {
    answers(cluster, std::slice::from_ref(reference)).await.remove(0)
}

fn target(kind: TargetKind, name: &str) -> Reference {
    Reference::Target { kind, namespace: "shop".to_owned(), name: name.to_owned() }
}

fn owner(api_version: &str, kind: &str, name: &str, uid: &str) -> Reference {
    let object = ObjectRef {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: "shop".to_owned(),
        name: name.to_owned(),
    };
    Reference::Owner { object: Box::new(object), uid: uid.to_owned() }
}

fn object(api_version: &str, kind: &str, name: &str, selector: &Value) -> Value {
    json!({"apiVersion": api_version, "kind": kind,
        "metadata": {"namespace": "shop", "name": name, "uid": format!("uid-{name}")},
        "spec": {"selector": selector}})
}

fn labels(answer: &Answer) -> Value {
    match answer {
        Answer::Selector(Some(selector)) => json!(selector.native().match_labels),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn targets_and_namespaces_are_read_where_they_live() {
    let web = json!({"matchLabels": {"app": "web"}});
    let (cluster, server) = server(&[
        (
            "/api/v1/namespaces/shop/services/db",
            200,
            object("v1", "Service", "db", &json!({"app": "db"})),
        ),
        (
            "/api/v1/namespaces/shop/services/none",
            200,
            object("v1", "Service", "none", &Value::Null),
        ),
        (
            "/apis/apps/v1/namespaces/shop/deployments/a",
            200,
            object("apps/v1", "Deployment", "a", &web),
        ),
        (
            "/apis/apps/v1/namespaces/shop/statefulsets/a",
            200,
            object("apps/v1", "StatefulSet", "a", &web),
        ),
        (
            "/apis/apps/v1/namespaces/shop/daemonsets/a",
            200,
            object("apps/v1", "DaemonSet", "a", &web),
        ),
        ("/apis/batch/v1/namespaces/shop/jobs/a", 200, object("batch/v1", "Job", "a", &web)),
        (
            "/api/v1/namespaces/shop",
            200,
            json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "shop", "labels": {"team": "a"}}}),
        ),
    ]);
    assert_eq!(
        labels(&answer(&cluster, &target(TargetKind::Service, "db")).await),
        json!({"app": "db"})
    );
    assert_eq!(
        answer(&cluster, &target(TargetKind::Service, "none")).await,
        Answer::Selector(None)
    );
    for kind in
        [TargetKind::Deployment, TargetKind::StatefulSet, TargetKind::DaemonSet, TargetKind::Job]
    {
        assert_eq!(labels(&answer(&cluster, &target(kind, "a")).await), json!({"app": "web"}));
    }
    assert_eq!(answer(&cluster, &target(TargetKind::Service, "gone")).await, Answer::Absent);
    let Answer::Namespace(labels) =
        answer(&cluster, &Reference::Namespace { name: "shop".to_owned() }).await
    else {
        panic!()
    };
    assert_eq!(labels["team"], "a");
    assert_eq!(labels["kubernetes.io/metadata.name"], "shop");
    // Services can change: they are asked for each time.
    server.asked();
    answer(&cluster, &target(TargetKind::Service, "db")).await;
    assert_eq!(server.asked(), ["/api/v1/namespaces/shop/services/db"]);
}

#[tokio::test]
async fn an_owner_is_the_very_object_that_is_meant_and_is_asked_for_once() {
    let web = json!({"matchLabels": {"app": "web"}});
    let set = object("apps/v1", "ReplicaSet", "a", &web);
    let controller = object("v1", "ReplicationController", "a", &json!({"app": "old"}));
    let (cluster, server) = server(&[
        ("/apis/apps/v1/namespaces/shop/replicasets/a", 200, set),
        ("/api/v1/namespaces/shop/replicationcontrollers/a", 200, controller),
    ]);
    let meant = owner("apps/v1", "ReplicaSet", "a", "uid-a");
    for _ in 0..3 {
        assert_eq!(labels(&answer(&cluster, &meant).await), json!({"app": "web"}));
    }
    assert_eq!(server.asked().len(), 1, "a selector cannot change");
    let other = owner("apps/v1", "ReplicaSet", "a", "uid-b");
    assert_eq!(answer(&cluster, &other).await, Answer::Absent);
    assert_eq!(answer(&cluster, &other).await, Answer::Absent);
    assert_eq!(server.asked().len(), 2, "what is not there may come");
    let mutable = owner("v1", "ReplicationController", "a", "uid-a");
    for _ in 0..2 {
        assert_eq!(labels(&answer(&cluster, &mutable).await), json!({"app": "old"}));
    }
    assert_eq!(server.asked().len(), 2, "this selector can change");
    assert_eq!(answer(&cluster, &owner("v1", "Node", "n1", "u")).await, Answer::Absent);
    assert_eq!(server.asked().len(), 0, "a mirror pod's node has no selector");
}

#[tokio::test]
async fn owners_of_other_kinds_are_found_through_the_api_s_own_description() {
    let resources = json!({"kind": "APIResourceList", "resources": [
        {"name": "rollouts/status", "kind": "Rollout", "namespaced": true},
        {"name": "rollouts", "kind": "Rollout", "namespaced": true},
        {"name": "realms", "kind": "Realm", "namespaced": false},
        {"name": "secrets", "kind": "Hidden", "namespaced": true}]});
    let rollout = object("example.com/v1", "Rollout", "a", &json!({"matchLabels": {"app": "web"}}));
    let odd = object("example.com/v1", "Rollout", "odd", &json!({"app": "web"}));
    let realm = object("example.com/v1", "Realm", "r", &json!({"matchLabels": {"realm": "r"}}));
    let (cluster, server) = server(&[
        ("/apis/example.com/v1", 200, resources),
        ("/apis/example.com/v1/namespaces/shop/rollouts/a", 200, rollout),
        ("/apis/example.com/v1/namespaces/shop/rollouts/odd", 200, odd),
        ("/apis/example.com/v1/realms/r", 200, realm),
        ("/apis/example.com/v1/namespaces/shop/secrets/s", 403, json!({"code": 403})),
        ("/apis/closed.com/v1", 403, json!({"code": 403})),
    ]);
    let a = owner("example.com/v1", "Rollout", "a", "uid-a");
    assert_eq!(labels(&answer(&cluster, &a).await), json!({"app": "web"}));
    assert_eq!(labels(&answer(&cluster, &a).await), json!({"app": "web"}));
    let asked = server.asked();
    assert_eq!(asked.iter().filter(|path| *path == "/apis/example.com/v1").count(), 1);
    assert_eq!(asked.len(), 3, "the description is kept, the selector is not");
    let realm = owner("example.com/v1", "Realm", "r", "uid-r");
    assert_eq!(labels(&answer(&cluster, &realm).await), json!({"realm": "r"}));
    for unknown in [
        owner("example.com/v1", "Rollout", "odd", "uid-odd"),
        owner("example.com/v1", "Hidden", "s", "uid-s"),
        owner("example.com/v1", "Absent", "s", "uid-s"),
        owner("closed.com/v1", "Hidden", "s", "uid-s"),
        owner("nowhere.com/v1", "Hidden", "s", "uid-s"),
    ] {
        assert_eq!(answer(&cluster, &unknown).await, Answer::Absent, "{unknown:?}");
    }
}

#[tokio::test]
async fn no_name_reaches_another_path() {
    let (cluster, server) = server(&[]);
    for name in ["", ".", "..", "../secrets/x", "a/b", "a?b", "a%2fb", "A", "ü", &"a".repeat(254)]
    {
        assert_eq!(answer(&cluster, &target(TargetKind::Service, name)).await, Answer::Absent);
        let claim = Reference::Claim { namespace: name.to_owned(), name: "x".to_owned() };
        assert_eq!(answer(&cluster, &claim).await, Answer::Absent);
        assert_eq!(answer(&cluster, &owner("apps/v1", "Job", name, "u")).await, Answer::Absent);
        assert_eq!(answer(&cluster, &owner(name, "Job", "a", "u")).await, Answer::Absent);
    }
    // "a/b" is a group and a version: their descriptions are asked for, and nothing else.
    let allowed = ["/apis/apps/v1", "/apis/a/b"];
    let asked = server.asked();
    assert!(asked.iter().all(|path| allowed.contains(&path.as_str())), "{asked:?}");
}

#[tokio::test]
async fn claims_lead_to_the_nodes_of_their_volume() {
    let claim =
        |volume: &str| json!({"kind": "PersistentVolumeClaim", "spec": {"volumeName": volume}});
    let terms = json!([{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]);
    let local = json!({"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": terms}}}});
    let claims = "/api/v1/namespaces/shop/persistentvolumeclaims";
    let (cluster, _) = server(&[
        ("/api/v1/namespaces/shop/persistentvolumeclaims/local", 200, claim("pv-local")),
        ("/api/v1/namespaces/shop/persistentvolumeclaims/net", 200, claim("pv-net")),
        ("/api/v1/namespaces/shop/persistentvolumeclaims/new", 200, json!({"spec": {}})),
        ("/api/v1/namespaces/shop/persistentvolumeclaims/lost", 200, claim("pv-lost")),
        ("/api/v1/persistentvolumes/pv-local", 200, local),
        ("/api/v1/persistentvolumes/pv-net", 200, json!({"spec": {}})),
    ]);
    let claim =
        |name: &str| Reference::Claim { namespace: "shop".to_owned(), name: name.to_owned() };
    let Answer::Volume(local) = answer(&cluster, &claim("local")).await else { panic!() };
    assert_eq!(local.node_affinity.as_ref().unwrap()[0].expressions[0].key, "zone");
    let Answer::Volume(net) = answer(&cluster, &claim("net")).await else { panic!() };
    assert_eq!(net.node_affinity, None);
    assert_eq!(answer(&cluster, &claim("new")).await, Answer::Unbound);
    assert_eq!(answer(&cluster, &claim("lost")).await, Answer::Absent);
    assert_eq!(answer(&cluster, &claim("gone")).await, Answer::Absent, "{claims}/gone");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_answer_in_time_or_at_all_is_unreachable() {
    let (cluster, _) = server(&[
        ("/api/v1/namespaces/shop/services/closed", 403, json!({"code": 403})),
        ("/api/v1/namespaces/shop/services/broken", 500, json!({"code": 500})),
        ("/api/v1/namespaces/shop/services/odd", 200, json!("no object")),
    ]);
    let start = Instant::now();
    let names = ["slow", "closed", "broken", "gone", "odd"];
    let references = names.map(|name| target(TargetKind::Service, name));
    let found = answers(&cluster, &references).await;
    let (lost, absent) = (Answer::Unreachable, Answer::Absent);
    assert_eq!(found, [lost.clone(), lost.clone(), lost, absent.clone(), absent]);
    assert_eq!(start.elapsed(), Duration::from_secs(5), "one deadline for all");
}

#[tokio::test]
async fn many_references_are_bounded_in_number_and_at_once() {
    let (cluster, server) = server(&[]);
    let many: Vec<_> = (0..10_000).map(|n| target(TargetKind::Service, &format!("s{n}"))).collect();
    let found = answers(&cluster, &many).await;
    assert_eq!(found.iter().filter(|answer| **answer == Answer::Absent).count(), 256);
    assert_eq!(found.iter().filter(|answer| **answer == Answer::Unreachable).count(), 10_000 - 256);
    assert_eq!(server.asked().len(), 256);
    let most = server.most_at_once.load(Ordering::SeqCst);
    assert!((2..=16).contains(&most), "{most}");
}

#[tokio::test]
async fn the_version_is_the_first_contact() {
    let version = |text: &str| json!({"major": "1", "minor": "34+", "gitVersion": text});
    let (cluster, _) = server(&[("/version", 200, version("v1.34.1"))]);
    assert_eq!(cluster.version().await, Ok(ServerVersion(34)));
    let (cluster, _) = server(&[("/version", 200, version("unknown"))]);
    assert!(cluster.version().await.unwrap_err().contains("unknown"));
    let (cluster, _) = server(&[("/version", 503, json!({"code": 503}))]);
    assert!(cluster.version().await.unwrap_err().contains("503"));
}
