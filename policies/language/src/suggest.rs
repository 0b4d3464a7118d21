//! "Did you mean": the nearest known word, and letters that are not what they look like.

use strsim::damerau_levenshtein;

/// A character that looks like another one, or like nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OddCharacter {
    /// The character.
    pub found: char,
    /// Its byte offset in the word.
    pub offset: usize,
    /// Its place in the word, in characters from 1.
    pub position: usize,
    /// What it is.
    pub kind: OddKind,
    /// What could stand there; `None`: nothing.
    pub write: Option<char>,
}

/// Why a character is odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OddKind {
    /// A letter of another script.
    LookAlike,
    /// It has no width.
    ZeroWidth,
    /// A blank that is not a space or tab.
    WideBlank,
    /// A control character.
    Control,
}

/// Letters and signs of other scripts that look like ASCII ones (a part of the confusables of
/// Unicode UTS 39: Cyrillic, Greek, Armenian, dashes, slashes, brackets, full-width forms).
#[rustfmt::skip]
static LOOK_ALIKES: &[(char, char)] = &[
    ('а', 'a'), ('е', 'e'), ('о', 'o'), ('р', 'p'), ('с', 'c'), ('у', 'y'), ('х', 'x'),
    ('і', 'i'), ('ј', 'j'), ('ѕ', 's'), ('һ', 'h'), ('ԁ', 'd'), ('ԛ', 'q'), ('ԝ', 'w'),
    ('ɡ', 'g'), ('ӏ', 'l'), ('к', 'k'), ('м', 'm'), ('т', 't'), ('п', 'n'), ('г', 'r'),
    ('ν', 'v'), ('ο', 'o'), ('ρ', 'p'), ('α', 'a'), ('ι', 'i'), ('κ', 'k'), ('υ', 'u'),
    ('χ', 'x'), ('γ', 'y'), ('τ', 't'), ('ω', 'w'), ('η', 'n'), ('ε', 'e'), ('օ', 'o'),
    ('ո', 'n'), ('ս', 'u'), ('հ', 'h'), ('ց', 'g'), ('ı', 'i'), ('А', 'A'), ('В', 'B'),
    ('Е', 'E'), ('К', 'K'), ('М', 'M'), ('Н', 'H'), ('О', 'O'), ('Р', 'P'), ('С', 'C'),
    ('Т', 'T'), ('Х', 'X'), ('Ѕ', 'S'), ('І', 'I'), ('Ј', 'J'), ('Ү', 'Y'), ('Α', 'A'),
    ('Β', 'B'), ('Ε', 'E'), ('Ζ', 'Z'), ('Η', 'H'), ('Ι', 'I'), ('Κ', 'K'), ('Μ', 'M'),
    ('Ν', 'N'), ('Ο', 'O'), ('Ρ', 'P'), ('Τ', 'T'), ('Υ', 'Y'), ('Χ', 'X'), ('‐', '-'),
    ('‑', '-'), ('‒', '-'), ('–', '-'), ('—', '-'), ('―', '-'), ('−', '-'), ('⁄', '/'),
    ('∕', '/'), ('⧸', '/'), ('（', '('), ('）', ')'), ('；', ';'), ('\u{37e}', ';'), ('，', ','),
    ('‚', ','), ('＝', '='), ('：', ':'), ('．', '.'), ('“', '"'), ('”', '"'), ('‘', '\''),
    ('’', '\''),
];

/// What a character is, if it is odd, and what could stand there.
fn oddity(found: char) -> Option<(OddKind, Option<char>)> {
    if found.is_ascii() {
        return (found.is_ascii_control() && found != '\t').then_some((OddKind::Control, None));
    }
    if matches!(found,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}')
    {
        return Some((OddKind::ZeroWidth, None));
    }
    if found.is_whitespace() || found == '\u{2800}' {
        return Some((OddKind::WideBlank, Some(' ')));
    }
    if found.is_control() {
        return Some((OddKind::Control, None));
    }
    let listed = LOOK_ALIKES.iter().find(|(odd, _)| *odd == found).map(|(_, plain)| *plain);
    listed.or_else(|| full_width(found)).map(|plain| (OddKind::LookAlike, Some(plain)))
}

/// The ASCII character of a full-width one (U+FF01 to U+FF5E).
fn full_width(found: char) -> Option<char> {
    let code = u32::from(found);
    (0xff01..=0xff5e).contains(&code).then(|| char::from_u32(code - 0xfee0)).flatten()
}

