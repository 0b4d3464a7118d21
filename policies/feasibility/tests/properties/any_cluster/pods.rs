//! Random pods over few labels, so that their demands meet often: selectors that imply, overlap and
//! cover each other, comparisons at the edge of 64 bits, names, namespaces by label, volumes.

use placecard_feasibility::any_cluster::{KnownVolume, Reach};
use placecard_feasibility::inventory::pod::{Pod, PodVolume, TopologySpread, WhenUnsatisfiable};
use placecard_feasibility::inventory::volume::{StorageClass, Volume};
use placecard_feasibility::label::{Labels, NAMESPACE_NAME};
use placecard_feasibility::node_terms::{NAME_FIELD, NodeTerm};
use placecard_feasibility::pod_affinity::{AffinityTerm, merge_label_keys};
use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::selector::Selector;

use super::dice::Dice;

pub(crate) const ZONE: &str = "topology.kubernetes.io/zone";
pub(crate) const BETA_ZONE: &str = "failure-domain.beta.kubernetes.io/zone";
pub(crate) const HOST: &str = "kubernetes.io/hostname";
pub(crate) const GENERATION: &str = "example.com/gen";
const NODE_KEYS: [&str; 4] = [ZONE, ZONE, HOST, GENERATION];
const NODE_VALUES: [&str; 4] = ["a", "b", "c", ""];
const NUMBERS: [&str; 6] = ["0", "1", "7", "007", "x", "9223372036854775807"];
const BOUNDS: [&str; 9] =
    ["0", "1", "2", "6", "7", "8", "abc", "9223372036854775807", "9223372036854775808"];
const NODE_NAMES: [&str; 3] = ["n1", "n2", "n3.example"];
const TOPOLOGY_KEYS: [&str; 4] = [ZONE, ZONE, HOST, "example.com/rack"];
const NAMESPACES: [&str; 3] = ["d", "e", "g"];

/// What is generated more or less often.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kind {
    /// Percent of terms with a namespace selector.
    pub(crate) by_label: usize,
    /// Percent of pods with known volumes.
    pub(crate) volumes: usize,
    /// Companions for two topology keys are needed, in one namespace, and kept away by its labels.
    pub(crate) apart: bool,
}

fn requirement(key: &str, operator: Operator, values: &[&str]) -> Requirement {
    Requirement::new(key, operator, values)
}

fn values<'a>(dice: &mut Dice, from: &[&'a str], most: usize) -> Vec<&'a str> {
    let mut values = dice.several(1, most, |dice| *dice.pick(from));
    values.sort_unstable();
    values.dedup();
    values
}

fn one_of_four(dice: &mut Dice, key: &str, from: &[&str]) -> Requirement {
    let listed = values(dice, from, 3);
    match dice.below(8) {
        0..=3 => requirement(key, Operator::In, &listed),
        4..=5 => requirement(key, Operator::NotIn, &listed),
        6 => requirement(key, Operator::Exists, &[]),
        _ => requirement(key, Operator::DoesNotExist, &[]),
    }
}

/// A requirement on a node label.
fn on_node(dice: &mut Dice) -> Requirement {
    let key = *dice.pick(&NODE_KEYS);
    if key != GENERATION {
        return one_of_four(dice, key, &NODE_VALUES);
    }
    match dice.below(6) {
        0..=1 => requirement(key, Operator::Gt, &[*dice.pick(&BOUNDS)]),
        2..=3 => requirement(key, Operator::Lt, &[*dice.pick(&BOUNDS)]),
        _ => one_of_four(dice, key, &NUMBERS),
    }
}

fn node_term(dice: &mut Dice) -> NodeTerm {
    let mut term = NodeTerm::of(dice.several(0, 3, on_node));
    if dice.chance(10) {
        term.fields = dice.several(1, 2, |dice| {
            let operator = if dice.chance(70) { Operator::In } else { Operator::NotIn };
            requirement(NAME_FIELD, operator, &[*dice.pick(&NODE_NAMES)])
        });
    }
    if term.is_empty() && dice.chance(80) {
        term.expressions.push(on_node(dice));
    }
    term
}

fn pod_labels(dice: &mut Dice) -> Labels {
    let mut labels = Labels::new();
    for (key, values) in [("app", ["a", "b"]), ("tier", ["x", "y"])] {
        if dice.chance(70) {
            labels.insert(key.to_owned(), (*dice.pick(&values)).to_owned());
        }
    }
    labels
}

fn pod_selector(dice: &mut Dice) -> Selector {
    let one = |dice: &mut Dice| {
        if dice.chance(65) {
            one_of_four(dice, "app", &["a", "b", "c"])
        } else {
            one_of_four(dice, "tier", &["x", "y"])
        }
    };
    Selector { requirements: dice.several(0, 2, one) }
}

fn namespace_selector(dice: &mut Dice) -> Selector {
    let one = |dice: &mut Dice| {
        if dice.chance(45) {
            one_of_four(dice, NAMESPACE_NAME, &NAMESPACES)
        } else {
            one_of_four(dice, "team", &["x", "y"])
        }
    };
    Selector { requirements: dice.several(0, 2, one) }
}

