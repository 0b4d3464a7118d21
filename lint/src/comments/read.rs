//! The words of a comment that silences findings.

use std::ops::Range;

/// What such a comment begins with.
pub(super) const MARK: &str = "placecard:";
const WORD: &str = "ignore";
const FORM: &str = "a comment reads # placecard: ignore[CODE, CODE] REASON";
/// The longest piece of the user's own text in a message.
const QUOTE: usize = 32;

/// What a comment says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directive {
    /// As written.
    pub(super) codes: Vec<Named>,
    /// Why it says nothing, and where in the comment.
    pub(super) flaw: Option<(Flaw, Range<usize>)>,
}

/// A code and its bytes in the comment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) range: Range<usize>,
}

/// What is wrong with a comment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    UnknownWord { word: String },
    NoCodes,
    NotClosed,
    NoReason,
    UnknownCode { code: String, near: Option<String> },
    NeverSilent { code: String },
}

/// Reads a comment, its `#` included; `None` if it is an ordinary one.
pub(super) fn directive(comment: &str) -> Option<Directive> {
    let text = comment.trim_start_matches('#');
    let rest = text.trim_start().strip_prefix(MARK)?;
    let rest = rest.trim_start();
    let at = |rest: &str| comment.len() - rest.len();
    let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
    let (word, after) = rest.split_at(length);
    let list = after.trim_start();
    // A sentence about placecard is no directive.
    if word != WORD && !list.starts_with('[') {
        return None;
    }
    let start = at(rest);
    let whole = start..start + rest.trim_end().len();
    let flawed = |flaw, range| Some(Directive { codes: Vec::new(), flaw: Some((flaw, range)) });
    if word != WORD {
        let word = word.to_owned();
        return flawed(Flaw::UnknownWord { word }, start..start + length);
    }
    let Some(list) = list.strip_prefix('[') else { return flawed(Flaw::NoCodes, whole) };
    let Some((list, reason)) = list.split_once(']') else { return flawed(Flaw::NotClosed, whole) };
    let mut from = comment.len() - reason.len() - 1 - list.len();
    let mut codes = Vec::new();
    for part in list.split(',') {
        let name = part.trim();
        let lead = part.len() - part.trim_start().len();
        if !name.is_empty() {
            let range = from + lead..from + lead + name.len();
            codes.push(Named { name: name.to_owned(), range });
        }
        from += part.len() + 1;
    }
    if codes.is_empty() {
        return flawed(Flaw::NoCodes, whole);
    }
    let has_reason = reason.chars().any(char::is_alphanumeric);
    if !has_reason {
        return flawed(Flaw::NoReason, whole);
    }
    Some(Directive { codes, flaw: None })
}

impl Flaw {
    /// Message, label and help.
    pub(super) fn words(&self) -> (String, &'static str, &'static str) {
        match self {
            Self::UnknownWord { word } => {
                (format!("unknown word {} in a comment", quote(word)), "", FORM)
            }
            Self::NoCodes => {
                ("a comment ignores nothing without a code".to_owned(), "then [CODE]", FORM)
            }
            Self::NotClosed => {
                ("the codes of this comment are not closed".to_owned(), "a ] is missing", FORM)
            }
            Self::NoReason => {
                ("a comment ignores findings without a reason".to_owned(), "then a reason", FORM)
            }
            Self::UnknownCode { code, .. } => {
                (format!("no code is named {}", quote(code)), "", "placecard rules lists all codes")
            }
            Self::NeverSilent { code } => (
                format!("{} cannot be ignored", quote(code)),
                "never silent",
                "what a rule says must be readable and allowed; --ignore leaves it out of a report",
            ),
        }
    }

    /// What is written, and the word that was meant.
    pub(super) fn correction(&self) -> Option<(&str, &str)> {
        match self {
            Self::UnknownCode { code, near: Some(near) } => Some((code, near)),
            Self::UnknownWord { word } => {
                placecard_language::suggest::nearest(word, [WORD]).map(|near| (word.as_str(), near))
            }
            _ => None,
        }
    }
}

fn quote(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTE).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_told_from_prose() {
        for comment in [
            "# placecard",
            "# see placecard: ignore[x] y",
            "# placecard: the rules of this file",
            "# placecard:",
            "# Placecard: ignore[x] y",
        ] {
            assert_eq!(directive(comment), None, "{comment}");
        }
    }

    #[test]
    fn codes_have_their_places() {
        let comment = "#  placecard: ignore[would-wait,  no-node-fits,] the pool grows";
        let read = directive(comment).unwrap();
        let codes: Vec<(&str, &str)> =
            read.codes.iter().map(|one| (one.name.as_str(), &comment[one.range.clone()])).collect();
        assert_eq!(codes, [("would-wait", "would-wait"), ("no-node-fits", "no-node-fits")]);
        assert_eq!(directive("#placecard:ignore[a]b").unwrap().codes.len(), 1);
    }

    #[test]
    fn flaws_have_their_places() {
        for (comment, flaw, marked) in [
            ("# placecard: ignore", Flaw::NoCodes, "ignore"),
            ("# placecard: ignore because", Flaw::NoCodes, "ignore because"),
            ("# placecard: ignore[] x", Flaw::NoCodes, "ignore[] x"),
            ("# placecard: ignore[a", Flaw::NotClosed, "ignore[a"),
            ("# placecard: ignore[a]", Flaw::NoReason, "ignore[a]"),
            ("# placecard: ignore[a]: -", Flaw::NoReason, "ignore[a]: -"),
            ("# placecard: ignroe[a] x", Flaw::UnknownWord { word: "ignroe".into() }, "ignroe"),
        ] {
            let (found, range) = directive(comment).unwrap().flaw.unwrap();
            assert_eq!((found, &comment[range]), (flaw, marked), "{comment}");
        }
    }
}
