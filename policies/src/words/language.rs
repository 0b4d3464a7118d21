//! Words for the problems of annotations and labels.

use placecard_language::keys::{self, Place, Slot};
use placecard_language::problem::{Detail, Form, IgnoreFlaw, Problem, Wanted, WordKind};
use placecard_language::selector::{Expected, SelectorFlaw};
use placecard_language::suggest::{OddCharacter, OddKind};
use placecard_language::vocabulary::NamespaceSet;

use crate::words::toleration::toleration;
use crate::words::{entries, list, shorten};

/// The longest message.
const LONGEST: usize = 72;
/// The longest piece of the user's own text in a message.
const QUOTE: usize = 32;
/// As many names are listed in a help text.
const NAMES: usize = 12;

/// A problem in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worded {
    /// What is, in at most 72 characters.
    pub message: String,
    /// A few words at the marked place; may be empty.
    pub label: String,
    /// The marked words.
    pub quote: String,
    /// The words that the suggestion would replace.
    pub replaces: Option<String>,
    /// Ways out.
    pub help: Vec<String>,
    /// The text of an admission response, where it differs from the message.
    pub admission: Option<String>,
}

/// Message, label and ways out.
pub(crate) struct Said {
    pub(crate) message: String,
    pub(crate) label: String,
    pub(crate) help: Vec<String>,
}

pub(crate) fn said(message: impl Into<String>) -> Said {
    Said { message: message.into(), label: String::new(), help: Vec::new() }
}

