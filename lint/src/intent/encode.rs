//! `placecard intent encode`: entries, or the sentences that say the same, into a blob.

use std::io::Read;
use std::path::Path;

use placecard_findings::{FieldPath, Severity};
use placecard_language::affinity::written::{self, EntryProblem};
use placecard_language::affinity::{
    Affinity, AffinityTarget, Annotated, LeaseError, Reason, append, check_contradictions, text,
};
use placecard_language::typed::of_sentence::entries_of;
use placecard_language::{NamespaceFacts, Words, keys};
use placecard_policies::vocabulary::path;
use placecard_policies::words::intent as words;
use serde_json::Value;

use super::ids::Ids;
use super::{MAX_BYTES, MAX_LINES, escaped, too_large};
use crate::load::{Source, Span, inside, locate};
use crate::one_document::{OneDocument, inputs, line};
use crate::plan::{EncodeAsk, Output};
use crate::run::words_of;

/// Entries, and where each is written.
struct Found {
    entries: Vec<(Affinity, Place)>,
    file: Option<OneDocument>,
}

/// Where an entry is written.
enum Place {
    /// Among the entries of the file, by its number from 0.
    Entry(usize),
    /// A sentence, in this text.
    Sentence(Source, Span),
}

/// What sentences are read with.
struct Context<'a> {
    words: &'a Words,
    namespace: Option<&'a NamespaceFacts>,
    has_vocabulary: bool,
}

/// Entries as the text of a blob or, inside, why they have none.
///
/// # Errors
/// There is nothing to read.
pub(crate) fn encode(
    ask: &EncodeAsk,
    stdin: &mut dyn Read,
) -> Result<Result<String, String>, String> {
    let vocabulary = ask.inputs();
    let words = words_of(&vocabulary, &mut *stdin)?;
    let ids = Ids::read(ask, &mut *stdin)?;
    let namespace = ask.namespace.clone().map(|name| NamespaceFacts { name, labels: None });
    let context = Context {
        words: &words,
        namespace: namespace.as_ref(),
        has_vocabulary: ask.vocabulary.is_some(),
    };
    let read = match &ask.file {
        Some(file) => of_file(file, &context, stdin)?,
        None => of_flags(ask, &context),
    };
    Ok(read.and_then(|read| write(&read, ask.output, &ids, &words)).map_err(|lines| {
        let more = lines.len().saturating_sub(MAX_LINES);
        let mut lines: Vec<String> = lines.into_iter().take(MAX_LINES).collect();
        lines.extend((more > 0).then(|| format!("and {more} more")));
        lines.join("\n")
    }))
}

fn write(read: &Found, output: Output, ids: &Ids, words: &Words) -> Result<String, Vec<String>> {
    let mut entries = Vec::new();
    let mut lines = Vec::new();
    for (entry, place) in &read.entries {
        match (entry.target(), output) {
            (AffinityTarget::Named(named), Output::Blob(_)) => match ids.resolve(named, words) {
                Ok(target) => entries.extend(entry.clone().with_target(target)),
                Err(why) => {
                    let has = LeaseError::NotInWireForm { entry: 0, has: Annotated::Name };
                    let text = match place {
                        Place::Entry(entry) => {
                            format!("entry {}: {}", entry + 1, words::without_id(named, &why))
                        }
                        Place::Sentence(..) => words::without_id(named, &why),
                    };
                    lines.push(read.line(place, field_of(&has), &text));
                }
            },
            _ => entries.push(entry.clone()),
        }
    }
    if !lines.is_empty() {
        return Err(lines);
    }
    let refused = |error: &LeaseError| vec![read.refused(error)];
    check_contradictions(&entries).map_err(|error| refused(&error))?;
    let Output::Blob(encoding) = output else {
        return Ok(escaped(&written::write_text(&entries)));
    };
    let mut blob = Vec::new();
    append(&mut blob, &entries).map_err(|error| refused(&error))?;
    Ok(text::encode(encoding, &blob) + "\n")
}

