//! A certificate in a Secret that the replicas keep themselves: every replica takes what it finds
//! there, and one of them writes it ([`keeper`](super::keeper)).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use placecard_certs::judge_kept;
use placecard_certs::kept::{Kept, Lives};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::certificates::Serving;
use crate::watch::backoff::spread;
use crate::write::{Reply, write};

/// Longest time that one request may take.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

/// What is kept, and for whom.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The namespace of the Secret.
    pub namespace: String,
    /// The Secret.
    pub secret: String,
    /// The host names that API servers reach the webhook by.
    pub names: Vec<String>,
    /// The configurations, mutating and validating, that get the authorities as `caBundle`.
    pub configurations: Vec<String>,
    /// Lives and pauses.
    pub lives: Lives,
}

impl Settings {
    /// The host names of a Service.
    #[must_use]
    pub fn names_of(service: &str, namespace: &str) -> Vec<String> {
        // The API server asks for the first; the others are for people and monitoring.
        ["", ".svc", ".svc.cluster.local"].map(|end| format!("{service}.{namespace}{end}")).to_vec()
    }

    /// Between two looks: often enough for short lives, and cheap for long ones.
    pub(super) fn pause(&self) -> Duration {
        const SHORTEST: Duration = Duration::from_millis(200);
        const LONGEST: Duration = Duration::from_secs(5);
        (self.lives.leaf / 60).clamp(SHORTEST, LONGEST)
    }

    fn all(&self) -> String {
        format!("/api/v1/namespaces/{}/secrets", self.namespace)
    }
}

/// Takes over what is kept in the Secret, for ever.
pub async fn follow(client: kube::Client, serving: Arc<Serving>, settings: Settings) {
    // From the API server's cache: a look costs next to nothing.
    let path = format!("{}/{}?resourceVersion=0", settings.all(), settings.secret);
    let mut told = String::new();
    loop {
        match write(&client, Method::GET, &path, None, ANSWER).await {
            Ok(reply) if reply.is_done() => {
                told.clear();
                look(&serving, &settings, &data(&reply.body));
            }
            // The leader has not written it yet.
            Ok(reply) if reply.code == 404 => told.clear(),
            other => {
                let error = other.map_or_else(|error| error, |reply| reply.told());
                if error != told {
                    tracing::warn!(error, "the Secret of the certificate cannot be read");
                    told = error;
                }
            }
        }
        sleep(spread(settings.pause())).await;
    }
}

fn look(serving: &Serving, settings: &Settings, data: &BTreeMap<String, Vec<u8>>) {
    let kept = Kept::read(data);
    let now = (serving.app.clock)();
    let judged = match kept.leaf {
        Some(leaf) => {
            let current = serving.pair();
            judge_kept(current.as_ref(), leaf.pair, &kept.authorities, &settings.names, now)
        }
        // Whoever writes it mends it.
        None => match kept.troubles.into_iter().next() {
            Some((_, error)) => Err(placecard_certs::Refusal::Bad(error)),
            None => return,
        },
    };
    serving.take(judged, "secret");
}

/// The data of a Secret. What is not base64 is left out.
fn data(secret: &Value) -> BTreeMap<String, Vec<u8>> {
    let data = secret.get("data").and_then(Value::as_object);
    let entries = data
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), STANDARD.decode(value.as_str()?).ok()?)));
    entries.collect()
}

/// The Secret as the writer sees it.
pub(super) struct Stored {
    /// The object; `None`: there is none.
    object: Option<Value>,
    /// What it holds.
    pub(super) kept: Kept,
}

impl Stored {
    /// Reads it as it is now.
    pub(super) async fn get(client: &kube::Client, settings: &Settings) -> Result<Self, String> {
        let path = format!("{}/{}", settings.all(), settings.secret);
        match write(client, Method::GET, &path, None, ANSWER).await? {
            reply if reply.is_done() => {
                let kept = Kept::read(&data(&reply.body));
                Ok(Self { object: Some(reply.body), kept })
            }
            reply if reply.code == 404 => Ok(Self { object: None, kept: Kept::default() }),
            reply => Err(format!("Secret {}: {}", settings.secret, reply.told())),
        }
    }

    /// Which version it is.
    pub(super) fn revision(&self) -> String {
        let revision =
            self.object.as_ref().and_then(|one| one.pointer("/metadata/resourceVersion"));
        revision.and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Replaces this version, and no other one.
    pub(super) async fn put(
        self,
        client: &kube::Client,
        settings: &Settings,
        kept: &Kept,
    ) -> Result<Reply, String> {
        let found = self.object.is_some();
        let mut object = self.object.unwrap_or_else(|| {
            json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "kubernetes.io/tls",
                "metadata": {"name": settings.secret, "namespace": settings.namespace,
                    "labels": {"app.kubernetes.io/name": "placecard"}},
            })
        });
        if !object["data"].is_object() {
            object["data"] = json!({});
        }
        // What others put beside it stays.
        for (key, value) in kept.write() {
            object["data"][key] = json!(STANDARD.encode(value));
        }
        let (all, path) = (settings.all(), format!("{}/{}", settings.all(), settings.secret));
        if found {
            write(client, Method::PUT, &path, Some(&object), ANSWER).await
        } else {
            write(client, Method::POST, &all, Some(&object), ANSWER).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_three_names() {
        let names = Settings::names_of("hook", "ns");
        assert_eq!(names, ["hook.ns", "hook.ns.svc", "hook.ns.svc.cluster.local"]);
    }

    #[test]
    fn what_is_no_base64_is_left_out() {
        let secret = json!({"data": {"a": "YQ==", "b": "?", "c": 1}});
        assert_eq!(data(&secret), BTreeMap::from([("a".to_owned(), b"a".to_vec())]));
        assert_eq!(data(&json!({})), BTreeMap::new());
    }
}
