//! A field that moves keeps its text: comments, order and style, with another indentation.

use placecard_findings::FieldPath;
use serde_json::Value;

use crate::load::{Document, Part, Set, Source, Span, load, locate};

/// The text of a part of a document after a move, where `sets` are one and `text` has the value
/// written anew: with the words that stood at the old place. `None` where that cannot be said so.
pub(super) fn with_its_text(
    source: &Source,
    document: &Document,
    sets: &[Set],
    part: &Part,
    text: &str,
) -> Option<String> {
    let [Set { path: to, value: Some(value) }, Set { path: gone, value: None }] = sets else {
        return None;
    };
    let from = origin(document, gone, value)?;
    let old = field(source, document, &from)?;
    let moved = Source::new(source.name.clone(), text.as_bytes());
    let documents = load(&moved);
    let [after] = documents.as_slice() else { return None };
    let new = field(&moved, after, &part.within(to))?;
    let (old_indent, new_indent) =
        (indentation(source, old.start)?, indentation(&moved, new.start)?);
    // From the end of the key, a comment behind the value included.
    let rest = source.text.get(old.end as usize..)?;
    let line = rest.lines().next().unwrap_or_default();
    let comment = if line.trim_start().starts_with('#') { line } else { "" };
    let old_key = source.slice(Span::new(old.key_end, old.end));
    let mut written = String::new();
    for (number, line) in format!("{old_key}{comment}").split_inclusive('\n').enumerate() {
        let blank = line.trim().is_empty();
        match (number, line.strip_prefix(old_indent)) {
            (0, _) => written.push_str(line),
            (_, _) if blank => written.push_str(line),
            (_, Some(rest)) => written.push_str(&format!("{new_indent}{rest}")),
            // Less indented than its key: a list in its place, or a comment.
            (_, None) => written.push_str(&format!("{new_indent}{}", line.trim_start())),
        }
    }
    let before = moved.slice(Span::new(0, new.key_end));
    let behind = moved.text.get(new.end as usize..)?;
    let result = format!("{before}{written}{behind}");
    let read = load(&Source::new(source.name.clone(), result.as_bytes()));
    let same = matches!(read.as_slice(), [one] if one.readable() && one.value == after.value);
    same.then_some(result)
}

/// Where the value stands that moves: at what goes, or below mappings that go with it.
fn origin(document: &Document, gone: &FieldPath, value: &Value) -> Option<FieldPath> {
    let mut path = gone.clone();
    loop {
        let found = document.value.pointer(&path.pointer())?;
        if found == value {
            return Some(path);
        }
        let fields = found.as_object().filter(|fields| fields.len() == 1)?;
        path = path.key(fields.keys().next()?);
    }
}

/// A field in block style: where its key starts and ends, and where its value ends.
struct Written {
    start: u32,
    key_end: u32,
    end: u32,
}

fn field(source: &Source, document: &Document, path: &FieldPath) -> Option<Written> {
    let located = locate(document, source, &path.0)?;
    let key = located.key?;
    let end = document.tree(source).arena.get(located.node)?.span.end;
    (end >= key.end).then_some(Written { start: key.start, key_end: key.end, end })
}

/// The blanks before a key that begins its line.
fn indentation(source: &Source, key: u32) -> Option<&str> {
    let before = source.text.get(..key as usize)?;
    let line = before.rsplit(['\n', '\r']).next()?;
    line.trim().is_empty().then_some(line)
}
