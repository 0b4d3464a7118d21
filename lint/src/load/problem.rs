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
    let (line, help) = match &problem.kind {
        ProblemKind::Syntax(syntax) => describe_syntax(syntax),
        ProblemKind::NotUtf8 { byte } => {
            (format!("byte 0x{byte:02X} is not UTF-8"), "save the file as UTF-8")
        }
        ProblemKind::Utf16 => (
            "the file is UTF-16, manifests are UTF-8".to_owned(),
            "save it as UTF-8; in PowerShell: Out-File -Encoding utf8",
        ),
        ProblemKind::TooLarge { limit } => {
            (format!("the file is larger than {} MiB", limit >> 20), "split it into several files")
        }
        ProblemKind::Template => (
            "a template that is not rendered".to_owned(),
            "lint what it renders to: helm template . | placecard lint -",
        ),
        ProblemKind::UnknownAnchor { name } => (
            format!("no anchor &{} stands before this alias", short(name, 32)),
            "anchors do not reach across ---",
        ),
        ProblemKind::AliasCycle { name } => (
            format!("the alias *{} stands inside its own anchor", short(name, 32)),
            "write the value out",
        ),
        ProblemKind::AliasBudget => (
            "the aliases expand to far more than is written".to_owned(),
            "write the values out, or alias smaller parts",
        ),
        ProblemKind::DuplicateKey { key } => (
            format!("the key {} is there twice", short(key, 48)),
            "delete one: some readers take the last, others refuse the file",
        ),
        ProblemKind::TooDeep { limit } => {
            (format!("nested deeper than {limit} levels"), "no Kubernetes object is nested so deep")
        }
        ProblemKind::MergeNotMapping => (
            "<< takes a mapping or a list of mappings".to_owned(),
            "write \"<<\" in quotes if the key itself is meant",
        ),
        ProblemKind::NotJsonNumber { text } => (
            format!("the number {} does not exist in JSON", short(text, 32)),
            "quote it if a string is meant",
        ),
        ProblemKind::KeyNotString { what } => {
            (format!("{what} as a key: Kubernetes takes strings"), "quote it if a string is meant")
        }
        ProblemKind::TagMismatch { tag, text } => (
            format!("{} does not fit the tag {}", short(text, 32), short(tag, 16)),
            "drop the tag, or write a value of that type",
        ),
    };
    (line, (!help.is_empty()).then(|| help.to_owned()))
}

fn describe_syntax(syntax: &Syntax) -> (String, &'static str) {
    match syntax {
        Syntax::UnclosedBracket { open } => (format!("this {open} is never closed"), ""),
        Syntax::StrayBracket { close } => (format!("this {close} closes nothing that is open"), ""),
        Syntax::UnclosedQuote => ("this quote is never closed".to_owned(), ""),
        Syntax::Tab => (
            "a tab in the indentation: YAML indents with spaces".to_owned(),
            "replace the tab by spaces",
        ),
        Syntax::Indentation => (
            "this line is indented like none of the lines it could belong to".to_owned(),
            "keys of one mapping start in one column",
        ),
        Syntax::NestedColon => (
            "a second key in one line, or a colon in a value without quotes".to_owned(),
            "quote the value, or start a new line",
        ),
        Syntax::KeyWithoutColon => {
            ("a line without a colon among keys".to_owned(), "write key: value")
        }
        Syntax::ListNotAllowed => (
            "a list cannot start in the line of its key".to_owned(),
            "put each - in a line of its own",
        ),
        Syntax::MissingComma => {
            ("a comma or a closing bracket is missing before this".to_owned(), "")
        }
        Syntax::Character { character } if character.is_ascii_graphic() => {
            (format!("a value without quotes cannot start with {character}"), "quote the value")
        }
        Syntax::Character { character } => (
            format!("the character U+{:04X} cannot stand in a manifest", u32::from(*character)),
            "delete it, or write it as an escape in double quotes",
        ),
        Syntax::Escape => (
            "there is no such escape in a double-quoted string".to_owned(),
            "a backslash itself is written twice",
        ),
        Syntax::TrailingText => ("text after the end of the value".to_owned(), ""),
        Syntax::JsonEnds => ("the JSON ends in the middle of a value".to_owned(), "is it cut off?"),
        Syntax::JsonExpects { what } => (format!("JSON wants {what} here"), ""),
        Syntax::Other { message } => (short(message, 72), ""),
    }
}

/// At most `limit` characters.
fn short(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(limit.saturating_sub(3)).collect();
    cut.push_str("...");
    cut
}
