//! What could stand at a place: keys, and what the reader of a key's value expects there.
//!
//! A text that is being typed is often no YAML yet. A word that nobody writes is put where the
//! cursor is, and the text is read with it: where that word comes out is what is being typed.

mod fields;
mod names;
mod typing;

use gen_lsp_types::{
    CompletionItem, CompletionItemKind, CompletionItemTextEdit, Documentation, Position, TextEdit,
};
use placecard_findings::{FieldPath, ObjectRef, Segment};
use placecard_language::complete::{Candidate, Kind, expected};
use placecard_language::keys::{self, Author, KEYS, Key, Place, Slot, Status};
use placecard_language::{NamespaceFacts, Words};
use placecard_policies::kinds::KINDS;
use placecard_policies::object::Object;
use placecard_policies::{read, vocabulary};
use serde_json::Value;

use crate::comments::can_be_silenced;
use crate::explain;
use crate::load::{self, Source, Span, load, looks_like_json};

use super::described::described;
use super::documents::{Document, Documents};
use super::judging::Checked;
use super::place::{Field, field};
use typing::{Typing, lacks_colon, ways};

pub(super) fn completion(
    documents: &Documents,
    document: &Document,
    checked: &Checked,
    position: Position,
) -> Vec<CompletionItem> {
    let at = document.text.byte(position, documents.encoding);
    let offset = document.text.offset(position, documents.encoding);
    let raw = document.text.raw.as_str();
    let Some((before, after)) = raw.split_at_checked(at) else { return Vec::new() };
    let (json, lacks_colon) = (looks_like_json(raw), lacks_colon(after));
    let asked = Asked { documents, document, checked, offset, json, lacks_colon };
    ways(before, after).iter().find_map(|text| asked.items(text)).unwrap_or_default()
}

/// What is asked.
struct Asked<'a> {
    documents: &'a Documents,
    document: &'a Document,
    checked: &'a Checked,
    offset: u32,
    /// The document is JSON: keys and texts have quotes.
    json: bool,
    /// No colon follows, so that a key needs one.
    lacks_colon: bool,
}

impl Asked<'_> {
    /// `None`: the text cannot be read.
    fn items(&self, text: &str) -> Option<Vec<CompletionItem>> {
        let source = Source::new(self.document.name.clone(), text.as_bytes());
        let read = load(&source);
        let found =
            field(&read, &source, self.offset + 1).filter(|found| found.document.readable())?;
        let typing = Typing::of(&source, &found)?;
        let (last, map) = (found.path.0.last(), found.path.parent());
        if is_map_of_keys(map.0.last()) && found.on_key {
            return self.keys(&typing, &map);
        }
        if is_map_of_keys(last) && !found.on_key && !typing.is_behind_colon() {
            return self.keys(&typing, &found.path);
        }
        if !found.on_key
            && let Some(key) = found.key().filter(|_| is_map_of_keys(map.0.last()))
        {
            return self.values(&typing, key);
        }
        match described(self.document, &found) {
            Some(place) => self.described(&place, &typing),
            None => Some(Vec::new()),
        }
    }

    /// Our keys, in the metadata at `map`.
    fn keys(&self, typing: &Typing<'_>, map: &FieldPath) -> Option<Vec<CompletionItem>> {
        let slot = match map.0.last()? {
            Segment::Key(name) if name == "annotations" => Slot::Annotation,
            Segment::Key(name) if name == "labels" => Slot::Label,
            _ => return Some(Vec::new()),
        };
        let span = self.replaced(typing)?;
        let found = typing.found;
        let (object, path) = object(found, &self.checked.judged.words, map)?;
        let place = place(&object, &path)?;
        let there = found.document.value.pointer(&map.pointer()).and_then(Value::as_object);
        let is_there = |key: &Key| there.is_some_and(|there| there.contains_key(key.full));
        let offered = KEYS.iter().filter(|key| {
            let ours = key.author == Author::User && key.status == Status::Now;
            ours && key.slot == slot && key.places.contains(&place) && !is_there(key)
        });
        let item = |key: &'static Key| {
            let text = self.written_key(key.full, typing);
            let doc = format!("{}\n\n{}", key.doc, key.grammar);
            self.item(key.full, text, span, (CompletionItemKind::Property, key.grammar, &doc))
        };
        Some(offered.map(item).collect())
    }

    /// A key with the quotes and the colon that it lacks.
    fn written_key(&self, key: &str, typing: &Typing<'_>) -> String {
        match (self.lacks_colon, typing.is_quoted()) {
            (true, false) if self.json => format!("\"{key}\": "),
            (true, false) => format!("{key}: "),
            _ => key.to_owned(),
        }
    }

    /// What the reader of a value expects.
    fn values(&self, typing: &Typing<'_>, key: &'static Key) -> Option<Vec<CompletionItem>> {
        // In JSON rules stand in quotes, which are not there yet.
        if self.json && !typing.is_quoted() {
            return Some(Vec::new());
        }
        let words = &self.checked.judged.words;
        let found = typing.found;
        if key.full == keys::IGNORE {
            return self.codes(typing);
        }
        let (number, _) = found.object()?;
        let reference = found.document.objects.get(number).and_then(|at| {
            let value = found.document.object(at)?;
            read::reference(value)
        })?;
        if key.full == keys::INTENTS {
            return self.entries(typing, &reference);
        }
        let namespace = namespace(&reference, self.checked);
        let expected = expected(key, typing.text, typing.before.len(), words, namespace.as_ref());
        let typing = typing.from(expected.from)?;
        let span = self.replaced(&typing)?;
        let mut items = Vec::new();
        for candidate in &expected.candidates {
            items.push(self.candidate(candidate, span));
            if candidate.kind == Kind::Head {
                let names = self.objects(&candidate.text, &reference).into_iter();
                items.extend(names.map(|name| self.name(name, span)));
            }
        }
        Some(items)
    }

    /// The codes that an object may ignore.
    fn codes(&self, typing: &Typing<'_>) -> Option<Vec<CompletionItem>> {
        let typing = typing.from(typing.before.rfind(['\n', '\r']).map_or(0, |end| end + 1))?;
        if typing.before.contains([':', ' ']) {
            return Some(Vec::new());
        }
        let span = self.replaced(&typing)?;
        let rows = explain::rows().into_iter().filter(|row| can_be_silenced(row.verdict));
        let item = |row: explain::Row| {
            let said = (CompletionItemKind::EnumMember, row.summary, row.summary);
            self.item(row.code, format!("{}: ", row.code), span, said)
        };
        Some(rows.map(item).collect())
    }

    /// The span of what is typed already, if it stands there as it is meant.
    fn replaced(&self, typing: &Typing<'_>) -> Option<Span> {
        let length = u32::try_from(typing.before.len()).ok()?;
        let span = Span::new(self.offset.checked_sub(length)?, self.offset);
        (typing.source.slice(span) == typing.before).then_some(span)
    }

    fn name(&self, name: String, span: Span) -> CompletionItem {
        self.item(&name.clone(), name, span, (CompletionItemKind::Reference, "", ""))
    }

    fn candidate(&self, candidate: &Candidate, span: Span) -> CompletionItem {
        let kind = match candidate.kind {
            Kind::Word => CompletionItemKind::Keyword,
            Kind::Head => CompletionItemKind::Class,
            Kind::Level => CompletionItemKind::Enum,
            Kind::Name => CompletionItemKind::Constant,
        };
        let text = candidate.text.clone();
        self.item(&candidate.text, text, span, (kind, candidate.form, candidate.doc))
    }

    fn item(
        &self,
        label: &str,
        new_text: String,
        span: Span,
        (kind, detail, doc): (CompletionItemKind, &str, &str),
    ) -> CompletionItem {
        let range = self.document.text.range(span, self.documents.encoding);
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        CompletionItem {
            label: label.to_owned(),
            kind: Some(kind),
            detail: some(detail),
            documentation: some(doc).map(Documentation::String),
            filter_text: Some(label.to_owned()),
            text_edit: Some(CompletionItemTextEdit::TextEdit(TextEdit { range, new_text })),
            ..CompletionItem::default()
        }
    }
}

