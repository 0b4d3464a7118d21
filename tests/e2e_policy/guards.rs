//! Every route to a guarded pool that goes round the webhook.

use std::time::Duration;

use http::Method;
use placecard_policies::words::admission_policy as words;
use placecard_tests::controlplane::{Api, Outcome, Patch, Target, unique, unschedulable, wait_for};
use serde_json::{Value, json};

use super::ground::{SCHEDULERS, accepted, namespace, pod, refused, seconds, with_ground};

/// Tolerations, and whether a pod of `web` may have them.
fn tolerations() -> Vec<(Value, bool)> {
    let a100 = "pool.example.com/a100";
    vec![
        (
            json!({"key": a100, "operator": "Equal", "value": "reserved", "effect": "NoSchedule"}),
            false,
        ),
        (json!({"key": a100, "value": "reserved", "effect": "NoSchedule"}), false),
        (json!({"key": a100, "value": "reserved"}), false),
        (json!({"key": a100, "operator": "Exists"}), false),
        (json!({"key": a100, "operator": "Exists", "effect": "NoSchedule"}), false),
        (json!({"operator": "Exists"}), false),
        (json!({"operator": "Exists", "effect": "NoSchedule"}), false),
        (json!({"operator": "Exists", "effect": "NoExecute"}), false),
        (seconds(30), false),
        (json!({"operator": "Exists", "effect": "PreferNoSchedule"}), true),
        (json!({"key": a100, "value": "other", "effect": "NoSchedule"}), true),
        (json!({"key": a100, "operator": "Exists", "effect": "NoExecute"}), true),
        (json!({"key": a100}), true),
        (json!({"key": "pool.example.com/batch", "operator": "Exists"}), true),
        (json!({"key": "nvidia.com/gpu", "operator": "Exists"}), true),
    ]
}

#[test]
fn tolerations_by_hand_are_refused_when_a_pod_is_made() {
    with_ground(|ground| {
        let tenant = ground.tenant().dry_run();
        for (toleration, may) in tolerations() {
            let other = json!({"key": "x", "operator": "Exists"});
            let spec = json!({"tolerations": [other, toleration]});
            let outcome = tenant.create(&pod("web", "p", &spec));
            if may {
                drop(accepted(outcome))
            } else {
                refused(outcome, words::TOLERATES)
            }
            // The mode is no way round it; the administrator is a user like others.
            let outcome = ground.admin().dry_run().create(&pod("off", "p", &spec));
            if may {
                drop(accepted(outcome))
            } else {
                refused(outcome, words::TOLERATES)
            }
            for exempt in ["monitoring", "agents-by-label", "kube-system"] {
                accepted(tenant.create(&pod(exempt, "p", &spec)));
            }
        }
        let all = json!({"tolerations": (0..5000).map(|n| json!({"key": format!("k{n}"),
            "operator": "Exists"})).collect::<Vec<_>>()});
        refused(tenant.create(&pod("web", "p", &all)), words::TOO_MANY);
        accepted(tenant.create(&pod("monitoring", "p", &all)));
    });
}

#[test]
fn tolerations_by_hand_are_refused_when_a_pod_changes() {
    with_ground(|ground| {
        let tenant = ground.tenant();
        let name = unique("changing");
        accepted(tenant.create(&pod("web", &name, &json!({"nodeSelector": {"no": "where"}}))));
        let target = Target::new("v1", "Pod", "web", &name);
        let now = accepted(tenant.get(&target))["spec"]["tolerations"].clone();
        for (toleration, may) in tolerations() {
            let mut more = now.as_array().cloned().unwrap_or_default();
            more.push(toleration);
            let patch = json!({"spec": {"tolerations": more}});
            let dry = tenant.dry_run();
            for (kind, patch) in [
                (Patch::Merge, patch),
                (
                    Patch::Json,
                    json!([{"op": "add", "path": "/spec/tolerations/-", "value": more.last()}]),
                ),
            ] {
                let outcome = dry.patch(&target, kind, &patch);
                if may { drop(accepted(outcome)) } else { refused(outcome, words::TOLERATES) }
            }
            // Subresources leave the spec alone.
            for subresource in ["status", "ephemeralcontainers"] {
                let path = format!("/api/v1/namespaces/web/pods/{name}/{subresource}?dryRun=All");
                let patch = json!({"spec": {"tolerations": more}});
                let type_ = "application/strategic-merge-patch+json";
                if let Ok(answer) = tenant.request(Method::PATCH, &path, type_, Some(&patch)) {
                    assert_eq!(answer.object["spec"]["tolerations"], now, "{subresource}");
                }
            }
        }
        let label = json!({"metadata": {"labels": {"x": "y"}, "finalizers": ["example.com/x"]}});
        accepted(tenant.patch(&target, Patch::Merge, &label));
        accepted(tenant.patch(&target, Patch::Merge, &json!({"metadata": {"finalizers": null}})));
    });
}

