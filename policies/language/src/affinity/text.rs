//! Blobs as text: hexadecimal digits or base64, with the place of each byte in the text.
//!
//! Blanks and line breaks may stand anywhere and mean nothing. Everything else is strict: base64 is
//! that of RFC 4648, section 4, padded, and its last bits are 0, so that one blob has one text.
//!
//! ```
//! use placecard_language::affinity::text::{Encoding, decode, encode, place};
//!
//! let blob = decode(Encoding::Base64, "CRAA\nCQMB").expect("base64");
//! assert_eq!(encode(Encoding::Hex, &blob), "091000090301");
//! assert_eq!(place(Encoding::Base64, "CRAA\nCQMB", 4), Some(6..8));
//! ```

use std::ops::Range;

/// How bytes are written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// Two hexadecimal digits a byte, of either case; lower case is written.
    Hex,
    /// Four letters for three bytes.
    Base64,
}

/// What is wrong with a text. Offsets are bytes of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFlaw {
    /// A character that is no digit or letter of the encoding.
    Character {
        /// Where.
        at: usize,
        /// Which.
        found: char,
    },
    /// A digit without its second one.
    HalfAByte {
        /// Where it is.
        at: usize,
        /// How many digits there are.
        digits: usize,
    },
    /// `-` or `_`: the alphabet of base64url, which is another encoding.
    UrlAlphabet {
        /// Where.
        at: usize,
        /// Which.
        found: char,
    },
    /// The last group of four is not whole.
    Incomplete {
        /// Where it begins.
        at: usize,
        /// How many letters and `=` there are.
        letters: usize,
    },
    /// `=` where it means nothing, or something after it.
    Padding {
        /// Where.
        at: usize,
    },
    /// The last letter says bits that belong to no byte.
    LooseBits {
        /// Where.
        at: usize,
        /// The letter.
        found: char,
    },
}

impl TextFlaw {
    /// Where it is, in bytes of the text.
    #[must_use]
    pub const fn at(&self) -> usize {
        match self {
            Self::Character { at, .. }
            | Self::HalfAByte { at, .. }
            | Self::UrlAlphabet { at, .. }
            | Self::Incomplete { at, .. }
            | Self::Padding { at }
            | Self::LooseBits { at, .. } => *at,
        }
    }
}

/// Hexadecimal if a text has nothing but hexadecimal digits, else base64. A base64 text without any
/// other letter than `0` to `9` and `A` to `F` is taken for the wrong one; no text that begins with
/// an entry is.
#[must_use]
pub fn guess(text: &str) -> Encoding {
    let digits = written(text).all(|(_, character)| character.is_ascii_hexdigit());
    if digits { Encoding::Hex } else { Encoding::Base64 }
}

/// The bytes that a text stands for.
///
/// # Errors
/// The first flaw.
pub fn decode(encoding: Encoding, text: &str) -> Result<Vec<u8>, TextFlaw> {
    match encoding {
        Encoding::Hex => decode_hex(text),
        Encoding::Base64 => decode_base64(text),
    }
}

/// The text of bytes, without line breaks.
#[must_use]
pub fn encode(encoding: Encoding, bytes: &[u8]) -> String {
    match encoding {
        Encoding::Hex => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Encoding::Base64 => encode_base64(bytes),
    }
}

/// The digits or letters of a text that a byte is written in, blanks between them included. `None`
/// if the text has no such byte.
#[must_use]
pub fn place(encoding: Encoding, text: &str, byte: usize) -> Option<Range<usize>> {
    let (first, count) = match encoding {
        Encoding::Hex => (byte.checked_mul(2)?, 2),
        Encoding::Base64 => (byte.checked_mul(4)? / 3, 2),
    };
    let mut letters = written(text).skip(first).take(count);
    let (start, _) = letters.next()?;
    let (last, character) = letters.next().filter(|(_, character)| *character != '=')?;
    Some(start..last + character.len_utf8())
}

