//! Custom resources that hold pod templates, on a real API server: the vocabulary names them, the
//! installed chart sends them, and the webhook watches and judges them.

use std::fmt::Debug;
use std::time::Duration;

use placecard_policies::language::keys;
use placecard_tests::controlplane::{Api, ControlPlane, Patch, Target, node, or_skipped, wait_for};
use placecard_tests::running::Running;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);
const GROUP: &str = "e2e.example.com";
const VERSION: &str = "e2e.example.com/v1";

fn crd(kind: &str) -> Value {
    let singular = kind.to_lowercase();
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{singular}s.{GROUP}")},
        "spec": {"group": GROUP, "scope": "Namespaced",
            "names": {"kind": kind, "singular": singular, "plural": format!("{singular}s")},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object",
                    "x-kubernetes-preserve-unknown-fields": true}}}}}]}})
}

fn apply(api: &Api, object: &Value) {
    api.apply("test", object).unwrap_or_else(|refusal| panic!("{refusal}"));
}

fn served(api: &Api, api_version: &str, kind: &str) {
    wait_for(PATIENCE, "the kind is served", || {
        api.list(api_version, kind, "", "").map_err(|refusal| refusal.to_string())
    });
}

fn spec(pools: &[&str], kinds: &[&str]) -> Value {
    let pools: Vec<Value> =
        pools.iter().map(|name| json!({"name": name, "nodes": "disk=ssd"})).collect();
    let workloads: Vec<Value> = kinds
        .iter()
        .map(|kind| {
            json!({"apiVersion": VERSION, "kind": kind,
                "templates": ["/spec/head/template", "/spec/groups/*/template"]})
        })
        .collect();
    json!({"pools": pools, "workloads": workloads})
}

fn vocabulary(spec: &Value) -> Value {
    json!({"apiVersion": keys::API_VERSION, "kind": keys::VOCABULARY_KIND,
        "metadata": {"name": keys::VOCABULARY_NAME}, "spec": spec})
}

fn ring(namespace: &str, rule: &str, memory: &str) -> Value {
    let template = json!({"metadata": {"annotations": {"placecard.dev/require": rule}},
        "spec": {"containers": [{"name": "main", "image": "registry.invalid/none",
            "resources": {"requests": {"memory": memory}}}]}});
    json!({"apiVersion": VERSION, "kind": "Ring", "metadata": {"name": "r", "namespace": namespace},
        "spec": {"groups": [{"template": template}]}})
}

struct Stage<'p> {
    api: &'p Api,
}

impl Stage<'_> {
    fn target() -> Target {
        Target::new(keys::API_VERSION, keys::VOCABULARY_KIND, "", keys::VOCABULARY_NAME)
    }

    /// Replaces the vocabulary, as soon as it may be.
    fn set(&self, spec: &Value) {
        wait_for(PATIENCE, "the vocabulary is stored", || {
            let stored = self.api.get(&Self::target()).map_err(|refusal| refusal.to_string())?;
            let mut object = stored.object;
            object["spec"] = spec.clone();
            self.api.put(&object).map_err(|refusal| refusal.to_string())
        });
    }

    /// What becomes of taking the pool away: nothing, or code and message of the refusal.
    fn without_pool(&self, kinds: &[&str], force: bool) -> Result<(), (u16, String)> {
        let stored = self.api.get(&Self::target()).unwrap_or_else(|refusal| panic!("{refusal}"));
        let mut object = stored.object;
        object["spec"] = spec(&[], kinds);
        if force {
            object["metadata"]["annotations"] = json!({"placecard.dev/force": "a test"});
        }
        let answer = self.api.dry_run().put(&object).map(drop);
        answer.map_err(|refusal| (refusal.status, refusal.message.clone()))
    }

    #[track_caller]
    fn until<T, E: Debug>(&self, what: &str, mut look: impl FnMut(&Self) -> Result<T, E>) -> T {
        wait_for(PATIENCE, what, || look(self).map_err(|other| format!("{other:?}")))
    }
}

