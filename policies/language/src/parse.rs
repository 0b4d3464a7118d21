//! Tokens into sentences, with every problem of every rule at once.
//!
//! A rule ends at `;` or at the end of its line, so a broken one does not hide the next. Inside a
//! rule, a misspelt word is read on as the word it resembles, so that its neighbours are checked too.

use std::ops::Range;

use placecard_findings::Code;

use crate::ast::{
    AtMostSentence, Body, Number, PodSentence, Sentence, SpreadSentence, Term, TermKind,
};
use crate::codes;
use crate::intent::Word;
use crate::lex::{Statement, Token, statements};
use crate::problem::{Detail, Problem, Wanted};
use crate::report::{At, Report};
use crate::selector::SelectorFlaw;
use crate::suggest::{nearest, plain};
use crate::words::{self, Meaning, synonym_of};

/// As many rules and alternatives of `or` are read from one value.
pub const MAX_TARGETS: usize = 20_000;

/// Reads the rules of a value. `key` is the annotation that the problems name.
///
/// Words are not looked up: a sentence may name a pool that no vocabulary knows.
#[must_use]
pub fn parse(key: &str, value: &str) -> (Vec<Sentence>, Vec<Problem>) {
    let mut report = Report::new(key, value);
    let sentences = parse_into(value, &mut report);
    (sentences, report.finish())
}

pub(crate) fn parse_into(value: &str, report: &mut Report<'_>) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    let mut targets = 0;
    for statement in &statements(value) {
        let mut parser = Parser { statement, next: 0, report: &mut *report, broken: false };
        let Some(sentence) = parser.sentence() else { continue };
        targets += match &sentence.body {
            Body::On(terms) | Body::NotOn(terms) => terms.len().max(1),
            _ => 1,
        };
        if targets > MAX_TARGETS {
            let at = At::new(sentence.span, sentence.line);
            report.add(codes::VALUE_SYNTAX, at, Detail::TooMany { limit: MAX_TARGETS });
            break;
        }
        sentences.push(sentence);
    }
    sentences
}

