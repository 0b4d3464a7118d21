//! The table of properties, run through the judge, the state and the real plugins.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use placecard_feasibility::judge::Semantics;
use serde_json::{Value, json};

use crate::doors::{Nodes, feasible, read};
use crate::edits::{self, Edit};
use crate::world::{Dice, World};
use crate::{oracle, scaled};

/// How the feasible nodes after an edit stand to those before it.
#[derive(Clone, Copy, Debug)]
enum Relation {
    Same,
    Grows,
    Shrinks,
    /// Same among the nodes that are there before and after.
    RestSame,
    /// Grows among the nodes that are there before and after.
    RestGrows,
}
use Relation::{Grows, RestGrows, RestSame, Same, Shrinks};

/// A property: what is taken for granted, the edit, and what follows.
type Property = (&'static str, Edit, Edit, Relation);

/// The valid ones, by their numbers.
const VALID: [Property; 29] = [
    ("1 permuted", edits::anything, edits::permute, Same),
    ("1 zones renamed", edits::anything, edits::rename_zones, Same),
    ("1 apps renamed", edits::anything, edits::rename_apps, Same),
    ("1 terms and literals twice", edits::anything, edits::duplicate, Same),
    ("2 lower request", edits::anything, edits::lower_request, Grows),
    ("2 own anti-affinity more", edits::anything, edits::add_anti, Shrinks),
    ("2 own anti-affinity less", edits::anything, edits::drop_anti, Grows),
    ("2 larger skew", edits::anything, edits::raise_skew, Grows),
    ("2 no minDomains", edits::anything, edits::drop_min_domains, Grows),
    ("2 running pod gains anti-affinity", edits::anything, edits::running_gains_anti, Shrinks),
    ("3 empty node more", edits::without_spread, edits::add_empty_node, RestSame),
    ("3 empty node less", edits::without_spread, edits::remove_empty_node, RestSame),
    ("3 tightened", edits::without_spread, edits::tighten, Shrinks),
    ("3 alternative more", edits::without_spread, edits::add_or, Grows),
    ("3 toleration more", edits::without_spread, edits::add_toleration, Grows),
    ("4 tightened, not honoured", edits::affinity_ignored, edits::tighten, Shrinks),
    ("4 toleration, not honoured", edits::taints_ignored, edits::add_toleration, Grows),
    ("4 cloned node", edits::without_hosts, edits::clone_node, RestSame),
    ("5 pod less", edits::alone, edits::remove_pod, Grows),
    ("5 node with pods less", edits::alone, edits::remove_used_node, RestGrows),
    ("6 emptied, no affinity", edits::without_affinity, edits::remove_all_pods, Grows),
    ("6 emptied, own companion", edits::own_companion, edits::remove_all_pods, Grows),
    ("13 irrelevant label", edits::anything, edits::irrelevant_label, Same),
    ("13 node without keys", edits::anything, edits::add_keyless_node, RestSame),
    ("14 seven times the CPUs", edits::anything, edits::scale_cpu, Same),
    ("14 resources swapped", edits::anything, edits::swap_resources, Same),
    // What follows from two of them.
    ("1 and 3 in one", edits::without_spread, permuted_and_tightened, Shrinks),
    ("1 and 5 in one", edits::alone, renamed_and_removed, Grows),
    ("2 and 14 in one", edits::anything, scaled_and_lowered, Grows),
];

fn permuted_and_tightened(world: &mut World, dice: &mut Dice) -> bool {
    edits::permute(world, dice) && edits::tighten(world, dice)
}

fn renamed_and_removed(world: &mut World, dice: &mut Dice) -> bool {
    edits::rename_apps(world, dice) && edits::remove_pod(world, dice)
}

fn scaled_and_lowered(world: &mut World, dice: &mut Dice) -> bool {
    edits::scale_cpu(world, dice) && edits::lower_request(world, dice)
}

/// What holds of almost every world, and of some not: the worlds have teeth if they show it.
const INVALID: [Property; 6] = [
    ("F8 pod less", edits::anything, edits::remove_pod, Grows),
    ("F9 emptied", edits::anything, edits::remove_all_pods, Grows),
    ("F10 node less", edits::anything, edits::remove_used_node, RestGrows),
    ("F11 pod more", edits::anything, edits::add_pod, Shrinks),
    ("W1 node with a pod more", edits::without_spread, edits::add_used_node, RestSame),
    ("W2 first alternative", edits::without_node_affinity, edits::tighten, Grows),
];

fn holds(relation: Relation, before: &Nodes, after: &Nodes, there: [&Nodes; 2]) -> bool {
    let both: Nodes = there[0] & there[1];
    match relation {
        Same => before == after,
        Grows => before.is_subset(after),
        Shrinks => after.is_subset(before),
        RestSame => before & &both == after & &both,
        RestGrows => (before & &both).is_subset(after),
    }
}

/// The world before and after the edit, if it could be made.
fn edited(property: &Property, seed: u64) -> Option<[World; 2]> {
    let (_, prepare, edit, _) = property;
    let mut world = World::of(seed);
    let mut dice = Dice::new(!seed);
    if !prepare(&mut world, &mut dice) {
        return None;
    }
    let before = world.clone();
    edit(&mut world, &mut dice).then_some([before, world])
}

fn names(world: &World) -> Nodes {
    let nodes = world.cluster["nodes"].as_array().expect("a list").iter();
    nodes.map(|node| node["metadata"]["name"].as_str().expect("a name").to_owned()).collect()
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    checks: usize,
    /// Of these, the ones with a feasible node before the edit.
    with_nodes: usize,
    broken: usize,
}

impl Count {
    fn add(&mut self, before: &Nodes, holds: bool) {
        self.checks += 1;
        self.with_nodes += usize::from(!before.is_empty());
        self.broken += usize::from(!holds);
    }
}

/// Checks a property so often with judge and state, or until it is broken, and how it was.
fn run(property: &Property, wanted: usize) -> (Count, Option<String>) {
    let mut count = Count::default();
    for seed in 0..12 * wanted as u64 {
        if count.checks == wanted {
            break;
        }
        let Some(worlds) = edited(property, seed) else { continue };
        let semantics = Semantics::of_minor(34 + 3 * u32::from(seed % 4 < 2));
        let [before, after] = worlds.each_ref().map(|world| {
            let (inventory, pod) = read(&world.cluster, &world.pod);
            feasible(&inventory, &pod, semantics)
        });
        let there = [&names(&worlds[0]), &names(&worlds[1])];
        let holds = holds(property.3, &before, &after, there);
        count.add(&before, holds);
        if !holds {
            let [first, second] = worlds.each_ref().map(|world| case(property.0, world));
            let text = format!("{seed}: {before:?}, then {after:?}\n{first}\n{second}");
            return (count, Some(text));
        }
    }
    (count, None)
}

#[test]
fn what_is_true_of_edits_holds_for_judge_and_state() {
    for property in &VALID {
        let (count, broken) = run(property, scaled(60));
        assert_eq!(broken, None, "{}", property.0);
        println!("{}: {count:?}", property.0);
        assert!(count.with_nodes >= scaled(18), "{}: {count:?}", property.0);
    }
}

#[test]
fn what_is_not_true_of_edits_is_seen_to_fail() {
    for property in &INVALID {
        let (count, broken) = run(property, 2000);
        println!("{}: {count:?}", property.0);
        assert!(broken.is_some(), "{}: {count:?}", property.0);
    }
}

/// A case for the oracle.
fn case(id: &str, world: &World) -> Value {
    json!({"id": id, "cluster": world.cluster, "pod": world.pod})
}

/// The same with the real plugins as the judge, and ours held to theirs.
/// `PLACECARD_TEST_FACTOR` asks for more.
#[test]
fn e2e_what_is_true_of_edits_holds_for_the_scheduler() {
    let Some(oracle) = oracle::built() else {
        println!("left out: target/oracle is not built; make oracle");
        return;
    };
    let semantics = Semantics::of_minor(37);
    let mut refused = BTreeSet::new();
    let mut total = Count::default();
    for (at, property) in VALID.iter().enumerate() {
        let mut count = Count::default();
        let first = 1_000_000 * (at as u64 + 1);
        let worlds: BTreeMap<String, [World; 2]> = (first..first + scaled(30) as u64)
            .filter_map(|seed| Some((seed.to_string(), edited(property, seed)?)))
            .collect();
        let mut cases = Vec::new();
        for (seed, [before, after]) in &worlds {
            for (role, world) in [("before", before), ("after", after)] {
                cases.extend(case(&format!("{seed}/{role}"), world).to_string().into_bytes());
                cases.push(b'\n');
            }
        }
        let mut found: BTreeMap<String, Nodes> = BTreeMap::new();
        for line in oracle::ask(&oracle, &["judge"], cases).lines() {
            let answer: Value = serde_json::from_str(&line.expect("text")).expect("JSON");
            let id = answer["id"].as_str().expect("an id").to_owned();
            let Some(nodes) = answer["verdict"]["feasible"].as_array() else {
                refused.insert(answer["error"].to_string());
                continue;
            };
            let name = |node: &Value| node.as_str().expect("a name").to_owned();
            found.insert(id, nodes.iter().map(name).collect());
        }
        for (seed, worlds) in &worlds {
            let verdict = |role: &str| found.get(&format!("{seed}/{role}"));
            let (Some(before), Some(after)) = (verdict("before"), verdict("after")) else {
                continue;
            };
            for (world, real) in worlds.iter().zip([before, after]) {
                let (inventory, pod) = read(&world.cluster, &world.pod);
                let ours = feasible(&inventory, &pod, semantics);
                assert_eq!(ours, *real, "{}: {}", property.0, case(seed, world));
            }
            let there = [&names(&worlds[0]), &names(&worlds[1])];
            let holds = holds(property.3, before, after, there);
            count.add(before, holds);
            let [first, second] = worlds.each_ref().map(|world| case(seed, world));
            assert!(holds, "{}: {before:?}, then {after:?}\n{first}\n{second}", property.0);
        }
        println!("{}: {count:?}", property.0);
        assert!(count.with_nodes > 0, "{}: {count:?}, refused: {refused:?}", property.0);
        total.checks += count.checks;
        total.with_nodes += count.with_nodes;
    }
    println!("{total:?}, refused: {refused:?}");
    assert!(total.checks > VALID.len() * 10, "{total:?}, refused: {refused:?}");
}
