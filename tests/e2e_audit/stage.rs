//! A control plane with three nodes and Deployments whose pods run.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::empty;
use std::time::Duration;

use placecard_tests::controlplane::{
    ControlPlane, Patch, Target, bound_node, node, or_skipped, wait_for,
};
use serde_json::{Value, json};

/// How long the control plane may take for anything; ample, for machines that do other things too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

const ZONE: &str = "topology.kubernetes.io/zone";

/// Kinds that a dump needs for an audit.
const DUMPED: [(&str, &str); 9] = [
    ("v1", "Node"),
    ("v1", "Pod"),
    ("v1", "Namespace"),
    ("v1", "Service"),
    ("v1", "PersistentVolume"),
    ("v1", "PersistentVolumeClaim"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("storage.k8s.io/v1", "CSINode"),
    ("policy/v1", "PodDisruptionBudget"),
];

pub(crate) struct Stage {
    pub(crate) plane: ControlPlane,
}

/// Runs a test on a stage of its own; without a control plane says why not, and in CI fails.
pub(crate) fn with_stage(test: impl FnOnce(&Stage)) {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let create = |object: &Value| {
        plane.api().create(object).unwrap_or_else(|why| panic!("{why}\n{object:#}"));
    };
    for (name, zone, disk) in [("a1", "a", "ssd"), ("a2", "a", "hdd"), ("b1", "b", "ssd")] {
        create(&node(name, &[(ZONE, zone), ("disk", disk)], &[], &[]));
    }
    create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}));
    test(&Stage { plane });
}

/// On one node with the pods of another Deployment.
pub(crate) fn near(app: &str) -> Value {
    json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": app}}}]}}})
}

