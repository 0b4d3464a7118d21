//! Keeps the guards of the vocabulary in the policy that the API server evaluates by itself.
//!
//! The policy has them as literals, so an API server needs nothing else to evaluate it; the price is
//! that somebody writes it when the vocabulary changes. That is the leader among the replicas, and it
//! looks again now and then, whoever changed the policy meanwhile. While no replica runs, the policy
//! stays as it is.
//!
//! Guards are taken back when the vocabulary says so. If there is no vocabulary (any more), they stay
//! until its kind was served without it for [`ABSENT`](crate::vocabulary::ABSENT), and for good if the
//! kind is gone, too: who removes a kind by mistake opens no pool.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use placecard_policies::admission_policy::inlined::Inlined;
use placecard_policies::admission_policy::{self, Guards, INLINED, Unplaced, Values};
use placecard_policies::language::checked::Words;
use placecard_policies::words;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::leader::Leader;
use crate::metrics::guards::Kept;
use crate::serve::App;
use crate::watch::backoff::Backoff;
use crate::write::{Reply, write};

/// Between two looks at the words.
const TURN: Duration = Duration::from_secs(1);

/// Between two looks at the policy, if the words stay as they are.
const LOOK: Duration = Duration::from_secs(30);

/// Longest time that one request may take; the API server compiles what it is given.
const ANSWER: Duration = Duration::from_secs(20);

const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";

/// Keeps the policy as the vocabulary says, for ever, while this replica is the leader.
pub async fn keep(app: Arc<App>, client: kube::Client, leader: Leader) {
    let mut keeper = Keeper { app, client, leader, kept: None, wanted: None };
    let mut backoff = Backoff::default();
    loop {
        match keeper.turn().await {
            Ok(()) => {
                backoff.reset();
                sleep(TURN).await;
            }
            Err(error) => {
                tracing::warn!(error, "the policy about guards was not written; trying again");
                keeper.app.metrics.guards.told(Kept::Failed);
                sleep(backoff.pause()).await;
            }
        }
    }
}

struct Keeper {
    app: Arc<App>,
    client: kube::Client,
    leader: Leader,
    /// The words that the policy had when it was looked at last.
    kept: Option<(Arc<Words>, Instant)>,
    /// The policy that these words ask for; `None`: they do not fit into one.
    wanted: Option<(Arc<Words>, Option<Value>)>,
}

impl Keeper {
    async fn turn(&mut self) -> Result<(), String> {
        if !self.leader.held() {
            self.kept = None;
            self.app.metrics.guards.forget();
            return Ok(());
        }
        let words = match &self.app.vocabulary {
            Some(vocabulary) => vocabulary.guards(),
            None => Some(Arc::clone(&self.app.surroundings.words)),
        };
        let Some(words) = words else { return Ok(()) };
        let same =
            |(kept, at): &(Arc<Words>, Instant)| Arc::ptr_eq(kept, &words) && at.elapsed() < LOOK;
        if self.kept.as_ref().is_some_and(same) {
            return Ok(());
        }
        // Of vocabularies that have the same words, some are not the same.
        if let Some(wanted) = self.wanted(&words)? {
            self.app.metrics.guards.current(false);
            self.write(&wanted).await?;
            self.app.metrics.guards.current(true);
        }
        self.kept = Some((words, Instant::now()));
        Ok(())
    }

    /// The policy for these words.
    fn wanted(&mut self, words: &Arc<Words>) -> Result<Option<Value>, String> {
        if let Some((known, wanted)) = &self.wanted
            && Arc::ptr_eq(known, words)
        {
            return Ok(wanted.clone());
        }
        let wanted = match Inlined::of(words) {
            Ok(inlined) => Some(policy(inlined)?),
            Err(why) => {
                let why = words::admission_policy::too_large(why);
                tracing::error!(why, "the policy about guards stays as it was");
                self.app.metrics.guards.told(Kept::TooLarge);
                self.app.metrics.guards.current(false);
                None
            }
        };
        self.wanted = Some((Arc::clone(words), wanted.clone()));
        Ok(wanted)
    }