#[test]
fn custom_resources_are_watched_judged_and_counted() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let api = plane.api();
    for kind in ["Ring", "Hidden"] {
        apply(api, &crd(kind));
        served(api, VERSION, kind);
    }
    apply(api, &node("n1", &[("disk", "ssd")], &[], &[("memory", "8Gi")]));
    let rings = json!({"group": GROUP, "version": "v1", "resource": "rings"});
    let values = json!({"log": {"level": "error"}, "workloads": [rings]});
    let words = vocabulary(&spec(&["fast"], &["Ring"]));
    let running = Running::install(&plane, &values, &words);
    let namespace = api.namespace("rings");
    let name = namespace.name.as_str();
    let stage = Stage { api };
    judged(&stage, name);
    in_use(&stage, name);
    unknown(&stage);
    running.stop();
}

/// Words and feasibility, where they are written.
fn judged(stage: &Stage<'_>, namespace: &str) {
    let message = stage.until("an unknown pool is refused", |stage| {
        match stage.api.dry_run().create(&ring(namespace, "on pool/fsat", "1Gi")) {
            Err(refusal) if refusal.status == 403 => Ok(refusal.message),
            other => Err(format!("{other:?}")),
        }
    });
    let said = format!("Ring {namespace}/r: no pool is named fsat");
    assert!(message.contains(&said) && message.contains("[unknown-pool]"), "{message}");
    let warnings = stage.until("what fits nowhere is warned of", |stage| {
        match stage.api.dry_run().create(&ring(namespace, "on pool/fast", "64Gi")) {
            Ok(answer) if !answer.warnings.is_empty() => Ok(answer.warnings),
            Ok(answer) => Err(answer.warnings),
            Err(refusal) => panic!("{refusal}"),
        }
    });
    assert_eq!(warnings, ["r: no node offers 64Gi of memory [no-node-fits]"]);
}

/// A word that a custom resource uses can not be taken away.
fn in_use(stage: &Stage<'_>, namespace: &str) {
    let kinds = ["Ring"];
    stage.until("nobody uses the pool", |stage| stage.without_pool(&kinds, false));
    let ring = ring(namespace, "on pool/fast", "1Gi");
    stage.api.create(&ring).unwrap_or_else(|refusal| panic!("{refusal}"));
    let message =
        stage.until("the pool is in use", |stage| match stage.without_pool(&kinds, false) {
            Err((403, message)) => Ok(message),
            other => Err(format!("{other:?}")),
        });
    assert!(message.contains("[word-in-use]"), "{message}");
    assert!(message.contains(&format!("Ring {namespace}/r")), "{message}");
    assert_eq!(stage.without_pool(&kinds, true), Ok(()), "force");
    // A rule that does not name it frees it.
    let patch = json!({"spec": {"groups": []}});
    stage.api.patch(&Target::of(&ring), Patch::Merge, &patch).expect("patched");
    stage.until("nobody uses the pool any more", |stage| stage.without_pool(&kinds, false));
}

/// What may not be listed may use any word; what the server does not have uses none.
fn unknown(stage: &Stage<'_>) {
    let kinds = ["Ring", "Absent"];
    stage.set(&spec(&["fast"], &kinds));
    stage.until("a kind that is not there uses nothing", |stage| stage.without_pool(&kinds, false));
    let kinds = ["Ring", "Hidden"];
    stage.set(&spec(&["fast"], &kinds));
    let message = stage.until("a kind that may not be listed may use it", |stage| {
        match stage.without_pool(&kinds, false) {
            Err((503, message)) => Ok(message),
            other => Err(format!("{other:?}")),
        }
    });
    assert!(message.contains("PlacementVocabulary default"), "{message}");
    assert_eq!(stage.without_pool(&kinds, true), Ok(()), "nobody is locked out");
    // To name it no longer takes no word away.
    stage.set(&spec(&["fast"], &["Ring"]));
    stage.until("it is known again who uses what", |stage| stage.without_pool(&["Ring"], false));
}
