//! What the facts say of who can start, held to the judge: pods are placed on one empty node, one of
//! each template, for as long as any fits.

use std::collections::BTreeSet;

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::judge::{Semantics, judge};
use placecard_feasibility::quantity::Quantity;
use serde_json::{Value, json};

use super::{Inputs, TemplateFacts, World, of_templates};
use crate::read;
use crate::snapshot::{WrittenPod, parse};
use crate::surroundings::Surroundings;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// A small generator, so that a case can be named by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

fn template(name: &str, near: &[&str], namespace: &str) -> Value {
    let terms: Vec<Value> = near
        .iter()
        .map(|label| {
            json!({"topologyKey": "kubernetes.io/hostname",
                "labelSelector": {"matchExpressions": [{"key": label, "operator": "Exists"}]}})
        })
        .collect();
    let mut labels = json!({"app": name});
    labels[name] = json!("x");
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "c", "image": "c"}], "affinity": {"podAffinity":
                {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}}}})
}

fn facts(written: &[Value]) -> Inputs {
    let mut inputs = Inputs::default();
    let surroundings = Surroundings::default();
    for value in written {
        let object = read::object(value, &surroundings.words).unwrap();
        of_templates(&object, &surroundings).into_iter().for_each(|fact| inputs.add(fact, 0));
    }
    inputs.close();
    inputs.settle();
    inputs
}

/// The templates of which no pod is ever placed.
fn never_placed(written: &[Value]) -> BTreeSet<usize> {
    let mut inventory = Inventory::default();
    let node = Node {
        name: "n".to_owned(),
        labels: [("kubernetes.io/hostname".to_owned(), "n".to_owned())].into(),
        allocatable: [("pods".to_owned(), Quantity::of_units(50))].into(),
        ..Node::default()
    };
    inventory.nodes.insert("n".to_owned(), node);
    let mut left: BTreeSet<usize> = (0..written.len()).collect();
    loop {
        let placed = left.iter().copied().find(|index| {
            let mut value = written[*index]["spec"]["template"].clone();
            value["metadata"]["name"] = json!(format!("p{index}"));
            value["metadata"]["namespace"] = written[*index]["metadata"]["namespace"].clone();
            let mut pod = parse::<WrittenPod>(&value.to_string()).unwrap().read();
            let fits = judge(&inventory, &pod, Semantics::of_minor(34)).feasible().count() == 1;
            if fits {
                pod.node = Some("n".into());
                inventory.pods.put(pod);
            }
            fits
        });
        match placed {
            Some(index) => left.remove(&index),
            None => return left,
        };
    }
}

#[test]
fn whoever_waits_in_a_cycle_is_never_placed() {
    let (mut cycles, mut stuck_somewhere) = (0, 0);
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let written: Vec<Value> = NAMES
            .iter()
            .map(|name| {
                let near: BTreeSet<&str> = (0..dice.roll(3)).map(|_| NAMES[dice.roll(4)]).collect();
                let namespace = ["shop", "shop", "data"][dice.roll(3)];
                template(name, &near.into_iter().collect::<Vec<_>>(), namespace)
            })
            .collect();
        let inputs = facts(&written);
        let never = never_placed(&written);
        for index in inputs.cycles.values().flatten() {
            assert!(never.contains(index), "seed {seed}: {index} of {:?}", inputs.cycles);
        }
        // The other way round: what is never placed requires somebody who is nowhere, or waits for
        // others of whom that is so, or is in a cycle or waits for one.
        let nowhere = |one: &TemplateFacts| {
            let all = inputs.templates.iter();
            all.filter(|other| inputs.is_companion(one, other) != Some(false)).count() == 0
        };
        if !never.is_empty() && inputs.cycles.is_empty() {
            let lost = never.iter().any(|index| nowhere(&inputs.templates[*index]));
            assert!(lost, "seed {seed}: {never:?}");
        }
        cycles += inputs.cycles.len();
        stuck_somewhere += usize::from(!never.is_empty());
    }
    assert!(cycles > 10 && stuck_somewhere > 100, "{cycles} {stuck_somewhere}");
}

