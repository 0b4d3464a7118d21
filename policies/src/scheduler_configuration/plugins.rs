//! Which plugins run at which step (`mergePluginSet` of `v1/default_plugins.go`,
//! `expandMultiPointPlugins` of `runtime/framework.go`).

use std::collections::{BTreeMap, BTreeSet};

use placecard_feasibility::filter::{PLUGINS, Plugin};
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::profile::{Profile, default_plugins};
use placecard_feasibility::score::{SCORE_PLUGINS, ScorePlugin};
use placecard_findings::FieldPath;

use super::reader::{Mapping, Reader};
use super::{ProblemKind, UnjudgedKind};

/// Plugins of kube-scheduler that neither filter nor score the nodes of a pod.
const BESIDES: [&str; 8] = [
    "DefaultBinder",
    "DefaultPreemption",
    "DeferredPodScheduling",
    "GangScheduling",
    "PodGroupPodsCount",
    "PrioritySort",
    "SchedulingGates",
    "TopologyPlacementGenerator",
];

/// Plugins that kube-scheduler has no more (`invalidPluginsByVersion` of `validation.go`).
const REMOVED: [&str; 4] = ["AzureDiskLimits", "CinderLimits", "EBSLimits", "GCEPDLimits"];

/// The steps that decide where a pod may go.
const STEPS: [&str; 5] = ["multiPoint", "preFilter", "filter", "preScore", "score"];
/// The others.
const OTHER_STEPS: [&str; 11] = [
    "bind",
    "permit",
    "placementGenerate",
    "placementScore",
    "podGroupPostFilter",
    "postBind",
    "postFilter",
    "preBind",
    "preEnqueue",
    "queueSort",
    "reserve",
];
/// The largest weight, in 32 bits.
const HEAVIEST: i64 = i32::MAX as i64;

/// What is written about one step.
#[derive(Clone, Debug, Default)]
struct PluginSet {
    enabled: Vec<Enabled>,
    disabled: BTreeSet<String>,
}

/// A plugin that runs.
#[derive(Clone, Debug)]
struct Enabled {
    name: String,
    weight: i64,
}

/// Reads `plugins` of a profile.
pub(super) fn read(reader: &mut Reader, at: &FieldPath, written: &Mapping, profile: &mut Profile) {
    let Some(plugins) = reader.inner(at, written, "plugins") else {
        return;
    };
    let at = at.key("plugins");
    reader.known_fields(&at, plugins, &[&STEPS, &OTHER_STEPS]);
    let mut unknown = BTreeSet::new();
    for step in OTHER_STEPS {
        let _ = plugin_set(reader, &at, plugins, step, &mut unknown);
    }
    let [multi, pre_filter, filter, pre_score, score] =
        STEPS.map(|step| plugin_set(reader, &at, plugins, step, &mut unknown));
    let multi = merged(defaults(reader.semantics), multi);
    let semantics = reader.semantics;
    let names = |set: &PluginSet, takes_part: &dyn Fn(&str) -> bool| -> Vec<String> {
        expanded(&multi, set, takes_part)
    };
    profile.pre_filter =
        filters(&names(&pre_filter, &|name| takes_part("preFilter", name, semantics)));
    profile.filter = filters(&names(&filter, &|name| takes_part("filter", name, semantics)));
    profile.pre_score = names(&pre_score, &|name| takes_part("preScore", name, semantics))
        .iter()
        .filter_map(|name| score_plugin(name))
        .collect();
    // The weight at the step itself comes first.
    let mut weights: BTreeMap<&str, i64> = BTreeMap::new();
    for plugin in score.enabled.iter().chain(&multi) {
        let weight = if plugin.weight == 0 { 1 } else { plugin.weight };
        weights.entry(&plugin.name).or_insert(weight);
    }
    profile.weights = names(&score, &|name| takes_part("score", name, semantics))
        .iter()
        .filter_map(|name| Some((score_plugin(name)?, *weights.get(name.as_str())?)))
        .collect();
}

fn plugin_set(
    reader: &mut Reader,
    at: &FieldPath,
    plugins: &Mapping,
    step: &'static str,
    unknown: &mut BTreeSet<String>,
) -> PluginSet {
    let mut set = PluginSet::default();
    let Some(written) = reader.inner(at, plugins, step) else {
        return set;
    };
    let at = at.key(step);
    reader.known_fields(&at, written, &[&["enabled", "disabled"]]);
    for (at, value) in reader.list(&at, written, "disabled") {
        let Some(plugin) = reader.mapping(&at, value) else {
            continue;
        };
        set.disabled.extend(reader.text(&at, plugin, "name"));
    }
    let mut names = BTreeSet::new();
    for (at, value) in reader.list(&at, written, "enabled") {
        let Some(plugin) = reader.mapping(&at, value) else {
            continue;
        };
        reader.known_fields(&at, plugin, &[&["name", "weight"]]);
        let weight = reader.integer(&at, plugin, "weight", -HEAVIEST, HEAVIEST).unwrap_or(0);
        let Some(name) = reader.text(&at, plugin, "name").filter(|name| !name.is_empty()) else {
            reader.problem(&at, ProblemKind::Missing { field: "name" });
            continue;
        };
        if names.insert(name.clone()) {
            check(reader, &at.key("name"), step, &name, unknown);
            set.enabled.push(Enabled { name, weight });
        } else {
            reader.problem(&at.key("name"), ProblemKind::Duplicate { found: name });
        }
    }
    set
}

