//! The text edits below [`super::splice()`]: where a new value goes, and in which style.

use serde_json::Value;

use super::arena::{Arena, Node, NodeId, NodeKind, Style};
use super::document::{Document, Format, Tree};
use super::emit::{
    KUBERNETES, Layout, emit_block, emit_flow, emit_json, entry, key_text, needs_quotes, quoted,
};
use super::locate::entry_of;
use super::part::Patch;
use super::source::{Source, Span, to_u32};

/// The place a node stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The whole document.
    Root,
    /// After the colon of a key in block style.
    Value {
        /// The key.
        key: NodeId,
    },
    /// After a dash.
    Item,
    /// Between brackets.
    Flow,
}

/// Collects edits of one document.
pub(super) struct Editor<'a> {
    pub(super) source: &'a Source,
    pub(super) document: &'a Document,
    tree: &'a Tree,
    /// The unit of indentation of JSON over several lines; `None` on one line, and in YAML.
    json_unit: Option<String>,
    edits: Vec<(Span, String)>,
}

impl<'a> Editor<'a> {
    pub(super) fn new(source: &'a Source, document: &'a Document) -> Self {
        let tree = document.tree(source);
        let mut editor = Self { source, document, tree, json_unit: None, edits: Vec::new() };
        editor.json_unit = editor.found_unit();
        editor
    }