/// The characters that mean something, with their offsets.
fn written(text: &str) -> impl Iterator<Item = (usize, char)> {
    text.char_indices().filter(|(_, character)| !character.is_ascii_whitespace())
}

fn decode_hex(text: &str) -> Result<Vec<u8>, TextFlaw> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut half: Option<(usize, u8)> = None;
    for (at, found) in written(text) {
        let digit = found.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let digit = digit.ok_or(TextFlaw::Character { at, found })?;
        match half.take() {
            None => half = Some((at, digit)),
            Some((_, high)) => bytes.push(high << 4 | digit),
        }
    }
    match half {
        None => Ok(bytes),
        Some((at, _)) => Err(TextFlaw::HalfAByte { at, digits: bytes.len() * 2 + 1 }),
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The six bits of a letter.
fn bits(letter: char) -> Option<u32> {
    let letter = u32::from(letter);
    Some(match u8::try_from(letter).ok()? {
        b'A'..=b'Z' => letter - u32::from(b'A'),
        b'a'..=b'z' => letter - u32::from(b'a') + 26,
        b'0'..=b'9' => letter - u32::from(b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

fn decode_base64(text: &str) -> Result<Vec<u8>, TextFlaw> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut group, mut letters, mut padding) = (0_u32, 0_usize, 0_usize);
    let mut last = None;
    for (at, found) in written(text) {
        if found == '=' {
            // One for two bytes, two for one byte, and then no more.
            if letters % 4 + padding >= 4 || letters % 4 < 2 {
                return Err(TextFlaw::Padding { at });
            }
            padding += 1;
            continue;
        }
        let of_url = matches!(found, '-' | '_');
        let value = bits(found).ok_or(match of_url {
            true => TextFlaw::UrlAlphabet { at, found },
            false => TextFlaw::Character { at, found },
        })?;
        if padding > 0 {
            return Err(TextFlaw::Padding { at });
        }
        group = group << 6 | value;
        letters += 1;
        last = Some((at, found));
        if letters.is_multiple_of(4) {
            let [_, rest @ ..] = group.to_be_bytes();
            bytes.extend_from_slice(&rest);
            group = 0;
        }
    }
    let open = letters % 4;
    if open == 0 {
        return Ok(bytes);
    }
    if open + padding != 4 {
        let letters_before = letters - open;
        let at = written(text).nth(letters_before).map_or(0, |(at, _)| at);
        return Err(TextFlaw::Incomplete { at, letters: open + padding });
    }
    let [_, first, second, third] = (group << (6 * padding)).to_be_bytes();
    let (whole, loose) = match padding {
        1 => (vec![first, second], third),
        _ => (vec![first], second),
    };
    match last {
        Some((at, found)) if loose != 0 => Err(TextFlaw::LooseBits { at, found }),
        _ => {
            bytes.extend(whole);
            Ok(bytes)
        }
    }
}

fn encode_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte));
        group <<= 8 * (3 - chunk.len());
        for index in 0..4 {
            let six = group >> (18 - 6 * index) & 0x3f;
            let letter = usize::try_from(six).ok().and_then(|six| ALPHABET.get(six));
            let padding = index > chunk.len();
            text.push(if padding { '=' } else { letter.copied().map_or('=', char::from) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn flaws_have_their_place() {
        use Encoding::{Base64, Hex};
        use TextFlaw as Is;
        for (encoding, text, flaw) in [
            (Hex, "09 1", Is::HalfAByte { at: 3, digits: 3 }),
            (Hex, "0", Is::HalfAByte { at: 0, digits: 1 }),
            (Hex, "0x09", Is::Character { at: 1, found: 'x' }),
            (Hex, "09:10", Is::Character { at: 2, found: ':' }),
            (Hex, "09１0", Is::Character { at: 2, found: '１' }),
            (Hex, "09\u{a0}10", Is::Character { at: 2, found: '\u{a0}' }),
            (Base64, "CRA", Is::Incomplete { at: 0, letters: 3 }),
            (Base64, "CRAA\nC", Is::Incomplete { at: 5, letters: 1 }),
            (Base64, "CRAACQ=", Is::Incomplete { at: 4, letters: 3 }),
            (Base64, "CRAACQ===", Is::Padding { at: 8 }),
            (Base64, "CRAA=", Is::Padding { at: 4 }),
            (Base64, "C===", Is::Padding { at: 1 }),
            (Base64, "=", Is::Padding { at: 0 }),
            (Base64, "CQ==CQ==", Is::Padding { at: 4 }),
            (Base64, "CR==", Is::LooseBits { at: 1, found: 'R' }),
            (Base64, "CRB=", Is::LooseBits { at: 2, found: 'B' }),
            (Base64, "CR-A", Is::UrlAlphabet { at: 2, found: '-' }),
            (Base64, "CR!A", Is::Character { at: 2, found: '!' }),
            (Base64, "ÄRAA", Is::Character { at: 0, found: 'Ä' }),
        ] {
            assert_eq!(decode(encoding, text), Err(flaw), "{text}");
            assert!(text.is_char_boundary(flaw.at()));
        }
        for (encoding, text, bytes) in [
            (Hex, "", &[][..]),
            (Hex, " 0 9\r\n1\t0 ", &[9, 0x10]),
            (Hex, "fFAa", &[0xff, 0xaa]),
            (Base64, "", &[]),
            (Base64, "C Q\n= =", &[9]),
            (Base64, "CRA=", &[9, 0x10]),
            (Base64, "+/+/", &[0xfb, 0xff, 0xbf]),
        ] {
            assert_eq!(decode(encoding, text).as_deref(), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn an_encoding_is_guessed() {
        for (text, encoding) in [
            ("", Encoding::Hex),
            ("09 10\n", Encoding::Hex),
            ("091", Encoding::Hex),
            ("CRAACQMBBgAEAAAAKg==", Encoding::Base64),
            ("0x09", Encoding::Base64),
        ] {
            assert_eq!(guess(text), encoding, "{text}");
        }
    }

    #[test]
    fn bytes_are_found_in_their_text() {
        let text = "CRAACQMBBgAEAAAAKgkQAAkDhAYABAAAAAc=";
        let letters = place(Encoding::Base64, text, 0x12).and_then(|place| text.get(place));
        assert_eq!(letters, Some("hA"));
        assert_eq!(place(Encoding::Base64, text, 25), Some(33..35));
        assert_eq!(place(Encoding::Base64, text, 26), None);
        assert_eq!(place(Encoding::Hex, "09 1 0", 1), Some(3..6));
        assert_eq!(place(Encoding::Hex, "09 1 0", 2), None);
        assert_eq!(place(Encoding::Hex, "09", usize::MAX), None);
        assert_eq!(place(Encoding::Base64, "CQ==", 1), None);
    }

    proptest! {
        #[test]
        fn bytes_have_one_text(bytes in prop::collection::vec(any::<u8>(), 0..50), at in 0..50_usize) {
            for encoding in [Encoding::Hex, Encoding::Base64] {
                let text = encode(encoding, &bytes);
                prop_assert_eq!(decode(encoding, &text), Ok(bytes.clone()));
                prop_assert_eq!(place(encoding, &text, at).is_some(), at < bytes.len());
            }
            prop_assert_eq!(encode(Encoding::Base64, &bytes), BASE64_STANDARD.encode(&bytes));
        }

        #[test]
        fn base64_is_that_of_others(text in "[A-D+/=_ ]{0,9}|[A-Za-z0-9+/]{4}[A-Q]{0,3}={0,3}") {
            let plain: String = text.chars().filter(|c| *c != ' ').collect();
            prop_assert_eq!(decode(Encoding::Base64, &text).ok(), BASE64_STANDARD.decode(plain).ok());
        }
    }
}
