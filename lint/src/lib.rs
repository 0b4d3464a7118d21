//! `placecard`: lints and expands placement rules in manifests, offline.
//!
//! ```text
//! args (typed) -> plan (resolved) -> run: load -> index -> review -> findings in order
//!                                      |                              `- render/{human,json,sarif,…}
//!                                      `- expand: the text with native fields
//!                        feasible: cases -> verdicts, line by line
//!                        snapshot: an API server -> a file (feature `live`)
//!                        intent: a blob -> its entries, and back
//! ```
//!
//! [`run()`] is the whole program without a process around it.

use std::ffi::OsString;
use std::io::{self, Read, Write};

use placecard_findings::{Severity, Verdict};
use placecard_policies::admission_policy::inlined::Inlined;
use placecard_policies::admission_policy::{self, Guards, Values};
use placecard_policies::words::admission_policy as words;

mod adopt;
pub mod args;
mod audit;
pub mod baseline;
mod batches;
pub mod cluster;
mod cluster_of;
mod comments;
pub mod config;
pub mod coordination;
pub mod expand;
pub mod explain;
mod feasible;
pub mod fingerprint;
pub mod fix;
mod half_an_object;
pub mod index;
mod intent;
mod judging;
mod linting;
#[cfg(feature = "live")]
mod live;
pub mod load;
pub mod load_codes;
pub mod lsp;
mod noted;
mod one_document;
pub mod origin;
mod place;
pub mod plan;
pub mod progress;
pub mod render;
mod run;
mod scheduler_configuration;
pub mod selection;
pub mod shell;
mod side_by_side;
mod status;
pub mod verbs;
pub mod vocabulary;
mod watching;
mod why;
mod write_back;

pub use run::{Counts, Judged, Planned, judge, judge_beside};

use plan::{AdoptAsk, ClusterSource, Inputs, Look, Plan};

/// The policies for the API server, with the guards of a vocabulary, or with its kind as parameter.
fn policies(
    values: &Values,
    vocabulary: Option<&Inputs>,
    stdin: &mut dyn Read,
) -> Result<String, String> {
    let guards = match vocabulary {
        None => Guards::Parametrised,
        Some(inputs) => {
            let inlined = Inlined::of(&run::words_of(inputs, stdin)?);
            Guards::Inlined(inlined.map_err(words::too_large)?)
        }
    };
    Ok(admission_policy::yaml(values, &guards))
}

/// What a verb has to say.
struct Outcome {
    output: String,
    complaints: String,
    /// The greatest severity of what was found.
    worst: Option<Severity>,
    /// The least severity that makes the exit code 1.
    fail_on: Option<Severity>,
    /// It could not do what it was asked for.
    failed: bool,
}

impl Outcome {
    fn output(output: String) -> Self {
        let complaints = String::new();
        Self { output, complaints, worst: None, fail_on: None, failed: false }
    }

    /// What was asked for, or what is wrong with what was given, for exit code 1.
    fn answer(answer: Result<String, String>) -> Self {
        match answer {
            Ok(output) => Self::output(output),
            Err(complaints) => Self {
                complaints: complaints + "\n",
                worst: Some(Severity::Error),
                fail_on: Some(Severity::Error),
                ..Self::output(String::new())
            },
        }
    }
}

/// Runs a command line and gives the exit code. `words` starts with the name of the program;
/// `terminal`: whether `stdout` is one.
pub fn run(
    words: impl Iterator<Item = OsString>,
    stdin: &mut dyn Read,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
    terminal: bool,
) -> u8 {
    let no_color = std::env::var_os("NO_COLOR");
    let outcome = args::parse(words)
        .and_then(|typed| plan::resolve(typed, terminal, no_color.as_deref()))
        .and_then(|plan| match plan {
            Plan::Lint { inputs, reporting, look } if reporting.watch => {
                watching::watch(&inputs, &reporting, look, (stdin, stdout, stderr), terminal);
                Ok(Outcome::output(String::new()))
            }
            Plan::Lsp => Ok(lsp::serve(stdout, stderr)),
            plan => carry_out(plan, stdin, stdout),
        })
        .and_then(|outcome| {
            write(stdout, &outcome.output)?;
            write(stderr, &outcome.complaints)?;
            Ok(outcome)
        });
    match outcome {
        Err(why) => {
            // If that cannot be written either, the exit code still says it.
            let _ = write(stderr, &format!("placecard: {why}\n"));
            2
        }
        Ok(outcome) if outcome.failed => 2,
        Ok(outcome) if outcome.fail_on.is_some_and(|least| outcome.worst >= Some(least)) => 1,
        Ok(_) => 0,
    }
}