#[test]
fn a_pod_from_before_the_vocabulary_keeps_what_it_has() {
    with_ground(|ground| {
        let tenant = ground.tenant().dry_run();
        let target = Target::new("v1", "Pod", "web", "old");
        accepted(tenant.patch(&target, Patch::Merge, &json!({"metadata": {"labels": {"x": "y"}}})));
        let mut now = accepted(tenant.get(&target))["spec"]["tolerations"].clone();
        let list = now.as_array_mut().expect("tolerations");
        list.push(json!({"key": "x", "operator": "Exists"}));
        accepted(tenant.patch(&target, Patch::Merge, &json!({"spec": {"tolerations": list}})));
        // For ever is more than for ten seconds.
        for one in list.iter_mut().filter(|one| one["key"] == "trust.example.com/domain") {
            one["tolerationSeconds"] = json!(100_000);
        }
        let patch = json!({"spec": {"tolerations": list}});
        refused(tenant.patch(&target, Patch::Merge, &patch), words::TOLERATES);
    });
}

#[test]
fn a_selector_or_an_affinity_alone_does_not_get_past_the_taint() {
    with_ground(|ground| {
        let tenant = ground.tenant();
        let selector = json!({"nodeSelector": {"accelerator": "a100"}});
        let affinity = json!({"schedulingGates": [{"name": "example.com/wait"}]});
        let (first, second) = (unique("selects"), unique("gated"));
        accepted(tenant.create(&pod("web", &first, &selector)));
        accepted(tenant.create(&pod("web", &second, &affinity)));
        let target = Target::new("v1", "Pod", "web", &second);
        let later = json!({"spec": {"nodeSelector": {"accelerator": "a100"},
            "schedulingGates": null}});
        accepted(tenant.patch(&target, Patch::Merge, &later));
        for name in [first, second] {
            let target = Target::new("v1", "Pod", "web", &name);
            wait_for(Duration::from_secs(60), "the taint repels the pod", || {
                let said = unschedulable(&accepted(tenant.get(&target))).unwrap_or_default();
                if said.contains("untolerated taint") { Ok(()) } else { Err(said) }
            });
        }
        // And who may go there goes there.
        let name = unique("allowed");
        let spec = json!({"nodeSelector": {"accelerator": "a100"}, "tolerations":
            [{"key": "pool.example.com/a100", "value": "reserved", "effect": "NoSchedule"}]});
        accepted(tenant.create(&pod("inference", &name, &spec)));
        assert_eq!(ground.admin().wait_bound("inference", &name), "guarded");
    });
}

