//! The one entry: annotations of one object in, intents and problems out.

use std::collections::BTreeMap;

use placecard_findings::{Code, Severity};

use crate::checked::{NamespaceFacts, Words};
use crate::codes;
use crate::coordination::{MAX_RATIO, sentence};
use crate::directory::{Directory, Nobody, Want};
use crate::ignore;
use crate::intent::{Intents, Rule};
use crate::keys::{self, Key, Place, Slot, Status};
use crate::lex::lines;
use crate::lower::Lower;
use crate::parse::parse_into;
use crate::problem::{Detail, Problem};
use crate::report::{At, Report};
use crate::suggest::{nearest, odd_character};
use crate::tolerate;
use crate::typed::{self, Lowered, Reader};
use crate::words::{Meaning, synonym_of};

/// Longer values are not read: the API server keeps all annotations of an object under 256 KiB, so
/// this is for files alone.
pub const MAX_VALUE: usize = 1 << 20;

/// The modes of a namespace.
pub static MODES: &[&str] = &["off", "warn", "enforce"];
/// The values of `expand`.
pub static EXPAND_VALUES: &[&str] = &["template"];

/// What the annotations of one object say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Everything that could be read; with an error among the problems it must not be acted upon.
    pub intents: Intents,
    /// In the order of the keys, and in each value from its start to its end.
    pub problems: Vec<Problem>,
    /// Whether an annotation of intent stands here, readable or not.
    pub has_intents: bool,
    /// What was asked of the directory, each once.
    pub wants: Vec<Want>,
}

impl Reading {
    /// Whether a problem forbids to act upon the intents.
    #[must_use]
    pub fn has_error(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }
}

/// Reads the annotations of one object, as [`read_with`] does with a directory that knows nothing.
#[must_use]
pub fn read(
    annotations: &BTreeMap<String, String>,
    place: Place,
    words: &Words,
    namespace: Option<&NamespaceFacts>,
) -> Reading {
    read_with(annotations, place, words, namespace, &Nobody)
}

/// Reads the annotations of one object.
///
/// `namespace` decides who may use which pool and trust domain; what it leaves open becomes a
/// problem of severity warning whose detail says `decided: false`, and the rule is among the intents.
/// `directory` says what ids and Leases stand for; a rule that names what it does not know is
/// [`crate::intent::Relation::Unresolved`].
#[must_use]
pub fn read_with(
    annotations: &BTreeMap<String, String>,
    place: Place,
    words: &Words,
    namespace: Option<&NamespaceFacts>,
    directory: &dyn Directory,
) -> Reading {
    let mut reading = Reading::default();
    let (mut preferred, mut typed) = (Vec::new(), Vec::new());
    for (full, value) in annotations.iter().filter(|(full, _)| keys::has_prefix(full)) {
        let key = match legal(full, Slot::Annotation, place) {
            Ok(key) => key,
            Err((key, problem)) => {
                reading.has_intents |= key.is_some_and(|key| key.intent && place != Place::Other);
                reading.problems.push(*problem);
                continue;
            }
        };
        reading.has_intents |= key.intent;
        let context = Context { key, value, words, namespace, directory };
        match key.full {
            keys::REQUIRE => context.rules(&mut reading),
            keys::PREFER => {
                let mut own = Reading::default();
                context.rules(&mut own);
                preferred = own.intents.rules;
                reading.problems.append(&mut own.problems);
                reading.wants.append(&mut own.wants);
            }
            keys::INTENTS => context.typed(typed::read_text, &mut typed, &mut reading),
            keys::INTENTS_TLV => context.typed(typed::read_blob, &mut typed, &mut reading),
            keys::TOLERATE => {
                let read = |report: &mut Report<'_>| tolerate::read(value, report);
                context.with(read, &mut reading.intents.tolerations, &mut reading.problems);
            }
            keys::COORDINATE => {
                let mut found = Vec::new();
                let read = |report: &mut Report<'_>| {
                    sentence::read_into(value, words, report).into_iter().collect()
                };
                context.with(read, &mut found, &mut reading.problems);
                reading.intents.coordinate = found.pop();
            }
            keys::IGNORE => {
                let read = |report: &mut Report<'_>| ignore::read(value, report);
                context.with(read, &mut reading.intents.ignores, &mut reading.problems);
            }
            keys::EXPAND => reading.problems.extend(choice(key, value, EXPAND_VALUES)),
            keys::FORCE if value.trim().is_empty() => {
                reading.problems.push(empty(key, value));
            }
            _ => {}
        }
    }
    reading.intents.rules.append(&mut preferred);
    reading.intents.rules.append(&mut typed);
    reading.wants.sort();
    reading.wants.dedup();
    reading
}

