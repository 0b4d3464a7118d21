//! Whether any cluster can take a pod, with the judge as the referee: what is called satisfiable
//! has a witness that it accepts, what is called contradictory it lets go nowhere.

mod clusters;
pub(crate) mod dice;
mod kubelet;
mod mutations;
mod odd;
pub(crate) mod pods;

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::any_cluster::check::check;
use placecard_feasibility::any_cluster::{
    AnyCluster, Contradiction, KnownVolume, Part, Proof, Reach, decide,
};
use placecard_feasibility::inventory::pod::{Pod, TopologySpread};
use placecard_feasibility::inventory::volume::Volume;
use placecard_feasibility::judge::{Semantics, judge};

use dice::Dice;
use pods::Kind;

const KINDS: [Kind; 8] = [
    Kind { by_label: 0, volumes: 0, apart: false },
    Kind { by_label: 0, volumes: 0, apart: false },
    Kind { by_label: 45, volumes: 0, apart: false },
    Kind { by_label: 45, volumes: 0, apart: false },
    Kind { by_label: 45, volumes: 0, apart: false },
    Kind { by_label: 15, volumes: 80, apart: false },
    Kind { by_label: 15, volumes: 80, apart: false },
    Kind { by_label: 45, volumes: 0, apart: true },
];

/// How many pods: `PLACECARD_TEST_FACTOR` times as many.
fn count(few: u64) -> u64 {
    let factor = std::env::var("PLACECARD_TEST_FACTOR").ok().and_then(|text| text.parse().ok());
    few * factor.unwrap_or(1)
}

fn versions() -> [Semantics; 2] {
    [Semantics::of_minor(34), Semantics::of_minor(37)]
}

/// The volume as far as the parts name it; otherwise it can be reached from everywhere.
fn reduced(index: usize, known: &KnownVolume, parts: &[Part]) -> KnownVolume {
    let reach = match &known.reach {
        Reach::Made(class) => {
            let mut class = class.clone();
            if !parts.contains(&Part::ClassTopologies(index)) {
                class.allowed_topologies.clear();
            }
            Reach::Made(class)
        }
        Reach::Bound(volume) => {
            let node_affinity = volume.node_affinity.clone();
            let kept = parts.contains(&Part::VolumeNodes(index));
            let mut labels = volume.labels.clone();
            labels.retain(|key, _| parts.contains(&Part::VolumeZone(index, key.clone())));
            let node_affinity = if kept { node_affinity } else { None };
            let name = volume.name.clone();
            Reach::Bound(Box::new(Volume { name, labels, node_affinity, ..Volume::default() }))
        }
    };
    KnownVolume { claim: known.claim.clone(), reach }
}

/// The pod with these demands and no others.
fn only(pod: &Pod, volumes: &[KnownVolume], parts: &[Part]) -> (Pod, Vec<KnownVolume>) {
    let mut less = Pod {
        name: pod.name.clone(),
        namespace: pod.namespace.clone(),
        labels: pod.labels.clone(),
        volumes: pod.volumes.clone(),
        ..Pod::default()
    };
    for part in parts {
        let mut exists = |key: &String| {
            let spread = TopologySpread {
                topology_key: key.clone(),
                max_skew: 1,
                ..TopologySpread::default()
            };
            less.spread.push(spread);
        };
        match part {
            Part::NodeSelector(key) => {
                less.node_selector.insert(key.clone(), pod.node_selector[key].clone());
            }
            Part::NodeAffinity => less.node_affinity.clone_from(&pod.node_affinity),
            Part::NodeName => less.node.clone_from(&pod.node),
            Part::AffinityKey(index) => exists(&pod.affinity[*index].topology_key),
            Part::SpreadKey(index) => exists(&pod.spread[*index].topology_key),
            Part::Affinity(index) => less.affinity.push(pod.affinity[*index].clone()),
            Part::AntiAffinity(index) => {
                less.anti_affinity.push(pod.anti_affinity[*index].clone());
            }
            Part::VolumeNodes(_)
            | Part::VolumeZone(..)
            | Part::ClassTopologies(_)
            | Part::Kubelet(_) => {}
        }
    }
    let volumes = volumes.iter().enumerate().map(|(index, known)| reduced(index, known, parts));
    (less, volumes.collect())
}