    /// The nodes of the document.
    pub(super) fn arena(&self) -> &'a Arena {
        &self.tree.arena
    }

    /// All edits as one, from the first to the last of them; `None` if two of them overlap.
    pub(super) fn finish(mut self) -> Option<Patch> {
        let ends = self.source.line_break();
        // Stable: insertions at one place stay in order.
        self.edits.sort_by_key(|(span, _)| *span);
        let start = self.edits.first().map_or(self.document.span.start, |(span, _)| span.start);
        let mut out = String::new();
        let mut at = start;
        let mut deleting = false;
        for (span, new) in &self.edits {
            if span.start < at {
                // The first line goes with its line break, the one after it with the same one.
                if !deleting || !new.is_empty() || span.is_empty() {
                    return None;
                }
                at = self.after_break(span.end);
                continue;
            }
            deleting = new.is_empty() && span.start == self.document.span.start;
            out.push_str(self.source.slice(Span::new(at, span.start)));
            if ends == "\n" {
                out.push_str(new);
            } else {
                out.push_str(&new.replace('\n', ends));
            }
            at = span.end;
        }
        Some(Patch { span: Span::new(start, at), new: out })
    }

    /// How many edits there are, for [`Editor::back_to`].
    pub(super) fn mark(&self) -> usize {
        self.edits.len()
    }

    /// Forgets the edits after a mark.
    pub(super) fn back_to(&mut self, mark: usize) {
        self.edits.truncate(mark);
    }

    /// Whether the value of a merge key gives a key.
    pub(super) fn merges(&self, value: NodeId, key: &str) -> bool {
        let arena = self.arena();
        match arena.get(value).map(|node| &node.kind) {
            Some(NodeKind::List { items, .. }) => {
                items.iter().any(|item| entry_of(arena, arena.target(*item), key).is_some())
            }
            _ => entry_of(arena, arena.target(value), key).is_some(),
        }
    }

    /// Writes `new` in the place of a node.
    pub(super) fn replace(&mut self, id: NodeId, slot: Slot, new: &Value) -> Option<()> {
        let node = self.arena().get(id)?;
        let outer = Span::new(node.outer_start, node.span.end);
        let same_flow = match (&node.kind, new) {
            (NodeKind::Mapping { flow, entries }, Value::Object(_)) => *flow && !entries.is_empty(),
            (NodeKind::List { flow, items }, Value::Array(_)) => *flow && !items.is_empty(),
            _ => false,
        };
        match slot {
            Slot::Value { key } if !same_flow => return self.replace_value(node, key, new),
            Slot::Item | Slot::Root if !same_flow => {
                let column = self.column(outer.start);
                let column = if outer.is_empty() { column + 1 } else { column };
                let text = emit_block(new, column, self.layout());
                let after = self.source.slice(Span::new(outer.end, self.line_end(outer.end)));
                // A comment would fall behind the last of several lines.
                let text = if text.contains('\n') && !after.trim().is_empty() {
                    emit_flow(new)
                } else {
                    text
                };
                self.edit(outer, self.spaced(outer, text));
            }
            _ => self.edit(outer, self.spaced(outer, self.flow_text(new, outer.start))),
        }
        Some(())
    }

    /// A value that was left out needs a blank after the colon or dash.
    fn spaced(&self, outer: Span, text: String) -> String {
        if outer.is_empty() && !self.before(outer.start).ends_with([' ', '\t', '\n']) {
            return format!(" {text}");
        }
        text
    }

    /// A value after a key in block style.
    fn replace_value(&mut self, node: &Node, key: NodeId, new: &Value) -> Option<()> {
        let key = self.arena().get(key)?;
        let colon = self.colon(key)?;
        let indent = self.column(key.outer_start);
        let end = node.span.end.max(colon);
        let left_out = node.span.is_empty() && node.outer_start >= node.span.start;
        let start = if left_out { colon } else { node.outer_start };
        let key_line_end = self.line_end(colon);
        let in_key_line = start <= key_line_end;

        // What goes to the line of the key, and what goes below it.
        let mut text = String::new();
        entry(&mut text, new, indent, self.layout());
        let below = text.find('\n').unwrap_or(text.len());
        let body = text.split_off(below);
        let head = text;

        let same_block = matches!(
            (&node.kind, new),
            (NodeKind::Mapping { flow: false, .. }, Value::Object(map)) if !map.is_empty()
        ) || matches!(
            (&node.kind, new),
            (NodeKind::List { flow: false, .. }, Value::Array(items)) if !items.is_empty()
        );
        if same_block && !in_key_line && node.outer_start == node.span.start {
            let column = self.column(start);
            self.edit(Span::new(start, end), emit_block(new, column, self.layout()));
        } else if in_key_line && body.is_empty() && !left_out {
            self.edit(Span::new(start, end), head.trim_start().to_owned());
        } else if in_key_line {
            let end = if left_out { colon } else { end };
            self.edit(Span::new(colon, end), head);
            self.edit(Span::at(self.line_end(end)), body);
        } else {
            self.edit(Span::at(colon), head);
            self.edit(Span::new(key_line_end, end), body);
        }
        Some(())
    }

    /// Deletes the lines of an entry; false if it shares them with something else.
    pub(super) fn remove_entry(&mut self, key: NodeId, value: NodeId) -> bool {
        let arena = self.arena();
        let (Some(key), Some(value)) = (arena.get(key), arena.get(value)) else { return false };
        let line = self.line_start(key.outer_start);
        let alone = self.begins_line(key.outer_start);
        let end = self.line_end(value.span.end.max(key.span.end));
        // With the line break before it, so that something can be appended behind it; the first
        // line has none.
        let span = if line > self.document.span.start {
            Span::new(self.line_end_before(line), end)
        } else {
            Span::new(line, self.after_break(end))
        };
        if alone {
            self.edit(span, String::new());
        }
        alone
    }

    /// Deletes the lines of an item of a block list; false if it shares them with something else.
    pub(super) fn remove_item(&mut self, item: NodeId) -> bool {
        let Some(node) = self.arena().get(item) else { return false };
        let Some(dash) = self.dash(node) else { return false };
        let line = self.line_start(dash);
        if !self.begins_line(dash) || line == self.document.span.start {
            return false;
        }
        let end = self.line_end(node.span.end.max(dash + 1));
        self.edit(Span::new(self.line_end_before(line), end), String::new());
        true
    }

    /// The dash before an item of a block list, if nothing but blanks stands between them.
    pub(super) fn dash(&self, item: &Node) -> Option<u32> {
        let before = self.before(item.outer_start).trim_end().strip_suffix('-')?;
        Some(self.document.span.start + to_u32(before.len()))
    }

    /// Whether nothing but blanks stands before a byte in its line.
    pub(super) fn begins_line(&self, at: u32) -> bool {
        self.source.slice(Span::new(self.line_start(at), at)).trim().is_empty()
    }

    /// Where the items of a list stand.
    pub(super) fn item_spans(&self, items: &[NodeId]) -> Vec<Span> {
        let span = |node: &Node| Span::new(node.outer_start.min(node.span.start), node.span.end);
        items.iter().filter_map(|item| self.arena().get(*item).map(span)).collect()
    }

    /// Where the entries of a mapping stand.
    pub(super) fn entry_spans(&self, entries: &[(NodeId, NodeId)]) -> Vec<Span> {
        let arena = self.arena();
        let span = |(key, value): &(NodeId, NodeId)| {
            let (key, value) = (arena.get(*key)?, arena.get(*value)?);
            Some(Span::new(key.outer_start, value.span.end.max(key.span.end)))
        };
        entries.iter().filter_map(span).collect()
    }

    /// Deletes some of what stands between brackets or braces, each with one comma; false if that
    /// is all of it, or if a comment would go as well.
    pub(super) fn remove_between(&mut self, all: &[Span], goes: &dyn Fn(usize) -> bool) -> bool {
        let mark = self.mark();
        let mut index = 0;
        while index < all.len() {
            let first = index;
            while index < all.len() && goes(index) {
                index += 1;
            }
            if first < index {
                let before = first.checked_sub(1).and_then(|last| all.get(last));
                let span = match (all.get(first), all.get(index), before) {
                    (Some(from), Some(next), _) => Span::new(from.start, next.start),
                    (Some(_), None, Some(kept)) => {
                        Span::new(kept.end, all.last().map_or(kept.end, |last| last.end))
                    }
                    _ => Span::at(0),
                };
                let commented = self
                    .tree
                    .comments
                    .iter()
                    .any(|one| span.start <= one.span.start && one.span.start < span.end);
                if span.is_empty() || commented {
                    self.back_to(mark);
                    return false;
                }
                self.edit(span, String::new());
            }
            index += 1;
        }
        true
    }

    /// New entries below the last one of a block mapping.
    pub(super) fn append_entries(&mut self, id: NodeId, added: &[(&String, &Value)]) -> Option<()> {
        let node = self.arena().get(id)?;
        let NodeKind::Mapping { entries, .. } = &node.kind else { return None };
        let first = self.arena().get(entries.first()?.0)?;
        let indent = self.column(first.outer_start);
        let mut text = String::new();
        for (key, value) in added {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', indent));
            text.push_str(&key_text(key));
            text.push(':');
            entry(&mut text, value, indent, self.layout());
        }
        self.edit(Span::at(self.end_of(id)?), text);
        Some(())
    }

    /// New items below the last one of a block list.
    pub(super) fn append_items(&mut self, id: NodeId, added: &[Value]) -> Option<()> {
        let node = self.arena().get(id)?;
        let indent = self.column(node.span.start);
        let blanks = " ".repeat(indent);
        let items = emit_block(&Value::Array(added.to_vec()), indent, self.layout());
        self.edit(Span::at(self.end_of(id)?), format!("\n{blanks}{items}"));
        Some(())
    }

    /// New entries behind the last one between braces.
    pub(super) fn append_flow_entries(
        &mut self,
        id: NodeId,
        entries: &[(NodeId, NodeId)],
        added: &[(&String, &Value)],
    ) -> Option<()> {
        let arena = self.arena();
        if !self.source.slice(arena.get(id)?.span).starts_with('{') {
            return None;
        }
        let (key, value) = entries.last()?;
        let (key, value) = (arena.get(*key)?, arena.get(*value)?);
        let separator = self.separator(key.outer_start);
        let mut text = String::new();
        for (name, value) in added {
            let name = self.flow_key(name);
            text.push_str(&format!(
                "{separator}{name}: {}",
                self.flow_text(value, key.outer_start)
            ));
        }
        self.edit(Span::at(value.span.end.max(key.span.end)), text);
        Some(())
    }

    /// New items behind the last one between brackets.
    pub(super) fn append_flow_items(&mut self, items: &[NodeId], added: &[Value]) -> Option<()> {
        let last = self.arena().get(*items.last()?)?;
        let separator = self.separator(last.outer_start);
        let mut text = String::new();
        for value in added {
            text.push_str(&separator);
            text.push_str(&self.flow_text(value, last.outer_start));
        }
        self.edit(Span::at(last.span.end), text);
        Some(())
    }

    /// What stands between two entries: a comma, and a line break if the last entry has its own line.
    fn separator(&self, start: u32) -> String {
        let line = self.line_start(start);
        let indentation = self.source.slice(Span::new(line, start));
        if line > self.document.span.start && indentation.trim().is_empty() {
            return format!(",\n{indentation}");
        }
        ", ".to_owned()
    }

    fn flow_key(&self, key: &str) -> String {
        let plain = self.document.format == Format::Yaml
            && !needs_quotes(key)
            && !key.contains([',', '[', ']', '{', '}']);
        if plain { key.to_owned() } else { quoted(key) }
    }

    fn flow_text(&self, value: &Value, at: u32) -> String {
        match &self.json_unit {
            Some(unit) => {
                let line = self.source.slice(Span::new(self.line_start(at), at));
                let indentation = line.len() - line.trim_start().len();
                emit_json(value, line.get(..indentation).unwrap_or_default(), unit)
            }
            None => emit_flow(value),
        }
    }

    fn edit(&mut self, span: Span, text: String) {
        self.edits.push((span, text));
    }

    /// The byte after the colon of a key, if nothing but blanks stands between them.
    fn colon(&self, key: &Node) -> Option<u32> {
        let rest = self.source.slice(Span::new(key.span.end, self.document.span.end));
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        rest.get(blanks..)?.starts_with(':').then(|| key.span.end + to_u32(blanks) + 1)
    }

    /// Where a line below a block collection can be inserted: at the end of the line of its last
    /// value, and below the blank lines that a `|+` scalar keeps.
    fn end_of(&self, id: NodeId) -> Option<u32> {
        let arena = self.arena();
        let mut end = self.line_end(arena.get(id)?.span.end);
        let last = arena.get(last_leaf(arena, id))?;
        let block =
            matches!(&last.kind, NodeKind::Scalar { style: Style::Literal | Style::Folded, .. });
        let header = self.source.slice(Span::new(last.outer_start, last.span.start));
        if block && header.contains('+') {
            loop {
                let next = self.after_break(end);
                let next_end = self.line_end(next);
                let blank = self.source.slice(Span::new(next, next_end)).trim().is_empty();
                if next == end || !blank || self.after_break(next_end) == next_end {
                    break;
                }
                end = next_end;
            }
        }
        Some(end)
    }

    fn before(&self, at: u32) -> &str {
        self.source.slice(Span::new(self.document.span.start, at))
    }

    pub(super) fn line_start(&self, at: u32) -> u32 {
        let before = self.before(at);
        let line = before.rfind(['\n', '\r']).map_or(0, |found| found + 1);
        self.document.span.start + to_u32(line)
    }

    /// Before the line break of the line.
    pub(super) fn line_end(&self, at: u32) -> u32 {
        let rest = self.source.slice(Span::new(at, self.document.span.end));
        at + to_u32(rest.find(['\n', '\r']).unwrap_or(rest.len()))
    }

    /// Behind the line break at `at`; `at` itself if there is none.
    pub(super) fn after_break(&self, at: u32) -> u32 {
        let rest = self.source.slice(Span::new(at, self.document.span.end));
        let len =
            if rest.starts_with("\r\n") { 2 } else { u32::from(rest.starts_with(['\n', '\r'])) };
        at + len
    }

    /// Before the line break that ends the line before a line start.
    fn line_end_before(&self, line: u32) -> u32 {
        let before = self.before(line);
        let kept = before.strip_suffix('\n').unwrap_or(before);
        let kept = kept.strip_suffix('\r').unwrap_or(kept);
        self.document.span.start + to_u32(kept.len())
    }

    /// Characters before a byte in its line.
    fn column(&self, at: u32) -> usize {
        self.source.slice(Span::new(self.line_start(at), at)).chars().count()
    }

    fn layout(&self) -> Layout {
        *self.tree.layout.get_or_init(|| self.found_layout())
    }

    /// How the document indents: by its first nested mapping, and its first list below a key.
    fn found_layout(&self) -> Layout {
        let arena = self.arena();
        let (mut step, mut compact) = (None, None);
        for node in &arena.nodes {
            let NodeKind::Mapping { entries, flow: false } = &node.kind else { continue };
            for (key, value) in entries {
                let (Some(key), Some(value)) = (arena.get(*key), arena.get(*value)) else {
                    continue;
                };
                let deeper =
                    self.column(value.span.start).checked_sub(self.column(key.outer_start));
                match (&value.kind, deeper) {
                    (NodeKind::Mapping { flow: false, .. }, Some(deeper @ 1..=8)) => {
                        step = step.or(Some(deeper));
                    }
                    (NodeKind::List { flow: false, .. }, Some(deeper)) => {
                        compact = compact.or(Some(deeper == 0));
                    }
                    _ => {}
                }
            }
            if step.is_some() && compact.is_some() {
                break;
            }
        }
        Layout {
            step: step.unwrap_or(KUBERNETES.step),
            compact_lists: compact.unwrap_or(KUBERNETES.compact_lists),
        }
    }

    fn found_unit(&self) -> Option<String> {
        if self.document.format != Format::Json {
            return None;
        }
        let root = self.tree.outermost()?;
        let text = self.source.slice(root.span);
        let line = text.split('\n').nth(1)?;
        let unit = line.get(..line.len() - line.trim_start().len()).unwrap_or_default();
        Some(if unit.is_empty() { "  " } else { unit }.to_owned())
    }
}

fn last_leaf(arena: &Arena, mut id: NodeId) -> NodeId {
    loop {
        let next = match arena.get(id).map(|node| &node.kind) {
            Some(NodeKind::List { items, flow: false }) => items.last().copied(),
            Some(NodeKind::Mapping { entries, flow: false }) => entries.last().map(|last| last.1),
            _ => None,
        };
        match next {
            Some(next) => id = next,
            None => return id,
        }
    }
}
