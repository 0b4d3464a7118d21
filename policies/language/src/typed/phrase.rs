//! The words of an entry, and where each of them comes from.

use std::ops::Range;

use super::text::{Lines, Spot};
use crate::intent::{NodeTarget, Origin, PodRule, Relation, Rule, Selector};
use crate::problem::Problem;

/// A sentence that nobody wrote: what an entry says.
#[derive(Clone, Debug)]
pub(super) struct Phrase<'v> {
    pub(super) text: String,
    /// The annotation's value.
    value: &'v str,
    whole: Spot,
    pieces: Vec<(Range<usize>, Spot)>,
}

impl<'v> Phrase<'v> {
    pub(super) const fn new(value: &'v str, whole: Spot) -> Self {
        Self { text: String::new(), value, whole, pieces: Vec::new() }
    }

    /// Words that stand nowhere.
    pub(super) fn say(&mut self, words: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(words);
        start..self.text.len()
    }

    /// Words that come from a place.
    pub(super) fn quote(&mut self, words: &str, from: Option<&Spot>) -> Range<usize> {
        let range = self.say(words);
        if let Some(from) = from {
            // A name that was looked up by its UID stands there in another form.
            let verbatim = from.verbatim && self.value.get(from.span.clone()) == Some(words);
            self.pieces.push((range.clone(), Spot { verbatim, ..from.clone() }));
        }
        range
    }

    /// Where words come from, and whether they stand there as they are.
    fn source(&self, words: &Range<usize>) -> Spot {
        let piece =
            self.pieces.iter().find(|(at, _)| at.start <= words.start && words.end <= at.end);
        match piece {
            Some((at, from)) if from.verbatim => {
                let start = from.span.start + (words.start - at.start);
                Spot { span: start..start + words.len(), verbatim: true }
            }
            Some((_, from)) => from.clone(),
            None => Spot { verbatim: false, ..self.whole.clone() },
        }
    }

    fn at(&self, words: &Range<usize>, lines: &Lines) -> (Spot, u32) {
        let mut spot = self.source(words);
        let first = lines.first(spot.span.clone());
        spot.verbatim &= first == spot.span;
        let line = lines.line(first.start);
        (Spot { span: first, ..spot }, line)
    }

    /// The problem of a sentence, at the place in the annotation.
    pub(super) fn problem(&self, mut problem: Problem, lines: &Lines) -> Problem {
        let words = problem.span.clone().unwrap_or(0..self.text.len());
        let (spot, line) = self.at(&words, lines);
        problem.verbatim = spot.verbatim;
        problem.span = Some(spot.span);
        problem.line = line;
        problem
    }

    /// The rule of a sentence, at the place in the annotation. Its text stays that of the sentence.
    pub(super) fn rule(&self, mut rule: Rule, lines: &Lines) -> Rule {
        match &mut rule.relation {
            Relation::Near(pods) | Relation::ApartFrom(pods) => self.pods(pods, lines),
            Relation::On(targets) | Relation::NotOn(targets) => {
                targets.iter_mut().for_each(|target| self.nodes(target, lines));
            }
            Relation::Spread(_) | Relation::AtMost(_) | Relation::Unresolved(_) => {}
        }
        self.origin(&mut rule.origin, lines);
        rule
    }

    fn pods(&self, pods: &mut PodRule, lines: &Lines) {
        self.origin(&mut pods.target_origin, lines);
    }

    fn nodes(&self, target: &mut NodeTarget, lines: &Lines) {
        if let crate::intent::NodeDemand::Labels(Selector { requirements }) = &mut target.demand {
            for requirement in requirements {
                let (start, end) = requirement.span;
                let (spot, _) = self.at(&(start..end), lines);
                requirement.span = (spot.span.start, spot.span.end);
            }
        }
        self.origin(&mut target.origin, lines);
    }

    fn origin(&self, origin: &mut Origin, lines: &Lines) {
        let (spot, line) = self.at(&origin.span, lines);
        (origin.span, origin.line) = (spot.span, line);
    }
}
