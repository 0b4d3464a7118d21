//! The lines of a file that a box shows: whole clusters of labels, and nothing between clusters.

use crate::index::Index;
use crate::load::Source;
use crate::plan::Look;
use crate::render::place::PlacedLabel;
use crate::render::style::{plain, plain_character};

/// Labels with at most so many lines between them share a box.
const GAP: u32 = 3;
/// Longer lines (in bytes) are cut around their labels.
const LONG: usize = 120;
/// So many bytes are left before the first label of a line that is cut.
const BEFORE: usize = 40;

/// What one box shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The name of the file.
    pub name: String,
    /// The first line, from 1.
    pub first_line: u32,
    /// The lines, each with its line break; hidden characters replaced, long lines cut.
    pub text: String,
    /// The labels, in the order of the text.
    pub marks: Vec<Mark>,
}

/// A label in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// First byte in the window's text.
    pub start: usize,
    /// Length in bytes; 0 marks a place where something is missing.
    pub length: usize,
    /// What it says.
    pub text: String,
    /// Whether the box is named after it.
    pub primary: bool,
    /// Line in the file, from 1.
    pub line: u32,
    /// Column in the file, from 1.
    pub column: u32,
}

/// One label of a cluster: its place, its text, whether it is the primary one.
#[derive(Clone, Copy)]
struct Entry<'a> {
    label: &'a PlacedLabel,
    primary: bool,
}

/// The windows of a finding: those of the primary label's file first, in the order of its lines.
#[must_use]
pub fn windows(index: &Index, labels: &[PlacedLabel], look: Look) -> Vec<Window> {
    let home = labels.first().map(|label| label.place.file).unwrap_or_default();
    let mut entries: Vec<Entry<'_>> = labels
        .iter()
        .enumerate()
        .map(|(position, label)| Entry { label, primary: position == 0 })
        .collect();
    entries.sort_by_key(|entry| {
        let place = entry.label.place;
        (place.file != home, place.file, place.span)
    });
    let mut windows = Vec::new();
    let mut cluster: Vec<Entry<'_>> = Vec::new();
    for entry in entries {
        if let Some(last) = cluster.last()
            && !together(index, cluster.first().unwrap_or(last), last, &entry)
        {
            windows.extend(window(index, &cluster, look));
            cluster.clear();
        }
        cluster.push(entry);
    }
    windows.extend(window(index, &cluster, look));
    windows
}

fn together(index: &Index, first: &Entry<'_>, last: &Entry<'_>, next: &Entry<'_>) -> bool {
    let (start, before, after) = (first.label.place, last.label.place, next.label.place);
    let near = before.file == after.file && after.line.saturating_sub(before.line) <= GAP + 1;
    let long =
        index.files.get(after.file).is_some_and(|file| file.source.line(after.line).len() > LONG);
    let apart = after.span.end.saturating_sub(start.span.start) as usize > LONG - BEFORE;
    near && !(long && start.line == after.line && apart)
}

fn window(index: &Index, cluster: &[Entry<'_>], look: Look) -> Option<Window> {
    let first = cluster.first()?.label.place;
    let last = cluster.last()?.label.place;
    let source = &index.files.get(first.file)?.source;
    let first_line = match first.line.checked_sub(1) {
        Some(above) if above > 0 && is_speaking_parent(source, above, first.line) => above,
        _ => first.line,
    };
    let mut window =
        Window { name: plain(&source.name, look.ascii), first_line, ..Window::default() };
    for line in first_line..=last.line {
        push_line(&mut window, source, line, cluster, look);
    }
    Some(window)
}

/// Whether the line above is the parent of `line` and says more than its key.
fn is_speaking_parent(source: &Source, above: u32, line: u32) -> bool {
    let (parent, child) = (source.line(above), source.line(line));
    let indent = |text: &str| text.len() - text.trim_start().len();
    let said = parent.trim();
    if said.is_empty() || said.starts_with('#') || said == "---" || parent.len() > LONG {
        return false;
    }
    let value = said.split_once(": ").map(|(_, value)| value.trim()).unwrap_or_default();
    let speaks = value.chars().any(|c| c.is_alphanumeric() || c == '|' || c == '>');
    indent(parent) < indent(child) && speaks
}

fn push_line(window: &mut Window, source: &Source, line: u32, cluster: &[Entry<'_>], look: Look) {
    let text = source.line(line);
    let start = source.line_starts().get(line as usize - 1).copied().unwrap_or_default() as usize;
    let here: Vec<Entry<'_>> =
        cluster.iter().filter(|entry| entry.label.place.line == line).copied().collect();
    let (from, to) = cut(text, here.first().map(|entry| entry.label), start);
    let cut_sign = if look.ascii { "..." } else { "…" };
    if from > 0 {
        window.text.push_str(cut_sign);
    }
    let mut marks: Vec<(usize, usize)> = vec![(usize::MAX, usize::MAX); here.len()];
    for (at, character) in text.get(from..to).unwrap_or_default().char_indices() {
        note(&mut marks, &here, start, from + at, window.text.len());
        let shown = if character == '\t' { '\t' } else { plain_character(character, look.ascii) };
        window.text.push(shown);
    }
    note(&mut marks, &here, start, to, window.text.len());
    let end = window.text.len();
    if to < text.len() {
        window.text.push_str(cut_sign);
    }
    window.text.push('\n');
    for (entry, (first, last)) in here.iter().zip(marks) {
        let first = first.min(end);
        push_mark(window, *entry, first, last.clamp(first, end) - first);
    }
}

/// Writes down where the labels that start or end at byte `at` of the line stand in the window.
fn note(
    marks: &mut [(usize, usize)],
    here: &[Entry<'_>],
    line_start: usize,
    at: usize,
    shown: usize,
) {
    for (mark, entry) in marks.iter_mut().zip(here) {
        let span = entry.label.place.span.range();
        if mark.0 == usize::MAX && at + line_start >= span.start {
            mark.0 = shown;
        }
        if mark.1 == usize::MAX && at + line_start >= span.end {
            mark.1 = shown;
        }
    }
}

/// The bytes of a line that are shown.
fn cut(text: &str, label: Option<&PlacedLabel>, line_start: usize) -> (usize, usize) {
    if text.len() <= LONG {
        return (0, text.len());
    }
    let start = label.map_or(0, |label| label.place.span.range().start.saturating_sub(line_start));
    let from = if start <= LONG / 2 { 0 } else { start - BEFORE };
    (floor(text, from), floor(text, (from + LONG).min(text.len())))
}

/// The nearest character boundary at or before a byte.
fn floor(text: &str, mut byte: usize) -> usize {
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}

/// Equal spans become one mark that says both.
fn push_mark(window: &mut Window, entry: Entry<'_>, start: usize, length: usize) {
    let label = entry.label;
    let text = label.text.clone();
    if let Some(same) = window.marks.last_mut()
        && (same.start, same.length) == (start, length)
    {
        same.primary |= entry.primary;
        if same.text.is_empty() {
            same.text = text;
        } else if !text.is_empty() && same.text != text {
            same.text = format!("{}; {text}", same.text);
        }
        return;
    }
    window.marks.push(Mark {
        start,
        length,
        text,
        primary: entry.primary,
        line: label.place.line,
        column: label.place.column,
    });
}
