//! The vocabulary as a custom resource on a real API server: its definition with each bound and rule,
//! and our webhook, which follows it and guards it.

mod bounds;
mod life;
mod rules;

use std::time::Duration;

use placecard_policies::language::vocabulary_check;
use placecard_tests::controlplane::{Api, ControlPlane, Outcome, Refusal, or_skipped};
use placecard_tests::vocabulary::{define, definition_target, object as vocabulary, target};
use serde_json::{Value, json};

/// How long watches and the API server's own controllers may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Every field there is, with a value that nothing is wrong with.
fn whole() -> Value {
    let guard = |key: &str| json!({"key": key, "value": "x", "effect": "NoSchedule"});
    let allowed = || json!({"names": ["ml"], "matchLabels": {"team": "ml"}});
    json!({
        "levels": [
            {"name": "zone", "key": "topology.kubernetes.io/zone", "deprecated": false},
            {"name": "rack", "key": "topology.example.com/rack", "format": "rack-{n}"},
            {"name": "node", "key": "kubernetes.io/hostname"},
        ],
        "serviceDomain": "zone",
        "pools": [{
            "name": "a100", "nodes": "accelerator=a100", "deprecated": false,
            "tolerations": [{"key": "gpu", "operator": "Equal", "value": "x",
                "effect": "NoExecute", "tolerationSeconds": 30}],
            "guard": guard("pool"), "allowedNamespaces": allowed(),
        }],
        "trustDomains": [{"name": "payments", "nodes": "trust=payments", "deprecated": false,
            "guard": guard("trust"), "allowedNamespaces": allowed()}],
        "resources": [{"name": "nvme", "uid": "3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2b",
            "nodes": "disk=nvme", "deprecated": false}],
        "workloads": [{"apiVersion": "ray.io/v1", "kind": "RayCluster",
            "templates": ["/spec/headGroupSpec/template"]}],
        "limits": {"requiredApartFrom": {"levels": ["node"], "crossNamespace": false}},
        "schedulers": ["system:kube-scheduler"],
        "agents": allowed(),
        "inventory": "open",
        "nodeTemplates": [{"name": "h100", "labels": {"accelerator": "h100"},
            "taints": [guard("gpu")], "allocatable": {"cpu": "96"}, "zones": ["a"],
            "count": {"min": 0, "max": 20}, "partial": false}],
    })
}

#[track_caller]
fn refused(outcome: Outcome) -> Refusal {
    match outcome {
        Ok(answer) => panic!("accepted: {}", answer.object),
        Err(refusal) => *refusal,
    }
}

/// What the linter says of a vocabulary, in a line each.
fn linted(object: &Value) -> Vec<String> {
    let (_, findings) = placecard_policies::vocabulary::check(object);
    findings.iter().map(placecard_findings::Finding::line).collect()
}

/// Whatever the API server itself refuses, the linter refuses too.
fn refused_twice(api: &Api, object: &Value, part: &str) -> Result<(), String> {
    let told = match api.dry_run().create(object) {
        Ok(_) => return Err(format!("accepted, and not refused for: {part}")),
        Err(refusal) if refusal.status == 422 => refusal.to_string(),
        Err(refusal) => return Err(refusal.to_string()),
    };
    let (_, problems) = vocabulary_check::check(object);
    match told.contains(part) {
        false => Err(format!("{part} is not in: {told}")),
        true if problems.is_empty() => Err(format!("the linter takes what is refused: {told}")),
        true => Ok(()),
    }
}

#[test]
fn the_vocabulary_is_a_resource_of_the_cluster() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let api = plane.api();
    // A webhook that is there before the kind is: it has the well-known levels.
    life::before_the_kind_exists(&plane, |webhook| {
        define(api);
        assert_eq!(linted(&vocabulary(&whole())), Vec::<String>::new());
        bounds::every_bound(api);
        rules::every_rule(api);
        life::from_creation_to_deletion(api, webhook);
    });
}
