//! From a byte range of a decoded string to the bytes where it is written.
//!
//! The scalar is decoded once more, piece by piece, with a note of where each piece comes from. The
//! result must be the text that the parser read; if it is not, the map knows only the whole value.

use std::ops::Range;

use super::arena::{Node, NodeId, NodeKind, Style};
use super::document::Document;
use super::source::{Source, Span, to_u32};
use super::value::first_line;

/// How the decoded text of a scalar maps to its source; build it once for many ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextMap {
    /// In order, without gaps in the decoded text.
    pub pieces: Vec<Piece>,
    /// The first line of the whole value.
    pub whole: Span,
}

/// A stretch of decoded text and its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The first byte in the decoded text.
    pub decoded: u32,
    /// Its length in the decoded text.
    pub len: u32,
    /// Where it is written.
    pub source: Span,
    /// Byte for byte the same in both; otherwise an escape or a line break, which has no parts.
    pub verbatim: bool,
    /// A line break: folded to a blank, or kept.
    pub line_break: bool,
    /// The line of the scalar, from 0.
    pub line: u32,
}

/// The source bytes of `decoded` (a byte range of the decoded text of scalar `node`), cut at the end
/// of the first line it touches: a label never holds a line break. An alias means its target. If the
/// node is no scalar, or the range is not one of its text, the whole value's first line.
#[must_use]
pub fn inside(document: &Document, source: &Source, node: NodeId, decoded: Range<usize>) -> Span {
    text_map(document, source, node).first(decoded)
}

/// The map of a scalar; for any other node it knows only the whole value.
#[must_use]
pub fn text_map(document: &Document, source: &Source, node: NodeId) -> TextMap {
    let arena = &document.tree(source).arena;
    let node = arena.get(arena.target(node));
    let Some(node) = node else { return TextMap::default() };
    let whole = first_line(source, node.span);
    let NodeKind::Scalar { text, style } = &node.kind else {
        return TextMap { pieces: Vec::new(), whole };
    };
    let pieces = match style {
        Style::Plain => flow(source, node.span, Flow::Plain),
        Style::Single => flow(source, unquoted(node.span), Flow::Single),
        Style::Double => flow(source, unquoted(node.span), Flow::Double),
        Style::Literal | Style::Folded => block(source, document, node, text),
    };
    match pieces {
        Some(pieces) if pieces.text == *text => TextMap { pieces: pieces.pieces, whole },
        _ => TextMap { pieces: Vec::new(), whole },
    }
}

impl TextMap {
    /// Where a range of the decoded text is written, up to the end of the first line it touches.
    #[must_use]
    pub fn first(&self, decoded: Range<usize>) -> Span {
        self.lines(decoded).first().copied().unwrap_or(self.whole)
    }

    /// Where a range of the decoded text is written, a span for each line that it touches. An empty
    /// range, or one of line breaks only, gives an empty span; an unknown one the whole value.
    #[must_use]
    pub fn lines(&self, decoded: Range<usize>) -> Vec<Span> {
        let (start, end) = (to_u32(decoded.start), to_u32(decoded.end.max(decoded.start)));
        let total = self.pieces.last().map_or(0, |piece| piece.decoded + piece.len);
        if self.pieces.is_empty() || end > total {
            return vec![self.whole];
        }
        let first = self.pieces.partition_point(|piece| piece.decoded + piece.len <= start);
        let rest = self.pieces.get(first..).unwrap_or_default();
        let touched = rest.iter().take_while(|piece| piece.decoded < end);
        let mut lines: Vec<(u32, Span)> = Vec::new();
        for piece in touched.filter(|piece| !piece.line_break) {
            let span = piece.part(start, end);
            match lines.last_mut() {
                Some((line, last)) if *line == piece.line => last.end = span.end,
                _ => lines.push((piece.line, span)),
            }
        }
        if lines.is_empty() {
            let at = match rest.first() {
                Some(piece) => piece.part(start, end).start,
                None => self.pieces.last().map_or(self.whole.end, |piece| piece.source.end),
            };
            return vec![Span::at(at)];
        }
        lines.into_iter().map(|(_, span)| span).collect()
    }
}

impl Piece {
    /// The source of the part of this piece between two decoded bytes.
    const fn part(&self, start: u32, end: u32) -> Span {
        if !self.verbatim {
            return self.source;
        }
        let skip = start.saturating_sub(self.decoded);
        let skip = if skip < self.len { skip } else { self.len };
        let cut = (self.decoded + self.len).saturating_sub(end);
        let cut = if cut < self.len { cut } else { self.len };
        Span::new(self.source.start + skip, self.source.end - cut)
    }
}

/// A text that is decoded, and where it comes from.
#[derive(Default)]
struct Pieces {
    text: String,
    pieces: Vec<Piece>,
    line: u32,
}

impl Pieces {
    fn copy(&mut self, source: &Source, span: Span) {
        let text = source.slice(span);
        let decoded = to_u32(self.text.len());
        self.text.push_str(text);
        let len = to_u32(text.len());
        if let Some(last) = self.pieces.last_mut()
            && last.verbatim
            && last.line == self.line
            && last.source.end == span.start
        {
            last.source.end = span.end;
            last.len += len;
        } else if len > 0 {
            let line = self.line;
            let piece =
                Piece { decoded, len, source: span, verbatim: true, line_break: false, line };
            self.pieces.push(piece);
        }
    }

