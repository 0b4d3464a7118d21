//! The live cluster: memory for one copy and for two, what an event costs, what a review costs.

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use placecard_policies::live::{Live, WATCHED, Watched};
use placecard_policies::placed::Outcome;
use placecard_policies::read;
use placecard_policies::review::review;
use placecard_policies::surroundings::{ServerVersion, Surroundings};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::cluster::{Kind, Size, incoming, namespaces, node};
use crate::machine::{Watch, forget_peak, resident};
use crate::report::{Table, grouped};
use crate::{Failure, dump};

const SIZE: Size = Size { nodes: 5000, pods: 30 };
/// A namespace whose quota is used up.
const FULL: &str = "full";
/// A priority class above that of all pods.
const FIRST: &str = "first";
/// Updates of pods that are timed.
const UPDATES: usize = 20_000;

/// Runs this program again for it, and prints what that one prints.
///
/// # Errors
///
/// If it fails.
pub fn measure() -> Result<(), Failure> {
    println!("\n## live: {} nodes, {} full pods\n", SIZE.nodes, grouped(SIZE.nodes * SIZE.pods));
    let status = Command::new(std::env::current_exe()?).arg("--live-here").status()?;
    if status.success() { Ok(()) } else { Err("the process for it failed".into()) }
}

/// Fills a live cluster with events and measures it, in this process.
///
/// # Errors
///
/// An object that is not read, or a review that is wrong.
pub fn fill_in_this_process() -> Result<(), Failure> {
    let watch = Watch::start();
    let (floor, _) = resident().unwrap_or_default();
    let mut live = Live::new(ServerVersion::default());
    let mut spent = 0.0;
    let mut put = |live: &mut Live, kind, bytes: &[u8]| -> Result<(), Failure> {
        let start = Instant::now();
        live.put(kind, bytes).map_err(|problem| format!("{problem:?}"))?;
        spent += start.elapsed().as_secs_f64();
        Ok(())
    };
    WATCHED.into_iter().for_each(|kind| live.list(kind));
    let full = json!({"metadata": {"namespace": FULL, "name": "pods"},
        "spec": {"hard": {"pods": "2"}}, "status": {"used": {"pods": "2"}}});
    put(&mut live, Watched::ResourceQuota, &serde_json::to_vec(&full)?)?;
    let first = json!({"metadata": {"name": FIRST}, "value": 1000});
    put(&mut live, Watched::PriorityClass, &serde_json::to_vec(&first)?)?;
    for object in namespaces() {
        put(&mut live, Watched::Namespace, &serde_json::to_vec(&object)?)?;
    }
    for i in 0..SIZE.nodes {
        put(&mut live, Watched::Node, &serde_json::to_vec(&node(i))?)?;
    }
    let pods = SIZE.nodes * SIZE.pods;
    let mut bytes = 0;
    for g in 0..pods {
        let text = dump::full(g, SIZE)?;
        bytes += text.len();
        put(&mut live, Watched::Pod, &text)?;
    }
    WATCHED.into_iter().for_each(|kind| live.listed(kind));
    let (peak, one) = resident().unwrap_or_default();
    let mut copy = live.clone();
    let (_, two) = resident().unwrap_or_default();
    let mut table = Table::new(["what", "figure"]);
    let mut row = |what: &str, figure: String| table.row([what.to_owned(), figure]);
    row("bytes of a pod", grouped(bytes / pods));
    row("seconds to put all", format!("{spent:.2}"));
    row("MB resident before", format!("{floor:.0}"));
    row("MB resident with one copy (peak)", format!("{one:.0} ({peak:.0})"));
    row("MB resident with two copies", format!("{two:.0}"));

    let live = Arc::new(live);
    let surroundings = Surroundings { live: Some(Arc::clone(&live)), ..Surroundings::default() };
    let mut reviews = Table::new(["review of a Deployment", "ms", "MB at most", "what it says"]);
    for (name, object) in asked() {
        forget_peak();
        let (least, outcome) = reviewed(&object, &surroundings)?;
        let (peak, _) = resident().unwrap_or_default();
        reviews.row([name, format!("{least:.2}"), format!("{peak:.0}"), outcome]);
    }
    drop(surroundings);
    let mut live = Arc::into_inner(live).ok_or("somebody keeps it")?;

    update([("one", &mut live), ("the other", &mut copy)], &mut table)?;
    table.print();
    reviews.print();
    println!("one thread; {}", watch.others());
    Ok(())
}

