//! `placecard why` and a running kube-scheduler about the same pods: they say the same, word for
//! word.

mod changes;
mod pods;
mod stage;

use serde_json::Value;
use stage::{Stage, name_of, placecard, with_stage};

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
