//! The annotation `coordinate`: which coordination the pods of a template belong to.
//!
//! The name alone refers to a RoleCoordination; the long form says role and ratio itself and needs
//! no object.

use std::collections::BTreeMap;
use std::ops::Range;

use placecard_findings::Code;

use super::{
    AffinityScheduling, BatchMode, Coordination, Exclusive, Group, OnTimeout, Placement, Role,
    Source, Strategy, default_placement,
};
use crate::checked::Words;
use crate::codes;
use crate::intent::{Level, Origin};
use crate::keys;
use crate::lex::{Statement, Token, statements};
use crate::lower::MAX_NUMBER;
use crate::parse::out_of_range;
use crate::print::fold;
use crate::problem::{Detail, Form, Problem, Wanted, WordKind};
use crate::report::{At, Report};
use crate::suggest::{nearest, plain};
use crate::words::{Meaning, synonym_of};

/// The words that may follow the name.
pub static MODIFIERS: &[&str] =
    &["role", "ratio", "in", "sequential", "parallel", "exclusive", "by"];
/// The words that may follow `exclusive`.
pub static EXCLUSIVES: &[(&str, Exclusive)] = &[
    ("preferred", Exclusive::Preferred),
    ("required", Exclusive::Required),
    ("none", Exclusive::None),
];
/// The words that may follow `by`.
pub static PLACEMENTS: &[(&str, Placement)] = &[
    ("affinity", Placement::Affinity),
    ("gated", Placement::Gated),
    ("podgroup", Placement::PodGroup),
];
static EXCLUSIVE_WORDS: &[&str] = &["preferred", "required", "none"];
static PLACEMENT_WORDS: &[&str] = &["affinity", "gated", "podgroup"];

/// What the annotation says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coordinate {
    /// The coordination: the name of a RoleCoordination of the pod's namespace, or in the long form
    /// what all templates of the coordination call it.
    pub name: String,
    /// The long form.
    pub own: Option<OwnRole>,
    /// The words.
    pub origin: Origin,
}

/// What the long form says of its template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnRole {
    /// The role of the template's pods.
    pub role: String,
    /// Replicas in one batch, 1 to 9999.
    pub ratio: u32,
    /// The domain of a batch.
    pub level: Level,
    /// When batches start.
    pub batch_mode: BatchMode,
    /// Whether batches keep apart.
    pub exclusive: Exclusive,
    /// Who keeps a batch together.
    pub placement: Placement,
}

impl Coordinate {
    /// What the long form says as a group of one role; other templates of the same name add theirs.
    /// `None`: the name alone.
    #[must_use]
    pub fn group(&self, namespace: &str) -> Option<Group> {
        let own = self.own.as_ref()?;
        let strategy = AffinityScheduling {
            topology_key: own.level.key.clone(),
            ratios: BTreeMap::from([(own.role.clone(), own.ratio)]),
            batch_mode: own.batch_mode,
            exclusive: own.exclusive,
            placement: own.placement,
            timeout_seconds: None,
            on_timeout: OnTimeout::Wait,
        };
        Some(Group {
            namespace: namespace.to_owned(),
            name: self.name.clone(),
            roles: vec![Role { name: own.role.clone(), source: Source::Annotation }],
            coordinations: vec![Coordination {
                name: self.name.clone(),
                roles: vec![own.role.clone()],
                strategy: Strategy::AffinityScheduling(strategy),
            }],
        })
    }
}

/// The canonical text: words in the order of the grammar, what is the default left out.
#[must_use]
pub fn print(coordinate: &Coordinate) -> String {
    let mut text = coordinate.name.clone();
    let Some(own) = &coordinate.own else { return text };
    text.push_str(&format!(" role {} ratio {}", own.role, own.ratio));
    if own.level != Words::node_level() {
        text.push_str(&format!(" in {}", own.level.name));
    }
    if own.batch_mode == BatchMode::Parallel {
        text.push_str(" parallel");
    }
    let of = |is: Exclusive| EXCLUSIVES.iter().find(|(_, one)| *one == is).map(|(word, _)| *word);
    if let Some(word) = of(own.exclusive).filter(|_| own.exclusive != Exclusive::default()) {
        text.push_str(&format!(" exclusive {word}"));
    }
    let of = |is: Placement| PLACEMENTS.iter().find(|(_, one)| *one == is).map(|(word, _)| *word);
    let default = default_placement(own.batch_mode);
    if let Some(word) = of(own.placement).filter(|_| own.placement != default) {
        text.push_str(&format!(" by {word}"));
    }
    text
}

