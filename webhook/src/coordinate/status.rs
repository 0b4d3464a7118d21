//! The status of RoleCoordinations: written when it changes, and not too often.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::Method;
use placecard_policies::coordination::rollouts::Rolled;
use placecard_policies::coordination::status::{Stall, invalid, of_case, whole};
use placecard_policies::language::keys;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::patch::FIELD_MANAGER;
use super::tell::Objects;
use super::{Decided, unix};
use crate::leader::Leader;
use crate::moment;
use crate::serve::App;
use crate::write::write;

/// Longest time that one request may take.
const ANSWER: Duration = Duration::from_secs(5);

/// Statuses that are written in one turn.
const AT_ONCE: usize = 32;

/// What was written.
pub(super) struct Statuses {
    client: kube::Client,
    every: Duration,
    /// When each was written last.
    written: BTreeMap<(String, String), Instant>,
}

impl Statuses {
    /// Nothing was written yet.
    pub(super) fn new(client: kube::Client, every: Duration) -> Self {
        Self { client, every, written: BTreeMap::new() }
    }

    /// The least time between two writes of one status.
    pub(super) fn every(&self) -> Duration {
        self.every
    }

    /// Writes what has changed; `true`: some of it is not due yet.
    pub(super) async fn write(
        &mut self,
        app: &App,
        leader: &Leader,
        objects: &Objects,
        (decided, rolled): (&[Decided], &[Rolled]),
    ) -> bool {
        let now = unix(app);
        self.written.retain(|_, at| at.elapsed() < self.every);
        let (mut left, mut count) = (false, 0);
        for (name, object) in objects {
            let of = |one: &&Decided| {
                one.case.has_object && (&one.case.namespace, &one.case.group) == (&name.0, &name.1)
            };
            let entry = |one: &Decided| (of_case(&one.case, &one.step, now), Stall::of(&one.step));
            let rolls = |one: &&Rolled| (&one.namespace, &one.group) == (&name.0, &name.1);
            let rolled = rolled.iter().filter(rolls).map(Rolled::status);
            let mut entries: Vec<_> = decided.iter().filter(of).map(entry).chain(rolled).collect();
            let written = object.group.iter().flat_map(|group| &group.coordinations);
            let order: Vec<&str> = written.map(|one| one.name.as_str()).collect();
            entries.sort_by_key(|(one, _)| order.iter().position(|name| *name == one.name));
            let moment = moment::seconds((app.clock)());
            let (before, generation) = (&object.status, object.generation);
            let status = match object.group {
                Some(_) => whole(before, generation, entries, &moment),
                None => invalid(before, generation, &object.fault, &moment),
            };
            let Some(status) = status else { continue };
            if self.written.contains_key(name) || count >= AT_ONCE {
                left = true;
                continue;
            }
            if !leader.held() {
                return false;
            }
            count += 1;
            self.written.insert(name.clone(), Instant::now());
            let (namespace, short) = name;
            let root = format!("/apis/{}/namespaces/{namespace}", keys::API_VERSION);
            let path = format!(
                "{root}/{}/{short}/status?fieldManager={FIELD_MANAGER}",
                keys::COORDINATION_PLURAL
            );
            let mut body = json!({"metadata": {"uid": object.uid}, "status": status});
            // A merge takes away what it has no value for only if it says so.
            if status.batch.is_none() {
                body["status"]["batch"] = Value::Null;
            }
            let reply = write(&self.client, Method::PATCH, &path, Some(&body), ANSWER).await;
            let error = match reply {
                Ok(reply) if reply.is_done() => continue,
                Ok(reply) if matches!(reply.code, 404 | 409) => continue,
                Ok(reply) => reply.told(),
                Err(error) => error,
            };
            left = true;
            tracing::warn!(namespace, name = short, error, "a status was not written");
        }
        left
    }
}