/// The word without its odd characters: what somebody sees who reads it.
#[must_use]
pub fn plain(word: &str) -> String {
    word.chars()
        .filter_map(|c| match oddity(c) {
            None => Some(c),
            Some((_, write)) => write,
        })
        .collect()
}

/// The first odd character of a word. Letters of another script are odd only in a word that reads
/// as ASCII: a name that is wholly in that script is just a name.
#[must_use]
pub fn odd_character(word: &str) -> Option<OddCharacter> {
    if word.is_ascii() && !word.bytes().any(|b| b.is_ascii_control()) {
        return None;
    }
    let reads_as_ascii = plain(word).is_ascii();
    word.char_indices().enumerate().find_map(|(index, (offset, found))| {
        let (kind, write) = oddity(found)?;
        (kind != OddKind::LookAlike || reads_as_ascii).then_some(OddCharacter {
            found,
            offset,
            position: index + 1,
            kind,
            write,
        })
    })
}

/// Longer words are not compared: their distance would cost more than it tells.
const LONGEST: usize = 64;

/// How many edits away a word of this length may be.
const fn threshold(length: usize) -> usize {
    match length {
        0..=2 => 0,
        3..=5 => 1,
        6..=8 => 2,
        _ => 3,
    }
}

/// The known word nearest to a written one, if one is near: case and look-alike letters do not
/// count, then letters that are swapped, wrong, missing or too many (Damerau-Levenshtein distance).
/// Among equals the first one.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 4 * LONGEST {
        return None;
    }
    let seen = plain(word).to_lowercase();
    let length = seen.chars().count();
    if length > LONGEST {
        return None;
    }
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in known {
        let lower = candidate.to_lowercase();
        if lower == seen {
            return (candidate != word).then_some(candidate);
        }
        let other = lower.chars().count();
        let limit = threshold(length.min(other));
        if limit == 0 || length.abs_diff(other) > limit {
            continue;
        }
        let distance = damerau_levenshtein(&seen, &lower);
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_wins_and_far_ones_are_not_offered() {
        let relations = crate::words::RELATIONS.iter().copied();
        for (word, expected) in [
            ("aprat-from", Some("apart-from")),
            ("apartfrom", Some("apart-from")),
            ("naer", Some("near")),
            ("Near", Some("near")),
            ("NEAR", Some("near")),
            ("nеar", Some("near")),         // Cyrillic e
            ("ne\u{200b}ar", Some("near")), // zero width space
            ("near\u{a0}", Some("near")),   // no-break space
            ("spead", Some("spread")),
            ("no-on", Some("not-on")),
            ("On", Some("on")),
            ("xy", None),
            ("beside", None),
            ("", None),
            ("ear", Some("near")),
        ] {
            assert_eq!(nearest(word, relations.clone()), expected, "{word}");
        }
        assert_eq!(nearest(&"a".repeat(100_000), relations), None);
        assert_eq!(nearest("gpu-a10", ["gpu-h100", "cpu-general", "gpu-a100"]), Some("gpu-a100"));
    }

    #[test]
    fn odd_characters_are_named_with_their_place() {
        let odd = odd_character("nеar").expect("Cyrillic");
        assert_eq!((odd.found, odd.offset, odd.position), ('\u{435}', 1, 2));
        assert_eq!((odd.kind, odd.write), (OddKind::LookAlike, Some('e')));
        let odd = odd_character("se\u{200b}lf").expect("zero width");
        assert_eq!((odd.kind, odd.offset, odd.write), (OddKind::ZeroWidth, 2, None));
        let odd = odd_character("near\u{a0}self").expect("blank");
        assert_eq!((odd.kind, odd.write), (OddKind::WideBlank, Some(' ')));
        assert_eq!(odd_character("\u{feff}near").map(|odd| odd.kind), Some(OddKind::ZeroWidth));
        assert_eq!(odd_character("a\u{0}b").map(|odd| odd.kind), Some(OddKind::Control));
        assert_eq!(odd_character("ｎear").and_then(|odd| odd.write), Some('n'));
        assert_eq!(odd_character("платежи"), None, "a name in its own script is a name");
        assert_eq!(odd_character("near"), None);
    }

    #[test]
    fn look_alikes_are_listed_once_and_stand_for_ascii() {
        for (index, (odd, plain)) in LOOK_ALIKES.iter().enumerate() {
            assert!(!odd.is_ascii() && plain.is_ascii(), "{odd}");
            assert!(
                !LOOK_ALIKES.iter().skip(index + 1).any(|(other, _)| other == odd),
                "{odd} twice"
            );
        }
    }
}
