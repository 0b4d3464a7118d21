//! Both doors say the same of a template: on a live cluster and on a snapshot of it.

use std::sync::Arc;

use placecard_language::checked::Words;
use placecard_policies::cluster::Cluster;
use placecard_policies::findings::Finding;
use placecard_policies::live::{Live, Watched};
use placecard_policies::placed::Outcome;
use placecard_policies::read;
use placecard_policies::review::{Review, review};
use placecard_policies::surroundings::Surroundings;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::events::{Event, Model, event};
use super::{server, snapshot};

/// A pod, a new workload, or one whose pods are there already.
fn template() -> impl Strategy<Value = Value> {
    let object = prop_oneof![
        Just(("v1", "Pod", "pod-1")),
        Just(("apps/v1", "Deployment", "new")),
        Just(("apps/v1", "ReplicaSet", "replicaset-0")),
    ];
    let rule = prop::sample::select(&[
        "",
        "on zone/a",
        "apart-from self",
        "near pods(app=app-1) in zone",
        "apart-from pods(app=app-0) in zone",
        "spread over zone",
    ]);
    let more = (0usize..6, 0i32..9, prop::bool::ANY);
    (object, rule, 0usize..3, 0u32..5, more).prop_map(
        |((version, kind, name), rule, at, cpu, (claim, priority, port))| {
            let annotations = json!({"placecard.dev/require": rule});
            let metadata = json!({"labels": {"app": format!("app-{at}")},
            "annotations": if rule.is_empty() { json!({}) } else { annotations }});
            let mut spec = json!({"containers": [{"name": "c", "image": "i",
            "resources": {"requests": {"cpu": cpu.to_string()}}}]});
            if priority > 0 {
                spec["priority"] = json!(priority);
            }
            if port {
                spec["containers"][0]["ports"] = json!([{"containerPort": 80, "hostPort": 80}]);
            }
            if claim < 3 {
                spec["volumes"] = json!([{"name": "data", "persistentVolumeClaim":
                {"claimName": format!("persistentvolumeclaim-{claim}")}}]);
            }
            let mut object = match kind {
                "Pod" => json!({"metadata": metadata, "spec": spec}),
                _ => json!({"metadata": {}, "spec": {"replicas": 2,
                "selector": {"matchLabels": {"app": format!("app-{at}")}},
                "template": {"metadata": metadata, "spec": spec}}}),
            };
            (object["apiVersion"], object["kind"]) = (json!(version), json!(kind));
            object["metadata"]["name"] = json!(name);
            object["metadata"]["namespace"] = json!(format!("ns-{at}"));
            object
        },
    )
}

/// Findings about all replicas together rest on a snapshot; the index does not count these yet.
const OF_ALL_REPLICAS: [&str; 12] = [
    "anti-affinity-replicas-exceed-domains",
    "daemonset-selects-no-node",
    "gang-exceeds-domains",
    "pdb-drain-no-spare-domain",
    "rollout-host-port",
    "rollout-needs-spare-domain",
    "self-affinity-trapped",
    "spread-capacity-bound",
    "spread-counts-unusable-domain",
    "spread-keys-not-on-same-nodes",
    "spread-min-domains-unreachable",
    "spread-node-affinity-policy-ignore",
];

/// Findings about the next pod of a template.
fn of_the_next(review: &Review) -> Vec<&Finding> {
    let next = |one: &&Finding| !OF_ALL_REPLICAS.contains(&one.code.as_str());
    review.findings.iter().filter(next).collect()
}

fn reviewed(value: &Value, on: Surroundings) -> Review {
    let mut object = read::object(value, &on.words).expect("an object");
    read::keep_written(&mut object, value);
    review(&object, &on)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn both_doors_say_the_same(
        events in prop::collection::vec(event(), 1..40),
        templates in prop::collection::vec(template(), 3),
    ) {
        let (mut live, mut model) = (Live::new(server()), Model::default());
        let nodes = Event::Relist(Watched::Node, vec![(0, 0), (1, 1), (2, 3)]);
        for event in [&nodes].into_iter().chain(&events) {
            event.tell(&mut live);
            model.apply(event);
        }
        let mut words = Words::default();
        for level in &mut words.levels {
            if level.name == "zone" {
                level.key = "zone".to_owned();
            }
        }
        let words = Arc::new(words);
        let cluster = Cluster { name: "live".to_owned(), ..Cluster::of(snapshot(&model)) };
        let cluster = Some(Arc::new(cluster));
        let knows_nodes = live.knows_nodes();
        let live = Some(Arc::new(live));
        for value in &templates {
            let on = Surroundings { words: Arc::clone(&words), ..Surroundings::default() };
            let live = reviewed(value, Surroundings { live: live.clone(), ..on.clone() });
            let read = reviewed(value, Surroundings { cluster: cluster.clone(), ..on });
            if !knows_nodes {
                // A node that is not known might fit.
                let nowhere = reviewed(value, Surroundings { words: words.clone(), ..Surroundings::default() });
                prop_assert_eq!(&live.placements, &Vec::new());
                prop_assert_eq!(&live.findings, &nowhere.findings);
                continue;
            }
            prop_assert_eq!(live.placements.len(), 1);
            prop_assert_eq!(&live.placements, &read.placements, "{}", value);
            prop_assert_eq!(of_the_next(&live), of_the_next(&read), "{}", value);
            let judged = &live.placements[0].outcome;
            prop_assert!(!matches!(judged, Outcome::Unjudged(_)), "{:?} {}", judged, value);
        }
    }
}
