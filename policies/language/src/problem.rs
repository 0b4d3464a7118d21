//! What is wrong with an annotation or a vocabulary, as facts.
//!
//! There is no sentence in here: the facade words them. A reader of [`Detail`] that matches every
//! variant has said everything there is to say.

use std::ops::Range;

use placecard_findings::{Code, Severity};

use crate::affinity::Reason;
use crate::affinity::written::EntryDetail;
use crate::keys::{Place, Slot};
use crate::selector::SelectorFlaw;
use crate::suggest::OddCharacter;
use crate::tolerate::TolerationFlaw;
use crate::vocabulary::NamespaceSet;

/// One mistake in an annotation or a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which kind.
    pub code: Code,
    /// An error, or a warning for what is readable (deprecated words) or undecided (a namespace
    /// whose labels are unknown).
    pub severity: Severity,
    /// The annotation or label key, in full, as written.
    pub key: String,
    /// Annotation or label.
    pub slot: Slot,
    /// Bytes of the decoded value; `None`: the key itself is wrong.
    pub span: Option<Range<usize>>,
    /// Line in the value, from 1; 1 if the key itself is wrong.
    pub line: u32,
    /// The marked words as they stand in the value; the key if the key itself is wrong.
    pub marked: String,
    /// The facts.
    pub detail: Detail,
    /// A character in the marked words that looks like another or like nothing.
    pub odd: Option<OddCharacter>,
    /// What could stand in the place of the marked words.
    pub suggestion: Option<String>,
    /// The marked words stand in the value as they are, so that a suggestion can replace them; the
    /// words of a typed entry by its id, or in base64, do not.
    pub verbatim: bool,
}

/// What a rule lacks at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// `self`, `service/NAME`, …
    PodTarget,
    /// `pool/NAME`, `zone/VALUE`, …
    NodeTarget,
    /// A name after `kind/`.
    Name,
    /// A level.
    Level,
    /// A label key.
    LabelKey,
    /// A number.
    Number,
    /// This word.
    Word(&'static str),
}

/// What a name has to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// At most 63 of `a-z 0-9 -`, letter or digit at both ends (RFC 1123).
    DnsLabel,
    /// At most 253 of `a-z 0-9 - .`, letter or digit at both ends of each part (RFC 1123).
    DnsSubdomain,
    /// `[PREFIX/]NAME`: a DNS subdomain and at most 63 of `A-Z a-z 0-9 - _ .`.
    LabelKey,
    /// At most 63 of `A-Z a-z 0-9 - _ .`, letter or digit at both ends; or empty.
    LabelValue,
    /// `[NAMESPACE/]NAME`.
    Reference,
}

/// The kinds of words that a vocabulary defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WordKind {
    /// A topology level.
    Level,
    /// A pool.
    Pool,
    /// A trust domain.
    TrustDomain,
    /// A resource.
    Resource,
}

