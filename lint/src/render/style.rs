//! Colours, and text that cannot touch the terminal.

use placecard_findings::Severity;

use crate::plan::Look;

/// What a piece of text is, so that it can be coloured. Nothing is said by colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Severity and code.
    Severity(Severity),
    /// `help:`, `holds:`, …
    Word,
    /// Lines that come.
    Added,
    /// Lines that go.
    Removed,
    /// All is well.
    Good,
}

/// `text` in the colour of `paint`, if there are colours.
#[must_use]
pub fn paint(look: Look, paint: Paint, text: &str) -> String {
    if !look.colour {
        return text.to_owned();
    }
    let code = match paint {
        Paint::Severity(Severity::Error) => "1;31",
        Paint::Severity(Severity::Warning) => "1;33",
        Paint::Severity(Severity::Note) => "1;36",
        Paint::Word => "36",
        Paint::Added | Paint::Good => "32",
        Paint::Removed => "31",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// `text` with a visible sign for every character that acts on the terminal, or that is there
/// without being seen; `ascii`: that sign is `?`.
#[must_use]
pub fn plain(text: &str, ascii: bool) -> String {
    text.chars().map(|character| plain_character(character, ascii)).collect()
}

/// One character of [`plain`].
#[must_use]
pub fn plain_character(character: char, ascii: bool) -> char {
    let hidden = character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}');
    match (hidden, ascii) {
        (false, _) => character,
        (true, false) => '\u{fffd}',
        (true, true) => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_unseen() {
        for (text, shown) in [
            ("near self", "near self"),
            ("a\u{1b}[31mb", "a\u{fffd}[31mb"),
            ("a\nb\tc", "a\u{fffd}b\u{fffd}c"),
            ("\u{202e}evil", "\u{fffd}evil"),
            ("se\u{200b}lf", "se\u{fffd}lf"),
            ("größe", "größe"),
        ] {
            assert_eq!(plain(text, false), shown);
        }
        assert_eq!(plain("a\u{7}", true), "a?");
    }

    #[test]
    fn without_colour_text_is_bare() {
        let bare = Look { colour: false, ascii: false };
        assert_eq!(paint(bare, Paint::Good, "ok"), "ok");
        let coloured = Look { colour: true, ascii: false };
        assert_eq!(paint(coloured, Paint::Good, "ok"), "\u{1b}[32mok\u{1b}[0m");
    }
}
