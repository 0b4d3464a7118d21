//! `placecard why`, `placecard lint --cluster` and a running kube-scheduler about the same pods: they
//! say the same, the first word for word.

mod changes;
mod pods;
mod stage;

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use stage::{Stage, name_of, on_cluster, placecard, with_stage};

/// What `why` says of a pod.
fn why(stage: &Stage, pod: &str) -> Value {
    let told = placecard(&["why", &format!("shop/{pod}"), "--format", "json"], stage);
    let mut report: Value = serde_json::from_str(&told).expect("a JSON report");
    report["pods"][0].take()
}

/// Every pod waits, and for the reason that the scheduler gives.
#[test]
fn why_prints_the_events_of_the_scheduler() {
    with_stage(|stage| {
        let mut wrong = Vec::new();
        for (pod, said) in &stage.said {
            let found = why(stage, pod);
            let event = found["event"].as_str().unwrap_or("nothing");
            let told = placecard(&["why", &format!("shop/{pod}")], stage);
            let told: Vec<&str> = told.split_whitespace().collect();
            if event != said || !told.join(" ").contains(said) {
                wrong.push(format!("{pod}\n  scheduler: {said}\n  placecard: {event}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(stage.said.len() >= 24, "{}", stage.said.len());
    });
}

/// A dump of `placecard snapshot`, with next to nothing in it, says what one of all objects says; by
/// which server's rules, it knows itself.
#[test]
fn a_snapshot_says_what_a_whole_dump_says() {
    with_stage(|stage| {
        let [slim, with_images] = &stage.snapshots;
        let folder = tempfile::tempdir().expect("a folder");
        let manifests = folder.path().join("pods.json");
        let pods = Value::Array(pods::pending());
        let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": pods});
        fs::write(&manifests, list.to_string()).expect("written");
        let manifests = manifests.to_str().expect("UTF-8");
        let compare = |words: &[&str], snapshot| {
            let version = ["--kubernetes-version", stage.version()];
            let whole = on_cluster(&[words, &version].concat(), &stage.whole);
            assert_eq!(on_cluster(words, snapshot), whole, "{words:?}");
            assert!(whole.lines().count() > 1, "{words:?}: {whole}");
        };
        for pod in stage.said.keys() {
            let pod = format!("shop/{pod}");
            compare(&["why", &pod, "--all"], slim);
            compare(&["why", &pod, "--format", "json"], slim);
            compare(&["place", &pod, "--format", "json"], with_images);
        }
        for words in [
            &["lint", "--format", "json", "--fail-on", "never", manifests][..],
            &["lint", "--fail-on", "never", manifests],
            &["audit", "--format", "json", "--without", "node/a1"],
            &["audit", "--all"],
        ] {
            compare(words, slim);
        }
        // It is small for what it says.
        let length = |path| fs::metadata(path).map_or(0, |found| found.len());
        assert!(length(slim) < length(with_images));
    });
}

/// What is proposed as the smallest changes, done to the pod, makes it schedulable, on a node that
/// was named.
#[test]
fn what_why_proposes_helps() {
    with_stage(|stage| {
        let _alone = stage.alone();
        let (mut done, mut wrong) = (0, Vec::new());
        for pod in pods::pending() {
            let name = name_of(&pod);
            let found = why(stage, name);
            let ways = found["help"].as_array().expect("a list");
            for way in ways {
                let sentence = way["text"].as_str().expect("a sentence");
                let Some(mut changed) = changes::changed(&pod, sentence) else { continue };
                changed["metadata"]["name"] = format!("{name}-changed").into();
                done += 1;
                let nodes = way["nodes"].as_array().expect("nodes");
                let named = |node: &String| nodes.iter().any(|one| *one == **node);
                let helped = |found: &Result<String, String>| found.as_ref().is_ok_and(named);
                let found = stage.placed(&changed, helped);
                if !helped(&found) {
                    wrong.push(format!("{name}: {sentence}: {found:?}, of {nodes:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(done >= 30, "only {done} changes were tried");
    });
}

/// The verdicts of a linted object that say that its pods would not run now.
const SHUT: &[&str] = &["no-inventory", "crowded-out", "waiting"];

/// The objects of which the linter says that their pods would not run now, as `KIND NAME`.
fn shut(stage: &Stage, objects: &[Value]) -> BTreeSet<String> {
    let folder = tempfile::tempdir().expect("a folder");
    for (index, object) in objects.iter().enumerate() {
        let path = folder.path().join(format!("{index}.json"));
        fs::write(path, object.to_string()).expect("written");
    }
    let folder = folder.path().to_str().expect("a path in UTF-8");
    let told = placecard(&["lint", "--format", "json", folder], stage);
    let report: Value = serde_json::from_str(&told).expect("a JSON report");
    let findings = report["findings"].as_array().expect("a list");
    let shut = |one: &&Value| SHUT.iter().any(|verdict| one["verdict"] == *verdict);
    let of = |one: &Value| match (&one["object"]["kind"], &one["object"]["name"]) {
        (Value::String(kind), Value::String(name)) => format!("{kind} {name}"),
        other => panic!("a finding of no object: {other:?}"),
    };
    findings.iter().filter(shut).map(of).collect()
}

/// The linter warns of the pods and workloads that the scheduler does not place, and of no others.
#[test]
fn lint_warns_of_what_the_scheduler_does_not_place() {
    with_stage(|stage| {
        let _alone = stage.alone();
        let all: Vec<Value> = pods::pending().into_iter().chain(pods::placed()).collect();
        let objects: Vec<Value> =
            all.iter().flat_map(|pod| [pod.clone(), pods::deployment(pod)]).collect();
        let warned = shut(stage, &objects);
        let mut wrong = Vec::new();
        for object in &objects {
            let name = format!("{} {}", object["kind"].as_str().unwrap_or(""), name_of(object));
            let found = match stage.said.get(name_of(object)) {
                Some(said) if object["kind"] == "Pod" => Err(said.clone()),
                _ => stage.placed(object, |found| found.is_err() == warned.contains(&name)),
            };
            if found.is_err() != warned.contains(&name) {
                wrong.push(format!("{name}: {found:?}"));
            }
        }
        assert!(wrong.is_empty(), "the linter says the opposite of:\n{}", wrong.join("\n"));
        assert_eq!(warned.len(), 2 * pods::pending().len());
        assert!(pods::placed().len() >= 12);
    });
}
