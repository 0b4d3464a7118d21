//! A stand-in for the API server answers evictions as it is told; the clock is that of the test.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Mutex;
use std::time::SystemTime;

use axum::http::{Request, Response};
use kube::client::Body;
use placecard_policies::audit::live::Auditor;
use placecard_policies::language::checked::Words;
use placecard_policies::surroundings::ServerVersion;

use super::*;
use crate::files::Files;
use crate::leader::Store;
use crate::readiness::Readiness;
use crate::source::Source;

/// What it answers to an eviction: the code, and `Retry-After`.
type Answer = (u16, Option<&'static str>);

/// What was asked of the stand-in, and what it answers.
#[derive(Default)]
struct Desk {
    /// To the evictions, one after the other; afterwards they are all done.
    answers: VecDeque<Answer>,
    /// Of the next evictions so many get no answer.
    silent: usize,
    /// Seconds after the start, and pods, of evictions that were asked for.
    asked: Vec<(u64, String)>,
    /// The same while it did not answer.
    unanswered: usize,
}

/// Nobody else wants the Lease.
struct Alone;

impl Store for Alone {
    async fn get(&self) -> Result<Option<Value>, String> {
        Ok(None)
    }

    async fn put(&self, lease: Value) -> Result<Option<Value>, String> {
        Ok(Some(lease))
    }
}

/// The Lease cannot be reached.
struct Away;

impl Store for Away {
    async fn get(&self) -> Result<Option<Value>, String> {
        Err("no way".to_owned())
    }

    async fn put(&self, _: Value) -> Result<Option<Value>, String> {
        Err("no way".to_owned())
    }
}

fn node(name: &str, disk: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "uid": name, "labels": {"disk": disk}},
        "status": {"allocatable": {"cpu": "8", "memory": "8Gi", "pods": "100"}}})
}

/// Runs where its rule does not hold.
fn pod(workload: &str, number: usize) -> Value {
    let name = format!("{workload}-{number}");
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}"),
            "resourceVersion": "7", "ownerReferences": [{"apiVersion": "apps/v1",
                "kind": "StatefulSet", "name": workload, "uid": workload, "controller": true}]},
        "spec": {"nodeName": "here", "nodeSelector": {"disk": "ssd"},
            "containers": [{"name": "main", "image": "x"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})
}

/// An Evictor, a cluster of which the pods of these workloads stand where they should not, and the
/// stand-in.
struct Scene {
    evictor: Evictor,
    events: Events,
    app: App,
    leader: Leader,
    live: Arc<Live>,
    look: Look,
    desk: Arc<Mutex<Desk>>,
    begin: Instant,
}

impl Scene {
    async fn new(workloads: &[&str], answers: &[Answer]) -> Self {
        let mut live = Live::new(ServerVersion(34));
        let put = |live: &mut Live, kind, object: &Value| {
            assert!(live.put(kind, object.to_string().as_bytes()).is_ok(), "{object}");
        };
        for kind in BASIS {
            live.list(kind);
        }
        put(&mut live, Watched::Node, &node("here", "hdd"));
        put(&mut live, Watched::Node, &node("there", "ssd"));
        let shop = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
        put(&mut live, Watched::Namespace, &shop);
        let pods = workloads.iter().flat_map(|one| (0..5).map(|number| pod(one, number)));
        let pods: Vec<Value> = pods.collect();
        pods.iter().for_each(|pod| put(&mut live, Watched::Pod, pod));
        for kind in BASIS {
            live.listed(kind);
        }
        live.hand_over();
        let look = Auditor::new(&live).look(&live, &Arc::new(Words::default()), ServerVersion(34));

        let begin = Instant::now();
        let desk = Desk { answers: answers.iter().copied().collect(), ..Desk::default() };
        let desk = Arc::new(Mutex::new(desk));
        let client = stand_in(Arc::clone(&desk), pods, begin);
        let leader = Leader::run(Alone, "me".to_owned(), Arc::new(|| SystemTime::UNIX_EPOCH));
        let mut watch = leader.watch();
        watch.wait_for(|held| *held).await.unwrap();
        Self {
            evictor: Evictor::new(client.clone(), Evict::On, 60),
            events: Events::new(client, "test", "me".to_owned(), Duration::from_secs(600)),
            app: app(),
            leader,
            live: Arc::new(live),
            look: look.unwrap(),
            desk,
            begin,
        }
    }

