//! The text of a document as the editor has it, and places in it.

use std::ops::Range;

use gen_lsp_types::{self as lsp, Position, TextDocumentContentChangeEvent};

use crate::load::Span;

/// What columns count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Bytes.
    Utf8,
    /// Code units of UTF-16, unless something else is agreed upon.
    #[default]
    Utf16,
}

/// A text with its lines, which end as the protocol says: LF, CR LF or CR.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    /// As the editor has it, a byte-order mark included.
    pub(super) raw: String,
    starts: Vec<usize>,
}

impl Text {
    pub(super) fn new(raw: String) -> Self {
        let mut starts = vec![0];
        starts.extend(starts_behind(&raw, 0..raw.len()));
        Self { raw, starts }
    }

    /// Spans count from behind a byte-order mark.
    fn mark(&self) -> usize {
        if self.raw.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
    }

    /// The line without its break, and where it begins; the last one for lines beyond.
    fn line(&self, line: usize) -> (usize, &str) {
        let last = self.starts.len().saturating_sub(1);
        let number = line.min(last);
        let start = self.starts.get(number).copied().unwrap_or_default();
        let end = self.starts.get(number + 1).copied().unwrap_or(self.raw.len());
        let text = self.raw.get(start..end).unwrap_or_default();
        (start, text.trim_end_matches(['\n', '\r']))
    }

    /// The byte of a position; beyond the end of a line it is that end, beyond the last line the end
    /// of the text, within a character its start.
    pub(super) fn byte(&self, position: Position, encoding: Encoding) -> usize {
        let line = position.line as usize;
        if line >= self.starts.len() {
            return self.raw.len();
        }
        let (start, text) = self.line(line);
        let wanted = position.character as usize;
        // Where a character is a byte and a unit, there is nothing to count: a line may be long.
        if text.as_bytes().get(..wanted).is_some_and(<[u8]>::is_ascii) {
            return start + wanted;
        }
        let mut column = 0;
        for (offset, character) in text.char_indices() {
            let width = match encoding {
                Encoding::Utf8 => character.len_utf8(),
                Encoding::Utf16 => character.len_utf16(),
            };
            if column + width > wanted {
                return start + offset;
            }
            column += width;
        }
        start + text.len()
    }

    /// As [`Text::byte`], as spans count.
    pub(super) fn offset(&self, position: Position, encoding: Encoding) -> u32 {
        let byte = self.byte(position, encoding).saturating_sub(self.mark());
        u32::try_from(byte).unwrap_or(u32::MAX)
    }

    /// The position of a byte as spans count.
    pub(super) fn position(&self, offset: u32, encoding: Encoding) -> Position {
        let byte = (offset as usize + self.mark()).min(self.raw.len());
        let line = self.starts.partition_point(|start| *start <= byte).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or_default();
        let before = self.raw.get(start..byte).unwrap_or_default();
        let column = match encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 => before.chars().map(char::len_utf16).sum(),
        };
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Position { line: number(line), character: number(column) }
    }

    /// The range of a span.
    pub(super) fn range(&self, span: Span, encoding: Encoding) -> lsp::Range {
        let at = |byte| self.position(byte, encoding);
        lsp::Range { start: at(span.start), end: at(span.end) }
    }

    /// The text after a change.
    pub(super) fn changed(
        mut self,
        change: TextDocumentContentChangeEvent,
        encoding: Encoding,
    ) -> Self {
        match change {
            TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
                Self::new(whole.text)
            }
            TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                let start = self.byte(part.range.start, encoding);
                let end = self.byte(part.range.end, encoding).max(start);
                self.replace(start..end, &part.text);
                self
            }
        }
    }

    /// Only the lines that change are looked at: an editor may send thousands of changes at once.
    fn replace(&mut self, range: Range<usize>, new: &str) {
        let Range { start, end } = range;
        // A break is one by the byte behind it, so the one before the range may come or go.
        let from = self.starts.partition_point(|line| *line < start.max(1));
        let to = self.starts.partition_point(|line| *line <= end).max(from);
        self.raw.replace_range(start..end, new);
        let new_end = start + new.len();
        for line in self.starts.iter_mut().skip(to) {
            *line = *line - end + new_end;
        }
        let lines = starts_behind(&self.raw, start.saturating_sub(1)..new_end);
        self.starts.splice(from..to, lines.collect::<Vec<_>>());
    }
}

