//! The fields that a sentence may take the place of, and the object without them.

use std::collections::BTreeMap;

use placecard_findings::{FieldPath, Segment};
use serde_json::{Map, Value};

use super::Taken;
use crate::native;
use crate::object::{PodSpec, Template};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// The placement fields of a pod spec.
const FIELDS: [&str; 4] = ["nodeSelector", "affinity", "tolerations", "topologySpreadConstraints"];

/// A field that sentences can take the place of as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// `nodeSelector`.
    NodeSelector,
    /// Required node affinity, all of its terms.
    RequiredNodes,
    /// One preferred node term.
    PreferredNode(usize),
    /// One required pod affinity term.
    Near(usize),
    /// One preferred pod affinity term.
    PreferredNear(usize),
    /// One required pod anti-affinity term.
    Apart(usize),
    /// One preferred pod anti-affinity term.
    PreferredApart(usize),
    /// All topology spread constraints: together they switch the built-in ones off.
    Spread,
    /// One toleration.
    Toleration(usize),
}

impl Piece {
    /// From the pod spec.
    #[must_use]
    pub fn path(&self) -> FieldPath {
        let affinity = |kind: &str, strength: &str| FieldPath::of(&["affinity", kind, strength]);
        match self {
            Self::NodeSelector => FieldPath::of(&["nodeSelector"]),
            Self::RequiredNodes => affinity("nodeAffinity", REQUIRED),
            Self::PreferredNode(index) => affinity("nodeAffinity", PREFERRED).index(*index),
            Self::Near(index) => affinity("podAffinity", REQUIRED).index(*index),
            Self::PreferredNear(index) => affinity("podAffinity", PREFERRED).index(*index),
            Self::Apart(index) => affinity("podAntiAffinity", REQUIRED).index(*index),
            Self::PreferredApart(index) => affinity("podAntiAffinity", PREFERRED).index(*index),
            Self::Spread => FieldPath::of(&["topologySpreadConstraints"]),
            Self::Toleration(index) => FieldPath::of(&["tolerations"]).index(*index),
        }
    }
}

/// The pieces of a pod spec, node rules first: their words may bring tolerations with them.
pub(super) fn pieces(spec: &PodSpec) -> Vec<Piece> {
    let affinity = spec.affinity.clone().unwrap_or_default();
    let nodes = affinity.node_affinity.unwrap_or_default();
    let near = affinity.pod_affinity.unwrap_or_default();
    let apart = affinity.pod_anti_affinity.unwrap_or_default();
    let mut pieces = Vec::new();
    pieces.extend((!spec.node_selector.is_empty()).then_some(Piece::NodeSelector));
    pieces.extend(native::required_node_terms(spec).map(|_| Piece::RequiredNodes));
    let mut each = |count: usize, piece: fn(usize) -> Piece| pieces.extend((0..count).map(piece));
    let count = |list: Option<usize>| list.unwrap_or(0);
    each(native::required_affinity(spec).len(), Piece::Near);
    each(native::required_anti_affinity(spec).len(), Piece::Apart);
    each(usize::from(!spec.spread.is_empty()), |_| Piece::Spread);
    let preferred = nodes.preferred_during_scheduling_ignored_during_execution;
    each(count(preferred.map(|list| list.len())), Piece::PreferredNode);
    let preferred = near.preferred_during_scheduling_ignored_during_execution;
    each(count(preferred.map(|list| list.len())), Piece::PreferredNear);
    let preferred = apart.preferred_during_scheduling_ignored_during_execution;
    each(count(preferred.map(|list| list.len())), Piece::PreferredApart);
    // What is said in words comes behind what stays, so the last one goes first.
    pieces.extend((0..spec.tolerations.len()).rev().map(Piece::Toleration));
    pieces
}

/// What changes in the object: the placement fields of the template, and its annotations.
pub(super) fn edits(
    written: &Value,
    template: &Template,
    taken: &Taken,
) -> Vec<(FieldPath, Option<Value>)> {
    let at = template.path.key("spec");
    let Some(old) = written.pointer(&at.pointer()) else { return Vec::new() };
    let mut new = old.clone();
    let mut gone: Vec<FieldPath> = taken.iter().map(|(piece, _)| piece.path()).collect();
    gone.sort();
    // From the end of a list to its beginning, so that the places of the others stay.
    for path in gone.iter().rev() {
        remove(&mut new, path);
    }
    let changed = FIELDS.iter().filter(|field| old.get(field) != new.get(field));
    let mut edits: Vec<_> = changed.map(|field| (at.key(field), new.get(field).cloned())).collect();
    let mut texts: BTreeMap<&str, String> = BTreeMap::new();
    let mut in_order: Vec<_> = taken.iter().collect();
    in_order.sort_by_key(|(piece, _)| match piece {
        Piece::Toleration(index) => *index,
        _ => 0,
    });
    for line in in_order.into_iter().flat_map(|(_, lines)| lines) {
        let before = || template.annotations.get(line.key).map(|text| text.trim_end().to_owned());
        let text = texts.entry(line.key).or_insert_with(|| before().unwrap_or_default());
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line.text);
    }
    for (key, mut text) in texts {
        if text.contains('\n') {
            text.push('\n');
        }
        edits.push((template.annotation(key), Some(text.into())));
    }
    edits
}

/// Removes a field, and what is empty without it.
fn remove(spec: &mut Value, path: &FieldPath) {
    take_out(spec, path);
    let parent = path.parent();
    let empty = |value: &Value| match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    if !parent.0.is_empty() && spec.pointer(&parent.pointer()).is_some_and(empty) {
        remove(spec, &parent);
    }
}

fn take_out(value: &mut Value, path: &FieldPath) {
    let Some(last) = path.0.last() else { return };
    match (value.pointer_mut(&path.parent().pointer()), last) {
        (Some(Value::Object(fields)), Segment::Key(key)) => {
            fields.remove(key.as_str());
        }
        (Some(Value::Array(items)), Segment::Index(index)) if *index < items.len() => {
            items.remove(*index);
        }
        _ => {}
    }
}

/// Sets or removes a value; missing mappings on the way are made.
pub(super) fn set(value: &mut Value, path: &FieldPath, new: Option<Value>) {
    let Some(new) = new else { return take_out(value, path) };
    let mut at = value;
    for segment in &path.0 {
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        let next = match (at, segment) {
            (Value::Object(fields), Segment::Key(key)) => {
                Some(fields.entry(key.as_str()).or_insert(Value::Null))
            }
            (Value::Array(items), Segment::Index(index)) => items.get_mut(*index),
            _ => None,
        };
        let Some(next) = next else { return };
        at = next;
    }
    *at = new;
}
