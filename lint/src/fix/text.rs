//! From the fix of a finding to edits of the text.

use std::collections::BTreeMap;

use placecard_findings::{Change, Edit, FieldPath, Part, Segment};
use serde_json::Value;

use crate::index::Index;
use crate::load::{Document, Patch, Set, Source, Span, locate, part_of, splice_part};
use crate::render::place::{Place, Placed};

use super::moved::with_its_text;

/// A replacement in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEdit {
    /// Index of the file.
    pub file: usize,
    /// What is replaced; may hold line breaks.
    pub span: Span,
    /// By what.
    pub new: String,
    /// The document, and the field in it whose value changes; empty: no value does.
    pub changes: Vec<(usize, FieldPath)>,
}

/// The fix of a finding as edits of the text; `None` if it has none, or one that cannot be said so.
#[must_use]
pub fn in_text(index: &Index, placed: &Placed) -> Option<Vec<TextEdit>> {
    let fix = placed.finding.fix.as_ref()?;
    if fix.edits.is_empty() || placed.edits.len() != fix.edits.len() {
        return None;
    }
    let edits = || fix.edits.iter().zip(placed.edits.iter().copied());
    let texts = edits().filter(|(edit, _)| edit.change == Change::Text);
    let texts: Option<Vec<TextEdit>> =
        texts.map(|(edit, place)| one(index, placed, edit, place)).collect();
    let values: Vec<(&Edit, Place)> =
        edits().filter(|(edit, _)| edit.change != Change::Text).collect();
    let mut texts = texts?;
    texts.extend(of_values(index, placed, &values)?);
    Some(texts)
}

/// The edits of values: those of one document together.
fn of_values(index: &Index, placed: &Placed, edits: &[(&Edit, Place)]) -> Option<Vec<TextEdit>> {
    let mut documents: BTreeMap<(usize, usize), Vec<Set>> = BTreeMap::new();
    for (edit, place) in edits {
        let file = index.files.get(place.file)?;
        let read = index.documents(place.file);
        let (number, document, path) = field(index, &read, placed, edit, *place)?;
        let set = value_set(&file.source, document, path, edit)?;
        documents.entry((place.file, number)).or_default().push(set);
    }
    let mut made = Vec::new();
    for ((number, at), mut sets) in documents {
        let file = index.files.get(number)?;
        let read = index.documents(number);
        let document = read.get(at)?;
        // Positions of a list stay true where nothing goes before the rest is set, and later ones
        // go first.
        sets.sort_by(|one, other| match (&one.value, &other.value) {
            (None, None) => other.path.cmp(&one.path),
            (one, other) => one.is_none().cmp(&other.is_none()),
        });
        let (part, patch) = splice_part(&file.source, document, &sets).ok()?;
        let text = part.patched(&file.source, &patch);
        let moved = with_its_text(&file.source, document, &sets, &part, &text);
        let patch = moved.map_or(patch, |new| Patch { span: part.span, new });
        let (span, new) = difference(&file.source, document.span, &patch);
        let changes = sets.iter().map(|set| (at, changed_by(document, set))).collect();
        made.push(TextEdit { file: number, span, new, changes });
    }
    Some(made)
}

/// The field whose value a set changes: of an item that comes or goes it is the list.
fn changed_by(document: &Document, set: &Set) -> FieldPath {
    let mut path = set.path.clone();
    let exists = |path: &FieldPath| document.value.pointer(&path.pointer()).is_some();
    let is_item = |path: &FieldPath| matches!(path.0.last(), Some(Segment::Index(_)));
    while !exists(&path.parent()) && !path.0.is_empty() {
        path = path.parent();
    }
    if is_item(&path) && (set.value.is_none() || !exists(&path)) { path.parent() } else { path }
}

