//! What could not be read, as facts; the words are made in [`describe`].

use super::source::Span;

/// Why something could not be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub kind: ProblemKind,
    /// The word or token it is about; never with a line break in it.
    pub span: Span,
    /// What it clashes with: the first of two equal keys, the bracket that is never closed.
    pub related: Option<Span>,
}

/// What can be wrong with an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// A byte that is not UTF-8.
    NotUtf8 {
        /// The byte.
        byte: u8,
    },
    /// A UTF-16 byte-order mark.
    Utf16,
    /// More bytes than [`super::MAX_BYTES`].
    TooLarge {
        /// In bytes.
        limit: usize,
    },
    /// Neither YAML nor JSON.
    Syntax(Syntax),
    /// A template that was not rendered: Helm's, Jinja's or another `{{ … }}`.
    Template,
    /// `*name` without an `&name` before it.
    UnknownAnchor {
        /// Without the `*`.
        name: String,
    },
    /// An alias inside the node it stands for.
    AliasCycle {
        /// Without the `*`.
        name: String,
    },
    /// Aliases that expand to more than the budget.
    AliasBudget,
    /// A key that its mapping already has. The document is read as if only the later one was there.
    DuplicateKey {
        /// As read.
        key: String,
    },
    /// Nested deeper than the limit.
    TooDeep {
        /// Levels.
        limit: usize,
    },
    /// A value of `<<` that is neither a mapping nor a list of mappings.
    MergeNotMapping,
    /// A number that JSON cannot hold: `.inf`, `.nan`, `1e400`.
    NotJsonNumber {
        /// As written.
        text: String,
    },
    /// A mapping key that is not a string, number or boolean.
    KeyNotString {
        /// `null`, `a list`, `a mapping`, `a number beyond 64 bits`.
        what: &'static str,
    },
    /// A tag that does not fit its value: `!!int abc`.
    TagMismatch {
        /// `!!int`.
        tag: String,
        /// As written.
        text: String,
    },
}

/// What breaks the syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// A bracket or brace that is never closed; the span is the opening one.
    UnclosedBracket {
        /// `[` or `{`.
        open: char,
    },
    /// A closing bracket that closes nothing, or not what is open.
    StrayBracket {
        /// `]` or `}`.
        close: char,
    },
    /// A quote that is never closed; the span is the opening one.
    UnclosedQuote,
    /// A tab in the indentation.
    Tab,
    /// An indentation that fits no line above.
    Indentation,
    /// A `: ` where no mapping can start: `a: b: c`.
    NestedColon,
    /// A line without `:` among keys.
    KeyWithoutColon,
    /// A `- ` where no list can start: `a: - b`.
    ListNotAllowed,
    /// A `,` or a closing bracket is missing.
    MissingComma,
    /// A character that cannot stand there: `@`, a control character.
    Character {
        /// The character.
        character: char,
    },
    /// An escape that does not exist, in a double-quoted string.
    Escape,
    /// Text after the end of a quoted string or of a JSON value.
    TrailingText,
    /// The text ends in the middle of a JSON value.
    JsonEnds,
    /// JSON wants something else here.
    JsonExpects {
        /// What it wants, in a few words: `a value`, `a : after the key`.
        what: &'static str,
    },
    /// The YAML parser's own words, for what is rare.
    Other {
        /// In lower case, without a full stop.
        message: String,
    },
}

impl Problem {
    /// A problem at a span.
    #[must_use]
    pub const fn new(kind: ProblemKind, span: Span) -> Self {
        Self { kind, span, related: None }
    }

    /// Whether the document's value cannot be trusted, so that it is not linted.
    #[must_use]
    pub const fn blocks(&self) -> bool {
        !matches!(self.kind, ProblemKind::DuplicateKey { .. })
    }

    /// Whether it is a template: to be named and skipped, not reported as a mistake.
    #[must_use]
    pub const fn is_template(&self) -> bool {
        matches!(self.kind, ProblemKind::Template)
    }
}

/// The primary line (at most 72 characters) and the help of a problem, as `messages.md` words them.
#[must_use]
pub fn describe(problem: &Problem) -> (String, Option<String>) {
    let _ = problem;
    (String::new(), None)
}