/// Reads the annotation's value. With a problem of severity error it must not be acted upon.
#[must_use]
pub fn read(value: &str, words: &Words) -> (Option<Coordinate>, Vec<Problem>) {
    let mut report = Report::new(keys::COORDINATE, value);
    let coordinate = read_into(value, words, &mut report);
    (coordinate, report.finish())
}

pub(crate) fn read_into(value: &str, words: &Words, report: &mut Report<'_>) -> Option<Coordinate> {
    let statements = statements(value);
    let (first, rest) = statements.split_first()?;
    let mut reader = Reader { statement: first, next: 0, words, report, broken: false };
    let found = reader.coordinate();
    for statement in rest {
        let (Some(from), Some(to)) = (statement.tokens.first(), statement.tokens.last()) else {
            continue;
        };
        let at = At::new(from.start..to.range().end, statement.line);
        report.add(codes::VALUE_SYNTAX, at, Detail::OneCoordination);
    }
    found.filter(|_| rest.is_empty())
}

struct Reader<'s, 'a, 'r, 'v> {
    statement: &'s Statement<'a>,
    next: usize,
    words: &'s Words,
    report: &'r mut Report<'v>,
    broken: bool,
}

/// What has been read of the long form.
#[derive(Default)]
struct Found<'a> {
    role: Option<Token<'a>>,
    ratio: Option<u32>,
    level: Option<Level>,
    mode: Option<(BatchMode, Range<usize>)>,
    exclusive: Option<Exclusive>,
    placement: Option<(Placement, Range<usize>)>,
    seen: Vec<(&'static str, Range<usize>)>,
}

