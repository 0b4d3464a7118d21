//! Most manifests are printed by tools: keys and dashes in lines of their own, values that end in
//! their line. That much of YAML is read here, line by line, several times as fast as by the parser
//! of all of it. Anything else, and all that is wrong, is left to `yaml`, for the whole document.
//!
//! What is read here is what `yaml` reads, node by node and span by span: the tests hold one to the
//! other.

use super::arena::{Comment, Node, NodeId, NodeKind, Style};
use super::source::{Span, to_u32};
use super::yaml::Parsed;

/// Deeper ones are for the parser, which knows the limit.
const MAX_DEPTH: usize = 64;
/// Longer keys are for the parser, which knows the limit.
const MAX_KEY: usize = 512;

/// The document of a chunk; `None`: it is for the parser.
pub(super) fn parse(text: &str, chunk: Span) -> Option<Parsed> {
    let slice = text.get(..chunk.end as usize)?;
    let bytes = slice.as_bytes().get(chunk.start as usize..)?;
    // Tabs and byte-order marks, and line breaks of other systems. The last line is as all others.
    if bytes.iter().any(|byte| matches!(byte, b'\t' | b'\r' | 0xEF)) || bytes.last() != Some(&b'\n')
    {
        return None;
    }
    let mut reader = Reader {
        text: slice,
        at: chunk.start as usize,
        line: None,
        parsed: Parsed { span: chunk, ..Parsed::default() },
    };
    // About as many as there are.
    reader.parsed.arena.nodes.reserve(bytes.len() / 12);
    reader.advance();
    if reader.line.is_some_and(|line| line.indent == 0 && line.text == "---") {
        reader.advance();
    }
    let root = reader.node(reader.line?, 0)?;
    if reader.line.is_some() {
        return None;
    }
    reader.parsed.arena.nodes.shrink_to_fit();
    reader.parsed.root = Some(root);
    Some(reader.parsed)
}

/// A line that holds something, or the part of it behind a dash.
#[derive(Clone, Copy)]
struct Line<'a> {
    /// Its first byte that is no blank.
    start: usize,
    /// So many bytes stand before that.
    indent: usize,
    /// From there to its end.
    text: &'a str,
}

struct Reader<'a> {
    /// Ends with the chunk.
    text: &'a str,
    /// The first byte of the next line.
    at: usize,
    /// The line to be read; `None` at the end.
    line: Option<Line<'a>>,
    parsed: Parsed,
}

impl<'a> Reader<'a> {
    /// The next line with its end, and where it begins; `None` at the end of the text.
    fn next_line(&mut self) -> Option<(usize, &'a str)> {
        let begin = self.at;
        let line = self.text.get(begin..)?.split_once('\n')?.0;
        self.at += line.len() + 1;
        Some((begin, line))
    }

    /// Goes to the next line that holds more than a comment.
    fn advance(&mut self) {
        self.line = None;
        while let Some((begin, line)) = self.next_line() {
            let text = line.trim_start_matches(' ');
            let indent = line.len() - text.len();
            match text.as_bytes().first() {
                None => {}
                Some(b'#') => self.comment(begin + indent, text, false),
                Some(_) => {
                    self.line = Some(Line { start: begin + indent, indent, text });
                    return;
                }
            }
        }
    }

    fn comment(&mut self, start: usize, written: &str, trailing: bool) {
        let span = span(start, written.len());
        let text = written.strip_prefix('#').unwrap_or(written).trim().to_owned();
        self.parsed.comments.push(Comment { span, text, trailing });
    }

    fn add(&mut self, kind: NodeKind, span: Span) -> NodeId {
        let id = NodeId(to_u32(self.parsed.arena.nodes.len()));
        let node = Node { kind, span, outer_start: span.start, anchor: None, tag: None };
        self.parsed.arena.nodes.push(node);
        id
    }

    /// Ends a collection with its last value.
    fn close(&mut self, id: NodeId, kind: NodeKind, last: NodeId) -> Option<NodeId> {
        let nodes = &mut self.parsed.arena.nodes;
        let end = nodes.get(last.0 as usize)?.span.end;
        let node = nodes.get_mut(id.0 as usize)?;
        node.kind = kind;
        node.span.end = end;
        Some(id)
    }

    /// A collection that begins in this line.
    fn node(&mut self, line: Line<'a>, depth: usize) -> Option<NodeId> {
        if depth > MAX_DEPTH {
            return None;
        }
        match is_dash(line.text) {
            true => self.list(line, depth),
            false => self.mapping(line, depth),
        }
    }

