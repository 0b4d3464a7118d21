//! What could stand at a place: keys, and what the reader of a key's value expects there.
//!
//! A text that is being typed is often no YAML yet. A word that nobody writes is put where the
//! cursor is, and the text is read with it: where that word comes out is what is being typed.

use std::collections::BTreeSet;

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
use crate::load::{self, Format, Source, Span, load};

use super::documents::{Document, Documents};
use super::judging::Checked;
use super::place::{Field, field};

/// Nobody writes this.
const PROBE: &str = "qzxqzxqzxqzxqzx";
/// So many names of objects are offered.
const MAX_NAMES: usize = 500;
/// So many other open documents are looked through for names.
const MAX_DOCUMENTS: usize = 50;

pub(super) fn completion(
    documents: &Documents,
    document: &Document,
    checked: &Checked,
    position: Position,
) -> Vec<CompletionItem> {
    let at = document.text.byte(position, documents.encoding);
    let offset = document.text.offset(position, documents.encoding);
    let asked = Asked { documents, document, checked, offset };
    let raw = document.text.raw.as_str();
    let (Some(before), Some(after)) = (raw.get(..at), raw.get(at..)) else { return Vec::new() };
    let line_end = after.find(['\n', '\r']).unwrap_or(after.len());
    // As it is typed; and, if that is no YAML, as a key whose value is yet to come.
    let typed = format!("{before}{PROBE}{after}");
    let rest = after.get(line_end..).unwrap_or_default();
    let as_key = format!("{before}{PROBE}: ''{rest}");
    asked.items(&typed, false).or_else(|| asked.items(&as_key, true)).unwrap_or_default()
}

/// What is asked.
struct Asked<'a> {
    documents: &'a Documents,
    document: &'a Document,
    checked: &'a Checked,
    offset: u32,
}