impl Said {
    /// The words of a problem without a quote; the suggestion stands in place of the label.
    pub(crate) fn worded(self, suggestion: Option<&str>) -> Worded {
        let label = suggestion.map(|word| format!("did you mean {}?", quote(word)));
        Worded {
            message: shorten(&self.message, LONGEST),
            label: label.unwrap_or(self.label),
            help: self.help,
            ..Worded::default()
        }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

/// The words of a problem.
#[must_use]
pub fn problem(problem: &Problem) -> Worded {
    let mut said = say(problem);
    if entries::is_key(&problem.key) {
        said.help = entries::ways_out(problem, said.help);
    }
    if let Some(odd) = &problem.odd {
        said.help.insert(0, odd_character(odd));
    }
    if let Some(word) = &problem.suggestion {
        said.label = format!("did you mean {}?", shorten(&visible(word), QUOTE));
    }
    let message = shorten(&said.message, LONGEST);
    let admission = match &problem.detail {
        _ if problem.span.is_none() => None,
        // Nobody sees such a character in a line of text: it has to be named there too.
        _ if problem.odd.is_some() => problem.odd.as_ref().map(|odd| {
            let at = format!("{}, line {}", problem.key, problem.line);
            format!("{message} ({at}): {}", odd_character(odd))
        }),
        Detail::Typed(flaw) => entries::admission(flaw, &problem.key),
        Detail::NotAllowed { allowed, decided: true, .. } => {
            Some(format!("{message}, which admits {}", admitted(allowed)))
        }
        _ if message.starts_with("unknown ") => {
            Some(format!("{message} in {}, line {}", problem.key, problem.line))
        }
        _ => None,
    };
    Worded {
        message,
        label: said.label,
        quote: shorten(&visible(&problem.marked), LONGEST),
        replaces: problem.suggestion.is_some().then(|| problem.marked.clone()),
        help: said.help,
        admission,
    }
}

/// A text of the user's in which every character can be seen, cut where it stops to help.
pub(crate) fn quote(text: &str) -> String {
    shorten(&visible(text), QUOTE)
}

fn visible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for c in text.chars() {
        let is_plain = c == ' ' || !(c.is_whitespace() || c.is_control());
        let mut buffer = [0; 4];
        let is_odd = placecard_language::suggest::odd_character(c.encode_utf8(&mut buffer))
            .is_some_and(|odd| odd.kind != OddKind::LookAlike);
        if is_plain && !is_odd {
            seen.push(c);
        } else {
            seen.push_str(&code_point(c));
        }
    }
    seen
}

fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

fn odd_character(odd: &OddCharacter) -> String {
    let at = format!("character {} is {}", odd.position, code_point(odd.found));
    match (odd.kind, odd.write) {
        (OddKind::LookAlike, Some(plain)) => {
            format!("{at}, which looks like {plain}: write {plain}")
        }
        (OddKind::ZeroWidth, _) => format!("{at}, which has no width: delete it"),
        (OddKind::WideBlank, _) => format!("{at}, a blank of another kind: write a space"),
        (OddKind::Control, _) | (OddKind::LookAlike, None) => {
            format!("{at}, a control character: delete it")
        }
    }
}

fn say(problem: &Problem) -> Said {
    match &problem.detail {
        Detail::UnknownKey { .. }
        | Detail::NotYet { .. }
        | Detail::NoEffectHere { .. }
        | Detail::CopiedFromPod
        | Detail::EmptyValue
        | Detail::Choice { .. }
        | Detail::TooLong { .. }
        | Detail::TooMany { .. }
        | Detail::OneCoordination
        | Detail::SequentialByAffinity
        | Detail::MoreProblems { .. } => about_key(problem),
        Detail::UnknownRelation { .. }
        | Detail::WhichKey { .. }
        | Detail::UnknownWord { .. }
        | Detail::Misplaced { .. }
        | Detail::OnlyUnderRequire { .. }
        | Detail::OrJoinsNodeTargets { .. }
        | Detail::NamespaceTwice { .. }
        | Detail::UnknownTarget { .. }
        | Detail::WrongKind { .. }
        | Detail::Missing { .. }
        | Detail::WeightRange { .. }
        | Detail::WeightInRequire
        | Detail::NumberRange { .. }
        | Detail::DuplicateModifier { .. } => about_rule(&problem.detail),
        Detail::UnknownLevel { .. }
        | Detail::UnknownName { .. }
        | Detail::NotAllowed { .. }
        | Detail::ApartFromLevel { .. }
        | Detail::ApartFromNamespace { .. }
        | Detail::Deprecated { .. } => about_word(&problem.detail),
        Detail::Selector(flaw) => selector(flaw),
        Detail::Form { found, what, form } => wrong_form(found, what, *form),
        Detail::Toleration(flaw) => toleration(flaw),
        Detail::Ignore(flaw) => ignore(flaw),
        Detail::Typed(flaw) => entries::flaw(flaw),
    }
}

fn about_key(problem: &Problem) -> Said {
    let key = quote_key(&problem.key);
    match &problem.detail {
        Detail::UnknownKey { .. } => {
            let names = keys::KEYS.iter().filter(|known| {
                known.slot == problem.slot
                    && known.author == keys::Author::User
                    && known.status == keys::Status::Now
            });
            let names: Vec<String> = names.map(|known| known.name.to_owned()).collect();
            let slot = if problem.slot == Slot::Label { "labels" } else { "annotations" };
            said(format!("unknown key {key}"))
                .help(format!("the {slot} are {}", list(&names, "and", NAMES)))
        }
        Detail::NotYet { found } => said(format!("{} is not part of this release", quote(found)))
            .label("comes in a later release")
            .help("remove it: this release would not act upon it"),
        Detail::NoEffectHere { slot, .. } if *slot != problem.slot => {
            let (is, here) = match slot {
                Slot::Annotation => ("an annotation", "a label"),
                Slot::Label => ("a label", "an annotation"),
            };
            said(format!("{key} is {is}, here it is {here}")).label(format!("{is}, not {here}"))
        }
        Detail::NoEffectHere { place, belongs, .. } => no_effect(&key, *place, belongs),
        Detail::CopiedFromPod => said(format!("{key} in a template was copied from a live pod"))
            .label("delete this")
            .help("placecard writes it, on pods alone"),
        Detail::EmptyValue => said(format!("{key} says nothing"))
            .label("nothing to act upon")
            .help("write a value, or delete the key"),
        Detail::Choice { found, choices } => {
            let choices: Vec<String> = choices.iter().map(|word| (*word).to_owned()).collect();
            said(format!("{} is not a value of {key}", quote(found)))
                .help(format!("it takes {}", list(&choices, "or", NAMES)))
        }
        Detail::TooLong { bytes, limit } => {
            said(format!("{key} has {bytes} bytes, {limit} are read"))
                .help("name many nodes or pods by a label they share")
        }
        Detail::TooMany { limit } => {
            said(format!("{key} holds more than {limit} rules and targets"))
                .label("not read from here on")
                .help("name many nodes or pods by a label they share")
        }
        Detail::OneCoordination => said("the pods of a template are in one coordination")
            .label("a second one")
            .help("keep one: a pod belongs to one batch"),
        Detail::SequentialByAffinity => sequential_by_affinity(),
        Detail::MoreProblems { count } => said(format!("{key} has at least {count} more problems"))
            .label("the last one that is listed")
            .help("mend those that are listed first"),
        _ => said(""),
    }
}

/// Batches one after the other, and nobody who waits.
pub(crate) fn sequential_by_affinity() -> Said {
    said("sequential batches wait for one another, affinity makes no pod wait")
        .label("nothing would hold a batch back")
        .help("place them by gated, or start the batches in parallel")
}

fn quote_key(key: &str) -> String {
    shorten(&visible(key), QUOTE)
}

fn no_effect(key: &str, place: Place, belongs: &[Place]) -> Said {
    let here = match place {
        Place::Pod => "a pod",
        Place::Template | Place::ExpandedTemplate => "a pod template",
        Place::Workload => "the workload's own metadata",
        Place::Namespace => "a namespace",
        Place::Vocabulary => "a vocabulary",
        Place::Other => "an object of this kind",
    };
    let said = said(format!("{key} has no effect on {here}"));
    match belongs {
        [] => said.label("belongs nowhere").help("delete it"),
        [Place::Workload] => said.label("belongs on the workload's own metadata"),
        [Place::Namespace] => said.label("belongs on a namespace"),
        [Place::Vocabulary] => said.label("belongs on a vocabulary"),
        [Place::Pod, ..] => said.label("belongs on a pod"),
        _ => said
            .label("belongs on the pod template")
            .help("move it to spec.template.metadata.annotations"),
    }
}

fn about_rule(detail: &Detail) -> Said {
    match detail {
        Detail::UnknownRelation { found, relations } => {
            said(format!("unknown relation {}", quote(found)))
                .help(format!("a rule starts with {}", words(relations, "or")))
        }
        Detail::WhichKey { found, key } => {
            said(format!("{} is not a word of a rule: its key says it", quote(found)))
                .label(format!("under {key}"))
                .help(format!("move the rule to {key}, without this word"))
        }
        Detail::UnknownWord { found, relation, expected } => {
            let said = said(format!("unknown word {}", quote(found)));
            match expected {
                [only] => said.help(format!("after {relation} stands {only}")),
                _ => said.help(format!("{relation} takes {}", words(expected, "or"))),
            }
        }
        Detail::Misplaced { found, relation, belongs } if *belongs == [found.as_str()] => {
            said(format!("{found} begins a rule of its own, it cannot follow {relation}"))
                .help("end the rule before it with a line break or ;")
        }
        Detail::Misplaced { found, relation, belongs } => {
            let said = said(format!("{relation} takes no {}", quote(found)));
            if belongs.is_empty() {
                return said;
            }
            said.help(format!("{found} goes with {}", words(belongs, "or")))
        }
        Detail::OnlyUnderRequire { word } => {
            said(format!("{word} stands only under {}", keys::REQUIRE))
                .help(format!("move the rule to {}", keys::REQUIRE))
        }
        Detail::OrJoinsNodeTargets { relation } => or_joins(relation),
        Detail::NamespaceTwice { target } => {
            said(format!("{} names its namespace already", quote(target)))
                .label("names another one")
                .help("drop the one or the other")
        }
        Detail::WeightRange { found } => {
            said(format!("{} is not a weight from 1 to 100", quote(found)))
                .help("a weight is a whole number; without one it is 50")
        }
        Detail::WeightInRequire => said("a rule that must hold has no weight")
            .help(format!("drop the weight, or move the rule to {}", keys::PREFER)),
        Detail::NumberRange { word, found, min, max } => {
            said(format!("{word} takes {min} to {max}, not {}", quote(found)))
        }
        Detail::DuplicateModifier { word, .. } => {
            said(format!("{word} stands twice in this rule")).label("the second").help("keep one")
        }
        other => about_target(other),
    }
}

fn or_joins(relation: &str) -> Said {
    if relation == "on" || relation == "not-on" {
        return said("or joins targets, it cannot follow the weight")
            .help("one weight stands at the end, for all targets");
    }
    said(format!("or joins targets of on and not-on, not of {relation}"))
        .help("name one label that all these pods carry: pods(KEY=VALUE)")
}

fn about_target(detail: &Detail) -> Said {
    match detail {
        Detail::UnknownTarget { found, relation, kinds } => {
            said(format!("{} is no target of {relation}", quote(found)))
                .help(format!("{relation} takes {}", words(kinds, "or")))
        }
        Detail::WrongKind { found, relation, belongs, kinds, .. } => {
            let (takes, names) = match *relation {
                "on" | "not-on" => ("nodes", "pods"),
                _ => ("pods", "nodes"),
            };
            said(format!("{relation} takes {takes}, {} names {names}", quote(found)))
                .label(format!("names {names}"))
                .help(format!("{} goes with {}", quote(found), words(belongs, "or")))
                .help(format!("{relation} takes {}", words(kinds, "or")))
        }
        Detail::Missing { after, wanted } => {
            let what = match wanted {
                Wanted::PodTarget | Wanted::NodeTarget => "a target",
                Wanted::Name => "a name",
                Wanted::Level => "a level",
                Wanted::LabelKey => "a label key",
                Wanted::Number => "a number",
                Wanted::Word(word) => word,
            };
            let said = said(format!("{what} is missing after {}", quote(after)))
                .label(format!("then {what}"));
            match wanted {
                Wanted::PodTarget => said.help(takes(placecard_language::words::POD_TARGETS)),
                Wanted::NodeTarget => said.help(takes(placecard_language::words::NODE_TARGETS)),
                _ => said,
            }
        }
        _ => said(""),
    }
}

fn takes(targets: &[&str]) -> String {
    format!("a target is {}", words(targets, "or"))
}

fn words(words: &[&str], and: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    list(&words, and, NAMES)
}

/// `pool`, as in `no pool is named x`.
pub(crate) const fn kind(kind: WordKind) -> &'static str {
    match kind {
        WordKind::Level => "level",
        WordKind::Pool => "pool",
        WordKind::TrustDomain => "trust domain",
        WordKind::Resource => "resource",
    }
}

