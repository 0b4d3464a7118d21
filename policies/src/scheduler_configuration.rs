//! Reads the configuration file of kube-scheduler: its profiles, with the defaults of the API.
//!
//! Semantics: `pkg/scheduler/apis/config` (`v1`, `validation`) and `NewFramework` of
//! `pkg/scheduler/framework/runtime/framework.go`. What only matters once a node is chosen is not
//! checked.

mod arguments;
mod plugins;
mod reader;

use std::collections::BTreeSet;

use placecard_feasibility::inventory::pod::Pod;
use placecard_feasibility::judge::Semantics;
use placecard_feasibility::profile::{DEFAULT_SCHEDULER, Profile};
use placecard_findings::FieldPath;
use serde_json::Value;

use reader::Reader;

/// The API version that is read; the only one since 1.29.
pub const API_VERSION: &str = "kubescheduler.config.k8s.io/v1";
/// The kind that is read.
pub const KIND: &str = "KubeSchedulerConfiguration";

/// The profiles of one scheduler process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchedulerConfiguration {
    /// Its profiles, in the order of the file; at least one.
    pub profiles: Vec<Profile>,
    /// What the file asks for and placecard does not judge.
    pub unjudged: Vec<Unjudged>,
}

impl SchedulerConfiguration {
    /// The profile that the pod asks for; `None`: another scheduler places it, if any.
    #[must_use]
    pub fn profile_of(&self, pod: &Pod) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.scheduler == pod.scheduler_name())
    }

    /// What bears on the pods of a profile and is not judged.
    pub fn unjudged_of(&self, scheduler: &str) -> impl Iterator<Item = &Unjudged> {
        let bears =
            move |one: &&Unjudged| one.scheduler.as_deref().is_none_or(|it| it == scheduler);
        self.unjudged.iter().filter(bears)
    }
}

/// Something that may change verdicts, and that placecard does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// Where it is written.
    pub path: FieldPath,
    /// The profile it belongs to; `None`: all.
    pub scheduler: Option<String>,
    /// What it is.
    pub what: UnjudgedKind,
}

/// What can be unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnjudgedKind {
    /// A plugin that kube-scheduler itself does not have.
    Plugin(String),
    /// Arguments of such a plugin, or of one that takes none.
    Arguments(String),
    /// A process that filters or scores besides the scheduler.
    Extender,
    /// A field that is not known.
    Field(String),
}

/// A mistake: kube-scheduler does not start with this file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where; what is missing is looked for in the mapping around it.
    pub path: FieldPath,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// Not the file of a scheduler.
    Kind {
        /// Its `apiVersion`.
        api_version: String,
        /// Its `kind`.
        kind: String,
    },
    /// A value of another form.
    Form {
        /// What belongs there.
        expected: Form,
    },
    /// As the API's type says of a field within.
    Unreadable {
        /// The words of the reader.
        message: String,
    },
    /// One word where another belongs.
    Instead {
        /// As written.
        found: String,
        /// What belongs there.
        expected: String,
    },
    /// More than placecard reads.
    TooMany {
        /// So many are read.
        most: usize,
    },
    /// A field is missing or empty.
    Missing {
        /// Which.
        field: &'static str,
    },
    /// A number out of its range.
    Range {
        /// The number.
        found: i64,
        /// The least.
        least: i64,
        /// The largest.
        most: i64,
    },
    /// A word that does not exist.
    Word {
        /// The word.
        found: String,
        /// Those that do.
        known: &'static [&'static str],
    },
    /// The same thing twice.
    Duplicate {
        /// What: a plugin, a profile, a constraint.
        found: String,
    },
    /// A point of a shape that is not beyond the last.
    NotAscending,
    /// A field that may not be set here.
    Forbidden {
        /// Which.
        field: &'static str,
        /// Why.
        why: Why,
    },
    /// A plugin that has no part in the step.
    NotAtStep {
        /// The plugin.
        plugin: String,
        /// The step.
        step: &'static str,
    },
    /// A plugin that kube-scheduler no longer has.
    Removed {
        /// The plugin.
        plugin: String,
    },
    /// Not the name of a label or resource.
    Name {
        /// As written.
        found: String,
    },
    /// A node requirement that cannot be read.
    Requirement,
}

/// The form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A mapping.
    Mapping,
    /// A list.
    List,
    /// A string.
    Text,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Truth,
}