fn carry_out(plan: Plan, stdin: &mut dyn Read, stdout: &mut dyn Write) -> Result<Outcome, String> {
    match plan {
        Plan::Lint { inputs, reporting, look } => linting::lint(inputs, &reporting, look, stdin),
        Plan::Expand { inputs, diff, look } => {
            let inputs = config::configured(inputs)?;
            let (judged, complaints) = judge_beside(&inputs, stdin)?;
            let outcome = expand_all(&judged, diff, look)?;
            Ok(Outcome { complaints: complaining(&complaints) + &outcome.complaints, ..outcome })
        }
        Plan::Adopt { ask, look } => {
            let inputs = config::configured(ask.inputs)?;
            // Hand-written fields become sentences by what they say, and not by what a cluster is.
            let inputs = Inputs { cluster: ClusterSource::Absent, ..inputs };
            adopt::answer(&AdoptAsk { inputs, ..ask }, look, stdin)
        }
        Plan::Why { ask, look } => why::answer(&config::asked(ask)?, look, stdin),
        Plan::Place { ask, look } => place::answer(&config::asked(ask)?, look, stdin),
        Plan::Batches { ask, look } => batches::answer(&config::asked(ask)?, look, stdin),
        Plan::Status { ask, look } => status::answer(&config::asked(ask)?, look, stdin),
        #[cfg(feature = "live")]
        Plan::Snapshot(ask) => live::snapshot(&ask, stdout),
        // The plan has said already that there is none.
        #[cfg(not(feature = "live"))]
        Plan::Snapshot(_) => Ok(Outcome { failed: true, ..Outcome::output(String::new()) }),
        Plan::Audit { ask, without, evict, look } => {
            audit::answer(&config::asked(ask)?, without, evict, look, stdin)
        }
        Plan::Feasible { cases, mut options, configuration } => {
            let mut complaints = String::new();
            if let Some(path) = configuration {
                let configured =
                    scheduler_configuration::configured(&path, options.semantics, stdin)?;
                options.configuration = Some(configured.configuration);
                complaints = complaining(&configured.notes);
            }
            let readable = feasible::judge_all(&cases, &options, stdin, stdout)?;
            Ok(Outcome {
                complaints,
                worst: (!readable).then_some(Severity::Error),
                fail_on: Some(Severity::Error),
                ..Outcome::output(String::new())
            })
        }
        Plan::Decode { data, encoding } => {
            intent::decode(&data, encoding, stdin).map(Outcome::answer)
        }
        Plan::Encode(ask) => intent::encode(&config::encoded(ask)?, stdin).map(Outcome::answer),
        Plan::AdmissionPolicy { values, vocabulary } => {
            policies(&values, vocabulary.as_ref(), stdin).map(Outcome::output)
        }
        Plan::Explain { code } => explain::explain(&code).map(Outcome::output),
        Plan::Rules { json: true } => Ok(Outcome::output(explain::json())),
        Plan::Rules { json: false } => Ok(Outcome::output(explain::table())),
        Plan::Completions { shell } => shell::completions(&shell).map(Outcome::output),
        Plan::Manual { verb } => shell::manual(verb.as_deref()).map(Outcome::output),
        Plan::ConfigSchema => Ok(Outcome::output(config::schema())),
        Plan::IntentsSchema => Ok(Outcome::output(intent::schema())),
        Plan::VocabularyDefinition => Ok(Outcome::output(vocabulary::definition())),
        Plan::CoordinationDefinition => Ok(Outcome::output(coordination::definition())),
        Plan::CoordinationSchema => Ok(Outcome::output(coordination::schema())),
        Plan::Definitions => {
            let (words, roles) = (vocabulary::definition(), coordination::definition());
            Ok(Outcome::output(format!("{words}---\n{roles}")))
        }
        Plan::VocabularySchema => Ok(Outcome::output(vocabulary::schema())),
        Plan::Text(text) => Ok(Outcome::output(text)),
        // It reads on a thread of its own, and is served before.
        Plan::Lsp => Ok(Outcome { failed: true, ..Outcome::output(String::new()) }),
    }
}

fn expand_all(judged: &Judged, diff: bool, look: Look) -> Result<Outcome, String> {
    let mut complaints = String::new();
    let mut worst = judged.worst();
    for placed in &judged.findings {
        let unresolved = placed.finding.verdict == Verdict::Unresolved;
        if placed.finding.severity == Severity::Error
            || (unresolved && placed.finding.severity == Severity::Warning)
        {
            complaints.push_str(&render::human::finding(&judged.index, placed, look));
            complaints.push('\n');
        }
    }
    if !judged.unfit.is_empty() {
        worst = Some(Severity::Error);
    }
    complaints.push_str(&unusable(judged));
    let failed = judged.unusable.is_some();
    let output = if failed { String::new() } else { expand::expand(judged, diff) };
    Ok(Outcome { output, complaints, worst, fail_on: Some(Severity::Error), failed })
}

/// What is to be said of how the cluster was read.
fn of_cluster(judged: &Judged) -> String {
    judged.on_cluster.as_ref().map(|found| complaining(&found.complaints)).unwrap_or_default()
}

fn complaining(complaints: &[String]) -> String {
    complaints.iter().map(|one| format!("placecard: {one}\n")).collect()
}

fn unusable(judged: &Judged) -> String {
    judged.unusable.as_ref().map(|why| format!("placecard: {why}\n")).unwrap_or_default()
}

/// A reader that went away (`| head`) is no failure.
fn write(to: &mut dyn Write, text: &str) -> Result<(), String> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("the output cannot be written: {error}"))
        }
        _ => Ok(()),
    }
}
