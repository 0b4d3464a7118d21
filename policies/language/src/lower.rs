//! Sentences into rules: words looked up, numbers checked, the annotation's own limits kept.

use std::ops::Range;

use placecard_findings::Code;

use crate::ast::{
    AtMostSentence, Body, Number, PodSentence, Sentence, SpreadSentence, Term, TermKind,
};
use crate::checked::{NamespaceFacts, Words};
use crate::codes;
use crate::directory::{Directory, Followed, Want};
use crate::intent::{
    AtMostRule, Level, Origin, PodRule, PodTarget, Relation, Rule, Selector, SpreadRule, Strength,
    Word,
};
use crate::lease::is_lease;
use crate::parse::out_of_range;
use crate::print::fold;
use crate::problem::{Detail, Form, WordKind};
use crate::report::{At, Report};
use crate::selector::{self, Of, SelectorFlaw};
use crate::suggest::nearest;
use crate::words::{self, Meaning, synonym_of};

/// The weight of a rule that names none.
pub const DEFAULT_WEIGHT: u8 = 50;
/// The largest weight.
pub const MAX_WEIGHT: u8 = 100;
/// The largest of the other numbers.
pub const MAX_NUMBER: u32 = 9999;

/// What the rules of one annotation are read with.
pub(crate) struct Lower<'a, 'v> {
    /// The annotation key.
    pub(crate) key: &'static str,
    /// Under `require`.
    pub(crate) required: bool,
    /// The annotation's value.
    pub(crate) value: &'a str,
    pub(crate) words: &'a Words,
    pub(crate) namespace: Option<&'a NamespaceFacts>,
    pub(crate) directory: &'a dyn Directory,
    /// What was asked of the directory.
    pub(crate) wants: Vec<Want>,
    /// The Lease that the rule being read follows.
    pub(crate) follows: Option<Followed>,
    /// The rule being read rests on what other objects say now.
    pub(crate) observed: bool,
    pub(crate) report: &'a mut Report<'v>,
    /// Of the rule being read.
    pub(crate) line: u32,
    /// The rule being read has an error.
    pub(crate) broken: bool,
}

impl Lower<'_, '_> {
    pub(crate) fn rules(&mut self, sentences: &[Sentence]) -> Vec<Rule> {
        let mut rules = Vec::new();
        for sentence in sentences {
            // With so many errors nothing is acted upon, and looking for suggestions is not free.
            if self.report.is_full() {
                break;
            }
            rules.extend(self.rule(sentence));
        }
        rules
    }

    /// The rule of a sentence; its problems go into the report.
    pub(crate) fn rule(&mut self, sentence: &Sentence) -> Option<Rule> {
        self.line = sentence.line;
        self.broken = sentence.broken;
        self.follows = None;
        self.observed = false;
        let relation = match &sentence.body {
            Body::Near(rule) => self.pods(rule, false),
            Body::ApartFrom(rule) => self.pods(rule, true),
            Body::On(terms) => self.node_targets(terms, "on").map(Relation::On),
            Body::NotOn(terms) => self.node_targets(terms, "not-on").map(Relation::NotOn),
            Body::Spread(rule) => self.spread(rule).map(Relation::Spread),
            Body::AtMost(rule) => self.at_most(rule, &sentence.head).map(Relation::AtMost),
        };
        let strength = self.strength(sentence);
        let origin = self.origin(&sentence.span);
        let follows = self.follows.take();
        let (relation, observed) = (relation?, self.observed);
        Some(Rule { strength, relation, follows, observed, entry: None, origin })
            .filter(|_| !self.broken)
    }

    /// `near` and `apart-from`.
    pub(crate) fn pods(&mut self, rule: &PodSentence, apart: bool) -> Option<Relation> {
        if rule.target.as_ref().is_some_and(is_lease) {
            return self.lease_rule(rule, apart);
        }
        let rule = self.pod_rule(rule, apart)?;
        Some(if apart { Relation::ApartFrom(rule) } else { Relation::Near(rule) })
    }

    fn strength(&mut self, sentence: &Sentence) -> Strength {
        let relation = sentence.body.relation();
        let weight = match &sentence.weight {
            None => DEFAULT_WEIGHT,
            Some(weight) if self.required => {
                self.error(codes::WEIGHT_IN_REQUIRE, &weight.phrase, Detail::WeightInRequire);
                DEFAULT_WEIGHT
            }
            Some(weight) if !words::modifiers_of(relation).contains(&"weight") => {
                if relation != "at-most" {
                    let belongs = words::relations_with("weight");
                    let found = "weight".to_owned();
                    let detail = Detail::Misplaced { found, relation, belongs };
                    self.error(codes::MISPLACED_WORD, &weight.phrase, detail);
                }
                DEFAULT_WEIGHT
            }
            Some(weight) => {
                let number = self.ranged("weight", weight, u32::from(MAX_WEIGHT));
                number.and_then(|number| u8::try_from(number).ok()).unwrap_or(DEFAULT_WEIGHT)
            }
        };
        if self.required { Strength::Required } else { Strength::Preferred { weight } }
    }