/// What follows the targets, whatever the relation.
#[derive(Default)]
struct Modifiers {
    namespaces: Option<Term>,
    same: Vec<Word>,
    other: Vec<Word>,
    level: Option<Word>,
    across_revisions: bool,
    weight: Option<Number>,
    max_skew: Option<Number>,
    min_domains: Option<Number>,
    ignore_taints: bool,
    ignore_node_rules: bool,
    seen: Vec<(&'static str, Range<usize>)>,
}

struct Parser<'s, 'a, 'r, 'v> {
    statement: &'s Statement<'a>,
    next: usize,
    report: &'r mut Report<'v>,
    broken: bool,
}

impl<'a> Parser<'_, 'a, '_, '_> {
    fn peek(&self) -> Option<Token<'a>> {
        self.statement.tokens.get(self.next).copied()
    }

    fn take(&mut self) -> Option<Token<'a>> {
        let token = self.peek();
        self.next += usize::from(token.is_some());
        token
    }

    /// The token before the next one.
    fn last(&self) -> Option<Token<'a>> {
        self.next.checked_sub(1).and_then(|index| self.statement.tokens.get(index)).copied()
    }

    fn at(&self, span: Range<usize>) -> At {
        At::new(span, self.statement.line)
    }

    fn error(&mut self, code: Code, span: Range<usize>, detail: Detail) {
        self.broken = true;
        let at = self.at(span);
        self.report.add(code, at, detail);
    }

    fn word_error(
        &mut self,
        code: Code,
        token: Token<'a>,
        suggestion: Option<String>,
        detail: Detail,
    ) {
        self.broken = true;
        let at = self.at(token.range());
        self.report.word(code, at, token.text, suggestion, detail);
    }

    /// Something lacks after the last token.
    fn missing(&mut self, wanted: Wanted) {
        if let Some(last) = self.last() {
            let after = last.text.to_owned();
            self.error(codes::MISSING_TARGET, last.range(), Detail::Missing { after, wanted });
        }
    }

    fn sentence(&mut self) -> Option<Sentence> {
        let head = self.take()?;
        let relation = self.relation(head)?;
        let mut targets = Vec::new();
        let mut count = None;
        let mut over = None;
        match relation {
            "on" | "not-on" => targets = self.node_targets(),
            "spread" => over = self.over(),
            "at-most" => {
                count = self.count();
                targets.extend(self.target(Wanted::PodTarget));
            }
            _ => targets.extend(self.target(Wanted::PodTarget)),
        }
        let found = self.modifiers(relation);
        let weight = found.weight.clone();
        let body = body(relation, targets, count, over, found);
        let end = self.statement.tokens.last().map_or(head.range().end, |last| last.range().end);
        Some(Sentence {
            body,
            weight,
            head: head.range(),
            span: head.start..end,
            line: self.statement.line,
            broken: self.broken,
        })
    }

    /// The relation that a rule begins with, or the one it resembles.
    fn relation(&mut self, head: Token<'a>) -> Option<&'static str> {
        let known = words::RELATIONS.iter().copied();
        if head.group.is_none()
            && let Some(relation) = known.clone().find(|relation| *relation == head.text)
        {
            return Some(relation);
        }
        let found = head.text.to_owned();
        if let Some(key) = synonym_of(head.text, Meaning::WhichKey) {
            let detail = Detail::WhichKey { found, key };
            self.word_error(codes::UNKNOWN_RELATION, head, None, detail);
            return None;
        }
        let meant =
            synonym_of(head.text, Meaning::Relation).or_else(|| nearest(head.text, known.clone()));
        let detail = Detail::UnknownRelation { found, relations: words::RELATIONS };
        // A blank that is none to us makes one word of several.
        let clean = plain(head.text);
        let first = clean.split(' ').next().filter(|first| known.clone().any(|r| r == *first));
        let several = first.filter(|first| clean != **first).map(|_| clean.clone());
        let suggestion = meant.map(str::to_owned).or(several);
        self.word_error(codes::UNKNOWN_RELATION, head, suggestion, detail);
        meant.and_then(|meant| words::RELATIONS.iter().copied().find(|relation| *relation == meant))
    }

    /// Whether a token goes on with the rule, and is no target.
    fn is_modifier(token: Token<'a>) -> bool {
        token.group.is_none() && (token.text == "or" || words::MODIFIERS.contains(&token.text))
    }

    fn target(&mut self, wanted: Wanted) -> Option<Term> {
        let Some(token) = self.peek().filter(|token| !Self::is_modifier(*token)) else {
            self.missing(wanted);
            return None;
        };
        self.next += 1;
        self.term(token)
    }

    /// A target; one without its closing parenthesis is reported and gone.
    fn term(&mut self, token: Token<'a>) -> Option<Term> {
        let kind = match token.group {
            None => TermKind::Word(token.text.to_owned()),
            Some(group) if group.closed => {
                let span = group.inner_start..group.inner_start + group.inner.len();
                let inner = Word { text: group.inner.to_owned(), span };
                TermKind::Group { head: group.head.to_owned(), inner }
            }
            Some(_) => {
                let flaw = Detail::Selector(SelectorFlaw::NotClosed);
                self.error(codes::SELECTOR_SYNTAX, token.range(), flaw);
                return None;
            }
        };
        Some(Term { kind, span: token.range() })
    }

    /// `nodes { "or" nodes }`
    fn node_targets(&mut self) -> Vec<Term> {
        let mut targets = Vec::new();
        loop {
            targets.extend(self.target(Wanted::NodeTarget));
            if self.peek().is_some_and(|token| token.is_word("or")) {
                self.next += 1;
            } else {
                return targets;
            }
        }
    }

    /// `"over" level`
    fn over(&mut self) -> Option<Word> {
        let Some(token) = self.take() else {
            self.missing(Wanted::Word("over"));
            return None;
        };
        if token.is_word("over") {
            return self.operand(Wanted::Level);
        }
        let next = self.peek().filter(|next| !Self::is_modifier(*next));
        let has_level = next.is_some_and(|next| !next.is_word("revisions"));
        if Self::is_modifier(token) && !(has_level && ["in", "across", "of"].contains(&token.text))
        {
            self.next -= 1;
            self.missing(Wanted::Word("over"));
            return None;
        }
        let expected: &'static [&'static str] = &["over"];
        let detail =
            Detail::UnknownWord { found: token.text.to_owned(), relation: "spread", expected };
        // `spread ovr zone` lacks a letter, `spread zone` a word.
        if has_level && (Self::is_modifier(token) || nearest(token.text, ["over"]).is_some()) {
            self.word_error(codes::UNKNOWN_WORD, token, Some("over".to_owned()), detail);
            return self.operand(Wanted::Level);
        }
        let head = self.statement.tokens.first().map_or(token.start, |head| head.start);
        let suggestion = Some(format!("spread over {}", token.text));
        let at = self.at(head..token.range().end);
        self.broken = true;
        self.report.word(codes::UNKNOWN_WORD, at, token.text, suggestion, detail);
        Some(Word { text: token.text.to_owned(), span: token.range() })
    }

    /// The number after `at-most`.
    fn count(&mut self) -> Option<Number> {
        let token = self.peek().filter(|token| !Self::is_modifier(*token));
        let is_target = token.is_some_and(|token| {
            token.group.is_some() || token.text == "self" || token.text.contains('/')
        });
        match token {
            Some(token) if !is_target => {
                self.next += 1;
                self.number("at-most", token)
            }
            _ => {
                self.missing(Wanted::Number);
                None
            }
        }
    }

    /// A word after another one, whatever it is.
    fn operand(&mut self, wanted: Wanted) -> Option<Word> {
        match self.take() {
            Some(token) => Some(Word { text: token.text.to_owned(), span: token.range() }),
            None => {
                self.missing(wanted);
                None
            }
        }
    }

    fn number(&mut self, word: &str, token: Token<'a>) -> Option<Number> {
        if !token.text.is_empty() && token.text.bytes().all(|byte| byte.is_ascii_digit()) {
            let value = token.text.parse().unwrap_or(u64::MAX);
            let before =
                self.next.checked_sub(2).and_then(|index| self.statement.tokens.get(index));
            let start = before.map_or(token.start, |before| before.start);
            return Some(Number { value, span: token.range(), phrase: start..token.range().end });
        }
        let (code, detail) = out_of_range(word, token.text);
        self.word_error(code, token, None, detail);
        None
    }

    fn number_after(&mut self, word: &str) -> Option<Number> {
        match self.peek().filter(|token| !Self::is_modifier(*token)) {
            Some(token) => {
                self.next += 1;
                self.number(word, token)
            }
            None => {
                self.missing(Wanted::Number);
                None
            }
        }
    }
}