    /// Creates or replaces the policy, if it does not say that already.
    async fn write(&self, wanted: &Value) -> Result<(), String> {
        let path = format!("{POLICIES}/{INLINED}");
        let found = self.send(Method::GET, &path, None).await?;
        let reply = match found {
            reply if reply.code == 404 => self.send(Method::POST, POLICIES, Some(wanted)).await?,
            reply if !reply.is_done() => return Err(reply.told()),
            reply if says(&reply.body, wanted) => return Ok(()),
            reply => {
                let revision = reply.body.pointer("/metadata/resourceVersion").cloned();
                let mut wanted = wanted.clone();
                wanted["metadata"]["resourceVersion"] = revision.unwrap_or_default();
                // The last question before the act.
                if !self.leader.held() {
                    return Ok(());
                }
                self.send(Method::PUT, &path, Some(&wanted)).await?
            }
        };
        if !reply.is_done() {
            return Err(reply.told());
        }
        tracing::info!(policy = INLINED, "the guards of the vocabulary were written");
        self.app.metrics.guards.told(Kept::Written);
        Ok(())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, String> {
        write(&self.client, method, path, body, ANSWER).await
    }
}

fn policy(inlined: Inlined) -> Result<Value, String> {
    let values = Values::new("", Unplaced::Deny, false);
    let text = admission_policy::guards_policy(&values, &Guards::Inlined(inlined));
    serde_saphyr::from_str(&text).map_err(|error| error.to_string())
}

/// Whether an object says all that is wanted, whatever the API server adds.
fn says(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| found.get(key).is_some_and(|one| says(one, value)))
        }
        (Value::Array(found), Value::Array(wanted)) => {
            let mut pairs = found.iter().zip(wanted);
            found.len() == wanted.len() && pairs.all(|(found, wanted)| says(found, wanted))
        }
        _ => found == wanted,
    }
}

#[cfg(test)]
mod tests {
    use placecard_policies::language::vocabulary_check;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_policy_is_an_object_with_the_guards_of_the_words() {
        let vocabulary = json!({"apiVersion": "placecard.dev/v1alpha1",
            "kind": "PlacementVocabulary", "metadata": {"name": "default"},
            "spec": {"schedulers": ["it's \"one\"\n- {}: #"], "pools": [{"name": "a", "nodes": "a=b",
                "guard": {"key": "k.example.com/a", "value": "v", "effect": "NoExecute"},
                "allowedNamespaces": {"names": ["web"]}}]}});
        let (words, problems) = vocabulary_check::check(&vocabulary);
        assert!(problems.is_empty(), "{problems:?}");
        let policy = policy(Inlined::of(&words).unwrap()).unwrap();
        assert_eq!(policy["metadata"]["name"], INLINED);
        assert_eq!(policy["spec"]["failurePolicy"], "Fail");
        assert_eq!(policy["spec"]["paramKind"], Value::Null);
        let variables = policy["spec"]["variables"].as_array().unwrap();
        let names: Vec<&Value> = variables.iter().map(|one| &one["name"]).take(3).collect();
        assert_eq!(names, ["agents", "schedulers", "guarded"]);
        let guarded = variables[2]["expression"].as_str().unwrap();
        assert!(guarded.contains("'key': 'k.example.com/a', 'value': 'v'"), "{guarded}");
        assert!(says(&policy, &policy));
    }

    #[test]
    fn what_the_server_adds_is_no_difference() {
        let wanted = json!({"spec": {"variables": [{"name": "a", "expression": "b"}]}});
        let found = json!({"metadata": {"uid": "x"}, "spec": {"matchPolicy": "Equivalent",
            "variables": [{"name": "a", "expression": "b"}]}});
        assert!(says(&found, &wanted) && !says(&wanted, &found));
        let more = json!({"spec": {"variables": [{"name": "a", "expression": "b"}, {}]}});
        assert!(!says(&more, &wanted) && !says(&wanted, &more));
        assert!(!says(
            &json!({"spec": {"variables": [{"name": "a", "expression": "c"}]}}),
            &wanted
        ));
    }
}