    fn pod_rule(&mut self, rule: &PodSentence, apart: bool) -> Option<PodRule> {
        let relation = if apart { "apart-from" } else { "near" };
        let target = rule.target.as_ref().and_then(|term| self.pod_target(term, relation));
        let namespaces = rule.namespaces.as_ref().and_then(|term| self.group(term, Of::Others));
        self.label_keys(&rule.same);
        self.label_keys(&rule.other);
        let level = self.level_or_node(rule.level.as_ref());
        let term = rule.target.as_ref()?;
        let target = target?;
        if let (Some(of), PodTarget::Named(named)) = (&rule.namespaces, &target)
            && named.namespace.is_some()
        {
            let detail = Detail::NamespaceTwice { target: self.text(&term.span) };
            self.error(codes::MISPLACED_WORD, &of.span, detail);
        }
        let level = level?;
        if apart && self.required {
            self.apart_from_limit(rule, term, &target, &level);
        }
        Some(PodRule {
            target,
            target_origin: self.origin(&term.span),
            namespaces,
            same: rule.same.clone(),
            other: rule.other.clone(),
            level,
            across_revisions: rule.across_revisions,
        })
    }

    /// `limits.requiredApartFrom`, for targets other than `self`.
    pub(crate) fn apart_from_limit(
        &mut self,
        rule: &PodSentence,
        term: &Term,
        target: &PodTarget,
        level: &Level,
    ) {
        let Some(limit) = &self.words.limits.required_apart_from else { return };
        if *target == PodTarget::Itself && rule.namespaces.is_none() {
            return;
        }
        let is_allowed = limit
            .levels
            .iter()
            .any(|name| self.words.level(name).is_some_and(|allowed| allowed.key == level.key));
        if !is_allowed {
            let span = rule.level.as_ref().map_or_else(|| term.span.clone(), |l| l.span.clone());
            let (level, allowed) = (level.name.clone(), limit.levels.clone());
            let detail = Detail::ApartFromLevel { level, allowed };
            self.error(codes::APART_FROM_NOT_ALLOWED, &span, detail);
        }
        if limit.cross_namespace {
            return;
        }
        let named = match target {
            PodTarget::Named(named) => named.namespace.as_deref(),
            PodTarget::Itself | PodTarget::Pods(_) | PodTarget::Pod { .. } => None,
        };
        let (span, decided) = match (&rule.namespaces, named, self.namespace) {
            (Some(of), _, _) => (&of.span, true),
            (None, None, _) => return,
            (None, Some(named), Some(own)) if own.name == named => return,
            (None, Some(_), own) => (&term.span, own.is_some()),
        };
        let detail = Detail::ApartFromNamespace { target: self.text(span), decided };
        self.decided(codes::APART_FROM_NOT_ALLOWED, span, decided, detail);
    }

    fn spread(&mut self, rule: &SpreadSentence) -> Option<SpreadRule> {
        let level = rule.level.as_ref().and_then(|level| self.level(level));
        let max_skew = match &rule.max_skew {
            Some(number) => self.ranged("max-skew", number, MAX_NUMBER),
            None => Some(1),
        };
        let min_domains = rule
            .min_domains
            .as_ref()
            .map(|number| (number, self.ranged("min-domains", number, MAX_NUMBER)));
        if let (Some((number, _)), false) = (min_domains, self.required) {
            let detail = Detail::OnlyUnderRequire { word: "min-domains" };
            self.error(codes::MISPLACED_WORD, &number.phrase, detail);
        }
        Some(SpreadRule {
            level: level?,
            max_skew: max_skew?,
            min_domains: min_domains.and_then(|(_, number)| number),
            ignore_taints: rule.ignore_taints,
            ignore_node_rules: rule.ignore_node_rules,
            across_revisions: rule.across_revisions,
        })
    }

    fn at_most(&mut self, rule: &AtMostSentence, head: &Range<usize>) -> Option<AtMostRule> {
        if !self.required {
            let detail = Detail::OnlyUnderRequire { word: "at-most" };
            self.error(codes::MISPLACED_WORD, head, detail);
        }
        let count = rule.count.as_ref().and_then(|n| self.ranged("at-most", n, MAX_NUMBER));
        let target = rule.target.as_ref().and_then(|term| self.pod_target(term, "at-most"));
        let level = self.level_or_node(rule.level.as_ref());
        let term = rule.target.as_ref()?;
        Some(AtMostRule {
            count: count?,
            target: target?,
            target_origin: self.origin(&term.span),
            level: level?,
            across_revisions: rule.across_revisions,
        })
    }
}

/// The parts that rules share.
impl Lower<'_, '_> {
    pub(crate) fn error(&mut self, code: Code, span: &Range<usize>, detail: Detail) {
        self.broken = true;
        self.report.add(code, At::new(span.clone(), self.line), detail);
    }

