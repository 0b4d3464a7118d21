//! The text of one input, and where its lines are.

use std::ops::Range;
use std::sync::OnceLock;

use memchr::memchr2_iter;

use super::problem::{Problem, ProblemKind};

/// A range of bytes in [`Source::text`]; start inclusive, end exclusive, on character boundaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// First byte after it.
    pub end: u32,
}

impl Span {
    /// A span; an end before the start counts as the start.
    #[must_use]
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end: if end < start { start } else { end } }
    }

    /// An empty span.
    #[must_use]
    pub const fn at(byte: u32) -> Self {
        Self { start: byte, end: byte }
    }

    /// The range for slicing.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Length in bytes.
    #[must_use]
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether it holds no byte.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// One input: its name and its text.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// As the user named it: `deploy/api.yaml`, `-` becomes `<stdin>`.
    pub name: String,
    /// The text without a byte-order mark. If the bytes are not UTF-8 it is readable up to the
    /// first bad byte and has U+FFFD for bad bytes; if they are UTF-16 it is empty.
    pub text: String,
    /// Whether the input began with a UTF-8 byte-order mark; [`Source::with_mark`] restores it.
    pub byte_order_mark: bool,
    /// Why the bytes are not text; then [`super::load`] gives one unreadable document.
    pub problem: Option<Box<Problem>>,
    /// Looked for when somebody asks: of most texts nobody wants to know a line.
    line_starts: OnceLock<Vec<u32>>,
}

impl Source {
    /// Decodes `bytes`. What cannot be decoded is said in [`Source::problem`].
    #[must_use]
    pub fn new(name: impl Into<String>, bytes: &[u8]) -> Self {
        Self::of(name, bytes.to_vec())
    }

    /// As [`Source::new`], without a copy of what is text.
    #[must_use]
    pub fn of(name: impl Into<String>, mut bytes: Vec<u8>) -> Self {
        const MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];
        let name = name.into();
        if bytes.len() > super::files::MAX_BYTES {
            let kind = ProblemKind::TooLarge { limit: super::files::MAX_BYTES };
            return Self::unreadable(name, kind);
        }
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            return Self::unreadable(name, ProblemKind::Utf16);
        }
        let byte_order_mark = bytes.starts_with(&MARK);
        if byte_order_mark {
            bytes.drain(..MARK.len());
        }
        let (text, problem) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let rest = error.as_bytes();
                let start = to_u32(valid);
                let byte = rest.get(valid).copied().unwrap_or_default();
                let kind = ProblemKind::NotUtf8 { byte };
                let span = Span::new(start, start + 3);
                let problem = Box::new(Problem::new(kind, span));
                (String::from_utf8_lossy(rest).into_owned(), Some(problem))
            }
        };
        Self { name, text, byte_order_mark, problem, line_starts: OnceLock::new() }
    }

    fn unreadable(name: String, kind: ProblemKind) -> Self {
        let problem = Some(Box::new(Problem::new(kind, Span::default())));
        Self { name, problem, ..Self::default() }
    }

    /// The same input with another text.
    #[must_use]
    pub fn with_text(&self, text: String) -> Self {
        let Self { name, byte_order_mark, problem, .. } = self.clone();
        Self { name, text, byte_order_mark, problem, line_starts: OnceLock::new() }
    }

    /// The first byte of each line; there is one at least.
    #[must_use]
    pub fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| line_starts(&self.text))
    }

    /// Line and column of a byte, both from 1; columns count code points. A byte beyond the end is
    /// the end.
    #[must_use]
    pub fn line_column(&self, byte: u32) -> (u32, u32) {
        let starts = self.line_starts();
        let line = starts.partition_point(|start| *start <= byte).max(1);
        let start = starts.get(line - 1).copied().unwrap_or_default();
        let before = self.slice(Span::new(start, byte.min(to_u32(self.text.len()))));
        (to_u32(line), to_u32(before.chars().count()).saturating_add(1))
    }

    /// The text of a span; empty if the span is not one of this source.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// The line (from 1) without its line break; empty beyond the end.
    #[must_use]
    pub fn line(&self, line: u32) -> &str {
        let index = line.saturating_sub(1) as usize;
        let starts = self.line_starts();
        let Some(start) = starts.get(index).copied() else { return "" };
        let end = starts.get(index + 1).copied().unwrap_or(to_u32(self.text.len()));
        self.slice(Span::new(start, end)).trim_end_matches(['\n', '\r'])
    }

    /// What new lines end in: as the first one does.
    #[must_use]
    pub fn line_break(&self) -> &'static str {
        let first = self.text.split_inclusive('\n').next().unwrap_or_default();
        if first.ends_with("\r\n") { "\r\n" } else { "\n" }
    }

    /// `text` as bytes to write back: with the byte-order mark if the input had one.
    #[must_use]
    pub fn with_mark(&self, text: &str) -> String {
        if self.byte_order_mark { format!("\u{FEFF}{text}") } else { text.to_owned() }
    }
}

/// Lines end at LF, CRLF or a lone CR, as YAML's do.
fn line_starts(text: &str) -> Vec<u32> {
    let bytes = text.as_bytes();
    let ends = memchr2_iter(b'\n', b'\r', bytes)
        .filter(|at| bytes.get(*at) == Some(&b'\n') || bytes.get(at + 1) != Some(&b'\n'));
    [0].into_iter().chain(ends.map(|at| to_u32(at + 1))).collect()
}

/// Byte offsets fit: inputs are at most [`super::MAX_BYTES`] long.
pub(super) fn to_u32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