/// What a number outside its range, or no number, is.
pub(crate) fn out_of_range(word: &str, found: &str) -> (Code, Detail) {
    let found = found.to_owned();
    if word == "weight" {
        return (codes::WEIGHT_RANGE, Detail::WeightRange { found });
    }
    let word = word.to_owned();
    (codes::NUMBER_RANGE, Detail::NumberRange { word, found, min: 1, max: 9999 })
}

fn body(
    relation: &str,
    mut targets: Vec<Term>,
    count: Option<Number>,
    over: Option<Word>,
    found: Modifiers,
) -> Body {
    match relation {
        "on" => Body::On(targets),
        "not-on" => Body::NotOn(targets),
        "spread" => Body::Spread(SpreadSentence {
            level: over,
            max_skew: found.max_skew,
            min_domains: found.min_domains,
            ignore_taints: found.ignore_taints,
            ignore_node_rules: found.ignore_node_rules,
            across_revisions: found.across_revisions,
        }),
        "at-most" => Body::AtMost(AtMostSentence {
            count,
            target: targets.pop(),
            level: found.level,
            across_revisions: found.across_revisions,
        }),
        _ => {
            let sentence = PodSentence {
                target: targets.pop(),
                namespaces: found.namespaces,
                same: found.same,
                other: found.other,
                level: found.level,
                across_revisions: found.across_revisions,
            };
            if relation == "near" { Body::Near(sentence) } else { Body::ApartFrom(sentence) }
        }
    }
}