impl<'a> Reader<'_, 'a, '_, '_> {
    fn error(&mut self, code: Code, span: Range<usize>, detail: Detail) {
        self.broken = true;
        self.report.add(code, At::new(span, self.statement.line), detail);
    }

    fn word_error(&mut self, code: Code, token: Token<'a>, meant: Option<String>, detail: Detail) {
        self.broken = true;
        let at = At::new(token.range(), self.statement.line);
        self.report.word(code, at, token.text, meant, detail);
    }

    fn take(&mut self) -> Option<Token<'a>> {
        let token = self.statement.tokens.get(self.next).copied();
        self.next += usize::from(token.is_some());
        token
    }

    /// The next token, if it is none of the words that go on.
    fn operand(&mut self, wanted: Wanted) -> Option<Token<'a>> {
        let next = self.statement.tokens.get(self.next).copied();
        if let Some(token) = next.filter(|token| !MODIFIERS.contains(&token.text)) {
            self.next += 1;
            return Some(token);
        }
        self.missing(wanted);
        None
    }

    fn missing(&mut self, wanted: Wanted) {
        let last = self.next.checked_sub(1).and_then(|index| self.statement.tokens.get(index));
        if let Some(last) = last {
            let (after, span) = (last.text.to_owned(), last.range());
            self.error(codes::MISSING_TARGET, span, Detail::Missing { after, wanted });
        }
    }

    fn coordinate(&mut self) -> Option<Coordinate> {
        let name = self.take()?;
        self.form(name, "a coordination", Form::DnsSubdomain);
        let mut found = Found::default();
        while let Some(token) = self.take() {
            self.modifier(token, &mut found);
        }
        let is_long = self.statement.tokens.len() > 1;
        let own = if is_long { self.own(name, found) } else { None };
        let last = self.statement.tokens.last().map_or(name.range().end, |last| last.range().end);
        let span = name.start..last;
        let text = fold(self.report.text(&span));
        let origin = Origin { key: keys::COORDINATE, span, line: self.statement.line, text };
        let complete = !self.broken && own.is_some() == is_long;
        complete.then(|| Coordinate { name: name.text.to_owned(), own, origin })
    }

    fn form(&mut self, token: Token<'a>, what: &str, form: Form) {
        if form.accepts(token.text) && !token.text.is_empty() {
            return;
        }
        let clean = plain(token.text);
        let meant = (clean != token.text && form.accepts(&clean)).then_some(clean);
        let (found, what) = (token.text.to_owned(), what.to_owned());
        self.word_error(codes::VALUE_SYNTAX, token, meant, Detail::Form { found, what, form });
    }

    /// The rest of the long form; what lacks is told.
    fn own(&mut self, name: Token<'a>, found: Found<'a>) -> Option<OwnRole> {
        // It is part of a label key.
        if Form::DnsSubdomain.accepts(name.text) {
            self.form(name, "a coordination", Form::LabelValue);
        }
        for word in ["role", "ratio"] {
            if !found.seen.iter().any(|(seen, _)| *seen == word) {
                let wanted = if word == "role" { "role ROLE" } else { "ratio N" };
                self.missing(Wanted::Word(wanted));
            }
        }
        let batch_mode = found.mode.as_ref().map(|(mode, _)| *mode).unwrap_or_default();
        let placement = found.placement.as_ref().map(|(placement, _)| *placement);
        let placement = placement.unwrap_or_else(|| default_placement(batch_mode));
        if batch_mode == BatchMode::Sequential
            && placement == Placement::Affinity
            && let Some((_, span)) = found.placement
        {
            self.error(codes::SEQUENTIAL_NEEDS_GATE, span, Detail::SequentialByAffinity);
        }
        Some(OwnRole {
            role: found.role?.text.to_owned(),
            ratio: found.ratio?,
            level: found.level.unwrap_or_else(Words::node_level),
            batch_mode,
            exclusive: found.exclusive.unwrap_or_default(),
            placement,
        })
    }

    fn modifier(&mut self, token: Token<'a>, found: &mut Found<'a>) {
        let known = MODIFIERS.iter().copied().find(|word| token.is_word(word));
        let Some(word) = known.or_else(|| self.unknown(token)) else { return };
        let first = found.seen.iter().find(|(seen, _)| *seen == word).map(|(_, at)| at.clone());
        if let Some(first) = first {
            let detail = Detail::DuplicateModifier { word: word.to_owned(), first };
            self.error(codes::DUPLICATE_MODIFIER, token.range(), detail);
            self.operands(word, token, &mut Found::default());
        } else {
            found.seen.push((word, token.range()));
            self.operands(word, token, found);
        }
    }

    /// Reports a word that is none of ours; returns the one that it resembles.
    fn unknown(&mut self, token: Token<'a>) -> Option<&'static str> {
        let meant = nearest(token.text, MODIFIERS.iter().copied());
        let found = token.text.to_owned();
        let detail = Detail::UnknownWord { found, relation: "coordinate", expected: MODIFIERS };
        self.word_error(codes::UNKNOWN_WORD, token, meant.map(str::to_owned), detail);
        meant.and_then(|meant| MODIFIERS.iter().copied().find(|word| *word == meant))
    }

    fn operands(&mut self, word: &'static str, token: Token<'a>, found: &mut Found<'a>) {
        match word {
            // What it names may be called as a word is.
            "role" => {
                found.role = self.take();
                match found.role {
                    Some(role) => self.form(role, "a role", Form::DnsLabel),
                    None => self.missing(Wanted::Name),
                }
            }
            "ratio" => found.ratio = self.ratio(),
            "in" => {
                let level = self.take();
                if level.is_none() {
                    self.missing(Wanted::Level);
                }
                found.level = level.and_then(|level| self.level(level));
            }
            "sequential" => self.mode(BatchMode::Sequential, token, found),
            "parallel" => self.mode(BatchMode::Parallel, token, found),
            "exclusive" => {
                let choice = self.choice("exclusive", EXCLUSIVE_WORDS);
                let chosen =
                    choice.and_then(|(word, _)| EXCLUSIVES.iter().find(|(name, _)| *name == word));
                found.exclusive = chosen.map(|(_, exclusive)| *exclusive);
            }
            _ => {
                let choice = self.choice("by", PLACEMENT_WORDS);
                found.placement = choice.and_then(|(word, end)| {
                    let chosen = PLACEMENTS.iter().find(|(name, _)| *name == word)?;
                    Some((chosen.1, token.start..end))
                });
            }
        }
    }

    fn mode(&mut self, mode: BatchMode, token: Token<'a>, found: &mut Found<'a>) {
        if found.mode.as_ref().is_some_and(|(before, _)| *before != mode) {
            let relation = if mode == BatchMode::Parallel { "sequential" } else { "parallel" };
            let detail =
                Detail::Misplaced { found: token.text.to_owned(), relation, belongs: Vec::new() };
            self.error(codes::MISPLACED_WORD, token.range(), detail);
            return;
        }
        found.mode = Some((mode, token.range()));
    }

    fn ratio(&mut self) -> Option<u32> {
        let token = self.operand(Wanted::Number)?;
        let is_number =
            !token.text.is_empty() && token.text.bytes().all(|byte| byte.is_ascii_digit());
        let number = token.text.parse().ok().filter(|ratio| (1..=MAX_NUMBER).contains(ratio));
        if number.is_none() || !is_number {
            let (code, detail) = out_of_range("ratio", token.text);
            self.word_error(code, token, None, detail);
        }
        number
    }

    /// A name of the vocabulary, or a qualified label key.
    fn level(&mut self, token: Token<'a>) -> Option<Level> {
        if let Some(level) = self.words.level(token.text) {
            let name = level.name.clone();
            if level.deprecated {
                let detail = Detail::Deprecated { kind: WordKind::Level, name: name.clone() };
                let at = At::new(token.range(), self.statement.line);
                self.report.warn(codes::DEPRECATED_WORD, at, detail);
            }
            return Some(Level { name, key: level.key.clone() });
        }
        if token.text.contains('/') && Form::LabelKey.accepts(token.text) {
            return Some(Level { name: token.text.to_owned(), key: token.text.to_owned() });
        }
        let names = self.words.levels.iter().map(|level| level.name.as_str());
        let synonym =
            synonym_of(token.text, Meaning::Level).filter(|name| self.words.level(name).is_some());
        let meant = synonym.or_else(|| nearest(token.text, names)).map(str::to_owned);
        let (found, known) = (token.text.to_owned(), self.words.level_names());
        let detail = Detail::UnknownLevel { found, known, instead: None };
        self.word_error(codes::UNKNOWN_LEVEL, token, meant, detail);
        None
    }

    /// One of a few words, and where it ends.
    fn choice(
        &mut self,
        relation: &'static str,
        expected: &'static [&'static str],
    ) -> Option<(&'static str, usize)> {
        let wanted = if relation == "by" {
            "affinity, gated or podgroup"
        } else {
            "preferred, required or none"
        };
        let token = self.operand(Wanted::Word(wanted))?;
        let end = token.range().end;
        if let Some(word) = expected.iter().find(|word| token.is_word(word)) {
            return Some((word, end));
        }
        let meant = nearest(token.text, expected.iter().copied());
        let found = token.text.to_owned();
        let detail = Detail::UnknownWord { found, relation, expected };
        self.word_error(codes::UNKNOWN_WORD, token, meant.map(str::to_owned), detail);
        let word = meant.and_then(|meant| expected.iter().find(|word| **word == meant))?;
        Some((word, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let (coordinate, problems) = read(value, &Words::default());
        let told: Vec<String> = problems
            .iter()
            .map(|one| {
                let span = one.span.clone().unwrap_or_default();
                let meant = one.suggestion.as_deref().unwrap_or("-");
                format!("{} {}..{} {meant}", one.code, span.start, span.end)
            })
            .collect();
        let said = coordinate.map_or_else(|| "nothing".to_owned(), |one| print(&one));
        if told.is_empty() { said } else { format!("{said} | {}", told.join(", ")) }
    }

    #[test]
    fn values_and_what_is_wrong_with_them() {
        for (value, expected) in [
            ("pd", "pd"),
            (" pd # the group", "pd"),
            ("pd role prefill ratio 2", "pd role prefill ratio 2"),
            ("pd ratio 2 role role in node sequential by gated", "pd role role ratio 2"),
            (
                "pd role a ratio 1 parallel by affinity exclusive none in zone",
                "pd role a ratio 1 in zone parallel exclusive none",
            ),
            (
                "pd role a ratio 1 in a.b/rack by podgroup",
                "pd role a ratio 1 in a.b/rack by podgroup",
            ),
            ("pd role a ratio 1 parallel by gated", "pd role a ratio 1 parallel by gated"),
            ("", "nothing"),
            ("PD", "nothing | value-syntax 0..2 -"),
            ("pd role a", "nothing | missing-target 8..9 -"),
            ("pd ratio 2", "nothing | missing-target 9..10 -"),
            ("pd role", "nothing | missing-target 3..7 -, missing-target 3..7 -"),
            ("pd role a ratio", "nothing | missing-target 10..15 -"),
            ("pd role a ratio in zone", "nothing | missing-target 10..15 -"),
            ("pd role a ratio 0", "nothing | number-range 16..17 -"),
            ("pd role a ratio 10000", "nothing | number-range 16..21 -"),
            ("pd role a ratio +1", "nothing | number-range 16..18 -"),
            ("pd role a ratio two", "nothing | number-range 16..19 -"),
            ("pd rol a ratio 2", "nothing | unknown-word 3..6 role"),
            ("pd role A ratio 2", "nothing | value-syntax 8..9 -"),
            ("pd role a ratio 2 in zon", "nothing | unknown-level 21..24 zone"),
            ("pd role a ratio 2 in host", "nothing | unknown-level 21..25 node"),
            ("pd role a ratio 2 ratio 3", "nothing | duplicate-modifier 18..23 -"),
            ("pd role a ratio 2 by gate", "nothing | unknown-word 21..25 gated"),
            ("pd role a ratio 2 by", "nothing | missing-target 18..20 -"),
            ("pd role a ratio 2 exclusive parallel", "nothing | missing-target 18..27 -"),
            ("pd role a ratio 2 sequential parallel", "nothing | misplaced-word 29..37 -"),
            ("pd role a ratio 2 by affinity", "nothing | sequential-needs-gate 18..29 -"),
            ("pd\nqd", "nothing | value-syntax 3..5 -"),
            ("pd(x)", "nothing | value-syntax 0..5 -"),
        ] {
            assert_eq!(shown(value), expected, "{value:?}");
        }
    }

    #[test]
    fn what_is_printed_reads_the_same() {
        let words = Words::default();
        for value in ["pd", "pd role a ratio 3 in zone parallel exclusive required by gated"] {
            let (first, _) = read(value, &words);
            let printed = print(&first.clone().unwrap());
            let (again, problems) = read(&printed, &words);
            assert_eq!(problems, []);
            let plain = |one: Option<Coordinate>| one.map(|one| (one.name, one.own));
            assert_eq!(plain(again.clone()), plain(first));
            assert_eq!(print(&again.unwrap()), printed);
        }
    }

    #[test]
    fn the_long_form_is_a_group_of_one_role() {
        let (found, _) = read("pd role a ratio 3 in zone", &Words::default());
        let group = found.unwrap().group("ml").unwrap();
        let (coordination, affinity) = group.placing("a").unwrap();
        assert_eq!((group.namespace.as_str(), coordination.name.as_str()), ("ml", "pd"));
        assert_eq!(affinity.topology_key, "topology.kubernetes.io/zone");
        assert_eq!(affinity.placement, Placement::Gated);
        assert_eq!(group.role("a").map(|role| &role.source), Some(&Source::Annotation));
    }

    #[test]
    fn the_tables_of_words_agree() {
        assert!(EXCLUSIVES.iter().map(|(word, _)| word).eq(EXCLUSIVE_WORDS));
        assert!(PLACEMENTS.iter().map(|(word, _)| word).eq(PLACEMENT_WORDS));
    }
}
