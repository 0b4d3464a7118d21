//! The file of kube-scheduler's `--config`: from a path to profiles, with lines and columns for all
//! that is wrong in it.

use std::io::Read;

use placecard_findings::FieldPath;
use placecard_policies::feasibility::judge::Semantics;
use placecard_policies::scheduler_configuration::{SchedulerConfiguration, Unjudged, read};
use placecard_policies::words::scheduler_configuration as words;

use crate::load::{Document, Source, Span, collect, describe, load, locate};
use crate::render::style::plain;

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
    let inputs = collect(&[path.to_owned()], stdin).map_err(|errors| {
        let lines = errors.iter().map(|error| format!("{}: {}", error.name, error.message));
        lines.collect::<Vec<_>>().join("\n")
    })?;
    let [input] = inputs.as_slice() else {
        return Err(format!("{path} holds {} files: name the one that is meant", inputs.len()));
    };
    let source = Source::new(input.name.clone(), &input.bytes);
    let documents = load(&source);
    let [document] = documents.as_slice() else {
        let name = &source.name;
        return Err(match documents.len() {
            0 => format!("{name} is empty: a KubeSchedulerConfiguration belongs there"),
            count => format!("{name} holds {count} documents: one is read"),
        });
    };
    if !document.problems.is_empty() {
        let lines = document.problems.iter().map(|problem| {
            let (message, help) = describe(problem);
            let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
            line(&source, problem.span, &format!("{message}{help}"))
        });
        return Err(lines.collect::<Vec<_>>().join("\n"));
    }
    let at = |path: &FieldPath| place(document, &source, path);
    match read(&document.value, semantics) {
        Err(problems) => {
            let lines = problems.iter().map(|problem| {
                let path = if problem.path.0.is_empty() {
                    String::new()
                } else {
                    format!("{}: ", problem.path)
                };
                line(&source, at(&problem.path), &format!("{path}{}", words::problem(problem)))
            });
            Err(lines.collect::<Vec<_>>().join("\n"))
        }
        Ok(configuration) => {
            let note = |one: &Unjudged| {
                let text = format!("not judged: {}", words::unjudged(one));
                line(&source, at(&one.path), &text)
            };
            let notes = configuration.unjudged.iter().map(note).collect();
            Ok(Configured { configuration, notes })
        }
    }
}

fn line(source: &Source, at: Span, text: &str) -> String {
    let (line, column) = source.line_column(at.start);
    plain(&format!("{}:{line}:{column}: {text}", source.name), false)
}

/// Where the field is written or, if it is not, what it would be part of.
fn place(document: &Document, source: &Source, path: &FieldPath) -> Span {
    let mut path = path.clone();
    loop {
        if let Some(found) = locate(document, source, &path.0) {
            return found.key.filter(|_| found.value.is_empty()).unwrap_or(found.value);
        }
        if path.0.is_empty() {
            return document.span;
        }
        path = path.parent();
    }
}
