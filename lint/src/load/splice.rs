//! New values in an old text, everything else byte for byte.
//!
//! The sets are applied to the value; then old and new value are compared along the nodes, so that
//! only what differs is written anew. The result is read back and must be the new value.

use placecard_findings::{FieldPath, Segment};
use serde_json::{Map, Value};

use super::arena::{NodeId, NodeKind};
use super::document::{Document, load};
use super::edit::{Editor, Slot};
use super::part::{Part, Patch, part_of};
use super::source::Source;
use super::value::{is_merge, key_text};

/// One value to set.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// From the root of the document; missing parents are created as mappings. The position after
    /// the last item of a list appends to it.
    pub path: FieldPath,
    /// The new value; what is equal in the old one stays as it is written. `None` removes the key
    /// or item.
    pub value: Option<Value>,
}

/// Why a text cannot be edited in place; the caller then writes the whole document anew with
/// [`super::emit_yaml`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The document is not readable.
    NotReadable,
    /// The place is written elsewhere, and edits there would change more than this: an alias.
    Alias {
        /// The path that is reached through it.
        path: FieldPath,
    },
    /// As `Alias`, through a merge key `<<`.
    Merge {
        /// The path that is reached through it.
        path: FieldPath,
    },
    /// A path that runs through a scalar, or past the end of a list.
    NoSuchParent {
        /// The path.
        path: FieldPath,
    },
    /// The edited text would not read back as the values asked for (an anchor that is used
    /// elsewhere, a key in the explicit `? key` form).
    WouldNotReadBack,
}

/// The text of `document` (the bytes of its span) with `sets` applied in order. Only the changed
/// values change; comments, layout and line breaks elsewhere stay. Reading the result gives exactly
/// the old value with the sets applied: this is checked.
///
/// # Errors
/// A [`Refusal`] if that cannot be done.
pub fn splice(source: &Source, document: &Document, sets: &[Set]) -> Result<String, Refusal> {
    let root = root(source, document)?;
    let wanted = applied(&document.value, sets)?;
    if wanted == document.value {
        return Ok(source.slice(document.span).to_owned());
    }
    let mut editor = Editor::new(source, document);
    change(&mut editor, root, Slot::Root, &document.value, &wanted, &FieldPath::root())?;
    let patch = editor.finish().ok_or(Refusal::WouldNotReadBack)?;
    let text = Part::whole(document).patched(source, &patch);
    let read = load(&Source::new(source.name.clone(), text.as_bytes()));
    match read.as_slice() {
        [only] if only.readable() && only.value == wanted => Ok(text),
        _ => Err(Refusal::WouldNotReadBack),
    }
}

/// What [`splice`] does, as a replacement, and the part of the document that it stays in. Neither what
/// it takes nor what is read back grows with what stands beside that part.
///
/// # Errors
/// As for [`splice`].
pub fn splice_part(
    source: &Source,
    document: &Document,
    sets: &[Set],
) -> Result<(Part, Patch), Refusal> {
    let root = root(source, document)?;
    let meet = meet(&document.value, sets);
    let refused = || Refusal::NoSuchParent { path: meet.clone() };
    let old = document.value.pointer(&meet.pointer()).ok_or_else(refused)?;
    let wanted = applied_below(old, &meet, sets)?;
    let mut editor = Editor::new(source, document);
    let way = way(&editor, root, &meet)?;
    if wanted != *old {
        let (node, slot) = way.last().map_or((root, Slot::Root), |step| (step.value, step.slot));
        change(&mut editor, node, slot, old, &wanted, &meet)?;
    }
    let patch = editor.finish().ok_or(Refusal::WouldNotReadBack)?;
    let part = part_of(source, document, sets, &patch).ok_or(Refusal::WouldNotReadBack)?;
    Ok((part, patch))
}

/// The outermost node of a document that can be edited.
fn root(source: &Source, document: &Document) -> Result<NodeId, Refusal> {
    document.tree(source).root.filter(|_| document.readable()).ok_or(Refusal::NotReadable)
}

/// The innermost collection that all sets stay in.
pub(super) fn meet(value: &Value, sets: &[Set]) -> FieldPath {
    let mut paths = sets.iter().map(|set| set.path.parent());
    let mut meet = paths.next().unwrap_or_default();
    for path in paths {
        let same = meet.0.iter().zip(&path.0).take_while(|(one, other)| one == other).count();
        meet.0.truncate(same);
    }
    while !meet.0.is_empty() && !value.pointer(&meet.pointer()).is_some_and(is_collection) {
        meet.0.pop();
    }
    meet
}

fn is_collection(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// A step from a collection to a value in it.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// The key; `None` for an item.
    pub(super) key: Option<NodeId>,
    pub(super) value: NodeId,
    pub(super) slot: Slot,
}

