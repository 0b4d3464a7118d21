//! One case in, one verdict out, as lines of JSON.
//!
//! A case is `{id, cluster, pod, config?}`; `cluster` holds lists of objects under `nodes`, `pods`,
//! `namespaces`, `pvs`, `pvcs`, `storageclasses`, `csinodes`, `services`, `replicationcontrollers`,
//! `replicasets` and `statefulsets`, all as they were submitted; `config` is the configuration of
//! the scheduler.

use std::borrow::Cow;
use std::collections::BTreeMap;

use placecard_feasibility::filter::cycle::cycle_of;
use placecard_feasibility::filter::reason::text;
use placecard_feasibility::filter::{Code, Plugin, Rejection};
use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::{Judgement, Objection, Semantics, judge_cycle, score_cycle};
use placecard_feasibility::profile::Profile;
use placecard_feasibility::score::Score;
use placecard_findings::FieldPath;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::scheduler_configuration::{Problem, SchedulerConfiguration, read};
use crate::snapshot::{Cluster, Unreadable, WrittenPod, parse};
use crate::surroundings::ServerVersion;
use crate::words::scheduler_configuration as words;

/// What a verdict contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How the server's version reads the case.
    pub semantics: Semantics,
    /// List every plugin that rejects a node, not only the first.
    pub all_reasons: bool,
    /// Score the feasible nodes.
    pub scores: bool,
    /// The configuration of the scheduler, for cases that have none of their own. Without any,
    /// every pod is judged by the default profile, whatever scheduler it names.
    pub configuration: Option<SchedulerConfiguration>,
}

impl Options {
    /// The plain verdict of a server.
    #[must_use]
    pub fn of(server: ServerVersion) -> Self {
        Self {
            semantics: Semantics::of_minor(server.0),
            all_reasons: false,
            scores: false,
            configuration: None,
        }
    }
}

/// A case.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Case {
    id: Value,
    cluster: Cluster,
    pod: WrittenPod,
    config: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Identified {
    id: Value,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    id: &'a Value,
    feasible: Vec<&'a str>,
    nodes: BTreeMap<&'a str, Word>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefilter: Option<Word>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefilter_nodes: Option<Vec<&'a str>>,
    skipped: Vec<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    scores: BTreeMap<&'a str, BTreeMap<&'static str, i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<BTreeMap<&'a str, Vec<Word>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unjudged: Vec<String>,
}

/// A code, and the plugin and reasons of a rejection.
#[derive(Debug, Serialize)]
struct Word {
    c: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    r: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Refusal<'a> {
    id: &'a Value,
    error: String,
}

/// Judges the case in a line of JSON; the answer is one line without its end.
///
/// # Errors
///
/// The answer `{id, error}` to a line that cannot be read.
pub fn judge_line(line: &str, options: &Options) -> Result<String, String> {
    match parse::<Case>(line) {
        Ok(case) if case.config.is_null() => {
            Ok(answer(&case, options, options.configuration.as_ref()))
        }
        Ok(case) => match read(&case.config, options.semantics) {
            Ok(configuration) => Ok(answer(&case, options, Some(&configuration))),
            Err(problems) => {
                let one = |problem: &Problem| {
                    let at = FieldPath::of(&["config"]).join(&problem.path);
                    format!("{at}: {}", words::problem(problem))
                };
                let error = problems.iter().map(one).collect::<Vec<_>>().join("; ");
                Err(printed(&Refusal { id: &case.id, error }))
            }
        },
        Err(Unreadable { path, message }) => {
            let id = serde_json::from_str::<Identified>(line).unwrap_or_default().id;
            Err(printed(&Refusal { id: &id, error: format!("{path}: {message}") }))
        }
    }
}

fn printed(answer: &impl Serialize) -> String {
    serde_json::to_string(answer).unwrap_or_default()
}

/// The profile by which the pod is judged, and what of it is not.
fn profile_of<'c>(
    configuration: Option<&'c SchedulerConfiguration>,
    pod: &Pod,
    semantics: Semantics,
) -> (Cow<'c, Profile>, Vec<String>) {
    let Some(configuration) = configuration else {
        return (Cow::Owned(Profile::of(semantics)), Vec::new());
    };
    let Some(profile) = configuration.profile_of(pod) else {
        let unjudged = words::other_scheduler(pod.scheduler_name());
        return (Cow::Owned(Profile::of_kubelet(semantics)), vec![unjudged]);
    };
    let unjudged = configuration.unjudged_of(&profile.scheduler);
    (Cow::Borrowed(profile), unjudged.map(words::unjudged).collect())
}

fn answer(
    case: &Case,
    options: &Options,
    configuration: Option<&SchedulerConfiguration>,
) -> String {
    let (inventory, pod) = (case.cluster.read(), case.pod.read());
    let (profile, unjudged) = profile_of(configuration, &pod, options.semantics);
    let cycle = cycle_of(&inventory, &pod, options.semantics, profile);
    let judgement = judge_cycle(&cycle);
    let scored = options.scores.then(|| score_cycle(&cycle, &judgement));
    let named = options.semantics.taint_named;
    let said = |objection: &Objection| word(&objection.plugins, &objection.rejection, named);
    let alone = |(plugin, rejection): &(Plugin, Rejection)| word(&[*plugin], rejection, named);
    let nodes = judgement.nodes.iter().map(|node| {
        let passed = Word { c: "S", p: None, r: Vec::new() };
        (node.node, node.first.as_ref().map_or(passed, said))
    });
    let names = judgement.pre_filter_nodes.as_ref();
    printed(&Answer {
        id: &case.id,
        feasible: judgement.feasible().collect(),
        nodes: nodes.collect(),
        prefilter: judgement.pre_filter.as_ref().map(said),
        prefilter_nodes: names.map(|names| names.iter().map(String::as_str).collect()),
        skipped: skipped(&judgement),
        scores: scored.into_iter().flatten().map(|(node, score)| (node, points(&score))).collect(),
        all: options.all_reasons.then(|| {
            let rejected = judgement.nodes.iter().filter(|node| !node.all.is_empty());
            rejected.map(|node| (node.node, node.all.iter().map(alone).collect())).collect()
        }),
        unjudged,
    })
}

/// The points of a node, by plugin and in total.
fn points(score: &Score) -> BTreeMap<&'static str, i64> {
    let plugins = score.by_plugin.iter().map(|(plugin, points)| (plugin.name(), *points));
    plugins.chain([("total", score.total)]).collect()
}

fn skipped(judgement: &Judgement<'_>) -> Vec<&'static str> {
    let mut names: Vec<&str> = judgement.skipped.iter().map(|plugin| plugin.name()).collect();
    names.sort_unstable();
    names
}

fn word(plugins: &[Plugin], rejection: &Rejection, taint_named: bool) -> Word {
    let mut reasons: Vec<String> =
        rejection.reasons.iter().map(|reason| text(reason, taint_named)).collect();
    reasons.sort();
    let code = match rejection.code {
        Code::Unschedulable => "U",
        Code::UnschedulableAndUnresolvable => "UU",
        Code::Error => "Error",
    };
    let names: Vec<&str> = plugins.iter().map(|plugin| plugin.name()).collect();
    Word { c: code, p: (!names.is_empty()).then(|| names.join(",")), r: reasons }
}
