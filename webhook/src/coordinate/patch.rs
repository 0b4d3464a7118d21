//! What is done to one pod: our gate goes and the pins come in one patch, or it is deleted. Each
//! request holds only for the very pod, as it was seen; on another one it is void.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::Method;
use placecard_policies::coordination::gather::{Case, Done};
use placecard_policies::coordination::step::{Action, Target};
use placecard_policies::language::keys;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::leader::Leader;
use crate::write::{Reply, write};

/// Requests that are under way at once.
const CONCURRENT: usize = 8;

/// Longest time that one request may take.
const ANSWER: Duration = Duration::from_secs(5);

/// Who changed a field, as `metadata.managedFields` has it.
pub(super) const FIELD_MANAGER: &str = "placecard-coordination";

/// The API server asks for no longer pause than this.
const LONGEST_PAUSE: u64 = 60;

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    pod: Target,
    /// What is added to the node selector; `None`: the pod is deleted.
    pins: Option<BTreeMap<String, String>>,
    body: Value,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done; with the pod's new `resourceVersion`, if it has one.
    Done(Option<u64>),
    /// The pod is gone, or another version of it is there.
    Changed,
    /// The API server does not take it.
    Refused,
    /// It was not done: the API server has too much to do, and asks to be left alone for this long.
    Busy(Duration),
    /// It may have been done: there was no answer, or the API server is not well. It asks to be
    /// left alone for this long.
    Unknown(Duration),
    /// Another replica acts now.
    NotLeader,
}

impl Request {
    /// What was done, from now on.
    pub(super) fn done(&self, revision: Option<u64>) -> Done {
        Done { pod: self.pod.clone(), revision, pins: self.pins.clone() }
    }
}

/// The request for an action; `None`: the pod is not there, or our gate is not.
pub(super) fn request(case: &Case, action: &Action) -> Option<Request> {
    match action {
        Action::Release { pod, pins } => {
            let known = case.pods.iter().find(|one| one.pod.uid == pod.uid)?;
            let gate = known.pod.gates.iter().position(|gate| gate == keys::BATCH_GATE)?;
            let body = release(pod, gate, known.pod.node_selector.is_empty(), pins);
            Some(Request { pod: pod.clone(), pins: Some(pins.clone()), body })
        }
        Action::Replace { pod } => {
            let body = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions":
                {"uid": pod.uid, "resourceVersion": pod.resource_version}});
            Some(Request { pod: pod.clone(), pins: None, body })
        }
    }
}

/// The patch that takes our gate away and adds the pins. Gates of others stay as they are.
fn release(pod: &Target, gate: usize, is_bare: bool, pins: &BTreeMap<String, String>) -> Value {
    let mut patch = vec![
        json!({"op": "test", "path": "/metadata/uid", "value": pod.uid}),
        json!({"op": "test", "path": "/metadata/resourceVersion", "value": pod.resource_version}),
        json!({"op": "test", "path": format!("/spec/schedulingGates/{gate}/name"),
            "value": keys::BATCH_GATE}),
        json!({"op": "remove", "path": format!("/spec/schedulingGates/{gate}")}),
    ];
    if is_bare && !pins.is_empty() {
        patch.push(json!({"op": "add", "path": "/spec/nodeSelector", "value": pins}));
    } else {
        for (key, value) in pins {
            let key = key.replace('~', "~0").replace('/', "~1");
            let path = format!("/spec/nodeSelector/{key}");
            patch.push(json!({"op": "add", "path": path, "value": value}));
        }
    }
    Value::Array(patch)
}

/// Sends the requests, some at once, as long as this replica is the leader.
pub(super) async fn act(
    client: &kube::Client,
    leader: &Leader,
    requests: Vec<Request>,
) -> Vec<(Request, Outcome)> {
    let (mut tasks, mut outcomes) = (JoinSet::new(), Vec::new());
    let mut open = requests.into_iter();
    // Once the API server asks to be left alone, nothing else is sent.
    let mut is_well = true;
    loop {
        while is_well
            && tasks.len() < CONCURRENT
            && let Some(request) = open.next()
        {
            // The last question before the act.
            if !leader.held() {
                outcomes.push((request, Outcome::NotLeader));
                continue;
            }
            let client = client.clone();
            tasks.spawn(async move {
                let outcome = send(&client, &request).await;
                (request, outcome)
            });
        }
        match tasks.join_next().await {
            Some(Ok((request, outcome))) => {
                is_well &= !matches!(outcome, Outcome::Busy(_) | Outcome::Unknown(_));
                outcomes.push((request, outcome));
            }
            Some(Err(error)) => tracing::error!(%error, "a request about a pod broke off"),
            None => return outcomes,
        }
    }
}

