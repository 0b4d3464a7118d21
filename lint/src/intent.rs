//! `placecard intent`: a parameter blob to its typed entries, and back.

mod encode;
mod ids;

use std::io::Read;

use placecard_language::affinity::text::{self, Encoding};
use placecard_language::affinity::{scan, written};
use placecard_policies::words::intent as words;

use crate::render::style::{plain, plain_character};

pub(crate) use encode::encode;

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

/// Several lines without characters that act on the terminal.
fn plain_lines(text: &str) -> String {
    text.lines().map(|line| plain(line, false)).collect::<Vec<_>>().join("\n")
}
