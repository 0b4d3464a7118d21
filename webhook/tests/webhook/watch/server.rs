//! An API server whose every answer a test decides.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tower::service_fn;

/// The requests, as they come.
pub(crate) struct Server(mpsc::UnboundedReceiver<Asked>);

/// One request, which waits for its answer.
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    answer: oneshot::Sender<Response<Body>>,
}

/// The rest of an answer that is being streamed; it ends when this is dropped.
pub(crate) struct Rest(mpsc::UnboundedSender<Result<Bytes, io::Error>>);

struct Channel(mpsc::UnboundedReceiver<Result<Bytes, io::Error>>);

impl HttpBody for Channel {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| bytes.map(Frame::data)))
    }
}

impl Server {
    pub(crate) fn start() -> (Self, kube::Client) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let service = service_fn(move |request: Request<kube::client::Body>| {
            let sender = sender.clone();
            async move {
                let (answer, answered) = oneshot::channel();
                let path = request.uri().path().to_owned();
                let query = request.uri().query().unwrap_or_default();
                let query = query.split('&').filter_map(|pair| pair.split_once('='));
                let query = query.map(|(name, value)| (name.to_owned(), value.to_owned()));
                let asked = Asked { path, query: query.collect(), answer };
                let gone = || io::Error::other("the server is gone");
                sender.send(asked).map_err(|_| gone())?;
                answered.await.map_err(|_| gone())
            }
        });
        (Self(receiver), kube::Client::new(service, "default"))
    }

    pub(crate) async fn asked(&mut self) -> Asked {
        self.next().await.unwrap()
    }

    /// `None`: nobody can ask any more.
    pub(crate) async fn next(&mut self) -> Option<Asked> {
        self.0.recv().await
    }

    /// The next request, which is a streaming list, answered with these objects.
    pub(crate) async fn stream_list(&mut self, objects: &[Value], revision: &str) -> Rest {
        let asked = self.asked().await;
        assert_eq!(asked.query("sendInitialEvents"), "true");
        let rest = asked.stream();
        objects.iter().for_each(|object| rest.event("ADDED", object));
        rest.event("BOOKMARK", &end_of_list(revision));
        rest
    }

    /// The next request, which is a watch from this revision.
    pub(crate) async fn watch(&mut self, revision: &str) -> Rest {
        let asked = self.asked().await;
        assert_eq!(asked.query("watch"), "true");
        assert_eq!(asked.query("resourceVersion"), revision);
        assert_eq!(asked.query("sendInitialEvents"), "");
        asked.stream()
    }
}

impl Asked {
    /// A parameter; empty if it is not there.
    pub(crate) fn query(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    pub(crate) fn status(self, code: u16, message: &str) {
        let status = json!({"kind": "Status", "code": code, "message": message});
        self.answer(code, Body::from(status.to_string().into_bytes()));
    }

    pub(crate) fn body(self, text: &str) {
        self.answer(200, Body::from(text.as_bytes().to_vec()));
    }

    /// A page of a list; `token` is empty on the last one.
    pub(crate) fn page(self, objects: &[Value], revision: &str, token: &str) {
        let metadata = json!({"resourceVersion": revision, "continue": token});
        self.body(&json!({"kind": "List", "metadata": metadata, "items": objects}).to_string());
    }

    pub(crate) fn stream(self) -> Rest {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.answer(200, Body::new(Channel(receiver)));
        Rest(sender)
    }

    fn answer(self, code: u16, body: Body) {
        let answer = Response::builder().status(code).body(body).unwrap();
        // Who does not wait any longer is not answered.
        let _ = self.answer.send(answer);
    }
}

impl Rest {
    pub(crate) fn text(&self, text: &str) {
        let _ = self.0.send(Ok(Bytes::copy_from_slice(text.as_bytes())));
    }

    pub(crate) fn event(&self, happened: &str, object: &Value) {
        // As Kubernetes' encoder orders it.
        self.text(&format!("{{\"type\":\"{happened}\",\"object\":{object}}}\n"));
    }

    /// The connection breaks.
    pub(crate) fn cut(self) {
        let _ = self.0.send(Err(io::Error::from(io::ErrorKind::ConnectionReset)));
    }

    /// Whether somebody reads it.
    pub(crate) fn is_read(&self) -> bool {
        !self.0.is_closed()
    }
}

pub(crate) fn object(name: &str, revision: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop", "resourceVersion": revision}})
}

pub(crate) fn bookmark(revision: &str) -> Value {
    json!({"metadata": {"resourceVersion": revision}})
}

pub(crate) fn end_of_list(revision: &str) -> Value {
    let annotations = json!({"k8s.io/initial-events-end": "true"});
    json!({"metadata": {"resourceVersion": revision, "annotations": annotations}})
}
