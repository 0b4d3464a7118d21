//! One document of an input, and the Kubernetes objects in it.

use std::sync::OnceLock;

use placecard_findings::{FieldPath, Segment};
use serde_json::Value;

use super::arena::{Arena, Comment, Node, NodeId, NodeKind, Style};
use super::emit::Layout;
use super::locate::locate;
use super::problem::{Problem, ProblemKind, Syntax};
use super::scalar::{Resolved, resolve_plain};
use super::source::{Source, Span, to_u32};
use super::yaml::{self, Parsed, one_char};
use super::{json, lines, value};

/// Which syntax a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML.
    Yaml,
    /// JSON: the whole input is one or more JSON values.
    Json,
}

/// One document.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its position among the documents of the input that are not empty, from 0.
    pub index: usize,
    /// Its bytes: from its `---` (or the start of the text) to the next `---`.
    pub span: Span,
    /// How it is written.
    pub format: Format,
    /// Its value as JSON, as `kubectl` would send it; `null` if [`Document::readable`] is false.
    pub value: Value,
    /// The objects in it: itself, or the items of a `List`. Empty if it is not readable or not a
    /// mapping.
    pub objects: Vec<ObjectAt>,
    /// What is wrong with it, in the order of the text; at most [`MAX_PROBLEMS`].
    pub problems: Vec<Problem>,
    /// What is written where. Most documents are read for their value alone, and this is read when
    /// somebody asks for it.
    tree: OnceLock<Tree>,
}

/// What is written where in a document.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Its nodes.
    pub arena: Arena,
    /// Its outermost node; `None` if the syntax is broken.
    pub root: Option<NodeId>,
    /// Its comments, in order.
    pub comments: Vec<Comment>,
    /// Something in it is written once and read in several places.
    pub(super) has_aliases: bool,
    /// How it is indented, once somebody has looked.
    pub(super) layout: OnceLock<Layout>,
}

impl Tree {
    fn new(arena: Arena, root: Option<NodeId>, comments: Vec<Comment>) -> Self {
        let has_aliases = arena.nodes.iter().any(|node| matches!(node.kind, NodeKind::Alias(_)));
        Self { arena, root, comments, has_aliases, layout: OnceLock::new() }
    }

    /// The outermost node.
    #[must_use]
    pub fn outermost(&self) -> Option<&Node> {
        self.arena.get(self.root?)
    }
}

/// Nesting deeper than this is refused; Kubernetes' own types end far above it.
pub(super) const MAX_DEPTH: usize = 255;

/// At most so many problems of one document are kept.
pub const MAX_PROBLEMS: usize = 100;

/// An object in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectAt {
    /// From the root of the document to the object: empty, or `items[3]`.
    pub path: FieldPath,
}

impl Document {
    /// Whether `value` and `objects` can be trusted.
    #[must_use]
    pub fn readable(&self) -> bool {
        !self.problems.iter().any(Problem::blocks)
    }

    /// What is written where; `source` is the text that it was read from.
    #[must_use]
    pub fn tree(&self, source: &Source) -> &Tree {
        self.tree.get_or_init(|| {
            let parsed = yaml::parse(&source.text, self.span).into_iter().next();
            let Parsed { arena, root, comments, .. } = parsed.unwrap_or_default();
            Tree::new(arena, root, comments)
        })
    }

    /// The value of an object.
    #[must_use]
    pub fn object(&self, at: &ObjectAt) -> Option<&Value> {
        at.path.0.iter().try_fold(&self.value, |value, segment| match segment {
            Segment::Key(key) => value.get(key.as_str()),
            Segment::Index(index) => value.get(index),
        })
    }
}

/// The documents of a source, in order; empty ones are left out. Never fails: what cannot be read
/// is in [`Document::problems`].
#[must_use]
pub fn load(source: &Source) -> Vec<Document> {
    load_by(Way::Shortest, source)
}

/// As [`load`], without the short ways for what is printed by tools: slower, and the same comes of it.
/// The referee of [`load`].
#[must_use]
pub fn load_by_parser(source: &Source) -> Vec<Document> {
    load_by(Way::Parser, source)
}

/// How YAML is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Line by line and for its value alone, where that does.
    Shortest,
    /// By the parser of all of it.
    Parser,
}

