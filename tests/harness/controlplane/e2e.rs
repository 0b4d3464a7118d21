//! The harness against a real control plane; skipped where none is built.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;

fn pod(namespace: &str, name: &str, pool: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {
            "nodeSelector": {"pool": pool},
            "containers": [{"name": "main", "image": "registry.invalid/none"}],
        },
    })
}

/// Runs a test, or says why not.
fn with_plane(test: impl FnOnce(&ControlPlane)) {
    if let Some(plane) = or_skipped(ControlPlane::shared()) {
        test(plane);
    }
}

#[test]
fn a_pod_is_bound_runs_and_goes_with_its_namespace() {
    with_plane(|plane| {
        assert!(plane.version.starts_with("v1."), "{}", plane.version);
        let api = plane.api();
        let pool = unique("pool");
        let node = api.create_owned(&node(&unique("node"), &[("pool", &pool)], &[], &[]));
        let node_name = Target::of(&node.object).name;
        let namespace = api.namespace("smoke");
        api.create(&pod(&namespace.name, "one", &pool)).expect("accepted");
        assert_eq!(api.wait_bound(&namespace.name, "one"), node_name);
        api.run_pod(&namespace.name, "one");
        let target = Target::new("v1", "Pod", &namespace.name, "one");
        let running = api.get(&target).expect("it exists").object;
        assert_eq!(running["status"]["phase"], "Running");
        let namespace_target = Target::new("v1", "Namespace", "", &namespace.name);
        drop(namespace);
        wait_until(Duration::from_secs(30), "the namespace is gone", || {
            api.get(&namespace_target).err().filter(|refusal| refusal.status == 404)
        });
    });
}

#[test]
fn a_pod_that_fits_nowhere_says_so() {
    with_plane(|plane| {
        let api = plane.api();
        let namespace = api.namespace("smoke");
        let pool = unique("pool");
        api.create(&pod(&namespace.name, "lost", &pool)).expect("accepted");
        let message = api.wait_unschedulable(&namespace.name, "lost");
        assert!(message.contains("0/") || message.contains("no nodes"), "{message}");
        let node = api.create_owned(&node(&unique("node"), &[], &["own:NoSchedule"], &[]));
        let node_name = Target::of(&node.object).name;
        api.bind(&namespace.name, "lost", &node_name).expect("bound by hand");
        assert_eq!(api.wait_bound(&namespace.name, "lost"), node_name);
    });
}

#[test]
fn a_deployment_is_changed_by_every_kind_of_request() {
    with_plane(|plane| {
        let api = plane.api();
        let namespace = api.namespace("smoke");
        let pool = unique("pool");
        let _node = api.create_owned(&node(&unique("node"), &[("pool", &pool)], &[], &[]));
        let template = pod("", "web", &pool);
        let deployment = json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": namespace.name},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": template["spec"]},
            },
        });
        let target = Target::of(&deployment);
        api.apply("smoke", &deployment).expect("created by server-side apply");
        assert_eq!(api.wait_all_bound(&namespace.name, "app=web", 2).len(), 2);

        let replicas = |answer: Outcome| match answer {
            Ok(answer) => answer.object["spec"]["replicas"].as_u64(),
            Err(refusal) => panic!("{refusal}"),
        };
        let scale = |to: u32| json!({"spec": {"replicas": to}});
        assert_eq!(replicas(api.dry_run().patch(&target, Patch::Merge, &scale(9))), Some(9));
        assert_eq!(replicas(api.get(&target)), Some(2), "a dry run changes nothing");
        assert_eq!(replicas(api.patch(&target, Patch::Merge, &scale(3))), Some(3));
        assert_eq!(replicas(api.patch(&target, Patch::Strategic, &scale(4))), Some(4));
        let operations = json!([{"op": "replace", "path": "/spec/replicas", "value": 5}]);
        assert_eq!(replicas(api.patch(&target, Patch::Json, &operations)), Some(5));

        // The status changes all the time, so a put may meet a conflict.
        wait_for(Duration::from_secs(10), "the object is replaced", || {
            let mut object = api.get(&target).map_err(|e| e.to_string())?.object;
            object["spec"]["replicas"] = 1.into();
            api.put(&object).map_err(|e| e.to_string())
        });
        let bound = api.wait_all_bound(&namespace.name, "app=web", 1);
        assert_eq!(bound.len(), 1);

        let conflict = api.apply("other", &deployment).expect_err("the field has another owner");
        assert_eq!((conflict.status, conflict.reason.as_str()), (409, "Conflict"));
        assert!(!conflict.causes.is_empty(), "{conflict}");
        api.delete(&target).expect("deleted");
        assert_eq!(api.get(&target).expect_err("it is gone").status, 404);
    });
}

#[test]
fn refusals_and_warnings_are_seen() {
    with_plane(|plane| {
        let api = plane.api();
        let namespace = api.namespace("smoke");
        let mut bad = pod(&namespace.name, "bad", "x");
        bad["spec"]["nodeSelector"] = json!({"no such key": "x"});
        let refusal = api.create(&bad).expect_err("an invalid label key");
        assert_eq!((refusal.status, refusal.reason.as_str()), (422, "Invalid"));
        assert_eq!(refusal.causes[0].field, "spec.nodeSelector", "{refusal}");

        let mut odd = pod(&namespace.name, "odd", "x");
        odd["spec"]["surprise"] = 1.into();
        let answer =
            api.with_query("fieldValidation", "Warn").create(&odd).expect("only a warning");
        assert_eq!(answer.warnings, [r#"unknown field "spec.surprise""#]);

        api.dry_run().delete(&Target::of(&odd)).expect("a deletion that would succeed");
        api.get(&Target::of(&odd)).expect("it was only tried");

        let nobody = api.as_user("nobody", &["system:authenticated"]);
        let refusal = nobody.get(&Target::of(&odd)).expect_err("no rights");
        assert_eq!(refusal.status, 403, "{refusal}");
        let unknown = Target::new("apps/v1", "Nonesuch", &namespace.name, "x");
        let refusal = api.get(&unknown).expect_err("no such kind");
        assert!(refusal.message.contains("no kind apps/v1 Nonesuch"), "{refusal}");
    });
}

#[test]
fn a_dropped_control_plane_is_gone() {
    let Ok(program) = program() else {
        eprintln!("skipped: no control plane is built");
        return;
    };
    let plane = ControlPlane::launch(&program, &[]).expect("it starts");
    let (api, ca) = (plane.api().clone(), plane.ca.clone());
    assert!(ca.is_file());
    drop(plane);
    let refusal = api.get(&Target::new("v1", "Namespace", "", "default")).expect_err("it is gone");
    assert_eq!(refusal.status, 0, "{refusal}");
    assert!(!ca.exists(), "its folder is removed");
}