impl Asked<'_> {
    /// `None`: the text cannot be read.
    fn items(&self, text: &str, is_key: bool) -> Option<Vec<CompletionItem>> {
        let source = Source::new(self.document.name.clone(), text.as_bytes());
        let read = load(&source);
        let found =
            field(&read, &source, self.offset + 1).filter(|found| found.document.readable())?;
        let typed = found.text()?;
        let length = typed.find(PROBE)?;
        let before = typed.get(..length)?;
        let (last, map) = (found.path.0.last(), found.path.parent());
        if found.on_key {
            let bare = is_key && found.document.format == Format::Yaml;
            return self.keys(&source, &found, &map, before, bare);
        }
        if is_map_of_keys(last) {
            return self.keys(&source, &found, &found.path, before, true);
        }
        let key = found.key().filter(|_| is_map_of_keys(map.0.last()))?;
        self.values(&source, &found, key, typed, length)
    }

    /// Our keys, in the metadata at `map`; `bare`: with a colon behind them.
    fn keys(
        &self,
        source: &Source,
        found: &Field<'_>,
        map: &FieldPath,
        before: &str,
        bare: bool,
    ) -> Option<Vec<CompletionItem>> {
        let slot = match map.0.last()? {
            Segment::Key(name) if name == "annotations" => Slot::Annotation,
            Segment::Key(name) if name == "labels" => Slot::Label,
            _ => return Some(Vec::new()),
        };
        let span = self.replaced(source, before)?;
        let (object, path) = object(found, &self.checked.judged.words, map)?;
        let place = place(&object, &path)?;
        let there = found.document.value.pointer(&map.pointer()).and_then(Value::as_object);
        let is_there = |key: &Key| there.is_some_and(|there| there.contains_key(key.full));
        let offered = KEYS.iter().filter(|key| {
            let ours = key.author == Author::User && key.status == Status::Now;
            ours && key.slot == slot && key.places.contains(&place) && !is_there(key)
        });
        let item = |key: &'static Key| {
            let text = format!("{}{}", key.full, if bare { ": " } else { "" });
            let doc = format!("{}\n\n{}", key.doc, key.grammar);
            self.item(key.full, text, span, (CompletionItemKind::Property, key.grammar, &doc))
        };
        Some(offered.map(item).collect())
    }

    /// What the reader of a value expects.
    fn values(
        &self,
        source: &Source,
        found: &Field<'_>,
        key: &'static Key,
        typed: &str,
        length: usize,
    ) -> Option<Vec<CompletionItem>> {
        let words = &self.checked.judged.words;
        if key.full == keys::IGNORE {
            return self.codes(source, typed.get(..length)?);
        }
        let (number, _) = found.object()?;
        let reference = found.document.objects.get(number).and_then(|at| {
            let value = found.document.object(at)?;
            read::reference(value)
        })?;
        let namespace = namespace(&reference, self.checked);
        let expected = expected(key, typed, length, words, namespace.as_ref());
        let before = typed.get(expected.from..length)?;
        let span = self.replaced(source, before)?;
        let mut items = Vec::new();
        for candidate in &expected.candidates {
            items.push(self.candidate(candidate, span));
            if candidate.kind == Kind::Head {
                items.extend(self.objects(&candidate.text, &reference, span));
            }
        }
        Some(items)
    }

    /// The codes that an object may ignore.
    fn codes(&self, source: &Source, before: &str) -> Option<Vec<CompletionItem>> {
        let from = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
        let before = before.get(from..)?;
        if before.contains([':', ' ']) {
            return Some(Vec::new());
        }
        let span = self.replaced(source, before)?;
        let rows = explain::rows().into_iter().filter(|row| can_be_silenced(row.verdict));
        let item = |row: explain::Row| {
            let said = (CompletionItemKind::EnumMember, row.summary, row.summary);
            self.item(row.code, format!("{}: ", row.code), span, said)
        };
        Some(rows.map(item).collect())
    }

    /// The span of what is typed already, if it stands there as it is meant.
    fn replaced(&self, source: &Source, before: &str) -> Option<Span> {
        let length = u32::try_from(before.len()).ok()?;
        let span = Span::new(self.offset.checked_sub(length)?, self.offset);
        (source.slice(span) == before).then_some(span)
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

    /// The objects that a target may name, as the rules of `from` name them.
    fn objects(&self, head: &str, from: &ObjectRef, span: Span) -> Vec<CompletionItem> {
        let mut names = BTreeSet::new();
        for value in self.known() {
            if names.len() >= MAX_NAMES {
                break;
            }
            names.extend(targets(&value, head, from, &self.checked.judged.words));
        }
        let item = |name: String| {
            self.item(&name.clone(), name, span, (CompletionItemKind::Reference, "", ""))
        };
        names.into_iter().map(item).collect()
    }

    /// All objects that are known: those that the document was judged with, and those of the other
    /// documents that are open.
    fn known(&self) -> Vec<Value> {
        let index = &self.checked.judged.index;
        let mut known: Vec<Value> =
            index.objects().map(|(_, _, value)| Value::clone(&value)).collect();
        let read: BTreeSet<&str> =
            index.files.iter().map(|file| file.source.name.as_str()).collect();
        let others = self.documents.open.values();
        let others = others.filter(|other| !read.contains(other.name.as_str()));
        for other in others.take(MAX_DOCUMENTS) {
            let source = Source::new(other.name.clone(), other.text.raw.as_bytes());
            for document in load(&source) {
                known.extend(document.objects.iter().filter_map(|at| document.object(at).cloned()));
            }
        }
        known
    }
}

/// The targets that begin with a head and that an object is, or holds.
fn targets(value: &Value, head: &str, from: &ObjectRef, words: &Words) -> Vec<String> {
    let Some(reference) = read::reference(value) else { return Vec::new() };
    let ObjectRef { kind, namespace, name, .. } = &reference;
    let here = *namespace == from.namespace;
    if head == "pods(" {
        let Ok(object) = read::object(value, words) else { return Vec::new() };
        let labels = object.templates.iter().flat_map(|template| &template.labels);
        let apps = labels.filter(|(key, _)| APPS.contains(&key.as_str()) && here);
        return apps.map(|(key, value)| format!("pods({key}={value})")).collect();
    }
    let Some((_, _, is_own)) =
        HEADS.iter().find(|(known, named, _)| *known == head && kind.eq_ignore_ascii_case(named))
    else {
        return Vec::new();
    };
    match (here, is_own) {
        (true, _) => vec![format!("{head}{name}")],
        (false, false) if !namespace.is_empty() => vec![format!("{head}{namespace}/{name}")],
        (false, _) => Vec::new(),
    }
}

/// Labels that people tell applications by.
const APPS: &[&str] = &["app", "app.kubernetes.io/name", "app.kubernetes.io/instance", "k8s-app"];

/// The heads of targets, the kinds whose objects they name, and whether these are of the same
/// namespace always.
const HEADS: &[(&str, &str, bool)] = &[
    ("service/", "Service", false),
    ("deployment/", "Deployment", false),
    ("statefulset/", "StatefulSet", false),
    ("daemonset/", "DaemonSet", false),
    ("job/", "Job", false),
    ("lease/", "Lease", false),
    ("volume/", "PersistentVolumeClaim", true),
    ("node/", "Node", true),
];

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
