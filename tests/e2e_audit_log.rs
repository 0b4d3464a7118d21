//! What the audit log of a real API server keeps of the webhook's answers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use placecard_policies::language::keys;
use placecard_tests::controlplane::{ControlPlane, or_skipped, wait_for};
use placecard_tests::running::Running;
use placecard_tests::vocabulary;
use serde_json::{Value, json};

fn pod(name: &str, rule: &str) -> Value {
    let annotations = if rule.is_empty() { json!({}) } else { json!({keys::REQUIRE: rule}) };
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "annotations": annotations},
        "spec": {"containers": [{"name": "main", "image": "registry.invalid/none"}]},
    })
}

/// The annotations that our webhooks gave to the request with this field manager, by their bare
/// keys; `None`: it is not in the log yet.
fn annotations(log: &Path, manager: &str) -> Option<BTreeMap<String, BTreeSet<String>>> {
    let log = fs::read_to_string(log).ok()?;
    let mut events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let parameter = format!("fieldManager={manager}");
    let uri = |event: &Value| event["requestURI"].as_str().map(ToOwned::to_owned);
    let event = events.find(|event| uri(event).is_some_and(|uri| uri.ends_with(&parameter)))?;
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (key, value) in event["annotations"].as_object().into_iter().flatten() {
        if let Some((webhook, key)) = key.split_once('/')
            && webhook.ends_with(".placecard.dev")
        {
            let value = value.as_str().unwrap_or_default().to_owned();
            found.entry(key.to_owned()).or_default().insert(value);
        }
    }
    Some(found)
}

#[test]
fn the_audit_log_has_the_verdict_and_the_id_of_the_request() {
    let Some(plane) = or_skipped(ControlPlane::start_with(&["--audit"])) else { return };
    let values = json!({"log": {"level": "error"}, "audit": {"every": 0}});
    let running = Running::install(&plane, &values, &vocabulary::object(&json!({})));
    let log = plane.kubeconfig.with_file_name("audit.log");
    let cases = [
        ("plain", "", None, None),
        ("expanded", "on zone/a", Some("mutated"), None),
        ("misspelt", "onto zone/a", Some("denied"), Some("unknown-relation")),
    ];
    for (manager, rule, verdict, code) in cases {
        let created = plane.api().with_query("fieldManager", manager).create(&pod(manager, rule));
        assert_eq!(created.is_ok(), verdict != Some("denied"), "{manager}: {created:?}");
        let mut found = BTreeMap::new();
        wait_for(Duration::from_secs(30), "the request is in the audit log", || {
            found = annotations(&log, manager).ok_or("it is not")?;
            Ok::<(), String>(())
        });
        let of = |key: &str| found.get(key).cloned().unwrap_or_default();
        assert_eq!(
            of("verdict").contains(verdict.unwrap_or_default()),
            verdict.is_some(),
            "{found:?}"
        );
        assert_eq!(of("request").is_empty(), verdict.is_none(), "{found:?}");
        // A UID.
        assert!(of("request").iter().all(|uid| uid.len() == 36), "{found:?}");
        let codes = of("findings");
        assert_eq!(codes.iter().next().map(String::as_str), code, "{found:?}");
    }
    running.stop();
}