async fn send(client: &kube::Client, request: &Request) -> Outcome {
    let Target { namespace, name, .. } = &request.pod;
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
    let reply = match request.pins {
        Some(_) => {
            let path = format!("{path}?fieldManager={FIELD_MANAGER}");
            write(client, Method::PATCH, &path, Some(&request.body), ANSWER).await
        }
        None => write(client, Method::DELETE, &path, Some(&request.body), ANSWER).await,
    };
    let outcome = outcome(&reply);
    let told = reply.map_or_else(|error| error, |reply| reply.told());
    let done = if request.pins.is_some() { "let go" } else { "replaced" };
    match &outcome {
        Outcome::Done(_) => tracing::info!(namespace, pod = name, pins = ?request.pins, done),
        Outcome::Changed => tracing::debug!(namespace, pod = name, told, "the pod has changed"),
        _ => tracing::warn!(namespace, pod = name, told, "the pod was not changed"),
    }
    outcome
}

fn outcome(reply: &Result<Reply, String>) -> Outcome {
    match reply {
        Ok(reply) if reply.is_done() => {
            let revision = reply.body.pointer("/metadata/resourceVersion");
            Outcome::Done(revision.and_then(|text| text.as_str()?.parse().ok()))
        }
        // A test of a patch that does not hold is 422, as is much else.
        Ok(reply) if matches!(reply.code, 404 | 409 | 410 | 422) => Outcome::Changed,
        Ok(reply) if reply.code == 429 || reply.code >= 500 => {
            let pause = Duration::from_secs(reply.retry_after.unwrap_or(0).min(LONGEST_PAUSE));
            if reply.code == 429 { Outcome::Busy(pause) } else { Outcome::Unknown(pause) }
        }
        Ok(_) => Outcome::Refused,
        Err(_) => Outcome::Unknown(Duration::ZERO),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_gate_alone_goes_and_pins_come_in_the_same_patch() {
        let pod = Target {
            namespace: "ml".to_owned(),
            name: "a-0".to_owned(),
            uid: "u".to_owned(),
            resource_version: "7".to_owned(),
        };
        let pins = BTreeMap::from([("a/b~c".to_owned(), "n1".to_owned())]);
        let mut object = json!({"metadata": {"uid": "u", "resourceVersion": "7"},
            "spec": {"schedulingGates": [{"name": "other"}, {"name": keys::BATCH_GATE}],
                "nodeSelector": {"disk": "ssd"}}});
        let patch = release(&pod, 1, false, &pins);
        let patch: json_patch::Patch = serde_json::from_value(patch).unwrap();
        json_patch::patch(&mut object, &patch).unwrap();
        let expected = json!({"schedulingGates": [{"name": "other"}],
            "nodeSelector": {"disk": "ssd", "a/b~c": "n1"}});
        assert_eq!(object["spec"], expected);
        assert!(json_patch::patch(&mut object, &patch).is_err(), "twice does nothing");
        let mut bare = json!({"metadata": {"uid": "u", "resourceVersion": "7"},
            "spec": {"schedulingGates": [{"name": keys::BATCH_GATE}]}});
        let patch = release(&pod, 0, true, &pins);
        let patch: json_patch::Patch = serde_json::from_value(patch).unwrap();
        json_patch::patch(&mut bare, &patch).unwrap();
        let expected = json!({"schedulingGates": [], "nodeSelector": {"a/b~c": "n1"}});
        assert_eq!(bare["spec"], expected);
    }

    #[test]
    fn what_an_answer_means() {
        let reply = |code, retry_after| {
            let body = json!({"metadata": {"resourceVersion": "12"}});
            outcome(&Ok(Reply { code, body, retry_after, date: None }))
        };
        assert_eq!(reply(200, None), Outcome::Done(Some(12)));
        assert_eq!(reply(422, None), Outcome::Changed);
        assert_eq!(reply(404, None), Outcome::Changed);
        assert_eq!(reply(403, None), Outcome::Refused);
        assert_eq!(reply(429, Some(7)), Outcome::Busy(Duration::from_secs(7)));
        assert_eq!(reply(503, Some(7_000)), Outcome::Unknown(Duration::from_secs(60)));
        assert_eq!(outcome(&Err(String::new())), Outcome::Unknown(Duration::ZERO));
    }
}
