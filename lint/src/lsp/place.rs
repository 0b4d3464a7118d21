//! From a place in a text to the field that is written there.

use placecard_findings::FieldPath;
use placecard_language::keys::{self, Key};

use crate::load::{Document, NodeId, NodeKind, Source, Tree};

/// A field at a place.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) document: &'a Document,
    pub(super) tree: &'a Tree,
    /// The position of the document in its file.
    pub(super) number: usize,
    /// From the root of the document.
    pub(super) path: FieldPath,
    /// The node of the key or of the value.
    pub(super) node: NodeId,
    /// The place is in the key.
    pub(super) on_key: bool,
}

impl Field<'_> {
    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.tree.arena.get(self.node)?.kind {
            NodeKind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The object that it is part of, and the rest of the path.
    pub(super) fn object(&self) -> Option<(usize, FieldPath)> {
        let within = |of: &FieldPath| self.path.0.starts_with(&of.0);
        let objects = self.document.objects.iter().enumerate();
        let (number, at) =
            objects.filter(|(_, at)| within(&at.path)).max_by_key(|(_, at)| at.path.0.len())?;
        Some((number, FieldPath(self.path.0.get(at.path.0.len()..)?.to_vec())))
    }

    /// The key of ours whose annotation or label this is.
    pub(super) fn key(&self) -> Option<&'static Key> {
        match self.path.0.last()? {
            placecard_findings::Segment::Key(key) => keys::find(key),
            placecard_findings::Segment::Index(_) => None,
        }
    }
}

/// The innermost field that is written at a byte; its ends count as it.
pub(super) fn field<'a>(
    documents: &'a [Document],
    source: &Source,
    byte: u32,
) -> Option<Field<'a>> {
    let holds = |document: &Document| document.span.start <= byte && byte <= document.span.end;
    // Where two meet, the byte is the first of the second.
    let (number, document) =
        documents.iter().enumerate().rev().find(|(_, document)| holds(document))?;
    let tree = document.tree(source);
    let arena = &tree.arena;
    let mut node = tree.root?;
    let mut path = FieldPath::root();
    let inside = |id: NodeId| {
        arena.get(id).is_some_and(|node| node.outer_start <= byte && byte <= node.span.end)
    };
    loop {
        let next = match &arena.get(node)?.kind {
            NodeKind::Mapping { entries, .. } => entries.iter().find_map(|(key, value)| {
                let name = match &arena.get(*key)?.kind {
                    NodeKind::Scalar { text, .. } => text.clone(),
                    _ => return None,
                };
                let on_key = inside(*key);
                (on_key || inside(*value))
                    .then(|| (path.key(&name), if on_key { *key } else { *value }, on_key))
            }),
            NodeKind::List { items, .. } => items
                .iter()
                .enumerate()
                .find_map(|(index, item)| inside(*item).then(|| (path.index(index), *item, false))),
            _ => None,
        };
        match next {
            Some((path, node, true)) => {
                return Some(Field { document, tree, number, path, node, on_key: true });
            }
            Some((deeper, inner, false)) => (path, node) = (deeper, inner),
            None => return Some(Field { document, tree, number, path, node, on_key: false }),
        }
    }
}