    pub(crate) fn word_error(
        &mut self,
        code: Code,
        span: &Range<usize>,
        suggestion: Option<String>,
        detail: Detail,
    ) {
        self.broken = true;
        let word = self.value.get(span.clone()).unwrap_or_default();
        self.report.word(code, At::new(span.clone(), self.line), word, suggestion, detail);
    }

    /// An error if it is decided, else a warning.
    pub(crate) fn decided(
        &mut self,
        code: Code,
        span: &Range<usize>,
        decided: bool,
        detail: Detail,
    ) {
        if decided {
            self.error(code, span, detail);
        } else {
            self.report.warn(code, At::new(span.clone(), self.line), detail);
        }
    }

    pub(crate) fn deprecated(&mut self, kind: WordKind, name: &str, span: &Range<usize>) {
        let detail = Detail::Deprecated { kind, name: name.to_owned() };
        self.report.warn(codes::DEPRECATED_WORD, At::new(span.clone(), self.line), detail);
    }

    pub(crate) fn text(&self, span: &Range<usize>) -> String {
        fold(self.value.get(span.clone()).unwrap_or_default())
    }

    pub(crate) fn origin(&self, span: &Range<usize>) -> Origin {
        Origin { key: self.key, span: span.clone(), line: self.line, text: self.text(span) }
    }

    fn ranged(&mut self, word: &str, number: &Number, max: u32) -> Option<u32> {
        let value = u32::try_from(number.value).ok().filter(|value| (1..=max).contains(value));
        if value.is_none() {
            let found = self.text(&number.span);
            let (code, detail) = out_of_range(word, &found);
            self.error(code, &number.span, detail);
        }
        value
    }

    fn label_keys(&mut self, keys: &[Word]) {
        for key in keys {
            self.form(&key.span, &key.text, "label", Form::LabelKey);
        }
    }

    /// Whether a name has its form; if not, that is reported.
    pub(crate) fn form(&mut self, span: &Range<usize>, text: &str, what: &str, form: Form) -> bool {
        let accepts = form.accepts(text);
        if !accepts {
            let plain = crate::suggest::plain(text);
            let suggestion = (plain != text && form.accepts(&plain)).then_some(plain);
            let detail = Detail::Form { found: text.to_owned(), what: what.to_owned(), form };
            self.word_error(codes::VALUE_SYNTAX, span, suggestion, detail);
        }
        accepts
    }

    pub(crate) fn level_or_node(&mut self, word: Option<&Word>) -> Option<Level> {
        match word {
            Some(word) => self.level(word),
            None => Some(Words::node_level()),
        }
    }

    /// A name of the vocabulary, or a qualified label key.
    pub(crate) fn level(&mut self, word: &Word) -> Option<Level> {
        let words = self.words;
        if let Some(level) = words.level(&word.text) {
            if level.deprecated {
                self.deprecated(WordKind::Level, &level.name, &word.span);
            }
            return Some(Level { name: level.name.clone(), key: level.key.clone() });
        }
        if word.text.contains('/') && Form::LabelKey.accepts(&word.text) {
            return Some(Level { name: word.text.clone(), key: word.text.clone() });
        }
        let suggestion = self.level_suggestion(&word.text);
        let detail = Detail::UnknownLevel {
            found: word.text.clone(),
            known: words.level_names(),
            instead: None,
        };
        self.word_error(codes::UNKNOWN_LEVEL, &word.span, suggestion, detail);
        None
    }

    pub(crate) fn level_suggestion(&self, found: &str) -> Option<String> {
        let names = self.words.levels.iter().map(|level| level.name.as_str());
        let synonym =
            synonym_of(found, Meaning::Level).filter(|name| self.words.level(name).is_some());
        synonym.or_else(|| nearest(found, names)).map(str::to_owned)
    }

    /// The selector between the parentheses of a term.
    pub(crate) fn group(&mut self, term: &Term, of: Of) -> Option<Selector> {
        let TermKind::Group { inner, .. } = &term.kind else { return None };
        let parsed = selector::parse(&inner.text, inner.span.start, of);
        let is_fine = parsed.problems.is_empty();
        for (flaw, span) in parsed.problems {
            let span = if flaw == SelectorFlaw::Empty { term.span.clone() } else { span };
            let written = self.value.get(span.clone()).unwrap_or_default();
            let plain = crate::suggest::plain(written);
            let form = match &flaw {
                SelectorFlaw::BadKey { .. } => Some(Form::LabelKey),
                SelectorFlaw::BadValue { .. } => Some(Form::LabelValue),
                _ => None,
            };
            let mends = form.is_some_and(|form| plain != written && form.accepts(&plain));
            let suggestion = mends.then_some(plain);
            self.word_error(codes::SELECTOR_SYNTAX, &span, suggestion, Detail::Selector(flaw));
        }
        is_fine.then_some(parsed.selector)
    }
}
