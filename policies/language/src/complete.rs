//! What could stand at a place of a value.
//!
//! There is no second grammar for that: the reader is given a word that nobody writes, and what it
//! expected in its place is what could stand there. What is offered is then read in that place, and
//! left out if the reader would complain about it.

use std::collections::BTreeMap;

use placecard_findings::Code;

use crate::checked::{NamespaceFacts, Words};
use crate::codes;
use crate::keys::Key;
use crate::lex::statements;
use crate::problem::{Detail, Problem};
use crate::read::{MAX_VALUE, read};
use crate::tolerate::{EFFECTS, TolerationFlaw};
use crate::words::{POD_TARGETS, RESERVED, Role};

/// What a text stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A word of the language, whole.
    Word,
    /// The beginning of a target, `service/` or `pods(`: something follows.
    Head,
    /// A level of the vocabulary.
    Level,
    /// A pool, a trust domain or a resource of the vocabulary, with the word before it.
    Name,
}

/// Something that could stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// In place of the word that is there.
    pub text: String,
    /// What it stands for.
    pub kind: Kind,
    /// How it is used, if it is a word of the language or begins with one.
    pub form: &'static str,
    /// What it says.
    pub doc: &'static str,
}

/// What could stand at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Where the word begins that it takes the place of, as a byte of the value.
    pub from: usize,
    /// In the order of the reference, then of the vocabulary.
    pub candidates: Vec<Candidate>,
}

/// Nobody writes this, and it resembles nothing.
const PROBE: &str = "qzxqzxqzxqzxqzx";

/// What could stand in the value of a key in place of the word that ends at byte `at`. What comes
/// behind it is not looked at. Empty where nothing is known: a name, a number, a label.
#[must_use]
pub fn expected(
    key: &Key,
    value: &str,
    at: usize,
    words: &Words,
    namespace: Option<&NamespaceFacts>,
) -> Expected {
    let Some(before) = value.get(..at).filter(|before| before.len() < MAX_VALUE) else {
        return Expected::default();
    };
    let from = before.rfind([' ', '\t', '\n', '\r', ';', ':']).map_or(0, |end| end + 1);
    let whole = format!("{}{PROBE}", before.get(..from).unwrap_or_default());
    // Rules before this one do not matter, and their mistakes would only take room.
    let start = statements(&whole)
        .last()
        .filter(|last| last.tokens.last().is_some_and(|token| token.text.contains(PROBE)))
        .and_then(|last| last.tokens.first())
        .map(|token| token.start);
    let Some(lead) = start.and_then(|start| before.get(start..from)) else {
        return Expected { from, candidates: Vec::new() };
    };
    let reader = Reader { key, lead, words, namespace };
    let problems = reader.problems(PROBE);
    let found = problems.iter().find_map(|problem| of_detail(&problem.detail, words));
    let mut candidates = found.unwrap_or_default();
    candidates.retain(|candidate| reader.takes(&candidate.text));
    Expected { from, candidates }
}

struct Reader<'a> {
    key: &'a Key,
    /// The rule up to the word.
    lead: &'a str,
    words: &'a Words,
    namespace: Option<&'a NamespaceFacts>,
}

/// What makes a word one that cannot stand there.
const REFUSED: &[Code] = &[
    codes::UNKNOWN_RELATION,
    codes::UNKNOWN_WORD,
    codes::UNKNOWN_TARGET,
    codes::UNKNOWN_LEVEL,
    codes::MISPLACED_WORD,
    codes::DUPLICATE_MODIFIER,
    codes::WEIGHT_IN_REQUIRE,
    codes::POOL_NOT_ALLOWED,
    codes::TRUST_DOMAIN_NOT_ALLOWED,
];

impl Reader<'_> {
    fn problems(&self, word: &str) -> Vec<Problem> {
        let Some(place) = self.key.places.first() else { return Vec::new() };
        let value = format!("{}{word}", self.lead);
        let annotations = BTreeMap::from([(self.key.full.to_owned(), value)]);
        read(&annotations, *place, self.words, self.namespace).problems
    }

    /// Whether nothing speaks against a word but that something lacks behind it.
    fn takes(&self, word: &str) -> bool {
        // A word that takes another one is judged with it.
        let followed = match word {
            "at-most" => "at-most 1 self",
            "near" | "apart-from" => "near self",
            "weight" | "max-skew" | "min-domains" => &format!("{word} 1"),
            word => word,
        };
        let here = |problem: &Problem| {
            let span = problem.span.clone().unwrap_or_default();
            span.end > self.lead.len() && span.start <= self.lead.len() + word.len()
        };
        !self
            .problems(followed)
            .iter()
            .any(|problem| REFUSED.contains(&problem.code) && here(problem))
    }
}

/// What a reader expected who found the probe.
fn of_detail(detail: &Detail, words: &Words) -> Option<Vec<Candidate>> {
    let probed = |found: &str| found.contains(PROBE);
    match detail {
        Detail::UnknownRelation { found, relations } if probed(found) => Some(forms(relations)),
        Detail::UnknownWord { found, expected, .. } if probed(found) => Some(forms(expected)),
        Detail::Choice { found, choices } if probed(found) => Some(forms(choices)),
        Detail::UnknownTarget { found, kinds, .. } if probed(found) => {
            let pods = *kinds == POD_TARGETS;
            Some(if pods { targets(Role::PodKind) } else { node_targets(words) })
        }
        Detail::UnknownLevel { found, known, .. } if probed(found) => {
            let level = |name: &String| candidate(name.clone(), Kind::Level);
            Some(known.iter().map(level).collect())
        }
        Detail::Toleration(TolerationFlaw::BadEffect { found }) if probed(found) => {
            Some(forms(EFFECTS))
        }
        Detail::Toleration(TolerationFlaw::UnknownWord { found }) if probed(found) => {
            Some(forms(&["for"]))
        }
        _ => None,
    }
}

