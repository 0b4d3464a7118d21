//! Sentences as written: which words stand where, before any word is looked up.

use std::ops::Range;

use crate::intent::Word;

/// One rule as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// What it says.
    pub body: Body,
    /// `weight N`; numbers are checked later.
    pub weight: Option<Number>,
    /// The relation's word.
    pub head: Range<usize>,
    /// From the first word to the last.
    pub span: Range<usize>,
    /// Line in the value, from 1.
    pub line: u32,
    /// It has a problem already: look its words up for more, but do not act upon it.
    pub broken: bool,
}

/// What a rule says, by its relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// `near`
    Near(PodSentence),
    /// `apart-from`
    ApartFrom(PodSentence),
    /// `on`
    On(Vec<Term>),
    /// `not-on`
    NotOn(Vec<Term>),
    /// `spread`
    Spread(SpreadSentence),
    /// `at-most`
    AtMost(AtMostSentence),
}

impl Body {
    /// The relation's word.
    #[must_use]
    pub const fn relation(&self) -> &'static str {
        match self {
            Self::Near(_) => "near",
            Self::ApartFrom(_) => "apart-from",
            Self::On(_) => "on",
            Self::NotOn(_) => "not-on",
            Self::Spread(_) => "spread",
            Self::AtMost(_) => "at-most",
        }
    }
}

/// `near` and `apart-from`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodSentence {
    /// `None` in a broken sentence only.
    pub target: Option<Term>,
    /// The group after `of`.
    pub namespaces: Option<Term>,
    /// The label keys after `same`.
    pub same: Vec<Word>,
    /// The label keys after `other`.
    pub other: Vec<Word>,
    /// The word after `in`.
    pub level: Option<Word>,
    /// `across revisions`
    pub across_revisions: bool,
}

/// `spread over`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpreadSentence {
    /// `None` in a broken sentence only.
    pub level: Option<Word>,
    /// `max-skew N`
    pub max_skew: Option<Number>,
    /// `min-domains N`
    pub min_domains: Option<Number>,
    /// `ignore-taints`
    pub ignore_taints: bool,
    /// `ignore-node-rules`
    pub ignore_node_rules: bool,
    /// `across revisions`
    pub across_revisions: bool,
}

/// `at-most N`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtMostSentence {
    /// `None` in a broken sentence only.
    pub count: Option<Number>,
    /// `None` in a broken sentence only.
    pub target: Option<Term>,
    /// The word after `in`.
    pub level: Option<Word>,
    /// `across revisions`
    pub across_revisions: bool,
}

/// A target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// What it is.
    pub kind: TermKind,
    /// All of it.
    pub span: Range<usize>,
}

/// What a target is, by its form alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermKind {
    /// `self`, `service/db`, `pool/h100`, …
    Word(String),
    /// `pods(…)`, `nodes(…)`
    Group {
        /// The word before the parentheses.
        head: String,
        /// What is between them.
        inner: Word,
    },
}

/// A number as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// Its value; those beyond 2^64-1 are 2^64-1.
    pub value: u64,
    /// Its digits.
    pub span: Range<usize>,
    /// The word before it, and its digits.
    pub phrase: Range<usize>,
}