/// The lines that begin behind the breaks in a range of a text.
fn starts_behind(text: &str, range: Range<usize>) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    let is_break = |at: &usize| match bytes.get(*at) {
        Some(b'\n') => true,
        Some(b'\r') => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    range.filter(is_break).map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use gen_lsp_types::TextDocumentContentChangePartial;
    use proptest::collection::vec;
    use proptest::{prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn bytes_and_positions_are_each_others() {
        for raw in ["", "a", "ä𝔸b\r\nc\rd\n", "\u{feff}ä: 𝔸\nb", "\n\n"] {
            let text = Text::new(raw.to_owned());
            for encoding in [Encoding::Utf8, Encoding::Utf16] {
                let shift = text.mark();
                for (byte, _) in raw.char_indices().chain([(raw.len(), ' ')]) {
                    // Between CR and LF there is no position.
                    if byte < shift
                        || raw.get(..byte).is_some_and(|s| s.ends_with('\r'))
                            && raw.get(byte..).is_some_and(|s| s.starts_with('\n'))
                    {
                        continue;
                    }
                    let offset = u32::try_from(byte - shift).expect("small");
                    let position = text.position(offset, encoding);
                    assert_eq!(text.offset(position, encoding), offset, "{raw:?} {byte}");
                }
            }
        }
    }

    #[test]
    fn columns_count_what_is_agreed() {
        let text = Text::new("x\nä𝔸b".to_owned());
        for (encoding, character) in [(Encoding::Utf16, 3), (Encoding::Utf8, 6)] {
            assert_eq!(text.position(8, encoding), Position { line: 1, character });
        }
        let within = Position { line: 1, character: 2 };
        assert_eq!(text.offset(within, Encoding::Utf16), 4, "half a pair is its start");
        let beyond = |line, character| text.offset(Position { line, character }, Encoding::Utf16);
        assert_eq!((beyond(0, 99), beyond(9, 0), beyond(1, 99)), (1, 9, 9));
    }

    #[test]
    fn changes_are_made_in_any_order_of_their_ends() {
        let text = Text::new("ä𝔸b\nc".to_owned());
        let part = |start: (u32, u32), end: (u32, u32), text: &str| {
            let at = |(line, character)| Position { line, character };
            let range = lsp::Range { start: at(start), end: at(end) };
            #[expect(deprecated, reason = "the field is there")]
            let part = TextDocumentContentChangePartial {
                range,
                range_length: None,
                text: text.to_owned(),
            };
            TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part)
        };
        for (change, expected) in [
            (part((0, 1), (0, 3), "x"), "äxb\nc"),
            (part((0, 4), (1, 0), ""), "ä𝔸bc"),
            (part((7, 7), (7, 7), "\nd"), "ä𝔸b\nc\nd"),
            (part((1, 0), (0, 0), "z"), "ä𝔸b\nzc"),
        ] {
            assert_eq!(text.clone().changed(change, Encoding::Utf16).raw, expected);
        }
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_whole_text(
            text in "[a\r\n\u{e4}]{0,12}",
            changes in vec((0..14_usize, 0..14_usize, "[b\r\n]{0,4}"), 1..8),
        ) {
            let mut changed = Text::new(text);
            for (start, length, new) in changes {
                let border = |at: usize| (0..=at.min(changed.raw.len())).rev().find(|at| changed.raw.is_char_boundary(*at)).unwrap_or(0);
                let (start, end) = (border(start), border(start + length));
                changed.replace(start..end, &new);
                let whole = Text::new(changed.raw.clone());
                prop_assert_eq!(&changed.starts, &whole.starts, "{:?}", changed.raw);
            }
        }
    }
}