    fn mapping(&mut self, first: Line<'a>, depth: usize) -> Option<NodeId> {
        let kind = NodeKind::Mapping { entries: Vec::new(), flow: false };
        let id = self.add(kind, span(first.start, 0));
        let mut entries = Vec::new();
        let mut line = first;
        loop {
            let key = key(line.text)?;
            let key_id = self.add(scalar(key, Style::Plain), span(line.start, key.len()));
            let behind = line.behind(key.len() + 1)?;
            let value = self.value(behind, first.indent, true, depth)?;
            entries.push((key_id, value));
            match self.line {
                Some(next) if next.indent > first.indent => return None,
                Some(next) if next.indent == first.indent => line = next,
                _ => return self.close(id, NodeKind::Mapping { entries, flow: false }, value),
            }
        }
    }

    fn list(&mut self, first: Line<'a>, depth: usize) -> Option<NodeId> {
        let id = self.add(NodeKind::List { items: Vec::new(), flow: false }, span(first.start, 0));
        let mut items = Vec::new();
        let mut line = first;
        loop {
            let behind = line.behind(1)?;
            let item = if key(behind.text).is_some() || is_dash(behind.text) {
                self.node(behind, depth + 1)?
            } else {
                self.value(behind, first.indent, false, depth)?
            };
            items.push(item);
            match self.line {
                Some(next) if next.indent > first.indent => return None,
                Some(next) if next.indent == first.indent && is_dash(next.text) => line = next,
                _ => return self.close(id, NodeKind::List { items, flow: false }, item),
            }
        }
    }

    /// What stands behind a key or a dash that has so many bytes before it, here or in the next lines.
    fn value(
        &mut self,
        line: Line<'a>,
        indent: usize,
        keyed: bool,
        depth: usize,
    ) -> Option<NodeId> {
        let Line { start, text: written, .. } = line;
        let (kind, length) = match written.as_bytes().first() {
            None | Some(b'#') => return self.below(line, indent, keyed, depth),
            Some(b'|') => return self.literal(start, written, indent),
            Some(b'[') => return self.flow(line),
            Some(b'"' | b'\'') => quoted(written)?,
            Some(b'{') if written.starts_with("{}") => {
                (NodeKind::Mapping { entries: Vec::new(), flow: true }, 2)
            }
            Some(_) => {
                let text = plain(written)?;
                (scalar(text, Style::Plain), text.len())
            }
        };
        let id = self.add(kind, span(start, length));
        self.end_of_line(start + length, written.get(length..)?)?;
        Some(id)
    }

    /// The collection in the lines below a key or a dash. One that is not there is for the parser.
    fn below(
        &mut self,
        line: Line<'a>,
        indent: usize,
        keyed: bool,
        depth: usize,
    ) -> Option<NodeId> {
        if !line.text.is_empty() {
            self.comment(line.start, line.text, true);
        }
        self.advance();
        let next = self.line?;
        let beneath_key = keyed && next.indent == indent && is_dash(next.text);
        let is_below = next.indent > indent || beneath_key;
        is_below.then(|| self.node(next, depth + 1)).flatten()
    }

    /// Goes on behind a value; nothing but a comment may follow it in its line.
    fn end_of_line(&mut self, from: usize, rest: &str) -> Option<()> {
        let written = rest.trim_start_matches(' ');
        let skipped = rest.len() - written.len();
        match written.as_bytes().first() {
            None => {}
            Some(b'#') if skipped > 0 => self.comment(from + skipped, written, true),
            Some(_) => return None,
        }
        self.advance();
        Some(())
    }

    /// `[a, "b"]` in one line, and nothing but scalars in it.
    fn flow(&mut self, line: Line<'a>) -> Option<NodeId> {
        let Line { start, text: written, .. } = line;
        let kind = NodeKind::List { items: Vec::new(), flow: true };
        let id = self.add(kind, span(start, 0));
        let mut items = Vec::new();
        let mut at = 1;
        loop {
            let rest = written.get(at..)?;
            let item = rest.trim_start_matches(' ');
            at += rest.len() - item.len();
            let (kind, length) = match item.as_bytes().first()? {
                b']' if items.is_empty() => break,
                b'"' | b'\'' => quoted(item)?,
                b'-' => return None,
                _ => {
                    let text = item.get(..item.bytes().position(|byte| !is_simple(byte))?)?;
                    (scalar(text, Style::Plain), Some(text.len()).filter(|length| *length > 0)?)
                }
            };
            items.push(self.add(kind, span(start + at, length)));
            at += length;
            let rest = written.get(at..)?;
            let next = rest.trim_start_matches(' ');
            at += rest.len() - next.len();
            match next.as_bytes().first()? {
                b',' => at += 1,
                b']' => break,
                _ => return None,
            }
        }
        let node = self.parsed.arena.nodes.get_mut(id.0 as usize)?;
        node.kind = NodeKind::List { items, flow: true };
        node.span = span(start, at + 1);
        self.end_of_line(start + at + 1, written.get(at + 1..)?)?;
        Some(id)
    }

