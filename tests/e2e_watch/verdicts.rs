//! What the webhook says of workloads on the live index is what `placecard lint --cluster` says of
//! them on a dump of the same moment.

use std::fs;

use placecard_policies::read;
use placecard_policies::review;
use placecard_policies::surroundings::{ServerVersion, Surroundings};
use placecard_tests::controlplane::ControlPlane;
use placecard_webhook::watch::Watches;
use serde_json::{Value, json};

use super::Dump;

/// A Deployment that is not on the cluster.
fn workload(name: &str, cpu: &str, more: &Value) -> Value {
    let mut spec = json!({"containers": [{"name": "main", "image": "registry.invalid/none",
        "resources": {"requests": {"cpu": cpu}}}]});
    for (key, value) in more.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": spec}}})
}

/// One that fits, and others that what happens to the cluster makes fit or not.
fn probes() -> Vec<Value> {
    let zone = |name: &str| json!({"nodeSelector": {"topology.kubernetes.io/zone": name}});
    let host = |name: &str| json!({"nodeSelector": {"kubernetes.io/hostname": name}});
    let beside = json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
        [{"topologyKey": "topology.kubernetes.io/zone",
            "labelSelector": {"matchLabels": {"app": "moved"}}}]}}});
    vec![
        workload("fits", "1", &json!({})),
        workload("too-large", "5", &json!({})),
        workload("in-zone-c", "1", &zone("c")),
        workload("in-no-zone", "1", &zone("d")),
        workload("on-node-7", "1", &host("node-7")),
        workload("on-node-12", "3900m", &host("node-12")),
        workload("beside-what-moved", "1", &beside),
    ]
}

/// Codes and messages, by the name of the workload.
type Said = Vec<(String, String, String)>;

fn live(watches: &Watches, server: ServerVersion) -> Said {
    let mut said = Vec::new();
    let surroundings =
        Surroundings { live: Some(watches.current()), server, ..Surroundings::default() };
    for value in probes() {
        let text = value.to_string();
        let mut object = read::object_from_json(&text, &surroundings.words).expect("readable");
        read::keep_written(&mut object, &value);
        let review = review::review(&object, &surroundings);
        let name = &object.reference.name;
        said.extend(
            review
                .findings
                .into_iter()
                .map(|finding| (name.clone(), finding.code.to_string(), finding.message)),
        );
    }
    said.sort();
    said
}

fn linted(dump: &Dump) -> Said {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = folder.path().join("cluster");
    fs::create_dir(&cluster).expect("a folder");
    for (kind, list) in dump {
        // In the API server's order: what a list is of stands before it.
        let (name, version) = (kind.row().kind, kind.api_version());
        let items = &list["items"];
        let list = format!(r#"{{"kind":"{name}List","apiVersion":"{version}","items":{items}}}"#);
        let file = cluster.join(format!("{}.json", kind.row().plural));
        fs::write(file, list).expect("a file");
    }
    let objects = folder.path().join("objects.json");
    let items = json!({"apiVersion": "v1", "kind": "List", "items": probes()});
    fs::write(&objects, items.to_string()).expect("a file");
    let args = ["placecard", "lint", "--format", "json", "--cluster"].map(Into::into);
    let args = args.into_iter().chain([cluster.into(), objects.into()]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    placecard_lint::run(args, &mut std::io::empty(), &mut out, &mut err, false);
    let report: Value = serde_json::from_slice(&out)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&err)));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().into_iter().flatten();
    let mut said: Said = findings
        .map(|one| (text(&one["object"]["name"]), text(&one["code"]), text(&one["message"])))
        .collect();
    said.sort();
    said
}

/// Both say the same of each probe. Returns who fits nowhere.
pub(super) fn agree(
    dump: &Dump,
    watches: &Watches,
    plane: &ControlPlane,
    after: &str,
) -> Vec<String> {
    let server = ServerVersion::parse(&plane.version).expect("a version");
    let (live, linted) = (live(watches, server), linted(dump));
    // Whether anybody else writes such a pod is known to who reads files; it stands beside the verdict.
    let only_linted = |said: &(String, String, String)| said.1 == "affinity-target-absent";
    let (absent, linted): (Said, Said) = linted.into_iter().partition(only_linted);
    assert_eq!(live, linted, "after {after}");
    for (name, ..) in &absent {
        assert!(live.iter().any(|(one, code, _)| one == name && code == "would-wait"), "{name}");
    }
    let shut = live.into_iter().filter(|(_, code, _)| code != "hostname-pin");
    shut.map(|(name, _, _)| name).collect()
}
