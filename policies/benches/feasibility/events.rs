//! What it costs to hear that a pod or a node has changed.

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::node::Node;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::profile::Profile;
use placecard_feasibility::state::Standing;
use placecard_feasibility::tolerations::Taint;

use crate::Failure;
use crate::clock::{Times, each};
use crate::cluster::Size;
use crate::engine::Engine;
use crate::report::{Table, us};

/// How many pods, and at most how many nodes, have an event of each sort.
const PODS: usize = 1000;
const NODES: usize = 200;

type Change = fn(&mut Node);

/// Times events, each of which is taken back, so that the cluster is the same afterwards.
///
/// # Errors
///
/// None; the caller checks the verdicts afterwards.
pub fn measure(engine: &mut Engine, inventory: &Inventory, size: Size) -> Result<(), Failure> {
    let mut table = Table::new(["event", "µs: median", "99 %", "worst", "events"]);
    pods(engine, inventory, &mut table);
    nodes(engine, inventory, size, &mut table);
    standing(engine, inventory, size, &mut table);
    table.print();
    Ok(())
}

fn row(table: &mut Table, what: &str, times: &[f64]) {
    let mut sorted = Times::default();
    sorted.add(times);
    table.row([
        what.to_owned(),
        us(sorted.median()),
        us(sorted.quantile(0.99)),
        us(sorted.quantile(1.0)),
        sorted.count().to_string(),
    ]);
}

fn pods(engine: &mut Engine, inventory: &Inventory, table: &mut Table) {
    // From all over the cluster, and of all applications.
    let step = (inventory.pods.len() / PODS).max(1) | 1;
    let some: Vec<&Pod> = inventory.pods.values().step_by(step).take(PODS).collect();
    let owned = || some.iter().map(|pod| (*pod).clone()).collect::<Vec<_>>();
    row(
        table,
        "a pod is gone",
        &each(&some, |pod| engine.state.remove_pod(&pod.namespace, &pod.name)),
    );
    row(table, "a pod is bound", &each(owned(), |pod| engine.state.set_pod(pod)));
    row(table, "a pod reports what was known", &each(owned(), |pod| engine.state.set_pod(pod)));
    let mut terminating = owned();
    terminating.iter_mut().for_each(|pod| pod.terminating = true);
    row(table, "a pod begins to terminate", &each(terminating, |pod| engine.state.set_pod(pod)));
    let mut moved = owned();
    for pod in &mut moved {
        pod.labels.insert("version".to_owned(), "v9".to_owned());
    }
    row(table, "a pod's label changes", &each(moved, |pod| engine.state.set_pod(pod)));
    for pod in owned() {
        engine.state.set_pod(pod);
    }
}

fn nodes(engine: &mut Engine, inventory: &Inventory, size: Size, table: &mut Table) {
    let step = (inventory.nodes.len() / NODES).max(1);
    let some: Vec<&Node> = inventory.nodes.values().step_by(step).take(NODES).collect();
    let owned = || some.iter().map(|node| (*node).clone()).collect::<Vec<_>>();
    let and_its_pods = |what: &str| format!("{what}, {} pods on it", size.pods);
    row(
        table,
        &and_its_pods("a node reports what was known"),
        &each(owned(), |node| {
            engine.state.set_node(node);
        }),
    );
    let changes: [(&str, Change); 4] = [
        ("a node is cordoned", |node| node.unschedulable = true),
        ("a node gets a taint", |node| {
            node.taints.push(Taint {
                key: "node.kubernetes.io/not-ready".to_owned(),
                effect: "NoSchedule".to_owned(),
                ..Taint::default()
            });
        }),
        ("a node's disk type changes", |node| {
            node.labels.insert("disktype".to_owned(), "tape".to_owned());
        }),
        ("a node moves to another zone", |node| {
            let zone = if node.name.ends_with('0') { "zone-1" } else { "zone-0" };
            node.labels.insert("topology.kubernetes.io/zone".to_owned(), zone.to_owned());
        }),
    ];
    for (what, change) in changes {
        let mut changed = owned();
        changed.iter_mut().for_each(change);
        row(table, &and_its_pods(what), &each(changed, |node| engine.state.set_node(node)));
        for node in owned() {
            engine.state.set_node(node);
        }
    }
    let gone = each(&some, |node| engine.state.remove_node(&node.name));
    row(table, &and_its_pods("a node is gone"), &gone);
    row(table, &and_its_pods("a node is back"), &each(owned(), |node| engine.state.set_node(node)));
}

/// What it costs to know which pods may not stay where they are: of all pods once, and after events.
fn standing(engine: &Engine, inventory: &Inventory, size: Size, table: &mut Table) {
    let mut state = engine.state.clone();
    let mut standing = Standing::new(vec![Profile::of(state.semantics())]);
    let all = format!("every pod is judged where it is, {} pods", state.pod_count());
    row(table, &all, &each([()], |()| _ = standing.refresh(&mut state)));
    row(
        table,
        "the same, when nothing happened",
        &each([()], |()| _ = standing.refresh(&mut state)),
    );
    let step = (inventory.pods.len() / PODS).max(1) | 1;
    let pods: Vec<&Pod> = inventory.pods.values().step_by(step).take(PODS).collect();
    let gone = each(&pods, |pod| {
        state.remove_pod(&pod.namespace, &pod.name);
        standing.refresh(&mut state);
    });
    row(table, "a pod is gone, and those that it may concern are judged", &gone);
    let back = each(pods.iter().map(|pod| (*pod).clone()).collect::<Vec<_>>(), |pod| {
        state.set_pod(pod);
        standing.refresh(&mut state);
    });
    row(table, "a pod is bound, and those that it may concern are judged", &back);
    let step = (inventory.nodes.len() / NODES).max(1);
    let nodes: Vec<&Node> = inventory.nodes.values().step_by(step).take(NODES).collect();
    let mut moved: Vec<Node> = nodes.iter().map(|node| (*node).clone()).collect();
    for node in &mut moved {
        let zone = if node.name.ends_with('0') { "zone-1" } else { "zone-0" };
        node.labels.insert("topology.kubernetes.io/zone".to_owned(), zone.to_owned());
    }
    let moved = each(moved, |node| {
        state.set_node(node);
        standing.refresh(&mut state);
    });
    let what = format!("a node moves to another zone, {} pods on it, the same", size.pods);
    row(table, &what, &moved);
}
