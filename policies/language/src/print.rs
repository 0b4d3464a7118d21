//! Sentences into text: one rule a line, modifiers in the order of the grammar, blanks folded.
//!
//! Reading what is printed gives the same sentences, and printing them gives the same text.

use crate::ast::{Body, Number, Sentence, Term, TermKind};
use crate::intent::Word;

/// The canonical text of rules. Of a broken sentence only what could be read is printed.
#[must_use]
pub fn print(sentences: &[Sentence]) -> String {
    sentences.iter().map(sentence).collect::<Vec<_>>().join("\n")
}

/// The canonical text of one rule.
#[must_use]
pub fn sentence(sentence: &Sentence) -> String {
    let mut words = vec![sentence.body.relation().to_owned()];
    match &sentence.body {
        Body::Near(rule) | Body::ApartFrom(rule) => {
            words.extend(rule.target.iter().map(term));
            words.extend(rule.namespaces.iter().map(|of| format!("of {}", term(of))));
            words.extend(keys("same", &rule.same));
            words.extend(keys("other", &rule.other));
            words.extend(rule.level.iter().map(|level| format!("in {}", level.text)));
            words.extend(flag("across revisions", rule.across_revisions));
        }
        Body::On(terms) | Body::NotOn(terms) => {
            words.push(terms.iter().map(term).collect::<Vec<_>>().join(" or "));
        }
        Body::Spread(rule) => {
            words.extend(rule.level.iter().map(|level| format!("over {}", level.text)));
            words.extend(number("max-skew", rule.max_skew.as_ref()));
            words.extend(number("min-domains", rule.min_domains.as_ref()));
            words.extend(flag("ignore-taints", rule.ignore_taints));
            words.extend(flag("ignore-node-rules", rule.ignore_node_rules));
            words.extend(flag("across revisions", rule.across_revisions));
        }
        Body::AtMost(rule) => {
            words.extend(rule.count.iter().map(|count| count.value.to_string()));
            words.extend(rule.target.iter().map(term));
            words.extend(rule.level.iter().map(|level| format!("in {}", level.text)));
            words.extend(flag("across revisions", rule.across_revisions));
        }
    }
    words.extend(number("weight", sentence.weight.as_ref()));
    words.join(" ")
}

fn term(term: &Term) -> String {
    match &term.kind {
        TermKind::Word(word) => word.clone(),
        TermKind::Group { head, inner } => format!("{head}({})", fold(&inner.text)),
    }
}

fn keys(word: &str, keys: &[Word]) -> Option<String> {
    let keys: Vec<_> = keys.iter().map(|key| key.text.as_str()).collect();
    (!keys.is_empty()).then(|| format!("{word} {}", keys.join(",")))
}

fn number(word: &str, number: Option<&Number>) -> Option<String> {
    number.map(|number| format!("{word} {}", number.value))
}

fn flag(words: &str, is_set: bool) -> Option<String> {
    is_set.then(|| words.to_owned())
}

/// A text with every run of blanks as one space, and none at its ends.
pub(crate) fn fold(text: &str) -> String {
    let parts: Vec<_> =
        text.split([' ', '\t', '\r', '\n']).filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}