fn about_word(detail: &Detail) -> Said {
    match detail {
        Detail::UnknownLevel { found, known, instead } => {
            let said = said(format!("no level is named {}", quote(found)))
                .help(format!("the levels are {}", list(known, "and", NAMES)));
            match instead {
                Some(instead) => said.help(format!("for a node label: {}", quote(instead))),
                None => said,
            }
        }
        Detail::UnknownName { kind: of, found, known } => {
            let of = kind(*of);
            let said = said(format!("no {of} is named {}", quote(found)));
            if known.is_empty() {
                return said.help(format!("the vocabulary defines no {of}"));
            }
            // A plain list: the names are read off it, not read out.
            let mut names: Vec<&str> = known.iter().map(String::as_str).take(NAMES).collect();
            let rest = known.len().saturating_sub(NAMES);
            let more = format!("{rest} more");
            if rest > 0 {
                names.push(&more);
            }
            said.help(format!("the {of}s are {}", names.join(", ")))
        }
        Detail::NotAllowed { kind: of, name, namespace, allowed, decided } => {
            not_allowed(*of, name, namespace.as_deref(), allowed, *decided)
        }
        Detail::ApartFromLevel { level, allowed } => {
            let said = said(format!("required apart-from is not allowed in {}", quote(level)))
                .label("could close it to other pods");
            let said = if allowed.is_empty() {
                said
            } else {
                said.help(format!("it is allowed in {}", list(allowed, "and", NAMES)))
            };
            said.help(format!("move the rule to {}", keys::PREFER))
        }
        Detail::ApartFromNamespace { decided: true, .. } => {
            said("required apart-from is not allowed across namespaces")
                .label("names pods of another namespace")
                .help(format!("move the rule to {}", keys::PREFER))
        }
        Detail::ApartFromNamespace { decided: false, .. } => {
            said("required apart-from is allowed within one namespace only")
                .label("names a namespace")
                .help("with the object's namespace known, this is decided")
        }
        Detail::Deprecated { kind: of, name } => {
            said(format!("{} {} is on its way out", kind(*of), quote(name)))
                .label("deprecated in the vocabulary")
        }
        _ => said(""),
    }
}

