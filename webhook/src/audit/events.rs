//! What the audit has to say, as Events on workloads.
//!
//! One Event for each workload and rule. Its name is made of what it is about, so that a replica that
//! knows nothing of it finds it, and goes on with its series instead of writing another one. It is
//! told again at most once in a while, and all Events together at a bounded pace; the gravest first.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use axum::http::Method;
use placecard_policies::audit::live::Remark;
use placecard_policies::language::keys;
use placecard_policies::words;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::tokens::Tokens;
use crate::metrics::audit::{AuditMetrics, Told};
use crate::moment;
use crate::watch::Watches;
use crate::write::write;

/// Events at once, and the time after which there may be one more.
const BURST: u32 = 20;
const EACH: Duration = Duration::from_secs(3);

/// Longest time that one request may take.
const ANSWER: Duration = Duration::from_secs(5);

/// Events that are remembered; those that were told longest ago are forgotten first.
const REMEMBERED: usize = 10_000;

/// Longest note, in characters; the API takes 1024 bytes.
const NOTE: usize = 240;

/// The way to Events.
pub struct Events {
    client: kube::Client,
    /// The controller that reports, in our group.
    controller: &'static str,
    identity: String,
    repeat: Duration,
    tokens: Tokens,
    /// When each was told last, by its name and namespace.
    told: BTreeMap<(String, String), Instant>,
}

/// One Event that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// What it is about, unchanging as long as it is the same.
    pub key: String,
    /// Why, in CamelCase.
    pub reason: &'static str,
    /// What was done.
    pub action: &'static str,
    /// The sentence.
    pub note: String,
    /// `Warning` or `Normal`.
    pub kind: &'static str,
}

/// The object that an Event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// `apps/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID; without it `kubectl describe` does not show the Event.
    pub uid: Option<String>,
}

impl Subject {
    fn reference(&self) -> Value {
        let mut reference = json!({"apiVersion": self.api_version, "kind": self.kind,
            "namespace": self.namespace, "name": self.name});
        if let Some(uid) = &self.uid {
            reference["uid"] = json!(uid);
        }
        reference
    }

    /// A pod.
    #[must_use]
    pub fn pod(namespace: &str, name: &str, uid: Option<String>) -> Self {
        Self {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid,
        }
    }
}

impl Events {
    /// Nothing was told yet.
    #[must_use]
    pub fn new(
        client: kube::Client,
        controller: &'static str,
        identity: String,
        repeat: Duration,
    ) -> Self {
        let (tokens, told) = (Tokens::new(BURST, EACH), BTreeMap::new());
        Self { client, controller, identity, repeat, tokens, told }
    }

    /// Tells what was found, as far as it is due.
    pub async fn tell(
        &mut self,
        watches: &Watches,
        remarks: &[Remark],
        metrics: &AuditMetrics,
        clock: fn() -> SystemTime,
    ) {
        for remark in remarks {
            let news = news_of(remark);
            let name = event_name(&remark.owner.name, &[&remark.owner.kind, &news.key]);
            if !self.is_due(&remark.owner.namespace, &name) {
                continue;
            }
            if !self.tokens.take() {
                metrics.told(Told::Limited);
                return;
            }
            let owner = watches.current().uid_of(&remark.owner);
            let subject = match owner {
                Some((api_version, uid)) => Subject {
                    api_version,
                    kind: remark.owner.kind.clone(),
                    namespace: remark.owner.namespace.clone(),
                    name: remark.owner.name.clone(),
                    uid: Some(uid),
                },
                None => {
                    let Some(pod) = remark.pods.first() else { continue };
                    let uid = self.uid_of_pod(&remark.owner.namespace, &pod.pod).await;
                    Subject::pod(&remark.owner.namespace, &pod.pod, uid)
                }
            };
            let related = remark.pods.first().filter(|_| subject.kind != "Pod");
            let related = related.map(|pod| Subject::pod(&remark.owner.namespace, &pod.pod, None));
            let told = self.write(&name, &subject, related.as_ref(), &news, clock()).await;
            metrics.told(told);
        }
    }

    /// Tells one thing, if it is due: what lasts is told again only after a while. `None`: it is
    /// not due.
    pub async fn one(
        &mut self,
        subject: &Subject,
        news: &News,
        lasts: bool,
        now: SystemTime,
    ) -> Option<Told> {
        let name = event_name(&subject.name, &[&subject.kind, &news.key]);
        if lasts && !self.is_due(&subject.namespace, &name) {
            return None;
        }
        if !self.tokens.take() {
            return Some(Told::Limited);
        }
        Some(self.write(&name, subject, None, news, now).await)
    }

