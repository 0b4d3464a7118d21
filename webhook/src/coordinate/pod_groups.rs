//! The scheduler's own groups of pods, one for each batch: whether the server has them, and their
//! objects.
//!
//! Every replica finds out by itself whether there are such groups, by a request that stores nothing;
//! the one that sees to coordinations keeps them. What it knows of them is read anew now and then,
//! and after every request that did not go as it should.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::Method;
use placecard_policies::coordination::pod_groups::{
    API_VERSION, Change, Found, PLURAL, Stand, changes, keeps_topology, probe,
};
use placecard_policies::language::coordination::Placement;
use placecard_policies::language::keys;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::Decided;
use super::patch::FIELD_MANAGER;
use crate::leader::Leader;
use crate::serve::App;
use crate::watch::backoff::spread;
use crate::write::{Reply, write};

/// Longest time that one request may take.
const ANSWER: Duration = Duration::from_secs(5);

/// Between two looks whether the server has them.
const LOOK: Duration = Duration::from_secs(30);

/// What is known of them is read anew after this long.
const AGAIN: Duration = Duration::from_secs(30);

/// Changes of one turn.
const AT_ONCE: usize = 100;

/// Groups of one page of a list.
const PAGE: usize = 500;

/// Whether the server has such groups.
#[derive(Debug, Default)]
pub struct Served(AtomicBool);

impl Served {
    /// Whether it had them when it was asked last.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Finds out whether the server has them, again and again.
pub(super) async fn look(client: kube::Client, app: Arc<App>) {
    let path = format!("{}?dryRun=All", all(client.default_namespace()));
    let mut told = None;
    loop {
        let reply = write(&client, Method::POST, &path, Some(&probe()), ANSWER).await;
        let found = match &reply {
            Ok(reply) if reply.is_done() => Some(keeps_topology(&reply.body)),
            // It is busy, or not well: what was known goes on to hold.
            Ok(reply) if reply.code == 429 || reply.code >= 500 => None,
            Ok(_) => Some(false),
            Err(_) => None,
        };
        if let Some(found) = found {
            app.pod_groups.0.store(found, Ordering::Relaxed);
            if told.replace(found) != Some(found) {
                let answer = reply.map_or_else(|error| error, |reply| reply.told());
                tracing::info!(served = found, answer, "PodGroups that keep to a topology");
            }
        }
        sleep(spread(LOOK)).await;
    }
}

/// The path of all groups of a namespace.
fn all(namespace: &str) -> String {
    format!("/apis/{API_VERSION}/namespaces/{namespace}/{PLURAL}")
}

/// The groups that are there, by namespace and name.
type Known = BTreeMap<(String, String), Found>;

/// What is known of the groups that are there.
pub(super) struct Keeper {
    client: kube::Client,
    /// And when they were listed; `None`: they are not known.
    known: Option<(Instant, Known)>,
}

/// A group that the server did not take.
pub(super) struct Refused {
    /// Namespace and id of the coordination.
    pub(super) key: (String, String),
    /// The batch.
    pub(super) batch: u64,
    /// What the server said.
    pub(super) told: String,
}

/// What became of a turn.
#[derive(Default)]
pub(super) struct Kept {
    /// There is something to be done after this time.
    pub(super) again: Option<Duration>,
    /// What was not taken.
    pub(super) refused: Vec<Refused>,
}

impl Keeper {
    /// Nothing is known yet.
    pub(super) const fn new(client: kube::Client) -> Self {
        Self { client, known: None }
    }

    /// Another replica may act from now on.
    pub(super) fn forget(&mut self) {
        self.known = None;
    }

    /// Has a group for each batch that may begin.
    pub(super) async fn keep(
        &mut self,
        app: &App,
        leader: &Leader,
        decided: &[Decided],
        missing: &BTreeSet<(String, String)>,
    ) -> Kept {
        let is_used = decided.iter().any(|one| one.case.affinity.placement == Placement::PodGroup);
        let had_some = self.known.as_ref().is_none_or(|(_, known)| !known.is_empty());
        if !app.pod_groups.get() || !(is_used || had_some) {
            return Kept::default();
        }
        let mut kept = Kept { again: is_used.then_some(AGAIN), ..Kept::default() };
        if self.known.as_ref().is_none_or(|(at, _)| at.elapsed() >= AGAIN) {
            match self.list().await {
                Ok(known) => self.known = Some((Instant::now(), known)),
                Err(error) => {
                    tracing::warn!(error, "the PodGroups were not listed");
                    kept.again = Some(ANSWER);
                    return kept;
                }
            }
        }
        let found: Vec<Found> =
            self.known.iter().flat_map(|(_, known)| known.values().cloned()).collect();
        let stands = decided.iter().map(|Decided { key, case, step }| Stand {
            id: &key.1,
            case,
            batches: &step.batches,
        });
        let stands: Vec<Stand<'_>> = stands.collect();
        let changes = changes(&stands, &found, missing);
        for (at, change) in changes.iter().enumerate() {
            // The last question before the act.
            if at >= AT_ONCE || !leader.held() {
                kept.again = Some(Duration::ZERO);
                break;
            }
            if let Err(refused) = self.carry_out(change).await {
                kept.again = Some(ANSWER);
                kept.refused.extend(refused);
            }
        }
        kept
    }