fn not_allowed(
    of: WordKind,
    name: &str,
    namespace: Option<&str>,
    allowed: &NamespaceSet,
    decided: bool,
) -> Said {
    let (of, name) = (kind(of), shorten(name, 20));
    let label = format!("{name} admits {}", shorten(&admitted(allowed), 48));
    match namespace {
        Some(namespace) if decided => {
            let namespace = shorten(namespace, 20);
            let to = match admitted(allowed).as_str() {
                "no namespace" => String::new(),
                admitted if allowed.names.is_empty() => {
                    format!("deploy to a namespace with {}, or ", shorten(admitted, 48))
                }
                admitted => format!("deploy to {}, or ", shorten(admitted, 48)),
            };
            said(format!("namespace {namespace} may not use {of} {name}"))
                .label(label)
                .help(format!("{to}have {name} admit {namespace}"))
        }
        _ => said(format!("{of} {name} is not for every namespace"))
            .label(label)
            .help("with the object's Namespace known, this is decided"),
    }
}

/// Whom a set admits, in words: names first, then the labels.
fn admitted(set: &NamespaceSet) -> String {
    let labels: Vec<String> =
        set.match_labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut parts = set.names.clone();
    if !labels.is_empty() {
        parts.push(labels.join(","));
    }
    if parts.is_empty() { "no namespace".to_owned() } else { list(&parts, "or", 4) }
}

