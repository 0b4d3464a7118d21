//! Collects the problems of one value, up to a bound.

use std::ops::Range;

use placecard_findings::{Code, Severity};

use crate::codes;
use crate::keys::Slot;
use crate::problem::{Detail, Problem};
use crate::suggest::odd_character;

/// As many errors, and as many warnings, of one value are listed; of more only the number is told.
pub(crate) const MAX_PROBLEMS: usize = 100;

/// A place in a value.
#[derive(Clone, Debug)]
pub(crate) struct At {
    pub(crate) span: Range<usize>,
    pub(crate) line: u32,
}

impl At {
    pub(crate) const fn new(span: Range<usize>, line: u32) -> Self {
        Self { span, line }
    }
}

pub(crate) struct Report<'v> {
    key: String,
    value: &'v str,
    problems: Vec<Problem>,
    errors: Count,
    warnings: Count,
}

/// How many problems there are, and how many of them are listed.
#[derive(Clone, Copy, Default)]
struct Count {
    listed: usize,
    more: usize,
}

impl Count {
    /// Counts one; whether it is to be listed.
    fn one(&mut self) -> bool {
        let fits = self.listed < MAX_PROBLEMS;
        *(if fits { &mut self.listed } else { &mut self.more }) += 1;
        fits
    }
}

impl<'v> Report<'v> {
    pub(crate) fn new(key: &str, value: &'v str) -> Self {
        let (errors, warnings) = (Count::default(), Count::default());
        Self { key: key.to_owned(), value, problems: Vec::new(), errors, warnings }
    }

    /// Whether further errors are not listed: then it is not worth looking for them.
    pub(crate) const fn is_full(&self) -> bool {
        self.errors.listed >= MAX_PROBLEMS
    }

    /// An error.
    pub(crate) fn add(&mut self, code: Code, at: At, detail: Detail) {
        self.push(code, Severity::Error, at, detail, "", None);
    }

    /// An error about a word that may hold odd characters, with what could stand in its place.
    pub(crate) fn word(
        &mut self,
        code: Code,
        at: At,
        word: &str,
        suggestion: Option<String>,
        detail: Detail,
    ) {
        self.push(code, Severity::Error, at, detail, word, suggestion);
    }

    /// The value that is read.
    pub(crate) const fn value(&self) -> &'v str {
        self.value
    }

    /// A piece of it.
    pub(crate) fn text(&self, span: &Range<usize>) -> &'v str {
        self.value.get(span.clone()).unwrap_or_default()
    }

    /// A problem that was found elsewhere and is already at its place in this value.
    pub(crate) fn take(&mut self, problem: Problem) {
        if self.count(problem.severity).one() {
            self.problems.push(problem);
        }
    }

    /// Whether the suggestion of the last problem can replace what is marked.
    pub(crate) fn last_is_verbatim(&mut self, verbatim: bool) {
        if let Some(last) = self.problems.last_mut() {
            last.verbatim = verbatim;
        }
    }

    fn count(&mut self, severity: Severity) -> &mut Count {
        if severity == Severity::Error { &mut self.errors } else { &mut self.warnings }
    }

    /// Readable, but worth telling.
    pub(crate) fn warn(&mut self, code: Code, at: At, detail: Detail) {
        self.push(code, Severity::Warning, at, detail, "", None);
    }

    fn push(
        &mut self,
        code: Code,
        severity: Severity,
        at: At,
        detail: Detail,
        word: &str,
        suggestion: Option<String>,
    ) {
        if !self.count(severity).one() {
            return;
        }
        self.problems.push(Problem {
            code,
            severity,
            key: self.key.clone(),
            slot: Slot::Annotation,
            marked: self.value.get(at.span.clone()).unwrap_or_default().to_owned(),
            span: Some(at.span),
            line: at.line,
            detail,
            odd: odd_character(word),
            suggestion,
            verbatim: true,
        });
    }

    /// The problems from the start of the value to its end, and last the number of those not listed.
    pub(crate) fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|p| p.span.clone().map_or((0, 0), |span| (span.start, span.end)));
        let more = [(self.errors, Severity::Error), (self.warnings, Severity::Warning)];
        for (count, severity) in more.into_iter().filter(|(count, _)| count.more > 0) {
            let last = self.problems.iter().rev().find(|problem| problem.severity == severity);
            let rest = last.map(|last| Problem {
                code: codes::VALUE_SYNTAX,
                detail: Detail::MoreProblems { count: count.more },
                odd: None,
                suggestion: None,
                ..last.clone()
            });
            self.problems.extend(rest);
        }
        self.problems
    }
}
