//! All sentences but those of the rules in `rules/`. Facts come in, words go out; nothing is
//! decided here.

pub mod admission;
pub mod admission_policy;
pub mod adopt;
pub mod amount;
pub mod annotation;
pub mod audit;
pub mod batches;
pub mod bounds;
pub mod contradiction;
pub mod coordination;
pub mod definition;
pub mod entries;
pub mod intent;
pub mod language;
pub mod mode;
pub mod place;
pub mod placed;
pub mod placement_request;
pub(crate) mod replicas;
pub(crate) mod roles;
pub mod rollout;
pub(crate) mod room;
pub mod scheduler_configuration;
pub mod snapshot;
pub mod stored;
mod toleration;
pub mod trouble;
pub mod vocabulary;
pub mod vocabulary_in_use;
pub mod volumes;
pub mod why;

use placecard_feasibility::requirement::{Operator, Requirement};
use placecard_feasibility::selector::Selector;

/// A list in words: `a`, `a and b`, `a, b and c`; at most `most` of them, then `and N more`.
#[must_use]
pub fn list(words: &[String], and: &str, most: usize) -> String {
    let shown = words.len().min(most.max(1));
    let mut text = String::new();
    for (index, word) in words.iter().take(shown).enumerate() {
        let last = index + 1 == words.len();
        match (index, last) {
            (0, _) => {}
            (_, true) => text.push_str(&format!(" {and} ")),
            (_, false) => text.push_str(", "),
        }
        text.push_str(word);
    }
    if words.len() > shown {
        text.push_str(&format!(" {and} {} more", words.len() - shown));
    }
    text
}

/// A requirement in kubectl's syntax.
#[must_use]
pub fn requirement(requirement: &Requirement) -> String {
    let key = &requirement.key;
    let values = || list(&requirement.values, "or", 4);
    match (&requirement.operator, requirement.values.as_slice()) {
        (Operator::In, [value]) => format!("{key}={value}"),
        (Operator::NotIn, [value]) => format!("{key}!={value}"),
        (Operator::In, _) => format!("{key} in ({})", requirement.values.join(", ")),
        (Operator::NotIn, _) => format!("{key} notin ({})", requirement.values.join(", ")),
        (Operator::Exists, _) => key.clone(),
        (Operator::DoesNotExist, _) => format!("!{key}"),
        (Operator::Gt, _) => format!("{key}>{}", values()),
        (Operator::Lt, _) => format!("{key}<{}", values()),
        (Operator::Other(word), _) => format!("{key} {word} {}", values()),
    }
}

/// A selector in kubectl's syntax; `*` for everything, `nothing` for null.
#[must_use]
pub fn selector(selector: Option<&Selector>) -> String {
    match selector {
        None => "nothing".to_owned(),
        Some(selector) if selector.is_everything() => "*".to_owned(),
        Some(selector) => {
            let words: Vec<String> = selector.requirements.iter().map(requirement).collect();
            words.join(",")
        }
    }
}

/// The end of a text that must fit into a line: cut at a character, with an ellipsis.
#[must_use]
pub fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(3)).collect();
    short.push_str("...");
    short
}

/// A level in words: `zone` for the well-known keys, else the key.
#[must_use]
pub fn level(key: &str) -> &str {
    match key {
        "kubernetes.io/hostname" => "node",
        "topology.kubernetes.io/zone" => "zone",
        "topology.kubernetes.io/region" => "region",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_like_sentences() {
        let words = |n: usize| {
            ["a", "b", "c", "d"].iter().take(n).map(|w| (*w).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(list(&[], "and", 3), "");
        assert_eq!(list(&words(1), "and", 3), "a");
        assert_eq!(list(&words(2), "or", 3), "a or b");
        assert_eq!(list(&words(3), "and", 3), "a, b and c");
        assert_eq!(list(&words(4), "and", 2), "a, b and 2 more");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shorten("äöüäöü", 6), "äöüäöü");
        assert_eq!(shorten("äöüäöüx", 6), "äöü...");
    }
}
