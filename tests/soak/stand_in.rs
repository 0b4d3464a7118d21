//! Stands in front of the API server and answers lists and watches of pods itself, with more events
//! a second than etcd would take; everything else passes.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use hyper::body::Frame;
use placecard_tests::process::Result;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, interval, sleep};

use super::life::{self, Step};
use super::{Cluster, Counts};

/// Events that a watch which begins anew may go on from; an API server keeps some seconds, too.
const KEPT: usize = 20_000;

/// Between two looks for new events.
const LOOK: Duration = Duration::from_millis(10);

/// Bookmarks come as often.
const BOOKMARK: Duration = Duration::from_secs(30);

/// Most of a request that passes.
const BODY: usize = 4 * 1024 * 1024;

/// The pods, and what happened to them.
pub(crate) struct Pods {
    cluster: Cluster,
    /// Of each pod its text, by number.
    now: BTreeMap<u64, Bytes>,
    revision: u64,
    /// The last events as lines, the newest with `revision`.
    events: VecDeque<Bytes>,
    /// The next event of [`life::event`].
    next: u64,
}

/// One stand-in.
#[derive(Clone)]
pub(crate) struct StandIn {
    pods: Arc<Mutex<Pods>>,
    /// To the API server, as the webhook.
    client: kube::Client,
}

impl StandIn {
    /// With the pods that are there at first.
    pub(crate) fn new(client: kube::Client, cluster: Cluster) -> Self {
        let mut pods = Pods {
            cluster,
            now: BTreeMap::new(),
            revision: 1_000_000_000,
            events: VecDeque::new(),
            next: 0,
        };
        (0..cluster.pods).for_each(|number| pods.put("ADDED", number, Step::Running));
        Self { pods: Arc::new(Mutex::new(pods)), client }
    }

