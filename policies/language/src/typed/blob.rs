//! Base64 (RFC 4648, section 4) into bytes, with the letters of each byte.

use std::ops::Range;

use crate::problem::TypedFlaw;

/// Bytes and where their letters stand.
pub(super) struct Blob {
    pub(super) bytes: Vec<u8>,
    /// The place of each letter, blanks left out.
    places: Vec<usize>,
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Blob {
    /// Blanks and line breaks between the letters are passed over, as they are where a long text is
    /// folded; `=` at the end fills up to four letters.
    pub(super) fn decode(text: &str) -> Result<Self, (TypedFlaw, Range<usize>)> {
        let mut blob = Self { bytes: Vec::with_capacity(text.len() / 4 * 3), places: Vec::new() };
        let (mut bits, mut padding) = (0_u32, 0_usize);
        for (at, letter) in text.char_indices() {
            let here = at..at + letter.len_utf8();
            if matches!(letter, ' ' | '\t' | '\r' | '\n') {
                continue;
            }
            if letter == '=' {
                padding += 1;
                continue;
            }
            let value = u8::try_from(letter)
                .ok()
                .and_then(|letter| LETTERS.iter().position(|known| *known == letter));
            let Some(value) = value.and_then(|value| u32::try_from(value).ok()) else {
                return Err((TypedFlaw::NotBase64 { found: letter }, here));
            };
            if padding > 0 {
                return Err((TypedFlaw::AfterPadding, here));
            }
            blob.places.push(at);
            bits = bits << 6 | value;
            match blob.places.len() % 4 {
                2 => blob.bytes.push((bits >> 4) as u8),
                3 => blob.bytes.push((bits >> 2) as u8),
                0 => blob.bytes.push(bits as u8),
                _ => {}
            }
        }
        let letters = blob.places.len();
        let last = blob.places.last().map_or(0..0, |at| *at..at + 1);
        let unused = match letters % 4 {
            2 => bits & 0b1111,
            3 => bits & 0b11,
            _ => 0,
        };
        if letters % 4 == 1
            || (padding > 0 && !(letters + padding).is_multiple_of(4))
            || padding > 2
        {
            return Err((TypedFlaw::Base64Length { letters }, last));
        }
        if unused != 0 {
            return Err((TypedFlaw::Base64Rest, last));
        }
        Ok(blob)
    }

    /// The letters that hold some bytes; past the end, the last letter.
    pub(super) fn letters(&self, bytes: Range<usize>) -> Range<usize> {
        let place = |bit: usize| self.places.get(bit / 6).or(self.places.last()).copied();
        let start = place(bytes.start.saturating_mul(8)).unwrap_or_default();
        let last = bytes.end.max(bytes.start + 1).saturating_mul(8) - 1;
        let end = place(last).map_or(start, |at| at + 1);
        start..end.max(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_their_letters() {
        let text = "CRAACQMBBgAEAAAAKgkQAAkDhAYABAAAAAc=";
        let blob = Blob::decode(text).ok().unwrap();
        assert_eq!(blob.bytes.len(), 26);
        assert_eq!(blob.bytes.get(18), Some(&0x84));
        assert_eq!(blob.letters(18..19), 24..26);
        let folded = " CRAACQMBBgAE\n AAAAKgkQAAkD hAYABAAAAAc";
        let same = Blob::decode(folded).ok().unwrap();
        assert_eq!(same.bytes, blob.bytes);
        assert_eq!(&folded[same.letters(18..19)], "hA");
        assert!(Blob::decode("").ok().unwrap().bytes.is_empty());
        assert_eq!(blob.letters(99..100), 34..35, "past the end");
    }

    #[test]
    fn what_is_not_base64_is_pointed_at() {
        for (text, flaw, span) in [
            ("CR_A", TypedFlaw::NotBase64 { found: '_' }, 2..3),
            ("CRäA", TypedFlaw::NotBase64 { found: 'ä' }, 2..4),
            ("CQ==CQ==", TypedFlaw::AfterPadding, 4..5),
            ("CRAAC", TypedFlaw::Base64Length { letters: 5 }, 4..5),
            ("CRA==", TypedFlaw::Base64Length { letters: 3 }, 2..3),
            ("CR==", TypedFlaw::Base64Rest, 1..2),
        ] {
            let Err(found) = Blob::decode(text) else { panic!("{text}") };
            assert_eq!(found, (flaw, span), "{text}");
        }
    }
}
