//! Objects out of the bytes of an answer, as these arrive: the lines of a watch and the items of
//! a list.
//!
//! What is held is one object at a time, up to a limit. Of a longer one the beginning is kept, so
//! that it can be named.

use axum::body::Bytes;

/// Of an object that is too long so much is kept: names, revision and the start of the labels.
const BEGINNING: usize = 16 * 1024;

/// A line or an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// All of it.
    Whole(Bytes),
    /// The beginning of one that is longer than the limit.
    Cut(Bytes),
}

/// One object that is being collected.
#[derive(Debug)]
struct Collected {
    bytes: Vec<u8>,
    limit: usize,
    cut: bool,
}

impl Collected {
    fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, cut: false }
    }

    fn push(&mut self, bytes: &[u8]) {
        if self.cut {
            return;
        }
        if self.bytes.len() + bytes.len() <= self.limit {
            self.bytes.extend_from_slice(bytes);
            return;
        }
        self.cut = true;
        let room = BEGINNING.saturating_sub(self.bytes.len());
        self.bytes.extend(bytes.iter().take(room));
        self.bytes.truncate(BEGINNING);
    }

    fn take(&mut self) -> Piece {
        // Copied into its own size; the buffer stays for the next one, unless it became large.
        let bytes = Bytes::copy_from_slice(&self.bytes);
        self.bytes.clear();
        self.bytes.shrink_to(64 * 1024);
        if std::mem::take(&mut self.cut) { Piece::Cut(bytes) } else { Piece::Whole(bytes) }
    }
}

/// Cuts a stream into lines. Kubernetes' encoder writes one event a line, without line breaks
/// inside.
#[derive(Debug)]
pub struct Lines(Collected);

impl Lines {
    /// Lines of at most this many bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(Collected::new(limit))
    }

    /// Adds the lines that end in these bytes; empty ones are left out.
    pub fn push(&mut self, mut bytes: &[u8], found: &mut Vec<Piece>) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            self.0.push(line);
            bytes = rest.get(1..).unwrap_or_default();
            if !self.0.bytes.is_empty() {
                found.push(self.0.take());
            }
        }
        self.0.push(bytes);
    }
}

/// Cuts the items out of a list, as `{"metadata": {...}, "items": [{...}, {...}]}`.
///
/// Only strings and brackets are understood, so an item whose inside is broken is still an item.
#[derive(Debug)]
pub struct Items {
    item: Collected,
    /// All but the items.
    envelope: Vec<u8>,
    part: Part,
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The envelope is longer than that of any list.
    broken: bool,
}

/// What the bytes belong to that come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Envelope,
    /// Among the items, in none of them.
    Between,
    Item,
}

/// No envelope is longer: a kind, a revision and a token.
const ENVELOPE: usize = 64 * 1024;

/// Inside of the brackets of `items`.
const AMONG_ITEMS: usize = 2;

