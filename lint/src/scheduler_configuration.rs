//! The file of kube-scheduler's `--config`: from a path to profiles, with lines and columns for all
//! that is wrong in it.

use std::io::Read;

use placecard_policies::feasibility::judge::Semantics;
use placecard_policies::scheduler_configuration::{
    Problem, SchedulerConfiguration, Unjudged, read,
};
use placecard_policies::words::scheduler_configuration as words;

use crate::one_document::{OneDocument, inputs};

/// A configuration, and what of it is not judged.
pub(crate) struct Configured {
    pub(crate) configuration: SchedulerConfiguration,
    /// For standard error.
    pub(crate) notes: Vec<String>,
}

/// Reads the file, or standard input for `-`: YAML or JSON.
///
/// # Errors
/// All that is wrong, a line each with file, line and column.
pub(crate) fn configured(
    path: &str,
    semantics: Semantics,
    stdin: &mut dyn Read,
) -> Result<Configured, String> {
    let inputs = inputs(path, stdin)?;
    let [input] = inputs.as_slice() else {
        return Err(format!("{path} holds {} files: name the one that is meant", inputs.len()));
    };
    let file = OneDocument::of(input, "a KubeSchedulerConfiguration belongs there")?;
    let broken = file.broken();
    if !broken.is_empty() {
        return Err(broken.join("\n"));
    }
    match read(&file.document.value, semantics) {
        Err(problems) => {
            let line = |problem: &Problem| {
                let path = match problem.path.0.is_empty() {
                    true => String::new(),
                    false => format!("{}: ", problem.path),
                };
                let text = format!("{path}{}", words::problem(problem));
                file.line(file.place(&problem.path, false), &text)
            };
            Err(problems.iter().map(line).collect::<Vec<_>>().join("\n"))
        }
        Ok(configuration) => {
            let note = |one: &Unjudged| {
                let text = format!("not judged: {}", words::unjudged(one));
                file.line(file.place(&one.path, false), &text)
            };
            let notes = configuration.unjudged.iter().map(note).collect();
            Ok(Configured { configuration, notes })
        }
    }
}