    /// Serves on a loopback port, without TLS.
    pub(crate) async fn serve(&self) -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let router =
            Router::new().route("/api/v1/pods", get(watch)).fallback(pass).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(address)
    }

    /// So many events a second, until it is stopped.
    pub(crate) async fn churn(&self, rate: f64, counts: Arc<Counts>, stop: Arc<AtomicBool>) {
        let begin = Instant::now();
        let mut made = 0.0;
        let mut ticks = interval(LOOK);
        while !stop.load(Ordering::Relaxed) {
            ticks.tick().await;
            let due = begin.elapsed().as_secs_f64() * rate;
            let mut pods = self.lock();
            while made < due {
                made += 1.0;
                counts.events.fetch_add(u64::from(pods.happen()), Ordering::Relaxed);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pods> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pods {
    /// The next event; `false`: there was none.
    fn happen(&mut self) -> bool {
        let number = self.next;
        self.next += 1;
        let Some((step, pod)) = life::event(number, self.cluster.pods) else { return false };
        match step {
            Step::Made => self.put("ADDED", pod, step),
            Step::Gone => self.remove(pod),
            _ => self.put("MODIFIED", pod, step),
        }
        true
    }

    fn put(&mut self, happened: &str, number: u64, step: Step) {
        self.revision += 1;
        let text = text(number, step, self.cluster.nodes, self.revision);
        self.now.insert(number, text.clone());
        self.tell(happened, &text);
    }

    fn remove(&mut self, number: u64) {
        self.revision += 1;
        self.now.remove(&number);
        let text = text(number, Step::Labelled, self.cluster.nodes, self.revision);
        self.tell("DELETED", &text);
    }

    fn tell(&mut self, happened: &str, object: &[u8]) {
        self.events.push_back(line(happened, object));
        if self.events.len() > KEPT {
            self.events.pop_front();
        }
    }

    /// What came after a revision; `None`: that is not known any more.
    fn since(&self, revision: u64) -> Option<Vec<Bytes>> {
        let behind = usize::try_from(self.revision.checked_sub(revision)?).ok()?;
        let first = self.events.len().checked_sub(behind)?;
        Some(self.events.range(first..).cloned().collect())
    }
}

/// A line of a watch.
fn line(happened: &str, object: &[u8]) -> Bytes {
    let head = format!("{{\"type\":\"{happened}\",\"object\":");
    [head.as_bytes(), object, b"}\n"].concat().into()
}

/// A pod as the API server writes it.
fn text(number: u64, step: Step, nodes: u64, revision: u64) -> Bytes {
    let mut pod =
        if step == Step::Made { life::unbound(number, nodes) } else { life::pod(number, nodes) };
    let metadata = &mut pod["metadata"];
    metadata["uid"] = json!(format!("11111111-0000-4000-8000-{number:012x}"));
    metadata["resourceVersion"] = json!(revision.to_string());
    metadata["creationTimestamp"] = json!("2026-11-01T08:00:00Z");
    metadata["managedFields"] = json!([{"manager": "kube-controller-manager", "operation": "Update",
        "apiVersion": "v1", "time": "2026-11-01T08:00:00Z", "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}}}]);
    if step == Step::Labelled {
        json_patch::merge(&mut metadata["labels"], &life::labels(number));
    }
    let runs = matches!(step, Step::Running | Step::Labelled);
    pod["status"] = if runs { life::status() } else { json!({"phase": "Pending"}) };
    pod.to_string().into()
}

fn bookmark(revision: u64, ends_list: bool) -> Bytes {
    let annotations =
        if ends_list { json!({"k8s.io/initial-events-end": "true"}) } else { json!({}) };
    let object: Value = json!({"kind": "Pod", "apiVersion": "v1",
        "metadata": {"resourceVersion": revision.to_string(), "annotations": annotations}});
    line("BOOKMARK", object.to_string().as_bytes())
}

/// A list that streams, or a watch from a revision.
async fn watch(State(stand_in): State<StandIn>, uri: Uri) -> Response {
    let asked = |name: &str| {
        let mut all = uri.query().unwrap_or_default().split('&');
        all.find_map(|one| one.strip_prefix(name)?.strip_prefix('='))
    };
    if asked("watch") != Some("true") {
        // Pages are for servers that know no streams.
        return StatusCode::NOT_IMPLEMENTED.into_response();
    }
    let seconds = asked("timeoutSeconds").and_then(|text| text.parse().ok()).unwrap_or(300);
    let end = Instant::now() + Duration::from_secs(seconds);
    let from = asked("resourceVersion").and_then(|text| text.parse().ok());
    let (sender, receiver) = channel(64);
    tokio::spawn(async move { stand_in.stream(from, end, sender).await });
    let body = Body::new(Received(receiver));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

impl StandIn {
    /// Until the time is over, nobody listens any more, or the revision is too old.
    async fn stream(&self, from: Option<u64>, end: Instant, to: Sender<Bytes>) -> Option<()> {
        let mut revision = match from {
            Some(revision) => revision,
            None => {
                let (all, revision) = {
                    let pods = self.lock();
                    (pods.now.values().cloned().collect::<Vec<_>>(), pods.revision)
                };
                for text in all {
                    to.send(line("ADDED", &text)).await.ok()?;
                }
                to.send(bookmark(revision, true)).await.ok()?;
                revision
            }
        };
        let mut told = Instant::now();
        while Instant::now() < end {
            let since = self.lock().since(revision);
            let Some(lines) = since else {
                let gone = json!({"kind": "Status", "code": 410, "reason": "Expired"});
                return to.send(line("ERROR", gone.to_string().as_bytes())).await.ok();
            };
            revision += lines.len() as u64;
            if lines.is_empty() && told.elapsed() > BOOKMARK {
                told = Instant::now();
                to.send(bookmark(revision, false)).await.ok()?;
            }
            for line in lines {
                to.send(line).await.ok()?;
            }
            sleep(LOOK).await;
        }
        Some(())
    }
}

/// A body of what is sent.
struct Received(Receiver<Bytes>);

impl HttpBody for Received {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// Asks the API server the same.
async fn pass(State(stand_in): State<StandIn>, request: Request) -> Response {
    match stand_in.ask(request).await {
        Ok(answer) => answer,
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

impl StandIn {
    async fn ask(&self, request: Request) -> Result<Response> {
        let (head, body) = request.into_parts();
        let mut asked = Request::builder().method(head.method).uri(head.uri);
        for name in [header::CONTENT_TYPE, header::ACCEPT, header::ACCEPT_ENCODING] {
            if let Some(value) = head.headers.get(&name) {
                asked = asked.header(name, value);
            }
        }
        let body = to_bytes(body, BODY).await?.to_vec();
        let answer = self.client.send(asked.body(kube::client::Body::from(body))?).await?;
        let (mut head, body) = answer.into_parts();
        // Of the connection behind.
        head.headers.remove(header::TRANSFER_ENCODING);
        head.headers.remove(header::CONNECTION);
        Ok(Response::from_parts(head, Body::new(body)))
    }
}
