//! From a site to the place in a file where it is written.

use std::collections::BTreeMap;

use placecard_findings::{FieldPath, Finding, ObjectRef, Part, Site};

use crate::index::{Index, ObjectId};
use crate::load::{Document, Located, Source, Span, TextMap, locate, text_map};

/// A place in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index of the file.
    pub file: usize,
    /// Line of its first character, from 1.
    pub line: u32,
    /// Column of its first character, from 1, in code points.
    pub column: u32,
    /// Column after its last character.
    pub end_column: u32,
    /// Bytes of the file's text; never with a line break.
    pub span: Span,
}

impl Place {
    /// The place of a span.
    #[must_use]
    pub fn new(file: usize, source: &Source, span: Span) -> Self {
        let (line, column) = source.line_column(span.start);
        let length = u32::try_from(source.slice(span).chars().count()).unwrap_or(u32::MAX);
        Self { file, line, column, end_column: column.saturating_add(length), span }
    }
}

/// A label with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedLabel {
    /// Where.
    pub place: Place,
    /// What it says there; may be empty.
    pub text: String,
    /// The field; `None` where a file cannot be read.
    pub path: Option<FieldPath>,
    /// Line and column (from 1, code points) inside the field's decoded value.
    pub in_value: Option<(u32, u32)>,
    /// The demand itself: the words inside a string, or the value as JSON.
    pub value: String,
}

/// A finding with its places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// What is wrong.
    pub finding: Finding,
    /// The primary one first; never empty.
    pub labels: Vec<PlacedLabel>,
    /// The places of the edits of its fix, in the same order.
    pub edits: Vec<Place>,
}

impl Placed {
    /// The place of the primary label.
    #[must_use]
    pub fn primary(&self) -> Place {
        self.labels.first().map(|label| label.place).unwrap_or_default()
    }

    /// The name of the primary label's file.
    #[must_use]
    pub fn file_name<'a>(&self, index: &'a Index) -> &'a str {
        index.files.get(self.primary().file).map_or("", |file| &file.source.name)
    }
}

/// Finds the places of all labels and edits of findings about the object `at`.
#[must_use]
pub fn place_all(index: &Index, at: ObjectId, findings: Vec<Finding>) -> Vec<Placed> {
    let mut placer = Placer { index, fields: BTreeMap::new() };
    findings.into_iter().map(|finding| placer.finding(at, finding)).collect()
}

/// Finds the places of one finding about the object `at`.
#[must_use]
pub fn place(index: &Index, at: ObjectId, finding: Finding) -> Placed {
    Placer { index, fields: BTreeMap::new() }.finding(at, finding)
}

/// A label at a span of a file that holds no object.
#[must_use]
pub fn place_span(index: &Index, file: usize, span: Span, text: &str) -> PlacedLabel {
    let source = index.files.get(file).map(|file| &file.source);
    PlacedLabel {
        place: source.map(|source| Place::new(file, source, span)).unwrap_or_default(),
        text: text.to_owned(),
        path: None,
        in_value: None,
        value: source.map(|source| source.slice(span).to_owned()).unwrap_or_default(),
    }
}

/// Remembers where fields are written: many findings are about one long annotation.
struct Placer<'a> {
    index: &'a Index,
    fields: BTreeMap<(ObjectId, FieldPath), Option<Field>>,
}

/// Where a field is written, and its text piece by piece.
#[derive(Clone)]
struct Field {
    located: Located,
    map: TextMap,
}

