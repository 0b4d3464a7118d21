//! Words for typed entries, as `placecard intent` reads and writes them.

use placecard_language::affinity::text::{Encoding, TextFlaw};
use placecard_language::affinity::written::{EntryDetail, EntryProblem};
use placecard_language::affinity::{Annotated, LeaseError, NamedKind, NamedTarget, Reason};
use placecard_language::problem::{Detail, Problem};
use placecard_language::typed::of_sentence::NoTypedForm;

use crate::words::{language, list, shorten, vocabulary};

/// The longest message.
const LONGEST: usize = 72;

/// What is wrong with written entries, in a line, and ways out.
#[must_use]
pub fn entry(problem: &EntryProblem) -> (String, Vec<String>) {
    match &problem.detail {
        EntryDetail::Shape(detail) => {
            let (message, mut help) = vocabulary::shape(detail);
            if let Some(word) = &problem.suggestion {
                help.insert(0, format!("did you mean {}?", shorten(word, 32)));
            }
            (message, help)
        }
        EntryDetail::Invalid(reason) => (shorten(&invalid(reason), LONGEST), Vec::new()),
    }
}

fn invalid(reason: &Reason) -> String {
    format!("InvalidIntent: {reason}")
}

/// What entries are refused with, and in a second line which ones contradict each other.
#[must_use]
pub fn refusal(error: &LeaseError) -> String {
    match error {
        LeaseError::InvalidIntent { reason, .. } => match contradiction(reason) {
            Some(entries) => format!("{error}\n  {entries}"),
            None => error.to_string(),
        },
        other => other.to_string(),
    }
}

/// Which entries contradict each other, counted from 1.
#[must_use]
pub fn contradiction(reason: &Reason) -> Option<String> {
    let Reason::Contradictory { toward, away, target } = reason else { return None };
    let target = shorten(&target.to_string(), 80);
    let (toward, away) = (toward + 1, away + 1);
    Some(format!("{target}: entry {toward} is required toward it, entry {away} away from it"))
}

/// What is wrong with a sentence, in a line; `has_vocabulary`: its words were looked up in one.
#[must_use]
pub fn sentence(problem: &Problem, has_vocabulary: bool) -> String {
    let worded = language::problem(problem);
    let label = worded.label.starts_with("did you mean").then_some(worded.label);
    // What else a sentence could say has no typed form.
    let ways = match &problem.detail {
        Detail::UnknownLevel { .. } => 1,
        _ => worded.help.len(),
    };
    let by_vocabulary =
        matches!(problem.detail, Detail::UnknownLevel { .. } | Detail::UnknownName { .. });
    let vocabulary = (by_vocabulary && !has_vocabulary)
        .then(|| "--vocabulary FILE says what there is".to_owned());
    let help = label.into_iter().chain(worded.help.into_iter().take(ways)).chain(vocabulary);
    let help: Vec<String> = help.collect();
    let help: String = help.iter().map(|help| format!(" ({help})")).collect();
    worded.message + &help
}

/// Why a sentence is no entry.
#[must_use]
pub fn no_typed_form(why: &NoTypedForm) -> String {
    let none = "has no typed form";
    match why {
        NoTypedForm::Counts { relation } => {
            format!("{relation} {none}: entries do not count pods")
        }
        NoTypedForm::Alternatives => format!("or {none}: an entry has one target"),
        NoTypedForm::Selector => format!("a selector {none}: an entry names one object"),
        NoTypedForm::Kind { kind } => format!(
            "{} {none}: entries name nodes, Services, Leases, resources, racks and trust domains",
            shorten(kind, 32)
        ),
        NoTypedForm::Pool { tolerates: true } => {
            format!("a pool with tolerations {none}: entries bring none")
        }
        NoTypedForm::Pool { tolerates: false } => {
            format!("a pool {none} unless its one label is that of a rack")
        }
        NoTypedForm::NotANumber { level, value } => format!(
            "{}/{} {none}: entries name domains by number, as racks",
            shorten(level, 32),
            shorten(value, 32)
        ),
        NoTypedForm::OnlyToward { kind } => {
            let kind = match *kind {
                "trust" => "trust domain",
                "lease" => "Lease",
                other => other,
            };
            format!("away from a {kind} {none}: entries are toward it only")
        }
        NoTypedForm::Modifier { word } => {
            let words = match *word {
                "of" => "of namespaces(...)",
                "across" => "across revisions",
                other => other,
            };
            format!("{words} {none}")
        }
        NoTypedForm::Invalid(reason) => shorten(&invalid(reason), LONGEST),
    }
}

