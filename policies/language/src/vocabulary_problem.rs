//! What is wrong with a vocabulary, as facts; the facade words them.

use std::ops::Range;

use placecard_findings::Code;

use crate::problem::{Form, WordKind};
use crate::selector::SelectorFlaw;

/// One mistake in a vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VocabularyProblem {
    /// Which kind.
    pub code: Code,
    /// JSON pointer (RFC 6901) of the field, or of the mapping that lacks one.
    pub pointer: String,
    /// The key at `pointer` is meant and not its value: it is unknown, or its mapping lacks a field.
    pub on_key: bool,
    /// Bytes of the string at `pointer`, if only a piece of it is meant.
    pub span: Option<Range<usize>>,
    /// The facts.
    pub detail: VocabularyDetail,
    /// What could stand there instead.
    pub suggestion: Option<String>,
}

/// The facts of a vocabulary's problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VocabularyDetail {
    /// A field that does not exist.
    UnknownField {
        /// As written.
        found: String,
        /// Those that exist there, sorted.
        known: Vec<String>,
    },
    /// A field that lacks.
    MissingField {
        /// Its name.
        field: String,
    },
    /// A value of another JSON type.
    WrongType {
        /// `a number`, …: the JSON type's name, as `string`, `number`, `array`, `object`, …
        found: &'static str,
        /// The JSON types that it may have.
        expected: Vec<String>,
    },
    /// A value outside what the field takes.
    WrongValue {
        /// As JSON.
        found: String,
        /// The values it takes; empty if the schema says no list.
        expected: Vec<String>,
    },
    /// Anything else that the schema refuses.
    Schema {
        /// The schema's keyword.
        keyword: String,
    },
    /// A name or value of the wrong form.
    Form {
        /// As written.
        found: String,
        /// The form it lacks.
        form: Form,
    },
    /// A word of the language as the name of a level or pool.
    ReservedWord {
        /// The word.
        word: String,
    },
    /// A name for the second time.
    Duplicate {
        /// The name.
        name: String,
        /// JSON pointer of the first one.
        first: String,
    },
    /// The key of a level without a prefix.
    UnqualifiedKey {
        /// As written.
        found: String,
    },
    /// Nothing where something has to be.
    Empty,
    /// More entries than are read.
    TooMany {
        /// The most that are read.
        limit: usize,
    },
    /// A text of more characters than are read.
    TooLong {
        /// The most that are read.
        limit: usize,
    },
    /// A trust domain whose name a rule could not write: empty, or with a blank or `;`.
    TrustDomainName {
        /// As written.
        found: String,
    },
    /// An id that is no UUID.
    Uid {
        /// As written.
        found: String,
    },
    /// A word that tolerates the guard of another one, and is open to more namespaces.
    OpensGuard {
        /// The word.
        name: String,
        /// The word that it opens.
        of: String,
        /// The key of the guard.
        key: String,
    },
    /// The level `node` with another key than the host name's.
    NodeKey {
        /// As written.
        found: String,
    },
    /// The level `node` before another level.
    NodeNotLast,
    /// A format without `{n}`.
    RackFormat {
        /// As written.
        found: String,
    },
    /// A level that the vocabulary does not define.
    UnknownLevel {
        /// As written.
        found: String,
        /// Those that it defines.
        known: Vec<String>,
    },
    /// A selector that cannot be read.
    Selector(SelectorFlaw),
    /// A pool or trust domain for some namespaces only, and no taint that keeps others out.
    Unguarded {
        /// Which.
        kind: WordKind,
        /// Its name.
        name: String,
        /// The guard's effect, if it has one that does not keep pods out.
        effect: Option<String>,
    },
    /// A toleration without a key tolerates everything.
    EmptyTolerationKey,
    /// A value beside `Exists`, or seconds without `NoExecute`.
    TolerationField {
        /// The field that does not go with the others.
        field: &'static str,
    },
    /// A template path that is no JSON pointer.
    TemplatePointer {
        /// As written.
        found: String,
    },
    /// Not an amount of a resource.
    NotAnAmount {
        /// As written.
        found: String,
    },
    /// More nodes at least than at most.
    CountOrder {
        /// At least.
        min: u32,
        /// At most.
        max: u32,
    },
}
