//! Reads one value out of the bytes that have arrived, and says what is wrong with one.

use serde::de::DeserializeOwned;

use super::object::Parse;
use super::problem::ObjectName;
use super::scan::{Entry, Skip, entry, text};

/// Why an object could not be read from a buffer.
pub(super) enum Failure {
    Short,
    Broken,
}

/// Reads the value at the start of the bytes, and says how long it is.
pub(super) fn take<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, usize), Failure> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<T>();
    match values.next() {
        Some(Ok(value)) => Ok((value, values.byte_offset())),
        Some(Err(error)) if !error.is_eof() => Err(Failure::Broken),
        _ => Err(Failure::Short),
    }
}

/// Reads the start of a text, fast.
pub(super) struct Stream<'b, 'l> {
    pub(super) bytes: &'b [u8],
    pub(super) length: &'l mut usize,
}

impl Parse for Stream<'_, '_> {
    type Error = Failure;

    fn parse<T: DeserializeOwned>(self) -> Result<T, Failure> {
        let (value, length) = take(self.bytes)?;
        *self.length = length;
        Ok(value)
    }
}

/// Reads a whole text, and says what is wrong with it.
pub(super) struct Whole<'t>(pub(super) &'t str);

/// What is wrong with a text.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) path: String,
    pub(super) message: String,
    pub(super) line: u64,
    pub(super) column: u64,
}

impl Parse for Whole<'_> {
    type Error = Fault;

    fn parse<T: DeserializeOwned>(self) -> Result<T, Fault> {
        let mut from = serde_json::Deserializer::from_str(self.0);
        let error = match serde_path_to_error::deserialize(&mut from) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let path = error.path().to_string();
        let inner = error.into_inner();
        let message = inner.to_string();
        let position = format!(" at line {} column {}", inner.line(), inner.column());
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        Err(Fault {
            path: if path == "." { String::new() } else { path },
            message: message.strip_suffix(&position).unwrap_or(&message).to_owned(),
            line: count(inner.line()),
            column: count(inner.column()),
        })
    }
}

/// What the object at the start of the bytes is called, as far as that can be read.
pub(super) fn name_of(bytes: &[u8]) -> ObjectName {
    let mut name = ObjectName::default();
    let mut at = 1;
    while let Entry::Key(key, value) = entry(bytes, at) {
        match key {
            "kind" => name.kind = short_text(bytes, value),
            "metadata" if bytes.get(value) == Some(&b'{') => {
                let mut inner = value + 1;
                while let Entry::Key(key, value) = entry(bytes, inner) {
                    match key {
                        "name" => name.name = short_text(bytes, value),
                        "namespace" => name.namespace = short_text(bytes, value),
                        _ => {}
                    }
                    inner = Skip::default().feed(bytes, value).0;
                }
            }
            _ => {}
        }
        at = Skip::default().feed(bytes, value).0;
    }
    name
}

/// A string for a message; names in a cluster have at most 253 characters.
fn short_text(bytes: &[u8], at: usize) -> String {
    let text = bytes.get(at).filter(|byte| **byte == b'"').and_then(|_| text(bytes, at));
    text.unwrap_or_default().chars().take(253).collect()
}
