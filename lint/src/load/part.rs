//! The part of a document that a change stays in. It is read alone to see that it reads as it should:
//! the whole document would be read as often as there are changes.
//!
//! A part is a collection in brackets or braces, or the lines of one entry or item in block style,
//! which alone are a mapping with that entry or a list with that item.

use placecard_findings::{FieldPath, Segment};
use serde_json::json;

use super::arena::NodeKind;
use super::document::{Document, load};
use super::edit::{Editor, Slot};
use super::source::{Source, Span};
use super::splice::{Set, Step, applied_below, meet, way};

/// A replacement in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub new: String,
}

/// A part of a document that can be read alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it stands.
    pub span: Span,
    /// Its value, from the root of the document.
    path: FieldPath,
    /// Under what the value stands in the part; `None`: it is all of it.
    entry: Option<Segment>,
}

impl Part {
    /// All of it.
    pub(super) fn whole(document: &Document) -> Self {
        Self { span: document.span, path: FieldPath::root(), entry: None }
    }

    /// The path in the part of what has this path in the document and is in the part.
    #[must_use]
    pub fn within(&self, path: &FieldPath) -> FieldPath {
        let rest = path.0.get(self.path.0.len()..).unwrap_or_default();
        let first = self.entry.as_ref().map(|entry| match entry {
            Segment::Key(key) => Segment::key(key),
            Segment::Index(_) => Segment::Index(0),
        });
        FieldPath(first.into_iter().chain(rest.iter().cloned()).collect())
    }

    /// Its text after a change that stays in it.
    #[must_use]
    pub fn patched(&self, source: &Source, patch: &Patch) -> String {
        let before = source.slice(Span::new(self.span.start, patch.span.start));
        let after = source.slice(Span::new(patch.span.end, self.span.end));
        format!("{before}{}{after}", patch.new)
    }

    fn holds(&self, span: Span) -> bool {
        self.span.start <= span.start && span.end <= self.span.end
    }

    /// Whether after a change it has the values that the sets ask for.
    fn reads(&self, source: &Source, document: &Document, sets: &[Set], patch: &Patch) -> bool {
        let value = document.value.pointer(&self.path.pointer());
        let Some(Ok(value)) = value.map(|value| applied_below(value, &self.path, sets)) else {
            return false;
        };
        let wanted = match &self.entry {
            Some(Segment::Key(key)) => json!({ key.as_str(): value }),
            Some(Segment::Index(_)) => json!([value]),
            None => value,
        };
        let text = self.patched(source, patch);
        let read = load(&Source::new(source.name.clone(), text.as_bytes()));
        matches!(read.as_slice(), [only] if only.readable() && only.value == wanted)
    }
}

/// The part that a change stays in, if after it all has the values that the sets ask for.
#[must_use]
pub fn part_of(source: &Source, document: &Document, sets: &[Set], patch: &Patch) -> Option<Part> {
    let whole = Part::whole(document);
    let smallest = smallest(source, document, sets, patch.span);
    let reads = |part: &Part| part.reads(source, document, sets, patch);
    smallest.filter(reads).or_else(|| Some(whole).filter(reads))
}

/// The smallest part that holds a span and all that sets change; `None` where there is none but the
/// whole, or something is written elsewhere than where it is read.
fn smallest(source: &Source, document: &Document, sets: &[Set], span: Span) -> Option<Part> {
    let tree = document.tree(source);
    if tree.has_aliases {
        return None;
    }
    let editor = Editor::new(source, document);
    let meet = meet(&document.value, sets);
    let steps = way(&editor, tree.root?, &meet).ok()?;
    let ends = steps.iter().enumerate().rev();
    let mut parts = ends.filter_map(|(last, step)| {
        let path = FieldPath(meet.0.get(..=last)?.to_vec());
        let (span, is_entry) = alone(&editor, *step)?;
        let entry = path.0.last().filter(|_| is_entry).cloned();
        Some(Part { span, path, entry })
    });
    parts.find(|part| part.holds(span))
}

/// What of a value can be read alone, and whether that is its entry.
fn alone(editor: &Editor<'_>, step: Step) -> Option<(Span, bool)> {
    let arena = editor.arena();
    let value = arena.get(step.value)?;
    match value.kind {
        NodeKind::Mapping { flow: true, .. } | NodeKind::List { flow: true, .. } => {
            let is_written = editor.source.slice(value.span).starts_with(['{', '[']);
            return is_written.then_some((value.span, false));
        }
        _ => {}
    }
    let (start, end) = match (step.slot, step.key) {
        (Slot::Value { .. }, Some(key)) => {
            let key = arena.get(key)?;
            (key.outer_start, value.span.end.max(key.span.end))
        }
        (Slot::Item, _) => {
            let dash = editor.dash(value)?;
            (dash, value.span.end.max(dash + 1))
        }
        _ => return None,
    };
    let end = editor.after_break(editor.line_end(end));
    editor.begins_line(start).then(|| (Span::new(editor.line_start(start), end), true))
}
