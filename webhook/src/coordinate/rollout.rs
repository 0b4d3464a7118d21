//! What is done to StatefulSets: their partition is applied, by a field manager of its own and never
//! by force. Each request holds only for the very object, as it was seen.

use std::collections::BTreeMap;
use std::time::Duration;

use placecard_policies::coordination::rollouts::{Held, Hindrance, Rolled, Set};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::leader::Leader;
use crate::write::{Reply, apply};

/// Who owns the partition, as `metadata.managedFields` has it.
pub(super) const FIELD_MANAGER: &str = placecard_policies::live::rollout::MANAGER;

/// Longest time that one request may take.
const ANSWER: Duration = Duration::from_secs(5);

/// What was refused is tried again after this long.
const RETRY: Duration = Duration::from_secs(30);

/// Requests that are sent in one turn.
const AT_ONCE: usize = 64;

/// What the API server did not let us do, by namespace and name of the StatefulSet.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    known: BTreeMap<(String, String), (Hindrance, Instant)>,
}

/// What became of a turn's requests.
#[derive(Debug, Default)]
pub(super) struct Carried {
    /// Something was not done and may be at once: there is to be another look.
    pub(super) changed: bool,
    /// The API server asks to be left alone for this long.
    pub(super) busy: Option<Duration>,
}

/// What became of one request.
enum Outcome {
    Done,
    Changed,
    Hindered(Hindrance),
    Busy(Duration),
}

impl Refusals {
    /// Those that count as hindrances of this turn.
    pub(super) fn add_to(&mut self, rolled: &mut [Rolled]) {
        self.known.retain(|_, (_, at)| at.elapsed() < RETRY);
        for one in rolled.iter_mut().filter(|one| one.rolling.manage_rollout) {
            for (role, set) in &one.sets {
                let name = (one.namespace.clone(), set.name.clone());
                if let Some((why, _)) = self.known.get(&name) {
                    one.hindered.entry(role.clone()).or_insert_with(|| why.clone());
                }
            }
        }
    }

    /// When the next of them is tried again.
    pub(super) fn next(&self) -> Option<Duration> {
        self.known.values().map(|(_, at)| RETRY.saturating_sub(at.elapsed())).min()
    }

    pub(super) fn clear(&mut self) {
        self.known.clear();
    }

    /// Applies the partitions that are to be changed, as long as this replica is the leader.
    pub(super) async fn carry_out(
        &mut self,
        client: &kube::Client,
        leader: &Leader,
        rolled: &mut [Rolled],
        left: &[Held],
    ) -> Carried {
        let mut carried = Carried::default();
        let mut count = 0;
        for one in rolled {
            for (role, partition) in one.step() {
                let Some(set) = one.sets.get(&role) else { continue };
                count += 1;
                if count > AT_ONCE || carried.busy.is_some() || !leader.held() {
                    carried.changed = true;
                    return carried;
                }
                let outcome = send(client, &one.namespace, set, Some(partition)).await;
                if let Some(why) = carried.take(outcome) {
                    let name = (one.namespace.clone(), set.name.clone());
                    self.known.insert(name, (why.clone(), Instant::now()));
                    one.hindered.insert(role, why);
                }
            }
        }
        for held in left {
            count += 1;
            let name = (held.namespace.clone(), held.set.name.clone());
            if self.known.contains_key(&name) {
                continue;
            }
            if count > AT_ONCE || carried.busy.is_some() || !leader.held() {
                carried.changed = true;
                return carried;
            }
            let outcome = send(client, &held.namespace, &held.set, None).await;
            if let Some(why) = carried.take(outcome) {
                self.known.insert(name, (why, Instant::now()));
            }
        }
        carried
    }
}

impl Carried {
    fn take(&mut self, outcome: Outcome) -> Option<Hindrance> {
        match outcome {
            Outcome::Done => None,
            Outcome::Changed => {
                self.changed = true;
                None
            }
            Outcome::Busy(pause) => {
                self.busy = self.busy.max(Some(pause));
                None
            }
            Outcome::Hindered(why) => Some(why),
        }
    }
}

/// What is applied: the partition alone, or nothing, which gives it back.
fn body(namespace: &str, set: &Set, partition: Option<u32>) -> Value {
    let mut object = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata":
        {"namespace": namespace, "name": set.name, "uid": set.uid,
         "resourceVersion": set.resource_version}});
    if let Some(partition) = partition {
        object["spec"] = json!({"updateStrategy": {"rollingUpdate": {"partition": partition}}});
    }
    object
}