/// A flaw of a selector, in an annotation or in a vocabulary.
pub(crate) fn selector(flaw: &SelectorFlaw) -> Said {
    match flaw {
        SelectorFlaw::Empty => said("an empty selector selects nothing that is meant")
            .label("* is everything")
            .help("for everything write *"),
        SelectorFlaw::NotClosed => {
            said("this parenthesis is not closed on its line").label("no ) behind it")
        }
        SelectorFlaw::Unexpected { found, expected } => {
            let wanted = match expected {
                Expected::Key => "a label key",
                Expected::Operator => "=, !=, in, notin or a comma",
                Expected::Open => "(",
                Expected::Value => "a value",
                Expected::CommaOrClose => "a comma or )",
                Expected::CommaOrEnd => "a comma or the end",
            };
            let message = match found {
                Some(found) => format!("the selector has {} where {wanted} belongs", quote(found)),
                None => format!("the selector ends before {wanted}"),
            };
            said(message).label(format!("{wanted} belongs here"))
        }
        SelectorFlaw::BadKey { found } => wrong_form(found, "label", Form::LabelKey),
        SelectorFlaw::BadValue { found } => wrong_form(found, "a label", Form::LabelValue),
        SelectorFlaw::EmptySet => said("a set in a selector needs a value").label("no value in it"),
        SelectorFlaw::NotInteger { found } => {
            said(format!("{} is not a whole number from 0 to 2^63-1", quote(found)))
        }
        SelectorFlaw::Comparison { operator } => {
            said(format!("{operator} compares labels of nodes, not of pods or namespaces"))
        }
    }
}

