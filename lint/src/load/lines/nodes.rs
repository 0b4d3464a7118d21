//! Lines to nodes with their spans.

use std::borrow::Cow;

use super::super::arena::{Arena, Comment, Node, NodeId, NodeKind, Style};
use super::super::source::{Span, to_u32};
use super::{Build, span};

/// The nodes and comments of one document.
pub(super) struct Nodes {
    pub(super) arena: Arena,
    pub(super) comments: Vec<Comment>,
}

impl Nodes {
    pub(super) fn with_room(nodes: usize) -> Self {
        Self { arena: Arena { nodes: Vec::with_capacity(nodes) }, comments: Vec::new() }
    }

    fn add(&mut self, kind: NodeKind, span: Span) -> NodeId {
        let id = NodeId(to_u32(self.arena.nodes.len()));
        let node = Node { kind, span, outer_start: span.start, anchor: None, tag: None };
        self.arena.nodes.push(node);
        id
    }

    fn end(&self, id: NodeId) -> u32 {
        self.arena.get(id).map_or(0, |node| node.span.end)
    }

    fn close(&mut self, id: NodeId, kind: NodeKind, end: u32) -> NodeId {
        if let Some(node) = self.arena.nodes.get_mut(id.0 as usize) {
            node.kind = kind;
            node.span.end = end;
        }
        id
    }
}

/// A node stands before its children: its own place is taken first.
const OPEN: NodeKind = NodeKind::List { items: Vec::new(), flow: false };

impl<'a> Build<'a> for Nodes {
    type Node = NodeId;
    type List = (NodeId, Vec<NodeId>);
    /// The key of an entry stands beside itself until its value is read.
    type Mapping = (NodeId, Vec<(NodeId, NodeId)>);

    fn comment(&mut self, start: usize, written: &str, trailing: bool) {
        let text = written.strip_prefix('#').unwrap_or(written).trim().to_owned();
        self.comments.push(Comment { span: span(start, written.len()), text, trailing });
    }

    fn scalar(
        &mut self,
        text: Cow<'a, str>,
        style: Style,
        span: Span,
        outer: usize,
    ) -> Option<NodeId> {
        let id = self.add(NodeKind::Scalar { text: text.into_owned(), style }, span);
        self.arena.nodes.get_mut(id.0 as usize)?.outer_start = to_u32(outer);
        Some(id)
    }

    fn list(&mut self, start: usize) -> Self::List {
        (self.add(OPEN, span(start, 0)), Vec::new())
    }

    fn item(&mut self, list: &mut Self::List, item: NodeId) {
        list.1.push(item);
    }

    fn end_list(&mut self, (id, items): Self::List, flow: Option<usize>) -> NodeId {
        let end = flow.map(to_u32);
        let end = end.unwrap_or_else(|| items.last().map_or(0, |last| self.end(*last)));
        self.close(id, NodeKind::List { items, flow: flow.is_some() }, end)
    }

    fn mapping(&mut self, start: usize) -> Self::Mapping {
        (self.add(OPEN, span(start, 0)), Vec::new())
    }

    fn key(&mut self, mapping: &mut Self::Mapping, key: &'a str, start: usize) -> Option<()> {
        let key = self.scalar(Cow::Borrowed(key), Style::Plain, span(start, key.len()), start)?;
        mapping.1.push((key, key));
        Some(())
    }

    fn entry(&mut self, mapping: &mut Self::Mapping, value: NodeId) -> Option<()> {
        mapping.1.last_mut()?.1 = value;
        Some(())
    }

    fn end_mapping(&mut self, (id, entries): Self::Mapping, flow: Option<usize>) -> NodeId {
        let end = flow.map(to_u32);
        let end = end.unwrap_or_else(|| entries.last().map_or(0, |(_, last)| self.end(*last)));
        self.close(id, NodeKind::Mapping { entries, flow: flow.is_some() }, end)
    }
}
