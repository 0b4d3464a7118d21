//! Words for the configuration file of a scheduler.

use crate::scheduler_configuration::{
    API_VERSION, Form, KIND, Problem, ProblemKind, Unjudged, UnjudgedKind, Why,
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
        ProblemKind::Form { expected } => format!("{} belongs here", form(*expected)),
        ProblemKind::Unreadable { message } => message.clone(),
        ProblemKind::Instead { found, expected } => {
            format!("{} stands where {expected} belongs", or_nothing(found))
        }
        ProblemKind::TooMany { most } => format!("this is too much: {most} are read"),
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
        ProblemKind::Forbidden { field, why } => {
            format!("{field} may not be set: {}", reason(*why))
        }
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

fn form(form: Form) -> &'static str {
    match form {
        Form::Mapping => "a mapping",
        Form::List => "a list",
        Form::Text => "a string",
        Form::Integer => "a whole number",
        Form::Truth => "true or false",
    }
}

fn reason(why: Why) -> &'static str {
    match why {
        Why::OtherStrategy => "the type is not RequestedToCapacityRatio",
        Why::SystemDefaulting => "defaultingType is System: write defaultingType: List",
        Why::SelectorDeduced => "it is that of the pod's services and controller",
        Why::VolumesNotScored => "this version does not score volumes",
    }
}

fn or_nothing(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { quote(text) }
}
