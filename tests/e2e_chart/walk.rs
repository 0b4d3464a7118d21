//! What the webhook writes, each once: Events and evictions, pods that are let go and that are replaced,
//! groups of the scheduler, partitions, the guards, its Secret and the bundles.

use std::collections::BTreeSet;

use placecard_policies::admission_policy::INLINED;
use placecard_policies::language::keys;
use placecard_tests::chart::RELEASE_NAMESPACE;
use placecard_tests::controlplane::{Api, Patch, Target, node, wait_for};
use placecard_tests::vocabulary;
use serde_json::{Value, json};

use super::rights::RING;
use super::{PATIENCE, accepted};
use crate::e2e_audit::stage as audit;
use crate::e2e_coordination::stage::{self, HOSTNAME};

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

const ROLES: [(&str, u32, u32); 2] = [("prefill", 4, 2), ("decode", 2, 1)];

/// A rule no longer holds for two pods; one has another node to go to, the other is kept by a budget,
/// and told of again.
pub(super) fn audited(stage: &audit::Stage) {
    let api = stage.plane.api();
    for name in ["a1", "a2"] {
        accepted(api, &node(name, &[("disk", "ssd")], &[], &[]));
    }
    for name in ["movable", "kept"] {
        stage.deploy(name, "a1", json!({"nodeSelector": {"disk": "ssd"}}));
    }
    stage.budget("kept");
    stage.label_node("a1", "disk", "hdd");
    wait_for(PATIENCE, "the one is moved", || match stage.bound("movable") {
        Some((_, node)) if node == "a2" => Ok(()),
        other => {
            // There is no kubelet that ends it.
            ended(api, "shop");
            Err(format!("{other:?}"))
        }
    });
}

/// Pods that are to end are gone.
fn ended(api: &Api, namespace: &str) {
    for pod in api.list("v1", "Pod", namespace, "").expect("listed") {
        if !pod["metadata"]["deletionTimestamp"].is_null() {
            let _ =
                api.delete(&Target::new("v1", "Pod", namespace, &text(&pod["metadata"]["name"])));
        }
    }
}

/// A batch is let go, and loses its node before its pods are bound.
pub(super) fn coordinated(stage: &stage::Stage) {
    stage.namespace("gated");
    let cast = [("prefill", 2, 2)];
    for name in ["n1", "n2"] {
        stage.node(name, "a", 3);
    }
    stage.coordination("gated", "llm", &cast, json!({}));
    stage.set_with("gated", "llm", cast[0], |template| {
        template["spec"]["schedulingGates"] = json!([{"name": "example.com/later"}]);
    });
    let pinned = || {
        let pods = stage.pods("gated");
        let node = |pod: &Value| text(&pod["spec"]["nodeSelector"][HOSTNAME]);
        pods.iter().map(node).filter(|node| !node.is_empty()).collect::<BTreeSet<String>>()
    };
    let lost = wait_for(PATIENCE, "the batch is let go", || {
        pinned().pop_first().ok_or_else(|| "not yet".to_owned())
    });
    stage.api().delete(&Target::new("v1", "Node", "", &lost)).expect("deleted");
    wait_for(PATIENCE, "the batch goes elsewhere", || {
        ended(stage.api(), "gated");
        let found = pinned();
        if found.len() == 1 && !found.contains(&lost) { Ok(()) } else { Err(format!("{found:?}")) }
    });
}

/// Batches by groups of the scheduler, of which there are more and then fewer, and of other sizes.
pub(super) fn grouped(stage: &stage::Stage) {
    stage.namespace("groups");
    for name in ["m1", "m2", "m3"] {
        stage.node(name, "a", 3);
    }
    stage.coordination("groups", "llm", &ROLES, json!({"placement": "podgroup"}));
    ROLES.into_iter().for_each(|cast| stage.set("groups", "llm", cast));
    stage.settled("groups", 6, HOSTNAME);
    // A smaller batch, and one batch less.
    let target = Target::new(keys::API_VERSION, keys::COORDINATION_KIND, "groups", "llm");
    let mut coordination = stage.api().get(&target).expect("there").object;
    let ratios = "/spec/coordination/0/strategy/affinityScheduling/ratios/prefill";
    *coordination.pointer_mut(ratios).expect("a ratio") = json!(1);
    stage.api().put(&coordination).unwrap_or_else(|why| panic!("{why}"));
    let sizes = || {
        let groups = stage.api().list("scheduling.k8s.io/v1beta1", "PodGroup", "groups", "");
        let size = |one: &Value| one["spec"]["schedulingPolicy"]["gang"]["minCount"].as_u64();
        groups.expect("listed").iter().map(size).collect::<Vec<_>>()
    };
    wait_for(PATIENCE, "the groups are smaller", || {
        let sizes = sizes();
        if sizes.contains(&Some(3)) { Err(format!("{sizes:?}")) } else { Ok(()) }
    });
    stage.scale("groups", "prefill", 1);
    stage.scale("groups", "decode", 1);
    wait_for(PATIENCE, "there is one group less", || {
        ended(stage.api(), "groups");
        let sizes = sizes();
        if sizes.len() == 1 { Ok(()) } else { Err(format!("{sizes:?}")) }
    });
}