/// What a sentence says that the wire form cannot.
#[must_use]
pub fn no_wire_form(has: Annotated) -> String {
    let name = has.name();
    format!("the wire form has no {name} (--json prints the entry, for the annotation intents)")
}

/// Why the id of an object is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoId {
    /// No objects were named.
    NotAsked,
    /// It is not among them.
    Absent,
    /// It is, and has no UID.
    WithoutUid,
    /// It is in these namespaces.
    Several(Vec<String>),
    /// The vocabulary has no such resource.
    NotInVocabulary,
}

/// The wire form has ids, and that of an object is not known.
#[must_use]
pub fn without_id(named: &NamedTarget, why: &NoId) -> String {
    let kind = match named.kind {
        NamedKind::Node => "node",
        NamedKind::Resource => "resource",
        NamedKind::Volume => "PersistentVolume",
        NamedKind::Lease => "Lease",
        NamedKind::Service => "Service",
    };
    let name = match &named.namespace {
        Some(namespace) => format!("{namespace}/{}", named.name),
        None => named.name.clone(),
    };
    let name = shorten(&name, LONGEST);
    let way = match why {
        NoId::NotAsked => {
            "--objects PATH or --cluster PATH looks up its UID, --json keeps the name".to_owned()
        }
        NoId::NotInVocabulary => {
            format!("--vocabulary FILE has the ids of resources, here is no {name}")
        }
        NoId::Absent => format!("no {kind} {name} is among the objects"),
        NoId::WithoutUid => {
            format!(
                "{kind} {name} is among the objects without a metadata.uid: read it from a cluster"
            )
        }
        NoId::Several(namespaces) => {
            let namespaces = list(namespaces, "and", 4);
            format!("{kind} {name} is in {namespaces}: write NAMESPACE/{name}, or --namespace")
        }
    };
    format!("the wire form has no name ({way})")
}

/// A key of annotations that holds no rules.
#[must_use]
pub fn not_sentences(key: &str) -> String {
    let key = shorten(key, 64);
    format!("{key} holds no rules to encode (require and prefer do; entries stand in a file alone)")
}

/// A value that is no text.
#[must_use]
pub fn not_a_text(key: &str) -> String {
    format!("{} is a text of rules", shorten(key, 64))
}

/// A number that is not what it looks like.
#[must_use]
pub fn odd_number(written: &str, read: &str) -> String {
    format!("YAML reads {} as {read} (write {read} if that is meant)", shorten(written, 32))
}

/// What is wrong with a text that stands for bytes; `at` as the reader of the text counts.
#[must_use]
pub fn text(encoding: Encoding, flaw: &TextFlaw, at: &str) -> String {
    match flaw {
        TextFlaw::Character { found, .. } => {
            let found = visible(*found);
            match encoding {
                Encoding::Hex => format!("{found} at {at} is no hexadecimal digit"),
                Encoding::Base64 => format!("{found} at {at} is no letter of base64"),
            }
        }
        TextFlaw::HalfAByte { digits, .. } => {
            format!("{digits} hexadecimal digits make no whole number of bytes")
        }
        TextFlaw::UrlAlphabet { found, .. } => {
            let meant = if *found == '-' { '+' } else { '/' };
            format!("{found} at {at} is of base64url; base64 has {meant} for it")
        }
        TextFlaw::Incomplete { letters, .. } => {
            format!("the base64 ends with {letters} of 4 letters, from {at}; is something cut off?")
        }
        TextFlaw::Padding { .. } => format!("= at {at} does not end the base64"),
        TextFlaw::LooseBits { found, .. } => {
            format!("{found} at {at} has bits of no byte; is something cut off?")
        }
    }
}

fn visible(character: char) -> String {
    if character.is_control() || character.is_whitespace() {
        format!("U+{:04X}", u32::from(character))
    } else {
        character.to_string()
    }
}
