//! `placecard intent`: a parameter blob to its typed entries, and back.

use std::io::Read;
use std::path::Path;

use placecard_language::affinity::text::{self, Encoding};
use placecard_language::affinity::written::{self, EntryProblem};
use placecard_language::affinity::{Affinity, LeaseError, append, scan};
use placecard_policies::vocabulary::path;
use placecard_policies::words::intent as words;
use serde_json::Value;

use crate::load::{Document, Source, Span, collect, describe, load, locate};
use crate::render::style::{plain, plain_character};

/// As many bytes are read, be they the blob or a text of it.
const MAX_BYTES: usize = 4 << 20;
/// As many mistakes are told.
const MAX_LINES: usize = 100;

/// The JSON Schema of entries, with a line break at its end.
pub(crate) fn schema() -> String {
    serde_json::to_string_pretty(&written::schema()).unwrap_or_default() + "\n"
}

/// The entries of a blob as JSON or, inside, why it has none.
///
/// # Errors
/// There is no blob: nothing was given, or it is not in the encoding.
pub(crate) fn decode(
    data: &str,
    encoding: Option<Encoding>,
    stdin: &mut dyn Read,
) -> Result<Result<String, String>, String> {
    let blob = match data {
        "-" => from_bytes("<stdin>", &read_all(stdin)?, encoding)?,
        // An empty blob has no entries; only blanks are more likely a mistake.
        "" => Vec::new(),
        text => from_text("DATA", text, encoding)?,
    };
    Ok(match scan(&blob) {
        Ok(entries) => Ok(escaped(&written::write_text(&entries))),
        Err(error) => Err(plain_lines(&words::refusal(&error))),
    })
}

/// JSON in which a trust domain cannot act on the terminal, with the same values.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        // Line breaks are those of the layout; inside a text JSON has them escaped.
        if character == '\n' || plain_character(character, false) == character {
            text.push(character);
        } else {
            text.push_str(&format!("\\u{:04x}", u32::from(character)));
        }
    }
    text
}

fn read_all(stdin: &mut dyn Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = stdin.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("<stdin>: {error}"))?;
    match bytes.len() {
        0 => Err("<stdin> is empty: the blob was expected there".to_owned()),
        length if length > MAX_BYTES => Err(too_large("<stdin>")),
        _ => Ok(bytes),
    }
}

fn too_large(name: &str) -> String {
    format!("{name} is larger than {} MiB", MAX_BYTES >> 20)
}

/// Bytes are the blob itself if they are no text and no encoding is named: an entry begins with
/// 0x09 0x10, and 0x10 is in no text.
fn from_bytes(name: &str, bytes: &[u8], encoding: Option<Encoding>) -> Result<Vec<u8>, String> {
    let in_text = |one: char| !one.is_control() || one.is_ascii_whitespace();
    match (std::str::from_utf8(bytes), encoding) {
        (Ok(text), _) if text.chars().all(in_text) => from_text(name, text, encoding),
        (_, None) => Ok(bytes.to_vec()),
        (_, Some(encoding)) => Err(format!(
            "{name} is not {}: it is no text; without the flag it is read as the blob itself",
            name_of(encoding)
        )),
    }
}

const fn name_of(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Hex => "hexadecimal",
        Encoding::Base64 => "base64",
    }
}

fn from_text(name: &str, text: &str, encoding: Option<Encoding>) -> Result<Vec<u8>, String> {
    if text.len() > MAX_BYTES {
        return Err(too_large(name));
    }
    // Some editors begin a text with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Err(format!("{name} holds only blanks: the blob was expected there"));
    }
    let meant = encoding.unwrap_or_else(|| text::guess(text));
    text::decode(meant, text).map_err(|flaw| {
        let before = text.get(..flaw.at()).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let character = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let at = match text.trim_end().contains('\n') {
            true => format!("line {line}, character {character}"),
            false => format!("character {character}"),
        };
        let words = words::text(meant, &flaw, &at);
        let is = match (encoding, meant) {
            (None, Encoding::Base64) => "neither hexadecimal nor base64",
            (None | Some(Encoding::Hex), Encoding::Hex) => "not hexadecimal",
            (Some(_), _) => "not base64",
        };
        plain(&format!("{name} is {is}: {words}"), false)
    })
}