/// What an edit of a value sets.
fn value_set(source: &Source, document: &Document, path: FieldPath, edit: &Edit) -> Option<Set> {
    let value = match edit.change {
        Change::Text => return None,
        Change::Set => Some(serde_json::from_str(&edit.new).ok()?),
        Change::Remove => {
            document.value.pointer(&path.pointer())?;
            None
        }
        Change::Quote => {
            let is_scalar = |value: &&Value| value.is_boolean() || value.is_number();
            document.value.pointer(&path.pointer()).filter(is_scalar)?;
            let written = locate(document, source, &path.0)?.value;
            Some(Value::String(source.slice(written).to_owned()))
        }
    };
    Some(Set { path, value })
}

fn one(index: &Index, placed: &Placed, edit: &Edit, place: Place) -> Option<TextEdit> {
    let file = index.files.get(place.file)?;
    let exact = file.source.slice(place.span) == edit.old;
    if placed.finding.object.kind.is_empty() && edit.site.path.0.is_empty() {
        // Not about a value: about a comment.
        let span = if edit.new.is_empty() { without(&file.source, place.span) } else { place.span };
        let new = edit.new.clone();
        return exact.then_some(TextEdit { file: place.file, span, new, changes: Vec::new() });
    }
    let read = index.documents(place.file);
    let (number, document, path) = field(index, &read, placed, edit, place)?;
    let removes = edit.site.part == Part::Key && edit.new.is_empty();
    let plain =
        !edit.new.is_empty() && !edit.new.contains(|c: char| c.is_control() || "\"'\\".contains(c));
    let inner = if exact { Some(place.span) } else { between_quotes(&file.source, edit, place) };
    if let Some(span) = inner.filter(|_| plain && !removes) {
        let new = edit.new.clone();
        let mut changes = vec![(number, path.clone())];
        if edit.site.part == Part::Key {
            // A key with another name.
            changes.push((number, path.parent().key(&edit.new)));
        }
        return Some(TextEdit { file: place.file, span, new, changes });
    }
    let set = set(document, &path, edit, removes)?;
    let line = || line_of_block(&file.source, document, edit, place);
    let entry = || entry_of_flow(&file.source, document, &path).filter(|_| set.value.is_none());
    let fits = |span: &Span| leaves(&file.source, document, *span, &set);
    if let Some(span) = line().filter(fits).or_else(|| entry().filter(fits)) {
        let changes = vec![(number, set.path)];
        return Some(TextEdit { file: place.file, span, new: String::new(), changes });
    }
    let (_, patch) = splice_part(&file.source, document, std::slice::from_ref(&set)).ok()?;
    let (span, new) = difference(&file.source, document.span, &patch);
    Some(TextEdit { file: place.file, span, new, changes: vec![(number, set.path)] })
}

/// A key or a whole value that stands in quotes.
fn between_quotes(source: &Source, edit: &Edit, place: Place) -> Option<Span> {
    let written = source.slice(place.span);
    let quoted = ['"', '\''].iter().any(|mark| written == format!("{mark}{}{mark}", edit.old));
    let whole = edit.site.range().is_none();
    (quoted && whole).then(|| Span::new(place.span.start + 1, place.span.end - 1))
}

/// A comment, or a part of it, with what it leaves behind: its line, or the blanks before it.
fn without(source: &Source, span: Span) -> Span {
    if !source.slice(span).starts_with('#') {
        return span;
    }
    let before = source.text.get(..span.start as usize).unwrap_or_default();
    let kept = before.trim_end_matches([' ', '\t']);
    let start = u32::try_from(kept.len()).unwrap_or(span.start);
    if !kept.is_empty() && !kept.ends_with(['\n', '\r']) {
        return Span::new(start, span.end);
    }
    let after = source.text.get(span.end as usize..).unwrap_or_default();
    let line_break =
        if after.starts_with("\r\n") { 2 } else { u32::from(after.starts_with(['\n', '\r'])) };
    Span::new(start, span.end + line_break)
}