/// Why a field may not be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It belongs to the strategy `RequestedToCapacityRatio` alone.
    OtherStrategy,
    /// It belongs to `defaultingType: List` alone.
    SystemDefaulting,
    /// The selector of a default constraint is that of the pod's services and controller.
    SelectorDeduced,
    /// The version does not score volumes.
    VolumesNotScored,
}

/// So many profiles are read: each costs memory, and each knows the names of all.
const MOST_PROFILES: usize = 100;

/// Reads a configuration that was parsed already.
///
/// # Errors
///
/// All mistakes; at least one.
pub fn read(value: &Value, semantics: Semantics) -> Result<SchedulerConfiguration, Vec<Problem>> {
    let mut reader = Reader::new(semantics);
    let profiles = configuration(&mut reader, value);
    let Reader { problems, unjudged, .. } = reader;
    if problems.is_empty() {
        Ok(SchedulerConfiguration { profiles, unjudged })
    } else {
        Err(problems)
    }
}

/// The fields of the file that placecard reads.
const READ: [&str; 5] = ["apiVersion", "kind", "profiles", "extenders", "percentageOfNodesToScore"];
/// Those that do not bear on where a pod may go.
const BESIDES: [&str; 11] = [
    "clientConnection",
    "delayCacheUntilActive",
    "enableContentionProfiling",
    "enableProfiling",
    "healthzBindAddress",
    "leaderElection",
    "metadata",
    "metricsBindAddress",
    "parallelism",
    "podInitialBackoffSeconds",
    "podMaxBackoffSeconds",
];

fn configuration(reader: &mut Reader, value: &Value) -> Vec<Profile> {
    let root = FieldPath::root();
    let Some(file) = reader.mapping(&root, value) else {
        return Vec::new();
    };
    let text = |key: &str| file.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if api_version != API_VERSION || kind != KIND {
        reader.problem(&root, ProblemKind::Kind { api_version, kind });
        return Vec::new();
    }
    reader.known_fields(&root, file, &[&READ, &BESIDES]);
    let percentage = percentage(reader, &root, file).unwrap_or(0);
    for (at, _) in reader.list(&root, file, "extenders") {
        reader.unjudged(&at, UnjudgedKind::Extender);
    }
    let mut written = reader.list(&root, file, "profiles");
    let nothing = Value::Object(reader::Mapping::new());
    if written.is_empty() {
        written.push((root.clone(), &nothing));
    }
    if let Some((at, _)) = written.get(MOST_PROFILES) {
        reader.problem(at, ProblemKind::TooMany { most: MOST_PROFILES });
        written.truncate(MOST_PROFILES);
    }
    let alone = written.len() == 1;
    let mut profiles: Vec<Profile> = Vec::new();
    for (at, value) in written {
        let Some(found) = profile(reader, &at, value, alone, percentage) else {
            continue;
        };
        if profiles.iter().any(|other| other.scheduler == found.scheduler) {
            let found = found.scheduler.clone();
            reader.problem(&at.key("schedulerName"), ProblemKind::Duplicate { found });
        }
        profiles.push(found);
    }
    let served: BTreeSet<String> = profiles.iter().map(|one| one.scheduler.clone()).collect();
    profiles.iter_mut().for_each(|profile| profile.served.clone_from(&served));
    profiles
}

fn profile(
    reader: &mut Reader,
    at: &FieldPath,
    value: &Value,
    alone: bool,
    percentage_of_all: i32,
) -> Option<Profile> {
    let written = reader.mapping(at, value)?;
    let name = match reader.text(at, written, "schedulerName") {
        None if alone => DEFAULT_SCHEDULER.to_owned(),
        None => String::new(),
        Some(name) => name,
    };
    if name.is_empty() {
        reader.problem(at, ProblemKind::Missing { field: "schedulerName" });
    }
    reader.scheduler = Some(name.clone());
    let fields = ["schedulerName", "percentageOfNodesToScore", "plugins", "pluginConfig"];
    reader.known_fields(at, written, &[&fields]);
    let mut profile = Profile { scheduler: name, ..Profile::of(reader.semantics) };
    profile.percentage_of_nodes_to_score =
        percentage(reader, at, written).unwrap_or(percentage_of_all);
    plugins::read(reader, at, written, &mut profile);
    arguments::read(reader, at, written, &mut profile);
    reader.scheduler = None;
    Some(profile)
}

fn percentage(reader: &mut Reader, at: &FieldPath, written: &reader::Mapping) -> Option<i32> {
    let found = reader.integer(at, written, "percentageOfNodesToScore", 0, 100)?;
    i32::try_from(found).ok()
}

#[cfg(test)]
mod tests;