impl Items {
    /// Items of at most this many bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            item: Collected::new(limit),
            envelope: Vec::new(),
            part: Part::Envelope,
            depth: 0,
            in_string: false,
            escaped: false,
            broken: false,
        }
    }

    /// Adds the items that end in these bytes.
    pub fn push(&mut self, bytes: &[u8], found: &mut Vec<Piece>) {
        // Where the bytes begin that are not kept yet.
        let mut start = 0;
        for (at, byte) in bytes.iter().enumerate() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            let (before, next) = match byte {
                b'"' => {
                    self.in_string = true;
                    continue;
                }
                b'{' | b'[' => (self.depth, self.depth + 1),
                b'}' | b']' => (self.depth, self.depth.saturating_sub(1)),
                _ => continue,
            };
            self.depth = next;
            match self.part {
                Part::Envelope if *byte == b'[' && before == AMONG_ITEMS - 1 => {
                    self.keep(bytes.get(start..=at));
                    start = at + 1;
                    if self.is_before_items() {
                        self.part = Part::Between;
                    }
                }
                Part::Between => {
                    start = at;
                    self.part = if next > before { Part::Item } else { Part::Envelope };
                }
                Part::Item if next == AMONG_ITEMS => {
                    self.keep(bytes.get(start..=at));
                    start = at + 1;
                    self.part = Part::Between;
                    found.push(self.item.take());
                }
                Part::Envelope | Part::Item => {}
            }
        }
        self.keep(bytes.get(start..));
    }

    /// Is the bracket that was kept last that of `"items": [`?
    fn is_before_items(&self) -> bool {
        let before = self.envelope.strip_suffix(b"[").unwrap_or_default().trim_ascii_end();
        let before = before.strip_suffix(b":").unwrap_or_default().trim_ascii_end();
        before.ends_with(br#""items""#)
    }

    fn keep(&mut self, bytes: Option<&[u8]>) {
        let bytes = bytes.unwrap_or_default();
        match self.part {
            Part::Between => {}
            Part::Item => self.item.push(bytes),
            Part::Envelope if self.envelope.len() + bytes.len() <= ENVELOPE => {
                self.envelope.extend_from_slice(bytes);
            }
            Part::Envelope => self.broken = true,
        }
    }

    /// The list without its items, once all bytes were pushed. `None` if it is none, or was cut
    /// off.
    #[must_use]
    pub fn envelope(&self) -> Option<&[u8]> {
        let ended = self.depth == 0 && !self.in_string && !self.broken;
        (ended && !self.envelope.is_empty()).then_some(self.envelope.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces of a text that arrives in chunks of this size, `~` before those that were cut.
    fn cut(mut push: impl FnMut(&[u8], &mut Vec<Piece>), text: &str, chunk: usize) -> Vec<String> {
        let mut found = Vec::new();
        text.as_bytes().chunks(chunk).for_each(|bytes| push(bytes, &mut found));
        let told = found.into_iter().map(|piece| match piece {
            Piece::Whole(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            Piece::Cut(bytes) => format!("~{}", String::from_utf8(bytes.to_vec()).unwrap()),
        });
        told.collect()
    }

    #[test]
    fn lines_however_they_arrive() {
        let long = "y".repeat(90);
        let text = format!("{{\"a\":1}}\n\n{{\"b\":2}}\n{long}\nlast\nunfinished");
        for chunk in [1, 2, 3, 7, 1000] {
            let mut lines = Lines::new(80);
            let found = cut(|bytes, found| lines.push(bytes, found), &text, chunk);
            assert_eq!(found[..2], ["{\"a\":1}", "{\"b\":2}"], "{chunk}");
            assert!(found[2].starts_with("~y"), "{chunk}: {found:?}");
            assert_eq!(found[3..], ["last"], "{chunk}");
        }
    }

    #[test]
    fn memory_is_bounded_whatever_comes() {
        let mut lines = Lines::new(1000);
        let mut items = Items::new(1000);
        let mut found = Vec::new();
        items.push(br#"{"items":[{"a":""#, &mut found);
        for _ in 0..100 {
            lines.push(&[b'x'; 4096], &mut found);
            items.push(&[b'x'; 4096], &mut found);
        }
        assert!(found.is_empty());
        assert!(lines.0.bytes.capacity() <= 64 * 1024 && items.item.bytes.capacity() <= 64 * 1024);
        let mut endless = Items::new(1000);
        (0..100).for_each(|_| endless.push(&[b'['; 4096], &mut found));
        assert!(endless.envelope.len() <= ENVELOPE);
        assert_eq!(endless.envelope(), None);
    }

    #[test]
    fn items_however_they_arrive() {
        let text = r#"{"kind":"PodList", "items" : [ {"a":"]}\"{"} , {"b":[1,{"items":[]}]},{%},
            {"long":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"} ], "metadata":{"continue":"[x"}}"#;
        for chunk in [1, 2, 3, 7, 1000] {
            let mut items = Items::new(40);
            let found = cut(|bytes, found| items.push(bytes, found), text, chunk);
            assert_eq!(
                found[..3],
                [r#"{"a":"]}\"{"}"#, r#"{"b":[1,{"items":[]}]}"#, "{%}"],
                "{chunk}"
            );
            assert!(found[3].starts_with(r#"~{"long":"xx"#), "{chunk}: {found:?}");
            assert_eq!(found.len(), 4);
            let envelope: serde_json::Value =
                serde_json::from_slice(items.envelope().unwrap()).unwrap();
            assert_eq!(envelope["metadata"]["continue"], "[x");
            assert_eq!(envelope["items"], serde_json::json!([]));
        }
    }

    #[test]
    fn lists_that_are_none_have_no_envelope() {
        for (text, whole) in [
            (r#"{"items":[],"metadata":{}}"#, true),
            (r#"{"items":null,"metadata":{}}"#, true),
            (r#"{"metadata":{"items":[{}]}}"#, true),
            (r#"{"items":[{"a":1}"#, false),
            (r#"{"items":[{"a":1}]"#, false),
            ("", false),
        ] {
            let mut items = Items::new(1000);
            items.push(text.as_bytes(), &mut Vec::new());
            assert_eq!(items.envelope().is_some(), whole, "{text}");
        }
    }
}
