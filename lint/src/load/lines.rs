//! Most manifests are printed by tools: keys and dashes in lines of their own, values that end in
//! their line. That much of YAML is read here, line by line, several times as fast as by the parser
//! of all of it. Anything else, and all that is wrong, is left to `yaml`, for the whole document.
//!
//! What is read here is what `yaml` reads, node by node and span by span: the tests hold one to the
//! other. Most texts are read for their value alone: where a field is written is asked of few.

mod nodes;
mod values;

use std::borrow::Cow;

use memchr::memchr;
use serde_json::Value;

use super::arena::Style;
use super::source::{Span, to_u32};
use super::yaml::Parsed;

/// Deeper ones are for the parser, which knows the limit.
const MAX_DEPTH: usize = 64;
/// Longer keys are for the parser, which knows the limit.
const MAX_KEY: usize = 512;

/// The document of a chunk with all its nodes; `None`: it is for the parser.
pub(super) fn parse(text: &str, chunk: Span) -> Option<Parsed> {
    // About as many nodes as there are.
    let (root, mut nodes) = read(text, chunk, nodes::Nodes::with_room(chunk.len() / 12))?;
    nodes.arena.nodes.shrink_to_fit();
    let nodes::Nodes { arena, comments } = nodes;
    Some(Parsed { arena, root: Some(root), comments, problems: Vec::new(), span: chunk })
}

/// The value of a chunk, which is a mapping or a list and has no problem; `None`: it is for [`parse`]
/// and for what tells the problems of values.
pub(super) fn value(text: &str, chunk: Span) -> Option<Value> {
    read(text, chunk, values::Values).map(|(value, _)| value)
}

/// What is made of a text.
trait Build<'a> {
    /// A scalar or a collection.
    type Node;
    /// A list that is being read.
    type List;
    /// A mapping that is being read.
    type Mapping;

    /// From `#` to the end of the line; `trailing`: something else stands before it there.
    fn comment(&mut self, start: usize, written: &str, trailing: bool);
    /// `outer`: where its header begins, if it has one. `None`: it has no value in JSON.
    fn scalar(
        &mut self,
        text: Cow<'a, str>,
        style: Style,
        span: Span,
        outer: usize,
    ) -> Option<Self::Node>;
    fn list(&mut self, start: usize) -> Self::List;
    fn item(&mut self, list: &mut Self::List, item: Self::Node);
    /// `flow`: the end of one in brackets; other collections end with their last value.
    fn end_list(&mut self, list: Self::List, flow: Option<usize>) -> Self::Node;
    fn mapping(&mut self, start: usize) -> Self::Mapping;
    /// The key of the next entry. `None`: it is no string in JSON.
    fn key(&mut self, mapping: &mut Self::Mapping, key: &'a str, start: usize) -> Option<()>;
    /// `None`: the key is there twice.
    fn entry(&mut self, mapping: &mut Self::Mapping, value: Self::Node) -> Option<()>;
    /// As [`Build::end_list`].
    fn end_mapping(&mut self, mapping: Self::Mapping, flow: Option<usize>) -> Self::Node;
}

/// The root of what is built of a chunk.
fn read<'a, B: Build<'a>>(text: &'a str, chunk: Span, build: B) -> Option<(B::Node, B)> {
    let slice = text.get(..chunk.end as usize)?;
    let bytes = slice.as_bytes().get(chunk.start as usize..)?;
    // Tabs and byte-order marks, and line breaks of other systems. The last line is as all others.
    let odd = |byte: u8| matches!(byte, b'\t' | b'\r' | 0xEF);
    if bytes.iter().fold(false, |found, byte| found | odd(*byte)) || bytes.last() != Some(&b'\n') {
        return None;
    }
    let mut reader = Reader { text: slice, at: chunk.start as usize, line: None, build };
    reader.advance();
    if reader.line.is_some_and(|line| line.indent == 0 && line.text == "---") {
        reader.advance();
    }
    let root = reader.node(reader.line?, 0)?;
    if reader.line.is_some() {
        return None;
    }
    Some((root, reader.build))
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

struct Reader<'a, B> {
    /// Ends with the chunk.
    text: &'a str,
    /// The first byte of the next line.
    at: usize,
    /// The line to be read; `None` at the end.
    line: Option<Line<'a>>,
    build: B,
}