    /// `|` or `|-`, with text in its first line.
    fn literal(&mut self, header: usize, written: &str, indent: usize) -> Option<NodeId> {
        let strips = match written.trim_end_matches(' ') {
            "|" => false,
            "|-" => true,
            _ => return None,
        };
        let (mut text, mut blank_lines) = (String::new(), 0);
        let (mut begin, mut end, mut inner) = (0, 0, 0);
        let mut next = self.at;
        while let Some((from, line)) = self.next_line() {
            let blanks = line.len() - line.trim_start_matches(' ').len();
            if blanks == line.len() {
                // Blanks beyond the indentation are text, and a blank line at first is odd.
                if inner == 0 || blanks > inner {
                    return None;
                }
                blank_lines += 1;
                next = self.at;
                continue;
            }
            if inner == 0 {
                if blanks <= indent {
                    return None;
                }
                (inner, begin) = (blanks, from + blanks);
            } else if blanks < inner {
                break;
            } else {
                text.push('\n');
            }
            (0..blank_lines).for_each(|_| text.push('\n'));
            blank_lines = 0;
            text.push_str(line.get(inner..)?);
            end = from + line.len();
            next = self.at;
        }
        self.at = next;
        if inner == 0 {
            return None;
        }
        if !strips {
            text.push('\n');
        }
        let id = self.add(scalar_of(text, Style::Literal), span(begin, end - begin));
        self.parsed.arena.nodes.get_mut(id.0 as usize)?.outer_start = to_u32(header);
        self.advance();
        Some(id)
    }
}

fn span(start: usize, length: usize) -> Span {
    Span::new(to_u32(start), to_u32(start + length))
}

fn scalar(text: &str, style: Style) -> NodeKind {
    scalar_of(text.to_owned(), style)
}

const fn scalar_of(text: String, style: Style) -> NodeKind {
    NodeKind::Scalar { text, style }
}

impl<'a> Line<'a> {
    /// What stands behind so many bytes of it.
    fn behind(self, length: usize) -> Option<Line<'a>> {
        let rest = self.text.get(length..)?;
        let text = rest.trim_start_matches(' ');
        let skipped = length + rest.len() - text.len();
        Some(Line { start: self.start + skipped, indent: self.indent + skipped, text })
    }
}

/// What a word may be of that is nothing else anywhere.
const fn is_simple(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-')
}

fn is_dash(rest: &str) -> bool {
    rest == "-" || rest.starts_with("- ")
}

/// The key that a line begins with: names of fields, labels and annotations without quotes.
fn key(rest: &str) -> Option<&str> {
    let bytes = rest.as_bytes();
    let length = bytes.iter().position(|byte| !is_simple(*byte))?;
    let begins = bytes.first().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let ends =
        bytes.get(length) == Some(&b':') && matches!(bytes.get(length + 1), None | Some(b' '));
    if begins && ends && length <= MAX_KEY { rest.get(..length) } else { None }
}

/// The plain scalar at the begin of a text, which is not empty.
fn plain(written: &str) -> Option<&str> {
    let bytes = written.as_bytes();
    let begins = match bytes.first()? {
        b'-' => bytes.get(1).is_some_and(|next| *next != b' '),
        b'?' | b':' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|'
        | b'>' | b'\'' | b'"' | b'%' | b'@' | b'`' => false,
        _ => true,
    };
    if !begins {
        return None;
    }
    let mut length = bytes.len();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b':' if matches!(bytes.get(at + 1), None | Some(b' ')) => return None,
            b'#' if at > 0 && bytes.get(at - 1) == Some(&b' ') => {
                length = at;
                break;
            }
            _ => {}
        }
    }
    Some(written.get(..length)?.trim_end_matches(' '))
}

/// The scalar in quotes at the begin of a text, and its length with them.
fn quoted(written: &str) -> Option<(NodeKind, usize)> {
    if written.starts_with('"') {
        let (text, length) = double(written)?;
        return Some((scalar_of(text, Style::Double), length));
    }
    let text = single(written)?;
    Some((scalar(text, Style::Single), text.len() + 2))
}

/// The text in single quotes at the begin of a text, and no quote in it.
fn single(written: &str) -> Option<&str> {
    written.get(1..)?.split_once('\'').map(|(text, _)| text)
}

/// The text in double quotes at the begin of a text, and its length with them.
fn double(written: &str) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut at = 1;
    loop {
        let rest = written.get(at..)?;
        let run = rest.find(['"', '\\'])?;
        text.push_str(rest.get(..run)?);
        at += run;
        if rest.as_bytes().get(run) == Some(&b'"') {
            return Some((text, at + 1));
        }
        text.push(match rest.as_bytes().get(run + 1)? {
            b'"' => '"',
            b'\\' => '\\',
            b'n' => '\n',
            _ => return None,
        });
        at += 2;
    }
}