/// The parts alone cannot be placed, and can without any one of them.
fn assert_minimal(pod: &Pod, volumes: &[KnownVolume], found: &Contradiction, semantics: Semantics) {
    assert!(found.minimal);
    let (core, known) = only(pod, volumes, &found.parts);
    assert!(is_contradiction(&decide(&core, &known, semantics)), "needs more: {found:?} {pod:?}");
    for dropped in &found.parts {
        let rest: Vec<Part> = found.parts.iter().filter(|part| *part != dropped).cloned().collect();
        let (less, known) = only(pod, volumes, &rest);
        // With what holds on every server, fewer may still clash on this one.
        let reading = if found.every_version { widest() } else { semantics };
        let answer = decide(&less, &known, reading);
        let by_version = |one: &Contradiction| found.every_version && !one.every_version;
        let fits = match &answer {
            AnyCluster::Satisfiable(_) => true,
            AnyCluster::Contradiction(one) => by_version(one),
            AnyCluster::Undecided => false,
        };
        assert!(fits, "needs less than {found:?} {pod:?} {volumes:?}: {answer:?}");
    }
}

fn widest() -> Semantics {
    Semantics::of_minor(34)
}

fn is_contradiction(answer: &AnyCluster) -> bool {
    matches!(answer, AnyCluster::Contradiction(_))
}

fn kind_of(pod: &Pod, found: &Contradiction) -> &'static str {
    let by_volume = |part: &Part| {
        matches!(part, Part::VolumeNodes(_) | Part::VolumeZone(..) | Part::ClassTopologies(_))
    };
    match &found.proof {
        Proof::Node(_) if found.parts.iter().any(by_volume) => "volume",
        Proof::Node(_) => "node",
        Proof::NilSelector { .. } => "nil selector",
        Proof::NoCommonPod { .. } => "no common pod",
        Proof::NoCommonNamespace { .. } => "no common namespace",
        Proof::NoCompanion { anti, .. } => {
            let keys = anti.iter().map(|index| pod.anti_affinity[*index].topology_key.as_str());
            let several = keys.collect::<BTreeSet<_>>().len() > 1;
            if several { "companions apart" } else { "no companion" }
        }
    }
}

#[test]
fn what_is_decided_of_a_pod_holds() {
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    let pods = count(1000);
    for seed in 0..pods {
        let mut dice = Dice::new(seed);
        let kind = *dice.pick(&KINDS);
        let (pod, volumes) = pods::pod(&mut dice, kind);
        for semantics in versions() {
            match decide(&pod, &volumes, semantics) {
                AnyCluster::Undecided => panic!("{seed}: {pod:?} {volumes:?}"),
                AnyCluster::Satisfiable(witness) => {
                    let judgement = judge(&witness.inventory, &pod, semantics);
                    assert!(judgement.feasible().any(|name| name == witness.node), "{seed}");
                    *seen.entry("satisfiable").or_default() += 1;
                }
                AnyCluster::Contradiction(found) => {
                    *seen.entry(kind_of(&pod, &found)).or_default() += 1;
                    assert!(check(&pod, &volumes, &found, semantics), "{seed}: {found:?} {pod:?}");
                    assert_minimal(&pod, &volumes, &found, semantics);
                    for _ in 0..8 {
                        let inventory = clusters::cluster(&mut dice, &pod, &volumes);
                        let servers = if found.every_version { versions() } else { [semantics; 2] };
                        for server in servers {
                            let judgement = judge(&inventory, &pod, server);
                            let placed: Vec<&str> = judgement.feasible().collect();
                            let rejected = judgement.pre_filter.is_some();
                            assert!(
                                rejected || placed.is_empty(),
                                "{seed}: {found:?}\n{pod:?}\n{volumes:?}\n{placed:?} of {inventory:?}"
                            );
                        }
                    }
                }
            }
        }
    }
    println!("{pods} pods, under two versions: {seen:?}");
    assert_eq!(seen.len(), 8, "{seen:?}");
    assert!(seen.values().all(|count| *count * 300 >= pods), "{seen:?}");
}
