//! What only `placecard lint` takes.

use clap::ArgMatches;

use super::{all, is_given, one};
use crate::verbs;

/// How findings are chosen and reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LintFlags {
    /// `--format`.
    pub formats: Vec<String>,
    /// `--fail-on`, if it was typed.
    pub fail_on: Option<String>,
    /// `--select`.
    pub select: Vec<String>,
    /// `--extend-select`.
    pub extend_select: Vec<String>,
    /// `--ignore`.
    pub ignore: Vec<String>,
    /// `--severity`.
    pub severity: Vec<String>,
    /// `--fix`.
    pub fix: bool,
    /// `--unsafe-fixes`.
    pub unsafe_fixes: bool,
    /// `--diff`.
    pub diff: bool,
    /// `--baseline`.
    pub baseline: Option<String>,
    /// `--write-baseline`.
    pub write_baseline: Option<String>,
    /// `--statistics`.
    pub statistics: bool,
    /// `--watch`.
    pub watch: bool,
    /// `--closed-world`.
    pub closed_world: bool,
}

pub(super) fn flags(matches: &ArgMatches) -> LintFlags {
    LintFlags {
        formats: all(matches, verbs::FORMAT.name),
        fail_on: is_given(matches, verbs::FAIL_ON.name)
            .then(|| one(matches, verbs::FAIL_ON.name))
            .flatten(),
        select: all(matches, verbs::SELECT.name),
        extend_select: all(matches, verbs::EXTEND_SELECT.name),
        ignore: all(matches, verbs::IGNORE.name),
        severity: all(matches, verbs::SEVERITY.name),
        fix: matches.get_flag(verbs::FIX.name),
        unsafe_fixes: matches.get_flag(verbs::UNSAFE_FIXES.name),
        diff: matches.get_flag(verbs::FIX_DIFF.name),
        baseline: one(matches, verbs::BASELINE.name),
        write_baseline: one(matches, verbs::WRITE_BASELINE.name),
        statistics: matches.get_flag(verbs::STATISTICS.name),
        watch: matches.get_flag(verbs::WATCH.name),
        closed_world: matches.get_flag(verbs::CLOSED_WORLD.name),
    }
}
