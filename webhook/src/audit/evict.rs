//! Evicts pods whose required rules do not hold where they run, if that was asked for.
//!
//! One pod at a time, after it was read again: it has to be the pod that was judged, and the eviction
//! names its version, so that nothing else is evicted. Budgets are the API server's matter; when it
//! says no, nothing is evicted for a while, and for as long as it asks for. A workload of which several pods were evicted within an
//! hour is left alone from then on: whatever puts its pods where its rules do not hold does not stop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use clap::ValueEnum;
use placecard_policies::audit::evict::{Eviction, is_same, next_on_live};
use placecard_policies::audit::live::Look;
use placecard_policies::feasibility::inventory::pod::Pod;
use placecard_policies::live::{Live, Watched};
use placecard_policies::why::groups::Holder;
use placecard_policies::words;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::events::{Events, News, Subject, event_name};
use super::tokens::Tokens;
use crate::leader::Leader;
use crate::metrics::audit::Evicted;
use crate::serve::App;
use crate::watch::Watches;
use crate::write::{Reply, write};

/// Longest time that one request may take.
const ANSWER: Duration = Duration::from_secs(5);

/// So many pods of a workload are evicted within [`WINDOW`], and no more.
const MOST_OF_ONE: usize = 3;

/// How long an eviction is remembered.
const WINDOW: Duration = Duration::from_secs(3600);

/// Between two evictions of pods of one workload, for its new pod to come up.
const APART: Duration = Duration::from_secs(60);

/// After a refusal nothing is evicted for this long, and twice as long after each further one.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(600));

/// What the decision rests on.
const BASIS: [Watched; 7] = [
    Watched::Node,
    Watched::Pod,
    Watched::Namespace,
    Watched::PodDisruptionBudget,
    Watched::PersistentVolume,
    Watched::PersistentVolumeClaim,
    Watched::StorageClass,
];

/// Whether pods are evicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Evict {
    /// None is.
    Off,
    /// It is said which would be.
    DryRun,
    /// They are.
    On,
}

/// Who evicts.
pub struct Evictor {
    client: kube::Client,
    evict: Evict,
    tokens: Tokens,
    /// When pods of a workload were evicted, or may have been.
    done: BTreeMap<Holder, Vec<Instant>>,
    /// Nothing is evicted before.
    not_before: Option<Instant>,
    back_off: Duration,
}

impl Evictor {
    /// Evicts at most so many pods in a minute.
    #[must_use]
    pub fn new(client: kube::Client, evict: Evict, per_minute: u32) -> Self {
        let each = Duration::from_secs(60) / per_minute.max(1);
        let (tokens, done) = (Tokens::new(1, each), BTreeMap::new());
        Self { client, evict, tokens, done, not_before: None, back_off: BACK_OFF.0 }
    }