#[test]
fn a_node_by_name_is_for_schedulers_nodes_and_agents() {
    with_ground(|ground| {
        let named = json!({"nodeName": "guarded"});
        let create = |api: &Api, object: &Value| api.dry_run().create(object);
        let tenant = ground.tenant();
        // Also where one pool is allowed: the node may be one of another.
        for namespace in ["web", "inference", "payments", "off"] {
            refused(create(&tenant, &pod(namespace, "p", &named)), words::NODE_NAME);
        }
        accepted(create(&tenant, &pod("monitoring", "p", &named)));
        accepted(create(&tenant, &pod("kube-system", "p", &named)));
        for scheduler in SCHEDULERS.into_iter().chain(["system:kube-scheduler"]) {
            let groups: &[&str] =
                if scheduler.starts_with("system") { &["system:masters"] } else { &[] };
            let api = ground.admin().as_user(scheduler, groups);
            accepted(create(&api, &pod("web", "p", &named)));
        }

        let mut mirror = pod(
            "web",
            "p",
            &json!({"nodeName": "guarded",
            "tolerations": [{"operator": "Exists", "effect": "NoExecute"}]}),
        );
        mirror["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
        let node =
            |name: &str| ground.admin().as_user(&format!("system:node:{name}"), &["system:nodes"]);
        accepted(create(&node("guarded"), &mirror));
        refused(create(&node("plain"), &mirror), words::TOLERATES);
        refused(create(&tenant, &mirror), words::TOLERATES);
        mirror["spec"]["tolerations"].take();
        refused(create(&tenant, &mirror), words::NODE_NAME);
        let impostor = ground.admin().as_user("system:node:guarded", &["system:masters"]);
        refused(create(&impostor, &mirror), words::NODE_NAME);
    });
}

fn bind(api: &Api, namespace: &str, pod: &str, legacy: bool, annotations: &Value) -> Outcome {
    let path = if legacy { "bindings".to_owned() } else { format!("pods/{pod}/binding") };
    let path = format!("/api/v1/namespaces/{namespace}/{path}?dryRun=All");
    let binding = json!({"apiVersion": "v1", "kind": "Binding",
        "metadata": {"name": pod, "namespace": namespace, "annotations": annotations},
        "target": {"apiVersion": "v1", "kind": "Node", "name": "guarded"}});
    api.request(Method::POST, &path, "application/json", Some(&binding))
}

#[test]
fn bindings_are_for_schedulers_and_carry_nothing_of_ours() {
    with_ground(|ground| {
        let (admin, tenant) = (ground.admin(), ground.tenant());
        let scheduler = admin.as_user(SCHEDULERS[1], &[]);
        let idle = json!({"schedulerName": "nobody"});
        for (namespace, may) in [("web", false), ("inference", false), ("monitoring", true)] {
            let name = unique("bound");
            accepted(tenant.create(&pod(namespace, &name, &idle)));
            for legacy in [false, true] {
                for user in [&tenant, admin] {
                    let outcome = bind(user, namespace, &name, legacy, &json!({}));
                    if may { drop(accepted(outcome)) } else { refused(outcome, words::BINDING) }
                }
                accepted(bind(
                    &scheduler,
                    namespace,
                    &name,
                    legacy,
                    &json!({"example.com/a": "b"}),
                ));
                for ours in ["placecard.dev/require", "placecard.dev/applied", "Placecard.dev/x"] {
                    let outcome = bind(&scheduler, namespace, &name, legacy, &json!({ours: "x"}));
                    refused(outcome, words::BINDING_ANNOTATIONS);
                }
                let many = (0..101).map(|n| (format!("example.com/{n}"), Value::from("x")));
                let many = Value::Object(many.collect());
                let outcome = bind(&scheduler, namespace, &name, legacy, &many);
                refused(outcome, words::BINDING_ANNOTATIONS);
            }
        }
        // The real scheduler goes on.
        let name = unique("usual");
        accepted(tenant.create(&pod("web", &name, &json!({}))));
        assert_eq!(admin.wait_bound("web", &name), "plain");
    });
}

#[test]
fn a_namespace_does_not_label_itself_into_a_pool() {
    with_ground(|ground| {
        let (admin, tenant) = (ground.admin(), ground.tenant());
        let clerk = admin.as_user("namespace-clerk", &[]);
        let opens = json!({"team": "inference", "stage": "prod"});
        let agent = json!({"role": "agents"});
        let label = |api: &Api, name: &str, labels: &Value| {
            let target = Target::new("v1", "Namespace", "", name);
            let patch = json!({"metadata": {"labels": labels}});
            api.dry_run().patch(&target, Patch::Merge, &patch)
        };
        for opening in [&opens, &agent] {
            refused(label(&tenant, "web", opening), words::LABELS);
            refused(tenant.dry_run().create(&namespace("fresh", opening)), words::LABELS);
            for allowed in [admin, &clerk] {
                accepted(label(allowed, "web", opening));
                accepted(allowed.dry_run().create(&namespace("fresh", opening)));
            }
        }
        refused(label(&tenant, "half", &json!({"stage": "prod"})), words::LABELS);
        // All else is free: other labels, half of them, the mode, what is there already, and less.
        accepted(label(&tenant, "web", &json!({"team": "inference", "x": "y"})));
        accepted(label(&tenant, "web", &json!({"placecard.dev/mode": "off"})));
        accepted(label(&tenant, "inference", &opens));
        accepted(label(&tenant, "labelled", &json!({"x": "y"})));
        accepted(label(&tenant, "labelled", &json!({"team": null})));
        accepted(tenant.dry_run().create(&namespace("fresh", &json!({}))));
    });
}
