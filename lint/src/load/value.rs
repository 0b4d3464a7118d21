//! An arena to JSON, as `sigs.k8s.io/yaml` does it, under budgets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::arena::{Arena, Node, NodeId, NodeKind, Style};
use super::document::{Format, MAX_DEPTH, MAX_PROBLEMS};
use super::problem::{Problem, ProblemKind};
use super::scalar::{self, Scalar};
use super::source::{Source, Span};

/// Text that aliases may expand to beyond what is written, in bytes.
const ALIAS_TEXT_BUDGET: usize = 64 << 20;

/// The value of `root`. Problems are added to `problems`; if one of them blocks, the value is null.
pub(super) fn to_json(
    source: &Source,
    arena: &Arena,
    root: NodeId,
    format: Format,
    problems: &mut Vec<Problem>,
) -> Value {
    let mut converter = Converter {
        source,
        arena,
        format,
        problems: Vec::new(),
        expanding: Vec::new(),
        // The document itself is Go's first operation.
        operations: 1,
        aliased: 0,
        aliased_bytes: 0,
        told: BTreeSet::new(),
    };
    let value = converter.value(root, 0).unwrap_or(Value::Null);
    problems.append(&mut converter.problems);
    problems.sort_by_key(|problem| problem.span);
    problems.truncate(MAX_PROBLEMS);
    if problems.iter().any(Problem::blocks) { Value::Null } else { value }
}

/// Conversion stops at once: the budget is spent, or an alias contains itself.
struct Stop;

struct Converter<'a> {
    source: &'a Source,
    arena: &'a Arena,
    format: Format,
    problems: Vec<Problem>,
    /// The aliases that are being expanded, outermost first.
    expanding: Vec<NodeId>,
    operations: usize,
    aliased: usize,
    aliased_bytes: usize,
    /// Nodes whose problem is told already: an alias would tell it again.
    told: BTreeSet<NodeId>,
}

impl<'a> Converter<'a> {
    fn value(&mut self, id: NodeId, depth: usize) -> Result<Value, Stop> {
        let Some(node) = self.arena.get(id) else { return Ok(Value::Null) };
        self.count(node)?;
        if depth > MAX_DEPTH {
            self.tell(id, ProblemKind::TooDeep { limit: MAX_DEPTH }, node.span);
            return Err(Stop);
        }
        match &node.kind {
            NodeKind::Alias(target) => {
                self.enter(id, node)?;
                let value = self.value(*target, depth);
                self.expanding.pop();
                value
            }
            NodeKind::Scalar { text, style } => Ok(self.scalar(id, node, text, *style)),
            NodeKind::List { items, .. } => {
                let mut values = Vec::new();
                for item in items {
                    values.push(self.value(*item, depth + 1)?);
                }
                Ok(Value::Array(values))
            }
            NodeKind::Mapping { .. } => {
                let mut map = Map::new();
                self.mapping(id, &mut map, depth)?;
                Ok(Value::Object(map))
            }
        }
    }

    /// go-yaml's own guard (`decode.go`), and one for text.
    fn count(&mut self, node: &Node) -> Result<(), Stop> {
        self.operations += 1;
        if self.expanding.is_empty() {
            return Ok(());
        }
        self.aliased += 1;
        if let NodeKind::Scalar { text, .. } = &node.kind {
            self.aliased_bytes = self.aliased_bytes.saturating_add(text.len());
        }
        let too_many = self.aliased > 100
            && self.operations > 1000
            && ratio(self.aliased, self.operations) > allowed_ratio(self.operations);
        if !too_many && self.aliased_bytes <= ALIAS_TEXT_BUDGET {
            return Ok(());
        }
        let outermost = self.expanding.first().copied().unwrap_or_default();
        let span = self.arena.get(outermost).map_or(node.span, |alias| alias.span);
        self.tell(outermost, ProblemKind::AliasBudget, span);
        Err(Stop)
    }

    fn enter(&mut self, id: NodeId, node: &Node) -> Result<(), Stop> {
        if self.expanding.contains(&id) {
            let name = self.source.slice(node.span).trim_start_matches('*').to_owned();
            self.tell(id, ProblemKind::AliasCycle { name }, node.span);
            return Err(Stop);
        }
        self.expanding.push(id);
        Ok(())
    }

    fn tell(&mut self, id: NodeId, kind: ProblemKind, span: Span) {
        if self.problems.len() < MAX_PROBLEMS && self.told.insert(id) {
            self.problems.push(Problem::new(kind, first_line(self.source, span)));
        }
    }

    fn scalar(&mut self, id: NodeId, node: &Node, text: &str, style: Style) -> Value {
        let read = match self.format {
            Format::Json if style == Style::Plain => match text {
                "true" => Scalar::Value(Value::Bool(true)),
                "false" => Scalar::Value(Value::Bool(false)),
                "null" => Scalar::Value(Value::Null),
                _ => scalar::json_number(text).map_or(Scalar::NotJson, Scalar::Value),
            },
            _ => scalar::scalar(text, style, node.tag.as_deref()),
        };
        match read {
            Scalar::Value(value) => value,
            Scalar::NotJson => {
                self.tell(id, ProblemKind::NotJsonNumber { text: shown(text) }, node.span);
                Value::Null
            }
            Scalar::Mismatch(tag) => {
                self.tell(id, ProblemKind::TagMismatch { tag, text: shown(text) }, node.span);
                Value::Null
            }
        }
    }

