//! JSON text to an arena (RFC 8259).

use super::arena::{Arena, Node, NodeId, NodeKind, Style};
use super::document::MAX_DEPTH;
use super::problem::{Problem, ProblemKind, Syntax};
use super::source::{Span, to_u32};
use super::yaml::{Parsed, one_char};

/// Whether a text is meant as JSON: it begins with `{` or `[`, and not as a template does.
pub(crate) fn looks_like_json(text: &str) -> bool {
    let start = text.trim_start();
    start.starts_with(['{', '[']) && !start.starts_with("{{") && !start.starts_with("{%")
}

/// Parses the JSON values of a text, one after the other as `kubectl` reads them. The last one has
/// the problem, if there is one.
pub(super) fn parse(text: &str) -> Vec<Parsed> {
    let mut values = Vec::new();
    let mut reader = Reader { text, at: 0, arena: Arena::default() };
    loop {
        reader.blanks();
        let start = to_u32(reader.at);
        if reader.peek().is_none() {
            break;
        }
        let result = reader.value(0);
        let arena = std::mem::take(&mut reader.arena);
        let (root, problems) = match result {
            Ok(root) => (Some(root), Vec::new()),
            Err(problem) => (None, vec![problem]),
        };
        let broken = root.is_none();
        let end = if broken { text.len() } else { reader.at };
        let span = Span::new(start, to_u32(end));
        values.push(Parsed { arena, root, comments: Vec::new(), problems, span });
        if broken {
            break;
        }
    }
    if let Some(first) = values.first_mut() {
        first.span.start = 0;
    }
    if let Some(last) = values.last_mut() {
        last.span.end = to_u32(text.len());
    }
    values
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    arena: Arena,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn problem(&self, syntax: Syntax) -> Problem {
        Problem::new(ProblemKind::Syntax(syntax), one_char(self.text, to_u32(self.at)))
    }

    /// What is missing here: named, unless the text is over.
    fn expects(&self, what: &'static str) -> Problem {
        match self.peek() {
            None => self.ends(),
            Some(_) => self.problem(Syntax::JsonExpects { what }),
        }
    }

    /// The text is over: its last character is the place.
    fn ends(&self) -> Problem {
        let text = self.text.trim_end();
        let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
        let span = one_char(self.text, to_u32(last));
        Problem::new(ProblemKind::Syntax(Syntax::JsonEnds), span)
    }

    fn add(&mut self, kind: NodeKind, span: Span) -> NodeId {
        let id = NodeId(to_u32(self.arena.nodes.len()));
        let node = Node { kind, span, outer_start: span.start, anchor: None, tag: None };
        self.arena.nodes.push(node);
        id
    }

    fn close(&mut self, id: NodeId, kind: NodeKind, start: usize) -> NodeId {
        let span = Span::new(to_u32(start), to_u32(self.at));
        if let Some(node) = self.arena.nodes.get_mut(id.0 as usize) {
            node.kind = kind;
            node.span = span;
            node.outer_start = span.start;
        }
        id
    }

    fn value(&mut self, depth: usize) -> Result<NodeId, Problem> {
        if depth >= MAX_DEPTH {
            let span = one_char(self.text, to_u32(self.at));
            return Err(Problem::new(ProblemKind::TooDeep { limit: MAX_DEPTH }, span));
        }
        match self.peek() {
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('"') => self.string(),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<NodeId, Problem> {
        let start = self.at;
        let id = self.add(NodeKind::Mapping { entries: Vec::new(), flow: true }, Span::default());
        let mut entries = Vec::new();
        self.at += 1;
        self.blanks();
        if self.peek() != Some('}') {
            loop {
                self.blanks();
                if self.peek() != Some('"') {
                    return Err(self.unclosed(self.expects("a key in double quotes"), start));
                }
                let key = self.string()?;
                self.blanks();
                if self.peek() != Some(':') {
                    return Err(self.unclosed(self.expects("a : after the key"), start));
                }
                self.at += 1;
                self.blanks();
                entries.push((key, self.value(depth + 1)?));
                self.blanks();
                match self.peek() {
                    Some(',') => self.at += 1,
                    Some('}') => break,
                    _ => return Err(self.unclosed(self.expects("a , or a }"), start)),
                }
            }
        }
        self.at += 1;
        Ok(self.close(id, NodeKind::Mapping { entries, flow: true }, start))
    }

    fn array(&mut self, depth: usize) -> Result<NodeId, Problem> {
        let start = self.at;
        let id = self.add(NodeKind::List { items: Vec::new(), flow: true }, Span::default());
        let mut items = Vec::new();
        self.at += 1;
        self.blanks();
        if self.peek() != Some(']') {
            loop {
                self.blanks();
                items.push(self.value(depth + 1)?);
                self.blanks();
                match self.peek() {
                    Some(',') => self.at += 1,
                    Some(']') => break,
                    _ => return Err(self.unclosed(self.expects("a , or a ]"), start)),
                }
            }
        }
        self.at += 1;
        Ok(self.close(id, NodeKind::List { items, flow: true }, start))
    }

    /// A text that is over points to the innermost bracket that is open.
    fn unclosed(&self, mut problem: Problem, start: usize) -> Problem {
        problem.related = Some(one_char(self.text, to_u32(start)));
        problem
    }

    fn string(&mut self) -> Result<NodeId, Problem> {
        let start = self.at;
        let mut text = String::new();
        self.at += 1;
        loop {
            let rest = self.rest();
            let run = rest.find(['"', '\\']).unwrap_or(rest.len());
            let copied = rest.get(..run).unwrap_or_default();
            if let Some(at) = copied.find(|c: char| c < ' ') {
                self.at += at;
                return Err(match self.peek() {
                    Some('\n' | '\r') => self.unclosed_quote(start),
                    character => {
                        self.problem(Syntax::Character { character: character.unwrap_or_default() })
                    }
                });
            }
            text.push_str(copied);
            self.at += run;
            match self.peek() {
                Some('"') => break,
                Some(_) => text.push(self.escape()?),
                None => return Err(self.unclosed_quote(start)),
            }
        }
        self.at += 1;
        let span = Span::new(to_u32(start), to_u32(self.at));
        Ok(self.add(NodeKind::Scalar { text, style: Style::Double }, span))
    }

    fn unclosed_quote(&self, start: usize) -> Problem {
        let span = one_char(self.text, to_u32(start));
        Problem::new(ProblemKind::Syntax(Syntax::UnclosedQuote), span)
    }

    fn escape(&mut self) -> Result<char, Problem> {
        let (char, len) = read_json_escape(self.rest()).ok_or_else(|| {
            let len = self.rest().chars().take(2).map(char::len_utf8).sum();
            let end = to_u32(self.at.saturating_add(len));
            let span = Span::new(to_u32(self.at), end);
            Problem::new(ProblemKind::Syntax(Syntax::Escape), span)
        })?;
        self.at += len;
        Ok(char)
    }

    /// `true`, `false`, `null` or a number.
    fn word(&mut self) -> Result<NodeId, Problem> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.'))
            .unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default().to_owned();
        if !matches!(word.as_str(), "true" | "false" | "null") && !is_json_number(&word) {
            return Err(self.expects("a value"));
        }
        let span = Span::new(to_u32(self.at), to_u32(self.at + end));
        self.at += end;
        Ok(self.add(NodeKind::Scalar { text: word, style: Style::Plain }, span))
    }
}

/// The character of an escape and its length; a lone surrogate is U+FFFD, as in Go.
fn read_json_escape(text: &str) -> Option<(char, usize)> {
    let char = match text.chars().nth(1)? {
        '"' => '"',
        '\\' => '\\',
        '/' => '/',
        'b' => '\u{8}',
        'f' => '\u{C}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => {
            let unit = hex4(text.get(2..6)?)?;
            let low = text.get(6..12).filter(|next| next.starts_with("\\u"));
            let low = low.and_then(|next| hex4(next.get(2..)?));
            return Some(match (unit, low) {
                (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
                    let code = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                    (char::from_u32(code)?, 12)
                }
                _ => (char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER), 6),
            });
        }
        _ => return None,
    };
    Some((char, 2))
}

fn hex4(digits: &str) -> Option<u32> {
    let all = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

/// The `number` of RFC 8259.
pub(super) fn is_json_number(text: &str) -> bool {
    fn digits(text: &str) -> Option<&str> {
        let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
        (rest.len() < text.len()).then_some(rest)
    }
    let text = text.strip_prefix('-').unwrap_or(text);
    let rest = match text.strip_prefix('0') {
        Some(rest) => Some(rest),
        None => digits(text),
    };
    let Some(mut rest) = rest else { return false };
    if let Some(fraction) = rest.strip_prefix('.') {
        let Some(after) = digits(fraction) else { return false };
        rest = after;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let Some(after) = digits(exponent) else { return false };
        rest = after;
    }
    rest.is_empty()
}