/// A name or value of the wrong form.
pub(crate) fn wrong_form(found: &str, what: &str, form: Form) -> Said {
    let found = quote(found);
    let message = match form {
        Form::LabelKey => format!("{found} is not a label key"),
        Form::LabelValue => format!("{found} cannot be the value of {what}"),
        Form::Reference => format!("{found} is not NAMESPACE/NAME or NAME"),
        Form::DnsLabel | Form::DnsSubdomain => format!("{found} cannot name a {what}"),
    };
    said(message).help(form_rule(form))
}

/// What a form takes.
pub(crate) const fn form_rule(form: Form) -> &'static str {
    match form {
        Form::DnsLabel => "at most 63 of a-z, 0-9 and -, a letter or digit at both ends",
        Form::DnsSubdomain => "parts of a-z, 0-9 and - with dots between, at most 253 in all",
        Form::LabelKey => "[PREFIX/]NAME, in NAME at most 63 of A-Z, a-z, 0-9, ., _ and -",
        Form::LabelValue => "at most 63 of A-Z, a-z, 0-9, ., _ and -, or nothing",
        Form::Reference => "one slash at most, between namespace and name",
    }
}

fn ignore(flaw: &IgnoreFlaw) -> Said {
    let form = "a line reads CODE: REASON";
    match flaw {
        IgnoreFlaw::NoColon => said("a colon is missing after the code").help(form),
        IgnoreFlaw::NoReason { code } => {
            said(format!("{} is ignored without a reason", quote(code)))
                .label("then a reason")
                .help(form)
        }
        IgnoreFlaw::BadCode { found } if found.is_empty() => {
            said("a code is missing before the colon").help(form)
        }
        IgnoreFlaw::BadCode { found } => said(format!("{} is not a code", quote(found))).help(form),
        IgnoreFlaw::NeverSilent { code } => said(format!("{} cannot be ignored", quote(code)))
            .help("what a rule says must be readable, allowed and expressible"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use placecard_language::vocabulary_check::check;
    use placecard_language::{NamespaceFacts, Words, read, read_labels};
    use serde_json::json;

    use super::*;

    fn vocabulary() -> Words {
        let guard = json!({"key": "g", "effect": "NoSchedule"});
        let set = json!({"matchLabels": {"tier": "payments"}});
        let (words, problems) = check(&json!({
            "apiVersion": keys::API_VERSION,
            "kind": keys::VOCABULARY_KIND,
            "spec": {
                "levels": [{"name": "zone", "key": "topology.kubernetes.io/zone"}],
                "pools": [
                    {"name": "gpu-h100", "nodes": "x"},
                    {"name": "cpu-general", "nodes": "x"},
                    {"name": "gpu-a100", "nodes": "x", "deprecated": true},
                ],
                "trustDomains": [
                    {"name": "payments", "nodes": "x", "guard": guard, "allowedNamespaces": set},
                ],
                "limits": {"requiredApartFrom": {"levels": ["node"]}},
            }
        }));
        assert_eq!(problems, []);
        words
    }

    fn problems(key: &str, value: &str, place: Place, known: bool) -> Vec<Problem> {
        let annotations = [(key.to_owned(), value.to_owned())].into();
        let namespace = NamespaceFacts { name: "search".to_owned(), labels: Some(BTreeMap::new()) };
        let namespace = known.then_some(&namespace);
        read(&annotations, place, &vocabulary(), namespace).problems
    }

    fn worded(key: &str, value: &str) -> Worded {
        let problems = problems(key, value, Place::Template, true);
        assert_eq!(problems.len(), 1, "{value}: {problems:?}");
        problem(problems.first().expect("one problem"))
    }

    #[test]
    fn the_golden_messages_read_as_written() {
        let first = worded(keys::REQUIRE, "aprat-from self in zone");
        assert_eq!(first.message, "unknown relation aprat-from");
        assert_eq!(first.label, "did you mean apart-from?");
        assert_eq!(
            first.help,
            ["a rule starts with near, apart-from, on, not-on, spread or at-most"]
        );
        let admission = "unknown relation aprat-from in placecard.dev/require, line 1";
        assert_eq!(first.admission.as_deref(), Some(admission));
        assert_eq!(first.replaces.as_deref(), Some("aprat-from"));

        let second = worded(keys::REQUIRE, "on pool/gpu-a10");
        assert_eq!(second.message, "no pool is named gpu-a10");
        assert_eq!(second.label, "did you mean gpu-a100?");
        assert_eq!(second.help, ["the pools are cpu-general, gpu-a100, gpu-h100"]);
        assert_eq!((second.quote.as_str(), second.admission), ("gpu-a10", None));

        let trust = worded(keys::REQUIRE, "on trust/payments");
        assert_eq!(trust.message, "namespace search may not use trust domain payments");
        assert_eq!(trust.label, "payments admits tier=payments");
        assert_eq!(
            trust.help,
            ["deploy to a namespace with tier=payments, or have payments admit search"]
        );
        assert_eq!(
            trust.admission.as_deref(),
            Some("namespace search may not use trust domain payments, which admits tier=payments")
        );
    }

    #[test]
    fn odd_characters_are_named() {
        for (value, message, help) in [
            (
                "n\u{435}ar self",
                "unknown relation n\u{435}ar",
                "character 2 is U+0435, which looks like e: write e",
            ),
            (
                "ne\u{200b}ar self",
                "unknown relation neU+200Bar",
                "character 3 is U+200B, which has no width: delete it",
            ),
            (
                "near\u{a0}self",
                "unknown relation nearU+00A0self",
                "character 5 is U+00A0, a blank of another kind: write a space",
            ),
            (
                "near service/a\u{0}b",
                "aU+0000b cannot name a service",
                "character 2 is U+0000, a control character: delete it",
            ),
        ] {
            let worded = worded(keys::REQUIRE, value);
            assert_eq!(worded.message, message, "{value:?}");
            assert_eq!(worded.help.first().map(String::as_str), Some(help), "{value:?}");
        }
    }

    /// Every kind of mistake, under the key that can hold it.
    static MISTAKES: &[(&str, &str)] = &[
        (
            keys::REQUIRE,
            "X self; hard self; near; near slef; near pool/gpu-h100; near lease/a; near poods(a)",
        ),
        (
            keys::REQUIRE,
            "on self; on gpu-h100; on disk/ssd; on trust/x; on resource/x; on poll/x; on a b",
        ),
        (
            keys::REQUIRE,
            "near self foo; near self max-skew 1; near self on pool/gpu-h100; near self or self",
        ),
        (
            keys::REQUIRE,
            "near self weight 1; near self in zoen; near self in zone in zone; near self of x",
        ),
        (
            keys::REQUIRE,
            "near service/a/b of namespaces(a); near self across; near self same; near self hard",
        ),
        (
            keys::REQUIRE,
            "spread zone; spread over; spread over zone max-skew 0; at-most x self; at-most self",
        ),
        (
            keys::REQUIRE,
            "near service/A; near service/a/b/c; on zone/-; near self same -; near service/; on volume/A",
        ),
        (keys::REQUIRE, "near pods(); near pods(a"),
        (
            keys::REQUIRE,
            "near pods(a>1); near pods(a b); near pods(a in b); near pods(a in ()); near pods(a,)",
        ),
        (
            keys::REQUIRE,
            "near pods(a in (b); near pods(a in (b c)); near pods(-); near pods(a=-); on nodes(a>x)",
        ),
        (keys::REQUIRE, "near pods(a=); near pods(a=!); near pods(a=b c)"),
        (
            keys::REQUIRE,
            "apart-from service/a in zone; apart-from service/x/a; on trust/payments; on pool/gpu-a100",
        ),
        (
            keys::PREFER,
            "near self weight 0; at-most 1 self; on trust/payments; spread over zone weight 2",
        ),
        (
            keys::PREFER,
            "spread over zone min-domains 3; on pool/gpu-h100 weight 2 or pool/gpu-h100",
        ),
        (
            keys::TOLERATE,
            "*; :x; -:NoSchedule; a=-; a:x; a:; a b; a for 1s; a:NoExecute for; a:NoExecute for x",
        ),
        (keys::TOLERATE, "a:NoExecute for 99999999999999999999s"),
        (keys::IGNORE, "x\nsome-code:\nA: b\n: b\nunknown-pool: b"),
        (keys::REQUIRE, ""),
        (keys::EXPAND, "x"),
        (keys::COORDINATE, "x"),
        (keys::APPLIED, "x"),
        (keys::MODE, "x"),
        (keys::NEVER, "x"),
        (keys::FORCE, "x"),
        ("placecard.dev/requires-very-much-of-the-placement-of-these-pods", "x"),
    ];

    const PLACES: [Place; 7] = [
        Place::Pod,
        Place::Template,
        Place::ExpandedTemplate,
        Place::Workload,
        Place::Namespace,
        Place::Vocabulary,
        Place::Other,
    ];

    #[test]
    fn every_problem_has_words_that_keep_the_principles() {
        let long = "x".repeat(300);
        let mut seen = 0;
        for (key, value) in MISTAKES {
            // The same mistakes with names that are far too long.
            let stretched = value.replace('x', &long).replace("slef", &long).replace('A', &long);
            for place in PLACES {
                for known in [true, false] {
                    let mut found = problems(key, value, place, known);
                    found.extend(problems(key, &stretched, place, known));
                    found.extend(read_labels(
                        &[((*key).to_owned(), (*value).to_owned())].into(),
                        place,
                    ));
                    seen += found.len();
                    found.iter().for_each(keeps_the_principles);
                }
            }
        }
        assert!(seen > 1000, "{seen}");
        let many = problems(keys::REQUIRE, &"x\n".repeat(200), Place::Pod, true);
        many.iter().for_each(keeps_the_principles);
        let many = problems(keys::REQUIRE, &"near self;".repeat(20_001), Place::Pod, true);
        many.iter().for_each(keeps_the_principles);
        let large = problems(keys::REQUIRE, &"x".repeat((1 << 20) + 1), Place::Pod, true);
        large.iter().for_each(keeps_the_principles);
    }

    fn keeps_the_principles(found: &Problem) {
        let worded = problem(found);
        assert!(!worded.message.is_empty(), "{found:?}");
        assert!(worded.message.chars().count() <= 72, "{}", worded.message);
        assert!(worded.label.chars().count() <= 72, "{}", worded.label);
        let mut texts = vec![worded.message.clone()];
        texts.extend(worded.help.iter().cloned());
        texts.push(worded.label.replace("did you mean", ""));
        for text in texts {
            assert!(!text.contains(['\n', '\t', '\r', '\u{200b}']), "{text:?}");
            assert!(text.chars().count() <= 160, "{text}");
            // What the user wrote may hold any of these words.
            if found.marked.len() < 100 && !text.contains(&found.marked) {
                for word in ["invalid", "failed", "error", "you", "please", "should", "oops"] {
                    assert!(!text.split(' ').any(|part| part == word), "{text}");
                }
            }
            assert!(text.ends_with("...") || !text.ends_with(['.', '!']), "{text}");
        }
    }
}
