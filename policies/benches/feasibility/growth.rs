//! How the cost of a decision grows: with pods, with nodes, with terms in all and with terms that
//! match.

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use serde_json::json;

use crate::clock::{Times, each};
use crate::cluster::{Kind, Size, arrival, existing};
use crate::engine::Engine;
use crate::fit::fit;
use crate::machine::Watch;
use crate::options::Options;
use crate::report::{Table, grouped, us};
use crate::{Failure, reading, rotation};

/// Nodes of the adversarial clusters.
const NODES: usize = 5000;
/// Distinct anti-affinity terms on them.
const TERMS: usize = 20_000;

/// Measures all of it.
///
/// # Errors
///
/// The first answer that is wrong.
pub fn measure(options: &Options) -> Result<(), Failure> {
    let watch = Watch::start();
    println!("\n## growth\n");
    let fixed_nodes = [5, 10, 20, 40, 60].map(|pods| Size { nodes: 1000, pods });
    with_size("pods, on 1,000 nodes", &fixed_nodes, |size| size.nodes * size.pods, options)?;
    let fixed_pods = [625, 1250, 2500, 5000, 10_000].map(|nodes| Size { nodes, pods: 10 });
    with_size("nodes, with 10 pods on each", &fixed_pods, |size| size.nodes, options)?;
    with_terms(options)?;
    adversarial(options)?;
    println!("{}", watch.others());
    Ok(())
}

/// The warm decisions of each size and kind, undisturbed, and the exponent for each kind; and the
/// median of decisions about terms that are new.
fn with_size(
    what: &str,
    sizes: &[Size; 5],
    measure: fn(Size) -> usize,
    options: &Options,
) -> Result<(), Failure> {
    let heads = sizes.map(|size| grouped(measure(size)));
    let [a, b, c, d, e] = &heads;
    let mut table = Table::new([what, a, b, c, d, e, "exponent", "R²"]);
    let mut points = Kind::ALL.map(|_| Vec::new());
    let mut cold_points = Vec::new();
    for size in sizes {
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let measured = measure(*size) as f64;
        let mut engine = Engine::of(&reading::cluster(*size)?);
        for (kind, points) in Kind::ALL.into_iter().zip(&mut points) {
            let pods = |round| (0..200).map(move |n| reading::pod(&rotation::warm(kind, round, n)));
            let mut times = Times::default();
            // The first round makes the terms known and is not counted.
            for round in 0..=options.rounds {
                let pods: Vec<Pod> = pods(round).collect::<Result<_, _>>()?;
                let round_times = each(&pods, |pod| engine.decide(pod));
                if round > 0 {
                    times.add(&round_times);
                }
            }
            points.push((measured, times.undisturbed()));
        }
        let unseen = (0..100).map(|n| reading::pod(&rotation::cold(Kind::Everything, 0, n)));
        let unseen: Vec<Pod> = unseen.collect::<Result<_, _>>()?;
        let mut times = Times::default();
        times.add(&each(&unseen, |pod| engine.decide(pod)));
        cold_points.push((measured, times.median()));
    }
    for (kind, points) in Kind::ALL.into_iter().zip(&points) {
        row(&mut table, kind.name(), points);
    }
    row(&mut table, "everything, cold", &cold_points);
    table.print();
    Ok(())
}

/// A row of five costs and their fit.
fn row(table: &mut Table, name: &str, points: &[(f64, f64)]) {
    let cost = |at: usize| points.get(at).map_or(String::new(), |(_, cost)| us(*cost));
    let fitted = fit(points);
    table.row([
        name.to_owned(),
        cost(0),
        cost(1),
        cost(2),
        cost(3),
        cost(4),
        fitted.map_or("-".to_owned(), |fit| format!("{:.3}", fit.exponent)),
        fitted.map_or("-".to_owned(), |fit| format!("{:.2}", fit.r_squared)),
    ]);
}

/// A pod on a node, whose required anti-affinity has a selector that no other pod has.
fn repelling(j: usize, expressions: serde_json::Value) -> serde_json::Result<Pod> {
    let mut object = existing(j % NODES, 1);
    object["metadata"]["name"] = json!(format!("repelling-{j}"));
    object["spec"]["affinity"] = json!({ "podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [{
            "labelSelector": { "matchExpressions": expressions },
            "namespaces": ["ns-2"],
            "topologyKey": "kubernetes.io/hostname",
        }],
    }});
    reading::pod(&object)
}

/// `NODES` empty nodes.
fn empty_nodes() -> serde_json::Result<Inventory> {
    reading::cluster(Size { nodes: NODES, pods: 0 })
}

/// The selector of term `j`: pods whose victim is `class`; the second requirement, which nobody
/// fails, makes it one of its own.
fn of_class(j: usize, class: &str) -> serde_json::Value {
    json!([
        { "key": "victim", "operator": "In", "values": [class] },
        { "key": "nonce", "operator": "NotIn", "values": [format!("n-{j}")] },
    ])
}

