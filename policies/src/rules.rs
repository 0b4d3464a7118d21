//! The table of codes: language errors and rules, in the order of the reference.

use placecard_findings::{Code, Severity, Verdict};

/// What is known about a code besides its findings.
#[derive(Debug)]
pub struct Rule {
    /// The public name.
    pub code: Code,
    /// Severity of its findings, before overrides; single findings may be milder.
    pub severity: Severity,
    /// What kind of statement it makes.
    pub verdict: Verdict,
    /// One line for `placecard rules`, without a full stop.
    pub summary: &'static str,
    /// The Markdown page: manual, text of `placecard explain`, and test cases.
    pub page: &'static str,
}

/// All codes. A code is two things: a line here, and its page in `rules/`.
pub static RULES: &[Rule] = &[];

/// The row of a code by its name.
#[must_use]
pub fn find(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code.as_str() == code)
}
