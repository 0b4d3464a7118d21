//! What is told of the place under the pointer: findings, words, and what a rule becomes.

use std::sync::Arc;

use gen_lsp_types::{Contents, Hover, MarkupContent, MarkupKind, Position};
use placecard_findings::Segment;
use placecard_language::keys::{self, Key};
use placecard_language::words;
use placecard_policies::change::edit_value;
use serde_json::{Value, json};

use crate::explain::{self, explain};
use crate::index::ObjectId;
use crate::load::{Source, emit_yaml, load, text_map};
use crate::render::sarif::help_uri;
use crate::run::Planned;

use super::described::{Described, Of, described, of_entries};
use super::diagnostics::own;
use super::documents::{Document, Documents};
use super::judging::Checked;
use super::place::{Field, field};

/// So many findings of one place are explained.
const MAX_EXPLAINED: usize = 3;

pub(super) fn hover(
    documents: &Documents,
    document: &Document,
    checked: &Checked,
    position: Position,
) -> Option<Hover> {
    let byte = document.text.offset(position, documents.encoding);
    let mut parts = Vec::new();
    let here = own(checked).filter(|placed| {
        let span = placed.primary().span;
        span.start <= byte && byte <= span.end
    });
    for placed in here.take(MAX_EXPLAINED) {
        parts.push(page(placed.finding.code.as_str()));
    }
    // What is judged was read for that; a configuration was not.
    let source = Source::new(document.name.clone(), document.text.raw.as_bytes());
    let read = if document.is_configuration() {
        Arc::new(load(&source))
    } else {
        checked.judged.index.documents(0)
    };
    let source = checked.judged.index.files.first().map_or(&source, |file| &file.source);
    if let Some(field) = field(&read, source, byte) {
        if let Some(key) = field.key() {
            parts.push(said(key));
            parts.extend(entry(&field, key, source, byte));
            parts.extend(word(&field, checked, byte));
            parts.extend(becomes(&field, key, checked));
        } else if let Some(place) = described(document, &field) {
            parts.extend(of_schema(&place));
            parts.extend(code(&place, &field));
        }
    }
    if parts.is_empty() {
        return None;
    }
    let value = parts.join("\n\n---\n\n");
    let contents = Contents::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value });
    Some(Hover { contents, range: None })
}

/// The page of a code up to its first example, and where the rest is.
fn page(code: &str) -> String {
    let page = explain(code).unwrap_or_default();
    let short: Vec<&str> = page
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with("## ") && !line.starts_with("```"))
        .collect();
    let short = short.join("\n");
    format!("**{code}**\n\n{}\n\n[{code}]({})", short.trim(), help_uri(code))
}

fn said(key: &Key) -> String {
    format!("**{}** {}\n\n{}", key.full, key.doc, key.grammar)
}

/// The field of a schema of ours.
fn of_schema(place: &Described<'_>) -> Option<String> {
    let named = place.path.0.iter().rev().find_map(|segment| match segment {
        Segment::Key(name) => Some(name.as_str()),
        Segment::Index(_) => None,
    })?;
    let says = place.rules(&place.path).description()?;
    Some(format!("**{named}** {says}"))
}

/// The page of a code that a configuration names.
fn code(place: &Described<'_>, field: &Field<'_>) -> Option<String> {
    let named = field.text().filter(|_| place.of == Of::Configuration)?;
    explain::rows().iter().any(|row| row.code == named).then(|| page(named))
}

/// The field of a typed entry at the place.
fn entry(outer: &Field<'_>, key: &Key, source: &Source, byte: u32) -> Option<String> {
    let text = outer.text().filter(|_| key.full == keys::INTENTS && !outer.on_key)?;
    let at = decoded(outer, source, byte)?;
    let inner = Source::new(source.name.clone(), text.as_bytes());
    let read = load(&inner);
    let found = field(&read, &inner, u32::try_from(at).ok()?)?;
    of_schema(&of_entries(&found))
}

/// The byte of a scalar's text that is written at a byte of the source.
fn decoded(field: &Field<'_>, source: &Source, byte: u32) -> Option<usize> {
    let map = text_map(field.document, source, field.node);
    let piece = map
        .pieces
        .iter()
        .find(|piece| piece.verbatim && piece.source.start <= byte && byte <= piece.source.end)?;
    Some((piece.decoded + byte - piece.source.start) as usize)
}

/// The word of the language, or of the vocabulary, at the place.
fn word(field: &Field<'_>, checked: &Checked, byte: u32) -> Option<String> {
    let text = field.text().filter(|_| !field.on_key)?;
    let source = &checked.judged.index.files.first()?.source;
    let at = decoded(field, source, byte)?;
    let ends = [' ', '\t', '\n', '\r', ';', '('];
    let start = text.get(..at)?.rfind(ends).map_or(0, |end| end + 1);
    let rest = text.get(start..)?;
    let whole = rest.get(..rest.find(ends).unwrap_or(rest.len()))?;
    let (head, name) = whole.split_once('/').unwrap_or((whole, ""));
    let words_of = &checked.judged.words;
    let level = words_of.level(if name.is_empty() { whole } else { head });
    let nodes = match head {
        "pool" => words_of.pools.get(name),
        "trust" => words_of.trust_domains.get(name),
        "resource" => words_of.resources.get(name),
        _ => None,
    };
    let reserved = words::find(head).map(|word| format!("`{}`: {}", word.form, word.doc));
    let level =
        level.map(|level| format!("level `{}`: the node label `{}`", level.name, level.key));
    let nodes = nodes.map(|group| {
        let terms = group.nodes.requirements.iter();
        let term = |one: &placecard_language::intent::Requirement| match one.values.join(", ") {
            values if values.is_empty() => format!("`{}`", one.key),
            values => format!("`{}`: {values}", one.key),
        };
        format!("`{whole}`: nodes with {}", terms.map(term).collect::<Vec<_>>().join("; "))
    });
    nodes.or(reserved.filter(|_| level.is_none() || head != whole)).or(level)
}

/// What becomes of the template whose annotations these are.
fn becomes(field: &Field<'_>, key: &Key, checked: &Checked) -> Option<String> {
    if !key.intent {
        return None;
    }
    let (object, rest) = field.object()?;
    let id = ObjectId { file: 0, document: field.number, object };
    let planned = checked.judged.expansions.get(&id)?;
    let of = |one: &&Planned| {
        one.expansion.template.keys(&["metadata", "annotations", key.full]).0 == rest.0
    };
    let Planned { expansion, from_written } = planned.iter().find(of)?;
    if checked.judged.unfit.contains(&id) {
        return Some("With a finding that is an error, nothing becomes of it.".to_owned());
    }
    let mut spec = json!({});
    if *from_written {
        for change in &expansion.changes {
            edit_value(&mut spec, change.edit());
        }
    } else {
        spec = expansion.spec.lists();
    }
    let mut fields = json!({});
    if let Value::Object(fields) = &mut fields {
        if !expansion.labels.is_empty() {
            fields.insert("metadata".to_owned(), json!({"labels": expansion.labels}));
        }
        if spec != json!({}) {
            fields.insert("spec".to_owned(), spec);
        }
    }
    if fields == json!({}) {
        return Some("Everything that it says is written already.".to_owned());
    }
    let yaml = emit_yaml(&fields, 0);
    let all = "The rules of this template become:";
    Some(format!("{all}\n\n```yaml\n{yaml}\n```"))
}
