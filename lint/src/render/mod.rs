//! Findings as text: one renderer a file.

use placecard_findings::Severity;

use crate::plan::{Format, Look};
use crate::run::Judged;

pub mod github;
pub mod gitlab;
pub mod human;
pub mod json;
pub mod junit;
pub mod place;
pub mod sarif;
pub mod short;
pub mod statistics;
pub mod style;
pub mod uri;
pub mod window;

/// What is reported, and what it is measured by.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What was found.
    pub judged: &'a Judged,
    /// The least severity that fails the run; `None`: nothing does.
    pub fail_on: Option<Severity>,
}

impl Report<'_> {
    /// 0: nothing at or above `--fail-on`. 1: something. 2: it could not be judged.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let fails = self.fail_on.is_some_and(|least| self.judged.worst() >= Some(least));
        if self.judged.unusable.is_some() { 2 } else { u8::from(fails) }
    }
}

/// A report in one of the formats.
#[must_use]
pub fn render(report: &Report<'_>, format: Format, look: Look) -> String {
    match format {
        Format::Human => human::render(report.judged, look),
        Format::Short => short::render(report.judged),
        Format::Json => json::render(report.judged),
        Format::Sarif => sarif::render(report),
        Format::Junit => junit::render(report),
        Format::Github => github::render(report),
        Format::Gitlab => gitlab::render(report),
    }
}
