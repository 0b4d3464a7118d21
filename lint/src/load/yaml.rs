//! YAML text to an arena, by the events of `granit-parser`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{
    ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, StructureStyle, Tag,
};
use memchr::{memchr, memmem};

use super::arena::{Arena, Comment, Node, NodeId, NodeKind, Style};
use super::document::MAX_DEPTH;
use super::joined::{self, Joined, join};
use super::lines;
use super::problem::{Problem, ProblemKind, Syntax};
use super::source::{Span, to_u32};

/// One document as it was parsed.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) arena: Arena,
    /// `None` if the syntax is broken, or if there is nothing but comments.
    pub(super) root: Option<NodeId>,
    pub(super) comments: Vec<Comment>,
    pub(super) problems: Vec<Problem>,
    pub(super) span: Span,
}

/// Cuts a text at its `---` lines. Text that holds only directives and comments belongs to the
/// document after it. YAML allows `---` at the start of a line nowhere else, so that a broken
/// document cannot hide the next one.
pub(super) fn chunks(text: &str) -> Vec<Span> {
    let mut chunks = Vec::new();
    let (mut start, mut holds_content) = (0, false);
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |end| end + 1);
        let line = rest.get(..length).unwrap_or(rest);
        let behind = line.strip_prefix("---");
        if behind.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n'])) {
            if holds_content {
                chunks.push(Span::new(to_u32(start), to_u32(at)));
                start = at;
            }
            holds_content = true;
        } else if !holds_content {
            let content = line.trim_start();
            holds_content = !content.is_empty() && !content.starts_with(['#', '%']);
        }
        at += length;
        if holds_content {
            // Up to the next line that may begin with dashes nothing can change.
            at += next_dashes(text.get(at..).unwrap_or_default());
        }
    }
    chunks.push(Span::new(to_u32(start), to_u32(text.len())));
    chunks
}

/// Where the next line with dashes begins in a text that begins a line; its end if there is none.
fn next_dashes(text: &str) -> usize {
    if text.starts_with("---") {
        return 0;
    }
    memmem::find(text.as_bytes(), b"\n---").map_or(text.len(), |at| at + 1)
}

/// Parses the documents of one chunk: usually one, several if they end in `...`.
pub(super) fn parse(text: &str, chunk: Span) -> Vec<Parsed> {
    match lines::parse(text, chunk) {
        Some(document) => vec![document],
        None => parse_any(text, chunk),
    }
}

/// As [`parse`], without the short way for what is printed by tools.
pub(super) fn parse_any(text: &str, chunk: Span) -> Vec<Parsed> {
    let mut slice = Cow::Borrowed(text.get(chunk.range()).unwrap_or_default());
    let mut joined = Vec::new();
    loop {
        let (done, refused) = parse_slice(text, chunk, &slice, &joined);
        let refused = refused.filter(|_| joined.len() * slice.len() < joined::BUDGET);
        let next = refused.and_then(|quote| join(&slice, (quote - chunk.start) as usize));
        let Some((whole, one)) = next else { return done };
        slice = Cow::Owned(whole);
        joined.push(one);
    }
}

/// The documents of a chunk, and where a quoted text begins whose indentation the parser refuses.
fn parse_slice(
    text: &str,
    chunk: Span,
    slice: &str,
    joined: &[Joined],
) -> (Vec<Parsed>, Option<u32>) {
    let mut options = Options::default();
    // The default of 96 consecutive comment lines is less than a commented-out section has.
    options.max_buffered_comment_events = 1_000_000;
    options.emit_anchor_events = true;
    options.emit_unresolved_aliases = true;
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    let mut parser = Parser::new_from_str_with_options(slice, options);
    let mut builder = Builder::new(text, chunk);
    let mut refused = None;
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => {
                let range = span.byte_range().unwrap_or_default();
                let at = |byte: usize| chunk.start.saturating_add(to_u32(byte)).min(chunk.end);
                let tag_start = span.tag_span().and_then(|tag| tag.byte_range());
                let tag_start = tag_start.map(|range| at(range.start));
                let mut span = Span::new(at(range.start), at(range.end));
                let begun = || joined.iter().find(|one| one.start as usize == range.start);
                if let (Event::Scalar(..), Some(whole)) = (&event, begun()) {
                    span.end = chunk.start.saturating_add(whole.end).min(chunk.end);
                }
                builder.event(event, span, tag_start);
            }
            Err(error) => {
                refused = builder.error(&error);
                break;
            }
        }
    }
    if let Some(last) = builder.done.last_mut() {
        last.span.end = chunk.end;
    }
    (builder.done, refused)
}

