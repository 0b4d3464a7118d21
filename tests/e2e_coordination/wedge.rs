//! How often batches get stuck: random clusters with room for exactly as many batches as there are,
//! by pod affinity alone and by the controller, under the scheduler's default score and under one
//! that packs nodes full.
//!
//! All instances stand beside each other on one control plane, each on nodes of its own.

use std::fmt::Write as _;
use std::fs;

use placecard_tests::controlplane::{unschedulable, wait_for};
use serde_json::{Value, json};

use super::stage::{Cast, PATIENCE, Stage, with_stage};

/// Instances of a kind, unless `PLACECARD_TEST_FACTOR` says how many times as many.
const INSTANCES: usize = 10;

/// Nodes of an instance.
const NODES: usize = 4;

/// Pods of a batch: two and one.
const SIZE: u32 = 3;

/// Free slots of the nodes.
type Instance = Vec<u32>;

/// Random numbers that are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % end).unwrap_or(0)
    }
}

/// Instances with room for at least two batches, not all of which are multiples of a batch.
fn instances(count: usize) -> Vec<Instance> {
    let (mut random, mut found) = (Random(6), Vec::new());
    while found.len() < count {
        let slots: Instance = (0..NODES).map(|_| 1 + random.below(7)).collect();
        if batches(&slots) >= 2 && slots.iter().any(|slots| slots % SIZE != 0) {
            found.push(slots);
        }
    }
    found
}

/// How many batches there is room for.
fn batches(slots: &Instance) -> u32 {
    slots.iter().map(|slots| slots / SIZE).sum()
}

/// Has the scheduler use this score from now on.
fn score(stage: &Stage, strategy: &str) {
    let file = stage.plane.kubeconfig.with_file_name("scheduler.yaml");
    let text = fs::read_to_string(&file).expect("the scheduler's configuration");
    let text = text.split("profiles:").next().unwrap_or_default();
    let profile = format!(
        "profiles:\n- schedulerName: default-scheduler\n  pluginConfig:\n  \
         - name: NodeResourcesFit\n    args:\n      scoringStrategy:\n        type: {strategy}\n        \
         resources:\n        - name: cpu\n          weight: 1\n"
    );
    for order in ["stop scheduler", "start scheduler"] {
        if order.starts_with("start") {
            fs::write(&file, format!("{text}{profile}")).expect("written");
        }
        stage.plane.order(order).unwrap_or_else(|why| panic!("{why}"));
    }
}

fn namespace(strategy: &str, placement: &str, number: usize) -> String {
    format!("{strategy}-{placement}-{number}").to_lowercase()
}

/// Makes the nodes of an instance, and its coordination on them.
fn begin(stage: &Stage, namespace: &str, placement: &str, slots: &Instance) {
    for (number, slots) in slots.iter().enumerate() {
        let name = format!("{namespace}-{number}");
        stage.labelled_node(&name, ("instance", namespace), *slots);
    }
    let total = batches(slots);
    let casts: [Cast; 2] = [("prefill", 2 * total, 2), ("decode", total, 1)];
    stage.namespace(namespace);
    let more = json!({"placement": placement, "exclusive": "none"});
    stage.coordination(namespace, "llm", &casts, more);
    for cast in casts {
        stage.set_with(namespace, "llm", cast, |template| {
            template["spec"]["nodeSelector"] = json!({"instance": namespace});
        });
    }
}

/// Whether some pods stay without a node, once nothing moves any more.
fn is_stuck(stage: &Stage, namespace: &str, pods: usize) -> bool {
    let is_bound = |pod: &&Value| pod["spec"]["nodeName"].is_string();
    let (mut before, mut looks) = (usize::MAX, 0);
    wait_for(PATIENCE, &format!("{namespace} comes to rest"), || {
        let found = stage.pods(namespace);
        let bound = found.iter().filter(is_bound).count();
        let rests =
            |pod: &Value| pod["spec"]["nodeName"].is_string() || unschedulable(pod).is_some();
        looks = if bound == before && found.iter().all(rests) { looks + 1 } else { 0 };
        before = bound;
        // A pod is tried again each second, and each time that another one is bound.
        match found.len() == pods && (bound == pods || looks >= 60) {
            true => Ok(bound < pods),
            false => Err(format!("{bound} of {} bound", found.len())),
        }
    })
}

/// Of so many instances, how many get stuck.
fn count(stage: &Stage, strategy: &str, placement: &str, all: &[Instance]) -> usize {
    for (number, slots) in all.iter().enumerate() {
        begin(stage, &namespace(strategy, placement, number), placement, slots);
    }
    let stuck = all.iter().enumerate().filter(|(number, slots)| {
        let pods = usize::try_from(SIZE * batches(slots)).expect("few pods");
        is_stuck(stage, &namespace(strategy, placement, *number), pods)
    });
    stuck.count()
}

#[test]
fn whole_batches_where_pod_affinity_gets_stuck() {
    let factor = std::env::var("PLACECARD_TEST_FACTOR").ok().and_then(|text| text.parse().ok());
    let all = instances(INSTANCES * factor.unwrap_or(1_usize));
    with_stage(|stage| {
        let _controller = stage.controller("one");
        let mut table = format!("{} instances each, stuck:\n", all.len());
        let (mut affinity, mut gated) = (0, 0);
        for strategy in ["LeastAllocated", "MostAllocated"] {
            score(stage, strategy);
            let by_affinity = count(stage, strategy, "affinity", &all);
            let by_gate = count(stage, strategy, "gated", &all);
            let _ = writeln!(table, "  {strategy:14}  affinity {by_affinity:3}  gated {by_gate:3}");
            (affinity, gated) = (affinity + by_affinity, gated + by_gate);
        }
        println!("{table}");
        assert_eq!(gated, 0, "{table}");
        assert!(affinity > 0, "these instances are too easy: {table}");
    });
}
