//! The nodes of one document, each with its span.

use super::source::Span;

/// The index of a node in its [`Arena`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// All nodes of one document.
#[derive(Clone, Debug, Default)]
pub struct Arena {
    /// A node stands before its children.
    pub nodes: Vec<Node>,
}

impl Arena {
    /// The node with this id; `None` if it is of another arena.
    #[must_use]
    pub fn get(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)
    }

    /// The node an alias stands for, or the node itself.
    #[must_use]
    pub fn target(&self, id: NodeId) -> NodeId {
        match self.get(id).map(|node| &node.kind) {
            Some(NodeKind::Alias(target)) => *target,
            _ => id,
        }
    }
}

/// One value as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// The bytes of the value itself: quotes and brackets included; a block collection from its
    /// first key or dash to the end of its last value; a block scalar from the first character of
    /// its text to the end of its last line of text. Empty (and at the place where a value would
    /// stand) for a value that is left out.
    pub span: Span,
    /// Where its anchor, tag or block scalar header (`|`, `>-`) starts, or `span.start`.
    pub outer_start: u32,
    /// The span of `&name`, if it has an anchor.
    pub anchor: Option<Span>,
    /// The tag in long form (`tag:yaml.org,2002:int`, `!local`); `!` is the non-specific tag.
    pub tag: Option<String>,
}

/// The kinds of node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A scalar, decoded but not yet resolved to a type.
    Scalar {
        /// Escapes, folding and indentation taken away; empty for a value that is left out.
        text: String,
        /// How it is written.
        style: Style,
    },
    /// A list.
    List {
        /// In order.
        items: Vec<NodeId>,
        /// `[a, b]` rather than one dash a line.
        flow: bool,
    },
    /// A mapping, entries as written: duplicates and `<<` included.
    Mapping {
        /// Key and value, in order.
        entries: Vec<(NodeId, NodeId)>,
        /// `{a: b}` rather than one key a line.
        flow: bool,
    },
    /// `*name`: another node, which is never an alias itself.
    Alias(NodeId),
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`.
    Single,
    /// `"…"`; every string of a JSON text.
    Double,
    /// `|`.
    Literal,
    /// `>`.
    Folded,
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From `#` to the end of the line.
    pub span: Span,
    /// Without the `#`, blanks at both ends taken away.
    pub text: String,
    /// Whether something else stands before it in its line.
    pub trailing: bool,
}
