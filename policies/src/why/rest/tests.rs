use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use placecard_feasibility::inventory::pod::{Owner, Pod};
use placecard_feasibility::inventory::requests::CPU;
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::profile::Profile;
use placecard_feasibility::quantity::Quantity;
use placecard_feasibility::state::{Named, State};
use serde::Deserialize;

use super::*;
use crate::cluster::{Cluster, Counts};
use crate::placed::next_cycle;
use crate::snapshot::{Cluster as WrittenCluster, WrittenPod};
use crate::why::changes::Edit;
use crate::why::groups::Holder;
use crate::why::outlook::{Outlook, diagnose_empty, outlook_of};
use crate::why::{Diagnosis, diagnose_in_brief};

#[derive(Deserialize)]
struct Case {
    id: String,
    cluster: WrittenCluster,
    pod: WrittenPod,
}

fn cases() -> impl Iterator<Item = Case> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/oracle");
    let files = ["counterexamples.jsonl.gz", "cases-1.37.jsonl.gz", "cases.jsonl.gz"];
    files.into_iter().flat_map(move |name| {
        let file = File::open(data.join(name)).expect("the recorded cases are in the repository");
        let lines = BufReader::new(GzDecoder::new(file)).lines().step_by(50);
        lines.map(|line| serde_json::from_str(&line.expect("packed text")).expect("a case"))
    })
}

/// The pod as it is, larger, more important, and both.
fn variants(pod: &Pod) -> [Pod; 4] {
    let large = pod.clone().with(|spec| {
        for container in spec.containers.iter_mut().take(1) {
            let cpu = container.requests.get(CPU).map_or(500, |amount| amount.thousandths());
            let more = Quantity::of_thousandths(cpu.saturating_mul(3));
            container.requests.insert(CPU.to_owned(), more);
        }
    });
    let important = |pod: &Pod| pod.clone().with(|spec| spec.priority += 1);
    [pod.clone(), important(pod), important(&large), large]
}

/// Everything that is said of a pod.
fn said(cycle: &Cycle<'_>, rest: &Rest<'_>) -> (Diagnosis, Outlook, Diagnosis) {
    let (mut found, judgement) = diagnose_in_brief(cycle, rest);
    for shared in found.groups.iter_mut().flat_map(|group| &mut group.facts) {
        for (_, held) in &mut shared.holders {
            assert!(held.pods.is_empty() || held.pods.len() == held.count);
            held.pods.clear();
        }
    }
    for way in &mut found.ways {
        // By preemption: in the order of their names, or the best first.
        way.nodes.sort();
    }
    match found.feasible.is_empty() {
        true => {
            let outlook = outlook_of(cycle, &judgement, rest);
            (found, outlook, diagnose_empty(cycle))
        }
        false => (found, Outlook::Fits, Diagnosis::default()),
    }
}

#[test]
fn counts_explain_as_pods_do() {
    let [mut all, mut shut, mut moved, mut outranked, mut narrowed, mut waiting, mut crowded] =
        [0usize; 7];
    for (at, case) in cases().enumerate() {
        let semantics = Semantics::of_minor(if at % 2 == 0 { 34 } else { 37 });
        let mut inventory = case.cluster.read();
        let owners = [Some("one"), Some("other"), None];
        for (pod, name) in inventory.pods.values_mut().zip(owners.into_iter().cycle()) {
            let (kind, name) = ("StatefulSet".to_owned(), name.map(str::to_owned));
            pod.owner = name.map(|name| Owner { kind, name, ..Owner::default() }.into());
        }
        let state = State::of(&inventory, semantics);
        // What no filter reads is not kept.
        let cluster = Cluster {
            inventory: state.inventory(),
            semantics,
            name: String::new(),
            closed: false,
            schedulers: None,
            counts: Counts::default(),
        };
        let pod = case.pod.read();
        let owner = (at % 3 > 0).then(|| Holder {
            namespace: pod.namespace.clone(),
            kind: "StatefulSet".to_owned(),
            name: "one".to_owned(),
        });
        let replaced = cluster.inventory.pods.values().filter(|other| {
            other.is_same(&pod) || owner.as_ref().is_some_and(|owner| owner.holds(other))
        });
        let replaced = replaced.filter_map(|pod| state.pod_number(&pod.namespace, &pod.name));
        let leave: BTreeSet<u32> = replaced.collect();
        let profile = Profile::of(semantics);
        for pod in variants(&pod) {
            let plain = next_cycle(&cluster, &pod, owner.as_ref());
            let expected = said(&plain, &Rest::Nobody);
            let aside = state.aside(&pod, &profile, &leave, Named::All);
            let counted = aside.cycle(&pod, &profile, state.objects());
            let found = said(&counted, &Rest::Counted(&state, &leave));
            assert_eq!(found, expected, "{} {pod:?}", case.id);
            let fits = !found.0.feasible.is_empty();
            assert_eq!(state.fits_without(&pod, &profile, &leave), fits, "{} {pod:?}", case.id);
            all += 1;
            shut += usize::from(found.0.feasible.is_empty());
            waiting += usize::from(matches!(found.1, Outlook::Waiting { .. }));
            crowded += usize::from(matches!(found.1, Outlook::CrowdedOut { .. }));
            for edit in found.0.ways.iter().flat_map(|way| &way.edits) {
                moved += usize::from(matches!(edit, Edit::Move { .. }));
                outranked += usize::from(matches!(edit, Edit::Outrank { .. }));
                narrowed += usize::from(matches!(edit, Edit::Narrow { .. }));
            }
        }
    }
    let seen = [all, shut, moved, outranked, narrowed, waiting, crowded];
    assert!(all > 1000 && seen.iter().all(|count| *count > 5), "{seen:?}");
}