    /// A turn each second, for so long; the evictions that were asked for so far, in seconds.
    async fn run(&mut self, seconds: u64) -> Vec<u64> {
        let end = self.begin + Duration::from_secs(seconds);
        while Instant::now() < end {
            let live = Arc::clone(&self.live);
            self.evictor.turn_on(&self.app, live, &self.look, &self.leader, &mut self.events).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.desk.lock().unwrap().asked.iter().map(|(at, _)| *at).collect()
    }

    fn count(&self, result: &str) -> u64 {
        let text = self.app.metrics.text(SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH).unwrap();
        let start = format!("placecard_evictions_total{{result=\"{result}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        line.map_or(0, |number| number.parse().unwrap())
    }
}

fn stand_in(desk: Arc<Mutex<Desk>>, pods: Vec<Value>, begin: Instant) -> kube::Client {
    let service = tower::service_fn(move |request: Request<Body>| {
        let (path, posts) = (request.uri().path().to_owned(), request.method() == Method::POST);
        let silent = || {
            let mut desk = desk.lock().unwrap();
            desk.silent = desk.silent.checked_sub(1)?;
            desk.unanswered += 1;
            Some(())
        };
        let pod = path.strip_prefix("/api/v1/namespaces/shop/pods/");
        let (evicts, answer) = match pod {
            Some(pod) if posts => {
                let name = pod.strip_suffix("/eviction").unwrap().to_owned();
                match silent() {
                    Some(()) => (true, None),
                    None => {
                        let mut desk = desk.lock().unwrap();
                        desk.asked.push((begin.elapsed().as_secs(), name));
                        let answer = desk.answers.pop_front().unwrap_or((201, None));
                        (true, Some((answer, json!({}))))
                    }
                }
            }
            Some(pod) => {
                let found = pods.iter().find(|one| one["metadata"]["name"] == pod).unwrap();
                (false, Some(((200, None), found.clone())))
            }
            // An Event.
            None => (false, Some(((201, None), json!({})))),
        };
        async move {
            let Some(((code, retry_after), body)) = answer else {
                assert!(evicts, "only evictions go unanswered");
                return std::future::pending().await;
            };
            let mut response = Response::builder().status(code);
            if let Some(text) = retry_after {
                response = response.header("Retry-After", text);
            }
            let body = Body::from(body.to_string().into_bytes());
            Ok::<_, Infallible>(response.body(body).unwrap())
        }
    });
    kube::Client::new(service, "default")
}

fn app() -> App {
    let noon = SystemTime::UNIX_EPOCH;
    let nothing = Source::Files(Box::<Files>::default());
    let app = App::new(nothing, Readiness::new(noon, noon, false));
    App { clock: || SystemTime::UNIX_EPOCH, ..app }
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_it_waits_as_long_as_it_is_asked_and_longer_each_time() {
    let answers = [
        (429, Some("30")),
        // Ten seconds were not enough before; now it is twenty, then forty.
        (429, None),
        (429, None),
        // Shorter than what it waits by itself: eighty.
        (429, Some("5")),
        // A date is not read.
        (429, Some("Mon, 23 Nov 2026 05:00:00 GMT")),
        (429, Some("100000")),
    ];
    let mut scene = Scene::new(&["one"], &answers).await;
    let asked = scene.run(1_500).await;
    assert_eq!(asked[..7], [0, 30, 50, 90, 170, 330, 930], "the longest pause is ten minutes");
    assert_eq!((scene.count("budget"), scene.count("done") + 6), (6, asked.len() as u64));
    assert_eq!(scene.evictor.back_off, BACK_OFF.0, "it was done since");
}

#[tokio::test(start_paused = true)]
async fn of_one_workload_three_pods_are_evicted_within_an_hour() {
    let mut scene = Scene::new(&["one"], &[]).await;
    assert_eq!(scene.run(3_600).await, [0, 60, 120], "a minute apart, and then it is left alone");
    assert!(scene.count("left-alone") > 0);
    assert_eq!(scene.run(7_000).await, [0, 60, 120, 3_600, 3_660, 3_720]);
    assert_eq!(scene.count("done"), 6);
}

#[tokio::test(start_paused = true)]
async fn other_workloads_have_their_own_three() {
    let mut scene = Scene::new(&["one", "two"], &[]).await;
    assert_eq!(scene.run(3_000).await.len(), 6);
    let desk = scene.desk.lock().unwrap();
    for workload in ["one-", "two-"] {
        let of = desk.asked.iter().filter(|(_, pod)| pod.starts_with(workload));
        assert_eq!(of.count(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_budget_refuses_is_none_of_the_three() {
    let refused = [(429, None); 4];
    let mut scene = Scene::new(&["one"], &refused).await;
    // 10, 20, 40 and 80 seconds.
    assert_eq!(scene.run(3_600).await, [0, 10, 30, 70, 150, 210, 270]);
    assert_eq!((scene.count("budget"), scene.count("done")), (4, 3));
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_done_is_one_of_the_three() {
    let mut scene = Scene::new(&["one"], &[(503, Some("120"))]).await;
    scene.desk.lock().unwrap().silent = 1;
    // No answer within five seconds, ten of pause and the minute of its workload; then 503.
    let asked = scene.run(3_000).await;
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked[0] >= 65 && asked[1] >= asked[0] + 120, "{asked:?}");
    assert_eq!((scene.count("failed"), scene.count("done")), (2, 1));
    assert_eq!(scene.desk.lock().unwrap().unanswered, 1);
}

#[tokio::test(start_paused = true)]
async fn who_is_not_the_leader_any_more_evicts_nothing() {
    let mut scene = Scene::new(&["one"], &[]).await;
    scene.leader = Leader::run(Away, "me".to_owned(), Arc::new(|| SystemTime::UNIX_EPOCH));
    assert!(scene.run(300).await.is_empty());
}