fn affinity_term(dice: &mut Dice, kind: Kind, labels: &Labels) -> AffinityTerm {
    let mut selector = (!dice.chance(3)).then(|| pod_selector(dice));
    if dice.chance(15) {
        let key = vec![(*dice.pick(&["app", "tier"])).to_owned()];
        let (same, other) = if dice.chance(50) { (key, Vec::new()) } else { (Vec::new(), key) };
        selector = merge_label_keys(selector.as_ref(), &same, &other, labels);
    }
    let namespace_selector = dice.chance(kind.by_label).then(|| namespace_selector(dice));
    let mut namespaces = if dice.chance(35) { values(dice, &NAMESPACES, 2) } else { Vec::new() };
    if namespace_selector.is_some() && dice.chance(60) {
        namespaces.clear();
    }
    AffinityTerm {
        selector,
        namespaces: namespaces.into_iter().map(str::to_owned).collect(),
        namespace_selector,
        topology_key: (*dice.pick(&TOPOLOGY_KEYS)).to_owned(),
    }
}

/// Toward one kind of pod at two levels, away from namespaces with some labels.
fn apart(dice: &mut Dice) -> [Vec<AffinityTerm>; 2] {
    let keys = [ZONE, "example.com/rack"];
    let affinity = keys.map(|key| AffinityTerm {
        selector: Some(Selector { requirements: vec![requirement("app", Operator::In, &["a"])] }),
        namespaces: vec!["d".to_owned()],
        namespace_selector: None,
        topology_key: key.to_owned(),
    });
    let away = |dice: &mut Dice| AffinityTerm {
        selector: Some(if dice.chance(70) { Selector::everything() } else { pod_selector(dice) }),
        namespaces: Vec::new(),
        namespace_selector: Some(Selector {
            requirements: vec![one_of_four(dice, "team", &["x", "y"])],
        }),
        topology_key: (*dice.pick(&keys)).to_owned(),
    };
    [affinity.to_vec(), dice.several(2, 4, away)]
}

fn spread(dice: &mut Dice) -> Vec<TopologySpread> {
    let mut constraints = dice.several(0, 2, |dice| {
        let hard = dice.chance(80);
        TopologySpread {
            max_skew: 1 + i32::from(dice.chance(30)),
            topology_key: (*dice.pick(&TOPOLOGY_KEYS)).to_owned(),
            when_unsatisfiable: if hard {
                WhenUnsatisfiable::DoNotSchedule
            } else {
                WhenUnsatisfiable::ScheduleAnyway
            },
            selector: dice.chance(95).then(|| pod_selector(dice)),
            min_domains: if hard { *dice.pick(&[1, 2, 3]) } else { 1 },
            honor_affinity: dice.chance(70),
            honor_taints: dice.chance(30),
        }
    });
    // The API server refuses two for the same level.
    constraints.sort_by(|one, other| one.topology_key.cmp(&other.topology_key));
    constraints.dedup_by(|one, other| one.topology_key == other.topology_key);
    constraints
}

fn volume(dice: &mut Dice, index: usize) -> KnownVolume {
    let claim = format!("claim{index}");
    if dice.chance(25) {
        let term = |dice: &mut Dice| {
            let zones = values(dice, &NODE_VALUES[..3], 2);
            vec![requirement(ZONE, Operator::In, &zones)]
        };
        let mut class = StorageClass {
            name: format!("class{index}"),
            provisioner: "csi.example.com".to_owned(),
            waits: true,
            allowed_topologies: dice.several(0, 2, term),
        };
        // The API server refuses a term twice.
        class.allowed_topologies.dedup();
        return KnownVolume { claim, reach: Reach::Made(Box::new(class)) };
    }
    let mut labels = Labels::new();
    for key in [ZONE, BETA_ZONE] {
        if dice.chance(15) {
            labels.insert(key.to_owned(), (*dice.pick(&["a", "b", "a__b"])).to_owned());
        }
    }
    let node_affinity = dice.chance(80).then(|| {
        dice.several(1, 2, |dice| {
            let mut term = node_term(dice);
            // The API server refuses names here, and terms without requirements.
            term.fields.clear();
            if term.is_empty() {
                term.expressions.push(on_node(dice));
            }
            term
        })
    });
    let name = format!("volume{index}");
    let volume = Volume { name, labels, node_affinity, ..Volume::default() };
    KnownVolume { claim, reach: Reach::Bound(Box::new(volume)) }
}

/// A pod, and what is known of its volumes.
pub(crate) fn pod(dice: &mut Dice, kind: Kind) -> (Pod, Vec<KnownVolume>) {
    let labels = pod_labels(dice);
    // Many pods are about one thing only, so that it decides.
    let (nodes, pods) = (dice.chance(60), dice.chance(70));
    let mut pod = Pod {
        name: "p".to_owned(),
        namespace: (*dice.pick(&NAMESPACES)).into(),
        uid: "uid-p".to_owned(),
        ..Pod::default()
    };
    if nodes {
        if dice.chance(30) {
            let (key, from) = (*dice.pick(&NODE_KEYS), &NODE_VALUES[..3]);
            pod.node_selector.insert(key.to_owned(), (*dice.pick(from)).to_owned());
        }
        pod.node_affinity = dice.chance(70).then(|| dice.several(1, 3, node_term));
        if dice.chance(5) {
            pod.node = Some((*dice.pick(&NODE_NAMES)).into());
        }
    }
    if pods {
        pod.affinity = dice.several(0, 3, |dice| affinity_term(dice, kind, &labels));
        pod.anti_affinity = dice.several(0, 4, |dice| affinity_term(dice, kind, &labels));
    }
    if kind.apart {
        [pod.affinity, pod.anti_affinity] = apart(dice);
    }
    if dice.chance(40) {
        pod.spread = spread(dice);
    }
    let mut known = Vec::new();
    if dice.chance(kind.volumes) {
        let count = 1 + dice.below(3);
        known = (0..count).map(|index| volume(dice, index)).collect();
        pod.volumes = known.iter().map(|one| PodVolume::Claim(one.claim.clone())).collect();
    }
    pod.labels = labels.into();
    (pod, known)
}