impl Stage {
    /// A Deployment of one pod, which the scheduler puts on this node, and which runs there. What
    /// brings it there beside its own rules is a preference.
    pub(crate) fn deploy(&self, name: &str, at: &str, mut spec: Value) {
        let api = self.plane.api();
        spec["terminationGracePeriodSeconds"] = json!(0);
        spec["containers"] = json!([{"name": "main", "image": "registry.invalid/none"}]);
        spec["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"] = json!([{"weight": 100, "preference": {"matchExpressions": [
                {"key": "kubernetes.io/hostname", "operator": "In", "values": [at]}]}}]);
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}}, "spec": spec}}});
        api.create(&object).unwrap_or_else(|why| panic!("{why}"));
        let (pod, node) = self.pod_of(name);
        assert_eq!(node, at, "{name}");
        api.run_pod("shop", &pod);
    }

    /// Nothing of a Deployment may be evicted.
    pub(crate) fn budget(&self, name: &str) {
        let object = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": name}}}});
        let created = self.plane.api().create(&object).unwrap_or_else(|why| panic!("{why}"));
        let target = Target::of(&created.object);
        wait_for(PATIENCE, "the budget is counted", || {
            let found = self.plane.api().get(&target).map_err(|why| why.to_string())?.object;
            let counted = found["status"]["observedGeneration"] == 1
                && found["status"]["currentHealthy"] == 1;
            if counted { Ok(()) } else { Err(found["status"].to_string()) }
        });
    }

    /// The one pod of a Deployment, and its node, if it is bound.
    pub(crate) fn bound(&self, name: &str) -> Option<(String, String)> {
        let pods = self.plane.api().list("v1", "Pod", "shop", &format!("app={name}")).ok()?;
        let [pod] = pods.as_slice() else { return None };
        let name = pod["metadata"]["name"].as_str()?.to_owned();
        Some((name, bound_node(pod)?.to_owned()))
    }

    /// The same, waited for.
    pub(crate) fn pod_of(&self, name: &str) -> (String, String) {
        wait_for(PATIENCE, &format!("{name} is bound"), || {
            self.bound(name).ok_or_else(|| "no".to_owned())
        })
    }

    /// The pods of a Deployment are gone as if their kubelet had ended them.
    pub(crate) fn kill(&self, name: &str) {
        let (pod, _) = self.pod_of(name);
        let target = Target::new("v1", "Pod", "shop", &pod);
        self.plane.api().delete(&target).unwrap_or_else(|why| panic!("{why}"));
    }

    pub(crate) fn patch_node(&self, name: &str, patch: &Value) {
        let target = Target::new("v1", "Node", "", name);
        let patched = self.plane.api().patch(&target, Patch::Merge, patch);
        patched.unwrap_or_else(|why| panic!("{why}"));
    }

    pub(crate) fn label_node(&self, name: &str, key: &str, value: &str) {
        self.patch_node(name, &json!({"metadata": {"labels": {key: value}}}));
    }

    /// All Events of the audit.
    pub(crate) fn all_events(&self) -> Vec<Value> {
        let events = self.plane.api().list("events.k8s.io/v1", "Event", "shop", "");
        let events = events.unwrap_or_else(|why| panic!("{why}"));
        let ours = |event: &Value| event["reportingController"] == "placecard.dev/audit";
        events.into_iter().filter(ours).collect()
    }

    /// Those with one of these reasons, or all: `NAME: note`, with `#` for what is chosen at random
    /// in names.
    pub(crate) fn events(&self, reasons: &[&str]) -> BTreeSet<String> {
        let wanted = |event: &&Value| {
            reasons.is_empty() || reasons.iter().any(|reason| event["reason"] == **reason)
        };
        let events = self.all_events();
        let told = events.iter().filter(wanted).map(|event| {
            let name = event["regarding"]["name"].as_str().unwrap_or_default();
            let note = event["note"].as_str().unwrap_or_default();
            let words = note.split(' ').map(|word| {
                let random = word.starts_with(&format!("{name}-"));
                if random { format!("{name}-#") } else { word.to_owned() }
            });
            format!("{name}: {}", words.collect::<Vec<String>>().join(" "))
        });
        told.collect()
    }

    /// What `placecard audit --live --evict` did or, with `--dry-run`, would do.
    pub(crate) fn evict(&self, more: &[&str]) -> Value {
        let words = ["placecard", "audit", "--format", "json", "--live", "--evict", "--kubeconfig"];
        let kubeconfig = self.plane.kubeconfig.clone().into_os_string();
        let words = words.into_iter().map(OsString::from).chain([kubeconfig]);
        let words = words.chain(more.iter().map(OsString::from));
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = placecard_lint::run(words, &mut empty(), &mut out, &mut err, false);
        assert!(code < 2, "exit {code}: {}", String::from_utf8_lossy(&err));
        let report: Value = serde_json::from_slice(&out).expect("a JSON report");
        report["evictions"].clone()
    }

    /// What `placecard audit` says of the errors of running pods in a dump: `Deployment NAME: what`.
    pub(crate) fn told(&self) -> BTreeSet<String> {
        let mut items = Vec::new();
        for (api_version, kind) in DUMPED {
            let found = self.plane.api().list(api_version, kind, "", "");
            for mut item in found.unwrap_or_else(|why| panic!("{why}")) {
                item["apiVersion"] = api_version.into();
                item["kind"] = kind.into();
                items.push(item);
            }
        }
        let folder = tempfile::tempdir().expect("a folder");
        let dump = folder.path().join("dump.json");
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        fs::write(&dump, list.to_string()).expect("written");
        let words = ["placecard", "audit", "--format", "json", "--cluster"].map(OsString::from);
        let words = words.into_iter().chain([dump.into()]);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = placecard_lint::run(words, &mut empty(), &mut out, &mut err, false);
        assert!(code < 2, "exit {code}: {}", String::from_utf8_lossy(&err));
        let report: Value = serde_json::from_slice(&out).expect("a JSON report");
        let broken = report["broken"].as_array().cloned().unwrap_or_default();
        let errors = broken.iter().filter(|one| one["severity"] == "error");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let told = errors.map(|one| {
            let owner = &one["owner"];
            let message = text(&one["message"]);
            let message = message.strip_prefix("the only pod: ").unwrap_or(&message);
            let (kind, name) = (text(&owner["kind"]), text(&owner["name"]));
            format!("{kind} {}/{name}: {message}", text(&owner["namespace"]))
        });
        told.collect()
    }
}
