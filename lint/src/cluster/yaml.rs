//! YAML of a cluster, cut into documents, and documents that are lists into items, so that a list of
//! any length takes the memory of one item.
//!
//! The items of a list under a top-level `items:` begin with a dash in one column. YAML lets no line
//! of an item begin there otherwise, not even inside a quoted text or a block of text.

use placecard_findings::Segment;
use placecard_policies::snapshot::problem::{ObjectName, Place, Problem, ProblemKind};
use placecard_policies::snapshot::seen::Intake;
use placecard_policies::snapshot::stream::{LARGEST_OBJECT, Reader};
use serde_json::Value;

use crate::load::{self, Source};

/// Cuts a text, however its bytes arrive.
#[derive(Debug)]
pub(super) struct Splitter {
    /// The line that has begun.
    line: Vec<u8>,
    /// Its number.
    number: u64,
    /// What belongs together and has arrived so far.
    piece: Piece,
    /// The document around the items of a list, without them.
    around: Piece,
    place: Where,
    any: bool,
}

/// Some lines.
#[derive(Debug, Default)]
struct Piece {
    text: Vec<u8>,
    /// The number of the first one.
    line: u64,
    /// It is longer than any object; the rest is dropped.
    too_large: bool,
}

/// Where the next line belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    /// To the document.
    Document,
    /// After `items:`.
    BeforeItems,
    /// To an item, whose dash stands after so many blanks.
    Item(usize),
}

impl Piece {
    fn add(&mut self, line: &[u8], number: u64) {
        if self.text.is_empty() && !self.too_large {
            self.line = number;
        }
        if self.text.len() + line.len() > LARGEST_OBJECT {
            self.too_large = true;
            self.text.clear();
        }
        if !self.too_large {
            self.text.extend_from_slice(line);
        }
    }
}

impl Splitter {
    pub(super) fn new() -> Self {
        Self {
            line: Vec::new(),
            number: 1,
            piece: Piece::default(),
            around: Piece::default(),
            place: Where::Document,
            any: false,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8], to: &mut Intake<'_>) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            // A line that never ends is kept no further than an object may be long.
            if self.line.len() <= LARGEST_OBJECT {
                self.line.extend_from_slice(part);
            }
            if part.ends_with(b"\n") {
                self.end_line(to);
            }
        }
    }

    pub(super) fn finish(mut self, to: &mut Intake<'_>) {
        self.end_line(to);
        self.end_document(to);
        if !self.any {
            to.complain(Problem::whole(ProblemKind::Empty));
        }
    }

    fn end_line(&mut self, to: &mut Intake<'_>) {
        let line = std::mem::take(&mut self.line);
        let content = line.iter().position(|byte| !matches!(byte, b' ' | b'\r' | b'\n' | b'\t'));
        let indent = line.iter().take_while(|byte| **byte == b' ').count();
        let rest = line.get(indent..).unwrap_or_default();
        let dash = rest.first() == Some(&b'-')
            && rest.get(1).is_none_or(|next| matches!(next, b' ' | b'\n' | b'\r' | b'\t'));
        let idle = content.is_none() || rest.first() == Some(&b'#');
        if is_mark(&line) {
            self.end_document(to);
        } else {
            match self.place {
                Where::BeforeItems if !idle && dash => self.place = Where::Item(indent),
                Where::BeforeItems if !idle => self.place = Where::Document,
                Where::Item(column) if !idle && (indent < column || indent == column && !dash) => {
                    self.end_item(to);
                    self.place = Where::Document;
                }
                Where::Item(column) if !idle && indent == column => self.end_item(to),
                _ => {}
            }
            match self.place {
                Where::Item(_) => self.piece.add(&line, self.number),
                _ => self.around.add(&line, self.number),
            }
            let items = line.strip_prefix(b"items:").map(|rest| {
                let rest = rest.trim_ascii();
                rest.is_empty() || rest.starts_with(b"#")
            });
            if self.place == Where::Document && items == Some(true) {
                self.place = Where::BeforeItems;
            }
        }
        self.number += 1;
        self.line = line;
        self.line.clear();
    }

    fn end_item(&mut self, to: &mut Intake<'_>) {
        let piece = std::mem::take(&mut self.piece);
        if !piece.text.is_empty() || piece.too_large {
            let list = ListKind::of(&self.around.text);
            self.any |= read(&piece, list.as_ref(), to);
        }
    }

    fn end_document(&mut self, to: &mut Intake<'_>) {
        self.end_item(to);
        let piece = std::mem::take(&mut self.around);
        if !piece.text.is_empty() || piece.too_large {
            self.any |= read(&piece, None, to);
        }
        self.place = Where::Document;
    }
}

/// `---` and `...`, which nothing in a document can begin with.
fn is_mark(line: &[u8]) -> bool {
    let rest = line.strip_prefix(b"---").or_else(|| line.strip_prefix(b"..."));
    rest.is_some_and(|rest| {
        rest.first().is_none_or(|next| matches!(next, b' ' | b'\n' | b'\r' | b'\t'))
    })
}

/// What the items of a list are if they do not say it: those of a `PodList` are pods.
struct ListKind {
    kind: String,
    api_version: String,
}

