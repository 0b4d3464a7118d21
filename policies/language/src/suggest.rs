//! "Did you mean": the nearest known word, and letters that are not what they look like.

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
