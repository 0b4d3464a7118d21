//! A file that holds one document: from a path to its value, with lines and columns for all that is
//! wrong in it.

use std::io::Read;

use placecard_findings::FieldPath;

use crate::load::{CollectError, Document, Input, Source, Span, collect, describe, load, locate};
use crate::render::style::plain;

/// A text and the one document in it.
#[derive(Clone, Debug)]
pub(crate) struct OneDocument {
    pub(crate) source: Source,
    pub(crate) document: Document,
}

impl OneDocument {
    /// `expected`: what belongs there, as a sentence ends with it.
    ///
    /// # Errors
    /// It is empty, or holds several documents.
    pub(crate) fn of(input: &Input, expected: &str) -> Result<Self, String> {
        let source = Source::new(input.name.clone(), &input.bytes);
        let mut documents = load(&source);
        match (documents.pop(), documents.len()) {
            (Some(document), 0) => Ok(Self { source, document }),
            (None, _) => Err(format!("{} is empty: {expected}", source.name)),
            (Some(_), others) => {
                Err(format!("{} holds {} documents: one is read", source.name, others + 1))
            }
        }
    }

    /// What could not be read of it, a line each; empty if it is all there.
    pub(crate) fn broken(&self) -> Vec<String> {
        let line = |problem| {
            let (message, help) = describe(problem);
            let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
            self.line(problem.span, &format!("{message}{help}"))
        };
        self.document.problems.iter().map(line).collect()
    }

    /// `FILE:LINE:COLUMN: TEXT`.
    pub(crate) fn line(&self, at: Span, text: &str) -> String {
        line(&self.source, at, text)
    }

    /// Where a field is written: its key or its value. What is not written is looked for in what it
    /// would be part of.
    pub(crate) fn place(&self, path: &FieldPath, on_key: bool) -> Span {
        let mut path = path.clone();
        loop {
            if let Some(found) = locate(&self.document, &self.source, &path.0) {
                let key = found.key.filter(|_| on_key || found.value.is_empty());
                return key.unwrap_or(found.value);
            }
            if path.0.is_empty() {
                return self.document.span;
            }
            path = path.parent();
        }
    }
}

/// The files of a path, or standard input for `-`.
///
/// # Errors
/// What could not be read, a line each.
pub(crate) fn inputs(path: &str, stdin: &mut dyn Read) -> Result<Vec<Input>, String> {
    collect(&[path.to_owned()], stdin).map_err(|errors| uncollected(&errors))
}

/// What could not be read, a line each.
pub(crate) fn uncollected(errors: &[CollectError]) -> String {
    let lines = errors.iter().map(|error| format!("{}: {}", error.name, error.message));
    lines.collect::<Vec<_>>().join("\n")
}

/// `FILE:LINE:COLUMN: TEXT`, without characters that act on the terminal.
pub(crate) fn line(source: &Source, at: Span, text: &str) -> String {
    let (line, column) = source.line_column(at.start);
    plain(&format!("{}:{line}:{column}: {text}", source.name), false)
}