/// From the outermost node to a value, as [`change`] goes.
pub(super) fn way(editor: &Editor<'_>, root: NodeId, to: &FieldPath) -> Result<Vec<Step>, Refusal> {
    let mut steps = Vec::new();
    let (mut node, mut path) = (root, FieldPath::root());
    for segment in &to.0 {
        let kind = editor.arena().get(node).map(|node| &node.kind);
        let (step, next) = match (kind, segment) {
            (Some(NodeKind::Mapping { entries, flow }), Segment::Key(key)) => {
                let mapping = Mapping { id: node, entries, flow: *flow };
                let (key_id, value) = written(editor, &mapping, key, &path)?;
                let slot = if *flow { Slot::Flow } else { Slot::Value { key: key_id } };
                (Step { key: Some(key_id), value, slot }, path.key(key))
            }
            (Some(NodeKind::List { items, flow }), Segment::Index(index)) => {
                let value = *items.get(*index).ok_or(Refusal::WouldNotReadBack)?;
                let slot = if *flow { Slot::Flow } else { Slot::Item };
                (Step { key: None, value, slot }, path.index(*index))
            }
            (Some(NodeKind::Alias(_)), _) => return Err(Refusal::Alias { path }),
            _ => return Err(Refusal::WouldNotReadBack),
        };
        steps.push(step);
        (node, path) = (step.value, next);
    }
    Ok(steps)
}

/// A value at a path with the sets applied that are all below it.
pub(super) fn applied_below(value: &Value, at: &FieldPath, sets: &[Set]) -> Result<Value, Refusal> {
    let mut wanted = value.clone();
    for set in sets {
        let rest = set.path.0.get(at.0.len()..).unwrap_or_default();
        apply(&mut wanted, rest, set.value.as_ref())
            .ok_or_else(|| Refusal::NoSuchParent { path: set.path.clone() })?;
    }
    Ok(wanted)
}

/// `value` with `sets` applied in order: what the caller writes anew after a [`Refusal`].
///
/// # Errors
/// [`Refusal::NoSuchParent`].
pub fn applied(value: &Value, sets: &[Set]) -> Result<Value, Refusal> {
    applied_below(value, &FieldPath::root(), sets)
}

fn apply(value: &mut Value, path: &[Segment], new: Option<&Value>) -> Option<()> {
    let [first, rest @ ..] = path else {
        *value = new.cloned().unwrap_or(Value::Null);
        return Some(());
    };
    match first {
        Segment::Key(key) => {
            if value.is_null() && new.is_some() {
                *value = Value::Object(Map::new());
            }
            if value.is_null() {
                return Some(());
            }
            let map = value.as_object_mut()?;
            if new.is_some() {
                return apply(map.entry(key.clone()).or_insert(Value::Null), rest, new);
            }
            if rest.is_empty() {
                map.remove(key.as_str());
                return Some(());
            }
            map.get_mut(key.as_str()).map_or(Some(()), |value| apply(value, rest, new))
        }
        Segment::Index(index) => {
            let items = value.as_array_mut()?;
            if new.is_some() && *index == items.len() {
                items.push(Value::Null);
            }
            if new.is_none() && rest.is_empty() {
                return (*index < items.len()).then(|| {
                    items.remove(*index);
                });
            }
            apply(items.get_mut(*index)?, rest, new)
        }
    }
}

/// Writes the difference between two values of one node.
fn change(
    editor: &mut Editor<'_>,
    id: NodeId,
    slot: Slot,
    old: &Value,
    new: &Value,
    path: &FieldPath,
) -> Result<(), Refusal> {
    if old == new {
        return Ok(());
    }
    let Some(node) = editor.arena().get(id) else { return Err(Refusal::WouldNotReadBack) };
    let mark = editor.mark();
    let done = match (&node.kind, old, new) {
        (NodeKind::Alias(_), ..) => return Err(Refusal::Alias { path: path.clone() }),
        (NodeKind::Mapping { entries, flow }, Value::Object(old), Value::Object(new)) => {
            let mapping = Mapping { id, entries, flow: *flow };
            change_mapping(editor, &mapping, old, new, path)?
        }
        (NodeKind::List { items, flow }, Value::Array(old), Value::Array(new)) => {
            change_list(editor, (id, items, *flow), old, new, path)?
        }
        _ => false,
    };
    if !done {
        editor.back_to(mark);
        editor.replace(id, slot, new).ok_or(Refusal::WouldNotReadBack)?;
    }
    Ok(())
}

struct Mapping<'a> {
    id: NodeId,
    entries: &'a [(NodeId, NodeId)],
    flow: bool,
}