/// May the plugin be enabled at the step?
fn check(
    reader: &mut Reader,
    at: &FieldPath,
    step: &'static str,
    name: &str,
    unknown: &mut BTreeSet<String>,
) {
    if REMOVED.contains(&name) {
        reader.problem(at, ProblemKind::Removed { plugin: name.to_owned() });
    } else if !is_known(name) {
        if unknown.insert(name.to_owned()) {
            reader.unjudged(at, UnjudgedKind::Plugin(name.to_owned()));
        }
    } else if matches!(step, "preFilter" | "filter" | "preScore" | "score")
        && !BESIDES.contains(&name)
        && !takes_part(step, name, reader.semantics)
    {
        let plugin = name.to_owned();
        reader.problem(at, ProblemKind::NotAtStep { plugin, step });
    }
}

/// Is it a plugin of kube-scheduler itself?
fn is_known(name: &str) -> bool {
    BESIDES.contains(&name) || filter_plugin(name).is_some() || score_plugin(name).is_some()
}

fn filter_plugin(name: &str) -> Option<Plugin> {
    PLUGINS.into_iter().find(|plugin| plugin.name() == name)
}

fn score_plugin(name: &str) -> Option<ScorePlugin> {
    SCORE_PLUGINS.into_iter().find(|plugin| plugin.name() == name)
}

fn filters(names: &[String]) -> Vec<Plugin> {
    names.iter().filter_map(|name| filter_plugin(name)).collect()
}

/// Has the plugin something to do at the step?
fn takes_part(step: &str, name: &str, semantics: Semantics) -> bool {
    let scores = score_plugin(name);
    match step {
        "preFilter" => filter_plugin(name).is_some_and(|plugin| match plugin {
            Plugin::NodeName | Plugin::NodeUnschedulable | Plugin::TaintToleration => {
                semantics.names_narrow
            }
            _ => true,
        }),
        "filter" => filter_plugin(name).is_some(),
        "preScore" => scores.is_some_and(ScorePlugin::prepares),
        "score" => scores.is_some_and(|plugin| plugin.is_there(semantics)),
        _ => true,
    }
}

/// The plugins without a configuration, in their order, with the weights of those that score.
fn defaults(semantics: Semantics) -> Vec<Enabled> {
    let scoring = [ScorePlugin::NodeResourcesBalancedAllocation, ScorePlugin::ImageLocality];
    let names = default_plugins(semantics).into_iter().map(Plugin::name);
    let names = names.chain(scoring.map(ScorePlugin::name));
    names
        .map(|name| Enabled {
            name: name.to_owned(),
            weight: score_plugin(name).map_or(0, ScorePlugin::default_weight),
        })
        .collect()
}

/// The defaults as far as they are not disabled, those that are enabled again in their old places,
/// and then the others that are enabled.
fn merged(defaults: Vec<Enabled>, custom: PluginSet) -> Vec<Enabled> {
    let mut left = custom.enabled;
    let mut merged = Vec::new();
    if !custom.disabled.contains("*") {
        for plugin in defaults {
            if custom.disabled.contains(&plugin.name) {
                continue;
            }
            match left.iter().position(|other| other.name == plugin.name) {
                Some(at) => merged.push(left.remove(at)),
                None => merged.push(plugin),
            }
        }
    }
    merged.extend(left);
    merged
}

/// The plugins of a step: first those of `multiPoint` that the step enables again, in its order,
/// then the others of `multiPoint`, then the others of the step.
fn expanded(multi: &[Enabled], set: &PluginSet, takes_part: &dyn Fn(&str) -> bool) -> Vec<String> {
    let everywhere: Vec<&str> = if set.disabled.contains("*") {
        Vec::new()
    } else {
        let names = multi.iter().map(|plugin| plugin.name.as_str());
        names.filter(|name| takes_part(name) && !set.disabled.contains(*name)).collect()
    };
    let here: Vec<&str> = set.enabled.iter().map(|plugin| plugin.name.as_str()).collect();
    let again = here.iter().filter(|name| everywhere.contains(name));
    let others = everywhere.iter().filter(|name| !here.contains(name));
    let only_here = here.iter().filter(|name| !everywhere.contains(name));
    let names = again.chain(others).chain(only_here);
    names.filter(|name| takes_part(name)).map(|name| (*name).to_owned()).collect()
}