fn candidate(text: String, kind: Kind) -> Candidate {
    let word = text.split(['/', '(']).next().unwrap_or_default();
    let reserved = crate::words::find(word).filter(|_| kind != Kind::Level);
    let (form, doc) = reserved.map_or(("", ""), |reserved| (reserved.form, reserved.doc));
    Candidate { text, kind, form, doc }
}

/// A word, or its part up to where something else follows.
fn form(form: &str) -> Candidate {
    match form.find(['/', '(']).and_then(|end| form.get(..=end)) {
        Some(head) => candidate(head.to_owned(), Kind::Head),
        None => candidate(form.to_owned(), Kind::Word),
    }
}

fn forms(list: &[&str]) -> Vec<Candidate> {
    list.iter().map(|one| form(one)).collect()
}

fn targets(role: Role) -> Vec<Candidate> {
    RESERVED.iter().filter(|word| word.role == role).map(|word| form(word.form)).collect()
}

/// The kinds of targets, the domains, and the names that the vocabulary has for nodes.
fn node_targets(words: &Words) -> Vec<Candidate> {
    let mut all = targets(Role::NodeKind);
    for level in words.levels.iter().filter(|level| level.name != "node") {
        all.push(candidate(format!("{}/", level.name), Kind::Level));
    }
    for (word, groups) in
        [("pool", &words.pools), ("trust", &words.trust_domains), ("resource", &words.resources)]
    {
        let kept = groups.iter().filter(|(_, group)| !group.deprecated);
        all.extend(kept.map(|(name, _)| candidate(format!("{word}/{name}"), Kind::Name)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checked::Group;
    use crate::keys;

    fn words() -> Words {
        let mut words = Words::default();
        words.pools.insert("gpu-a100".to_owned(), Group::default());
        let old = Group { deprecated: true, ..Group::default() };
        words.pools.insert("gpu-v100".to_owned(), old);
        words.trust_domains.insert("tenant".to_owned(), Group::default());
        words
    }

    /// What is offered where `|` stands.
    fn offered(key: &str, value: &str) -> (usize, String) {
        let at = value.find('|').expect("a place");
        let text = value.replace('|', "");
        let key = keys::find(key).expect("a key");
        let found = expected(key, &text, at, &words(), None);
        let texts: Vec<String> = found.candidates.into_iter().map(|one| one.text).collect();
        (found.from, texts.join(" "))
    }

    #[test]
    fn what_the_reader_expects_is_offered() {
        let pods = "self service/ deployment/ statefulset/ daemonset/ job/ lease/ pods(";
        let held = "self service/ deployment/ statefulset/ daemonset/ job/ pods(";
        let nodes = "node/ pool/ trust/ resource/ volume/ nodes( region/ zone/ pool/gpu-a100 \
                     trust/tenant";
        let relations = "near apart-from on not-on spread at-most";
        let require = keys::REQUIRE;
        for (key, value, expected) in [
            (require, "|", relations),
            (require, "  apa|", relations),
            (require, "near self; |", relations),
            (require, "nonsense here\nnear self in zone\n|", relations),
            (require, "near |", pods),
            (require, "near serv|ice/x in zone", pods),
            (require, "near service/v|", pods),
            (require, "at-most 2 |", held),
            (require, "on |", nodes),
            (require, "not-on pool/gpu-a100 or po|", nodes),
            (require, "near self in |", "region zone node"),
            (require, "near self |", "of same other in across"),
            (require, "near self in zone |", "of same other across"),
            (require, "near self across |", "revisions"),
            (require, "near self of |", "namespaces("),
            (require, "spread |", "over"),
            (require, "spread over z|", "region zone node"),
            (require, "on pool/gpu-a100 |", "or"),
            (require, "# near |", ""),
            (require, "on nodes(disk in (ssd, |", ""),
            (require, "near self same |", ""),
            (keys::PREFER, "|", "near apart-from on not-on spread"),
            (keys::PREFER, "near self |", "of same other in across weight"),
            (keys::TOLERATE, "a=b:|", "NoSchedule PreferNoSchedule NoExecute"),
            (keys::TOLERATE, "a=b:NoExecute |", "for"),
            (keys::EXPAND, "te|", "template"),
            (keys::COORDINATE, "pd role a ratio 2 |", "in sequential parallel exclusive by"),
            (keys::COORDINATE, "pd role a ratio 2 in |", "region zone node"),
            (keys::COORDINATE, "pd role a ratio 2 exclusive |", "preferred required none"),
        ] {
            assert_eq!(offered(key, value).1, expected, "{key} {value}");
        }
    }

    #[test]
    fn the_word_at_the_place_is_replaced() {
        for (value, from) in [("near serv|", 5), ("near self;on|", 10), ("é |", 3), ("|", 0)] {
            assert_eq!(offered(keys::REQUIRE, value).0, from, "{value}");
        }
        let key = keys::find(keys::REQUIRE).expect("a key");
        let beyond = expected(key, "é", 1, &words(), None);
        assert_eq!(beyond, Expected::default(), "within a character there is no place");
    }
}