/// Reads the labels of one object: only whether ours stand where they may, with a value they take.
#[must_use]
pub fn read_labels(labels: &BTreeMap<String, String>, place: Place) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (full, value) in labels.iter().filter(|(full, _)| keys::has_prefix(full)) {
        match legal(full, Slot::Label, place) {
            Ok(key) if key.full == keys::MODE => problems.extend(choice(key, value, MODES)),
            Ok(key) if key.full == keys::BATCH && !is_batch(value) => {
                problems.push(no_batch(key, value));
            }
            Ok(_) => {}
            Err((_, problem)) => problems.push(*problem),
        }
    }
    problems
}

/// What one annotation is read with.
struct Context<'a> {
    key: &'static Key,
    value: &'a str,
    words: &'a Words,
    namespace: Option<&'a NamespaceFacts>,
    directory: &'a dyn Directory,
}

type ReadTyped = fn(&str, &mut Report<'_>, &Reader<'_>) -> Lowered;

impl Context<'_> {
    /// Typed entries.
    fn typed(&self, read: ReadTyped, rules: &mut Vec<Rule>, reading: &mut Reading) {
        let Self { key, words, namespace, directory, .. } = *self;
        let reader = Reader { key: key.full, words, namespace, directory };
        let mut wants = Vec::new();
        let lower = |report: &mut Report<'_>| {
            let mut lowered = read(self.value, report, &reader);
            wants.append(&mut lowered.wants);
            lowered.rules
        };
        self.with(lower, rules, &mut reading.problems);
        reading.wants.append(&mut wants);
    }

    fn rules(&self, reading: &mut Reading) {
        let mut wants = Vec::new();
        let read = |report: &mut Report<'_>| {
            let sentences = parse_into(self.value, report);
            let mut lower = Lower {
                key: self.key.full,
                required: self.key.full == keys::REQUIRE,
                value: self.value,
                words: self.words,
                namespace: self.namespace,
                directory: self.directory,
                wants: Vec::new(),
                follows: None,
                observed: false,
                report,
                line: 1,
                broken: false,
            };
            let rules = lower.rules(&sentences);
            wants.append(&mut lower.wants);
            rules
        };
        self.with(read, &mut reading.intents.rules, &mut reading.problems);
        reading.wants.append(&mut wants);
    }

    /// Reads a value of lines: not too long, and not empty.
    fn with<T>(
        &self,
        read: impl FnOnce(&mut Report) -> Vec<T>,
        out: &mut Vec<T>,
        problems: &mut Vec<Problem>,
    ) {
        if self.value.len() > MAX_VALUE {
            let detail = Detail::TooLong { bytes: self.value.len(), limit: MAX_VALUE };
            problems.push(on_key(self.key.full, Slot::Annotation, codes::VALUE_SYNTAX, detail));
            return;
        }
        let mut report = Report::new(self.key.full, self.value);
        let found = read(&mut report);
        let mut told = report.finish();
        if found.is_empty() && told.is_empty() {
            told.push(empty(self.key, self.value));
        }
        out.extend(found);
        problems.append(&mut told);
    }
}

/// A problem with a key itself.
fn on_key(full: &str, slot: Slot, code: Code, detail: Detail) -> Problem {
    Problem {
        code,
        severity: Severity::Error,
        key: full.to_owned(),
        slot,
        span: None,
        line: 1,
        marked: full.to_owned(),
        detail,
        odd: odd_character(full),
        suggestion: None,
        verbatim: true,
    }
}

