//! Comments on fields that sentences take the place of: they go where the sentences are.

use std::collections::BTreeSet;

use placecard_findings::{FieldPath, Segment};
use placecard_policies::adopt::Adoption;

use crate::load::{Comment, Document, Source, Span, load, locate};

/// The text of a document with the comments of what went, and how many found no place in it.
pub(super) struct Carried {
    pub(super) text: String,
    pub(super) lost: usize,
}

/// A field that is gone, and where its comments belong.
struct Gone {
    /// From its first comment to the end of its last line, in the old text.
    span: Span,
    /// From the root of the document.
    annotation: FieldPath,
}

/// `new`: the text of the document after `adoptions`, whose paths begin at `object`.
pub(super) fn carried(
    source: &Source,
    document: &Document,
    new: String,
    adoptions: &[(FieldPath, &Adoption)],
) -> Carried {
    let old = &document.tree(source).comments;
    let after = Source::new(source.name.clone(), new.as_bytes());
    let read = load(&after);
    let Some(now) = read.first().filter(|_| !old.is_empty()) else {
        return Carried { text: new, lost: 0 };
    };
    let gone: Vec<Gone> = adoptions
        .iter()
        .flat_map(|(object, one)| gone(source, document, now, object, one))
        .collect();
    let mut edits: Vec<(Span, String)> = Vec::new();
    let mut lost = 0;
    let stayed = stayed(old, &now.tree(&after).comments);
    for (comment, stayed) in old.iter().zip(stayed) {
        let of = gone.iter().find(|gone| holds(gone.span, comment.span.start));
        let to = of.and_then(|gone| above(&after, now, &gone.annotation));
        match (stayed, of, to) {
            (None, _, None) => lost += 1,
            (None, _, Some((line, blanks))) => {
                edits.push((Span::at(line), written(source, comment, &blanks)));
            }
            // It stands above what is there no more.
            (Some(at), Some(_), Some((line, blanks))) if !comment.trailing => {
                edits.push((whole_line(&after, at.span.start), String::new()));
                edits.push((Span::at(line), written(source, comment, &blanks)));
            }
            _ => {}
        }
    }
    let text = edited(&after.text, edits);
    let again = load(&Source::new(source.name.clone(), text.as_bytes()));
    if again.first().is_some_and(|again| again.readable() && again.value == now.value) {
        return Carried { text, lost };
    }
    Carried { lost: old.len() - now.tree(&after).comments.len().min(old.len()), text: new }
}

/// The fields of an adoption that are in the old text only, the inner ones first.
fn gone(
    source: &Source,
    document: &Document,
    now: &Document,
    object: &FieldPath,
    adoption: &Adoption,
) -> Vec<Gone> {
    let annotations = object.join(&adoption.template).keys(&["metadata", "annotations"]);
    let said = |one: &placecard_policies::adopt::Adopted| one.lines.first().map(|(key, _)| *key);
    let any = adoption.adopted.iter().find_map(said);
    let (mut fields, mut around) = (Vec::new(), Vec::new());
    let mut known = BTreeSet::new();
    for one in &adoption.adopted {
        let Some(key) = said(one).or(any) else { continue };
        let annotation = annotations.key(key);
        let mut path = object.join(&one.field);
        fields.extend(
            lines_of(source, document, &path)
                .map(|span| Gone { span, annotation: annotation.clone() }),
        );
        while !path.parent().0.is_empty() {
            path = path.parent();
            let is_key = matches!(path.0.last(), Some(Segment::Key(_)));
            if now.value.pointer(&path.pointer()).is_some() {
                break;
            }
            if is_key && known.insert(path.pointer()) {
                let span = lines_of(source, document, &path);
                around.extend(span.map(|span| Gone { span, annotation: annotation.clone() }));
            }
        }
    }
    around.sort_by_key(|gone| gone.span.end - gone.span.start);
    fields.into_iter().chain(around).collect()
}

/// The lines of a field, and those with nothing but comments right above it.
fn lines_of(source: &Source, document: &Document, path: &FieldPath) -> Option<Span> {
    let found = locate(document, source, &path.0)?;
    let node = document.tree(source).arena.get(found.node)?;
    let begins = found.key.unwrap_or(Span::at(node.outer_start)).start;
    let (mut line, _) = source.line_column(begins);
    let (last, _) = source.line_column(node.span.end.max(begins));
    // What another field ends in is no line of this one.
    while line > 1 && source.line(line - 1).trim_start().starts_with('#') {
        line -= 1;
    }
    let start = *source.line_starts().get(line as usize - 1)?;
    let end = *source.line_starts().get(last as usize - 1)?
        + u32::try_from(source.line(last).len()).ok()?;
    (document.span.start <= start).then(|| Span::new(start, end))
}

fn holds(span: Span, byte: u32) -> bool {
    span.start <= byte && byte <= span.end
}

/// For each comment of the old text the one that it is in the new text, which has no others.
fn stayed<'a>(old: &[Comment], new: &'a [Comment]) -> Vec<Option<&'a Comment>> {
    // From the end: what goes stands before what stays of the same words.
    let mut rest = new.iter().rev().peekable();
    let same =
        |one: &Comment, other: &Comment| (&one.text, one.trailing) == (&other.text, other.trailing);
    let mut found: Vec<Option<&Comment>> =
        old.iter().rev().map(|one| rest.next_if(|other| same(one, other))).collect();
    found.reverse();
    found
}

/// The start of the line in which a key stands, and the blanks before it.
fn above(source: &Source, document: &Document, path: &FieldPath) -> Option<(u32, String)> {
    let key = locate(document, source, &path.0)?.key?;
    let (number, _) = source.line_column(key.start);
    let line = source.line(number);
    let blanks = line.get(..line.len() - line.trim_start().len())?;
    Some((*source.line_starts().get(number as usize - 1)?, blanks.to_owned()))
}

fn written(source: &Source, comment: &Comment, blanks: &str) -> String {
    let ends = source.line_break();
    format!("{blanks}{}{ends}", source.slice(comment.span).trim_end())
}

fn whole_line(source: &Source, byte: u32) -> Span {
    let (number, _) = source.line_column(byte);
    let at = |line: usize| source.line_starts().get(line).copied();
    let end = at(number as usize).or(u32::try_from(source.text.len()).ok());
    Span::new(at(number as usize - 1).unwrap_or_default(), end.unwrap_or_default())
}

/// A text with edits that do not overlap; those of one place stay in their order.
fn edited(text: &str, mut edits: Vec<(Span, String)>) -> String {
    edits.sort_by_key(|(span, _)| (span.start, span.end));
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (span, new) in edits {
        let std::ops::Range { start, end } = span.range();
        out.push_str(text.get(at..start).unwrap_or_default());
        out.push_str(&new);
        at = end.max(at);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}