struct Open {
    id: NodeId,
    key: Option<NodeId>,
}

struct Builder<'a> {
    text: &'a str,
    chunk: Span,
    done: Vec<Parsed>,
    document: Parsed,
    inside: bool,
    open: Vec<Open>,
    anchors: BTreeMap<usize, NodeId>,
    /// The end of the last token that stands in the text; block scalar headers are sought from here.
    last_end: u32,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, chunk: Span) -> Self {
        Self {
            text,
            chunk,
            done: Vec::new(),
            document: Parsed { span: chunk, ..Parsed::default() },
            inside: false,
            open: Vec::new(),
            anchors: BTreeMap::new(),
            last_end: chunk.start,
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span, tag_start: Option<u32>) {
        match event {
            Event::DocumentStart(..) => {
                self.inside = true;
                self.last_end = self.last_end.max(span.start);
            }
            // `...` if it is written, else the place of the next token.
            Event::DocumentEnd if !span.is_empty() => {
                self.last_end = self.last_end.max(span.end);
                self.finish(span.end);
            }
            Event::DocumentEnd => self.finish(self.chunk.end),
            Event::Comment(text, _) => self.comment(span, &text),
            Event::Anchor(_, _) => self.anchor(span),
            Event::Alias(id) => {
                let target = self.anchors.get(&id).copied();
                let kind = match target {
                    Some(target) => NodeKind::Alias(target),
                    None => plain(""),
                };
                self.leaf(kind, span, None, None, 0);
            }
            Event::UnresolvedAlias(name) => {
                let kind = ProblemKind::UnknownAnchor { name: name.into_owned() };
                self.document.problems.push(Problem::new(kind, span));
                self.leaf(plain(""), span, None, None, 0);
            }
            Event::Scalar(text, style, anchor, tag) => {
                // The parser says `~` for a value that is left out.
                let left_out = span.is_empty() && matches!(style, ScalarStyle::Plain);
                let text = if left_out { String::new() } else { text.into_owned() };
                let kind = NodeKind::Scalar { text, style: style_of(style) };
                self.leaf(kind, span, tag.as_deref(), tag_start, anchor);
            }
            Event::SequenceStart(style, anchor, tag) => {
                let flow = matches!(style, StructureStyle::Flow);
                let kind = NodeKind::List { items: Vec::new(), flow };
                self.start(kind, span, tag.as_deref(), tag_start, anchor);
            }
            Event::MappingStart(style, anchor, tag) => {
                let flow = matches!(style, StructureStyle::Flow);
                let kind = NodeKind::Mapping { entries: Vec::new(), flow };
                self.start(kind, span, tag.as_deref(), tag_start, anchor);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            _ => {}
        }
    }

    fn leaf(
        &mut self,
        kind: NodeKind,
        span: Span,
        tag: Option<&Tag>,
        tag_start: Option<u32>,
        anchor: usize,
    ) {
        let block = matches!(kind, NodeKind::Scalar { style: Style::Literal | Style::Folded, .. });
        let (span, header) = if block { self.block_scalar(span) } else { (span, span.start) };
        let id = self.add(kind, span, tag, tag_start, anchor);
        if let Some(node) = self.document.arena.nodes.get_mut(id.0 as usize) {
            node.outer_start = node.outer_start.min(header);
        }
        self.last_end = self.last_end.max(span.end);
        self.attach(id);
    }

    fn start(
        &mut self,
        kind: NodeKind,
        span: Span,
        tag: Option<&Tag>,
        tag_start: Option<u32>,
        anchor: usize,
    ) {
        let list = matches!(kind, NodeKind::List { flow: false, .. });
        let after_key = self.open.last().is_some_and(|open| open.key.is_some());
        // Of a list whose dashes stand under its key the parser gives the first item.
        let dash = if list && after_key { find(self.text, self.last_end, &['-']) } else { None };
        let span = dash.map_or(span, Span::at);
        let id = self.add(kind, span, tag, tag_start, anchor);
        self.last_end = self.last_end.max(span.end);
        self.open.push(Open { id, key: None });
    }

    /// A flow collection ends with its bracket, a block collection with its last value: the parser
    /// ends it at the next token.
    fn end(&mut self, span: Span) {
        let Some(open) = self.open.pop() else { return };
        let nodes = &self.document.arena.nodes;
        let Some(node) = nodes.get(open.id.0 as usize) else { return };
        let last = match &node.kind {
            NodeKind::List { items, .. } => items.last().copied(),
            NodeKind::Mapping { entries, .. } => entries.last().map(|(_, value)| *value),
            _ => None,
        };
        let last_end = last.and_then(|id| nodes.get(id.0 as usize)).map(|node| node.span.end);
        let bracketed =
            self.text.get(node.span.start as usize..).is_some_and(|rest| match node.kind {
                NodeKind::List { flow, .. } => flow && rest.starts_with('['),
                NodeKind::Mapping { flow, .. } => flow && rest.starts_with('{'),
                _ => false,
            });
        let end = if bracketed { span.end } else { last_end.unwrap_or(node.span.start) };
        if let Some(node) = self.document.arena.nodes.get_mut(open.id.0 as usize) {
            node.span = Span::new(node.span.start, end);
        }
        if bracketed {
            self.last_end = self.last_end.max(end);
        }
        self.attach(open.id);
    }

    fn add(
        &mut self,
        kind: NodeKind,
        span: Span,
        tag: Option<&Tag>,
        tag_start: Option<u32>,
        anchor: usize,
    ) -> NodeId {
        let id = NodeId(to_u32(self.document.arena.nodes.len()));
        let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
        let outer_start = tag_start.unwrap_or(span.start).min(span.start);
        self.document.arena.nodes.push(Node { kind, span, outer_start, anchor: None, tag });
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        id
    }

    /// Puts a finished node into the collection around it.
    fn attach(&mut self, id: NodeId) {
        let Some(open) = self.open.last_mut() else {
            self.document.root = Some(id);
            return;
        };
        let Some(node) = self.document.arena.nodes.get_mut(open.id.0 as usize) else { return };
        match &mut node.kind {
            NodeKind::List { items, .. } => items.push(id),
            NodeKind::Mapping { entries, flow } => match open.key.take() {
                Some(key) => entries.push((key, id)),
                None => {
                    open.key = Some(id);
                    if !*flow {
                        self.tab_before(id);
                    }
                }
            },
            _ => {}
        }
    }

    /// The parser takes a tab before a top-level key; Go's does not.
    fn tab_before(&mut self, key: NodeId) {
        let Some(start) = self.document.arena.get(key).map(|node| node.outer_start as usize) else {
            return;
        };
        let before = self.text.get(..start).unwrap_or_default();
        let line = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let indentation = before.get(line..).unwrap_or_default();
        if let Some(tab) = indentation.find('\t')
            && indentation.trim().is_empty()
        {
            let at = to_u32(line + tab);
            let kind = ProblemKind::Syntax(Syntax::Tab);
            self.document.problems.push(Problem::new(kind, Span::new(at, at + 1)));
        }
    }

    /// The anchor belongs to the node that was added last.
    fn anchor(&mut self, span: Span) {
        if let Some(node) = self.document.arena.nodes.last_mut() {
            node.anchor = Some(span);
            node.outer_start = node.outer_start.min(span.start);
        }
    }

    fn comment(&mut self, span: Span, text: &str) {
        let before = self.text.get(..span.start as usize).unwrap_or_default();
        let line = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let trailing = !before.get(line..).unwrap_or_default().trim().is_empty();
        self.document.comments.push(Comment { span, text: text.trim().to_owned(), trailing });
    }

    /// The text of a block scalar, without the blank lines at its end, and where its header is.
    fn block_scalar(&self, span: Span) -> (Span, u32) {
        let header = find(self.text, self.last_end, &['|', '>']).unwrap_or(span.start);
        let text = self.text.get(span.range()).unwrap_or_default();
        let kept = text.trim_end_matches([' ', '\t', '\n', '\r']);
        // Blanks at the end of the last line with text belong to it.
        let rest = text.get(kept.len()..).unwrap_or_default();
        let blanks = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let len = if kept.is_empty() { 0 } else { kept.len() + blanks };
        (Span::new(span.start, span.start + to_u32(len)), header.min(span.start))
    }

    fn finish(&mut self, end: u32) {
        let mut document = std::mem::take(&mut self.document);
        document.comments.sort_by_key(|comment| comment.span.start);
        let start = self.done.last().map_or(self.chunk.start, |previous| previous.span.end);
        document.span = Span::new(start, end);
        self.done.push(document);
        self.inside = false;
        self.open.clear();
        self.anchors.clear();
    }

    /// A syntax error ends the document; one between documents belongs to the one before. Gives where
    /// a quoted text begins whose indentation is refused.
    fn error(&mut self, error: &ScanError) -> Option<u32> {
        let byte = error.marker().byte_offset().unwrap_or_default();
        let at = self.chunk.start.saturating_add(to_u32(byte)).min(self.chunk.end);
        // The text after a quote that is never closed is indented less, as a rule.
        let refused = matches!(error.kind(), ErrorKind::InvalidQuotedScalarIndent)
            .then(|| open_quote(self.text, self.last_end, at));
        let mut problem = match refused {
            Some(quote) => {
                let quote = one_char(self.text, quote);
                Problem::new(ProblemKind::Syntax(Syntax::UnclosedQuote), quote)
            }
            None => problem_of(error, self.text, at),
        };
        if !self.inside
            && let Some(previous) = self.done.last_mut()
        {
            previous.problems.push(problem);
            previous.root = None;
            previous.span.end = self.chunk.end;
            return refused;
        }
        let bracket = self.open.iter().rev().find_map(|open| {
            let node = self.document.arena.get(open.id)?;
            let first = self.text.get(node.span.start as usize..)?.chars().next()?;
            matches!(first, '[' | '{').then_some(Span::new(node.span.start, node.span.start + 1))
        });
        if matches!(problem.kind, ProblemKind::Syntax(Syntax::MissingComma)) {
            problem.related = bracket;
        }
        self.document.problems.push(problem);
        self.finish(self.chunk.end);
        if let Some(document) = self.done.last_mut() {
            document.root = None;
        }
        refused
    }
}

fn plain(text: &str) -> NodeKind {
    NodeKind::Scalar { text: text.to_owned(), style: Style::Plain }
}

const fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}

