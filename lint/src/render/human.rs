//! Findings for people: a header, the message, boxes with carets, and what to do.
//!
//! miette draws the boxes and nothing else. It gets one window of whole lines a box (its own reading
//! of a source joins labels that lie deep in a file into one box with everything between them).

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};
use placecard_findings::{Bytes, Finding, Fix, Help, ObjectRef, Severity};
use placecard_policies::template_pod::Unjudged;
use placecard_policies::words::{self, why::several};

use crate::index::Index;
use crate::origin::origin;
use crate::plan::Look;
use crate::render::place::{Place, Placed};
use crate::render::style::{Paint, paint, plain};
use crate::render::window::{Window, windows};
use crate::run::{Counts, Judged, OnCluster};

/// Columns of a line of text; a line of a manifest may be longer.
pub(crate) const WIDTH: usize = 80;
/// Columns before the text of `help:` and its kin.
pub(crate) const MARGIN: usize = 9;

/// All findings and the summary.
#[must_use]
pub fn render(judged: &Judged, look: Look) -> String {
    let mut text = String::new();
    for placed in &judged.findings {
        text.push_str(&finding(&judged.index, placed, look));
        text.push('\n');
    }
    text.push_str(&summary(&judged.counts, look));
    text.push('\n');
    if let Some(on_cluster) = &judged.on_cluster {
        text.push_str(&placed(on_cluster, look));
    }
    text
}

/// What became of the templates on the cluster.
fn placed(found: &OnCluster, look: Look) -> String {
    let row = |name: &str, text: &str| {
        let padding = " ".repeat(10_usize.saturating_sub(name.len()));
        let lines = wrap(&plain(text, look.ascii), WIDTH - 12);
        let start = format!("  {}{padding}", paint(look, Paint::Word, name));
        start + &lines.join(&format!("\n{}", " ".repeat(12))) + "\n"
    };
    let mut text = match found.placed {
        1 => row("placed", "1 template: a node fits its next pod"),
        more => row("placed", &format!("{more} templates: a node fits the next pod of each")),
    };
    if !found.unjudged.is_empty() {
        let named = |(object, why): &(ObjectRef, Unjudged)| {
            format!("{} ({})", object.full_name(), words::why::unjudged(why))
        };
        let names: Vec<String> = found.unjudged.iter().map(named).collect();
        let count = several(names.len(), "template");
        text.push_str(&row("unjudged", &format!("{count}: {}", words::list(&names, "and", 4))));
    }
    let missing = words::why::without(&found.missing);
    text + &row("snapshot", &format!("{}, {}{missing}", found.name, several(found.nodes, "node")))
}

/// One finding, with a line break at its end.
#[must_use]
pub fn finding(index: &Index, placed: &Placed, look: Look) -> String {
    let finding = &placed.finding;
    let mut text = header(index, placed, look);
    text.push_str(&message(finding, look));
    for window in windows(index, &placed.labels, look) {
        text.push_str(&draw(window, look));
    }
    if let Some(why) = &finding.why {
        text.push_str(&word("why:", why, look));
    }
    if let Some(bytes) = &finding.bytes {
        text.push_str(&dump(bytes, look));
    }
    text.push_str(&now(&finding.now, look));
    text.push_str(&help(&finding.help, look));
    if let Some(fix) = &finding.fix {
        text.push_str(&fix_lines(index, placed, fix, look));
    }
    if let Some(origin) = origin(index, placed) {
        text.push_str(&word("from:", &origin, look));
    }
    text.push_str(&word("holds:", &finding.holds.text, look));
    text
}

/// Rows of 16 bytes, with what is wrong below the byte that is.
fn dump(bytes: &Bytes, look: Look) -> String {
    const ROW: usize = 16;
    // Two digits and a blank each, one blank more in the middle.
    let column = |index: usize| 3 * index + usize::from(index >= ROW / 2);
    let (corner, tick) = if look.ascii { ("`-- ", "^|") } else { ("╰── ", "─┬") };
    let mut out = String::new();
    for (row, shown) in bytes.shown.chunks(ROW).enumerate() {
        let first = bytes.from + row * ROW;
        let mut line = format!("{first:04x}  ");
        let margin = MARGIN + line.len();
        for (index, byte) in shown.iter().enumerate() {
            let gap = if index == ROW / 2 { " " } else { "" };
            line.push_str(&format!("{gap}{byte:02x} "));
        }
        let name = if row == 0 { "bytes:" } else { "" };
        let padding = " ".repeat((MARGIN - 2).saturating_sub(name.len()));
        let name = if name.is_empty() { String::new() } else { paint(look, Paint::Word, name) };
        out.push_str(&format!("  {name}{padding}{}\n", line.trim_end()));
        if let Some(index) = bytes.at.checked_sub(first).filter(|index| *index < shown.len()) {
            let blank = " ".repeat(margin + column(index));
            let text = plain(&bytes.text, look.ascii);
            out.push_str(&format!("{blank}{tick}\n{blank} {corner}{text}\n"));
        }
    }
    out
}