    /// Puts the entries of a mapping into `map`, as Go does: in the order of the text, each over
    /// those before, and a merge key over those before it too.
    fn mapping(
        &mut self,
        id: NodeId,
        map: &mut Map<String, Value>,
        depth: usize,
    ) -> Result<(), Stop> {
        let arena = self.arena;
        let Some(NodeKind::Mapping { entries, .. }) = arena.get(id).map(|node| &node.kind) else {
            return Ok(());
        };
        // Whatever stands in the map then was written in this mapping.
        let alone = map.is_empty() && !entries.iter().any(|(key, _)| is_merge(arena, *key));
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        for (at, (key, value)) in entries.iter().enumerate() {
            if !alone && is_merge(arena, *key) {
                self.merge(*value, map, depth)?;
                continue;
            }
            let Some(node) = arena.get(arena.target(*key)) else { continue };
            self.count(node)?;
            let span = arena.get(*key).map_or(node.span, |key| key.span);
            match key_text(arena, *key) {
                Ok(text) => {
                    if !alone {
                        if let Some(first) = seen.insert(text.clone(), span) {
                            self.duplicate(*key, &text, span, first);
                        }
                    } else if map.contains_key(&text) && self.problems.len() < MAX_PROBLEMS {
                        let before = entries.get(..at).unwrap_or_default();
                        let first = before.iter().rev().map(|(key, _)| *key);
                        let mut first =
                            first.filter(|key| key_text(arena, *key) == Ok(text.clone()));
                        let first = first.next().and_then(|first| arena.get(first));
                        self.duplicate(*key, &text, span, first.map_or(span, |node| node.span));
                    }
                    let value = self.value(*value, depth + 1)?;
                    map.insert(text, value);
                }
                Err(what) => self.tell(*key, ProblemKind::KeyNotString { what }, span),
            }
        }
        Ok(())
    }

    fn duplicate(&mut self, id: NodeId, key: &str, span: Span, first: Span) {
        if self.problems.len() < MAX_PROBLEMS && self.told.insert(id) {
            let kind = ProblemKind::DuplicateKey { key: shown(key) };
            let related = Some(first_line(self.source, first));
            let span = first_line(self.source, span);
            self.problems.push(Problem { kind, span, related });
        }
    }

    fn merge(
        &mut self,
        id: NodeId,
        map: &mut Map<String, Value>,
        depth: usize,
    ) -> Result<(), Stop> {
        let Some(node) = self.arena.get(id) else { return Ok(()) };
        match &node.kind {
            NodeKind::List { items, .. } => {
                // Earlier ones win, so they are put in last.
                for item in items.iter().rev() {
                    self.merge_one(*item, map, depth)?;
                }
                Ok(())
            }
            _ => self.merge_one(id, map, depth),
        }
    }

    fn merge_one(
        &mut self,
        id: NodeId,
        map: &mut Map<String, Value>,
        depth: usize,
    ) -> Result<(), Stop> {
        let Some(node) = self.arena.get(id) else { return Ok(()) };
        self.count(node)?;
        let target = self.arena.target(id);
        let is_mapping = self
            .arena
            .get(target)
            .is_some_and(|node| matches!(node.kind, NodeKind::Mapping { .. }));
        if !is_mapping {
            self.tell(id, ProblemKind::MergeNotMapping, node.span);
            return Ok(());
        }
        if depth > MAX_DEPTH {
            self.tell(id, ProblemKind::TooDeep { limit: MAX_DEPTH }, node.span);
            return Err(Stop);
        }
        if target == id {
            return self.mapping(id, map, depth + 1);
        }
        self.enter(id, node)?;
        self.count(node)?;
        let result = self.mapping(target, map, depth + 1);
        self.expanding.pop();
        result
    }
}

/// Whether a key is the merge key `<<`.
pub(super) fn is_merge(arena: &Arena, key: NodeId) -> bool {
    let Some(node) = arena.get(key) else { return false };
    let NodeKind::Scalar { text, style } = &node.kind else { return false };
    let implicit = *style == Style::Plain && node.tag.is_none();
    text == "<<" && (implicit || node.tag.as_deref() == Some("tag:yaml.org,2002:merge"))
}

/// A key as the string it is in JSON, or what it is instead.
pub(super) fn key_text(arena: &Arena, key: NodeId) -> Result<String, &'static str> {
    match arena.get(arena.target(key)) {
        Some(Node { kind: NodeKind::Scalar { text, style }, tag, .. }) => {
            scalar::key_text(text, *style, tag.as_deref())
        }
        Some(Node { kind: NodeKind::List { .. }, .. }) => Err("a list"),
        _ => Err("a mapping"),
    }
}

/// A span cut at the end of its first line, without blanks there.
pub(super) fn first_line(source: &Source, span: Span) -> Span {
    let text = source.slice(span);
    let line = text.split(['\n', '\r']).next().unwrap_or_default();
    Span::new(span.start, span.start + super::source::to_u32(line.trim_end().len()))
}

/// Text short enough for a message.
fn shown(text: &str) -> String {
    let line = text.split(['\n', '\r']).next().unwrap_or_default();
    if line.len() == text.len() && line.chars().count() <= 40 {
        return line.to_owned();
    }
    let mut short: String = line.chars().take(37).collect();
    short.push_str("...");
    short
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// How much of the work may come from aliases: 99% for small documents, 10% for large ones
/// (`allowedAliasRatio` of go-yaml v2).
fn allowed_ratio(operations: usize) -> f64 {
    const LOW: usize = 400_000;
    const HIGH: usize = 4_000_000;
    match operations {
        0..=LOW => 0.99,
        HIGH.. => 0.10,
        _ => 0.99 - 0.89 * ratio(operations - LOW, HIGH - LOW),
    }
}
