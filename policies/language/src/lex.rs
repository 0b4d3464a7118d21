//! Values into lines, statements and tokens.

/// One line of a value.
pub(crate) struct Line<'a> {
    /// From 1.
    pub(crate) number: u32,
    /// Byte offset in the value.
    pub(crate) start: usize,
    /// Without its end.
    pub(crate) text: &'a str,
}

/// The lines of a value; they end in LF, CR LF or CR.
pub(crate) fn lines(value: &str) -> Vec<Line<'_>> {
    let bytes = value.as_bytes();
    let mut lines = Vec::new();
    let mut start = 0;
    let mut at = 0;
    let mut number = 1;
    while let Some(byte) = bytes.get(at) {
        let length = match (byte, bytes.get(at + 1)) {
            (b'\r', Some(b'\n')) => 2,
            (b'\n' | b'\r', _) => 1,
            _ => {
                at += 1;
                continue;
            }
        };
        lines.push(Line { number, start, text: value.get(start..at).unwrap_or_default() });
        at += length;
        start = at;
        number += 1;
    }
    lines.push(Line { number, start, text: value.get(start..).unwrap_or_default() });
    lines
}

/// What stands between two separators.
pub(crate) struct Statement<'a> {
    /// Line in the value, from 1.
    pub(crate) line: u32,
    /// Never empty.
    pub(crate) tokens: Vec<Token<'a>>,
}

/// A word, or a word with parentheses behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    /// All of it.
    pub(crate) text: &'a str,
    /// Byte offset in the value.
    pub(crate) start: usize,
    /// The parentheses.
    pub(crate) group: Option<Group<'a>>,
}

/// A word with parentheses behind it, `pods(app=x)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group<'a> {
    /// The word, `pods`.
    pub(crate) head: &'a str,
    /// What is between the parentheses, without blanks at its ends.
    pub(crate) inner: &'a str,
    /// Byte offset of `inner` in the value.
    pub(crate) inner_start: usize,
    /// Whether the closing parenthesis is there.
    pub(crate) closed: bool,
}

impl Token<'_> {
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// The word, if there are no parentheses.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.group.is_none() && self.text == word
    }
}

/// The statements of a value. `;` and the end of a line separate them; `#` at the start of a line or
/// after a blank begins a comment; inside parentheses both are ordinary characters.
pub(crate) fn statements(value: &str) -> Vec<Statement<'_>> {
    let mut statements = Vec::new();
    for line in lines(value) {
        let mut scan = Scan { line: &line, at: 0, word: None, tokens: Vec::new() };
        scan.run(&mut statements);
    }
    statements
}

struct Scan<'l, 'a> {
    line: &'l Line<'a>,
    at: usize,
    word: Option<usize>,
    tokens: Vec<Token<'a>>,
}

impl<'a> Scan<'_, 'a> {
    fn run(&mut self, statements: &mut Vec<Statement<'a>>) {
        let bytes = self.line.text.as_bytes();
        let mut may_comment = true;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\t' => self.end_word(),
                b';' => {
                    self.end_word();
                    self.end_statement(statements);
                }
                b'#' if may_comment => break,
                b'(' if self.opens() => self.group(),
                _ => {
                    self.word.get_or_insert(self.at);
                }
            }
            may_comment = matches!(byte, b' ' | b'\t');
            self.at += 1;
        }
        self.end_word();
        self.end_statement(statements);
    }

    /// Whether a parenthesis here begins a selector: not in the name of a trust domain, which may
    /// hold any character.
    fn opens(&self) -> bool {
        !self.word.is_some_and(|start| self.slice(start, self.at).starts_with("trust/"))
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.line.text.get(start..end).unwrap_or_default()
    }

    fn end_word(&mut self) {
        if let Some(start) = self.word.take() {
            let text = self.slice(start, self.at);
            self.tokens.push(Token { text, start: self.line.start + start, group: None });
        }
    }

    fn end_statement(&mut self, statements: &mut Vec<Statement<'a>>) {
        if !self.tokens.is_empty() {
            let tokens = std::mem::take(&mut self.tokens);
            statements.push(Statement { line: self.line.number, tokens });
        }
    }

    /// From an opening parenthesis to the one that matches it, or to the end of the line.
    fn group(&mut self) {
        let open = self.at;
        let start = self.word.take().unwrap_or(open);
        let mut depth = 0_usize;
        let mut close = None;
        for (index, byte) in self.line.text.bytes().enumerate().skip(open) {
            match byte {
                b'(' => depth += 1,
                b')' if depth == 1 => {
                    close = Some(index);
                    break;
                }
                b')' => depth -= 1,
                _ => {}
            }
        }
        let blanks = [' ', '\t'];
        let content = self.slice(open + 1, close.unwrap_or(self.line.text.len()));
        let inner = content.trim_matches(blanks);
        let lead = content.len() - content.trim_start_matches(blanks).len();
        // Without a close the token ends with its last character, not with the blanks of the line.
        let end = match close {
            Some(close) => close + 1,
            None => self.line.text.trim_end_matches(blanks).len(),
        };
        let inner_start = if inner.is_empty() { open + 1 } else { open + 1 + lead };
        self.tokens.push(Token {
            text: self.slice(start, end),
            start: self.line.start + start,
            group: Some(Group {
                head: self.slice(start, open),
                inner,
                inner_start: self.line.start + inner_start,
                closed: close.is_some(),
            }),
        });
        // The caller steps over the byte at `at`.
        self.at = end.max(open + 1) - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(value: &str) -> Vec<String> {
        statements(value)
            .iter()
            .map(|statement| {
                let words: Vec<_> = statement.tokens.iter().map(|token| token.text).collect();
                format!("{}: {}", statement.line, words.join("|"))
            })
            .collect()
    }

    #[test]
    fn statements_end_at_semicolons_and_lines() {
        for (value, expected) in [
            ("", vec![]),
            (" \t ;; \n\n;", vec![]),
            ("a b;c", vec!["1: a|b", "1: c"]),
            ("a\r\nb\rc\n\nd", vec!["1: a", "2: b", "3: c", "5: d"]),
            ("a # b ; c\nd", vec!["1: a", "2: d"]),
            ("# a\n\t# b\n c#d #e", vec!["3: c#d"]),
            ("a;#b", vec!["1: a", "1: #b"]),
            ("on nodes( a in (b; c) # d )x;e", vec!["1: on|nodes( a in (b; c) # d )|x", "1: e"]),
            ("on nodes(a; b \nc", vec!["1: on|nodes(a; b", "2: c"]),
            ("on trust/a(b;c)", vec!["1: on|trust/a(b", "1: c)"]),
            ("(", vec!["1: ("]),
            ("()(", vec!["1: ()|("]),
            ("é(ü)\tß", vec!["1: é(ü)|ß"]),
        ] {
            assert_eq!(show(value), expected, "{value:?}");
        }
    }

    #[test]
    fn tokens_know_their_places() {
        let value = "x\r\n on nodes(  a=b )";
        let statements = statements(value);
        let token = statements.get(1).and_then(|statement| statement.tokens.get(1)).expect("nodes");
        assert_eq!(value.get(token.range()), Some("nodes(  a=b )"));
        let group = token.group.expect("parentheses");
        assert_eq!((group.head, group.inner, group.closed), ("nodes", "a=b", true));
        assert_eq!(value.get(group.inner_start..group.inner_start + 3), Some("a=b"));
    }
}
