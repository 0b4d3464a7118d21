//! One line a finding: `file:line:column: error[code]: message`.

use std::fmt::Write;

use crate::origin::origin;
use crate::render::style::plain;
use crate::run::Judged;

/// The findings, one line each; empty if there are none.
#[must_use]
pub fn render(judged: &Judged) -> String {
    let mut text = String::new();
    for placed in &judged.findings {
        let finding = &placed.finding;
        let place = placed.primary();
        let origin = origin(&judged.index, placed).map(|path| format!(" (from {path})"));
        let _ = writeln!(
            text,
            "{}:{}:{}: {}[{}]: {}{}",
            plain(placed.file_name(&judged.index), false),
            place.line,
            place.column,
            finding.severity,
            finding.code,
            plain(&finding.line(), false),
            plain(&origin.unwrap_or_default(), false)
        );
    }
    text
}