fn is_map_of_keys(segment: Option<&Segment>) -> bool {
    matches!(segment, Some(Segment::Key(name)) if name == "annotations" || name == "labels")
}

fn namespace(reference: &ObjectRef, checked: &Checked) -> Option<NamespaceFacts> {
    let name = reference.namespace.clone();
    let labels = checked.judged.answers.namespace(&name).cloned();
    (!name.is_empty()).then_some(NamespaceFacts { name, labels })
}

/// The object that a map of keys is part of, and the path of the map from its root. What is typed
/// into a map makes an object of it, so that it can be read.
fn object(found: &Field<'_>, words: &Words, map: &FieldPath) -> Option<(Object, FieldPath)> {
    let (number, _) = found.object()?;
    let at: &load::ObjectAt = found.document.objects.get(number)?;
    let path = FieldPath(map.0.get(at.path.0.len()..)?.to_vec());
    let mut value = found.document.object(at)?.clone();
    if let Some(typed) = value.pointer_mut(&path.pointer())
        && !typed.is_object()
    {
        *typed = Value::Object(serde_json::Map::new());
    }
    Some((read::object(&value, words).ok()?, path))
}

/// Where the keys of a map stand, as the table of keys has it.
fn place(object: &Object, map: &FieldPath) -> Option<Place> {
    let of = |path: &FieldPath| {
        let metadata = path.key("metadata");
        map.parent() == metadata
    };
    let in_template = |template: &FieldPath| of(template) && !template.0.is_empty();
    if object.templates.iter().any(|template| in_template(&template.path)) {
        let in_place = object.expands_in_place();
        return Some(if in_place { Place::ExpandedTemplate } else { Place::Template });
    }
    if !of(&FieldPath::root()) {
        return None;
    }
    let ObjectRef { kind, api_version, .. } = &object.reference;
    Some(if object.is_pod() {
        Place::Pod
    } else if !object.templates.is_empty() || KINDS.iter().any(|one| Some(one) == object.kind) {
        Place::Workload
    } else if kind == "Namespace" && api_version == "v1" {
        Place::Namespace
    } else if vocabulary::is_vocabulary(&object.reference) {
        Place::Vocabulary
    } else {
        Place::Other
    })
}
