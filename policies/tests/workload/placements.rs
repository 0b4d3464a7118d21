//! Pods placed one after another by the state that is kept up to date, and by the real scheduler:
//! at some steps its plugins filter and score every node of the cluster as it stands then, and the
//! node that was taken has to be one of their best; and as many pods find a place, where that does
//! not depend on which of several best nodes is taken.

use std::collections::BTreeMap;
use std::path::Path;

use placecard_feasibility::state::{Board, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cluster::{Kind, SIZES, Size, namespaces, node, pods};
use crate::greedy::Mix;
use crate::oracle::{ask, built};
use crate::{read_cluster, read_pod, reading};

/// The Deployments of the mix of which a pod is looked at: one of each kind, the last ones.
const LOOKED_AT: [usize; 6] = [4, 5, 6, 7, 8, 9];

/// One pod that arrived, and what the state made of it.
struct Step {
    id: String,
    /// The cluster as it was before, and the pod.
    case: String,
    /// The points of each feasible node; none if there are less than two.
    points: BTreeMap<String, i64>,
    /// The node.
    taken: Option<String>,
}

/// What the oracle answers.
#[derive(Deserialize)]
struct Answer {
    id: String,
    verdict: Verdict,
}

#[derive(Deserialize)]
struct Verdict {
    feasible: Vec<String>,
    #[serde(default)]
    scores: BTreeMap<String, BTreeMap<String, i64>>,
}

/// A cluster that fills.
struct Run {
    size: Size,
    state: State,
    board: Board,
    nodes: Vec<Value>,
    pods: Vec<Value>,
}

impl Run {
    fn of(size: Size) -> Self {
        let state = State::of(&read_cluster(size), reading::semantics());
        let nodes = (0..size.nodes).map(node).collect();
        Self { size, state, board: Board::default(), nodes, pods: pods(size).collect() }
    }

    fn name(&self, number: u32) -> String {
        self.state.node(number).expect("a node").name.clone()
    }

    /// Places an arrival; the name of its node.
    fn place(&mut self, mut object: Value) -> Option<String> {
        let placed = self.state.place(&read_pod(&object), &mut self.board)?;
        let name = self.name(placed.node);
        object["spec"]["nodeName"] = json!(name);
        object["status"]["phase"] = json!("Running");
        self.pods.push(object);
        Some(name)
    }

    /// The same, and what the real scheduler is to be asked.
    fn step(&mut self, mix: Mix, j: usize) -> Step {
        let object = mix.arrival(j);
        let id = format!("{} on {} nodes, {j}", mix.name(), self.size.nodes);
        let namespaces: Vec<Value> = namespaces().collect();
        let cluster = json!({"namespaces": namespaces, "nodes": self.nodes, "pods": self.pods});
        let case = json!({"id": id, "cluster": cluster, "pod": object}).to_string();
        let points = self.state.points(&read_pod(&object), &mut self.board);
        let points = points.into_iter().map(|(node, points)| (self.name(node), points)).collect();
        let taken = self.place(object);
        Step { id, case, points, taken }
    }
}

/// `count`, multiplied by `PLACECARD_TEST_FACTOR`.
fn scaled(count: usize) -> usize {
    let factor = std::env::var("PLACECARD_TEST_FACTOR").ok().and_then(|text| text.parse().ok());
    count * factor.unwrap_or(1usize).max(1)
}

/// Holds some steps to the verdicts of the real plugins; how many scored several nodes.
fn compare(oracle: &Path, steps: &[Step]) -> usize {
    let cases: String = steps.iter().flat_map(|step| [step.case.as_str(), "\n"]).collect();
    let answers = ask(oracle, &["judge", "--scores"], cases.into_bytes());
    let answers = String::from_utf8(answers).expect("text");
    assert_eq!(answers.lines().count(), steps.len());
    let mut scored = 0;
    for (step, answer) in steps.iter().zip(answers.lines()) {
        let answer: Answer = serde_json::from_str(answer).expect("a verdict");
        assert_eq!(answer.id, step.id);
        let Verdict { feasible, scores } = answer.verdict;
        let totals: BTreeMap<String, i64> =
            scores.into_iter().map(|(node, score)| (node, score["total"])).collect();
        assert_eq!(totals, step.points, "{}", step.id);
        let most = totals.values().max();
        let best = |node: &String| most.is_none() || totals.get(node) == most;
        let best: Vec<String> = feasible.into_iter().filter(best).collect();
        match &step.taken {
            None => assert!(best.is_empty(), "{}: {best:?}", step.id),
            Some(node) => assert!(best.contains(node), "{}: {node} of {best:?}", step.id),
        }
        scored += usize::from(most.is_some());
    }
    scored
}

/// The arrivals of some turns of the mix, and the steps at which the real scheduler is asked.
fn assert_best_are_taken(oracle: &Path, size: Size, mix: Mix, turns: usize, looked_at: &[usize]) {
    let mut run = Run::of(size);
    let mut scored = 0;
    for turn in 0..turns {
        let mut steps = Vec::new();
        for g in 0..10 {
            // Another pod of the Deployment each time.
            let chosen = (17 * g + 31 * turn + 3) % 50;
            for j in 0..50 {
                let arrival = (10 * turn + g) * 50 + j;
                if looked_at.contains(&g) && j == chosen {
                    steps.push(run.step(mix, arrival));
                } else {
                    run.place(mix.arrival(arrival));
                }
            }
        }
        scored += compare(oracle, &steps);
    }
    let asked = turns * looked_at.len();
    assert!(scored * 2 > asked, "{size:?} {mix:?}: {scored} of {asked} had a choice");
}

#[test]
fn e2e_pods_go_to_a_node_that_the_real_plugins_score_highest() {
    let Some(oracle) = built() else {
        return;
    };
    let (small, large) = (SIZES[0], SIZES[2]);
    let plain = Mix::Only(Kind::Plain);
    // More than there is room for, with a factor.
    let turns = scaled(2).min(20);
    assert_best_are_taken(&oracle, small, Mix::Mixed, turns, &LOOKED_AT);
    assert_best_are_taken(&oracle, small, plain, turns, &[3, 8]);
    let turns = scaled(1).min(20);
    let looked_at = if turns > 1 { &LOOKED_AT[..] } else { &[5, 9] };
    assert_best_are_taken(&oracle, large, Mix::Mixed, turns, looked_at);
    assert_best_are_taken(&oracle, large, plain, turns, &[9]);
}

/// The line of `oracle bench --greedy`.
#[derive(Deserialize)]
struct Greedy {
    placed: usize,
}

#[test]
fn e2e_as_many_pods_find_a_place_as_with_the_real_scheduler() {
    let Some(oracle) = built() else {
        return;
    };
    let size = Size { nodes: 30, pods: 10 };
    // Plain pods until nothing is left; of the others so many that only their own rules are in the
    // way of some, not what other groups have left: then no tie between nodes decides how many.
    let alone = |kind: Kind, count: usize| (Mix::Only(kind), count);
    let runs = [
        alone(Kind::Plain, 2500),
        alone(Kind::NodeAffinity, 500),
        alone(Kind::AntiAffinity, 500),
        alone(Kind::Spread, 500),
        alone(Kind::PodAffinity, 250),
        alone(Kind::Everything, 50),
        (Mix::Mixed, 500),
    ];
    let mut some_left = 0;
    for (mix, count) in runs {
        let mut run = Run::of(size);
        let placed = (0..count).filter(|j| run.place(mix.arrival(*j)).is_some()).count();
        let (nodes, pods) = (size.nodes.to_string(), size.pods.to_string());
        let words = ["bench", "--nodes", &nodes, "--pods", &pods, "--percent", "100", "--mix"];
        let count_text = count.to_string();
        let answer = ask(
            &oracle,
            &[&words[..], &[mix.name(), "--greedy", &count_text]].concat(),
            Vec::new(),
        );
        let real: Greedy = serde_json::from_slice(&answer).expect("a line");
        assert_eq!(placed, real.placed, "{mix:?}");
        some_left += usize::from(placed < count);
    }
    // Plain, antiaffinity, everything and the mix.
    assert_eq!(some_left, 4);
}