/// Times updates of pods of which only the state changed.
fn update(copies: [(&str, &mut Live); 2], table: &mut Table) -> Result<(), Failure> {
    let later: Vec<Vec<u8>> = (0..UPDATES).map(|g| later(g, SIZE)).collect::<Result<_, _>>()?;
    let each = |start: Instant| start.elapsed().as_secs_f64() * 1e6 / later.len() as f64;
    let mut row = |what: &str, figure: f64| table.row([what.to_owned(), format!("{figure:.2}")]);
    let start = Instant::now();
    for text in &later {
        let _: IgnoredAny = serde_json::from_slice(text)?;
    }
    row("µs to scan a pod's text", each(start));
    for (name, live) in copies {
        let start = Instant::now();
        for text in &later {
            live.put(Watched::Pod, text).map_err(|problem| format!("{problem:?}"))?;
        }
        let what = format!("µs to put a pod of which only the state changed, {name}");
        row(&what, each(start));
    }
    Ok(())
}

/// The pod a little later.
fn later(g: usize, size: Size) -> Result<Vec<u8>, Failure> {
    let mut pod: Value = serde_json::from_slice(&dump::full(g, size)?)?;
    pod["metadata"]["resourceVersion"] = json!("99000000");
    pod["status"]["conditions"][1]["lastTransitionTime"] = json!("2026-03-03T01:00:00Z");
    pod["status"]["containerStatuses"][0]["restartCount"] = json!(9);
    dump::printed(&pod).map_err(Into::into)
}

/// What is reviewed, and what it is called.
fn asked() -> Vec<(String, Value)> {
    let fits = |kind: Kind| (kind.name().to_owned(), deployment(&incoming(kind), "500m"));
    let mut found: Vec<(String, Value)> = Kind::ALL.into_iter().map(fits).collect();
    let mut add = |name: &str, kind: Kind, cpu: &str, change: &dyn Fn(&mut Value)| {
        let mut object = deployment(&incoming(kind), cpu);
        change(&mut object);
        found.push((name.to_owned(), object));
    };
    let spec = "/spec/template/spec";
    let set = |object: &mut Value, field: &str, value: Value| {
        if let Some(spec) = object.pointer_mut(spec) {
            spec[field] = value;
        }
    };
    let apart = |term: Value, kind: &str| json!({kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}});
    let zone = "topology.kubernetes.io/zone";
    let nobody = json!({"topologyKey": zone, "labelSelector": {"matchLabels": {"app": "nobody"}}});
    let everybody = json!({"topologyKey": zone, "labelSelector": {}, "namespaceSelector": {}});
    add("63 CPUs", Kind::Plain, "63", &|_| {});
    add("63 CPUs, of a high priority", Kind::Plain, "63", &|object| {
        set(object, "priorityClassName", json!(FIRST));
    });
    add("1000 CPUs", Kind::Plain, "1000", &|_| {});
    add("63 CPUs, of the kind everything", Kind::Everything, "63", &|_| {});
    add("near pods that are nowhere", Kind::Plain, "500m", &|object| {
        set(object, "affinity", apart(nobody.clone(), "podAffinity"));
    });
    add("apart from all pods", Kind::Plain, "500m", &|object| {
        set(object, "affinity", apart(everybody.clone(), "podAntiAffinity"));
    });
    add("contradictory", Kind::NodeAffinity, "500m", &|object| {
        set(object, "nodeSelector", json!({"kubernetes.io/arch": "s390x", "disktype": "tape"}));
    });
    add("in a namespace whose quota is used up", Kind::Plain, "500m", &|object| {
        object["metadata"]["namespace"] = json!(FULL);
    });
    found
}

/// A Deployment with the pod as its template.
fn deployment(pod: &Value, cpu: &str) -> Value {
    let labels = pod["metadata"]["labels"].clone();
    let mut spec = pod["spec"].clone();
    spec["containers"][0]["resources"]["requests"]["cpu"] = json!(cpu);
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "incoming", "namespace": pod["metadata"]["namespace"]},
        "spec": {"replicas": 3, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec}},
    })
}

/// The milliseconds that a review takes, the least of three, and what it says.
fn reviewed(value: &Value, on: &Surroundings) -> Result<(f64, String), Failure> {
    let mut object = read::object(value, &on.words).map_err(|problem| problem.message)?;
    read::keep_written(&mut object, value);
    let (mut least, mut outcome) = (f64::INFINITY, String::new());
    for _ in 0..3 {
        let start = Instant::now();
        let review = review(&object, on);
        least = least.min(start.elapsed().as_secs_f64() * 1e3);
        outcome = match review.placements.first().map(|placement| &placement.outcome) {
            Some(Outcome::Fits) => "fits".to_owned(),
            Some(Outcome::Shut) => {
                let code = review.findings.first().map(|finding| finding.code.as_str());
                code.unwrap_or("no finding").to_owned()
            }
            other => return Err(format!("{other:?}").into()),
        };
    }
    Ok((least, outcome))
}
