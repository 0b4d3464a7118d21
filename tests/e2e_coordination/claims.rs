//! What the rules of coordinations claim of pods, seen on a real scheduler and real controllers:
//! which pods stay Pending whatever room there is, and which do not.

use std::time::Duration;

use placecard_policies::language::keys;
use placecard_tests::controlplane::{Api, ControlPlane, node, or_skipped, unique, wait_for};
use serde_json::{Value, json};

/// Patience with controllers.
const PATIENCE: Duration = Duration::from_secs(60);

const HOSTNAME: &str = "kubernetes.io/hostname";

/// A namespace with nodes that nobody else's pods go to.
struct Ground<'a> {
    api: &'a Api,
    namespace: String,
    pool: String,
}

impl Ground<'_> {
    /// A pod of batch 0, of this role; `edit` changes its spec.
    fn pod(&self, name: &str, role: &str, edit: impl FnOnce(&mut Value)) {
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": self.namespace,
                "labels": {"app": role, "group": "g", "number": "0"}},
            "spec": {"nodeSelector": {"pool": self.pool},
                "containers": [{"name": "c", "image": "c"}]},
        });
        edit(&mut pod["spec"]);
        self.api.create(&pod).unwrap_or_else(|refusal| panic!("{refusal}"));
    }

    #[track_caller]
    fn waits(&self, name: &str, why: &str) {
        let said = self.api.wait_unschedulable(&self.namespace, name);
        assert!(said.contains(why), "{name}: {said}");
    }
}

/// The term of a batch by affinity.
fn batch() -> Value {
    json!({"topologyKey": HOSTNAME,
        "labelSelector": {"matchLabels": {"group": "g", "number": "0"}}})
}

fn required(kind: &str, terms: &[Value]) -> Value {
    json!({kind: {"requiredDuringSchedulingIgnoredDuringExecution": terms}})
}

/// Nodes of a pool of its own, each with room for dozens of pods.
fn with_nodes(count: usize, test: impl FnOnce(&Ground<'_>, &[String])) {
    let Some(plane) = or_skipped(ControlPlane::shared()) else { return };
    let api = plane.api();
    // Other tests have our webhook before the same API server, which would refuse such pods.
    let namespace = api.namespace_with("claims", &[(keys::MODE, "off")]);
    let pool = unique("pool");
    let names: Vec<String> = (0..count).map(|_| unique("node")).collect();
    let nodes: Vec<_> = names
        .iter()
        .map(|name| api.create_owned(&node(name, &[("pool", pool.as_str())], &[], &[])))
        .collect();
    let name = namespace.name.clone();
    test(&Ground { api, namespace: name, pool }, &names);
    drop((namespace, nodes));
}

#[test]
fn pods_of_a_batch_that_are_required_apart_stay_pending() {
    with_nodes(3, |ground, nodes| {
        let apart = json!({"topologyKey": HOSTNAME,
            "labelSelector": {"matchLabels": {"app": "prefill"}}});
        // By affinity, with room on three nodes.
        let edit = |spec: &mut Value| {
            let mut affinity = required("podAffinity", &[batch()]);
            affinity["podAntiAffinity"] = required("podAntiAffinity", std::slice::from_ref(&apart))
                ["podAntiAffinity"]
                .clone();
            spec["affinity"] = affinity;
        };
        ground.pod("prefill-0", "prefill", edit);
        let _ = ground.api.wait_bound(&ground.namespace, "prefill-0");
        ground.pod("prefill-1", "prefill", edit);
        ground.waits("prefill-1", "affinity");
        // Pinned, as the controller releases them.
        let pinned = |app: &'static str, pin: String| {
            let term = json!({"topologyKey": HOSTNAME,
                "labelSelector": {"matchLabels": {"app": app}}});
            move |spec: &mut Value| {
                spec["nodeSelector"][HOSTNAME] = json!(pin);
                spec["affinity"] = required("podAntiAffinity", &[term]);
            }
        };
        ground.pod("decode-0", "decode", pinned("decode", nodes[1].clone()));
        let _ = ground.api.wait_bound(&ground.namespace, "decode-0");
        ground.pod("decode-1", "decode", pinned("decode", nodes[1].clone()));
        ground.waits("decode-1", "anti-affinity");
    });
}

#[test]
fn pods_of_a_batch_that_take_one_port_stay_pending() {
    with_nodes(2, |ground, nodes| {
        let edit = |spec: &mut Value| {
            spec["nodeSelector"][HOSTNAME] = json!(nodes[0]);
            spec["containers"][0]["ports"] = json!([{"containerPort": 80, "hostPort": 18080}]);
        };
        ground.pod("prefill-0", "prefill", edit);
        let _ = ground.api.wait_bound(&ground.namespace, "prefill-0");
        ground.pod("prefill-1", "prefill", edit);
        ground.waits("prefill-1", "free ports");
    });
}