fn header(index: &Index, placed: &Placed, look: Look) -> String {
    let finding = &placed.finding;
    let code = format!("{}[{}]", finding.severity, finding.code);
    let subject = if finding.object.kind.is_empty() {
        placed.file_name(index).to_owned()
    } else {
        finding.object.to_string()
    };
    let code = paint(look, Paint::Severity(finding.severity), &code);
    format!("{code} {}\n", plain(subject.trim_end(), look.ascii))
}

fn message(finding: &Finding, look: Look) -> String {
    let sign = match (finding.severity, look.ascii) {
        (Severity::Error, false) => "×",
        (Severity::Error, true) => "x",
        (Severity::Warning, false) => "⚠",
        (Severity::Warning, true) => "!",
        (Severity::Note, false) => "☞",
        (Severity::Note, true) => ">",
    };
    let sign = paint(look, Paint::Severity(finding.severity), sign);
    let mut text = String::new();
    for (position, line) in wrap(&plain(&finding.message, look.ascii), WIDTH - 4).iter().enumerate()
    {
        let start = if position == 0 { sign.as_str() } else { " " };
        text.push_str(&format!("  {start} {line}\n"));
    }
    text
}

/// `help:  text`, wrapped, its further lines below the first.
pub(crate) fn word(name: &str, text: &str, look: Look) -> String {
    let mut out = String::new();
    for (position, line) in wrap(&plain(text, look.ascii), WIDTH - MARGIN).iter().enumerate() {
        if position == 0 {
            let padding = " ".repeat((MARGIN - 2).saturating_sub(name.len()));
            out.push_str(&format!("  {}{padding}{line}\n", paint(look, Paint::Word, name)));
        } else {
            out.push_str(&format!("{}{line}\n", " ".repeat(MARGIN)));
        }
    }
    out
}

/// Facts without a file: their columns stay, and what does not fit goes below the last of them.
fn now(lines: &[String], look: Look) -> String {
    let mut out = String::new();
    for (position, line) in lines.iter().enumerate() {
        let name = if position == 0 { "now:" } else { "" };
        let columns = line.rfind("  ").map_or(0, |at| at + 2);
        let (start, rest) = line.split_at(columns);
        let width = (WIDTH - MARGIN).saturating_sub(start.chars().count()).max(24);
        for (below, part) in wrap(&plain(rest, look.ascii), width).iter().enumerate() {
            let start = match below {
                0 => plain(start, look.ascii),
                _ => " ".repeat(start.chars().count()),
            };
            let name = if below == 0 { name } else { "" };
            let padding = " ".repeat((MARGIN - 2).saturating_sub(name.len()));
            let name = if name.is_empty() { String::new() } else { paint(look, Paint::Word, name) };
            out.push_str(&format!("  {name}{padding}{start}{part}\n"));
        }
    }
    out
}

fn help(ways: &[Help], look: Look) -> String {
    let mut out = String::new();
    for (position, way) in ways.iter().enumerate() {
        let name = if position == 0 { "help:" } else { "" };
        let text = match ways {
            [_] => way.text.clone(),
            _ => format!("{}. {}", position + 1, way.text),
        };
        out.push_str(&word(name, &set_apart(&text, &way.yields), look));
        for line in &way.lines {
            out.push_str(&format!("{}{}\n", " ".repeat(MARGIN), diff_line(line, look)));
        }
    }
    out
}

/// The text with what it yields at the right margin, if there is room for it.
fn set_apart(text: &str, yields: &str) -> String {
    let used = text.chars().count() + yields.chars().count();
    match (WIDTH - MARGIN).checked_sub(used) {
        _ if yields.is_empty() => text.to_owned(),
        Some(gap) if gap > 0 => format!("{text}{}{yields}", " ".repeat(gap)),
        _ => format!("{text} {yields}"),
    }
}

fn diff_line(line: &str, look: Look) -> String {
    let shown = plain(line, look.ascii);
    match line.chars().next() {
        Some('+') => paint(look, Paint::Added, &shown),
        Some('-') => paint(look, Paint::Removed, &shown),
        _ => shown,
    }
}