    fn is_due(&self, namespace: &str, name: &str) -> bool {
        let key = (namespace.to_owned(), name.to_owned());
        self.told.get(&key).is_none_or(|last| last.elapsed() >= self.repeat)
    }

    /// Writes an Event, or goes on with its series.
    pub async fn write(
        &mut self,
        name: &str,
        subject: &Subject,
        related: Option<&Subject>,
        news: &News,
        now: SystemTime,
    ) -> Told {
        let namespace = &subject.namespace;
        // Also if it cannot be written: whatever is wrong, asking at once again does not help.
        self.told.insert((namespace.clone(), name.to_owned()), Instant::now());
        self.forget_old();
        match self.send(name, subject, related, news, &moment::micros(now)).await {
            Ok(()) => Told::Written,
            Err(error) => {
                tracing::warn!(namespace, name, error, "an Event was not written");
                Told::Failed
            }
        }
    }

    async fn send(
        &self,
        name: &str,
        subject: &Subject,
        related: Option<&Subject>,
        news: &News,
        now: &str,
    ) -> Result<(), String> {
        let all = format!("/apis/events.k8s.io/v1/namespaces/{}/events", subject.namespace);
        let mut event = json!({
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"namespace": subject.namespace, "name": name},
            "eventTime": now,
            "reportingController": format!("{}/{}", keys::GROUP, self.controller),
            "reportingInstance": words::shorten(&self.identity, 128),
            "action": news.action,
            "reason": news.reason,
            "regarding": subject.reference(),
            "note": words::shorten(&news.note, NOTE),
            "type": news.kind,
        });
        if let Some(related) = related {
            event["related"] = related.reference();
        }
        let made = write(&self.client, Method::POST, &all, Some(&event), ANSWER).await?;
        if made.code != 409 {
            return if made.is_done() { Ok(()) } else { Err(made.told()) };
        }
        let one = format!("{all}/{name}");
        let known = write(&self.client, Method::GET, &one, None, ANSWER).await?;
        let count = known.body.pointer("/series/count").and_then(Value::as_u64).unwrap_or(1);
        let series = json!({"series": {"count": count + 1, "lastObservedTime": now}});
        let patched = write(&self.client, Method::PATCH, &one, Some(&series), ANSWER).await?;
        if patched.is_done() { Ok(()) } else { Err(patched.told()) }
    }

    async fn uid_of_pod(&self, namespace: &str, name: &str) -> Option<String> {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
        let reply = write(&self.client, Method::GET, &path, None, ANSWER).await.ok()?;
        Some(reply.body.pointer("/metadata/uid")?.as_str()?.to_owned())
    }

    fn forget_old(&mut self) {
        if self.told.len() <= REMEMBERED {
            return;
        }
        let repeat = self.repeat;
        self.told.retain(|_, last| last.elapsed() < repeat);
        while self.told.len() > REMEMBERED {
            self.told.pop_first();
        }
    }
}

/// What a remark says as an Event.
fn news_of(remark: &Remark) -> News {
    // What changes from one look to the next, as a skew or the number of pods, is no part of it.
    let about = match &remark.fact {
        Some(fact) => format!("{fact:?}"),
        None if remark.rule.is_some() => remark.what.clone(),
        None => String::new(),
    };
    News {
        key: format!("{} {about}", remark.code),
        reason: words::audit::reason(remark.code),
        action: "Audit",
        note: words::audit::note(remark),
        kind: "Warning",
    }
}

/// The name of an Event: that of its subject and a digest of what it is about.
#[must_use]
pub fn event_name(subject: &str, about: &[&str]) -> String {
    // FNV-1a: the name must be the same in every replica and release.
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    for byte in about.iter().flat_map(|part| part.bytes().chain([0])) {
        digest = (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    // 253 characters are allowed; names of objects are ASCII.
    let short: String = subject.chars().take(200).collect();
    format!("{}.{digest:016x}", short.trim_end_matches(['.', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_their_subjects_and_differ_by_what_they_are_about() {
        let name = event_name("web", &["Deployment", "a"]);
        assert!(name.starts_with("web.") && name.len() == 20, "{name}");
        assert_eq!(name, event_name("web", &["Deployment", "a"]));
        assert_ne!(name, event_name("web", &["Deploymenta", ""]));
        assert!(event_name(&"x".repeat(253), &["Pod"]).len() < 253);
    }
}