/// Pods that are pinned to one node count no other one, so a spread over nodes does not stop them,
/// unless it asks for more nodes than one.
#[test]
fn a_spread_stops_pinned_pods_by_its_least_domains_alone() {
    with_nodes(3, |ground, nodes| {
        let edit = |app: &'static str, least: u32| {
            move |spec: &mut Value| {
                spec["nodeSelector"][HOSTNAME] = json!(nodes[0]);
                spec["topologySpreadConstraints"] = json!([{"topologyKey": HOSTNAME, "maxSkew": 1,
                    "minDomains": least, "whenUnsatisfiable": "DoNotSchedule",
                    "labelSelector": {"matchLabels": {"app": app}}}]);
            }
        };
        for name in ["free-0", "free-1", "free-2"] {
            ground.pod(name, "free", edit("free", 1));
            let _ = ground.api.wait_bound(&ground.namespace, name);
        }
        ground.pod("bound-0", "bound", edit("bound", 2));
        let _ = ground.api.wait_bound(&ground.namespace, "bound-0");
        ground.pod("bound-1", "bound", edit("bound", 2));
        ground.waits("bound-1", "spread");
        // Where it counts all nodes, the others need as many first; then it lets the pod in.
        let counting = |pin: String| {
            move |spec: &mut Value| {
                spec["nodeSelector"][HOSTNAME] = json!(pin);
                spec["topologySpreadConstraints"] = json!([{"topologyKey": HOSTNAME, "maxSkew": 1,
                    "nodeAffinityPolicy": "Ignore", "nodeTaintsPolicy": "Ignore",
                    "whenUnsatisfiable": "DoNotSchedule",
                    "labelSelector": {"matchLabels": {"app": "even"}}}]);
            }
        };
        ground.pod("even-0", "even", counting(nodes[0].clone()));
        let _ = ground.api.wait_bound(&ground.namespace, "even-0");
        ground.pod("even-1", "even", counting(nodes[0].clone()));
        ground.waits("even-1", "spread");
    });
}

#[test]
fn a_second_required_term_keeps_a_batch_from_what_is_there() {
    with_nodes(2, |ground, _| {
        ground.pod("cache", "cache", |spec| spec["nodeSelector"] = spec["nodeSelector"].take());
        let _ = ground.api.wait_bound(&ground.namespace, "cache");
        let near = json!({"topologyKey": "pool",
            "labelSelector": {"matchLabels": {"app": "cache"}}});
        // The cache is not of the batch, so no pod matches both terms.
        ground.pod("prefill-0", "prefill", |spec| {
            let mut other = batch();
            other["labelSelector"]["matchLabels"]["app"] = json!("prefill");
            spec["affinity"] = required("podAffinity", &[other, near.clone()]);
        });
        ground.waits("prefill-0", "affinity");
        // Each of the two terms alone is met.
        ground.pod("prefill-1", "prefill", |spec| {
            spec["affinity"] = required("podAffinity", &[near]);
        });
        let _ = ground.api.wait_bound(&ground.namespace, "prefill-1");
    });
}

/// A StatefulSet that makes one pod after the other makes no second one while the first is behind a
/// gate; with `Parallel` it makes all.
#[test]
fn gated_pods_that_come_one_after_the_other_never_all_come() {
    with_nodes(1, |ground, _| {
        for (name, policy) in [("ordered", "OrderedReady"), ("parallel", "Parallel")] {
            let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
                "metadata": {"name": name, "namespace": ground.namespace},
                "spec": {"replicas": 2, "serviceName": name, "podManagementPolicy": policy,
                    "selector": {"matchLabels": {"app": name}},
                    "template": {"metadata": {"labels": {"app": name}},
                        "spec": {"schedulingGates": [{"name": keys::BATCH_GATE}],
                            "containers": [{"name": "c", "image": "c"}]}}}});
            ground.api.create(&set).unwrap_or_else(|refusal| panic!("{refusal}"));
        }
        let pods = |name: &str| {
            let selector = format!("app={name}");
            let listed = ground.api.list("v1", "Pod", &ground.namespace, &selector);
            listed.unwrap_or_else(|refusal| panic!("{refusal}")).len()
        };
        wait_for(PATIENCE, "all pods of the one are there", || match pods("parallel") {
            2 => Ok(()),
            other => Err(other.to_string()),
        });
        // The controller has looked at the other one too: its status says what it waits for.
        wait_for(PATIENCE, "the other has made its first pod", || match pods("ordered") {
            1 => Ok(()),
            other => Err(other.to_string()),
        });
        let target = placecard_tests::controlplane::Target::new(
            "apps/v1",
            "StatefulSet",
            &ground.namespace,
            "ordered",
        );
        wait_for(PATIENCE, "and counts it", || {
            let set = ground.api.get(&target).map_err(|refusal| refusal.to_string())?.object;
            let status = &set["status"];
            if status["replicas"] == 1 && status["observedGeneration"] == 1 {
                Ok(())
            } else {
                Err(status.to_string())
            }
        });
        assert_eq!(pods("ordered"), 1);
    });
}
