//! Finds its way in JSON of which the rest may not be there yet.

use std::str;

use placecard_feasibility::inventory::kind::Kind;

/// The first byte at or after `at` that is no blank.
pub(super) fn blank(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !is_blank(*byte)).unwrap_or(rest.len())
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// What stands in the string whose opening quote is at `at`, as it is written, and the byte after
/// the closing quote.
pub(super) fn string(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let start = at + 1;
    let mut end = start;
    loop {
        match bytes.get(end)? {
            b'"' => return Some((bytes.get(start..end)?, end + 1)),
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
}

/// Passes over a value, however its bytes arrive. Brackets and quotes are all it looks at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Skip {
    depth: usize,
    begun: bool,
    in_string: bool,
    escaped: bool,
}

impl Skip {
    /// Whether what is passed over is a number or a word, which end with the text.
    pub(super) fn is_scalar(self) -> bool {
        self.begun && self.depth == 0 && !self.in_string
    }

    /// Goes on at `at`; the first byte that it is given is the first of the value. Says where it
    /// stopped, and whether the value ends there.
    pub(super) fn feed(&mut self, bytes: &[u8], at: usize) -> (usize, bool) {
        let mut at = at;
        while let Some(byte) = bytes.get(at) {
            if self.in_string {
                at += 1;
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_string = false;
                        if self.depth == 0 {
                            return (at, true);
                        }
                    }
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth <= 1 => return (at + self.depth, true),
                b'}' | b']' => self.depth -= 1,
                b',' | b' ' | b'\t' | b'\n' | b'\r' if self.depth == 0 && self.begun => {
                    return (at, true);
                }
                _ => {}
            }
            self.begun = true;
            at += 1;
        }
        (at, false)
    }
}

/// The next thing in a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry<'b> {
    /// A key as it is written, and where its value begins.
    Key(&'b str, usize),
    /// The mapping ends; where its bracket is.
    End(usize),
    /// The bytes end too early.
    Short,
    /// This byte cannot stand there.
    Broken(usize),
}

/// The entry at `at`, which is after an opening brace or a value; a comma is passed over.
pub(super) fn entry(bytes: &[u8], at: usize) -> Entry<'_> {
    let mut at = blank(bytes, at);
    if bytes.get(at) == Some(&b',') {
        at = blank(bytes, at + 1);
    }
    match bytes.get(at) {
        None => Entry::Short,
        Some(b'}') => Entry::End(at),
        Some(b'"') => {
            let Some((name, end)) = string(bytes, at) else {
                return Entry::Short;
            };
            let colon = blank(bytes, end);
            match bytes.get(colon) {
                None => return Entry::Short,
                Some(b':') => {}
                Some(_) => return Entry::Broken(colon),
            }
            let value = blank(bytes, colon + 1);
            match bytes.get(value) {
                None => Entry::Short,
                Some(b'}' | b']' | b',' | b':') => Entry::Broken(value),
                Some(_) => Entry::Key(str::from_utf8(name).unwrap_or_default(), value),
            }
        }
        Some(_) => Entry::Broken(at),
    }
}

/// What the mapping at the start of `bytes` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head<'b> {
    /// The bytes end before it is clear.
    Short,
    /// A list of objects.
    List,
    /// Lists of objects by resource, or a case with such lists in it.
    Cluster,
    /// What `kubectl version` prints.
    Version,
    /// An object of a kind that need not be looked for.
    Known(Kind),
    /// An object.
    Object {
        /// `kind`.
        kind: Option<&'b str>,
        /// `apiVersion`.
        api_version: Option<&'b str>,
    },
}

/// Looks at the keys of the mapping at the start of `bytes` until it is clear what it is.
pub(super) fn head(bytes: &[u8]) -> Head<'_> {
    let (mut kind, mut api_version) = (None, None);
    let mut at = 1;
    loop {
        let (name, value) = match entry(bytes, at) {
            Entry::Short => return Head::Short,
            Entry::Key(name, value) => (name, value),
            Entry::End(_) | Entry::Broken(_) => return Head::Object { kind, api_version },
        };
        let first = bytes.get(value).copied().unwrap_or_default();
        match (name, first) {
            ("kind", b'"') => match text(bytes, value) {
                None => return Head::Short,
                Some(found) if found.ends_with("List") => return Head::List,
                found => kind = found,
            },
            ("apiVersion", b'"') => match text(bytes, value) {
                None => return Head::Short,
                found => api_version = found,
            },
            ("items", b'[' | b'n') if kind.is_none() => return Head::List,
            ("cluster", b'{') if kind.is_none() => return Head::Cluster,
            ("serverVersion", b'{') if kind.is_none() => return Head::Version,
            (resource, b'[') if kind.is_none() && is_resource(resource) => return Head::Cluster,
            _ => {}
        }
        if kind.is_some() && api_version.is_some() {
            return Head::Object { kind, api_version };
        }
        let (end, done) = Skip::default().feed(bytes, value);
        if !done {
            return Head::Short;
        }
        at = end;
    }
}

fn is_resource(name: &str) -> bool {
    super::problem::kind_of_resource(name).is_some()
}

/// A string value.
pub(super) fn text(bytes: &[u8], at: usize) -> Option<&str> {
    let (text, _) = string(bytes, at)?;
    Some(str::from_utf8(text).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_passed_over_byte_by_byte() {
        let table = [
            ("{\"a\":\"}\\\"]\",\"b\":[{}]} x", "{\"a\":\"}\\\"]\",\"b\":[{}]}"),
            ("\"a\\\\\"x", "\"a\\\\\""),
            ("12.5e3,", "12.5e3"),
            ("true}", "true"),
            ("null]", "null"),
            ("[] ", "[]"),
        ];
        for (text, value) in table {
            assert_eq!(Skip::default().feed(text.as_bytes(), 0), (value.len(), true), "{text}");
            let mut skip = Skip::default();
            for end in 1..=value.len() {
                let (at, done) = skip.feed(&text.as_bytes()[..end], end - 1);
                assert_eq!(
                    (at, done),
                    (end, end == value.len() && value.ends_with(['}', ']', '"']))
                );
            }
        }
    }

    #[test]
    fn a_mapping_tells_what_it_is_by_its_first_keys() {
        let object = |kind, api_version| Head::Object { kind, api_version };
        let table = [
            (r#"{"apiVersion":"v1","kind":"Pod","spec"#, object(Some("Pod"), Some("v1"))),
            (
                r#"{"kind":"Pod","metadata":{"kind":"x"},"apiVersion":"v1""#,
                object(Some("Pod"), Some("v1")),
            ),
            (r#"{"kind":"Pod"}"#, object(Some("Pod"), None)),
            (r#"{"kind":"Pod","#, Head::Short),
            (r#"{"apiVersion":"v1","items":["#, Head::List),
            (r#"{"kind":"PodList","#, Head::List),
            (r#"{"kind":"Odd","items":[],"apiVersion":"a/b"}"#, object(Some("Odd"), Some("a/b"))),
            (r#"{"id":"7","cluster":{"#, Head::Cluster),
            (r#"{"pvs":["#, Head::Cluster),
            (r#"{"clientVersion":{"major":"1"},"serverVersion":{"#, Head::Version),
            ("{}", object(None, None)),
            ("{7", object(None, None)),
            ("{", Head::Short),
        ];
        for (text, expected) in table {
            assert_eq!(head(text.as_bytes()), expected, "{text}");
        }
    }
}