    fn replace(&mut self, text: &str, source: Span, line_break: bool) {
        let decoded = to_u32(self.text.len());
        self.text.push_str(text);
        let (len, line) = (to_u32(text.len()), self.line);
        self.pieces.push(Piece { decoded, len, source, verbatim: false, line_break, line });
    }

    fn line_break(&mut self, text: &str, source: Span) {
        self.replace(text, source, true);
        self.line += 1;
    }
}

/// One line of a scalar: its text and its line break.
#[derive(Clone, Copy, Debug)]
struct Line {
    text: Span,
    line_break: Span,
}

/// The lines of a span; the last one may be without a break.
fn lines(source: &Source, span: Span) -> Vec<Line> {
    let text = source.slice(span);
    let mut lines = Vec::new();
    let mut start = 0;
    loop {
        let rest = text.get(start..).unwrap_or_default();
        let len = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let after = rest.get(len..).unwrap_or_default();
        let break_len = if after.starts_with("\r\n") { 2 } else { after.len().min(1) };
        let at = |offset: usize| span.start + to_u32(offset);
        lines.push(Line {
            text: Span::new(at(start), at(start + len)),
            line_break: Span::new(at(start + len), at(start + len + break_len)),
        });
        if break_len == 0 {
            return lines;
        }
        start += len + break_len;
    }
}

fn unquoted(span: Span) -> Span {
    Span::new(span.start + 1, span.end.saturating_sub(1))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Plain,
    Single,
    Double,
}

/// Plain and quoted scalars: a line break becomes a blank, `n` of them `n - 1` line breaks, and the
/// blanks around them go.
fn flow(source: &Source, span: Span, kind: Flow) -> Option<Pieces> {
    let mut pieces = Pieces::default();
    let lines = lines(source, span);
    let last = lines.len().saturating_sub(1);
    // The breaks since the last line with text; an escaped one is not among them.
    let mut breaks: Vec<Span> = Vec::new();
    let mut escaped = false;
    for (index, line) in lines.iter().enumerate() {
        let raw = source.slice(line.text);
        let mut text = line.text;
        if index > 0 {
            text.start += to_u32(raw.len() - raw.trim_start_matches([' ', '\t']).len());
        }
        let mut ends_escaped = false;
        if index < last {
            let content = source.slice(text);
            ends_escaped = kind == Flow::Double && escapes_end(content);
            let kept = if ends_escaped { content.len() } else { trimmed(content, kind).len() };
            text.end = text.start + to_u32(kept);
        }
        if !text.is_empty() || index == 0 || index == last {
            folded(&mut pieces, &breaks, escaped);
            breaks.clear();
            escaped = false;
            let end = text.end - u32::from(ends_escaped);
            content(&mut pieces, source, Span::new(text.start, end), kind)?;
        }
        if index == last {
            break;
        }
        if ends_escaped {
            escaped = true;
            pieces.line += 1;
        } else {
            breaks.push(line.line_break);
        }
    }
    Some(pieces)
}

/// Whether the last character is an unescaped backslash.
fn escapes_end(text: &str) -> bool {
    (text.len() - text.trim_end_matches('\\').len()) % 2 == 1
}

/// Without blanks at the end, but with a blank that is escaped.
fn trimmed(text: &str, kind: Flow) -> &str {
    let kept = text.trim_end_matches([' ', '\t']);
    let blank = kind == Flow::Double && kept.len() < text.len() && escapes_end(kept);
    if blank { text.get(..=kept.len()).unwrap_or(kept) } else { kept }
}

fn folded(pieces: &mut Pieces, breaks: &[Span], escaped: bool) {
    match breaks {
        [] => {}
        [only] if !escaped => pieces.line_break(" ", *only),
        [first, rest @ ..] => {
            if escaped {
                pieces.line_break("\n", *first);
            } else {
                pieces.line += 1;
            }
            for span in rest {
                pieces.line_break("\n", *span);
            }
        }
    }
}

/// The text of one line, its escapes decoded.
fn content(pieces: &mut Pieces, source: &Source, span: Span, kind: Flow) -> Option<()> {
    let text = source.slice(span);
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..)?;
        let run = match kind {
            Flow::Plain => rest.len(),
            Flow::Single => rest.find("''").unwrap_or(rest.len()),
            Flow::Double => rest.find('\\').unwrap_or(rest.len()),
        };
        let start = span.start + to_u32(at);
        pieces.copy(source, Span::new(start, start + to_u32(run)));
        at += run;
        if at == text.len() {
            break;
        }
        let start = span.start + to_u32(at);
        let (character, len) = match kind {
            Flow::Double => escape(text.get(at..)?)?,
            _ => ('\'', 2),
        };
        let mut buffer = [0; 4];
        let decoded = character.encode_utf8(&mut buffer);
        pieces.replace(decoded, Span::new(start, start + to_u32(len)), false);
        at += len;
    }
    Some(())
}