impl Placer<'_> {
    fn finding(&mut self, at: ObjectId, mut finding: Finding) -> Placed {
        let mut labels = Vec::new();
        for label in &finding.labels {
            let placed = self.site(at, &finding.object, &label.site);
            labels.push(PlacedLabel { text: label.text.clone(), ..placed });
        }
        if labels.is_empty() {
            labels.push(self.site(at, &finding.object, &Site::default()));
        }
        if let (Some(primary), Some(word)) = (labels.first_mut(), &finding.suggestion)
            && primary.text.is_empty()
        {
            primary.text = format!("did you mean {word}?");
        }
        let mut edits = Vec::new();
        for edit in finding.fix.iter().flat_map(|fix| &fix.edits) {
            edits.push(self.site(at, &finding.object, &edit.site).place);
        }
        // With the file at hand, a label is called by its line.
        let line = |label: usize| {
            let line = labels.get(label).map(|label: &PlacedLabel| label.place.line);
            line.map(|line| format!("line {line}")).unwrap_or_default()
        };
        for help in &mut finding.help {
            help.text = help.say(line);
            help.mentions.clear();
        }
        Placed { finding, labels, edits }
    }

    fn site(&mut self, at: ObjectId, own: &ObjectRef, site: &Site) -> PlacedLabel {
        let index = self.index;
        let id = match &site.object {
            Some(name) if name != own => {
                // What has no namespace may have been given one for the review.
                let bare = || ObjectRef { namespace: String::new(), ..name.clone() };
                index.find(name).or_else(|| index.find(&bare())).unwrap_or(at)
            }
            _ => at,
        };
        let mut placed = PlacedLabel {
            place: Place::default(),
            text: String::new(),
            path: Some(site.path.clone()),
            in_value: None,
            value: String::new(),
        };
        let Some((file, written)) = index.object(id) else { return placed };
        let (Some(document), Some(object)) = (written.document(), written.path()) else {
            return placed;
        };
        let path = object.join(&site.path);
        let span = self.span(id, (document, &file.source), object, &path, site);
        placed.place = Place::new(id.file, &file.source, span);
        if site.part == Part::Key {
            return placed;
        }
        if let Some(value) = document.value.pointer(&path.pointer()) {
            placed.value = match (value.as_str(), site.range()) {
                (Some(text), Some(range)) => {
                    placed.in_value = line_column(text, range.start);
                    text.get(range).unwrap_or(text).to_owned()
                }
                _ => value.to_string(),
            };
        }
        placed
    }

    /// The exact range, else the value, else the key, else the nearest parent that is there, else
    /// the start of the object.
    fn span(
        &mut self,
        id: ObjectId,
        (document, source): (&Document, &Source),
        object: &FieldPath,
        path: &FieldPath,
        site: &Site,
    ) -> Span {
        let mut path = path.clone();
        let mut exact = true;
        while path.0.len() >= object.0.len() {
            if let Some(Field { located, map }) = self.field(id, document, source, &path) {
                let key = located.key.unwrap_or(located.value);
                return match (site.part, site.range()) {
                    (Part::Value, Some(range)) if exact => map.first(range),
                    // The whole object is too much to mark: its first key stands for it.
                    _ if path.0.len() == object.0.len() => first_word(source, located.value),
                    (Part::Value, None) if exact && !located.value.is_empty() => located.value,
                    _ => key,
                };
            }
            if path.0.pop().is_none() {
                break;
            }
            exact = false;
        }
        first_word(source, Span::at(document.span.start))
    }

    fn field(
        &mut self,
        id: ObjectId,
        document: &Document,
        source: &Source,
        path: &FieldPath,
    ) -> Option<&Field> {
        let find = || {
            let located = locate(document, source, &path.0)?;
            Some(Field { located, map: text_map(document, source, located.node) })
        };
        self.fields.entry((id, path.clone())).or_insert_with(find).as_ref()
    }
}

/// The first word at or after the start of a span, in its line.
fn first_word(source: &Source, span: Span) -> Span {
    let Some(rest) = source.text.get(span.start as usize..) else { return span };
    let line = rest.lines().next().unwrap_or_default();
    let word = line.trim_start_matches([' ', '\t', '{', '[', '"', '\'']);
    let skipped = line.len() - word.len();
    let length = word.find([' ', '\t', ':', ',', '"', '\'']).unwrap_or(word.len());
    let at = |offset: usize| span.start + u32::try_from(offset).unwrap_or_default();
    Span::new(at(skipped), at(skipped + length))
}

/// Line and column of a byte of a text, both from 1, columns in code points.
fn line_column(text: &str, byte: usize) -> Option<(u32, u32)> {
    let before = text.get(..byte)?;
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some((u32::try_from(line).ok()?, u32::try_from(column).ok()?))
}