/// The line of a text over several lines that an edit takes out.
fn line_of_block(source: &Source, document: &Document, edit: &Edit, place: Place) -> Option<Span> {
    let line = edit.old.strip_suffix('\n').filter(|line| !line.contains('\n'))?;
    let inside = (document.span.start..=document.span.end).contains(&place.span.start);
    if !edit.new.is_empty() || line.is_empty() || !inside {
        return None;
    }
    let at = |line: u32| source.line_starts().get(line as usize).copied();
    Some(Span::new(at(place.line.checked_sub(1)?)?, at(place.line)?))
}

/// An entry of a mapping in braces, with the comma behind it, or before it if it is the last.
fn entry_of_flow(source: &Source, document: &Document, path: &FieldPath) -> Option<Span> {
    let located = locate(document, source, &path.0)?;
    let (key, end) = (located.key?, located.value.end);
    let after = source.slice(Span::new(end, document.span.end));
    let rest = after.trim_start();
    if let Some(rest) = rest.strip_prefix(',') {
        let length = after.len() - rest.trim_start_matches([' ', '\t']).len();
        return Some(Span::new(key.start, end + u32::try_from(length).ok()?));
    }
    let before = source.slice(Span::new(0, key.start));
    let kept = before.trim_end().strip_suffix(',')?;
    Some(Span::new(u32::try_from(kept.len()).ok()?, end))
}

/// Whether a document without a span has the values that are wanted.
fn leaves(source: &Source, document: &Document, span: Span, set: &Set) -> bool {
    let gone = Patch { span, new: String::new() };
    part_of(source, document, std::slice::from_ref(set), &gone).is_some()
}

/// The document of an edit, its number, and the path of the field from its root.
fn field<'a>(
    index: &Index,
    documents: &'a [Document],
    placed: &Placed,
    edit: &Edit,
    place: Place,
) -> Option<(usize, &'a Document, FieldPath)> {
    let object = edit.site.object.as_ref().unwrap_or(&placed.finding.object);
    let at = place.span.start;
    let number = documents.partition_point(|document| document.span.end < at);
    let document = documents.get(number).filter(|document| document.span.start <= at)?;
    let here = index.object_in(place.file, document, object)?;
    Some((number, document, here.path.join(&edit.site.path)))
}

/// The value that an edit makes.
fn set(document: &Document, path: &FieldPath, edit: &Edit, removes: bool) -> Option<Set> {
    let removed = || {
        // A mapping of annotations that is left without an entry goes with its last one.
        let parent = path.parent();
        let siblings = document.value.pointer(&parent.pointer()).and_then(Value::as_object);
        let annotations = parent.0.last() == Some(&Segment::key("annotations"));
        let path = match siblings {
            Some(siblings) if annotations && siblings.len() == 1 => parent,
            _ => path.clone(),
        };
        Set { path, value: None }
    };
    if removes {
        return Some(removed());
    }
    let text = document.value.pointer(&path.pointer())?.as_str()?;
    let range = edit.site.range()?;
    if text.get(range.clone())? != edit.old {
        return None;
    }
    let new = format!("{}{}{}", text.get(..range.start)?, edit.new, text.get(range.end..)?);
    if new.trim().is_empty() {
        return Some(removed());
    }
    Some(Set { path: path.clone(), value: Some(Value::String(new)) })
}