fn load_by(way: Way, source: &Source) -> Vec<Document> {
    if let Some(problem) = &source.problem {
        let span = Span::new(0, to_u32(source.text.len()));
        let parsed = Parsed { problems: vec![Problem::clone(problem)], span, ..Parsed::default() };
        return documents(source, vec![parsed], Format::Yaml);
    }
    if !json::looks_like_json(&source.text) {
        return yaml_documents(way, source);
    }
    let values = json::parse(&source.text);
    if values.iter().all(|value| value.problems.is_empty()) {
        return documents(source, values, Format::Json);
    }
    // A flow mapping, or JSON values with `---` between them, is YAML.
    let yaml = yaml_documents(way, source);
    let is_yaml = yaml.iter().all(|document| {
        !document.problems.iter().any(|problem| matches!(problem.kind, ProblemKind::Syntax(_)))
    });
    if is_yaml || !means_json(source) {
        return yaml;
    }
    documents(source, values, Format::Json)
}

/// Whether the author of a broken text means JSON and not YAML.
fn means_json(source: &Source) -> bool {
    let body = source.text.trim_start().trim_start_matches(['{', '[']).trim_start();
    source.name.ends_with(".json") || body.is_empty() || body.starts_with(['"', '{', '['])
}

fn yaml_documents(way: Way, source: &Source) -> Vec<Document> {
    let mut all = Vec::new();
    for chunk in yaml::chunks(&source.text) {
        if let Some(problem) = control_character(source, chunk) {
            let problems = vec![problem];
            let broken = Parsed { problems, span: chunk, ..Parsed::default() };
            all.extend(document(source, broken, Format::Yaml));
        } else if way == Way::Shortest
            && let Some(value) = lines::value(&source.text, chunk)
        {
            all.push(of_value(source, value, chunk));
        } else {
            // What the lines have no value of is not what tools print.
            let parsed = yaml::parse_any(&source.text, chunk);
            all.extend(parsed.into_iter().filter_map(|one| document(source, one, Format::Yaml)));
        }
    }
    numbered(all)
}