    /// Whether there is anything to do at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.evict != Evict::Off
    }

    /// Evicts a pod, if one is due.
    pub async fn turn(
        &mut self,
        app: &App,
        watches: &Watches,
        look: &Look,
        leader: &Leader,
        events: &mut Events,
    ) {
        if let Some(live) = watches.trusted(&BASIS) {
            self.turn_on(app, live, look, leader, events).await;
        }
    }

    /// The same on an index.
    async fn turn_on(
        &mut self,
        app: &App,
        live: Arc<Live>,
        look: &Look,
        leader: &Leader,
        events: &mut Events,
    ) {
        if self.not_before.is_some_and(|until| Instant::now() < until) {
            return;
        }
        self.done.retain(|_, all| {
            all.retain(|at| at.elapsed() < WINDOW);
            !all.is_empty()
        });
        let left_alone = std::cell::Cell::new(false);
        let next = next_on_live(&live, look, &|owner, _| {
            let all = self.done.get(owner).map(Vec::as_slice).unwrap_or_default();
            left_alone.set(left_alone.get() || all.len() >= MOST_OF_ONE);
            all.len() >= MOST_OF_ONE || all.last().is_some_and(|at| at.elapsed() < APART)
        });
        // Its writer waits for that.
        drop(live);
        if left_alone.get() {
            app.metrics.audit.evicted(Evicted::LeftAlone);
        }
        let Some((eviction, judged)) = next else { return };
        if !self.tokens.take() {
            return;
        }
        self.evict(app, (&eviction, &judged), look, leader, events).await;
    }

    async fn evict(
        &mut self,
        app: &App,
        (eviction, judged): (&Eviction, &Pod),
        look: &Look,
        leader: &Leader,
        events: &mut Events,
    ) {
        let metrics = &app.metrics.audit;
        let (namespace, name) = &eviction.pod;
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
        let found = match write(&self.client, Method::GET, &path, None, ANSWER).await {
            Ok(reply) if reply.is_done() => reply.body,
            Ok(reply) if reply.code == 404 => return metrics.evicted(Evicted::Changed),
            Ok(reply) => return self.failed(app, &reply.told(), reply.retry_after),
            Err(error) => return self.failed(app, &error, None),
        };
        let version = |field: &str| {
            let text = found.pointer(&format!("/metadata/{field}")).and_then(Value::as_str);
            text.map(str::to_owned)
        };
        let (Some(uid), Some(revision)) = (version("uid"), version("resourceVersion")) else {
            return metrics.evicted(Evicted::Changed);
        };
        if !is_same(judged, &found) {
            return metrics.evicted(Evicted::Changed);
        }
        let same = |fact| fact == Some(&eviction.fact);
        let remark =
            look.remarks.iter().find(|one| one.owner == eviction.owner && same(one.fact.as_ref()));
        let what = remark.map(|one| one.what.clone()).unwrap_or_default();
        let dry = self.evict == Evict::DryRun;
        tracing::warn!(
            namespace,
            pod = name,
            rule = what,
            witness = eviction.witness,
            dry_run = dry,
            "evicting a pod whose required rule does not hold"
        );
        let news = News {
            key: format!("evict {uid}"),
            reason: if dry { "WouldEvict" } else { "Evicting" },
            action: "Evict",
            note: words::audit::evicting(&what, &eviction.witness, dry),
            kind: "Warning",
        };
        let subject = Subject::pod(namespace, name, Some(uid.clone()));
        let event = event_name(name, &[&news.key, news.reason]);
        let told = events.write(&event, &subject, None, &news, (app.clock)()).await;
        metrics.told(told);
        if dry {
            self.count(&eviction.owner);
            return metrics.evicted(Evicted::Dry);
        }
        let body = json!({"apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"namespace": namespace, "name": name},
            "deleteOptions": {"preconditions": {"uid": uid, "resourceVersion": revision}}});
        // The last question before the act.
        if !leader.held() {
            return;
        }
        let path = format!("{path}/eviction");
        let answer = write(&self.client, Method::POST, &path, Some(&body), ANSWER).await;
        self.answered(app, &eviction.owner, answer);
    }

    fn answered(&mut self, app: &App, owner: &Holder, answer: Result<Reply, String>) {
        let metrics = &app.metrics.audit;
        match answer {
            Ok(reply) if reply.is_done() => {
                self.count(owner);
                self.back_off = BACK_OFF.0;
                metrics.evicted(Evicted::Done);
            }
            Ok(reply) if reply.code == 429 => self.refused(app, &reply),
            Ok(reply) if matches!(reply.code, 404 | 409) => metrics.evicted(Evicted::Changed),
            Ok(reply) => {
                // Of a server that broke it is not known what it did before.
                if reply.code >= 500 {
                    self.count(owner);
                }
                self.failed(app, &reply.told(), reply.retry_after);
            }
            Err(error) => {
                self.count(owner);
                self.failed(app, &error, None);
            }
        }
    }

    /// A pod of this workload was evicted, or may have been.
    fn count(&mut self, owner: &Holder) {
        self.done.entry(owner.clone()).or_default().push(Instant::now());
    }

    fn refused(&mut self, app: &App, reply: &Reply) {
        tracing::info!(told = reply.told(), "a budget does not allow for an eviction now");
        app.metrics.audit.evicted(Evicted::Budget);
        self.pause(reply.retry_after);
    }

    fn failed(&mut self, app: &App, error: &str, retry_after: Option<u64>) {
        tracing::warn!(error, "a pod was not evicted");
        app.metrics.audit.evicted(Evicted::Failed);
        self.pause(retry_after);
    }

    /// `asked`: seconds that the API server asks for.
    fn pause(&mut self, asked: Option<u64>) {
        let pause = Duration::from_secs(asked.unwrap_or_default()).clamp(self.back_off, BACK_OFF.1);
        self.not_before = Some(Instant::now() + pause);
        self.back_off = (self.back_off * 2).min(BACK_OFF.1);
    }
}

#[cfg(test)]
mod tests;