/// Where the next of some indicators stands: past other indicators, comments, anchors and tags,
/// which are all that can stand between it and the token before.
fn find(text: &str, from: u32, indicators: &[char]) -> Option<u32> {
    let mut at = from as usize;
    loop {
        let rest = text.get(at..)?;
        let next = rest.chars().next()?;
        at += match next {
            _ if indicators.contains(&next) => return Some(to_u32(at)),
            '#' | '%' => rest.find(['\n', '\r']).unwrap_or(rest.len()),
            '!' | '&' => rest.find([' ', '\t', '\n', '\r']).unwrap_or(rest.len()),
            ' ' | '\t' | '\n' | '\r' | ':' | '-' | '?' | ',' => 1,
            _ => return None,
        };
    }
}

/// The parser's error as one of ours, with the span of the word it is about.
fn problem_of(error: &ScanError, text: &str, at: u32) -> Problem {
    let syntax = match error.kind() {
        ErrorKind::RecursionLimitExceeded => {
            return Problem::new(ProblemKind::TooDeep { limit: MAX_DEPTH }, one_char(text, at));
        }
        ErrorKind::UnclosedFlowCollection { open } => Syntax::UnclosedBracket { open: *open },
        ErrorKind::MisplacedFlowCollectionEnd => {
            let close = text.get(at as usize..).and_then(|rest| rest.chars().next());
            Syntax::StrayBracket { close: close.unwrap_or(']') }
        }
        ErrorKind::MismatchedFlowCollectionEnd { close, .. } => {
            Syntax::StrayBracket { close: *close }
        }
        ErrorKind::UnclosedQuotedScalar => Syntax::UnclosedQuote,
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => return tab(text, at),
        ErrorKind::InvalidIndentation
        | ErrorKind::InvalidBlockScalarIndent
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::ExpectedDocumentStart => Syntax::Indentation,
        ErrorKind::MappingValueNotAllowed | ErrorKind::MappingKeyNotAllowed => Syntax::NestedColon,
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => Syntax::KeyWithoutColon,
        ErrorKind::BlockSequenceEntryNotAllowed => Syntax::ListNotAllowed,
        ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::BlockEntryInFlowCollection => Syntax::MissingComma,
        ErrorKind::UnexpectedCharacter { character } => Syntax::Character { character: *character },
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate
        | ErrorKind::InvalidUnicodeEscape => Syntax::Escape,
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar
        | ErrorKind::InvalidDocumentEnd => Syntax::TrailingText,
        other => match text.get(at as usize..).and_then(|rest| rest.chars().next()) {
            Some(character @ (',' | '@' | '`' | '%')) => Syntax::Character { character },
            _ => Syntax::Other { message: other.to_string() },
        },
    };
    let span = match syntax {
        Syntax::KeyWithoutColon => word(text, at),
        Syntax::Escape => bad_escape(text, at),
        _ => one_char(text, at),
    };
    Problem::new(ProblemKind::Syntax(syntax), span)
}