impl ListKind {
    fn of(around: &[u8]) -> Option<Self> {
        let field = |name: &str| {
            let mut lines = around.split(|byte| *byte == b'\n');
            let value = lines.find_map(|line| line.strip_prefix(name.as_bytes()))?;
            let value = std::str::from_utf8(value).ok()?.trim();
            Some(value.trim_matches(['"', '\'']).to_owned())
        };
        let kind = field("kind:")?.strip_suffix("List").filter(|kind| !kind.is_empty())?.to_owned();
        Some(Self { kind, api_version: field("apiVersion:").unwrap_or_default() })
    }
}

/// Reads the documents of a piece; false if there is nothing in it.
fn read(piece: &Piece, list: Option<&ListKind>, to: &mut Intake<'_>) -> bool {
    let first = Place { line: piece.line, column: 1 };
    if piece.too_large {
        let kind = ProblemKind::TooLarge { limit: LARGEST_OBJECT };
        to.complain(Problem { place: Some(first), object: None, kind });
        return true;
    }
    let source = Source::new("", &piece.text);
    let documents = load::load(&source);
    for document in &documents {
        let at = |span: load::Span| {
            let (line, column) = source.line_column(span.start);
            Place { line: piece.line + u64::from(line) - 1, column: column.into() }
        };
        if let Some(problem) = document.problems.iter().find(|problem| problem.blocks()) {
            let (message, _) = load::describe(problem);
            let kind = ProblemKind::Unreadable { path: String::new(), message };
            let object = Some(guess_name(&piece.text));
            to.complain(Problem { place: Some(at(problem.span)), object, kind });
            continue;
        }
        let (objects, in_list) = match &document.value {
            Value::Array(objects) => (objects.as_slice(), true),
            other => (std::slice::from_ref(other), false),
        };
        for (index, value) in objects.iter().enumerate() {
            let mark = to.problem_count();
            take(value, list, to);
            for problem in to.problems_since(mark) {
                let mut path = Vec::new();
                path.extend(in_list.then_some(Segment::Index(index)));
                if let ProblemKind::Unreadable { path: written, .. } = &problem.kind {
                    path.extend(segments(value, written));
                }
                let located = load::locate(document, &source, &path);
                problem.place = Some(located.map_or(first, |found| at(found.value)));
            }
        }
    }
    !documents.is_empty()
}

/// Gives an object, a list or a mapping of lists to the reader of JSON.
fn take(value: &Value, list: Option<&ListKind>, to: &mut Intake<'_>) {
    let mut named = None;
    if let (Value::Object(fields), Some(list)) = (value, list)
        && !fields.contains_key("kind")
    {
        let mut fields = fields.clone();
        fields.insert("kind".to_owned(), list.kind.clone().into());
        fields.insert("apiVersion".to_owned(), list.api_version.clone().into());
        named = Some(Value::Object(fields));
    }
    let json = named.as_ref().unwrap_or(value).to_string();
    let mut reader = Reader::new();
    // In a list, so that something that is no object is one object that is left out.
    reader.push(b"[", to);
    reader.push(json.as_bytes(), to);
    reader.push(b"]", to);
    reader.finish(to);
}

/// The path that is written `spec.containers[0].name`. Keys may have dots and brackets in them, so
/// the longest one that is there is taken.
fn segments(value: &Value, written: &str) -> Vec<Segment> {
    let (mut value, mut rest) = (value, written);
    let mut found = Vec::new();
    loop {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        let ends = |after: &str| after.is_empty() || after.starts_with(['.', '[']);
        match value {
            Value::Object(fields) => {
                let here = |key: &&String| rest.strip_prefix(key.as_str()).is_some_and(ends);
                let Some(key) = fields.keys().filter(here).max_by_key(|key| key.len()) else {
                    return found;
                };
                rest = rest.get(key.len()..).unwrap_or_default();
                value = fields.get(key).unwrap_or(&Value::Null);
                found.push(Segment::key(key));
            }
            Value::Array(items) => {
                let index = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
                let Some((index, after)) = index else {
                    return found;
                };
                let Some((index, item)) =
                    index.parse::<usize>().ok().and_then(|index| Some((index, items.get(index)?)))
                else {
                    return found;
                };
                (value, rest) = (item, after);
                found.push(Segment::Index(index));
            }
            _ => return found,
        }
    }
}

/// How an object is called whose YAML cannot be read, going by its lines.
fn guess_name(text: &[u8]) -> ObjectName {
    let text = String::from_utf8_lossy(text);
    let mut name = ObjectName::default();
    for line in text.lines() {
        let line = line.trim_start_matches(['-', ' ']);
        let field = |key: &str| {
            let value = line.strip_prefix(key)?.trim().trim_matches(['"', '\'']);
            Some(value.chars().take(253).collect::<String>())
        };
        let fields = [
            (&mut name.kind, field("kind:")),
            (&mut name.name, field("name:")),
            (&mut name.namespace, field("namespace:")),
        ];
        for (known, found) in fields {
            if let Some(found) = found.filter(|_| known.is_empty()) {
                *known = found;
            }
        }
    }
    name
}