/// The entry of a key, if it may stand there; else what is wrong.
fn legal(
    full: &str,
    slot: Slot,
    place: Place,
) -> Result<&'static Key, (Option<&'static Key>, Box<Problem>)> {
    let Some(key) = keys::find(full) else {
        return Err((None, Box::new(unknown_key(full, slot))));
    };
    let detail = if key.status == Status::Later {
        let detail = Detail::NotYet { found: key.name.to_owned() };
        return Err((Some(key), Box::new(on_key(full, slot, codes::UNKNOWN_KEY, detail))));
    } else if key.slot == slot && key.places.contains(&place) {
        return Ok(key);
    } else if key.full == keys::APPLIED && place == Place::Template && slot == key.slot {
        Detail::CopiedFromPod
    } else {
        Detail::NoEffectHere { place, slot: key.slot, belongs: key.places }
    };
    Err((Some(key), Box::new(on_key(full, slot, codes::NO_EFFECT_HERE, detail))))
}

fn unknown_key(full: &str, slot: Slot) -> Problem {
    let found = full.get(keys::PREFIX.len()..).unwrap_or_default();
    let names = keys::KEYS.iter().filter(|key| key.slot == slot && !key.places.is_empty());
    // The prefix alone may be what is wrong: `Placecard.dev/require`.
    let meant = synonym_of(found, Meaning::Key)
        .or_else(|| names.clone().map(|key| key.name).find(|name| *name == found))
        .or_else(|| nearest(found, names.map(|key| key.name)));
    let detail = Detail::UnknownKey { found: found.to_owned() };
    let suggestion = meant.map(|name| format!("{}{name}", keys::PREFIX));
    Problem { suggestion, ..on_key(full, slot, codes::UNKNOWN_KEY, detail) }
}

fn empty(key: &Key, value: &str) -> Problem {
    let problem = on_key(key.full, key.slot, codes::EMPTY_VALUE, Detail::EmptyValue);
    // A comment can be pointed at, nothing at all cannot.
    let blanks = [' ', '\t'];
    let Some(line) =
        lines(value).into_iter().find(|line| !line.text.trim_matches(blanks).is_empty())
    else {
        return problem;
    };
    let text = line.text.trim_end_matches(blanks);
    let start = line.start + text.len() - text.trim_start_matches(blanks).len();
    let marked = value.get(start..line.start + text.len()).unwrap_or_default().to_owned();
    let span = Some(start..line.start + text.len());
    Problem { span, line: line.number, marked, ..problem }
}

/// A number as controllers write it, within int32.
fn is_batch(value: &str) -> bool {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    digits && (value == "0" || !value.starts_with('0')) && value.parse::<i32>().is_ok()
}

fn no_batch(key: &Key, value: &str) -> Problem {
    let mut report = Report::new(key.full, value);
    let word = key.name.to_owned();
    let detail =
        Detail::NumberRange { word, found: value.to_owned(), min: 0, max: u64::from(MAX_RATIO) };
    report.add(codes::NUMBER_RANGE, At::new(0..value.len(), 1), detail);
    let problem = report.finish().pop();
    problem.map_or_else(|| empty(key, value), |problem| Problem { slot: key.slot, ..problem })
}

fn choice(key: &Key, value: &str, choices: &'static [&'static str]) -> Option<Problem> {
    if choices.contains(&value) {
        return None;
    }
    if value.trim().is_empty() {
        return Some(empty(key, value));
    }
    let mut report = Report::new(key.full, value);
    let meant = nearest(value.trim(), choices.iter().copied()).map(str::to_owned);
    let detail = Detail::Choice { found: value.to_owned(), choices };
    report.word(codes::VALUE_SYNTAX, At::new(0..value.len(), 1), value, meant, detail);
    report.finish().pop().map(|problem| Problem { slot: key.slot, ..problem })
}
