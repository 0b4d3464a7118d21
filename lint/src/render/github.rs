//! Workflow commands of GitHub Actions, which make annotations of findings
//! (<https://docs.github.com/actions/reference/workflow-commands-for-github-actions>).

use std::fmt::Write;

use placecard_findings::Severity;

use crate::origin::origin;
use crate::render::Report;
use crate::render::uri::bare;

/// One command a finding.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let mut text = String::new();
    for placed in &report.judged.findings {
        let finding = &placed.finding;
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let place = placed.primary();
        let mut message = finding.line();
        for way in &finding.help {
            let _ = write!(message, "\nhelp: {}", way.text);
        }
        if let Some(origin) = origin(&report.judged.index, placed) {
            let _ = write!(message, "\nfrom: {origin}");
        }
        let _ = write!(message, "\nholds: {}", finding.holds.text);
        let _ = writeln!(
            text,
            "::{command} title=placecard ({}),file={},line={},col={},endLine={},endColumn={}::{}",
            property(finding.code.as_str()),
            property(bare(placed.file_name(&report.judged.index))),
            place.line,
            place.column,
            place.line,
            place.end_column,
            data(&message)
        );
    }
    text
}

/// The text of a command: one line, and `%` begins an escape.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which a comma or colon would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_property_or_begins_a_command() {
        assert_eq!(
            property("a,b:c%\r\n::error::x"),
            "a%2Cb%3Cc%25".replace("%3Cc", "%3Ac") + "%0D%0A%3A%3Aerror%3A%3Ax"
        );
        assert_eq!(data("50%: a, b\n::error::x"), "50%25: a, b%0A::error::x");
    }
}
