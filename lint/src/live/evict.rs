//! Evictions through the API server, which looks after the budgets
//! (`pkg/registry/core/pod/storage/eviction.go`).

use std::time::Duration;

use placecard_policies::audit::evict::{Fate, is_same};
use placecard_policies::feasibility::inventory::pod::Pod;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::request::{Trouble, get, post};

/// Between two evictions.
const APART: Duration = Duration::from_secs(10);

/// An object is not longer.
const MOST: usize = 4 << 20;

/// What becomes of each pod.
pub(super) async fn one_by_one(client: &kube::Client, pods: &[Pod]) -> Vec<Fate> {
    let mut fates: Vec<Fate> = Vec::new();
    for pod in pods {
        let stops = |fate: &Fate| matches!(fate, Fate::Refused(_) | Fate::Failed(_) | Fate::Left);
        if fates.last().is_some_and(stops) {
            fates.push(Fate::Left);
            continue;
        }
        if fates.last() == Some(&Fate::Done) {
            sleep(APART).await;
        }
        fates.push(evict(client, pod).await);
    }
    fates
}

async fn evict(client: &kube::Client, pod: &Pod) -> Fate {
    let (namespace, name) = (&pod.namespace, &pod.name);
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
    let found = match read(client, &path).await {
        Ok(found) => found,
        Err(Trouble::Absent | Trouble::Expired) => return Fate::Changed,
        Err(Trouble::Refused(told) | Trouble::Forbidden(told) | Trouble::Failed(told)) => {
            return Fate::Failed(told);
        }
    };
    let text = |field: &str| found.pointer(field).and_then(Value::as_str);
    let (Some(uid), Some(revision)) = (text("/metadata/uid"), text("/metadata/resourceVersion"))
    else {
        return Fate::Changed;
    };
    if !is_same(pod, &found) {
        return Fate::Changed;
    }
    // Nothing but the pod that was read is evicted.
    let body = json!({"apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": {"namespace": namespace, "name": name},
        "deleteOptions": {"preconditions": {"uid": uid, "resourceVersion": revision}}});
    match post(client, &format!("{path}/eviction"), &body).await {
        Ok(()) => Fate::Done,
        Err(Trouble::Refused(told)) => Fate::Refused(told),
        Err(Trouble::Absent | Trouble::Expired) => Fate::Changed,
        Err(Trouble::Forbidden(told) | Trouble::Failed(told)) => Fate::Failed(told),
    }
}

async fn read(client: &kube::Client, path: &str) -> Result<Value, Trouble> {
    let text = get(client, path).await?.all(MOST).await?;
    serde_json::from_slice(&text).map_err(|error| Trouble::Failed(error.to_string()))
}
