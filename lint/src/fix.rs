//! Fixes: from the edits of a finding to edits of the text, and from these to new texts that were
//! judged again. Comments and layout stay.

mod apply;
mod moved;
mod text;
mod touched;

pub use apply::{Fixed, Fixer, fixed, mended};
pub use text::{TextEdit, in_text};