/// Entries as the text of a blob or, inside, why they have none.
///
/// # Errors
/// There is nothing to read.
pub(crate) fn encode(
    file: &str,
    encoding: Encoding,
    stdin: &mut dyn Read,
) -> Result<Result<String, String>, String> {
    if Path::new(file).is_dir() {
        return Err(format!("{file} is a folder: name the file that is meant"));
    }
    // Whether it is too large is known from one byte too many.
    let mut stdin = stdin.take(MAX_BYTES as u64 + 1);
    let inputs = collect(&[file.to_owned()], &mut stdin).map_err(|errors| {
        let lines = errors.iter().map(|error| format!("{}: {}", error.name, error.message));
        lines.collect::<Vec<_>>().join("\n")
    })?;
    let Some(input) = inputs.first() else {
        return Err(format!("{file}: no such file or folder"));
    };
    if input.bytes.len() > MAX_BYTES {
        return Err(too_large(&input.name));
    }
    let source = Source::new(input.name.clone(), &input.bytes);
    let documents = load(&source);
    let [document] = documents.as_slice() else {
        let name = &source.name;
        return Err(match documents.len() {
            0 => format!("{name} is empty: {{\"entries\": [...]}} was expected there"),
            count => format!("{name} holds {count} documents: one is read"),
        });
    };
    Ok(read(&source, document).and_then(|entries| {
        let mut blob = Vec::new();
        match append(&mut blob, &entries) {
            Ok(()) => Ok(text::encode(encoding, &blob) + "\n"),
            Err(error) => Err(unwritable(&source, document, &error)),
        }
    }))
}

fn read(source: &Source, document: &Document) -> Result<Vec<Affinity>, String> {
    if !document.problems.is_empty() {
        let lines = document.problems.iter().map(|problem| {
            let (message, help) = describe(problem);
            let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
            line(source, problem.span, &format!("{message}{help}"))
        });
        return Err(lines.collect::<Vec<_>>().join("\n"));
    }
    let entries = written::read(&document.value).map_err(|problems| {
        let lines = problems.iter().map(|problem| refused(source, document, problem));
        lines.collect::<Vec<_>>().join("\n")
    })?;
    match odd_numbers(source, document) {
        lines if lines.is_empty() => Ok(entries),
        lines => Err(lines.join("\n")),
    }
}

/// Numbers that YAML reads otherwise than people do: `042` is 34, `1_0` is 10.
fn odd_numbers(source: &Source, document: &Document) -> Vec<String> {
    let entries = document.value.get("entries").and_then(Value::as_array);
    let mut lines = Vec::new();
    for index in 0..entries.map_or(0, Vec::len) {
        for field in ["target/value", "weight"] {
            let pointer = format!("/entries/{index}/{field}");
            let Some(Value::Number(number)) = document.value.pointer(&pointer) else { continue };
            let span = place(source, document, &pointer, false);
            let (written, number) = (source.slice(span), number.to_string());
            // An alias says its number elsewhere.
            if written != number && !written.starts_with('*') {
                lines.push(line(source, span, &words::odd_number(written, &number)));
            }
        }
    }
    lines.truncate(MAX_LINES);
    lines
}

fn refused(source: &Source, document: &Document, problem: &EntryProblem) -> String {
    let (message, help) = words::entry(problem);
    let help: String = help.iter().map(|help| format!(" ({help})")).collect();
    let span = place(source, document, &problem.pointer, problem.on_key);
    line(source, span, &format!("{message}{help}"))
}

fn unwritable(source: &Source, document: &Document, error: &LeaseError) -> String {
    let pointer = match error {
        LeaseError::NotInWireForm { entry, has } => match has.name() {
            "name" => format!("/entries/{entry}/target/name"),
            field => format!("/entries/{entry}/{field}"),
        },
        _ => String::new(),
    };
    line(source, place(source, document, &pointer, true), &words::refusal(error))
}

/// Where a field is written: its key or its value. What is not written is looked for in what it
/// would be part of.
fn place(source: &Source, document: &Document, pointer: &str, on_key: bool) -> Span {
    let mut path = path(&document.value, pointer);
    loop {
        if let Some(found) = locate(document, source, &path.0) {
            return found.key.filter(|_| on_key || found.value.is_empty()).unwrap_or(found.value);
        }
        if path.0.is_empty() {
            return document.span;
        }
        path = path.parent();
    }
}

fn line(source: &Source, at: Span, text: &str) -> String {
    let (line, column) = source.line_column(at.start);
    plain_lines(&format!("{}:{line}:{column}: {text}", source.name))
}

/// Several lines without characters that act on the terminal.
fn plain_lines(text: &str) -> String {
    text.lines().map(|line| plain(line, false)).collect::<Vec<_>>().join("\n")
}