/// Edits the entries that differ; false if the mapping has to be written anew.
fn change_mapping(
    editor: &mut Editor<'_>,
    mapping: &Mapping<'_>,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    path: &FieldPath,
) -> Result<bool, Refusal> {
    let removed: Vec<&String> = old.keys().filter(|key| !new.contains_key(*key)).collect();
    let added: Vec<(&String, &Value)> =
        new.iter().filter(|(key, _)| !old.contains_key(*key)).collect();
    if mapping.entries.is_empty() || new.is_empty() {
        return Ok(false);
    }
    if mapping.flow && !removed.is_empty() {
        let mut gone = Vec::new();
        for key in &removed {
            gone.push(written(editor, mapping, key, path)?.0);
        }
        let spans = editor.entry_spans(mapping.entries);
        let is_gone =
            |index: usize| mapping.entries.get(index).is_some_and(|one| gone.contains(&one.0));
        if !added.is_empty() || !editor.remove_between(&spans, &is_gone) {
            return Ok(false);
        }
    }
    for key in removed.into_iter().filter(|_| !mapping.flow) {
        let (key_id, value_id) = written(editor, mapping, key, path)?;
        let last = mapping.entries.last().is_some_and(|(last, _)| *last == key_id);
        if (last && !added.is_empty()) || !editor.remove_entry(key_id, value_id) {
            return Ok(false);
        }
    }
    for (key, value) in old {
        let Some(wanted) = new.get(key).filter(|wanted| *wanted != value) else { continue };
        let (key_id, value_id) = written(editor, mapping, key, path)?;
        let slot = if mapping.flow { Slot::Flow } else { Slot::Value { key: key_id } };
        change(editor, value_id, slot, value, wanted, &path.key(key))?;
    }
    if !added.is_empty() {
        let added: Option<()> = if mapping.flow {
            editor.append_flow_entries(mapping.id, mapping.entries, &added)
        } else {
            editor.append_entries(mapping.id, &added)
        };
        added.ok_or(Refusal::WouldNotReadBack)?;
    }
    Ok(true)
}

/// The entry of a mapping that decides the value of a key, if it is written there.
fn written(
    editor: &Editor<'_>,
    mapping: &Mapping<'_>,
    key: &str,
    path: &FieldPath,
) -> Result<(NodeId, NodeId), Refusal> {
    let arena = editor.arena();
    for (key_id, value_id) in mapping.entries.iter().rev() {
        if is_merge(arena, *key_id) {
            // Whatever is merged after the entry could decide it: the check at the end would say
            // so, but this says why.
            if editor.merges(*value_id, key) {
                return Err(Refusal::Merge { path: path.key(key) });
            }
        } else if key_text(arena, *key_id).is_ok_and(|text| text == key) {
            return Ok((*key_id, *value_id));
        }
    }
    Err(Refusal::WouldNotReadBack)
}

/// Edits the items that differ, or appends; false if the list has to be written anew.
fn change_list(
    editor: &mut Editor<'_>,
    (id, items, flow): (NodeId, &[NodeId], bool),
    old: &[Value],
    new: &[Value],
    path: &FieldPath,
) -> Result<bool, Refusal> {
    if items.len() == old.len() && new.len() < old.len() && !new.is_empty() {
        let Some(gone) = left_out(old, new) else { return Ok(false) };
        if !flow {
            let gone = items.iter().enumerate().filter(|(index, _)| gone.contains(index));
            return Ok(gone.map(|(_, item)| *item).all(|item| editor.remove_item(item)));
        }
        let spans = editor.item_spans(items);
        return Ok(editor.remove_between(&spans, &|index| gone.contains(&index)));
    }
    if items.len() != old.len() || old.is_empty() || new.len() < old.len() {
        return Ok(false);
    }
    let added = new.get(old.len()..).unwrap_or_default();
    let same = old.iter().zip(new).all(|(old, new)| old == new);
    if !added.is_empty() && !same {
        return Ok(false);
    }
    for (index, ((item, old), new)) in items.iter().zip(old).zip(new).enumerate() {
        let slot = if flow { Slot::Flow } else { Slot::Item };
        change(editor, *item, slot, old, new, &path.index(index))?;
    }
    if !added.is_empty() {
        let appended = if flow {
            editor.append_flow_items(items, added)
        } else {
            editor.append_items(id, added)
        };
        appended.ok_or(Refusal::WouldNotReadBack)?;
    }
    Ok(true)
}

/// The positions of a list that are not in a shorter one; `None` if that has other items too.
fn left_out(old: &[Value], new: &[Value]) -> Option<Vec<usize>> {
    let mut rest = new.iter().peekable();
    let mut gone = Vec::new();
    for (index, item) in old.iter().enumerate() {
        if rest.next_if_eq(&item).is_none() {
            gone.push(index);
        }
    }
    rest.next().is_none().then_some(gone)
}