/// The facts of a problem. Texts are as written; `relation` is the first word of the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// No such key; `found` is the part after the prefix.
    UnknownKey {
        /// As written, without the prefix.
        found: String,
    },
    /// A key, or a kind of target, that a later release brings.
    NotYet {
        /// As written.
        found: String,
    },
    /// A key where it has no effect.
    NoEffectHere {
        /// Where it stands.
        place: Place,
        /// Annotation or label: where it belongs.
        slot: Slot,
        /// Where it belongs; empty: nowhere.
        belongs: &'static [Place],
    },
    /// `applied` in a template that is expanded on its pods.
    CopiedFromPod,
    /// Nothing but blanks and comments.
    EmptyValue,
    /// Not one of the words that this key takes.
    Choice {
        /// As written.
        found: String,
        /// The words.
        choices: &'static [&'static str],
    },
    /// The value is longer than is read.
    TooLong {
        /// Its length in bytes.
        bytes: usize,
        /// The most that is read.
        limit: usize,
    },
    /// The value holds more rules and targets, or lines, than are read.
    TooMany {
        /// The most that are read.
        limit: usize,
    },
    /// `coordinate` names a second coordination.
    OneCoordination,
    /// `sequential by affinity`: nobody would hold a batch back.
    SequentialByAffinity,
    /// As many problems as are listed; there are more.
    MoreProblems {
        /// How many more, at least; of these of its severity.
        count: usize,
    },

    /// A rule begins with something else than a relation.
    UnknownRelation {
        /// As written.
        found: String,
        /// The relations.
        relations: &'static [&'static str],
    },
    /// `hard`, `soft`, `required`, `preferred`: the annotation key says it.
    WhichKey {
        /// As written.
        found: String,
        /// The key that says it.
        key: &'static str,
    },
    /// A word that is none of the rule's modifiers.
    UnknownWord {
        /// As written.
        found: String,
        /// The relation.
        relation: &'static str,
        /// What could stand there; empty: nothing.
        expected: &'static [&'static str],
    },
    /// A word of the language that belongs to other relations.
    Misplaced {
        /// As written.
        found: String,
        /// The relation.
        relation: &'static str,
        /// Those that take it; empty: none takes it there.
        belongs: Vec<&'static str>,
    },
    /// A word that stands only under `require`.
    OnlyUnderRequire {
        /// `trust`, `at-most` or `min-domains`.
        word: &'static str,
    },
    /// `or` between pod targets, or after the modifiers.
    OrJoinsNodeTargets {
        /// The relation.
        relation: &'static str,
    },
    /// `of namespaces(…)` beside a target that names its own namespace.
    NamespaceTwice {
        /// The target.
        target: String,
    },
    /// A target of no known kind.
    UnknownTarget {
        /// As written.
        found: String,
        /// The relation.
        relation: &'static str,
        /// The kinds that it takes.
        kinds: &'static [&'static str],
    },
    /// A target of a kind that other relations take.
    WrongKind {
        /// As written.
        found: String,
        /// Its kind: `pool`, `service`, a level, …
        kind: String,
        /// The relation.
        relation: &'static str,
        /// The relations that take it.
        belongs: &'static [&'static str],
        /// The kinds that this one takes.
        kinds: &'static [&'static str],
    },
    /// The rule ends too early.
    Missing {
        /// The last word before the gap.
        after: String,
        /// What lacks.
        wanted: Wanted,
    },
    /// Not a level.
    UnknownLevel {
        /// As written.
        found: String,
        /// The vocabulary's levels, broad to narrow.
        known: Vec<String>,
        /// A node target that says it without a level: `nodes(disk=ssd)`.
        instead: Option<String>,
    },
    /// No pool, trust domain or resource of this name.
    UnknownName {
        /// Which.
        kind: WordKind,
        /// As written.
        found: String,
        /// Those that exist, sorted.
        known: Vec<String>,
    },
    /// A weight that is not a whole number from 1 to 100.
    WeightRange {
        /// As written.
        found: String,
    },
    /// A weight under `require`.
    WeightInRequire,
    /// Not a whole number, or outside its range.
    NumberRange {
        /// The word before it.
        word: String,
        /// As written.
        found: String,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// A modifier for the second time.
    DuplicateModifier {
        /// The modifier.
        word: String,
        /// Where it stands first, in bytes of the value.
        first: Range<usize>,
    },
    /// A selector that cannot be read.
    Selector(SelectorFlaw),
    /// A name or value of the wrong form.
    Form {
        /// As written; without the kind before it.
        found: String,
        /// What names: `node`, `service`, `zone`, …
        what: String,
        /// The form it lacks.
        form: Form,
    },
    /// A pool or trust domain that is not for this namespace.
    NotAllowed {
        /// Which.
        kind: WordKind,
        /// Its name.
        name: String,
        /// The namespace, if known.
        namespace: Option<String>,
        /// Who may use it.
        allowed: NamespaceSet,
        /// False: the namespace, or its labels, are not known here.
        decided: bool,
    },
    /// A required `apart-from` in a level that the vocabulary does not open.
    ApartFromLevel {
        /// As written.
        level: String,
        /// The allowed levels.
        allowed: Vec<String>,
    },
    /// A required `apart-from` against pods of other namespaces.
    ApartFromNamespace {
        /// The target or `of namespaces(…)`, as written.
        target: String,
        /// False: the own namespace is not known here.
        decided: bool,
    },
    /// A word of the vocabulary that is on its way out.
    Deprecated {
        /// Which.
        kind: WordKind,
        /// Its name.
        name: String,
    },
    /// A toleration that cannot be read.
    Toleration(TolerationFlaw),
    /// A line of `ignore` that cannot be read.
    Ignore(IgnoreFlaw),
    /// Typed entries that cannot be read.
    Typed(TypedFlaw),
}

/// What is wrong with typed entries. With one mistake among them none is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypedFlaw {
    /// Neither YAML nor JSON from here on.
    Syntax,
    /// A second document.
    SeveralDocuments,
    /// An anchor or an alias.
    Alias,
    /// A tag.
    Tag,
    /// A key that is no text.
    Key,
    /// A key for the second time.
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// A field of an entry.
    Entry(Box<EntryDetail>),
    /// A byte of the wire form.
    Bytes {
        /// Its offset, from 0.
        at: usize,
        /// What is wrong with it.
        reason: Box<Reason>,
        /// The bytes around it, a few rows of 16.
        shown: Vec<u8>,
        /// The offset of the first of these.
        from: usize,
    },
    /// A character that base64 has not.
    NotBase64 {
        /// The character.
        found: char,
    },
    /// Something after the `=` that ends base64.
    AfterPadding,
    /// Letters that are no whole number of bytes.
    Base64Length {
        /// How many there are, without `=`.
        letters: usize,
    },
    /// Bits in the last letter that belong to no byte.
    Base64Rest,
}

/// What is wrong with a line of `ignore`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IgnoreFlaw {
    /// No colon after the code.
    NoColon,
    /// Nothing after the colon.
    NoReason {
        /// The code.
        code: String,
    },
    /// Before the colon stands no code.
    BadCode {
        /// As written.
        found: String,
    },
    /// A code that cannot be silenced.
    NeverSilent {
        /// The code.
        code: String,
    },
}