/// The character of an escape of YAML or JSON, and its length.
fn escape(text: &str) -> Option<(char, usize)> {
    let code = |digits: usize| {
        let digits = text.get(2..2 + digits)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let character = match text.chars().nth(1)? {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{B}',
        'f' => '\u{C}',
        'r' => '\r',
        'e' => '\u{1B}',
        known @ (' ' | '"' | '/' | '\\') => known,
        'N' => '\u{85}',
        '_' => '\u{A0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        'x' => return Some((char::from_u32(code(2)?)?, 4)),
        'U' => return Some((char::from_u32(code(8)?)?, 10)),
        'u' => return escaped_unit(text, code(4)?),
        _ => return None,
    };
    Some((character, 2))
}

/// `\uXXXX`, or two of them that make one character; a lone half is U+FFFD.
fn escaped_unit(text: &str, unit: u32) -> Option<(char, usize)> {
    let low = text.get(6..12).and_then(|next| next.strip_prefix("\\u"));
    let low = low.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    if let (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) = (unit, low) {
        let code = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        return Some((char::from_u32(code)?, 12));
    }
    Some((char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER), 6))
}

/// The widest indentation that is tried.
const MAX_INDENT: usize = 64;

/// Literal and folded block scalars. The indentation is that of the first line with text unless the
/// header gives it relative to a parent; then those that are possible are tried.
fn block(source: &Source, document: &Document, node: &Node, text: &str) -> Option<Pieces> {
    let head = source.slice(Span::new(node.outer_start, node.span.start.max(node.outer_start)));
    // Anchors and tags before the header hold neither `|` nor `>` at the start of a word.
    let offset = head
        .char_indices()
        .find(|(at, character)| {
            matches!(character, '|' | '>')
                && head.get(..*at).is_none_or(|before| {
                    before.is_empty() || before.ends_with([' ', '\t', '\n', '\r'])
                })
        })
        .map(|(at, _)| at)?;
    let header_at = node.outer_start + to_u32(offset);
    // Blank lines after the text belong to the scalar too.
    let after = source.slice(Span::new(node.span.end.max(header_at), document.span.end));
    let blank = after.len() - after.trim_start_matches([' ', '\t', '\n', '\r']).len();
    let end = node.span.end.max(header_at) + to_u32(blank);
    let lines = lines(source, Span::new(header_at, end));
    let header = lines.first().map(|line| source.slice(line.text)).unwrap_or_default();
    let indicators = header.split([' ', '\t', '#']).next().unwrap_or_default();
    let chomp = indicators.chars().find(|c| matches!(c, '-' | '+')).unwrap_or(' ');
    let folded = indicators.starts_with('>');
    let body = lines.get(1..).unwrap_or_default();
    let auto = body.iter().map(|line| source.slice(line.text)).find_map(|line| {
        let rest = line.trim_start_matches(' ');
        (!rest.is_empty()).then(|| line.len() - rest.len())
    });
    let explicit = indicators.chars().any(|character| character.is_ascii_digit());
    let first = auto.filter(|_| !explicit);
    first.into_iter().chain(0..=MAX_INDENT).find_map(|indent| {
        let pieces = block_lines(source, body, indent, folded, chomp, text.len());
        (pieces.text == text).then_some(pieces)
    })
}

/// The lines of a block scalar with a known indentation (`scannerc.go` of go-yaml: the break before
/// a line is folded unless one of the two lines starts with a blank).
fn block_lines(
    source: &Source,
    lines: &[Line],
    indent: usize,
    folded: bool,
    chomp: char,
    limit: usize,
) -> Pieces {
    let mut pieces = Pieces::default();
    // The break after the last line with text, and those of the blank lines after it.
    let mut leading: Option<Span> = None;
    let mut trailing: Vec<Span> = Vec::new();
    let mut after_blank = false;
    for line in lines {
        let raw = source.slice(line.text);
        let spaces = raw.len() - raw.trim_start_matches(' ').len();
        if raw.len() <= indent && spaces == raw.len() {
            trailing.push(line.line_break);
            continue;
        }
        let marks_end = indent == 0 && (raw.starts_with("---") || raw.starts_with("..."));
        if spaces < indent || marks_end || pieces.text.len() > limit {
            break;
        }
        let text = Span::new(line.text.start + to_u32(indent), line.text.end);
        let starts_blank = source.slice(text).starts_with([' ', '\t']);
        if let Some(span) = leading {
            if !folded || after_blank || starts_blank {
                pieces.line_break("\n", span);
            } else if trailing.is_empty() {
                pieces.line_break(" ", span);
            } else {
                pieces.line += 1;
            }
        }
        for span in trailing.drain(..) {
            pieces.line_break("\n", span);
        }
        after_blank = starts_blank;
        pieces.copy(source, text);
        leading = Some(line.line_break);
    }
    if let (Some(span), true) = (leading, chomp != '-') {
        pieces.line_break("\n", span);
    }
    if chomp == '+' {
        for span in trailing.into_iter().filter(|span| !span.is_empty()) {
            pieces.line_break("\n", span);
        }
    }
    pieces
}
