//! A closed inventory on a real API server: what no node will ever hold is refused, and whatever
//! casts a doubt on that lets it pass.

use std::time::Duration;

use placecard_policies::language::keys;
use placecard_tests::chart;
use placecard_tests::controlplane::{
    Api, ControlPlane, Outcome, Patch, Target, node, or_skipped, wait_for,
};
use placecard_tests::running::Running;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// So often a race is run.
const ROUNDS: usize = 10;

fn vocabulary(spec: &Value) -> Value {
    json!({"apiVersion": keys::API_VERSION, "kind": keys::VOCABULARY_KIND,
        "metadata": {"name": keys::VOCABULARY_NAME}, "spec": spec})
}

/// Values of the chart; so many seconds everything must have stayed as it is.
fn settled_after(seconds: u32) -> Value {
    json!({"log": {"level": "error"}, "settledAfter": seconds})
}

fn deployment(namespace: &str, rule: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"},
                    "annotations": {"placecard.dev/require": rule}},
                "spec": {"containers": [{"name": "web", "image": "registry.invalid/none"}]}}}})
}

fn disk(name: &str, disk: &str) -> Value {
    node(name, &[("disk", disk)], &[], &[("cpu", "4")])
}

struct Stage<'p> {
    api: &'p Api,
    namespace: String,
}

impl Stage<'_> {
    /// Tries to create what only a node with this disk takes.
    fn ask(&self, kind: &str) -> Outcome {
        let rule = format!("on nodes(disk={kind})");
        self.api.dry_run().create(&deployment(&self.namespace, &rule))
    }

    /// It is refused, as soon as the webhook has seen what was done.
    fn is_refused(&self, kind: &str, after: &str) {
        let message = wait_for(PATIENCE, after, || match self.ask(kind) {
            Err(refusal) if refusal.status == 403 => Ok(refusal.message),
            other => Err(format!("{other:?}")),
        });
        let said = format!("no node offers disk={kind} [no-node-fits]");
        assert!(message.contains(&said), "{message}");
    }

    /// It is admitted from now on.
    fn is_admitted(&self, kind: &str, because: &str) {
        for _ in 0..3 {
            let answer = self.ask(kind);
            assert!(answer.is_ok(), "{because}: {answer:?}");
        }
    }
}

#[test]
fn a_closed_inventory_refuses_what_it_never_holds_and_nothing_in_doubt() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let api = plane.api();
    for name in ["n1", "n2"] {
        api.create(&disk(name, "ssd")).unwrap_or_else(|refusal| panic!("{refusal}"));
    }
    let closed = vocabulary(&json!({"inventory": "closed"}));
    let running = Running::install(&plane, &settled_after(0), &closed);
    let namespace = api.namespace("closed");
    let stage = Stage { api, namespace: namespace.name.clone() };

    stage.is_admitted("ssd", "nodes have it");
    stage.is_refused("nvme", "no node has it");
    bare_pods(&stage);
    nodes_that_come(&stage);
    labels_that_come(&stage);
    marks_of_autoscalers(&stage);
    templates_and_the_declaration(&stage);
    running.stop();

    unsettled(&plane, &stage);
    forbidden(&plane, &stage);
}

/// Nobody judged them before; the pods of controllers were judged at their workload.
fn bare_pods(stage: &Stage<'_>) {
    let pod = |owners: Value| {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "p", "namespace": stage.namespace, "ownerReferences": owners},
            "spec": {"nodeSelector": {"disk": "nvme"},
                "containers": [{"name": "p", "image": "registry.invalid/none"}]}})
    };
    let refusal = stage.api.dry_run().create(&pod(json!([]))).expect_err("no node has it");
    assert!(refusal.message.contains("no node offers disk=nvme"), "{refusal}");
    let owner = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x", "uid": "x",
        "controller": true}]);
    stage.api.dry_run().create(&pod(owner)).expect("a controller's pod");
}

/// As soon as a node is there that takes it, nothing is refused any more, whatever the index knows.
fn nodes_that_come(stage: &Stage<'_>) {
    let late = disk("late", "nvme");
    for _ in 0..ROUNDS {
        stage.api.create(&late).unwrap_or_else(|refusal| panic!("{refusal}"));
        stage.is_admitted("nvme", "a node came");
        stage.api.delete(&Target::of(&late)).expect("deleted");
        stage.is_refused("nvme", "the node is gone");
    }
}

fn labels_that_come(stage: &Stage<'_>) {
    let target = Target::new("v1", "Node", "", "n2");
    let label = |disk: &str| {
        let patch = json!({"metadata": {"labels": {"disk": disk}}});
        stage.api.patch(&target, Patch::Merge, &patch).expect("patched");
    };
    for _ in 0..ROUNDS {
        label("nvme");
        stage.is_admitted("nvme", "a label came");
        label("ssd");
        stage.is_refused("nvme", "the label is gone");
    }
}

fn marks_of_autoscalers(stage: &Stage<'_>) {
    let target = Target::new("v1", "Node", "", "n2");
    let mark = "cluster-autoscaler.kubernetes.io/scale-down-disabled";
    let annotate = |value: Value| {
        let patch = json!({"metadata": {"annotations": {mark: value}}});
        stage.api.patch(&target, Patch::Merge, &patch).expect("patched");
    };
    annotate(json!("true"));
    stage.is_admitted("nvme", "an autoscaler may bring others");
    annotate(Value::Null);
    stage.is_refused("nvme", "the mark is gone");
}

fn templates_and_the_declaration(stage: &Stage<'_>) {
    let target = Target::new(keys::API_VERSION, keys::VOCABULARY_KIND, "", keys::VOCABULARY_NAME);
    let spec = |spec: Value| {
        let patch = json!({"spec": spec});
        stage
            .api
            .patch(&target, Patch::Merge, &patch)
            .unwrap_or_else(|refusal| panic!("{refusal}"));
    };
    spec(json!({"nodeTemplates": [{"name": "fast", "labels": {"disk": "nvme"}}]}));
    stage.is_admitted("nvme", "such nodes may come");
    spec(json!({"nodeTemplates": null}));
    stage.is_refused("nvme", "there is no such group");
    spec(json!({"inventory": "open"}));
    stage.is_admitted("nvme", "any node may come");
    spec(json!({"inventory": "closed"}));
    stage.is_refused("nvme", "it is closed again");
}

/// A webhook that waits an hour for everything to stay as it is.
fn unsettled(plane: &ControlPlane, stage: &Stage<'_>) {
    let running = Running::follow(plane, &settled_after(3600), "unsettled");
    let answer = wait_for(PATIENCE, "the warning", || {
        let answer = stage.ask("nvme").map_err(|refusal| refusal.to_string())?;
        if answer.warnings.is_empty() { Err("not yet".to_owned()) } else { Ok(answer) }
    });
    assert_eq!(answer.warnings, ["web: no node offers disk=nvme [no-node-fits]"]);
    stage.is_admitted("nvme", "something changed within the hour");
    running.stop();
}

/// The nodes are watched, but may not be listed any more.
fn forbidden(plane: &ControlPlane, stage: &Stage<'_>) {
    let running = Running::follow(plane, &settled_after(0), "forbidden");
    stage.is_refused("nvme", "the webhook is there");
    let roles = chart::objects("rbac.yaml");
    let binding = roles.iter().find(|one| one["kind"] == "ClusterRoleBinding").expect("a binding");
    stage.api.delete(&Target::of(binding)).expect("deleted");
    wait_for(PATIENCE, "nothing can be read again", || match stage.ask("nvme") {
        Ok(_) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    stage.is_admitted("nvme", "it cannot be read again");
    running.stop();
}
