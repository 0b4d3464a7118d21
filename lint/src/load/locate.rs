//! From a field path to the place where the field is written.

use placecard_findings::Segment;

use super::arena::{Arena, NodeId, NodeKind};
use super::document::{Document, MAX_DEPTH};
use super::source::{Source, Span};
use super::value::{first_line, is_merge, key_text};

/// Where a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    /// The key of the last mapping entry on the path; `None` for the root and for list items.
    pub key: Option<Span>,
    /// The value. It never holds a line break: of a value over several lines it is the part on the
    /// first line. Empty for a value that is left out.
    pub value: Span,
    /// The node of the value, with aliases followed: for [`super::inside()`].
    pub node: NodeId,
}

/// Finds the field at `path` (from the root of the document: an object's path in a `List` comes
/// first). Aliases and merge keys are followed to where the value is really written. `None` if there
/// is no such field; ask again with the parent.
#[must_use]
pub fn locate(document: &Document, source: &Source, path: &[Segment]) -> Option<Located> {
    if !document.readable() {
        return None;
    }
    let tree = document.tree(source);
    let arena = &tree.arena;
    let mut node = arena.target(tree.root?);
    let mut key = None;
    for segment in path {
        let found = match (segment, &arena.get(node)?.kind) {
            (Segment::Key(name), NodeKind::Mapping { .. }) => entry(arena, node, name, 0)?,
            (Segment::Index(index), NodeKind::List { items, .. }) => {
                Entry { key: None, value: *items.get(*index)? }
            }
            _ => return None,
        };
        key = found.key;
        node = arena.target(found.value);
    }
    let key = key.and_then(|key| arena.get(key)).map(|key| first_line(source, key.span));
    let value = first_line(source, arena.get(node)?.span);
    Some(Located { key, value, node })
}

#[derive(Clone, Copy)]
struct Entry {
    key: Option<NodeId>,
    value: NodeId,
}

/// The value of `name` in a mapping, whether it is written there or merged in.
pub(super) fn entry_of(arena: &Arena, mapping: NodeId, name: &str) -> Option<NodeId> {
    entry(arena, mapping, name, 0).map(|entry| entry.value)
}

/// The entry that decides the value of `name`, by Go's precedence: the last in the text, whether it
/// is written there or merged in; within the list of a merge key the first.
fn entry(arena: &Arena, mapping: NodeId, name: &str, depth: usize) -> Option<Entry> {
    let NodeKind::Mapping { entries, .. } = &arena.get(mapping)?.kind else { return None };
    if depth > MAX_DEPTH {
        return None;
    }
    entries.iter().rev().find_map(|(key, value)| {
        if !is_merge(arena, *key) {
            let same = key_text(arena, *key).is_ok_and(|text| text == name);
            return same.then_some(Entry { key: Some(*key), value: *value });
        }
        let merged = arena.target(*value);
        match &arena.get(*value)?.kind {
            NodeKind::List { items, .. } => {
                items.iter().find_map(|item| entry(arena, arena.target(*item), name, depth + 1))
            }
            _ => entry(arena, merged, name, depth + 1),
        }
    })
}