/// `12:11 aprat-from -> apart-from`; edits over several lines as lines to paste.
fn fix_lines(index: &Index, placed: &Placed, fix: &Fix, look: Look) -> String {
    let mut out = String::new();
    let home = placed.primary().file;
    let flag = if fix.safe { "(--fix)" } else { "(--unsafe-fixes)" };
    for (position, (edit, place)) in fix.edits.iter().zip(&placed.edits).enumerate() {
        let name = if position == 0 { "fix:" } else { "" };
        let at = position_text(index, *place, home);
        let flag = if position + 1 == fix.edits.len() { flag } else { "" };
        if edit.old.contains('\n') || edit.new.contains('\n') {
            out.push_str(&word(name, &set_apart(&at, flag), look));
            for line in edit.old.lines().map(|line| format!("- {line}")) {
                out.push_str(&format!("{}{}\n", " ".repeat(MARGIN), diff_line(&line, look)));
            }
            for line in edit.new.lines().map(|line| format!("+ {line}")) {
                out.push_str(&format!("{}{}\n", " ".repeat(MARGIN), diff_line(&line, look)));
            }
            continue;
        }
        let text = format!("{at} {}", edit.line());
        out.push_str(&word(name, &set_apart(&text, flag), look));
    }
    out
}

fn position_text(index: &Index, place: Place, home: usize) -> String {
    let Place { line, column, .. } = place;
    match index.files.get(place.file) {
        Some(file) if place.file != home => format!("{}:{line}:{column}", file.source.name),
        _ => format!("{line}:{column}"),
    }
}

/// The last line of a report.
#[must_use]
pub fn summary(counts: &Counts, look: Look) -> String {
    let found: Vec<String> = [
        (counts.errors, "error", Severity::Error),
        (counts.warnings, "warning", Severity::Warning),
        (counts.notes, "note", Severity::Note),
    ]
    .into_iter()
    .filter(|(number, _, _)| *number > 0)
    .map(|(number, name, severity)| paint(look, Paint::Severity(severity), &several(number, name)))
    .collect();
    let files = several(counts.files, "file");
    let objects = several(counts.objects, "object");
    if found.is_empty() {
        let sign = paint(look, Paint::Good, if look.ascii { "ok" } else { "✓" });
        let templates = several(counts.templates, "pod template");
        return format!("{sign} no findings: {files}, {objects}, {templates}");
    }
    format!("{} in {files}, {objects}", found.join(", "))
}

/// Breaks text at blanks; a longer word stays whole. At least one line.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Draws one box.
fn draw(window: Window, look: Look) -> String {
    let theme = match (look.ascii, look.colour) {
        (false, false) => GraphicalTheme::unicode_nocolor(),
        (false, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::none(),
        (true, true) => GraphicalTheme::ascii(),
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(WIDTH)
        .with_links(false)
        .without_syntax_highlighting();
    let mut drawn = String::new();
    if handler.render_report(&mut drawn, &Picture { window }).is_err() {
        return String::new();
    }
    // The first line is that of the message, which is empty.
    let drawn = drawn.split_once('\n').map(|(_, rest)| rest).unwrap_or_default();
    drawn.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

/// A window as miette wants it.
#[derive(Debug)]
struct Picture {
    window: Window,
}

impl fmt::Display for Picture {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Picture {}

impl Diagnostic for Picture {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.window.marks.iter().map(|mark| {
            let text = Some(plain(&mark.text, false)).filter(|text| !text.is_empty());
            let span = SourceSpan::from((mark.start, mark.length));
            if mark.primary {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        })))
    }
}

impl SourceCode for Picture {
    /// Without context lines miette asks where a label stands; with them, for what to draw.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let window = &self.window;
        let lines = window.text.lines().count();
        let whole = SourceSpan::from((0, window.text.len()));
        let (data, span, line, column) = if before == 0 && after == 0 {
            let mark = window.marks.iter().find(|mark| mark.start == span.offset());
            let (line, column) = mark.map_or((1, 1), |mark| (mark.line, mark.column));
            let data = window.text.get(span.offset()..span.offset() + span.len());
            (data.unwrap_or_default(), *span, line, column)
        } else {
            (window.text.as_str(), whole, window.first_line, 1)
        };
        Ok(Box::new(MietteSpanContents::new_named(
            window.name.clone(),
            data.as_bytes(),
            span,
            (line as usize).saturating_sub(1),
            (column as usize).saturating_sub(1),
            lines,
        )))
    }
}