/// A small replacement that does what a patch of a document does: whole lines, or a part of one.
fn difference(source: &Source, document: Span, patch: &Patch) -> (Span, String) {
    let text = source.slice(document);
    let at = |byte: u32| byte.saturating_sub(document.start) as usize;
    let before = text.get(..at(patch.span.start)).unwrap_or_default().as_bytes();
    let after = text.get(at(patch.span.end)..).unwrap_or_default().as_bytes();
    let old = text.as_bytes();
    // The new text, which is not written out.
    let new = || before.iter().chain(patch.new.as_bytes()).chain(after);
    let new_len = before.len() + patch.new.len() + after.len();
    let is_break = |byte: &u8| *byte == b'\n';
    // What both share at their starts, and behind that at their ends, as whole lines.
    let same = |(one, other): &(&u8, &u8)| one == other;
    let shared = old.iter().zip(new()).skip(before.len()).take_while(same).count() + before.len();
    let start = old.iter().take(shared).rposition(is_break).map_or(0, |at| at + 1);
    let both = old.iter().rev().zip(new().rev()).skip(after.len());
    let shared = both.take_while(same).count() + after.len();
    let shared = shared.min(old.len().min(new_len) - start);
    let starts = |before: Option<&u8>| before.is_none_or(is_break);
    let end = match starts(old.iter().rev().nth(shared)) && starts(new().rev().nth(shared)) {
        true => shared,
        false => {
            let mut tail = old.iter().skip(old.len() - shared);
            tail.position(is_break).map_or(0, |at| shared - at - 1)
        }
    };
    let changed = text.get(start..old.len() - end).unwrap_or_default();
    let to = new().skip(start).take(new_len - end - start).copied().collect();
    let to = String::from_utf8(to).unwrap_or_default();
    let is_one = |text: &str| text.matches('\n').count() <= 1 && !text.is_empty();
    let (inner, outer) = match is_one(changed) && is_one(&to) {
        true => ends(changed, &to),
        false => (0, 0),
    };
    let offset = |byte: usize| document.start + u32::try_from(byte).unwrap_or_default();
    let replaced = Span::new(offset(start + inner), offset(old.len() - end - outer));
    (replaced, to.get(inner..to.len() - outer).unwrap_or_default().to_owned())
}

/// How many bytes of whole characters two texts share at their starts, and behind that at their ends.
fn ends(old: &str, new: &str) -> (usize, usize) {
    let same = |(one, other): &(&u8, &u8)| one == other;
    let (old_bytes, new_bytes) = (old.as_bytes(), new.as_bytes());
    let mut start = old_bytes.iter().zip(new_bytes).take_while(same).count();
    while !old.is_char_boundary(start) || !new.is_char_boundary(start) {
        start -= 1;
    }
    let (rest, other) = (old_bytes.iter().skip(start), new_bytes.iter().skip(start));
    let mut end = rest.rev().zip(other.rev()).take_while(same).count();
    while !old.is_char_boundary(old.len() - end) || !new.is_char_boundary(new.len() - end) {
        end -= 1;
    }
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in a text after a replacement.
    fn with(old: &str, span: Span, new: &str) -> String {
        let (start, end) = (span.start as usize, span.end as usize);
        format!("{}{new}{}", &old[..start], &old[end..])
    }

    #[test]
    fn a_small_replacement_makes_the_same_text_of_whole_lines() {
        let words = ["a\n", "b\n", "a", "é", "è\n", "\n", "b: a\n"];
        let mut changed = 0;
        for case in 0..20_000_usize {
            let pick = |step: usize| {
                words[case / words.len().pow(u32::try_from(step).unwrap_or(0)) % words.len()]
            };
            let old = [pick(0), pick(1), pick(2)].concat();
            let new = pick(4);
            let (from, to) = (pick(0).len(), pick(0).len() + [0, pick(1).len()][case % 2]);
            let at = |byte: usize| u32::try_from(byte).unwrap_or_default();
            let patch = Patch { span: Span::new(at(from), at(to)), new: new.to_owned() };
            let source = Source::new("x", old.as_bytes());
            let whole = Span::new(0, at(old.len()));
            let (span, text) = difference(&source, whole, &patch);
            let wanted = with(&old, patch.span, new);
            assert_eq!(with(&old, span, &text), wanted, "{old:?} {patch:?} {span:?} {text:?}");
            // As if the new text were known as a whole.
            let other = Patch { span: whole, new: wanted.clone() };
            assert_eq!(difference(&source, whole, &other), (span, text), "{old:?} {patch:?}");
            changed += usize::from(wanted != old);
        }
        assert!(changed > 1_000, "{changed}");
    }
}