async fn send(
    client: &kube::Client,
    namespace: &str,
    set: &Set,
    partition: Option<u32>,
) -> Outcome {
    let name = &set.name;
    let path = format!(
        "/apis/apps/v1/namespaces/{namespace}/statefulsets/{name}?fieldManager={FIELD_MANAGER}"
    );
    let reply = apply(client, &path, &body(namespace, set, partition), ANSWER).await;
    let outcome = outcome(&reply, name);
    let told = reply.map_or_else(|error| error, |reply| reply.told());
    match &outcome {
        Outcome::Done => tracing::info!(namespace, set = name, partition, "a partition is set"),
        Outcome::Changed => tracing::debug!(namespace, set = name, told, "the set has changed"),
        _ => tracing::warn!(namespace, set = name, told, "a partition was not set"),
    }
    outcome
}

fn outcome(reply: &Result<Reply, String>, name: &str) -> Outcome {
    match reply {
        Ok(reply) if reply.is_done() => Outcome::Done,
        Ok(reply) if reply.code == 409 => match owner(&reply.body) {
            Some(manager) => Outcome::Hindered(Hindrance::Owned { name: name.to_owned(), manager }),
            None => Outcome::Changed,
        },
        Ok(reply) if reply.code == 404 => Outcome::Changed,
        Ok(reply) if reply.code == 429 || reply.code >= 500 => {
            Outcome::Busy(Duration::from_secs(reply.retry_after.unwrap_or(1).min(60)))
        }
        Ok(reply) if matches!(reply.code, 401 | 403) => {
            Outcome::Hindered(Hindrance::Forbidden { name: name.to_owned() })
        }
        Ok(reply) => {
            Outcome::Hindered(Hindrance::Refused { name: name.to_owned(), told: reply.told() })
        }
        Err(_) => Outcome::Busy(Duration::from_secs(1)),
    }
}

/// Who owns the field, if it is that which the API server objects to: `conflict with "kubectl" using
/// apps/v1` (`k8s.io/apimachinery/pkg/util/managedfields`).
fn owner(status: &Value) -> Option<String> {
    let causes = status.pointer("/details/causes").and_then(Value::as_array)?;
    let cause = causes.iter().find(|cause| {
        cause.get("reason").and_then(Value::as_str) == Some("FieldManagerConflict")
    })?;
    let message = cause.get("message").and_then(Value::as_str).unwrap_or_default();
    let named = message.split('"').nth(1).filter(|name| !name.is_empty());
    Some(named.unwrap_or("somebody else").chars().take(128).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> Set {
        Set {
            name: "prefill".to_owned(),
            uid: "u".to_owned(),
            resource_version: "7".to_owned(),
            start: 0,
        }
    }

    #[test]
    fn the_partition_alone_is_applied_to_the_very_object() {
        let metadata = json!({"namespace": "ml", "name": "prefill", "uid": "u",
            "resourceVersion": "7"});
        let expected = json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": metadata,
            "spec": {"updateStrategy": {"rollingUpdate": {"partition": 4}}}});
        assert_eq!(body("ml", &set(), Some(4)), expected);
        assert!(body("ml", &set(), None).get("spec").is_none());
    }

    #[test]
    fn whoever_owns_the_field_is_named_and_not_overruled() {
        let told = |code: u16, body: Value| {
            let reply = Ok(Reply { code, body, retry_after: None, date: None });
            match outcome(&reply, "prefill") {
                Outcome::Done => "done".to_owned(),
                Outcome::Changed => "changed".to_owned(),
                Outcome::Busy(pause) => format!("busy {}", pause.as_secs()),
                Outcome::Hindered(why) => format!("{why:?}"),
            }
        };
        let cause = json!({"reason": "FieldManagerConflict", "message":
            "conflict with \"kubectl-client-side-apply\" using apps/v1",
            "field": ".spec.updateStrategy.rollingUpdate.partition"});
        let conflict = told(409, json!({"details": {"causes": [cause]}}));
        assert!(conflict.contains("Owned") && conflict.contains("kubectl-client-side-apply"));
        assert_eq!(told(409, json!({"message": "the object has been modified"})), "changed");
        assert_eq!(told(404, json!({})), "changed");
        assert_eq!(told(200, json!({})), "done");
        assert_eq!(told(503, json!({})), "busy 1");
        assert!(told(403, json!({})).contains("Forbidden"));
        assert!(told(422, json!({"message": "no"})).contains("Refused"));
    }
}