/// A plain pod that is the victim of a class.
fn victim(class: &str, n: usize) -> serde_json::Result<Pod> {
    let mut object = arrival(Kind::Plain, &format!("victim-{class}-{n}"), "app-2", "ns-2");
    object["metadata"]["labels"]["victim"] = json!(class);
    object["metadata"]["labels"]["pod-template-hash"] = json!(format!("{class}-{n}"));
    reading::pod(&object)
}

/// The decision, undisturbed, for victims of a class; the number of nodes that are feasible is checked.
fn time_victims(
    engine: &mut Engine,
    class: &str,
    blocked: usize,
    options: &Options,
) -> Result<f64, Failure> {
    let words = engine.words(&victim(class, 0)?);
    let repelled = words.iter().filter(|word| word.as_deref() == Some("InterPodAffinity/U"));
    let (found, tainted) = (repelled.count(), NODES / 20);
    // The tainted nodes are rejected before.
    if found > blocked || found + tainted < blocked {
        return Err(format!("{class}: {found} of {blocked} nodes are blocked").into());
    }
    let mut times = Times::default();
    for round in 0..=options.rounds {
        let pods: Vec<Pod> =
            (0..100).map(|n| victim(class, round * 100 + n + 1)).collect::<Result<_, _>>()?;
        let round_times = each(&pods, |pod| engine.decide(pod));
        if round > 0 {
            times.add(&round_times);
        }
    }
    Ok(times.undisturbed())
}

fn with_terms(options: &Options) -> Result<(), Failure> {
    let totals = [1250, 2500, 5000, 10_000, TERMS];
    let heads = totals.map(grouped);
    let [a, b, c, d, e] = &heads;
    let mut table = Table::new(["terms in all", a, b, c, d, e, "exponent", "R²"]);
    let mut engine = Engine::of(&empty_nodes()?);
    let (mut none, mut ten) = (Vec::new(), Vec::new());
    let mut there = 0;
    for total in totals {
        while there < total {
            let class = if there < 10 { "ten".to_owned() } else { format!("other-{there}") };
            engine.state.set_pod(repelling(there, of_class(there, &class))?);
            there += 1;
        }
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let size = total as f64;
        none.push((size, time_victims(&mut engine, "nobody", 0, options)?));
        ten.push((size, time_victims(&mut engine, "ten", 10, options)?));
    }
    row(&mut table, "none of them matches", &none);
    row(&mut table, "ten of them match", &ten);
    table.print();

    let matched = [1, 10, 100, 1000, 10_000];
    let heads = matched.map(grouped);
    let [a, b, c, d, e] = &heads;
    let mut table = Table::new(["terms that match", a, b, c, d, e, "exponent", "R²"]);
    let mut engine = Engine::of(&empty_nodes()?);
    let mut classes = matched.iter().flat_map(|count| std::iter::repeat_n(*count, *count));
    for j in 0..TERMS {
        let class = classes.next().map_or("rest".to_owned(), |count| format!("class-{count}"));
        engine.state.set_pod(repelling(j, of_class(j, &class))?);
    }
    let mut points = Vec::new();
    for count in matched {
        let class = format!("class-{count}");
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let size = count as f64;
        points.push((size, time_victims(&mut engine, &class, count.min(NODES), options)?));
    }
    row(&mut table, &format!("of {} in all", grouped(TERMS)), &points);
    table.print();
    Ok(())
}

/// What the terms of an adversarial cluster are like: their selectors, and how many nodes they
/// block for a pod whose victim is `v`.
type Adversary = (&'static str, fn(usize) -> serde_json::Value, usize);

const ADVERSARIES: [Adversary; 5] = [
    ("none matches; an In requirement in each", |j| of_class(j, &format!("other-{j}")), 0),
    (
        "none matches; a key of its own must exist",
        |j| json!([{ "key": format!("key-{j}"), "operator": "Exists" }]),
        0,
    ),
    (
        "none matches; only NotIn",
        |j| json!([{ "key": "victim", "operator": "NotIn", "values": ["v", format!("n-{j}")] }]),
        0,
    ),
    ("all match; an In requirement in each", |j| of_class(j, "v"), NODES),
    (
        "all match; only NotIn",
        |j| json!([{ "key": "victim", "operator": "NotIn", "values": [format!("n-{j}")] }]),
        NODES,
    ),
];

fn adversarial(options: &Options) -> Result<(), Failure> {
    let head = format!("{} distinct anti-affinity terms", grouped(TERMS));
    let mut table = Table::new([&head, "decision µs", "nodes blocked"]);
    for (what, selector, blocked) in ADVERSARIES {
        let mut inventory = empty_nodes()?;
        for j in 0..TERMS {
            let pod = repelling(j, selector(j))?;
            inventory.pods.put(pod);
        }
        let mut engine = Engine::of(&inventory);
        let pod = victim("v", 0)?;
        if engine.words(&pod) != reading::judged(&inventory, &pod) {
            return Err(format!("{what}: not what the judge says").into());
        }
        let cost = time_victims(&mut engine, "v", blocked, options)?;
        table.row([what.to_owned(), us(cost), grouped(blocked)]);
    }
    table.print();
    Ok(())
}
