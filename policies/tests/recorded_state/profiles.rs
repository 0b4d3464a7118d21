//! Profiles whose verdicts follow from the recorded ones: with other weights the points of each
//! plugin are multiplied, without a score plugin its points are missing, and without a filter the
//! nodes pass that no other plugin rejects by itself.

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::inventory::Inventory;
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::profile::Profile;
use placecard_feasibility::state::{Board, Scratch, State};
use placecard_policies::scheduler_configuration;
use serde_json::{Value, json};

use crate::{Case, Dice, Points, assert_scores, feasible};

/// The score plugins of 1.34 without a configuration, and their weights.
const WEIGHTS: [(&str, i64); 7] = [
    ("TaintToleration", 3),
    ("NodeAffinity", 2),
    ("NodeResourcesFit", 1),
    ("NodeResourcesBalancedAllocation", 1),
    ("PodTopologySpread", 2),
    ("InterPodAffinity", 2),
    ("ImageLocality", 1),
];

/// Filters that need no other one.
const FILTERS: [&str; 5] =
    ["NodeUnschedulable", "TaintToleration", "NodeAffinity", "NodeResourcesFit", "NodePorts"];

fn profile(plugins: &Value, pod: &Pod, semantics: Semantics) -> Profile {
    let config = json!({
        "apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration",
        "profiles": [{"schedulerName": pod.scheduler_name(), "plugins": plugins}],
    });
    let read = scheduler_configuration::read(&config, semantics).expect("a configuration");
    read.profile_of(pod).expect("its profile").clone()
}

/// Other weights, and score plugins that are switched off.
fn assert_weighted(case: &Case, inventory: &Inventory, pod: &Pod, dice: &mut Dice) {
    let semantics = Semantics::of_minor(34);
    let mut chosen: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for (plugin, ordinary) in WEIGHTS {
        if dice.roll(5) > 0 {
            chosen.insert(plugin, (ordinary, [1, 2, 5, 40][dice.roll(4)]));
        }
    }
    let enabled: Vec<Value> = chosen
        .iter()
        .map(|(plugin, (_, weight))| json!({"name": plugin, "weight": weight}))
        .collect();
    let plugins = json!({"score": {"disabled": [{"name": "*"}], "enabled": enabled}});
    // Without any score plugin nothing is scored.
    if chosen.is_empty() {
        return;
    }
    let weighted = |(plugin, points): (&String, &i64)| {
        chosen.get(plugin.as_str()).map_or(0, |(ordinary, weight)| points / ordinary * weight)
    };
    let expected: Points = case
        .recorded()
        .iter()
        .map(|(node, points)| (node.clone(), points.iter().map(weighted).sum()))
        .collect();
    let mut state = State::of(inventory, semantics);
    let profile = profile(&plugins, pod, semantics);
    state.set_profile(profile.clone());
    let mut board = Board::default();
    assert_scores(&case.id, &mut state, inventory, pod, &profile, &mut board, Some(&expected));
}

/// One filter is switched off; true if that lets a node pass.
fn assert_without(case: &Case, inventory: &Inventory, pod: &Pod, filter: &str) -> bool {
    let semantics = Semantics::of_minor(34);
    let by_plugin = case.verdict["byPlugin"].as_object().expect("by plugin");
    let others = by_plugin.iter().filter(|(plugin, _)| *plugin != filter);
    let codes = others.filter_map(|(_, codes)| codes.as_object());
    let rejected: BTreeSet<&String> = codes.flat_map(serde_json::Map::keys).collect();
    let all = rejected.iter().any(|node| *node == "*");
    let expected: BTreeSet<&str> = inventory
        .nodes
        .keys()
        .filter(|node| !all && !rejected.contains(node))
        .map(String::as_str)
        .collect();
    let named = json!({"disabled": [{"name": filter}]});
    let mut state = State::of(inventory, semantics);
    state.set_profile(profile(&json!({"filter": named, "preFilter": named}), pod, semantics));
    let mut scratch = Scratch::default();
    let prepared = state.prepare(pod);
    let decision = state.decide(pod, prepared, &mut scratch);
    assert_eq!(feasible(&state, decision), expected, "{} without {filter}", case.id);
    expected.len() > case.verdict["feasible"].as_array().map_or(0, Vec::len)
}

/// What was compared.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    weighted: usize,
    /// By filter: how often it was switched off, and how often that let a node pass.
    without: BTreeMap<&'static str, (usize, usize)>,
}

impl Tally {
    /// Some profiles for a case of 1.34.
    pub(crate) fn check(&mut self, case: &Case, inventory: &Inventory, pod: &Pod, dice: &mut Dice) {
        if !case.recorded().is_empty() {
            assert_weighted(case, inventory, pod, dice);
            self.weighted += 1;
        }
        // Plugins by themselves know nothing of pods for which room is made, nor of names that a
        // pre-filter leaves.
        let nominated = inventory.pods.values().any(|pod| pod.nominated_node.is_some());
        if nominated || !case.verdict["prefilterNodes"].is_null() {
            return;
        }
        let filter = FILTERS[dice.roll(FILTERS.len())];
        let passes = assert_without(case, inventory, pod, filter);
        let known = self.without.entry(filter).or_default();
        *known = (known.0 + 1, known.1 + usize::from(passes));
    }

    /// Fails if there was too little to compare.
    pub(crate) fn assert_enough(&self, cases: usize) {
        assert!(self.weighted * 3 > cases, "{cases}: {self:?}");
        for filter in FILTERS {
            let (off, passed) = self.without.get(filter).copied().unwrap_or_default();
            assert!(off * 8 > cases && passed * 100 > off, "{cases}: {self:?}");
        }
    }
}
