//! The Code Quality report of GitLab (<https://docs.gitlab.com/ci/testing/code_quality/>).

use placecard_findings::Severity;
use serde::Serialize;

use crate::fingerprint;
use crate::render::Report;
use crate::render::uri::bare;

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// A list of all findings, with a line break at its end.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let judged = report.judged;
    let issues = judged.findings.iter().zip(fingerprint::unique(judged));
    let issues = issues.map(|(placed, fingerprint)| {
        let (finding, line) = (&placed.finding, placed.primary().line);
        Issue {
            description: finding.line(),
            check_name: finding.code.as_str(),
            fingerprint,
            severity: match finding.severity {
                Severity::Error => "major",
                Severity::Warning => "minor",
                Severity::Note => "info",
            },
            location: Location {
                path: bare(placed.file_name(&judged.index)),
                lines: Lines { begin: line, end: line },
            },
        }
    });
    let issues: Vec<Issue<'_>> = issues.collect();
    serde_json::to_string_pretty(&issues).unwrap_or_default() + "\n"
}
