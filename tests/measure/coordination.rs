//! A coordination with a batch that no node has room for, so that with every change of the cluster
//! the webhook looks again.

use placecard_policies::coordination::{definition, membership};
use placecard_policies::language::keys;
use placecard_tests::controlplane::Api;
use serde_json::{Value, json};

use super::Result;

const NAMESPACE: &str = "coordinated";

/// The RoleCoordination.
const GROUP: &str = "llm";

/// The coordination in it.
const NAME: &str = "pd";

/// Role, replicas and ratio.
const ROLES: [(&str, u32, u32); 2] = [("prefill", 6, 2), ("decode", 3, 1)];

/// Makes the kind; there is nothing of it yet.
pub(crate) fn define(api: &Api) -> Result<()> {
    Ok(api.apply("measure", &definition::definition()).map(drop)?)
}

/// Makes the coordination, its StatefulSets and their pods, as they are stored behind the webhook.
pub(crate) fn fill(api: &Api) -> Result<()> {
    api.create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}))?;
    let ratios: serde_json::Map<String, Value> =
        ROLES.iter().map(|(role, _, ratio)| ((*role).to_owned(), json!(ratio))).collect();
    let role = |(role, ..): &(&str, u32, u32)| {
        let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": role});
        json!({"name": role, "workloadRef": set})
    };
    let affinity = json!({"topologyKey": "kubernetes.io/hostname", "ratios": ratios,
        "placement": "gated", "batchMode": "Parallel", "exclusive": "none"});
    api.create(&json!({
        "apiVersion": keys::API_VERSION,
        "kind": keys::COORDINATION_KIND,
        "metadata": {"namespace": NAMESPACE, "name": GROUP},
        "spec": {"roles": ROLES.iter().map(role).collect::<Vec<_>>(),
            "coordination": [{"name": NAME, "type": "AffinityScheduling",
                "roles": ROLES.map(|(role, ..)| role),
                "strategy": {"affinityScheduling": affinity}}]},
    }))?;
    for (role, replicas, _) in ROLES {
        let mut set = api.create(&set(role, replicas))?.object;
        let uid = set["metadata"]["uid"].take();
        for ordinal in 0..replicas {
            api.create(&pod(role, ordinal, &uid))?;
        }
    }
    Ok(())
}

fn set(role: &str, replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"namespace": NAMESPACE, "name": role},
        "spec": {"replicas": replicas, "serviceName": role,
            "selector": {"matchLabels": {"app": role}},
            "template": {"metadata": {"labels": {"app": role},
                "annotations": {keys::COORDINATE: GROUP}}, "spec": {"containers": containers()}}},
    })
}

/// A pod of a StatefulSet, gated.
fn pod(role: &str, ordinal: u32, uid: &Value) -> Value {
    let id = membership::id(NAMESPACE, GROUP, NAME);
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": NAMESPACE,
            "name": format!("{role}-{ordinal}"),
            "labels": {"app": role, "apps.kubernetes.io/pod-index": ordinal.to_string(),
                keys::COORDINATION: id},
            "annotations": {keys::COORDINATE: GROUP},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": role,
                "uid": uid, "controller": true}],
        },
        "spec": {"schedulingGates": [{"name": keys::BATCH_GATE}], "containers": containers()},
    })
}

/// More than any node has.
fn containers() -> Value {
    json!([{"name": "main", "image": "registry.invalid/main:1.2.3",
        "resources": {"requests": {"cpu": "1000"}}}])
}
