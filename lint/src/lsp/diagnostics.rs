//! Findings as an editor draws them.

use gen_lsp_types::{
    Code, CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location,
    Message, Uri,
};
use placecard_findings::Severity;

use crate::index::Index;
use crate::render::place::{Placed, PlacedLabel};
use crate::render::sarif::help_uri;
use crate::render::uri::uri;

use super::documents::{Document, Documents};
use super::judging::Checked;
use super::text::Text;
use super::trouble::troubles;

/// So many findings of a document are told; an editor draws no more in a useful way.
const MAX_TOLD: usize = 1000;

/// The findings of the document, and a line for what kept it from being judged.
pub(super) fn of(documents: &Documents, document: &Document, checked: &Checked) -> Vec<Diagnostic> {
    let mut told: Vec<Diagnostic> = own(checked)
        .take(MAX_TOLD)
        .map(|placed| diagnostic(documents, document, &checked.judged.index, placed))
        .collect();
    told.extend(troubles(document, checked));
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
