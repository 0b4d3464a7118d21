//! RoleCoordination as a custom resource on a real API server: its definition with each rule, hit
//! from both sides, and its status.

mod changes;
mod claims;
mod gated;
mod groups;
mod pod_groups;
mod rollout;
mod rules;
mod shapes;
pub(crate) mod stage;
mod wedge;

use std::time::Duration;

use placecard_policies::coordination::definition;
use placecard_policies::language::keys;
use placecard_tests::controlplane::{Api, ControlPlane, Target, or_skipped, wait_for};
use serde_json::{Value, json};

/// How long the API server's own controllers may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn coordination(spec: &Value) -> Value {
    json!({
        "apiVersion": keys::API_VERSION,
        "kind": keys::COORDINATION_KIND,
        "metadata": {"name": "llm", "namespace": "default"},
        "spec": spec,
    })
}

fn workload(kind: &str, name: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": kind, "name": name})
}

/// Every field there is, with a value that nothing is wrong with.
fn whole() -> Value {
    json!({
        "roles": [
            {"name": "prefill", "workloadRef": workload("StatefulSet", "prefill")},
            {"name": "decode", "workloadRef": workload("StatefulSet", "decode")},
            {"name": "cache", "role": "kv",
             "groupRef": {"apiVersion": "workloads.x-k8s.io/v1alpha2", "kind": "RoleBasedGroup",
                          "name": "llm"}},
            {"name": "shard",
             "groupRef": {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet",
                          "name": "shard"}},
        ],
        "coordination": [
            {"name": "prefill-decode", "type": "AffinityScheduling", "roles": ["prefill", "decode"],
             "strategy": {"affinityScheduling": {"topologyKey": "kubernetes.io/hostname",
                 "ratios": {"prefill": 2, "decode": 1}, "batchMode": "Sequential",
                 "exclusive": "required", "placement": "gated", "timeout": "1h30m",
                 "onTimeout": "release"}}},
            {"name": "caching", "type": "AffinityScheduling", "roles": ["cache"],
             "strategy": {"affinityScheduling": {"ratios": {"cache": 2_147_483_647},
                 "batchMode": "Parallel"}}},
            {"name": "rollout", "type": "RollingUpdate", "roles": ["prefill", "decode"],
             "strategy": {"rollingUpdate": {"maxUnavailableRatio": "10%", "maxSkew": "0%",
                 "partition": "100%", "manageRollout": true}}},
        ],
    })
}

/// Installs the definition and waits until it is served.
fn define(api: &Api) {
    api.apply("test", &definition::definition()).unwrap_or_else(|refusal| panic!("{refusal}"));
    let target =
        Target::new("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", &definition::name());
    wait_for(PATIENCE, "the definition is established", || {
        let found = api.get(&target).map_err(|refusal| refusal.to_string())?.object;
        let conditions = found["status"]["conditions"].clone();
        let is = |kind: &str, status: &str| {
            let all = conditions.as_array();
            all.into_iter().flatten().any(|one| one["type"] == kind && one["status"] == status)
        };
        assert!(!is("NonStructuralSchema", "True"), "{conditions}");
        if is("Established", "True") && is("NamesAccepted", "True") {
            Ok(())
        } else {
            Err(conditions.to_string())
        }
    });
    wait_for(PATIENCE, "the kind is served", || {
        let listed = api.list(keys::API_VERSION, keys::COORDINATION_KIND, "default", "");
        listed.map_err(|refusal| refusal.to_string())
    });
}

/// What the linter says of a coordination, in a line each.
fn linted(object: &Value) -> Vec<String> {
    let (_, findings) = placecard_policies::coordination::check(object);
    findings.iter().map(placecard_findings::Finding::line).collect()
}

#[test]
fn role_coordinations_are_resources_of_the_cluster() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let api = plane.api();
    define(api);
    assert_eq!(linted(&coordination(&whole())), Vec::<String>::new());
    rules::every_rule(api);
    // The status is no part of what is created, and a field that is unknown is kept for us to see.
    let mut object = coordination(&whole());
    object["spec"]["roles"][0]["wrokloadRef"] = json!({});
    object["status"] = json!({"phase": "Completed"});
    let stored = api.create(&object).unwrap_or_else(|refusal| panic!("{refusal}")).object;
    assert!(stored["status"].is_null(), "{}", stored["status"]);
    assert_eq!(stored["spec"]["roles"][0]["wrokloadRef"], json!({}));
}
