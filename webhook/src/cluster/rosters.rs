//! All RoleCoordinations of a namespace, for the pods of groups.
//!
//! A pod that would be left alone because the index knows of nobody who refers to its group is asked
//! about here first: what was made a moment ago may not be in the index yet. A group may have
//! thousands of pods that come at once, so those who ask while a list is under way share the next one.

use std::sync::{Arc, Mutex};

use placecard_policies::coordination::roster::Roster;
use placecard_policies::language::keys;
use placecard_policies::surroundings::Answer;
use serde_json::Value;
use tokio::time::Instant;

use super::{Cluster, Missing, lock, path};
use crate::recent::Recent;

/// Namespaces whose last list is kept.
const NAMESPACES: usize = 256;

/// The last list of a namespace, and when it was begun.
type Last = Arc<tokio::sync::Mutex<Option<(Instant, Answer)>>>;

/// The last list of each namespace.
pub(super) struct Rosters(Mutex<Recent<String, Last>>);

impl Default for Rosters {
    fn default() -> Self {
        Self(Mutex::new(Recent::new(NAMESPACES)))
    }
}

impl Rosters {
    fn of(&self, namespace: &str) -> Last {
        let mut kept = lock(&self.0);
        let namespace = namespace.to_owned();
        if let Some(last) = kept.get(&namespace) {
            return last;
        }
        let last = Last::default();
        kept.insert(namespace, Arc::clone(&last));
        last
    }
}

impl Cluster {
    /// All RoleCoordinations of a namespace, as they were at this moment or later.
    pub(super) async fn rosters(&self, namespace: &str) -> Result<Answer, Missing> {
        let arrival = Instant::now();
        let last = self.kept.rosters.of(namespace);
        // Who waits here waits for a list that may have been begun too early; the first of them
        // begins another one, for all.
        let mut last = last.lock().await;
        if let Some((_, answer)) = last.as_ref().filter(|(begin, _)| *begin >= arrival) {
            return Ok(answer.clone());
        }
        let begin = Instant::now();
        let answer = match self.coordinations(namespace).await {
            Err(Missing::NotFound) => Answer::Absent,
            other => other?,
        };
        *last = Some((begin, answer.clone()));
        Ok(answer)
    }

    /// All RoleCoordinations of a namespace. Where there can be none that this webhook is to see,
    /// because the server does not have them or its role does not, pods of groups must not suffer.
    async fn coordinations(&self, namespace: &str) -> Result<Answer, Missing> {
        let root = format!("apis/{}/namespaces", keys::API_VERSION);
        let list = self.get(&path(&root, &[namespace, keys::COORDINATION_PLURAL])?).await;
        let list = match list {
            Err(Missing::Forbidden) => {
                tracing::warn!(namespace, "not allowed to list RoleCoordinations");
                return Ok(Answer::Absent);
            }
            other => other?,
        };
        let Some(items) = list.get("items").and_then(Value::as_array) else {
            return Err(Missing::Failed("no list of RoleCoordinations".to_owned()));
        };
        let mut roster = Roster::default();
        for item in items {
            // The items of a list need not say what they are.
            let mut item = item.clone();
            item["apiVersion"] = keys::API_VERSION.into();
            item["kind"] = keys::COORDINATION_KIND.into();
            roster.put(&item, namespace);
        }
        Ok(Answer::Coordinations(Arc::new(roster)))
    }
}
