//! The recorded counterexamples, all groups by name: the engine shows each of them, so nothing may
//! be built on what it refutes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::state::State;
use serde_json::Value;

use crate::doors::{Nodes, feasible, feasible_of, read};
use crate::greedy::{counts, put};

/// A group and its roles, each with its feasible nodes.
type Group = (&'static str, &'static [(&'static str, &'static [&'static str])]);

/// The groups as 1.34 judges them.
const GROUPS: [Group; 37] = [
    ("prop-F1-add-affinity-term-shrinks", &[("before", &["n3"]), ("after", &["n2", "n3"])]),
    ("prop-F2-add-spread-constraint-shrinks", &[("before", &[]), ("after", &["n1"])]),
    ("prop-F3-tighten-node-affinity-shrinks", &[("before", &["n3"]), ("after", &["n4"])]),
    ("prop-F4-add-OR-term-grows", &[("before", &["n2"]), ("after", &["n0"])]),
    ("prop-F5-add-toleration-grows", &[("before", &["n0"]), ("after", &["n2"])]),
    ("prop-F6-clone-empty-node-feasible-stays-feasible", &[("before", &["n1"]), ("after", &[])]),
    ("prop-F7-random-empty-node-feasible-stays-feasible", &[("before", &["n1"]), ("after", &[])]),
    ("prop-F8-remove-pod-grows", &[("before", &["n2"]), ("after", &[])]),
    ("prop-F9-Fnow-in-Fempty", &[("before", &["n0"]), ("after", &[])]),
    ("prop-F10-remove-other-node-keeps-n", &[("before", &["n1", "n3"]), ("after", &[])]),
    ("prop-F11-add-pod-shrinks", &[("before", &[]), ("after", &["n1"])]),
    ("prop-W1-nospread-add-node-WITH-pods-keeps-F", &[("before", &["n0"]), ("after", &[])]),
    (
        "prop-W2-nospread-first-OR-term-no-node-affinity-before-gro",
        &[("before", &["n1"]), ("after", &[])],
    ),
    ("prop-W4-nospread-tighten-NA-some-term-empty-shrinks", &[("before", &[]), ("after", &["n1"])]),
    (
        "greedy-tie-crossing-anti",
        &[
            ("start", &["n0", "n1", "n2"]),
            ("orderA-1", &[]),
            ("orderB-1", &["n2"]),
            ("orderB-2", &[]),
        ],
    ),
    (
        "greedy-tie-zone-host-spread",
        &[
            ("total5-step0", &["n0", "n1", "n2", "n3"]),
            ("total5-step1", &["n0", "n1", "n2"]),
            ("total5-step2", &["n0", "n1", "n2", "n3"]),
            ("total5-step3", &["n0", "n1", "n2"]),
            ("total5-step4", &["n0", "n1"]),
            ("total5-step5", &[]),
            ("total7-step0", &["n0", "n1", "n2", "n3"]),
            ("total7-step1", &["n0", "n1", "n2"]),
            ("total7-step2", &["n0", "n1", "n2", "n3"]),
            ("total7-step3", &["n0", "n1", "n2"]),
            ("total7-step4", &["n0", "n2"]),
            ("total7-step5", &["n3"]),
            ("total7-step6", &["n2"]),
            ("total7-step7", &[]),
        ],
    ),
    (
        "greedy-below-optimum-mixed",
        &[
            ("greedy2-step0", &["n0", "n1"]),
            ("greedy2-step1", &["n1"]),
            ("greedy2-stuck-group1", &[]),
            ("optimum3-step0", &["n0", "n1"]),
            ("optimum3-step1", &["n0", "n1"]),
            ("optimum3-step2", &["n0"]),
            ("optimum3-step3", &[]),
        ],
    ),
    ("sem-zero-request", &[("zero", &["n0"]), ("nonzero", &[])]),
    (
        "sem-spread-empty-selector",
        &[
            ("app-in-a", &["n1"]),
            ("empty", &["n0", "n1"]),
            ("nil", &["n0", "n1"]),
            ("empty-plus-matchLabelKeys", &["n1"]),
        ],
    ),
    (
        "sem-first-pod-keyless",
        &[("J-pod-on-keyless-node", &["n1"]), ("J-pod-on-node-with-one-of-two-keys", &[])],
    ),
    ("S1-relabel", &[("before", &[]), ("after", &["n"])]),
    ("S2-relabel", &[("before", &[]), ("after", &["n"])]),
    ("S2-taint", &[("before", &[]), ("after", &["n"])]),
    ("S2-terminating", &[("running", &[]), ("terminating", &["n"])]),
    ("S2-empty-selector", &[("replica1", &["n"]), ("replica2", &["n"]), ("replica3", &["n"])]),
    ("I4-relabel", &[("before", &[]), ("after", &["n"])]),
    (
        "S6-fix-first-rollout",
        &[
            ("surge-without", &[]),
            ("surge-that-adds-the-fix", &[]),
            ("next-rollout", &["n0", "n1", "n2"]),
        ],
    ),
    ("L1-joint-namespace-labels", &[("team=x", &[]), ("team=y", &[]), ("team=None", &[])]),
    ("I2-bug141526", &[("placeable-on-1.34.1", &["n0"])]),
    ("L1-SAT-bug141526", &[("not-placeable-on-1.34.1", &[])]),
    (
        "L1-minDomains-nonself",
        &[("no-companion", &[]), ("running-companion", &[]), ("terminating-companion", &["n0"])],
    ),
    ("S3-no-self-loop", &[("second-g-joins-za", &["n0", "n1"]), ("h-after-two-g", &["n1"])]),
    ("S6-maxUnavailable", &[("old-still-terminating", &[]), ("old-gone", &["n0"])]),
    ("spread-empty-selector-is-exists", &[("without", &["n1"]), ("with", &["n0"])]),
    ("I3-namespace-relabel", &[("before", &[]), ("after", &["n0"])]),
    ("C6-not-antitone", &[("with-zone-In-a-b", &["n0", "n1"]), ("without", &[])]),
    (
        "S4-rwop",
        &[
            ("rwop-first", &["n0", "n1"]),
            ("rwop-second", &[]),
            ("rwop-second-first-terminating", &[]),
            ("rwo-second", &["n0", "n1"]),
        ],
    ),
];

/// What is believed of the feasible nodes when going from one case to another.
#[derive(Clone, Copy, Debug)]
enum Belief {
    /// No node is added.
    Shrinks,
    /// No node that is still there is lost.
    Keeps,
}
use Belief::{Keeps, Shrinks};

/// Groups whose first two cases refute a belief.
const REFUTED: [(&str, Belief); 23] = [
    ("prop-F1-add-affinity-term-shrinks", Shrinks),
    ("prop-F2-add-spread-constraint-shrinks", Shrinks),
    ("prop-F3-tighten-node-affinity-shrinks", Shrinks),
    ("prop-F4-add-OR-term-grows", Keeps),
    ("prop-F5-add-toleration-grows", Keeps),
    ("prop-F6-clone-empty-node-feasible-stays-feasible", Keeps),
    ("prop-F7-random-empty-node-feasible-stays-feasible", Keeps),
    ("prop-F8-remove-pod-grows", Keeps),
    ("prop-F9-Fnow-in-Fempty", Keeps),
    ("prop-F10-remove-other-node-keeps-n", Keeps),
    ("prop-F11-add-pod-shrinks", Shrinks),
    ("prop-W1-nospread-add-node-WITH-pods-keeps-F", Keeps),
    ("prop-W2-nospread-first-OR-term-no-node-affinity-before-gro", Keeps),
    ("prop-W4-nospread-tighten-NA-some-term-empty-shrinks", Shrinks),
    // Dropping a rule about nodes can only help.
    ("C6-not-antitone", Keeps),
    // Labels, taints and what ends do not matter once a bound is reached.
    ("S1-relabel", Shrinks),
    ("S2-relabel", Shrinks),
    ("S2-taint", Shrinks),
    ("S2-terminating", Shrinks),
    ("I4-relabel", Shrinks),
    ("I3-namespace-relabel", Shrinks),
    // An empty selector selects all pods, and does nothing in a spread constraint.
    ("sem-spread-empty-selector", Shrinks),
    ("spread-empty-selector-is-exists", Keeps),
];

/// A case of a group.
struct Case {
    group: String,
    role: String,
    inventory: Inventory,
    pod: Pod,
}

fn cases() -> Vec<Case> {
    let path = "../tests/data/oracle/counterexamples.jsonl.gz";
    let file = File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the cases");
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    let case = |line: String| {
        let case: Value = serde_json::from_str(&line).expect("JSON");
        let text = |field: &str| case[field].as_str().expect("text").to_owned();
        let (inventory, pod) = read(&case["cluster"], &case["pod"]);
        Case { group: text("pair"), role: text("role"), inventory, pod }
    };
    lines.map(|line| case(line.expect("packed text"))).collect()
}

fn old() -> Semantics {
    Semantics::of_minor(34)
}

fn named(names: &[&str]) -> Nodes {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn every_group_is_shown_as_it_was_recorded() {
    let mut left: BTreeMap<String, Nodes> = BTreeMap::new();
    for (group, roles) in GROUPS {
        left.extend(roles.iter().map(|(role, nodes)| (format!("{group}/{role}"), named(nodes))));
    }
    for Case { group, role, inventory, pod } in cases() {
        let expected = left.remove(&format!("{group}/{role}"));
        let expected = expected.unwrap_or_else(|| unreachable!("{group}/{role} has no name here"));
        assert_eq!(feasible(&inventory, &pod, old()), expected, "{group}/{role}");
    }
    assert!(left.is_empty(), "not recorded: {left:?}");
}

/// The first two cases of a group.
fn pair(group: &str) -> (Case, Case) {
    let mut cases = cases().into_iter().filter(|case| case.group == group);
    (cases.next().expect("a first case"), cases.next().expect("a second case"))
}

#[test]
fn what_looks_true_of_an_edit_is_refuted() {
    for (group, belief) in REFUTED {
        let (first, second) = pair(group);
        let before = feasible(&first.inventory, &first.pod, old());
        let after = feasible(&second.inventory, &second.pod, old());
        let stays = |node: &&String| second.inventory.nodes.contains_key(*node);
        let refuted = match belief {
            Shrinks => !after.is_subset(&before),
            Keeps => before.iter().filter(stays).any(|node| !after.contains(node)),
        };
        assert!(refuted, "{group} {belief:?}: {before:?}, then {after:?}");
    }
}

/// From the first case to the second in one state, by events, and back again.
#[test]
fn a_state_that_is_edited_shows_the_counterexample_as_well() {
    for (group, _) in REFUTED {
        let (first, second) = pair(group);
        let before = feasible(&first.inventory, &first.pod, old());
        let after = feasible(&second.inventory, &second.pod, old());
        let mut state = State::of(&first.inventory, old());
        assert_eq!(feasible_of(&mut state, &first.pod), before, "{group}");
        move_to(&mut state, &first.inventory, &second.inventory);
        assert_eq!(feasible_of(&mut state, &second.pod), after, "{group}");
        move_to(&mut state, &second.inventory, &first.inventory);
        assert_eq!(feasible_of(&mut state, &first.pod), before, "{group}");
    }
}

/// The events between two clusters of nodes, pods and namespaces.
fn move_to(state: &mut State, from: &Inventory, to: &Inventory) {
    for name in from.nodes.keys().filter(|name| !to.nodes.contains_key(*name)) {
        state.remove_node(name);
    }
    let is_gone = |(namespace, name): &(&str, &str)| to.pods.named(namespace, name).is_none();
    for (namespace, name) in from.pods.keys().filter(is_gone) {
        state.remove_pod(namespace, name);
    }
    to.nodes.values().for_each(|node| state.set_node(node.clone()));
    to.pods.values().for_each(|pod| state.set_pod(pod.clone()));
    to.namespaces.iter().for_each(|(name, labels)| state.set_namespace(name, labels.clone()));
}

/// `greedy-tie-crossing-anti`, `greedy-tie-zone-host-spread`: how many replicas are placed depends
/// on which of the feasible nodes is taken.
#[test]
fn the_choice_among_feasible_nodes_decides_how_many_are_placed() {
    let (crossing, _) = pair("greedy-tie-crossing-anti");
    assert_eq!(counts(&crossing.inventory, &crossing.pod, old()), [1, 2].into());
    let (nested, _) = pair("greedy-tie-zone-host-spread");
    let found = counts(&nested.inventory, &nested.pod, old());
    assert!(found.first() == Some(&5) && found.last() == Some(&7), "{found:?}");
}

/// `greedy-below-optimum-mixed`: with two pods that a third one must not meet, one at a time on a
/// feasible node may end at two, though all three have a place.
#[test]
fn one_at_a_time_is_not_the_best_there_is() {
    let all: Vec<Case> =
        cases().into_iter().filter(|case| case.group == "greedy-below-optimum-mixed").collect();
    let role = |role: &str| all.iter().find(|case| case.role == role).expect("recorded");
    let (start, stuck) = (role("greedy2-step0"), role("greedy2-stuck-group1"));
    let placed = |nodes: [&str; 2]| {
        let mut inventory = start.inventory.clone();
        for node in nodes {
            assert!(feasible(&inventory, &start.pod, old()).contains(node));
            put(&mut inventory, &start.pod, node);
        }
        feasible(&inventory, &stuck.pod, old())
    };
    assert_eq!(placed(["n0", "n1"]), named(&[]));
    assert_eq!(placed(["n1", "n1"]), named(&["n0"]));
}

/// `I2-bug141526`, `L1-SAT-bug141526`: the verdict that the version of the server decides.
#[test]
fn a_negative_namespace_selector_is_read_as_the_server_does() {
    for (group, at_first, since) in
        [("I2-bug141526", &["n0"][..], &[][..]), ("L1-SAT-bug141526", &[][..], &["m1", "n0"][..])]
    {
        let case = cases().into_iter().find(|case| case.group == group).expect("recorded");
        for (minor, expected) in [(34, at_first), (37, since)] {
            let found = feasible(&case.inventory, &case.pod, Semantics::of_minor(minor));
            assert_eq!(found, named(expected), "{group} on 1.{minor}");
        }
    }
}
