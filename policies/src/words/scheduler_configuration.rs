//! Words for the configuration file of a scheduler.

use crate::scheduler_configuration::{
    API_VERSION, KIND, Problem, ProblemKind, Unjudged, UnjudgedKind,
};
use crate::words::language::quote;
use crate::words::list;

/// As many words are listed.
const WORDS: usize = 6;

/// What is wrong, and the way out, in one line without the place.
#[must_use]
pub fn problem(problem: &Problem) -> String {
    match &problem.kind {
        ProblemKind::Kind { kind, .. } if kind == "ConfigMap" => format!(
            "a ConfigMap holds the file as text: write that text, which begins with \
             apiVersion: {API_VERSION}, into a file of its own"
        ),
        ProblemKind::Kind { api_version, kind } => format!(
            "{} {} stands where {API_VERSION} {KIND} belongs",
            or_nothing(api_version),
            or_nothing(kind)
        ),
        ProblemKind::Type { expected } => format!("{expected} belongs here"),
        ProblemKind::Unreadable { message } => message.clone(),
        ProblemKind::Missing { field } => format!("{field} is missing or empty here"),
        ProblemKind::Range { found, least, most } => {
            format!("{found} is not in the range from {least} to {most}")
        }
        ProblemKind::Word { found, known } => {
            let known: Vec<String> = known.iter().map(|word| (*word).to_owned()).collect();
            let found = or_nothing(found);
            format!("{found} is no value of this field: write {}", list(&known, "or", WORDS))
        }
        ProblemKind::Duplicate { found } => format!("{} is here twice: drop one", quote(found)),
        ProblemKind::NotAscending => {
            "the utilization of each point must be larger than that of the one before".to_owned()
        }
        ProblemKind::Forbidden { field, why } => format!("{field} may not be set: {why}"),
        ProblemKind::NotAtStep { plugin, step } => format!(
            "{} does nothing at {step}, and kube-scheduler does not start with it there: drop it",
            quote(plugin)
        ),
        ProblemKind::Removed { plugin } => {
            format!("kube-scheduler no longer has {}: NodeVolumeLimits took over", quote(plugin))
        }
        ProblemKind::Name { found } => {
            format!("{} is no name of a label, resource or group", or_nothing(found))
        }
        ProblemKind::Requirement => {
            "the requirement cannot be read: look at its operator and values".to_owned()
        }
    }
}

/// What is not judged, in a few words.
#[must_use]
pub fn unjudged(unjudged: &Unjudged) -> String {
    match &unjudged.what {
        UnjudgedKind::Plugin(name) => format!("plugin {name}"),
        UnjudgedKind::Arguments(name) => format!("arguments of plugin {name}"),
        UnjudgedKind::Extender => format!("extender {}", unjudged.path),
        UnjudgedKind::Field(_) => format!("field {}", unjudged.path),
    }
}

/// For a pod of a scheduler that has no profile in the file.
#[must_use]
pub fn other_scheduler(name: &str) -> String {
    format!("scheduler {name}: only what a kubelet enforces is judged")
}

fn or_nothing(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { quote(text) }
}
