//! What keeps documents from being judged: lines that may name a place, in the document or in a
//! configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gen_lsp_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, Message, Position,
    Range, Uri,
};

use crate::load::{Source, load, locate};
use crate::render::uri::uri;

use super::documents::Document;
use super::judging::Checked;

/// A line of what is wrong.
struct Trouble<'a> {
    /// A configuration; `None`: the document.
    file: Option<&'a Path>,
    /// In that file.
    range: Range,
    /// Without the place, if that is in the document.
    text: &'a str,
}

/// What is drawn in the document: at its place, or else where a configuration names the other one,
/// or at the start.
pub(super) fn troubles(document: &Document, checked: &Checked) -> Vec<Diagnostic> {
    let one = |line| {
        let trouble = read(document, checked, line);
        let Some(file) = trouble.file else { return diagnostic(trouble.range, trouble.text) };
        let location = Location { uri: uri_of(file), range: trouble.range };
        let related = DiagnosticRelatedInformation { location, message: trouble.text.to_owned() };
        let here = extends(document).unwrap_or(character(0, 0));
        Diagnostic { related_information: Some(vec![related]), ..diagnostic(here, line) }
    };
    checked.trouble.iter().flat_map(|text| text.lines()).map(one).collect()
}

/// What is to be drawn in other files.
pub(super) fn elsewhere(
    document: &Document,
    checked: &Checked,
) -> BTreeMap<PathBuf, Vec<Diagnostic>> {
    let mut found: BTreeMap<PathBuf, Vec<Diagnostic>> = BTreeMap::new();
    for line in checked.trouble.iter().flat_map(|text| text.lines()) {
        let trouble = read(document, checked, line);
        if let Some(file) = trouble.file {
            let told = found.entry(file.to_owned()).or_default();
            told.push(diagnostic(trouble.range, trouble.text));
        }
    }
    found
}

fn read<'a>(document: &Document, checked: &'a Checked, line: &'a str) -> Trouble<'a> {
    if let Some((range, text)) = placed(line, &document.name) {
        return Trouble { file: None, range, text };
    }
    let here = std::env::current_dir().unwrap_or_default();
    let in_file = |file: &'a PathBuf| {
        // As a person in the current folder would name it, or as it is.
        let names = [file.strip_prefix(&here).unwrap_or(file), file];
        let mut found = names.iter().filter_map(|name| placed(line, &name.to_string_lossy()));
        let (range, text) = found.next()?;
        Some(Trouble { file: Some(file), range, text })
    };
    let found = checked.configurations.iter().find_map(in_file);
    found.unwrap_or(Trouble { file: None, range: character(0, 0), text: line })
}

/// A line that begins with `NAME:LINE:COLUMN:`.
fn placed<'a>(line: &'a str, name: &str) -> Option<(Range, &'a str)> {
    let mut parts = line.strip_prefix(name)?.strip_prefix(':')?.splitn(3, ':');
    let mut number = || parts.next()?.parse::<u32>().ok()?.checked_sub(1);
    let (row, column) = (number()?, number()?);
    Some((character(row, column), parts.next()?.trim()))
}

fn character(line: u32, character: u32) -> Range {
    let at = |character| Position { line, character };
    Range { start: at(character), end: at(character + 1) }
}

/// Where a configuration names the one that it extends.
fn extends(document: &Document) -> Option<Range> {
    let source = Source::new(document.name.clone(), document.text.raw.as_bytes());
    let read = load(&source);
    let path = placecard_findings::FieldPath::root().key("extends");
    let found = locate(read.first().filter(|_| document.is_configuration())?, &source, &path.0)?;
    Some(document.text.range(found.value, super::text::Encoding::Utf16))
}

pub(super) fn uri_of(file: &Path) -> Uri {
    Uri(uri(&file.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")))
}

fn diagnostic(range: Range, text: &str) -> Diagnostic {
    Diagnostic {
        range,
        severity: Some(DiagnosticSeverity::Error),
        source: Some("placecard".to_owned()),
        message: Message::String(text.to_owned()),
        ..Diagnostic::default()
    }
}