/// The quote that is open at a byte; quotes and comments between `from` and it are passed over.
fn open_quote(text: &str, from: u32, at: u32) -> u32 {
    let between = text.get(from as usize..at as usize).unwrap_or_default();
    let mut open: Option<(usize, char)> = None;
    let mut comment = false;
    let mut before = ' ';
    let mut characters = between.char_indices().peekable();
    while let Some((offset, character)) = characters.next() {
        match (open, character) {
            (None, '\n' | '\r') => comment = false,
            (None, '#') if before.is_whitespace() => comment = true,
            (None, '"' | '\'') if !comment => open = Some((offset, character)),
            // Two of them are one inside of the text.
            (Some((_, '\'')), '\'') if characters.next_if(|(_, next)| *next == '\'').is_some() => {}
            (Some((_, '"')), '\\') => _ = characters.next(),
            (Some((_, quote)), _) if quote == character => open = None,
            _ => {}
        }
        before = character;
    }
    open.map_or(at, |(offset, _)| from + to_u32(offset))
}

/// The tab nearest to where the parser stopped: it may name the token before or after it.
fn tab(text: &str, at: u32) -> Problem {
    let at = at as usize;
    let line = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let rest = text.get(line..).unwrap_or_default();
    let found = rest.find('\t').map_or(at, |tab| line + tab);
    Problem::new(ProblemKind::Syntax(Syntax::Tab), one_char(text, to_u32(found)))
}