/// A rollout that keeps pace holds the partitions.
pub(super) fn rolled_out(stage: &stage::Stage) {
    const CASTS: [(&str, u32, u32); 2] = [("front", 2, 2), ("back", 1, 1)];
    stage.namespace("rolled");
    for name in ["r1", "r2"] {
        stage.node(name, "a", 3);
    }
    let role = |name: &str| {
        json!({"name": name, "workloadRef":
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name}})
    };
    let rolling = json!({"maxUnavailableRatio": "5%", "maxSkew": "1%", "manageRollout": true});
    let batches =
        json!({"ratios": {"front": 2, "back": 1}, "placement": "gated", "batchMode": "Parallel"});
    stage.create(&json!({"apiVersion": keys::API_VERSION, "kind": keys::COORDINATION_KIND,
        "metadata": {"namespace": "rolled", "name": "llm"},
        "spec": {"roles": [role("front"), role("back")], "coordination": [
            {"name": "pd", "type": "AffinityScheduling", "roles": ["front", "back"],
                "strategy": {"affinityScheduling": batches}},
            {"name": "update", "type": "RollingUpdate", "roles": ["front", "back"],
                "strategy": {"rollingUpdate": rolling}}]}}));
    // Applied, as whoever deploys does who leaves the partition alone: of what is created it belongs to
    // the creator.
    for (role, replicas, _) in CASTS {
        let template = json!({
            "metadata": {"labels": {"app": role, "group": "llm"},
                "annotations": {keys::COORDINATE: "llm"}},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": "main",
                "image": "registry.invalid/none", "resources": {"requests": {"cpu": "1"}}}]}});
        let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": {"namespace": "rolled", "name": role},
            "spec": {"replicas": replicas, "podManagementPolicy": "Parallel", "serviceName": role,
                "selector": {"matchLabels": {"app": role}}, "template": template}});
        accepted(stage.api(), &set);
    }
    let target = Target::new("apps/v1", "StatefulSet", "rolled", "front");
    wait_for(PATIENCE, "the partition is held", || {
        stage.live("rolled");
        let set = stage.api().get(&target).map_err(|why| why.to_string())?.object;
        let partition = &set["spec"]["updateStrategy"]["rollingUpdate"]["partition"];
        let status = stage.status("rolled", "llm").to_string();
        if partition.as_u64() > Some(0) { Ok(()) } else { Err(status) }
    });
}

/// The vocabulary with a pool that is guarded by this value.
fn guarded(value: &str) -> Value {
    let guard = json!({"key": "pool", "value": value, "effect": "NoSchedule"});
    let pool = json!({"name": "a", "nodes": "pool=a", "guard": guard,
        "allowedNamespaces": {"names": ["shop"]}});
    let ring = json!({"apiVersion": RING, "kind": "Ring", "templates": ["/spec/template"]});
    vocabulary::object(&json!({"pools": [pool], "workloads": [ring]}))
}

/// Guards change, and somebody empties and removes what the webhook keeps.
pub(super) fn kept(api: &Api) {
    let secret = Target::new("v1", "Secret", RELEASE_NAMESPACE, "placecard-webhook-tls");
    let policy =
        Target::new("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "", INLINED);
    for value in ["first", "second"] {
        accepted(api, &guarded(value));
        wait_for(PATIENCE, "the policy has the guard", || {
            let found = api.get(&policy).map_err(|why| why.to_string())?.object["spec"].to_string();
            if found.contains(value) { Ok(()) } else { Err(found) }
        });
    }
    let empty = json!({"data": {"tls.crt": "", "tls.key": ""}});
    api.patch(&secret, Patch::Merge, &empty).expect("patched");
    wait_for(PATIENCE, "there is a certificate again", || {
        let data = api.get(&secret).map_err(|why| why.to_string())?.object["data"].take();
        if text(&data["tls.crt"]).is_empty() { Err(data.to_string()) } else { Ok(()) }
    });
    for target in [&secret, &policy] {
        api.delete(target).expect("deleted");
        wait_for(PATIENCE, "it is made again", || {
            api.get(target).map(drop).map_err(|why| why.to_string())
        });
    }
}
