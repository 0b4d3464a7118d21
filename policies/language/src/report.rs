//! Collects the problems of one value, up to a bound.

use std::ops::Range;

use placecard_findings::{Code, Severity};

use crate::codes;
use crate::keys::Slot;
use crate::problem::{Detail, Problem};
use crate::suggest::odd_character;

/// As many problems of one value are listed; of more only the number is told.
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
    more: usize,
}

impl<'v> Report<'v> {
    pub(crate) fn new(key: &str, value: &'v str) -> Self {
        Self { key: key.to_owned(), value, problems: Vec::new(), more: 0 }
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
        if self.problems.len() >= MAX_PROBLEMS {
            self.more += 1;
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
        });
    }

    /// The problems from the start of the value to its end, and last the number of those not listed.
    pub(crate) fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|p| p.span.clone().map_or((0, 0), |span| (span.start, span.end)));
        if self.more > 0
            && let Some(last) = self.problems.last()
        {
            let rest = Problem {
                code: codes::VALUE_SYNTAX,
                severity: Severity::Error,
                detail: Detail::MoreProblems { count: self.more },
                odd: None,
                suggestion: None,
                ..last.clone()
            };
            self.problems.push(rest);
        }
        self.problems
    }
}