/// The modifiers.
impl<'a> Parser<'_, 'a, '_, '_> {
    fn modifiers(&mut self, relation: &'static str) -> Modifiers {
        let mut found = Modifiers::default();
        while let Some(token) = self.take() {
            if token.is_word("or") {
                let detail = Detail::OrJoinsNodeTargets { relation };
                self.error(codes::MISPLACED_WORD, token.range(), detail);
                // What it joins is no word of its own.
                self.next += usize::from(self.peek().is_some_and(|next| !Self::is_modifier(next)));
                continue;
            }
            let known = words::MODIFIERS.iter().copied().find(|word| token.is_word(word));
            let Some(word) = known.or_else(|| self.unknown_word(token, relation)) else {
                self.skip_to_modifier();
                continue;
            };
            self.modifier(word, token, relation, &mut found);
        }
        found
    }

    fn skip_to_modifier(&mut self) {
        while self.peek().is_some_and(|token| !Self::is_modifier(token)) {
            self.next += 1;
        }
    }

    /// Reports a word that is no modifier; returns the modifier that it resembles.
    fn unknown_word(&mut self, token: Token<'a>, relation: &'static str) -> Option<&'static str> {
        let found = token.text.to_owned();
        if let Some(key) = synonym_of(token.text, Meaning::WhichKey) {
            let detail = Detail::WhichKey { found, key };
            self.word_error(codes::UNKNOWN_WORD, token, None, detail);
            return None;
        }
        if let Some(other) = words::RELATIONS.iter().find(|relation| token.is_word(relation)) {
            let detail = Detail::Misplaced { found, relation, belongs: vec![other] };
            self.error(codes::MISPLACED_WORD, token.range(), detail);
            return None;
        }
        let expected = words::modifiers_of(relation);
        let meant = synonym_of(token.text, Meaning::Modifier)
            .or_else(|| nearest(token.text, words::MODIFIERS.iter().copied()));
        let is_target = token.group.is_some() || token.text.contains('/');
        let suggestion = match (meant, token.group.map(|group| group.head)) {
            (Some(meant), _) => Some(meant.to_owned()),
            (None, Some("namespaces")) => Some(format!("of {found}")),
            (None, _) if is_target && words::NODE_RELATIONS.contains(&relation) => {
                Some(format!("or {found}"))
            }
            _ => None,
        };
        let detail = Detail::UnknownWord { found, relation, expected };
        self.word_error(codes::UNKNOWN_WORD, token, suggestion, detail);
        meant.and_then(|meant| words::MODIFIERS.iter().copied().find(|word| *word == meant))
    }

    fn modifier(
        &mut self,
        word: &'static str,
        token: Token<'a>,
        relation: &'static str,
        found: &mut Modifiers,
    ) {
        // Where a weight may stand depends on the annotation; that is checked with it.
        if word != "weight" && !words::modifiers_of(relation).contains(&word) {
            let belongs = words::relations_with(word);
            let detail = Detail::Misplaced { found: word.to_owned(), relation, belongs };
            self.error(codes::MISPLACED_WORD, token.range(), detail);
        }
        let first =
            found.seen.iter().find(|(seen, _)| *seen == word).map(|(_, range)| range.clone());
        let is_duplicate = first.is_some();
        if let Some(first) = first {
            let detail = Detail::DuplicateModifier { word: word.to_owned(), first };
            self.error(codes::DUPLICATE_MODIFIER, token.range(), detail);
        }
        if is_duplicate {
            self.operands(word, &mut Modifiers::default());
        } else {
            found.seen.push((word, token.range()));
            self.operands(word, found);
        }
    }

    fn operands(&mut self, word: &str, found: &mut Modifiers) {
        match word {
            "of" => found.namespaces = self.namespaces(),
            "same" => found.same = self.keys(),
            "other" => found.other = self.keys(),
            "in" => found.level = self.operand(Wanted::Level),
            "across" => {
                self.revisions();
                found.across_revisions = true;
            }
            "weight" => found.weight = self.number_after(word),
            "max-skew" => found.max_skew = self.number_after(word),
            "min-domains" => found.min_domains = self.number_after(word),
            "ignore-taints" => found.ignore_taints = true,
            "ignore-node-rules" => found.ignore_node_rules = true,
            _ => {}
        }
    }

    /// `namespaces(…)` after `of`.
    fn namespaces(&mut self) -> Option<Term> {
        let Some(token) = self.peek().filter(|token| !Self::is_modifier(*token)) else {
            self.missing(Wanted::Word("namespaces(SELECTOR)"));
            return None;
        };
        self.next += 1;
        let word = token.group.map_or(token.text, |group| group.head);
        if token.group.is_none() || word != "namespaces" {
            let meant = nearest(word, ["namespaces"]).map(str::to_owned);
            let expected: &'static [&'static str] = &["namespaces(SELECTOR)"];
            let detail = Detail::UnknownWord { found: word.to_owned(), relation: "of", expected };
            let at = self.at(token.start..token.start + word.len());
            self.broken = true;
            self.report.word(codes::UNKNOWN_WORD, at, word, meant, detail);
        }
        self.term(token).filter(|term| matches!(term.kind, TermKind::Group { .. }))
    }

    /// `key{","key}`; blanks beside a comma are taken.
    fn keys(&mut self) -> Vec<Word> {
        let mut keys = Vec::new();
        let Some(mut token) = self.take() else {
            self.missing(Wanted::LabelKey);
            return keys;
        };
        loop {
            let mut start = token.start;
            for part in token.text.split(',') {
                let span = start..start + part.len();
                if !part.is_empty() {
                    keys.push(Word { text: part.to_owned(), span });
                }
                start += part.len() + 1;
            }
            let goes_on = token.text.ends_with(',');
            match self.peek() {
                Some(next) if goes_on || next.text.starts_with(',') => {
                    self.next += 1;
                    token = next;
                }
                _ => {
                    if goes_on || keys.is_empty() {
                        self.missing(Wanted::LabelKey);
                    }
                    return keys;
                }
            }
        }
    }

    /// `revisions` after `across`.
    fn revisions(&mut self) {
        let token = self.peek().filter(|token| !Self::is_modifier(*token));
        match token {
            Some(token) if token.is_word("revisions") => self.next += 1,
            Some(token) => {
                self.next += 1;
                let meant = nearest(token.text, ["revisions"]).map(str::to_owned);
                let expected: &'static [&'static str] = &["revisions"];
                let found = token.text.to_owned();
                let detail = Detail::UnknownWord { found, relation: "across", expected };
                self.word_error(codes::UNKNOWN_WORD, token, meant, detail);
            }
            None => self.missing(Wanted::Word("revisions")),
        }
    }
}