/// The field that a refusal is about; empty: the entry.
fn field_of(error: &LeaseError) -> &'static str {
    match error {
        LeaseError::NotInWireForm { has, .. } => match has {
            Annotated::Name => "/target/name",
            Annotated::Weight => "/weight",
            Annotated::Level => "/level",
        },
        LeaseError::InvalidIntent { .. } | _ => "",
    }
}

impl Found {
    fn line(&self, place: &Place, field: &str, text: &str) -> String {
        match (place, &self.file) {
            (Place::Sentence(source, at), _) => line(source, *at, text),
            (Place::Entry(entry), Some(file)) => {
                let pointer = format!("/entries/{entry}{field}");
                let at = file.place(&path(&file.document.value, &pointer), true);
                file.line(at, text)
            }
            (Place::Entry(_), None) => text.to_owned(),
        }
    }

    /// What all entries together are refused with.
    fn refused(&self, error: &LeaseError) -> String {
        let of = match error {
            LeaseError::NotInWireForm { entry, .. } => *entry,
            LeaseError::InvalidIntent {
                reason: Reason::Contradictory { toward, away, .. },
                ..
            } => *toward.max(away),
            _ => 0,
        };
        let Some((_, place)) = self.entries.get(of) else { return error.to_string() };
        let text = match (place, error) {
            (Place::Sentence(..), LeaseError::NotInWireForm { has, .. }) => {
                words::no_wire_form(*has)
            }
            _ => error.to_string(),
        };
        self.line(place, field_of(error), &text)
    }
}

fn of_flags(ask: &EncodeAsk, context: &Context<'_>) -> Result<Found, Vec<String>> {
    let mut read = Found { entries: Vec::new(), file: None };
    let mut lines = Vec::new();
    for (flag, required, texts) in
        [("--require", true, &ask.require), ("--prefer", false, &ask.prefer)]
    {
        for text in texts {
            let source = Source::new(flag, text.as_bytes());
            let at = |range: std::ops::Range<usize>| span(range);
            sentences(text, required, context, &source, &at, &mut read.entries, &mut lines);
        }
    }
    if lines.is_empty() { Ok(read) } else { Err(lines) }
}

fn span(range: std::ops::Range<usize>) -> Span {
    let short = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(short(range.start), short(range.end))
}

/// The entries of a value of `require` or `prefer`, and a line for each rule that has none.
fn sentences(
    value: &str,
    required: bool,
    context: &Context<'_>,
    source: &Source,
    at: &dyn Fn(std::ops::Range<usize>) -> Span,
    entries: &mut Vec<(Affinity, Place)>,
    lines: &mut Vec<String>,
) {
    let (found, problems) = entries_of(value, required, context.words, context.namespace);
    let empty = found.is_empty() && problems.is_empty();
    if empty {
        lines.push(line(source, at(0..0), "no rule stands here"));
    }
    for problem in problems.iter().filter(|problem| problem.severity == Severity::Error) {
        let place = at(problem.span.clone().unwrap_or_default());
        lines.push(line(source, place, &words::sentence(problem, context.has_vocabulary)));
    }
    for one in found {
        match one.entry {
            Ok(entry) => {
                entries.push((entry, Place::Sentence(source.clone(), at(one.origin.span))));
            }
            Err((range, why)) => {
                lines.push(line(source, at(range), &words::no_typed_form(&why)));
            }
        }
    }
}