impl<'a, B: Build<'a>> Reader<'a, B> {
    /// The next line with its end, and where it begins; `None` at the end of the text.
    fn next_line(&mut self) -> Option<(usize, &'a str)> {
        let begin = self.at;
        let rest = self.text.get(begin..)?;
        let line = rest.get(..memchr(b'\n', rest.as_bytes())?)?;
        self.at += line.len() + 1;
        Some((begin, line))
    }

    /// Goes to the next line that holds more than a comment.
    fn advance(&mut self) {
        self.line = None;
        while let Some((begin, line)) = self.next_line() {
            let indent = blanks(line);
            let text = line.get(indent..).unwrap_or_default();
            match text.as_bytes().first() {
                None => {}
                Some(b'#') => self.build.comment(begin + indent, text, false),
                Some(_) => {
                    self.line = Some(Line { start: begin + indent, indent, text });
                    return;
                }
            }
        }
    }

    /// A collection that begins in this line.
    fn node(&mut self, line: Line<'a>, depth: usize) -> Option<B::Node> {
        if depth > MAX_DEPTH {
            return None;
        }
        match is_dash(line.text) {
            true => self.list(line, depth),
            false => self.mapping(line, depth),
        }
    }

    fn mapping(&mut self, first: Line<'a>, depth: usize) -> Option<B::Node> {
        let mut mapping = self.build.mapping(first.start);
        let mut line = first;
        loop {
            let key = key(line.text)?;
            self.build.key(&mut mapping, key, line.start)?;
            let behind = line.behind(key.len() + 1)?;
            let value = self.value(behind, first.indent, true, depth)?;
            self.build.entry(&mut mapping, value)?;
            match self.line {
                Some(next) if next.indent > first.indent => return None,
                Some(next) if next.indent == first.indent => line = next,
                _ => return Some(self.build.end_mapping(mapping, None)),
            }
        }
    }

    fn list(&mut self, first: Line<'a>, depth: usize) -> Option<B::Node> {
        let mut list = self.build.list(first.start);
        let mut line = first;
        loop {
            let behind = line.behind(1)?;
            let item = if key(behind.text).is_some() || is_dash(behind.text) {
                self.node(behind, depth + 1)?
            } else {
                self.value(behind, first.indent, false, depth)?
            };
            self.build.item(&mut list, item);
            match self.line {
                Some(next) if next.indent > first.indent => return None,
                Some(next) if next.indent == first.indent && is_dash(next.text) => line = next,
                _ => return Some(self.build.end_list(list, None)),
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
    ) -> Option<B::Node> {
        let Line { start, text: written, .. } = line;
        let (node, length) = match written.as_bytes().first() {
            None | Some(b'#') => return self.below(line, indent, keyed, depth),
            Some(b'|') => return self.literal(start, written, indent),
            Some(b'[') => return self.flow(line),
            Some(b'"' | b'\'') => self.quoted(start, written)?,
            Some(b'{') if written.starts_with("{}") => {
                let mapping = self.build.mapping(start);
                (self.build.end_mapping(mapping, Some(start + 2)), 2)
            }
            Some(_) => {
                let text = plain(written)?;
                (self.plain(start, text)?, text.len())
            }
        };
        self.end_of_line(start + length, written.get(length..)?)?;
        Some(node)
    }

    fn plain(&mut self, start: usize, text: &'a str) -> Option<B::Node> {
        self.build.scalar(Cow::Borrowed(text), Style::Plain, span(start, text.len()), start)
    }

    /// The scalar in quotes at the begin of a text, and its length with them.
    fn quoted(&mut self, start: usize, written: &'a str) -> Option<(B::Node, usize)> {
        let (text, style, length) = if written.starts_with('"') {
            let (text, length) = double(written)?;
            (text, Style::Double, length)
        } else {
            let text = single(written)?;
            (Cow::Borrowed(text), Style::Single, text.len() + 2)
        };
        let node = self.build.scalar(text, style, span(start, length), start)?;
        Some((node, length))
    }

    /// The collection in the lines below a key or a dash. One that is not there is for the parser.
    fn below(
        &mut self,
        line: Line<'a>,
        indent: usize,
        keyed: bool,
        depth: usize,
    ) -> Option<B::Node> {
        if !line.text.is_empty() {
            self.build.comment(line.start, line.text, true);
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
            Some(b'#') if skipped > 0 => self.build.comment(from + skipped, written, true),
            Some(_) => return None,
        }
        self.advance();
        Some(())
    }

    /// `[a, "b"]` in one line, and nothing but scalars in it.
    fn flow(&mut self, line: Line<'a>) -> Option<B::Node> {
        let Line { start, text: written, .. } = line;
        let mut list = self.build.list(start);
        let mut is_empty = true;
        let mut at = 1;
        loop {
            let rest = written.get(at..)?;
            let item = rest.trim_start_matches(' ');
            at += rest.len() - item.len();
            let (node, length) = match item.as_bytes().first()? {
                b']' if is_empty => break,
                b'"' | b'\'' => self.quoted(start + at, item)?,
                b'-' => return None,
                _ => {
                    let text = item.get(..item.bytes().position(|byte| !is_simple(byte))?)?;
                    let text = Some(text).filter(|text| !text.is_empty())?;
                    (self.plain(start + at, text)?, text.len())
                }
            };
            self.build.item(&mut list, node);
            is_empty = false;
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
        let end = start + at + 1;
        let node = self.build.end_list(list, Some(end));
        self.end_of_line(end, written.get(at + 1..)?)?;
        Some(node)
    }

    /// `|` or `|-`, with text in its first line.
    fn literal(&mut self, header: usize, written: &str, indent: usize) -> Option<B::Node> {
        let strips = match written.trim_end_matches(' ') {
            "|" => false,
            "|-" => true,
            _ => return None,
        };
        let (mut text, mut blank_lines) = (String::new(), 0);
        let (mut begin, mut end, mut inner) = (0, 0, 0);
        let mut next = self.at;
        while let Some((from, line)) = self.next_line() {
            let blanks = blanks(line);
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
        let span = span(begin, end - begin);
        let node = self.build.scalar(Cow::Owned(text), Style::Literal, span, header)?;
        self.advance();
        Some(node)
    }
}

fn span(start: usize, length: usize) -> Span {
    Span::new(to_u32(start), to_u32(start + length))
}

impl<'a> Line<'a> {
    /// What stands behind so many bytes of it.
    fn behind(self, length: usize) -> Option<Line<'a>> {
        let rest = self.text.get(length..)?;
        let skipped = blanks(rest);
        let text = rest.get(skipped..)?;
        let skipped = length + skipped;
        Some(Line { start: self.start + skipped, indent: self.indent + skipped, text })
    }
}

/// What a word may be of that is nothing else anywhere.
fn is_simple(byte: u8) -> bool {
    SIMPLE.get(usize::from(byte)).is_some_and(|simple| *simple)
}

/// Looked up, because it is asked of every byte of every key.
const SIMPLE: [bool; 256] = {
    let mut simple = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        simple[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-');
        byte += 1;
    }
    simple
};

/// So many blanks stand at the begin of a text.
fn blanks(text: &str) -> usize {
    const BLANKS: u64 = u64::from_ne_bytes([b' '; 8]);
    let mut counted = 0;
    // Eight at a time: the first byte that is none is the first with a bit that differs.
    for eight in text.as_bytes().as_chunks::<8>().0 {
        let odd = u64::from_le_bytes(*eight) ^ BLANKS;
        if odd != 0 {
            return counted + (odd.trailing_zeros() / 8) as usize;
        }
        counted += 8;
    }
    let rest = text.as_bytes().get(counted..).unwrap_or_default();
    counted + rest.iter().position(|byte| *byte != b' ').unwrap_or(rest.len())
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

/// The text in single quotes at the begin of a text, and no quote in it.
fn single(written: &str) -> Option<&str> {
    written.get(1..)?.split_once('\'').map(|(text, _)| text)
}

/// The text in double quotes at the begin of a text, and its length with them.
fn double(written: &str) -> Option<(Cow<'_, str>, usize)> {
    // Borrowed until something stands before or behind an escape.
    let mut text = Cow::Borrowed("");
    let mut at = 1;
    loop {
        let rest = written.get(at..)?;
        let run = rest.find(['"', '\\'])?;
        text += rest.get(..run)?;
        at += run;
        if rest.as_bytes().get(run) == Some(&b'"') {
            return Some((text, at + 1));
        }
        text.to_mut().push(match rest.as_bytes().get(run + 1)? {
            b'"' => '"',
            b'\\' => '\\',
            b'n' => '\n',
            _ => return None,
        });
        at += 2;
    }
}