/// The first escape that YAML does not have in the quoted string at a byte.
fn bad_escape(text: &str, at: u32) -> Span {
    let rest = text.get(at as usize..).unwrap_or_default();
    let mut characters = rest.char_indices().skip(1);
    while let Some((offset, character)) = characters.next() {
        if character != '\\' {
            continue;
        }
        let start = at + to_u32(offset);
        let digits = match characters.next() {
            Some((_, 'x')) => 2,
            Some((_, 'u')) => 4,
            Some((_, 'U')) => 8,
            Some((_, known)) if "0abt\tnvfre \"/\\N_LP\n\r".contains(known) => continue,
            Some((_, other)) => return Span::new(start, start + 1 + to_u32(other.len_utf8())),
            None => break,
        };
        let code = rest.get(offset + 2..offset + 2 + digits);
        let code = code.and_then(|code| u32::from_str_radix(code, 16).ok());
        if code.and_then(char::from_u32).is_none() {
            return Span::new(start, start + 2);
        }
    }
    one_char(text, at)
}

/// The character at a byte; empty at the end of a line.
pub(super) fn one_char(text: &str, at: u32) -> Span {
    let next = text.get(at as usize..).and_then(|rest| rest.chars().next());
    let len = next.filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8);
    Span::new(at, at + to_u32(len))
}

/// The rest of the line from a byte, without blanks at the end.
fn word(text: &str, at: u32) -> Span {
    let rest = text.get(at as usize..).unwrap_or_default();
    let line = rest.split(['\n', '\r']).next().unwrap_or_default().trim_end();
    Span::new(at, at + to_u32(line.len()))
}