fn of_file(
    file: &str,
    context: &Context<'_>,
    stdin: &mut dyn Read,
) -> Result<Result<Found, Vec<String>>, String> {
    if Path::new(file).is_dir() {
        return Err(format!("{file} is a folder: name the file that is meant"));
    }
    // Whether it is too large is known from one byte too many.
    let mut stdin = stdin.take(MAX_BYTES as u64 + 1);
    let inputs = inputs(file, &mut stdin)?;
    let Some(input) = inputs.first() else {
        return Err(format!("{file}: no such file or folder"));
    };
    if input.bytes.len() > MAX_BYTES {
        return Err(too_large(&input.name));
    }
    let file = OneDocument::of(input, "{\"entries\": [...]} was expected there")?;
    let broken = file.broken();
    Ok(match broken.is_empty() {
        false => Err(broken),
        true if is_annotations(&file.document.value) => of_annotations(&file, context),
        true => of_entries(file),
    })
}

/// The name of an annotation, with or without our prefix.
fn annotation(key: &str) -> &str {
    key.strip_prefix(keys::PREFIX).unwrap_or(key)
}

/// Whether a document holds annotations and not entries.
fn is_annotations(document: &Value) -> bool {
    let ours = |key: &String| {
        key.starts_with(keys::PREFIX) || matches!(annotation(key), "require" | "prefer")
    };
    document.as_object().is_some_and(|map| map.keys().any(ours))
}

fn of_annotations(file: &OneDocument, context: &Context<'_>) -> Result<Found, Vec<String>> {
    let mut read = Found { entries: Vec::new(), file: None };
    let mut lines = Vec::new();
    let map = file.document.value.as_object();
    // As the rules are read: those that must hold first.
    for required in [true, false] {
        for (key, value) in map.into_iter().flatten() {
            let at_key = || file.place(&FieldPath::of(&[key]), true);
            match annotation(key) {
                "require" | "prefer" if required != (annotation(key) == "require") => {}
                "require" | "prefer" => {
                    let node = locate(&file.document, &file.source, &FieldPath::of(&[key]).0);
                    let (Some(text), Some(node)) = (value.as_str(), node) else {
                        lines.push(file.line(at_key(), &words::not_a_text(key)));
                        continue;
                    };
                    let at = |range| inside(&file.document, &file.source, node.node, range);
                    let (source, entries) = (&file.source, &mut read.entries);
                    sentences(text, required, context, source, &at, entries, &mut lines);
                }
                _ if required => lines.push(file.line(at_key(), &words::not_sentences(key))),
                _ => {}
            }
        }
    }
    if lines.is_empty() { Ok(read) } else { Err(lines) }
}

fn of_entries(file: OneDocument) -> Result<Found, Vec<String>> {
    let entries = written::read(&file.document.value).map_err(|problems| {
        let line = |problem: &EntryProblem| {
            let (message, help) = words::entry(problem);
            let help: String = help.iter().map(|help| format!(" ({help})")).collect();
            let path = path(&file.document.value, &problem.pointer);
            file.line(file.place(&path, problem.on_key), &format!("{message}{help}"))
        };
        problems.iter().map(line).collect::<Vec<_>>()
    })?;
    let odd = odd_numbers(&file);
    if !odd.is_empty() {
        return Err(odd);
    }
    let entries = entries.into_iter().enumerate();
    let entries = entries.map(|(index, entry)| (entry, Place::Entry(index))).collect();
    Ok(Found { entries, file: Some(file) })
}

/// Numbers that YAML reads otherwise than people do: `042` is 34, `1_0` is 10.
fn odd_numbers(file: &OneDocument) -> Vec<String> {
    let document = &file.document.value;
    let entries = document.get("entries").and_then(Value::as_array);
    let mut lines = Vec::new();
    for index in 0..entries.map_or(0, Vec::len) {
        for field in ["target/value", "weight"] {
            let pointer = format!("/entries/{index}/{field}");
            let Some(Value::Number(number)) = document.pointer(&pointer) else { continue };
            let span = file.place(&path(document, &pointer), false);
            let (written, number) = (file.source.slice(span), number.to_string());
            // An alias says its number elsewhere.
            if written != number && !written.starts_with('*') {
                lines.push(file.line(span, &words::odd_number(written, &number)));
            }
        }
    }
    lines
}