#[test]
fn whom_a_term_means_is_not_known_where_labels_or_namespaces_are_not() {
    let mut web = template("web", &[], "shop");
    web["spec"]["template"]["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] = json!([
        {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "db"}}}]);
    let db = template("db", &[], "shop");
    let means = |change: &dyn Fn(&mut Value, &mut Value), more_labels: bool| {
        let (mut web, mut db) = (web.clone(), db.clone());
        change(&mut web, &mut db);
        let mut inputs = facts(&[web, db]);
        inputs.templates[1].more_labels = more_labels;
        let own = inputs.templates[0].clone();
        inputs.means(&own.object.namespace, &own.near[0], &inputs.templates[1])
    };
    let term =
        "/spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/0";
    let set = |value: &mut Value, field: &str, with: Value| {
        value.pointer_mut(term).unwrap()[field] = with;
    };
    assert_eq!(means(&|_, _| {}, false), Some(true));
    assert_eq!(means(&|_, db| db["metadata"]["namespace"] = json!("data"), false), Some(false));
    assert_eq!(means(&|_, db| db["metadata"]["namespace"] = json!(""), false), None);
    assert_eq!(means(&|web, _| set(web, "namespaces", json!(["data"])), false), Some(false));
    let by_label = |web: &mut Value, _: &mut Value| {
        set(web, "namespaceSelector", json!({"matchLabels": {"team": "b"}}));
    };
    assert_eq!(means(&by_label, false), None);
    let by_name = |web: &mut Value, _: &mut Value| {
        let name = json!({"matchLabels": {"kubernetes.io/metadata.name": "shop"}});
        set(web, "namespaceSelector", name);
    };
    assert_eq!(means(&by_name, false), Some(true));
    let everywhere = |web: &mut Value, db: &mut Value| {
        set(web, "namespaceSelector", json!({}));
        db["metadata"]["namespace"] = json!("data");
    };
    assert_eq!(means(&everywhere, false), Some(true));
    let other = |web: &mut Value, _: &mut Value| {
        set(web, "labelSelector", json!({"matchLabels": {"tier": "data"}}));
    };
    assert_eq!(means(&other, false), Some(false));
    assert_eq!(means(&other, true), None);
    let later = |web: &mut Value, _: &mut Value| {
        set(web, "labelSelector", json!({"matchLabels": {"pod-template-hash": "1"}}));
    };
    assert_eq!(means(&later, false), None);
    let filled_in = |web: &mut Value, _: &mut Value| {
        set(web, "labelSelector", json!({"matchLabels": {"app": "${APP}"}}));
    };
    assert_eq!(means(&filled_in, false), None);
}

#[test]
fn labels_that_a_job_gives_its_pods_are_not_known() {
    let job = json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "fill", "namespace": "shop"},
        "spec": {"template": {"metadata": {"labels": {"app": "fill"}},
            "spec": {"containers": [{"name": "c", "image": "c"}]}}}});
    let inputs = facts(&[job]);
    for (label, surely) in
        [("job-name", false), ("batch.kubernetes.io/job-name", false), ("app", true)]
    {
        let labels = [(label.to_owned(), "fill".to_owned())].into();
        let selector = placecard_feasibility::selector::Selector::from_labels(&labels);
        let found: Vec<bool> =
            inputs.selected("shop", &selector).map(|(_, surely)| surely).collect();
        assert_eq!(found, [surely], "{label}");
    }
}

#[test]
fn what_a_snapshot_has_counts_unless_a_manifest_does() {
    let mut inputs = facts(&[template("web", &[], "shop")]);
    inputs.world = World::Open;
    let pod = |name: &str, owner: &str, app: &str| {
        let value = json!({"metadata": {"name": name, "namespace": "shop",
                "labels": {"app": app, "pod-template-hash": "9c"},
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet",
                    "name": format!("{owner}-9c"), "controller": true}]},
            "spec": {"nodeName": "n", "containers": [{"name": "c"}]}});
        parse::<WrittenPod>(&value.to_string()).unwrap().read()
    };
    let mut cluster = Inventory::default();
    for one in
        [pod("web-9c-1", "web", "web"), pod("db-9c-1", "db", "db"), pod("db-9c-2", "db", "db")]
    {
        cluster.pods.put(one);
    }
    inputs.add_cluster(&cluster);
    let all: Vec<(&str, &str, Option<i64>, Option<usize>)> = inputs
        .templates
        .iter()
        .map(|one| (one.object.kind.as_str(), one.object.name.as_str(), one.replicas, one.folder))
        .collect();
    assert_eq!(all, [("Deployment", "web", None, Some(0)), ("Deployment", "db", Some(2), None)]);
    assert_eq!(inputs.world, World::Snapshot);
    let mut open = Inputs::default();
    cluster.unknown.insert(placecard_feasibility::inventory::kind::Kind::Pod);
    open.add_cluster(&cluster);
    assert_eq!(open.world, World::Open);
}
