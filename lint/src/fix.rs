//! From the fix of a finding to edits of the text.

use crate::index::Index;
use crate::render::place::{Place, Placed};

/// A replacement in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextEdit<'a> {
    /// What is replaced.
    pub place: Place,
    /// By what.
    pub new: &'a str,
}

/// The fix of a finding as edits of the text; `None` if it has none, or one that cannot be said so:
/// what is written at a place is not, letter for letter, what is to be replaced.
#[must_use]
pub fn in_text<'a>(index: &Index, placed: &'a Placed) -> Option<Vec<TextEdit<'a>>> {
    let fix = placed.finding.fix.as_ref()?;
    let edits = fix.edits.iter().zip(&placed.edits).map(|(edit, place)| {
        let file = index.files.get(place.file)?;
        let plain = !edit.new.contains(|c: char| c.is_control() || "\"'\\".contains(c));
        let exact = file.source.slice(place.span) == edit.old;
        (exact && plain).then_some(TextEdit { place: *place, new: &edit.new })
    });
    let edits: Option<Vec<TextEdit<'a>>> = edits.collect();
    edits.filter(|edits| !edits.is_empty() && edits.len() == fix.edits.len())
}
