//! Findings as an editor draws them.

use gen_lsp_types::{
    Code, CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location,
    Message, Range, Uri,
};
use placecard_findings::Severity;

use crate::index::Index;
use crate::render::place::{Placed, PlacedLabel};
use crate::render::sarif::help_uri;
use crate::render::uri::uri;

use super::documents::{Document, Documents};
use super::judging::Checked;
use super::text::Text;

/// So many findings of a document are told; an editor draws no more in a useful way.
const MAX_TOLD: usize = 1000;

/// The findings of the document, and a line for what kept it from being judged.
pub(super) fn of(documents: &Documents, document: &Document, checked: &Checked) -> Vec<Diagnostic> {
    let mut told: Vec<Diagnostic> = own(checked)
        .take(MAX_TOLD)
        .map(|placed| diagnostic(documents, document, &checked.judged.index, placed))
        .collect();
    told.extend(checked.trouble.iter().flat_map(|text| troubles(document, text)));
    told
}

/// The findings whose place is in the document, which is the first file.
pub(super) fn own(checked: &Checked) -> impl Iterator<Item = &Placed> {
    checked.judged.findings.iter().filter(|placed| placed.primary().file == 0)
}

pub(super) fn diagnostic(
    documents: &Documents,
    document: &Document,
    index: &Index,
    placed: &Placed,
) -> Diagnostic {
    let finding = &placed.finding;
    let code = finding.code.as_str();
    let related = |label: &PlacedLabel| related(documents, document, index, label);
    let others: Vec<DiagnosticRelatedInformation> =
        placed.labels.iter().skip(1).filter_map(related).collect();
    Diagnostic {
        range: document.text.range(placed.primary().span, documents.encoding),
        severity: Some(severity(finding.severity)),
        code: Some(Code::String(code.to_owned())),
        code_description: Some(CodeDescription { href: Uri(help_uri(code)) }),
        source: Some("placecard".to_owned()),
        message: Message::String(message(placed)),
        related_information: (!others.is_empty()).then_some(others),
        ..Diagnostic::default()
    }
}

const fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Error => DiagnosticSeverity::Error,
        Severity::Warning => DiagnosticSeverity::Warning,
        Severity::Note => DiagnosticSeverity::Information,
    }
}

/// The message, then what is said beside the place, why, and what helps.
fn message(placed: &Placed) -> String {
    let finding = &placed.finding;
    let mut lines = vec![finding.line()];
    let label = placed.labels.first().map(|label| label.text.as_str()).unwrap_or_default();
    // Where a word was meant, the label says it once more.
    if !label.is_empty() && finding.suggestion.is_none() {
        lines.push(label.to_owned());
    }
    lines.extend(finding.why.clone());
    lines.extend(finding.now.iter().cloned());
    for help in &finding.help {
        let yields =
            if help.yields.is_empty() { String::new() } else { format!(" {}", help.yields) };
        lines.push(format!("help: {}{yields}", help.text));
    }
    lines.join("\n")
}

fn related(
    documents: &Documents,
    document: &Document,
    index: &Index,
    label: &PlacedLabel,
) -> Option<DiagnosticRelatedInformation> {
    let location = if label.place.file == 0 {
        let range = document.text.range(label.place.span, documents.encoding);
        Location { uri: Uri(document.uri.clone()), range }
    } else {
        let source = &index.files.get(label.place.file)?.source;
        let text = Text::new(source.with_mark(&source.text));
        let range = text.range(label.place.span, documents.encoding);
        Location { uri: Uri(uri(&source.name)), range }
    };
    let message = if label.text.is_empty() { label.value.clone() } else { label.text.clone() };
    Some(DiagnosticRelatedInformation { location, message })
}

/// A line each, at its place if it names one in this document, else at the start.
fn troubles(document: &Document, text: &str) -> Vec<Diagnostic> {
    let told = |line: &str| {
        let here = line.strip_prefix(document.name.as_str()).and_then(|rest| {
            let mut parts = rest.strip_prefix(':')?.splitn(3, ':');
            let line: u32 = parts.next()?.parse().ok()?;
            let column: u32 = parts.next()?.parse().ok()?;
            Some((line.checked_sub(1)?, column.checked_sub(1)?, parts.next()?.trim().to_owned()))
        });
        let (row, column, message) = here.unwrap_or((0, 0, line.to_owned()));
        let start = gen_lsp_types::Position { line: row, character: column };
        let end = gen_lsp_types::Position { line: row, character: column + 1 };
        Diagnostic {
            range: Range { start, end },
            severity: Some(DiagnosticSeverity::Error),
            source: Some("placecard".to_owned()),
            message: Message::String(message),
            ..Diagnostic::default()
        }
    };
    text.lines().map(told).collect()
}
