//! Pods with rules while the webhook is away.

use std::time::Duration;

use placecard_policies::language::keys;
use placecard_policies::words::admission_policy as words;
use placecard_tests::controlplane::{Patch, Target, unique, wait_for};
use serde_json::{Value, json};

use super::ground::{accepted, pod, refused, with_ground};

fn annotated(namespace: &str, annotations: &Value) -> Value {
    let mut pod = pod(namespace, "p", &json!({}));
    pod["metadata"]["annotations"] = annotations.clone();
    pod
}

#[test]
fn a_pod_with_rules_that_nobody_wrote_into_it_waits() {
    with_ground(|ground| {
        let tenant = ground.tenant().dry_run();
        let intents = keys::KEYS.iter().filter(|key| key.intent).map(|key| key.full.to_owned());
        let odd = "Placecard.dev/Require".to_owned();
        for key in intents.chain([odd]) {
            let with = json!({&key: "on zone/a"});
            refused(tenant.create(&annotated("web", &with)), words::UNPLACED);
            let expanded = json!({&key: "on zone/a", "placecard.dev/applied": "{}"});
            accepted(tenant.create(&annotated("web", &expanded)));
            for passed_by in ["off", "kube-system", "placecard-system"] {
                accepted(tenant.create(&annotated(passed_by, &with)));
            }
        }
        for others in [
            json!({}),
            json!({"example.com/require": "on zone/a"}),
            json!({"placecard.dev/ignore": "x: y"}),
        ] {
            accepted(tenant.create(&annotated("web", &others)));
        }
    });
}

#[test]
fn a_pod_that_exists_is_left_alone() {
    with_ground(|ground| {
        let tenant = ground.tenant();
        let name = unique("existing");
        accepted(tenant.create(&pod("web", &name, &json!({"nodeSelector": {"no": "where"}}))));
        let patch = json!({"metadata": {"annotations": {"placecard.dev/require": "on zone/a"}}});
        let target = Target::new("v1", "Pod", "web", &name);
        accepted(tenant.patch(&target, Patch::Merge, &patch));
        accepted(tenant.patch(&target, Patch::Merge, &json!({"metadata": {"labels": {"a": "b"}}})));
        accepted(tenant.delete(&target));
    });
}

#[test]
fn a_controller_tries_again_and_says_why() {
    with_ground(|ground| {
        let (name, labels) = (unique("waiting"), json!({"app": "waiting"}));
        let replica_set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": name, "namespace": "web"},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {
                "metadata": {"labels": labels, "annotations": {"placecard.dev/require": "on zone/a"}},
                "spec": {"containers": [{"name": "main", "image": "registry.invalid/none"}]}}}});
        accepted(ground.admin().create(&replica_set));
        let target = Target::new("apps/v1", "ReplicaSet", "web", &name);
        let said = wait_for(Duration::from_secs(60), "the ReplicaSet says why", || {
            let found = accepted(ground.admin().get(&target));
            let conditions = found["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let failure = conditions.into_iter().find(|one| one["type"] == "ReplicaFailure");
            failure.ok_or_else(|| found["status"].to_string())
        });
        assert!(said["message"].to_string().contains(words::UNPLACED), "{said}");
        accepted(ground.admin().delete(&target));
    });
}