    async fn list(&self) -> Result<Known, String> {
        let (mut known, mut token) = (Known::new(), String::new());
        loop {
            let label = keys::COORDINATION.replace('/', "%2F");
            let path = format!("/apis/{API_VERSION}/{PLURAL}?labelSelector={label}&limit={PAGE}");
            let path = if token.is_empty() { path } else { format!("{path}&continue={token}") };
            let reply = write(&self.client, Method::GET, &path, None, ANSWER).await?;
            let items = reply.body.get("items").and_then(Value::as_array);
            let items = items.filter(|_| reply.is_done()).ok_or_else(|| reply.told())?;
            let found = items.iter().filter_map(Found::read);
            known.extend(found.map(|one| ((one.namespace.clone(), one.name.clone()), one)));
            let next = reply.body.pointer("/metadata/continue").and_then(Value::as_str);
            match next {
                Some(next) if !next.is_empty() => next.clone_into(&mut token),
                _ => return Ok(known),
            }
        }
    }

    /// `Err`: it is to be looked at again, and perhaps to be told.
    async fn carry_out(&mut self, change: &Change) -> Result<(), Option<Refused>> {
        let reply = send(&self.client, change).await;
        let told = match &reply {
            Ok(reply) => reply.told(),
            Err(error) => error.clone(),
        };
        let done = reply.ok().filter(Reply::is_done);
        let Some(done) = done else {
            tracing::warn!(told, group = %name(change), "a PodGroup was not changed");
            // Whatever it is, what is known of the groups is not right.
            self.known = None;
            return Err(match change {
                Change::Create(object) => Found::read(object).map(|group| Refused {
                    key: (group.namespace, group.id),
                    batch: group.batch,
                    told,
                }),
                Change::Resize(..) | Change::Delete(_) => None,
            });
        };
        tracing::info!(group = %name(change), "a PodGroup was changed");
        let Some((_, known)) = &mut self.known else { return Ok(()) };
        match change {
            Change::Create(_) => {
                let found = Found::read(&done.body);
                known.extend(found.map(|one| ((one.namespace.clone(), one.name.clone()), one)));
            }
            Change::Resize(group, count) => {
                let group = Found { count: *count, ..group.clone() };
                known.insert((group.namespace.clone(), group.name.clone()), group);
            }
            Change::Delete(group) => {
                // It is there as long as pods are in it.
                let group = Found { terminating: true, ..group.clone() };
                known.insert((group.namespace.clone(), group.name.clone()), group);
            }
        }
        Ok(())
    }
}

fn name(change: &Change) -> String {
    match change {
        Change::Create(object) => {
            let text =
                |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            format!("{}/{}", text("/metadata/namespace"), text("/metadata/name"))
        }
        Change::Resize(group, _) | Change::Delete(group) => {
            format!("{}/{}", group.namespace, group.name)
        }
    }
}

async fn send(client: &kube::Client, change: &Change) -> Result<Reply, String> {
    let (method, path, body) = match change {
        Change::Create(object) => {
            let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str);
            let path = format!("{}?fieldManager={FIELD_MANAGER}", all(namespace.unwrap_or("")));
            (Method::POST, path, object.clone())
        }
        Change::Resize(group, count) => {
            let Found { namespace, name, uid, .. } = group;
            let path = format!("{}/{name}?fieldManager={FIELD_MANAGER}", all(namespace));
            let body = json!({"metadata": {"uid": uid},
                "spec": {"schedulingPolicy": {"gang": {"minCount": count}}}});
            (Method::PATCH, path, body)
        }
        Change::Delete(group) => {
            let Found { namespace, name, uid, .. } = group;
            let body = json!({"apiVersion": "v1", "kind": "DeleteOptions",
                "preconditions": {"uid": uid}});
            (Method::DELETE, format!("{}/{name}", all(namespace)), body)
        }
    };
    write(client, method, &path, Some(&body), ANSWER).await
}