/// The first character that YAML 1.1 does not allow in a text at all (`readerc.go` of go-yaml).
fn control_character(source: &Source, chunk: Span) -> Option<Problem> {
    let text = source.slice(chunk);
    // Most texts are of these alone, and looked through at once.
    let odd = |byte: u8| (byte < b' ' && byte != b'\n') | (byte > b'~');
    if !text.bytes().fold(false, |found, byte| found | odd(byte)) {
        return None;
    }
    let (at, character) = text.char_indices().find(|(_, character)| {
        !matches!(character, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{FFFD}' | '\u{10000}'..)
    })?;
    let span = one_char(&source.text, chunk.start + to_u32(at));
    Some(Problem::new(ProblemKind::Syntax(Syntax::Character { character }), span))
}

fn documents(source: &Source, parsed: Vec<Parsed>, format: Format) -> Vec<Document> {
    numbered(parsed.into_iter().filter_map(|one| document(source, one, format)).collect())
}

fn numbered(mut documents: Vec<Document>) -> Vec<Document> {
    for (index, document) in documents.iter_mut().enumerate() {
        document.index = index;
    }
    documents
}

/// A document of this value, in which nothing is wrong.
fn of_value(source: &Source, value: Value, span: Span) -> Document {
    let read = Document {
        index: 0,
        span,
        format: Format::Yaml,
        value,
        objects: Vec::new(),
        problems: Vec::new(),
        tree: OnceLock::new(),
    };
    with_objects(source, read)
}

fn document(source: &Source, parsed: Parsed, format: Format) -> Option<Document> {
    let Parsed { arena, root, comments, mut problems, span } = parsed;
    problems.truncate(MAX_PROBLEMS);
    if problems.is_empty() && root.is_none_or(|root| is_null(&arena, root)) {
        return None;
    }
    if let Some(at) = template(source, &arena, root, span, &problems) {
        problems = vec![Problem::new(ProblemKind::Template, at)];
    }
    let value = match root {
        Some(root) if !problems.iter().any(Problem::blocks) => {
            value::to_json(source, &arena, root, format, &mut problems)
        }
        _ => Value::Null,
    };
    let tree = OnceLock::from(Tree::new(arena, root, comments));
    let read = Document { index: 0, span, format, value, objects: Vec::new(), problems, tree };
    Some(with_objects(source, read))
}

/// Finds the objects of a document.
fn with_objects(source: &Source, mut document: Document) -> Document {
    let mut objects = Vec::new();
    flatten(&document.value, &FieldPath::root(), 0, &mut objects);
    document.objects = objects;
    if let Some(at) = templated_name(source, &document) {
        document.problems = vec![Problem::new(ProblemKind::Template, at)];
        document.value = Value::Null;
        document.objects.clear();
    }
    document
}

/// `kubectl` passes over a document that is nothing or `null`.
fn is_null(arena: &Arena, root: NodeId) -> bool {
    match arena.get(root) {
        Some(Node { kind: NodeKind::Scalar { text, style: Style::Plain }, tag: None, .. }) => {
            matches!(resolve_plain(text), Resolved::Null)
        }
        _ => false,
    }
}

/// The items of a list are objects of their own, in any depth that a reader could write.
fn flatten(value: &Value, path: &FieldPath, depth: usize, objects: &mut Vec<ObjectAt>) {
    let Value::Object(map) = value else { return };
    let kind = map.get("kind").and_then(Value::as_str).unwrap_or_default();
    match map.get("items") {
        Some(Value::Array(items)) if kind.ends_with("List") && depth < MAX_LISTS => {
            let path = path.key("items");
            for (index, item) in items.iter().enumerate() {
                flatten(item, &path.index(index), depth + 1, objects);
            }
        }
        _ => objects.push(ObjectAt { path: path.clone() }),
    }
}

/// Lists in lists are followed so deep.
const MAX_LISTS: usize = 16;

/// Where a template begins that was not rendered: `{{` where YAML reads a mapping as a key, or
/// anywhere outside quotes in a text that is not YAML.
fn template(
    source: &Source,
    arena: &Arena,
    root: Option<NodeId>,
    span: Span,
    problems: &[Problem],
) -> Option<Span> {
    let broken = problems.iter().any(|problem| matches!(problem.kind, ProblemKind::Syntax(_)));
    if broken {
        return placeholder(source, span);
    }
    root?;
    arena.nodes.iter().find_map(|node| {
        let text = source.slice(node.span);
        let doubled =
            matches!(node.kind, NodeKind::Mapping { flow: true, .. }) && text.starts_with("{{");
        doubled.then(|| value::first_line(source, node.span))
    })
}

/// The first `{{ … }}` or `{% … %}` of a document outside quotes and comments.
fn placeholder(source: &Source, span: Span) -> Option<Span> {
    let mut start = span.start;
    for line in source.slice(span).split_inclusive('\n') {
        let found = line.find("{{").or_else(|| line.find("{%"));
        if let Some(at) = found {
            let before = line.get(..at).unwrap_or_default();
            let quoted =
                before.matches('"').count() % 2 == 1 || before.matches('\'').count() % 2 == 1;
            let commented = before.trim_start().starts_with('#') || before.contains(" #");
            if !quoted && !commented {
                let rest = line.get(at..).unwrap_or_default();
                let end = rest.find("}}").or_else(|| rest.find("%}")).map(|end| end + 2);
                let len = end.unwrap_or_else(|| rest.trim_end().len());
                let at = start + to_u32(at);
                return Some(Span::new(at, at + to_u32(len)));
            }
        }
        start += to_u32(line.len());
    }
    None
}

/// An object whose kind, name or namespace is still a placeholder: no API server would take it.
fn templated_name(source: &Source, document: &Document) -> Option<Span> {
    const FIELDS: [&[&str]; 5] = [
        &["apiVersion"],
        &["kind"],
        &["metadata", "name"],
        &["metadata", "generateName"],
        &["metadata", "namespace"],
    ];
    document.objects.iter().find_map(|object| {
        let written = document.object(object)?;
        FIELDS.iter().find_map(|field| {
            let value = field.iter().try_fold(written, |at, key| at.get(*key))?.as_str()?;
            if !(value.contains("{{") && value.contains("}}")) {
                return None;
            }
            let path = object.path.join(&FieldPath::of(field));
            locate(document, source, &path.0).map(|found| found.value)
        })
    })
}
