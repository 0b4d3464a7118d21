//! What only `placecard lint` takes.

use clap::ArgMatches;

use super::{all, one};
use crate::verbs;

/// How findings are chosen and reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LintFlags {
    /// `--format`.
    pub formats: Vec<String>,
    /// `--fail-on`.
    pub fail_on: String,
    /// `--select`.
    pub select: Vec<String>,
    /// `--extend-select`.
    pub extend_select: Vec<String>,
    /// `--ignore`.
    pub ignore: Vec<String>,
    /// `--severity`.
    pub severity: Vec<String>,
    /// `--config`.
    pub config: Option<String>,
    /// `--isolated`.
    pub isolated: bool,
}

pub(super) fn flags(matches: &ArgMatches) -> LintFlags {
    LintFlags {
        formats: all(matches, verbs::FORMAT.name),
        fail_on: one(matches, verbs::FAIL_ON.name).unwrap_or_default(),
        select: all(matches, verbs::SELECT.name),
        extend_select: all(matches, verbs::EXTEND_SELECT.name),
        ignore: all(matches, verbs::IGNORE.name),
        severity: all(matches, verbs::SEVERITY.name),
        config: one(matches, verbs::CONFIG.name),
        isolated: matches.get_flag(verbs::ISOLATED.name),
    }
}
